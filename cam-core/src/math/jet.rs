//! Exact derivatives: a number that carries its gradient and Hessian along (second-order forward mode).
//!
//! A log-likelihood is written once, generic over [`Real`]. Run on `f64` it gives the value; run on [`Jet<N>`] it
//! gives the value, the gradient and the Hessian with respect to N parameters, exact to rounding. Special
//! functions enter by their own derivatives through [`Real::chain`], and functions of several variables (an
//! integral, a log-beta) through [`Real::gather`], so nothing is ever differenced. Where a gradient is enough, [`Slope<N>`] does without the Hessian.
//!
//! ```
//! use cam_core::math::jet::{Jet, Real};
//! fn f<R: Real>(x: R, y: R) -> R { x * y.ln() }
//! let [x, y] = Jet::variables([3.0, 2.0]);
//! let z = f(x, y);
//! assert_eq!(z.value(), 3.0 * 2f64.ln());
//! assert_eq!(z.gradient, [2f64.ln(), 1.5]);
//! assert_eq!(z.hessian[1], [0.5, -0.75]);
//! ```

use super::beta::{ln_beta, ln_beta_rising};
use super::exp_log::{log1p_exp, logistic};
use super::gamma::{
    digamma, digamma_rising, ln_gamma, ln_rising, rising_with_slopes, trigamma, trigamma_rising,
};
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

/// A real number, or a real number with derivatives.
pub trait Real:
    Copy
    + Send
    + Sync
    + Neg<Output = Self>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Add<f64, Output = Self>
    + Sub<f64, Output = Self>
    + Mul<f64, Output = Self>
    + Div<f64, Output = Self>
{
    /// How many derivatives are carried: 0, 1 or 2. Work for those that are not can be left out.
    const ORDER: usize;

    /// Whether derivatives are carried at all.
    const DERIVATIVES: bool = Self::ORDER > 0;

    /// A number that depends on no parameter.
    fn constant(value: f64) -> Self;

    /// The value alone.
    fn value(self) -> f64;

    /// `f(self)` from the value and the first two derivatives of f there.
    fn chain(self, f: f64, d1: f64, d2: f64) -> Self;

    /// `f(inputs)` from the value, the gradient and the Hessian of f there.
    fn gather<const K: usize>(
        inputs: [Self; K],
        value: f64,
        gradient: [f64; K],
        hessian: [[f64; K]; K],
    ) -> Self;

    /// Natural logarithm.
    fn ln(self) -> Self {
        let x = self.value();
        self.chain(x.ln(), 1.0 / x, -1.0 / (x * x))
    }

    /// ln(1 + x).
    fn ln_1p(self) -> Self {
        let x = self.value();
        let d = 1.0 / (1.0 + x);
        self.chain(x.ln_1p(), d, -d * d)
    }

    /// Exponential.
    fn exp(self) -> Self {
        let e = self.value().exp();
        self.chain(e, e, e)
    }

    /// ln(1 + eˣ) without overflow.
    fn ln_1p_exp(self) -> Self {
        let x = self.value();
        let p = logistic(x);
        self.chain(log1p_exp(x), p, p * logistic(-x))
    }

    /// ln Γ(x).
    fn ln_gamma(self) -> Self {
        let x = self.value();
        match Self::ORDER {
            0 => Self::constant(ln_gamma(x)),
            1 => self.chain(ln_gamma(x), digamma(x), 0.0),
            _ => self.chain(ln_gamma(x), digamma(x), trigamma(x)),
        }
    }

    /// ln Γ(x + n) − ln Γ(x).
    fn ln_rising(self, n: f64) -> Self {
        let x = self.value();
        if Self::DERIVATIVES {
            let [value, d1, d2] = rising_with_slopes(x, n);
            self.chain(value, d1, d2)
        } else {
            Self::constant(ln_rising(x, n))
        }
    }

    /// ln B(a, b + n) − ln B(a, b), with a = self.
    fn ln_beta_rising(self, b: Self, n: f64) -> Self {
        let (a, bv) = (self.value(), b.value());
        let value = ln_beta_rising(a, bv, n);
        if !Self::DERIVATIVES {
            return Self::constant(value);
        }
        let (d_sum, d_b) = (digamma_rising(a + bv, n), digamma_rising(bv, n));
        if Self::ORDER == 1 {
            return Self::gather([self, b], value, [-d_sum, d_b - d_sum], [[0.0; 2]; 2]);
        }
        let (t_sum, t_b) = (trigamma_rising(a + bv, n), trigamma_rising(bv, n));
        Self::gather([self, b], value, [-d_sum, d_b - d_sum], [[-t_sum, -t_sum], [-t_sum, t_b - t_sum]])
    }

    /// ln B(a, b), with a = self.
    fn ln_beta(self, b: Self) -> Self {
        let (a, bv) = (self.value(), b.value());
        let value = ln_beta(a, bv);
        if !Self::DERIVATIVES {
            return Self::constant(value);
        }
        // ψ(a) − ψ(a + b) as a rise, so that it does not cancel where the other argument is small.
        let (da, db) = (-digamma_rising(a, bv), -digamma_rising(bv, a));
        if Self::ORDER == 1 {
            return Self::gather([self, b], value, [da, db], [[0.0; 2]; 2]);
        }
        let (ta, tb) = (-trigamma_rising(a, bv), -trigamma_rising(bv, a));
        let t = -trigamma(a + bv);
        Self::gather([self, b], value, [da, db], [[ta, t], [t, tb]])
    }
}

impl Real for f64 {
    const ORDER: usize = 0;

    fn constant(value: f64) -> f64 {
        value
    }
    fn value(self) -> f64 {
        self
    }
    fn chain(self, f: f64, _: f64, _: f64) -> f64 {
        f
    }
    fn gather<const K: usize>(_: [f64; K], value: f64, _: [f64; K], _: [[f64; K]; K]) -> f64 {
        value
    }
}

/// A value with its gradient and Hessian with respect to N variables.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Jet<const N: usize> {
    /// The value.
    pub value: f64,
    /// First derivatives.
    pub gradient: [f64; N],
    /// Second derivatives; the whole matrix is filled.
    pub hessian: [[f64; N]; N],
}

impl<const N: usize> Jet<N> {
    /// The N variables themselves, at the given point.
    pub fn variables(at: [f64; N]) -> [Self; N] {
        std::array::from_fn(|i| Jet::variable(at[i], i))
    }

    /// Variable number `i` with this value.
    pub fn variable(value: f64, i: usize) -> Self {
        let mut jet = Jet::constant(value);
        jet.gradient[i] = 1.0;
        jet
    }

    /// f(a, b) from its value and derivatives f_a, f_b, f_ab and f_bb (f_aa is 0): product and quotient.
    #[inline(always)]
    fn combine(a: &Self, b: &Self, value: f64, da: f64, db: f64, dab: f64, dbb: f64) -> Self {
        let gradient: [f64; N] = std::array::from_fn(|i| da * a.gradient[i] + db * b.gradient[i]);
        let hessian = std::array::from_fn(|i| {
            let (ai, bi) = (a.gradient[i], b.gradient[i]);
            let from_a = dab * bi;
            let from_b = dab * ai + dbb * bi;
            std::array::from_fn(|j| {
                da * a.hessian[i][j] + db * b.hessian[i][j] + from_a * a.gradient[j] + from_b * b.gradient[j]
            })
        });
        Jet { value, gradient, hessian }
    }
}

impl<const N: usize> Real for Jet<N> {
    const ORDER: usize = 2;

    #[inline(always)]
    fn constant(value: f64) -> Self {
        Jet { value, gradient: [0.0; N], hessian: [[0.0; N]; N] }
    }

    #[inline(always)]
    fn value(self) -> f64 {
        self.value
    }

    #[inline(always)]
    fn chain(self, f: f64, d1: f64, d2: f64) -> Self {
        Jet {
            value: f,
            gradient: self.gradient.map(|g| d1 * g),
            hessian: std::array::from_fn(|i| {
                let gi = d2 * self.gradient[i];
                std::array::from_fn(|j| d1 * self.hessian[i][j] + gi * self.gradient[j])
            }),
        }
    }

    #[inline(always)]
    fn gather<const K: usize>(
        inputs: [Self; K],
        value: f64,
        gradient: [f64; K],
        hessian: [[f64; K]; K],
    ) -> Self {
        let mut out = Jet::constant(value);
        for k in 0..K {
            let x = &inputs[k];
            // Σ_l H_kl ∇x_l, so that the outer products below are N², not N²K.
            let mut pulled = [0.0; N];
            for l in 0..K {
                for j in 0..N {
                    pulled[j] += hessian[k][l] * inputs[l].gradient[j];
                }
            }
            for i in 0..N {
                out.gradient[i] += gradient[k] * x.gradient[i];
                for j in 0..N {
                    out.hessian[i][j] += gradient[k] * x.hessian[i][j] + x.gradient[i] * pulled[j];
                }
            }
        }
        out
    }
}

impl<const N: usize> Neg for Jet<N> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        self * -1.0
    }
}

impl<const N: usize> Add for Jet<N> {
    type Output = Self;
    #[inline(always)]
    fn add(self, o: Self) -> Self {
        Jet {
            value: self.value + o.value,
            gradient: std::array::from_fn(|i| self.gradient[i] + o.gradient[i]),
            hessian: std::array::from_fn(|i| std::array::from_fn(|j| self.hessian[i][j] + o.hessian[i][j])),
        }
    }
}

impl<const N: usize> Sub for Jet<N> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, o: Self) -> Self {
        Jet {
            value: self.value - o.value,
            gradient: std::array::from_fn(|i| self.gradient[i] - o.gradient[i]),
            hessian: std::array::from_fn(|i| std::array::from_fn(|j| self.hessian[i][j] - o.hessian[i][j])),
        }
    }
}

impl<const N: usize> Mul for Jet<N> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, o: Self) -> Self {
        Jet::combine(&self, &o, self.value * o.value, o.value, self.value, 1.0, 0.0)
    }
}

impl<const N: usize> Div for Jet<N> {
    type Output = Self;
    #[inline(always)]
    fn div(self, o: Self) -> Self {
        let inv = 1.0 / o.value;
        let q = self.value / o.value;
        Jet::combine(&self, &o, q, inv, -q * inv, -inv * inv, 2.0 * q * inv * inv)
    }
}

impl<const N: usize> Add<f64> for Jet<N> {
    type Output = Self;
    #[inline(always)]
    fn add(mut self, c: f64) -> Self {
        self.value += c;
        self
    }
}

impl<const N: usize> Sub<f64> for Jet<N> {
    type Output = Self;
    #[inline(always)]
    fn sub(mut self, c: f64) -> Self {
        self.value -= c;
        self
    }
}

impl<const N: usize> Mul<f64> for Jet<N> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, c: f64) -> Self {
        Jet {
            value: self.value * c,
            gradient: self.gradient.map(|g| g * c),
            hessian: self.hessian.map(|row| row.map(|h| h * c)),
        }
    }
}

impl<const N: usize> Div<f64> for Jet<N> {
    type Output = Self;
    #[inline(always)]
    fn div(self, c: f64) -> Self {
        let mut out = self * (1.0 / c);
        out.value = self.value / c;
        out
    }
}

impl<const N: usize> AddAssign for Jet<N> {
    #[inline(always)]
    fn add_assign(&mut self, o: Self) {
        *self = *self + o;
    }
}

/// A value with its gradient with respect to N variables: a [`Jet`] without the Hessian.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slope<const N: usize> {
    /// The value.
    pub value: f64,
    /// First derivatives.
    pub gradient: [f64; N],
}

impl<const N: usize> Slope<N> {
    /// f(a, b) from its value and derivatives.
    #[inline(always)]
    fn combine(a: &Self, b: &Self, value: f64, da: f64, db: f64) -> Self {
        Slope { value, gradient: std::array::from_fn(|i| da * a.gradient[i] + db * b.gradient[i]) }
    }
}

impl<const N: usize> Real for Slope<N> {
    const ORDER: usize = 1;

    #[inline(always)]
    fn constant(value: f64) -> Self {
        Slope { value, gradient: [0.0; N] }
    }

    #[inline(always)]
    fn value(self) -> f64 {
        self.value
    }

    #[inline(always)]
    fn chain(self, f: f64, d1: f64, _: f64) -> Self {
        Slope { value: f, gradient: self.gradient.map(|g| d1 * g) }
    }

    #[inline(always)]
    fn gather<const K: usize>(inputs: [Self; K], value: f64, gradient: [f64; K], _: [[f64; K]; K]) -> Self {
        let of = |i: usize| inputs.iter().zip(gradient).map(|(x, g)| g * x.gradient[i]).sum();
        Slope { value, gradient: std::array::from_fn(of) }
    }
}

impl<const N: usize> Neg for Slope<N> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        self * -1.0
    }
}

impl<const N: usize> Add for Slope<N> {
    type Output = Self;
    #[inline(always)]
    fn add(self, o: Self) -> Self {
        Slope::combine(&self, &o, self.value + o.value, 1.0, 1.0)
    }
}

impl<const N: usize> Sub for Slope<N> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, o: Self) -> Self {
        Slope::combine(&self, &o, self.value - o.value, 1.0, -1.0)
    }
}

impl<const N: usize> Mul for Slope<N> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, o: Self) -> Self {
        Slope::combine(&self, &o, self.value * o.value, o.value, self.value)
    }
}

impl<const N: usize> Div for Slope<N> {
    type Output = Self;
    #[inline(always)]
    fn div(self, o: Self) -> Self {
        let (inv, q) = (1.0 / o.value, self.value / o.value);
        Slope::combine(&self, &o, q, inv, -q * inv)
    }
}

impl<const N: usize> Add<f64> for Slope<N> {
    type Output = Self;
    #[inline(always)]
    fn add(self, c: f64) -> Self {
        Slope { value: self.value + c, ..self }
    }
}

impl<const N: usize> Sub<f64> for Slope<N> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, c: f64) -> Self {
        Slope { value: self.value - c, ..self }
    }
}

impl<const N: usize> Mul<f64> for Slope<N> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, c: f64) -> Self {
        Slope { value: self.value * c, gradient: self.gradient.map(|g| g * c) }
    }
}

impl<const N: usize> Div<f64> for Slope<N> {
    type Output = Self;
    #[inline(always)]
    fn div(self, c: f64) -> Self {
        Slope { value: self.value / c, ..self * (1.0 / c) }
    }
}

/// A [`Jet`] of some size, as generic code sees it; or a [`Slope`], or a plain number, which carry less.
pub trait Derivatives: Real {
    /// The number of variables.
    const VARIABLES: usize;

    /// The same without second derivatives.
    type Slope: Derivatives;

    /// Variable number `i` with this value.
    fn variable(value: f64, i: usize) -> Self;

    /// All first derivatives; none where they are not carried.
    fn gradient(&self) -> &[f64];

    /// Row `i` of the Hessian; nothing where it is not carried.
    fn hessian_row(&self, i: usize) -> &[f64];

    /// `self += weight · other`.
    fn accumulate(&mut self, weight: f64, other: &Self);
}

impl<const N: usize> Derivatives for Jet<N> {
    const VARIABLES: usize = N;

    type Slope = Slope<N>;

    fn variable(value: f64, i: usize) -> Self {
        Jet::variable(value, i)
    }

    fn gradient(&self) -> &[f64] {
        &self.gradient
    }

    fn hessian_row(&self, i: usize) -> &[f64] {
        &self.hessian[i]
    }

    #[inline(always)]
    fn accumulate(&mut self, weight: f64, other: &Self) {
        self.value += weight * other.value;
        for i in 0..N {
            self.gradient[i] += weight * other.gradient[i];
            for j in 0..N {
                self.hessian[i][j] += weight * other.hessian[i][j];
            }
        }
    }
}

impl<const N: usize> Derivatives for Slope<N> {
    const VARIABLES: usize = N;

    type Slope = Slope<N>;

    fn variable(value: f64, i: usize) -> Self {
        Slope { value, gradient: std::array::from_fn(|j| f64::from(u8::from(i == j))) }
    }

    fn gradient(&self) -> &[f64] {
        &self.gradient
    }

    fn hessian_row(&self, _: usize) -> &[f64] {
        &[]
    }

    #[inline(always)]
    fn accumulate(&mut self, weight: f64, other: &Self) {
        *self = Slope::combine(self, other, self.value + weight * other.value, 1.0, weight);
    }
}

impl Derivatives for f64 {
    const VARIABLES: usize = 0;

    type Slope = f64;

    fn variable(value: f64, _: usize) -> Self {
        value
    }

    fn gradient(&self) -> &[f64] {
        &[]
    }

    fn hessian_row(&self, _: usize) -> &[f64] {
        &[]
    }

    #[inline(always)]
    fn accumulate(&mut self, weight: f64, other: &Self) {
        *self += weight * other;
    }
}
