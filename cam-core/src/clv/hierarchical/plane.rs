//! Integrals over a plane of what is smooth and has one hill, by the trapezoidal rule.
//!
//! For a function that is analytic in a strip and falls off at both ends, the trapezoidal sum is off by about e^(−2πd/h), d half the width of the strip and h the step: few rules
//! do as well, and none is simpler (Trefethen & Weideman 2014, SIAM Review 56(3), 385–458). A likelihood of rates is analytic in their logarithms as far as π/2 from
//! the real numbers, where e^(−μt) begins to grow; a normal density everywhere, and is met to e^(−2π²σ²/h²).

/// The smallest term that counts, beside the largest.
const NOTHING: f64 = 1e-11;
/// The step, in deviations of what is integrated.
const STEP: f64 = 0.45;
/// The longest step of a logarithm: e^(−2π(π/2)/0.6) = 7e-8.
const LONGEST: f64 = 0.6;
/// No hill is as wide as so many steps.
const MOST: i32 = 2000;

/// ln ∫ e^(f(z)) dz over a plane. The hill lies about `centre`, and `root` is the lower root of what its covariance is, roughly: axes and steps come from it, and the sum goes on
/// until terms count for nothing, wherever that is.
pub(super) fn ln_integral(centre: [f64; 2], root: [[f64; 2]; 2], f: impl Fn(&[f64; 2]) -> f64) -> f64 {
    let step: [f64; 2] = std::array::from_fn(|j| {
        let longest = root[0][j].abs().max(root[1][j].abs());
        STEP.min(LONGEST / longest)
    });
    let reference = f(&centre);
    if !reference.is_finite() {
        return f64::NAN;
    }
    let term = |i: i32, j: i32| {
        let u = [f64::from(i) * step[0], f64::from(j) * step[1]];
        let at = std::array::from_fn(|k| centre[k] + root[k][0] * u[0] + root[k][1] * u[1]);
        (f(&at) - reference).exp()
    };
    // One row: from its start to both sides, up the hill and down, and where the top is.
    let row = |j: i32, start: i32, floor: f64| {
        let (mut sum, mut top) = (0.0, (start, 0.0));
        for side in [1_i32, -1] {
            let (mut i, mut before) = (if side > 0 { start } else { start - 1 }, 0.0);
            while i.abs() < MOST {
                let value = term(i, j);
                sum += value;
                if value > top.1 {
                    top = (i, value);
                }
                if value <= before && value < NOTHING * floor.max(top.1) {
                    break;
                }
                // Nothing here, and nothing before: the row does not reach the hill.
                if value == 0.0 && before == 0.0 && (i - start).abs() > 40 {
                    break;
                }
                before = value;
                i += side;
            }
        }
        (sum, top)
    };
    let (first, middle) = row(0, 0, 0.0);
    let (mut total, mut largest) = (first, middle.1);
    for side in [1_i32, -1] {
        let (mut j, mut start, mut before) = (side, middle.0, first);
        while j.abs() < MOST {
            let (sum, top) = row(j, start, largest);
            total += sum;
            largest = largest.max(top.1);
            if sum <= before && sum < NOTHING * total {
                break;
            }
            (start, before) = (top.0, sum);
            j += side;
        }
    }
    let area = (root[0][0] * root[1][1] * step[0] * step[1]).abs();
    reference + (total * area).ln()
}
