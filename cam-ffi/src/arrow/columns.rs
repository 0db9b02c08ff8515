//! A column of a record batch, read into values.
//!
//! Values are copied out one by one and unaligned: the specification recommends alignment, and does not promise it. The size of
//! a buffer is not part of the interface; that the producer's lengths and offsets are true must be believed.

use super::interface::{ArrowArray, Batch};
use cam_core::summary::TimeResolution;
use cam_core::{Error, ErrorKind, Result};
use std::ffi::c_void;

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Int(u8, bool),
    Float32,
    Float64,
    Utf8,
    LargeUtf8,
    Utf8View,
    Date32,
    Date64,
    Timestamp(TimeResolution),
}

impl Kind {
    /// From the format language of the specification.
    pub(crate) fn of(format: &str) -> Option<Kind> {
        Some(match format {
            "c" => Kind::Int(1, true),
            "C" => Kind::Int(1, false),
            "s" => Kind::Int(2, true),
            "S" => Kind::Int(2, false),
            "i" => Kind::Int(4, true),
            "I" => Kind::Int(4, false),
            "l" => Kind::Int(8, true),
            "L" => Kind::Int(8, false),
            "f" => Kind::Float32,
            "g" => Kind::Float64,
            "u" => Kind::Utf8,
            "U" => Kind::LargeUtf8,
            "vu" => Kind::Utf8View,
            "tdD" => Kind::Date32,
            "tdm" => Kind::Date64,
            // The time zone after the colon says how to print an instant, not which it is.
            _ => Kind::Timestamp(match format.get(..4)? {
                "tss:" => TimeResolution::Second,
                "tsm:" => TimeResolution::Milli,
                "tsu:" => TimeResolution::Micro,
                "tsn:" => TimeResolution::Nano,
                _ => return None,
            }),
        })
    }

    pub(crate) fn is_integer(self) -> bool {
        matches!(self, Kind::Int(..))
    }

    pub(crate) fn is_number(self) -> bool {
        matches!(self, Kind::Int(..) | Kind::Float32 | Kind::Float64)
    }

    pub(crate) fn is_text(self) -> bool {
        matches!(self, Kind::Utf8 | Kind::LargeUtf8 | Kind::Utf8View)
    }
}

/// The rows of a batch that a column holds.
pub(crate) struct Column<'a> {
    array: &'a ArrowArray,
    /// Values in the buffers before the first row.
    offset: usize,
    rows: usize,
}

fn broken(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidShape, message).with_field("stream")
}

impl<'a> Column<'a> {
    pub(crate) fn of(batch: &'a Batch, index: usize) -> Result<Column<'a>> {
        let (parent, array) = batch.child(index)?;
        let count =
            |value: i64| usize::try_from(value).map_err(|_| broken(format!("a length or offset of {value}")));
        let (rows, skipped) = (count(parent.length)?, count(parent.offset)?);
        // The offset of a struct applies to its children, on top of their own.
        let last = skipped.checked_add(rows).filter(|&last| count(array.length).is_ok_and(|n| last <= n));
        if last.is_none() {
            return Err(broken(format!("column {index} of a batch is shorter than the batch")));
        }
        let offset = count(array.offset)?.checked_add(skipped);
        let offset = offset.filter(|o| {
            o.checked_add(rows).and_then(|n| n.checked_mul(16)).is_some_and(|n| n < isize::MAX as usize)
        });
        let column = Column { array, offset: offset.ok_or_else(|| broken("an absurd offset"))?, rows };
        let batch = Column { array: parent, offset: skipped, rows };
        if let Some(row) = batch.first_null() {
            return Err(Error::data(row, "the row as a whole is null"));
        }
        Ok(column)
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    fn buffer(&self, index: usize) -> Option<*const c_void> {
        let there =
            usize::try_from(self.array.n_buffers).is_ok_and(|n| index < n) && !self.array.buffers.is_null();
        // SAFETY: there are more than `index` buffers, as the producer vouches.
        there.then(|| unsafe { *self.array.buffers.add(index) }).filter(|buffer| !buffer.is_null())
    }

    fn needed(&self, index: usize) -> Result<*const c_void> {
        self.buffer(index).ok_or_else(|| broken(format!("buffer {index} of a column is missing")))
    }

    fn is_null(&self, row: usize) -> bool {
        if self.array.null_count == 0 {
            return false;
        }
        let Some(bits) = self.buffer(0) else { return false };
        let bit = self.offset + row;
        // SAFETY: the validity buffer has a bit for every value, as the producer vouches.
        let byte = unsafe { *bits.cast::<u8>().add(bit / 8) };
        byte >> (bit % 8) & 1 == 0
    }

    pub(crate) fn first_null(&self) -> Option<usize> {
        if self.array.null_count == 0 || self.buffer(0).is_none() {
            return None;
        }
        (0..self.rows).find(|&row| self.is_null(row))
    }

    /// Values of a fixed width, with something in place of nulls.
    pub(crate) fn values<T: Copy>(&self, null: T) -> Result<Vec<T>> {
        if self.rows == 0 {
            return Ok(Vec::new());
        }
        let start = self.needed(1)?.cast::<T>();
        // SAFETY: the buffer has a value for every row, as the producer vouches.
        let read = |row: usize| unsafe { start.add(self.offset + row).read_unaligned() };
        Ok(match self.first_null() {
            None => (0..self.rows).map(read).collect(),
            Some(_) => (0..self.rows).map(|row| if self.is_null(row) { null } else { read(row) }).collect(),
        })
    }

    pub(crate) fn integers(&self, kind: Kind, null: i64) -> Result<Vec<i64>> {
        let widened = match kind {
            Kind::Int(1, true) => self.values::<i8>(0)?.into_iter().map(i64::from).collect(),
            Kind::Int(1, false) => self.values::<u8>(0)?.into_iter().map(i64::from).collect(),
            Kind::Int(2, true) => self.values::<i16>(0)?.into_iter().map(i64::from).collect(),
            Kind::Int(2, false) => self.values::<u16>(0)?.into_iter().map(i64::from).collect(),
            Kind::Int(4, true) => self.values::<i32>(0)?.into_iter().map(i64::from).collect(),
            Kind::Int(4, false) => self.values::<u32>(0)?.into_iter().map(i64::from).collect(),
            Kind::Int(8, false) => self
                .values::<u64>(0)?
                .into_iter()
                .enumerate()
                .map(|(row, value)| {
                    i64::try_from(value)
                        .map_err(|_| Error::data(row, format!("need an integer below 2^63, got {value}")))
                })
                .collect::<Result<Vec<i64>>>()?,
            _ => return self.values::<i64>(null),
        };
        Ok(widened)
    }

    /// Numbers as doubles; NaN for a null.
    pub(crate) fn numbers(&self, kind: Kind) -> Result<Vec<f64>> {
        let mut numbers: Vec<f64> = match kind {
            Kind::Float64 => return self.values::<f64>(f64::NAN),
            Kind::Float32 => self.values::<f32>(f32::NAN)?.into_iter().map(f64::from).collect(),
            Kind::Int(8, false) => self.values::<u64>(0)?.into_iter().map(|v| v as f64).collect(),
            kind => self.integers(kind, 0)?.into_iter().map(|v| v as f64).collect(),
        };
        if self.first_null().is_some() {
            (0..self.rows).filter(|&row| self.is_null(row)).for_each(|row| numbers[row] = f64::NAN);
        }
        Ok(numbers)
    }

    /// Every text in turn, none for a null. Whether they are UTF-8 is not checked here.
    pub(crate) fn texts(
        &self,
        kind: Kind,
        mut each: impl FnMut(usize, Option<&[u8]>) -> Result<()>,
    ) -> Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        let place: Box<dyn Fn(usize) -> (i64, i64)> = match kind {
            Kind::Utf8View => return self.views(each),
            Kind::LargeUtf8 => {
                let ends = self.needed(1)?.cast::<i64>();
                // SAFETY: there is one offset more than there are values, as the producer vouches.
                Box::new(move |i| unsafe { (ends.add(i).read_unaligned(), ends.add(i + 1).read_unaligned()) })
            }
            _ => {
                let ends = self.needed(1)?.cast::<i32>();
                // SAFETY: as above.
                Box::new(move |i| unsafe {
                    (ends.add(i).read_unaligned().into(), ends.add(i + 1).read_unaligned().into())
                })
            }
        };
        let bytes = self.buffer(2).map(|buffer| buffer.cast::<u8>());
        for row in 0..self.rows {
            if self.is_null(row) {
                each(row, None)?;
                continue;
            }
            let (from, to) = place(self.offset + row);
            let text: &[u8] = match (usize::try_from(from), usize::try_from(to.saturating_sub(from)), bytes) {
                (Ok(_), Ok(0), _) => &[],
                // SAFETY: the offsets do not decrease, and lie within the buffer, as the producer vouches.
                (Ok(from), Ok(length), Some(bytes)) => unsafe {
                    std::slice::from_raw_parts(bytes.add(from), length)
                },
                _ => return Err(broken("offsets of texts that decrease, or have no texts").with_row(row)),
            };
            each(row, Some(text))?;
        }
        Ok(())
    }

    /// Texts in 16-byte views: the length, then up to 12 bytes of text, or 4 of them, the number of a buffer and a place in it.
    fn views(&self, mut each: impl FnMut(usize, Option<&[u8]>) -> Result<()>) -> Result<()> {
        let views = self.needed(1)?.cast::<[u8; 16]>();
        for row in 0..self.rows {
            if self.is_null(row) {
                each(row, None)?;
                continue;
            }
            // SAFETY: there is a view for every value, as the producer vouches.
            let view = unsafe { views.add(self.offset + row).read_unaligned() };
            let word = |i: usize| i32::from_le_bytes([view[i], view[i + 1], view[i + 2], view[i + 3]]);
            let length =
                usize::try_from(word(0)).map_err(|_| broken("a text of negative length").with_row(row))?;
            if length <= 12 {
                each(row, Some(&view[4..4 + length]))?;
                continue;
            }
            let (Ok(buffer), Ok(from)) = (usize::try_from(word(8)), usize::try_from(word(12))) else {
                return Err(broken("a text at a negative place").with_row(row));
            };
            let bytes = self.needed(2 + buffer)?.cast::<u8>();
            // SAFETY: the text lies within that buffer, as the producer vouches.
            each(row, Some(unsafe { std::slice::from_raw_parts(bytes.add(from), length) }))?;
        }
        Ok(())
    }
}
