//! The log-likelihood of a customer whose covariates change, with its gradient and its Hessian.

use super::sums::{Acting, Group, LANES, Sums, sum, triangle};
use super::walks::{Walk, Walks};
use crate::clv::pareto_nbd::ParetoNbd;
use crate::control::Control;
use crate::error::Result;
use crate::fit::{Centre, Coordinate, Likelihood, Penalised, Scale};
use crate::math::{
    exp_log::{log1p_exp, logistic},
    gamma::rising_with_slopes,
    vector::{Exp, Kernel, Ln1p, Wide, widest},
};
use crate::model::{Family, WithCovariates};
use crate::optim::Point;
use crate::table::Domain;
use ndarray::{Array1, Array2};

/// The mean log-likelihood of walks as a function of ln r, ln α, ln s, ln β and the coefficients.
#[derive(Debug, Clone)]
pub struct TimeVaryingLikelihood {
    walks: Walks,
    weights: Vec<f64>,
    coordinates: Vec<Coordinate>,
    centre: Vec<f64>,
    ridge: Vec<f64>,
}

impl TimeVaryingLikelihood {
    /// Customers at a time. Fixed, as the order of sums follows it.
    pub(super) const BATCH: usize = 16;

    /// Centred.
    pub(super) fn for_search(walks: &Walks, origin: &[f64], centre: &Centre) -> Self {
        let gamma = vec![0.0; walks.design().coefficients.len()];
        Self::new(walks, origin, &gamma, centre, centre.mean.clone())
    }

    /// In the caller's coordinates.
    pub(super) fn at(walks: &Walks, model: &WithCovariates<ParetoNbd>, centre: &Centre) -> Self {
        let theta = model.base().theta();
        Self::new(walks, &theta, model.coefficients(), centre, vec![0.0; centre.mean.len()])
    }

    fn new(walks: &Walks, theta: &[f64], gamma: &[f64], centre: &Centre, shift: Vec<f64>) -> Self {
        let ridge = walks.design().coefficients.iter();
        let ridge = ridge.map(|c| c.penalty * centre.deviation[c.term].powi(2)).collect();
        let own = ParetoNbd::SPEC.parameters.iter().zip(theta).map(|(p, &origin)| Coordinate::of(p, origin));
        let coefficients = walks.design().coefficients.iter().zip(gamma).map(|(c, &origin)| {
            Coordinate::new(c.name.clone(), Scale::Line(1.0 / centre.deviation[c.term]), origin)
        });
        TimeVaryingLikelihood {
            coordinates: own.chain(coefficients).collect(),
            weights: walks.weights(),
            walks: walks.clone(),
            centre: shift,
            ridge,
        }
    }
}

impl Penalised for TimeVaryingLikelihood {
    fn penalty(&self, u: &[f64]) -> f64 {
        let gamma = self.theta(u).split_off(4);
        self.ridge.iter().zip(gamma).map(|(ridge, gamma)| ridge * gamma * gamma).sum()
    }
}

impl Likelihood for TimeVaryingLikelihood {
    fn id(&self) -> &'static str {
        ParetoNbd::SPEC.id
    }

    fn title(&self) -> &'static str {
        ParetoNbd::SPEC.title
    }

    fn coordinates(&self) -> &[Coordinate] {
        &self.coordinates
    }

    fn weights(&self) -> &[f64] {
        &self.weights
    }

    fn evaluate_weighted(&self, u: &[f64], weights: &[f64], control: &Control<'_>) -> Result<Point> {
        let moved: Vec<[f64; 3]> = self.coordinates.iter().zip(u).map(|(c, &u)| c.at(u)).collect();
        let n = moved.len();
        let theta: Vec<f64> = moved.iter().map(|at| at[0]).collect();
        let sums = control.map(weights.len().div_ceil(Self::BATCH), |k| {
            let mut sum = Sum::new(n);
            let mut one = Customer::new(&self.walks, &self.centre, &theta);
            for i in k * Self::BATCH..weights.len().min((k + 1) * Self::BATCH) {
                if weights[i] != 0.0 {
                    one.evaluate(&self.walks.customers[i], i);
                    sum.add(weights[i], &one);
                }
            }
            Ok(sum)
        })?;
        let mut all = Sum::new(n);
        for sum in &sums {
            all.accumulate(1.0, sum);
        }
        let scale = -1.0 / weights.iter().sum::<f64>();
        let mut value = scale * all.value;
        let mut gradient = Array1::from_shape_fn(n, |i| scale * moved[i][1] * all.gradient[i]);
        let mut hessian = Array2::from_shape_fn((n, n), |(i, j)| {
            let diagonal = if i == j { scale * moved[i][2] * all.gradient[i] } else { 0.0 };
            scale * moved[i][1] * moved[j][1] * all.hessian[triangle(i.max(j)) + i.min(j)] + diagonal
        });
        for (c, ridge) in self.ridge.iter().enumerate() {
            let (i, [gamma, slope, _]) = (4 + c, moved[4 + c]);
            value += ridge * gamma * gamma;
            gradient[i] += 2.0 * ridge * gamma * slope;
            hessian[[i, i]] += 2.0 * ridge * slope * slope;
        }
        Ok(Point { value, gradient, hessian })
    }

    fn value(&self, u: &[f64], control: &Control<'_>) -> Result<f64> {
        let theta = self.theta(u);
        let sums = control.map(self.weights.len().div_ceil(Self::BATCH), |k| {
            let mut one = Customer::new(&self.walks, &self.centre, &theta);
            let walks = self.walks.customers.iter().zip(&self.weights).enumerate();
            let batch =
                walks.skip(k * Self::BATCH).take(Self::BATCH).filter(|(_, (_, weight))| **weight != 0.0);
            Ok(batch.map(|(i, (walk, weight))| weight * one.value(walk, i)).sum::<f64>())
        })?;
        Ok(self.penalty(u) - sums.iter().sum::<f64>() / self.customers())
    }

    fn each(&self, u: &[f64], from: usize, out: &mut [f64]) {
        let theta = self.theta(u);
        let mut one = Customer::new(&self.walks, &self.centre, &theta);
        for ((i, walk), out) in self.walks.customers.iter().enumerate().skip(from).zip(out) {
            *out = one.value(walk, i);
        }
    }

    fn standing_for(&self, rows: &[(usize, f64)]) -> Option<Box<dyn Likelihood + '_>> {
        let walks = self.walks.chosen(rows);
        Some(Box::new(TimeVaryingLikelihood { weights: walks.weights(), walks, ..self.clone() }))
    }
}

/// Value, gradient and lower triangle of the Hessian by (r, α, s, β, γ).
struct Sum {
    value: f64,
    gradient: Vec<f64>,
    hessian: Vec<f64>,
}

impl Sum {
    fn new(n: usize) -> Sum {
        Sum { value: 0.0, gradient: vec![0.0; n], hessian: vec![0.0; triangle(n)] }
    }

    fn accumulate(&mut self, weight: f64, other: &Sum) {
        self.value += weight * other.value;
        self.gradient.iter_mut().zip(&other.gradient).for_each(|(a, b)| *a += weight * b);
        self.hessian.iter_mut().zip(&other.hessian).for_each(|(a, b)| *a += weight * b);
    }

    fn add(&mut self, weight: f64, customer: &Customer<'_>) {
        self.accumulate(weight, &customer.sum);
    }

    fn clear(&mut self) {
        self.value = 0.0;
        self.gradient.fill(0.0);
        self.hessian.fill(0.0);
    }
}

/// A clock, ∫ exp(γ'z), with its derivatives by the coefficients that act on it.
#[derive(Debug, Clone)]
struct Clock {
    /// The number of each coefficient, of the term that it multiplies, and its sign.
    places: Vec<usize>,
    terms: Vec<(usize, f64)>,
    time: f64,
    first: Vec<f64>,
    /// Lower triangle.
    second: Vec<f64>,
}

impl Clock {
    /// The clock of the process that scales this parameter.
    fn new(walks: &Walks, parameter: usize) -> Clock {
        let design = walks.design();
        let acting = design.coefficients.iter().enumerate();
        let acting = acting.map(|(i, c)| (i, c.term, -design.directions[c.direction][parameter]));
        let acting: Vec<_> = acting.filter(|(.., sign)| *sign != 0.0).collect();
        Clock {
            places: acting.iter().map(|&(place, ..)| place).collect(),
            terms: acting.iter().map(|&(_, term, sign)| (term, sign)).collect(),
            time: 0.0,
            first: vec![0.0; acting.len()],
            second: vec![0.0; triangle(acting.len())],
        }
    }

    fn reset(&mut self) {
        self.time = 0.0;
        self.first.fill(0.0);
        self.second.fill(0.0);
    }
}

/// One customer at a time: the clocks, the integral, and the log-likelihood. Its parts are used again for the next.
pub(super) struct Customer<'a> {
    walks: &'a Walks,
    centre: &'a [f64],
    /// r, α, s, β.
    theta: [f64; 4],
    gamma: &'a [f64],
    /// The purchase and the lifetime clock.
    clocks: [Clock; 2],
    group: Group,
    integral: Sums,
    /// The scores of the integral, and their second derivatives.
    scores: Sum,
    sum: Sum,
    /// First and second derivatives of the logarithms of both clocks at T.
    ends: [Sum; 2],
    /// α + A and β + B at the last purchase.
    last: [f64; 2],
    /// Whether a speed was out of reach of numbers.
    lost: bool,
}

impl<'a> Customer<'a> {
    pub(super) fn new(walks: &'a Walks, centre: &'a [f64], theta: &'a [f64]) -> Customer<'a> {
        let (own, gamma) = theta.split_at(4);
        let n = theta.len();
        let clocks = [Clock::new(walks, 1), Clock::new(walks, 3)];
        let acting = [clocks[0].places.len(), clocks[1].places.len()];
        Customer {
            walks,
            centre,
            theta: [own[0], own[1], own[2], own[3]],
            gamma,
            clocks,
            group: Group::new(acting),
            integral: Sums::new(acting),
            scores: Sum::new(n),
            sum: Sum::new(n),
            ends: [Sum::new(n), Sum::new(n)],
            last: [0.0; 2],
            lost: false,
        }
    }

    /// ln of the odds of having left, −∞ where T = t_x, without derivatives; the clocks then stand at T.
    pub(super) fn log_odds_left(&mut self, walk: &Walk) -> f64 {
        widest(Left { customer: self, walk, derivatives: false }).unwrap_or(f64::NEG_INFINITY)
    }

    pub(super) fn walks(&self) -> &'a Walks {
        self.walks
    }

    /// s.
    pub(super) fn shape(&self) -> f64 {
        self.theta[2]
    }

    /// r + x.
    pub(super) fn purchase_shape(&self, walk: &Walk) -> f64 {
        self.theta[0] + walk.frequency
    }

    /// α + A and β + B where the clocks stand.
    pub(super) fn rates(&self) -> [f64; 2] {
        [self.theta[1] + self.clocks[0].time, self.theta[3] + self.clocks[1].time]
    }

    /// The speeds of both clocks in a step.
    pub(super) fn speeds(&self, step: usize) -> [f64; 2] {
        self.walks.speeds(step, self.gamma)
    }

    /// Let the clocks run at these speeds.
    pub(super) fn run(&mut self, speeds: [f64; 2], length: f64) {
        for (clock, speed) in self.clocks.iter_mut().zip(speeds) {
            clock.time += speed * length;
        }
    }

    /// Take the next steps, as many as stand side by side, and let the clocks run over them. `reference` is the exponent of the lifetime clock from which that of others is counted;
    /// none for the first step's. Whether there was one.
    #[inline(always)]
    fn next(
        &mut self,
        steps: &mut impl Iterator<Item = (usize, f64, f64)>,
        reference: &mut Option<f64>,
        derivatives: bool,
    ) -> bool {
        let kinds = self.centre.len();
        let group = &mut self.group;
        group.count = 0;
        let mut exponents = [[0.0; LANES]; 2];
        for (step, from, to) in steps.take(LANES) {
            let l = group.count;
            group.count += 1;
            group.length[l] = to - from;
            let terms = &self.walks.terms[step * kinds..][..kinds];
            for k in 0..2 {
                let clock = &self.clocks[k];
                for ((z, &(term, sign)), &place) in
                    group.acting[k].z.iter_mut().zip(&clock.terms).zip(&clock.places)
                {
                    z[l] = sign * (terms[term] - self.centre[term]);
                    exponents[k][l] += self.gamma[place] * z[l];
                }
                self.lost |= !(exponents[k][l].abs() < FASTEST);
            }
            group.log_speed[l] = exponents[1][l] - *reference.get_or_insert(exponents[1][l]);
        }
        Exp::over(exponents.as_flattened_mut());
        group.speeds = exponents;
        for k in 0..2 {
            let clock = &mut self.clocks[k];
            let start = self.theta[2 * k + 1];
            let Acting { z, offset, pairs } = &mut group.acting[k];
            for l in 0..group.count {
                let rate = start + clock.time;
                group.clocks[k][l] = rate;
                let passed = group.speeds[k][l] * group.length[l];
                clock.time += passed;
                if !derivatives {
                    continue;
                }
                for (c, first) in clock.first.iter_mut().enumerate() {
                    let z_c = z[c][l];
                    offset[c][l] = *first - z_c * rate;
                    *first += passed * z_c;
                    for d in 0..=c {
                        let (at, zz) = (triangle(c) + d, z_c * z[d][l]);
                        pairs[at][l] = clock.second[at] - zz * rate;
                        clock.second[at] += passed * zz;
                    }
                }
            }
        }
        group.count > 0
    }

    /// Run the clocks to T. ln R less what depends on the clocks at T: ln s − ln(β + B(t_x)) + ln Z; its scores are left in `scores`, normalised.
    #[inline(always)]
    fn left(&mut self, walk: &Walk, derivatives: bool) -> Option<f64> {
        let [r, _, s, _] = self.theta;
        self.clocks.iter_mut().for_each(Clock::reset);
        self.lost = false;
        let walks = self.walks;
        let mut steps = walks.pieces(walk, 0.0, walk.recency);
        while self.next(&mut steps, &mut None, derivatives) {}
        if walk.age <= walk.recency {
            return None;
        }
        let exponents = [r + walk.frequency, s + 1.0];
        let at_last = self.rates();
        self.last = at_last;
        self.integral.clear();
        let mut fastest = None;
        let mut steps = walks.pieces(walk, walk.recency, walk.age);
        let mut goes_on = true;
        while self.next(&mut steps, &mut fastest, derivatives) {
            if !goes_on {
                continue;
            }
            let group = &mut self.group;
            group.fill();
            for k in 0..2 {
                for l in 0..group.count {
                    group.logs[k][l] = (group.clocks[k][l] - at_last[k]) / at_last[k];
                }
            }
            Ln1p::over(group.logs.as_flattened_mut());
            // What is left of the integral, ∫ (β + B)^−(s+1) dB for a purchase clock that stands still, is no more than this.
            let bound = at_last[1] / s
                * (-exponents[0] * group.logs[0][0] - s * group.logs[1][0] - fastest.unwrap_or(0.0)).exp();
            goes_on = bound > NEGLIGIBLE * sum(self.integral.total);
            if goes_on {
                self.integral.add(group, exponents, derivatives);
            }
        }
        if self.lost {
            return Some(f64::NAN);
        }
        let total = sum(self.integral.total);
        let now = self.rates();
        let logs: [f64; 2] = std::array::from_fn(|k| ((now[k] - at_last[k]) / at_last[k]).ln_1p());
        let plain = s.ln() - at_last[1].ln() + total.ln() + fastest.unwrap_or(0.0);
        Some(plain + exponents[0] * logs[0] + s * logs[1])
    }

    /// The scores of the integral, divided by it, and its second derivatives.
    fn gather(&mut self, walk: &Walk) {
        let [r, _, s, _] = self.theta;
        let Sum { gradient, hessian, .. } = &mut self.scores;
        let places = [&self.clocks[0].places[..], &self.clocks[1].places[..]];
        self.integral.gather([r + walk.frequency, s + 1.0], places, gradient, hessian);
        let scale = 1.0 / sum(self.integral.total);
        gradient.iter_mut().for_each(|v| *v *= scale);
        for i in 0..gradient.len() {
            for j in 0..=i {
                let place = &mut hessian[triangle(i) + j];
                *place = *place * scale - gradient[i] * gradient[j];
            }
        }
    }

    /// Derivatives of ln(α + A) and ln(β + B) at T.
    fn end(&mut self) {
        let rates = self.rates();
        for (k, (end, clock)) in self.ends.iter_mut().zip(&self.clocks).enumerate() {
            end.clear();
            let inverse = 1.0 / rates[k];
            let Sum { gradient, hessian, .. } = end;
            gradient[2 * k + 1] = inverse;
            for (&place, first) in clock.places.iter().zip(&clock.first) {
                gradient[4 + place] = first * inverse;
            }
            for i in 0..gradient.len() {
                for j in 0..=i {
                    hessian[triangle(i) + j] = -gradient[i] * gradient[j];
                }
            }
            for (c, &i) in clock.places.iter().enumerate() {
                for (d, &j) in clock.places[..=c].iter().enumerate() {
                    hessian[triangle(4 + i) + 4 + j] += clock.second[triangle(c) + d] * inverse;
                }
            }
        }
    }

    /// The log-likelihood of customer i, without derivatives.
    pub(super) fn value(&mut self, walk: &Walk, i: usize) -> f64 {
        let rho = widest(Left { customer: self, walk, derivatives: false });
        self.value_at(walk, i, rho)
    }

    /// The same where the clocks stand at T: ρ are the odds of having left.
    fn value_at(&self, walk: &Walk, i: usize, rho: Option<f64>) -> f64 {
        if self.is_lost() {
            return f64::NAN;
        }
        let ([r, alpha, s, beta], x) = (self.theta, walk.frequency);
        let [rising, ..] = rising_with_slopes(r, x);
        let (log_p, log_l) = ((self.clocks[0].time / alpha).ln_1p(), (self.clocks[1].time / beta).ln_1p());
        let mut value =
            rising - r * log_p - x * self.rates()[0].ln() - s * log_l + rho.map_or(0.0, log1p_exp);
        let (design, kinds) = (self.walks.design(), self.centre.len());
        let bought = &self.walks.at_purchases[i * kinds..][..kinds];
        for (c, gamma) in design.coefficients.iter().zip(self.gamma) {
            let sign = -design.directions[c.direction][1];
            value += gamma * (sign * (bought[c.term] - x * self.centre[c.term]));
        }
        value
    }

    /// Whether a clock is out of the range of numbers.
    fn is_lost(&self) -> bool {
        self.lost || !self.rates().iter().all(|&rate| Domain::Positive.contains(rate))
    }

    /// The log-likelihood of customer i, with derivatives, into `sum`.
    fn evaluate(&mut self, walk: &Walk, i: usize) {
        let [r, alpha, s, beta] = self.theta;
        let x = walk.frequency;
        let rho = widest(Left { customer: self, walk, derivatives: true });
        self.sum.clear();
        self.scores.clear();
        self.sum.value = self.value_at(walk, i, rho);
        if self.is_lost() {
            return;
        }
        let rates = self.rates();
        if rho.is_some() {
            self.gather(walk);
        }
        self.end();
        let (design, kinds) = (self.walks.design(), self.centre.len());
        let m = r + x;
        let [_, slope, bend] = rising_with_slopes(r, x);
        // ln(1 + A/α), ln(1 + B/β), at T.
        let (log_p, log_l) = ((self.clocks[0].time / alpha).ln_1p(), (self.clocks[1].time / beta).ln_1p());
        // ρ = ln s + m (ln(α+A))(T) + s (ln(β+B))(T) + ln ∫: odds of having left.
        let (odds, both) = match rho {
            Some(rho) => (logistic(rho), logistic(rho) * logistic(-rho)),
            None => (0.0, 0.0),
        };
        let bought = &self.walks.at_purchases[i * kinds..][..kinds];
        let [p, l] = &self.ends;
        let Sum { gradient, hessian, .. } = &mut self.sum;
        let n = gradient.len();
        // The scores of the integral become those of ρ. They are reckoned from the clocks at the last purchase.
        let silent = |from: f64, to: f64| ((to - from) / from).ln_1p();
        let (since_p, since_l) = match rho {
            Some(_) => (silent(self.last[0], rates[0]), silent(self.last[1], rates[1])),
            None => (0.0, 0.0),
        };
        let score = &mut self.scores.gradient;
        for j in 0..n {
            score[j] += m * p.gradient[j] + s * l.gradient[j];
        }
        score[0] += since_p;
        score[2] += 1.0 / s + since_l;
        for j in 0..n {
            let base = match j {
                0 => slope - log_p,
                1 => r / alpha - m * p.gradient[1],
                2 => -log_l,
                3 => s / beta - s * l.gradient[3],
                _ => {
                    let c = &design.coefficients[j - 4];
                    let sign = -design.directions[c.direction][1];
                    let bought = sign * (bought[c.term] - x * self.centre[c.term]);
                    bought - m * p.gradient[j] - s * l.gradient[j]
                }
            };
            gradient[j] = base + odds * score[j];
            for k in 0..=j {
                let at = triangle(j) + k;
                let bent = m * p.hessian[at] + s * l.hessian[at];
                let mut base = -bent;
                let mut second = self.scores.hessian[at] + bent;
                match (j, k) {
                    (0, 0) => base += bend,
                    (1, 1) => base -= r / (alpha * alpha),
                    (3, 3) => base -= s / (beta * beta),
                    (2, 2) => second -= 1.0 / (s * s),
                    _ => {}
                }
                if k == 0 && j > 0 {
                    base -= p.gradient[j] - if j == 1 { 1.0 / alpha } else { 0.0 };
                    second += p.gradient[j];
                }
                // s stands before β and γ, and after r and α, by which ln(β + B) has no derivative.
                if k == 2 && j > 2 {
                    base -= l.gradient[j] - if j == 3 { 1.0 / beta } else { 0.0 };
                    second += l.gradient[j];
                }
                hessian[at] = base + odds * second + both * score[j] * score[k];
            }
        }
    }
}

/// [`Customer::left`], with the widest instructions.
struct Left<'a, 'b> {
    customer: &'a mut Customer<'b>,
    walk: &'a Walk,
    derivatives: bool,
}

impl Wide for Left<'_, '_> {
    type Output = Option<f64>;

    #[inline(always)]
    fn run(self) -> Option<f64> {
        self.customer.left(self.walk, self.derivatives)
    }
}

/// The logarithm of the fastest speed of a clock.
const FASTEST: f64 = 200.0;
/// What adds less than this share changes nothing.
const NEGLIGIBLE: f64 = 1e-18;
