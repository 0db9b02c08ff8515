//! ln of the odds that a customer has left: the one integral behind Pareto/NBD.
//!
//! R = s ∫ₜₓᵀ ((α+T)/(α+u))^m ((β+T)/(β+u))^s du/(β+u), m = r + x. Let c be the smaller of α and β, d the larger. In the variable
//! v = ln((c+u)/(c+t_x)) the integrand is e^(−φ(v)) with
//!
//! φ(v) = (e_c − 1) v + e_d ln(1 + κ(eᵛ − 1)), κ = (c+t_x)/(d+t_x) ≤ 1,
//!
//! where e_α = m and e_β = s + 1. φ is convex and its only singularities lie at distance π from the real axis, so Gauss–Legendre nodes converge at a
//! known rate. Where φ has risen by 37 the rest is below one unit in the last place and is cut off.
//!
//! The derivatives are the moments of the integrand's own derivatives under the normalised integrand (differentiation under the
//! integral), from the same nodes.

use crate::clv::local::Local;
use crate::math::{
    quadrature::legendre,
    vector::{Exp, Expm1, Kernel, Ln1p, Wide, widest},
};

/// e^(−37) = 8.5e-17.
const CUT: f64 = 37.0;

/// ln of the odds that the customer of each row (x, t_x, T) has left; −∞ where T = t_x.
pub(super) fn log_odds(theta: [f64; 4], rows: &[f64], out: &mut [f64]) {
    widest(LogOdds { theta, rows, out });
}

/// The same with derivatives, for T > t_x.
pub(in crate::clv) fn log_odds_with_derivatives(theta: [f64; 4], row: &[f64]) -> Local<4> {
    left::<2>(theta, row, logs(theta, row)).unwrap_or_default()
}

struct LogOdds<'a> {
    theta: [f64; 4],
    rows: &'a [f64],
    out: &'a mut [f64],
}

impl Wide for LogOdds<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (row, out) in self.rows.chunks_exact(3).zip(self.out) {
            let left = left::<0>(self.theta, row, logs(self.theta, row));
            *out = left.map_or(f64::NEG_INFINITY, |left| left.value);
        }
    }
}

/// Σ w times the log-likelihood of a row but for ln Γ(r + x)/Γ(r): −r ln(1 + T/α) − x ln(α + T) − s ln(1 + T/β) + ln(1 + R), with derivatives
/// up to the order.
pub(super) fn sum_log_likelihood<const ORDER: usize>(
    theta: [f64; 4],
    rows: &[f64],
    weights: &[f64],
) -> Local<4> {
    widest(LogLikelihood::<ORDER> { theta, rows, weights })
}

struct LogLikelihood<'a, const ORDER: usize> {
    theta: [f64; 4],
    rows: &'a [f64],
    weights: &'a [f64],
}

impl<const ORDER: usize> Wide for LogLikelihood<'_, ORDER> {
    type Output = Local<4>;

    #[inline(always)]
    fn run(self) -> Local<4> {
        let [r, alpha, s, beta] = self.theta;
        let mut sum = Local::default();
        for (row, &weight) in self.rows.chunks_exact(3).zip(self.weights).filter(|(_, weight)| **weight > 0.0)
        {
            let (x, age) = (row[0], row[2]);
            let logs = logs(self.theta, row);
            let mut local = Local::default();
            local.add_silence(0, r, alpha, age, -logs.alpha_age);
            local.add_silence(2, s, beta, age, -logs.beta_age);
            local.add_purchases(1, x, alpha + age);
            if let Some(left) = left::<ORDER>(self.theta, row, logs) {
                local.add_softplus(&left);
            }
            sum.add(weight, &local);
        }
        sum
    }
}

/// The four logarithms of a row: ln(1 + T/c), and ln(1 + (T − t_x)/(c + t_x)), for c = α and β.
#[derive(Clone, Copy)]
struct Logs {
    alpha_age: f64,
    beta_age: f64,
    alpha_silence: f64,
    beta_silence: f64,
}

#[inline(always)]
fn logs(theta: [f64; 4], row: &[f64]) -> Logs {
    let [_, alpha, _, beta] = theta;
    let (recency, age) = (row[1], row[2]);
    let silence = age - recency;
    let mut logs = [age / alpha, age / beta, silence / (alpha + recency), silence / (beta + recency)];
    Ln1p::over(&mut logs);
    Logs { alpha_age: logs[0], beta_age: logs[1], alpha_silence: logs[2], beta_silence: logs[3] }
}

/// ln R for one row, with derivatives up to the order; none where T = t_x, when R = 0.
#[inline(always)]
fn left<const ORDER: usize>(theta: [f64; 4], row: &[f64], logs: Logs) -> Option<Local<4>> {
    let (x, recency, age) = (row[0], row[1], row[2]);
    if age <= recency {
        return None;
    }
    let [r, alpha, s, beta] = theta;
    let mut z = log_integral::<ORDER>(theta, x, recency, logs);
    z.add_silence(0, r + x, alpha + recency, age - recency, logs.alpha_silence);
    z.add_silence(2, s, beta + recency, age - recency, logs.beta_silence);
    z.gradient[2] += 1.0 / s;
    z.hessian[2][2] -= 1.0 / (s * s);
    Some(z)
}

/// ln s ∫ₜₓᵀ ((α+t_x)/(α+u))^m ((β+t_x)/(β+u))^(s+1) du/(β+t_x), with derivatives of all but the factor s.
#[inline(always)]
fn log_integral<const ORDER: usize>(theta: [f64; 4], x: f64, recency: f64, logs: Logs) -> Local<4> {
    let [r, alpha, s, beta] = theta;
    let m = r + x;
    let (a0, b0) = (alpha + recency, beta + recency);
    let alpha_is_near = a0 <= b0;
    let (near, far, e_near, e_far) = if alpha_is_near { (a0, b0, m, s + 1.0) } else { (b0, a0, s + 1.0, m) };
    let kappa = near / far;
    let phi = |v: f64| (e_near - 1.0) * v + e_far * (kappa * v.exp_m1()).ln_1p();
    let (log_near, log_far) = match alpha_is_near {
        true => (logs.alpha_silence, logs.beta_silence),
        false => (logs.beta_silence, logs.alpha_silence),
    };
    let (end, phi_end) = cut(phi, log_near, (e_near - 1.0) * log_near + e_far * log_far, |v| {
        let grown = kappa * v.exp();
        (e_near - 1.0) + e_far * grown / (1.0 - kappa + grown)
    });

    let panels = (end / 2.5).ceil().max(1.0);
    let width = end / panels;
    let mut sums = Sums::default();
    let (mut from, mut phi_from) = (0.0, 0.0);
    for k in 0..panels as usize {
        let to = if k + 1 == panels as usize { end } else { from + width };
        let phi_to = if k + 1 == panels as usize { phi_end } else { phi(to) };
        let rule = legendre(nodes(phi_to - phi_from, to - from));
        let n = rule.nodes.len();
        // All nodes at once, so that the compiler can take several per instruction. On each: eᵛ − 1, ln((d+u)/(d+t_x)), and the weight.
        let (mut grown, mut log_far, mut w) = ([0.0; NODES], [0.0; NODES], [0.0; NODES]);
        let (grown, log_far, w) = (&mut grown[..n], &mut log_far[..n], &mut w[..n]);
        for (e, node) in grown.iter_mut().zip(&rule.nodes) {
            *e = from + node * (to - from);
        }
        Expm1::over(grown);
        for (l, e) in log_far.iter_mut().zip(grown.iter()) {
            *l = kappa * e;
        }
        Ln1p::over(log_far);
        for ((w, l), node) in w.iter_mut().zip(log_far.iter()).zip(&rule.nodes) {
            *w = -(e_near - 1.0) * (from + node * (to - from)) - e_far * l;
        }
        Exp::over(w);
        for (w, weight) in w.iter_mut().zip(&rule.weights) {
            *w *= weight * (to - from);
        }
        if ORDER > 0 {
            let shape = Shape { near, far, kappa, e_near, e_far };
            sums.add::<ORDER>(&shape, from, to - from, &rule.nodes, grown, log_far, w);
        } else {
            sums.total += w.iter().sum::<f64>();
        }
        (from, phi_from) = (to, phi_to);
    }
    let total = sums.total;
    let product = total * (near / b0) * s;
    // Extreme parameters: the product of the three may be too small for a number.
    let value = if product > 1e-290 { product.ln() } else { total.ln() + (near / b0).ln() + s.ln() };
    if ORDER == 0 {
        return Local { value, ..Local::default() };
    }
    // From (near, far) to (α, β).
    let (a, b) = if alpha_is_near { (0, 1) } else { (1, 0) };
    let mean = |i: usize| sums.first[i] / total;
    let (log_a, gap_a, log_b, gap_b) = (2 * a, 2 * a + 1, 2 * b, 2 * b + 1);
    let gradient = [mean(log_a), mean(gap_a), mean(log_b), mean(gap_b) - 1.0 / b0];
    if ORDER == 1 {
        return Local { value, gradient, ..Local::default() };
    }
    let covariance =
        |i: usize, j: usize| sums.second[TRIANGLE[i.max(j)] + i.min(j)] / total - mean(i) * mean(j);
    let order = [log_a, gap_a, log_b, gap_b];
    let mut hessian = [[0.0; 4]; 4];
    for (row, &i) in hessian.iter_mut().zip(&order) {
        for (h, &j) in row.iter_mut().zip(&order) {
            *h = covariance(i, j);
        }
    }
    // The second derivatives of the integrand's logarithm: gap by (shape, rate), and −e · gap · (2/(c + t_x) − gap) by the rate twice.
    for (shape, rate, scale, exponent, gap) in [(0, 1, a0, m, gap_a), (2, 3, b0, s + 1.0, gap_b)] {
        let slope = mean(gap) / exponent;
        hessian[shape][rate] += slope;
        hessian[rate][shape] += slope;
        let square = sums.second[TRIANGLE[gap] + gap] / total / exponent;
        hessian[rate][rate] += square - 2.0 / scale * mean(gap);
    }
    hessian[3][3] += 1.0 / (b0 * b0);
    Local { value, gradient, hessian }
}

/// Nodes that are summed up side by side.
const LANES: usize = 4;

/// The most nodes of a panel.
const NODES: usize = 24;

/// Where row i of a lower triangle of pairs begins.
const TRIANGLE: [usize; 4] = [0, 1, 3, 6];

struct Shape {
    near: f64,
    far: f64,
    kappa: f64,
    e_near: f64,
    e_far: f64,
}

/// Weighted sums over the nodes of the scores of the integrand, by (near exponent, near rate, far exponent, far rate), and of
/// the products of two.
#[derive(Default)]
struct Sums {
    total: f64,
    first: [f64; 4],
    second: [f64; 10],
}

impl Sums {
    #[expect(clippy::too_many_arguments, reason = "columns of one small table")]
    #[inline(always)]
    fn add<const ORDER: usize>(
        &mut self,
        shape: &Shape,
        from: f64,
        width: f64,
        nodes: &[f64],
        grown: &[f64],
        log_far: &[f64],
        w: &[f64],
    ) {
        let Shape { near, far, kappa, e_near, e_far } = *shape;
        // Four lanes, added at the end: the rules' numbers of nodes are multiples of four. Each loop runs over the lanes, so that it is one
        // instruction or two.
        let mut total = [0.0; LANES];
        let mut first = [[0.0; LANES]; 4];
        let mut second = [[0.0; LANES]; 10];
        let lanes = |of: &[f64], i: usize| -> [f64; LANES] { std::array::from_fn(|l| of[i + l]) };
        for i in (0..nodes.len() / LANES * LANES).step_by(LANES) {
            let (node, e, log, w) = (lanes(nodes, i), lanes(grown, i), lanes(log_far, i), lanes(w, i));
            let mut score = [[0.0; LANES]; 4];
            for l in 0..LANES {
                let rest = kappa * e[l];
                // (u − t_x)/((c + t_x)(c + u)), and the like for d.
                score[0][l] = -(from + node[l] * width);
                score[1][l] = e_near * (e[l] / ((1.0 + e[l]) * near));
                score[2][l] = -log[l];
                score[3][l] = e_far * (rest / ((1.0 + rest) * far));
            }
            for l in 0..LANES {
                total[l] += w[l];
            }
            for a in 0..4 {
                let mut ws = [0.0; LANES];
                for l in 0..LANES {
                    ws[l] = w[l] * score[a][l];
                    first[a][l] += ws[l];
                }
                for b in 0..if ORDER > 1 { a + 1 } else { 0 } {
                    for l in 0..LANES {
                        second[TRIANGLE[a] + b][l] += ws[l] * score[b][l];
                    }
                }
            }
        }
        let sum = |lanes: [f64; LANES]| (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
        self.total += sum(total);
        for (all, lanes) in self.first.iter_mut().zip(first) {
            *all += sum(lanes);
        }
        for (all, lanes) in self.second.iter_mut().zip(second) {
            *all += sum(lanes);
        }
    }
}

/// The point where φ has risen to the cut, or the end of the interval. φ is convex, so Newton's iteration from the right
/// falls monotonically onto it. With φ there.
#[inline(always)]
pub(in crate::clv) fn cut(
    phi: impl Fn(f64) -> f64,
    whole: f64,
    phi_whole: f64,
    slope: impl Fn(f64) -> f64,
) -> (f64, f64) {
    let (mut v, mut rise) = (whole, phi_whole);
    for _ in 0..60 {
        if !(rise - CUT > 0.5) {
            break;
        }
        v -= (rise - CUT) / slope(v);
        rise = phi(v);
    }
    (v, rise)
}

/// Gauss–Legendre nodes that a panel needs over which φ rises by `rise`: the error term of the rule for e^(−rise·y), and the distance π
/// of the singularities against the width, both at 1e-15.
pub(in crate::clv) fn nodes(rise: f64, width: f64) -> usize {
    let rise = rise.abs();
    if rise < 2.5 && width < 1.0 {
        8
    } else if rise < 8.0 && width < 1.8 {
        12
    } else if rise < 16.0 && width < 2.5 {
        16
    } else if rise < 26.0 {
        20
    } else {
        24
    }
}
