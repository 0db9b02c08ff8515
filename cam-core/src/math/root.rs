//! Roots of a function of one variable: Brent's method, and a search for a bracket.

/// A root of `f` between `low` and `high`, where `f` must have opposite signs (or be zero).
///
/// Brent (1973), *Algorithms for Minimization without Derivatives*, ch. 4: inverse quadratic interpolation guarded by
/// bisection. Stops when the bracket is below `tolerance` plus four units in the last place of the root; `None` when
/// the signs agree or a value is NaN. Never more than 300 evaluations.
///
/// ```
/// # use cam_core::math::root::brent;
/// let root = brent(|x| x * x - 2.0, 0.0, 2.0, 0.0).unwrap();
/// assert!((root - 2f64.sqrt()).abs() < 1e-15);
/// ```
pub fn brent(mut f: impl FnMut(f64) -> f64, low: f64, high: f64, tolerance: f64) -> Option<f64> {
    let (mut a, mut b) = (low, high);
    let (mut fa, mut fb) = (f(a), f(b));
    if fa == 0.0 {
        return Some(a);
    }
    if fb == 0.0 {
        return Some(b);
    }
    if !(a.is_finite() && b.is_finite()) || fa.is_nan() || fb.is_nan() || (fa > 0.0) == (fb > 0.0) {
        return None;
    }
    let (mut c, mut fc) = (a, fa);
    let mut step = b - a;
    let mut previous = step;
    for _ in 0..300 {
        // b is the best estimate; b and c bracket the root.
        if fc.abs() < fb.abs() {
            (a, b, c) = (b, c, b);
            (fa, fb, fc) = (fb, fc, fb);
        }
        let slack = 2.0 * f64::EPSILON * b.abs() + 0.5 * tolerance.max(0.0);
        let half = 0.5 * (c - b);
        if half.abs() <= slack || fb == 0.0 {
            return Some(b);
        }
        if previous.abs() >= slack && fa.abs() > fb.abs() {
            let s = fb / fa;
            let (mut p, mut q) = if a == c {
                (2.0 * half * s, 1.0 - s)
            } else {
                let (q, r) = (fa / fc, fb / fc);
                (s * (2.0 * half * q * (q - r) - (b - a) * (r - 1.0)), (q - 1.0) * (r - 1.0) * (s - 1.0))
            };
            if p > 0.0 {
                q = -q;
            }
            p = p.abs();
            if 2.0 * p < (3.0 * half * q - (slack * q).abs()).min((previous * q).abs()) {
                previous = step;
                step = p / q;
            } else {
                step = half;
                previous = half;
            }
        } else {
            step = half;
            previous = half;
        }
        (a, fa) = (b, fb);
        b += if step.abs() > slack { step } else { slack.copysign(half) };
        fb = f(b);
        if fb.is_nan() {
            return None;
        }
        if (fb > 0.0) == (fc > 0.0) {
            (c, fc) = (a, fa);
            step = b - a;
            previous = step;
        }
    }
    Some(b)
}

/// Widens `[low, high]` until `f` changes sign in it; `None` after 200 doublings, or when a value is NaN.
///
/// The end with the smaller |f| moves outwards by 1.6 times the width, and never past the limits.
pub fn bracket(mut f: impl FnMut(f64) -> f64, low: f64, high: f64, limits: (f64, f64)) -> Option<(f64, f64)> {
    let (mut a, mut b) = if low <= high { (low, high) } else { (high, low) };
    let (mut fa, mut fb) = (f(a), f(b));
    for _ in 0..200 {
        if fa.is_nan() || fb.is_nan() {
            return None;
        }
        if fa == 0.0 || fb == 0.0 || (fa > 0.0) != (fb > 0.0) {
            return Some((a, b));
        }
        let width = 1.6 * (b - a).max(f64::MIN_POSITIVE);
        let left = a > limits.0 && (fa.abs() < fb.abs() || b >= limits.1);
        if left {
            a = (a - width).max(limits.0);
            fa = f(a);
        } else if b < limits.1 {
            b = (b + width).min(limits.1);
            fb = f(b);
        } else {
            return None;
        }
    }
    None
}
