//! The number of purchases in a period that begins later.
//!
//! Of l phases that end before it, had the customer stayed, whoever is still there is known as well as one with l more phases: λ ~ Gamma(m + l, A + t), and
//! p ~ Beta(a, b + i) of those who stayed at i purchases, i = ⌊(phase + l)/k⌋. So with l ~ NBD(m, A) and P(stays i times) = (b)ᵢ/(a + b)ᵢ,
//!
//! ```text
//! P(n purchases from t to t + h) = Σ_l P(l) P(stays i times) P(n purchases within h | l, i),
//! ```
//!
//! and whoever has left buys nothing. Every term is positive; along each phase of the interval in which t falls they are smooth in i, so that long sums go by blocks.

use super::future::{Future, cells};
use crate::clv::horizons::smooth_sum;
use crate::clv::purchases::ln_nbd_probability;
use crate::math::beta::ln_beta_rising;

impl Future {
    /// P(exactly n purchases within τ from `after` on), times over α + T as everywhere here.
    pub(super) fn count_later(&self, n: u32, after: f64, tau: f64) -> f64 {
        if after == 0.0 {
            return self.count(n, tau);
        }
        let Future { m, a, b, k, phase } = *self;
        // How fast the terms change with i: they are the narrower the more is known, or asked.
        let sharpness = cells(k) + (0.1 * (m + k * f64::from(n))).sqrt();
        let of = |l: f64, purchases: f64, then: f64| {
            let ended = ln_nbd_probability(m, l, after);
            let ln_stays = ln_beta_rising(a, b, purchases);
            let customer = Future { m: m + l, a, b: b + purchases, k, phase: then };
            let bought = (ended + ln_stays).exp() * customer.count(n, tau / (1.0 + after));
            if n == 0 { bought - ended.exp() * ln_stays.exp_m1() } else { bought }
        };
        (0..k as u32)
            .map(f64::from)
            .map(|then| {
                let first = if then < phase { 1.0 } else { 0.0 };
                smooth_sum(first, f64::INFINITY, sharpness, |i| of(k * i + (then - phase), i, then))
            })
            .sum()
    }
}

/// The same of a customer with λ ~ Gamma(r, α) and p ~ Beta(a, b) for whom every phase is a purchase; times as they are.
pub(in crate::clv) fn count_later([r, alpha, a, b]: [f64; 4], n: u32, after: f64, horizon: f64) -> f64 {
    Future { m: r, a, b, k: 1.0, phase: 0.0 }.count_later(n, after / alpha, horizon / alpha)
}
