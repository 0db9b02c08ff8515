//! The ends: of the observation, and of one or several calibrations before it.
//!
//! Sorted calibration ends c₀ ≤ c₁ ≤ … cut time into intervals (−∞, c₀], (c₀, c₁], …, (c_last, observation end]. Counts and sums are kept per
//! interval; the calibration that ends with c_k is made of intervals 0..=k, its holdout of the rest, so one pass serves all cut-offs.

use super::log::{BLOCK, Reader, RowKind};
use super::options::{Report, SummaryOptions};
use super::time::{Clock, Moment};
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};

/// Ends, as period codes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Horizon {
    /// Calibration ends in ascending order.
    pub(super) cuts: Vec<i64>,
    /// For each calibration end as the caller gave them, its place in `cuts`.
    pub(super) order: Vec<usize>,
    pub(super) end: Option<i64>,
}

impl Horizon {
    pub(super) fn new(options: &SummaryOptions, calibration_ends: &[Moment]) -> Result<Self> {
        let clock = options.clock()?;
        let code = |&m| end_code(&clock, "calibration_end", m);
        Horizon::of_codes(options, calibration_ends.iter().map(code).collect::<Result<Vec<i64>>>()?)
    }

    /// From calibration ends that are period codes already.
    pub(super) fn of_codes(options: &SummaryOptions, codes: Vec<i64>) -> Result<Self> {
        let clock = options.clock()?;
        let end = options.observation_end.map(|m| end_code(&clock, "observation_end", m)).transpose()?;
        let mut cuts = codes.clone();
        cuts.sort_unstable();
        let order = codes.iter().map(|code| cuts.partition_point(|cut| cut < code)).collect();
        let horizon = Horizon { cuts, order, end };
        if let Some(end) = end {
            let numbers = matches!(options.observation_end, Some(Moment::Number(_)));
            horizon.check(end, |code| clock.shown(code, numbers))?;
        }
        Ok(horizon)
    }

    /// Whether every calibration ends before the observation does; `shown` writes a period.
    pub(super) fn check(&self, end: i64, shown: impl Fn(i64) -> String) -> Result<()> {
        match self.cuts.last() {
            Some(&cut) if cut >= end => Err(Error::new(
                ErrorKind::InvalidParameter,
                format!(
                    "calibration_end must lie in a period before that of the observation end, or nothing is left to hold out; \
                     got the periods {} and {}",
                    shown(cut),
                    shown(end)
                ),
            )
            .with_field("calibration_end")),
            _ => Ok(()),
        }
    }

    /// How many intervals there are.
    pub(super) fn intervals(&self) -> usize {
        self.cuts.len() + 1
    }

    /// The interval of a period; `None` after the end.
    #[inline(always)]
    pub(super) fn interval(&self, code: i64) -> Option<usize> {
        if self.end.is_some_and(|end| code > end) {
            return None;
        }
        Some(self.cuts.iter().take_while(|&&cut| cut < code).count())
    }
}

fn end_code(clock: &Clock, name: &str, moment: Moment) -> Result<i64> {
    clock.code(moment).map_err(|rule| {
        Error::new(ErrorKind::InvalidParameter, format!("{name}: {}", moment.breaks(rule))).with_field(name)
    })
}

/// How many rows of which kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Kinds {
    pub(super) purchases: u64,
    pub(super) refunds: u64,
    pub(super) refunds_dropped: u64,
    pub(super) zero_dropped: u64,
}

impl Kinds {
    fn add(&mut self, other: &Kinds) {
        self.purchases += other.purchases;
        self.refunds += other.refunds;
        self.refunds_dropped += other.refunds_dropped;
        self.zero_dropped += other.zero_dropped;
    }

    fn total(&self) -> u64 {
        self.purchases + self.refunds + self.refunds_dropped + self.zero_dropped
    }
}

/// The account of the rows seen, per interval.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tally {
    pub(super) intervals: Vec<Kinds>,
    pub(super) after_end: u64,
    /// First and last period seen.
    pub(super) span: Option<(i64, i64)>,
}

impl Tally {
    pub(super) fn new(intervals: usize) -> Self {
        Tally { intervals: vec![Kinds::default(); intervals], after_end: 0, span: None }
    }

    pub(super) fn add(&mut self, other: &Tally) {
        self.intervals.iter_mut().zip(&other.intervals).for_each(|(a, b)| a.add(b));
        self.after_end += other.after_end;
        self.span = match (self.span, other.span) {
            (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
            (a, b) => a.or(b),
        };
    }

    /// Checks every rule of every row, in parallel, and counts. The lowest row that breaks a rule is the error.
    pub(super) fn of(reader: &Reader<'_>, horizon: &Horizon, control: &Control<'_>) -> Result<Tally> {
        let rows = reader.log.rows();
        let parts = control.map(rows.div_ceil(BLOCK), |block| {
            let mut tally = Tally::new(horizon.intervals());
            let mut span = (i64::MAX, i64::MIN);
            for row in block * BLOCK..((block + 1) * BLOCK).min(rows) {
                let code = reader.check(row)?;
                span = (span.0.min(code), span.1.max(code));
                match horizon.interval(code) {
                    None => tally.after_end += 1,
                    Some(interval) => {
                        let kinds = &mut tally.intervals[interval];
                        match reader.kind(reader.amount(row)) {
                            RowKind::Purchase => kinds.purchases += 1,
                            RowKind::Refund => kinds.refunds += 1,
                            RowKind::RefundDropped => kinds.refunds_dropped += 1,
                            RowKind::ZeroDropped => kinds.zero_dropped += 1,
                        }
                    }
                }
            }
            tally.span = Some(span);
            Ok(tally)
        })?;
        let mut sum = Tally::new(horizon.intervals());
        parts.iter().for_each(|part| sum.add(part));
        Ok(sum)
    }

    /// The part of the report that rows tell, for the calibration made of intervals `0..=upto`.
    pub(super) fn report(&self, upto: usize) -> Report {
        let mut kept = Kinds::default();
        let mut later = Kinds::default();
        for (i, kinds) in self.intervals.iter().enumerate() {
            if i <= upto { kept.add(kinds) } else { later.add(kinds) }
        }
        let after_end = self.after_end + later.total();
        Report {
            rows: kept.total() + after_end,
            rows_after_end: after_end,
            purchase_rows: kept.purchases,
            refunds: kept.refunds,
            refunds_dropped: kept.refunds_dropped,
            zero_amounts_dropped: kept.zero_dropped,
            ..Report::default()
        }
    }
}
