//! How uncertain purchases to come are: the second moment of their number, or of their discounted sum.
//!
//! Write Y = Σ D(tᵢ) for the purchases at t₁, t₂, … from now on; D(t) is what a purchase at t counts, 1 or a discount, and 0 beyond the
//! horizon. Summing over single purchases and over pairs of them,
//!
//! ```text
//! E[Y²] = E[Σ D(tᵢ)²] + E[Σ_{i≠j} D(tᵢ) D(tⱼ)].
//! ```
//!
//! The first sum is expected purchases at the discount D². A customer who is alive, buys at rate λ and is there with probability e^(−wu) until u has
//! pairs λ² J(w),
//!
//! ```text
//! J(w) = ∫₀ʰ 2 G(u) D(u) e^(−wu) du,   G(u) = ∫₀ᵘ D,
//! ```
//!
//! where the lifetime and the purchases are independent given the rates (Pareto/NBD: w = μ, NBD: w = 0). Where the customer may leave after each
//! purchase (BG/NBD and its kin: w = λp), he or she must have stayed after the earlier of the two: a factor 1 − p. What remains is an expectation over
//! the rates, given the history, as for expected purchases. With μ = E\[Y | alive\] and π = P(alive),
//!
//! ```text
//! Var[Y] = π Var[Y | alive] + π (1 − π) μ².
//! ```
//!
//! Source of the question: McCarthy, Fader & Hardie (2016), "V(CLV): Examining variance in models of customer lifetime value". The forms here are derived
//! anew, so that neither a pole (at s = 1, 2 or a = 1, 2) nor a difference of large numbers enters.

use super::lifetime::Lifetime;
use super::purchases::if_alive;
use crate::math::{
    exp_log::{exprel, logistic},
    gamma::ln_rising,
    mixing::{beta_mixing, gamma_mixing},
    octaves::Octaves,
    quadrature::legendre,
};
use crate::model::{Discount, Quantity};

/// What an answer about the variance is made of: the discount, its square, and J.
#[derive(Debug, Clone, Copy)]
pub(super) struct Squares {
    /// D, for the mean.
    pub(super) once: Lifetime,
    /// D², for the purchases by themselves.
    pub(super) twice: Lifetime,
}

impl Squares {
    /// From a checked quantity; none where it is no variance of purchases.
    pub(super) fn of(quantity: &Quantity) -> Option<Squares> {
        let (discount, horizon) = match *quantity {
            Quantity::VarianceOfPurchases { horizon } => (Discount::Continuous(0.0), horizon),
            Quantity::VarianceOfDiscountedPurchases { continuous_discount_rate, discount_rate, horizon } => {
                let discount = match continuous_discount_rate {
                    Some(rate) => Discount::Continuous(rate),
                    None => Discount::PerPeriod(discount_rate.unwrap_or(0.0)),
                };
                (discount, horizon.unwrap_or(f64::INFINITY))
            }
            _ => return None,
        };
        Some(Squares::new(discount, horizon))
    }

    /// Of a discount and a horizon, which may be infinite.
    pub(super) fn new(discount: Discount, horizon: f64) -> Squares {
        let squared = match discount {
            Discount::Continuous(rate) => Discount::Continuous(2.0 * rate),
            // (1 + d)² − 1.
            Discount::PerPeriod(d) => Discount::PerPeriod(d * (2.0 + d)),
        };
        Squares { once: Lifetime::new(discount, horizon), twice: Lifetime::new(squared, horizon) }
    }

    /// The horizon, where nothing is discounted.
    pub(super) fn plain_horizon(&self) -> Option<f64> {
        self.once.plain_horizon()
    }

    /// J(w), w ≥ 0.
    pub(super) fn pairs(&self, w: f64) -> f64 {
        match self.once {
            Lifetime::Continuous { rate, horizon } => continuous(w + rate, rate, horizon),
            Lifetime::PerPeriod { rate, whole, part, .. } => per_period(w, rate, whole, part),
        }
    }

    /// E\[J(μ)\] of μ ~ Gamma(shape, rate).
    pub(super) fn mean_pairs(&self, shape: f64, rate: f64) -> f64 {
        // J changes on the scale of 1/horizon, as K does, but twice as steeply, and its fall is the square of K's.
        let finest = (0.5 * rate / self.once.longest()).min(1.0);
        gamma_mixing(shape, finest * finest).expect(|leaves| self.pairs(leaves / rate))
    }
}

/// The variance of Y from that of a customer who is alive, the mean of one who is alive, and the log-odds of having left.
pub(super) fn in_all(log_odds_left: f64, alive: f64, mean: f64) -> f64 {
    if_alive(log_odds_left, alive + logistic(log_odds_left) * mean * mean)
}

/// The variance of Y of a customer with purchase rate λ ~ Gamma(m, A) who is alive, from means over the rate of leaving: of K for D and for D², and of J.
/// m(m + 1) J − m² K² is taken apart so that no more than Poisson's own variance is lost to rounding.
pub(super) fn poisson(m: f64, rate: f64, once: f64, twice: f64, pairs: f64) -> f64 {
    let mean = m / rate;
    mean * twice + mean / rate * pairs + mean * mean * (pairs - once * once)
}

/// 2 ∫₀ʰ u φ(δu) e^(−au) du with φ(y) = (1 − e^(−y))/y: J(w) for a = w + δ.
pub(super) fn continuous(a: f64, rate: f64, horizon: f64) -> f64 {
    if horizon == f64::INFINITY {
        return 2.0 / (a * (a + rate));
    }
    let (y, d) = (a * horizon, rate * horizon);
    if y >= 1.0 {
        // (2/(a (a + δ))) (1 − e^(−y) (1 + a G(h))): what is taken away is at most 2/e.
        2.0 / (a * (a + rate)) * (1.0 - (-y).exp() * (1.0 + y * exprel(-d)))
    } else if d >= 0.5 {
        2.0 * horizon * horizon / d * (exprel(-y) - exprel(-y - d))
    } else {
        let sum = legendre(12).expect(|u| u * exprel(-d * u) * (-y * u).exp());
        2.0 * horizon * horizon * sum
    }
}

/// Up to here periods are summed one by one; each multiplication may cost half an ε, so that at most 5e-14 is lost.
const MOST_PERIODS: f64 = 512.0;

/// J(w) where the k-th period counts vᵏ: within it G is (1 − v^(k−1))/d + vᵏ x, x from 0 to 1.
fn per_period(w: f64, rate: f64, whole: f64, part: f64) -> f64 {
    let a = w + rate;
    let v = (-rate).exp();
    // ∫ e^(−wx) dx and 2 ∫ x e^(−wx) dx over a part of a period.
    let level = |f: f64| f * exprel(-w * f);
    let slope = |f: f64| continuous(w, 0.0, f);
    // Σ_{k<n} of geometric series with ratio e^(−c).
    let series = |c: f64, n: f64| {
        if n == f64::INFINITY { -1.0 / (-c).exp_m1() } else { n * exprel(-c * n) / exprel(-c) }
    };
    // Σ_{j=1}^{n−1} e^(−aj) (1 − vʲ)/d.
    let n = whole;
    let earlier = if n < 2.0 {
        0.0
    } else if a * n >= 1.0 {
        let last = if n == f64::INFINITY { 0.0 } else { (-a * (n - 1.0)).exp() * series(rate, n - 1.0) };
        let first = -v * (-a).exp() / (-a).exp_m1();
        first * (series(a + rate, n - 1.0) - last)
    } else if n <= MOST_PERIODS {
        // Powers by multiplication, and Σ_{k≤j} vᵏ as a sum of positive terms: no exponential and no difference in the loop.
        let (ratio, mut power, mut counted, mut grown, mut sum) = ((-a).exp(), 1.0, 1.0, 0.0, 0.0);
        for _ in 1..n as usize {
            power *= ratio;
            counted *= v;
            grown += counted;
            sum += power * grown;
        }
        sum
    } else {
        super::horizons::smooth_sum(1.0, n - 1.0, 1.0, |j| (-a * j).exp() * v * series(rate, j))
    };
    let mut sum = 0.0;
    if n > 0.0 {
        sum = 2.0 * v * earlier * level(1.0) + v * v * series(a + rate, n) * slope(1.0);
    }
    if part > 0.0 {
        let next = v * (-rate * n).exp();
        let grown = v * series(rate, n);
        sum += next * (-w * n).exp() * (2.0 * grown * level(part) + next * slope(part));
    }
    sum
}

/// ∫₀ᵗ 2u (β/(β + u))^s du = E\[min(lifetime, t)²\], by u = β (e^y − 1).
pub(super) fn pareto_square(s: f64, beta: f64, t: f64) -> f64 {
    beta * beta * continuous(s - 2.0, 1.0, (t / beta).ln_1p())
}

/// E\[Σ_{i≠j} D D\] of a customer who is alive and may leave after each purchase: λ ~ Gamma(m, A), p ~ Beta(a, b).
pub(super) struct Dropping {
    squares: Squares,
    a: f64,
    /// (m, z) ↦ E\[J(λ'z)\], λ' ~ Gamma(m + 2, 1).
    mean: Octaves<Box<dyn Fn(f64, f64) -> f64 + Sync + Send>>,
}

impl Dropping {
    pub(super) fn new(squares: Squares, a: f64) -> Dropping {
        let mean = Box::new(move |m: f64, z: f64| squares.mean_pairs(m + 2.0, 1.0 / z));
        Dropping { squares, a, mean: Octaves::new(mean) }
    }

    /// (1 − p) and λ² are taken into the distributions: E\[(1 − p) λ² J(λp)\] = b/(a + b) · m(m + 1)/A² · E\[J(λ'p'/A)\].
    pub(super) fn pairs(&self, m: f64, rate: f64, b: f64) -> f64 {
        let stays = b / (self.a + b);
        if let Some(horizon) = self.squares.plain_horizon() {
            // λ' integrated out: 2 ∫₀^τ y (1 + py)^(−m−2) dy.
            let tau = horizon / rate;
            let rule = self.rule(b, 1.0 + (m + 2.0) * tau);
            let sum = rule.expect(|p| {
                let y = p * tau;
                if y < 1e-150 { tau * tau } else { continuous(m, 1.0, y.ln_1p()) / (p * p) }
            });
            return stays * m * (m + 1.0) * sum;
        }
        // The fastest λ' that has a weight, times the longest time.
        let fastest = self.squares.once.longest() * (m + 2.0 + 10.0 * (m + 2.0).sqrt() + 50.0);
        let longest = self.squares.pairs(0.0);
        let rule = self.rule(b, 1.0 + fastest / rate);
        let mut mean = self.mean.reader();
        let sum = rule.expect(|p| {
            let z = p / rate;
            if z * fastest < 1e-17 { longest } else { mean.at(m, z) }
        });
        stays * (m / rate) * ((m + 1.0) / rate) * sum
    }

    fn rule(&self, b: f64, steepness: f64) -> crate::math::quadrature::Rule {
        // J falls as 1/p², twice as fast as K on a logarithmic scale.
        let finest = 0.25 / (steepness * steepness);
        beta_mixing(self.a, b + 1.0, finest, -finest.ln())
    }
}

/// E\[X(X − 1)\] of purchases counted in phases: Σ_{i≥2} 2 (i − 1) P(i purchases at least), where that is P(stays i − 1 times) · `reached(i)`.
pub(super) fn pairs_by_count(a: f64, b: f64, cells: f64, reached: impl Fn(f64) -> f64) -> f64 {
    // P(stays n times) = (b)ₙ/(a + b)ₙ.
    let stays = |n: f64| (ln_rising(b, n) - ln_rising(a + b, n)).exp();
    super::horizons::smooth_sum(2.0, f64::INFINITY, cells, |i| 2.0 * (i - 1.0) * stays(i - 1.0) * reached(i))
}
