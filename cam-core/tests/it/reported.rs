//! What users of other libraries reported as wrong: each case has the right number here, or an outcome that is named.
//!
//! The numbers are in `testdata/reported.csv`, with the issue of each; `testdata/generate_reported.py` tells how they were computed.
//! Tolerance: 1e-11, as for the golden file and for its reason; relative, for log-likelihoods absolute or relative, the laxer.

use crate::quantities::answer;
use crate::testdata;
use cam_core::clv::{BgBb, BgNbd, GammaGamma, GgomNbd, History, MbgCnbdK, MbgNbd, ParetoNbd};
use cam_core::{
    Control, Discount, ErrorKind, Family, Fit, FitOptions, Fitted, Model, Quantity, Status, Table, model,
};
use std::collections::BTreeMap;

fn table<'a>(x: &'a [f64], t_x: &'a [f64], age: &'a [f64]) -> Table<'a> {
    Table::new().with("frequency", x).unwrap().with("recency", t_x).unwrap().with("T", age).unwrap()
}

#[test]
fn every_reported_case_has_its_right_number() {
    let text = testdata("reported.csv");
    let mut issues: BTreeMap<&str, usize> = BTreeMap::new();
    for line in text.lines().filter(|l| !l.starts_with('#')).skip(1) {
        let f: Vec<&str> = line.split(',').collect();
        let numbers: Vec<f64> = f[2..9].iter().map(|s| s.parse().unwrap()).collect();
        let quantity = match (f[9], f[10].parse().ok()) {
            ("log_likelihood", None) => Quantity::LogLikelihood {},
            ("alive", None) => Quantity::ProbabilityAlive { after: 0.0 },
            ("purchases", Some(horizon)) => Quantity::ExpectedPurchases { horizon },
            ("continuous", Some(rate)) => Quantity::discounted(Discount::Continuous(rate), None),
            other => panic!("{other:?}"),
        };
        // `mbg_cnbd_k:3` is the model with k = 3, the fifth parameter.
        let (id, fifth) = f[1].split_once(':').unwrap_or((f[1], ""));
        let theta: Vec<f64> = numbers[..4].iter().copied().chain(fifth.parse()).collect();
        let fitted = model(id).unwrap().with_parameters(&theta, None).unwrap();
        let got = answer(&*fitted.model, &quantity, Some(&numbers[4..7]));
        let truth: f64 = f[11].parse().unwrap();
        let size = if f[9] == "log_likelihood" { truth.abs().max(1.0) } else { truth.abs() };
        // At a corner of a search box powers of thousands cancel: their logarithms are rounded, and no more is asked than that.
        let powers = match (f[0], f[9]) {
            ("BTYDplus#51", "log_likelihood") => {
                let [r, alpha, s, beta] = [0, 1, 2, 3].map(|i| theta[i]);
                (r + numbers[4]) * (numbers[6] / alpha).ln_1p() + s * (numbers[6] / beta).ln_1p()
            }
            _ => 0.0,
        };
        assert!((got - truth).abs() <= 1e-11 * size + f64::EPSILON * powers, "{line}: {got:e}");
        *issues.entry(f[0]).or_default() += 1;
    }
    assert_eq!((issues.len(), issues.values().sum()), (22, 327), "{issues:?}");
}

/// The customers of lifetimes#90 and of its test file, which give three decimals.
#[test]
fn the_expected_purchases_that_overflowed_are_those_of_the_test_file() {
    let model = ParetoNbd::new(0.55, 10.58, 0.61, 11.67).unwrap();
    for (x, want) in [(132.0, 6.206), (133.0, 6.253)] {
        let customer = History::new(x, 200.0, 200.0).unwrap();
        assert!((model.expected_purchases(&customer, 10.0) - want).abs() < 5e-4);
        assert_eq!(model.probability_alive(&customer), 1.0);
    }
}

/// lifetimes#207, #304: the estimate s = 4.6e-10, with which the simulator divided by zero.
#[test]
fn a_population_that_never_leaves_can_be_simulated() {
    let model = ParetoNbd::new(1.2264, 12.163, 4.6e-10, 32.52).unwrap();
    let age = vec![50.0; 20_000];
    let design = Table::new().with("T", &age).unwrap();
    let drawn = model.simulate(&design, 7, &Control::new()).unwrap();
    let (x, t_x) = (drawn[0].clone(), drawn[1].clone());
    assert!(x.iter().chain(&t_x).all(|v| v.is_finite() && *v >= 0.0));
    // Nobody leaves, so that the mean is r T/α, its standard error here 0.035.
    let mean = x.iter().sum::<f64>() / 20_000.0;
    assert!((mean - 1.2264 * 50.0 / 12.163).abs() < 4.0 * 0.035, "{mean}");
}

/// lifetimes#86, #258, #262, #381, #396, #419, CLVTools#149, #176: searches that stopped where they had begun, or at the first number that was
/// not finite, or at different points.
#[test]
fn outlandish_starts_lead_to_the_same_maximum() {
    let calibration = crate::cdnow().calibration;
    fn from<F: Family>(starts: &[Vec<f64>], data: &cam_core::Summary) {
        let best = F::fit(data).unwrap();
        for start in starts {
            let fitted = F::fit_with(data, &FitOptions::new().start(start.clone()), &Control::new()).unwrap();
            assert!(fitted.report().unwrap().converged(), "{start:?}: {:?}", fitted.report());
            for (a, b) in fitted.model.theta().iter().zip(best.model.theta()) {
                assert!((a - b).abs() <= 1e-7 * b, "{start:?}: {a}, {b}");
            }
        }
    }
    let starts = [
        [0.1; 4],
        [1e-10; 4],
        [1e10; 4],
        [1e-4, 1e8, 1e5, 1e-3],
        [1.105171, 2295.44, 1.105171, 1.105171],
        [0.0074, 9.2e-8, 1339.0, 0.11],
    ];
    let starts: Vec<Vec<f64>> = starts.iter().map(|s| s.to_vec()).collect();
    from::<BgNbd>(&starts, &calibration);
    from::<ParetoNbd>(&starts, &calibration);
    from::<GammaGamma>(&[vec![0.1; 3], vec![50.0, 0.5, 1e4], vec![1e-3, 1e3, 1.0]], &calibration);
}

/// lifetimes#381, #262: with the start (0.1, 0.1, 0.1, 0.1), e^(A3) = a/(b + x − 1) (α + t_x)^−(r+x) overflows for such customers.
#[test]
fn customers_with_thousands_of_purchases_in_half_a_year_can_be_fitted() {
    let truth = BgNbd::new(2.0, 0.001, 0.02, 2.0).unwrap();
    let age = vec![0.5; 5_000];
    let drawn = truth.simulate(&Table::new().with("T", &age).unwrap(), 1, &Control::new()).unwrap();
    assert!(drawn[0].iter().fold(0.0_f64, |a, &b| a.max(b)) > 2_000.0);
    let data = table(&drawn[0], &drawn[1], &age);
    for start in [vec![0.1; 4], vec![1.105171; 4]] {
        let fitted = BgNbd::fit_with(data.clone(), &FitOptions::new().start(start), &Control::new()).unwrap();
        let report = fitted.report().unwrap();
        assert!(report.converged(), "{report:?}");
        for ((got, truth), error) in
            fitted.model.theta().iter().zip(truth.theta()).zip(report.standard_errors().unwrap())
        {
            assert!((got - truth).abs() < 4.0 * error, "{got} for {truth}, standard error {error}");
        }
    }
}

/// CLVTools#132: s = 64 with beta = 7722 is hardly to be told from one rate of leaving for all. There the Hessian was missing.
#[test]
fn customers_who_leave_at_nearly_the_same_rate_give_errors_or_a_boundary() {
    let truth = ParetoNbd::new(0.5329, 38.0598, 64.2792, 7721.5264).unwrap();
    let fit = |n: usize| -> Fitted<ParetoNbd> {
        let age = vec![104.0; n];
        let drawn = truth.simulate(&Table::new().with("T", &age).unwrap(), 1, &Control::new()).unwrap();
        let data = table(&drawn[0], &drawn[1], &age);
        let fitted = ParetoNbd::fit(data.clone()).unwrap();
        let at_truth = truth.score(&Quantity::LogLikelihood {}, &data, &Control::new()).unwrap();
        assert!(fitted.report().unwrap().log_likelihood >= at_truth.iter().sum());
        fitted
    };
    // Many customers show some difference between them: a maximum, with an error as large as the estimate.
    let many = fit(50_000);
    let errors = many.report().unwrap().standard_errors().unwrap();
    assert!(many.report().unwrap().converged());
    assert!(
        errors[2] > many.model.s() && errors.iter().all(|e| e.is_finite()),
        "{:?} {errors:?}",
        many.model
    );
    // Few do not: s and beta run off together, and their ratio is the rate of leaving.
    let few = fit(2_000);
    let Status::Boundary { parameters } = &few.report().unwrap().status else { panic!("{:?}", few.report()) };
    assert_eq!(parameters[..], ["s -> infinity", "beta -> infinity"]);
    let rate = few.model.s() / few.model.beta();
    assert!((rate / (64.2792 / 7721.5264) - 1.0).abs() < 0.2, "{rate}");
}

/// lifetimes#146: with q < 1 the mean spend of the population is infinite, and the formula gives a negative number.
#[test]
fn an_infinite_expected_spend_is_an_error_and_never_negative() {
    let model = GammaGamma::new(6.25, 0.8, 15.4).unwrap();
    let error = model.new_customer(&Quantity::ExpectedSpend {}).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Numerical);
    assert!(error.to_string().contains("the expected spend is infinite"), "{error}");
    // Who has bought once is finite: p (v + z)/(p + q − 1).
    let spend = model.expected_spend(1.0, 20.0).unwrap();
    assert!((spend - 6.25 * 35.4 / 6.05).abs() < 1e-12, "{spend}");
}

/// lifetimes#374: expected purchases under MBG/NBD were infinite. However many purchases, however far ahead: never more than if nobody left.
#[test]
fn expected_purchases_of_a_modified_bg_nbd_are_finite_and_below_those_of_a_customer_who_stays() {
    for (r, alpha, a, b) in
        [(0.525, 6.183, 0.891, 1.614), (0.525, 6.183, 1.0, 1.614), (1.62, 189.55, 0.15, 1.76)]
    {
        let model = MbgNbd::new(r, alpha, a, b).unwrap();
        for (x, recency, age) in
            [(0.0, 0.0, 39.0), (29.0, 10.0, 38.0), (700.0, 360.0, 365.0), (10_000.0, 30.0, 31.0)]
        {
            let customer = History::new(x, recency, age).unwrap();
            let mut before = 0.0;
            for horizon in [30.0, 365.0, 3_650.0, 1e6] {
                let expected = model.expected_purchases(&customer, horizon);
                let who_stays = (r + x) / (alpha + age) * horizon;
                assert!(expected > before && expected <= who_stays, "{x} {horizon}: {expected}, {who_stays}");
                before = expected;
            }
        }
    }
}

/// lifetimes#259: the likelihood of BG/BB was NaN where the search began, at (0.1, 0.1, 0.1, 0.1), because rows were no histories: bought in more opportunities than there had been.
#[test]
fn a_bg_bb_fit_begins_at_a_tenth_and_names_the_row_that_is_no_history() {
    let start = || FitOptions::new().start(vec![0.1; 4]);
    let donations = crate::donations::Donations::read();
    let best = BgBb::fit(donations.table()).unwrap();
    let fitted = BgBb::fit_with(donations.table(), &start(), &Control::new()).unwrap();
    assert!(fitted.report().unwrap().converged());
    for (a, b) in fitted.model.theta().iter().zip(best.model.theta()) {
        assert!((a - b).abs() <= 1e-6 * b, "{a}, {b}");
    }
    // What a summary in days looks like, and what was handed over: ten purchases up to opportunity 9.
    let (x, t_x, n) = ([0.0, 10.0, 6.0], [0.0, 9.0, 142.0], [30.0, 30.0, 292.0]);
    let rows = Table::new().with("frequency", &x).unwrap().with("recency", &t_x).unwrap();
    let rows = rows.with("T", &n).unwrap();
    let error = BgBb::fit_with(rows, &start(), &Control::new()).unwrap_err();
    assert_eq!((error.kind(), error.row()), (ErrorKind::InvalidData, Some(1)), "{error}");
}

/// CLVTools#206: the paper's formula for known customers is wrong (Adler 2022), and its function has no value for beta < 1. The numbers above are integrals; here the law that
/// they follow: a customer's risk of leaving goes up with age where beta > 1, and down where beta < 1, and beta = 1 is no seam.
#[test]
fn what_an_old_customer_of_ggom_nbd_has_ahead_depends_on_beta_and_has_no_seam() {
    for (b, s, beta) in [(0.1, 1.2, 0.5), (0.05, 0.8, 0.05), (0.1, 1.2, 6.0)] {
        let model = GgomNbd::new(0.9, 4.0, b, s, beta).unwrap();
        // Both have just bought, so that both are there; this is the time that they have left, of 52.
        let expected = |age: f64| {
            let customer = History::new(5.0, age, age).unwrap();
            model.expected_purchases(&customer, 52.0) / ((0.9 + 5.0) / (4.0 + age))
        };
        let (young, old) = (expected(5.0), expected(50.0));
        assert!(if beta > 1.0 { old < young } else { old > young }, "{beta}: {young}, {old}");
    }
    let near = |beta: f64| {
        let model = GgomNbd::new(0.9, 4.0, 0.1, 1.2, beta).unwrap();
        model.expected_purchases(&History::new(2.0, 30.43, 38.86).unwrap(), 52.0)
    };
    for side in [1.0 - 1e-12, 1.0 + 1e-12] {
        assert!((near(side) / near(1.0) - 1.0).abs() < 1e-11);
    }
}

/// BTYDplus#51: "L-BFGS-B needs finite values", from the start (1, 1, 1, 1) in a box up to 10,000. The likelihood is finite at every corner, and each is a start.
#[test]
fn a_search_from_any_corner_of_the_box_finds_the_maximum_of_pareto_nbd() {
    let data = crate::cdnow().calibration;
    let best = ParetoNbd::fit(&data).unwrap();
    let sides = [1e-5, 1e4];
    for corner in 0..16_usize {
        let start: Vec<f64> = (0..4).map(|i| sides[corner >> i & 1]).collect();
        let fitted =
            ParetoNbd::fit_with(&data, &FitOptions::new().start(start.clone()), &Control::new()).unwrap();
        for (a, b) in fitted.model.theta().iter().zip(best.model.theta()) {
            assert!((a - b).abs() <= 1e-7 * b, "{start:?}: {a}, {b}");
        }
    }
}

/// BTYDplus#75, #78: many data gave NaN, in the estimates and in what is expected.
#[test]
fn many_customers_with_thousands_of_purchases_can_be_fitted_with_phases() {
    let truth = MbgCnbdK::new(2.0, 0.02, 0.02, 2.0, 2.0).unwrap();
    let age = vec![10.0; 20_000];
    let drawn = truth.simulate(&Table::new().with("T", &age).unwrap(), 1, &Control::new()).unwrap();
    assert!(drawn[0].iter().fold(0.0_f64, |a, &b| a.max(b)) > 2_000.0);
    let columns: Vec<&str> = MbgCnbdK::SPEC.columns.iter().map(|c| c.name).collect();
    let data =
        columns.iter().zip(&drawn).fold(Table::new(), |t, (name, column)| t.with(name, &column[..]).unwrap());
    let fitted = MbgCnbdK::fit(data.clone()).unwrap();
    let report = fitted.report().unwrap();
    assert!(report.converged() && fitted.model.k() == 2.0, "{report:?}");
    let errors = report.standard_errors().unwrap();
    for ((got, truth), error) in fitted.model.theta().iter().zip(truth.theta()).zip(errors) {
        assert!((got - truth).abs() < 4.0 * error, "{got} for {truth}, standard error {error}");
    }
    let expected =
        fitted.model.score(&Quantity::ExpectedPurchases { horizon: 10.0 }, &data, &Control::new()).unwrap();
    assert!(expected.iter().all(|e| e.is_finite() && *e >= 0.0));
}
