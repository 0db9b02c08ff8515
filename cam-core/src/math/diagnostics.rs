//! Whether chains of draws have come to agree, and how many independent draws they are worth.
//!
//! Vehtari, Gelman, Simpson, Carpenter & Bürkner (2021), *Rank-normalization, folding, and localization: an improved R̂ for assessing
//! convergence of MCMC*, Bayesian Analysis 16(2), 667–718; equation numbers below are theirs. The first half of a chain and its second are taken for two
//! chains, so that one that drifts disagrees with itself; draws are replaced by normal scores of their ranks (eq. 14), so that everything is
//! defined for tails without a variance, too.
//!
//! | number | what | good |
//! |---|---|---|
//! | [`r_hat`](Diagnostics::r_hat) | between chains against within them, of the scores and of those of the distances from the median; the larger | below 1.01 |
//! | [`ess_bulk`](Diagnostics::ess_bulk) | effective draws for means and medians | 100 per chain |
//! | [`ess_tail`](Diagnostics::ess_tail) | effective draws for the 5 % and the 95 % quantile; the smaller | 100 per chain |
//!
//! Autocorrelations are summed by the initial monotone sequence of Geyer (1992, *Statistical Science* 7, 473–483). They are computed lag by lag
//! as far as the sum needs them: chains that mix well cost a few passes over the draws.

use super::normal::normal_quantile;

/// How well chains agree; see the [module](self). Where chains are shorter than four draws, of unequal length, or hold a NaN, all are NaN; where all draws are
/// the same there is nothing to compare: R̂ is NaN, and every draw counts.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Diagnostics {
    /// Rank-normalised split R̂, eqs 4 and 14 and section 4.2.
    #[serde(deserialize_with = "number_or_nan")]
    pub r_hat: f64,
    /// Effective number of draws in the bulk, eq. 10 on normal scores.
    #[serde(deserialize_with = "number_or_nan")]
    pub ess_bulk: f64,
    /// Effective number of draws in the tails, section 4.3.
    #[serde(deserialize_with = "number_or_nan")]
    pub ess_tail: f64,
}

/// JSON has no NaN and no infinity: what was one is null.
fn number_or_nan<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(<Option<f64> as serde::Deserialize>::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

/// Compare chains of equal length.
///
/// ```
/// use cam_core::math::{diagnostics::diagnose, random::Stream};
/// let chain = |id| { let mut s = Stream::new(1, id); (0..1000).map(|_| s.normal()).collect::<Vec<f64>>() };
/// let found = diagnose(&[chain(0), chain(1), chain(2), chain(3)]);
/// assert!(found.r_hat < 1.01 && found.ess_bulk > 3000.0 && found.ess_tail > 3000.0);
/// ```
pub fn diagnose(chains: &[impl AsRef<[f64]>]) -> Diagnostics {
    let length = chains.first().map_or(0, |chain| chain.as_ref().len());
    let sound = |chain: &[f64]| chain.len() == length && !chain.iter().any(|x| x.is_nan());
    if length < 4 || !chains.iter().all(|chain| sound(chain.as_ref())) {
        return Diagnostics { r_hat: f64::NAN, ess_bulk: f64::NAN, ess_tail: f64::NAN };
    }
    let half = length / 2;
    // An odd draw in the middle belongs to neither half.
    let split: Vec<f64> = chains
        .iter()
        .flat_map(|chain| {
            let chain = chain.as_ref();
            chain[..half].iter().chain(&chain[length - half..]).copied()
        })
        .collect();
    let all: Vec<f64> = chains.iter().flat_map(|chain| chain.as_ref().iter().copied()).collect();
    let scores = normal_scores(&split);
    let median = quantile(&mut split.clone(), 0.5);
    let folded: Vec<f64> = split.iter().map(|x| (x - median).abs()).collect();
    let tail = |p: f64| {
        let bound = quantile(&mut all.clone(), p);
        let below: Vec<f64> = split.iter().map(|&x| f64::from(u8::from(x <= bound))).collect();
        effective(&below, half)
    };
    Diagnostics {
        r_hat: potential_scale_reduction(&scores, half)
            .max(potential_scale_reduction(&normal_scores(&folded), half)),
        ess_bulk: effective(&scores, half),
        ess_tail: tail(0.05).min(tail(0.95)),
    }
}

/// The quantile of level `p` ∈ \[0, 1\] by linear interpolation between order statistics (type 7 of Hyndman & Fan 1996, *American Statistician*
/// 50, 361–365). The values are put into another order. NaN where there are none, or one of them is NaN.
pub fn quantile(values: &mut [f64], p: f64) -> f64 {
    let last = match values.len() {
        0 => return f64::NAN,
        n => n - 1,
    };
    if values.iter().any(|x| x.is_nan()) || !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    let at = p * last as f64;
    let below = at.floor() as usize;
    let (_, &mut low, above) = values.select_nth_unstable_by(below, f64::total_cmp);
    let high = above.iter().copied().fold(f64::INFINITY, f64::min);
    let part = at - below as f64;
    // At the very end there is nothing above, and nothing to add. Between two, the middle is just that: what lies as far from it on either side is a tie.
    if part == 0.0 { low } else { (1.0 - part) * low + part * high }
}

/// Φ⁻¹((rank − 3/8)/(n + 1/4)) with mid-ranks for ties, eq. 14.
fn normal_scores(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut scores = vec![0.0; values.len()];
    let mut from = 0;
    while from < order.len() {
        let same = order[from..].iter().take_while(|&&i| values[i] == values[order[from]]).count();
        let rank = from as f64 + 0.5 * (same as f64 + 1.0);
        let score = normal_quantile((rank - 0.375) / (values.len() as f64 + 0.25));
        order[from..from + same].iter().for_each(|&i| scores[i] = score);
        from += same;
    }
    scores
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Sum of squares about the mean over n − 1.
fn variance(values: &[f64]) -> f64 {
    let center = mean(values);
    values.iter().map(|x| (x - center) * (x - center)).sum::<f64>() / (values.len() as f64 - 1.0)
}

/// √(((n − 1)/n W + B/n)/W), eqs 1–4.
fn potential_scale_reduction(values: &[f64], length: usize) -> f64 {
    let means: Vec<f64> = values.chunks_exact(length).map(mean).collect();
    let within: Vec<f64> = values.chunks_exact(length).map(variance).collect();
    let n = length as f64;
    (variance(&means) / mean(&within) + (n - 1.0) / n).sqrt()
}

/// Effective number of draws, eqs 10–13, of chains that lie one after the other.
fn effective(values: &[f64], length: usize) -> f64 {
    let (least, most) =
        values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, m), &x| (l.min(x), m.max(x)));
    if most - least < 1e-15 {
        return values.len() as f64;
    }
    let n = length as f64;
    let means: Vec<f64> = values.chunks_exact(length).map(mean).collect();
    // Mean over chains of the autocovariance at a lag, with divisor n.
    let covariance = |lag: usize| {
        let of = |(chain, center): (&[f64], &f64)| {
            chain.iter().zip(&chain[lag..]).map(|(a, b)| (a - center) * (b - center)).sum::<f64>() / n
        };
        values.chunks_exact(length).zip(&means).map(of).sum::<f64>() / means.len() as f64
    };
    let within = covariance(0) * n / (n - 1.0);
    let between = if means.len() > 1 { variance(&means) } else { 0.0 };
    let total = within * (n - 1.0) / n + between;
    let correlation = |lag: usize| 1.0 - (within - covariance(lag)) / total;

    // Pairs of neighbouring lags (0, 1), (2, 3), … as long as their sum is positive; and never rising.
    let (mut even, mut odd) = (1.0, correlation(1));
    let (mut sum, mut smallest) = (0.0, f64::INFINITY);
    let mut lag = 1;
    while even + odd > 0.0 && lag + 3 < length {
        smallest = smallest.min(even + odd);
        sum += smallest;
        (even, odd) = (correlation(lag + 1), correlation(lag + 2));
        lag += 2;
    }
    // The first lag of the pair at the end still counts, unless both it and the pair are negative.
    let last = if even > 0.0 || even + odd >= 0.0 { even } else { 0.0 };
    let time = 2.0 * sum - 1.0 + last;
    let draws = values.len() as f64;
    draws / time.max(1.0 / draws.log10())
}
