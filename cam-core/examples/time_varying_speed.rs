//! How long a fit with covariates that change takes: 600 customers over 313 weeks, with three covariates on both processes.
//!
//! `cargo run --release -p cam-core --example time_varying_speed [customers] [weeks] [threads]`

use cam_core::clv::ParetoNbd;
use cam_core::clv::time_varying::{Walks, fit_time_varying, score_time_varying, simulate_time_varying};
use cam_core::math::random::Stream;
use cam_core::model::{Covariates, WithCovariates};
use cam_core::{Control, FitOptions, Model, Quantity, Result, Table, Unit};
use std::time::Instant;

fn main() -> Result<()> {
    let mut given = std::env::args().skip(1).map(|a| a.parse::<usize>().unwrap_or(0));
    let customers = given.next().unwrap_or(600);
    let weeks = given.next().unwrap_or(313);
    let control = Control::new().threads(given.next().unwrap_or(1));
    let names = ["season", "promotion", "price"];
    let covariates = Covariates::new().on("purchase", names).on("lifetime", names);
    let base = ParetoNbd::new(0.9, 9.0, 0.8, 60.0)?;
    let truth = WithCovariates::new(base, &covariates, &[0.5, 0.4, -0.3, -0.4, 0.3, 0.2])?;

    let mut columns = vec![Vec::new(); 6];
    for i in 0..customers {
        let mut stream = Stream::new(3, i as u64);
        for week in 0..weeks {
            let season = (std::f64::consts::TAU * (week + i % 13) as f64 / 52.0).sin();
            let promotion = f64::from(u8::from(stream.uniform() < 0.3));
            let row = [i as f64, week as f64, weeks as f64, season, promotion, stream.normal()];
            columns.iter_mut().zip(row).for_each(|(column, v)| column.push(v));
        }
    }
    let design = ["customer", "start", "T", "season", "promotion", "price"]
        .iter()
        .zip(&columns)
        .try_fold(Table::new(), |table, (name, column)| table.with(name, column))?
        .in_unit(Unit::WEEK);
    let times = simulate_time_varying(&truth, &Walks::unobserved(&design, &covariates)?, 1, &control)?;
    let (mut purchases, mut recency) = (vec![0.0; customers * weeks], vec![0.0; customers * weeks]);
    for (i, times) in times.iter().enumerate() {
        times.iter().for_each(|t| purchases[i * weeks + (*t as usize).min(weeks - 1)] += 1.0);
        recency[i * weeks..][..weeks].fill(times.last().copied().unwrap_or(0.0));
    }
    let table = design.with("purchases", &purchases)?.with("recency", &recency)?;

    let start = Instant::now();
    let walks = Walks::new(&table, &covariates)?;
    let read = start.elapsed();
    let start = Instant::now();
    let fitted = fit_time_varying(&walks, &FitOptions::new(), &control)?;
    let fit = start.elapsed();
    let start = Instant::now();
    let quantity = Quantity::ExpectedPurchases { horizon: 52.0 };
    let expected = score_time_varying(&fitted.model, &walks, &quantity, &control)?;
    let score = start.elapsed();
    let report = fitted.report()?;
    println!(
        "{customers} customers, {weeks} weeks, {} repeat purchases",
        times.iter().map(Vec::len).sum::<usize>()
    );
    println!("read {read:.3?}, fit {fit:.3?}, score {score:.3?}");
    println!(
        "{:?}, {} evaluations, log-likelihood {:.6}",
        report.status, report.evaluations, report.log_likelihood
    );
    let errors = report.standard_errors()?;
    for (((name, value), want), error) in
        fitted.model.names().iter().zip(fitted.model.parameters()).zip(truth.parameters()).zip(errors)
    {
        println!("  {name:20} {value:9.4} ± {error:.4} ({want})");
    }
    println!("expected purchases in a year: {:.3}", expected.iter().sum::<f64>());
    Ok(())
}
