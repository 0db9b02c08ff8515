//! Fits that cannot succeed say so, by name.

use cam_core::clv::{BgNbd, GammaGamma, ParetoNbd};
use cam_core::math::jet::{Derivatives, Real};
use cam_core::{Control, ErrorKind, Family, Fit, FitOptions, Fitted, Model, Status, Table, models};
use std::sync::atomic::{AtomicBool, Ordering};

fn table<'a>(x: &'a [f64], t_x: &'a [f64], age: &'a [f64]) -> Table<'a> {
    Table::new().with("frequency", x).unwrap().with("recency", t_x).unwrap().with("T", age).unwrap()
}

#[test]
fn bad_rows_are_named_with_rule_and_value() {
    // (frequency, recency, T) of row 1; row 0 is sound.
    let cases: [([f64; 3], &str); 11] = [
        ([f64::NAN, 1.0, 2.0], "row 1: frequency must be a whole number, at least 0 (up to 1e9), got NaN"),
        (
            [f64::INFINITY, 1.0, 2.0],
            "row 1: frequency must be a whole number, at least 0 (up to 1e9), got inf",
        ),
        ([-1.0, 1.0, 2.0], "row 1: frequency must be a whole number, at least 0 (up to 1e9), got -1"),
        ([1.5, 1.0, 2.0], "row 1: frequency must be a whole number, at least 0 (up to 1e9), got 1.5"),
        ([1.0, -1.0, 2.0], "row 1: recency must be finite and at least 0 (0, or 1e-100 to 1e100), got -1"),
        (
            [1.0, 1.0, f64::NEG_INFINITY],
            "row 1: T must be finite and at least 0 (0, or 1e-100 to 1e100), got -inf",
        ),
        ([1.0, 12.0, 10.0], "row 1: need 0 <= recency <= T, got recency = 12, T = 10"),
        ([2.0, 0.0, 10.0], "row 1: need recency > 0 where frequency > 0, got frequency = 2, recency = 0"),
        ([0.0, 3.0, 10.0], "row 1: need recency = 0 where frequency = 0, got recency = 3"),
        (
            [1.0, f64::NAN, 10.0],
            "row 1: recency must be finite and at least 0 (0, or 1e-100 to 1e100), got NaN",
        ),
        ([1.0, 1.0, f64::NAN], "row 1: T must be finite and at least 0 (0, or 1e-100 to 1e100), got NaN"),
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

    let (x, z) = ([2.0; 30], [25.0; 30]);
    let alike =
        GammaGamma::fit(Table::new().with("frequency", &x).unwrap().with("monetary_value", &z).unwrap());
    assert_eq!(alike.unwrap_err().kind(), ErrorKind::NotEnoughData);
}

fn boundary<F: Family>(fitted: &Fitted<F>) -> Vec<&str> {
    match &fitted.report().unwrap().status {
        Status::Boundary { parameters } => parameters.iter().map(String::as_str).collect(),
        other => panic!("{other:?}"),
    }
}

/// Three purchases, the last at 8, observed until 10: among customers all alike the likelihood of a rate λ and no leaving, λ³e^(−10λ), is
/// largest at λ = 0.3, and to allow for leaving lowers it (e^0.6 < 3 in BG/NBD, (e^0.6 − 1)/0.3 < 10 in Pareto/NBD). No parameters reach that.
#[test]
fn among_identical_customers_the_parameters_run_away_to_one_rate_and_no_leaving() {
    let best = 3.0 * 0.3_f64.ln() - 3.0;
    for weight in [1.0, 3.0, 1e4, 1e10] {
        let w = [weight];
        let data = table(&[3.0], &[8.0], &[10.0]).with("weight", &w).unwrap();
        let (bg, pareto) = (BgNbd::fit(data.clone()).unwrap(), ParetoNbd::fit(data).unwrap());
        assert_eq!(boundary(&bg), ["r -> infinity", "alpha -> infinity", "a -> 0", "b -> infinity"]);
        // r and alpha are far out, too, and named where the search has left them so flat that they count as free.
        assert!(
            boundary(&pareto).ends_with(&["s -> infinity", "beta -> infinity"]),
            "{:?}",
            boundary(&pareto)
        );
        // The mean share that leaves at a purchase, and the mean rate of leaving, go to 0.
        let (leaves, rate) = (bg.model.a() / bg.model.b(), pareto.model.s() / pareto.model.beta());
        assert!(leaves < 1e-6 && rate < 1e-6, "{leaves}, {rate}");
        for report in [bg.report().unwrap(), pareto.report().unwrap()] {
            assert!((report.log_likelihood / weight - best).abs() < 1e-6, "{report:?}, best {best}");
            assert!(report.covariance().is_err());
        }
    }
}

#[test]
fn where_nobody_ever_leaves_the_parameters_of_leaving_are_named() {
    // Purchases go on to the end of each history.
    let n = 400;
    let x: Vec<f64> = (0..n).map(|i| (1 + i % 9) as f64).collect();
    let age = vec![40.0; n];
    let fitted = ParetoNbd::fit(table(&x, &age, &age)).unwrap();
    assert_eq!(boundary(&fitted), ["s -> infinity", "beta -> infinity"]);
    assert!(fitted.model.s() / fitted.model.beta() < 1e-6, "{:?}", fitted.model);
    assert!(fitted.report().unwrap().covariance().is_err());
    assert!(fitted.confidence_intervals(0.95).is_err());
}

#[test]
fn numbers_beyond_reason_are_refused_by_name() {
    for (x, t_x, age) in [(1e300, 1.0, 2.0), (1.0, 1e-300, 2.0), (1.0, 2.0, 1e300)] {
        let error = BgNbd::fit(table(&[x], &[t_x], &[age])).unwrap_err();
        assert_eq!((error.kind(), error.row()), (ErrorKind::InvalidData, Some(0)), "{error}");
    }
    for horizon in [1e300, f64::INFINITY, f64::NAN, -1.0] {
        let quantity = cam_core::Quantity::ExpectedPurchases { horizon };
        assert_eq!(quantity.check().unwrap_err().field(), Some("horizon"));
    }
}

#[test]
fn the_extremes_that_may_come_in_give_finite_numbers() {
    use cam_core::{Discount, Quantity};
    let x = [0.0, 1.0, 2.0, 1e3, 1e9, 1e9];
    let t_x = [0.0, 1e-100, 39.0, 1e100, 1e100, 1.0];
    let age = [1e100, 1e-100, 39.0, 1e100, 1e100, 39.0];
    let data = table(&x, &t_x, &age);
    let bg = BgNbd::new(0.2426, 4.4136, 0.7929, 2.4259).unwrap();
    let pareto = ParetoNbd::new(0.5533, 10.578, 0.6062, 11.669).unwrap();
    for quantity in [
        Quantity::LogLikelihood {},
        Quantity::ProbabilityAlive { after: 0.0 },
        Quantity::ProbabilityAlive { after: 1e100 },
        Quantity::ExpectedPurchases { horizon: 1e-100 },
        Quantity::ExpectedPurchases { horizon: 1e100 },
        Quantity::PurchaseProbability { n: 3, horizon: 10.0 },
        Quantity::discounted(Discount::Continuous(1e-12), None),
        Quantity::discounted(Discount::PerPeriod(0.1), 10.5),
    ] {
        for model in [&bg as &dyn Model, &pareto] {
            let scores = model.score(&quantity, &data, &Control::new()).unwrap();
            assert!(scores.iter().all(|v| v.is_finite()), "{} {quantity:?} {scores:?}", model.spec().id);
        }
    }
}

/// The gradient against differences of the log-likelihood, the Hessian against differences of the gradient.
fn derivatives_agree<F: Family>(theta: &[f64], rows: &[&[f64]]) {
    let jet = |theta: &[f64], row: &[f64]| {
        let variables: Vec<F::Jet> = theta.iter().enumerate().map(|(i, &v)| F::Jet::variable(v, i)).collect();
        F::log_likelihood(&variables, &F::shared(&variables, row[0]), row)
    };
    for row in rows {
        let at = jet(theta, row);
        for j in 0..theta.len() {
            // The best step for central differences: error about 1e-10 relative to the scale of the function.
            let h = 6e-6 * theta[j];
            let moved = |by: f64| {
                let mut moved = theta.to_vec();
                moved[j] += by;
                jet(&moved, row)
            };
            let (up, down) = (moved(h), moved(-h));
            let slope = (up.value() - down.value()) / (2.0 * h);
            let scale = (1.0 + at.value().abs()) / theta[j];
            assert!((slope - at.gradient()[j]).abs() < 1e-8 * scale, "{} {row:?} d{j}", F::SPEC.id);
            for i in 0..theta.len() {
                let bend = (up.gradient()[i] - down.gradient()[i]) / (2.0 * h);
                assert!(
                    (bend - at.hessian_row(i)[j]).abs() < 1e-8 * scale / theta[i] * (1.0 + row[0]),
                    "{} {row:?} d{i}d{j}: {bend}, {}",
                    F::SPEC.id,
                    at.hessian_row(i)[j]
                );
            }
        }
    }
}

#[test]
fn gradients_and_hessians_agree_with_differences() {
    let histories: [&[f64]; 6] = [
        &[0.0, 0.0, 38.9],
        &[1.0, 0.4, 30.0],
        &[2.0, 30.4, 38.9],
        &[7.0, 12.0, 35.0],
        &[29.0, 38.0, 38.0],
        &[60.0, 5.0, 100.0],
    ];
    derivatives_agree::<BgNbd>(&[0.2426, 4.4136, 0.7929, 2.4259], &histories);
    derivatives_agree::<BgNbd>(&[3.0, 50.0, 1.0, 0.4], &histories);
    // Either rate the smaller, and equal.
    for theta in [[0.5533, 10.578, 0.6062, 11.669], [2.0, 30.0, 1.0, 0.5], [0.3, 4.0, 2.5, 4.0]] {
        derivatives_agree::<ParetoNbd>(&theta, &histories);
    }
    derivatives_agree::<GammaGamma>(&[6.25, 3.74, 15.44], &[&[1.0, 22.35], &[9.0, 100.0], &[40.0, 3.0]]);
}

#[test]
fn an_amount_out_of_all_proportion_is_fitted_named_or_refused() {
    let calibration = crate::cdnow().calibration;
    let spender = calibration.frequency().iter().position(|&x| x > 0.0).unwrap();
    let with = |amount: f64| {
        let mut z = calibration.monetary_value().unwrap().to_vec();
        z[spender] = amount;
        let table = Table::new().with("frequency", calibration.frequency()).unwrap();
        GammaGamma::fit(table.with("monetary_value", &z).unwrap())
    };
    // A million times the usual: one heavy tail more, and a maximum.
    let heavy = with(1e8).unwrap();
    assert!(heavy.report().unwrap().converged(), "{:?}", heavy.report());
    // 1e48 times the usual: only the heaviest of tails holds that customer and the others, as purchases of one customer that hardly vary
    // (p grows, p v stays).
    let beyond = with(1e50).unwrap();
    assert_eq!(boundary(&beyond), ["p -> infinity", "v -> 0"]);
    for refused in [1e300, -5.0, f64::NAN, f64::INFINITY] {
        let error = with(refused).unwrap_err();
        assert_eq!((error.kind(), error.row()), (ErrorKind::InvalidData, Some(spender)), "{error}");
        assert_eq!(error.field(), Some("monetary_value"));
    }
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
        (swap("\"unit\":\"week\"", "\"unit\":\"wek\""), "a unit of time must be"),
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

/// The profile of the log-likelihood over a has its top inside, 5e-4 above where a tends to 0: flat, but a maximum.
#[test]
fn a_flat_maximum_is_a_maximum_wherever_the_search_begins() {
    let x = [0.0, 1.0, 2.0, 5.0, 0.0, 1.0, 8.0, 0.0];
    let t_x = [0.0, 4.0, 20.0, 30.0, 0.0, 31.0, 33.0, 0.0];
    let age = [35.0, 38.0, 36.0, 39.0, 34.0, 37.0, 35.0, 36.0];
    let weight = [60.0, 11.0, 6.0, 3.0, 55.0, 9.0, 2.0, 58.0];
    let table = Table::new().with("frequency", &x).unwrap().with("recency", &t_x).unwrap();
    let table = table.with("T", &age).unwrap().with("weight", &weight).unwrap();
    let fitted = BgNbd::fit(table.clone()).unwrap();
    let report = fitted.report().unwrap();
    assert!(report.converged(), "{report:?}");
    assert!((report.log_likelihood + 312.845186).abs() < 1e-6);
    assert!((fitted.model.a() - 0.00577).abs() < 1e-5 && (fitted.model.b() - 0.00998).abs() < 1e-5);
    let again =
        BgNbd::fit_with(table, &FitOptions::new().start(fitted.model.theta()), &Control::new()).unwrap();
    assert!(again.report().unwrap().converged());
}

#[test]
fn a_document_whose_fit_cannot_be_that_of_its_model_is_refused() {
    let json = BgNbd::fit(&crate::cdnow().calibration).unwrap().to_json().unwrap();
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    let with = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut value = value.clone();
        change(&mut value);
        value.to_string()
    };
    let refused = [
        (with(&|v| v["fit"]["covariance"][0] = serde_json::json!([1.0])), "4 x 4"),
        (with(&|v| v["fit"]["covariance"] = serde_json::json!([[1.0, 0.0], [0.0, 1.0]])), "4 x 4"),
        (with(&|v| v["fit"]["covariance"][2][2] = (-1.0).into()), "variance 2 must be positive"),
        (with(&|v| v["fit"]["covariance"] = serde_json::Value::Null), "must have a covariance"),
        (with(&|v| v["fit"]["customers"] = (-1).into()), "customers must be positive"),
        (with(&|v| drop(v.as_object_mut().unwrap().remove("fit"))), "fit"),
        (with(&|v| drop(v.as_object_mut().unwrap().remove("unit"))), "unit"),
        (json.replacen("\"r\":", "\"a\":0.5,\"r\":", 1), "parameter a is there twice"),
        (json.replacen("\"model\":", "\"model\":\"bg_nbd\",\"model\":", 1), "duplicate field `model`"),
        (with(&|v| v["format"] = "can.model".into()), "format must be \"cam.model\", got \"can.model\""),
    ];
    for (text, message) in refused {
        let error = Fitted::<Box<dyn Model>>::from_json(&text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidDocument, "{error}");
        assert!(error.to_string().contains(message), "{error}");
    }
}

/// A fit that cannot be is told of by the name of its own model, though its search begins as another's.
#[test]
fn a_model_without_a_maximum_is_told_by_its_own_title() {
    let (none, age) = (vec![0.0; 9], vec![5.0; 9]);
    for entry in models().iter().filter(|entry| entry.spec().counts_time()) {
        let value = |name: &str| if name == "T" { &age[..] } else { &none[..] };
        let table =
            entry.spec().columns.iter().fold(Table::new(), |t, c| t.with(c.name, value(c.name)).unwrap());
        let error = entry.fit(&table, &FitOptions::new(), &Control::new()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotEnoughData);
        assert!(error.to_string().contains(&format!(": {} has no maximum", entry.spec().title)), "{error}");
    }
}
