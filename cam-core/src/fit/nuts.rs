//! The no-U-turn sampler: draws from a density by following its gradient.
//!
//! Hamiltonian dynamics carry a point z with momentum p along level sets of U(z) + ½ pᵀp, U = −ln density. A trajectory is doubled, forwards or
//! backwards at random, until it turns back on itself, and the next draw is one of its points, by their weights e^(−H).
//!
//! Sources: Hoffman & Gelman (2014), The No-U-Turn Sampler, Journal of Machine Learning Research 15, 1593–1623, for doubling and for the choice of the step by dual
//! averaging; Betancourt (2017), A conceptual introduction to Hamiltonian Monte Carlo, arXiv:1701.02434, appendix A, for multinomial weights and the turning criterion by the sum of
//! the momenta, which is also asked of the halves that meet in the middle.
//!
//! The target is whitened: z = L⁻¹ (u − û) with L Lᵀ the covariance of the normal approximation at the mode, so that it is near a standard normal, the metric is the identity,
//! the step is about 1, and a trajectory has three or seven steps. There is hardly anything to warm up: half way the covariance of the draws so far takes
//! the place of the approximation, which matters where the posterior is skewed.

use crate::error::Result;
use crate::math::{exp_log::log1p_exp, linalg::cholesky, random::Stream};
use ndarray::{Array1, Array2};

/// How a chain is run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    /// Draws that are kept.
    pub(super) draws: usize,
    /// Draws before, in which the step and the metric are found.
    pub(super) warmup: usize,
    /// The mean acceptance that the step aims at.
    pub(super) target: f64,
}

/// What a chain gave.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    /// Draw by draw, the point.
    pub(super) draws: Vec<Array1<f64>>,
    /// Draws whose trajectory left the range in which the steps follow the dynamics.
    pub(super) divergences: usize,
    /// Draws whose trajectory was as long as is allowed.
    pub(super) longest: usize,
    /// Mean acceptance of the draws that are kept.
    pub(super) acceptance: f64,
    /// The step, in units of standard deviations.
    pub(super) step: f64,
    /// Gradients computed, with warm-up.
    pub(super) gradients: usize,
}

/// A trajectory has at most 2¹⁰ steps.
const DEEPEST: usize = 10;
/// An error of the energy from which on the steps no longer follow the dynamics.
const DIVERGENT: f64 = 1000.0;
/// From so many draws on the second half of the warm-up uses their covariance.
const LEARN_FROM: usize = 100;
/// The approximation at the mode counts as much as so many draws.
const PRIOR_DRAWS: f64 = 20.0;

/// −ln density of the target, up to a constant, and its gradient.
pub(super) trait Target {
    fn energy(&mut self, at: &Array1<f64>) -> Result<(f64, Array1<f64>)>;
}

/// A point with its momentum, and what the target says there.
#[derive(Debug, Clone)]
struct State {
    z: Array1<f64>,
    p: Array1<f64>,
    energy: f64,
    /// Gradient of the energy by z.
    gradient: Array1<f64>,
}

impl State {
    fn hamiltonian(&self) -> f64 {
        self.energy + 0.5 * self.p.dot(&self.p)
    }
}

/// Part of a trajectory: its ends, the point chosen, ln of its weight, and the sum of its momenta.
struct Tree {
    left: State,
    right: State,
    chosen: State,
    ln_weight: f64,
    momenta: Array1<f64>,
    /// Whether it turned back, or the steps went astray: then it grows no further.
    over: bool,
}

impl Tree {
    fn leaf(state: State, ln_weight: f64, over: bool) -> Tree {
        let momenta = state.p.clone();
        Tree { left: state.clone(), right: state.clone(), chosen: state, ln_weight, momenta, over }
    }
}

/// The affine map between z and u, and the state of one chain.
struct Sampler<'a, T> {
    target: &'a mut T,
    centre: Array1<f64>,
    /// L, lower triangular.
    factor: Array2<f64>,
    step: f64,
    stream: Stream,
    gradients: usize,
    /// Of the current trajectory.
    divergent: bool,
    acceptance: f64,
    leaps: usize,
}

/// A chain from a random point around `centre`, for a target whose covariance is about `covariance`. `told` hears the number of each draw.
pub(super) fn sample<T: Target>(
    target: &mut T,
    centre: &[f64],
    covariance: &Array2<f64>,
    plan: Plan,
    stream: Stream,
    mut told: impl FnMut(usize) -> Result<()>,
) -> Result<Chain> {
    let n = centre.len();
    let mut sampler = Sampler {
        target,
        centre: Array1::from(centre.to_vec()),
        factor: cholesky(covariance).unwrap_or_else(|| Array2::eye(n)),
        step: 1.0,
        stream,
        gradients: 0,
        divergent: false,
        acceptance: 0.0,
        leaps: 0,
    };
    let mut state = sampler.begin()?;
    let mut chain = Chain {
        draws: Vec::with_capacity(plan.draws),
        divergences: 0,
        longest: 0,
        acceptance: 0.0,
        step: 1.0,
        gradients: 0,
    };
    let mut tuning = sampler.reasonable_step(&state).map(Tuning::new)?;
    let mut seen: Vec<Array1<f64>> = Vec::new();
    for draw in 0..plan.warmup + plan.draws {
        told(draw)?;
        let warming = draw < plan.warmup;
        if warming {
            sampler.step = tuning.step();
        } else if draw == plan.warmup && plan.warmup > 0 {
            sampler.step = tuning.settled();
        }
        let depth = sampler.next(&mut state)?;
        let acceptance = sampler.acceptance / sampler.leaps.max(1) as f64;
        if warming {
            tuning.learn(acceptance, plan.target);
            seen.push(sampler.place(&state.z));
            let half = plan.warmup / 2;
            if draw + 1 == half && half >= LEARN_FROM {
                // The first quarter may still be on its way from the start.
                let at = sampler.place(&state.z);
                sampler.learn(&seen[half / 2..], covariance);
                state = sampler.state_at(&at)?;
                tuning = sampler.reasonable_step(&state).map(Tuning::new)?;
            }
            continue;
        }
        chain.draws.push(sampler.place(&state.z));
        chain.divergences += usize::from(sampler.divergent);
        chain.longest += usize::from(depth == DEEPEST);
        chain.acceptance += acceptance / plan.draws as f64;
    }
    chain.step = sampler.step;
    chain.gradients = sampler.gradients;
    Ok(chain)
}

impl<T: Target> Sampler<'_, T> {
    /// u of z.
    fn place(&self, z: &Array1<f64>) -> Array1<f64> {
        &self.centre + &self.factor.dot(z)
    }

    fn state(&mut self, z: Array1<f64>, p: Array1<f64>) -> Result<State> {
        self.gradients += 1;
        let (energy, gradient) = self.target.energy(&self.place(&z))?;
        let gradient = self.factor.t().dot(&gradient);
        let finite = energy.is_finite() && gradient.iter().all(|g| g.is_finite());
        Ok(State { z, p, energy: if finite { energy } else { f64::INFINITY }, gradient })
    }

    /// The state at a place u, at rest.
    fn state_at(&mut self, u: &Array1<f64>) -> Result<State> {
        // L z = u − centre, by forward substitution.
        let n = u.len();
        let mut z = u - &self.centre;
        for i in 0..n {
            for k in 0..i {
                z[i] -= self.factor[[i, k]] * z[k];
            }
            z[i] /= self.factor[[i, i]];
        }
        self.state(z, Array1::zeros(n))
    }

    /// A place around the centre where the density is not 0; the centre itself after many trials.
    fn begin(&mut self) -> Result<State> {
        let n = self.centre.len();
        for _ in 0..50 {
            let z = Array1::from_shape_fn(n, |_| 1.5 * self.stream.normal());
            let state = self.state(z, Array1::zeros(n))?;
            if state.energy.is_finite() {
                return Ok(state);
            }
        }
        self.state(Array1::zeros(n), Array1::zeros(n))
    }

    /// The covariance of some draws, and of the approximation, as the new metric.
    fn learn(&mut self, seen: &[Array1<f64>], covariance: &Array2<f64>) {
        let n = self.centre.len();
        let count = seen.len() as f64;
        let mean = seen.iter().fold(Array1::zeros(n), |sum, u| sum + u) / count;
        let mut scatter = covariance * PRIOR_DRAWS;
        for u in seen {
            let d = u - &mean;
            for i in 0..n {
                for j in 0..n {
                    scatter[[i, j]] += d[i] * d[j];
                }
            }
        }
        if let Some(factor) = cholesky(&(scatter / (count + PRIOR_DRAWS))) {
            (self.factor, self.centre) = (factor, mean);
        }
    }

    /// One step of the leapfrog integrator, of this signed length.
    fn leap(&mut self, from: &State, step: f64) -> Result<State> {
        let p = &from.p - &(&from.gradient * (0.5 * step));
        let z = &from.z + &(&p * step);
        let mut to = self.state(z, p)?;
        to.p = &to.p - &(&to.gradient * (0.5 * step));
        Ok(to)
    }

    fn momentum(&mut self) -> Array1<f64> {
        Array1::from_shape_fn(self.centre.len(), |_| self.stream.normal())
    }

    /// A step at which one leap is accepted with a probability of about 0.8: doubled or halved from 1 on.
    fn reasonable_step(&mut self, state: &State) -> Result<f64> {
        let mut step = 1.0;
        let mut direction = 0.0;
        for _ in 0..40 {
            let mut from = state.clone();
            from.p = self.momentum();
            let to = self.leap(&from, step)?;
            let gain = from.hamiltonian() - to.hamiltonian();
            // NaN is a step too far.
            let wanted = if gain > 0.8f64.ln() { 1.0 } else { -1.0 };
            if direction == 0.0 {
                direction = wanted;
            }
            if wanted != direction || step > 4.0 {
                break;
            }
            step *= if direction > 0.0 { 2.0 } else { 0.5 };
        }
        Ok(step)
    }

    /// Replace the state by the next draw; how often the trajectory was doubled.
    fn next(&mut self, state: &mut State) -> Result<usize> {
        state.p = self.momentum();
        let start = state.hamiltonian();
        (self.divergent, self.acceptance, self.leaps) = (false, 0.0, 0);
        let mut tree = Tree::leaf(state.clone(), 0.0, false);
        let mut depth = 0;
        while depth < DEEPEST && !tree.over {
            let forwards = self.stream.uniform() < 0.5;
            let from = if forwards { tree.right.clone() } else { tree.left.clone() };
            let grown = self.grow(&from, forwards, depth, start)?;
            depth += 1;
            if grown.over {
                break;
            }
            // The new half is favoured, which leaves the distribution as it is and moves farther.
            if self.stream.uniform().ln() < grown.ln_weight - tree.ln_weight {
                tree.chosen = grown.chosen.clone();
            }
            let chosen = tree.chosen.clone();
            tree = if forwards { join(tree, grown) } else { join(grown, tree) };
            tree.chosen = chosen;
        }
        *state = tree.chosen;
        Ok(depth)
    }

    /// 2^depth steps from here.
    fn grow(&mut self, from: &State, forwards: bool, depth: usize, start: f64) -> Result<Tree> {
        if depth == 0 {
            let to = self.leap(from, if forwards { self.step } else { -self.step })?;
            let gain = start - to.hamiltonian();
            let lost = !(gain > -DIVERGENT);
            self.divergent |= lost;
            self.leaps += 1;
            self.acceptance += if gain.is_nan() { 0.0 } else { gain.min(0.0).exp() };
            return Ok(Tree::leaf(to, if lost { f64::NEG_INFINITY } else { gain }, lost));
        }
        let first = self.grow(from, forwards, depth - 1, start)?;
        if first.over {
            return Ok(first);
        }
        let edge = if forwards { first.right.clone() } else { first.left.clone() };
        let second = self.grow(&edge, forwards, depth - 1, start)?;
        let total = ln_sum(first.ln_weight, second.ln_weight);
        let chosen = match self.stream.uniform().ln() < second.ln_weight - total {
            true => second.chosen.clone(),
            false => first.chosen.clone(),
        };
        let mut tree = if forwards { join(first, second) } else { join(second, first) };
        tree.chosen = chosen;
        Ok(tree)
    }
}

/// Two neighbouring parts of a trajectory as one.
fn join(left: Tree, right: Tree) -> Tree {
    let momenta = &left.momenta + &right.momenta;
    let turns = turned(&momenta, &left.left.p, &right.right.p)
        || turned(&(&left.momenta + &right.left.p), &left.left.p, &right.left.p)
        || turned(&(&right.momenta + &left.right.p), &left.right.p, &right.right.p);
    Tree {
        ln_weight: ln_sum(left.ln_weight, right.ln_weight),
        over: left.over || right.over || turns,
        left: left.left,
        right: right.right,
        chosen: left.chosen,
        momenta,
    }
}

/// Whether a stretch with this sum of momenta turns back on itself at an end.
fn turned(momenta: &Array1<f64>, first: &Array1<f64>, last: &Array1<f64>) -> bool {
    !(momenta.dot(first) > 0.0 && momenta.dot(last) > 0.0)
}

/// ln(eᵃ + eᵇ).
fn ln_sum(a: f64, b: f64) -> f64 {
    let (high, low) = if a > b { (a, b) } else { (b, a) };
    if low == f64::NEG_INFINITY { high } else { high + log1p_exp(low - high) }
}

/// The step by dual averaging (Hoffman & Gelman 2014, section 3.2, with their constants).
struct Tuning {
    towards: f64,
    count: f64,
    shortfall: f64,
    ln_step: f64,
    mean: f64,
}

impl Tuning {
    fn new(step: f64) -> Tuning {
        Tuning {
            towards: (10.0 * step).ln(),
            count: 0.0,
            shortfall: 0.0,
            ln_step: step.ln(),
            mean: step.ln(),
        }
    }

    fn learn(&mut self, acceptance: f64, target: f64) {
        let (gamma, t0, kappa) = (0.05, 10.0, 0.75);
        self.count += 1.0;
        let weight = 1.0 / (self.count + t0);
        self.shortfall += weight * (target - acceptance - self.shortfall);
        self.ln_step = self.towards - self.count.sqrt() / gamma * self.shortfall;
        let rate = self.count.powf(-kappa);
        self.mean += rate * (self.ln_step - self.mean);
    }

    /// The step to try next.
    fn step(&self) -> f64 {
        self.ln_step.clamp(-30.0, 2.0).exp()
    }

    /// The step to stay with.
    fn settled(&self) -> f64 {
        self.mean.clamp(-30.0, 2.0).exp()
    }
}
