//! Exponentials and logarithms in the forms that lose no digits: sums of exponentials, `ln(1 ± eˣ)`, `(eˣ − 1)/x`.
//!
//! Likelihoods live on the log scale, where adding two probabilities is [`log_add_exp`]; the naive way overflows
//! beyond 709 and loses all digits near 0. Choice of branch after Mächler (2012), *Accurately computing
//! log(1 − exp(−|a|))*.

/// The odd series of artanh, 1/3 + t/5 + t²/7 + …, far enough for t ≤ 1/9.
const ARTANH: [f64; 17] = [
    1.0 / 3.0,
    1.0 / 5.0,
    1.0 / 7.0,
    1.0 / 9.0,
    1.0 / 11.0,
    1.0 / 13.0,
    1.0 / 15.0,
    1.0 / 17.0,
    1.0 / 19.0,
    1.0 / 21.0,
    1.0 / 23.0,
    1.0 / 25.0,
    1.0 / 27.0,
    1.0 / 29.0,
    1.0 / 31.0,
    1.0 / 33.0,
    1.0 / 35.0,
];

/// ln(e^a + e^b). −∞ stands for a zero term; NaN if either is NaN.
///
/// ```
/// # use cam_core::math::exp_log::log_add_exp;
/// assert_eq!(log_add_exp(1000.0, 1000.0), 1000.0 + 2f64.ln());
/// ```
pub fn log_add_exp(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() {
        return f64::NAN;
    }
    let (high, low) = if a >= b { (a, b) } else { (b, a) };
    // Equal infinities: their difference is NaN, their sum is themselves.
    if high.is_infinite() { high } else { high + (low - high).exp().ln_1p() }
}

/// ln(e^a − e^b) for a ≥ b; −∞ where a = b; NaN for a < b.
pub fn log_sub_exp(a: f64, b: f64) -> f64 {
    if !(a >= b) {
        f64::NAN
    } else if a == b {
        f64::NEG_INFINITY
    } else if b == f64::NEG_INFINITY || a == f64::INFINITY {
        a
    } else {
        a + log1m_exp(b - a)
    }
}

/// ln Σ e^xᵢ. Empty: −∞ (the sum is 0). NaN if any is NaN.
pub fn log_sum_exp(x: &[f64]) -> f64 {
    let mut high = f64::NEG_INFINITY;
    for &v in x {
        if v.is_nan() {
            return f64::NAN;
        }
        high = high.max(v);
    }
    if high.is_infinite() {
        return high;
    }
    // One of the largest terms is taken out as the 1 of ln(1 + …), so that small remainders keep their digits.
    let mut others = 0.0;
    let mut taken = false;
    for &v in x {
        if v == high && !taken {
            taken = true;
        } else {
            others += (v - high).exp();
        }
    }
    high + others.ln_1p()
}

/// ln(1 − e^x) for x ≤ 0; −∞ at 0; NaN for x > 0.
pub fn log1m_exp(x: f64) -> f64 {
    if !(x <= 0.0) {
        f64::NAN
    } else if x > -std::f64::consts::LN_2 {
        (-x.exp_m1()).ln()
    } else {
        (-x.exp()).ln_1p()
    }
}

/// ln(1 + e^x), the softplus function.
pub fn log1p_exp(x: f64) -> f64 {
    if x > 0.0 { x + (-x).exp().ln_1p() } else { x.exp().ln_1p() }
}

/// 1/(1 + e^(−x)), without overflow and with relative accuracy in the left tail.
pub fn logistic(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + (-x).exp())
    } else {
        let e = x.exp();
        e / (1.0 + e)
    }
}

/// (e^x − 1)/x, with the value 1 at 0.
pub fn exprel(x: f64) -> f64 {
    if x.abs() < 1e-17 {
        1.0
    } else if x > 700.0 {
        // e^x overflows before the quotient does.
        let half = (0.5 * x).exp();
        if half == f64::INFINITY { half } else { half * (half / x) }
    } else {
        x.exp_m1() / x
    }
}

/// ln(1 + x) − x for x ≥ −1, with relative accuracy near 0, where it is −x²/2; NaN for x < −1.
pub fn log1pmx(x: f64) -> f64 {
    if !(-0.5..=1.0).contains(&x) {
        return x.ln_1p() - x;
    }
    // ln(1+x) = 2 artanh r with r = x/(2+x), and 2r − x = −r x exactly.
    let r = x / (2.0 + x);
    let t = r * r;
    let mut sum = 0.0;
    for c in ARTANH.iter().rev() {
        sum = sum * t + c;
    }
    r * (2.0 * t * sum - x)
}
