//! How the spend of each customer spreads from purchase to purchase: what the normal and the log-normal model of spend need to know.
//!
//! Mean and standard deviation are those of amounts, or of ln(amount), over the same purchases as `monetary_value`: rows of one customer within one
//! period are one purchase with the sum of the amounts, and the first is left out. Since what a purchase amounts to is not known before
//! its last row, this takes a pass of its own over the whole log, and is not to be had from batches.

use super::horizon::Horizon;
use super::log::{Log, Reader, RowKind};
use super::options::SummaryOptions;
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};

/// Per customer, in the order of the keys.
#[derive(Debug, Clone, PartialEq)]
pub struct SpendSpread {
    /// The mean spend per repeat purchase, or the geometric mean: e to the mean of the logarithms. 0 without a repeat purchase.
    pub mean: Vec<f64>,
    /// The standard deviation of the spend about its mean, or that of the logarithms: √(Σ(z − z̄)²/x).
    pub deviation: Vec<f64>,
}

/// The columns `geometric_mean` and `log_deviation` of the [summary](super::summarize) of the same log with the same options, or, not `logarithmic`, the
/// column `monetary_deviation` and the mean that it is about.
///
/// A refund in the period of a purchase lowers it; one in a period without is left out, there being no single purchase that it belongs to. That is
/// why the mean may differ from `monetary_value` there.
///
/// ```
/// use cam_core::{Control, summary::{Log, SummaryOptions, Times, spend_spread}};
/// let log = Log::new(&["ann", "bob", "ann", "ann"][..], Times::Days(&[0, 7, 14, 21])).amounts(&[20.0, 9.0, 40.0, 10.0]);
/// let (options, control) = (SummaryOptions::new(), Control::new());
/// let plain = spend_spread(&log, &options, false, &control)?;
/// assert_eq!((plain.mean, plain.deviation), (vec![25.0, 0.0], vec![15.0, 0.0]));
/// let logarithmic = spend_spread(&log, &options, true, &control)?;
/// assert!((logarithmic.mean[0] - 20.0).abs() < 1e-12 && (logarithmic.deviation[0] - 2f64.ln()).abs() < 1e-15);
/// # Ok::<(), cam_core::Error>(())
/// ```
///
/// # Errors
/// Those of [`summarize`](super::summarize); [`ErrorKind::InvalidShape`] for a log without amounts; and, if `logarithmic`, [`ErrorKind::InvalidData`] for a repeat
/// purchase of 0 or less, which has no logarithm.
pub fn spend_spread(
    log: &Log<'_>,
    options: &SummaryOptions,
    logarithmic: bool,
    control: &Control<'_>,
) -> Result<SpendSpread> {
    let reader = Reader::new(log, options)?;
    if log.amounts.is_none() {
        return Err(Error::shape("the spread of spend needs amounts").with_field("amount"));
    }
    let end = Horizon::new(options, &[])?.end;
    let mut rows: Vec<(i64, u32)> = Vec::new();
    for row in 0..log.rows() {
        if row % super::log::BLOCK == 0 {
            control.check()?;
        }
        let code = reader.check(row)?;
        if reader.keeps(row, end) {
            let row = u32::try_from(row).map_err(|_| Error::shape("at most 4294967295 rows at once"))?;
            rows.push((code, row));
        }
    }
    let key = |row: u32| log.keys.get(row as usize);
    rows.sort_unstable_by(|a, b| key(a.1).cmp(&key(b.1)).then(a.cmp(b)));
    control.check()?;
    let mut spread = SpendSpread { mean: Vec::new(), deviation: Vec::new() };
    let mut spent: Vec<f64> = Vec::new();
    for customer in rows.chunk_by(|a, b| key(a.1) == key(b.1)) {
        let mut first = !options.include_first_transaction;
        let mut purchases = false;
        spent.clear();
        for period in customer.chunk_by(|a, b| a.0 == b.0) {
            let amount = |row: &(i64, u32)| reader.amount(row.1 as usize);
            if period.iter().all(|row| reader.kind(amount(row)) == RowKind::Refund) {
                continue;
            }
            purchases = true;
            if std::mem::take(&mut first) {
                continue;
            }
            let total: f64 = period.iter().map(amount).sum();
            if logarithmic && !(total > 0.0) {
                let row = period[0].1;
                let message = format!(
                    "need spend > 0 at each repeat purchase, got {total} by customer {}: drop refunds and amounts of 0",
                    key(row)
                );
                return Err(Error::data(row as usize, message).with_field("amount"));
            }
            spent.push(if logarithmic { total.ln() } else { total });
        }
        if purchases {
            let count = spent.len().max(1) as f64;
            let mean = spent.iter().sum::<f64>() / count;
            let squares: f64 = spent.iter().map(|z| (z - mean) * (z - mean)).sum();
            let mean = if logarithmic && !spent.is_empty() { mean.exp() } else { mean };
            spread.mean.push(mean);
            // Of one purchase, exactly none.
            spread.deviation.push(if spent.len() > 1 { (squares / count).sqrt() } else { 0.0 });
        }
    }
    if spread.mean.is_empty() {
        return Err(Error::new(ErrorKind::NotEnoughData, "no customer has a purchase before the end"));
    }
    Ok(spread)
}
