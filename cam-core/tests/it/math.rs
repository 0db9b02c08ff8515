//! `cam_core::math` against 50-digit values, and its limits.
//!
//! The reference values are in `testdata/math_*.csv`, computed by `testdata/generate_math.py` with mpmath. Each line is
//! a function, its arguments, and the value as a double plus what that double leaves off, so that errors below one unit
//! in the last place show. `accuracy_table` prints, and asserts, the worst error of each function; an error is measured
//! in units of ε = 2⁻⁵² relative to what the column *relative to* says.

use cam_core::math::{beta, exp_log, gamma, hyp2f1, incomplete_gamma, normal, quadrature, vector};
use std::fmt::Write as _;

mod limits;
mod linear;
mod streams;

/// How an error is scaled.
#[derive(Clone, Copy)]
enum Relative {
    /// To the value itself.
    Value,
    /// To the value or 1, whichever is larger: the function crosses zero.
    ValueOrOne,
    /// To the value or the second argument: ln of a product of n factors, crossing zero.
    ValueOrLength,
    /// To the value times 1 + |ln value|: e^E cannot do better than E units, E being rounded itself.
    Tail,
    /// To the value times 1 + |ln value| + (|a|+|b|+|c|)·|ln(1−z)|: the exponents of the powers in ₂F₁.
    Powers,
    /// The same for the logarithm of the value.
    LogPowers,
    /// To 1: a weight beside others that sum to 1.
    One,
}

impl Relative {
    fn size(self, arguments: &[f64], value: f64) -> f64 {
        match self {
            Relative::Value => value.abs(),
            Relative::ValueOrOne => value.abs().max(1.0),
            Relative::ValueOrLength => value.abs().max(arguments[1]),
            Relative::Tail => value.abs() * (1.0 + value.abs().ln().abs()),
            Relative::Powers => {
                let parameters = arguments[0].abs() + arguments[1].abs() + arguments[2].abs();
                value.abs() * (1.0 + value.abs().ln().abs() + parameters * (-arguments[3]).ln_1p().abs())
            }
            Relative::LogPowers => {
                let parameters = arguments[0].abs() + arguments[1].abs() + arguments[2].abs();
                1.0 + value.abs() + parameters * (-arguments[3]).ln_1p().abs()
            }
            Relative::One => 1.0,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Relative::Value => "value",
            Relative::ValueOrOne => "max(value, 1)",
            Relative::ValueOrLength => "max(value, n)",
            Relative::Tail => "value · (1 + abs(ln value))",
            Relative::Powers => "value · (1 + abs(ln value) + (a+b+c) abs(ln(1−z)))",
            Relative::LogPowers => "1 + abs(value) + (a+b+c) abs(ln(1−z))",
            Relative::One => "1",
        }
    }
}

/// A function, how its error is scaled, and the worst error allowed, in ε.
struct Check {
    name: &'static str,
    values: &'static str,
    function: fn(&[f64]) -> f64,
    relative: Relative,
    allowed: f64,
}

const fn check(name: &'static str, function: fn(&[f64]) -> f64, relative: Relative, allowed: f64) -> Check {
    check_as(name, name, function, relative, allowed)
}

/// The same, for a function checked against the values of another.
const fn check_as(
    values: &'static str,
    name: &'static str,
    function: fn(&[f64]) -> f64,
    relative: Relative,
    allowed: f64,
) -> Check {
    Check { name, values, function, relative, allowed }
}

/// Every function of the golden files, with the reason for its tolerance beside it.
const CHECKS: &[Check] = &[
    // libm's own analysis: below an ulp; measured here a little above, 2 ε allowed.
    check("ln_gamma", |x| gamma::ln_gamma(x[0]), Relative::Value, 2.0),
    // Two terms of opposite sign, the smaller at least 0.4 of the larger.
    check("ln_gamma_1p", |x| gamma::ln_gamma_1p(x[0]), Relative::Value, 4.0),
    // ψ(x+10) ≈ 2.4 less the sum of reciprocals: a result of 0.4 just outside [1, 2] is known to 2.4/0.4 = 6 ε.
    check("digamma", |x| gamma::digamma(x[0]), Relative::Value, 6.0),
    // Sums of positive terms.
    check("trigamma", |x| gamma::trigamma(x[0]), Relative::Value, 3.0),
    // Products of ten rounded factors, ½ ε each way, where z < 10 and n is small beside z.
    check("ln_rising", |x| gamma::ln_rising(x[0], x[1]), Relative::ValueOrLength, 16.0),
    // Sums of positive terms.
    check("digamma_rising", |x| gamma::digamma_rising(x[0], x[1]), Relative::Value, 3.0),
    check("trigamma_rising", |x| gamma::trigamma_rising(x[0], x[1]), Relative::Value, 4.0),
    check_as("ln_rising", "rising_with_slopes[0]", |x| slopes(x, 0), Relative::ValueOrLength, 16.0),
    check_as("digamma_rising", "rising_with_slopes[1]", |x| slopes(x, 1), Relative::Value, 3.0),
    check_as("trigamma_rising", "rising_with_slopes[2]", |x| slopes(x, 2), Relative::Value, 4.0),
    // ln_rising and lnΓ of a number below 10.
    check("ln_beta", |x| beta::ln_beta(x[0], x[1]), Relative::ValueOrOne, 5.0),
    // Three terms that cancel by a factor of up to 3, after ten factors.
    check("ln_beta_rising", |x| beta::ln_beta_rising(x[0], x[1], x[2]), Relative::Value, 16.0),
    // The kernel's exponent is a sum of terms up to 25 where the smaller shape is just below 10; the continued fraction is
    // a product of up to some hundred rounded steps.
    check("inc_beta", |x| beta::inc_beta(x[0], x[1], x[2]), Relative::Tail, 20.0),
    check("inc_beta_upper", |x| beta::inc_beta_upper(x[0], x[1], x[2]), Relative::Tail, 20.0),
    check("inc_beta_inverse", |x| beta::inc_beta_inverse(x[0], x[1], x[2]), Relative::Tail, 4.0),
    check("gamma_p", |x| incomplete_gamma::gamma_p(x[0], x[1]), Relative::Tail, 10.0),
    check("gamma_q", |x| incomplete_gamma::gamma_q(x[0], x[1]), Relative::Tail, 10.0),
    check("gamma_p_inverse", |x| incomplete_gamma::gamma_p_inverse(x[0], x[1]), Relative::Tail, 4.0),
    // libm's error function and one or two roundings.
    check("normal_pdf", |x| normal::normal_pdf(x[0]), Relative::Value, 2.0),
    check("normal_cdf", |x| normal::normal_cdf(x[0]), Relative::Value, 2.0),
    check("normal_ln_cdf", |x| normal::normal_ln_cdf(x[0]), Relative::Value, 2.0),
    check("normal_quantile", |x| normal::normal_quantile(x[0]), Relative::Value, 2.0),
    // Two or three roundings.
    check("logistic", |x| exp_log::logistic(x[0]), Relative::Value, 1.5),
    check("log1p_exp", |x| exp_log::log1p_exp(x[0]), Relative::Value, 1.5),
    check("exprel", |x| exp_log::exprel(x[0]), Relative::Value, 1.5),
    check("log1m_exp", |x| exp_log::log1m_exp(x[0]), Relative::Value, 1.5),
    check("log1pmx", |x| exp_log::log1pmx(x[0]), Relative::Value, 2.0),
    check("log_add_exp", |x| exp_log::log_add_exp(x[0], x[1]), Relative::ValueOrOne, 1.0),
    // a + ln(1 − e^(b−a)), which nearly cancel when the result is near 0.
    check("log_sub_exp", |x| exp_log::log_sub_exp(x[0], x[1]), Relative::ValueOrOne, 4.0),
    // Below one unit in the last place: 1 ε at worst, just above a power of two.
    check_as("exp", "exp_slice", |x| through(vector::exp_slice, x[0]), Relative::Value, 1.0),
    // Two terms, which differ in sign where x < 0 and cancel by a factor of 2 at most.
    check_as("expm1", "expm1_slice", |x| through(vector::expm1_slice, x[0]), Relative::Value, 2.0),
    check_as("ln", "ln_slice", |x| through(vector::ln_slice, x[0]), Relative::Value, 1.0),
    check_as("ln_1p", "ln_1p_slice", |x| through(vector::ln_1p_slice, x[0]), Relative::Value, 1.0),
    // The powers' exponents are rounded; the tanh-sinh sum adds a few ε.
    check("ln_hyp2f1", |x| hyp2f1::ln_hyp2f1(x[0], x[1], x[2], x[3]), Relative::LogPowers, 20.0),
    check("hyp2f1", |x| hyp2f1::hyp2f1(x[0], x[1], x[2], x[3]), Relative::Powers, 20.0),
    // a, b from −6 to 6, of either sign: terms of the series cancel by up to four digits.
    check("hyp2f1_signed", |x| hyp2f1::hyp2f1(x[0], x[1], x[2], x[3]), Relative::Value, 1e4),
    // A node is determined by the fraction's coefficients to a few ε; its vector, and so the weight, to that times the
    // relative distance of its neighbours, up to 1/64 … 1/128 here.
    check("legendre_node", |x| legendre_entry(x, true), Relative::Value, 4.0),
    check("legendre_weight", |x| legendre_entry(x, false), Relative::Value, 64.0),
    check("beta_rule_node", |x| beta_entry(x, true), Relative::Value, 64.0),
    check("beta_rule_weight", |x| beta_entry(x, false), Relative::One, 20.0),
    check("gamma_rule_node", |x| gamma_entry(x, true), Relative::Value, 8.0),
    check("gamma_rule_weight", |x| gamma_entry(x, false), Relative::One, 20.0),
];

struct Row {
    arguments: Vec<f64>,
    high: f64,
    low: f64,
}

fn rows(name: &str) -> Vec<Row> {
    const FILES: &[&str] = &[
        include_str!("../../testdata/math_beta.csv"),
        include_str!("../../testdata/math_beta_rising.csv"),
        include_str!("../../testdata/math_exp_log.csv"),
        include_str!("../../testdata/math_gamma.csv"),
        include_str!("../../testdata/math_hyp2f1.csv"),
        include_str!("../../testdata/math_inc_beta.csv"),
        include_str!("../../testdata/math_inc_beta_inverse.csv"),
        include_str!("../../testdata/math_incomplete_gamma.csv"),
        include_str!("../../testdata/math_normal.csv"),
        include_str!("../../testdata/math_quadrature.csv"),
    ];
    let mut rows = vec![];
    for line in FILES.iter().flat_map(|file| file.lines()) {
        let mut fields = line.split(',');
        if fields.next() == Some(name) {
            let mut numbers: Vec<f64> = fields.map(|f| f.parse().unwrap()).collect();
            let low = numbers.pop().unwrap();
            let high = numbers.pop().unwrap();
            rows.push(Row { arguments: numbers, high, low });
        }
    }
    rows
}

/// One element through a slice kernel.
fn through(kernel: fn(&mut [f64]), x: f64) -> f64 {
    let mut one = [x];
    kernel(&mut one);
    one[0]
}

fn slopes(x: &[f64], order: usize) -> f64 {
    gamma::rising_with_slopes(x[0], x[1])[order]
}

fn entry(rule: &quadrature::Rule, index: f64, node: bool) -> f64 {
    if node { rule.nodes[index as usize] } else { rule.weights[index as usize] }
}

fn legendre_entry(x: &[f64], node: bool) -> f64 {
    entry(&quadrature::gauss_legendre(x[0] as usize), x[1], node)
}

fn beta_entry(x: &[f64], node: bool) -> f64 {
    entry(&quadrature::beta_rule(x[0] as usize, x[1], x[2]), x[3], node)
}

fn gamma_entry(x: &[f64], node: bool) -> f64 {
    entry(&quadrature::gamma_rule(x[0] as usize, x[1]), x[2], node)
}

/// Prints the table of errors in Markdown; `make accuracy` shows it.
#[test]
fn accuracy_table() {
    let mut table = String::from(
        "| function | cases | worst error, ε | relative to | allowed, ε | worst at |\n|---|---:|---:|---|---:|---|\n",
    );
    let mut failures = vec![];
    for check in CHECKS {
        let rows = rows(check.values);
        assert!(rows.len() >= 50, "{}: too few cases", check.name);
        let (mut worst, mut at) = (0.0, vec![]);
        for row in &rows {
            let got = (check.function)(&row.arguments);
            let size = check.relative.size(&row.arguments, row.high);
            let mut error = ((got - row.high) - row.low).abs() / size / f64::EPSILON;
            if error.is_nan() {
                error = f64::INFINITY;
            }
            if std::env::var_os("CAM_SHOW").is_some_and(|v| v == *check.name) && error > 0.5 * check.allowed {
                println!(
                    "{} {:?} got {got:e} want {:e} error {error:.1}",
                    check.name, row.arguments, row.high
                );
            }
            if error > worst || at.is_empty() {
                (worst, at) = (error, row.arguments.clone());
            }
        }
        let at: Vec<String> = at.iter().map(|v| format!("{v:?}")).collect();
        writeln!(
            table,
            "| `{}` | {} | {worst:.1} | {} | {} | {} |",
            check.name,
            rows.len(),
            check.relative.name(),
            check.allowed,
            at.join(", ")
        )
        .unwrap();
        if worst > check.allowed {
            failures.push(format!("{}: {worst:.1} ε at {}", check.name, at.join(", ")));
        }
    }
    println!("{table}");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
