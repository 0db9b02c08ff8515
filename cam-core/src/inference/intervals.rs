//! Intervals for parameters: by profile likelihood, and by the bootstrap.

use crate::clv::ParetoNbd;
use crate::clv::time_varying::{
    Walks, moving, redrawn as redrawn_walks, score_time_varying, time_varying_likelihood,
};
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result, brief};
use crate::fit::bootstrap::BootstrapEnds;
use crate::fit::{
    Bootstrap, BootstrapInterval, Fitted, Likelihood, Posterior, ProfileInterval, bootstrap, check_level,
    maximum, refit,
};
use crate::math::random::Stream;
use crate::model::{Model, Quantity, WithCovariates};
use crate::registry;
use crate::table::Table;
use serde::{Deserialize, Serialize};

/// Profile-likelihood intervals of the parameters of a model, with the data that it was fitted to. See [`fit::profile`](crate::fit::profile). Where it was fitted with
/// priors, they are part of what is profiled.
///
/// # Errors
/// Other data, a model that was not fitted or whose fit did not converge, or a level outside (0, 1).
pub fn profile_intervals(
    fitted: &Fitted<Box<dyn Model>>,
    table: &Table<'_>,
    level: f64,
    control: &Control<'_>,
) -> Result<Vec<ProfileInterval>> {
    let likelihood = likelihood_of(fitted, table, control)?;
    crate::fit::profile_intervals(&*likelihood, &vec![0.0; likelihood.coordinates().len()], level, control)
}

/// Where the customers of a replicate come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BootstrapKind {
    /// Drawn from those that there are, with replacement.
    #[default]
    Nonparametric,
    /// Drawn from the fitted model, each with his or her own age.
    Parametric,
}

/// How a bootstrap is run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BootstrapOptions {
    /// How many times customers are drawn and the model is fitted.
    pub replicates: usize,
    /// The seed of all random numbers.
    pub seed: u64,
    /// Where the customers come from.
    pub kind: BootstrapKind,
    /// Which interval is made of the replicates.
    pub interval: BootstrapInterval,
}

impl Default for BootstrapOptions {
    fn default() -> Self {
        BootstrapOptions {
            replicates: 1000,
            seed: 0,
            kind: BootstrapKind::default(),
            interval: BootstrapInterval::default(),
        }
    }
}

/// Bootstrap intervals of the parameters of a model, with the data that it was fitted to, and the replicates. See [`fit::bootstrap`](mod@crate::fit::bootstrap).
///
/// A whole-number parameter stays as it was chosen.
///
/// # Errors
/// As for [`profile_intervals`]; fewer replicates than 2/(1 − `level`); weights that are not whole, where customers are drawn from the model; too many replicates without a
/// maximum.
pub fn bootstrap_intervals(
    fitted: &Fitted<Box<dyn Model>>,
    table: &Table<'_>,
    level: f64,
    options: &BootstrapOptions,
    control: &Control<'_>,
) -> Result<(Vec<BootstrapEnds>, Bootstrap)> {
    check_level(level)?;
    // With fewer the ends would lie outside of all replicates.
    let least = (2.0 / (1.0 - level) - 1e-6).ceil() as usize;
    if options.replicates < least {
        let rule = format!("at least {least} for an interval of level {}", brief(level));
        return Err(Error::parameter("replicates", &rule, options.replicates));
    }
    let likelihood = likelihood_of(fitted, table, control)?;
    let at = vec![0.0; likelihood.coordinates().len()];
    let found = match options.kind {
        BootstrapKind::Nonparametric => {
            bootstrap(&*likelihood, &at, options.replicates, options.seed, control)?
        }
        BootstrapKind::Parametric => {
            let design = Drawable::of(fitted, table)?;
            refit(&*likelihood, options.replicates, control, |replicate, alone| {
                let seed = Stream::new(options.seed, replicate).next_u64();
                match design.redrawn(fitted, seed, alone) {
                    Ok(drawn) => maximum(|u| drawn.evaluate(u, alone), &at),
                    // Customers who tell too little have no maximum.
                    Err(e) if e.kind() == ErrorKind::NotEnoughData => Ok(None),
                    Err(e) => Err(e),
                }
            })?
        }
    };
    Ok((found.intervals(&*likelihood, &at, level, options.interval)?, found))
}

/// The likelihood that a model is the maximum of, with its priors; its origin is the model.
pub(super) fn likelihood_of(
    fitted: &Fitted<Box<dyn Model>>,
    table: &Table<'_>,
    control: &Control<'_>,
) -> Result<Box<dyn Likelihood>> {
    fitted.check_unit(table.unit())?;
    let report = fitted.report()?;
    let title = fitted.model.spec().title;
    if report.posterior.is_some() {
        return Err(Error::new(
            ErrorKind::Unsupported,
            format!("{title} was sampled: its posterior draws have intervals of their own"),
        ));
    }
    if !report.converged() {
        return Err(Error::new(
            ErrorKind::Numerical,
            format!("the fit of {title} ended at no maximum, around which there could be an interval"),
        ));
    }
    let likelihood = plain(fitted, table, control)?;
    let customers = likelihood.customers();
    if (customers - report.customers).abs() > 1e-9 * customers {
        return Err(Error::new(
            ErrorKind::InvalidData,
            format!(
                "{title} was fitted to {} customers, and these are {}: the data must be the same",
                brief(report.customers),
                brief(customers)
            ),
        ));
    }
    check_data(fitted, table, control)?;
    with_priors(likelihood, fitted)
}

/// That the data are those of the fit: their log-likelihood is the one it reports. It is summed in another order here.
pub(super) fn check_data(
    fitted: &Fitted<Box<dyn Model>>,
    table: &Table<'_>,
    control: &Control<'_>,
) -> Result<()> {
    let reported = fitted.report()?.log_likelihood;
    let asked = Quantity::LogLikelihood {};
    let (rows, weight) = match moving(&*fitted.model, table)? {
        Some((model, walks)) => (score_time_varying(&model, &walks, &asked, control)?, Some(walks.weights())),
        None => {
            let weight = table.get("weight").map(|weight| weight.to_vec());
            (fitted.model.score(&asked, table, control)?, weight)
        }
    };
    let weighted = rows.iter().enumerate().map(|(i, log)| weight.as_ref().map_or(*log, |w| w[i] * log));
    let (sum, size) = weighted.filter(|v| !v.is_nan()).fold((0.0, 0.0), |(s, a), v| (s + v, a + v.abs()));
    match (sum - reported).abs() <= 1e-9 * (size + reported.abs()) {
        true => Ok(()),
        false => Err(Error::new(
            ErrorKind::InvalidData,
            format!(
                "these are not the data that {} was fitted to, or they have changed since: its log-likelihood was {reported:.6}, and here it is {sum:.6}",
                fitted.model.spec().title
            ),
        )),
    }
}

fn plain(
    fitted: &Fitted<Box<dyn Model>>,
    table: &Table<'_>,
    control: &Control<'_>,
) -> Result<Box<dyn Likelihood>> {
    match moving(&*fitted.model, table)? {
        Some((model, walks)) => Ok(Box::new(time_varying_likelihood(&walks, &model)?)),
        None => registry::model(fitted.model.spec().id)?.likelihood(&*fitted.model, table, control),
    }
}

fn with_priors(
    likelihood: Box<dyn Likelihood>,
    fitted: &Fitted<Box<dyn Model>>,
) -> Result<Box<dyn Likelihood>> {
    let priors = &fitted.report()?.priors;
    match priors.is_empty() {
        true => Ok(likelihood),
        false => Ok(Box::new(Posterior::new(likelihood, priors, false)?)),
    }
}

/// Columns by name.
type Columns = Vec<(String, Vec<f64>)>;

/// The columns of the covariates of a model, each once.
pub(super) fn covariate_columns(model: &dyn Model) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in model.covariates().iter().flat_map(|covariates| covariates.columns.values().flatten()) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

/// What a simulation of the same customers starts from: columns, or walks where covariates change over time.
enum Drawable {
    Rows(Columns),
    Walks(WithCovariates<ParetoNbd>, Walks),
}

impl Drawable {
    fn of(fitted: &Fitted<Box<dyn Model>>, table: &Table<'_>) -> Result<Drawable> {
        match moving(&*fitted.model, table)? {
            Some((model, walks)) => Ok(Drawable::Walks(model, walks.one_by_one()?)),
            None => design(fitted, table).map(Drawable::Rows),
        }
    }

    /// The likelihood of customers drawn from the model.
    fn redrawn(
        &self,
        fitted: &Fitted<Box<dyn Model>>,
        seed: u64,
        control: &Control<'_>,
    ) -> Result<Box<dyn Likelihood>> {
        match self {
            Drawable::Rows(design) => redrawn(fitted, design, seed, control),
            Drawable::Walks(model, walks) => {
                let walks = redrawn_walks(model, walks, seed, control)?;
                with_priors(Box::new(time_varying_likelihood(&walks, model)?), fitted)
            }
        }
    }
}

/// The columns of a simulation of the same customers, each as often as the weight says.
fn design(fitted: &Fitted<Box<dyn Model>>, table: &Table<'_>) -> Result<Columns> {
    let counts: Vec<usize> = match table.get("weight") {
        None => vec![1; table.rows()],
        Some(weights) => weights
            .iter()
            .enumerate()
            .map(|(row, &weight)| match weight >= 0.0 && weight.fract() == 0.0 && weight <= 1e9 {
                true => Ok(weight as usize),
                false => Err(Error::data(
                    row,
                    format!(
                        "customers are drawn whole: the weight must be a whole number, got {}",
                        brief(weight)
                    ),
                )
                .with_field("weight")),
            })
            .collect::<Result<_>>()?,
    };
    let own = fitted.model.spec().design.iter().map(|variable| variable.name.to_owned());
    own.chain(covariate_columns(&*fitted.model))
        .map(|name| {
            let column = table.column(&name)?;
            let each = column.iter().zip(&counts);
            let values = each.flat_map(|(&v, &n)| std::iter::repeat_n(v, n)).collect();
            Ok((name, values))
        })
        .collect()
}

/// The likelihood of rows drawn from the model.
fn redrawn(
    fitted: &Fitted<Box<dyn Model>>,
    design: &Columns,
    seed: u64,
    control: &Control<'_>,
) -> Result<Box<dyn Likelihood>> {
    let start =
        design.iter().try_fold(Table::new(), |table, (name, values)| table.with(name, &values[..]))?;
    let drawn = fitted.model.simulate(&start, seed, control)?;
    let mut table = Table::new();
    for (variable, values) in fitted.model.spec().columns.iter().zip(&drawn) {
        table = table.with(variable.name, &values[..])?;
    }
    for name in covariate_columns(&*fitted.model) {
        let (name, values) = design
            .iter()
            .find(|(n, _)| *n == name)
            .ok_or_else(|| Error::new(ErrorKind::Internal, "a covariate was not drawn"))?;
        table = table.with(name, &values[..])?;
    }
    with_priors(plain(fitted, &table, control)?, fitted)
}
