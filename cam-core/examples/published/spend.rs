//! Spend: Gamma-Gamma on the spenders of CDNOW.

use super::data::{Columns, Data};
use super::row::{Row, row};
use super::samples::{likelihood, parameters};
use cam_core::clv::GammaGamma;
use cam_core::{Fit, Model, Quantity};

/// The sample, 39 weeks, in three forms.
pub(crate) fn estimates(data: &Data) -> Vec<Row> {
    let of = "CDNOW, Gamma-Gamma";
    let summary = &data.sample.calibration;
    let spend = GammaGamma::fit(summary.table()).expect("Gamma-Gamma");
    let report = spend.report().expect("a fit");
    let mut rows = vec![row(of, "customers with a repeat purchase", "946", report.customers)];
    rows.extend(parameters(of, &spend, &["6.24957", "3.74422", "15.44352"]));
    rows.push(likelihood(of, "log-likelihood, of the density of the mean", "-4055.918", &spend));
    // The paper's likelihood is that of the total.
    let x = summary.frequency();
    let logs: f64 = x.iter().filter(|x| **x > 0.0).map(|x| x.ln()).sum();
    rows.push(row(of, "sum of ln x", "603.3725", logs));
    rows.push(row(
        of,
        "log-likelihood, of the density of the total (paper)",
        "-4659",
        report.log_likelihood - logs,
    ));
    // Points are given for the estimates of lifetimes, on its two decimals.
    let of = "Gamma-Gamma (6.248802 3.744588 15.447748)";
    let theirs = GammaGamma::new(6.248802, 3.744588, 15.447748).expect("parameters");
    let mean = theirs.new_customer(&Quantity::ExpectedSpend {}).expect("a mean");
    rows.push(row(of, "mean spend per purchase", "35.1710", mean));
    let first = theirs.expected_spend(2.0, 22.35).expect("a customer");
    rows.push(row(of, "expected spend of customer 1", "24.6586", first));

    let of = "CDNOW as shipped with lifetimes (two decimals), Gamma-Gamma";
    let shipped = Columns(
        data.rounded
            .0
            .iter()
            .filter(|(name, _)| ["frequency", "monetary_value"].contains(name))
            .cloned()
            .collect(),
    );
    let spend = GammaGamma::fit(shipped.table()).expect("Gamma-Gamma");
    rows.extend(parameters(of, &spend, &["6.248802", "3.744588", "15.447748"]));

    let of = "CDNOW, the first purchase included, Gamma-Gamma";
    let spend = GammaGamma::fit(data.with_first.table()).expect("Gamma-Gamma");
    rows.extend(parameters(of, &spend, &["9.88124", "3.39875", "7.92859"]));
    rows.push(likelihood(of, "log-likelihood", "-9898.45094", &spend));
    rows
}
