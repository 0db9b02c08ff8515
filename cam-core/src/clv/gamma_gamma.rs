//! Gamma–Gamma: what a customer spends per purchase, independent of how often he or she buys.
//!
//! Story. The spend of each purchase is Gamma(shape p, rate ν); across customers ν ~ Gamma(shape q, rate v). The mean z̄ of
//! x purchases is then all that is known of a customer.
//!
//! Sources: Colombo & Jiang (1999), Journal of Interactive Marketing 13(4), 2–12; Fader & Hardie (2013), "The Gamma–Gamma
//! model of monetary value", whose γ is `v` here. The likelihood is that of the density of z̄, their eq. 1a.
//!
//! Customers without a repeat purchase (x = 0) say nothing about the parameters and are left out of a fit; their expected spend
//! is that of a new customer, p v/(q − 1), which is infinite unless q > 1.
//!
//! That spend does not depend on frequency is checked with each fit; see [`spend_independence`](super::spend_independence).

use super::history::{FREQUENCY, MONETARY_VALUE};
use super::local::{BLOCK, LANES, Lanes, Local, together};
use super::spend::{SpendAnswer, check_spend, independence_check};
use crate::error::{Error, ErrorKind, Result, brief};
use crate::math::{
    jet::{Jet, Real},
    random::Stream,
    vector::{Kernel, Ln, Ln1p, Wide, widest},
};
use crate::model::{Check, Family, Process, Quantity, Scorer, Spec, Spending, parameters};
use crate::rows::Rows;

parameters! {
    /// The Gamma–Gamma model; see the [module](self).
    ///
    /// ```
    /// use cam_core::clv::GammaGamma;
    /// let model = GammaGamma::new(6.25, 3.74, 15.44)?;
    /// // The more purchases are known, the nearer their own mean.
    /// assert!(model.expected_spend(1.0, 100.0)? < model.expected_spend(9.0, 100.0)?);
    /// # Ok::<(), cam_core::Error>(())
    /// ```
    pub struct GammaGamma (3) {
        /// Shape of the spend of one purchase.
        p: Positive, None;
        /// Shape of the spend rate across customers.
        q: Positive, None;
        /// Rate parameter of the spend rate across customers, in units of money.
        v: Positive, Money;
    }
}

static SPEC: Spec = Spec {
    id: "gamma_gamma",
    title: "Gamma-Gamma",
    source: "Colombo & Jiang (1999), Journal of Interactive Marketing 13(4), 2-12; Fader & Hardie (2013)",
    parameters: &GammaGamma::PARAMETERS,
    columns: &[FREQUENCY, MONETARY_VALUE],
    design: &[FREQUENCY],
    quantities: super::spend::SPEND_QUANTITIES,
    example: (&[4.0, 5.0, 20.0], 6.0),
};

impl Family for GammaGamma {
    const SPEC: &'static Spec = &SPEC;
    const PROCESSES: &'static [Process] = &[Process { name: "spend", scales: &[("v", 1.0)] }];
    type Jet = Jet<3>;
    /// −ln B(px, q); none for x = 0.
    type Shared<R: Real> = Option<R>;

    fn from_parameters(theta: &[f64]) -> Result<Self> {
        SPEC.check_parameters(theta)?;
        Ok(GammaGamma { p: theta[0], q: theta[1], v: theta[2] })
    }

    fn theta(&self) -> Vec<f64> {
        self.values().to_vec()
    }

    fn check_row(row: &[f64]) -> Result<(), String> {
        check_spend(row, "monetary_value", true)
    }

    fn informs(row: &[f64]) -> bool {
        row[0] > 0.0
    }

    fn shared<R: Real>(theta: &[R], x: f64) -> Option<R> {
        (x > 0.0).then(|| -(theta[0] * x).ln_beta(theta[1]))
    }

    /// With y = x z̄/(v + x z̄): −ln B(px, q) + px ln y + q ln(1 − y) − ln z̄.
    fn log_likelihood<R: Real>(theta: &[R], shared: &Option<R>, row: &[f64]) -> R {
        Self::sum_log_likelihood(theta, shared, row, &[1.0])
    }

    fn sum_log_likelihood<R: Real>(theta: &[R], shared: &Option<R>, rows: &[f64], weights: &[f64]) -> R {
        let Some(minus_ln_beta) = *shared else { return R::constant(0.0) };
        let inputs = [theta[0], theta[1], theta[2]];
        let customers: f64 = weights.iter().sum();
        let theta = inputs.map(Real::value);
        let rest = match R::ORDER {
            0 => widest(LogLikelihood::<0> { theta, rows, weights }),
            1 => widest(LogLikelihood::<1> { theta, rows, weights }),
            _ => widest(LogLikelihood::<2> { theta, rows, weights }),
        };
        minus_ln_beta * customers + rest.of(inputs)
    }

    fn start(rows: &Rows) -> Result<Vec<f64>> {
        let (mut n, mut logs, mut first, mut same) = (0.0, 0.0, None, true);
        for (row, weight) in rows.iter() {
            n += weight;
            logs += weight * row[1].ln();
            same &= *first.get_or_insert(row[1]) == row[1];
        }
        if same {
            return Err(Error::new(
                ErrorKind::NotEnoughData,
                format!(
                    "{} needs customers who differ in their mean spend; all {n} informative ones spent {}",
                    SPEC.title,
                    brief(first.unwrap_or(0.0))
                ),
            ));
        }
        // E[z̄] = p v/(q − 1); by the geometric mean, which no single amount can carry off.
        let (p, q) = (2.0, 3.0);
        Ok(vec![p, q, (logs / n).exp() * (q - 1.0) / p])
    }

    fn checks(rows: &Rows) -> Vec<Check> {
        independence_check(rows, SPEC.title)
    }

    fn scorer<'a>(&'a self, quantity: &Quantity) -> Option<Scorer<'a>> {
        let answer = Self::answer(quantity)?;
        Some(Box::new(move |rows, out| {
            for (i, (row, out)) in rows.chunks_exact(2).zip(out).enumerate() {
                *out = answer(self, row[0], row[1]).map_err(|e| e.with_row(i))?;
            }
            Ok(())
        }))
    }

    fn score_new(&self, quantity: &Quantity) -> Option<Result<f64>> {
        Self::answer(quantity).map(|answer| answer(self, 0.0, 0.0))
    }

    /// The sum of x purchases is Gamma(px, ν).
    fn draw(&self, design: &[f64], stream: &mut Stream, row: &mut [f64]) {
        let x = design[0];
        let rate = stream.gamma(self.q) / self.v;
        let mean = if x > 0.0 { stream.gamma(self.p * x) / (rate * x) } else { 0.0 };
        row.copy_from_slice(&[x, mean]);
    }

    fn spending(&self) -> Option<Spending<'_>> {
        Some(Box::new(|row, stream, spends| {
            let rate = stream.gamma(self.p * row[0] + self.q) / (self.v + row[0] * row[1]);
            spends.iter_mut().for_each(|spend| *spend = stream.gamma(self.p) / rate);
        }))
    }
}

/// The log-likelihood of rows of one frequency x but for the beta function, each −p x ln(1 + v/s) − q ln(1 + s/v) − ln z̄ with s = x z̄, times its weight. With
/// derivatives up to the order.
struct LogLikelihood<'a, const ORDER: usize> {
    theta: [f64; 3],
    rows: &'a [f64],
    weights: &'a [f64],
}

impl<const ORDER: usize> Wide for LogLikelihood<'_, ORDER> {
    type Output = Local<3>;

    #[inline(always)]
    fn run(self) -> Local<3> {
        let [p, q, v] = self.theta;
        let x = self.rows[0];
        let per_v = 1.0 / v;
        // Σ w times: the two logarithms, ln z̄, and the derivatives of the two by v with their own.
        let (mut known, mut unknown, mut means) = (Lanes::default(), Lanes::default(), Lanes::default());
        let (mut rises, mut falls, mut squares, mut bends) =
            (Lanes::default(), Lanes::default(), Lanes::default(), Lanes::default());
        for (rows, weights) in self.rows.chunks(2 * BLOCK).zip(self.weights.chunks(BLOCK)) {
            let n = weights.len();
            // Past the end: a customer like any, who does not count.
            let (mut total, mut weight) = ([v; BLOCK], [0.0; BLOCK]);
            let (mut log_known, mut log_unknown, mut log_mean) = ([0.0; BLOCK], [0.0; BLOCK], [1.0; BLOCK]);
            for i in 0..n {
                log_mean[i] = rows[2 * i + 1];
                total[i] = x * log_mean[i];
                weight[i] = weights[i];
            }
            let even = n.next_multiple_of(LANES);
            log_known[..even].iter_mut().zip(&total).for_each(|(log, total)| *log = v / total);
            log_unknown[..even].iter_mut().zip(&total).for_each(|(log, total)| *log = total / v);
            Ln1p::over(&mut log_known[..even]);
            Ln1p::over(&mut log_unknown[..even]);
            Ln::over(&mut log_mean[..even]);
            for i in (0..even).step_by(LANES) {
                for l in 0..LANES {
                    let (w, i) = (weight[i + l], i + l);
                    known[l] += w * log_known[i];
                    unknown[l] += w * log_unknown[i];
                    means[l] += w * log_mean[i];
                    if ORDER == 0 {
                        continue;
                    }
                    // 1/(s + v) of the first logarithm, −s/(v (s + v)) of the second.
                    let rise = 1.0 / (total[i] + v);
                    let fall = -total[i] * per_v * rise;
                    rises[l] += w * rise;
                    falls[l] += w * fall;
                    if ORDER > 1 {
                        squares[l] += w * (rise * rise);
                        bends[l] += w * (fall * (rise + per_v));
                    }
                }
            }
        }
        let [known, unknown, means] = [known, unknown, means].map(together);
        let [rises, falls, squares, bends] = [rises, falls, squares, bends].map(together);
        Local {
            value: -p * x * known - q * unknown - means,
            gradient: [-x * known, -unknown, -p * x * rises - q * falls],
            hessian: [
                [0.0, 0.0, -x * rises],
                [0.0, 0.0, -falls],
                [-x * rises, -falls, p * x * squares + q * bends],
            ],
        }
    }
}

impl GammaGamma {
    /// The quantity, from frequency and mean spend.
    fn answer(quantity: &Quantity) -> Option<SpendAnswer<Self>> {
        Some(match quantity {
            Quantity::ExpectedSpend {} => Self::expected_spend,
            Quantity::VarianceOfMeanSpend {} => Self::variance_of_mean_spend,
            Quantity::ExpectedSpendVariance {} => Self::expected_spend_variance,
            _ => return None,
        })
    }

    /// Variance of p/ν, the customer's own mean spend, whose rate ν ~ Gamma(px + q, v + x z̄): E\[p/ν\]²/(px + q − 2).
    ///
    /// # Errors
    /// [`ErrorKind::Numerical`] when px + q ≤ 2: then it is infinite.
    pub fn variance_of_mean_spend(&self, frequency: f64, monetary_value: f64) -> Result<f64> {
        let mean = self.expected_spend(frequency, monetary_value)?;
        self.excess(frequency).map(|excess| mean * mean / excess)
    }

    /// Expected variance p/ν² of what the customer spends per purchase: E\[p/ν\]² (px + q − 1)/(p (px + q − 2)).
    ///
    /// # Errors
    /// As for [`variance_of_mean_spend`](Self::variance_of_mean_spend).
    pub fn expected_spend_variance(&self, frequency: f64, monetary_value: f64) -> Result<f64> {
        let mean = self.expected_spend(frequency, monetary_value)?;
        self.excess(frequency).map(|excess| mean / self.p * mean * ((1.0 + excess) / excess))
    }

    /// px + q − 2, which must be positive.
    fn excess(&self, frequency: f64) -> Result<f64> {
        // q − 2 first: exact where q is near 2.
        let excess = self.p * frequency + (self.q - 2.0);
        if excess > 0.0 {
            return Ok(excess);
        }
        Err(Error::new(
            ErrorKind::Numerical,
            format!(
                "the variance of spend is infinite unless p * frequency + q > 2, got frequency = {}, q = {}",
                brief(frequency),
                brief(self.q)
            ),
        ))
    }

    /// Expected spend per purchase of a customer whose x purchases had this mean: p (v + x z̄)/(px + q − 1), Fader & Hardie (2013), eq. 5.
    ///
    /// # Errors
    /// [`ErrorKind::Numerical`] when px + q ≤ 1: then the expectation is infinite.
    pub fn expected_spend(&self, frequency: f64, monetary_value: f64) -> Result<f64> {
        let shape = self.p * frequency + self.q;
        if shape > 1.0 {
            // q − 1 first: exact where q is near 1. The division comes before the products, so that none overflows.
            let weight = self.p / (self.p * frequency + (self.q - 1.0));
            Ok(weight * self.v + weight * frequency * monetary_value)
        } else {
            Err(Error::new(
                ErrorKind::Numerical,
                format!(
                    "the expected spend is infinite unless p * frequency + q > 1, got frequency = {}, q = {}",
                    brief(frequency),
                    brief(self.q)
                ),
            ))
        }
    }
}
