//! ln of the odds that a customer has left, with derivatives.
//!
//! With A = α + t_x, m = r + x, β' of the age t_x, and Δ = u − t_x, D = e^(bΔ) − 1,
//!
//! R = s b ((α+T)/A)^m (1 + D_T/β')^s ∫₀^(T−t_x) (1 + Δ/A)^(−m) (1 + D/β')^(−s) q dΔ,  q = (1 + D)/(β' + D) = e^(bu)/B(u).
//!
//! Derivatives are taken of the integrand in its first form, with G = −m ln(α+u)/A − s ln B(u)/B(t_x) + ln b + bu − ln B(u): the gradient of ln ∫e^G is the mean of
//! that of G under the normalised integrand, and the Hessian its mean curvature and the covariance of its gradient. With p = D/(β' + D) and
//! B(t_x) = e^(b t_x) β' they are made of
//!
//! ∂ ln B(u)/∂b = uq, ∂²/∂b² = u² q (1 − q), ∂ ln B(u)/∂β = 1/B(u) = (1 − p)/B(t_x), ∂²/∂β² = −1/B(u)², ∂²/∂b∂β = −uq/B(u),
//!
//! and differences of these between u and t_x are formed without cancellation: q − q₀ = (1 − q₀) p, where q₀ = 1/β'.

use crate::clv::local::Local;
use crate::clv::panels::{NODES, Path, aged, log_growth, risk};
use crate::math::{
    quadrature::Rule,
    vector::{Exp, Expm1, Kernel, Ln1p, Wide, widest},
};

/// ln of the odds that the customer of this row (x, t_x, T) has left; −∞ where T = t_x.
pub(super) fn log_odds(theta: [f64; 5], row: &[f64]) -> f64 {
    left(theta, row, false).map_or(f64::NEG_INFINITY, |left| left.odds().value)
}

/// The log-likelihood of a row but for ln Γ(r + x)/Γ(r), with derivatives if they are asked for.
pub(super) fn log_likelihood(theta: [f64; 5], row: &[f64], derivatives: bool) -> Local<5> {
    let [r, alpha, b, s, beta] = theta;
    let (x, recency, age) = (row[0], row[1], row[2]);
    let left = left(theta, row, derivatives);
    // Of the two terms of the likelihood the larger is taken out, for its logarithm may be next to nothing where that of the other is a million.
    let most_have_left = left.as_ref().is_some_and(|left| left.odds().value > 0.0);
    let until = if most_have_left { recency } else { age };
    let mut local = Local::default();
    local.add_silence(0, r, alpha, until, -(until / alpha).ln_1p());
    local.add_purchases(1, x, alpha + until);
    From { b, s, beta, age: 0.0 }.add_growth(&mut local, -1.0, until);
    if let Some(left) = left {
        if most_have_left {
            local.add(1.0, &left.integral);
            let mut odds = Local::default();
            odds.add(-1.0, &left.odds());
            local.add_softplus(&odds);
        } else {
            local.add_softplus(&left.odds());
        }
    }
    local
}

/// ln R in two parts: the integral over the times of leaving, against being alive at t_x, and what became less likely since, ln ((α+T)/A)^m (1 + D_T/β')^s.
struct Left {
    integral: Local<5>,
    silence: Local<5>,
}

impl Left {
    /// ln R.
    fn odds(&self) -> Local<5> {
        let mut odds = self.integral;
        odds.add(1.0, &self.silence);
        odds
    }
}

/// What leaving looks like from an age on.
#[derive(Clone, Copy)]
struct From {
    b: f64,
    s: f64,
    /// β' of that age.
    beta: f64,
    age: f64,
}

/// Derivatives of ln B(u) − ln B(t) for u = t + Δ: by b, β; twice by b, by b and β, twice by β. And q, 1 − q, 1/B(u).
struct Slopes {
    b: f64,
    beta: f64,
    bb: f64,
    b_beta: f64,
    beta_beta: f64,
    q: f64,
    rest: f64,
    inverse: f64,
}

impl From {
    #[inline(always)]
    fn slopes(&self, delta: f64, expm1: f64) -> Slopes {
        let beta = self.beta;
        // As D → ∞: p → 1, q → 1.
        let share = 1.0 / (beta + expm1);
        let p = if expm1 < f64::INFINITY { expm1 * share } else { 1.0 };
        let (q, rest) = (risk(beta, expm1), (beta - 1.0) * share);
        let (q0, rest0) = (1.0 / beta, (beta - 1.0) / beta);
        let inverse0 = (-self.b * self.age).exp() / beta;
        // 1 − p = β'/(β' + D).
        let inverse = inverse0 * beta * share;
        let u = self.age + delta;
        Slopes {
            b: delta * q + self.age * rest0 * p,
            beta: -p * inverse0,
            bb: u * u * q * rest - self.age * self.age * q0 * rest0,
            b_beta: -(u * q * inverse - self.age * q0 * inverse0),
            beta_beta: p * inverse0 * (inverse0 + inverse),
            q,
            rest,
            inverse,
        }
    }

    /// Add ± s (ln B(t + Δ) − ln B(t)).
    fn add_growth(&self, local: &mut Local<5>, sign: f64, delta: f64) {
        let grown = self.b * delta;
        let expm1 = grown.exp_m1();
        let log = sign * log_growth(self.beta, grown, expm1);
        let slopes = self.slopes(delta, expm1);
        let s = sign * self.s;
        local.value += self.s * log;
        local.gradient[3] += log;
        local.gradient[2] += s * slopes.b;
        local.gradient[4] += s * slopes.beta;
        local.hessian[2][2] += s * slopes.bb;
        local.hessian[4][4] += s * slopes.beta_beta;
        for (i, j, h) in [(2, 3, sign * slopes.b), (3, 4, sign * slopes.beta), (2, 4, s * slopes.b_beta)] {
            local.hessian[i][j] += h;
            local.hessian[j][i] += h;
        }
    }
}

/// ln R for one row; none where T = t_x, when R = 0.
fn left(theta: [f64; 5], row: &[f64], derivatives: bool) -> Option<Left> {
    let [r, alpha, b, s, beta] = theta;
    let (x, recency, age) = (row[0], row[1], row[2]);
    let length = age - recency;
    if !(length > 0.0) {
        return None;
    }
    let from = From { b, s, beta: aged(beta, b * recency), age: recency };
    let (m, rate) = (r + x, alpha + recency);
    let path = Path::new(b, from.beta, rate);
    let parts = |v: f64| {
        let delta = path.at(v);
        let expm1 = (b * delta).exp_m1();
        (-m * (delta / rate).ln_1p() - s * log_growth(from.beta, b * delta, expm1), expm1)
    };
    let log = |v: f64| {
        let (log, expm1) = parts(v);
        log + risk(from.beta, expm1).ln() + v
    };
    // Whatever else falls, too, those who are still there leave with probability S(u): the integral of S h from u on.
    let ln_scale = (b * path.scale).ln();
    let beyond = s.ln() + ln_scale;
    let mut sums = Sums::default();
    let total = path.walk(
        0.0,
        path.to(length),
        log,
        |v| parts(v).0 - beyond,
        |begin, width, rule| {
            widest(Panel {
                from,
                m,
                rate,
                scale: path.scale,
                begin,
                width,
                rule,
                derivatives,
                sums: &mut sums,
            })
        },
    );
    let mut z = if derivatives { sums.local(total, m, b) } else { Local::default() };
    z.value = total.ln() + beyond;
    z.gradient[3] += 1.0 / s;
    z.hessian[3][3] -= 1.0 / (s * s);
    let mut silence = Local::default();
    silence.add_silence(0, m, rate, length, (length / rate).ln_1p());
    from.add_growth(&mut silence, 1.0, length);
    Some(Left { integral: z, silence })
}

/// Weighted sums over nodes of the scores of the integrand by (r, α, b, s, β), of their products, and of second derivatives.
#[derive(Default)]
struct Sums {
    first: [f64; 5],
    /// The lower triangle.
    second: [[f64; 5]; 5],
    /// αα, bb, bβ, ββ, bs, sβ.
    bends: [f64; 6],
}

impl Sums {
    /// The derivatives of the logarithm of the integral.
    fn local(&self, total: f64, m: f64, b: f64) -> Local<5> {
        let mean = self.first.map(|sum| sum / total);
        let bend = self.bends.map(|sum| sum / total);
        let mut local = Local { value: 0.0, gradient: mean, hessian: [[0.0; 5]; 5] };
        for i in 0..5 {
            for j in 0..5 {
                local.hessian[i][j] = self.second[i.max(j)][i.min(j)] / total - mean[i] * mean[j];
            }
        }
        local.gradient[2] += 1.0 / b;
        local.hessian[2][2] += bend[1] - 1.0 / (b * b);
        local.hessian[1][1] += bend[0];
        local.hessian[4][4] += bend[3];
        for (i, j, h) in [(0, 1, mean[1] / m), (2, 4, bend[2]), (2, 3, bend[4]), (3, 4, bend[5])] {
            local.hessian[i][j] += h;
            local.hessian[j][i] += h;
        }
        local
    }
}

/// One panel of the integral.
struct Panel<'a> {
    from: From,
    m: f64,
    rate: f64,
    scale: f64,
    begin: f64,
    width: f64,
    rule: &'a Rule,
    derivatives: bool,
    sums: &'a mut Sums,
}

impl Wide for Panel<'_> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let Panel { from, m, rate, scale, begin, width, rule, derivatives, sums } = self;
        let From { b, s, beta, .. } = from;
        let n = rule.nodes.len().min(NODES);
        // All nodes at once, so that the compiler can take several per instruction.
        let [mut delta, mut silence, mut expm1, mut growth, mut w] = [[0.0; NODES]; 5];
        for (d, node) in delta.iter_mut().zip(&rule.nodes) {
            *d = begin + node * width;
        }
        Expm1::over(&mut delta[..n]);
        for i in 0..n {
            // e^v, which makes a difference of Δ of one of v.
            w[i] = 1.0 + delta[i];
            delta[i] *= scale;
            silence[i] = delta[i] / rate;
            expm1[i] = b * delta[i];
        }
        Ln1p::over(&mut silence[..n]);
        Expm1::over(&mut expm1[..n]);
        for i in 0..n {
            growth[i] = expm1[i] / beta;
        }
        if b * delta[n - 1] < 400.0 {
            Ln1p::over(&mut growth[..n]);
        } else {
            for i in 0..n {
                growth[i] = log_growth(beta, b * delta[i], expm1[i]);
            }
        }
        let mut decay = [0.0; NODES];
        for i in 0..n {
            decay[i] = -m * silence[i] - s * growth[i];
        }
        Exp::over(&mut decay[..n]);
        let mut total = 0.0;
        for i in 0..n {
            w[i] *= rule.weights[i] * width * decay[i] * risk(beta, expm1[i]);
            total += w[i];
        }
        if derivatives {
            for i in 0..n {
                let slopes = from.slopes(delta[i], expm1[i]);
                let u = from.age + delta[i];
                let far = 1.0 / (rate + delta[i]);
                let by_alpha = m * delta[i] * far / rate;
                // By b without 1/b, which is the same everywhere.
                let score = [
                    -silence[i],
                    by_alpha,
                    u * slopes.rest - s * slopes.b,
                    -growth[i],
                    -s * slopes.beta - slopes.inverse,
                ];
                for (j, score_j) in score.iter().enumerate() {
                    let ws = w[i] * score_j;
                    sums.first[j] += ws;
                    for (k, score_k) in score.iter().enumerate().take(j + 1) {
                        sums.second[j][k] += ws * score_k;
                    }
                }
                let bends = [
                    -by_alpha * (far + 1.0 / rate),
                    -s * slopes.bb - u * u * slopes.q * slopes.rest,
                    u * slopes.q * slopes.inverse - s * slopes.b_beta,
                    slopes.inverse * slopes.inverse - s * slopes.beta_beta,
                    -slopes.b,
                    -slopes.beta,
                ];
                for (sum, bend) in sums.bends.iter_mut().zip(bends) {
                    *sum += w[i] * bend;
                }
            }
        }
        total
    }
}
