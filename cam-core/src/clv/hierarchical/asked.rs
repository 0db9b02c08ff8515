//! A quantity, as customers with parameters of their own answer it.
//!
//! What is asked of a posterior is a mean over draws. Given a draw it is known in closed form, or by an [integral](super::renewal); of a variance the mean of Y² is kept besides that of Y, so
//! that the answer holds what chance will do and what is not known of customer and population: Var\[Y\] = E\[Y²\] − E\[Y\]².

use super::ggg_customer::{Logs, Own, Timed};
use super::lognormal_customer::Rates;
use super::renewal::Ahead;
use crate::clv::history::PURCHASE_QUANTITIES;
use crate::clv::lifetime::Lifetime;
use crate::clv::variance::Squares;
use crate::error::{Error, ErrorKind};
use crate::math::{gamma::ln_gamma, incomplete_gamma::gamma_p, random::Stream};
use crate::model::Quantity;

/// What is asked, ready to be answered draw by draw.
#[derive(Debug, Clone, Copy)]
pub(super) enum Asked {
    Alive { after: f64 },
    Count { n: u32, after: f64, horizon: f64 },
    Expected(Lifetime),
    Variance(Squares),
}

/// E\[Y\] and E\[Y²\] given a draw. Where they are known of something else only, which goes nearly as Y does, both were [drawn](Ahead::draw): Y, Y², and then the same of the other.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Moments {
    first: f64,
    second: f64,
    drawn: Option<[f64; 4]>,
}

impl Moments {
    pub(super) fn first(first: f64) -> Moments {
        Moments { first, ..Moments::default() }
    }
}

/// Sums of [`Moments`] over draws.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    first: f64,
    second: f64,
    drawn: Option<[f64; 4]>,
    count: f64,
}

/// The error for a quantity that is none of purchases.
pub(super) fn unsupported(quantity: &Quantity) -> Error {
    let (name, known) = (quantity.name(), PURCHASE_QUANTITIES.join(", "));
    Error::new(ErrorKind::Unsupported, format!("a posterior does not define {name}; it defines: {known}"))
        .with_field(name)
}

impl Asked {
    /// From a checked quantity; none where it is no mean over draws, or none of purchases.
    pub(super) fn of(quantity: &Quantity) -> Option<Asked> {
        if let Some((n, after, horizon)) = quantity.count() {
            return Some(Asked::Count { n, after, horizon });
        }
        match *quantity {
            Quantity::ProbabilityAlive { after } => Some(Asked::Alive { after }),
            _ => Squares::of(quantity)
                .map(Asked::Variance)
                .or_else(|| Lifetime::of(quantity).map(Asked::Expected)),
        }
    }

    /// Of a customer with Poisson purchases, who is alive with this probability.
    pub(super) fn poisson(&self, at: &Rates, alive: f64) -> Moments {
        let [rate, leaving] = at.map(f64::exp);
        match *self {
            Asked::Alive { after } => Moments::first(alive * (-leaving * after).exp()),
            Asked::Count { n, after, horizon } => {
                let there = alive * (-leaving * after).exp();
                let count = there * poisson_count(rate, leaving, n, horizon);
                Moments::first(if n == 0 { 1.0 - there + count } else { count })
            }
            Asked::Expected(lifetime) => Moments::first(alive * rate * lifetime.at(leaving)),
            Asked::Variance(squares) => {
                let (once, twice) = (squares.once.at(leaving), squares.twice.at(leaving));
                let second = alive * rate * (twice + rate * squares.pairs(leaving));
                Moments { first: alive * rate * once, second, ..Moments::default() }
            }
        }
    }

    /// Of a customer with regular purchases.
    pub(super) fn renewal(&self, customer: &Timed, at: &Logs, stream: &mut Stream) -> Moments {
        let Some(own) = Own::new(at) else { return Moments::first(f64::NAN) };
        let ahead = Ahead::silent(own, customer.age - customer.recency);
        match *self {
            Asked::Alive { after } => {
                Moments::first(ahead.probability_alive() * (-own.leaving * after).exp())
            }
            Asked::Count { n, after: 0.0, horizon } => Moments::first(ahead.count_probability(n, horizon)),
            Asked::Count { n, after, horizon } => {
                let there = ahead.probability_alive() * (-own.leaving * after).exp();
                let w = match ahead.path(after, stream).last() {
                    Some(last) => after - last,
                    None => customer.age - customer.recency + after,
                };
                let count = match there > 1e-14 {
                    true => there * Ahead::alive(own, w).count_probability(n, horizon),
                    false => 0.0,
                };
                Moments::first(if n == 0 { 1.0 - there + count } else { count })
            }
            Asked::Expected(lifetime) => {
                Moments::first(renewal_mean(&ahead, &lifetime, || ahead.draw(&lifetime, stream).correction))
            }
            Asked::Variance(squares) => {
                let lifetime = squares.once;
                let horizon = lifetime.horizon();
                let known = lifetime.plain_horizon().is_some()
                    || (horizon == f64::INFINITY && lifetime.continuous().is_some());
                let drawn = (!known).then(|| ahead.draw(&lifetime, stream));
                let (first, second) = match horizon.is_finite() {
                    true => (ahead.discounted(0.0, horizon), ahead.square(horizon)),
                    false => {
                        let rate = lifetime.nearest_rate();
                        (ahead.discounted(rate, horizon), ahead.discounted_square(rate))
                    }
                };
                let drawn = drawn.map(|d| [d.sum[0], d.sum[1], d.compared[0], d.compared[1]]);
                Moments { first, second, drawn }
            }
        }
    }
}

fn renewal_mean(ahead: &Ahead, lifetime: &Lifetime, correction: impl FnOnce() -> f64) -> f64 {
    let smooth = lifetime.level() * ahead.discounted(lifetime.nearest_rate(), lifetime.horizon());
    if lifetime.continuous().is_some() { smooth } else { smooth + correction() }
}

/// P(n purchases within h) of a customer who is alive: stays past h, or leaves after n of them,
/// e^(−(λ+μ)h) (λh)ⁿ/n! + μ/(λ+μ) (λ/(λ+μ))ⁿ P(n+1, (λ+μ)h).
fn poisson_count(rate: f64, leaving: f64, n: u32, horizon: f64) -> f64 {
    let (total, count) = (rate + leaving, f64::from(n));
    if !(total * horizon > 0.0) {
        return if n == 0 { 1.0 } else { 0.0 };
    }
    if n > 0 && rate == 0.0 {
        return 0.0;
    }
    let (bought, chosen) = match n {
        0 => (0.0, 0.0),
        _ => (count * (rate * horizon).ln() - ln_gamma(count + 1.0), -count * (leaving / rate).ln_1p()),
    };
    (bought - total * horizon).exp() + leaving / total * chosen.exp() * gamma_p(count + 1.0, total * horizon)
}

impl Sums {
    pub(super) fn add(&mut self, moments: Moments) {
        self.first += moments.first;
        self.second += moments.second;
        if let Some(drawn) = moments.drawn {
            let sums = self.drawn.get_or_insert_default();
            sums.iter_mut().zip(drawn).for_each(|(sum, value)| *sum += value);
        }
        self.count += 1.0;
    }

    /// The mean over the draws, or the variance.
    pub(super) fn answer(&self, asked: &Asked) -> f64 {
        let mean = self.first / self.count;
        let Asked::Variance(squares) = asked else { return mean };
        let variance = (self.second / self.count - mean * mean).max(0.0);
        let Some(drawn) = self.drawn else { return variance };
        let [sum, square, other, other_square] = drawn.map(|total| total / self.count);
        let (mine, others) = (square - sum * sum, other_square - other * other);
        let horizon = squares.once.horizon();
        if others > 0.0 && mine > 0.0 {
            variance * (mine / others)
        } else if horizon > 0.0 && horizon.is_finite() {
            // No path had a purchase: what one counts on the mean.
            variance * squares.twice.longest() / horizon
        } else {
            variance
        }
    }
}
