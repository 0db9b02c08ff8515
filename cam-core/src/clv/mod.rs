//! Customer lifetime value: one file a model, and what is common to them.

mod ahead;
mod cohort_task;
mod contract;
mod futures;
pub mod hierarchical;
mod history;
mod horizons;
mod lifetime;
mod local;
mod panels;
mod phases;
mod purchases;
mod regularity;
mod shared_counts;
mod spend;
pub mod time_varying;
pub mod value;
pub mod value_draws;
pub mod value_tasks;
mod variance;

pub use cohort_task::CohortTableOfLog;
pub use history::History;
pub use regularity::{Regularity, RegularityMethod, regularity};
pub use spend::{SpendIndependence, SpendIndependenceFound, spend_independence};
pub(crate) use spend::{correlation, ranks};
pub use value::{
    Margin, ValueOptions, customer_lifetime_value, lifetime_value_variance, new_customer_value,
    new_customer_value_variance,
};
pub use value_draws::{DrawOptions, ValueDistribution, simulate_lifetime_value};
pub use value_tasks::{LifetimeValueVariance, NewCustomerValue};

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
            sbg::Sbg,
            bdw::Bdw,
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
