//! Since the last purchase: has the customer left, or just not bought?
//!
//! Given x purchases at t_x opportunities, the last at the last of them, the probability that none follows up to the n-th is
//!
//! M = Σ_{j = t_x}^{n−1} P_j γ/(γ + δ + j) + P_n,  P_j = Π_{k = t_x}^{j−1} (β + k − x)/(α + β + k) · (δ + k)/(γ + δ + k):
//!
//! P_j is the probability of being there after j opportunities without having bought at those since t_x, and a term of the sum that of leaving
//! at the next. All terms are positive. P_j falls, and what follows it in the sum is no more than P_j; so the sum ends early where the customer
//! used to buy often.

use crate::clv::local::Local;
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

    /// M.
    pub(super) fn total(&self) -> f64 {
        self.left + self.ln_stays.exp()
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

/// Up to this opportunity of the last purchase derivatives are summed from opportunity to opportunity, which costs less than polygamma functions.
const SUMMED: f64 = 256.0;

/// ln of what a row says beside its x purchases: of the opportunities up to t_x that were let pass, of having been there until then, and of the
/// silence since.
pub(super) fn ln_probability<R: Real>(theta: &[R], row: &[f64]) -> R {
    let inputs = [theta[0], theta[1], theta[2], theta[3]];
    let at = inputs.map(R::value);
    let (x, t_x, n) = (row[0], row[1], row[2]);
    if R::DERIVATIVES && t_x <= SUMMED {
        return with_derivatives(&at, row).of(inputs);
    }
    let mut log = R::constant(0.0);
    if t_x > 0.0 {
        let passed = (theta[0] + x).ln_beta_rising(theta[1], t_x - x);
        log = passed + theta[2].ln_beta_rising(theta[3], t_x);
    }
    if n == t_x {
        log
    } else if R::DERIVATIVES {
        log + silence(&at, row).ln().of(inputs)
    } else {
        let (left, stays) = leaving(&at, row);
        log + R::constant((left + stays).ln())
    }
}

/// The same, by hand.
fn with_derivatives(theta: &[f64; 4], row: &[f64]) -> Local<4> {
    let &[alpha, beta, gamma, delta] = theta;
    let (x, t_x, n) = (row[0], row[1], row[2]);
    let mut log = Logarithm::default();
    let mut k = 0.0;
    while k < t_x {
        if k < t_x - x {
            let [a, b] = reciprocals(alpha + x + (beta + k), beta + k);
            log.pass(alpha + x, a, b);
        }
        let [s, d] = reciprocals(gamma + (delta + k), delta + k);
        log.stay(gamma, s, d);
        k += 1.0;
    }
    let mut sum = if n > t_x { silence(theta, row).ln() } else { Local::default() };
    if t_x > 0.0 {
        sum.value += ln_beta_rising(alpha + x, beta, t_x - x) + ln_beta_rising(gamma, delta, t_x);
    }
    for i in 0..4 {
        sum.gradient[i] += log.gradient[i];
        for j in 0..4 {
            sum.hessian[i][j] += log.second(i, j);
        }
    }
    sum
}

/// 1/p and 1/q with one division. Neither p q nor its reciprocal leaves the range, since each lies within 1e±102.
#[inline(always)]
fn reciprocals(p: f64, q: f64) -> [f64; 2] {
    let both = 1.0 / (p * q);
    [both * q, both * p]
}

/// First and second derivatives of the logarithm of a product, built up factor by factor. Differences such as 1/(β + k) − 1/(α + β + k) are formed from
/// their numerators.
#[derive(Default, Clone, Copy)]
struct Logarithm {
    gradient: [f64; 4],
    /// αα (which is αβ), ββ, γγ, γδ, δδ. The others are 0.
    second: [f64; 5],
}

impl Logarithm {
    /// One more opportunity without a purchase: a factor a/b, where 1/a − 1/b is `gap` = α + x.
    #[inline(always)]
    fn pass(&mut self, gap: f64, a: f64, b: f64) {
        let slope = gap * a * b;
        self.gradient[0] -= a;
        self.gradient[1] += slope;
        self.second[0] += a * a;
        self.second[1] -= slope * (a + b);
    }

    /// One more opportunity at which the customer is there: a factor s/d, where 1/s − 1/d is γ.
    #[inline(always)]
    fn stay(&mut self, gamma: f64, s: f64, d: f64) {
        let slope = gamma * s * d;
        self.gradient[2] -= s;
        self.gradient[3] += slope;
        self.second[2] += s * s;
        self.second[3] += s * s;
        self.second[4] -= slope * (s + d);
    }

    fn second(&self, i: usize, j: usize) -> f64 {
        match (i.min(j), i.max(j)) {
            (0, 0 | 1) => self.second[0],
            (1, 1) => self.second[1],
            (2, 2) => self.second[2],
            (2, 3) => self.second[3],
            (3, 3) => self.second[4],
            _ => 0.0,
        }
    }
}

/// Σ of terms whose logarithms have known derivatives.
#[derive(Default)]
struct Sum {
    value: f64,
    gradient: [f64; 4],
    /// The lower triangle.
    hessian: [[f64; 4]; 4],
}

impl Sum {
    #[inline(always)]
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

    fn ln(&self) -> Local<4> {
        let gradient = self.gradient.map(|g| g / self.value);
        Local {
            value: self.value.ln(),
            gradient,
            hessian: std::array::from_fn(|i| {
                std::array::from_fn(|j| {
                    self.hessian[i.max(j)][i.min(j)] / self.value - gradient[i] * gradient[j]
                })
            }),
        }
    }
}

/// M with its derivatives.
fn silence(theta: &[f64; 4], row: &[f64]) -> Sum {
    let &[alpha, beta, gamma, delta] = theta;
    let (x, t_x, n) = (row[0], row[1], row[2]);
    let (mut sum, mut log) = (Sum::default(), Logarithm::default());
    let since_gamma = 1.0 / gamma;
    let (mut stays, mut least, mut k) = (1.0, 0.0, t_x);
    while k < n && stays > least {
        let (there, idle) = (delta + k, beta + (k - x));
        let [a, b] = reciprocals(alpha + (beta + k), idle);
        let [s, d] = reciprocals(gamma + there, there);
        // To leave now: P_k · γ s, where ∂ ln(γ s)/∂γ = 1/γ − s.
        let mut leaves = log;
        let rest = there * s * since_gamma;
        leaves.gradient[2] += rest;
        leaves.gradient[3] -= s;
        leaves.second[2] -= rest * (since_gamma + s);
        leaves.second[3] += s * s;
        leaves.second[4] += s * s;
        let left = stays * (gamma * s);
        sum.add(left, &leaves);
        if least == 0.0 {
            least = NEGLIGIBLE * left;
        }
        // To stay without buying.
        stays *= (idle * a) * (there * s);
        log.pass(alpha + x, a, b);
        log.stay(gamma, s, d);
        k += 1.0;
    }
    if k >= n {
        sum.add(stays, &log);
    }
    sum
}
