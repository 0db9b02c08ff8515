//! Draws of customers themselves: the own parameters of those whose histories are known, and whole histories of new ones.

use super::customers::{
    BLOCK, Own, Populations, check_unit, new_rows, rows_of, streams, walk_ggg, walk_log_normal,
};
use super::posterior::Posterior;
use super::score::Effort;
use crate::clv::ParetoNbd;
use crate::clv::history::AGE;
use crate::control::{Control, Progress};
use crate::error::{Error, Result};
use crate::math::{exp_log::logistic, random::Stream};
use crate::table::Table;
use std::sync::atomic::{AtomicU64, Ordering};

/// What is drawn of a customer: λ, μ, τ and k.
pub(super) const NAMES: [&str; 4] = ["purchase_rate", "leaving_rate", "lifetime", "regularity"];

/// Numbers that an answer may hold: 1.6 GB.
const MOST_NUMBERS: usize = 200_000_000;

/// λ, μ, the lifetime τ, counted from the first purchase, and for Pareto/GGG k: of every row, one draw for each draw of the population. A column for each, row by row and within a row draw by
/// draw. NaN for a row with a NaN.
pub(super) fn individual_draws(
    posterior: &Posterior,
    table: &Table<'_>,
    effort: Effort,
    control: &Control<'_>,
) -> Result<Vec<(&'static str, Vec<f64>)>> {
    check_unit(posterior, table)?;
    let populations = Populations::of(posterior, effort.draws)?;
    let (rows, width) = rows_of(posterior, table)?;
    let (customers, draws) = (rows.len() / width, populations.len());
    let names = if matches!(populations, Populations::Ggg(_)) { &NAMES[..] } else { &NAMES[..3] };
    let numbers = customers.saturating_mul(draws).saturating_mul(names.len());
    if numbers > MOST_NUMBERS {
        let rule = format!("at most {} for {customers} customers", MOST_NUMBERS / names.len() / customers);
        return Err(Error::parameter("draws", &rule, draws));
    }
    let done = AtomicU64::new(0);
    let blocks = control.map(customers.div_ceil(BLOCK), |block| {
        let mine = &rows[block * BLOCK * width..(rows.len()).min((block + 1) * BLOCK * width)];
        let mut drawn = vec![Vec::with_capacity(mine.len() / width * draws); names.len()];
        for row in mine.chunks_exact(width) {
            control.check()?;
            if row.iter().any(|v| v.is_nan()) {
                drawn.iter_mut().for_each(|column| column.resize(column.len() + draws, f64::NAN));
                continue;
            }
            one(&populations, row, effort.seed, |values: [f64; 4]| {
                drawn.iter_mut().zip(values).for_each(|(column, value)| column.push(value));
            });
        }
        let done =
            done.fetch_add((mine.len() / width) as u64, Ordering::Relaxed) + (mine.len() / width) as u64;
        control.report(Progress::new("posterior_customer_draws", done, Some(customers as u64), done as f64));
        Ok(drawn)
    })?;
    let column = |k: usize| blocks.iter().flat_map(|block| &block[k]).copied().collect();
    Ok(names.iter().enumerate().map(|(k, name)| (*name, column(k))).collect())
}

fn one(populations: &Populations, row: &[f64], seed: u64, mut visit: impl FnMut([f64; 4])) {
    let [mut walk, mut other] = streams(seed, row);
    let (recency, age) = (row[1], row[2]);
    match populations {
        Populations::Gamma(models) => models.iter().for_each(|model| {
            let [rate, leaving, lifetime] = of_gamma(model, row, &mut other);
            visit([rate, leaving, lifetime, f64::NAN]);
        }),
        Populations::LogNormal(all) => walk_log_normal(all, row, &mut walk, |_, at, alive| {
            let [rate, leaving] = at.map(f64::exp);
            let lifetime = match other.uniform() < alive {
                true => age + other.exponential() / leaving,
                // ∝ e^(−(λ+μ)τ) on (t_x, T).
                false => {
                    let total = rate + leaving;
                    let reach = -(-total * (age - recency)).exp_m1();
                    recency + (-(-other.uniform() * reach).ln_1p() / total).min(age - recency)
                }
            };
            visit([rate, leaving, lifetime, f64::NAN]);
        }),
        Populations::Ggg(all) => walk_ggg(all, row, &mut walk, |_, customer, at| {
            let [k, rate, leaving] = at.map(f64::exp);
            let lifetime = match customer.draw_leaving(at, &mut other) {
                Some(after) => recency + after,
                None => age + other.exponential() / leaving,
            };
            visit([rate, leaving, lifetime, k]);
        }),
    }
}

/// λ, μ and τ given the history and the population, all at once and exactly. Who is alive has λ ~ Gamma(r + x, α + T), μ ~ Gamma(s, β + T); who left at u has λ ~ Gamma(r + x, α + u),
/// μ ~ Gamma(s + 1, β + u), and u a density that the [odds of having left](ParetoNbd::log_odds_left) until then are the integral of.
fn of_gamma(model: &ParetoNbd, row: &[f64], stream: &mut Stream) -> [f64; 3] {
    let (x, recency, age) = (row[0], row[1], row[2]);
    let (m, s) = (model.r() + x, model.s());
    let draw =
        |shape: f64, rate: f64, stream: &mut Stream| (stream.ln_gamma_variate(shape) - rate.ln()).exp();
    if stream.uniform() < logistic(-model.log_odds_left(row)) {
        let rate = draw(m, model.alpha() + age, stream);
        let leaving = draw(s, model.beta() + age, stream);
        return [rate, leaving, age + stream.exponential() / leaving];
    }
    let ln_mass = |u: f64| {
        model.log_odds_left(&[x, recency, u]) - m * (model.alpha() + u).ln() - s * (model.beta() + u).ln()
    };
    let target = ln_mass(age) + stream.uniform().ln();
    let (mut low, mut high) = (recency, age);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if ln_mass(middle) < target {
            low = middle;
        } else {
            high = middle;
        }
    }
    let left = 0.5 * (low + high);
    [draw(m, model.alpha() + left, stream), draw(s + 1.0, model.beta() + left, stream), left]
}

/// Histories of new customers of the ages in the column `T`: each of a population that is one of the draws, by chance. Customer i depends on the seed and on i.
pub(super) fn simulate(
    posterior: &Posterior,
    table: &Table<'_>,
    seed: u64,
    control: &Control<'_>,
) -> Result<Vec<(&'static str, Vec<f64>)>> {
    check_unit(posterior, table)?;
    let ages = table.column("T")?;
    if let Some(row) = ages.iter().position(|&age| !AGE.domain.contains(age)) {
        return Err(Error::parameter("T", AGE.domain.rule(), ages[row]).with_row(row));
    }
    let populations = Populations::of(posterior, posterior.len())?;
    let (rows, width) = new_rows(posterior, table, ages.len())?;
    let mut drawn = vec![[0.0; 4]; ages.len()];
    control.fill(&mut drawn, |first, chunk| {
        for (i, out) in chunk.iter_mut().enumerate() {
            let i = first + i;
            let mut stream = Stream::new(seed, i as u64);
            let which = ((stream.uniform() * populations.len() as f64) as usize).min(populations.len() - 1);
            let uniforms = std::array::from_fn(|_| stream.uniform());
            let own = populations.new_customer(which, &rows[i * width..(i + 1) * width], uniforms);
            *out = history(&own, ages[i], &mut stream);
        }
        Ok(())
    })?;
    let names = ["frequency", "recency", "T", "log_intervals"];
    let kept = if posterior.model == "pareto_ggg" { 4 } else { 3 };
    let column = |k: usize| drawn.iter().map(|row| row[k]).collect();
    Ok(names.iter().take(kept).enumerate().map(|(k, name)| (*name, column(k))).collect())
}

/// The most purchases of a customer that is simulated.
const MOST_PURCHASES: f64 = 1e7;

fn history(own: &Own, age: f64, stream: &mut Stream) -> [f64; 4] {
    match own {
        Own::Poisson(at) => {
            let [rate, leaving] = at.map(f64::exp);
            let alive = (stream.exponential() / leaving).min(age);
            let x = stream.poisson(rate * alive);
            [x, if x > 0.0 { alive * stream.uniform().powf(1.0 / x) } else { 0.0 }, age, 0.0]
        }
        Own::Regular([k, rate, leaving]) => {
            let alive = (stream.exponential() / leaving.exp()).min(age);
            let (shape, ln_scale) = (k.exp(), k + rate);
            let (mut x, mut last, mut logs) = (0.0, 0.0, 0.0);
            while x < MOST_PURCHASES {
                // A customer as irregular as can be has intervals too short for a number.
                let ln_interval = (stream.ln_gamma_variate(shape) - ln_scale).max(-700.0);
                let time = last + ln_interval.exp();
                if time > alive {
                    break;
                }
                (x, last, logs) = (x + 1.0, time, logs + ln_interval);
            }
            [x, last, age, logs]
        }
    }
}

/// P(alive) of a customer by draws of the lifetime, for the tests.
#[cfg(test)]
fn share_alive(model: &ParetoNbd, row: &[f64], n: usize, stream: &mut Stream) -> f64 {
    (0..n).filter(|_| of_gamma(model, row, stream)[2] > row[2]).count() as f64 / n as f64
}

#[cfg(test)]
mod tests {
    use super::super::lognormal_customer::History;
    use super::*;
    use crate::model::{Family, Model, Quantity};

    /// E\[λ\] and E\[μ\] as [`ParetoNbd`] has them, P(alive) now and at an earlier time.
    #[test]
    fn draws_of_a_customer_have_the_moments_that_are_known() {
        let model = ParetoNbd::new(0.8, 8.0, 1.7, 12.0).unwrap();
        let n = 40_000;
        for row in [[3.0, 10.0, 26.0], [0.0, 0.0, 20.0], [7.0, 25.0, 26.0]] {
            let mut stream = Stream::new(1, row[0] as u64);
            let draws: Vec<[f64; 3]> = (0..n).map(|_| of_gamma(&model, &row, &mut stream)).collect();
            let mean = |k: usize| draws.iter().map(|d| d[k]).sum::<f64>() / n as f64;
            let ln = |r: f64, s: f64| {
                let theta = [r, 8.0, s, 12.0];
                ParetoNbd::log_likelihood(&theta, &ParetoNbd::shared(&theta, row[0]), &row)
            };
            let here = ln(0.8, 1.7);
            let rate = 0.8 / 8.0 * (ln(1.8, 1.7) - here).exp();
            let leaving = 1.7 / 12.0 * (ln(0.8, 2.7) - here).exp();
            assert!((mean(0) / rate - 1.0).abs() < 0.02, "{row:?}: {} {rate}", mean(0));
            assert!((mean(1) / leaving - 1.0).abs() < 0.02, "{row:?}: {} {leaving}", mean(1));
            let alive = model.row_scorer(&Quantity::ProbabilityAlive { after: 5.0 }).unwrap();
            let mut want = [0.0];
            alive(&row, &mut want).unwrap();
            let later = draws.iter().filter(|d| d[2] > row[2] + 5.0).count() as f64 / n as f64;
            assert!((later - want[0]).abs() < 0.012, "{row:?}: {later} {}", want[0]);
            let now = logistic(-model.log_odds_left(&row));
            assert!((share_alive(&model, &row, n, &mut stream) - now).abs() < 0.012, "{row:?}");
            assert!(draws.iter().all(|d| d[2] >= row[1]));
        }
        // And it agrees with one customer of given rates, drawn from a population that hardly spreads.
        let alike = ParetoNbd::new(1e7, 1e8, 1e7, 2e8).unwrap();
        let row = [3.0, 10.0, 26.0];
        let mut stream = Stream::new(2, 2);
        let share = share_alive(&alike, &row, n, &mut stream);
        let want = History::new(&row).probability_alive(&[0.1_f64.ln(), 0.05_f64.ln()]);
        assert!((share - want).abs() < 0.012, "{share} {want}");
    }
}
