//! From what is known of a customer to rows of the result.

use super::columns::Summary;
use super::exact::round_sum;
use super::horizon::{Horizon, Tally};
use super::keys::{Key, Keys};
use super::options::SummaryOptions;
use super::split::Split;
use super::time::Clock;
use crate::error::Result;

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
}

/// Columns in the making, for one calibration or for the whole log.
#[derive(Debug, Clone)]
pub(super) struct Columns {
    pub(super) keys: Keys,
    pub(super) frequency: Vec<f64>,
    pub(super) recency: Vec<f64>,
    pub(super) age: Vec<f64>,
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
            monetary_value: Vec::new(),
            holdout_frequency: Vec::new(),
            holdout_monetary_value: Vec::new(),
            purchases: 0,
            negative_repeat_spend: 0,
        }
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
            all.monetary_value.append(&mut part.monetary_value);
            all.holdout_frequency.append(&mut part.holdout_frequency);
            all.holdout_monetary_value.append(&mut part.holdout_monetary_value);
            all.purchases += part.purchases;
            all.negative_repeat_spend += part.negative_repeat_spend;
        }
        all
    }
}

impl Frame {
    /// Time units from one period to another.
    #[inline(always)]
    pub(super) fn time(&self, from: i64, to: i64) -> f64 {
        self.clock.days_between(from, to, self.numbers) / self.options.unit.days()
    }

    /// The code at which the calibration of intervals `0..=upto` ends.
    pub(super) fn end_of(&self, upto: usize) -> i64 {
        self.horizon.cuts.get(upto).copied().unwrap_or(self.end)
    }

    /// Writes the row of a customer for the calibration of intervals `0..=upto`; `terms(i)` gives the terms of the customer's sums: `i = 0`
    /// the first period, `i + 1` interval `i`.
    pub(super) fn write<T: IntoIterator<Item = f64>>(
        &self,
        out: &mut Columns,
        upto: usize,
        key: Key<'_>,
        first: i64,
        intervals: &[Interval],
        terms: impl Fn(usize) -> T,
    ) {
        let end = self.end_of(upto);
        if first > end {
            return;
        }
        let (seen, later) = intervals.split_at(upto + 1);
        let count: u64 = seen.iter().map(|i| i.count).sum();
        let last = seen.iter().rev().find(|i| i.count > 0).map_or(first, |i| i.last);
        let counted = if self.options.include_first_transaction { count } else { count - 1 };
        out.keys.push(key);
        out.purchases += count;
        out.frequency.push(counted as f64);
        out.recency.push(self.time(first, last));
        out.age.push(self.time(first, end));
        let later_count: u64 = later.iter().map(|i| i.count).sum();
        if !later.is_empty() {
            out.holdout_frequency.push(later_count as f64);
        }
        if !self.amounts {
            return;
        }
        let spent = (0..=upto).flat_map(|i| terms(i + 1));
        let total = if self.options.include_first_transaction {
            round_sum(spent)
        } else {
            round_sum(spent.chain(terms(0).into_iter().map(|term| -term)))
        };
        out.negative_repeat_spend += u64::from(total < 0.0);
        out.monetary_value.push(mean(total, counted));
        if !later.is_empty() {
            let total = round_sum((upto + 1..intervals.len()).flat_map(|i| terms(i + 1)));
            out.holdout_monetary_value.push(mean(total, later_count));
        }
    }

    /// The summary of the whole log, or of one calibration, from its finished columns.
    pub(super) fn summary(
        &self,
        tally: &Tally,
        upto: usize,
        columns: Columns,
    ) -> Result<(Summary, [Vec<f64>; 2])> {
        let mut report = tally.report(upto);
        report.purchases_collapsed = report.purchase_rows - columns.purchases;
        report.negative_repeat_spend = columns.negative_repeat_spend;
        let summary = Summary {
            keys: Some(columns.keys),
            frequency: columns.frequency,
            recency: columns.recency,
            age: columns.age,
            monetary_value: self.amounts.then_some(columns.monetary_value),
            weights: None,
            unit: self.options.unit,
            observation_end: Some(self.clock.days(self.end_of(upto), self.numbers)),
            first_included: self.options.include_first_transaction,
            report,
        };
        Ok((summary, [columns.holdout_frequency, columns.holdout_monetary_value]))
    }

    /// A calibration with its holdout.
    pub(super) fn split(
        &self,
        summary: Summary,
        [frequency, monetary_value]: [Vec<f64>; 2],
        upto: usize,
    ) -> Split {
        Split {
            duration_holdout: self.time(self.end_of(upto), self.end),
            frequency_holdout: frequency,
            monetary_value_holdout: self.amounts.then_some(monetary_value),
            calibration: summary,
        }
    }
}

/// The mean of a sum, 0 of nothing: a refund alone has no purchase to be spread over.
fn mean(total: f64, count: u64) -> f64 {
    if count == 0 { 0.0 } else { total / count as f64 }
}
