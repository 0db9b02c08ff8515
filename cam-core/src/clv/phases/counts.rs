//! P(n purchases) for many n at once.
//!
//! With Y purchases had the customer stayed, q_n = (b)ₙ/(a + b)ₙ the probability to stay n times, and as in [`Future::count`],
//!
//! ```text
//! P(n) = q_n P(Y = n) + q_(n−1) a/(a + b + n − 1) P(Y ≥ n),
//! ```
//!
//! the second term for n ≥ 1. P(Y = n) is a sum over the k phases of an interval, each term the one before times a ratio: forwards. P(Y ≥ n) is P(Y = n) + P(Y ≥ n + 1): backwards, so
//! that nothing cancels, from one incomplete beta function beyond the last n.

use super::future::Future;
use crate::clv::purchases::ln_nbd_probability;
use crate::math::beta::ln_beta_rising;
use std::ops::Range;

/// How far the terms may grow from the first one that is made of logarithms: e^600.
const MOST_GROWTH: f64 = 600.0;

impl Future {
    /// P(n purchases within τ) for the range, into `out`.
    pub(super) fn counts(&self, range: Range<u32>, tau: f64, out: &mut [f64]) {
        let y = tau / (1.0 + tau);
        let (mut from, mut rest) = (f64::from(range.start), out);
        while !rest.is_empty() {
            // The ratios fall towards y, or are below 1.
            let first = (self.k * from - self.phase).max(0.0);
            let growth = self.k * ((self.m + first) / (first + 1.0) * y).ln().max(1e-3);
            let length = (MOST_GROWTH / growth).clamp(1.0, rest.len() as f64) as usize;
            let (out, later) = rest.split_at_mut(length);
            self.counts_from(from, tau, out);
            (from, rest) = (from + length as f64, later);
        }
    }

    fn counts_from(&self, from: f64, tau: f64, out: &mut [f64]) {
        let (a, b) = (self.a, self.b);
        let y = tau / (1.0 + tau);
        let mut at = (self.k * from - self.phase).max(0.0);
        let ln_first = ln_nbd_probability(self.m, at, tau);
        let mut term = 1.0;
        for (i, out) in out.iter_mut().enumerate() {
            let end = self.k * (from + i as f64 + 1.0) - self.phase;
            let mut sum = 0.0;
            while at < end {
                sum += term;
                term *= (self.m + at) / (at + 1.0) * y;
                at += 1.0;
            }
            *out = (ln_first + sum.ln()).exp();
        }
        let before = (from - 1.0).max(0.0);
        let mut stays_before = ln_beta_rising(a, b, before).exp();
        let mut stays = if from > 0.0 { stays_before * ((b + before) / (a + b + before)) } else { 1.0 };
        // From P(Y = n) to P(Y ≥ n), the last first; then both are there.
        let mut tail = self.at_least(from + out.len() as f64, tau);
        let exactly: Vec<f64> = out.to_vec();
        for out in out.iter_mut().rev() {
            tail += *out;
            *out = tail;
        }
        for (i, (out, exactly)) in out.iter_mut().zip(exactly).enumerate() {
            let n = from + i as f64;
            let left = if n > 0.0 { stays_before * (a / (a + b + (n - 1.0))) * *out } else { 0.0 };
            *out = stays * exactly + left;
            stays_before = stays;
            stays *= (b + n) / (a + b + n);
        }
    }
}

/// The same of a customer with λ ~ Gamma(r, α) and p ~ Beta(a, b) for whom every phase is a purchase; the time as it is.
pub(in crate::clv) fn counts([r, alpha, a, b]: [f64; 4], range: Range<u32>, horizon: f64, out: &mut [f64]) {
    Future { m: r, a, b, k: 1.0, phase: 0.0 }.counts(range, horizon / alpha, out);
}
