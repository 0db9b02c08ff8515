//! Summaries of logs that do not fit into memory: rows come in batches, state per customer stays small.

use super::columns::Summary;
use super::emit::{Columns, Frame, Interval, LogKind, Unattributed};
use super::find::{ByInteger, ByRow, ByShortText, Find, SHORT};
use super::horizon::{Horizon, Tally};
use super::keys::KeysRef;
use super::log::{Log, Reader};
use super::options::SummaryOptions;
use super::order;
use super::partition::Partitions;
use super::reduce::Grouping;
use super::shard::Shard;
use super::sparse::{Record, spread};
use super::split::Split;
use super::time::Moment;
use crate::control::{Control, Progress};
use crate::error::{Error, ErrorKind, Result};
use std::ops::Range;
use std::sync::Mutex;

/// Shards of customers, by hash. Fixed, so that builders from anywhere can be merged shard by shard.
pub(super) const SHARDS: usize = 512;

/// Neighbouring shards that one thread works on without asking for more.
const SHARDS_A_TASK: usize = 16;

/// Rows taken in at once: what bounds the memory beyond the state of the customers (24 to 32 bytes a row).
const BATCH: usize = 1 << 22;

/// A summary in the making, fed with batches of rows in any order.
///
/// It gives the same bits as [`summarize`](super::summarize) on the whole log, however the rows are cut into batches and the batches over
/// builders. State: for each customer the distinct purchase periods (a byte or two each) and exact sums of amounts.
///
/// ```
/// use cam_core::{Control, summary::{Log, SummaryBuilder, SummaryOptions, Times}};
/// let control = Control::new();
/// let mut builder = SummaryBuilder::new(SummaryOptions::new())?;
/// builder.push(&Log::new(&[1_i64, 2][..], Times::Days(&[5, 3])), &control)?;
/// builder.push(&Log::new(&[1_i64][..], Times::Days(&[0])), &control)?;
/// let summary = builder.finish(&control)?;
/// assert_eq!(summary.frequency(), [1.0, 0.0]);
/// # Ok::<(), cam_core::Error>(())
/// ```
///
/// A batch with a bad row is refused as a whole, and leaves the builder as it was. A push that was interrupted does not: the builder
/// then answers everything with an error.
#[derive(Debug, Clone)]
pub struct SummaryBuilder {
    pub(super) options: SummaryOptions,
    pub(super) horizon: Horizon,
    pub(super) kind: Option<LogKind>,
    pub(super) shards: Vec<Shard>,
    pub(super) tally: Tally,
    interrupted: bool,
}

impl SummaryBuilder {
    /// An empty builder.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidParameter`] when an option is out of its domain.
    pub fn new(options: SummaryOptions) -> Result<Self> {
        SummaryBuilder::with_calibration_ends(options, &[])
    }

    /// An empty builder for calibrations that end at these moments, for [`finish_splits`](SummaryBuilder::finish_splits).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidParameter`] when an option is out of its domain, or a calibration does not end before the observation;
    /// [`ErrorKind::Unsupported`] for [`SummaryOptions::spread`], which takes the whole log at once.
    pub fn with_calibration_ends(options: SummaryOptions, calibration_ends: &[Moment]) -> Result<Self> {
        if options.spread.is_some() {
            let message =
                "the spread of spend takes the whole log at once, and is not to be had from batches";
            return Err(Error::new(ErrorKind::Unsupported, message).with_field("spread"));
        }
        Ok(SummaryBuilder::with_horizon(options, Horizon::new(&options, calibration_ends)?))
    }

    pub(super) fn with_horizon(options: SummaryOptions, horizon: Horizon) -> Self {
        let tally = Tally::new(horizon.intervals());
        SummaryBuilder { options, horizon, kind: None, shards: Vec::new(), tally, interrupted: false }
    }

    /// Takes in a batch of rows.
    ///
    /// # Errors
    /// Those of [`summarize`](super::summarize), with the row counted within this batch; [`ErrorKind::InvalidShape`] when the batch has
    /// other kinds of columns than those before it.
    pub fn push(&mut self, log: &Log<'_>, control: &Control<'_>) -> Result<()> {
        self.check_whole()?;
        let reader = Reader::new(log, &self.options)?;
        let kind = LogKind::of(log);
        if log.rows() > 0 {
            self.agree(kind)?;
        }
        let tally = Tally::of(&reader, &self.horizon, control)?;
        if log.rows() == 0 {
            return Ok(());
        }
        self.adopt(kind);
        self.tally.add(&tally);
        self.interrupted = true;
        match log.keys {
            KeysRef::Int(keys) => self.take_all(&reader, |rows| ByInteger(&keys[rows]), control)?,
            keys if keys.longest() <= SHORT => {
                self.take_all(&reader, |rows| ByShortText(keys.slice(rows)), control)?;
            }
            keys => self.take_all(&reader, |rows| ByRow(keys.slice(rows)), control)?,
        }
        self.interrupted = false;
        Ok(())
    }

    /// Takes in all rows, a bounded number at a time.
    fn take_all<F: Find>(
        &mut self,
        reader: &Reader<'_>,
        find: impl Fn(Range<usize>) -> F,
        control: &Control<'_>,
    ) -> Result<()> {
        let rows = reader.log.rows();
        let mut partitions = Partitions::default();
        for from in (0..rows).step_by(BATCH) {
            let to = (from + BATCH).min(rows);
            self.take(find(from..to), &reader.slice(from..to), &mut partitions, control)?;
            control.report(Progress::new("summarize", to as u64, Some(rows as u64), to as f64));
        }
        Ok(())
    }

    fn take<F: Find>(
        &mut self,
        find: F,
        reader: &Reader<'_>,
        partitions: &mut Partitions<Record<F::Id>>,
        control: &Control<'_>,
    ) -> Result<()> {
        let horizon = &self.horizon;
        spread(find, reader, horizon.end, SHARDS, partitions, control)?;
        let shards: Vec<Mutex<&mut Shard>> = self.shards.iter_mut().map(Mutex::new).collect();
        let partitions = &*partitions;
        control.map(SHARDS / SHARDS_A_TASK, |task| {
            let mut grouping = Grouping::default();
            let (mut customers, mut codes) = (Vec::new(), Vec::new());
            let first = task * SHARDS_A_TASK;
            for (s, shard) in shards[first..first + SHARDS_A_TASK].iter().enumerate() {
                let rows = partitions.part(first + s);
                if rows.is_empty() {
                    continue;
                }
                let mut shard = shard.lock().unwrap_or_else(|p| p.into_inner());
                customers.clear();
                customers.extend(
                    rows.iter().map(|r| find.with_key(r.id, |key| shard.customer(find.tag(r.id), key))),
                );
                grouping.run(
                    rows.len(),
                    shard.len(),
                    |row| customers[row] as usize,
                    |row| rows[row].packed(),
                    control,
                    |customer, sorted| shard.take(customer as u32, sorted, horizon, &mut codes),
                )?;
            }
            Ok(())
        })?;
        Ok(())
    }

    /// Takes over everything another builder has seen: another part of the log, from another thread, file or machine.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidParameter`] when the options or calibration ends differ, [`ErrorKind::InvalidShape`] when the kinds of
    /// columns do.
    pub fn merge(&mut self, other: &SummaryBuilder) -> Result<()> {
        self.check_whole()?;
        other.check_whole()?;
        if self.options != other.options || self.horizon != other.horizon {
            return Err(Error::new(
                ErrorKind::InvalidParameter,
                "only builders with the same options and calibration ends can be merged",
            ));
        }
        let Some(kind) = other.kind else { return Ok(()) };
        self.agree(kind)?;
        self.adopt(kind);
        for (ours, theirs) in self.shards.iter_mut().zip(&other.shards) {
            ours.merge(theirs, &self.horizon);
        }
        self.tally.add(&other.tally);
        Ok(())
    }

    /// The number of customers seen.
    pub fn customers(&self) -> usize {
        self.shards.iter().map(Shard::len).sum()
    }

    /// The number of rows seen.
    pub fn rows(&self) -> u64 {
        self.tally.report(self.horizon.cuts.len()).rows
    }

    /// The number of calibration ends it was made for: of the splits that [`finish_splits`](SummaryBuilder::finish_splits) gives.
    pub fn calibrations(&self) -> usize {
        self.horizon.order.len()
    }

    /// Bytes of memory that the state of the customers takes.
    pub fn memory_bytes(&self) -> usize {
        self.shards.capacity() * size_of::<Shard>() + self.shards.iter().map(Shard::heap_bytes).sum::<usize>()
    }

    /// The summary of all rows seen. The builder stays as it is, and may be fed on.
    ///
    /// # Errors
    /// [`ErrorKind::NotEnoughData`] when no customer has a purchase.
    pub fn finish(&self, control: &Control<'_>) -> Result<Summary> {
        let frame = self.frame()?;
        let whole = self.horizon.cuts.len();
        let (columns, waiting) = self.columns(&frame, &[whole], control)?;
        frame.whole(&self.tally, columns, &waiting)
    }

    /// A split for each of the calibration ends, in the order they were given.
    ///
    /// # Errors
    /// [`ErrorKind::NotEnoughData`] when no customer has a purchase, [`ErrorKind::InvalidParameter`] when a calibration does not end
    /// before the last period.
    pub fn finish_splits(&self, control: &Control<'_>) -> Result<Vec<Split>> {
        let frame = self.frame()?;
        let (columns, waiting) = self.columns(&frame, &self.horizon.order, control)?;
        frame.splits(&self.tally, columns, &waiting)
    }

    /// What is needed to write results.
    pub(super) fn frame(&self) -> Result<Frame> {
        self.check_whole()?;
        Frame::new(&self.options, &self.horizon, self.kind, &self.tally)
    }

    /// Columns for each calibration that ends with one of these intervals, and the refunds that belong to no purchase.
    fn columns(
        &self,
        frame: &Frame,
        uptos: &[usize],
        control: &Control<'_>,
    ) -> Result<(Vec<Columns>, Unattributed)> {
        let shards = self.shards.iter().zip(0_u32..);
        let customers: Vec<(u32, u32)> =
            shards.flat_map(|(shard, s)| (0..shard.len() as u32).map(move |c| (s, c))).collect();
        let key = |i: usize| {
            let (s, c) = customers[i];
            self.shards[s as usize].keys.get(c as usize)
        };
        let order = order::sort(customers.len(), key, control)?;
        let parts = control.map(order.len(), |i| {
            let mut out = vec![Columns::new(frame.int_keys); uptos.len()];
            let mut intervals = vec![Interval::default(); self.horizon.intervals()];
            for &number in &order[i] {
                let (s, c) = customers[number as usize];
                let shard = &self.shards[s as usize];
                let periods = &shard.periods[c as usize];
                let Some(first) = periods.first() else { continue };
                intervals.fill(Interval::default());
                let (mut last, mut logs) = (None, 0.0);
                for code in periods.iter() {
                    let place = self.horizon.interval(code).unwrap_or(self.horizon.cuts.len());
                    logs += frame.log_interval(last, code);
                    last = Some(code);
                    intervals[place] = Interval { count: intervals[place].count + 1, last: code, logs };
                }
                let key = shard.keys.get(c as usize);
                let spent = |from, to, with_first| shard.spent(c, from, to, with_first);
                for (out, &upto) in out.iter_mut().zip(uptos) {
                    frame.write(out, upto, key, first, &intervals, spent);
                }
            }
            Ok(out)
        })?;
        let mut by_end: Vec<Vec<Columns>> = uptos.iter().map(|_| Vec::with_capacity(parts.len())).collect();
        for part in parts {
            by_end.iter_mut().zip(part).for_each(|(all, one)| all.push(one));
        }
        let columns = by_end.into_iter().map(|parts| Columns::concat(frame.int_keys, parts)).collect();
        Ok((columns, unattributed(&self.shards, frame)))
    }

    pub(super) fn check_whole(&self) -> Result<()> {
        if self.interrupted {
            return Err(Error::new(
                ErrorKind::Interrupted,
                "this builder was interrupted in the middle of a batch and cannot be used any more",
            ));
        }
        Ok(())
    }

    fn agree(&self, kind: LogKind) -> Result<()> {
        let Some(known) = self.kind else { return Ok(()) };
        let differs = if known.int_keys != kind.int_keys {
            "keys are integers in one batch and text in another"
        } else if known.amounts != kind.amounts {
            "one batch has amounts and another has none"
        } else if known.numbers != kind.numbers && !self.options.clock()?.mixes() {
            "times are numbers in one batch and dates in another"
        } else {
            return Ok(());
        };
        Err(Error::shape(differs))
    }

    pub(super) fn adopt(&mut self, kind: LogKind) {
        if self.kind.is_none() {
            self.kind = Some(kind);
            let stride = kind.stride(self.horizon.intervals());
            self.shards = (0..SHARDS).map(|_| Shard::new(kind.int_keys, stride)).collect();
        }
    }
}

/// The refunds that wait in vain.
fn unattributed(shards: &[Shard], frame: &Frame) -> Unattributed {
    let mut waiting = Unattributed::new(frame);
    for shard in shards {
        let mut previous = None;
        for (&(customer, code), pending) in &shard.pending {
            // Entries are in order, so the first of a customer is the earliest.
            let first = (previous != Some(customer)).then(|| shard.periods[customer as usize].first());
            waiting.count(frame, code, pending.rows, first);
            previous = Some(customer);
        }
    }
    waiting
}
