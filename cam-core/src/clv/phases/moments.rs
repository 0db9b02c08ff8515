//! The variance of what is to come; see [`variance`].
//!
//! With one phase per purchase pairs of purchases are as in BG/NBD. With more, intervals remember how long they have lasted: pairs are summed by their
//! number where nothing is discounted, and else by a walk along the phases; see [`pairs`](super::pairs).

use super::pairs::Pairs;
use super::{Counting, future};
use crate::clv::futures::renewals;
use crate::clv::variance::{self, Dropping, Squares, pairs_by_count};
use crate::math::{exp_log::logistic, octaves::Octaves};
use crate::model::{Futures, Scorer};
use std::sync::Arc;

/// (n, α + T) ↦ what a customer who is alive, and with whom n phases have ended, will do.
type Moment = Arc<dyn Fn(f64, f64) -> f64 + Send + Sync>;

impl Counting {
    /// E\[Y\] and E\[Y²\] of a customer who is alive.
    fn moments(self, squares: Squares) -> [Moment; 2] {
        let cells = future::cells(self.k);
        match squares.plain_horizon() {
            Some(horizon) if self.k > 1.0 => {
                let mean: Moment = Arc::new(move |n, rate| self.future(n).expected(horizon / rate));
                let once = Arc::clone(&mean);
                let square = move |n: f64, rate: f64| {
                    let (future, tau) = (self.future(n), horizon / rate);
                    // The count falls off within 1/√m of itself.
                    let sharpness = cells.max(1.0) + (0.1 * future.m).sqrt();
                    let reached = |i: f64| future.at_least(i, tau);
                    once(n, rate) + pairs_by_count(self.a, future.b, sharpness, reached)
                };
                [mean, Arc::new(square)]
            }
            None if self.k > 1.0 => {
                let pairs = Pairs::new(self, squares);
                let single = self.discounted(squares.twice);
                let square = move |n: f64, rate: f64| single(n, rate) + pairs.expected(n, rate);
                [Arc::new(self.discounted(squares.once)), Arc::new(square)]
            }
            plain => {
                let pairs = Dropping::new(squares, self.a);
                let [mean, single]: [Moment; 2] = match plain {
                    Some(horizon) => {
                        let mean: Moment = Arc::new(move |n, rate| self.future(n).expected(horizon / rate));
                        [Arc::clone(&mean), mean]
                    }
                    None => {
                        [Arc::new(self.discounted(squares.once)), Arc::new(self.discounted(squares.twice))]
                    }
                };
                let square = move |n: f64, rate: f64| {
                    single(n, rate) + pairs.pairs(self.r + n, rate, self.future(n).b)
                };
                [mean, Arc::new(square)]
            }
        }
    }

    /// The variance of what is to come, for each row.
    pub(super) fn variances(self, squares: Squares) -> Scorer<'static> {
        let cells = future::cells(self.k);
        let [means, squares] = self
            .moments(squares)
            .map(|moment| Octaves::new(move |n: f64, rate: f64| moment(n, rate.powf(1.0 / cells))));
        Box::new(move |rows, out| {
            let (mut means, mut squares) = (means.reader(), squares.reader());
            for (row, out) in rows.chunks_exact(3).zip(out) {
                let (terms, left) = self.now(row);
                let log = (self.alpha + row[2]).log2() * cells;
                let (mut mean, mut square) = (0.0, 0.0);
                for (j, weight) in terms.weights().iter().enumerate() {
                    if *weight > 1e-40 {
                        let n = self.k * row[0] + j as f64;
                        mean += weight * means.at_log2(n, log);
                        square += weight * squares.at_log2(n, log);
                    }
                }
                *out = variance::in_all(left, square - mean * mean, mean);
            }
            Ok(())
        })
    }

    /// The same of a customer who has just been acquired, and may have left at once.
    pub(super) fn new_variance(self, squares: Squares) -> f64 {
        let [mean, square] = self.moments(squares).map(|moment| moment(0.0, self.alpha));
        let left = if self.at_first > 0.0 { (self.a / self.b).ln() } else { f64::NEG_INFINITY };
        variance::in_all(left, square - mean * mean, mean)
    }
}

impl Counting {
    /// How the future is drawn: the phase of the current interval first, and the rates given that.
    pub(in crate::clv) fn futures(self) -> Futures<'static> {
        Box::new(move |row, horizon, stream, times| {
            let (terms, left) = self.now(row);
            if stream.uniform() >= logistic(-left) {
                return 0.0;
            }
            let mut rest = stream.uniform();
            let phase = terms.weights().iter().take_while(|weight| {
                rest -= **weight;
                rest > 0.0
            });
            // Rounding may leave a rest after the last.
            let phase = phase.count().min(terms.weights().len() - 1) as f64;
            let now = self.future(self.k * row[0] + phase);
            let rates = (stream.gamma(now.m) / (self.alpha + row[2]), stream.beta(now.a, now.b));
            renewals(rates, (self.k - phase, self.k), horizon, stream, times)
        })
    }
}
