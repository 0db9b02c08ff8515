//! Contracts that come up for renewal again and again: what sBG and BdW have in common.
//!
//! A customer renews at every opportunity until the first at which he or she does not, and is seen to leave there. P(still there after t
//! opportunities | θ) = (1 − θ)^(t^c), θ ~ Beta(α, β) across customers, so that
//!
//! ```text
//! S(t) = B(α, β + t^c)/B(α, β).
//! ```
//!
//! With c = 1 each customer has one risk of leaving, θ (sBG); with c > 1 it grows with the opportunities passed, with c < 1 it falls (BdW).
//!
//! A row is `frequency` and `T`: renewals, of so many opportunities. With as many renewals as opportunities the customer is there. With fewer he
//! or she left at the next opportunity after the last renewal, and those that followed say nothing.
//!
//! # How it is computed
//!
//! Whoever is there after n opportunities has θ ~ Beta(α, β + n^c), and the law of what is to come is that of a beta function again:
//! P(j renewals more) = B(α, β + (n + j)^c)/B(α, β + n^c) = G(j), one rise of ln B, in which nothing cancels. Everything else is a sum over G.

use super::ahead::Ahead;
use super::horizons::smooth_sum_by;
use crate::error::{Error, ErrorKind, Result};
use crate::math::{
    beta::ln_beta_rising,
    exp_log::log1m_exp,
    gamma::{digamma, digamma_rising, ln_rising, trigamma, trigamma_rising},
    jet::Real,
    random::Stream,
};
use crate::model::{Futures, Quantity, Scorer};
use crate::rows::Rows;
use crate::table::{Dimension, Domain, Variable};

/// The columns of a row.
pub(super) const CONTRACT: [Variable; 2] = [
    Variable::new(
        "frequency",
        Domain::Count,
        Dimension::None,
        "number of renewals; as many as `T` while the customer is there",
    ),
    Variable::new(
        "T",
        Domain::Count,
        Dimension::None,
        "age: number of opportunities to renew since acquisition",
    ),
];

/// What is answered of a contract, where a purchase is a renewal.
pub(super) const CONTRACT_QUANTITIES: &[&str] = &[
    "log_likelihood",
    "probability_alive",
    "expected_purchases",
    "purchase_probability",
    "later_purchase_probability",
    "discounted_expected_purchases",
    "variance_of_purchases",
    "variance_of_discounted_purchases",
    "posterior_dropout_probability",
];

/// From e to this power on, what is added to a number does not matter to it: parameters are 1e100 at most.
pub(super) const FAR: f64 = 600.0;

pub(super) fn check_contract(row: &[f64]) -> Result<(), String> {
    match row[0] <= row[1] {
        true => Ok(()),
        false => Err(format!(
            "need frequency <= T, renewals of opportunities, got frequency = {}, T = {}",
            row[0], row[1]
        )),
    }
}

/// The share of opportunities at which somebody left, as a mean of θ.
pub(super) fn contract_start(rows: &Rows, title: &str) -> Result<(f64, f64)> {
    let (mut left, mut renewals) = (0.0, 0.0);
    for (row, weight) in rows.iter() {
        left += weight * f64::from(row[0] < row[1]);
        renewals += weight * row[0];
    }
    let none = match (left == 0.0, renewals == 0.0) {
        (true, _) => Some("nobody has left (frequency is T in every row)"),
        (_, true) => Some("nobody has renewed (frequency is 0 in every row)"),
        _ => None,
    };
    if let Some(none) = none {
        return Err(Error::new(ErrorKind::NotEnoughData, format!("{none}: {title} has no maximum")));
    }
    let share = (left / (left + renewals)).clamp(0.02, 0.98);
    Ok((2.0 * share, 2.0 * (1.0 - share)))
}

/// ln(B(α, β + n)/B(α, β)) for n = e^log, however large that is.
fn ln_stays(alpha: f64, beta: f64, log: f64) -> f64 {
    if log > FAR { ln_rising(beta, alpha) - alpha * log } else { ln_beta_rising(alpha, beta, log.exp()) }
}

/// The same with its derivatives.
pub(super) fn ln_stays_of<R: Real>(alpha: R, beta: R, log: R) -> R {
    let (a, b, l) = (alpha.value(), beta.value(), log.value());
    let value = ln_stays(a, b, l);
    if !R::DERIVATIVES {
        return R::constant(value);
    }
    let (gradient, hessian);
    if l > FAR {
        gradient = [digamma(a + b) - l, digamma_rising(b, a), -a];
        let t = if R::ORDER > 1 { trigamma(a + b) } else { 0.0 };
        let tb = if R::ORDER > 1 { trigamma_rising(b, a) } else { 0.0 };
        hessian = [[t, t, -1.0], [t, tb, 0.0], [-1.0, 0.0, 0.0]];
    } else {
        let n = l.exp();
        let at_n = -digamma_rising(b + n, a);
        // The same difference in two orders: the longer step is the one that does not cancel.
        let at_b =
            if n > a { digamma_rising(b, a) + at_n } else { digamma_rising(b, n) - digamma_rising(a + b, n) };
        gradient = [-digamma_rising(a + b, n), at_b, n * at_n];
        hessian = match R::ORDER {
            1 => [[0.0; 3]; 3],
            _ => {
                let (t_sum, t_n) = (trigamma_rising(a + b, n), trigamma_rising(b + n, a));
                let (cross_a, cross_b) = (-n * trigamma(a + b + n), -n * t_n);
                [
                    [-t_sum, -t_sum, cross_a],
                    [-t_sum, trigamma_rising(b, n) - t_sum, cross_b],
                    [cross_a, cross_b, n * at_n - n * n * t_n],
                ]
            }
        };
    }
    R::gather([alpha, beta, log], value, gradient, hessian)
}

/// ln(1 − eˣ) for x < 0.
pub(super) fn ln_1m_exp<R: Real>(x: R) -> R {
    let p = 1.0 / (-x.value()).exp_m1();
    x.chain(log1m_exp(x.value()), -p, -p * (1.0 + p))
}

/// ln(eˣ − 1) for x > 0.
pub(super) fn ln_exp_m1<R: Real>(x: R) -> R {
    x + ln_1m_exp(-x)
}

/// A customer's law of leaving, across customers: (α, β) of θ and c.
#[derive(Debug, Clone, Copy)]
pub(super) struct Contract {
    pub(super) alpha: f64,
    pub(super) beta: f64,
    pub(super) c: f64,
}

impl Contract {
    /// ln P(`more` renewals more | there after `n` opportunities) = ln G(`more`).
    fn ln_further(&self, n: f64, more: f64) -> f64 {
        let Contract { alpha, beta, c } = *self;
        if more == 0.0 {
            return 0.0;
        }
        if n == 0.0 {
            return ln_stays(alpha, beta, c * more.ln());
        }
        let (passed, stretch) = (c * n.ln(), c * (more / n).ln_1p());
        if passed > FAR {
            return -alpha * stretch;
        }
        // (n + j)^c − n^c = n^c (e^stretch − 1).
        ln_stays(alpha, beta + passed.exp(), passed + stretch + log1m_exp(-stretch))
    }

    fn further(&self, n: f64, more: f64) -> f64 {
        self.ln_further(n, more).exp()
    }

    /// P(leaves within the next `more` opportunities | there after `n`).
    fn leaves(&self, n: f64, more: f64) -> f64 {
        -self.ln_further(n, more).exp_m1()
    }

    /// Σ f(k) for an f made of G(k) and a discount.
    ///
    /// G depends on u = (n + k)^c. Where u is of the order of the shapes it changes once each time u does, so c times as often as k; far beyond it is a power of k, and
    /// long before it has not changed yet.
    fn sum(&self, n: f64, from: f64, to: f64, f: impl Fn(f64) -> f64) -> f64 {
        let Contract { alpha, beta, c } = *self;
        let (begin, end) = ((beta / alpha.max(1.0)).ln() - 40.0, alpha.max(beta).ln() + 40.0);
        let cells = |k: f64| match c * (n + k).ln() {
            log if log < begin => 2.0,
            log if log < end => 2.0 * c.max(1.0),
            // Until nothing is left of it.
            log if alpha * (log - end) < 45.0 => 2.0 + alpha * c / 4.0,
            _ => 2.0,
        };
        smooth_sum_by(from, to, cells, f)
    }

    /// Σ v^j G(j) over the renewals to come, v = e^(−rate).
    fn renewals(&self, n: f64, ahead: &Ahead) -> f64 {
        self.sum(n, 1.0, ahead.last(), |j| (self.ln_further(n, j) - ahead.rate * j).exp())
    }

    /// The variance of V_K, V_k = v + … + v^k, where K renewals are to come: the mean of (V_k − E\[V\])², from the nearer end, so that it does not cancel where nearly
    /// all stay, or nearly all leave.
    fn variance(&self, n: f64, ahead: &Ahead) -> f64 {
        let h = ahead.last();
        let mean = self.renewals(n, ahead);
        let missed = self.sum(n, 1.0, h, |j| self.leaves(n, j) * (-ahead.rate * j).exp());
        let off = |k: f64| {
            if mean <= missed {
                ahead.annuity(k) - mean
            } else {
                missed - (-ahead.rate * k).exp() * ahead.annuity(h - k)
            }
        };
        let square = |k: f64| off(k) * off(k);
        let inner = self.sum(n, 1.0, h - 1.0, |k| self.further(n, k) * self.leaves(n + k, 1.0) * square(k));
        self.leaves(n, 1.0) * square(0.0) + inner + self.further(n, h) * square(h)
    }

    /// P(`m` renewals at the `horizon` opportunities after the next `after`).
    fn count(&self, n: f64, m: f64, after: f64, horizon: f64) -> f64 {
        if m > horizon {
            0.0
        } else if m == horizon {
            if m == 0.0 { 1.0 } else { self.further(n, after + m) }
        } else if m == 0.0 {
            self.leaves(n, after + 1.0)
        } else {
            self.further(n, after + m) * self.leaves(n + after + m, 1.0)
        }
    }

    /// E\[θ | row\]: in the mean of θ times a likelihood, α + 1 takes the place of α.
    fn dropout(&self, row: &[f64]) -> f64 {
        let n = row[0];
        let passed = if n > 0.0 { (self.c * n.ln()).exp() } else { 0.0 };
        let there = self.alpha / (self.alpha + self.beta + passed);
        match row[0] < row[1] {
            false => there,
            true => {
                let more = Contract { alpha: self.alpha + 1.0, ..*self };
                there * (more.leaves(n, 1.0) / self.leaves(n, 1.0))
            }
        }
    }

    /// How a quantity is computed for many rows.
    pub(super) fn scorer(self, quantity: &Quantity) -> Option<Scorer<'static>> {
        if let Quantity::PosteriorDropoutProbability {} = quantity {
            return Some(Box::new(move |rows, out| {
                for (row, out) in rows.chunks_exact(2).zip(out) {
                    *out = self.dropout(row);
                }
                Ok(())
            }));
        }
        let quantity = *quantity;
        // What there is of somebody who has left.
        let gone = match quantity.count() {
            Some((0, ..)) => 1.0,
            _ => 0.0,
        };
        self.after(&quantity, 0.0)?;
        Some(Box::new(move |rows, out| {
            for (row, out) in rows.chunks_exact(2).zip(out) {
                let there = row[0] == row[1];
                *out = if there { self.after(&quantity, row[1]).unwrap_or(f64::NAN) } else { gone };
            }
            Ok(())
        }))
    }

    /// The quantity for a new customer.
    pub(super) fn score_new(self, quantity: &Quantity) -> Option<f64> {
        match quantity {
            Quantity::PosteriorDropoutProbability {} => Some(self.dropout(&[0.0; 2])),
            _ => self.after(quantity, 0.0),
        }
    }

    /// The quantity for a customer who is there after `n` opportunities; none where it is not defined.
    fn after(&self, quantity: &Quantity, n: f64) -> Option<f64> {
        if let Some((m, after, horizon)) = quantity.count() {
            return Some(self.count(n, f64::from(m), after, horizon));
        }
        Some(match *quantity {
            Quantity::ProbabilityAlive { after } => self.further(n, after),
            Quantity::VarianceOfPurchases { .. } | Quantity::VarianceOfDiscountedPurchases { .. } => {
                let ahead = Ahead::of(quantity)?;
                if ahead.horizon == 0.0 { 0.0 } else { self.variance(n, &ahead) }
            }
            _ => self.renewals(n, &Ahead::of(quantity)?),
        })
    }

    /// How the renewals to come are drawn.
    pub(super) fn futures(self) -> Futures<'static> {
        Box::new(move |row, horizon, stream, times| {
            if row[0] < row[1] {
                return 0.0;
            }
            let stay = self.draw_further(row[1], stream);
            let mut next = 1.0;
            while next <= stay.min(horizon) {
                times.push(next);
                next += 1.0;
            }
            stay
        })
    }

    /// For how many opportunities a new customer renews: the whole part of (E/−ln(1 − θ))^(1/c), E standard exponential.
    pub(super) fn draw(&self, stream: &mut Stream) -> f64 {
        let theta = stream.beta(self.alpha, self.beta);
        (stream.exponential() / -(-theta).ln_1p()).powf(1.0 / self.c).floor()
    }

    /// For how many further opportunities a customer renews who is there after `n`.
    fn draw_further(&self, n: f64, stream: &mut Stream) -> f64 {
        if n == 0.0 {
            return self.draw(stream);
        }
        let passed = self.c * n.ln();
        // n^c times the risk −ln(1 − θ), θ ~ Beta(α, β + n^c).
        let risk = if passed > FAR {
            stream.gamma(self.alpha)
        } else {
            -(-stream.beta(self.alpha, self.beta + passed.exp())).ln_1p() * passed.exp()
        };
        (n * ((stream.exponential() / risk).ln_1p() / self.c).exp_m1()).floor()
    }
}
