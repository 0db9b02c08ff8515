//! The regularised incomplete gamma functions, the cumulative distribution of Gamma(a, 1).
//!
//! `P(a, x) = γ(a, x)/Γ(a)` and `Q = 1 − P` (NIST DLMF 8.2.4). Below the mean the power series (8.11.4), above it the
//! continued fraction (8.9.2), for a < 1 the alternating series (8.7.1) in a form that keeps the digits of Q when
//! a → 0, and for a > 10⁴ Gauss–Legendre quadrature of the tail, whose cost does not grow with a.

use super::exp_log::log1pmx;
use super::gamma::{STIRLING_FROM, ln_gamma_1p, stirling_remainder};
use super::quadrature::legendre;

/// From here on the tail is integrated by quadrature.
const QUADRATURE_FROM: f64 = 1e4;

/// P(a, x) = P(X ≤ x) for X ~ Gamma(a, 1). `a` positive and finite, `x` ≥ 0 (below 0 the value is 0); NaN otherwise.
///
/// Relative accuracy also where the value is tiny: a few units in the last place times 1 + |ln P|.
pub fn gamma_p(a: f64, x: f64) -> f64 {
    both_tails(a, x).0
}

/// Q(a, x) = P(X > x) for X ~ Gamma(a, 1), with relative accuracy where it is small. Domain as [`gamma_p`].
pub fn gamma_q(a: f64, x: f64) -> f64 {
    both_tails(a, x).1
}

/// Both at once, P and Q: neither costs more than the two together.
pub(crate) fn both_tails(a: f64, x: f64) -> (f64, f64) {
    if !(a > 0.0) || x.is_nan() || a == f64::INFINITY {
        return (f64::NAN, f64::NAN);
    }
    if x <= 0.0 {
        return (0.0, 1.0);
    }
    if x == f64::INFINITY {
        return (1.0, 0.0);
    }
    if a < 1.0 && x < 1.5 {
        return small_shape(a, x);
    }
    let scale = kernel(a, x);
    if a > QUADRATURE_FROM {
        return if x < a {
            let lower = scale * tail_integral(a, x, -1.0);
            (lower, 1.0 - lower)
        } else {
            let upper = scale * tail_integral(a, x, 1.0);
            (1.0 - upper, upper)
        };
    }
    if x < a + 1.0 {
        let lower = scale / a * series(a, x);
        (lower, 1.0 - lower)
    } else {
        let upper = scale * continued_fraction(a, x);
        (1.0 - upper, upper)
    }
}

/// x^a e^(−x) / Γ(a).
fn kernel(a: f64, x: f64) -> f64 {
    if a < STIRLING_FROM {
        return a * (a * x.ln() - x - ln_gamma_1p(a)).exp();
    }
    // a ln(x/a) − (x − a) = a (ln(1+t) − t): nothing cancels near the mean.
    let t = (x - a) / a;
    let deviance = if t > -0.5 { a * log1pmx(t) } else { a * (x / a).ln() + (a - x) };
    (a * std::f64::consts::FRAC_1_PI * 0.5).sqrt() * (deviance - stirling_remainder(a)).exp()
}

/// 1 + x/(a+1) + x²/((a+1)(a+2)) + …
fn series(a: f64, x: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    for k in 1..100_000 {
        term *= x / (a + f64::from(k));
        sum += term;
        if term <= 1e-17 * sum {
            break;
        }
    }
    sum
}

/// 1/(x+1−a − 1(1−a)/(x+3−a − …)), by the modified Lentz method.
fn continued_fraction(a: f64, x: f64) -> f64 {
    let tiny = 1e-300;
    let mut b = x + 1.0 - a;
    let mut c = 1.0 / tiny;
    let mut d = 1.0 / b.max(tiny);
    let mut value = d;
    for k in 1..100_000 {
        let k = f64::from(k);
        let numerator = -k * (k - a);
        b += 2.0;
        d = numerator * d + b;
        if d.abs() < tiny {
            d = tiny;
        }
        c = b + numerator / c;
        if c.abs() < tiny {
            c = tiny;
        }
        d = 1.0 / d;
        let step = c * d;
        value *= step;
        if (step - 1.0).abs() < 1e-16 {
            break;
        }
    }
    value
}

/// a < 1 and x < 1.5: P = e^h (1 + aΣ) with h = a ln x − lnΓ(1+a); both h and aΣ are of order a.
fn small_shape(a: f64, x: f64) -> (f64, f64) {
    let h = a * x.ln() - ln_gamma_1p(a);
    let (mut term, mut sum) = (1.0, 0.0);
    for k in 1..100 {
        let k = f64::from(k);
        term *= -x / k;
        let part = term / (a + k);
        sum += part;
        if part.abs() <= 1e-17 * sum.abs() {
            break;
        }
    }
    let excess = h.exp() * a * sum;
    (h.exp() + excess, -(h.exp_m1() + excess))
}

/// ∫ t^(a−1) e^(−t) dt from x outwards (`side` = 1) or inwards (−1), over x^a e^(−x), for large a.
fn tail_integral(a: f64, x: f64, side: f64) -> f64 {
    let a1 = a - 1.0;
    // Steepness of the integrand at x in the direction away from the mode, and its curvature there.
    let slope = side * (x - a1) / x;
    let mut length = 10.0 * x / a1.sqrt();
    if slope > 0.0 {
        length = length.min(40.0 / slope);
    }
    if side < 0.0 {
        length = length.min(x);
    }
    let rule = legendre(64);
    let mut sum = 0.0;
    for (node, weight) in rule.nodes.iter().zip(&rule.weights) {
        let u = length * node;
        sum += weight * (-u * slope + a1 * log1pmx(side * u / x)).exp();
    }
    sum * length / x
}

/// The x with P(a, x) = p, for 0 ≤ p ≤ 1; ∞ at p = 1; NaN outside the domain.
///
/// Newton steps on the logarithm of the smaller tail against ln x, kept inside a bracket by bisection. Results below
/// the least double are 0.
pub fn gamma_p_inverse(a: f64, p: f64) -> f64 {
    if !(a > 0.0 && (0.0..=1.0).contains(&p)) || a == f64::INFINITY {
        return f64::NAN;
    }
    if p == 0.0 {
        return 0.0;
    }
    if p == 1.0 {
        return f64::INFINITY;
    }
    let (mut low, mut high) = (-746.0, 710.0);
    let mut u = start(a, p).ln().clamp(low, high);
    for _ in 0..200 {
        let x = u.exp();
        let (lower, upper) = both_tails(a, x);
        let by_upper = p > 0.5 && upper > 0.0;
        let gap = if by_upper { -(upper / (1.0 - p)).ln() } else { (lower / p).ln() };
        if gap == 0.0 {
            return x;
        }
        if gap > 0.0 {
            high = u;
        } else {
            low = u;
        }
        let slope = kernel(a, x) / if by_upper { upper } else { lower };
        let newton = u - gap / slope;
        let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
        let step = next - u;
        if step.abs() < 1e-9 {
            // One more Newton step on x itself: e^u alone would cost |u| units in the last place.
            return polish(a, p, x * (1.0 + step));
        }
        u = next;
    }
    u.exp()
}

fn polish(a: f64, p: f64, x: f64) -> f64 {
    let (lower, upper) = both_tails(a, x);
    let gap = if p > 0.5 { (1.0 - p) - upper } else { lower - p };
    let step = gap / kernel(a, x);
    if step.abs() < 1e-6 { x * (1.0 - step) } else { x }
}

/// Wilson & Hilferty (1931) for the bulk, the leading term of the series for the left tail.
fn start(a: f64, p: f64) -> f64 {
    let left = ((p.ln() + ln_gamma_1p(a)) / a).exp();
    let z = super::normal::normal_quantile(p);
    let root = 1.0 - 1.0 / (9.0 * a) + z / (3.0 * a.sqrt());
    let bulk = a * root * root * root;
    if a < 0.5 || root <= 0.1 || left < 0.1 * a { left.min(a + 40.0) } else { bulk }
}
