//! NBD: purchases are Poisson for ever; nobody leaves.
//!
//! Story. A customer buys at rate λ; across customers λ ~ Gamma(shape r, rate α). Then the number of purchases in T is negative binomial.
//! It is what models with dropout are compared with: where they are no better, nobody was seen to leave.
//!
//! Source: Ehrenberg (1959), The pattern of consumer purchases, Applied Statistics 8(1), 26–41.
//!
//! The likelihood is that of the times of the purchases, Γ(r + x)/Γ(r) · α^r/(α + T)^(r + x), as in the other models, so that likelihoods can be compared; it
//! differs from the negative binomial probability by x! and powers of T, which no parameter enters. It does not depend on recency.

use super::futures::poisson_until;
use super::history::{AGE, HISTORY, History, PURCHASE_QUANTITIES, check_history};
use super::lifetime::Lifetime;
use super::purchases::{count_start, nbd_probability};
use super::variance::Squares;
use crate::error::Result;
use crate::math::{
    jet::{Jet, Real},
    random::Stream,
};
use crate::model::{Family, Futures, Process, Quantity, Repeats, Scorer, Spec, parameters};
use crate::rows::Rows;

parameters! {
    /// The NBD model; see the [module](self).
    ///
    /// ```
    /// use cam_core::clv::{History, Nbd};
    /// let model = Nbd::new(0.385, 12.072)?;
    /// let customer = History::new(2.0, 30.43, 38.86)?;
    /// assert!((model.expected_purchases(&customer, 52.0) - 52.0 * 2.385 / 50.932).abs() < 1e-14);
    /// # Ok::<(), cam_core::Error>(())
    /// ```
    pub struct Nbd (2) {
        /// Shape of the purchase rate across customers; small when they differ much.
        r: Positive, None;
        /// Rate parameter of the purchase rate across customers, in units of time.
        alpha: Positive, Time;
    }
}

static SPEC: Spec = Spec {
    id: "nbd",
    title: "NBD",
    source: "Ehrenberg (1959), Applied Statistics 8(1), 26-41",
    parameters: &Nbd::PARAMETERS,
    columns: &HISTORY,
    design: &[AGE],
    quantities: PURCHASE_QUANTITIES,
    example: (&[0.8, 6.0], 52.0),
};

impl Family for Nbd {
    const SPEC: &'static Spec = &SPEC;
    const PROCESSES: &'static [Process] = &[Process::PURCHASE];
    type Jet = Jet<2>;
    /// ln Γ(r + x)/Γ(r).
    type Shared<R: Real> = R;

    fn from_parameters(theta: &[f64]) -> Result<Self> {
        SPEC.check_parameters(theta)?;
        Ok(Nbd { r: theta[0], alpha: theta[1] })
    }

    fn theta(&self) -> Vec<f64> {
        self.values().to_vec()
    }

    fn check_row(row: &[f64]) -> Result<(), String> {
        check_history(row)
    }

    fn shared<R: Real>(theta: &[R], x: f64) -> R {
        theta[0].ln_rising(x)
    }

    fn log_likelihood<R: Real>(theta: &[R], rising: &R, row: &[f64]) -> R {
        let (r, alpha, x, age) = (theta[0], theta[1], row[0], row[2]);
        *rising - r * (R::constant(age) / alpha).ln_1p() - (alpha + age).ln() * x
    }

    fn start(rows: &Rows) -> Result<Vec<f64>> {
        count_start(rows, SPEC.title).map(|(r, alpha)| vec![r, alpha])
    }

    fn repeats(quantity: &Quantity) -> Repeats {
        match quantity {
            _ if quantity.count().is_some() => Repeats::Found,
            _ => Repeats::Computed,
        }
    }

    fn scorer<'a>(&'a self, quantity: &Quantity) -> Option<Scorer<'a>> {
        let answer = self.answer(quantity)?;
        Some(Box::new(move |rows, out| {
            for (row, out) in rows.chunks_exact(3).zip(out) {
                *out = answer.of(self.r + row[0], self.alpha + row[2]);
            }
            Ok(())
        }))
    }

    fn score_new(&self, quantity: &Quantity) -> Option<Result<f64>> {
        Some(Ok(self.answer(quantity)?.of(self.r, self.alpha)))
    }

    fn draw(&self, design: &[f64], stream: &mut Stream, row: &mut [f64]) {
        let age = design[0];
        let rate = stream.gamma(self.r) / self.alpha;
        let x = stream.poisson(rate * age);
        // The last of x uniform times.
        row.copy_from_slice(&[x, if x > 0.0 { age * stream.uniform().powf(1.0 / x) } else { 0.0 }, age]);
    }

    fn futures(&self) -> Option<Futures<'_>> {
        Some(Box::new(|row, horizon, stream, times| {
            let rate = stream.gamma(self.r + row[0]) / (self.alpha + row[2]);
            poisson_until(rate, f64::INFINITY, horizon, stream, times);
            f64::INFINITY
        }))
    }
}

/// What is asked, as a function of λ ~ Gamma(m, A) alone.
enum Answer {
    Alive,
    Purchases(f64),
    Count(u32, f64),
    /// Discounted lengths of the horizon, for D and for D².
    Variance(f64, f64),
}

impl Answer {
    fn of(&self, m: f64, rate: f64) -> f64 {
        match *self {
            Answer::Alive => 1.0,
            Answer::Purchases(time) => m / rate * time,
            Answer::Count(n, horizon) => nbd_probability(m, rate, n, horizon),
            // Poisson's own, and that of λ.
            Answer::Variance(once, twice) => m / rate * (twice + once / rate * once),
        }
    }
}

impl Nbd {
    fn answer(&self, quantity: &Quantity) -> Option<Answer> {
        Some(match *quantity {
            Quantity::ProbabilityAlive { .. } => Answer::Alive,
            // Whenever the period begins.
            Quantity::PurchaseProbability { n, horizon }
            | Quantity::LaterPurchaseProbability { n, horizon, .. } => Answer::Count(n, horizon),
            // Nobody leaves: the discounted length of the horizon.
            _ => match Squares::of(quantity) {
                Some(squares) => Answer::Variance(squares.once.longest(), squares.twice.longest()),
                None => Answer::Purchases(Lifetime::of(quantity)?.longest()),
            },
        })
    }

    /// Expected purchases in (T, T + horizon\] given the history. `horizon` ≥ 0.
    pub fn expected_purchases(&self, h: &History, horizon: f64) -> f64 {
        (self.r + h.frequency()) / (self.alpha + h.age()) * horizon
    }
}
