//! The intervals between the purchases of each customer, all of them: what only measures of regularity need.

use super::horizon::Horizon;
use super::log::{Log, Reader, RowKind};
use super::options::SummaryOptions;
use crate::control::Control;
use crate::error::{Error, Result};

/// Intervals between purchases.
#[derive(Debug, Clone, PartialEq)]
pub struct Intervals {
    /// Those of the first customer, in order of time, then those of the second, …, in periods of the summary.
    pub lengths: Vec<f64>,
    /// How many each customer has; 0 without a repeat purchase.
    pub per_customer: Vec<usize>,
}

/// The intervals between the purchases of a log, with the same options, and for the same customers in the order of their keys, as [`summarize`](super::summarize):
/// rows of one customer within one period are one purchase.
///
/// ```
/// use cam_core::{Control, summary::{Log, SummaryOptions, Times, intervals}};
/// let log = Log::new(&["ann", "bob", "ann", "ann"][..], Times::Days(&[0, 7, 14, 21]));
/// let found = intervals(&log, &SummaryOptions::new(), &Control::new())?;
/// assert_eq!((found.lengths, found.per_customer), (vec![14.0, 7.0], vec![2, 0]));
/// # Ok::<(), cam_core::Error>(())
/// ```
///
/// # Errors
/// Those of [`summarize`](super::summarize).
pub fn intervals(log: &Log<'_>, options: &SummaryOptions, control: &Control<'_>) -> Result<Intervals> {
    let reader = Reader::new(log, options)?;
    let end = Horizon::new(options, &[])?.end;
    let mut rows: Vec<(i64, u32)> = Vec::new();
    for row in 0..log.rows() {
        if row % super::log::BLOCK == 0 {
            control.check()?;
        }
        let code = reader.check(row)?;
        let is_refund = log.amounts.is_some() && reader.kind(reader.amount(row)) == RowKind::Refund;
        if reader.keeps(row, end) && !is_refund {
            let row = u32::try_from(row).map_err(|_| Error::shape("at most 4294967295 rows at once"))?;
            rows.push((code, row));
        }
    }
    let key = |row: u32| log.keys.get(row as usize);
    rows.sort_unstable_by(|a, b| key(a.1).cmp(&key(b.1)).then(a.cmp(b)));
    control.check()?;
    let mut found = Intervals { lengths: Vec::new(), per_customer: Vec::new() };
    for customer in rows.chunk_by(|a, b| key(a.1) == key(b.1)) {
        let before = found.lengths.len();
        for pair in customer.windows(2).filter(|pair| pair[0].0 != pair[1].0) {
            found.lengths.push((pair[1].0 - pair[0].0) as f64);
        }
        found.per_customer.push(found.lengths.len() - before);
    }
    Ok(found)
}
