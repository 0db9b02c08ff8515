//! Columns as they come from Python: NumPy arrays, borrowed without a copy.

use cam_core::summary::{KeysRef, Log, Moment, Offsets, TimeResolution, Times};
use cam_core::{Control, Error, Result, Table, Unit};
use numpy::{PyReadonlyArray1, PyReadonlyArrayDyn};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Named `float64` columns, kept alive for the call.
pub(crate) struct Columns<'py>(Vec<(String, PyReadonlyArray1<'py, f64>)>);

impl<'a, 'py> FromPyObject<'a, 'py> for Columns<'py> {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let dict = object.cast::<PyDict>()?;
        let column = |(name, values): (Bound<'py, PyAny>, Bound<'py, PyAny>)| {
            Ok((name.extract()?, values.extract::<PyReadonlyArray1<'py, f64>>()?))
        };
        dict.iter().map(column).collect::<PyResult<_>>().map(Columns)
    }
}

impl Columns<'_> {
    /// The table that borrows them.
    pub(crate) fn table(&self, unit: Option<Unit>) -> Result<Table<'_>> {
        self.0.iter().try_fold(Table::new().in_unit(unit), |table, (name, values)| {
            table.with(name.as_str(), values.as_array())
        })
    }
}

/// A column of texts: as Arrow lays them out, or one by one.
pub(crate) enum Texts<'py> {
    Small(PyReadonlyArray1<'py, i32>, PyReadonlyArray1<'py, u8>),
    Large(PyReadonlyArray1<'py, i64>, PyReadonlyArray1<'py, u8>),
    Owned(Vec<String>),
}

impl<'a, 'py> FromPyObject<'a, 'py> for Texts<'py> {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if let Ok((offsets, bytes)) = object.extract::<(PyReadonlyArray1<'py, i64>, _)>() {
            return Ok(Texts::Large(offsets, bytes));
        }
        if let Ok((offsets, bytes)) = object.extract::<(PyReadonlyArray1<'py, i32>, _)>() {
            return Ok(Texts::Small(offsets, bytes));
        }
        object.extract().map(Texts::Owned)
    }
}

impl Texts<'_> {
    fn keys(&self) -> PyResult<KeysRef<'_>> {
        Ok(match self {
            Texts::Small(offsets, bytes) => {
                KeysRef::Text { offsets: Offsets::I32(offsets.as_slice()?), bytes: bytes.as_slice()? }
            }
            Texts::Large(offsets, bytes) => {
                KeysRef::Text { offsets: Offsets::I64(offsets.as_slice()?), bytes: bytes.as_slice()? }
            }
            Texts::Owned(texts) => KeysRef::Strings(texts),
        })
    }
}

/// The key column of a log.
pub(crate) enum KeyColumn<'py> {
    Int(PyReadonlyArray1<'py, i64>),
    Text(Texts<'py>),
}

/// The time column of a log.
pub(crate) enum TimeColumn<'py> {
    Days(PyReadonlyArray1<'py, i32>),
    Ticks(PyReadonlyArray1<'py, i64>, TimeResolution),
    Numbers(PyReadonlyArray1<'py, f64>),
    Text(Texts<'py>),
}

/// A transaction log, kept alive for the call.
pub(crate) struct LogColumns<'py> {
    keys: KeyColumn<'py>,
    times: TimeColumn<'py>,
    amounts: Option<PyReadonlyArray1<'py, f64>>,
}

impl<'py> LogColumns<'py> {
    /// `keys`: `int64` array, `(offsets, bytes)` or a list of strings. `times`: the same, with its kind: `day`, `s`, `ms`, `us`, `ns`,
    /// `number` or `text`. All arrays are contiguous.
    pub(crate) fn new(
        keys: &Bound<'py, PyAny>,
        kind: &str,
        times: &Bound<'py, PyAny>,
        amounts: Option<PyReadonlyArray1<'py, f64>>,
    ) -> PyResult<Self> {
        let keys = match keys.extract::<PyReadonlyArray1<'py, i64>>() {
            Ok(keys) => KeyColumn::Int(keys),
            Err(_) if keys.extract::<PyReadonlyArrayDyn<'py, f64>>().is_ok() => {
                return Err(PyTypeError::new_err("keys must be int64 or text"));
            }
            Err(_) => KeyColumn::Text(keys.extract()?),
        };
        let times = match kind {
            "day" => TimeColumn::Days(times.extract()?),
            "number" => TimeColumn::Numbers(times.extract()?),
            "text" => TimeColumn::Text(times.extract()?),
            _ => TimeColumn::Ticks(times.extract()?, resolution(kind)?),
        };
        Ok(LogColumns { keys, times, amounts })
    }

    /// Slices of them all, which may go to another thread.
    pub(crate) fn slices(&self) -> PyResult<Slices<'_>> {
        Ok(Slices {
            keys: match &self.keys {
                KeyColumn::Int(keys) => KeysRef::Int(keys.as_slice()?),
                KeyColumn::Text(texts) => texts.keys()?,
            },
            times: match &self.times {
                TimeColumn::Days(days) => TimeSlice::Read(Times::Days(days.as_slice()?)),
                TimeColumn::Ticks(ticks, unit) => {
                    TimeSlice::Read(Times::Timestamps(ticks.as_slice()?, *unit))
                }
                TimeColumn::Numbers(numbers) => TimeSlice::Read(Times::Numbers(numbers.as_slice()?)),
                TimeColumn::Text(texts) => TimeSlice::Text(texts.keys()?),
            },
            amounts: match &self.amounts {
                Some(amounts) => Some(amounts.as_slice()?),
                None => None,
            },
        })
    }
}

/// A log whose times may still have to be read from text.
pub(crate) struct Slices<'a> {
    keys: KeysRef<'a>,
    times: TimeSlice<'a>,
    amounts: Option<&'a [f64]>,
}

enum TimeSlice<'a> {
    Read(Times<'a>),
    Text(KeysRef<'a>),
}

impl Slices<'_> {
    /// Do something with the log.
    pub(crate) fn with<T>(
        &self,
        control: &Control<'_>,
        work: impl FnOnce(&Log<'_>) -> Result<T>,
    ) -> Result<T> {
        let parsed;
        let times = match self.times {
            TimeSlice::Read(times) => times,
            TimeSlice::Text(texts) => {
                parsed = times_of(&texts, control)?;
                Times::Timestamps(&parsed, TimeResolution::Micro)
            }
        };
        let log = Log::new(self.keys, times);
        work(&self.amounts.map_or(log, |amounts| log.amounts(amounts)))
    }
}

/// The times that texts say, in microseconds.
fn times_of(texts: &KeysRef<'_>, control: &Control<'_>) -> Result<Vec<i64>> {
    const BLOCK: usize = 1 << 16;
    let rows = texts.len();
    let blocks = control.map(rows.div_ceil(BLOCK), |block| {
        let first = block * BLOCK;
        let some: Vec<&str> =
            (first..rows.min(first + BLOCK)).map(|row| text(texts, row)).collect::<Result<_>>()?;
        Times::from_text(some).map_err(|e| match e.row() {
            Some(row) => e.with_row(first + row),
            None => e,
        })
    })?;
    Ok(blocks.concat())
}

/// One text, checked.
fn text<'a>(texts: &KeysRef<'a>, row: usize) -> Result<&'a str> {
    let (offsets, bytes) = match *texts {
        KeysRef::Text { offsets, bytes } => (offsets, bytes),
        KeysRef::Strings(texts) => return Ok(&texts[row]),
        _ => return Ok(""),
    };
    let at = |i: usize| match offsets {
        Offsets::I32(v) => usize::try_from(v[i]),
        Offsets::I64(v) => usize::try_from(v[i]),
    };
    let slice = match (at(row), at(row + 1)) {
        (Ok(from), Ok(to)) => bytes.get(from..to),
        _ => None,
    };
    slice
        .and_then(|slice| std::str::from_utf8(slice).ok())
        .ok_or_else(|| Error::data(row, "time must be valid UTF-8").with_field("time"))
}

/// A moment from Python: its kind, and a number or a text.
#[derive(FromPyObject)]
pub(crate) struct PyMoment<'py>(String, Bound<'py, PyAny>);

impl PyMoment<'_> {
    pub(crate) fn read(&self, py: Python<'_>) -> PyResult<Moment> {
        Ok(match self.0.as_str() {
            "day" => Moment::Day(self.1.extract()?),
            "number" => Moment::Number(self.1.extract()?),
            "text" => {
                let text: String = self.1.extract()?;
                crate::enter::guard(py, || text.parse())?
            }
            unit => Moment::Timestamp(self.1.extract()?, resolution(unit)?),
        })
    }
}

fn resolution(name: &str) -> PyResult<TimeResolution> {
    Ok(match name {
        "s" => TimeResolution::Second,
        "ms" => TimeResolution::Milli,
        "us" => TimeResolution::Micro,
        "ns" => TimeResolution::Nano,
        other => return Err(PyValueError::new_err(format!("no resolution of time named {other:?}"))),
    })
}
