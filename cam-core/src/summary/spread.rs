//! How the spend of each customer spreads from purchase to purchase: what the normal and the log-normal model of spend need to know.
//!
//! Mean and standard deviation are those of amounts, or of ln(amount), over the same purchases as `monetary_value`: rows of one customer within one
//! period are one purchase with the sum of the amounts, and the first is left out.

use super::columns::Summary;
use super::horizon::Horizon;
use super::log::{Log, Reader, RowKind};
use super::options::{Spread, SummaryOptions};
use crate::control::Control;
use crate::error::{Error, Result};

/// Adds the columns that `options` ask for to a summary of the log with these options.
pub(super) fn add(
    summary: &mut Summary,
    log: &Log<'_>,
    options: &SummaryOptions,
    control: &Control<'_>,
) -> Result<()> {
    let Some(spread) = options.spread else { return Ok(()) };
    let logarithmic = spread == Spread::Log;
    let (mean, deviation) = moments(log, options, logarithmic, control)?;
    if logarithmic {
        (summary.geometric_mean, summary.log_deviation) = (Some(mean), Some(deviation));
    } else {
        summary.monetary_deviation = Some(deviation);
    }
    Ok(())
}

/// Mean (or geometric mean) and deviation of each customer, in the order of the keys; 0 without a repeat purchase.
fn moments(
    log: &Log<'_>,
    options: &SummaryOptions,
    logarithmic: bool,
    control: &Control<'_>,
) -> Result<(Vec<f64>, Vec<f64>)> {
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
    let (mut means, mut deviations) = (Vec::new(), Vec::new());
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
            means.push(mean);
            // Of one purchase, exactly none.
            deviations.push(if spent.len() > 1 { (squares / count).sqrt() } else { 0.0 });
        }
    }
    Ok((means, deviations))
}
