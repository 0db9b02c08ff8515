//! From a transaction log to sufficient rows: `frequency, recency, T, monetary_value` per customer.
//!
//! The models of this crate need to know four numbers about a customer, not the whole history. They are those that users of lifetimes and
//! PyMC-Marketing know, under the same names:
//!
//! | column | symbol | meaning |
//! |---|---|---|
//! | `frequency` | x | number of *repeat* purchases: distinct purchase periods, less one |
//! | `recency` | t_x | time from the first purchase to the last, 0 without a repeat purchase |
//! | `T` | T | time from the first purchase to the end of the observation |
//! | `monetary_value` | z̄ | mean spend per repeat purchase, the first left out; 0 without a repeat purchase |
//!
//! Some models need more, or otherwise: [`SummaryOptions::spread`] for normal and log-normal spend, [`SummaryOptions::opportunities`] for discrete time.
//!
//! ```
//! use cam_core::{Control, Unit, summary::{Log, Moment, SummaryOptions, Times, summarize}};
//! let log = Log::new(&["ann", "bob", "ann", "ann"][..], Times::Days(&[0, 7, 14, 14])).amounts(&[20.0, 9.0, 30.0, 5.0]);
//! let options = SummaryOptions::new().unit(Unit::WEEK).observation_end(Moment::Day(28));
//! let summary = summarize(&log, &options, &Control::new())?;
//! assert_eq!(summary.frequency(), [1.0, 0.0]);
//! assert_eq!(summary.recency(), [2.0, 0.0]);
//! assert_eq!(summary.age(), [4.0, 3.0]);
//! assert_eq!(summary.monetary_value().unwrap(), [35.0, 0.0]);
//! assert_eq!(summary.report().purchases_collapsed, 1);
//! # Ok::<(), cam_core::Error>(())
//! ```
//!
//! # Rules
//!
//! - **Order** of rows does not matter. Customers come out sorted by key. The same rows give the same bits, whatever their order, the number
//!   of threads, and however they were cut into batches or spread over machines: times are integers and sums of amounts are exact.
//! - **Periods.** Rows of one customer within one [`Period`] (default: the day) are one purchase with the sum of the amounts; exact duplicates
//!   are no exception. All times are those of period starts. `recency` and `T` are differences of days divided by the length of the [`Unit`](crate::Unit):
//!   weeks are exactly days / 7.
//! - **Ends.** An observation or calibration end means the whole period it falls in; later rows are ignored and counted. The default is the latest
//!   period in the log (dropped rows and refunds included: the log reached as far as that).
//! - **Refunds** (negative amounts) are netted, dropped or refused, see [`Refunds`]. **Zero** amounts are purchases, or dropped. An amount must
//!   be finite and at most 1e290 in size. A customer whose refunds exceed the repeat purchases keeps a negative `monetary_value`.
//! - **Missing** keys, times or amounts are errors that name the row (counted from 0).
//! - **Nothing vanishes silently**: the [`Report`] of a [`Summary`] accounts for each row.

mod builder;
mod bytes;
mod cohorts;
mod columns;
mod dense;
mod dictionary;
mod emit;
mod exact;
mod find;
mod horizon;
mod intervals;
mod keys;
mod log;
mod options;
mod order;
mod parse;
mod partition;
mod periods;
mod reduce;
mod shard;
mod sparse;
mod split;
mod spread;
mod time;
mod tracking;
mod whole;

pub use builder::SummaryBuilder;
pub use cohorts::{CohortTable, cohort_table};
pub use columns::Summary;
pub(crate) use columns::check_log_intervals;
pub(crate) use exact::ExactSum;
pub use intervals::{Intervals, intervals};
pub use keys::{Key, Keys, KeysRef, Offsets, missing_key};
pub use log::Log;
pub use options::{Refunds, Report, Spread, SummaryOptions};
pub use parse::{parse_date, parse_datetime};
pub use split::{Split, split};
pub use time::{Moment, Period, TimeResolution, Times};
pub use tracking::{Tracking, tracking};
pub use whole::{split_many, summarize};
