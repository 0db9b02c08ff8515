//! How dependence changes a likelihood: φ₁φ₂ of a customer who is alive, and its mean over the times of leaving of one who is not, with derivatives.
//!
//! φ = E\[e^(−X) | history\] − E\[e^(−X)\] with X ~ Gamma(shape, rate) is e^(−S κ(a)) − e^(−S₀ κ(a₀)), κ(a) = ln(1 + 1/a): formed from the difference of the exponents,
//! so that nothing cancels. The time of leaving u has the density of the integrand e^G of Pareto/NBD's R, so that for f = φ₁φ₂, with means under it,
//!
//! f̄ᵢ = E\[fᵢ\] + Cov(f, Gᵢ),
//! f̄ᵢⱼ = E\[fᵢⱼ\] + Cov(fᵢ, Gⱼ) + Cov(fⱼ, Gᵢ) + Cov(f, Gᵢⱼ) + E\[(f − f̄)(Gᵢ − Ḡᵢ)(Gⱼ − Ḡⱼ)\].

use crate::clv::local::Local;
use crate::clv::panels::Path;
use crate::math::vector::{exp_slice, expm1_slice, ln_1p_slice};

/// A function of a shape and a rate with its derivatives: value, by shape, by rate, twice by shape, by both, twice by rate.
type Jet2 = [f64; 6];

/// E\[e^(−X)\], X ~ Gamma(shape, rate), with derivatives.
fn kernel(shape: f64, rate: f64) -> Jet2 {
    let kappa = (1.0 / rate).ln_1p();
    derived(shape, rate, kappa, (-shape * kappa).exp())
}

/// The same where κ of the rate and the value are known.
fn derived(shape: f64, rate: f64, kappa: f64, value: f64) -> Jet2 {
    let slope = -1.0 / (rate * (rate + 1.0));
    let bend = (2.0 * rate + 1.0) * slope * slope;
    [
        value,
        -kappa * value,
        -shape * slope * value,
        kappa * kappa * value,
        (shape * kappa - 1.0) * slope * value,
        shape * (shape * slope * slope - bend) * value,
    ]
}

/// φ: of a customer with one gamma distribution now and another before, whose parameters differ by constants. The value of φ is `gap`.
fn phi(known: &Jet2, prior: &Jet2, gap: f64) -> Jet2 {
    let mut phi: Jet2 = std::array::from_fn(|i| known[i] - prior[i]);
    phi[0] = gap;
    phi
}

/// The value of φ.
pub(super) fn gap(now: (f64, f64), before: (f64, f64)) -> f64 {
    let (known, prior) = (now.0 * (1.0 / now.1).ln_1p(), before.0 * (1.0 / before.1).ln_1p());
    if known > prior {
        (-prior).exp() * (prior - known).exp_m1()
    } else {
        -(-known).exp() * (known - prior).exp_m1()
    }
}

/// φ₁φ₂ by (r, α, s, β), where both are at some history.
fn product(one: &Jet2, two: &Jet2) -> Local<4> {
    let gradient = [one[1] * two[0], one[2] * two[0], one[0] * two[1], one[0] * two[2]];
    let mut hessian = [[0.0; 4]; 4];
    for (i, j, k) in [(0, 0, 3), (0, 1, 4), (1, 1, 5)] {
        hessian[i][j] = one[k] * two[0];
        hessian[i + 2][j + 2] = one[0] * two[k];
    }
    for i in 0..2 {
        for j in 0..2 {
            hessian[i][j + 2] = one[1 + i] * two[1 + j];
        }
    }
    for i in 1..4 {
        for j in 0..i {
            hessian[i][j] = hessian[j][i];
        }
    }
    Local { value: one[0] * two[0], gradient, hessian }
}

/// φ₁φ₂ of a customer who is alive at T.
pub(super) fn alive(theta: [f64; 4], row: &[f64]) -> f64 {
    let [r, alpha, s, beta] = theta;
    let (x, age) = (row[0], row[2]);
    gap((r + x, alpha + age), (r, alpha)) * gap((s, beta + age), (s, beta))
}

/// The mean of φ₁φ₂ over the time of leaving, T > t_x.
pub(super) fn left(theta: [f64; 4], row: &[f64]) -> f64 {
    Dependence::new(theta).left_value(row)
}

/// The times since t_x at which the customer may have left, and what is known of each.
#[derive(Default)]
struct Times {
    delta: Vec<f64>,
    weight: Vec<f64>,
    /// ln(1 + Δ/(α + t_x)) and ln(1 + Δ/(β + t_x)).
    fallen: [Vec<f64>; 2],
    /// κ of the rate, e^(−S κ), and φ, of the purchase rate and of the rate of leaving.
    kappa: [Vec<f64>; 2],
    kernel: [Vec<f64>; 2],
    gap: [Vec<f64>; 2],
    total: f64,
}

/// How dependence changes the likelihoods of many rows.
pub(super) struct Dependence {
    theta: [f64; 4],
    /// E\[e^(−λ)\] and E\[e^(−μ)\] before any history.
    prior: [Jet2; 2],
    times: Times,
}

impl Dependence {
    pub(super) fn new(theta: [f64; 4]) -> Dependence {
        let [r, alpha, s, beta] = theta;
        Dependence { theta, prior: [kernel(r, alpha), kernel(s, beta)], times: Times::default() }
    }

    /// φ₁φ₂ of a customer who is alive at T, with derivatives.
    pub(super) fn alive(&self, row: &[f64]) -> Local<4> {
        let [r, alpha, s, beta] = self.theta;
        let (x, age) = (row[0], row[2]);
        let of = |i: usize, now: (f64, f64), before: (f64, f64)| {
            phi(&kernel(now.0, now.1), &self.prior[i], gap(now, before))
        };
        product(&of(0, (r + x, alpha + age), (r, alpha)), &of(1, (s, beta + age), (s, beta)))
    }

    /// Fill in the times at which the customer of a row may have left.
    fn visit(&mut self, row: &[f64]) {
        let [r, alpha, s, beta] = self.theta;
        let (x, recency, age) = (row[0], row[1], row[2]);
        let (a, b, shape) = (alpha + recency, beta + recency, r + x);
        let path = Path::plain(a.min(b));
        let fallen = |delta: f64| -shape * (delta / a).ln_1p() - s * (delta / b).ln_1p();
        let log = |v: f64| {
            let delta = path.at(v);
            fallen(delta) - (delta / b).ln_1p() + v
        };
        // Those who are there leave at some time: the integral of what S says.
        let beyond = (s * path.scale / b).ln();
        let Times { delta, weight, fallen: [by_a, by_b], .. } = &mut self.times;
        for column in [&mut *delta, &mut *weight, &mut *by_a, &mut *by_b] {
            column.clear();
        }
        let mut total = 0.0;
        path.walk(
            0.0,
            path.to(age - recency),
            log,
            |v| fallen(path.at(v)) - beyond,
            |from, width, rule| {
                let first = delta.len();
                delta.extend(rule.nodes.iter().map(|node| from + node * width));
                weight.extend_from_slice(&delta[first..]);
                let (delta, weight) = (&mut delta[first..], &mut weight[first..]);
                expm1_slice(delta);
                delta.iter_mut().for_each(|delta| *delta *= path.scale);
                by_a.extend(delta.iter().map(|delta| delta / a));
                by_b.extend(delta.iter().map(|delta| delta / b));
                ln_1p_slice(&mut by_a[first..]);
                ln_1p_slice(&mut by_b[first..]);
                for (w, (la, lb)) in weight.iter_mut().zip(by_a[first..].iter().zip(&by_b[first..])) {
                    *w -= shape * la + (s + 1.0) * lb;
                }
                exp_slice(weight);
                let mut sum = 0.0;
                for (w, share) in weight.iter_mut().zip(&rule.weights) {
                    *w *= share * width;
                    sum += *w;
                }
                total += sum;
                sum
            },
        );
        self.times.total = total;
        self.gaps(0, shape, alpha + recency, (r, alpha));
        self.gaps(1, s + 1.0, beta + recency, (s, beta));
    }

    /// κ, e^(−S κ) and φ at each time, as [`gap`] has it.
    fn gaps(&mut self, which: usize, shape: f64, rate: f64, before: (f64, f64)) {
        let prior = before.0 * (1.0 / before.1).ln_1p();
        let Times { delta, kappa, kernel, gap, .. } = &mut self.times;
        let (kappa, kernel, gap) = (&mut kappa[which], &mut kernel[which], &mut gap[which]);
        kappa.clear();
        kappa.extend(delta.iter().map(|delta| 1.0 / (rate + delta)));
        ln_1p_slice(kappa);
        kernel.clear();
        kernel.extend(kappa.iter().map(|kappa| -shape * kappa));
        gap.clear();
        gap.extend(kernel.iter().map(|exponent| -(exponent + prior).abs()));
        expm1_slice(gap);
        let before = (-prior).exp();
        exp_slice(kernel);
        for ((gap, kernel), kappa) in gap.iter_mut().zip(kernel.iter()).zip(kappa.iter()) {
            *gap *= if shape * kappa > prior { before } else { -kernel };
        }
    }

    /// The mean of φ₁φ₂ over the time of leaving, T > t_x.
    pub(super) fn left_value(&mut self, row: &[f64]) -> f64 {
        self.visit(row);
        self.mean()
    }

    fn mean(&self) -> f64 {
        let Times { weight, gap: [one, two], total, .. } = &self.times;
        weight.iter().zip(one.iter().zip(two)).map(|(w, (one, two))| w * (one * two)).sum::<f64>() / total
    }

    /// The same with derivatives.
    pub(super) fn left(&mut self, row: &[f64]) -> Local<4> {
        self.visit(row);
        let [r, alpha, s, beta] = self.theta;
        let (x, recency) = (row[0], row[1]);
        let (a, b, m) = (alpha + recency, beta + recency, r + x);
        let times = &self.times;
        let f = self.mean();
        // ∂G, but for what does not depend on the time, which no covariance knows.
        let slopes = |i: usize| {
            let delta = times.delta[i];
            let (far_a, far_b) = (1.0 / (a + delta), 1.0 / (b + delta));
            let (by_rate, by_leaving) = (delta * far_a / a, delta * far_b / b);
            let slopes = [-times.fallen[0][i], m * by_rate, -times.fallen[1][i], s * by_leaving - far_b];
            (slopes, [far_a, far_b, by_rate, by_leaving])
        };
        let mut g = [0.0; 4];
        for (i, w) in times.weight.iter().enumerate() {
            let (slopes, _) = slopes(i);
            g.iter_mut().zip(slopes).for_each(|(g, slope)| *g += w * slope);
        }
        g.iter_mut().for_each(|g| *g /= times.total);
        let mut sum = Local::<4>::default();
        for (i, &w) in times.weight.iter().enumerate() {
            let (slopes, [far_a, far_b, by_rate, by_leaving]) = slopes(i);
            let of = |which: usize, shape: f64, rate: f64| {
                let (kappa, value) = (times.kappa[which][i], times.kernel[which][i]);
                phi(&derived(shape, rate, kappa, value), &self.prior[which], times.gap[which][i])
            };
            let at = product(
                &of(0, m, alpha + recency + times.delta[i]),
                &of(1, s + 1.0, beta + recency + times.delta[i]),
            );
            let off = at.value - f;
            let centred: [f64; 4] = std::array::from_fn(|i| slopes[i] - g[i]);
            for i in 0..4 {
                sum.gradient[i] += w * (at.gradient[i] + off * centred[i]);
                for j in 0..4 {
                    sum.hessian[i][j] += w
                        * (at.hessian[i][j]
                            + at.gradient[i] * centred[j]
                            + at.gradient[j] * centred[i]
                            + off * (centred[i] * centred[j]));
                }
            }
            // ∂²G.
            for (i, j, bend) in [
                (0, 1, by_rate),
                (1, 1, -m * by_rate * (1.0 / a + far_a)),
                (2, 3, by_leaving),
                (3, 3, far_b * far_b - s * by_leaving * (1.0 / b + far_b)),
            ] {
                let more = w * off * bend;
                sum.hessian[i][j] += more;
                if i != j {
                    sum.hessian[j][i] += more;
                }
            }
        }
        let share = 1.0 / times.total;
        let mut local = Local { value: f, ..Local::default() };
        local.gradient = sum.gradient.map(|v| v * share);
        local.hessian = sum.hessian.map(|row| row.map(|v| v * share));
        local
    }
}
