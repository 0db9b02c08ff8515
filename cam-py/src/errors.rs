//! From [`cam_core::Error`] to the exceptions of `cam.errors`, which are written in Python.

use cam_core::{Error, ErrorKind};
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;

/// The exception for an error: the class follows the kind, and row and field go along.
pub(crate) fn to_python(py: Python<'_>, error: &Error) -> PyErr {
    if error.kind() == ErrorKind::Interrupted {
        return PyKeyboardInterrupt::new_err(error.to_string());
    }
    let made = py
        .import("cam.errors")
        .and_then(|module| module.getattr("from_code"))
        .and_then(|make| make.call1((error.kind().code(), error.to_string(), error.row(), error.field())));
    match made {
        Ok(exception) => PyErr::from_value(exception),
        Err(failure) => failure,
    }
}

/// The error for a panic that a door caught: always a defect of cam.
pub(crate) fn from_panic(panic: &(dyn std::any::Any + Send)) -> Error {
    let said = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    Error::new(ErrorKind::Internal, format!("a defect in cam, please report it: {said}"))
}
