//! Moments, and the periods they fall in.
//!
//! Every time in a log becomes a *period code*, an integer that grows with time: the number of the day, week, month … it falls in.
//! Two rows of one customer with equal codes are one purchase; differences of codes, turned into days, are recency and
//! T. Integers make that exact: a recency of 29 days is `29.0 / 7.0` weeks, with no rounding before the division.

use super::parse;
use crate::error::{Error, ErrorKind, Result, brief};
use crate::unit::Unit;
use std::str::FromStr;

/// How fine an integer timestamp is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimeResolution {
    /// Seconds.
    Second,
    /// Milliseconds.
    Milli,
    /// Microseconds.
    Micro,
    /// Nanoseconds.
    Nano,
}

impl TimeResolution {
    /// Ticks in a day.
    pub fn per_day(self) -> i64 {
        match self {
            TimeResolution::Second => 86_400,
            TimeResolution::Milli => 86_400_000,
            TimeResolution::Micro => 86_400_000_000,
            TimeResolution::Nano => 86_400_000_000_000,
        }
    }

    fn nanos(self) -> i64 {
        TimeResolution::Nano.per_day() / self.per_day()
    }
}

/// The times of a log, borrowed: days, timestamps or plain numbers.
///
/// `i32::MIN` and `i64::MIN` stand for a missing time (as NumPy's `NaT` does), and so does NaN; each is an error with its row.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Times<'a> {
    /// Days since 1970-01-01.
    Days(&'a [i32]),
    /// Ticks since 1970-01-01T00:00 UTC.
    Timestamps(&'a [i64], TimeResolution),
    /// Numbers, in days or in the unit of [`SummaryOptions::numbers_in`](super::SummaryOptions::numbers_in).
    Numbers(&'a [f64]),
}

impl Times<'_> {
    /// The number of rows.
    pub fn len(&self) -> usize {
        match self {
            Times::Days(v) => v.len(),
            Times::Timestamps(v, _) => v.len(),
            Times::Numbers(v) => v.len(),
        }
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads dates or date-times written in ISO 8601 into microseconds since 1970-01-01T00:00 UTC, to be passed on as
    /// `Times::Timestamps(&micros, TimeResolution::Micro)`. See [`parse_datetime`](super::parse_datetime).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidData`] with the row that cannot be read.
    pub fn from_text<S: AsRef<str>>(texts: impl IntoIterator<Item = S>) -> Result<Vec<i64>> {
        let read = |(row, text): (usize, S)| {
            parse::parse_datetime(text.as_ref()).map_err(|e| e.with_row(row).with_field("time"))
        };
        texts.into_iter().enumerate().map(read).collect()
    }

    pub(super) fn get(&self, row: usize) -> Moment {
        match *self {
            Times::Days(v) => Moment::Day(v[row]),
            Times::Timestamps(v, resolution) => Moment::Timestamp(v[row], resolution),
            Times::Numbers(v) => Moment::Number(v[row]),
        }
    }

    pub(super) fn slice(&self, rows: std::ops::Range<usize>) -> Self {
        match *self {
            Times::Days(v) => Times::Days(&v[rows]),
            Times::Timestamps(v, resolution) => Times::Timestamps(&v[rows], resolution),
            Times::Numbers(v) => Times::Numbers(&v[rows]),
        }
    }
}

/// One moment: the end of an observation or of a calibration, for example.
///
/// ```
/// use cam_core::summary::Moment;
/// assert_eq!("1970-01-02".parse::<Moment>()?, Moment::Day(1));
/// # Ok::<(), cam_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Moment {
    /// A day, counted from 1970-01-01.
    Day(i32),
    /// Ticks since 1970-01-01T00:00 UTC.
    Timestamp(i64, TimeResolution),
    /// A number, in the unit of [`SummaryOptions::numbers_in`](super::SummaryOptions::numbers_in).
    Number(f64),
}

impl Moment {
    /// The rule that it breaks, and what it is: a missing moment is nothing to be shown.
    #[cold]
    pub(super) fn breaks(self, rule: &str) -> String {
        match self {
            Moment::Day(i32::MIN) | Moment::Timestamp(i64::MIN, _) => rule.to_owned(),
            Moment::Number(x) if x.is_nan() => rule.to_owned(),
            Moment::Number(x) => format!("{rule}, got {}", brief(x)),
            Moment::Day(day) => format!("{rule}, got {}", date(i64::from(day))),
            Moment::Timestamp(tick, resolution) => {
                format!("{rule}, got {}", date(tick.div_euclid(resolution.per_day())))
            }
        }
    }
}

/// A day as ISO 8601 writes it.
fn date(day: i64) -> String {
    let (year, month, day) = civil(day);
    format!("{year:04}-{month:02}-{day:02}")
}

impl From<f64> for Moment {
    fn from(number: f64) -> Self {
        Moment::Number(number)
    }
}

impl FromStr for Moment {
    type Err = Error;

    /// A date (a [`Moment::Day`]) or a date-time (a timestamp in microseconds) as ISO 8601 writes them.
    fn from_str(text: &str) -> Result<Self> {
        match parse::parse_date(text) {
            Ok(day) => Ok(Moment::Day(day)),
            Err(_) => parse::parse_datetime(text).map(|t| Moment::Timestamp(t, TimeResolution::Micro)),
        }
    }
}

/// What counts as one purchase: all rows of a customer within one period.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Period {
    /// Only rows at the very same time are one purchase.
    Instant,
    /// Periods of this many days, the first beginning on 1970-01-01, in UTC. Periods of 7 days begin on Mondays.
    Days(f64),
    /// Calendar months.
    Month,
    /// Calendar years.
    Year,
}

impl Period {
    /// The day: the default.
    pub const DAY: Period = Period::Days(1.0);
    /// The week, beginning on Monday.
    pub const WEEK: Period = Period::Days(7.0);
}

impl FromStr for Period {
    type Err = Error;

    /// Reads `D`, `W`, `M`, `Y` and their names (months and years by the calendar), a length such as `10 days`, and `none` for
    /// [`Period::Instant`].
    fn from_str(text: &str) -> Result<Self> {
        if matches!(text.trim().to_ascii_lowercase().as_str(), "none" | "instant") {
            return Ok(Period::Instant);
        }
        let unit: Unit = text.parse().map_err(|_: Error| {
            Error::new(
                ErrorKind::UnknownName,
                format!("period must be D, W, M, Y, none or a length such as \"10 days\", got {text:?}"),
            )
            .with_field("period")
        })?;
        Ok(match unit {
            Unit::MONTH => Period::Month,
            Unit::YEAR => Period::Year,
            other => Period::Days(other.days()),
        })
    }
}

/// Monday, 1969-12-29, counted from 1970-01-01.
const MONDAY: i64 = -3;

/// Turns moments into period codes and codes into days. Made once per log, so the work per row is one match.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Clock {
    period: Period,
    number_days: f64,
}

impl Clock {
    pub(super) fn new(period: Period, numbers_in: Unit) -> Result<Self> {
        if let Period::Days(n) = period
            && !(n.is_finite() && n >= 1e-9)
        {
            return Err(Error::parameter("period", "a finite number of days, at least 1e-9", n));
        }
        Ok(Clock { period, number_days: numbers_in.days() })
    }

    /// Whether codes of plain numbers and codes of dates can stand in one log. With [`Period::Instant`] they cannot.
    pub(super) fn mixes(&self) -> bool {
        self.period != Period::Instant
    }

    /// The code of the period a moment falls in, or the rule that it breaks.
    #[inline(always)]
    pub(super) fn code(&self, moment: Moment) -> Result<i64, &'static str> {
        match moment {
            Moment::Day(i32::MIN) | Moment::Timestamp(i64::MIN, _) => Err("time is missing"),
            Moment::Day(day) => self.day_code(i64::from(day)),
            Moment::Timestamp(tick, resolution) => self.tick_code(tick, resolution),
            Moment::Number(x) => self.number_code(x),
        }
    }

    #[inline(always)]
    fn day_code(&self, day: i64) -> Result<i64, &'static str> {
        Ok(match self.period {
            Period::Days(1.0) => day,
            Period::Days(7.0) => (day - MONDAY).div_euclid(7),
            Period::Days(n) if n.fract() == 0.0 && n < 1e15 => day.div_euclid(n as i64),
            Period::Days(n) => (day as f64 / n).floor() as i64,
            Period::Month => months(day),
            Period::Year => months(day).div_euclid(12),
            Period::Instant => day.checked_mul(NANOS_PER_DAY).ok_or(TOO_FAR)?,
        })
    }

    #[inline(always)]
    fn tick_code(&self, tick: i64, resolution: TimeResolution) -> Result<i64, &'static str> {
        let per_day = resolution.per_day();
        match self.period {
            Period::Instant => tick.checked_mul(resolution.nanos()).ok_or(TOO_FAR),
            Period::Days(n) if n.fract() != 0.0 => {
                // Whole ticks per period (hours, minutes …) are divided exactly.
                let ticks = n * per_day as f64;
                let whole = ticks.round();
                if (ticks - whole).abs() <= 1e-12 * ticks && (1.0..1e15).contains(&whole) {
                    Ok(tick.div_euclid(whole as i64))
                } else {
                    number_to_code(tick as f64 / per_day as f64 / n)
                }
            }
            _ => self.day_code(tick.div_euclid(per_day)),
        }
    }

    fn number_code(&self, x: f64) -> Result<i64, &'static str> {
        if !x.is_finite() {
            return Err(if x.is_nan() { "time is missing (NaN)" } else { "time must be finite" });
        }
        let days = x * self.number_days;
        match self.period {
            // The bits of a double, read as a sign-magnitude integer, are in the order of the numbers.
            Period::Instant => Ok(ordered_bits(days + 0.0)),
            Period::Days(7.0) => number_to_code((days - MONDAY as f64) / 7.0),
            Period::Days(n) => number_to_code(days / n),
            Period::Month | Period::Year => self.day_code(number_to_code(days)?),
        }
    }

    /// The start of a period in days since 1970-01-01 (plain numbers: since their 0).
    pub(super) fn days(&self, code: i64, numbers: bool) -> f64 {
        match self.period {
            Period::Days(7.0) => (code * 7 + MONDAY) as f64,
            Period::Days(n) => code as f64 * n,
            Period::Month => month_start(code) as f64,
            Period::Year => month_start(code * 12) as f64,
            Period::Instant if numbers => from_ordered_bits(code),
            Period::Instant => code as f64 / NANOS_PER_DAY as f64,
        }
    }

    /// A period by its first day, or by its number.
    pub(super) fn shown(&self, code: i64, numbers: bool) -> String {
        match numbers {
            true => brief(self.days(code, true) / self.number_days).to_string(),
            false => date(self.days(code, false).floor() as i64),
        }
    }

    /// Days from the start of one period to the start of another.
    #[inline(always)]
    pub(super) fn days_between(&self, from: i64, to: i64, numbers: bool) -> f64 {
        match self.period {
            Period::Days(n) => (to - from) as f64 * n,
            Period::Instant if !numbers => (i128::from(to) - i128::from(from)) as f64 / NANOS_PER_DAY as f64,
            _ => self.days(to, numbers) - self.days(from, numbers),
        }
    }
}

const NANOS_PER_DAY: i64 = 86_400_000_000_000;
const TOO_FAR: &str =
    "time must lie between the years 1678 and 2262 when only identical times are one purchase";

/// A quotient in periods to a period number. A quotient within 1e-9 below a whole number was meant to be that number:
/// 29 days given as 29/7 weeks come back as 28.999999999999996.
fn number_to_code(quotient: f64) -> Result<i64, &'static str> {
    if quotient.abs() >= 9e15 {
        return Err("time must lie within 9e15 periods of 0");
    }
    let nearest = quotient.round();
    let snapped = if (quotient - nearest).abs() <= 1e-9 { nearest } else { quotient.floor() };
    Ok(snapped as i64)
}

fn ordered_bits(x: f64) -> i64 {
    let bits = x.to_bits() as i64;
    bits ^ (((bits >> 63) as u64) >> 1) as i64
}

fn from_ordered_bits(code: i64) -> f64 {
    f64::from_bits((code ^ (((code >> 63) as u64) >> 1) as i64) as u64)
}

/// Months since 1970-01 of a day since 1970-01-01, in the proleptic Gregorian calendar.
///
/// Years are taken to begin in March, so that the leap day is the last day of a year, and 400 years are 146,097 days: the
/// usual reckoning of days and civil dates (e.g. Richards 2013, in the *Explanatory Supplement to the Astronomical Almanac*, ch. 15).
fn months(day: i64) -> i64 {
    let (year, month, _) = civil(day);
    (year - 1970) * 12 + (month - 1)
}

pub(super) fn civil(day: i64) -> (i64, i64, i64) {
    let shifted = day + 719_468; // days since 0000-03-01
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, of_year - (153 * march_month + 2) / 5 + 1)
}

/// Days since 1970-01-01 of a civil date.
pub(super) fn day_of(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let march_month = (month + 9) % 12;
    let of_year = (153 * march_month + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year - 719_468
}

fn month_start(months: i64) -> i64 {
    day_of(1970 + months.div_euclid(12), months.rem_euclid(12) + 1, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(period: Period) -> Clock {
        Clock::new(period, Unit::DAY).unwrap()
    }

    #[test]
    fn civil_dates_and_day_numbers_are_inverse_over_four_centuries() {
        for day in -200_000..200_000 {
            let (y, m, d) = civil(day);
            assert_eq!(day_of(y, m, d), day);
        }
        assert_eq!(day_of(2000, 2, 29), 11_016);
        assert_eq!(civil(9_862), (1997, 1, 1));
    }

    #[test]
    fn a_week_begins_on_monday() {
        let c = clock(Period::WEEK);
        let monday = day_of(2024, 1, 1);
        let code = |day: i64| c.code(Moment::Day(day as i32)).unwrap();
        assert_eq!(code(monday), code(monday + 6));
        assert_eq!(code(monday), code(monday - 1) + 1);
        assert_eq!(c.days(code(monday + 3), false), monday as f64);
    }

    #[test]
    fn every_period_agrees_between_days_ticks_and_numbers() {
        for period in
            [Period::DAY, Period::WEEK, Period::Days(10.0), Period::Days(2.5), Period::Month, Period::Year]
        {
            let c = clock(period);
            for day in (-2_000..30_000).step_by(17) {
                let expected = c.code(Moment::Day(day)).unwrap();
                let start = c.days(expected, false);
                assert!(
                    start <= f64::from(day) && f64::from(day) < c.days(expected + 1, false),
                    "{period:?} {day}"
                );
                assert_eq!(c.code(Moment::Number(f64::from(day))), Ok(expected));
                let micros = i64::from(day) * TimeResolution::Micro.per_day();
                assert_eq!(
                    c.code(Moment::Timestamp(micros, TimeResolution::Micro)),
                    Ok(expected),
                    "{period:?} {day}"
                );
            }
        }
    }

    #[test]
    fn days_written_as_weeks_stay_on_their_day() {
        let c = Clock::new(Period::DAY, Unit::WEEK).unwrap();
        for day in 0..100_000 {
            assert_eq!(c.code(Moment::Number(f64::from(day) / 7.0)), Ok(i64::from(day)));
        }
    }

    #[test]
    fn numbers_keep_their_order_as_instants() {
        let c = clock(Period::Instant);
        let numbers = [-1e300, -2.5, -0.0, 1e-300, 0.1, 7.0, 1e300];
        let codes: Vec<i64> = numbers.iter().map(|&x| c.code(Moment::Number(x)).unwrap()).collect();
        assert!(codes.is_sorted());
        assert!(numbers.iter().zip(&codes).all(|(&x, &code)| c.days(code, true) == x));
    }

    #[test]
    fn hours_are_periods_too() {
        let c = clock(Period::Days(1.0 / 24.0));
        let hour = |s: i64| c.code(Moment::Timestamp(s, TimeResolution::Second)).unwrap();
        assert_eq!((hour(3_599), hour(3_600), hour(-1)), (0, 1, -1));
    }
}
