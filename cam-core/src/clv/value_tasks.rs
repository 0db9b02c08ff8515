//! Lifetime value by name: its variance, that of a new customer, and its distribution.

use super::value::{ValueOptions, lifetime_value_variance, new_customer_value, new_customer_value_variance};
use super::value_draws::{DrawOptions, simulate_lifetime_value};
use crate::control::Control;
use crate::error::{ErrorKind, Result};
use crate::table::Table;
use crate::task::{Answer, Models, Setting, Task, TaskSpec};
use serde::{Deserialize, Serialize};

const MODELS: &str = "a model of purchases, then one of spend";

/// What [`ValueOptions`] reads.
const VALUE_SETTINGS: &[Setting] = &[
    Setting {
        name: "horizon",
        default: "null",
        meaning: "how far to look ahead, in the unit of the models; null is for ever",
    },
    Setting {
        name: "discount_rate",
        default: "null",
        meaning: "discount rate per unit of time; this or the continuous one",
    },
    Setting {
        name: "continuous_discount_rate",
        default: "null",
        meaning: "continuous discount rate per unit of time",
    },
    Setting {
        name: "margin",
        default: "1.0",
        meaning: "share of the spend that is profit: a number, or one for each period",
    },
    Setting { name: "margin_period", default: "1.0", meaning: "length of the periods of the margin" },
    Setting {
        name: "cost_per_purchase",
        default: "0.0",
        meaning: "what each purchase costs besides, in money",
    },
    Setting {
        name: "cost_per_period",
        default: "0.0",
        meaning: "what a customer who is alive costs at the end of each unit of time",
    },
];

/// The task `lifetime_value_variance`.
pub enum LifetimeValueVariance {}

/// Sums over all customers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TotalVariance {
    /// The variance of the value of all together: customers are independent.
    pub total_variance: f64,
}

impl Task for LifetimeValueVariance {
    const SPEC: &'static TaskSpec = &TaskSpec {
        id: "lifetime_value_variance",
        title: "Variance of lifetime value",
        source: "McCarthy, Fader & Hardie (2016), V(CLV): Examining variance in models of customer lifetime value",
        columns: &[],
        models: MODELS,
        options: VALUE_SETTINGS,
        answers: &["variance: of the value of each customer"],
    };
    type Options = ValueOptions;
    type Output = TotalVariance;

    fn run(
        table: &Table<'_>,
        models: Models<'_>,
        options: &ValueOptions,
        control: &Control<'_>,
    ) -> Result<Answer<TotalVariance>> {
        let [purchases, spend] = models.exactly()?;
        let variance = lifetime_value_variance(&purchases.model, &spend.model, table, options, control)?;
        Ok(Answer::new(TotalVariance { total_variance: variance.iter().sum() }).with("variance", variance))
    }
}

/// The task `new_customer_value`.
pub enum NewCustomerValue {}

/// What a new customer is worth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct NewValue {
    /// The expected value.
    pub value: f64,
    /// Its variance; none where it has no closed form.
    pub variance: Option<f64>,
}

impl Task for NewCustomerValue {
    const SPEC: &'static TaskSpec = &TaskSpec {
        id: "new_customer_value",
        title: "Value of a customer who has just been acquired",
        source: "Fader, Hardie & Lee (2005), Journal of Marketing Research 42(4), 415-430",
        columns: &[],
        models: MODELS,
        options: VALUE_SETTINGS,
        answers: &[],
    };
    type Options = ValueOptions;
    type Output = NewValue;

    fn run(
        _: &Table<'_>,
        models: Models<'_>,
        options: &ValueOptions,
        _: &Control<'_>,
    ) -> Result<Answer<NewValue>> {
        let [purchases, spend] = models.exactly()?;
        let value = new_customer_value(&purchases.model, &spend.model, options)?;
        let variance = match new_customer_value_variance(&purchases.model, &spend.model, options) {
            Ok(variance) => Some(variance),
            // Infinite, or not known in closed form.
            Err(e) if matches!(e.kind(), ErrorKind::Unsupported | ErrorKind::Numerical) => None,
            Err(e) => return Err(e),
        };
        Ok(Answer::new(NewValue { value, variance }))
    }
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
        models: MODELS,
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
        let drawn =
            simulate_lifetime_value(&purchases.model, &spend.model, table, &options.value, &draws, control)?;
        let told = Drawn { probabilities: draws.probabilities, draws: draws.draws };
        let mut answer = Answer::new(told).with("mean", drawn.mean).with("deviation", drawn.deviation);
        for (i, quantile) in drawn.quantiles.into_iter().enumerate() {
            answer = answer.with(format!("quantile_{i}"), quantile);
        }
        Ok(answer.with("totals", drawn.totals))
    }
}
