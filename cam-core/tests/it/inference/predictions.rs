//! Prediction intervals: exact where chance alone is at work, wider where the parameters are not known.

use super::{Simulated, fit};
use cam_core::fit::Sampling;
use cam_core::inference::{PredictionOptions, prediction_intervals};
use cam_core::task::Models;
use cam_core::{Control, ErrorKind, FitOptions, Quantity, task};

const AHEAD: Quantity = Quantity::ExpectedPurchases { horizon: 20.0 };

#[test]
fn the_process_has_the_quantiles_of_the_exact_distribution() {
    let data = Simulated::new("bg_nbd", &[0.5, 8.0, 0.8, 2.5], 400, 40.0, 1);
    let fitted = fit("bg_nbd", &data.table(), &FitOptions::new());
    let options = PredictionOptions { level: 0.8, draws: 20, seed: 1, ..PredictionOptions::default() };
    let found = prediction_intervals(&fitted, &data.table(), &AHEAD, &options, &Control::new()).unwrap();
    let count = found.realised.unwrap();
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
        let options = PredictionOptions { level: 0.8, draws: 100, seed, ..PredictionOptions::default() };
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
    let answer =
        run("confidence_intervals", r#"{"method": "bootstrap", "replicates": 20, "level": 0.9}"#).unwrap();
    assert_eq!(answer.column("replicate_alpha").unwrap().len(), 20);
    let options = r#"{"quantity": {"quantity": "probability_alive"}, "draws": 10}"#;
    let answer = run("prediction_intervals", options).unwrap();
    assert_eq!(answer.columns.len(), 4);
    let wrong =
        run("prediction_intervals", r#"{"quantity": {"quantity": "expected_purchases", "horizon": -1}}"#);
    assert_eq!(wrong.unwrap_err().field(), Some("quantity"));
}

/// One customer is his or her own total; of two the distribution is the convolution.
#[test]
fn the_total_of_a_few_customers_is_exact() {
    let data = Simulated::new("bg_nbd", &[0.5, 8.0, 0.8, 2.5], 400, 40.0, 1);
    let fitted = fit("bg_nbd", &data.table(), &FitOptions::new());
    let options = PredictionOptions { level: 0.9, draws: 30, seed: 1, ..PredictionOptions::default() };
    let (x, t_x, age) = ([3.0, 1.0], [30.0, 38.0], [40.0, 40.0]);
    let table = |n: usize| {
        let table =
            cam_core::Table::new().with("frequency", &x[..n]).unwrap().with("recency", &t_x[..n]).unwrap();
        table.with("T", &age[..n]).unwrap()
    };
    let ask = |n| prediction_intervals(&fitted, &table(n), &AHEAD, &options, &Control::new()).unwrap();
    let one = ask(1);
    let realised = one.realised.unwrap();
    assert_eq!(one.total.process, Some([realised.process.lower[0], realised.process.upper[0]]));
    assert_eq!(one.total.both, Some([realised.both.lower[0], realised.both.upper[0]]));
    let p: Vec<Vec<f64>> = (0..80)
        .map(|n| {
            let quantity = Quantity::PurchaseProbability { n, horizon: 20.0 };
            fitted.model.score(&quantity, &table(2), &Control::new()).unwrap()
        })
        .collect();
    let reaches = |tail: f64| {
        let mut cumulative = 0.0;
        (0..80).find(|&n| {
            cumulative += (0..=n).map(|k| p[k][0] * p[n - k][1]).sum::<f64>();
            cumulative >= tail
        })
    };
    let ends = [0.05, 0.95].map(|tail| reaches(tail).unwrap() as f64);
    assert_eq!(ask(2).total.process, Some(ends));
}

/// With the parameters drawn, too, the value of all new customers is further from certain, and its mean stays where it was.
#[test]
fn lifetime_value_knows_how_little_is_known_of_the_parameters() {
    let data = Simulated::new("nbd", &[0.8, 6.0], 40, 30.0, 2);
    let purchases = fit("nbd", &data.table(), &FitOptions::new());
    let drawn = Simulated::new("normal_spend", &[30.0, 12.0, 9.0], 40, 6.0, 4);
    let spend = fit("normal_spend", &drawn.table(), &FitOptions::new());
    let zeros = [0.0; 100];
    let columns = ["frequency", "recency", "T", "monetary_value", "monetary_deviation"];
    let table = columns.iter().fold(cam_core::Table::new(), |t, name| t.with(name, &zeros).unwrap());
    let models = [&purchases, &spend];
    let ask = |parameters: bool, threads: usize| {
        let options = format!(
            r#"{{"value": {{"horizon": 200, "discount_rate": 0.001}}, "seed": 3, "draws": 2000, "parameters": {parameters}}}"#
        );
        let simulate = task("simulate_lifetime_value").unwrap();
        let control = Control::new().threads(threads);
        let answer = simulate.run(&table, Models::new(&models), &options, &control).unwrap();
        answer.columns.into_iter().find(|(name, _)| name == "totals").unwrap().1
    };
    let (chance, both) = (ask(false, 1), ask(true, 1));
    assert_eq!(both, ask(true, 3));
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let deviation =
        |v: &[f64]| (v.iter().map(|x| (x - mean(v)).powi(2)).sum::<f64>() / v.len() as f64).sqrt();
    assert!((mean(&both) / mean(&chance) - 1.0).abs() < 0.1, "{} and {}", mean(&both), mean(&chance));
    assert!(deviation(&both) > 1.15 * deviation(&chance), "{} and {}", deviation(&both), deviation(&chance));
}

/// What the next purchase is worth is N(μ_i, σ²), μ_i known up to its own variance: normal, with both added.
#[test]
fn the_next_purchase_has_the_quantiles_of_its_distribution() {
    let truth = [30.0, 12.0, 9.0];
    let data = Simulated::new("normal_spend", &truth, 3000, 6.0, 4);
    let fitted = fit("normal_spend", &data.table(), &FitOptions::new());
    let options = PredictionOptions { level: 0.8, draws: 4000, seed: 2, ..PredictionOptions::default() };
    let table =
        cam_core::Table::new().with("frequency", &[4.0]).unwrap().with("monetary_value", &[41.0]).unwrap();
    let table = table.with("monetary_deviation", &[10.0]).unwrap();
    let found = prediction_intervals(&fitted, &table, &Quantity::ExpectedSpend {}, &options, &Control::new())
        .unwrap();
    let theta = fitted.model.parameters();
    let own = 1.0 / (4.0 / theta[1].powi(2) + 1.0 / theta[2].powi(2));
    let deviation = (own + theta[1].powi(2)).sqrt();
    let realised = found.realised.unwrap();
    for (end, z) in [(realised.process.lower[0], -1.2815515655), (realised.process.upper[0], 1.2815515655)] {
        // A decile of 4,000 normal draws has a standard error of 0.027 deviations.
        assert!((end - found.estimate[0] - z * deviation).abs() < 4.0 * 0.027 * deviation, "{end}");
    }
    // With thousands of customers chance is all there is.
    assert!((realised.both.upper[0] - realised.process.upper[0]).abs() < 8.0 * 0.027 * deviation);
    assert!(found.parameter.upper[0] - found.parameter.lower[0] < deviation);
}

/// Discounted by next to nothing, the sum of the purchases to come is their number, whose distribution is exact.
#[test]
fn the_discounted_sum_has_the_distribution_of_the_number_where_there_is_no_discount() {
    let data = Simulated::new("bg_nbd", &[0.5, 8.0, 0.8, 2.5], 400, 40.0, 1);
    let fitted = fit("bg_nbd", &data.table(), &FitOptions::new());
    let options = PredictionOptions { level: 0.8, draws: 2000, seed: 1, ..PredictionOptions::default() };
    let (x, t_x, age) = ([12.0], [39.0], [40.0]);
    let table = cam_core::Table::new().with("frequency", &x).unwrap().with("recency", &t_x).unwrap();
    let table = table.with("T", &age).unwrap();
    let ask = |quantity| prediction_intervals(&fitted, &table, &quantity, &options, &Control::new()).unwrap();
    let count = ask(AHEAD).realised.unwrap();
    let sum = ask(Quantity::discounted(cam_core::Discount::Continuous(1e-12), 20.0)).realised.unwrap();
    for (a, b) in [
        (count.process.lower[0], sum.process.lower[0]),
        (count.process.upper[0], sum.process.upper[0]),
        (count.both.lower[0], sum.both.lower[0]),
        (count.both.upper[0], sum.both.upper[0]),
    ] {
        assert!((a - b).abs() <= 1.0 + 1e-6, "{a} and {b}");
    }
    assert!(count.process.upper[0] > count.process.lower[0] + 1.0);
}

#[test]
fn chance_alone_has_intervals_where_a_fit_ended_at_a_boundary() {
    let data = crate::cdnow();
    let fitted =
        cam_core::model("ggom_nbd").unwrap().fit(&data.table(), &FitOptions::new(), &Control::new()).unwrap();
    let quantity = Quantity::ExpectedPurchases { horizon: 26.0 };
    let asked = |options: &PredictionOptions| {
        prediction_intervals(&fitted, &data.table(), &quantity, options, &Control::new())
    };
    let error = asked(&PredictionOptions::default()).unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::Numerical, Some("parameters")));
    let found = asked(&PredictionOptions { parameters: false, ..PredictionOptions::default() }).unwrap();
    for ends in [&found.parameter.lower, &found.parameter.upper] {
        assert!(found.estimate.iter().zip(ends).all(|(a, b)| (a / b - 1.0).abs() < 1e-13));
    }
    let realised = found.realised.unwrap();
    assert_eq!(realised.process, realised.both);
    // So it is with the total, by a search for the quantile of what is then one normal distribution.
    let (process, both) = (found.total.process.unwrap(), found.total.both.unwrap());
    assert!(process.iter().zip(both).all(|(a, b)| (a / b - 1.0).abs() < 1e-12), "{process:?} {both:?}");
    // Of the same customers by Pareto/NBD, into which it has run.
    let pareto = cam_core::model("pareto_nbd")
        .unwrap()
        .fit(&data.table(), &FitOptions::new(), &Control::new())
        .unwrap();
    let options = PredictionOptions { parameters: false, ..PredictionOptions::default() };
    let other = prediction_intervals(&pareto, &data.table(), &quantity, &options, &Control::new()).unwrap();
    assert_eq!(realised.process.upper, other.realised.unwrap().process.upper);
}
