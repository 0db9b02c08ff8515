//! sBG, shifted-beta-geometric: contracts that are renewed, or not, at discrete opportunities.
//!
//! Story. At each opportunity a customer leaves with a probability θ of his or her own, which never changes; across customers
//! θ ~ Beta(α, β). Those with a high θ leave first, so that of those who stay ever more renew: a retention rate that grows with tenure, though nobody's
//! own does.
//!
//! ```text
//! S(t) = B(α, β + t)/B(α, β),   P(T = t) = B(α + 1, β + t − 1)/B(α, β),   r_t = S(t)/S(t − 1) = (β + t − 1)/(α + β + t − 1).
//! ```
//!
//! Source: Fader & Hardie (2007), "How to project customer retention", Journal of Interactive Marketing 21(1), 76–90, eq. 5–7; for the residual lifetime
//! Fader & Hardie (2010), "Customer-base valuation in a contractual setting: the perils of ignoring heterogeneity", Marketing Science 29(1), 85–93.
//!
//! Here a purchase is a renewal, `T` counts opportunities to renew, and so does every horizon. The expected residual lifetime, discounted, is
//! [`DiscountedExpectedPurchases`](crate::Quantity::DiscountedExpectedPurchases): the k-th opportunity from now counts (1 + d)^(−k). Fader & Hardie
//! (2010) count the next one in full: their DERL is (1 + d) times that, and their DEL of a new customer, who has paid already, 1 more.

use super::contract::{CONTRACT, CONTRACT_QUANTITIES, Contract, check_contract, contract_start};
use crate::error::Result;
use crate::math::{
    jet::{Jet, Real},
    random::Stream,
};
use crate::model::{Family, Futures, Process, Quantity, Scorer, Spec, parameters};
use crate::rows::Rows;

parameters! {
    /// The sBG model; see the [module](self).
    ///
    /// ```
    /// use cam_core::{Model, Quantity, clv::Sbg};
    /// // The regular customers of Fader & Hardie (2007), fitted to seven years.
    /// let model = Sbg::new(0.704, 1.182)?;
    /// let after_twelve = model.new_customer(&Quantity::ProbabilityAlive { after: 12.0 })?;
    /// assert!((after_twelve - 0.170).abs() < 5e-4);
    /// # Ok::<(), cam_core::Error>(())
    /// ```
    pub struct Sbg (2) {
        /// First shape of the dropout probability across customers.
        alpha: Positive, None;
        /// Second shape of the dropout probability across customers.
        beta: Positive, None;
    }
}

static SPEC: Spec = Spec {
    id: "sbg",
    title: "sBG",
    source: "Fader & Hardie (2007), Journal of Interactive Marketing 21(1), 76-90",
    parameters: &Sbg::PARAMETERS,
    columns: &CONTRACT,
    design: &[CONTRACT[1]],
    quantities: CONTRACT_QUANTITIES,
    example: (&[0.9, 3.0], 12.0),
};

impl Family for Sbg {
    const SPEC: &'static Spec = &SPEC;
    const PROCESSES: &'static [Process] = &[Process::RENEWAL];
    type Jet = Jet<2>;
    /// ln S(frequency).
    type Shared<R: Real> = R;

    fn from_parameters(theta: &[f64]) -> Result<Self> {
        SPEC.check_parameters(theta)?;
        Ok(Sbg { alpha: theta[0], beta: theta[1] })
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

    fn shared<R: Real>(theta: &[R], renewals: f64) -> R {
        theta[0].ln_beta_rising(theta[1], renewals)
    }

    /// The renewals, and for who left the step at which it was: α/(α + β + frequency).
    fn log_likelihood<R: Real>(theta: &[R], renewed: &R, row: &[f64]) -> R {
        match row[0] < row[1] {
            true => *renewed - ((theta[1] + row[0]) / theta[0]).ln_1p(),
            false => *renewed,
        }
    }

    fn start(rows: &Rows) -> Result<Vec<f64>> {
        contract_start(rows, SPEC.title).map(|(alpha, beta)| vec![alpha, beta])
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

impl Sbg {
    fn contract(&self) -> Contract {
        Contract { alpha: self.alpha, beta: self.beta, c: 1.0 }
    }
}
