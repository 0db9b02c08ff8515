//! Fits of every model of the registry on a million customers who are simulated from it: `make million` runs it and writes the page.
//!
//! `cargo run --release -p cam-core --example million -- DATE [CUSTOMERS] [MODEL …]` prints the page `docs/million.md`.
//!
//! Purchases fall at any moment, so that no two histories are alike, but for those of customers who never came again: the worst case for a fit
//! that counts equal rows once. Histories of hierarchical models are those of Pareto/NBD, and their sweeps few: what a sweep takes is told.

#[expect(dead_code, reason = "the log is for other examples")]
mod measure;

use cam_core::registry::Entry;
use cam_core::{Control, FitOptions, Result, Table, model, models, task, task::Models};
use measure::{memory_mb, processor_seconds};
use std::time::Instant;

/// Sweeps of a hierarchical sampler, warm-up and all, in one chain.
const SWEEPS: u32 = 20;

fn main() -> Result<()> {
    let mut given = std::env::args().skip(1);
    let date = given.next().unwrap_or_default();
    let customers: usize = given.next().and_then(|n| n.parse().ok()).unwrap_or(1_000_000);
    let only: Vec<String> = given.collect();
    println!("# Fits on a million customers\n");
    println!(
        "By `make million`{}. {customers} customers are drawn from",
        if date.is_empty() { String::new() } else { format!(" on {date}") }
    );
    println!(
        "each model, all observed for one length of time, at moments rather than on days, so that hardly two histories are alike, and the model is"
    );
    println!(
        "fitted to them by maximum likelihood on one thread and on two. *Memory* is the peak beyond what the table takes. *Within 95 %* says of how many"
    );
    println!(
        "parameters the interval (Wald, on the log scale) holds the truth; a whole number has to be met.\n"
    );
    println!("| model | evaluations | CPU, s | wall, 2 threads, s | memory, MB | within 95 % | status |");
    println!("|---|--:|--:|--:|--:|--:|---|");
    for entry in
        models().iter().filter(|entry| only.is_empty() || only.iter().any(|id| id == entry.spec().id))
    {
        fit(entry, customers)?;
    }
    println!(
        "\nThe hierarchical samplers draw for every customer in every sweep; {SWEEPS} sweeps of one chain, far too few for an answer, show what one takes.\n"
    );
    println!("| model | heterogeneity | CPU per sweep, s | memory, MB |");
    println!("|---|---|--:|--:|");
    for (id, heterogeneity) in
        [("pareto_nbd_hb", "gamma"), ("pareto_nbd_hb", "log_normal"), ("pareto_ggg", "gamma")]
    {
        if only.is_empty() || only.iter().any(|one| one == id) {
            sample(id, heterogeneity, customers)?;
        }
    }
    Ok(())
}

/// Customers of a model: its columns.
fn drawn(entry: &Entry, customers: usize) -> Result<Vec<Vec<f64>>> {
    let (truth, design) = entry.spec().example;
    let start = vec![design; customers];
    let design = entry.spec().design.iter().try_fold(Table::new(), |t, c| t.with(c.name, &start[..]))?;
    entry.with_parameters(truth, None)?.model.simulate(&design, 1, &Control::new())
}

/// What a piece of work takes: wall and processor seconds, and the peak of memory in MB beyond what was in use.
fn measured<T>(work: impl FnOnce() -> Result<T>) -> Result<(T, [f64; 3])> {
    let before = memory_mb("VmRSS");
    // Writing 5 there sets the peak back to what is in use now.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let (clock, used) = (Instant::now(), processor_seconds());
    let answer = work()?;
    let took = [clock.elapsed().as_secs_f64(), processor_seconds() - used, memory_mb("VmHWM") - before];
    Ok((answer, took))
}

fn fit(entry: &Entry, customers: usize) -> Result<()> {
    let spec = entry.spec();
    let columns = drawn(entry, customers)?;
    let table =
        spec.columns.iter().zip(&columns).try_fold(Table::new(), |t, (c, v)| t.with(c.name, &v[..]))?;
    let run = |threads| measured(|| entry.fit(&table, &FitOptions::new(), &Control::new().threads(threads)));
    let (fitted, [_, processor, memory]) = run(1)?;
    let (_, [wall, ..]) = run(2)?;
    let report = fitted.report()?;
    let (truth, _) = spec.example;
    let intervals = fitted.confidence_intervals(0.95)?;
    let found = fitted.model.parameters();
    let held = truth.iter().enumerate().filter(|&(i, truth)| match intervals.get(i) {
        Some(interval) => interval.lower <= *truth && *truth <= interval.upper,
        None => found[i] == *truth,
    });
    println!(
        "| {} | {} | {processor:.2} | {wall:.2} | {memory:.0} | {} of {} | {} |",
        spec.title,
        report.evaluations,
        held.count(),
        truth.len(),
        if report.converged() { "converged" } else { "**not converged**" }
    );
    Ok(())
}

fn sample(id: &str, heterogeneity: &str, customers: usize) -> Result<()> {
    let entry = model("pareto_nbd")?;
    let mut columns = drawn(entry, customers)?;
    // Of intervals as equal as they can be.
    columns.push(
        columns[0]
            .iter()
            .zip(&columns[1])
            .map(|(x, t)| if *x > 0.0 { x * (t / x).ln() } else { 0.0 })
            .collect(),
    );
    let names = ["frequency", "recency", "T", "log_intervals"];
    let table = names.iter().zip(&columns).try_fold(Table::new(), |t, (name, v)| t.with(name, &v[..]))?;
    let mut options = format!(r#""draws": {}, "burn_in": {}, "chains": 1"#, SWEEPS / 2, SWEEPS / 2);
    if heterogeneity != "gamma" {
        options += &format!(r#", "heterogeneity": "{heterogeneity}""#);
    }
    let run = || task(id)?.run(&table, Models::NONE, &format!("{{{options}}}"), &Control::new().threads(1));
    let (_, [_, processor, memory]) = measured(run)?;
    println!("| `{id}` | {heterogeneity} | {:.2} | {memory:.0} |", processor / f64::from(SWEEPS));
    Ok(())
}
