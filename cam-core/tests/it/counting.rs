//! NBD, MBG/NBD, BG/CNBD-k and MBG/CNBD-k on CDNOW: what lifetimes 0.11.3 and BTYDplus 1.2.0 find there.

use crate::{cdnow, cdnow_log};
use cam_core::clv::{BgCnbdK, BgNbd, MbgCnbdK, MbgNbd, Nbd};
use cam_core::summary::{
    Log, Moment, SummaryBuilder, SummaryOptions, Times, parse_date, split_many, summarize,
};
use cam_core::{Control, Fit, FitOptions, Fitted, Model, Quantity, Summary, Table, Unit};

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

#[test]
fn a_summary_sums_the_logarithms_of_intervals_however_the_log_comes() {
    let (keys, days, _) = cdnow_log();
    let end = Moment::Day(parse_date("1997-09-30").unwrap());
    let options = SummaryOptions::new().unit(Unit::WEEK).log_intervals(true);
    let log = Log::new(&keys[..], Times::Days(&days));
    let control = Control::new();
    let found = summarize(&log, &options.observation_end(end), &control).unwrap();
    let found = found.log_intervals().unwrap();
    let expected = log_intervals();
    assert_eq!(found.len(), expected.len());
    for (got, want) in found.iter().zip(&expected) {
        assert!((got - want).abs() <= 1e-14 * (1.0 + want.abs()), "{got} and {want}");
    }
    // In batches, merged, as bytes, and as the second of two calibrations: the same bits.
    let middle = Moment::Day(parse_date("1997-05-15").unwrap());
    let half = keys.len() / 2;
    let part = |rows: std::ops::Range<usize>| {
        let mut builder = SummaryBuilder::with_calibration_ends(options, &[middle, end]).unwrap();
        let log = Log::new(&keys[rows.clone()], Times::Days(&days[rows]));
        builder.push(&log, &control).unwrap();
        SummaryBuilder::from_bytes(&builder.to_bytes().unwrap()).unwrap()
    };
    let mut builder = part(half..keys.len());
    builder.merge(&part(0..half)).unwrap();
    let streamed = builder.finish_splits(&control).unwrap();
    let whole = split_many(&log, &[middle, end], &options, &control).unwrap();
    for splits in [&streamed, &whole] {
        assert_eq!(splits[1].calibration.log_intervals().unwrap(), found);
        assert!(splits[0].table().get("log_intervals").is_some());
    }
    assert_eq!(streamed[0].calibration.log_intervals(), whole[0].calibration.log_intervals());
    assert!(summarize(&log, &SummaryOptions::new(), &control).unwrap().log_intervals().is_none());
}

#[test]
fn a_sum_of_logarithms_that_cannot_be_is_refused() {
    let summary = || Summary::new(vec![2.0, 0.0], vec![14.0, 0.0], vec![20.0, 20.0], Unit::DAY).unwrap();
    assert!(summary().with_log_intervals(vec![2.0 * 7f64.ln(), 0.0]).is_ok());
    let error = summary().with_log_intervals(vec![2.0 * 7.1f64.ln(), 0.0]).unwrap_err();
    assert_eq!((error.row(), error.field()), (Some(0), Some("log_intervals")), "{error}");
    assert_eq!(summary().with_log_intervals(vec![0.0, 0.1]).unwrap_err().row(), Some(1));
}

#[test]
fn without_the_column_only_one_phase_can_be_fitted() {
    let summary = cdnow().calibration;
    let control = Control::new();
    assert!(BgCnbdK::fit_with(&summary, &with_k(1.0), &control).is_ok());
    for options in [FitOptions::new(), with_k(2.0)] {
        let error = BgCnbdK::fit_with(&summary, &options, &control).unwrap_err();
        assert_eq!(error.field(), Some("log_intervals"), "{error}");
    }
    for (name, value) in [("k", 0.0), ("k", 1.5), ("k", f64::NAN), ("r", 1.0)] {
        let error = BgCnbdK::fit_with(&summary, &FitOptions::new().fixed(name, value), &control).unwrap_err();
        assert_eq!(error.field(), Some(name), "{error}");
    }
}

#[test]
fn regular_purchases_are_found_to_be_regular() {
    let truth = MbgCnbdK::new(0.8, 3.0, 0.9, 2.5, 4.0).unwrap();
    let age = vec![100.0; 3_000];
    let design = Table::new().with("T", &age).unwrap();
    let drawn = truth.simulate(&design, 3, &Control::new()).unwrap();
    let names = ["frequency", "recency", "T", "log_intervals"];
    let table = names.iter().zip(&drawn).fold(Table::new(), |t, (name, c)| t.with(name, c).unwrap());
    assert_eq!(MbgCnbdK::fit(table).unwrap().model.k(), 4.0);
}
