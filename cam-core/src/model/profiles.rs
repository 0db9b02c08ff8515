//! Customers with the same covariates are customers of one model: rows grouped by what is known of the customer besides the history.

use super::Design;
use crate::control::Control;
use crate::error::Result;
use crate::rows::{Purpose, Rows};
use crate::table::{Dimension, Domain, Table, Variable};
use std::ops::Range;

/// The column that takes the place of all covariates: the number of the profile, the distinct covariates of a customer.
pub(crate) const PROFILE: Variable =
    Variable::new("covariates", Domain::Count, Dimension::None, "number of the distinct covariates");

/// One value of a covariate.
const COVARIATE: Variable = Variable::new("covariate", Domain::Real, Dimension::None, "a covariate");

/// The distinct covariates of a table, in an order that depends on their values alone.
#[derive(Debug)]
pub(crate) struct Profiles {
    /// The number of the profile of each row of the table; NaN where a covariate is.
    pub(crate) ids: Vec<f64>,
    /// The terms of each profile, row-major.
    pub(crate) terms: Vec<f64>,
}

impl Profiles {
    /// Read the columns of the design. For a fit, a NaN is refused.
    ///
    /// # Errors
    /// A column is missing, or a value no number; row and column are named.
    pub(crate) fn new(
        design: &Design,
        table: &Table<'_>,
        purpose: Purpose,
        control: &Control<'_>,
    ) -> Result<Profiles> {
        let columns = design.read(table, purpose == Purpose::Score)?;
        let distinct = Rows::of_columns(columns, COVARIATE, control)?;
        let width = design.terms.len();
        let mut terms = vec![0.0; distinct.len() * width];
        for ((values, _), terms) in distinct.iter().zip(terms.chunks_exact_mut(width)) {
            design.terms(values, terms);
        }
        let numbers: Vec<f64> = (0..distinct.len()).map(|i| i as f64).collect();
        Ok(Profiles { ids: distinct.scatter(&numbers, control)?, terms })
    }
}

/// The columns of a row, the weight, and the numbers of the profiles.
pub(crate) fn with_profiles<'a, 't: 'a>(
    table: &Table<'t>,
    columns: &[Variable],
    profiles: &'a Profiles,
) -> Result<Table<'a>> {
    let mut with = Table::new().in_unit(table.unit());
    for column in columns {
        with = with.with(column.name, table.column(column.name)?.reborrow())?;
    }
    if let Some(weight) = table.get("weight") {
        with = with.with("weight", weight.reborrow())?;
    }
    with.with(PROFILE.name, &profiles.ids[..])
}

/// Distinct rows, those of one profile together, and within it those with the same first column.
#[derive(Debug, Clone, Default)]
pub(crate) struct Grouped {
    /// Row-major, without the number of the profile.
    pub(crate) values: Vec<f64>,
    pub(crate) weights: Vec<f64>,
    /// Profiles in ascending order, each with its rows.
    pub(crate) groups: Vec<(usize, Range<usize>)>,
    /// Which of the distinct rows each of these is.
    pub(crate) from: Vec<usize>,
}

impl Grouped {
    /// Group rows whose last column is the number of the profile. They stand by their first column already, and keep that order.
    pub(crate) fn new(rows: &Rows, width: usize) -> Grouped {
        let mut order: Vec<(usize, usize, &[f64], f64)> =
            rows.iter().enumerate().map(|(i, (row, weight))| (row[width] as usize, i, row, weight)).collect();
        order.sort_unstable_by_key(|&(profile, i, ..)| (profile, i));
        let mut grouped = Grouped::default();
        for group in order.chunk_by(|a, b| a.0 == b.0) {
            let first = grouped.weights.len();
            for &(_, i, row, weight) in group {
                grouped.values.extend_from_slice(&row[..width]);
                grouped.weights.push(weight);
                grouped.from.push(i);
            }
            grouped.groups.push((group[0].0, first..grouped.weights.len()));
        }
        grouped
    }
}
