//! P(n purchases) for many n at once, where purchases are Poisson until the customer leaves.
//!
//! For a new customer with λ ~ Gamma(m, A) who leaves at u with density f, and is still there at t with probability S(t),
//!
//! ```text
//! P(n) = Γ(m+n)/(Γ(m) n!) · { S(t) y(t)ⁿ (1 − y(t))^m + ∫₀ᵗ f(u) y(u)ⁿ (1 − y(u))^m du },   y(u) = u/(A + u).
//! ```
//!
//! With nodes for u that do for all n, each P(n) is one sum of positive terms, and each term that of n − 1 times (m + n − 1)/n · y: a recurrence forwards in which nothing
//! cancels. The variable is z with u = A sinh² z, hence y = tanh² z and 1 − y = 1/cosh² z. There, as functions of u, all negative binomial probabilities are about equally wide: their
//! standard deviation is 1/(2√m), whatever n (it is the variance-stabilising transform; Anscombe 1948, Biometrika 35, 246–254). So panels of five of them, with 24
//! nodes of Gauss–Legendre each, do for every n; they are shorter where f changes faster, or where its singularities are near. The staying customer is one node more.
//!
//! Nodes depend on the age of a customer and on f, and on m only through the power of 4 that it is below: customers of one age share them.
//!
//! Far beyond what will be bought all that counts lies before t, where yⁿ rises steeply: for such n the last panel is cut, each time n doubles.
//!
//! Where a large m or a long horizon would take more panels than that is worth, n are asked for one by one.

use crate::error::Result;
use crate::math::{
    gamma::{ln_gamma, ln_rising},
    quadrature::legendre,
    vector::{Exp, Expm1, Kernel, Ln, Ln1p, Wide, widest},
};
use std::collections::HashMap;
use std::ops::Range;

/// Nodes of a panel.
const NODES: usize = 24;
/// Standard deviations of a negative binomial that a panel may be wide.
const WIDTH: f64 = 5.0;
/// The widest panel: singularities of y lie at distance π/2.
const WIDEST: f64 = 1.5;
/// With more panels than that it is quicker to ask one by one.
const MOST_PANELS: usize = 100;
/// How much the logarithm of yⁿ (1 − y)^m may change over the last panel: up to here the rule meets e^(−change·x) to rounding.
const MOST_CHANGE: f64 = 60.0;
/// How large n may be where the last panel is the first: up to here the rule meets z^(2n + 1) to rounding.
const MOST_POWER: f64 = 36.0;
/// After so many n terms are made anew from logarithms: within them none grows from nothing to something.
const ANEW: usize = 64;
/// e^(−700) stands for less.
const LEAST: f64 = -700.0;
/// Beyond this n are asked for one by one.
const FURTHEST: u32 = 1 << 20;
/// Ages that are remembered.
const KEPT: usize = 4096;

/// When a new customer leaves.
pub(super) trait Leaving {
    /// ln f of each u, in place.
    fn ln_densities(&self, u: &mut [f64]);
    /// ln S(t).
    fn ln_survival(&self, t: f64) -> f64;
    /// How long a panel may be that begins at z, where u = `rate` sinh² z, so that its nodes meet f; no more than `widest`.
    fn panel(&self, rate: f64, z: f64, widest: f64) -> f64;
}

/// Nodes for one f, one A and all shapes up to a power of 4.
pub(super) struct Nodes {
    y: Vec<f64>,
    ln_y: Vec<f64>,
    ln_rest: Vec<f64>,
    ln_weight: Vec<f64>,
    /// Where the last panel begins: ln y and ln(1 − y); none where it is the first.
    last: Option<[f64; 2]>,
}

/// The power of 4 that m is below.
fn level(m: f64) -> u32 {
    (0.5 * m.max(1.0).log2()).ceil() as u32
}

impl Nodes {
    /// For m up to 4^`level` and λ ~ Gamma(m, `rate`), for n up to `reach`, within t > 0; none where that takes too many panels.
    fn new(leaving: &impl Leaving, rate: f64, level: u32, reach: u32, t: f64) -> Option<Nodes> {
        let most = 4.0_f64.powi(level as i32);
        let end = (t / rate).sqrt().asinh();
        let widest_panel = (WIDTH / (2.0 * most.sqrt())).min(WIDEST);
        if !(end <= widest_panel * MOST_PANELS as f64) {
            return None;
        }
        let mut edges = vec![0.0];
        let mut from = 0.0;
        while from < end {
            let width = leaving.panel(rate, from, widest_panel);
            // No crumb at the end.
            let to = if from + 1.1 * width >= end { end } else { from + width };
            if edges.len() > MOST_PANELS || !(to > from) {
                return None;
            }
            edges.push(to);
            from = to;
        }
        cut(&mut edges, f64::from(reach));
        let count = (edges.len() - 1) * NODES + 1;
        let mut z = Vec::with_capacity(count);
        let mut weights = Vec::with_capacity(count);
        let rule = legendre(NODES);
        for edge in edges.windows(2) {
            let width = edge[1] - edge[0];
            z.extend(rule.nodes.iter().map(|node| edge[0] + node * width));
            weights.extend(rule.weights.iter().map(|weight| weight * width));
        }
        z.push(end);
        let mut nodes = Nodes {
            y: vec![0.0; count],
            ln_y: vec![0.0; count],
            ln_rest: vec![0.0; count],
            ln_weight: vec![0.0; count],
            last: None,
        };
        let mut u = vec![0.0; count];
        widest(Places { z: &mut z, rate, u: &mut u, nodes: &mut nodes });
        let (inner, stays) = (count - 1, leaving.ln_survival(t));
        leaving.ln_densities(&mut u[..inner]);
        // du = 2A sinh z cosh z dz = 2A y^½/(1 − y) dz.
        for i in 0..inner {
            let slope = 0.5 * nodes.ln_y[i] - nodes.ln_rest[i];
            nodes.ln_weight[i] = u[i] + slope + (2.0 * rate * weights[i]).ln();
        }
        nodes.ln_weight[inner] = stays;
        if let [.., from, _] = edges[..]
            && from > 0.0
        {
            nodes.last = Some([2.0 * from.tanh().ln(), -2.0 * from.cosh().ln()]);
        }
        Some(nodes)
    }

    /// n up to which the last panel is narrow enough.
    fn most(&self, m: f64) -> f64 {
        let end = self.y.len() - 1;
        match self.last {
            None => MOST_POWER,
            Some([ln_y, ln_rest]) => {
                (MOST_CHANGE + m * (ln_rest - self.ln_rest[end])) / (self.ln_y[end] - ln_y)
            }
        }
    }

    /// P(n) for the range, into `out`; `terms` is room to work in.
    fn fill(&self, m: f64, range: Range<u32>, terms: &mut Vec<f64>, out: &mut [f64]) {
        for (block, out) in out.chunks_mut(ANEW).enumerate() {
            let n = f64::from(range.start) + (block * ANEW) as f64;
            terms.clear();
            terms.extend(
                self.ln_weight
                    .iter()
                    .zip(&self.ln_y)
                    .zip(&self.ln_rest)
                    .map(|((weight, y), rest)| weight + n * y + m * rest),
            );
            let top = terms.iter().fold(f64::NEG_INFINITY, |top: f64, term| top.max(*term));
            if top == f64::NEG_INFINITY {
                out.fill(0.0);
                continue;
            }
            let ways = if n == 0.0 { 0.0 } else { ln_rising(m, n) - ln_gamma(n + 1.0) };
            widest(Sums { terms, y: &self.y, top, m, n, out });
            let scale = top + ways;
            // A probability is below 1, but e^scale times a sum that is far below 1 might not be.
            match scale.abs() < 600.0 {
                true => out.iter_mut().for_each(|p| *p *= scale.exp()),
                false => out.iter_mut().for_each(|p| *p = (p.ln() + scale).exp()),
            }
        }
    }
}

/// Cut the last panel so that over what remains of it, and for n up to `reach`, the logarithm of yⁿ = tanh^(2n) z changes by no more than it may; over what is before, for n up to half
/// of that; and so on: for a larger n it adds nothing there.
fn cut(edges: &mut Vec<f64>, reach: f64) {
    let [.., from, mut to] = edges[..] else { return };
    let (mut n, place) = (reach, edges.len() - 1);
    while n > MOST_POWER {
        let share = (-0.45 * MOST_CHANGE / n).exp();
        if from.tanh() >= share * to.tanh() {
            break;
        }
        to = (share * to.tanh()).atanh();
        if !(to > from) {
            break;
        }
        edges.insert(place, to);
        n *= 0.5;
    }
}

/// From z to u, y, ln y and ln(1 − y).
struct Places<'a> {
    z: &'a mut [f64],
    rate: f64,
    u: &'a mut [f64],
    nodes: &'a mut Nodes,
}

impl Wide for Places<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Places { z, rate, u, nodes } = self;
        // Beyond this tanh is better known by its distance from 1.
        let far = z.partition_point(|z| *z < 0.5);
        z.iter_mut().for_each(|z| *z *= 2.0);
        Expm1::over(z);
        for (i, grown) in z.iter().enumerate() {
            // tanh z = (e^(2z) − 1)/(e^(2z) + 1), sinh² z = (e^(2z) − 1)²/(4e^(2z)).
            let tanh = grown / (grown + 2.0);
            let square = 0.25 * grown * (grown / (grown + 1.0));
            nodes.y[i] = tanh * tanh;
            nodes.ln_rest[i] = square;
            nodes.ln_y[i] = if i < far { tanh } else { -2.0 / (grown + 2.0) };
            u[i] = rate * square;
        }
        Ln1p::over(&mut nodes.ln_rest);
        Ln::over(&mut nodes.ln_y[..far]);
        Ln1p::over(&mut nodes.ln_y[far..]);
        nodes.ln_rest.iter_mut().for_each(|v| *v = -*v);
        nodes.ln_y.iter_mut().for_each(|v| *v *= 2.0);
    }
}

/// Sums that run side by side.
const LANES: usize = 8;

/// Σ of the terms for n, n + 1, …, over e^top and without Γ(m+n)/(Γ(m) n!) of the first n.
struct Sums<'a> {
    terms: &'a mut [f64],
    y: &'a [f64],
    top: f64,
    m: f64,
    n: f64,
    out: &'a mut [f64],
}

impl Wide for Sums<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Sums { terms, y, top, m, n, out } = self;
        terms.iter_mut().for_each(|term| *term = (*term - top).max(LEAST));
        Exp::over(terms);
        for (k, out) in out.iter_mut().enumerate() {
            let n = n + k as f64;
            let ratio = (m + n) / (n + 1.0);
            let mut sums = [0.0; LANES];
            let (mut term, mut place) = (terms.chunks_exact_mut(LANES), y.chunks_exact(LANES));
            for (term, y) in (&mut term).zip(&mut place) {
                for l in 0..LANES {
                    sums[l] += term[l];
                    term[l] *= ratio * y[l];
                }
            }
            let mut rest = 0.0;
            for (term, y) in term.into_remainder().iter_mut().zip(place.remainder()) {
                rest += *term;
                *term *= ratio * y;
            }
            *out = ((sums[0] + sums[1]) + (sums[2] + sums[3]))
                + ((sums[4] + sums[5]) + (sums[6] + sums[7]))
                + rest;
        }
    }
}

/// The distributions of the counts of one model, one customer after the other.
pub(super) struct SharedCounts {
    horizon: f64,
    kept: HashMap<(u64, u32, u32), Option<Nodes>>,
    terms: Vec<f64>,
}

impl SharedCounts {
    pub(super) fn new(horizon: f64) -> SharedCounts {
        SharedCounts { horizon, kept: HashMap::new(), terms: Vec::new() }
    }

    /// P(n) for the range, of a customer of this age who is alive, λ ~ Gamma(m, `rate`) and leaves as told; `alone` is P(n) for one n.
    pub(super) fn fill(
        &mut self,
        age: f64,
        [m, rate]: [f64; 2],
        leaving: &impl Leaving,
        range: Range<u32>,
        out: &mut [f64],
        alone: impl Fn(u32) -> f64,
    ) {
        let horizon = self.horizon;
        if self.kept.len() >= KEPT {
            self.kept.clear();
        }
        let (level, reach) = (level(m), range.end.max(32).next_power_of_two());
        let nodes = match horizon > 0.0 && level < 24 && range.end <= FURTHEST {
            true => self
                .kept
                .entry((age.to_bits(), level, reach))
                .or_insert_with(|| Nodes::new(leaving, rate, level, reach, horizon))
                .as_ref(),
            false => None,
        };
        let most = nodes.map_or(-1.0, |nodes| nodes.most(m));
        // The first n that is too large for the nodes.
        let split = range.clone().position(|n| !(f64::from(n) <= most)).unwrap_or(range.len());
        let (near, far) = out.split_at_mut(split);
        if let Some(nodes) = nodes {
            nodes.fill(m, range.start..range.start + split as u32, &mut self.terms, near);
        }
        for (n, p) in range.skip(split).zip(far) {
            *p = alone(n);
        }
    }
}

/// Each row's part of a [`CountScorer`](crate::model::CountScorer): row, its place in `rows`, and what is to be filled.
pub(super) fn each_row(
    rows: &[f64],
    range: &Range<u32>,
    out: &mut [f64],
    mut fill: impl FnMut(usize, &[f64], &mut [f64]),
) -> Result<()> {
    for (i, (row, out)) in rows.chunks_exact(3).zip(out.chunks_exact_mut(range.len())).enumerate() {
        fill(i, row, out);
    }
    Ok(())
}
