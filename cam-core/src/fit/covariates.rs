//! Maximum likelihood with covariates: the chain rule around the log-likelihood of a family.
//!
//! A customer with covariates z has the parameters θᵢ = θ exp(Σ ± γ z), so ln θᵢ is linear in (ln θ, γ) and no likelihood is written anew: with
//! G and H the gradient and the Hessian by ln θᵢ, summed over the rows that share their covariates, and D the matrix ∂ln θᵢ/∂(ln θ, γ) of signs and covariates,
//! the gradient is D'G and the Hessian D'HD. Both are exact.
//!
//! The search runs in other coordinates than the answer is given in: covariates are centred and counted in standard deviations, so
//! that their units do not matter; parameters and covariance are then put back.

use super::centre::Centre;
use super::choice::{choices, choose, sum_of_logs};
use super::document::Fitted;
use super::likelihood::{Coordinate, Likelihood, SAMPLE_FROM, Scale};
use super::mle::{FitOptions, Method, ascend, conclude, estimate, informative, maximum_likelihood};
use super::prior::Priors;
use super::report::{FitReport, Status};
use crate::control::{CHUNK, Control};
use crate::error::{Error, ErrorKind, Result};
use crate::math::jet::Derivatives;
use crate::model::{Covariates, Design, Family, Grouped, PROFILE, Profiles, WithCovariates, with_profiles};
use crate::optim::Point;
use crate::rows::{Purpose, Rows};
use crate::table::{Domain, Table};
use ndarray::{Array1, Array2};
use std::sync::Arc;

/// Maximum likelihood of a family with covariates; `covariates` say which columns act on what, whatever the options hold.
///
/// Where there is a penalty, the *mean* log-likelihood less the penalty is maximised; the log-likelihood that is reported is without it, and the
/// covariance is the inverse of the Hessian of both together.
///
/// # Errors
/// As for [`Fit::fit`](super::Fit::fit); and a covariate is missing, no number (row and column are named), constant, or a linear function of others.
pub fn fit_with_covariates<F: Family>(
    table: &Table<'_>,
    covariates: &Covariates,
    options: &FitOptions,
    control: &Control<'_>,
) -> Result<Fitted<WithCovariates<F>>> {
    if options.method != Method::Mle {
        return with_priors::<F>(table, covariates, options, control);
    }
    let design = Arc::new(Design::new(F::SPEC, F::PROCESSES, covariates)?);
    let (all, own) = (F::SPEC.parameters.len(), F::SPEC.free_parameters().len());
    let given = options.start.as_deref().unwrap_or_default();
    let (start, gamma) = given.split_at(given.len().min(all));
    if !gamma.is_empty() && gamma.len() != design.coefficients.len() {
        let (m, got) = (design.coefficients.len(), gamma.len());
        return Err(Error::shape(format!(
            "a start has {all} parameters, and {m} coefficients or none; got {got}"
        )));
    }
    let plain = FitOptions {
        start: (!start.is_empty()).then(|| start.to_vec()),
        covariates: None,
        ..options.clone()
    };
    // The model without covariates comes first: it checks the data, and its maximum is where γ = 0.
    let first = maximum_likelihood::<F>(table, &plain, control);
    let rows = informative::<F>(table, control)?;
    let moments = F::start(&rows)?;
    let from = match first {
        Ok(fitted) if fitted.report()?.converged() => fitted.model.theta(),
        Err(e) if e.kind() != ErrorKind::Numerical => return Err(e),
        _ => moments.clone(),
    };
    let data = Data::new::<F>(table, &design, control)?;
    let choices = choices(F::SPEC, options)?;
    let climb = |origin: &[f64], gamma: &[f64]| {
        choose(F::SPEC, origin.to_vec(), &choices, |theta, from| {
            let constant = sum_of_logs::<F>(theta, table)?;
            let likelihood = CovariateLikelihood::<F>::new(&data, &design, theta, constant, true);
            let found = maximise(&data.centre, &design, &likelihood, from, gamma, options, control)?;
            let Found { at, mut fit, theta, gamma } = found;
            fit.checks = F::checks(&rows);
            let base =
                F::from_parameters(&theta).map_err(|e| data.centre.far_from_zero(&design, &gamma, &e))?;
            let model = WithCovariates::new(base, covariates, &gamma)?;
            // Coefficients begin anew with each whole number; they are found in a step or two.
            Ok((Fitted { model, unit: table.unit(), fit: Some(fit) }, at[..own].to_vec()))
        })
    };
    let found: Result<Fitted<WithCovariates<F>>> = climb(&from, gamma);
    let lost = match &found {
        Ok(fitted) => !matches!(fitted.report()?.status, Status::Converged | Status::NotConverged),
        Err(e) => e.kind() == ErrorKind::Numerical,
    };
    if !lost || (from == moments && gamma.is_empty()) {
        return found;
    }
    match (found, climb(&moments, &[])) {
        (Ok(first), Ok(second)) => {
            let (a, b) = (first.report()?, second.report()?);
            let better = b.converged() || (!a.converged() && b.log_likelihood > a.log_likelihood);
            Ok(if better { second } else { first })
        }
        (Err(_), Ok(second)) => Ok(second),
        (first, Err(e)) if e.kind() != ErrorKind::Interrupted => first,
        (_, second) => second,
    }
}

/// The mode or the posterior, from the maximum of the likelihood on, in the caller's own coordinates: priors are about the parameters of customers whose covariates are 0,
/// and about coefficients by their names.
fn with_priors<F: Family>(
    table: &Table<'_>,
    covariates: &Covariates,
    options: &FitOptions,
    control: &Control<'_>,
) -> Result<Fitted<WithCovariates<F>>> {
    let plain = towards_mode(covariates, options)?;
    let first = fit_with_covariates::<F>(table, covariates, &plain, control)?;
    let likelihood = covariate_likelihood(table, &first.model, control)?;
    let from = vec![0.0; likelihood.coordinates.len()];
    let (mut fit, at) = estimate(Box::new(likelihood.clone()), from, options, control)?;
    fit.checks = first.report()?.checks.clone();
    let own = likelihood.coordinates.len() - likelihood.ridge.len();
    let mut theta = likelihood.theta(&at);
    let gamma = theta.split_off(own);
    theta.extend_from_slice(&likelihood.whole);
    let model = WithCovariates::new(F::from_parameters(&theta)?, covariates, &gamma)?;
    Ok(Fitted { model, unit: first.unit, fit: Some(fit) })
}

/// The options of the search for the maximum of the likelihood, from which that for a mode begins.
///
/// # Errors
/// A coefficient has a penalty.
pub(crate) fn towards_mode(covariates: &Covariates, options: &FitOptions) -> Result<FitOptions> {
    if covariates.penalty.values().any(|penalty| *penalty > 0.0) {
        return Err(Error::new(
            ErrorKind::InvalidParameter,
            "a coefficient has a penalty or a prior, not both: a penalty is for maximum likelihood",
        )
        .with_field("penalty"));
    }
    Ok(FitOptions { method: Method::Mle, priors: Priors::new(), ..options.clone() })
}

/// The likelihood of a model with covariates in the caller's own coordinates, whose origin this model is; the penalties of its coefficients are subtracted.
///
/// # Errors
/// As for [`fit_with_covariates`].
pub fn covariate_likelihood<F: Family>(
    table: &Table<'_>,
    model: &WithCovariates<F>,
    control: &Control<'_>,
) -> Result<CovariateLikelihood<F>> {
    let design = Arc::clone(model.design());
    let theta = model.base().theta();
    let data = Data::new::<F>(table, &design, control)?;
    let constant = sum_of_logs::<F>(&theta, table)?;
    let mut likelihood = CovariateLikelihood::new(&data, &design, &theta, constant, false);
    let own = theta.len() - likelihood.whole.len();
    for (coordinate, &gamma) in likelihood.coordinates[own..].iter_mut().zip(model.coefficients()) {
        coordinate.origin = gamma;
    }
    Ok(likelihood)
}

/// Where a search with covariates ended: in its own coordinates, and as parameters of a customer whose covariates are 0, and coefficients.
pub(crate) struct Found {
    pub(crate) at: Vec<f64>,
    pub(crate) fit: FitReport,
    pub(crate) theta: Vec<f64>,
    pub(crate) gamma: Vec<f64>,
}

/// A likelihood in centred coordinates, with a penalty.
pub(crate) trait Penalised: Likelihood {
    /// Σ penalty · (γ s)² at u.
    fn penalty(&self, u: &[f64]) -> f64;

    /// The whole-number parameters, which do not move.
    fn whole(&self) -> &[f64] {
        &[]
    }
}

/// Maximum likelihood from a point of the parameters, and from coefficients or 0.
pub(crate) fn maximise(
    centre: &Centre,
    design: &Design,
    likelihood: &impl Penalised,
    mut from: Vec<f64>,
    gamma: &[f64],
    options: &FitOptions,
    control: &Control<'_>,
) -> Result<Found> {
    let coefficients = &likelihood.coordinates()[from.len()..];
    let place = |(c, coordinate): (usize, &Coordinate)| gamma.get(c).map_or(0.0, |&v| coordinate.of_value(v));
    from.extend(coefficients.iter().enumerate().map(place));
    let found = ascend(likelihood, from, options, control)?;
    let mut fit = conclude(likelihood, &found, options)?;
    fit.log_likelihood += fit.customers * likelihood.penalty(&found.at);
    let (theta, gamma, covariance) =
        centre.put_back(design, likelihood, &found.at, likelihood.whole(), fit.covariance.as_deref());
    fit.covariance = covariance;
    Ok(Found { at: found.at, fit, theta, gamma })
}

/// Rows by profile, and what their covariates are like.
#[derive(Debug, Clone)]
struct Data {
    rows: Arc<Rows>,
    grouped: Arc<Grouped>,
    /// Of each profile.
    terms: Arc<Vec<f64>>,
    centre: Centre,
}

impl Data {
    fn new<F: Family>(table: &Table<'_>, design: &Design, control: &Control<'_>) -> Result<Data> {
        let columns = F::SPEC.row_columns();
        let width = columns.len();
        let profiles = Profiles::new(design, table, Purpose::Fit, control)?;
        let with = with_profiles(table, columns, &profiles)?;
        let all: Vec<_> = columns.iter().copied().chain([PROFILE]).collect();
        let rows = Rows::new(&with, &all, Purpose::Fit, |row| F::check_row(&row[..width]), control)?
            .filter(|_, row, weight| weight > 0.0 && F::informs(&row[..width]));
        let grouped = Grouped::new(&rows, width);
        let kinds = design.terms.len();
        let centre = Centre::new(design, || {
            grouped.groups.iter().map(|(profile, range)| {
                let weight: f64 = grouped.weights[range.clone()].iter().sum();
                (weight, &profiles.terms[profile * kinds..][..kinds])
            })
        })?;
        Ok(Data { rows: Arc::new(rows), grouped: Arc::new(grouped), terms: Arc::new(profiles.terms), centre })
    }
}
/// The likelihood of a family whose parameters are scaled by covariates.
#[derive(Debug, Clone)]
pub struct CovariateLikelihood<F> {
    data: Data,
    design: Arc<Design>,
    /// Free parameters, then coefficients.
    coordinates: Vec<Coordinate>,
    /// What is subtracted from each term: parameters are those of a customer whose covariates are this.
    centre: Vec<f64>,
    /// What the square of each coefficient costs.
    ridge: Vec<f64>,
    whole: Vec<f64>,
    constant: f64,
    family: std::marker::PhantomData<fn() -> F>,
}

impl<F: Family> CovariateLikelihood<F> {
    /// Centred for a search, or in the caller's own coordinates.
    fn new(data: &Data, design: &Arc<Design>, origin: &[f64], constant: f64, for_search: bool) -> Self {
        let free = F::SPEC.free_parameters();
        let own = free.iter().zip(origin).map(|(p, &origin)| Coordinate::of(p, origin));
        let coefficients = design
            .coefficients
            .iter()
            .map(|c| Coordinate::new(c.name.clone(), Scale::Line(1.0 / data.centre.deviation[c.term]), 0.0));
        let cost = |c: &crate::model::Coefficient| c.penalty * data.centre.deviation[c.term].powi(2);
        CovariateLikelihood {
            coordinates: own.chain(coefficients).collect(),
            centre: if for_search { data.centre.mean.clone() } else { vec![0.0; data.centre.mean.len()] },
            ridge: design.coefficients.iter().map(cost).collect(),
            data: data.clone(),
            design: Arc::clone(design),
            whole: origin[free.len()..].to_vec(),
            constant,
            family: std::marker::PhantomData,
        }
    }

    /// What `add` makes of the log-likelihoods of the rows from `lo` to `hi`, profile by profile: it is given their sum, by the parameters of customers with these covariates,
    /// which are so many times those that were moved. NaN where covariates scale a parameter out of its domain.
    fn by_profile<J: Derivatives>(
        &self,
        (moved, gamma): (&[[f64; 3]], &[f64]),
        weights: &[f64],
        (lo, hi): (usize, usize),
        mut add: impl FnMut(&J, &[f64], &[f64]),
    ) {
        let (width, kinds) = (F::SPEC.row_columns().len(), self.design.terms.len());
        let groups = &self.data.grouped.groups;
        let mut terms = vec![0.0; kinds];
        let mut factors = vec![1.0; moved.len() - gamma.len()];
        let mut variables: Vec<J> = Vec::new();
        for (profile, range) in &groups[groups.partition_point(|(_, range)| range.end <= lo)..] {
            let (from, to) = (range.start.max(lo), range.end.min(hi));
            if from >= to {
                break;
            }
            if !self.scaled(moved, gamma, *profile, &mut terms, &mut factors) {
                // Out of reach: the search takes a shorter step.
                add(&J::constant(f64::NAN), &factors, &terms);
                return;
            }
            variables.clear();
            variables
                .extend(factors.iter().enumerate().map(|(j, factor)| J::variable(moved[j][0] * factor, j)));
            variables.extend(self.whole.iter().map(|&v| J::constant(v)));
            let mut sum = J::constant(0.0);
            let (mut values, mut weights) =
                (&self.data.grouped.values[from * width..to * width], &weights[from..to]);
            while let Some(&first) = values.first() {
                let alike = values.chunks_exact(width).take_while(|row| row[0] == first).count();
                let (rows, later) = values.split_at(alike * width);
                let (counts, later_counts) = weights.split_at(alike);
                let shared = F::shared(&variables, first);
                sum.accumulate(1.0, &F::sum_log_likelihood(&variables, &shared, rows, counts));
                (values, weights) = (later, later_counts);
            }
            add(&sum, &factors, &terms);
        }
    }

    /// The terms of a profile, and the factors of its parameters; whether they leave them in their domain.
    fn scaled(
        &self,
        moved: &[[f64; 3]],
        gamma: &[f64],
        profile: usize,
        terms: &mut [f64],
        factors: &mut [f64],
    ) -> bool {
        let known = &self.data.terms[profile * terms.len()..][..terms.len()];
        for ((term, known), centre) in terms.iter_mut().zip(known).zip(&self.centre) {
            *term = known - centre;
        }
        for (j, factor) in factors.iter_mut().enumerate() {
            *factor = self.design.exponent(gamma, terms, j).exp();
            if *factor != 1.0 && !Domain::Positive.contains(moved[j][0] * *factor) {
                return false;
            }
        }
        true
    }

    /// The coordinates' parameters with their derivatives, and of those the coefficients.
    fn moved(&self, u: &[f64]) -> (Vec<[f64; 3]>, Vec<f64>) {
        let moved: Vec<[f64; 3]> = self.coordinates.iter().zip(u).map(|(c, &u)| c.at(u)).collect();
        let gamma = moved[moved.len() - self.ridge.len()..].iter().map(|at| at[0]).collect();
        (moved, gamma)
    }

    /// The sums over all rows, chunk by chunk.
    fn sums<J: Derivatives>(
        &self,
        (moved, gamma): (&[[f64; 3]], &[f64]),
        weights: &[f64],
        control: &Control<'_>,
        add: impl Fn(&mut Sums, &J, &[f64], &[f64]) + Sync,
    ) -> Result<Sums> {
        let own = moved.len() - gamma.len();
        let chunks = control.map(weights.len().div_ceil(CHUNK), |k| {
            let mut sums = Sums::new(own, &self.design);
            let range = (k * CHUNK, weights.len().min((k + 1) * CHUNK));
            self.by_profile((moved, gamma), weights, range, |sum, factors, terms| {
                add(&mut sums, sum, factors, terms);
            });
            Ok(sums)
        })?;
        let mut all = Sums::new(own, &self.design);
        chunks.iter().for_each(|chunk| all.accumulate(chunk));
        Ok(all)
    }
}

impl<F: Family> Likelihood for CovariateLikelihood<F> {
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
        &self.data.grouped.weights
    }

    fn constant(&self) -> f64 {
        self.constant
    }

    fn evaluate_weighted(&self, u: &[f64], weights: &[f64], control: &Control<'_>) -> Result<Point> {
        let (moved, gamma) = self.moved(u);
        let n = moved.len();
        let own = n - gamma.len();
        let all = self.sums((&moved, &gamma), weights, control, |sums, sum: &F::Jet, factors, terms| {
            sums.add(sum, &moved, factors, &self.design, terms);
        })?;
        let scale = -1.0 / weights.iter().sum::<f64>();
        // Parameters were moved in the sums already.
        let step = |i: usize| if i < own { 1.0 } else { moved[i][1] };
        let mut value = scale * all.value;
        let mut gradient = Array1::from_shape_fn(n, |i| scale * step(i) * all.gradient[i]);
        let mut hessian = Array2::from_shape_fn((n, n), |(i, j)| {
            scale * step(i) * step(j) * all.hessian[triangle(i.max(j)) + i.min(j)]
        });
        for (c, ridge) in self.ridge.iter().enumerate() {
            let (i, slope) = (own + c, moved[own + c][1]);
            value += ridge * gamma[c] * gamma[c];
            gradient[i] += 2.0 * ridge * gamma[c] * slope;
            hessian[[i, i]] += 2.0 * ridge * slope * slope;
        }
        Ok(Point { value, gradient, hessian })
    }

    fn slope(&self, u: &[f64], control: &Control<'_>) -> Result<(f64, Array1<f64>)> {
        type Slope<F> = <<F as Family>::Jet as Derivatives>::Slope;
        let (moved, gamma) = self.moved(u);
        let own = moved.len() - gamma.len();
        let add = |sums: &mut Sums, sum: &Slope<F>, factors: &[f64], terms: &[f64]| {
            sums.add_slope(sum, &moved, factors, &self.design, terms);
        };
        let all = self.sums((&moved, &gamma), self.weights(), control, add)?;
        let scale = -1.0 / self.customers();
        let mut gradient: Array1<f64> = all.gradient.iter().map(|g| scale * g).collect();
        for (c, ridge) in self.ridge.iter().enumerate() {
            gradient[own + c] = (gradient[own + c] + 2.0 * ridge * gamma[c]) * moved[own + c][1];
        }
        Ok((scale * all.value + self.penalty(u), gradient))
    }

    fn value(&self, u: &[f64], control: &Control<'_>) -> Result<f64> {
        let (moved, gamma) = self.moved(u);
        let add = |sums: &mut Sums, sum: &f64, _: &[f64], _: &[f64]| sums.value += sum;
        let all = self.sums((&moved, &gamma), self.weights(), control, add)?;
        Ok(self.penalty(u) - all.value / self.customers())
    }

    fn each(&self, u: &[f64], from: usize, out: &mut [f64]) {
        let (moved, gamma) = self.moved(u);
        let width = F::SPEC.row_columns().len();
        let (groups, values) = (&self.data.grouped.groups, &self.data.grouped.values);
        let mut terms = vec![0.0; self.design.terms.len()];
        let mut factors = vec![1.0; moved.len() - gamma.len()];
        let mut group = groups.partition_point(|(_, range)| range.end <= from);
        let (mut theta, mut known) = (Vec::new(), usize::MAX);
        for (i, out) in (from..).zip(out) {
            while groups[group].1.end <= i {
                group += 1;
            }
            if known != group {
                known = group;
                theta.clear();
                if self.scaled(&moved, &gamma, groups[group].0, &mut terms, &mut factors) {
                    theta.extend(factors.iter().zip(&moved).map(|(factor, at)| factor * at[0]));
                    theta.extend(&self.whole);
                }
            }
            let row = &values[i * width..][..width];
            *out = match theta.is_empty() {
                true => f64::NAN,
                false => F::log_likelihood(&theta, &F::shared(&theta, row[0]), row),
            };
        }
    }

    fn standing_for(&self, rows: &[(usize, f64)]) -> Option<Box<dyn Likelihood + '_>> {
        let mut chosen: Vec<(usize, f64)> =
            rows.iter().map(|&(i, w)| (self.data.grouped.from[i], w)).collect();
        chosen.sort_unstable_by_key(|(i, _)| *i);
        let rows = self.data.rows.chosen(&chosen);
        let grouped = Arc::new(Grouped::new(&rows, F::SPEC.row_columns().len()));
        let data = Data { rows: Arc::new(rows), grouped, ..self.data.clone() };
        Some(Box::new(CovariateLikelihood { data, ..self.clone() }))
    }

    fn thinned(&self, size: usize) -> Option<Box<dyn Likelihood + '_>> {
        (self.data.rows.len() >= SAMPLE_FROM * size).then(|| {
            let rows = self.data.rows.thinned(size);
            let grouped = Arc::new(Grouped::new(&rows, F::SPEC.row_columns().len()));
            let data = Data { rows: Arc::new(rows), grouped, ..self.data.clone() };
            Box::new(CovariateLikelihood { data, ..self.clone() }) as Box<dyn Likelihood>
        })
    }
}

impl<F: Family> Penalised for CovariateLikelihood<F> {
    fn penalty(&self, u: &[f64]) -> f64 {
        let gamma = self.theta(u).split_off(self.coordinates.len() - self.ridge.len());
        self.ridge.iter().zip(gamma).map(|(ridge, gamma)| ridge * gamma * gamma).sum()
    }

    fn whole(&self) -> &[f64] {
        &self.whole
    }
}

/// Where row i of a lower triangle begins.
fn triangle(i: usize) -> usize {
    i * (i + 1) / 2
}

/// Value, gradient and lower triangle of the Hessian by the coordinates of the parameters and by γ.
struct Sums {
    own: usize,
    value: f64,
    gradient: Vec<f64>,
    hessian: Vec<f64>,
    /// G and H by the parameters of one profile, moved, and what the directions make of them.
    by_own: Vec<f64>,
    bent: Array2<f64>,
    along: Array2<f64>,
}

impl Sums {
    fn new(own: usize, design: &Design) -> Sums {
        let n = own + design.coefficients.len();
        Sums {
            own,
            value: 0.0,
            gradient: vec![0.0; n],
            hessian: vec![0.0; triangle(n)],
            by_own: vec![0.0; own],
            bent: Array2::zeros((own, own)),
            along: Array2::zeros((design.directions.len(), own)),
        }
    }

    fn accumulate(&mut self, other: &Sums) {
        self.value += other.value;
        self.gradient.iter_mut().zip(&other.gradient).for_each(|(a, b)| *a += b);
        self.hessian.iter_mut().zip(&other.hessian).for_each(|(a, b)| *a += b);
    }

    /// Value and gradient alone; see [`add`](Self::add).
    fn add_slope<J: Derivatives>(
        &mut self,
        sum: &J,
        moved: &[[f64; 3]],
        factors: &[f64],
        design: &Design,
        terms: &[f64],
    ) {
        let own = self.own;
        self.value += sum.value();
        for (i, factor) in factors.iter().enumerate() {
            self.by_own[i] = factor * moved[i][1] * sum.gradient()[i];
            self.gradient[i] += self.by_own[i];
        }
        for (c, coefficient) in design.coefficients.iter().enumerate() {
            let z = terms[coefficient.term];
            let along = design.directions[coefficient.direction].iter().zip(&self.by_own);
            self.gradient[own + c] += z * along.map(|(a, b)| a * b).sum::<f64>();
        }
    }

    /// Add the sum over rows of one profile, whose parameters are `factors` times those that were moved.
    fn add<J: Derivatives>(
        &mut self,
        sum: &J,
        moved: &[[f64; 3]],
        factors: &[f64],
        design: &Design,
        terms: &[f64],
    ) {
        let own = self.own;
        self.value += sum.value();
        let slope = |j: usize| factors[j] * moved[j][1];
        for i in 0..own {
            self.by_own[i] = slope(i) * sum.gradient()[i];
            self.gradient[i] += self.by_own[i];
            for j in 0..=i {
                let mixed = 0.5 * (sum.hessian_row(i)[j] + sum.hessian_row(j)[i]);
                let mut bent = slope(i) * slope(j) * mixed;
                if i == j {
                    bent += factors[i] * moved[i][2] * sum.gradient()[i];
                }
                self.hessian[triangle(i) + j] += bent;
                (self.bent[[i, j]], self.bent[[j, i]]) = (bent, bent);
            }
        }
        // What coefficients scale are positive parameters, which move by their logarithms: there G and H are those by ln θ.
        for (q, direction) in design.directions.iter().enumerate() {
            for j in 0..own {
                self.along[[q, j]] = (0..own).map(|l| direction[l] * self.bent[[l, j]]).sum();
            }
        }
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        for (c, coefficient) in design.coefficients.iter().enumerate() {
            let z = terms[coefficient.term];
            if z == 0.0 {
                continue;
            }
            let direction = &design.directions[coefficient.direction];
            let row = triangle(own + c);
            self.gradient[own + c] += z * dot(direction, &self.by_own);
            let along = self.along.row(coefficient.direction);
            for j in 0..own {
                self.hessian[row + j] += z * along[j];
            }
            for (d, other) in design.coefficients[..=c].iter().enumerate() {
                let bent: f64 =
                    design.directions[other.direction].iter().zip(along).map(|(a, b)| a * b).sum();
                self.hessian[row + own + d] += z * terms[other.term] * bent;
            }
        }
    }
}
