//! Partial summaries as bytes, and repeat purchases over time.

use crate::summary::cdnow;
use cam_core::summary::{
    Log, Moment, Period, SummaryBuilder, SummaryOptions, TimeResolution, Times, split_many, summarize,
    tracking,
};
use cam_core::{Control, ErrorKind, Unit};
use std::path::Path;

fn control() -> Control<'static> {
    Control::new()
}

/// A builder with everything in it: splits, spills of wildly different amounts, refunds that wait.
fn builder_with_everything() -> (SummaryBuilder, Log<'static>) {
    let keys: &[&str] = &["ann", "bob", "ann", "cid", "ann", "bob", "dan", "dan"];
    let seconds = &[5, 2_000_000, 100_000, 7, 900_000, 10, 86_400, 3];
    let amounts = &[1e290, 5.25, 1e-290, -3.0, -1e280, -4.0, 0.1, 7.0];
    let log = Log::new(keys, Times::Timestamps(seconds, TimeResolution::Second)).amounts(amounts);
    let options = SummaryOptions::new()
        .observation_end("1970-02-01T12:00".parse::<Moment>().unwrap())
        .unit(Unit::WEEK)
        .period(Period::Days(0.5));
    let ends = [Moment::Day(20), Moment::Day(9)];
    let mut builder = SummaryBuilder::with_calibration_ends(options, &ends).unwrap();
    builder.push(&log, &control()).unwrap();
    (builder, log)
}

#[test]
fn a_builder_goes_on_from_its_bytes_as_if_nothing_had_happened() {
    let (builder, log) = builder_with_everything();
    let mut again = SummaryBuilder::from_bytes(&builder.to_bytes().unwrap()).unwrap();
    assert_eq!(again.finish_splits(&control()), builder.finish_splits(&control()));
    assert_eq!(again.to_bytes().unwrap(), builder.to_bytes().unwrap());
    let mut twice = builder.clone();
    twice.push(&log, &control()).unwrap();
    again.merge(&builder).unwrap();
    assert_eq!(again.finish(&control()), twice.finish(&control()));
    assert_eq!(again.finish_splits(&control()), twice.finish_splits(&control()));

    let empty = SummaryBuilder::new(SummaryOptions::new()).unwrap();
    let mut fed = SummaryBuilder::from_bytes(&empty.to_bytes().unwrap()).unwrap();
    let data = cdnow();
    fed.push(&data.log(), &control()).unwrap();
    let fed = SummaryBuilder::from_bytes(&fed.to_bytes().unwrap()).unwrap();
    assert_eq!(fed.finish(&control()), summarize(&data.log(), &SummaryOptions::new(), &control()));
}

/// The first 500 rows of CDNOW as version 1 of the format wrote them. All languages read and write this file in their tests; it must open
/// for ever.
#[test]
fn the_partial_summary_of_version_1_opens_and_is_written_byte_for_byte() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/partial_version_1.bin");
    let data = cdnow();
    let (start, rest) = (data.rows(0..500), data.rows(500..data.keys.len()));
    let end = "1997-09-30".parse::<Moment>().unwrap();
    let options = SummaryOptions::new().unit(Unit::WEEK);
    let mut builder = SummaryBuilder::with_calibration_ends(options, &[end]).unwrap();
    builder.push(&start, &control()).unwrap();
    let written = builder.to_bytes().unwrap();
    if std::env::var_os("CAM_WRITE_PARTIAL").is_some() {
        std::fs::write(&path, &written).unwrap();
    }
    let kept = std::fs::read(&path).unwrap();
    assert!(written == kept, "the bytes differ from those of testdata/partial_version_1.bin");

    let mut again = SummaryBuilder::from_bytes(&kept).unwrap();
    assert_eq!((again.rows(), again.calibrations()), (500, 1));
    again.push(&rest, &control()).unwrap();
    let whole = split_many(&data.log(), &[end], &options, &control());
    assert_eq!(again.finish_splits(&control()), whole);
}

#[test]
fn broken_bytes_are_refused_wherever_they_break() {
    let (builder, _) = builder_with_everything();
    let good = builder.to_bytes().unwrap();
    let refused = |bytes: &[u8]| {
        let error = SummaryBuilder::from_bytes(bytes).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidDocument, "{error}");
    };
    for cut in 0..good.len() {
        refused(&good[..cut]);
    }
    for place in 0..good.len() {
        for flip in [1, 0x80] {
            let mut bytes = good.clone();
            bytes[place] ^= flip;
            refused(&bytes);
        }
    }
    refused(&[&good[..], &[0]].concat());
    let mut later = good.clone();
    later[8] = 2;
    assert!(SummaryBuilder::from_bytes(&later).unwrap_err().to_string().contains("version 2"));
}

#[test]
fn tracking_counts_every_repeat_purchase_of_cdnow_once() {
    let data = cdnow();
    let options = SummaryOptions::new().unit(Unit::WEEK);
    let t = tracking(&data.log(), Unit::WEEK, &options, &control()).unwrap();
    let s = summarize(&data.log(), &options, &control()).unwrap();
    assert_eq!(t.cumulative.last().copied(), Some(s.frequency().iter().sum()));
    assert_eq!(t.new_customers.iter().sum::<f64>(), 2_357.0);
    // 1997-01-01 to 1998-06-30 are 546 days: 78 weeks.
    assert_eq!((t.ends.len(), t.complete), (78, 78));
    assert_eq!(t.origin, 9_862.0);
    for (j, end) in [(38, "1997-09-30"), (11, "1997-03-25")] {
        let until =
            summarize(&data.log(), &options.observation_end(end.parse::<Moment>().unwrap()), &control())
                .unwrap();
        assert_eq!(t.cumulative[j], until.frequency().iter().sum::<f64>(), "{end}");
    }
    let steps = tracking(&data.log(), Unit::from_days(100.0).unwrap(), &options, &control()).unwrap();
    assert_eq!((steps.ends.len(), steps.complete), (6, 5));
    let error = tracking(&data.log(), Unit::from_days(1e-6).unwrap(), &options, &control()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidParameter);
}

#[test]
fn a_builder_for_splits_tells_its_size() {
    let data = cdnow();
    let ends = ["1997-06-30", "1997-09-30"].map(|end| end.parse::<Moment>().unwrap());
    let mut builder = SummaryBuilder::with_calibration_ends(SummaryOptions::new(), &ends).unwrap();
    for from in (0..data.keys.len()).step_by(500) {
        let to = (from + 500).min(data.keys.len());
        builder.push(&data.rows(from..to), &control()).unwrap();
    }
    assert_eq!((builder.customers(), builder.rows()), (2_357, 6_919));
    assert!(builder.memory_bytes() > 2_357 * 50);
    let expected = split_many(&data.log(), &ends, &SummaryOptions::new(), &control());
    assert_eq!(builder.finish_splits(&control()), expected);
}
