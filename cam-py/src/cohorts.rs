//! Cohort tables of a log.

use crate::columns::{LogColumns, PyMoment};
use crate::enter::{Call, enter, guard};
use cam_core::Unit;
use cam_core::summary::{Period, Refunds, SummaryOptions, cohort_table as table};
use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// The columns of a cohort table.
#[pyfunction]
#[pyo3(signature = (keys, time_kind, times, amounts, step, period, observation_end, numbers_in, refunds,
    drop_zero_amounts, threads=0, progress=None))]
#[expect(clippy::too_many_arguments, reason = "the keywords of one Python function")]
pub(crate) fn cohort_table<'py>(
    py: Python<'py>,
    keys: &Bound<'py, PyAny>,
    time_kind: &str,
    times: &Bound<'py, PyAny>,
    amounts: Option<PyReadonlyArray1<'py, f64>>,
    step: &str,
    period: &str,
    observation_end: Option<PyMoment<'py>>,
    numbers_in: &str,
    refunds: &str,
    drop_zero_amounts: bool,
    threads: usize,
    progress: Option<Py<PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let end = observation_end.map(|end| end.read(py)).transpose()?;
    let (step, options) = guard(py, || {
        let options = SummaryOptions::new()
            .period(period.parse()?)
            .numbers_in(numbers_in.parse::<Unit>()?)
            .observation_end(end)
            .refunds(refunds.parse::<Refunds>()?)
            .drop_zero_amounts(drop_zero_amounts);
        Ok((step.parse::<Period>()?, options))
    })?;
    let log = LogColumns::new(keys, time_kind, times, amounts)?;
    let slices = log.slices()?;
    let found = enter(py, &Call { threads, progress }, |control| {
        slices.with(control, |log| table(log, step, &options, control))
    })?;
    let columns = PyDict::new(py);
    for (name, values) in [
        ("cohort", Some(found.cohort)),
        ("period", Some(found.period)),
        ("customers", Some(found.customers)),
        ("active", Some(found.active)),
        ("purchases", Some(found.purchases)),
        ("revenue", found.revenue),
        ("retention", Some(found.retention)),
        ("repeat_rate", Some(found.repeat_rate)),
    ] {
        if let Some(values) = values {
            columns.set_item(name, PyArray1::from_vec(py, values))?;
        }
    }
    columns.set_item("complete", PyArray1::from_vec(py, found.complete))?;
    Ok(columns)
}
