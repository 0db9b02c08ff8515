//! Pareto/NBD: purchases are Poisson while a customer is alive; the lifetime is exponential and unobserved.
//!
//! Story. A customer buys at rate λ and leaves at rate μ (both per unit of time). Across customers λ ~ Gamma(shape r, rate α) and
//! μ ~ Gamma(shape s, rate β), independent.
//!
//! Sources: Schmittlein, Morrison & Colombo (1987), Management Science 33(1), 1–24; Fader & Hardie (2005), "A note on deriving the
//! Pareto/NBD model and related expressions"; Fader, Hardie & Lee (2005), Journal of Marketing Research 42(4), 415–430 (DERT).
//!
//! The literature writes the likelihood with Gauss hypergeometric functions, which overflow, fail to converge, and differ by
//! whether α or β is larger. They come from one harmless integral over the unknown moment u of leaving, and that is what
//! is computed here (`left.rs`):
//!
//! L = Γ(r+x)/Γ(r) · α^r β^s / ((α+T)^(r+x) (β+T)^s) · (1 + R),
//! R = s ∫ₜₓᵀ ((α+T)/(α+u))^(r+x) ((β+T)/(β+u))^s du/(β+u) = P(left | history)/P(alive | history).
//!
//! A customer with history (x, t_x, T) who is alive is, as far as the future goes, a new customer with λ ~ Gamma(r + x, α + T) and
//! μ ~ Gamma(s, β + T).

pub(in crate::clv) mod left;

pub(super) use left::log_odds_with_derivatives;

use super::futures::poisson_until;
use super::history::{HISTORY, History, check_history};
use super::lifetime::Lifetime;
use super::purchases::{count_start, if_alive, nbd_probability, typical_age, with_those_who_left};
use super::shared_counts::{Leaving, SharedCounts, each_row};
use super::variance::{self, Squares};
use crate::error::Result;
use crate::math::{
    exp_log::{exprel, logistic},
    gamma::{ln_gamma, ln_rising},
    jet::{Jet, Real},
    mixing::gamma_mixing,
    octaves::Octaves,
    quadrature::legendre,
    random::Stream,
    vector::ln_1p_slice,
};
use crate::model::{CountScorer, Family, Futures, Process, Quantity, Repeats, Scorer, Spec, parameters};
use crate::rows::Rows;

parameters! {
    /// The Pareto/NBD model; see the [module](self).
    ///
    /// ```
    /// use cam_core::clv::{History, ParetoNbd};
    /// let model = ParetoNbd::new(0.5534, 10.5802, 0.6061, 11.6562)?;
    /// let customer = History::new(26.0, 30.86, 31.0)?;
    /// assert!((model.probability_alive(&customer) - 0.997917767).abs() < 1e-9);
    /// # Ok::<(), cam_core::Error>(())
    /// ```
    pub struct ParetoNbd (4) {
        /// Shape of the purchase rate across customers; small when they differ much.
        r: Positive, None;
        /// Rate parameter of the purchase rate across customers, in units of time.
        alpha: Positive, Time;
        /// Shape of the rate of leaving across customers; small when they differ much.
        s: Positive, None;
        /// Rate parameter of the rate of leaving across customers, in units of time.
        beta: Positive, Time;
    }
}

static SPEC: Spec = Spec {
    id: "pareto_nbd",
    title: "Pareto/NBD",
    source: "Schmittlein, Morrison & Colombo (1987), Management Science 33(1), 1-24",
    parameters: &ParetoNbd::PARAMETERS,
    columns: &HISTORY,
    design: &[super::history::AGE],
    quantities: super::history::PURCHASE_QUANTITIES,
    example: (&[0.8, 8.0, 0.7, 12.0], 52.0),
};

/// Where the fit of a model begins that is this one, or a little more than it.
///
/// # Errors
/// [`ErrorKind::NotEnoughData`](crate::ErrorKind::NotEnoughData), of the model of that title, where nobody has bought again.
pub(super) fn start(rows: &Rows, title: &str) -> Result<Vec<f64>> {
    let (r, alpha) = count_start(rows, title)?;
    // A lifetime of the order of what was observed.
    Ok(vec![r, alpha, 0.6, 0.5 * typical_age(rows)])
}

impl Family for ParetoNbd {
    const SPEC: &'static Spec = &SPEC;
    const PROCESSES: &'static [Process] = &[Process::PURCHASE, Process::LIFETIME];
    type Jet = Jet<4>;
    /// ln Γ(r + x)/Γ(r).
    type Shared<R: Real> = R;

    fn from_parameters(theta: &[f64]) -> Result<Self> {
        SPEC.check_parameters(theta)?;
        Ok(ParetoNbd { r: theta[0], alpha: theta[1], s: theta[2], beta: theta[3] })
    }

    fn theta(&self) -> Vec<f64> {
        self.values().to_vec()
    }

    #[inline]
    fn check_row(row: &[f64]) -> Result<(), String> {
        check_history(row)
    }

    fn shared<R: Real>(theta: &[R], x: f64) -> R {
        theta[0].ln_rising(x)
    }

    /// The part that is no function of r and x alone, −r ln(1 + T/α) − x ln(α + T) − s ln(1 + T/β) + ln(1 + R), with
    /// its derivatives by hand: a jet for each of its twenty operations takes twice the time of the whole.
    fn log_likelihood<R: Real>(theta: &[R], rising: &R, row: &[f64]) -> R {
        Self::sum_log_likelihood(theta, rising, row, &[1.0])
    }

    fn sum_log_likelihood<R: Real>(theta: &[R], rising: &R, rows: &[f64], weights: &[f64]) -> R {
        let inputs = [theta[0], theta[1], theta[2], theta[3]];
        let customers: f64 = weights.iter().sum();
        let values = inputs.map(Real::value);
        let rest = match R::ORDER {
            0 => left::sum_log_likelihood::<0>(values, rows, weights),
            1 => left::sum_log_likelihood::<1>(values, rows, weights),
            _ => left::sum_log_likelihood::<2>(values, rows, weights),
        };
        *rising * customers + rest.of(inputs)
    }

    fn start(rows: &Rows) -> Result<Vec<f64>> {
        start(rows, SPEC.title)
    }

    /// An integral of a few dozen nodes; counts and variances cost more.
    fn repeats(quantity: &Quantity) -> Repeats {
        match quantity {
            Quantity::ProbabilityAlive { .. } => Repeats::Remembered,
            _ if Lifetime::of(quantity).is_some() => Repeats::Remembered,
            _ => Repeats::Found,
        }
    }

    fn scorer<'a>(&'a self, quantity: &Quantity) -> Option<Scorer<'a>> {
        // (log-odds of having left, x, T) → the quantity.
        fn each<'a>(model: &'a ParetoNbd, f: impl Fn(f64, f64, f64) -> f64 + Send + Sync + 'a) -> Scorer<'a> {
            Box::new(move |rows, out| {
                left::log_odds(model.values(), rows, out);
                for (row, out) in rows.chunks_exact(3).zip(out) {
                    *out = f(*out, row[0], row[2]);
                }
                Ok(())
            })
        }
        if let Some((n, after, horizon)) = quantity.count() {
            return Some(each(self, move |left, x, age| {
                let count = if_alive(left, self.updated(x, age).count_later(n, after, horizon));
                if n == 0 { logistic(left) + count } else { count }
            }));
        }
        Some(match *quantity {
            Quantity::ProbabilityAlive { after } => {
                each(self, move |left, x, age| if_alive(left, self.updated(x, age).survival(after)))
            }
            _ => {
                if let Some(squares) = Squares::of(quantity) {
                    return Some(self.variances(squares));
                }
                let lifetime = Lifetime::of(quantity)?;
                if let Some(horizon) = lifetime.plain_horizon() {
                    return Some(each(self, move |left, x, age| {
                        let now = self.updated(x, age);
                        if_alive(left, now.r / now.alpha * now.time_alive(horizon))
                    }));
                }
                // Depends on the age alone: through β + T.
                let time =
                    Octaves::new(move |_, beta| ParetoNbd { beta, ..*self }.discounted_time_alive(&lifetime));
                Box::new(move |rows, out| {
                    left::log_odds(self.values(), rows, out);
                    let mut time = time.reader();
                    for (row, out) in rows.chunks_exact(3).zip(out) {
                        let (x, age) = (row[0], row[2]);
                        let expected = (self.r + x) / (self.alpha + age) * time.at(0.0, self.beta + age);
                        *out = if_alive(*out, expected);
                    }
                    Ok(())
                })
            }
        })
    }

    fn counts(&self, horizon: f64) -> Option<CountScorer<'_>> {
        Some(Box::new(move |rows, range, out| {
            let mut left = vec![0.0; rows.len() / 3];
            left::log_odds(self.values(), rows, &mut left);
            let mut shared = SharedCounts::new(horizon);
            each_row(rows, &range, out, |i, row, out| {
                let now = self.updated(row[0], row[2]);
                let alone = |n| now.count_probability(n, horizon);
                shared.fill(row[2], [now.r, now.alpha], &now, range.clone(), out, alone);
                with_those_who_left(left[i], &range, out);
            })
        }))
    }

    fn score_new(&self, quantity: &Quantity) -> Option<Result<f64>> {
        if let Some((n, after, horizon)) = quantity.count() {
            return Some(Ok(self.count_later(n, after, horizon)));
        }
        Some(Ok(match *quantity {
            Quantity::ProbabilityAlive { after } => self.survival(after),
            _ => {
                if let Some(squares) = Squares::of(quantity) {
                    let [once, twice, pairs] = self.moments_of_time(&squares);
                    return Some(Ok(variance::poisson(self.r, self.alpha, once, twice, pairs)));
                }
                let lifetime = Lifetime::of(quantity)?;
                let time = match lifetime.plain_horizon() {
                    Some(horizon) => self.time_alive(horizon),
                    None => self.discounted_time_alive(&lifetime),
                };
                self.r / self.alpha * time
            }
        }))
    }

    /// Given the lifetime, purchases are uniform on it: the last of x lies at the x-th root of a uniform number.
    fn draw(&self, design: &[f64], stream: &mut Stream, row: &mut [f64]) {
        let age = design[0];
        let rate = stream.gamma(self.r) / self.alpha;
        let leaving = stream.gamma(self.s) / self.beta;
        let alive = (stream.exponential() / leaving).min(age);
        let x = stream.poisson(rate * alive);
        row.copy_from_slice(&[x, if x > 0.0 { alive * stream.uniform().powf(1.0 / x) } else { 0.0 }, age]);
    }

    fn futures(&self) -> Option<Futures<'_>> {
        Some(Box::new(|row, horizon, stream, times| self.draw_future(row, horizon, stream, times)))
    }
}

impl Leaving for ParetoNbd {
    /// ln s/β − (s + 1) ln(1 + u/β).
    fn ln_densities(&self, u: &mut [f64]) {
        let (s, beta) = (self.s, self.beta);
        u.iter_mut().for_each(|u| *u /= beta);
        ln_1p_slice(u);
        let level = s.ln() - beta.ln();
        u.iter_mut().for_each(|u| *u = level - (s + 1.0) * *u);
    }

    fn ln_survival(&self, t: f64) -> f64 {
        -self.s * (t / self.beta).ln_1p()
    }

    /// With κ = A/β, ln(1 + κ sinh² z) has second derivatives up to 1 + 2κ/(1 + κ sinh² z), and a singularity where sinh² z = −1/κ: on the imaginary axis if κ > 1, and else π/2 beside
    /// the real one.
    fn panel(&self, rate: f64, z: f64, widest: f64) -> f64 {
        let kappa = rate / self.beta;
        let sinh = z.sinh();
        let bend = (self.s + 1.0) * (0.5 + 1.0 / (1.0 / kappa + sinh * sinh));
        let singular = (1.0 / kappa).sqrt().min(1.0).asin();
        // As far as from the beginning of the panel to it: no further than the clearance of its middle.
        widest.min(2.5 / bend.sqrt()).min(z.hypot(singular))
    }
}

impl ParetoNbd {
    /// The model with parameters that are known to be good.
    pub(super) fn of(r: f64, alpha: f64, s: f64, beta: f64) -> ParetoNbd {
        ParetoNbd { r, alpha, s, beta }
    }

    /// P(alive at T | x, t_x, T) = 1/(1 + R).
    pub fn probability_alive(&self, h: &History) -> f64 {
        logistic(-self.log_odds_left(h.row()))
    }

    /// See [`Futures`](crate::model::Futures).
    pub(super) fn draw_future(
        &self,
        row: &[f64],
        horizon: f64,
        stream: &mut Stream,
        times: &mut Vec<f64>,
    ) -> f64 {
        if stream.uniform() >= logistic(-self.log_odds_left(row)) {
            return 0.0;
        }
        let now = self.updated(row[0], row[2]);
        let rate = stream.gamma(now.r) / now.alpha;
        let leaves = stream.exponential() / (stream.gamma(now.s) / now.beta);
        poisson_until(rate, leaves, horizon, stream, times);
        leaves
    }

    pub(super) fn log_odds_left(&self, row: &[f64]) -> f64 {
        let mut left = [f64::NAN];
        left::log_odds(self.values(), row, &mut left);
        left[0]
    }

    /// Expected purchases in (T, T + horizon\] given the history; Fader & Hardie (2005), eq. 41. `horizon` ≥ 0.
    pub fn expected_purchases(&self, h: &History, horizon: f64) -> f64 {
        let now = self.updated(h.frequency(), h.age());
        if_alive(self.log_odds_left(h.row()), now.r / now.alpha * now.time_alive(horizon))
    }

    /// The customer with frequency x and age T, alive, seen as a new one.
    pub(super) fn updated(&self, x: f64, age: f64) -> ParetoNbd {
        ParetoNbd { r: self.r + x, alpha: self.alpha + age, s: self.s, beta: self.beta + age }
    }

    /// P(a new customer is alive at t) = (β/(β + t))^s.
    pub(super) fn survival(&self, t: f64) -> f64 {
        (-self.s * (t / self.beta).ln_1p()).exp()
    }

    /// Expected time that a new customer is alive within t: β/(s−1) · (1 − (β/(β+t))^(s−1)), which is
    /// β ln((β+t)/β) at s = 1: written with (eʸ − 1)/y it has no pole there.
    pub(super) fn time_alive(&self, t: f64) -> f64 {
        let log = (t / self.beta).ln_1p();
        self.beta * log * exprel((1.0 - self.s) * log)
    }

    /// The same, discounted: E\[K(μ)\].
    pub(super) fn discounted_time_alive(&self, lifetime: &Lifetime) -> f64 {
        gamma_mixing(self.s, (self.beta / lifetime.longest()).min(1.0)).expect_slices(|rates| {
            rates.iter_mut().for_each(|rate| *rate /= self.beta);
            lifetime.over(rates);
        })
    }

    /// Means over the rate of leaving of a new customer: the discounted time alive, the same for the squared discount, and J; see [`variance`].
    pub(super) fn moments_of_time(&self, squares: &Squares) -> [f64; 3] {
        match squares.plain_horizon() {
            Some(horizon) => {
                let time = self.time_alive(horizon);
                [time, time, variance::pareto_square(self.s, self.beta, horizon)]
            }
            None => [
                self.discounted_time_alive(&squares.once),
                self.discounted_time_alive(&squares.twice),
                squares.mean_pairs(self.s, self.beta),
            ],
        }
    }

    /// The variance of what is to come, for each row; what depends on the age alone, through β + T, is interpolated.
    fn variances(&self, squares: Squares) -> Scorer<'_> {
        let moments = Octaves::new(move |which, beta| {
            ParetoNbd { beta, ..*self }.moments_of_time(&squares)[which as usize]
        });
        Box::new(move |rows, out| {
            let mut moments = moments.reader();
            for (row, out) in rows.chunks_exact(3).zip(out) {
                let (m, rate, beta) = (self.r + row[0], self.alpha + row[2], self.beta + row[2]);
                let [once, twice, pairs] = match squares.plain_horizon() {
                    Some(_) => ParetoNbd { beta, ..*self }.moments_of_time(&squares),
                    None => [0.0, 1.0, 2.0].map(|which| moments.at(which, beta)),
                };
                let alive = variance::poisson(m, rate, once, twice, pairs);
                *out = variance::in_all(self.log_odds_left(row), alive, m / rate * once);
            }
            Ok(())
        })
    }

    /// P(n purchases in t from `after` on) of a new customer, who must still be there: then μ ~ Gamma(s, β + `after`), and λ is as unknown as before.
    pub(super) fn count_later(&self, n: u32, after: f64, t: f64) -> f64 {
        let ln_stays = -self.s * (after / self.beta).ln_1p();
        let then = ParetoNbd { beta: self.beta + after, ..*self };
        let count = ln_stays.exp() * then.count_probability(n, t);
        if n == 0 { count - ln_stays.exp_m1() } else { count }
    }

    /// P(X(t) = n) of a new customer: stays past t, or leaves at u < t after n purchases.
    pub(super) fn count_probability(&self, n: u32, t: f64) -> f64 {
        let stays = self.survival(t) * nbd_probability(self.r, self.alpha, n, t);
        if t == 0.0 { stays } else { stays + self.left_after(n, t) }
    }

    /// s βˢ ∫₀ᵗ P(n purchases in u) du/(β+u)^(s+1) in v = ln(1 + u/min(α, β)): there the logarithm of the integrand is concave, its
    /// singularities lie at distance π, and what is e^(−40) below its peak is cut off on either side.
    fn left_after(&self, n: u32, t: f64) -> f64 {
        let ParetoNbd { r, alpha, s, beta } = *self;
        let count = f64::from(n);
        let near = alpha.min(beta);
        let (m, e) = (r + count, s + 1.0);
        let log = |v: f64| {
            let grown = v.exp_m1();
            let u = near * grown;
            let counted = if n == 0 { 0.0 } else { count * grown.ln() };
            counted + v - m * (u / alpha).ln_1p() - e * (u / beta).ln_1p()
        };
        let rises = |v: f64| {
            let grown = v.exp_m1();
            let u = near * grown;
            let counted = if n == 0 { 0.0 } else { count * (1.0 + 1.0 / grown) };
            counted + 1.0 > (near + u) * (m / (alpha + u) + e / (beta + u))
        };
        let end = (t / near).ln_1p();
        let peak = last(0.0, end, rises);
        let top = log(peak);
        let low = if n == 0 { 0.0 } else { last(0.0, peak, |v| log(v) < top - 40.0) };
        let high = last(peak, end, |v| log(v) > top - 40.0);
        let fall = 2.0 * top - log(low).max(top - 40.0) - log(high);
        let panels = (fall / 10.0).max((high - low) / 1.2).ceil().max(1.0);
        let width = (high - low) / panels;
        let rule = legendre(24);
        let mut sum = 0.0;
        for k in 0..panels as usize {
            for (&node, &weight) in rule.nodes.iter().zip(&rule.weights) {
                sum += weight * (log(low + (k as f64 + node) * width) - top).exp();
            }
        }
        let choose = if n == 0 {
            0.0
        } else {
            ln_rising(r, count) - ln_gamma(count + 1.0) + count * (near / alpha).ln()
        };
        s * (near / beta) * width * sum * (choose + top).exp()
    }
}

/// The end of the part of [from, to] where `holds`, which begins at `from`; within a thousandth of the interval.
fn last(from: f64, to: f64, holds: impl Fn(f64) -> bool) -> f64 {
    if holds(to) {
        return to;
    }
    let (mut yes, mut no) = (from, to);
    for _ in 0..60 {
        let middle = 0.5 * (yes + no);
        if holds(middle) {
            yes = middle;
        } else {
            no = middle;
        }
        if no - yes <= 1e-3 * no {
            break;
        }
    }
    0.5 * (yes + no)
}
