//! Integration tests of cam-core: one binary.

mod bad_input;
mod cohorts;
mod contracts;
mod count_distributions;
mod counting;
mod covariates;
mod covariates_bad_input;
mod covariates_ggom;
mod diagnostics;
mod discrete;
mod donations;
mod fitting;
mod functions;
mod functions_of_tasks;
mod golden;
mod hierarchical;
mod hierarchical_scores;
mod independence;
mod inference;
mod layers;
mod math;
mod messages;
mod published;
mod published_page;
#[path = "../../examples/published/main.rs"]
#[allow(dead_code, reason = "an example's own `main`, and what only the page needs")]
mod published_values;
mod quantities;
mod registry;
mod regularity;
mod reported;
mod summary;
mod summary_bad_input;
mod summary_order;
mod summary_stream;
mod tasks;
mod time_varying;
mod time_varying_inference;
mod unit;
mod validate;
mod value;
mod walking;

use cam_core::summary::{Log, Moment, Split, Summary, SummaryOptions, Times, parse_date, split, summarize};
use cam_core::{Control, Unit};

/// A file of the folder testdata.
pub(crate) fn testdata(name: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Customer, day and amount of every row of the CDNOW log.
pub(crate) fn cdnow_log() -> (Vec<i64>, Vec<i32>, Vec<f64>) {
    let (mut keys, mut days, mut amounts) = (Vec::new(), Vec::new(), Vec::new());
    for line in testdata("CDNOW_sample.txt").lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        if let [_, key, date, _, amount] = fields[..] {
            keys.push(key.parse().unwrap());
            days.push(parse_date(date).unwrap());
            amounts.push(amount.parse().unwrap());
        }
    }
    (keys, days, amounts)
}

/// 39 weeks of calibration, 39 of holdout; times in weeks.
pub(crate) fn cdnow() -> Split {
    let (keys, days, amounts) = cdnow_log();
    let log = Log::new(&keys[..], Times::Days(&days)).amounts(&amounts[..]);
    let end = Moment::Day(parse_date("1997-09-30").unwrap());
    split(&log, end, &SummaryOptions::new().unit(Unit::WEEK), &Control::new()).unwrap()
}

/// The summary in weeks up to a date.
pub(crate) fn cdnow_until(date: &str) -> Summary {
    let (keys, days, amounts) = cdnow_log();
    let log = Log::new(&keys[..], Times::Days(&days)).amounts(&amounts[..]);
    let end = Moment::Day(parse_date(date).unwrap());
    summarize(&log, &SummaryOptions::new().unit(Unit::WEEK).observation_end(end), &Control::new()).unwrap()
}
