//! What a fit found out besides the parameters.

use super::mle::Method;
use super::posterior::PosteriorDraws;
use super::prior::Priors;
use crate::error::{Error, ErrorKind, Result, brief};
use crate::model::Check;
use ndarray::Array2;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// How a fit ended. Only [`Status::Converged`] is a maximum that can be trusted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Status {
    /// The gradient of the mean log-likelihood vanishes, its Hessian is negative definite, and another step of Newton's would be tiny: a
    /// maximum, be it flat (then the standard errors are large). Or draws from a posterior whose chains are [mixed](PosteriorDraws::mixed).
    Converged,
    /// The likelihood keeps rising, or stays flat, as these parameters run towards 0 or infinity: the data contradict the model or
    /// hold too little to identify it.
    Boundary {
        /// The parameters, each with where it runs: `s -> 0`.
        parameters: Vec<String>,
    },
    /// The gradient did not vanish within the iterations allowed; or the chains of a posterior do not agree, or say too little.
    NotConverged,
    /// A stationary point that is no maximum.
    NotMaximum,
}

/// An interval for one parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Interval {
    /// The parameter.
    pub parameter: Cow<'static, str>,
    /// Lower end.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
}

/// Log-likelihood, curvature and diagnostics of a fit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FitReport {
    /// The log-likelihood: the sum over customers.
    pub log_likelihood: f64,
    /// The customers who entered, each as often as its weight says.
    pub customers: f64,
    /// The distinct rows among them.
    pub distinct_rows: usize,
    /// Evaluations of the likelihood over all rows.
    pub evaluations: usize,
    /// Largest first derivative of the mean log-likelihood with respect to a log-parameter, at the last evaluation. The estimates may be one
    /// step of Newton's further, where the step before showed that another evaluation would only confirm it.
    pub gradient_norm: f64,
    /// How the fit ended.
    pub status: Status,
    /// The inverse of the negative Hessian of the log-likelihood with respect to the parameters, row by row;
    /// none where it is not positive definite.
    pub covariance: Option<Vec<Vec<f64>>>,
    /// What the data say to the assumptions of the model; empty where nothing is checked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
    /// How the parameters were estimated.
    #[serde(default, skip_serializing_if = "Method::is_plain")]
    pub method: Method,
    /// The priors, where there were any.
    #[serde(default, skip_serializing_if = "Priors::is_empty")]
    pub priors: Priors,
    /// ln of the prior density of the parameters, where there were priors. The log-likelihood is without it; gradient and covariance are those of the sum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_prior: Option<f64>,
    /// Draws from the posterior distribution, where it was sampled. The parameters of the model are then their means, and the covariance is theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub posterior: Option<PosteriorDraws>,
}

impl FitReport {
    /// Whether this can be a report on so many estimated parameters; `Err` says in words what cannot be.
    pub(crate) fn check(&self, estimated: usize) -> Result<(), String> {
        if !(self.customers > 0.0 && self.customers.is_finite()) {
            return Err(format!("customers must be positive and finite, got {}", brief(self.customers)));
        }
        if !self.log_likelihood.is_finite() || !(self.gradient_norm >= 0.0) {
            return Err(format!(
                "log_likelihood must be finite and gradient_norm at least 0, got {} and {}",
                brief(self.log_likelihood),
                brief(self.gradient_norm)
            ));
        }
        if let Some(posterior) = &self.posterior {
            posterior.check()?;
        }
        match &self.covariance {
            None if self.converged() => Err("a fit that converged must have a covariance".into()),
            None => Ok(()),
            Some(rows) if rows.len() != estimated || rows.iter().any(|row| row.len() != estimated) => {
                Err(format!("covariance must be {estimated} x {estimated}, for each estimated parameter"))
            }
            Some(rows) => match (0..estimated).find(|&i| !(rows[i][i] > 0.0 && rows[i][i].is_finite())) {
                Some(i) => {
                    Err(format!("variance {i} must be positive and finite, got {}", brief(rows[i][i])))
                }
                None => Ok(()),
            },
        }
    }

    /// Whether the fit ended at a maximum.
    pub fn converged(&self) -> bool {
        self.status == Status::Converged
    }

    /// The covariance matrix of the estimates.
    ///
    /// # Errors
    /// [`ErrorKind::Numerical`] where the fit did not end at a maximum, saying where it ended.
    pub fn covariance(&self) -> Result<Array2<f64>> {
        let rows = self.covariance.as_ref().ok_or_else(|| {
            let ended = match &self.status {
                Status::Converged => "at a maximum whose Hessian has no inverse".to_owned(),
                Status::Boundary { parameters } => format!("at a boundary ({})", parameters.join(", ")),
                Status::NotConverged => "before it converged".to_owned(),
                Status::NotMaximum => "where the log-likelihood is flat".to_owned(),
            };
            Error::new(
                ErrorKind::Numerical,
                format!("there is no covariance: the fit ended {ended}, and only a maximum has one"),
            )
        })?;
        let n = rows.len();
        Ok(Array2::from_shape_fn((n, n), |(i, j)| rows[i][j]))
    }

    /// Standard errors: the square roots of the diagonal of the covariance.
    ///
    /// # Errors
    /// As for [`covariance`](Self::covariance).
    pub fn standard_errors(&self) -> Result<Vec<f64>> {
        Ok(self.covariance()?.diag().iter().map(|v| v.sqrt()).collect())
    }

    /// The log-likelihood, and ln of the prior density where there is one: what the fit made largest.
    pub fn log_posterior(&self) -> f64 {
        self.log_likelihood + self.log_prior.unwrap_or(0.0)
    }

    /// Akaike's information criterion for `parameters` free parameters: 2k − 2 ln L.
    pub fn aic(&self, parameters: usize) -> f64 {
        2.0 * parameters as f64 - 2.0 * self.log_likelihood
    }

    /// Bayesian information criterion: k ln n − 2 ln L, n the customers.
    pub fn bic(&self, parameters: usize) -> f64 {
        parameters as f64 * self.customers.ln() - 2.0 * self.log_likelihood
    }
}
