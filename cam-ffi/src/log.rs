//! Transaction logs: columns of the caller, gathered in a handle.

use crate::error::cam_error;
use crate::guard::{bad_argument, borrow_mut, free, give, guard, slice, text};
use cam_core::summary::{Keys, KeysRef, Log, Offsets, TimeResolution, Times};
use cam_core::{Error, Result};
use std::ffi::{CStr, c_char};

/// A transaction log in the making: a key, a time and perhaps an amount per row, in any order of rows. Arrays of numbers are not
/// copied: they must stay where they are, unchanged, until the log is freed or the column set anew. Texts are copied. Free with
/// cam_log_free.
#[derive(Debug, Default)]
pub struct cam_log {
    keys: Option<LogKeys>,
    times: Option<LogTimes>,
    amounts: Option<Array<f64>>,
}

#[derive(Debug)]
enum LogKeys {
    Int(Array<i64>),
    Text(Keys),
    Text32(Array<i32>, Array<u8>),
    Text64(Array<i64>, Array<u8>),
}

#[derive(Debug)]
enum LogTimes {
    Days(Array<i32>),
    Timestamps(Array<i64>, TimeResolution),
    Numbers(Array<f64>),
    Read(Vec<i64>),
}

/// An array of the caller.
#[derive(Debug)]
struct Array<T>(*const [T]);

// SAFETY: the header makes the caller keep the memory alive and unchanged as long as the log lives, and we only read it.
unsafe impl<T: Sync> Send for Array<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for Array<T> {}

impl<T> Array<T> {
    /// # Safety
    /// Where all checks pass, the values are readable and nobody changes them as long as the answer lives.
    unsafe fn new(values: *const T, length: usize, name: &str) -> Result<Self> {
        // SAFETY: by the contract of this function.
        Ok(Array(unsafe { slice(values, length, name) }?))
    }

    fn get(&self) -> &[T] {
        // SAFETY: `new` made it from a checked slice, which lives as long as this, by its contract.
        unsafe { &*self.0 }
    }
}

impl cam_log {
    /// As the core sees it.
    pub(crate) fn core(&self) -> Result<Log<'_>> {
        let missing = |what| Error::shape(format!("the log has no {what} column")).with_field(what);
        let keys = match self.keys.as_ref().ok_or_else(|| missing("customer"))? {
            LogKeys::Int(keys) => KeysRef::Int(keys.get()),
            LogKeys::Text(keys) => keys.as_ref(),
            LogKeys::Text32(offsets, bytes) => {
                KeysRef::Text { offsets: Offsets::I32(offsets.get()), bytes: bytes.get() }
            }
            LogKeys::Text64(offsets, bytes) => {
                KeysRef::Text { offsets: Offsets::I64(offsets.get()), bytes: bytes.get() }
            }
        };
        let times = match self.times.as_ref().ok_or_else(|| missing("time"))? {
            LogTimes::Days(days) => Times::Days(days.get()),
            LogTimes::Timestamps(ticks, resolution) => Times::Timestamps(ticks.get(), *resolution),
            LogTimes::Numbers(numbers) => Times::Numbers(numbers.get()),
            LogTimes::Read(micros) => Times::Timestamps(micros, TimeResolution::Micro),
        };
        let log = Log::new(keys, times);
        Ok(match &self.amounts {
            Some(amounts) => log.amounts(amounts.get()),
            None => log,
        })
    }
}

/// The texts of an array of C texts.
///
/// # Safety
/// As for [`slice`] and, for each that is not NULL, [`text`].
unsafe fn texts<'a>(values: *const *const c_char, length: usize, name: &str) -> Result<Vec<&'a str>> {
    // SAFETY: by the contract of this function.
    let values = unsafe { slice(values, length, name) }?;
    let mut texts = Vec::with_capacity(values.len());
    for (row, &value) in values.iter().enumerate() {
        if value.is_null() {
            return Err(Error::data(row, format!("{name} must not be NULL")).with_field(name));
        }
        // SAFETY: not NULL; a text by the contract of this function.
        let bytes = unsafe { CStr::from_ptr(value) };
        let text = bytes.to_str();
        texts
            .push(text.map_err(|e| Error::data(row, format!("{name} must be UTF-8: {e}")).with_field(name))?);
    }
    Ok(texts)
}

/// Read "s", "ms", "us" or "ns".
pub(crate) fn resolution(text: &str) -> Result<TimeResolution> {
    match text {
        "s" => Ok(TimeResolution::Second),
        "ms" => Ok(TimeResolution::Milli),
        "us" => Ok(TimeResolution::Micro),
        "ns" => Ok(TimeResolution::Nano),
        other => Err(Error::unknown("resolution", other, ["s", "ms", "us", "ns"])),
    }
}

/// A log without columns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_log_new(out: *mut *mut cam_log, err: *mut *mut cam_error) -> i32 {
    // SAFETY: a writable place, by the contract of the header.
    unsafe { give(out, err, || Ok(Box::into_raw(Box::default()))) }
}

/// What an entry changes in a log, which stays as it was where the column cannot be made.
///
/// # Safety
/// `log` is NULL or a live handle that nobody else uses.
unsafe fn set(
    log: *mut cam_log,
    err: *mut *mut cam_error,
    column: impl FnOnce(&mut cam_log) -> Result<()>,
) -> i32 {
    // SAFETY: by the contract of this function.
    guard(err, || column(unsafe { borrow_mut(log, "log") }?))
}

/// Whose transaction each row is: integers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_log_set_keys_int64(
    log: *mut cam_log,
    keys: *const i64,
    length: usize,
    err: *mut *mut cam_error,
) -> i32 {
    // SAFETY: a live handle that nobody else uses, and an array that outlives it, by the contract of the header.
    unsafe {
        set(log, err, |log| {
            log.keys = Some(LogKeys::Int(Array::new(keys, length, "keys")?));
            Ok(())
        })
    }
}

/// Whose transaction each row is: NUL-terminated UTF-8 texts. They are copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_log_set_keys_strings(
    log: *mut cam_log,
    keys: *const *const c_char,
    length: usize,
    err: *mut *mut cam_error,
) -> i32 {
    // SAFETY: a live handle that nobody else uses, and readable texts, by the contract of the header.
    unsafe {
        set(log, err, |log| {
            log.keys = Some(LogKeys::Text(Keys::from_texts(texts(keys, length, "customer")?)));
            Ok(())
        })
    }
}

/// Text keys as Arrow lays them out, with offsets of either width.
///
/// # Safety
/// `log` is as for [`set`]; where all checks pass, the arrays are readable and nobody changes them as long as the log lives.
unsafe fn set_utf8<T>(
    log: *mut cam_log,
    (offsets, length): (*const T, usize),
    (bytes, byte_count): (*const c_char, usize),
    err: *mut *mut cam_error,
    keys: impl FnOnce(Array<T>, Array<u8>) -> LogKeys,
) -> i32 {
    // SAFETY: by the contract of this function.
    unsafe {
        set(log, err, |log| {
            let ends = length.checked_add(1);
            let ends = ends.ok_or_else(|| bad_argument("length", "is larger than any memory"))?;
            let offsets = Array::new(offsets, ends, "offsets")?;
            log.keys = Some(keys(offsets, Array::new(bytes.cast(), byte_count, "bytes")?));
            Ok(())
        })
    }
}

/// Whose transaction each row is: UTF-8 texts, one after the other, with `length + 1` offsets into them, as Arrow's utf8 lays them out.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_log_set_keys_utf8(
    log: *mut cam_log,
    offsets: *const i32,
    bytes: *const c_char,
    byte_count: usize,
    length: usize,
    err: *mut *mut cam_error,
) -> i32 {
    // SAFETY: a live handle that nobody else uses, and arrays that outlive it, by the contract of the header.
    unsafe { set_utf8(log, (offsets, length), (bytes, byte_count), err, LogKeys::Text32) }
}

/// The same with 64-bit offsets, as Arrow's large_utf8 lays them out.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_log_set_keys_large_utf8(
    log: *mut cam_log,
    offsets: *const i64,
    bytes: *const c_char,
    byte_count: usize,
    length: usize,
    err: *mut *mut cam_error,
) -> i32 {
    // SAFETY: a live handle that nobody else uses, and arrays that outlive it, by the contract of the header.
    unsafe { set_utf8(log, (offsets, length), (bytes, byte_count), err, LogKeys::Text64) }
}

/// When each transaction was: days since 1970-01-01. INT32_MIN stands for a missing time, which is an error with its row.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_log_set_times_days(
    log: *mut cam_log,
    days: *const i32,
    length: usize,
    err: *mut *mut cam_error,
) -> i32 {
    // SAFETY: a live handle that nobody else uses, and an array that outlives it, by the contract of the header.
    unsafe {
        set(log, err, |log| {
            log.times = Some(LogTimes::Days(Array::new(days, length, "days")?));
            Ok(())
        })
    }
}

/// When each transaction was: ticks since 1970-01-01T00:00 UTC; `tick` is "s", "ms", "us" or "ns". INT64_MIN stands for a missing time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_log_set_times_timestamps(
    log: *mut cam_log,
    ticks: *const i64,
    length: usize,
    tick: *const c_char,
    err: *mut *mut cam_error,
) -> i32 {
    // SAFETY: a live handle that nobody else uses, an array that outlives it and a readable text, by the contract of the header.
    unsafe {
        set(log, err, |log| {
            let resolution = resolution(text(tick, "tick")?)?;
            log.times = Some(LogTimes::Timestamps(Array::new(ticks, length, "ticks")?, resolution));
            Ok(())
        })
    }
}

/// When each transaction was: numbers, in the unit of the option numbers_in (days). NaN stands for a missing time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_log_set_times_numbers(
    log: *mut cam_log,
    numbers: *const f64,
    length: usize,
    err: *mut *mut cam_error,
) -> i32 {
    // SAFETY: a live handle that nobody else uses, and an array that outlives it, by the contract of the header.
    unsafe {
        set(log, err, |log| {
            log.times = Some(LogTimes::Numbers(Array::new(numbers, length, "numbers")?));
            Ok(())
        })
    }
}

/// When each transaction was: ISO 8601 dates ("1997-01-31", "19970131") or date-times ("1997-01-31T12:30:00Z"). They are read here.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_log_set_times_strings(
    log: *mut cam_log,
    times: *const *const c_char,
    length: usize,
    err: *mut *mut cam_error,
) -> i32 {
    // SAFETY: a live handle that nobody else uses, and readable texts, by the contract of the header.
    unsafe {
        set(log, err, |log| {
            log.times = Some(LogTimes::Read(Times::from_text(texts(times, length, "time")?)?));
            Ok(())
        })
    }
}

/// What was paid in each transaction; negative for a refund. Without amounts there is no monetary_value.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_log_set_amounts(
    log: *mut cam_log,
    amounts: *const f64,
    length: usize,
    err: *mut *mut cam_error,
) -> i32 {
    // SAFETY: a live handle that nobody else uses, and an array that outlives it, by the contract of the header.
    unsafe {
        set(log, err, |log| {
            log.amounts = Some(Array::new(amounts, length, "amounts")?);
            Ok(())
        })
    }
}

/// Free a log. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_log_free(log: *mut cam_log) {
    // SAFETY: NULL or a handle from this library that was not freed before, by the contract of the header.
    unsafe { free(log) }
}
