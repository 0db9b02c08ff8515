//! The numerical ground floor: special functions, quadrature, small linear algebra, roots, random streams.
//!
//! Everything is `f64` and *total*: outside its domain a function returns NaN, as documented, and none panics or runs
//! without end. Every function is checked against 50-digit values over its whole range, limits included; the table of
//! worst errors is printed by `make accuracy`.
//!
//! | module | what |
//! |---|---|
//! | [`gamma`] | lnΓ, ψ, ψ′, ψ″ and their differences `lnΓ(z+n) − lnΓ(z)`, … |
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
//! | [`random`] | counter-based random streams and distributions |
//! | [`vector`] | exp, ln and ln(1 + x) over whole slices |

pub mod beta;
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
