//! 4,820 cases of BG/NBD and Pareto/NBD at 50 digits and more: x to 3,000, T to 3,000, parameter ratios to a million.
//!
//! Tolerance: 1e-11 relative (log-likelihood: absolute or relative, the laxer). Rounding of the inputs alone costs up to about
//! 1e-12 here, since the quantities are powers with exponents r + x of up to 3,300.

use crate::testdata;
use cam_core::{Control, Model, Quantity, Table, model};
use std::collections::BTreeMap;

struct Case {
    row: [f64; 3],
    expected: Vec<f64>,
}

#[test]
fn every_golden_value_is_met_to_eleven_digits() {
    let text = testdata("golden_bg_pareto.csv");
    let mut sets: BTreeMap<(String, String), (Vec<f64>, Vec<Case>)> = BTreeMap::new();
    for line in text.lines().filter(|l| !l.starts_with('#')).skip(1) {
        let f: Vec<&str> = line.split(',').collect();
        let number = |s: &str| if s.is_empty() { f64::NAN } else { s.parse().unwrap() };
        let id = if f[0] == "bg" { "bg_nbd" } else { "pareto_nbd" };
        let entry = sets
            .entry((id.into(), f[1].into()))
            .or_insert_with(|| (f[2..6].iter().map(|s| number(s)).collect(), Vec::new()));
        entry.1.push(Case {
            row: [number(f[6]), number(f[7]), number(f[8])],
            expected: f[9..].iter().map(|s| number(s)).collect(),
        });
    }
    let quantities = [
        Quantity::LogLikelihood {},
        Quantity::ProbabilityAlive { after: 0.0 },
        Quantity::ExpectedPurchases { horizon: 52.0 },
        Quantity::discounted(cam_core::Discount::Continuous(0.0027), None),
        Quantity::discounted(cam_core::Discount::Continuous(0.1), None),
    ];
    println!(
        "\n| model | parameters | cases | log-likelihood | P(alive) | purchases in 52 | DERT .0027 | DERT .1 | worst at x, t_x, T |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    let mut compared = 0;
    let mut failures = Vec::new();
    for ((id, set), (theta, cases)) in &sets {
        let fitted = model(id).unwrap().with_parameters(theta, None).unwrap();
        let column = |k: usize| -> Vec<f64> { cases.iter().map(|c| c.row[k]).collect() };
        let (x, t_x, age) = (column(0), column(1), column(2));
        let table = Table::new().with("frequency", &x).unwrap().with("recency", &t_x).unwrap();
        let table = table.with("T", &age).unwrap();
        let (mut worst, mut worst_case) = (Vec::new(), (0.0, [f64::NAN; 3]));
        for (k, quantity) in quantities.iter().enumerate() {
            let got = fitted.model.score(quantity, &table, &Control::new()).unwrap();
            let mut worst_here = 0.0_f64;
            for (case, got) in cases.iter().zip(got) {
                let truth = case.expected[k];
                if !truth.is_finite() {
                    continue;
                }
                compared += 1;
                let absolute = (got - truth).abs();
                let relative = if truth == 0.0 { absolute } else { absolute / truth.abs() };
                let error = if k == 0 { absolute.min(relative) } else { relative };
                // A NaN must fail, too.
                if !(error <= 1e-11) {
                    failures.push(format!(
                        "{id} {set} {theta:?} {:?} {}: {got:e}, truth {truth:e}, error {error:e}",
                        case.row,
                        quantity.name()
                    ));
                }
                worst_here = worst_here.max(error);
                if error > worst_case.0 {
                    worst_case = (error, case.row);
                }
            }
            // Not every quantity has golden values in every set.
            let known = cases.iter().any(|case| case.expected[k].is_finite());
            worst.push(if known { format!("{worst_here:.1e}") } else { "–".into() });
        }
        let [x, t_x, age] = worst_case.1;
        println!("| {id} | {set} | {} | {} | {x}, {t_x:.4}, {age:.4} |", cases.len(), worst.join(" | "));
    }
    assert!(
        failures.is_empty(),
        "{} of {compared}:\n{}",
        failures.len(),
        failures[..failures.len().min(40)].join("\n")
    );
    assert!(compared > 17_000, "only {compared} values compared");
}
