//! Fits and scores with covariates that change, for the doors.

use super::walking::with_covariates;
use super::{Walks, fit_time_varying, score_time_varying, simulate_time_varying};
use crate::clv::pareto_nbd::ParetoNbd;
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};
use crate::fit::FitOptions;
use crate::model::{Covariates, Quantity, WithCovariates};
use crate::table::{Dimension, Domain, Table, Variable};
use crate::task::{Answer, Models, Setting, Task, TaskSpec};
use serde::{Deserialize, Serialize};

/// The columns besides the covariates; see [`Walks::new`].
const COLUMNS: [Variable; 5] = [
    Variable::new(
        "customer",
        Domain::Real,
        Dimension::None,
        "a number for each customer; the rows of one stand together",
    ),
    Variable::new(
        "start",
        Domain::Real,
        Dimension::Time,
        "from when on the covariates of the row hold, since the first purchase",
    ),
    Variable::new(
        "purchases",
        Domain::Count,
        Dimension::None,
        "repeat purchases from then until the next row",
    ),
    Variable::new(
        "recency",
        Domain::NonNegative,
        Dimension::Time,
        "time from the first to the last purchase",
    ),
    Variable::new(
        "T",
        Domain::NonNegative,
        Dimension::Time,
        "time from the first purchase to the end of observation",
    ),
];

/// Those of customers whose purchases are drawn.
static DESIGN: [Variable; 3] = [COLUMNS[0], COLUMNS[1], COLUMNS[4]];

/// What scores and simulations are given.
const MODEL: &str = "a Pareto/NBD model with covariates";

/// The one model of a task, and its covariates.
fn of_one(models: Models<'_>) -> Result<(WithCovariates<ParetoNbd>, &Covariates)> {
    let [fitted] = models.exactly::<1>()?;
    let model = &*fitted.model;
    match (with_covariates(model)?, model.covariates()) {
        (Some(own), Some(declared)) => Ok((own, declared)),
        _ => {
            let message = format!("need {MODEL}, got a {} model", model.spec().id);
            Err(Error::new(ErrorKind::InvalidParameter, message).with_field("models"))
        }
    }
}

/// The task `fit_time_varying`: see [`fit_time_varying`].
#[derive(Debug, Clone, Copy)]
pub enum FitTimeVarying {}

/// Its answer.
#[derive(Debug, Clone, Serialize)]
pub struct FittedTimeVarying {
    /// The model as a document, which opens from every language.
    pub document: String,
}

impl Task for FitTimeVarying {
    const SPEC: &'static TaskSpec = &TaskSpec {
        id: "fit_time_varying",
        title: "Pareto/NBD with covariates that change over time",
        source: "Bachmann, Meierer & Näf (2021), Marketing Science 40(4), 783-809",
        columns: &COLUMNS,
        models: "none",
        options: &[
            Setting {
                name: "covariates",
                default: "",
                meaning: "which columns act on what, as in the options of a fit",
            },
            Setting {
                name: "start",
                default: "null",
                meaning: "where the search starts: parameters, and perhaps coefficients",
            },
            Setting {
                name: "method",
                default: "\"mle\"",
                meaning: "mle, map or nuts, as in the options of a fit",
            },
            Setting {
                name: "priors",
                default: "{}",
                meaning: "a prior by parameter or coefficient, as in the options of a fit",
            },
            Setting { name: "sampling", default: "{}", meaning: "for nuts, as in the options of a fit" },
            Setting { name: "gradient_tolerance", default: "1e-11", meaning: "as in the options of a fit" },
            Setting { name: "max_evaluations", default: "500", meaning: "as in the options of a fit" },
        ],
        answers: &[],
    };
    type Options = FitOptions;
    type Output = FittedTimeVarying;

    fn run(
        table: &Table<'_>,
        models: Models<'_>,
        options: &FitOptions,
        control: &Control<'_>,
    ) -> Result<Answer<FittedTimeVarying>> {
        models.exactly::<0>()?;
        let walks = Walks::new(table, &options.covariates.clone().unwrap_or_default())?;
        let fitted = fit_time_varying(&walks, options, control)?;
        Ok(Answer::new(FittedTimeVarying { document: fitted.to_json()? }))
    }
}

/// The task `score_time_varying`: see [`score_time_varying`].
#[derive(Debug, Clone, Copy)]
pub enum ScoreTimeVarying {}

/// Its options.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreTimeVaryingOptions {
    /// What is asked.
    pub quantity: Quantity,
}

/// Its answer, besides the column.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ScoredTimeVarying {
    /// The number of customers.
    pub customers: usize,
}

impl Task for ScoreTimeVarying {
    const SPEC: &'static TaskSpec = &TaskSpec {
        id: "score_time_varying",
        title: "Customers whose covariates change over time",
        source: "Bachmann, Meierer & Näf (2021), Marketing Science 40(4), 783-809",
        columns: &COLUMNS,
        models: MODEL,
        options: &[Setting { name: "quantity", default: "", meaning: "what is asked, as in a score" }],
        answers: &["score: one value for each customer, in the order of the table"],
    };
    type Options = ScoreTimeVaryingOptions;
    type Output = ScoredTimeVarying;

    fn run(
        table: &Table<'_>,
        models: Models<'_>,
        options: &ScoreTimeVaryingOptions,
        control: &Control<'_>,
    ) -> Result<Answer<ScoredTimeVarying>> {
        let (model, declared) = of_one(models)?;
        let walks = Walks::new(table, declared)?;
        let scores = score_time_varying(&model, &walks, &options.quantity, control)?;
        Ok(Answer::new(ScoredTimeVarying { customers: walks.len() }).with("score", scores))
    }
}

/// The task `simulate_time_varying`: see [`simulate_time_varying`].
#[derive(Debug, Clone, Copy)]
pub enum SimulateTimeVarying {}

/// Its options.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SimulateTimeVaryingOptions {
    /// Of the random streams.
    pub seed: u64,
}

/// Its answer, besides the columns.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct SimulatedTimeVarying {
    /// The number of customers.
    pub customers: usize,
    /// The number of repeat purchases of all of them.
    pub purchases: usize,
}

impl Task for SimulateTimeVarying {
    const SPEC: &'static TaskSpec = &TaskSpec {
        id: "simulate_time_varying",
        title: "Customers drawn whose covariates change over time",
        source: FitTimeVarying::SPEC.source,
        columns: &DESIGN,
        models: MODEL,
        options: &[Setting { name: "seed", default: "0", meaning: "of the random streams" }],
        answers: &[
            "purchases: one value per row, as a fit takes it",
            "recency: one value per row, as a fit takes it",
            "customer: one value per repeat purchase",
            "time: one value per repeat purchase, since the first purchase of its customer",
        ],
    };
    type Options = SimulateTimeVaryingOptions;
    type Output = SimulatedTimeVarying;

    fn run(
        table: &Table<'_>,
        models: Models<'_>,
        options: &SimulateTimeVaryingOptions,
        control: &Control<'_>,
    ) -> Result<Answer<SimulatedTimeVarying>> {
        let (model, declared) = of_one(models)?;
        let walks = Walks::unobserved(table, declared)?;
        let times = simulate_time_varying(&model, &walks, options.seed, control)?;
        let (customer, start) = (table.column("customer")?, table.column("start")?);
        let (mut purchases, mut recency) = (vec![0.0; table.rows()], vec![0.0; table.rows()]);
        let (mut who, mut when) = (Vec::new(), Vec::new());
        let mut row = 0;
        for times in &times {
            let id = customer[row];
            let mut drawn = times.iter().peekable();
            while row < table.rows() && customer[row] == id {
                let is_last = row + 1 == table.rows() || customer[row + 1] != id;
                while drawn.next_if(|t| is_last || **t < start[row + 1]).is_some() {
                    purchases[row] += 1.0;
                }
                recency[row] = times.last().copied().unwrap_or(0.0);
                row += 1;
            }
            who.extend(times.iter().map(|_| id));
            when.extend_from_slice(times);
        }
        let drawn = SimulatedTimeVarying { customers: walks.len(), purchases: when.len() };
        let answer = Answer::new(drawn).with("purchases", purchases).with("recency", recency);
        Ok(answer.with("customer", who).with("time", when))
    }
}
