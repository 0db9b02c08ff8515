//! The samplers by name: what every language calls.

use super::chain::{self, Sampling};
use super::collapsed::Collapsed;
use super::ggg::Ggg;
use super::lognormal::LogNormal;
use super::names;
use super::posterior::{Account, Heterogeneity, Posterior};
use super::predict::{Question, predict};
use super::prior::GammaPrior;
use crate::clv::history::{HISTORY, TIMED_HISTORY};
use crate::control::Control;
use crate::error::{Error, Result};
use crate::table::Table;
use crate::task::{Answer, Models, Setting, Task, TaskSpec};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub(super) const SEED: Setting =
    Setting { name: "seed", default: "1", meaning: "the seed of all random numbers" };
const CHAINS: Setting = Setting { name: "chains", default: "4", meaning: "chains that begin apart" };
const BURN_IN: Setting = Setting {
    name: "burn_in",
    default: "500",
    meaning: "sweeps at the beginning of each chain that are thrown away",
};
const DRAWS: Setting = Setting { name: "draws", default: "1000", meaning: "draws kept of each chain" };
const THIN: Setting =
    Setting { name: "thin", default: "1", meaning: "sweeps from one draw that is kept to the next" };
const PRIORS: Setting = Setting {
    name: "priors",
    default: "{}",
    meaning: "shape and rate of the gamma prior of a parameter, by name: {\"r\": [0.001, 0.001]}, which is the default of each",
};

/// What a sampler gives.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sampled {
    /// The draws, as a document.
    pub posterior: Posterior,
    /// What they say of each parameter.
    pub summary: Vec<Account>,
}

impl Sampled {
    fn answer(posterior: Posterior) -> Result<Answer<Sampled>> {
        posterior.check()?;
        let summary = posterior.account();
        Ok(Answer::new(Sampled { posterior, summary }))
    }
}

/// The priors of these parameters: those given, and the default of the others.
fn priors<const N: usize>(given: &BTreeMap<String, GammaPrior>, names: [&str; N]) -> Result<[GammaPrior; N]> {
    for (name, prior) in given {
        if !names.contains(&name.as_str()) {
            return Err(Error::unknown("parameter with a gamma prior", name, names));
        }
        prior.check(name)?;
    }
    Ok(names.map(|name| given.get(name).copied().unwrap_or_default()))
}

/// The customers of the table, each as often as the weight says.
fn customers(table: &Table<'_>) -> f64 {
    table.get("weight").map_or(table.rows() as f64, |weight| weight.sum())
}

/// Draw from the posterior of Pareto/NBD: the task `pareto_nbd_hb`. See the [module](super).
#[derive(Debug, Clone, Copy)]
pub enum ParetoNbdHb {}

/// Options of [`ParetoNbdHb`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ParetoNbdHbOptions {
    /// How the rates of customers are spread.
    pub heterogeneity: Heterogeneity,
    /// Columns of the table that the rates depend on; for log-normal heterogeneity.
    pub covariates: Vec<String>,
    /// Priors that are not the default; for gamma heterogeneity.
    pub priors: BTreeMap<String, GammaPrior>,
    /// See [`Sampling`].
    pub seed: u64,
    /// See [`Sampling`].
    pub chains: usize,
    /// See [`Sampling`].
    pub burn_in: usize,
    /// See [`Sampling`].
    pub draws: usize,
    /// See [`Sampling`].
    pub thin: usize,
}

impl Default for ParetoNbdHbOptions {
    fn default() -> Self {
        let Sampling { seed, chains, burn_in, draws, thin } = Sampling::default();
        let (heterogeneity, covariates, priors) = (Heterogeneity::Gamma, Vec::new(), BTreeMap::new());
        ParetoNbdHbOptions { heterogeneity, covariates, priors, seed, chains, burn_in, draws, thin }
    }
}

impl Task for ParetoNbdHb {
    const SPEC: &'static TaskSpec = &TaskSpec {
        id: "pareto_nbd_hb",
        title: "Pareto/NBD by hierarchical Bayes",
        source: "Ma & Liu (2007), ICNC 2, 359-363; Abe (2009), Marketing Science 28(3), 541-553",
        columns: &HISTORY,
        models: "none",
        options: &[
            Setting {
                name: "heterogeneity",
                default: "\"gamma\"",
                meaning: "how the rates of customers are spread: gamma (independent) or log_normal (correlated, with covariates)",
            },
            Setting {
                name: "covariates",
                default: "[]",
                meaning: "columns of the table that the rates depend on; for log_normal",
            },
            PRIORS,
            SEED,
            CHAINS,
            BURN_IN,
            DRAWS,
            THIN,
        ],
        answers: &[],
    };
    type Options = ParetoNbdHbOptions;
    type Output = Sampled;

    fn run(
        table: &Table<'_>,
        models: Models<'_>,
        options: &ParetoNbdHbOptions,
        control: &Control<'_>,
    ) -> Result<Answer<Sampled>> {
        models.exactly::<0>()?;
        let &ParetoNbdHbOptions { seed, chains, burn_in, draws, thin, .. } = options;
        let sampling = Sampling { seed, chains, burn_in, draws, thin };
        let (kind, covariates) = (options.heterogeneity, &options.covariates);
        let drawn = match kind {
            Heterogeneity::Gamma => {
                if !covariates.is_empty() {
                    let rule = "empty, unless heterogeneity is log_normal";
                    return Err(Error::parameter("covariates", rule, covariates.join(", ")));
                }
                sampling.check(4)?;
                let priors = priors(&options.priors, names::GAMMA)?;
                sample(&Collapsed::new(table, priors, control)?, &sampling, control)?
            }
            Heterogeneity::LogNormal => {
                if let Some(name) = options.priors.keys().next() {
                    return Err(Error::parameter("priors", "empty, unless heterogeneity is gamma", name));
                }
                if let Some(twice) = covariates.iter().enumerate().find(|(i, c)| covariates[..*i].contains(c))
                {
                    return Err(Error::parameter("covariates", "named once each", twice.1));
                }
                sampling.check(5 + 2 * covariates.len())?;
                sample(&LogNormal::new(table, covariates)?, &sampling, control)?
            }
        };
        let known = (table.unit(), customers(table));
        Sampled::answer(Posterior::new(
            Self::SPEC.id,
            kind,
            covariates,
            known,
            (sampling, options.priors.clone()),
            drawn,
        ))
    }
}

/// The names of parameters, and for each chain its draws of all of them.
type Drawn = (Vec<String>, Vec<Vec<Vec<f64>>>);

fn sample<S: chain::Sampler>(sampler: &S, sampling: &Sampling, control: &Control<'_>) -> Result<Drawn> {
    Ok((sampler.parameters(), chain::run(sampler, sampling, control)?))
}

/// Draw from the posterior of Pareto/GGG: the task `pareto_ggg`. See the [module](super).
#[derive(Debug, Clone, Copy)]
pub enum ParetoGgg {}

/// Options of [`ParetoGgg`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ParetoGggOptions {
    /// Priors that are not the default.
    pub priors: BTreeMap<String, GammaPrior>,
    /// See [`Sampling`].
    pub seed: u64,
    /// See [`Sampling`].
    pub chains: usize,
    /// See [`Sampling`].
    pub burn_in: usize,
    /// See [`Sampling`].
    pub draws: usize,
    /// See [`Sampling`].
    pub thin: usize,
}

impl Default for ParetoGggOptions {
    fn default() -> Self {
        let Sampling { seed, chains, burn_in, draws, thin } = Sampling::default();
        ParetoGggOptions { priors: BTreeMap::new(), seed, chains, burn_in, draws, thin }
    }
}

impl Task for ParetoGgg {
    const SPEC: &'static TaskSpec = &TaskSpec {
        id: "pareto_ggg",
        title: "Pareto/GGG",
        source: "Platzer & Reutterer (2016), Marketing Science 35(5), 779-799",
        columns: &TIMED_HISTORY,
        models: "none",
        options: &[PRIORS, SEED, CHAINS, BURN_IN, DRAWS, THIN],
        answers: &[],
    };
    type Options = ParetoGggOptions;
    type Output = Sampled;

    fn run(
        table: &Table<'_>,
        models: Models<'_>,
        options: &ParetoGggOptions,
        control: &Control<'_>,
    ) -> Result<Answer<Sampled>> {
        models.exactly::<0>()?;
        let &ParetoGggOptions { seed, chains, burn_in, draws, thin, .. } = options;
        let sampling = Sampling { seed, chains, burn_in, draws, thin };
        sampling.check(6)?;
        let drawn = sample(&Ggg::new(table, priors(&options.priors, names::GGG)?)?, &sampling, control)?;
        let known = (table.unit(), customers(table));
        Sampled::answer(Posterior::new(
            Self::SPEC.id,
            Heterogeneity::Gamma,
            &[],
            known,
            (sampling, options.priors.clone()),
            drawn,
        ))
    }
}

/// What a posterior says of customers: the task `posterior_predict`.
#[derive(Debug, Clone, Copy)]
pub enum PosteriorPredict {}

/// Options of [`PosteriorPredict`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PosteriorPredictOptions {
    /// The document that a sampler gave.
    pub posterior: Posterior,
    /// How far ahead; none: nothing about the future.
    #[serde(default)]
    pub horizon: Option<f64>,
    /// Discounted purchases, until the horizon or, without one, for ever, at this continuous rate; none: not asked.
    #[serde(default)]
    pub continuous_discount_rate: Option<f64>,
    /// The same at this rate per unit of time: what comes within the k-th counts (1 + rate)^(−k).
    #[serde(default)]
    pub discount_rate: Option<f64>,
    /// The probability between `purchases_lower` and `purchases_upper`.
    #[serde(default = "ninety")]
    pub level: f64,
    /// The most draws of the population that are used.
    #[serde(default = "thousand")]
    pub draws: usize,
    /// The seed.
    #[serde(default = "one")]
    pub seed: u64,
}

fn ninety() -> f64 {
    0.9
}

pub(super) fn thousand() -> usize {
    1000
}

pub(super) fn one() -> u64 {
    1
}

/// How [`PosteriorPredict`] came to its columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Predicted {
    /// Draws of the population that were used.
    pub draws: usize,
}

pub(super) const USED: Setting =
    Setting { name: "draws", default: "1000", meaning: "the most draws of the population that are used" };
pub(super) const POSTERIOR: Setting =
    Setting { name: "posterior", default: "", meaning: "the document that a sampler gave as `posterior`" };

impl Task for PosteriorPredict {
    const SPEC: &'static TaskSpec = &TaskSpec {
        id: "posterior_predict",
        title: "What a posterior says of customers",
        source: "posterior predictive means and quantiles",
        columns: &HISTORY,
        models: "none",
        options: &[
            POSTERIOR,
            Setting {
                name: "horizon",
                default: "null",
                meaning: "how far ahead, in the unit of time; null: nothing about the future",
            },
            Setting {
                name: "continuous_discount_rate",
                default: "null",
                meaning: "discounted purchases until the horizon, or for ever where there is none, at this continuous rate per unit of time; null: not asked",
            },
            Setting {
                name: "discount_rate",
                default: "null",
                meaning: "the same, where a purchase within the k-th unit of time counts (1 + rate)^-k; null: not asked",
            },
            Setting {
                name: "level",
                default: "0.9",
                meaning: "the probability between purchases_lower and purchases_upper",
            },
            USED,
            SEED,
        ],
        answers: &[
            "purchase_rate, leaving_rate: posterior means, one per row",
            "regularity: the posterior mean of k, one per row; pareto_ggg",
            "probability_alive: one per row",
            "probability_active: of a purchase within the horizon, one per row",
            "expected_purchases, purchases_lower, purchases_upper: within the horizon, one per row",
            "discounted_expected_purchases: one per row",
        ],
    };
    type Options = PosteriorPredictOptions;
    type Output = Predicted;

    fn run(
        table: &Table<'_>,
        models: Models<'_>,
        options: &PosteriorPredictOptions,
        control: &Control<'_>,
    ) -> Result<Answer<Predicted>> {
        models.exactly::<0>()?;
        let PosteriorPredictOptions { posterior, horizon, level, draws, seed, .. } = options;
        posterior.check()?;
        let question = Question {
            horizon: *horizon,
            continuous_discount_rate: options.continuous_discount_rate,
            discount_rate: options.discount_rate,
            level: *level,
            draws: *draws,
            seed: *seed,
        };
        let columns = predict(posterior, table, &question, control)?;
        let answer = Answer::new(Predicted { draws: question.draws.min(posterior.len()) });
        Ok(columns.into_iter().fold(answer, |answer, (name, values)| answer.with(name, values)))
    }
}

/// Means, quantiles, R̂ and effective sample sizes of a posterior: the task `posterior_summary`.
#[derive(Debug, Clone, Copy)]
pub enum PosteriorSummary {}

/// Options of [`PosteriorSummary`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PosteriorSummaryOptions {
    /// The document that a sampler gave.
    pub posterior: Posterior,
}

impl Task for PosteriorSummary {
    const SPEC: &'static TaskSpec = &TaskSpec {
        id: "posterior_summary",
        title: "What a posterior says of its parameters",
        source: "Vehtari, Gelman, Simpson, Carpenter & Buerkner (2021), Bayesian Analysis 16(2), 667-718",
        columns: &[],
        models: "none",
        options: &[POSTERIOR],
        answers: &[],
    };
    type Options = PosteriorSummaryOptions;
    type Output = Vec<Account>;

    fn run(
        _: &Table<'_>,
        models: Models<'_>,
        options: &PosteriorSummaryOptions,
        _: &Control<'_>,
    ) -> Result<Answer<Vec<Account>>> {
        models.exactly::<0>()?;
        options.posterior.check()?;
        Ok(Answer::new(options.posterior.account()))
    }
}
