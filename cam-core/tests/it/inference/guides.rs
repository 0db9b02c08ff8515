//! The sampler's short cuts: gradients without Hessians, and a few rows that stand for all.

use super::{Simulated, fit};
use cam_core::clv::{
    BgBb, BgNbd, GammaGamma, GgomNbd, LogNormalSpend, MbgNbd, Nbd, NormalSpend, ParetoNbd, ParetoNbdSarmanov,
};
use cam_core::fit::{Likelihood, Prior, Sampling, covariate_likelihood, likelihood};
use cam_core::model::{Covariates, WithCovariates};
use cam_core::{Control, Family, FitOptions};

/// The same numbers from the path with a Hessian, the one without, the one without any derivative, and row by row.
fn agrees(likelihood: &dyn Likelihood) {
    let control = Control::new();
    for shift in [0.0, 0.3, -0.7] {
        let u: Vec<f64> = (0..likelihood.coordinates().len()).map(|i| shift / (1.0 + i as f64)).collect();
        let whole = likelihood.evaluate(&u, &control).unwrap();
        let (value, gradient) = likelihood.slope(&u, &control).unwrap();
        let (id, scale) = (likelihood.id(), 1.0 + whole.value.abs());
        assert!((value - whole.value).abs() < 1e-13 * scale, "{id}: {value} {}", whole.value);
        let alone = likelihood.value(&u, &control).unwrap();
        assert!((alone - whole.value).abs() < 1e-12 * scale, "{id}: {alone} {}", whole.value);
        for (a, b) in gradient.iter().zip(&whole.gradient) {
            assert!((a - b).abs() < 1e-12 * (scale + b.abs()), "{id}: {a} {b}");
        }
        let mut each = vec![0.0; likelihood.weights().len()];
        likelihood.each(&u, 0, &mut each);
        let mut later = vec![0.0; each.len() / 2];
        likelihood.each(&u, each.len() - later.len(), &mut later);
        assert_eq!(later, each[each.len() - later.len()..], "{id}");
        let n = likelihood.customers();
        let sum = -each.iter().zip(likelihood.weights()).map(|(v, w)| v * w / n).sum::<f64>();
        assert!((sum - whole.value).abs() < 1e-12 * scale, "{id}: {sum} {}", whole.value);
        // Every row with its own weight is the whole.
        let all: Vec<(usize, f64)> = likelihood.weights().iter().copied().enumerate().collect();
        let again = likelihood.standing_for(&all).unwrap().value(&u, &control).unwrap();
        assert!((again - whole.value).abs() < 1e-12 * scale, "{id}: {again} {}", whole.value);
    }
}

fn family_agrees<F: Family>() {
    let (theta, design) = F::SPEC.example;
    let data = Simulated::new(F::SPEC.id, theta, 60, design, 1);
    agrees(&*likelihood::<F>(&data.table(), theta, &Control::new()).unwrap());
}

#[test]
fn without_a_hessian_the_value_and_the_gradient_are_the_same() {
    family_agrees::<Nbd>();
    family_agrees::<BgNbd>();
    family_agrees::<MbgNbd>();
    family_agrees::<ParetoNbd>();
    family_agrees::<ParetoNbdSarmanov>();
    family_agrees::<GgomNbd>();
    family_agrees::<BgBb>();
    family_agrees::<GammaGamma>();
    family_agrees::<NormalSpend>();
    family_agrees::<LogNormalSpend>();
}

#[test]
fn with_covariates_too() {
    let covariates = Covariates::new().on("purchase", ["web", "age"]).on("lifetime", ["web"]);
    let base = ParetoNbd::new(0.8, 8.0, 0.7, 12.0).unwrap();
    let model = WithCovariates::new(base, &covariates, &[0.4, -0.2, 0.3]).unwrap();
    let data = Simulated::new("pareto_nbd", &[0.8, 8.0, 0.7, 12.0], 200, 40.0, 3);
    let web: Vec<f64> = (0..200).map(|i| f64::from(u8::from(i % 3 == 0))).collect();
    let age: Vec<f64> = (0..200).map(|i| f64::from(i % 7) / 7.0).collect();
    let table = data.table().with("web", &web[..]).unwrap().with("age", &age[..]).unwrap();
    agrees(&covariate_likelihood(&table, &model, &Control::new()).unwrap());
}

#[test]
fn a_few_customers_stand_for_all_and_the_posterior_is_that_of_all() {
    let data = Simulated::new("bg_nbd", &[0.5, 8.0, 0.8, 2.5], 2000, 40.0, 4);
    let sum = Prior::Gamma { alpha: 2.0, beta: 0.5 };
    let options = FitOptions::new().prior("a+b", sum);
    let sampling = Sampling { draws: 1000, seed: 5, ..Sampling::default() };
    let fitted = fit("bg_nbd", &data.table(), &options.sampling(sampling));
    let posterior = fitted.report().unwrap().posterior.clone().unwrap();
    let rows = posterior.rows.expect("thousands of rows are worth a guide");
    assert!(rows < 100, "{rows}");
    assert!(posterior.agreed.iter().all(|&agreed| agreed > 0.9), "{:?}", posterior.agreed);
    let worst = posterior.worst();
    assert!(worst.r_hat < 1.01 && worst.ess_bulk > 1500.0, "{worst:?}");
    assert_eq!(posterior.divergences, 0);
    // Trajectories of the density itself agree within Monte Carlo error.
    let by_itself = FitOptions::new().prior("a+b", sum).sampling(Sampling {
        draws: 1000,
        seed: 6,
        guided: false,
        ..Sampling::default()
    });
    let plain = fit("bg_nbd", &data.table(), &by_itself).report().unwrap().posterior.clone().unwrap();
    assert_eq!(plain.rows, None);
    for p in 0..4 {
        let moments = |of: &cam_core::fit::PosteriorDraws| {
            let all = of.draws[p].concat();
            let mean = all.iter().sum::<f64>() / all.len() as f64;
            let variance = all.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (all.len() - 1) as f64;
            (mean, variance / of.mixing[p].ess_bulk)
        };
        let ((a, va), (b, vb)) = (moments(&posterior), moments(&plain));
        assert!((a - b).abs() < 4.5 * (va + vb).sqrt(), "{}: {a} {b}", posterior.parameters[p]);
    }
}
