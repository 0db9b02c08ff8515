//! Borrowed, named `f64` columns: the one form in which data come in through every door.
//!
//! A [`Table`] owns nothing and copies nothing. Its columns may be strided views, so a slice, a column of a
//! matrix, a NumPy array or a C pointer with a stride all fit.

use crate::error::{Error, ErrorKind, Result};
use crate::unit::Unit;
use ndarray::ArrayView1;
use serde::Serialize;

/// Named columns of equal length, borrowed from the caller.
///
/// ```
/// use cam_core::Table;
/// let (x, t) = ([2.0, 0.0], [10.0, 12.0]);
/// let table = Table::new().with("frequency", &x)?.with("T", &t)?;
/// assert_eq!(table.rows(), 2);
/// assert_eq!(table.column("T")?[1], 12.0);
/// # Ok::<(), cam_core::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Table<'a> {
    rows: usize,
    columns: Vec<(&'a str, ArrayView1<'a, f64>)>,
    unit: Option<Unit>,
}

impl<'a> Table<'a> {
    /// A table without columns.
    pub fn new() -> Self {
        Table::default()
    }

    /// This table with one more column: a slice or any [`ArrayView1`].
    ///
    /// # Errors
    /// [`ErrorKind::InvalidShape`] when the length differs from that of the columns before, or the name is taken.
    pub fn with(mut self, name: &'a str, values: impl Into<ArrayView1<'a, f64>>) -> Result<Self> {
        let values = values.into();
        if let Some((first, _)) = self.columns.first()
            && values.len() != self.rows
        {
            return Err(Error::shape(format!(
                "columns must have equal lengths: {first} has {} rows, {name} has {}",
                self.rows,
                values.len()
            ))
            .with_field(name));
        }
        if self.get(name).is_some() {
            return Err(Error::shape(format!("column {name} is given twice")).with_field(name));
        }
        self.rows = values.len();
        self.columns.push((name, values));
        Ok(self)
    }

    /// This table, with its times counted in `unit`.
    #[must_use]
    pub fn in_unit(mut self, unit: impl Into<Option<Unit>>) -> Self {
        self.unit = unit.into();
        self
    }

    /// The unit of its times, where it is known.
    pub fn unit(&self) -> Option<Unit> {
        self.unit
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The names of the columns, in the order given.
    pub fn names(&self) -> impl Iterator<Item = &'a str> {
        self.columns.iter().map(|(name, _)| *name)
    }

    /// The column of that name, if there is one.
    pub fn get(&self, name: &str) -> Option<ArrayView1<'a, f64>> {
        self.columns.iter().find(|(n, _)| *n == name).map(|(_, values)| *values)
    }

    /// The column of that name.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidShape`] naming the column that is missing and those that are there.
    pub fn column(&self, name: &str) -> Result<ArrayView1<'a, f64>> {
        self.get(name).ok_or_else(|| {
            let there: Vec<_> = self.names().collect();
            Error::new(
                ErrorKind::InvalidShape,
                format!("column {name:?} is missing; there are: {}", there.join(", ")),
            )
            .with_field(name)
        })
    }
}

/// Where a parameter or a column lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Domain {
    /// 1e-100 ≤ x ≤ 1e100.
    Positive,
    /// 0, or 1e-100 ≤ x ≤ 1e100.
    NonNegative,
    /// 0, 1, 2, …, at most a milliard (1e9).
    Count,
    /// 1, 2, …, at most 32. A parameter of this kind is chosen by trying, not by derivatives.
    Whole,
    /// −1e100 ≤ x ≤ 1e100.
    Real,
}

/// 2⁵².
const TWO_52: f64 = 4503599627370496.0;

/// The largest and the smallest positive number that may come in: so that products of a few of them stay finite, and none vanishes.
pub(crate) const LARGEST: f64 = 1e100;
const SMALLEST: f64 = 1e-100;
/// The largest count.
const MOST: f64 = 1e9;
/// The largest whole number that a parameter may be.
pub(crate) const MOST_WHOLE: f64 = 32.0;

impl Domain {
    /// Whether the value lies in the domain. NaN lies in none.
    #[inline]
    #[expect(clippy::manual_range_contains, reason = "no branch, so that many values are checked at once")]
    pub fn contains(self, x: f64) -> bool {
        match self {
            Domain::Positive => (x >= SMALLEST) & (x <= LARGEST),
            Domain::NonNegative => ((x >= SMALLEST) & (x <= LARGEST)) | (x == 0.0),
            // Adding 2⁵² rounds to a whole number: two additions, where asking for the fraction is a call.
            Domain::Count => (x >= 0.0) & (x <= MOST) & ((x + TWO_52) - TWO_52 == x),
            Domain::Whole => (x >= 1.0) & (x <= MOST_WHOLE) & ((x + TWO_52) - TWO_52 == x),
            Domain::Real => (x >= -LARGEST) & (x <= LARGEST),
        }
    }

    /// Whether all values lie in the domain.
    pub(crate) fn contains_all<'a>(self, values: impl Iterator<Item = &'a f64>) -> bool {
        // One loop for each domain, so that it holds no other branch.
        match self {
            Domain::Positive => values.fold(true, |all, &x| all & Domain::Positive.contains(x)),
            Domain::NonNegative => values.fold(true, |all, &x| all & Domain::NonNegative.contains(x)),
            Domain::Count => values.fold(true, |all, &x| all & Domain::Count.contains(x)),
            Domain::Whole => values.fold(true, |all, &x| all & Domain::Whole.contains(x)),
            Domain::Real => values.fold(true, |all, &x| all & Domain::Real.contains(x)),
        }
    }

    /// The domain in words, for messages: `must be …`.
    pub fn rule(self) -> &'static str {
        match self {
            Domain::Positive => "positive and finite (1e-100 to 1e100)",
            Domain::NonNegative => "finite and at least 0 (0, or 1e-100 to 1e100)",
            Domain::Count => "a whole number, at least 0 (up to 1e9)",
            Domain::Whole => "a whole number from 1 to 32",
            Domain::Real => "finite (-1e100 to 1e100)",
        }
    }
}

/// What a number is measured in; it decides what happens to it when the unit of time or money changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Dimension {
    /// A pure number.
    None,
    /// Units of time.
    Time,
    /// One over units of time.
    Rate,
    /// A sum of logarithms of times, as many as the first column of the row says. A column of this kind stands last; it is not part of what a customer is
    /// known by, and only adds to the log-likelihood.
    LogTime,
    /// Units of money.
    Money,
    /// A pure number that means something in one unit of time only: in another unit no value of it gives the same model.
    OfUnit,
}

/// A parameter or a column: its name, domain, dimension and meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Variable {
    /// The name, as in a table or a document.
    pub name: &'static str,
    /// The values it may take.
    pub domain: Domain,
    /// What it is measured in.
    pub dimension: Dimension,
    /// One line on what it says.
    pub meaning: &'static str,
}

impl Variable {
    /// A variable; see the fields.
    pub const fn new(
        name: &'static str,
        domain: Domain,
        dimension: Dimension,
        meaning: &'static str,
    ) -> Variable {
        Variable { name, domain, dimension, meaning }
    }

    /// Whether this column says what a customer spends on a repeat purchase, so that it says nothing where there was none.
    pub(crate) fn is_of_spend(&self) -> bool {
        self.dimension == Dimension::Money || self.name == "log_deviation"
    }
}

/// The most columns that the row of a model may have.
pub const MAX_COLUMNS: usize = 8;
