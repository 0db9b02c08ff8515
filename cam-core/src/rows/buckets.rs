//! Equal rows, found: dealt into buckets by a hash, and searched for within each.

use super::BUCKETS;
use super::reader::Reader;
use crate::control::Control;
use crate::error::Result;
use std::sync::atomic::{AtomicU32, Ordering};

/// Rows of the table that are dealt into buckets at a time: few enough for the nearest caches.
const SEGMENT: usize = 1 << 12;
/// The bucket of a row that is left out.
const NO_BUCKET: u8 = u8::MAX;

/// The distinct rows of a table, by bucket; `WIDTH` is the width, or 0.
pub(super) fn buckets<const WIDTH: usize>(
    reader: &Reader<'_, '_>,
    width: usize,
    n: usize,
    index: &[AtomicU32],
    control: &Control<'_>,
) -> Result<Vec<Bucket>> {
    // To start a thread takes as long as to read some thousand rows.
    let control = &control.only_for(n, 1 << 15);
    let segments = control.map(n.div_ceil(SEGMENT), |k| {
        Segment::deal::<WIDTH>(reader, width, k * SEGMENT, n.min((k + 1) * SEGMENT), !index.is_empty())
    })?;
    control.map(BUCKETS, |b| Ok(Bucket::compress::<WIDTH>(&segments, b, width, index)))
}

/// Some rows of the table, dealt into buckets.
struct Segment {
    /// Bucket b holds the rows from `starts[b]` to `starts[b + 1]`.
    starts: [u32; BUCKETS + 1],
    /// Row-major.
    values: Vec<f64>,
    /// Of each row; none where all weigh 1.
    weights: Vec<f64>,
    /// Rows of the table; none where nobody will ask.
    from: Vec<u32>,
}

impl Segment {
    fn deal<const WIDTH: usize>(
        reader: &Reader<'_, '_>,
        width: usize,
        lo: usize,
        hi: usize,
        indexed: bool,
    ) -> Result<Segment> {
        let width = if WIDTH > 0 { WIDTH } else { width };
        let mut read = vec![0.0; (hi - lo) * width];
        let mut bucket_of = [NO_BUCKET; SEGMENT];
        let mut starts = [0u32; BUCKETS + 1];
        reader.read_block::<WIDTH>(lo, &mut read, |i, row| {
            let bucket = bucket(hash::<WIDTH>(row));
            bucket_of[i] = bucket as u8;
            starts[bucket + 1] += 1;
        })?;
        for b in 0..BUCKETS {
            starts[b + 1] += starts[b];
        }
        let mut next = starts;
        let kept = starts[BUCKETS] as usize;
        let mut values = vec![0.0; kept * width];
        let mut weights = vec![0.0; if reader.weight.is_some() { kept } else { 0 }];
        let mut from = vec![0; if indexed { kept } else { 0 }];
        for (i, (row, &bucket)) in read.chunks_exact(width).zip(&bucket_of).enumerate() {
            if bucket == NO_BUCKET {
                continue;
            }
            let next = &mut next[usize::from(bucket)];
            let at = *next as usize;
            *next += 1;
            copy_row::<WIDTH>(&mut values[at * width..][..width], row);
            if let Some(weight) = weights.get_mut(at) {
                *weight = reader.weight(lo + i)?;
            }
            if let Some(from) = from.get_mut(at) {
                *from = (lo + i) as u32;
            }
        }
        Ok(Segment { starts, values, weights, from })
    }
}

/// A row as an array where its width is known beforehand: loops over it are then unrolled.
#[inline(always)]
fn whole<const WIDTH: usize>(row: &[f64]) -> Option<&[f64; WIDTH]> {
    if WIDTH > 0 { row.first_chunk() } else { None }
}

/// Multiply–xor over the bits: small whole numbers and day fractions differ only in high mantissa bits, so each step brings them down.
#[inline(always)]
pub(crate) fn hash<const WIDTH: usize>(row: &[f64]) -> u64 {
    let step = |h: u64, v: &f64| {
        let x = (h ^ v.to_bits()).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        x ^ (x >> 32)
    };
    let h = match whole::<WIDTH>(row) {
        Some(row) => row.iter().fold(0, step),
        None => row.iter().fold(0, step),
    };
    h.wrapping_mul(0xBF58_476D_1CE4_E5B9)
}

/// The bucket of a hash: its upper bits, so that the lower ones still tell the rows of a bucket apart.
pub(super) fn bucket(h: u64) -> usize {
    (h >> 58) as usize
}

/// The distinct rows of one bucket, as they were found.
pub(super) struct Bucket {
    pub(super) values: Vec<f64>,
    pub(super) weights: Vec<f64>,
    /// Their numbers in the order of their first column and their hashes.
    pub(super) order: Vec<u32>,
}

impl Bucket {
    fn compress<const WIDTH: usize>(
        segments: &[Segment],
        b: usize,
        width: usize,
        index: &[AtomicU32],
    ) -> Bucket {
        let width = if WIDTH > 0 { WIDTH } else { width };
        let note = |table_row: u32, local: u32| {
            if let Some(place) = index.get(table_row as usize) {
                place.store(local * BUCKETS as u32 + b as u32, Ordering::Relaxed);
            }
        };
        let slice = |s: &Segment| s.starts[b] as usize..s.starts[b + 1] as usize;
        let rows: usize = segments.iter().map(|s| slice(s).len()).sum();
        // A place holds half of the hash and the number of a distinct row: nearly all other rows are told apart without a look at them.
        let mut places = Places::new(rows / 4);
        let (mut values, mut weights, mut hashes): (Vec<f64>, Vec<f64>, Vec<u32>) = Default::default();
        for segment in segments {
            let range = slice(segment);
            let rows = &segment.values[range.start * width..range.end * width];
            for (at, row) in range.zip(rows.chunks_exact(width)) {
                let h = hash::<WIDTH>(row) as u32;
                let weight = segment.weights.get(at).copied().unwrap_or(1.0);
                let here = |known: u32| same::<WIDTH>(&values[known as usize * width..][..width], row);
                let (place, known) = places.find(h, here);
                let local = known.unwrap_or(weights.len() as u32);
                if let Some(&table_row) = segment.from.get(at) {
                    note(table_row, local);
                }
                match known {
                    Some(known) => weights[known as usize] += weight,
                    None => {
                        push_row::<WIDTH>(&mut values, row);
                        weights.push(weight);
                        hashes.push(h);
                        places.put(place, local, &hashes);
                    }
                }
            }
        }
        // By the first column and the hash; the number breaks the ties.
        let mut order: Vec<(u64, u64)> = hashes
            .iter()
            .enumerate()
            .map(|(i, &h)| (values[i * width].to_bits(), u64::from(h) << 32 | i as u64))
            .collect();
        order.sort_unstable();
        Bucket { values, weights, order: order.into_iter().map(|(_, key)| key as u32).collect() }
    }

    /// Its rows by their first column.
    pub(super) fn runs(&self, bucket: usize, width: usize) -> impl Iterator<Item = Run> {
        let first = move |local: &u32| self.values[*local as usize * width].to_bits();
        let mut from = 0;
        self.order.chunk_by(move |a, b| first(a) == first(b)).map(move |rows| {
            let range = from..from + rows.len();
            from = range.end;
            Run { first: first(&rows[0]), bucket: bucket as u32, range }
        })
    }
}

/// Where the distinct rows of a bucket are found by their hashes.
struct Places {
    /// The hash and, below it, the number of a distinct row; or [`Places::FREE`].
    slots: Vec<u64>,
}

impl Places {
    /// No row has this number.
    const FREE: u64 = u64::MAX;

    fn new(least: usize) -> Places {
        Places { slots: vec![Places::FREE; least.next_power_of_two().max(64)] }
    }

    /// The number of the row with this hash that `here` accepts, or the place where it would be put.
    #[inline(always)]
    fn find(&self, h: u32, here: impl Fn(u32) -> bool) -> (usize, Option<u32>) {
        let mut place = h as usize & (self.slots.len() - 1);
        loop {
            let slot = self.slots[place];
            if slot == Places::FREE {
                return (place, None);
            }
            if (slot >> 32) as u32 == h && here(slot as u32) {
                return (place, Some(slot as u32));
            }
            place = (place + 1) & (self.slots.len() - 1);
        }
    }

    /// Put the last of `hashes`, with its number, there; where that makes them crowded, all move into more places.
    fn put(&mut self, place: usize, local: u32, hashes: &[u32]) {
        let slot = |h: u32, local: u32| u64::from(h) << 32 | u64::from(local);
        if let Some(&h) = hashes.last() {
            self.slots[place] = slot(h, local);
        }
        if hashes.len() * 2 > self.slots.len() {
            *self = Places::new(self.slots.len() * 4);
            for (local, &h) in (0..).zip(hashes) {
                let (place, _) = self.find(h, |_| false);
                self.slots[place] = slot(h, local);
            }
        }
    }
}

/// Neighbours in the order of a bucket that share their first column.
pub(super) struct Run {
    pub(super) first: u64,
    pub(super) bucket: u32,
    pub(super) range: std::ops::Range<usize>,
}

/// A few numbers: as an array, or in a loop, that is quicker than by a call to copy or compare memory.
#[inline(always)]
pub(super) fn push_row<const WIDTH: usize>(values: &mut Vec<f64>, row: &[f64]) {
    match whole::<WIDTH>(row) {
        Some(row) => values.extend_from_slice(row),
        None => row.iter().for_each(|&v| values.push(v)),
    }
}

/// The same into place.
#[inline(always)]
pub(super) fn copy_row<const WIDTH: usize>(to: &mut [f64], row: &[f64]) {
    match (to.first_chunk_mut(), whole::<WIDTH>(row)) {
        (Some(to), Some(row)) => *to = *row,
        _ => to.iter_mut().zip(row).for_each(|(to, v)| *to = *v),
    }
}

/// Whether two rows are equal; none holds a NaN or −0.
#[inline(always)]
pub(super) fn same<const WIDTH: usize>(a: &[f64], b: &[f64]) -> bool {
    let equal = |all: bool, (a, b): (&f64, &f64)| all & (a.to_bits() == b.to_bits());
    match (whole::<WIDTH>(a), whole::<WIDTH>(b)) {
        (Some(a), Some(b)) => a.iter().zip(b).fold(true, equal),
        _ => a.iter().zip(b).fold(true, equal),
    }
}
