//! What customers may do, drawn given their histories: shared by the models of purchases.

use crate::math::random::Stream;

/// The rates of a customer who is alive, drawn given the history: purchases are Poisson at `rate` until the customer leaves at `leaves`.
pub(crate) fn poisson_until(rate: f64, leaves: f64, horizon: f64, stream: &mut Stream, times: &mut Vec<f64>) {
    let end = leaves.min(horizon);
    let n = stream.poisson(rate * end);
    times.extend((0..n as u64).map(|_| end * stream.uniform()));
}

/// Purchases after which the customer may leave, each with probability p; intervals are `phases` exponential times long, the first of them `first`.
/// The answer is when the customer leaves, which may be beyond the horizon.
pub(super) fn renewals(
    (rate, p): (f64, f64),
    (first, phases): (f64, f64),
    horizon: f64,
    stream: &mut Stream,
    times: &mut Vec<f64>,
) -> f64 {
    let wait = |phases: f64, stream: &mut Stream| match phases == 1.0 {
        true => stream.exponential() / rate,
        false => stream.gamma(phases) / rate,
    };
    let mut now = wait(first, stream);
    while now <= horizon {
        times.push(now);
        if stream.uniform() < p {
            return now;
        }
        now += wait(phases, stream);
    }
    f64::INFINITY
}
