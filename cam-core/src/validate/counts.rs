//! The distribution of the number of purchases in the holdout, against what happened.
//!
//! For a customer who bought n times, P(n | history) is what the log score wants, and P(X < n) + v P(X = n), v uniform, is the randomised probability
//! integral transform: uniform if the model is right (Czado, Gneiting & Held 2009, Biometrics 65(4), 1254–1261; randomised as in Smith 1985). v is drawn by
//! seed and customer.

use crate::control::Control;
use crate::error::{Error, Result};
use crate::math::incomplete_gamma::gamma_q;
use crate::math::random::Stream;
use crate::model::{Model, walk};
use crate::table::{Domain, Table};
use serde::Serialize;
use std::ops::Range;

/// What the distribution of counts says to each customer's.
#[derive(Debug, Clone, PartialEq)]
pub struct CountScores {
    /// ln P(X = n | history) for each customer; −∞ where the model rules it out.
    pub log_probability: Vec<f64>,
    /// The randomised probability integral transform of each.
    pub transform: Vec<f64>,
}

/// Score the count of each customer of the table in the next `horizon` units of time.
///
/// # Errors
/// As for [`Model::score`]; counts that are no whole numbers, or not as many as rows; a NaN in the table.
pub fn count_scores(
    model: &dyn Model,
    table: &Table<'_>,
    counts: &[f64],
    horizon: f64,
    seed: u64,
    control: &Control<'_>,
) -> Result<CountScores> {
    if counts.len() != table.rows() {
        return Err(Error::shape(format!(
            "need a count for each of {} customers, got {}",
            table.rows(),
            counts.len()
        )));
    }
    if let Some(row) = counts.iter().position(|n| !Domain::Count.contains(*n) || *n > 1e6) {
        return Err(Error::data(
            row,
            format!("a count must be a whole number from 0 to 1e6, got {}", counts[row]),
        ));
    }
    // All columns: covariates may be among them.
    let columns: Vec<_> =
        table.names().map(|name| table.column(name).map(|column| (name, column))).collect::<Result<_>>()?;
    let (mut below, mut exactly) = (vec![0.0; counts.len()], vec![f64::NAN; counts.len()]);
    // P(X = n) of those who bought n times or more; there are the fewer of them, the larger n is.
    let ask = |rest: &[usize], range: Range<u32>| {
        let picked: Vec<Vec<f64>> =
            columns.iter().map(|(_, column)| rest.iter().map(|&i| column[i]).collect()).collect();
        let mut some = Table::new().in_unit(table.unit());
        for ((name, _), values) in columns.iter().zip(&picked) {
            some = some.with(name, values)?;
        }
        model.counts(horizon, range, &some, control).map_err(|e| match e.row() {
            Some(row) => e.with_row(rest[row]),
            None => e,
        })
    };
    walk(counts.len(), u32::MAX, model.shares_counts(horizon), ask, |i, n, p| {
        let more = counts[i] > f64::from(n);
        match more {
            true => below[i] += p,
            false => exactly[i] = p,
        }
        more
    })?;
    if let Some(row) = exactly.iter().position(|p| p.is_nan()) {
        return Err(Error::data(row, "the history has a NaN, and no probability"));
    }
    let transform = below
        .iter()
        .zip(&exactly)
        .enumerate()
        .map(|(i, (below, p))| (below + Stream::new(seed, i as u64).uniform() * p).min(1.0))
        .collect();
    Ok(CountScores { log_probability: exactly.iter().map(|p| p.ln()).collect(), transform })
}

/// Whether numbers between 0 and 1 are uniform.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Uniformity {
    /// How many lie in each tenth.
    pub histogram: Vec<f64>,
    /// Kolmogorov's distance of their distribution from the uniform one.
    pub distance: f64,
    /// The probability of one as large if they are uniform; in the limit of many (Kolmogorov 1933).
    pub p_value: f64,
    /// Pearson's chi-square of the histogram, with 9 degrees of freedom.
    pub chi_square: f64,
    /// The probability of one as large.
    pub chi_square_p_value: f64,
}

/// Test whether numbers from 0 to 1 are uniform, as a probability integral transform is.
///
/// # Errors
/// No numbers, or one out of \[0, 1\].
pub fn uniformity(transform: &[f64]) -> Result<Uniformity> {
    if let Some(row) = transform.iter().position(|u| !(0.0..=1.0).contains(u)) {
        return Err(Error::data(row, format!("must be from 0 to 1, got {}", transform[row])));
    }
    if transform.is_empty() {
        return Err(Error::shape("a test of uniformity needs numbers, got none"));
    }
    let mut ascending = transform.to_vec();
    ascending.sort_unstable_by(f64::total_cmp);
    let n = ascending.len() as f64;
    let distance = ascending
        .iter()
        .enumerate()
        .fold(0.0_f64, |far, (i, u)| far.max((i as f64 + 1.0) / n - u).max(u - i as f64 / n));
    let mut histogram = vec![0.0; 10];
    for u in transform {
        histogram[((u * 10.0) as usize).min(9)] += 1.0;
    }
    let chi_square = histogram.iter().map(|count| (count - 0.1 * n).powi(2) / (0.1 * n)).sum();
    Ok(Uniformity {
        histogram,
        distance,
        p_value: kolmogorov(n.sqrt() * distance),
        chi_square,
        chi_square_p_value: gamma_q(4.5, 0.5 * chi_square),
    })
}

/// P(K > x) of Kolmogorov's distribution: 2 Σ (−1)^(k−1) e^(−2k²x²), and for small x its theta transform, 1 − √(2π)/x Σ e^(−(2k−1)²π²/(8x²)).
fn kolmogorov(x: f64) -> f64 {
    if x < 0.04 {
        return 1.0;
    }
    if x < 1.0 {
        let sum: f64 = (1..=4)
            .map(|k| {
                let odd = f64::from(2 * k - 1) * std::f64::consts::PI / x;
                (-odd * odd / 8.0).exp()
            })
            .sum();
        return 1.0 - (std::f64::consts::TAU).sqrt() / x * sum;
    }
    let term = |k: i32| f64::from(1 - 2 * ((k + 1) % 2)) * (-2.0 * f64::from(k * k) * x * x).exp();
    2.0 * (1..=4).map(term).sum::<f64>()
}
