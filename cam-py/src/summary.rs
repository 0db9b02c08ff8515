//! From a transaction log to a summary, at once or in batches.

use crate::columns::{LogColumns, PyMoment};
use crate::enter::{Call, enter, guard};
use cam_core::clv::{RegularityMethod, regularity};
use cam_core::summary::{Keys, Moment, Refunds, Split, Summary, SummaryBuilder, SummaryOptions};
use cam_core::summary::{intervals, split_many, summarize};
use cam_core::{Error, ErrorKind, Unit};
use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A summary in the making.
#[pyclass(frozen, name = "SummaryBuilder", module = "cam._core")]
pub(crate) struct Builder {
    builder: Mutex<SummaryBuilder>,
    /// Whether it was made for splits; unknown for one that was read from bytes.
    splits: Option<bool>,
    /// Options and calibration ends, where they are known: for whole logs, which need no builder.
    made: Option<(SummaryOptions, Vec<Moment>)>,
}

impl Builder {
    /// Only for use without the GIL, so that no two threads wait for each other.
    fn lock(&self) -> MutexGuard<'_, SummaryBuilder> {
        self.builder.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl Builder {
    #[new]
    #[pyo3(signature = (unit="D", period="D", observation_end=None, calibration_ends=None, numbers_in="D",
        include_first_transaction=false, refunds="net", drop_zero_amounts=false, log_intervals=false, opportunities=false, spread=None))]
    #[expect(clippy::too_many_arguments, reason = "the keywords of one Python function")]
    fn new(
        py: Python<'_>,
        unit: &str,
        period: &str,
        observation_end: Option<PyMoment<'_>>,
        calibration_ends: Option<Vec<PyMoment<'_>>>,
        numbers_in: &str,
        include_first_transaction: bool,
        refunds: &str,
        drop_zero_amounts: bool,
        log_intervals: bool,
        opportunities: bool,
        spread: Option<&str>,
    ) -> PyResult<Self> {
        let end = observation_end.map(|end| end.read(py)).transpose()?;
        let splits = calibration_ends.is_some();
        let ends = calibration_ends.unwrap_or_default();
        let ends = ends.iter().map(|end| end.read(py)).collect::<PyResult<Vec<_>>>()?;
        let (options, builder) = guard(py, || {
            let options = SummaryOptions::new()
                .unit(unit.parse::<Unit>()?)
                .period(period.parse()?)
                .numbers_in(numbers_in.parse::<Unit>()?)
                .observation_end(end)
                .include_first_transaction(include_first_transaction)
                .refunds(refunds.parse::<Refunds>()?)
                .drop_zero_amounts(drop_zero_amounts)
                .log_intervals(log_intervals)
                .opportunities(opportunities)
                .spread(spread.map(str::parse).transpose()?);
            // The spread is for whole logs, which leave this builder empty.
            Ok((options, SummaryBuilder::with_calibration_ends(options.spread(None), &ends)?))
        })?;
        Ok(Builder { builder: Mutex::new(builder), splits: Some(splits), made: Some((options, ends)) })
    }

    /// What `push` and `finish` would give for a log that is there as a whole, in the fastest way that its keys allow. The state of the
    /// builder is neither used nor changed.
    #[pyo3(signature = (keys, time_kind, times, amounts=None, threads=0, progress=None))]
    #[expect(clippy::too_many_arguments, reason = "the keywords of one Python function")]
    fn whole<'py>(
        &self,
        py: Python<'py>,
        keys: &Bound<'py, PyAny>,
        time_kind: &str,
        times: &Bound<'py, PyAny>,
        amounts: Option<PyReadonlyArray1<'py, f64>>,
        threads: usize,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Vec<Finished<'py>>> {
        let Some((options, ends)) = &self.made else {
            let error =
                Error::new(ErrorKind::Unsupported, "a builder that was read from bytes takes batches");
            return Err(crate::errors::to_python(py, &error));
        };
        let log = LogColumns::new(keys, time_kind, times, amounts)?;
        let slices = log.slices()?;
        let call = Call { threads, progress };
        if self.splits == Some(true) {
            let splits = enter(py, &call, |control| {
                slices.with(control, |log| split_many(log, ends, options, control))
            })?;
            return splits.iter().map(|split| finished_split(py, split)).collect();
        }
        let summary =
            enter(py, &call, |control| slices.with(control, |log| summarize(log, options, control)))?;
        Ok(vec![finished(py, &summary)?])
    }

    /// How regularly the customers of a log that is there as a whole buy: k, its standard error, and how many customers it is from.
    #[pyo3(signature = (method, keys, time_kind, times, amounts=None, threads=0, progress=None))]
    #[expect(clippy::too_many_arguments, reason = "the keywords of one Python function")]
    fn regularity<'py>(
        &self,
        py: Python<'py>,
        method: &str,
        keys: &Bound<'py, PyAny>,
        time_kind: &str,
        times: &Bound<'py, PyAny>,
        amounts: Option<PyReadonlyArray1<'py, f64>>,
        threads: usize,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<(f64, Option<f64>, usize)> {
        let options = self.made.as_ref().map_or_else(SummaryOptions::new, |(options, _)| *options);
        let log = LogColumns::new(keys, time_kind, times, amounts)?;
        let slices = log.slices()?;
        let found = enter(py, &Call { threads, progress }, |control| {
            let method = RegularityMethod::named(method)?;
            let intervals = slices.with(control, |log| intervals(log, &options, control))?;
            regularity(&intervals.lengths, &intervals.per_customer, method)
        })?;
        Ok((found.k, found.standard_error, found.customers))
    }

    /// Take in a batch of rows.
    #[pyo3(signature = (keys, time_kind, times, amounts=None, threads=0, progress=None))]
    #[expect(clippy::too_many_arguments, reason = "the keywords of one Python function")]
    fn push<'py>(
        &self,
        py: Python<'py>,
        keys: &Bound<'py, PyAny>,
        time_kind: &str,
        times: &Bound<'py, PyAny>,
        amounts: Option<PyReadonlyArray1<'py, f64>>,
        threads: usize,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<()> {
        let log = LogColumns::new(keys, time_kind, times, amounts)?;
        let slices = log.slices()?;
        enter(py, &Call { threads, progress }, |control| {
            slices.with(control, |log| self.lock().push(log, control))
        })
    }

    /// Take over what another builder has seen.
    fn merge(&self, py: Python<'_>, other: &Builder) -> PyResult<()> {
        if std::ptr::eq(self, other) {
            let error = Error::new(ErrorKind::InvalidParameter, "a builder cannot be merged into itself");
            return Err(crate::errors::to_python(py, &error));
        }
        enter(py, &Call { threads: 1, progress: None }, |_| {
            let other = other.lock().clone();
            self.lock().merge(&other)
        })
    }

    /// The state as bytes.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = enter(py, &Call { threads: 1, progress: None }, |_| self.lock().to_bytes())?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// A builder from its bytes.
    #[staticmethod]
    fn from_bytes(py: Python<'_>, data: &[u8]) -> PyResult<Self> {
        let call = Call { threads: 1, progress: None };
        let builder = enter(py, &call, |_| SummaryBuilder::from_bytes(data))?;
        Ok(Builder { builder: Mutex::new(builder), splits: None, made: None })
    }

    /// Repeat purchases over time, in steps: the columns, the first day, and how many steps are complete.
    #[pyo3(signature = (step, threads=0, progress=None))]
    fn tracking<'py>(
        &self,
        py: Python<'py>,
        step: &str,
        threads: usize,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<(Bound<'py, PyDict>, f64, usize)> {
        let step = guard(py, || step.parse::<Unit>())?;
        let tracking = enter(py, &Call { threads, progress }, |control| self.lock().tracking(step, control))?;
        let columns = PyDict::new(py);
        for (name, values) in [
            ("end", tracking.ends),
            ("incremental", tracking.incremental),
            ("cumulative", tracking.cumulative),
            ("new_customers", tracking.new_customers),
        ] {
            columns.set_item(name, PyArray1::from_vec(py, values))?;
        }
        Ok((columns, tracking.origin, tracking.complete))
    }

    /// `(rows, customers, bytes of memory)` so far.
    fn size(&self, py: Python<'_>) -> (u64, usize, usize) {
        py.detach(|| {
            let builder = self.lock();
            (builder.rows(), builder.customers(), builder.memory_bytes())
        })
    }

    /// The summary, or one split for each calibration end: `(keys, columns, facts)`.
    #[pyo3(signature = (threads=0, progress=None))]
    fn finish<'py>(
        &self,
        py: Python<'py>,
        threads: usize,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Vec<Finished<'py>>> {
        let call = Call { threads, progress };
        let splits = match self.splits {
            Some(false) => Vec::new(),
            _ => enter(py, &call, |control| self.lock().finish_splits(control))?,
        };
        if splits.is_empty() {
            let summary = enter(py, &call, |control| self.lock().finish(control))?;
            return Ok(vec![finished(py, &summary)?]);
        }
        splits.iter().map(|split| finished_split(py, split)).collect()
    }
}

type Finished<'py> = (Bound<'py, PyAny>, Bound<'py, PyDict>, Bound<'py, PyDict>);

fn finished<'py>(py: Python<'py>, summary: &Summary) -> PyResult<Finished<'py>> {
    Ok((keys(py, summary), columns(py, summary)?, facts(py, summary)?))
}

fn finished_split<'py>(py: Python<'py>, split: &Split) -> PyResult<Finished<'py>> {
    let (keys, columns, facts) = finished(py, &split.calibration)?;
    columns.set_item("frequency_holdout", PyArray1::from_slice(py, &split.frequency_holdout))?;
    if let Some(values) = &split.monetary_value_holdout {
        columns.set_item("monetary_value_holdout", PyArray1::from_slice(py, values))?;
    }
    let duration = vec![split.duration_holdout; split.calibration.len()];
    columns.set_item("duration_holdout", PyArray1::from_vec(py, duration))?;
    Ok((keys, columns, facts))
}

/// `int64` keys, or `(offsets, bytes)` of texts.
fn keys<'py>(py: Python<'py>, summary: &Summary) -> Bound<'py, PyAny> {
    match summary.keys() {
        Some(Keys::Int(keys)) => PyArray1::from_slice(py, keys).into_any(),
        Some(Keys::Text { offsets, bytes }) => {
            let pair = (PyArray1::from_slice(py, offsets), PyArray1::from_slice(py, bytes));
            pair.into_pyobject(py).map_or_else(|_| py.None().into_bound(py), Bound::into_any)
        }
        _ => py.None().into_bound(py),
    }
}

fn columns<'py>(py: Python<'py>, summary: &Summary) -> PyResult<Bound<'py, PyDict>> {
    let columns = PyDict::new(py);
    let table = summary.table();
    for name in table.names() {
        let values = table.get(name).map(|values| PyArray1::from_vec(py, values.to_vec()));
        columns.set_item(name, values)?;
    }
    Ok(columns)
}

/// The unit, the end of the observation (days since 1970-01-01), and what was done with the rows of the log, as JSON.
fn facts<'py>(py: Python<'py>, summary: &Summary) -> PyResult<Bound<'py, PyDict>> {
    let facts = PyDict::new(py);
    facts.set_item("unit", summary.unit().to_string())?;
    facts.set_item("observation_end", summary.observation_end())?;
    let report = guard(py, || {
        serde_json::to_string(summary.report()).map_err(|e| Error::new(ErrorKind::Internal, e.to_string()))
    })?;
    facts.set_item("report", report)?;
    Ok(facts)
}
