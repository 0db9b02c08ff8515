//! What a posterior says of customers, of those it learnt from and of any others, all at once.
//!
//! Whatever has a closed form given the draw of the [population](super::customers) is not drawn: with gamma heterogeneity that is nearly everything. Elsewhere what is
//! known given the customer's own parameters is averaged. Only the ends of the interval of purchases come from purchases that were drawn.

use super::asked::{Asked, Moments, Sums};
use super::customers::{
    BLOCK, Populations, check_unit, distinct, rows_of, streams, walk_ggg, walk_log_normal,
};
use super::lognormal_customer;
use super::posterior::Posterior;
use super::score::score_rows;
use crate::clv::ParetoNbd;
use crate::control::{Control, Progress};
use crate::error::{Error, Result};
use crate::math::exp_log::logistic;
use crate::math::random::Stream;
use crate::model::{Family, Quantity};
use crate::table::Table;
use std::sync::atomic::{AtomicU64, Ordering};

/// What is asked of each customer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Question {
    /// How far ahead, in the unit of time; none: nothing about the future.
    pub(super) horizon: Option<f64>,
    /// Discounted purchases at this continuous rate, or at this rate per period, until the horizon or for ever; none: not asked.
    pub(super) continuous_discount_rate: Option<f64>,
    pub(super) discount_rate: Option<f64>,
    /// The probability between the ends of the interval of purchases.
    pub(super) level: f64,
    /// The most draws of the population that are used.
    pub(super) draws: usize,
    /// The seed.
    pub(super) seed: u64,
}

/// The answers for one customer. NaN for what was not asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answers {
    rate: f64,
    leaving: f64,
    regularity: f64,
    alive: f64,
    active: f64,
    expected: f64,
    discounted: f64,
    ends: [f64; 2],
}

const NONE: f64 = f64::NAN;
const UNKNOWN: Answers = Answers {
    rate: NONE,
    leaving: NONE,
    regularity: NONE,
    alive: NONE,
    active: NONE,
    expected: NONE,
    discounted: NONE,
    ends: [NONE; 2],
};

/// Sums over draws.
#[derive(Default)]
struct Tally {
    rate: f64,
    leaving: f64,
    regularity: f64,
    alive: f64,
    active: f64,
    expected: Sums,
    counts: Vec<f64>,
}

impl Tally {
    fn answers(mut self, draws: usize, question: &Question) -> Answers {
        let n = draws as f64;
        self.counts.sort_unstable_by(f64::total_cmp);
        // The smallest number that is not exceeded with that probability.
        let end = |p: f64| {
            let rank = (p * self.counts.len() as f64).ceil() as usize;
            self.counts.get(rank.max(1) - 1).copied().unwrap_or(NONE)
        };
        let ahead = |sum: f64| if question.horizon.is_some() { sum / n } else { NONE };
        Answers {
            rate: self.rate / n,
            leaving: self.leaving / n,
            regularity: self.regularity / n,
            alive: self.alive / n,
            active: ahead(self.active),
            expected: question.expected().map_or(NONE, |asked| self.expected.answer(&asked)),
            // Comes after all others.
            discounted: NONE,
            ends: [end(0.5 - 0.5 * question.level), end(0.5 + 0.5 * question.level)],
        }
    }
}

fn one(populations: &Populations, row: &[f64], question: &Question, seed: u64) -> Answers {
    let [mut walk, mut chance] = streams(seed, row);
    let mut tally = Tally::default();
    match populations {
        Populations::Gamma(models) => {
            models.iter().for_each(|model| gamma(model, row, question, &mut chance, &mut tally));
        }
        Populations::LogNormal(all) => log_normal(all, row, question, [&mut walk, &mut chance], &mut tally),
        Populations::Ggg(all) => ggg(all, row, question, [&mut walk, &mut chance], &mut tally),
    }
    tally.answers(populations.len(), question)
}

/// E\[λ\] = r/α · L(r+1)/L(r), because λ times its density is r/α times the density of one shape more; and the same for μ.
fn gamma(model: &ParetoNbd, row: &[f64], question: &Question, stream: &mut Stream, tally: &mut Tally) {
    let theta = model.theta();
    let ln_likelihood = |r: f64, s: f64| {
        let theta = [r, theta[1], s, theta[3]];
        ParetoNbd::log_likelihood(&theta, &ParetoNbd::shared(&theta, row[0]), row)
    };
    let (r, s) = (theta[0], theta[2]);
    let here = ln_likelihood(r, s);
    tally.rate += r / theta[1] * (ln_likelihood(r + 1.0, s) - here).exp();
    tally.leaving += s / theta[3] * (ln_likelihood(r, s + 1.0) - here).exp();
    let alive = logistic(-model.log_odds_left(row));
    tally.alive += alive;
    let Some(horizon) = question.horizon else { return };
    let now = model.updated(row[0], row[2]);
    tally.active += alive * (1.0 - now.count_probability(0, horizon));
    tally.expected.add(Moments::first(alive * now.r() / now.alpha() * now.time_alive(horizon)));
    let stays = stream.uniform() < alive;
    let at = [
        stream.ln_gamma_variate(now.r()) - now.alpha().ln(),
        stream.ln_gamma_variate(now.s()) - now.beta().ln(),
    ];
    tally.counts.push(if stays { lognormal_customer::draw_purchases(&at, horizon, stream) } else { 0.0 });
}

fn log_normal(
    populations: &[super::customers::Normal],
    row: &[f64],
    question: &Question,
    [walk, chance]: [&mut Stream; 2],
    tally: &mut Tally,
) {
    let expected = question.expected();
    walk_log_normal(populations, row, walk, |_, at, alive| {
        tally.rate += at[0].exp();
        tally.leaving += at[1].exp();
        tally.alive += alive;
        if let (Some(horizon), Some(expected)) = (question.horizon, expected) {
            tally.active += alive * lognormal_customer::probability_active(at, horizon);
            tally.expected.add(expected.poisson(at, alive));
            let stays = chance.uniform() < alive;
            tally.counts.push(if stays {
                lognormal_customer::draw_purchases(at, horizon, chance)
            } else {
                0.0
            });
        }
    });
}

fn ggg(
    populations: &[[super::prior::Population; 3]],
    row: &[f64],
    question: &Question,
    [walk, chance]: [&mut Stream; 2],
    tally: &mut Tally,
) {
    let expected = question.expected();
    walk_ggg(populations, row, walk, |_, customer, at| {
        let alive = customer.probability_alive(at);
        tally.regularity += at[0].exp();
        tally.rate += at[1].exp();
        tally.leaving += at[2].exp();
        tally.alive += alive;
        if let (Some(horizon), Some(expected)) = (question.horizon, expected) {
            tally.active += customer.probability_active(at, horizon);
            tally.expected.add(expected.renewal(customer, at, chance));
            let stays = chance.uniform() < alive;
            tally.counts.push(if stays { customer.draw_purchases(at, horizon, chance) } else { 0.0 });
        }
    });
}

impl Question {
    fn check(&self) -> Result<()> {
        if let Some(horizon) = self.horizon {
            Quantity::ExpectedPurchases { horizon }.check()?;
        }
        if let Some(discounted) = self.discounted() {
            discounted.check()?;
        }
        if !(self.level > 0.0 && self.level < 1.0) {
            return Err(Error::parameter("level", "between 0 and 1", self.level));
        }
        Ok(())
    }

    fn expected(&self) -> Option<Asked> {
        self.horizon.and_then(|horizon| Asked::of(&Quantity::ExpectedPurchases { horizon }))
    }

    fn discounted(&self) -> Option<Quantity> {
        let &Question { continuous_discount_rate, discount_rate, horizon, .. } = self;
        (continuous_discount_rate.is_some() || discount_rate.is_some()).then_some(
            Quantity::DiscountedExpectedPurchases { continuous_discount_rate, discount_rate, horizon },
        )
    }
}

/// The answers for every row of the table, column by column.
pub(super) fn predict(
    posterior: &Posterior,
    table: &Table<'_>,
    question: &Question,
    control: &Control<'_>,
) -> Result<Vec<(&'static str, Vec<f64>)>> {
    question.check()?;
    check_unit(posterior, table)?;
    let populations = Populations::of(posterior, question.draws)?;
    let (rows, width) = rows_of(posterior, table)?;
    let (unique, place) = distinct(&rows, width);
    let done = AtomicU64::new(0);
    let blocks = control.map(unique.len().div_ceil(BLOCK), |block| {
        let mine = &unique[block * BLOCK..unique.len().min((block + 1) * BLOCK)];
        let answers = mine.iter().map(|row| {
            control.check()?;
            Ok(one(&populations, row, question, question.seed))
        });
        let answers = answers.collect::<Result<Vec<_>>>()?;
        let done = done.fetch_add(mine.len() as u64, Ordering::Relaxed) + mine.len() as u64;
        control.report(Progress::new("posterior_predict", done, Some(unique.len() as u64), done as f64));
        Ok(answers)
    })?;
    let mut answers: Vec<Answers> = blocks.into_iter().flatten().collect();
    if let Some(quantity) = question.discounted() {
        let scores = score_rows(&populations, &unique, &quantity, question.seed, control)?;
        answers.iter_mut().zip(scores).for_each(|(a, score)| a.discounted = score);
    }
    let column = |of: fn(&Answers) -> f64| -> Vec<f64> {
        place.iter().map(|place| of(place.map_or(&UNKNOWN, |i| &answers[i]))).collect()
    };
    let mut columns: Vec<(&'static str, Vec<f64>)> =
        vec![("purchase_rate", column(|a| a.rate)), ("leaving_rate", column(|a| a.leaving))];
    if posterior.model == "pareto_ggg" {
        columns.push(("regularity", column(|a| a.regularity)));
    }
    columns.push(("probability_alive", column(|a| a.alive)));
    if question.horizon.is_some() {
        columns.push(("probability_active", column(|a| a.active)));
        columns.push(("expected_purchases", column(|a| a.expected)));
        columns.push(("purchases_lower", column(|a| a.ends[0])));
        columns.push(("purchases_upper", column(|a| a.ends[1])));
    }
    if question.discounted().is_some() {
        columns.push(("discounted_expected_purchases", column(|a| a.discounted)));
    }
    Ok(columns)
}
