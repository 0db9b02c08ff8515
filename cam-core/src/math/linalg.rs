//! Small dense symmetric matrices: Cholesky, eigenvalues by Jacobi rotations, inverses; and symmetric tridiagonals.
//!
//! Meant for the 2–50 parameters of a model: plain loops, no blocking. Matrices are [`ndarray::Array2`]; only the
//! lower triangle is read where symmetry is assumed. A matrix that is not square gives `None`, or NaN.

use ndarray::{Array1, Array2};

/// The lower triangular L with A = L Lᵀ; `None` unless A is square, finite and positive definite.
///
/// ```
/// # use cam_core::math::linalg::cholesky;
/// let l = cholesky(&ndarray::array![[4.0, 2.0], [2.0, 5.0]]).unwrap();
/// assert_eq!(l, ndarray::array![[2.0, 0.0], [1.0, 2.0]]);
/// ```
pub fn cholesky(a: &Array2<f64>) -> Option<Array2<f64>> {
    let n = a.nrows();
    if a.ncols() != n {
        return None;
    }
    let mut l = Array2::<f64>::zeros((n, n));
    for j in 0..n {
        for i in j..n {
            let mut sum = a[[i, j]];
            for k in 0..j {
                sum -= l[[i, k]] * l[[j, k]];
            }
            if i == j {
                if !(sum > 0.0 && sum.is_finite()) {
                    return None;
                }
                l[[j, j]] = sum.sqrt();
            } else {
                l[[i, j]] = sum / l[[j, j]];
            }
        }
    }
    Some(l)
}

/// The solution of L Lᵀ x = b, for the factor of [`cholesky`]. NaN where the shapes do not fit.
pub fn solve_cholesky(l: &Array2<f64>, b: &Array1<f64>) -> Array1<f64> {
    let n = l.nrows();
    if l.ncols() != n || b.len() != n {
        return Array1::from_elem(b.len(), f64::NAN);
    }
    let mut x = b.clone();
    for i in 0..n {
        for k in 0..i {
            x[i] -= l[[i, k]] * x[k];
        }
        x[i] /= l[[i, i]];
    }
    for i in (0..n).rev() {
        for k in i + 1..n {
            x[i] -= l[[k, i]] * x[k];
        }
        x[i] /= l[[i, i]];
    }
    x
}

/// The inverse of a symmetric matrix; `None` unless it is square, finite and, to working accuracy, regular.
///
/// The matrix is first scaled to a unit diagonal, so that parameters of very different sizes do no harm. A positive
/// definite one is inverted through its Cholesky factor, an indefinite one through its eigenvalues.
pub fn inverse_symmetric(a: &Array2<f64>) -> Option<Array2<f64>> {
    let n = a.nrows();
    if a.ncols() != n || a.iter().any(|v| !v.is_finite()) {
        return None;
    }
    let scale = Array1::from_shape_fn(n, |i| {
        let d = a[[i, i]].abs().sqrt();
        if d > 0.0 { 1.0 / d } else { 1.0 }
    });
    let scaled = Array2::from_shape_fn((n, n), |(i, j)| {
        let (i, j) = (i.max(j), i.min(j));
        a[[i, j]] * scale[i] * scale[j]
    });
    let mut inverse = match cholesky(&scaled) {
        Some(l) => inverse_from_cholesky(&l),
        None => inverse_from_eigen(&scaled)?,
    };
    for i in 0..n {
        for j in 0..=i {
            let value = inverse[[i, j]] * scale[i] * scale[j];
            if !value.is_finite() {
                return None;
            }
            inverse[[i, j]] = value;
            inverse[[j, i]] = value;
        }
    }
    Some(inverse)
}

/// (L Lᵀ)⁻¹ = L⁻ᵀ L⁻¹, as sums of products of like size.
fn inverse_from_cholesky(l: &Array2<f64>) -> Array2<f64> {
    let n = l.nrows();
    let mut m = Array2::<f64>::zeros((n, n));
    for j in 0..n {
        m[[j, j]] = 1.0 / l[[j, j]];
        for i in j + 1..n {
            let sum: f64 = (j..i).map(|k| l[[i, k]] * m[[k, j]]).sum();
            m[[i, j]] = -sum / l[[i, i]];
        }
    }
    Array2::from_shape_fn((n, n), |(i, j)| (i.max(j)..n).map(|k| m[[k, i]] * m[[k, j]]).sum())
}

fn inverse_from_eigen(a: &Array2<f64>) -> Option<Array2<f64>> {
    let n = a.nrows();
    let (values, vectors) = symmetric_eigen(a);
    let largest = values.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    if !values.iter().all(|v| v.abs() > largest * n as f64 * f64::EPSILON) {
        return None;
    }
    Some(Array2::from_shape_fn((n, n), |(i, j)| {
        (0..n).map(|k| vectors[[i, k]] * vectors[[j, k]] / values[k]).sum()
    }))
}

/// Eigenvalues in ascending order and the matching eigenvectors as columns; NaN for a matrix not square or not finite.
///
/// Cyclic Jacobi rotations (Golub & Van Loan, *Matrix Computations*, 8.5) with the relative stopping rule
/// |aᵢⱼ| ≤ ε √|aᵢᵢ aⱼⱼ| of Demmel & Veselić (1992), by which small eigenvalues of a graded positive definite matrix keep
/// their relative accuracy.
pub fn symmetric_eigen(a: &Array2<f64>) -> (Array1<f64>, Array2<f64>) {
    let n = a.nrows();
    if a.ncols() != n || a.iter().any(|v| !v.is_finite()) {
        return (Array1::from_elem(n, f64::NAN), Array2::from_elem((n, n), f64::NAN));
    }
    let mut m = Array2::from_shape_fn((n, n), |(i, j)| a[[i.max(j), i.min(j)]]);
    let mut v = Array2::<f64>::eye(n);
    for _ in 0..60 {
        let mut rotated = false;
        for p in 0..n {
            for q in p + 1..n {
                rotated |= rotate(&mut m, &mut v, p, q);
            }
        }
        if !rotated {
            break;
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| m[[i, i]].total_cmp(&m[[j, j]]));
    let values = Array1::from_shape_fn(n, |k| m[[order[k], order[k]]]);
    let vectors = Array2::from_shape_fn((n, n), |(i, k)| v[[i, order[k]]]);
    (values, vectors)
}

/// Annihilates m[p, q] by a rotation of both sides; false if it was negligible already.
fn rotate(m: &mut Array2<f64>, v: &mut Array2<f64>, p: usize, q: usize) -> bool {
    let off = m[[p, q]];
    let (dp, dq) = (m[[p, p]], m[[q, q]]);
    if off.abs() <= 0.5 * f64::EPSILON * dp.abs().sqrt() * dq.abs().sqrt() || off.abs() < 1e-300 {
        return false;
    }
    let theta = 0.5 * (dq - dp) / off;
    let t = if theta.abs() > 1e150 {
        0.5 / theta
    } else {
        1f64.copysign(theta) / (theta.abs() + (1.0 + theta * theta).sqrt())
    };
    let c = 1.0 / (1.0 + t * t).sqrt();
    let s = t * c;
    let n = m.nrows();
    m[[p, p]] = dp - t * off;
    m[[q, q]] = dq + t * off;
    m[[p, q]] = 0.0;
    m[[q, p]] = 0.0;
    for k in 0..n {
        if k != p && k != q {
            let (x, y) = (m[[k, p]], m[[k, q]]);
            m[[k, p]] = c * x - s * y;
            m[[p, k]] = m[[k, p]];
            m[[k, q]] = s * x + c * y;
            m[[q, k]] = m[[k, q]];
        }
        let (x, y) = (v[[k, p]], v[[k, q]]);
        v[[k, p]] = c * x - s * y;
        v[[k, q]] = s * x + c * y;
    }
    // A rotation by less than the rounding of the diagonal changes nothing more.
    t.abs() > 1e-20
}

/// 0 for what is negligible even when squared and compared with another square: subnormal numbers are slow.
fn flushed(x: f64) -> f64 {
    if x.abs() < 1e-200 { 0.0 } else { x }
}

/// Eigenvalues (ascending) of a symmetric tridiagonal matrix and the first component of each unit eigenvector.
///
/// `diagonal` has n entries, `off` the n−1 beside it. Implicit QL (Golub & Welsch 1969, *Math. Comp.* 23, 221–230); all
/// NaN if the lengths do not fit or the iteration fails, which no finite matrix is known to cause.
pub fn tridiagonal_eigen(diagonal: &[f64], off: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let n = diagonal.len();
    let failed = || (vec![f64::NAN; n], vec![f64::NAN; n]);
    if n == 0 || off.len() + 1 != n || diagonal.iter().chain(off).any(|v| !v.is_finite()) {
        return failed();
    }
    // Scaled to entries of at most 1, so that squares are safe.
    let scale = diagonal.iter().chain(off).fold(0.0f64, |m, v| m.max(v.abs()));
    let scale = if scale > 0.0 { scale } else { 1.0 };
    let mut d: Vec<f64> = diagonal.iter().map(|v| v / scale).collect();
    let mut e: Vec<f64> = off.iter().map(|v| v / scale).collect();
    e.push(0.0);
    let mut z = vec![0.0; n];
    z[0] = 1.0;
    for l in 0..n {
        let mut sweeps = 0;
        loop {
            let mut m = l;
            while m + 1 < n && e[m].abs() > f64::EPSILON * 0.5 * (d[m].abs() + d[m + 1].abs()) {
                m += 1;
            }
            if m == l {
                break;
            }
            sweeps += 1;
            if sweeps > 100 {
                return failed();
            }
            let mut g = (d[l + 1] - d[l]) / (2.0 * e[l]);
            let mut r = (g * g + 1.0).sqrt();
            g = d[m] - d[l] + e[l] / (g + r.copysign(g));
            let (mut s, mut c, mut p) = (1.0, 1.0, 0.0);
            let mut split = false;
            for i in (l..m).rev() {
                let f = s * e[i];
                let b = c * e[i];
                r = (f * f + g * g).sqrt();
                e[i + 1] = r;
                if r == 0.0 {
                    d[i + 1] -= p;
                    e[m] = 0.0;
                    split = true;
                    break;
                }
                s = f / r;
                c = g / r;
                g = d[i + 1] - p;
                r = (d[i] - g) * s + 2.0 * c * b;
                p = s * r;
                d[i + 1] = g + p;
                g = c * r - b;
                let first = z[i + 1];
                z[i + 1] = flushed(s * z[i] + c * first);
                z[i] = flushed(c * z[i] - s * first);
            }
            if !split {
                d[l] -= p;
                e[l] = g;
                e[m] = 0.0;
            }
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| d[i].total_cmp(&d[j]));
    (order.iter().map(|&i| d[i] * scale).collect(), order.iter().map(|&i| z[i]).collect())
}
