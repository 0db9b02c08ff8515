//! How dependence changes a likelihood: φ₁φ₂ of a customer who is alive, and its mean over the times of leaving of one who is not, with derivatives.
//!
//! φ = E\[e^(−X) | history\] − E\[e^(−X)\] with X ~ Gamma(shape, rate) is e^(−S κ(a)) − e^(−S₀ κ(a₀)), κ(a) = ln(1 + 1/a): formed from the difference of the exponents,
//! so that nothing cancels. The time of leaving u has the density of the integrand e^G of Pareto/NBD's R, so that for f = φ₁φ₂, with means under it,
//!
//! f̄ᵢ = E\[fᵢ\] + Cov(f, Gᵢ),
//! f̄ᵢⱼ = E\[fᵢⱼ\] + Cov(fᵢ, Gⱼ) + Cov(fⱼ, Gᵢ) + Cov(f, Gᵢⱼ) + E\[(f − f̄)(Gᵢ − Ḡᵢ)(Gⱼ − Ḡⱼ)\].

use crate::clv::local::Local;
use crate::clv::panels::Path;

/// A function of a shape and a rate with its derivatives: value, by shape, by rate, twice by shape, by both, twice by rate.
type Jet2 = [f64; 6];

/// E\[e^(−X)\], X ~ Gamma(shape, rate), with derivatives.
fn kernel(shape: f64, rate: f64) -> Jet2 {
    let kappa = (1.0 / rate).ln_1p();
    let slope = -1.0 / (rate * (rate + 1.0));
    let bend = (2.0 * rate + 1.0) * slope * slope;
    let value = (-shape * kappa).exp();
    [
        value,
        -kappa * value,
        -shape * slope * value,
        kappa * kappa * value,
        (shape * kappa - 1.0) * slope * value,
        shape * (shape * slope * slope - bend) * value,
    ]
}

/// φ: of a customer with one gamma distribution now and another before, whose parameters differ by constants.
fn phi(now: (f64, f64), before: (f64, f64)) -> Jet2 {
    let (known, prior) = (kernel(now.0, now.1), kernel(before.0, before.1));
    let mut phi: Jet2 = std::array::from_fn(|i| known[i] - prior[i]);
    phi[0] = gap(now, before);
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
pub(super) fn alive(theta: [f64; 4], row: &[f64]) -> Local<4> {
    let [r, alpha, s, beta] = theta;
    let (x, age) = (row[0], row[2]);
    product(&phi((r + x, alpha + age), (r, alpha)), &phi((s, beta + age), (s, beta)))
}

/// Visit the times since t_x at which the customer may have left, with their weights.
fn times(theta: [f64; 4], row: &[f64], mut visit: impl FnMut(f64, f64)) {
    let [r, alpha, s, beta] = theta;
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
    path.walk(
        0.0,
        path.to(age - recency),
        log,
        |v| fallen(path.at(v)) - beyond,
        |from, width, rule| {
            let mut sum = 0.0;
            for (node, weight) in rule.nodes.iter().zip(&rule.weights) {
                let v = from + node * width;
                let w = weight * width * log(v).exp();
                sum += w;
                visit(path.at(v), w);
            }
            sum
        },
    );
}

/// The mean of φ₁φ₂ over the time of leaving, T > t_x.
pub(super) fn left(theta: [f64; 4], row: &[f64]) -> f64 {
    let [r, alpha, s, beta] = theta;
    let (x, recency) = (row[0], row[1]);
    let (mut total, mut sum) = (0.0, 0.0);
    times(theta, row, |delta, w| {
        let u = recency + delta;
        total += w;
        sum += w * (gap((r + x, alpha + u), (r, alpha)) * gap((s + 1.0, beta + u), (s, beta)));
    });
    sum / total
}

/// The same with derivatives.
pub(super) fn left_with_derivatives(theta: [f64; 4], row: &[f64]) -> Local<4> {
    let [r, alpha, s, beta] = theta;
    let (x, recency) = (row[0], row[1]);
    let (a, b, m) = (alpha + recency, beta + recency, r + x);
    let mut nodes: Vec<(f64, Local<4>, Local<4>)> = Vec::with_capacity(48);
    let mut total = 0.0;
    times(theta, row, |delta, w| {
        let u = recency + delta;
        let f = product(&phi((m, alpha + u), (r, alpha)), &phi((s + 1.0, beta + u), (s, beta)));
        // G but for what does not depend on the time, which no covariance knows.
        let (far_a, far_b) = (1.0 / (a + delta), 1.0 / (b + delta));
        let (by_rate, by_leaving) = (delta * far_a / a, delta * far_b / b);
        let gradient = [-(delta / a).ln_1p(), m * by_rate, -(delta / b).ln_1p(), s * by_leaving - far_b];
        let mut g = Local { gradient, ..Local::default() };
        for (i, j, h) in [
            (0, 1, by_rate),
            (1, 1, -m * by_rate * (1.0 / a + far_a)),
            (2, 3, by_leaving),
            (3, 3, far_b * far_b - s * by_leaving * (1.0 / b + far_b)),
        ] {
            g.hessian[i][j] = h;
            g.hessian[j][i] = h;
        }
        total += w;
        nodes.push((w, f, g));
    });
    let mean = |of: &dyn Fn(&Local<4>, &Local<4>) -> f64| {
        nodes.iter().map(|(w, f, g)| w * of(f, g)).sum::<f64>() / total
    };
    let f = mean(&|f, _| f.value);
    let g: [f64; 4] = std::array::from_fn(|i| mean(&|_, g| g.gradient[i]));
    let mut local = Local { value: f, ..Local::default() };
    for i in 0..4 {
        local.gradient[i] = mean(&|of, at| of.gradient[i] + (of.value - f) * (at.gradient[i] - g[i]));
        for j in 0..=i {
            let h = mean(&|of, at| {
                let (gi, gj) = (at.gradient[i] - g[i], at.gradient[j] - g[j]);
                of.hessian[i][j]
                    + of.gradient[i] * gj
                    + of.gradient[j] * gi
                    + (of.value - f) * (at.hessian[i][j] + gi * gj)
            });
            local.hessian[i][j] = h;
            local.hessian[j][i] = h;
        }
    }
    local
}
