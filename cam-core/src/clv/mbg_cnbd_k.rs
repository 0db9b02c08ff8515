//! MBG/CNBD-k: MBG/NBD with intervals between purchases that are more regular than in a Poisson process.
//!
//! Story. As MBG/NBD, but regular: the intervals between purchases are Erlang-k with rate λ, Gamma(k, λ), mean k/λ, so that a purchase is followed by a pause. After
//! every purchase, the first included, the customer leaves with probability p. Across customers λ ~ Gamma(shape r, rate α) and p ~ Beta(a, b), independent.
//!
//! Sources: Platzer & Reutterer (2017), Incorporating regularity into models of noncontractual customer-firm relationships, working paper;
//! Reutterer, Platzer & Schröder (2021), Leveraging purchase regularity for predicting customer behavior the easy way, International Journal of
//! Research in Marketing 38(1), 194–215.
//!
//! k is a whole number, which a fit chooses by the likelihood; k = 1 is MBG/NBD. The likelihood needs, besides the history, the sum of the
//! logarithms of the intervals (the column `log_intervals`): it enters as (k − 1) Σ ln Δ, which no other parameter touches. Nothing else needs it.
//!
//! Expectations are exact for every k, by the phases of the current interval: see the module `phases` in the source. The
//! authors' software approximates them for k > 1, and scales the result by the customers it is asked about together.

use super::history::{AGE, PURCHASE_QUANTITIES, TIMED_HISTORY};
use super::phases::counting_family;
use crate::math::jet::Real;
use crate::model::{Spec, parameters};

parameters! {
    /// The MBG/CNBD-k model; see the [module](self).
    ///
    /// ```
    /// use cam_core::clv::{MbgCnbdK, History};
    /// let model = MbgCnbdK::new(0.5, 2.0, 0.9, 1.6, 2.0)?;
    /// // Two customers with five purchases: one has bought just now, one is due.
    /// let (fresh, due) = (History::new(5.0, 50.0, 50.5)?, History::new(5.0, 50.0, 60.0)?);
    /// let within_a_week = |h| model.expected_purchases(h, 1.0) / model.probability_alive(h);
    /// assert!(within_a_week(&fresh) < within_a_week(&due));
    /// # Ok::<(), cam_core::Error>(())
    /// ```
    pub struct MbgCnbdK (5) {
        /// Shape of the rate of phases across customers; small when they differ much.
        r: Positive, None;
        /// Rate parameter of the rate of phases across customers, in units of time.
        alpha: Positive, Time;
        /// First shape of the dropout probability across customers.
        a: Positive, None;
        /// Second shape of the dropout probability across customers.
        b: Positive, None;
        /// Phases of an interval between purchases: the larger, the more regular; 1 is Poisson.
        k: Whole, None;
    }
}

static SPEC: Spec = Spec {
    id: "mbg_cnbd_k",
    title: "MBG/CNBD-k",
    source: "Platzer & Reutterer (2017), working paper; Reutterer, Platzer & Schroeder (2021), Int. J. of Research in Marketing 38(1), 194-215",
    parameters: &MbgCnbdK::PARAMETERS,
    columns: &TIMED_HISTORY,
    design: &[AGE],
    quantities: PURCHASE_QUANTITIES,
    example: (&[0.8, 3.0, 0.9, 2.5, 2.0], 52.0),
};

counting_family!(MbgCnbdK { r, alpha, a, b, k }, at_first: 1.0, |theta| theta[4].value(), start: |r, alpha| vec![r, alpha, 1.0, 2.0, 1.0]);
