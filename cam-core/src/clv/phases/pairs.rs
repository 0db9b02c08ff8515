//! Pairs of discounted purchases, where intervals have more than one phase.
//!
//! Of a customer whose rates are known – phases end at rate λ, and a share q stays after a purchase – let g be the expected sum of D(tᵢ) D(tⱼ) over pairs
//! i < j of purchases. It comes of a walk along the phases on two levels. On the first no purchase has been chosen, and time costs twice the
//! discount; a purchase leads on there, with q, and it leads, with q, to the second level, where it is the first of the pair, and time costs
//! the discount once; a purchase there leads on, with q, and it is the second of the pair, which is counted. At a continuous rate δ, for one phase of k after the other,
//!
//! ```text
//! dg₁/dt = (M − 2δ) g₁ + λ q B g₂,   dg₂/dt = (M − δ) g₂ + λ B,      t the time that is left,
//! ```
//!
//! M the walk, B its step over a purchase. All that is not on the diagonal is positive, so that powers of a short step, doubled and doubled again, lose
//! nothing to cancellation; a whole period at a rate per period is such a step, too, and so is any number of them. For ever at a continuous rate, geometric series give
//!
//! ```text
//! g = q θ₁ᵏ/(1 − q θ₁ᵏ) · θ₂^(k−j)/(1 − q θ₂ᵏ),   θ₁ = λ/(λ + δ), θ₂ = λ/(λ + 2δ).
//! ```
//!
//! Then the mean is taken over p, with one q in the distribution, b + 1, and over λ. As a function of λ it rings at k phases per purchase, as everything does
//! here; it depends on n = kx + j and on λ alone, whatever the age, and is interpolated.

use super::{Counting, forever, future};
use crate::clv::lifetime::Lifetime;
use crate::clv::variance::Squares;
use crate::math::{
    exp_log::logistic,
    mixing::{beta_mixing_logits, step},
    octaves::Octaves,
};

/// From here on a discount is nothing: e^(−60).
const NOTHING: f64 = 60.0;

/// The longest step that is summed up as a series: so many changes are expected within it.
const SHORT: f64 = 4.0;

/// (n, λ) ↦ the mean over p.
type Known = Box<dyn Fn(f64, f64) -> f64 + Send + Sync>;

/// Pairs of purchases of a customer who is alive.
pub(super) struct Pairs {
    of: Counting,
    cells: f64,
    known: Octaves<Known>,
}

impl Pairs {
    pub(super) fn new(of: Counting, squares: Squares) -> Pairs {
        let cells = future::cells(of.k);
        let known = move |n: f64, rate: f64| over_dropout(&of, squares.once, n, rate.powf(1.0 / cells));
        Pairs { of, cells, known: Octaves::new(Box::new(known)) }
    }

    /// E\[Σ_{i≠j} D(tᵢ) D(tⱼ)\] for n phases that have ended, and α + T.
    pub(super) fn expected(&self, n: f64, rate: f64) -> f64 {
        let m = self.of.r + n;
        let mut reader = self.known.reader();
        let ln_rate = rate.ln();
        // The strip in which it is analytic is the narrower the more it rings.
        let narrow = (2.0 / self.of.k).min(1.0);
        2.0 * forever::mean(m, narrow * step(m), |y| {
            reader.at_log2(n, (y - ln_rate) * std::f64::consts::LOG2_E * self.cells).ln()
        })
    }
}

/// The mean of g over p, for a rate λ.
fn over_dropout(of: &Counting, lifetime: Lifetime, n: f64, rate: f64) -> f64 {
    let now = of.future(n);
    let phase = now.phase as usize;
    // p matters from the inverse of the number of purchases on, and where it does g falls as 1/p².
    let purchases = 1.0 + rate * lifetime.longest() / of.k;
    let rule = beta_mixing_logits(now.a, now.b + 1.0, 0.25 / purchases, 2.0 * (2.0 * purchases).ln());
    let mut walk = Walk::new(of.k as usize);
    now.b / (now.a + now.b) * rule.expect(|y| walk.pairs(&lifetime, rate, [logistic(-y), logistic(y)], phase))
}

/// The matrix of one step, and what is counted in it: level 1 to 1 is `kept` times `second`, 1 to 2 `chosen`, 2 to 2 `second`, all k × k and row by row; `both`
/// and `last` are what is counted from level 1 and from level 2.
struct Step {
    kept: f64,
    second: Vec<f64>,
    chosen: Vec<f64>,
    both: Vec<f64>,
    last: Vec<f64>,
}

impl Step {
    fn new(k: usize) -> Step {
        let zeros = |n| vec![0.0; n];
        Step { kept: 1.0, second: zeros(k * k), chosen: zeros(k * k), both: zeros(k), last: zeros(k) }
    }

    /// Count from level 1 and from level 2, where this step is before what counts `both` and `last`.
    fn before(&self, [both, last]: &mut [Vec<f64>; 2], spare: &mut [Vec<f64>; 2]) {
        let k = both.len();
        let dot = |matrix: &[f64], i: usize, vector: &[f64]| -> f64 {
            matrix[i * k..(i + 1) * k].iter().zip(vector).map(|(a, b)| a * b).sum()
        };
        for i in 0..k {
            spare[0][i] = self.both[i] + self.kept * dot(&self.second, i, both) + dot(&self.chosen, i, last);
            spare[1][i] = self.last[i] + dot(&self.second, i, last);
        }
        std::mem::swap(both, &mut spare[0]);
        std::mem::swap(last, &mut spare[1]);
    }
}

/// Steps of a customer, with room for what they are made of.
struct Walk {
    k: usize,
    step: Step,
    /// The matrices of the step that is being made, and what is counted in it.
    next: [Vec<f64>; 2],
    counted: [Vec<f64>; 2],
    spare: [Vec<f64>; 2],
}

impl Walk {
    fn new(k: usize) -> Walk {
        let two = |n: usize| [vec![0.0; n], vec![0.0; n]];
        Walk { k, step: Step::new(k), next: two(k * k), counted: two(k), spare: two(k) }
    }

    /// g/q of a customer in this phase, for λ, q and p.
    fn pairs(&mut self, lifetime: &Lifetime, rate: f64, [stay, leave]: [f64; 2], phase: usize) -> f64 {
        let k = self.k;
        match *lifetime {
            Lifetime::Continuous { rate: delta, horizon: f64::INFINITY } => {
                // 1 − qθᵏ = (1 − θᵏ) + pθᵏ, both positive.
                let left = |phases: usize, delta: f64| -(phases as f64) * (delta / rate).ln_1p();
                let share = |phases: usize, delta: f64| {
                    let all = left(k, delta);
                    left(phases, delta).exp() / (leave * all.exp() - all.exp_m1())
                };
                share(k - phase, 2.0 * delta) * share(k, delta)
            }
            Lifetime::Continuous { rate: delta, horizon } => {
                self.set(rate, stay, delta, horizon);
                self.step.both[phase]
            }
            Lifetime::PerPeriod { rate: log, discount, whole, part, .. } => {
                let mut counted = [vec![0.0; k], vec![0.0; k]];
                if part > 0.0 {
                    self.set(rate, stay, 0.0, part);
                    self.discount(discount);
                    counted = [self.step.both.clone(), self.step.last.clone()];
                }
                // T to the power of the number of periods, by its binary digits; powers of T commute, so that the order does not matter.
                let mut periods = whole.min((NOTHING / log).ceil());
                if periods >= 1.0 {
                    self.set(rate, stay, 0.0, 1.0);
                    self.discount(discount);
                }
                while periods >= 1.0 {
                    if periods % 2.0 == 1.0 {
                        self.step.before(&mut counted, &mut self.spare);
                    }
                    periods = (0.5 * periods).floor();
                    if periods >= 1.0 {
                        self.double();
                    }
                }
                counted[0][phase]
            }
        }
    }

    /// The step over a period counts at its discount.
    fn discount(&mut self, discount: f64) {
        let Step { kept, second, chosen, both, last } = &mut self.step;
        *kept *= discount;
        second.iter_mut().chain(last).for_each(|v| *v *= discount);
        chosen.iter_mut().chain(both).for_each(|v| *v *= discount * discount);
    }

    /// The step of this length: a short one, doubled.
    fn set(&mut self, rate: f64, stay: f64, delta: f64, length: f64) {
        // As many changes as are expected at most.
        let changes = (rate + 2.0 * delta) * length;
        let doublings = (changes / SHORT).log2().ceil().max(0.0);
        self.series(rate, stay, delta, length * (-doublings).exp2());
        for _ in 0..doublings as u32 {
            self.double();
        }
    }

    /// A short step by uniformisation: a Poisson number of changes, each of them one matrix with a few entries in a row.
    fn series(&mut self, rate: f64, stay: f64, delta: f64, length: f64) {
        let k = self.k;
        let clock = rate + 2.0 * delta;
        let changes = clock * length;
        let (go, stays, waits) = (rate / clock, rate * stay / clock, delta / clock);
        // After n changes.
        let [second, chosen] = &mut self.next;
        let [both, last] = &mut self.counted;
        for of in [&mut *second, &mut *chosen, &mut *both, &mut *last] {
            of.fill(0.0);
        }
        (0..k).for_each(|i| second[i * k + i] = 1.0);
        let step = &mut self.step;
        step.kept = (-delta * length).exp();
        for sum in [&mut step.second, &mut step.chosen, &mut step.both, &mut step.last] {
            sum.fill(0.0);
        }
        let (mut weight, mut n) = ((-changes).exp(), 0.0);
        loop {
            for (sum, now) in [
                (&mut step.second, &*second),
                (&mut step.chosen, &*chosen),
                (&mut step.both, &*both),
                (&mut step.last, &*last),
            ] {
                sum.iter_mut().zip(now).for_each(|(sum, now)| *sum += weight * now);
            }
            n += 1.0;
            weight *= changes / n;
            // What comes after 2k and more changes may be all that is counted, however rare it is.
            if n > changes + 2.0 * k as f64
                && weight <= 1e-20 * step.both.iter().fold(1.0, |least: f64, v| least.min(*v))
            {
                break;
            }
            // One change more, before the others.
            for column in 0..k {
                let (first, begun) = (second[column], chosen[column]);
                for i in 0..k {
                    let at = i * k + column;
                    let beyond = if i + 1 < k { second[at + k] } else { 0.0 };
                    chosen[at] = if i + 1 < k { go * chosen[at + k] } else { stays * begun + go * first };
                    second[at] = waits * second[at] + if i + 1 < k { go * beyond } else { stays * first };
                }
            }
            let (first, begun) = (last[0], both[0]);
            for i in 0..k {
                both[i] = if i + 1 < k { go * both[i + 1] } else { stays * begun + go * first };
                last[i] = waits * last[i] + if i + 1 < k { go * last[i + 1] } else { stays * first + go };
            }
        }
    }

    /// The step twice.
    fn double(&mut self) {
        let k = self.k;
        let [squared, chosen] = &mut self.next;
        squared.fill(0.0);
        chosen.fill(0.0);
        let step = &mut self.step;
        for i in 0..k {
            for j in 0..k {
                let (a, b) = (step.second[i * k + j], step.chosen[i * k + j]);
                let kept = step.kept * a;
                for l in 0..k {
                    let (then, later) = (step.second[j * k + l], step.chosen[j * k + l]);
                    squared[i * k + l] += a * then;
                    chosen[i * k + l] += kept * later + b * then;
                }
            }
        }
        self.counted[0].copy_from_slice(&step.both);
        self.counted[1].copy_from_slice(&step.last);
        step.before(&mut self.counted, &mut self.spare);
        step.both.copy_from_slice(&self.counted[0]);
        step.last.copy_from_slice(&self.counted[1]);
        std::mem::swap(&mut step.second, squared);
        std::mem::swap(&mut step.chosen, chosen);
        step.kept *= step.kept;
    }
}
