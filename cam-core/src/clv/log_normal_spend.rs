//! Log-normal spend: like normal–normal, of the logarithm of what is paid.
//!
//! Story. The logarithm of each purchase of a customer is N(m_i, σ²); across customers m_i ~ N(ln M, τ²), M being the median over customers of their
//! own medians e^(m_i). Spend is positive, and a few purchases are very large: the right tail is heavier than that of Gamma–Gamma where σ is large.
//!
//! Source: the normal model of Schmittlein & Peterson (1994), Marketing Science 13(1), 41–67, on the logarithmic scale; as for
//! repeat-buying amounts in Borle, Singh & Jain (2008), "Customer lifetime value measurement", Management Science 54(1), 100–112.
//!
//! What need be known of a customer is x, the *geometric* mean g of the x purchases, that is e to the mean of their logarithms, and the standard
//! deviation s of these: the columns `geometric_mean`, in units of money, and `log_deviation`. The arithmetic mean does not suffice. See
//! [`SummaryOptions::spread`](crate::summary::SummaryOptions::spread) for both from a log. The likelihood is that of the density of the x purchases, Π 1/z = g^(−x) included, so that
//! it compares with that of [normal–normal](super::normal_spend).
//!
//! Customers without a repeat purchase say nothing about the parameters and are left out of a fit; their expected spend is M e^((σ² + τ²)/2).

use super::history::FREQUENCY;
use super::normal_spend::{draw_deviation, ln_density};
use super::spend::{SpendAnswer, check_deviation, check_spend, independence_check, normal_start, trust};
use crate::error::{Error, ErrorKind, Result, brief};
use crate::math::{
    jet::{Jet, Real},
    random::Stream,
};
use crate::model::{Check, Family, Process, Quantity, Scorer, Spec, Spending, parameters};
use crate::rows::Rows;
use crate::table::{Dimension, Domain, Variable};

parameters! {
    /// The log-normal model of spend; see the [module](self).
    ///
    /// ```
    /// use cam_core::clv::LogNormalSpend;
    /// let model = LogNormalSpend::new(30.0, 0.6, 0.4)?;
    /// // A purchase is above its median on average.
    /// assert!((model.expected_spend(0.0, 0.0)? - 30.0 * f64::exp(0.26)).abs() < 1e-12);
    /// # Ok::<(), cam_core::Error>(())
    /// ```
    pub struct LogNormalSpend (3) {
        /// Median over customers of their median spend per purchase.
        median: Positive, Money;
        /// Standard deviation of the logarithm of one customer's purchases.
        sigma: Positive, None;
        /// Standard deviation, across customers, of the mean of that logarithm.
        tau: Positive, None;
    }
}

/// Geometric mean of the spend per repeat purchase: the column `geometric_mean`.
const GEOMETRIC_MEAN: Variable = Variable::new(
    "geometric_mean",
    Domain::NonNegative,
    Dimension::Money,
    "geometric mean of the spend per repeat purchase; 0 without one",
);

/// Standard deviation of the logarithms: the column `log_deviation`.
const LOG_DEVIATION: Variable = Variable::new(
    "log_deviation",
    Domain::NonNegative,
    Dimension::None,
    "standard deviation of the logarithm of the spend per repeat purchase, divided by frequency; 0 for one purchase",
);

static SPEC: Spec = Spec {
    id: "log_normal_spend",
    title: "log-normal spend",
    source: "Schmittlein & Peterson (1994), Marketing Science 13(1), 41-67; Borle, Singh & Jain (2008), Management Science 54(1), 100-112",
    parameters: &LogNormalSpend::PARAMETERS,
    columns: &[FREQUENCY, GEOMETRIC_MEAN, LOG_DEVIATION],
    design: &[FREQUENCY],
    quantities: super::spend::SPEND_QUANTITIES,
    example: (&[30.0, 0.6, 0.4], 6.0),
};

impl Family for LogNormalSpend {
    const SPEC: &'static Spec = &SPEC;
    const PROCESSES: &'static [Process] = &[Process { name: "spend", scales: &[("median", 1.0)] }];
    type Jet = Jet<3>;
    type Shared<R: Real> = ();

    fn from_parameters(theta: &[f64]) -> Result<Self> {
        SPEC.check_parameters(theta)?;
        Ok(LogNormalSpend { median: theta[0], sigma: theta[1], tau: theta[2] })
    }

    fn theta(&self) -> Vec<f64> {
        self.values().to_vec()
    }

    fn check_row(row: &[f64]) -> Result<(), String> {
        check_spend(row, "geometric_mean", true)?;
        check_deviation(row, "log_deviation")
    }

    fn informs(row: &[f64]) -> bool {
        row[0] > 0.0
    }

    fn shared<R: Real>(_: &[R], _: f64) {}

    fn log_likelihood<R: Real>(theta: &[R], (): &(), row: &[f64]) -> R {
        let (x, mean) = (row[0], row[1]);
        if x == 0.0 {
            return R::constant(0.0);
        }
        let off = (R::constant(mean) / theta[0]).ln();
        ln_density(off, x, row[2], theta[1], theta[2]) - x * mean.ln()
    }

    fn start(rows: &Rows) -> Result<Vec<f64>> {
        let [mean, sigma, tau] = normal_start(rows, SPEC.title, |row| row[1].ln())?;
        Ok(vec![mean.exp(), sigma, tau])
    }

    fn checks(rows: &Rows) -> Vec<Check> {
        independence_check(rows, SPEC.title)
    }

    fn scorer<'a>(&'a self, quantity: &Quantity) -> Option<Scorer<'a>> {
        let answer = Self::answer(quantity)?;
        Some(Box::new(move |rows, out| {
            for (i, (row, out)) in rows.chunks_exact(3).zip(out).enumerate() {
                *out = answer(self, row[0], row[1]).map_err(|e| e.with_row(i))?;
            }
            Ok(())
        }))
    }

    fn score_new(&self, quantity: &Quantity) -> Option<Result<f64>> {
        Self::answer(quantity).map(|answer| answer(self, 0.0, 0.0))
    }

    fn draw(&self, design: &[f64], stream: &mut Stream, row: &mut [f64]) {
        let x = design[0];
        let own = self.tau * stream.normal();
        let off = own + self.sigma / x.max(1.0).sqrt() * stream.normal();
        let mean = if x > 0.0 { self.median * off.exp() } else { 0.0 };
        row.copy_from_slice(&[x, mean, draw_deviation(x, self.sigma, stream)]);
    }

    fn spending(&self) -> Option<Spending<'_>> {
        Some(Box::new(|row, stream, spends| {
            let (own, doubt) = if row[0] > 0.0 { trust(row[0], self.sigma, self.tau) } else { (0.0, 1.0) };
            let known = if row[0] > 0.0 { own * (row[1] / self.median).ln() } else { 0.0 };
            let mean = known + self.tau * doubt.sqrt() * stream.normal();
            spends
                .iter_mut()
                .for_each(|spend| *spend = self.median * (mean + self.sigma * stream.normal()).exp());
        }))
    }
}

impl LogNormalSpend {
    /// Expected spend per purchase of a customer whose x purchases had this geometric mean: M (g/M)^w e^(½(τ² (1 − w) + σ²)), with w = τ²/(τ² + σ²/x)
    /// the share of trust in them.
    ///
    /// # Errors
    /// [`ErrorKind::Numerical`] where it is beyond all numbers, as with σ > 38.
    pub fn expected_spend(&self, frequency: f64, geometric_mean: f64) -> Result<f64> {
        self.moment(frequency, geometric_mean, 1.0, |spend, _| spend)
    }

    /// Variance of the customer's own mean spend e^(m_i + σ²/2): E\[·\]² (e^(τ² (1 − w)) − 1), where τ² (1 − w) is the variance of m_i.
    ///
    /// # Errors
    /// [`ErrorKind::Numerical`] where it is beyond all numbers.
    pub fn variance_of_mean_spend(&self, frequency: f64, geometric_mean: f64) -> Result<f64> {
        self.moment(frequency, geometric_mean, 2.0, |square, doubt| square * -(-doubt).exp_m1())
    }

    /// Expected variance of what the customer spends per purchase: E\[e^(2 m_i + σ²)\] (e^(σ²) − 1).
    ///
    /// # Errors
    /// As for [`variance_of_mean_spend`](Self::variance_of_mean_spend).
    pub fn expected_spend_variance(&self, frequency: f64, geometric_mean: f64) -> Result<f64> {
        let scatter = (self.sigma * self.sigma).exp_m1();
        self.moment(frequency, geometric_mean, 2.0, |square, _| square * scatter)
    }

    /// The quantity, from frequency and geometric mean.
    fn answer(quantity: &Quantity) -> Option<SpendAnswer<Self>> {
        Some(match quantity {
            Quantity::ExpectedSpend {} => Self::expected_spend,
            Quantity::VarianceOfMeanSpend {} => Self::variance_of_mean_spend,
            Quantity::ExpectedSpendVariance {} => Self::expected_spend_variance,
            _ => return None,
        })
    }

    /// f of E\[mean spend to the power n\] = e^(n (m̂ + σ²/2) + n² d/2) and of the variance d of m_i given the history.
    fn moment(
        &self,
        frequency: f64,
        geometric_mean: f64,
        n: f64,
        f: impl Fn(f64, f64) -> f64,
    ) -> Result<f64> {
        let LogNormalSpend { median, sigma, tau } = *self;
        let (own, off, doubt) = if frequency == 0.0 {
            (0.0, 0.0, 1.0)
        } else {
            let (own, doubt) = trust(frequency, sigma, tau);
            (own, (geometric_mean / median).ln(), doubt)
        };
        let doubt = tau * tau * doubt;
        let moment = (n * (own * off + 0.5 * (n * doubt + sigma * sigma))).exp();
        let value = median.powf(n) * f(moment, doubt);
        match value.is_finite() {
            true => Ok(value),
            false => Err(Error::new(
                ErrorKind::Numerical,
                format!("the expected spend overflows: sigma = {}, tau = {}", brief(sigma), brief(tau)),
            )),
        }
    }
}
