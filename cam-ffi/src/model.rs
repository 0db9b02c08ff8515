//! Models: fitted, given or opened; and what they tell about themselves.

use crate::control::{cam_control, run};
use crate::error::{c_text, cam_error};
use crate::guard::{ask, borrow, copy_out, free, give, guard, slice, text};
use crate::options;
use crate::string::cam_string;
use crate::table::{cam_table, read_unit, write_json};
use cam_core::registry::{self, Entry};
use cam_core::{Error, FitOptions, Fitted, Model, Result};
use std::ffi::{CString, c_char};
use std::ptr;

/// A model: its parameters, the unit of its times, and what the fit found out where it comes from data. Immutable: any number of threads
/// may use one at the same time. Free with cam_model_free.
#[derive(Debug)]
pub struct cam_model {
    pub(crate) fitted: Fitted<Box<dyn Model>>,
    id: CString,
    unit: Option<CString>,
    parameters: Vec<CString>,
}

impl cam_model {
    fn boxed(fitted: Fitted<Box<dyn Model>>) -> *mut cam_model {
        let spec = fitted.model.spec();
        Box::into_raw(Box::new(cam_model {
            id: c_text(spec.id),
            unit: fitted.unit.map(|unit| c_text(&unit.to_string())),
            parameters: fitted.model.names().iter().map(|name| c_text(name)).collect(),
            fitted,
        }))
    }
}

/// All models: a JSON array with the id, title, source, parameters, columns, design and quantities of each.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_models_json(out: *mut *mut cam_string, err: *mut *mut cam_error) -> i32 {
    let specs = || registry::models().iter().map(Entry::spec).collect::<Vec<_>>();
    // SAFETY: a writable place, by the contract of the header.
    unsafe { give(out, err, || Ok(cam_string::boxed(&write_json(&specs())?))) }
}

/// Fit a model ("bg_nbd", "pareto_nbd", "gamma_gamma", …; see cam_models_json) by maximum likelihood. The table has the columns of the model
/// and perhaps `weight`. `options` is JSON or NULL: {"start": null, "gradient_tolerance": 1e-11, "max_evaluations": 500,
/// "fixed": {}}. `fixed` holds whole-number parameters that are not to be chosen by likelihood: {"k": 2}.
///
/// CAM_OK does not mean that the search ended at a maximum: ask cam_model_converged.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_model_fit(
    model: *const c_char,
    table: *const cam_table,
    options: *const c_char,
    control: *const cam_control,
    out: *mut *mut cam_model,
    err: *mut *mut cam_error,
) -> i32 {
    // SAFETY: live handles and readable texts, and a writable place, by the contract of the header.
    unsafe {
        give(out, err, || {
            let entry = registry::model(text(model, "model")?)?;
            let table = borrow(table, "table")?.core()?;
            let options: FitOptions = options::read(options)?;
            Ok(cam_model::boxed(run(control, |control| entry.fit(&table, &options, control))?))
        })
    }
}

/// The model with these parameters, in the order of cam_models_json. `unit` is the unit of its times, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_model_from_parameters(
    model: *const c_char,
    parameters: *const f64,
    parameter_count: usize,
    unit: *const c_char,
    out: *mut *mut cam_model,
    err: *mut *mut cam_error,
) -> i32 {
    // SAFETY: readable texts and values, and a writable place, by the contract of the header.
    unsafe {
        give(out, err, || {
            let entry = registry::model(text(model, "model")?)?;
            let parameters = slice(parameters, parameter_count, "parameters")?;
            Ok(cam_model::boxed(entry.with_parameters(parameters, read_unit(unit)?)?))
        })
    }
}

/// Open a document that any of cam's languages wrote.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_model_from_json(
    json: *const c_char,
    out: *mut *mut cam_model,
    err: *mut *mut cam_error,
) -> i32 {
    // SAFETY: a readable text, and a writable place, by the contract of the header.
    unsafe {
        give(out, err, || Ok(cam_model::boxed(Fitted::<Box<dyn Model>>::from_json(text(json, "json")?)?)))
    }
}

/// The model as a JSON document that opens from every language; byte for byte the same from each of them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_model_to_json(
    model: *const cam_model,
    out: *mut *mut cam_string,
    err: *mut *mut cam_error,
) -> i32 {
    // SAFETY: a live handle, and a writable place, by the contract of the header.
    unsafe { give(out, err, || Ok(cam_string::boxed(&borrow(model, "model")?.fitted.to_json()?))) }
}

/// Which model it is, such as "bg_nbd"; lives as long as the model. "" for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_model_id(model: *const cam_model) -> *const c_char {
    // SAFETY: NULL or a live handle, by the contract of the header.
    unsafe { ask(model, c"".as_ptr(), |m| Some(m.id.as_ptr())) }
}

/// The unit of its times ("day", "week", ...); lives as long as the model. NULL where it is not known.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_model_unit(model: *const cam_model) -> *const c_char {
    // SAFETY: NULL or a live handle, by the contract of the header.
    unsafe { ask(model, ptr::null(), |model| model.unit.as_ref().map(|unit| unit.as_ptr())) }
}

/// The number of parameters. 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_model_parameter_count(model: *const cam_model) -> usize {
    // SAFETY: NULL or a live handle, by the contract of the header.
    unsafe { ask(model, 0, |m| Some(m.parameters.len())) }
}

/// The name of a parameter; lives as long as the model. NULL where there is no such parameter.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_model_parameter_name(model: *const cam_model, index: usize) -> *const c_char {
    // SAFETY: NULL or a live handle, by the contract of the header.
    unsafe { ask(model, ptr::null(), |model| model.parameters.get(index).map(|name| name.as_ptr())) }
}

/// What an entry tells about a model, as numbers copied into a buffer.
///
/// # Safety
/// `model` is NULL or a live handle; `out` has room for `capacity` values.
unsafe fn tell(
    model: *const cam_model,
    out: *mut f64,
    capacity: usize,
    err: *mut *mut cam_error,
    what: impl FnOnce(&Fitted<Box<dyn Model>>) -> Result<Vec<f64>>,
) -> i32 {
    guard(err, || {
        // SAFETY: by the contract of this function.
        unsafe { copy_out(&what(&borrow(model, "model")?.fitted)?, out, capacity, "out") }
    })
}

/// Copy the parameters, in order.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_model_parameters(
    model: *const cam_model,
    out: *mut f64,
    capacity: usize,
    err: *mut *mut cam_error,
) -> i32 {
    // SAFETY: by the contract of the header.
    unsafe { tell(model, out, capacity, err, |fitted| Ok(fitted.model.parameters())) }
}

/// Copy the standard errors of the parameters, in order; a whole number, such as the k of bg_cnbd_k, stands last, is chosen, and has none. CAM_UNSUPPORTED where the parameters were given, not estimated;
/// CAM_NUMERICAL where the Hessian is not negative definite.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_model_standard_errors(
    model: *const cam_model,
    out: *mut f64,
    capacity: usize,
    err: *mut *mut cam_error,
) -> i32 {
    // SAFETY: by the contract of the header.
    unsafe { tell(model, out, capacity, err, |fitted| fitted.report()?.standard_errors()) }
}

/// Copy the covariance matrix of the parameters, row by row: as many rows as there are standard errors. Errors as for cam_model_standard_errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_model_covariance(
    model: *const cam_model,
    out: *mut f64,
    capacity: usize,
    err: *mut *mut cam_error,
) -> i32 {
    // SAFETY: by the contract of the header.
    unsafe {
        tell(model, out, capacity, err, |fitted| Ok(fitted.report()?.covariance()?.iter().copied().collect()))
    }
}

/// Copy confidence intervals at `level`, such as 0.95: for each parameter that has a standard error the lower and the upper end. Errors as for
/// cam_model_standard_errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_model_confidence_intervals(
    model: *const cam_model,
    level: f64,
    out: *mut f64,
    capacity: usize,
    err: *mut *mut cam_error,
) -> i32 {
    let ends = |fitted: &Fitted<Box<dyn Model>>| {
        Ok(fitted.confidence_intervals(level)?.iter().flat_map(|i| [i.lower, i.upper]).collect())
    };
    // SAFETY: by the contract of the header.
    unsafe { tell(model, out, capacity, err, ends) }
}

/// The log-likelihood of the data that the model was fitted to. CAM_UNSUPPORTED where the parameters were given.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_model_log_likelihood(
    model: *const cam_model,
    out: *mut f64,
    err: *mut *mut cam_error,
) -> i32 {
    // SAFETY: by the contract of the header.
    unsafe { tell(model, out, 1, err, |fitted| Ok(vec![fitted.report()?.log_likelihood])) }
}

/// 1 when the fit ended at a maximum; 0 when not, when the parameters were given, or for NULL. See cam_model_fit_json for the reason.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_model_converged(model: *const cam_model) -> i32 {
    // SAFETY: NULL or a live handle, by the contract of the header.
    unsafe { ask(model, 0, |model| Some(i32::from(model.fitted.fit.as_ref()?.converged()))) }
}

/// What the fit found out, as JSON: log_likelihood, customers, distinct_rows, evaluations, gradient_norm, status, covariance.
/// CAM_UNSUPPORTED where the parameters were given.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_model_fit_json(
    model: *const cam_model,
    out: *mut *mut cam_string,
    err: *mut *mut cam_error,
) -> i32 {
    // SAFETY: a live handle and a writable place, by the contract of the header.
    unsafe {
        give(out, err, || Ok(cam_string::boxed(&write_json(borrow(model, "model")?.fitted.report()?)?)))
    }
}

/// Free a model. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_model_free(model: *mut cam_model) {
    // SAFETY: NULL or a handle from this library that was not freed before, by the contract of the header.
    unsafe { free(model) }
}

/// The model and the data agree on the unit of time.
pub(crate) fn check_unit(model: &cam_model, table: &cam_core::Table<'_>) -> Result<(), Error> {
    model.fitted.check_unit(table.unit())
}
