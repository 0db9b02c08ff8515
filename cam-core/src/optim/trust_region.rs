//! Newton's method in a trust region, with exact Hessians: for two to some dozens of variables.
//!
//! Each step minimises the quadratic model g·p + ½ pᵀHp within ‖p‖ ≤ Δ exactly, by the eigenvalues of H (Nocedal & Wright
//! 2006, Numerical Optimization, section 4.3): where H is indefinite the step still goes down, and near a minimum it is the Newton
//! step, so convergence is quadratic. That is made use of at the end: where the last step showed how fast the gradient falls, a next one
//! that is bound to bring it below the tolerance is taken without another evaluation.

use crate::error::Result;
use crate::math::linalg::symmetric_eigen;
use ndarray::{Array1, Array2};

/// A function with its derivatives at a point.
#[derive(Debug, Clone)]
pub struct Point {
    /// The value.
    pub value: f64,
    /// First derivatives.
    pub gradient: Array1<f64>,
    /// Second derivatives.
    pub hessian: Array2<f64>,
}

impl Point {
    fn is_finite(&self) -> bool {
        self.value.is_finite()
            && self.gradient.iter().all(|v| v.is_finite())
            && self.hessian.iter().all(|v| v.is_finite())
    }

    /// The largest absolute first derivative.
    pub fn gradient_norm(&self) -> f64 {
        self.gradient.iter().fold(0.0, |m, g| g.abs().max(m))
    }
}

/// When to stop, and how far one step may go.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Converged when no first derivative is larger, or will be after one more step that need not be seen.
    pub gradient_tolerance: f64,
    /// No step goes unseen while a first derivative is larger than this.
    pub unseen_below: f64,
    /// The most evaluations of the function.
    pub max_evaluations: usize,
    /// The first trust-region radius.
    pub radius: f64,
    /// The largest trust-region radius.
    pub max_radius: f64,
    /// No coordinate may leave \[−bound, bound\].
    pub bound: f64,
}

/// Why the search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stop {
    /// The gradient is within the tolerance.
    Gradient,
    /// No step improves the value any more, in floating point; the gradient is as small as rounding allows.
    Rounding,
    /// A coordinate reached the bound.
    Bound,
    /// The evaluations are used up.
    Evaluations,
}

/// Where the search ended.
#[derive(Debug, Clone)]
pub struct Minimum {
    /// The point.
    pub at: Vec<f64>,
    /// Value and derivatives there; or one step before, if the last step went unseen.
    pub point: Point,
    /// Evaluations used.
    pub evaluations: usize,
    /// Why it ended.
    pub stop: Stop,
}

/// Minimise `f` from `start`. Where `f` is not finite the step is shortened; at the start it must be finite.
/// `f` may fail, for example because the caller wants to stop; its error is passed on.
pub fn minimise(
    start: Vec<f64>,
    settings: &Settings,
    mut f: impl FnMut(&[f64]) -> Result<Point>,
) -> Result<Minimum> {
    let mut at = start;
    let mut point = f(&at)?;
    let mut evaluations = 1;
    let mut radius = settings.radius;
    let mut stalled = 0;
    // |g| after a Newton step p is about `fall` · |p|².
    let mut fall = f64::INFINITY;
    let stop = loop {
        if !point.is_finite() {
            break Stop::Evaluations;
        }
        if point.gradient_norm() <= settings.gradient_tolerance {
            break Stop::Gradient;
        }
        if evaluations >= settings.max_evaluations {
            break Stop::Evaluations;
        }
        let (eigenvalues, vectors) = symmetric_eigen(&point.hessian);
        let step = within(&eigenvalues, &vectors, &point.gradient, radius);
        let predicted = -(point.gradient.dot(&step) + 0.5 * step.dot(&point.hessian.dot(&step)));
        let length = step.dot(&step).sqrt();
        let next: Vec<f64> = at.iter().zip(&step).map(|(x, p)| x + p).collect();
        if next.iter().any(|x| x.abs() > settings.bound) {
            break Stop::Bound;
        }
        let unseen = point.gradient_norm() <= settings.unseen_below && eigenvalues[0] > 0.0;
        if unseen && 10.0 * fall * length * length <= settings.gradient_tolerance {
            at = next;
            break Stop::Gradient;
        }
        let trial = f(&next)?;
        evaluations += 1;
        if !trial.is_finite() {
            radius = 0.25 * length;
            if radius < 1e-12 {
                break Stop::Rounding;
            }
            continue;
        }
        // Once the predicted gain drowns in rounding, the gradient is the judge, no longer the value.
        let noise = 8.0 * f64::EPSILON * (1.0 + point.value.abs());
        let actual = point.value - trial.value;
        let quality = if predicted <= noise {
            let better = trial.gradient_norm() < point.gradient_norm();
            stalled += 1;
            if !better || stalled > 4 {
                if better {
                    (at, point) = (next, trial);
                }
                break match point.gradient_norm() <= settings.gradient_tolerance {
                    true => Stop::Gradient,
                    false => Stop::Rounding,
                };
            }
            1.0
        } else {
            actual / predicted
        };
        if quality < 0.25 {
            radius = 0.25 * length;
        } else if quality > 0.75 && length > 0.99 * radius {
            radius = (2.0 * radius).min(settings.max_radius);
        }
        if quality > 1e-4 {
            fall =
                if length < 0.5 * radius { trial.gradient_norm() / (length * length) } else { f64::INFINITY };
            (at, point) = (next, trial);
        } else if radius < 1e-14 {
            break Stop::Rounding;
        }
    };
    Ok(Minimum { at, point, evaluations, stop })
}

/// argmin g·p + ½ pᵀHp over ‖p‖ ≤ radius, with H by its eigenvalues and eigenvectors.
fn within(
    eigenvalues: &Array1<f64>,
    vectors: &Array2<f64>,
    gradient: &Array1<f64>,
    radius: f64,
) -> Array1<f64> {
    let g = vectors.t().dot(gradient);
    let lowest = eigenvalues[0];
    let scale = eigenvalues.iter().fold(0.0, |m: f64, e| m.max(e.abs())).max(f64::MIN_POSITIVE);
    let coordinates = |shift: f64| -> Array1<f64> {
        g.iter().zip(eigenvalues).map(|(g, e)| -g / (e + shift).max(1e-300)).collect()
    };
    let norm = |p: &Array1<f64>| p.dot(p).sqrt();
    if lowest > 1e-14 * scale {
        let newton = coordinates(0.0);
        if norm(&newton) <= radius {
            return vectors.dot(&newton);
        }
    }
    // ‖p(shift)‖ falls from above the radius to 0 as the shift grows from −lowest: bisect on a logarithmic scale.
    let floor = (-lowest).max(0.0);
    let mut lo = 1e-16 * scale;
    let mut hi = (norm(&g) / radius + scale).max(2.0 * lo);
    if norm(&coordinates(floor + lo)) <= radius {
        // The hard case: g has no part along the lowest eigenvector. Go along it to the boundary.
        let mut p = coordinates(floor + lo);
        if lowest < 0.0 {
            let rest = (radius * radius - p.dot(&p)).max(0.0).sqrt();
            p[0] += if g[0] > 0.0 { -rest } else { rest };
        }
        return vectors.dot(&p);
    }
    for _ in 0..100 {
        let mid = (lo * hi).sqrt();
        if norm(&coordinates(floor + mid)) > radius {
            lo = mid;
        } else {
            hi = mid;
        }
        if hi / lo < 1.0 + 1e-6 {
            break;
        }
    }
    vectors.dot(&coordinates(floor + hi))
}
