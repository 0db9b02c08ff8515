//! The integral of the likelihood over one step of the covariates, and the moments that its derivatives need.
//!
//! Within a step both clocks run evenly, A(u) = A + a w and B(u) = B + b w, so that the integrand is that of the plain model with rates (α + A)/a and (β + B)/b.
//! As there, v = ln(1 + w/c) with c the smaller of the two makes it e^(−φ(v)) with singularities at distance π, for Gauss–Legendre rules of few nodes. Steps
//! are short, and four nodes are enough for most.

use crate::clv::pareto_nbd::left::{cut, nodes};
use crate::math::{
    quadrature::legendre,
    vector::{Exp, Expm1, Kernel, Ln1p, Wide, widest},
};

/// A step, or a part of one: the clocks and their logarithms at its beginning, how fast they run, and its length.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    /// r + x and s + 1.
    pub(super) exponents: [f64; 2],
    /// α + A and β + B.
    pub(super) clocks: [f64; 2],
    /// Their logarithms, less those at the last purchase.
    pub(super) logs: [f64; 2],
    /// a and b.
    pub(super) speeds: [f64; 2],
    pub(super) length: f64,
    /// ln b, less the largest of all steps.
    pub(super) log_speed: f64,
}

/// Sums over the nodes of a step, of the integrand times nothing, times each of ln(α+A), 1/(α+A), ln(β+B), 1/(β+B), and times the products of two.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Moments {
    pub(super) total: f64,
    pub(super) first: [f64; 4],
    /// Lower triangle.
    pub(super) second: [f64; 10],
}

/// Where row i of a lower triangle begins.
pub(super) const TRIANGLE: [usize; 4] = [0, 1, 3, 6];

/// The most nodes of a panel.
const NODES: usize = 24;

impl Step {
    /// ∫ e^(−m ln(α+A) − (s+1) ln(β+B) + ln b) du with its moments, all logarithms less those of the reference.
    pub(super) fn moments(&self, derivatives: bool) -> Moments {
        widest(Integral { step: self, derivatives })
    }
}

struct Integral<'a> {
    step: &'a Step,
    derivatives: bool,
}

impl Wide for Integral<'_> {
    type Output = Moments;

    #[inline(always)]
    fn run(self) -> Moments {
        let Step { exponents, clocks, logs, speeds, length, log_speed } = *self.step;
        let rates = [clocks[0] / speeds[0], clocks[1] / speeds[1]];
        let (n, f) = if rates[0] <= rates[1] { (0, 1) } else { (1, 0) };
        let (near, kappa) = (rates[n], rates[n] / rates[f]);
        let (e_near, e_far) = (exponents[n], exponents[f]);
        let phi = |v: f64| (e_near - 1.0) * v + e_far * (kappa * v.exp_m1()).ln_1p();
        let whole = (length / near).ln_1p();
        let (end, phi_end) = cut(phi, whole, phi(whole), |v| {
            let grown = kappa * v.exp();
            (e_near - 1.0) + e_far * grown / (1.0 - kappa + grown)
        });
        let scale = (log_speed - exponents[0] * logs[0] - exponents[1] * logs[1]).exp() * near;
        let mut sums = Moments::default();
        let panels = (end / 2.5).ceil().max(1.0);
        let (mut from, mut phi_from) = (0.0, 0.0);
        for k in 0..panels as usize {
            let is_last = k + 1 == panels as usize;
            let to = if is_last { end } else { from + end / panels };
            let phi_to = if is_last { phi_end } else { phi(to) };
            let width = to - from;
            let rise = (phi_to - phi_from).abs();
            let rule = legendre(if rise < 0.15 && width < 0.15 { 4 } else { nodes(rise, width) });
            let count = rule.nodes.len();
            let (mut grown, mut log_far, mut w) = ([0.0; NODES], [0.0; NODES], [0.0; NODES]);
            let (grown, log_far, w) = (&mut grown[..count], &mut log_far[..count], &mut w[..count]);
            for (e, node) in grown.iter_mut().zip(&rule.nodes) {
                *e = from + node * width;
            }
            Expm1::over(grown);
            for (l, e) in log_far.iter_mut().zip(grown.iter()) {
                *l = kappa * e;
            }
            Ln1p::over(log_far);
            for ((w, l), node) in w.iter_mut().zip(log_far.iter()).zip(&rule.nodes) {
                *w = -(e_near - 1.0) * (from + node * width) - e_far * l;
            }
            Exp::over(w);
            for (i, w) in w.iter().enumerate() {
                let w = w * rule.weights[i] * (width * scale);
                sums.total += w;
                if !self.derivatives {
                    continue;
                }
                let mut at = [0.0; 4];
                at[2 * n] = logs[n] + (from + rule.nodes[i] * width);
                at[2 * n + 1] = 1.0 / (clocks[n] * (1.0 + grown[i]));
                at[2 * f] = logs[f] + log_far[i];
                at[2 * f + 1] = 1.0 / (clocks[f] * (1.0 + kappa * grown[i]));
                for a in 0..4 {
                    let weighted = w * at[a];
                    sums.first[a] += weighted;
                    for b in 0..=a {
                        sums.second[TRIANGLE[a] + b] += weighted * at[b];
                    }
                }
            }
            (from, phi_from) = (to, phi_to);
        }
        sums
    }
}
