//! Measures of predictions against scipy's and scikit-learn's (`testdata/generate_validation.py`), and models compared.

use crate::{cdnow, testdata};
use cam_core::clv::{BgNbd, MbgCnbdK, Nbd, ParetoNbd};
use cam_core::task::Models;
use cam_core::validate::{
    CompareOptions, compare, count_scores, deciles, frequency_fit, point_errors, ranking, track, uniformity,
};
use cam_core::{Control, ErrorKind, Fit, Fitted, Model, Quantity, Table, task};
use std::collections::HashMap;

fn assert_close(got: f64, want: f64, what: &str) {
    assert!((got - want).abs() <= 1e-12 * want.abs().max(1e-3), "{what}: {got}, {want}");
}

#[test]
fn measures_are_those_of_scipy_and_scikit_learn() {
    let text = testdata("validation.csv");
    let (mut predicted, mut actual, mut uniform) = (Vec::new(), Vec::new(), Vec::new());
    let mut want: HashMap<&str, f64> = HashMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split(',').collect();
        match fields[..] {
            ["row", p, a, u] => {
                predicted.push(p.parse().unwrap());
                actual.push(a.parse().unwrap());
                uniform.push(u.parse().unwrap());
            }
            [name, value] => {
                want.insert(name, value.parse().unwrap());
            }
            _ => panic!("{line}"),
        }
    }
    let errors = point_errors(&predicted, &actual).unwrap();
    let order = ranking(&predicted, &actual).unwrap();
    let test = uniformity(&uniform).unwrap();
    for (name, got) in [
        ("mae", errors.mae),
        ("rmse", errors.rmse),
        ("aggregate_error", errors.aggregate_error),
        ("spearman", order.spearman),
        ("kendall", order.kendall),
        ("gini", order.gini),
        ("gini_normalised", order.gini_normalised),
        ("lift_10", order.lift_10),
        ("lift_20", order.lift_20),
        ("ks", test.distance),
        ("ks_p_value", test.p_value),
        ("chi_square", test.chi_square),
        ("chi_square_p_value", test.chi_square_p_value),
    ] {
        assert_close(got, want[name], name);
    }
}

#[test]
fn tenths_are_of_equal_size_and_in_order() {
    let predicted: Vec<f64> = (0..103).map(|i| f64::from(i * 37 % 103)).collect();
    let tenths = deciles(&predicted, &predicted).unwrap();
    assert_eq!(tenths.len(), 10);
    assert_eq!(tenths.iter().map(|t| t.customers).sum::<usize>(), 103);
    assert!(tenths.iter().all(|t| (10..=11).contains(&t.customers) && t.predicted == t.actual));
    assert!(tenths.windows(2).all(|w| w[0].predicted < w[1].predicted));
}

#[test]
fn counts_that_the_model_draws_are_distributed_as_it_says() {
    let model = ParetoNbd::new(0.8, 8.0, 0.7, 12.0).unwrap();
    let ages = vec![40.0; 4_000];
    let design = Table::new().with("T", &ages).unwrap();
    // What happens in 15 more is the difference of two histories: here a new customer's first 15.
    let fresh = vec![15.0; 4_000];
    let drawn = model.simulate(&Table::new().with("T", &fresh).unwrap(), 4, &Control::new()).unwrap();
    let nobody = vec![0.0; 4_000];
    let table = Table::new().with("frequency", &nobody).unwrap().with("recency", &nobody).unwrap();
    let table = table.with("T", &nobody).unwrap();
    let scores = count_scores(&model, &table, &drawn[0], 15.0, 1, &Control::new()).unwrap();
    assert!(uniformity(&scores.transform).unwrap().p_value > 0.01);
    let wrong = Nbd::new(3.0, 4.0).unwrap();
    let scores = count_scores(&wrong, &table, &drawn[0], 15.0, 1, &Control::new()).unwrap();
    assert!(uniformity(&scores.transform).unwrap().p_value < 1e-6);
    // Frequencies of the calibration, the same way.
    let drawn = model.simulate(&design, 6, &Control::new()).unwrap();
    let table = Table::new().with("frequency", &drawn[0]).unwrap().with("T", &drawn[2]).unwrap();
    let fit = frequency_fit(&model, &table, 0, &Control::new()).unwrap();
    assert!(fit.p_value.unwrap() > 0.01, "{fit:?}");
    assert!((fit.expected.iter().sum::<f64>() - 4_000.0).abs() < 1e-9);
    assert_eq!(fit.actual.iter().sum::<f64>(), 4_000.0);
    assert!(frequency_fit(&wrong, &table, 0, &Control::new()).unwrap().p_value.unwrap() < 1e-6);
}

#[test]
fn the_score_of_a_count_is_its_probability() {
    let model = BgNbd::new(0.243, 4.414, 0.793, 2.426).unwrap();
    let (x, t_x, t, n) = ([2.0, 0.0, 9.0], [30.0, 0.0, 20.0], [38.0, 39.0, 31.0], [3.0, 0.0, 1.0]);
    let table =
        Table::new().with("frequency", &x).unwrap().with("recency", &t_x).unwrap().with("T", &t).unwrap();
    let scores = count_scores(&model, &table, &n, 39.0, 0, &Control::new()).unwrap();
    for i in 0..3 {
        let quantity = Quantity::PurchaseProbability { n: n[i] as u32, horizon: 39.0 };
        let p = model.score(&quantity, &table, &Control::new()).unwrap()[i];
        assert_close(scores.log_probability[i], p.ln(), "ln P");
        assert!((0.0..=1.0).contains(&scores.transform[i]));
    }
    let error = count_scores(&model, &table, &[1.0, 0.5, 0.0], 39.0, 0, &Control::new()).unwrap_err();
    assert_eq!((error.kind(), error.row()), (ErrorKind::InvalidData, Some(1)));
}

#[test]
fn seasons_are_seen_and_chance_is_not() {
    let expected = vec![100.0; 52];
    let season: Vec<f64> = (0..52).map(|w| (100.0 + 40.0 * (f64::from(w) / 8.0).sin()).round()).collect();
    let chance: Vec<f64> = (0..52).map(|w| 100.0 + 10.0 * f64::from(w * 29 % 17 - 8) / 5.0).collect();
    assert!(track(&expected, &season).unwrap().contradicted);
    assert!(!track(&expected, &chance).unwrap().contradicted);
}

#[test]
fn on_cdnow_models_are_compared_and_one_is_recommended_with_its_reason() {
    let split = cdnow();
    let calibration = &split.calibration;
    let control = Control::new();
    let models = [
        ParetoNbd::fit(calibration).unwrap().boxed(),
        BgNbd::fit(calibration).unwrap().boxed(),
        Nbd::fit(calibration).unwrap().boxed(),
    ];
    let models: Vec<&Fitted<Box<dyn Model>>> = models.iter().collect();
    let table = calibration.table().with("frequency_holdout", &split.frequency_holdout).unwrap();
    let options = CompareOptions { holdout: Some(split.duration_holdout), ..CompareOptions::default() };
    let compared = compare(&models, &table, &options, &control).unwrap();
    let [pareto, bg, nbd] = &compared.models[..] else { panic!() };
    // Published: Fader, Hardie & Lee (2005); the log-likelihoods of clv, and of NBD.
    assert!((pareto.log_likelihood + 9594.976).abs() < 1e-2 && (bg.log_likelihood + 9582.429).abs() < 1e-2);
    let holdout = |judged: &cam_core::validate::Judged| judged.holdout.clone().unwrap();
    assert_eq!(holdout(bg).errors.actual_total, 1882.0);
    assert!((holdout(pareto).errors.predicted_total - 1665.513).abs() < 0.01);
    assert!((holdout(bg).errors.predicted_total - 1653.408).abs() < 0.01);
    // Nobody leaves in NBD: it expects far too much, and scores worst.
    assert!(holdout(nbd).log_score > holdout(bg).log_score + 0.01);
    assert!(holdout(nbd).errors.aggregate_error > 0.3 && !nbd.warnings.is_empty());
    assert!(compared.recommended < 2 && compared.reason.contains("log score"), "{}", compared.reason);
    // By pandas: the correlation of the ranks, and the mean of the first tenth over that of all.
    let ranking = holdout(bg).ranking;
    assert!((ranking.spearman - 0.4492874).abs() < 1e-6 && (ranking.lift_10 - 4.696).abs() < 0.01);
    // By name, the same numbers; no number of threads changes one.
    let text = format!(r#"{{"holdout": {}, "labels": ["a", "b", "c"]}}"#, split.duration_holdout);
    let entry = task("compare").unwrap();
    let one = entry.run(&table, Models::new(&models), &text, &control.threads(1)).unwrap();
    assert_eq!(one, entry.run(&table, Models::new(&models), &text, &control.threads(3)).unwrap());
    assert!(one.output.contains(r#""label":"b""#));
    assert_eq!(one.column("expected:b").unwrap(), compared.expected[1]);
    // Without a holdout BIC decides.
    let compared = compare(&models, &calibration.table(), &CompareOptions::default(), &control).unwrap();
    assert_eq!(compared.recommended, 1);
    assert!(compared.reason.contains("BIC"));
}

#[test]
fn what_the_data_say_against_a_model_is_told() {
    // Customers who never leave: dropout cannot be identified.
    let truth = Nbd::new(0.8, 6.0).unwrap();
    let ages: Vec<f64> = (0..2_000).map(|i| 40.0 + f64::from(i % 12)).collect();
    let design = Table::new().with("T", &ages).unwrap();
    let drawn = truth.simulate(&design, 8, &Control::new()).unwrap();
    let table = ["frequency", "recency", "T"]
        .iter()
        .zip(&drawn)
        .fold(Table::new(), |t, (n, c)| t.with(n, c).unwrap());
    let pareto = ParetoNbd::fit(table.clone()).unwrap().boxed();
    let compared = compare(&[&pareto], &table, &CompareOptions::default(), &Control::new()).unwrap();
    assert!(
        compared.models[0].warnings.iter().any(|w| w.contains("dropout cannot be identified")),
        "{compared:?}"
    );
    // Regular purchases.
    let truth = MbgCnbdK::new(0.8, 3.0, 0.9, 2.5, 3.0).unwrap();
    let drawn = truth.simulate(&design, 8, &Control::new()).unwrap();
    let names = ["frequency", "recency", "T", "log_intervals"];
    let table = names.iter().zip(&drawn).fold(Table::new(), |t, (n, c)| t.with(n, c).unwrap());
    let fitted = MbgCnbdK::fit(table.clone()).unwrap().boxed();
    let compared = compare(&[&fitted], &table, &CompareOptions::default(), &Control::new()).unwrap();
    assert!(compared.models[0].warnings.iter().any(|w| w.contains("regular (k = 3)")), "{compared:?}");
}

#[test]
fn a_comparison_wants_purchase_models_and_a_holdout_column() {
    let split = cdnow();
    let fitted = BgNbd::fit(&split.calibration).unwrap().boxed();
    let table = split.calibration.table();
    let ask = |models: &[&Fitted<Box<dyn Model>>], options: &CompareOptions| {
        compare(models, &table, options, &Control::new()).unwrap_err()
    };
    let mut options = CompareOptions { holdout: Some(39.0), ..CompareOptions::default() };
    assert_eq!(ask(&[&fitted], &options).field(), Some("frequency_holdout"));
    assert_eq!(ask(&[], &options).field(), Some("models"));
    options.labels = vec!["a".into(), "b".into()];
    assert_eq!(ask(&[&fitted], &options).field(), Some("labels"));
    let options = CompareOptions { holdout: Some(f64::NAN), ..CompareOptions::default() };
    assert_eq!(ask(&[&fitted], &options).field(), Some("holdout"));
    let spend = cam_core::clv::GammaGamma::fit(&split.calibration).unwrap().boxed();
    assert_eq!(ask(&[&spend], &CompareOptions::default()).kind(), ErrorKind::Unsupported);
}
