//! Renewals of a contract: the shifted beta-geometric model, which is BG/BB of customers who never miss an opportunity.
//!
//! With p = 1, which is alpha/beta → ∞, an opportunity at which nobody buys is one at which the customer has left: x = t_x, and what remains of the likelihood is
//! B(gamma + 1, delta + x)/B(gamma, delta) of those who leave after x renewals and B(gamma, delta + n)/B(gamma, delta) of those who stay for all n. That is sBG of
//! Fader & Hardie (2007), Journal of Interactive Marketing 21(1), 76–90.

use super::data::Columns;
use super::row::{Row, row};
use super::samples::{at, estimate};
use cam_core::clv::BgBb;
use cam_core::{Control, Discount, Fit, FitOptions, Model, Quantity};

/// Of 1,000 customers those who are left after 1, 2, … renewals (Fader & Hardie 2007, table 1).
const REGULAR: [f64; 7] = [631.0, 468.0, 382.0, 326.0, 289.0, 262.0, 241.0];
const HIGH_END: [f64; 7] = [869.0, 743.0, 653.0, 593.0, 551.0, 517.0, 491.0];

/// So much nearer to 1 is p than to 0.
const ALWAYS: (f64, f64) = (1e6, 1e-8);

fn histories(survivors: &[f64]) -> Columns {
    let n = survivors.len();
    let stay: Vec<f64> = [1000.0].iter().chain(survivors).copied().collect();
    let mut weight: Vec<f64> = stay.windows(2).map(|pair| pair[0] - pair[1]).collect();
    weight.push(stay[n]);
    let x: Vec<f64> = (0..=n).map(|x| x as f64).collect();
    Columns(vec![("frequency", x.clone()), ("recency", x), ("T", vec![n as f64; n + 1]), ("weight", weight)])
}

/// Both segments.
pub(crate) fn renewals() -> Vec<Row> {
    let mut rows = Vec::new();
    for (of, survivors, [gamma, delta], published) in [
        ("renewals, Regular, sBG as BG/BB with p = 1", REGULAR, ["0.704077", "1.182043"], "-1680.2652"),
        ("renewals, High End, sBG as BG/BB with p = 1", HIGH_END, ["0.668088", "3.806095"], "-1611.1581"),
    ] {
        let data = histories(&survivors);
        let options = FitOptions::new().start([ALWAYS.0, ALWAYS.1, 1.0, 1.0]);
        let fitted = BgBb::fit_with(data.table(), &options, &Control::new()).expect("a fit");
        let found = fitted.model.parameters();
        rows.push(estimate(of, "gamma", gamma, found[2]));
        rows.push(estimate(of, "delta", delta, found[3]));
        let theta = [ALWAYS.0, ALWAYS.1, found[2], found[3]];
        rows.push(row(
            of,
            "log-likelihood",
            published,
            at::<BgBb>(&theta, &data.table(), Some(data.get("weight"))),
        ));
        if survivors == HIGH_END {
            rows.push(row(of, "gamma (appendix of the paper)", "0.668", found[2]));
            let misprint = "a misprint of the paper's text, whose appendix has 0.668; PyMC-Marketing's test pairs it with the other segment's delta";
            rows.push(row(of, "gamma (text of the paper)", "0.688", found[2]).because(misprint));
        }
    }
    for (of, [gamma, delta], published) in [
        ("sBG as BG/BB with p = 1 (.704 1.182)", [0.704, 1.182], "3.695147"),
        ("sBG as BG/BB with p = 1 (.668 3.806)", [0.668, 3.806], "5.922596"),
    ] {
        let model = BgBb::new(ALWAYS.0, ALWAYS.1, gamma, delta).expect("parameters");
        let ahead = Quantity::discounted(Discount::PerPeriod(0.1), None);
        rows.push(row(of, "DEL(.1)", published, 1.0 + model.new_customer(&ahead).expect("a value")));
    }
    rows.extend(weibull());
    rows
}

/// The beta-discrete-Weibull model, of contracts, which is not in the registry.
fn weibull() -> Vec<Row> {
    let missing = "a model of contracts, which the registry does not have: with a risk that changes with time it is no case of BG/BB";
    let published = [
        ("renewals, Regular, BdW", ["0.455614", "0.779325", "1.283451", "-1679.6028"]),
        ("renewals, High End, BdW", ["0.214253", "1.426575", "1.723565", "-1605.3142"]),
        ("4 renewals, Regular, BdW", ["0.523029", "0.894283", "1.196399", "-1401.3831"]),
        ("4 renewals, High End, BdW", ["0.259336", "1.722551", "1.584362", "-1222.7493"]),
    ];
    let row = |of, what: &str, published| Row { of, what: what.into(), published, ours: None, why: missing };
    published
        .into_iter()
        .flat_map(|(of, values)| {
            ["gamma", "delta", "c", "log-likelihood"]
                .into_iter()
                .zip(values)
                .map(move |(what, v)| row(of, what, v))
        })
        .collect()
}
