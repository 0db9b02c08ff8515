//! Work that is not a model, by its name.

use crate::columns::Columns;
use crate::enter::{Call, enter, guard};
use crate::fitted::{Fitted, unit_of};
use cam_core::task::{Models, TaskEntry};
use cam_core::{Error, ErrorKind};
use numpy::PyArray1;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Every task, as JSON.
#[pyfunction]
pub(crate) fn tasks(py: Python<'_>) -> PyResult<String> {
    let specs: Vec<_> = cam_core::tasks().iter().map(TaskEntry::spec).collect();
    guard(py, || serde_json::to_string(&specs).map_err(|e| Error::new(ErrorKind::Internal, e.to_string())))
}

/// Do a task: the object of its answer as JSON, and its columns by name.
#[pyfunction]
#[pyo3(signature = (task, columns, options="{}", models=Vec::new(), unit=None, threads=0, progress=None))]
#[expect(clippy::too_many_arguments, reason = "the keywords of one Python function")]
pub(crate) fn run<'py>(
    py: Python<'py>,
    task: &str,
    columns: Columns<'py>,
    options: &str,
    models: Vec<Py<Fitted>>,
    unit: Option<&str>,
    threads: usize,
    progress: Option<Py<PyAny>>,
) -> PyResult<(String, Bound<'py, PyDict>)> {
    let unit = unit_of(py, unit)?;
    let (entry, table) = guard(py, || Ok((cam_core::task(task)?, columns.table(unit)?)))?;
    let models: Vec<_> = models.iter().map(|model| &model.get().0).collect();
    let answer = enter(py, &Call { threads, progress }, |control| {
        entry.run(&table, Models::new(&models), options, control)
    })?;
    let named = PyDict::new(py);
    for (name, values) in answer.columns {
        named.set_item(name, PyArray1::from_vec(py, values))?;
    }
    Ok((answer.output, named))
}
