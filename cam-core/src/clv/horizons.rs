//! Discounting as a mixture of horizons: for processes in which the expected number of purchases is known for any horizon, and nothing simpler is.

use super::lifetime::Lifetime;
use crate::math::{
    linalg::tridiagonal_eigen,
    quadrature::{Rule, legendre},
};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

/// Beyond this many times 1/rate nothing counts any more: e^(−55) = 1e-24 and less, for M that grows no faster than the 4th power of time for each of the
/// `cells`.
fn nothing(cells: f64) -> f64 {
    45.0 + 10.0 * cells
}

/// Horizons of discounted sums from here on down no longer matter: 4^(−28) = 1e-17 of the longest.
const SHORTEST: f64 = 56.0;

impl Lifetime {
    /// Discounting as a mixture of horizons: Σ wᵢ M(tᵢ), t ascending, is the discounted number of events of which M(t) are expected within t.
    /// Integration by parts: ∫ D(t) dM(t) = −∫ M(t) dD(t), and −dD is positive: nothing cancels, whatever the process.
    ///
    /// M is to be increasing, and analytic in ln t; `cells` (≥ 1) is how much more finely it changes than once per octave.
    pub(super) fn horizons(&self, cells: f64) -> Rule {
        let mut points: Vec<(f64, f64)> = Vec::new();
        match *self {
            Lifetime::Continuous { rate: 0.0, horizon } => points.push((horizon, 1.0)),
            Lifetime::Continuous { rate, horizon } => {
                let top = horizon.min(nothing(cells) / rate);
                let panels = (SHORTEST / 2.0 * cells) as i32;
                let width = 4f64.ln() / cells;
                for panel in (0..panels).rev() {
                    let low = -width * f64::from(panel + 1);
                    let rule = legendre(16);
                    for (node, weight) in rule.nodes.iter().zip(&rule.weights) {
                        let t = top * (low + width * node).exp();
                        points.push((t, weight * width * t * rate * (-rate * t).exp()));
                    }
                }
                if horizon.is_finite() {
                    points.push((horizon, (-rate * horizon).exp()));
                }
            }
            Lifetime::PerPeriod { rate, discount, whole, part, .. } => {
                let lost = -(-rate).exp_m1();
                let worth = |t: f64| (-rate * t).exp();
                let last = whole.min((nothing(cells) / rate).ceil());
                let mut next = 1.0;
                while next <= last {
                    // Blocks that grow with the time passed: each a sum, by Gauss's rule for sums where it has many terms.
                    let length = (next / cells).floor().max(1.0).min(last - next + 1.0);
                    let rule = gauss_sum(length);
                    for (node, weight) in rule.nodes.iter().zip(&rule.weights) {
                        let t = next + node;
                        points.push((t, weight * length * lost * worth(t)));
                    }
                    next += length;
                }
                if whole.is_finite() {
                    points.push((whole + part, discount * worth(whole)));
                }
            }
        }
        let (nodes, weights) = points.into_iter().filter(|(t, w)| *t > 0.0 && *w > 0.0).unzip();
        Rule { nodes, weights }
    }
}

/// Σ f(k) for k = `from`, `from` + 1, …, `to` (which may be infinite, for an f that falls in the end): terms by themselves, and then blocks
/// that grow with k by a 1/`cells`-th. f is to be smooth on that scale, and not negative; it ends where a block no longer counts, and at 1e18.
pub(super) fn smooth_sum(from: f64, to: f64, cells: f64, f: impl Fn(f64) -> f64) -> f64 {
    smooth_sum_by(from, to.min(1e18), |_| cells, f)
}

/// The same, to any end, for an f that is less smooth at some k than at others: `cells(k)` says by how much.
pub(super) fn smooth_sum_by(from: f64, to: f64, cells: impl Fn(f64) -> f64, f: impl Fn(f64) -> f64) -> f64 {
    let (mut sum, mut risen) = (0.0, false);
    for (next, length) in blocks(from, to, cells) {
        let rule = gauss_sum(length);
        let block = length * rule.expect(|k| f(next + k));
        sum += block;
        risen |= block > 0.0;
        // What comes after is no more than this block, once it is so small, times the blocks to come.
        if risen && block < 1e-19 * sum {
            break;
        }
    }
    sum
}

/// The whole numbers from `from` to `to` in blocks, each by its first number and its length, that grow with k by a 1/`cells(k)`-th.
pub(super) fn blocks(from: f64, to: f64, cells: impl Fn(f64) -> f64) -> impl Iterator<Item = (f64, f64)> {
    let mut next = from;
    std::iter::from_fn(move || {
        let (begin, length) = (next, (next / cells(next)).floor().max(1.0).min(to - next + 1.0));
        next += length;
        // Where a number and the one after are the same, so far out that little is left, it ends.
        (begin <= to && begin < 1e300 && next > begin).then_some((begin, length))
    })
}

/// Nodes and weights (which sum to 1) for the mean over 0, 1, …, n − 1: these numbers themselves, or Gauss's rule for discrete Chebyshev
/// polynomials (Szegő 1975, *Orthogonal Polynomials*, 2.8) with 16 nodes.
///
/// A rule takes longer to make than a sum by it, and the same few lengths come again and again: rules are kept.
pub(super) fn gauss_sum(n: f64) -> Arc<Rule> {
    static KEPT: LazyLock<RwLock<HashMap<u64, Arc<Rule>>>> = LazyLock::new(RwLock::default);
    if let Some(rule) = KEPT.read().unwrap_or_else(PoisonError::into_inner).get(&n.to_bits()) {
        return Arc::clone(rule);
    }
    let rule = Arc::new(new_gauss_sum(n));
    let mut kept = KEPT.write().unwrap_or_else(PoisonError::into_inner);
    if kept.len() < MOST_KEPT {
        kept.insert(n.to_bits(), Arc::clone(&rule));
    }
    rule
}

/// So many rules are kept.
const MOST_KEPT: usize = 10_000;

fn new_gauss_sum(n: f64) -> Rule {
    const NODES: usize = 16;
    if n <= NODES as f64 {
        let nodes: Vec<f64> = (0..n as u32).map(f64::from).collect();
        return Rule { weights: vec![1.0 / n; nodes.len()], nodes };
    }
    let middle = 0.5 * (n - 1.0);
    let off: Vec<f64> = (1..NODES)
        .map(|i| {
            let i2 = (i * i) as f64;
            // n may be huge: no n² − i² by itself.
            0.5 * n * (i2 / (4.0 * i2 - 1.0)).sqrt() * (1.0 - i2 / n / n).sqrt()
        })
        .collect();
    let (nodes, first) = tridiagonal_eigen(&[0.0; NODES], &off);
    Rule { nodes: nodes.iter().map(|v| middle + v).collect(), weights: first.iter().map(|v| v * v).collect() }
}
