//! Any text read as a date, a moment, a unit or a period: an error, or a date that has the day it was written with.
#![no_main]

use cam_core::Unit;
use cam_core::summary::{Moment, Period, parse_date, parse_datetime};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(day) = parse_date(text) {
        // Whatever is a date is a date-time at midnight.
        assert_eq!(parse_datetime(text).ok(), Some(i64::from(day) * 86_400_000_000));
    }
    let _ = text.parse::<Moment>();
    let _ = text.parse::<Period>();
    if let Ok(unit) = text.parse::<Unit>() {
        assert!(unit.days() > 0.0 && unit.days().is_finite());
        assert_eq!(unit.to_string().parse::<Unit>().ok(), Some(unit), "a unit reads back from its name");
    }
});
