//! Every answer of every model against values of at least 25 digits that were found by other means
//! (`testdata/generate_quantities.py`, `generate_counting.py`: closed forms and sums in ball arithmetic; `generate_bg_bb_spend.py`: sums at 60 digits), and laws that hold
//! for any customer.
//!
//! Tolerance: 1e-11 relative. An answer is e^E with |E| ≤ 668 above 1e-290, E the sum of products (r + x) · ln(…) of numbers that are themselves
//! rounded, so that a few units in the last place of E are several hundred of the answer: about 1e-12 here. Below 1e-290, where doubles
//! soon become subnormal, the tolerance is 1e-290. A log-likelihood crosses zero: relative to it or to 1. Derivatives are sums whose terms cancel:
//! 1e-10 of the derivative by ln θ, or of 1e-3 where that is smaller (at the answers of a fit it is 0).

use crate::testdata;
use cam_core::clv::{
    Bdw, BgBb, BgCnbdK, BgNbd, GammaGamma, GgomNbd, History, LogNormalSpend, MbgCnbdK, MbgNbd, Nbd,
    NormalSpend, ParetoNbd, ParetoNbdSarmanov, Sbg,
};
use cam_core::math::jet::{Derivatives, Real};
use cam_core::table::{Dimension, Variable};
use cam_core::{Control, Discount, Family, Model, Quantity, Table, model};
use proptest::prelude::*;
use std::collections::BTreeMap;

pub(super) struct Case<'a> {
    pub(super) line: &'a str,
    pub(super) id: &'a str,
    pub(super) theta: Vec<f64>,
    /// None is a new customer.
    pub(super) row: Option<Vec<f64>>,
    pub(super) quantity: &'a str,
    pub(super) arguments: Vec<f64>,
    pub(super) truth: f64,
}

pub(super) fn cases(text: &str) -> Vec<Case<'_>> {
    let numbers = |fields: &[&str]| -> Vec<f64> {
        fields.iter().filter(|s| !s.is_empty()).map(|s| s.parse().unwrap()).collect()
    };
    let read = |line| {
        let f: Vec<&str> = str::split(line, ',').collect();
        let row = numbers(&f[5..8]);
        // `bg_cnbd_k:3` is the model with k = 3, the fifth parameter.
        let (id, k) = f[0].split_once(':').unwrap_or((f[0], ""));
        Case {
            line,
            id,
            theta: [numbers(&f[1..5]), numbers(&[k])].concat(),
            row: (!row.is_empty()).then_some(row),
            quantity: f[8],
            arguments: numbers(&f[9..11]),
            truth: f[11].parse().unwrap(),
        }
    };
    // A comment, and the names of the columns.
    text.lines().filter(|l| !l.starts_with('#') && !l.starts_with("model,")).map(read).collect()
}

/// Σ ln Δ of a customer who buys like clockwork.
fn log_intervals(row: &[f64]) -> f64 {
    if row[0] > 0.0 { row[0] * (row[1] / row[0]).ln() } else { 0.0 }
}

/// One number for one row, or for a new customer.
pub(crate) fn answer(model: &dyn Model, quantity: &Quantity, row: Option<&[f64]>) -> f64 {
    let Some(row) = row else { return model.new_customer(quantity).unwrap() };
    let mut table = Table::new();
    for (column, value) in model.spec().columns.iter().zip(row) {
        table = table.with(column.name, std::slice::from_ref(value)).unwrap();
    }
    // Only the likelihood may ask for what the regularity is known from.
    let logs = [if model.spec().row_columns().len() == 3 { log_intervals(row) } else { f64::NAN }];
    if matches!(quantity, Quantity::LogLikelihood {}) && table.get("log_intervals").is_none() {
        table = table.with("log_intervals", &logs).unwrap();
    }
    model.score(quantity, &table, &Control::new().threads(1)).unwrap()[0]
}

fn finite(horizon: f64) -> Option<f64> {
    horizon.is_finite().then_some(horizon)
}

/// What the row of the file asks for, and a name for the table.
fn quantity(name: &str, arguments: &[f64]) -> (Quantity, &'static str) {
    match name {
        "log_likelihood" => (Quantity::LogLikelihood {}, "log-likelihood"),
        "alive" => (Quantity::ProbabilityAlive { after: arguments[0] }, "P(alive) later"),
        "purchases" => (Quantity::ExpectedPurchases { horizon: arguments[0] }, "expected purchases"),
        "count" => {
            let (n, horizon) = (arguments[0] as u32, arguments[1]);
            (Quantity::PurchaseProbability { n, horizon }, "P(n purchases)")
        }
        // `later_3` is P(3 purchases): both arguments are times.
        later if later.starts_with("later_") => {
            let (n, after, horizon) = (later[6..].parse().unwrap(), arguments[0], arguments[1]);
            (Quantity::LaterPurchaseProbability { n, after, horizon }, "P(n purchases later)")
        }
        "continuous" => (
            Quantity::discounted(Discount::Continuous(arguments[0]), finite(arguments[1])),
            if arguments[1].is_finite() {
                "discounted, rate δ, finite"
            } else {
                "discounted, rate δ, for ever"
            },
        ),
        "period" => (
            Quantity::discounted(Discount::PerPeriod(arguments[0]), finite(arguments[1])),
            match arguments[1] {
                h if h.is_infinite() => "discounted per period, for ever",
                h if h.fract() == 0.0 => "discounted per period, whole",
                _ => "discounted per period, a part last",
            },
        ),
        "spend" => (Quantity::ExpectedSpend {}, "expected spend"),
        "variance" => (Quantity::VarianceOfPurchases { horizon: arguments[0] }, "variance of purchases"),
        "variance_continuous" => (
            Quantity::discounted_variance(Discount::Continuous(arguments[0]), finite(arguments[1])),
            "variance of discounted purchases, rate δ",
        ),
        "variance_period" => (
            Quantity::discounted_variance(Discount::PerPeriod(arguments[0]), finite(arguments[1])),
            "variance of discounted purchases, per period",
        ),
        "variance_of_mean_spend" => (Quantity::VarianceOfMeanSpend {}, "variance of mean spend"),
        "expected_spend_variance" => (Quantity::ExpectedSpendVariance {}, "expected variance of spend"),
        "posterior_p" => (Quantity::PosteriorPurchaseProbability {}, "posterior mean of p"),
        "posterior_theta" => (Quantity::PosteriorDropoutProbability {}, "posterior mean of θ"),
        _ => panic!("{name} is no quantity"),
    }
}

fn gradient<F: Family>(theta: &[f64], row: &[f64]) -> Vec<f64> {
    let free = F::SPEC.free_parameters().len();
    let number = |(i, &v): (usize, &f64)| if i < free { F::Jet::variable(v, i) } else { F::Jet::constant(v) };
    let at: Vec<F::Jet> = theta.iter().enumerate().map(number).collect();
    let shared = F::shared(&at, row[0]);
    let jet = F::log_likelihood(&at, &shared, row);
    assert!(jet.value().is_finite());
    jet.gradient().to_vec()
}

/// Prints the worst error of each quantity in Markdown; `make accuracy` shows it.
#[test]
fn accuracy_of_every_quantity() {
    let text = [
        "quantities.csv",
        "counting.csv",
        "bg_bb_spend.csv",
        "variance.csv",
        "families.csv",
        "counting_more.csv",
        "variance_more.csv",
        "later.csv",
        "contracts.csv",
    ]
    .map(testdata)
    .concat();
    // (model, quantity, whether new) → number, worst error, where.
    let mut worst: BTreeMap<(&str, &str, bool), (usize, f64, &str)> = BTreeMap::new();
    let mut failures = Vec::new();
    for case in cases(&text) {
        let row = case.row.as_deref();
        let (got, name, tolerance, least) = if case.quantity == "gradient" {
            let row = row.unwrap();
            let gradient = match case.id {
                "bg_nbd" => gradient::<BgNbd>(&case.theta, row),
                "pareto_nbd" => gradient::<ParetoNbd>(&case.theta, row),
                "nbd" => gradient::<Nbd>(&case.theta, row),
                "mbg_nbd" => gradient::<MbgNbd>(&case.theta, row),
                "bg_cnbd_k" => gradient::<BgCnbdK>(&case.theta, row),
                "mbg_cnbd_k" => gradient::<MbgCnbdK>(&case.theta, row),
                "bg_bb" => gradient::<BgBb>(&case.theta, row),
                "ggom_nbd" => gradient::<GgomNbd>(&case.theta, row),
                "pareto_nbd_sarmanov" => gradient::<ParetoNbdSarmanov>(&case.theta, row),
                "normal_spend" => gradient::<NormalSpend>(&case.theta, row),
                "sbg" => gradient::<Sbg>(&case.theta, row),
                "bdw" => gradient::<Bdw>(&case.theta, row),
                "log_normal_spend" => gradient::<LogNormalSpend>(&case.theta, row),
                _ => gradient::<GammaGamma>(&case.theta, row),
            };
            let k = case.arguments[0] as usize;
            (gradient[k], "derivatives of the log-likelihood", 1e-10, 1e-3 / case.theta[k])
        } else {
            let (quantity, name) = quantity(case.quantity, &case.arguments);
            let fitted = model(case.id).unwrap().with_parameters(&case.theta, None).unwrap();
            let least = if case.quantity == "log_likelihood" { 1.0 } else { 1e-279 };
            (answer(&*fitted.model, &quantity, row), name, 1e-11, least)
        };
        let error = (got - case.truth).abs() / case.truth.abs().max(least);
        // A NaN must fail, too.
        if !(error <= tolerance) {
            failures.push(format!("{}: got {got:e}, error {error:.1e}", case.line));
        }
        let entry = worst.entry((case.id, name, row.is_none())).or_insert((0, 0.0, case.line));
        entry.0 += 1;
        if !(error <= entry.1) {
            (entry.1, entry.2) = (error, case.line);
        }
    }
    println!("\n| model | quantity | customer | values | worst relative error |");
    println!("|---|---|---|---:|---:|");
    for ((id, name, new), (number, error, _)) in &worst {
        let customer = if *new { "new" } else { "known" };
        println!("| {id} | {name} | {customer} | {number} | {error:.1e} |");
    }
    assert!(
        failures.is_empty(),
        "{} failures:\n{}",
        failures.len(),
        failures[..failures.len().min(200)].join("\n")
    );
    let values: usize = worst.values().map(|w| w.0).sum();
    assert!(values > 3_000 && worst.len() >= 33, "{values} values of {} kinds", worst.len());
}

/// A positive number, its logarithm uniform.
fn log_uniform(low: f64, high: f64) -> impl Strategy<Value = f64> {
    (low.ln()..high.ln()).prop_map(f64::exp)
}

/// A purchase model of any kind, ordinary to extreme, in units of time of any length.
pub(super) fn purchase_model() -> impl Strategy<Value = (&'static str, Vec<f64>)> {
    let shape = || log_uniform(0.05, 20.0);
    let time = || log_uniform(0.1, 1000.0);
    prop_oneof![
        (shape(), time(), shape(), shape()).prop_map(|(r, alpha, a, b)| ("bg_nbd", vec![r, alpha, a, b])),
        (shape(), time(), shape(), time())
            .prop_map(|(r, alpha, s, beta)| ("pareto_nbd", vec![r, alpha, s, beta])),
        (shape(), time()).prop_map(|(r, alpha)| ("nbd", vec![r, alpha])),
        (shape(), time(), shape(), shape()).prop_map(|(r, alpha, a, b)| ("mbg_nbd", vec![r, alpha, a, b])),
        (shape(), time(), shape(), shape(), 1u32..13)
            .prop_map(|(r, alpha, a, b, k)| ("bg_cnbd_k", vec![r, alpha, a, b, f64::from(k)])),
        (shape(), time(), shape(), shape(), 1u32..13)
            .prop_map(|(r, alpha, a, b, k)| ("mbg_cnbd_k", vec![r, alpha, a, b, f64::from(k)])),
        (shape(), time(), log_uniform(1e-4, 1.0), shape(), log_uniform(1e-4, 1e4))
            .prop_map(|(r, alpha, b, s, beta)| ("ggom_nbd", vec![r, alpha, b, s, beta])),
        (shape(), time(), shape(), time(), log_uniform(1e-3, 1e3))
            .prop_map(|(r, alpha, s, beta, g)| ("pareto_nbd_sarmanov", vec![r, alpha, s, beta, g])),
    ]
}

/// Frequency, recency, age.
pub(super) fn history() -> impl Strategy<Value = [f64; 3]> {
    (prop_oneof![Just(0u32), 1u32..6, 6u32..200], 0.01f64..=1.0, log_uniform(0.01, 3000.0))
        .prop_map(|(x, share, age)| [f64::from(x), if x == 0 { 0.0 } else { share * age }, age])
}

pub(super) fn boxed(id: &str, theta: &[f64]) -> Box<dyn Model> {
    model(id).unwrap().with_parameters(theta, None).unwrap().model
}

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * a.abs().max(b.abs()).max(1e-290)
}

/// Every kind of question, at one horizon.
fn questions(h: f64) -> Vec<Quantity> {
    vec![
        Quantity::LogLikelihood {},
        Quantity::ProbabilityAlive { after: 0.0 },
        Quantity::ProbabilityAlive { after: h },
        Quantity::ExpectedPurchases { horizon: h },
        Quantity::PurchaseProbability { n: 0, horizon: h },
        Quantity::PurchaseProbability { n: 3, horizon: h },
        Quantity::LaterPurchaseProbability { n: 0, after: 0.7 * h, horizon: h },
        Quantity::LaterPurchaseProbability { n: 2, after: 0.7 * h, horizon: h },
        Quantity::discounted(Discount::Continuous(0.1 / h), h),
        Quantity::discounted(Discount::Continuous(0.1 / h), None),
        Quantity::discounted(Discount::PerPeriod(0.05), h),
        Quantity::discounted(Discount::PerPeriod(0.05), None),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// The tail of the count is bounded by what remains of the mean, so both sums are taken until all but 1e-9 is there.
    #[test]
    fn the_numbers_of_purchases_are_a_distribution_with_the_expected_mean(
        (id, theta) in purchase_model(), row in history(), known: bool, share in 0.01f64..0.2,
    ) {
        let model = boxed(id, &theta);
        let row = known.then_some(&row[..]);
        // A horizon in which few purchases come, so that a thousand counts hold all but a tail that a light rate cannot reach.
        let age = row.map_or(0.0, |row| row[2]);
        let x = row.map_or(0.0, |row| row[0]);
        let horizon = share * (theta[1] + age) / (1.0 + 0.02 * (theta[0] + x));
        let (mut sum, mut mean) = (0.0, 0.0);
        for n in 0..400 {
            let p = answer(&*model, &Quantity::PurchaseProbability { n, horizon }, row);
            prop_assert!((0.0..=1.0 + 1e-14).contains(&p), "P({n}) = {p}");
            sum += p;
            mean += f64::from(n) * p;
        }
        let expected = answer(&*model, &Quantity::ExpectedPurchases { horizon }, row);
        prop_assert!((sum - 1.0).abs() < 1e-12, "sum {sum}");
        prop_assert!(close(mean, expected, 1e-11), "mean {mean}, expected {expected}");
    }

    /// So are those of a later period, and their mean is what is expected up to its end and not up to its beginning.
    #[test]
    fn the_numbers_of_purchases_of_a_later_period_are_a_distribution_with_the_expected_mean(
        (id, theta) in purchase_model(), row in history(), known: bool, share in 0.01f64..0.1, wait in 0.01f64..3.0,
    ) {
        let model = boxed(id, &theta);
        let row = known.then_some(&row[..]);
        let (x, age) = row.map_or((0.0, 0.0), |row| (row[0], row[2]));
        let horizon = share * (theta[1] + age) / (1.0 + 0.02 * (theta[0] + x));
        let after = wait * horizon;
        let (mut sum, mut mean) = (0.0, 0.0);
        // Some five are expected at most, and from there on they fall about tenfold each; where hardly anybody is alive all of them are small.
        for n in 0..60 {
            let p = answer(&*model, &Quantity::LaterPurchaseProbability { n, after, horizon }, row);
            prop_assert!((0.0..=1.0 + 1e-14).contains(&p), "P({n}) = {p}");
            sum += p;
            mean += f64::from(n) * p;
            if n > 20 && f64::from(n) * p < 1e-14 * mean {
                break;
            }
        }
        let until = |horizon| answer(&*model, &Quantity::ExpectedPurchases { horizon }, row);
        let (whole, before) = (until(after + horizon), until(after));
        prop_assert!((sum - 1.0).abs() < 1e-12, "sum {sum}");
        prop_assert!((mean - (whole - before)).abs() < 1e-11 * whole.max(1e-290), "mean {mean}, expected {}", whole - before);
        let now = answer(&*model, &Quantity::LaterPurchaseProbability { n: 1, after: 0.0, horizon }, row);
        let same = answer(&*model, &Quantity::PurchaseProbability { n: 1, horizon }, row);
        prop_assert_eq!(now.to_bits(), same.to_bits());
    }

    #[test]
    fn a_longer_silence_never_raises_the_probability_of_being_alive(
        (id, theta) in purchase_model(), [x, recency, age] in history(), more in log_uniform(1e-6, 1e3), after in log_uniform(1e-3, 1e3),
    ) {
        let model = boxed(id, &theta);
        let alive = |age: f64, after| {
            answer(&*model, &Quantity::ProbabilityAlive { after }, Some(&[x, recency, age]))
        };
        prop_assert!(alive(age + more, 0.0) <= alive(age, 0.0) * (1.0 + 1e-13));
        // To be alive later is to be alive now.
        prop_assert!(alive(age, after) <= alive(age, 0.0) * (1.0 + 1e-13));
    }

    #[test]
    fn days_or_weeks_give_the_same_probabilities(
        (id, theta) in purchase_model(), row in history(), per in log_uniform(1e-4, 1e6), h in log_uniform(0.1, 300.0),
    ) {
        let spec = model(id).unwrap().spec();
        prop_assume!(!spec.is_bound_to_unit());
        let parameters = spec.parameters;
        let scale = |(value, p): (&f64, &Variable)| match p.dimension {
            Dimension::Time => value * per,
            Dimension::Rate => value / per,
            _ => *value,
        };
        let scaled: Vec<f64> = theta.iter().zip(parameters).map(scale).collect();
        let (weeks, days) = (boxed(id, &theta), boxed(id, &scaled));
        let in_days = [row[0], row[1] * per, row[2] * per];
        let same = |a: &Quantity, b: &Quantity| {
            let (a, b) = (answer(&*weeks, a, Some(&row)), answer(&*days, b, Some(&in_days)));
            (close(a, b, 1e-12), a, b)
        };
        for (a, b) in [
            (Quantity::ProbabilityAlive { after: 0.0 }, Quantity::ProbabilityAlive { after: 0.0 }),
            (Quantity::ProbabilityAlive { after: h }, Quantity::ProbabilityAlive { after: h * per }),
            (Quantity::ExpectedPurchases { horizon: h }, Quantity::ExpectedPurchases { horizon: h * per }),
            (
                Quantity::PurchaseProbability { n: 2, horizon: h },
                Quantity::PurchaseProbability { n: 2, horizon: h * per },
            ),
            (
                Quantity::discounted(Discount::Continuous(0.01), h),
                Quantity::discounted(Discount::Continuous(0.01 / per), h * per),
            ),
            (
                Quantity::discounted(Discount::Continuous(0.01), None),
                Quantity::discounted(Discount::Continuous(0.01 / per), None),
            ),
        ] {
            let (equal, a_value, b_value) = same(&a, &b);
            prop_assert!(equal, "{a:?}: {a_value} and {b_value}");
        }
    }

    #[test]
    fn more_time_brings_more_purchases_and_discounting_takes_some_away(
        (id, theta) in purchase_model(), row in history(), known: bool, h in log_uniform(1e-3, 1e4), more in 1.01f64..10.0,
        rate in log_uniform(1e-4, 1.0),
    ) {
        let model = boxed(id, &theta);
        let row = known.then_some(&row[..]);
        let ask = |quantity| answer(&*model, &quantity, row);
        let plain = ask(Quantity::ExpectedPurchases { horizon: h });
        prop_assert!(plain >= 0.0);
        let longer = ask(Quantity::ExpectedPurchases { horizon: h * more });
        prop_assert!(longer >= plain * (1.0 - 1e-14), "{longer} and {plain}");
        for discount in [Discount::Continuous(rate), Discount::PerPeriod(rate)] {
            let discounted = ask(Quantity::discounted(discount, h));
            prop_assert!(discounted <= plain * (1.0 + 1e-13), "{discount:?}: {discounted} of {plain}");
            let forever = ask(Quantity::discounted(discount, None));
            prop_assert!(discounted <= forever * (1.0 + 1e-12), "{discount:?}: {discounted} of {forever} for ever");
            // After 150/rate nothing counts any more: e^(−150) = 7e-66, and (1 + rate)^(−150/rate) ≤ 2^(−150) = 7e-46, whatever power of time (up to
            // k, where purchases are regular and rare) it is multiplied by.
            let long = ask(Quantity::discounted(discount, (150.0 / rate).ceil()));
            prop_assert!(close(long, forever, 1e-12), "{discount:?}: {long} and {forever}");
        }
    }

    #[test]
    fn after_no_time_all_is_as_now(
        (id, theta) in purchase_model(), row in history(),
    ) {
        let model = boxed(id, &theta);
        let ask = |quantity| answer(&*model, &quantity, Some(&row));
        let now = ask(Quantity::ProbabilityAlive { after: 0.0 });
        // The smallest time there is goes the way of any time.
        let soon = ask(Quantity::ProbabilityAlive { after: 5e-324 });
        prop_assert!(close(now, soon, 1e-13), "{now} and {soon}");
        prop_assert_eq!(ask(Quantity::ExpectedPurchases { horizon: 0.0 }), 0.0);
        prop_assert!(close(ask(Quantity::PurchaseProbability { n: 0, horizon: 0.0 }), 1.0, 1e-14), "P(0)");
        prop_assert_eq!(ask(Quantity::PurchaseProbability { n: 1, horizon: 0.0 }), 0.0);
        for discount in [Discount::Continuous(0.1), Discount::PerPeriod(0.1)] {
            prop_assert_eq!(ask(Quantity::discounted(discount, 0.0)), 0.0);
        }
        let new = |quantity| answer(&*model, &quantity, None);
        // Some leave at their first purchase where the model lets them.
        let stays = if id.starts_with("mbg") { theta[3] / (theta[2] + theta[3]) } else { 1.0 };
        prop_assert!(close(new(Quantity::ProbabilityAlive { after: 0.0 }), stays, 1e-14), "P(alive)");
        prop_assert_eq!(new(Quantity::ExpectedPurchases { horizon: 0.0 }), 0.0);
        prop_assert!(close(new(Quantity::PurchaseProbability { n: 0, horizon: 0.0 }), 1.0, 1e-14), "P(0)");
        prop_assert_eq!(new(Quantity::PurchaseProbability { n: 1, horizon: 0.0 }), 0.0);
    }

    #[test]
    fn a_customer_observed_for_no_time_is_a_new_one((id, theta) in purchase_model(), h in log_uniform(1e-2, 1e3)) {
        let model = boxed(id, &theta);
        for quantity in &questions(h)[1..] {
            let (known, new) = (answer(&*model, quantity, Some(&[0.0; 3])), answer(&*model, quantity, None));
            prop_assert!(close(known, new, 1e-12), "{quantity:?}: {known} and {new}");
        }
    }

    #[test]
    fn a_customer_among_others_gets_the_same_bits_as_alone(
        (id, theta) in purchase_model(), rows in prop::collection::vec(history(), 1..12), h in log_uniform(1e-2, 1e3),
    ) {
        let model = boxed(id, &theta);
        let column = |k: usize| -> Vec<f64> { rows.iter().map(|row| row[k]).collect() };
        let (x, recency, age) = (column(0), column(1), column(2));
        let table = Table::new().with("frequency", &x).unwrap().with("recency", &recency).unwrap();
        let logs: Vec<f64> = rows.iter().map(|row| log_intervals(row)).collect();
        let table = table.with("T", &age).unwrap().with("log_intervals", &logs).unwrap();
        for quantity in questions(h) {
            let all = model.score(&quantity, &table, &Control::new().threads(2)).unwrap();
            for (row, all) in rows.iter().zip(all) {
                prop_assert!(all.is_finite(), "{quantity:?} {row:?}: {all}");
                let alone = answer(&*model, &quantity, Some(row));
                prop_assert_eq!(alone.to_bits(), all.to_bits(), "{:?} {:?}: {} and {}", quantity, row, alone, all);
            }
        }
    }

    #[test]
    fn typed_methods_give_the_same_bits_as_scores(
        (id, theta) in purchase_model(), row in history(), h in log_uniform(1e-2, 1e3), mean in log_uniform(0.01, 1e6),
    ) {
        let customer = History::new(row[0], row[1], row[2]).unwrap();
        macro_rules! typed {
            ($model:ident) => {{
                let model = $model::from_parameters(&theta).unwrap();
                (model.probability_alive(&customer), model.expected_purchases(&customer, h))
            }};
        }
        let (alive, purchases) = match id {
            "bg_nbd" => typed!(BgNbd),
            "pareto_nbd" => typed!(ParetoNbd),
            "mbg_nbd" => typed!(MbgNbd),
            "bg_cnbd_k" => typed!(BgCnbdK),
            "mbg_cnbd_k" => typed!(MbgCnbdK),
            "ggom_nbd" => typed!(GgomNbd),
            "pareto_nbd_sarmanov" => typed!(ParetoNbdSarmanov),
            _ => (1.0, Nbd::from_parameters(&theta).unwrap().expected_purchases(&customer, h)),
        };
        let model = boxed(id, &theta);
        let score = |quantity| answer(&*model, &quantity, Some(&row)).to_bits();
        prop_assert_eq!(alive.to_bits(), score(Quantity::ProbabilityAlive { after: 0.0 }));
        prop_assert_eq!(purchases.to_bits(), score(Quantity::ExpectedPurchases { horizon: h }));

        let spend = GammaGamma::new(theta[0], 1.0 + theta[1], theta[0]).unwrap();
        let row = [row[0], if row[0] > 0.0 { mean } else { 0.0 }];
        prop_assert_eq!(
            spend.expected_spend(row[0], row[1]).unwrap().to_bits(),
            answer(&spend, &Quantity::ExpectedSpend {}, Some(&row)).to_bits()
        );
    }
}

/// Where P(alive) underflows within an octave of ages, its polynomial would swing below 0. Values by quadrature at 50 digits.
#[test]
fn a_probability_that_underflows_is_as_good_as_nothing_and_never_negative() {
    let theta = [14.251189494111072, 0.06867134326546906, 93777.65269009967, 64321.088860373195];
    let model = boxed("bg_nbd", &theta);
    for (recency, after, truth) in [
        (0.03, 0.1, 0.0),
        (0.03, 10.0, 0.0),
        (0.03, 1e4, 0.0),
        (0.5, 0.1, 4.4382938193531917618e-124),
        (0.5, 10.0, 0.0),
        (0.995, 0.1, 1.8207753471348517543e-11),
        (0.995, 10.0, 0.0),
        (0.995, 1e4, 0.0),
    ] {
        let p = answer(&*model, &Quantity::ProbabilityAlive { after }, Some(&[400.0, recency, 1.0]));
        assert!(p >= 0.0 && (p - truth).abs() <= 1e-11 * truth + 1e-290, "{recency}, {after}: {p:e}");
    }
}

/// What overflows on the way is told, and never a NaN; parameters may be anything from 1e-100 to 1e100.
#[test]
fn what_cannot_be_computed_is_told_with_its_row() {
    let table = [[0.0, 3.0], [0.0, 1.0], [0.001, 5.0]];
    let [x, recency, age] = &table;
    let table = Table::new().with("frequency", x).unwrap().with("recency", recency).unwrap();
    let table = table.with("T", age).unwrap();
    let mut refused = 0;
    for (id, theta) in [
        ("bg_nbd", [0.00198, 3.0e15, 2.67e13, 2.16e17]),
        ("pareto_nbd", [3.9e53, 3.8e-78, 2e88, 3.7e34]),
        ("pareto_nbd", [8e-98, 6e-35, 2e85, 5e57]),
        ("mbg_nbd", [1e-100, 1e100, 1e100, 1e-100]),
        ("nbd", [1e100, 1e-100, 0.0, 0.0]),
    ] {
        let entry = model(id).unwrap();
        let theta = &theta[..entry.spec().parameters.len()];
        let model = entry.with_parameters(theta, None).unwrap().model;
        for quantity in &questions(1.3)[1..] {
            match model.score(quantity, &table, &Control::new()) {
                Ok(scores) => assert!(scores.iter().all(|s| !s.is_nan()), "{id} {quantity:?}: {scores:?}"),
                Err(e) => {
                    assert_eq!(e.kind(), cam_core::ErrorKind::Numerical, "{id} {quantity:?}: {e}");
                    assert!(e.row().is_some(), "{e}");
                    refused += 1;
                }
            }
            if let Ok(value) = model.new_customer(quantity) {
                assert!(!value.is_nan(), "{id} {quantity:?}");
            }
        }
    }
    assert!(refused > 0);
}
