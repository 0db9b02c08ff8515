//! Effective draws per second of the sampler on CDNOW, with warm-up: `cargo run --release -p cam-core --example posterior_speed`.

#[allow(dead_code)]
mod measure;

use cam_core::fit::{Method, Sampling};
use cam_core::summary::{Log, Moment, SummaryOptions, Times, parse_date, split};
use cam_core::{Control, FitOptions, Unit, model};
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
        "| model | distinct rows | gradients | µs each | seconds | smallest bulk ESS | ESS per CPU second | R-hat | divergences |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|--:|");
    for id in ["nbd", "bg_nbd", "pareto_nbd", "gamma_gamma"] {
        let begun = Instant::now();
        let options = FitOptions::new().sampling(Sampling { seed: 1, ..Sampling::default() });
        let fitted = model(id)?.fit(&calibration.table(), &options, &control)?;
        let seconds = begun.elapsed().as_secs_f64();
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
        println!(
            "  steps {:?} acceptance {:?} mean {:?}",
            posterior.step,
            posterior.acceptance,
            posterior.mean()
        );
    }
    Ok(())
}
