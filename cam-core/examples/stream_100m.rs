//! A log that does not fit into memory: 100,000,000 rows of 1,000,000 customers in batches, sorted by time or in no order at all.
//!
//! `cargo run --release --example stream_100m -- time|none [rows] [customers] [rows per batch]`; `make stream` runs both, each in a process
//! of its own, since the memory of one would count in the peak of the next. The rows, with integer keys and amounts in cents, are made on
//! the way; the time that this takes is not counted. The processor's time and the peak of the whole process, batch and all, are known on
//! Linux only.

mod measure;

use cam_core::summary::{Log, SummaryBuilder, SummaryOptions, Times};
use cam_core::{Control, Error, Result, Unit};
use measure::{Columns, DAYS, Random, log_mb, mb, memory_mb, processor_seconds};

fn main() -> Result<()> {
    let by_time = match std::env::args().nth(1).as_deref() {
        None | Some("time") => true,
        Some("none") => false,
        Some(other) => return Err(Error::unknown("order", other, ["time", "none"])),
    };
    let mut numbers = std::env::args().skip(2).map(|a| a.parse::<u64>());
    let mut number = |default| numbers.next().and_then(std::result::Result::ok).unwrap_or(default).max(1);
    let (rows, customers, size) = (number(100_000_000), number(1_000_000), number(4_000_000));

    let control = Control::new();
    let mut builder = SummaryBuilder::new(SummaryOptions::new().unit(Unit::WEEK))?;
    let (mut random, mut batch) = (Random(7), Columns::default());
    let (began, mut making) = (processor_seconds(), 0.0);
    for from in (0..rows).step_by(size as usize) {
        let before = processor_seconds();
        batch.fill(from..(from + size).min(rows), customers, &mut random, |row, random| match by_time {
            true => row * DAYS / rows,
            false => random.below(DAYS),
        });
        making += processor_seconds() - before;
        builder
            .push(&Log::new(&batch.keys[..], Times::Days(&batch.days)).amounts(&batch.amounts), &control)?;
    }
    let summary = builder.finish(&control)?;
    let used = processor_seconds() - began - making;

    println!("{rows} rows {}, in batches of {size}", if by_time { "by time" } else { "in no order" });
    println!("  customers {}, repeat purchases {}", summary.len(), summary.frequency().iter().sum::<f64>());
    println!("  processor {used:.1} s, on {} threads", control.thread_count());
    println!(
        "  builder {:.0} MB, peak of the process {:.0} MB; the log itself would take {:.0} MB",
        mb(builder.memory_bytes() as f64),
        memory_mb("VmHWM"),
        log_mb(rows)
    );
    Ok(())
}
