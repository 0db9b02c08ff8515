//! Effective draws per second of the sampler on CDNOW, with warm-up: `cargo run --release -p cam-core --example posterior_speed`.

#[allow(dead_code)]
mod measure;

use cam_core::fit::{Method, Prior, Sampling};
use cam_core::inference::{PredictionOptions, prediction_intervals};
use cam_core::summary::{Log, Moment, SummaryOptions, Times, parse_date, split};
use cam_core::{Control, FitOptions, Quantity, Table, Unit, model};

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
        "| model | distinct rows | of which trajectories see | gradients | CPU seconds | smallest bulk ESS | ESS per CPU second | R-hat | divergences | agreed |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    // The defaults of PyMC-Marketing.
    let shape = Prior::Weibull { alpha: 2.0, beta: 1.0 };
    let rate = Prior::Weibull { alpha: 2.0, beta: 10.0 };
    let share = Prior::Uniform { lower: 0.0, upper: 1.0 };
    let sum = Prior::Pareto { alpha: 1.0, m: 1.0 };
    type Priors<'a> = &'a [(&'a str, Prior)];
    let models: [(&str, Priors<'_>); 4] = [
        ("nbd", &[("r", shape), ("alpha", rate)]),
        ("bg_nbd", &[("r", shape), ("alpha", rate), ("a/(a+b)", share), ("a+b", sum)]),
        ("pareto_nbd", &[("r", shape), ("alpha", rate), ("s", shape), ("beta", rate)]),
        ("gamma_gamma", &[]),
    ];
    for (id, priors) in models {
        let begun = measure::processor_seconds();
        let plain = FitOptions::new().sampling(Sampling { seed: 1, ..Sampling::default() });
        let options = priors.iter().fold(plain, |options, (name, prior)| options.prior(*name, *prior));
        let fitted = model(id)?.fit(&calibration.table(), &options, &control)?;
        let seconds = measure::processor_seconds() - begun;
        let report = fitted.report()?;
        assert_eq!(report.method, Method::Nuts);
        let Some(posterior) = &report.posterior else { continue };
        let worst = posterior.worst();
        println!(
            "| {id} | {} | {} | {} | {seconds:.3} | {:.0} | {:.0} | {:.4} | {} | {:.3} |",
            report.distinct_rows,
            posterior.rows.unwrap_or(report.distinct_rows),
            posterior.gradients,
            worst.ess_bulk,
            worst.ess_bulk / seconds,
            worst.r_hat,
            posterior.divergences,
            posterior.agreed.iter().fold(1.0, |least: f64, agreed| least.min(*agreed))
        );
    }
    predictions("bg_nbd", &[0.25, 31.0, 0.8, 2.4], models[1].1)?;
    predictions("pareto_nbd", &[0.55, 74.0, 0.6, 82.0], models[2].1)
}

/// Posterior means and intervals of the purchases of 100,000 customers, and of P(alive), over 1,000 draws, on one thread.
fn predictions(id: &str, theta: &[f64], priors: &[(&str, Prior)]) -> Result<(), Box<dyn std::error::Error>> {
    let control = Control::new().threads(1);
    let truth = model(id)?.with_parameters(theta, None)?.model;
    let ages: Vec<f64> = (0..100_000).map(|i| f64::from(180 + i % 93)).collect();
    let drawn = truth.simulate(&Table::new().with("T", &ages[..])?, 1, &control)?;
    let days: Vec<Vec<f64>> = drawn.iter().map(|column| column.iter().map(|v| v.ceil()).collect()).collect();
    let mut table = Table::new();
    for (variable, values) in truth.spec().columns.iter().zip(&days) {
        table = table.with(variable.name, &values[..])?;
    }
    let cpu = measure::processor_seconds();
    let plain =
        FitOptions::new().sampling(Sampling { draws: 500, chains: 2, seed: 1, ..Sampling::default() });
    let options = priors.iter().fold(plain, |options, (name, prior)| options.prior(*name, *prior));
    let fitted = model(id)?.fit(&table, &options, &control)?;
    println!("\n{id}, 100,000 customers: 1,000 draws in {:.2} CPU s", measure::processor_seconds() - cpu);
    for quantity in [Quantity::ExpectedPurchases { horizon: 90.0 }, Quantity::ProbabilityAlive { after: 0.0 }]
    {
        let options = PredictionOptions { draws: 1000, process: false, ..PredictionOptions::default() };
        let cpu = measure::processor_seconds();
        let found = prediction_intervals(&fitted, &table, &quantity, &options, &control)?;
        println!(
            "{}: means and intervals in {:.2} CPU s, {:.0} in all, peak memory {:.0} MB",
            quantity.name(),
            measure::processor_seconds() - cpu,
            found.total.mean,
            measure::memory_mb("VmHWM")
        );
    }
    Ok(())
}
