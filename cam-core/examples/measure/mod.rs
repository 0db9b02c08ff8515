//! What the measuring examples share: rows at random, and what Linux tells about this process.

use std::ops::Range;

/// Where the random numbers are: Steele, Lea & Flood (2014), SplitMix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// A number below `bound`; its bias is no matter here.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

/// The columns of a log.
#[derive(Default)]
pub(crate) struct Columns {
    pub(crate) keys: Vec<i64>,
    pub(crate) days: Vec<i32>,
    pub(crate) amounts: Vec<f64>,
}

/// The days that a log spans: two years from 1997-01-01.
pub(crate) const DAYS: u64 = 730;

impl Columns {
    /// These rows in place of those before: random customers who pay random numbers of cents, on days that the caller chooses.
    pub(crate) fn fill(
        &mut self,
        rows: Range<u64>,
        customers: u64,
        random: &mut Random,
        day: impl Fn(u64, &mut Random) -> u64,
    ) {
        self.keys.clear();
        self.days.clear();
        self.amounts.clear();
        for row in rows {
            self.keys.push(random.below(customers) as i64);
            self.days.push(9_862 + day(row, random) as i32);
            self.amounts.push(random.below(20_000) as f64 / 100.0);
        }
    }
}

/// MB that so many rows of a log take: a key, a day and an amount each.
pub(crate) fn log_mb(rows: u64) -> f64 {
    mb(rows as f64 * 20.0)
}

pub(crate) fn mb(bytes: f64) -> f64 {
    bytes / 1_048_576.0
}

/// A line of /proc/self/status in MB, such as `VmRSS`, memory in use, or `VmHWM`, its peak; NaN where there is none.
pub(crate) fn memory_mb(what: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(what));
    let kb = line.and_then(|line| line.split_whitespace().nth(1)).and_then(|kb| kb.parse::<f64>().ok());
    kb.map_or(f64::NAN, |kb| kb / 1024.0)
}

/// User and system time of all threads of this process in seconds: on a busy machine this is the time to compare. NaN where there is none.
pub(crate) fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name of the program, in parentheses, may hold blanks.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: Vec<f64> = fields.skip(11).take(2).flat_map(str::parse).collect();
    if ticks.len() == 2 { (ticks[0] + ticks[1]) / 100.0 } else { f64::NAN }
}
