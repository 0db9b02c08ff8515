//! The first two moments of what is to come, of a customer who is alive; see [`variance`].

use super::BgNbd;
use super::kernel::{Dropouts, Kernels};
use crate::clv::variance::{self, Dropping, Squares};
use crate::math::octaves::Octaves;
use crate::model::Scorer;

/// What all customers of a model share.
pub(super) struct Moments<'a> {
    horizon: Option<f64>,
    dropouts: Dropouts,
    /// For the discount, and for its square.
    kernels: [Kernels<'a>; 2],
    pairs: Dropping,
}

impl Moments<'_> {
    pub(super) fn new(squares: Squares, model: &BgNbd) -> Self {
        Moments {
            horizon: squares.plain_horizon(),
            dropouts: Dropouts::new(model.a),
            kernels: [squares.once, squares.twice]
                .map(|lifetime| Kernels::new(lifetime, model.alpha, model.a)),
            pairs: Dropping::new(squares, model.a),
        }
    }

    /// Mean and variance of a new customer of `customer`, whose α is no smaller than the model's.
    pub(super) fn of(&self, customer: &BgNbd) -> [f64; 2] {
        let [mean, single] = match self.horizon {
            Some(horizon) => [customer.expected_within(horizon, &self.dropouts); 2],
            None => [0, 1].map(|which| customer.expected_discounted(&self.kernels[which])),
        };
        [mean, single + (self.pairs.pairs(customer.r, customer.alpha, customer.b) - mean * mean)]
    }
}

impl BgNbd {
    /// The variance of what is to come, for each row: moments given that the customer is alive are interpolated in the age.
    pub(super) fn variances(&self, squares: Squares) -> Scorer<'_> {
        let moments = std::sync::Arc::new(Moments::new(squares, self));
        let also = std::sync::Arc::clone(&moments);
        let means = Octaves::new(move |x, rate| moments.of(&self.updated(x, rate))[0]);
        let alive = Octaves::new(move |x, rate| also.of(&self.updated(x, rate))[1]);
        Box::new(move |rows, out| {
            let (mut means, mut alive) = (means.reader(), alive.reader());
            for (row, out) in rows.chunks_exact(3).zip(out) {
                let log = (self.alpha + row[2]).log2();
                let (mean, alive) = (means.at_log2(row[0], log), alive.at_log2(row[0], log));
                *out = variance::in_all(self.log_odds_left(row), alive, mean);
            }
            Ok(())
        })
    }
}
