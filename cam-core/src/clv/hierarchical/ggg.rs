//! Pareto/GGG by Gibbs sampling, collapsed as far as it goes.
//!
//! k ~ Gamma(t, γ), λ ~ Gamma(r, α), μ ~ Gamma(s, β) across customers, independent: Platzer & Reutterer (2016), Marketing Science 35(5),
//! 779–799. A sweep:
//!
//! 1. each customer's ln k and ln λ by slice steps, with the moment of leaving integrated out ([`Timed`]); then that moment, given them;
//! 2. (t, γ) given all k and (r, α) given all λ, the rates integrated out of the density of the shapes;
//! 3. (s, β) given the moments of leaving, with every μ *and* s integrated out: leaving is Lomax distributed, the likelihood
//!    s^D Π (1 + c/β)^(−s) (β + c)^(−d) is that of a gamma distribution in s, and one number is left to draw; then s; then each μ, exactly;
//! 4. every k (or λ) times one factor, γ (or α) over it; and their logarithms stretched about that of their mean, (t, γ) going along (Liu & Sabatti 2000, *Biometrika*
//!    87, 353–369). That moves the population against what its own customers would allow; step 2 moves it with them (Yu & Meng 2011, *JCGS* 20, 531–570).
//!
//! Step 3 is what the mixing of s and β hangs on: given every μ they could hardly move.

use super::chain::{Key, Sampler};
use super::ggg_customer::{Logs, Timed};
use super::prior::{GammaPrior, Population, PopulationPrior};
use super::{data, names, slice};
use crate::control::{CHUNK, Control};
use crate::error::{Error, ErrorKind, Result};
use crate::math::{gamma::ln_gamma, random::Stream};
use crate::rows::Purpose;
use crate::table::Table;

pub(super) struct Ggg {
    pub(super) customers: Vec<Timed>,
    /// t, γ, r, α, s, β.
    pub(super) priors: [GammaPrior; 6],
}

/// A customer as he or she stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    pub(super) at: Logs,
    /// Whether he or she has left, 1 or 0; and the time until then, or until T.
    left: f64,
    until: f64,
}

#[cfg(test)]
impl Standing {
    pub(super) fn at(at: Logs) -> Standing {
        Standing { at, left: 0.0, until: 0.0 }
    }
}

pub(super) struct State {
    /// Of k, λ and μ.
    pub(super) populations: [Population; 3],
    pub(super) customers: Vec<Standing>,
}

impl Ggg {
    pub(super) fn new(table: &Table<'_>, priors: [GammaPrior; 6]) -> Result<Ggg> {
        let rows = data::timed(table, Purpose::Fit)?;
        let customers: Vec<Timed> = rows.chunks_exact(4).map(Timed::new).collect();
        if customers.iter().all(|customer| customer.x == 0.0) {
            return Err(Error::new(
                ErrorKind::NotEnoughData,
                "no customer has bought again (frequency is 0 in every row): nothing is known of intervals",
            ));
        }
        Ok(Ggg { customers, priors })
    }

    fn prior(&self, i: usize) -> PopulationPrior {
        PopulationPrior { shape: self.priors[2 * i], rate: self.priors[2 * i + 1] }
    }

    /// Σ ln L with ln k (`i` = 0) or ln λ (1) of every customer put elsewhere.
    fn ln_likelihood(
        &self,
        standing: &[Standing],
        i: usize,
        control: &Control<'_>,
        place: impl Fn(f64) -> f64 + Sync,
    ) -> Result<f64> {
        let n = self.customers.len();
        let parts = control.map(n.div_ceil(CHUNK), |chunk| {
            let range = chunk * CHUNK..n.min((chunk + 1) * CHUNK);
            let each = self.customers[range.clone()].iter().zip(&standing[range]);
            let moved = each.map(|(customer, standing)| {
                let mut at = standing.at;
                at[i] = place(at[i]);
                customer.ln_likelihood(&at)
            });
            Ok(moved.sum::<f64>())
        })?;
        Ok(parts.iter().sum())
    }

    /// Step 4: every k (or λ) times e^δ, its rate over e^δ. The customers' density times their Jacobian stays as it is.
    fn scale(&self, state: &mut State, i: usize, stream: &mut Stream, control: &Control<'_>) -> Result<()> {
        let prior = self.priors[2 * i + 1];
        let rate = state.populations[i].rate.ln();
        let by = slice::move_by(self.customers.len(), stream, |by| {
            let sum = self.ln_likelihood(&state.customers, i, control, |log| log + by)?;
            Ok(sum + prior.ln_density_of_log(rate - by))
        })?;
        state.customers.iter_mut().for_each(|customer| customer.at[i] += by);
        state.populations[i].rate = (rate - by).exp();
        Ok(())
    }

    /// Step 4: the logarithms stretched about that of the mean by e^δ, shape and rate over e^(2δ), so that the mean stays. The Jacobian is e^(nδ).
    fn stretch(&self, state: &mut State, i: usize, stream: &mut Stream, control: &Control<'_>) -> Result<()> {
        let priors = self.prior(i);
        let population = state.populations[i];
        let centre = (population.shape / population.rate).ln();
        let n = self.customers.len() as f64;
        let with = |by: f64| Population {
            shape: population.shape * (-2.0 * by).exp(),
            rate: population.rate * (-2.0 * by).exp(),
        };
        let by = slice::move_by(self.customers.len(), stream, |by| {
            let (to, factor) = (with(by), by.exp());
            let place = |log: f64| centre + factor * (log - centre);
            let own: f64 = state.customers.iter().map(|c| to.ln_density_of_log(place(c.at[i]))).sum();
            let normalised = own + n * (to.shape * to.rate.ln() - ln_gamma(to.shape) + by);
            let prior =
                priors.shape.ln_density_of_log(to.shape.ln()) + priors.rate.ln_density_of_log(to.rate.ln());
            Ok(normalised + prior + self.ln_likelihood(&state.customers, i, control, place)?)
        })?;
        let factor = by.exp();
        state.customers.iter_mut().for_each(|c| c.at[i] = centre + factor * (c.at[i] - centre));
        state.populations[i] = with(by);
        Ok(())
    }

    /// (s, β) given who left when, every μ integrated out.
    fn leaving(&self, state: &mut State, stream: &mut Stream) {
        let [shape, rate] = [self.priors[4], self.priors[5]];
        let left: f64 = state.customers.iter().map(|c| c.left).sum();
        // Σ ln(1 + c/β), and Σ over those who left of ln(β + c).
        let sums = |log_beta: f64| {
            let beta = log_beta.exp();
            state.customers.iter().fold((0.0, 0.0), |(all, gone), c| {
                let log = (c.until / beta).ln_1p();
                (all + log, gone + c.left * (log + log_beta))
            })
        };
        let ln_density = |log_beta: f64| {
            let (all, gone) = sums(log_beta);
            rate.ln_density_of_log(log_beta) - gone - (shape.shape + left) * (shape.rate + all).ln()
        };
        let mut at = (state.populations[2].rate.ln(), ln_density(state.populations[2].rate.ln()));
        for _ in 0..2 {
            at = slice::step(at.0, at.1, 1.0, stream, ln_density);
        }
        let s = stream.gamma(shape.shape + left) / (shape.rate + sums(at.0).0);
        state.populations[2] = Population { shape: s.max(f64::MIN_POSITIVE), rate: at.0.exp() };
    }
}

impl Sampler for Ggg {
    type State = State;
    const STAGE: &'static str = "pareto_ggg";

    fn parameters(&self) -> Vec<String> {
        names::GGG.map(String::from).to_vec()
    }

    fn start(&self, stream: &mut Stream, _: &Control<'_>) -> Result<State> {
        let n = self.customers.len() as f64;
        let age = self.customers.iter().map(|c| c.age).sum::<f64>() / n;
        let rate = self.customers.iter().map(|c| c.x).sum::<f64>() / (n * age);
        let mut apart = |value: f64| value * (0.5 * stream.normal()).exp();
        let populations = [
            Population { shape: apart(2.0), rate: apart(2.0) },
            Population { shape: apart(0.7), rate: apart(0.7 / rate) },
            Population { shape: apart(0.7), rate: apart(0.7 * age) },
        ];
        let standing = |c: &Timed| Standing {
            at: [0.0, ((c.x + 0.5) / (c.age + 0.5 / rate)).ln(), -age.ln()],
            left: 0.0,
            until: c.age,
        };
        Ok(State { populations, customers: self.customers.iter().map(standing).collect() })
    }

    fn sweep(&self, state: &mut State, key: Key, _: f64, control: &Control<'_>) -> Result<()> {
        let populations = state.populations;
        control.fill(&mut state.customers, |first, chunk| {
            for (i, standing) in chunk.iter_mut().enumerate() {
                let (customer, stream) = (&self.customers[first + i], &mut key.customer(first + i));
                let ln_prior = |at: &Logs| {
                    populations.iter().zip(at).map(|(p, &log)| p.ln_density_of_log(log)).sum::<f64>()
                };
                // μ is drawn exactly below.
                standing.at = customer.step(2, standing.at, ln_prior, stream);
                let leaving = customer.draw_leaving(&standing.at, stream);
                standing.left = f64::from(u8::from(leaving.is_some()));
                standing.until = leaving.map_or(customer.age, |after| customer.recency + after);
            }
            Ok(())
        })?;
        let stream = &mut key.population();
        let n = self.customers.len() as f64;
        for i in 0..2 {
            let (sum, logs) = state
                .customers
                .iter()
                .fold((0.0, 0.0), |(sum, logs), c| (sum + c.at[i].exp(), logs + c.at[i]));
            state.populations[i].step(&self.prior(i), n, sum, logs, stream);
        }
        self.leaving(state, stream);
        let Population { shape, rate } = state.populations[2];
        let again = stream.next_u64();
        control.fill(&mut state.customers, |first, chunk| {
            for (i, c) in chunk.iter_mut().enumerate() {
                let stream = &mut Stream::new(again, (first + i) as u64);
                c.at[2] = stream.ln_gamma_variate(shape + c.left) - (rate + c.until).ln();
            }
            Ok(())
        })?;
        // Half of the moves each time: they cost as much as all the rest.
        let i = usize::from(stream.uniform() < 0.5);
        self.scale(state, i, stream, control)?;
        self.stretch(state, i, stream, control)
    }

    fn tell(&self, state: &State, parameters: &mut [f64]) {
        let all = state.populations.iter().flat_map(|p| [p.shape, p.rate]);
        parameters.iter_mut().zip(all).for_each(|(p, value)| *p = value);
    }
}
