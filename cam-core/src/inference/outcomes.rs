//! What will happen to a customer, drawn: the discounted sum of the purchases to come, or what the next one is worth.
//!
//! A number of purchases has a distribution that is known exactly, see [`predictions`](super::predictions); these two have not. They are drawn, once for each draw of the parameters.

use crate::clv::value_draws::{last, present};
use crate::error::{Error, ErrorKind, Result};
use crate::math::random::Stream;
use crate::model::{Futures, Model, Quantity, Spending};

/// Which random number an expectation is the mean of.
#[derive(Debug, Clone, Copy)]
pub(super) enum Outcome {
    /// The discounted sum of the purchases up to a horizon: e^(−rate t) each, or by whole periods.
    Discounted { rate: f64, by_period: bool, horizon: f64 },
    /// What one purchase is worth.
    Spend,
}

impl Outcome {
    /// None for a quantity that is no such mean.
    pub(super) fn of(quantity: &Quantity) -> Option<Outcome> {
        match *quantity {
            Quantity::ExpectedSpend {} => Some(Outcome::Spend),
            Quantity::DiscountedExpectedPurchases { continuous_discount_rate, discount_rate, horizon } => {
                let rate = continuous_discount_rate.or(discount_rate.map(f64::ln_1p)).unwrap_or(0.0);
                Some(Outcome::Discounted {
                    rate,
                    by_period: discount_rate.is_some(),
                    horizon: last(horizon, rate),
                })
            }
            _ => None,
        }
    }

    /// How a model without covariates draws it.
    ///
    /// # Errors
    /// The model does not know how.
    pub(super) fn drawn_by<'a>(&self, model: &'a dyn Model) -> Result<Drawer<'a>> {
        let unsupported = || {
            let message = format!("{} does not draw what will happen", model.spec().id);
            Error::new(ErrorKind::Unsupported, message)
        };
        Ok(match *self {
            Outcome::Spend => Drawer::Spend(model.spending().ok_or_else(unsupported)?),
            Outcome::Discounted { rate, by_period, horizon } => {
                let futures = model.futures().ok_or_else(unsupported)?;
                Drawer::Discounted { futures, rate, by_period, horizon }
            }
        })
    }
}

/// Draws it for any customer.
pub(super) enum Drawer<'a> {
    Discounted { futures: Futures<'a>, rate: f64, by_period: bool, horizon: f64 },
    Spend(Spending<'a>),
}

impl Drawer<'_> {
    pub(super) fn draw(&self, row: &[f64], stream: &mut Stream, times: &mut Vec<f64>) -> f64 {
        match self {
            Drawer::Spend(spending) => {
                let mut amount = [0.0];
                spending(row, stream, &mut amount);
                amount[0]
            }
            Drawer::Discounted { futures, rate, by_period, horizon } => {
                times.clear();
                futures(row, *horizon, stream, times);
                times.iter().map(|&time| present(*rate, *by_period, time)).sum()
            }
        }
    }
}
