//! Chains: what every sampler shares, be its sweep what it may.

use crate::control::{Control, Progress};
use crate::error::{Error, Result};
use crate::math::random::{Stream, philox4x64};
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicU64, Ordering};

/// How long is sampled, and from which seed. The same seed gives the same draws on any number of threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sampling {
    /// The seed of all random numbers.
    pub seed: u64,
    /// Chains that begin apart; R̂ needs more than one to say much.
    pub chains: usize,
    /// Sweeps at the beginning of each chain that are thrown away.
    pub burn_in: usize,
    /// Draws kept of each chain.
    pub draws: usize,
    /// Sweeps from one draw that is kept to the next.
    pub thin: usize,
}

impl Default for Sampling {
    fn default() -> Self {
        Sampling { seed: 1, chains: 4, burn_in: 500, draws: 1000, thin: 1 }
    }
}

/// Numbers that a posterior may hold: 160 MB.
const MOST_NUMBERS: usize = 20_000_000;

impl Sampling {
    /// # Errors
    /// A number is 0 or absurd, or there are fewer than four draws.
    pub(super) fn check(&self, parameters: usize) -> Result<()> {
        let within = |name, value: usize, least: usize, most: usize| match (least..=most).contains(&value) {
            true => Ok(()),
            false => Err(Error::parameter(name, &format!("from {least} to {most}"), value)),
        };
        within("chains", self.chains, 1, 256)?;
        within("burn_in", self.burn_in, 0, 10_000_000)?;
        within("thin", self.thin, 1, 100_000)?;
        within("draws", self.draws, 4, MOST_NUMBERS / self.chains / parameters)
    }
}

/// Which random numbers: those of a sweep of a chain, for the population or for one customer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key {
    population: u64,
    customers: u64,
}

impl Key {
    pub(super) fn new(seed: u64, chain: u64, sweep: u64) -> Key {
        // The generator is a bijection of counters under a key, so that these seeds are as good as distinct.
        let [population, customers, ..] = philox4x64([sweep, chain, 1, 1], [seed, 1]);
        Key { population, customers }
    }

    pub(super) fn population(&self) -> Stream {
        Stream::new(self.population, 0)
    }

    pub(super) fn customer(&self, index: usize) -> Stream {
        Stream::new(self.customers, index as u64)
    }
}

/// A sampler of the parameters of a population.
pub(super) trait Sampler: Sync {
    /// Where a chain stands.
    type State: Send;

    /// The name of the work, for reports on progress.
    const STAGE: &'static str;

    /// The names of the parameters.
    fn parameters(&self) -> Vec<String>;

    /// Where a chain begins: each somewhere else.
    fn start(&self, stream: &mut Stream, control: &Control<'_>) -> Result<Self::State>;

    /// One sweep over everything. `burn_in` says how much of the burn-in is over, from 0 to 1; only below 1 may the sampler adapt itself.
    fn sweep(&self, state: &mut Self::State, key: Key, burn_in: f64, control: &Control<'_>) -> Result<()>;

    /// The parameters as they stand.
    fn tell(&self, state: &Self::State, parameters: &mut [f64]);
}

/// Run the chains: parameter by parameter, chain by chain, draw by draw.
pub(super) fn run<S: Sampler>(
    sampler: &S,
    sampling: &Sampling,
    control: &Control<'_>,
) -> Result<Vec<Vec<Vec<f64>>>> {
    let count = sampler.parameters().len();
    sampling.check(count)?;
    let sweeps = sampling.burn_in + sampling.draws * sampling.thin;
    let done = AtomicU64::new(0);
    // Threads go to the chains first; what is left over, to the customers of each.
    let inner = (control.thread_count() / sampling.chains).max(1);
    let chains = control.map(sampling.chains, |chain| {
        let within = control.threads(inner);
        let chain = chain as u64;
        let mut state = sampler.start(&mut Key::new(sampling.seed, chain, u64::MAX).population(), &within)?;
        let mut kept = vec![Vec::with_capacity(sampling.draws); count];
        let mut parameters = vec![0.0; count];
        for sweep in 0..sweeps {
            within.check()?;
            let burn_in = if sweep < sampling.burn_in { sweep as f64 / sampling.burn_in as f64 } else { 1.0 };
            sampler.sweep(&mut state, Key::new(sampling.seed, chain, sweep as u64), burn_in, &within)?;
            sampler.tell(&state, &mut parameters);
            if sweep >= sampling.burn_in && (sweep - sampling.burn_in + 1).is_multiple_of(sampling.thin) {
                kept.iter_mut().zip(&parameters).for_each(|(kept, &value)| kept.push(value));
            }
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            let total = (sweeps * sampling.chains) as u64;
            control.report(Progress::new(S::STAGE, done, Some(total), parameters[0]));
        }
        Ok(kept)
    })?;
    let of = |parameter: usize| chains.iter().map(|chain| chain[parameter].clone()).collect();
    Ok((0..count).map(of).collect())
}
