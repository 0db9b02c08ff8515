//! What the benches of cam-core run on: simulated logs and grids, the same on every machine.
//!
//! The benches are in `benches/`; `cargo bench` in this folder runs them, and `cargo bench -- --quick` says in a minute
//! whether they run. Comparison with other libraries is in `compare/`, in Python.
#![forbid(unsafe_code)]

/// A small generator of random numbers (Steele, Lea & Flood 2014, SplitMix64), so that the data depend on nothing.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// A stream of its own for each seed.
    pub fn new(seed: u64) -> Self {
        Random(seed)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in (0, 1).
    pub fn unit(&mut self) -> f64 {
        ((self.bits() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    /// Uniform among 0, …, n − 1, up to a bias of n / 2⁶⁴.
    pub fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(n)) >> 64) as u64
    }

    /// Exponential with mean 1.
    pub fn exponential(&mut self) -> f64 {
        -self.unit().ln()
    }
}

/// The columns of a transaction log, rows in no order.
#[derive(Debug, Clone)]
pub struct Columns {
    /// Whose transaction it was.
    pub customer: Vec<i64>,
    /// Its day, counted from 1970-01-01.
    pub day: Vec<i32>,
    /// What was paid.
    pub amount: Vec<f64>,
}

/// A log of `rows` transactions: ten for a customer on average, on 730 days.
pub fn log(rows: usize) -> Columns {
    let mut random = Random::new(7);
    let customers = (rows / 10).max(1) as u64;
    let mut columns = Columns {
        customer: Vec::with_capacity(rows),
        day: Vec::with_capacity(rows),
        amount: Vec::with_capacity(rows),
    };
    for _ in 0..rows {
        columns.customer.push(random.below(customers) as i64);
        columns.day.push(19_723 + random.below(730) as i32);
        columns.amount.push(((random.exponential() + random.exponential()) * 1500.0).ceil() / 100.0);
    }
    columns
}

/// Customers as models see them: `frequency`, `recency` and `T`, and what they spend.
#[derive(Debug, Clone, Default)]
pub struct Customers {
    /// Repeat purchases.
    pub frequency: Vec<f64>,
    /// Weeks from the first purchase to the last.
    pub recency: Vec<f64>,
    /// Weeks from the first purchase to the end of observation.
    pub age: Vec<f64>,
    /// Mean spend per repeat purchase; 0 without one.
    pub monetary_value: Vec<f64>,
}

/// `n` customers acquired over 84 days and observed to day 272, on a grid of days: much like CDNOW.
///
/// A third buys at a rate of its own and leaves with probability 1/4 after a purchase; the others are seen once. The
/// estimates mean nothing; what matters to a bench is how many distinct rows there are, and how large frequencies get.
pub fn customers(n: usize) -> Customers {
    let mut random = Random::new(11);
    let mut out = Customers::default();
    for _ in 0..n {
        let first = random.below(84) as i64;
        let (mut frequency, mut last) = (0.0, first);
        if random.below(3) == 0 {
            let mean_gap = 60.0 / (random.exponential() + random.exponential()).max(0.05);
            let mut now = first as f64 + random.unit();
            loop {
                now += random.exponential() * mean_gap;
                if now >= 273.0 {
                    break;
                }
                let day = now as i64;
                if day > last {
                    frequency += 1.0;
                    last = day;
                }
                if random.below(4) == 0 {
                    break;
                }
            }
        }
        out.frequency.push(frequency);
        out.recency.push((last - first) as f64 / 7.0);
        out.age.push((272 - first) as f64 / 7.0);
        let spend = (random.exponential() * 30.0 * 100.0).ceil() / 100.0;
        out.monetary_value.push(if frequency > 0.0 { spend } else { 0.0 });
    }
    out
}
