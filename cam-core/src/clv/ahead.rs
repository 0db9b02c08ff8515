//! Opportunities to come, which are counted, and each discounted.

use crate::math::exp_log::exprel;
use crate::model::Quantity;

/// Over which opportunities is summed, and how each counts: e^(−rate·k) for the k-th, which is (1 + d)^(−k) for rate = ln(1 + d).
#[derive(Debug, Clone, Copy)]
pub(super) struct Ahead {
    pub(super) rate: f64,
    pub(super) horizon: f64,
}

impl Ahead {
    /// From a checked quantity; none where it does not concern expected purchases.
    pub(super) fn of(quantity: &Quantity) -> Option<Ahead> {
        match *quantity {
            Quantity::ExpectedPurchases { horizon } | Quantity::VarianceOfPurchases { horizon } => {
                Some(Ahead { rate: 0.0, horizon })
            }
            Quantity::DiscountedExpectedPurchases { continuous_discount_rate, discount_rate, horizon }
            | Quantity::VarianceOfDiscountedPurchases { continuous_discount_rate, discount_rate, horizon } => {
                let rate = continuous_discount_rate.or(discount_rate.map(f64::ln_1p)).unwrap_or(0.0);
                Some(Ahead { rate, horizon: horizon.unwrap_or(f64::INFINITY) })
            }
            _ => None,
        }
    }

    /// The same where each opportunity counts by the square of its discount.
    pub(super) fn squared(&self) -> Ahead {
        Ahead { rate: 2.0 * self.rate, horizon: self.horizon }
    }

    /// The last opportunity that counts: beyond it less than e^(−50) of all is left.
    pub(super) fn last(&self) -> f64 {
        self.horizon.min((50.0 / self.rate).ceil())
    }

    /// What the first k opportunities count: v + … + v^k, v = e^(−rate).
    pub(super) fn annuity(&self, k: f64) -> f64 {
        (-self.rate).exp() * k * exprel(-self.rate * k) / exprel(-self.rate)
    }
}
