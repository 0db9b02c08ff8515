//! Geweke (2004), *Getting it right: joint distribution tests of posterior simulators*, JASA 99, 799–804.
//!
//! Sweep given the data, draw the data anew given the customers, and so on: then the parameters must be distributed as their prior, whose moments are known
//! exactly. An error in any step, in a density, a Jacobian or an order, shows. Standard errors come from the effective number of draws.

use super::chain::{Key, Sampler};
use super::ggg::{Ggg, Standing};
use super::ggg_customer::Timed;
use super::lognormal::{LogNormal, Prior, State, inverse_wishart, mean_of, root_of};
use super::lognormal_customer::History;
use super::prior::{GammaPrior, Population};
use crate::control::Control;
use crate::math::diagnostics::diagnose;
use crate::math::gamma::{digamma, trigamma};
use crate::math::random::Stream;

const CUSTOMERS: usize = 4;
const AGE: f64 = 3.0;

/// What was seen, beside what is known: name, draws, and the exact mean.
struct Claim(String, Vec<f64>, f64);

impl Claim {
    fn hold(self) {
        let Claim(name, draws, want) = self;
        let n = draws.len() as f64;
        let mean = draws.iter().sum::<f64>() / n;
        let variance = draws.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0);
        let effective = diagnose(std::slice::from_ref(&draws)).ess_bulk;
        assert!(effective > 200.0, "{name}: too few effective draws, {effective}");
        let z = (mean - want) / (variance / effective).sqrt();
        println!("{name:24} mean {mean:9.4}, exact {want:9.4}, z {z:6.2}, effective {effective:.0}");
        // Of some dozens of claims, one in 10,000 right programs would break one; the seed is fixed.
        assert!(z.abs() < 4.5, "{name}: mean {mean}, must be {want}, z = {z}");
    }
}

/// The logarithm of a parameter with a gamma prior, and its square.
fn gamma_claims(name: &str, prior: &GammaPrior, logs: Vec<f64>) -> [Claim; 2] {
    let mean = digamma(prior.shape) - prior.rate.ln();
    let squares = logs.iter().map(|l| l * l).collect();
    [
        Claim(format!("ln {name}"), logs, mean),
        Claim(format!("(ln {name})^2"), squares, mean * mean + trigamma(prior.shape)),
    ]
}

fn timed(at: &[f64; 3], stream: &mut Stream) -> Timed {
    let [k, rate, leaving] = at.map(f64::exp);
    let end = (stream.exponential() / leaving).min(AGE);
    let (mut customer, mut time) = (Timed { x: 0.0, recency: 0.0, age: AGE, logs: 0.0 }, 0.0);
    loop {
        let interval = stream.gamma(k) / (k * rate);
        time += interval;
        if time > end || customer.x > 1e4 {
            return customer;
        }
        customer.x += 1.0;
        customer.recency = time;
        customer.logs += interval.ln();
    }
}

#[test]
fn pareto_ggg_draws_from_the_prior_when_its_own_data_are_drawn_along() {
    let of = |shape: f64, rate: f64| GammaPrior { shape, rate };
    let priors = [of(8.0, 4.0), of(8.0, 6.0), of(6.0, 4.0), of(6.0, 4.0), of(5.0, 4.0), of(6.0, 3.0)];
    let mut stream = Stream::new(2026, 0);
    let populations: [Population; 3] = std::array::from_fn(|i| Population {
        shape: priors[2 * i].draw(&mut stream),
        rate: priors[2 * i + 1].draw(&mut stream),
    });
    let customers: Vec<Standing> =
        (0..CUSTOMERS).map(|_| Standing::at(populations.map(|p| p.draw_log(&mut stream)))).collect();
    let mut state = super::ggg::State { populations, customers };
    let control = Control::new().threads(1);
    let mut seen = vec![Vec::new(); 6];
    for sweep in 0..40_000 {
        let customers = state.customers.iter().map(|c| timed(&c.at, &mut stream)).collect();
        let sampler = Ggg { customers, priors };
        sampler.sweep(&mut state, Key::new(5, 0, sweep), 1.0, &control).unwrap();
        let mut parameters = [0.0; 6];
        sampler.tell(&state, &mut parameters);
        seen.iter_mut().zip(parameters).for_each(|(seen, p)| seen.push(p.ln()));
    }
    for ((name, prior), logs) in super::names::GGG.iter().zip(&priors).zip(seen) {
        gamma_claims(name, prior, logs).into_iter().for_each(Claim::hold);
    }
}

#[test]
fn log_normal_draws_from_the_prior_when_its_own_data_are_drawn_along() {
    let prior = Prior { precision: 1.0, freedom: 14.0, scale: 6.0 };
    let design: Vec<f64> = (0..CUSTOMERS).flat_map(|i| [1.0, i as f64 - 1.0]).collect();
    let covariates = ["z".to_string()];
    let mut stream = Stream::new(2027, 0);
    let covariance = inverse_wishart(prior.freedom, &[[prior.scale, 0.0], [0.0, prior.scale]], &mut stream);
    let root = root_of(&covariance);
    let mut draw = |mean: [f64; 2]| {
        let z = [stream.normal(), stream.normal()];
        [mean[0] + root[0][0] * z[0], mean[1] + root[1][0] * z[0] + root[1][1] * z[1]]
    };
    let coefficients = vec![draw([0.0; 2]), draw([0.0; 2])];
    let customers = design.chunks_exact(2).map(|z| draw(mean_of(&coefficients, z))).collect();
    let mut state = State { coefficients, covariance, customers };
    let control = Control::new().threads(1);
    let mut seen = vec![Vec::new(); 7];
    for sweep in 0..40_000 {
        let customers = state
            .customers
            .iter()
            .map(|at| {
                let [rate, leaving] = at.map(f64::exp);
                let end = (stream.exponential() / leaving).min(AGE);
                let x = stream.poisson(rate * end);
                let recency = if x > 0.0 { end * stream.uniform().powf(1.0 / x) } else { 0.0 };
                History { x, recency, age: AGE }
            })
            .collect();
        let sampler = LogNormal::with(customers, design.clone(), &covariates, prior).unwrap();
        sampler.sweep(&mut state, Key::new(6, 0, sweep), 1.0, &control).unwrap();
        let mut parameters = [0.0; 7];
        sampler.tell(&state, &mut parameters);
        seen.iter_mut().zip(parameters).for_each(|(seen, p)| seen.push(p));
    }
    let names = super::names::log_normal(&covariates);
    // Γ_jj ~ inverse gamma((ν − 1)/2, V/2), with mean V/(ν − 3).
    let variance = prior.scale / (prior.freedom - 3.0);
    for (name, draws) in names[..4].iter().zip(&seen) {
        Claim(name.clone(), draws.clone(), 0.0).hold();
        Claim(format!("{name}^2"), draws.iter().map(|b| b * b).collect(), variance / prior.precision).hold();
    }
    Claim(names[5].clone(), seen[5].clone(), 0.0).hold();
    for j in [4, 6] {
        Claim(names[j].clone(), seen[j].clone(), variance).hold();
        let logs = seen[j].iter().map(|v| v.ln()).collect();
        Claim(
            format!("ln {}", names[j]),
            logs,
            (0.5 * prior.scale).ln() - digamma(0.5 * (prior.freedom - 1.0)),
        )
        .hold();
    }
}
