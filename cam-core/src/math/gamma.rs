//! The gamma function's logarithm, its derivatives, and their *differences* without cancellation.
//!
//! Likelihoods of count models are full of `lnΓ(r + x) − lnΓ(r)`. Taken as a difference of two calls it loses every
//! digit when one argument dwarfs the other; here the difference is the function: [`ln_rising`] is the logarithm of
//! the rising factorial (Pochhammer symbol) `(z)ₙ = Γ(z+n)/Γ(z)` with `n` real, and [`digamma_rising`] and
//! [`trigamma_rising`] are its first two derivatives in `z`.
//!
//! # Method
//!
//! *Large argument.* Stirling's series (NIST DLMF 5.11.1, 5.11.2, 5.15.8) for `z ≥ 10`,
//! `lnΓ(z) = (z−½) ln z − z + ½ ln 2π + S(z)`, so that
//!
//! `lnΓ(z+n) − lnΓ(z) = n ln z + (z+n−½) ln(1+n/z) − n + S(z+n) − S(z)`,
//!
//! where `S(z+n) − S(z)` comes from *divided differences* of the series, which keep their relative accuracy when
//! `n ≪ z`.
//!
//! *Small argument.* The recurrence `Γ(z+1) = zΓ(z)` (DLMF 5.5.1) raises `z` to at least 10. The sums of reciprocals
//! it gives rise to are carried as one fraction, so that each costs a single division.
//!
//! *Small whole `n`.* The product itself: `ln(z(z+1)…(z+n−1))`.
//!
//! All functions here are for positive arguments, return NaN outside, and never panic.

/// Stirling's series is used from here on; below, the recurrence comes first.
pub(super) const STIRLING_FROM: f64 = 10.0;

/// The root of ψ, 1.46163…, to 107 bits.
const DIGAMMA_ROOT: f64 = 1.4616321449683622;
const DIGAMMA_ROOT_LOW: f64 = 9.549995429965697e-17;

/// B₂ₖ/(2k(2k−1)), k = 1…: `S(z) = Σ cₖ z^(1−2k)`. The first one left out is below 3e-17 at z = 10.
const STIRLING: [f64; 7] =
    [1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0, -691.0 / 360360.0, 1.0 / 156.0];

/// B₂ₖ/(2k): `ψ(z) = ln z − 1/(2z) − Σ cₖ z^(−2k)`.
const DIGAMMA_SERIES: [f64; 8] = [
    1.0 / 12.0,
    -1.0 / 120.0,
    1.0 / 252.0,
    -1.0 / 240.0,
    1.0 / 132.0,
    -691.0 / 32760.0,
    1.0 / 12.0,
    -3617.0 / 8160.0,
];

/// B₂ₖ: `ψ′(z) = 1/z + 1/(2z²) + Σ B₂ₖ z^(−2k−1)`.
const TRIGAMMA_SERIES: [f64; 10] = [
    1.0 / 6.0,
    -1.0 / 30.0,
    1.0 / 42.0,
    -1.0 / 30.0,
    5.0 / 66.0,
    -691.0 / 2730.0,
    7.0 / 6.0,
    -3617.0 / 510.0,
    43867.0 / 798.0,
    -174611.0 / 330.0,
];

/// ψ(x₀ + d)/d for 1 ≤ x₀ + d ≤ 2, x₀ the root: interpolation in Chebyshev nodes with 80 digits, error < 6e-17.
const DIGAMMA_NEAR_ROOT: [f64; 22] = [
    0.9676722454476212,
    -0.4427631689835915,
    0.25849976095565214,
    -0.16394270544259865,
    0.10782405069118742,
    -0.072199561238073,
    0.04880428816027699,
    -0.033161127280363,
    0.02259764870569479,
    -0.015424746562676783,
    0.010538774679626108,
    -0.007204811717465386,
    0.004927092544644749,
    -0.003367342597731564,
    0.0023017947243217925,
    -0.0015903256854484034,
    0.0011003326985068057,
    -0.0006962303923862455,
    0.000423302869727366,
    -0.00040427587920188247,
    0.00039917403499883605,
    -0.00017312261802727394,
];

/// lnΓ(2 + a)/a for |a| ≤ ½: interpolation in Chebyshev nodes with 80 digits, error < 6e-17.
const LN_GAMMA_NEAR_TWO: [f64; 18] = [
    0.42278433509846713,
    0.3224670334241132,
    -0.06735230105319563,
    0.02058080842778338,
    -0.007385551028935545,
    0.002890510330865901,
    -0.0011927539009983087,
    0.0005096695196526673,
    -0.00022315497746292723,
    9.945761692157133e-05,
    -4.4923727564247656e-05,
    2.050601970174762e-05,
    -9.45628851510172e-06,
    4.3828545383846665e-06,
    -1.9743106888421067e-06,
    9.242852225162277e-07,
    -5.811277768921246e-07,
    2.7475390051909663e-07,
];

/// c₀ + c₁ t + c₂ t² + …
#[inline]
pub(super) fn polynomial<const N: usize>(coefficients: &[f64; N], t: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, c| sum * t + c)
}

/// p(t), and the divided difference (p(t) − p(s))/(t − s), exact in the limit s → t.
#[inline]
fn divided_difference<const N: usize>(coefficients: &[f64; N], t: f64, s: f64) -> (f64, f64) {
    let mut value = coefficients[N - 1];
    let mut slope = 0.0;
    for c in coefficients[..N - 1].iter().rev() {
        slope = slope * s + value;
        value = value * t + c;
    }
    (value, slope)
}

/// S(z) of Stirling's formula: lnΓ(z) less `(z−½) ln z − z + ½ ln 2π`; for z ≥ 10.
#[inline]
pub(super) fn stirling_remainder(z: f64) -> f64 {
    let u = 1.0 / z;
    u * polynomial(&STIRLING, u * u)
}

/// S(z) − S(z+n) of Stirling's formula for z ≥ 10, relatively accurate for n ≪ z.
#[inline]
pub(super) fn stirling_fall(z: f64, n: f64) -> f64 {
    let u = 1.0 / z;
    let v = 1.0 / (z + n);
    let (at_v, slope) = divided_difference(&STIRLING, v * v, u * u);
    (n / z) * v * (at_v + u * (u + v) * slope)
}

/// Steps of the recurrence taken by an argument below [`STIRLING_FROM`]; a fixed number lets the loops be unrolled.
const STEPS: usize = 10;

/// lnΓ(x), x > 0; NaN otherwise.
///
/// Relative error below 1 part in 10¹⁵ throughout, also near the roots 1 and 2 (`libm`'s `lgamma` is built around them).
///
/// ```
/// # use cam_core::math::gamma::ln_gamma;
/// assert!((ln_gamma(5.0) - 24f64.ln()).abs() < 1e-15);
/// ```
pub fn ln_gamma(x: f64) -> f64 {
    if x > 0.0 { libm::lgamma(x) } else { f64::NAN }
}

/// lnΓ(1 + a), a > −1, with relative accuracy as a → 0; NaN otherwise.
pub fn ln_gamma_1p(a: f64) -> f64 {
    if !(a > -1.0) {
        f64::NAN
    } else if a.abs() <= 0.5 {
        // Γ(1+a) = Γ(2+a)/(1+a); the two terms differ in size by a factor of two or more, so little cancels.
        a * polynomial(&LN_GAMMA_NEAR_TWO, a) - a.ln_1p()
    } else if !(0.5..=2.0).contains(&a) {
        libm::lgamma(1.0 + a)
    } else {
        // Around the root a = 1, where 1 + a would round off what counts.
        a.ln() + libm::lgamma(a)
    }
}

/// The digamma function ψ(x) = d lnΓ(x)/dx, x > 0; NaN otherwise.
///
/// Relative accuracy also around the root 1.4616….
pub fn digamma(x: f64) -> f64 {
    if !(x > 0.0) {
        return f64::NAN;
    }
    if (1.0..=2.0).contains(&x) {
        let d = (x - DIGAMMA_ROOT) - DIGAMMA_ROOT_LOW;
        return d * polynomial(&DIGAMMA_NEAR_ROOT, d);
    }
    let small = x < STIRLING_FROM;
    let z = if small { x + STEPS as f64 } else { x };
    let u = 1.0 / z;
    let t = u * u;
    let at_z = z.ln() - 0.5 * u - t * polynomial(&DIGAMMA_SERIES, t);
    if small { at_z - sum_of_reciprocals(x, STEPS) } else { at_z }
}

/// The trigamma function ψ′(x), x > 0; NaN otherwise.
pub fn trigamma(x: f64) -> f64 {
    if !(x > 0.0) {
        return f64::NAN;
    }
    let small = x < STIRLING_FROM;
    let u = 1.0 / if small { x + STEPS as f64 } else { x };
    let t = u * u;
    let at_z = u + t * (0.5 + u * polynomial(&TRIGAMMA_SERIES, t));
    if small { at_z + sum_of_squared_reciprocals(x, STEPS) } else { at_z }
}

/// Σ 1/(z+k), k = 0…m−1, with one division; m ≤ 16 and z < 1e15 keep the product in range.
#[inline]
fn sum_of_reciprocals(z: f64, m: usize) -> f64 {
    // Two at a time, 1/(x−½) + 1/(x+½) = 2x/(x²−¼), and the first by itself where m is odd: half the chain.
    let (mut numerator, mut denominator) = if m % 2 == 1 { (1.0, z) } else { (0.0, 1.0) };
    let mut k = m;
    while k >= 2 {
        let (low, high) = (z + (k - 2) as f64, z + (k - 1) as f64);
        let factor = low * high;
        numerator = numerator * factor + denominator * (low + high);
        denominator *= factor;
        k -= 2;
    }
    numerator / denominator
}

/// Σ 1/(z+k)², k = 0…m−1.
#[inline]
fn sum_of_squared_reciprocals(z: f64, m: usize) -> f64 {
    let mut sum = 0.0;
    for k in (0..m).rev() {
        let r = 1.0 / (z + k as f64);
        sum += r * r;
    }
    sum
}

/// Whether n is whole and small enough for sums and products to be the fastest and most exact way.
#[inline]
fn few_steps(z: f64, n: f64) -> bool {
    n <= 16.0 && z < 1e15 && n == n.trunc()
}

/// lnΓ(z+n) − lnΓ(z) − n ln z for z ≥ 10: what is left of the rising factorial after its leading power. Its error is a
/// unit or two in the last place of n.
#[inline]
pub(super) fn ln_rising_beyond_power(z: f64, n: f64) -> f64 {
    let ratio = n / z;
    // For such a z what is left is less than an ulp of n, and the quotient might underflow.
    if z > 1e18 && ratio < 1e-18 { 0.0 } else { ((z + n - 0.5) * ratio.ln_1p() - n) - stirling_fall(z, n) }
}

/// ln of the rising factorial: lnΓ(z+n) − lnΓ(z), for z > 0 and real n ≥ 0; NaN otherwise.
///
/// Error: a few units in the last place of `max(|result|, n)`, for any ratio of z to n. The result itself crosses
/// zero where Γ(z) = Γ(z+n), and there its *relative* error is of no meaning.
///
/// ```
/// # use cam_core::math::gamma::ln_rising;
/// // (10¹⁵)₃ = 10⁴⁵ (1 + 3·10⁻¹⁵ + …); a difference of two lnΓ has no digit of this right.
/// assert!((ln_rising(1e15, 3.0) - 3.0 * 1e15f64.ln()).abs() < 2e-14);
/// ```
pub fn ln_rising(z: f64, n: f64) -> f64 {
    if !(z > 0.0 && n >= 0.0) {
        return f64::NAN;
    }
    if n == 0.0 {
        return 0.0;
    }
    if few_steps(z, n) {
        let mut product = 1.0;
        for k in (1..n as usize).rev() {
            product *= z + k as f64;
        }
        return (product * z).ln();
    }
    if n == f64::INFINITY || z == f64::INFINITY {
        return f64::INFINITY;
    }
    // Where n is of the order of z or larger, the plain difference is the exact way as well as the fast one.
    if n >= 0.25 && n >= if z < STIRLING_FROM { 0.5 * z } else { z } {
        return libm::lgamma(z + n) - libm::lgamma(z);
    }
    if z >= STIRLING_FROM {
        return n * z.ln() + ln_rising_beyond_power(z, n);
    }
    // z and z+n are both raised by ten. With P(z) = z(z+1)…(z+9), the part to take off is ln(P(z+n)/P(z));
    // P(z+n) − P(z) is carried along as a sum of positive terms, so a small n loses nothing.
    let raised = z + STEPS as f64;
    let w = z + n;
    let (mut at_z, mut at_w, mut rise) = (z, w, n);
    for k in 1..STEPS {
        let k = k as f64;
        rise = rise * (z + k) + at_w * n;
        at_z *= z + k;
        at_w *= w + k;
    }
    n * raised.ln() + ln_rising_beyond_power(raised, n) + ln_back(at_z, at_w, rise)
}

/// ln(P(z)/P(w)), given P(w) − P(z) = `rise`.
#[inline]
fn ln_back(at_z: f64, at_w: f64, rise: f64) -> f64 {
    if rise < 0.5 * at_w { (-rise / at_w).ln_1p() } else { (at_z / at_w).ln() }
}

/// [`ln_rising`], [`digamma_rising`] and [`trigamma_rising`] at once, for Newton's method: about half the price.
///
/// ```
/// # use cam_core::math::gamma::{digamma_rising, rising_with_slopes};
/// let [_, slope, _] = rising_with_slopes(0.55, 2.0);
/// assert!((slope - digamma_rising(0.55, 2.0)).abs() < 1e-15);
/// ```
pub fn rising_with_slopes(z: f64, n: f64) -> [f64; 3] {
    if !(z > 1e-100 && z < 1e15 && (n == 0.0 || (1e-200..1e15).contains(&n))) {
        // Far out, the three by themselves know how not to overflow.
        return [ln_rising(z, n), digamma_rising(z, n), trigamma_rising(z, n)];
    }
    if n <= 16.0 && n == n.trunc() {
        let (mut product, mut first, mut second) = (1.0, 0.0, 0.0);
        for k in (0..n as usize).rev() {
            let factor = z + k as f64;
            let r = 1.0 / factor;
            product *= factor;
            first += r;
            second += r * r;
        }
        return [product.ln(), first, -second];
    }
    if z >= STIRLING_FROM {
        return rising_with_slopes_large(z, n);
    }
    let shift = STEPS as f64;
    if n >= shift {
        // Γ(z+n)/Γ(z) = z(z+1)…(z+9) · Γ(z+10 + (n−10))/Γ(z+10).
        let (mut product, mut first, mut second) = (1.0, 0.0, 0.0);
        for k in (0..STEPS).rev() {
            let factor = z + k as f64;
            let r = 1.0 / factor;
            product *= factor;
            first += r;
            second += r * r;
        }
        let [ln, slope, bend] = rising_with_slopes_large(z + shift, n - shift);
        return [product.ln() + ln, first + slope, bend - second];
    }
    let w = z + n;
    let (mut at_z, mut at_w, mut rise, mut first, mut second) = (1.0, 1.0, 0.0, 0.0, 0.0);
    for k in (0..STEPS).rev() {
        let (low, high) = (z + k as f64, w + k as f64);
        // 1/low − 1/high and 1/low² − 1/high², from one division.
        let r = 1.0 / (low * high);
        first += n * r;
        second += n * r * ((low + high) * r);
        rise = rise * low + at_w * n;
        at_z *= low;
        at_w *= high;
    }
    let [ln, slope, bend] = rising_with_slopes_large(z + shift, n);
    [ln + ln_back(at_z, at_w, rise), first + slope, bend - second]
}

/// [`rising_with_slopes`] for z ≥ 10.
#[inline]
fn rising_with_slopes_large(z: f64, n: f64) -> [f64; 3] {
    let w = z + n;
    let u = 1.0 / z;
    let v = 1.0 / w;
    let (t, s) = (u * u, v * v);
    let ratio = n * u;
    let gap = ratio * v;
    let stretch = ratio.ln_1p();
    let (at_v, remainder) = divided_difference(&STIRLING, s, t);
    let (at_u, digamma_slope) = divided_difference(&DIGAMMA_SERIES, t, s);
    let (at_u3, trigamma_slope) = divided_difference(&TRIGAMMA_SERIES, t, s);
    [
        n * z.ln() + (((w - 0.5) * stretch - n) - gap * (at_v + u * (u + v) * remainder)),
        stretch + gap * (0.5 + (u + v) * (at_u + s * digamma_slope)),
        -gap * (1.0 + 0.5 * (u + v) + (t + u * v + s) * at_u3 + v * s * (u + v) * trigamma_slope),
    ]
}

/// ψ(z+n) − ψ(z), for z > 0 and real n ≥ 0: positive, with relative accuracy also for n ≪ z; NaN otherwise.
pub fn digamma_rising(z: f64, n: f64) -> f64 {
    if !(z > 0.0 && n >= 0.0) {
        return f64::NAN;
    }
    if n == 0.0 {
        return 0.0;
    }
    if few_steps(z, n) {
        return sum_of_reciprocals(z, n as usize);
    }
    if z == f64::INFINITY {
        return if n == f64::INFINITY { f64::NAN } else { 0.0 };
    }
    if z >= STIRLING_FROM {
        return digamma_rising_large(z, n);
    }
    let shift = STEPS as f64;
    if n >= shift {
        return sum_of_reciprocals(z, STEPS) + digamma_rising_large(z + shift, n - shift);
    }
    // Σ 1/(z+k) − 1/(z+n+k) = n Σ 1/((z+k)(z+n+k)), as one fraction of positive terms that stays below 20²⁰; the first
    // term by itself, in the order that cannot overflow as z → 0.
    let w = z + n;
    let (mut numerator, mut denominator) = (0.0, 1.0);
    for k in (1..STEPS).rev() {
        let factor = (z + k as f64) * (w + k as f64);
        numerator = numerator * factor + denominator;
        denominator *= factor;
    }
    (n / w) / z + n * (numerator / denominator) + digamma_rising_large(z + shift, n)
}

/// [`digamma_rising`] for z ≥ 10.
#[inline]
fn digamma_rising_large(z: f64, n: f64) -> f64 {
    let w = z + n;
    let u = 1.0 / z;
    let v = 1.0 / w;
    let ratio = n / z;
    // n u v, in the order that cannot underflow early and stays finite as n → ∞.
    let gap = if n == f64::INFINITY { u } else { ratio * v };
    let (at, slope) = divided_difference(&DIGAMMA_SERIES, u * u, v * v);
    // t p(t) between u² and v²: p(u²)(u²−v²) + v²(u²−v²) p[u²,v²].
    ratio.ln_1p() + gap * (0.5 + (u + v) * (at + v * v * slope))
}

/// ψ′(z+n) − ψ′(z), for z > 0 and real n ≥ 0: negative, with relative accuracy also for n ≪ z; NaN otherwise.
pub fn trigamma_rising(z: f64, n: f64) -> f64 {
    if !(z > 0.0 && n >= 0.0) {
        return f64::NAN;
    }
    if n == 0.0 || z == f64::INFINITY {
        return 0.0;
    }
    if few_steps(z, n) {
        return -sum_of_squared_reciprocals(z, n as usize);
    }
    if z >= STIRLING_FROM {
        return -trigamma_falling_large(z, n);
    }
    let shift = STEPS as f64;
    if n >= shift {
        return -(sum_of_squared_reciprocals(z, STEPS) + trigamma_falling_large(z + shift, n - shift));
    }
    let mut sum = 0.0;
    for k in (0..STEPS).rev() {
        let low = 1.0 / (z + k as f64);
        let high = 1.0 / (z + k as f64 + n);
        // 1/a² − 1/b² = (b−a)(a+b)/(ab)² = n (1/a)(1/b)(1/a + 1/b).
        sum += (n * low) * high * (low + high);
    }
    -(sum + trigamma_falling_large(z + shift, n))
}

/// ψ′(z) − ψ′(z+n) for z ≥ 10.
#[inline]
fn trigamma_falling_large(z: f64, n: f64) -> f64 {
    let w = z + n;
    let u = 1.0 / z;
    let v = 1.0 / w;
    let gap = if n == f64::INFINITY { u } else { (n / z) * v };
    let (at_u, slope) = divided_difference(&TRIGAMMA_SERIES, u * u, v * v);
    // ψ′ = u + u²/2 + u³ p(u²): u³p(u²) − v³p(v²) = (u³−v³) p(u²) + v³ (u²−v²) p[u²,v²].
    let cubes = u * u + u * v + v * v;
    gap * (1.0 + 0.5 * (u + v) + cubes * at_u + v * v * v * (u + v) * slope)
}
