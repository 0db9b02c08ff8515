//! Customers one by one, as samplers need them: checked, but not compressed.

use crate::clv::history::{HISTORY, TIMED_HISTORY, check_history};
use crate::error::{Error, ErrorKind, Result, brief};
use crate::rows::{Purpose, Reader, each_row};
use crate::summary::check_log_intervals;
use crate::table::{Domain, Table, Variable};

/// Frequency, recency, T, and the sum of log-intervals, row by row.
pub(super) fn timed(table: &Table<'_>, purpose: Purpose) -> Result<Vec<f64>> {
    read(table, &TIMED_HISTORY, purpose, |row| {
        check_history(&row[..3])?;
        check_log_intervals(row[0], row[1], row[3])
    })
}

/// Frequency, recency and T, row by row. To score, a row with a NaN keeps it.
pub(super) fn histories(table: &Table<'_>, purpose: Purpose) -> Result<Vec<f64>> {
    read(table, &HISTORY, purpose, check_history)
}

fn read(
    table: &Table<'_>,
    columns: &[Variable],
    purpose: Purpose,
    rule: impl Fn(&[f64]) -> Result<(), String> + Sync,
) -> Result<Vec<f64>> {
    let rule = each_row(columns.len(), rule);
    let reader = Reader::new(table, columns, purpose, &rule)?;
    if purpose == Purpose::Fit {
        if table.rows() == 0 {
            return Err(Error::new(ErrorKind::NotEnoughData, "there is no row to learn from"));
        }
        // Each customer has draws of his or her own; one that stands for several has none that would be right.
        let weights = table.get("weight");
        if let Some(row) = weights.and_then(|w| w.iter().position(|&weight| weight != 1.0)) {
            let message = format!(
                "weight must be 1 in every row here, got {}",
                brief(weights.map_or(f64::NAN, |w| w[row]))
            );
            return Err(Error::data(row, message).with_field("weight"));
        }
    }
    let mut rows = vec![0.0; table.rows() * columns.len()];
    reader.read_block::<0>(0, &mut rows, |_, _| ())?;
    Ok(rows)
}

/// The columns of covariates, row by row after a 1 for the intercept.
pub(super) fn design(table: &Table<'_>, covariates: &[String], purpose: Purpose) -> Result<Vec<f64>> {
    let columns = covariates.iter().map(|name| table.column(name)).collect::<Result<Vec<_>>>()?;
    let width = 1 + columns.len();
    let mut design = vec![1.0; table.rows() * width];
    for (k, column) in columns.iter().enumerate() {
        for (row, &value) in column.iter().enumerate() {
            if !(Domain::Real.contains(value) || purpose == Purpose::Score && value.is_nan()) {
                let message =
                    format!("{} must be {}, got {}", covariates[k], Domain::Real.rule(), brief(value));
                return Err(Error::data(row, message).with_field(&covariates[k]));
            }
            // −0 and 0 are the same.
            design[row * width + 1 + k] = value + 0.0;
        }
    }
    Ok(design)
}
