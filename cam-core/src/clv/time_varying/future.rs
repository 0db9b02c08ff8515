//! What will come of customers whose covariates change.
//!
//! A customer who is alive at T is one of the plain model on the clocks that began then, with λ ~ Gamma(r + x, α + A(T)) and μ ~ Gamma(s, β + B(T)). So expected purchases in the next h
//! are P(alive) · (r + x)/(α + A(T)) · ∫ a(T + w) ((β + B(T))/(β + B(T + w)))^s dw over 0 < w < h, step by step of the covariates, each in closed form.
//!
//! The second moment of discounted purchases is made of the same pieces ([`variance`](crate::clv::variance)): with G(w) = ∫ D dA, what a rate of 1 would have given by w, pairs of
//! purchases give λ² ∫ 2 G D ((β + B(T))/(β + B))^s dA, and within a step G is a constant and what the plain model has there.

use super::counts::count;
use super::likelihood::{Customer, TimeVaryingLikelihood};
use super::walks::{Walk, Walks};
use crate::clv::pareto_nbd::ParetoNbd;
use crate::clv::purchases::if_alive;
use crate::clv::variance::{self, Squares};
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};
use crate::math::{exp_log::logistic, quadrature::legendre};
use crate::model::{Discount, Quantity, WithCovariates};

/// A quantity for each customer: all that the plain model answers. Covariates after T are those of the steps that begin after it; the last hold for ever.
///
/// # Errors
/// The walks were read with other covariates than the model's, an argument is out of its domain, or the quantity is none of a model of purchases.
pub fn score_time_varying(
    model: &WithCovariates<ParetoNbd>,
    walks: &Walks,
    quantity: &Quantity,
    control: &Control<'_>,
) -> Result<Vec<f64>> {
    quantity.check()?;
    walks.check_model(model)?;
    let Some(asked) = Asked::of(quantity) else {
        return Err(Error::new(
            ErrorKind::Unsupported,
            format!("{} is not defined where covariates change over time", quantity.name()),
        )
        .with_field(quantity.name()));
    };
    let theta = crate::model::Model::parameters(model);
    let centre = vec![0.0; walks.design().terms.len()];
    let mut out = vec![0.0; walks.len()];
    let batches = control.map(walks.len().div_ceil(TimeVaryingLikelihood::BATCH), |k| {
        let first = k * TimeVaryingLikelihood::BATCH;
        let mut customer = Customer::new(walks, &centre, &theta);
        let each = walks.customers.iter().enumerate().skip(first).take(TimeVaryingLikelihood::BATCH);
        Ok(each.map(|(i, walk)| score(&mut customer, walk, i, asked)).collect::<Vec<f64>>())
    })?;
    for (out, score) in out.iter_mut().zip(batches.into_iter().flatten()) {
        *out = score;
    }
    Ok(out)
}

/// What is asked of each customer.
#[derive(Clone, Copy)]
enum Asked {
    LogLikelihood,
    Alive {
        after: f64,
    },
    Count {
        n: u32,
        after: f64,
        horizon: f64,
    },
    /// Mean or variance of discounted purchases; the horizon may be infinite.
    Purchases {
        discount: Discount,
        horizon: f64,
        varies: bool,
    },
}

impl Asked {
    fn of(quantity: &Quantity) -> Option<Asked> {
        let varies = Squares::of(quantity).is_some();
        let purchases = |discount, horizon| Some(Asked::Purchases { discount, horizon, varies });
        match *quantity {
            Quantity::LogLikelihood {} => Some(Asked::LogLikelihood),
            Quantity::ProbabilityAlive { after } => Some(Asked::Alive { after }),
            Quantity::ExpectedPurchases { horizon } | Quantity::VarianceOfPurchases { horizon } => {
                purchases(Discount::Continuous(0.0), horizon)
            }
            Quantity::DiscountedExpectedPurchases { continuous_discount_rate, discount_rate, horizon }
            | Quantity::VarianceOfDiscountedPurchases { continuous_discount_rate, discount_rate, horizon } => {
                let discount = match (continuous_discount_rate, discount_rate) {
                    (None, Some(rate)) if rate > 0.0 => Discount::PerPeriod(rate),
                    (rate, _) => Discount::Continuous(rate.unwrap_or(0.0)),
                };
                purchases(discount, horizon.unwrap_or(f64::INFINITY))
            }
            _ => {
                let (n, after, horizon) = quantity.count()?;
                Some(Asked::Count { n, after, horizon })
            }
        }
    }
}

fn score(customer: &mut Customer<'_>, walk: &Walk, i: usize, asked: Asked) -> f64 {
    if let Asked::LogLikelihood = asked {
        return customer.value(walk, i);
    }
    let left = customer.log_odds_left(walk);
    match asked {
        Asked::LogLikelihood => f64::NAN,
        Asked::Alive { after } => {
            let [_, now] = customer.rates();
            for (step, from, to) in customer.walks().pieces(walk, walk.age, walk.age + after) {
                let speeds = customer.speeds(step);
                customer.run(speeds, to - from);
            }
            let [_, then] = customer.rates();
            if_alive(left, (-customer.shape() * ((then - now) / now).ln_1p()).exp())
        }
        Asked::Count { n, after, horizon } => {
            let count = if_alive(left, count(customer, walk, n, after, horizon));
            if n == 0 { logistic(left) + count } else { count }
        }
        Asked::Purchases { discount, horizon, varies } => {
            let (m, [rate, _]) = (customer.purchase_shape(walk), customer.rates());
            let Moments { once, twice, pairs, .. } = moments(customer, walk, discount, horizon, varies);
            match varies {
                true => {
                    let alive = variance::poisson(m, rate, once, twice, pairs);
                    variance::in_all(left, alive, m / rate * once)
                }
                false => if_alive(left, m / rate * once),
            }
        }
    }
}

/// Means over the lifetime of a customer who is alive at T: of ∫ D dA, of ∫ D² dA and of the square of the former; and ∫ D dA itself.
#[derive(Default)]
struct Moments {
    once: f64,
    twice: f64,
    pairs: f64,
    grown: f64,
}

fn moments(
    customer: &mut Customer<'_>,
    walk: &Walk,
    discount: Discount,
    horizon: f64,
    varies: bool,
) -> Moments {
    let s = customer.shape();
    let [_, start] = customer.rates();
    let mut sum = Moments::default();
    for (step, from, to) in customer.walks().pieces(walk, walk.age, walk.age + horizon) {
        let speeds @ [a, b] = customer.speeds(step);
        stretches(discount, from - walk.age, to - walk.age, |length, factor, discount| {
            let [_, now] = customer.rates();
            let there = (-s * ((now - start) / start).ln_1p()).exp();
            let scale = a * factor;
            let squares = Squares::new(discount, length);
            let [once, twice, pairs] = within(s, now / b, length, discount, &squares, varies);
            sum.once += scale * there * once;
            if varies {
                sum.twice += factor * scale * there * twice;
                sum.pairs += scale * there * (2.0 * sum.grown * once + scale * pairs);
                sum.grown += scale * squares.once.longest();
            }
            if length.is_finite() {
                customer.run(speeds, length);
            }
        });
    }
    sum
}

/// Periods of a step that are taken one by one, each without a discount of its own.
const ONE_BY_ONE: f64 = 8.0;

/// The stretches of time from one offset to another: length, discount at the beginning, and that which follows from there on.
fn stretches(discount: Discount, from: f64, to: f64, mut each: impl FnMut(f64, f64, Discount)) {
    let rate = match discount {
        Discount::Continuous(rate) => return each(to - from, (-rate * from).exp(), discount),
        Discount::PerPeriod(rate) => rate,
    };
    let none = Discount::Continuous(0.0);
    let mut from = from;
    let mut first = true;
    while from < to {
        // Up to the end of the period that has begun, and then by whole periods.
        let ends = from.floor() + 1.0;
        let factor = (-ends * rate.ln_1p()).exp();
        // Where periods are too short for numbers, there are none to tell apart.
        if !(ends > from) || (!first && to - from > ONE_BY_ONE) {
            return each(to - from, (-from * rate.ln_1p()).exp(), discount);
        }
        each(ends.min(to) - from, factor, none);
        (from, first) = (ends, false);
    }
}

/// What is short beside the time on whose scale a customer leaves, and a discount works.
const SHORT: f64 = 0.25;

/// Of a customer who leaves at a rate μ ~ Gamma(s, β), over a stretch: the expected discounted time there, that for the square of the discount, and the mean of J.
fn within(s: f64, beta: f64, length: f64, discount: Discount, squares: &Squares, varies: bool) -> [f64; 3] {
    let plain = ParetoNbd::of(1.0, 1.0, s, beta);
    if let (Discount::Continuous(rate), true) = (discount, squares.plain_horizon().is_none()) {
        let (time, discounted) = (length / beta, rate * length);
        if time < SHORT && s * time < 4.0 * SHORT && discounted < 4.0 * SHORT {
            // A polynomial, to all digits.
            let rule = legendre(12);
            let mut sum = [0.0; 3];
            for (node, weight) in rule.nodes.iter().zip(&rule.weights) {
                let there = weight * length * (-s * (node * time).ln_1p()).exp();
                let d = (-node * discounted).exp();
                sum[0] += there * d;
                sum[1] += there * d * d;
                sum[2] += there * d * 2.0 * -(-node * discounted).exp_m1() / rate;
            }
            return sum;
        }
    }
    if varies {
        return plain.moments_of_time(squares);
    }
    let once = match squares.plain_horizon() {
        Some(horizon) => plain.time_alive(horizon),
        None => plain.discounted_time_alive(&squares.once),
    };
    [once, f64::NAN, f64::NAN]
}
