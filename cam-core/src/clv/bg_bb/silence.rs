//! Since the last purchase: has the customer left, or just not bought?
//!
//! Given x purchases at t_x opportunities, the last at the last of them, the probability that none follows up to the n-th is
//!
//! M = Σ_{j = t_x}^{n−1} P_j γ/(γ + δ + j) + P_n,  P_j = Π_{k = t_x}^{j−1} (β + k − x)/(α + β + k) · (δ + k)/(γ + δ + k):
//!
//! P_j is the probability of being there after j opportunities without having bought at those since t_x, and a term of the sum that of leaving
//! at the next. All terms are positive. P_j falls, and what follows it in the sum is no more than P_j; so the sum ends early where the customer
//! used to buy often.

use crate::math::beta::ln_beta_rising;
use crate::math::exp_log::logistic;
use crate::math::jet::Real;

/// What is left out at the end of the sum, relative to its first term. Far below the rounding, since derivatives are larger by powers of n.
const NEGLIGIBLE: f64 = 1e-25;

/// The two parts of M.
#[derive(Debug, Clone, Copy)]
pub(super) struct Silence {
    /// The sum: the customer has left.
    left: f64,
    /// ln P_n: the customer is there.
    ln_stays: f64,
}

impl Silence {
    pub(super) fn new(theta: &[f64; 4], row: &[f64]) -> Silence {
        let &[alpha, beta, gamma, delta] = theta;
        let (x, t_x, n) = (row[0], row[1], row[2]);
        // Not from the product, which may underflow.
        let ln_stays = ln_beta_rising(alpha + x, beta + (t_x - x), n - t_x)
            + ln_beta_rising(gamma, delta + t_x, n - t_x);
        let (left, _) = leaving(theta, row);
        Silence { left, ln_stays }
    }

    /// ln of the odds of having left.
    pub(super) fn log_odds_left(&self) -> f64 {
        if self.left == 0.0 { f64::NEG_INFINITY } else { self.left.ln() - self.ln_stays }
    }

    /// P(left).
    pub(super) fn left(&self) -> f64 {
        self.left / (self.left + self.ln_stays.exp())
    }

    /// P(alive), and surviving a further time whose probability has this logarithm.
    pub(super) fn alive(&self, ln_survives: f64) -> f64 {
        let odds = self.log_odds_left();
        if odds < 600.0 && ln_survives > -100.0 {
            logistic(-odds) * ln_survives.exp()
        } else {
            // In logarithms, where one of the two may underflow.
            let ln_alive = if odds < 600.0 { logistic(-odds).ln() } else { -odds };
            (ln_alive + ln_survives).exp()
        }
    }
}

/// The sum over the moment of leaving, and P_n (0 where the sum ended early).
fn leaving(theta: &[f64; 4], row: &[f64]) -> (f64, f64) {
    let &[alpha, beta, gamma, delta] = theta;
    let (x, t_x, n) = (row[0], row[1], row[2]);
    let (mut stays, mut left, mut k) = (1.0, 0.0, t_x);
    while k < n {
        let s = gamma + (delta + k);
        left += stays * (gamma / s);
        stays *= (beta + (k - x)) / (alpha + (beta + k)) * ((delta + k) / s);
        if stays <= NEGLIGIBLE * left {
            return (left, 0.0);
        }
        k += 1.0;
    }
    (left, stays)
}

/// M for a row, with derivatives.
pub(super) fn probability<R: Real>(theta: &[R], row: &[f64]) -> R {
    let at = [theta[0].value(), theta[1].value(), theta[2].value(), theta[3].value()];
    if !R::DERIVATIVES {
        let (left, stays) = leaving(&at, row);
        return R::constant(left + stays);
    }
    let (value, gradient, hessian) = with_derivatives(&at, row);
    R::gather([theta[0], theta[1], theta[2], theta[3]], value, gradient, hessian)
}

/// ∇ ln P_j and its Hessian, built up factor by factor. Differences such as 1/(β + k − x) − 1/(α + β + k) are formed from their numerators.
#[derive(Default, Clone, Copy)]
struct Logarithm {
    gradient: [f64; 4],
    /// αα (which is αβ), ββ, γγ, γδ, δδ. The other entries are 0.
    second: [f64; 5],
}

/// Σ weight · (value, gradient, Hessian) of terms whose logarithms have known derivatives.
#[derive(Default)]
struct Sum {
    value: f64,
    gradient: [f64; 4],
    /// The lower triangle.
    hessian: [[f64; 4]; 4],
}

impl Sum {
    #[inline]
    fn add(&mut self, term: f64, log: &Logarithm) {
        self.value += term;
        for i in 0..4 {
            let slope = term * log.gradient[i];
            self.gradient[i] += slope;
            for j in 0..=i {
                self.hessian[i][j] += slope * log.gradient[j];
            }
        }
        let places = [(0, 0), (1, 1), (2, 2), (3, 2), (3, 3)];
        for ((i, j), second) in places.into_iter().zip(log.second) {
            self.hessian[i][j] += term * second;
        }
        self.hessian[1][0] += term * log.second[0];
    }
}

fn with_derivatives(theta: &[f64; 4], row: &[f64]) -> (f64, [f64; 4], [[f64; 4]; 4]) {
    let &[alpha, beta, gamma, delta] = theta;
    let (x, t_x, n) = (row[0], row[1], row[2]);
    let (mut sum, mut log) = (Sum::default(), Logarithm::default());
    let (mut stays, mut least, mut k) = (1.0, 0.0, t_x);
    while k < n && stays > least {
        let (a, b) = (1.0 / (alpha + (beta + k)), 1.0 / (beta + (k - x)));
        let (s, d) = (1.0 / (gamma + (delta + k)), 1.0 / (delta + k));
        // To leave now: P_k · γ s, where ∂ ln(γ s)/∂γ = 1/γ − s.
        let mut leaves = log;
        let rest = (delta + k) * s / gamma;
        leaves.gradient[2] += rest;
        leaves.gradient[3] -= s;
        leaves.second[2] -= rest * (1.0 / gamma + s);
        leaves.second[3] += s * s;
        leaves.second[4] += s * s;
        let left = stays * (gamma * s);
        sum.add(left, &leaves);
        if least == 0.0 {
            least = NEGLIGIBLE * left;
        }
        // To stay without buying: P_k · a/b · s/d.
        stays *= a / b * (s / d);
        let (idle, loyal) = ((alpha + x) * a * b, gamma * s * d);
        log.gradient[0] -= a;
        log.gradient[1] += idle;
        log.gradient[2] -= s;
        log.gradient[3] += loyal;
        log.second[0] += a * a;
        log.second[1] -= idle * (a + b);
        log.second[2] += s * s;
        log.second[3] += s * s;
        log.second[4] -= loyal * (s + d);
        k += 1.0;
    }
    if k >= n {
        sum.add(stays, &log);
    }
    let hessian =
        std::array::from_fn(|i: usize| std::array::from_fn(|j: usize| sum.hessian[i.max(j)][i.min(j)]));
    (sum.value, sum.gradient, hessian)
}
