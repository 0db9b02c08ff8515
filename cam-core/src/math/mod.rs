//! The numerical ground floor: special functions, quadrature, small linear algebra, roots, random streams.
//!
//! Everything is `f64` and *total*: outside its domain a function returns NaN, as documented, and none panics or runs
//! without end. Every function is checked against 50-digit values over its whole range, limits included; the table of
//! worst errors is printed by `make accuracy`.
//!
//! | module | what |
//! |---|---|
//! | [`gamma`] | lnΓ, ψ, ψ′ and their differences `lnΓ(z+n) − lnΓ(z)`, … |
//! | [`beta`] | ln B, its differences, the incomplete beta function and its inverse |
//! | [`incomplete_gamma`] | P(a, x), Q(a, x) and the inverse |
//! | [`normal`] | density, distribution, its logarithm, quantile |
//! | [`exp_log`] | log-sum-exp, ln(1 ± eˣ), logistic, (eˣ−1)/x, ln(1+x) − x |
//! | [`hyp2f1`] | Gauss's hypergeometric function |
//! | [`quadrature`] | Gauss rules for the uniform, beta and gamma distributions; tanh-sinh |
//! | [`linalg`] | Cholesky, symmetric eigenvalues and inverses, tridiagonals |
//! | [`root`] | Brent's method, bracketing |
//! | [`mixing`] | expectations over gamma and beta distributions, to nearly full precision |
//! | [`octaves`] | interpolation of smooth functions, octave by octave |
//! | [`jet`] | exact first and second derivatives |
//! | [`diagnostics`] | R̂ and effective sample sizes of chains of draws; quantiles |
//! | [`random`] | counter-based random streams and distributions |
//! | [`vector`] | exp, ln and ln(1 + x) over whole slices |
//!
//! Part of this is here for those who build on the crate rather than for its own models, which avoid it on purpose or do not need it yet.
//! It is public, held to the same accuracy, and costs a program that does not call it nothing:
//!
//! - [`hyp2f1`]: the closed forms of the literature are written with it, so whoever checks a model against its paper, or brings one whose
//!   formula has no better form, needs it. The models here use [`mixing`] and panels in [`quadrature`] instead, which do not cancel.
//! - [`quadrature::beta_rule`]: Gauss–Jacobi rules, the other way of taking expectations over dropout probabilities, with few nodes where the
//!   integrand is a smooth function on \[0, 1\]; [`quadrature::tanh_sinh`]: integrals with singular ends, such as densities with a shape below 1.
//! - [`exp_log::log_add_exp`], [`exp_log::log_sub_exp`], [`exp_log::log_sum_exp`]: likelihoods of mixtures, and of an event between two
//!   times, ln(S(t₁) − S(t₂)), where probabilities are kept as logarithms.
//! - [`beta::inc_beta_inverse`], [`incomplete_gamma`], [`normal`], [`root`]: distributions, quantiles and equations that reports about a
//!   population need, from parameters and scores.

pub mod beta;
pub mod diagnostics;
pub mod exp_log;
pub mod gamma;
pub mod hyp2f1;
pub mod incomplete_gamma;
pub mod jet;
pub mod linalg;
pub mod mixing;
pub mod normal;
pub mod octaves;
pub mod quadrature;
pub mod random;
pub mod root;
pub mod vector;
