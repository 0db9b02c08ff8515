//! How long a customer who leaves at a given rate is expected to be there, discounted.
//!
//! While a customer is alive he or she buys at rate λ and leaves at rate w (w = μ in Pareto/NBD, w = λp in BG/NBD). The expected
//! number of purchases from now on, each discounted, is λ·K(w), where K is the expected discounted time alive:
//!
//! | discount | horizon h | K(w) |
//! |---|---|---|
//! | none | finite | (1 − e^(−wh))/w |
//! | rate δ, continuous | finite | (1 − e^(−(w+δ)h))/(w + δ) |
//! | rate δ, continuous | infinite | 1/(w + δ) |
//! | rate d per period, v = 1/(1+d) | n whole periods | v (1 − e^(−w))/w · (1 − (v e^(−w))ⁿ)/(1 − v e^(−w)) |
//!
//! A last period that is not whole adds v^(n+1) e^(−wn) (1 − e^(−wf))/w for its fraction f. Every quantity is then the
//! expectation of K over the distribution of w: no sum over periods is formed, and the cost does not depend on the horizon.

use crate::math::vector::{Expm1, Kernel, Wide, widest};
use crate::model::{Discount, Quantity};

/// The expected discounted time alive, as a function of the rate of leaving.
#[derive(Debug, Clone, Copy)]
pub(super) enum Lifetime {
    Continuous { rate: f64, horizon: f64 },
    PerPeriod { rate: f64, discount: f64, horizon: f64, whole: f64, part: f64 },
}

impl Lifetime {
    /// From a checked quantity; none where it does not concern expected purchases.
    pub(super) fn of(quantity: &Quantity) -> Option<Lifetime> {
        match *quantity {
            Quantity::ExpectedPurchases { horizon } => Some(Lifetime::Continuous { rate: 0.0, horizon }),
            Quantity::DiscountedExpectedPurchases { continuous_discount_rate, discount_rate, horizon } => {
                let horizon = horizon.unwrap_or(f64::INFINITY);
                Some(match (continuous_discount_rate, discount_rate) {
                    (Some(rate), _) => Lifetime::new(Discount::Continuous(rate), horizon),
                    (None, rate) => Lifetime::new(Discount::PerPeriod(rate.unwrap_or(0.0)), horizon),
                })
            }
            _ => None,
        }
    }

    pub(super) fn new(discount: Discount, horizon: f64) -> Lifetime {
        match discount {
            // Without a discount the periods telescope.
            Discount::PerPeriod(0.0) => Lifetime::Continuous { rate: 0.0, horizon },
            Discount::PerPeriod(d) => {
                let (whole, part) = match horizon.is_finite() {
                    true => (horizon.floor(), horizon.fract()),
                    false => (f64::INFINITY, 0.0),
                };
                Lifetime::PerPeriod { rate: d.ln_1p(), discount: 1.0 / (1.0 + d), horizon, whole, part }
            }
            Discount::Continuous(rate) => Lifetime::Continuous { rate, horizon },
        }
    }

    /// The horizon where nothing is discounted: then K has a closed expectation in most models.
    pub(super) fn plain_horizon(&self) -> Option<f64> {
        match *self {
            Lifetime::Continuous { rate: 0.0, horizon } => Some(horizon),
            _ => None,
        }
    }

    /// The length of the horizon; may be infinite.
    pub(super) fn horizon(&self) -> f64 {
        match *self {
            Lifetime::Continuous { horizon, .. } | Lifetime::PerPeriod { horizon, .. } => horizon,
        }
    }

    /// K(w), w ≥ 0.
    pub(super) fn at(&self, w: f64) -> f64 {
        let mut k = [w];
        self.over(&mut k);
        k[0]
    }

    /// Replaces every w by K(w).
    pub(super) fn over(&self, w: &mut [f64]) {
        widest(Over { lifetime: *self, w });
    }

    /// K(0), the discounted length of the horizon; 1/K(0) is the scale on which K changes.
    pub(super) fn longest(&self) -> f64 {
        self.at(0.0)
    }
}

struct Over<'a> {
    lifetime: Lifetime,
    w: &'a mut [f64],
}

impl Wide for Over<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        match self.lifetime {
            Lifetime::Continuous { rate, horizon } => annuities(rate, horizon, self.w),
            Lifetime::PerPeriod { rate, discount, whole, part, .. } => {
                by_period(rate, discount, whole, part, self.w)
            }
        }
    }
}

/// Numbers at a time: they stay in the nearest cache.
const BLOCK: usize = 128;

/// (1 − e^(−cw))/(cw), from w and e^(−cw) − 1 as it is without cancellation; 1 at w = 0.
#[inline(always)]
fn share(w: f64, expm1: f64) -> f64 {
    if w == 0.0 { 1.0 } else { -expm1 / w }
}

/// ∫₀ʰ e^(−ct) dt, c = w + rate.
#[inline(always)]
fn annuities(rate: f64, horizon: f64, w: &mut [f64]) {
    let mut decay = [0.0; BLOCK];
    for w in w.chunks_mut(BLOCK) {
        if horizon == f64::INFINITY {
            for w in w {
                *w = 1.0 / (*w + rate);
            }
            continue;
        }
        let decay = &mut decay[..w.len()];
        for (decay, w) in decay.iter_mut().zip(w.iter()) {
            *decay = -(w + rate) * horizon;
        }
        Expm1::over(decay);
        for (w, decay) in w.iter_mut().zip(decay.iter()) {
            *w = horizon * share((*w + rate) * horizon, *decay);
        }
    }
}

/// v (1 − e^(−w))/w · (1 − e^(−cn))/(1 − e^(−c)), c = w + rate, and the last period's part. Both terms of
/// 1 − e^(−c) = (1 − v) + v (1 − e^(−w)) are positive, so that it loses nothing.
#[inline(always)]
fn by_period(rate: f64, discount: f64, whole: f64, part: f64, w: &mut [f64]) {
    let (mut first, mut all) = ([0.0; BLOCK], [0.0; BLOCK]);
    // 1 − v = d/(1 + d).
    let lost = -(-rate).exp_m1();
    for w in w.chunks_mut(BLOCK) {
        let (first, all) = (&mut first[..w.len()], &mut all[..w.len()]);
        for ((first, all), w) in first.iter_mut().zip(all.iter_mut()).zip(w.iter()) {
            *first = -w;
            *all = -(w + rate) * whole;
        }
        Expm1::over(first);
        Expm1::over(all);
        for ((first, all), w) in first.iter().zip(all.iter_mut()).zip(w.iter()) {
            *all = discount * share(*w, *first) * (-*all / (lost - discount * first));
        }
        if part > 0.0 {
            for (all, w) in all.iter_mut().zip(w.iter()) {
                let decay = (-(w + rate) * whole).exp();
                *all += decay * discount * part * share(w * part, (-w * part).exp_m1());
            }
        }
        w.copy_from_slice(all);
    }
}
