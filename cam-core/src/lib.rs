//! Customers as assets: what each is worth, how likely each is to leave, computed exactly and fast.
//!
//! A transaction log goes in; out come, for every customer, the probability of being alive, the expected purchases, the expected
//! spend and the lifetime value.
//!
//! ```
//! use cam_core::clv::{BgNbd, GammaGamma, ValueOptions, customer_lifetime_value};
//! use cam_core::summary::{Log, Moment, SummaryOptions, Times, summarize};
//! use cam_core::{Control, Fit, Model, Quantity, Unit};
//!
//! # let (ids, days, amounts) = cam_core::doctest_log();
//! // ids: &[i64], days: &[i32] since 1970-01-01, amounts: &[f64]
//! let log = Log::new(&ids[..], Times::Days(&days)).amounts(&amounts);
//! let summary = summarize(&log, &SummaryOptions::new().unit(Unit::WEEK), &Control::new())?;
//!
//! let purchases = BgNbd::fit(&summary)?;
//! assert!(purchases.report()?.converged());
//! let spend = GammaGamma::fit(&summary)?;
//!
//! let next_year = Quantity::ExpectedPurchases { horizon: 52.0 };
//! let expected = purchases.model.score(&next_year, &summary.table(), &Control::new())?;
//! let value = customer_lifetime_value(
//!     &purchases.model, &spend.model, &summary.table(), &ValueOptions::new(52.0, 0.002), &Control::new(),
//! )?;
//! assert_eq!((expected.len(), value.len()), (summary.len(), summary.len()));
//! # Ok::<(), cam_core::Error>(())
//! ```
//!
//! # The map
//!
//! Data flow one way, and a module uses only modules before it:
//!
//! | module | what |
//! |---|---|
//! | [`error`], [`mod@unit`], [`table`], [`control`] | the ground floor: one error type, units of time, borrowed columns, threads and cancellation |
//! | [`math`], [`optim`] | special functions, quadrature, derivatives, random streams; a trust-region Newton method |
//! | [`summary`] | transaction log → frequency, recency, T, monetary value |
//! | [`rows`], [`mod@model`] | checked, compressed rows; what a model is and what can be asked of it |
//! | [`fit`] | maximum likelihood with honest diagnostics, and the JSON document |
//! | [`mod@task`] | what work is that is not a model, and is reached by name, too |
//! | [`clv`] | the models, one file each, and lifetime value |
//! | [`inference`] | intervals and predictions for any fitted model, given its data |
//! | [`validate`] | how well a model meets what happened, and which to take |
//! | [`registry`], [`mod@tasks`] | all models and all tasks by name: what the Python, C and Java doors walk over |
//!
//! # Conventions
//!
//! - **Time** is counted in the unit of the [`Summary`] (days, weeks, …); rates are per that unit; a model remembers it.
//! - **NaN**: fitting refuses it and names the row; scoring gives NaN for that row and goes on.
//! - **Errors** say where, which rule, and what was got; rows are counted from 0. See [`Error`].
//! - **Threads**: every long call takes a [`Control`]. Any number of threads gives the same bits.
//! - **Random numbers** come from a seed and the index of the customer, never from a thread or a clock.
//!
//! # What it is not
//!
//! No data frames, no files, no plots: those are at the Python door. No thread pool and no global state: a process may fork
//! at any time, and nothing runs before you call it.
#![forbid(unsafe_code)]

pub mod clv;
pub mod control;
pub mod error;
pub mod fit;
pub mod inference;
pub mod math;
pub mod model;
pub mod optim;
pub mod registry;
pub mod rows;
pub mod summary;
pub mod table;
pub mod task;
pub mod tasks;
pub mod unit;
pub mod validate;

pub use control::{Control, Progress};
pub use error::{Error, ErrorKind, Result};
pub use fit::{Fit, FitOptions, FitReport, Fitted, Status};
pub use model::{Discount, Family, Model, Quantity};
pub use registry::{model, models};
pub use summary::Summary;
pub use table::Table;
pub use tasks::{task, tasks};
pub use unit::Unit;

/// The Rust of the pages is compiled and run with the documentation tests; that of the README is `examples/cdnow.rs`.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../../docs/how-to/rust.md")]
    struct FromRust;
}

/// A small simulated log for the examples.
#[doc(hidden)]
pub fn doctest_log() -> (Vec<i64>, Vec<i32>, Vec<f64>) {
    let (mut ids, mut days, mut amounts) = (Vec::new(), Vec::new(), Vec::new());
    for id in 0..300 {
        let mut stream = math::random::Stream::new(7, id as u64);
        let (rate, leaves, mean) =
            (stream.gamma(0.6) / 60.0, stream.beta(0.8, 2.4), 100.0 / stream.gamma(4.0));
        let mut day = (stream.uniform() * 90.0).floor();
        while day < 365.0 {
            ids.push(id);
            days.push(day as i32);
            amounts.push(mean * stream.gamma(6.0));
            if stream.uniform() < leaves {
                break;
            }
            day += (stream.exponential() / rate).ceil();
        }
    }
    (ids, days, amounts)
}
