//! Prediction intervals: exact where chance alone is at work, wider where the parameters are not known.

use super::{Simulated, fit};
use cam_core::fit::Sampling;
use cam_core::inference::{PredictionOptions, prediction_intervals};
use cam_core::task::Models;
use cam_core::{Control, FitOptions, Quantity, task};

const AHEAD: Quantity = Quantity::ExpectedPurchases { horizon: 20.0 };

#[test]
fn the_process_has_the_quantiles_of_the_exact_distribution() {
    let data = Simulated::new("bg_nbd", &[0.5, 8.0, 0.8, 2.5], 400, 40.0, 1);
    let fitted = fit("bg_nbd", &data.table(), &FitOptions::new());
    let options = PredictionOptions { level: 0.8, draws: 20, seed: 1 };
    let found = prediction_intervals(&fitted, &data.table(), &AHEAD, &options, &Control::new()).unwrap();
    let count = found.count.unwrap();
    let mut cumulative = vec![0.0; 400];
    for n in 0..60 {
        let quantity = Quantity::PurchaseProbability { n, horizon: 20.0 };
        let p = fitted.model.score(&quantity, &data.table(), &Control::new()).unwrap();
        for i in 0..400 {
            let before = cumulative[i];
            cumulative[i] += p[i];
            for (end, tail) in [(&count.process.lower, 0.1), (&count.process.upper, 0.9)] {
                if before < tail && cumulative[i] >= tail {
                    assert_eq!(end[i], f64::from(n));
                }
            }
        }
    }
    let mean: f64 = found.estimate.iter().sum();
    assert!((found.total.estimate - mean).abs() < 1e-9 * mean);
    let [low, high] = found.total.parameter;
    let (process, both) = (found.total.process.unwrap(), found.total.both.unwrap());
    assert!(low < mean && mean < high && process[0] < mean && mean < process[1]);
    assert!(both[1] - both[0] > (high - low).max(process[1] - process[0]));
    assert!(both[1] - both[0] < (high - low) + (process[1] - process[0]));
}

#[test]
fn the_total_of_the_next_weeks_is_covered_as_often_as_it_should_be() {
    // 40 bases from the same customers: fit to the first 40 weeks, predict the next 20.
    let mut covered = 0;
    for seed in 0..40 {
        let data = Simulated::new("nbd", &[0.8, 6.0], 250, 40.0, 100 + seed);
        let fitted = fit("nbd", &data.table(), &FitOptions::new());
        let options = PredictionOptions { level: 0.8, draws: 100, seed };
        let total =
            prediction_intervals(&fitted, &data.table(), &AHEAD, &options, &Control::new()).unwrap().total;
        // What happens: rates from their true conditional distribution.
        let frequency = data.table().column("frequency").unwrap();
        let mut happened = 0.0;
        for (i, x) in frequency.iter().enumerate() {
            let mut stream = cam_core::math::random::Stream::new(900 + seed, i as u64);
            let rate = stream.gamma(0.8 + x) / (6.0 + 40.0);
            happened += stream.poisson(rate * 20.0);
        }
        let [low, high] = total.both.unwrap();
        covered += usize::from(low <= happened && happened <= high);
    }
    // 32 expected; 25 to 38 in 99 % of such experiments.
    assert!((25..=38).contains(&covered), "{covered}");
}

#[test]
fn a_posterior_gives_its_own_draws_and_threads_change_nothing() {
    let data = Simulated::new("nbd", &[0.8, 6.0], 100, 30.0, 2);
    let sampling = Sampling { draws: 50, warmup: 60, chains: 2, ..Sampling::default() };
    let fitted = fit("nbd", &data.table(), &FitOptions::new().sampling(sampling));
    let run = |threads| {
        let options = PredictionOptions { draws: 1000, ..PredictionOptions::default() };
        let control = Control::new().threads(threads);
        prediction_intervals(&fitted, &data.table(), &AHEAD, &options, &control).unwrap()
    };
    let found = run(1);
    assert_eq!(found, run(5));
    assert_eq!(found.total.draws, 100);
    // (r + x)/(alpha + T) t, averaged over all draws.
    let posterior = fitted.report().unwrap().posterior.as_ref().unwrap();
    let frequency = data.table().column("frequency").unwrap()[7];
    let expected = (0..100)
        .map(|k| {
            let theta = posterior.theta(k);
            (theta[0] + frequency) / (theta[1] + 30.0) * 20.0 / 100.0
        })
        .sum::<f64>();
    assert!((found.mean[7] - expected).abs() < 1e-12 * expected);
}

#[test]
fn tasks_answer_the_same_by_name() {
    let data = Simulated::new("nbd", &[0.8, 6.0], 100, 30.0, 3);
    let fitted = fit("nbd", &data.table(), &FitOptions::new());
    let models = [&fitted];
    let run = |name: &str, options: &str| {
        task(name).unwrap().run(&data.table(), Models::new(&models), options, &Control::new())
    };
    let answer = run("confidence_intervals", r#"{"method": "profile", "level": 0.9}"#).unwrap();
    assert!(answer.output.starts_with(r#"{"parameters":["r","alpha"],"method":"profile""#));
    assert_eq!(answer.column("lower").unwrap().len(), 2);
    let answer = run("confidence_intervals", r#"{"method": "bootstrap", "replicates": 20}"#).unwrap();
    assert_eq!(answer.column("replicate_alpha").unwrap().len(), 20);
    let options = r#"{"quantity": {"quantity": "probability_alive"}, "draws": 10}"#;
    let answer = run("prediction_intervals", options).unwrap();
    assert_eq!(answer.columns.len(), 4);
    let wrong =
        run("prediction_intervals", r#"{"quantity": {"quantity": "expected_purchases", "horizon": -1}}"#);
    assert_eq!(wrong.unwrap_err().field(), Some("quantity"));
}
