//! From a table to one value for each row, generic over the family.

use super::known::Known;
use super::{Family, Quantity, Scorer};
use crate::control::Control;
use crate::error::{Error, Result, brief};
use crate::math::random::Stream;
use crate::rows::{Purpose, Reader, each_row};
use crate::table::{MAX_COLUMNS, Table};
use std::borrow::Cow;

/// The log-likelihood of each row; what rows with the same first column share is computed again only where it changes.
pub(super) fn log_likelihoods<F: Family>(model: &F) -> Scorer<'_> {
    let theta = model.theta();
    Box::new(move |rows, out| {
        let mut shared = None;
        for (row, out) in rows.chunks_exact(F::SPEC.row_columns().len()).zip(out) {
            let common = match &mut shared {
                Some((first, common)) if *first == row[0] => common,
                _ => &mut shared.insert((row[0], F::shared(&theta, row[0]))).1,
            };
            *out = F::log_likelihood(&theta, common, row);
        }
        Ok(())
    })
}

/// The column that only adds to the log-likelihood, checked, and what it is multiplied by.
pub(crate) struct Logs<'a> {
    pub(crate) count: f64,
    pub(crate) column: ndarray::ArrayView1<'a, f64>,
}

/// See [`Logs`]; none where the model has no such column, or it counts nothing.
pub(crate) fn logs<'a, F: Family>(
    theta: &[f64],
    table: &Table<'a>,
    purpose: Purpose,
) -> Result<Option<Logs<'a>>> {
    let count = F::logs_count(theta);
    let Some(variable) = F::SPEC.logs_column().filter(|_| count != 0.0) else { return Ok(None) };
    let column = table.column(variable.name)?;
    let columns: Vec<_> =
        F::SPEC.row_columns().iter().map(|c| table.column(c.name)).collect::<Result<_>>()?;
    let mut row = vec![0.0; columns.len()];
    for (i, &value) in column.iter().enumerate() {
        row.iter_mut().zip(&columns).for_each(|(v, column)| *v = column[i]);
        let missing = value.is_nan() || row.iter().any(|v| v.is_nan());
        if missing && purpose == Purpose::Score {
            continue;
        }
        let rule = match variable.domain.contains(value) {
            true => F::check_logs(&row, value),
            false => {
                Err(format!("{} must be {}, got {}", variable.name, variable.domain.rule(), brief(value)))
            }
        };
        rule.map_err(|rule| Error::data(i, rule).with_field(variable.name))?;
    }
    Ok(Some(Logs { count, column }))
}

/// How the same row in several places is scored once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeats {
    /// Not at all: a row costs less than to find its like.
    Computed,
    /// What has been computed lately is remembered: for tens or hundreds of nanoseconds a row.
    Remembered,
    /// Equal rows are found before anything is computed.
    Found,
}

/// Rows at a time where they are scored in the order of the table: they and their scores stay in the nearest cache.
pub(super) const BLOCK: usize = 512;

/// Row by row, in the order of the table.
pub(super) fn score_each<F: Family>(
    scorer: &Scorer<'_>,
    remember: bool,
    table: &Table<'_>,
    control: &Control<'_>,
) -> Result<Vec<f64>> {
    let width = F::SPEC.row_columns().len();
    let rule = each_row(width, F::check_row);
    let reader = Reader::new(table, F::SPEC.row_columns(), Purpose::Score, &rule)?;
    let mut out = vec![0.0; table.rows()];
    let known = remember.then(|| Known::new(width, table.rows()));
    control.fill(&mut out, |first, out| {
        let mut rows = [0.0; MAX_COLUMNS * BLOCK];
        for (block, out) in out.chunks_mut(BLOCK).enumerate() {
            let first = first + block * BLOCK;
            let rows = &mut rows[..out.len() * width];
            let skipped = reader.read_block::<0>(first, rows, |_, _| ())?;
            // A row with a NaN is scored as another row, and then overwritten.
            let holes: Vec<usize> = match skipped {
                0 => Vec::new(),
                _ => {
                    (0..out.len()).filter(|i| rows[i * width..][..width].iter().any(|v| v.is_nan())).collect()
                }
            };
            for &i in &holes {
                rows[i * width..][..width].fill(0.0);
            }
            let scored = match &known {
                Some(known) => known.score(scorer, rows, out),
                None => scorer(rows, out),
            };
            scored.and_then(|()| F::SPEC.sound(out)).map_err(|e| match e.row() {
                Some(row) => e.with_row(first + row),
                None => e,
            })?;
            for i in holes {
                out[i] = f64::NAN;
            }
        }
        Ok(())
    })?;
    Ok(out)
}

/// One row: for the typed methods of the models. NaN for what is not defined.
pub(crate) fn score_row<F: Family>(model: &F, quantity: &Quantity, row: &[f64]) -> f64 {
    let mut out = [f64::NAN];
    match model.scorer(quantity).map(|scorer| scorer(row, &mut out)) {
        Some(Ok(())) => out[0],
        _ => f64::NAN,
    }
}

/// Draw one row for every row of the design, each from the model of that row. The answer has the columns of the model.
pub(super) fn draw_rows<'a, F: Family>(
    design: &Table<'_>,
    seed: u64,
    control: &Control<'_>,
    model: impl Fn(usize) -> Result<Cow<'a, F>> + Sync,
) -> Result<Vec<Vec<f64>>> {
    let columns: Vec<_> = F::SPEC.design.iter().map(|c| design.column(c.name)).collect::<Result<_>>()?;
    for (variable, column) in F::SPEC.design.iter().zip(&columns) {
        if let Some(row) = column.iter().position(|&v| !variable.domain.contains(v)) {
            return Err(Error::parameter(variable.name, variable.domain.rule(), column[row]).with_row(row));
        }
    }
    let width = F::SPEC.columns.len();
    let mut drawn = vec![[0.0; MAX_COLUMNS]; design.rows()];
    control.fill(&mut drawn, |first, chunk| {
        let mut start = [0.0; MAX_COLUMNS];
        for (i, row) in chunk.iter_mut().enumerate() {
            for (value, column) in start.iter_mut().zip(&columns) {
                *value = column[first + i];
            }
            let mut stream = Stream::new(seed, (first + i) as u64);
            model(first + i)?.draw(&start[..columns.len()], &mut stream, &mut row[..width]);
        }
        Ok(())
    })?;
    Ok((0..width).map(|k| drawn.iter().map(|row| row[k]).collect()).collect())
}
