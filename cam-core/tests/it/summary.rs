//! The conventions of a summary: by hand, and against lifetimes on the CDNOW sample.

use cam_core::summary::{
    Key, Log, Moment, Period, Refunds, Spread, Summary, SummaryBuilder, SummaryOptions, TimeResolution,
    Times, split, split_many, summarize,
};
use cam_core::{Control, ErrorKind, Unit};
use std::ops::Range;
use std::path::PathBuf;

fn testdata(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The CDNOW sample: sample ids, days since 1970-01-01, dollars.
pub(crate) struct Cdnow {
    pub(crate) keys: Vec<i64>,
    pub(crate) days: Vec<i32>,
    pub(crate) dollars: Vec<f64>,
}

pub(crate) fn cdnow() -> Cdnow {
    let mut log = Cdnow { keys: vec![], days: vec![], dollars: vec![] };
    for line in testdata("CDNOW_sample.txt").lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        log.keys.push(fields[1].parse().unwrap());
        log.days.push(cam_core::summary::parse_date(fields[2]).unwrap());
        log.dollars.push(fields[4].parse().unwrap());
    }
    log
}

impl Cdnow {
    pub(crate) fn log(&self) -> Log<'_> {
        self.rows(0..self.keys.len())
    }

    pub(crate) fn rows(&self, rows: Range<usize>) -> Log<'_> {
        Log::new(&self.keys[rows.clone()], Times::Days(&self.days[rows.clone()])).amounts(&self.dollars[rows])
    }
}

fn date(text: &str) -> Moment {
    text.parse().unwrap()
}

/// A column of the golden file, by name.
fn golden(name: &str) -> Vec<f64> {
    let text = testdata("summary_cdnow.csv");
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    let place = lines.next().unwrap().split(',').position(|column| column == name).unwrap();
    lines.map(|line| line.split(',').nth(place).unwrap().parse().unwrap()).collect()
}

/// Means of daily sums differ from exactly rounded ones by the rounding of at most 40 additions.
fn assert_close(ours: &[f64], golden: &[f64]) {
    assert_eq!(ours.len(), golden.len());
    for (i, (a, b)) in ours.iter().zip(golden).enumerate() {
        assert!((a - b).abs() <= 40.0 * f64::EPSILON * b.abs(), "customer {i}: {a} against {b}");
    }
}

fn options() -> SummaryOptions {
    SummaryOptions::new()
}

fn run(log: &Log<'_>, options: &SummaryOptions) -> Summary {
    summarize(log, options, &Control::new()).unwrap()
}

#[test]
fn the_cdnow_calibration_is_that_of_the_literature_and_of_lifetimes() {
    let data = cdnow();
    let split = split(
        &data.log(),
        date("1997-09-30"),
        &options().observation_end(date("1998-06-30")),
        &Control::new(),
    )
    .unwrap();
    let c = &split.calibration;
    assert_eq!(c.len(), 2_357);
    assert_eq!(c.frequency().iter().sum::<f64>(), 2_457.0);
    assert_eq!(c.frequency().iter().copied().fold(0.0, f64::max), 29.0);
    let mut unique: Vec<_> =
        (0..c.len()).map(|i| (c.frequency()[i] as u64, c.recency()[i] as u64, c.age()[i] as u64)).collect();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), 1_016);

    assert_eq!(c.frequency(), golden("frequency"));
    assert_eq!(c.recency(), golden("recency"));
    assert_eq!(c.age(), golden("T"));
    assert_close(c.monetary_value().unwrap(), &golden("monetary_value"));
    assert_eq!(split.frequency_holdout, golden("frequency_holdout"));
    assert_close(split.monetary_value_holdout.as_ref().unwrap(), &golden("monetary_value_holdout"));
    assert_eq!(split.duration_holdout, golden("duration_holdout")[0]);
    assert!((0..c.len()).all(|i| c.keys().unwrap().get(i) == Key::Int(i as i64 + 1)));
}

#[test]
fn weeks_are_exactly_days_over_seven() {
    let data = cdnow();
    let end = options().observation_end(date("1997-09-30"));
    let (days, weeks) = (run(&data.log(), &end), run(&data.log(), &end.unit(Unit::WEEK)));
    let sevenths = |v: &[f64]| v.iter().map(|d| d / 7.0).collect::<Vec<_>>();
    assert_eq!(weeks.recency(), sevenths(days.recency()));
    assert_eq!(weeks.age(), sevenths(days.age()));
    assert_eq!(weeks.monetary_value(), days.monetary_value());
    assert_eq!(weeks.table().unit(), Some(Unit::WEEK));
}

#[test]
fn the_first_transaction_is_included_as_in_lifetimes() {
    let data = cdnow();
    let s = run(&data.log(), &options().include_first_transaction(true));
    assert_eq!(s.frequency(), golden("frequency_first"));
    assert_eq!(s.recency(), golden("recency_first"));
    assert_eq!(s.age(), golden("T_first"));
    assert_close(s.monetary_value().unwrap(), &golden("monetary_value_first"));
    assert!(s.first_transaction_included());
}

#[test]
fn weekly_periods_are_those_of_lifetimes() {
    let data = cdnow();
    let s = run(&data.log(), &options().period(Period::WEEK).unit(Unit::WEEK));
    assert_eq!(s.frequency(), golden("frequency_weekly"));
    assert_eq!(s.recency(), golden("recency_weekly"));
    assert_eq!(s.age(), golden("T_weekly"));
    assert_close(s.monetary_value().unwrap(), &golden("monetary_value_weekly"));
}

#[test]
fn several_cut_offs_in_one_pass_equal_one_at_a_time() {
    let data = cdnow();
    let ends = [date("1997-09-30"), date("1997-03-31"), date("1998-01-01"), date("1997-03-31")];
    let all = split_many(&data.log(), &ends, &options(), &Control::new()).unwrap();
    for (end, together) in ends.iter().zip(&all) {
        assert_eq!(together, &split(&data.log(), *end, &options(), &Control::new()).unwrap());
        // The calibration is the summary of a log that ends there, but for the account of later rows.
        let alone = run(&data.log(), &options().observation_end(*end));
        assert_eq!(&together.calibration, &alone);
        let names: Vec<&str> = together.table().names().map(|n| n.to_string().leak() as &str).collect();
        assert_eq!(
            names,
            ["frequency", "recency", "T", "monetary_value", "frequency_holdout", "monetary_value_holdout"]
        );
    }
}

#[test]
fn the_spread_of_spend_is_that_of_what_was_known_at_each_cut_off() {
    let data = cdnow();
    let ends = [date("1997-09-30"), date("1997-03-31")];
    let with = options().drop_zero_amounts(true).spread(Spread::Log);
    for (end, split) in ends.iter().zip(split_many(&data.log(), &ends, &with, &Control::new()).unwrap()) {
        let alone = run(&data.log(), &with.observation_end(*end));
        assert_eq!(split.calibration, alone);
        let table = alone.table();
        let [mean, deviation] = ["geometric_mean", "log_deviation"].map(|name| table.column(name).unwrap());
        let spenders = mean.iter().zip(alone.frequency()).filter(|(m, x)| (**m > 0.0) == (**x > 0.0)).count();
        assert_eq!(spenders, alone.len());
        // Of numbers that differ, the geometric mean lies below the mean.
        let below = |i: usize| mean[i] < alone.monetary_value().unwrap()[i];
        assert!((0..alone.len()).filter(|&i| deviation[i] > 1e-9).all(below));
    }
    let error = SummaryBuilder::new(with).unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::Unsupported, Some("spread")));
}

#[test]
fn days_timestamps_numbers_and_texts_give_the_same_summary() {
    let data = cdnow();
    let expected = run(&data.log(), &options());
    for resolution in
        [TimeResolution::Second, TimeResolution::Milli, TimeResolution::Micro, TimeResolution::Nano]
    {
        // Some time in the afternoon: the day counts.
        let per_day = resolution.per_day();
        let ticks: Vec<i64> = data.days.iter().map(|&d| i64::from(d) * per_day + per_day / 3 * 2).collect();
        let log = Log { times: Times::Timestamps(&ticks, resolution), ..data.log() };
        assert_eq!(run(&log, &options()), expected, "{resolution:?}");
    }
    let weeks: Vec<f64> = data.days.iter().map(|&d| f64::from(d) / 7.0).collect();
    let log = Log { times: Times::Numbers(&weeks), ..data.log() };
    assert_eq!(run(&log, &options().numbers_in(Unit::WEEK)), expected);

    let sample = testdata("CDNOW_sample.txt");
    let texts = Times::from_text(sample.lines().map(|l| l.split_whitespace().nth(2).unwrap())).unwrap();
    let log = Log { times: Times::Timestamps(&texts, TimeResolution::Micro), ..data.log() };
    assert_eq!(run(&log, &options()), expected);
}

#[test]
fn text_keys_sort_by_their_bytes_and_tell_the_same_story() {
    let data = cdnow();
    let expected = run(&data.log(), &options());
    let names: Vec<String> = data.keys.iter().map(|k| format!("customer-{k:07}")).collect();
    let log = Log { keys: names[..].into(), ..data.log() };
    let s = run(&log, &options());
    assert_eq!(
        s.table().column("monetary_value").unwrap(),
        expected.table().column("monetary_value").unwrap()
    );
    assert_eq!(s.age(), expected.age());
    assert_eq!(s.keys().unwrap().get(0), Key::Text(b"customer-0000001"));

    let unsorted = ["b", "a", "", "ab", "é", "a\0", "zzzzzzzzz", "zzzzzzzz"].map(|s| format!("k{s}"));
    let s = run(&Log::new(&unsorted[..], Times::Days(&[0; 8])), &options());
    let mut sorted = unsorted.to_vec();
    sorted.sort();
    let keys: Vec<String> = (0..8).map(|i| s.keys().unwrap().get(i).to_string()).collect();
    assert_eq!(keys, sorted);
}

#[test]
fn a_period_of_none_collapses_only_identical_times() {
    let seconds = [0, 1, 1, 86_400];
    let log = Log::new(&[1_i64; 4][..], Times::Timestamps(&seconds, TimeResolution::Second))
        .amounts(&[8.0, 1.0, 2.0, 3.0]);
    let s = run(&log, &options().period(Period::Instant));
    assert_eq!(s.frequency(), [2.0]);
    assert_eq!(s.recency(), [1.0]);
    assert_eq!(s.monetary_value().unwrap(), [3.0]);
    let s = run(
        &Log { times: Times::Numbers(&[0.0, 0.25, 0.25, 1.5]), ..log },
        &options().period(Period::Instant),
    );
    assert_eq!((s.frequency()[0], s.recency()[0], s.age()[0]), (2.0, 1.5, 1.5));
}

#[test]
fn months_and_years_are_those_of_the_calendar() {
    let days: Vec<i32> = ["2024-01-31", "2024-02-01", "2024-02-29", "2025-02-28"]
        .map(|d| cam_core::summary::parse_date(d).unwrap())
        .to_vec();
    let log = Log::new(&[1_i64; 4][..], Times::Days(&days));
    let monthly = run(&log, &options().period(Period::Month));
    assert_eq!((monthly.frequency()[0], monthly.recency()[0]), (2.0, 31.0 + 366.0)); // 1 January to 1 February a year on
    let yearly = run(&log, &options().period(Period::Year));
    assert_eq!((yearly.frequency()[0], yearly.recency()[0]), (1.0, 366.0));
}

#[test]
fn refunds_are_netted_and_make_no_purchase() {
    // 1: a purchase returned in part, later, on a day without a purchase. 2: a refund before the first purchase.
    // 3: a refund alone. 4: refunds exceed the repeat purchases. 5: a refund on the day of the first purchase.
    let keys = [1, 1, 1, 2, 2, 3, 4, 4, 4, 5, 5, 5_i64];
    let days = [0, 5, 9, 2, 4, 3, 0, 1, 2, 0, 0, 6];
    let amounts = [10.0, 20.0, -5.0, -7.0, 8.0, -9.0, 10.0, 2.0, -6.0, 10.0, -4.0, 3.0];
    let log = Log::new(&keys[..], Times::Days(&days)).amounts(&amounts);
    let s = run(&log, &options());
    assert_eq!(s.frequency(), [1.0, 0.0, 1.0, 1.0]);
    assert_eq!(s.recency(), [5.0, 0.0, 1.0, 6.0]);
    assert_eq!(s.age(), [9.0, 5.0, 9.0, 9.0]);
    assert_eq!(s.monetary_value().unwrap(), [15.0, 0.0, -4.0, 3.0]);
    let r = s.report();
    assert_eq!((r.rows, r.purchase_rows, r.refunds), (12, 7, 5));
    assert_eq!((r.refunds_unattributed, r.customers_without_purchase, r.negative_repeat_spend), (2, 1, 1));
    // With the first purchase, its refund counts, too.
    let first = run(&log, &options().include_first_transaction(true));
    assert_eq!(first.monetary_value().unwrap(), [12.5, 8.0, 3.0, 4.5]);

    let dropped = run(&log, &options().refunds(Refunds::Drop));
    assert_eq!(dropped.monetary_value().unwrap(), [20.0, 0.0, 2.0, 3.0]);
    assert_eq!((dropped.report().refunds_dropped, dropped.report().refunds), (5, 0));
    let error = summarize(&log, &options().refunds(Refunds::Error), &Control::new()).unwrap_err();
    assert_eq!((error.row(), error.field()), (Some(2), Some("amount")));
}

#[test]
fn zero_amounts_are_purchases_unless_dropped() {
    let log = Log::new(&[1_i64; 3][..], Times::Days(&[0, 1, 2])).amounts(&[5.0, 0.0, -0.0]);
    let s = run(&log, &options());
    assert_eq!((s.frequency()[0], s.monetary_value().unwrap()[0].to_bits()), (2.0, 0));
    let s = run(&log, &options().drop_zero_amounts(true));
    assert_eq!((s.frequency()[0], s.age()[0], s.report().zero_amounts_dropped), (0.0, 2.0, 2));
}

#[test]
fn rows_after_the_end_are_ignored_and_counted() {
    let log = Log::new(&[1, 1, 1, 2_i64][..], Times::Days(&[0, 1, 8, 9])).amounts(&[1.0, 2.0, 4.0, 8.0]);
    let s = run(&log, &options().observation_end(Moment::Day(7)));
    assert_eq!((s.len(), s.frequency()[0], s.age()[0]), (1, 1.0, 7.0));
    assert_eq!((s.report().rows, s.report().rows_after_end, s.report().purchase_rows), (4, 2, 2));
    assert_eq!(s.observation_end(), Some(7.0));
    // The whole week counts in which the end lies.
    let weekly = options().period(Period::WEEK).observation_end(Moment::Day(7)); // a Thursday; its week ends on day 10
    assert_eq!(run(&log, &weekly).report().rows_after_end, 0);
}

#[test]
fn every_row_is_accounted_for() {
    let data = cdnow();
    let s = run(&data.log(), &options().observation_end(date("1997-09-30")));
    let r = s.report();
    assert_eq!(r.rows, 6_919);
    assert_eq!(
        r.rows,
        r.rows_after_end + r.refunds + r.refunds_dropped + r.zero_amounts_dropped + r.purchase_rows
    );
    assert_eq!(r.purchase_rows - r.purchases_collapsed, 2_357 + 2_457);
}
