//! The total over all customers: exact for a few, of mixtures of normal distributions for many; see [`predictions`](super::predictions).

use super::predictions::{Part, Predicted, REST, Work};
use crate::control::Control;
use crate::error::Result;
use crate::math::{
    diagnostics::quantile,
    normal::{normal_cdf, normal_quantile},
};
use crate::model::{Model, walk};
use std::ops::Range;

/// So many customers are few: the distribution of their total is exact.
const FEW: f64 = 64.0;
/// Purchases of one customer up to which it is.
const LONGEST: u32 = 4096;

/// The distribution of a sum, from those of its parts; ends that hold nothing are left away.
fn convolved(a: &[f64], b: &[f64]) -> Vec<f64> {
    let mut sum = vec![0.0; a.len() + b.len() - 1];
    for (i, p) in a.iter().enumerate() {
        sum[i..i + b.len()].iter_mut().zip(b).for_each(|(sum, q)| *sum += p * q);
    }
    while sum.last().is_some_and(|p| *p < 1e-18) && sum.len() > 1 {
        sum.pop();
    }
    sum
}

/// The quantile of the even mixture of normal distributions, each a mean and a deviation: where their mean distribution function is that high.
fn mixture_quantile(normals: &[[f64; 2]], level: f64) -> f64 {
    let z = normal_quantile(level);
    let each = normals.iter().map(|[mean, deviation]| mean + deviation * z);
    let (mut low, mut high) = each.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (x.min(l), x.max(h)));
    // Between the least and the largest of their own quantiles; halved until nothing lies between.
    while low < high {
        let middle = 0.5 * (low + high);
        if !(low < middle && middle < high) {
            break;
        }
        let below = |[mean, deviation]: &[f64; 2]| match *deviation > 0.0 {
            true => normal_cdf((middle - mean) / deviation),
            false => f64::from(u8::from(middle >= *mean)),
        };
        match normals.iter().map(below).sum::<f64>() < level * normals.len() as f64 {
            true => low = middle,
            false => high = middle,
        }
    }
    high
}

impl Work<'_> {
    /// Quantiles of the total of the counts of a few customers, at the estimates and over all models: their distributions convolved. None where they are too many,
    /// or do not count whole.
    pub(super) fn few(&self, horizon: f64, control: &Control<'_>) -> Result<Option<[[f64; 2]; 2]>> {
        let weights = &self.customers.weights;
        if weights.iter().sum::<f64>() > FEW || weights.iter().any(|w| w.fract() != 0.0) {
            return Ok(None);
        }
        let rows: Vec<usize> = (0..weights.len()).filter(|&i| weights[i] > 0.0).collect();
        let alone = control.quiet().threads(1);
        let of = |model: &dyn Model| -> Result<Option<Vec<f64>>> {
            let mut each: Vec<Vec<f64>> = vec![Vec::new(); rows.len()];
            let mut left: Vec<f64> = vec![1.0; rows.len()];
            let ask = |active: &[usize], range: Range<u32>| {
                let here: Vec<usize> = active.iter().map(|&i| rows[i]).collect();
                self.customers.counts(model, horizon, range, &self.customers.chosen(&here), &alone)
            };
            let all = walk(rows.len(), LONGEST, model.shares_counts(horizon), ask, |i, n, p| {
                // A row with a NaN is not in the total.
                let p = if p.is_nan() { f64::from(u8::from(n == 0)) } else { p };
                each[i].push(p);
                left[i] -= p;
                // Where rounding leaves more than this there is nothing to come, either.
                !(left[i] < REST / FEW || (left[i] < 0.5 && p < 1e-17))
            })?;
            let whole =
                each.iter().zip(&rows).flat_map(|(own, &i)| std::iter::repeat_n(own, weights[i] as usize));
            Ok(all.then(|| whole.fold(vec![1.0], |sum, own| convolved(&sum, own))))
        };
        let Some(process) = of(self.model)? else { return Ok(None) };
        let drawn = control.map(self.models.len(), |d| of(&*self.models[d]))?;
        let mut both: Vec<f64> = Vec::new();
        for one in drawn {
            let Some(one) = one else { return Ok(None) };
            both.resize(both.len().max(one.len()), 0.0);
            both.iter_mut().zip(one).for_each(|(sum, p)| *sum += p / self.models.len() as f64);
        }
        let ends = |distribution: &[f64]| {
            self.tails.map(|tail| {
                let mut cumulative = 0.0;
                let reached = distribution.iter().position(|p| {
                    cumulative += p;
                    cumulative >= tail
                });
                reached.unwrap_or(distribution.len()) as f64
            })
        };
        Ok(Some([ends(&process), ends(&both)]))
    }

    /// The total over all blocks.
    pub(super) fn total(&self, parts: &[Part], draws: usize) -> Predicted {
        let sums: Vec<f64> = (0..draws).map(|d| parts.iter().map(|part| part.sums[d]).sum()).collect();
        let estimate: f64 = parts.iter().map(|part| part.estimate).sum();
        let variance: f64 = parts.iter().map(|part| part.variance).sum();
        let ends = |mut values: Vec<f64>| self.tails.map(|tail| quantile(&mut values, tail));
        let counts = parts.iter().any(|part| !part.process[0].is_empty());
        Predicted {
            estimate,
            mean: sums.iter().sum::<f64>() / draws as f64,
            parameter: ends(sums.clone()),
            process: counts.then(|| {
                self.tails.map(|tail| (estimate + variance.sqrt() * normal_quantile(tail)).max(0.0))
            }),
            both: counts.then(|| {
                let scale = if estimate > 0.0 { variance / estimate } else { 0.0 };
                let normals: Vec<[f64; 2]> =
                    sums.iter().map(|&mean| [mean, (scale * mean).max(0.0).sqrt()]).collect();
                self.tails.map(|tail| mixture_quantile(&normals, tail).max(0.0))
            }),
            draws,
        }
    }
}
