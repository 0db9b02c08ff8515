//! Estimates: the parameters, their standard errors and the log-likelihood on each published data set.

use super::data::{Columns, Data, columns};
use super::row::{Row, row};
use cam_core::clv::{BgBb, BgNbd, GammaGamma, GgomNbd, MbgNbd, Nbd, ParetoNbd, ParetoNbdSarmanov};
use cam_core::{Control, Discount, Family, Fit, FitOptions, Fitted, Model, Quantity, Table, model};

/// Why the last digits of an estimate may differ.
pub(crate) const EARLY: &str = "the peer stops a little before the maximum";

/// An estimate of a peer: as far as its likelihood can tell, the same.
pub(crate) fn estimate(of: &'static str, what: impl Into<String>, published: &'static str, ours: f64) -> Row {
    let row = row(of, what, published, ours);
    if row.met() < row.digits() { row.because(EARLY) } else { row }
}

/// The parameters of a fit beside the published ones.
pub(crate) fn parameters<M: Model>(
    of: &'static str,
    fitted: &Fitted<M>,
    published: &[&'static str],
) -> Vec<Row> {
    let (names, values) = (fitted.model.names(), fitted.model.parameters());
    let rows = names.iter().zip(values).zip(published);
    rows.map(|((name, ours), published)| estimate(of, name.as_ref(), published, ours)).collect()
}

/// The log-likelihood of a fit.
pub(crate) fn likelihood<M: Model>(
    of: &'static str,
    what: &'static str,
    published: &'static str,
    fitted: &Fitted<M>,
) -> Row {
    row(of, what, published, fitted.report().expect("a fit").log_likelihood)
}

fn errors<M: Model>(of: &'static str, fitted: &Fitted<M>, published: &[&'static str]) -> Vec<Row> {
    let errors = fitted.report().expect("a fit").standard_errors().expect("a maximum");
    let rows = fitted.model.names().into_iter().zip(errors).zip(published);
    rows.map(|((name, ours), published)| row(of, format!("standard error of {name}"), published, ours))
        .collect()
}

/// Σ of a quantity over all customers of a table, by their weights.
pub(crate) fn total(
    model: &dyn Model,
    quantity: &Quantity,
    table: &Table<'_>,
    weight: Option<&[f64]>,
) -> f64 {
    let scores = model.score(quantity, table, &Control::new()).expect("scores");
    match weight {
        Some(weight) => scores.iter().zip(weight).map(|(score, weight)| score * weight).sum(),
        None => scores.iter().sum(),
    }
}

/// The log-likelihood of a table at given parameters.
pub(crate) fn at<F: Family>(theta: &[f64], table: &Table<'_>, weight: Option<&[f64]>) -> f64 {
    let model = F::from_parameters(theta).expect("parameters");
    total(&model, &Quantity::LogLikelihood {}, table, weight)
}

/// The sample, 39 weeks.
pub(crate) fn estimates(data: &Data) -> Vec<Row> {
    let table = data.sample.calibration.table();
    let mut rows = counts(data);

    let of = "CDNOW, BG/NBD";
    let bg = BgNbd::fit(table.clone()).expect("BG/NBD");
    rows.extend(parameters(of, &bg, &["0.2425945", "4.4136019", "0.7929199", "2.4258881"]));
    rows.extend(errors(of, &bg, &["0.0125574", "0.3782239", "0.1857328", "0.7054068"]).into_iter().map(
        |row| {
            if row.met() < row.digits() {
                row.because("the peer's Hessian is by finite differences")
            } else {
                row
            }
        },
    ));
    rows.push(likelihood(of, "log-likelihood (CLVTools)", "-9582.42921", &bg));
    rows.push(likelihood(of, "log-likelihood (paper)", "-9582.4", &bg));

    let of = "CDNOW, Pareto/NBD";
    let pareto = ParetoNbd::fit(table.clone()).expect("Pareto/NBD");
    rows.extend(parameters(of, &pareto, &["0.55328", "10.57768", "0.60624", "11.66873"]));
    rows.extend(errors(of, &pareto, &["0.0476", "0.8427", "0.187", "6.20"]).into_iter().map(|row| {
        if row.met() < row.digits() {
            row.because("6.2111 by exact derivatives; 6.20 is by finite differences")
        } else {
            row
        }
    }));
    rows.push(likelihood(of, "log-likelihood (CLVTools)", "-9594.97618", &pareto));
    rows.push(likelihood(of, "log-likelihood (paper)", "-9595.0", &pareto));

    let of = "CDNOW, MBG/NBD";
    let mbg = MbgNbd::fit(table.clone()).expect("MBG/NBD");
    rows.extend(parameters(of, &mbg, &["0.524844", "6.183093", "0.891388", "1.614048"]));
    rows.extend(parameters(of, &mbg, &["0.525", "6.183", "0.891", "1.614"]).into_iter().map(in_test));
    rows.push(likelihood(of, "log-likelihood", "-9582.13572", &mbg));

    let of = "CDNOW, NBD";
    let nbd = Nbd::fit(table.clone()).expect("NBD");
    rows.extend(parameters(of, &nbd, &["0.384766", "12.072014"]));
    rows.push(likelihood(of, "log-likelihood", "-9763.65761", &nbd));

    rows.extend(phases(&table));
    rows.extend(ridge(&table));
    rows.extend(correlated(&table));
    rows
}

fn in_test(mut row: Row) -> Row {
    row.what.push_str(" (test of lifetimes)");
    row
}

/// What the data are.
fn counts(data: &Data) -> Vec<Row> {
    let of = "CDNOW, the data";
    let summary = &data.sample.calibration;
    let x = summary.frequency();
    let mut distinct: Vec<[u64; 3]> =
        (0..x.len()).map(|i| [x[i], summary.recency()[i], summary.age()[i]].map(f64::to_bits)).collect();
    distinct.sort_unstable();
    distinct.dedup();
    vec![
        row(of, "customers", "2357", x.len() as f64),
        row(of, "repeat purchases", "2457", x.iter().sum()),
        row(of, "most of one customer", "29", x.iter().copied().fold(0.0, f64::max)),
        row(of, "distinct histories", "1016", distinct.len() as f64),
    ]
}

/// Regular intervals, for which CDNOW has no use.
fn phases(table: &Table<'_>) -> Vec<Row> {
    let fit = |id: &str, k: Option<f64>| {
        let options = FitOptions::new();
        let options = if let Some(k) = k { options.fixed("k", k) } else { options };
        model(id).and_then(|entry| entry.fit(table, &options, &Control::new())).expect("a fit")
    };
    let k = |fitted: &Fitted<Box<dyn Model>>| fitted.model.parameters()[4];
    let (of, mbg) = ("CDNOW, BG/CNBD-k", "CDNOW, MBG/CNBD-k");
    let two = fit("bg_cnbd_k", Some(2.0));
    let mut rows = vec![row(of, "k chosen", "1", k(&fit("bg_cnbd_k", None)))];
    rows.extend(parameters(of, &two, &["0.226917", "1.462918", "0.943996", "2.074316"]).into_iter().map(
        |mut row| {
            row.what.push_str(", k = 2");
            row
        },
    ));
    rows.push(likelihood(of, "log-likelihood, k = 2", "-9855.32697", &two));
    rows.push(row(mbg, "k chosen", "1", k(&fit("mbg_cnbd_k", None))));
    rows.push(likelihood(mbg, "log-likelihood, k = 2", "-9853.25313", &fit("mbg_cnbd_k", Some(2.0))));
    rows
}

/// GGom/NBD, whose likelihood rises along a ridge that ends in Pareto/NBD.
fn ridge(table: &Table<'_>) -> Vec<Row> {
    const RIDGE: &str = "no maximum: the likelihood rises as b and beta go to 0 together, and ours is at the end of that ridge";
    let of = "CDNOW, GGom/NBD";
    let fitted = GgomNbd::fit(table.clone()).expect("GGom/NBD");
    let published = ["0.553", "10.578", "0.0002", "0.603", "0.0026"];
    let mut rows: Vec<Row> = parameters(of, &fitted, &published)
        .into_iter()
        .map(|row| if row.met() < row.digits() { row.because(RIDGE) } else { row })
        .collect();
    // Of b only one digit is printed: with that of beta/b = 11.6, which Pareto/NBD has at the end of the ridge.
    let there = at::<GgomNbd>(&[0.553, 10.578, 0.0026 / 11.6, 0.603, 0.0026], table, None);
    rows.push(row(of, "log-likelihood at these (beta/b = 11.6)", "-9594.98", there));
    let maximum = likelihood(
        of,
        "log-likelihood at the end of the ridge (CLVTools: on the way)",
        "-9594.97627",
        &fitted,
    );
    rows.push(maximum.because("higher by 9e-5: CLVTools stops on the ridge, at b of 1e-6 to 1e-5"));
    let [b, beta] = [2, 4].map(|i| fitted.model.parameters()[i]);
    rows.push(estimate(of, "beta/b (Pareto/NBD: beta)", "11.66873", beta / b));
    rows
}

/// Pareto/NBD whose rates depend on each other.
fn correlated(table: &Table<'_>) -> Vec<Row> {
    const WALL: &str = "CLVTools ends at the wall where the joint density would be negative; along it the likelihood still rises";
    let of = "CDNOW, Pareto/NBD (Sarmanov)";
    let theirs =
        ParetoNbdSarmanov::with_correlation(0.54318, 10.1001, 0.50885, 9.17912, 0.08612).expect("CLVTools's");
    let there = total(&theirs, &Quantity::LogLikelihood {}, table, None);
    let fitted = ParetoNbdSarmanov::fit(table.clone()).expect("Pareto/NBD (Sarmanov)");
    let mut rows = parameters(of, &fitted, &["0.54318", "10.1001", "0.50885", "9.17912"]);
    rows.push(row(of, "correlation", "0.08612", fitted.model.correlation()));
    rows.push(likelihood(of, "log-likelihood", "-9591.76591", &fitted));
    let mut rows: Vec<Row> = rows.into_iter().map(|row| row.because(WALL)).collect();
    let last = "its correlation has five digits, on a slope: the sixth moves this by 1e-5";
    rows.push(row(of, "log-likelihood at CLVTools's estimates", "-9591.76591", there).because(last));
    rows
}

/// Other cuts of the log.
pub(crate) fn other_cuts(data: &Data) -> Vec<Row> {
    let mut rows = Vec::new();
    let of = "CDNOW as shipped with lifetimes (two decimals), BG/NBD";
    let history = Columns(data.rounded.0[..3].to_vec());
    let bg = BgNbd::fit(history.table()).expect("BG/NBD");
    rows.extend(parameters(of, &bg, &["0.242593", "4.413532", "0.792886", "2.425753"]));
    rows.push(likelihood(of, "log-likelihood", "-9582.425561", &bg));
    let of = "CDNOW as shipped with lifetimes (two decimals), Pareto/NBD";
    let pareto = ParetoNbd::fit(history.table()).expect("Pareto/NBD");
    rows.push(likelihood(of, "log-likelihood", "-9594.973930", &pareto));

    let of = "CDNOW, 78 weeks, Pareto/NBD";
    let long = data.long.table();
    let pareto = ParetoNbd::fit(long.clone()).expect("Pareto/NBD");
    rows.extend(parameters(of, &pareto, &["0.563004", "12.559169", "0.408107", "10.514543"]));
    rows.push(likelihood(of, "log-likelihood", "-17135.83589", &pareto));
    let short = data.sample.calibration.table();
    let before = total(&pareto.model, &Quantity::LogLikelihood {}, &short, None);
    rows.push(row(of, "log-likelihood of the first 39 weeks there", "-9608.2547", before));
    rows.push(row(of, "the same (paper)", "-9608", before));
    let of = "CDNOW, 78 weeks, BG/NBD";
    let bg = BgNbd::fit(long.clone()).expect("BG/NBD");
    rows.extend(parameters(of, &bg, &["0.253561", "5.447252", "0.607366", "2.647235"]));
    rows.push(likelihood(of, "log-likelihood", "-17138.23396", &bg));
    let of = "CDNOW, 78 weeks, Gamma-Gamma";
    let spend = GammaGamma::fit(long).expect("Gamma-Gamma");
    rows.extend(parameters(of, &spend, &["4.683455", "4.189783", "24.390548"]));
    rows.push(row(of, "customers", "1139", spend.report().expect("a fit").customers));

    let weight = data.master.get("weight");
    let (of, table) = ("all customers of CDNOW, BG/NBD", data.master.table());
    rows.push(row(of, "customers", "23570", weight.iter().sum()));
    let bg = BgNbd::fit(table.clone()).expect("BG/NBD");
    rows.extend(parameters(of, &bg, &["0.251624", "4.788945", "0.723433", "2.161087"]));
    rows.push(likelihood(of, "log-likelihood", "-95368.44393", &bg));
    let of = "all customers of CDNOW, Pareto/NBD";
    let pareto = ParetoNbd::fit(table.clone()).expect("Pareto/NBD");
    rows.extend(parameters(of, &pareto, &["0.597437", "11.585929", "0.522114", "8.825882"]));
    let there = at::<ParetoNbd>(&[0.597437, 11.585929, 0.522114, 8.825882], &table, Some(weight));
    rows.push(row(of, "log-likelihood at these", "-95415.11862", there));
    rows
}

/// BG/BB on the donations of 11,104 people.
pub(crate) fn donations() -> Vec<Row> {
    let [x, t_x, n, weight] = columns("donations.csv").try_into().expect("four columns");
    let data = Columns(vec![("frequency", x), ("recency", t_x), ("T", n), ("weight", weight.clone())]);
    let of = "donations, BG/BB";
    let fitted = BgBb::fit(data.table()).expect("BG/BB");
    let model = &fitted.model;
    let mut rows = vec![row(of, "donors", "11104", weight.iter().sum())];
    rows.extend(parameters(of, &fitted, &["1.203507", "0.749767", "0.656757", "2.783887"]));
    let there = at::<BgBb>(&[1.203507, 0.749767, 0.656757, 2.783887], &data.table(), Some(&weight));
    rows.push(row(of, "log-likelihood at these", "-33225.58129", there));
    let higher = "higher by 2e-5: BTYD stops a little before the maximum";
    rows.push(likelihood(of, "log-likelihood", "-33225.58129", &fitted).because(higher));
    rows.extend(parameters(of, &fitted, &["1.204", "0.750", "0.657", "2.783"]).into_iter().map(|mut row| {
        row.what.push_str(" (paper)");
        row
    }));
    rows.push(likelihood(of, "log-likelihood (paper)", "-33225.6", &fitted));

    // Points are given for the estimates of BTYD, of which these digits are known.
    let theirs = BgBb::new(1.203507, 0.749767, 0.656757, 2.783887).expect("parameters");
    let score = |quantity: &Quantity, row: [f64; 3]| {
        let [x, t_x, n] = row.map(|value| vec![value]);
        let one = Columns(vec![("frequency", x), ("recency", t_x), ("T", n)]);
        theirs.score(quantity, &one.table(), &Control::new()).expect("a score")[0]
    };
    let next = Quantity::ProbabilityAlive { after: 1.0 };
    for (history, published) in
        [([0.0, 0.0, 6.0], "0.11"), ([2.0, 4.0, 6.0], "0.59"), ([6.0, 6.0, 6.0], "0.93")]
    {
        let [x, t_x, _] = history;
        rows.push(row(
            of,
            format!("P(alive) at the next opportunity, x = {x}, t_x = {t_x}, n = 6"),
            published,
            score(&next, history),
        ));
    }
    let six = Quantity::ExpectedPurchases { horizon: 6.0 };
    let rounded = "the seventh digit of the estimates, which are published to six, moves it";
    let told = |row: Row| if row.met() < row.digits() { row.because(rounded) } else { row };
    rows.push(told(row(of, "E[X(6)]", "2.220167", theirs.new_customer(&six).expect("a value"))));
    let ahead = |horizon| Quantity::ExpectedPurchases { horizon };
    let misread = "no value of this history: it is that of x = 4, t_x = 5, n = 5 over 2, the next row";
    rows.push(
        row(of, "purchases in 5, x = 2, t_x = 4, n = 6", "1.33224", score(&ahead(5.0), [2.0, 4.0, 6.0]))
            .because(misread),
    );
    rows.push(row(
        of,
        "purchases in 2, x = 4, t_x = 5, n = 5",
        "1.33224",
        score(&ahead(2.0), [4.0, 5.0, 5.0]),
    ));
    let dert = Quantity::discounted(Discount::PerPeriod(0.1), None);
    rows.push(told(row(of, "DERT(.1), x = 6, t_x = 6, n = 6", "5.909805", score(&dert, [6.0, 6.0, 6.0]))));
    rows.push(told(row(of, "DERT(.1), x = 0, n = 6", "0.1147667", score(&dert, [0.0, 0.0, 6.0]))));
    // Sums are printed for the maximum.
    rows.push(row(
        of,
        "purchases in 5, all donors",
        "12884.2",
        total(model, &ahead(5.0), &data.table(), Some(&weight)),
    ));
    for (n, published) in [(0, "3454.9"), (6, "1253.1")] {
        let donors = 11_104.0
            * model.new_customer(&Quantity::PurchaseProbability { n, horizon: 6.0 }).expect("a value");
        rows.push(row(of, format!("donors expected with {n} donations"), published, donors));
    }
    rows
}
