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
//!
//! **Trajectories along a guide.** Where the gradient of the target costs much and one of a density near it little, trajectories follow the latter, and the target itself decides: from x
//! they lead to y by a kernel that is reversible for the guide π̃, and y is accepted with probability min(1, π(y) π̃(x)/(π(x) π̃(y))), which leaves the target π exactly as it is
//! (Christen & Fox 2005, Markov chain Monte Carlo using an approximation, Journal of Computational and Graphical Statistics 14(4), 795–810). The kernel is reversible because a
//! trajectory is as likely from each of its points, and the choice among them by weights is, at each doubling, too. The warm-up is on the guide alone.

use crate::error::Result;
use crate::math::{exp_log::log1p_exp, linalg::cholesky, random::Stream};
use ndarray::Array2;
use std::rc::Rc;

/// How a chain is run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    /// Draws that are kept.
    pub(super) draws: usize,
    /// Draws before, in which the step and the metric are found.
    pub(super) warmup: usize,
    /// The mean acceptance that the step aims at.
    pub(super) target: f64,
    /// Trajectories from one draw to the next: more than one where they cost little beside the density that decides.
    pub(super) trajectories: usize,
}

/// What a chain gave.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    /// Draw by draw, the point.
    pub(super) draws: Vec<Vec<f64>>,
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
    /// The share of draws that the density itself accepted; none where trajectories follow it.
    pub(super) agreed: Option<f64>,
}

/// A trajectory has at most 2¹⁰ steps.
const DEEPEST: usize = 10;
/// An error of the energy from which on the steps no longer follow the dynamics.
const DIVERGENT: f64 = 1000.0;
/// From so many draws on the second half of the warm-up uses their covariance.
const LEARN_FROM: usize = 100;
/// The approximation at the mode counts as much as so many draws.
const PRIOR_DRAWS: f64 = 20.0;

/// What is sampled from.
pub(super) trait Target {
    /// What trajectories follow: −ln density, up to a constant, and its gradient.
    fn energy(&mut self, at: &[f64], gradient: &mut [f64]) -> Result<f64>;

    /// −ln density itself, where trajectories follow a guide; none where the energy is that.
    fn truth(&mut self, _at: &[f64]) -> Result<Option<f64>> {
        Ok(None)
    }
}

/// A point with its momentum, and what the target says there.
#[derive(Debug)]
struct State {
    z: Vec<f64>,
    p: Vec<f64>,
    energy: f64,
    /// Gradient of the energy by z.
    gradient: Vec<f64>,
}

impl State {
    fn hamiltonian(&self) -> f64 {
        self.energy + 0.5 * dot(&self.p, &self.p)
    }

    /// The same place, with this momentum.
    fn with(&self, p: Vec<f64>) -> State {
        State { z: self.z.clone(), p, energy: self.energy, gradient: self.gradient.clone() }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// a + c b.
fn plus(a: &[f64], c: f64, b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + c * b).collect()
}

/// Part of a trajectory: its ends, the point chosen, ln of its weight, and the sum of its momenta.
struct Tree {
    left: Rc<State>,
    right: Rc<State>,
    chosen: Rc<State>,
    ln_weight: f64,
    momenta: Vec<f64>,
    /// Whether it turned back, or the steps went astray: then it grows no further.
    over: bool,
}

impl Tree {
    fn leaf(state: Rc<State>, ln_weight: f64, over: bool) -> Tree {
        let momenta = state.p.clone();
        Tree { left: Rc::clone(&state), right: Rc::clone(&state), chosen: state, ln_weight, momenta, over }
    }
}

/// The affine map between z and u, and the state of one chain.
struct Sampler<'a, T> {
    target: &'a mut T,
    centre: Vec<f64>,
    /// L, lower triangular, row by row.
    factor: Vec<f64>,
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
    mut told: impl FnMut(&[f64]) -> Result<()>,
) -> Result<Chain> {
    let n = centre.len();
    let mut sampler = Sampler {
        target,
        centre: centre.to_vec(),
        factor: cholesky(covariance).unwrap_or_else(|| Array2::eye(n)).into_iter().collect(),
        step: 1.0,
        stream,
        gradients: 0,
        divergent: false,
        acceptance: 0.0,
        leaps: 0,
    };
    let mut state = Rc::new(sampler.begin()?);
    let mut chain = Chain {
        draws: Vec::with_capacity(plan.draws),
        divergences: 0,
        longest: 0,
        acceptance: 0.0,
        step: 1.0,
        gradients: 0,
        agreed: None,
    };
    // By how much the truth is more than the guide where the chain stands, and how often it agreed.
    let (mut excess, mut agreed) = (None, 0.0);
    let mut tuning = sampler.reasonable_step(&state).map(Tuning::new)?;
    let mut seen: Vec<Vec<f64>> = Vec::new();
    for draw in 0..plan.warmup + plan.draws {
        told(&sampler.place(&state.z))?;
        let warming = draw < plan.warmup;
        if warming {
            sampler.step = tuning.step();
        } else if draw == plan.warmup && plan.warmup > 0 {
            sampler.step = tuning.settled();
        }
        if warming {
            sampler.next(&mut state)?;
            let acceptance = sampler.acceptance / sampler.leaps.max(1) as f64;
            tuning.learn(acceptance, plan.target);
            seen.push(sampler.place(&state.z));
            let half = plan.warmup / 2;
            if draw + 1 == half && half >= LEARN_FROM {
                // The first quarter may still be on its way from the start.
                let at = sampler.place(&state.z);
                sampler.learn(&seen[half / 2..], covariance);
                state = Rc::new(sampler.state_at(&at)?);
                tuning = sampler.reasonable_step(&state).map(Tuning::new)?;
            }
            continue;
        }
        if draw == plan.warmup {
            excess = sampler.excess(&state)?;
        }
        let before = excess.map(|excess| (Rc::clone(&state), excess));
        let (mut divergent, mut longest) = (false, false);
        for _ in 0..plan.trajectories {
            longest |= sampler.next(&mut state)? == DEEPEST;
            divergent |= sampler.divergent;
            let acceptance = sampler.acceptance / sampler.leaps.max(1) as f64;
            chain.acceptance += acceptance / (plan.draws * plan.trajectories) as f64;
        }
        if let (Some((origin, left)), Some(entered)) = (before, sampler.excess(&state)?) {
            if sampler.stream.uniform().ln() < left - entered {
                excess = Some(entered);
                agreed += 1.0;
            } else {
                state = origin;
            }
        }
        chain.draws.push(sampler.place(&state.z));
        chain.divergences += usize::from(divergent);
        chain.longest += usize::from(longest);
    }
    chain.agreed = excess.map(|_| agreed / plan.draws as f64);
    chain.step = sampler.step;
    chain.gradients = sampler.gradients;
    Ok(chain)
}

impl<T: Target> Sampler<'_, T> {
    /// u of z.
    fn place(&self, z: &[f64]) -> Vec<f64> {
        let rows = self.factor.chunks_exact(z.len()).enumerate();
        rows.zip(&self.centre).map(|((i, row), centre)| centre + dot(&row[..=i], &z[..=i])).collect()
    }

    /// By how much −ln density is more than what the trajectory followed.
    fn excess(&mut self, state: &State) -> Result<Option<f64>> {
        let at = self.place(&state.z);
        Ok(self.target.truth(&at)?.map(|truth| truth - state.energy))
    }

    fn state(&mut self, z: Vec<f64>, p: Vec<f64>) -> Result<State> {
        self.gradients += 1;
        let n = z.len();
        let mut by_u = vec![0.0; n];
        let energy = self.target.energy(&self.place(&z), &mut by_u)?;
        let mut gradient = vec![0.0; n];
        for ((i, row), g) in self.factor.chunks_exact(n).enumerate().zip(&by_u) {
            gradient[..=i].iter_mut().zip(row).for_each(|(sum, l)| *sum += l * g);
        }
        let finite = energy.is_finite() && gradient.iter().all(|g| g.is_finite());
        Ok(State { z, p, energy: if finite { energy } else { f64::INFINITY }, gradient })
    }

    /// The state at a place u, at rest.
    fn state_at(&mut self, u: &[f64]) -> Result<State> {
        // L z = u − centre, by forward substitution.
        let n = u.len();
        let mut z = plus(u, -1.0, &self.centre);
        for i in 0..n {
            let row = &self.factor[i * n..][..n];
            z[i] = (z[i] - dot(&row[..i], &z[..i])) / row[i];
        }
        self.state(z, vec![0.0; n])
    }

    /// A place around the centre where the density is not 0; the centre itself after many trials.
    fn begin(&mut self) -> Result<State> {
        let n = self.centre.len();
        for _ in 0..50 {
            let z = (0..n).map(|_| 1.5 * self.stream.normal()).collect();
            let state = self.state(z, vec![0.0; n])?;
            if state.energy.is_finite() {
                return Ok(state);
            }
        }
        self.state(vec![0.0; n], vec![0.0; n])
    }

    /// The covariance of some draws, and of the approximation, as the new metric.
    fn learn(&mut self, seen: &[Vec<f64>], covariance: &Array2<f64>) {
        let n = self.centre.len();
        let count = seen.len() as f64;
        let mean: Vec<f64> = (0..n).map(|i| seen.iter().map(|u| u[i]).sum::<f64>() / count).collect();
        let mut scatter = covariance * PRIOR_DRAWS;
        for u in seen {
            let d = plus(u, -1.0, &mean);
            for i in 0..n {
                for j in 0..n {
                    scatter[[i, j]] += d[i] * d[j];
                }
            }
        }
        if let Some(factor) = cholesky(&(scatter / (count + PRIOR_DRAWS))) {
            (self.factor, self.centre) = (factor.into_iter().collect(), mean);
        }
    }

    /// One step of the leapfrog integrator, of this signed length.
    fn leap(&mut self, from: &State, step: f64) -> Result<State> {
        let p = plus(&from.p, -0.5 * step, &from.gradient);
        let z = plus(&from.z, step, &p);
        let mut to = self.state(z, p)?;
        to.p.iter_mut().zip(&to.gradient).for_each(|(p, g)| *p -= 0.5 * step * g);
        Ok(to)
    }

    fn momentum(&mut self) -> Vec<f64> {
        (0..self.centre.len()).map(|_| self.stream.normal()).collect()
    }

    /// A step at which one leap is accepted with a probability of about 0.8: doubled or halved from 1 on.
    fn reasonable_step(&mut self, state: &State) -> Result<f64> {
        let mut step = 1.0;
        let mut direction = 0.0;
        for _ in 0..40 {
            let from = state.with(self.momentum());
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
    fn next(&mut self, state: &mut Rc<State>) -> Result<usize> {
        let begun = state.with(self.momentum());
        let start = begun.hamiltonian();
        (self.divergent, self.acceptance, self.leaps) = (false, 0.0, 0);
        let mut tree = Tree::leaf(Rc::new(begun), 0.0, false);
        let mut depth = 0;
        while depth < DEEPEST && !tree.over {
            let forwards = self.stream.uniform() < 0.5;
            let from = Rc::clone(if forwards { &tree.right } else { &tree.left });
            let grown = self.grow(&from, forwards, depth, start)?;
            depth += 1;
            if grown.over {
                break;
            }
            // The new half is favoured, which leaves the distribution as it is and moves farther.
            if self.stream.uniform().ln() < grown.ln_weight - tree.ln_weight {
                tree.chosen = Rc::clone(&grown.chosen);
            }
            let chosen = Rc::clone(&tree.chosen);
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
            return Ok(Tree::leaf(Rc::new(to), if lost { f64::NEG_INFINITY } else { gain }, lost));
        }
        let first = self.grow(from, forwards, depth - 1, start)?;
        if first.over {
            return Ok(first);
        }
        let edge = Rc::clone(if forwards { &first.right } else { &first.left });
        let second = self.grow(&edge, forwards, depth - 1, start)?;
        let total = ln_sum(first.ln_weight, second.ln_weight);
        let chosen = match self.stream.uniform().ln() < second.ln_weight - total {
            true => Rc::clone(&second.chosen),
            false => Rc::clone(&first.chosen),
        };
        let mut tree = if forwards { join(first, second) } else { join(second, first) };
        tree.chosen = chosen;
        Ok(tree)
    }
}

/// Two neighbouring parts of a trajectory as one.
fn join(left: Tree, right: Tree) -> Tree {
    let momenta = plus(&left.momenta, 1.0, &right.momenta);
    let turns = turned(&momenta, &[], &left.left.p, &right.right.p)
        || turned(&left.momenta, &right.left.p, &left.left.p, &right.left.p)
        || turned(&right.momenta, &left.right.p, &left.right.p, &right.right.p);
    Tree {
        ln_weight: ln_sum(left.ln_weight, right.ln_weight),
        over: left.over || right.over || turns,
        left: left.left,
        right: right.right,
        chosen: left.chosen,
        momenta,
    }
}

/// Whether a stretch with this sum of momenta, and one more where there is one, turns back on itself at an end.
fn turned(momenta: &[f64], more: &[f64], first: &[f64], last: &[f64]) -> bool {
    let ends = |end: &[f64]| dot(momenta, end) + dot(more, end) > 0.0;
    !(ends(first) && ends(last))
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
