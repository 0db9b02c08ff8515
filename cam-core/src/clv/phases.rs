//! Purchases counted in phases: what BG/CNBD-k, MBG/CNBD-k and MBG/NBD have in common.
//!
//! Story. While a customer is alive, phases end at rate λ, as in a Poisson process; every k-th end of a phase is a purchase, so that intervals between
//! purchases are Erlang-k, that is Gamma(k, λ). After a purchase the customer leaves with probability p: after every repeat purchase (BG), or
//! after the first one, too (MBG). Across customers λ ~ Gamma(r, α) and p ~ Beta(a, b), independent. With k = 1 purchases are Poisson.
//!
//! Given x repeat purchases, the last at t_x, by T, and with the intervals Δ₁ … Δₓ, the likelihood is, for b' = b (BG) or b + 1 (MBG), m = r + kx,
//!
//! ```text
//! Π Δᵢ^(k−1)/Γ(k) · Γ(m)/Γ(r) · α^r · { B(a, b' + x)/B(a, b) · S(z)/(α + T)^m  +  B(a + 1, b' + x − 1)/B(a, b) · 1/(α + t_x)^m }
//! S(z) = Σ_{j<k} m(m + 1)…(m + j − 1)/j! · z^j,   z = (T − t_x)/(α + T);
//! ```
//!
//! the second term, of those who left with their last purchase, is missing in BG for x = 0. The j-th term of S is the case in which j phases
//! have ended since the last purchase. So a customer who is alive is in phase j with a probability in proportion to the j-th term, and then
//! λ ~ Gamma(m + j, α + T): a finite mixture, and nothing that is asked about the future needs more than that. The age of the current interval
//! enters by j; for k > 1 it is what tells a customer who is about to buy from one who has just bought.
//!
//! Everything that depends on n = kx + j alone is computed once per n and interpolated in the age; see [`Octaves`] and [`future`].

mod counts;
mod forever;
mod future;
mod later;
mod moments;
mod pairs;

use super::history::History;
use super::lifetime::Lifetime;
use super::local::Local;
use super::purchases::{if_alive, with_those_who_left};
use super::shared_counts::each_row;
use super::variance::Squares;
use crate::error::Result;
use crate::math::{
    exp_log::logistic,
    gamma::ln_gamma,
    jet::Real,
    octaves::Octaves,
    random::Stream,
    vector::{Kernel, Ln1p, Wide, widest},
};
use crate::model::{CountScorer, Quantity, Scorer};
pub(super) use counts::counts;
use future::Future;
pub(super) use later::count_later;

/// The most phases that an interval may have.
pub(super) const MOST_PHASES: usize = crate::table::MOST_WHOLE as usize;

/// The parameters, and which model it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counting {
    pub(super) r: f64,
    pub(super) alpha: f64,
    pub(super) a: f64,
    pub(super) b: f64,
    /// Phases per interval, a whole number.
    pub(super) k: f64,
    /// 1 where the customer may leave after the first purchase, else 0.
    pub(super) at_first: f64,
}

/// What rows with the same frequency share in the log-likelihood.
#[derive(Debug, Clone, Copy)]
pub struct SharedByFrequency<R> {
    /// ln Γ(m)/Γ(r) + ln B(a, b' + x)/B(a, b) − x ln Γ(k).
    base: R,
    /// Left to stayed; none where nobody can have left.
    odds: Option<Odds>,
}

/// ln a/(b + stays − 1), where `stays` is how often the customer might have left up to the last purchase.
#[derive(Debug, Clone, Copy)]
struct Odds {
    ln: f64,
    stays: f64,
}

/// See [`SharedByFrequency`].
pub(super) fn shared<R: Real>(theta: &[R], k: f64, at_first: f64, x: f64) -> SharedByFrequency<R> {
    let (r, a, b) = (theta[0], theta[2], theta[3]);
    let stays = x + at_first;
    SharedByFrequency {
        base: r.ln_rising(k * x) + a.ln_beta_rising(b, stays) - x * ln_gamma(k),
        odds: (stays > 0.0).then(|| Odds { ln: (a.value() / (b.value() + (stays - 1.0))).ln(), stays }),
    }
}

/// Σ w times the log-likelihood of rows of one frequency, but for (k − 1) Σ ln Δ. Derivatives by hand: see [`Local`].
pub(super) fn sum_log_likelihood<R: Real>(
    theta: &[R],
    k: f64,
    shared: &SharedByFrequency<R>,
    rows: &[f64],
    weights: &[f64],
) -> R {
    let inputs = [theta[0], theta[1], theta[2], theta[3]];
    let odds = shared.odds.map(|odds| (odds.ln, odds.stays));
    let theta = inputs.map(Real::value);
    let customers: f64 = weights.iter().sum();
    let rest = widest(LogLikelihood { theta, k, odds, derivatives: R::DERIVATIVES, rows, weights });
    shared.base * customers + rest.of(inputs)
}

/// The log-likelihood of a row but for what depends on the frequency alone, m = r + kx:
/// −r ln(1 + T/α) − kx ln(α + T) + ln S + ln(1 + odds · ((α + T)/(α + t_x))^m / S).
struct LogLikelihood<'a> {
    theta: [f64; 4],
    k: f64,
    odds: Option<(f64, f64)>,
    derivatives: bool,
    rows: &'a [f64],
    weights: &'a [f64],
}

impl Wide for LogLikelihood<'_> {
    type Output = Local<4>;

    #[inline(always)]
    fn run(self) -> Local<4> {
        let mut sum = Local::default();
        for (row, &weight) in self.rows.chunks_exact(3).zip(self.weights).filter(|(_, weight)| **weight > 0.0)
        {
            sum.add(weight, &self.row(row));
        }
        sum
    }
}

impl LogLikelihood<'_> {
    #[inline(always)]
    fn row(&self, row: &[f64]) -> Local<4> {
        let [r, alpha, a, b] = self.theta;
        let (x, recency, age) = (row[0], row[1], row[2]);
        let silence = age - recency;
        let (phases, m) = (self.k * x, r + self.k * x);
        let mut logs = [age / alpha, silence / (alpha + recency)];
        Ln1p::over(&mut logs);
        let mut local = Local::default();
        local.add_silence(0, r, alpha, age, -logs[0]);
        local.add_purchases(1, phases, alpha + age);
        let regular = self.k > 1.0;
        if regular {
            add_ln_phases(&mut local, 1.0, m, silence, alpha + age, self.k, self.derivatives);
        }
        if let Some((ln_odds, stays)) = self.odds {
            let mut left = Local::default();
            left.add_silence(0, m, alpha + recency, silence, logs[1]);
            if regular {
                add_ln_phases(&mut left, -1.0, m, silence, alpha + age, self.k, self.derivatives);
            }
            let stays = 1.0 / (b + (stays - 1.0));
            left.value += ln_odds;
            left.gradient[2] += 1.0 / a;
            left.hessian[2][2] -= 1.0 / (a * a);
            left.gradient[3] -= stays;
            left.hessian[3][3] += stays * stays;
            local.add_softplus(&left);
        }
        local
    }
}

/// Add `sign` · ln S, S a function of m = r + kx and of z = (T − t_x)/(α + T).
///
/// With weights in proportion to the terms of S, ∂/∂ln z is the mean of j, ∂/∂m the mean of H = Σ_{i<j} 1/(m + i), and the second derivatives are
/// covariances of these, and the mean of H² − Σ_{i<j} 1/(m + i)² less that of H squared.
#[inline(always)]
fn add_ln_phases(
    local: &mut Local<4>,
    sign: f64,
    m: f64,
    silence: f64,
    rate: f64,
    k: f64,
    derivatives: bool,
) {
    let terms = Terms::new(m, silence / rate, k);
    local.value += sign * terms.ln_sum;
    if !derivatives {
        return;
    }
    let (mut j1, mut h1, mut j2, mut jh, mut h2) = (0.0, 0.0, 0.0, 0.0, 0.0);
    let (mut h, mut g) = (0.0, 0.0);
    for (j, weight) in terms.weights().iter().enumerate() {
        let j = j as f64;
        if j > 0.0 {
            let inverse = 1.0 / (m + (j - 1.0));
            h += inverse;
            g += inverse * inverse;
        }
        j1 += weight * j;
        j2 += weight * j * j;
        h1 += weight * h;
        h2 += weight * (h * h - g);
        jh += weight * j * h;
    }
    // ln z = ln(T − t_x) − ln(α + T).
    let inverse = 1.0 / rate;
    let mixed = -sign * (jh - j1 * h1) * inverse;
    local.gradient[0] += sign * h1;
    local.gradient[1] -= sign * j1 * inverse;
    local.hessian[0][0] += sign * (h2 - h1 * h1);
    local.hessian[0][1] += mixed;
    local.hessian[1][0] += mixed;
    local.hessian[1][1] += sign * (j2 - j1 * j1 + j1) * inverse * inverse;
}

/// The terms of S, scaled to sum 1, and ln S.
struct Terms {
    values: [f64; MOST_PHASES],
    len: usize,
    ln_sum: f64,
}

impl Terms {
    fn new(m: f64, z: f64, k: f64) -> Terms {
        let len = (k as usize).clamp(1, MOST_PHASES);
        let mut values = [0.0; MOST_PHASES];
        let (mut term, mut sum, mut shift) = (1.0, 1.0, 0.0);
        values[0] = 1.0;
        for j in 1..len {
            let i = j as f64;
            term *= (m + (i - 1.0)) / i * z;
            sum += term;
            values[j] = term;
            if sum > 1e200 {
                // m z may be 1e12, to the power of 31.
                for value in &mut values[..=j] {
                    *value *= 1e-200;
                }
                (term, sum, shift) = (term * 1e-200, sum * 1e-200, shift + 200.0 * std::f64::consts::LN_10);
            }
        }
        for value in &mut values[..len] {
            *value /= sum;
        }
        Terms { values, len, ln_sum: sum.ln() + shift }
    }

    fn weights(&self) -> &[f64] {
        &self.values[..self.len]
    }
}

impl Counting {
    /// A customer who is alive and with whom n phases have ended since the first purchase; λ ~ Gamma(r + n, ·).
    fn future(&self, n: f64) -> Future {
        let purchases = (n / self.k).floor();
        Future {
            m: self.r + n,
            a: self.a,
            b: self.b + self.at_first + purchases,
            k: self.k,
            phase: n - purchases * self.k,
        }
    }

    /// Phase terms, and the log-odds of having left.
    fn now(&self, row: &[f64]) -> (Terms, f64) {
        let (x, recency, age) = (row[0], row[1], row[2]);
        let m = self.r + self.k * x;
        let terms = Terms::new(m, (age - recency) / (self.alpha + age), self.k);
        let stays = x + self.at_first;
        let left = if stays == 0.0 {
            f64::NEG_INFINITY
        } else {
            let silence = ((age - recency) / (self.alpha + recency)).ln_1p();
            (self.a / (self.b + (stays - 1.0))).ln() + (m * silence - terms.ln_sum)
        };
        (terms, left)
    }

    /// The share of those who leave at the first purchase.
    fn leaves_at_first(&self) -> f64 {
        if self.at_first > 0.0 { self.a / (self.a + self.b) } else { 0.0 }
    }

    /// P(alive) times f of a customer who is alive, by phase; f(n, α + T) is smooth in its second argument, and interpolated.
    fn interpolated(self, f: impl Fn(f64, f64) -> f64 + Send + Sync + 'static) -> Scorer<'static> {
        let cells = future::cells(self.k);
        let octaves = Octaves::new(move |n: f64, rate: f64| f(n, rate.powf(1.0 / cells)));
        Box::new(move |rows, out| {
            let mut reader = octaves.reader();
            for (row, out) in rows.chunks_exact(3).zip(out) {
                let (terms, left) = self.now(row);
                let log = (self.alpha + row[2]).log2() * cells;
                let mut value = 0.0;
                for (j, weight) in terms.weights().iter().enumerate() {
                    // However improbable a late phase is: where hardly a phase ends, it may be all that brings a purchase.
                    if *weight > 0.0 {
                        value += weight * reader.at_log2(self.k * row[0] + j as f64, log);
                    }
                }
                *out = if_alive(left, value);
            }
            Ok(())
        })
    }

    pub(super) fn scorer(self, quantity: &Quantity) -> Option<Scorer<'static>> {
        Some(match *quantity {
            Quantity::ProbabilityAlive { after: 0.0 } => Box::new(move |rows, out| {
                for (row, out) in rows.chunks_exact(3).zip(out) {
                    *out = logistic(-self.now(row).1);
                }
                Ok(())
            }),
            Quantity::ProbabilityAlive { after } => {
                self.interpolated(move |n, rate| self.future(n).survival(after / rate))
            }
            Quantity::PurchaseProbability { .. } | Quantity::LaterPurchaseProbability { .. } => {
                let (n, after, horizon) = quantity.count()?;
                Box::new(move |rows, out| {
                    for (row, out) in rows.chunks_exact(3).zip(out) {
                        let (terms, left) = self.now(row);
                        let (after, tau) = (after / (self.alpha + row[2]), horizon / (self.alpha + row[2]));
                        let count: f64 = terms
                            .weights()
                            .iter()
                            .enumerate()
                            .filter(|(_, weight)| **weight > 0.0)
                            .map(|(j, weight)| {
                                weight * self.future(self.k * row[0] + j as f64).count_later(n, after, tau)
                            })
                            .sum();
                        *out = if_alive(left, count) + if n == 0 { logistic(left) } else { 0.0 };
                    }
                    Ok(())
                })
            }
            _ => {
                if let Some(squares) = Squares::of(quantity) {
                    return Some(self.variances(squares));
                }
                let lifetime = Lifetime::of(quantity)?;
                match lifetime.plain_horizon() {
                    Some(horizon) => {
                        self.interpolated(move |n, rate| self.future(n).expected(horizon / rate))
                    }
                    None => {
                        let discounted = self.discounted(lifetime);
                        self.interpolated(discounted)
                    }
                }
            }
        })
    }

    /// Discounted purchases, of n phases and α + T.
    fn discounted(self, lifetime: Lifetime) -> Box<dyn Fn(f64, f64) -> f64 + Send + Sync> {
        match lifetime {
            Lifetime::Continuous { rate: delta, horizon: f64::INFINITY } => {
                Box::new(move |n, rate| forever::expected(&self.future(n), rate * delta))
            }
            _ => Box::new(self.discounted_by_horizons(lifetime)),
        }
    }

    /// A mixture of undiscounted ones over horizons, which differ only by horizon/(α + T).
    fn discounted_by_horizons(self, lifetime: Lifetime) -> impl Fn(f64, f64) -> f64 + Send + Sync + 'static {
        let cells = future::cells(self.k);
        let expected = Octaves::new(move |n: f64, tau: f64| self.future(n).expected(tau.powf(1.0 / cells)));
        let horizons = lifetime.horizons(cells);
        // What is left of the weights from each horizon on down.
        let mut rest: Vec<f64> = horizons.weights.clone();
        for i in 1..rest.len() {
            rest[i] += rest[i - 1];
        }
        move |n, rate| {
            let mut reader = expected.reader();
            let mut sum = 0.0;
            for i in (0..rest.len()).rev() {
                let value = reader.at_log2(n, (horizons.nodes[i] / rate).log2() * cells);
                // A shorter horizon brings no more.
                if rest[i] * value < 1e-17 * sum {
                    break;
                }
                sum += horizons.weights[i] * value;
            }
            sum
        }
    }

    /// P(n purchases within the horizon) for many n at once.
    pub(super) fn counts(self, horizon: f64) -> CountScorer<'static> {
        Box::new(move |rows, range, out| {
            let mut of_phase = vec![0.0; range.len()];
            each_row(rows, &range, out, |_, row, out| {
                let (terms, left) = self.now(row);
                let tau = horizon / (self.alpha + row[2]);
                out.fill(0.0);
                for (j, weight) in terms.weights().iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
                    let future = self.future(self.k * row[0] + j as f64);
                    future.counts(range.clone(), tau, &mut of_phase);
                    out.iter_mut().zip(&of_phase).for_each(|(p, own)| *p += weight * own);
                }
                with_those_who_left(left, &range, out);
            })
        })
    }

    pub(super) fn score_new(&self, quantity: &Quantity) -> Option<Result<f64>> {
        let stays = 1.0 - self.leaves_at_first();
        let stays = if self.at_first > 0.0 { self.b / (self.a + self.b) } else { stays };
        let future = self.future(0.0);
        Some(Ok(match *quantity {
            Quantity::ProbabilityAlive { after } => stays * future.survival(after / self.alpha),
            Quantity::PurchaseProbability { .. } | Quantity::LaterPurchaseProbability { .. } => {
                let (n, after, horizon) = quantity.count()?;
                stays * future.count_later(n, after / self.alpha, horizon / self.alpha)
                    + if n == 0 { self.leaves_at_first() } else { 0.0 }
            }
            _ => {
                if let Some(squares) = Squares::of(quantity) {
                    return Some(Ok(self.new_variance(squares)));
                }
                let lifetime = Lifetime::of(quantity)?;
                stays
                    * match lifetime.plain_horizon() {
                        Some(horizon) => future.expected(horizon / self.alpha),
                        None => self.discounted(lifetime)(0.0, self.alpha),
                    }
            }
        }))
    }

    pub(super) fn probability_alive(&self, h: &History) -> f64 {
        logistic(-self.now(h.row()).1)
    }

    pub(super) fn expected_purchases(&self, h: &History, horizon: f64) -> f64 {
        let mut out = [f64::NAN];
        match self.scorer(&Quantity::ExpectedPurchases { horizon }).map(|score| score(h.row(), &mut out)) {
            Some(Ok(())) => out[0],
            _ => f64::NAN,
        }
    }

    /// Of N ~ Poisson(λT) phases, had the customer stayed, every k-th is a purchase. Given N, their ends are uniform order statistics, so that the
    /// time of the last purchase is drawn at once; given that, the intervals between purchases are in proportion to Gamma(k) variates.
    /// Writes frequency, recency, age and, where the row has room for it, Σ ln Δ.
    pub(super) fn draw(&self, design: &[f64], stream: &mut Stream, row: &mut [f64]) {
        let age = design[0];
        let rate = stream.gamma(self.r) / self.alpha;
        let p = stream.beta(self.a, self.b);
        let phases = stream.poisson(rate * age);
        // The repeat purchase at which the customer leaves; a p too small for a number is none.
        let last = if p > 0.0 { stream.geometric(p) + (1.0 - self.at_first) } else { f64::INFINITY };
        let x = (phases / self.k).floor().min(last);
        let recency = if x > 0.0 { age * stream.beta(self.k * x, phases - self.k * x + 1.0) } else { 0.0 };
        row[..3].copy_from_slice(&[x, recency, age]);
        if let Some(logs) = row.get_mut(3) {
            let (mut sum, mut sum_of_logs) = (0.0, 0.0);
            for _ in 0..x as u64 {
                let ln_interval = stream.ln_gamma_variate(self.k);
                sum += ln_interval.exp();
                sum_of_logs += ln_interval;
            }
            *logs = if x > 0.0 { sum_of_logs + x * (recency / sum).ln() } else { 0.0 };
        }
    }
}

/// The [`Family`](crate::model::Family) of a model that counts in phases. `$k` is the number of phases as a function of θ.
macro_rules! counting_family {
    ($model:ident { $($name:ident),+ }, at_first: $at_first:literal, $k:expr, start: $start:expr) => {
        impl $crate::model::Family for $model {
            const SPEC: &'static $crate::model::Spec = &SPEC;
            const PROCESSES: &'static [$crate::model::Process] =
                &[$crate::model::Process::PURCHASE, $crate::model::Process::LEAVING];
            type Jet = $crate::math::jet::Jet<4>;
            type Shared<R: $crate::math::jet::Real> = $crate::clv::phases::SharedByFrequency<R>;

            fn from_parameters(theta: &[f64]) -> $crate::Result<Self> {
                SPEC.check_parameters(theta)?;
                let mut values = theta.iter().copied();
                $( let $name = values.next().unwrap_or(f64::NAN); )+
                Ok($model { $($name),+ })
            }

            fn theta(&self) -> Vec<f64> {
                self.values().to_vec()
            }

            fn check_row(row: &[f64]) -> Result<(), String> {
                $crate::clv::history::check_history(row)
            }

            fn logs_count(theta: &[f64]) -> f64 {
                let phases: fn(&[f64]) -> f64 = $k;
                phases(theta) - 1.0
            }

            fn check_logs(row: &[f64], logs: f64) -> Result<(), String> {
                $crate::summary::check_log_intervals(row[0], row[1], logs)
            }

            fn shared<R: $crate::math::jet::Real>(theta: &[R], x: f64) -> Self::Shared<R> {
                let phases: fn(&[R]) -> f64 = $k;
                $crate::clv::phases::shared(theta, phases(theta), $at_first, x)
            }

            fn log_likelihood<R: $crate::math::jet::Real>(theta: &[R], shared: &Self::Shared<R>, row: &[f64]) -> R {
                Self::sum_log_likelihood(theta, shared, row, &[1.0])
            }

            fn sum_log_likelihood<R: $crate::math::jet::Real>(
                theta: &[R],
                shared: &Self::Shared<R>,
                rows: &[f64],
                weights: &[f64],
            ) -> R {
                let phases: fn(&[R]) -> f64 = $k;
                $crate::clv::phases::sum_log_likelihood(theta, phases(theta), shared, rows, weights)
            }

            fn start(rows: &$crate::rows::Rows) -> $crate::Result<Vec<f64>> {
                let (r, alpha) = $crate::clv::purchases::count_start(rows, SPEC.title)?;
                let start: fn(f64, f64) -> Vec<f64> = $start;
                Ok(start(r, alpha))
            }

            /// All but counts.
            fn repeats(quantity: &$crate::model::Quantity) -> $crate::model::Repeats {
                match quantity {
                    _ if quantity.count().is_some() => $crate::model::Repeats::Found,
                    _ => $crate::model::Repeats::Computed,
                }
            }

            fn scorer<'a>(&'a self, quantity: &$crate::model::Quantity) -> Option<$crate::model::Scorer<'a>> {
                self.counting().scorer(quantity)
            }

            fn counts(&self, horizon: f64) -> Option<$crate::model::CountScorer<'_>> {
                Some(self.counting().counts(horizon))
            }

            fn score_new(&self, quantity: &$crate::model::Quantity) -> Option<$crate::Result<f64>> {
                self.counting().score_new(quantity)
            }

            fn draw(&self, design: &[f64], stream: &mut $crate::math::random::Stream, row: &mut [f64]) {
                self.counting().draw(design, stream, row);
            }

            fn futures(&self) -> Option<$crate::model::Futures<'_>> {
                Some(self.counting().futures())
            }
        }

        impl $model {
            fn counting(&self) -> $crate::clv::phases::Counting {
                let phases: fn(&[f64]) -> f64 = $k;
                $crate::clv::phases::Counting {
                    r: self.r,
                    alpha: self.alpha,
                    a: self.a,
                    b: self.b,
                    k: phases(&self.values()),
                    at_first: $at_first,
                }
            }

            /// P(alive at T | history): a logistic of log-odds, so that no power overflows.
            pub fn probability_alive(&self, h: &$crate::clv::History) -> f64 {
                self.counting().probability_alive(h)
            }

            /// Expected purchases in (T, T + horizon\] given the history; exact for every k. `horizon` ≥ 0.
            pub fn expected_purchases(&self, h: &$crate::clv::History, horizon: f64) -> f64 {
                self.counting().expected_purchases(h, horizon)
            }
        }
    };
}
pub(super) use counting_family;
