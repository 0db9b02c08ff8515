//! From a log to sufficient rows: integer and text keys, one thread and all.

use cam_core::summary::{Log, SummaryOptions, Times, summarize};
use cam_core::{Control, Unit};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

const ROWS: usize = 1_000_000;

fn summary(c: &mut Criterion) {
    let columns = cam_benches::log(ROWS);
    let names: Vec<String> = columns.customer.iter().map(|id| format!("customer-{id:07}")).collect();
    let options = SummaryOptions::new().unit(Unit::DAY);
    let mut group = c.benchmark_group("summary of 1M rows");
    group.throughput(Throughput::Elements(ROWS as u64)).sample_size(10);
    for (threads, shown) in [(1, "one thread"), (0, "all threads")] {
        let control = Control::new().threads(threads);
        let by_integer =
            Log::new(&columns.customer[..], Times::Days(&columns.day)).amounts(&columns.amount[..]);
        group.bench_function(BenchmarkId::new("integer keys", shown), |b| {
            b.iter(|| summarize(&by_integer, &options, &control).expect("a valid log"));
        });
        let by_text = Log::new(&names[..], Times::Days(&columns.day)).amounts(&columns.amount[..]);
        group.bench_function(BenchmarkId::new("text keys", shown), |b| {
            b.iter(|| summarize(&by_text, &options, &control).expect("a valid log"));
        });
    }
    group.finish();
}

criterion_group!(benches, summary);
criterion_main!(benches);
