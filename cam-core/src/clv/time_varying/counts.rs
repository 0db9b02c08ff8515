//! How many purchases there will be of a customer whose covariates change.
//!
//! On the clocks that began at T the customer is one of the plain model, λ ~ Gamma(m, A) and μ ~ Gamma(s, B), so in a period that begins when the lifetime clock stands at B₁
//!
//! P(n) = (B₁/B₂)^s NBD(n; m, A, p₂) + ∫ s B₁^s (B₁ + q)^(−s−1) NBD(n; m, A, p) dq,
//!
//! where p and q are what the clocks have run since the period began, p₂ and B₂ where they stand at its end, and NBD(n; m, A, p) is the probability that a Poisson number with rate λ
//! on p is n. Step by step of the covariates p is a linear function of q. The variable is v = ln(1 + w/c) with w the time within the step and c the nearer of the times at which a clock
//! would have stood at 0: there the integrand has no singularity nearer than π but for what a purchase clock that began just now does, (p + a w)ⁿ, which is none.

use super::likelihood::Customer;
use super::walks::Walk;
use crate::clv::purchases::nbd_probability;
use crate::math::{
    gamma::{ln_gamma, ln_rising},
    quadrature::legendre,
};
use std::ops::Range;

/// P(n purchases in (T + after, T + after + horizon\]) of a customer who is alive at T, where the clocks stand; they run on.
pub(super) fn count(customer: &mut Customer<'_>, walk: &Walk, n: u32, after: f64, horizon: f64) -> f64 {
    let (s, m) = (customer.shape(), customer.purchase_shape(walk));
    let [rate, alive] = customer.rates();
    let begins = walk.age + after;
    for (step, from, to) in customer.walks().pieces(walk, walk.age, begins) {
        let speeds = customer.speeds(step);
        customer.run(speeds, to - from);
    }
    let [_, first] = customer.rates();
    let stays = |from: f64, to: f64| -s * ((to - from) / from).ln_1p();
    let there = stays(alive, first);
    let ways = match n {
        0 => 0.0,
        _ => ln_rising(m, f64::from(n)) - ln_gamma(f64::from(n) + 1.0),
    };
    let mut left = Panels { total: 0.0, best: f64::NEG_INFINITY };
    let mut bought = 0.0;
    for (step, from, to) in customer.walks().pieces(walk, begins, begins + horizon) {
        let speeds @ [a, b] = customer.speeds(step);
        let [_, now] = customer.rates();
        let constant = (s * b / now).ln() + stays(first, now) + ways;
        let piece = Piece { n, m, s, rate, bought, speeds, leaving: now, constant };
        left.add(&piece, to - from);
        customer.run(speeds, to - from);
        bought += a * (to - from);
    }
    let [_, last] = customer.rates();
    let count = stays(first, last).exp() * nbd_probability(m, rate, n, bought) + left.total;
    // Who has left before has bought nothing.
    if n == 0 { there.exp() * count - there.exp_m1() } else { there.exp() * count }
}

/// Of a node for n = 0 the logarithm of the integrand, and what a purchase more adds to it in two parts: that for n purchases, or for a part of it.
type Logarithm<'a> = &'a dyn Fn(f64, &(f64, f64, f64)) -> f64;

/// P(n purchases in (T, T + horizon\]) for every n of a range of no more than a few dozen, of a customer who is alive at T, where the clocks stand; they run on. A node of the integral serves all n: from
/// one to the next its integrand grows by (m + n)/(n + 1) · p/(A + p). How narrow panels must be is decided by the first n and the last: between them the logarithm ranges less,
/// for it is linear in n at every node. The factor pⁿ, a polynomial in the time, counts for that only where the rule is not exact for such a power.
pub(super) fn counts(
    customer: &mut Customer<'_>,
    walk: &Walk,
    range: Range<u32>,
    horizon: f64,
    out: &mut [f64],
) {
    let (s, m) = (customer.shape(), customer.purchase_shape(walk));
    let [rate, first] = customer.rates();
    let stays = |from: f64, to: f64| -s * ((to - from) / from).ln_1p();
    let ways = |n: u32| ln_rising(m, f64::from(n)) - ln_gamma(f64::from(n) + 1.0);
    let ends = [range.start, range.end - 1];
    out.fill(0.0);
    let (mut bought, mut nodes) = (0.0, Vec::with_capacity(24));
    let mut stack = Vec::new();
    for (step, from, to) in customer.walks().pieces(walk, walk.age, walk.age + horizon) {
        let speeds @ [a, b] = customer.speeds(step);
        let [_, now] = customer.rates();
        let constant = (s * b / now).ln() + stays(first, now);
        let piece = Piece { n: 0, m, s, rate, bought, speeds, leaving: now, constant };
        let near = piece.near();
        let end = ((to - from) / near).ln_1p();
        stack.push((0.0, end));
        while let Some((low, high)) = stack.pop() {
            let width: f64 = high - low;
            let good = RULES.iter().zip(POWERS).any(|(&(count, widest, most), powers)| {
                let last = width <= NARROWEST * end;
                if width > widest && !last {
                    return false;
                }
                let rule = legendre(count);
                nodes.clear();
                // The logarithm for n = 0, and what a purchase more adds to it: ln(p/A) and −ln(1 + p/A).
                nodes.extend(rule.nodes.iter().map(|node| {
                    let v = low + node * width;
                    let p = (bought + a * near * v.exp_m1()) / rate;
                    (piece.log(near, v), p.ln(), -p.ln_1p())
                }));
                let span = |n: u32, log: Logarithm<'_>| {
                    let n = f64::from(n);
                    let each = nodes.iter().map(|node| if n == 0.0 { node.0 } else { log(n, node) });
                    let (low, high) =
                        each.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (x.min(l), x.max(h)));
                    (high - low, high)
                };
                let whole = |n: f64, (log, power, rest): &(f64, f64, f64)| log + n * (power + rest);
                let smooth = |n: f64, (log, _, rest): &(f64, f64, f64)| log + n * rest;
                // What no n has anything of, to the last of all numbers.
                let nothing = ends.iter().all(|&n| span(n, &whole).1 + ways(n) + width.ln() < NUMBERS);
                let narrow = |log: Logarithm<'_>| {
                    ends.iter().all(|&n| {
                        let range = span(n, log).0;
                        range <= most || !range.is_finite()
                    })
                };
                let good = nothing || last || (ends[1] <= powers && narrow(&smooth)) || narrow(&whole);
                if good {
                    let least = f64::from(ends[0]);
                    for ((log, power, rest), weight) in nodes.iter().zip(&rule.weights) {
                        let begin = if least == 0.0 { 0.0 } else { least * (power + rest) + ways(ends[0]) };
                        let (mut term, ratio) = (width * weight * (log + begin).exp(), (power + rest).exp());
                        for (k, out) in out.iter_mut().enumerate() {
                            *out += term;
                            let n = least + k as f64;
                            term *= ratio * (m + n) / (n + 1.0);
                        }
                    }
                }
                good
            });
            if !good {
                let middle = 0.5 * (low + high);
                stack.extend([(low, middle), (middle, high)]);
            }
        }
        customer.run(speeds, to - from);
        bought += a * (to - from);
    }
    let [_, last] = customer.rates();
    let stayed = stays(first, last).exp();
    for (n, out) in range.zip(out) {
        *out += stayed * nbd_probability(m, rate, n, bought);
    }
}

/// The integrand over a step.
struct Piece {
    n: u32,
    m: f64,
    s: f64,
    /// A.
    rate: f64,
    /// p at the beginning of the step.
    bought: f64,
    speeds: [f64; 2],
    /// B₁ + q at the beginning.
    leaving: f64,
    /// What does not depend on the time.
    constant: f64,
}

impl Piece {
    /// The time on whose scale the integrand changes.
    fn near(&self) -> f64 {
        ((self.rate + self.bought) / self.speeds[0]).min(self.leaving / self.speeds[1])
    }

    /// The logarithm of the integrand at v.
    fn log(&self, near: f64, v: f64) -> f64 {
        let Piece { n, m, s, rate, bought, speeds: [a, b], leaving, constant } = *self;
        let n = f64::from(n);
        let w = near * v.exp_m1();
        let counted = if n == 0.0 { 0.0 } else { n * ((bought + a * w) / rate).ln() };
        let exposed = (bought / rate).ln_1p() + (a * w / (rate + bought)).ln_1p();
        constant + near.ln() + v + counted - (m + n) * exposed - (s + 1.0) * (b * w / leaving).ln_1p()
    }
}

/// A sum over panels, each of which is as narrow as its rule asks for.
struct Panels {
    total: f64,
    /// The logarithm of the largest panel, or nearly.
    best: f64,
}

/// Nodes of a rule, the widest panel, and how far the logarithm of the integrand may range on it.
const RULES: [(usize, f64, f64); 2] = [(8, 0.3, 0.5), (24, 1.2, 10.0)];
/// Powers of p up to which each of them is exact to rounding: well below twice the nodes.
const POWERS: [u32; 2] = [4, 20];
/// What is smaller than the best by this, in logarithms, adds nothing.
const NOTHING: f64 = 50.0;
/// Panels that are narrower are taken as they are.
const NARROWEST: f64 = 1e-12;
/// Logarithms below this are not to be told from 0 with others.
const NUMBERS: f64 = -700.0;

impl Panels {
    fn add(&mut self, piece: &Piece, length: f64) {
        let near = piece.near();
        let end = (length / near).ln_1p();
        let mut stack = vec![(0.0, end)];
        let mut looked = false;
        while let Some((low, high)) = stack.pop() {
            let width = high - low;
            if self.rule(piece, near, low, width, width <= NARROWEST * end) {
                continue;
            }
            if !looked {
                // Where the most is, so that what is nothing beside it is not cut finer and finer.
                let at = (0..16).map(|k| piece.log(near, end * (f64::from(k) + 0.5) / 16.0));
                self.best = at.fold(self.best, |best, log| best.max(log + end.ln()));
                looked = true;
            }
            let middle = 0.5 * (low + high);
            stack.extend([(low, middle), (middle, high)]);
        }
    }

    /// Add a panel, or nothing where it is nothing; whether one of the rules was good enough for it.
    fn rule(&mut self, piece: &Piece, near: f64, low: f64, width: f64, any: bool) -> bool {
        for (count, widest, range) in RULES {
            if width > widest {
                continue;
            }
            let rule = legendre(count);
            let (mut least, mut most, mut sum) = (f64::INFINITY, f64::NEG_INFINITY, 0.0);
            for (node, weight) in rule.nodes.iter().zip(&rule.weights) {
                let log = piece.log(near, low + node * width);
                (least, most) = (log.min(least), log.max(most));
                sum += weight * log.exp();
            }
            let size = most + width.ln();
            if size < self.best - NOTHING {
                return true;
            }
            // Out of the range of numbers, no panel is narrow enough.
            if most - least <= range || any || !(most - least).is_finite() {
                self.total += width * sum;
                self.best = self.best.max(size);
                return true;
            }
        }
        false
    }
}
