//! The distribution of lifetime value, by simulation: how much a customer may be worth, and how much all of them together.
//!
//! For every customer, and as often as asked: whether he or she is alive, the own rates and the own mean spend are drawn given the history, then the
//! purchases until the horizon and what each is worth. So it has all that the [variance](super::value) has, and margins and costs that change with time
//! besides; that the parameters are estimates is not in it. Customers are independent of each other, and the total of the i-th draw is the sum of the i-th draws.
//!
//! Without a horizon purchases end where a discount of 1e-12 is reached.

use super::time_varying::Customers;
use super::value::{ValueOptions, need};
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};
use crate::math::{exp_log::exprel, random::Stream};
use crate::model::{Futures, Model, Quantity, Spending};
use crate::table::{MAX_COLUMNS, Table};
use ndarray::{ArrayView1, Axis};
use serde::{Deserialize, Serialize};

/// What is drawn, and what is said of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DrawOptions {
    /// How often each customer's future is drawn.
    #[serde(default = "thousand")]
    pub draws: usize,
    /// The seed. Customer i depends on it and on i alone.
    pub seed: u64,
    /// Which quantiles are computed.
    #[serde(default = "quartiles")]
    pub probabilities: Vec<f64>,
}

fn thousand() -> usize {
    1000
}

fn quartiles() -> Vec<f64> {
    vec![0.05, 0.25, 0.5, 0.75, 0.95]
}

impl DrawOptions {
    /// A thousand draws; quartiles, and the twentieth at either end.
    pub fn new(seed: u64) -> Self {
        DrawOptions { draws: thousand(), seed, probabilities: quartiles() }
    }

    /// Draw as often as this.
    #[must_use]
    pub fn draws(mut self, draws: usize) -> Self {
        self.draws = draws;
        self
    }

    /// Compute these quantiles.
    #[must_use]
    pub fn probabilities(mut self, probabilities: Vec<f64>) -> Self {
        self.probabilities = probabilities;
        self
    }

    fn check(&self) -> Result<()> {
        if !(2..=10_000_000).contains(&self.draws) {
            return Err(Error::parameter("draws", "from 2 to 1e7", self.draws));
        }
        match self.probabilities.iter().find(|p| !(0.0..=1.0).contains(*p)) {
            Some(p) => Err(Error::parameter("probabilities", "from 0 to 1", p)),
            None => Ok(()),
        }
    }
}

/// Drawn values.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueDistribution {
    /// Mean of each customer's values; NaN for a row with a NaN.
    pub mean: Vec<f64>,
    /// Standard deviation of each customer's values.
    pub deviation: Vec<f64>,
    /// For each probability the quantile of each customer's values.
    pub quantiles: Vec<Vec<f64>>,
    /// The value of all customers together, in each draw.
    pub totals: Vec<f64>,
}

/// The quantile of ascending values: linear between the (n − 1)p-th and the next (Hyndman & Fan 1996, definition 7).
fn quantile(ascending: &[f64], p: f64) -> f64 {
    let at = p * (ascending.len() - 1) as f64;
    let below = at.floor();
    let (i, share) = (below as usize, at - below);
    let next = ascending[(i + 1).min(ascending.len() - 1)];
    ascending[i] + share * (next - ascending[i])
}

/// Draw the value of every customer of the table; see the [module](self).
///
/// ```
/// use cam_core::clv::{BgNbd, DrawOptions, GammaGamma, ValueOptions, simulate_lifetime_value};
/// use cam_core::{Control, Table};
/// let (purchases, spend) = (BgNbd::new(0.243, 4.414, 0.793, 2.426)?, GammaGamma::new(6.25, 3.74, 15.44)?);
/// let (x, t_x, t, z) = ([2.0], [30.43], [38.86], [22.35]);
/// let table = Table::new().with("frequency", &x)?.with("recency", &t_x)?.with("T", &t)?.with("monetary_value", &z)?;
/// let options = ValueOptions::new(52.0, 0.002);
/// let drawn = simulate_lifetime_value(&purchases, &spend, &table, &options, &DrawOptions::new(1), &Control::new())?;
/// // Half of the time such a customer buys little or nothing in a year.
/// assert!(drawn.quantiles[2][0] < drawn.mean[0]);
/// # Ok::<(), cam_core::Error>(())
/// ```
///
/// # Errors
/// Options out of their domain, rows that break a rule, or a model that does not draw futures.
pub fn simulate_lifetime_value(
    purchases: &dyn Model,
    spend: &dyn Model,
    table: &Table<'_>,
    options: &ValueOptions,
    draws: &DrawOptions,
    control: &Control<'_>,
) -> Result<ValueDistribution> {
    draw_lifetime_value(&[purchases.boxed()], &[spend.boxed()], table, options, draws, control)
}

/// The same with parameters that are not known: draw d is of the d-th model of each kind, or of the d-th draw of a posterior, which begin again where there are fewer.
pub(crate) fn draw_lifetime_value(
    many_purchases: &[Box<dyn Model>],
    many_spend: &[Box<dyn Model>],
    table: &Table<'_>,
    options: &ValueOptions,
    draws: &DrawOptions,
    control: &Control<'_>,
) -> Result<ValueDistribution> {
    match Customers::of(table)? {
        None => draw_values(many_purchases, many_spend, table, options, draws, control),
        Some(customers) => {
            let many_purchases = customers.models(many_purchases)?;
            customers.ask(|rows| draw_values(&many_purchases, many_spend, rows, options, draws, control))
        }
    }
}

fn draw_values(
    many_purchases: &[Box<dyn Model>],
    many_spend: &[Box<dyn Model>],
    table: &Table<'_>,
    options: &ValueOptions,
    draws: &DrawOptions,
    control: &Control<'_>,
) -> Result<ValueDistribution> {
    options.check()?;
    draws.check()?;
    let (purchases, spend) = (&*many_purchases[0], &*many_spend[0]);
    need(purchases, "discounted_expected_purchases")?;
    need(spend, "expected_spend")?;
    let horizon = last(options.horizon, options.log_rate());
    // Both say what is wrong with a row, and where there is a NaN.
    let alive = purchases.score(&Quantity::ProbabilityAlive { after: 0.0 }, table, control)?;
    let known = spend.score(&Quantity::ExpectedSpend {}, table, control)?;
    let history = columns(purchases, table)?;
    let spends = columns(spend, table)?;
    // With covariates each customer has a plain model of his or her own, and by a posterior draws of the own parameters.
    let is_own = |model: &dyn Model| model.covariates().is_some() || model.is_posterior();
    let (buys_own, pays_own) = (is_own(purchases), is_own(spend));
    let own = |models: &[Box<dyn Model>], i: usize| -> Result<Vec<Box<dyn Model>>> {
        let row = row_of(table, i)?;
        // Apart from the stream of the futures: customers with the same history have parameters of their own.
        let mut stream = Stream::new(draws.seed ^ OWN, i as u64);
        models
            .iter()
            .map(|model| model.drawn_customer(&row, &mut stream).map_err(|e| e.with_row(i)))
            .collect()
    };
    let rows = table.rows();
    // Of a size that depends on the table alone, so that sums of totals do.
    let size = rows.div_ceil(1024).max(64);
    let parts = control.map(rows.div_ceil(size), |part| {
        let range = part * size..rows.min((part + 1) * size);
        let mut totals = vec![0.0; draws.draws];
        let mut customers = Vec::with_capacity(range.len());
        let (mut times, mut amounts, mut values) = (Vec::new(), Vec::new(), vec![0.0; draws.draws]);
        let futures = if buys_own { Vec::new() } else { futures_of(many_purchases)? };
        let spending = if pays_own { Vec::new() } else { spending_of(many_spend)? };
        let plain = (futures, spending);
        for i in range {
            if i % 16 == 0 {
                control.check()?;
            }
            if alive[i].is_nan() || known[i].is_nan() {
                customers.push(vec![f64::NAN; 2 + draws.probabilities.len()]);
                continue;
            }
            let buys = if buys_own { own(many_purchases, i)? } else { Vec::new() };
            let pays = if pays_own { own(many_spend, i)? } else { Vec::new() };
            let given = (futures_of(&buys)?, spending_of(&pays)?);
            let futures = if buys.is_empty() { &plain.0 } else { &given.0 };
            let spending = if pays.is_empty() { &plain.1 } else { &given.1 };
            // Whatever of spend is NaN here is the mean of no purchases, for which there is a score.
            let spent = row(&spends, i).map(|v| if v.is_nan() { 0.0 } else { v });
            let row = row(&history, i);
            let mut stream = Stream::new(draws.seed, i as u64);
            for (d, (value, total)) in values.iter_mut().zip(&mut totals).enumerate() {
                times.clear();
                let at = |many: usize| of_draw(d, draws.draws, many);
                let (futures, spending) = (&futures[at(futures.len())], &spending[at(spending.len())]);
                let leaves = futures(&row[..history.len()], horizon, &mut stream, &mut times);
                amounts.resize(times.len(), 0.0);
                if !times.is_empty() {
                    spending(&spent[..spends.len()], &mut stream, &mut amounts);
                }
                *value = worth(options, horizon, leaves, &times, &amounts);
                *total += *value;
            }
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
            values.sort_unstable_by(f64::total_cmp);
            let mut customer = vec![mean, (squares / (values.len() - 1) as f64).sqrt()];
            customer.extend(draws.probabilities.iter().map(|&p| quantile(&values, p)));
            customers.push(customer);
        }
        Ok((customers, totals))
    })?;
    let mut all = ValueDistribution {
        mean: Vec::with_capacity(rows),
        deviation: Vec::with_capacity(rows),
        quantiles: vec![Vec::with_capacity(rows); draws.probabilities.len()],
        totals: vec![0.0; draws.draws],
    };
    for (customers, totals) in parts {
        for customer in customers {
            all.mean.push(customer[0]);
            all.deviation.push(customer[1]);
            all.quantiles.iter_mut().zip(&customer[2..]).for_each(|(column, value)| column.push(*value));
        }
        all.totals.iter_mut().zip(totals).for_each(|(sum, total)| *sum += total);
    }
    Ok(all)
}

/// What sets the random numbers of a customer's own parameters apart from those of the futures.
const OWN: u64 = 0x9e37_79b9_7f4a_7c15;

/// How far to draw: to the horizon, or to where a purchase counts next to nothing.
pub(crate) fn last(horizon: Option<f64>, rate: f64) -> f64 {
    horizon.unwrap_or_else(|| 1e12f64.ln() / rate)
}

/// What a purchase counts at its time: e^(−rate t), or by whole periods as one within the k-th unit of time, k = 1, 2, …; a purchase at an opportunity is at its end.
pub(crate) fn present(rate: f64, by_period: bool, time: f64) -> f64 {
    let at = if by_period { time.ceil().max(1.0) } else { time };
    (-rate * at).exp()
}

/// What one future is worth.
fn worth(options: &ValueOptions, horizon: f64, leaves: f64, times: &[f64], amounts: &[f64]) -> f64 {
    let rate = options.log_rate();
    let mut sum = 0.0;
    for (&time, amount) in times.iter().zip(amounts) {
        sum += present(rate, options.discount_rate.is_some(), time)
            * (options.margin_at(time) * amount - options.cost_per_purchase);
    }
    if options.cost_per_period != 0.0 {
        // v + … + v^kept, v = e^(−rate).
        let kept = horizon.min(leaves).max(0.0).floor();
        sum -= options.cost_per_period * (-rate).exp() * kept * exprel(-rate * kept) / exprel(-rate);
    }
    sum
}

/// Which of so many draws of the parameters a draw of the future takes: in turn, or where there are more of them, evenly spaced. The same for all customers, so that totals hold what is not known of the
/// parameters.
fn of_draw(draw: usize, draws: usize, many: usize) -> usize {
    if many <= draws { draw % many } else { draw * many / draws }
}

fn futures_of(models: &[Box<dyn Model>]) -> Result<Vec<Futures<'_>>> {
    let mut all = Vec::with_capacity(models.len());
    for model in models {
        all.extend(model.futures_by_draw().ok_or_else(|| no_draws(&**model))?);
    }
    Ok(all)
}

fn spending_of(models: &[Box<dyn Model>]) -> Result<Vec<Spending<'_>>> {
    models.iter().map(|model| model.spending().ok_or_else(|| no_draws(&**model))).collect()
}

fn columns<'a>(model: &dyn Model, table: &Table<'a>) -> Result<Vec<ArrayView1<'a, f64>>> {
    model.spec().row_columns().iter().map(|column| table.column(column.name)).collect()
}

/// One row of a table.
fn row_of<'a>(table: &Table<'a>, i: usize) -> Result<Table<'a>> {
    let mut one = Table::new().in_unit(table.unit());
    for name in table.names() {
        let (_, from) = table.column(name)?.split_at(Axis(0), i);
        one = one.with(name, from.split_at(Axis(0), 1).0)?;
    }
    Ok(one)
}

fn row(columns: &[ArrayView1<'_, f64>], i: usize) -> [f64; MAX_COLUMNS] {
    let mut row = [0.0; MAX_COLUMNS];
    row.iter_mut().zip(columns).for_each(|(value, column)| *value = column[i]);
    row
}

fn no_draws(model: &dyn Model) -> Error {
    Error::new(ErrorKind::Unsupported, format!("{} does not draw what a customer will do", model.spec().id))
}
