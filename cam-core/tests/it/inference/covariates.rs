//! Inference over a likelihood with covariates: the same machinery, and coefficients among the parameters.

use super::fit;
use crate::covariates::{Data, simulated};
use cam_core::clv::BgNbd;
use cam_core::fit::{Prior, Sampling, likelihood_ratio_test};
use cam_core::inference::{
    BootstrapKind, BootstrapOptions, PredictionOptions, bootstrap_intervals, prediction_intervals,
    profile_intervals,
};
use cam_core::model::{Covariates, WithCovariates};
use cam_core::{Control, ErrorKind, FitOptions, Fitted, Model, Quantity};

fn covariates() -> Covariates {
    Covariates::new().on("purchase", ["web"])
}

fn data() -> Data {
    let base = BgNbd::new(0.5, 8.0, 0.8, 2.5).unwrap();
    simulated(&WithCovariates::new(base, &covariates(), &[0.5]).unwrap(), 1500)
}

fn fitted(data: &Data, options: FitOptions) -> Fitted<Box<dyn Model>> {
    fit("bg_nbd", &data.table(), &options.covariates(covariates()))
}

#[test]
fn coefficients_have_profiles_and_bootstraps_about_as_the_curvature_says() {
    let data = data();
    let fitted = fitted(&data, FitOptions::new());
    let wald = fitted.confidence_intervals(0.9).unwrap();
    let table = data.table();
    let profile = profile_intervals(&fitted, &table, 0.9, &Control::new()).unwrap();
    let (wald, profile) = (&wald[4], &profile[4]);
    assert_eq!(profile.parameter, "purchase:web");
    let length = wald.upper - wald.lower;
    assert!((profile.lower.unwrap() - wald.lower).abs() < 0.1 * length);
    assert!((profile.upper.unwrap() - wald.upper).abs() < 0.1 * length);
    for kind in [BootstrapKind::Nonparametric, BootstrapKind::Parametric] {
        let options = BootstrapOptions { replicates: 100, kind, ..BootstrapOptions::default() };
        let found = bootstrap_intervals(&fitted, &table, 0.9, &options, &Control::new()).unwrap().0;
        let error = length / (2.0 * 1.6449);
        assert!((found[4].standard_error / error - 1.0).abs() < 0.3, "{:?} {error}", found[4]);
    }
}

#[test]
fn a_model_with_a_covariate_is_tested_against_one_without() {
    let data = data();
    let plain = fit("bg_nbd", &data.table(), &FitOptions::new());
    let found = likelihood_ratio_test(&plain, &fitted(&data, FitOptions::new()), false).unwrap();
    assert!(found.degrees_of_freedom == 1 && found.p_value < 0.01, "{found:?}");
}

#[test]
fn coefficients_take_priors_and_are_sampled() {
    let data = data();
    let narrow = Prior::Normal { mu: 0.0, sigma: 0.05 };
    let mode = fitted(&data, FitOptions::new().prior("purchase:web", narrow));
    let free = fitted(&data, FitOptions::new());
    let coefficient = |fitted: &Fitted<Box<dyn Model>>| fitted.model.parameters()[4];
    assert!(0.0 < coefficient(&mode) && coefficient(&mode) < 0.6 * coefficient(&free));
    let sampling = Sampling { draws: 200, chains: 2, ..Sampling::default() };
    let sum = Prior::Gamma { alpha: 2.0, beta: 0.5 };
    let sampled = fitted(&data, FitOptions::new().sampling(sampling).prior("a+b", sum));
    let error = free.report().unwrap().standard_errors().unwrap()[4];
    assert!((coefficient(&sampled) - coefficient(&free)).abs() < 0.5 * error);
    let text = sampled.to_json().unwrap();
    assert_eq!(Fitted::<Box<dyn Model>>::from_json(&text).unwrap().to_json().unwrap(), text);
    let options =
        FitOptions::new().prior("purchase:web", narrow).covariates(covariates().penalty("purchase", 0.1));
    let both = cam_core::model("bg_nbd").unwrap().fit(&data.table(), &options, &Control::new()).unwrap_err();
    assert_eq!((both.kind(), both.field()), (ErrorKind::InvalidParameter, Some("penalty")));
}

#[test]
fn predictions_know_the_covariates_of_each_customer() {
    let data = data();
    let fitted = fitted(&data, FitOptions::new());
    let options = PredictionOptions { draws: 20, ..PredictionOptions::default() };
    let ahead = Quantity::ExpectedPurchases { horizon: 20.0 };
    let found = prediction_intervals(&fitted, &data.table(), &ahead, &options, &Control::new()).unwrap();
    let scores = fitted.model.score(&ahead, &data.table(), &Control::new()).unwrap();
    assert_eq!(found.estimate, scores);
    let inside = (0..scores.len())
        .filter(|&i| found.parameter.lower[i] <= scores[i] && scores[i] <= found.parameter.upper[i]);
    assert!(inside.count() > 1300);
    assert!(found.realised.unwrap().both.upper.iter().all(|v| v.is_finite()));
}
