//! Whom predictions are made for: each history once, or customers with covariates as they stand in the table.

use super::intervals::covariate_columns;
use crate::control::{CHUNK, Control};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Model, Quantity};
use crate::rows::{Purpose, Rows};
use crate::table::Table;

/// The customers.
pub(super) struct Customers {
    pub(super) weights: Vec<f64>,
    pub(super) kind: Kind,
}

pub(super) enum Kind {
    /// Each history once.
    Histories { rows: Rows, width: usize },
    /// Those with covariates, as columns by their names, as they stand in the table.
    Columns(Vec<(String, Vec<f64>)>),
}

impl Customers {
    pub(super) fn new(model: &dyn Model, table: &Table<'_>, control: &Control<'_>) -> Result<Customers> {
        let columns = model.spec().row_columns();
        let covariates = covariate_columns(model);
        if covariates.is_empty() {
            let rows = Rows::new(table, columns, Purpose::Score, |_| Ok(()), control)?;
            let weights = rows.weights().to_vec();
            return Ok(Customers { weights, kind: Kind::Histories { rows, width: columns.len() } });
        }
        let names = columns.iter().map(|c| c.name.to_owned()).chain(covariates);
        let columns = names.map(|name| {
            let column = table.column(&name)?.to_vec();
            Ok((name, column))
        });
        let kind = Kind::Columns(columns.collect::<Result<_>>()?);
        let weights = table.get("weight").map_or_else(|| vec![1.0; table.rows()], |w| w.to_vec());
        Ok(Customers { weights, kind })
    }

    pub(super) fn len(&self) -> usize {
        self.weights.len()
    }

    /// The quantity for some of them. Histories are sound and distinct: the model needs neither to check nor to compress them.
    pub(super) fn score(
        &self,
        model: &dyn Model,
        quantity: &Quantity,
        chosen: &Chosen<'_>,
        control: &Control<'_>,
    ) -> Result<Vec<f64>> {
        let (rows, width) = match &self.kind {
            Kind::Histories { rows, width } => (rows, *width),
            Kind::Columns(columns) => {
                let pick = |column: &Vec<f64>| chosen.numbers.iter().map(|&i| column[i]).collect();
                let picked: Vec<Vec<f64>> = columns.iter().map(|(_, column)| pick(column)).collect();
                let mut table = Table::new();
                for ((name, _), values) in columns.iter().zip(&picked) {
                    table = table.with(name, &values[..])?;
                }
                return model.score(quantity, &table, control);
            }
        };
        let Some(scorer) = model.row_scorer(quantity) else {
            return Err(Error::new(ErrorKind::Unsupported, format!("{} of each row", quantity.name())));
        };
        let mut out = vec![f64::NAN; chosen.numbers.len()];
        for (k, (values, out)) in chosen.values.chunks(CHUNK * width).zip(out.chunks_mut(CHUNK)).enumerate() {
            control.check()?;
            scorer(values, out).map_err(|e| match e.row() {
                Some(row) => rows.in_table(e.with_row(chosen.numbers[k * CHUNK + row]), 0),
                None => e,
            })?;
        }
        Ok(out)
    }

    pub(super) fn chosen<'a>(&self, numbers: &'a [usize]) -> Chosen<'a> {
        let values = match &self.kind {
            Kind::Histories { rows, width } => {
                numbers.iter().flat_map(|&i| &rows.values_from(i)[..*width]).copied().collect()
            }
            Kind::Columns(_) => Vec::new(),
        };
        Chosen { numbers, values }
    }

    /// From one value for each of them to one for each row of the table.
    pub(super) fn scatter(&self, values: Vec<f64>, control: &Control<'_>) -> Result<Vec<f64>> {
        match &self.kind {
            Kind::Histories { rows, .. } => rows.scatter(&values, control),
            Kind::Columns(_) => Ok(values),
        }
    }
}

/// Some customers, by number, and their histories, one after the other.
pub(super) struct Chosen<'a> {
    pub(super) numbers: &'a [usize],
    pub(super) values: Vec<f64>,
}
