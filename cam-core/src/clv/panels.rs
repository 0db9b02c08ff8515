//! Integrals over the age of a customer whose risk of leaving grows: where their integrands are smooth, and how far to go at once.
//!
//! Everything about leaving depends on time through B(u) = β + e^(bu) − 1. From an age t on, with Δ = u − t, it is B(t) (1 + D/β'), where D = e^(bΔ) − 1 and
//! β' = (β + e^(bt) − 1) e^(−bt): the same function with another β, so that any age can be taken for the beginning.
//!
//! B vanishes at one real u before the beginning and at others 2πi/b beside it (β < 1), or at ln(β − 1)/b ± πi/b, … (β > 1); purchases bring a pole at −α. In
//! v = ln(1 + Δ/c), c the distance of the nearest real singularity, that one goes to −∞ and the others are far from the real axis, but for those of
//! a large β, which may be near it: panels are the shorter the nearer they come. Gauss–Legendre nodes then converge at a known rate.

use crate::math::quadrature::{Rule, legendre};

/// β as seen by a customer who has survived until bt = `grown`: β e^(−bt) + 1 − e^(−bt). Both terms are positive.
pub(super) fn aged(beta: f64, grown: f64) -> f64 {
    beta * (-grown).exp() - (-grown).exp_m1()
}

/// From here on e^(bΔ) is so large that its logarithm is taken apart.
const LONG: f64 = 400.0;

/// ln B(u)/B(t) = ln(1 + (e^(bΔ) − 1)/β), with bΔ = `grown` and D = `expm1`.
#[inline(always)]
pub(super) fn log_growth(beta: f64, grown: f64, expm1: f64) -> f64 {
    if grown < LONG {
        (expm1 / beta).ln_1p()
    } else {
        grown + ((1.0 + (beta - 1.0) * (-grown).exp()) / beta).ln()
    }
}

/// e^(bu)/B(u) = (1 + D)/(β + D): the rate of leaving over sb.
#[inline(always)]
pub(super) fn risk(beta: f64, expm1: f64) -> f64 {
    if expm1 < f64::INFINITY { (1.0 + expm1) / (beta + expm1) } else { 1.0 }
}

/// The variable v = ln(1 + Δ/c), and the singularity that is nearest to its real axis.
#[derive(Debug, Clone, Copy)]
pub(super) struct Path {
    /// c.
    pub(super) scale: f64,
    /// Real and imaginary part of the nearest singularity off the real axis.
    place: (f64, f64),
}

impl Path {
    /// For a customer with these b and β at Δ = 0; `other` is a scale on which something else changes there, such as the distance of another real singularity.
    pub(super) fn new(b: f64, beta: f64, other: f64) -> Path {
        let real = if beta < 1.0 { -(-beta).ln_1p() / b } else { f64::INFINITY };
        let scale = other.min(real);
        let (x, y) = if beta < 1.0 {
            (scale - real, std::f64::consts::TAU / b)
        } else {
            (scale + (beta - 1.0).ln() / b, std::f64::consts::PI / b)
        };
        Path { scale, place: ((x.hypot(y) / scale).ln(), y.atan2(x)) }
    }

    /// The same where risk does not grow: α and β lie this far, or farther, before Δ = 0.
    pub(super) fn plain(scale: f64) -> Path {
        Path { scale, place: (f64::INFINITY, std::f64::consts::PI) }
    }

    /// Δ at v.
    pub(super) fn at(&self, v: f64) -> f64 {
        self.scale * v.exp_m1()
    }

    /// v at Δ.
    pub(super) fn to(&self, delta: f64) -> f64 {
        (delta / self.scale).ln_1p()
    }

    /// How far a point of the real axis is from the singularities. Beyond the nearest, others lie along a line that turns away by up to π/2.
    fn clearance(&self, v: f64) -> f64 {
        let (re, im) = self.place;
        let nearest = (v - re).hypot(im);
        nearest.min(if v > re { 1.3 } else { std::f64::consts::PI })
    }

    /// Sum up panels from v on to the end. `log` is the logarithm of the integrand (by v, up to a constant), `rest` a bound of the logarithm of all that is
    /// left from a point on; `panel` is given the beginning, the width and the nodes of a panel, and returns what it is worth. What is less than e^(−39)
    /// of the sum is left out at the end.
    pub(super) fn walk(
        &self,
        from: f64,
        to: f64,
        log: impl Fn(f64) -> f64,
        rest: impl Fn(f64) -> f64,
        mut panel: impl FnMut(f64, f64, &Rule) -> f64,
    ) -> f64 {
        let (mut v, mut here, mut total) = (from, log(from), 0.0);
        for _ in 0..MOST_PANELS {
            let mut width = WIDEST.min(to - v);
            if !(width > 0.0) {
                break;
            }
            let mut effort = Effort { change: f64::INFINITY, width: f64::INFINITY };
            let mut end = here;
            for _ in 0..400 {
                let clearance = self.clearance(v + 0.5 * width);
                if width > 4.0 / 3.0 * clearance {
                    width *= 0.7;
                    continue;
                }
                let middle = log(v + 0.5 * width);
                end = log(v + width);
                if (middle + end).is_nan() {
                    // Parameters so extreme that a number is none: no panel would ever do.
                    return f64::NAN;
                }
                let bend = (here - 2.0 * middle + end).abs();
                let change = (end - here).abs() + 1.2 * bend;
                effort = Effort { change, width: width * (std::f64::consts::PI / clearance) };
                if change <= MOST_CHANGE && bend <= MOST_BEND {
                    break;
                }
                width *= (0.96 * MOST_CHANGE / change).min(MOST_BEND / bend).clamp(1e-3, 0.85);
            }
            total += panel(v, width, legendre(effort.nodes()));
            (v, here) = (v + width, end);
            if v >= to || rest(v) < total.ln() - CUT {
                break;
            }
        }
        total
    }
}

/// No integral has that many.
const MOST_PANELS: usize = 100_000;
/// The widest panel.
const WIDEST: f64 = 2.5;
/// How much the logarithm of the integrand may change over a panel, and how much of that may be curvature.
const MOST_CHANGE: f64 = 37.5;
const MOST_BEND: f64 = 16.0;
/// e^(−39) = 1e-17.
const CUT: f64 = 39.0;

/// What a panel asks of its rule.
struct Effort {
    change: f64,
    /// The width where singularities are at distance π.
    width: f64,
}

impl Effort {
    /// From the error term of the rule for e^(−change·y), and for a singularity at distance π, both at 1e-15.
    fn nodes(&self) -> usize {
        let Effort { change, width } = *self;
        if change < 2.5 && width < 1.0 {
            8
        } else if change < 8.0 && width < 1.8 {
            12
        } else if change < 16.0 && width < 2.5 {
            16
        } else if change < 26.0 && width < 3.0 {
            20
        } else {
            NODES
        }
    }
}

/// The most nodes of a panel.
pub(super) const NODES: usize = 24;
