//! The geometric mean of what each customer spent per repeat purchase: what the log-normal model of spend needs to know.
//!
//! It is e to the mean of ln(amount), over the same purchases as `monetary_value`: rows of one customer within one period are one purchase with
//! the sum of the amounts, and the first is left out. Since the logarithm of a sum is not known before the sum is, this takes a
//! pass of its own over the whole log, and is not to be had from batches.

use super::horizon::Horizon;
use super::log::{Log, Reader, RowKind};
use super::options::SummaryOptions;
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};

/// The column `geometric_mean` of the [summary](super::summarize) of the same log with the same options: one value per customer, in the
/// order of the keys, 0 without a repeat purchase.
///
/// A refund in the period of a purchase lowers it; one in a period without is left out, there being no single purchase that it belongs to.
///
/// ```
/// use cam_core::{Control, summary::{Log, SummaryOptions, Times, geometric_mean}};
/// let log = Log::new(&["ann", "bob", "ann", "ann"][..], Times::Days(&[0, 7, 14, 21])).amounts(&[20.0, 9.0, 40.0, 10.0]);
/// assert_eq!(geometric_mean(&log, &SummaryOptions::new(), &Control::new())?, [20.0, 0.0]);
/// # Ok::<(), cam_core::Error>(())
/// ```
///
/// # Errors
/// Those of [`summarize`](super::summarize); [`ErrorKind::InvalidShape`] for a log without amounts, and [`ErrorKind::InvalidData`] for a repeat purchase of 0
/// or less, which has no logarithm.
pub fn geometric_mean(log: &Log<'_>, options: &SummaryOptions, control: &Control<'_>) -> Result<Vec<f64>> {
    let reader = Reader::new(log, options)?;
    if log.amounts.is_none() {
        return Err(Error::shape("a geometric mean needs amounts").with_field("amount"));
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
    let mut means = Vec::new();
    for customer in rows.chunk_by(|a, b| key(a.1) == key(b.1)) {
        let (mut purchases, mut sum, mut count) = (0_u32, 0.0, 0_u32);
        for period in customer.chunk_by(|a, b| a.0 == b.0) {
            let amount = |row: &(i64, u32)| reader.amount(row.1 as usize);
            if period.iter().all(|row| reader.kind(amount(row)) == RowKind::Refund) {
                continue;
            }
            purchases += 1;
            if purchases == 1 && !options.include_first_transaction {
                continue;
            }
            let spent: f64 = period.iter().map(amount).sum();
            if !(spent > 0.0) {
                let row = period[0].1;
                let message = format!(
                    "need spend > 0 at each repeat purchase, got {spent} by customer {}: drop refunds and amounts of 0",
                    key(row)
                );
                return Err(Error::data(row as usize, message).with_field("amount"));
            }
            sum += spent.ln();
            count += 1;
        }
        if purchases > 0 {
            means.push(if count > 0 { (sum / f64::from(count)).exp() } else { 0.0 });
        }
    }
    if means.is_empty() {
        return Err(Error::new(ErrorKind::NotEnoughData, "no customer has a purchase before the end"));
    }
    Ok(means)
}
