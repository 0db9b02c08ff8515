//! The fast way for a whole log whose keys are integers in a dense range (1 … number of customers, for example).
//!
//! The key itself tells where a customer is, so no dictionary is needed. Rows are packed to 16 bytes – key and period in one word, and the
//! amount – and spread over partitions of neighbouring keys, each small enough for the second-level cache ([`Partitions`]). There a counting
//! sort brings the rows of a customer together; a customer has few rows, which are sorted by period and added up. Partitions come out in the order
//! of keys, so nothing is sorted in the end. Memory traffic: the log is read three times, the packed rows are written once and read twice.
//!
//! What is written per customer is the same as in the general way ([`SummaryBuilder`](super::SummaryBuilder)), bit for bit: sums are exact in both.

use super::emit::{Columns, Frame, Interval, LogKind, Unattributed};
use super::exact::{ExactSum, Spill, round_sum};
use super::horizon::{Horizon, Tally};
use super::keys::{Key, KeysRef};
use super::log::{BLOCK, Log, Reader, RowKind};
use super::options::SummaryOptions;
use super::partition::Partitions;
use crate::control::Control;
use crate::error::Result;

/// Rows in a partition, on average: 128 kB of packed rows and as much again to sort them.
const PARTITION_ROWS: usize = 1 << 13;

/// How keys and periods share a word, and keys are cut into partitions.
struct Layout {
    first_key: i64,
    first_code: i64,
    code_bits: u32,
    /// Keys per partition, as a power of two.
    key_shift: u32,
    parts: usize,
}

/// A row: key and period, amount.
type Packed = [u64; 2];

impl Layout {
    /// The lowest key and how many keys there may be; `None` when they are too thinly spread.
    fn range(keys: &[i64]) -> Option<(i64, u64)> {
        let (low, high) = keys.iter().fold((i64::MAX, i64::MIN), |(l, h), &k| (l.min(k), h.max(k)));
        let range = high.checked_sub(low)?.checked_add(1)? as u64;
        // Beyond four times as many possible keys as rows, the counters cost more than a dictionary.
        (range <= 4 * keys.len() as u64 + 1024).then_some((low, range))
    }

    /// The layout for keys in that range and periods in that span; `None` when they do not fit into a word.
    fn of(keys: &[i64], span: (i64, i64)) -> Option<Layout> {
        let (low, range) = Layout::range(keys)?;
        let code_bits = 64 - (span.1.checked_sub(span.0)? as u64).leading_zeros();
        let key_bits = 64 - (range - 1).leading_zeros();
        if code_bits + key_bits > 63 {
            return None;
        }
        let wanted = (keys.len() / PARTITION_ROWS).max(1) as u64;
        let key_shift = range.div_ceil(wanted).next_power_of_two().trailing_zeros();
        let parts = range.div_ceil(1 << key_shift) as usize;
        Some(Layout { first_key: low, first_code: span.0, code_bits, key_shift, parts })
    }

    #[inline(always)]
    fn code(&self, word: u64) -> i64 {
        self.first_code + (word & ((1 << self.code_bits) - 1)) as i64
    }
}

/// What a pass over a log found.
pub(super) struct Found {
    pub(super) frame: Frame,
    pub(super) tally: Tally,
    pub(super) columns: Vec<Columns>,
    pub(super) unattributed: Unattributed,
}

/// Columns for each of `uptos`, as the builder would give them; `None` when the log is not of this kind.
pub(super) fn columns(
    log: &Log<'_>,
    options: &SummaryOptions,
    horizon: &Horizon,
    uptos: &[usize],
    control: &Control<'_>,
) -> Result<Option<Found>> {
    let KeysRef::Int(keys) = log.keys else { return Ok(None) };
    if Layout::range(keys).is_none() {
        return Ok(None);
    }
    let reader = Reader::new(log, options)?;
    let tally = Tally::of(&reader, horizon, control)?;
    let frame = Frame::new(options, horizon, Some(LogKind::of(log)), &tally)?;
    let Some(layout) = tally.span.and_then(|span| Layout::of(keys, span)) else { return Ok(None) };

    let part = |row: usize| {
        let kept = matches!(reader.kind(reader.amount(row)), RowKind::Purchase | RowKind::Refund)
            && (tally.after_end == 0 || reader.code(row) <= frame.end);
        if kept {
            (keys[row].wrapping_sub(layout.first_key) as u64 >> layout.key_shift) as usize
        } else {
            layout.parts
        }
    };
    let record = |row: usize| -> Packed {
        let key = keys[row].wrapping_sub(layout.first_key) as u64;
        let code = reader.code(row).wrapping_sub(layout.first_code) as u64;
        [key << layout.code_bits | code, reader.amount(row).to_bits()]
    };
    let mut partitions: Partitions<Packed> = Partitions::default();
    partitions.fill(control, keys.len(), layout.parts, part, record)?;

    // A few partitions a task: enough to reuse the scratch space, few enough to share the work evenly.
    let tasks = layout.parts.min(64);
    let results = control.map(tasks, |task| {
        let mut worker = Worker::new(&layout, &frame, uptos);
        for p in layout.parts * task / tasks..layout.parts * (task + 1) / tasks {
            control.check()?;
            worker.run(p, partitions.part(p), control)?;
        }
        Ok((worker.out, worker.unattributed))
    })?;
    drop(partitions);

    let mut by_end: Vec<Vec<Columns>> = uptos.iter().map(|_| Vec::with_capacity(tasks)).collect();
    let mut unattributed = Unattributed::new(&frame);
    for (columns, more) in results {
        by_end.iter_mut().zip(columns).for_each(|(all, one)| all.push(one));
        unattributed.add(&more);
    }
    let columns = by_end.into_iter().map(|parts| Columns::concat(true, parts)).collect();
    Ok(Some(Found { frame, tally, columns, unattributed }))
}

/// Scratch space and results of one task.
struct Worker<'a> {
    layout: &'a Layout,
    frame: &'a Frame,
    uptos: &'a [usize],
    counts: Vec<u32>,
    sorted: Vec<Packed>,
    intervals: Vec<Interval>,
    /// Sum of the first period, then of each interval without it.
    sums: Vec<ExactSum>,
    spills: Vec<Spill>,
    spilt: bool,
    out: Vec<Columns>,
    unattributed: Unattributed,
}

impl<'a> Worker<'a> {
    fn new(layout: &'a Layout, frame: &'a Frame, uptos: &'a [usize]) -> Self {
        let intervals = frame.horizon.intervals();
        Worker {
            layout,
            frame,
            uptos,
            counts: vec![0; 1 << layout.key_shift],
            sorted: Vec::new(),
            intervals: vec![Interval::default(); intervals],
            sums: vec![ExactSum::default(); intervals + 1],
            spills: vec![Spill::default(); intervals + 1],
            spilt: false,
            out: vec![Columns::new(true); uptos.len()],
            unattributed: Unattributed::new(frame),
        }
    }

    /// One partition: counting sort by key, then customer by customer.
    fn run(&mut self, part: usize, rows: &[Packed], control: &Control<'_>) -> Result<()> {
        let Layout { code_bits, key_shift, .. } = *self.layout;
        let base = (part as u64) << key_shift;
        let place = |row: &Packed| ((row[0] >> code_bits) - base) as usize;
        self.counts.fill(0);
        rows.iter().for_each(|row| self.counts[place(row)] += 1);
        let mut start = 0;
        for count in &mut self.counts {
            start += std::mem::replace(count, start);
        }
        if self.sorted.len() < rows.len() {
            self.sorted = vec![[0; 2]; rows.len()];
        }
        for row in rows {
            let next = &mut self.counts[place(row)];
            self.sorted[*next as usize] = *row;
            *next += 1;
        }
        // Now counts[i] is where the rows of key i end.
        let mut sorted = std::mem::take(&mut self.sorted);
        let mut from = 0;
        let mut since_check = 0;
        for i in 0..self.counts.len() {
            let to = self.counts[i] as usize;
            if to > from {
                self.customer(self.layout.first_key + (base as i64 + i as i64), &mut sorted[from..to]);
                since_check += to - from;
                if since_check > BLOCK {
                    control.check()?;
                    since_check = 0;
                }
            }
            from = to;
        }
        self.sorted = sorted;
        Ok(())
    }

    /// One customer: sort by period, add up, write.
    #[inline]
    fn customer(&mut self, key: i64, rows: &mut [Packed]) {
        sort_by_word(rows);
        let rows = &*rows;
        let amount = |row: &Packed| f64::from_bits(row[1]);
        // Rows with a negative amount are here only when they are netted.
        let Some(bought) = rows.iter().position(|row| amount(row) >= 0.0) else {
            self.waits(rows, None);
            return;
        };
        let first = self.layout.code(rows[bought][0]);
        // A refund on the day of the first purchase may stand before it.
        let known = rows.partition_point(|row| self.layout.code(row[0]) < first);
        if known > 0 {
            self.waits(&rows[..known], Some(first));
        }
        self.intervals.fill(Interval::default());
        self.sums.fill(ExactSum::default());
        let mut last = None;
        for row in &rows[known..] {
            let (code, amount) = (self.layout.code(row[0]), amount(row));
            let interval = self.frame.horizon.interval(code).unwrap_or(0);
            if amount >= 0.0 && last != Some(code) {
                last = Some(code);
                self.intervals[interval].count += 1;
                self.intervals[interval].last = code;
            }
            let sum = if code == first { 0 } else { interval + 1 };
            let rest = self.sums[sum].add(amount);
            if rest != 0.0 {
                self.spills[sum].add(rest);
                self.spilt = true;
            }
        }
        for (out, &upto) in self.out.iter_mut().zip(self.uptos) {
            let spent = |from: usize, to: usize, with_first: bool| {
                let first = usize::from(!(with_first && from == 0));
                let sums = [&self.sums[..1 - first], &self.sums[from + 1..to + 1]];
                if let ([], [one], false) = (sums[0], sums[1], self.spilt) {
                    return one.round();
                }
                let spills = [&self.spills[..1 - first], &self.spills[from + 1..to + 1]];
                let terms = sums.into_iter().flatten().flat_map(|s| [s.hi, s.lo]);
                round_sum(terms.chain(spills.into_iter().flatten().flat_map(|s| s.0.iter().copied())))
            };
            self.frame.write(out, upto, Key::Int(key), first, &self.intervals, spent);
        }
        if self.spilt {
            self.spills.iter_mut().for_each(|spill| spill.0.clear());
            self.spilt = false;
        }
    }

    /// Refunds before the first purchase.
    #[cold]
    fn waits(&mut self, rows: &[Packed], first: Option<i64>) {
        for (i, row) in rows.iter().enumerate() {
            self.unattributed.count(self.frame, self.layout.code(row[0]), 1, (i == 0).then_some(first));
        }
    }
}

/// Sorts the rows of one customer. Most customers have a handful, where insertion is fastest.
#[inline(always)]
fn sort_by_word(rows: &mut [Packed]) {
    if rows.len() > 32 {
        rows.sort_unstable_by_key(|row| row[0]);
        return;
    }
    for i in 1..rows.len() {
        let row = rows[i];
        let mut j = i;
        while j > 0 && rows[j - 1][0] > row[0] {
            rows[j] = rows[j - 1];
            j -= 1;
        }
        rows[j] = row;
    }
}
