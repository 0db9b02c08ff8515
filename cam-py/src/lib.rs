//! The Python door: the extension module `cam._core`.
//!
//! A few dynamic functions that walk the registry of `cam_core`; the classes that people use are written in Python
//! on top of them. Data come in as NumPy arrays, borrowed; long work goes through [`enter`](enter::enter).

mod cohorts;
mod columns;
mod enter;
mod errors;
mod fitted;
mod summary;
mod task;

use pyo3::prelude::*;

/// The compiled core of cam. Not for direct use: see the package `cam`.
#[pymodule(gil_used = false)]
mod _core {
    #[pymodule_export]
    use crate::cohorts::cohort_table;
    #[pymodule_export]
    use crate::fitted::{Fitted, customer_lifetime_value, fit, from_json, models, with_parameters};
    #[pymodule_export]
    use crate::summary::Builder;
    #[pymodule_export]
    use crate::task::{run, tasks};

    use pyo3::prelude::*;

    /// The interface of NumPy is looked up here, where nobody interrupts, and not in the midst of a call.
    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        let _ = numpy::PyArray1::<f64>::zeros(module.py(), 0, false);
        Ok(())
    }

    /// The version of the library.
    #[pymodule_export]
    #[allow(non_upper_case_globals)]
    const __version__: &str = env!("CARGO_PKG_VERSION");

    /// Panic, to show that a defect becomes an exception.
    #[pyfunction]
    fn deliberate_panic(py: Python<'_>) -> PyResult<()> {
        let call = crate::enter::Call { threads: 1, progress: None };
        crate::enter::enter(py, &call, |_| panic!("a deliberate panic"))
    }
}
