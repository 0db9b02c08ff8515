//! The columns of a table, with the rules that a row must keep.

use super::Purpose;
use crate::error::{Error, Result, brief};
use crate::table::{Table, Variable};
use ndarray::{ArrayView1, Axis};

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
    pub(super) columns: &'c [Variable],
    pub(super) views: Vec<ArrayView1<'a, f64>>,
    pub(super) weight: Option<ArrayView1<'a, f64>>,
    pub(super) purpose: Purpose,
    pub(super) rule: Rule<'c>,
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
    pub(super) fn weight(&self, i: usize) -> Result<f64> {
        match self.weight.map_or(1.0, |w| w[i]) {
            w if w >= 0.0 && w.is_finite() => Ok(w),
            w => Err(Error::data(i, format!("weight must be finite and at least 0, got {}", brief(w)))
                .with_field("weight")),
        }
    }
}
