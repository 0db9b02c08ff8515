//! Texts that the library hands out: JSON documents, keys.

use crate::error::c_text;
use crate::guard::{ask, free};
use std::ffi::{CString, c_char};

/// A text that the library hands out: UTF-8, NUL-terminated, immutable. Free with cam_string_free.
#[derive(Debug)]
pub struct cam_string {
    text: CString,
}

impl cam_string {
    pub(crate) fn boxed(text: &str) -> *mut cam_string {
        Box::into_raw(Box::new(cam_string { text: c_text(text) }))
    }
}

/// The text; lives as long as the handle. "" for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_string_data(string: *const cam_string) -> *const c_char {
    // SAFETY: NULL or a live handle, by the contract of the header.
    unsafe { ask(string, c"".as_ptr(), |s| Some(s.text.as_ptr())) }
}

/// The length in bytes, without the terminating NUL. 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_string_length(string: *const cam_string) -> usize {
    // SAFETY: NULL or a live handle, by the contract of the header.
    unsafe { ask(string, 0, |s| Some(s.text.as_bytes().len())) }
}

/// Free a text. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_string_free(string: *mut cam_string) {
    // SAFETY: NULL or a handle from this library that was not freed before, by the contract of the header.
    unsafe { free(string) }
}
