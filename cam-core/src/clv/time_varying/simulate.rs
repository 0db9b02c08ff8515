//! Customers whose covariates change, drawn: the Poisson process itself, on its clocks.

use super::walks::{Walk, Walks};
use crate::clv::pareto_nbd::ParetoNbd;
use crate::control::{CHUNK, Control};
use crate::error::{Error, ErrorKind, Result};
use crate::math::random::Stream;
use crate::model::WithCovariates;

/// The times of the repeat purchases of each customer up to T, since the first purchase, in order. Customer i depends on the seed and on i alone.
///
/// # Errors
/// The walks were read with other covariates than the model's, or a customer would buy more than a million times.
///
/// ```
/// use cam_core::clv::{ParetoNbd, time_varying::{Walks, simulate_time_varying}};
/// use cam_core::model::{Covariates, WithCovariates};
/// use cam_core::{Control, Table};
/// let covariates = Covariates::new().on("purchase", ["promotion"]);
/// let model = WithCovariates::new(ParetoNbd::new(0.8, 4.0, 0.7, 30.0)?, &covariates, &[0.6])?;
/// // Two customers over 20 weeks; the promotion of the first ends after ten.
/// let (customer, start) = ([1.0, 1.0, 2.0], [0.0, 10.0, 0.0]);
/// let table = Table::new().with("customer", &customer)?.with("start", &start)?.with("T", &[20.0; 3])?.with("promotion", &[1.0, 0.0, 0.0])?;
/// let walks = Walks::unobserved(&table, &covariates)?;
/// let times = simulate_time_varying(&model, &walks, 1, &Control::new())?;
/// assert_eq!(times.len(), 2);
/// assert!(times.iter().flatten().all(|t| *t <= 20.0));
/// # Ok::<(), cam_core::Error>(())
/// ```
pub fn simulate_time_varying(
    model: &WithCovariates<ParetoNbd>,
    walks: &Walks,
    seed: u64,
    control: &Control<'_>,
) -> Result<Vec<Vec<f64>>> {
    walks.check_model(model)?;
    let batches = control.map(walks.len().div_ceil(CHUNK), |k| {
        let first = k * CHUNK;
        let each = walks.customers.iter().enumerate().skip(first).take(CHUNK);
        each.map(|(i, walk)| draw(model, walks, walk, i, &mut Stream::new(seed, i as u64)))
            .collect::<Result<Vec<_>>>()
    })?;
    Ok(batches.into_iter().flatten().collect())
}

/// The same customers with purchases drawn from a model.
///
/// # Errors
/// As for [`simulate_time_varying`].
pub(crate) fn redrawn(
    model: &WithCovariates<ParetoNbd>,
    walks: &Walks,
    seed: u64,
    control: &Control<'_>,
) -> Result<Walks> {
    Ok(walks.with_purchases(&simulate_time_varying(model, walks, seed, control)?))
}

/// More purchases than this are not a customer.
const MOST: usize = 1_000_000;

fn draw(
    model: &WithCovariates<ParetoNbd>,
    walks: &Walks,
    walk: &Walk,
    i: usize,
    stream: &mut Stream,
) -> Result<Vec<f64>> {
    let base = model.base();
    let rate = stream.gamma(base.r()) / base.alpha();
    let leaves = stream.exponential() / (stream.gamma(base.s()) / base.beta());
    let mut times = Vec::new();
    let life = Life { walk, gamma: model.coefficients(), rate, leaves };
    match life.draw(walks, 0.0, walk.age, stream, &mut times) {
        Some(_) => Ok(times),
        None => {
            let message = format!("customer number {i} of the walks would buy more than {MOST} times");
            Err(Error::new(ErrorKind::Numerical, message).with_field("alpha"))
        }
    }
}

/// A customer whose rate is known, and when he or she leaves by the lifetime clock, which begins with the time drawn.
pub(super) struct Life<'a> {
    pub(super) walk: &'a Walk,
    pub(super) gamma: &'a [f64],
    pub(super) rate: f64,
    pub(super) leaves: f64,
}

impl Life<'_> {
    /// Draw the times of purchases between two times, in order; gives when the customer leaves, infinite where that is later. None for more purchases than a customer makes.
    pub(super) fn draw(
        &self,
        walks: &Walks,
        from: f64,
        to: f64,
        stream: &mut Stream,
        times: &mut Vec<f64>,
    ) -> Option<f64> {
        // When the next purchase comes, by the clock; and what both clocks show.
        let mut next = stream.exponential() / self.rate;
        let (mut bought, mut left) = (0.0, 0.0);
        for (step, from, to) in walks.pieces(self.walk, from, to) {
            let [a, b] = walks.speeds(step, self.gamma);
            let stays = ((self.leaves - left) / b).min(to - from);
            while next <= bought + a * stays {
                if times.len() == MOST {
                    return None;
                }
                times.push((from + (next - bought) / a).min(to));
                next += stream.exponential() / self.rate;
            }
            if stays < to - from {
                return Some(from + stays);
            }
            (bought, left) = (bought + a * (to - from), left + b * (to - from));
        }
        Some(f64::INFINITY)
    }
}
