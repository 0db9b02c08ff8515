//! Customers as assets.
#![forbid(unsafe_code)]

pub mod control;
pub mod error;
pub mod math;
pub mod summary;
pub mod table;
pub mod unit;

pub use control::{Control, Progress};
pub use error::{Error, ErrorKind, Result};
pub use table::Table;
pub use unit::Unit;
