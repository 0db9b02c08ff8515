//! When a new customer leaves, for [counts](crate::clv::shared_counts): f(u) = S(u) h(u) in z, u = A sinh² z.
//!
//! f is singular where B(u) = β + e^(bu) − 1 vanishes, see [`panels`](crate::clv::panels): at one real u before the beginning if β < 1, at a pair beside the real axis if β > 1, and at more of them
//! on the same line of the complex plane, above and below. In z these lines turn towards Im z = ±π/4.

use super::GgomNbd;
use crate::clv::panels::risk;
use crate::clv::shared_counts::Leaving;

/// How much ln f may change over a panel, and how much of that may be curvature.
const MOST_CHANGE: f64 = 24.0;
const MOST_BEND: f64 = 5.0;
/// What is less than e^(−700) does not count, so that it need not be met.
const LEAST: f64 = -700.0;

/// The square root of a complex number, in the right half plane.
fn sqrt([re, im]: [f64; 2]) -> [f64; 2] {
    let size = re.hypot(im);
    let (a, b) = ((0.5 * (size + re)).max(0.0).sqrt(), (0.5 * (size - re)).max(0.0).sqrt());
    [a, if im < 0.0 { -b } else { b }]
}

impl GgomNbd {
    fn ln_density(&self, u: f64) -> f64 {
        let (survival, expm1) = self.ln_survival(u);
        survival + (self.s * self.b).ln() + risk(self.beta, expm1).ln()
    }

    /// The nearest singularity in z.
    fn singularity(&self, rate: f64) -> [f64; 2] {
        let [re, im] = match self.beta < 1.0 {
            true => [(-self.beta).ln_1p() / self.b, 0.0],
            false => [(self.beta - 1.0).ln() / self.b, std::f64::consts::PI / self.b],
        };
        // asinh √q = ln(√q + √(q + 1)).
        let q = [(re / rate).max(-1e300), im / rate];
        let (a, b) = (sqrt(q), sqrt([q[0] + 1.0, q[1]]));
        let sum = [a[0] + b[0], a[1] + b[1]];
        [sum[0].hypot(sum[1]).ln(), sum[1].atan2(sum[0])]
    }
}

impl Leaving for GgomNbd {
    fn ln_densities(&self, u: &mut [f64]) {
        u.iter_mut().for_each(|u| *u = self.ln_density(*u));
    }

    fn ln_survival(&self, t: f64) -> f64 {
        GgomNbd::ln_survival(self, t).0
    }

    fn panel(&self, rate: f64, z: f64, widest: f64) -> f64 {
        let [re, im] = self.singularity(rate);
        let log = |z: f64| self.ln_density(rate * z.sinh().powi(2)).max(LEAST);
        let (here, mut width) = (log(z), widest);
        for _ in 0..100 {
            let (middle, end) = (log(z + 0.5 * width), log(z + width));
            let bend = (here - 2.0 * middle + end).abs();
            // Beyond the nearest singularity the line of the others comes nearer.
            let beyond = if z + width > re { 0.65 } else { std::f64::consts::FRAC_PI_2 };
            let clearance = (z + 0.5 * width - re).hypot(im).min(beyond);
            if width <= 4.0 / 3.0 * clearance && bend <= MOST_BEND && (end - here).abs() <= MOST_CHANGE {
                break;
            }
            width *= 0.8;
        }
        width
    }
}
