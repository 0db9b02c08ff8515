//! The density as the sampler sees it: by itself, or along a guide that costs less.
//!
//! The guide is the density of [a few rows that stand for all](super::few). It is made twice: first at points from the normal approximation at the mode, then at draws from the first
//! guide, which are where the posterior is, whatever its shape. Those draws tell the sampler its metric, too.

use super::few::few_rows;
use super::likelihood::Likelihood as _;
use super::nuts::{Plan, Target, sample};
use super::posterior::{Normal, bounded};
use super::prior::Posterior;
use crate::control::Control;
use crate::error::Result;
use crate::math::{linalg::cholesky, random::Stream};
use ndarray::{Array1, Array2};

/// Points at which the rows are looked at, for each coordinate.
const POINTS: usize = 20;
/// The most rows of a guide, for each coordinate.
const MOST: usize = 32;
/// How much farther than the normal approximation says the first points lie.
const WIDER: f64 = 1.2;
/// Draws from the first guide.
const PILOT: usize = 400;
/// A guide whose energy varies by more than this, in standard deviations, about that of the density is none.
const OFF: f64 = 1.0;
/// Streams of random numbers beyond those of chains.
const STREAMS: [u64; 2] = [u64::MAX, u64::MAX - 1];

/// A density near that of the posterior.
pub(super) struct Guide<'a> {
    density: Posterior<'a>,
    /// How many rows it has.
    pub(super) rows: usize,
    /// Where it lies.
    pub(super) normal: Normal,
    /// Trajectories from one look at the density of all rows to the next, as many as cost little beside it.
    pub(super) trajectories: usize,
}

impl<'a> Guide<'a> {
    /// A guide to a posterior; none where it would not save much, or where it would not be near.
    ///
    /// # Errors
    /// The caller has asked to stop; or there is no end to the density.
    pub(super) fn new(
        posterior: &'a Posterior<'_>,
        mode: &Normal,
        seed: u64,
        control: &Control<'_>,
    ) -> Result<Option<Guide<'a>>> {
        let n = mode.centre.len();
        let (likelihood, most) = (posterior.likelihood(), MOST * n);
        let Some(factor) = cholesky(&mode.covariance) else { return Ok(None) };
        let mut stream = Stream::new(seed, STREAMS[0]);
        let near = |_| {
            let z = Array1::from_shape_fn(n, |_| WIDER * stream.normal());
            (Array1::from(mode.centre.clone()) + factor.dot(&z)).to_vec()
        };
        let mut points = vec![mode.centre.clone()];
        points.extend((0..POINTS * n).map(near));
        let Some(rows) = few_rows(likelihood, &points, most, control)? else { return Ok(None) };
        let Some(first) = posterior.standing_for(&rows) else { return Ok(None) };
        let alone = control.quiet().threads(1);
        let plan = Plan { draws: PILOT, warmup: PILOT / 2, target: 0.8, trajectories: 1 };
        let stream = Stream::new(seed, STREAMS[1]);
        let told = |at: &[f64]| {
            bounded(posterior, &mode.centre, &[at.to_vec()])?;
            control.check()
        };
        let pilot =
            sample(&mut Density::of(&first, alone), &mode.centre, &mode.covariance, plan, stream, told)?
                .draws;
        bounded(posterior, &mode.centre, &pilot)?;
        let normal = Normal::of(&pilot);
        let every = (PILOT / (POINTS * n)).max(1);
        let mut points = vec![normal.centre.clone()];
        points.extend(pilot.iter().step_by(every).cloned());
        let Some(rows) = few_rows(likelihood, &points, most, control)? else { return Ok(None) };
        let Some(density) = posterior.standing_for(&rows) else { return Ok(None) };
        let customers = posterior.customers();
        let off =
            points.iter().map(|u| Ok(customers * (posterior.value(u, &alone)? - density.value(u, &alone)?)));
        let off: Vec<f64> = off.collect::<Result<_>>()?;
        let mean = off.iter().sum::<f64>() / off.len() as f64;
        let variance = off.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / off.len() as f64;
        if !(variance <= OFF * OFF) {
            return Ok(None);
        }
        // A look at all rows, in trajectories: some five gradients, each twice as dear as a value, with what does not depend on rows.
        let look = posterior.weights().len() / (10 * (rows.len() + 25));
        Ok(Some(Guide { density, rows: rows.len(), normal, trajectories: (look / 2).clamp(1, 4) }))
    }
}

impl Normal {
    /// The mean and the covariance of draws.
    fn of(draws: &[Vec<f64>]) -> Normal {
        let (n, count) = (draws[0].len(), draws.len() as f64);
        let centre: Vec<f64> = (0..n).map(|i| draws.iter().map(|u| u[i]).sum::<f64>() / count).collect();
        let product = |u: &Vec<f64>, i: usize, j: usize| (u[i] - centre[i]) * (u[j] - centre[j]);
        let covariance = Array2::from_shape_fn((n, n), |(i, j)| {
            draws.iter().map(|u| product(u, i, j)).sum::<f64>() / (count - 1.0)
        });
        Normal { centre, covariance }
    }
}

/// The density of the coordinates as the sampler sees it.
pub(super) struct Density<'a> {
    /// What trajectories follow.
    followed: &'a Posterior<'a>,
    /// What decides, where that is another.
    whole: Option<&'a Posterior<'a>>,
    customers: f64,
    control: Control<'a>,
}

impl<'a> Density<'a> {
    /// By itself.
    pub(super) fn of(posterior: &'a Posterior<'a>, control: Control<'a>) -> Density<'a> {
        Density { followed: posterior, whole: None, customers: posterior.customers(), control }
    }

    /// Along a guide.
    pub(super) fn along(guide: &'a Guide<'a>, whole: &'a Posterior<'a>, control: Control<'a>) -> Density<'a> {
        Density { followed: &guide.density, whole: Some(whole), ..Density::of(whole, control) }
    }
}

impl Target for Density<'_> {
    fn energy(&mut self, at: &[f64], gradient: &mut [f64]) -> Result<f64> {
        let (value, slope) = self.followed.slope(at, &self.control)?;
        gradient.iter_mut().zip(&slope).for_each(|(g, slope)| *g = self.customers * slope);
        Ok(self.customers * value)
    }

    fn truth(&mut self, at: &[f64]) -> Result<Option<f64>> {
        let Some(whole) = self.whole else { return Ok(None) };
        whole.value(at, &self.control).map(|value| Some(self.customers * value))
    }
}
