//! Maximum likelihood.

use super::choice::{choices, choose, sum_of_logs};
use super::document::Fitted;
use super::likelihood::{FamilyLikelihood, Likelihood, Scale};
use super::posterior::{Sampling, sample_posterior};
use super::prior::{Posterior, Prior, Priors};
use super::report::{FitReport, Status};
use crate::control::{Control, Progress};
use crate::error::{Error, ErrorKind, Result};
use crate::math::linalg::{inverse_symmetric, symmetric_eigen};
use crate::model::{Covariates, Family};
use crate::optim::{Minimum, Settings, Stop, minimise};
use crate::rows::{Purpose, Rows};
use crate::table::Table;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How parameters are estimated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Method {
    /// Maximum likelihood.
    #[default]
    Mle,
    /// The mode of the posterior density of the parameters (maximum a posteriori): a likelihood penalised by [priors](super::prior).
    Map,
    /// The posterior distribution, by the no-U-turn sampler; see [`posterior`](super::posterior). The parameters are then the means of the draws.
    Nuts,
}

impl Method {
    /// Whether it is maximum likelihood, which documents do not mention.
    pub(super) fn is_plain(&self) -> bool {
        *self == Method::Mle
    }
}

/// Options of a fit. The defaults are right for nearly all data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FitOptions {
    /// Where the search starts; moment estimates where none is given, and where this one leads to no maximum.
    pub start: Option<Vec<f64>>,
    /// Whole-number parameters that are not to be chosen, by name; see [`fixed`](FitOptions::fixed).
    pub fixed: BTreeMap<String, f64>,
    /// Covariates that scale parameters; for models behind the object-safe trait. See [`fit_with_covariates`](super::fit_with_covariates).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub covariates: Option<Covariates>,
    /// The largest first derivative of the mean log-likelihood, with respect to a log-parameter, that counts as zero.
    pub gradient_tolerance: f64,
    /// The most evaluations of the likelihood.
    pub max_evaluations: usize,
    /// How the parameters are estimated.
    pub method: Method,
    /// Priors, by parameter; see [`prior`](super::prior). Parameters without one have a flat one.
    pub priors: Priors,
    /// How the posterior is sampled, for the method `nuts`.
    pub sampling: Sampling,
}

impl Default for FitOptions {
    fn default() -> Self {
        FitOptions {
            start: None,
            fixed: BTreeMap::new(),
            covariates: None,
            gradient_tolerance: 1e-11,
            max_evaluations: 500,
            method: Method::Mle,
            priors: Priors::new(),
            sampling: Sampling::default(),
        }
    }
}

impl FitOptions {
    /// The default options.
    pub fn new() -> Self {
        FitOptions::default()
    }

    /// Start the search here.
    #[must_use]
    pub fn start(mut self, theta: impl Into<Vec<f64>>) -> Self {
        self.start = Some(theta.into());
        self
    }

    /// Fix a whole-number parameter, such as the k of BG/CNBD-k. Where it is not fixed, a fit tries 1, 2, … until the likelihood has fallen twice in a row,
    /// and takes the best.
    #[must_use]
    pub fn fixed(mut self, name: impl Into<String>, value: f64) -> Self {
        self.fixed.insert(name.into(), value);
        self
    }

    /// See the field.
    #[must_use]
    pub fn covariates(mut self, covariates: Covariates) -> Self {
        self.covariates = Some(covariates);
        self
    }

    /// See the field.
    #[must_use]
    pub fn gradient_tolerance(mut self, tolerance: f64) -> Self {
        self.gradient_tolerance = tolerance;
        self
    }

    /// See the field.
    #[must_use]
    pub fn max_evaluations(mut self, evaluations: usize) -> Self {
        self.max_evaluations = evaluations;
        self
    }

    /// Estimate by the mode of the posterior density, with this prior of a parameter, among others.
    #[must_use]
    pub fn prior(mut self, name: impl Into<String>, prior: Prior) -> Self {
        if self.method == Method::Mle {
            self.method = Method::Map;
        }
        self.priors.insert(name.into(), prior);
        self
    }

    /// Sample the posterior distribution.
    #[must_use]
    pub fn sampling(mut self, sampling: Sampling) -> Self {
        self.method = Method::Nuts;
        self.sampling = sampling;
        self
    }

    pub(super) fn check(&self) -> Result<()> {
        self.sampling.check()?;
        if self.method == Method::Mle && !self.priors.is_empty() {
            return Err(Error::new(
                ErrorKind::InvalidParameter,
                "priors are for the methods map and nuts; maximum likelihood knows none",
            )
            .with_field("priors"));
        }
        if !(self.gradient_tolerance > 0.0 && self.gradient_tolerance.is_finite()) {
            return Err(Error::parameter(
                "gradient_tolerance",
                "positive and finite",
                self.gradient_tolerance,
            ));
        }
        if self.max_evaluations == 0 {
            return Err(Error::parameter("max_evaluations", "at least 1", 0));
        }
        Ok(())
    }
}

/// Searches on samples come first, of at most so many distinct rows: the maximum of a sample is so near that of the whole that a few
/// evaluations over all rows then suffice.
const SAMPLES: [usize; 2] = [4_096, 16_384];
/// A gradient that is as good as zero: from here on Newton's steps only write out the last digits.
const UNSEEN_BELOW: f64 = 1e-9;
/// A direction in the log-parameters is flat when its standard error is larger than this: a factor of e³⁰ either way.
const FLAT: f64 = 30.0;
/// A curvature that is no more than rounding beside the largest.
const FLAT_AGAINST_STEEPEST: f64 = 1e-10;
/// A next step in the log-parameters that is no more than this tells that the search has arrived.
const SETTLED: f64 = 1e-3;
/// Parameters that differ from where the search began by more than this factor have run away: e⁴⁶ = 1e20.
const BOUND: f64 = 46.0;
/// Parameters that have come as far as this, by a factor of e³ ≈ 20, along a flat direction are on the same way.
const FAR: f64 = 3.0;

/// Maximum likelihood: see [`Fit::fit`](super::Fit::fit).
///
/// # Errors
/// See [`Fit::fit`](super::Fit::fit).
pub fn maximum_likelihood<F: Family>(
    table: &Table<'_>,
    options: &FitOptions,
    control: &Control<'_>,
) -> Result<Fitted<F>> {
    options.check()?;
    if options.covariates.is_some() {
        return Err(Error::new(
            ErrorKind::InvalidParameter,
            "a model of this type has no covariates: fit_with_covariates, or the registry, makes one that has",
        )
        .with_field("covariates"));
    }
    if table.rows() == 0 && F::SPEC.columns.iter().all(|c| table.get(c.name).is_some()) {
        return Err(Error::new(ErrorKind::NotEnoughData, "there is no row to fit"));
    }
    let choices = choices(F::SPEC, options)?;
    if options.method == Method::Nuts && choices.len() > 1 {
        // The whole number is that of the mode; only the other parameters are sampled.
        let mode = FitOptions { method: Method::Map, ..options.clone() };
        let theta = maximum_likelihood::<F>(table, &mode, control)?.model.theta();
        let free = F::SPEC.free_parameters().len();
        let mut chosen = options.clone().start(theta.clone());
        for (parameter, &value) in F::SPEC.parameters.iter().zip(&theta).skip(free) {
            chosen = chosen.fixed(parameter.name, value);
        }
        return maximum_likelihood(table, &chosen, control);
    }
    let rows = Arc::new(informative::<F>(table, control)?);
    let Some(start) = &options.start else {
        return climb(&rows, &F::start(&rows)?, &choices, options, table, control);
    };
    F::SPEC.check_parameters(start)?;
    let found: Result<Fitted<F>> = climb(&rows, start, &choices, options, table, control);
    let lost = match &found {
        Ok(fitted) => !matches!(fitted.report()?.status, Status::Converged | Status::NotConverged),
        Err(e) => e.kind() == ErrorKind::Numerical,
    };
    if !lost {
        return found;
    }
    // A start from afar may lead onto a plain without an end: the moments may know better.
    match (found, F::start(&rows).and_then(|start| climb(&rows, &start, &choices, options, table, control))) {
        (Ok(first), Ok(second)) => {
            let better = second.report()?.log_posterior() > first.report()?.log_posterior();
            Ok(if better { second } else { first })
        }
        (Err(_), Ok(second)) => Ok(second),
        (first, Err(e)) if e.kind() != ErrorKind::Interrupted => first,
        (_, second) => second,
    }
}

/// The rows that say something about the parameters.
pub(super) fn informative<F: Family>(table: &Table<'_>, control: &Control<'_>) -> Result<Rows> {
    let mut rows = Rows::new(table, F::SPEC.row_columns(), Purpose::Fit, F::check_row, control)?;
    let informs = |row: &[f64], weight: f64| weight > 0.0 && F::informs(row);
    if !rows.iter().all(|(row, weight)| informs(row, weight)) {
        rows = rows.filter(|_, row, weight| informs(row, weight));
    }
    control.check()?;
    if rows.is_empty() {
        return Err(Error::new(
            ErrorKind::NotEnoughData,
            format!("no row says anything about {}: all are uninformative or have weight 0", F::SPEC.title),
        ));
    }
    Ok(rows)
}

/// The likelihood of the rows of a table, with its origin at these parameters.
///
/// # Errors
/// As for [`Fit::fit`](super::Fit::fit), where the data are concerned.
pub fn likelihood<F: Family>(
    table: &Table<'_>,
    theta: &[f64],
    control: &Control<'_>,
) -> Result<Box<dyn Likelihood>> {
    F::SPEC.check_parameters(theta)?;
    let constant = sum_of_logs::<F>(theta, table)?;
    let rows = Arc::new(informative::<F>(table, control)?);
    Ok(Box::new(FamilyLikelihood::<F>::new(rows, theta, constant)))
}

/// From a start to the maximum, for each choice of the whole-number parameter, if there is one.
fn climb<F: Family>(
    rows: &Arc<Rows>,
    start: &[f64],
    choices: &[Option<f64>],
    options: &FitOptions,
    table: &Table<'_>,
    control: &Control<'_>,
) -> Result<Fitted<F>> {
    choose(F::SPEC, start.to_vec(), choices, |theta, from| {
        // First of all, so that a missing column is found before the work begins.
        let logs = sum_of_logs::<F>(theta, table)?;
        let likelihood = FamilyLikelihood::<F>::new(Arc::clone(rows), theta, logs);
        let (mut fit, at) = estimate(Box::new(likelihood.clone()), from, options, control)?;
        fit.checks = F::checks(likelihood.rows());
        let model = F::from_parameters(&likelihood.parameters(&at))?;
        Ok((Fitted { model, unit: table.unit(), fit: Some(fit) }, at))
    })
}

/// The parameters by the method that is asked for, searched from a point on, and the report: the way of every likelihood, with covariates or without.
pub(crate) fn estimate(
    likelihood: Box<dyn Likelihood + '_>,
    from: Vec<f64>,
    options: &FitOptions,
    control: &Control<'_>,
) -> Result<(FitReport, Vec<f64>)> {
    if options.method == Method::Mle {
        let found = ascend(&*likelihood, from, options, control)?;
        return Ok((conclude(&*likelihood, &found, options)?, found.at));
    }
    if options.method == Method::Nuts {
        return sampled(likelihood, from, options, control);
    }
    let posterior = Posterior::new(likelihood, &options.priors, false)?;
    if posterior.ln_prior(&from) == f64::NEG_INFINITY {
        return Err(Error::new(
            ErrorKind::InvalidParameter,
            format!(
                "the search would start at {:?}, which the priors exclude; give another start",
                posterior.theta(&from)
            ),
        )
        .with_field("start"));
    }
    let found = ascend(&posterior, from, options, control)?;
    let mut fit = conclude(&posterior, &found, options)?;
    let ln_prior = posterior.ln_prior(&found.at);
    fit.log_likelihood -= ln_prior;
    fit.method = options.method;
    fit.priors = options.priors.clone();
    fit.log_prior = Some(ln_prior);
    Ok((fit, found.at))
}

/// Draws from the posterior, and the report on them: at their means.
fn sampled(
    likelihood: Box<dyn Likelihood + '_>,
    from: Vec<f64>,
    options: &FitOptions,
    control: &Control<'_>,
) -> Result<(FitReport, Vec<f64>)> {
    let posterior = Posterior::new(likelihood, &options.priors, false)?;
    let draws = sample_posterior(&posterior, from, options, control)?;
    let at = posterior.coordinates_of(&draws.mean());
    let point = posterior.evaluate(&at, control)?;
    let (customers, ln_prior) = (posterior.customers(), posterior.ln_prior(&at));
    let fit = FitReport {
        log_likelihood: posterior.constant() - point.value * customers - ln_prior,
        customers,
        distinct_rows: posterior.weights().len(),
        evaluations: draws.gradients,
        gradient_norm: point.gradient_norm(),
        status: if draws.mixed() { Status::Converged } else { Status::NotConverged },
        covariance: Some(draws.covariance()),
        checks: Vec::new(),
        method: options.method,
        priors: options.priors.clone(),
        log_prior: Some(ln_prior),
        posterior: Some(draws),
    };
    Ok((fit, at))
}

/// The maximum, searched from a point on, over samples first where there are many rows.
pub(super) fn ascend(
    likelihood: &dyn Likelihood,
    from: Vec<f64>,
    options: &FitOptions,
    control: &Control<'_>,
) -> Result<Minimum> {
    let mut settings = Settings {
        gradient_tolerance: options.gradient_tolerance,
        unseen_below: UNSEEN_BELOW,
        max_evaluations: options.max_evaluations,
        radius: 1.0,
        max_radius: 4.0,
        bound: BOUND,
    };
    let (mut from, mut evaluations) = (from, 0);
    for sample in SAMPLES.into_iter().filter_map(|size| likelihood.thinned(size)) {
        let coarse = Settings { gradient_tolerance: 1e-4, max_evaluations: 60, ..settings };
        let zero = vec![0.0; from.len()];
        let found = search(&*sample, from, &coarse, &mut evaluations, control)?;
        (from, settings.radius) = if found.stop == Stop::Gradient { (found.at, 0.5) } else { (zero, 1.0) };
    }
    let found = search(likelihood, from, &settings, &mut evaluations, control)?;
    // How many there are is known at the end only.
    control.report(Progress::new(likelihood.id(), evaluations, Some(evaluations), -found.point.value));
    Ok(found)
}

fn search(
    likelihood: &dyn Likelihood,
    from: Vec<f64>,
    settings: &Settings,
    evaluations: &mut u64,
    control: &Control<'_>,
) -> Result<Minimum> {
    minimise(from, settings, |at| {
        let point = likelihood.evaluate(at, control)?;
        *evaluations += 1;
        control.report(Progress::new(likelihood.id(), *evaluations, None, -point.value));
        Ok(point)
    })
}

/// Say honestly what was found.
pub(super) fn conclude(
    likelihood: &dyn Likelihood,
    found: &Minimum,
    options: &FitOptions,
) -> Result<FitReport> {
    let customers = likelihood.customers();
    let coordinates = likelihood.coordinates();
    let point = &found.point;
    // A derivative that overflowed would pass for a vanishing one: every comparison with NaN is false.
    let derivatives = || point.gradient.iter().chain(&point.hessian);
    if !point.value.is_finite() || derivatives().any(|d| !d.is_finite()) {
        return Err(Error::new(
            ErrorKind::Numerical,
            format!(
                "the log-likelihood of {} is {}, with derivatives that are not all finite, at {:?}",
                likelihood.title(),
                likelihood.constant() - point.value * customers,
                likelihood.theta(&found.at)
            ),
        ));
    }
    let gradient_norm = point.gradient_norm();
    let (eigenvalues, vectors) = symmetric_eigen(&point.hessian);
    // Flat against the customers there are, or, however many, against the other directions.
    let steepest = eigenvalues.iter().fold(0.0, |m: f64, e| m.max(e.abs()));
    let threshold = (1.0 / (FLAT * FLAT * customers)).max(FLAT_AGAINST_STEEPEST * steepest);
    let flat: Vec<usize> = (0..found.at.len()).filter(|&k| eigenvalues[k] < threshold).collect();
    // A maximum may be flat and yet be one: then the next step of Newton's is tiny. Along a slope without an end it is about 1.
    let next = eigenvalues.iter().enumerate().fold(0.0, |sum, (k, e)| {
        let along: f64 = (0..found.at.len()).map(|i| vectors[[i, k]] * point.gradient[i]).sum();
        sum + (along / e).powi(2)
    });
    let settled = eigenvalues[0] > FLAT_AGAINST_STEEPEST * steepest && next.sqrt() < SETTLED;
    let flat = if settled { Vec::new() } else { flat };
    // The gradient may stay just above the tolerance through rounding alone, where terms are large.
    let vanishes = found.stop == Stop::Gradient
        || gradient_norm <= options.gradient_tolerance.max(1e-13 * (1.0 + point.value.abs()))
        || (found.stop == Stop::Rounding && gradient_norm <= 1e3 * options.gradient_tolerance);
    let weight = |i: usize| flat.iter().map(|&k| vectors[[i, k]].abs()).fold(0.0, f64::max);
    // A coefficient of covariates along which the likelihood is flat is on its way however near it is: that of a rare level is far after a small step, and one of which the data say
    // nothing does not move at all.
    let gone = |i: usize| match coordinates[i].scale {
        Scale::Line(_) => weight(i) > 0.3,
        _ => found.at[i].abs() > FAR,
    };
    let status = if found.stop == Stop::Bound || (!flat.is_empty() && (0..found.at.len()).any(gone)) {
        let mut parameters: Vec<String> = (0..found.at.len())
            .filter(|&i| weight(i) > 0.3 || found.at[i].abs() > 0.9 * BOUND)
            .map(|i| format!("{} -> {}", coordinates[i].name, coordinates[i].limit(found.at[i] < 0.0)))
            .collect();
        parameters.dedup();
        Status::Boundary { parameters }
    } else if !vanishes {
        Status::NotConverged
    } else if flat.is_empty() {
        Status::Converged
    } else {
        Status::NotMaximum
    };
    let slopes: Vec<f64> = coordinates.iter().zip(&found.at).map(|(c, &u)| c.at(u)[1]).collect();
    let covariance = match status {
        Status::Converged => inverse_symmetric(&point.hessian).map(|inverse| {
            let n = found.at.len();
            (0..n)
                .map(|i| (0..n).map(|j| inverse[[i, j]] * slopes[i] * slopes[j] / customers).collect())
                .collect()
        }),
        _ => None,
    };
    Ok(FitReport {
        log_likelihood: likelihood.constant() - point.value * customers,
        customers,
        distinct_rows: likelihood.weights().len(),
        evaluations: found.evaluations,
        gradient_norm,
        status,
        covariance,
        checks: Vec::new(),
        method: Method::Mle,
        priors: Priors::new(),
        log_prior: None,
        posterior: None,
    })
}
