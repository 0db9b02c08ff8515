//! How long does a summary of a large log take?
//!
//! `cargo run --release --example summary_speed -- [rows] [customers] [kind of keys]` makes a log of random rows (10 million rows, 1 million customers, 730
//! days unless told otherwise) and summarizes it with keys that are `dense` integers, `scattered` integers and `text`, on one thread and on two.
//! On Linux, the processor time of all threads is printed beside the time of the clock: on a busy machine that is the one to compare.

use cam_core::summary::{Keys, Log, SummaryOptions, Times, summarize};
use cam_core::{Control, Unit};
use std::time::Instant;

/// Steele, Lea & Flood (2014), SplitMix64.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// User and system time of this process in seconds, where Linux tells.
fn processor_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
    Some((fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?) / 100.0)
}

/// A line of /proc/self/status in MB, where Linux tells.
fn memory_mb(what: &str) -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(what))?;
    line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kb| kb / 1024.0)
}

fn main() {
    let mut args = std::env::args().skip(1).map(|a| a.parse::<u64>());
    let rows = args.next().and_then(Result::ok).unwrap_or(10_000_000);
    let customers = args.next().and_then(Result::ok).unwrap_or(1_000_000);
    let only = std::env::args().nth(3);
    let kinds = ["dense", "scattered", "text"]
        .into_iter()
        .filter(|kind| only.as_deref().is_none_or(|only| only == *kind));
    let mut state = 1;
    let mut keys = Vec::new();
    let mut days = Vec::new();
    let mut amounts = Vec::new();
    for _ in 0..rows {
        keys.push((next(&mut state) % customers) as i64);
        days.push(9_862 + (next(&mut state) % 730) as i32);
        amounts.push((next(&mut state) % 20_000) as f64 / 100.0);
    }
    println!("{rows} rows, {customers} customers, 730 days; log of {:.0} MB", rows as f64 * 20.0 / 1048576.0);
    for kind in kinds {
        let scattered: Vec<i64>;
        let texts: Keys;
        let key_column = match kind {
            "dense" => (&keys[..]).into(),
            "scattered" => {
                scattered =
                    keys.iter().map(|&k| (k as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) as i64).collect();
                (&scattered[..]).into()
            }
            _ => {
                texts = Keys::from_texts(keys.iter().map(|k| format!("C{k:08}")));
                texts.as_ref()
            }
        };
        let log = Log::new(key_column, Times::Days(&days)).amounts(&amounts);
        let options = SummaryOptions::new().unit(Unit::WEEK);
        for threads in [1, 2] {
            let control = Control::new().threads(threads);
            let mut best = (f64::INFINITY, f64::INFINITY);
            let before = memory_mb("VmRSS");
            // Writing 5 there sets the peak back to what is in use now.
            let _ = std::fs::write("/proc/self/clear_refs", "5");
            let mut customers = 0;
            for _ in 0..3 {
                let (clock, used) = (Instant::now(), processor_seconds());
                match summarize(&log, &options, &control) {
                    Ok(summary) => customers = summary.len(),
                    Err(error) => eprintln!("{error}"),
                }
                let used = processor_seconds().zip(used).map_or(f64::NAN, |(now, then)| now - then);
                best = (best.0.min(clock.elapsed().as_secs_f64()), best.1.min(used));
            }
            let extra = memory_mb("VmHWM").zip(before).map_or(f64::NAN, |(peak, before)| peak - before);
            println!(
                "{kind:>10} keys, {threads} thread(s): {:.3} s, processor {:.2} s, {extra:.0} MB more, {customers} customers",
                best.0, best.1
            );
        }
    }
}
