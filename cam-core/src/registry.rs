//! Every model by name. To add one: write its file, and its line in the list of [`clv`](crate::clv).

use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};
use crate::fit::{
    FitOptions, Fitted, Likelihood, covariate_likelihood, fit_with_covariates, likelihood,
    maximum_likelihood, open,
};
use crate::model::{Covariates, Family, Model, Process, Spec, WithCovariates};
use crate::table::Table;
use crate::unit::Unit;
use serde_json::{Map, Value};

type LikelihoodByName = fn(&dyn Model, &Table<'_>, &Control<'_>) -> Result<Box<dyn Likelihood>>;
type RemakeByName = fn(&dyn Model, &[f64]) -> Result<Box<dyn Model>>;
type MakeByName = fn(&[f64], Option<Scaled<'_>>) -> Result<Box<dyn Model>>;
type FitByName = fn(&Table<'_>, &FitOptions, &Control<'_>) -> Result<Fitted<Box<dyn Model>>>;

/// A model in the registry: what it is, and how to make one.
#[derive(Clone, Copy)]
pub struct Entry {
    spec: &'static Spec,
    fit: FitByName,
    likelihood: LikelihoodByName,
    remake: RemakeByName,
    make: MakeByName,
    processes: &'static [Process],
}

/// Covariates as they are declared, with their coefficients by name.
type Scaled<'a> = (&'a Covariates, &'a Map<String, Value>);

impl Entry {
    const fn of<F: Family>() -> Entry {
        Entry {
            spec: F::SPEC,
            fit: |table, options, control| match &options.covariates {
                None => Ok(maximum_likelihood::<F>(table, options, control)?.boxed()),
                Some(covariates) => {
                    Ok(fit_with_covariates::<F>(table, covariates, options, control)?.boxed())
                }
            },
            likelihood: |model, table, control| match scaled_family::<F>(model, &model.parameters())? {
                None => likelihood::<F>(table, &model.parameters(), control),
                Some(scaled) => Ok(Box::new(covariate_likelihood(table, &scaled, control)?)),
            },
            remake: |model, theta| match scaled_family::<F>(model, theta)? {
                None => Ok(Box::new(F::from_parameters(theta)?)),
                Some(scaled) => Ok(Box::new(scaled)),
            },
            make: |theta, scaled| {
                let base = F::from_parameters(theta)?;
                Ok(match scaled {
                    None => Box::new(base),
                    Some(scaled) => Box::new(with_coefficients(base, scaled)?),
                })
            },
            processes: F::PROCESSES,
        }
    }

    /// Who the model is.
    pub fn spec(&self) -> &'static Spec {
        self.spec
    }

    /// What covariates may act on; empty where the model takes none.
    pub fn processes(&self) -> &'static [Process] {
        self.processes
    }

    /// Maximum likelihood; see [`Fit::fit_with`](crate::Fit::fit_with).
    ///
    /// # Errors
    /// As there.
    pub fn fit(
        &self,
        table: &Table<'_>,
        options: &FitOptions,
        control: &Control<'_>,
    ) -> Result<Fitted<Box<dyn Model>>> {
        (self.fit)(table, options, control)
    }

    /// The likelihood of the rows of a table, with its origin at this model, which must be of this entry. The penalties of coefficients of covariates are subtracted from it.
    ///
    /// # Errors
    /// As for [`fit`](Self::fit), where the data are concerned.
    pub fn likelihood(
        &self,
        model: &dyn Model,
        table: &Table<'_>,
        control: &Control<'_>,
    ) -> Result<Box<dyn Likelihood>> {
        (self.likelihood)(model, table, control)
    }

    /// This model, which must be of this entry, with other [parameters](Model::parameters); covariates stay as they are declared.
    ///
    /// # Errors
    /// As for [`with_parameters`](Self::with_parameters).
    pub fn remake(&self, model: &dyn Model, theta: &[f64]) -> Result<Box<dyn Model>> {
        (self.remake)(model, theta)
    }

    /// The model with these parameters, in the order of [`Spec::parameters`].
    ///
    /// # Errors
    /// [`ErrorKind::InvalidParameter`] naming the one out of its domain, [`ErrorKind::InvalidShape`] for a wrong number of them.
    pub fn with_parameters(&self, theta: &[f64], unit: Option<Unit>) -> Result<Fitted<Box<dyn Model>>> {
        Ok(Fitted { model: (self.make)(theta, None)?, unit, fit: None })
    }
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Entry({})", self.spec.id)
    }
}

macro_rules! registry {
    ($($file:ident::$model:ident),+ $(,)?) => {
        static MODELS: &[Entry] = &[$(Entry::of::<crate::clv::$model>()),+];
    };
}

crate::clv::each_model!(registry);

/// All models.
pub fn models() -> &'static [Entry] {
    MODELS
}

/// The model of that name.
///
/// # Errors
/// [`ErrorKind::UnknownName`], with the names that there are.
pub fn model(id: &str) -> Result<&'static Entry> {
    MODELS
        .iter()
        .find(|entry| entry.spec.id == id)
        .ok_or_else(|| Error::unknown("model", id, MODELS.iter().map(|entry| entry.spec.id)))
}

impl Fitted<Box<dyn Model>> {
    /// Open a document that any of cam's languages wrote; see [`Fitted::to_json`]. A [posterior](crate::clv::hierarchical) opens as a model, too, which answers with the means over its draws.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidDocument`]: not JSON, not a model of cam, of a later schema, or with parameters that the model does not have.
    pub fn from_json(text: &str) -> Result<Self> {
        if let Some(posterior) = crate::clv::hierarchical::open_posterior(text)? {
            return Ok(posterior);
        }
        let opened = open(text)?;
        let invalid = |e: Error| Error::new(ErrorKind::InvalidDocument, e.to_string());
        let entry = model(&opened.model).map_err(invalid)?;
        if let Some(name) = opened.parameters.keys().find(|name| entry.spec.parameter_index(name).is_err()) {
            return Err(invalid(Error::unknown(
                &format!("parameter of {}", entry.spec.id),
                name,
                entry.spec.parameters.iter().map(|p| p.name),
            )));
        }
        let theta: Vec<f64> = entry
            .spec
            .parameters
            .iter()
            .map(|p| {
                opened.parameters.get(p.name).and_then(Value::as_f64).ok_or_else(|| {
                    Error::new(ErrorKind::InvalidDocument, format!("parameter {} must be a number", p.name))
                })
            })
            .collect::<Result<_>>()?;
        if let Some(fit) = &opened.fit {
            let coefficients = opened.covariates.as_ref().map_or(0, |(_, coefficients)| coefficients.len());
            let estimated = entry.spec.free_parameters().len() + coefficients;
            fit.check(estimated)
                .map_err(|rule| Error::new(ErrorKind::InvalidDocument, format!("fit: {rule}")))?;
        }
        let scaled = opened.covariates.as_ref().map(|(declared, coefficients)| (declared, coefficients));
        Ok(Fitted {
            model: (entry.make)(&theta, scaled).map_err(invalid)?,
            unit: opened.unit,
            fit: opened.fit,
        })
    }
}

impl<F: Family> Fitted<F> {
    /// Open a document that holds this model.
    ///
    /// # Errors
    /// As for the model behind the object-safe trait, and [`ErrorKind::InvalidDocument`] when the document holds another model.
    pub fn from_json(text: &str) -> Result<Self> {
        let opened = Fitted::<Box<dyn Model>>::from_json(text)?;
        let found = opened.model.spec().id;
        if found != F::SPEC.id {
            return Err(Error::new(
                ErrorKind::InvalidDocument,
                format!("the document holds a {found} model, not {}", F::SPEC.id),
            ));
        }
        if opened.model.covariates().is_some() {
            return Err(Error::new(
                ErrorKind::InvalidDocument,
                format!("the document holds a {found} model with covariates, not a plain one"),
            ));
        }
        Ok(Fitted {
            model: F::from_parameters(&opened.model.parameters())?,
            unit: opened.unit,
            fit: opened.fit,
        })
    }
}

impl<F: Family> Fitted<WithCovariates<F>> {
    /// Open a document that holds this model with covariates.
    ///
    /// # Errors
    /// As for the model behind the object-safe trait, and [`ErrorKind::InvalidDocument`] when the document holds another model.
    pub fn from_json(text: &str) -> Result<Self> {
        let opened = Fitted::<Box<dyn Model>>::from_json(text)?;
        let found = opened.model.spec().id;
        let Some(declared) = opened.model.covariates().filter(|_| found == F::SPEC.id) else {
            return Err(Error::new(
                ErrorKind::InvalidDocument,
                format!("the document holds a {found} model, not {} with covariates", F::SPEC.id),
            ));
        };
        let all = opened.model.parameters();
        let (theta, gamma) = all.split_at(F::SPEC.parameters.len());
        let model = WithCovariates::new(F::from_parameters(theta)?, declared, gamma)?;
        Ok(Fitted { model, unit: opened.unit, fit: opened.fit })
    }
}

/// The model with these parameters and the covariates of another; none where that has none.
fn scaled_family<F: Family>(model: &dyn Model, theta: &[f64]) -> Result<Option<WithCovariates<F>>> {
    let Some(declared) = model.covariates() else { return Ok(None) };
    let (own, gamma) = theta.split_at(F::SPEC.parameters.len().min(theta.len()));
    WithCovariates::new(F::from_parameters(own)?, declared, gamma).map(Some)
}

/// The model with coefficients by name: all of them, and no others.
fn with_coefficients<F: Family>(base: F, (declared, named): Scaled<'_>) -> Result<WithCovariates<F>> {
    let names = WithCovariates::<F>::names_of(declared)?;
    if let Some(other) = named.keys().find(|name| !names.contains(name)) {
        return Err(Error::unknown("coefficient", other, names.iter().map(String::as_str)));
    }
    let value = |name: &String| {
        named.get(name).and_then(Value::as_f64).ok_or_else(|| {
            Error::new(ErrorKind::InvalidDocument, format!("coefficient {name} must be a number"))
        })
    };
    let coefficients: Vec<f64> = names.iter().map(value).collect::<Result<_>>()?;
    WithCovariates::new(base, declared, &coefficients)
}
