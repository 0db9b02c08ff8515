//! GGom/NBD: purchases are Poisson while a customer is alive; the older a customer is, the more likely he or she leaves.
//!
//! Story. A customer buys at rate λ and leaves at the rate η b e^(bt), t after the first purchase: the law of Gompertz, by which the risk grows by
//! the factor e^b per unit of time. Across customers λ ~ Gamma(shape r, rate α) and η ~ Gamma(shape s, rate β), independent. So a new customer is
//! alive at t with probability
//!
//! S(t) = (β/(β + e^(bt) − 1))^s.
//!
//! For b → 0 with β/b held this is (β/b/(β/b + t))^s: Pareto/NBD. Data whose risk does not grow lead a fit along that ridge, b and β running to 0
//! together; it then ends with [`Status::Boundary`](crate::Status::Boundary), which names both.
//!
//! Sources: Bemmaor & Glady (2012), Modeling purchasing behavior with sudden "death": a flexible customer lifetime model, Management Science 58(5),
//! 1012–1021; Adler (2022), Comment on it, Management Science 68(3), 1929–1930. The derivations are our own.
//!
//! L = Γ(r+x)/Γ(r) · α^r/(α+T)^(r+x) · S(T) · (1 + R),
//! R = ∫ₜₓᵀ ((α+T)/(α+u))^(r+x) · S(u)/S(T) · h(u) du = P(left | history)/P(alive | history),  h(u) = s b e^(bu)/(β + e^(bu) − 1).
//!
//! A customer who is alive at T has η ~ Gamma(s, β + e^(bT) − 1), and from there on the risk goes on at η e^(bT): as far as the future goes, this is a new
//! customer with λ ~ Gamma(r + x, α + T) and β replaced by (β + e^(bT) − 1) e^(−bT). The paper's conditional expectation leaves out that last factor and so
//! lets every customer begin young again, which expects too many purchases; that is what Adler's comment corrects. Nothing here has a hypergeometric function:
//! what remains are integrals over one time, on panels that keep clear of the singularities (`panels.rs`).

mod ahead;
mod leaving;
mod left;

use super::futures::poisson_until;
use super::history::{AGE, HISTORY, History, PURCHASE_QUANTITIES, check_history};
use super::lifetime::Lifetime;
use super::panels::aged;
use super::purchases::{count_start, if_alive, typical_age, with_those_who_left};
use super::shared_counts::{SharedCounts, each_row};
use super::variance::{self, Squares};
use crate::error::Result;
use crate::math::{
    exp_log::logistic,
    jet::{Jet, Real},
    octaves::Octaves,
    random::Stream,
};
use crate::model::{CountScorer, Family, Futures, Process, Quantity, Scorer, Spec, parameters, score_row};
use crate::rows::Rows;

parameters! {
    /// The GGom/NBD model; see the [module](self).
    ///
    /// ```
    /// use cam_core::clv::{GgomNbd, History, ParetoNbd};
    /// // A risk that hardly grows is that of Pareto/NBD with β/b.
    /// let customer = History::new(2.0, 30.43, 38.86)?;
    /// let ggom = GgomNbd::new(0.553, 10.578, 1e-9, 0.606, 11.669e-9)?;
    /// let pareto = ParetoNbd::new(0.553, 10.578, 0.606, 11.669)?;
    /// assert!((ggom.probability_alive(&customer) - pareto.probability_alive(&customer)).abs() < 1e-7);
    /// # Ok::<(), cam_core::Error>(())
    /// ```
    pub struct GgomNbd (5) {
        /// Shape of the purchase rate across customers; small when they differ much.
        r: Positive, None;
        /// Rate parameter of the purchase rate across customers, in units of time.
        alpha: Positive, Time;
        /// How fast the risk of leaving grows: by the factor e^b per unit of time.
        b: Positive, Rate;
        /// Shape of the level of that risk across customers; small when they differ much.
        s: Positive, None;
        /// Rate parameter of the level of that risk across customers: for each, it is b times a gamma variate with the mean s/beta at the beginning.
        beta: Positive, None;
    }
}

static SPEC: Spec = Spec {
    id: "ggom_nbd",
    title: "GGom/NBD",
    source: "Bemmaor & Glady (2012), Management Science 58(5), 1012-1021; Adler (2022), Management Science 68(3), 1929-1930",
    parameters: &GgomNbd::PARAMETERS,
    columns: &HISTORY,
    design: &[AGE],
    quantities: PURCHASE_QUANTITIES,
    example: (&[0.9, 4.0, 0.1, 1.2, 6.0], 52.0),
};

impl Family for GgomNbd {
    const SPEC: &'static Spec = &SPEC;
    const PROCESSES: &'static [Process] = &[Process::PURCHASE, Process::LIFETIME];
    type Jet = Jet<5>;
    /// ln Γ(r + x)/Γ(r).
    type Shared<R: Real> = R;

    fn from_parameters(theta: &[f64]) -> Result<Self> {
        SPEC.check_parameters(theta)?;
        Ok(GgomNbd { r: theta[0], alpha: theta[1], b: theta[2], s: theta[3], beta: theta[4] })
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

    /// The part that is no function of r and x alone has its derivatives by hand, as in Pareto/NBD: those of an integral are moments of its integrand.
    fn log_likelihood<R: Real>(theta: &[R], rising: &R, row: &[f64]) -> R {
        let inputs = [theta[0], theta[1], theta[2], theta[3], theta[4]];
        let local = left::log_likelihood(inputs.map(Real::value), row, R::DERIVATIVES);
        *rising + local.of(inputs)
    }

    /// Near Pareto/NBD with a lifetime of the order of what was observed, and a risk that grows by e^½ over it.
    fn start(rows: &Rows) -> Result<Vec<f64>> {
        let (r, alpha) = count_start(rows, SPEC.title)?;
        Ok(vec![r, alpha, 0.5 / typical_age(rows), 0.6, 0.25])
    }

    fn scorer<'a>(&'a self, quantity: &Quantity) -> Option<Scorer<'a>> {
        // (log-odds of having left, x, T) → the quantity.
        fn each<'a>(model: &'a GgomNbd, f: impl Fn(f64, f64, f64) -> f64 + Send + Sync + 'a) -> Scorer<'a> {
            Box::new(move |rows, out| {
                for (row, out) in rows.chunks_exact(3).zip(out) {
                    *out = f(model.log_odds_left(row), row[0], row[2]);
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
                // Depends on the age alone: through the β that it has become.
                let time = Octaves::new(move |_, beta| GgomNbd { beta, ..*self }.time_alive(&lifetime));
                Box::new(move |rows, out| {
                    let mut time = time.reader();
                    for (row, out) in rows.chunks_exact(3).zip(out) {
                        let now = self.updated(row[0], row[2]);
                        *out = if_alive(self.log_odds_left(row), now.r / now.alpha * time.at(0.0, now.beta));
                    }
                    Ok(())
                })
            }
        })
    }

    fn counts(&self, horizon: f64) -> Option<CountScorer<'_>> {
        Some(Box::new(move |rows, range, out| {
            let mut shared = SharedCounts::new(horizon);
            each_row(rows, &range, out, |_, row, out| {
                let now = self.updated(row[0], row[2]);
                let alone = |n| now.count_alone(n, horizon);
                shared.fill(row[2], [now.r, now.alpha], &now, range.clone(), out, alone);
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
            _ => match Squares::of(quantity) {
                Some(squares) => {
                    let [once, twice, pairs] = self.moments_of_time(&squares);
                    variance::poisson(self.r, self.alpha, once, twice, pairs)
                }
                None => self.r / self.alpha * self.time_alive(&Lifetime::of(quantity)?),
            },
        }))
    }

    /// η (e^(bt) − 1) at the time of leaving is a standard exponential variate. Given the lifetime, purchases are uniform on it: the last of x lies at
    /// the x-th root of a uniform number.
    fn draw(&self, design: &[f64], stream: &mut Stream, row: &mut [f64]) {
        let age = design[0];
        let rate = stream.gamma(self.r) / self.alpha;
        let level = stream.gamma(self.s) / self.beta;
        let alive = ((stream.exponential() / level).ln_1p() / self.b).min(age);
        let x = stream.poisson(rate * alive);
        row.copy_from_slice(&[x, if x > 0.0 { alive * stream.uniform().powf(1.0 / x) } else { 0.0 }, age]);
    }

    fn futures(&self) -> Option<Futures<'_>> {
        Some(Box::new(|row, horizon, stream, times| {
            if stream.uniform() >= logistic(-self.log_odds_left(row)) {
                return 0.0;
            }
            let now = self.updated(row[0], row[2]);
            let rate = stream.gamma(now.r) / now.alpha;
            let level = stream.gamma(now.s) / now.beta;
            let leaves = (stream.exponential() / level).ln_1p() / now.b;
            poisson_until(rate, leaves, horizon, stream, times);
            leaves
        }))
    }
}

impl GgomNbd {
    /// P(alive at T | x, t_x, T) = 1/(1 + R).
    pub fn probability_alive(&self, h: &History) -> f64 {
        logistic(-self.log_odds_left(h.row()))
    }

    /// Expected purchases in (T, T + horizon\] given the history, as corrected by Adler (2022). `horizon` ≥ 0.
    pub fn expected_purchases(&self, h: &History, horizon: f64) -> f64 {
        score_row(self, &Quantity::ExpectedPurchases { horizon }, h.row())
    }

    fn log_odds_left(&self, row: &[f64]) -> f64 {
        left::log_odds(self.values(), row)
    }

    /// The variance of what is to come, for each row; what depends on the age alone, through the β that it has become, is interpolated.
    fn variances(&self, squares: Squares) -> Scorer<'_> {
        let moments = Octaves::new(move |which, beta| {
            GgomNbd { beta, ..*self }.moments_of_time(&squares)[which as usize]
        });
        Box::new(move |rows, out| {
            let mut moments = moments.reader();
            for (row, out) in rows.chunks_exact(3).zip(out) {
                let now = self.updated(row[0], row[2]);
                let [once, twice, pairs] = [0.0, 1.0, 2.0].map(|which| moments.at(which, now.beta));
                let alive = variance::poisson(now.r, now.alpha, once, twice, pairs);
                *out = variance::in_all(self.log_odds_left(row), alive, now.r / now.alpha * once);
            }
            Ok(())
        })
    }

    /// The customer with frequency x and age T, alive, seen as a new one.
    fn updated(&self, x: f64, age: f64) -> GgomNbd {
        let beta = aged(self.beta, self.b * age);
        GgomNbd { r: self.r + x, alpha: self.alpha + age, beta, ..*self }
    }
}
