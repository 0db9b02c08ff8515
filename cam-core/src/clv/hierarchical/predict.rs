//! What a posterior says of customers, of those it learnt from and of any others.
//!
//! Given the parameters of the population, customers are independent. So each is taken through draws of the population, and what is asked is averaged over them.
//! Whatever has a closed form given the draw is not drawn: with gamma heterogeneity that is nearly everything. Elsewhere the customer's own parameters move by
//! Markov steps from one draw of the population to the next, and what is known given them – P(alive), expected purchases – is averaged.
//!
//! The random numbers of a customer come from the seed and from the history itself: equal customers get equal answers, whoever else is asked about.

use super::chain::Key;
use super::data;
use super::ggg_customer::{Logs, Timed};
use super::lognormal::{mean_of, root_of};
use super::lognormal_customer::{self, History, Rates};
use super::posterior::{Heterogeneity, Posterior};
use super::prior::Population;
use crate::clv::ParetoNbd;
use crate::control::{Control, Progress};
use crate::error::{Error, Result};
use crate::math::exp_log::logistic;
use crate::math::random::{Stream, philox4x64};
use crate::model::{Family, Model, Quantity};
use crate::rows::Purpose;
use crate::table::Table;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// What is asked of each customer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Question {
    /// How far ahead, in the unit of time; none: nothing about the future.
    pub(super) horizon: Option<f64>,
    /// Discounted purchases for ever at this continuous rate; none: not asked.
    pub(super) continuous_discount_rate: Option<f64>,
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

/// Rows that are worked on at a time.
const BLOCK: usize = 16;

/// Sums over draws.
#[derive(Default)]
struct Tally {
    rate: f64,
    leaving: f64,
    regularity: f64,
    alive: f64,
    active: f64,
    expected: f64,
    discounted: f64,
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
            expected: ahead(self.expected),
            discounted: if question.continuous_discount_rate.is_some() { self.discounted / n } else { NONE },
            ends: [end(0.5 - 0.5 * question.level), end(0.5 + 0.5 * question.level)],
        }
    }
}

/// The populations that were drawn, each ready to be asked.
enum Populations {
    Gamma(Vec<ParetoNbd>),
    LogNormal(Vec<(Vec<Rates>, [[f64; 2]; 2])>),
    Ggg(Vec<[Population; 3]>),
}

impl Populations {
    fn of(posterior: &Posterior, question: &Question) -> Result<Populations> {
        let count = question.draws.min(posterior.len());
        let mut parameters = vec![0.0; posterior.parameters.len()];
        // Evenly spaced through the chains.
        let mut each = |i: usize| {
            posterior.draw(i * posterior.len() / count, &mut parameters);
            parameters.clone()
        };
        Ok(match (posterior.model.as_str(), posterior.heterogeneity) {
            ("pareto_ggg", _) => {
                let of =
                    |p: Vec<f64>| std::array::from_fn(|j| Population { shape: p[2 * j], rate: p[2 * j + 1] });
                Populations::Ggg((0..count).map(|i| of(each(i))).collect())
            }
            (_, Heterogeneity::Gamma) => Populations::Gamma(
                (0..count).map(|i| ParetoNbd::from_parameters(&each(i))).collect::<Result<_>>()?,
            ),
            (_, Heterogeneity::LogNormal) => {
                let p = 1 + posterior.covariates.len();
                let of = |v: Vec<f64>| {
                    let covariance = [[v[2 * p], v[2 * p + 1]], [v[2 * p + 1], v[2 * p + 2]]];
                    ((0..p).map(|i| [v[i], v[p + i]]).collect(), root_of(&covariance))
                };
                Populations::LogNormal((0..count).map(|i| of(each(i))).collect())
            }
        })
    }

    fn one(&self, row: &[f64], question: &Question, stream: &mut Stream) -> Answers {
        let mut tally = Tally::default();
        let draws = match self {
            Populations::Gamma(models) => {
                models.iter().for_each(|model| gamma(model, row, question, stream, &mut tally));
                models.len()
            }
            Populations::LogNormal(populations) => {
                log_normal(populations, row, question, stream, &mut tally);
                populations.len()
            }
            Populations::Ggg(populations) => {
                ggg(populations, row, question, stream, &mut tally);
                populations.len()
            }
        };
        let answers = tally.answers(draws, question);
        match self {
            Populations::Ggg(_) => answers,
            _ => Answers { regularity: NONE, ..answers },
        }
    }
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
    tally.expected += alive * now.r() / now.alpha() * now.time_alive(horizon);
    let stays = stream.uniform() < alive;
    let at = [
        stream.ln_gamma_variate(now.r()) - now.alpha().ln(),
        stream.ln_gamma_variate(now.s()) - now.beta().ln(),
    ];
    tally.counts.push(if stays { lognormal_customer::draw_purchases(&at, horizon, stream) } else { 0.0 });
}

/// Markov steps from one draw of the population to the next, and before the first.
const BETWEEN: usize = 3;
const BEFORE: usize = 30;

fn log_normal(
    populations: &[(Vec<Rates>, [[f64; 2]; 2])],
    row: &[f64],
    question: &Question,
    stream: &mut Stream,
    tally: &mut Tally,
) {
    let (customer, design) = (History::new(row), &row[3..]);
    let mut at = mean_of(&populations[0].0, design);
    for (i, (coefficients, root)) in populations.iter().enumerate() {
        let mean = mean_of(coefficients, design);
        for _ in 0..if i == 0 { BEFORE } else { BETWEEN } {
            at = customer.step(at, &mean, root, stream);
        }
        let alive = customer.probability_alive(&at);
        tally.rate += at[0].exp();
        tally.leaving += at[1].exp();
        tally.alive += alive;
        if let Some(horizon) = question.horizon {
            tally.active += alive * lognormal_customer::probability_active(&at, horizon);
            tally.expected += alive * lognormal_customer::expected_purchases(&at, horizon, 0.0);
            let stays = stream.uniform() < alive;
            tally.counts.push(if stays {
                lognormal_customer::draw_purchases(&at, horizon, stream)
            } else {
                0.0
            });
        }
        if let Some(discount) = question.continuous_discount_rate {
            tally.discounted += alive * lognormal_customer::expected_purchases(&at, f64::INFINITY, discount);
        }
    }
}

fn ggg(
    populations: &[[Population; 3]],
    row: &[f64],
    question: &Question,
    stream: &mut Stream,
    tally: &mut Tally,
) {
    let customer = Timed::new(row);
    let mut at: Logs = populations[0].map(|p| (p.shape / p.rate).ln());
    at[1] =
        ((customer.x + 0.5) / (customer.age + 0.5 * populations[0][1].rate / populations[0][1].shape)).ln();
    for (i, population) in populations.iter().enumerate() {
        let ln_prior =
            |at: &Logs| population.iter().zip(at).map(|(p, &log)| p.ln_density_of_log(log)).sum::<f64>();
        for _ in 0..if i == 0 { BEFORE } else { BETWEEN } {
            at = customer.step(3, at, ln_prior, stream);
        }
        let alive = customer.probability_alive(&at);
        tally.regularity += at[0].exp();
        tally.rate += at[1].exp();
        tally.leaving += at[2].exp();
        tally.alive += alive;
        if let Some(horizon) = question.horizon {
            tally.active += customer.probability_active(&at, horizon);
            let count = customer.draw_purchases(&at, horizon, stream);
            tally.expected += alive * count;
            tally.counts.push(if stream.uniform() < alive { count } else { 0.0 });
        }
    }
}

impl Question {
    fn check(&self, posterior: &Posterior) -> Result<()> {
        if let Some(horizon) = self.horizon {
            Quantity::ExpectedPurchases { horizon }.check()?;
        }
        if let Some(rate) = self.continuous_discount_rate {
            if posterior.model == "pareto_ggg" {
                return Err(Error::new(
                    crate::ErrorKind::Unsupported,
                    "purchases for ever have no closed form under pareto_ggg: ask for a horizon",
                )
                .with_field("continuous_discount_rate"));
            }
            if !(rate > 0.0 && rate < 1e100) {
                return Err(Error::parameter("continuous_discount_rate", "positive and finite", rate));
            }
        }
        if !(self.level > 0.0 && self.level < 1.0) {
            return Err(Error::parameter("level", "between 0 and 1", self.level));
        }
        if self.draws == 0 {
            return Err(Error::parameter("draws", "at least 1", 0));
        }
        Ok(())
    }
}

/// The answers for every row of the table, column by column.
pub(super) fn predict(
    posterior: &Posterior,
    table: &Table<'_>,
    question: &Question,
    control: &Control<'_>,
) -> Result<Vec<(&'static str, Vec<f64>)>> {
    posterior.check()?;
    question.check(posterior)?;
    if let (Some(mine), Some(theirs)) = (posterior.unit, table.unit())
        && mine != theirs
    {
        let message =
            format!("the posterior counts time in units of a {mine}, the data in units of a {theirs}");
        return Err(Error::new(crate::ErrorKind::InvalidParameter, message).with_field("unit"));
    }
    let (rows, width) = rows_of(posterior, table)?;
    let (unique, place) = distinct(&rows, width);
    let populations = Populations::of(posterior, question)?;
    let done = AtomicU64::new(0);
    let blocks = control.map(unique.len().div_ceil(BLOCK), |block| {
        let mine = &unique[block * BLOCK..unique.len().min((block + 1) * BLOCK)];
        let answers = mine.iter().map(|row| {
            control.check()?;
            let seed =
                row.iter().fold(question.seed, |seed, v| philox4x64([v.to_bits(), 0, 0, 2], [seed, 2])[0]);
            Ok(populations.one(row, question, &mut Key::new(seed, 0, 0).customer(0)))
        });
        let answers = answers.collect::<Result<Vec<_>>>()?;
        let done = done.fetch_add(mine.len() as u64, Ordering::Relaxed) + mine.len() as u64;
        control.report(Progress::new("posterior_predict", done, Some(unique.len() as u64), done as f64));
        Ok(answers)
    })?;
    let mut answers: Vec<Answers> = blocks.into_iter().flatten().collect();
    if let (Populations::Gamma(models), Some(rate)) = (&populations, question.continuous_discount_rate) {
        discounted(models, rate, &unique, &mut answers, control)?;
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
    if question.continuous_discount_rate.is_some() {
        columns.push(("discounted_expected_purchases", column(|a| a.discounted)));
    }
    Ok(columns)
}

/// Discounted purchases are exact given the population, and cheapest for all customers at once.
fn discounted(
    models: &[ParetoNbd],
    rate: f64,
    unique: &[&[f64]],
    answers: &mut [Answers],
    control: &Control<'_>,
) -> Result<()> {
    let quantity = Quantity::DiscountedExpectedPurchases {
        continuous_discount_rate: Some(rate),
        discount_rate: None,
        horizon: None,
    };
    let columns: Vec<Vec<f64>> = (0..3).map(|k| unique.iter().map(|row| row[k]).collect()).collect();
    let table =
        Table::new().with("frequency", &columns[0])?.with("recency", &columns[1])?.with("T", &columns[2])?;
    let mut sums = vec![0.0; unique.len()];
    for model in models {
        let scores = model.score(&quantity, &table, control)?;
        sums.iter_mut().zip(scores).for_each(|(sum, score)| *sum += score);
    }
    answers.iter_mut().zip(sums).for_each(|(a, sum)| a.discounted = sum / models.len() as f64);
    Ok(())
}

/// All that a posterior needs of each customer, row by row, and how many numbers that is.
fn rows_of(posterior: &Posterior, table: &Table<'_>) -> Result<(Vec<f64>, usize)> {
    if posterior.model == "pareto_ggg" {
        return Ok((data::timed(table, Purpose::Score)?, 4));
    }
    let histories = data::histories(table, Purpose::Score)?;
    if posterior.heterogeneity == Heterogeneity::Gamma {
        return Ok((histories, 3));
    }
    let design = data::design(table, &posterior.covariates, Purpose::Score)?;
    let width = 1 + posterior.covariates.len();
    let both = histories.chunks_exact(3).zip(design.chunks_exact(width));
    Ok((both.flat_map(|(history, z)| history.iter().chain(z).copied()).collect(), 3 + width))
}

/// The rows that differ, and for each row which of them it is; none with a NaN in it.
fn distinct(rows: &[f64], width: usize) -> (Vec<&[f64]>, Vec<Option<usize>>) {
    let mut known: HashMap<Vec<u64>, usize> = HashMap::new();
    let mut unique: Vec<&[f64]> = Vec::new();
    let mut places = Vec::with_capacity(rows.len() / width);
    for row in rows.chunks_exact(width) {
        let hole = row.iter().any(|v| v.is_nan());
        places.push((!hole).then(|| {
            *known.entry(row.iter().map(|v| v.to_bits()).collect()).or_insert_with(|| {
                unique.push(row);
                unique.len() - 1
            })
        }));
    }
    (unique, places)
}
