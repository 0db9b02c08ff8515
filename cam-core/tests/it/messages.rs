//! Error messages show numbers briefly: as they were typed, not in three hundred digits.

use cam_core::clv::{BgNbd, GammaGamma, History};
use cam_core::error::brief;
use cam_core::summary::{Log, Refunds, Summary, SummaryOptions, Times, summarize};
use cam_core::task::Models;
use cam_core::{Control, Error, ErrorKind, Fit, Quantity, Table, Unit, task};

#[test]
fn a_number_is_shown_in_the_fewest_digits_that_read_back() {
    for (number, shown) in [
        (0.0, "0"),
        (-0.0, "-0"),
        (12.0, "12"),
        (1e9, "1000000000"),
        (0.1, "0.1"),
        (1.0 / 3.0, "0.3333333333333333"),
        (9007199254740993.0, "9007199254740992"),
        (1e16, "1e16"),
        (-1.5e100, "-1.5e100"),
        (f64::MAX, "1.7976931348623157e308"),
        (1e-5, "0.00001"),
        (9.5e-6, "9.5e-6"),
        (-1e-300, "-1e-300"),
        (5e-324, "5e-324"),
        (f64::NAN, "NaN"),
        (f64::NEG_INFINITY, "-inf"),
    ] {
        assert_eq!(brief(number).to_string(), shown);
        let back: f64 = shown.parse().unwrap();
        assert!(back.to_bits() == number.to_bits() || back.is_nan() && number.is_nan(), "{shown}");
    }
}

#[test]
fn numbers_beyond_reason_do_not_fill_the_message() {
    let columns = |x: f64, t_x: f64, age: f64| Summary::new(vec![x], vec![t_x], vec![age], Unit::WEEK);
    let log = |amount: f64| {
        let (days, amounts) = ([9000], [amount]);
        summarize(
            &Log::new(&[1_i64][..], Times::Days(&days)).amounts(&amounts[..]),
            &SummaryOptions::new().refunds(Refunds::Error),
            &Control::new(),
        )
    };
    let cases: [(Error, &str); 7] = [
        (
            BgNbd::new(1e300, 4.4, 0.8, 2.4).unwrap_err(),
            "r must be positive and finite (1e-100 to 1e100), got 1e300",
        ),
        (
            BgNbd::new(0.24, 4.4, 2.5e-200, 2.4).unwrap_err(),
            "a must be positive and finite (1e-100 to 1e100), got 2.5e-200",
        ),
        (
            Quantity::ExpectedPurchases { horizon: -1e300 }.check().unwrap_err(),
            "horizon must be finite and at least 0 (up to 1e100), got -1e300",
        ),
        (
            columns(1.0, 1e300, 1e200).unwrap_err(),
            "row 0: need 0 <= recency <= T, got recency = 1e300, T = 1e200",
        ),
        (columns(1e-300, 1.0, 2.0).unwrap_err(), "row 0: frequency must be a whole number >= 0, got 1e-300"),
        (log(-1e200).unwrap_err(), "row 0: need amount >= 0 (or another rule for refunds), got -1e200"),
        (log(1e300).unwrap_err(), "row 0: need a finite amount of at most 1e290 in size, got 1e300"),
    ];
    for (error, message) in cases {
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn rows_and_customers_beyond_reason_do_not_fill_the_message_either() {
    let table = |x: &'static [f64], t_x: &'static [f64], age: &'static [f64]| {
        Table::new().with("frequency", x).unwrap().with("recency", t_x).unwrap().with("T", age).unwrap()
    };
    let age = "T must be finite and at least 0 (0, or 1e-100 to 1e100), got 1e300";
    let spend = |z: &'static [f64]| {
        GammaGamma::fit(Table::new().with("frequency", &[0.0]).unwrap().with("monetary_value", z).unwrap())
    };
    let cases: [(Error, &str); 5] = [
        (BgNbd::fit(table(&[1.0], &[1.0], &[1e300])).unwrap_err(), &format!("row 0: {age}")),
        (History::new(1.0, 1.0, 1e300).unwrap_err(), age),
        (History::new(1.0, 1e99, 2.0).unwrap_err(), "need 0 <= recency <= T, got recency = 1e99, T = 2"),
        (
            BgNbd::fit(table(&[1.0], &[1.0], &[2.0]).with("weight", &[-1e200]).unwrap()).unwrap_err(),
            "row 0: weight must be finite and at least 0, got -1e200",
        ),
        (
            spend(&[1e99]).unwrap_err(),
            "row 0: need monetary_value = 0 where frequency = 0, got monetary_value = 1e99",
        ),
    ];
    for (error, message) in cases {
        assert_eq!(error.to_string(), message);
    }
}

/// Names in JSON are told like all others: what was given, and what there is.
#[test]
fn a_name_in_json_that_is_none_is_told_with_those_that_are() {
    let quantity = |json: &str| Quantity::from_json(json).unwrap_err();
    let run = |id: &str, options: &str| {
        task(id).unwrap().run(&Table::new(), Models::NONE, options, &Control::new()).unwrap_err()
    };
    for (error, start) in [
        (quantity(r#"{"quantity": "alive"}"#), "no quantity named \"alive\"; there are: log_likelihood, "),
        (
            quantity(r#"{"quantity": "expected_purchases", "horizon": 1, "rate": 2}"#),
            "no name in the quantity {\"quantity\": \"expected_purchases\", \"horizon\": 1, \"rate\": 2} named \"rate\"; there are: horizon",
        ),
        (
            run("prediction_intervals", r#"{"quantity": {"quantity": "alive"}}"#),
            "no quantity in the options of prediction_intervals named \"alive\"; there are: log_likelihood, ",
        ),
        (
            run("confidence_intervals", r#"{"method": "delta"}"#),
            "no method in the options of confidence_intervals named \"delta\"; there are: wald, profile, bootstrap",
        ),
    ] {
        assert_eq!(error.kind(), ErrorKind::UnknownName, "{error}");
        assert!(error.to_string().starts_with(start), "{error}");
    }
    let wrong = run("confidence_intervals", r#"{"level": "high"}"#);
    assert_eq!((wrong.kind(), wrong.field()), (ErrorKind::InvalidParameter, Some("level")));
}
