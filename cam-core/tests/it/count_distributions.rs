//! The distribution of a number of purchases, for many n at once: the same numbers as one by one, and as the reference values.

use super::quantities::{boxed, cases, history, purchase_model};
use crate::testdata;
use cam_core::{Control, Model, Quantity, Table, model};
use proptest::prelude::*;

/// P(n) for the range, of one row.
fn counts(model: &dyn Model, row: &[f64], horizon: f64, range: std::ops::Range<u32>) -> Vec<f64> {
    let mut table = Table::new();
    for (column, value) in model.spec().columns.iter().zip(row) {
        table = table.with(column.name, std::slice::from_ref(value)).unwrap();
    }
    model.counts(horizon, range, &table, &Control::new().threads(1)).unwrap()
}

fn alone(model: &dyn Model, row: &[f64], horizon: f64, n: u32) -> f64 {
    let mut table = Table::new();
    for (column, value) in model.spec().columns.iter().zip(row) {
        table = table.with(column.name, std::slice::from_ref(value)).unwrap();
    }
    let quantity = Quantity::PurchaseProbability { n, horizon };
    model.score(&quantity, &table, &Control::new().threads(1)).unwrap()[0]
}

/// Within 2e-12, and what follows from the rounding of large exponents, here and there: ln Γ(kn), and the logarithm of what comes out.
fn close(a: f64, b: f64, phases: f64) -> bool {
    let exponents = 1e-15 * phases * phases.ln_1p() - 4e-15 * a.max(1e-300).ln();
    (a - b).abs() <= (2e-12 + exponents) * a.abs().max(b.abs()).max(1e-279)
}

/// The values are those of `quantities.rs`, and so is the tolerance.
#[test]
fn many_at_once_meet_the_reference_values() {
    let text = ["quantities.csv", "counting.csv", "families.csv", "counting_more.csv"].map(testdata).concat();
    let (mut number, mut worst) = (0, 0.0_f64);
    for case in cases(&text) {
        let (Some(row), "count") = (&case.row, case.quantity) else { continue };
        let fitted = model(case.id).unwrap().with_parameters(&case.theta, None).unwrap();
        let (n, horizon) = (case.arguments[0] as u32, case.arguments[1]);
        // It stands first, in the middle, and last.
        for (from, to) in [(n, n + 3), (n.saturating_sub(5), n + 2), (n.saturating_sub(70), n + 1)] {
            let got = counts(&*fitted.model, row, horizon, from..to.max(from + 2))[(n - from) as usize];
            let error = (got - case.truth).abs() / case.truth.max(1e-279);
            assert!(error <= 1e-11, "{}: got {got:e} from {from}..{to}, error {error:.1e}", case.line);
            worst = worst.max(error);
            number += 1;
        }
    }
    println!("{number} values, worst relative error {worst:.1e}");
    assert!(number > 300, "{number}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn many_at_once_are_the_same_as_one_by_one(
        (id, theta) in purchase_model(), row in history(), ln_share in -6.0f64..6.0, first in 0u32..200,
    ) {
        let model = boxed(id, &theta);
        let horizon = ln_share.exp() * (theta[1] + row[2]);
        for range in [0..4, 4..40, first..first + 70, 900..903] {
            let many = counts(&*model, &row, horizon, range.clone());
            for (n, p) in range.zip(many) {
                let one = alone(&*model, &row, horizon, n);
                let phases = f64::from(n) * if id.ends_with("cnbd_k") { theta[4] } else { 1.0 };
                prop_assert!(close(p, one, phases), "P({n}): {p:e}, alone {one:e}, error {:e}", (p - one).abs() / one);
            }
        }
    }
}

/// Nobody buys within no time; a row with a NaN has no distribution; a broken row is told with its place.
#[test]
fn no_time_no_history_and_no_sense() {
    for id in ["nbd", "bg_nbd", "pareto_nbd", "ggom_nbd", "mbg_nbd", "pareto_nbd_sarmanov"] {
        let entry = model(id).unwrap();
        let model = entry.with_parameters(entry.spec().example.0, None).unwrap().model;
        let now = counts(&*model, &[2.0, 3.0, 9.0], 0.0, 0..3);
        assert!((now[0] - 1.0).abs() < 1e-15 && now[1..] == [0.0, 0.0], "{id}: {now:?}");
        let (x, t_x, age) = ([1.0, f64::NAN, 2.0], [3.0, 1.0, 2.0], [9.0, 9.0, 9.0]);
        let table = |n: usize| {
            let table = Table::new().with("frequency", &x[..n]).unwrap().with("recency", &t_x[..n]).unwrap();
            table.with("T", &age[..n]).unwrap()
        };
        let p = model.counts(5.0, 0..2, &table(3), &Control::new()).unwrap();
        assert!(p[2].is_nan() && p[3].is_nan() && p[4] + p[5] < 1.0, "{id}: {p:?}");
        let half = Table::new().with("frequency", &[1.5]).unwrap().with("recency", &t_x[..1]).unwrap();
        let broken = half.with("T", &age[..1]).unwrap();
        let error = model.counts(5.0, 0..2, &broken, &Control::new()).unwrap_err();
        assert_eq!(error.row(), Some(0), "{id}");
    }
}
