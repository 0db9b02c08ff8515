//! Fits and scores of the three models on a grid of days: what 100,000 customers cost, on one thread and on all.

use cam_benches::{Customers, customers};
use cam_core::clv::{BgNbd, GammaGamma, ParetoNbd, ValueOptions, customer_lifetime_value};
use cam_core::{Control, Discount, Fit, FitOptions, Model, Quantity, Summary, Unit};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

const CUSTOMERS: usize = 100_000;

fn summary(of: &Customers) -> Summary {
    Summary::new(of.frequency.clone(), of.recency.clone(), of.age.clone(), Unit::WEEK)
        .and_then(|summary| summary.with_monetary_value(of.monetary_value.clone()))
        .expect("valid customers")
}

fn thread_counts() -> [(&'static str, Control<'static>); 2] {
    [("one thread", Control::new().threads(1)), ("all threads", Control::new())]
}

fn fits(c: &mut Criterion) {
    let all = summary(&customers(CUSTOMERS));
    let options = FitOptions::default();
    let mut group = c.benchmark_group("fit 100k");
    group.throughput(Throughput::Elements(CUSTOMERS as u64)).sample_size(10);
    for (shown, control) in thread_counts() {
        group.bench_function(BenchmarkId::new("bg_nbd", shown), |b| {
            b.iter(|| BgNbd::fit_with(&all, &options, &control).expect("a fit"));
        });
        group.bench_function(BenchmarkId::new("pareto_nbd", shown), |b| {
            b.iter(|| ParetoNbd::fit_with(&all, &options, &control).expect("a fit"));
        });
        group.bench_function(BenchmarkId::new("gamma_gamma", shown), |b| {
            b.iter(|| GammaGamma::fit_with(&all, &options, &control).expect("a fit"));
        });
    }
    group.finish();
}

fn scores(c: &mut Criterion) {
    let all = summary(&customers(CUSTOMERS));
    let table = all.table();
    // The published estimates of CDNOW.
    let bg = BgNbd::new(0.2426, 4.4136, 0.7929, 2.4259).expect("positive");
    let pareto = ParetoNbd::new(0.5533, 10.5777, 0.6062, 11.6687).expect("positive");
    let spend = GammaGamma::new(6.2496, 3.7442, 15.4435).expect("positive");
    let models: [(&str, &dyn Model); 2] = [("bg_nbd", &bg), ("pareto_nbd", &pareto)];
    let quantities = [
        Quantity::ProbabilityAlive { after: 0.0 },
        Quantity::ExpectedPurchases { horizon: 52.0 },
        Quantity::PurchaseProbability { n: 2, horizon: 52.0 },
        Quantity::discounted(Discount::Continuous(0.0027), None),
    ];
    let mut group = c.benchmark_group("score 100k");
    group.throughput(Throughput::Elements(CUSTOMERS as u64)).sample_size(10);
    for (shown, control) in thread_counts() {
        for (name, model) in models {
            for quantity in quantities {
                group.bench_function(BenchmarkId::new(format!("{name} {}", quantity.name()), shown), |b| {
                    b.iter(|| model.score(&quantity, &table, &control).expect("valid rows"));
                });
            }
            let year = ValueOptions::new(52.0, 0.0023);
            group.bench_function(BenchmarkId::new(format!("{name} lifetime value"), shown), |b| {
                b.iter(|| {
                    customer_lifetime_value(model, &spend, &table, &year, &control).expect("valid rows")
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, fits, scores);
criterion_main!(benches);
