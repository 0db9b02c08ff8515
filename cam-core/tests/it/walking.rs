//! Customers whose covariates change, in intervals of predictions, lifetime value and comparisons: as the static model where nothing changes, as a simulation and the scores say where something does.

use crate::covariates::on_all;
use crate::time_varying::{Long, cut, drawn, of, renamed, static_customers, truth, weeks};
use cam_core::clv::time_varying::{Walks, score_time_varying};
use cam_core::clv::{
    DrawOptions, GammaGamma, ParetoNbd, ValueOptions, customer_lifetime_value, lifetime_value_variance,
    simulate_lifetime_value,
};
use cam_core::inference::{PredictionOptions, lifetime_value_distribution, prediction_intervals};
use cam_core::model::WithCovariates;
use cam_core::validate::{CompareOptions, compare};
use cam_core::{Control, ErrorKind, FitOptions, Fitted, Model, Quantity, Table};

type AnyFitted = Fitted<Box<dyn Model>>;

fn spend() -> Box<dyn Model> {
    Box::new(GammaGamma::new(6.25, 3.74, 15.44).unwrap())
}

/// One value for each customer, in each of the rows.
fn spread(long: &Long, each: &[f64]) -> Vec<f64> {
    long.columns[0].iter().map(|customer| each[*customer as usize]).collect()
}

fn close(a: &[f64], b: &[f64], tolerance: f64) {
    assert_eq!(a.len(), b.len());
    for (i, (a, b)) in a.iter().zip(b).enumerate() {
        assert!((a - b).abs() <= tolerance * a.abs().max(1e-3), "{i}: {a} {b}");
    }
}

/// Static customers, and the same with steps in which nothing changes; a mean spend of each, and a fit to either.
struct Twice {
    rows: Vec<(&'static str, Vec<f64>)>,
    long: Long,
    money: Vec<f64>,
    fixed: AnyFitted,
    walking: AnyFitted,
}

impl Twice {
    fn new(n: usize) -> Twice {
        let (_, data) = static_customers(n);
        let long = cut(&data, 3, 0.0);
        let control = Control::new();
        let fixed = cam_core::model("pareto_nbd")
            .unwrap()
            .fit(&data.table(), &FitOptions::new().covariates(on_all::<ParetoNbd>()), &control)
            .unwrap();
        // The very parameters of the other, and its report: a fit finds them to 1e-8 only.
        let parameters = fixed.model.parameters();
        let base = ParetoNbd::new(parameters[0], parameters[1], parameters[2], parameters[3]).unwrap();
        let moving = WithCovariates::new(base, &renamed(), &parameters[4..]).unwrap();
        let walking = Fitted { model: Model::boxed(&moving), unit: None, fit: fixed.fit.clone() };
        let each = data.columns[0].iter();
        let money: Vec<f64> =
            each.enumerate().map(|(i, x)| if *x > 0.0 { 8.0 + (i % 40) as f64 } else { f64::NAN }).collect();
        let table = data.table();
        let columns = |name: &'static str| (name, table.column(name).unwrap().to_vec());
        let rows = ["frequency", "recency", "T", "web", "age"].map(columns).to_vec();
        Twice { rows, long, money, fixed, walking }
    }

    fn table(&self) -> Table<'_> {
        of(&self.rows).with("monetary_value", &self.money).unwrap()
    }
}

#[test]
fn intervals_of_covariates_that_do_not_change_are_those_of_the_static_model() {
    let twice = Twice::new(150);
    let control = Control::new();
    let options = PredictionOptions { draws: 40, seed: 3, ..PredictionOptions::default() };
    let discounted = Quantity::discounted(cam_core::Discount::PerPeriod(0.01), 30.0);
    for quantity in
        [Quantity::ExpectedPurchases { horizon: 30.0 }, Quantity::ProbabilityAlive { after: 5.0 }, discounted]
    {
        let a = prediction_intervals(&twice.fixed, &twice.table(), &quantity, &options, &control).unwrap();
        let b =
            prediction_intervals(&twice.walking, &twice.long.table(), &quantity, &options, &control).unwrap();
        close(&a.estimate, &b.estimate, 1e-11);
        close(&a.mean, &b.mean, 1e-11);
        close(&a.parameter.lower, &b.parameter.lower, 1e-11);
        close(&a.parameter.upper, &b.parameter.upper, 1e-11);
        let total = |p: &cam_core::inference::Predicted| [p.estimate, p.mean, p.parameter[0], p.parameter[1]];
        close(&total(&a.total), &total(&b.total), 1e-11);
        assert_eq!(a.realised.is_some(), b.realised.is_some());
        if let (Some(a), Some(b)) = (a.realised, b.realised) {
            // Counts have the same distribution; what is drawn is drawn in another order.
            if let Quantity::ExpectedPurchases { .. } = quantity {
                assert_eq!((&a.process, &a.both), (&b.process, &b.both));
            }
            assert!(b.both.upper.iter().any(|upper| *upper > 0.0));
        }
    }
}

/// Mean and standard deviation.
fn moments(totals: &[f64]) -> [f64; 2] {
    let n = totals.len() as f64;
    let mean = totals.iter().sum::<f64>() / n;
    [mean, (totals.iter().map(|t| (t - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt()]
}

/// Those of 2,000 draws of one distribution, by chance apart: standard errors of the difference of means, and 1.6 % for that of deviations.
fn alike(a: [f64; 2], b: [f64; 2]) {
    let error = a[1].hypot(b[1]) / 2_000f64.sqrt();
    assert!((a[0] - b[0]).abs() < 4.0 * error, "{a:?} {b:?}");
    assert!((a[1] / b[1] - 1.0).abs() < 0.1, "{a:?} {b:?}");
}

#[test]
fn value_of_covariates_that_do_not_change_is_that_of_the_static_model() {
    let twice = Twice::new(120);
    let control = Control::new();
    let money = spread(&twice.long, &twice.money);
    let steps = twice.long.table().with("monetary_value", &money).unwrap();
    let (rows, spend) = (twice.table(), spend());
    let options = ValueOptions::new(40.0, 0.005).margins(vec![0.4, 0.3], 20.0).cost_per_period(0.01);
    let value = |model: &AnyFitted, table: &Table<'_>| {
        customer_lifetime_value(&*model.model, &*spend, table, &options, &control).unwrap()
    };
    close(&value(&twice.fixed, &rows), &value(&twice.walking, &steps), 1e-11);
    let plain = ValueOptions::new(None, 0.005).margin(0.3);
    let variance = |model: &AnyFitted, table: &Table<'_>| {
        lifetime_value_variance(&*model.model, &*spend, table, &plain, &control).unwrap()
    };
    close(&variance(&twice.fixed, &rows), &variance(&twice.walking, &steps), 1e-10);
    let draws = DrawOptions::new(5).draws(2_000);
    let drawn = |model: &AnyFitted, table: &Table<'_>| {
        moments(
            &simulate_lifetime_value(&*model.model, &*spend, table, &options, &draws, &control)
                .unwrap()
                .totals,
        )
    };
    alike(drawn(&twice.fixed, &rows), drawn(&twice.walking, &steps));
    let fitted = cam_core::model("gamma_gamma").unwrap().fit(&rows, &FitOptions::new(), &control);
    let spend = fitted.unwrap();
    let both = |model: &AnyFitted, table: &Table<'_>| {
        moments(
            &lifetime_value_distribution(model, &spend, table, &options, &draws, &control).unwrap().totals,
        )
    };
    let (a, b) = (both(&twice.fixed, &rows), both(&twice.walking, &steps));
    alike(a, b);
    // What is not known of the parameters is in it.
    assert!(b[1] > 1.05 * drawn(&twice.walking, &steps)[1], "{b:?}");
}

#[test]
fn a_comparison_judges_covariates_that_do_not_change_as_the_static_model() {
    let twice = Twice::new(200);
    let control = Control::new();
    let holdout: Vec<f64> = (0..200).map(|i| f64::from(i % 3)).collect();
    let steps_holdout = spread(&twice.long, &holdout);
    let rows = of(&twice.rows).with("frequency_holdout", &holdout).unwrap();
    let steps = twice.long.table().with("frequency_holdout", &steps_holdout).unwrap();
    let plain = cam_core::model("bg_nbd").unwrap().fit(&rows, &FitOptions::new(), &control).unwrap();
    let options = CompareOptions { holdout: Some(20.0), ..CompareOptions::default() };
    let a = compare(&[&twice.fixed, &plain], &rows, &options, &control).unwrap();
    let b = compare(&[&twice.walking, &plain], &steps, &options, &control).unwrap();
    assert_eq!((a.customers, b.customers), (200, 200));
    assert_eq!((a.recommended, &a.models[1]), (b.recommended, &b.models[1]));
    let (one, other) = (&a.models[0], &b.models[0]);
    assert_eq!((one.parameters, &one.warnings), (other.parameters, &other.warnings));
    close(&[one.log_likelihood, one.bic], &[other.log_likelihood, other.bic], 1e-11);
    close(&one.frequency.expected, &other.frequency.expected, 1e-10);
    close(&a.expected[0], &b.expected[0], 1e-11);
    close(&a.log_probability[0], &b.log_probability[0], 1e-10);
    close(&a.transform[0], &b.transform[0], 1e-9);
}

/// Customers drawn over 40 weeks, with what is known of their covariates for 20 more.
fn moved() -> (Vec<(&'static str, Vec<f64>)>, AnyFitted) {
    let mut columns = weeks(60, 60);
    columns[2].1.fill(40.0);
    drawn(&truth(), &mut columns, 8);
    let model = Fitted { model: Model::boxed(&truth()), unit: None, fit: None };
    (columns, model)
}

/// A mean spend of those who bought again.
fn paid(columns: &[(&'static str, Vec<f64>)]) -> Vec<f64> {
    let recency = columns.iter().find(|(name, _)| *name == "recency").map(|(_, column)| column).unwrap();
    let each = columns[0].1.iter().zip(recency);
    each.map(|(customer, recency)| if *recency > 0.0 { 5.0 + customer % 7.0 } else { 0.0 }).collect()
}

#[test]
fn value_of_changing_covariates_is_the_mean_of_what_is_drawn() {
    let (mut columns, model) = moved();
    columns.push(("monetary_value", paid(&columns)));
    let (table, spend, control) = (of(&columns), spend(), Control::new());
    let options = ValueOptions::new(25.0, 0.01).margin(0.5).cost_per_purchase(0.2);
    let value = customer_lifetime_value(&*model.model, &*spend, &table, &options, &control).unwrap();
    let variance = lifetime_value_variance(&*model.model, &*spend, &table, &options, &control).unwrap();
    let draws = DrawOptions::new(2).draws(4_000);
    let drawn = simulate_lifetime_value(&*model.model, &*spend, &table, &options, &draws, &control).unwrap();
    assert_eq!(drawn.mean.len(), 60);
    for i in 0..60 {
        let error = (variance[i] / 4_000.0).sqrt();
        assert!(
            (drawn.mean[i] - value[i]).abs() < 4.5 * error,
            "{i}: {} {} {error}",
            drawn.mean[i],
            value[i]
        );
    }
    let (all, sum) = (value.iter().sum::<f64>(), variance.iter().sum::<f64>());
    let mean = drawn.totals.iter().sum::<f64>() / 4_000.0;
    assert!((mean - all).abs() < 4.0 * (sum / 4_000.0).sqrt(), "{mean} {all}");
    let scatter = drawn.totals.iter().map(|t| (t - mean).powi(2)).sum::<f64>() / 3_999.0;
    assert!((scatter / sum - 1.0).abs() < 0.15, "{scatter} {sum}");
    // The same on any number of threads.
    let again =
        simulate_lifetime_value(&*model.model, &*spend, &table, &options, &draws, &control.threads(1))
            .unwrap();
    assert_eq!(drawn, again);
}

#[test]
fn intervals_of_changing_covariates_hold_the_scores_and_the_counts() {
    let (columns, _) = moved();
    let control = Control::new();
    let declared = r#"{"covariates": {"columns": {"purchase": ["season", "promotion", "price"]}}}"#;
    let task = cam_core::task("fit_time_varying").unwrap();
    let answer = task.run(&of(&columns), cam_core::task::Models::NONE, declared, &control).unwrap();
    let output: serde_json::Value = serde_json::from_str(&answer.output).unwrap();
    let fitted = AnyFitted::from_json(output["document"].as_str().unwrap()).unwrap();
    let quantity = Quantity::ExpectedPurchases { horizon: 15.0 };
    let options = PredictionOptions { draws: 60, seed: 1, ..PredictionOptions::default() };
    let found = prediction_intervals(&fitted, &of(&columns), &quantity, &options, &control).unwrap();
    let own = fitted.model.parameters();
    let base = ParetoNbd::new(own[0], own[1], own[2], own[3]).unwrap();
    let declared = fitted.model.covariates().unwrap().clone();
    let model = WithCovariates::new(base, &declared, &own[4..]).unwrap();
    let walks = Walks::new(&of(&columns), &declared).unwrap();
    let score = |quantity: &Quantity| score_time_varying(&model, &walks, quantity, &control).unwrap();
    assert_eq!(found.estimate, score(&quantity));
    let counts: Vec<Vec<f64>> =
        (0..60).map(|n| score(&Quantity::PurchaseProbability { n, horizon: 15.0 })).collect();
    let realised = found.realised.unwrap();
    for i in 0..60 {
        let below = |end: f64| -> f64 { counts[..end as usize].iter().map(|p| p[i]).sum() };
        let (lower, upper) = (realised.process.lower[i], realised.process.upper[i]);
        assert!(below(lower) < 0.05 && below(lower + 1.0) >= 0.05, "{i}");
        assert!(below(upper) < 0.95 && below(upper + 1.0) >= 0.95, "{i}");
        assert!(found.parameter.lower[i] <= found.parameter.upper[i]);
    }
    // Few enough for an exact total, whose ends are whole.
    let process = found.total.process.unwrap();
    assert!(
        process[0].fract() == 0.0 && process[0] < found.total.estimate && found.total.estimate < process[1]
    );
}

#[test]
fn a_row_of_the_steps_is_named() {
    let (columns, model) = moved();
    let control = Control::new();
    let quantity = Quantity::ExpectedPurchases { horizon: 15.0 };
    let asked = |columns: &[(&'static str, Vec<f64>)]| {
        let options = PredictionOptions::default();
        prediction_intervals(&model, &of(columns), &quantity, &options, &control).unwrap_err()
    };
    // Every customer has 60 rows.
    let mut apart = columns.clone();
    apart[0].1[130] = 7.0;
    let error = asked(&apart);
    assert_eq!(
        (error.kind(), error.row(), error.field()),
        (ErrorKind::InvalidData, Some(131), Some("customer"))
    );
    let frequency: Vec<f64> = columns[0].1.iter().map(|_| 900.0).collect();
    let mut wrong = columns.clone();
    wrong.push(("frequency", frequency));
    let error = asked(&wrong);
    assert_eq!((error.row(), error.field()), (Some(0), Some("frequency")));
    assert!(error.to_string().contains("the sum of the purchases"), "{error}");
    // What is wrong with spend is told of the first row of the customer.
    let mut money = paid(&columns);
    let third = columns[0].1.iter().position(|c| *c == 2.0).unwrap();
    money[third..third + 60].fill(-1.0);
    let mut spent = columns.clone();
    spent.push(("monetary_value", money));
    let options = ValueOptions::new(10.0, 0.01);
    let error =
        customer_lifetime_value(&*model.model, &*spend(), &of(&spent), &options, &control).unwrap_err();
    assert_eq!((error.row(), error.field()), (Some(120), Some("monetary_value")));
    // Parameters that were given have no uncertainty.
    assert_eq!(asked(&columns).kind(), ErrorKind::Unsupported);
}

#[test]
fn many_counts_at_once_are_each_of_them() {
    let (columns, _) = moved();
    let control = Control::new();
    let holdout: Vec<f64> = columns[0].1.iter().map(|customer| (customer * 7.0) % 40.0).collect();
    let model = truth();
    let walks = Walks::new(&of(&columns), &model.covariates().unwrap().clone()).unwrap();
    let fitted = Fitted { model: Model::boxed(&model), unit: None, fit: None };
    let table = of(&columns).with("frequency_holdout", &holdout).unwrap();
    // Short and long horizons, and counts far out in the tail, to a relative 1e-9: panels are chosen for other n.
    for horizon in [0.3, 12.0, 75.0] {
        let options = CompareOptions { holdout: Some(horizon), ..CompareOptions::default() };
        let found = compare(&[&fitted], &table, &options, &control).unwrap();
        for i in 0..60 {
            let n = (i * 7 % 40) as u32;
            let quantity = Quantity::PurchaseProbability { n, horizon };
            let one = score_time_varying(&model, &walks, &quantity, &control).unwrap()[i].ln();
            let many = found.log_probability[0][i];
            assert!((one - many).abs() < 1e-9, "{horizon} {i} {n}: {one} {many}");
        }
    }
}
