//! Estimation: from rows to a model, generic over every [`Family`].
//!
//! [`Fit::fit`] maximises the likelihood. It works on the *mean* log-likelihood, so that no tolerance depends on the
//! number of customers, and in the logarithms of the parameters, so that they stay positive and their scales do not
//! matter: days or years lead to the same maximum.

pub mod bootstrap;
mod centre;
mod choice;
mod covariates;
mod document;
mod few;
mod guide;
mod likelihood;
mod mle;
mod nuts;
pub mod posterior;
pub mod prior;
pub mod profile;
pub mod ratio;
mod report;

pub use bootstrap::{Bootstrap, BootstrapInterval, bootstrap};
pub(crate) use bootstrap::{maximum, refit};
pub(crate) use centre::Centre;
pub use covariates::{CovariateLikelihood, covariate_likelihood, fit_with_covariates};
pub(crate) use covariates::{Found, Penalised, maximise, towards_mode};
pub(crate) use document::open;
pub use document::{Fitted, SCHEMA};
pub use likelihood::{Coordinate, Likelihood, Scale};
pub(crate) use mle::estimate;
pub use mle::{FitOptions, Method, likelihood, maximum_likelihood};
pub use posterior::{PosteriorDraws, Sampling};
pub(crate) use prior::Posterior;
pub use prior::{Prior, Priors};
pub(crate) use profile::check_level;
pub use profile::{ProfileInterval, profile_intervals};
pub use ratio::{LikelihoodRatio, likelihood_ratio_test};
pub use report::{FitReport, Interval, Status};

use crate::control::Control;
use crate::error::Result;
use crate::model::Family;
use crate::table::Table;

/// Every [`Family`] can be fitted.
///
/// ```no_run
/// use cam_core::{Fit, Summary, clv::BgNbd};
/// # fn f(summary: &Summary) -> cam_core::Result<()> {
/// let fitted = BgNbd::fit(summary)?;
/// println!("{:?} {}", fitted.model, fitted.report()?.log_likelihood);
/// # Ok(()) }
/// ```
pub trait Fit: Family {
    /// Maximum likelihood with default options on all processors.
    ///
    /// # Errors
    /// A column is missing, a row breaks a rule (the row is named), or the data are too few or too uniform for a maximum to exist. A
    /// search that ends elsewhere than at a maximum is no error: see [`FitReport::status`].
    fn fit<'a>(data: impl Into<Table<'a>>) -> Result<Fitted<Self>> {
        maximum_likelihood(&data.into(), &FitOptions::default(), &Control::new())
    }

    /// Maximum likelihood with options, threads, progress and cancellation.
    ///
    /// # Errors
    /// As for [`fit`](Fit::fit), and [`Interrupted`](crate::ErrorKind::Interrupted).
    fn fit_with<'a>(
        data: impl Into<Table<'a>>,
        options: &FitOptions,
        control: &Control<'_>,
    ) -> Result<Fitted<Self>> {
        maximum_likelihood(&data.into(), options, control)
    }
}

impl<F: Family> Fit for F {}
