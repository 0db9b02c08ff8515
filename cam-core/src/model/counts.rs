//! The distribution of a number of purchases: P(n) for many n at once, and the walk over n that ends where enough is known.
//!
//! Whoever wants quantiles of a count, or the distribution of a sum of counts, needs P(0), P(1), … of a row until nearly all is there. One by one
//! each of them is an integral; together they share all but a factor. So a model may know a [`CountScorer`], and what walks over n asks for blocks of n, short ones first:
//! most customers buy a few times at most.

use super::scoring::BLOCK;
use super::{Family, Model, Quantity};
use crate::control::Control;
use crate::error::Result;
use crate::rows::{Purpose, Rows};
use crate::table::Table;
use std::ops::Range;

/// From rows, row-major, and a range of n to P(n purchases): those of the first row, then those of the second. An error may name the row, counted from the first of these.
pub type CountScorer<'a> = Box<dyn Fn(&[f64], Range<u32>, &mut [f64]) -> Result<()> + Send + Sync + 'a>;

/// The most n at once.
const LONGEST: u32 = 64;
/// The first block.
const SHORTEST: u32 = 4;

/// Walk over n = 0, 1, … below `most` for so many rows. `ask` gives P(n) of the rows named, for a range of n, as a [`CountScorer`] does; `each` is told a row, n and P(n), in
/// the order of n, and says whether it wants more of that row. Whether all rows have had enough before the walk ended.
///
/// `together` is whether n are asked for in blocks: not where each costs as much as it does alone, since the last block reaches further than is wanted.
pub(crate) fn walk(
    rows: usize,
    most: u32,
    together: bool,
    mut ask: impl FnMut(&[usize], Range<u32>) -> Result<Vec<f64>>,
    mut each: impl FnMut(usize, u32, f64) -> bool,
) -> Result<bool> {
    let mut active: Vec<usize> = (0..rows).collect();
    let mut next = 0;
    while !active.is_empty() && next < most {
        let end = if together { most.min(next + next.clamp(SHORTEST, LONGEST)) } else { next + 1 };
        let found = ask(&active, next..end)?;
        let mut own = found.chunks_exact((end - next) as usize);
        active.retain(|&row| {
            let mut counts = (next..end).zip(own.next().unwrap_or(&[]));
            counts.all(|(n, &p)| each(row, n, p))
        });
        next = end;
    }
    Ok(active.is_empty())
}

/// One n after the other, each for the whole table.
pub(super) fn one_by_one(
    model: &(impl Model + ?Sized),
    horizon: f64,
    range: Range<u32>,
    table: &Table<'_>,
    control: &Control<'_>,
) -> Result<Vec<f64>> {
    let length = range.len();
    let mut out = vec![f64::NAN; length * table.rows()];
    for (k, n) in range.enumerate() {
        let scores = model.score(&Quantity::PurchaseProbability { n, horizon }, table, control)?;
        out.iter_mut().skip(k).step_by(length).zip(scores).for_each(|(out, p)| *out = p);
    }
    Ok(out)
}

/// The same where the family knows many at once: equal rows are found first, and checked.
pub(super) fn of_table<F: Family>(
    model: &F,
    horizon: f64,
    range: Range<u32>,
    table: &Table<'_>,
    control: &Control<'_>,
) -> Result<Vec<f64>> {
    let first = Quantity::PurchaseProbability { n: range.start, horizon };
    let Some(scorer) = Family::counts(model, horizon).filter(|_| range.len() > 1) else {
        return one_by_one(model, horizon, range, table, control);
    };
    first.check()?;
    F::SPEC.check_times(&first)?;
    let (length, width) = (range.len(), F::SPEC.row_columns().len());
    let rows = Rows::new(table, F::SPEC.row_columns(), Purpose::Score, F::check_row, control)?;
    let blocks = control.map(rows.len().div_ceil(BLOCK), |k| {
        let (low, high) = (k * BLOCK, rows.len().min((k + 1) * BLOCK));
        let mut out = vec![0.0; (high - low) * length];
        scorer(&rows.values_from(low)[..(high - low) * width], range.clone(), &mut out)
            .and_then(|()| sound::<F>(&out, length))
            .map_err(|e| rows.in_table(e, low))?;
        Ok(out)
    })?;
    let unique = blocks.concat();
    // One value after the other of each row of the table.
    let mut all = vec![f64::NAN; length * table.rows()];
    for k in 0..length {
        let own: Vec<f64> = unique.iter().skip(k).step_by(length).copied().collect();
        let scattered = rows.scatter(&own, control)?;
        all.iter_mut().skip(k).step_by(length).zip(scattered).for_each(|(all, p)| *all = p);
    }
    Ok(all)
}

/// That all are numbers; an error names the row.
pub(super) fn sound<F: Family>(probabilities: &[f64], length: usize) -> Result<()> {
    F::SPEC.sound(probabilities).map_err(|e| match e.row() {
        Some(at) => e.with_row(at / length),
        None => e,
    })
}
