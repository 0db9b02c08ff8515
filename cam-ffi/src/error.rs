//! Errors: an opaque handle with accessors.

use crate::guard::{ask, free};
use cam_core::Error;
use std::ffi::{CString, c_char};
use std::ptr;

/// What went wrong in a call that returned a status other than CAM_OK. Immutable; free with cam_error_free.
#[derive(Debug)]
pub struct cam_error {
    error: Error,
    message: CString,
    kind: CString,
    field: Option<CString>,
}

/// A C text of whatever the text is: NULs, which C could not see past, become U+FFFD.
pub(crate) fn c_text(text: &str) -> CString {
    CString::new(text.replace('\0', "\u{FFFD}")).unwrap_or_default()
}

impl cam_error {
    pub(crate) fn boxed(error: Error) -> *mut cam_error {
        let message = c_text(&error.to_string());
        let kind = c_text(error.kind().name());
        let field = error.field().map(c_text);
        Box::into_raw(Box::new(cam_error { error, message, kind, field }))
    }
}

/// The status code: the same number that the call returned. 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_error_code(error: *const cam_error) -> i32 {
    // SAFETY: NULL or a live handle, by the contract of the header.
    unsafe { ask(error, crate::CAM_OK, |e| Some(e.error.kind().code())) }
}

/// One sentence: where, which rule, what was got. UTF-8; lives as long as the error. "" for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_error_message(error: *const cam_error) -> *const c_char {
    // SAFETY: NULL or a live handle, by the contract of the header.
    unsafe { ask(error, c"".as_ptr(), |e| Some(e.message.as_ptr())) }
}

/// The kind as a short stable name, such as "invalid_data"; lives as long as the error. "" for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_error_kind(error: *const cam_error) -> *const c_char {
    // SAFETY: NULL or a live handle, by the contract of the header.
    unsafe { ask(error, c"".as_ptr(), |e| Some(e.kind.as_ptr())) }
}

/// The row of the data concerned, counted from 0; -1 where there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_error_row(error: *const cam_error) -> i64 {
    // SAFETY: NULL or a live handle, by the contract of the header.
    unsafe { ask(error, -1, |error| error.error.row().and_then(|row| i64::try_from(row).ok())) }
}

/// The column, parameter, option or argument concerned; NULL where there is none. Lives as long as the error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_error_field(error: *const cam_error) -> *const c_char {
    // SAFETY: NULL or a live handle, by the contract of the header.
    unsafe { ask(error, ptr::null(), |error| error.field.as_ref().map(|field| field.as_ptr())) }
}

/// Free an error. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_error_free(error: *mut cam_error) {
    // SAFETY: NULL or a handle from this library that was not freed before, by the contract of the header.
    unsafe { free(error) }
}
