//! One customer's sufficient statistics, checked once.

use crate::error::{Error, ErrorKind, Result, brief};
use crate::table::{Dimension, Domain, Variable};

/// Number of repeat purchases up to the end of observation: the column `frequency`.
pub(super) const FREQUENCY: Variable =
    Variable::new("frequency", Domain::Count, Dimension::None, "number of repeat purchases");
/// Time from the first to the last purchase: the column `recency`.
pub(super) const RECENCY: Variable = Variable::new(
    "recency",
    Domain::NonNegative,
    Dimension::Time,
    "time from the first to the last purchase; 0 without a repeat purchase",
);
/// Time from the first purchase to the end of observation: the column `T`.
pub(super) const AGE: Variable = Variable::new(
    "T",
    Domain::NonNegative,
    Dimension::Time,
    "age: time from the first purchase to the end of observation",
);
/// Mean spend per repeat purchase: the column `monetary_value`.
pub(super) const MONETARY_VALUE: Variable = Variable::new(
    "monetary_value",
    Domain::NonNegative,
    Dimension::Money,
    "mean spend per repeat purchase; 0 without one",
);

/// Standard deviation of the spend per repeat purchase: the column `monetary_deviation`.
pub(super) const MONETARY_DEVIATION: Variable = Variable::new(
    "monetary_deviation",
    Domain::NonNegative,
    Dimension::Money,
    "standard deviation of the spend per repeat purchase about its mean, divided by frequency; 0 for one purchase",
);

/// What every purchase model answers.
pub(super) const PURCHASE_QUANTITIES: &[&str] = &[
    "log_likelihood",
    "probability_alive",
    "expected_purchases",
    "purchase_probability",
    "later_purchase_probability",
    "discounted_expected_purchases",
    "variance_of_purchases",
    "variance_of_discounted_purchases",
];

/// The columns of a purchase history, in the order of a row.
pub(super) const HISTORY: [Variable; 3] = [FREQUENCY, RECENCY, AGE];

/// Sum of the natural logarithms of the intervals between purchases: the column `log_intervals`.
pub(super) const LOG_INTERVALS: Variable = Variable::new(
    "log_intervals",
    Domain::Real,
    Dimension::LogTime,
    "sum of the natural logarithms of the intervals between purchases; 0 without a repeat purchase",
);

/// A purchase history with what the regularity of the intervals is known from.
pub(super) const TIMED_HISTORY: [Variable; 4] = [FREQUENCY, RECENCY, AGE, LOG_INTERVALS];

/// The rule between the columns of a purchase history.
#[inline(always)]
pub(super) fn check_history(row: &[f64]) -> Result<(), String> {
    match *row {
        [frequency, recency, age] if (recency <= age) & ((frequency == 0.0) == (recency == 0.0)) => Ok(()),
        _ => Err(broken_rule(row)),
    }
}

#[cold]
fn broken_rule(row: &[f64]) -> String {
    let &[frequency, recency, age] = row else { return "need three columns".into() };
    let [x, last, end] = [frequency, recency, age].map(brief);
    if recency > age {
        format!("need 0 <= recency <= T, got recency = {last}, T = {end}")
    } else if frequency == 0.0 {
        format!("need recency = 0 where frequency = 0, got recency = {last}")
    } else {
        format!("need recency > 0 where frequency > 0, got frequency = {x}, recency = {last}")
    }
}

/// When a customer bought: all that a purchase model needs to know of one customer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct History {
    row: [f64; 3],
}

impl History {
    /// `frequency` repeat purchases, the last `recency` after the first purchase, observed until `age` after it.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidData`] unless 0 ≤ recency ≤ age, frequency is a whole number, and frequency and recency are 0 together.
    pub fn new(frequency: f64, recency: f64, age: f64) -> Result<History> {
        let row = [frequency, recency, age];
        for (variable, value) in HISTORY.iter().zip(row) {
            if !variable.domain.contains(value) {
                return Err(Error::new(
                    ErrorKind::InvalidData,
                    format!("{} must be {}, got {}", variable.name, variable.domain.rule(), brief(value)),
                )
                .with_field(variable.name));
            }
        }
        check_history(&row).map_err(|rule| Error::new(ErrorKind::InvalidData, rule))?;
        Ok(History { row })
    }

    /// Number of repeat purchases, x.
    pub fn frequency(&self) -> f64 {
        self.row[0]
    }

    /// Time from the first to the last purchase, t_x.
    pub fn recency(&self) -> f64 {
        self.row[1]
    }

    /// Time from the first purchase to the end of observation, T.
    pub fn age(&self) -> f64 {
        self.row[2]
    }

    /// Frequency, recency and age.
    pub(super) fn row(&self) -> &[f64] {
        &self.row
    }
}
