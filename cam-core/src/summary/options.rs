//! What to make of a log: unit, period, ends, refunds; and the account of what was done with its rows.

use super::time::{Clock, Moment, Period};
use crate::error::{Error, Result};
use crate::unit::Unit;
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// What a negative amount means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Refunds {
    /// It is added to what the customer spent, but makes no purchase. The default.
    ///
    /// A refund in the period of the first purchase lowers the first purchase; a later one lowers the repeat spend, whether or not
    /// there was a purchase in its period. A refund before the first purchase belongs to a purchase that is not in the log: it is
    /// left out, and counted in [`Report::refunds_unattributed`].
    #[default]
    Net,
    /// The row is dropped, and counted.
    Drop,
    /// The row is an error.
    Error,
}

impl FromStr for Refunds {
    type Err = Error;

    /// Reads `net`, `drop` or `error`.
    fn from_str(text: &str) -> Result<Self> {
        match text {
            "net" => Ok(Refunds::Net),
            "drop" => Ok(Refunds::Drop),
            "error" => Ok(Refunds::Error),
            other => Err(Error::unknown("rule for refunds", other, ["net", "drop", "error"])),
        }
    }
}

/// Which columns say how the spend of each customer spreads from purchase to purchase; see [`SummaryOptions::spread`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Spread {
    /// `monetary_deviation`, for normal spend.
    Amount,
    /// `geometric_mean` and `log_deviation`, for log-normal spend: each repeat purchase must be more than 0.
    Log,
}

impl FromStr for Spread {
    type Err = Error;

    /// Reads `amount` or `log`.
    fn from_str(text: &str) -> Result<Self> {
        match text {
            "amount" => Ok(Spread::Amount),
            "log" => Ok(Spread::Log),
            other => Err(Error::unknown("spread", other, ["amount", "log"])),
        }
    }
}

/// Options of [`summarize`](super::summarize), with defaults: days, one purchase a day, observed until the last row.
///
/// ```
/// use cam_core::{Unit, summary::{Period, SummaryOptions}};
/// let options = SummaryOptions::new().unit(Unit::WEEK).observation_end("1997-09-30".parse::<cam_core::summary::Moment>()?);
/// # Ok::<(), cam_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SummaryOptions {
    pub(super) unit: Unit,
    pub(super) numbers_in: Unit,
    pub(super) period: Period,
    pub(super) observation_end: Option<Moment>,
    pub(super) include_first_transaction: bool,
    pub(super) refunds: Refunds,
    pub(super) drop_zero_amounts: bool,
    pub(super) log_intervals: bool,
    pub(super) opportunities: bool,
    pub(super) spread: Option<Spread>,
}

impl Default for SummaryOptions {
    fn default() -> Self {
        SummaryOptions {
            unit: Unit::DAY,
            numbers_in: Unit::DAY,
            period: Period::DAY,
            observation_end: None,
            include_first_transaction: false,
            refunds: Refunds::Net,
            drop_zero_amounts: false,
            log_intervals: false,
            opportunities: false,
            spread: None,
        }
    }
}

impl SummaryOptions {
    /// The defaults.
    pub fn new() -> Self {
        SummaryOptions::default()
    }

    /// The unit of `recency`, `T` and `duration_holdout`. Default: days.
    #[must_use]
    pub fn unit(mut self, unit: Unit) -> Self {
        self.unit = unit;
        self
    }

    /// The unit in which [`Times::Numbers`](super::Times::Numbers) and [`Moment::Number`] are given. Default: days.
    #[must_use]
    pub fn numbers_in(mut self, unit: Unit) -> Self {
        self.numbers_in = unit;
        self
    }

    /// Rows of one customer within one period are one purchase. Default: the day.
    ///
    /// All times are those of period starts: with weeks, a customer first seen on a Thursday is counted from the Monday before.
    #[must_use]
    pub fn period(mut self, period: Period) -> Self {
        self.period = period;
        self
    }

    /// The end of the observation: the whole period it falls in is observed, later rows are ignored (and counted).
    /// Default: the latest period in the log.
    #[must_use]
    pub fn observation_end(mut self, end: impl Into<Option<Moment>>) -> Self {
        self.observation_end = end.into();
        self
    }

    /// Count the first purchase in `frequency` and `monetary_value`, too, as the flag of that name does in lifetimes.
    /// Such a summary is for description; models expect repeat purchases. Default: no.
    #[must_use]
    pub fn include_first_transaction(mut self, include: bool) -> Self {
        self.include_first_transaction = include;
        self
    }

    /// What negative amounts mean. Default: [`Refunds::Net`].
    #[must_use]
    pub fn refunds(mut self, refunds: Refunds) -> Self {
        self.refunds = refunds;
        self
    }

    /// Drop rows with an amount of exactly 0 (and count them). Default: they are purchases.
    #[must_use]
    pub fn drop_zero_amounts(mut self, drop: bool) -> Self {
        self.drop_zero_amounts = drop;
        self
    }

    /// Add a column `log_intervals`, the sum of the natural logarithms of the intervals between a customer's purchases, in the unit: how regularly he
    /// or she buys, which BG/CNBD-k and MBG/CNBD-k want to know. Default: no.
    #[must_use]
    pub fn log_intervals(mut self, add: bool) -> Self {
        self.log_intervals = add;
        self
    }

    /// Count times in whole periods, for models of discrete time, in which a customer has one opportunity to buy in each period after the first. Default: no.
    ///
    /// The unit must be as long as the period. Calendar months and years are of unequal length, so that times in their mean length come out near whole
    /// numbers; with this they are whole.
    ///
    /// ```
    /// use cam_core::{Control, Unit, summary::{Log, Moment, Period, SummaryOptions, Times, summarize}};
    /// // Given in 2020, 2021, 2023; observed to 2024.
    /// let log = Log::new(&[1, 1, 1][..], Times::Days(&[18_300, 18_800, 19_500]));
    /// let options = SummaryOptions::new().period(Period::Year).unit(Unit::YEAR).opportunities(true).observation_end(Moment::Day(19_999));
    /// let summary = summarize(&log, &options, &Control::new())?;
    /// assert_eq!((summary.frequency()[0], summary.recency()[0], summary.age()[0]), (2.0, 3.0, 4.0));
    /// # Ok::<(), cam_core::Error>(())
    /// ```
    #[must_use]
    pub fn opportunities(mut self, whole: bool) -> Self {
        self.opportunities = whole;
        self
    }

    /// Add what normal or log-normal spend need to know: the standard deviation √(Σ(z − z̄)²/x) of each customer's spend z per repeat purchase, or the
    /// geometric mean and the deviation of its logarithms. Default: neither.
    ///
    /// The purchases are those of `monetary_value`, but for refunds: one in the period of a purchase lowers it, one in a period without is left out,
    /// there being no single purchase that it belongs to. What a purchase amounts to is not known before its last row, so this takes a pass of its own
    /// over the whole log, and is not to be had from batches.
    ///
    /// ```
    /// use cam_core::{Control, summary::{Log, Spread, SummaryOptions, Times, summarize}};
    /// let log = Log::new(&["ann", "bob", "ann", "ann"][..], Times::Days(&[0, 7, 14, 21])).amounts(&[20.0, 9.0, 40.0, 10.0]);
    /// let plain = summarize(&log, &SummaryOptions::new().spread(Spread::Amount), &Control::new())?;
    /// assert_eq!(plain.table().get("monetary_deviation").map(|c| c.to_vec()), Some(vec![15.0, 0.0]));
    /// let logarithmic = summarize(&log, &SummaryOptions::new().spread(Spread::Log), &Control::new())?;
    /// let column = |name| logarithmic.table().get(name).map_or(0.0, |c| c[0]);
    /// assert!((column("geometric_mean") - 20.0).abs() < 1e-12 && (column("log_deviation") - 2f64.ln()).abs() < 1e-15);
    /// # Ok::<(), cam_core::Error>(())
    /// ```
    #[must_use]
    pub fn spread(mut self, spread: impl Into<Option<Spread>>) -> Self {
        self.spread = spread.into();
        self
    }

    pub(super) fn clock(&self) -> Result<Clock> {
        Clock::new(self.period, self.numbers_in)
    }
}

/// What was done with the rows of a log, so that nothing vanishes silently.
///
/// Every row is counted once: `rows = rows_after_end + refunds + refunds_dropped + zero_amounts_dropped + purchase_rows`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Report {
    /// Rows given.
    pub rows: u64,
    /// Rows ignored because they lie after the end of the observation (of the calibration, in a split).
    pub rows_after_end: u64,
    /// Rows that are purchases.
    pub purchase_rows: u64,
    /// Of these, rows that fell into the same period as another purchase of the customer: one purchase with it.
    pub purchases_collapsed: u64,
    /// Rows with a negative amount, netted.
    pub refunds: u64,
    /// Of these, refunds before the customer's first purchase, or of customers with none: in no sum.
    pub refunds_unattributed: u64,
    /// Rows with a negative amount, dropped.
    pub refunds_dropped: u64,
    /// Rows with an amount of 0, dropped.
    pub zero_amounts_dropped: u64,
    /// Customers with refunds only: not in the summary.
    pub customers_without_purchase: u64,
    /// Customers whose refunds exceed what they spent after the first purchase: their `monetary_value` is negative, or 0 where there is no
    /// repeat purchase to spread the refund over.
    pub negative_repeat_spend: u64,
}
