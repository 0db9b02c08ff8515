//! The gate that every entry goes through, and the checks of what comes through it.
//!
//! [`guard`] runs the body of an entry, catches a panic, hands over the error and returns the status. The other functions turn
//! what C gave – pointers, lengths, texts – into what Rust can rely on, as far as that can be checked at all: NULL, alignment,
//! absurd lengths and UTF-8 are; whether a pointer is alive is the caller's word.

use crate::error::cam_error;
use cam_core::{Error, ErrorKind, Result};
use std::any::Any;
use std::ffi::{CStr, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Run the body of a fallible entry. Returns the status; hands the error over where `err` is not NULL.
pub(crate) fn guard(err: *mut *mut cam_error, body: impl FnOnce() -> Result<()>) -> i32 {
    let error = match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => return crate::CAM_OK,
        Ok(Err(error)) => error,
        Err(panic) => Error::new(ErrorKind::Internal, format!("panic: {}", panic_text(panic.as_ref()))),
    };
    let status = error.kind().code();
    if !err.is_null() && err.is_aligned() {
        // SAFETY: `err` is not NULL, aligned, and the caller's word is that it points to a writable `cam_error *`.
        unsafe { err.write(cam_error::boxed(error)) };
    }
    status
}

/// Run the body of an entry that gives one thing, into `out`: whether there is a place for it is asked before work is done for it.
///
/// # Safety
/// Where `out` is neither NULL nor misaligned, a `T` can be written there.
pub(crate) unsafe fn give<T>(out: *mut T, err: *mut *mut cam_error, make: impl FnOnce() -> Result<T>) -> i32 {
    guard(err, || {
        check_pointer(out, "out")?;
        let made = make()?;
        // SAFETY: not NULL, aligned; writable by the contract of this function.
        unsafe { out.write(made) };
        Ok(())
    })
}

/// Run the body of an entry that cannot fail, but asks a handle: `otherwise` for NULL, for a panic, or where there is no answer.
///
/// # Safety
/// Where the handle is neither NULL nor misaligned, it points to a live `T` that nobody changes for `'a`.
pub(crate) unsafe fn ask<'a, T: 'a, A>(
    handle: *const T,
    otherwise: A,
    answer: impl FnOnce(&'a T) -> Option<A>,
) -> A {
    // SAFETY: by the contract of this function.
    let body = || answer(unsafe { borrow(handle, "handle") }.ok()?);
    catch_unwind(AssertUnwindSafe(body)).ok().flatten().unwrap_or(otherwise)
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    if let Some(text) = panic.downcast_ref::<&str>() {
        text
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text
    } else {
        "(no message)"
    }
}

/// A mistake in an argument, by its name in the header.
pub(crate) fn bad_argument(name: &str, rule: &str) -> Error {
    Error::new(ErrorKind::InvalidParameter, format!("{name} {rule}")).with_field(name)
}

fn check_pointer<T>(pointer: *const T, name: &str) -> Result<()> {
    if pointer.is_null() {
        return Err(bad_argument(name, "must not be NULL"));
    }
    if !pointer.is_aligned() {
        return Err(bad_argument(name, &format!("must be aligned to {} bytes", align_of::<T>())));
    }
    Ok(())
}

fn check_length<T>(length: usize, name: &str) -> Result<()> {
    match length.checked_mul(size_of::<T>().max(1)) {
        Some(bytes) if isize::try_from(bytes).is_ok() => Ok(()),
        _ => Err(Error::shape(format!("{name} cannot hold {length} values: no memory is that large"))
            .with_field(name)),
    }
}

/// What a pointer points to.
///
/// # Safety
/// Where the pointer is neither NULL nor misaligned, it points to a live `T` that nobody changes for `'a`.
pub(crate) unsafe fn borrow<'a, T>(pointer: *const T, name: &str) -> Result<&'a T> {
    check_pointer(pointer, name)?;
    // SAFETY: not NULL, aligned; alive by the contract of this function.
    Ok(unsafe { &*pointer })
}

/// What a pointer points to, to be changed.
///
/// # Safety
/// Where the pointer is neither NULL nor misaligned, it points to a live `T` that nobody else uses for `'a`.
pub(crate) unsafe fn borrow_mut<'a, T>(pointer: *mut T, name: &str) -> Result<&'a mut T> {
    check_pointer(pointer, name)?;
    // SAFETY: not NULL, aligned; alive and exclusive by the contract of this function.
    Ok(unsafe { &mut *pointer })
}

/// Whether `length` values can lie at a pointer. Nothing is read.
pub(crate) fn check_array<T>(pointer: *const T, length: usize, name: &str) -> Result<()> {
    if length == 0 {
        return Ok(());
    }
    check_pointer(pointer, name)?;
    check_length::<T>(length, name)
}

/// `length` values to read.
///
/// # Safety
/// Where all checks pass, the values are readable and nobody changes them for `'a`.
pub(crate) unsafe fn slice<'a, T>(pointer: *const T, length: usize, name: &str) -> Result<&'a [T]> {
    check_array(pointer, length, name)?;
    if length == 0 {
        return Ok(&[]);
    }
    // SAFETY: not NULL, aligned, within isize::MAX bytes; readable by the contract of this function.
    Ok(unsafe { std::slice::from_raw_parts(pointer, length) })
}

/// Copy values into a buffer of the caller that has room for `capacity` of them.
///
/// # Safety
/// Where all checks pass, `capacity` values can be written at `out`.
pub(crate) unsafe fn copy_out<T: Copy>(values: &[T], out: *mut T, capacity: usize, name: &str) -> Result<()> {
    check_room::<T>(out, capacity, values.len(), name)?;
    if !values.is_empty() {
        // SAFETY: `out` is not NULL, aligned, and has room for at least `values.len()` values; it belongs to the caller, so it cannot
        // overlap what is ours.
        unsafe { std::ptr::copy_nonoverlapping(values.as_ptr(), out, values.len()) };
    }
    Ok(())
}

/// Whether a buffer has room: to be asked before work is done for it.
pub(crate) fn check_room<T>(out: *const T, capacity: usize, needed: usize, name: &str) -> Result<()> {
    if capacity < needed {
        return Err(
            Error::shape(format!("{name} has room for {capacity} values, need {needed}")).with_field(name)
        );
    }
    check_length::<T>(capacity, name)?;
    if needed == 0 { Ok(()) } else { check_pointer(out, name) }
}

/// A NUL-terminated UTF-8 text.
///
/// # Safety
/// Where the pointer is not NULL, it points to a NUL-terminated text that nobody changes for `'a`.
pub(crate) unsafe fn text<'a>(pointer: *const c_char, name: &str) -> Result<&'a str> {
    check_pointer(pointer, name)?;
    // SAFETY: not NULL; terminated by the contract of this function.
    let bytes = unsafe { CStr::from_ptr(pointer) };
    bytes.to_str().map_err(|e| bad_argument(name, &format!("must be UTF-8: {e}")))
}

/// A text, or nothing for NULL.
///
/// # Safety
/// As for [`text`].
pub(crate) unsafe fn text_opt<'a>(pointer: *const c_char, name: &str) -> Result<Option<&'a str>> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: the contract is the same.
    unsafe { text(pointer, name) }.map(Some)
}

/// Take back a handle that was handed out by `Box::into_raw`, and drop it. NULL is nothing.
///
/// # Safety
/// The pointer is NULL, or came from `Box::into_raw` for this type and was not given back before.
pub(crate) unsafe fn free<T>(pointer: *mut T) {
    if !pointer.is_null() {
        // SAFETY: by the contract of this function. What a panic would leave behind is nobody's any more.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(unsafe { Box::from_raw(pointer) })));
    }
}
