//! Customer lifetime value: one file a model, and what is common to them.

mod history;
mod horizons;
mod lifetime;
mod local;
mod panels;
mod phases;
mod purchases;
mod regularity;
mod spend;
mod value;

pub use history::History;
pub use regularity::{Regularity, RegularityMethod, regularity};
pub use spend::{SpendIndependence, spend_independence};
pub use value::{ValueOptions, customer_lifetime_value};

/// All models, `file::Model`. The line of a model here makes its module, exports it, and puts it into the [registry](crate::registry).
macro_rules! each_model {
    ($use:ident) => {
        $use! {
            bg_nbd::BgNbd,
            pareto_nbd::ParetoNbd,
            gamma_gamma::GammaGamma,
            nbd::Nbd,
            mbg_nbd::MbgNbd,
            bg_cnbd_k::BgCnbdK,
            mbg_cnbd_k::MbgCnbdK,
            bg_bb::BgBb,
            normal_spend::NormalSpend,
            log_normal_spend::LogNormalSpend,
            ggom_nbd::GgomNbd,
            pareto_nbd_sarmanov::ParetoNbdSarmanov,
        }
    };
}
pub(crate) use each_model;

macro_rules! declare {
    ($($file:ident::$model:ident),+ $(,)?) => {
        $(
            pub mod $file;
            pub use $file::$model;
        )+
    };
}
each_model!(declare);
