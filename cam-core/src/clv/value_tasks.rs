//! Lifetime value by name: its variance, and that of a new customer.

use super::value::{ValueOptions, lifetime_value_variance, new_customer_value, new_customer_value_variance};
use crate::control::Control;
use crate::error::{ErrorKind, Result};
use crate::table::Table;
use crate::task::{Answer, Models, Setting, Task, TaskSpec};
use serde::Serialize;

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
