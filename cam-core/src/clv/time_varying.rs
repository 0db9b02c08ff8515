//! Pareto/NBD with covariates that change over time, on both processes.
//!
//! Story. A customer buys at rate λ exp(γ'z_P(t)) and leaves at rate μ exp(γ'z_L(t)), where the covariates z are constant between the times at which they change. Across
//! customers λ ~ Gamma(shape r, rate α) and μ ~ Gamma(shape s, rate β), independent.
//!
//! Source: Bachmann, Meierer & Näf (2021), "The role of time-varying contextual factors in latent attrition models for customer base analysis", Marketing Science
//! 40(4), 783–809.
//!
//! On the clocks A(t) = ∫₀ᵗ exp(γ'z_P) and B(t) = ∫₀ᵗ exp(γ'z_L) a customer is one of the plain model, so that with m = r + x
//!
//! L = Γ(r+x)/Γ(r) · α^r β^s · Π exp(γ'z_P(tⱼ)) / ((α+A(T))^m (β+B(T))^s) · (1 + R),
//! R = s ∫ₜₓᵀ ((α+A(T))/(α+A(u)))^m ((β+B(T))/(β+B(u)))^s dB(u)/(β+B(u)),
//!
//! the product over the x repeat purchases. Between two changes both clocks run evenly, and the integral there is that of the plain model (`left.rs`); the paper has a
//! sum of hypergeometric functions in its place, each a difference of two that are nearly equal. Covariates that never change are thus one piece, and the
//! static model; see [`Covariates`].
//!
//! The parameters are those of a [`WithCovariates<ParetoNbd>`], and so is the document: what moves is the data, not the model.

mod counts;
mod future;
mod left;
mod likelihood;
mod simulate;
mod sums;
mod tasks;
mod walking;
mod walks;

pub use future::score_time_varying;
pub use likelihood::TimeVaryingLikelihood;
pub(crate) use simulate::redrawn;
pub use simulate::simulate_time_varying;
pub use tasks::{
    FitTimeVarying, FittedTimeVarying, ScoreTimeVarying, ScoreTimeVaryingOptions, ScoredTimeVarying,
    SimulateTimeVarying, SimulateTimeVaryingOptions, SimulatedTimeVarying,
};
pub(crate) use walking::{Customers, by_customer, moving};
pub use walks::Walks;

use super::pareto_nbd::ParetoNbd;
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};
use crate::fit::{
    Centre, FitOptions, Fitted, Found, Likelihood, Method, estimate, maximise, maximum_likelihood,
    towards_mode,
};
use crate::model::{Covariates, Family, WithCovariates};
use crate::table::Table;

/// Maximum likelihood over walks, the mode with priors, or draws from the posterior; the covariates are those that the walks were read with.
///
/// As in [`fit_with_covariates`](crate::fit::fit_with_covariates), penalties concern the mean log-likelihood, and priors are about the parameters of customers whose covariates
/// are 0 and about coefficients by their names; means and standard deviations of covariates are those over the observed time of all customers.
///
/// # Errors
/// A covariate is constant, or a linear function of others; no customer bought again; a prior is about what is no parameter, or there is a penalty besides.
pub fn fit_time_varying(
    walks: &Walks,
    options: &FitOptions,
    control: &Control<'_>,
) -> Result<Fitted<WithCovariates<ParetoNbd>>> {
    if options.method != Method::Mle {
        return with_priors(walks, options, control);
    }
    let covariates: Covariates = walks.design().declared.clone();
    let own = ParetoNbd::SPEC.parameters.len();
    let given = options.start.as_deref().unwrap_or_default();
    let (start, gamma) = given.split_at(given.len().min(own));
    let coefficients = walks.design().coefficients.len();
    if !gamma.is_empty() && gamma.len() != coefficients {
        return Err(Error::shape(format!(
            "a start has {own} parameters, and {coefficients} coefficients or none; got {}",
            gamma.len()
        )));
    }
    let origin = without_covariates(walks, start, options, control)?;
    let centre = Centre::new(walks.design(), || walks.exposures())?;
    let likelihood = TimeVaryingLikelihood::for_search(walks, &origin, &centre);
    let found = maximise(&centre, walks.design(), &likelihood, vec![0.0; own], gamma, options, control)?;
    let Found { fit, theta, gamma, .. } = found;
    let base =
        ParetoNbd::from_parameters(&theta).map_err(|e| centre.far_from_zero(walks.design(), &gamma, &e))?;
    let model = WithCovariates::new(base, &covariates, &gamma)?;
    Ok(Fitted { model, unit: walks.unit(), fit: Some(fit) })
}

/// Parameters of the plain model, from which a search begins.
fn without_covariates(
    walks: &Walks,
    start: &[f64],
    options: &FitOptions,
    control: &Control<'_>,
) -> Result<Vec<f64>> {
    let ((x, recency, age), weights) = (walks.histories(), walks.weights());
    let table = Table::new().with("frequency", &x)?.with("recency", &recency)?.with("T", &age)?;
    let table = table.with("weight", &weights)?.in_unit(walks.unit());
    let plain = FitOptions {
        start: (!start.is_empty()).then(|| start.to_vec()),
        covariates: None,
        ..options.clone()
    };
    match maximum_likelihood::<ParetoNbd>(&table, &plain, control) {
        Ok(fitted) if fitted.report()?.converged() => Ok(fitted.model.theta()),
        Err(e) if e.kind() != ErrorKind::Numerical => Err(e),
        // Nothing to begin with but the scale of time.
        _ => {
            let observed = age.iter().zip(&weights).map(|(age, weight)| age * weight);
            let typical = observed.sum::<f64>() / weights.iter().sum::<f64>();
            Ok(vec![0.6, 0.3 * typical, 0.6, 0.3 * typical])
        }
    }
}

/// The mode or the posterior, from the maximum of the likelihood on, in the caller's own coordinates.
fn with_priors(
    walks: &Walks,
    options: &FitOptions,
    control: &Control<'_>,
) -> Result<Fitted<WithCovariates<ParetoNbd>>> {
    let declared = &walks.design().declared;
    let towards = towards_mode(declared, options)?;
    let mut first = fit_time_varying(walks, &towards, control)?;
    if !first.report()?.converged() {
        // Where a parameter has run away nothing is left of how far it has come: from the beginning again, so that what has no end is called so.
        let origin = ParetoNbd::from_parameters(&without_covariates(walks, &[], &towards, control)?)?;
        first.model = WithCovariates::new(origin, declared, &vec![0.0; first.model.coefficients().len()])?;
    }
    let likelihood = time_varying_likelihood(walks, &first.model)?;
    let from = vec![0.0; likelihood.coordinates().len()];
    let (fit, at) = estimate(Box::new(likelihood.clone()), from, options, control)?;
    let mut theta = likelihood.theta(&at);
    let gamma = theta.split_off(ParetoNbd::SPEC.parameters.len());
    let model = WithCovariates::new(ParetoNbd::from_parameters(&theta)?, declared, &gamma)?;
    Ok(Fitted { model, unit: walks.unit(), fit: Some(fit) })
}

/// The likelihood of walks in the caller's own coordinates, whose origin this model is; the penalties of its coefficients are subtracted.
pub fn time_varying_likelihood(
    walks: &Walks,
    model: &WithCovariates<ParetoNbd>,
) -> Result<TimeVaryingLikelihood> {
    let centre = Centre::new(walks.design(), || walks.exposures())?;
    Ok(TimeVaryingLikelihood::at(walks, model, &centre))
}
