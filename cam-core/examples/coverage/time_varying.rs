//! Pareto/NBD with a covariate that moves, on both processes.

use crate::{Found, show};
use cam_core::clv::ParetoNbd;
use cam_core::clv::time_varying::{Walks, fit_time_varying, simulate_time_varying};
use cam_core::model::{Covariates, WithCovariates};
use cam_core::{Control, Family, FitOptions, Model, Result, Table};
use std::time::Instant;

/// The covariate holds for so long, in the unit of time.
const STEP: f64 = 1.0;
/// How often it changes, until the customers are as old as those of the trials.
const STEPS: usize = 52;

/// Print the section.
pub(crate) fn section(replications: usize, customers: usize) -> Result<()> {
    println!("\n## Covariates that change\n");
    println!(
        "Pareto/NBD with a covariate that moves with every unit of time, {STEPS} steps in all, another way for each customer, and acts on both processes: {customers} customers are drawn from the Poisson process itself, and fitted.\n"
    );
    println!("| model | with a maximum | coverage by parameter, % | mean | seconds |\n|---|--:|---|--:|--:|");
    let begun = Instant::now();
    let covariates = Covariates::new().on("purchase", ["z"]).on("lifetime", ["z"]);
    let base = ParetoNbd::from_parameters(ParetoNbd::SPEC.example.0)?;
    let truth = WithCovariates::new(base, &covariates, &[0.4, -0.3])?;
    let design = design(customers);
    let to_come = Walks::unobserved(&table(&design)?, &covariates)?;
    let held = Control::new().map(replications, |replication| {
        let alone = Control::new().threads(1);
        let times = simulate_time_varying(&truth, &to_come, 1 + replication as u64, &alone)?;
        let (purchases, recency) = observed(&times);
        let seen = table(&design)?.with("purchases", &purchases[..])?.with("recency", &recency[..])?;
        let Ok(fitted) = fit_time_varying(&Walks::new(&seen, &covariates)?, &FitOptions::new(), &alone)
        else {
            return Ok(None);
        };
        if !fitted.report()?.converged() {
            return Ok(None);
        }
        let intervals = fitted.confidence_intervals(0.95)?;
        let hold =
            intervals.iter().zip(truth.parameters()).map(|(i, truth)| i.lower <= truth && truth <= i.upper);
        Ok(Some(hold.collect()))
    })?;
    let found = Found::of(truth.parameters().len(), held);
    let estimated: Vec<usize> = (0..found.covered.len()).collect();
    show("Pareto/NBD, a covariate that moves", &truth.names(), &found, replications, &estimated, begun);
    Ok(())
}

/// Customers with the steps of their covariate: from −1 to 1, in no order that could be told from chance.
fn design(customers: usize) -> [(&'static str, Vec<f64>); 4] {
    let rows = || (0..customers).flat_map(|i| (0..STEPS).map(move |k| (i, k)));
    [
        ("customer", rows().map(|(i, _)| i as f64).collect()),
        ("start", rows().map(|(_, k)| STEP * k as f64).collect()),
        ("T", vec![STEP * STEPS as f64; customers * STEPS]),
        (
            "z",
            rows()
                .map(|(i, k)| ((17 * i + 23 * k + 5 * i * k + 3 * k * k) % 41) as f64 / 20.0 - 1.0)
                .collect(),
        ),
    ]
}

fn table<'a>(design: &'a [(&'static str, Vec<f64>)]) -> Result<Table<'a>> {
    design.iter().try_fold(Table::new(), |table, (name, values)| table.with(name, &values[..]))
}

/// The purchases of each step, and the recency, from the times of the purchases.
fn observed(times: &[Vec<f64>]) -> (Vec<f64>, Vec<f64>) {
    let (mut purchases, mut recency) = (vec![0.0; times.len() * STEPS], vec![0.0; times.len() * STEPS]);
    for (i, times) in times.iter().enumerate() {
        times.iter().for_each(|t| purchases[i * STEPS + ((t / STEP) as usize).min(STEPS - 1)] += 1.0);
        recency[i * STEPS..][..STEPS].fill(times.last().copied().unwrap_or(0.0));
    }
    (purchases, recency)
}
