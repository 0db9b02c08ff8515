//! One customer of Pareto/GGG: regular intervals, an unobserved exponential lifetime.
//!
//! Intervals are Gamma(shape k, rate kλ), so their mean is 1/λ and k says how regular they are; the lifetime is exponential with rate μ. Platzer & Reutterer (2016)
//! draw the moment of leaving of each customer as one more unknown. It need not be: with w = T − t_x, the silence since the last purchase,
//!
//! P(no purchase in the silence, whether left or alive) = ∫₀^w Q(k, kλv) μ e^(−μv) dv + Q(k, kλw) e^(−μw)
//!                                                      = 1 − g P(k, (kλ+μ)w),   g = (kλ/(kλ+μ))^k,
//!
//! by parts, where P and Q are the incomplete gamma functions. Written as Q + P(1 − g) it is a sum of positive terms and cancels nothing. So the
//! likelihood of a history with its sum of log-intervals S is, with t_x the time of the last of x purchases,
//!
//! ln L = xk ln kλ − x lnΓ(k) + (k−1)S − (kλ + μ) t_x + ln(Q + P(1 − g)).

use super::slice;
use crate::math::{
    gamma::ln_gamma,
    incomplete_gamma::{both_tails, gamma_p, gamma_q},
    random::Stream,
};

/// x, t_x, T and S.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timed {
    pub(super) x: f64,
    pub(super) recency: f64,
    pub(super) age: f64,
    pub(super) logs: f64,
}

/// ln k, ln λ, ln μ.
pub(super) type Logs = [f64; 3];

/// The incomplete gamma functions take no shape below this; a customer as irregular as that buys in one burst.
pub(super) const SMALLEST_SHAPE: f64 = 1e-10;
/// And none above: intervals with a standard deviation of a thousandth of their mean.
pub(super) const LARGEST_SHAPE: f64 = 1e6;

impl Timed {
    pub(super) fn new(row: &[f64]) -> Timed {
        Timed { x: row[0], recency: row[1], age: row[2], logs: row[3] }
    }

    /// ln L; −∞ where k is out of all reason.
    pub(super) fn ln_likelihood(&self, at: &Logs) -> f64 {
        let Some(own) = Own::new(at) else { return f64::NEG_INFINITY };
        let silence = own.silence(self.age - self.recency);
        let mut sum = silence.ln() - (own.rate + own.leaving) * self.recency;
        if self.x > 0.0 {
            sum += self.x * (own.k * (at[0] + at[1]) - ln_gamma(own.k)) + (own.k - 1.0) * self.logs;
        }
        if sum.is_nan() { f64::NEG_INFINITY } else { sum }
    }

    /// P(alive at T | history, k, λ, μ).
    pub(super) fn probability_alive(&self, at: &Logs) -> f64 {
        let Some(own) = Own::new(at) else { return f64::NAN };
        let w = self.age - self.recency;
        let alive = gamma_q(own.k, own.rate * w) * (-own.leaving * w).exp();
        if alive > 0.0 { (alive / own.silence(w)).min(1.0) } else { 0.0 }
    }

    /// P(at least one purchase in the next `horizon` | history, k, λ, μ).
    pub(super) fn probability_active(&self, at: &Logs, horizon: f64) -> f64 {
        let Some(own) = Own::new(at) else { return f64::NAN };
        let w = self.age - self.recency;
        let total = own.rate + own.leaving;
        let before = gamma_p(own.k, total * (w + horizon)) - gamma_p(own.k, total * w);
        if before > 0.0 {
            ((-own.k * (own.leaving / own.rate).ln_1p()).exp() * before / own.silence(w)).min(1.0)
        } else {
            0.0
        }
    }

    /// When the customer left, counted from the last purchase; none who is alive at T.
    pub(super) fn draw_leaving(&self, at: &Logs, stream: &mut Stream) -> Option<f64> {
        if stream.uniform() < self.probability_alive(at) {
            return None;
        }
        let own = Own::new(at)?;
        let w = self.age - self.recency;
        // ∝ Q(k, kλv) μ e^(−μv) on (0, w): exponential draws cut off at w, kept with probability Q.
        let reach = -(-own.leaving * w).exp_m1();
        for _ in 0..100 {
            let v = -(-stream.uniform() * reach).ln_1p() / own.leaving;
            let v = if v.is_finite() { v.min(w) } else { w * stream.uniform() };
            if stream.uniform() < gamma_q(own.k, own.rate * v) {
                return Some(v);
            }
        }
        // Kept too rarely: invert the distribution, whose mass up to v is silence(v) − Q(k, kλv) e^(−μv).
        let mass = |v: f64| own.silence(v) - gamma_q(own.k, own.rate * v) * (-own.leaving * v).exp();
        let target = stream.uniform() * mass(w);
        let (mut low, mut high) = (0.0, w);
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if mass(middle) < target {
                low = middle;
            } else {
                high = middle;
            }
        }
        Some(0.5 * (low + high))
    }

    /// The number of purchases in the next `horizon` of a customer who is alive at T.
    pub(super) fn draw_purchases(&self, at: &Logs, horizon: f64, stream: &mut Stream) -> f64 {
        let mut count = 0.0;
        match self.draw_times(at, horizon, stream, |_| count += 1.0) {
            Some(_) => count,
            None => f64::NAN,
        }
    }

    /// The times of those purchases, counted from T; gives when the customer leaves. None where k is out of all reason.
    pub(super) fn draw_times(
        &self,
        at: &Logs,
        horizon: f64,
        stream: &mut Stream,
        mut each: impl FnMut(f64),
    ) -> Option<f64> {
        let own = Own::new(at)?;
        let w = self.age - self.recency;
        let leaves = stream.exponential() / own.leaving;
        let end = leaves.min(horizon);
        let mut time = own.draw_residual(w, stream) - w;
        let mut count = 0;
        while time < end && count < 10_000_000 {
            each(time);
            count += 1;
            time += stream.gamma(own.k) / own.rate;
        }
        Some(leaves)
    }

    /// One slice step for each of the first `moved` of ln k, ln λ, ln μ, under densities of theirs. Gives where it ends.
    pub(super) fn step(
        &self,
        moved: usize,
        at: Logs,
        ln_prior: impl Fn(&Logs) -> f64,
        stream: &mut Stream,
    ) -> Logs {
        let target = |at: &Logs| {
            let prior = ln_prior(at);
            if prior.is_finite() { prior + self.ln_likelihood(at) } else { f64::NEG_INFINITY }
        };
        let mut at = at;
        let mut height = target(&at);
        // The more purchases, the better the rate is known.
        let widths = [1.5, (4.0 / (1.0 + self.x)).sqrt(), 2.0];
        for (i, width) in widths.into_iter().enumerate().take(moved) {
            let (place, there) = slice::step(at[i], height, width, stream, |place| {
                let mut to = at;
                to[i] = place;
                target(&to)
            });
            at[i] = place;
            height = there;
        }
        at
    }
}

/// k, kλ and μ.
#[derive(Debug, Clone, Copy)]
pub(super) struct Own {
    pub(super) k: f64,
    pub(super) rate: f64,
    pub(super) leaving: f64,
}

impl Own {
    /// None where k is out of all reason.
    pub(super) fn new(at: &Logs) -> Option<Own> {
        let own = Own { k: at[0].exp(), rate: (at[0] + at[1]).exp(), leaving: at[2].exp() };
        let sound =
            (SMALLEST_SHAPE..=LARGEST_SHAPE).contains(&own.k) && own.rate > 0.0 && own.rate.is_finite();
        (sound && own.leaving.is_finite()).then_some(own)
    }

    /// P(no purchase within w of the last one).
    pub(super) fn silence(&self, w: f64) -> f64 {
        let reach = (self.rate + self.leaving) * w;
        let left_first = -(-self.k * (self.leaving / self.rate).ln_1p()).exp_m1();
        let (before, beyond) = both_tails(self.k, reach);
        beyond + before * left_first
    }

    /// An interval that is known to be longer than w.
    pub(super) fn draw_residual(&self, w: f64, stream: &mut Stream) -> f64 {
        let beyond = gamma_q(self.k, self.rate * w);
        // Most customers who are alive have not waited long: then a draw beyond w comes soon.
        if beyond > 0.1 {
            for _ in 0..200 {
                let interval = stream.gamma(self.k) / self.rate;
                if interval > w {
                    return interval;
                }
            }
        }
        // Q(k, kλv) = U · Q(k, kλw) by bisection in the logarithm of the probability; beyond all tables the tail is exponential.
        if !(beyond > 1e-290) {
            return w + stream.exponential() / self.rate;
        }
        let target = (beyond * stream.uniform()).ln();
        let ln_beyond = |v: f64| gamma_q(self.k, self.rate * v).ln();
        let (mut low, mut high) = (w, w + 1.0 / self.rate);
        for _ in 0..200 {
            if ln_beyond(high) < target {
                break;
            }
            high = w + 2.0 * (high - w);
        }
        for _ in 0..50 {
            let middle = 0.5 * (low + high);
            if ln_beyond(middle) > target {
                low = middle;
            } else {
                high = middle;
            }
        }
        0.5 * (low + high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clv::{History, ParetoNbd};
    use crate::math::quadrature::tanh_sinh;

    /// With k = 1 it is Pareto/NBD for one customer: L = λˣ/(λ+μ) (μ e^(−(λ+μ)t_x) + λ e^(−(λ+μ)T)).
    #[test]
    fn with_k_of_one_the_likelihood_is_that_of_pareto_nbd() {
        for (x, recency, age) in [(0.0, 0.0, 10.0), (3.0, 7.5, 10.0), (20.0, 39.9, 40.0), (2.0, 1.0, 500.0)] {
            for (rate, leaving) in [(0.3_f64, 0.05_f64), (2.0, 1e-6), (1e-3, 4.0)] {
                let customer = Timed { x, recency, age, logs: 0.0 };
                let at = [0.0, rate.ln(), leaving.ln()];
                let total = rate + leaving;
                let silent = (leaving + rate * (-total * (age - recency)).exp()) / total;
                let want = x * rate.ln() - total * recency + silent.ln();
                assert!(
                    (customer.ln_likelihood(&at) - want).abs() < 1e-11 * want.abs().max(1.0),
                    "{x} {rate}"
                );
                let alive = 1.0 / (1.0 + leaving / total * (total * (age - recency)).exp_m1());
                assert!((customer.probability_alive(&at) - alive).abs() < 1e-12, "{x} {rate}");
            }
        }
        // And a population that is hardly spread is one customer.
        let model = ParetoNbd::new(1e7, 1e7 / 0.3, 1e7, 1e7 / 0.05).unwrap();
        let history = History::new(3.0, 7.5, 10.0).unwrap();
        let alive = Timed { x: 3.0, recency: 7.5, age: 10.0, logs: 0.0 }.probability_alive(&[
            0.0,
            0.3_f64.ln(),
            0.05_f64.ln(),
        ]);
        assert!((model.probability_alive(&history) - alive).abs() < 1e-5);
    }

    /// The closed form of the silence against the integral that defines it.
    #[test]
    fn the_silence_is_its_integral() {
        for (k, rate, leaving, w) in
            [(0.4_f64, 0.5_f64, 0.2_f64, 3.0_f64), (2.5, 1.0, 0.05, 4.0), (8.0, 2.0, 1.0, 0.7)]
        {
            let own = Own { k, rate: k * rate, leaving };
            let alive = gamma_q(k, k * rate * w) * (-leaving * w).exp();
            let integral =
                tanh_sinh(|v| gamma_q(k, k * rate * v) * leaving * (-leaving * v).exp(), 0.0, w, 1e-13);
            assert!((own.silence(w) - alive - integral.value).abs() < 1e-11, "{k}");
        }
    }

    #[test]
    fn draws_of_the_future_meet_their_probabilities() {
        let customer = Timed { x: 4.0, recency: 8.0, age: 10.0, logs: 1.0 };
        for at in [[0.8_f64, -0.9, -2.5], [-0.7, -0.5, -1.0], [2.5, -0.5, -3.0]] {
            let mut stream = Stream::new(3, at[0].to_bits());
            let n = 20_000;
            let (mut active, mut left, mut before) = (0.0, 0.0, 0.0);
            let half = 1.0;
            for _ in 0..n {
                match customer.draw_leaving(&at, &mut stream) {
                    Some(v) => {
                        assert!((0.0..=2.0).contains(&v));
                        left += 1.0;
                        before += f64::from(u8::from(v < half));
                    }
                    None => {
                        active += f64::from(u8::from(customer.draw_purchases(&at, 3.0, &mut stream) > 0.0))
                    }
                }
            }
            let own = Own::new(&at).unwrap();
            let mass = |v: f64| {
                (own.silence(v) - gamma_q(own.k, own.rate * v) * (-own.leaving * v).exp()) / own.silence(2.0)
            };
            let n = f64::from(n);
            for (got, want) in [
                (active / n, customer.probability_active(&at, 3.0)),
                (left / n, 1.0 - customer.probability_alive(&at)),
                (before / n, mass(half)),
            ] {
                // Five standard errors of a share.
                assert!((got - want).abs() < 5.0 * (want * (1.0 - want) / n).sqrt(), "{at:?}: {got} {want}");
            }
        }
    }
}
