//! Options, as JSON: whatever has defaults comes in as a document, so that an option more is no break of the C interface.

use crate::guard::text_opt;
use cam_core::summary::{Moment, Spread, SummaryOptions};
use cam_core::{Error, Quantity, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::ffi::c_char;

/// Options from a JSON object; NULL and "" are the same as "{}".
///
/// # Safety
/// The pointer is NULL or a NUL-terminated text.
pub(crate) unsafe fn read<T: DeserializeOwned>(json: *const c_char) -> Result<T> {
    // SAFETY: by the contract of this function.
    let json = unsafe { text_opt(json, "options") }?.map(str::trim).filter(|text| !text.is_empty());
    serde_json::from_str(json.unwrap_or("{}"))
        .map_err(|e| Error::json("the options", &e).with_field("options"))
}

/// A quantity: a name such as "expected_spend", or a JSON object that names it and gives its arguments.
pub(crate) fn quantity(text: &str) -> Result<Quantity> {
    let text = text.trim();
    if text.starts_with('{') {
        return Quantity::from_json(text);
    }
    Quantity::from_json(&serde_json::json!({ "quantity": text }).to_string())
}

/// The options of a summary.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Document {
    unit: Option<String>,
    numbers_in: Option<String>,
    period: Option<String>,
    observation_end: Option<When>,
    calibration_end: Option<When>,
    include_first_transaction: bool,
    refunds: Option<String>,
    drop_zero_amounts: bool,
    log_intervals: bool,
    opportunities: bool,
    spread: Option<String>,
}

/// A moment: a date, a date-time, or a number.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a date, a date-time or a number")]
enum When {
    Number(f64),
    Text(String),
}

impl When {
    fn moment(&self, field: &str) -> Result<Moment> {
        match self {
            When::Number(number) => Ok(Moment::Number(*number)),
            When::Text(text) => text.parse().map_err(|e: Error| e.with_field(field)),
        }
    }
}

/// The options of a summary, and the end of the calibration, if it is to be a split.
///
/// # Safety
/// As for [`read`].
pub(crate) unsafe fn summary(json: *const c_char) -> Result<(SummaryOptions, Option<Moment>)> {
    // SAFETY: by the contract of this function.
    let document: Document = unsafe { read(json) }?;
    let mut options = SummaryOptions::new()
        .include_first_transaction(document.include_first_transaction)
        .drop_zero_amounts(document.drop_zero_amounts)
        .log_intervals(document.log_intervals)
        .opportunities(document.opportunities);
    if let Some(spread) = document.spread {
        options = options.spread(spread.parse::<Spread>().map_err(|e: Error| e.with_field("spread"))?);
    }
    if let Some(unit) = document.unit {
        options = options.unit(unit.parse()?);
    }
    if let Some(unit) = document.numbers_in {
        options = options.numbers_in(unit.parse().map_err(|e: Error| e.with_field("numbers_in"))?);
    }
    if let Some(period) = document.period {
        options = options.period(period.parse()?);
    }
    if let Some(refunds) = document.refunds {
        options = options.refunds(refunds.parse().map_err(|e: Error| e.with_field("refunds"))?);
    }
    if let Some(end) = document.observation_end {
        options = options.observation_end(end.moment("observation_end")?);
    }
    let calibration_end = document.calibration_end.map(|end| end.moment("calibration_end")).transpose()?;
    Ok((options, calibration_end))
}
