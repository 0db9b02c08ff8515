//! A step of slice sampling: Neal (2003), *Slice sampling*, Annals of Statistics 31(3), 705–767.
//!
//! A point is drawn uniformly from under the density: a height below it, then a place where the density is higher. The interval is found by
//! stepping out (figure 3) and drawn from by shrinking (figure 5). Nothing is rejected, and a width that is wrong costs time, not truth.

use crate::error::Result;
use crate::math::random::Stream;

/// The most steps out: an interval of 2⁶ widths.
const STEPS: u32 = 64;

/// From `at`, where the logarithm of the density is `height`, to another point and its height. A density of −∞ or NaN is none.
pub(super) fn step(
    at: f64,
    height: f64,
    width: f64,
    stream: &mut Stream,
    mut ln_density: impl FnMut(f64) -> f64,
) -> (f64, f64) {
    let floor = height - stream.exponential();
    let mut left = at - width * stream.uniform();
    let mut right = left + width;
    // The steps are shared out at random between the two sides, which keeps the chain reversible.
    let mut leftward = (f64::from(STEPS) * stream.uniform()) as u32;
    let mut rightward = STEPS - 1 - leftward;
    while leftward > 0 && ln_density(left) > floor {
        left -= width;
        leftward -= 1;
    }
    while rightward > 0 && ln_density(right) > floor {
        right += width;
        rightward -= 1;
    }
    // Each draw that fails cuts the interval; at `at` itself the density is high enough, so that this ends.
    for _ in 0..200 {
        let place = left + (right - left) * stream.uniform();
        let there = ln_density(place);
        if there > floor {
            return (place, there);
        }
        if place < at {
            left = place;
        } else {
            right = place;
        }
    }
    (at, height)
}

/// A slice step from 0, for a move of all of so many customers, under a density that may be stopped.
pub(super) fn move_by(
    customers: usize,
    stream: &mut Stream,
    mut ln_density: impl FnMut(f64) -> Result<f64>,
) -> Result<f64> {
    let mut stopped = None;
    let mut total = |by: f64| {
        ln_density(by).unwrap_or_else(|e| {
            stopped = Some(e);
            f64::NEG_INFINITY
        })
    };
    let height = total(0.0);
    // Three standard deviations or so.
    let width = 5.0 / (25.0 + customers as f64).sqrt();
    let (by, _) = step(0.0, height, width, stream, &mut total);
    stopped.map_or(Ok(by), Err)
}
