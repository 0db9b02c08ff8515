//! The discounted time alive, averaged over the purchase rate: what makes a double integral a single one.
//!
//! A customer with frequency x who is alive buys at λ and leaves at λp. The discounted purchases are E\[λ K(λp)\] over
//! λ ~ Gamma(m, A), m = r + x, A = α + T, and p. With λ weighted by itself this is m/A · E\[M_m(p/A)\], where
//! M_m(z) = E\[K(λ'z)\], λ' ~ Gamma(m + 1, 1): one function of one variable for all ages, and it is interpolated.

use crate::clv::lifetime::Lifetime;
use crate::math::{
    gamma::{ln_gamma, ln_rising},
    mixing::{beta_mixing, gamma_mixing},
    octaves::Octaves,
    quadrature::{Rule, gamma_rule},
};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// (m, z) ↦ M_m(z), for z ≤ 1/α.
pub(super) struct Kernels<'a> {
    longest: f64,
    /// −K'(0).
    slope: f64,
    mean: Octaves<Box<dyn Fn(f64, f64) -> f64 + Sync + Send + 'a>>,
    rules: Arc<Rules>,
    over: Dropouts,
}

/// From here on a plain trapezoidal sum costs no more than Gauss's rule.
const MOST_NODES: f64 = 40.0;

/// Nodes for λ' by m.
struct Rules {
    lifetime: Lifetime,
    alpha: f64,
    known: RwLock<HashMap<u64, Arc<Rule>>>,
}

impl Rules {
    fn of(&self, m: f64) -> Arc<Rule> {
        if let Some(rule) = self.known.read().unwrap_or_else(PoisonError::into_inner).get(&m.to_bits()) {
            return Arc::clone(rule);
        }
        // Over a finite horizon h, K is a mixture of e^(−wt), t ≤ h; for e^(−cλ') Gauss's rule with n nodes errs by
        // (c/(2 + c))^2n · (n + m choose n), and E[K] is no less than K(0)/(1 + c(m + 1)). An infinite horizon wants infinitely many.
        let c = self.lifetime.horizon() / self.alpha;
        let digits = 37.0 + (c * (m + 1.0)).ln_1p();
        let mut nodes = 6.0;
        for _ in 0..4 {
            let choose = ln_rising(m + 1.0, nodes) - ln_gamma(nodes + 1.0);
            nodes = (0.5 * (digits + choose) / (2.0 / c).ln_1p()).ceil().clamp(6.0, MOST_NODES + 1.0);
        }
        let rule = Arc::new(if nodes <= MOST_NODES {
            gamma_rule(nodes as usize, m + 1.0)
        } else {
            gamma_mixing(m + 1.0, (self.alpha / self.lifetime.longest()).min(1.0))
        });
        self.known.write().unwrap_or_else(PoisonError::into_inner).insert(m.to_bits(), Arc::clone(&rule));
        rule
    }
}

impl<'a> Kernels<'a> {
    pub(super) fn new(lifetime: Lifetime, alpha: f64, a: f64) -> Kernels<'a> {
        let rules = Arc::new(Rules { lifetime, alpha, known: RwLock::default() });
        let inner = Arc::clone(&rules);
        let mean = Box::new(move |m: f64, z: f64| {
            inner.of(m).expect_slices(|rates| {
                rates.iter_mut().for_each(|rate| *rate *= z);
                lifetime.over(rates);
            })
        });
        // By a difference: it only ever multiplies numbers below 1e-8, so that eight digits of it are enough.
        let longest = lifetime.longest();
        let step = 1e-8 / longest.max(f64::MIN_POSITIVE);
        let slope = (longest - lifetime.at(step)) / step;
        Kernels { longest, slope, mean: Octaves::new(mean), rules, over: Dropouts::new(a) }
    }

    /// The fastest rate of leaving that has a weight, per p/A: the scale on which M_m changes.
    pub(super) fn fastest(&self, m: f64) -> f64 {
        self.rules.of(m).nodes.last().copied().unwrap_or(1.0) * self.longest
    }

    /// E\[M_m(p/A)\], p ~ Beta(a, b), where A ≥ α.
    pub(super) fn expect(&self, m: f64, rate: f64, b: f64) -> f64 {
        let fastest = self.fastest(m);
        let over = self.over.of(b, 1.0 + fastest / rate);
        let mut mean = self.mean.reader();
        over.expect(|p| {
            let z = p / rate;
            // Where hardly anybody leaves within the horizon, K is a straight line to the last digit.
            if z * fastest < 1e-8 { self.longest - self.slope * (m + 1.0) * z } else { mean.at(m, z) }
        })
    }
}

/// Nodes for p ~ Beta(a, b), one a for all; kept, for a frequency's nodes serve all ages.
pub(super) struct Dropouts {
    a: f64,
    known: RwLock<HashMap<(u64, u64), Arc<Rule>>>,
}

impl Dropouts {
    pub(super) fn new(a: f64) -> Dropouts {
        Dropouts { a, known: RwLock::default() }
    }

    /// For functions that change with p on the scale 1/steepness, and are as much larger at 0 than on average.
    pub(super) fn of(&self, b: f64, steepness: f64) -> Arc<Rule> {
        // Up to a power of 2, so that few rules serve all.
        let doublings = steepness.log2().ceil();
        let place = (b.to_bits(), doublings.to_bits());
        if let Some(rule) = self.known.read().unwrap_or_else(PoisonError::into_inner).get(&place) {
            return Arc::clone(rule);
        }
        let gain = doublings * std::f64::consts::LN_2;
        let rule = Arc::new(beta_mixing(self.a, b, (-doublings).exp2(), gain));
        self.known.write().unwrap_or_else(PoisonError::into_inner).insert(place, Arc::clone(&rule));
        rule
    }
}
