//! A whole log at once: checked, counted, and summarized the fastest way that its keys allow.

use super::builder::SummaryBuilder;
use super::columns::Summary;
use super::dense;
use super::emit::{Frame, LogKind};
use super::horizon::{Horizon, Tally};
use super::log::{Log, Reader};
use super::options::SummaryOptions;
use super::sparse;
use super::split::Split;
use super::spread;
use super::time::Moment;
use crate::control::{Control, Progress};
use crate::error::Result;

/// Summarizes a transaction log: one row per customer, sorted by key. See the [module](super) for the rules.
///
/// # Errors
/// [`ErrorKind::InvalidShape`](crate::ErrorKind::InvalidShape) for columns of unequal length,
/// [`ErrorKind::InvalidData`](crate::ErrorKind::InvalidData) with the first row that breaks a rule,
/// [`ErrorKind::InvalidParameter`](crate::ErrorKind::InvalidParameter) for options out of their domain,
/// [`ErrorKind::NotEnoughData`](crate::ErrorKind::NotEnoughData) when the log is empty or no customer has a purchase.
pub fn summarize(log: &Log<'_>, options: &SummaryOptions, control: &Control<'_>) -> Result<Summary> {
    let (horizon, reader, tally, frame) = begin(log, options, &[], control)?;
    let found = match dense::columns(&reader, &frame, &tally, &[0], control)? {
        None => sparse::columns(&reader, &frame, &[0], control)?,
        found => found,
    };
    report(log, control);
    let mut summary = match found {
        Some((columns, unattributed)) => frame.whole(&tally, columns, &unattributed)?,
        None => {
            let mut builder = SummaryBuilder::with_horizon(*options, horizon);
            builder.push(log, control)?;
            builder.finish(control)?
        }
    };
    spread::add(&mut summary, log, options, control)?;
    Ok(summary)
}

/// Several calibrations from one log, in one pass over it; in the order of `calibration_ends`.
///
/// # Errors
/// Those of [`split`](super::split()).
pub fn split_many(
    log: &Log<'_>,
    calibration_ends: &[Moment],
    options: &SummaryOptions,
    control: &Control<'_>,
) -> Result<Vec<Split>> {
    let (horizon, reader, tally, frame) = begin(log, options, calibration_ends, control)?;
    let found = match dense::columns(&reader, &frame, &tally, &horizon.order, control)? {
        None => sparse::columns(&reader, &frame, &horizon.order, control)?,
        found => found,
    };
    report(log, control);
    let mut splits = match found {
        Some((columns, unattributed)) => frame.splits(&tally, columns, &unattributed)?,
        None => {
            let mut builder = SummaryBuilder::with_horizon(*options, horizon);
            builder.push(log, control)?;
            builder.finish_splits(control)?
        }
    };
    for (split, &end) in splits.iter_mut().zip(calibration_ends) {
        spread::add(&mut split.calibration, log, &options.observation_end(end), control)?;
    }
    Ok(splits)
}

fn begin<'a>(
    log: &Log<'a>,
    options: &SummaryOptions,
    calibration_ends: &[Moment],
    control: &Control<'_>,
) -> Result<(Horizon, Reader<'a>, Tally, Frame)> {
    let horizon = Horizon::new(options, calibration_ends)?;
    let reader = Reader::new(log, options)?;
    let tally = Tally::of(&reader, &horizon, control)?;
    let frame = Frame::new(options, &horizon, Some(LogKind::of(log)), &tally)?;
    Ok((horizon, reader, tally, frame))
}

fn report(log: &Log<'_>, control: &Control<'_>) {
    let rows = log.rows() as u64;
    control.report(Progress::new("summarize", rows, Some(rows), rows as f64));
}
