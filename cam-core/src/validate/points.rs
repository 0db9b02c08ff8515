//! Errors of expected purchases.

use crate::error::{Error, Result};
use serde::Serialize;

/// How far predictions are off.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PointErrors {
    /// Customers.
    pub customers: usize,
    /// Sum of what was predicted.
    pub predicted_total: f64,
    /// Sum of what happened.
    pub actual_total: f64,
    /// Error of the total, relative to what happened: 0.1 is ten per cent too many; NaN where nothing happened.
    pub aggregate_error: f64,
    /// Mean absolute error of a customer.
    pub mae: f64,
    /// Root of the mean squared error of a customer.
    pub rmse: f64,
}

/// Both as long, and no NaN.
pub(super) fn check(predicted: &[f64], actual: &[f64]) -> Result<()> {
    if predicted.len() != actual.len() || actual.is_empty() {
        return Err(Error::shape(format!(
            "need as many predictions as outcomes, and at least one; got {} and {}",
            predicted.len(),
            actual.len()
        )));
    }
    match (0..actual.len()).find(|&i| !predicted[i].is_finite() || !actual[i].is_finite()) {
        Some(row) => Err(Error::data(
            row,
            format!("need finite numbers, got {} predicted and {} actual", predicted[row], actual[row]),
        )),
        None => Ok(()),
    }
}

/// Errors of single customers and of the total.
///
/// ```
/// let errors = cam_core::validate::point_errors(&[1.0, 2.0], &[0.0, 4.0])?;
/// assert_eq!((errors.mae, errors.aggregate_error), (1.5, -0.25));
/// # Ok::<(), cam_core::Error>(())
/// ```
///
/// # Errors
/// Lengths that differ, or a number that is not finite.
pub fn point_errors(predicted: &[f64], actual: &[f64]) -> Result<PointErrors> {
    check(predicted, actual)?;
    let n = actual.len() as f64;
    let (mut absolute, mut squares, mut predicted_total, mut actual_total) = (0.0, 0.0, 0.0, 0.0);
    for (p, a) in predicted.iter().zip(actual) {
        absolute += (p - a).abs();
        squares += (p - a) * (p - a);
        predicted_total += p;
        actual_total += a;
    }
    Ok(PointErrors {
        customers: actual.len(),
        predicted_total,
        actual_total,
        aggregate_error: if actual_total > 0.0 { predicted_total / actual_total - 1.0 } else { f64::NAN },
        mae: absolute / n,
        rmse: (squares / n).sqrt(),
    })
}

/// A tenth of the customers, by what was predicted of them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Decile {
    /// Customers in it.
    pub customers: usize,
    /// Mean of what was predicted.
    pub predicted: f64,
    /// Mean of what happened.
    pub actual: f64,
}

/// Calibration: customers in ten groups of equal size, up to one, from the least to the most predicted. Where predictions are equal, customers
/// stand in the order of the table.
///
/// # Errors
/// As for [`point_errors`].
pub fn deciles(predicted: &[f64], actual: &[f64]) -> Result<Vec<Decile>> {
    check(predicted, actual)?;
    let n = actual.len();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| predicted[i].total_cmp(&predicted[j]));
    Ok((0..10)
        .map(|k| &order[k * n / 10..(k + 1) * n / 10])
        .filter(|group| !group.is_empty())
        .map(|group| {
            let mean = |of: &[f64]| group.iter().map(|&i| of[i]).sum::<f64>() / group.len() as f64;
            Decile { customers: group.len(), predicted: mean(predicted), actual: mean(actual) }
        })
        .collect())
}
