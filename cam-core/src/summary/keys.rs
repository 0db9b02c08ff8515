//! Customer keys: integers or text, borrowed from the log and owned by the summary.

use crate::error::{Error, Result};
use std::cmp::Ordering;

/// Where each text ends, as Arrow lays it out: one more offset than there are rows.
#[derive(Debug, Clone, Copy)]
pub enum Offsets<'a> {
    /// 32-bit offsets (Arrow `utf8`).
    I32(&'a [i32]),
    /// 64-bit offsets (Arrow `large_utf8`).
    I64(&'a [i64]),
}

impl Offsets<'_> {
    fn len(&self) -> usize {
        match self {
            Offsets::I32(v) => v.len(),
            Offsets::I64(v) => v.len(),
        }
    }

    #[inline(always)]
    fn get(&self, i: usize) -> i64 {
        match self {
            Offsets::I32(v) => i64::from(v[i]),
            Offsets::I64(v) => v[i],
        }
    }
}

/// The key column of a log, borrowed.
///
/// An empty text is a missing key, and an error with its row.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum KeysRef<'a> {
    /// Integers.
    Int(&'a [i64]),
    /// UTF-8 texts, one after the other, as Arrow keeps them.
    Text {
        /// Start of each text, and the end of the last.
        offsets: Offsets<'a>,
        /// The texts.
        bytes: &'a [u8],
    },
    /// String slices.
    Strs(&'a [&'a str]),
    /// Owned strings.
    Strings(&'a [String]),
}

impl<'a> From<&'a [i64]> for KeysRef<'a> {
    fn from(keys: &'a [i64]) -> Self {
        KeysRef::Int(keys)
    }
}
impl<'a> From<&'a [&'a str]> for KeysRef<'a> {
    fn from(keys: &'a [&'a str]) -> Self {
        KeysRef::Strs(keys)
    }
}
impl<'a> From<&'a [String]> for KeysRef<'a> {
    fn from(keys: &'a [String]) -> Self {
        KeysRef::Strings(keys)
    }
}

/// One key. Integers sort by value; texts by their bytes, which for UTF-8 is the order of code points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key<'a> {
    /// An integer.
    Int(i64),
    /// UTF-8.
    Text(&'a [u8]),
}

impl std::fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Key::Int(key) => write!(f, "{key}"),
            Key::Text(bytes) => f.write_str(&String::from_utf8_lossy(bytes)),
        }
    }
}

impl<'a> KeysRef<'a> {
    /// The number of rows.
    pub fn len(&self) -> usize {
        match self {
            KeysRef::Int(v) => v.len(),
            KeysRef::Text { offsets, .. } => offsets.len().saturating_sub(1),
            KeysRef::Strs(v) => v.len(),
            KeysRef::Strings(v) => v.len(),
        }
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The length of the longest text, in bytes; 0 for integers.
    pub(super) fn longest(&self) -> usize {
        let lengths = |row| match self.get(row) {
            Key::Int(_) => 0,
            Key::Text(text) => text.len(),
        };
        if self.is_int() { 0 } else { (0..self.len()).map(lengths).max().unwrap_or(0) }
    }

    pub(super) fn is_int(&self) -> bool {
        matches!(self, KeysRef::Int(_))
    }

    /// The key of a row that passed [`check`](KeysRef::check).
    #[inline(always)]
    pub(super) fn get(&self, row: usize) -> Key<'a> {
        match *self {
            KeysRef::Int(v) => Key::Int(v[row]),
            KeysRef::Text { offsets, bytes } => {
                Key::Text(&bytes[offsets.get(row) as usize..offsets.get(row + 1) as usize])
            }
            KeysRef::Strs(v) => Key::Text(v[row].as_bytes()),
            KeysRef::Strings(v) => Key::Text(v[row].as_bytes()),
        }
    }

    /// Whether the key of this row is there and well formed.
    #[inline(always)]
    pub(super) fn check(&self, row: usize) -> Result<()> {
        let text = match *self {
            KeysRef::Int(_) => return Ok(()),
            KeysRef::Strs(v) => v[row].as_bytes(),
            KeysRef::Strings(v) => v[row].as_bytes(),
            KeysRef::Text { offsets, bytes } => {
                let (from, to) = (offsets.get(row), offsets.get(row + 1));
                let slice = match (usize::try_from(from), usize::try_from(to)) {
                    (Ok(from), Ok(to)) => bytes.get(from..to),
                    _ => None,
                };
                let Some(slice) = slice else {
                    return Err(Error::shape(format!(
                        "text offsets must not decrease and stay within {} bytes, got {from} and {to}",
                        bytes.len()
                    ))
                    .with_row(row)
                    .with_field("customer"));
                };
                if std::str::from_utf8(slice).is_err() {
                    return Err(Error::data(row, "customer key must be valid UTF-8").with_field("customer"));
                }
                slice
            }
        };
        if text.is_empty() { Err(missing_key(row)) } else { Ok(()) }
    }

    pub(super) fn slice(&self, rows: std::ops::Range<usize>) -> Self {
        match *self {
            KeysRef::Int(v) => KeysRef::Int(&v[rows]),
            KeysRef::Text { offsets, bytes } => {
                let ends = rows.start..rows.end + 1;
                let offsets = match offsets {
                    Offsets::I32(v) => Offsets::I32(&v[ends]),
                    Offsets::I64(v) => Offsets::I64(&v[ends]),
                };
                KeysRef::Text { offsets, bytes }
            }
            KeysRef::Strs(v) => KeysRef::Strs(&v[rows]),
            KeysRef::Strings(v) => KeysRef::Strings(&v[rows]),
        }
    }
}

/// The error for a row without a customer key; the doors raise it for nulls in a key column.
pub fn missing_key(row: usize) -> Error {
    Error::data(row, "customer key is missing").with_field("customer")
}

/// Customer keys, owned: one per row of a [`Summary`](super::Summary).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Keys {
    /// Integers.
    Int(Vec<i64>),
    /// UTF-8 texts, one after the other, in the layout of Arrow `large_utf8`.
    Text {
        /// Start of each text, and the end of the last: one more than there are rows.
        offsets: Vec<i64>,
        /// The texts.
        bytes: Vec<u8>,
    },
}

impl Keys {
    /// No keys yet, of the one or the other kind.
    pub(super) fn empty(int: bool) -> Self {
        if int { Keys::Int(Vec::new()) } else { Keys::Text { offsets: vec![0], bytes: Vec::new() } }
    }

    /// Text keys from strings.
    pub fn from_texts<S: AsRef<str>>(texts: impl IntoIterator<Item = S>) -> Self {
        let mut keys = Keys::empty(false);
        texts.into_iter().for_each(|text| keys.push(Key::Text(text.as_ref().as_bytes())));
        keys
    }

    /// Adds a key; one of the other kind is not taken (callers have checked).
    pub(super) fn push(&mut self, key: Key<'_>) {
        match (self, key) {
            (Keys::Int(v), Key::Int(key)) => v.push(key),
            (Keys::Text { offsets, bytes }, Key::Text(key)) => {
                bytes.extend_from_slice(key);
                offsets.push(bytes.len() as i64);
            }
            _ => debug_assert!(false, "keys of two kinds"),
        }
    }

    /// Adds all keys of another list of the same kind.
    pub(super) fn append(&mut self, other: &Keys) {
        match (self, other) {
            (Keys::Int(v), Keys::Int(more)) => v.extend_from_slice(more),
            (Keys::Text { offsets, bytes }, Keys::Text { offsets: ends, bytes: more }) => {
                let base = bytes.len() as i64;
                bytes.extend_from_slice(more);
                offsets.extend(ends.iter().skip(1).map(|end| base + end));
            }
            _ => debug_assert!(false, "keys of two kinds"),
        }
    }

    /// The number of keys.
    pub fn len(&self) -> usize {
        match self {
            Keys::Int(v) => v.len(),
            Keys::Text { offsets, .. } => offsets.len().saturating_sub(1),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The key of a row. Panics, as slices do, when there is no such row.
    #[inline(always)]
    pub fn get(&self, row: usize) -> Key<'_> {
        match self {
            Keys::Int(v) => Key::Int(v[row]),
            Keys::Text { offsets, bytes } => {
                Key::Text(&bytes[offsets[row] as usize..offsets[row + 1] as usize])
            }
        }
    }

    /// The keys, borrowed in the form a log takes.
    pub fn as_ref(&self) -> KeysRef<'_> {
        match self {
            Keys::Int(v) => KeysRef::Int(v),
            Keys::Text { offsets, bytes } => KeysRef::Text { offsets: Offsets::I64(offsets), bytes },
        }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        match self {
            Keys::Int(v) => v.capacity() * 8,
            Keys::Text { offsets, bytes } => offsets.capacity() * 8 + bytes.capacity(),
        }
    }
}

/// A key in 128 bits that are in the order of the keys: exactly for integers and texts of up to 15 bytes; longer texts may share their image with
/// others that begin alike, and then [`compare`] looks at all of them.
///
/// A text is its first 15 bytes, zeros, and its length up to 16: of texts that differ only by zero bytes at the end, the shorter comes first.
#[inline(always)]
pub(super) fn image(key: Key<'_>) -> u128 {
    match key {
        Key::Int(key) => u128::from((key as u64) ^ (1 << 63)),
        Key::Text(text) => {
            let mut image = [0; 16];
            let n = text.len().min(15);
            image[..n].copy_from_slice(&text[..n]);
            image[15] = text.len().min(16) as u8;
            u128::from_be_bytes(image)
        }
    }
}

/// The order of two keys with their images.
#[inline(always)]
pub(super) fn compare<'k>(
    a: (u128, impl FnOnce() -> Key<'k>),
    b: (u128, impl FnOnce() -> Key<'k>),
) -> Ordering {
    a.0.cmp(&b.0).then_with(|| a.1().cmp(&b.1()))
}

/// Multiply to 128 bits and fold: every bit of the product depends on every bit of both factors below it.
#[inline(always)]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ ((product >> 64) as u64)
}

/// Fractional digits of π, odd: multipliers with no structure.
const PI: [u64; 4] =
    [0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7345, 0xa409_3822_299f_31d1, 0x082e_fa98_ec4e_6c89];

/// A 64-bit hash of a key. It only spreads keys over tables: no result depends on it.
#[inline(always)]
pub(super) fn hash(key: Key<'_>) -> u64 {
    match key {
        Key::Int(key) => fold(key as u64 ^ PI[0], PI[1] ^ (key as u64).rotate_left(32)),
        Key::Text(text) => {
            let mut state = text.len() as u64 ^ PI[2];
            let mut words = text.chunks_exact(8);
            for word in words.by_ref() {
                let mut bytes = [0; 8];
                bytes.copy_from_slice(word);
                state = fold(state ^ u64::from_le_bytes(bytes), PI[0]);
            }
            let mut tail = 0;
            for &byte in words.remainder() {
                tail = tail << 8 | u64::from(byte);
            }
            fold(state ^ tail, PI[3])
        }
    }
}
