//! A mean log-likelihood as a function of free coordinates: all that estimation knows of a model and its data.
//!
//! Maximum likelihood, priors, profiles, the bootstrap and sampling from a posterior are written once, over [`Likelihood`].
//!
//! **Coordinates.** A parameter θ that lives on part of the line is moved by a coordinate u that lives on all of it, counted from an
//! origin θ₀ where a search began, so that u = 0 there:
//!
//! | domain of θ | [`Scale`] | θ(u) |
//! |---|---|---|
//! | positive | `Log` | θ₀ eᵘ |
//! | all numbers | `Line` | θ₀ + s u, s the size of one step |
//! | between a and b, such as a correlation | `Between` | a + (b − a) / (1 + e^(−v₀ − u)), v₀ = ln (θ₀ − a)/(b − θ₀) |
//!
//! So a search keeps to the domain by itself, and on the log scale the unit of time or money makes no difference. Each coordinate
//! moves one parameter, hence derivatives change by the chain rule for one variable: ∂/∂u = θ′ ∂/∂θ, and
//! ∂²/∂uᵢ∂uⱼ = θᵢ′ θⱼ′ ∂²/∂θᵢ∂θⱼ + δᵢⱼ θᵢ″ ∂/∂θᵢ.

use crate::control::Control;
use crate::error::Result;
use crate::math::{
    exp_log::logistic,
    jet::{Derivatives, Real},
};
use crate::model::Family;
use crate::optim::Point;
use crate::rows::Rows;
use crate::table::{Dimension, Domain, Variable};
use ndarray::{Array1, Array2};
use std::borrow::Cow;
use std::sync::Arc;

/// How a coordinate u, which is any number, moves its parameter θ.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Scale {
    /// A positive parameter, by its logarithm.
    Log,
    /// Any number, by steps of this size.
    Line(f64),
    /// A number between two bounds, by its log-odds.
    Between(f64, f64),
}

/// A free coordinate: the parameter that it moves, how, and from where.
#[derive(Debug, Clone, PartialEq)]
pub struct Coordinate {
    /// The name of the parameter.
    pub name: Cow<'static, str>,
    /// How it moves.
    pub scale: Scale,
    /// The value of the parameter at u = 0.
    pub origin: f64,
}

impl Coordinate {
    /// A coordinate; see the fields.
    pub fn new(name: impl Into<Cow<'static, str>>, scale: Scale, origin: f64) -> Coordinate {
        Coordinate { name: name.into(), scale, origin }
    }

    /// The coordinate of a parameter of a model. A parameter that may be any number and has a dimension goes by steps of its own size.
    pub fn of(variable: &Variable, origin: f64) -> Coordinate {
        let scale = match (variable.domain, variable.dimension) {
            (Domain::Real, Dimension::None) => Scale::Line(1.0),
            (Domain::Real, _) => Scale::Line(if origin == 0.0 { 1.0 } else { origin.abs() }),
            _ => Scale::Log,
        };
        Coordinate::new(variable.name, scale, origin)
    }

    /// The parameter at u, with its first and second derivative by u.
    pub fn at(&self, u: f64) -> [f64; 3] {
        match self.scale {
            Scale::Log => [self.origin * u.exp(); 3],
            Scale::Line(step) => [self.origin + step * u, step, 0.0],
            Scale::Between(a, b) => {
                let v = ((self.origin - a) / (b - self.origin)).ln() + u;
                let (p, q) = (logistic(v), logistic(-v));
                let slope = (b - a) * p * q;
                [a + (b - a) * p, slope, slope * (q - p)]
            }
        }
    }

    /// ln |dθ/du| at u, with its first and second derivative: what the density of u has more than that of θ.
    pub fn ln_slope(&self, u: f64) -> [f64; 3] {
        match self.scale {
            Scale::Log => [self.origin.abs().ln() + u, 1.0, 0.0],
            Scale::Line(step) => [step.abs().ln(), 0.0, 0.0],
            Scale::Between(a, b) => {
                let v = ((self.origin - a) / (b - self.origin)).ln() + u;
                let (p, q) = (logistic(v), logistic(-v));
                [(b - a).ln() + p.ln() + q.ln(), q - p, -2.0 * p * q]
            }
        }
    }

    /// The u at which the parameter has this value.
    pub fn of_value(&self, theta: f64) -> f64 {
        match self.scale {
            Scale::Log => (theta / self.origin).ln(),
            Scale::Line(step) => (theta - self.origin) / step,
            Scale::Between(a, b) => {
                ((theta - a) / (b - theta)).ln() - ((self.origin - a) / (b - self.origin)).ln()
            }
        }
    }

    /// Where the parameter goes as u runs away.
    pub(super) fn limit(&self, downwards: bool) -> String {
        match (self.scale, downwards) {
            (Scale::Log, true) => "0".to_owned(),
            (Scale::Line(_), true) => "-infinity".to_owned(),
            (Scale::Between(a, _), true) => a.to_string(),
            (Scale::Between(_, b), false) => b.to_string(),
            (_, false) => "infinity".to_owned(),
        }
    }
}

/// A mean log-likelihood of free coordinates, over weighted rows.
pub trait Likelihood: Send + Sync {
    /// The stable name of the model, for progress: `bg_nbd`.
    fn id(&self) -> &'static str;

    /// The name of the model in print, for messages: `BG/NBD`.
    fn title(&self) -> &'static str;

    /// The coordinates, in order.
    fn coordinates(&self) -> &[Coordinate];

    /// How many customers each distinct row stands for.
    fn weights(&self) -> &[f64];

    /// The number of customers: the sum of the weights.
    fn customers(&self) -> f64 {
        self.weights().iter().sum()
    }

    /// What is to be added to the log-likelihood of all customers because it depends on no coordinate.
    fn constant(&self) -> f64 {
        0.0
    }

    /// −1/n Σ w ln L(u; row), n = Σ w, with its gradient and Hessian by u, the rows weighted otherwise than by their own
    /// [`weights`](Self::weights); a row of weight 0 counts nothing. The same bits for any number of threads.
    ///
    /// # Errors
    /// Only that the caller has asked to stop. What cannot be computed is not finite.
    fn evaluate_weighted(&self, u: &[f64], weights: &[f64], control: &Control<'_>) -> Result<Point>;

    /// The same with their own weights.
    ///
    /// # Errors
    /// As for [`evaluate_weighted`](Self::evaluate_weighted).
    fn evaluate(&self, u: &[f64], control: &Control<'_>) -> Result<Point> {
        self.evaluate_weighted(u, self.weights(), control)
    }

    /// Value and gradient alone, where that is cheaper: what a sampler asks for thousands of times.
    ///
    /// # Errors
    /// As for [`evaluate_weighted`](Self::evaluate_weighted).
    fn slope(&self, u: &[f64], control: &Control<'_>) -> Result<(f64, Array1<f64>)> {
        self.evaluate(u, control).map(|point| (point.value, point.gradient))
    }

    /// The value alone.
    ///
    /// # Errors
    /// As for [`evaluate_weighted`](Self::evaluate_weighted).
    fn value(&self, u: &[f64], control: &Control<'_>) -> Result<f64> {
        self.slope(u, control).map(|(value, _)| value)
    }

    /// ln L(u; row) of as many distinct rows as there are places, from this one on. Only called where [`standing_for`](Self::standing_for) answers.
    fn each(&self, _u: &[f64], _from: usize, out: &mut [f64]) {
        out.fill(f64::NAN);
    }

    /// The likelihood of some of the distinct rows, by number and in ascending order, with these weights; none where that is not to be had.
    fn standing_for(&self, _rows: &[(usize, f64)]) -> Option<Box<dyn Likelihood + '_>> {
        None
    }

    /// The likelihood of a sample of about `size` distinct rows that stand for all customers, whose coordinates are the same; none where
    /// there are too few rows for that to be worth while.
    fn thinned(&self, _size: usize) -> Option<Box<dyn Likelihood + '_>> {
        None
    }

    /// The parameters at u, in the order of the coordinates.
    fn theta(&self, u: &[f64]) -> Vec<f64> {
        self.coordinates().iter().zip(u).map(|(c, &u)| c.at(u)[0]).collect()
    }

    /// The u at which the parameters have these values.
    fn coordinates_of(&self, theta: &[f64]) -> Vec<f64> {
        self.coordinates().iter().zip(theta).map(|(c, &theta)| c.of_value(theta)).collect()
    }
}

/// A sample is worth its while where the rows are this many times more.
pub(super) const SAMPLE_FROM: usize = 3;

/// The likelihood of a [`Family`] over compressed rows. Whole-number parameters stay as they are at the origin.
#[derive(Debug, Clone)]
pub(crate) struct FamilyLikelihood<F> {
    rows: Arc<Rows>,
    coordinates: Vec<Coordinate>,
    /// The parameters that do not move; they stand last.
    whole: Vec<f64>,
    constant: f64,
    family: std::marker::PhantomData<fn() -> F>,
}

impl<F: Family> FamilyLikelihood<F> {
    /// The likelihood with all parameters as they are at the origin; `constant` is what [`Likelihood::constant`] says.
    pub(crate) fn new(rows: Arc<Rows>, origin: &[f64], constant: f64) -> Self {
        let free = F::SPEC.free_parameters();
        FamilyLikelihood {
            rows,
            coordinates: free.iter().zip(origin).map(|(p, &origin)| Coordinate::of(p, origin)).collect(),
            whole: origin[free.len()..].to_vec(),
            constant,
            family: std::marker::PhantomData,
        }
    }

    /// The rows.
    pub(crate) fn rows(&self) -> &Rows {
        &self.rows
    }

    /// All parameters at u, those that do not move too.
    pub(crate) fn parameters(&self, u: &[f64]) -> Vec<f64> {
        self.theta(u).into_iter().chain(self.whole.iter().copied()).collect()
    }

    /// Σ w ln L at these parameters, with as many derivatives by them as the numbers carry.
    fn sum<J: Derivatives>(&self, moved: &[[f64; 3]], weights: &[f64], control: &Control<'_>) -> Result<J> {
        let width = F::SPEC.row_columns().len();
        let free = moved.iter().enumerate().map(|(i, at)| J::variable(at[0], i));
        let variables: Vec<J> = free.chain(self.whole.iter().map(|&v| J::constant(v))).collect();
        let chunks = self.rows.map_chunks_weighted(weights, control, |values, weights| {
            let mut sum = J::constant(0.0);
            let (mut values, mut weights) = (values, weights);
            while let Some(&first) = values.first() {
                let alike = values.chunks_exact(width).take_while(|row| row[0] == first).count();
                let (rows, later) = values.split_at(alike * width);
                let (counts, later_counts) = weights.split_at(alike);
                let shared = F::shared(&variables, first);
                sum.accumulate(1.0, &F::sum_log_likelihood(&variables, &shared, rows, counts));
                (values, weights) = (later, later_counts);
            }
            Ok(sum)
        })?;
        let mut sum = J::constant(0.0);
        for chunk in &chunks {
            sum.accumulate(1.0, chunk);
        }
        Ok(sum)
    }

    /// The parameters at u, each with its derivatives by its coordinate.
    fn moved(&self, u: &[f64]) -> Vec<[f64; 3]> {
        self.coordinates.iter().zip(u).map(|(c, &u)| c.at(u)).collect()
    }
}

impl<F: Family> Likelihood for FamilyLikelihood<F> {
    fn id(&self) -> &'static str {
        F::SPEC.id
    }

    fn title(&self) -> &'static str {
        F::SPEC.title
    }

    fn coordinates(&self) -> &[Coordinate] {
        &self.coordinates
    }

    fn weights(&self) -> &[f64] {
        self.rows.weights()
    }

    fn constant(&self) -> f64 {
        self.constant
    }

    fn evaluate_weighted(&self, u: &[f64], weights: &[f64], control: &Control<'_>) -> Result<Point> {
        let n = self.coordinates.len();
        let moved = self.moved(u);
        let sum: F::Jet = self.sum(&moved, weights, control)?;
        let scale = -1.0 / weights.iter().sum::<f64>();
        let gradient: Array1<f64> = (0..n).map(|i| scale * moved[i][1] * sum.gradient()[i]).collect();
        let hessian = Array2::from_shape_fn((n, n), |(i, j)| {
            let diagonal = if i == j { scale * moved[i][2] * sum.gradient()[i] } else { 0.0 };
            // Symmetric to the last bit, whatever the order in which the jets were multiplied.
            let mixed = 0.5 * (sum.hessian_row(i)[j] + sum.hessian_row(j)[i]);
            scale * moved[i][1] * moved[j][1] * mixed + diagonal
        });
        Ok(Point { value: scale * sum.value(), gradient, hessian })
    }

    fn slope(&self, u: &[f64], control: &Control<'_>) -> Result<(f64, Array1<f64>)> {
        let moved = self.moved(u);
        let sum: <F::Jet as Derivatives>::Slope = self.sum(&moved, self.weights(), control)?;
        let scale = -1.0 / self.customers();
        let gradient = moved.iter().zip(sum.gradient()).map(|(at, g)| scale * at[1] * g).collect();
        Ok((scale * sum.value(), gradient))
    }

    fn value(&self, u: &[f64], control: &Control<'_>) -> Result<f64> {
        let sum: f64 = self.sum(&self.moved(u), self.weights(), control)?;
        Ok(-sum / self.customers())
    }

    fn each(&self, u: &[f64], from: usize, out: &mut [f64]) {
        let theta = self.parameters(u);
        let mut shared = None;
        for (row, out) in self.rows.values_from(from).chunks_exact(F::SPEC.row_columns().len()).zip(out) {
            let common = match &mut shared {
                Some((first, common)) if *first == row[0] => common,
                _ => &mut shared.insert((row[0], F::shared(&theta, row[0]))).1,
            };
            *out = F::log_likelihood(&theta, common, row);
        }
    }

    fn standing_for(&self, rows: &[(usize, f64)]) -> Option<Box<dyn Likelihood + '_>> {
        Some(Box::new(FamilyLikelihood { rows: Arc::new(self.rows.chosen(rows)), ..self.clone() }))
    }

    fn thinned(&self, size: usize) -> Option<Box<dyn Likelihood + '_>> {
        (self.rows.len() >= SAMPLE_FROM * size).then(|| {
            Box::new(FamilyLikelihood { rows: Arc::new(self.rows.thinned(size)), ..self.clone() })
                as Box<dyn Likelihood>
        })
    }
}
