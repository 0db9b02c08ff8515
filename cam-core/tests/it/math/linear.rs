//! Linear algebra and quadrature, by identities with exact answers.

use cam_core::math::linalg::*;
use cam_core::math::quadrature::*;
use cam_core::math::{beta, gamma};
use ndarray::{Array1, Array2, array};

/// The Hilbert matrix, whose inverse consists of known whole numbers.
fn hilbert(n: usize) -> Array2<f64> {
    Array2::from_shape_fn((n, n), |(i, j)| 1.0 / (i + j + 1) as f64)
}

fn largest(a: &Array2<f64>) -> f64 {
    a.iter().fold(0.0, |m, v| m.max(v.abs()))
}

#[test]
fn cholesky_reproduces_the_matrix_and_solves() {
    let a = hilbert(6);
    let l = cholesky(&a).unwrap();
    // Backward error of Cholesky: n ε (Higham 2002, theorem 10.3).
    assert!(largest(&(l.dot(&l.t()) - &a)) < 6.0 * f64::EPSILON);
    let x = Array1::from_vec(vec![1.0, -2.0, 3.0, -4.0, 5.0, -6.0]);
    let b = a.dot(&x);
    assert!((a.dot(&solve_cholesky(&l, &b)) - &b).iter().all(|r| r.abs() < 40.0 * f64::EPSILON));
    assert!(cholesky(&array![[1.0, 2.0], [2.0, 1.0]]).is_none(), "indefinite");
    assert!(cholesky(&array![[f64::NAN]]).is_none());
    assert!(cholesky(&Array2::zeros((2, 3))).is_none());
    assert!(solve_cholesky(&l, &Array1::zeros(3)).iter().all(|v| v.is_nan()));
}

#[test]
fn the_inverse_of_a_hilbert_matrix_is_whole() {
    let inverse = inverse_symmetric(&hilbert(4)).unwrap();
    let known = array![
        [16.0, -120.0, 240.0, -140.0],
        [-120.0, 1200.0, -2700.0, 1680.0],
        [240.0, -2700.0, 6480.0, -4200.0],
        [-140.0, 1680.0, -4200.0, 2800.0]
    ];
    // Condition number 1.6e4.
    assert!(largest(&(inverse - &known)) < 6480.0 * 1.6e4 * f64::EPSILON);
}

#[test]
fn an_inverse_does_not_mind_units() {
    // The same covariance in units 1e9 apart, and an indefinite matrix.
    let a = array![[2.0, -1.0, 0.5], [-1.0, 3.0, 0.25], [0.5, 0.25, 1.0]];
    let units = [1.0, 1e-9, 1e9];
    let scaled = Array2::from_shape_fn((3, 3), |(i, j)| a[[i, j]] * units[i] * units[j]);
    let (inverse, scaled_inverse) = (inverse_symmetric(&a).unwrap(), inverse_symmetric(&scaled).unwrap());
    for i in 0..3 {
        for j in 0..3 {
            let back = scaled_inverse[[i, j]] * units[i] * units[j];
            assert!((back - inverse[[i, j]]).abs() < 1e-14);
        }
    }
    let indefinite = array![[1.0, 2.0], [2.0, 1.0]];
    let inverse = inverse_symmetric(&indefinite).unwrap();
    assert!(largest(&(inverse - array![[-1.0, 2.0], [2.0, -1.0]] / 3.0)) < 1e-15);
    assert!(inverse_symmetric(&array![[1.0, 1.0], [1.0, 1.0]]).is_none(), "singular");
    assert!(inverse_symmetric(&array![[f64::INFINITY]]).is_none());
}

#[test]
fn jacobi_finds_known_eigenvalues() {
    // The second-difference matrix: 2 − 2 cos(kπ/(n+1)).
    let n = 9;
    let a = Array2::from_shape_fn((n, n), |(i, j)| match i.abs_diff(j) {
        0 => 2.0,
        1 => -1.0,
        _ => 0.0,
    });
    let (values, vectors) = symmetric_eigen(&a);
    for (k, value) in values.iter().enumerate() {
        let angle = std::f64::consts::PI * (k + 1) as f64 / (n + 1) as f64;
        let known = 4.0 * (0.5 * angle).sin().powi(2);
        assert!((value - known).abs() < 20.0 * f64::EPSILON, "{k}: {value} {known}");
    }
    assert!(largest(&(vectors.t().dot(&vectors) - Array2::<f64>::eye(n))) < 1e-14);
    assert!(largest(&(a.dot(&vectors) - &vectors * &values)) < 1e-14);
}

#[test]
fn small_eigenvalues_of_a_graded_matrix_are_relatively_exact() {
    // D (I + E) D with D = diag(1, 1e-6, 1e-12): the least eigenvalue is det/(product of the others) = 1e-24 · 0.98/0.99
    // up to terms of order 1e-12.
    let d = [1.0, 1e-6, 1e-12];
    let correlation = array![[1.0, 0.1, 0.0], [0.1, 1.0, 0.1], [0.0, 0.1, 1.0]];
    let a = Array2::from_shape_fn((3, 3), |(i, j)| correlation[[i, j]] * d[i] * d[j]);
    let (values, _) = symmetric_eigen(&a);
    assert!((values[0] / (1e-24 * 0.98 / 0.99) - 1.0).abs() < 1e-11);
    assert!(symmetric_eigen(&array![[f64::NAN]]).0[0].is_nan());
    assert!(symmetric_eigen(&Array2::zeros((2, 3))).0[1].is_nan());
}

#[test]
fn a_tridiagonal_matrix_has_known_eigenvalues_and_first_components() {
    let n = 40;
    let (values, first) = tridiagonal_eigen(&vec![2.0; n], &vec![-1.0; n - 1]);
    for k in 0..n {
        let angle = std::f64::consts::PI * (k + 1) as f64 / (n + 1) as f64;
        assert!((values[k] - (2.0 - 2.0 * angle.cos())).abs() < 1e-14);
        assert!((first[k].abs() - (2.0 / (n + 1) as f64).sqrt() * angle.sin()).abs() < 1e-14);
    }
    assert!(tridiagonal_eigen(&[1.0], &[1.0]).0[0].is_nan());
}

#[test]
fn gauss_rules_integrate_polynomials_exactly() {
    for n in [1, 2, 7, 24, 64] {
        let rule = legendre(n);
        for power in [0, 1, 2 * n - 1] {
            let want = 1.0 / (power + 1) as f64;
            assert!((rule.expect(|x| x.powi(power as i32)) / want - 1.0).abs() < 1e-14, "{n} {power}");
        }
    }
    for n in [3, 24, 128] {
        for p in [1e-8, 0.5, 3.0, 40.0, 1e4, 1e8] {
            for q in [1e-8, 0.7, 11.0, 1e5, 1e8] {
                // E P^m = B(p+m, q)/B(p, q).
                let rule = beta_rule(n, p, q);
                for power in [1.0, 2.0, 5.0] {
                    let want = beta::ln_beta_rising(q, p, power).exp();
                    let got = rule.expect(|x| x.powf(power));
                    assert!((got / want - 1.0).abs() < 1e-13, "{n} {p} {q} {power}: {got:e} {want:e}");
                }
            }
        }
        for shape in [1e-8, 0.3, 2.0, 500.0, 1e8] {
            let rule = gamma_rule(n, shape);
            for power in [1.0, 2.0, 5.0] {
                let want = gamma::ln_rising(shape, power).exp();
                let got = rule.expect(|x| x.powf(power));
                assert!((got / want - 1.0).abs() < 1e-13, "{n} {shape} {power}: {got:e} {want:e}");
            }
        }
    }
}

#[test]
fn a_rule_is_in_order_and_sums_to_one() {
    for (p, q) in [(1e-8, 1e-8), (1e-8, 1e8), (0.3, 0.4), (31.0, 1e-3), (1e8, 1e8)] {
        for n in [1, 2, 5, 33, 128] {
            let rule = beta_rule(n, p, q);
            assert!(rule.nodes.windows(2).all(|w| w[0] <= w[1]), "{p} {q} {n}");
            assert!(rule.nodes.iter().all(|x| (0.0..=1.0).contains(x)));
            assert!((rule.weights.iter().sum::<f64>() - 1.0).abs() < 1e-14);
        }
    }
    assert!(beta_rule(0, 1.0, 1.0).nodes.is_empty());
    assert!(gamma_rule(0, 1.0).nodes.is_empty());
}

#[test]
fn double_exponential_rules_take_singular_ends() {
    let cases: [(Integral, f64); 6] = [
        (tanh_sinh(|x| x.powf(-0.9), 0.0, 1.0, 1e-12), 10.0),
        (tanh_sinh(|x| x.ln(), 0.0, 1.0, 1e-14), -1.0),
        (tanh_sinh(f64::sin, 0.0, std::f64::consts::PI, 1e-14), 2.0),
        (tanh_sinh_ends(|x, y| 1.0 / (x * y).sqrt(), 1.0, 1e-14), std::f64::consts::PI),
        (integrate(|x| (-x).exp() / x.sqrt(), 0.0, 1e-13), std::f64::consts::PI.sqrt()),
        (integrate(|x| 1.0 / (x * x), 2.0, 1e-13), 0.5),
    ];
    for (i, (integral, want)) in cases.iter().enumerate() {
        assert!((integral.value - want).abs() < 2e-13 * want.abs(), "{i}: {integral:?}");
        assert!(integral.evaluations < 2000, "{i}: {integral:?}");
    }
    // Not integrable: it ends, and the error tells.
    let hopeless = tanh_sinh(|x| 1.0 / x, 0.0, 1.0, 1e-10);
    assert!(hopeless.evaluations < 30_000 && hopeless.value > 100.0);
}
