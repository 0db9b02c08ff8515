//! Checked, compressed, grouped rows: what every likelihood and every score runs over.
//!
//! Customers with the same history are one row with a weight. On a day grid a million customers have about a hundred
//! thousand distinct histories, so this saves most of the work of a fit and of a score. Distinct rows are sorted, so the
//! result of a sum does not depend on the order of the customers, and rows that share their first column
//! (the frequency) stand together, so what depends on it alone is computed once.

use crate::control::{CHUNK, Control};
use crate::error::{Error, Result};
use crate::table::{MAX_COLUMNS, Table, Variable};

/// What to do with a row that holds a NaN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnNan {
    /// Refuse it, naming the row: for fitting.
    Reject,
    /// Leave it out; [`Rows::scatter`] gives NaN for it: for scoring.
    Skip,
}

/// Distinct rows in ascending order, with weights, and where each came from.
#[derive(Debug, Clone)]
pub struct Rows {
    width: usize,
    values: Vec<f64>,
    weights: Vec<f64>,
    /// Row of the table → distinct row, or `NOWHERE`.
    index: Vec<u32>,
}

const NOWHERE: u32 = u32::MAX;

impl Rows {
    /// Read, check and compress the columns of a table. A column `weight` counts a row that many times.
    ///
    /// # Errors
    /// A column is missing, there are more than 2³² − 2 rows, or a row is out of a domain or breaks `rule`; the row is named.
    pub fn new(
        table: &Table<'_>,
        columns: &[Variable],
        on_nan: OnNan,
        rule: impl Fn(&[f64]) -> Result<(), String> + Sync,
        control: &Control<'_>,
    ) -> Result<Rows> {
        let width = columns.len();
        let n = table.rows();
        let views: Vec<_> = columns.iter().map(|c| table.column(c.name)).collect::<Result<_>>()?;
        if n >= NOWHERE as usize {
            return Err(Error::shape(format!("at most {} rows at once, got {n}", NOWHERE - 1)));
        }
        let weight = table.get("weight");
        let mut distinct = Distinct::new(width, n);
        let mut row = [0.0; MAX_COLUMNS];
        let row = &mut row[..width];
        let mut index = vec![NOWHERE; n];
        for i in 0..n {
            if i % CHUNK == 0 {
                control.check()?;
            }
            for (value, view) in row.iter_mut().zip(&views) {
                // −0 and 0 are the same history.
                *value = view[i] + 0.0;
            }
            let w = weight.map_or(1.0, |w| w[i]);
            if on_nan == OnNan::Skip && row.iter().any(|v| v.is_nan()) {
                continue;
            }
            if !row.iter().zip(columns).all(|(&v, c)| c.domain.contains(v)) {
                let (c, v) = columns
                    .iter()
                    .zip(row.iter())
                    .find(|(c, v)| !c.domain.contains(**v))
                    .unwrap_or((&columns[0], &row[0]));
                return Err(Error::data(i, format!("{} must be {}, got {v}", c.name, c.domain.rule()))
                    .with_field(c.name));
            }
            if !(w >= 0.0 && w.is_finite()) {
                return Err(Error::data(i, format!("weight must be finite and at least 0, got {w}"))
                    .with_field("weight"));
            }
            index[i] = distinct.insert(row, w, &rule).map_err(|rule| Error::data(i, rule))?;
        }
        Ok(distinct.sorted(index))
    }

    /// The number of distinct rows.
    pub fn len(&self) -> usize {
        self.weights.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.weights.is_empty()
    }

    /// The number of rows of the table they came from.
    pub fn table_rows(&self) -> usize {
        self.index.len()
    }

    /// Distinct row number `i`.
    pub fn row(&self, i: usize) -> &[f64] {
        &self.values[i * self.width..(i + 1) * self.width]
    }

    /// Distinct rows in order, each with its weight.
    pub fn iter(&self) -> impl Iterator<Item = (&[f64], f64)> {
        self.values.chunks_exact(self.width).zip(self.weights.iter().copied())
    }

    /// The sum of the weights.
    pub fn total_weight(&self) -> f64 {
        self.weights.iter().sum()
    }

    /// The rows that `keep` accepts; for [`Rows::scatter`] this is of no use.
    #[must_use]
    pub fn filter(&self, mut keep: impl FnMut(usize, &[f64], f64) -> bool) -> Rows {
        let mut kept = Rows { width: self.width, values: Vec::new(), weights: Vec::new(), index: Vec::new() };
        for (i, (row, w)) in self.iter().enumerate() {
            if keep(i, row, w) {
                kept.values.extend_from_slice(row);
                kept.weights.push(w);
            }
        }
        kept
    }

    /// Per chunk of distinct rows: `work(first, rows, weights)`; the results in order.
    pub fn map_chunks<T: Send>(
        &self,
        control: &Control<'_>,
        work: impl Fn(&[f64], &[f64]) -> Result<T> + Sync,
    ) -> Result<Vec<T>> {
        control.map(self.len().div_ceil(CHUNK), |k| {
            let (lo, hi) = (k * CHUNK, self.len().min((k + 1) * CHUNK));
            work(&self.values[lo * self.width..hi * self.width], &self.weights[lo..hi])
        })
    }

    /// Fill one value per distinct row: `work` gets rows that share their first column.
    pub fn fill_groups(
        &self,
        out: &mut [f64],
        control: &Control<'_>,
        work: impl Fn(&[f64], &mut [f64]) -> Result<()> + Sync,
    ) -> Result<()> {
        control.fill(out, |mut first, mut out| {
            let mut rows = &self.values[first * self.width..(first + out.len()) * self.width];
            while let Some(&key) = rows.first() {
                let n = rows.chunks_exact(self.width).take_while(|row| row[0] == key).count();
                let (group, rest) = rows.split_at(n * self.width);
                let (mine, others) = out.split_at_mut(n);
                work(group, mine).map_err(|e| self.in_table(e, first))?;
                (rows, out, first) = (rest, others, first + n);
            }
            Ok(())
        })
    }

    /// From one value per distinct row to one per row of the table, NaN where the row was skipped.
    pub fn scatter(&self, unique: &[f64]) -> Vec<f64> {
        self.index.iter().map(|&i| unique.get(i as usize).copied().unwrap_or(f64::NAN)).collect()
    }

    /// An error that knows the distinct row gets the first row of the table that looks so.
    fn in_table(&self, error: Error, first: usize) -> Error {
        let Some(local) = error.row() else { return error };
        let distinct = (first + local) as u32;
        match self.index.iter().position(|&i| i == distinct) {
            Some(row) => error.with_row(row),
            None => error,
        }
    }
}

/// An open-addressing table of distinct rows.
struct Distinct {
    width: usize,
    values: Vec<f64>,
    weights: Vec<f64>,
    slots: Vec<u32>,
    mask: usize,
}

impl Distinct {
    fn new(width: usize, rows: usize) -> Self {
        let capacity = (rows.min(1 << 16) * 2).next_power_of_two().max(16);
        Distinct {
            width,
            values: Vec::new(),
            weights: Vec::new(),
            slots: vec![NOWHERE; capacity],
            mask: capacity - 1,
        }
    }

    fn hash(row: &[f64]) -> usize {
        // Multiply–xor over the bits: small whole numbers and day fractions differ only in high mantissa bits,
        // so the last step brings the high half down.
        let mut h = 0u64;
        for v in row {
            h = (h.rotate_left(23) ^ v.to_bits()).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        }
        (h ^ (h >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9).rotate_left(32) as usize
    }

    fn insert(
        &mut self,
        row: &[f64],
        weight: f64,
        rule: &impl Fn(&[f64]) -> Result<(), String>,
    ) -> Result<u32, String> {
        let mut slot = Self::hash(row) & self.mask;
        loop {
            match self.slots[slot] {
                NOWHERE => break,
                found => {
                    let at = found as usize * self.width;
                    if self.values[at..at + self.width] == *row {
                        self.weights[found as usize] += weight;
                        return Ok(found);
                    }
                }
            }
            slot = (slot + 1) & self.mask;
        }
        // Only the first of equal rows needs to be held against the rule.
        rule(row)?;
        let new = self.weights.len() as u32;
        self.slots[slot] = new;
        self.values.extend_from_slice(row);
        self.weights.push(weight);
        if self.weights.len() * 2 > self.slots.len() {
            self.grow();
        }
        Ok(new)
    }

    fn grow(&mut self) {
        let capacity = self.slots.len() * 4;
        self.mask = capacity - 1;
        self.slots = vec![NOWHERE; capacity];
        for (i, row) in self.values.chunks_exact(self.width).enumerate() {
            let mut slot = Self::hash(row) & self.mask;
            while self.slots[slot] != NOWHERE {
                slot = (slot + 1) & self.mask;
            }
            self.slots[slot] = i as u32;
        }
    }

    /// Put the distinct rows in ascending order and translate `index`.
    fn sorted(self, mut index: Vec<u32>) -> Rows {
        let width = self.width;
        let row = |i: u32| &self.values[i as usize * width..(i as usize + 1) * width];
        let mut order: Vec<u32> = (0..self.weights.len() as u32).collect();
        order.sort_unstable_by(|&i, &j| {
            // No NaN is in here: rows with one were rejected or skipped.
            row(i).partial_cmp(row(j)).unwrap_or(std::cmp::Ordering::Equal)
        });
        let mut rank = vec![0u32; order.len()];
        let mut values = Vec::with_capacity(self.values.len());
        for (new, &old) in order.iter().enumerate() {
            rank[old as usize] = new as u32;
            values.extend_from_slice(row(old));
        }
        let weights = order.iter().map(|&old| self.weights[old as usize]).collect();
        for i in &mut index {
            if *i != NOWHERE {
                *i = rank[*i as usize];
            }
        }
        Rows { width, values, weights, index }
    }
}
