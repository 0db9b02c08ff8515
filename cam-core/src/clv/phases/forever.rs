//! Discounted purchases for ever, at a continuous rate: no horizon, and so no sum over horizons.
//!
//! A phase that ends at t counts e^(−δt), and phases end at rate λ: so each counts θ = λ/(λ + δ) of the one before. Of a customer in phase j of k, with
//! probability q = 1 − p of staying after a purchase, the discounted purchases are
//!
//! Σ_{i≥1} q^(i−1) θ^(ki−j) = θ^(k−j)/(1 − qθ^k),
//!
//! all of them, for any k. Of this the mean is taken over λ ~ Gamma(m, A), X = Aλ, c = Aδ, by a trapezoidal sum over y = ln X, and for each X over
//! p ~ Beta(a, b). The factor θ^(k−j) may move the bulk of the integrand far out of that of the density; so the sum follows the integrand, not the density.

use super::Future;
use crate::math::{
    exp_log::log1p_exp,
    gamma::ln_gamma,
    mixing::{beta_mixing, step},
};

/// What is cut off at either end, relative to the largest term: e^(−41).
const CUT: f64 = 41.0;

/// Shapes above this have their density normalised by its own sum, for ln Γ of them is too large a number.
const LARGE: f64 = 20.0;

/// E\[θ^(k−j)/(1 − qθ^k)\] for c = (α + T) δ.
pub(super) fn expected(of: &Future, c: f64) -> f64 {
    let &Future { m, a, b, k, phase } = of;
    let first = k - phase;
    let middle = m.ln();
    // ln(1 + c/X) = ln(1 + e^(ln c − y)).
    let ln_c = c.ln();
    let fall = |y: f64| log1p_exp(ln_c - y);
    let log = |y: f64| {
        let fall = fall(y);
        density(m, y - middle) - first * fall - (-(-k * fall).exp_m1()).ln()
    };
    let h = step(m + first + 1.0);
    let terms = terms(log, middle, h);
    // p matters from the scale of 1 − θ^k on, which is least where X is largest.
    let least = terms.iter().map(|(y, _)| -(-k * fall(*y)).exp_m1()).fold(1.0, f64::min);
    let rest = 1.0 / least - 1.0;
    let dropouts = beta_mixing(a, b, (1.0 / rest).min(1.0), (rest * (a / (a + b))).ln_1p());
    let top = terms.iter().map(|(_, log)| *log).fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for (y, log) in &terms {
        // w = z/(1 − z), z = θ^k: 1/(1 − qz) = 1/(1 − z) · 1/(1 + pw).
        let kept = (-k * fall(*y)).exp();
        let w = kept / -(-k * fall(*y)).exp_m1();
        let mut mean = 0.0;
        for (p, weight) in dropouts.nodes.iter().zip(&dropouts.weights) {
            mean += weight / (1.0 + p * w);
        }
        sum += (log - top).exp() * mean;
    }
    (top - whole(m, h)).exp() * sum
}

/// E\[g(X)\], X ~ Gamma(m, 1), for a positive g of which ln g(e^y) is given: by a trapezoidal sum with steps of h, which follows the integrand.
pub(super) fn mean(m: f64, h: f64, mut ln_g: impl FnMut(f64) -> f64) -> f64 {
    let middle = m.ln();
    let terms = terms(|y| density(m, y - middle) + ln_g(y), middle, h);
    let top = terms.iter().map(|(_, log)| *log).fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = terms.iter().map(|(_, log)| (log - top).exp()).sum();
    if terms.is_empty() { 0.0 } else { (top - whole(m, h)).exp() * sum }
}

/// ln of the sum over the density itself.
fn whole(m: f64, h: f64) -> f64 {
    let middle = m.ln();
    if m > LARGE {
        terms(|y| density(m, y - middle), middle, h).iter().map(|(_, log)| log.exp()).sum::<f64>().ln()
    } else {
        ln_gamma(m) - (m * middle - m) - h.ln()
    }
}

/// ln of the density of y = ln X at a distance from its mode, relative to its value there.
fn density(m: f64, d: f64) -> f64 {
    -m * (d.exp_m1() - d)
}

/// Points and logarithms of a trapezoidal sum, from `middle` on in both directions until the terms no longer count.
fn terms(mut log: impl FnMut(f64) -> f64, middle: f64, h: f64) -> Vec<(f64, f64)> {
    let mut points = Vec::new();
    let mut top = f64::NEG_INFINITY;
    for (direction, first) in [(1.0, 0), (-1.0, 1)] {
        for i in first..20_000 {
            let y = middle + direction * h * f64::from(i);
            let value = log(y);
            top = top.max(value);
            if !(value > top - CUT) {
                break;
            }
            points.push((y, value));
        }
    }
    points
}
