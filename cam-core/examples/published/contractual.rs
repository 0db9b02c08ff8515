//! Renewals of a contract: sBG and BdW on the two segments of Fader & Hardie (2007), Journal of Interactive Marketing 21(1), 76–90, as
//! Fader & Hardie (2010), Marketing Science 29(1), 85–93, and Fader et al. (2018), Journal of Interactive Marketing 43, 1–16, went on with them.

use super::data::Columns;
use super::row::{Row, row};
use super::samples::{at, estimate};
use cam_core::clv::{Bdw, Sbg};
use cam_core::{Control, Discount, Family, Fit, FitOptions, Model, Quantity};

/// Of 1,000 customers those who are left after 1, 2, … renewals (Fader & Hardie 2007, table 1).
const REGULAR: [f64; 7] = [631.0, 468.0, 382.0, 326.0, 289.0, 262.0, 241.0];
const HIGH_END: [f64; 7] = [869.0, 743.0, 653.0, 593.0, 551.0, 517.0, 491.0];

/// Everybody who left after x renewals, and those who are there after all of them.
fn histories(survivors: &[f64]) -> Columns {
    let n = survivors.len();
    let stay: Vec<f64> = [1000.0].iter().chain(survivors).copied().collect();
    let mut weight: Vec<f64> = stay.windows(2).map(|pair| pair[0] - pair[1]).collect();
    weight.push(stay[n]);
    let x: Vec<f64> = (0..=n).map(|x| x as f64).collect();
    Columns(vec![("frequency", x), ("T", vec![n as f64; n + 1]), ("weight", weight)])
}

/// Estimates, and the log-likelihood there.
fn estimates<F: Family>(
    of: &'static str,
    survivors: &[f64],
    names: &[&str],
    published: &[&'static str],
) -> Vec<Row> {
    let data = histories(survivors);
    let fitted = F::fit_with(data.table(), &FitOptions::new(), &Control::new()).expect("a fit");
    let found = fitted.model.theta();
    let mut rows: Vec<Row> = names
        .iter()
        .zip(published)
        .zip(&found)
        .map(|((name, value), ours)| estimate(of, *name, value, *ours))
        .collect();
    let log_likelihood = at::<F>(&found, &data.table(), Some(data.get("weight")));
    rows.push(row(of, "log-likelihood", published[names.len()], log_likelihood));
    rows
}

/// Both segments, both models.
pub(crate) fn renewals() -> Vec<Row> {
    let (sbg, bdw) = (["gamma", "delta"], ["gamma", "delta", "c"]);
    let mut rows =
        estimates::<Sbg>("renewals, Regular, sBG", &REGULAR, &sbg, &["0.704077", "1.182043", "-1680.2652"]);
    rows.extend(estimates::<Sbg>(
        "renewals, High End, sBG",
        &HIGH_END,
        &sbg,
        &["0.668088", "3.806095", "-1611.1581"],
    ));
    let gamma = Sbg::fit(histories(&HIGH_END).table()).expect("a fit").model.alpha();
    rows.push(row("renewals, High End, sBG", "gamma (appendix of the paper)", "0.668", gamma));
    let misprint = "a misprint of the paper's text, whose appendix has 0.668; PyMC-Marketing's test pairs it with the other segment's delta";
    rows.push(row("renewals, High End, sBG", "gamma (text of the paper)", "0.688", gamma).because(misprint));
    for (of, survivors, published) in [
        ("renewals, Regular, BdW", &REGULAR[..], ["0.455614", "0.779325", "1.283451", "-1679.6028"]),
        ("renewals, High End, BdW", &HIGH_END[..], ["0.214253", "1.426575", "1.723565", "-1605.3142"]),
        ("4 renewals, Regular, BdW", &REGULAR[..4], ["0.523029", "0.894283", "1.196399", "-1401.3831"]),
        ("4 renewals, High End, BdW", &HIGH_END[..4], ["0.259336", "1.722551", "1.584362", "-1222.7493"]),
    ] {
        rows.extend(estimates::<Bdw>(of, survivors, &bdw, &published));
    }
    let ahead = Quantity::discounted(Discount::PerPeriod(0.1), None);
    for (of, theta, published) in
        [("sBG (.704 1.182)", [0.704, 1.182], "3.695147"), ("sBG (.668 3.806)", [0.668, 3.806], "5.922596")]
    {
        let model = Sbg::new(theta[0], theta[1]).expect("parameters");
        // The payment at acquisition counts, too.
        rows.push(row(of, "DEL(.1)", published, 1.0 + model.new_customer(&ahead).expect("a value")));
    }
    rows
}
