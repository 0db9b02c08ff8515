//! Whether spend depends on frequency: against SciPy 1.17.1, and with each fit.

use crate::cdnow;
use cam_core::clv::{GammaGamma, spend_independence};
use cam_core::{Control, ErrorKind, Fit, Fitted, Model, Table};

fn table<'a>(x: &'a [f64], z: &'a [f64]) -> Table<'a> {
    Table::new().with("frequency", x).unwrap().with("monetary_value", z).unwrap()
}

fn close(got: f64, want: f64) {
    assert!((got - want).abs() <= 1e-12 * want.abs(), "{got}, SciPy {want}");
}

#[test]
fn correlations_are_those_of_scipy() {
    let (x, z) = ([1.0, 2.0, 2.0, 3.0, 3.0, 3.0, 5.0, 8.0], [10.5, 20.0, 20.0, 7.25, 31.0, 20.0, 44.0, 18.0]);
    let found = spend_independence(&table(&x, &z), &Control::new()).unwrap();
    close(found.pearson, 0.2969356754920003);
    close(found.pearson_p_value, 0.4751062751527018);
    close(found.spearman, 0.2515773027133138);
    close(found.spearman_p_value, 0.5478179148875824);
    // A customer without a repeat purchase is left aside; a weight counts a row that many times.
    let (x, z) = ([2.0, 5.0, 0.0, 3.0, 1.0, 3.0, 8.0, 3.0], [20.0, 44.0, 0.0, 31.0, 10.5, 20.0, 18.0, 7.25]);
    let weight = [2.0, 1.0, 7.0, 1.0, 1.0, 1.0, 1.0, 1.0];
    let weighted = table(&x, &z).with("weight", &weight).unwrap();
    let again = spend_independence(&weighted, &Control::new()).unwrap();
    assert_eq!(again.customers, 8.0);
    close(again.pearson, 0.2969356754920003);
    close(again.spearman, 0.2515773027133138);
}

#[test]
fn on_cdnow_the_correlation_is_significant_but_small() {
    let calibration = cdnow().calibration;
    let found = spend_independence(&calibration.table(), &Control::new()).unwrap();
    assert_eq!(found.customers, 946.0);
    close(found.pearson, 0.11388791939125478);
    assert!((found.pearson_p_value / 0.0004486849172808684 - 1.0).abs() < 1e-11, "{found:?}");
    // Which means are equal depends on how their sums were rounded: SciPy has 0.206319 for the means of pandas, 0.206302 for six digits of them.
    assert!((found.spearman - 0.20631).abs() < 2e-5, "{found:?}");
    assert!(!found.contradicted());
    let fitted = GammaGamma::fit(&calibration).unwrap();
    let check = &fitted.report().unwrap().checks[0];
    assert_eq!(check.name, "spend_independence");
    assert!(!check.contradicted);
    close(check.statistic, found.pearson);
}

/// 2,000 customers of a Gamma–Gamma model; `slope` of their spend by frequency.
fn customers(slope: f64) -> (Vec<f64>, Vec<f64>) {
    let x: Vec<f64> = (0..2000).map(|i| f64::from(1 + i % 10)).collect();
    let design = Table::new().with("frequency", &x).unwrap();
    let model = GammaGamma::new(6.25, 3.74, 15.44).unwrap();
    let mut drawn = model.simulate(&design, 3, &Control::new()).unwrap();
    let z = x.iter().zip(drawn.remove(1)).map(|(x, z)| z * (1.0 + slope * x)).collect();
    (x, z)
}

#[test]
fn a_fit_says_when_frequent_customers_spend_otherwise() {
    for (slope, words) in [(0.2, "spends more per purchase"), (-0.06, "spends less per purchase")] {
        let (x, z) = customers(slope);
        let fitted = GammaGamma::fit(table(&x, &z)).unwrap();
        let check = &fitted.report().unwrap().checks[0];
        assert!(check.contradicted && check.p_value < 1e-6, "{check:?}");
        assert!(check.message.contains(words), "{check:?}");
        let opened = Fitted::<GammaGamma>::from_json(&fitted.to_json().unwrap()).unwrap();
        assert_eq!(opened.report().unwrap(), fitted.report().unwrap());
    }
    let (x, z) = customers(0.0);
    let fitted = GammaGamma::fit(table(&x, &z)).unwrap();
    assert!(!fitted.report().unwrap().checks[0].contradicted, "{:?}", fitted.report());
}

#[test]
fn where_there_is_nothing_to_correlate_the_test_says_so() {
    for (x, z) in
        [([1.0, 2.0, 0.0], [9.0, 8.0, 0.0]), ([2.0; 3], [1.0, 2.0, 3.0]), ([1.0, 2.0, 3.0], [7.0; 3])]
    {
        let error = spend_independence(&table(&x, &z), &Control::new()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotEnoughData, "{error}");
    }
    // The fit itself does not fail for that.
    let (x, z) = ([3.0; 4], [9.0, 12.0, 20.0, 14.0]);
    let fitted = GammaGamma::fit(table(&x, &z)).unwrap();
    assert!(fitted.report().unwrap().checks.is_empty());
}
