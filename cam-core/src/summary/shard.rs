//! The state of a stream for the customers of one shard: who they are, when they bought, what they spent.
//!
//! Per customer: the distinct purchase periods ([`Periods`]), and exact sums of the amounts of the first period and of each interval between
//! calibration ends. When an earlier first purchase turns up later, the old first period simply stays in its interval's sum.

use super::dictionary::Dictionary;
use super::exact::{ExactSum, Spill, round_sum};
use super::horizon::Horizon;
use super::keys::{Key, Keys, hash};
use super::periods::Periods;
use super::reduce::{CodeBits, Packed};
use std::collections::BTreeMap;

/// A refund before the first purchase: it waits, because an earlier purchase may still turn up.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Pending {
    pub(super) sum: Spill,
    pub(super) rows: u64,
}

/// The customers of one shard.
#[derive(Debug, Clone)]
pub(super) struct Shard {
    pub(super) keys: Keys,
    dictionary: Dictionary,
    pub(super) periods: Vec<Periods>,
    /// Sums per customer: of the first period, then of each interval. Empty without amounts.
    pub(super) sums: Vec<ExactSum>,
    pub(super) stride: usize,
    /// What a sum could not hold, by its place in `sums`.
    pub(super) spills: BTreeMap<usize, Spill>,
    /// Refunds before the first purchase, by customer and period.
    pub(super) pending: BTreeMap<(u32, i64), Pending>,
}

impl Shard {
    /// An empty shard; `stride` sums per customer, 0 without amounts.
    pub(super) fn new(int_keys: bool, stride: usize) -> Self {
        Shard {
            keys: Keys::empty(int_keys),
            dictionary: Dictionary::default(),
            periods: Vec::new(),
            sums: Vec::new(),
            stride,
            spills: BTreeMap::new(),
            pending: BTreeMap::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.periods.len()
    }

    /// The number of a customer, new or known.
    #[inline]
    pub(super) fn customer(&mut self, hash: u64, key: Key<'_>) -> u32 {
        let keys = &self.keys;
        let (customer, new) = self.dictionary.number(hash, |n| keys.get(n) == key);
        if new {
            self.keys.push(key);
            self.periods.push(Periods::default());
            self.sums.extend((0..self.stride).map(|_| ExactSum::default()));
        }
        customer
    }

    /// Takes in rows of one customer, sorted by period. `codes` is scratch space.
    pub(super) fn take(&mut self, customer: u32, rows: &[Packed], horizon: &Horizon, codes: &mut Vec<i64>) {
        let rows = rows.iter().map(|row| (CodeBits::ALL.code(row[0]), f64::from_bits(row[1])));
        codes.clear();
        // Rows with a negative amount are here only when they are netted.
        codes.extend(rows.clone().filter(|(_, amount)| *amount >= 0.0).map(|(code, _)| code));
        let periods = &mut self.periods[customer as usize];
        let known_first = periods.first();
        periods.insert(codes);
        let first = periods.first();
        if self.stride == 0 {
            return;
        }
        if first != known_first {
            self.reset(self.place(customer));
            self.attribute(customer, horizon);
        }
        for (code, amount) in rows {
            if first.is_some_and(|first| code >= first) {
                let interval = horizon.interval(code).unwrap_or(horizon.cuts.len());
                self.add(self.place(customer) + 1 + interval, amount);
                if first == Some(code) {
                    self.add(self.place(customer), amount);
                }
            } else {
                let waiting = self.pending.entry((customer, code)).or_default();
                waiting.sum.add(amount);
                waiting.rows += 1;
            }
        }
    }

    /// Takes over all that another shard (of the same number, in another builder) knows.
    pub(super) fn merge(&mut self, other: &Shard, horizon: &Horizon) {
        let mut codes = Vec::new();
        let mut numbers = Vec::with_capacity(other.len());
        for theirs in 0..other.len() {
            let key = other.keys.get(theirs);
            let ours = self.customer(hash(key), key);
            numbers.push(ours);
            codes.clear();
            codes.extend(other.periods[theirs].iter());
            let periods = &mut self.periods[ours as usize];
            let (known_first, their_first) = (periods.first(), other.periods[theirs].first());
            periods.insert(&codes);
            let first = periods.first();
            if self.stride == 0 {
                continue;
            }
            if first != known_first {
                self.reset(self.place(ours));
            }
            for i in 0..self.stride {
                // The first-period sum counts only where that is still the first period.
                if i == 0 && first != their_first {
                    continue;
                }
                let from = theirs * self.stride + i;
                let to = self.place(ours) + i;
                self.add(to, other.sums[from].hi);
                self.add(to, other.sums[from].lo);
                if let Some(spill) = other.spills.get(&from) {
                    spill.0.iter().for_each(|&term| self.add(to, term));
                }
            }
        }
        for (&(theirs, code), pending) in &other.pending {
            let ours = self.pending.entry((numbers[theirs as usize], code)).or_default();
            pending.sum.0.iter().for_each(|&term| ours.sum.add(term));
            ours.rows += pending.rows;
        }
        if !self.pending.is_empty() {
            numbers.iter().for_each(|&customer| self.attribute(customer, horizon));
        }
    }

    /// Where the sums of a customer begin.
    pub(super) fn place(&self, customer: u32) -> usize {
        customer as usize * self.stride
    }

    fn reset(&mut self, place: usize) {
        self.sums[place] = ExactSum::default();
        self.spills.remove(&place);
    }

    #[inline]
    fn add(&mut self, place: usize, amount: f64) {
        let rest = self.sums[place].add(amount);
        if rest != 0.0 {
            self.spills.entry(place).or_default().add(rest);
        }
    }

    /// Refunds that waited and now lie at or after the first purchase go into the sums.
    fn attribute(&mut self, customer: u32, horizon: &Horizon) {
        let Some(first) = self.periods[customer as usize].first() else { return };
        if self.pending.is_empty() {
            return;
        }
        let waiting: Vec<i64> = self
            .pending
            .range((customer, first)..=(customer, i64::MAX))
            .map(|(&(_, code), _)| code)
            .collect();
        for code in waiting {
            let Some(pending) = self.pending.remove(&(customer, code)) else { continue };
            let interval = horizon.interval(code).unwrap_or(horizon.cuts.len());
            for &term in &pending.sum.0 {
                self.add(self.place(customer) + 1 + interval, term);
                if code == first {
                    self.add(self.place(customer), term);
                }
            }
        }
    }

    /// What a customer spent in the intervals `from..to`, without the first period if it is among them and `with_first` is not set; rounded once.
    pub(super) fn spent(&self, customer: u32, from: usize, to: usize, with_first: bool) -> f64 {
        let place = self.place(customer);
        let first = self.terms(place).map(|term| -term).filter(|_| from == 0 && !with_first);
        round_sum((place + 1 + from..place + 1 + to).flat_map(|i| self.terms(i)).chain(first))
    }

    /// The terms whose exact sum is that of a place.
    fn terms(&self, place: usize) -> impl Iterator<Item = f64> + Clone + '_ {
        let sum = self.sums[place];
        let spilt = if self.spills.is_empty() { None } else { self.spills.get(&place) };
        [sum.hi, sum.lo].into_iter().chain(spilt.into_iter().flat_map(|s| s.0.iter().copied()))
    }

    /// Puts back a customer that was stored; `false` when it is there already.
    pub(super) fn restore(&mut self, key: Key<'_>, periods: Option<Periods>, sums: &[ExactSum]) -> bool {
        let known = self.len();
        let customer = self.customer(hash(key), key) as usize;
        if customer < known {
            return false;
        }
        self.periods[customer] = periods.unwrap_or_default();
        let place = customer * self.stride;
        self.sums[place..place + self.stride].copy_from_slice(sums);
        true
    }

    pub(super) fn heap_bytes(&self) -> usize {
        let spilt: usize = self.spills.values().map(|s| 64 + s.0.capacity() * 8).sum();
        let waiting: usize = self.pending.values().map(|p| 96 + p.sum.0.capacity() * 8).sum();
        self.keys.heap_bytes()
            + self.dictionary.heap_bytes()
            + self.periods.capacity() * size_of::<Periods>()
            + self.periods.iter().map(Periods::heap_bytes).sum::<usize>()
            + self.sums.capacity() * size_of::<ExactSum>()
            + spilt
            + waiting
    }
}
