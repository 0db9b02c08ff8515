//! The names of the parameters of populations.

/// Pareto/NBD with gamma heterogeneity, as in [`ParetoNbd`](crate::clv::ParetoNbd).
pub(super) const GAMMA: [&str; 4] = ["r", "alpha", "s", "beta"];

/// Pareto/GGG: the regularity k ~ Gamma(t, γ) before them.
pub(super) const GGG: [&str; 6] = ["t", "gamma", "r", "alpha", "s", "beta"];

/// Log-normal heterogeneity: an intercept and a coefficient per covariate for ln λ, the same for ln μ, and the covariance of the two.
pub(super) fn log_normal(covariates: &[String]) -> Vec<String> {
    let of = |rate: &'static str| {
        std::iter::once(format!("{rate}_intercept"))
            .chain(covariates.iter().map(move |c| format!("{rate}_{c}")))
    };
    let covariance = ["variance_lambda", "covariance", "variance_mu"].map(String::from);
    of("log_lambda").chain(of("log_mu")).chain(covariance).collect()
}
