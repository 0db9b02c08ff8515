//! The likelihood of a customer whose own parameters are not known: integrated over them, and averaged over the draws of the population.
//!
//! p(h) = ∫ p(h | z) p̄(z) dz with p̄ the mean of the densities of the populations that were drawn. The customer's own parameters as they were walked through say where
//! p(h | z) p̄(z) lies. Two parameters: a [trapezoidal sum over the plane](super::plane) about there, good to 1e-6 and mostly much better. Three: by importance; points of a
//! Student distribution of that centre and shape, evenly spread, are weighed. Its tails are heavier than those of p̄, so that no weight is large; good to about 0.01.

use super::customers::{Populations, walk_ggg, walk_log_normal};
use super::ggg_customer::{Logs, Timed};
use super::lognormal::mean_of;
use super::lognormal_customer::History;
use super::plane;
use super::prior::Population;
use super::score::ln_mean;
use crate::math::{
    gamma::ln_gamma, incomplete_gamma::gamma_p_inverse, linalg::cholesky, normal::normal_quantile,
    random::Stream,
};
use ndarray::Array2;

const POINTS: usize = 1024;
const FREEDOM: f64 = 5.0;
/// Fewer draws of a customer say little of a shape.
const FEW: usize = 64;
/// The most populations that p̄ is the mean of.
const MOST: usize = 200;

/// ln p(h).
pub(super) fn ln_likelihood(
    populations: &Populations,
    row: &[f64],
    walk: &mut Stream,
    other: &mut Stream,
) -> f64 {
    match populations {
        Populations::LogNormal(all) => {
            let mut seen = Vec::with_capacity(all.len().max(FEW));
            // Few populations tell too little of a customer's shape: they are walked through again.
            match all.len() < FEW {
                true => {
                    let again: Vec<_> = all.iter().cycle().take(FEW).cloned().collect();
                    walk_log_normal(&again, row, walk, |_, at, _| seen.push(*at));
                }
                false => walk_log_normal(all, row, walk, |_, at, _| seen.push(*at)),
            }
            let customer = History::new(row);
            let some: Vec<_> = some(all).map(|(b, root)| (mean_of(b, &row[3..]), *root)).collect();
            let Some((centre, root)) = about(&seen, 1.0) else { return f64::NAN };
            plane::ln_integral(centre, root, |at: &[f64; 2]| {
                let densities = some.iter().map(|(mean, root)| {
                    let a = (at[0] - mean[0]) / root[0][0];
                    let b = (at[1] - mean[1] - root[1][0] * a) / root[1][1];
                    -0.5 * (a * a + b * b) - (root[0][0] * root[1][1] * std::f64::consts::TAU).ln()
                });
                customer.ln_likelihood(at) + ln_mean(&densities.collect::<Vec<f64>>())
            })
        }
        Populations::Ggg(all) => {
            let mut seen: Vec<Logs> = Vec::with_capacity(all.len());
            walk_ggg(all, row, walk, |_, _, at| seen.push(*at));
            let customer = Timed::new(row);
            let some: Vec<(&[Population; 3], f64)> = some(all)
                .map(|p| (p, p.iter().map(|p| p.shape * p.rate.ln() - ln_gamma(p.shape)).sum()))
                .collect();
            integrate(&seen, other, |at: &Logs| {
                let densities = some.iter().map(|(p, constant)| {
                    constant + p.iter().zip(at).map(|(p, &log)| p.ln_density_of_log(log)).sum::<f64>()
                });
                customer.ln_likelihood(at) + ln_mean(&densities.collect::<Vec<f64>>())
            })
        }
        // Has a closed form.
        Populations::Gamma(_) => f64::NAN,
    }
}

fn some<T>(all: &[T]) -> impl Iterator<Item = &T> {
    let count = all.len().min(MOST);
    (0..count).map(move |i| &all[i * all.len() / count])
}

/// The middle of draws, and the lower root of their covariance, which is made so many times as large.
fn about<const D: usize>(seen: &[[f64; D]], wider: f64) -> Option<([f64; D], [[f64; D]; D])> {
    let n = seen.len() as f64;
    let centre: [f64; D] = std::array::from_fn(|i| seen.iter().map(|z| z[i]).sum::<f64>() / n);
    let spread = |i: usize, j: usize| {
        let sum: f64 = seen.iter().map(|z| (z[i] - centre[i]) * (z[j] - centre[j])).sum();
        // Where draws are too few to tell a shape, a good deal wider.
        let least = if n < 20.0 { 0.05 } else { 1e-6 * sum / n + 1e-18 };
        wider * sum / n + if i == j { least } else { 0.0 }
    };
    let root = cholesky(&Array2::from_shape_fn((D, D), |(i, j)| spread(i, j)))?;
    Some((centre, std::array::from_fn(|i| std::array::from_fn(|j| root[[i, j]]))))
}

/// ln ∫ e^(f(z)) dz, with draws of z from about where that lies.
fn integrate<const D: usize>(seen: &[[f64; D]], stream: &mut Stream, f: impl Fn(&[f64; D]) -> f64) -> f64 {
    let Some((centre, root)) = about(seen, 1.2) else { return f64::NAN };
    let half = 0.5 * (FREEDOM + D as f64);
    let ln_scale: f64 = (0..D).map(|i| root[i][i].ln()).sum();
    let constant = ln_gamma(half)
        - ln_gamma(0.5 * FREEDOM)
        - 0.5 * D as f64 * (FREEDOM * std::f64::consts::PI).ln()
        - ln_scale;
    // Multiples of √2, √3, √5, √7: evenly spread, in as many dimensions as are needed.
    let shift: [f64; 4] = std::array::from_fn(|_| stream.uniform());
    let steps = [2.0_f64, 3.0, 5.0, 7.0].map(f64::sqrt);
    let weights: Vec<f64> = (0..POINTS)
        .map(|point| {
            let uniform = |j: usize| (shift[j] + point as f64 * steps[j]).fract().clamp(1e-12, 1.0 - 1e-12);
            let chi_squared = 2.0 * gamma_p_inverse(0.5 * FREEDOM, uniform(D));
            let scale = (FREEDOM / chi_squared).sqrt();
            let z: [f64; D] = std::array::from_fn(|j| scale * normal_quantile(uniform(j)));
            let at: [f64; D] =
                std::array::from_fn(|i| centre[i] + (0..=i).map(|j| root[i][j] * z[j]).sum::<f64>());
            let square: f64 = z.iter().map(|z| z * z).sum();
            f(&at) - constant + half * (square / FREEDOM).ln_1p()
        })
        .collect();
    ln_mean(&weights)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against integrals over both rates, to 11 digits and more, by Gauss-Legendre panels of another program: `testdata/generate_log_normal.py`.
    #[test]
    fn the_likelihood_of_a_customer_with_log_normal_rates_is_the_integral_to_a_millionth() {
        let text = include_str!("../../../testdata/log_normal.csv");
        let (mut compared, mut worst) = (0, 0.0_f64);
        for line in text.lines().filter(|l| !l.starts_with('#')).skip(1) {
            let v: Vec<f64> = line.split(',').map(|s| s.parse().unwrap()).collect();
            let [first, second, variance, covariance, other, x, recency, age, truth] = v[..] else {
                panic!()
            };
            let root = super::super::lognormal::root_of(&[[variance, covariance], [covariance, other]]);
            // One population or many of one kind.
            for many in [1, 300] {
                let populations = Populations::LogNormal(vec![(vec![[first, second]], root); many]);
                let row = [x, recency, age, 1.0];
                let (mut walk, mut own) = (Stream::new(7, 1), Stream::new(7, 2));
                let got = ln_likelihood(&populations, &row, &mut walk, &mut own);
                worst = worst.max((got - truth).abs());
                assert!((got - truth).abs() < 1e-6, "{line}: {got}, off by {:e}", got - truth);
                compared += 1;
            }
        }
        println!("{compared} likelihoods, worst error {worst:.1e}");
        assert_eq!(compared, 48);
    }
}
