//! Fits that cannot succeed say so, by name.

use cam_core::clv::{BgNbd, GammaGamma, ParetoNbd};
use cam_core::{Control, ErrorKind, Fit, FitOptions, Fitted, Model, Result, Status, Table};
use std::sync::atomic::{AtomicBool, Ordering};

fn table<'a>(x: &'a [f64], t_x: &'a [f64], age: &'a [f64]) -> Table<'a> {
    Table::new().with("frequency", x).unwrap().with("recency", t_x).unwrap().with("T", age).unwrap()
}

#[test]
fn bad_rows_are_named_with_rule_and_value() {
    // (frequency, recency, T) of row 1; row 0 is sound.
    let cases: [([f64; 3], &str); 11] = [
        ([f64::NAN, 1.0, 2.0], "row 1: frequency must be a whole number, at least 0, got NaN"),
        ([f64::INFINITY, 1.0, 2.0], "row 1: frequency must be a whole number, at least 0, got inf"),
        ([-1.0, 1.0, 2.0], "row 1: frequency must be a whole number, at least 0, got -1"),
        ([1.5, 1.0, 2.0], "row 1: frequency must be a whole number, at least 0, got 1.5"),
        ([1.0, -1.0, 2.0], "row 1: recency must be finite and at least 0, got -1"),
        ([1.0, 1.0, f64::NEG_INFINITY], "row 1: T must be finite and at least 0, got -inf"),
        ([1.0, 12.0, 10.0], "row 1: need 0 <= recency <= T, got recency = 12, T = 10"),
        ([2.0, 0.0, 10.0], "row 1: need recency > 0 where frequency > 0, got frequency = 2, recency = 0"),
        ([0.0, 3.0, 10.0], "row 1: need recency = 0 where frequency = 0, got recency = 3"),
        ([1.0, f64::NAN, 10.0], "row 1: recency must be finite and at least 0, got NaN"),
        ([1.0, 1.0, f64::NAN], "row 1: T must be finite and at least 0, got NaN"),
    ];
    for (bad, message) in cases {
        let column = |k: usize, sound: f64| [sound, bad[k]];
        let (x, t_x, age) = (column(0, 1.0), column(1, 4.0), column(2, 9.0));
        for error in [
            BgNbd::fit(table(&x, &t_x, &age)).unwrap_err(),
            ParetoNbd::fit(table(&x, &t_x, &age)).unwrap_err(),
        ] {
            assert_eq!(error.to_string(), message);
            assert_eq!((error.kind(), error.row()), (ErrorKind::InvalidData, Some(1)));
        }
    }
}

fn status<M: Model>(fitted: Result<Fitted<M>>) -> Result<Status> {
    fitted.map(|f| f.report().unwrap().status.clone())
}

#[test]
fn data_without_a_maximum_are_told_apart() {
    let no_return = ([0.0; 5], [0.0; 5], [10.0, 20.0, 30.0, 40.0, 50.0]);
    for error in [
        BgNbd::fit(table(&no_return.0, &no_return.1, &no_return.2)).unwrap_err(),
        ParetoNbd::fit(table(&no_return.0, &no_return.1, &no_return.2)).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::NotEnoughData);
        assert!(error.to_string().contains("frequency is 0 in every row"), "{error}");
    }
    let empty: [f64; 0] = [];
    assert_eq!(BgNbd::fit(table(&empty, &empty, &empty)).unwrap_err().kind(), ErrorKind::NotEnoughData);
    let missing = Table::new().with("frequency", &no_return.0).unwrap();
    assert_eq!(BgNbd::fit(missing).unwrap_err().kind(), ErrorKind::InvalidShape);

    // One customer, and many alike: nothing tells how customers differ, so a shape runs to infinity.
    let one = status(ParetoNbd::fit(table(&[3.0], &[8.0], &[10.0])));
    assert!(matches!(one, Ok(Status::Boundary { .. }) | Err(_)), "{one:?}");
    let (x, t_x, age) = ([3.0; 200], [8.0; 200], [10.0; 200]);
    for alike in [status(BgNbd::fit(table(&x, &t_x, &age))), status(ParetoNbd::fit(table(&x, &t_x, &age)))] {
        assert!(matches!(&alike, Ok(Status::Boundary { parameters }) if !parameters.is_empty()), "{alike:?}");
    }
    let (x, z) = ([2.0; 30], [25.0; 30]);
    let alike =
        GammaGamma::fit(Table::new().with("frequency", &x).unwrap().with("monetary_value", &z).unwrap());
    assert_eq!(alike.unwrap_err().kind(), ErrorKind::NotEnoughData);
}

#[test]
fn a_parameter_that_runs_to_its_boundary_is_named() {
    // Nobody ever leaves: purchases go on to the end of each history.
    let n = 400;
    let x: Vec<f64> = (0..n).map(|i| (1 + i % 9) as f64).collect();
    let age = vec![40.0; n];
    let fitted = ParetoNbd::fit(table(&x, &age, &age)).unwrap();
    let Status::Boundary { parameters } = &fitted.report().unwrap().status else {
        panic!("{:?}", fitted.report())
    };
    assert!(parameters.iter().any(|p| p.starts_with("s ") || p.starts_with("beta ")), "{parameters:?}");
    assert!(fitted.report().unwrap().covariance().is_err());
    assert!(fitted.confidence_intervals(0.95).is_err());
}

#[test]
fn amounts_without_bounds_are_no_reason_to_fail_otherwise_than_by_name() {
    let split = crate::cdnow();
    let mut z = split.calibration.monetary_value().unwrap().to_vec();
    let spender = split.calibration.frequency().iter().position(|&x| x > 0.0).unwrap();
    z[spender] = 1e300;
    let table = Table::new().with("frequency", split.calibration.frequency()).unwrap();
    let fitted = GammaGamma::fit(table.with("monetary_value", &z).unwrap());
    // A maximum may exist; whatever comes must be finite or an error.
    if let Ok(f) = fitted {
        assert!(f.model.p().is_finite() && f.report().unwrap().log_likelihood.is_finite());
    }
    z[spender] = -5.0;
    let table = Table::new().with("frequency", split.calibration.frequency()).unwrap();
    let error = GammaGamma::fit(table.with("monetary_value", &z).unwrap()).unwrap_err();
    assert_eq!(error.row(), Some(spender), "{error}");
}

#[test]
fn a_fit_stops_when_it_is_asked_to() {
    let split = crate::cdnow();
    let flag = AtomicBool::new(false);
    let seen = std::sync::Mutex::new(Vec::new());
    let report = |p: cam_core::Progress| {
        seen.lock().unwrap().push(p.value);
        if p.done == 2 {
            flag.store(true, Ordering::Relaxed);
        }
    };
    let control = Control::new().cancel(&flag).progress(&report);
    let error = ParetoNbd::fit_with(&split.calibration, &FitOptions::new(), &control).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted);
    assert_eq!(seen.lock().unwrap().len(), 2);
}

#[test]
fn too_few_evaluations_are_reported_not_hidden() {
    let split = crate::cdnow();
    let options = FitOptions::new().max_evaluations(2);
    let fitted = BgNbd::fit_with(&split.calibration, &options, &Control::new()).unwrap();
    assert_eq!(fitted.report().unwrap().status, Status::NotConverged);
    assert!(!fitted.report().unwrap().converged());
}

#[test]
fn documents_that_are_not_ours_are_refused() {
    let good = BgNbd::fit(&crate::cdnow().calibration).unwrap().to_json().unwrap();
    let swap = |from: &str, to: &str| good.replacen(from, to, 1);
    for (text, why) in [
        (String::new(), "not a JSON document"),
        ("[1, 2]".into(), "must be a JSON object"),
        ("{}".into(), "format must be"),
        (swap("cam.model", "dog.model"), "format must be"),
        (swap("\"schema\":1", "\"schema\":2"), "schema 2 is not known"),
        (swap("\"schema\":1", "\"schema\":\"one\""), "schema must be a whole number"),
        (swap("bg_nbd", "bg_mbd"), "no model named"),
        (swap("\"alpha\"", "\"alhpa\""), "alhpa"),
        (swap("\"unit\":\"week\"", "\"unit\":\"wek\""), "unit must be"),
        (swap("\"r\":0.", "\"r\":-0."), "r must be positive"),
        (swap("\"r\":0.", "\"r\":\"0\",\"x\":0."), "x"),
        (good[..good.len() / 2].to_string(), "not a JSON document"),
    ] {
        let error = Fitted::<BgNbd>::from_json(&text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidDocument, "{text} {error}");
        assert!(error.to_string().contains(why), "{error}, not {why}");
    }
    let other = Fitted::<ParetoNbd>::from_json(&good).unwrap_err();
    assert!(other.to_string().contains("holds a bg_nbd model"), "{other}");
}

#[test]
fn old_documents_open_for_ever() {
    let text = crate::testdata("document_schema_1.json");
    let opened = Fitted::<BgNbd>::from_json(text.trim()).unwrap();
    assert_eq!(opened.to_json().unwrap(), text.trim());
    assert!(opened.report().unwrap().converged());
}
