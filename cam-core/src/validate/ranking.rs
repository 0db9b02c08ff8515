//! Whether the order of the customers comes out right.

use super::points::check;
use crate::clv::{correlation, ranks};
use crate::error::Result;
use serde::Serialize;

/// Rank correlations, and what the best customers by prediction brought.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ranking {
    /// Spearman's correlation, of mid-ranks; NaN where one side does not vary.
    pub spearman: f64,
    /// Kendall's τ_b, which corrects for ties; NaN where one side does not vary.
    pub kendall: f64,
    /// Gini coefficient of what happened along the order of the predictions: 0 for a random order. Equal predictions share equally.
    pub gini: f64,
    /// The same relative to the best possible order, which has 1; NaN where nothing happened or all are alike.
    pub gini_normalised: f64,
    /// What the best tenth by prediction brought, relative to a tenth of all.
    pub lift_10: f64,
    /// What the best fifth brought, relative to a fifth of all.
    pub lift_20: f64,
    /// The curve behind it: share of the customers, best first, and their share of what happened; a point for each tie.
    #[serde(skip)]
    pub curve: Vec<[f64; 2]>,
}

/// Compare the order of predictions with what happened, which must not be negative to have shares.
///
/// ```
/// let ranking = cam_core::validate::ranking(&[0.1, 0.9, 0.4, 0.2], &[0.0, 5.0, 1.0, 0.0])?;
/// assert_eq!(ranking.gini_normalised, 1.0);
/// assert!(ranking.spearman > 0.9);
/// # Ok::<(), cam_core::Error>(())
/// ```
///
/// # Errors
/// Lengths that differ, or a number that is not finite.
pub fn ranking(predicted: &[f64], actual: &[f64]) -> Result<Ranking> {
    check(predicted, actual)?;
    let pairs: Vec<[f64; 3]> = predicted.iter().zip(actual).map(|(p, a)| [*p, *a, 1.0]).collect();
    let (p, a) = (ranks(&pairs, 0), ranks(&pairs, 1));
    let spearman = correlation(|| (0..pairs.len()).map(|i| [p[i], a[i], 1.0]));
    let curve = lorenz(predicted, actual);
    let best = gini(&lorenz(actual, actual));
    let own = gini(&curve);
    Ok(Ranking {
        spearman: spearman.unwrap_or(f64::NAN),
        kendall: kendall(predicted, actual),
        gini: own,
        gini_normalised: if best > 0.0 { own / best } else { f64::NAN },
        lift_10: at(&curve, 0.1) / 0.1,
        lift_20: at(&curve, 0.2) / 0.2,
        curve,
    })
}

/// Cumulative shares from the best by prediction on.
fn lorenz(predicted: &[f64], actual: &[f64]) -> Vec<[f64; 2]> {
    let mut order: Vec<usize> = (0..actual.len()).collect();
    order.sort_by(|&i, &j| predicted[j].total_cmp(&predicted[i]));
    let total: f64 = actual.iter().sum();
    let (mut customers, mut sum) = (0, 0.0);
    let mut curve = vec![[0.0, 0.0]];
    for tied in order.chunk_by(|&i, &j| predicted[i] == predicted[j]) {
        customers += tied.len();
        sum += tied.iter().map(|&i| actual[i]).sum::<f64>();
        curve.push([customers as f64 / actual.len() as f64, sum / total]);
    }
    curve
}

/// Twice the area between the curve and the diagonal.
fn gini(curve: &[[f64; 2]]) -> f64 {
    curve.windows(2).map(|w| (w[1][0] - w[0][0]) * (w[1][1] + w[0][1])).sum::<f64>() - 1.0
}

/// The curve at a share of the customers, linear within ties.
fn at(curve: &[[f64; 2]], share: f64) -> f64 {
    let next = curve.partition_point(|point| point[0] < share).clamp(1, curve.len() - 1);
    let ([x0, y0], [x1, y1]) = (curve[next - 1], curve[next]);
    y0 + (y1 - y0) * ((share - x0) / (x1 - x0)).clamp(0.0, 1.0)
}

/// τ_b by Knight's algorithm (1966, Journal of the American Statistical Association 61, 436–439): discordant pairs are the exchanges of a merge sort.
fn kendall(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| a[i].total_cmp(&a[j]).then(b[i].total_cmp(&b[j])));
    let pairs = |k: usize| k as f64 * (k as f64 - 1.0) / 2.0;
    let ties = |runs: &mut dyn Iterator<Item = usize>| -> f64 { runs.map(pairs).sum() };
    let tied_a = ties(&mut order.chunk_by(|&i, &j| a[i] == a[j]).map(<[usize]>::len));
    let tied_both = ties(&mut order.chunk_by(|&i, &j| a[i] == a[j] && b[i] == b[j]).map(<[usize]>::len));
    let mut values: Vec<f64> = order.iter().map(|&i| b[i]).collect();
    let exchanges = merge_sort(&mut values);
    let tied_b = ties(&mut values.chunk_by(|x, y| x == y).map(<[f64]>::len));
    let all = pairs(n);
    let concordant_less_discordant = all - tied_a - tied_b + tied_both - 2.0 * exchanges;
    // A root each, so that no product leaves the range; 0/0 where one side does not vary.
    concordant_less_discordant / (all - tied_a).sqrt() / (all - tied_b).sqrt()
}

/// Sorts; the number of exchanges of neighbours that it takes.
fn merge_sort(values: &mut [f64]) -> f64 {
    let n = values.len();
    let (mut from, mut to) = (values.to_vec(), vec![0.0; n]);
    let (mut exchanges, mut width) = (0.0, 1);
    while width < n {
        for start in (0..n).step_by(2 * width) {
            let (middle, end) = ((start + width).min(n), (start + 2 * width).min(n));
            let (mut i, mut j) = (start, middle);
            for out in &mut to[start..end] {
                if i < middle && (j >= end || from[i] <= from[j]) {
                    *out = from[i];
                    i += 1;
                } else {
                    *out = from[j];
                    j += 1;
                    exchanges += (middle - i) as f64;
                }
            }
        }
        std::mem::swap(&mut from, &mut to);
        width *= 2;
    }
    values.copy_from_slice(&from);
    exchanges
}
