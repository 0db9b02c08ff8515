//! A quantity of every customer, and of a new one, as a posterior gives it.

use super::asked::{Asked, Sums, unsupported};
use super::customers::{
    BLOCK, Own, Populations, check_unit, distinct, new_rows, rows_of, streams, walk_ggg, walk_log_normal,
};
use super::ggg_customer::Timed;
use super::marginal;
use super::posterior::Posterior;
use crate::clv::ParetoNbd;
use crate::control::{Control, Progress};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Model, Quantity, Scorer};
use crate::table::Table;
use std::sync::atomic::{AtomicU64, Ordering};

/// How much is drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Effort {
    /// The most draws of the population that are used.
    pub(super) draws: usize,
    /// The seed.
    pub(super) seed: u64,
}

/// Rows that closed forms are worked out for at a time.
const CLOSED: usize = 256;

/// The quantity for every row of the table: its mean over the draws, with a variance the variance over them, too. A row with a NaN gives NaN.
pub(super) fn score(
    posterior: &Posterior,
    table: &Table<'_>,
    quantity: &Quantity,
    effort: Effort,
    control: &Control<'_>,
) -> Result<Vec<f64>> {
    quantity.check()?;
    check_unit(posterior, table)?;
    let populations = Populations::of(posterior, effort.draws)?;
    let (rows, width) = rows_of(posterior, table)?;
    let (unique, place) = distinct(&rows, width);
    let scores = score_rows(&populations, &unique, quantity, effort.seed, control)?;
    if let Some(row) = place.iter().position(|p| p.is_some_and(|i| scores[i].is_nan())) {
        return Err(extreme(quantity).with_row(row));
    }
    Ok(place.iter().map(|place| place.map_or(f64::NAN, |i| scores[i])).collect())
}

fn extreme(quantity: &Quantity) -> Error {
    let message =
        format!("{} cannot be computed in double precision: draws are too extreme", quantity.name());
    Error::new(ErrorKind::Numerical, message)
}

/// The same for rows that are known to be sound.
pub(super) fn score_rows(
    populations: &Populations,
    rows: &[&[f64]],
    quantity: &Quantity,
    seed: u64,
    control: &Control<'_>,
) -> Result<Vec<f64>> {
    if let Populations::Gamma(models) = populations {
        return closed(models, rows, quantity, control);
    }
    let asked = Asked::of(quantity);
    if asked.is_none() && !matches!(quantity, Quantity::LogLikelihood {}) {
        return Err(unsupported(quantity));
    }
    let done = AtomicU64::new(0);
    let blocks = control.map(rows.len().div_ceil(BLOCK), |block| {
        let mine = &rows[block * BLOCK..rows.len().min((block + 1) * BLOCK)];
        let scores = mine.iter().map(|row| {
            control.check()?;
            let [mut walk, mut other] = streams(seed, row);
            let Some(asked) = &asked else {
                return Ok(marginal::ln_likelihood(populations, row, &mut walk, &mut other));
            };
            let mut sums = Sums::default();
            match populations {
                Populations::LogNormal(all) => {
                    walk_log_normal(all, row, &mut walk, |_, at, alive| sums.add(asked.poisson(at, alive)));
                }
                Populations::Ggg(all) => walk_ggg(all, row, &mut walk, |_, customer, at| {
                    sums.add(asked.renewal(customer, at, &mut other));
                }),
                // Has gone its own way above.
                Populations::Gamma(_) => {}
            }
            Ok(sums.answer(asked))
        });
        let scores = scores.collect::<Result<Vec<f64>>>()?;
        let done = done.fetch_add(mine.len() as u64, Ordering::Relaxed) + mine.len() as u64;
        control.report(Progress::new("posterior_score", done, Some(rows.len() as u64), done as f64));
        Ok(scores)
    })?;
    Ok(blocks.into_iter().flatten().collect())
}

/// What a variance is of.
fn mean_of(quantity: &Quantity) -> Option<Quantity> {
    match *quantity {
        Quantity::VarianceOfPurchases { horizon } => Some(Quantity::ExpectedPurchases { horizon }),
        Quantity::VarianceOfDiscountedPurchases { continuous_discount_rate, discount_rate, horizon } => {
            Some(Quantity::DiscountedExpectedPurchases { continuous_discount_rate, discount_rate, horizon })
        }
        _ => None,
    }
}

/// Of draws of one number: their mean; where they are logarithms that of what they are the logarithms of; and with the mean of each, the variance in all.
#[derive(Default)]
struct Average {
    values: Vec<f64>,
    means: Vec<f64>,
}

impl Average {
    fn answer(&self, quantity: &Quantity) -> f64 {
        let n = self.values.len() as f64;
        if let Quantity::LogLikelihood {} = quantity {
            return ln_mean(&self.values);
        }
        let value = self.values.iter().sum::<f64>() / n;
        if self.means.is_empty() {
            return value;
        }
        let mean = self.means.iter().sum::<f64>() / n;
        value + self.means.iter().map(|m| (m - mean) * (m - mean)).sum::<f64>() / n
    }
}

/// ln of the mean of the exponentials.
pub(super) fn ln_mean(logs: &[f64]) -> f64 {
    let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if top == f64::NEG_INFINITY {
        return top;
    }
    top + (logs.iter().map(|log| (log - top).exp()).sum::<f64>() / logs.len() as f64).ln()
}

/// Pareto/NBD: closed forms of each population, customers integrated out.
fn closed(
    models: &[ParetoNbd],
    rows: &[&[f64]],
    quantity: &Quantity,
    control: &Control<'_>,
) -> Result<Vec<f64>> {
    let scorers = |quantity: &Quantity| -> Result<Vec<Scorer<'_>>> {
        models.iter().map(|m| m.row_scorer(quantity).ok_or_else(|| unsupported(quantity))).collect()
    };
    let values = scorers(quantity)?;
    let means = mean_of(quantity).map(|mean| scorers(&mean)).transpose()?;
    let done = AtomicU64::new(0);
    let blocks = control.map(rows.len().div_ceil(CLOSED), |block| {
        let mine = &rows[block * CLOSED..rows.len().min((block + 1) * CLOSED)];
        let flat: Vec<f64> = mine.iter().flat_map(|row| &row[..3]).copied().collect();
        let mut all: Vec<Average> = Vec::new();
        all.resize_with(mine.len(), Average::default);
        let mut out = vec![0.0; mine.len()];
        for (i, scorer) in values.iter().enumerate() {
            control.check()?;
            scorer(&flat, &mut out)?;
            all.iter_mut().zip(&out).for_each(|(all, &value)| all.values.push(value));
            if let Some(means) = &means {
                means[i](&flat, &mut out)?;
                all.iter_mut().zip(&out).for_each(|(all, &mean)| all.means.push(mean));
            }
        }
        let done = done.fetch_add(mine.len() as u64, Ordering::Relaxed) + mine.len() as u64;
        control.report(Progress::new("posterior_score", done, Some(rows.len() as u64), done as f64));
        Ok(all.iter().map(|all| all.answer(quantity)).collect::<Vec<f64>>())
    })?;
    Ok(blocks.into_iter().flatten().collect())
}

/// New customers are not known by anything, so that many of them are taken, as evenly spread as can be.
const NEW: usize = 8192;

/// The quantity for customers who have just been acquired: one or, with covariates, one for each row of the table.
pub(super) fn new_customers(
    posterior: &Posterior,
    table: &Table<'_>,
    quantity: &Quantity,
    effort: Effort,
    control: &Control<'_>,
) -> Result<Vec<f64>> {
    quantity.check()?;
    let populations = Populations::of(posterior, effort.draws)?;
    let (rows, width) = new_rows(posterior, table, 1)?;
    let new = |quantity: &Quantity| -> Result<Vec<f64>> {
        match &populations {
            Populations::Gamma(models) => models.iter().map(|m| m.new_customer(quantity)).collect(),
            _ => Err(Error::new(ErrorKind::Internal, "no closed form")),
        }
    };
    let values: Vec<f64> = if let Populations::Gamma(_) = &populations {
        let means = mean_of(quantity).map(|mean| new(&mean)).transpose()?.unwrap_or_default();
        vec![Average { values: new(quantity)?, means }.answer(quantity)]
    } else {
        let Some(asked) = Asked::of(quantity) else {
            return Err(match quantity {
                Quantity::LogLikelihood {} => Error::new(
                    ErrorKind::Unsupported,
                    "log_likelihood needs a history: a new customer has none",
                )
                .with_field(quantity.name()),
                _ => unsupported(quantity),
            });
        };
        let each = NEW.div_ceil(populations.len());
        control.map(rows.len() / width, |row| {
            let row = &rows[row * width..(row + 1) * width];
            let [_, mut other] = streams(effort.seed, row);
            let shift: [f64; 3] = std::array::from_fn(|_| other.uniform());
            let mut sums = Sums::default();
            for i in 0..populations.len() {
                control.check()?;
                for j in 0..each {
                    let own = populations.new_customer(i, row, even(i * each + j, shift));
                    sums.add(match own {
                        Own::Poisson(at) => asked.poisson(&at, 1.0),
                        Own::Regular(at) => asked.renewal(&Timed::new(&[0.0; 4]), &at, &mut other),
                    });
                }
            }
            Ok(sums.answer(&asked))
        })?
    };
    match values.iter().position(|v| v.is_nan()) {
        Some(row) => Err(extreme(quantity).with_row(row)),
        None => Ok(values),
    }
}

/// The i-th of points that fill the cube evenly: multiples of powers of 1/φ, φ⁴ = φ + 1, the plastic number's next (Roberts 2018, "The unreasonable effectiveness
/// of quasirandom sequences"), each coordinate shifted.
pub(super) fn even(i: usize, shift: [f64; 3]) -> [f64; 3] {
    const POWERS: [f64; 3] = [0.819_172_513_396_164_5, 0.671_043_606_703_789_2, 0.549_700_477_901_970_3];
    // Not 0, where a quantile may be infinite.
    std::array::from_fn(|j| (shift[j] + (i as f64 + 0.5) * POWERS[j]).fract().clamp(1e-12, 1.0 - 1e-12))
}
