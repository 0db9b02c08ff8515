//! Customers given the populations that were drawn: those whose histories are known, and new ones.
//!
//! Each customer is taken through draws of the population, evenly spaced through the chains. With gamma heterogeneity and Poisson purchases the customer need not be drawn; elsewhere
//! the own parameters move by Markov steps from one draw of the population to the next.
//!
//! The random numbers of a customer come from the seed and from the history itself: equal customers get equal answers, whoever else is asked about. Those that
//! move the parameters are apart from all others, so that every question about a customer meets the same parameters.

use super::chain::Key;
use super::data;
use super::ggg_customer::{LARGEST_SHAPE, Logs, SMALLEST_SHAPE, Timed};
use super::lognormal::{mean_of, root_of};
use super::lognormal_customer::{History, Rates};
use super::posterior::{Heterogeneity, Posterior};
use super::prior::Population;
use crate::clv::ParetoNbd;
use crate::error::{Error, ErrorKind, Result};
use crate::math::{
    incomplete_gamma::gamma_p_inverse,
    normal::normal_quantile,
    random::{Stream, philox4x64},
};
use crate::model::Family;
use crate::rows::Purpose;
use crate::table::Table;
use std::collections::HashMap;

/// Rows that are worked on at a time.
pub(super) const BLOCK: usize = 16;

/// Markov steps from one draw of the population to the next, and before the first.
const BETWEEN: usize = 3;
const BEFORE: usize = 30;

/// Log-normal: a row of coefficients for the intercept and each covariate, and the root of the covariance.
pub(super) type Normal = (Vec<Rates>, [[f64; 2]; 2]);

/// The populations that were drawn, each ready to be asked.
pub(super) enum Populations {
    Gamma(Vec<ParetoNbd>),
    LogNormal(Vec<Normal>),
    Ggg(Vec<[Population; 3]>),
}

/// A customer's own parameters.
#[derive(Debug, Clone, Copy)]
pub(super) enum Own {
    Poisson(Rates),
    Regular(Logs),
}

impl Populations {
    /// At most so many draws of them.
    pub(super) fn of(posterior: &Posterior, draws: usize) -> Result<Populations> {
        if draws == 0 {
            return Err(Error::parameter("draws", "at least 1", 0));
        }
        let count = draws.min(posterior.len());
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

    pub(super) fn len(&self) -> usize {
        match self {
            Populations::Gamma(all) => all.len(),
            Populations::LogNormal(all) => all.len(),
            Populations::Ggg(all) => all.len(),
        }
    }

    /// A new customer of population i, from numbers between 0 and 1; the row holds covariates from its fourth number on.
    pub(super) fn new_customer(&self, i: usize, row: &[f64], uniforms: [f64; 3]) -> Own {
        let gamma = |shape: f64, rate: f64, u: f64| log(gamma_p_inverse(shape, u)) - rate.ln();
        match self {
            Populations::Gamma(models) => {
                let m = &models[i];
                Own::Poisson([gamma(m.r(), m.alpha(), uniforms[0]), gamma(m.s(), m.beta(), uniforms[1])])
            }
            Populations::LogNormal(all) => {
                let (coefficients, root) = &all[i];
                let mean = mean_of(coefficients, &row[3..]);
                let z = [uniforms[0], uniforms[1]].map(normal_quantile);
                Own::Poisson([mean[0] + root[0][0] * z[0], mean[1] + root[1][0] * z[0] + root[1][1] * z[1]])
            }
            Populations::Ggg(all) => {
                let own: Logs = std::array::from_fn(|j| gamma(all[i][j].shape, all[i][j].rate, uniforms[j]));
                Own::Regular(within(own))
            }
        }
    }
}

/// ln x, of what may have underflowed.
fn log(x: f64) -> f64 {
    x.max(f64::MIN_POSITIVE).ln()
}

/// A new customer as regular as can be computed with.
fn within(at: Logs) -> Logs {
    let [k, rate, leaving] = at;
    let k = k.clamp((2.0 * SMALLEST_SHAPE).ln(), (0.5 * LARGEST_SHAPE).ln());
    [k, rate.clamp(-600.0, 600.0), leaving.clamp(-600.0, 600.0)]
}

/// A customer of the log-normal through the populations: ln λ and ln μ, and P(alive) given them.
pub(super) fn walk_log_normal(
    populations: &[Normal],
    row: &[f64],
    stream: &mut Stream,
    mut visit: impl FnMut(usize, &Rates, f64),
) {
    let (customer, design) = (History::new(row), &row[3..]);
    let mut at = mean_of(&populations[0].0, design);
    for (i, (coefficients, root)) in populations.iter().enumerate() {
        let mean = mean_of(coefficients, design);
        for _ in 0..if i == 0 { BEFORE } else { BETWEEN } {
            at = customer.step(at, &mean, root, stream);
        }
        visit(i, &at, customer.probability_alive(&at));
    }
}

/// A customer of Pareto/GGG through the populations: ln k, ln λ and ln μ.
pub(super) fn walk_ggg(
    populations: &[[Population; 3]],
    row: &[f64],
    stream: &mut Stream,
    mut visit: impl FnMut(usize, &Timed, &Logs),
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
        visit(i, &customer, &at);
    }
}

/// The random numbers of a customer: those that move the parameters, and all others.
pub(super) fn streams(seed: u64, row: &[f64]) -> [Stream; 2] {
    let seed = row.iter().fold(seed, |seed, v| philox4x64([v.to_bits(), 0, 0, 2], [seed, 2])[0]);
    let key = Key::new(seed, 0, 0);
    [key.customer(0), key.customer(1)]
}

/// Whether table and posterior count time alike, where that is known.
pub(super) fn check_unit(posterior: &Posterior, table: &Table<'_>) -> Result<()> {
    if let (Some(mine), Some(theirs)) = (posterior.unit, table.unit())
        && mine != theirs
    {
        let message =
            format!("the posterior counts time in units of a {mine}, the data in units of a {theirs}");
        return Err(Error::new(ErrorKind::InvalidParameter, message).with_field("unit"));
    }
    Ok(())
}

/// All that a posterior needs of each customer, row by row, and how many numbers that is.
pub(super) fn rows_of(posterior: &Posterior, table: &Table<'_>) -> Result<(Vec<f64>, usize)> {
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

/// Rows of customers who have just been acquired, `count` of them or, where there are covariates, as many as the table has.
pub(super) fn new_rows(posterior: &Posterior, table: &Table<'_>, count: usize) -> Result<(Vec<f64>, usize)> {
    if posterior.heterogeneity == Heterogeneity::Gamma {
        let width = if posterior.model == "pareto_ggg" { 4 } else { 3 };
        return Ok((vec![0.0; width * count], width));
    }
    let width = 1 + posterior.covariates.len();
    if posterior.covariates.is_empty() {
        return Ok(([0.0, 0.0, 0.0, 1.0].repeat(count), 4));
    }
    let design = data::design(table, &posterior.covariates, Purpose::Fit)?;
    let rows = design.chunks_exact(width).flat_map(|z| [0.0; 3].iter().chain(z).copied().collect::<Vec<_>>());
    Ok((rows.collect(), 3 + width))
}

/// The rows that differ, and for each row which of them it is; none with a NaN in it.
pub(super) fn distinct(rows: &[f64], width: usize) -> (Vec<&[f64]>, Vec<Option<usize>>) {
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
