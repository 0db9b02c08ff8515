//! Any set of models on the same customers: fit, errors, order, distribution, and which one to take.
//!
//! # The recommendation
//!
//! With a holdout, the model with the best mean log score; but where another one with fewer parameters is within two standard errors of it (of the
//! customers' differences, as in Vuong 1989, Econometrica 57(2), 307–333), the one with the fewest: data that cannot tell two models apart are no
//! reason for the larger. Without a holdout, the lowest BIC. Models whose fit did not end at a maximum are taken only where there is no other.

use super::counts::{Uniformity, count_scores, uniformity};
use super::frequency::{FrequencyFit, frequency_fit};
use super::points::{Decile, PointErrors, deciles, point_errors};
use super::ranking::{Ranking, ranking};
use crate::clv::{spend_independence, time_varying::Customers};
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result, brief, brief_p};
use crate::fit::{FitOptions, Fitted, Status};
use crate::math::incomplete_gamma::gamma_q;
use crate::model::{Model, Quantity};
use crate::registry::model;
use crate::table::{Domain, Table};
use crate::task::{Answer, Models, Setting, Task, TaskSpec};
use serde::{Deserialize, Serialize};
use std::fmt::Write;

/// The column with the purchases in the holdout.
const HOLDOUT: &str = "frequency_holdout";
/// The columns for the lift of value: expected spend per purchase, and what was spent in the holdout.
const EXPECTED_SPEND: &str = "expected_spend";
const HOLDOUT_VALUE: &str = "value_holdout";

/// What is compared.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompareOptions {
    /// The length of the holdout, in the unit of the models; none where there is no holdout.
    #[serde(default)]
    pub holdout: Option<f64>,
    /// Names of the models, in their order; their ids by default.
    #[serde(default)]
    pub labels: Vec<String>,
    /// The seed of the randomised probability integral transform.
    #[serde(default)]
    pub seed: u64,
}

/// What there is to say of one model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judged {
    /// Its name in this comparison.
    pub label: String,
    /// Its name in the registry.
    pub model: String,
    /// Parameters, those chosen among whole numbers included.
    pub parameters: usize,
    /// How its fit ended; none where the parameters were given.
    pub status: Option<Status>,
    /// The log-likelihood of the calibration.
    pub log_likelihood: f64,
    /// Akaike's information criterion.
    pub aic: f64,
    /// The Bayesian information criterion.
    pub bic: f64,
    /// Frequencies of the calibration.
    pub frequency: FrequencyFit,
    /// How it did on the holdout.
    pub holdout: Option<Holdout>,
    /// What the data say against it.
    pub warnings: Vec<String>,
    /// Whether it was fitted to other data than these, which may be those of the holdout.
    pub other_data: bool,
}

/// How a model did on the holdout.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Holdout {
    /// Mean of −ln P(X = n | history) over the customers; infinite where a model ruled out what happened.
    pub log_score: f64,
    /// Its excess over the best model's, and the standard error of that; 0 for the best.
    pub log_score_excess: f64,
    /// See there.
    pub log_score_excess_error: f64,
    /// Errors of expected purchases.
    pub errors: PointErrors,
    /// The order of the customers by purchases.
    pub ranking: Ranking,
    /// By value, where the table says what was spent and what was expected.
    pub value_ranking: Option<Ranking>,
    /// Expected and actual purchases by tenths.
    pub calibration: Vec<Decile>,
    /// The probability integral transform.
    pub transform: Uniformity,
}

/// Models compared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// Customers.
    pub customers: usize,
    /// Each model, in the order given.
    pub models: Vec<Judged>,
    /// The position of the one to take.
    pub recommended: usize,
    /// Which one, and why.
    pub reason: String,
    /// What the data say whatever the model.
    pub warnings: Vec<String>,
    /// For each model, and each customer: expected purchases and ln P(n | history); empty without a holdout.
    #[serde(skip)]
    pub expected: Vec<Vec<f64>>,
    /// See there.
    #[serde(skip)]
    pub log_probability: Vec<Vec<f64>>,
    /// The transform of each customer.
    #[serde(skip)]
    pub transform: Vec<Vec<f64>>,
}

/// Differences of scores up to this part of them are rounding, or where a search ended.
const EQUAL: f64 = 1e-7;

/// Below this a test contradicts a model: with thousands of customers five per cent would contradict all of them.
const CONTRADICTS: f64 = 1e-3;

/// Compare purchase models on the customers of a table: the columns of all of them and, with a holdout, `frequency_holdout` with the purchases in it
/// (and, for the lift of value, `expected_spend` and `value_holdout`). A column `weight` counts for the frequencies and the log-likelihood only.
/// Where covariates of a Pareto/NBD model change over time, the table has the [steps](crate::clv::time_varying::Walks::new) of each customer, and all other columns are those of the first.
///
/// # Errors
/// No models, models that are not of purchases, columns missing, or what a model says to a row.
pub fn compare(
    models: &[&Fitted<Box<dyn Model>>],
    table: &Table<'_>,
    options: &CompareOptions,
    control: &Control<'_>,
) -> Result<Comparison> {
    if models.is_empty() {
        return Err(Error::shape("a comparison needs at least one model").with_field("models"));
    }
    if !options.labels.is_empty() && options.labels.len() != models.len() {
        let (labels, models) = (options.labels.len(), models.len());
        return Err(Error::shape(format!("need a label for each of {models} models, got {labels}"))
            .with_field("labels"));
    }
    if let Some(horizon) = options.holdout
        && !Domain::Positive.contains(horizon)
    {
        return Err(Error::parameter("holdout", Domain::Positive.rule(), horizon));
    }
    for fitted in models {
        let spec = fitted.model.spec();
        if !spec.quantities.contains(&"purchase_probability") {
            let message = format!("a comparison takes models of purchases; {} is not one", spec.id);
            return Err(Error::new(ErrorKind::Unsupported, message).with_field("models"));
        }
    }
    let Some(customers) = Customers::of(table)? else { return judge_all(models, table, options, control) };
    let walking = models.iter().map(|fitted| customers.fitted(fitted)).collect::<Result<Vec<_>>>()?;
    let walking: Vec<&Fitted<Box<dyn Model>>> = walking.iter().collect();
    customers.ask(|rows| judge_all(&walking, rows, options, control))
}

fn judge_all(
    models: &[&Fitted<Box<dyn Model>>],
    table: &Table<'_>,
    options: &CompareOptions,
    control: &Control<'_>,
) -> Result<Comparison> {
    let mut all = Comparison {
        customers: table.rows(),
        models: Vec::new(),
        recommended: 0,
        reason: String::new(),
        warnings: data_warnings(table, control),
        expected: Vec::new(),
        log_probability: Vec::new(),
        transform: Vec::new(),
    };
    for (i, fitted) in models.iter().enumerate() {
        let label = options.labels.get(i).cloned().unwrap_or_else(|| fitted.model.spec().id.into());
        judge(fitted, label, table, options, control, &mut all)?;
    }
    compare_scores(&mut all);
    (all.recommended, all.reason) = recommend(&all);
    Ok(all)
}

fn judge(
    fitted: &Fitted<Box<dyn Model>>,
    label: String,
    table: &Table<'_>,
    options: &CompareOptions,
    control: &Control<'_>,
    all: &mut Comparison,
) -> Result<()> {
    let model = &*fitted.model;
    let spec = model.spec();
    // Whole numbers are parameters, too, but chosen, not estimated.
    let (parameters, estimated) = (model.parameters().len(), fitted.estimated());
    let weight = table.get("weight");
    let scores = model.score(&Quantity::LogLikelihood {}, table, control)?;
    let weighted = |(i, log): (usize, &f64)| weight.map_or(*log, |w| w[i] * log);
    let log_likelihood: f64 = scores.iter().enumerate().map(weighted).sum();
    let customers = weight.map_or(table.rows() as f64, |w| w.sum());
    let frequency = frequency_fit(model, table, estimated, control)?;
    // A posterior reports the likelihood elsewhere than at the means of its draws.
    let reported = fitted.fit.as_ref().filter(|fit| fit.posterior.is_none()).map(|fit| fit.log_likelihood);
    let elsewhere = reported.filter(|log| (log - log_likelihood).abs() > 1e-6 * log_likelihood.abs());
    let mut warnings = model_warnings(fitted, log_likelihood, table, control);
    if let Some(log) = elsewhere {
        warnings.push(format!(
            "it was fitted to other data: its log-likelihood was {log:.3} there; where those held the holdout, it knows what it is judged by"
        ));
    }
    if let Some(p) = frequency.p_value.filter(|p| *p < CONTRADICTS) {
        warnings.push(format!(
            "the frequencies of the calibration are not those of the model (chi-square {:.1}, p-value {})",
            frequency.chi_square,
            brief_p(p)
        ));
    }
    let holdout = match options.holdout {
        Some(horizon) => {
            let counts = table.column(HOLDOUT)?.to_vec();
            if spec.is_discrete()
                && let Some(row) = counts.iter().position(|n| *n > horizon)
            {
                let (n, title) = (brief(counts[row]), spec.title);
                let rule =
                    format!("{title} has at most one purchase at each of {horizon} opportunities, got {n}");
                return Err(Error::data(row, rule).with_field(HOLDOUT));
            }
            let scores = count_scores(model, table, &counts, horizon, options.seed, control)?;
            let expected = model.score(&Quantity::ExpectedPurchases { horizon }, table, control)?;
            let errors = point_errors(&expected, &counts)?;
            let transform = uniformity(&scores.transform)?;
            let value_ranking = match (table.get(EXPECTED_SPEND), table.get(HOLDOUT_VALUE)) {
                (Some(spend), Some(value)) => {
                    let worth: Vec<f64> = expected.iter().zip(spend).map(|(n, z)| n * z).collect();
                    Some(ranking(&worth, &value.to_vec())?)
                }
                _ => None,
            };
            if errors.aggregate_error.abs() > 0.2 {
                warnings.push(format!(
                    "the holdout has {} purchases where {:.0} were expected: their rate has changed, or the model is wrong about who leaves",
                    errors.actual_total, errors.predicted_total
                ));
            }
            if transform.p_value < CONTRADICTS {
                warnings.push(format!(
                    "counts in the holdout are not distributed as the model says (probability integral transform: Kolmogorov distance {:.3}, p-value {})",
                    transform.distance,
                    brief_p(transform.p_value)
                ));
            }
            let holdout = Holdout {
                log_score: -scores.log_probability.iter().sum::<f64>() / counts.len() as f64,
                log_score_excess: 0.0,
                log_score_excess_error: 0.0,
                errors,
                ranking: ranking(&expected, &counts)?,
                value_ranking,
                calibration: deciles(&expected, &counts)?,
                transform,
            };
            all.expected.push(expected);
            all.log_probability.push(scores.log_probability);
            all.transform.push(scores.transform);
            Some(holdout)
        }
        None => None,
    };
    all.models.push(Judged {
        label,
        model: spec.id.into(),
        parameters,
        status: fitted.fit.as_ref().map(|fit| fit.status.clone()),
        log_likelihood,
        aic: 2.0 * parameters as f64 - 2.0 * log_likelihood,
        bic: parameters as f64 * customers.ln() - 2.0 * log_likelihood,
        frequency,
        holdout,
        warnings,
        other_data: elsewhere.is_some(),
    });
    Ok(())
}

/// What speaks against one model, whatever the holdout.
fn model_warnings(
    fitted: &Fitted<Box<dyn Model>>,
    log_likelihood: f64,
    table: &Table<'_>,
    control: &Control<'_>,
) -> Vec<String> {
    let mut warnings = Vec::new();
    let spec = fitted.model.spec();
    match fitted.fit.as_ref().map(|fit| &fit.status) {
        None | Some(Status::Converged) => {}
        Some(Status::Boundary { parameters }) => warnings.push(format!(
            "the likelihood has no maximum inside ({}): the data contradict the model, or hold too little for it",
            parameters.join(", ")
        )),
        Some(_) => warnings.push("the fit did not end at a maximum".into()),
    }
    let whole = spec.parameters.iter().zip(fitted.model.parameters()).skip(spec.free_parameters().len());
    for (parameter, value) in whole {
        if parameter.name == "k" && value > 1.0 {
            warnings.push(format!(
                "purchases are regular (k = {value}): models with k = 1 take the time since the last purchase for less than it says"
            ));
        }
    }
    let plain = fitted.model.covariates().is_none();
    if spec.id != "nbd" && plain && !spec.is_discrete() && spec.free_parameters().len() > 2 {
        // NBD has two parameters, and is what these models become where nobody leaves.
        let baseline = model("nbd").and_then(|nbd| nbd.fit(table, &FitOptions::new(), control));
        if let Some(nbd) = baseline.ok().and_then(|nbd| nbd.fit) {
            let gain = 2.0 * (log_likelihood - nbd.log_likelihood);
            let more = spec.free_parameters().len() as f64 - 2.0;
            if gamma_q(0.5 * more, 0.5 * gain.max(0.0)) > 0.05 {
                warnings.push(format!(
                    "dropout cannot be identified: NBD, in which nobody leaves, fits as well (likelihood ratio {gain:.2} for {more} more parameters)"
                ));
            }
        }
    }
    warnings
}

/// What the data say whatever the model: that spend and frequency are not independent.
fn data_warnings(table: &Table<'_>, control: &Control<'_>) -> Vec<String> {
    if table.get("monetary_value").is_none() {
        return Vec::new();
    }
    match spend_independence(table, control) {
        Ok(found) if found.contradicted() => vec![format!(
            "frequency and spend are correlated ({:.3}): lifetime value as their product is biased for frequent customers",
            found.pearson
        )],
        // Too few customers for a correlation are no warning.
        _ => Vec::new(),
    }
}

/// Excess of each log score over the best, and its standard error.
fn compare_scores(all: &mut Comparison) {
    let score = |judged: &Judged| judged.holdout.as_ref().map_or(f64::INFINITY, |h| h.log_score);
    let Some(best) = (0..all.log_probability.len())
        .min_by(|&i, &j| score(&all.models[i]).total_cmp(&score(&all.models[j])))
    else {
        return;
    };
    let reference = &all.log_probability[best];
    let n = reference.len() as f64;
    for (judged, logs) in all.models.iter_mut().zip(&all.log_probability) {
        let Some(holdout) = &mut judged.holdout else { continue };
        // Where both rule out what happened, they are as bad.
        let difference = |(a, b): (&f64, &f64)| if a == b { 0.0 } else { a - b };
        let mean = reference.iter().zip(logs).map(difference).sum::<f64>() / n;
        let squares: f64 = reference.iter().zip(logs).map(|pair| (difference(pair) - mean).powi(2)).sum();
        holdout.log_score_excess = mean;
        holdout.log_score_excess_error = if mean.is_finite() { squares.sqrt() / n } else { f64::INFINITY };
    }
}

/// The position of the model to take, and the sentence.
fn recommend(all: &Comparison) -> (usize, String) {
    let sound = |i: &usize| {
        let judged = &all.models[*i];
        matches!(judged.status, None | Some(Status::Converged)) && !judged.other_data
    };
    let mut candidates: Vec<usize> = (0..all.models.len()).filter(sound).collect();
    let none_sound = candidates.is_empty();
    if none_sound {
        candidates = (0..all.models.len()).collect();
    }
    let by = |key: &dyn Fn(usize) -> f64| -> usize {
        candidates.iter().copied().min_by(|&i, &j| key(i).total_cmp(&key(j))).unwrap_or(0)
    };
    let judged = |i: usize| &all.models[i];
    let mut caveat =
        if none_sound { "; but no fit to these data ended at a maximum".to_owned() } else { String::new() };
    if judged(0).holdout.is_none() {
        let best = by(&|i| judged(i).bic);
        let (label, bic) = (&judged(best).label, judged(best).bic);
        return (best, format!("{label} has the lowest BIC, {bic:.1}; there is no holdout{caveat}"));
    }
    let score = |i: usize| judged(i).holdout.as_ref().map_or(f64::INFINITY, |h| h.log_score);
    let best = by(&score);
    let aside = (0..all.models.len()).filter(|i| !candidates.contains(i) && score(*i) < score(best));
    for i in aside {
        let why = match judged(i).other_data {
            true => "it was fitted to other data, which may hold the holdout",
            false => "its fit ended at no maximum",
        };
        let _ = write!(caveat, "; {}, {:.4}, is left out because {why}", judged(i).label, score(i));
    }
    let excess = |i: usize| {
        let holdout = judged(i).holdout.as_ref();
        holdout.map_or((f64::INFINITY, 0.0), |h| (h.log_score_excess, h.log_score_excess_error))
    };
    let near: Vec<usize> = candidates
        .iter()
        .copied()
        .filter(|&i| {
            let (far, error) = excess(i);
            // Scores that differ by rounding alone are equal, however small the error of their difference.
            i == best || far - excess(best).0 <= (2.0 * error).max(EQUAL * score(best).abs())
        })
        .collect();
    let fewest = near.iter().copied().min_by(|&i, &j| {
        let (a, b) = (judged(i), judged(j));
        a.parameters.cmp(&b.parameters).then(score(i).total_cmp(&score(j)))
    });
    let taken = fewest.unwrap_or(best);
    if !judged(taken).warnings.is_empty() {
        caveat.push_str("; but see its warnings");
    }
    let (label, own) = (&judged(taken).label, score(taken));
    if taken == best {
        let others: Vec<&str> =
            near.iter().filter(|&&i| i != best).map(|&i| judged(i).label.as_str()).collect();
        let also = match others.is_empty() {
            true if candidates.len() > 1 => "; all others are more than two standard errors worse".into(),
            true => String::new(),
            false => format!("; {} cannot be told from it by two standard errors", others.join(", ")),
        };
        return (
            taken,
            format!("{label} has the best log score on the holdout, {own:.4} per customer{also}{caveat}"),
        );
    }
    let (far, error) = excess(taken);
    let reason = format!(
        "{label} has fewer parameters than {}, whose log score on the holdout, {:.4} per customer, is better by {far:.4} only, less than two standard errors \
         ({error:.4} each){caveat}",
        judged(best).label,
        score(best),
    );
    (taken, reason)
}

/// The task `compare`.
pub enum Compare {}

impl Task for Compare {
    const SPEC: &'static TaskSpec = &TaskSpec {
        id: "compare",
        title: "Comparison of purchase models",
        source: "Gneiting & Raftery (2007), Journal of the American Statistical Association 102(477), 359-378; Czado, Gneiting & Held (2009), Biometrics 65(4), \
                 1254-1261; Vuong (1989), Econometrica 57(2), 307-333",
        columns: &[],
        models: "one or more models of purchases",
        options: &[
            Setting {
                name: "holdout",
                default: "null",
                meaning: "length of the holdout, whose purchases are in frequency_holdout; null for none",
            },
            Setting {
                name: "labels",
                default: "[]",
                meaning: "names of the models, in their order; their ids where there are none",
            },
            Setting {
                name: "seed",
                default: "0",
                meaning: "seed of the randomised probability integral transform",
            },
        ],
        answers: &[
            "expected:<label>: expected purchases of each customer in the holdout",
            "log_probability:<label>: ln of the probability of what happened",
            "transform:<label>: the probability integral transform",
            "lorenz_x:<label>, lorenz_y:<label>: share of the customers, best by prediction first, and of their purchases; of a length of their own",
        ],
    };
    type Options = CompareOptions;
    type Output = Comparison;

    fn run(
        table: &Table<'_>,
        models: Models<'_>,
        options: &CompareOptions,
        control: &Control<'_>,
    ) -> Result<Answer<Comparison>> {
        let compared = compare(models.all(), table, options, control)?;
        let mut columns = Vec::new();
        for (i, judged) in compared.models.iter().enumerate() {
            let Some(holdout) = &judged.holdout else { continue };
            let of = |k: usize| holdout.ranking.curve.iter().map(|point| point[k]).collect();
            columns.push((format!("expected:{}", judged.label), compared.expected[i].clone()));
            columns.push((format!("log_probability:{}", judged.label), compared.log_probability[i].clone()));
            columns.push((format!("transform:{}", judged.label), compared.transform[i].clone()));
            columns.push((format!("lorenz_x:{}", judged.label), of(0)));
            columns.push((format!("lorenz_y:{}", judged.label), of(1)));
        }
        Ok(Answer { output: compared, columns })
    }
}
