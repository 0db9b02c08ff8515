//! Dates and date-times as ISO 8601 writes them, and nothing cleverer.

use super::time::{civil, day_of};
use crate::error::{Error, ErrorKind, Result};

fn unreadable(text: &str) -> Error {
    let shown: String = text.chars().take(40).collect();
    Error::new(
        ErrorKind::InvalidData,
        format!("time must be a date such as 1997-01-31 or 1997-01-31T12:30:00, got {shown:?}"),
    )
}

fn digits(bytes: &[u8]) -> Option<i64> {
    if bytes.is_empty() || bytes.len() > 9 {
        return None;
    }
    bytes.iter().try_fold(0, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0')))
}

/// `yyyy-mm-dd` or `yyyymmdd` at the head; the day and what is left.
fn date_head(b: &[u8]) -> Option<(i64, &[u8])> {
    let (y, m, d, used) = if b.get(4) == Some(&b'-') {
        (b.get(..4)?, b.get(5..7)?, b.get(8..10).filter(|_| b[7] == b'-')?, 10)
    } else {
        (b.get(..4)?, b.get(4..6)?, b.get(6..8)?, 8)
    };
    let (year, month, day) = (digits(y)?, digits(m)?, digits(d)?);
    let number = (1..=12).contains(&month).then(|| day_of(year, month, day))?;
    // A day that the month does not have comes back as another date.
    (civil(number) == (year, month, day)).then_some((number, &b[used..]))
}

/// Days since 1970-01-01 of `1997-01-31` or `19970131`. Surrounding blanks are allowed.
///
/// ```
/// use cam_core::summary::parse_date;
/// assert_eq!(parse_date("1997-01-01")?, parse_date("19970101")?);
/// assert!(parse_date("1997-02-29").is_err());
/// # Ok::<(), cam_core::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::InvalidData`] for anything else, and for days that no month has.
pub fn parse_date(text: &str) -> Result<i32> {
    match date_head(text.trim().as_bytes()) {
        Some((day, [])) => i32::try_from(day).map_err(|_| unreadable(text)),
        _ => Err(unreadable(text)),
    }
}

const MICROS: i64 = 1_000_000;

/// Microseconds since 1970-01-01T00:00, by the clock of whoever wrote it, of a date, or of a date and a time of day: `1997-01-31T12:30`,
/// `1997-01-31 12:30:05.25`, `…Z`, `…+02:00`.
///
/// Digits beyond the microsecond are cut off. An offset must be one, and is then left aside: a purchase at nine in the evening belongs to
/// the day on which the customer's clock stood at nine, wherever that was.
///
/// ```
/// use cam_core::summary::parse_datetime;
/// assert_eq!(parse_datetime("1970-01-01T02:00:00.5+02:00")?, 7_200_500_000);
/// # Ok::<(), cam_core::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::InvalidData`] for anything else.
pub fn parse_datetime(text: &str) -> Result<i64> {
    let read = || {
        let (day, rest) = date_head(text.trim().as_bytes())?;
        let midnight = day * 86_400 * MICROS;
        match rest {
            [] => Some(midnight),
            [b'T' | b't' | b' ', clock @ ..] => Some(midnight + time_of_day(clock)?),
            _ => None,
        }
    };
    read().ok_or_else(|| unreadable(text))
}

/// `hh:mm[:ss[.f…]][Z|±hh[:mm]]` in microseconds after midnight, where that clock stands.
fn time_of_day(b: &[u8]) -> Option<i64> {
    let zone_at = b.iter().position(|c| matches!(c, b'Z' | b'z' | b'+' | b'-')).unwrap_or(b.len());
    let (clock, zone) = b.split_at(zone_at);
    let clock = clock.trim_ascii_end();
    let (hour, minute) = (digits(clock.get(..2)?)?, digits(clock.get(3..5).filter(|_| clock[2] == b':')?)?);
    let (second, micros) = match &clock[5..] {
        [] => (0, 0),
        [b':', rest @ ..] => match rest.split_at_checked(2)? {
            (s, []) => (digits(s)?, 0),
            (s, [b'.' | b',', fraction @ ..]) => (digits(s)?, fraction_micros(fraction)?),
            _ => return None,
        },
        _ => return None,
    };
    // 23:59:60 is a leap second, and is read as the second after it.
    if hour > 23 || minute > 59 || second > 60 || !is_offset(zone) {
        return None;
    }
    Some((hour * 3600 + minute * 60 + second) * MICROS + micros)
}

fn fraction_micros(fraction: &[u8]) -> Option<i64> {
    if !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let kept = &fraction[..fraction.len().min(6)];
    Some(digits(kept)? * 10_i64.pow(6 - kept.len() as u32))
}

fn is_offset(zone: &[u8]) -> bool {
    let rest = match zone {
        [] | [b'Z' | b'z'] => return true,
        [b'+' | b'-', rest @ ..] => rest,
        _ => return false,
    };
    let (hours, minutes) = match rest.len() {
        2 => (digits(rest), Some(0)),
        4 => (digits(&rest[..2]), digits(&rest[2..])),
        5 if rest[2] == b':' => (digits(&rest[..2]), digits(&rest[3..])),
        _ => return false,
    };
    hours.is_some_and(|hours| hours <= 23) && minutes.is_some_and(|minutes| minutes <= 59)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_hour_in_every_spelling_wherever_the_clock_stands() {
        let expected = (day_of(1997, 6, 30) * 86_400 + 12 * 3600 + 30 * 60) * MICROS;
        for text in [
            "1997-06-30T12:30",
            "19970630 12:30:00",
            " 1997-06-30 12:30:00.000000000 ",
            "1997-06-30T12:30:00Z",
            "1997-06-30T12:30:00+02:00",
            "1997-06-30T12:30:00,0-0530",
            "1997-06-30T12:30:00 +01",
        ] {
            assert_eq!(parse_datetime(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_refused_by_its_text() {
        for text in [
            "",
            " ",
            "NaT",
            "null",
            "1997",
            "1997-13-01",
            "1997-00-10",
            "1997-02-30",
            "1900-02-29",
            "97-01-01",
            "01/02/1997",
            "1997-1-1",
            "1997-01-01T",
            "1997-01-01T25:00",
            "1997-01-01T12",
            "1997-01-01T12:60",
            "1997-01-01T12:00:61",
            "1997-01-01T12:00:00.",
            "1997-01-01T12:00+25:00",
            "1997-01-01T12:00 CET",
            "1997-01-01x",
            "１９９７-01-01",
            "1997-01-0é",
        ] {
            let error = parse_datetime(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidData, "{text}");
            assert!(error.to_string().contains("1997-01-31"), "{error}");
        }
    }
}
