//! Single customers, and sums over all of them.

use super::data::{Columns, Data};
use super::row::{Row, row};
use super::samples::total;
use cam_core::clv::{BgNbd, GammaGamma, MbgNbd, ParetoNbd, ValueOptions, customer_lifetime_value};
use cam_core::{Control, Discount, Fit, Model, Quantity};

/// One customer's answer.
fn score(model: &dyn Model, quantity: &Quantity, history: [f64; 3]) -> f64 {
    let [x, t_x, age] = history.map(|value| vec![value]);
    let one = Columns(vec![("frequency", x), ("recency", t_x), ("T", age)]);
    model.score(quantity, &one.table(), &Control::new()).expect("a score")[0]
}

const NOW: Quantity = Quantity::ProbabilityAlive { after: 0.0 };
const YEAR: Quantity = Quantity::ExpectedPurchases { horizon: 52.0 };

fn dert(rate: f64) -> Quantity {
    Quantity::discounted(Discount::Continuous(rate), None)
}

/// Customers of whom something is printed.
pub(crate) fn customers(data: &Data) -> Vec<Row> {
    let table = data.sample.calibration.table();
    let known = [26.0, 30.86, 31.0];
    let best = ParetoNbd::fit(table.clone()).expect("Pareto/NBD").model;
    // The estimates that the manual of BTYD prints for CDNOW; the three digits of the paper of BG/NBD; six of the 78 weeks.
    let pareto = ParetoNbd::new(0.5533971, 10.5801985, 0.6060625, 11.6562237).expect("parameters");
    let bg = BgNbd::new(0.243, 4.414, 0.793, 2.426).expect("parameters");
    let long = ParetoNbd::new(0.563004, 12.559169, 0.408107, 10.514543).expect("parameters");

    let of = "Pareto/NBD at BTYD's estimates, x = 26, t_x = 30.86, T = 31";
    let mut rows = vec![
        row(of, "P(alive)", ".9979179", score(&pareto, &NOW, known)),
        row(
            "Pareto/NBD at its maximum, the same customer",
            "P(alive)",
            ".9979179",
            score(&best, &NOW, known),
        ),
        row(of, "purchases in 52 weeks", "25.455", score(&pareto, &YEAR, known)),
        row(of, "DERT(.0027)", "86.035", score(&pareto, &dert(0.0027), known)),
        row(
            "BG/NBD (.243 4.414 .793 2.426), the same customer",
            "P(alive)",
            ".968916",
            score(&bg, &NOW, known),
        ),
        row(
            "BG/NBD (.243 4.414 .793 2.426), the same customer",
            "purchases in 52 weeks",
            "25.7582",
            score(&bg, &YEAR, known),
        ),
        row(
            "Pareto/NBD at BTYD's estimates, x = 0, T = 39",
            "P(alive)",
            ".2941633",
            score(&pareto, &NOW, [0.0, 0.0, 39.0]),
        ),
    ];
    let of = "Pareto/NBD (78 weeks), T = 77.86";
    let digits = "the seventh digit of the estimates, which are published to six, moves it";
    let told = |row: Row| if row.met() < row.digits() { row.because(digits) } else { row };
    rows.push(told(row(
        of,
        "DERT(.0027), x = 7, t_x = 35",
        "1.864183",
        score(&long, &dert(0.0027), [7.0, 35.0, 77.86]),
    )));
    rows.push(row(
        of,
        "the same (customer B of the paper)",
        "1.9",
        score(&long, &dert(0.0027), [7.0, 35.0, 77.86]),
    ));
    rows.push(told(row(
        of,
        "DERT(.0027), x = 4, t_x = 35",
        "3.716217",
        score(&long, &dert(0.0027), [4.0, 35.0, 77.86]),
    )));

    let of = "Pareto/NBD (.55 10.56 .61 11.64), a new customer";
    let two = ParetoNbd::new(0.55, 10.56, 0.61, 11.64).expect("parameters");
    let published = [
        ".05077821",
        ".09916088",
        ".14542507",
        ".18979930",
        ".23247466",
        ".27361274",
        ".31335159",
        ".35181024",
        ".38909211",
    ];
    for (t, published) in (1..).zip(published) {
        let ours = two.new_customer(&Quantity::ExpectedPurchases { horizon: f64::from(t) }).expect("a value");
        rows.push(row(of, format!("E[X({t})]"), published, ours));
    }
    let first = "the peer counts the first order; at its own estimates";
    let of = "Pareto/NBD, a new customer";
    let year = 1.0 + best.new_customer(&YEAR).expect("a value");
    rows.push(row(of, "E[X(52)], with the first order (CLVTools)", "2.473498", year).because(first));
    let bg = BgNbd::new(0.2425945, 4.4136019, 0.7929199, 2.4258881).expect("CLVTools's estimates");
    let year = 1.0 + bg.new_customer(&YEAR).expect("a value");
    let of = "BG/NBD at CLVTools's estimates, a new customer";
    rows.push(row(of, "E[X(52)], with the first order (CLVTools)", "2.444011", year));
    rows
}

/// Sums over the sample, and the value of all customers.
pub(crate) fn sums(data: &Data) -> Vec<Row> {
    let table = data.sample.calibration.table();
    let of = "CDNOW, 39 weeks of holdout";
    let ahead = Quantity::ExpectedPurchases { horizon: 39.0 };
    let sum = |model: &dyn Model, quantity: &Quantity| total(model, quantity, &table, None);
    let pareto = ParetoNbd::fit(table.clone()).expect("Pareto/NBD").model;
    let other = "at other estimates: the closed form of lifetimes at the maximum gives ours in 13 digits";
    let mut rows = vec![
        row(of, "actual purchases", "1882", data.sample.frequency_holdout.iter().sum()),
        row(of, "purchases, Pareto/NBD", "1665.688", sum(&pareto, &ahead)).because(other),
        row(
            of,
            "purchases, BG/NBD",
            "1653.408",
            sum(&BgNbd::fit(table.clone()).expect("BG/NBD").model, &ahead),
        )
        .because("the peer stops a little before the maximum, or cuts the last digit off"),
        row(
            of,
            "purchases, MBG/NBD",
            "1576.712",
            sum(&MbgNbd::fit(table.clone()).expect("MBG/NBD").model, &ahead),
        )
        .because("at the maximum; the next row is at the peer's estimates"),
        row(
            of,
            "purchases, MBG/NBD, at the estimates of BTYDplus",
            "1576.712",
            sum(&MbgNbd::new(0.524844, 6.183093, 0.891388, 1.614048).expect("parameters"), &ahead),
        )
        .because("six digits of the estimates are known, which moves it by 1e-3"),
    ];
    let rate = 1.15f64.ln() / 52.0;
    let other = "the peer's estimates, short of the maximum, are not known: at those of the paper in three digits, .553 10.578 .606 11.669, \
                 it is 7208.214 (and the purchases above 1665.693), and the peer's sums lie between; DERT of single customers is held to 11 digits \
                 against ball arithmetic";
    rows.push(
        row("CDNOW", "sum of DERT(ln 1.15 / 52), Pareto/NBD", "7207.835", sum(&pareto, &dert(rate)))
            .because(other),
    );
    rows.extend(value(data));
    rows
}

/// Fader, Hardie & Lee (2005): what all customers are worth after 78 weeks, at a margin of 30 %.
fn value(data: &Data) -> Vec<Row> {
    let of = "all customers of CDNOW after 78 weeks";
    let purchases = ParetoNbd::new(0.563004, 12.559169, 0.408107, 10.514543).expect("parameters");
    let spend = GammaGamma::new(4.683455, 4.189783, 24.390548).expect("parameters");
    let table = data.master_long.table();
    let options = ValueOptions::discounted(None, Discount::Continuous(0.0027)).margin(0.3);
    let values =
        customer_lifetime_value(&purchases, &spend, &table, &options, &Control::new()).expect("values");
    let customers = data.master_long.get("customers");
    let frequency = data.master_long.get("frequency");
    let (mut all, mut zero, mut without) = (0.0, 0.0, 0.0);
    for ((value, customers), x) in values.iter().zip(customers).zip(frequency) {
        all += value * customers;
        if *x == 0.0 {
            (zero, without) = (zero + value * customers, without + customers);
        }
    }
    let rounded = "printed in thousands, or to two digits";
    vec![
        row(of, "without a repeat purchase", "12054", without),
        row(of, "their value, $ (paper, in thousands)", "53000", zero).because(rounded),
        row(of, "their value, $ (derived anew)", "52906", zero),
        row(of, "their mean value, $ (paper)", "4.40", zero / without).because(rounded),
        row(of, "their mean value, $ (derived anew)", "4.389", zero / without),
        row(of, "their share of all value, % (paper: almost 5)", "4.64", 100.0 * zero / all),
        row(of, "value of all, $", "1139929", all),
    ]
    .into_iter()
    .chain(best_cell(&values, data))
    .collect()
}

/// The best third by recency, frequency and spend; the paper sorts those with a repeat purchase into thirds. Of those who are alike at the border of
/// a third, as many as there is room for belong to it, each with the same chance.
fn best_cell(values: &[f64], data: &Data) -> Vec<Row> {
    let [x, t_x, age, z, customers] =
        ["frequency", "recency", "T", "monetary_value", "customers"].map(|name| data.master_long.get(name));
    let since: Vec<f64> = age.iter().zip(t_x).map(|(age, t_x)| t_x - age).collect();
    // The chance of being in the best third.
    let chance = |column: &[f64]| -> Vec<f64> {
        let mut order: Vec<usize> = (0..x.len()).filter(|&i| x[i] > 0.0).collect();
        let mut room = order.iter().map(|&i| customers[i]).sum::<f64>() / 3.0;
        order.sort_by(|&i, &j| column[j].total_cmp(&column[i]));
        let mut chance = vec![0.0; x.len()];
        for alike in order.chunk_by(|&i, &j| column[i] == column[j]) {
            let size: f64 = alike.iter().map(|&i| customers[i]).sum();
            alike.iter().for_each(|&i| chance[i] = (room / size).clamp(0.0, 1.0));
            room -= size;
        }
        chance
    };
    let (recent, often, dear) = (chance(&since), chance(x), chance(z));
    let (mut worth, mut number) = (0.0, 0.0);
    for i in 0..x.len() {
        let share = recent[i] * often[i] * dear[i] * customers[i];
        worth += values[i] * share;
        number += share;
    }
    let of = "all customers of CDNOW after 78 weeks, best third by recency, frequency and spend";
    let ties = "customers at the border of a third are alike, and neither source says where they go; ours: each with the same chance";
    vec![
        row(of, "customers (paper)", "954", number).because(ties),
        row(of, "customers (derived anew)", "928", number).because(ties),
        row(of, "value, $ (paper)", "414900", worth).because(ties),
        row(of, "value, $ (derived anew)", "440600", worth).because(ties),
    ]
}

/// Where peers give no number or a wrong one.
pub(crate) fn hard() -> Vec<Row> {
    let mut rows = Vec::new();
    let of = "Pareto/NBD (.55 10.58 .61 11.67), t_x = T = 200 (lifetimes: NaN)";
    let model = ParetoNbd::new(0.55, 10.58, 0.61, 11.67).expect("parameters");
    for (x, published) in [(132.0, "6.206"), (133.0, "6.253")] {
        let ten = Quantity::ExpectedPurchases { horizon: 10.0 };
        rows.push(row(
            of,
            format!("purchases in 10, x = {x}"),
            published,
            score(&model, &ten, [x, 200.0, 200.0]),
        ));
    }
    let model = ParetoNbd::new(0.553, 10.578, 0.606, 11.669).expect("parameters");
    let of = "Pareto/NBD on CDNOW, t_x = T = 200 (lifetimes: NaN)";
    rows.push(row(of, "P(alive), x = 132", "1", score(&model, &NOW, [132.0, 200.0, 200.0])));
    let model = BgNbd::new(0.11, 2.24, 0.31, 0.5).expect("parameters");
    let of = "BG/NBD (.11 2.24 .31 .50), x = 0, T = 1 (lifetimes: NaN)";
    rows.push(row(of, "purchases in 52", ".84447", score(&model, &YEAR, [0.0, 0.0, 1.0])));
    let model = BgNbd::new(300.0, 10.0, 0.793, 2.426).expect("parameters");
    let of = "BG/NBD (r = 300, alpha = 10), x = 0, T = 200 (lifetimes: -inf)";
    rows.push(row(
        of,
        "log-likelihood",
        "-913.36",
        score(&model, &Quantity::LogLikelihood {}, [0.0, 0.0, 200.0]),
    ));
    let model = ParetoNbd::new(0.5, 0.01, 0.6, 1e4).expect("parameters");
    let of = "Pareto/NBD (.5 .01 .6 10000), T = 1 (PyMC-Marketing: 0)";
    rows.push(row(of, "P(alive), x = 132, t_x = .9", ".7068", score(&model, &NOW, [132.0, 0.9, 1.0])));
    rows.push(row(of, "purchases in 52, x = 132, t_x = .9", "4814", score(&model, &YEAR, [132.0, 0.9, 1.0])));
    let of = "Pareto/NBD (.5 .01 .6 10000), T = 1 (CLVTools: 1; 66.4)";
    rows.push(row(of, "P(alive), x = 29, t_x = .5", ".0016378", score(&model, &NOW, [29.0, 0.5, 1.0])));
    rows.push(row(
        of,
        "log-likelihood, x = 29, t_x = .03",
        "145.4",
        score(&model, &Quantity::LogLikelihood {}, [29.0, 0.03, 1.0]),
    ));
    rows
}
