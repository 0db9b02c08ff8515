//! Laws that hold for any contract, and what a fit says where there is no maximum.

use cam_core::clv::{Bdw, Sbg};
use cam_core::{Control, Discount, ErrorKind, Family, Fit, Model, Quantity, Status, Table};
use proptest::prelude::*;

fn log_uniform(low: f64, high: f64) -> impl Strategy<Value = f64> {
    (low.ln()..high.ln()).prop_map(f64::exp)
}

fn any_contract() -> impl Strategy<Value = Bdw> {
    (log_uniform(0.01, 100.0), log_uniform(0.01, 1000.0), log_uniform(0.2, 5.0))
        .prop_map(|(a, b, c)| Bdw::new(a, b, c).unwrap())
}

/// Of a customer who renewed at `x` of `n` opportunities; none is a new one.
fn answer(model: &dyn Model, quantity: &Quantity, row: Option<[f64; 2]>) -> f64 {
    let Some([x, n]) = row else { return model.new_customer(quantity).unwrap() };
    let (x, n) = ([x], [n]);
    let table = Table::new().with("frequency", &x).unwrap().with("T", &n).unwrap();
    model.score(quantity, &table, &Control::new().threads(1)).unwrap()[0]
}

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * a.abs().max(b.abs()).max(1e-290)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn the_numbers_of_renewals_are_a_distribution_with_the_expected_mean_and_variance(
        model in any_contract(), there in 0u32..40, known: bool, horizon in 1u32..60,
    ) {
        let row = known.then_some([f64::from(there); 2]);
        let h = f64::from(horizon);
        let p: Vec<f64> =
            (0..=horizon).map(|n| answer(&model, &Quantity::PurchaseProbability { n, horizon: h }, row)).collect();
        let moment = |f: &dyn Fn(f64) -> f64| p.iter().enumerate().map(|(n, p)| p * f(n as f64)).sum::<f64>();
        prop_assert!((moment(&|_| 1.0) - 1.0).abs() < 1e-12);
        let mean = answer(&model, &Quantity::ExpectedPurchases { horizon: h }, row);
        prop_assert!(close(moment(&|n| n), mean, 1e-11), "{mean}");
        let variance = answer(&model, &Quantity::VarianceOfPurchases { horizon: h }, row);
        prop_assert!(close(moment(&|n| (n - mean) * (n - mean)), variance, 1e-9), "{variance}");
        prop_assert_eq!(answer(&model, &Quantity::PurchaseProbability { n: horizon + 1, horizon: h }, row), 0.0);
    }

    /// Whoever leaves does so at one of the opportunities, or is there after all of them.
    #[test]
    fn the_histories_are_a_distribution(model in any_contract(), n in 1u32..60) {
        let sum: f64 = (0..=n)
            .map(|x| answer(&model, &Quantity::LogLikelihood {}, Some([x, n].map(f64::from))).exp())
            .sum();
        prop_assert!((sum - 1.0).abs() < 1e-12, "{sum}");
    }

    #[test]
    fn of_who_has_left_nothing_comes(model in any_contract(), x in 0u32..30, more in 1u32..30, h in 1u32..50) {
        let row = Some([f64::from(x), f64::from(x + more)]);
        let h = f64::from(h);
        for quantity in [
            Quantity::ProbabilityAlive { after: 0.0 },
            Quantity::ExpectedPurchases { horizon: h },
            Quantity::PurchaseProbability { n: 1, horizon: h },
            Quantity::VarianceOfPurchases { horizon: h },
            Quantity::discounted(Discount::PerPeriod(0.1), None),
        ] {
            prop_assert_eq!(answer(&model, &quantity, row), 0.0);
        }
        prop_assert_eq!(answer(&model, &Quantity::PurchaseProbability { n: 0, horizon: h }, row), 1.0);
        // What followed says nothing.
        let at = |n| answer(&model, &Quantity::LogLikelihood {}, Some([f64::from(x), n]));
        prop_assert_eq!(at(f64::from(x) + 1.0).to_bits(), at(f64::from(x + more)).to_bits());
    }

    #[test]
    fn more_time_brings_more_renewals_and_discounting_takes_some_away(
        model in any_contract(), there in 0u32..40, h in 1u32..500, rate in log_uniform(1e-4, 1.0),
    ) {
        let row = Some([f64::from(there); 2]);
        let h = f64::from(h);
        let ask = |quantity| answer(&model, &quantity, row);
        let plain = ask(Quantity::ExpectedPurchases { horizon: h });
        let longer = ask(Quantity::ExpectedPurchases { horizon: h + 1.0 });
        prop_assert!(longer >= plain * (1.0 - 1e-14), "{longer} and {plain}");
        let discounted = ask(Quantity::discounted(Discount::Continuous(rate), h));
        let forever = ask(Quantity::discounted(Discount::Continuous(rate), None));
        prop_assert!(discounted <= plain * (1.0 + 1e-12) && discounted <= forever * (1.0 + 1e-12));
        let long = ask(Quantity::discounted(Discount::Continuous(rate), (60.0 / rate).ceil()));
        prop_assert!(close(long, forever, 1e-11), "{long} and {forever}");
        let same = ask(Quantity::discounted(Discount::PerPeriod(rate.exp_m1()), None));
        prop_assert!(close(same, forever, 1e-12), "{same} and {forever}");
        let variance = ask(Quantity::discounted_variance(Discount::Continuous(rate), None));
        prop_assert!(variance >= 0.0, "{variance}");
    }

    #[test]
    fn weibull_with_c_of_1_is_shifted_beta_geometric(
        a in log_uniform(0.01, 100.0), b in log_uniform(0.01, 1000.0), x in 0u32..30, more in 0u32..3,
    ) {
        let (one, two) = (Sbg::new(a, b).unwrap(), Bdw::new(a, b, 1.0).unwrap());
        let row = Some([f64::from(x), f64::from(x + more)]);
        for quantity in [
            Quantity::LogLikelihood {},
            Quantity::ExpectedPurchases { horizon: 9.0 },
            Quantity::PosteriorDropoutProbability {},
        ] {
            let (p, q) = (answer(&one, &quantity, row), answer(&two, &quantity, row));
            prop_assert!(close(p, q, 1e-12), "{quantity:?}: {p} and {q}");
        }
    }
}

#[test]
fn simulated_customers_stay_as_long_as_expected() {
    for model in [Bdw::new(0.6, 2.0, 1.4).unwrap(), Bdw::new(2.0, 30.0, 0.5).unwrap()] {
        let n = vec![9.0; 200_000];
        let drawn = model.simulate(&Table::new().with("T", &n).unwrap(), 5, &Control::new()).unwrap();
        for after in [1.0, 4.0, 9.0] {
            let there = drawn[0].iter().filter(|x| **x >= after).count() as f64 / n.len() as f64;
            let expected = model.new_customer(&Quantity::ProbabilityAlive { after }).unwrap();
            assert!(
                (there - expected).abs() < 5.0 * 0.5 / (n.len() as f64).sqrt(),
                "{there}, expected {expected}"
            );
        }
    }
}

/// Of the future of a customer who is there: the mean of what is drawn is what is expected.
#[test]
fn drawn_futures_are_those_expected() {
    let model = Bdw::new(0.6, 2.0, 1.4).unwrap();
    for (there, horizon) in [(0.0, 5.0), (3.0, 8.0)] {
        let draw = Family::futures(&model).unwrap();
        let (mut sum, mut times) = (0.0, Vec::new());
        let draws = 100_000;
        for i in 0..draws {
            times.clear();
            let mut stream = cam_core::math::random::Stream::new(3, i);
            draw(&[there, there], horizon, &mut stream, &mut times);
            sum += times.len() as f64;
        }
        let mean = sum / draws as f64;
        let expected = answer(&model, &Quantity::ExpectedPurchases { horizon }, Some([there; 2]));
        assert!(
            (mean - expected).abs() < 5.0 * 0.5 * horizon / (draws as f64).sqrt(),
            "{mean}, expected {expected}"
        );
    }
}

#[test]
fn data_without_a_maximum_are_named_as_such() {
    let fit = |x: &[f64], n: &[f64]| {
        let table = Table::new().with("frequency", x).unwrap().with("T", n).unwrap();
        Sbg::fit(table).map(|fitted| fitted.report().unwrap().status.clone())
    };
    let error = fit(&[3.0, 5.0], &[3.0, 5.0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotEnoughData);
    assert!(error.to_string().contains("nobody has left"), "{error}");
    let error = fit(&[0.0; 9], &[4.0; 9]).unwrap_err();
    assert!(error.to_string().contains("nobody has renewed"), "{error}");
    // All leave at the same opportunity: no two customers differ.
    assert!(matches!(fit(&[2.0; 9], &[4.0; 9]).unwrap(), Status::Boundary { .. }));
    let error = fit(&[4.0], &[3.0]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "row 0: need frequency <= T, renewals of opportunities, got frequency = 4, T = 3"
    );
    let error = fit(&[1.5], &[3.0]).unwrap_err();
    assert!(error.to_string().starts_with("row 0: frequency must be a whole number"), "{error}");
}

#[test]
fn extreme_parameters_give_finite_numbers() {
    for theta in [
        [1e-100, 1e100, 1e-100],
        [1e100, 1e-100, 1e100],
        [1e-100; 3],
        [1e100; 3],
        [1e-3, 1e3, 40.0],
        [0.5, 1e9, 300.0],
    ] {
        let model = Bdw::from_parameters(&theta).unwrap();
        for row in [Some([0.0, 1.0]), Some([50_000.0, 100_000.0]), Some([1e9; 2]), Some([3.0; 2]), None] {
            for quantity in [
                Quantity::LogLikelihood {},
                Quantity::ProbabilityAlive { after: 1e100 },
                Quantity::ExpectedPurchases { horizon: 1e100 },
                Quantity::VarianceOfPurchases { horizon: 1e6 },
                Quantity::PurchaseProbability { n: 7, horizon: 1000.0 },
                Quantity::discounted(Discount::PerPeriod(1e-3), None),
                Quantity::discounted(Discount::Continuous(1e-100), 1e6),
                Quantity::PosteriorDropoutProbability {},
            ] {
                if row.is_some() || !matches!(quantity, Quantity::LogLikelihood {}) {
                    let score = answer(&model, &quantity, row);
                    assert!(score.is_finite(), "{theta:?} {row:?} {quantity:?}: {score}");
                }
            }
        }
    }
}
