//! Log-likelihoods of one row with derivatives by hand: where a [jet](crate::math::jet) for each operation would cost several times as much.

use crate::math::jet::Real;

/// A function of N parameters with its derivatives.
#[derive(Debug, Clone, Copy)]
pub(super) struct Local<const N: usize> {
    pub(super) value: f64,
    pub(super) gradient: [f64; N],
    pub(super) hessian: [[f64; N]; N],
}

impl<const N: usize> Default for Local<N> {
    #[inline(always)]
    fn default() -> Self {
        Local { value: 0.0, gradient: [0.0; N], hessian: [[0.0; N]; N] }
    }
}

impl<const N: usize> Local<N> {
    /// As a function of other numbers: by the chain rule.
    #[inline(always)]
    pub(super) fn of<R: Real>(&self, inputs: [R; N]) -> R {
        R::gather(inputs, self.value, self.gradient, self.hessian)
    }

    /// Add a multiple of another.
    pub(super) fn add(&mut self, weight: f64, other: &Local<N>) {
        self.value += weight * other.value;
        for i in 0..N {
            self.gradient[i] += weight * other.gradient[i];
            for j in 0..N {
                self.hessian[i][j] += weight * other.hessian[i][j];
            }
        }
    }

    /// Add e · log, log = ±ln(1 + rest/rate), where the parameters number `shape` and `shape + 1` are in e and in the rate: ∂e/∂shape = 1.
    #[inline(always)]
    pub(super) fn add_silence(&mut self, shape: usize, e: f64, rate: f64, rest: f64, log: f64) {
        let sign = if log < 0.0 { -1.0 } else { 1.0 };
        // d ln(1 + rest/rate)/d rate = 1/(rate + rest) − 1/rate.
        let slope = -sign * rest / (rate * (rate + rest));
        let bend = -slope * (1.0 / rate + 1.0 / (rate + rest));
        self.value += e * log;
        self.gradient[shape] += log;
        self.gradient[shape + 1] += e * slope;
        self.hessian[shape][shape + 1] += slope;
        self.hessian[shape + 1][shape] += slope;
        self.hessian[shape + 1][shape + 1] += e * bend;
    }

    /// Add −x ln(rate), where the parameter number `rate` is in the rate with factor 1.
    #[inline(always)]
    pub(super) fn add_purchases(&mut self, parameter: usize, x: f64, rate: f64) {
        let since = 1.0 / rate;
        self.value -= x * rate.ln();
        self.gradient[parameter] -= x * since;
        self.hessian[parameter][parameter] += x * since * since;
    }

    /// Add ln(1 + e^z).
    #[inline(always)]
    pub(super) fn add_softplus(&mut self, z: &Local<N>) {
        let small = (-z.value.abs()).exp();
        let (minor, major) = (small / (1.0 + small), 1.0 / (1.0 + small));
        let p = if z.value < 0.0 { minor } else { major };
        let bend = minor * major;
        self.value += z.value.max(0.0) + small.ln_1p();
        for i in 0..N {
            self.gradient[i] += p * z.gradient[i];
            for j in 0..N {
                self.hessian[i][j] += p * z.hessian[i][j] + bend * z.gradient[i] * z.gradient[j];
            }
        }
    }
}
