//! BdW, beta-discrete-Weibull: contracts whose renewal depends on how long they have run.
//!
//! Story. As [sBG](super::sbg), but a customer's own risk of leaving changes with tenure: P(still there after t opportunities | θ) =
//! (1 − θ)^(t^c), the discrete Weibull distribution of Nakagawa & Osaki (1975). It grows for c > 1, falls for c < 1, and c = 1 is sBG. Across customers
//! θ ~ Beta(α, β): it is the probability of leaving at the first opportunity.
//!
//! ```text
//! S(t) = B(α, β + t^c)/B(α, β).
//! ```
//!
//! Source: Fader, Hardie, Liu, Davin & Steenburgh (2018), "'How to project customer retention' revisited: the role of duration dependence", Journal of
//! Interactive Marketing 43, 1–16. Time, columns and discounting are those of sBG.

use super::contract::{
    CONTRACT, CONTRACT_QUANTITIES, Contract, FAR, check_contract, contract_start, ln_1m_exp, ln_exp_m1,
    ln_stays_of,
};
use crate::error::Result;
use crate::math::{
    jet::{Jet, Real},
    random::Stream,
};
use crate::model::{Family, Futures, Process, Quantity, Scorer, Spec, parameters};
use crate::rows::Rows;

parameters! {
    /// The BdW model; see the [module](self).
    ///
    /// ```
    /// use cam_core::{Model, Quantity, clv::Bdw};
    /// // The regular customers of Fader & Hardie (2007), fitted to seven years; 17.3 % of them were there after twelve.
    /// let model = Bdw::new(0.4556, 0.7793, 1.2835)?;
    /// let after_twelve = model.new_customer(&Quantity::ProbabilityAlive { after: 12.0 })?;
    /// assert!((after_twelve - 0.177).abs() < 5e-4);
    /// # Ok::<(), cam_core::Error>(())
    /// ```
    pub struct Bdw (3) {
        /// First shape, across customers, of the probability of leaving at the first opportunity.
        alpha: Positive, None;
        /// Second shape, across customers, of the probability of leaving at the first opportunity.
        beta: Positive, None;
        /// How a customer's risk changes with tenure: it grows where this is more than 1, and falls where it is less.
        c: Positive, None;
    }
}

static SPEC: Spec = Spec {
    id: "bdw",
    title: "BdW",
    source: "Fader, Hardie, Liu, Davin & Steenburgh (2018), Journal of Interactive Marketing 43, 1-16",
    parameters: &Bdw::PARAMETERS,
    columns: &CONTRACT,
    design: &[CONTRACT[1]],
    quantities: CONTRACT_QUANTITIES,
    example: (&[0.6, 2.0, 1.4], 12.0),
};

impl Family for Bdw {
    const SPEC: &'static Spec = &SPEC;
    const PROCESSES: &'static [Process] = &[Process::RENEWAL];
    type Jet = Jet<3>;
    /// ln S(frequency), and ln of the probability of leaving at the opportunity after it.
    type Shared<R: Real> = (R, R);

    fn from_parameters(theta: &[f64]) -> Result<Self> {
        SPEC.check_parameters(theta)?;
        Ok(Bdw { alpha: theta[0], beta: theta[1], c: theta[2] })
    }

    fn theta(&self) -> Vec<f64> {
        self.values().to_vec()
    }

    fn check_row(row: &[f64]) -> Result<(), String> {
        check_contract(row)
    }

    fn informs(row: &[f64]) -> bool {
        row[1] > 0.0
    }

    fn shared<R: Real>(theta: &[R], renewals: f64) -> (R, R) {
        let (alpha, beta, c) = (theta[0], theta[1], theta[2]);
        if renewals == 0.0 {
            return (R::constant(0.0), -(beta / alpha).ln_1p());
        }
        let (passed, stretch) = (c * renewals.ln(), c * (1.0 / renewals).ln_1p());
        // Where t^c is this large S(t) falls as t^(−αc).
        let stays = if passed.value() > FAR {
            -(alpha * stretch)
        } else {
            ln_stays_of(alpha, beta + passed.exp(), passed + ln_exp_m1(stretch))
        };
        (ln_stays_of(alpha, beta, passed), ln_1m_exp(stays))
    }

    fn log_likelihood<R: Real>(_: &[R], (renewed, leaves): &(R, R), row: &[f64]) -> R {
        if row[0] < row[1] { *renewed + *leaves } else { *renewed }
    }

    fn start(rows: &Rows) -> Result<Vec<f64>> {
        contract_start(rows, SPEC.title).map(|(alpha, beta)| vec![alpha, beta, 1.0])
    }

    fn scorer<'a>(&'a self, quantity: &Quantity) -> Option<Scorer<'a>> {
        self.contract().scorer(quantity)
    }

    fn score_new(&self, quantity: &Quantity) -> Option<Result<f64>> {
        self.contract().score_new(quantity).map(Ok)
    }

    fn draw(&self, design: &[f64], stream: &mut Stream, row: &mut [f64]) {
        row.copy_from_slice(&[self.contract().draw(stream).min(design[0]), design[0]]);
    }

    fn futures(&self) -> Option<Futures<'_>> {
        Some(self.contract().futures())
    }
}

impl Bdw {
    fn contract(&self) -> Contract {
        Contract { alpha: self.alpha, beta: self.beta, c: self.c }
    }
}
