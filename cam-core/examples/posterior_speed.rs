//! Effective draws per second of the sampler on CDNOW, with warm-up: `cargo run --release -p cam-core --example posterior_speed`.

#[allow(dead_code)]
mod measure;

use cam_core::fit::{Method, Sampling};
use cam_core::inference::{PredictionOptions, prediction_intervals};
use cam_core::summary::{Log, Moment, SummaryOptions, Times, parse_date, split};
use cam_core::{Control, FitOptions, Quantity, Table, Unit, model};
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (mut keys, mut days, mut amounts) = (Vec::new(), Vec::new(), Vec::new());
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/CDNOW_sample.txt");
    for line in std::fs::read_to_string(path)?.lines() {
        if let [_, key, date, _, amount] = line.split_whitespace().collect::<Vec<_>>()[..] {
            keys.push(key.parse::<i64>()?);
            days.push(parse_date(date)?);
            amounts.push(amount.parse::<f64>()?);
        }
    }
    let log = Log::new(&keys[..], Times::Days(&days)).amounts(&amounts[..]);
    let end = Moment::Day(parse_date("1997-09-30")?);
    let control = Control::new().threads(1);
    let calibration = split(&log, end, &SummaryOptions::new().unit(Unit::WEEK), &control)?.calibration;
    println!(
        "| model | distinct rows | gradients | µs each | CPU seconds | smallest bulk ESS | ESS per CPU second | R-hat | divergences |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|--:|");
    for id in ["nbd", "bg_nbd", "pareto_nbd", "gamma_gamma"] {
        let begun = measure::processor_seconds();
        let options = FitOptions::new().sampling(Sampling { seed: 1, ..Sampling::default() });
        let fitted = model(id)?.fit(&calibration.table(), &options, &control)?;
        let seconds = measure::processor_seconds() - begun;
        let report = fitted.report()?;
        assert_eq!(report.method, Method::Nuts);
        let Some(posterior) = &report.posterior else { continue };
        let worst = posterior.worst();
        println!(
            "| {id} | {} | {} | {:.1} | {seconds:.2} | {:.0} | {:.0} | {:.4} | {} |",
            report.distinct_rows,
            posterior.gradients,
            1e6 * seconds / posterior.gradients as f64,
            worst.ess_bulk,
            worst.ess_bulk / seconds,
            worst.r_hat,
            posterior.divergences
        );
    }
    predictions(&control)
}

/// Posterior means of the purchases of 100,000 customers, over 1,000 draws, on all processors.
fn predictions(control: &Control<'_>) -> Result<(), Box<dyn std::error::Error>> {
    let truth = model("bg_nbd")?.with_parameters(&[0.25, 31.0, 0.8, 2.4], None)?.model;
    let ages: Vec<f64> = (0..100_000).map(|i| f64::from(180 + i % 93)).collect();
    let drawn = truth.simulate(&Table::new().with("T", &ages[..])?, 1, control)?;
    let days: Vec<Vec<f64>> = drawn.iter().map(|column| column.iter().map(|v| v.ceil()).collect()).collect();
    let mut table = Table::new();
    for (variable, values) in truth.spec().columns.iter().zip(&days) {
        table = table.with(variable.name, &values[..])?;
    }
    let begun = Instant::now();
    let sampling = Sampling { draws: 500, chains: 2, seed: 1, ..Sampling::default() };
    let fitted = model("bg_nbd")?.fit(&table, &FitOptions::new().sampling(sampling), &Control::new())?;
    println!("\n100,000 customers: 1,000 draws in {:.1} s", begun.elapsed().as_secs_f64());
    let ahead = Quantity::ExpectedPurchases { horizon: 90.0 };
    let options = PredictionOptions { draws: 1000, process: false, ..PredictionOptions::default() };
    let (begun, cpu) = (Instant::now(), measure::processor_seconds());
    let found = prediction_intervals(&fitted, &table, &ahead, &options, &Control::new())?;
    println!(
        "their posterior means and intervals: {:.1} s, {:.1} CPU s, {:.0} purchases, peak memory {:.0} MB",
        begun.elapsed().as_secs_f64(),
        measure::processor_seconds() - cpu,
        found.total.mean,
        measure::memory_mb("VmHWM")
    );
    Ok(())
}
