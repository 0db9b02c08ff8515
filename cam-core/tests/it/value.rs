//! Lifetime value: its options, its variance, and its distribution by simulation.

use cam_core::clv::{
    BgNbd, DrawOptions, GammaGamma, ParetoNbd, ValueOptions, customer_lifetime_value,
    lifetime_value_variance, new_customer_value, new_customer_value_variance, simulate_lifetime_value,
};
use cam_core::model::Spec;
use cam_core::{
    Control, Discount, Error, ErrorKind, FitOptions, Fitted, Model, Quantity, Table, Unit, models,
};

const HISTORY: [[f64; 4]; 4] =
    [[0.0, 2.0, 5.0, 26.0], [0.0, 30.5, 12.0, 30.75], [38.0, 38.875, 39.0, 31.0], [0.0, 22.25, 55.0, 31.5]];

fn table(history: &[[f64; 4]; 4]) -> Table<'_> {
    ["frequency", "recency", "T", "monetary_value"]
        .iter()
        .zip(history)
        .fold(Table::new(), |table, (name, column)| table.with(name, column).unwrap())
}

fn models_of_value() -> (ParetoNbd, GammaGamma) {
    (ParetoNbd::new(0.5534, 10.578, 0.6061, 11.669).unwrap(), GammaGamma::new(6.25, 3.74, 15.44).unwrap())
}

fn value(options: &ValueOptions) -> Vec<f64> {
    let (purchases, spend) = models_of_value();
    customer_lifetime_value(&purchases, &spend, &table(&HISTORY), options, &Control::new()).unwrap()
}

fn assert_close(a: &[f64], b: &[f64], tolerance: f64) {
    for (a, b) in a.iter().zip(b) {
        assert!((a - b).abs() <= tolerance * b.abs(), "{a}, {b}");
    }
}

#[test]
fn a_margin_that_does_not_change_is_one_margin() {
    let options = ValueOptions::new(52.0, 0.002);
    let plain = value(&options.clone().margin(0.3));
    assert_eq!(value(&options.clone().margins(vec![0.3], 13.0)), plain);
    assert_eq!(value(&options.clone().margins(vec![0.3; 4], 13.0)), plain);
    // What begins after the horizon does not count.
    assert_eq!(value(&options.margins(vec![0.3, 0.3, 9.0], 26.0)), plain);
}

#[test]
fn margins_by_period_add_up_the_values_of_the_periods() {
    for discount in [Discount::PerPeriod(0.002), Discount::Continuous(0.01)] {
        let upto = |h: f64| value(&ValueOptions::discounted(h, discount));
        let (first, second, all) = (upto(13.0), upto(26.0), upto(52.0));
        let got = value(&ValueOptions::discounted(52.0, discount).margins(vec![0.5, 0.1, 0.4], 13.0));
        let by_hand: Vec<f64> = (0..4)
            .map(|i| 0.5 * first[i] + 0.1 * (second[i] - first[i]) + 0.4 * (all[i] - second[i]))
            .collect();
        assert_close(&got, &by_hand, 1e-12);
    }
    // For ever, the last margin holds.
    let ever = ValueOptions::new(None, 0.01);
    let falling = value(&ever.clone().margins(vec![0.5, 0.25], 52.0));
    let first = value(&ValueOptions::new(52.0, 0.01).margin(0.25));
    let rest = value(&ever.margin(0.25));
    assert_close(&falling, &first.iter().zip(rest).map(|(a, b)| a + b).collect::<Vec<_>>(), 1e-12);
}

#[test]
fn costs_are_for_purchases_and_for_those_who_are_there() {
    let (purchases, _) = models_of_value();
    let options = ValueOptions::new(4.0, 0.01);
    let ask = |quantity: &Quantity| purchases.score(quantity, &table(&HISTORY), &Control::new()).unwrap();
    let plain = value(&options);
    let bought = ask(&Quantity::discounted(Discount::PerPeriod(0.01), 4.0));
    let mut costs = [0.0; 4];
    for k in 1..=4 {
        let alive = ask(&Quantity::ProbabilityAlive { after: f64::from(k) });
        costs.iter_mut().zip(alive).for_each(|(cost, alive)| *cost += 2.0 * alive / 1.01_f64.powi(k));
    }
    let by_hand: Vec<f64> = (0..4).map(|i| plain[i] - 3.0 * bought[i] - costs[i]).collect();
    assert_close(&value(&options.cost_per_purchase(3.0).cost_per_period(2.0)), &by_hand, 1e-12);
}

#[test]
fn costs_for_ever_are_the_sum_over_all_periods_to_come() {
    let (purchases, _) = models_of_value();
    let options = ValueOptions::new(None, 0.01);
    let plain = value(&options);
    let mut costs = [0.0; 4];
    // 1.01^-4600 is 1e-20.
    for k in 1..=4600 {
        let after = Quantity::ProbabilityAlive { after: f64::from(k) };
        let alive = purchases.score(&after, &table(&HISTORY), &Control::new()).unwrap();
        costs.iter_mut().zip(alive).for_each(|(cost, alive)| *cost += 2.0 * alive / 1.01_f64.powi(k));
    }
    let by_hand: Vec<f64> = (0..4).map(|i| plain[i] - costs[i]).collect();
    assert_close(&value(&options.cost_per_period(2.0)), &by_hand, 1e-11);
}

#[test]
fn the_variance_and_the_simulation_tell_the_same() {
    let (pareto, _) = models_of_value();
    // Light tails: with q = 3.7 the fourth moment is infinite, and the variance of draws hardly converges.
    let spend = GammaGamma::new(6.25, 30.0, 170.0).unwrap();
    let bg = BgNbd::new(0.243, 4.414, 0.793, 2.426).unwrap();
    let both: [&dyn Model; 2] = [&pareto, &bg];
    for purchases in both {
        for discount in [Discount::PerPeriod(0.02), Discount::Continuous(0.05)] {
            let options = ValueOptions::discounted(26.0, discount).margin(0.3).cost_per_purchase(2.0);
            let data = table(&HISTORY);
            let control = Control::new();
            let expected = customer_lifetime_value(purchases, &spend, &data, &options, &control).unwrap();
            let variance = lifetime_value_variance(purchases, &spend, &data, &options, &control).unwrap();
            let draws = DrawOptions::new(5).draws(40_000);
            let drawn =
                simulate_lifetime_value(purchases, &spend, &data, &options, &draws, &control).unwrap();
            for i in 0..4 {
                let error = (variance[i] / 40_000.0).sqrt();
                assert!((drawn.mean[i] - expected[i]).abs() < 4.5 * error, "{} {expected:?}", drawn.mean[i]);
                // The tails are heavy: a variance is known to a few per cent after so many draws.
                let ratio = drawn.deviation[i].powi(2) / variance[i];
                assert!((ratio - 1.0).abs() < 0.08, "{i} {ratio}");
            }
        }
    }
}

#[test]
fn a_new_customer_is_one_of_whom_nothing_is_known() {
    let (purchases, spend) = models_of_value();
    let nobody = [[0.0; 4]; 4];
    let options = ValueOptions::new(52.0, 0.002).margin(0.3).cost_per_purchase(1.0);
    let all =
        customer_lifetime_value(&purchases, &spend, &table(&nobody), &options, &Control::new()).unwrap();
    let new = new_customer_value(&purchases, &spend, &options).unwrap();
    assert_close(&[new], &all, 1e-13);
    let all =
        lifetime_value_variance(&purchases, &spend, &table(&nobody), &options, &Control::new()).unwrap();
    assert_close(&[new_customer_value_variance(&purchases, &spend, &options).unwrap()], &all, 1e-12);
}

#[test]
fn the_number_of_threads_changes_no_draw_and_the_total_is_the_sum() {
    let (purchases, spend) = models_of_value();
    let n = 700;
    let columns: Vec<Vec<f64>> = (0..4).map(|k| (0..n).map(|i| HISTORY[k][i % 4]).collect()).collect();
    let data = ["frequency", "recency", "T", "monetary_value"]
        .iter()
        .zip(&columns)
        .fold(Table::new(), |table, (name, column)| table.with(name, column).unwrap());
    let options = ValueOptions::new(26.0, 0.002).margins(vec![0.4, 0.2], 13.0).cost_per_period(0.5);
    let run = |threads| {
        let draws = DrawOptions::new(3).draws(50);
        simulate_lifetime_value(&purchases, &spend, &data, &options, &draws, &Control::new().threads(threads))
            .unwrap()
    };
    let one = run(1);
    assert_eq!(one, run(2));
    assert_eq!(one, run(7));
    let total: f64 = one.totals.iter().sum::<f64>() / 50.0;
    assert_close(&[total], &[one.mean.iter().sum()], 1e-12);
    assert!(one.quantiles.windows(2).all(|pair| (0..n).all(|i| pair[0][i] <= pair[1][i])));
}

/// What stands for a simulated history: every column of the model, for customers of ages that differ.
fn simulated(spec: &Spec, model: &dyn Model) -> Vec<Vec<f64>> {
    let ages: Vec<f64> = (0..40).map(|i| (spec.example.1 * (0.3 + f64::from(i % 5) / 5.0)).ceil()).collect();
    let design = spec.design.iter().fold(Table::new(), |t, c| t.with(c.name, &ages).unwrap());
    model.simulate(&design, 9, &Control::new()).unwrap()
}

#[test]
fn every_model_draws_futures_that_have_its_own_mean_and_variance() {
    let spend = GammaGamma::new(1e6, 1e9, 1e9 / 1e6).unwrap();
    for entry in models() {
        let spec = entry.spec();
        if !spec.quantities.contains(&"variance_of_purchases") {
            continue;
        }
        let model = entry.with_parameters(spec.example.0, None).unwrap().model;
        let drawn = simulated(spec, &*model);
        let ones = vec![1.0; 40];
        let money: Vec<f64> = drawn[0].iter().map(|x| if *x > 0.0 { 1.0 } else { 0.0 }).collect();
        let table =
            spec.columns.iter().zip(&drawn).fold(Table::new(), |t, (c, v)| t.with(c.name, v).unwrap());
        let table = table.with("monetary_value", &money).unwrap();
        let horizon = 12.0;
        let (control, n) = (Control::new(), 20_000);
        let mean = model.score(&Quantity::ExpectedPurchases { horizon }, &table, &control).unwrap();
        let variance = model.score(&Quantity::VarianceOfPurchases { horizon }, &table, &control).unwrap();
        // Every purchase is worth one.
        let options = ValueOptions::new(horizon, 0.0);
        let draws = DrawOptions::new(2).draws(n);
        let drawn = simulate_lifetime_value(&model, &spend, &table, &options, &draws, &control).unwrap();
        for i in 0..ones.len() {
            let error = (variance[i] / n as f64).sqrt().max(1e-3 / n as f64);
            assert!(
                (drawn.mean[i] - mean[i]).abs() < 5.0 * error,
                "{} {i}: {} {}",
                spec.id,
                drawn.mean[i],
                mean[i]
            );
            if variance[i] > 0.05 {
                let ratio = drawn.deviation[i].powi(2) / variance[i];
                assert!((ratio - 1.0).abs() < 0.15, "{} {i}: {ratio}", spec.id);
            }
        }
    }
}

#[test]
fn bad_options_are_told_by_name() {
    let (purchases, spend) = models_of_value();
    let ask = |options: &ValueOptions| -> Error {
        customer_lifetime_value(&purchases, &spend, &table(&HISTORY), options, &Control::new()).unwrap_err()
    };
    let year = ValueOptions::new(52.0, 0.002);
    assert_eq!(ask(&year.clone().margin(f64::NAN)).field(), Some("margin"));
    assert_eq!(ask(&year.clone().margins(vec![], 1.0)).field(), Some("margin"));
    assert_eq!(ask(&year.clone().margins(vec![0.1], 0.0)).field(), Some("margin_period"));
    assert_eq!(ask(&year.clone().cost_per_purchase(f64::INFINITY)).field(), Some("cost_per_purchase"));
    assert_eq!(ask(&ValueOptions::new(None, 0.0)).field(), Some("discount_rate"));
    let mut twice = year.clone();
    twice.continuous_discount_rate = Some(0.1);
    assert_eq!(ask(&twice).kind(), ErrorKind::InvalidParameter);
    let varying = year.margins(vec![0.1, 0.2], 1.0);
    let error =
        lifetime_value_variance(&purchases, &spend, &table(&HISTORY), &varying, &Control::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let heavy = GammaGamma::new(6.25, 1.5, 15.44).unwrap();
    let error = lifetime_value_variance(
        &purchases,
        &heavy,
        &table(&HISTORY),
        &ValueOptions::new(52.0, 0.002),
        &Control::new(),
    )
    .unwrap_err();
    assert_eq!((error.kind(), error.row()), (ErrorKind::Numerical, Some(0)), "{error}");
}

/// A customer with covariates is a customer of a plain model of his or her own; where the coefficients are 0, of the plain model itself.
#[test]
fn values_are_drawn_for_customers_with_covariates() {
    use cam_core::model::{Covariates, WithCovariates};
    let on = Covariates::new().on("purchase", ["web"]).on("lifetime", ["web"]);
    let plain = ParetoNbd::new(0.55, 10.6, 0.61, 11.7).unwrap();
    let with = |gamma: &[f64]| WithCovariates::new(plain, &on, gamma).unwrap();
    let spend = GammaGamma::new(6.25, 3.74, 15.44).unwrap();
    let (x, t_x, age) = ([2.0, 0.0, 2.0], [30.4, 0.0, 30.4], [38.9, 38.9, 38.9]);
    let (z, web) = ([22.35, 0.0, 22.35], [0.0, 1.0, 1.0]);
    let table =
        Table::new().with("frequency", &x).unwrap().with("recency", &t_x).unwrap().with("T", &age).unwrap();
    let table = table.with("monetary_value", &z).unwrap().with("web", &web).unwrap();
    let (options, draws) = (ValueOptions::new(52.0, 0.002), DrawOptions::new(3).draws(4_000));
    let drawn = |purchases: &dyn Model| {
        simulate_lifetime_value(purchases, &spend, &table, &options, &draws, &Control::new()).unwrap()
    };
    assert_eq!(drawn(&with(&[0.0, 0.0])), drawn(&plain));
    let more = with(&[0.8, -0.4]);
    let (found, expected) =
        (drawn(&more), customer_lifetime_value(&more, &spend, &table, &options, &Control::new()).unwrap());
    for (i, want) in expected.iter().enumerate() {
        let error = found.deviation[i] / 4_000f64.sqrt();
        assert!((found.mean[i] - want).abs() < 4.5 * error, "{i}: {} for {want}", found.mean[i]);
    }
    assert!(found.mean[2] > found.mean[0]);
}

/// A mean of no purchases is NaN in most tools. Nothing could be known of it, so that it is no hole in the row: the customer is worth what one without a
/// repeat purchase is.
#[test]
fn customers_without_a_repeat_purchase_need_no_mean_spend() {
    // The first has none.
    let mut zeros = HISTORY;
    zeros[3][0] = 0.0;
    let mut holes = zeros;
    holes[3][0] = f64::NAN;
    let (purchases, spend) = models_of_value();
    let (options, control) = (ValueOptions::new(52.0, 0.002), Control::new());
    let each = |history: &[[f64; 4]; 4]| {
        let table = table(history);
        let draws = DrawOptions::new(3).draws(20);
        let drawn = simulate_lifetime_value(&purchases, &spend, &table, &options, &draws, &control).unwrap();
        [
            spend.score(&Quantity::ExpectedSpend {}, &table, &control).unwrap(),
            customer_lifetime_value(&purchases, &spend, &table, &options, &control).unwrap(),
            lifetime_value_variance(&purchases, &spend, &table, &options, &control).unwrap(),
            drawn.mean,
        ]
    };
    assert_eq!(each(&holes), each(&zeros));
    assert_eq!(each(&holes)[0][0], spend.new_customer(&Quantity::ExpectedSpend {}).unwrap());
    // Where there were purchases, a mean that is missing is missing.
    holes[3][1] = f64::NAN;
    assert!(each(&holes).iter().all(|values| values[1].is_nan() && values[0].is_finite()));
}

/// The same for a fit, and for the columns of every model of spend.
#[test]
fn a_fit_of_spend_takes_missing_means_of_no_purchases() {
    for entry in models().iter().filter(|entry| !entry.spec().counts_time()) {
        let spec = entry.spec();
        let model = entry.with_parameters(spec.example.0, None).unwrap().model;
        let counts: Vec<f64> = (0..400).map(|i| f64::from(i % 5)).collect();
        let design = Table::new().with("frequency", &counts[..]).unwrap();
        let mut columns = model.simulate(&design, 3, &Control::new()).unwrap();
        let fit = |columns: &[Vec<f64>]| {
            let named = spec.columns.iter().zip(columns);
            let table = named.fold(Table::new(), |t, (c, values)| t.with(c.name, &values[..]).unwrap());
            entry.fit(&table, &FitOptions::new(), &Control::new())
        };
        let zeros = fit(&columns).unwrap();
        for i in 0..counts.len() {
            columns[1..].iter_mut().filter(|_| counts[i] == 0.0).for_each(|column| column[i] = f64::NAN);
        }
        let holes = fit(&columns).unwrap();
        assert_eq!(holes.model.parameters(), zeros.model.parameters(), "{}", spec.id);
        columns[1][1] = f64::NAN;
        assert_eq!(fit(&columns).unwrap_err().row(), Some(1), "{}", spec.id);
    }
}

/// Spend has no time in it: a model of it goes with data of any unit.
#[test]
fn a_model_of_spend_has_no_unit_to_be_wrong() {
    let (purchases, spend) = models_of_value();
    let weekly = |model: Box<dyn Model>| Fitted { model, unit: Some(Unit::WEEK), fit: None };
    assert!(weekly(spend.boxed()).check_unit(Some(Unit::DAY)).is_ok());
    assert!(weekly(purchases.boxed()).check_unit(Some(Unit::DAY)).is_err());
}
