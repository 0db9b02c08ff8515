//! Profile-likelihood intervals: the values of a parameter that the data do not reject, whatever the other parameters are.
//!
//! The profile of parameter i is the largest log-likelihood that can be had with it held at a value. The interval at level 1 − α holds the values at which the profile
//! is at most half the 1 − α quantile of χ² with one degree of freedom below the maximum; in signed roots,
//!
//! r(u) = √(2 (ℓ(û) − max ℓ(u with uᵢ = u))) ≤ z, z the normal quantile of 1 − α/2.
//!
//! It does not depend on the scale of the parameter, and where the likelihood is skewed it keeps its level better than a Wald interval; where the likelihood never falls
//! by so much, the interval has no end, and says so.
//!
//! Source: Venzon & Moolgavkar (1988), A method for computing profile-likelihood-based confidence intervals, Applied Statistics
//! 37(1), 87–94; the signed root: Barndorff-Nielsen & Cox (1994), Inference and Asymptotics, section 3.4.
//!
//! r is nearly a straight line, so Newton's method on r(u) = z needs three or four values of it. Each is a maximum over the other coordinates, which begins where the
//! last one and the curvature say it will be, and so takes two or three evaluations. The slope needs no others: by the envelope theorem it is
//! r′ = n gᵢ / r, gᵢ the derivative of the mean negative log-likelihood.

use super::likelihood::Likelihood;
use crate::control::{Control, Progress};
use crate::error::{Error, ErrorKind, Result};
use crate::math::{linalg::inverse_symmetric, normal::normal_quantile};
use crate::optim::{Point, Settings, minimise};
use ndarray::{Array1, Array2};
use serde::Serialize;

/// An interval by profile likelihood.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProfileInterval {
    /// The parameter.
    pub parameter: String,
    /// Lower end; none where the likelihood does not fall enough on the way to the end of the domain.
    pub lower: Option<f64>,
    /// Upper end; none as for the lower.
    pub upper: Option<f64>,
}

/// How near to z the signed root must come.
const CLOSE: f64 = 1e-9;
/// From here on a coordinate has run away, as in a fit.
const FARTHEST: f64 = 46.0;
/// The most profile points per end; Newton takes three or four, the rest is for bisection.
const MOST: usize = 80;

/// Profile-likelihood intervals of all coordinates at the maximum `at`.
///
/// # Errors
/// A level outside (0, 1), and [`ErrorKind::Numerical`] where `at` is no maximum.
pub fn profile_intervals(
    likelihood: &dyn Likelihood,
    at: &[f64],
    level: f64,
    control: &Control<'_>,
) -> Result<Vec<ProfileInterval>> {
    check_level(level)?;
    let z = normal_quantile(0.5 + 0.5 * level);
    let top = likelihood.evaluate(at, control)?;
    let inverse = inverse_symmetric(&top.hessian).filter(|inverse| inverse.diag().iter().all(|v| *v > 0.0));
    let Some(inverse) = inverse else {
        return Err(Error::new(
            ErrorKind::Numerical,
            format!(
                "{} has no profile likelihood here: its Hessian is not negative definite",
                likelihood.title()
            ),
        ));
    };
    let mut intervals = Vec::with_capacity(at.len());
    for (i, coordinate) in likelihood.coordinates().iter().enumerate() {
        let mut ends = [None; 2];
        for (end, down) in ends.iter_mut().zip([true, false]) {
            let profile = Profile { likelihood, at, top: &top, inverse: &inverse, i, down, control };
            *end = profile.end(z)?.map(|u| coordinate.at(u)[0]);
            let done = (2 * i + usize::from(!down) + 1) as u64;
            control.report(Progress::new(
                "profile",
                done,
                Some(2 * at.len() as u64),
                end.unwrap_or(f64::NAN),
            ));
        }
        // A parameter that falls as its coordinate rises has its ends the other way round.
        if coordinate.at(at[i])[1] < 0.0 {
            ends.reverse();
        }
        let [lower, upper] = ends;
        intervals.push(ProfileInterval { parameter: coordinate.name.to_string(), lower, upper });
    }
    Ok(intervals)
}

/// Whether a level is a probability strictly between 0 and 1.
pub(crate) fn check_level(level: f64) -> Result<()> {
    match level > 0.0 && level < 1.0 {
        true => Ok(()),
        false => Err(Error::parameter("level", "between 0 and 1", level)),
    }
}

/// The profile of one coordinate, in one direction from the maximum.
struct Profile<'a> {
    likelihood: &'a dyn Likelihood,
    at: &'a [f64],
    top: &'a Point,
    inverse: &'a Array2<f64>,
    i: usize,
    down: bool,
    control: &'a Control<'a>,
}

impl Profile<'_> {
    /// Where the signed root is z; none where it never is.
    fn end(&self, z: f64) -> Result<Option<f64>> {
        let (i, n) = (self.i, self.likelihood.customers());
        let sign = if self.down { -1.0 } else { 1.0 };
        let deviation = (self.inverse[[i, i]] / n).sqrt();
        // Distances from the maximum, between which r(distance) = z.
        let (mut inside, mut outside) = (0.0, f64::INFINITY);
        let mut distance = z * deviation;
        // The others move along the ridge of the quadratic approximation.
        let mut from: Vec<f64> = (0..self.at.len())
            .map(|j| self.at[j] + sign * distance * self.inverse[[j, i]] / self.inverse[[i, i]])
            .collect();
        for _ in 0..MOST {
            let (point, at) = self.highest(from)?;
            let drop = n * (point.value - self.top.value);
            if !drop.is_finite() {
                // Out of the range of numbers: nearer.
                outside = distance;
                distance = 0.5 * (inside + distance);
                from = self.moved(&at, None, sign * distance);
                continue;
            }
            if drop < -1e-6 {
                return Err(Error::new(
                    ErrorKind::Numerical,
                    format!(
                        "the likelihood of {} is larger by {} elsewhere, at {:?}: what was found is no maximum",
                        self.likelihood.title(),
                        -drop,
                        self.likelihood.theta(&at)
                    ),
                ));
            }
            let root = (2.0 * drop.max(0.0)).sqrt();
            if (root - z).abs() <= CLOSE * z {
                return Ok(Some(at[i]));
            }
            match root < z {
                true => inside = distance,
                false => outside = distance,
            }
            let slope = sign * n * point.gradient[i] / root;
            let newton = distance + (z - root) / slope;
            let mut next = match newton > inside && newton < outside {
                true => newton,
                false if outside.is_finite() => 0.5 * (inside + outside),
                false => 2.0 * distance,
            };
            if outside.is_infinite() {
                next = next.min(3.0 * distance + deviation);
            }
            if (next - distance).abs() <= 1e-14 * distance {
                return Ok(Some(at[i]));
            }
            if next > FARTHEST {
                return Ok(None);
            }
            distance = next;
            from = self.moved(&at, Some(&point), sign * distance);
        }
        Err(Error::new(
            ErrorKind::Numerical,
            format!("no end of the profile interval of {} was found", self.likelihood.coordinates()[i].name),
        ))
    }

    /// From a point of the profile to where the next one may be, at this distance from the maximum.
    fn moved(&self, at: &[f64], point: Option<&Point>, distance: f64) -> Vec<f64> {
        let mut next = at.to_vec();
        let step = self.at[self.i] + distance - at[self.i];
        next[self.i] += step;
        // dv/du = −H_vv⁻¹ H_vu.
        let solved = point.and_then(|point| {
            let (rest, column) = self.without(&point.hessian);
            Some(inverse_symmetric(&rest)?.dot(&column))
        });
        if let Some(slopes) = solved {
            for (j, slope) in (0..at.len()).filter(|j| *j != self.i).zip(&slopes) {
                next[j] -= slope * step;
            }
        }
        next
    }

    /// The Hessian of the others, and its column of this coordinate with them.
    fn without(&self, hessian: &Array2<f64>) -> (Array2<f64>, Array1<f64>) {
        let others: Vec<usize> = (0..self.at.len()).filter(|j| *j != self.i).collect();
        let k = others.len();
        (
            Array2::from_shape_fn((k, k), |(a, b)| hessian[[others[a], others[b]]]),
            Array1::from_shape_fn(k, |a| hessian[[others[a], self.i]]),
        )
    }

    /// The highest likelihood with this coordinate as it is in `from`, searched from there; the whole point, and where.
    fn highest(&self, from: Vec<f64>) -> Result<(Point, Vec<f64>)> {
        let fixed = from[self.i];
        let whole = |rest: &[f64]| {
            let mut all = rest.to_vec();
            all.insert(self.i, fixed);
            all
        };
        let mut start = from;
        start.remove(self.i);
        // The last points, so that the one where the search ends need not be computed again.
        let mut seen: Vec<(Vec<f64>, Point)> = Vec::new();
        let settings = Settings {
            gradient_tolerance: 1e-9,
            unseen_below: 0.0,
            max_evaluations: 200,
            radius: 1.0,
            max_radius: 4.0,
            bound: 2.0 * FARTHEST,
        };
        if start.is_empty() {
            return Ok((self.likelihood.evaluate(&[fixed], self.control)?, vec![fixed]));
        }
        let found = minimise(start, &settings, |rest| {
            let point = self.likelihood.evaluate(&whole(rest), self.control)?;
            let gradient = (0..self.at.len()).filter(|j| *j != self.i).map(|j| point.gradient[j]).collect();
            let reduced = Point { value: point.value, gradient, hessian: self.without(&point.hessian).0 };
            seen.push((rest.to_vec(), point));
            Ok(reduced)
        })?;
        let last = seen.into_iter().rev().find(|(rest, _)| *rest == found.at);
        let at = whole(&found.at);
        match last {
            Some((_, point)) => Ok((point, at)),
            None => Ok((self.likelihood.evaluate(&at, self.control)?, at)),
        }
    }
}
