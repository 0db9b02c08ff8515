//! Tables: named f64 columns, the one form in which data come to a model; and summaries, which are tables with keys.

use crate::error::{c_text, cam_error};
use crate::guard::{
    ask, bad_argument, borrow, check_array, copy_out, free, give, guard, slice, text, text_opt,
};
use crate::string::cam_string;
use cam_core::summary::{Keys, Split, Summary};
use cam_core::{Error, ErrorKind, Result, Table, Unit};
use ndarray::{ArrayView1, ShapeBuilder};
use serde::Serialize;
use serde_json::json;
use std::ffi::{CString, c_char};
use std::ptr;

/// One column of doubles that belongs to the caller.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct cam_column {
    /// Its name, UTF-8.
    pub name: *const c_char,
    /// The first value; may be NULL where length is 0.
    pub values: *const f64,
    /// The number of values.
    pub length: usize,
    /// Bytes from one value to the next: a multiple of 8. 0 is the same as 8: values lie side by side.
    pub stride: usize,
}

/// Named columns of doubles of equal length, immutable: a summary of a transaction log, with the keys of the customers; columns of the
/// caller; columns from Arrow; or the result of a simulation. Free with cam_table_free.
#[derive(Debug)]
pub struct cam_table {
    source: Source,
    names: Vec<CString>,
    unit: Option<CString>,
}

#[derive(Debug)]
enum Source {
    Columns(Vec<(String, Values)>, Option<Unit>),
    Summary(Box<Summary>),
    Split(Box<Split>),
}

#[derive(Debug)]
pub(crate) enum Values {
    Owned(Vec<f64>),
    Borrowed(Borrowed),
}

#[derive(Debug)]
pub(crate) struct Borrowed {
    first: *const f64,
    length: usize,
    stride: usize,
}

// SAFETY: the header makes the caller keep the memory alive and unchanged as long as the table lives, and we only read it.
unsafe impl Send for Borrowed {}
// SAFETY: as above.
unsafe impl Sync for Borrowed {}

impl Borrowed {
    /// # Safety
    /// Where all checks pass, the values of the column are readable and nobody changes them as long as the answer lives.
    unsafe fn new(column: &cam_column, name: &str) -> Result<Borrowed> {
        let width = size_of::<f64>();
        if !column.stride.is_multiple_of(width) {
            return Err(bad_argument(
                "stride",
                &format!("must be a multiple of 8 bytes, got {}", column.stride),
            ));
        }
        let stride = (column.stride / width).max(1);
        let reach = column.length.saturating_sub(1).checked_mul(stride).and_then(|n| n.checked_add(1));
        let reach = reach.ok_or_else(|| Error::shape(format!("column {name} is longer than any memory")))?;
        // Between the values there may be anything, so this is no slice.
        check_array(column.values, if column.length == 0 { 0 } else { reach }, name)?;
        Ok(Borrowed { first: column.values, length: column.length, stride })
    }

    fn view(&self) -> ArrayView1<'_, f64> {
        if self.length == 0 {
            return ArrayView1::from(&[]);
        }
        // SAFETY: `new` checked pointer, alignment and reach; the memory is alive by its contract.
        unsafe { ArrayView1::from_shape_ptr((self.length,).strides((self.stride,)), self.first) }
    }
}

impl cam_table {
    fn new(source: Source) -> Result<cam_table> {
        let mut table = cam_table { source, names: Vec::new(), unit: None };
        let core = table.core()?;
        let (names, unit) = (core.names().map(c_text).collect(), core.unit().map(|u| c_text(&u.to_string())));
        (table.names, table.unit) = (names, unit);
        Ok(table)
    }

    pub(crate) fn of_summary(summary: Summary) -> Result<cam_table> {
        cam_table::new(Source::Summary(Box::new(summary)))
    }

    pub(crate) fn of_split(split: Split) -> Result<cam_table> {
        cam_table::new(Source::Split(Box::new(split)))
    }

    pub(crate) fn of_columns(columns: Vec<(String, Values)>, unit: Option<Unit>) -> Result<cam_table> {
        cam_table::new(Source::Columns(columns, unit))
    }

    pub(crate) fn boxed(self) -> *mut cam_table {
        Box::into_raw(Box::new(self))
    }

    /// As the core sees it.
    pub(crate) fn core(&self) -> Result<Table<'_>> {
        match &self.source {
            Source::Summary(summary) => Ok(summary.table()),
            Source::Split(split) => Ok(split.table()),
            Source::Columns(columns, unit) => {
                let start = Table::new().in_unit(*unit);
                columns.iter().try_fold(start, |table, (name, values)| match values {
                    Values::Owned(values) => table.with(name, values.as_slice()),
                    Values::Borrowed(values) => table.with(name, values.view()),
                })
            }
        }
    }

    fn summary(&self) -> Option<&Summary> {
        match &self.source {
            Source::Summary(summary) => Some(summary),
            Source::Split(split) => Some(&split.calibration),
            Source::Columns(..) => None,
        }
    }

    fn keys(&self) -> Option<&Keys> {
        self.summary().and_then(Summary::keys)
    }

    fn rows(&self) -> usize {
        self.core().map_or(0, |table| table.rows())
    }

    fn text_keys(&self) -> Result<(&[i64], &[u8])> {
        match self.keys() {
            Some(Keys::Text { offsets, bytes }) => Ok((offsets, bytes)),
            _ => Err(Error::new(ErrorKind::Unsupported, "the keys of this table are not texts")),
        }
    }

    fn about(&self) -> Result<serde_json::Value> {
        let table = self.core()?;
        let summary = self.summary();
        let duration = match &self.source {
            Source::Split(split) => Some(split.duration_holdout),
            _ => None,
        };
        let report = summary.map(|s| serde_json::to_value(s.report())).transpose().map_err(no_json)?;
        Ok(json!({
            "rows": table.rows(),
            "columns": table.names().collect::<Vec<_>>(),
            "unit": table.unit().map(|u| u.to_string()),
            "observation_end": summary.and_then(Summary::observation_end),
            "first_transaction_included": summary.is_some_and(Summary::first_transaction_included),
            "duration_holdout": duration,
            "report": report,
        }))
    }
}

/// A document that could not be written: a defect, since everything we write is made of numbers and texts.
fn no_json(e: serde_json::Error) -> Error {
    Error::new(ErrorKind::Internal, format!("cannot write the document: {e}"))
}

/// Something as JSON.
pub(crate) fn write_json<T: Serialize + ?Sized>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(no_json)
}

/// The unit of a text such as "W"; NULL: not known.
///
/// # Safety
/// The pointer is NULL or a NUL-terminated text.
pub(crate) unsafe fn read_unit(unit: *const c_char) -> Result<Option<Unit>> {
    // SAFETY: by the contract of this function.
    unsafe { text_opt(unit, "unit") }?.map(str::parse).transpose()
}

/// A table of columns that belong to the caller. Nothing is copied: the values must stay where they are, unchanged, until the table is
/// freed (the array of columns itself and the names need not). `unit` is the unit in which times are counted ("D", "W", "M",
/// "Y", "10 days"), or NULL where it is not known.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_table_from_columns(
    columns: *const cam_column,
    column_count: usize,
    unit: *const c_char,
    out: *mut *mut cam_table,
    err: *mut *mut cam_error,
) -> i32 {
    // SAFETY: columns and names are readable for this call, values as long as the table lives, and there is a writable place, by the
    // contract of the header.
    unsafe {
        give(out, err, || {
            let (columns, unit) = (slice(columns, column_count, "columns")?, read_unit(unit)?);
            let mut named = Vec::with_capacity(columns.len());
            for column in columns {
                let name = text(column.name, "name")?;
                let values = Borrowed::new(column, name).map_err(|e| e.with_field(name))?;
                named.push((name.to_owned(), Values::Borrowed(values)));
            }
            Ok(cam_table::of_columns(named, unit)?.boxed())
        })
    }
}

/// The number of rows. 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_table_rows(table: *const cam_table) -> usize {
    // SAFETY: NULL or a live handle, by the contract of the header.
    unsafe { ask(table, 0, |t| Some(t.rows())) }
}

/// The number of columns. 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_table_column_count(table: *const cam_table) -> usize {
    // SAFETY: NULL or a live handle, by the contract of the header.
    unsafe { ask(table, 0, |t| Some(t.names.len())) }
}

/// The name of a column; lives as long as the table. NULL where there is no such column.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_table_column_name(table: *const cam_table, index: usize) -> *const c_char {
    // SAFETY: NULL or a live handle, by the contract of the header.
    unsafe { ask(table, ptr::null(), |table| table.names.get(index).map(|name| name.as_ptr())) }
}

/// The unit in which times are counted ("day", "week", ...); lives as long as the table. NULL where it is not known.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_table_unit(table: *const cam_table) -> *const c_char {
    // SAFETY: NULL or a live handle, by the contract of the header.
    unsafe { ask(table, ptr::null(), |table| table.unit.as_ref().map(|unit| unit.as_ptr())) }
}

/// Copy a column: one value per row into `out`, which has room for `capacity` values.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_table_column(
    table: *const cam_table,
    name: *const c_char,
    out: *mut f64,
    capacity: usize,
    err: *mut *mut cam_error,
) -> i32 {
    guard(err, || {
        // SAFETY: a live handle and a readable text, by the contract of the header.
        let (table, name) = unsafe { (borrow(table, "table")?, text(name, "name")?) };
        let column = table.core()?.column(name)?;
        // SAFETY: `out` has room for `capacity` values, by the contract of the header.
        unsafe {
            match column.as_slice() {
                Some(values) => copy_out(values, out, capacity, "out"),
                None => copy_out(&column.to_vec(), out, capacity, "out"),
            }
        }
    })
}

/// What keys the rows have: CAM_KEYS_NONE, CAM_KEYS_INT64 or CAM_KEYS_TEXT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_table_keys_kind(table: *const cam_table) -> u32 {
    // SAFETY: NULL or a live handle, by the contract of the header.
    unsafe {
        ask(table, crate::CAM_KEYS_NONE, |table| {
            Some(match table.keys()? {
                Keys::Int(_) => crate::CAM_KEYS_INT64,
                _ => crate::CAM_KEYS_TEXT,
            })
        })
    }
}

/// Copy integer keys, one per row.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_table_keys_int64(
    table: *const cam_table,
    out: *mut i64,
    capacity: usize,
    err: *mut *mut cam_error,
) -> i32 {
    guard(err, || {
        // SAFETY: a live handle, by the contract of the header.
        match unsafe { borrow(table, "table") }?.keys() {
            // SAFETY: `out` has room for `capacity` values, by the contract of the header.
            Some(Keys::Int(keys)) => unsafe { copy_out(keys, out, capacity, "out") },
            _ => Err(Error::new(ErrorKind::Unsupported, "the keys of this table are not integers")),
        }
    })
}

/// The bytes that all text keys take together; 0 where there are none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_table_keys_text_bytes(table: *const cam_table) -> usize {
    // SAFETY: NULL or a live handle, by the contract of the header.
    unsafe { ask(table, 0, |table| table.text_keys().ok().map(|(_, bytes)| bytes.len())) }
}

/// Copy text keys as Arrow lays them out: `rows + 1` offsets, and the bytes of all keys, one after the other (see
/// cam_table_keys_text_bytes).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_table_keys_text(
    table: *const cam_table,
    offsets: *mut i64,
    offsets_capacity: usize,
    bytes: *mut c_char,
    bytes_capacity: usize,
    err: *mut *mut cam_error,
) -> i32 {
    guard(err, || {
        // SAFETY: a live handle, by the contract of the header.
        let (ours, texts) = unsafe { borrow(table, "table") }?.text_keys()?;
        let bytes = bytes.cast::<u8>();
        crate::guard::check_room::<u8>(bytes, bytes_capacity, texts.len(), "bytes")?;
        // SAFETY: the buffers have the room that they are said to have, by the contract of the header.
        unsafe {
            copy_out(ours, offsets, offsets_capacity, "offsets")?;
            copy_out(texts, bytes, bytes_capacity, "bytes")
        }
    })
}

/// The key of one row in words.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_table_key(
    table: *const cam_table,
    row: usize,
    out: *mut *mut cam_string,
    err: *mut *mut cam_error,
) -> i32 {
    // SAFETY: a live handle and a writable place, by the contract of the header.
    unsafe {
        give(out, err, || {
            let keys = borrow(table, "table")?.keys();
            let keys = keys.ok_or_else(|| Error::new(ErrorKind::Unsupported, "this table has no keys"))?;
            if row >= keys.len() {
                return Err(bad_argument("row", &format!("must be below {}, got {row}", keys.len())));
            }
            Ok(cam_string::boxed(&keys.get(row).to_string()))
        })
    }
}

/// What the table is, as JSON: rows, columns, unit; for a summary also observation_end, duration_holdout (of a split), and the
/// report on what was done with each row of the log.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_table_about_json(
    table: *const cam_table,
    out: *mut *mut cam_string,
    err: *mut *mut cam_error,
) -> i32 {
    // SAFETY: a live handle and a writable place, by the contract of the header.
    unsafe { give(out, err, || Ok(cam_string::boxed(&borrow(table, "table")?.about()?.to_string()))) }
}

/// Free a table. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_table_free(table: *mut cam_table) {
    // SAFETY: NULL or a handle from this library that was not freed before, by the contract of the header.
    unsafe { free(table) }
}
