//! Pareto/NBD with log-normal heterogeneity and covariates, by Gibbs sampling.
//!
//! (ln λ, ln μ) ~ Normal(B′z, Γ) across customers, z an intercept and covariates: Abe (2009), Marketing Science 28(3), 541–553. So λ and μ may be correlated, and both may
//! depend on what is known of a customer. The prior is conjugate: B | Γ is matrix normal about 0 with column covariance Γ and precision A₀ = 0.01 I between rows, Γ is
//! inverse Wishart with ν₀ = 3 + (number of rows of B) degrees of freedom and scale ν₀ I. A sweep:
//!
//! 1. each customer's (ln λ, ln μ) by elliptical slice steps, with whether and when he or she left summed out ([`History`]);
//! 2. B and Γ given them, a multivariate regression (Rossi, Allenby & McCulloch 2005, section 2.8);
//! 3. all ln μ moved by one number, the intercept with them; all ln μ stretched about their means, Γ with them; and the same for ln λ (Liu & Sabatti
//!    2000, *Biometrika* 87, 353–369). Step 2 moves the population with its customers; this moves it against what they would allow.

use super::chain::{Key, Sampler};
use super::lognormal_customer::{History, Rates};
use super::{data, names, slice};
use crate::control::{CHUNK, Control};
use crate::error::{Error, ErrorKind, Result};
use crate::math::linalg::cholesky;
use crate::math::random::Stream;
use crate::rows::Purpose;
use crate::table::Table;
use ndarray::Array2;

type Square = [[f64; 2]; 2];

pub(super) struct LogNormal {
    pub(super) customers: Vec<History>,
    /// An intercept and the covariates, row by row.
    pub(super) design: Vec<f64>,
    covariates: Vec<String>,
    /// The Cholesky factor of Z′Z + A₀.
    root: Array2<f64>,
    pub(super) prior: Prior,
}

/// A₀ = `precision` I, ν₀ and V₀ = `scale` I.
#[derive(Debug, Clone, Copy)]
pub(super) struct Prior {
    pub(super) precision: f64,
    pub(super) freedom: f64,
    pub(super) scale: f64,
}

#[derive(Debug, Clone)]
pub(super) struct State {
    /// A row for the intercept and for each covariate; a column for ln λ and ln μ.
    pub(super) coefficients: Vec<Rates>,
    pub(super) covariance: Square,
    pub(super) customers: Vec<Rates>,
}

/// The lower root of a covariance.
pub(super) fn root_of(covariance: &Square) -> Square {
    let a = covariance[0][0].sqrt();
    let b = covariance[0][1] / a;
    [[a, 0.0], [b, (covariance[1][1] - b * b).max(0.0).sqrt()]]
}

/// B′z.
pub(super) fn mean_of(coefficients: &[Rates], design: &[f64]) -> Rates {
    let add = |sum: Rates, (b, z): (&Rates, &f64)| [sum[0] + b[0] * z, sum[1] + b[1] * z];
    coefficients.iter().zip(design).fold([0.0; 2], add)
}

impl LogNormal {
    pub(super) fn new(table: &Table<'_>, covariates: &[String]) -> Result<LogNormal> {
        let rows = data::histories(table, Purpose::Fit)?;
        let customers: Vec<History> = rows.chunks_exact(3).map(History::new).collect();
        if customers.iter().all(|customer| customer.x == 0.0) {
            return Err(Error::new(
                ErrorKind::NotEnoughData,
                "no customer has bought again (frequency is 0 in every row): nothing is known of the purchase rate",
            ));
        }
        let width = 1 + covariates.len();
        let freedom = 3.0 + width as f64;
        let prior = Prior { precision: 0.01, freedom, scale: freedom };
        LogNormal::with(customers, data::design(table, covariates, Purpose::Fit)?, covariates, prior)
    }

    pub(super) fn with(
        customers: Vec<History>,
        design: Vec<f64>,
        covariates: &[String],
        prior: Prior,
    ) -> Result<LogNormal> {
        let width = 1 + covariates.len();
        let mut products = Array2::from_diag_elem(width, prior.precision);
        for z in design.chunks_exact(width) {
            for i in 0..width {
                for j in 0..width {
                    products[[i, j]] += z[i] * z[j];
                }
            }
        }
        let root = cholesky(&products).ok_or_else(|| {
            Error::new(ErrorKind::Numerical, "covariates differ too much in size: scale them to be near 1")
        })?;
        Ok(LogNormal { customers, design, covariates: covariates.to_vec(), root, prior })
    }

    fn width(&self) -> usize {
        1 + self.covariates.len()
    }

    /// Step 2.
    fn regress(&self, state: &mut State, stream: &mut Stream) {
        let p = self.width();
        // Z′Y, then B̃ = (Z′Z + A₀)⁻¹ Z′Y.
        let mut right = vec![[0.0; 2]; p];
        for (z, y) in self.design.chunks_exact(p).zip(&state.customers) {
            for (right, z) in right.iter_mut().zip(z) {
                right.iter_mut().zip(y).for_each(|(r, y)| *r += z * y);
            }
        }
        let estimate = self.back(self.forward(right));
        // V₀ + (Y − ZB̃)′(Y − ZB̃) + B̃′A₀B̃.
        let mut scale = [[self.prior.scale, 0.0], [0.0, self.prior.scale]];
        let mut add = |r: Rates, by: f64| {
            for i in 0..2 {
                for j in 0..2 {
                    scale[i][j] += by * r[i] * r[j];
                }
            }
        };
        for (z, y) in self.design.chunks_exact(p).zip(&state.customers) {
            let mean = mean_of(&estimate, z);
            add([y[0] - mean[0], y[1] - mean[1]], 1.0);
        }
        estimate.iter().for_each(|b| add(*b, self.prior.precision));
        state.covariance = inverse_wishart(self.prior.freedom + self.customers.len() as f64, &scale, stream);
        let root = root_of(&state.covariance);
        let noise: Vec<Rates> = (0..p).map(|_| times(&root, [stream.normal(), stream.normal()])).collect();
        state.coefficients =
            estimate.iter().zip(self.back(noise)).map(|(b, e)| [b[0] + e[0], b[1] + e[1]]).collect();
    }

    /// L⁻¹ R, where L L′ = Z′Z + A₀.
    fn forward(&self, mut right: Vec<Rates>) -> Vec<Rates> {
        for i in 0..right.len() {
            for c in 0..2 {
                let known: f64 = (0..i).map(|j| self.root[[i, j]] * right[j][c]).sum();
                right[i][c] = (right[i][c] - known) / self.root[[i, i]];
            }
        }
        right
    }

    /// L′⁻¹ R.
    fn back(&self, mut right: Vec<Rates>) -> Vec<Rates> {
        for i in (0..right.len()).rev() {
            for c in 0..2 {
                let known: f64 = (i + 1..right.len()).map(|j| self.root[[j, i]] * right[j][c]).sum();
                right[i][c] = (right[i][c] - known) / self.root[[i, i]];
            }
        }
        right
    }

    /// Σ ln L of the customers with their rate number `i` replaced.
    fn ln_likelihood(
        &self,
        state: &State,
        i: usize,
        control: &Control<'_>,
        place: impl Fn(usize, f64) -> f64 + Sync,
    ) -> Result<f64> {
        let n = self.customers.len();
        let parts = control.map(n.div_ceil(CHUNK), |chunk| {
            let range = chunk * CHUNK..n.min((chunk + 1) * CHUNK);
            Ok(range
                .map(|c| {
                    let mut at = state.customers[c];
                    at[i] = place(c, at[i]);
                    self.customers[c].ln_likelihood(&at)
                })
                .sum::<f64>())
        })?;
        Ok(parts.iter().sum())
    }

    /// ln p(B, Γ), but for a constant.
    fn ln_prior(&self, coefficients: &[Rates], covariance: &Square) -> f64 {
        let [[a, b], [_, c]] = *covariance;
        let determinant = a * c - b * b;
        if !(determinant > 0.0 && a > 0.0) {
            return f64::NEG_INFINITY;
        }
        // tr(Γ⁻¹ (V₀ + B′A₀B)).
        let mut inner = [self.prior.scale, 0.0, self.prior.scale];
        for row in coefficients {
            inner[0] += self.prior.precision * row[0] * row[0];
            inner[1] += self.prior.precision * row[0] * row[1];
            inner[2] += self.prior.precision * row[1] * row[1];
        }
        let trace = (c * inner[0] - 2.0 * b * inner[1] + a * inner[2]) / determinant;
        -0.5 * (self.prior.freedom + 3.0 + coefficients.len() as f64) * determinant.ln() - 0.5 * trace
    }

    /// Step 3 for the rate number `i`: a common shift.
    fn shift(&self, state: &mut State, i: usize, stream: &mut Stream, control: &Control<'_>) -> Result<()> {
        let with = |state: &State, by: f64| {
            let mut coefficients = state.coefficients.clone();
            coefficients[0][i] += by;
            coefficients
        };
        let by = slice::move_by(self.customers.len(), stream, |by| {
            let sum = self.ln_likelihood(state, i, control, |_, at| at + by)?;
            Ok(sum + self.ln_prior(&with(state, by), &state.covariance))
        })?;
        state.coefficients = with(state, by);
        state.customers.iter_mut().for_each(|at| at[i] += by);
        Ok(())
    }

    /// Step 3 for the rate number `i`: stretched about the means by e^δ. The customers' density times their Jacobian stays as it is; of Γ, the
    /// three numbers are multiplied by e^δ, e^δ... in all by e^(3δ).
    fn stretch(&self, state: &mut State, i: usize, stream: &mut Stream, control: &Control<'_>) -> Result<()> {
        let p = self.width();
        let means: Vec<f64> =
            self.design.chunks_exact(p).map(|z| mean_of(&state.coefficients, z)[i]).collect();
        let with = |covariance: &Square, by: f64| {
            let mut stretched = *covariance;
            for k in 0..2 {
                stretched[i][k] *= by.exp();
                stretched[k][i] *= by.exp();
            }
            stretched
        };
        let by = slice::move_by(self.customers.len(), stream, |by| {
            let factor = by.exp();
            let sum = self.ln_likelihood(state, i, control, |c, at| means[c] + factor * (at - means[c]))?;
            Ok(sum + self.ln_prior(&state.coefficients, &with(&state.covariance, by)) + 3.0 * by)
        })?;
        state.covariance = with(&state.covariance, by);
        let factor = by.exp();
        state.customers.iter_mut().zip(&means).for_each(|(at, mean)| at[i] = mean + factor * (at[i] - mean));
        Ok(())
    }
}

fn times(root: &Square, z: Rates) -> Rates {
    [root[0][0] * z[0], root[1][0] * z[0] + root[1][1] * z[1]]
}

/// Γ ~ inverse Wishart: Γ⁻¹ ~ Wishart(freedom, scale⁻¹), by Bartlett's decomposition. With scale = C C′, Γ = C T′⁻¹ T⁻¹ C′, T lower triangular with chi variates on the
/// diagonal and a normal one below.
pub(super) fn inverse_wishart(freedom: f64, scale: &Square, stream: &mut Stream) -> Square {
    let c = root_of(scale);
    let t = [(2.0 * stream.gamma(0.5 * freedom)).sqrt(), (2.0 * stream.gamma(0.5 * (freedom - 1.0))).sqrt()];
    let below = stream.normal();
    // T′⁻¹ = [[1/t₁, −b/(t₁t₂)], [0, 1/t₂]].
    let upper = [[1.0 / t[0], -below / (t[0] * t[1])], [0.0, 1.0 / t[1]]];
    let mut root = [[0.0; 2]; 2];
    for i in 0..2 {
        for j in 0..2 {
            root[i][j] = c[i][0] * upper[0][j] + c[i][1] * upper[1][j];
        }
    }
    let product = |i: usize, j: usize| root[i][0] * root[j][0] + root[i][1] * root[j][1];
    [[product(0, 0), product(0, 1)], [product(0, 1), product(1, 1)]]
}

impl Sampler for LogNormal {
    type State = State;
    const STAGE: &'static str = "pareto_nbd_hb";

    fn parameters(&self) -> Vec<String> {
        names::log_normal(&self.covariates)
    }

    fn start(&self, stream: &mut Stream, _: &Control<'_>) -> Result<State> {
        let n = self.customers.len() as f64;
        let age = self.customers.iter().map(|c| c.age).sum::<f64>() / n;
        let rate = self.customers.iter().map(|c| c.x).sum::<f64>() / (n * age);
        let mut coefficients = vec![[0.0; 2]; self.width()];
        coefficients[0] = [rate.ln() + 0.5 * stream.normal(), -age.ln() + stream.normal()];
        let mut spread = || stream.normal().exp();
        let covariance = [[spread(), 0.0], [0.0, spread()]];
        let customers =
            self.customers.iter().map(|c| [((c.x + 0.5) / (c.age + 0.5 / rate)).ln(), -age.ln()]).collect();
        Ok(State { coefficients, covariance, customers })
    }

    fn sweep(&self, state: &mut State, key: Key, _: f64, control: &Control<'_>) -> Result<()> {
        let (p, root) = (self.width(), root_of(&state.covariance));
        let coefficients = &state.coefficients;
        control.fill(&mut state.customers, |first, chunk| {
            for (i, at) in chunk.iter_mut().enumerate() {
                let (customer, stream) = (&self.customers[first + i], &mut key.customer(first + i));
                let mean = mean_of(coefficients, &self.design[(first + i) * p..][..p]);
                for _ in 0..2 {
                    *at = customer.step(*at, &mean, &root, stream);
                }
            }
            Ok(())
        })?;
        let stream = &mut key.population();
        self.regress(state, stream);
        for i in [1, 0] {
            self.shift(state, i, stream, control)?;
            self.stretch(state, i, stream, control)?;
        }
        Ok(())
    }

    fn tell(&self, state: &State, parameters: &mut [f64]) {
        let of = |i: usize| state.coefficients.iter().map(move |row| row[i]);
        let covariance = [state.covariance[0][0], state.covariance[0][1], state.covariance[1][1]];
        parameters.iter_mut().zip(of(0).chain(of(1)).chain(covariance)).for_each(|(p, value)| *p = value);
    }
}
