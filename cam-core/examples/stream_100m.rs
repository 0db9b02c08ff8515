//! A log that does not fit into memory: 100,000,000 rows of 1,000,000 customers in batches, sorted by time and in no order at all.
//!
//! `cargo run --release --example stream_100m -- [rows] [customers] [rows per batch]`. The rows are made on the way, with text-free integer
//! keys and amounts in cents. Printed are the time, the state of the builder, and the largest memory that the process has had in use (Linux).

use cam_core::summary::{Log, SummaryBuilder, SummaryOptions, Times};
use cam_core::{Control, Result, Unit};
use std::time::Instant;

/// Steele, Lea & Flood (2014), SplitMix64.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A line of /proc/self/status in MB, where Linux tells.
fn memory_mb(what: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let number =
        status.lines().find(|line| line.starts_with(what)).and_then(|line| line.split_whitespace().nth(1));
    number.and_then(|kb| kb.parse::<f64>().ok()).map_or(f64::NAN, |kb| kb / 1024.0)
}

/// User and system time of this process in seconds, where Linux tells.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<f64> = stat
        .rsplit(')')
        .next()
        .unwrap_or("")
        .split_whitespace()
        .skip(11)
        .take(2)
        .flat_map(str::parse)
        .collect();
    fields.iter().sum::<f64>() / 100.0
}

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1).map(|a| a.parse::<u64>());
    let mut number = |default| args.next().and_then(std::result::Result::ok).unwrap_or(default);
    let (rows, customers, batch) = (number(100_000_000), number(1_000_000), number(4_000_000));
    let control = Control::new();
    for sorted in [true, false] {
        let mut builder = SummaryBuilder::new(SummaryOptions::new().unit(Unit::WEEK))?;
        let mut state = 7;
        let (clock, used) = (Instant::now(), processor_seconds());
        let (mut keys, mut days, mut amounts) = (Vec::new(), Vec::new(), Vec::new());
        let mut making = 0.0;
        for from in (0..rows).step_by(batch as usize) {
            let made = processor_seconds();
            keys.clear();
            days.clear();
            amounts.clear();
            for row in from..(from + batch).min(rows) {
                keys.push((next(&mut state) % customers) as i64);
                let day = if sorted { row * 730 / rows } else { next(&mut state) % 730 };
                days.push(9_862 + day as i32);
                amounts.push((next(&mut state) % 20_000) as f64 / 100.0);
            }
            making += processor_seconds() - made;
            builder.push(&Log::new(&keys[..], Times::Days(&days)).amounts(&amounts), &control)?;
        }
        let summary = builder.finish(&control)?;
        println!(
            "{rows} rows in batches of {batch}, {}: {} customers, {:.0} repeat purchases; {:.1} s on {} threads, processor {:.1} s (rows made in {:.1} s); builder {:.0} MB, \
             largest memory {:.0} MB (the log itself would be {:.0} MB)",
            if sorted { "sorted by time" } else { "in no order" },
            summary.len(),
            summary.frequency().iter().sum::<f64>(),
            clock.elapsed().as_secs_f64(),
            control.thread_count(),
            processor_seconds() - used - making,
            making,
            builder.memory_bytes() as f64 / 1048576.0,
            memory_mb("VmHWM"),
            rows as f64 * 20.0 / 1048576.0
        );
        let _ = std::fs::write("/proc/self/clear_refs", "5");
    }
    Ok(())
}
