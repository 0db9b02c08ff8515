//! What lies ahead of a customer who is alive: how many opportunities, how many purchases.

use super::BgBb;
use crate::clv::{ahead::Ahead, horizons::smooth_sum};
use crate::math::{beta::ln_beta_rising, exp_log::exprel, gamma::digamma_rising, mixing::beta_mixing};

/// (1 − yʰ)/(1 − y) = 1 + y + … + y^(h−1) for y = (1 − θ) e^(−rate).
fn annuity(ahead: &Ahead, theta: f64) -> f64 {
    let &Ahead { rate, horizon } = ahead;
    let c = rate - (-theta).ln_1p();
    if c > 100.0 {
        1.0
    } else if horizon == f64::INFINITY {
        -1.0 / (-c).exp_m1()
    } else {
        horizon * exprel(-c * horizon) / exprel(-c)
    }
}

/// Σ_{k = 1}^{h} e^(−rate·k) E\[(1 − θ)^k\], θ ~ Beta(γ, δ): the expected discounted number of opportunities at which the customer is there.
///
/// Without a discount it telescopes: with r_k = E\[(1 − θ)^k\], (γ − 1) r_(k+1) = (δ + k) r_k − (δ + k + 1) r_(k+1), so the sum is
/// (δ − (δ + h) r_h)/(γ − 1) = δ (1 − e^Λ)/(γ − 1) with Λ = ln B(γ − 1, δ + 1 + h)/B(γ − 1, δ + 1). Λ is known to full relative accuracy
/// however near to 1 γ is, and the pole is gone.
///
/// With a discount v = e^(−rate) it is v E\[(1 − θ)(1 − yʰ)/(1 − y)\]; and E\[(1 − θ) f(θ)\] = δ/(γ + δ) E\[f(θ′)\] with θ′ ~ Beta(γ, δ + 1).
pub(super) fn stay(ahead: &Ahead, gamma: f64, delta: f64) -> f64 {
    let &Ahead { rate, horizon } = ahead;
    if horizon == 0.0 {
        return 0.0;
    }
    if rate == 0.0 {
        // γ − 1 is exact near 1.
        let gap = gamma - 1.0;
        return delta
            * if gap > 0.0 {
                let lambda = ln_beta_rising(gap, delta + 1.0, horizon);
                exprel(lambda) * (-lambda / gap)
            } else if gap < 0.0 {
                let lambda = -ln_beta_rising(-gap, gamma + delta, horizon);
                exprel(lambda) * (-lambda / gap)
            } else {
                digamma_rising(delta + 1.0, horizon)
            };
    }
    let longest = annuity(ahead, 0.0);
    let mean = gamma / (gamma + delta + 1.0);
    // By Jensen's inequality the expectation is no less than at the mean of θ.
    let rule = beta_mixing(gamma, delta + 1.0, 1.0 / longest, (longest / annuity(ahead, mean)).ln());
    (-rate).exp() * (delta / (gamma + delta)) * rule.expect(|theta| annuity(ahead, theta))
}

/// Σ_{j≠k ≤ h} e^(−rate·(j + k)) E\[(1 − θ)^max(j, k)\]: the expected discounted number of pairs of opportunities at which the customer is there.
/// Every term is positive, and smooth in k, so that the sum goes by blocks.
pub(super) fn stay_in_pairs(ahead: &Ahead, gamma: f64, delta: f64) -> f64 {
    let &Ahead { rate, horizon } = ahead;
    // What k brings with the k − 1 before it.
    smooth_sum(2.0, horizon, 2.0, |k| {
        2.0 * ahead.annuity(k - 1.0) * (ln_beta_rising(gamma, delta, k) - rate * k).exp()
    })
}

/// P(X(h) = m) of a new customer, eq. 8: the customer is there at the first i opportunities, and m of these are purchases. The terms are
/// built up from one to the next.
pub(super) fn count_probability(customer: &BgBb, m: u32, horizon: f64) -> f64 {
    let &BgBb { alpha, beta, gamma, delta } = customer;
    let m = f64::from(m);
    if m > horizon {
        return 0.0;
    }
    // i = m: bought at every one.
    let mut scale = ln_beta_rising(beta, alpha, m) + ln_beta_rising(gamma, delta, m);
    let (mut term, mut sum, mut i) = (1.0, 0.0, m);
    while i < horizon {
        let s = gamma + (delta + i);
        sum += term * (gamma / s);
        term *= (i + 1.0) / (i + 1.0 - m) * ((beta + (i - m)) / (alpha + (beta + i))) * ((delta + i) / s);
        if term > 1e200 {
            (term, sum, scale) = (term * 1e-200, sum * 1e-200, scale + 200.0 * std::f64::consts::LN_10);
        }
        i += 1.0;
    }
    scale += (sum + term).ln();
    scale.exp()
}
