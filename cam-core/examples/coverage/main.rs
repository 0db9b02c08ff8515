//! How often intervals cover the truth: simulate, fit, look; for every model of the registry, and for those that take covariates with one on each process; for covariates
//! that change, and for the hierarchical models. `make coverage` runs it and writes the page.
//!
//! `cargo run --release -p cam-core --example coverage -- REPLICATIONS DATE [CUSTOMERS [PART]]` prints the page `docs/coverage.md`, or one part of it: `models`,
//! `profiles`, `time_varying` or `posteriors`.

mod posteriors;
mod time_varying;

use cam_core::inference::profile_intervals;
use cam_core::model::Covariates;
use cam_core::registry::Entry;
use cam_core::{Control, Error, ErrorKind, FitOptions, Fitted, Model, Result, Table, model, models};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::time::Instant;

/// A model with its truth.
struct Subject {
    entry: &'static Entry,
    model: Box<dyn Model>,
    title: String,
    options: FitOptions,
}

/// What the replications of one model found.
struct Found {
    /// Of each parameter, how often its interval held the truth.
    covered: Vec<usize>,
    /// Replications with a maximum.
    converged: usize,
}

impl Found {
    /// Of a parameter, in how many of a hundred its interval held the truth.
    fn share(&self, parameter: usize) -> f64 {
        100.0 * self.covered[parameter] as f64 / self.converged.max(1) as f64
    }

    /// From what each replication with a maximum held.
    fn of(parameters: usize, each: Vec<Option<Vec<bool>>>) -> Found {
        let held: Vec<Vec<bool>> = each.into_iter().flatten().collect();
        let covered = (0..parameters).map(|i| held.iter().filter(|held| held[i]).count()).collect();
        Found { covered, converged: held.len() }
    }
}

fn main() -> Result<()> {
    let mut given = std::env::args().skip(1);
    let replications: usize = given.next().and_then(|n| n.parse().ok()).unwrap_or(1000);
    let date = given.next().unwrap_or_default();
    let customers: usize = given.next().and_then(|n| n.parse().ok()).unwrap_or(1000);
    let part = given.next();
    let asked = |name: &str| part.as_deref().is_none_or(|part| part == name);
    if asked("models") {
        of_models(replications, &date, customers)?;
    }
    if asked("profiles") {
        of_profiles(replications, customers)?;
    }
    if asked("time_varying") {
        time_varying::section(replications, customers)?;
    }
    if asked("posteriors") {
        posteriors::section(replications)?;
    }
    Ok(())
}

fn of_models(replications: usize, date: &str, customers: usize) -> Result<()> {
    println!("# Coverage of confidence intervals\n");
    println!(
        "By `make coverage`{}. For every model {customers} customers are drawn at the parameters of its trials, and the model is",
        if date.is_empty() { String::new() } else { format!(" on {date}") }
    );
    println!(
        "fitted: {replications} times; then the same with a covariate on each process. A 95 % interval (Wald, on the log scale) should hold the truth in 95 % of them; by chance alone the figure"
    );
    let band = chance(replications);
    println!(
        "is {band:.1} points off or less in 95 of 100 cases. Replications without a maximum are counted apart: in them the data"
    );
    println!(
        "identify too little, and the fit says so. Whole numbers are chosen, and have no interval; there the share is told in which the right one was.\n"
    );
    println!("| model | with a maximum | coverage by parameter, % | mean | seconds |");
    println!("|---|--:|---|--:|--:|");
    let plain = models().iter().map(Subject::plain);
    let scaled = models().iter().filter(|entry| !entry.processes().is_empty()).map(Subject::with_covariates);
    let mut figures: Vec<f64> = Vec::new();
    for subject in plain.chain(scaled) {
        let (subject, begun) = (subject?, Instant::now());
        let found = replicate(&subject, replications, customers, Way::Wald)?;
        let estimated = subject.estimated();
        show(&subject.title, &subject.model.names(), &found, replications, &estimated, begun);
        figures.extend(estimated.iter().map(|&i| found.share(i)));
    }
    let within = |width: f64| figures.iter().filter(|f| (**f - 95.0).abs() <= width).count();
    let mean = figures.iter().sum::<f64>() / figures.len() as f64;
    println!(
        "\n{} of the {} figures lie within {band:.1} points of 95, {} within twice that, and their mean is {mean:.1}. Those that are further off are of the normal approximation, which is for many customers:",
        within(band),
        figures.len(),
        within(2.0 * band),
    );
    println!(
        "the shape of few spenders leans, and so does that of rare purchases. Profile likelihood follows it:"
    );
    Ok(())
}

/// By how many points a share of 95 % is off by chance, at the most in 95 of 100 cases.
fn chance(replications: usize) -> f64 {
    196.0 * (0.95_f64 * 0.05 / replications as f64).sqrt()
}

/// Where the normal approximation is furthest off: the intervals of profile likelihood, of the same data.
fn of_profiles(replications: usize, customers: usize) -> Result<()> {
    println!("\n## By profile likelihood\n");
    println!("The same data and fits of the models in which the normal approximation is furthest off.\n");
    println!("| model | with a maximum | coverage by parameter, % | mean | seconds |");
    println!("|---|--:|---|--:|--:|");
    let subjects = [
        Subject::plain(model("gamma_gamma")?)?,
        Subject::with_covariates(model("gamma_gamma")?)?,
        Subject::with_covariates(model("mbg_nbd")?)?,
        Subject::with_covariates(model("mbg_cnbd_k")?)?,
    ];
    for subject in subjects {
        let begun = Instant::now();
        let found = replicate(&subject, replications, customers, Way::Profile)?;
        show(&subject.title, &subject.model.names(), &found, replications, &subject.estimated(), begun);
    }
    Ok(())
}

/// Which intervals.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    Wald,
    Profile,
}

/// A row of the page.
fn show(
    title: &str,
    names: &[Cow<'_, str>],
    found: &Found,
    replications: usize,
    estimated: &[usize],
    begun: Instant,
) {
    let each: Vec<String> =
        names.iter().enumerate().map(|(i, name)| format!("{name} {:.1}", found.share(i))).collect();
    println!(
        "| {title} | {} of {replications} | {} | {:.1} | {:.0} |",
        found.converged,
        each.join(", "),
        estimated.iter().map(|&i| found.share(i)).sum::<f64>() / estimated.len() as f64,
        begun.elapsed().as_secs_f64()
    );
}

impl Subject {
    fn plain(entry: &'static Entry) -> Result<Subject> {
        let model = entry.with_parameters(entry.spec().example.0, None)?.model;
        Ok(Subject { entry, model, title: entry.spec().title.into(), options: FitOptions::new() })
    }

    /// The covariate `z` acts on every process. A model with known coefficients is a document that was written by hand: here one of a fit, with the truth in it.
    fn with_covariates(entry: &'static Entry) -> Result<Subject> {
        let on = entry.processes().iter().fold(Covariates::new(), |c, process| c.on(process.name, ["z"]));
        let plain = Subject { options: FitOptions::new().covariates(on), ..Subject::plain(entry)? };
        let columns = plain.drawn(1000, 1, &Control::new())?;
        let fitted = entry.fit(&table(&columns)?, &plain.options, &Control::new())?;
        let invalid = |e: serde_json::Error| Error::new(ErrorKind::InvalidDocument, e.to_string());
        let mut document: Value = serde_json::from_str(&fitted.to_json()?).map_err(invalid)?;
        for (parameter, value) in entry.spec().parameters.iter().zip(entry.spec().example.0) {
            document["parameters"][parameter.name] = json!(value);
        }
        if let Some(coefficients) = document["covariates"]["coefficients"].as_object_mut() {
            coefficients
                .values_mut()
                .zip([0.4, -0.3, 0.2, 0.1].iter().cycle())
                .for_each(|(v, c)| *v = json!(c));
        }
        document["fit"] = Value::Null;
        let model = Fitted::<Box<dyn Model>>::from_json(&document.to_string())?.model;
        Ok(Subject { model, title: format!("{}, covariates", plain.title), ..plain })
    }

    /// Positions of what is estimated, and not chosen.
    fn estimated(&self) -> Vec<usize> {
        let spec = self.entry.spec();
        let whole = spec.free_parameters().len()..spec.parameters.len();
        (0..self.model.parameters().len()).filter(|i| !whole.contains(i)).collect()
    }

    /// Simulated customers, and the covariate.
    fn drawn(
        &self,
        customers: usize,
        seed: u64,
        control: &Control<'_>,
    ) -> Result<Vec<(&'static str, Vec<f64>)>> {
        let spec = self.entry.spec();
        let start = vec![spec.example.1; customers];
        // From −1 to 1, in 41 steps, so that customers may be alike.
        let z: Vec<f64> = (0..customers).map(|i| ((17 * i) % 41) as f64 / 20.0 - 1.0).collect();
        let design = spec.design.iter().try_fold(Table::new(), |t, c| t.with(c.name, &start[..]))?;
        let drawn = self.model.simulate(&design.with("z", &z[..])?, seed, control)?;
        Ok(spec.columns.iter().map(|c| c.name).zip(drawn).chain([("z", z)]).collect())
    }
}

fn table<'a>(columns: &'a [(&'static str, Vec<f64>)]) -> Result<Table<'a>> {
    columns.iter().try_fold(Table::new(), |table, (name, values)| table.with(name, &values[..]))
}

fn replicate(subject: &Subject, replications: usize, customers: usize, way: Way) -> Result<Found> {
    let truth = subject.model.parameters();
    let estimated = subject.estimated();
    let each = Control::new().map(replications, |replication| {
        let alone = Control::new().threads(1);
        let columns = subject.drawn(customers, 1 + replication as u64, &alone)?;
        let Ok(fitted) = subject.entry.fit(&table(&columns)?, &subject.options, &alone) else {
            return Ok(None);
        };
        if !fitted.report()?.converged() {
            return Ok(None);
        }
        let data = table(&columns)?;
        let ends: Vec<[f64; 2]> = match way {
            Way::Wald => fitted.confidence_intervals(0.95)?.iter().map(|i| [i.lower, i.upper]).collect(),
            Way::Profile => {
                let Ok(found) = profile_intervals(&fitted, &data, 0.95, &alone) else { return Ok(None) };
                // A profile that never falls low enough has no end there.
                let ends = |i: &cam_core::fit::ProfileInterval| {
                    [i.lower.unwrap_or(f64::NEG_INFINITY), i.upper.unwrap_or(f64::INFINITY)]
                };
                found.iter().map(ends).collect()
            }
        };
        let estimates = fitted.model.parameters();
        let mut held: Vec<bool> = truth.iter().zip(&estimates).map(|(truth, found)| truth == found).collect();
        for (&i, [lower, upper]) in estimated.iter().zip(&ends) {
            held[i] = *lower <= truth[i] && truth[i] <= *upper;
        }
        Ok(Some(held))
    })?;
    Ok(Found::of(truth.len(), each))
}
