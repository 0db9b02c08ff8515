//! Expectations over a mixing distribution, E\[g(X)\] with X ~ Gamma or Beta, to nearly full precision.
//!
//! In purchase models customers differ by a gamma or a beta distribution, and every quantity is such an expectation.
//! Closed forms exist, as hypergeometric functions, but they overflow, cancel or have poles that the quantity has not.
//! The expectation itself is harmless: on the scale y = ln X (gamma) or y = logit X (beta) the
//! density is analytic and dies exponentially on both sides, and for such integrands the plain trapezoidal rule is the best rule
//! there is: its error is e^(−2πd/h) for step h, where d is the half-width of the strip in which the integrand is analytic
//! (Trefethen & Weideman 2014, SIAM Review 56(3), 385–458, theorem 5.1).
//!
//! A tail e^(ay) with a ≪ 1 would need a long range. There, where X is so small that g no longer changes,
//! y = u − e^(−u − k) makes it die double-exponentially.
//!
//! Weights are normalised by their own sum, so that no ln Γ of large numbers enters.

use super::exp_log::{log1p_exp, logistic};
use super::quadrature::Rule;

/// What is cut off at either end, relative to the largest term: e^(−CUT).
const CUT: f64 = 39.0;

/// The widest step.
const STEP: f64 = 0.24;

/// The step for a density that rises like e^(shape·y) to the left. By Poisson's summation formula the error of the sum is the Fourier transform
/// at ω = 2π/h, which for the gamma density is |Γ(k + iω)/Γ(k)| ≈ exp(½k ln(1 + (ω/k)²) − ω atan(ω/k)) by Stirling's formula: this finds
/// the ω where that is e^(−38). (The strip alone does not tell it: at its edge the density is large if k is.)
pub(crate) fn step(shape: f64) -> f64 {
    let k = shape.max(1e-100);
    let mut omega = 38.0 + (76.0 * k).sqrt();
    // The exponent is convex in ω, and this begins beyond the root.
    for _ in 0..8 {
        let angle = (omega / k).atan();
        omega -= (omega * angle - k * (omega / k).hypot(1.0).ln() - 38.0) / angle;
    }
    STEP.min(std::f64::consts::TAU / omega)
}

/// X ~ Gamma(shape, rate 1). `finest` is the smallest scale on which g changes: for x ≪ finest it is constant.
pub fn gamma_mixing(shape: f64, finest: f64) -> Rule {
    // ln density of y = ln x, up to a constant: shape·y − e^y, greatest at y = ln shape.
    let density = |y: f64| shape * y - y.exp();
    let left = finest.min(1.0).ln() - 5.0;
    build(density, f64::exp, shape.ln(), 1.0 / shape.sqrt(), step(shape), left, f64::INFINITY, -finest.ln())
}

/// X ~ Beta(a, b). `finest` is the smallest scale on which g changes: for x ≪ finest it is constant. `gain` is ln g(0)/E\[g(X)\] or
/// more, for a decreasing g: so much rarer may be what still matters.
pub fn beta_mixing(a: f64, b: f64, finest: f64, gain: f64) -> Rule {
    let mut rule = beta_mixing_logits(a, b, finest, gain);
    rule.nodes.iter_mut().for_each(|y| *y = logistic(*y));
    rule
}

/// As [`beta_mixing`], with nodes y = ln X/(1 − X): for functions that need both X and 1 − X to full precision.
pub fn beta_mixing_logits(a: f64, b: f64, finest: f64, gain: f64) -> Rule {
    // ln density of y = logit x, up to a constant: a ln x + b ln(1 − x), greatest at y = ln(a/b).
    let density = |y: f64| -a * log1p_exp(-y) - b * log1p_exp(y);
    let width = (1.0 / a + 1.0 / b).sqrt();
    let left = finest.min(1.0).ln() - 5.0;
    build(density, |y| y, (a / b).ln(), width, step(a), left, 5.0, gain)
}

#[expect(clippy::too_many_arguments, reason = "one density, described once for gamma and once for beta")]
fn build(
    density: impl Fn(f64) -> f64,
    value: impl Fn(f64) -> f64,
    mode: f64,
    width: f64,
    widest: f64,
    left: f64,
    right: f64,
    gain: f64,
) -> Rule {
    let cut = CUT + gain.max(0.0);
    // A peak narrower than the strip wants h ≤ 0.68 σ: then e^(−2π²σ²/h²) = 1e-18.
    let h = widest.min(0.68 * width);
    // Where a mode lies outside [left, right], stretching begins beyond it, so that the peak is never stretched.
    let (left, right) = (left.min(mode - 12.0 * width.min(1.0)), right.max(mode + 12.0 * width.min(1.0)));
    let stretch = |u: f64| {
        let (down, up) = ((left - u).exp(), if right.is_finite() { (u - right).exp() } else { 0.0 });
        (u - down + up, 1.0 + down + up)
    };
    let term = |u: f64| {
        let (y, slope) = stretch(u);
        density(y) + slope.ln()
    };
    let peak = term(mode);
    let mut points: Vec<(f64, f64)> = Vec::new();
    let mut top = peak;
    for direction in [-1.0, 1.0] {
        let mut k = if direction < 0.0 { 1.0 } else { 0.0 };
        loop {
            let u = mode + direction * k * h;
            let t = term(u);
            top = top.max(t);
            // A weight below the cut and falling ends the sum; NaN (e^∞ − e^∞) is far beyond it.
            if !(t >= top - cut) || k > 20_000.0 {
                break;
            }
            points.push((u, t));
            k += 1.0;
        }
        if direction < 0.0 {
            points.reverse();
        }
    }
    let mut nodes = Vec::with_capacity(points.len());
    let mut weights = Vec::with_capacity(points.len());
    let mut total = 0.0;
    for (u, t) in points {
        let w = (t - top).exp();
        nodes.push(value(stretch(u).0));
        weights.push(w);
        total += w;
    }
    weights.iter_mut().for_each(|w| *w /= total);
    Rule { nodes, weights }
}
