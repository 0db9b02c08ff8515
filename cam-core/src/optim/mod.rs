//! Optimisation of smooth functions of few variables.

mod trust_region;

pub use trust_region::{Minimum, Point, Settings, Stop, minimise};
