//! The published data: CDNOW, a tenth of its customers and all of them, and what the libraries ship of it.

use cam_core::summary::{Log, Moment, Split, Summary, SummaryOptions, Times, parse_date, split, summarize};
use cam_core::{Control, Table, Unit};

/// Columns of one kind of customers.
#[derive(Default)]
pub(crate) struct Columns(pub(crate) Vec<(&'static str, Vec<f64>)>);

impl Columns {
    pub(crate) fn table(&self) -> Table<'_> {
        self.0.iter().fold(Table::new(), |table, (name, column)| {
            table.with(name, column).expect("columns of equal length")
        })
    }

    pub(crate) fn get(&self, name: &str) -> &[f64] {
        self.0.iter().find(|(n, _)| *n == name).map_or(&[], |(_, column)| column)
    }
}

/// What the rows of the table are computed from; times in weeks.
pub(crate) struct Data {
    /// The sample: 39 weeks, and 39 of holdout; with the intervals between purchases.
    pub(crate) sample: Split,
    /// The same 78 weeks.
    pub(crate) long: Summary,
    /// The 39 weeks as lifetimes ships them, rounded to two decimals.
    pub(crate) rounded: Columns,
    /// Number and mean of all purchases of the 39 weeks, the first included.
    pub(crate) with_first: Columns,
    /// All customers, 39 weeks, with how many are alike.
    pub(crate) master: Columns,
    /// All customers, 78 weeks: mean spend and how many are alike, too.
    pub(crate) master_long: Columns,
}

/// A file of the folder testdata.
pub(crate) fn text(name: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The rows of a CSV file of numbers, column by column.
pub(crate) fn columns(name: &str) -> Vec<Vec<f64>> {
    let text = text(name);
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    let mut columns = vec![Vec::new(); lines.next().map_or(0, |names| names.split(',').count())];
    for line in lines {
        for (column, field) in columns.iter_mut().zip(line.split(',')) {
            column.push(field.parse().unwrap_or_else(|e| panic!("{name}: {line}: {e}")));
        }
    }
    columns
}

fn cents(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

impl Data {
    pub(crate) fn read() -> Data {
        let (mut keys, mut days, mut amounts) = (Vec::new(), Vec::new(), Vec::new());
        for line in text("CDNOW_sample.txt").lines() {
            let fields: Vec<&str> = line.split_whitespace().collect();
            if let [_, key, date, _, amount] = fields[..] {
                keys.push(key.parse::<i64>().expect("a key"));
                days.push(parse_date(date).expect("a date"));
                amounts.push(amount.parse::<f64>().expect("an amount"));
            }
        }
        let log = Log::new(&keys[..], Times::Days(&days)).amounts(&amounts[..]);
        let options = SummaryOptions::new().unit(Unit::WEEK).log_intervals(true);
        let day = |date: &str| Moment::Day(parse_date(date).expect("a date"));
        let end = parse_date("1997-09-30").expect("a date");
        let sample = split(&log, day("1997-09-30"), &options, &Control::new()).expect("a split");
        let long =
            summarize(&log, &options.observation_end(day("1998-06-30")), &Control::new()).expect("a summary");

        let known = &sample.calibration;
        let rounded = Columns(vec![
            ("frequency", known.frequency().to_vec()),
            ("recency", known.recency().iter().copied().map(cents).collect()),
            ("T", known.age().iter().copied().map(cents).collect()),
            ("monetary_value", known.monetary_value().unwrap_or(&[]).iter().copied().map(cents).collect()),
        ]);
        Data {
            rounded,
            with_first: with_first(&keys, &days, &amounts, end),
            master: master(),
            master_long: master_long(),
            sample,
            long,
        }
    }
}

/// Purchases of one day are one.
fn with_first(keys: &[i64], days: &[i32], amounts: &[f64], end: i32) -> Columns {
    let mut spent = std::collections::BTreeMap::<i64, std::collections::BTreeMap<i32, f64>>::new();
    for ((key, day), amount) in keys.iter().zip(days).zip(amounts).filter(|((_, day), _)| **day <= end) {
        *spent.entry(*key).or_default().entry(*day).or_default() += amount;
    }
    let mean = |of: &std::collections::BTreeMap<i32, f64>| of.values().sum::<f64>() / of.len() as f64;
    // Who spent nothing has no gamma variate.
    let (number, mean) =
        spent.values().filter(|of| mean(of) > 0.0).map(|of| (of.len() as f64, mean(of))).unzip();
    Columns(vec![("frequency", number), ("monetary_value", mean)])
}

fn weeks(days: &[f64]) -> Vec<f64> {
    days.iter().map(|days| days / 7.0).collect()
}

fn master() -> Columns {
    let [x, t_x, age, customers] = columns("cdnow_master.csv").try_into().expect("four columns");
    Columns(vec![("frequency", x), ("recency", weeks(&t_x)), ("T", weeks(&age)), ("weight", customers)])
}

fn master_long() -> Columns {
    let [x, t_x, age, spent, customers] = columns("cdnow_master_78.csv").try_into().expect("five columns");
    // One customer has bought again and paid nothing, which is no gamma variate.
    let pays: Vec<bool> = x.iter().zip(&spent).map(|(x, spent)| *x == 0.0 || *spent > 0.0).collect();
    let [x, t_x, age, spent, customers] = [x, t_x, age, spent, customers].map(|column| {
        column.into_iter().zip(&pays).filter(|(_, pays)| **pays).map(|(value, _)| value).collect::<Vec<_>>()
    });
    let mean =
        spent.iter().zip(&x).map(|(cents, x)| if *x > 0.0 { cents / 100.0 / x } else { 0.0 }).collect();
    Columns(vec![
        ("frequency", x),
        ("recency", weeks(&t_x)),
        ("T", weeks(&age)),
        ("monetary_value", mean),
        ("customers", customers),
    ])
}
