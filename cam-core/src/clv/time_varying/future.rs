//! What will come of customers whose covariates change.
//!
//! A customer who is alive at T is one of the plain model on the clocks that began then, with λ ~ Gamma(r + x, α + A(T)) and μ ~ Gamma(s, β + B(T)). So expected purchases in the next h
//! are P(alive) · (r + x)/(α + A(T)) · ∫ a(T + w) ((β + B(T))/(β + B(T + w)))^s dw over 0 < w < h, step by step of the covariates, each in closed form.

use super::likelihood::{Customer, TimeVaryingLikelihood, value_of};
use super::walks::{Walk, Walks};
use crate::clv::lifetime::Lifetime;
use crate::clv::pareto_nbd::ParetoNbd;
use crate::clv::purchases::if_alive;
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};
use crate::math::exp_log::exprel;
use crate::model::{Quantity, WithCovariates};

/// A quantity for each customer: the log-likelihood, the probability of being alive, and expected purchases, discounted or not. Covariates after T are those of the steps that
/// begin after it; the last hold for ever.
///
/// # Errors
/// The walks were read with other covariates than the model's, an argument is out of its domain, or the quantity is another.
pub fn score_time_varying(
    model: &WithCovariates<ParetoNbd>,
    walks: &Walks,
    quantity: &Quantity,
    control: &Control<'_>,
) -> Result<Vec<f64>> {
    quantity.check()?;
    walks.check_model(model)?;
    let defined = matches!(
        quantity,
        Quantity::LogLikelihood {}
            | Quantity::ProbabilityAlive { .. }
            | Quantity::ExpectedPurchases { .. }
            | Quantity::DiscountedExpectedPurchases { .. }
    );
    if !defined {
        return Err(Error::new(
            ErrorKind::Unsupported,
            format!("{} is not defined where covariates change over time", quantity.name()),
        )
        .with_field(quantity.name()));
    }
    let theta = crate::model::Model::parameters(model);
    let centre = vec![0.0; walks.design().terms.len()];
    let mut out = vec![0.0; walks.len()];
    let batches = control.map(walks.len().div_ceil(TimeVaryingLikelihood::BATCH), |k| {
        let first = k * TimeVaryingLikelihood::BATCH;
        let mut customer = Customer::new(walks, &centre, &theta);
        let each = walks.customers.iter().enumerate().skip(first).take(TimeVaryingLikelihood::BATCH);
        Ok(each.map(|(i, walk)| score(&mut customer, walk, i, quantity)).collect::<Vec<f64>>())
    })?;
    for (out, score) in out.iter_mut().zip(batches.into_iter().flatten()) {
        *out = score;
    }
    Ok(out)
}

fn score(customer: &mut Customer<'_>, walk: &Walk, i: usize, quantity: &Quantity) -> f64 {
    let alive = match *quantity {
        Quantity::LogLikelihood {} => return value_of(customer, walk, i),
        Quantity::ProbabilityAlive { after } => {
            let left = customer.log_odds_left(walk);
            let [_, now] = customer.rates();
            for (step, from, to) in customer.walks().pieces(walk, walk.age, walk.age + after) {
                let speeds = customer.speeds(step);
                customer.run(speeds, to - from);
            }
            let [_, then] = customer.rates();
            return if_alive(left, (-customer.shape() * ((then - now) / now).ln_1p()).exp());
        }
        _ => customer.log_odds_left(walk),
    };
    let Some(lifetime) = Lifetime::of(quantity) else { return f64::NAN };
    let end = walk.age + lifetime.horizon();
    let s = customer.shape();
    let [purchases, start] = customer.rates();
    let mut expected = 0.0;
    for (step, from, to) in customer.walks().pieces(walk, walk.age, end) {
        let speeds @ [a, b] = customer.speeds(step);
        let [_, now] = customer.rates();
        let there = (-s * ((now - start) / start).ln_1p()).exp();
        expected += a * there * discounted(quantity, s, now / b, from - walk.age, to - walk.age);
        if to.is_finite() {
            customer.run(speeds, to - from);
        }
    }
    if_alive(alive, customer.purchase_shape(walk) / purchases * expected)
}

/// Expected time that a customer is there within so long who leaves at a rate μ ~ Gamma(s, β); as in the plain model.
fn time_there(s: f64, beta: f64, length: f64) -> f64 {
    let log = (length / beta).ln_1p();
    beta * log * exprel((1.0 - s) * log)
}

/// Expected discounted time from `from` to `to` that a customer is there who was there at `from` and leaves at a rate μ ~ Gamma(s, β).
fn discounted(quantity: &Quantity, s: f64, beta: f64, from: f64, to: f64) -> f64 {
    let Quantity::DiscountedExpectedPurchases { continuous_discount_rate, discount_rate, .. } = *quantity
    else {
        return time_there(s, beta, to - from);
    };
    let over = |beta: f64, length: f64| {
        let horizon = length.is_finite().then_some(length);
        let piece =
            Quantity::DiscountedExpectedPurchases { continuous_discount_rate, discount_rate, horizon };
        match Lifetime::of(&piece) {
            Some(lifetime) if length > 0.0 => match lifetime.plain_horizon() {
                Some(length) => time_there(s, beta, length),
                None => ParetoNbd::time_alive_at_rate(s, beta, &lifetime),
            },
            _ => 0.0,
        }
    };
    if let Some(rate) = continuous_discount_rate {
        return (-rate * from).exp() * over(beta, to - from);
    }
    // Up to the end of the period that has begun, and then by whole periods.
    let ends = from.floor() + 1.0;
    let begun = ends.min(to) - from;
    let factor = (-ends * discount_rate.unwrap_or(0.0).ln_1p()).exp();
    let there = (-s * (begun / beta).ln_1p()).exp();
    factor * (time_there(s, beta, begun) + there * over(beta + begun, to - from - begun))
}
