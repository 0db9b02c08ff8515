//! Pareto/NBD with covariates that change: against quadrature at 50 digits, against the static and the plain model, and what is refused.

use crate::covariates::{Data, on_all, simulated};
use cam_core::clv::ParetoNbd;
use cam_core::clv::time_varying::{
    Walks, fit_time_varying, score_time_varying, simulate_time_varying, time_varying_likelihood,
};
use cam_core::fit::{Likelihood, Scale, covariate_likelihood, fit_with_covariates};
use cam_core::math::random::Stream;
use cam_core::model::{Covariates, Discount, WithCovariates};
use cam_core::task::Models;
use cam_core::{Control, FitOptions, Fitted, Model, Quantity, Table};

/// T, recency, and steps of (start, z1, z2, purchases).
type Customer = (f64, f64, Vec<(f64, f64, f64, f64)>);

#[derive(Default)]
pub(crate) struct Long {
    pub(crate) columns: [Vec<f64>; 7],
}

const NAMES: [&str; 7] = ["customer", "start", "purchases", "recency", "T", "z1", "z2"];

impl Long {
    fn of(customers: &[Customer]) -> Long {
        let mut long = Long::default();
        for (i, (age, recency, steps)) in customers.iter().enumerate() {
            for &(start, z1, z2, purchases) in steps {
                let row = [i as f64, start, purchases, *recency, *age, z1, z2];
                long.columns.iter_mut().zip(row).for_each(|(c, v)| c.push(v));
            }
        }
        long
    }

    pub(crate) fn table(&self) -> Table<'_> {
        NAMES.iter().zip(&self.columns).fold(Table::new(), |t, (n, c)| t.with(n, c).unwrap())
    }
}

fn weekly(k: i32) -> (f64, f64, f64, f64) {
    let bought = f64::from(u8::from(k == 1 || k == 3));
    (f64::from(k), f64::from(k * 7 % 11 - 5) / 4.0, f64::from(u8::from(k % 3 == 0)), bought)
}

/// The customers of `generate_time_varying.py`.
fn customers() -> Vec<Customer> {
    vec![
        (
            30.0,
            21.5,
            vec![
                (0.0, 0.5, 0.0, 1.0),
                (7.0, -0.25, 1.0, 2.0),
                (14.0, 1.5, 0.0, 0.0),
                (21.0, 0.75, 1.0, 1.0),
                (28.0, -1.0, 0.0, 0.0),
                (35.0, 0.5, 1.0, 0.0),
            ],
        ),
        (
            24.0,
            0.0,
            vec![
                (-3.0, 1.0, 1.0, 0.0),
                (4.5, 0.0, 0.0, 0.0),
                (9.25, -1.25, 1.0, 0.0),
                (40.0, 0.25, 0.0, 0.0),
            ],
        ),
        (
            52.0,
            50.75,
            vec![
                (0.0, 0.0, 0.0, 3.0),
                (10.0, 2.0, 1.0, 9.0),
                (33.0, -0.5, 0.0, 4.0),
                (50.0, 1.0, 1.0, 2.0),
                (51.5, -2.0, 0.0, 0.0),
            ],
        ),
        (12.0, 12.0, vec![(0.0, 0.75, 1.0, 2.0), (6.0, -0.75, 0.0, 1.0)]),
        (
            78.0,
            3.0,
            vec![(0.0, 0.25, 0.0, 5.0), (5.0, 3.0, 1.0, 0.0), (9.0, -3.0, 0.0, 0.0), (30.0, 0.5, 1.0, 0.0)],
        ),
        (0.0, 0.0, vec![(0.0, 1.25, 1.0, 0.0), (3.5, -0.5, 0.0, 0.0), (11.0, 0.75, 1.0, 0.0)]),
        (60.5, 3.25, (0..61).map(weekly).collect()),
    ]
}

fn both() -> Covariates {
    Covariates::new().on("purchase", ["z1", "z2"]).on("lifetime", ["z1"])
}

fn model(theta: [f64; 4], gamma: &[f64]) -> WithCovariates<ParetoNbd> {
    let [r, alpha, s, beta] = theta;
    WithCovariates::new(ParetoNbd::new(r, alpha, s, beta).unwrap(), &both(), gamma).unwrap()
}

#[test]
fn values_derivatives_and_expectations_agree_with_quadrature_at_50_digits() {
    let cases = [
        model([0.55, 10.6, 0.61, 11.7], &[0.4, -0.3, -0.25]),
        model([1.8, 4.0, 2.4, 60.0], &[-0.7, 0.5, 0.9]),
        model([0.2, 50.0, 0.3, 2.0], &[1.1, 0.2, 1.3]),
    ];
    let long = Long::of(&customers());
    let walks = Walks::new(&long.table(), &both()).unwrap();
    let control = Control::new();
    let discounted =
        |continuous: Option<f64>, per_period: Option<f64>| Quantity::DiscountedExpectedPurchases {
            continuous_discount_rate: continuous,
            discount_rate: per_period,
            horizon: Some(26.0),
        };
    let for_ever = Quantity::DiscountedExpectedPurchases {
        continuous_discount_rate: Some(0.01),
        discount_rate: None,
        horizon: None,
    };
    let mut seen = 0;
    for line in crate::testdata("time_varying.csv").lines().skip(2) {
        let f: Vec<&str> = line.split(',').collect();
        let [case, customer, i, j] = [0, 1, 3, 4].map(|k| f[k].parse::<usize>().unwrap());
        let want: f64 = f[5].parse().unwrap();
        let score = |q: &Quantity| score_time_varying(&cases[case], &walks, q, &control).unwrap()[customer];
        let mut weights = [0.0; 7];
        weights[customer] = 1.0;
        let likelihood = time_varying_likelihood(&walks, &cases[case]).unwrap();
        let point = likelihood.evaluate_weighted(&[0.0; 7], &weights, &control).unwrap();
        let step = |i: usize| match likelihood.coordinates()[i].scale {
            Scale::Line(step) => step,
            _ => 1.0,
        };
        let got = match f[2] {
            "log_likelihood" => {
                assert_eq!(score(&Quantity::LogLikelihood {}), -point.value);
                -point.value
            }
            "alive" => score(&Quantity::ProbabilityAlive { after: 0.0 }),
            "alive_after" => score(&Quantity::ProbabilityAlive { after: 26.0 }),
            "expected" => score(&Quantity::ExpectedPurchases { horizon: 26.0 }),
            "discounted" => score(&discounted(Some(0.01), None)),
            "for_ever" => score(&for_ever),
            "by_period" => score(&discounted(None, Some(0.01))),
            "gradient" => -point.gradient[i] / step(i),
            _ => -point.hessian[[i, j]] / (step(i) * step(j)),
        };
        // Derivatives are sums of terms of about the size of 1 that cancel.
        let size = if f[2] == "gradient" || f[2] == "hessian" { want.abs().max(0.1) } else { want.abs() };
        assert!((got - want).abs() <= 1e-10 * size, "{line}: {got}");
        seen += 1;
    }
    assert!(seen > 800, "{seen}");
}

#[test]
fn counts_and_variances_agree_with_quadrature_at_50_digits() {
    let cases = [
        model([0.55, 10.6, 0.61, 11.7], &[0.4, -0.3, -0.25]),
        model([1.8, 4.0, 2.4, 60.0], &[-0.7, 0.5, 0.9]),
        model([0.2, 50.0, 0.3, 2.0], &[1.1, 0.2, 1.3]),
    ];
    let long = Long::of(&customers());
    let walks = Walks::new(&long.table(), &both()).unwrap();
    let mut seen = 0;
    for line in crate::testdata("time_varying_futures.csv").lines().skip(2) {
        let f: Vec<&str> = line.split(',').collect();
        let [case, customer] = [0, 1].map(|k| f[k].parse::<usize>().unwrap());
        let (after, horizon) = (f[4].parse::<f64>().unwrap(), f[5].parse::<f64>().ok());
        let quantity = match (f[2], f[3]) {
            ("count", n) => {
                let (n, horizon) = (n.parse().unwrap(), horizon.unwrap());
                Quantity::LaterPurchaseProbability { n, after, horizon }
            }
            (_, "none") => Quantity::VarianceOfPurchases { horizon: horizon.unwrap() },
            (_, "continuous") => Quantity::discounted_variance(Discount::Continuous(0.01), horizon),
            _ => Quantity::discounted_variance(Discount::PerPeriod(0.01), horizon),
        };
        let score =
            |q: &Quantity| score_time_varying(&cases[case], &walks, q, &Control::new()).unwrap()[customer];
        let (got, want) = (score(&quantity), f[6].parse::<f64>().unwrap());
        assert!((got - want).abs() <= 1e-10 * want.abs(), "{line}: {got}");
        if let Quantity::LaterPurchaseProbability { n, after: 0.0, horizon } = quantity {
            assert_eq!(got, score(&Quantity::PurchaseProbability { n, horizon }));
        }
        seen += 1;
    }
    assert_eq!(seen, 3 * 7 * 11);
}

#[test]
fn probabilities_of_all_counts_are_1_and_have_the_mean_and_the_variance() {
    let model = model([1.8, 4.0, 2.4, 60.0], &[-0.7, 0.5, 0.9]);
    let long = Long::of(&customers());
    let walks = Walks::new(&long.table(), &both()).unwrap();
    let score = |q: &Quantity| score_time_varying(&model, &walks, q, &Control::new()).unwrap();
    let horizon = 8.0;
    let each: Vec<Vec<f64>> =
        (0..400).map(|n| score(&Quantity::PurchaseProbability { n, horizon })).collect();
    let means = score(&Quantity::ExpectedPurchases { horizon });
    let variances = score(&Quantity::VarianceOfPurchases { horizon });
    for i in 0..walks.len() {
        let moment = |k: i32| each.iter().zip(0..).map(|(p, n)| p[i] * f64::from(n).powi(k)).sum::<f64>();
        assert!((moment(0) - 1.0).abs() < 1e-12, "{i}: {}", moment(0));
        assert!((moment(1) - means[i]).abs() < 1e-10 * means[i], "{i}: {} {}", moment(1), means[i]);
        let variance = moment(2) - moment(1).powi(2);
        assert!((variance - variances[i]).abs() < 1e-10 * variances[i], "{i}: {variance} {}", variances[i]);
    }
}

/// The static customers of another test, whose covariates are cut into steps that change nothing, or next to nothing.
pub(crate) fn cut(data: &Data, steps: usize, change: f64) -> Long {
    let [x, recency, age, web, years] = [0, 1, 2, 3, 4].map(|k| &data.columns[k]);
    let customers: Vec<Customer> = (0..x.len())
        .map(|i| {
            let width = age[i] / steps as f64;
            // The last step that begins no later than the last purchase.
            let at = (0..steps).rev().find(|&k| k as f64 * width <= recency[i]).unwrap_or(0);
            let step = |k: usize| {
                let bought = if k == at { x[i] } else { 0.0 };
                (k as f64 * width, web[i] + change * (k % 2) as f64, years[i], bought)
            };
            (age[i], recency[i], (0..steps).map(step).collect())
        })
        .collect();
    Long::of(&customers)
}

pub(crate) fn static_customers(n: usize) -> (WithCovariates<ParetoNbd>, Data) {
    let base = ParetoNbd::new(0.8, 8.0, 0.7, 12.0).unwrap();
    let model = WithCovariates::new(base, &on_all::<ParetoNbd>(), &[0.5, -0.2, 0.3, 0.15]).unwrap();
    let data = simulated(&model, n);
    (model, data)
}

pub(crate) fn renamed() -> Covariates {
    Covariates::new().on("purchase", ["z1", "z2"]).on("lifetime", ["z1", "z2"])
}

#[test]
fn covariates_that_do_not_change_are_the_static_model() {
    let (truth, data) = static_customers(400);
    let control = Control::new();
    let moving = WithCovariates::new(*truth.base(), &renamed(), truth.coefficients()).unwrap();
    let quantities = [
        Quantity::LogLikelihood {},
        Quantity::ProbabilityAlive { after: 0.0 },
        Quantity::ProbabilityAlive { after: 9.0 },
        Quantity::ExpectedPurchases { horizon: 30.0 },
        Quantity::from_json(
            r#"{"quantity": "discounted_expected_purchases", "continuous_discount_rate": 0.01}"#,
        )
        .unwrap(),
        Quantity::from_json(r#"{"quantity": "discounted_expected_purchases", "discount_rate": 0.01}"#)
            .unwrap(),
        Quantity::PurchaseProbability { n: 0, horizon: 30.0 },
        Quantity::PurchaseProbability { n: 2, horizon: 30.0 },
        Quantity::LaterPurchaseProbability { n: 1, after: 9.0, horizon: 4.5 },
        Quantity::VarianceOfPurchases { horizon: 30.0 },
        Quantity::discounted_variance(Discount::Continuous(0.01), 30.0),
        Quantity::discounted_variance(Discount::PerPeriod(0.01), 30.5),
        Quantity::discounted_variance(Discount::PerPeriod(0.01), None),
    ];
    let fixed =
        fit_with_covariates::<ParetoNbd>(&data.table(), &on_all::<ParetoNbd>(), &FitOptions::new(), &control)
            .unwrap();
    // In one piece, and in so many that differ by nothing to speak of: the short steps are summed up one by one.
    for (change, tolerance) in [(0.0, 1e-12), (1e-13, 1e-11)] {
        let long = cut(&data, 40, change);
        let walks = Walks::new(&long.table(), &renamed()).unwrap();
        for q in &quantities {
            let a = truth.score(q, &data.table(), &control).unwrap();
            let b = score_time_varying(&moving, &walks, q, &control).unwrap();
            for (a, b) in a.iter().zip(&b) {
                assert!((a - b).abs() <= tolerance * a.abs().max(1e-3), "{q:?}: {a} {b}");
            }
        }
        let one = covariate_likelihood(&data.table(), &truth, &control)
            .unwrap()
            .evaluate(&[0.0; 8], &control)
            .unwrap();
        let other = time_varying_likelihood(&walks, &moving).unwrap().evaluate(&[0.0; 8], &control).unwrap();
        assert!((one.value - other.value).abs() < 1e-12);
        // By γ itself: the two count it in other units.
        let fitted = fit_time_varying(&walks, &FitOptions::new(), &control).unwrap();
        assert!(fitted.report().unwrap().converged());
        let (a, b) = (fixed.model.parameters(), fitted.model.parameters());
        for (a, b) in a.iter().zip(&b) {
            assert!((a - b).abs() < 1e-8 * a.abs().max(0.1), "{a} {b}");
        }
        let (a, b) = (fixed.report().unwrap(), fitted.report().unwrap());
        assert!((a.log_likelihood - b.log_likelihood).abs() < 1e-8);
        for (a, b) in a.standard_errors().unwrap().iter().zip(b.standard_errors().unwrap()) {
            assert!((a / b - 1.0).abs() < 1e-6, "{a} {b}");
        }
    }
}

#[test]
fn coefficients_of_0_are_the_plain_model() {
    let plain = ParetoNbd::new(0.55, 10.6, 0.61, 11.7).unwrap();
    let none = model([0.55, 10.6, 0.61, 11.7], &[0.0; 3]);
    let long = Long::of(&customers());
    let walks = Walks::new(&long.table(), &both()).unwrap();
    let (x, t_x, t) = walks.histories();
    assert_eq!(x, [4.0, 0.0, 18.0, 3.0, 5.0, 0.0, 2.0]);
    let table =
        Table::new().with("frequency", &x).unwrap().with("recency", &t_x).unwrap().with("T", &t).unwrap();
    let control = Control::new();
    for q in [
        Quantity::LogLikelihood {},
        Quantity::ProbabilityAlive { after: 3.0 },
        Quantity::ExpectedPurchases { horizon: 52.0 },
        Quantity::PurchaseProbability { n: 0, horizon: 52.0 },
        Quantity::PurchaseProbability { n: 60, horizon: 52.0 },
        Quantity::LaterPurchaseProbability { n: 1, after: 7.5, horizon: 13.0 },
        Quantity::VarianceOfPurchases { horizon: 52.0 },
        Quantity::discounted_variance(Discount::Continuous(0.002), 52.0),
        Quantity::discounted_variance(Discount::PerPeriod(0.002), 52.0),
        Quantity::discounted_variance(Discount::Continuous(0.002), None),
    ] {
        let a = plain.score(&q, &table, &control).unwrap();
        let b = score_time_varying(&none, &walks, &q, &control).unwrap();
        for (a, b) in a.iter().zip(&b) {
            // A count and a variance are sums of terms that both sides order otherwise.
            let tolerance = if q.name().contains("variance") || q.name().ends_with("purchase_probability") {
                1e-12
            } else {
                1e-13
            };
            assert!((a - b).abs() <= tolerance * a.abs(), "{q:?}: {a} {b}");
        }
    }
}

const THREE: [&str; 3] = ["season", "promotion", "price"];

/// Three covariates that change every week, of so many customers, from the first purchase on.
pub(crate) fn weeks(customers: usize, weeks: usize) -> Vec<(&'static str, Vec<f64>)> {
    let mut columns = vec![Vec::new(); 6];
    for i in 0..customers {
        let mut stream = Stream::new(17, i as u64);
        for week in 0..weeks {
            let season = (std::f64::consts::TAU * (week + i % 9) as f64 / 52.0).sin();
            let promotion = f64::from(u8::from(stream.uniform() < 0.3));
            let row = [i as f64, week as f64, weeks as f64, season, promotion, stream.normal()];
            columns.iter_mut().zip(row).for_each(|(column, v)| column.push(v));
        }
    }
    ["customer", "start", "T"].into_iter().chain(THREE).zip(columns).collect()
}

pub(crate) fn of<'a>(columns: &'a [(&'static str, Vec<f64>)]) -> Table<'a> {
    columns.iter().fold(Table::new(), |table, (name, column)| table.with(name, column).unwrap())
}

fn on_both() -> Covariates {
    Covariates::new().on("purchase", THREE).on("lifetime", THREE)
}

pub(crate) fn truth() -> WithCovariates<ParetoNbd> {
    let base = ParetoNbd::new(0.9, 9.0, 0.8, 40.0).unwrap();
    WithCovariates::new(base, &on_both(), &[0.5, 0.8, -0.3, -0.6, 0.4, 0.3]).unwrap()
}

/// The columns with purchases drawn from a model, as the task of that name gives them.
pub(crate) fn drawn(
    truth: &WithCovariates<ParetoNbd>,
    columns: &mut Vec<(&'static str, Vec<f64>)>,
    seed: u64,
) {
    let model = Fitted { model: Model::boxed(truth), unit: None, fit: None };
    let options = format!(r#"{{"seed": {seed}}}"#);
    let task = cam_core::task("simulate_time_varying").unwrap();
    let answer = task.run(&of(columns), Models::new(&[&model]), &options, &Control::new()).unwrap();
    for name in ["purchases", "recency"] {
        columns.push((name, answer.column(name).unwrap().to_vec()));
    }
    let total: f64 = answer.column("purchases").unwrap().iter().sum();
    assert_eq!(answer.column("time").unwrap().len() as f64, total);
    assert_eq!(answer.column("customer").unwrap().len() as f64, total);
}

#[test]
fn drawn_customers_buy_as_often_as_new_ones_are_expected_to() {
    let columns = weeks(4_000, 40);
    let truth = truth();
    let walks = Walks::unobserved(&of(&columns), &on_both()).unwrap();
    let times = simulate_time_varying(&truth, &walks, 5, &Control::new()).unwrap();
    assert_eq!(times, simulate_time_varying(&truth, &walks, 5, &Control::new().threads(3)).unwrap());
    assert!(times.iter().all(|t| t.is_sorted() && t.iter().all(|t| (0.0..=40.0).contains(t))));
    // The same customers on the day of their first purchase.
    let mut newcomers = columns.clone();
    newcomers[2].1.fill(0.0);
    let rows = newcomers[0].1.len();
    newcomers.extend([("purchases", vec![0.0; rows]), ("recency", vec![0.0; rows])]);
    let newcomers = Walks::new(&of(&newcomers), &on_both()).unwrap();
    for horizon in [10.0, 40.0] {
        let quantity = Quantity::ExpectedPurchases { horizon };
        let expected = score_time_varying(&truth, &newcomers, &quantity, &Control::new()).unwrap();
        let n = expected.len() as f64;
        let off: Vec<f64> = times
            .iter()
            .zip(&expected)
            .map(|(times, expected)| times.iter().filter(|t| **t <= horizon).count() as f64 - expected)
            .collect();
        let mean = off.iter().sum::<f64>() / n;
        let error = (off.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / n / n).sqrt();
        assert!(mean.abs() < 4.0 * error, "{horizon}: {mean}, standard error {error}");
    }
}

#[test]
fn simulated_customers_give_parameters_and_coefficients_back_on_any_number_of_threads() {
    let truth = truth();
    let mut columns = weeks(1_500, 104);
    drawn(&truth, &mut columns, 1);
    let options = r#"{"covariates": {"columns": {
        "purchase": ["season", "promotion", "price"], "lifetime": ["season", "promotion", "price"]}}}"#;
    let run = |threads: usize| {
        let control = Control::new().threads(threads);
        cam_core::task("fit_time_varying")
            .unwrap()
            .run(&of(&columns), Models::NONE, options, &control)
            .unwrap()
            .output
    };
    let output = run(1);
    assert_eq!(output, run(3));
    let output: serde_json::Value = serde_json::from_str(&output).unwrap();
    let fitted = Fitted::<Box<dyn Model>>::from_json(output["document"].as_str().unwrap()).unwrap();
    let report = fitted.report().unwrap();
    assert!(report.converged(), "{:?}", report.status);
    for ((got, want), se) in
        fitted.model.parameters().iter().zip(truth.parameters()).zip(report.standard_errors().unwrap())
    {
        assert!((got - want).abs() < 3.0 * se, "{got} for {want}, standard error {se}");
    }
    let ask = r#"{"quantity": {"quantity": "expected_purchases", "horizon": 52}}"#;
    let scored = cam_core::task("score_time_varying").unwrap();
    let scored = scored.run(&of(&columns), Models::new(&[&fitted]), ask, &Control::new()).unwrap();
    let expected = scored.column("score").unwrap();
    assert!(expected.len() == 1_500 && expected.iter().all(|v| *v >= 0.0 && v.is_finite()));
}

#[test]
fn a_coefficient_of_both_clocks_has_the_derivatives_of_two_that_move_together() {
    let long = Long::of(&customers());
    let shared = both().constrain("z1");
    let base = *model([0.55, 10.6, 0.61, 11.7], &[0.0; 3]).base();
    let names = WithCovariates::<ParetoNbd>::names_of(&shared).unwrap();
    assert_eq!(names, ["purchase+lifetime:z1", "purchase:z2"]);
    let one = WithCovariates::new(base, &shared, &[0.4, -0.3]).unwrap();
    let two = WithCovariates::new(base, &both(), &[0.4, -0.3, 0.4]).unwrap();
    let derivatives = |model: &WithCovariates<ParetoNbd>, covariates: &Covariates| {
        let walks = Walks::new(&long.table(), covariates).unwrap();
        let likelihood = time_varying_likelihood(&walks, model).unwrap();
        let point = likelihood.evaluate(&vec![0.0; likelihood.coordinates().len()], &Control::new()).unwrap();
        let steps: Vec<f64> = likelihood
            .coordinates()
            .iter()
            .map(|c| if let Scale::Line(step) = c.scale { step } else { 1.0 })
            .collect();
        let n = steps.len();
        let gradient: Vec<f64> = (0..n).map(|i| point.gradient[i] / steps[i]).collect();
        let hessian: Vec<Vec<f64>> =
            (0..n).map(|i| (0..n).map(|j| point.hessian[[i, j]] / steps[i] / steps[j]).collect()).collect();
        (point.value, gradient, hessian)
    };
    let (value, gradient, hessian) = derivatives(&one, &shared);
    let (same, g, h) = derivatives(&two, &both());
    let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-12 * b.abs().max(1.0), "{a} {b}");
    near(value, same);
    near(gradient[4], g[4] + g[6]);
    near(gradient[5], g[5]);
    near(hessian[4][4], h[4][4] + 2.0 * h[4][6] + h[6][6]);
    for j in [0, 1, 2, 3, 5] {
        near(hessian[4][j], h[4][j] + h[6][j]);
    }
}

#[test]
fn a_weight_of_2_is_the_customer_twice() {
    let mut columns = weeks(300, 52);
    drawn(&truth(), &mut columns, 2);
    let weight: Vec<f64> = columns[0].1.iter().map(|i| (i % 3.0).floor()).collect();
    let mut weighted = columns.clone();
    weighted.push(("weight", weight.clone()));
    // The rows of those who count twice once more, under other numbers, without those who count not at all.
    let mut twice: Vec<(&str, Vec<f64>)> = columns.iter().map(|(name, _)| (*name, Vec::new())).collect();
    for (copy, least) in [(0.0, 1.0), (1000.0, 2.0)] {
        for (row, _) in weight.iter().enumerate().filter(|(_, w)| **w >= least) {
            for ((name, to), (_, from)) in twice.iter_mut().zip(&columns) {
                to.push(from[row] + if *name == "customer" { copy } else { 0.0 });
            }
        }
    }
    let fit = |columns: &[(&'static str, Vec<f64>)]| {
        let walks = Walks::new(&of(columns), &on_both()).unwrap();
        fit_time_varying(&walks, &FitOptions::new(), &Control::new()).unwrap()
    };
    let (a, b) = (fit(&weighted), fit(&twice));
    for (a, b) in a.model.parameters().iter().zip(b.model.parameters()) {
        assert!((a - b).abs() < 1e-8 * b.abs().max(0.1), "{a} {b}");
    }
    let (a, b) = (a.report().unwrap(), b.report().unwrap());
    assert_eq!((a.customers, b.customers), (300.0, 300.0));
    assert!((a.log_likelihood - b.log_likelihood).abs() < 1e-10 * b.log_likelihood.abs());
    for (a, b) in a.standard_errors().unwrap().iter().zip(b.standard_errors().unwrap()) {
        assert!((a / b - 1.0).abs() < 1e-7, "{a} {b}");
    }
    let refused = |change: f64| {
        let mut broken = weighted.clone();
        let place = broken.iter_mut().find(|(name, _)| *name == "weight").unwrap();
        place.1[3] = change;
        Walks::new(&of(&broken), &on_both()).unwrap_err()
    };
    for (change, says) in [(7.0, "weight must be the same in all rows"), (-1.0, "weight must be")] {
        let error = refused(change);
        assert_eq!((error.row(), error.field()), (Some(3), Some("weight")), "{error}");
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[test]
fn a_row_that_breaks_a_rule_is_named() {
    let refused = |change: &dyn Fn(&mut Long), row: usize, field: &str, says: &str| {
        let mut long = Long::of(&customers());
        change(&mut long);
        let error = Walks::new(&long.table(), &both()).unwrap_err();
        assert_eq!((error.row(), error.field()), (Some(row), Some(field)), "{error}");
        assert!(error.to_string().contains(says), "{error}");
    };
    refused(&|l| l.columns[1][0] = 1.0, 0, "start", "no later than the first purchase");
    refused(&|l| l.columns[1][2] = 7.0, 2, "start", "must rise");
    refused(&|l| l.columns[4][3] = 31.0, 3, "T", "same in all rows");
    refused(&|l| l.columns[3][4] = 20.0, 4, "recency", "same in all rows");
    refused(&|l| l.columns[2][4] = 1.0, 4, "purchases", "up to recency = 21.5");
    refused(&|l| l.columns[2][3] = 0.0, 3, "purchases", "the last in the step of it");
    refused(&|l| l.columns[2][1] = 0.5, 1, "purchases", "whole number");
    refused(&|l| l.columns[5][6] = f64::NAN, 6, "z1", "finite");
    refused(&|l| l.columns[0][10] = 0.0, 10, "customer", "stand together");
    let error = Walks::new(&Table::new(), &both()).unwrap_err();
    assert_eq!(error.field(), Some("z1"));
    let constant = {
        let mut long = Long::of(&customers());
        long.columns[5].fill(2.0);
        Walks::new(&long.table(), &both()).unwrap()
    };
    let other = Walks::new(&Long::of(&customers()).table(), &renamed()).unwrap();
    let alive = Quantity::ProbabilityAlive { after: 0.0 };
    let model = model([1.0; 4], &[0.0; 3]);
    let error = score_time_varying(&model, &other, &alive, &Control::new()).unwrap_err();
    assert_eq!(error.field(), Some("covariates"), "{error}");
    let options = FitOptions { start: Some(vec![1.0; 5]), ..FitOptions::new() };
    assert!(
        fit_time_varying(&other, &options, &Control::new()).unwrap_err().to_string().contains("a start has")
    );
    let error = fit_time_varying(&constant, &FitOptions::new(), &Control::new()).unwrap_err();
    assert_eq!(error.field(), Some("z1"), "{error}");
}
