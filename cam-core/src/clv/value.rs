//! Customer lifetime value: purchases to come, times what each is worth, discounted.
//!
//! CLV = margin · E\[spend per purchase\] · E\[discounted purchases\], the two independent (Fader, Hardie & Lee 2005, Journal of Marketing
//! Research 42(4), 415–430, eq. 3). A purchase within the k-th unit of time from now counts (1 + d)^(−k), as is usual where
//! value is reckoned by period; all times, and the rate, are in the unit of the purchase model.

use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Model, Quantity};
use crate::table::Table;
use serde::{Deserialize, Serialize};

/// How value is reckoned.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueOptions {
    /// How far to look ahead, in the unit of the model; none is for ever.
    #[serde(default)]
    pub horizon: Option<f64>,
    /// Discount rate per unit of time.
    pub discount_rate: f64,
    /// Share of the spend that is profit.
    #[serde(default = "all")]
    pub margin: f64,
}

fn all() -> f64 {
    1.0
}

impl ValueOptions {
    /// The whole spend counts, over this horizon, at this discount rate per unit of time.
    pub fn new(horizon: impl Into<Option<f64>>, discount_rate: f64) -> Self {
        ValueOptions { horizon: horizon.into(), discount_rate, margin: 1.0 }
    }

    /// Count this share of the spend.
    #[must_use]
    pub fn margin(mut self, margin: f64) -> Self {
        self.margin = margin;
        self
    }
}

/// The value of every customer of the table, in units of money: a purchase model, a spend model, and the columns of both.
///
/// # Errors
/// As for [`Model::score`]; and a margin that is not finite.
pub fn customer_lifetime_value(
    purchases: &dyn Model,
    spend: &dyn Model,
    table: &Table<'_>,
    options: &ValueOptions,
    control: &Control<'_>,
) -> Result<Vec<f64>> {
    if !options.margin.is_finite() {
        return Err(Error::parameter("margin", "finite", options.margin));
    }
    for (model, quantity) in [(purchases, "discounted_expected_purchases"), (spend, "expected_spend")] {
        if !model.spec().quantities.contains(&quantity) {
            return Err(Error::new(
                ErrorKind::Unsupported,
                format!("lifetime value needs a model that defines {quantity}; {} does not", model.spec().id),
            ));
        }
    }
    let quantity = Quantity::DiscountedExpectedPurchases {
        continuous_discount_rate: None,
        discount_rate: Some(options.discount_rate),
        horizon: options.horizon,
    };
    let mut value = purchases.score(&quantity, table, control)?;
    let spend = spend.score(&Quantity::ExpectedSpend {}, table, control)?;
    for (value, spend) in value.iter_mut().zip(spend) {
        *value *= options.margin * spend;
    }
    Ok(value)
}
