//! Profile intervals, likelihood ratios and the bootstrap.

use super::{Simulated, fit, log_likelihood, smallest};
use cam_core::fit::{BootstrapInterval, likelihood_ratio_test};
use cam_core::inference::{BootstrapKind, BootstrapOptions, bootstrap_intervals, profile_intervals};
use cam_core::math::normal::normal_quantile;
use cam_core::{Control, ErrorKind, FitOptions, Fitted, Model, Table, model};

#[test]
fn a_profile_ends_where_brute_force_ends_it() {
    let data = Simulated::new("nbd", &[0.8, 6.0], 120, 30.0, 1);
    let table = data.table();
    let fitted = fit("nbd", &table, &FitOptions::new());
    let top = fitted.report().unwrap().log_likelihood;
    let found = profile_intervals(&fitted, &table, 0.9, &Control::new()).unwrap();
    let half = 0.5 * normal_quantile(0.95).powi(2);
    for (i, interval) in found.iter().enumerate() {
        for end in [interval.lower.unwrap(), interval.upper.unwrap()] {
            let of_other = |other: f64| {
                let mut theta = [other.exp(); 2];
                theta[i] = end;
                -log_likelihood("nbd", &table, &theta)
            };
            let around = fitted.model.parameters()[1 - i].ln();
            let (_, least) = smallest(of_other, around - 3.0, around + 3.0);
            assert!((top + least - half).abs() < 1e-6, "{interval:?}: {} {half}", top + least);
        }
    }
}

#[test]
fn profile_and_wald_agree_for_many_customers_and_do_not_depend_on_the_unit() {
    let data = Simulated::new("bg_nbd", &[0.5, 8.0, 0.8, 2.5], 20_000, 60.0, 2);
    let fitted = fit("bg_nbd", &data.table(), &FitOptions::new());
    let wald = fitted.confidence_intervals(0.95).unwrap();
    let profile = profile_intervals(&fitted, &data.table(), 0.95, &Control::new()).unwrap();
    for (w, p) in wald.iter().zip(&profile) {
        let (lower, upper) = (p.lower.unwrap(), p.upper.unwrap());
        let length = (w.upper / w.lower).ln();
        assert!((lower / w.lower).ln().abs() < 0.1 * length && (upper / w.upper).ln().abs() < 0.1 * length);
    }
}

#[test]
fn a_likelihood_that_never_falls_gives_an_interval_without_an_end() {
    // So few customers that nobody need ever have left.
    let data = Simulated::new("pareto_nbd", &[1.5, 6.0, 0.6, 9.0], 150, 30.0, 6);
    let fitted = fit("pareto_nbd", &data.table(), &FitOptions::new());
    if fitted.report().unwrap().converged() {
        let found = profile_intervals(&fitted, &data.table(), 0.999_999, &Control::new()).unwrap();
        assert!(found.iter().any(|i| i.lower.is_none() || i.upper.is_none()), "{found:?}");
    }
}

/// The same fit with another log-likelihood.
fn with_log_likelihood(fitted: &Fitted<Box<dyn Model>>, value: f64) -> Fitted<Box<dyn Model>> {
    let mut other = fitted.clone();
    other.fit.as_mut().unwrap().log_likelihood = value;
    other
}

#[test]
fn p_values_of_likelihood_ratios_are_those_of_the_tables() {
    let data = Simulated::new("bg_nbd", &[0.5, 8.0, 0.8, 2.5], 500, 40.0, 3);
    let full = fit("bg_nbd", &data.table(), &FitOptions::new());
    let small = fit("nbd", &data.table(), &FitOptions::new());
    let top = full.report().unwrap().log_likelihood;
    // Two degrees of freedom: the tail is e^(−x/2); the 5 % point of one is 3.8414588206941245.
    let x = 3.8414588206941245;
    let small = with_log_likelihood(&small, top - 0.5 * x);
    let found = likelihood_ratio_test(&small, &full, false).unwrap();
    assert_eq!(found.degrees_of_freedom, 2);
    assert!((found.p_value - (-0.5 * x).exp()).abs() < 1e-9);
    let found = likelihood_ratio_test(&small, &full, true).unwrap();
    assert!((found.p_value - 0.5 * (0.05 + (-0.5 * x).exp())).abs() < 1e-9);
}

#[test]
fn models_that_cannot_be_compared_are_refused() {
    let data = Simulated::new("bg_nbd", &[0.5, 8.0, 0.8, 2.5], 500, 40.0, 3);
    let fewer = Simulated::new("bg_nbd", &[0.5, 8.0, 0.8, 2.5], 400, 40.0, 3);
    let full = fit("bg_nbd", &data.table(), &FitOptions::new());
    let small = fit("nbd", &data.table(), &FitOptions::new());
    let test = |a: &Fitted<Box<dyn Model>>, b: &Fitted<Box<dyn Model>>| {
        likelihood_ratio_test(a, b, false).unwrap_err().kind()
    };
    assert_eq!(test(&full, &small), ErrorKind::Unsupported);
    assert_eq!(test(&fit("nbd", &fewer.table(), &FitOptions::new()), &full), ErrorKind::InvalidData);
    let above = with_log_likelihood(&small, full.report().unwrap().log_likelihood + 5.0);
    assert_eq!(test(&above, &full), ErrorKind::Unsupported);
    let given = model("nbd").unwrap().with_parameters(&[1.0, 2.0], None).unwrap();
    assert_eq!(test(&given, &full), ErrorKind::Unsupported);
}

/// As many customers, but others: their number does not tell, and the likelihood does.
#[test]
fn a_likelihood_ratio_test_that_is_given_the_data_knows_whether_both_models_were_fitted_to_them() {
    let [data, other] = [3, 4].map(|seed| Simulated::new("bg_nbd", &[0.5, 8.0, 0.8, 2.5], 500, 40.0, seed));
    let full = fit("bg_nbd", &data.table(), &FitOptions::new());
    let [same, not] = [&data, &other].map(|data| fit("nbd", &data.table(), &FitOptions::new()));
    let test = |small: &Fitted<Box<dyn Model>>| {
        let models = [small, &full];
        let task = cam_core::task("likelihood_ratio_test").unwrap();
        task.run(&data.table(), cam_core::task::Models::new(&models), "{}", &Control::new())
    };
    assert!(test(&same).is_ok());
    assert_eq!(test(&not).unwrap_err().kind(), ErrorKind::InvalidData);
}

#[test]
fn both_bootstraps_scatter_as_the_curvature_says() {
    let data = Simulated::new("nbd", &[0.8, 6.0], 3000, 30.0, 4);
    let fitted = fit("nbd", &data.table(), &FitOptions::new());
    let errors = fitted.report().unwrap().standard_errors().unwrap();
    for kind in [BootstrapKind::Nonparametric, BootstrapKind::Parametric] {
        for interval in [BootstrapInterval::Percentile, BootstrapInterval::Basic] {
            let options = BootstrapOptions { replicates: 300, seed: 5, kind, interval };
            let (found, draws) =
                bootstrap_intervals(&fitted, &data.table(), 0.95, &options, &Control::new()).unwrap();
            assert_eq!(draws.failed, 0);
            for ((end, error), theta) in found.iter().zip(&errors).zip(fitted.model.parameters()) {
                // A standard deviation of 300 draws is known to 4 %.
                assert!((end.standard_error / error - 1.0).abs() < 0.16, "{kind:?} {end:?} {error}");
                assert!(end.lower < theta && theta < end.upper);
                let length = (end.upper - end.lower) / (2.0 * 1.96 * error);
                assert!((length - 1.0).abs() < 0.25, "{kind:?} {interval:?} {end:?} {error}");
            }
        }
    }
}

#[test]
fn replicates_depend_on_the_seed_and_on_nothing_else() {
    let data = Simulated::new("nbd", &[0.8, 6.0], 300, 30.0, 4);
    let fitted = fit("nbd", &data.table(), &FitOptions::new());
    for kind in [BootstrapKind::Nonparametric, BootstrapKind::Parametric] {
        let run = |replicates, seed, threads| {
            let options = BootstrapOptions { replicates, seed, kind, interval: BootstrapInterval::Basic };
            let control = Control::new().threads(threads);
            bootstrap_intervals(&fitted, &data.table(), 0.8, &options, &control).unwrap().1.estimates
        };
        let (one, many) = (run(12, 1, 1), run(24, 1, 5));
        assert_eq!(one[..], many[..12]);
        assert_ne!(one, run(12, 2, 1));
    }
}

#[test]
fn intervals_want_the_data_of_the_fit_and_sound_options() {
    let data = Simulated::new("nbd", &[0.8, 6.0], 300, 30.0, 4);
    let other = Simulated::new("nbd", &[0.8, 6.0], 299, 30.0, 4);
    let fitted = fit("nbd", &data.table(), &FitOptions::new());
    let control = Control::new();
    let profile =
        |table: &Table<'_>, level| profile_intervals(&fitted, table, level, &control).unwrap_err().kind();
    assert_eq!(profile(&other.table(), 0.9), ErrorKind::InvalidData);
    assert_eq!(profile(&data.table(), 1.0), ErrorKind::InvalidParameter);
    assert_eq!(profile(&Table::new(), 0.9), ErrorKind::InvalidShape);
    let few = BootstrapOptions { replicates: 1, ..BootstrapOptions::default() };
    let error = bootstrap_intervals(&fitted, &data.table(), 0.9, &few, &control).unwrap_err();
    assert_eq!(error.field(), Some("replicates"));
    assert_eq!(error.to_string(), "replicates must be at least 20 for an interval of level 0.9, got 1");
    let half = vec![0.5; 300];
    let weighted = data.table().with("weight", &half[..]).unwrap();
    let fitted = fit("nbd", &weighted, &FitOptions::new());
    let drawn = BootstrapOptions { kind: BootstrapKind::Parametric, ..BootstrapOptions::default() };
    let error = bootstrap_intervals(&fitted, &weighted, 0.9, &drawn, &control).unwrap_err();
    assert_eq!((error.kind(), error.row()), (ErrorKind::InvalidData, Some(0)));
}
