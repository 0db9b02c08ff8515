//! The result: one row per customer, checked, in columns.

use super::keys::Keys;
use super::options::Report;
use crate::error::{Error, ErrorKind, Result, brief};
use crate::table::Table;
use crate::unit::Unit;

/// `frequency, recency, T` and perhaps `log_intervals`, `monetary_value` and `weight`, one row per customer: all that the models need to know.
///
/// Immutable; whoever holds one may rely on every row keeping the rules of [`Summary::new`].
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    pub(super) keys: Option<Keys>,
    pub(super) frequency: Vec<f64>,
    pub(super) recency: Vec<f64>,
    pub(super) age: Vec<f64>,
    pub(super) log_intervals: Option<Vec<f64>>,
    pub(super) monetary_value: Option<Vec<f64>>,
    pub(super) monetary_deviation: Option<Vec<f64>>,
    pub(super) geometric_mean: Option<Vec<f64>>,
    pub(super) log_deviation: Option<Vec<f64>>,
    pub(super) weights: Option<Vec<f64>>,
    pub(super) unit: Unit,
    pub(super) observation_end: Option<f64>,
    pub(super) first_included: bool,
    pub(super) report: Report,
}

impl Summary {
    /// A summary from ready-made columns. Every row is checked, once.
    ///
    /// Rules: all values finite; `frequency` a whole number ≥ 0; `0 <= recency <= T`; `frequency > 0` exactly when `recency > 0`.
    ///
    /// ```
    /// use cam_core::{Unit, summary::Summary};
    /// let summary = Summary::new(vec![2.0, 0.0], vec![30.4, 0.0], vec![38.9, 38.9], Unit::WEEK)?;
    /// assert_eq!(summary.len(), 2);
    /// let error = Summary::new(vec![1.0], vec![12.0], vec![10.0], Unit::WEEK).unwrap_err();
    /// assert_eq!(error.to_string(), "row 0: need 0 <= recency <= T, got recency = 12, T = 10");
    /// # Ok::<(), cam_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::InvalidShape`] for columns of unequal length or without rows, [`ErrorKind::InvalidData`] with the first row that
    /// breaks a rule.
    pub fn new(frequency: Vec<f64>, recency: Vec<f64>, age: Vec<f64>, unit: Unit) -> Result<Self> {
        let rows = frequency.len();
        check_length(rows, "recency", recency.len())?;
        check_length(rows, "T", age.len())?;
        if rows == 0 {
            return Err(Error::shape("a summary needs at least one row"));
        }
        for row in 0..rows {
            check_row(row, frequency[row], recency[row], age[row])?;
        }
        Ok(Summary {
            keys: None,
            frequency,
            recency,
            age,
            log_intervals: None,
            monetary_value: None,
            monetary_deviation: None,
            geometric_mean: None,
            log_deviation: None,
            weights: None,
            unit,
            observation_end: None,
            first_included: false,
            report: Report::default(),
        })
    }

    /// A summary from a table with columns `frequency`, `recency`, `T` and, where there, `log_intervals`, `monetary_value` and `weight`; other
    /// columns are left aside. The unit is that of the table, or days.
    ///
    /// # Errors
    /// Those of [`new`](Summary::new), [`with_monetary_value`](Summary::with_monetary_value) and
    /// [`with_weights`](Summary::with_weights), and [`ErrorKind::InvalidShape`] when a column is missing.
    pub fn from_table(table: &Table<'_>) -> Result<Self> {
        let column = |name| table.column(name).map(|c| c.to_vec());
        let unit = table.unit().unwrap_or(Unit::DAY);
        let mut summary = Summary::new(column("frequency")?, column("recency")?, column("T")?, unit)?;
        if let Some(values) = table.get("log_intervals") {
            summary = summary.with_log_intervals(values.to_vec())?;
        }
        if let Some(values) = table.get("monetary_value") {
            summary = summary.with_monetary_value(values.to_vec())?;
        }
        if let Some(values) = table.get("weight") {
            summary = summary.with_weights(values.to_vec())?;
        }
        Ok(summary)
    }

    /// The same summary, with the sum of the natural logarithms of the intervals between purchases, in its unit; 0 for a customer without a repeat
    /// purchase. x intervals that make up t_x have logarithms of at most x ln(t_x/x) in all, which is checked: a sum in another unit may not be.
    pub fn with_log_intervals(mut self, values: Vec<f64>) -> Result<Self> {
        check_length(self.len(), "log_intervals", values.len())?;
        check_finite("log_intervals", &values)?;
        for (row, &value) in values.iter().enumerate() {
            check_log_intervals(self.frequency[row], self.recency[row], value)
                .map_err(|rule| Error::data(row, rule).with_field("log_intervals"))?;
        }
        self.log_intervals = Some(values);
        Ok(self)
    }

    /// The same summary, with the mean spend per repeat purchase. Each must be finite; a negative one is kept (refunds), and
    /// Gamma–Gamma says what it thinks of it.
    pub fn with_monetary_value(mut self, values: Vec<f64>) -> Result<Self> {
        check_length(self.len(), "monetary_value", values.len())?;
        check_finite("monetary_value", &values)?;
        self.monetary_value = Some(values);
        Ok(self)
    }

    /// The same summary, where a row stands for `weight` customers. Weights are finite and ≥ 0, with a positive sum.
    pub fn with_weights(mut self, weights: Vec<f64>) -> Result<Self> {
        check_length(self.len(), "weight", weights.len())?;
        check_finite("weight", &weights)?;
        if let Some(row) = weights.iter().position(|&w| w < 0.0) {
            return Err(Error::data(row, format!("need weight >= 0, got {}", brief(weights[row])))
                .with_field("weight"));
        }
        if !(weights.iter().sum::<f64>() > 0.0) {
            return Err(
                Error::new(ErrorKind::InvalidData, "need weights with a positive sum").with_field("weight")
            );
        }
        self.weights = Some(weights);
        Ok(self)
    }

    /// The same summary, with a key for each row.
    pub fn with_keys(mut self, keys: Keys) -> Result<Self> {
        check_length(self.len(), "customer", keys.len())?;
        self.keys = Some(keys);
        Ok(self)
    }

    /// Times near whole numbers, made whole; see [`SummaryOptions::opportunities`](super::SummaryOptions::opportunities).
    pub(super) fn in_opportunities(mut self) -> Result<Self> {
        for (name, column) in [("recency", &mut self.recency), ("T", &mut self.age)] {
            for (row, time) in column.iter_mut().enumerate() {
                let whole = time.round();
                if (*time - whole).abs() > 0.1 {
                    return Err(Error::data(
                        row,
                        format!("need times in whole periods, got {name} = {time}: summarize with the period as unit"),
                    )
                    .with_field(name));
                }
                *time = whole;
            }
        }
        Ok(self)
    }

    /// The number of rows: customers, or groups of them where there are weights.
    pub fn len(&self) -> usize {
        self.frequency.len()
    }

    /// Whether there is no row (when no customer had bought by the end of a calibration).
    pub fn is_empty(&self) -> bool {
        self.frequency.is_empty()
    }

    /// Whose row it is: ascending, when the summary comes from a log.
    pub fn keys(&self) -> Option<&Keys> {
        self.keys.as_ref()
    }

    /// x, the number of repeat purchases.
    pub fn frequency(&self) -> &[f64] {
        &self.frequency
    }

    /// t_x, the time from the first purchase to the last; 0 for a customer without a repeat purchase.
    pub fn recency(&self) -> &[f64] {
        &self.recency
    }

    /// T, the time from the first purchase to the end of the observation. Its column is called `T`.
    pub fn age(&self) -> &[f64] {
        &self.age
    }

    /// Sum of the natural logarithms of the intervals between purchases, where it was asked for.
    pub fn log_intervals(&self) -> Option<&[f64]> {
        self.log_intervals.as_deref()
    }

    /// Mean spend per repeat purchase; 0 for a customer without one.
    pub fn monetary_value(&self) -> Option<&[f64]> {
        self.monetary_value.as_deref()
    }

    /// How many customers each row stands for; `None`: one.
    pub fn weights(&self) -> Option<&[f64]> {
        self.weights.as_deref()
    }

    /// The unit of `recency` and `T`.
    pub fn unit(&self) -> Unit {
        self.unit
    }

    /// Start of the last observed period, in days since 1970-01-01 (for times that are numbers: in days); `None` for ready-made columns.
    pub fn observation_end(&self) -> Option<f64> {
        self.observation_end
    }

    /// Whether `frequency` and `monetary_value` count the first purchase, which the models do not expect.
    pub fn first_transaction_included(&self) -> bool {
        self.first_included
    }

    /// What was done with the rows of the log; all zero for ready-made columns.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// The columns by name: `frequency, recency, T`, and `log_intervals`, `monetary_value`, `monetary_deviation`, `geometric_mean`, `log_deviation`,
    /// `weight` where there are.
    pub fn table(&self) -> Table<'_> {
        table_of(self.columns(), self.unit)
    }

    pub(super) fn columns(&self) -> impl Iterator<Item = Column<'_>> {
        [
            ("frequency", Some(&self.frequency)),
            ("recency", Some(&self.recency)),
            ("T", Some(&self.age)),
            ("log_intervals", self.log_intervals.as_ref()),
            ("monetary_value", self.monetary_value.as_ref()),
            ("monetary_deviation", self.monetary_deviation.as_ref()),
            ("geometric_mean", self.geometric_mean.as_ref()),
            ("log_deviation", self.log_deviation.as_ref()),
            ("weight", self.weights.as_ref()),
        ]
        .into_iter()
    }
}

/// A column by name, where it is there.
pub(super) type Column<'a> = (&'static str, Option<&'a Vec<f64>>);

/// A table of those columns that are there. Their lengths are equal and their names differ, so none is refused.
pub(super) fn table_of<'a>(columns: impl Iterator<Item = Column<'a>>, unit: Unit) -> Table<'a> {
    columns.filter_map(|(name, values)| values.map(|v| (name, v.as_slice()))).fold(
        Table::new().in_unit(unit),
        |table, (name, values)| {
            let before = table.clone();
            table.with(name, values).unwrap_or(before)
        },
    )
}

fn check_length(rows: usize, name: &str, len: usize) -> Result<()> {
    if rows == len {
        return Ok(());
    }
    Err(Error::shape(format!("columns must have equal lengths: frequency has {rows} rows, {name} has {len}"))
        .with_field(name))
}

fn check_finite(name: &str, values: &[f64]) -> Result<()> {
    match values.iter().position(|v| !v.is_finite()) {
        None => Ok(()),
        Some(row) => {
            Err(Error::data(row, format!("{name} must be finite, got {}", values[row])).with_field(name))
        }
    }
}

/// The rule of a sum of x logarithms of intervals that make up the recency.
pub(crate) fn check_log_intervals(x: f64, recency: f64, value: f64) -> Result<(), String> {
    let most = if x > 0.0 { x * (recency / x).ln() } else { 0.0 };
    // Rounding of x logarithms and of the recency.
    if value <= most + 1e-9 * (x + most.abs()) && (x > 0.0 || value == 0.0) {
        return Ok(());
    }
    Err(format!(
        "need log_intervals <= frequency ln(recency/frequency) = {}, and 0 where frequency = 0, got log_intervals = {}",
        brief(most),
        brief(value)
    ))
}

/// The rules of one row, in the order in which a reader would check them.
fn check_row(row: usize, x: f64, t_x: f64, t: f64) -> Result<()> {
    let broken = |field: &str, message: String| Err(Error::data(row, message).with_field(field));
    for (name, value) in [("frequency", x), ("recency", t_x), ("T", t)] {
        if !value.is_finite() {
            return broken(name, format!("{name} must be finite, got {value}"));
        }
    }
    if x < 0.0 || x.fract() != 0.0 {
        return broken("frequency", format!("frequency must be a whole number >= 0, got {}", brief(x)));
    }
    if !(0.0 <= t_x && t_x <= t) {
        return broken(
            "recency",
            format!("need 0 <= recency <= T, got recency = {}, T = {}", brief(t_x), brief(t)),
        );
    }
    if x > 0.0 && t_x == 0.0 {
        return broken(
            "recency",
            format!("need recency > 0 where frequency > 0, got frequency = {}, recency = 0", brief(x)),
        );
    }
    if x == 0.0 && t_x > 0.0 {
        return broken(
            "recency",
            format!("need recency = 0 where frequency = 0, got recency = {}", brief(t_x)),
        );
    }
    Ok(())
}

impl<'a> From<&'a Summary> for Table<'a> {
    fn from(summary: &'a Summary) -> Table<'a> {
        summary.table()
    }
}
