//! Customer lifetime value: one file a model, and what is common to them.

pub mod bg_nbd;
pub mod gamma_gamma;
mod history;
mod lifetime;
pub mod pareto_nbd;
mod purchases;
mod value;

pub use bg_nbd::BgNbd;
pub use gamma_gamma::GammaGamma;
pub use history::History;
pub use pareto_nbd::ParetoNbd;
pub use value::{ValueOptions, customer_lifetime_value};
