//! What a customer who is alive will do: expected purchases, survival, and the distribution of the count.
//!
//! The customer has ended `phase` of the k phases of the current interval. N, the phases that would end within t, is negative binomial, NBD(m, A);
//! all that matters of time is τ = t/A. Purchases are Y = ⌊(N + phase)/k⌋, had the customer stayed, and with q = 1 − p
//!
//! ```text
//! P(alive) = E[q^Y],    E[purchases] = E[(1 − q^Y)/p] = Σ_{i≥1} E[q^(i−1)] P(N ≥ ik − phase).
//! ```
//!
//! **Few phases.** Both are sums over N of positive terms, with the beta distribution of p integrated out: E\[q^I\] = (b)_I/(a + b)_I. No term cancels.
//!
//! **Many phases.** ω = e^(2πi/k) picks every k-th: with ρ = q^(1/k) and ζ_l = ρω^l,
//!
//! ```text
//! E[q^Y | p] = Σ_l p C_l (1 + τ(1 − ζ_l))^(−m),   C_l = ζ_l^(phase+1) / (qk(1 − ζ_l)),   Σ_l p C_l = 1 or q^0,
//! ```
//!
//! and E\[(1 − q^Y)/p\] = Σ_l C_l (1 − (1 + τ(1 − ζ_l))^(−m)), which has no pole at p = 0. Terms come in conjugate pairs; that of l = 0 is real, and
//! the largest. What remains is an expectation over p; see [`beta_mixing_logits`]. As q → 0 the terms grow as ρ^(1−k), and cancel: there the sum
//! over purchases converges within a few of them, and is taken instead.

use crate::clv::purchases::ln_nbd_probability;
use crate::math::{
    beta::{inc_beta, inc_beta_upper, ln_beta_rising},
    exp_log::{exprel, log1p_exp, logistic},
    gamma::ln_rising,
    mixing::beta_mixing_logits,
};

/// Below this share of stayers sums run over purchases; above it the roots of unity lose no more than its inverse.
const FEW_STAY: f64 = 0.03;

/// Terms that a sum over phases may have.
const MOST_TERMS: f64 = 4000.0;

/// Cells of interpolation per octave: functions of A ring at k phases per purchase, damped by 1 − cos(2π/k), so that it takes the more cells the
/// larger k is.
pub(super) fn cells(k: f64) -> f64 {
    (k / 4.0).ceil()
}

/// A customer who is alive: λ ~ Gamma(m, ·), p ~ Beta(a, b), and phases of the current interval that have ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Future {
    pub(super) m: f64,
    pub(super) a: f64,
    pub(super) b: f64,
    pub(super) k: f64,
    pub(super) phase: f64,
}

impl Future {
    /// P(alive at τ).
    pub(super) fn survival(&self, tau: f64) -> f64 {
        if self.is_short(tau) {
            let (a, b) = (self.a, self.b);
            let mut count = -1.0;
            return self.surviving(tau, 1.0, || {
                count += 1.0;
                (b + count) / (a + b + count)
            });
        }
        // By Jensen's inequality, twice, the expectation is no less than this at E[p]; it is 1 at p = 0.
        let ln_rho = (self.b / (self.a + self.b)).ln() / self.k;
        let gain = self.m * (-tau * ln_rho.exp_m1()).ln_1p() - self.phase * ln_rho;
        let roots = Roots::new(self, tau);
        beta_mixing_logits(self.a, self.b, 1.0 / self.steepness(tau), gain).expect(|y| {
            let q = Share::new(y, self.k);
            // The sum has a peak near n = m y/(1 − y) of this y, and its logarithm is about −m ln(1 − y).
            if self.k > 1.0 && q.stay < FEW_STAY && -self.m * (-tau / (1.0 + tau) * q.rho).ln_1p() < 600.0 {
                return self.surviving(tau, q.rho, || q.stay);
            }
            let main = q.stay_weight(self.phase) * (-self.m * (tau * q.per_phase).ln_1p()).exp();
            main + q.leave * q.power(self.phase) * roots.ringing(&q, false)
        })
    }

    /// Expected purchases within τ.
    pub(super) fn expected(&self, tau: f64) -> f64 {
        if tau == 0.0 {
            return 0.0;
        }
        if self.is_short(tau) {
            let (a, b) = (self.a, self.b);
            let (mut sum, mut stay, mut count) = (0.0, 1.0, 0.0);
            return self.arriving(tau, || {
                sum += stay;
                stay *= (b + count) / (a + b + count);
                count += 1.0;
                sum
            });
        }
        let steepness = self.steepness(tau);
        let roots = Roots::new(self, tau);
        let mut tails: Vec<f64> = Vec::new();
        // E[1/p], cut off at mτ, is no less than 1/E[p].
        beta_mixing_logits(self.a, self.b, 1.0 / steepness, steepness.ln()).expect(|y| {
            let q = Share::new(y, self.k);
            if self.k > 1.0 && q.stay < FEW_STAY {
                let (mut sum, mut stay) = (0.0, 1.0);
                for i in 0..60 {
                    if tails.len() <= i {
                        tails.push(self.at_least((i + 1) as f64, tau));
                    }
                    sum += stay * tails[i];
                    stay *= q.stay;
                    if stay < 1e-18 {
                        break;
                    }
                }
                return sum;
            }
            // mτ · (L/τd) · (1 − e^(−mL))/(mL) with d = 1 − ρ and L = ln(1 + τd): no cancellation for small p.
            let z = tau * q.per_phase;
            let l = z.ln_1p();
            let ratio = if z < 1e-16 { 1.0 } else { l / z };
            let main = self.m * tau * ratio * exprel(-self.m * l) / self.k;
            q.power(self.phase) * (main + roots.ringing(&q, true))
        })
    }

    /// P(exactly n purchases within τ): alive with n, or left at the n-th, so that there would have been n or more.
    pub(super) fn count(&self, n: u32, tau: f64) -> f64 {
        let count = f64::from(n);
        let (a, b) = (self.a, self.b);
        // N from kn − phase to k(n + 1) − phase − 1, by their ratios.
        let from = (self.k * count - self.phase).max(0.0);
        let to = self.k * (count + 1.0) - self.phase;
        let y = tau / (1.0 + tau);
        let (mut term, mut sum, mut at) = (1.0, 0.0, from);
        while at < to {
            sum += term;
            term *= (self.m + at) / (at + 1.0) * y;
            at += 1.0;
        }
        let stays = (ln_beta_rising(a, b, count) + ln_nbd_probability(self.m, from, tau) + sum.ln()).exp();
        if n == 0 {
            return stays;
        }
        // B(a + 1, b + n − 1)/B(a, b) = a/(a + b) · Γ(b + n − 1)/Γ(b) · Γ(a + b + 1)/Γ(a + b + n).
        let leaves = a / (a + b) * (ln_rising(b, count - 1.0) - ln_rising(a + b + 1.0, count - 1.0)).exp();
        stays + leaves * self.at_least(count, tau)
    }

    /// P(Y ≥ i), i ≥ 1.
    pub(super) fn at_least(&self, i: f64, tau: f64) -> f64 {
        let n = self.k * i - self.phase;
        if tau < 1.0 {
            inc_beta(n, self.m, tau / (1.0 + tau))
        } else {
            inc_beta_upper(self.m, n, 1.0 / (1.0 + tau))
        }
    }

    /// How fast things change with p.
    fn steepness(&self, tau: f64) -> f64 {
        1.0 + self.m.max(1.0) * tau
    }

    /// Whether few phases end: so few that a sum over them is quick, and its first term does not underflow.
    fn is_short(&self, tau: f64) -> bool {
        self.m * tau.ln_1p() < 600.0 && self.m * tau + 45.0 * (1.0 + tau) < MOST_TERMS
    }

    /// E\[w(Y)\] for w(0) = 1, where `next` gives w(1)/w(0), w(2)/w(1), … ≤ 1, about `rho`ᵏ.
    fn surviving(&self, tau: f64, rho: f64, mut next: impl FnMut() -> f64) -> f64 {
        let y = tau / (1.0 + tau);
        let (mut term, mut sum) = (1.0, 0.0);
        let (mut n, mut phase) = (0.0, self.phase);
        loop {
            sum += term;
            let ratio = (self.m + n) / (n + 1.0) * y;
            term *= ratio;
            n += 1.0;
            phase += 1.0;
            if phase >= self.k {
                phase = 0.0;
                term *= next();
                if enough(ratio.max(y) * rho, term * self.k, sum) || n > 1e6 {
                    return (sum.ln() - self.m * tau.ln_1p()).exp();
                }
            }
        }
    }

    /// E\[w(Y)\] for w(0) = 0, where `next` gives w(1), w(2), …, growing no faster than Y.
    fn arriving(&self, tau: f64, mut next: impl FnMut() -> f64) -> f64 {
        let y = tau / (1.0 + tau);
        let (mut term, mut weight, mut sum) = (1.0, 0.0, 0.0);
        let (mut n, mut phase) = (0.0, self.phase);
        loop {
            let ratio = (self.m + n) / (n + 1.0) * y;
            term *= ratio;
            n += 1.0;
            phase += 1.0;
            if phase >= self.k {
                phase = 0.0;
                weight = next();
            }
            sum += term * weight;
            if (weight > 0.0 && enough(ratio.max(y), term * weight, sum)) || n > 1e6 {
                return (sum.ln() - self.m * tau.ln_1p()).exp();
            }
        }
    }
}

/// Whether what follows a term is nothing beside the sum, if it falls by `ratio` each time, and weights grow no faster than its number.
/// (The ratios of a negative binomial fall towards y if m > 1, and rise towards it if not.)
fn enough(ratio: f64, term: f64, sum: f64) -> bool {
    ratio < 1.0 && term <= 1e-18 * (1.0 - ratio) * (1.0 - ratio) * sum
}

/// What the terms of l ≠ 0 need, one of each conjugate pair.
struct Roots {
    m: f64,
    tau: f64,
    /// cos φ, sin φ, cos (phase + 1)φ, sin (phase + 1)φ, where φ = 2πl/k, and by how much the term counts.
    angles: Vec<[f64; 5]>,
    /// τ Re(1 − ζ) from which on (1 + τ(1 − ζ))^(−m) is nothing beside 1. (It may be all there is beside the other terms.)
    nothing: f64,
}

impl Roots {
    fn new(of: &Future, tau: f64) -> Roots {
        let k = of.k as u32;
        let angles = (1..=k / 2).map(|l| {
            let phi = std::f64::consts::TAU * f64::from(l) / of.k;
            let pair = if 2 * l < k { 2.0 } else { 1.0 };
            let (sin, cos) = phi.sin_cos();
            let (turned_sin, turned_cos) = ((of.phase + 1.0) * phi).sin_cos();
            [cos, sin, turned_cos, turned_sin, pair / of.k]
        });
        Roots { m: of.m, tau, angles: angles.collect(), nothing: (45.0 / of.m).exp_m1() }
    }

    /// Σ_{l≠0} Re C_l g_l over ρ^(phase+1)/q, where g_l is (1 + τ(1 − ζ_l))^(−m), or 1 less it (`complement`).
    fn ringing(&self, q: &Share, complement: bool) -> f64 {
        let (m, tau) = (self.m, self.tau);
        let mut sum = 0.0;
        for &[cos, sin, turned_cos, turned_sin, count] in &self.angles {
            // d = 1 − ζ.
            let (re, im) = (q.per_phase + q.rho * (1.0 - cos), -q.rho * sin);
            let square = re * re + im * im;
            // C = e^(i(phase+1)φ)/d.
            let (c_re, c_im) =
                ((turned_cos * re + turned_sin * im) / square, (turned_sin * re - turned_cos * im) / square);
            let mut g = (if complement { 1.0 } else { 0.0 }, 0.0);
            if !complement || tau * re < self.nothing {
                let ln_size = 0.5 * (tau * (2.0 * re + tau * square)).ln_1p();
                let turn = m * (tau * im).atan2(1.0 + tau * re);
                let shrink = -m * ln_size;
                let half = (0.5 * turn).sin();
                // e^z − 1 where that is asked for, so that nothing cancels for a small m.
                let real = if complement {
                    2.0 * half * half - shrink.exp_m1() * turn.cos()
                } else {
                    shrink.exp() * turn.cos()
                };
                let imaginary = -shrink.exp() * turn.sin();
                g = (real, if complement { -imaginary } else { imaginary });
            }
            sum += count * (c_re * g.0 - c_im * g.1);
        }
        sum
    }
}

/// One value of p and what follows from it.
struct Share {
    /// q = 1 − p.
    stay: f64,
    /// p.
    leave: f64,
    /// ln q.
    ln_stay: f64,
    k: f64,
    /// q^(1/k).
    rho: f64,
    /// 1 − q^(1/k).
    per_phase: f64,
}

impl Share {
    /// From the logit of p.
    fn new(y: f64, k: f64) -> Share {
        let ln_stay = -log1p_exp(y);
        let per_phase = -(ln_stay / k).exp_m1();
        Share { stay: logistic(-y), leave: logistic(y), ln_stay, k, rho: (ln_stay / k).exp(), per_phase }
    }

    /// ρ^(phase + 1)/q.
    fn power(&self, phase: f64) -> f64 {
        (self.ln_stay * ((phase + 1.0) / self.k - 1.0)).exp()
    }

    /// p C₀ = p ρ^(phase+1)/(qk(1 − ρ)), which is 1 at p = 0.
    fn stay_weight(&self, phase: f64) -> f64 {
        let ratio = if self.leave < 1e-290 { 1.0 } else { self.leave / (self.k * self.per_phase) };
        ratio * self.power(phase)
    }
}
