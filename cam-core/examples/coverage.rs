//! How often intervals cover the truth: simulate, fit, look; for every model of the registry. `make coverage` runs it and writes the page.
//!
//! `cargo run --release -p cam-core --example coverage -- REPLICATIONS DATE [CUSTOMERS]` prints the page `docs/coverage.md`.

use cam_core::registry::Entry;
use cam_core::{Control, FitOptions, Result, Table, models};
use std::time::Instant;

/// What the replications of one model found.
struct Found {
    /// Of each parameter, how often its interval held the truth.
    covered: Vec<usize>,
    /// Replications with a maximum.
    converged: usize,
}

fn main() -> Result<()> {
    let mut given = std::env::args().skip(1);
    let replications: usize = given.next().and_then(|n| n.parse().ok()).unwrap_or(1000);
    let date = given.next().unwrap_or_default();
    let customers: usize = given.next().and_then(|n| n.parse().ok()).unwrap_or(2000);
    println!("# Coverage of confidence intervals\n");
    println!(
        "By `make coverage`{}. For every model {customers} customers are drawn at the parameters of its trials, and the model is",
        if date.is_empty() { String::new() } else { format!(" on {date}") }
    );
    println!(
        "fitted: {replications} times. A 95 % interval (Wald, on the log scale) should hold the truth in 95 % of them; by chance alone the figure"
    );
    println!(
        "is {:.1} points off or less in 95 of 100 cases. Replications without a maximum are counted apart: in them the data",
        196.0 * (0.95_f64 * 0.05 / replications as f64).sqrt()
    );
    println!(
        "identify too little, and the fit says so. Whole numbers are chosen, and have no interval; there the share is told in which the right one was.\n"
    );
    println!("| model | with a maximum | coverage by parameter, % | mean | seconds |");
    println!("|---|--:|---|--:|--:|");
    for entry in models() {
        let begun = Instant::now();
        let found = replicate(entry, replications, customers)?;
        let share = |n: usize| 100.0 * n as f64 / found.converged.max(1) as f64;
        let spec = entry.spec();
        let each: Vec<String> = spec
            .parameters
            .iter()
            .zip(&found.covered)
            .map(|(p, &n)| format!("{} {:.1}", p.name, share(n)))
            .collect();
        let free = spec.free_parameters().len();
        let mean = found.covered[..free].iter().map(|&n| share(n)).sum::<f64>() / free as f64;
        println!(
            "| {} | {} of {replications} | {} | {mean:.1} | {:.0} |",
            spec.title,
            found.converged,
            each.join(", "),
            begun.elapsed().as_secs_f64()
        );
    }
    Ok(())
}

fn replicate(entry: &Entry, replications: usize, customers: usize) -> Result<Found> {
    let spec = entry.spec();
    let (truth, design) = spec.example;
    let model = entry.with_parameters(truth, None)?.model;
    let start = vec![design; customers];
    let each = Control::new().map(replications, |replication| {
        let alone = Control::new().threads(1);
        let design = spec.design.iter().try_fold(Table::new(), |t, c| t.with(c.name, &start[..]))?;
        let drawn = model.simulate(&design, 1 + replication as u64, &alone)?;
        let mut columns = spec.columns.iter().zip(&drawn);
        let table = columns.try_fold(Table::new(), |t, (c, v)| t.with(c.name, &v[..]))?;
        let Ok(fitted) = entry.fit(&table, &FitOptions::new(), &alone) else { return Ok(None) };
        if !fitted.report()?.converged() {
            return Ok(None);
        }
        let intervals = fitted.confidence_intervals(0.95)?;
        let estimates = fitted.model.parameters();
        let held = |i: usize| match intervals.get(i) {
            Some(interval) => interval.lower <= truth[i] && truth[i] <= interval.upper,
            None => estimates[i] == truth[i],
        };
        Ok(Some((0..truth.len()).map(held).collect::<Vec<_>>()))
    })?;
    let held: Vec<Vec<bool>> = each.into_iter().flatten().collect();
    Ok(Found {
        covered: (0..truth.len()).map(|i| held.iter().filter(|held| held[i]).count()).collect(),
        converged: held.len(),
    })
}
