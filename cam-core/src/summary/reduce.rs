//! From the rows of a partition to rows of the result: bring the rows of each customer together, sort by period, add up, write.
//!
//! A partition fits into the cache, so a counting sort over its customers is cheap; a customer has few rows, which an insertion sort puts in order.

use super::emit::{Columns, Frame, Interval, Unattributed};
use super::exact::{ExactSum, Spill, round_sum};
use super::keys::Key;
use super::log::BLOCK;
use crate::control::Control;
use crate::error::Result;

/// A row: a word that ends with the bits of the period (and sorts by it), and the bits of the amount.
pub(super) type Packed = [u64; 2];

/// How the period is kept in a word.
#[derive(Debug, Clone, Copy)]
pub(super) struct CodeBits {
    pub(super) first: i64,
    pub(super) mask: u64,
}

impl CodeBits {
    #[inline(always)]
    pub(super) fn code(&self, word: u64) -> i64 {
        self.first.wrapping_add((word & self.mask) as i64)
    }
}

impl CodeBits {
    /// Words that hold nothing but the period.
    pub(super) const ALL: CodeBits = CodeBits { first: i64::MIN, mask: u64::MAX };

    /// The word of a period, where a word holds nothing else.
    #[inline(always)]
    pub(super) fn word(&self, code: i64) -> u64 {
        code.wrapping_sub(self.first) as u64
    }
}

/// Brings the rows of each customer of a partition together.
#[derive(Default)]
pub(super) struct Grouping {
    counts: Vec<u32>,
    sorted: Vec<Packed>,
}

impl Grouping {
    /// Calls `each` with every customer that has rows, in the order of their numbers, and the rows sorted by word. `customer(row)` and `packed(row)` read a row.
    #[inline(always)]
    pub(super) fn run(
        &mut self,
        rows: usize,
        customers: usize,
        customer: impl Fn(usize) -> usize,
        packed: impl Fn(usize) -> Packed,
        control: &Control<'_>,
        mut each: impl FnMut(usize, &[Packed]),
    ) -> Result<()> {
        self.counts.clear();
        self.counts.resize(customers, 0);
        (0..rows).for_each(|row| self.counts[customer(row)] += 1);
        control.check()?;
        let mut start = 0;
        for count in &mut self.counts {
            start += std::mem::replace(count, start);
        }
        if self.sorted.len() < rows {
            self.sorted = vec![[0; 2]; rows];
        }
        for row in 0..rows {
            let next = &mut self.counts[customer(row)];
            self.sorted[*next as usize] = packed(row);
            *next += 1;
        }
        control.check()?;
        // Now counts[c] is where the rows of customer c end.
        let (mut from, mut unchecked) = (0, 0);
        for (c, &end) in self.counts.iter().enumerate() {
            let to = end as usize;
            if to > from {
                let rows = &mut self.sorted[from..to];
                sort_by_word(rows);
                each(c, rows);
                unchecked += to - from;
                if unchecked > BLOCK {
                    control.check()?;
                    unchecked = 0;
                }
            }
            from = to;
        }
        Ok(())
    }
}

/// Scratch space and results of one task.
pub(super) struct Worker<'a> {
    bits: CodeBits,
    frame: &'a Frame,
    uptos: &'a [usize],
    intervals: Vec<Interval>,
    /// Sum of the first period, then of each interval without it.
    sums: Vec<ExactSum>,
    spills: Vec<Spill>,
    spilt: bool,
    pub(super) out: Vec<Columns>,
    pub(super) unattributed: Unattributed,
}

impl<'a> Worker<'a> {
    pub(super) fn new(bits: CodeBits, frame: &'a Frame, uptos: &'a [usize]) -> Self {
        let intervals = frame.horizon.intervals();
        Worker {
            bits,
            frame,
            uptos,
            intervals: vec![Interval::default(); intervals],
            sums: vec![ExactSum::default(); intervals + 1],
            spills: vec![Spill::default(); intervals + 1],
            spilt: false,
            out: vec![Columns::new(frame.int_keys); uptos.len()],
            unattributed: Unattributed::new(frame),
        }
    }

    /// Writes one customer, whose rows are sorted by period.
    #[inline]
    pub(super) fn customer(&mut self, key: Key<'_>, rows: &[Packed]) {
        let amount = |row: &Packed| f64::from_bits(row[1]);
        // Rows with a negative amount are here only when they are netted.
        let Some(bought) = rows.iter().position(|row| amount(row) >= 0.0) else {
            self.waits(rows, None);
            return;
        };
        let first = self.bits.code(rows[bought][0]);
        // A refund on the day of the first purchase may stand before it.
        let known = rows.partition_point(|row| self.bits.code(row[0]) < first);
        if known > 0 {
            self.waits(&rows[..known], Some(first));
        }
        self.intervals.fill(Interval::default());
        self.sums.fill(ExactSum::default());
        let (mut last, mut logs) = (None, 0.0);
        for row in &rows[known..] {
            let (code, amount) = (self.bits.code(row[0]), amount(row));
            let interval = self.frame.horizon.interval(code).unwrap_or(0);
            if amount >= 0.0 && last != Some(code) {
                logs += self.frame.log_interval(last, code);
                last = Some(code);
                let counted = &mut self.intervals[interval];
                *counted = Interval { count: counted.count + 1, last: code, logs };
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
            self.frame.write(out, upto, key, first, &self.intervals, spent);
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
            self.unattributed.count(self.frame, self.bits.code(row[0]), 1, (i == 0).then_some(first));
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
