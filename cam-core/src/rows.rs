//! Checked, compressed, grouped rows: what every likelihood and nearly every score runs over.
//!
//! Customers with the same history are one row with a weight. On a day grid a million customers have about a hundred
//! thousand distinct histories, so this saves most of the work of a fit and of a score. Distinct rows stand in an order that depends
//! on their values alone, so the result of a sum does not depend on the order of the customers; and rows that share their
//! first column (the frequency) stand together, so what depends on it alone is computed once.
//!
//! Equal rows are found in two steps, both parallel: segments of the table are checked and dealt into buckets by a hash; then
//! each bucket, small enough for the cache, is searched for equal rows by itself.

mod buckets;
mod reader;

pub(crate) use buckets::hash;
pub(crate) use reader::{Reader, each_row};

use crate::control::{CHUNK, Control};
use crate::error::{Error, Result};
use crate::table::{Table, Variable};
use buckets::{Bucket, Run, buckets, copy_row};
use ndarray::ArrayView1;
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
const BUCKETS: usize = 64;
/// Distinct rows whose likelihoods are summed at a time: so few that the small samples with which a fit begins are shared among threads, too.
const SUMMED: usize = 512;

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
