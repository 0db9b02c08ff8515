//! Normal–normal: spend per purchase that scatters symmetrically, and may be negative.
//!
//! Story. Each purchase of a customer is N(μ_i, σ²); across customers μ_i ~ N(μ, τ²). All that need be known of a customer is the number x
//! of purchases, their mean z̄ and their standard deviation s = √(Σ(z − z̄)²/x), the columns `monetary_value` and `monetary_deviation`.
//!
//! Sources: Schmittlein & Peterson (1994), "Customer base analysis: an industrial purchase process application", Marketing Science 13(1), 41–67;
//! Colombo & Jiang (1999), Journal of Interactive Marketing 13(4), 2–12. The likelihood is that of the density of the x purchases.
//!
//! The mean alone would not do: σ and τ would be told apart only by how much less the means of many purchases scatter than those of few
//! (on CDNOW that gives σ = 2.8 with a standard error of 20). See [`SummaryOptions::spread`](crate::summary::SummaryOptions::spread) for the deviation from a log.
//!
//! Customers without a repeat purchase say nothing about the parameters and are left out of a fit; their expected spend is μ. A customer
//! whose refunds exceed the purchases has a negative z̄, which is welcome here; only the mean over all customers, μ, must be positive.

use super::history::{FREQUENCY, MONETARY_DEVIATION, MONETARY_VALUE};
use super::spend::{check_deviation, check_spend, independence_check, normal_start, trust};
use crate::error::{Error, ErrorKind, Result, brief};
use crate::math::{
    jet::{Jet, Real},
    random::Stream,
};
use crate::model::{Check, Family, Quantity, Scorer, Spec, Spending, parameters};
use crate::rows::Rows;
use crate::table::{Domain, Variable};

parameters! {
    /// The normal–normal model; see the [module](self).
    ///
    /// ```
    /// use cam_core::clv::NormalSpend;
    /// let model = NormalSpend::new(35.0, 20.0, 10.0)?;
    /// // Four purchases have a scatter of 20/√4 = 10: as much trust in them as in the mean of all.
    /// assert_eq!(model.expected_spend(4.0, 55.0), 45.0);
    /// # Ok::<(), cam_core::Error>(())
    /// ```
    pub struct NormalSpend (3) {
        /// Mean spend per purchase across customers.
        mu: Positive, Money;
        /// Standard deviation of one customer's purchases.
        sigma: Positive, Money;
        /// Standard deviation of the mean spend across customers.
        tau: Positive, Money;
    }
}

static SPEC: Spec = Spec {
    id: "normal_spend",
    title: "normal-normal",
    source: "Schmittlein & Peterson (1994), Marketing Science 13(1), 41-67",
    parameters: &NormalSpend::PARAMETERS,
    columns: &[FREQUENCY, Variable { domain: Domain::Real, ..MONETARY_VALUE }, MONETARY_DEVIATION],
    design: &[FREQUENCY],
    quantities: super::spend::SPEND_QUANTITIES,
    example: (&[30.0, 12.0, 9.0], 6.0),
};

/// ½ ln 2π.
const HALF_LN_TWO_PI: f64 = 0.9189385332046728;

/// ln of the normal density of x purchases whose mean is `off` from the expectation, with their deviation: that of the mean, N(0, τ² + σ²/x),
/// and that of the rest, −(x − 1) ln σ√2π − ½ ln x − x s²/(2σ²).
pub(super) fn ln_density<R: Real>(off: R, x: f64, deviation: f64, sigma: R, tau: R) -> R {
    let variance = tau * tau + sigma * sigma / x;
    let mut log = (variance.ln() + off * off / variance) * -0.5 - HALF_LN_TWO_PI;
    if x > 1.0 {
        let scaled = R::constant(deviation) / sigma;
        log = log - sigma.ln() * (x - 1.0) - scaled * scaled * (0.5 * x);
        log = log - ((x - 1.0) * HALF_LN_TWO_PI + 0.5 * x.ln());
    }
    log
}

/// √(σ² χ²/x) with x − 1 degrees of freedom: the deviation of x purchases.
pub(super) fn draw_deviation(x: f64, sigma: f64, stream: &mut Stream) -> f64 {
    if x > 1.0 { sigma * (2.0 * stream.gamma(0.5 * (x - 1.0)) / x).sqrt() } else { 0.0 }
}

impl Family for NormalSpend {
    const SPEC: &'static Spec = &SPEC;
    type Jet = Jet<3>;
    type Shared<R: Real> = ();

    fn from_parameters(theta: &[f64]) -> Result<Self> {
        SPEC.check_parameters(theta)?;
        Ok(NormalSpend { mu: theta[0], sigma: theta[1], tau: theta[2] })
    }

    fn theta(&self) -> Vec<f64> {
        self.values().to_vec()
    }

    fn check_row(row: &[f64]) -> Result<(), String> {
        check_spend(row, "monetary_value", false)?;
        check_deviation(row, "monetary_deviation")
    }

    fn informs(row: &[f64]) -> bool {
        row[0] > 0.0
    }

    fn shared<R: Real>(_: &[R], _: f64) {}

    fn log_likelihood<R: Real>(theta: &[R], (): &(), row: &[f64]) -> R {
        if row[0] == 0.0 {
            return R::constant(0.0);
        }
        ln_density(R::constant(row[1]) - theta[0], row[0], row[2], theta[1], theta[2])
    }

    fn start(rows: &Rows) -> Result<Vec<f64>> {
        let start = normal_start(rows, SPEC.title, |row| row[1])?;
        if !(start[0] > 0.0) {
            return Err(Error::new(
                ErrorKind::InvalidData,
                format!(
                    "{} needs a positive mean spend over all customers, got {}",
                    SPEC.title,
                    brief(start[0])
                ),
            ));
        }
        Ok(start.to_vec())
    }

    fn checks(rows: &Rows) -> Vec<Check> {
        independence_check(rows, SPEC.title)
    }

    fn scorer<'a>(&'a self, quantity: &Quantity) -> Option<Scorer<'a>> {
        let answer = Self::answer(quantity)?;
        Some(Box::new(move |rows, out| {
            for (row, out) in rows.chunks_exact(3).zip(out) {
                *out = answer(self, row[0], row[1]);
            }
            Ok(())
        }))
    }

    fn score_new(&self, quantity: &Quantity) -> Option<Result<f64>> {
        Self::answer(quantity).map(|answer| Ok(answer(self, 0.0, 0.0)))
    }

    fn draw(&self, design: &[f64], stream: &mut Stream, row: &mut [f64]) {
        let x = design[0];
        let own = self.mu + self.tau * stream.normal();
        let mean = if x > 0.0 { own + self.sigma / x.sqrt() * stream.normal() } else { 0.0 };
        row.copy_from_slice(&[x, mean, draw_deviation(x, self.sigma, stream)]);
    }

    fn spending(&self) -> Option<Spending<'_>> {
        Some(Box::new(|row, stream, spends| {
            let deviation = self.variance_of_mean_spend(row[0]).sqrt();
            let mean = self.expected_spend(row[0], row[1]) + deviation * stream.normal();
            spends.iter_mut().for_each(|spend| *spend = mean + self.sigma * stream.normal());
        }))
    }
}

impl NormalSpend {
    /// The quantity, from frequency and mean spend.
    fn answer(quantity: &Quantity) -> Option<fn(&Self, f64, f64) -> f64> {
        Some(match quantity {
            Quantity::ExpectedSpend {} => Self::expected_spend,
            Quantity::VarianceOfMeanSpend {} => |model, frequency, _| model.variance_of_mean_spend(frequency),
            Quantity::ExpectedSpendVariance {} => |model, _, _| model.sigma * model.sigma,
            _ => return None,
        })
    }

    /// Variance of the customer's own mean spend μ_i given x purchases: 1/(x/σ² + 1/τ²).
    pub fn variance_of_mean_spend(&self, frequency: f64) -> f64 {
        trust(frequency, self.sigma, self.tau).1 * self.tau * self.tau
    }

    /// Expected spend per purchase of a customer whose x purchases had this mean: (x z̄/σ² + μ/τ²)/(x/σ² + 1/τ²).
    pub fn expected_spend(&self, frequency: f64, monetary_value: f64) -> f64 {
        if frequency == 0.0 {
            return self.mu;
        }
        let (own, all) = trust(frequency, self.sigma, self.tau);
        own * monetary_value + all * self.mu
    }
}
