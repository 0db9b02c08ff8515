//! Prior distributions of parameters, and the likelihood weighed with them.
//!
//! A prior is named by its parameter, `"r"`; or by the share or the sum of two positive parameters, `"a/(a+b)"` and `"a+b"`, which is how one thinks of
//! the shapes of a beta distribution: its mean, and how alike customers are. The two belong together: the density of (a, b) is
//! p(φ) p(κ) / κ with φ = a/(a + b), κ = a + b, where 1/κ is the Jacobian, and the one of them that is not named is flat. Parameters
//! without a prior have a flat one, on their own scale.
//!
//! | `prior` | density of θ, up to a constant | on |
//! |---|---|---|
//! | `flat` | 1 | any θ |
//! | `normal` (mu, sigma) | exp(−(θ − μ)²/2σ²) | any θ |
//! | `log_normal` (mu, sigma) | exp(−(ln θ − μ)²/2σ²) / θ | θ > 0 |
//! | `half_normal` (sigma) | exp(−θ²/2σ²) | θ ≥ 0 |
//! | `gamma` (alpha, beta) | θ^(α−1) exp(−βθ) | θ > 0 |
//! | `exponential` (rate) | exp(−rate θ) | θ ≥ 0 |
//! | `weibull` (alpha, beta) | θ^(α−1) exp(−(θ/β)^α) | θ > 0 |
//! | `pareto` (alpha, m) | θ^(−α−1) | θ ≥ m |
//! | `uniform` (lower, upper) | 1 | lower ≤ θ ≤ upper |
//! | `beta` (alpha, beta) | θ^(α−1) (1 − θ)^(β−1) | 0 < θ < 1 |
//!
//! All are normalised in the code, but for the flat one. Each is written once for numbers with derivatives, so gradient and Hessian are exact.
//!
//! **Which mode.** A mode is no property of a distribution alone: it depends on the scale on which the density is taken. The method `map` maximises the
//! density of the parameters *themselves*, ln L(θ) + ln p(θ): a penalised likelihood, which is maximum likelihood where all priors are flat. Sampling moves
//! on the coordinates u, and adds the Jacobian ln |dθ/du|, so that its draws are from the posterior of θ.

use super::likelihood::{Coordinate, Likelihood};
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};
use crate::math::{
    beta::ln_beta,
    gamma::ln_gamma,
    jet::{Jet, Real},
};
use crate::optim::Point;
use ndarray::Array1;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::f64::consts::FRAC_2_PI;
use std::sync::Arc;

/// The distribution of a parameter before the data are seen; see the [module](self) for the densities.
///
/// In JSON: `{"prior": "gamma", "alpha": 2, "beta": 1}`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "prior", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Prior {
    /// Density 1.
    Flat {},
    /// Normal with mean `mu` and standard deviation `sigma`.
    Normal {
        /// Mean.
        mu: f64,
        /// Standard deviation, > 0.
        sigma: f64,
    },
    /// The logarithm is normal.
    LogNormal {
        /// Mean of the logarithm.
        mu: f64,
        /// Standard deviation of the logarithm, > 0.
        sigma: f64,
    },
    /// The absolute value of a normal variate with mean 0.
    HalfNormal {
        /// Standard deviation of that variate, > 0.
        sigma: f64,
    },
    /// Gamma with mean alpha/beta.
    Gamma {
        /// Shape, > 0.
        alpha: f64,
        /// Rate, > 0.
        beta: f64,
    },
    /// Exponential with mean 1/rate.
    Exponential {
        /// Rate, > 0.
        rate: f64,
    },
    /// Weibull.
    Weibull {
        /// Shape, > 0.
        alpha: f64,
        /// Scale, > 0.
        beta: f64,
    },
    /// Pareto of the first kind.
    Pareto {
        /// Exponent, > 0.
        alpha: f64,
        /// Smallest value, > 0.
        m: f64,
    },
    /// Uniform.
    Uniform {
        /// Smallest value.
        lower: f64,
        /// Largest value.
        upper: f64,
    },
    /// Beta with mean alpha/(alpha + beta).
    Beta {
        /// First shape, > 0.
        alpha: f64,
        /// Second shape, > 0.
        beta: f64,
    },
}

impl Prior {
    /// Check the arguments; `name` is that of the parameter.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidParameter`] naming the argument.
    pub fn check(&self, name: &str) -> Result<()> {
        type Arguments = Vec<(&'static str, f64)>;
        let (positive, any): (Arguments, Arguments) = match *self {
            Prior::Flat {} => (vec![], vec![]),
            Prior::Normal { mu, sigma } | Prior::LogNormal { mu, sigma } => {
                (vec![("sigma", sigma)], vec![("mu", mu)])
            }
            Prior::HalfNormal { sigma } => (vec![("sigma", sigma)], vec![]),
            Prior::Gamma { alpha, beta } | Prior::Weibull { alpha, beta } | Prior::Beta { alpha, beta } => {
                (vec![("alpha", alpha), ("beta", beta)], vec![])
            }
            Prior::Exponential { rate } => (vec![("rate", rate)], vec![]),
            Prior::Pareto { alpha, m } => (vec![("alpha", alpha), ("m", m)], vec![]),
            Prior::Uniform { lower, upper } => (vec![], vec![("lower", lower), ("upper", upper)]),
        };
        let told = |what: &str| format!("{what} of the prior of {name}");
        for (what, value) in positive {
            if !(value > 0.0 && value.is_finite()) {
                return Err(Error::parameter(&told(what), "positive and finite", value));
            }
        }
        for (what, value) in any {
            if !value.is_finite() {
                return Err(Error::parameter(&told(what), "finite", value));
            }
        }
        match *self {
            Prior::Uniform { lower, upper } if !(lower < upper) => {
                Err(Error::parameter(&told("upper"), &format!("larger than lower = {lower}"), upper))
            }
            _ => Ok(()),
        }
    }

    /// ln of the density at θ; −∞ outside the support.
    ///
    /// ```
    /// use cam_core::fit::Prior;
    /// let prior = Prior::Exponential { rate: 2.0 };
    /// assert_eq!(prior.ln_density(3.0), 2f64.ln() - 6.0);
    /// ```
    pub fn ln_density<R: Real>(&self, theta: R) -> R {
        let x = theta.value();
        let supported = match *self {
            Prior::Flat {} | Prior::Normal { .. } => true,
            Prior::LogNormal { .. } | Prior::Gamma { .. } | Prior::Weibull { .. } => x > 0.0,
            Prior::HalfNormal { .. } | Prior::Exponential { .. } => x >= 0.0,
            Prior::Pareto { m, .. } => x >= m,
            Prior::Uniform { lower, upper } => x >= lower && x <= upper,
            Prior::Beta { .. } => x > 0.0 && x < 1.0,
        };
        if !supported {
            return R::constant(f64::NEG_INFINITY);
        }
        let ln_tau_half = 0.5 * std::f64::consts::TAU.ln();
        let bell = |d: R, sigma: f64| {
            let z = d / sigma;
            -(z * z * 0.5) - sigma.ln()
        };
        match *self {
            Prior::Flat {} => R::constant(0.0),
            Prior::Normal { mu, sigma } => bell(theta - mu, sigma) - ln_tau_half,
            Prior::LogNormal { mu, sigma } => bell(theta.ln() - mu, sigma) - ln_tau_half - theta.ln(),
            Prior::HalfNormal { sigma } => bell(theta, sigma) + 0.5 * FRAC_2_PI.ln(),
            Prior::Gamma { alpha, beta } => {
                theta.ln() * (alpha - 1.0) - theta * beta + (alpha * beta.ln() - ln_gamma(alpha))
            }
            Prior::Exponential { rate } => -(theta * rate) + rate.ln(),
            Prior::Weibull { alpha, beta } => {
                let ln = (theta / beta).ln();
                ln * (alpha - 1.0) - (ln * alpha).exp() + (alpha / beta).ln()
            }
            Prior::Pareto { alpha, m } => -(theta.ln() * (alpha + 1.0)) + (alpha.ln() + alpha * m.ln()),
            Prior::Uniform { lower, upper } => R::constant(-(upper - lower).ln()),
            Prior::Beta { alpha, beta } => {
                theta.ln() * (alpha - 1.0) + (-theta).ln_1p() * (beta - 1.0) - ln_beta(alpha, beta)
            }
        }
    }
}

/// Priors by what they are about: a parameter, or the share or sum of two.
pub type Priors = BTreeMap<String, Prior>;

/// A part of ln p(θ): of one coordinate, or of two.
#[derive(Debug, Clone, PartialEq)]
enum Term {
    One(usize, Prior),
    /// Share and sum of two.
    Two(usize, usize, Prior, Prior),
}

/// A likelihood and priors: −1/n (ln L + ln p). As a [`Likelihood`] itself, so whatever maximises, profiles or samples one takes the other, too.
pub(crate) struct Posterior<'a> {
    likelihood: Arc<dyn Likelihood + 'a>,
    terms: Vec<Term>,
    /// The customers of the whole, which a sample stands for.
    customers: f64,
    /// Whether ln |dθ/du| is added: the density of u, not of θ.
    jacobian: bool,
}

impl<'a> Posterior<'a> {
    /// The posterior density of the parameters, or, with `jacobian`, of the coordinates.
    ///
    /// # Errors
    /// A prior is about what is no parameter, or its arguments are out of their domain.
    pub(crate) fn new(likelihood: Box<dyn Likelihood + 'a>, priors: &Priors, jacobian: bool) -> Result<Self> {
        let terms = terms(likelihood.coordinates(), likelihood.id(), priors)?;
        let customers = likelihood.customers();
        Ok(Posterior { likelihood: likelihood.into(), terms, customers, jacobian })
    }

    /// The density of the coordinates, whose Jacobian is a part of it.
    pub(crate) fn of_coordinates(&self) -> Posterior<'a> {
        Posterior {
            likelihood: Arc::clone(&self.likelihood),
            terms: self.terms.clone(),
            jacobian: true,
            ..*self
        }
    }

    /// The same density, or nearly, of a likelihood of some rows that stand for all; see [`few`](super::few).
    pub(super) fn standing_for(&self, rows: &[(usize, f64)]) -> Option<Posterior<'_>> {
        let likelihood = self.likelihood.standing_for(rows)?;
        Some(Posterior { likelihood: likelihood.into(), terms: self.terms.clone(), ..*self })
    }

    /// What the density has more than its priors.
    pub(super) fn likelihood(&self) -> &dyn Likelihood {
        &*self.likelihood
    }

    /// ln p(θ) at u, without a Jacobian.
    pub(crate) fn ln_prior(&self, u: &[f64]) -> f64 {
        let theta = self.likelihood.theta(u);
        self.terms.iter().map(|term| ln_term(term, |i| theta[i])).sum()
    }
}

impl Posterior<'_> {
    /// Every part of ln p, the Jacobian's too, with derivatives by the coordinates that it is about.
    fn each_term(&self, u: &[f64], mut add: impl FnMut(&[usize], &Jet<2>)) {
        let coordinates = self.coordinates();
        for term in &self.terms {
            let places: &[usize] = match term {
                Term::One(i, _) => &[*i],
                Term::Two(i, j, ..) => &[*i, *j],
            };
            let variable = |i: usize| {
                let [theta, slope, bend] = coordinates[i].at(u[i]);
                let variable: Jet<2> = Jet::variable(u[i], usize::from(i != places[0]));
                variable.chain(theta, slope, bend)
            };
            add(places, &ln_term(term, variable));
        }
        if self.jacobian {
            for (i, coordinate) in coordinates.iter().enumerate() {
                let [ln, slope, bend] = coordinate.ln_slope(u[i]);
                let variable: Jet<2> = Jet::variable(u[i], 0);
                add(&[i], &variable.chain(ln, slope, bend));
            }
        }
    }
}

/// ln of the density of one term, where `at` gives the parameters.
fn ln_term<R: Real>(term: &Term, at: impl Fn(usize) -> R) -> R {
    match *term {
        Term::One(i, prior) => prior.ln_density(at(i)),
        Term::Two(i, j, share, sum) => {
            let total = at(i) + at(j);
            share.ln_density(at(i) / total) + sum.ln_density(total) - total.ln()
        }
    }
}

impl Likelihood for Posterior<'_> {
    fn id(&self) -> &'static str {
        self.likelihood.id()
    }

    fn title(&self) -> &'static str {
        self.likelihood.title()
    }

    fn coordinates(&self) -> &[Coordinate] {
        self.likelihood.coordinates()
    }

    fn weights(&self) -> &[f64] {
        self.likelihood.weights()
    }

    fn constant(&self) -> f64 {
        self.likelihood.constant()
    }

    fn evaluate_weighted(&self, u: &[f64], weights: &[f64], control: &Control<'_>) -> Result<Point> {
        let mut point = self.likelihood.evaluate_weighted(u, weights, control)?;
        let scale = 1.0 / self.customers;
        self.each_term(u, |places, value| {
            point.value -= scale * value.value;
            for (k, &i) in places.iter().enumerate() {
                point.gradient[i] -= scale * value.gradient[k];
                for (l, &j) in places.iter().enumerate() {
                    point.hessian[[i, j]] -= scale * value.hessian[k][l];
                }
            }
        });
        Ok(point)
    }

    fn slope(&self, u: &[f64], control: &Control<'_>) -> Result<(f64, Array1<f64>)> {
        let (mut value, mut gradient) = self.likelihood.slope(u, control)?;
        let scale = 1.0 / self.customers;
        self.each_term(u, |places, term| {
            value -= scale * term.value;
            places.iter().enumerate().for_each(|(k, &i)| gradient[i] -= scale * term.gradient[k]);
        });
        Ok((value, gradient))
    }

    fn value(&self, u: &[f64], control: &Control<'_>) -> Result<f64> {
        let mut value = self.likelihood.value(u, control)?;
        self.each_term(u, |_, term| value -= term.value / self.customers);
        Ok(value)
    }

    fn thinned(&self, size: usize) -> Option<Box<dyn Likelihood + '_>> {
        let likelihood = self.likelihood.thinned(size)?;
        Some(Box::new(Posterior { likelihood: likelihood.into(), terms: self.terms.clone(), ..*self }))
    }
}

/// The terms that the priors make.
fn terms(coordinates: &[Coordinate], id: &str, priors: &Priors) -> Result<Vec<Term>> {
    let index = |name: &str| coordinates.iter().position(|c| c.name == name);
    let mut terms: Vec<Term> = Vec::new();
    for (about, prior) in priors {
        prior.check(about)?;
        if let Some(i) = index(about) {
            terms.push(Term::One(i, *prior));
            continue;
        }
        let name: String = about.chars().filter(|c| !c.is_whitespace()).collect();
        // a/(a+b), or a+b.
        let (first, sum) = match name.strip_suffix(')').and_then(|rest| rest.split_once("/(")) {
            Some((first, sum)) => (Some(first), sum),
            None => (None, name.as_str()),
        };
        let pair = sum.split_once('+').and_then(|(a, b)| Some((index(a)?, index(b)?)));
        let (i, j) = match pair {
            Some((i, j)) if i != j && first.is_none_or(|first| index(first) == Some(i)) => (i, j),
            _ => {
                let mut known: Vec<String> = coordinates.iter().map(|c| c.name.to_string()).collect();
                known.push("the sum a+b and the share a/(a+b) of two of them".to_owned());
                let what = format!("parameter of {id} for a prior");
                return Err(Error::unknown(&what, about, known.iter().map(String::as_str)));
            }
        };
        let there = terms.iter_mut().find_map(|term| match term {
            Term::Two(k, l, share, sum) if (*k, *l) == (i, j) => Some((share, sum)),
            _ => None,
        });
        match (there, first) {
            (Some((share, _)), Some(_)) => *share = *prior,
            (Some((_, sum)), None) => *sum = *prior,
            (None, Some(_)) => terms.push(Term::Two(i, j, *prior, Prior::Flat {})),
            (None, None) => terms.push(Term::Two(i, j, Prior::Flat {}, *prior)),
        }
    }
    let mut seen = vec![false; coordinates.len()];
    for term in &terms {
        let places = match *term {
            Term::One(i, _) => vec![i],
            Term::Two(i, j, ..) => vec![i, j],
        };
        for i in places {
            if std::mem::replace(&mut seen[i], true) {
                let name = &coordinates[i].name;
                return Err(Error::new(
                    ErrorKind::InvalidParameter,
                    format!("{name} has two priors; a share and a sum must name their two parameters in the same order"),
                )
                .with_field(name.as_ref()));
            }
        }
    }
    Ok(terms)
}
