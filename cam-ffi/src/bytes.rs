//! Bytes that the library hands out: partial summaries.

use crate::guard::{ask, free};
use std::ptr;

/// Bytes that the library hands out; immutable, and with NULs among them. Free with cam_bytes_free.
#[derive(Debug)]
pub struct cam_bytes {
    bytes: Vec<u8>,
}

impl cam_bytes {
    pub(crate) fn boxed(bytes: Vec<u8>) -> *mut cam_bytes {
        Box::into_raw(Box::new(cam_bytes { bytes }))
    }
}

/// The first byte; lives as long as the handle. NULL for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_bytes_data(bytes: *const cam_bytes) -> *const u8 {
    // SAFETY: NULL or a live handle, by the contract of the header.
    unsafe { ask(bytes, ptr::null(), |b| Some(b.bytes.as_ptr())) }
}

/// The number of bytes. 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_bytes_length(bytes: *const cam_bytes) -> usize {
    // SAFETY: NULL or a live handle, by the contract of the header.
    unsafe { ask(bytes, 0, |b| Some(b.bytes.len())) }
}

/// Free the bytes. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_bytes_free(bytes: *mut cam_bytes) {
    // SAFETY: NULL or a handle from this library that was not freed before, by the contract of the header.
    unsafe { free(bytes) }
}
