//! The unit in which times are counted, and rates are per.
//!
//! A unit is a length in days: a week is 7 days, a year 365.25 (the Julian year), a month one twelfth of that
//! (30.4375). A calendar month has no fixed length, so nothing here depends on which month it is.

use crate::error::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A unit of time, as a length in days.
///
/// ```
/// use cam_core::Unit;
/// assert_eq!("W".parse::<Unit>()?, Unit::WEEK);
/// assert_eq!("10 days".parse::<Unit>()?.days(), 10.0);
/// assert_eq!(Unit::MONTH.to_string(), "month");
/// # Ok::<(), cam_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Unit {
    days: f64,
}

impl Unit {
    /// 1 day.
    pub const DAY: Unit = Unit { days: 1.0 };
    /// 7 days.
    pub const WEEK: Unit = Unit { days: 7.0 };
    /// 30.4375 days: a twelfth of a year.
    pub const MONTH: Unit = Unit { days: 30.4375 };
    /// 365.25 days.
    pub const YEAR: Unit = Unit { days: 365.25 };

    /// A unit of any positive, finite length in days.
    pub fn from_days(days: f64) -> Result<Unit> {
        if days > 0.0 && days.is_finite() {
            Ok(Unit { days })
        } else {
            Err(Error::parameter("unit", "a positive, finite number of days", days))
        }
    }

    /// The length in days.
    pub fn days(self) -> f64 {
        self.days
    }
}

const NAMES: [(Unit, &str, &str); 4] = [
    (Unit::DAY, "day", "D"),
    (Unit::WEEK, "week", "W"),
    (Unit::MONTH, "month", "M"),
    (Unit::YEAR, "year", "Y"),
];

/// Lengths in days, by the name of one.
const LENGTHS: [(&str, f64); 8] = [
    ("millisecond", 1.0 / 86_400_000.0),
    ("second", 1.0 / 86_400.0),
    ("minute", 1.0 / 1_440.0),
    ("hour", 1.0 / 24.0),
    ("day", 1.0),
    ("week", 7.0),
    ("month", 30.4375),
    ("year", 365.25),
];

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMES.iter().find(|(unit, ..)| unit == self) {
            Some((_, name, _)) => f.write_str(name),
            None => write!(f, "{} days", self.days),
        }
    }
}

impl FromStr for Unit {
    type Err = Error;

    /// Reads `D`, `W`, `M`, `Y`, their names (`day`, `days`, …) and any length such as `10 days`, `2W`, `3 months`, `6 hours` or `1 second`. Capitals do
    /// not matter, but that `m` could be a minute: it is refused.
    fn from_str(text: &str) -> Result<Unit> {
        let trimmed = text.trim();
        let lower = trimmed.to_ascii_lowercase();
        // Of the letters, only m could be something else.
        let is =
            |letter: &str, text: &str| text == letter || (letter != "M" && text.eq_ignore_ascii_case(letter));
        let named = |(_, name, letter): &&(Unit, &str, &str)| {
            is(letter, trimmed) || *name == lower || lower.strip_suffix('s') == Some(name)
        };
        if let Some((unit, ..)) = NAMES.iter().find(named) {
            return Ok(*unit);
        }
        let singular = lower.strip_suffix('s').unwrap_or(&lower);
        let by_letter = || {
            let (at, _) = trimmed.char_indices().next_back()?;
            let (number, last) = trimmed.split_at(at);
            let (unit, ..) = NAMES.iter().find(|(_, _, letter)| is(letter, last))?;
            Some((number, unit.days()))
        };
        let (number, length) = LENGTHS
            .iter()
            .find_map(|(name, length)| Some((singular.strip_suffix(name)?, *length)))
            .or_else(by_letter)
            // A bare number is one of days.
            .unwrap_or((&lower, 1.0));
        let one = number.is_empty() && !lower.is_empty();
        let count = if one { Ok(1.0) } else { number.trim().parse::<f64>() };
        match count {
            Ok(count) => Unit::from_days(count * length),
            Err(_) => Err(Error::new(
                ErrorKind::UnknownName,
                format!(
                    "a unit of time must be D, W, M or Y (or day, week, month, year), or a length such as \"10 days\", \"2 weeks\", \"6 hours\" \
                     or \"second\", got {text:?}"
                ),
            )
            .with_field("unit")),
        }
    }
}

impl TryFrom<String> for Unit {
    type Error = Error;
    fn try_from(text: String) -> Result<Unit> {
        text.parse()
    }
}

impl From<Unit> for String {
    fn from(unit: Unit) -> String {
        unit.to_string()
    }
}
