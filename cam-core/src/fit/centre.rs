//! What covariates are like across customers: the centre and the unit in which a search counts them.

use super::likelihood::Likelihood;
use crate::error::{Error, ErrorKind, Result, brief};
use crate::model::Design;
use ndarray::Array2;

/// Mean and standard deviation of each term of the covariates.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Centre {
    pub(crate) mean: Vec<f64>,
    pub(crate) deviation: Vec<f64>,
}

/// √(1 − R²) of a covariate, given others, from which on it says something of its own.
const INDEPENDENT: f64 = 1e-6;

impl Centre {
    /// From weights and terms, which `each` gives as often as it is asked.
    ///
    /// # Errors
    /// [`ErrorKind::NotEnoughData`] naming a covariate that is constant, or a linear function of others of its process.
    pub(crate) fn new<'a, I: Iterator<Item = (f64, &'a [f64])>>(
        design: &Design,
        each: impl Fn() -> I,
    ) -> Result<Centre> {
        let width = design.terms.len();
        let mut total = 0.0;
        let (mut mean, mut variance) = (vec![0.0; width], vec![0.0; width]);
        let (mut low, mut high) = (vec![f64::INFINITY; width], vec![f64::NEG_INFINITY; width]);
        for (weight, terms) in each() {
            total += weight;
            for (t, &z) in terms.iter().enumerate() {
                mean[t] += weight * z;
                (low[t], high[t]) = (z.min(low[t]), z.max(high[t]));
            }
        }
        mean.iter_mut().for_each(|m| *m /= total);
        for (weight, terms) in each() {
            for (t, &z) in terms.iter().enumerate() {
                variance[t] += weight / total * (z - mean[t]).powi(2);
            }
        }
        for (t, term) in design.terms.iter().enumerate() {
            // Values that differ by rounding alone are one value.
            let same = high[t] - low[t] <= 1e-12 * high[t].abs().max(low[t].abs());
            if same || !(variance[t] > 0.0) {
                return Err(Error::new(
                    ErrorKind::NotEnoughData,
                    format!(
                        "covariate {} is {} for every customer who says something about the model: its coefficient cannot be told",
                        term.name,
                        brief(low[t])
                    ),
                )
                .with_field(term.name.as_str()));
            }
        }
        let centre = Centre { mean, deviation: variance.iter().map(|v| v.sqrt()).collect() };
        centre.check_independent(design, each())?;
        Ok(centre)
    }

    /// No covariate of a process is a linear function of those before it: by the Cholesky factor of their correlations.
    fn check_independent<'a>(
        &self,
        design: &Design,
        each: impl Iterator<Item = (f64, &'a [f64])>,
    ) -> Result<()> {
        let width = design.terms.len();
        let mut products = Array2::<f64>::zeros((width, width));
        let mut total = 0.0;
        let mut z = vec![0.0; width];
        for (weight, terms) in each {
            total += weight;
            for t in 0..width {
                z[t] = (terms[t] - self.mean[t]) / self.deviation[t];
                for s in 0..=t {
                    products[[t, s]] += weight * z[t] * z[s];
                }
            }
        }
        for direction in 0..design.directions.len() {
            let of = design.coefficients.iter().filter(|c| c.direction == direction);
            let terms: Vec<usize> = of.map(|c| c.term).collect();
            let n = terms.len();
            let mut l = Array2::<f64>::zeros((n, n));
            for i in 0..n {
                for j in 0..=i {
                    let (a, b) = (terms[i].max(terms[j]), terms[i].min(terms[j]));
                    let rest = products[[a, b]] / total - (0..j).map(|k| l[[i, k]] * l[[j, k]]).sum::<f64>();
                    l[[i, j]] = if i == j { rest.max(0.0).sqrt() } else { rest / l[[j, j]] };
                }
                if l[[i, i]] > INDEPENDENT {
                    continue;
                }
                // What it is a function of: L'β = l.
                let mut beta = vec![0.0; i];
                for j in (0..i).rev() {
                    let rest = l[[i, j]] - (j + 1..i).map(|k| l[[k, j]] * beta[k]).sum::<f64>();
                    beta[j] = rest / l[[j, j]];
                }
                let name = |t: usize| design.terms[t].name.as_str();
                let others: Vec<&str> =
                    (0..i).filter(|&j| beta[j].abs() > 1e-6).map(|j| name(terms[j])).collect();
                return Err(Error::new(
                    ErrorKind::NotEnoughData,
                    format!(
                        "covariate {} is a linear function of {}: their coefficients cannot be told apart; leave one of them out",
                        name(terms[i]),
                        others.join(", ")
                    ),
                )
                .with_field(name(terms[i])));
            }
        }
        Ok(())
    }

    /// From where a search ended that was centred here: all parameters of a customer whose covariates are 0, the coefficients, and the
    /// covariance of what was estimated.
    pub(crate) fn put_back(
        &self,
        design: &Design,
        likelihood: &dyn Likelihood,
        u: &[f64],
        whole: &[f64],
        covariance: Option<&[Vec<f64>]>,
    ) -> (Vec<f64>, Vec<f64>, Option<Vec<Vec<f64>>>) {
        let m = design.coefficients.len();
        let own = u.len() - m;
        let centred = likelihood.theta(u);
        let gamma = centred[own..].to_vec();
        let mut theta: Vec<f64> = centred[..own].iter().chain(whole).copied().collect();
        let back: Vec<f64> = self.mean.iter().map(|c| -c).collect();
        design.scale(&gamma, &back, &mut theta);
        // ∂θⱼ/∂θ̃ⱼ and ∂θⱼ/∂γ; the coefficients are what they were.
        let jacobian = Array2::from_shape_fn((own + m, own + m), |(i, j)| match (i < own, j < own) {
            (true, true) if i == j => theta[i] / centred[i],
            (true, false) => {
                let c = &design.coefficients[j - own];
                -theta[i] * design.directions[c.direction][i] * self.mean[c.term]
            }
            _ => f64::from(u8::from(i == j)),
        });
        let covariance = covariance.map(|rows| {
            let centred = Array2::from_shape_fn((own + m, own + m), |(i, j)| rows[i][j]);
            let put_back = jacobian.dot(&centred).dot(&jacobian.t());
            (0..own + m)
                .map(|i| (0..own + m).map(|j| 0.5 * (put_back[[i, j]] + put_back[[j, i]])).collect())
                .collect()
        });
        (theta, gamma, covariance)
    }

    /// The parameters of a customer whose covariates are 0 are out of reach where 0 is far from all customers.
    pub(crate) fn far_from_zero(&self, design: &Design, gamma: &[f64], error: &Error) -> Error {
        let shift = |c: usize| (gamma[c] * self.mean[design.coefficients[c].term]).abs();
        let furthest = (0..gamma.len()).max_by(|&a, &b| shift(a).total_cmp(&shift(b))).unwrap_or(0);
        let term = design.coefficients[furthest].term;
        let name = &design.terms[term].name;
        Error::new(
            ErrorKind::Numerical,
            format!(
                "{error} for a customer whose covariates are 0, which is far from the mean of {name}, {}: subtract that from it",
                brief(self.mean[term])
            ),
        )
        .with_field(name.as_str())
    }
}
