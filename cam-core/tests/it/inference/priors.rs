//! Priors: their densities against 50 digits, and the modes that they lead to.

use super::{Simulated, fit, log_likelihood};
use crate::testdata;
use cam_core::fit::{Method, Prior, Priors};
use cam_core::math::jet::Jet;
use cam_core::{Control, ErrorKind, FitOptions, Fitted, Model, model};

#[test]
fn densities_of_priors_and_their_derivatives_have_fourteen_digits() {
    let text = testdata("priors.csv");
    let mut cases = 0;
    for line in text.lines().filter(|l| !l.starts_with('#')).skip(1) {
        let f: Vec<&str> = line.split(';').collect();
        let prior: Prior = serde_json::from_str(f[0]).unwrap();
        prior.check("r").unwrap();
        let [at, value, first, second] = [1, 2, 3, 4].map(|k| f[k].parse::<f64>().unwrap());
        let got = prior.ln_density(Jet::<1>::variable(at, 0));
        for (got, truth) in [(got.value, value), (got.gradient[0], first), (got.hessian[0][0], second)] {
            assert!((got - truth).abs() <= 1e-14 * (1.0 + truth.abs()), "{line}: {got} {truth}");
        }
        cases += 1;
    }
    assert!(cases > 30);
}

#[test]
fn flat_priors_leave_maximum_likelihood_to_the_last_bit() {
    let data = Simulated::new("bg_nbd", &[0.5, 8.0, 0.8, 2.5], 800, 40.0, 1);
    let mle = fit("bg_nbd", &data.table(), &FitOptions::new());
    let flat = fit("bg_nbd", &data.table(), &FitOptions::new().prior("r", Prior::Flat {}));
    assert_eq!(mle.model.parameters(), flat.model.parameters());
    assert_eq!(flat.report().unwrap().log_prior, Some(0.0));
}

#[test]
fn the_mode_is_where_likelihood_times_prior_is_largest() {
    let data = Simulated::new("nbd", &[0.8, 6.0], 60, 30.0, 2);
    let options = FitOptions::new()
        .prior("r", Prior::Gamma { alpha: 4.0, beta: 1.0 })
        .prior("alpha", Prior::LogNormal { mu: 1.0, sigma: 0.3 });
    let fitted = fit("nbd", &data.table(), &options);
    let at = fitted.model.parameters();
    let density = |theta: &[f64]| {
        log_likelihood("nbd", &data.table(), theta) + 3.0 * theta[0].ln()
            - theta[0]
            - theta[1].ln()
            - (theta[1].ln() - 1.0).powi(2) / 0.18
    };
    for (i, h) in [(0, 1e-5), (1, 1e-5)] {
        let moved = |by: f64| {
            let mut theta = at.clone();
            theta[i] *= 1.0 + by;
            density(&theta)
        };
        assert!(((moved(h) - moved(-h)) / (2.0 * h)).abs() < 1e-5);
        assert!(moved(0.05) < density(&at) && moved(-0.05) < density(&at));
    }
    let report = fitted.report().unwrap();
    assert_eq!(report.method, Method::Map);
    let found = log_likelihood("nbd", &data.table(), &at);
    assert!((report.log_likelihood - found).abs() < 1e-9 * found.abs());
}

#[test]
fn a_share_and_a_sum_are_a_prior_of_two_shapes_with_its_jacobian() {
    let data = Simulated::new("bg_nbd", &[0.5, 8.0, 0.8, 2.5], 800, 40.0, 3);
    let (share, sum) = (Prior::Beta { alpha: 2.0, beta: 5.0 }, Prior::Exponential { rate: 0.25 });
    let options = FitOptions::new().prior("a/(a+b)", share).prior("a+b", sum);
    let fitted = fit("bg_nbd", &data.table(), &options);
    let [_, _, a, b] = fitted.model.parameters()[..] else { panic!() };
    let expected = share.ln_density(a / (a + b)) + sum.ln_density(a + b) - (a + b).ln();
    assert!((fitted.report().unwrap().log_prior.unwrap() - expected).abs() < 1e-12);
    // The document keeps method and priors, and opens again to the same bytes.
    let text = fitted.to_json().unwrap();
    assert!(text.contains(r#""method":"map""#) && text.contains(r#""a/(a+b)":{"prior":"beta""#), "{text}");
    assert_eq!(Fitted::<Box<dyn Model>>::from_json(&text).unwrap().to_json().unwrap(), text);
}

#[test]
fn a_prior_keeps_a_parameter_that_would_run_away() {
    // Nobody ever leaves: maximum likelihood has no maximum.
    let data = Simulated::new("nbd", &[2.0, 8.0], 400, 40.0, 4);
    let mle = fit("pareto_nbd", &data.table(), &FitOptions::new());
    assert!(!mle.report().unwrap().converged());
    let options = FitOptions::new()
        .prior("s", Prior::Gamma { alpha: 2.0, beta: 2.0 })
        .prior("beta", Prior::Gamma { alpha: 2.0, beta: 0.05 });
    assert!(fit("pareto_nbd", &data.table(), &options).report().unwrap().converged());
}

#[test]
fn bad_priors_are_refused_by_name() {
    let data = Simulated::new("nbd", &[0.8, 6.0], 50, 30.0, 5);
    let tried = |options: &FitOptions| {
        model("nbd").unwrap().fit(&data.table(), options, &Control::new()).unwrap_err()
    };
    let prior = |name: &str, prior| tried(&FitOptions::new().prior(name, prior));
    let flat = Prior::Flat {};
    assert_eq!(prior("s", flat).kind(), ErrorKind::UnknownName);
    assert_eq!(prior("r/(r+s)", flat).kind(), ErrorKind::UnknownName);
    assert_eq!(prior("alpha/(r+alpha)", flat).kind(), ErrorKind::UnknownName);
    let wrong = prior("r", Prior::Gamma { alpha: -1.0, beta: 1.0 });
    assert_eq!(wrong.to_string(), "alpha of the prior of r must be positive and finite, got -1");
    let wrong = prior("r", Prior::Uniform { lower: 2.0, upper: 1.0 });
    assert_eq!(wrong.to_string(), "upper of the prior of r must be larger than lower = 2, got 1");
    let twice = FitOptions::new().prior("r", flat).prior("r+alpha", flat);
    assert_eq!(tried(&twice).to_string().split(';').next().unwrap(), "r has two priors");
    let beyond = prior("r", Prior::Uniform { lower: 50.0, upper: 60.0 });
    assert_eq!(beyond.field(), Some("start"));
    let unused = FitOptions { priors: Priors::from([("r".into(), flat)]), ..FitOptions::new() };
    assert_eq!(tried(&unused).field(), Some("priors"));
}
