//! From what is known of a customer to rows of the result.

use super::columns::Summary;
use super::horizon::{Horizon, Tally};
use super::keys::{Key, Keys};
use super::log::Log;
use super::options::SummaryOptions;
use super::order;
use super::split::Split;
use super::time::{Clock, Times};
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};

/// All that must be known to write results.
#[derive(Clone)]
pub(super) struct Frame {
    pub(super) options: SummaryOptions,
    pub(super) clock: Clock,
    pub(super) horizon: Horizon,
    /// Code of the last observed period.
    pub(super) end: i64,
    /// Whether times are plain numbers.
    pub(super) numbers: bool,
    pub(super) int_keys: bool,
    pub(super) amounts: bool,
}

/// What happened in one interval between calibration ends.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Interval {
    /// Distinct purchase periods.
    pub(super) count: u64,
    /// The last of them, where there is one.
    pub(super) last: i64,
    /// Σ ln of the time between purchases up to that one, of earlier intervals, too; only where it is asked for.
    pub(super) logs: f64,
}

/// Columns in the making, for one calibration or for the whole log.
#[derive(Debug, Clone)]
pub(super) struct Columns {
    pub(super) keys: Keys,
    pub(super) frequency: Vec<f64>,
    pub(super) recency: Vec<f64>,
    pub(super) age: Vec<f64>,
    pub(super) log_intervals: Vec<f64>,
    pub(super) monetary_value: Vec<f64>,
    pub(super) holdout_frequency: Vec<f64>,
    pub(super) holdout_monetary_value: Vec<f64>,
    /// Distinct purchases of all customers, the first included.
    pub(super) purchases: u64,
    pub(super) negative_repeat_spend: u64,
}

impl Columns {
    pub(super) fn new(int_keys: bool) -> Self {
        Columns {
            keys: Keys::empty(int_keys),
            frequency: Vec::new(),
            recency: Vec::new(),
            age: Vec::new(),
            log_intervals: Vec::new(),
            monetary_value: Vec::new(),
            holdout_frequency: Vec::new(),
            holdout_monetary_value: Vec::new(),
            purchases: 0,
            negative_repeat_spend: 0,
        }
    }

    /// The same rows, sorted by key.
    pub(super) fn sorted(self, control: &Control<'_>) -> Result<Columns> {
        let keys = &self.keys;
        let order = order::sort(keys.len(), |row| keys.get(row), control)?;
        let parts = control.map(order.len(), |i| {
            let pick = |from: &[f64]| -> Vec<f64> {
                if from.is_empty() {
                    Vec::new()
                } else {
                    order[i].iter().map(|&row| from[row as usize]).collect()
                }
            };
            let mut sorted = Columns {
                keys: Keys::empty(matches!(keys, Keys::Int(_))),
                frequency: pick(&self.frequency),
                recency: pick(&self.recency),
                age: pick(&self.age),
                log_intervals: pick(&self.log_intervals),
                monetary_value: pick(&self.monetary_value),
                holdout_frequency: pick(&self.holdout_frequency),
                holdout_monetary_value: pick(&self.holdout_monetary_value),
                purchases: 0,
                negative_repeat_spend: 0,
            };
            order[i].iter().for_each(|&row| sorted.keys.push(keys.get(row as usize)));
            Ok(sorted)
        })?;
        let sorted = Columns::concat(matches!(keys, Keys::Int(_)), parts);
        Ok(Columns { purchases: self.purchases, negative_repeat_spend: self.negative_repeat_spend, ..sorted })
    }

    /// Columns one after the other.
    pub(super) fn concat(int_keys: bool, parts: Vec<Columns>) -> Columns {
        let mut all = Columns::new(int_keys);
        let rows = parts.iter().map(|p| p.frequency.len()).sum();
        for column in [&mut all.frequency, &mut all.recency, &mut all.age] {
            column.reserve_exact(rows);
        }
        for mut part in parts {
            all.keys.append(&part.keys);
            all.frequency.append(&mut part.frequency);
            all.recency.append(&mut part.recency);
            all.age.append(&mut part.age);
            all.log_intervals.append(&mut part.log_intervals);
            all.monetary_value.append(&mut part.monetary_value);
            all.holdout_frequency.append(&mut part.holdout_frequency);
            all.holdout_monetary_value.append(&mut part.holdout_monetary_value);
            all.purchases += part.purchases;
            all.negative_repeat_spend += part.negative_repeat_spend;
        }
        all
    }
}

/// What kind of columns a log has; all batches must agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LogKind {
    pub(super) int_keys: bool,
    pub(super) amounts: bool,
    pub(super) numbers: bool,
}

impl LogKind {
    pub(super) fn of(log: &Log<'_>) -> Self {
        LogKind {
            int_keys: log.keys.is_int(),
            amounts: log.amounts.is_some(),
            numbers: matches!(log.times, Times::Numbers(_)),
        }
    }

    /// Sums kept per customer.
    pub(super) fn stride(self, intervals: usize) -> usize {
        if self.amounts { intervals + 1 } else { 0 }
    }
}

impl Frame {
    pub(super) fn new(
        options: &SummaryOptions,
        horizon: &Horizon,
        kind: Option<LogKind>,
        tally: &Tally,
    ) -> Result<Frame> {
        let (Some(kind), Some(span)) = (kind, tally.span) else {
            return Err(Error::new(ErrorKind::NotEnoughData, "the log has no rows"));
        };
        let end = horizon.end.unwrap_or(span.1);
        let clock = options.clock()?;
        horizon.check(end, |code| clock.shown(code, kind.numbers))?;
        Ok(Frame {
            options: *options,
            clock,
            horizon: horizon.clone(),
            end,
            numbers: kind.numbers,
            int_keys: kind.int_keys,
            amounts: kind.amounts,
        })
    }

    /// Time units from one period to another.
    #[inline(always)]
    pub(super) fn time(&self, from: i64, to: i64) -> f64 {
        self.clock.days_between(from, to, self.numbers) / self.options.unit.days()
    }

    /// The code at which the calibration of intervals `0..=upto` ends.
    pub(super) fn end_of(&self, upto: usize) -> i64 {
        self.horizon.cuts.get(upto).copied().unwrap_or(self.end)
    }

    /// ln of the time between two purchases, the later of which is at `code`; 0 where nobody wants to know.
    #[inline(always)]
    pub(super) fn log_interval(&self, before: Option<i64>, code: i64) -> f64 {
        match before {
            Some(before) if self.options.log_intervals => self.time(before, code).ln(),
            _ => 0.0,
        }
    }

    /// Writes the row of a customer for the calibration of intervals `0..=upto`. `spent(from, to, with_first)` is the exactly rounded sum of
    /// the amounts of intervals `from..to`, without the first period unless `with_first`.
    #[inline]
    pub(super) fn write(
        &self,
        out: &mut Columns,
        upto: usize,
        key: Key<'_>,
        first: i64,
        intervals: &[Interval],
        spent: impl Fn(usize, usize, bool) -> f64,
    ) {
        let end = self.end_of(upto);
        if first > end {
            return;
        }
        let (seen, later) = intervals.split_at(upto + 1);
        let count: u64 = seen.iter().map(|i| i.count).sum();
        let newest = seen.iter().rev().find(|i| i.count > 0);
        let last = newest.map_or(first, |i| i.last);
        let with_first = self.options.include_first_transaction;
        let counted = if with_first { count } else { count - 1 };
        out.keys.push(key);
        out.purchases += count;
        out.frequency.push(counted as f64);
        out.recency.push(self.time(first, last));
        out.age.push(self.time(first, end));
        if self.options.log_intervals {
            out.log_intervals.push(newest.map_or(0.0, |i| i.logs));
        }
        let later_count: u64 = later.iter().map(|i| i.count).sum();
        if !later.is_empty() {
            out.holdout_frequency.push(later_count as f64);
        }
        if !self.amounts {
            return;
        }
        let total = spent(0, upto + 1, with_first);
        out.negative_repeat_spend += u64::from(total < 0.0);
        out.monetary_value.push(mean(total, counted));
        if !later.is_empty() {
            out.holdout_monetary_value.push(mean(spent(upto + 1, intervals.len(), true), later_count));
        }
    }

    /// The summary of the whole log, from its columns.
    pub(super) fn whole(
        &self,
        tally: &Tally,
        columns: Vec<Columns>,
        waiting: &Unattributed,
    ) -> Result<Summary> {
        let columns = columns.into_iter().next().unwrap_or_else(|| Columns::new(self.int_keys));
        Ok(self.summary(tally, self.horizon.cuts.len(), columns, waiting)?.0)
    }

    /// A split for each calibration end in the order they were given, from its columns.
    pub(super) fn splits(
        &self,
        tally: &Tally,
        columns: Vec<Columns>,
        waiting: &Unattributed,
    ) -> Result<Vec<Split>> {
        let pairs = columns.into_iter().zip(&self.horizon.order);
        let split = |(columns, &upto): (Columns, &usize)| {
            let (calibration, [frequency, monetary_value]) = self.summary(tally, upto, columns, waiting)?;
            Ok(Split {
                calibration,
                frequency_holdout: frequency,
                monetary_value_holdout: self.amounts.then_some(monetary_value),
                duration_holdout: self.time(self.end_of(upto), self.end),
            })
        };
        pairs.map(split).collect()
    }

    /// The calibration of intervals `0..=upto`, and the holdout columns beside it.
    fn summary(
        &self,
        tally: &Tally,
        upto: usize,
        columns: Columns,
        waiting: &Unattributed,
    ) -> Result<(Summary, [Vec<f64>; 2])> {
        if columns.frequency.is_empty() {
            return Err(no_purchase());
        }
        let mut report = tally.report(upto);
        report.purchases_collapsed = report.purchase_rows - columns.purchases;
        report.negative_repeat_spend = columns.negative_repeat_spend;
        report.refunds_unattributed = waiting.rows[..=upto].iter().sum();
        report.customers_without_purchase = waiting.customers[..=upto].iter().sum::<i64>().unsigned_abs();
        let summary = Summary {
            keys: Some(columns.keys),
            frequency: columns.frequency,
            recency: columns.recency,
            age: columns.age,
            log_intervals: self.options.log_intervals.then_some(columns.log_intervals),
            monetary_value: self.amounts.then_some(columns.monetary_value),
            monetary_deviation: None,
            geometric_mean: None,
            log_deviation: None,
            weights: None,
            unit: self.options.unit,
            observation_end: Some(self.clock.days(self.end_of(upto), self.numbers)),
            first_included: self.options.include_first_transaction,
            report,
        };
        let summary = if self.options.opportunities { summary.in_opportunities()? } else { summary };
        Ok((summary, [columns.holdout_frequency, columns.holdout_monetary_value]))
    }
}

/// Refunds that no purchase precedes, per interval.
#[derive(Debug, Clone)]
pub(super) struct Unattributed {
    rows: Vec<u64>,
    /// By how much each interval changes the number of customers that are known by refunds only.
    customers: Vec<i64>,
}

impl Unattributed {
    pub(super) fn new(frame: &Frame) -> Self {
        let intervals = frame.horizon.intervals();
        Unattributed { rows: vec![0; intervals], customers: vec![0; intervals + 1] }
    }

    /// Counts refunds of one customer in one period; with the earliest of them comes the period of the first purchase, if there is one.
    pub(super) fn count(&mut self, frame: &Frame, code: i64, rows: u64, first: Option<Option<i64>>) {
        let nowhere = frame.horizon.intervals();
        let place = |code| frame.horizon.interval(code).unwrap_or(nowhere - 1);
        self.rows[place(code)] += rows;
        if let Some(first) = first {
            self.customers[place(code)] += 1;
            self.customers[first.map_or(nowhere, place)] -= 1;
        }
    }

    pub(super) fn add(&mut self, other: &Unattributed) {
        self.rows.iter_mut().zip(&other.rows).for_each(|(a, b)| *a += b);
        self.customers.iter_mut().zip(&other.customers).for_each(|(a, b)| *a += b);
    }
}

pub(super) fn no_purchase() -> Error {
    Error::new(
        ErrorKind::NotEnoughData,
        "no customer has a purchase by the end of the observation: all rows are later, or refunds",
    )
}

/// The mean of a sum, 0 of nothing: a refund alone has no purchase to be spread over.
fn mean(total: f64, count: u64) -> f64 {
    if count == 0 { 0.0 } else { total / count as f64 }
}
