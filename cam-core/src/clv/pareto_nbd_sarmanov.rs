//! Pareto/NBD in which who buys often may leave earlier, or later: purchase rates and rates of leaving that depend on each other.
//!
//! Story. As [`ParetoNbd`]: a customer buys at rate λ and leaves at rate μ, and across customers λ ~ Gamma(r, α) and μ ~ Gamma(s, β). But the two are not
//! independent: their joint density is that of Sarmanov,
//!
//! g(λ) g(μ) (1 + m (e^(−λ) − L₁)(e^(−μ) − L₂)),  L₁ = E\[e^(−λ)\] = (α/(α+1))^r, L₂ = E\[e^(−μ)\] = (β/(β+1))^s,
//!
//! which leaves each of them gamma. m > 0 is a positive correlation. The name says how they depend, since there are other ways, such as normal logarithms.
//!
//! Sources: Sarmanov (1966), Doklady Akademii Nauk SSSR 168(1), 32–35; Park & Fader (2004), Modeling browsing behavior at multiple websites, Marketing Science
//! 23(3), 280–303, whose mixing kernels these are; the combination with Pareto/NBD is that of the R package CLVTools (`use.cor`). The derivations are our own.
//!
//! **The unit of time matters.** In e^(−λ) the rate is per unit of time: in another unit this is another model, with nearly the same marginals. No other
//! model here is like that. Where a unit is short against the times between purchases the kernel is nearly linear and hardly any correlation can
//! be expressed; fit it in weeks or months.
//!
//! # The parameter of dependence
//!
//! For which m this is a density depends on the other parameters: −1/max(L₁L₂, (1−L₁)(1−L₂)) ≤ m ≤ 1/max(L₁(1−L₂), (1−L₁)L₂). So that a search never leaves
//! that interval (l, u), the parameter is `dependence` = (1 + m/|l|)/(1 − m/u): from 0 at the lower end over 1, where λ and μ are independent, to ∞ at the upper. The
//! maxima are rounded off, by no more than a ten-thousandth, so that derivatives have no jump. Where data want more correlation than there is, a fit ends with
//! [`Status::Boundary`](crate::Status::Boundary), `dependence -> infinity`. [`correlation`](ParetoNbdSarmanov::correlation) and [`m`](ParetoNbdSarmanov::m) say it in the usual ways.
//!
//! # How it is computed
//!
//! Multiplied out, the density is a sum of four products of gammas, with rates α or α + 1 and β or β + 1 and weights 1 + κ, −κ, −κ, κ, κ = mL₁L₂; so is
//! every likelihood. Sums of that kind cancel. But whether alive, or having left at a known time u, λ and μ are independent given the history, so that
//!
//! likelihood = plain likelihood · (1 + m φ₁ φ₂),  φ₁ = E\[e^(−λ) | history\] − L₁,  φ₂ = E\[e^(−μ) | history\] − L₂,
//!
//! and everything is made of these differences, one factor at a time; of those who have left the mean over u is taken (`dependence.rs`). Only probabilities of
//! counts use the four.

mod dependence;

use super::futures::poisson_until;
use super::history::{AGE, HISTORY, History, PURCHASE_QUANTITIES, check_history};
use super::lifetime::Lifetime;
use super::local::Local;
use super::pareto_nbd::{self, ParetoNbd};
use super::purchases::if_alive;
use super::variance::{self, Squares};
use crate::error::{Error, Result};
use crate::math::{
    exp_log::logistic,
    jet::{Jet, Real},
    octaves::Octaves,
    random::Stream,
};
use crate::model::{Family, Futures, Quantity, Scorer, Spec, parameters, score_row};
use crate::rows::Rows;
use dependence::Dependence;

parameters! {
    /// The Pareto/NBD model with a Sarmanov dependence; see the [module](self).
    ///
    /// ```
    /// use cam_core::clv::ParetoNbdSarmanov;
    /// let model = ParetoNbdSarmanov::with_correlation(0.54318, 10.1001, 0.50885, 9.17912, 0.05)?;
    /// assert!((model.correlation() - 0.05).abs() < 1e-12);
    /// assert!(model.dependence() > 1.0);
    /// # Ok::<(), cam_core::Error>(())
    /// ```
    pub struct ParetoNbdSarmanov (5) {
        /// Shape of the purchase rate across customers; small when they differ much.
        r: Positive, None;
        /// Rate parameter of the purchase rate across customers, in units of time.
        alpha: Positive, Time;
        /// Shape of the rate of leaving across customers; small when they differ much.
        s: Positive, None;
        /// Rate parameter of the rate of leaving across customers, in units of time.
        beta: Positive, Time;
        /// How the two rates depend on each other: 1 when not at all, larger when those who buy often leave early.
        dependence: Positive, OfUnit;
    }
}

static SPEC: Spec = Spec {
    id: "pareto_nbd_sarmanov",
    title: "Pareto/NBD (Sarmanov)",
    source: "Park & Fader (2004), Marketing Science 23(3), 280-303, with Schmittlein, Morrison & Colombo (1987), Management Science 33(1), 1-24",
    parameters: &ParetoNbdSarmanov::PARAMETERS,
    columns: &HISTORY,
    design: &[AGE],
    quantities: PURCHASE_QUANTITIES,
    example: (&[1.2, 1.5, 1.0, 3.0, 6.0], 52.0),
};

/// How far the corner of a maximum is rounded off: at most half of this part of the sum.
const ROUNDED: f64 = 1e-4;

/// L₁, L₂ and m.
struct Prior<R> {
    one: R,
    two: R,
    m: R,
}

/// The larger of two, rounded off at the corner, never less than the larger.
fn larger<R: Real>(a: R, b: R) -> R {
    let (sum, gap) = (a + b, a - b);
    let root = ((gap * gap + sum * sum * (ROUNDED * ROUNDED)).ln() * 0.5).exp();
    (sum + root) * 0.5
}

/// L₁, L₂ and m.
fn prior<R: Real>(theta: &[R]) -> Prior<R> {
    let laplace = |shape: R, rate: R| (-shape * (R::constant(1.0) / rate).ln_1p()).exp();
    let (one, two) = (laplace(theta[0], theta[1]), laplace(theta[2], theta[3]));
    let (not_one, not_two) = (-one + 1.0, -two + 1.0);
    let m = (theta[4] - 1.0)
        / (theta[4] * larger(one * not_two, not_one * two) + larger(one * two, not_one * not_two));
    Prior { one, two, m }
}

impl Family for ParetoNbdSarmanov {
    const SPEC: &'static Spec = &SPEC;
    type Jet = Jet<5>;
    /// ln Γ(r + x)/Γ(r).
    type Shared<R: Real> = R;

    fn from_parameters(theta: &[f64]) -> Result<Self> {
        SPEC.check_parameters(theta)?;
        Ok(ParetoNbdSarmanov {
            r: theta[0],
            alpha: theta[1],
            s: theta[2],
            beta: theta[3],
            dependence: theta[4],
        })
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

    /// Derivatives by hand, in r, α, s, β and m: m is a function of all parameters, but the same for all rows.
    fn log_likelihood<R: Real>(theta: &[R], rising: &R, row: &[f64]) -> R {
        Self::sum_log_likelihood(theta, rising, row, &[1.0])
    }

    fn sum_log_likelihood<R: Real>(theta: &[R], rising: &R, rows: &[f64], weights: &[f64]) -> R {
        let &[r, alpha, s, beta, _] = theta else { return R::constant(f64::NAN) };
        let inputs = [r, alpha, s, beta, prior(theta).m];
        let mut likelihood = Likelihood::new(inputs.map(Real::value), R::DERIVATIVES);
        let mut sum = Local::default();
        for (row, &weight) in rows.chunks_exact(3).zip(weights).filter(|(_, weight)| **weight > 0.0) {
            sum.add(weight, &likelihood.row(row));
        }
        *rising * weights.iter().sum::<f64>() + sum.of(inputs)
    }

    fn start(rows: &Rows) -> Result<Vec<f64>> {
        // Independent to begin with.
        let mut start = pareto_nbd::start(rows, SPEC.title)?;
        start.push(1.0);
        Ok(start)
    }

    fn scorer<'a>(&'a self, quantity: &Quantity) -> Option<Scorer<'a>> {
        fn each<'a>(
            model: &'a ParetoNbdSarmanov,
            f: impl Fn(&Known, f64) -> f64 + Send + Sync + 'a,
        ) -> Scorer<'a> {
            Box::new(move |rows, out| {
                for (row, out) in rows.chunks_exact(3).zip(out) {
                    let known = Known::new(model, row);
                    *out = f(&known, known.left);
                }
                Ok(())
            })
        }
        if let Some((n, after, horizon)) = quantity.count() {
            return Some(each(self, move |known, left| {
                let count = if_alive(left, known.count(n, after, horizon));
                if n == 0 { logistic(left) + count } else { count }
            }));
        }
        Some(match *quantity {
            Quantity::ProbabilityAlive { after } => {
                each(self, move |known, left| if_alive(left, known.survival(after)))
            }
            _ => {
                if let Some(squares) = Squares::of(quantity) {
                    return Some(self.variances(squares));
                }
                let lifetime = Lifetime::of(quantity)?;
                if let Some(horizon) = lifetime.plain_horizon() {
                    return Some(each(self, move |known, left| {
                        if_alive(left, known.purchases(|plain| plain.time_alive(horizon)))
                    }));
                }
                // Depends on the age alone: through β + T and β + T + 1.
                let time = self.discounted(lifetime);
                Box::new(move |rows, out| {
                    let mut reader = time.reader();
                    for (row, out) in rows.chunks_exact(3).zip(out) {
                        let known = Known::new(self, row);
                        let expected = known.purchases(|plain| reader.at(0.0, plain.beta()));
                        *out = if_alive(known.left, expected);
                    }
                    Ok(())
                })
            }
        })
    }

    fn score_new(&self, quantity: &Quantity) -> Option<Result<f64>> {
        let new = Known::new(self, &[0.0, 0.0, 0.0]);
        if let Some((n, after, horizon)) = quantity.count() {
            return Some(Ok(new.count(n, after, horizon)));
        }
        Some(Ok(match *quantity {
            Quantity::ProbabilityAlive { after } => new.survival(after),
            _ => {
                if let Some(squares) = Squares::of(quantity) {
                    return Some(Ok(new.variance(|plain| plain.moments_of_time(&squares)).1));
                }
                let lifetime = Lifetime::of(quantity)?;
                match lifetime.plain_horizon() {
                    Some(horizon) => new.purchases(|plain| plain.time_alive(horizon)),
                    None => new.purchases(|plain| plain.discounted_time_alive(&lifetime)),
                }
            }
        }))
    }

    /// λ is gamma; given λ, the density of μ is g(μ) (1 + c (e^(−μ) − L₂)), c = m (e^(−λ) − L₁).
    fn draw(&self, design: &[f64], stream: &mut Stream, row: &mut [f64]) {
        let age = design[0];
        let rate = stream.gamma(self.r) / self.alpha;
        let Prior { one, two, m } = prior(&self.values());
        let leaving = tilted(self.s, self.beta, m * ((-rate).exp() - one), two, stream);
        let alive = (stream.exponential() / leaving).min(age);
        let x = stream.poisson(rate * alive);
        row.copy_from_slice(&[x, if x > 0.0 { alive * stream.uniform().powf(1.0 / x) } else { 0.0 }, age]);
    }

    /// λ has the density of a gamma, tilted by what is known of μ; then μ given λ as in a simulation.
    fn futures(&self) -> Option<Futures<'_>> {
        Some(Box::new(|row, horizon, stream, times| {
            let known = Known::new(self, row);
            if stream.uniform() >= logistic(-known.left) {
                return 0.0;
            }
            let (plain, m) = (&known.plain, known.m);
            let by_two = known.kernel_two - known.two;
            let rate = tilted(plain.r(), plain.alpha(), m * by_two, known.one, stream);
            let by_one = m * ((-rate).exp() - known.one);
            let leaves = stream.exponential() / tilted(plain.s(), plain.beta(), by_one, known.two, stream);
            poisson_until(rate, leaves, horizon, stream, times);
            leaves
        }))
    }
}

/// The log-likelihood of a row but for what depends on the frequency alone.
struct Likelihood {
    theta: [f64; 4],
    m: f64,
    derivatives: bool,
    dependence: Dependence,
}

impl Likelihood {
    fn new([r, alpha, s, beta, m]: [f64; 5], derivatives: bool) -> Likelihood {
        let theta = [r, alpha, s, beta];
        Likelihood { theta, m, derivatives, dependence: Dependence::new(theta) }
    }

    /// That of being alive, −r ln(1 + T/α) − x ln(α + T) − s ln(1 + T/β) + ln(1 + mφ₁φ₂), and ln(1 + odds of having left).
    fn row(&mut self, row: &[f64]) -> Local<5> {
        let [r, alpha, s, beta] = self.theta;
        let (x, recency, age) = (row[0], row[1], row[2]);
        let mut local = Local::default();
        local.add_silence(0, r, alpha, age, -(age / alpha).ln_1p());
        local.add_silence(2, s, beta, age, -(age / beta).ln_1p());
        local.add_purchases(1, x, alpha + age);
        let stays = match self.derivatives {
            true => self.dependence.alive(row),
            false => Local { value: dependence::alive(self.theta, row), ..Local::default() },
        };
        let stays = ln_dependence(self.m, &stays);
        local.add(1.0, &stays);
        if age <= recency {
            return local;
        }
        let (plain, mean) = match self.derivatives {
            true => (pareto_nbd::log_odds_with_derivatives(self.theta, row), self.dependence.left(row)),
            false => {
                let plain = ParetoNbd::of(r, alpha, s, beta).log_odds_left(row);
                let mean = self.dependence.left_value(row);
                (Local { value: plain, ..Local::default() }, Local { value: mean, ..Local::default() })
            }
        };
        let mut left = ln_dependence(self.m, &mean);
        left.value += plain.value;
        for i in 0..4 {
            left.gradient[i] += plain.gradient[i];
            for j in 0..4 {
                left.hessian[i][j] += plain.hessian[i][j];
            }
        }
        left.add(-1.0, &stays);
        local.add_softplus(&left);
        local
    }
}

/// ln(1 + mf) by r, α, s, β and m, for an f of the first four.
fn ln_dependence(m: f64, f: &Local<4>) -> Local<5> {
    let inverse = 1.0 / (1.0 + m * f.value);
    let mut local = Local { value: (m * f.value).ln_1p(), ..Local::default() };
    for i in 0..4 {
        local.gradient[i] = m * f.gradient[i] * inverse;
    }
    local.gradient[4] = f.value * inverse;
    for i in 0..5 {
        for j in 0..5 {
            let of = match (i, j) {
                (4, 4) => 0.0,
                (4, k) | (k, 4) => f.gradient[k],
                _ => m * f.hessian[i][j],
            };
            local.hessian[i][j] = of * inverse - local.gradient[i] * local.gradient[j];
        }
    }
    local
}

impl ParetoNbdSarmanov {
    /// The model with this correlation between purchase rate and rate of leaving.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidParameter`](crate::ErrorKind::InvalidParameter) naming what is out of its domain; for `correlation` that depends on the others, and the message tells it.
    pub fn with_correlation(r: f64, alpha: f64, s: f64, beta: f64, correlation: f64) -> Result<Self> {
        let independent = ParetoNbdSarmanov::new(r, alpha, s, beta, 1.0)?;
        let (lower, upper) = independent.bounds();
        let m = correlation / independent.correlation_by_m();
        if !(m > lower && m < upper) {
            let by = independent.correlation_by_m();
            let rule = format!("between {:.6} and {:.6} for these parameters", lower * by, upper * by);
            return Err(Error::parameter("correlation", &rule, correlation));
        }
        ParetoNbdSarmanov::new(r, alpha, s, beta, (1.0 - m / lower) / (1.0 - m / upper))
    }

    /// The weight m of the dependence.
    pub fn m(&self) -> f64 {
        prior(&self.values()).m
    }

    /// The correlation of the purchase rate and the rate of leaving: m √(rs) L₁L₂/((α+1)(β+1)).
    pub fn correlation(&self) -> f64 {
        self.m() * self.correlation_by_m()
    }

    /// P(alive at T | x, t_x, T).
    pub fn probability_alive(&self, h: &History) -> f64 {
        score_row(self, &Quantity::ProbabilityAlive { after: 0.0 }, h.row())
    }

    /// Expected purchases in (T, T + horizon\] given the history. `horizon` ≥ 0.
    pub fn expected_purchases(&self, h: &History, horizon: f64) -> f64 {
        score_row(self, &Quantity::ExpectedPurchases { horizon }, h.row())
    }

    /// The ends of the interval of m.
    fn bounds(&self) -> (f64, f64) {
        let Prior { one, two, .. } = prior(&self.values());
        let (lower, upper) =
            (larger(one * two, (1.0 - one) * (1.0 - two)), larger(one * (1.0 - two), (1.0 - one) * two));
        (-1.0 / lower, 1.0 / upper)
    }

    fn correlation_by_m(&self) -> f64 {
        let Prior { one, two, .. } = prior(&self.values());
        self.r.sqrt() * one / (self.alpha + 1.0) * (self.s.sqrt() * two / (self.beta + 1.0))
    }

    /// The model with independent rates.
    fn plain(&self) -> ParetoNbd {
        ParetoNbd::of(self.r, self.alpha, self.s, self.beta)
    }

    /// The variance of what is to come, for each row; what depends on the age alone, through β + T and β + T + 1, is interpolated.
    fn variances(&self, squares: Squares) -> Scorer<'_> {
        let moments = Octaves::new(move |which, beta| {
            ParetoNbd::of(self.r, self.alpha, self.s, beta).moments_of_time(&squares)[which as usize]
        });
        Box::new(move |rows, out| {
            let mut reader = moments.reader();
            for (row, out) in rows.chunks_exact(3).zip(out) {
                let known = Known::new(self, row);
                let (mean, alive) = known.variance(|plain| match squares.plain_horizon() {
                    Some(_) => plain.moments_of_time(&squares),
                    None => [0.0, 1.0, 2.0].map(|which| reader.at(which, plain.beta())),
                });
                *out = variance::in_all(known.left, alive, mean);
            }
            Ok(())
        })
    }

    /// Discounted time alive of a plain new customer, by β.
    fn discounted(&self, lifetime: Lifetime) -> Octaves<impl Fn(f64, f64) -> f64 + '_> {
        Octaves::new(move |_, beta| {
            ParetoNbd::of(self.r, self.alpha, self.s, beta).discounted_time_alive(&lifetime)
        })
    }
}

/// X with the density of Gamma(shape, rate) times 1 + c (e^(−X) − laplace), up to a constant; that is nowhere negative.
fn tilted(shape: f64, rate: f64, c: f64, laplace: f64, stream: &mut Stream) -> f64 {
    if c >= 0.0 {
        // The density itself, and the one tilted by e^(−X), which is the gamma of rate + 1.
        let (plain, faster) = (1.0 - c * laplace, c * kernel(shape, rate));
        let more = if stream.uniform() * (plain + faster) < faster { 1.0 } else { 0.0 };
        return stream.gamma(shape) / (rate + more);
    }
    // The density itself, and the one thinned by 1 − e^(−X); the latter by rejection, from the density where X is large, and from X times it where it is small.
    let (plain, thinned) = (1.0 + c * (1.0 - laplace), -c * (1.0 - kernel(shape, rate)));
    if stream.uniform() * (plain + thinned) < plain {
        return stream.gamma(shape) / rate;
    }
    let small = kernel(shape, rate) > 0.5;
    loop {
        let x = stream.gamma(shape + if small { 1.0 } else { 0.0 }) / rate;
        let accepted = -(-x).exp_m1() / if small { x } else { 1.0 };
        // A rate of 0 is accepted: it is so small that it never matters.
        if x == 0.0 || stream.uniform() < accepted {
            return x;
        }
    }
}

/// One customer.
struct Known {
    /// As if the rates were independent, alive at T, seen as a new one.
    plain: ParetoNbd,
    m: f64,
    /// L₂.
    two: f64,
    /// φ₁ and E\[e^(−μ)\] for one who is alive; and E\[e^(−λ)\], L₁.
    alive_one: f64,
    kernel_two: f64,
    kernel_one: f64,
    one: f64,
    /// By how much dependence changes the likelihood of being alive.
    alive: f64,
    /// Log-odds of having left.
    left: f64,
}

/// E\[e^(−X)\], X ~ Gamma(shape, rate).
fn kernel(shape: f64, rate: f64) -> f64 {
    (-shape * (1.0 / rate).ln_1p()).exp()
}

impl Known {
    fn new(model: &ParetoNbdSarmanov, row: &[f64]) -> Known {
        let (x, recency, age) = (row[0], row[1], row[2]);
        let Prior { one, two, m } = prior(&model.values());
        let first = model.plain();
        let plain = first.updated(x, age);
        let plain_left = first.log_odds_left(row);
        let theta = [model.r, model.alpha, model.s, model.beta];
        let alive = 1.0 + m * dependence::alive(theta, row);
        let left = match age > recency {
            true => plain_left + (1.0 + m * dependence::left(theta, row)).ln() - alive.ln(),
            false => plain_left,
        };
        Known {
            m,
            two,
            alive_one: dependence::gap((plain.r(), plain.alpha()), (model.r, model.alpha)),
            kernel_two: kernel(plain.s(), plain.beta()),
            kernel_one: kernel(plain.r(), plain.alpha()),
            one,
            alive,
            left,
            plain,
        }
    }

    /// The customer with β one larger: as weighted by e^(−μ).
    fn tilted(&self) -> ParetoNbd {
        let plain = &self.plain;
        ParetoNbd::of(plain.r(), plain.alpha(), plain.s(), plain.beta() + 1.0)
    }

    /// P(alive at t | alive now).
    fn survival(&self, t: f64) -> f64 {
        let plain = self.plain.survival(t);
        let by_two = self.kernel_two * self.tilted().survival(t) - self.two * plain;
        (plain + self.m * self.alive_one * by_two) / self.alive
    }

    /// Expected purchases of a customer who is alive, given the expected (discounted) time alive of a plain new one.
    fn purchases(&self, mut time: impl FnMut(&ParetoNbd) -> f64) -> f64 {
        let plain = time(&self.plain);
        let by_two = self.kernel_two * time(&self.tilted()) - self.two * plain;
        // E[λ e^(−λ)]/E[λ] is E[e^(−λ)] A/(A + 1), and that less L₁ is φ₁ less the rest.
        let by_one = self.alive_one - self.kernel_one / (self.plain.alpha() + 1.0);
        self.plain.r() / self.plain.alpha() * (plain + self.m * by_one * by_two) / self.alive
    }

    /// Mean and variance of what a customer who is alive will do, given the three moments of time of a plain new one; see [`variance`].
    fn variance(&self, mut moments: impl FnMut(&ParetoNbd) -> [f64; 3]) -> (f64, f64) {
        let (plain, tilted) = (moments(&self.plain), moments(&self.tilted()));
        let (m, rate) = (self.plain.r(), self.plain.alpha());
        // Of λ e^(−λ) as for expected purchases; E[λ² e^(−λ)]/E[λ²] is E[e^(−λ)] (A/(A + 1))².
        let once = self.alive_one - self.kernel_one / (rate + 1.0);
        let twice = self.alive_one - self.kernel_one * ((2.0 * rate + 1.0) / (rate + 1.0) / (rate + 1.0));
        let of = |i: usize, by_one: f64| {
            let by_two = self.kernel_two * tilted[i] - self.two * plain[i];
            (plain[i] + self.m * by_one * by_two) / self.alive
        };
        let (time, squared) = (of(0, once), of(1, once));
        (m / rate * time, variance::poisson(m, rate, time, squared, of(2, twice)))
    }

    /// P(n purchases within t from `after` on | alive now).
    fn count(&self, n: u32, after: f64, t: f64) -> f64 {
        let plain = &self.plain;
        let of = |i: f64, j: f64| {
            ParetoNbd::of(plain.r(), plain.alpha() + i, plain.s(), plain.beta() + j).count_later(n, after, t)
        };
        let whole = of(0.0, 0.0);
        if self.m == 0.0 {
            return whole;
        }
        let with_two = |i: f64| self.kernel_two * of(i, 1.0) - self.two * of(i, 0.0);
        let dependent = self.kernel_one * with_two(1.0) - self.one * with_two(0.0);
        ((whole + self.m * dependent) / self.alive).max(0.0)
    }
}
