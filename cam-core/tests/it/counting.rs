//! NBD, MBG/NBD, BG/CNBD-k and MBG/CNBD-k on CDNOW: what lifetimes 0.11.3 and BTYDplus 1.2.0 find there.

use crate::{cdnow, cdnow_log};
use cam_core::clv::{BgCnbdK, BgNbd, MbgCnbdK, MbgNbd, Nbd};
use cam_core::summary::parse_date;
use cam_core::{Control, Fit, FitOptions, Fitted, Model, Quantity, Summary, Table};

/// Σ ln Δ of every customer up to the end of calibration, in weeks, from the log itself.
fn log_intervals() -> Vec<f64> {
    let (keys, days, _) = cdnow_log();
    let end = parse_date("1997-09-30").unwrap();
    let mut purchases: Vec<(i64, i32)> = keys.into_iter().zip(days).filter(|(_, day)| *day <= end).collect();
    purchases.sort_unstable();
    purchases.dedup();
    let gaps = |of: &[(i64, i32)]| of.windows(2).map(|w| (f64::from(w[1].1 - w[0].1) / 7.0).ln()).sum();
    purchases.chunk_by(|a, b| a.0 == b.0).map(gaps).collect()
}

fn timed<'a>(summary: &'a Summary, logs: &'a [f64]) -> Table<'a> {
    summary.table().with("log_intervals", logs).unwrap()
}

fn estimates<M: Model>(fitted: &Fitted<M>, parameters: &[f64], log_likelihood: f64) {
    let report = fitted.report().unwrap();
    assert!(report.converged(), "{report:?}");
    let id = fitted.model.spec().id;
    println!("{id} {:?} {:.5}", fitted.model.parameters(), report.log_likelihood);
    // Half a unit of the last digit that is given. The peers' optimisers stop within 1e-6 of the maximum's height, where the estimates agree to about 4e-5.
    assert!((report.log_likelihood - log_likelihood).abs() <= 5.1e-6, "{id}: {}", report.log_likelihood);
    for (got, want) in fitted.model.parameters().iter().zip(parameters) {
        assert!((got / want - 1.0).abs() <= 4e-5, "{id}: {got} for {want}");
    }
}

fn with_k(k: f64) -> FitOptions {
    FitOptions::new().fixed("k", k)
}

#[test]
fn maxima_on_cdnow_are_those_of_the_peers() {
    let (summary, logs) = (cdnow().calibration, log_intervals());
    let table = timed(&summary, &logs);
    let control = Control::new();
    estimates(&Nbd::fit(&summary).unwrap(), &[0.384766, 12.072014], -9763.65761);
    let mbg = MbgNbd::fit(&summary).unwrap();
    estimates(&mbg, &[0.524844, 6.183093, 0.891388, 1.614048], -9582.13572);
    let two = BgCnbdK::fit_with(table.clone(), &with_k(2.0), &control).unwrap();
    estimates(&two, &[0.226917, 1.462918, 0.943996, 2.074316, 2.0], -9855.32697);
    let two = MbgCnbdK::fit_with(table, &with_k(2.0), &control).unwrap();
    assert!((two.report().unwrap().log_likelihood + 9853.25313).abs() < 5.1e-6);
}

#[test]
fn the_holdout_sum_of_mbg_nbd_is_that_of_the_peers_at_their_estimates() {
    let summary = cdnow().calibration;
    let model = MbgNbd::new(0.524844, 6.183093, 0.891388, 1.614048).unwrap();
    let q = Quantity::ExpectedPurchases { horizon: 39.0 };
    let sum: f64 = model.score(&q, &summary.table(), &Control::new()).unwrap().iter().sum();
    assert!((sum - 1576.712).abs() < 2e-3, "{sum}");
}

#[test]
fn on_cdnow_one_phase_is_best_and_that_is_the_model_without_k() {
    let (summary, logs) = (cdnow().calibration, log_intervals());
    let bg = BgCnbdK::fit(timed(&summary, &logs)).unwrap();
    let mbg = MbgCnbdK::fit(timed(&summary, &logs)).unwrap();
    assert_eq!((bg.model.k(), mbg.model.k()), (1.0, 1.0));
    let same = |a: &dyn Model, b: &dyn Model| {
        for (a, b) in a.parameters().iter().zip(b.parameters()) {
            assert!((a / b - 1.0).abs() < 1e-8, "{a} and {b}");
        }
    };
    same(&bg.model, &BgNbd::fit(&summary).unwrap().model);
    same(&mbg.model, &MbgNbd::fit(&summary).unwrap().model);
}
