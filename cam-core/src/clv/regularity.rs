//! How regularly customers buy: the shape k of the gamma distribution of the intervals between purchases.
//!
//! k = 1 is buying at random, a large k is clockwork, k < 1 comes in bursts. Customers differ in how often they buy, so that only ratios of one customer's
//! intervals tell anything; every method here is free of the unit of time, and of each customer's rate.
//!
//! | method | customers with | how |
//! |---|---|---|
//! | [`Wheat`](RegularityMethod::Wheat) | 2 intervals | of the last two, M = Δ₁/(Δ₁ + Δ₂) ~ Beta(k, k) with variance V = 1/(4(2k + 1)): k = (1 − 4V)/(8V) |
//! | [`Common`](RegularityMethod::Common) | 2 | maximum likelihood of one k for all: shares of the total are Dirichlet(k, …, k), whatever the rates |
//! | [`MaximumLikelihood`](RegularityMethod::MaximumLikelihood) | 10 | each customer's own k by maximum likelihood, and the median of these |
//! | [`Thinned`](RegularityMethod::Thinned) | 20 | the same of every second purchase: sums of two intervals are gamma with 2k; less is made of purchases that come in pairs |
//! | [`CoefficientOfVariation`](RegularityMethod::CoefficientOfVariation) | 10 | each customer's own 1/cv², and the median of these |
//!
//! Sources: Wheat & Morrison (1990), Estimating purchase regularity with two interpurchase times, Journal of Marketing Research 27(1), 87–93 (with the midpoint
//! known to be ½, so that no order of the two is drawn); Minka (2002), Estimating a gamma distribution, for Newton's iteration; Dunn, Reader & Wrigley
//! (1983), Applied Statistics 32(3), 249–259; Wu & Chen (2000), Journal of the Operational Research Society 51(5), 583–591. Medians over customers are what
//! the R package BTYDplus reports. An estimate from n intervals of a single customer is biased upwards by the factor n/(n − 3) or so: `Common` is not.
//!
//! Standard errors: by the delta method for Wheat, from the observed information for Common, and McKean & Schrader's (1984) for medians.

use crate::error::{Error, ErrorKind, Result};
use crate::math::{
    gamma::{digamma, trigamma},
    root::{bracket, brent},
};

/// How [`regularity()`] estimates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegularityMethod {
    /// From the last two intervals of each customer, by Wheat & Morrison (1990).
    Wheat,
    /// One k for all, by conditional maximum likelihood.
    Common,
    /// The median of each customer's maximum likelihood.
    MaximumLikelihood,
    /// The same of every second purchase.
    Thinned,
    /// The median of each customer's 1/cv².
    CoefficientOfVariation,
}

impl RegularityMethod {
    /// The method by its name at the other doors: `wheat`, `common`, `mle`, `mle-thinned` or `cv`.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownName`], with the names that there are.
    pub fn named(name: &str) -> Result<RegularityMethod> {
        const NAMES: [(&str, RegularityMethod); 5] = [
            ("wheat", RegularityMethod::Wheat),
            ("common", RegularityMethod::Common),
            ("mle", RegularityMethod::MaximumLikelihood),
            ("mle-thinned", RegularityMethod::Thinned),
            ("cv", RegularityMethod::CoefficientOfVariation),
        ];
        let found = NAMES.iter().find(|(own, _)| *own == name).map(|(_, method)| *method);
        found.ok_or_else(|| Error::unknown("method", name, NAMES.iter().map(|(own, _)| *own)))
    }

    /// The fewest intervals of a customer who counts.
    pub fn least_intervals(self) -> usize {
        match self {
            RegularityMethod::Wheat | RegularityMethod::Common => 2,
            RegularityMethod::MaximumLikelihood | RegularityMethod::CoefficientOfVariation => 10,
            RegularityMethod::Thinned => 20,
        }
    }
}

/// An estimate of regularity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Regularity {
    /// The shape of the intervals: 1 is at random.
    pub k: f64,
    /// Its standard error; none where there are too few customers to tell.
    pub standard_error: Option<f64>,
    /// The customers it is from.
    pub customers: usize,
}

/// Estimate how regularly customers buy, from the intervals between their purchases: those of the first customer, in order of time, then those of the second, …;
/// `per_customer` says how many each has. See [`intervals`](crate::summary::intervals()) for those of a log.
///
/// ```
/// use cam_core::clv::{RegularityMethod, regularity};
/// // Three customers, each with two intervals: shares of 0.5, 0.4 and 0.7 of the two.
/// let found = regularity(&[5.0, 5.0, 2.0, 3.0, 14.0, 6.0], &[2, 2, 2], RegularityMethod::Wheat)?;
/// let variance = (0.0 + 0.01 + 0.04) / 3.0;
/// assert!((found.k - (1.0 - 4.0 * variance) / (8.0 * variance)).abs() < 1e-12);
/// # Ok::<(), cam_core::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::InvalidData`] naming an interval that is not positive and finite, [`ErrorKind::InvalidShape`] where `per_customer` does not add up to the intervals,
/// [`ErrorKind::NotEnoughData`] where no customer has as many as the method needs, or intervals do not differ.
pub fn regularity(intervals: &[f64], per_customer: &[usize], method: RegularityMethod) -> Result<Regularity> {
    if let Some(i) = intervals.iter().position(|v| !(*v > 0.0 && v.is_finite())) {
        let message = format!("need intervals > 0 and finite, got {}", intervals[i]);
        return Err(Error::data(i, message).with_field("intervals"));
    }
    if per_customer.iter().sum::<usize>() != intervals.len() {
        return Err(Error::shape(format!(
            "per_customer must add up to the {} intervals, got {}",
            intervals.len(),
            per_customer.iter().sum::<usize>()
        ))
        .with_field("per_customer"));
    }
    let mut rest = intervals;
    let mut customers: Vec<&[f64]> = Vec::new();
    for &n in per_customer {
        let (own, after) = rest.split_at(n);
        rest = after;
        if n >= method.least_intervals() {
            customers.push(own);
        }
    }
    if customers.is_empty() {
        let least = method.least_intervals();
        return Err(Error::new(
            ErrorKind::NotEnoughData,
            format!("no customer has {least} intervals between purchases, which this method needs"),
        ));
    }
    let found = match method {
        RegularityMethod::Wheat => wheat(&customers),
        RegularityMethod::Common => common(&customers),
        RegularityMethod::MaximumLikelihood => median(customers.iter().map(|own| own_shape(own)).collect()),
        RegularityMethod::Thinned => {
            let pairs =
                |own: &&[f64]| own.chunks_exact(2).map(|pair| pair[0] + pair[1]).collect::<Vec<f64>>();
            median(customers.iter().map(|own| 0.5 * own_shape(&pairs(own))).collect())
        }
        RegularityMethod::CoefficientOfVariation => {
            median(customers.iter().map(|own| inverse_square_cv(own)).collect())
        }
    };
    match found {
        Some((k, standard_error)) if k.is_finite() => Ok(Regularity {
            k,
            standard_error: standard_error.filter(|e| e.is_finite()),
            customers: customers.len(),
        }),
        _ => Err(Error::new(
            ErrorKind::NotEnoughData,
            "the intervals of a customer do not differ: regularity has no upper limit",
        )),
    }
}

/// k and its standard error.
type Estimate = Option<(f64, Option<f64>)>;

fn wheat(customers: &[&[f64]]) -> Estimate {
    let n = customers.len() as f64;
    let squares: Vec<f64> = customers
        .iter()
        .map(|own| {
            let (a, b) = (own[own.len() - 2], own[own.len() - 1]);
            (0.5 * (a - b) / (a + b)).powi(2)
        })
        .collect();
    let v = squares.iter().sum::<f64>() / n;
    let spread = squares.iter().map(|s| (s - v) * (s - v)).sum::<f64>() / (n - 1.0);
    // dk/dV = −1/(8V²).
    let error = (n > 1.0).then(|| (spread / n).sqrt() / (8.0 * v * v));
    (v > 0.0).then_some(((1.0 - 4.0 * v) / (8.0 * v), error))
}

/// The likelihood of shares of a total of n is lnΓ(nk) − n lnΓ(k) + (k − 1) Σ ln share: its derivative is n ψ(nk) − n ψ(k) + Σ ln share.
fn common(customers: &[&[f64]]) -> Estimate {
    let mut shares = 0.0;
    let mut numbers: Vec<f64> = Vec::with_capacity(customers.len());
    for own in customers {
        let total: f64 = own.iter().sum();
        shares += own.iter().map(|interval| (interval / total).ln()).sum::<f64>();
        numbers.push(own.len() as f64);
    }
    numbers.sort_unstable_by(f64::total_cmp);
    let groups: Vec<(f64, f64)> =
        numbers.chunk_by(|a, b| a == b).map(|same| (same[0], same.len() as f64)).collect();
    let slope = |k: f64| {
        groups.iter().map(|(n, times)| times * n * (digamma(n * k) - digamma(k))).sum::<f64>() + shares
    };
    let log = |y: f64| slope(y.exp());
    let (low, high) = bracket(log, -1.0, 1.0, (-30.0, 30.0))?;
    let k = brent(log, low, high, 1e-14)?.exp();
    let information: f64 =
        groups.iter().map(|(n, times)| times * n * (trigamma(k) - n * trigamma(n * k))).sum();
    Some((k, Some(1.0 / information.sqrt())))
}

/// The maximum-likelihood shape of one customer's intervals: ln k − ψ(k) = ln mean − mean ln, by Minka's iteration.
fn own_shape(own: &[f64]) -> f64 {
    let n = own.len() as f64;
    let mean = own.iter().sum::<f64>() / n;
    // ln mean − mean ln, which is 0 where all are alike.
    let s = -own.iter().map(|interval| (interval / mean).ln()).sum::<f64>() / n;
    if !(s > 1e-14) {
        return f64::INFINITY;
    }
    let mut k = (3.0 - s + ((s - 3.0) * (s - 3.0) + 24.0 * s).sqrt()) / (12.0 * s);
    for _ in 0..20 {
        let step = (k.ln() - digamma(k) - s) / (k * k * (1.0 / k - trigamma(k)));
        let next = 1.0 / (1.0 / k + step);
        let settled = (next - k).abs() <= 1e-14 * k;
        k = next;
        if settled {
            break;
        }
    }
    k
}

fn inverse_square_cv(own: &[f64]) -> f64 {
    let n = own.len() as f64;
    let mean = own.iter().sum::<f64>() / n;
    let variance = own.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0);
    mean * mean / variance
}

/// The median and McKean & Schrader's standard error of it: from an interval of 99 % by order statistics.
fn median(mut values: Vec<f64>) -> Estimate {
    const NINETY_NINE: f64 = 2.5758293035489004;
    values.sort_unstable_by(f64::total_cmp);
    let n = values.len();
    let middle = 0.5 * (values[(n - 1) / 2] + values[n / 2]);
    let rank = (0.5 * (n as f64 + 1.0) - NINETY_NINE * (0.25 * n as f64).sqrt()).round();
    let error = (rank >= 1.0).then(|| {
        let rank = rank as usize;
        (values[n - rank] - values[rank - 1]) / (2.0 * NINETY_NINE)
    });
    Some((middle, error))
}
