//! Builders as bytes: partial summaries to be kept, sent and merged elsewhere.
//!
//! Layout, all numbers little-endian: the magic `cam.part`, a version (`u32`), length (`u64`) and checksum (`u64`) of the body; then the body: options, calibration
//! ends, account of the rows, and the customers one after the other. Reading trusts nothing: a file that is cut off, changed, of a later version or
//! made up gives an [`ErrorKind::InvalidDocument`], never a panic and never a wrong sum.

use super::builder::{SHARDS, SummaryBuilder};
use super::emit::LogKind;
use super::exact::{ExactSum, Spill};
use super::horizon::{Horizon, Kinds, Tally};
use super::keys::{Key, hash};
use super::options::{Refunds, SummaryOptions};
use super::periods::Periods;
use super::shard::{Pending, Shard};
use super::sparse::part_of;
use super::time::{Moment, Period, TimeResolution};
use crate::error::{Error, ErrorKind, Result};
use crate::unit::Unit;

const MAGIC: &[u8; 8] = b"cam.part";
const VERSION: u32 = 1;
const HEAD: usize = 28;

fn invalid(what: &str) -> Error {
    Error::new(ErrorKind::InvalidDocument, format!("not a readable partial summary: {what}"))
}

impl SummaryBuilder {
    /// This builder as bytes, the same on every machine, for [`from_bytes`](SummaryBuilder::from_bytes).
    ///
    /// # Errors
    /// [`ErrorKind::Interrupted`] for a builder whose push was interrupted.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        self.check_whole()?;
        let mut body = Writer(Vec::with_capacity(self.memory_bytes() / 2));
        body.options(&self.options);
        body.horizon(&self.horizon);
        body.u8(self.kind.map_or(0, |k| {
            1 | u8::from(k.int_keys) << 1 | u8::from(k.amounts) << 2 | u8::from(k.numbers) << 3
        }));
        body.tally(&self.tally);
        body.u64(self.shards.len() as u64);
        self.shards.iter().for_each(|shard| body.shard(shard));
        let mut bytes = Vec::with_capacity(HEAD + body.0.len());
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&(body.0.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&checksum(&body.0).to_le_bytes());
        bytes.extend_from_slice(&body.0);
        Ok(bytes)
    }

    /// A builder from its bytes.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidDocument`] when they are not what [`to_bytes`](SummaryBuilder::to_bytes) gave.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut head = Input(bytes);
        if head.take(8)? != MAGIC {
            return Err(invalid("it does not begin with \"cam.part\""));
        }
        let version = head.u32()?;
        if version != VERSION {
            return Err(invalid(&format!("version {version}, this is version {VERSION}")));
        }
        let (length, sum) = (head.u64()?, head.u64()?);
        if length != head.0.len() as u64 {
            return Err(invalid(&format!("{length} bytes announced, {} found", head.0.len())));
        }
        if checksum(head.0) != sum {
            return Err(invalid("the checksum differs"));
        }
        let mut body = head;
        let options = body.options()?;
        let horizon = body.horizon(&options)?;
        let kind = match body.u8()? {
            0 => None,
            k if k & 1 == 1 && k < 16 => {
                Some(LogKind { int_keys: k & 2 > 0, amounts: k & 4 > 0, numbers: k & 8 > 0 })
            }
            _ => return Err(invalid("unknown kind of columns")),
        };
        let tally = body.tally(&horizon, &options)?;
        let mut builder = SummaryBuilder::with_horizon(options, horizon);
        builder.tally = tally;
        if let Some(kind) = kind {
            builder.adopt(kind);
        }
        if body.u64()? != builder.shards.len() as u64 {
            return Err(invalid("wrong number of shards"));
        }
        for number in 0..builder.shards.len() {
            body.shard(&mut builder, number, kind.is_some_and(|k| k.int_keys))?;
        }
        if !body.0.is_empty() {
            return Err(invalid("bytes left over"));
        }
        builder.check_counts()?;
        Ok(builder)
    }

    /// No more purchases than rows.
    fn check_counts(&self) -> Result<()> {
        let mut purchases = vec![0_u64; self.horizon.intervals()];
        for code in self.shards.iter().flat_map(|s| &s.periods).flat_map(|p| p.iter()) {
            purchases[self.horizon.interval(code).ok_or_else(|| invalid("a purchase after the end"))?] += 1;
        }
        if purchases.iter().zip(&self.tally.intervals).any(|(count, kinds)| *count > kinds.purchases) {
            return Err(invalid("more purchases than rows"));
        }
        Ok(())
    }
}

/// Tells accidents, not malice: a 64-bit multiply-and-rotate over 8 bytes at a time.
fn checksum(body: &[u8]) -> u64 {
    let mut sum = body.len() as u64 ^ 0x243f_6a88_85a3_08d3;
    for chunk in body.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        sum = (sum ^ u64::from_le_bytes(word)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    }
    sum
}

struct Writer(Vec<u8>);

impl Writer {
    fn u8(&mut self, v: u8) {
        self.0.push(v);
    }
    fn u32(&mut self, v: u32) {
        self.0.extend_from_slice(&v.to_le_bytes());
    }
    fn u64(&mut self, v: u64) {
        self.0.extend_from_slice(&v.to_le_bytes());
    }
    fn i64(&mut self, v: i64) {
        self.u64(v as u64);
    }
    fn f64(&mut self, v: f64) {
        self.u64(v.to_bits());
    }
    fn bytes(&mut self, v: &[u8]) {
        self.u64(v.len() as u64);
        self.0.extend_from_slice(v);
    }
    fn numbers(&mut self, v: &[f64]) {
        self.u64(v.len() as u64);
        v.iter().for_each(|&x| self.f64(x));
    }

    fn options(&mut self, o: &SummaryOptions) {
        self.f64(o.unit.days());
        self.f64(o.numbers_in.days());
        let (tag, days) = match o.period {
            Period::Instant => (0, 0.0),
            Period::Days(n) => (1, n),
            Period::Month => (2, 0.0),
            Period::Year => (3, 0.0),
        };
        self.u8(tag);
        self.f64(days);
        match o.observation_end {
            None => self.u8(0),
            Some(Moment::Day(day)) => {
                self.u8(1);
                self.i64(i64::from(day));
            }
            Some(Moment::Number(x)) => {
                self.u8(2);
                self.f64(x);
            }
            Some(Moment::Timestamp(tick, resolution)) => {
                self.u8(3 + RESOLUTIONS.iter().position(|&r| r == resolution).unwrap_or(0) as u8);
                self.i64(tick);
            }
        }
        self.u8(u8::from(o.include_first_transaction));
        self.u8(REFUNDS.iter().position(|&r| r == o.refunds).unwrap_or(0) as u8);
        // What a builder knows does not depend on the second and the third flag; they were added later.
        self.u8(u8::from(o.drop_zero_amounts)
            | u8::from(o.log_intervals) << 1
            | u8::from(o.opportunities) << 2);
    }

    fn horizon(&mut self, h: &Horizon) {
        self.u64(h.order.len() as u64);
        h.order.iter().for_each(|&place| self.i64(h.cuts[place]));
    }

    fn tally(&mut self, t: &Tally) {
        for k in &t.intervals {
            [k.purchases, k.refunds, k.refunds_dropped, k.zero_dropped].into_iter().for_each(|n| self.u64(n));
        }
        self.u64(t.after_end);
        self.u8(u8::from(t.span.is_some()));
        let (first, last) = t.span.unwrap_or_default();
        self.i64(first);
        self.i64(last);
    }

    fn shard(&mut self, shard: &Shard) {
        self.u64(shard.len() as u64);
        for customer in 0..shard.len() {
            match shard.keys.get(customer) {
                Key::Int(key) => self.i64(key),
                Key::Text(key) => self.bytes(key),
            }
            match shard.periods[customer].parts() {
                None => self.u8(0),
                Some((first, steps)) => {
                    self.u8(1);
                    self.i64(first);
                    self.bytes(steps);
                }
            }
            for sum in &shard.sums[customer * shard.stride..(customer + 1) * shard.stride] {
                self.f64(sum.hi);
                self.f64(sum.lo);
            }
        }
        self.u64(shard.spills.len() as u64);
        for (&place, spill) in &shard.spills {
            self.u64(place as u64);
            self.numbers(&spill.0);
        }
        self.u64(shard.pending.len() as u64);
        for (&(customer, code), pending) in &shard.pending {
            self.u32(customer);
            self.i64(code);
            self.u64(pending.rows);
            self.numbers(&pending.sum.0);
        }
    }
}

const RESOLUTIONS: [TimeResolution; 4] =
    [TimeResolution::Second, TimeResolution::Milli, TimeResolution::Micro, TimeResolution::Nano];
const REFUNDS: [Refunds; 3] = [Refunds::Net, Refunds::Drop, Refunds::Error];

/// Bytes yet to be read.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(n).ok_or_else(|| invalid("it is cut off"))?;
        self.0 = tail;
        Ok(head)
    }
    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        self.take(N)?.try_into().map_err(|_| invalid("it is cut off"))
    }
    fn u8(&mut self) -> Result<u8> {
        self.array::<1>().map(|[b]| b)
    }
    fn flag(&mut self) -> Result<bool> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(invalid(&format!("{other} is neither 0 nor 1"))),
        }
    }
    fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_le_bytes)
    }
    fn u64(&mut self) -> Result<u64> {
        self.array().map(u64::from_le_bytes)
    }
    fn i64(&mut self) -> Result<i64> {
        self.array().map(i64::from_le_bytes)
    }
    fn f64(&mut self) -> Result<f64> {
        self.array().map(f64::from_le_bytes)
    }
    fn finite(&mut self) -> Result<f64> {
        self.f64().and_then(|x| if x.is_finite() { Ok(x) } else { Err(invalid("a sum is not finite")) })
    }
    /// A count of things of at least `size` bytes each: no more than there are bytes for.
    fn count(&mut self, size: usize) -> Result<usize> {
        let n = self.u64()?;
        match usize::try_from(n) {
            Ok(n) if n <= self.0.len() / size => Ok(n),
            _ => Err(invalid("it is cut off")),
        }
    }
    fn bytes(&mut self) -> Result<&'a [u8]> {
        let n = self.count(1)?;
        self.take(n)
    }
    fn spill(&mut self) -> Result<Spill> {
        let mut spill = Spill::default();
        for _ in 0..self.count(8)? {
            spill.add(self.finite()?);
        }
        Ok(spill)
    }

    fn options(&mut self) -> Result<SummaryOptions> {
        let unit = |days| Unit::from_days(days).map_err(|_| invalid("a unit without length"));
        let (in_unit, numbers_in) = (unit(self.f64()?)?, unit(self.f64()?)?);
        let (tag, days) = (self.u8()?, self.f64()?);
        let period = match tag {
            0 => Period::Instant,
            1 => Period::Days(days),
            2 => Period::Month,
            3 => Period::Year,
            _ => return Err(invalid("an unknown period")),
        };
        let end = match self.u8()? {
            0 => None,
            1 => Some(Moment::Day(i32::try_from(self.i64()?).map_err(|_| invalid("a day out of range"))?)),
            2 => Some(Moment::Number(self.f64()?)),
            tag => {
                let resolution = RESOLUTIONS.get(usize::from(tag) - 3);
                let resolution = resolution.ok_or_else(|| invalid("an unknown kind of time"))?;
                Some(Moment::Timestamp(self.i64()?, *resolution))
            }
        };
        let first = self.flag()?;
        let refunds =
            *REFUNDS.get(usize::from(self.u8()?)).ok_or_else(|| invalid("an unknown rule for refunds"))?;
        let flags = self.u8()?;
        if flags > 7 {
            return Err(invalid("unknown flags"));
        }
        let options = SummaryOptions::new()
            .unit(in_unit)
            .numbers_in(numbers_in)
            .period(period)
            .observation_end(end)
            .include_first_transaction(first)
            .refunds(refunds)
            .drop_zero_amounts(flags & 1 > 0)
            .log_intervals(flags & 2 > 0)
            .opportunities(flags & 4 > 0);
        options.clock().map_err(|_| invalid("a period without length"))?;
        Ok(options)
    }

    fn horizon(&mut self, options: &SummaryOptions) -> Result<Horizon> {
        let n = self.count(8)?;
        let codes = (0..n).map(|_| self.i64()).collect::<Result<Vec<i64>>>()?;
        if !codes.iter().all(|&code| in_range(code, options)) {
            return Err(invalid("a calibration end out of range"));
        }
        Horizon::of_codes(options, codes).map_err(|e| invalid(&e.to_string()))
    }

    fn tally(&mut self, horizon: &Horizon, options: &SummaryOptions) -> Result<Tally> {
        let mut tally = Tally::new(horizon.intervals());
        for kinds in &mut tally.intervals {
            *kinds = Kinds {
                purchases: self.rows()?,
                refunds: self.rows()?,
                refunds_dropped: self.rows()?,
                zero_dropped: self.rows()?,
            };
        }
        tally.after_end = self.rows()?;
        let any = self.flag()?;
        let span = (self.i64()?, self.i64()?);
        if any {
            if span.0 > span.1 || !in_range(span.0, options) || !in_range(span.1, options) {
                return Err(invalid("periods out of range"));
            }
            tally.span = Some(span);
        }
        Ok(tally)
    }

    /// A number of rows; small enough that no sum of several overflows.
    fn rows(&mut self) -> Result<u64> {
        self.u64().and_then(|n| if n < 1 << 48 { Ok(n) } else { Err(invalid("too many rows")) })
    }

    fn shard(&mut self, builder: &mut SummaryBuilder, number: usize, int_keys: bool) -> Result<()> {
        let span = builder.tally.span.unwrap_or((1, 0));
        let within = |code: i64| span.0 <= code && code <= span.1;
        let shard = &mut builder.shards[number];
        let stride = shard.stride;
        let customers = self.count(9)?;
        for _ in 0..customers {
            let key = if int_keys { Key::Int(self.i64()?) } else { Key::Text(self.bytes()?) };
            if let Key::Text(text) = key
                && (text.is_empty() || std::str::from_utf8(text).is_err())
            {
                return Err(invalid("a key is not text"));
            }
            if part_of(hash(key), SHARDS) != number {
                return Err(invalid("a customer in the wrong place"));
            }
            let periods = if self.flag()? {
                let first = self.i64()?;
                let periods = Periods::from_parts(first, self.bytes()?.to_vec());
                let periods = periods
                    .filter(|p| within(first) && p.last().is_some_and(within))
                    .ok_or_else(|| invalid("broken periods"))?;
                Some(periods)
            } else {
                None
            };
            let mut sums = Vec::with_capacity(stride);
            for _ in 0..stride {
                sums.push(ExactSum { hi: self.finite()?, lo: self.finite()? });
            }
            if !shard.restore(key, periods, &sums) {
                return Err(invalid("a customer twice"));
            }
        }
        for _ in 0..self.count(16)? {
            let place = usize::try_from(self.u64()?).ok().filter(|&place| place < customers * stride);
            let place = place.ok_or_else(|| invalid("a sum of nobody"))?;
            let spill = self.spill()?;
            shard.spills.insert(place, spill);
        }
        for _ in 0..self.count(28)? {
            let (customer, code, rows) = (self.u32()?, self.i64()?, self.rows()?);
            if customer as usize >= customers || !within(code) || stride == 0 {
                return Err(invalid("a refund of nobody"));
            }
            let pending = Pending { rows, sum: self.spill()? };
            shard.pending.insert((customer, code), pending);
        }
        Ok(())
    }
}

/// Whether a code is one that a moment can have.
fn in_range(code: i64, options: &SummaryOptions) -> bool {
    options.period == Period::Instant || code.unsigned_abs() <= 9_100_000_000_000_000
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Control;
    use crate::summary::{Log, Times};

    /// Bytes with a body that was made up: everything outside of it is right.
    fn sealed(body: &[u8]) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&(body.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&checksum(body).to_le_bytes());
        bytes.extend_from_slice(body);
        bytes
    }

    #[test]
    fn a_body_that_was_made_up_is_refused_or_read_but_never_panics() {
        let log = Log::new(&["a", "b", "a", "c"][..], Times::Days(&[3, 4, 700, 1]))
            .amounts(&[1e290, 2.0, 1e-290, -1.0]);
        let mut builder =
            SummaryBuilder::with_calibration_ends(SummaryOptions::new(), &[Moment::Day(100)]).unwrap();
        builder.push(&log, &Control::new()).unwrap();
        let good = builder.to_bytes().unwrap()[HEAD..].to_vec();
        assert!(SummaryBuilder::from_bytes(&sealed(&good)).is_ok());
        let (mut refused, mut read) = (0, 0);
        let mut attempt = |body: &[u8]| match SummaryBuilder::from_bytes(&sealed(body)) {
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::InvalidDocument);
                refused += 1;
            }
            Ok(mut builder) => {
                read += 1;
                // Whatever it says now, it must say it in order.
                let _ = builder.finish(&Control::new());
                let _ = builder.finish_splits(&Control::new());
                let _ = builder.tracking(Unit::WEEK, &Control::new());
                let _ = builder.merge(&builder.clone());
                let _ = builder.push(&log, &Control::new());
                let _ = builder.finish(&Control::new());
            }
        };
        // Most of it are the zeros of empty shards; one in 50 of them will do.
        for place in (0..good.len()).filter(|&i| good[i] != 0 || i % 50 == 0) {
            for value in [0, 1, 2, 0x7f, 0x80, 0xff] {
                let mut body = good.clone();
                body[place] = value;
                attempt(&body);
            }
            attempt(&good[..place]);
        }
        assert!(refused > 1000, "{refused} refused, {read} read");
    }
}
