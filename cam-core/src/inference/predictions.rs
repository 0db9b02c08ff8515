//! Intervals for predictions, with what is not known of the parameters and what chance will do told apart.
//!
//! A prediction q(θ; customer) is uncertain for two reasons. The *parameters* θ are known only so well: they are drawn D times, from the posterior where the model was sampled, otherwise
//! from the normal approximation of their coordinates (logarithms), and the quantiles of q over the draws are the interval. And a number of purchases to come is
//! a random number even where the parameters are known: the *process*. Its distribution is exact, P(n purchases), so its quantiles are the smallest n whose
//! cumulative probability is high enough; no simulation. *Both* together is the mean of those distributions over the draws.
//!
//! So it is with the discounted sum of the purchases to come ([`Quantity::DiscountedExpectedPurchases`]) and with what the next purchase is worth
//! ([`Quantity::ExpectedSpend`]), but their distributions are not known: they are drawn, as many times as there are draws of the parameters. A probability, a variance or a
//! log-likelihood is the mean of no such number: it is known or not.
//!
//! **The total.** Given the parameters, customers are independent. The total of the counts of a few customers is the convolution of their distributions, exact. Of more than
//! that, and of sums that are drawn, it has as its mean and variance the sums of theirs and is taken as normal: quantiles of a mixture over the draws of normal distributions with means
//! M_d and variances V M_d/M, V that at the estimates.
//!
//! **Customers times draws.** A block of customers is scored in every draw before the next block comes, so memory holds a part of the matrix, never the whole. A block is
//! as large as that allows, because what a model prepares for a draw – nodes, interpolants – then serves all its customers. Draws are spread over the threads, not
//! customers: the same blocks and the same sums for any number of them.

use super::customers::{Customers, Kind};
use super::outcomes::{Drawer, Outcome};
use crate::clv::time_varying::Customers as Walkers;
use crate::control::{Control, Progress};
use crate::error::{Error, ErrorKind, Result};
use crate::fit::{Coordinate, Fitted, Scale};
use crate::math::{diagnostics::quantile, linalg::cholesky, random::Stream};
use crate::model::{Model, Quantity, walk};
use crate::registry;
use crate::table::Table;
use ndarray::{Array1, Array2};
use serde::Serialize;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

/// How predictions are made uncertain.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PredictionOptions {
    /// The probability with which an interval shall cover.
    pub level: f64,
    /// Draws of the parameters. Of a posterior with more draws every so-many-th is taken.
    pub draws: usize,
    /// The seed of all random numbers.
    pub seed: u64,
    /// Whether the intervals of what will happen are wanted, too: those of a number of purchases cost as many more evaluations as there are purchases to count.
    pub process: bool,
    /// Whether the parameters are drawn. If not, they are taken as known: chance alone is left, which there is of a fit without a maximum, too.
    pub parameters: bool,
}

impl Default for PredictionOptions {
    fn default() -> Self {
        PredictionOptions { level: 0.9, draws: 200, seed: 0, process: true, parameters: true }
    }
}

/// Lower and upper ends.
#[derive(Debug, Clone, PartialEq)]
pub struct Ends {
    /// Lower ends.
    pub lower: Vec<f64>,
    /// Upper ends.
    pub upper: Vec<f64>,
}

/// Intervals for what will happen itself: a number of purchases, their discounted sum, what the next one is worth.
#[derive(Debug, Clone, PartialEq)]
pub struct Realised {
    /// Of chance alone: the parameters are the estimates.
    pub process: Ends,
    /// Of chance and parameters.
    pub both: Ends,
}

/// A total with its intervals.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Predicted {
    /// At the estimates.
    pub estimate: f64,
    /// The mean over the draws of the parameters.
    pub mean: f64,
    /// Of the parameters.
    pub parameter: [f64; 2],
    /// Of chance alone; none where the quantity is the mean of nothing that will happen.
    pub process: Option<[f64; 2]>,
    /// Of both.
    pub both: Option<[f64; 2]>,
    /// How many draws of the parameters were used.
    pub draws: usize,
}

/// Predictions with their intervals.
#[derive(Debug, Clone, PartialEq)]
pub struct Predictions {
    /// At the estimates, by row.
    pub estimate: Vec<f64>,
    /// The mean over the draws of the parameters, by row; with a posterior, the posterior mean.
    pub mean: Vec<f64>,
    /// Intervals of the parameters, by row.
    pub parameter: Ends,
    /// Intervals for what will happen, by row; none where the quantity is the mean of no such number.
    pub realised: Option<Realised>,
    /// The sum over all rows, each as often as its weight says.
    pub total: Predicted,
}

/// Customers times draws that may be in memory at a time: 192 MB.
const BUDGET: usize = 24 << 20;
/// Customers whose draws are put in order together: their values lie side by side in each draw.
const SIDE_BY_SIDE: usize = 8;
/// Customers of a piece of work that a thread takes.
const PIECE: usize = 256;
/// A count that is not exceeded with the probability asked for up to here has no end.
const MOST: u32 = 100_000;
/// The part of a count's distribution that its variance may miss.
pub(super) const REST: f64 = 1e-10;

/// Intervals for a quantity, of every row of a table and of all together. A row with a NaN gives NaN, and is not in the total. Where covariates change over time, the table has the
/// [steps](crate::clv::time_varying::Walks::new) of each customer.
///
/// # Errors
/// As for [`Model::score`]; a level outside (0, 1); and a model whose parameters were given, or whose fit did not converge.
pub fn prediction_intervals(
    fitted: &Fitted<Box<dyn Model>>,
    table: &Table<'_>,
    quantity: &Quantity,
    options: &PredictionOptions,
    control: &Control<'_>,
) -> Result<Predictions> {
    if !(options.level > 0.0 && options.level < 1.0) {
        return Err(Error::parameter("level", "between 0 and 1", options.level));
    }
    fitted.check_unit(table.unit())?;
    // What has a distribution that is known wants no draws of one and the same model.
    let known = !options.parameters && Outcome::of(quantity).is_none_or(|_| !options.process);
    let options = &PredictionOptions { draws: if known { 2 } else { options.draws }, ..*options };
    let models = || drawn_models(fitted, options);
    match Walkers::of(table)? {
        None => predict(&*fitted.model, models, table, quantity, options, control),
        Some(walkers) => {
            let model = walkers.model(&*fitted.model)?;
            let models = || walkers.models(&models()?);
            walkers.ask(|rows| predict(&*model, models, rows, quantity, options, control))
        }
    }
}

/// The same by a model, and models with other parameters.
fn predict(
    model: &dyn Model,
    models: impl FnOnce() -> Result<Vec<Box<dyn Model>>>,
    table: &Table<'_>,
    quantity: &Quantity,
    options: &PredictionOptions,
    control: &Control<'_>,
) -> Result<Predictions> {
    // The whole table first: what is wrong with it is told with the rows of the caller.
    let estimate = model.score(quantity, table, control)?;
    let models = models()?;
    let spec = model.spec();
    let customers = Customers::new(model, table, control)?;
    let tails = [0.5 * (1.0 - options.level), 0.5 * (1.0 + options.level)];
    let random = match *quantity {
        _ if !options.process => None,
        Quantity::ExpectedPurchases { horizon } if spec.quantities.contains(&"purchase_probability") => {
            Some(Random::Count(horizon))
        }
        _ => Outcome::of(quantity).map(|outcome| Random::Drawn(outcome, options.seed)),
    };
    // As many to each block, so that none is left with a few.
    let most = (BUDGET / models.len().max(1)).clamp(SIDE_BY_SIDE, 1 << 16);
    let blocks = customers.len().div_ceil(most);
    let block = customers.len().div_ceil(blocks.max(1));
    let progress = (AtomicU64::new(0), (blocks * models.len()) as u64);
    let work = Work { model, models: &models, customers: &customers, tails, progress };
    let mut parts = Vec::with_capacity(blocks);
    for k in 0..blocks {
        let range = k * block..customers.len().min((k + 1) * block);
        parts.push(work.block(range, quantity, random, control)?);
    }
    let draws = models.len();
    let mut total = work.total(&parts, draws);
    if let Some(Random::Count(horizon)) = random
        && let Some([process, both]) = work.few(horizon, control)?
    {
        (total.process, total.both) = (Some(process), Some(both));
    }
    let column = |of: fn(&Part) -> &Vec<f64>| -> Result<Vec<f64>> {
        let unique: Vec<f64> = parts.iter().flat_map(|part| of(part).iter().copied()).collect();
        customers.scatter(unique, control)
    };
    let ends = |lower: fn(&Part) -> &Vec<f64>, upper: fn(&Part) -> &Vec<f64>| -> Result<Ends> {
        Ok(Ends { lower: column(lower)?, upper: column(upper)? })
    };
    Ok(Predictions {
        estimate,
        mean: column(|p| &p.mean)?,
        parameter: ends(|p| &p.parameter[0], |p| &p.parameter[1])?,
        realised: match random {
            None => None,
            Some(_) => Some(Realised {
                process: ends(|p| &p.process[0], |p| &p.process[1])?,
                both: ends(|p| &p.both[0], |p| &p.both[1])?,
            }),
        },
        total,
    })
}

/// The model with other parameters, as many times as there are draws of them.
pub(super) fn drawn_models(
    fitted: &Fitted<Box<dyn Model>>,
    options: &PredictionOptions,
) -> Result<Vec<Box<dyn Model>>> {
    if options.draws < 2 {
        return Err(Error::parameter("draws", "at least 2", options.draws));
    }
    if !options.parameters {
        return Ok(vec![fitted.model.boxed(); options.draws]);
    }
    let report = fitted.report()?;
    let spec = fitted.model.spec();
    let entry = registry::model(spec.id)?;
    let estimates = fitted.model.parameters();
    let free = spec.free_parameters();
    let names = fitted.model.names();
    let made = |mut theta: Vec<f64>| {
        // Whole numbers, which were chosen, stand between parameters and coefficients.
        let whole = &estimates[free.len()..spec.parameters.len()];
        drop(theta.splice(free.len()..free.len(), whole.iter().copied()));
        entry.remake(&*fitted.model, &theta)
    };
    if let Some(posterior) = &report.posterior {
        let taken = options.draws.min(posterior.len());
        return (0..taken).map(|k| made(posterior.theta(k * posterior.len() / taken))).collect();
    }
    let covariance = report.covariance().map_err(|e| {
        let message = format!("{e}; with parameters = false there are the intervals of chance alone");
        Error::new(e.kind(), message).with_field("parameters")
    })?;
    let own = free.iter().zip(&estimates).map(|(p, &origin)| Coordinate::of(p, origin));
    // The coefficients of covariates may be any numbers.
    let coefficients = names[spec.parameters.len()..].iter().zip(&estimates[spec.parameters.len()..]);
    let coefficients =
        coefficients.map(|(name, &origin)| Coordinate::new(name.clone(), Scale::Line(1.0), origin));
    let coordinates: Vec<Coordinate> = own.chain(coefficients).collect();
    let n = coordinates.len();
    let slopes: Vec<f64> = coordinates.iter().map(|c| c.at(0.0)[1]).collect();
    let of_u = Array2::from_shape_fn((n, n), |(i, j)| covariance[[i, j]] / (slopes[i] * slopes[j]));
    let factor = cholesky(&of_u).ok_or_else(|| {
        Error::new(ErrorKind::Numerical, format!("the covariance of {} is not positive definite", spec.title))
    })?;
    (0..options.draws)
        .map(|draw| {
            let mut stream = Stream::new(options.seed, draw as u64);
            let u = factor.dot(&Array1::from_shape_fn(n, |_| stream.normal()));
            made(coordinates.iter().zip(&u).map(|(c, &u)| c.at(u)[0]).collect())
        })
        .collect()
}

/// All that a block of customers needs.
pub(super) struct Work<'a> {
    pub(super) model: &'a dyn Model,
    pub(super) models: &'a [Box<dyn Model>],
    pub(super) customers: &'a Customers,
    pub(super) tails: [f64; 2],
    /// Draws done, of so many, over all blocks.
    pub(super) progress: (AtomicU64, u64),
}

/// What is random of a quantity.
#[derive(Debug, Clone, Copy)]
enum Random {
    /// The number of purchases in so long a time.
    Count(f64),
    /// What is drawn, from this seed.
    Drawn(Outcome, u64),
}

/// The answers for a block of rows.
pub(super) struct Part {
    pub(super) mean: Vec<f64>,
    pub(super) parameter: [Vec<f64>; 2],
    pub(super) process: [Vec<f64>; 2],
    pub(super) both: [Vec<f64>; 2],
    /// The weighted sum at the estimates, in each draw, and of the variances of what will happen.
    pub(super) estimate: f64,
    pub(super) sums: Vec<f64>,
    pub(super) variance: f64,
}

impl Work<'_> {
    fn block(
        &self,
        range: std::ops::Range<usize>,
        quantity: &Quantity,
        random: Option<Random>,
        control: &Control<'_>,
    ) -> Result<Part> {
        let rows: Vec<usize> = range.collect();
        let chosen = self.customers.chosen(&rows);
        let alone = control.quiet().threads(1);
        let score = |model: &dyn Model| self.customers.score(model, quantity, &chosen, &alone);
        // A row with a NaN is not in the total.
        let weighted = |scores: &[f64]| -> f64 {
            let each = rows.iter().zip(scores).filter(|(_, v)| !v.is_nan());
            each.map(|(&row, v)| self.customers.weights[row] * v).sum()
        };
        let draws = control.map(self.models.len(), |draw| {
            let scores = score(&*self.models[draw])?;
            let done = self.progress.0.fetch_add(1, Ordering::Relaxed) + 1;
            control.report(Progress::new("predictions", done, Some(self.progress.1), 0.0));
            Ok(scores)
        })?;
        let mut part = Part {
            mean: Vec::with_capacity(rows.len()),
            parameter: [Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len())],
            process: [Vec::new(), Vec::new()],
            both: [Vec::new(), Vec::new()],
            estimate: weighted(&score(self.model)?),
            sums: draws.iter().map(|scores| weighted(scores)).collect(),
            variance: 0.0,
        };
        let pieces: Vec<&[usize]> = rows.chunks(PIECE).collect();
        let first = rows.first().copied().unwrap_or(0);
        let ordered =
            control.map(pieces.len(), |k| Ok(self.order(&draws, pieces[k][0] - first, pieces[k].len())))?;
        for [mean, lower, upper] in ordered.into_iter().flatten() {
            part.mean.push(mean);
            part.parameter[0].push(lower);
            part.parameter[1].push(upper);
        }
        let Some(random) = random else { return Ok(part) };
        let counted = control.map(pieces.len(), |k| {
            let of = |models: Option<&[Box<dyn Model>]>| match random {
                Random::Count(horizon) => self.count(pieces[k], horizon, models, &alone),
                Random::Drawn(outcome, seed) => self.drawn(pieces[k], &outcome, models, seed, &alone),
            };
            let (process, variances) = of(None)?;
            Ok((process, variances, of(Some(self.models))?.0))
        })?;
        let mut variances = Vec::with_capacity(rows.len());
        for (process, variance, both) in counted {
            variances.extend(variance);
            part.process.iter_mut().zip(process).for_each(|(all, own)| all.extend(own));
            part.both.iter_mut().zip(both).for_each(|(all, own)| all.extend(own));
        }
        part.variance = weighted(&variances);
        Ok(part)
    }

    /// Mean and ends of each of some neighbours in a block, over the draws.
    fn order(&self, draws: &[Vec<f64>], first: usize, count: usize) -> Vec<[f64; 3]> {
        let n = draws.len();
        let mut own = vec![0.0; SIDE_BY_SIDE * n];
        let mut ordered = Vec::with_capacity(count);
        for from in (first..first + count).step_by(SIDE_BY_SIDE) {
            let together = SIDE_BY_SIDE.min(first + count - from);
            for (d, scores) in draws.iter().enumerate() {
                scores[from..from + together].iter().enumerate().for_each(|(i, v)| own[i * n + d] = *v);
            }
            for own in own.chunks_exact_mut(n).take(together) {
                let mean = own.iter().sum::<f64>() / n as f64;
                let upper = quantile(own, self.tails[1]);
                // What lies below the upper end stands before it now.
                let below = (self.tails[1] * (n - 1) as f64).floor() as usize;
                let level = self.tails[0] * (n - 1) as f64 / below.max(1) as f64;
                let lower = if level < 1.0 {
                    quantile(&mut own[..=below], level)
                } else {
                    quantile(own, self.tails[0])
                };
                ordered.push([mean, lower, upper]);
            }
        }
        ordered
    }

    /// Quantiles and variances of counts: at the estimates, or of the mean distribution over some models (then without variances).
    fn count(
        &self,
        rows: &[usize],
        horizon: f64,
        models: Option<&[Box<dyn Model>]>,
        control: &Control<'_>,
    ) -> Result<([Vec<f64>; 2], Vec<f64>)> {
        let mut ends = [vec![f64::NAN; rows.len()], vec![f64::NAN; rows.len()]];
        let mut cumulative = vec![0.0; rows.len()];
        let (mut first, mut second) = (vec![0.0; rows.len()], vec![0.0; rows.len()]);
        let stop = match models {
            None => 1.0 - REST,
            Some(_) => self.tails[1],
        };
        let together = self.model.shares_counts(horizon);
        let ask = |active: &[usize], range: Range<u32>| {
            let here: Vec<usize> = active.iter().map(|&i| rows[i]).collect();
            let chosen = self.customers.chosen(&here);
            let counts =
                |model: &dyn Model| self.customers.counts(model, horizon, range.clone(), &chosen, control);
            let Some(models) = models else { return counts(self.model) };
            let mut mean = vec![0.0; active.len() * range.len()];
            for model in models {
                mean.iter_mut().zip(counts(&**model)?).for_each(|(mean, p)| *mean += p);
            }
            mean.iter_mut().for_each(|p| *p /= models.len() as f64);
            Ok(mean)
        };
        walk(rows.len(), MOST, together, ask, |i, n, p| {
            let count = f64::from(n);
            cumulative[i] += p;
            first[i] += count * p;
            second[i] += count * count * p;
            for (end, tail) in ends.iter_mut().zip(self.tails) {
                if end[i].is_nan() && cumulative[i] >= tail {
                    end[i] = count;
                }
            }
            // Where rounding leaves the sum short of 1 for ever, probabilities that no longer add anything end it.
            let spent = cumulative[i] > 0.5 && p < 1e-17;
            !(cumulative[i] >= stop || spent || p.is_nan())
        })?;
        let variances = first.iter().zip(&second).map(|(m, s)| (s - m * m).max(0.0)).collect();
        Ok((ends, variances))
    }

    /// Quantiles and variances of what is drawn: at the estimates, or once from each of some models.
    fn drawn(
        &self,
        rows: &[usize],
        outcome: &Outcome,
        models: Option<&[Box<dyn Model>]>,
        seed: u64,
        control: &Control<'_>,
    ) -> Result<([Vec<f64>; 2], Vec<f64>)> {
        let draws = self.models.len();
        let chosen = self.customers.chosen(rows);
        let model = |draw: usize| models.map_or(self.model, |models| &*models[draw]);
        // One model does for all draws where the parameters are the estimates.
        let distinct = models.map_or(1, <[_]>::len);
        let plain: Vec<Drawer<'_>> = match &self.customers.kind {
            Kind::Histories { .. } => {
                (0..distinct).map(|d| outcome.drawn_by(model(d))).collect::<Result<_>>()?
            }
            Kind::Columns(_) => Vec::new(),
        };
        let mut ends = [vec![f64::NAN; rows.len()], vec![f64::NAN; rows.len()]];
        let mut variances = vec![f64::NAN; rows.len()];
        let (mut values, mut times) = (vec![0.0; draws], Vec::new());
        for (i, &row) in rows.iter().enumerate() {
            control.check()?;
            // A stream for each customer, and one for each of the two questions.
            let mut stream = Stream::new(seed, 2 * row as u64 + u64::from(models.is_some()));
            match &self.customers.kind {
                Kind::Histories { width, .. } => {
                    let own = &chosen.values[i * width..][..*width];
                    for (d, value) in values.iter_mut().enumerate() {
                        *value = plain[d % distinct].draw(own, &mut stream, &mut times);
                    }
                }
                Kind::Columns(columns) => {
                    if columns.iter().any(|(_, column)| column[row].is_nan()) {
                        continue;
                    }
                    let width = self.model.spec().row_columns().len();
                    let own: Vec<f64> = columns[..width].iter().map(|(_, column)| column[row]).collect();
                    let mut table = Table::new();
                    for (name, column) in columns {
                        table = table.with(name, &column[row..=row])?;
                    }
                    let given: Vec<Box<dyn Model>> =
                        (0..distinct).map(|d| model(d).given(&table)).collect::<Result<_>>()?;
                    let drawers: Vec<Drawer<'_>> =
                        given.iter().map(|model| outcome.drawn_by(&**model)).collect::<Result<_>>()?;
                    for (d, value) in values.iter_mut().enumerate() {
                        *value = drawers[d % distinct].draw(&own, &mut stream, &mut times);
                    }
                }
            }
            let mean = values.iter().sum::<f64>() / draws as f64;
            variances[i] = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (draws - 1) as f64;
            for (end, tail) in ends.iter_mut().zip(self.tails) {
                end[i] = quantile(&mut values, tail);
            }
        }
        Ok((ends, variances))
    }
}
