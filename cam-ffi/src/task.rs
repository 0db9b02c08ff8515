//! Work that is not a model, by its name: one verb for all of it.

use crate::control::{cam_control, run};
use crate::error::{c_text, cam_error};
use crate::guard::{ask, borrow, copy_out, free, give, guard, slice, text, text_opt};
use crate::model::cam_model;
use crate::string::cam_string;
use crate::table::{cam_table, write_json};
use cam_core::task::{Answer, Models, TaskEntry};
use cam_core::{Result, Table};
use std::ffi::{CString, c_char};
use std::ptr;

/// What a task gave: a JSON object, and named columns of doubles. Immutable; free with cam_answer_free.
#[derive(Debug)]
pub struct cam_answer {
    answer: Answer,
    json: CString,
    names: Vec<CString>,
}

impl cam_answer {
    fn boxed(answer: Answer) -> *mut cam_answer {
        let (json, names) =
            (c_text(&answer.output), answer.columns.iter().map(|(name, _)| c_text(name)).collect());
        Box::into_raw(Box::new(cam_answer { answer, json, names }))
    }
}

/// All tasks: a JSON array with the id, title and source of each, the columns that it needs, the models that it takes, its options with their
/// defaults, and the columns of its answer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_tasks_json(out: *mut *mut cam_string, err: *mut *mut cam_error) -> i32 {
    let specs = || cam_core::tasks().iter().map(TaskEntry::spec).collect::<Vec<_>>();
    // SAFETY: a writable place, by the contract of the header.
    unsafe { give(out, err, || Ok(cam_string::boxed(&write_json(&specs())?))) }
}

/// Do a task ("spend_independence", ...; see cam_tasks_json). `table` may be NULL where the task needs none; `models` are as many as
/// `model_count`, in the order that the task asks for; `options` is JSON or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_run(
    task: *const c_char,
    table: *const cam_table,
    models: *const *const cam_model,
    model_count: usize,
    options: *const c_char,
    control: *const cam_control,
    out: *mut *mut cam_answer,
    err: *mut *mut cam_error,
) -> i32 {
    // SAFETY: live handles and readable texts, and a writable place, by the contract of the header.
    unsafe {
        give(out, err, || {
            let entry = cam_core::task(text(task, "task")?)?;
            let table = match table.is_null() {
                true => Table::new(),
                false => borrow(table, "table")?.core()?,
            };
            let models = slice(models, model_count, "models")?;
            let models: Vec<_> =
                models.iter().map(|&model| Ok(&borrow(model, "models")?.fitted)).collect::<Result<_>>()?;
            let options = text_opt(options, "options")?.unwrap_or_default();
            let models = Models::new(&models);
            Ok(cam_answer::boxed(run(control, |control| entry.run(&table, models, options, control))?))
        })
    }
}

/// The object of the answer as JSON; lives as long as the answer. "" for NULL. A number that is not finite is null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_answer_json(answer: *const cam_answer) -> *const c_char {
    // SAFETY: NULL or a live handle, by the contract of the header.
    unsafe { ask(answer, c"".as_ptr(), |a| Some(a.json.as_ptr())) }
}

/// The number of columns. 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_answer_column_count(answer: *const cam_answer) -> usize {
    // SAFETY: NULL or a live handle, by the contract of the header.
    unsafe { ask(answer, 0, |a| Some(a.names.len())) }
}

/// The name of a column; lives as long as the answer. NULL where there is no such column.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_answer_column_name(answer: *const cam_answer, index: usize) -> *const c_char {
    // SAFETY: NULL or a live handle, by the contract of the header.
    unsafe { ask(answer, ptr::null(), |a| a.names.get(index).map(|name| name.as_ptr())) }
}

/// The number of values of a column, which may differ from one to the next. 0 where there is no such column.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_answer_column_length(answer: *const cam_answer, index: usize) -> usize {
    // SAFETY: NULL or a live handle, by the contract of the header.
    unsafe { ask(answer, 0, |a| a.answer.columns.get(index).map(|(_, values)| values.len())) }
}

/// Copy a column into `out`, which has room for `capacity` values.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_answer_column(
    answer: *const cam_answer,
    name: *const c_char,
    out: *mut f64,
    capacity: usize,
    err: *mut *mut cam_error,
) -> i32 {
    guard(err, || {
        // SAFETY: a live handle, a readable text, and a buffer with room for `capacity` values, by the contract of the header.
        unsafe {
            let answer = &borrow(answer, "answer")?.answer;
            copy_out(answer.column(text(name, "name")?)?, out, capacity, "out")
        }
    })
}

/// Free an answer. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_answer_free(answer: *mut cam_answer) {
    // SAFETY: NULL or a handle from this library that was not freed before, by the contract of the header.
    unsafe { free(answer) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_with_columns_is_read_name_by_name_and_value_by_value() {
        let answer = Answer::new("{\"a\":1}".to_owned()).with("one", vec![1.0]).with("two", vec![2.0, 3.0]);
        let answer = cam_answer::boxed(answer);
        let mut out = [0.0; 3];
        // SAFETY: a live handle, and buffers of the sizes given.
        unsafe {
            assert_eq!(cam_answer_column_count(answer), 2);
            assert_eq!(std::ffi::CStr::from_ptr(cam_answer_column_name(answer, 1)), c"two");
            assert!(cam_answer_column_name(answer, 2).is_null());
            assert_eq!((cam_answer_column_length(answer, 1), cam_answer_column_length(answer, 2)), (2, 0));
            let copy = |name: &std::ffi::CStr, out: *mut f64, room| {
                cam_answer_column(answer, name.as_ptr(), out, room, ptr::null_mut())
            };
            assert_eq!(copy(c"two", out.as_mut_ptr(), 3), crate::CAM_OK);
            assert_eq!(out, [2.0, 3.0, 0.0]);
            assert_eq!(copy(c"two", out.as_mut_ptr(), 1), crate::CAM_INVALID_SHAPE);
            assert_eq!(copy(c"three", out.as_mut_ptr(), 3), crate::CAM_UNKNOWN_NAME);
            assert_eq!(copy(c"one", ptr::null_mut(), 3), crate::CAM_INVALID_PARAMETER);
            cam_answer_free(answer);
        }
    }
}
