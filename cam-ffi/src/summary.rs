//! From a log to a summary: at once, in batches, or in parts that travel as bytes.

use crate::arrow::{ArrowArrayStream, LogColumns, Stream};
use crate::bytes::cam_bytes;
use crate::control::{cam_control, run};
use crate::error::cam_error;
use crate::guard::{ask, borrow, borrow_mut, free, give, guard, slice, text, text_opt};
use crate::log::cam_log;
use crate::options;
use crate::table::cam_table;
use cam_core::summary::{SummaryBuilder, split, summarize};
use cam_core::{Control, Error, ErrorKind, Result};
use std::ffi::c_char;

/// A summary in the making, fed with batches of rows in any order: the log need not fit into memory. Not for use by two threads at
/// once; but several can be filled side by side and merged. Free with cam_summary_builder_free.
#[derive(Debug)]
pub struct cam_summary_builder {
    builder: SummaryBuilder,
}

impl From<SummaryBuilder> for cam_summary_builder {
    fn from(builder: SummaryBuilder) -> Self {
        cam_summary_builder { builder }
    }
}

impl cam_summary_builder {
    /// # Safety
    /// As for [`options::read`].
    unsafe fn new(json: *const c_char) -> Result<Self> {
        // SAFETY: by the contract of this function.
        let (options, calibration_end) = unsafe { options::summary(json) }?;
        Ok(SummaryBuilder::with_calibration_ends(options, calibration_end.as_slice())?.into())
    }

    fn boxed(self) -> *mut cam_summary_builder {
        Box::into_raw(Box::new(self))
    }

    pub(crate) fn finish(&self, control: &Control<'_>) -> Result<cam_table> {
        match self.builder.calibrations() {
            0 => cam_table::of_summary(self.builder.finish(control)?),
            1 => {
                let split = self.builder.finish_splits(control)?.pop();
                let missing = || Error::new(ErrorKind::Internal, "a split without a result");
                cam_table::of_split(split.ok_or_else(missing)?)
            }
            // Only from bytes: the options here know a single one.
            ends => Err(Error::new(
                ErrorKind::Unsupported,
                format!(
                    "this builder has {ends} calibration ends, which make {ends} tables; one can be given here"
                ),
            )),
        }
    }
}

/// A summary of a log: one row per customer, sorted by key, with the columns frequency, recency, T and, with amounts, monetary_value.
///
/// `options` is JSON or NULL: {"unit": "D", "numbers_in": "D", "period": "D", "observation_end": "1998-06-30", "calibration_end":
/// "1997-09-30", "include_first_transaction": false, "refunds": "net", "drop_zero_amounts": false, "log_intervals": false,
/// "opportunities": false, "spread": null}. Ends are dates, date-times or numbers. log_intervals adds a column of that name, the sum of the natural logarithms of the
/// intervals between purchases. opportunities counts times in whole periods, for models of discrete time: the unit must be as long as the period. spread "amount" adds
/// monetary_deviation, for normal spend; "log" adds geometric_mean and log_deviation, for log-normal spend. With a calibration_end the table is what was known then, with
/// the columns frequency_holdout and, with amounts, monetary_value_holdout beside it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_summarize(
    log: *const cam_log,
    options: *const c_char,
    control: *const cam_control,
    out: *mut *mut cam_table,
    err: *mut *mut cam_error,
) -> i32 {
    // SAFETY: live handles and a readable text, and a writable place, by the contract of the header.
    unsafe {
        give(out, err, || {
            let log = borrow(log, "log")?.core()?;
            let (options, calibration_end) = options::summary(options)?;
            let table = run(control, |control| match calibration_end {
                None => cam_table::of_summary(summarize(&log, &options, control)?),
                Some(end) => cam_table::of_split(split(&log, end, &options, control)?),
            })?;
            Ok(table.boxed())
        })
    }
}

/// An empty builder; `options` as for cam_summarize, without a spread, which takes the whole log at once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_summary_builder_new(
    options: *const c_char,
    out: *mut *mut cam_summary_builder,
    err: *mut *mut cam_error,
) -> i32 {
    // SAFETY: NULL or a readable text, and a writable place, by the contract of the header.
    unsafe { give(out, err, || Ok(cam_summary_builder::new(options)?.boxed())) }
}

/// Take in a batch of rows. A batch with a bad row is refused as a whole and leaves the builder as it was; the row is counted within
/// the batch. After CAM_INTERRUPTED the builder cannot be used any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_summary_builder_push(
    builder: *mut cam_summary_builder,
    log: *const cam_log,
    control: *const cam_control,
    err: *mut *mut cam_error,
) -> i32 {
    guard(err, || {
        // SAFETY: live handles, the builder used by nobody else, by the contract of the header.
        unsafe {
            let builder = borrow_mut(builder, "builder")?;
            let log = borrow(log, "log")?.core()?;
            run(control, |control| builder.builder.push(&log, control))
        }
    })
}

/// Take in all batches of an Arrow C stream. `customer`, `time` and `amount` name its columns; amount may be NULL. Keys are integers or
/// texts; times date32, date64, timestamps, numbers or texts; amounts numbers. The stream is used up: it is released here,
/// whatever the status. Rows in errors are counted over the whole stream; batches before the bad one have been taken in.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_summary_builder_push_arrow(
    builder: *mut cam_summary_builder,
    stream: *mut ArrowArrayStream,
    customer: *const c_char,
    time: *const c_char,
    amount: *const c_char,
    control: *const cam_control,
    err: *mut *mut cam_error,
) -> i32 {
    guard(err, || {
        // SAFETY: a live stream, live handles and readable texts, by the contract of the header.
        unsafe {
            let mut stream = Stream::take(stream)?;
            let builder = borrow_mut(builder, "builder")?;
            let (customer, time, amount) =
                (text(customer, "customer")?, text(time, "time")?, text_opt(amount, "amount")?);
            let schema = stream.schema()?;
            let columns = LogColumns::new(&schema, customer, time, amount)?;
            run(control, |control| {
                let mut before = 0;
                while let Some(batch) = stream.next()? {
                    let in_stream = |e: Error| match e.row() {
                        Some(row) => e.with_row(before + row),
                        None => e,
                    };
                    let log = columns.read(&batch).map_err(in_stream)?;
                    builder.builder.push(&log.as_log(), control).map_err(in_stream)?;
                    before += log.rows();
                }
                Ok(())
            })
        }
    })
}

/// Take over everything that another builder with the same options has seen. The other one stays as it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_summary_builder_merge(
    builder: *mut cam_summary_builder,
    other: *const cam_summary_builder,
    err: *mut *mut cam_error,
) -> i32 {
    guard(err, || {
        if std::ptr::eq(builder, other) {
            return Err(crate::guard::bad_argument("other", "must not be the builder itself"));
        }
        // SAFETY: two live handles, the first used by nobody else, by the contract of the header.
        unsafe { borrow_mut(builder, "builder")?.builder.merge(&borrow(other, "other")?.builder) }
    })
}

/// Write the state of a builder as bytes: to be kept, sent, and merged elsewhere. Any of cam's languages reads them, on any machine, and
/// every machine writes the same.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_summary_builder_to_bytes(
    builder: *const cam_summary_builder,
    out: *mut *mut cam_bytes,
    err: *mut *mut cam_error,
) -> i32 {
    // SAFETY: a live handle, and a writable place, by the contract of the header.
    unsafe { give(out, err, || Ok(cam_bytes::boxed(borrow(builder, "builder")?.builder.to_bytes()?))) }
}

/// A builder from the bytes that any of cam's languages wrote, with their options, to be fed on or merged. Nothing in them is trusted:
/// CAM_INVALID_DOCUMENT where they are cut off, changed, of a later version or made up. They are copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_summary_builder_from_bytes(
    bytes: *const u8,
    length: usize,
    out: *mut *mut cam_summary_builder,
    err: *mut *mut cam_error,
) -> i32 {
    // SAFETY: readable for this call, and a writable place, by the contract of the header.
    unsafe {
        give(out, err, || {
            let builder = SummaryBuilder::from_bytes(slice(bytes, length, "bytes")?)?;
            Ok(cam_summary_builder::from(builder).boxed())
        })
    }
}

/// The number of rows taken in. 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_summary_builder_rows(builder: *const cam_summary_builder) -> u64 {
    // SAFETY: NULL or a live handle, by the contract of the header.
    unsafe { ask(builder, 0, |b| Some(b.builder.rows())) }
}

/// The summary of all rows taken in, or the split, as cam_summarize gives it. The builder may be fed on. CAM_UNSUPPORTED for a builder from
/// bytes that has more than one calibration end, which other languages can give it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_summary_builder_finish(
    builder: *const cam_summary_builder,
    control: *const cam_control,
    out: *mut *mut cam_table,
    err: *mut *mut cam_error,
) -> i32 {
    // SAFETY: live handles, and a writable place, by the contract of the header.
    unsafe {
        give(out, err, || {
            let builder = borrow(builder, "builder")?;
            Ok(run(control, |control| builder.finish(control))?.boxed())
        })
    }
}

/// Free a builder. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_summary_builder_free(builder: *mut cam_summary_builder) {
    // SAFETY: NULL or a handle from this library that was not freed before, by the contract of the header.
    unsafe { free(builder) }
}
