//! What models of spend have in common: their rows, and the assumption that spend tells nothing of frequency.
//!
//! Purchases times spend per purchase is value only where the two are independent across customers (Fader, Hardie & Lee 2005, Journal
//! of Marketing Research 42(4), 415–430, section 2.2, who find a correlation of 0.06 on CDNOW). Under every model here the expected
//! mean spend is the same whatever the number of purchases, though its scatter is not, so that Pearson's correlation of frequency and
//! mean spend is the one that is 0; it comes with each fit. Spearman's, of ranks, bears outliers, but a skewed mean
//! over few purchases has a lower median than one over many, so that it is somewhat positive even where the assumption holds.

use super::history::{FREQUENCY, MONETARY_VALUE};
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result, brief, brief_p};
use crate::math::beta::inc_beta;
use crate::model::Check;
use crate::rows::{Purpose, Rows};
use crate::table::{Table, Variable};
use crate::task::{Answer, Models, NoOptions, Task, TaskSpec};
use serde::Serialize;

/// What a model of spend answers.
pub(super) const SPEND_QUANTITIES: &[&str] =
    &["log_likelihood", "expected_spend", "variance_of_mean_spend", "expected_spend_variance"];

/// The least correlation, in size, that is held against the assumption: below it one explains less than 4 % of the variance of the other.
const NOTABLE: f64 = 0.2;
/// The largest p-value that is.
const SIGNIFICANT: f64 = 0.05;

/// An answer of a model of spend, from frequency and the second column.
pub(super) type SpendAnswer<M> = fn(&M, f64, f64) -> Result<f64>;

/// Correlations of frequency and mean spend across customers with repeat purchases, each with its two-sided p-value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SpendIndependence {
    /// Customers with repeat purchases.
    pub customers: f64,
    /// Pearson's correlation coefficient.
    pub pearson: f64,
    /// The probability of one as far from 0 under independence, by Student's t with n − 2 degrees of freedom.
    pub pearson_p_value: f64,
    /// Spearman's: the correlation of the ranks, mid-ranks for ties.
    pub spearman: f64,
    /// The same probability for it.
    pub spearman_p_value: f64,
}

impl SpendIndependence {
    /// Whether the data contradict independence: Pearson's correlation is at least 0.2 in size, and significant at 5 %.
    pub fn contradicted(&self) -> bool {
        contradicted(self.pearson, self.pearson_p_value)
    }
}

/// [`SpendIndependence`], and what it says.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SpendIndependenceFound {
    /// The correlations.
    #[serde(flatten)]
    pub found: SpendIndependence,
    /// Whether the data contradict independence.
    pub contradicted: bool,
}

impl Task for SpendIndependence {
    const SPEC: &'static TaskSpec = &TaskSpec {
        id: "spend_independence",
        title: "Whether spend is independent of frequency",
        source: "Fader, Hardie & Lee (2005), Journal of Marketing Research 42(4), 415-430",
        columns: &[FREQUENCY, MONETARY_VALUE],
        models: "none",
        options: &[],
        answers: &[],
    };
    type Options = NoOptions;
    type Output = SpendIndependenceFound;

    fn run(
        table: &Table<'_>,
        models: Models<'_>,
        _: &NoOptions,
        control: &Control<'_>,
    ) -> Result<Answer<SpendIndependenceFound>> {
        models.exactly::<0>()?;
        let found = spend_independence(table, control)?;
        Ok(Answer::new(SpendIndependenceFound { found, contradicted: found.contradicted() }))
    }
}

/// Test whether customers who come more often spend more, or less, per purchase: the columns `frequency` and `monetary_value`, and
/// perhaps `weight`, of customers with repeat purchases.
///
/// ```
/// use cam_core::{Control, Table, clv::spend_independence};
/// let (x, z) = ([1.0, 2.0, 3.0, 4.0, 0.0], [9.0, 11.0, 12.0, 16.0, 0.0]);
/// let table = Table::new().with("frequency", &x)?.with("monetary_value", &z)?;
/// let found = spend_independence(&table, &Control::new())?;
/// assert!(found.pearson > 0.9 && found.contradicted());
/// # Ok::<(), cam_core::Error>(())
/// ```
///
/// # Errors
/// A column is missing, a row breaks a rule, or fewer than three customers, or customers all alike, are left.
pub fn spend_independence(table: &Table<'_>, control: &Control<'_>) -> Result<SpendIndependence> {
    let columns = [FREQUENCY, Variable { domain: crate::table::Domain::Real, ..MONETARY_VALUE }];
    let all = Rows::new(table, &columns, Purpose::Fit, |_| Ok(()), control)?;
    let rows = all.filter(|_, row, weight| weight > 0.0 && row[0] > 0.0);
    let few = || {
        Error::new(
            ErrorKind::NotEnoughData,
            "a correlation needs three customers with repeat purchases, who differ in frequency and in mean spend",
        )
    };
    let customers = rows.total_weight();
    let pairs: Vec<[f64; 3]> = rows.iter().map(|(row, weight)| [row[0], row[1], weight]).collect();
    let pearson = correlation(|| pairs.iter().copied()).ok_or_else(few)?;
    control.check()?;
    let (frequency, spend) = (ranks(&pairs, 0), ranks(&pairs, 1));
    let ranked: Vec<[f64; 3]> = (0..pairs.len()).map(|i| [frequency[i], spend[i], pairs[i][2]]).collect();
    let spearman = correlation(|| ranked.iter().copied()).ok_or_else(few)?;
    Ok(SpendIndependence {
        customers,
        pearson,
        pearson_p_value: p_value(pearson, customers).ok_or_else(few)?,
        spearman,
        spearman_p_value: p_value(spearman, customers).ok_or_else(few)?,
    })
}

/// The check that comes with the fit of a model of spend: frequency against the second column. None where there is nothing to correlate.
pub(super) fn independence_check(rows: &Rows, title: &str) -> Vec<Check> {
    let found = correlation(|| rows.iter().map(|(row, weight)| [row[0], row[1], weight]))
        .and_then(|r| p_value(r, rows.total_weight()).map(|p| (r, p)));
    let Some((statistic, p_value)) = found else { return Vec::new() };
    let contradicted = contradicted(statistic, p_value);
    let p = brief_p(p_value);
    let message = if contradicted {
        let (often, what) = if statistic > 0.0 { ("more", "too low") } else { ("less", "too high") };
        format!(
            "frequency and spend are correlated ({statistic:.3}, p-value {p}): {title} assumes that they are not; who \
             comes often spends {often} per purchase, so that the value of frequent customers comes out {what}"
        )
    } else {
        let why =
            if p_value < SIGNIFICANT { "too weak to matter" } else { "no more than chance would make it" };
        format!("the correlation of frequency and spend, {statistic:.3} (p-value {p}), is {why}")
    };
    vec![Check { name: "spend_independence".into(), statistic, p_value, contradicted, message }]
}

fn contradicted(correlation: f64, p_value: f64) -> bool {
    correlation.abs() >= NOTABLE && p_value < SIGNIFICANT
}

/// Pearson's correlation of what `pairs` gives as (a, b, weight); none where one of the two does not vary.
pub(crate) fn correlation<I: Iterator<Item = [f64; 3]>>(pairs: impl Fn() -> I) -> Option<f64> {
    let (mut total, mut sum_a, mut sum_b) = (0.0, 0.0, 0.0);
    for [a, b, w] in pairs() {
        total += w;
        sum_a += w * a;
        sum_b += w * b;
    }
    let (mean_a, mean_b) = (sum_a / total, sum_b / total);
    let (mut aa, mut bb, mut ab) = (0.0, 0.0, 0.0);
    let (mut first, mut a_varies, mut b_varies) = (None, false, false);
    for [a, b, w] in pairs() {
        let (first_a, first_b) = *first.get_or_insert((a, b));
        a_varies |= a != first_a;
        b_varies |= b != first_b;
        let (a, b) = (a - mean_a, b - mean_b);
        aa += w * a * a;
        bb += w * b * b;
        ab += w * a * b;
    }
    // One root after the other, so that no product leaves the range.
    (a_varies && b_varies).then(|| (ab / aa.sqrt() / bb.sqrt()).clamp(-1.0, 1.0))
}

/// P(|R| ≥ |r|) of n independent pairs: t² = r² (n − 2)/(1 − r²), so that the tail of Student's t is I_(1 − r²)((n − 2)/2, ½).
fn p_value(r: f64, n: f64) -> Option<f64> {
    (n > 2.0).then(|| inc_beta(0.5 * (n - 2.0), 0.5, (1.0 - r) * (1.0 + r)))
}

/// Mid-ranks of column k, counting each row as often as its weight says.
pub(crate) fn ranks(pairs: &[[f64; 3]], k: usize) -> Vec<f64> {
    let mut order: Vec<usize> = (0..pairs.len()).collect();
    order.sort_by(|&i, &j| pairs[i][k].total_cmp(&pairs[j][k]));
    let mut ranks = vec![0.0; pairs.len()];
    let mut below = 0.0;
    for tied in order.chunk_by(|&i, &j| pairs[i][k] == pairs[j][k]) {
        let weight: f64 = tied.iter().map(|&i| pairs[i][2]).sum();
        for &i in tied {
            ranks[i] = below + 0.5 * (weight + 1.0);
        }
        below += weight;
    }
    ranks
}

/// The rule of a row (frequency, mean spend): no mean without a repeat purchase. `positive`: nothing but positive spend.
pub(super) fn check_spend(row: &[f64], mean: &str, positive: bool) -> Result<(), String> {
    let (x, z) = (row[0], row[1]);
    if x > 0.0 && positive && z <= 0.0 {
        let (x, z) = (brief(x), brief(z));
        return Err(format!("need {mean} > 0 where frequency > 0, got frequency = {x}, {mean} = {z}"));
    }
    if x == 0.0 && z != 0.0 {
        return Err(format!("need {mean} = 0 where frequency = 0, got {mean} = {}", brief(z)));
    }
    Ok(())
}

/// The rule of a row (frequency, mean spend, deviation): one purchase does not deviate from itself.
pub(super) fn check_deviation(row: &[f64], deviation: &str) -> Result<(), String> {
    match row[0] <= 1.0 && row[2] != 0.0 {
        true => Err(format!(
            "need {deviation} = 0 where frequency <= 1, got frequency = {}, {deviation} = {}",
            brief(row[0]),
            brief(row[2])
        )),
        false => Ok(()),
    }
}

/// Mean, deviation of one customer and deviation of customers' means, from rows whose mean is `value(row)` and whose
/// third column is the deviation: where a fit of a normal model of spend starts.
///
/// # Errors
/// [`ErrorKind::NotEnoughData`] where all customers are alike.
pub(super) fn normal_start(rows: &Rows, title: &str, value: impl Fn(&[f64]) -> f64) -> Result<[f64; 3]> {
    let (mean, variance) = spread(rows, title, value)?;
    let (mut squares, mut freedom, mut shares) = (0.0, 0.0, 0.0);
    for (row, weight) in rows.iter() {
        squares += weight * row[0] * row[2] * row[2];
        freedom += weight * (row[0] - 1.0);
        shares += weight / row[0];
    }
    let within = if squares > 0.0 && freedom > 0.0 { squares / freedom } else { 0.5 * variance };
    // The means scatter by τ² and by σ² over their numbers.
    let between = (variance - within * shares / rows.total_weight()).max(0.05 * variance);
    Ok([mean, within.sqrt(), between.sqrt()])
}

/// Mean and variance of `value(row)` over customers.
///
/// # Errors
/// [`ErrorKind::NotEnoughData`] where all are alike.
fn spread(rows: &Rows, title: &str, value: impl Fn(&[f64]) -> f64) -> Result<(f64, f64)> {
    let n = rows.total_weight();
    let mean: f64 = rows.iter().map(|(row, weight)| weight / n * value(row)).sum();
    let variance: f64 = rows.iter().map(|(row, weight)| weight / n * (value(row) - mean).powi(2)).sum();
    let first = rows.iter().next().map_or(0.0, |(row, _)| row[1]);
    if rows.iter().all(|(row, _)| row[1] == first) || !(variance > 0.0) {
        return Err(Error::new(
            ErrorKind::NotEnoughData,
            format!(
                "{title} needs customers who differ in their mean spend; all {n} informative ones spent {}",
                brief(first)
            ),
        ));
    }
    Ok((mean, variance))
}

/// Customers' means have variance τ² about that of all, and the mean of x purchases has σ²/x about the customer's. The share of trust that
/// x purchases earn is τ²/(τ² + σ²/x); the answer is this share and the rest, both to full accuracy.
pub(super) fn trust(x: f64, sigma: f64, tau: f64) -> (f64, f64) {
    // σ²/(x τ²), infinite for x = 0.
    let doubt = (sigma / tau) * (sigma / tau) / x;
    if doubt <= 1.0 {
        (1.0 / (1.0 + doubt), doubt / (1.0 + doubt))
    } else {
        let faith = 1.0 / doubt;
        (faith / (1.0 + faith), 1.0 / (1.0 + faith))
    }
}
