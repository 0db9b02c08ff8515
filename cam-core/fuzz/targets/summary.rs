//! Any log, cut anywhere into two batches: an error, or the same summary as at once, with every rule kept.
#![no_main]

use arbitrary::Arbitrary;
use cam_core::summary::{Log, Moment, Period, Refunds, SummaryBuilder, SummaryOptions, Times, summarize};
use cam_core::{Control, Unit};
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
struct Input {
    rows: Vec<(u8, i16, Option<f64>)>,
    amounts: bool,
    cut: u8,
    end: Option<i16>,
    period_days: u8,
    net: bool,
    drop_zero: bool,
}

fuzz_target!(|input: Input| {
    let keys: Vec<i64> = input.rows.iter().map(|row| i64::from(row.0)).collect();
    let days: Vec<i32> = input.rows.iter().map(|row| i32::from(row.1)).collect();
    let amounts: Vec<f64> = input.rows.iter().map(|row| row.2.unwrap_or(1.0)).collect();
    let options = SummaryOptions::new()
        .unit(Unit::WEEK)
        .period(if input.period_days == 0 {
            Period::Month
        } else {
            Period::Days(f64::from(input.period_days))
        })
        .observation_end(input.end.map(|end| Moment::Day(i32::from(end))))
        .refunds(if input.net { Refunds::Net } else { Refunds::Drop })
        .drop_zero_amounts(input.drop_zero);
    let control = Control::new().threads(1);
    let log = |from: usize, to: usize| {
        let amounts = input.amounts.then(|| &amounts[from..to]);
        Log { keys: keys[from..to].into(), times: Times::Days(&days[from..to]), amounts }
    };

    let whole = summarize(&log(0, keys.len()), &options, &control);
    let cut = usize::from(input.cut).min(keys.len());
    let mut builder = SummaryBuilder::new(options).expect("these options are in their domain");
    let batches = builder
        .push(&log(0, cut), &control)
        .and_then(|()| builder.push(&log(cut, keys.len()), &control))
        .and_then(|()| builder.finish(&control));

    match (whole, batches) {
        (Ok(whole), Ok(batches)) => {
            assert_eq!(whole, batches);
            let report = whole.report();
            let accounted = report.rows_after_end
                + report.refunds
                + report.refunds_dropped
                + report.zero_amounts_dropped
                + report.purchase_rows;
            assert_eq!(report.rows, accounted, "every row is counted once");
            for i in 0..whole.len() {
                let (x, recency, age) = (whole.frequency()[i], whole.recency()[i], whole.age()[i]);
                assert!(0.0 <= recency && recency <= age && (x > 0.0) == (recency > 0.0));
            }
        }
        (Err(_), Err(_)) => {}
        (whole, batches) => panic!("at once: {whole:?}, in batches: {batches:?}"),
    }
});
