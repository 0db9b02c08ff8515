//! Quadrature: Gauss rules for the uniform, beta and gamma distributions, and the double-exponential rules.
//!
//! A Gauss rule with n nodes is exact for polynomials of degree 2n − 1. The rules here are scaled to *probability*
//! weights (they sum to 1), so `Σ wᵢ g(xᵢ)` is an expectation: [`gauss_legendre`] over the uniform distribution on
//! [0, 1], [`beta_rule`] over Beta(p, q), [`gamma_rule`] over Gamma(shape, 1).
//!
//! For integrands with endpoint singularities there are [`tanh_sinh`] on a finite interval and [`integrate`] on
//! [a, ∞) (Takahasi & Mori 1974).

use super::linalg::tridiagonal_eigen;
use std::sync::OnceLock;

/// Nodes, ascending, and weights, which sum to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Where the integrand is evaluated.
    pub nodes: Vec<f64>,
    /// What each value counts for.
    pub weights: Vec<f64>,
}

impl Rule {
    /// Σ wᵢ g(xᵢ): the expectation of g under the rule's distribution.
    ///
    /// ```
    /// # use cam_core::math::quadrature::gauss_legendre;
    /// assert!((gauss_legendre(5).expect(|x| x.powi(9)) - 0.1).abs() < 1e-16);
    /// ```
    pub fn expect(&self, mut g: impl FnMut(f64) -> f64) -> f64 {
        self.nodes.iter().zip(&self.weights).map(|(&x, &w)| w * g(x)).sum()
    }

    /// The same, where g replaces a slice of nodes by its values: quicker where g is made of [slices](super::vector).
    pub fn expect_slices(&self, mut g: impl FnMut(&mut [f64])) -> f64 {
        let mut values = [0.0; 128];
        let mut sum = 0.0;
        for (nodes, weights) in self.nodes.chunks(128).zip(self.weights.chunks(128)) {
            let values = &mut values[..nodes.len()];
            values.copy_from_slice(nodes);
            g(values);
            sum += values.iter().zip(weights).map(|(v, w)| v * w).sum::<f64>();
        }
        sum
    }

    /// n nodes and weights of NaN: the answer to parameters outside the domain.
    fn nan(n: usize) -> Rule {
        Rule { nodes: vec![f64::NAN; n], weights: vec![f64::NAN; n] }
    }
}

/// The Gauss–Legendre rule with n nodes, on [0, 1]: [`beta_rule`] for the uniform distribution.
///
/// Multiply by b − a and map x to a + (b − a)x for an integral over [a, b].
pub fn gauss_legendre(n: usize) -> Rule {
    beta_rule(n, 1.0, 1.0)
}

/// The Gauss–Legendre rule on [0, 1] with n nodes, kept for the life of the process; n is clamped to 1…64.
pub fn legendre(n: usize) -> &'static Rule {
    static RULES: [OnceLock<Rule>; 64] = [const { OnceLock::new() }; 64];
    let n = n.clamp(1, 64);
    RULES[n - 1].get_or_init(|| gauss_legendre(n))
}

/// The Gauss rule for E g(P), P ~ Beta(p, q), with n nodes in (0, 1); NaN unless p, q are positive and finite.
///
/// Golub & Welsch (1969) on the Jacobi matrix. Its entries are products of the canonical moments of the beta
/// distribution (Dette & Studden 1997, *The Theory of Canonical Moments*, 1.3), all positive and free of cancellation
/// for any p and q, and the nodes are then polished to relative accuracy.
pub fn beta_rule(n: usize, p: f64, q: f64) -> Rule {
    if !(p > 0.0 && q > 0.0 && p.is_finite() && q.is_finite()) {
        return Rule::nan(n);
    }
    let s = p + q;
    if p.min(q) > CENTRED_FROM {
        // aₖ − a₀ and bₖ of the Jacobi recurrence, moved to the mean.
        let diagonal =
            |k: f64| (q - p) / s * (2.0 * k / (2.0 * k + s - 2.0)) * ((k + s - 1.0) / (2.0 * k + s));
        let squared_off = |k: f64| {
            let t = 2.0 * k + s - 2.0;
            (k / t) * ((k + s - 2.0) / t) * ((k + p - 1.0) / (t + 1.0)) * ((k + q - 1.0) / (t - 1.0))
        };
        return centred_rule(n, p / s, diagonal, squared_off);
    }
    // Relative accuracy is had near 0; so the nodes beyond ½ are those of 1 − P ~ Beta(q, p), seen from the other end.
    let left = beta_fraction(n, p, q);
    let start = fraction_eigenvalues(n, &left);
    let split = start.partition_point(|&x| x <= 0.5);
    let (mut nodes, mut weights) = polished(n, &left, &start[..split]);
    let mirrored: Vec<f64> = start[split..].iter().map(|x| 1.0 - x).collect();
    let (right_nodes, right_weights) = polished(n, &beta_fraction(n, q, p), &mirrored);
    nodes.extend(right_nodes.iter().map(|x| 1.0 - x));
    weights.extend(right_weights);
    normalised(nodes, weights)
}

/// ζ₁ … ζ₂ₙ of Beta(p, q).
fn beta_fraction(n: usize, p: f64, q: f64) -> Vec<f64> {
    let s = p + q;
    let mut zeta = Vec::with_capacity(2 * n);
    let mut left = 1.0;
    for k in 0..n {
        let k = k as f64;
        let odd = 2.0 * k + s;
        zeta.push(left * ((p + k) / odd));
        zeta.push((q + k) / odd * ((k + 1.0) / (odd + 1.0)));
        left = (k + s) / (odd + 1.0);
    }
    zeta
}

/// The Gauss rule for E g(X), X ~ Gamma(shape, 1) (generalised Laguerre); NaN unless `shape` is positive and finite.
pub fn gamma_rule(n: usize, shape: f64) -> Rule {
    if !(shape > 0.0 && shape.is_finite()) {
        return Rule::nan(n);
    }
    if shape > CENTRED_FROM {
        return centred_rule(n, shape, |k| 2.0 * k, |k| k * (k + shape - 1.0));
    }
    let zeta: Vec<f64> = (0..n).flat_map(|k| [shape + k as f64, (k + 1) as f64]).collect();
    let (nodes, weights) = polished(n, &zeta, &fraction_eigenvalues(n, &zeta));
    normalised(nodes, weights)
}

/// Shapes above this have their nodes computed as distances from the mean.
const CENTRED_FROM: f64 = 30.0;

/// The rule of the Jacobi matrix with diagonal aₖ (relative to `centre`) and squared off-diagonal bₖ², k = 1….
///
/// The eigenvalues give the nodes, the Christoffel numbers 1/Σ pₖ(x)² of the orthonormal polynomials the weights.
fn centred_rule(
    n: usize,
    centre: f64,
    diagonal: impl Fn(f64) -> f64,
    squared_off: impl Fn(f64) -> f64,
) -> Rule {
    let a: Vec<f64> = (0..n).map(|k| if k == 0 { 0.0 } else { diagonal(k as f64) }).collect();
    let b: Vec<f64> = (1..n).map(|k| squared_off(k as f64).sqrt()).collect();
    let (mut nodes, _) = tridiagonal_eigen(&a, &b);
    let mut weights = vec![0.0; n];
    for (x, w) in nodes.iter_mut().zip(&mut weights) {
        for _ in 0..2 {
            // pₖ and p′ₖ by b p₊ = (x − a) p − b₋ p₋; the last, without its b, has the root.
            let (mut before, mut value, mut slope_before, mut slope) = (0.0, 1.0, 0.0, 0.0);
            let mut sum = 0.0;
            for k in 0..n {
                sum += value * value;
                let back = if k == 0 { 0.0 } else { b[k - 1] };
                let ahead = if k + 1 < n { b[k] } else { 1.0 };
                let next = ((*x - a[k]) * value - back * before) / ahead;
                let next_slope = (value + (*x - a[k]) * slope - back * slope_before) / ahead;
                (before, value, slope_before, slope) = (value, next, slope, next_slope);
            }
            *w = 1.0 / sum;
            let step = value / slope;
            if step.is_finite() {
                *x -= step;
            }
        }
        *x += centre;
    }
    normalised(nodes, weights)
}

/// Eigenvalues, to absolute accuracy, of the Jacobi matrix L D Lᵀ of the Stieltjes fraction ζ₁, ζ₂, … > 0, D = (ζ₁, ζ₃, …).
fn fraction_eigenvalues(n: usize, zeta: &[f64]) -> Vec<f64> {
    let diagonal: Vec<f64> =
        (0..n).map(|k| if k == 0 { zeta[0] } else { zeta[2 * k - 1] + zeta[2 * k] }).collect();
    tridiagonal_eigen(&diagonal, &off_diagonal(n, zeta)).0
}

fn off_diagonal(n: usize, zeta: &[f64]) -> Vec<f64> {
    (1..n).map(|k| (zeta[2 * k - 2] * zeta[2 * k - 1]).sqrt()).collect()
}

/// Nodes and weights of the Stieltjes fraction near the given estimates.
///
/// Each node λ is corrected by the twisted factorisation of L D Lᵀ − λ (Dhillon & Parlett 2004, *Linear Algebra Appl.*
/// 387), whose vector also gives the weight: both are determined by ζ to high *relative* accuracy, however close to 0.
fn polished(n: usize, zeta: &[f64], estimates: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let off = off_diagonal(n, zeta);
    let mut work = Twisted::new(n);
    let mut solve = |estimate: f64| {
        let mut x = estimate.max(f64::MIN_POSITIVE);
        let mut weight = f64::NAN;
        for _ in 0..6 {
            let (correction, at_x) = work.solve(zeta, &off, x);
            weight = at_x;
            if !correction.is_finite() {
                break;
            }
            // Never to zero or below: the matrix is positive definite.
            x = (x + correction).max(0.01 * x);
            if correction.abs() <= 8.0 * f64::EPSILON * x {
                break;
            }
        }
        (x, weight)
    };
    estimates.iter().map(|&x| solve(x)).unzip()
}

/// Room for the two factorisations of L D Lᵀ − λ that meet at the twist.
struct Twisted {
    down: Vec<f64>,
    down_shift: Vec<f64>,
    up: Vec<f64>,
    up_shift: Vec<f64>,
}

impl Twisted {
    fn new(n: usize) -> Twisted {
        Twisted { down: vec![0.0; n], down_shift: vec![0.0; n], up: vec![0.0; n], up_shift: vec![0.0; n] }
    }

    /// The correction to the eigenvalue estimate x, and z₁²/‖z‖² of its vector.
    fn solve(&mut self, zeta: &[f64], off: &[f64], x: f64) -> (f64, f64) {
        let n = self.down.len();
        // A pivot of zero is moved by far less than rounding, but not so little that its inverse gets near the limits.
        let safe = |v: f64, entry: f64| if v.abs() < 1e-30 * entry { 1e-30 * entry } else { v };
        self.down_shift[0] = -x;
        for i in 0..n {
            self.down[i] = safe(zeta[2 * i] + self.down_shift[i], zeta[2 * i]);
            if i + 1 < n {
                self.down_shift[i + 1] = zeta[2 * i + 1] * (self.down_shift[i] / self.down[i]) - x;
            }
        }
        self.up_shift[n - 1] = zeta[2 * n - 2] - x;
        for i in (0..n - 1).rev() {
            self.up[i + 1] = safe(zeta[2 * i + 1] + self.up_shift[i + 1], zeta[2 * i + 1]);
            self.up_shift[i] = zeta[2 * i] * (self.up_shift[i + 1] / self.up[i + 1]) - x;
        }
        // The twist is where the two factorisations meet in the smallest pivot.
        let (mut twist, mut least) = (n - 1, self.down[n - 1]);
        for i in 0..n - 1 {
            let pivot = self.down_shift[i] + zeta[2 * i] * (self.up_shift[i + 1] / self.up[i + 1]);
            if pivot.abs() < least.abs() {
                (twist, least) = (i, pivot);
            }
        }
        let (mut norm, mut z) = (1.0, 1.0f64);
        for i in (0..twist).rev() {
            z *= -off[i] / self.down[i];
            norm += z * z;
            if z.abs() < 1e-150 {
                // A weight below 1e-300; going on would only be slow, in subnormal numbers.
                z = 0.0;
                break;
            }
        }
        let first = z;
        z = 1.0;
        for (below, pivot) in off[twist..].iter().zip(&self.up[twist + 1..]) {
            z *= -below / pivot;
            norm += z * z;
            if z.abs() < 1e-150 {
                break;
            }
        }
        (least / norm, first * first / norm)
    }
}

/// Weights scaled to sum 1 (they do, up to rounding).
fn normalised(nodes: Vec<f64>, mut weights: Vec<f64>) -> Rule {
    let mut ascending = weights.clone();
    ascending.sort_by(f64::total_cmp);
    let sum: f64 = ascending.iter().sum();
    weights.iter_mut().for_each(|w| *w /= sum);
    Rule { nodes, weights }
}

/// The result of an adaptive quadrature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Integral {
    /// The integral.
    pub value: f64,
    /// An estimate of the absolute error: the change made by the last halving of the step.
    pub error: f64,
    /// How often the integrand was called.
    pub evaluations: usize,
}

/// ∫ₐᵇ f(x) dx for f analytic inside, with singularities at the ends allowed; −∞ < a < b < ∞ (NaN otherwise).
///
/// The tanh-sinh rule, its step halved until the change is below `tolerance` relative to ∫|f|, at most 10 times. Where
/// f is not finite at a point it counts as 0 there. Near b ≠ 0 a singularity is resolved only as far as doubles near b
/// are apart; use [`tanh_sinh_ends`] to be given the distances to both ends.
///
/// ```
/// # use cam_core::math::quadrature::tanh_sinh;
/// let root = tanh_sinh(|x| 1.0 / x.sqrt(), 0.0, 1.0, 1e-14);
/// assert!((root.value - 2.0).abs() < 1e-14);
/// ```
pub fn tanh_sinh(mut f: impl FnMut(f64) -> f64, a: f64, b: f64, tolerance: f64) -> Integral {
    tanh_sinh_ends(|from_a, to_b| if from_a <= to_b { f(a + from_a) } else { f(b - to_b) }, b - a, tolerance)
}

/// As [`tanh_sinh`] on an interval of this `length`, with f given the exact distances to the left and the right end.
pub fn tanh_sinh_ends(mut f: impl FnMut(f64, f64) -> f64, length: f64, tolerance: f64) -> Integral {
    if !(length > 0.0 && length.is_finite()) {
        return Integral { value: if length == 0.0 { 0.0 } else { f64::NAN }, error: 0.0, evaluations: 0 };
    }
    // x = 1/(1 + e^(−2s)), s = (π/2) sinh t, dx/dt = π cosh t · x (1−x); beyond |t| = 6.1 the distance underflows.
    double_exponential(
        |t| {
            let e = (-std::f64::consts::PI * t.abs().sinh()).exp();
            let near = e / (1.0 + e);
            let far = 1.0 / (1.0 + e);
            let weight = std::f64::consts::PI * t.cosh() * near * far;
            if weight == 0.0 || length * near == 0.0 {
                return 0.0;
            }
            let value = if t < 0.0 { f(length * near, length * far) } else { f(length * far, length * near) };
            length * weight * value
        },
        6.1,
        tolerance,
    )
}

/// ∫ₐ^∞ f(x) dx for f analytic inside and decaying, with a singularity at a allowed; the exp-sinh rule.
///
/// Points and stopping rule as in [`tanh_sinh`].
pub fn integrate(mut f: impl FnMut(f64) -> f64, a: f64, tolerance: f64) -> Integral {
    if !a.is_finite() {
        return Integral { value: f64::NAN, error: f64::NAN, evaluations: 0 };
    }
    double_exponential(
        |t| {
            let x = (std::f64::consts::FRAC_PI_2 * t.sinh()).exp();
            let weight = std::f64::consts::FRAC_PI_2 * t.cosh() * x;
            if x == 0.0 || !weight.is_finite() { 0.0 } else { weight * f(a + x) }
        },
        6.75,
        tolerance,
    )
}

/// Trapezoidal sums of g over [−limit, limit], the step halved until they agree.
fn double_exponential(mut g: impl FnMut(f64) -> f64, limit: f64, tolerance: f64) -> Integral {
    let tolerance = if tolerance > 1e-16 { tolerance } else { 1e-16 };
    let mut evaluations = 0;
    let mut term = |t: f64, evaluations: &mut usize| {
        *evaluations += 1;
        let value = g(t);
        if value.is_finite() { value } else { 0.0 }
    };
    let mut step = 0.5;
    let (mut sum, mut size) = (0.0, 0.0);
    let mut last = f64::NAN;
    let mut error = f64::INFINITY;
    for level in 0..11 {
        let first = if level == 0 { 0.0 } else { step };
        let stride = if level == 0 { step } else { 2.0 * step };
        let mut t = first;
        while t <= limit {
            let ahead = term(t, &mut evaluations);
            let behind = if t == 0.0 { 0.0 } else { term(-t, &mut evaluations) };
            sum += ahead + behind;
            size += ahead.abs() + behind.abs();
            t += stride;
        }
        let value = sum * step;
        error = (value - last).abs();
        last = value;
        // The error at least squares with each halving, so that a change of √tolerance would do; be safe by a factor.
        if level >= 3 && error <= tolerance.max(4.0 * f64::EPSILON) * size * step {
            break;
        }
        step *= 0.5;
    }
    Integral { value: last, error, evaluations }
}
