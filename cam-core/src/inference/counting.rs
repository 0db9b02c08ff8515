//! The distribution of the numbers of purchases of some customers.

use super::customers::{Chosen, Customers, Kind};
use crate::control::{CHUNK, Control};
use crate::error::Result;
use crate::model::{Model, Quantity};
use crate::table::Table;
use std::ops::Range;

impl Customers {
    /// P(n purchases within the horizon) for every n of the range: those of the first of the customers, then those of the second. As [`score`](Customers::score) is for a
    /// quantity.
    pub(super) fn counts(
        &self,
        model: &dyn Model,
        horizon: f64,
        range: Range<u32>,
        chosen: &Chosen<'_>,
        control: &Control<'_>,
    ) -> Result<Vec<f64>> {
        let length = range.len();
        match &self.kind {
            Kind::Columns(columns) => {
                let pick = |column: &Vec<f64>| chosen.numbers.iter().map(|&i| column[i]).collect();
                let picked: Vec<Vec<f64>> = columns.iter().map(|(_, column)| pick(column)).collect();
                let mut table = Table::new();
                for ((name, _), values) in columns.iter().zip(&picked) {
                    table = table.with(name, &values[..])?;
                }
                model.counts(horizon, range, &table, control)
            }
            Kind::Histories { rows, width } => {
                let mut out = vec![f64::NAN; chosen.numbers.len() * length];
                let Some(counts) = model.row_counts(horizon) else {
                    for (k, n) in range.enumerate() {
                        let quantity = Quantity::PurchaseProbability { n, horizon };
                        let scores = self.score(model, &quantity, chosen, control)?;
                        out.iter_mut().skip(k).step_by(length).zip(scores).for_each(|(out, p)| *out = p);
                    }
                    return Ok(out);
                };
                let chunks = chosen.values.chunks(CHUNK * width).zip(out.chunks_mut(CHUNK * length));
                for (k, (values, out)) in chunks.enumerate() {
                    control.check()?;
                    counts(values, range.clone(), out).map_err(|e| match e.row() {
                        Some(row) => rows.in_table(e.with_row(chosen.numbers[k * CHUNK + row]), 0),
                        None => e,
                    })?;
                }
                Ok(out)
            }
        }
    }
}
