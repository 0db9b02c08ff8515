//! Posteriors: against quadrature, diagnostics against arviz, and the same draws whatever the threads.

use super::{Simulated, fit, log_likelihood};
use crate::testdata;
use cam_core::fit::{Method, Prior, Sampling};
use cam_core::math::diagnostics::diagnose;
use cam_core::{Control, ErrorKind, FitOptions, Fitted, Model, model};

#[test]
fn draws_have_the_moments_that_quadrature_gives() {
    let data = Simulated::new("nbd", &[0.8, 6.0], 40, 20.0, 1);
    let table = data.table();
    let (shape, rate) = (Prior::Gamma { alpha: 2.0, beta: 1.5 }, Prior::HalfNormal { sigma: 15.0 });
    let options = FitOptions::new().prior("r", shape).prior("alpha", rate).sampling(Sampling {
        draws: 4000,
        chains: 4,
        seed: 3,
        ..Sampling::default()
    });
    let fitted = fit("nbd", &table, &options);
    let posterior = fitted.report().unwrap().posterior.clone().unwrap();
    // Trapezoidal sums over ln r and ln alpha, wide enough to leave nothing out.
    let (mut mass, mut sums) = (0.0, [0.0; 4]);
    let top = log_likelihood("nbd", &table, &fitted.model.parameters());
    for i in 0..100 {
        for j in 0..100 {
            let (u, v) = (-3.0 + 0.06 * f64::from(i), -1.5 + 0.06 * f64::from(j));
            let (r, alpha) = (u.exp(), v.exp());
            let ln = log_likelihood("nbd", &table, &[r, alpha]) - top
                + shape.ln_density(r)
                + rate.ln_density(alpha)
                + u
                + v;
            let weight = ln.exp();
            mass += weight;
            for (sum, value) in sums.iter_mut().zip([r, alpha, r * r, alpha * alpha]) {
                *sum += weight * value;
            }
        }
    }
    let worst = posterior.worst();
    assert!(worst.r_hat < 1.01 && worst.ess_bulk > 2000.0, "{worst:?}");
    assert_eq!(posterior.divergences, 0);
    let draws: Vec<Vec<f64>> = posterior.draws.iter().map(|chains| chains.concat()).collect();
    for k in 0..4 {
        let truth = sums[k] / mass;
        let power = |v: &f64| if k < 2 { *v } else { v * v };
        let n = draws[k % 2].len() as f64;
        let mean = draws[k % 2].iter().map(power).sum::<f64>() / n;
        let spread = (draws[k % 2].iter().map(|v| (power(v) - mean).powi(2)).sum::<f64>() / n).sqrt();
        let error = spread / posterior.mixing[k % 2].ess_bulk.min(posterior.mixing[k % 2].ess_tail).sqrt();
        assert!((mean - truth).abs() < 4.5 * error, "moment {k}: {mean} {truth} ± {error}");
    }
    assert_eq!(fitted.model.parameters(), posterior.mean());
}

#[test]
fn diagnostics_of_chains_are_those_of_arviz() {
    for line in testdata("mixing.csv").lines().filter(|l| !l.starts_with('#')).skip(1) {
        let f: Vec<&str> = line.split(',').collect();
        let [seed, chains, draws] = [0, 1, 2].map(|k| f[k].parse::<u64>().unwrap());
        let (rho, shift) = (f[3].parse::<f64>().unwrap(), f[4].parse::<f64>().unwrap());
        let chain = |c: u64| {
            let (mut s, mut x) = (seed + 7919 * c, 0.0);
            let step = |_| {
                let mut e = 0.0;
                for _ in 0..12 {
                    s = (s * 1_664_525 + 1_013_904_223) % (1 << 32);
                    e += s as f64 / 4_294_967_296.0 - 0.5;
                }
                x = rho * x + e + shift * c as f64;
                x
            };
            (0..draws).map(step).collect::<Vec<f64>>()
        };
        let got = diagnose(&(0..chains).map(chain).collect::<Vec<_>>());
        for (got, truth) in [(got.r_hat, f[5]), (got.ess_bulk, f[6]), (got.ess_tail, f[7])] {
            if let Ok(truth) = truth.parse::<f64>() {
                assert!((got - truth).abs() < 1e-8 * truth, "{line}: {got} {truth}");
            }
        }
    }
}

#[test]
fn any_number_of_threads_draws_the_same() {
    let data = Simulated::new("bg_nbd", &[0.5, 8.0, 0.8, 2.5], 300, 40.0, 2);
    let run = |seed, threads| {
        let sampling = Sampling { draws: 50, warmup: 60, chains: 3, seed, ..Sampling::default() };
        let control = Control::new().threads(threads);
        let sum = Prior::Gamma { alpha: 2.0, beta: 0.5 };
        let options = FitOptions::new().sampling(sampling).prior("a+b", sum);
        model("bg_nbd").unwrap().fit(&data.table(), &options, &control).unwrap().to_json().unwrap()
    };
    let one = run(1, 1);
    assert_eq!(one, run(1, 4));
    assert_ne!(one, run(2, 1));
    // The document holds the draws.
    let opened = Fitted::<Box<dyn Model>>::from_json(&one).unwrap();
    assert_eq!(opened.report().unwrap().method, Method::Nuts);
    assert_eq!(opened.report().unwrap().posterior.as_ref().unwrap().draws[0].len(), 3);
    assert_eq!(opened.to_json().unwrap(), one);
}

/// Chains are said to have converged where they agree and are worth a hundred draws each; fewer draws of the same chains are not.
#[test]
fn a_posterior_has_converged_where_its_chains_agree_and_say_enough() {
    let data = Simulated::new("nbd", &[0.8, 6.0], 300, 40.0, 2);
    for (draws, converged) in [(600, true), (60, false)] {
        let sampling = Sampling { draws, chains: 2, ..Sampling::default() };
        let options = FitOptions::new().sampling(sampling);
        let fitted = model("nbd").unwrap().fit(&data.table(), &options, &Control::new()).unwrap();
        let report = fitted.report().unwrap();
        let worst = report.posterior.as_ref().unwrap().worst();
        assert_eq!(report.converged(), converged, "{worst:?}");
        let enough = worst.ess_bulk.min(worst.ess_tail) >= 200.0;
        assert_eq!(worst.r_hat <= 1.01 && enough, converged, "{worst:?}");
    }
}

/// As all customers become alike in leaving, a + b → ∞ with a/b fixed, the likelihood of BG/NBD falls to a positive number, so that with flat priors there is no end to the density.
#[test]
fn an_improper_posterior_is_called_so() {
    let data = Simulated::new("bg_nbd", &[0.5, 8.0, 0.8, 2.5], 300, 40.0, 2);
    let options = FitOptions::new().sampling(Sampling::default());
    let error = model("bg_nbd").unwrap().fit(&data.table(), &options, &Control::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Numerical);
    let said = error.to_string();
    assert!(said.contains("improper") && said.contains(" a = ") && said.contains(" b = "), "{said}");
}

#[test]
fn what_cannot_be_sampled_says_why() {
    let data = Simulated::new("nbd", &[0.8, 6.0], 50, 30.0, 5);
    let tried = |sampling| {
        let options = FitOptions::new().sampling(sampling);
        model("nbd").unwrap().fit(&data.table(), &options, &Control::new()).unwrap_err()
    };
    assert_eq!(tried(Sampling { draws: 3, ..Sampling::default() }).field(), Some("draws"));
    assert_eq!(tried(Sampling { chains: 0, ..Sampling::default() }).field(), Some("chains"));
    assert_eq!(tried(Sampling { target_accept: 1.0, ..Sampling::default() }).field(), Some("target_accept"));
    let cancelled = std::sync::atomic::AtomicBool::new(true);
    let options = FitOptions::new().sampling(Sampling::default());
    let control = Control::new().cancel(&cancelled);
    let stopped = model("nbd").unwrap().fit(&data.table(), &options, &control).unwrap_err();
    assert_eq!(stopped.kind(), ErrorKind::Interrupted);
}
