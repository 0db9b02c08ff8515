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

use crate::math::{jet::Real, quadrature::legendre};

/// e^(−37) = 8.5e-17.
const CUT: f64 = 37.0;

/// ln R for one row (x, t_x, T); none where T = t_x, when R = 0.
pub(super) fn log_odds<R: Real>(theta: [R; 4], row: &[f64]) -> Option<R> {
    let (x, recency, age) = (row[0], row[1], row[2]);
    if age <= recency {
        return None;
    }
    let [r, alpha, s, beta] = theta;
    let integral = log_integral(theta, x, recency, age);
    let m = r + x;
    let rest = R::constant(age - recency);
    Some(s.ln() + m * (rest / (alpha + recency)).ln_1p() + s * (rest / (beta + recency)).ln_1p() + integral)
}

/// ln ∫ₜₓᵀ ((α+t_x)/(α+u))^m ((β+t_x)/(β+u))^(s+1) du/(β+t_x).
fn log_integral<R: Real>(theta: [R; 4], x: f64, recency: f64, age: f64) -> R {
    let [r, alpha, s, beta] = theta.map(Real::value);
    let m = r + x;
    let (a0, b0) = (alpha + recency, beta + recency);
    let alpha_is_near = a0 <= b0;
    let (near, far, e_near, e_far) = if alpha_is_near { (a0, b0, m, s + 1.0) } else { (b0, a0, s + 1.0, m) };
    let kappa = near / far;
    let phi = |v: f64| (e_near - 1.0) * v + e_far * (kappa * v.exp_m1()).ln_1p();
    let whole = ((age - recency) / near).ln_1p();
    let end = cut(phi, whole, |v| {
        let grown = kappa * v.exp();
        (e_near - 1.0) + e_far * grown / (1.0 - kappa + grown)
    });

    let panels = (end / 2.5).ceil().max(1.0);
    let width = end / panels;
    let mut total = 0.0;
    // Σ w of the scores −∂φ by r, α, s, β and of their products, as far as they are asked for.
    let mut first = [0.0; 4];
    let mut second = [[0.0; 4]; 4];
    let mut curvature = [0.0; 4];
    let mut from = 0.0;
    for k in 0..panels as usize {
        let to = if k + 1 == panels as usize { end } else { from + width };
        let rule = legendre(nodes(phi(to) - phi(from), to - from));
        for (&node, &weight) in rule.nodes.iter().zip(&rule.weights) {
            let v = from + node * (to - from);
            let grown = v.exp_m1();
            let log_far = (kappa * grown).ln_1p();
            let w = weight * (to - from) * (-(e_near - 1.0) * v - e_far * log_far).exp();
            total += w;
            if !R::DERIVATIVES {
                continue;
            }
            // (u − t_x)/((c + t_x)(c + u)), without cancellation for small v.
            let gap_near = grown / (1.0 + grown) / near;
            let gap_far = kappa * grown / (1.0 + kappa * grown) / far;
            let (log_a, gap_a, log_b, gap_b) =
                if alpha_is_near { (v, gap_near, log_far, gap_far) } else { (log_far, gap_far, v, gap_near) };
            let score = [-log_a, m * gap_a, -log_b, (s + 1.0) * gap_b];
            for i in 0..4 {
                first[i] += w * score[i];
                for j in 0..=i {
                    second[i][j] += w * score[i] * score[j];
                }
            }
            curvature[0] += w * gap_a;
            curvature[1] -= w * m * gap_a * (2.0 / a0 - gap_a);
            curvature[2] += w * gap_b;
            curvature[3] -= w * (s + 1.0) * gap_b * (2.0 / b0 - gap_b);
        }
        from = to;
    }
    let value = total.ln() + (near / b0).ln();
    if !R::DERIVATIVES {
        return R::constant(value);
    }
    let mean = first.map(|f| f / total);
    let mut hessian = [[0.0; 4]; 4];
    for i in 0..4 {
        for j in 0..=i {
            hessian[i][j] = second[i][j] / total - mean[i] * mean[j];
        }
    }
    hessian[1][0] += curvature[0] / total;
    hessian[1][1] += curvature[1] / total;
    hessian[3][2] += curvature[2] / total;
    hessian[3][3] += curvature[3] / total + 1.0 / (b0 * b0);
    for i in 0..4 {
        for j in 0..i {
            hessian[j][i] = hessian[i][j];
        }
    }
    let gradient = [mean[0], mean[1], mean[2], mean[3] - 1.0 / b0];
    R::gather(theta, value, gradient, hessian)
}

/// The point where φ has risen to the cut, or the end of the interval. φ is convex, so Newton's iteration from the right
/// falls monotonically onto it.
fn cut(phi: impl Fn(f64) -> f64, whole: f64, slope: impl Fn(f64) -> f64) -> f64 {
    let mut v = whole;
    for _ in 0..60 {
        let excess = phi(v) - CUT;
        if !(excess > 0.5) {
            break;
        }
        v -= excess / slope(v);
    }
    v
}

/// Gauss–Legendre nodes that a panel needs over which φ rises by `rise`: the error term of the rule for e^(−rise·y), and the distance π
/// of the singularities against the width, both at 1e-15.
fn nodes(rise: f64, width: f64) -> usize {
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
