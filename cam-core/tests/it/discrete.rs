//! Laws of discrete time that hold for any customer of BG/BB, and what a fit says where there is no maximum.

use cam_core::clv::BgBb;
use cam_core::{Control, Discount, Fit, Model, Quantity, Status, Table, model};
use proptest::prelude::*;

fn log_uniform(low: f64, high: f64) -> impl Strategy<Value = f64> {
    (low.ln()..high.ln()).prop_map(f64::exp)
}

fn any_model() -> impl Strategy<Value = BgBb> {
    let shape = || log_uniform(0.01, 100.0);
    (shape(), shape(), shape(), shape()).prop_map(|(a, b, g, d)| BgBb::new(a, b, g, d).unwrap())
}

/// Frequency, recency, opportunities.
fn history() -> impl Strategy<Value = [f64; 3]> {
    (1u32..80, 0.0f64..1.0, 0.0f64..1.0).prop_map(|(n, last, share)| {
        let t_x = (f64::from(n + 1) * last).floor();
        [if t_x == 0.0 { 0.0 } else { 1.0 + ((t_x - 1.0) * share).round() }, t_x, f64::from(n)]
    })
}

fn answer(model: &BgBb, quantity: &Quantity, row: Option<[f64; 3]>) -> f64 {
    let Some(row) = row else { return model.new_customer(quantity).unwrap() };
    let [x, t_x, n] = row.map(|v| [v]);
    let table = Table::new().with("frequency", &x).unwrap().with("recency", &t_x).unwrap();
    model.score(quantity, &table.with("T", &n).unwrap(), &Control::new().threads(1)).unwrap()[0]
}

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * a.abs().max(b.abs()).max(1e-290)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn the_numbers_of_purchases_are_a_distribution_with_the_expected_mean(
        model in any_model(), row in history(), known: bool, horizon in 1u32..60,
    ) {
        let row = known.then_some(row);
        let h = f64::from(horizon);
        let (mut sum, mut mean) = (0.0, 0.0);
        for n in 0..=horizon {
            let p = answer(&model, &Quantity::PurchaseProbability { n, horizon: h }, row);
            prop_assert!((0.0..=1.0 + 1e-13).contains(&p), "P({n}) = {p}");
            sum += p;
            mean += f64::from(n) * p;
        }
        prop_assert!((sum - 1.0).abs() < 1e-12, "sum {sum}");
        let expected = answer(&model, &Quantity::ExpectedPurchases { horizon: h }, row);
        prop_assert!(close(mean, expected, 1e-11), "mean {mean}, expected {expected}");
        prop_assert_eq!(answer(&model, &Quantity::PurchaseProbability { n: horizon + 1, horizon: h }, row), 0.0);
    }

    /// The probabilities of all 2ⁿ histories of n opportunities, told by x and t_x: C(t_x − 1, x − 1) of them are alike.
    #[test]
    fn the_histories_are_a_distribution(model in any_model(), n in 1u32..25) {
        let mut sum = 0.0;
        for t_x in 0..=n {
            let mut alike = 1.0;
            for x in t_x.min(1)..=t_x {
                let row = [x, t_x, n].map(f64::from);
                sum += alike * answer(&model, &Quantity::LogLikelihood {}, Some(row)).exp();
                alike *= f64::from(t_x - x) / f64::from(x.max(1));
            }
        }
        prop_assert!((sum - 1.0).abs() < 1e-12, "{sum}");
    }

    #[test]
    fn a_longer_silence_never_raises_the_probability_of_being_alive(
        model in any_model(), [x, t_x, n] in history(), more in 1u32..50, after in 0u32..50,
    ) {
        let alive = |n: f64, after: u32| {
            answer(&model, &Quantity::ProbabilityAlive { after: f64::from(after) }, Some([x, t_x, n]))
        };
        prop_assert!(alive(n + f64::from(more), 0) <= alive(n, 0) * (1.0 + 1e-13));
        prop_assert!(alive(n, after) <= alive(n, 0) * (1.0 + 1e-13));
        // Who bought just now is there.
        prop_assert_eq!(alive(t_x, 0), 1.0);
    }

    #[test]
    fn more_time_brings_more_purchases_and_discounting_takes_some_away(
        model in any_model(), row in history(), known: bool, h in 1u32..500, rate in log_uniform(1e-4, 1.0),
    ) {
        let row = known.then_some(row);
        let h = f64::from(h);
        let ask = |quantity| answer(&model, &quantity, row);
        let plain = ask(Quantity::ExpectedPurchases { horizon: h });
        let longer = ask(Quantity::ExpectedPurchases { horizon: h + 1.0 });
        prop_assert!(longer >= plain * (1.0 - 1e-14), "{longer} and {plain}");
        for discount in [Discount::Continuous(rate), Discount::PerPeriod(rate)] {
            let discounted = ask(Quantity::discounted(discount, h));
            prop_assert!(discounted <= plain * (1.0 + 1e-12), "{discount:?}: {discounted} of {plain}");
            let forever = ask(Quantity::discounted(discount, None));
            prop_assert!(discounted <= forever * (1.0 + 1e-12), "{discount:?}: {discounted} of {forever} for ever");
            let long = ask(Quantity::discounted(discount, (60.0 / rate).ceil()));
            prop_assert!(close(long, forever, 1e-11), "{discount:?}: {long} and {forever}");
            prop_assert_eq!(ask(Quantity::discounted(discount, 0.0)), 0.0);
        }
        // The same rate told in two ways.
        let (a, b) = (Discount::Continuous(rate), Discount::PerPeriod(rate.exp_m1()));
        prop_assert!(close(ask(Quantity::discounted(a, h)), ask(Quantity::discounted(b, h)), 1e-12));
    }

    #[test]
    fn a_customer_without_an_opportunity_yet_is_a_new_one(model in any_model(), h in 1u32..200) {
        let h = f64::from(h);
        for quantity in [
            Quantity::ProbabilityAlive { after: h },
            Quantity::ExpectedPurchases { horizon: h },
            Quantity::PurchaseProbability { n: 3, horizon: h },
            Quantity::discounted(Discount::PerPeriod(0.05), None),
        ] {
            let (known, new) = (answer(&model, &quantity, Some([0.0; 3])), answer(&model, &quantity, None));
            prop_assert!(close(known, new, 1e-13), "{quantity:?}: {known} and {new}");
        }
    }
}

#[test]
fn simulated_customers_buy_as_often_as_expected() {
    let model = BgBb::new(1.2, 0.75, 0.66, 2.8).unwrap();
    let n = vec![9.0; 200_000];
    let drawn = model.simulate(&Table::new().with("T", &n).unwrap(), 5, &Control::new()).unwrap();
    let mean = drawn[0].iter().sum::<f64>() / n.len() as f64;
    let expected = model.new_customer(&Quantity::ExpectedPurchases { horizon: 9.0 }).unwrap();
    // The standard deviation of a count is below 4.5: half the range.
    assert!((mean - expected).abs() < 5.0 * 4.5 / (n.len() as f64).sqrt(), "{mean}, expected {expected}");
    let none = drawn[0].iter().filter(|x| **x == 0.0).count() as f64 / n.len() as f64;
    let expected = model.new_customer(&Quantity::PurchaseProbability { n: 0, horizon: 9.0 }).unwrap();
    assert!((none - expected).abs() < 5.0 * 0.5 / (n.len() as f64).sqrt(), "{none}, expected {expected}");
}

/// Customers who buy at every opportunity, or who never differ, leave parameters undetermined.
#[test]
fn data_without_a_maximum_are_named_as_such() {
    let fit = |x: &[f64], t_x: &[f64], n: &[f64]| {
        let table =
            Table::new().with("frequency", x).unwrap().with("recency", t_x).unwrap().with("T", n).unwrap();
        BgBb::fit(table).unwrap().report().unwrap().status.clone()
    };
    let always = fit(&[6.0; 50], &[6.0; 50], &[6.0; 50]);
    assert!(matches!(always, Status::Boundary { .. }), "{always:?}");
    // One opportunity tells p(1 − θ) and nothing else.
    let (x, n) = ([1.0, 0.0, 1.0, 0.0, 0.0], [1.0; 5]);
    let one = fit(&x, &x, &n);
    assert!(one != Status::Converged, "{one:?}");
    // Nobody leaves: the last opportunity sees as many purchases as any.
    let (x, t_x) = ([3.0, 4.0, 5.0, 2.0, 6.0, 1.0], [6.0; 6]);
    let loyal = fit(&x, &t_x, &[6.0; 6]);
    assert!(
        matches!(&loyal, Status::Boundary { parameters } if parameters.iter().any(|p| p.starts_with("gamma") || p.starts_with("delta"))),
        "{loyal:?}"
    );
}

#[test]
fn long_histories_and_extreme_parameters_give_finite_numbers() {
    for theta in [
        [1e-100, 1e100, 1e-100, 1e100],
        [1e100, 1e-100, 1e100, 1e-100],
        [1e-100; 4],
        [1e100; 4],
        [1e-3, 1e3, 2.0, 1e-9],
    ] {
        let model = model("bg_bb").unwrap().with_parameters(&theta, None).unwrap().model;
        let (x, t_x, n) = (
            [0.0, 1.0, 50_000.0, 3.0, 0.0],
            [0.0, 1.0, 99_999.0, 3.0, 0.0],
            [100_000.0, 100_000.0, 100_000.0, 3.0, 0.0],
        );
        let table = Table::new().with("frequency", &x).unwrap().with("recency", &t_x).unwrap();
        let table = table.with("T", &n).unwrap();
        for quantity in [
            Quantity::LogLikelihood {},
            Quantity::ProbabilityAlive { after: 1e100 },
            Quantity::ExpectedPurchases { horizon: 1e100 },
            Quantity::PurchaseProbability { n: 7, horizon: 1000.0 },
            Quantity::discounted(Discount::PerPeriod(1e-3), None),
            Quantity::discounted(Discount::Continuous(1e-100), 1e6),
        ] {
            let scores = model.score(&quantity, &table, &Control::new()).unwrap();
            assert!(scores.iter().all(|v| v.is_finite()), "{theta:?} {quantity:?}: {scores:?}");
            assert!(
                model.new_customer(&quantity).is_err() || model.new_customer(&quantity).unwrap().is_finite()
            );
        }
    }
}
