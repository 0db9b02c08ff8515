//! One customer of Pareto/NBD with given rates: λ of buying while alive, μ of leaving.
//!
//! L = λˣ/(λ+μ) · (μ e^(−(λ+μ)t_x) + λ e^(−(λ+μ)T)): Schmittlein, Morrison & Colombo (1987), eq. 4, where whether and when the customer left is summed out. So Abe
//! (2009) need not draw either.

use crate::math::random::Stream;

/// x, t_x and T.
#[derive(Debug, Clone, Copy)]
pub(super) struct History {
    pub(super) x: f64,
    pub(super) recency: f64,
    pub(super) age: f64,
}

/// ln λ, ln μ.
pub(super) type Rates = [f64; 2];

impl History {
    pub(super) fn new(row: &[f64]) -> History {
        History { x: row[0], recency: row[1], age: row[2] }
    }

    /// ln L.
    #[inline]
    pub(super) fn ln_likelihood(&self, at: &Rates) -> f64 {
        let [rate, leaving] = at.map(f64::exp);
        let total = rate + leaving;
        let silent = leaving + rate * (-total * (self.age - self.recency)).exp();
        let sum = self.x * at[0] - total * self.recency + (silent / total).ln();
        if sum.is_nan() { f64::NEG_INFINITY } else { sum }
    }

    /// P(alive at T | history, λ, μ).
    pub(super) fn probability_alive(&self, at: &Rates) -> f64 {
        let [rate, leaving] = at.map(f64::exp);
        let stays = rate * (-(rate + leaving) * (self.age - self.recency)).exp();
        if stays + leaving > 0.0 {
            // (λ+μ) e^(−(λ+μ)w) over μ + λ e^(−(λ+μ)w).
            stays * (1.0 + leaving / rate) / (stays + leaving)
        } else {
            // Neither buys nor leaves.
            1.0
        }
    }

    /// An elliptical slice step (Murray, Adams & MacKay 2010, AISTATS 9, 541–548): from `at`, which lies `at − mean` from the mean of its normal prior, round an
    /// ellipse through it and a draw from the prior, `root · z` from the mean, to where the likelihood is high enough. Nothing to tune, nothing rejected.
    pub(super) fn step(&self, at: Rates, mean: &Rates, root: &[[f64; 2]; 2], stream: &mut Stream) -> Rates {
        let z = [stream.normal(), stream.normal()];
        let other = [root[0][0] * z[0], root[1][0] * z[0] + root[1][1] * z[1]];
        let floor = self.ln_likelihood(&at) - stream.exponential();
        let mut angle = std::f64::consts::TAU * stream.uniform();
        let (mut low, mut high) = (angle - std::f64::consts::TAU, angle);
        for _ in 0..200 {
            let (sine, cosine) = angle.sin_cos();
            let place = std::array::from_fn(|i| mean[i] + (at[i] - mean[i]) * cosine + other[i] * sine);
            if self.ln_likelihood(&place) > floor {
                return place;
            }
            if angle < 0.0 {
                low = angle;
            } else {
                high = angle;
            }
            angle = low + (high - low) * stream.uniform();
        }
        at
    }
}

/// The number of purchases in the next `horizon` of a customer who is alive.
pub(super) fn draw_purchases(at: &Rates, horizon: f64, stream: &mut Stream) -> f64 {
    let [rate, leaving] = at.map(f64::exp);
    let alive = (stream.exponential() / leaving).min(horizon);
    stream.poisson(rate * alive)
}

/// P(at least one purchase in the next `horizon` | alive): λ/(λ+μ) (1 − e^(−(λ+μ)h)).
pub(super) fn probability_active(at: &Rates, horizon: f64) -> f64 {
    let [rate, leaving] = at.map(f64::exp);
    let total = rate + leaving;
    if total > 0.0 { rate / total * -(-total * horizon).exp_m1() } else { 0.0 }
}
