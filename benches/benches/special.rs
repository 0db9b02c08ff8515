//! Special functions, per call, over the arguments that likelihoods ask for.

use cam_benches::Random;
use cam_core::math::{beta, exp_log, gamma, incomplete_gamma, normal};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;

const CALLS: usize = 1024;

/// Log-uniform arguments between the two.
fn between(low: f64, high: f64) -> Vec<f64> {
    let mut random = Random::new(3);
    (0..CALLS).map(|_| low * (high / low).powf(random.unit())).collect()
}

fn sum_of(arguments: &[f64], f: impl Fn(f64) -> f64) -> f64 {
    arguments.iter().map(|&x| f(black_box(x))).sum()
}

fn special(c: &mut Criterion) {
    let mut group = c.benchmark_group("special");
    group.throughput(Throughput::Elements(CALLS as u64));
    let one_argument: [(&str, fn(f64) -> f64); 5] = [
        ("ln_gamma", gamma::ln_gamma),
        ("digamma", gamma::digamma),
        ("trigamma", gamma::trigamma),
        ("normal_cdf", normal::normal_cdf),
        ("log1p_exp", exp_log::log1p_exp),
    ];
    for (name, f) in one_argument {
        for (range, low, high) in [("0.01..10", 0.01, 10.0), ("10..1e5", 10.0, 1e5)] {
            let arguments = between(low, high);
            group.bench_with_input(BenchmarkId::new(name, range), &arguments, |b, x| {
                b.iter(|| sum_of(black_box(x), f));
            });
        }
    }
    let arguments = between(0.01, 1e3);
    group.bench_function("ln_beta(a, 3)", |b| b.iter(|| sum_of(&arguments, |a| beta::ln_beta(a, 3.0))));
    group.bench_function("ln_rising(r, 7)", |b| b.iter(|| sum_of(&arguments, |r| gamma::ln_rising(r, 7.0))));
    group.bench_function("inc_beta(a, 2, 0.3)", |b| {
        b.iter(|| sum_of(&arguments, |a| beta::inc_beta(a, 2.0, 0.3)));
    });
    group.bench_function("gamma_p(a, 5)", |b| {
        b.iter(|| sum_of(&arguments, |a| incomplete_gamma::gamma_p(a, 5.0)))
    });
    group.finish();
}

criterion_group!(benches, special);
criterion_main!(benches);
