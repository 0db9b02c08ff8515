//! Hierarchical Bayes: Pareto/NBD and Pareto/GGG with every customer's own parameters, and all that is uncertain about the population.
//!
//! | task | customers | population | sampled by |
//! |---|---|---|---|
//! | [`pareto_nbd_hb`](ParetoNbdHb), `gamma` | λ, μ | λ ~ Gamma(r, α), μ ~ Gamma(s, β) | Metropolis steps on (r, α, s, β), customers integrated out |
//! | [`pareto_nbd_hb`](ParetoNbdHb), `log_normal` | λ, μ | (ln λ, ln μ) ~ Normal(B′z, Γ), z covariates | Gibbs, elliptical slices |
//! | [`pareto_ggg`](ParetoGgg) | k, λ, μ | k ~ Gamma(t, γ), λ ~ Gamma(r, α), μ ~ Gamma(s, β) | Gibbs, slices |
//!
//! They are no families: two have no likelihood of a population in closed form, and what a fit gives is not one model but thousands. So they are
//! [tasks](mod@crate::task). A fit keeps the draws of the population and nothing of the customers, so that its memory does not grow with their number beyond the
//! state of the chains (16 to 48 bytes a customer and chain); [`posterior_predict`](PosteriorPredict) draws customers again, given each population, the same
//! ones or others. The draws are one [document](Posterior), which opens from every language.
//!
//! Sources: Ma & Liu (2007), *The MCMC approach for solving the Pareto/NBD model and possible extensions*, ICNC 2, 359–363; Abe (2009), *"Counting your customers" one by one*, Marketing
//! Science 28(3), 541–553; Platzer & Reutterer (2016), *Ticking away the moments*, Marketing Science 35(5), 779–799.
//!
//! ```
//! use cam_core::{Control, Table, task, task::Models};
//! let x = [2.0, 0.0, 1.0, 0.0, 5.0, 0.0, 1.0, 3.0];
//! let (recency, age) = ([30.4, 0.0, 1.7, 0.0, 29.4, 0.0, 12.0, 35.7], [38.9; 8]);
//! let table = Table::new().with("frequency", &x)?.with("recency", &recency)?.with("T", &age)?;
//! // So few customers tell little; priors that are no joke then matter.
//! let options = r#"{"draws": 200, "burn_in": 200, "chains": 2, "priors": {"r": [2, 2], "s": [2, 2]}}"#;
//! let fitted = task("pareto_nbd_hb")?.run(&table, Models::NONE, options, &Control::new())?;
//! let document: serde_json::Value = serde_json::from_str(&fitted.output).unwrap();
//! let ask = serde_json::json!({"posterior": document["posterior"], "horizon": 52}).to_string();
//! let answer = task("posterior_predict")?.run(&table, Models::NONE, &ask, &Control::new())?;
//! assert_eq!(answer.column("probability_alive")?.len(), 8);
//! # Ok::<(), cam_core::Error>(())
//! ```

mod as_model;
mod asked;
mod chain;
mod collapsed;
mod customers;
mod data;
#[cfg(test)]
mod future_tests;
#[cfg(test)]
mod getting_it_right;
mod ggg;
mod ggg_customer;
mod individual;
mod lognormal;
mod lognormal_customer;
mod marginal;
mod names;
mod plane;
mod posterior;
mod predict;
mod prior;
mod renewal;
mod score;
mod score_task;
mod slice;
mod task;

pub(crate) use as_model::open_posterior;
pub use chain::Sampling;
pub use posterior::{Account, Heterogeneity, Posterior};
pub use prior::GammaPrior;
pub use score_task::{
    NewCustomer, PosteriorCustomerDraws, PosteriorCustomerDrawsOptions, PosteriorNewCustomer,
    PosteriorNewCustomerOptions, PosteriorScore, PosteriorScoreOptions, PosteriorSimulate,
    PosteriorSimulateOptions, Simulated,
};
pub use task::{
    ParetoGgg, ParetoGggOptions, ParetoNbdHb, ParetoNbdHbOptions, PosteriorPredict, PosteriorPredictOptions,
    PosteriorSummary, PosteriorSummaryOptions, Predicted, Sampled,
};
