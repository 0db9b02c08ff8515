//! Checked, compressed, grouped rows: what every likelihood and nearly every score runs over.
//!
//! Customers with the same history are one row with a weight. On a day grid a million customers have about a hundred
//! thousand distinct histories, so this saves most of the work of a fit and of a score. Distinct rows stand in an order that depends
//! on their values alone, so the result of a sum does not depend on the order of the customers; and rows that share their
//! first column (the frequency) stand together, so what depends on it alone is computed once.
//!
//! Equal rows are found in two steps, both parallel: segments of the table are checked and dealt into buckets by a hash; then
//! each bucket, small enough for the cache, is searched for equal rows by itself.

use crate::control::{CHUNK, Control};
use crate::error::{Error, Result, brief};
use crate::table::{Table, Variable};
use ndarray::{ArrayView1, Axis};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

/// What rows are read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To fit: a NaN is refused, and where a row came from is not kept.
    Fit,
    /// To score: a row with a NaN is left out, and [`Rows::scatter`] gives NaN for it. Only the mean spend of a customer without a repeat purchase
    /// may be NaN, here and in a fit: it counts as 0, for there is nothing to be known.
    Score,
}

/// Distinct rows, grouped by their first column in ascending order, with weights, and where each came from.
#[derive(Debug)]
pub struct Rows {
    width: usize,
    values: Vec<f64>,
    weights: Vec<f64>,
    /// Distinct row → its code: bucket and number within it.
    codes: Vec<u32>,
    /// Row of the table → code, or `NOWHERE`.
    index: Vec<AtomicU32>,
}

const NOWHERE: u32 = u32::MAX;
/// Rows of the table that are dealt into buckets at a time: few enough for the nearest caches.
const SEGMENT: usize = 1 << 12;
const BUCKETS: usize = 64;
/// Distinct rows whose likelihoods are summed at a time: so few that the small samples with which a fit begins are shared among threads, too.
const SUMMED: usize = 512;
/// The bucket of a row that is left out.
const NO_BUCKET: u8 = u8::MAX;

impl Rows {
    /// Read, check and compress the columns of a table. A column `weight` counts a row that many times.
    ///
    /// # Errors
    /// A column is missing, there are more than 2³² − 2 rows, or a row is out of a domain or breaks `rule`; the first such row
    /// is named.
    pub fn new(
        table: &Table<'_>,
        columns: &[Variable],
        purpose: Purpose,
        rule: impl Fn(&[f64]) -> Result<(), String> + Sync,
        control: &Control<'_>,
    ) -> Result<Rows> {
        let rule = each_row(columns.len(), rule);
        let reader = Reader::new(table, columns, purpose, &rule)?;
        Rows::read(&reader, table.rows(), control)
    }

    /// The same from bare columns of equal length, all of one kind and without weights; a row with a NaN is left out.
    pub(crate) fn of_columns(
        views: Vec<ArrayView1<'_, f64>>,
        kind: Variable,
        control: &Control<'_>,
    ) -> Result<Rows> {
        let n = views.first().map_or(0, |view| view.len());
        let columns = vec![kind; views.len()];
        let reader =
            Reader { columns: &columns, views, weight: None, purpose: Purpose::Score, rule: &|_| None };
        Rows::read(&reader, n, control)
    }

    fn read(reader: &Reader<'_, '_>, n: usize, control: &Control<'_>) -> Result<Rows> {
        if n >= NOWHERE as usize {
            return Err(Error::shape(format!("at most {} rows at once, got {n}", NOWHERE - 1)));
        }
        let width = reader.columns.len();
        let kept = if reader.purpose == Purpose::Score { n } else { 0 };
        let index: Vec<AtomicU32> = (0..kept).map(|_| AtomicU32::new(NOWHERE)).collect();
        // The widths that models have, as constants: the inner loops are then unrolled.
        match width {
            2 => Rows::compress::<2>(reader, n, index, control),
            3 => Rows::compress::<3>(reader, n, index, control),
            _ => Rows::compress::<0>(reader, n, index, control),
        }
    }

    /// `WIDTH` is the width, or 0.
    fn compress<const WIDTH: usize>(
        reader: &Reader<'_, '_>,
        n: usize,
        index: Vec<AtomicU32>,
        control: &Control<'_>,
    ) -> Result<Rows> {
        let width = reader.columns.len();
        let buckets = buckets::<WIDTH>(reader, width, n, &index, control)?;
        Rows::gather::<WIDTH>(&buckets, width, index, control)
    }

    /// Put the distinct rows of all buckets in order and translate the index.
    fn gather<const WIDTH: usize>(
        buckets: &[Bucket],
        width: usize,
        index: Vec<AtomicU32>,
        control: &Control<'_>,
    ) -> Result<Rows> {
        // A row's place: its first column, then its bucket, then its hash; an order by values alone. So the rows of a bucket with one first
        // column stay together, and it is these runs that are put in order.
        let mut runs: Vec<Run> =
            buckets.iter().enumerate().flat_map(|(b, bucket)| bucket.runs(b, width)).collect();
        control.check()?;
        // Domains leave no negative first column, so the bits sort as the numbers do.
        runs.sort_unstable_by_key(|run| (run.first, run.bucket));
        let total: usize = runs.iter().map(|run| run.range.len()).sum();
        // As many runs together as make up a chunk.
        let mut parts = Vec::with_capacity(total / CHUNK + 1);
        let (mut from, mut rows) = (0, 0);
        for (i, run) in runs.iter().enumerate() {
            rows += run.range.len();
            if rows >= CHUNK || i + 1 == runs.len() {
                parts.push(from..i + 1);
                (from, rows) = (i + 1, 0);
            }
        }
        let (mut values, mut weights) = (vec![0.0; total * width], vec![0.0; total]);
        let mut codes = vec![0; total];
        let (mut to_values, mut to_weights, mut to_codes) =
            (&mut values[..], &mut weights[..], &mut codes[..]);
        let parts: Vec<_> = parts
            .into_iter()
            .map(|part| {
                let rows = runs[part.clone()].iter().map(|run| run.range.len()).sum();
                let to = (
                    to_values.split_off_mut(..rows * width).unwrap_or_default(),
                    to_weights.split_off_mut(..rows).unwrap_or_default(),
                    to_codes.split_off_mut(..rows).unwrap_or_default(),
                );
                Mutex::new((part, to))
            })
            .collect();
        control.only_for(total, 4 * CHUNK).map(parts.len(), |k| {
            let (part, (values, weights, codes)) =
                &mut *parts[k].lock().unwrap_or_else(PoisonError::into_inner);
            let rows = runs[part.clone()].iter().flat_map(|run| {
                let bucket = &buckets[run.bucket as usize];
                bucket.order[run.range.clone()].iter().map(move |&local| (run.bucket, bucket, local))
            });
            let to = values.chunks_exact_mut(width).zip(weights.iter_mut()).zip(codes.iter_mut());
            for (((row, weight), code), (number, bucket, local)) in to.zip(rows) {
                copy_row::<WIDTH>(row, &bucket.values[local as usize * width..][..width]);
                *weight = bucket.weights[local as usize];
                *code = local * BUCKETS as u32 + number;
            }
            Ok(())
        })?;
        drop(parts);
        Ok(Rows { width, values, weights, codes, index })
    }

    /// The number of distinct rows.
    pub fn len(&self) -> usize {
        self.weights.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.weights.is_empty()
    }

    /// Distinct rows in order, each with its weight.
    pub fn iter(&self) -> impl Iterator<Item = (&[f64], f64)> {
        self.values.chunks_exact(self.width).zip(self.weights.iter().copied())
    }

    /// Distinct rows in order from this one on, row-major.
    pub(crate) fn values_from(&self, row: usize) -> &[f64] {
        &self.values[row * self.width..]
    }

    /// The weights, in the order of the rows.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// The sum of the weights.
    pub fn total_weight(&self) -> f64 {
        self.weights.iter().sum()
    }

    /// The rows that `keep` accepts, by number, row and weight. They no longer know where they came from.
    #[must_use]
    pub fn filter(&self, mut keep: impl FnMut(usize, &[f64], f64) -> bool) -> Rows {
        let mut kept = Rows {
            width: self.width,
            values: Vec::new(),
            weights: Vec::new(),
            codes: Vec::new(),
            index: Vec::new(),
        };
        for (i, (row, w)) in self.iter().enumerate() {
            if keep(i, row, w) {
                kept.values.extend_from_slice(row);
                kept.weights.push(w);
            }
        }
        kept
    }

    /// Some rows, by number and in ascending order, with other weights.
    #[must_use]
    pub(crate) fn chosen(&self, rows: &[(usize, f64)]) -> Rows {
        let mut kept = self.filter(|_, _, _| false);
        for &(i, weight) in rows {
            kept.values.extend_from_slice(&self.values[i * self.width..][..self.width]);
            kept.weights.push(weight);
        }
        kept
    }

    /// About `size` distinct rows that stand for all customers: those with large weights as they are, and of the others every so-many-th
    /// customer, counted along the cumulative weights. That tells far more than as many customers drawn at random.
    #[must_use]
    pub fn thinned(&self, size: usize) -> Rows {
        let mut step = self.total_weight() / size as f64;
        // Rows that are kept as they are leave more places to the others.
        for _ in 0..3 {
            let (count, weight) = self.weights.iter().fold((0, 0.0), |(n, sum), &w| match w < step {
                true => (n, sum + w),
                false => (n + 1, sum),
            });
            step = weight / size.saturating_sub(count).max(1) as f64;
        }
        let mut seen = 0.0;
        let mut kept_weights = Vec::new();
        let mut thinned = self.filter(|_, _, weight| {
            if weight >= step {
                kept_weights.push(weight);
                return true;
            }
            let before = (seen / step + 0.5).floor();
            seen += weight;
            let taken = (seen / step + 0.5).floor() > before;
            if taken {
                kept_weights.push(step);
            }
            taken
        });
        thinned.weights = kept_weights;
        thinned
    }

    /// Per some hundred distinct rows: `work(rows, weights)`; the results in order.
    pub fn map_chunks<T: Send>(
        &self,
        control: &Control<'_>,
        work: impl Fn(&[f64], &[f64]) -> Result<T> + Sync,
    ) -> Result<Vec<T>> {
        self.map_chunks_weighted(&self.weights, control, work)
    }

    /// The same with other weights, one for each distinct row.
    pub fn map_chunks_weighted<T: Send>(
        &self,
        weights: &[f64],
        control: &Control<'_>,
        work: impl Fn(&[f64], &[f64]) -> Result<T> + Sync,
    ) -> Result<Vec<T>> {
        control.only_for(self.len(), 4 * SUMMED).map(self.len().div_ceil(SUMMED), |k| {
            let (lo, hi) = (k * SUMMED, self.len().min((k + 1) * SUMMED));
            work(&self.values[lo * self.width..hi * self.width], &weights[lo..hi])
        })
    }

    /// Fill one value per distinct row, chunk by chunk.
    pub fn fill(
        &self,
        out: &mut [f64],
        control: &Control<'_>,
        work: impl Fn(&[f64], &mut [f64]) -> Result<()> + Sync,
    ) -> Result<()> {
        control.fill(out, |first, out| {
            let rows = &self.values[first * self.width..(first + out.len()) * self.width];
            work(rows, out).map_err(|e| self.in_table(e, first))
        })
    }

    /// From one value per distinct row to one per row of the table, NaN where the row was skipped.
    ///
    /// # Errors
    /// The caller has asked to stop.
    pub fn scatter(&self, unique: &[f64], control: &Control<'_>) -> Result<Vec<f64>> {
        let places = self.codes.iter().max().map_or(0, |&code| code as usize + 1);
        let mut by_code = vec![f64::NAN; places];
        for (&code, &value) in self.codes.iter().zip(unique) {
            by_code[code as usize] = value;
        }
        let mut out = vec![0.0; self.index.len()];
        control.fill(&mut out, |first, out| {
            for (out, code) in out.iter_mut().zip(&self.index[first..]) {
                let value = by_code.get(code.load(Ordering::Relaxed) as usize);
                *out = value.copied().unwrap_or(f64::NAN);
            }
            Ok(())
        })?;
        Ok(out)
    }

    /// An error that knows the distinct row gets the first row of the table that looks so.
    pub(crate) fn in_table(&self, error: Error, first: usize) -> Error {
        let Some(local) = error.row() else { return error };
        let code = self.codes.get(first + local).copied();
        match self.index.iter().position(|i| Some(i.load(Ordering::Relaxed)) == code) {
            Some(row) => error.with_row(row),
            None => error,
        }
    }
}

/// The first of some rows, row-major, that breaks the rules of its model, and how. Of many rows at once, so that it is no matter that it is
/// called through a pointer; were it a type, everything here would be compiled for every model.
pub(crate) type Rule<'r> = &'r (dyn Fn(&[f64]) -> Option<(usize, String)> + Sync);

/// A [`Rule`] from one for a single row of `width` values.
pub(crate) fn each_row(
    width: usize,
    rule: impl Fn(&[f64]) -> Result<(), String> + Sync,
) -> impl Fn(&[f64]) -> Option<(usize, String)> + Sync {
    move |rows| {
        rows.chunks_exact(width).enumerate().find_map(|(i, row)| rule(row).err().map(|broken| (i, broken)))
    }
}

/// The columns of a table, with the rules that a row must keep.
pub(crate) struct Reader<'a, 'c> {
    columns: &'c [Variable],
    views: Vec<ArrayView1<'a, f64>>,
    weight: Option<ArrayView1<'a, f64>>,
    purpose: Purpose,
    rule: Rule<'c>,
}

impl<'a, 'c> Reader<'a, 'c> {
    pub(crate) fn new(
        table: &Table<'a>,
        columns: &'c [Variable],
        purpose: Purpose,
        rule: Rule<'c>,
    ) -> Result<Self> {
        let views = columns.iter().map(|c| table.column(c.name)).collect::<Result<_>>()?;
        Ok(Reader { columns, views, weight: table.get("weight"), purpose, rule })
    }

    /// Read rows from `first` on into `rows`, row-major, and hand each that is sound to `take`, with its number in the block.
    /// A row to be left out keeps its NaN; the answer is how many there are.
    ///
    /// `WIDTH` is the number of columns where it is known beforehand, else 0.
    pub(crate) fn read_block<const WIDTH: usize>(
        &self,
        first: usize,
        rows: &mut [f64],
        mut take: impl FnMut(usize, &[f64]),
    ) -> Result<usize> {
        let width = if WIDTH > 0 { WIDTH } else { self.columns.len() };
        let mut skipped = 0;
        let n = rows.len() / width;
        let mut sound = true;
        for (k, (view, column)) in self.views.iter().zip(self.columns).enumerate() {
            let part = view.slice_axis(Axis(0), (first..first + n).into());
            let column_of_rows = rows[k..].iter_mut().step_by(width);
            // −0 and 0 are the same history.
            match part.as_slice() {
                Some(part) => {
                    part.iter().zip(column_of_rows).for_each(|(v, r)| *r = v + 0.0);
                    sound &= column.domain.contains_all(part.iter());
                }
                None => {
                    part.iter().zip(column_of_rows).for_each(|(v, r)| *r = v + 0.0);
                    sound &= column.domain.contains_all(part.iter());
                }
            }
        }
        // Column by column the check is many times quicker than row by row, so that it comes first.
        if sound {
            if let Some((i, broken)) = (self.rule)(rows) {
                return Err(Error::data(first + i, broken));
            }
            rows.chunks_exact(width).enumerate().for_each(|(i, row)| take(i, row));
            return Ok(0);
        }
        for (i, row) in rows.chunks_exact_mut(width).enumerate() {
            self.fill_spend(row);
            if row.iter().zip(self.columns).all(|(v, c)| c.domain.contains(*v)) {
                if let Some((_, broken)) = (self.rule)(row) {
                    return Err(Error::data(first + i, broken));
                }
                take(i, row);
            } else if self.purpose == Purpose::Fit || !row.iter().any(|v| v.is_nan()) {
                return Err(self.out_of_domain(first + i, row));
            } else {
                skipped += 1;
            }
        }
        Ok(skipped)
    }

    /// A mean of no purchases: 0, as summaries of cam write it, or NaN, as most others do.
    fn fill_spend(&self, row: &mut [f64]) {
        if self.columns[0].name == "frequency" && row[0] == 0.0 {
            let of_spend = row.iter_mut().zip(self.columns).filter(|(v, c)| v.is_nan() && c.is_of_spend());
            of_spend.for_each(|(v, _)| *v = 0.0);
        }
    }

    fn out_of_domain(&self, i: usize, row: &[f64]) -> Error {
        let bad = self.columns.iter().zip(row).find(|(c, v)| !c.domain.contains(**v));
        let (column, value) = bad.unwrap_or((&self.columns[0], &row[0]));
        Error::data(i, format!("{} must be {}, got {}", column.name, column.domain.rule(), brief(*value)))
            .with_field(column.name)
    }

    /// The weight of row `i`.
    fn weight(&self, i: usize) -> Result<f64> {
        match self.weight.map_or(1.0, |w| w[i]) {
            w if w >= 0.0 && w.is_finite() => Ok(w),
            w => Err(Error::data(i, format!("weight must be finite and at least 0, got {}", brief(w)))
                .with_field("weight")),
        }
    }
}

/// The distinct rows of a table, by bucket; `WIDTH` is the width, or 0.
fn buckets<const WIDTH: usize>(
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
fn bucket(h: u64) -> usize {
    (h >> 58) as usize
}

/// The distinct rows of one bucket, as they were found.
struct Bucket {
    values: Vec<f64>,
    weights: Vec<f64>,
    /// Their numbers in the order of their first column and their hashes.
    order: Vec<u32>,
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
    fn runs(&self, bucket: usize, width: usize) -> impl Iterator<Item = Run> {
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
struct Run {
    first: u64,
    bucket: u32,
    range: std::ops::Range<usize>,
}

/// A few numbers: as an array, or in a loop, that is quicker than by a call to copy or compare memory.
#[inline(always)]
fn push_row<const WIDTH: usize>(values: &mut Vec<f64>, row: &[f64]) {
    match whole::<WIDTH>(row) {
        Some(row) => values.extend_from_slice(row),
        None => row.iter().for_each(|&v| values.push(v)),
    }
}

/// The same into place.
#[inline(always)]
fn copy_row<const WIDTH: usize>(to: &mut [f64], row: &[f64]) {
    match (to.first_chunk_mut(), whole::<WIDTH>(row)) {
        (Some(to), Some(row)) => *to = *row,
        _ => to.iter_mut().zip(row).for_each(|(to, v)| *to = *v),
    }
}

/// Whether two rows are equal; none holds a NaN or −0.
#[inline(always)]
fn same<const WIDTH: usize>(a: &[f64], b: &[f64]) -> bool {
    let equal = |all: bool, (a, b): (&f64, &f64)| all & (a.to_bits() == b.to_bits());
    match (whole::<WIDTH>(a), whole::<WIDTH>(b)) {
        (Some(a), Some(b)) => a.iter().zip(b).fold(true, equal),
        _ => a.iter().zip(b).fold(true, equal),
    }
}
