//! The likelihood-ratio test: whether a model needs what another, nested in it, has not.
//!
//! If the restricted model holds, Λ = 2 (ℓ_full − ℓ_restricted) is for many customers χ² distributed, with as many degrees of freedom d as the full model has free parameters
//! more (Wilks 1938, Annals of Mathematical Statistics 9, 60–62).
//!
//! That needs the restricted model to lie *inside* the full one. Where it lies on the boundary, such as a variance that is 0, or a rate of leaving that is 0, the full model
//! gains nothing in half of all samples: with one parameter at its boundary Λ is half χ² with d − 1 and half χ² with d degrees of
//! freedom (Self & Liang 1987, Journal of the American Statistical Association 82, 605–610, case 5; Chernoff 1954). Taking χ² with d there would be too timid.
//!
//! NBD within Pareto/NBD or BG/NBD is such a case, and a worse one: where nobody leaves, the other parameter of leaving has no meaning, and no simple law holds. The
//! mixture is then an approximation; the information criteria, or a holdout, say more.

use super::document::Fitted;
use super::report::{FitReport, Status};
use crate::error::{Error, ErrorKind, Result, brief};
use crate::math::incomplete_gamma::gamma_q;
use crate::model::{Covariates, Model};
use serde::Serialize;

/// What the test found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LikelihoodRatio {
    /// Twice the difference of the log-likelihoods.
    pub statistic: f64,
    /// How many free parameters the full model has more.
    pub degrees_of_freedom: usize,
    /// Whether the restricted model lies on the boundary of the full one in one parameter.
    pub boundary: bool,
    /// The probability of a statistic as large, if the restricted model holds.
    pub p_value: f64,
}

/// Test a restricted model against a full one that holds it as a special case. Whether it does is for the caller to know; `boundary` says that one parameter of the full
/// model is then at the end of its domain.
///
/// # Errors
/// A model that was not fitted by maximum likelihood, or with penalties, or has not converged (the full one may have ended at a boundary), models fitted to different data, and models with as many free parameters as each other:
/// for those there is no such test, only information criteria.
pub fn likelihood_ratio_test<A: Model, B: Model>(
    restricted: &Fitted<A>,
    full: &Fitted<B>,
    boundary: bool,
) -> Result<LikelihoodRatio> {
    let (small, large) = (restricted.report()?, full.report()?);
    let (title, full_title) = (restricted.model.spec().title, full.model.spec().title);
    let unsupported = |message: String| Err(Error::new(ErrorKind::Unsupported, message));
    // Where the full model ends at the restricted one, as in half of all samples if that lies on its boundary, it has no maximum inside, but the likelihood it has is the highest.
    let ended = |report: &FitReport, full: bool| match report.status {
        Status::Converged => true,
        Status::Boundary { .. } => full,
        _ => false,
    };
    let penalised = |covariates: Option<&Covariates>| {
        covariates.is_some_and(|covariates| covariates.penalty.values().any(|penalty| *penalty > 0.0))
    };
    for (report, title, ended, penalised) in [
        (small, title, ended(small, false), penalised(restricted.model.covariates())),
        (large, full_title, ended(large, true), penalised(full.model.covariates())),
    ] {
        if !ended || penalised || report.log_prior.is_some() {
            return unsupported(format!(
                "a likelihood-ratio test needs two maxima of the likelihood, and the fit of {title} is none"
            ));
        }
    }
    if small.customers != large.customers {
        return Err(Error::new(
            ErrorKind::InvalidData,
            format!(
                "the models were fitted to different data: {} customers and {}",
                brief(small.customers),
                brief(large.customers)
            ),
        ));
    }
    full.check_unit(restricted.unit)?;
    let (few, many) = (restricted.estimated(), full.estimated());
    if few >= many {
        return unsupported(format!(
            "the full model must have more free parameters: {title} has {few}, {full_title} has {many}; \
             models that are not nested are compared by aic or bic"
        ));
    }
    let statistic = 2.0 * (large.log_likelihood - small.log_likelihood);
    // Both are known to the tolerance of a fit only.
    if statistic < -1e-6 * (1.0 + small.log_likelihood.abs()) {
        return unsupported(format!(
            "{title} has a higher likelihood than {full_title}, by {}: it is not nested in it",
            brief(-0.5 * statistic)
        ));
    }
    let statistic = statistic.max(0.0);
    let degrees_of_freedom = many - few;
    let p_value = match boundary {
        false => chi_squared_tail(statistic, degrees_of_freedom),
        true => {
            0.5 * chi_squared_tail(statistic, degrees_of_freedom - 1)
                + 0.5 * chi_squared_tail(statistic, degrees_of_freedom)
        }
    };
    Ok(LikelihoodRatio { statistic, degrees_of_freedom, boundary, p_value })
}

/// P(χ² ≥ x). Without a degree of freedom all is at 0.
fn chi_squared_tail(x: f64, degrees_of_freedom: usize) -> f64 {
    match degrees_of_freedom {
        0 if x > 0.0 => 0.0,
        0 => 1.0,
        d => gamma_q(0.5 * d as f64, 0.5 * x),
    }
}
