//! A posterior where a model is asked for: in a comparison, in lifetime value, and at the handles of every language.
//!
//! It answers with [`DRAWS`] draws of the population at most, and has no fit to report: neither standard errors nor a likelihood to climb.

use super::customers::{Populations, rows_of, walk_ggg, walk_log_normal};
use super::ggg_customer::{Logs, Timed};
use super::individual::simulate;
use super::lognormal_customer::Rates;
use super::posterior::{Heterogeneity, Posterior};
use super::score::{Effort, new_customers, score};
use crate::clv::ParetoNbd;
use crate::clv::futures::poisson_until;
use crate::clv::history::{AGE, HISTORY, PURCHASE_QUANTITIES, TIMED_HISTORY};
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};
use crate::fit::Fitted;
use crate::math::random::Stream;
use crate::model::{Futures, Model, Quantity, Spec};
use crate::table::{Dimension, Domain, Table, Variable};
use serde::Deserialize;
use std::borrow::Cow;
use std::sync::Arc;

/// As many draws of the population as a comparison, which asks hundreds of questions, has time for.
const DRAWS: usize = 400;
const SEED: u64 = 1;

#[derive(Debug, Clone)]
struct PosteriorModel(Arc<Posterior>);

static GAMMA: Spec = Spec {
    id: "pareto_nbd_hb",
    title: "Pareto/NBD by hierarchical Bayes",
    source: "Ma & Liu (2007), ICNC 2, 359-363",
    parameters: &ParetoNbd::PARAMETERS,
    columns: &HISTORY,
    design: &[AGE],
    quantities: PURCHASE_QUANTITIES,
    example: (&[0.8, 8.0, 0.7, 12.0], 52.0),
};

const fn real(name: &'static str, meaning: &'static str) -> Variable {
    Variable::new(name, Domain::Real, Dimension::None, meaning)
}

const fn positive(name: &'static str, meaning: &'static str) -> Variable {
    Variable::new(name, Domain::Positive, Dimension::None, meaning)
}

static LOG_NORMAL: Spec = Spec {
    title: "Pareto/NBD by hierarchical Bayes, log-normal",
    source: "Abe (2009), Marketing Science 28(3), 541-553",
    parameters: &[
        real("log_lambda_intercept", "mean of the logarithm of the purchase rate"),
        real("log_mu_intercept", "mean of the logarithm of the rate of leaving"),
        positive("variance_lambda", "variance of the first"),
        real("covariance", "their covariance"),
        positive("variance_mu", "variance of the second"),
    ],
    example: (&[-2.0, -3.5, 0.8, 0.3, 0.5], 52.0),
    ..GAMMA
};

static GGG: Spec = Spec {
    id: "pareto_ggg",
    title: "Pareto/GGG",
    source: "Platzer & Reutterer (2016), Marketing Science 35(5), 779-799",
    parameters: &[
        positive("t", "shape of the regularity across customers"),
        positive("gamma", "rate parameter of the regularity across customers"),
        ParetoNbd::PARAMETERS[0],
        ParetoNbd::PARAMETERS[1],
        ParetoNbd::PARAMETERS[2],
        ParetoNbd::PARAMETERS[3],
    ],
    columns: &TIMED_HISTORY,
    example: (&[4.0, 1.5, 0.8, 8.0, 0.7, 12.0], 52.0),
    ..GAMMA
};

impl PosteriorModel {
    fn effort(&self) -> Effort {
        Effort { draws: DRAWS, seed: SEED }
    }
}

impl Model for PosteriorModel {
    fn spec(&self) -> &'static Spec {
        match (self.0.model.as_str(), self.0.heterogeneity) {
            ("pareto_ggg", _) => &GGG,
            (_, Heterogeneity::Gamma) => &GAMMA,
            (_, Heterogeneity::LogNormal) => &LOG_NORMAL,
        }
    }

    /// The means of the draws.
    fn parameters(&self) -> Vec<f64> {
        let mean = |chains: &Vec<Vec<f64>>| chains.iter().flatten().sum::<f64>() / self.0.len() as f64;
        self.0.draws.iter().map(mean).collect()
    }

    fn names(&self) -> Vec<Cow<'static, str>> {
        self.0.parameters.iter().map(|name| Cow::Owned(name.clone())).collect()
    }

    fn score(&self, quantity: &Quantity, table: &Table<'_>, control: &Control<'_>) -> Result<Vec<f64>> {
        score(&self.0, table, quantity, self.effort(), control)
    }

    fn new_customer(&self, quantity: &Quantity) -> Result<f64> {
        // Its callers share the work among threads.
        let control = Control::new().threads(1);
        let scores = new_customers(&self.0, &Table::new(), quantity, self.effort(), &control)?;
        scores.first().copied().ok_or_else(|| Error::new(ErrorKind::Internal, "no new customer"))
    }

    fn simulate(&self, design: &Table<'_>, seed: u64, control: &Control<'_>) -> Result<Vec<Vec<f64>>> {
        Ok(simulate(&self.0, design, seed, control)?.into_iter().map(|(_, values)| values).collect())
    }

    fn is_posterior(&self) -> bool {
        true
    }

    fn drawn_customer(&self, history: &Table<'_>, stream: &mut Stream) -> Result<Box<dyn Model>> {
        let (rows, width) = rows_of(&self.0, history)?;
        let row = rows
            .get(..width)
            .ok_or_else(|| Error::shape("the history of a customer is one row, got none"))?;
        let populations = Populations::of(&self.0, DRAWS)?;
        let mut own = Vec::with_capacity(populations.len());
        match populations {
            Populations::Gamma(models) => own.extend(models.into_iter().map(Drawn::Population)),
            Populations::LogNormal(all) => {
                walk_log_normal(&all, row, stream, |_, at, alive| own.push(Drawn::Poisson(*at, alive)));
            }
            Populations::Ggg(all) => walk_ggg(&all, row, stream, |_, customer, at| {
                own.push(Drawn::Regular(*customer, *at, customer.probability_alive(at)));
            }),
        }
        Ok(Box::new(Individual { posterior: self.clone(), own: own.into() }))
    }

    fn document(&self) -> Option<Result<String>> {
        Some(serde_json::to_string(&*self.0).map_err(|e| {
            Error::new(ErrorKind::Internal, format!("cannot write the document of a posterior: {e}"))
        }))
    }

    fn boxed(&self) -> Box<dyn Model> {
        Box::new(self.clone())
    }
}

/// A customer as one draw has him or her.
#[derive(Debug, Clone, Copy)]
enum Drawn {
    /// The population, of which the customer is one whose history is known.
    Population(ParetoNbd),
    /// The own parameters, and P(alive) given them.
    Poisson(Rates, f64),
    Regular(Timed, Logs, f64),
}

impl Drawn {
    fn futures(&self) -> Futures<'_> {
        Box::new(|row, horizon, stream, times| match self {
            Drawn::Population(model) => model.draw_future(row, horizon, stream, times),
            Drawn::Poisson(at, alive) => {
                if stream.uniform() >= *alive {
                    return 0.0;
                }
                let [rate, leaving] = at.map(f64::exp);
                let leaves = stream.exponential() / leaving;
                poisson_until(rate, leaves, horizon, stream, times);
                leaves
            }
            Drawn::Regular(customer, at, alive) => {
                if stream.uniform() >= *alive {
                    return 0.0;
                }
                customer.draw_times(at, horizon, stream, |time| times.push(time)).unwrap_or(0.0)
            }
        })
    }
}

/// The model of one customer whose history is known.
#[derive(Debug, Clone)]
struct Individual {
    posterior: PosteriorModel,
    own: Arc<[Drawn]>,
}

impl Model for Individual {
    fn spec(&self) -> &'static Spec {
        self.posterior.spec()
    }

    fn parameters(&self) -> Vec<f64> {
        self.posterior.parameters()
    }

    fn score(&self, quantity: &Quantity, table: &Table<'_>, control: &Control<'_>) -> Result<Vec<f64>> {
        self.posterior.score(quantity, table, control)
    }

    fn new_customer(&self, quantity: &Quantity) -> Result<f64> {
        self.posterior.new_customer(quantity)
    }

    fn simulate(&self, design: &Table<'_>, seed: u64, control: &Control<'_>) -> Result<Vec<Vec<f64>>> {
        self.posterior.simulate(design, seed, control)
    }

    fn futures_by_draw(&self) -> Option<Vec<Futures<'_>>> {
        Some(self.own.iter().map(Drawn::futures).collect())
    }

    fn boxed(&self) -> Box<dyn Model> {
        Box::new(self.clone())
    }
}

/// What a document says it is.
#[derive(Deserialize)]
struct Format {
    #[serde(default)]
    format: String,
}

/// The posterior that a document holds, as a model; none where the document is another.
///
/// # Errors
/// [`ErrorKind::InvalidDocument`]: a posterior that cannot be one of ours.
pub(crate) fn open_posterior(text: &str) -> Result<Option<Fitted<Box<dyn Model>>>> {
    match serde_json::from_str::<Format>(text) {
        Ok(Format { format }) if format == super::posterior::FORMAT => {}
        // Whoever reads models says what is wrong.
        _ => return Ok(None),
    }
    let posterior: Posterior = serde_json::from_str(text).map_err(|e| {
        Error::new(ErrorKind::InvalidDocument, format!("the document does not fit its schema: {e}"))
    })?;
    posterior.check()?;
    let unit = posterior.unit;
    Ok(Some(Fitted { model: Box::new(PosteriorModel(Arc::new(posterior))), unit, fit: None }))
}
