//! The draws of a population's parameters, their document, and their account.
//!
//! The draws of the population are all that is kept of a fit: given them, customers are independent, and those of any table, whether they were
//! fitted or not, can be drawn again. So a posterior is small, whatever the number of customers.

use super::chain::Sampling;
use super::prior::GammaPrior;
use crate::error::{Error, ErrorKind, Result};
use crate::math::diagnostics::{diagnose, quantile};
use crate::unit::Unit;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub(super) const FORMAT: &str = "cam.posterior";
const SCHEMA: u64 = 1;

/// How the parameters of customers are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Heterogeneity {
    /// Independent gamma distributions.
    Gamma,
    /// A bivariate normal distribution of the logarithms, whose mean may depend on covariates.
    #[serde(alias = "lognormal")]
    LogNormal,
}

/// Draws from the posterior of a population, as a document of every language.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Posterior {
    format: String,
    schema: u64,
    /// The task that drew it: `pareto_nbd_hb` or `pareto_ggg`.
    pub model: String,
    /// How the parameters of customers are spread.
    pub heterogeneity: Heterogeneity,
    /// The columns that the mean depends on.
    pub covariates: Vec<String>,
    /// The unit of time.
    #[serde(deserialize_with = "Option::deserialize")]
    pub unit: Option<Unit>,
    /// The customers that were learnt from, each as often as the weight says.
    pub customers: f64,
    /// Seed, chains, burn-in, draws, thinning.
    pub sampling: Sampling,
    /// The priors that were given, by parameter; those of others are the default.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub priors: BTreeMap<String, GammaPrior>,
    /// The names of the parameters.
    pub parameters: Vec<String>,
    /// The draws: parameter by parameter, chain by chain.
    pub draws: Vec<Vec<Vec<f64>>>,
}

/// What the draws say of one parameter.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Account {
    /// Its name.
    pub parameter: String,
    /// Posterior mean.
    pub mean: f64,
    /// Posterior standard deviation.
    pub sd: f64,
    /// The 5 % quantile.
    pub q05: f64,
    /// The median.
    pub median: f64,
    /// The 95 % quantile.
    pub q95: f64,
    /// See [`Diagnostics`](crate::math::diagnostics::Diagnostics).
    pub r_hat: f64,
    /// The same.
    pub ess_bulk: f64,
    /// The same.
    pub ess_tail: f64,
}

impl Posterior {
    pub(super) fn new(
        model: &str,
        heterogeneity: Heterogeneity,
        covariates: &[String],
        (unit, customers): (Option<Unit>, f64),
        (sampling, priors): (Sampling, BTreeMap<String, GammaPrior>),
        (parameters, draws): (Vec<String>, Vec<Vec<Vec<f64>>>),
    ) -> Posterior {
        let covariates = covariates.to_vec();
        let model = model.to_owned();
        let (format, schema) = (FORMAT.to_owned(), SCHEMA);
        Posterior {
            format,
            schema,
            model,
            heterogeneity,
            covariates,
            unit,
            customers,
            sampling,
            priors,
            parameters,
            draws,
        }
    }

    /// Whether this can be a posterior of ours.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidDocument`] with what is wrong.
    pub(super) fn check(&self) -> Result<()> {
        let invalid =
            |message: String| Err(Error::new(ErrorKind::InvalidDocument, message).with_field("posterior"));
        if self.format != FORMAT {
            return invalid(format!("format must be {FORMAT:?}, got {:?}", self.format));
        }
        if self.schema != SCHEMA {
            return invalid(format!(
                "schema {} is not known; this library reads up to {SCHEMA}",
                self.schema
            ));
        }
        let names = match (self.model.as_str(), self.heterogeneity) {
            ("pareto_nbd_hb", Heterogeneity::Gamma) if self.covariates.is_empty() => {
                super::names::GAMMA.map(String::from).to_vec()
            }
            ("pareto_nbd_hb", Heterogeneity::LogNormal) => super::names::log_normal(&self.covariates),
            ("pareto_ggg", Heterogeneity::Gamma) if self.covariates.is_empty() => {
                super::names::GGG.map(String::from).to_vec()
            }
            (model, kind) => {
                return invalid(format!(
                    "no posterior of {model} with {kind:?} heterogeneity and these covariates"
                ));
            }
        };
        if self.parameters != names {
            return invalid(format!("parameters must be {names:?}, got {:?}", self.parameters));
        }
        if !(self.customers >= 0.0 && self.customers.is_finite()) {
            return invalid(format!("customers must be a number, at least 0, got {}", self.customers));
        }
        let (chains, draws) = (self.sampling.chains, self.sampling.draws);
        let fits = |parameter: &Vec<Vec<f64>>| {
            parameter.len() == chains && parameter.iter().all(|chain| chain.len() == draws)
        };
        if self.draws.len() != names.len() || chains == 0 || draws == 0 || !self.draws.iter().all(fits) {
            return invalid(format!(
                "draws must be {} parameters x {chains} chains x {draws} draws",
                names.len()
            ));
        }
        if !self.draws.iter().flatten().flatten().all(|value| value.is_finite()) {
            return invalid("draws must be finite".into());
        }
        Ok(())
    }

    /// How many draws there are, all chains together.
    pub(super) fn len(&self) -> usize {
        self.sampling.chains * self.sampling.draws
    }

    /// Draw number `i`, counted through the chains, into `parameters`.
    pub(super) fn draw(&self, i: usize, parameters: &mut [f64]) {
        let (chain, draw) = (i / self.sampling.draws, i % self.sampling.draws);
        parameters.iter_mut().zip(&self.draws).for_each(|(value, of)| *value = of[chain][draw]);
    }

    /// Means, quantiles and diagnostics of every parameter.
    pub fn account(&self) -> Vec<Account> {
        let one = |(name, chains): (&String, &Vec<Vec<f64>>)| {
            let mut all: Vec<f64> = chains.iter().flatten().copied().collect();
            let n = all.len() as f64;
            let mean = all.iter().sum::<f64>() / n;
            let sd = (all.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0)).sqrt();
            let found = diagnose(chains);
            Account {
                parameter: name.clone(),
                mean,
                sd,
                q05: quantile(&mut all, 0.05),
                median: quantile(&mut all, 0.5),
                q95: quantile(&mut all, 0.95),
                r_hat: found.r_hat,
                ess_bulk: found.ess_bulk,
                ess_tail: found.ess_tail,
            }
        };
        self.parameters.iter().zip(&self.draws).map(one).collect()
    }
}
