//! What a summary says to bad input: which row, which rule, what it got.

use cam_core::summary::{
    Keys, KeysRef, Log, Moment, Offsets, Period, Summary, SummaryBuilder, SummaryOptions, TimeResolution,
    Times, split, summarize,
};
use cam_core::{Control, Error, ErrorKind, Table, Unit};
use std::sync::atomic::AtomicBool;

fn fails(log: Log<'_>, options: SummaryOptions) -> Error {
    summarize(&log, &options, &Control::new()).unwrap_err()
}

fn plain(log: Log<'_>) -> Error {
    fails(log, SummaryOptions::new())
}

const TWO: &[i64] = &[1, 2];
const DAYS: &[i32] = &[0, 1];

#[test]
fn a_bad_row_of_a_log_is_named() {
    let log = Log::new(TWO, Times::Days(DAYS));
    let broken_offsets = Offsets::I32(&[0, 1, 9]);
    let cases: Vec<(Log<'_>, ErrorKind, Option<usize>, &str)> = vec![
        (log.amounts(&[1.0, f64::NAN]), ErrorKind::InvalidData, Some(1), "amount is missing (NaN)"),
        (log.amounts(&[f64::INFINITY, 1.0]), ErrorKind::InvalidData, Some(0), "finite amount"),
        (log.amounts(&[1.0, -1e300]), ErrorKind::InvalidData, Some(1), "at most 1e290 in size, got -1"),
        (log.amounts(&[1.0]), ErrorKind::InvalidShape, None, "customer has 2 rows, amount has 1"),
        (Log::new(TWO, Times::Days(&[0])), ErrorKind::InvalidShape, None, "customer has 2 rows, time has 1"),
        (Log::new(TWO, Times::Days(&[0, i32::MIN])), ErrorKind::InvalidData, Some(1), "time is missing"),
        (
            Log::new(TWO, Times::Timestamps(&[i64::MIN, 0], TimeResolution::Nano)),
            ErrorKind::InvalidData,
            Some(0),
            "time is missing",
        ),
        (Log::new(TWO, Times::Numbers(&[0.0, f64::NAN])), ErrorKind::InvalidData, Some(1), "missing (NaN)"),
        (Log::new(TWO, Times::Numbers(&[f64::NEG_INFINITY, 0.0])), ErrorKind::InvalidData, Some(0), "finite"),
        (Log::new(TWO, Times::Numbers(&[0.0, 1e300])), ErrorKind::InvalidData, Some(1), "9e15"),
        (Log::new(&["a", ""][..], Times::Days(DAYS)), ErrorKind::InvalidData, Some(1), "key is missing"),
        (Log::new(&[][..] as &[i64], Times::Days(&[])), ErrorKind::NotEnoughData, None, "no rows"),
        (log.amounts(&[-1.0, -2.0]), ErrorKind::NotEnoughData, None, "no customer has a purchase"),
        (
            Log::new(KeysRef::Text { offsets: broken_offsets, bytes: b"ab" }, Times::Days(DAYS)),
            ErrorKind::InvalidShape,
            Some(1),
            "offsets",
        ),
        (
            Log::new(KeysRef::Text { offsets: Offsets::I64(&[0, 2, 1]), bytes: b"ab" }, Times::Days(DAYS)),
            ErrorKind::InvalidShape,
            Some(1),
            "offsets",
        ),
        (
            Log::new(KeysRef::Text { offsets: Offsets::I64(&[0, 1, 2]), bytes: b"a\xff" }, Times::Days(DAYS)),
            ErrorKind::InvalidData,
            Some(1),
            "UTF-8",
        ),
    ];
    for (log, kind, row, message) in cases {
        let error = plain(log);
        assert_eq!((error.kind(), error.row()), (kind, row), "{error}");
        assert!(error.to_string().contains(message), "{error}");
    }
}

#[test]
fn the_lowest_bad_row_is_named_whatever_the_number_of_threads() {
    let n = 1_000_000;
    let (keys, mut days) = (vec![1_i64; n], vec![0; n]);
    for row in [900_001, 300_007, 700_003] {
        days[row] = i32::MIN;
    }
    for threads in [1, 2, 7] {
        let control = Control::new().threads(threads);
        let error = summarize(&Log::new(&keys[..], Times::Days(&days)), &SummaryOptions::new(), &control)
            .unwrap_err();
        assert_eq!(error.row(), Some(300_007));
    }
}

#[test]
fn options_out_of_their_domain_are_named() {
    let log = Log::new(TWO, Times::Days(DAYS));
    for n in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let error = fails(log, SummaryOptions::new().period(Period::Days(n)));
        assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidParameter, Some("period")));
    }
    let error = fails(log, SummaryOptions::new().observation_end(Moment::Number(f64::NAN)));
    assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidParameter, Some("observation_end")));
    let error = fails(log, SummaryOptions::new().observation_end(Moment::Day(-1)));
    assert_eq!(error.kind(), ErrorKind::NotEnoughData);
    for end in [1, 2] {
        let error = split(&log, Moment::Day(end), &SummaryOptions::new(), &Control::new()).unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidParameter, Some("calibration_end")));
    }
    let error = split(&log, Moment::Day(-5), &SummaryOptions::new(), &Control::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotEnoughData);
    assert_eq!("fortnight".parse::<Period>().unwrap_err().field(), Some("period"));
    assert_eq!("1997-02-30".parse::<Moment>().unwrap_err().kind(), ErrorKind::InvalidData);
    let error = Times::from_text(["1997-01-01", "soon"]).unwrap_err();
    assert_eq!((error.row(), error.field()), (Some(1), Some("time")));
}

#[test]
fn ready_made_columns_are_checked_row_by_row() {
    let cases = [
        ([1.0, 12.0, 10.0], "need 0 <= recency <= T, got recency = 12, T = 10"),
        ([1.0, -1.0, 10.0], "need 0 <= recency <= T, got recency = -1, T = 10"),
        ([-1.0, 0.0, 10.0], "frequency must be a whole number >= 0, got -1"),
        ([1.5, 3.0, 10.0], "frequency must be a whole number >= 0, got 1.5"),
        ([2.0, 0.0, 10.0], "need recency > 0 where frequency > 0, got frequency = 2, recency = 0"),
        ([0.0, 3.0, 10.0], "need recency = 0 where frequency = 0, got recency = 3"),
        ([f64::NAN, 0.0, 10.0], "frequency must be finite, got NaN"),
        ([0.0, f64::NAN, 10.0], "recency must be finite, got NaN"),
        ([0.0, 0.0, f64::INFINITY], "T must be finite, got inf"),
    ];
    for ([x, t_x, t], message) in cases {
        let error = Summary::new(vec![0.0, x], vec![0.0, t_x], vec![1.0, t], Unit::DAY).unwrap_err();
        assert_eq!(error.to_string(), format!("row 1: {message}"));
        assert_eq!(error.kind(), ErrorKind::InvalidData);
    }
    let good = || Summary::new(vec![0.0, 1.0], vec![0.0, 1.0], vec![1.0, 2.0], Unit::DAY).unwrap();
    let shape = |r: cam_core::Result<Summary>| assert_eq!(r.unwrap_err().kind(), ErrorKind::InvalidShape);
    shape(Summary::new(vec![], vec![], vec![], Unit::DAY));
    shape(Summary::new(vec![0.0], vec![], vec![1.0], Unit::DAY));
    shape(Summary::new(vec![0.0], vec![0.0], vec![1.0, 2.0], Unit::DAY));
    shape(good().with_monetary_value(vec![1.0]));
    shape(good().with_weights(vec![]));
    shape(good().with_keys(Keys::from_texts(["a"])));
    shape(Summary::from_table(&Table::new().with("frequency", &[1.0]).unwrap()));
    assert_eq!(
        good().with_weights(vec![1.0, -2.0]).unwrap_err().to_string(),
        "row 1: need weight >= 0, got -2"
    );
    assert_eq!(good().with_weights(vec![f64::NAN, 2.0]).unwrap_err().row(), Some(0));
    assert_eq!(good().with_weights(vec![0.0, 0.0]).unwrap_err().field(), Some("weight"));
    assert_eq!(good().with_monetary_value(vec![1.0, f64::INFINITY]).unwrap_err().row(), Some(1));
}

#[test]
fn a_summary_reads_back_its_own_table() {
    let summary = Summary::new(vec![0.0, 1.0], vec![0.0, 1.0], vec![1.0, 2.0], Unit::WEEK)
        .and_then(|s| s.with_monetary_value(vec![0.0, 30.0]))
        .and_then(|s| s.with_weights(vec![2.0, 1.0]))
        .unwrap();
    assert_eq!(Summary::from_table(&summary.table()).unwrap(), summary);
}

#[test]
fn a_refused_batch_leaves_the_builder_as_it_was() {
    let control = Control::new();
    let mut builder = SummaryBuilder::new(SummaryOptions::new()).unwrap();
    builder.push(&Log::new(TWO, Times::Days(DAYS)), &control).unwrap();
    let before = builder.finish(&control).unwrap();
    let refused = [
        Log::new(TWO, Times::Days(&[7, i32::MIN])),
        Log::new(&["a", "b"][..], Times::Days(DAYS)),
        Log::new(TWO, Times::Days(DAYS)).amounts(&[1.0, 2.0]),
    ];
    for log in refused {
        builder.push(&log, &control).unwrap_err();
        assert_eq!(builder.finish(&control).unwrap(), before);
    }
    let other = SummaryBuilder::new(SummaryOptions::new().unit(Unit::WEEK)).unwrap();
    assert_eq!(builder.merge(&other).unwrap_err().kind(), ErrorKind::InvalidParameter);
}

#[test]
fn a_raised_flag_stops_the_work() {
    let flag = AtomicBool::new(true);
    let control = Control::new().cancel(&flag);
    let error = summarize(&Log::new(TWO, Times::Days(DAYS)), &SummaryOptions::new(), &control).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted);
}
