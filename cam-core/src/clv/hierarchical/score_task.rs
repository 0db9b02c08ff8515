//! Quantities by name, of customers and of new ones: what every language calls.

use super::individual::{individual_draws, simulate};
use super::posterior::Posterior;
use super::score::{Effort, new_customers, score};
use super::task::{POSTERIOR, Predicted, SEED, USED, one, thousand};
use crate::clv::history::{AGE, HISTORY};
use crate::control::Control;
use crate::error::Result;
use crate::model::Quantity;
use crate::table::Table;
use crate::task::{Answer, Models, Setting, Task, TaskSpec};
use serde::{Deserialize, Serialize};

const QUANTITY: Setting = Setting {
    name: "quantity",
    default: "",
    meaning: "what is asked, as of any model of purchases: {\"quantity\": \"expected_purchases\", \"horizon\": 52}",
};

/// A quantity of every customer, as a posterior gives it: the task `posterior_score`.
///
/// Means over the draws; of a variance, what chance will do and what is not known of customer and population; and the log-likelihood is that of a customer of whom only the draws
/// of the population are known.
#[derive(Debug, Clone, Copy)]
pub enum PosteriorScore {}

/// Options of [`PosteriorScore`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PosteriorScoreOptions {
    /// The document that a sampler gave.
    pub posterior: Posterior,
    /// What is asked.
    pub quantity: Quantity,
    /// The most draws of the population that are used.
    #[serde(default = "thousand")]
    pub draws: usize,
    /// The seed.
    #[serde(default = "one")]
    pub seed: u64,
}

impl Task for PosteriorScore {
    const SPEC: &'static TaskSpec = &TaskSpec {
        id: "posterior_score",
        title: "A quantity of every customer, as a posterior gives it",
        source: "posterior predictive means; renewal processes: Cox (1962), Renewal Theory",
        columns: &HISTORY,
        models: "none",
        options: &[POSTERIOR, QUANTITY, USED, SEED],
        answers: &["score: one per row"],
    };
    type Options = PosteriorScoreOptions;
    type Output = Predicted;

    fn run(
        table: &Table<'_>,
        models: Models<'_>,
        options: &PosteriorScoreOptions,
        control: &Control<'_>,
    ) -> Result<Answer<Predicted>> {
        models.exactly::<0>()?;
        let PosteriorScoreOptions { posterior, quantity, draws, seed } = options;
        posterior.check()?;
        let scores = score(posterior, table, quantity, Effort { draws: *draws, seed: *seed }, control)?;
        Ok(Answer::new(Predicted { draws: (*draws).min(posterior.len()) }).with("score", scores))
    }
}

/// A quantity of customers who have just been acquired, as a posterior gives it: the task `posterior_new_customer`.
///
/// The table holds the covariates of the posterior, where it has some: one row for each new customer that is asked about.
#[derive(Debug, Clone, Copy)]
pub enum PosteriorNewCustomer {}

/// Options of [`PosteriorNewCustomer`]: those of [`PosteriorScore`].
pub type PosteriorNewCustomerOptions = PosteriorScoreOptions;

/// What [`PosteriorNewCustomer`] found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct NewCustomer {
    /// The quantity, of the first row where there are covariates.
    pub value: f64,
    /// Draws of the population that were used.
    pub draws: usize,
}

impl Task for PosteriorNewCustomer {
    const SPEC: &'static TaskSpec = &TaskSpec {
        id: "posterior_new_customer",
        title: "A quantity of a new customer, as a posterior gives it",
        source: "posterior predictive means",
        columns: &[],
        models: "none",
        options: &[POSTERIOR, QUANTITY, USED, SEED],
        answers: &["score: one; with covariates, one per row"],
    };
    type Options = PosteriorScoreOptions;
    type Output = NewCustomer;

    fn run(
        table: &Table<'_>,
        models: Models<'_>,
        options: &PosteriorScoreOptions,
        control: &Control<'_>,
    ) -> Result<Answer<NewCustomer>> {
        models.exactly::<0>()?;
        let PosteriorScoreOptions { posterior, quantity, draws, seed } = options;
        posterior.check()?;
        let effort = Effort { draws: *draws, seed: *seed };
        let scores = new_customers(posterior, table, quantity, effort, control)?;
        let value = scores.first().copied().unwrap_or(f64::NAN);
        Ok(Answer::new(NewCustomer { value, draws: (*draws).min(posterior.len()) }).with("score", scores))
    }
}

/// Draws of customers' own parameters: the task `posterior_customer_draws`.
#[derive(Debug, Clone, Copy)]
pub enum PosteriorCustomerDraws {}

/// Options of [`PosteriorCustomerDraws`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PosteriorCustomerDrawsOptions {
    /// The document that a sampler gave.
    pub posterior: Posterior,
    /// Draws of each customer.
    #[serde(default = "hundred")]
    pub draws: usize,
    /// The seed.
    #[serde(default = "one")]
    pub seed: u64,
}

fn hundred() -> usize {
    100
}

impl Task for PosteriorCustomerDraws {
    const SPEC: &'static TaskSpec = &TaskSpec {
        id: "posterior_customer_draws",
        title: "Draws of customers' own parameters",
        source: "Ma & Liu (2007), ICNC 2, 359-363; Abe (2009), Marketing Science 28(3), 541-553; Platzer & Reutterer (2016), Marketing Science 35(5), 779-799",
        columns: &HISTORY,
        models: "none",
        options: &[
            POSTERIOR,
            Setting {
                name: "draws",
                default: "100",
                meaning: "draws of each customer, at most as many as there are of the population; 8 bytes each for each column",
            },
            SEED,
        ],
        answers: &[
            "purchase_rate, leaving_rate, lifetime (from the first purchase): so many draws per row, one row after the other",
            "regularity: the same; pareto_ggg",
        ],
    };
    type Options = PosteriorCustomerDrawsOptions;
    type Output = Predicted;

    fn run(
        table: &Table<'_>,
        models: Models<'_>,
        options: &PosteriorCustomerDrawsOptions,
        control: &Control<'_>,
    ) -> Result<Answer<Predicted>> {
        models.exactly::<0>()?;
        let PosteriorCustomerDrawsOptions { posterior, draws, seed } = options;
        posterior.check()?;
        let columns = individual_draws(posterior, table, Effort { draws: *draws, seed: *seed }, control)?;
        let answer = Answer::new(Predicted { draws: (*draws).min(posterior.len()) });
        Ok(columns.into_iter().fold(answer, |answer, (name, values)| answer.with(name, values)))
    }
}

/// New customers as a posterior would have them: the task `posterior_simulate`.
#[derive(Debug, Clone, Copy)]
pub enum PosteriorSimulate {}

/// Options of [`PosteriorSimulate`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PosteriorSimulateOptions {
    /// The document that a sampler gave.
    pub posterior: Posterior,
    /// The seed.
    #[serde(default = "one")]
    pub seed: u64,
}

/// How [`PosteriorSimulate`] came to its columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Simulated {
    /// How many customers there are.
    pub customers: usize,
}

impl Task for PosteriorSimulate {
    const SPEC: &'static TaskSpec = &TaskSpec {
        id: "posterior_simulate",
        title: "New customers as a posterior would have them",
        source: "posterior predictive simulation",
        columns: &[AGE],
        models: "none",
        options: &[POSTERIOR, SEED],
        answers: &["frequency, recency, T: one per row", "log_intervals: the same; pareto_ggg"],
    };
    type Options = PosteriorSimulateOptions;
    type Output = Simulated;

    fn run(
        table: &Table<'_>,
        models: Models<'_>,
        options: &PosteriorSimulateOptions,
        control: &Control<'_>,
    ) -> Result<Answer<Simulated>> {
        models.exactly::<0>()?;
        options.posterior.check()?;
        let columns = simulate(&options.posterior, table, options.seed, control)?;
        let answer = Answer::new(Simulated { customers: table.rows() });
        Ok(columns.into_iter().fold(answer, |answer, (name, values)| answer.with(name, values)))
    }
}
