//! Arrow C streams: record batches from any library that speaks the Arrow C data interface, without an Arrow crate.
//!
//! [`interface`] has the three structs of the interface and their ownership: what is taken over is released exactly once, by a
//! destructor. [`columns`] reads a column of a batch into values. This module makes logs and tables of them.
//!
//! Specification: the Arrow C data interface and the Arrow C stream interface, <https://arrow.apache.org/docs/format/CDataInterface.html>.

pub mod columns;
pub mod interface;

pub use interface::{ArrowArray, ArrowArrayStream, ArrowSchema};
pub(crate) use interface::{Batch, Schema, Stream};

use crate::error::cam_error;
use crate::guard::give;
use crate::table::{Values, cam_table, read_unit};
use cam_core::summary::{Keys, Log, TimeResolution, Times, missing_key, parse_datetime};
use cam_core::{Error, ErrorKind, Result};
use columns::{Column, Kind};
use std::ffi::c_char;

/// Where the columns of a log are in the batches of a stream.
pub(crate) struct LogColumns {
    customer: (usize, Kind),
    time: (usize, Kind),
    amount: Option<(usize, Kind)>,
}

/// A batch of a log, read.
pub(crate) struct LogBatch {
    keys: Keys,
    times: BatchTimes,
    amounts: Option<Vec<f64>>,
}

enum BatchTimes {
    Days(Vec<i32>),
    Ticks(Vec<i64>, TimeResolution),
    Numbers(Vec<f64>),
}

impl LogBatch {
    pub(crate) fn rows(&self) -> usize {
        self.keys.len()
    }

    pub(crate) fn as_log(&self) -> Log<'_> {
        let times = match &self.times {
            BatchTimes::Days(days) => Times::Days(days),
            BatchTimes::Ticks(ticks, resolution) => Times::Timestamps(ticks, *resolution),
            BatchTimes::Numbers(numbers) => Times::Numbers(numbers),
        };
        let log = Log::new(self.keys.as_ref(), times);
        match &self.amounts {
            Some(amounts) => log.amounts(amounts),
            None => log,
        }
    }
}

impl LogColumns {
    pub(crate) fn new(schema: &Schema, customer: &str, time: &str, amount: Option<&str>) -> Result<Self> {
        let fields = schema.fields()?;
        let find = |name: &str, wanted: &str, fits: &dyn Fn(Kind) -> bool| -> Result<(usize, Kind)> {
            let position = fields.iter().position(|field| field.name == name).ok_or_else(|| {
                let there: Vec<_> = fields.iter().map(|f| f.name.as_str()).collect();
                Error::shape(format!("column {name:?} is missing; there are: {}", there.join(", ")))
                    .with_field(name)
            })?;
            match fields[position].kind() {
                Some(kind) if fits(kind) => Ok((position, kind)),
                _ => Err(Error::shape(format!(
                    "column {name} must hold {wanted}, got the Arrow format {:?}",
                    fields[position].format
                ))
                .with_field(name)),
            }
        };
        Ok(LogColumns {
            customer: find(customer, "integers or texts", &|kind| kind.is_integer() || kind.is_text())?,
            time: find(time, "dates, timestamps, numbers or texts", &|_| true)?,
            amount: amount.map(|name| find(name, "numbers", &Kind::is_number)).transpose()?,
        })
    }

    pub(crate) fn read(&self, batch: &Batch) -> Result<LogBatch> {
        let keys = Column::of(batch, self.customer.0)?;
        let keys = match self.customer.1.is_text() {
            true => {
                let (mut offsets, mut bytes) = (vec![0], Vec::new());
                keys.texts(self.customer.1, |row, text| {
                    bytes.extend_from_slice(text.ok_or_else(|| missing_key(row))?);
                    offsets.push(bytes.len() as i64);
                    Ok(())
                })?;
                Keys::Text { offsets, bytes }
            }
            false => {
                if let Some(row) = keys.first_null() {
                    return Err(missing_key(row));
                }
                Keys::Int(keys.integers(self.customer.1, 0)?)
            }
        };
        let amounts = match self.amount {
            Some((index, kind)) => Some(Column::of(batch, index)?.numbers(kind)?),
            None => None,
        };
        Ok(LogBatch { keys, times: self.times(batch)?, amounts })
    }

    /// A null becomes what the core takes for a missing time.
    fn times(&self, batch: &Batch) -> Result<BatchTimes> {
        let (column, kind) = (Column::of(batch, self.time.0)?, self.time.1);
        Ok(match kind {
            Kind::Date32 => BatchTimes::Days(column.values(i32::MIN)?),
            Kind::Date64 => BatchTimes::Ticks(column.values(i64::MIN)?, TimeResolution::Milli),
            Kind::Timestamp(resolution) => BatchTimes::Ticks(column.values(i64::MIN)?, resolution),
            kind if kind.is_text() => {
                let mut micros = Vec::with_capacity(column.rows());
                column.texts(kind, |row, text| {
                    let tick = match text.map(std::str::from_utf8) {
                        None => i64::MIN,
                        Some(Ok(text)) => {
                            parse_datetime(text).map_err(|e| e.with_row(row).with_field("time"))?
                        }
                        Some(Err(_)) => {
                            return Err(Error::data(row, "time must be valid UTF-8").with_field("time"));
                        }
                    };
                    micros.push(tick);
                    Ok(())
                })?;
                BatchTimes::Ticks(micros, TimeResolution::Micro)
            }
            kind => BatchTimes::Numbers(column.numbers(kind)?),
        })
    }
}

/// All number columns of a stream, joined over its batches.
fn read_table(stream: &mut Stream) -> Result<Vec<(String, Values)>> {
    let fields = stream.schema()?.fields()?;
    let mut columns: Vec<(usize, Kind, String, Vec<f64>)> = Vec::new();
    for (index, field) in fields.into_iter().enumerate() {
        if let Some(kind) = field.kind().filter(|kind| kind.is_number()) {
            columns.push((index, kind, field.name, Vec::new()));
        }
    }
    if columns.is_empty() {
        return Err(Error::new(ErrorKind::InvalidShape, "the stream has no column of numbers"));
    }
    while let Some(batch) = stream.next()? {
        for (index, kind, _, values) in &mut columns {
            values.append(&mut Column::of(&batch, *index)?.numbers(*kind)?);
        }
    }
    Ok(columns.into_iter().map(|(_, _, name, values)| (name, Values::Owned(values))).collect())
}

/// A table of the number columns of an Arrow C stream; columns of other types are left aside, and a null becomes NaN. The values are
/// copied. The stream is used up: it is released here, whatever the status. `unit` as for cam_table_from_columns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cam_table_from_arrow(
    stream: *mut ArrowArrayStream,
    unit: *const c_char,
    out: *mut *mut cam_table,
    err: *mut *mut cam_error,
) -> i32 {
    // SAFETY: a live stream, a readable text and a writable place, by the contract of the header.
    unsafe {
        // Before anything else, so that it is released whatever comes.
        let stream = Stream::take(stream);
        give(out, err, || {
            let mut stream = stream?;
            let unit = read_unit(unit)?;
            Ok(cam_table::of_columns(read_table(&mut stream)?, unit)?.boxed())
        })
    }
}
