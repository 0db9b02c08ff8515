//! The distribution of lifetime value, with what is not known of the parameters in it where that is wanted.

use super::predictions::{PredictionOptions, drawn_models};
use crate::clv::value_draws::draw_lifetime_value;
use crate::clv::{DrawOptions, ValueDistribution, ValueOptions, simulate_lifetime_value};
use crate::control::Control;
use crate::error::Result;
use crate::fit::Fitted;
use crate::model::Model;
use crate::table::Table;
use crate::task::{Answer, Models, Setting, Task, TaskSpec};
use serde::{Deserialize, Serialize};

/// Draw the value of every customer as [`simulate_lifetime_value`](crate::clv::simulate_lifetime_value) does, each time with other parameters, as
/// [`prediction_intervals`](super::prediction_intervals) draws them: the quantiles are those of parameters and chance together.
///
/// # Errors
/// As for both.
pub fn lifetime_value_distribution(
    purchases: &Fitted<Box<dyn Model>>,
    spend: &Fitted<Box<dyn Model>>,
    table: &Table<'_>,
    options: &ValueOptions,
    draws: &DrawOptions,
    control: &Control<'_>,
) -> Result<ValueDistribution> {
    let many = |fitted: &Fitted<Box<dyn Model>>, seed: u64| {
        fitted.check_unit(table.unit())?;
        if fitted.model.is_posterior() {
            // Whose draws have other parameters each as it is.
            return Ok(vec![fitted.model.boxed()]);
        }
        drawn_models(fitted, &PredictionOptions { draws: draws.draws, seed, ..PredictionOptions::default() })
    };
    // What is not known of one model says nothing of the other.
    let (purchases, spend) = (many(purchases, draws.seed)?, many(spend, draws.seed.wrapping_add(1))?);
    draw_lifetime_value(&purchases, &spend, table, options, draws, control)
}

/// The task `simulate_lifetime_value`.
pub enum SimulateLifetimeValue {}

/// Its options.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimulateOptions {
    value: ValueOptions,
    seed: u64,
    #[serde(default)]
    draws: Option<usize>,
    #[serde(default)]
    probabilities: Option<Vec<f64>>,
    #[serde(default)]
    parameters: bool,
}

/// What was drawn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Drawn {
    /// The probabilities of the quantiles.
    pub probabilities: Vec<f64>,
    /// Draws of each customer's future.
    pub draws: usize,
}

impl Task for SimulateLifetimeValue {
    const SPEC: &'static TaskSpec = &TaskSpec {
        id: "simulate_lifetime_value",
        title: "Distribution of lifetime value",
        source: "McCarthy, Fader & Hardie (2016), V(CLV): Examining variance in models of customer lifetime value",
        columns: &[],
        models: "a fitted model of purchases and one of spend; the table has the columns of both",
        options: &[
            Setting {
                name: "value",
                default: "",
                meaning: "how value is reckoned: an object with the options of lifetime_value_variance",
            },
            Setting { name: "seed", default: "", meaning: "seed of the random numbers" },
            Setting { name: "draws", default: "1000", meaning: "how often each customer's future is drawn" },
            Setting {
                name: "probabilities",
                default: "[0.05, 0.25, 0.5, 0.75, 0.95]",
                meaning: "which quantiles are computed",
            },
            Setting {
                name: "parameters",
                default: "false",
                meaning: "whether each draw has other parameters, so that what is not known of them is in the distribution",
            },
        ],
        answers: &[
            "mean, deviation: of each customer's values",
            "quantile_0, quantile_1, …: of each customer's values, in the order of the probabilities",
            "totals: the value of all customers together, one for each draw",
        ],
    };
    type Options = SimulateOptions;
    type Output = Drawn;

    fn run(
        table: &Table<'_>,
        models: Models<'_>,
        options: &SimulateOptions,
        control: &Control<'_>,
    ) -> Result<Answer<Drawn>> {
        let [purchases, spend] = models.exactly()?;
        let mut draws = DrawOptions::new(options.seed);
        draws.draws = options.draws.unwrap_or(draws.draws);
        draws.probabilities = options.probabilities.clone().unwrap_or(draws.probabilities);
        let drawn = match options.parameters {
            false => simulate_lifetime_value(
                &purchases.model,
                &spend.model,
                table,
                &options.value,
                &draws,
                control,
            )?,
            true => lifetime_value_distribution(purchases, spend, table, &options.value, &draws, control)?,
        };
        let told = Drawn { probabilities: draws.probabilities, draws: draws.draws };
        let mut answer = Answer::new(told).with("mean", drawn.mean).with("deviation", drawn.deviation);
        for (i, quantile) in drawn.quantiles.into_iter().enumerate() {
            answer = answer.with(format!("quantile_{i}"), quantile);
        }
        Ok(answer.with("totals", drawn.totals))
    }
}
