//! Hierarchical Bayes: what was simulated comes back, closed forms are met, draws do not depend on threads, bad input is told.

use cam_core::clv::ParetoNbd;
use cam_core::math::random::Stream;
use cam_core::summary::{Log, Moment, SummaryOptions, Times, parse_date, summarize};
use cam_core::task::{Answer, Models};
use cam_core::{Control, ErrorKind, Family, Fit, Model, Quantity, Result, Summary, Table, Unit, task};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

fn run(id: &str, table: &Table<'_>, options: &Value, control: &Control<'_>) -> Result<Answer> {
    task(id)?.run(table, Models::NONE, &options.to_string(), control)
}

fn sampled(id: &str, table: &Table<'_>, options: &Value) -> Value {
    serde_json::from_str(&run(id, table, options, &Control::new()).unwrap().output).unwrap()
}

/// Mean, standard deviation, R̂, and the effective draws of bulk and tail.
fn account(sampled: &Value, parameter: &str) -> [f64; 5] {
    let all = sampled["summary"].as_array().unwrap();
    let one = all.iter().find(|one| one["parameter"] == parameter).unwrap_or_else(|| panic!("{parameter}"));
    ["mean", "sd", "r_hat", "ess_bulk", "ess_tail"].map(|name| one[name].as_f64().unwrap_or(f64::NAN))
}

fn show(title: &str, sampled: &Value, seconds: f64) {
    let sampling = &sampled["posterior"]["sampling"];
    let number = |name: &str| sampling[name].as_f64().unwrap();
    let sweeps = number("chains") * (number("burn_in") + number("draws") * number("thin"));
    println!("{title}: {sweeps} sweeps, {:.3} ms each", 1e3 * seconds / sweeps);
    for one in sampled["summary"].as_array().unwrap() {
        let [mean, sd, r_hat, bulk, tail] = account(sampled, one["parameter"].as_str().unwrap());
        let name = one["parameter"].as_str().unwrap();
        println!("  {name:24} {mean:9.4} ({sd:.4})  R-hat {r_hat:.4}  ESS {bulk:.0} {tail:.0}");
    }
}

fn cdnow_timed() -> Summary {
    let (keys, days, amounts) = crate::cdnow_log();
    let log = Log::new(&keys[..], Times::Days(&days)).amounts(&amounts[..]);
    let end = Moment::Day(parse_date("1997-09-30").unwrap());
    let options = SummaryOptions::new().unit(Unit::WEEK).observation_end(end).log_intervals(true);
    summarize(&log, &options, &Control::new()).unwrap()
}

fn recovers(found: &Value, truth: &[(&str, f64)]) {
    for &(name, truth) in truth {
        let [mean, sd, r_hat, bulk, _] = account(found, name);
        assert!((mean - truth).abs() < 4.0 * sd, "{name}: {mean} ({sd}) for {truth}");
        assert!(r_hat < 1.1 && bulk > 30.0, "{name}: R-hat {r_hat}, ESS {bulk}");
    }
}

#[test]
fn on_cdnow_the_gamma_posterior_lies_about_the_maximum_and_is_drawn_nearly_independently() {
    let summary = cdnow_timed();
    let began = Instant::now();
    let found = sampled("pareto_nbd_hb", &summary.table(), &json!({"seed": 3, "draws": 250, "burn_in": 250}));
    show("pareto_nbd_hb, gamma", &found, began.elapsed().as_secs_f64());
    let fitted = ParetoNbd::fit(&summary).unwrap();
    let errors = fitted.report().unwrap().standard_errors().unwrap();
    for (i, name) in ["r", "alpha", "s", "beta"].into_iter().enumerate() {
        let [mean, sd, r_hat, bulk, tail] = account(&found, name);
        // The posterior is skewed: its mean lies somewhat above the maximum, and it is wider than the curvature there says.
        let off = (mean - fitted.model.theta()[i]) / errors[i];
        assert!(off.abs() < 1.0 && sd > 0.8 * errors[i] && sd < 4.0 * errors[i], "{name}: {off}, {sd}");
        assert!(r_hat < 1.03 && bulk > 250.0 && tail > 100.0, "{name}: {r_hat} {bulk} {tail}");
    }
}

#[test]
fn with_gamma_heterogeneity_predictions_are_the_closed_forms_averaged_over_the_draws() {
    let summary = cdnow_timed();
    let found =
        sampled("pareto_nbd_hb", &summary.table(), &json!({"draws": 30, "burn_in": 200, "chains": 2}));
    let ask = json!({"posterior": found["posterior"], "horizon": 39, "continuous_discount_rate": 0.0027});
    let answer = run("posterior_predict", &summary.table(), &ask, &Control::new()).unwrap();
    let draws = |parameter: usize| -> Vec<f64> {
        let chains = found["posterior"]["draws"][parameter].as_array().unwrap();
        chains.iter().flat_map(|c| c.as_array().unwrap()).map(|v| v.as_f64().unwrap()).collect()
    };
    let theta: Vec<Vec<f64>> = (0..4).map(draws).collect();
    for (column, quantity) in [
        ("probability_alive", r#"{"quantity": "probability_alive"}"#),
        ("expected_purchases", r#"{"quantity": "expected_purchases", "horizon": 39}"#),
        (
            "discounted_expected_purchases",
            r#"{"quantity": "discounted_expected_purchases", "continuous_discount_rate": 0.0027, "horizon": 39}"#,
        ),
    ] {
        let quantity = Quantity::from_json(quantity).unwrap();
        let mut mean = vec![0.0; summary.len()];
        for d in 0..60 {
            let model = ParetoNbd::new(theta[0][d], theta[1][d], theta[2][d], theta[3][d]).unwrap();
            let scores = model.score(&quantity, &summary.table(), &Control::new()).unwrap();
            mean.iter_mut().zip(scores).for_each(|(m, s)| *m += s / 60.0);
        }
        for (got, want) in answer.column(column).unwrap().iter().zip(&mean) {
            assert!((got - want).abs() <= 1e-10 * want.abs(), "{column}: {got} {want}");
        }
    }
    let [active, lower, upper, expected] =
        ["probability_active", "purchases_lower", "purchases_upper", "expected_purchases"]
            .map(|c| answer.column(c).unwrap());
    for i in 0..summary.len() {
        assert!(active[i] > 0.0 && active[i] < 1.0 && active[i] <= expected[i]);
        assert!(lower[i] <= upper[i] && upper[i] < 200.0 && lower[i].fract() == 0.0);
    }
    // E[λ] and E[μ] of all customers average to the means of the population, as far as it fits them.
    let mean = |c: &str| answer.column(c).unwrap().iter().sum::<f64>() / summary.len() as f64;
    assert!((mean("purchase_rate") / 0.0525 - 1.0).abs() < 0.1, "{}", mean("purchase_rate"));
}

#[test]
fn gamma_heterogeneity_that_was_simulated_is_recovered() {
    let truth = ParetoNbd::new(0.8, 8.0, 0.7, 12.0).unwrap();
    let ages: Vec<f64> = (0..3000).map(|i| 30.0 + f64::from(i % 13)).collect();
    let columns = truth.simulate(&Table::new().with("T", &ages).unwrap(), 4, &Control::new()).unwrap();
    let table = Table::new().with("frequency", &columns[0]).unwrap().with("recency", &columns[1]).unwrap();
    let table = table.with("T", &columns[2]).unwrap();
    let found = sampled("pareto_nbd_hb", &table, &json!({"draws": 300, "burn_in": 300}));
    recovers(&found, &[("r", 0.8), ("alpha", 8.0), ("s", 0.7), ("beta", 12.0)]);
}

#[test]
fn log_normal_heterogeneity_with_a_covariate_that_was_simulated_is_recovered() {
    let n = 1500;
    let mut columns = vec![Vec::new(); 4];
    for i in 0..n {
        let mut stream = Stream::new(8, i);
        let z = f64::from(u8::from(i % 2 == 0));
        let (a, b) = (stream.normal(), stream.normal());
        let rate = (-2.0 + 0.8 * z + 0.9 * a).exp();
        let leaving = (-3.5 + 0.4 * z + 0.7 * (0.5 * a + 0.75_f64.sqrt() * b)).exp();
        let end = (stream.exponential() / leaving).min(52.0);
        let x = stream.poisson(rate * end);
        let recency = if x > 0.0 { end * stream.uniform().powf(1.0 / x) } else { 0.0 };
        columns.iter_mut().zip([x, recency, 52.0, z]).for_each(|(c, v)| c.push(v));
    }
    let names = ["frequency", "recency", "T", "z"];
    let table = names.iter().zip(&columns).fold(Table::new(), |t, (name, c)| t.with(name, c).unwrap());
    let began = Instant::now();
    let found = sampled(
        "pareto_nbd_hb",
        &table,
        &json!({"heterogeneity": "log_normal", "covariates": ["z"], "draws": 500, "burn_in": 250, "chains": 2}),
    );
    show("pareto_nbd_hb, log-normal, 1500 customers", &found, began.elapsed().as_secs_f64());
    recovers(
        &found,
        &[
            ("log_lambda_intercept", -2.0),
            ("log_lambda_z", 0.8),
            ("log_mu_intercept", -3.5),
            ("log_mu_z", 0.4),
            ("variance_lambda", 0.81),
            ("covariance", 0.315),
            ("variance_mu", 0.49),
        ],
    );
    let ask = json!({"posterior": found["posterior"], "horizon": 26, "draws": 200});
    let answer = run("posterior_predict", &table, &ask, &Control::new()).unwrap();
    let mean = |c: &str| answer.column(c).unwrap().iter().sum::<f64>() / n as f64;
    assert!(mean("probability_alive") > 0.1 && mean("expected_purchases") > mean("probability_active"));
}

/// k, λ and μ of gamma distributions, and what was bought until T.
fn simulate_ggg(n: u64, populations: [(f64, f64); 3], age: f64) -> Vec<Vec<f64>> {
    let mut columns = vec![Vec::new(); 4];
    for i in 0..n {
        let mut stream = Stream::new(9, i);
        let [k, rate, leaving] = populations.map(|(shape, rate)| stream.gamma(shape) / rate);
        let end = (stream.exponential() / leaving).min(age);
        let (mut x, mut recency, mut logs, mut time) = (0.0, 0.0, 0.0, 0.0);
        loop {
            let interval = stream.gamma(k) / (k * rate);
            time += interval;
            if time > end {
                break;
            }
            (x, recency, logs) = (x + 1.0, time, logs + interval.ln());
        }
        columns.iter_mut().zip([x, recency, age, logs]).for_each(|(c, v)| c.push(v));
    }
    columns
}

const TIMED: [&str; 4] = ["frequency", "recency", "T", "log_intervals"];

#[test]
fn regularity_that_was_simulated_is_recovered() {
    let columns = simulate_ggg(800, [(4.0, 1.5), (1.5, 10.0), (0.9, 20.0)], 80.0);
    let table = TIMED.iter().zip(&columns).fold(Table::new(), |t, (name, c)| t.with(name, c).unwrap());
    let began = Instant::now();
    let found = sampled("pareto_ggg", &table, &json!({"draws": 300, "burn_in": 150, "chains": 2}));
    show("pareto_ggg, 800 customers", &found, began.elapsed().as_secs_f64());
    recovers(&found, &[("t", 4.0), ("gamma", 1.5), ("r", 1.5), ("alpha", 10.0), ("s", 0.9), ("beta", 20.0)]);
    let ask = json!({"posterior": found["posterior"], "horizon": 20, "draws": 100});
    let answer = run("posterior_predict", &table, &ask, &Control::new()).unwrap();
    for name in
        ["regularity", "purchase_rate", "probability_alive", "probability_active", "expected_purchases"]
    {
        assert!(answer.column(name).unwrap().iter().all(|v| *v >= 0.0 && v.is_finite()), "{name}");
    }
}

fn options_of_every_kind() -> Vec<(&'static str, Value)> {
    let short = json!({"draws": 4, "burn_in": 3, "chains": 2});
    let with = |name: &str, value: Value| {
        let mut options = short.clone();
        options[name] = value;
        options
    };
    vec![
        ("pareto_nbd_hb", short.clone()),
        ("pareto_nbd_hb", with("heterogeneity", json!("log_normal"))),
        ("pareto_ggg", short),
    ]
}

#[test]
fn the_number_of_threads_changes_no_draw_and_equal_customers_get_equal_answers() {
    let summary = cdnow_timed();
    let doubled: Vec<Vec<f64>> = TIMED
        .iter()
        .map(|name| {
            let column = summary.table().column(name).unwrap().to_vec();
            [&column[..], &column[..]].concat()
        })
        .collect();
    let table = TIMED.iter().zip(&doubled).fold(Table::new(), |t, (name, c)| t.with(name, c).unwrap());
    for (id, options) in options_of_every_kind() {
        let one = run(id, &table, &options, &Control::new().threads(1)).unwrap();
        for threads in [2, 5] {
            assert_eq!(
                one.output,
                run(id, &table, &options, &Control::new().threads(threads)).unwrap().output,
                "{id}"
            );
        }
        let other =
            run(id, &table, &json!({"draws": 4, "burn_in": 3, "chains": 2, "seed": 2}), &Control::new())
                .unwrap();
        assert_ne!(one.output, other.output);
        let posterior: Value = serde_json::from_str(&one.output).unwrap();
        let ask = json!({"posterior": posterior["posterior"], "horizon": 10});
        let a = run("posterior_predict", &table, &ask, &Control::new().threads(1)).unwrap();
        let b = run("posterior_predict", &table, &ask, &Control::new().threads(3)).unwrap();
        assert_eq!(a, b, "{id}");
        for (_, values) in &a.columns {
            assert_eq!(values[..summary.len()], values[summary.len()..], "{id}");
        }
    }
}

#[test]
fn bad_input_is_told() {
    let columns = [vec![2.0, 0.0, 1.0], vec![5.0, 0.0, 3.0], vec![9.0, 9.0, 9.0], vec![1.0, 0.0, 0.5]];
    let table = TIMED.iter().zip(&columns).fold(Table::new(), |t, (name, c)| t.with(name, c).unwrap());
    let weight = [1.0, 2.0, 1.0];
    let weighted = table.clone().with("weight", &weight).unwrap();
    let none = [0.0; 3];
    let silent = Table::new().with("frequency", &none).unwrap().with("recency", &none).unwrap();
    let silent = silent.with("T", &columns[2]).unwrap().with("log_intervals", &none).unwrap();
    let nan = [2.0, f64::NAN, 1.0];
    let hole = Table::new().with("frequency", &nan).unwrap().with("recency", &columns[1]).unwrap();
    let hole = hole.with("T", &columns[2]).unwrap().with("log_intervals", &columns[3]).unwrap();
    let log = json!({"heterogeneity": "log_normal"});
    let cases: [(&str, &Table<'_>, Value, ErrorKind, &str); 16] = [
        ("pareto_ggg", &weighted, json!({}), ErrorKind::InvalidData, "row 1: weight"),
        ("pareto_nbd_hb", &weighted, log.clone(), ErrorKind::InvalidData, "row 1: weight"),
        ("pareto_ggg", &silent, json!({}), ErrorKind::NotEnoughData, "bought again"),
        ("pareto_nbd_hb", &silent, json!({}), ErrorKind::NotEnoughData, "bought again"),
        ("pareto_nbd_hb", &silent, log.clone(), ErrorKind::NotEnoughData, "bought again"),
        ("pareto_ggg", &hole, json!({}), ErrorKind::InvalidData, "row 1: frequency"),
        ("pareto_nbd_hb", &Table::new(), json!({}), ErrorKind::InvalidShape, "frequency"),
        ("pareto_nbd_hb", &table, json!({"draws": 0}), ErrorKind::InvalidParameter, "draws must be from 4"),
        ("pareto_nbd_hb", &table, json!({"chains": 0}), ErrorKind::InvalidParameter, "chains must be from 1"),
        ("pareto_ggg", &table, json!({"thin": 0}), ErrorKind::InvalidParameter, "thin"),
        ("pareto_ggg", &table, json!({"priors": {"r": [0, 1]}}), ErrorKind::InvalidParameter, "prior of r"),
        (
            "pareto_nbd_hb",
            &table,
            json!({"priors": {"t": [1, 1]}}),
            ErrorKind::UnknownName,
            "there are: r, alpha, s, beta",
        ),
        ("pareto_nbd_hb", &table, json!({"covariates": ["z"]}), ErrorKind::InvalidParameter, "log_normal"),
        (
            "pareto_nbd_hb",
            &table,
            json!({"heterogeneity": "log_normal", "covariates": ["z"]}),
            ErrorKind::InvalidShape,
            "\"z\"",
        ),
        ("pareto_nbd_hb", &table, json!({"heterogeneity": "beta"}), ErrorKind::UnknownName, "heterogeneity"),
        ("posterior_predict", &table, json!({}), ErrorKind::InvalidParameter, "need posterior"),
    ];
    for (id, table, options, kind, part) in cases {
        let error = run(id, table, &options, &Control::new()).unwrap_err();
        assert!(error.kind() == kind && error.to_string().contains(part), "{id} {options}: {error:?}");
    }
}

#[test]
fn a_posterior_that_was_tampered_with_is_refused_and_a_row_with_nan_gets_nan() {
    let summary = cdnow_timed();
    let found = sampled("pareto_nbd_hb", &summary.table(), &json!({"draws": 10, "burn_in": 20, "chains": 2}));
    let rows = [[1.0, f64::NAN], [2.0, 2.0], [9.0, 9.0]];
    let table =
        ["frequency", "recency", "T"].iter().zip(&rows).fold(Table::new(), |t, (n, c)| t.with(n, c).unwrap());
    let good = json!({"posterior": found["posterior"], "horizon": 5});
    let answer = run("posterior_predict", &table, &good, &Control::new()).unwrap();
    for (name, values) in &answer.columns {
        assert!(values[0].is_finite() && values[1].is_nan(), "{name}");
    }
    let changes: [(&str, Value); 6] = [
        ("format", json!("cam.model")),
        ("schema", json!(2)),
        ("model", json!("pareto_ggg")),
        ("covariates", json!(["z"])),
        ("draws", json!([[[1.0]]])),
        ("parameters", json!(["r"])),
    ];
    for (name, value) in changes {
        let mut ask = good.clone();
        ask["posterior"][name] = value;
        let error = run("posterior_predict", &table, &ask, &Control::new()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidDocument, "{name}: {error}");
    }
    for (name, value) in [
        ("horizon", json!(-1)),
        ("level", json!(1)),
        ("draws", json!(0)),
        ("continuous_discount_rate", json!(-1)),
        ("discount_rate", json!(-1)),
    ] {
        let mut ask = good.clone();
        ask[name] = value;
        let error = run("posterior_predict", &table, &ask, &Control::new()).unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidParameter, Some(name)), "{error}");
    }
    let days = table.clone().in_unit(Unit::DAY);
    let error = run("posterior_predict", &days, &good, &Control::new()).unwrap_err();
    assert!(error.to_string().contains("week"), "{error}");
}

#[test]
fn a_sampler_tells_of_its_progress_and_stops_when_asked() {
    let summary = cdnow_timed();
    for (id, options) in options_of_every_kind() {
        let (stop, told) = (AtomicBool::new(false), AtomicU64::new(0));
        let watch = |p: cam_core::Progress| {
            if p.stage == id {
                assert_eq!(p.total, Some(14));
                if told.fetch_add(1, Ordering::Relaxed) == 2 {
                    stop.store(true, Ordering::Relaxed);
                }
            }
        };
        let control = Control::new().threads(1).cancel(&stop).progress(&watch);
        let error = run(id, &summary.table(), &options, &control).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Interrupted, "{id}");
        assert_eq!(told.load(Ordering::Relaxed), 3, "{id}");
    }
}
