//! The log-likelihood of a customer whose covariates change, with its gradient and its Hessian.

use super::left::{Step, TRIANGLE};
use super::walks::{Walk, Walks};
use crate::clv::pareto_nbd::ParetoNbd;
use crate::control::Control;
use crate::error::Result;
use crate::fit::{Centre, Coordinate, Likelihood, Penalised, Scale};
use crate::math::{exp_log::log1p_exp, exp_log::logistic, gamma::rising_with_slopes};
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

    /// Centred, with penalties.
    pub(super) fn for_search(walks: &Walks, origin: &[f64], centre: &Centre) -> Self {
        let ridge = walks.design().coefficients.iter();
        let ridge = ridge.map(|c| c.penalty * centre.deviation[c.term].powi(2)).collect();
        let gamma = vec![0.0; walks.design().coefficients.len()];
        Self::new(walks, origin, &gamma, centre, centre.mean.clone(), ridge)
    }

    /// In the caller's coordinates.
    pub(super) fn at(walks: &Walks, model: &WithCovariates<ParetoNbd>, centre: &Centre) -> Self {
        let (m, kinds) = (model.coefficients().len(), centre.mean.len());
        let theta = model.base().theta();
        Self::new(walks, &theta, model.coefficients(), centre, vec![0.0; kinds], vec![0.0; m])
    }

    fn new(
        walks: &Walks,
        theta: &[f64],
        gamma: &[f64],
        centre: &Centre,
        shift: Vec<f64>,
        ridge: Vec<f64>,
    ) -> Self {
        let own = ParetoNbd::SPEC.parameters.iter().zip(theta).map(|(p, &origin)| Coordinate::of(p, origin));
        let coefficients = walks.design().coefficients.iter().zip(gamma).map(|(c, &origin)| {
            Coordinate::new(c.name.clone(), Scale::Line(1.0 / centre.deviation[c.term]), origin)
        });
        TimeVaryingLikelihood {
            coordinates: own.chain(coefficients).collect(),
            weights: vec![1.0; walks.len()],
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
}

fn triangle(i: usize) -> usize {
    i * (i + 1) / 2
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

/// A clock, ∫ exp(γ'z), with its derivatives by γ, and what z does to it in the present step.
#[derive(Debug, Clone)]
struct Clock {
    time: f64,
    first: Vec<f64>,
    /// Lower triangle.
    second: Vec<f64>,
    /// The exponent of its speed, the speed, and the derivatives of the exponent.
    exponent: f64,
    speed: f64,
    by: Vec<f64>,
}

impl Clock {
    fn new(m: usize) -> Clock {
        Clock {
            time: 0.0,
            first: vec![0.0; m],
            second: vec![0.0; triangle(m)],
            exponent: 0.0,
            speed: 1.0,
            by: vec![0.0; m],
        }
    }

    fn reset(&mut self) {
        self.time = 0.0;
        self.first.fill(0.0);
        self.second.fill(0.0);
    }

    /// Let so much time pass.
    fn run(&mut self, length: f64) {
        let passed = self.speed * length;
        self.time += passed;
        for (c, &by) in self.by.iter().enumerate() {
            if by == 0.0 {
                continue;
            }
            self.first[c] += passed * by;
            let row = triangle(c);
            for (second, other) in self.second[row..].iter_mut().zip(&self.by[..=c]) {
                *second += passed * by * other;
            }
        }
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
    /// Sums of the integrand's scores, and of their products and second derivatives.
    scores: Sum,
    sum: Sum,
    /// α + A and β + B at the last purchase.
    last: [f64; 2],
    /// Whether a speed was out of reach of numbers.
    lost: bool,
}

impl<'a> Customer<'a> {
    pub(super) fn new(walks: &'a Walks, centre: &'a [f64], theta: &'a [f64]) -> Customer<'a> {
        let (own, gamma) = theta.split_at(4);
        let m = gamma.len();
        Customer {
            walks,
            centre,
            theta: [own[0], own[1], own[2], own[3]],
            gamma,
            clocks: [Clock::new(m), Clock::new(m)],
            scores: Sum::new(4 + m),
            sum: Sum::new(4 + m),
            last: [0.0; 2],
            lost: false,
        }
    }

    /// The derivatives by γ of the exponents of both speeds, for these terms.
    fn set_step(&mut self, step: usize) {
        let design = self.walks.design();
        let kinds = design.terms.len();
        let terms = &self.walks.terms[step * kinds..][..kinds];
        for (clock, parameter) in self.clocks.iter_mut().zip([1, 3]) {
            let mut exponent = 0.0;
            for (c, coefficient) in design.coefficients.iter().enumerate() {
                let sign = -design.directions[coefficient.direction][parameter];
                clock.by[c] = sign * (terms[coefficient.term] - self.centre[coefficient.term]);
                exponent += self.gamma[c] * clock.by[c];
            }
            self.lost |= !(exponent.abs() < FASTEST);
            (clock.exponent, clock.speed) = (exponent, if exponent == 0.0 { 1.0 } else { exponent.exp() });
        }
    }

    /// ln of the odds of having left, −∞ where T = t_x, without derivatives; the clocks then stand at T.
    pub(super) fn log_odds_left(&mut self, walk: &Walk) -> f64 {
        self.left(walk, false).unwrap_or(f64::NEG_INFINITY)
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
    pub(super) fn speeds(&mut self, step: usize) -> [f64; 2] {
        self.set_step(step);
        [self.clocks[0].speed, self.clocks[1].speed]
    }

    /// Let the clocks run.
    pub(super) fn run(&mut self, length: f64) {
        self.clocks.iter_mut().for_each(|clock| clock.run(length));
    }

    /// Run the clocks to T. ln R less what depends on the clocks at T: ln s − ln(β + B(t_x)) + ln Z; its scores are left in `scores`, normalised.
    fn left(&mut self, walk: &Walk, derivatives: bool) -> Option<f64> {
        let [r, _, s, _] = self.theta;
        self.clocks.iter_mut().for_each(Clock::reset);
        self.lost = false;
        let walks = self.walks;
        for (step, from, to) in walks.pieces(walk, 0.0, walk.recency) {
            self.set_step(step);
            self.run(to - from);
        }
        self.scores.clear();
        if walk.age <= walk.recency {
            return None;
        }
        let mut fastest = f64::NEG_INFINITY;
        for (step, ..) in walks.pieces(walk, walk.recency, walk.age) {
            self.set_step(step);
            fastest = fastest.max(self.clocks[1].exponent);
        }
        if self.lost {
            return Some(f64::NAN);
        }
        let exponents = [r + walk.frequency, s + 1.0];
        let at_last = self.rates();
        self.last = at_last;
        let mut logs = [0.0, 0.0];
        for (step, from, to) in walks.pieces(walk, walk.recency, walk.age) {
            self.set_step(step);
            let clocks = self.rates();
            let piece = Step {
                exponents,
                clocks,
                logs,
                speeds: [self.clocks[0].speed, self.clocks[1].speed],
                length: to - from,
                log_speed: self.clocks[1].exponent - fastest,
            };
            // What is left of the integral is no more than this.
            let bound = (walk.age - from) * (-exponents[0] * logs[0] - exponents[1] * logs[1]).exp();
            if bound > NEGLIGIBLE * self.scores.value {
                self.add(&piece, derivatives);
            }
            self.run(to - from);
            let now = self.rates();
            logs = std::array::from_fn(|i| ((now[i] - at_last[i]) / at_last[i]).ln_1p());
        }
        let total = self.scores.value;
        if derivatives {
            let scale = 1.0 / total;
            self.scores.gradient.iter_mut().for_each(|v| *v *= scale);
            for i in 0..self.scores.gradient.len() {
                for j in 0..=i {
                    let mean = self.scores.gradient[i] * self.scores.gradient[j];
                    let place = &mut self.scores.hessian[triangle(i) + j];
                    *place = *place * scale - mean;
                }
            }
        }
        let plain = s.ln() - at_last[1].ln() + total.ln() + fastest;
        Some(plain + exponents[0] * logs[0] + s * logs[1])
    }

    /// Add a step to the integral: from the moments of the four functions to the scores of all parameters.
    fn add(&mut self, step: &Step, derivatives: bool) {
        let moments = step.moments(derivatives);
        self.scores.value += moments.total;
        if !derivatives {
            return;
        }
        let [m, e] = step.exponents;
        let w = moments.total;
        let [log_p, g, log_l, h] = moments.first;
        let second = |i: usize, j: usize| moments.second[TRIANGLE[i.max(j)] + i.min(j)];
        let (gg, hh, gh) = (second(1, 1), second(3, 3), second(1, 3));
        let Sum { gradient, hessian, .. } = &mut self.scores;
        // By r, α, s, β: −ln, −m/(α + A), −ln, −(s + 1)/(β + B).
        let factors = [-1.0, -m, -1.0, -e];
        for (i, first) in [log_p, g, log_l, h].into_iter().enumerate() {
            gradient[i] += factors[i] * first;
            for j in 0..=i {
                hessian[triangle(i) + j] += factors[i] * factors[j] * second(i, j);
            }
        }
        hessian[triangle(1)] -= g;
        hessian[triangle(1) + 1] += m * gg;
        hessian[triangle(3) + 2] -= h;
        hessian[triangle(3) + 3] += e * hh;
        // By γ: A_c/(α + A) = z + D/(α + A) on this step, with D = A_c − z (α + A) at its beginning; so for B, E.
        let [p, l] = &self.clocks;
        for c in 0..self.gamma.len() {
            let (zp, zl) = (p.by[c], l.by[c]);
            let (dp, dl) = (p.first[c] - zp * step.clocks[0], l.first[c] - zl * step.clocks[1]);
            // The score: constant, times 1/(α + A), times 1/(β + B).
            let (k, kp, kl) = (-m * zp - (e - 1.0) * zl, -m * dp, -e * dl);
            let i = 4 + c;
            gradient[i] += k * w + kp * g + kl * h;
            let row = triangle(i);
            for (j, first) in [log_p, g, log_l, h].into_iter().enumerate() {
                hessian[row + j] += factors[j] * (k * first + kp * second(j, 1) + kl * second(j, 3));
            }
            hessian[row] -= zp * w + dp * g;
            hessian[row + 1] += m * (zp * g + dp * gg);
            hessian[row + 2] -= zl * w + dl * h;
            hessian[row + 3] += e * (zl * h + dl * hh);
            for d in 0..=c {
                let (yp, yl) = (p.by[d], l.by[d]);
                let (fp, fl) = (p.first[d] - yp * step.clocks[0], l.first[d] - yl * step.clocks[1]);
                let (q, qp, ql) = (-m * yp - (e - 1.0) * yl, -m * fp, -e * fl);
                let products = k * q * w
                    + (k * qp + kp * q) * g
                    + (k * ql + kl * q) * h
                    + kp * qp * gg
                    + kl * ql * hh
                    + (kp * ql + kl * qp) * gh;
                let at = triangle(c) + d;
                let cp = p.second[at] - zp * yp * step.clocks[0];
                let cl = l.second[at] - zl * yl * step.clocks[1];
                let bend_p = (cp - zp * fp - yp * dp) * g - dp * fp * gg;
                let bend_l = (cl - zl * fl - yl * dl) * h - dl * fl * hh;
                hessian[row + 4 + d] += products - m * bend_p - e * bend_l;
            }
        }
    }

    /// The log-likelihood of customer i, with derivatives, into `sum`.
    fn evaluate(&mut self, walk: &Walk, i: usize) {
        let [r, alpha, s, beta] = self.theta;
        let x = walk.frequency;
        let rho = self.left(walk, true);
        self.sum.clear();
        let (design, kinds) = (self.walks.design(), self.centre.len());
        let m = r + x;
        let rates = self.rates();
        let within = rates.iter().all(|&rate| Domain::Positive.contains(rate));
        if self.lost || !within {
            self.sum.value = f64::NAN;
            return;
        }
        let [rising, slope, bend] = rising_with_slopes(r, x);
        let [p, l] = &self.clocks;
        // 1/(α + A), 1/(β + B), and ln(1 + A/α), ln(1 + B/β), at T.
        let (g, h) = (1.0 / rates[0], 1.0 / rates[1]);
        let (log_p, log_l) = ((p.time / alpha).ln_1p(), (l.time / beta).ln_1p());
        // ρ = ln s + m (ln(α+A))(T) + s (ln(β+B))(T) + ln ∫: odds of having left.
        let (odds, left, both) = match rho {
            Some(rho) => (logistic(rho), log1p_exp(rho), logistic(rho) * logistic(-rho)),
            None => (0.0, 0.0, 0.0),
        };
        let bought = &self.walks.at_purchases[i * kinds..][..kinds];
        let Sum { value, gradient, hessian } = &mut self.sum;
        *value = rising - r * log_p - x * rates[0].ln() - s * log_l + left;
        let n = gradient.len();
        // Derivatives of ln(α + A) and ln(β + B) at T.
        let first_p = |j: usize| match j {
            1 => g,
            j if j >= 4 => p.first[j - 4] * g,
            _ => 0.0,
        };
        let first_l = |j: usize| match j {
            3 => h,
            j if j >= 4 => l.first[j - 4] * h,
            _ => 0.0,
        };
        let second = |clock: &Clock, rate: f64, j: usize, k: usize| match j >= 4 && k >= 4 {
            true => clock.second[triangle(j.max(k) - 4) + j.min(k) - 4] * rate,
            false => 0.0,
        };
        // The scores of the integral are reckoned from the clocks at the last purchase.
        let silent = |from: f64, to: f64| ((to - from) / from).ln_1p();
        let (since_p, since_l) = match rho {
            Some(_) => (silent(self.last[0], rates[0]), silent(self.last[1], rates[1])),
            None => (0.0, 0.0),
        };
        let mut rho_first = vec![0.0; n];
        for j in 0..n {
            rho_first[j] = self.scores.gradient[j] + m * first_p(j) + s * first_l(j);
        }
        rho_first[0] += since_p;
        rho_first[2] += 1.0 / s + since_l;
        for j in 0..n {
            let base = match j {
                0 => slope - log_p,
                1 => r / alpha - m * g,
                2 => -log_l,
                3 => s / beta - s * h,
                _ => {
                    let c = &design.coefficients[j - 4];
                    let sign = -design.directions[c.direction][1];
                    *value += sign * self.gamma[j - 4] * (bought[c.term] - x * self.centre[c.term]);
                    sign * (bought[c.term] - x * self.centre[c.term]) - m * first_p(j) - s * first_l(j)
                }
            };
            gradient[j] = base + odds * rho_first[j];
            for k in 0..=j {
                let bent_p = second(p, g, j, k) - first_p(j) * first_p(k);
                let bent_l = second(l, h, j, k) - first_l(j) * first_l(k);
                let mut base = -m * bent_p - s * bent_l;
                let mut rho_second = self.scores.hessian[triangle(j) + k] + m * bent_p + s * bent_l;
                match (j, k) {
                    (0, 0) => base += bend,
                    (1, 1) => base -= r / (alpha * alpha),
                    (3, 3) => base -= s / (beta * beta),
                    (2, 2) => rho_second -= 1.0 / (s * s),
                    _ => {}
                }
                if k == 0 && j > 0 {
                    base -= first_p(j) - if j == 1 { 1.0 / alpha } else { 0.0 };
                    rho_second += first_p(j);
                }
                // s stands before β and γ, and after r and α, by which ln(β + B) has no derivative.
                if k == 2 && j > 2 {
                    base -= first_l(j) - if j == 3 { 1.0 / beta } else { 0.0 };
                    rho_second += first_l(j);
                }
                hessian[triangle(j) + k] = base + odds * rho_second + both * rho_first[j] * rho_first[k];
            }
        }
    }
}

/// The log-likelihood of customer i.
pub(super) fn value_of(customer: &mut Customer<'_>, walk: &Walk, i: usize) -> f64 {
    customer.evaluate(walk, i);
    customer.sum.value
}

/// The logarithm of the fastest speed of a clock.
const FASTEST: f64 = 200.0;
/// What adds less than this share changes nothing.
const NEGLIGIBLE: f64 = 1e-18;
