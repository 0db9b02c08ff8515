//! The tasks through which other languages ask for intervals.

use super::intervals::{BootstrapKind, BootstrapOptions, bootstrap_intervals, check_data, profile_intervals};
use super::predictions::{Predicted, PredictionOptions, prediction_intervals};
use crate::control::Control;
use crate::error::{Error, Result};
use crate::fit::{BootstrapInterval, LikelihoodRatio, likelihood_ratio_test};
use crate::model::Quantity;
use crate::table::Table;
use crate::task::{Answer, Models, Setting, Task, TaskSpec};
use serde::{Deserialize, Serialize};

/// Confidence intervals of the parameters of a fitted model: `confidence_intervals`.
#[derive(Debug)]
pub enum ConfidenceIntervals {}

/// Which intervals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Way {
    Wald,
    Profile,
    Bootstrap,
}

/// The options of `confidence_intervals`.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConfidenceOptions {
    method: Way,
    level: f64,
    replicates: usize,
    seed: u64,
    kind: BootstrapKind,
    interval: BootstrapInterval,
}

impl Default for ConfidenceOptions {
    fn default() -> Self {
        let BootstrapOptions { replicates, seed, kind, interval } = BootstrapOptions::default();
        ConfidenceOptions { method: Way::Wald, level: 0.95, replicates, seed, kind, interval }
    }
}

/// What `confidence_intervals` tells besides the ends.
#[derive(Debug, Serialize)]
pub struct ConfidenceFound {
    parameters: Vec<String>,
    method: Way,
    level: f64,
    /// Replicates of the bootstrap without a maximum.
    failed: usize,
}

impl Task for ConfidenceIntervals {
    const SPEC: &'static TaskSpec = &TaskSpec {
        id: "confidence_intervals",
        title: "Confidence intervals of parameters",
        source: "Venzon & Moolgavkar (1988), Applied Statistics 37(1), 87-94; Davison & Hinkley (1997), Bootstrap Methods and their Application",
        columns: &[],
        models: "a fitted model; the table holds the data that it was fitted to, the steps where covariates change over time, and is not needed for wald",
        options: &[
            Setting { name: "method", default: "\"wald\"", meaning: "wald, profile or bootstrap" },
            Setting { name: "level", default: "0.95", meaning: "the probability of covering the parameter" },
            Setting { name: "replicates", default: "1000", meaning: "replicates of the bootstrap" },
            Setting { name: "seed", default: "0", meaning: "seed of the bootstrap" },
            Setting {
                name: "kind",
                default: "\"nonparametric\"",
                meaning: "nonparametric: customers drawn from the data; parametric: drawn from the model",
            },
            Setting {
                name: "interval",
                default: "\"percentile\"",
                meaning: "percentile, or basic: quantiles mirrored at the estimate",
            },
        ],
        answers: &[
            "lower, upper: one per estimated parameter; 0 or infinity where there is no end",
            "replicate_…: for the bootstrap, the estimates of each parameter, one per replicate; NaN where there is no maximum",
        ],
    };
    type Options = ConfidenceOptions;
    type Output = ConfidenceFound;

    fn run(
        table: &Table<'_>,
        models: Models<'_>,
        options: &ConfidenceOptions,
        control: &Control<'_>,
    ) -> Result<Answer<ConfidenceFound>> {
        let [model] = models.exactly::<1>()?;
        let ConfidenceOptions { method, level, replicates, seed, kind, interval } = *options;
        let found = |parameters: Vec<String>, failed| ConfidenceFound { parameters, method, level, failed };
        let answer = |found, lower, upper| Answer::new(found).with("lower", lower).with("upper", upper);
        match method {
            Way::Wald => {
                let all = model.confidence_intervals(level)?;
                let names = all.iter().map(|i| i.parameter.to_string()).collect();
                let (lower, upper) = all.iter().map(|i| (i.lower, i.upper)).unzip();
                Ok(answer(found(names, 0), lower, upper))
            }
            Way::Profile => {
                let all = profile_intervals(model, table, level, control)?;
                let names = all.iter().map(|i| i.parameter.clone()).collect();
                // An interval without an end goes as far as the parameter may.
                let positive = |name: &str| {
                    let parameters = model.model.spec().parameters;
                    parameters.iter().any(|p| p.name == name && p.domain != crate::table::Domain::Real)
                };
                let lowest = |name: &str| if positive(name) { 0.0 } else { f64::NEG_INFINITY };
                let lower = all.iter().map(|i| i.lower.unwrap_or_else(|| lowest(&i.parameter))).collect();
                let upper = all.iter().map(|i| i.upper.unwrap_or(f64::INFINITY)).collect();
                Ok(answer(found(names, 0), lower, upper))
            }
            Way::Bootstrap => {
                let options = BootstrapOptions { replicates, seed, kind, interval };
                let (all, draws) = bootstrap_intervals(model, table, level, &options, control)?;
                let (lower, upper) = all.iter().map(|i| (i.lower, i.upper)).unzip();
                let mut answer = answer(found(draws.parameters.clone(), draws.failed), lower, upper);
                for (p, name) in draws.parameters.iter().enumerate() {
                    let column = draws.estimates.iter().map(|theta| theta[p]).collect();
                    answer = answer.with(format!("replicate_{name}"), column);
                }
                Ok(answer)
            }
        }
    }
}

/// The test of a model against one that it is nested in: `likelihood_ratio_test`.
#[derive(Debug)]
pub enum LikelihoodRatioTest {}

/// The options of `likelihood_ratio_test`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RatioOptions {
    boundary: bool,
}

impl Task for LikelihoodRatioTest {
    const SPEC: &'static TaskSpec = &TaskSpec {
        id: "likelihood_ratio_test",
        title: "Likelihood-ratio test of nested models",
        source: "Wilks (1938), Annals of Mathematical Statistics 9, 60-62; Self & Liang (1987), JASA 82, 605-610",
        columns: &[],
        models: "the restricted model, then the full one, both fitted to the same data; where the table has columns they are those data, and it is checked that they are",
        options: &[Setting {
            name: "boundary",
            default: "false",
            meaning: "whether the restricted model has one parameter of the full one at the end of its domain",
        }],
        answers: &[],
    };
    type Options = RatioOptions;
    type Output = LikelihoodRatio;

    fn run(
        table: &Table<'_>,
        models: Models<'_>,
        options: &RatioOptions,
        control: &Control<'_>,
    ) -> Result<Answer<LikelihoodRatio>> {
        let [restricted, full] = models.exactly::<2>()?;
        if table.names().next().is_some() {
            check_data(restricted, table, control)?;
            check_data(full, table, control)?;
        }
        likelihood_ratio_test(restricted, full, options.boundary).map(Answer::new)
    }
}

/// Intervals for what a model predicts: `prediction_intervals`.
#[derive(Debug)]
pub enum PredictionIntervals {}

/// The options of `prediction_intervals`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PredictOptions {
    quantity: Quantity,
    #[serde(default = "level")]
    level: f64,
    #[serde(default = "draws")]
    draws: usize,
    #[serde(default)]
    seed: u64,
    #[serde(default = "process")]
    process: bool,
    #[serde(default = "parameters")]
    parameters: bool,
}

fn parameters() -> bool {
    PredictionOptions::default().parameters
}

fn process() -> bool {
    PredictionOptions::default().process
}

fn level() -> f64 {
    PredictionOptions::default().level
}

fn draws() -> usize {
    PredictionOptions::default().draws
}

impl Task for PredictionIntervals {
    const SPEC: &'static TaskSpec = &TaskSpec {
        id: "prediction_intervals",
        title: "Prediction intervals by customer and for the total",
        source: "Davison & Hinkley (1997), Bootstrap Methods and their Application, section 6.3.3",
        columns: &[],
        models: "a fitted model; the table has its columns",
        options: &[
            Setting {
                name: "quantity",
                default: "",
                meaning: "an object with the quantity and its arguments, as for a score",
            },
            Setting { name: "level", default: "0.9", meaning: "the probability of covering" },
            Setting { name: "draws", default: "200", meaning: "draws of the parameters" },
            Setting { name: "seed", default: "0", meaning: "seed of the draws" },
            Setting {
                name: "process",
                default: "true",
                meaning: "whether the intervals of what will happen are wanted, too",
            },
            Setting {
                name: "parameters",
                default: "true",
                meaning: "whether the parameters are drawn, or taken as known, which leaves chance alone",
            },
        ],
        answers: &[
            "estimate, mean, parameter_lower, parameter_upper: one per row",
            "process_lower, process_upper, lower, upper: of what will happen, one per row: for expected_purchases of the number of purchases, for discounted_expected_purchases of their discounted sum, for expected_spend of what the next purchase is worth",
        ],
    };
    type Options = PredictOptions;
    type Output = Predicted;

    fn run(
        table: &Table<'_>,
        models: Models<'_>,
        options: &PredictOptions,
        control: &Control<'_>,
    ) -> Result<Answer<Predicted>> {
        let [model] = models.exactly::<1>()?;
        if let Err(e) = options.quantity.check() {
            return Err(Error::new(e.kind(), e.to_string()).with_field("quantity"));
        }
        let PredictOptions { level, draws, seed, process, parameters, .. } = *options;
        let found = prediction_intervals(
            model,
            table,
            &options.quantity,
            &PredictionOptions { level, draws, seed, process, parameters },
            control,
        )?;
        let mut answer = Answer::new(found.total)
            .with("estimate", found.estimate)
            .with("mean", found.mean)
            .with("parameter_lower", found.parameter.lower)
            .with("parameter_upper", found.parameter.upper);
        if let Some(realised) = found.realised {
            answer = answer
                .with("process_lower", realised.process.lower)
                .with("process_upper", realised.process.upper)
                .with("lower", realised.both.lower)
                .with("upper", realised.both.upper);
        }
        Ok(answer)
    }
}
