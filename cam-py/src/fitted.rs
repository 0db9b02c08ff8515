//! A model behind an opaque, immutable handle, and all that can be asked of it.

use crate::columns::Columns;
use crate::enter::{Call, enter, guard};
use crate::errors::to_python;
use cam_core::clv::{ValueOptions, customer_lifetime_value as lifetime_value};
use cam_core::{Error, ErrorKind, FitOptions, Model, Quantity, Result, Status, Unit, registry};
use numpy::{PyArray1, PyArray2};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// A model with its unit of time and, where it comes from data, the report of the fit.
#[pyclass(frozen, module = "cam._core")]
pub(crate) struct Fitted(pub(crate) cam_core::Fitted<Box<dyn Model>>);

/// Log-likelihood, customers, distinct rows, evaluations, gradient norm, status, and the parameters at the boundary.
type Report = (f64, f64, usize, usize, f64, &'static str, Vec<String>);

/// Name, statistic, p-value, whether contradicted, and the message of a check.
type Check = (String, f64, f64, bool, String);

/// A unit of time from its name.
pub(crate) fn unit_of(py: Python<'_>, unit: Option<&str>) -> PyResult<Option<Unit>> {
    guard(py, || unit.map(str::parse).transpose())
}

#[pymethods]
impl Fitted {
    /// The model's name in the registry.
    #[getter]
    fn id(&self) -> &'static str {
        self.0.model.spec().id
    }

    /// The unit of time.
    #[getter]
    fn unit(&self) -> Option<String> {
        self.0.unit.map(|unit| unit.to_string())
    }

    /// The parameters, in the order of the model.
    #[getter]
    fn parameters(&self) -> Vec<f64> {
        self.0.model.parameters()
    }

    /// Their names.
    #[getter]
    fn names(&self) -> Vec<String> {
        self.0.model.names().into_iter().map(Into::into).collect()
    }

    /// The covariates as they were declared, as JSON; none for a plain model.
    #[getter]
    fn covariates(&self, py: Python<'_>) -> PyResult<Option<String>> {
        let json = |declared| {
            serde_json::to_string(declared).map_err(|e| Error::new(ErrorKind::Internal, e.to_string()))
        };
        guard(py, || self.0.model.covariates().map(json).transpose())
    }

    /// The plain model of the customers with the covariates of these columns of one row.
    fn given(&self, py: Python<'_>, columns: Columns<'_>) -> PyResult<Fitted> {
        let model = guard(py, || self.0.model.given(&columns.table(None)?))?;
        Ok(Fitted(cam_core::Fitted { model, unit: self.0.unit, fit: None }))
    }

    /// Whether there is a report of a fit.
    #[getter]
    fn estimated(&self) -> bool {
        self.0.fit.is_some()
    }

    /// Whether there are draws from a posterior.
    #[getter]
    fn sampled(&self) -> bool {
        self.0.fit.as_ref().is_some_and(|fit| fit.posterior.is_some())
    }

    /// How many parameters are estimated.
    #[getter]
    fn free(&self) -> usize {
        self.0.estimated()
    }

    /// The draws from the posterior by parameter, chains x draws; and what they say about themselves, as JSON.
    fn posterior<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyDict>, String)> {
        let (posterior, told) = guard(py, || {
            let posterior = self.0.report()?.posterior.as_ref().ok_or_else(|| {
                Error::new(
                    ErrorKind::Unsupported,
                    "there are no draws: the model was not fitted with the method nuts",
                )
            })?;
            Ok((posterior, posterior.told()?))
        })?;
        let named = PyDict::new(py);
        for (name, chains) in posterior.parameters.iter().zip(&posterior.draws) {
            let array = PyArray2::from_vec2(py, chains)
                .map_err(|e| to_python(py, &Error::new(ErrorKind::Internal, e.to_string())))?;
            named.set_item(name, array)?;
        }
        Ok((named, told))
    }

    /// What the fit found out.
    fn report(&self, py: Python<'_>) -> PyResult<Report> {
        let report = guard(py, || self.0.report())?;
        let (status, parameters) = match &report.status {
            Status::Converged => ("converged", Vec::new()),
            Status::Boundary { parameters } => ("boundary", parameters.clone()),
            Status::NotConverged => ("not_converged", Vec::new()),
            Status::NotMaximum => ("not_maximum", Vec::new()),
            _ => ("unknown", Vec::new()),
        };
        Ok((
            report.log_likelihood,
            report.customers,
            report.distinct_rows,
            report.evaluations,
            report.gradient_norm,
            status,
            parameters,
        ))
    }

    /// What the data say to the assumptions of the model.
    fn checks(&self, py: Python<'_>) -> PyResult<Vec<Check>> {
        let report = guard(py, || self.0.report())?;
        let check = |c: &cam_core::model::Check| {
            (c.name.clone(), c.statistic, c.p_value, c.contradicted, c.message.clone())
        };
        Ok(report.checks.iter().map(check).collect())
    }

    /// The covariance matrix of the estimates.
    fn covariance<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let covariance = guard(py, || self.0.report()?.covariance())?;
        Ok(PyArray2::from_owned_array(py, covariance))
    }

    /// Lower and upper ends, in the order of the parameters.
    fn confidence_intervals(&self, py: Python<'_>, level: f64) -> PyResult<Vec<(f64, f64)>> {
        let intervals = guard(py, || self.0.confidence_intervals(level))?;
        Ok(intervals.iter().map(|interval| (interval.lower, interval.upper)).collect())
    }

    /// Akaike's and the Bayesian information criterion.
    fn information_criteria(&self, py: Python<'_>) -> PyResult<(f64, f64)> {
        let free = self.0.model.parameters().len();
        guard(py, || self.0.report().map(|report| (report.aic(free), report.bic(free))))
    }

    /// The document.
    fn to_json(&self, py: Python<'_>) -> PyResult<String> {
        guard(py, || self.0.to_json())
    }

    /// A quantity for every row.
    #[pyo3(signature = (quantity, columns, unit=None, threads=0, progress=None))]
    fn score<'py>(
        &self,
        py: Python<'py>,
        quantity: &str,
        columns: Columns<'py>,
        unit: Option<&str>,
        threads: usize,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let unit = unit_of(py, unit)?;
        let (quantity, table) = guard(py, || {
            self.0.check_unit(unit)?;
            Ok((Quantity::from_json(quantity)?, columns.table(unit)?))
        })?;
        let scores =
            enter(py, &Call { threads, progress }, |control| self.0.model.score(&quantity, &table, control))?;
        Ok(PyArray1::from_vec(py, scores))
    }

    /// A quantity for a customer who has just been acquired.
    fn new_customer(&self, py: Python<'_>, quantity: &str) -> PyResult<f64> {
        guard(py, || self.0.model.new_customer(&Quantity::from_json(quantity)?))
    }

    /// Draw a row for every row of the design; the columns by name.
    #[pyo3(signature = (columns, seed, threads=0, progress=None))]
    fn simulate<'py>(
        &self,
        py: Python<'py>,
        columns: Columns<'py>,
        seed: u64,
        threads: usize,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let table = guard(py, || columns.table(None))?;
        let drawn =
            enter(py, &Call { threads, progress }, |control| self.0.model.simulate(&table, seed, control))?;
        let named = PyDict::new(py);
        for (variable, values) in self.0.model.spec().columns.iter().zip(drawn) {
            named.set_item(variable.name, PyArray1::from_vec(py, values))?;
        }
        Ok(named)
    }
}

/// Every model of the registry, as JSON.
#[pyfunction]
pub(crate) fn models(py: Python<'_>) -> PyResult<String> {
    let specs: Vec<_> = registry::models().iter().map(|entry| entry.spec()).collect();
    guard(py, || serde_json::to_string(&specs).map_err(|e| Error::new(ErrorKind::Internal, e.to_string())))
}

/// Maximum likelihood.
#[pyfunction]
#[pyo3(signature = (id, columns, unit=None, options="{}", threads=0, progress=None))]
pub(crate) fn fit(
    py: Python<'_>,
    id: &str,
    columns: Columns<'_>,
    unit: Option<&str>,
    options: &str,
    threads: usize,
    progress: Option<Py<PyAny>>,
) -> PyResult<Fitted> {
    let unit = unit_of(py, unit)?;
    let (entry, options, table) = guard(py, || {
        let options: FitOptions = read_options("the options of a fit", options)?;
        Ok((registry::model(id)?, options, columns.table(unit)?))
    })?;
    enter(py, &Call { threads, progress }, |control| entry.fit(&table, &options, control)).map(Fitted)
}

/// A model with these parameters.
#[pyfunction]
#[pyo3(signature = (id, parameters, unit=None))]
pub(crate) fn with_parameters(
    py: Python<'_>,
    id: &str,
    parameters: Vec<f64>,
    unit: Option<&str>,
) -> PyResult<Fitted> {
    let unit = unit_of(py, unit)?;
    guard(py, || registry::model(id)?.with_parameters(&parameters, unit)).map(Fitted)
}

/// Open a document.
#[pyfunction]
pub(crate) fn from_json(py: Python<'_>, text: &str) -> PyResult<Fitted> {
    guard(py, || cam_core::Fitted::<Box<dyn Model>>::from_json(text)).map(Fitted)
}

/// The value of every customer.
#[pyfunction]
#[pyo3(signature = (purchases, spend, columns, options, unit=None, threads=0, progress=None))]
#[expect(clippy::too_many_arguments, reason = "the keywords of one Python function")]
pub(crate) fn customer_lifetime_value<'py>(
    py: Python<'py>,
    purchases: &Fitted,
    spend: &Fitted,
    columns: Columns<'py>,
    options: &str,
    unit: Option<&str>,
    threads: usize,
    progress: Option<Py<PyAny>>,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let unit = unit_of(py, unit)?;
    let (options, table) = guard(py, || {
        purchases.0.check_unit(unit)?;
        Ok((read_options::<ValueOptions>("the options of lifetime value", options)?, columns.table(unit)?))
    })?;
    let value = enter(py, &Call { threads, progress }, |control| {
        lifetime_value(&purchases.0.model, &spend.0.model, &table, &options, control)
    })?;
    Ok(PyArray1::from_vec(py, value))
}

fn read_options<T: serde::de::DeserializeOwned>(what: &str, json: &str) -> Result<T> {
    serde_json::from_str(json).map_err(|e| Error::json(what, &e))
}
