//! Gauss's hypergeometric function ₂F₁(a, b; c; z) for real parameters, c > 0 and z < 1.
//!
//! The models of this crate avoid it in their inner loops; it serves formulas quoted from papers, and as a check.
//!
//! # Method
//!
//! 1. z < 0 is mapped to [0, 1) by Pfaff's transformation (NIST DLMF 15.8.1).
//! 2. The series (15.2.1), as long as it converges in a bounded number of terms.
//! 3. Otherwise, for a, b > 0, Euler's integral (15.6.1), an expectation over a beta distribution, by the tanh-sinh
//!    rule on the logarithmic scale. It needs c > b; where c ≤ b, c is first raised by
//!    `F(a,b;c) = Σⱼ C(m,j) (a)ⱼ(b)ⱼ zʲ/((c)ⱼ(c+m)ⱼ) F(a+j,b+j;c+m+j)`, whose terms are all positive.
//! 4. Otherwise (a or b ≤ 0 and z close to 1) Taylor steps of the differential equation (15.10.1) towards z.
//!
//! # Accuracy
//!
//! Against 50-digit values, for a, b from 0.01 to 1,000, c from the least of them to 1,000 more, and z from −10⁸ to
//! 1 − 10⁻¹⁰: relative error below 20 ε (1 + |ln F| + (a+b+c) |ln(1−z)|) with ε = 2⁻⁵² – the exponents of the powers
//! that F consists of are rounded, too. With a or b negative, terms cancel: in −6 ≤ a, b ≤ 6, c ≤ 20 up to four digits
//! are lost, and more beyond. A call costs from 0.1 µs (series) to about 200 µs (Euler's integral near z = 1).

use super::beta::ln_beta;
use super::exp_log::{log_add_exp, log1p_exp};
use super::gamma::{ln_gamma, ln_rising};
use super::quadrature::tanh_sinh_ends;

/// The series is used when it is expected to end within this many terms.
const SERIES_TERMS: f64 = 3000.0;

/// The same where a or b is negative, there being nothing as good to turn to.
const MIXED_SERIES_TERMS: f64 = 30_000.0;

/// A number kept as value · e^scale.
#[derive(Clone, Copy)]
struct Scaled {
    value: f64,
    scale: f64,
}

/// ₂F₁(a, b; c; z) for c > 0, z < 1 (also z = 1 where the series converges); NaN otherwise.
///
/// See [`ln_hyp2f1`] for accuracy. With a or b negative and large (below −30), digits are lost to alternating terms.
pub fn hyp2f1(a: f64, b: f64, c: f64, z: f64) -> f64 {
    let s = scaled(a, b, c, z);
    let (value, scale) = (s.value, s.scale);
    // e^scale alone may overflow where the product does not.
    if scale.abs() < 700.0 { value * scale.exp() } else { value.signum() * (value.abs().ln() + scale).exp() }
}

/// ln ₂F₁(a, b; c; z) for a, b, c > 0 and z < 1; NaN outside, or where the function is not positive.
pub fn ln_hyp2f1(a: f64, b: f64, c: f64, z: f64) -> f64 {
    if !(a > 0.0 && b > 0.0) {
        return f64::NAN;
    }
    let s = scaled(a, b, c, z);
    if s.scale == 0.0 && (s.value - 1.0).abs() < 0.5 { s.value.ln() } else { s.value.ln() + s.scale }
}

fn scaled(a: f64, b: f64, c: f64, z: f64) -> Scaled {
    let nan = Scaled { value: f64::NAN, scale: 0.0 };
    if !(c > 0.0 && z <= 1.0) || [a, b, c, z].iter().any(|v| !v.is_finite()) {
        return nan;
    }
    if z == 0.0 || a == 0.0 || b == 0.0 {
        return Scaled { value: 1.0, scale: 0.0 };
    }
    let (a, b) = if a <= b { (a, b) } else { (b, a) };
    if z == 1.0 {
        return at_one(a, b, c);
    }
    if z > 0.0 {
        return on_unit(a, b, c, z, 1.0 - z);
    }
    // Pfaff: (1−z)^(−a) F(a, c−b; c; z/(z−1)). Keep the smaller parameter, unless only the other one leaves a positive
    // partner.
    let (kept, other) = match (c - a > 0.0, c - b > 0.0) {
        (true, false) => (b, c - a),
        (false, true) => (a, c - b),
        _ if a.abs() <= b.abs() => (a, c - b),
        _ => (b, c - a),
    };
    let inner = on_unit(kept, other, c, z / (z - 1.0), 1.0 / (1.0 - z));
    Scaled { value: inner.value, scale: inner.scale - kept * (-z).ln_1p() }
}

/// Gauss's sum (15.4.20), where c − a − b > 0.
fn at_one(a: f64, b: f64, c: f64) -> Scaled {
    let d = c - a - b;
    if !(d > 0.0 && c - a > 0.0 && c - b > 0.0) {
        return Scaled {
            value: if d <= 0.0 && a > 0.0 && b > 0.0 { f64::INFINITY } else { f64::NAN },
            scale: 0.0,
        };
    }
    let ln = if a >= 0.0 {
        ln_rising(c - a, a) - ln_rising(d, a)
    } else {
        ln_gamma(c) + ln_gamma(d) - ln_gamma(c - a) - ln_gamma(c - b)
    };
    Scaled { value: 1.0, scale: ln }
}

/// 0 < z < 1, y = 1 − z.
fn on_unit(a: f64, b: f64, c: f64, z: f64, y: f64) -> Scaled {
    let (low, high) = if a <= b { (a, b) } else { (b, a) };
    // Of mixed signs the terms cancel; steps of the differential equation lose less, unless a parameter is large.
    let steps_are_sound = y < 0.2 && a.abs().max(b.abs()).max(c) < 20.0;
    let patience = match low > 0.0 {
        true => SERIES_TERMS,
        false if steps_are_sound => 0.0,
        false => MIXED_SERIES_TERMS,
    };
    if expected_terms(a, b, c, z, y) <= patience {
        return series(a, b, c, z);
    }
    if low > 0.0 {
        return raise_and_integrate(high, low, c, z, y);
    }
    continued(a, b, c, y)
}

/// Terms until the series has converged: those up to its largest, and a geometric tail.
fn expected_terms(a: f64, b: f64, c: f64, z: f64, y: f64) -> f64 {
    // For k large the ratio of terms is about z (1 + (a+b−c−1)/k); it falls below 1 at k = (a+b−c−1) z/y.
    let peak = ((a + b - c - 1.0) * z / y).max(0.0);
    peak * 2.0 + 40.0 / y + a.abs().min(b.abs()).min(1000.0)
}

fn series(a: f64, b: f64, c: f64, z: f64) -> Scaled {
    let (mut term, mut sum, mut scale) = (1.0f64, 1.0f64, 0.0);
    for k in 0..40_000 {
        let k = f64::from(k);
        term *= (a + k) * z / (c + k) * ((b + k) / (k + 1.0));
        sum += term;
        if term.abs() > 1e250 {
            term *= 1e-250;
            sum *= 1e-250;
            scale += 250.0 * std::f64::consts::LN_10;
        }
        let ratio = (a + k) * (b + k) / ((c + k) * (k + 1.0)) * z;
        if term == 0.0 || (term.abs() <= 1e-17 * (1.0 - z) * sum.abs() && ratio.abs() < 1.0) {
            break;
        }
    }
    Scaled { value: sum, scale }
}

/// Case 3 above, with b the smaller parameter: the one to be below c.
fn raise_and_integrate(a: f64, b: f64, c: f64, z: f64, y: f64) -> Scaled {
    if c - b >= 0.5 {
        return Scaled { value: 1.0, scale: ln_euler(a, b, c, z, y) };
    }
    let m = (b - c + 1.0).ceil();
    let (mut ln, mut ln_coefficient) = (f64::NEG_INFINITY, 0.0);
    let mut j = 0.0;
    while j <= m {
        ln = log_add_exp(ln, ln_coefficient + ln_euler(a + j, b + j, c + m + j, z, y));
        ln_coefficient += ((m - j) / (j + 1.0) * ((a + j) / (c + j)) * ((b + j) / (c + m + j)) * z).ln();
        j += 1.0;
    }
    Scaled { value: 1.0, scale: ln }
}

/// ln F from Euler's integral, for a, b, z > 0 and c − b ≥ ½.
///
/// In the form 1 + ∫ p^(b−1) (1−p)^(c−b−1) ((1−zp)^(−a) − 1) dp / B(b, c−b): taking out the 1 makes the integrand vanish
/// at 0, however small b is.
fn ln_euler(a: f64, b: f64, c: f64, z: f64, y: f64) -> f64 {
    let d = c - b;
    let exponent = |p: f64, q: f64| {
        // 1 − zp = y + zq, exact where p is close to 1.
        let power = -a * if p < 0.5 { (-z * p).ln_1p() } else { (y + z * q).ln() };
        let excess = if power < 40.0 { power.exp_m1().ln() } else { power };
        (b - 1.0) * p.ln() + (d - 1.0) * q.ln() + excess
    };
    // The largest value of the integrand, times p q as in the rule's own weights, found on a coarse grid.
    let mut top = f64::NEG_INFINITY;
    for i in -60i32..=60 {
        let e = (-std::f64::consts::PI * (0.1 * f64::from(i.abs())).sinh()).exp();
        let (near, far) = (e / (1.0 + e), 1.0 / (1.0 + e));
        let (p, q) = if i < 0 { (near, far) } else { (far, near) };
        top = top.max(exponent(p, q) + p.ln() + q.ln());
    }
    // The error squares with each halving of the step: a last change of 1e-10 leaves less than rounding does.
    let integral = tanh_sinh_ends(|p, q| (exponent(p, q) - top).exp(), 1.0, 1e-10);
    log1p_exp(top + integral.value.ln() - ln_beta(b, d))
}

/// Case 4: the series to z₀ = ½, then Taylor steps, each covering half of what is left to 1.
fn continued(a: f64, b: f64, c: f64, y: f64) -> Scaled {
    let start = series(a, b, c, 0.5);
    let slope = series(a + 1.0, b + 1.0, c + 1.0, 0.5);
    let mut value = start.value * start.scale.exp();
    let mut derivative = a * b / c * slope.value * slope.scale.exp();
    // Distances to 1 rather than positions, so that z → 1 keeps its digits.
    let mut gap = 0.5f64;
    let mut scale = 0.0;
    for _ in 0..1100 {
        let target = (0.5 * gap).max(y);
        let h = gap - target;
        if h <= 0.0 {
            break;
        }
        (value, derivative) = taylor_step(a, b, c, gap, h, value, derivative);
        gap = target;
        let size = value.abs().max((derivative * gap).abs());
        if size > 1e200 {
            value /= size;
            derivative /= size;
            scale += size.ln();
        }
    }
    Scaled { value, scale }
}

/// y(z+h), y′(z+h) from y(z), y′(z), z = 1 − gap: z(1−z) y″ + (c − (a+b+1) z) y′ − ab y = 0.
fn taylor_step(a: f64, b: f64, c: f64, gap: f64, h: f64, value: f64, derivative: f64) -> (f64, f64) {
    let z = 1.0 - gap;
    // Coefficients times hᵏ.
    let (mut t0, mut t1) = (value, derivative * h);
    let (mut sum, mut slope) = (t0 + t1, t1);
    let first = c - (a + b + 1.0) * z;
    for k in 0..600 {
        let k = f64::from(k);
        let t2 = ((k + a) * (k + b) * t0 * h - (k + 1.0) * (k * (1.0 - 2.0 * z) + first) * t1)
            * (h / (z * gap))
            / ((k + 1.0) * (k + 2.0));
        sum += t2;
        slope += (k + 2.0) * t2;
        (t0, t1) = (t1, t2);
        if k > 10.0 && (t0.abs() + t1.abs()) * (k + 2.0) <= 1e-18 * (sum.abs() + slope.abs()) {
            break;
        }
    }
    (sum, slope / h)
}
