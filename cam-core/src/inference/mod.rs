//! How sure one can be: intervals for the parameters and the predictions of any fitted model of the registry.
//!
//! What is generic over a likelihood is in [`fit`](crate::fit); here it meets models by their names, and data. Each is a typed function, and a
//! [task](mod@crate::task) through which Python, C and Java reach it.

mod counting;
mod customers;
mod intervals;
mod outcomes;
mod predictions;
mod tasks;
mod totals;
mod value;

pub use intervals::{BootstrapKind, BootstrapOptions, bootstrap_intervals, profile_intervals};
pub use predictions::{Ends, Predicted, PredictionOptions, Predictions, Realised, prediction_intervals};
pub use tasks::{ConfidenceIntervals, LikelihoodRatioTest, PredictionIntervals};
pub use value::{SimulateLifetimeValue, lifetime_value_distribution};
