//! Pareto/NBD with gamma heterogeneity: (r, α, s, β) from their exact marginal posterior.
//!
//! The literature (Ma & Liu 2007) goes from customers to population and back: given every λ and μ the population is drawn, given the population every λ
//! and μ. Customers pin the population of their own μ down so well, and tell so little of each μ, that s and β then creep. But the likelihood of a history with λ and μ
//! integrated out is known ([`ParetoNbd`]); so the population is drawn from p(r, α, s, β | data) itself, four numbers and no customer, and customers come
//! afterwards, given the population, independent and exact.
//!
//! A sweep is two steps on the log-parameters. One is a Metropolis step that proposes from a Student t distribution shaped as the posterior, wherever the chain stands
//! (Tierney 1994, *Annals of Statistics* 22, 1701–1762). The other is a slice step along the longest axis of that shape: s and β may both be large, so that μ hardly differs
//! between customers, and that tail of the posterior is longer than a Student's. The shape is at first the curvature at the maximum of the likelihood and of priors that say something,
//! and then, twice during burn-in, what the chain has seen.

use super::chain::{Key, Sampler};
use super::prior::GammaPrior;
use super::slice;
use crate::clv::ParetoNbd;
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};
use crate::fit::{FitOptions, Prior, maximum_likelihood};
use crate::math::{
    linalg::{cholesky, symmetric_eigen},
    random::Stream,
};
use crate::model::Family;
use crate::rows::{Purpose, Rows};
use crate::table::Table;
use ndarray::{Array1, Array2};

/// Degrees of freedom of the proposal: tails heavier than any gamma prior leaves to the logarithm of a parameter.
const FREEDOM: f64 = 5.0;
/// The width of a slice, in standard deviations along the axis.
const WIDTH: f64 = 2.5;

pub(super) struct Collapsed {
    rows: Rows,
    priors: [GammaPrior; 4],
    shape: Shape,
}

/// Where the posterior lies, and how wide: a centre, a root of the covariance, and the longest axis of its ellipsoid.
#[derive(Debug, Clone)]
struct Shape {
    centre: [f64; 4],
    root: Array2<f64>,
    axis: [f64; 4],
}

#[derive(Debug, Clone)]
pub(super) struct State {
    at: [f64; 4],
    height: f64,
    shape: Shape,
    seen: Moments,
    adapted: usize,
}

/// Mean and covariance of draws, as they come.
#[derive(Debug, Clone, Default)]
struct Moments {
    count: f64,
    mean: [f64; 4],
    products: [[f64; 4]; 4],
}

impl Collapsed {
    pub(super) fn new(
        table: &Table<'_>,
        priors: [GammaPrior; 4],
        control: &Control<'_>,
    ) -> Result<Collapsed> {
        let rows = Rows::new(table, ParetoNbd::SPEC.columns, Purpose::Fit, ParetoNbd::check_row, control)?;
        let rows = rows.filter(|_, _, weight| weight > 0.0);
        if rows.is_empty() {
            return Err(Error::new(ErrorKind::NotEnoughData, "there is no row to learn from"));
        }
        // Priors that say something have a say in the shape, too; others have no mode.
        let informative =
            ParetoNbd::SPEC.parameters.iter().zip(&priors).filter(|(_, prior)| prior.shape >= 1.0);
        let options = informative.fold(FitOptions::default(), |options, (parameter, prior)| {
            options.prior(parameter.name, Prior::Gamma { alpha: prior.shape, beta: prior.rate })
        });
        let fitted = maximum_likelihood::<ParetoNbd>(table, &options, control)?;
        let report = fitted.report()?;
        let theta = match report.converged() {
            true => fitted.model.theta(),
            false => ParetoNbd::start(&rows)?,
        };
        let mut centre = [0.0; 4];
        centre.iter_mut().zip(&theta).for_each(|(c, t)| *c = t.ln());
        // Of the logarithms; where the likelihood has no maximum, half an order of magnitude each way.
        let covariance = match report.covariance() {
            Ok(v) if report.converged() => {
                Array2::from_shape_fn((4, 4), |(i, j)| v[[i, j]] / (theta[i] * theta[j]))
            }
            _ => Array2::eye(4),
        };
        let shape = Shape::of(centre, &covariance).or_else(|| Shape::of(centre, &Array2::eye(4)));
        let shape = shape.ok_or_else(|| Error::new(ErrorKind::Numerical, "no shape for the proposals"))?;
        Ok(Collapsed { rows, priors, shape })
    }

    /// ln p(data | θ) + ln p(ln θ), but for a constant.
    fn ln_posterior(&self, log: &[f64; 4], control: &Control<'_>) -> Result<f64> {
        let prior: f64 = self.priors.iter().zip(log).map(|(prior, &log)| prior.ln_density_of_log(log)).sum();
        let theta = log.map(f64::exp);
        if !prior.is_finite() || ParetoNbd::SPEC.check_parameters(&theta).is_err() {
            return Ok(f64::NEG_INFINITY);
        }
        let parts = self.rows.map_chunks(control, |rows, weights| {
            let (mut sum, mut from) = (0.0, 0);
            // Rows with the same frequency stand together.
            while from < weights.len() {
                let x = rows[3 * from];
                let to = from + rows[3 * from..].chunks_exact(3).take_while(|row| row[0] == x).count();
                let shared = ParetoNbd::shared(&theta, x);
                sum += ParetoNbd::sum_log_likelihood(
                    &theta,
                    &shared,
                    &rows[3 * from..3 * to],
                    &weights[from..to],
                );
                from = to;
            }
            Ok(sum)
        })?;
        let sum = prior + parts.iter().sum::<f64>();
        Ok(if sum.is_nan() { f64::NEG_INFINITY } else { sum })
    }
}

impl Shape {
    /// None where the covariance is not positive definite.
    fn of(centre: [f64; 4], covariance: &Array2<f64>) -> Option<Shape> {
        let root = cholesky(covariance)?;
        let (values, vectors) = symmetric_eigen(covariance);
        let length = values[3].sqrt();
        Some(Shape { centre, root, axis: std::array::from_fn(|i| length * vectors[[i, 3]]) })
    }

    /// Centre + root · t.
    fn student(&self, stream: &mut Stream) -> [f64; 4] {
        let z = Array1::from_shape_fn(4, |_| stream.normal());
        let chi_squared = 2.0 * stream.gamma(0.5 * FREEDOM);
        let step = self.root.dot(&z) * (FREEDOM / chi_squared).sqrt();
        std::array::from_fn(|i| self.centre[i] + step[i])
    }

    /// ln of the density of that, but for a constant.
    fn ln_student(&self, at: &[f64; 4]) -> f64 {
        // Root · z = at − centre, by forward substitution.
        let mut z = [0.0; 4];
        for i in 0..4 {
            let known: f64 = (0..i).map(|j| self.root[[i, j]] * z[j]).sum();
            z[i] = (at[i] - self.centre[i] - known) / self.root[[i, i]];
        }
        let square: f64 = z.iter().map(|z| z * z).sum();
        -0.5 * (FREEDOM + 4.0) * (square / FREEDOM).ln_1p()
    }
}

impl Moments {
    fn add(&mut self, at: &[f64; 4]) {
        self.count += 1.0;
        let before: [f64; 4] = std::array::from_fn(|i| at[i] - self.mean[i]);
        self.mean.iter_mut().zip(before).for_each(|(mean, d)| *mean += d / self.count);
        for i in 0..4 {
            for j in 0..4 {
                self.products[i][j] += before[i] * (at[j] - self.mean[j]);
            }
        }
    }

    fn shape(&self) -> Option<Shape> {
        let covariance = Array2::from_shape_fn((4, 4), |(i, j)| {
            0.5 * (self.products[i][j] + self.products[j][i]) / (self.count - 1.0)
        });
        Shape::of(self.mean, &covariance)
    }
}

/// At these parts of the burn-in the shape is learnt anew, from the draws since the time before.
const LEARN: [f64; 2] = [0.3, 0.6];

impl Sampler for Collapsed {
    type State = State;
    const STAGE: &'static str = "pareto_nbd_hb";

    fn parameters(&self) -> Vec<String> {
        ParetoNbd::SPEC.parameters.iter().map(|p| p.name.to_owned()).collect()
    }

    fn start(&self, stream: &mut Stream, control: &Control<'_>) -> Result<State> {
        for _ in 0..100 {
            let at = self.shape.student(stream);
            let height = self.ln_posterior(&at, control)?;
            if height.is_finite() {
                return Ok(State {
                    at,
                    height,
                    shape: self.shape.clone(),
                    seen: Moments::default(),
                    adapted: 0,
                });
            }
        }
        Err(Error::new(ErrorKind::Numerical, "no place was found where the posterior density is positive"))
    }

    fn sweep(&self, state: &mut State, key: Key, burn_in: f64, control: &Control<'_>) -> Result<()> {
        let stream = &mut key.population();
        let proposal = state.shape.student(stream);
        let height = self.ln_posterior(&proposal, control)?;
        let ratio =
            height - state.height + state.shape.ln_student(&state.at) - state.shape.ln_student(&proposal);
        if -stream.exponential() < ratio {
            (state.at, state.height) = (proposal, height);
        }
        let (at, axis) = (state.at, state.shape.axis);
        let place = |by: f64| -> [f64; 4] { std::array::from_fn(|i| at[i] + by * axis[i]) };
        // Whoever asks to stop is heard at the next sweep.
        let ln_density = |by: f64| self.ln_posterior(&place(by), control).unwrap_or(f64::NEG_INFINITY);
        let (by, height) = slice::step(0.0, state.height, WIDTH, stream, ln_density);
        (state.at, state.height) = (place(by), height);
        if burn_in < 1.0 {
            state.seen.add(&state.at);
            if state.adapted < LEARN.len() && burn_in >= LEARN[state.adapted] {
                state.adapted += 1;
                // Fewer draws tell less of a shape than the curvature does.
                if state.seen.count >= 100.0
                    && let Some(shape) = state.seen.shape()
                {
                    state.shape = shape;
                }
                state.seen = Moments::default();
            }
        }
        Ok(())
    }

    fn tell(&self, state: &State, parameters: &mut [f64]) {
        parameters.iter_mut().zip(state.at).for_each(|(p, log)| *p = log.exp());
    }
}
