//! How long a customer who leaves at a given rate is expected to be there, discounted.
//!
//! While a customer is alive he or she buys at rate λ and leaves at rate w (w = μ in Pareto/NBD, w = λp in BG/NBD). The expected
//! number of purchases from now on, each discounted, is λ·K(w), where K is the expected discounted time alive:
//!
//! | discount | horizon h | K(w) |
//! |---|---|---|
//! | none | finite | (1 − e^(−wh))/w |
//! | rate δ, continuous | finite | (1 − e^(−(w+δ)h))/(w + δ) |
//! | rate δ, continuous | infinite | 1/(w + δ) |
//! | rate d per period, v = 1/(1+d) | n whole periods | v (1 − e^(−w))/w · (1 − (v e^(−w))ⁿ)/(1 − v e^(−w)) |
//!
//! A last period that is not whole adds v^(n+1) e^(−wn) (1 − e^(−wf))/w for its fraction f. Every quantity is then the
//! expectation of K over the distribution of w: no sum over periods is formed, and the cost does not depend on the horizon.

use crate::math::exp_log::exprel;
use crate::model::{Discount, Quantity};

/// The expected discounted time alive, as a function of the rate of leaving.
#[derive(Debug, Clone, Copy)]
pub(super) enum Lifetime {
    Continuous { rate: f64, horizon: f64 },
    PerPeriod { rate: f64, discount: f64, horizon: f64, whole: f64, part: f64 },
}

impl Lifetime {
    /// From a checked quantity; none where it does not concern expected purchases.
    pub(super) fn of(quantity: &Quantity) -> Option<Lifetime> {
        match *quantity {
            Quantity::ExpectedPurchases { horizon } => Some(Lifetime::Continuous { rate: 0.0, horizon }),
            Quantity::DiscountedExpectedPurchases { continuous_discount_rate, discount_rate, horizon } => {
                let horizon = horizon.unwrap_or(f64::INFINITY);
                Some(match (continuous_discount_rate, discount_rate) {
                    (Some(rate), _) => Lifetime::new(Discount::Continuous(rate), horizon),
                    (None, rate) => Lifetime::new(Discount::PerPeriod(rate.unwrap_or(0.0)), horizon),
                })
            }
            _ => None,
        }
    }

    fn new(discount: Discount, horizon: f64) -> Lifetime {
        match discount {
            // Without a discount the periods telescope.
            Discount::PerPeriod(0.0) => Lifetime::Continuous { rate: 0.0, horizon },
            Discount::PerPeriod(d) => {
                let (whole, part) = match horizon.is_finite() {
                    true => (horizon.floor(), horizon.fract()),
                    false => (f64::INFINITY, 0.0),
                };
                Lifetime::PerPeriod { rate: d.ln_1p(), discount: 1.0 / (1.0 + d), horizon, whole, part }
            }
            Discount::Continuous(rate) => Lifetime::Continuous { rate, horizon },
        }
    }

    /// The horizon where nothing is discounted: then K has a closed expectation in most models.
    pub(super) fn plain_horizon(&self) -> Option<f64> {
        match *self {
            Lifetime::Continuous { rate: 0.0, horizon } => Some(horizon),
            _ => None,
        }
    }

    /// The length of the horizon; may be infinite.
    pub(super) fn horizon(&self) -> f64 {
        match *self {
            Lifetime::Continuous { horizon, .. } | Lifetime::PerPeriod { horizon, .. } => horizon,
        }
    }

    /// K(w), w ≥ 0.
    pub(super) fn at(&self, w: f64) -> f64 {
        match *self {
            Lifetime::Continuous { rate, horizon } => annuity(w + rate, horizon),
            Lifetime::PerPeriod { rate, discount, whole, part, .. } => {
                let c = w + rate;
                let first = discount * exprel(-w);
                if whole == f64::INFINITY {
                    return first / -(-c).exp_m1();
                }
                // (1 − e^(−cn))/(1 − e^(−c)), without 0/0 at c = 0.
                let sum = first * whole * exprel(-c * whole) / exprel(-c);
                if part == 0.0 {
                    return sum;
                }
                sum + (-c * whole).exp() * discount * part * exprel(-w * part)
            }
        }
    }

    /// K(0), the discounted length of the horizon; 1/K(0) is the scale on which K changes.
    pub(super) fn longest(&self) -> f64 {
        self.at(0.0)
    }
}

/// ∫₀ʰ e^(−ct) dt.
fn annuity(c: f64, horizon: f64) -> f64 {
    if horizon == f64::INFINITY { 1.0 / c } else { horizon * exprel(-c * horizon) }
}
