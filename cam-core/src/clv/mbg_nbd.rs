//! MBG/NBD: BG/NBD in which a customer may leave after the first purchase, too.
//!
//! Story. A customer buys at rate λ and, after every purchase, the first included, leaves with probability p. Across customers
//! λ ~ Gamma(shape r, rate α) and p ~ Beta(a, b), independent.
//!
//! Sources: Batislam, Denizel & Filiztekin (2007), Empirical validation and comparison of models for customer base analysis, International
//! Journal of Research in Marketing 24(3), 201–209; Hoppe & Wagner (2007), Customer base analysis: the case for a central variant of the
//! Betageometric/NBD model, Marketing – Journal of Research and Management 3(2), 75–90, where it is called CBG/NBD.
//!
//! So a customer who never came back may have left, and `probability_alive` is below 1 for `frequency == 0`, as experience has it; and a customer who
//! has just been acquired is alive with probability b/(a + b). It is the member k = 1 of [`mbg_cnbd_k`](super::mbg_cnbd_k), with which it shares all
//! formulas.

use super::history::{AGE, HISTORY, PURCHASE_QUANTITIES};
use super::phases::counting_family;
use crate::model::{Spec, parameters};

parameters! {
    /// The MBG/NBD model; see the [module](self).
    ///
    /// ```
    /// use cam_core::clv::{History, MbgNbd};
    /// let model = MbgNbd::new(0.525, 6.183, 0.891, 1.614)?;
    /// let customer = History::new(0.0, 0.0, 38.86)?;
    /// assert!((model.probability_alive(&customer) - 0.38974).abs() < 1e-4);
    /// # Ok::<(), cam_core::Error>(())
    /// ```
    pub struct MbgNbd (4) {
        /// Shape of the purchase rate across customers; small when they differ much.
        r: Positive, None;
        /// Rate parameter of the purchase rate across customers, in units of time.
        alpha: Positive, Time;
        /// First shape of the dropout probability across customers.
        a: Positive, None;
        /// Second shape of the dropout probability across customers.
        b: Positive, None;
    }
}

static SPEC: Spec = Spec {
    id: "mbg_nbd",
    title: "MBG/NBD",
    source: "Batislam, Denizel & Filiztekin (2007), Int. J. of Research in Marketing 24(3), 201-209; Hoppe & Wagner (2007), Marketing JRM 3(2), 75-90",
    parameters: &MbgNbd::PARAMETERS,
    columns: &HISTORY,
    design: &[AGE],
    quantities: PURCHASE_QUANTITIES,
    example: (&[0.8, 6.0, 0.9, 2.5], 52.0),
};

counting_family!(MbgNbd { r, alpha, a, b }, at_first: 1.0, |_| 1.0, start: |r, alpha| vec![r, alpha, 1.0, 2.0]);
