//! Draws from the posterior distribution of the parameters, and what they say.
//!
//! Chains are run by the no-U-turn sampler on the coordinates u of the parameters, where the density has the Jacobian ln |dθ/du|; see
//! [`prior`](super::prior). The normal approximation at the mode says where to begin and how far to step. Chain c is drawn from stream c of the seed: the same for any
//! number of threads.

use super::guide::{Density, Guide};
use super::likelihood::{Likelihood as _, Scale};
use super::mle::{FitOptions, ascend};
use super::nuts::{Chain, Plan, sample};
use super::prior::Posterior;
use crate::control::{Control, Progress};
use crate::error::{Error, ErrorKind, Result, brief};
use crate::math::{
    diagnostics::{Diagnostics, diagnose},
    linalg::inverse_symmetric,
    random::Stream,
};
use ndarray::Array2;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicU64, Ordering};

/// How the posterior is sampled.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sampling {
    /// Draws that each chain keeps.
    pub draws: usize,
    /// Draws before, in which the sampler is tuned; they are not kept.
    pub warmup: usize,
    /// Chains.
    pub chains: usize,
    /// The seed of all random numbers.
    pub seed: u64,
    /// The mean acceptance that steps aim at; nearer to 1 they are shorter, which helps against divergences.
    pub target_accept: f64,
    /// Whether trajectories may run over a few rows that stand for all, each draw then accepted or rejected by all: much faster, and as exact.
    pub guided: bool,
}

impl Default for Sampling {
    fn default() -> Self {
        Sampling { draws: 1000, warmup: 300, chains: 4, seed: 0, target_accept: 0.8, guided: true }
    }
}

impl Sampling {
    pub(super) fn check(&self) -> Result<()> {
        for (name, value, least) in [("draws", self.draws, 4), ("chains", self.chains, 1)] {
            if value < least {
                return Err(Error::parameter(name, &format!("at least {least}"), value));
            }
        }
        if !(self.target_accept > 0.0 && self.target_accept < 1.0) {
            return Err(Error::parameter("target_accept", "between 0 and 1", self.target_accept));
        }
        Ok(())
    }
}

/// Chains whose R̂ is larger do not agree.
const LARGEST_R_HAT: f64 = 1.01;
/// Fewer effective draws per chain are too few for R̂ and the effective sizes themselves to be relied on.
const EFFECTIVE_PER_CHAIN: f64 = 100.0;

/// Draws from a posterior: chain by chain, draw by draw, parameter by parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PosteriorDraws {
    /// The names of the parameters.
    pub parameters: Vec<String>,
    /// `draws[p][c][d]`: parameter p in draw d of chain c.
    pub draws: Vec<Vec<Vec<f64>>>,
    /// What they say about themselves, by parameter.
    pub mixing: Vec<Diagnostics>,
    /// Draws, of all chains, whose trajectory went astray: the sampler cannot follow the density there, and draws may be missing.
    pub divergences: usize,
    /// Draws whose trajectory was as long as is allowed: slow, not wrong.
    pub longest: usize,
    /// Mean acceptance by chain.
    pub acceptance: Vec<f64>,
    /// Length of a step by chain, in standard deviations.
    pub step: Vec<f64>,
    /// Gradients computed by all chains, with warm-up.
    pub gradients: usize,
    /// Distinct rows that trajectories ran over in place of all, where they did: a few, with weights, whose sum is near that of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<usize>,
    /// The share of draws that the density of all rows then accepted, by chain.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agreed: Vec<f64>,
    /// How it was sampled.
    pub sampling: Sampling,
}

impl PosteriorDraws {
    /// The number of draws of all chains.
    pub fn len(&self) -> usize {
        self.sampling.chains * self.sampling.draws
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The parameters in draw `k`, counted through the chains.
    pub fn theta(&self, k: usize) -> Vec<f64> {
        let (chain, draw) = (k / self.sampling.draws, k % self.sampling.draws);
        self.draws.iter().map(|parameter| parameter[chain][draw]).collect()
    }

    /// Mean of each parameter.
    pub fn mean(&self) -> Vec<f64> {
        let n = self.len() as f64;
        self.draws.iter().map(|chains| chains.iter().flatten().sum::<f64>() / n).collect()
    }

    /// The quantile of each parameter.
    pub fn quantile(&self, p: f64) -> Vec<f64> {
        let one = |chains: &Vec<Vec<f64>>| {
            let mut sorted = chains.concat();
            sorted.sort_unstable_by(f64::total_cmp);
            super::bootstrap::quantile(&sorted, p)
        };
        self.draws.iter().map(one).collect()
    }

    /// Covariance of the parameters.
    pub(super) fn covariance(&self) -> Vec<Vec<f64>> {
        let mean = self.mean();
        let n = self.len() as f64;
        let all: Vec<Vec<f64>> = self.draws.iter().map(|chains| chains.concat()).collect();
        let one = |i: usize, j: usize| {
            all[i].iter().zip(&all[j]).map(|(a, b)| (a - mean[i]) * (b - mean[j])).sum::<f64>() / (n - 1.0)
        };
        (0..all.len()).map(|i| (0..all.len()).map(|j| one(i, j)).collect()).collect()
    }

    /// The largest R̂, and the smallest effective size, of all parameters.
    pub fn worst(&self) -> Diagnostics {
        let worst =
            Diagnostics { r_hat: f64::NEG_INFINITY, ess_bulk: f64::INFINITY, ess_tail: f64::INFINITY };
        // A NaN is the worst of all.
        let larger = |a: f64, b: f64| if a > b || a.is_nan() { a } else { b };
        let smaller = |a: f64, b: f64| if a < b || a.is_nan() { a } else { b };
        self.mixing.iter().fold(worst, |worst, m| Diagnostics {
            r_hat: larger(worst.r_hat, m.r_hat),
            ess_bulk: smaller(worst.ess_bulk, m.ess_bulk),
            ess_tail: smaller(worst.ess_tail, m.ess_tail),
        })
    }

    /// Whether the chains agree and say enough: no R̂ above 1.01, and effective sizes of at least 100 draws per chain, as Vehtari et al. (2021,
    /// section 4.2) ask for.
    pub fn mixed(&self) -> bool {
        let worst = self.worst();
        let enough = EFFECTIVE_PER_CHAIN * self.sampling.chains as f64;
        worst.r_hat <= LARGEST_R_HAT && worst.ess_bulk >= enough && worst.ess_tail >= enough
    }

    /// All but the draws, as JSON.
    ///
    /// # Errors
    /// Never, as far as one can see: there is nothing in it that JSON cannot hold.
    pub fn told(&self) -> Result<String> {
        let told = serde_json::json!({
            "mixing": self.mixing,
            "divergences": self.divergences,
            "longest": self.longest,
            "acceptance": self.acceptance,
            "step": self.step,
            "gradients": self.gradients,
            "rows": self.rows,
            "agreed": self.agreed,
            "sampling": self.sampling,
        });
        serde_json::to_string(&told)
            .map_err(|e| Error::new(ErrorKind::Internal, format!("cannot write what the draws say: {e}")))
    }

    /// Whether the shapes agree with each other; `Err` says it in words.
    pub(super) fn check(&self) -> Result<(), String> {
        let sound = |chains: &Vec<Vec<f64>>| {
            chains.len() == self.sampling.chains
                && chains.iter().all(|c| c.len() == self.sampling.draws && c.iter().all(|v| v.is_finite()))
        };
        match self.draws.len() == self.parameters.len() && !self.is_empty() && self.draws.iter().all(sound) {
            true => Ok(()),
            false => Err(format!(
                "the posterior must have {} finite draws in each of {} chains, for each parameter",
                self.sampling.draws, self.sampling.chains
            )),
        }
    }
}

/// Draw from a posterior density.
///
/// # Errors
/// No mode with a definite Hessian: then the posterior may be improper, and priors are needed.
pub(super) fn sample_posterior(
    posterior: &Posterior<'_>,
    from: Vec<f64>,
    options: &FitOptions,
    control: &Control<'_>,
) -> Result<PosteriorDraws> {
    let sampling = options.sampling;
    let posterior = &posterior.of_coordinates();
    let customers = posterior.customers();
    let origin = from.clone();
    let mode = ascend(posterior, from, options, control)?;
    let covariance = inverse_symmetric(&mode.point.hessian)
        .filter(|inverse| inverse.diag().iter().all(|v| *v > 0.0))
        .map(|inverse| inverse / customers);
    let Some(covariance) = covariance else {
        return Err(improper(posterior, &origin, &mode.at));
    };
    let mode = Normal { centre: mode.at, covariance };
    let guide = match sampling.guided {
        true => Guide::new(posterior, &mode, sampling.seed, control)?,
        false => None,
    };
    let guided = match &guide {
        None => None,
        Some(guide) => match run(posterior, &mode, Some(guide), sampling, control) {
            // It led astray: without it.
            Err(e) if e.kind() == ErrorKind::Numerical => None,
            Ok(chains) if chains.iter().any(|chain| chain.agreed.is_some_and(|agreed| agreed < TRUSTED)) => {
                None
            }
            chains => Some((chains?, guide.rows)),
        },
    };
    let (chains, rows) = match guided {
        Some((chains, rows)) => (chains, Some(rows)),
        None => (run(posterior, &mode, None, sampling, control)?, None),
    };
    for chain in &chains {
        bounded(posterior, &mode.centre, &chain.draws)?;
    }
    let theta: Vec<Vec<Vec<f64>>> =
        chains.iter().map(|chain| chain.draws.iter().map(|u| posterior.theta(u)).collect()).collect();
    let parameters: Vec<String> = posterior.coordinates().iter().map(|c| c.name.to_string()).collect();
    let draws: Vec<Vec<Vec<f64>>> = (0..parameters.len())
        .map(|p| theta.iter().map(|chain| chain.iter().map(|theta| theta[p]).collect()).collect())
        .collect();
    Ok(PosteriorDraws {
        mixing: draws.iter().map(|chains| diagnose(chains)).collect(),
        parameters,
        draws,
        divergences: chains.iter().map(|c| c.divergences).sum(),
        longest: chains.iter().map(|c| c.longest).sum(),
        acceptance: chains.iter().map(|c| c.acceptance).collect(),
        step: chains.iter().map(|c| c.step).collect(),
        gradients: chains.iter().map(|c| c.gradients).sum(),
        rows,
        agreed: chains.iter().filter_map(|c| c.agreed).collect(),
        sampling,
    })
}

/// An error that says that there is no end to the density on the way from one place to another: which parameters run away, and what would hold them.
fn improper(posterior: &Posterior<'_>, from: &[f64], to: &[f64]) -> Error {
    let gone = |(from, to): (&f64, &f64)| (to - from).abs();
    let farthest = from.iter().zip(to).map(gone).fold(0.0, f64::max);
    let coordinates = posterior.coordinates().iter().zip(from.iter().zip(to)).zip(posterior.theta(to));
    let away: Vec<String> = coordinates
        .filter(|((_, pair), _)| gone(*pair) >= 0.25 * farthest)
        .map(|((coordinate, _), value)| format!("{} = {}", coordinate.name, brief(value)))
        .collect();
    Error::new(
        ErrorKind::Numerical,
        format!(
            "the posterior of {} is improper, or nearly so: its density never falls again on the way to {}. A prior on {} makes it proper, such as a gamma \
             distribution with shape 2 and the mean that you expect",
            posterior.title(),
            away.join(", "),
            if away.len() == 1 { "that parameter" } else { "one of them" }
        ),
    )
}

/// Draws of a positive parameter that are farther from the mode than by this factor, e⁴⁶ = 1e20, have run away.
const BOUND: f64 = 46.0;

/// That draws have not run away, as they do sooner or later where there is a mode and yet, behind a valley, no end to the density.
pub(super) fn bounded(posterior: &Posterior<'_>, mode: &[f64], draws: &[Vec<f64>]) -> Result<()> {
    let positive: Vec<bool> = posterior.coordinates().iter().map(|c| c.scale == Scale::Log).collect();
    let away = |u: &&Vec<f64>| {
        u.iter()
            .zip(mode)
            .zip(&positive)
            .any(|((u, mode), positive)| *positive && !((u - mode).abs() < BOUND))
    };
    draws.iter().find(away).map_or(Ok(()), |u| Err(improper(posterior, mode, u)))
}

/// A guide that the density agrees with less often than this is none.
const TRUSTED: f64 = 0.6;

/// A normal approximation of the density.
pub(super) struct Normal {
    pub(super) centre: Vec<f64>,
    pub(super) covariance: Array2<f64>,
}

fn run(
    posterior: &Posterior<'_>,
    mode: &Normal,
    guide: Option<&Guide<'_>>,
    sampling: Sampling,
    control: &Control<'_>,
) -> Result<Vec<Chain>> {
    let Normal { centre, covariance } = guide.map_or(mode, |guide| &guide.normal);
    let trajectories = guide.map_or(1, |guide| guide.trajectories);
    let plan =
        Plan { draws: sampling.draws, warmup: sampling.warmup, target: sampling.target_accept, trajectories };
    let total = (sampling.chains * (sampling.draws + sampling.warmup)) as u64;
    let done = AtomicU64::new(0);
    control.map(sampling.chains, |chain| {
        let alone = control.quiet().threads(1);
        let mut density = match guide {
            None => Density::of(posterior, alone),
            Some(guide) => Density::along(guide, posterior, alone),
        };
        let stream = Stream::new(sampling.seed, chain as u64);
        sample(&mut density, centre, covariance, plan, stream, |at| {
            // As soon as it has run away: on its way it takes ever longer.
            bounded(posterior, centre, &[at.to_vec()])?;
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            control.report(Progress::new("draws", done, Some(total), 0.0));
            control.check()
        })
    })
}
