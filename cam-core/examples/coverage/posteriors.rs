//! The hierarchical models: how often intervals of the posterior hold the truth about the population.

use cam_core::math::diagnostics::quantile;
use cam_core::math::random::Stream;
use cam_core::task::Models;
use cam_core::{Control, Error, ErrorKind, Result, Table, task};
use serde_json::{Value, json};
use std::time::Instant;

/// Above this a fit warns that the chains do not agree.
const MOST_R_HAT: f64 = 1.05;
const CHAINS: usize = 2;

/// One row of the page.
struct Study {
    title: &'static str,
    task: &'static str,
    names: &'static [&'static str],
    /// The truth of every replication; or, with a prior of each parameter, one truth each, drawn from it.
    truth: Truth,
    /// Customers with these parameters: the columns of the task.
    customers: fn(&[f64], &mut Stream) -> [f64; 4],
    columns: &'static [&'static str],
    /// What the sampler is told besides the prior.
    options: fn() -> Value,
    /// Replications of one hundred that are asked, because one takes long, and customers of each.
    share: (usize, usize),
}

enum Truth {
    Fixed(&'static [f64]),
    /// Shape and rate of the gamma prior of each parameter, of which the sampler is told.
    FromPrior(&'static [[f64; 2]]),
}

const HISTORY: &[&str] = &["frequency", "recency", "T"];
const TIMED: &[&str] = &["frequency", "recency", "T", "log_intervals"];
const GAMMA: &[&str] = &["r", "alpha", "s", "beta"];

const STUDIES: [Study; 4] = [
    Study {
        title: "Pareto/NBD, gamma; one truth, vague priors",
        task: "pareto_nbd_hb",
        names: GAMMA,
        truth: Truth::Fixed(&[0.8, 8.0, 0.7, 12.0]),
        customers: gamma,
        columns: HISTORY,
        options: || json!({"burn_in": 500, "draws": 500}),
        share: (100, 500),
    },
    Study {
        title: "Pareto/NBD, gamma; the truth from the prior",
        task: "pareto_nbd_hb",
        names: GAMMA,
        truth: Truth::FromPrior(&[[8.0, 10.0], [8.0, 1.0], [8.0, 10.0], [8.0, 0.6]]),
        customers: gamma,
        columns: HISTORY,
        options: || json!({"burn_in": 500, "draws": 500}),
        share: (100, 500),
    },
    Study {
        title: "Pareto/NBD, log-normal; one truth, the usual priors",
        task: "pareto_nbd_hb",
        names: &["log_lambda_intercept", "log_mu_intercept", "variance_lambda", "covariance", "variance_mu"],
        truth: Truth::Fixed(&[-1.5, -3.5, 0.8, 0.3, 0.8]),
        customers: log_normal,
        columns: HISTORY,
        options: || json!({"heterogeneity": "log_normal", "burn_in": 500, "draws": 1000, "thin": 2}),
        share: (25, 300),
    },
    Study {
        title: "Pareto/GGG; the truth from the prior",
        task: "pareto_ggg",
        names: &["t", "gamma", "r", "alpha", "s", "beta"],
        truth: Truth::FromPrior(&[[8.0, 2.0], [8.0, 4.0], [8.0, 4.0], [8.0, 1.0], [8.0, 8.0], [8.0, 0.4]]),
        customers: regular,
        columns: TIMED,
        options: || json!({"burn_in": 300, "draws": 600}),
        share: (25, 100),
    },
];

/// Print the section; `replications` are those of the models, of which a part is made.
pub(crate) fn section(replications: usize) -> Result<()> {
    println!("\n## Posteriors of populations\n");
    println!(
        "The same for the [hierarchical models](theory/hierarchical.md), whose intervals are those of the posterior, from the 2.5 % to the 97.5 % quantile of {CHAINS} chains. Where the truth is drawn from the prior that the sampler is told, anew in each replication, an exact"
    );
    println!(
        "posterior holds it in 95 %, whatever the number of customers: any difference is an error of the sampler, or chance. Where there is one truth, the prior has its say, too. Replications in which an R-hat is above {MOST_R_HAT} – the fit warns of it – are counted apart.\n"
    );
    println!(
        "| model | customers | chains agree | coverage by parameter, % | mean | by chance ± | seconds |"
    );
    println!("|---|--:|--:|---|--:|--:|--:|");
    for study in &STUDIES {
        let (times, begun) = ((replications * study.share.0).div_ceil(500), Instant::now());
        let held = Control::new().map(times, |replication| study.replicate(1 + replication as u64))?;
        let held: Vec<Vec<bool>> = held.into_iter().flatten().collect();
        let share = |i: usize| 100.0 * held.iter().filter(|h| h[i]).count() as f64 / held.len().max(1) as f64;
        let each: Vec<String> =
            study.names.iter().enumerate().map(|(i, name)| format!("{name} {:.1}", share(i))).collect();
        println!(
            "| {} | {} | {} of {times} | {} | {:.1} | {:.1} | {:.0} |",
            study.title,
            study.share.1,
            held.len(),
            each.join(", "),
            (0..study.names.len()).map(share).sum::<f64>() / study.names.len() as f64,
            196.0 * (0.95_f64 * 0.05 / held.len().max(1) as f64).sqrt(),
            begun.elapsed().as_secs_f64()
        );
    }
    println!(
        "\nWhere chains do not agree it is their length: {CHAINS} chains of some hundred draws are short where the posterior has a [long tail](theory/hierarchical.md#story) of *s* and *beta*, and the log-normal and Pareto/GGG move slowly. The Gibbs samplers are held"
    );
    println!(
        "to their priors in another way, too: data are drawn anew along with the parameters, which must then be distributed as the prior (Geweke 2004; [theory](theory/hierarchical.md#was-it-drawn-right)). Pareto/GGG takes some tens of microseconds per customer and sweep, hence the fewer replications of fewer customers."
    );
    Ok(())
}

impl Study {
    /// Which truths the intervals hold; none where the chains do not agree.
    fn replicate(&self, seed: u64) -> Result<Option<Vec<bool>>> {
        let mut stream = Stream::new(seed, u64::MAX);
        let mut options = (self.options)();
        let truth: Vec<f64> = match self.truth {
            Truth::Fixed(truth) => truth.to_vec(),
            Truth::FromPrior(priors) => {
                options["priors"] =
                    self.names.iter().zip(priors).map(|(n, p)| (n.to_string(), json!(p))).collect();
                priors.iter().map(|[shape, rate]| stream.gamma(*shape) / rate).collect()
            }
        };
        options["seed"] = json!(seed);
        options["chains"] = json!(CHAINS);
        let rows: Vec<[f64; 4]> =
            (0..self.share.1).map(|i| (self.customers)(&truth, &mut Stream::new(seed, i as u64))).collect();
        let columns: Vec<Vec<f64>> =
            (0..self.columns.len()).map(|c| rows.iter().map(|row| row[c]).collect()).collect();
        let table =
            self.columns.iter().zip(&columns).try_fold(Table::new(), |t, (n, c)| t.with(n, &c[..]))?;
        let alone = Control::new().threads(1);
        let answer = task(self.task)?.run(&table, Models::NONE, &options.to_string(), &alone)?;
        let invalid = |e: serde_json::Error| Error::new(ErrorKind::InvalidDocument, e.to_string());
        let found: Value = serde_json::from_str(&answer.output).map_err(invalid)?;
        let accounts = found["summary"].as_array().map(Vec::as_slice).unwrap_or_default();
        if !accounts.iter().all(|of| of["r_hat"].as_f64().is_some_and(|r_hat| r_hat <= MOST_R_HAT)) {
            return Ok(None);
        }
        let mut held = Vec::new();
        for (i, truth) in truth.iter().enumerate() {
            let chains: Vec<Vec<f64>> =
                serde_json::from_value(found["posterior"]["draws"][i].clone()).map_err(invalid)?;
            let mut all = chains.concat();
            held.push(quantile(&mut all, 0.025) <= *truth && *truth <= quantile(&mut all, 0.975));
        }
        Ok(Some(held))
    }
}

/// A Poisson process that ends: frequency, recency, T and nothing.
fn poisson(rate: f64, leaving: f64, age: f64, stream: &mut Stream) -> [f64; 4] {
    let end = (stream.exponential() / leaving).min(age);
    let x = stream.poisson(rate * end);
    // The last of x moments that are spread evenly.
    let recency = if x > 0.0 { end * stream.uniform().powf(1.0 / x) } else { 0.0 };
    [x, recency, age, 0.0]
}

fn gamma(truth: &[f64], stream: &mut Stream) -> [f64; 4] {
    let [rate, leaving] = [0, 2].map(|i| stream.gamma(truth[i]) / truth[i + 1]);
    poisson(rate, leaving, 52.0, stream)
}

fn log_normal(truth: &[f64], stream: &mut Stream) -> [f64; 4] {
    let [first, second, variance, covariance, other] = [0, 1, 2, 3, 4].map(|i| truth[i]);
    let (z, w) = (stream.normal(), stream.normal());
    let slope = covariance / variance.sqrt();
    let leaving = second + slope * z + (other - slope * slope).sqrt() * w;
    poisson((first + variance.sqrt() * z).exp(), leaving.exp(), 104.0, stream)
}

/// A renewal process with gamma intervals that ends, with the sum of the logarithms of its intervals.
fn regular(truth: &[f64], stream: &mut Stream) -> [f64; 4] {
    const AGE: f64 = 104.0;
    let [k, rate, leaving] = [0, 2, 4].map(|i| stream.gamma(truth[i]) / truth[i + 1]);
    let end = (stream.exponential() / leaving).min(AGE);
    let (mut x, mut recency, mut logs) = (0.0, 0.0, 0.0);
    loop {
        let interval = stream.gamma(k) / (k * rate);
        if recency + interval > end {
            return [x, recency, AGE, logs];
        }
        x += 1.0;
        recency += interval;
        logs += interval.ln();
    }
}
