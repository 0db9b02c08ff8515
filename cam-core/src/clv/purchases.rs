//! What purchase models with Poisson purchases and gamma rates have in common.

use crate::error::{Error, ErrorKind, Result};
use crate::math::exp_log::logistic;
use crate::math::gamma::{ln_gamma, ln_rising};
use crate::rows::Rows;

/// r and α of a negative binomial from the mean and the variance of the frequency: where a fit starts.
pub(super) fn count_start(rows: &Rows, title: &str) -> Result<(f64, f64)> {
    let (mut n, mut purchases, mut squares) = (0.0, 0.0, 0.0);
    for (row, weight) in rows.iter() {
        n += weight;
        purchases += weight * row[0];
        squares += weight * row[0] * row[0];
    }
    if purchases == 0.0 {
        return Err(Error::new(
            ErrorKind::NotEnoughData,
            format!("no customer has bought again (frequency is 0 in every row): {title} has no maximum"),
        ));
    }
    let (mean, age) = (purchases / n, typical_age(rows));
    // Variance = mean (1 + T/α) for ages alike.
    let excess = ((squares / n - mean * mean) / mean - 1.0).max(0.05);
    let alpha = age / excess;
    let r = (mean / excess).clamp(0.05, 20.0);
    Ok((r, alpha.clamp(1e-3 * age, 1e3 * age)))
}

/// The median age, over at most some thousand rows: no single customer can carry it off.
pub(super) fn typical_age(rows: &Rows) -> f64 {
    let stride = rows.len().div_ceil(4096).max(1);
    let mut ages: Vec<(f64, f64)> =
        rows.iter().step_by(stride).map(|(row, weight)| (row[2], weight)).collect();
    ages.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let half = 0.5 * ages.iter().map(|(_, weight)| weight).sum::<f64>();
    let mut below = 0.0;
    let median = ages.iter().find(|(_, weight)| {
        below += weight;
        below >= half
    });
    // Where most have just been acquired, the longest age is the scale.
    match median {
        Some(&(age, _)) if age > 0.0 => age,
        _ => ages.last().map_or(1.0, |&(age, _)| age).max(f64::MIN_POSITIVE),
    }
}

/// P(n purchases in t) of a customer who stays: negative binomial, NBD(r, α).
pub(super) fn nbd_probability(r: f64, alpha: f64, n: u32, t: f64) -> f64 {
    let count = f64::from(n);
    if t == 0.0 {
        return if n == 0 { 1.0 } else { 0.0 };
    }
    let mut log = -r * (t / alpha).ln_1p();
    if n > 0 {
        log += ln_rising(r, count) - ln_gamma(count + 1.0) - count * (alpha / t).ln_1p();
    }
    log.exp()
}

/// ln P(n phases) of NBD(m, A) within τ = t/A; −∞ where nothing can happen.
pub(super) fn ln_nbd_probability(m: f64, n: f64, tau: f64) -> f64 {
    let none = -m * tau.ln_1p();
    if n == 0.0 { none } else { none + ln_rising(m, n) - ln_gamma(n + 1.0) - n * (1.0 / tau).ln_1p() }
}

/// P(alive) · value, where P(alive) = 1/(1 + e^log_odds_left): in logarithms where P(alive) alone would underflow or be subnormal.
#[inline]
pub(super) fn if_alive(log_odds_left: f64, value: f64) -> f64 {
    if log_odds_left < 600.0 { logistic(-log_odds_left) * value } else { (value.ln() - log_odds_left).exp() }
}

/// From P(n) of a customer who is alive, for a range of n, to that of one who may have left, and then buys nothing.
pub(super) fn with_those_who_left(log_odds_left: f64, range: &std::ops::Range<u32>, out: &mut [f64]) {
    out.iter_mut().for_each(|p| *p = if_alive(log_odds_left, *p));
    if range.start == 0
        && let Some(none) = out.first_mut()
    {
        *none += logistic(log_odds_left);
    }
}
