//! The bootstrap: how the estimates would scatter if other customers had come, by fitting again and again.
//!
//! *Non-parametric*: as many customers are drawn with replacement as there are. Over compressed rows that is one multinomial draw of weights, so a replicate
//! costs no new rows. *Parametric*: customers are drawn from the fitted model, each with the age that he or she has, compressed and fitted; see
//! `inference`.
//!
//! The maximum of a replicate is within some standard errors of that of the data, so Newton's method begins there and takes two or three evaluations.
//! Replicate b is drawn from a stream that its number and the seed decide: the same for any number of threads, and the first 200 of 1,000 are the same as 200 alone.
//!
//! Intervals at level 1 − α, on the coordinate u of a parameter (its logarithm, where it is positive), with q the quantiles of the replicates:
//!
//! - `percentile`: \[q_{α/2}, q_{1−α/2}\] (Efron 1979);
//! - `basic`: \[2û − q_{1−α/2}, 2û − q_{α/2}\], which mirrors them at the estimate and so undoes a bias instead of doubling it (Davison & Hinkley
//!   1997, Bootstrap Methods and their Application, section 5.2).

use super::likelihood::Likelihood;
use super::profile::check_level;
use crate::control::{Control, Progress};
use crate::error::{Error, ErrorKind, Result};
use crate::math::random::Stream;
use crate::optim::{Settings, Stop, minimise};
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicU64, Ordering};

/// Which interval is made of the replicates; see the [module](self).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BootstrapInterval {
    /// Quantiles of the replicates.
    #[default]
    Percentile,
    /// Quantiles mirrored at the estimate.
    Basic,
}

/// The estimates of all replicates.
#[derive(Debug, Clone, PartialEq)]
pub struct Bootstrap {
    /// The names of the parameters.
    pub parameters: Vec<String>,
    /// Replicate by replicate, the coordinates of its maximum; those of a failed one are NaN.
    pub coordinates: Vec<Vec<f64>>,
    /// The same as parameters.
    pub estimates: Vec<Vec<f64>>,
    /// How many replicates have no maximum.
    pub failed: usize,
}

/// An interval for one parameter by the bootstrap.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BootstrapEnds {
    /// The parameter.
    pub parameter: String,
    /// Lower end.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
    /// Standard deviation of the replicates of the parameter.
    pub standard_error: f64,
}

/// Draw customers with replacement and fit again, `replicates` times; `at` is the maximum.
///
/// # Errors
/// Fewer than two replicates, or the caller has asked to stop.
pub fn bootstrap(
    likelihood: &dyn Likelihood,
    at: &[f64],
    replicates: usize,
    seed: u64,
    control: &Control<'_>,
) -> Result<Bootstrap> {
    let weights = likelihood.weights();
    let customers = weights.iter().sum::<f64>().round();
    refit(likelihood, replicates, control, |replicate, alone| {
        let mut stream = Stream::new(seed, replicate);
        let drawn = multinomial(customers, weights, &mut stream);
        maximum(|u| likelihood.evaluate_weighted(u, &drawn, alone), at)
    })
}

/// `replicates` fits by `fit`, which is given the number of the replicate and a control for one thread, and gives the coordinates of the maximum, if there is one.
pub(crate) fn refit(
    likelihood: &dyn Likelihood,
    replicates: usize,
    control: &Control<'_>,
    fit: impl Fn(u64, &Control<'_>) -> Result<Option<Vec<f64>>> + Sync,
) -> Result<Bootstrap> {
    if replicates < 2 {
        return Err(Error::parameter("replicates", "at least 2", replicates));
    }
    let done = AtomicU64::new(0);
    let alone = control.quiet().threads(1);
    let coordinates = control.map(replicates, |replicate| {
        let found = fit(replicate as u64, &alone)?;
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        control.report(Progress::new("bootstrap", done, Some(replicates as u64), 0.0));
        Ok(found.unwrap_or_else(|| vec![f64::NAN; likelihood.coordinates().len()]))
    })?;
    let failed = coordinates.iter().filter(|u| u.iter().any(|v| v.is_nan())).count();
    Ok(Bootstrap {
        parameters: likelihood.coordinates().iter().map(|c| c.name.to_string()).collect(),
        estimates: coordinates.iter().map(|u| likelihood.theta(u)).collect(),
        coordinates,
        failed,
    })
}

/// The maximum next to a point, to more digits than replicates need; none where there is none.
pub(crate) fn maximum(
    evaluate: impl Fn(&[f64]) -> Result<crate::optim::Point>,
    from: &[f64],
) -> Result<Option<Vec<f64>>> {
    let settings = Settings {
        gradient_tolerance: 1e-8,
        unseen_below: 1e-4,
        max_evaluations: 100,
        radius: 1.0,
        max_radius: 4.0,
        bound: 46.0,
    };
    let found = minimise(from.to_vec(), &settings, evaluate)?;
    Ok((found.stop == Stop::Gradient).then_some(found.at))
}

impl Bootstrap {
    /// Intervals; `likelihood` and `at` are those of the data.
    ///
    /// # Errors
    /// A level outside (0, 1), or more than a tenth of the replicates without a maximum: then quantiles of the others would mislead.
    pub fn intervals(
        &self,
        likelihood: &dyn Likelihood,
        at: &[f64],
        level: f64,
        kind: BootstrapInterval,
    ) -> Result<Vec<BootstrapEnds>> {
        check_level(level)?;
        if 10 * self.failed > self.coordinates.len() {
            return Err(Error::new(
                ErrorKind::Numerical,
                format!(
                    "{} of {} replicates of {} have no maximum: intervals of the others would be too short",
                    self.failed,
                    self.coordinates.len(),
                    likelihood.title()
                ),
            ));
        }
        let tail = 0.5 * (1.0 - level);
        Ok(likelihood
            .coordinates()
            .iter()
            .enumerate()
            .map(|(i, coordinate)| {
                let mut sorted: Vec<f64> =
                    self.coordinates.iter().map(|u| u[i]).filter(|u| !u.is_nan()).collect();
                sorted.sort_unstable_by(f64::total_cmp);
                let (low, high) = (quantile(&sorted, tail), quantile(&sorted, 1.0 - tail));
                let (low, high) = match kind {
                    BootstrapInterval::Percentile => (low, high),
                    BootstrapInterval::Basic => (2.0 * at[i] - high, 2.0 * at[i] - low),
                };
                BootstrapEnds {
                    parameter: coordinate.name.to_string(),
                    lower: coordinate.at(low)[0],
                    upper: coordinate.at(high)[0],
                    standard_error: deviation(self.estimates.iter().map(|theta| theta[i])),
                }
            })
            .collect())
    }
}

/// The standard deviation of the numbers that are not NaN.
fn deviation(values: impl Iterator<Item = f64>) -> f64 {
    let values: Vec<f64> = values.filter(|v| !v.is_nan()).collect();
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt()
}

/// The quantile of sorted numbers, between neighbours by a straight line: the k-th of n (from 0) is the k/(n − 1) quantile. NaN of none.
pub(crate) fn quantile(sorted: &[f64], p: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let place = p.clamp(0.0, 1.0) * last as f64;
    let below = place.floor() as usize;
    let (a, b) = (sorted[below], sorted[(below + 1).min(last)]);
    let part = place - below as f64;
    if part == 0.0 { a } else { a + part * (b - a) }
}

/// How often each row is drawn in `trials` draws, with probabilities in proportion to the weights: one binomial variate after the other.
fn multinomial(trials: f64, weights: &[f64], stream: &mut Stream) -> Vec<f64> {
    let mut left = trials;
    // The weight of this row and all after it; sums from the end, so that the last is exact.
    let mut rest: Vec<f64> = weights.to_vec();
    for i in (0..rest.len().saturating_sub(1)).rev() {
        rest[i] += rest[i + 1];
    }
    weights
        .iter()
        .zip(&rest)
        .map(|(&weight, &rest)| {
            if left == 0.0 || weight == 0.0 {
                return 0.0;
            }
            let drawn = stream.binomial(left, (weight / rest).min(1.0));
            left -= drawn;
            drawn
        })
        .collect()
}
