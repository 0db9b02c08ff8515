//! Calibration and holdout: what was known at a cut-off, and what happened after it.

use super::columns::{Summary, table_of};
use super::log::Log;
use super::options::SummaryOptions;
use super::time::Moment;
use super::whole::split_many;
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};
use crate::table::Table;

/// A calibration, and what the same customers did between its end and the end of the observation.
///
/// Customers whose first purchase lies after the end of the calibration are not in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    /// What was known at the end of the calibration.
    pub calibration: Summary,
    /// Purchases (distinct periods) of each customer in the holdout. All count: the first purchase was before.
    pub frequency_holdout: Vec<f64>,
    /// Mean spend per purchase in the holdout, 0 without one; `None` without amounts.
    pub monetary_value_holdout: Option<Vec<f64>>,
    /// Length of the holdout, in the unit of the calibration.
    pub duration_holdout: f64,
}

impl Split {
    /// The columns of the calibration, then `frequency_holdout` and, with amounts, `monetary_value_holdout`.
    ///
    /// (`duration_holdout` is one number for all, so it is a field and no column.)
    pub fn table(&self) -> Table<'_> {
        let holdout = [
            ("frequency_holdout", Some(&self.frequency_holdout)),
            ("monetary_value_holdout", self.monetary_value_holdout.as_ref()),
        ];
        table_of(self.calibration.columns().chain(holdout), self.calibration.unit)
    }
}

/// A calibration and its holdout from a transaction log.
///
/// Both ends mean the end of the period they fall in.
///
/// ```
/// use cam_core::{Control, summary::{Log, Moment, SummaryOptions, Times, split}};
/// let log = Log::new(&["ann", "ann", "ann", "bob"][..], Times::Days(&[0, 10, 20, 15]));
/// let split = split(&log, Moment::Day(12), &SummaryOptions::new(), &Control::new())?;
/// assert_eq!(split.calibration.len(), 1); // bob was not known then
/// assert_eq!((split.calibration.frequency()[0], split.frequency_holdout[0]), (1.0, 1.0));
/// assert_eq!(split.duration_holdout, 8.0);
/// # Ok::<(), cam_core::Error>(())
/// ```
///
/// # Errors
/// Those of [`summarize`](super::summarize), and [`ErrorKind::InvalidParameter`] when the calibration does not end before the observation.
pub fn split(
    log: &Log<'_>,
    calibration_end: impl Into<Moment>,
    options: &SummaryOptions,
    control: &Control<'_>,
) -> Result<Split> {
    let mut splits = split_many(log, &[calibration_end.into()], options, control)?;
    splits.pop().ok_or_else(|| Error::new(ErrorKind::Internal, "a split without a result"))
}
