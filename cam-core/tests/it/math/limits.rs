//! The edges of each domain: limits, infinities, NaN outside; and identities that no table holds.

use cam_core::math::*;

/// a and b agree to a relative error of `within`.
fn assert_close(a: f64, b: f64, within: f64) {
    assert!((a - b).abs() <= within * b.abs(), "{a:e} is not {b:e}");
}

/// mpmath 1.4.1 at 400 digits.
#[test]
fn ratios_of_beta_functions_of_vast_numbers_are_finite_and_right() {
    for (a, b, n, truth) in [
        (1e50, 1e-100, 1e50, -1.3862943611198907e50),
        (1e40, 4.0, 1e45, -1.2512930464953562e41),
        (1e100, 1.0, 1e100, -1.3862943611198906e100),
        (1e20, 50.0, 1e22, -5.610153602158068e20),
        (1e17, 12.5, 3e16, -7.022653851055148e16),
    ] {
        assert_close(beta::ln_beta_rising(a, b, n), truth, 4e-16);
    }
}

#[test]
fn outside_its_domain_a_function_is_nan() {
    use std::f64::consts::PI;
    let nan = f64::NAN;
    for x in [0.0, -1.0, -0.5, f64::NEG_INFINITY, nan] {
        for value in [
            gamma::ln_gamma(x),
            gamma::digamma(x),
            gamma::trigamma(x),
            gamma::ln_rising(x, 2.0),
            gamma::digamma_rising(x, 2.5),
            gamma::trigamma_rising(x, 2.0),
            gamma::rising_with_slopes(x, 2.0)[0],
            beta::ln_beta(x, 1.0),
            beta::ln_beta(1.0, x),
            beta::ln_beta_rising(x, 1.0, 1.0),
            beta::ln_beta_rising(1.0, x, 1.0),
            beta::inc_beta(x, 1.0, 0.5),
            beta::inc_beta_inverse(1.0, x, 0.5),
            incomplete_gamma::gamma_p(x, 1.0),
            incomplete_gamma::gamma_p_inverse(x, 0.5),
            hyp2f1::hyp2f1(1.0, 1.0, x, 0.5),
            hyp2f1::ln_hyp2f1(x, 1.0, 1.0, 0.5),
            quadrature::beta_rule(3, x, 1.0).nodes[2],
            quadrature::gamma_rule(3, x).weights[0],
        ] {
            assert!(value.is_nan(), "{value} at {x}");
        }
    }
    for value in [
        gamma::ln_gamma_1p(-1.0),
        gamma::ln_rising(1.0, -0.5),
        gamma::digamma_rising(1.0, nan),
        beta::ln_beta_rising(1.0, 1.0, -1.0),
        beta::inc_beta(1.0, 1.0, nan),
        beta::inc_beta_inverse(1.0, 1.0, 1.5),
        incomplete_gamma::gamma_p(1.0, nan),
        incomplete_gamma::gamma_p_inverse(1.0, -0.1),
        normal::normal_pdf(nan),
        normal::normal_cdf(nan),
        normal::normal_ln_cdf(nan),
        normal::normal_quantile(1.1),
        exp_log::log_add_exp(nan, 1.0),
        exp_log::log_sub_exp(1.0, 2.0),
        exp_log::log_sum_exp(&[0.0, nan]),
        exp_log::log1m_exp(0.5),
        exp_log::log1pmx(-2.0),
        exp_log::logistic(nan),
        exp_log::exprel(nan),
        hyp2f1::hyp2f1(1.0, 1.0, 1.0, 1.5),
        hyp2f1::hyp2f1(nan, 1.0, 1.0, 0.5),
        quadrature::tanh_sinh(|x| x, 1.0, f64::INFINITY, 1e-10).value,
        quadrature::integrate(|x| x, nan, 1e-10).value,
    ] {
        assert!(value.is_nan(), "{value}");
    }
    assert!(root::brent(|x| x, nan, 1.0, 0.0).is_none());
    assert!(root::brent(|x| x + PI, 0.0, 1.0, 0.0).is_none(), "no change of sign");
}

#[test]
fn limits_are_reached() {
    let inf = f64::INFINITY;
    assert_eq!(gamma::ln_gamma(1.0), 0.0);
    assert_eq!(gamma::ln_gamma(2.0), 0.0);
    assert_eq!(gamma::ln_gamma(inf), inf);
    assert_eq!(gamma::ln_rising(0.3, 0.0), 0.0);
    assert_eq!(gamma::ln_rising(1.0, 1.0), 0.0);
    assert_eq!(gamma::ln_rising(0.3, inf), inf);
    assert_eq!(gamma::digamma(inf), inf);
    assert_eq!(gamma::trigamma(inf), 0.0);
    assert_eq!(gamma::trigamma(1e-200), inf);
    assert_eq!(gamma::digamma_rising(inf, 3.0), 0.0);
    assert_eq!(gamma::digamma_rising(0.3, inf), inf);
    // As n → ∞, ψ′(z+n) → 0.
    assert_close(gamma::trigamma_rising(0.3, inf), -gamma::trigamma(0.3), 1e-15);
    assert_eq!(beta::ln_beta(1.0, 1.0), 0.0);
    assert_eq!(beta::ln_beta_rising(0.3, 0.4, 0.0), 0.0);
    assert_eq!(beta::ln_beta_rising(0.3, 0.4, inf), -inf);
    assert_eq!((beta::inc_beta(2.0, 3.0, 0.0), beta::inc_beta(2.0, 3.0, 1.0)), (0.0, 1.0));
    assert_eq!((beta::inc_beta(2.0, 3.0, -1.0), beta::inc_beta_upper(2.0, 3.0, 2.0)), (0.0, 0.0));
    assert_eq!((beta::inc_beta_inverse(2.0, 3.0, 0.0), beta::inc_beta_inverse(2.0, 3.0, 1.0)), (0.0, 1.0));
    assert_eq!((incomplete_gamma::gamma_p(2.0, 0.0), incomplete_gamma::gamma_q(2.0, inf)), (0.0, 0.0));
    assert_eq!(incomplete_gamma::gamma_p_inverse(2.0, 1.0), inf);
    assert_eq!((normal::normal_quantile(0.0), normal::normal_quantile(1.0)), (-inf, inf));
    assert_eq!(normal::normal_quantile(0.5), 0.0);
    assert_eq!((normal::normal_cdf(-inf), normal::normal_cdf(inf)), (0.0, 1.0));
    assert_eq!((normal::normal_ln_cdf(-inf), normal::normal_ln_cdf(inf)), (-inf, 0.0));
    assert_eq!(normal::normal_pdf(inf), 0.0);
    assert_eq!(exp_log::exprel(0.0), 1.0);
    assert_eq!(exp_log::log1pmx(-1.0), -inf);
    assert_eq!(exp_log::log1m_exp(0.0), -inf);
    assert_eq!(exp_log::log_sum_exp(&[]), -inf);
    assert_eq!(exp_log::log_sum_exp(&[-inf, 3.0]), 3.0);
    assert_eq!(exp_log::log_add_exp(-inf, -inf), -inf);
    assert_eq!(exp_log::log_sub_exp(3.0, 3.0), -inf);
    assert_eq!((exp_log::logistic(-inf), exp_log::logistic(inf)), (0.0, 1.0));
    assert_eq!(hyp2f1::hyp2f1(1.0, 2.0, 3.0, 0.0), 1.0);
    assert_eq!(hyp2f1::hyp2f1(0.0, 2.0, 3.0, 0.9), 1.0);
    // Gauss's sum: F(½, ½; 2; 1) = 4/π.
    assert_close(hyp2f1::hyp2f1(0.5, 0.5, 2.0, 1.0), 4.0 / std::f64::consts::PI, 1e-15);
}

#[test]
fn a_zero_shape_limit_is_approached_smoothly() {
    // lnΓ(z) + ln z → 0, B(a, b)·a → 1, and a distribution Beta(a, b) or Gamma(a) whose mass sinks to 0.
    for a in [1e-8, 1e-30, 1e-300] {
        assert_close(gamma::ln_gamma(a), -a.ln(), 1e-9);
        assert_close(beta::ln_beta(a, 2.0), -a.ln(), 1e-7);
        // P(X > x) = a (ψ(b) − ψ(…) …) ~ a · −ln x + …: for b = 1 it is 1 − x^a.
        assert_close(beta::inc_beta_upper(a, 1.0, 0.25), -(a * 0.25f64.ln()).exp_m1(), 4e-15);
    }
    // Q(a, x) → a E₁(x); E₁(1) = 0.21938393439552028 (Abramowitz & Stegun, table 5.1).
    assert_close(incomplete_gamma::gamma_q(1e-12, 1.0), 1e-12 * 0.219_383_934_395_520_28, 2e-12);
}

#[test]
fn the_two_tails_sum_to_one() {
    for a in [1e-5, 0.3, 1.0, 7.0, 300.0, 1e5] {
        for b in [1e-5, 0.7, 2.0, 40.0, 5000.0] {
            for x in [1e-9, 0.1, 0.5, 0.77, 0.999] {
                let sum = beta::inc_beta(a, b, x) + beta::inc_beta_upper(a, b, x);
                assert!((sum - 1.0).abs() < 1e-15, "{a} {b} {x}: {sum}");
            }
        }
        for x in [1e-9, 0.3, 1.4, 2.0, 290.0, 1e5] {
            let sum = incomplete_gamma::gamma_p(a, x) + incomplete_gamma::gamma_q(a, x);
            assert!((sum - 1.0).abs() < 1e-15, "{a} {x}: {sum}");
        }
    }
}

#[test]
fn an_inverse_leads_back() {
    for a in [1e-3, 0.3, 1.0, 7.0, 300.0, 2e4] {
        for p in [1e-12, 0.01, 0.4, 0.9, 1.0 - 1e-9] {
            let x = incomplete_gamma::gamma_p_inverse(a, p);
            if x > 1e-300 {
                // Rounding x by half an ulp already moves P by a·ε relative.
                assert_close(incomplete_gamma::gamma_p(a, x), p, 1e-13 * (1.0 + a.sqrt()));
            }
            for b in [0.2, 1.0, 30.0] {
                let x = beta::inc_beta_inverse(a, b, p);
                if x > 1e-300 && x < 0.999 {
                    assert_close(beta::inc_beta(a, b, x), p, 1e-13 * (1.0 + a.sqrt()));
                }
            }
        }
    }
}

#[test]
fn special_functions_take_any_bits_and_end() {
    // Every combination of awkward doubles: none may panic or hang. (Values are the business of other tests.)
    let awkward = [
        0.0,
        -0.0,
        5e-324,
        1e-308,
        1e-100,
        1e-17,
        0.5,
        1.0,
        1.0 + f64::EPSILON,
        2.0,
        9.999,
        1e5,
        1e17,
        1e100,
        1e308,
        f64::MAX,
    ];
    let mut finite = 0;
    for &a in &awkward {
        for &b in &awkward {
            let values = [
                gamma::ln_rising(a, b),
                gamma::digamma_rising(a, b),
                gamma::trigamma_rising(a, b),
                gamma::rising_with_slopes(a, b)[0],
                beta::ln_beta(a, b),
                beta::ln_beta_rising(a, b, 2.5),
                beta::ln_beta_rising(2.5, a, b),
                incomplete_gamma::gamma_p(a, b),
                incomplete_gamma::gamma_p_inverse(a, 0.3),
            ];
            finite += values.iter().filter(|v| v.is_finite()).count();
            for x in [5e-324, 1e-100, 0.3, 1.0 - f64::EPSILON] {
                finite += usize::from(beta::inc_beta(a, b, x).is_finite());
                finite += usize::from(beta::inc_beta_inverse(a, b, x).is_finite());
            }
        }
    }
    assert!(finite > 3000, "{finite}");
}

#[test]
fn slices_match_scalars_in_the_extremes() {
    let inf = f64::INFINITY;
    let extremes = [
        0.0,
        -0.0,
        5e-324,
        -5e-324,
        1e-310,
        1.0,
        -1.0,
        -2.0,
        708.5,
        709.9,
        -745.0,
        -746.0,
        1e305,
        inf,
        -inf,
        f64::NAN,
    ];
    for (kernel, scalar) in [
        (vector::exp_slice as fn(&mut [f64]), f64::exp as fn(f64) -> f64),
        (vector::expm1_slice, f64::exp_m1),
        (vector::ln_slice, f64::ln),
        (vector::ln_1p_slice, f64::ln_1p),
    ] {
        for length in [1, 2, 16, 63, 64, 65, 200] {
            let x: Vec<f64> = extremes.iter().cycle().take(length).copied().collect();
            let mut y = x.clone();
            kernel(&mut y);
            for (&x, &y) in x.iter().zip(&y) {
                let want = scalar(x);
                let same = y == want || (y.is_nan() && want.is_nan()) || ((y - want) / want).abs() < 3e-16;
                assert!(same, "{x:e}: {y:e}, not {want:e}");
            }
        }
    }
}

#[test]
fn a_root_is_found_however_awkward() {
    let golden = root::brent(|x| x * x - x - 1.0, 0.0, 100.0, 0.0).unwrap();
    assert_close(golden, 0.5 * (1.0 + 5f64.sqrt()), 1e-15);
    // A step, a triple root, a pole's neighbour, and a root across 600 orders of magnitude.
    let step = root::brent(|x| if x < 0.3 { -1.0 } else { 1.0 }, 0.0, 1.0, 0.0).unwrap();
    assert_close(step, 0.3, 1e-14);
    assert!(root::brent(|x| (x - 1.0).powi(3), -3.0, 2.0, 1e-9).is_some_and(|x| (x - 1.0).abs() < 1e-5));
    assert!(root::brent(|x| x - 1e-300, -1.0, 1.0, 0.0).is_some_and(|x| (x - 1e-300).abs() < 1e-15));
    let mut calls = 0;
    assert!(
        root::brent(
            |x| {
                calls += 1;
                x.tan()
            },
            1.0,
            2.0,
            0.0
        )
        .is_some()
    );
    assert!(calls < 310);
    let (low, high) = root::bracket(|x| x - 1000.0, 0.0, 1.0, (0.0, 1e9)).unwrap();
    assert!(low <= 1000.0 && high >= 1000.0);
    assert!(root::bracket(|x| x + 1.0, 0.0, 1.0, (0.0, 1e9)).is_none());
    assert!(root::bracket(|_| f64::NAN, 0.0, 1.0, (0.0, 1e9)).is_none());
}
