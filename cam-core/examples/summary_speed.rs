//! How long does a summary of a large log take?
//!
//! `cargo run --release --example summary_speed -- [rows] [customers] [kind of keys]` makes a log of random rows (10 million rows, 1 million customers, 730
//! days unless told otherwise) and summarizes it with keys that are `dense` integers, `scattered` integers and `text`, on one thread and on two.
//! On Linux, the processor time of all threads is printed beside the time of the clock: on a busy machine that is the one to compare.

mod measure;

use cam_core::summary::{Keys, Log, SummaryOptions, Times, summarize};
use cam_core::{Control, Unit};
use measure::{Columns, DAYS, Random, log_mb, memory_mb, processor_seconds};
use std::time::Instant;

fn main() {
    let mut args = std::env::args().skip(1).map(|a| a.parse::<u64>());
    let rows = args.next().and_then(Result::ok).unwrap_or(10_000_000);
    let customers = args.next().and_then(Result::ok).unwrap_or(1_000_000);
    let only = std::env::args().nth(3);
    let kinds = ["dense", "scattered", "text"]
        .into_iter()
        .filter(|kind| only.as_deref().is_none_or(|only| only == *kind));
    let mut random = Random(1);
    let mut log = Columns::default();
    log.fill(0..rows, customers, &mut random, |_, random| random.below(DAYS));
    let Columns { keys, days, amounts } = log;
    println!("{rows} rows, {customers} customers, {DAYS} days; log of {:.0} MB", log_mb(rows));
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
                let used = processor_seconds() - used;
                best = (best.0.min(clock.elapsed().as_secs_f64()), best.1.min(used));
            }
            let extra = memory_mb("VmHWM") - before;
            println!(
                "{kind:>10} keys, {threads} thread(s): {:.3} s, processor {:.2} s, {extra:.0} MB more, {customers} customers",
                best.0, best.1
            );
        }
    }
}
