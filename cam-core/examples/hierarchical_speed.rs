//! Milliseconds per sweep, and effective draws, of the hierarchical samplers on CDNOW: `cargo run --release --example hierarchical_speed`.

use cam_core::summary::{Log, Moment, SummaryOptions, Times, parse_date, summarize};
use cam_core::{Control, Result, Unit, task, task::Models};
use std::time::Instant;

fn main() -> Result<()> {
    let (mut keys, mut days) = (Vec::new(), Vec::new());
    for line in include_str!("../testdata/CDNOW_sample.txt").lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        if let [_, key, date, ..] = fields[..] {
            keys.push(key.parse::<i64>().unwrap_or_default());
            days.push(parse_date(date)?);
        }
    }
    let end = Moment::Day(parse_date("1997-09-30")?);
    let options = SummaryOptions::new().unit(Unit::WEEK).observation_end(end).log_intervals(true);
    let summary = summarize(&Log::new(&keys[..], Times::Days(&days)), &options, &Control::new())?;
    let one = Control::new().threads(1);
    for (id, sweeps, options) in [
        ("pareto_nbd_hb", 3000.0, r#"{"draws": 500, "burn_in": 250, "chains": 4}"#),
        (
            "pareto_nbd_hb",
            3000.0,
            r#"{"draws": 1000, "burn_in": 500, "chains": 2, "heterogeneity": "log_normal"}"#,
        ),
        ("pareto_ggg", 1500.0, r#"{"draws": 500, "burn_in": 250, "chains": 2}"#),
    ] {
        let began = Instant::now();
        let answer = task(id)?.run(&summary.table(), Models::NONE, options, &one)?;
        let spent = began.elapsed().as_secs_f64();
        println!("{id} {options}: {:.2} s on one thread, {:.2} ms per sweep", spent, 1e3 * spent / sweeps);
        let found: serde_json::Value = serde_json::from_str(&answer.output).unwrap_or_default();
        for of in found["summary"].as_array().into_iter().flatten() {
            println!(
                "  {:22} mean {:9.4}  sd {:8.4}  R-hat {:.3}  ESS {:5.0} {:5.0}",
                of["parameter"].as_str().unwrap_or_default(),
                of["mean"].as_f64().unwrap_or(f64::NAN),
                of["sd"].as_f64().unwrap_or(f64::NAN),
                of["r_hat"].as_f64().unwrap_or(f64::NAN),
                of["ess_bulk"].as_f64().unwrap_or(f64::NAN),
                of["ess_tail"].as_f64().unwrap_or(f64::NAN),
            );
        }
    }
    Ok(())
}
