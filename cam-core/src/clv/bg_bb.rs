//! BG/BB: purchases and leaving at discrete opportunities, such as yearly donations, cruises or issues of a periodical.
//!
//! Story. At each opportunity a customer who is alive buys with probability p; at the beginning of each he or she leaves for ever with
//! probability θ. Across customers p ~ Beta(α, β) and θ ~ Beta(γ, δ), independent.
//!
//! Source: Fader, Hardie & Shang (2010), "Customer-base analysis in a discrete-time noncontractual setting", Marketing Science 29(6),
//! 1086–1108; equation numbers below are theirs.
//!
//! Time is counted in opportunities: after the acquisition there were T = n of them, at x of which the customer bought, the last time at
//! the t_x-th. So all three are whole numbers, and so is every horizon. An opportunity k from now counts (1 + d)^(−k) or e^(−δk).
//!
//! # How it is computed
//!
//! Eq. 3 is a sum over the moment of leaving. Divided by what the customer did up to t_x it is M ∈ (0, 1\], whose terms are products
//! of ratios: nothing cancels and no beta function is evaluated in the loop.
//!
//! A customer who is alive after n opportunities is, as far as the future goes, a new customer with p ~ Beta(α + x, β + n − x) and
//! θ ~ Beta(γ, δ + n). So every quantity about the future is P(alive) times that of such a customer. The paper's expected purchases
//! (eq. 9 and 13) have a pole at γ = 1, and its DERT (eq. 14) a hypergeometric function; here they have neither.

mod ahead;
mod silence;

use super::ahead::Ahead;
use super::history::FREQUENCY;
use super::purchases::if_alive;
use super::variance;
use crate::error::{Error, ErrorKind, Result, brief};
use crate::math::{
    beta::ln_beta_rising,
    exp_log::logistic,
    jet::{Jet, Real},
    random::Stream,
};
use crate::model::{Family, Futures, Quantity, Scorer, Spec, parameters, score_row};
use crate::rows::Rows;
use crate::table::{Dimension, Domain, Variable};
use ahead::{count_probability, stay, stay_in_pairs};
use silence::Silence;
use std::collections::HashMap;

parameters! {
    /// The BG/BB model; see the [module](self).
    ///
    /// ```
    /// use cam_core::clv::BgBb;
    /// let model = BgBb::new(1.204, 0.750, 0.657, 2.783)?;
    /// // A donor of 2 in 6 years, the last in the fourth: is he or she there in the seventh?
    /// assert!((model.probability_alive(2, 4, 6, 1)? - 0.59).abs() < 0.005);
    /// # Ok::<(), cam_core::Error>(())
    /// ```
    pub struct BgBb (4) {
        /// First shape of the purchase probability across customers.
        alpha: Positive, None;
        /// Second shape of the purchase probability across customers.
        beta: Positive, None;
        /// First shape of the dropout probability across customers.
        gamma: Positive, None;
        /// Second shape of the dropout probability across customers.
        delta: Positive, None;
    }
}

/// The opportunity of the last purchase: the column `recency`.
const RECENCY: Variable = Variable::new(
    "recency",
    Domain::Count,
    Dimension::None,
    "the opportunity of the last purchase, counted from the first after acquisition; 0 without a repeat purchase",
);
/// The number of opportunities: the column `T`.
const OPPORTUNITIES: Variable = Variable::new(
    "T",
    Domain::Count,
    Dimension::None,
    "age: number of purchase opportunities since acquisition, at most 100000",
);

/// The most opportunities: a likelihood is a sum over those since the last purchase.
const MOST: f64 = 1e5;

static SPEC: Spec = Spec {
    id: "bg_bb",
    title: "BG/BB",
    source: "Fader, Hardie & Shang (2010), Marketing Science 29(6), 1086-1108",
    parameters: &BgBb::PARAMETERS,
    columns: &[FREQUENCY, RECENCY, OPPORTUNITIES],
    design: &[OPPORTUNITIES],
    quantities: &[
        "log_likelihood",
        "probability_alive",
        "expected_purchases",
        "purchase_probability",
        "later_purchase_probability",
        "discounted_expected_purchases",
        "variance_of_purchases",
        "variance_of_discounted_purchases",
        "posterior_purchase_probability",
        "posterior_dropout_probability",
    ],
    example: (&[1.2, 0.75, 0.66, 2.8], 12.0),
};

impl Family for BgBb {
    const SPEC: &'static Spec = &SPEC;
    type Jet = Jet<4>;
    /// ln B(α + x, β)/B(α, β): the purchases.
    type Shared<R: Real> = R;

    fn from_parameters(theta: &[f64]) -> Result<Self> {
        SPEC.check_parameters(theta)?;
        Ok(BgBb { alpha: theta[0], beta: theta[1], gamma: theta[2], delta: theta[3] })
    }

    fn theta(&self) -> Vec<f64> {
        self.values().to_vec()
    }

    fn check_row(row: &[f64]) -> Result<(), String> {
        let &[x, t_x, n] = row else { return Err("need three columns".into()) };
        if x > t_x || t_x > n {
            return Err(format!(
                "need frequency <= recency <= T, all counted in opportunities, got frequency = {x}, recency = {t_x}, T = {n}"
            ));
        }
        if x == 0.0 && t_x > 0.0 {
            return Err(format!("need recency = 0 where frequency = 0, got recency = {}", brief(t_x)));
        }
        if n > MOST {
            return Err(format!("need T <= {MOST} opportunities, got {}", brief(n)));
        }
        Ok(())
    }

    /// Without an opportunity there is nothing to see.
    fn informs(row: &[f64]) -> bool {
        row[2] > 0.0
    }

    fn shared<R: Real>(theta: &[R], x: f64) -> R {
        theta[1].ln_beta_rising(theta[0], x)
    }

    /// Eq. 3 in logarithms: what was done up to the last purchase, and the silence since. No term is positive.
    fn log_likelihood<R: Real>(theta: &[R], purchases: &R, row: &[f64]) -> R {
        *purchases + silence::ln_probability(theta, row)
    }

    fn start(rows: &Rows) -> Result<Vec<f64>> {
        let (mut purchases, mut opportunities) = (0.0, 0.0);
        for (row, weight) in rows.iter() {
            purchases += weight * row[0];
            // Up to the last purchase the customer was there.
            opportunities += weight * (row[1] + 0.5 * (row[2] - row[1]));
        }
        if purchases == 0.0 {
            return Err(Error::new(
                ErrorKind::NotEnoughData,
                format!(
                    "no customer has bought again (frequency is 0 in every row): {} has no maximum",
                    SPEC.title
                ),
            ));
        }
        let p = (purchases / opportunities).clamp(0.02, 0.98);
        Ok(vec![2.0 * p, 2.0 * (1.0 - p), 0.5, 2.5])
    }

    fn scorer<'a>(&'a self, quantity: &Quantity) -> Option<Scorer<'a>> {
        Some(match *quantity {
            Quantity::ProbabilityAlive { after } => Box::new(move |rows, out| {
                for (row, out) in rows.chunks_exact(3).zip(out) {
                    let survives = ln_beta_rising(self.gamma, self.delta + row[2], after);
                    *out = self.silence(row).alive(survives);
                }
                Ok(())
            }),
            Quantity::PurchaseProbability { .. } | Quantity::LaterPurchaseProbability { .. } => {
                let (n, after, horizon) = quantity.count()?;
                Box::new(move |rows, out| {
                    check_horizon(horizon)?;
                    for (row, out) in rows.chunks_exact(3).zip(out) {
                        let silence = self.silence(row);
                        let count = self.updated(row).count_later(n, after, horizon);
                        *out = if_alive(silence.log_odds_left(), count)
                            + if n == 0 { silence.left() } else { 0.0 };
                    }
                    Ok(())
                })
            }
            Quantity::VarianceOfPurchases { .. } | Quantity::VarianceOfDiscountedPurchases { .. } => {
                let ahead = Ahead::of(quantity)?;
                Box::new(move |rows, out| {
                    // How long a customer will stay depends on T alone.
                    let mut known: HashMap<u64, [f64; 3]> = HashMap::new();
                    for (row, out) in rows.chunks_exact(3).zip(out) {
                        let customer = self.updated(row);
                        let stays = *known.entry(row[2].to_bits()).or_insert_with(|| customer.stays(&ahead));
                        let (mean, alive) = customer.moments(stays);
                        *out = variance::in_all(self.silence(row).log_odds_left(), alive, mean);
                    }
                    Ok(())
                })
            }
            Quantity::PosteriorPurchaseProbability {} => Box::new(move |rows, out| {
                for (row, out) in rows.chunks_exact(3).zip(out) {
                    *out = self.posterior_means(row)[0];
                }
                Ok(())
            }),
            Quantity::PosteriorDropoutProbability {} => Box::new(move |rows, out| {
                for (row, out) in rows.chunks_exact(3).zip(out) {
                    *out = self.posterior_means(row)[1];
                }
                Ok(())
            }),
            _ => {
                let ahead = Ahead::of(quantity)?;
                Box::new(move |rows, out| {
                    // How long a customer will stay depends on T alone.
                    let mut known: HashMap<u64, f64> = HashMap::new();
                    for (row, out) in rows.chunks_exact(3).zip(out) {
                        let customer = self.updated(row);
                        let stays = *known
                            .entry(row[2].to_bits())
                            .or_insert_with(|| stay(&ahead, customer.gamma, customer.delta));
                        *out = if_alive(self.silence(row).log_odds_left(), customer.buys() * stays);
                    }
                    Ok(())
                })
            }
        })
    }

    fn score_new(&self, quantity: &Quantity) -> Option<Result<f64>> {
        Some(Ok(match *quantity {
            Quantity::ProbabilityAlive { after } => ln_beta_rising(self.gamma, self.delta, after).exp(),
            Quantity::PurchaseProbability { .. } | Quantity::LaterPurchaseProbability { .. } => {
                let (n, after, horizon) = quantity.count()?;
                return Some(check_horizon(horizon).map(|()| self.count_later(n, after, horizon)));
            }
            Quantity::VarianceOfPurchases { .. } | Quantity::VarianceOfDiscountedPurchases { .. } => {
                self.moments(self.stays(&Ahead::of(quantity)?)).1
            }
            Quantity::PosteriorPurchaseProbability {} => self.buys(),
            Quantity::PosteriorDropoutProbability {} => self.gamma / (self.gamma + self.delta),
            _ => self.buys() * stay(&Ahead::of(quantity)?, self.gamma, self.delta),
        }))
    }

    /// The customer is there for K opportunities, K geometric, and from one purchase to the next it is a geometric time, too.
    fn draw(&self, design: &[f64], stream: &mut Stream, row: &mut [f64]) {
        let n = design[0];
        let (p, theta) = (stream.beta(self.alpha, self.beta), stream.beta(self.gamma, self.delta));
        // A probability too small for a number never comes to pass.
        let mut failures = |p: f64| if p > 0.0 { stream.geometric(p) } else { f64::INFINITY };
        let stay = failures(theta).min(n);
        let (mut x, mut t_x) = (0.0, 0.0);
        loop {
            let next = t_x + 1.0 + failures(p);
            if next > stay {
                break;
            }
            (x, t_x) = (x + 1.0, next);
        }
        row.copy_from_slice(&[x, t_x, n]);
    }

    fn futures(&self) -> Option<Futures<'_>> {
        Some(Box::new(|row, horizon, stream, times| {
            if stream.uniform() >= logistic(-self.silence(row).log_odds_left()) {
                return 0.0;
            }
            let now = self.updated(row);
            let (p, theta) = (stream.beta(now.alpha, now.beta), stream.beta(now.gamma, now.delta));
            let mut failures = |p: f64| if p > 0.0 { stream.geometric(p) } else { f64::INFINITY };
            let stay = failures(theta);
            let mut next = 1.0 + failures(p);
            while next <= stay.min(horizon) {
                times.push(next);
                next += 1.0 + failures(p);
            }
            stay
        }))
    }
}

/// A distribution of counts is a sum over opportunities.
fn check_horizon(horizon: f64) -> Result<()> {
    match horizon <= MOST {
        true => Ok(()),
        false => Err(Error::parameter("horizon", "at most 100000 opportunities", horizon)),
    }
}

impl BgBb {
    /// P(alive `after` opportunities from now) of a customer who bought at `frequency` of `opportunities`, the last time at the
    /// `recency`-th; eq. 11 with `after` = 1, where the customer must have survived the beginning of the next opportunity.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidData`] unless `frequency` ≤ `recency` ≤ `opportunities`, the first two 0 together.
    pub fn probability_alive(
        &self,
        frequency: u32,
        recency: u32,
        opportunities: u32,
        after: u32,
    ) -> Result<f64> {
        self.ask(&Quantity::ProbabilityAlive { after: f64::from(after) }, frequency, recency, opportunities)
    }

    /// Expected purchases at the next `horizon` opportunities given the history; eq. 13, without its pole at γ = 1.
    ///
    /// # Errors
    /// As for [`probability_alive`](BgBb::probability_alive).
    pub fn expected_purchases(
        &self,
        frequency: u32,
        recency: u32,
        opportunities: u32,
        horizon: u32,
    ) -> Result<f64> {
        let quantity = Quantity::ExpectedPurchases { horizon: f64::from(horizon) };
        self.ask(&quantity, frequency, recency, opportunities)
    }

    fn ask(&self, quantity: &Quantity, x: u32, t_x: u32, n: u32) -> Result<f64> {
        let row = [x, t_x, n].map(f64::from);
        Self::check_row(&row).map_err(|rule| Error::new(ErrorKind::InvalidData, rule))?;
        Ok(score_row(self, quantity, &row))
    }

    /// The customer with this history, alive, seen as a new one.
    fn updated(&self, row: &[f64]) -> BgBb {
        BgBb {
            alpha: self.alpha + row[0],
            beta: self.beta + (row[2] - row[0]),
            gamma: self.gamma,
            delta: self.delta + row[2],
        }
    }

    /// P(m purchases at `horizon` opportunities after the next `after`) of a new customer, who must still be there after those; then θ ~ Beta(γ, δ + `after`).
    fn count_later(&self, m: u32, after: f64, horizon: f64) -> f64 {
        let ln_stays = ln_beta_rising(self.gamma, self.delta, after);
        let then = BgBb { delta: self.delta + after, ..*self };
        let count = ln_stays.exp() * count_probability(&then, m, horizon);
        if m == 0 { count - ln_stays.exp_m1() } else { count }
    }

    /// E\[p\].
    fn buys(&self) -> f64 {
        self.alpha / (self.alpha + self.beta)
    }

    /// Opportunities at which a new customer will be there: discounted, by the square of the discount, and in pairs.
    fn stays(&self, ahead: &Ahead) -> [f64; 3] {
        let (gamma, delta) = (self.gamma, self.delta);
        [stay(ahead, gamma, delta), stay(&ahead.squared(), gamma, delta), stay_in_pairs(ahead, gamma, delta)]
    }

    /// Mean and variance of what a new customer will do: E\[p\] for each opportunity, E\[p²\] for each pair of them.
    fn moments(&self, [once, twice, pairs]: [f64; 3]) -> (f64, f64) {
        let p = self.buys();
        // E[p²] = E[p]² + Var[p].
        let scatter = p * self.beta / (self.alpha + self.beta) / (self.alpha + self.beta + 1.0);
        (p * once, p * twice + scatter * pairs + p * p * (pairs - once * once))
    }

    /// E\[p | x, t_x, n\] and E\[θ | x, t_x, n\], from the ratio of two likelihoods: E\[p f(p)\] is E\[p\] times E\[f(p)\] with α + 1 in place of α.
    /// What concerns the time up to the last purchase is a beta–binomial update; the rest is the ratio of two M.
    fn posterior_means(&self, row: &[f64]) -> [f64; 2] {
        let BgBb { alpha, beta, gamma, delta } = *self;
        let (x, t_x) = (row[0], row[1]);
        let silence = self.silence(row).total();
        let more = |theta: [f64; 4]| Silence::new(&theta, row).total() / silence;
        [
            (alpha + x) / (alpha + beta + t_x) * more([alpha + 1.0, beta, gamma, delta]),
            gamma / (gamma + delta + t_x) * more([alpha, beta, gamma + 1.0, delta]),
        ]
    }

    fn silence(&self, row: &[f64]) -> Silence {
        Silence::new(&self.values(), row)
    }
}
