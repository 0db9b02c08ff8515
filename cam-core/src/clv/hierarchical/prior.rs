//! Gamma priors on what is positive, and the exact step for a population that is gamma distributed.

use super::slice;
use crate::error::{Error, Result};
use crate::math::{gamma::ln_gamma, random::Stream};
use crate::table::Domain;
use serde::{Deserialize, Serialize};

/// The prior of a positive parameter: Gamma(shape, rate). The default, Gamma(0.001, 0.001), is that of the literature: nearly flat in the logarithm
/// over many orders of magnitude.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "[f64; 2]", into = "[f64; 2]")]
pub struct GammaPrior {
    /// Its shape.
    pub shape: f64,
    /// Its rate: the shape over the mean.
    pub rate: f64,
}

impl Default for GammaPrior {
    fn default() -> Self {
        GammaPrior { shape: 1e-3, rate: 1e-3 }
    }
}

impl From<[f64; 2]> for GammaPrior {
    fn from([shape, rate]: [f64; 2]) -> Self {
        GammaPrior { shape, rate }
    }
}

impl From<GammaPrior> for [f64; 2] {
    fn from(prior: GammaPrior) -> Self {
        [prior.shape, prior.rate]
    }
}

impl GammaPrior {
    pub(super) fn check(&self, name: &str) -> Result<()> {
        match Domain::Positive.contains(self.shape) && Domain::Positive.contains(self.rate) {
            true => Ok(()),
            false => Err(Error::parameter(
                &format!("prior of {name}"),
                "a shape and a rate, both positive and finite",
                format!("[{}, {}]", self.shape, self.rate),
            )),
        }
    }

    /// ln of the density of ln θ, but for a constant.
    pub(super) fn ln_density_of_log(&self, log: f64) -> f64 {
        self.shape * log - self.rate * log.exp()
    }

    #[cfg(test)]
    pub(super) fn draw(&self, stream: &mut Stream) -> f64 {
        stream.gamma(self.shape) / self.rate
    }
}

/// How a positive quantity is spread over customers: Gamma(shape, rate).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Population {
    pub(super) shape: f64,
    pub(super) rate: f64,
}

/// The priors of a [`Population`].
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct PopulationPrior {
    pub(super) shape: GammaPrior,
    pub(super) rate: GammaPrior,
}

impl Population {
    /// ln of the density of ln θ of a customer, but for what depends on the population alone.
    #[inline]
    pub(super) fn ln_density_of_log(&self, log: f64) -> f64 {
        self.shape * log - self.rate * log.exp()
    }

    #[cfg(test)]
    pub(super) fn draw_log(&self, stream: &mut Stream) -> f64 {
        stream.ln_gamma_variate(self.shape) - self.rate.ln()
    }

    /// Given the values of n customers, with this sum and this sum of logarithms: the rate is integrated out of the density of the shape, which a slice
    /// step draws from; then the rate is gamma distributed.
    pub(super) fn step(&mut self, prior: &PopulationPrior, n: f64, sum: f64, logs: f64, stream: &mut Stream) {
        let ln_density = |log_shape: f64| {
            let shape = log_shape.exp();
            let total = prior.rate.shape + n * shape;
            prior.shape.ln_density_of_log(log_shape) + ln_gamma(total) - total * (prior.rate.rate + sum).ln()
                + shape * logs
                - n * ln_gamma(shape)
        };
        // The width of the posterior of a log-shape, roughly.
        let width = 3.0 / n.max(1.0).sqrt();
        let mut at = (self.shape.ln(), ln_density(self.shape.ln()));
        for _ in 0..2 {
            at = slice::step(at.0, at.1, width, stream, ln_density);
        }
        self.shape = at.0.exp();
        self.rate = stream.gamma(prior.rate.shape + n * self.shape) / (prior.rate.rate + sum);
    }
}
