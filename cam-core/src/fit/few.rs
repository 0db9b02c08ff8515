//! A few rows that stand for all: what the trajectories of the sampler run over.
//!
//! A log-likelihood is a sum over N distinct rows, Σ w ln L(u; row), and near its maximum the N functions of u are all but functions of far fewer: whatever
//! is smooth in a few coordinates is nearly a combination of d of them. By Carathéodory's theorem there are then d of the rows, with positive weights, whose sum is that
//! of all rows in that space exactly – a data set of d customers that has the posterior of the whole, up to what the space leaves out. A gradient costs d/N as much.
//!
//! It is never more than a guide. The sampler proposes by it, and the density itself accepts or rejects; see [`nuts`](super::nuts). So an error here costs acceptance, never truth.
//!
//! **The space.** At points u₁, u₂, … that look like draws from the posterior, the columns gₘ = ln L(uₘ; ·) − ln L(u₀; ·) are made orthogonal, the one that is least known first
//! (Gram–Schmidt with pivots), until what is left of all of them is small. With the constant column, which keeps Σ w, they span the space.
//!
//! **The rows.** From a basis of d rows on, each other row a = Σ yᵢ bᵢ gives its weight to the basis, as far as all weights stay positive; where one would turn negative, that row leaves the
//! basis and the new one enters: a step of the simplex method for every row.
//!
//! Sources: Litterer & Lyons (2012), High order recombination and an application to cubature on Wiener space, Annals of Applied Probability 22(4), 1301–1327, for
//! sums over fewer points with the same moments; Huggins, Campbell & Broderick (2016), Coresets for scalable Bayesian logistic regression, NeurIPS 29, for rows that stand for all in sampling.

use super::likelihood::Likelihood;
use crate::control::{CHUNK, Control};
use crate::error::Result;

/// Of so many distinct rows at most it is looked at how the functions differ.
const LOOKED_AT: usize = 2048;
/// What the few rows may get wrong of ln L at a typical point.
const TOLERANCE: f64 = 0.005;
/// Few are worth their while where the rows are this many times more.
const WORTH: usize = 4;

/// Rows, by number, with the weights by which their sum of ln L is nearly that of all of them, at u like these `points` and up to a constant; the first point
/// is the one in the middle. At most `most` rows; none where so few would not be worth it, or the likelihood cannot tell its rows apart.
///
/// # Errors
/// The caller has asked to stop.
pub(super) fn few_rows(
    likelihood: &dyn Likelihood,
    points: &[Vec<f64>],
    most: usize,
    control: &Control<'_>,
) -> Result<Option<Vec<(usize, f64)>>> {
    let weights = likelihood.weights();
    let most = most.min(weights.len() / WORTH);
    if most < 2 || points.len() < 2 {
        return Ok(None);
    }
    let Some(space) = Space::new(likelihood, points, most, control)? else { return Ok(None) };
    space.rows(likelihood, weights, control)
}

/// A share that is smaller than this is rounding.
const DEPENDS: f64 = 1e-10;

/// Columns that nearly span ln L(u; ·) as functions of the row.
struct Space<'a> {
    middle: &'a [f64],
    /// The points whose columns were taken, in order.
    points: Vec<&'a [f64]>,
    /// Of each column: what of the columns before it is taken away, and what it is divided by.
    taken: Vec<Vec<f64>>,
    scale: Vec<f64>,
    /// Rows, by number, that tell the columns apart.
    basis: Vec<usize>,
}

impl<'a> Space<'a> {
    fn new(
        likelihood: &dyn Likelihood,
        points: &'a [Vec<f64>],
        most: usize,
        control: &Control<'_>,
    ) -> Result<Option<Space<'a>>> {
        let all = likelihood.weights();
        let stride = all.len().div_ceil(LOOKED_AT);
        let numbers: Vec<usize> = (0..all.len()).step_by(stride).collect();
        let looked_at: Vec<(usize, f64)> = numbers.iter().map(|&i| (i, all[i])).collect();
        let Some(sample) = likelihood.standing_for(&looked_at) else { return Ok(None) };
        let weights = sample.weights();
        let (n, total) = (weights.len(), weights.iter().sum::<f64>());
        let mut middle = vec![0.0; n];
        sample.each(&points[0], 0, &mut middle);
        let dot =
            |a: &[f64], b: &[f64]| -> f64 { weights.iter().zip(a).zip(b).map(|((w, a), b)| w * a * b).sum() };
        let mut columns: Vec<Vec<f64>> = Vec::with_capacity(points.len() - 1);
        for point in &points[1..] {
            control.check()?;
            let mut column = vec![0.0; n];
            sample.each(point, 0, &mut column);
            column.iter_mut().zip(&middle).for_each(|(c, m)| *c -= m);
            columns.push(column);
        }
        // What was taken away from each of them so far, beginning with the constant.
        let first = total.sqrt();
        let constant = vec![1.0 / first; n];
        let mut coefficients: Vec<Vec<f64>> = Vec::with_capacity(columns.len());
        for column in &mut columns {
            let c = dot(column, &constant);
            column.iter_mut().for_each(|v| *v -= c / first);
            coefficients.push(vec![c]);
        }
        let mut space = Space {
            middle: &points[0],
            points: Vec::new(),
            taken: Vec::new(),
            scale: vec![first],
            basis: Vec::new(),
        };
        let mut orthogonal = vec![constant];
        // What is left of a column, on rows each of which stands for so many, errs by about this much more; and what was looked at stands for all.
        let customers = likelihood.customers();
        let errs = customers / most as f64 * (customers / total);
        loop {
            let left = columns.iter().map(|column| dot(column, column));
            let worst = left.enumerate().filter(|(_, v)| v.is_finite()).max_by(|a, b| a.1.total_cmp(&b.1));
            let Some((pivot, square)) = worst else { return Ok(None) };
            if orthogonal.len() == most || square * errs <= TOLERANCE * TOLERANCE {
                break;
            }
            let norm = square.sqrt();
            let direction: Vec<f64> = columns[pivot].iter().map(|v| v / norm).collect();
            space.points.push(&points[pivot + 1]);
            space.taken.push(coefficients[pivot].clone());
            space.scale.push(norm);
            for (column, coefficients) in columns.iter_mut().zip(&mut coefficients) {
                let c = dot(column, &direction);
                column.iter_mut().zip(&direction).for_each(|(v, d)| *v -= c * d);
                coefficients.push(c);
            }
            // Whatever rounding left of it.
            columns[pivot].fill(0.0);
            orthogonal.push(direction);
        }
        let Some(basis) = independent(&orthogonal) else { return Ok(None) };
        space.basis = basis.into_iter().map(|i| numbers[i]).collect();
        Ok(Some(space))
    }

    /// The orthogonal columns at some rows, row by row.
    fn at(&self, likelihood: &dyn Likelihood, from: usize, rows: usize) -> Vec<f64> {
        let d = self.scale.len();
        let mut out = vec![0.0; rows * d];
        let (mut middle, mut column) = (vec![0.0; rows], vec![0.0; rows]);
        likelihood.each(self.middle, from, &mut middle);
        out.chunks_exact_mut(d).for_each(|row| row[0] = 1.0 / self.scale[0]);
        for (k, (point, taken)) in self.points.iter().zip(&self.taken).enumerate() {
            likelihood.each(point, from, &mut column);
            for ((row, column), middle) in out.chunks_exact_mut(d).zip(&column).zip(&middle) {
                let known: f64 = taken.iter().zip(row.iter()).map(|(c, q)| c * q).sum();
                row[k + 1] = (column - middle - known) / self.scale[k + 1];
            }
        }
        out
    }

    /// The rows that are kept, with weights that keep the sums of all columns.
    fn rows(
        &self,
        likelihood: &dyn Likelihood,
        weights: &[f64],
        control: &Control<'_>,
    ) -> Result<Option<Vec<(usize, f64)>>> {
        let d = self.scale.len();
        let mut basis = self.basis.clone();
        // Columns of the matrix are the rows of the basis.
        let mut columns: Vec<Vec<f64>> = basis.iter().map(|&i| self.at(likelihood, i, 1)).collect();
        let Some(mut inverse) = invert(&columns) else { return Ok(None) };
        let mut held: Vec<f64> = basis.iter().map(|&i| weights[i]).collect();
        let mut begun = vec![false; weights.len()];
        basis.iter().for_each(|&i| begun[i] = true);
        let mut sums = vec![0.0; d];
        let mut shares = vec![0.0; d];
        for from in (0..weights.len()).step_by(CHUNK) {
            control.check()?;
            let rows = CHUNK.min(weights.len() - from);
            let values = self.at(likelihood, from, rows);
            for (i, row) in (from..).zip(values.chunks_exact(d)) {
                let mut weight = weights[i];
                sums.iter_mut().zip(row).for_each(|(sum, v)| *sum += weight * v);
                if begun[i] {
                    continue;
                }
                for (share, inverse) in shares.iter_mut().zip(inverse.chunks_exact(d)) {
                    *share = inverse.iter().zip(row).map(|(a, b)| a * b).sum();
                }
                // How much of the weight can be given away until one of the basis has none left.
                let mut leaving = None;
                for (k, (&share, &held)) in shares.iter().zip(&held).enumerate() {
                    if share < -DEPENDS && -share * weight > held {
                        (weight, leaving) = (held / -share, Some(k));
                    }
                }
                held.iter_mut()
                    .zip(&shares)
                    .for_each(|(held, share)| *held = (*held + weight * share).max(0.0));
                let Some(k) = leaving else { continue };
                basis[k] = i;
                held[k] = weights[i] - weight;
                columns[k] = row.to_vec();
                exchange(&mut inverse, &shares, k);
            }
        }
        // Once more, without the rounding of so many exchanges.
        if let Some(inverse) = invert(&columns) {
            for (held, inverse) in held.iter_mut().zip(inverse.chunks_exact(d)) {
                *held = inverse.iter().zip(&sums).map(|(a, b)| a * b).sum::<f64>().max(0.0);
            }
        }
        let mut kept: Vec<(usize, f64)> = basis.into_iter().zip(held).filter(|(_, w)| *w > 0.0).collect();
        kept.sort_unstable_by_key(|(i, _)| *i);
        Ok(Some(kept).filter(|kept| kept.iter().all(|(_, w)| w.is_finite())))
    }
}

/// As many rows as there are columns, on which the columns are independent: Gaussian elimination, the largest pivot of each column first.
fn independent(columns: &[Vec<f64>]) -> Option<Vec<usize>> {
    let n = columns[0].len();
    let mut left: Vec<Vec<f64>> = columns.to_vec();
    let mut rows: Vec<usize> = Vec::with_capacity(left.len());
    let mut taken = vec![false; n];
    for k in 0..left.len() {
        let (before, rest) = left.split_at_mut(k + 1);
        let column = &before[k];
        let pivot =
            (0..n).filter(|&i| !taken[i]).max_by(|&i, &j| column[i].abs().total_cmp(&column[j].abs()))?;
        if !(column[pivot].abs() > 0.0) {
            return None;
        }
        rows.push(pivot);
        taken[pivot] = true;
        for other in rest {
            let c = other[pivot] / column[pivot];
            other.iter_mut().zip(column).for_each(|(v, p)| *v -= c * p);
        }
    }
    Some(rows)
}

/// The inverse, row by row, of the matrix with these columns; none where it is singular. Gauss–Jordan with row pivots.
fn invert(columns: &[Vec<f64>]) -> Option<Vec<f64>> {
    let d = columns.len();
    let wide = 2 * d;
    let mut m = vec![0.0; d * wide];
    for i in 0..d {
        for (j, column) in columns.iter().enumerate() {
            m[i * wide + j] = column[i];
        }
        m[i * wide + d + i] = 1.0;
    }
    for k in 0..d {
        let pivot = (k..d).max_by(|&i, &j| m[i * wide + k].abs().total_cmp(&m[j * wide + k].abs()))?;
        let p = m[pivot * wide + k];
        if !(p.abs() > 0.0 && p.is_finite()) {
            return None;
        }
        for j in 0..wide {
            m.swap(k * wide + j, pivot * wide + j);
            m[k * wide + j] /= p;
        }
        let row = m[k * wide..][..wide].to_vec();
        for i in (0..d).filter(|&i| i != k) {
            let c = m[i * wide + k];
            m[i * wide..][..wide].iter_mut().zip(&row).for_each(|(v, r)| *v -= c * r);
        }
    }
    Some((0..d).flat_map(|i| m[i * wide + d..][..d].to_vec()).collect())
}

/// The inverse after column k of the matrix has become Σ shareᵢ times column i.
fn exchange(inverse: &mut [f64], shares: &[f64], k: usize) {
    let d = shares.len();
    let row: Vec<f64> = inverse[k * d..][..d].iter().map(|v| v / shares[k]).collect();
    for (i, (share, own)) in shares.iter().zip(inverse.chunks_exact_mut(d)).enumerate() {
        match i == k {
            true => own.copy_from_slice(&row),
            false => own.iter_mut().zip(&row).for_each(|(v, r)| *v -= share * r),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clv::BgNbd;
    use crate::fit::likelihood;
    use crate::math::random::Stream;
    use crate::model::Model;
    use crate::table::Table;

    /// Far fewer rows, positive weights, and the sums of ln L as they are for all – at points that were not looked at, too.
    #[test]
    fn a_few_rows_have_the_sums_of_all() {
        let truth = [0.5, 8.0, 0.8, 2.5];
        let ages: Vec<f64> = (0..3000).map(|i| 20.0 + f64::from(i % 7)).collect();
        let design = Table::new().with("T", &ages[..]).unwrap();
        let control = Control::new();
        let columns = BgNbd::new(0.5, 8.0, 0.8, 2.5).unwrap().simulate(&design, 1, &control).unwrap();
        let named = ["frequency", "recency", "T"].iter().zip(&columns);
        let table = named.fold(Table::new(), |t, (name, column)| t.with(name, &column[..]).unwrap());
        let whole = likelihood::<BgNbd>(&table, &truth, &control).unwrap();
        let mut stream = Stream::new(7, 0);
        let mut point = || -> Vec<f64> { (0..4).map(|_| 0.15 * stream.normal()).collect() };
        let points: Vec<Vec<f64>> = [vec![0.0; 4]].into_iter().chain((0..60).map(|_| point())).collect();
        let rows = few_rows(&*whole, &points, 120, &control).unwrap().unwrap();
        assert!(rows.len() < 60, "{}", rows.len());
        assert!(rows.windows(2).all(|pair| pair[0].0 < pair[1].0) && rows.iter().all(|(_, w)| *w > 0.0));
        let weight: f64 = rows.iter().map(|(_, w)| w).sum();
        assert!((weight - 3000.0).abs() < 1e-6, "{weight}");
        let few = whole.standing_for(&rows).unwrap();
        let difference =
            |u: &[f64]| 3000.0 * (few.value(u, &control).unwrap() - whole.value(u, &control).unwrap());
        let middle = difference(&points[0]);
        for u in (0..40).map(|_| point()) {
            let off = (difference(&u) - middle).abs();
            assert!(off < 10.0 * TOLERANCE, "{off} at {u:?}");
        }
    }

    #[test]
    fn too_few_rows_to_begin_with_are_left_alone() {
        let control = Control::new();
        let (x, t_x, t) = ([1.0, 2.0], [3.0, 4.0], [9.0, 9.0]);
        let named = [("frequency", &x), ("recency", &t_x), ("T", &t)];
        let table = named.into_iter().fold(Table::new(), |t, (name, column)| t.with(name, column).unwrap());
        let whole = likelihood::<BgNbd>(&table, &[0.5, 8.0, 0.8, 2.5], &control).unwrap();
        let points = [vec![0.0; 4], vec![0.1; 4]];
        assert_eq!(few_rows(&*whole, &points, 100, &control).unwrap(), None);
    }
}
