//! How many customers bought 0, 1, 2, … times in the calibration, and how many should have.

use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};
use crate::math::incomplete_gamma::gamma_q;
use crate::model::{Model, Quantity};
use crate::table::Table;
use serde::Serialize;

/// Customers by frequency, and Pearson's chi-square.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FrequencyFit {
    /// Customers with 0, 1, 2, … repeat purchases; the last entry has those with as many or more.
    pub actual: Vec<f64>,
    /// How many the model expects.
    pub expected: Vec<f64>,
    /// Σ (actual − expected)²/expected, over entries that expect at least five, neighbours being taken together until they do.
    pub chi_square: f64,
    /// How many such entries, less one, less the estimated parameters.
    pub degrees_of_freedom: f64,
    /// The probability of a chi-square as large; none without a degree of freedom. Parameters from the whole histories, not from these counts, make it somewhat too small.
    pub p_value: Option<f64>,
}

/// The most entries.
const MOST: usize = 30;
/// The least that an entry must expect.
const LEAST: f64 = 5.0;
/// Ages beyond so many different ones are rounded to as many.
const AGES: usize = 512;

/// Compare the frequencies in the table with those that the model expects of new customers over the ages in it. The last entry stands for
/// as many or more, and expects at least five. Where there are more than 512 different ages, each is rounded to the middle of its 512th of their range.
///
/// # Errors
/// As for [`Model::score`].
pub fn frequency_fit(
    model: &dyn Model,
    table: &Table<'_>,
    estimated: usize,
    control: &Control<'_>,
) -> Result<FrequencyFit> {
    let (x, age) = (table.column("frequency")?, table.column("T")?);
    let weight = table.get("weight");
    let weight = |i: usize| weight.map_or(1.0, |w| w[i]);
    let mut ages: Vec<(f64, f64)> = age.iter().enumerate().map(|(i, &t)| (t, weight(i))).collect();
    if ages.is_empty() || ages.iter().any(|(t, w)| !t.is_finite() || !w.is_finite()) {
        return Err(Error::new(
            ErrorKind::InvalidData,
            "a frequency table needs ages and weights that are finite",
        ));
    }
    ages.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let joined = |ages: &[(f64, f64)]| -> Vec<(f64, f64)> {
        ages.chunk_by(|a, b| a.0 == b.0).map(|same| (same[0].0, same.iter().map(|s| s.1).sum())).collect()
    };
    let mut distinct = joined(&ages);
    if distinct.len() > AGES && !model.spec().is_discrete() {
        let (low, high) = (distinct[0].0, distinct[distinct.len() - 1].0);
        let width = (high - low) / AGES as f64;
        for (t, _) in &mut distinct {
            *t = low + (((*t - low) / width).floor().min(AGES as f64 - 1.0) + 0.5) * width;
        }
        distinct = joined(&distinct);
    }
    // Which age stands for a customer's.
    let place = |t: f64| {
        let next = distinct.partition_point(|(age, _)| *age < t).min(distinct.len() - 1);
        let before = next.saturating_sub(1);
        if t - distinct[before].0 < distinct[next].0 - t { before } else { next }
    };
    let total: f64 = distinct.iter().map(|(_, w)| w).sum();
    let mut expected = Vec::new();
    let mut rest = total;
    while expected.len() < MOST {
        control.check()?;
        let n = expected.len() as u32;
        let shares = match model.covariates() {
            None => control.map(distinct.len(), |i| {
                let (horizon, weight) = distinct[i];
                model.new_customer(&Quantity::PurchaseProbability { n, horizon }).map(|p| p * weight)
            })?,
            Some(_) => with_covariates(model, table, n, &place, &distinct, control)?,
        };
        let here: f64 = shares.iter().sum();
        // The last one is "as many or more".
        if rest - here < LEAST {
            break;
        }
        expected.push(here);
        rest -= here;
    }
    expected.push(rest);
    let last = expected.len() - 1;
    let mut actual = vec![0.0; expected.len()];
    for (i, x) in x.iter().enumerate() {
        actual[(*x as usize).min(last)] += weight(i);
    }
    // Neighbours are taken together until they expect enough.
    let (mut chi_square, mut groups, mut here) = (0.0, 0.0, (0.0, 0.0));
    for (i, (a, e)) in actual.iter().zip(&expected).enumerate() {
        here = (here.0 + a, here.1 + e);
        if here.1 >= LEAST || i == last {
            chi_square += (here.0 - here.1).powi(2) / here.1.max(f64::MIN_POSITIVE);
            groups += 1.0;
            here = (0.0, 0.0);
        }
    }
    let degrees_of_freedom = groups - 1.0 - estimated as f64;
    let p_value = (degrees_of_freedom > 0.0).then(|| gamma_q(0.5 * degrees_of_freedom, 0.5 * chi_square));
    Ok(FrequencyFit { actual, expected, chi_square, degrees_of_freedom, p_value })
}

/// Σ P(X = n) over the customers of each age who have just been acquired, each with the own covariates.
fn with_covariates(
    model: &dyn Model,
    table: &Table<'_>,
    n: u32,
    place: &dyn Fn(f64) -> usize,
    distinct: &[(f64, f64)],
    control: &Control<'_>,
) -> Result<Vec<f64>> {
    let age = table.column("T")?;
    let weight = table.get("weight");
    let mut groups = vec![Vec::new(); distinct.len()];
    age.iter().enumerate().for_each(|(i, &t)| groups[place(t)].push(i));
    let own: Vec<&str> = model.spec().columns.iter().map(|c| c.name).collect();
    let mut shares = Vec::with_capacity(distinct.len());
    for (group, &(horizon, _)) in groups.iter().zip(distinct) {
        let nothing = vec![0.0; group.len()];
        let others: Vec<(&str, Vec<f64>)> = table
            .names()
            .filter(|name| !own.contains(name))
            .map(|name| table.column(name).map(|c| (name, group.iter().map(|&i| c[i]).collect())))
            .collect::<Result<_>>()?;
        let mut fresh = Table::new().in_unit(table.unit());
        for name in &own {
            fresh = fresh.with(name, &nothing)?;
        }
        for (name, values) in &others {
            fresh = fresh.with(name, values)?;
        }
        let p = model.score(&Quantity::PurchaseProbability { n, horizon }, &fresh, control)?;
        shares.push(group.iter().zip(p).map(|(&i, p)| weight.map_or(1.0, |w| w[i]) * p).sum());
    }
    Ok(shares)
}
