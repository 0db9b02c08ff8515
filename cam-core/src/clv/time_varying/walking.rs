//! Customers whose covariates change, where a model of customers with a row each is asked for: in intervals of predictions, in lifetime value, in comparisons.
//!
//! A table of steps has several rows for each customer. [`Customers`] makes one row of them: what is the same in all of them, the frequency as the sum of the purchases, and the
//! number of the [walk](Walks), which stands for the covariates. A [`Walking`] model has that number for its one covariate. So whoever asks a model about a table need not know that
//! there are steps.

use super::counts::counts;
use super::future::score_time_varying;
use super::likelihood::{Customer, TimeVaryingLikelihood};
use super::simulate::Life;
use super::walks::{Walks, together};
use crate::clv::pareto_nbd::ParetoNbd;
use crate::clv::purchases::if_alive;
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result, brief};
use crate::fit::Fitted;
use crate::math::exp_log::logistic;
use crate::model::{Covariates, Family, Futures, Model, Quantity, Spec, WithCovariates};
use crate::table::Table;
use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

/// The column with the number of the walk.
const WALK: &str = "walk";

static WALKS: LazyLock<Covariates> = LazyLock::new(|| Covariates::new().on("purchase", [WALK]));

/// A model of the registry as what it is, where it is a Pareto/NBD model with covariates.
pub(super) fn with_covariates(model: &dyn Model) -> Result<Option<WithCovariates<ParetoNbd>>> {
    let Some(declared) = model.covariates().filter(|_| model.spec().id == ParetoNbd::SPEC.id) else {
        return Ok(None);
    };
    let all = model.parameters();
    let (theta, gamma) = all.split_at(ParetoNbd::SPEC.parameters.len());
    WithCovariates::new(ParetoNbd::from_parameters(theta)?, declared, gamma).map(Some)
}

/// Whether a table has the steps of covariates, and not one row for each customer.
fn holds_steps(table: &Table<'_>) -> bool {
    ["customer", "start", "purchases"].iter().all(|name| table.get(name).is_some())
}

/// The model and the walks, where a table holds steps of covariates and the model is one that takes them.
pub(crate) fn moving(
    model: &dyn Model,
    table: &Table<'_>,
) -> Result<Option<(WithCovariates<ParetoNbd>, Walks)>> {
    if !holds_steps(table) {
        return Ok(None);
    }
    let Some(own) = with_covariates(model)? else { return Ok(None) };
    let walks = Walks::new(table, &own.design().declared)?;
    Ok(Some((own, walks)))
}

/// Ask a model about the customers of a table, which has a row or steps for each.
///
/// # Errors
/// As for [`Walks::new`], and what is asked.
pub(crate) fn by_customer<T>(
    model: &dyn Model,
    table: &Table<'_>,
    question: impl FnOnce(&dyn Model, &Table<'_>) -> Result<T>,
) -> Result<T> {
    match Customers::of(table)? {
        None => question(model, table),
        Some(customers) => {
            let model = customers.model(model)?;
            customers.ask(|rows| question(&*model, rows))
        }
    }
}

/// A row for each customer of a table of steps.
pub(crate) struct Customers<'t, 'a> {
    steps: &'t Table<'a>,
    ranges: Vec<Range<usize>>,
    columns: Vec<(&'a str, Vec<f64>)>,
}

impl<'t, 'a> Customers<'t, 'a> {
    /// None where the table has a row for each customer as it is.
    ///
    /// # Errors
    /// The rows of a customer do not stand together, or a `frequency` is not the sum of the purchases.
    pub(crate) fn of(steps: &'t Table<'a>) -> Result<Option<Self>> {
        if !holds_steps(steps) {
            return Ok(None);
        }
        let ranges = together(steps.column("customer")?)?;
        let purchases = steps.column("purchases")?;
        let sums: Vec<f64> =
            ranges.iter().map(|r| purchases.iter().take(r.end).skip(r.start).sum()).collect();
        if let Some(frequency) = steps.get("frequency")
            && let Some(i) = (0..ranges.len()).find(|&i| frequency[ranges[i].start] != sums[i])
        {
            let row = ranges[i].start;
            let message = format!(
                "frequency must be the sum of the purchases of all steps, {}, got {}",
                brief(sums[i]),
                brief(frequency[row])
            );
            return Err(Error::data(row, message).with_field("frequency"));
        }
        let mut columns = vec![("frequency", sums), (WALK, (0..ranges.len()).map(|i| i as f64).collect())];
        for name in
            steps.names().filter(|name| !["customer", "start", "purchases", "frequency", WALK].contains(name))
        {
            let column = steps.column(name)?;
            columns.push((name, ranges.iter().map(|range| column[range.start]).collect()));
        }
        Ok(Some(Customers { steps, ranges, columns }))
    }

    /// Ask about the customers; errors name the first row of one among the steps.
    pub(crate) fn ask<T>(&self, question: impl FnOnce(&Table<'_>) -> Result<T>) -> Result<T> {
        let mut table = Table::new().in_unit(self.steps.unit());
        for (name, values) in &self.columns {
            table = table.with(name, &values[..])?;
        }
        question(&table).map_err(|e| match e.row().and_then(|row| self.ranges.get(row)) {
            Some(range) => e.with_row(range.start),
            None => e,
        })
    }

    /// Models of one kind that differ in their parameters alone, each so that it knows the walks where it takes such.
    ///
    /// # Errors
    /// As for [`Walks::new`].
    pub(crate) fn models(&self, models: &[Box<dyn Model>]) -> Result<Vec<Box<dyn Model>>> {
        let Some(first) = models.first() else { return Ok(Vec::new()) };
        let Some((_, walks)) = moving(&**first, self.steps)? else { return Ok(models.to_vec()) };
        models
            .iter()
            .map(|model| match with_covariates(&**model)? {
                Some(model) => {
                    Ok(Box::new(Walking { model, walks: walks.clone(), one: None }) as Box<dyn Model>)
                }
                None => Ok(model.boxed()),
            })
            .collect()
    }

    /// The same of one model.
    ///
    /// # Errors
    /// As for [`models`](Self::models).
    pub(crate) fn model(&self, model: &dyn Model) -> Result<Box<dyn Model>> {
        Ok(self.models(&[model.boxed()])?.remove(0))
    }

    /// The same of one that was fitted.
    ///
    /// # Errors
    /// As for [`models`](Self::models).
    pub(crate) fn fitted(&self, fitted: &Fitted<Box<dyn Model>>) -> Result<Fitted<Box<dyn Model>>> {
        Ok(Fitted { model: self.model(&*fitted.model)?, unit: fitted.unit, fit: fitted.fit.clone() })
    }
}

/// A Pareto/NBD model of customers who go some walks.
#[derive(Debug, Clone)]
struct Walking {
    model: WithCovariates<ParetoNbd>,
    walks: Walks,
    /// The number of the customer, where it is the model of one.
    one: Option<usize>,
}

impl Walking {
    /// The number of a walk.
    fn number(&self, row: usize, number: f64) -> Result<usize> {
        match number >= 0.0 && number < self.walks.len() as f64 && number.fract() == 0.0 {
            true => Ok(number as usize),
            false => {
                let rule =
                    format!("{WALK} must be the number of one of {} walks, got {number}", self.walks.len());
                Err(Error::data(row, rule).with_field(WALK))
            }
        }
    }

    /// The walk and the history of each row of a table.
    fn rows(&self, table: &Table<'_>) -> Result<Vec<(usize, [f64; 3])>> {
        let [frequency, recency, age] = ParetoNbd::SPEC.columns else {
            return Err(Error::new(ErrorKind::Internal, "a history has three columns"));
        };
        let history = [frequency, recency, age].map(|variable| table.column(variable.name));
        let [frequency, recency, age] = history;
        let (frequency, recency, age) = (frequency?, recency?, age?);
        let walk = table.get(WALK);
        let number = |row: usize| match (self.one, &walk) {
            (Some(one), _) => Ok(one),
            (None, Some(walk)) => self.number(row, walk[row]),
            (None, None) => Err(Error::shape(format!("column {WALK:?} is missing")).with_field(WALK)),
        };
        let rows = (0..table.rows()).map(|row| Ok((number(row)?, [frequency[row], recency[row], age[row]])));
        rows.collect()
    }
}

impl Model for Walking {
    fn spec(&self) -> &'static Spec {
        self.model.spec()
    }

    fn parameters(&self) -> Vec<f64> {
        self.model.parameters()
    }

    fn names(&self) -> Vec<Cow<'static, str>> {
        self.model.names()
    }

    fn covariates(&self) -> Option<&Covariates> {
        self.one.is_none().then(|| &*WALKS)
    }

    fn given(&self, covariates: &Table<'_>) -> Result<Box<dyn Model>> {
        let column = covariates.column(WALK)?;
        let number =
            column.first().ok_or_else(|| Error::shape("the walk of a customer is one row, got none"))?;
        Ok(Box::new(Walking { one: Some(self.number(0, *number)?), ..self.clone() }))
    }

    fn score(&self, quantity: &Quantity, table: &Table<'_>, control: &Control<'_>) -> Result<Vec<f64>> {
        score_time_varying(&self.model, &self.walks.gone(&self.rows(table)?), quantity, control)
    }

    fn shares_counts(&self, _horizon: f64) -> bool {
        true
    }

    /// Of each customer the odds of having left are computed once for all n.
    fn counts(
        &self,
        horizon: f64,
        range: Range<u32>,
        table: &Table<'_>,
        control: &Control<'_>,
    ) -> Result<Vec<f64>> {
        Quantity::PurchaseProbability { n: range.start, horizon }.check()?;
        let length = range.len();
        if length == 0 {
            return Ok(Vec::new());
        }
        let walks = self.walks.gone(&self.rows(table)?);
        let theta = self.model.parameters();
        let centre = vec![0.0; walks.design().terms.len()];
        let mut out = vec![0.0; length * walks.len()];
        let batches = control.map(walks.len().div_ceil(TimeVaryingLikelihood::BATCH), |k| {
            let mut customer = Customer::new(&walks, &centre, &theta);
            let some = walks
                .customers
                .iter()
                .skip(k * TimeVaryingLikelihood::BATCH)
                .take(TimeVaryingLikelihood::BATCH);
            let mut own = vec![0.0; length];
            let mut all = Vec::new();
            for walk in some {
                let left = customer.log_odds_left(walk);
                counts(&mut customer, walk, range.clone(), horizon, &mut own);
                all.extend(range.clone().zip(&own).map(|(n, p)| {
                    let count = if_alive(left, *p);
                    if n == 0 { logistic(left) + count } else { count }
                }));
            }
            Ok(all)
        })?;
        out.iter_mut().zip(batches.into_iter().flatten()).for_each(|(out, p)| *out = p);
        Ok(out)
    }

    fn new_customer(&self, quantity: &Quantity) -> Result<f64> {
        let Some(one) = self.one else {
            let message = "a new customer whose covariates change begins a walk: ask about one with no purchases and T = 0";
            return Err(Error::new(ErrorKind::Unsupported, message).with_field("covariates"));
        };
        let control = Control::new().threads(1);
        let scores =
            score_time_varying(&self.model, &self.walks.gone(&[(one, [0.0; 3])]), quantity, &control)?;
        scores.first().copied().ok_or_else(|| Error::new(ErrorKind::Internal, "no new customer"))
    }

    fn simulate(&self, _: &Table<'_>, _: u64, _: &Control<'_>) -> Result<Vec<Vec<f64>>> {
        let message = "customers whose covariates change are drawn by simulate_time_varying";
        Err(Error::new(ErrorKind::Unsupported, message).with_field("covariates"))
    }

    /// Of the model of one customer: as for the plain model, with what the clocks show at T.
    fn futures(&self) -> Option<Futures<'_>> {
        let walk = &self.walks.customers[self.one?];
        let theta = self.model.parameters();
        let centre = vec![0.0; self.walks.design().terms.len()];
        let mut customer = Customer::new(&self.walks, &centre, &theta);
        let alive = logistic(-customer.log_odds_left(walk));
        let ([alpha, beta], r, s) = (customer.rates(), customer.purchase_shape(walk), customer.shape());
        Some(Box::new(move |_, horizon, stream, times| {
            if stream.uniform() >= alive {
                return 0.0;
            }
            let rate = stream.gamma(r) / alpha;
            let leaves = stream.exponential() / (stream.gamma(s) / beta);
            let life = Life { walk, gamma: self.model.coefficients(), rate, leaves };
            let (age, first) = (walk.age, times.len());
            let left = life.draw(&self.walks, age, age + horizon, stream, times);
            times[first..].iter_mut().for_each(|time| *time -= age);
            left.map_or(f64::INFINITY, |left| left - age)
        }))
    }

    fn boxed(&self) -> Box<dyn Model> {
        Box::new(self.clone())
    }
}
