//! BG/NBD: purchases are Poisson while a customer is alive; after each one the customer may leave.
//!
//! Story. A customer buys at rate λ (per unit of time) and, after every repeat purchase, leaves with probability p.
//! Across customers λ ~ Gamma(shape r, rate α) and p ~ Beta(a, b), independent.
//!
//! Source: Fader, Hardie & Lee (2005), "Counting your customers" the easy way, Marketing Science 24(2), 275–284;
//! equation numbers below are theirs.
//!
//! A customer with history (x, t_x, T) who is alive is, as far as the future goes, a new customer with λ ~ Gamma(r + x, α + T)
//! and p ~ Beta(a, b + x). So every quantity about the future is P(alive) times that of such a customer.
//! The paper's expected number of purchases (eq. 10) has a pole at a = 1 and a series that cancels; here it is
//! E\[(1 − (1 + pτ)^(−r−x))/p\] over p with τ = t/(α + T), which is λ's share integrated out, and has neither.
//!
//! A customer who never came back cannot have left (dropout follows a repeat purchase), so the probability of being alive
//! is 1 for `frequency == 0`.

mod kernel;
mod moments;

use super::futures::renewals;
use super::history::{HISTORY, History, check_history};
use super::lifetime::Lifetime;
use super::local::{BLOCK, LANES, Lanes, Local, together};
use super::phases::{count_later, counts};
use super::purchases::{count_start, if_alive, nbd_probability, with_those_who_left};
use super::shared_counts::each_row;
use super::variance::Squares;
use crate::error::Result;
use crate::math::{
    beta::{inc_beta, ln_beta_rising},
    exp_log::logistic,
    gamma::ln_rising,
    jet::{Jet, Real},
    mixing::beta_mixing,
    octaves::Octaves,
    random::Stream,
    vector::{Exp, Expm1, Kernel, Ln1p, Wide, widest},
};
use crate::model::{
    CountScorer, Family, Futures, Process, Quantity, Repeats, Scorer, Spec, parameters, score_row,
};
use crate::rows::Rows;
use kernel::{Dropouts, Kernels};
use moments::Moments;

parameters! {
    /// The BG/NBD model; see the [module](self).
    ///
    /// ```
    /// use cam_core::clv::{BgNbd, History};
    /// let model = BgNbd::new(0.243, 4.414, 0.793, 2.426)?;
    /// let customer = History::new(2.0, 30.43, 38.86)?;
    /// assert!((model.probability_alive(&customer) - 0.7266).abs() < 1e-3);
    /// # Ok::<(), cam_core::Error>(())
    /// ```
    pub struct BgNbd (4) {
        /// Shape of the purchase rate across customers; small when they differ much.
        r: Positive, None;
        /// Rate parameter of the purchase rate across customers, in units of time.
        alpha: Positive, Time;
        /// First shape of the dropout probability across customers.
        a: Positive, None;
        /// Second shape of the dropout probability across customers.
        b: Positive, None;
    }
}

static SPEC: Spec = Spec {
    id: "bg_nbd",
    title: "BG/NBD",
    source: "Fader, Hardie & Lee (2005), Marketing Science 24(2), 275-284",
    parameters: &BgNbd::PARAMETERS,
    columns: &HISTORY,
    design: &[super::history::AGE],
    quantities: super::history::PURCHASE_QUANTITIES,
    example: (&[0.8, 6.0, 0.9, 2.5], 52.0),
};

/// What rows with the same frequency share.
#[derive(Debug, Clone, Copy)]
pub struct SharedByFrequency<R> {
    /// ln Γ(r + x)/Γ(r) + ln B(a, b + x)/B(a, b).
    base: R,
    /// ln a/(b + x − 1); only for x > 0.
    odds: Option<R>,
}

impl Family for BgNbd {
    const SPEC: &'static Spec = &SPEC;
    const PROCESSES: &'static [Process] = &[Process::PURCHASE, Process::LEAVING];
    type Jet = Jet<4>;
    type Shared<R: Real> = SharedByFrequency<R>;

    fn from_parameters(theta: &[f64]) -> Result<Self> {
        SPEC.check_parameters(theta)?;
        Ok(BgNbd { r: theta[0], alpha: theta[1], a: theta[2], b: theta[3] })
    }

    fn theta(&self) -> Vec<f64> {
        self.values().to_vec()
    }

    #[inline]
    fn check_row(row: &[f64]) -> Result<(), String> {
        check_history(row)
    }

    fn shared<R: Real>(theta: &[R], x: f64) -> SharedByFrequency<R> {
        let (r, a, b) = (theta[0], theta[2], theta[3]);
        SharedByFrequency {
            base: r.ln_rising(x) + a.ln_beta_rising(b, x),
            odds: (x > 0.0).then(|| (a / (b + (x - 1.0))).ln()),
        }
    }

    /// Eq. 6 in logarithms: the customer is alive, or left right after the last purchase. Derivatives by hand.
    fn log_likelihood<R: Real>(theta: &[R], shared: &SharedByFrequency<R>, row: &[f64]) -> R {
        Self::sum_log_likelihood(theta, shared, row, &[1.0])
    }

    fn sum_log_likelihood<R: Real>(
        theta: &[R],
        shared: &SharedByFrequency<R>,
        rows: &[f64],
        weights: &[f64],
    ) -> R {
        let inputs = [theta[0], theta[1], theta[2], theta[3]];
        let odds = shared.odds.map(Real::value);
        let customers: f64 = weights.iter().sum();
        let theta = inputs.map(Real::value);
        let rest = match R::ORDER {
            0 => widest(LogLikelihood::<0> { theta, odds, rows, weights }),
            1 => widest(LogLikelihood::<1> { theta, odds, rows, weights }),
            _ => widest(LogLikelihood::<2> { theta, odds, rows, weights }),
        };
        shared.base * customers + rest.of(inputs)
    }

    fn start(rows: &Rows) -> Result<Vec<f64>> {
        let (r, alpha) = count_start(rows, SPEC.title)?;
        Ok(vec![r, alpha, 1.0, 2.0])
    }

    /// All but counts: a few dozen nanoseconds a row, once the octaves are known.
    fn repeats(quantity: &Quantity) -> Repeats {
        match quantity {
            _ if quantity.count().is_some() => Repeats::Found,
            _ => Repeats::Computed,
        }
    }

    fn scorer<'a>(&'a self, quantity: &Quantity) -> Option<Scorer<'a>> {
        if let Some((n, after, horizon)) = quantity.count() {
            return Some(Box::new(move |rows, out| {
                for (row, out) in rows.chunks_exact(3).zip(out) {
                    let left = self.log_odds_left(row);
                    let count = self.updated(row[0], self.alpha + row[2]).count_later(n, after, horizon);
                    *out = if_alive(left, count) + if n == 0 { logistic(left) } else { 0.0 };
                }
                Ok(())
            }));
        }
        Some(match *quantity {
            Quantity::ProbabilityAlive { after: 0.0 } => Box::new(|rows, out| {
                self.probabilities_alive(rows, out);
                Ok(())
            }),
            Quantity::ProbabilityAlive { after } => {
                self.interpolated(move |x, rate| self.updated(x, rate).survival(after))
            }
            _ => {
                if let Some(squares) = Squares::of(quantity) {
                    return Some(self.variances(squares));
                }
                let lifetime = Lifetime::of(quantity)?;
                match lifetime.plain_horizon() {
                    Some(horizon) => {
                        let dropouts = Dropouts::new(self.a);
                        self.interpolated(move |x, rate| {
                            self.updated(x, rate).expected_within(horizon, &dropouts)
                        })
                    }
                    None => {
                        let kernels = Kernels::new(lifetime, self.alpha, self.a);
                        self.interpolated(move |x, rate| self.updated(x, rate).expected_discounted(&kernels))
                    }
                }
            }
        })
    }

    fn counts(&self, horizon: f64) -> Option<CountScorer<'_>> {
        Some(Box::new(move |rows, range, out| {
            each_row(rows, &range, out, |_, row, out| {
                let now = self.updated(row[0], self.alpha + row[2]);
                counts(now.values(), range.clone(), horizon, out);
                with_those_who_left(self.log_odds_left(row), &range, out);
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
                    return Some(Ok(Moments::new(squares, self).of(self)[1]));
                }
                let lifetime = Lifetime::of(quantity)?;
                match lifetime.plain_horizon() {
                    Some(horizon) => self.expected_within(horizon, &Dropouts::new(self.a)),
                    None => self.expected_discounted(&Kernels::new(lifetime, self.alpha, self.a)),
                }
            }
        }))
    }

    /// Of N ~ Poisson(λT) purchases, had the customer stayed, the K-th (K geometric) is the last if K ≤ N. Given N, their times are
    /// uniform order statistics, so the last one is drawn at once and no loop runs over purchases.
    fn draw(&self, design: &[f64], stream: &mut Stream, row: &mut [f64]) {
        let age = design[0];
        let rate = stream.gamma(self.r) / self.alpha;
        let p = stream.beta(self.a, self.b);
        let potential = stream.poisson(rate * age);
        // The purchase at which the customer leaves; a p too small for a number is none.
        let last = if p > 0.0 { stream.geometric(p) + 1.0 } else { f64::INFINITY };
        let (x, share) = if potential < last {
            (potential, stream.uniform().powf(1.0 / potential))
        } else {
            (last, stream.beta(last, potential - last + 1.0))
        };
        row.copy_from_slice(&[x, if x > 0.0 { age * share } else { 0.0 }, age]);
    }

    fn futures(&self) -> Option<Futures<'_>> {
        Some(Box::new(|row, horizon, stream, times| {
            if stream.uniform() >= logistic(-self.log_odds_left(row)) {
                return 0.0;
            }
            let now = self.updated(row[0], self.alpha + row[2]);
            let rates = (stream.gamma(now.r) / now.alpha, stream.beta(now.a, now.b));
            renewals(rates, (1.0, 1.0), horizon, stream, times)
        }))
    }
}

/// The log-likelihood of rows of one frequency x but for ln Γ and ln B, each −r ln(1 + T/α) − x ln(α + T) + ln(1 + e^z) times its weight, with the odds
/// of having left e^z = a/(b + x − 1) ((α + T)/(α + t_x))^(r + x). With derivatives up to the order.
struct LogLikelihood<'a, const ORDER: usize> {
    theta: [f64; 4],
    /// ln a/(b + x − 1).
    odds: Option<f64>,
    rows: &'a [f64],
    weights: &'a [f64],
}

impl<const ORDER: usize> Wide for LogLikelihood<'_, ORDER> {
    type Output = Local<4>;

    #[inline(always)]
    fn run(self) -> Local<4> {
        let [r, alpha, a, b] = self.theta;
        let x = self.rows[0];
        let per_alpha = 1.0 / alpha;
        let came_back = self.odds.is_some();
        // Σ w times: 1, ln(1 + T/α), its derivative by α with its own; for those who came back also 1/(α + T) and its square.
        let (mut ages, mut slopes, mut bends) = (Lanes::default(), Lanes::default(), Lanes::default());
        let (mut all, mut rises, mut squares) = (Lanes::default(), Lanes::default(), Lanes::default());
        // ln(1 + e^z), and with p = 1/(1 + e^(−z)) its derivative: p times 1, L = ln((α + T)/(α + t_x)), ∂L/∂α and ∂²L/∂α².
        let (mut soft, mut left, mut left_log) = (Lanes::default(), Lanes::default(), Lanes::default());
        let (mut left_slope, mut left_bend) = (Lanes::default(), Lanes::default());
        // p (1 − p) times the products of two of 1, L and ∂L/∂α.
        let mut mixed = [Lanes::default(); 6];
        for (rows, weights) in self.rows.chunks(3 * BLOCK).zip(self.weights.chunks(BLOCK)) {
            let n = weights.len();
            // Past the end: customers who do not count.
            let (mut recency, mut age, mut weight) = ([0.0; BLOCK], [0.0; BLOCK], [0.0; BLOCK]);
            for (i, (row, w)) in rows.chunks_exact(3).zip(weights).enumerate() {
                (recency[i], age[i], weight[i]) = (row[1], row[2], *w);
            }
            let n = n.next_multiple_of(LANES);
            let mut log_age = [0.0; BLOCK];
            log_age[..n].iter_mut().zip(&age).for_each(|(log, age)| *log = age / alpha);
            Ln1p::over(&mut log_age[..n]);
            for i in (0..n).step_by(LANES) {
                for l in 0..LANES {
                    let (w, i) = (weight[i + l], i + l);
                    all[l] += w;
                    ages[l] += w * log_age[i];
                    if ORDER == 0 {
                        continue;
                    }
                    let rise = 1.0 / (alpha + age[i]);
                    let slope = -age[i] * per_alpha * rise;
                    slopes[l] += w * slope;
                    rises[l] += w * rise;
                    if ORDER > 1 {
                        bends[l] += w * (slope * (per_alpha + rise));
                        squares[l] += w * (rise * rise);
                    }
                }
            }
            let Some(odds) = self.odds else { continue };
            let mut log_left = [0.0; BLOCK];
            for ((log, age), recency) in log_left[..n].iter_mut().zip(&age).zip(&recency) {
                *log = (age - recency) / (alpha + recency);
            }
            Ln1p::over(&mut log_left[..n]);
            // e^(−|z|), and ln(1 + e^(−|z|)).
            let (mut small, mut log_small) = ([0.0; BLOCK], [0.0; BLOCK]);
            for (small, log) in small[..n].iter_mut().zip(&log_left) {
                *small = -(odds + (r + x) * log).abs();
            }
            Exp::over(&mut small[..n]);
            log_small[..n].copy_from_slice(&small[..n]);
            Ln1p::over(&mut log_small[..n]);
            for i in (0..n).step_by(LANES) {
                for l in 0..LANES {
                    let (w, i) = (weight[i + l], i + l);
                    let z = odds + (r + x) * log_left[i];
                    soft[l] += w * (if z < 0.0 { 0.0 } else { z } + log_small[i]);
                    if ORDER == 0 {
                        continue;
                    }
                    let (at_end, at_last) = (1.0 / (alpha + age[i]), 1.0 / (alpha + recency[i]));
                    let slope = -(age[i] - recency[i]) * at_last * at_end;
                    let major = 1.0 / (1.0 + small[i]);
                    let minor = small[i] * major;
                    let p = w * if z < 0.0 { minor } else { major };
                    left[l] += p;
                    left_log[l] += p * log_left[i];
                    left_slope[l] += p * slope;
                    if ORDER == 1 {
                        continue;
                    }
                    let both = w * (minor * major);
                    left_bend[l] -= p * (slope * (at_last + at_end));
                    mixed[0][l] += both;
                    mixed[1][l] += both * log_left[i];
                    mixed[2][l] += both * slope;
                    mixed[3][l] += both * (log_left[i] * log_left[i]);
                    mixed[4][l] += both * (log_left[i] * slope);
                    mixed[5][l] += both * (slope * slope);
                }
            }
        }
        let [ages, slopes, bends] = [ages, slopes, bends].map(together);
        let mut local =
            Local { value: -r * ages, gradient: [-ages, -r * slopes, 0.0, 0.0], ..Local::default() };
        let mut cross = -slopes;
        local.hessian[1][1] = r * bends;
        if came_back {
            let [all, rises, squares, soft] = [all, rises, squares, soft].map(together);
            let [p, p_log, p_slope, p_bend] = [left, left_log, left_slope, left_bend].map(together);
            let [one, log, slope, log_log, log_slope, slope_slope] = mixed.map(together);
            let m = r + x;
            // ∂z: L by r, m ∂L/∂α by α, 1/a by a, −1/(b + x − 1) by b.
            let (by_a, by_b) = (1.0 / a, -1.0 / (b + (x - 1.0)));
            // ln(α + T) = ln α + ln(1 + T/α).
            local.value += soft - x * (alpha.ln() * all + ages);
            local.gradient[0] += p_log;
            local.gradient[1] += m * p_slope - x * rises;
            local.gradient[2] = p * by_a;
            local.gradient[3] = p * by_b;
            cross += p_slope + m * log_slope;
            local.hessian[0][0] = log_log;
            local.hessian[1][1] += x * squares + m * p_bend + m * m * slope_slope;
            local.hessian[0][2] = by_a * log;
            local.hessian[0][3] = by_b * log;
            local.hessian[1][2] = by_a * m * slope;
            local.hessian[1][3] = by_b * m * slope;
            local.hessian[2][2] = by_a * by_a * (one - p);
            local.hessian[2][3] = by_a * by_b * one;
            local.hessian[3][3] = by_b * by_b * (one + p);
        }
        local.hessian[0][1] = cross;
        for i in 0..4 {
            for j in 0..i {
                local.hessian[i][j] = local.hessian[j][i];
            }
        }
        local
    }
}

/// ln (α + T)/(α + t_x) by ln_1p: exact where the last purchase is recent.
fn silence(alpha: f64, recency: f64, age: f64) -> f64 {
    ((age - recency) / (alpha + recency)).ln_1p()
}

impl BgNbd {
    /// P(alive at T | x, t_x, T); Fader, Hardie & Lee (2008), "Computing P(alive) using the BG/NBD model": as a logistic of
    /// log-odds, so that no power overflows.
    pub fn probability_alive(&self, h: &History) -> f64 {
        let mut out = [f64::NAN];
        self.probabilities_alive(h.row(), &mut out);
        out[0]
    }

    /// The same for many rows, of any frequencies.
    fn probabilities_alive(&self, rows: &[f64], out: &mut [f64]) {
        widest(Alive { model: self, rows, out });
    }

    fn log_odds_left(&self, row: &[f64]) -> f64 {
        let x = row[0];
        if x == 0.0 {
            return f64::NEG_INFINITY;
        }
        (self.a / (self.b + (x - 1.0))).ln() + (self.r + x) * silence(self.alpha, row[1], row[2])
    }

    /// Expected purchases in (T, T + horizon\] given the history; eq. 10, without its pole. `horizon` ≥ 0.
    pub fn expected_purchases(&self, h: &History, horizon: f64) -> f64 {
        score_row(self, &Quantity::ExpectedPurchases { horizon }, h.row())
    }

    /// The customer with frequency x and α + T = rate, alive, seen as a new one.
    fn updated(&self, x: f64, rate: f64) -> BgNbd {
        BgNbd { r: self.r + x, alpha: rate, a: self.a, b: self.b + x }
    }

    /// Expected purchases of a new customer within t: E\[(1 − (1 + pτ)^(−r))/p\], τ = t/α.
    fn expected_within(&self, t: f64, dropouts: &Dropouts) -> f64 {
        let BgNbd { r, alpha, b, .. } = *self;
        let tau = t / alpha;
        if let Some(expected) = self.expected_by_counts(tau) {
            return expected;
        }
        // E[1/p], cut off at rτ, is no less than 1/E[p].
        let tau_over = dropouts.of(b, 1.0 + r.max(1.0) * tau).expect_slices(|p| widest(Within { r, tau, p }));
        tau * tau_over
    }

    /// The same by the number K of purchases that there were if nobody left, which is negative binomial: E\[1 + (1 − p) + … + (1 − p)^(K − 1)\]. All terms are positive,
    /// and few where the horizon is not long against α; none is given where it is.
    fn expected_by_counts(&self, tau: f64) -> Option<f64> {
        let BgNbd { r, a, b, .. } = *self;
        let z = tau / (1.0 + tau);
        if !(z <= 0.6 && r * tau <= 40.0) {
            return None;
        }
        // P(K = k), E[(1 − p)^k], and the sum of those below k.
        let (mut probability, mut stays, mut expected) = ((-r * tau.ln_1p()).exp(), 1.0, 0.0);
        let mut sum = 0.0;
        for k in (0..MOST_COUNTS).map(f64::from) {
            probability *= z * (r + k) / (k + 1.0);
            expected += stays;
            stays *= (b + k) / (a + b + k);
            let term = probability * expected;
            sum += term;
            if term <= 1e-17 * sum && k >= r * tau {
                return Some(sum);
            }
        }
        None
    }

    /// The same, discounted: E\[λ K(λp)\]; `kernels` are for no larger α. See [`kernel`].
    fn expected_discounted(&self, kernels: &Kernels<'_>) -> f64 {
        let BgNbd { r, alpha, b, .. } = *self;
        kernels.expect(r, alpha, b) * (r / alpha)
    }

    /// P(alive) times a quantity f(x, α + T) of a customer who is alive.
    fn interpolated<'a>(&'a self, f: impl Fn(f64, f64) -> f64 + Send + Sync + 'a) -> Scorer<'a> {
        let octaves = Octaves::new(f);
        Box::new(move |rows, out| {
            self.probabilities_alive(rows, out);
            let mut reader = octaves.reader();
            let mut values = [0.0; 1024];
            for (rows, out) in rows.chunks(3 * 1024).zip(out.chunks_mut(1024)) {
                let values = &mut values[..out.len()];
                reader.fill(self.alpha, values, |i| (rows[3 * i], rows[3 * i + 2]));
                for ((out, value), row) in out.iter_mut().zip(values).zip(rows.chunks_exact(3)) {
                    // Where P(alive) is subnormal its digits are gone: start again from its logarithm.
                    *out =
                        if *out > 1e-290 { *out * *value } else { if_alive(self.log_odds_left(row), *value) };
                }
            }
            Ok(())
        })
    }

    /// P(a new customer is alive at t) = E\[(1 + p t/α)^(−r)\].
    fn survival(&self, t: f64) -> f64 {
        let tau = t / self.alpha;
        // By Jensen's inequality the expectation is no less than (1 + E[p]τ)^(−r), while 1 is reached at p = 0.
        let gain = self.r * (self.a / (self.a + self.b) * tau).ln_1p();
        beta_mixing(self.a, self.b, 1.0 / (1.0 + self.r.max(1.0) * tau), gain)
            .expect_slices(|p| widest(Survival { r: self.r, tau, p }))
    }

    /// P(n purchases in t from `after` on) of a new customer.
    fn count_later(&self, n: u32, after: f64, t: f64) -> f64 {
        match after == 0.0 {
            true => self.count_probability(n, t),
            false => count_later(self.values(), n, after, t),
        }
    }

    /// P(X(t) = n) of a new customer, eq. 8: alive with n purchases, or left at the n-th, so that a Poisson process would have made n or more.
    fn count_probability(&self, n: u32, t: f64) -> f64 {
        let BgNbd { r, alpha, a, b } = *self;
        let count = f64::from(n);
        let stays = ln_beta_rising(a, b, count).exp() * nbd_probability(r, alpha, n, t);
        if n == 0 {
            return stays;
        }
        // B(a + 1, b + n − 1)/B(a, b) = a/(a + b) · Γ(b + n − 1)/Γ(b) · Γ(a + b + 1)/Γ(a + b + n).
        let leaves = a / (a + b) * (ln_rising(b, count - 1.0) - ln_rising(a + b + 1.0, count - 1.0)).exp();
        stays + leaves * inc_beta(count, r, t / (alpha + t))
    }
}

/// Far more than the terms of a sum over counts whose mean is at most 40.
const MOST_COUNTS: u32 = 2000;

/// P(alive) of whole slices: 1/(1 + a/(b + x − 1) · ((α + T)/(α + t_x))^(r + x)), with one division.
struct Alive<'a> {
    model: &'a BgNbd,
    rows: &'a [f64],
    out: &'a mut [f64],
}

impl Wide for Alive<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let BgNbd { r, alpha, a, b } = *self.model;
        for (rows, out) in self.rows.chunks(3 * 256).zip(self.out.chunks_mut(256)) {
            for (out, row) in out.iter_mut().zip(rows.chunks_exact(3)) {
                *out = (row[2] - row[1]) / (alpha + row[1]);
            }
            Ln1p::over(out);
            for (out, row) in out.iter_mut().zip(rows.chunks_exact(3)) {
                *out *= r + row[0];
            }
            Exp::over(out);
            let mut large = false;
            for (out, row) in out.iter_mut().zip(rows.chunks_exact(3)) {
                let stays = b + (row[0] - 1.0);
                let leaves = a * *out;
                large |= !(leaves < 1e250);
                *out = if row[0] == 0.0 { 1.0 } else { stays / (stays + leaves) };
            }
            if large {
                // The power may have overflowed: by logarithms.
                for (out, row) in out.iter_mut().zip(rows.chunks_exact(3)) {
                    if *out < 1e-200 {
                        *out = logistic(-self.model.log_odds_left(row));
                    }
                }
            }
        }
    }
}

/// p ↦ (1 − (1 + pτ)^(−r))/(pτ), which is r at 0.
struct Within<'a> {
    r: f64,
    tau: f64,
    p: &'a mut [f64],
}

impl Wide for Within<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Within { r, tau, p } = self;
        let mut share = [0.0; 128];
        for p in p.chunks_mut(128) {
            let share = &mut share[..p.len()];
            for (share, p) in share.iter_mut().zip(p.iter_mut()) {
                *p *= tau;
                *share = *p;
            }
            Ln1p::over(share);
            for share in share.iter_mut() {
                *share *= -r;
            }
            Expm1::over(share);
            for (share, p) in share.iter().zip(p.iter_mut()) {
                *p = if *p < 1e-200 { r } else { -share / *p };
            }
        }
    }
}

/// p ↦ (1 + pτ)^(−r).
struct Survival<'a> {
    r: f64,
    tau: f64,
    p: &'a mut [f64],
}

impl Wide for Survival<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for p in self.p.iter_mut() {
            *p *= self.tau;
        }
        Ln1p::over(self.p);
        for p in self.p.iter_mut() {
            *p *= -self.r;
        }
        Exp::over(self.p);
    }
}
