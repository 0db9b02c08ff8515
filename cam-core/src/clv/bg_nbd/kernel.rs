//! The discounted time alive, averaged over the purchase rate: what makes a double integral a single one.
//!
//! A customer with frequency x who is alive buys at λ and leaves at λp. The discounted purchases are E\[λ K(λp)\] over
//! λ ~ Gamma(m, A), m = r + x, A = α + T, and p. With λ weighted by itself this is m/A · E\[M_m(p/A)\], where
//! M_m(z) = E\[K(λ'z)\], λ' ~ Gamma(m + 1, 1): one function of one variable for all ages, and it is interpolated.

use crate::clv::lifetime::Lifetime;
use crate::math::{
    gamma::{ln_gamma, ln_rising},
    mixing::gamma_mixing,
    octaves::Octaves,
    quadrature::{Rule, gamma_rule},
};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// (m, z) ↦ M_m(z), for z ≤ 1/α.
pub(super) struct Kernels<'a> {
    lifetime: Lifetime,
    longest: f64,
    mean: Octaves<Box<dyn Fn(f64, f64) -> f64 + Sync + Send + 'a>>,
    rules: Arc<Rules>,
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
    pub(super) fn new(lifetime: Lifetime, alpha: f64) -> Kernels<'a> {
        let rules = Arc::new(Rules { lifetime, alpha, known: RwLock::default() });
        let inner = Arc::clone(&rules);
        let mean = Box::new(move |m: f64, z: f64| inner.of(m).expect(|rate| lifetime.at(rate * z)));
        Kernels { lifetime, longest: lifetime.longest(), mean: Octaves::new(mean), rules }
    }

    /// The fastest rate of leaving that has a weight, per p/A: the scale on which M_m changes.
    pub(super) fn fastest(&self, m: f64) -> f64 {
        self.rules.of(m).nodes.last().copied().unwrap_or(1.0) * self.longest
    }

    /// Σ over the nodes p of a rule of M_m(p/A).
    pub(super) fn expect(&self, m: f64, rate: f64, over: &Rule) -> f64 {
        let fastest = self.fastest(m);
        let mut mean = self.mean.reader();
        over.expect(|p| {
            let z = p / rate;
            // Nobody leaves within the horizon, to the last digit.
            if z * fastest < 1e-17 { self.lifetime.longest() } else { mean.at(m, z) }
        })
    }
}
