//! Whether chains have mixed, and how much their draws are worth.
//!
//! Source: Vehtari, Gelman, Simpson, Carpenter & Bürkner (2021), Rank-normalization, folding, and localization: an improved R̂ for assessing convergence of MCMC, Bayesian
//! Analysis 16(2), 667–718. Each chain is split in two. R̂ compares the variance between with that within, of the normal scores of the ranks, and of those of the distances from the
//! median; the larger counts. *Bulk* effective size is that of the normal scores, for means; *tail* is the smaller of those of the 5 % and 95 % quantiles.
//!
//! Autocorrelations are summed as long as pairs of neighbours are positive and fall (Geyer 1992, Practical Markov chain Monte Carlo, Statistical Science 7(4), 473–483).

use super::bootstrap::quantile;
use crate::math::normal::normal_quantile;
use serde::{Deserialize, Serialize};

/// What the draws of one parameter say about themselves.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mixing {
    /// Rank-normalised split R̂: above 1.01 the chains do not agree. NaN, in JSON null, where it cannot be told.
    #[serde(deserialize_with = "number_or_nan")]
    pub r_hat: f64,
    /// Effective number of draws for the centre of the distribution.
    #[serde(deserialize_with = "number_or_nan")]
    pub ess_bulk: f64,
    /// Effective number of draws for its tails.
    #[serde(deserialize_with = "number_or_nan")]
    pub ess_tail: f64,
}

/// JSON has no NaN and no infinity: what was one is null.
fn number_or_nan<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::<f64>::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

impl Mixing {
    /// Of chains of equal length, at least 4 draws each; NaN where there are fewer, or where the draws are all the same.
    pub fn of(chains: &[Vec<f64>]) -> Mixing {
        let halves = split(chains);
        if halves.iter().any(|half| half.len() < 2) || halves.is_empty() {
            return Mixing { r_hat: f64::NAN, ess_bulk: f64::NAN, ess_tail: f64::NAN };
        }
        let mut sorted: Vec<f64> = chains.concat();
        sorted.sort_unstable_by(f64::total_cmp);
        // Of an odd number of draws those in the middle are in no half.
        let mut halved: Vec<f64> = halves.concat();
        halved.sort_unstable_by(f64::total_cmp);
        let median = quantile(&halved, 0.5);
        let folded: Vec<Vec<f64>> =
            halves.iter().map(|half| half.iter().map(|v| (v - median).abs()).collect()).collect();
        let bulk = normal_scores(&halves);
        let beyond = |p: f64| {
            let at = quantile(&sorted, p);
            let below = |v: &f64| if *v <= at { 1.0 } else { 0.0 };
            effective_size(&halves.iter().map(|half| half.iter().map(below).collect()).collect::<Vec<_>>())
        };
        Mixing {
            r_hat: reduction(&bulk).max(reduction(&normal_scores(&folded))),
            ess_bulk: effective_size(&bulk),
            ess_tail: beyond(0.05).min(beyond(0.95)),
        }
    }
}

/// Each chain as two; of an odd number of draws the middle one is left out.
fn split(chains: &[Vec<f64>]) -> Vec<Vec<f64>> {
    chains
        .iter()
        .flat_map(|chain| {
            let half = chain.len() / 2;
            [chain[..half].to_vec(), chain[chain.len() - half..].to_vec()]
        })
        .collect()
}

/// The normal quantiles of (rank − 3/8)/(n + 1/4), ranks over all chains; equal values have the mean of their ranks.
fn normal_scores(chains: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let mut order: Vec<(f64, usize, usize)> = Vec::new();
    for (c, chain) in chains.iter().enumerate() {
        order.extend(chain.iter().enumerate().map(|(d, &v)| (v, c, d)));
    }
    order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let n = order.len() as f64;
    let mut scores: Vec<Vec<f64>> = chains.iter().map(|chain| vec![0.0; chain.len()]).collect();
    let mut first = 0;
    while first < order.len() {
        let last = (first..order.len()).take_while(|&k| order[k].0 == order[first].0).last().unwrap_or(first);
        let rank = 0.5 * (first + last) as f64 + 1.0;
        let score = normal_quantile((rank - 0.375) / (n + 0.25));
        for &(_, c, d) in &order[first..=last] {
            scores[c][d] = score;
        }
        first = last + 1;
    }
    scores
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// With n − 1.
fn variance(values: &[f64]) -> f64 {
    let m = mean(values);
    values.iter().map(|v| (v - m).powi(2)).sum::<f64>() / (values.len() as f64 - 1.0)
}

/// R̂: the square root of the variance of all draws over that within chains.
fn reduction(chains: &[Vec<f64>]) -> f64 {
    let n = chains[0].len() as f64;
    let means: Vec<f64> = chains.iter().map(|chain| mean(chain)).collect();
    let within = mean(&chains.iter().map(|chain| variance(chain)).collect::<Vec<_>>());
    ((variance(&means) + within * (n - 1.0) / n) / within).sqrt()
}

/// The number of independent draws that would tell the mean as well.
fn effective_size(chains: &[Vec<f64>]) -> f64 {
    let (m, n) = (chains.len() as f64, chains[0].len());
    let count = n as f64;
    let centred: Vec<Vec<f64>> = chains
        .iter()
        .map(|chain| {
            let m = mean(chain);
            chain.iter().map(|v| v - m).collect()
        })
        .collect();
    // Mean autocovariance of the chains at a lag.
    let covariance = |lag: usize| {
        let one = |c: &Vec<f64>| c.iter().zip(&c[lag..]).map(|(a, b)| a * b).sum::<f64>() / count;
        centred.iter().map(one).sum::<f64>() / m
    };
    let at_zero = covariance(0);
    let within = at_zero * count / (count - 1.0);
    let means: Vec<f64> = chains.iter().map(|chain| mean(chain)).collect();
    let between = if chains.len() > 1 { variance(&means) } else { 0.0 };
    let total = at_zero + between;
    let correlation = |lag: usize| 1.0 - (within - covariance(lag)) / total;
    let mut pairs = vec![(1.0, if n > 1 { correlation(1) } else { 0.0 })];
    let (mut last, mut lag) = (pairs[0], 1);
    while lag + 3 < n && last.0 + last.1 > 0.0 {
        last = (correlation(lag + 1), correlation(lag + 2));
        pairs.push(last);
        lag += 2;
    }
    // Of the pair that ends the sum, because it is not positive or the chain is over, the first alone counts, where it is positive.
    pairs.pop();
    let (mut sum, mut least) = (0.0, f64::INFINITY);
    for (even, odd) in pairs {
        least = (even + odd).min(least);
        sum += least;
    }
    let all = m * count;
    let time = (2.0 * sum - 1.0 + last.0.max(0.0)).max(1.0 / all.log10());
    all / time
}
