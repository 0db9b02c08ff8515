//! Normal–normal: spend per purchase that scatters symmetrically, and may be negative.
//!
//! Story. Each purchase of a customer is N(μ_i, σ²); across customers μ_i ~ N(μ, τ²). The mean z̄ of x purchases is then N(μ, τ² + σ²/x).
//!
//! Sources: Schmittlein & Peterson (1994), "Customer base analysis: an industrial purchase process application", Marketing Science 13(1), 41–67;
//! Colombo & Jiang (1999), Journal of Interactive Marketing 13(4), 2–12, who compare it with Gamma–Gamma. The likelihood is that of the density of z̄.
//!
//! The squares of a customer's purchases would tell more of σ; a summary does not hold them, so σ and τ are told apart by how much less the
//! means of many purchases scatter than those of few. Where all customers bought equally often they are not, and the fit says so.
//!
//! Customers without a repeat purchase say nothing about the parameters and are left out of a fit; their expected spend is μ. A customer
//! whose refunds exceed the purchases has a negative z̄, which is welcome here; only the mean over all customers, μ, must be positive.

use super::history::{FREQUENCY, MONETARY_VALUE};
use super::spend::{check_spend, independence_check, spread, trust};
use crate::error::{Error, ErrorKind, Result};
use crate::math::{
    jet::{Jet, Real},
    random::Stream,
};
use crate::model::{Check, Family, Quantity, Scorer, Spec, parameters};
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
    columns: &[FREQUENCY, Variable { domain: Domain::Real, ..MONETARY_VALUE }],
    design: &[FREQUENCY],
    quantities: &["log_likelihood", "expected_spend"],
    example: (&[30.0, 12.0, 9.0], 6.0),
};

/// ½ ln 2π.
const HALF_LN_TWO_PI: f64 = 0.9189385332046728;

/// ln of the normal density of a mean of x purchases, `off` from its expectation.
pub(super) fn ln_density_of_mean<R: Real>(off: R, x: f64, sigma: R, tau: R) -> R {
    // Standardised before it is squared: the density may be 0, but never 0/0.
    let variance = tau * tau + sigma * sigma / x;
    let scaled = off * off / variance;
    (variance.ln() + scaled) * -0.5 - HALF_LN_TWO_PI
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
        check_spend(row, "monetary_value", false)
    }

    fn informs(row: &[f64]) -> bool {
        row[0] > 0.0
    }

    fn shared<R: Real>(_: &[R], _: f64) {}

    fn log_likelihood<R: Real>(theta: &[R], (): &(), row: &[f64]) -> R {
        if row[0] == 0.0 {
            return R::constant(0.0);
        }
        ln_density_of_mean(R::constant(row[1]) - theta[0], row[0], theta[1], theta[2])
    }

    fn start(rows: &Rows) -> Result<Vec<f64>> {
        let (mean, variance) = spread(rows, SPEC.title, |row| row[1])?;
        if !(mean > 0.0) {
            return Err(Error::new(
                ErrorKind::InvalidData,
                format!("{} needs a positive mean spend over all customers, got {mean}", SPEC.title),
            ));
        }
        let sd = (0.5 * variance).sqrt();
        Ok(vec![mean, sd, sd])
    }

    fn checks(rows: &Rows) -> Vec<Check> {
        independence_check(rows, SPEC.title)
    }

    fn is_cheap(quantity: &Quantity) -> bool {
        matches!(quantity, Quantity::ExpectedSpend {})
    }

    fn scorer<'a>(&'a self, quantity: &Quantity) -> Option<Scorer<'a>> {
        let Quantity::ExpectedSpend {} = quantity else { return None };
        Some(Box::new(|rows, out| {
            for (row, out) in rows.chunks_exact(2).zip(out) {
                *out = self.expected_spend(row[0], row[1]);
            }
            Ok(())
        }))
    }

    fn score_new(&self, quantity: &Quantity) -> Option<Result<f64>> {
        match quantity {
            Quantity::ExpectedSpend {} => Some(Ok(self.mu)),
            _ => None,
        }
    }

    fn draw(&self, design: &[f64], stream: &mut Stream, row: &mut [f64]) {
        let x = design[0];
        let own = self.mu + self.tau * stream.normal();
        let mean = if x > 0.0 { own + self.sigma / x.sqrt() * stream.normal() } else { 0.0 };
        row.copy_from_slice(&[x, mean]);
    }
}

impl NormalSpend {
    /// Expected spend per purchase of a customer whose x purchases had this mean: (x z̄/σ² + μ/τ²)/(x/σ² + 1/τ²).
    pub fn expected_spend(&self, frequency: f64, monetary_value: f64) -> f64 {
        if frequency == 0.0 {
            return self.mu;
        }
        let (own, all) = trust(frequency, self.sigma, self.tau);
        own * monetary_value + all * self.mu
    }
}
