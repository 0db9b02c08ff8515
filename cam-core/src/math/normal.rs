//! The standard normal distribution: density, cumulative distribution and its logarithm, quantile.
//!
//! `libm`'s error functions are good to an ulp, but Φ(x) = ½ erfc(−x/√2) still loses digits in the tail, where the
//! rounding of x/√2 is magnified by x². The part that was rounded off is put back by one term of Taylor's series.

use std::f64::consts::FRAC_1_SQRT_2;

/// 1/√(2π).
const DENSITY_AT_ZERO: f64 = 0.3989422804014327;
/// ½ ln 2π.
const HALF_LN_TWO_PI: f64 = 0.9189385332046728;
/// 1/√2 less its rounding to double.
const FRAC_1_SQRT_2_LOW: f64 = -4.833646656726457e-17;

/// The density φ(x) = e^(−x²/2)/√(2π).
pub fn normal_pdf(x: f64) -> f64 {
    // x² is split so that its leading part is exact: the exponent's rounding would cost x²/2 ulps.
    let high = f64::from_bits(x.to_bits() & 0xffff_ffff_f800_0000);
    if !high.is_finite() {
        return if x.is_nan() { x } else { 0.0 };
    }
    DENSITY_AT_ZERO * (-0.5 * high * high).exp() * (-0.5 * (x - high) * (x + high)).exp()
}

/// The cumulative distribution Φ(x), with relative accuracy down to x = −38.
pub fn normal_cdf(x: f64) -> f64 {
    let z = -x * FRAC_1_SQRT_2;
    if !(-40.0..-0.5).contains(&x) {
        return 0.5 * libm::erfc(z);
    }
    // −x/√2 = z + low; erfc(z + low) = erfc(z) − 2/√π e^(−z²) low.
    let low = (-x).mul_add(FRAC_1_SQRT_2, -z) - x * FRAC_1_SQRT_2_LOW;
    0.5 * libm::erfc(z) - std::f64::consts::SQRT_2 * normal_pdf(x) * low
}

/// ln Φ(x), for any x: −x²/2 far to the left, −Φ(−x) far to the right.
pub fn normal_ln_cdf(x: f64) -> f64 {
    if x > 0.0 {
        (-normal_cdf(-x)).ln_1p()
    } else if x > -10.0 {
        normal_cdf(x).ln()
    } else if x == f64::NEG_INFINITY {
        x
    } else {
        // Mills' ratio (NIST DLMF 7.12.1): Φ(x) = φ(x)/|x| · (1 − 1/x² + 3/x⁴ − …); 16 terms are exact from 10 on.
        let t = 1.0 / (x * x);
        let (mut term, mut sum) = (1.0, 0.0);
        for k in 1..17 {
            term *= -f64::from(2 * k - 1) * t;
            sum += term;
        }
        -0.5 * x * x - (-x).ln() - HALF_LN_TWO_PI + sum.ln_1p()
    }
}

/// The quantile Φ⁻¹(p), 0 ≤ p ≤ 1, to full double accuracy; ∓∞ at 0 and 1; NaN outside.
///
/// A rational start (Abramowitz & Stegun 26.2.23), then Halley's iteration on the tail, or on erf around the centre.
pub fn normal_quantile(p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    if p == 0.0 || p == 1.0 {
        return if p == 0.0 { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    if (0.25..=0.75).contains(&p) {
        return central_quantile(p - 0.5);
    }
    let tail = if p < 0.5 { p } else { 1.0 - p };
    let x = lower_tail_quantile(tail);
    if p < 0.5 { x } else { -x }
}

/// x with Φ(x) − ½ = q, |q| ≤ ¼.
fn central_quantile(q: f64) -> f64 {
    // Taylor's series of the inverse: off by 1.2e-3 at |q| = ¼, which Halley's step cubes.
    let s = q / DENSITY_AT_ZERO;
    let mut x = s * (1.0 + s * s * (1.0 / 6.0 + s * s * (7.0 / 120.0)));
    for _ in 0..2 {
        let step = (0.5 * libm::erf(x * FRAC_1_SQRT_2) - q) / normal_pdf(x);
        x -= step / (1.0 + 0.5 * x * step);
    }
    x
}

/// x < 0 with Φ(x) = p, p < ¼.
fn lower_tail_quantile(p: f64) -> f64 {
    let t = (-2.0 * p.ln()).sqrt();
    let mut x = (2.515517 + t * (0.802853 + t * 0.010328))
        / (1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308)))
        - t;
    for _ in 0..2 {
        // Halley on ln Φ would need its curvature; on Φ it is x itself. Far out, ln is what keeps the step sound.
        let cdf = normal_cdf(x);
        let hazard = normal_pdf(x) / cdf;
        // ln(Φ/p) with the digits of the difference.
        let gap = if (cdf - p).abs() < 0.5 * p { ((cdf - p) / p).ln_1p() } else { (cdf / p).ln() };
        let step = gap / hazard;
        x -= step / (1.0 + 0.5 * (x + hazard) * step);
    }
    x
}
