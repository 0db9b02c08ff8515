//! What a customer of Pareto/GGG will do, given k, λ and μ: a renewal process that is cut off by an exponential lifetime.
//!
//! The time of a purchase counts only where the customer is still there, so that each interval of density Gamma(k, ρ), ρ = kλ, comes with a factor e^(−μv), or
//! e^(−(μ+δ)v) where it is discounted. That is again a gamma density, of rate c = ρ + μ + δ, times g = (ρ/c)^k. So, w after the last purchase and with s the probability of
//! that silence, the discounted number of customers' n-th purchases within h is
//!
//! ```text
//! R_n(h) = e^(δw)/s · gⁿ ∫_w^(w+h) q(v) P((n−1)k, c (w+h−v)) dv,   q the density of Gamma(k, c),
//! ```
//!
//! with P the incomplete gamma function: one integral for whatever n. At w = 0, just after a purchase, it is gⁿ P(nk, ch), and for h = ∞ it is a geometric series. Then
//!
//! | quantity | formula |
//! |---|---|
//! | P(n purchases or more) | R_n at δ = 0 |
//! | E\[X\], E\[X²\] | Σ R_n, Σ (2n − 1) R_n at δ = 0 |
//! | discounted purchases until h | Σ R_n |
//! | … for ever, A(δ) | e^(δw)/s · g Q(k, cw)/(1 − g) |
//! | E\[Y²\], Y discounted for ever | A(2δ) (1 + 2g/(1 − g)), g at δ |
//!
//! by parts where there are two. What has no such form – discounts by periods, second moments of discounted sums up to a horizon, periods that begin later – is a small
//! correction to one of these, or a factor, and that is drawn: see [`Ahead::draw`].

use super::ggg_customer::Own;
use crate::clv::lifetime::Lifetime;
use crate::math::{
    gamma::ln_gamma,
    incomplete_gamma::{both_tails, gamma_p, gamma_q},
    quadrature::legendre,
    random::Stream,
};

/// A customer w after the last purchase; `weight` is 1/s, or whatever else probabilities are divided by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ahead {
    own: Own,
    w: f64,
    weight: f64,
}

/// Nodes of the integral. They lie densely at both ends, where powers of v and of w + h − v are.
const NODES: usize = 32;
/// Terms of a sum that are this small beside it end it.
const NOTHING: f64 = 1e-10;
/// And so many are enough for anybody.
const MOST: u32 = 100_000;
/// Purchases of one path, beyond which it is taken to go on as on average.
const LONGEST_PATH: usize = 10_000;

impl Ahead {
    /// Of a customer who was silent for w, alive or not.
    pub(super) fn silent(own: Own, w: f64) -> Ahead {
        Ahead { own, w, weight: 1.0 / own.silence(w) }
    }

    /// Of a customer who is alive, w after the last purchase.
    pub(super) fn alive(own: Own, w: f64) -> Ahead {
        let survival = |w: f64| gamma_q(own.k, own.rate * w) * (-own.leaving * w).exp();
        // Beyond all tables the hazard hardly changes any more.
        let mut w = w;
        while !(survival(w) > 1e-280) && w > 0.0 {
            w *= 0.9;
        }
        Ahead { own, w, weight: 1.0 / survival(w) }
    }

    /// P(alive): 1 where that is known.
    pub(super) fn probability_alive(&self) -> f64 {
        (self.weight * gamma_q(self.own.k, self.own.rate * self.w) * (-self.own.leaving * self.w).exp())
            .min(1.0)
    }

    /// ln g for what leaves at rate μ + δ.
    fn ln_stays(&self, discount: f64) -> f64 {
        -self.own.k * ((self.own.leaving + discount) / self.own.rate).ln_1p()
    }

    /// R₁(h).
    fn first(&self, discount: f64, horizon: f64) -> f64 {
        let (k, c) = (self.own.k, self.own.rate + self.own.leaving + discount);
        let (here, beyond) = both_tails(k, c * self.w);
        let (there, farther) = match horizon.is_finite() {
            true => both_tails(k, c * (self.w + horizon)),
            false => (1.0, 0.0),
        };
        let mass = if here < 0.5 { there - here } else { beyond - farther };
        let first = self.weight * (self.ln_stays(discount) + discount * self.w).exp() * mass;
        if first > 0.0 { first } else { 0.0 }
    }

    /// The nodes v, as c (w + h − v), and what each counts: e^(δw)/s · g q(v) dv.
    fn nodes(&self, discount: f64, horizon: f64) -> Vec<(f64, f64)> {
        let (k, c) = (self.own.k, self.own.rate + self.own.leaving + discount);
        let (middle, wide) = (k / c, 7.0 * k.sqrt() / c);
        // Where the density is.
        let end = self.w + horizon;
        let low = self.w.max((middle - wide).min(end));
        let high = end.min(self.w.max(middle) + wide + 25.0 / c);
        // x = v^p takes the pole at 0 of an irregular customer away.
        let p = k.min(1.0);
        let (from, to) = (low.powf(p), high.powf(p));
        let ln_scale = k * c.ln() - ln_gamma(k) - p.ln()
            + self.ln_stays(discount)
            + discount * self.w
            + self.weight.ln();
        let rule = legendre(NODES);
        let node = |(t, weight): (&f64, &f64)| {
            let place = t * t * (3.0 - 2.0 * t);
            let x = from + (to - from) * place;
            let v = x.powf(1.0 / p).clamp(low, high);
            let density = (ln_scale + (k - p) * v.ln() - c * v).exp();
            (c * (end - v), weight * 6.0 * t * (1.0 - t) * (to - from) * density)
        };
        rule.nodes.iter().zip(&rule.weights).map(node).filter(|(_, weight)| *weight > 0.0).collect()
    }

    /// Σ over n of `count`(n) R_n(h).
    fn sum(&self, discount: f64, horizon: f64, count: impl Fn(f64) -> f64) -> f64 {
        let first = self.first(discount, horizon);
        let mut sum = first * count(1.0);
        if !(first > 1e-14) {
            return sum;
        }
        let (k, c) = (self.own.k, self.own.rate + self.own.leaving + discount);
        let g = self.ln_stays(discount).exp();
        if self.w == 0.0 {
            let mut power = self.weight * g;
            for n in 2..MOST {
                power *= g;
                let term = count(f64::from(n)) * power * gamma_p(f64::from(n) * k, c * horizon);
                sum += term;
                if term < NOTHING * sum {
                    break;
                }
            }
            return sum;
        }
        for (x, weight) in self.nodes(discount, horizon) {
            let mut power = weight;
            for m in 1..MOST {
                power *= g;
                let term = count(f64::from(m) + 1.0) * power * gamma_p(f64::from(m) * k, x);
                sum += term;
                if term < NOTHING * sum / NODES as f64 {
                    break;
                }
            }
        }
        sum
    }

    /// P(n purchases or more within h, and there for the n-th), n ≥ 1.
    fn at_least(&self, n: f64, horizon: f64) -> f64 {
        if n == 1.0 {
            return self.first(0.0, horizon);
        }
        let (k, c) = (self.own.k, self.own.rate + self.own.leaving);
        let stays = self.ln_stays(0.0);
        if self.w == 0.0 {
            return self.weight * (n * stays).exp() * gamma_p(n * k, c * horizon);
        }
        let power = ((n - 1.0) * stays).exp();
        let nodes = self.nodes(0.0, horizon);
        power * nodes.iter().map(|(x, weight)| weight * gamma_p((n - 1.0) * k, *x)).sum::<f64>()
    }

    /// P(exactly n purchases within h); of none, whether alive or not.
    pub(super) fn count_probability(&self, n: u32, horizon: f64) -> f64 {
        let n = f64::from(n);
        let here = if n == 0.0 { 1.0 } else { self.at_least(n, horizon) };
        (here - self.at_least(n + 1.0, horizon)).clamp(0.0, 1.0)
    }

    /// E\[X²\] of the purchases X within h.
    pub(super) fn square(&self, horizon: f64) -> f64 {
        self.sum(0.0, horizon, |n| 2.0 * n - 1.0)
    }

    /// Expected purchases within h, which may be infinite where something ends them, discounted at a continuous rate.
    pub(super) fn discounted(&self, discount: f64, horizon: f64) -> f64 {
        if horizon == f64::INFINITY {
            return self.first(discount, horizon) / -self.ln_stays(discount).exp_m1();
        }
        self.sum(discount, horizon, |_| 1.0)
    }

    /// E\[Y²\] of the purchases for ever, discounted at a continuous rate.
    pub(super) fn discounted_square(&self, discount: f64) -> f64 {
        let ln_stays = self.ln_stays(discount);
        self.discounted(2.0 * discount, f64::INFINITY) * (1.0 - 2.0 * ln_stays.exp() / ln_stays.exp_m1())
    }

    /// The times of purchases from now on until `horizon`, of a customer who is alive and does not leave.
    pub(super) fn path(&self, horizon: f64, stream: &mut Stream) -> Vec<f64> {
        let mut times = Vec::new();
        let mut time = (self.own.draw_residual(self.w, stream) - self.w).max(0.0);
        while time <= horizon && times.len() < LONGEST_PATH {
            times.push(time);
            time += stream.gamma(self.own.k) / self.own.rate;
        }
        times
    }

    /// Draw purchases, and give on their account what [`Drawn`] says. The lifetime is not drawn: a purchase at t counts e^(−μt), and a pair as the later of the two.
    pub(super) fn draw(&self, lifetime: &Lifetime, stream: &mut Stream) -> Drawn {
        let mut drawn = Drawn::default();
        let alive = self.probability_alive();
        let (rate, horizon) = (lifetime.rate(), lifetime.horizon());
        if !(alive > 1e-14) {
            return drawn;
        }
        // What comes later is a ten-thousandth of a correction.
        let reach = horizon.min(9.0 / (rate + self.own.leaving));
        let (mut sum, mut compared) = (0.0, 0.0);
        for t in self.path(reach, stream) {
            let there = alive * (-self.own.leaving * t).exp();
            let (worth, smooth) = (lifetime.worth(t), (-rate * t).exp());
            let other = if horizon.is_finite() { 1.0 } else { smooth };
            drawn.correction += there * (worth - lifetime.level() * smooth);
            drawn.sum[0] += there * worth;
            drawn.sum[1] += there * worth * (worth + 2.0 * sum);
            drawn.compared[0] += there * other;
            drawn.compared[1] += there * other * (other + 2.0 * compared);
            sum += worth;
            compared += other;
        }
        drawn
    }
}

/// What [`Ahead::draw`] gives.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Drawn {
    /// Discounted purchases less what the continuous rate alone makes of them.
    pub(super) correction: f64,
    /// The discounted sum and its square.
    pub(super) sum: [f64; 2],
    /// The same of what it is compared with: their number where there is a horizon, else their sum at the continuous rate.
    pub(super) compared: [f64; 2],
}

impl Lifetime {
    /// The continuous rate, or that which discounts as much in a whole period.
    fn rate(&self) -> f64 {
        match *self {
            Lifetime::Continuous { rate, .. } | Lifetime::PerPeriod { rate, .. } => rate,
        }
    }

    /// What a purchase at t counts.
    fn worth(&self, t: f64) -> f64 {
        match *self {
            Lifetime::Continuous { rate, .. } => (-rate * t).exp(),
            Lifetime::PerPeriod { rate, .. } => (-rate * t.ceil().max(1.0)).exp(),
        }
    }

    /// The same over that of the continuous rate, on the mean of a period.
    pub(super) fn level(&self) -> f64 {
        match *self {
            Lifetime::Continuous { .. } => 1.0,
            Lifetime::PerPeriod { rate, .. } => crate::math::exp_log::exprel(-rate),
        }
    }

    /// The continuous rate; none where periods count.
    pub(super) fn continuous(&self) -> Option<f64> {
        matches!(self, Lifetime::Continuous { .. }).then(|| self.rate())
    }

    /// The rate whether periods count or not.
    pub(super) fn nearest_rate(&self) -> f64 {
        self.rate()
    }
}
