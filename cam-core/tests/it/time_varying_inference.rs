//! Intervals, modes and draws of Pareto/NBD with covariates that change: as those of the static model where nothing changes.

use crate::covariates::{Data, on_all};
use crate::time_varying::{Long, cut, drawn, of, static_customers, truth, weeks};
use cam_core::clv::ParetoNbd;
use cam_core::fit::{Prior, Sampling};
use cam_core::task::{Answer, Models};
use cam_core::{Control, FitOptions, Fitted, Model, Table};

/// The same customers with covariates that do not change, as rows and as steps, each with a model of its own names.
fn twice_told(n: usize) -> (Data, Long) {
    let (_, data) = static_customers(n);
    let long = cut(&data, 3, 0.0);
    (data, long)
}

fn asked(task: &str, table: &Table<'_>, model: Option<&Fitted<Box<dyn Model>>>, options: &str) -> Answer {
    let models: Vec<_> = model.into_iter().collect();
    cam_core::task(task).unwrap().run(table, Models::new(&models), options, &Control::new()).unwrap()
}

fn fitted_to(long: &Long, options: &str) -> Fitted<Box<dyn Model>> {
    let covariates = r#"{"columns": {"purchase": ["z1", "z2"], "lifetime": ["z1", "z2"]}}"#;
    let options = format!(r#"{{"covariates": {covariates}{options}}}"#);
    let answer = asked("fit_time_varying", &long.table(), None, &options);
    opened(&answer)
}

/// The model that a fit gave.
fn opened(answer: &Answer) -> Fitted<Box<dyn Model>> {
    let output: serde_json::Value = serde_json::from_str(&answer.output).unwrap();
    Fitted::<Box<dyn Model>>::from_json(output["document"].as_str().unwrap()).unwrap()
}

#[test]
fn profiles_and_modes_of_covariates_that_do_not_change_are_those_of_the_static_model() {
    let (data, long) = twice_told(250);
    let control = Control::new();
    let fixed = |options: &FitOptions| {
        let options = options.clone().covariates(on_all::<ParetoNbd>());
        cam_core::model("pareto_nbd").unwrap().fit(&data.table(), &options, &control).unwrap()
    };
    let (rows, steps) = (fixed(&FitOptions::new()), fitted_to(&long, ""));
    let ask = r#"{"method": "profile", "level": 0.9}"#;
    let a = asked("confidence_intervals", &data.table(), Some(&rows), ask);
    let b = asked("confidence_intervals", &long.table(), Some(&steps), ask);
    for end in ["lower", "upper"] {
        assert_eq!(a.column(end).unwrap().len(), 8);
        for (a, b) in a.column(end).unwrap().iter().zip(b.column(end).unwrap()) {
            assert!((a - b).abs() < 1e-6 * a.abs().max(0.1), "{end}: {a} {b}");
        }
    }
    let names: Vec<String> = steps.model.names().into_iter().map(Into::into).collect();
    let priors = format!(
        r#", "method": "map", "priors": {{"r": {{"prior": "gamma", "alpha": 2, "beta": 4}},
            "{}": {{"prior": "normal", "mu": 0, "sigma": 0.1}}}}"#,
        names[4]
    );
    let own: Vec<String> = rows.model.names().into_iter().map(Into::into).collect();
    let map = FitOptions::new()
        .prior("r", Prior::Gamma { alpha: 2.0, beta: 4.0 })
        .prior(own[4].clone(), Prior::Normal { mu: 0.0, sigma: 0.1 });
    let (a, b) = (fixed(&map), fitted_to(&long, &priors));
    for (a, b) in a.model.parameters().iter().zip(b.model.parameters()) {
        assert!((a - b).abs() < 1e-7 * a.abs().max(0.1), "{a} {b}");
    }
    assert!((b.model.parameters()[4] / steps.model.parameters()[4]).abs() < 1.0);
    let (a, b) = (a.report().unwrap(), b.report().unwrap());
    assert!((a.log_prior.unwrap() - b.log_prior.unwrap()).abs() < 1e-7);
    assert!((a.log_likelihood - b.log_likelihood).abs() < 1e-7);
}

#[test]
fn draws_from_the_posterior_are_about_those_of_the_static_model() {
    let (data, long) = twice_told(250);
    let sampling = Sampling { draws: 500, chains: 2, seed: 3, ..Sampling::default() };
    let prior = Prior::Gamma { alpha: 2.0, beta: 1.0 };
    let options = FitOptions::new().prior("s", prior).sampling(sampling);
    let rows = cam_core::model("pareto_nbd").unwrap();
    let rows = rows.fit(&data.table(), &options.covariates(on_all::<ParetoNbd>()), &Control::new()).unwrap();
    let asked = r#", "method": "nuts", "priors": {"s": {"prior": "gamma", "alpha": 2, "beta": 1}},
        "sampling": {"draws": 500, "chains": 2, "seed": 3}"#;
    let steps = fitted_to(&long, asked);
    let draws = |fitted: &Fitted<Box<dyn Model>>| fitted.report().unwrap().posterior.clone().unwrap();
    let (a, b) = (draws(&rows), draws(&steps));
    assert!(b.rows.is_some() && b.agreed.iter().all(|agreed| *agreed > 0.8), "{:?} {:?}", b.rows, b.agreed);
    assert_eq!(b.divergences, 0);
    let errors = rows.report().unwrap().standard_errors().unwrap();
    for (i, (a, b)) in a.mean().iter().zip(b.mean()).enumerate() {
        assert!(
            (a - b).abs() < 0.2 * errors[i],
            "{}: {a} {b}, deviation {}",
            rows.model.names()[i],
            errors[i]
        );
    }
    for (i, b) in steps.report().unwrap().standard_errors().unwrap().iter().enumerate() {
        assert!((b / errors[i] - 1.0).abs() < 0.25, "{}: {b} {}", rows.model.names()[i], errors[i]);
    }
}

#[test]
fn bootstrap_intervals_are_about_those_of_wald_on_any_number_of_threads() {
    let mut columns = weeks(1_500, 104);
    drawn(&truth(), &mut columns, 1);
    let ask = r#"{"covariates": {"columns": {
        "purchase": ["season", "promotion", "price"], "lifetime": ["season", "promotion", "price"]}}}"#;
    let model = opened(&asked("fit_time_varying", &of(&columns), None, ask));
    let (parameters, errors) = (model.model.parameters(), model.report().unwrap().standard_errors().unwrap());
    let task = cam_core::task("confidence_intervals").unwrap();
    for kind in ["nonparametric", "parametric"] {
        let ask = format!(
            r#"{{"method": "bootstrap", "kind": "{kind}", "replicates": 30, "seed": 5, "level": 0.8}}"#
        );
        let run = |threads: usize| {
            let control = Control::new().threads(threads);
            task.run(&of(&columns), Models::new(&[&model]), &ask, &control).unwrap()
        };
        let found = run(1);
        assert_eq!(found, run(3));
        // Of 30 replicates the deviation is known to an eighth.
        for i in [0, 4, 5, 6] {
            let name = model.model.names()[i].to_string();
            let replicates = found.column(&format!("replicate_{name}")).unwrap();
            assert_eq!(replicates.len(), 30);
            let n = replicates.len() as f64;
            let mean = replicates.iter().sum::<f64>() / n;
            let deviation = (replicates.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
            assert!((deviation / errors[i]).ln().abs() < 0.6, "{kind} {name}: {deviation} {}", errors[i]);
            let (low, high) = (found.column("lower").unwrap()[i], found.column("upper").unwrap()[i]);
            assert!(low < parameters[i] && parameters[i] < high, "{kind} {name}: {low} {high}");
        }
    }
    // As many customers, and yet not those of the fit.
    let mut others = columns.clone();
    others[3].1.iter_mut().for_each(|season| *season = -*season);
    let profile = r#"{"method": "profile"}"#;
    let error = task.run(&of(&others), Models::new(&[&model]), profile, &Control::new()).unwrap_err();
    assert!(error.to_string().contains("these are not the data that"), "{error}");
}
