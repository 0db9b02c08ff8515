//! Units of time as they are written.

use cam_core::Unit;

#[test]
fn a_unit_of_time_is_read_as_people_write_it() {
    for (text, days) in [
        ("W", 7.0),
        ("w", 7.0),
        ("Week", 7.0),
        ("d", 1.0),
        ("y", 365.25),
        ("2 weeks", 14.0),
        ("14 days", 14.0),
        ("14d", 14.0),
        ("2W", 14.0),
        ("3 months", 91.3125),
        ("3M", 91.3125),
        ("36 hours", 1.5),
    ] {
        assert_eq!(text.parse::<Unit>().unwrap().days(), days, "{text}");
    }
    // m could be minutes as well.
    for text in ["m", "3m", "", "W2", "fortnight", "-1 day", "0W", "nan days", "second d"] {
        assert!(text.parse::<Unit>().is_err(), "{text}");
    }
}
