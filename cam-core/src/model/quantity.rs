//! What can be asked of a model.

use crate::error::{Error, ErrorKind, Result};
use crate::table::{Domain, LARGEST};
use serde::{Deserialize, Serialize};

/// How money later counts less than money now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Discount {
    /// Rate δ: what comes at time t counts e^(−δt).
    Continuous(f64),
    /// Rate d: what comes within period k (k = 1, 2, …) counts (1 + d)^(−k).
    PerPeriod(f64),
}

impl Discount {
    /// The rate as an argument: continuous, or per period.
    pub(crate) fn rates(self) -> (Option<f64>, Option<f64>) {
        match self {
            Discount::Continuous(rate) => (Some(rate), None),
            Discount::PerPeriod(rate) => (None, Some(rate)),
        }
    }
}

/// What can be asked of a model about a customer. In JSON: `{"quantity": "expected_purchases", "horizon": 52}`.
///
/// Times are in the unit of the model.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "quantity", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Quantity {
    /// ln of the probability (density) of the customer's history.
    LogLikelihood {},
    /// Probability that the customer is alive `after` units of time from the end of observation.
    ProbabilityAlive {
        /// Time from the end of observation; 0 is now.
        #[serde(default)]
        after: f64,
    },
    /// Expected number of purchases in the next `horizon` units of time.
    ExpectedPurchases {
        /// Length of the period that begins at the end of observation.
        horizon: f64,
    },
    /// Probability of exactly `n` purchases in the next `horizon` units of time.
    PurchaseProbability {
        /// The number of purchases.
        n: u32,
        /// Length of the period that begins at the end of observation.
        horizon: f64,
    },
    /// Probability of exactly `n` purchases in the `horizon` units of time that begin `after` from the end of observation: P(X(t, t + h) = n).
    LaterPurchaseProbability {
        /// The number of purchases.
        n: u32,
        /// Time from the end of observation to the beginning of the period.
        after: f64,
        /// Length of the period.
        horizon: f64,
    },
    /// Expected number of purchases from now on, each discounted to its present value: over a `horizon`, or
    /// for ever (DERT, discounted expected residual transactions). Exactly one rate is given.
    DiscountedExpectedPurchases {
        /// Rate δ per unit of time: a purchase at time t counts e^(−δt).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        continuous_discount_rate: Option<f64>,
        /// Rate d per period: a purchase within the k-th unit of time counts (1 + d)^(−k).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        discount_rate: Option<f64>,
        /// Length of the period that begins at the end of observation; none is for ever.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        horizon: Option<f64>,
    },
    /// Expected spend per purchase.
    ExpectedSpend {},
    /// Variance of the number of purchases in the next `horizon` units of time, given the history.
    VarianceOfPurchases {
        /// Length of the period that begins at the end of observation.
        horizon: f64,
    },
    /// Variance of the sum of the purchases from now on, each discounted to its present value; arguments as for the expectation,
    /// [`DiscountedExpectedPurchases`](Quantity::DiscountedExpectedPurchases).
    VarianceOfDiscountedPurchases {
        /// Rate δ per unit of time: a purchase at time t counts e^(−δt).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        continuous_discount_rate: Option<f64>,
        /// Rate d per period: a purchase within the k-th unit of time counts (1 + d)^(−k).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        discount_rate: Option<f64>,
        /// Length of the period that begins at the end of observation; none is for ever.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        horizon: Option<f64>,
    },
    /// Variance of what is not known of the customer: of his or her own mean spend per purchase, given the history.
    VarianceOfMeanSpend {},
    /// Expected variance of what one customer spends from purchase to purchase about his or her own mean, given the history.
    ExpectedSpendVariance {},
    /// Mean of the customer's own probability of buying at an opportunity, given the history.
    PosteriorPurchaseProbability {},
    /// Mean of the customer's own probability of leaving at an opportunity, given the history.
    PosteriorDropoutProbability {},
}

impl Quantity {
    /// The name, as in [`Spec::quantities`](super::Spec::quantities) and in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Quantity::LogLikelihood {} => "log_likelihood",
            Quantity::ProbabilityAlive { .. } => "probability_alive",
            Quantity::ExpectedPurchases { .. } => "expected_purchases",
            Quantity::PurchaseProbability { .. } => "purchase_probability",
            Quantity::LaterPurchaseProbability { .. } => "later_purchase_probability",
            Quantity::DiscountedExpectedPurchases { .. } => "discounted_expected_purchases",
            Quantity::ExpectedSpend {} => "expected_spend",
            Quantity::VarianceOfPurchases { .. } => "variance_of_purchases",
            Quantity::VarianceOfDiscountedPurchases { .. } => "variance_of_discounted_purchases",
            Quantity::VarianceOfMeanSpend {} => "variance_of_mean_spend",
            Quantity::ExpectedSpendVariance {} => "expected_spend_variance",
            Quantity::PosteriorPurchaseProbability {} => "posterior_purchase_probability",
            Quantity::PosteriorDropoutProbability {} => "posterior_dropout_probability",
        }
    }

    /// The number of purchases, where one is asked about, and when the period begins and how long it is.
    pub(crate) fn count(&self) -> Option<(u32, f64, f64)> {
        match *self {
            Quantity::PurchaseProbability { n, horizon } => Some((n, 0.0, horizon)),
            Quantity::LaterPurchaseProbability { n, after, horizon } => Some((n, after, horizon)),
            _ => None,
        }
    }

    /// Discounted expected purchases over a horizon, or for ever.
    pub fn discounted(discount: Discount, horizon: impl Into<Option<f64>>) -> Quantity {
        let (continuous_discount_rate, discount_rate) = discount.rates();
        Quantity::DiscountedExpectedPurchases {
            continuous_discount_rate,
            discount_rate,
            horizon: horizon.into(),
        }
    }

    /// Variance of the discounted purchases over a horizon, or for ever.
    pub fn discounted_variance(discount: Discount, horizon: impl Into<Option<f64>>) -> Quantity {
        let (continuous_discount_rate, discount_rate) = discount.rates();
        Quantity::VarianceOfDiscountedPurchases {
            continuous_discount_rate,
            discount_rate,
            horizon: horizon.into(),
        }
    }

    /// Read a quantity from JSON.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownName`] for the name of a quantity or of an argument that is none, [`ErrorKind::InvalidParameter`] for a bad argument.
    pub fn from_json(json: &str) -> Result<Quantity> {
        let quantity: Quantity = serde_json::from_str(json)
            .map_err(|e| Error::json_choice(&format!("the quantity {json}"), "quantity", &e))?;
        quantity.check()?;
        Ok(quantity)
    }

    /// Check every argument.
    pub fn check(&self) -> Result<()> {
        // However short a time: it may be a difference of two.
        let time = |name, value: f64| match (0.0..=LARGEST).contains(&value) {
            true => Ok(()),
            false => Err(Error::parameter(name, "finite and at least 0 (up to 1e100)", value)),
        };
        match *self {
            Quantity::ProbabilityAlive { after } => time("after", after),
            Quantity::ExpectedPurchases { horizon }
            | Quantity::PurchaseProbability { horizon, .. }
            | Quantity::VarianceOfPurchases { horizon } => time("horizon", horizon),
            Quantity::LaterPurchaseProbability { after, horizon, .. } => {
                time("after", after).and(time("horizon", horizon))
            }
            Quantity::DiscountedExpectedPurchases { continuous_discount_rate, discount_rate, horizon }
            | Quantity::VarianceOfDiscountedPurchases { continuous_discount_rate, discount_rate, horizon } => {
                if let Some(horizon) = horizon {
                    time("horizon", horizon)?;
                }
                let (name, rate) = match (continuous_discount_rate, discount_rate) {
                    (Some(rate), None) => ("continuous_discount_rate", rate),
                    (None, Some(rate)) => ("discount_rate", rate),
                    _ => {
                        return Err(Error::new(
                            ErrorKind::InvalidParameter,
                            "give exactly one of continuous_discount_rate and discount_rate",
                        ));
                    }
                };
                if !Domain::NonNegative.contains(rate) {
                    return Err(Error::parameter(name, Domain::NonNegative.rule(), rate));
                }
                match horizon.is_none() && rate == 0.0 {
                    true => Err(Error::parameter(name, "positive where the horizon is infinite", rate)),
                    false => Ok(()),
                }
            }
            Quantity::LogLikelihood {}
            | Quantity::ExpectedSpend {}
            | Quantity::VarianceOfMeanSpend {}
            | Quantity::ExpectedSpendVariance {}
            | Quantity::PosteriorPurchaseProbability {}
            | Quantity::PosteriorDropoutProbability {} => Ok(()),
        }
    }
}
