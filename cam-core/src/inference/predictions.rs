//! Intervals for predictions, with what is not known of the parameters and what chance will do told apart.
//!
//! A prediction q(θ; customer) is uncertain for two reasons. The *parameters* θ are known only so well: they are drawn D times, from the posterior where the model was sampled, otherwise
//! from the normal approximation of their coordinates (logarithms), and the quantiles of q over the draws are the interval. And a number of purchases to come is
//! a random number even where the parameters are known: the *process*. Its distribution is exact, P(n purchases), so its quantiles are the smallest n whose
//! cumulative probability is high enough; no simulation. *Both* together is the mean of those distributions over the draws.
//!
//! Of an expectation or a probability there is no process uncertainty: it is a number, known or not. So the count's intervals go with
//! [`Quantity::ExpectedPurchases`] alone.
//!
//! **The total.** Given the parameters, customers are independent: the total of their counts has as its mean and variance the sums of theirs, and with some dozens of customers is
//! normal. So the total over all has quantiles of a mixture over the draws of normal distributions with means M_d and variances
//! V M_d/M, V that at the estimates.

use crate::control::{Control, Progress};
use crate::error::{Error, ErrorKind, Result};
use crate::fit::{Coordinate, Fitted, quantile};
use crate::math::{linalg::cholesky, normal::normal_quantile, random::Stream};
use crate::model::{Model, Quantity};
use crate::registry;
use crate::rows::{Purpose, Rows};
use crate::table::{Table, Variable};
use ndarray::{Array1, Array2};
use serde::Serialize;
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
}

impl Default for PredictionOptions {
    fn default() -> Self {
        PredictionOptions { level: 0.9, draws: 200, seed: 0 }
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

/// Intervals for the number of purchases itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Count {
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
    /// Of chance alone; none where the quantity is an expectation or a probability.
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
    /// Intervals for the number of purchases, by row.
    pub count: Option<Count>,
    /// The sum over all rows, each as often as its weight says.
    pub total: Predicted,
}

/// Values that may be in memory at a time, over all threads.
const BUDGET: usize = 16 << 20;
/// A count that is not exceeded with the probability asked for up to here has no end.
const MOST: u32 = 100_000;
/// The part of a count's distribution that its variance may miss.
const REST: f64 = 1e-10;

/// Intervals for a quantity, of every row of a table and of all together. A row with a NaN gives NaN, and is not in the total.
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
    // The whole table first: what is wrong with it is told with the rows of the caller.
    let estimate = fitted.model.score(quantity, table, control)?;
    let models = drawn_models(fitted, options)?;
    let spec = fitted.model.spec();
    let rows = Rows::new(table, spec.row_columns(), Purpose::Score, |_| Ok(()), control)?;
    let tails = [0.5 * (1.0 - options.level), 0.5 * (1.0 + options.level)];
    let work = Work {
        model: &*fitted.model,
        models: &models,
        columns: spec.row_columns(),
        values: rows.iter().flat_map(|(row, _)| row.to_vec()).collect(),
        weights: rows.weights(),
        tails,
    };
    let counts = match *quantity {
        Quantity::ExpectedPurchases { horizon } if spec.quantities.contains(&"purchase_probability") => {
            Some(horizon)
        }
        _ => None,
    };
    let per_thread = BUDGET / models.len().max(1) / control.thread_count();
    let block = per_thread.clamp(64, 8192);
    let blocks = rows.len().div_ceil(block);
    let done = AtomicU64::new(0);
    let alone = control.quiet().threads(1);
    let parts = control.map(blocks, |k| {
        let range = k * block..rows.len().min((k + 1) * block);
        let part = work.block(range, quantity, counts, &alone)?;
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        control.report(Progress::new("predictions", done, Some(blocks as u64), 0.0));
        Ok(part)
    })?;
    let draws = models.len();
    let total = work.total(&parts, draws);
    let column = |of: fn(&Part) -> &Vec<f64>| -> Result<Vec<f64>> {
        let unique: Vec<f64> = parts.iter().flat_map(|part| of(part).iter().copied()).collect();
        rows.scatter(&unique, control)
    };
    let ends = |lower: fn(&Part) -> &Vec<f64>, upper: fn(&Part) -> &Vec<f64>| -> Result<Ends> {
        Ok(Ends { lower: column(lower)?, upper: column(upper)? })
    };
    Ok(Predictions {
        estimate,
        mean: column(|p| &p.mean)?,
        parameter: ends(|p| &p.parameter[0], |p| &p.parameter[1])?,
        count: match counts {
            None => None,
            Some(_) => Some(Count {
                process: ends(|p| &p.process[0], |p| &p.process[1])?,
                both: ends(|p| &p.both[0], |p| &p.both[1])?,
            }),
        },
        total,
    })
}

/// The model with other parameters, as many times as there are draws of them.
fn drawn_models(fitted: &Fitted<Box<dyn Model>>, options: &PredictionOptions) -> Result<Vec<Box<dyn Model>>> {
    if options.draws < 2 {
        return Err(Error::parameter("draws", "at least 2", options.draws));
    }
    let report = fitted.report()?;
    let spec = fitted.model.spec();
    let entry = registry::model(spec.id)?;
    let estimates = fitted.model.parameters();
    let free = spec.free_parameters();
    let made = |mut theta: Vec<f64>| {
        theta.extend_from_slice(&estimates[free.len()..]);
        Ok(entry.with_parameters(&theta, None)?.model)
    };
    if let Some(posterior) = &report.posterior {
        let taken = options.draws.min(posterior.len());
        return (0..taken).map(|k| made(posterior.theta(k * posterior.len() / taken))).collect();
    }
    let covariance = report.covariance()?;
    let coordinates: Vec<Coordinate> =
        free.iter().zip(&estimates).map(|(p, &origin)| Coordinate::of(p, origin)).collect();
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

/// All that a block of distinct rows needs.
struct Work<'a> {
    model: &'a dyn Model,
    models: &'a [Box<dyn Model>],
    columns: &'static [Variable],
    /// Distinct rows, row-major.
    values: Vec<f64>,
    weights: &'a [f64],
    tails: [f64; 2],
}

/// The answers for a block of rows.
struct Part {
    mean: Vec<f64>,
    parameter: [Vec<f64>; 2],
    process: [Vec<f64>; 2],
    both: [Vec<f64>; 2],
    /// The weighted sum at the estimates, in each draw, and of the variances of the counts.
    estimate: f64,
    sums: Vec<f64>,
    variance: f64,
}

impl Work<'_> {
    /// Some rows, as columns.
    fn columns_of(&self, rows: &[usize]) -> Vec<Vec<f64>> {
        let width = self.columns.len();
        (0..width).map(|k| rows.iter().map(|row| self.values[row * width + k]).collect()).collect()
    }

    fn score(
        &self,
        model: &dyn Model,
        quantity: &Quantity,
        columns: &[Vec<f64>],
        control: &Control<'_>,
    ) -> Result<Vec<f64>> {
        let mut table = Table::new();
        for (variable, values) in self.columns.iter().zip(columns) {
            table = table.with(variable.name, &values[..])?;
        }
        model.score(quantity, &table, control)
    }

    fn block(
        &self,
        range: std::ops::Range<usize>,
        quantity: &Quantity,
        counts: Option<f64>,
        control: &Control<'_>,
    ) -> Result<Part> {
        let rows: Vec<usize> = range.collect();
        let columns = self.columns_of(&rows);
        let weighted =
            |scores: &[f64]| -> f64 { rows.iter().zip(scores).map(|(&row, v)| self.weights[row] * v).sum() };
        let estimates = self.score(self.model, quantity, &columns, control)?;
        let mut draws = Vec::with_capacity(self.models.len());
        for model in self.models {
            control.check()?;
            draws.push(self.score(&**model, quantity, &columns, control)?);
        }
        let n = draws.len() as f64;
        let mut part = Part {
            mean: vec![0.0; rows.len()],
            parameter: [vec![0.0; rows.len()], vec![0.0; rows.len()]],
            process: [Vec::new(), Vec::new()],
            both: [Vec::new(), Vec::new()],
            estimate: weighted(&estimates),
            sums: draws.iter().map(|scores| weighted(scores)).collect(),
            variance: 0.0,
        };
        let mut own = vec![0.0; draws.len()];
        for i in 0..rows.len() {
            for (own, scores) in own.iter_mut().zip(&draws) {
                *own = scores[i];
            }
            part.mean[i] = own.iter().sum::<f64>() / n;
            own.sort_unstable_by(f64::total_cmp);
            for (end, tail) in part.parameter.iter_mut().zip(self.tails) {
                end[i] = quantile(&own, tail);
            }
        }
        if let Some(horizon) = counts {
            let alone = self.count(&rows, horizon, None, control)?;
            part.variance = weighted(&alone.1);
            part.process = alone.0;
            part.both = self.count(&rows, horizon, Some(self.models), control)?.0;
        }
        Ok(part)
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
        // The rows of the block that are not done yet.
        let mut active: Vec<usize> = (0..rows.len()).collect();
        let stop = match models {
            None => 1.0 - REST,
            Some(_) => self.tails[1],
        };
        for n in 0..MOST {
            if active.is_empty() {
                break;
            }
            control.check()?;
            let here: Vec<usize> = active.iter().map(|&i| rows[i]).collect();
            let columns = self.columns_of(&here);
            let quantity = Quantity::PurchaseProbability { n, horizon };
            let mut probability = vec![0.0; active.len()];
            match models {
                None => probability = self.score(self.model, &quantity, &columns, control)?,
                Some(models) => {
                    for model in models {
                        let scores = self.score(&**model, &quantity, &columns, control)?;
                        probability.iter_mut().zip(scores).for_each(|(p, s)| *p += s);
                    }
                    probability.iter_mut().for_each(|p| *p /= models.len() as f64);
                }
            }
            let count = f64::from(n);
            for (&i, &p) in active.iter().zip(&probability) {
                cumulative[i] += p;
                first[i] += count * p;
                second[i] += count * count * p;
                for (end, tail) in ends.iter_mut().zip(self.tails) {
                    if end[i].is_nan() && cumulative[i] >= tail {
                        end[i] = count;
                    }
                }
            }
            // Where rounding leaves the sum short of 1 for ever, probabilities that no longer add anything end it.
            let mut k = 0;
            active.retain(|&i| {
                let p = probability[k];
                k += 1;
                let spent = cumulative[i] > 0.5 && p < 1e-17;
                !(cumulative[i] >= stop || spent || p.is_nan())
            });
        }
        let variances = first.iter().zip(&second).map(|(m, s)| (s - m * m).max(0.0)).collect();
        Ok((ends, variances))
    }

    /// The total over all blocks.
    fn total(&self, parts: &[Part], draws: usize) -> Predicted {
        let sums: Vec<f64> = (0..draws).map(|d| parts.iter().map(|part| part.sums[d]).sum()).collect();
        let estimate: f64 = parts.iter().map(|part| part.estimate).sum();
        let variance: f64 = parts.iter().map(|part| part.variance).sum();
        let sorted = |mut values: Vec<f64>| {
            values.sort_unstable_by(f64::total_cmp);
            self.tails.map(|tail| quantile(&values, tail))
        };
        let counts = parts.iter().any(|part| !part.process[0].is_empty());
        // Each draw's normal distribution by the middles of so many equal parts.
        const PARTS: usize = 100;
        let normal = |mean: f64, variance: f64| {
            (0..PARTS).map(move |k| {
                let z = normal_quantile((k as f64 + 0.5) / PARTS as f64);
                (mean + variance.sqrt() * z).max(0.0)
            })
        };
        Predicted {
            estimate,
            mean: sums.iter().sum::<f64>() / draws as f64,
            parameter: sorted(sums.clone()),
            process: counts.then(|| {
                self.tails.map(|tail| (estimate + variance.sqrt() * normal_quantile(tail)).max(0.0))
            }),
            both: counts.then(|| {
                let scale = if estimate > 0.0 { variance / estimate } else { 0.0 };
                sorted(sums.iter().flat_map(|&mean| normal(mean, scale * mean)).collect())
            }),
            draws,
        }
    }
}
