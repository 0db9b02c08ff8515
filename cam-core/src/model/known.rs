//! Rows that have been scored lately, for all threads.
//!
//! A row stands in one of the two places that its bits tell, with its score; where both are taken, the next one takes one over. Threads read and write without
//! waiting for one another: a place has a version, odd while it is written, and what is read counts only if the version was even, and the same
//! before and after (a *sequence lock*; Boehm 2012, Can seqlocks get along with programming language memory models?, MSPC '12). A score depends on
//! its row alone, so it does not matter to the answer which thread found it, or whether anybody did.

use super::scoring::BLOCK;
use crate::error::Result;
use crate::model::Scorer;
use crate::rows::hash;
use crate::table::MAX_COLUMNS;
use std::sync::atomic::{AtomicU64, Ordering, fence};

/// The most pairs of places: 10 MB for rows of three columns.
const PAIRS: usize = 1 << 17;

/// Rows and their scores.
pub(super) struct Known {
    width: usize,
    /// Of each place: its version, 0 at first; the row; the score.
    places: Vec<AtomicU64>,
    shift: u32,
}

impl Known {
    /// For about this many rows.
    pub(super) fn new(width: usize, rows: usize) -> Known {
        let pairs = rows.next_power_of_two().clamp(2, PAIRS);
        let mut known = Known { width, places: Vec::new(), shift: 64 - pairs.ilog2() };
        known.places.resize_with(pairs * 2 * (width + 2), AtomicU64::default);
        known
    }

    /// The pair of places of a row: where it begins.
    #[inline(always)]
    fn pair<const WIDTH: usize>(&self, row: &[f64]) -> usize {
        (hash::<WIDTH>(row) >> self.shift) as usize * 2 * (self.width + 2)
    }

    /// The version of a place.
    #[inline(always)]
    fn version(&self, place: usize) -> u64 {
        self.places[place].load(Ordering::Acquire)
    }

    /// What has stood there since that version, and whether that is the score of the row.
    #[inline(always)]
    fn read<const WIDTH: usize>(&self, place: usize, version: u64, row: &[f64]) -> (f64, bool) {
        let width = if WIDTH > 0 { WIDTH } else { self.width };
        let place = &self.places[place..][..width + 2];
        let same = row
            .iter()
            .zip(&place[1..])
            .fold(true, |same, (v, there)| same & (v.to_bits() == there.load(Ordering::Relaxed)));
        let score = f64::from_bits(place[width + 1].load(Ordering::Relaxed));
        fence(Ordering::Acquire);
        let sound = (version == place[0].load(Ordering::Relaxed)) & (version & 1 == 0) & (version > 0);
        (score, same & sound)
    }

    /// The score of a row, if it is known; `version` is that of the first of its places.
    #[inline(always)]
    fn find<const WIDTH: usize>(&self, pair: usize, version: u64, row: &[f64]) -> (f64, bool) {
        match self.read::<WIDTH>(pair, version, row) {
            (score, true) => (score, true),
            _ => {
                let other = pair + self.width + 2;
                self.read::<WIDTH>(other, self.version(other), row)
            }
        }
    }

    /// Put a row into one of its places: the one that is free, or by turns the one that was not written last.
    fn put(&self, pair: usize, row: &[f64], score: f64) {
        let other = pair + self.width + 2;
        self.write(if self.version(other) < self.version(pair) { other } else { pair }, row, score);
    }

    /// Put a row there, unless another thread is putting one there now.
    fn write(&self, place: usize, row: &[f64], score: f64) {
        let place = &self.places[place..][..self.width + 2];
        let version = place[0].load(Ordering::Relaxed);
        let begun = |even: u64| {
            place[0].compare_exchange(even, even + 1, Ordering::Acquire, Ordering::Relaxed).is_ok()
        };
        if version & 1 == 1 || !begun(version) {
            return;
        }
        fence(Ordering::Release);
        for (there, v) in place[1..].iter().zip(row) {
            there.store(v.to_bits(), Ordering::Relaxed);
        }
        place[self.width + 1].store(score.to_bits(), Ordering::Relaxed);
        place[0].store(version + 2, Ordering::Release);
    }

    /// The scores of at most [`BLOCK`] rows: those that are not known are computed, all at once.
    pub(super) fn score(&self, scorer: &Scorer<'_>, rows: &[f64], out: &mut [f64]) -> Result<()> {
        match self.width {
            2 => self.score_rows::<2>(scorer, rows, out),
            3 => self.score_rows::<3>(scorer, rows, out),
            _ => self.score_rows::<0>(scorer, rows, out),
        }
    }

    /// `WIDTH` is the width, or 0.
    fn score_rows<const WIDTH: usize>(
        &self,
        scorer: &Scorer<'_>,
        rows: &[f64],
        out: &mut [f64],
    ) -> Result<()> {
        let width = if WIDTH > 0 { WIDTH } else { self.width };
        let (mut pairs, mut missing) = ([(0u32, 0u64); BLOCK], [0u32; BLOCK]);
        // Versions first: these loads wait for nothing, so that many places come from memory at a time.
        for (pair, row) in pairs.iter_mut().zip(rows.chunks_exact(width)) {
            let place = self.pair::<WIDTH>(row);
            *pair = (place as u32, self.version(place));
        }
        let mut misses = 0;
        for (i, (row, out)) in rows.chunks_exact(width).zip(out.iter_mut()).enumerate() {
            let (pair, version) = pairs[i];
            let (score, known) = self.find::<WIDTH>(pair as usize, version, row);
            *out = score;
            missing[misses] = i as u32;
            misses += usize::from(!known);
        }
        if misses == 0 {
            return Ok(());
        }
        let missing = &missing[..misses];
        let (mut unknown, mut scores) = ([0.0; MAX_COLUMNS * BLOCK], [0.0; BLOCK]);
        let unknown = &mut unknown[..misses * width];
        for (to, &i) in unknown.chunks_exact_mut(width).zip(missing) {
            to.copy_from_slice(&rows[i as usize * width..][..width]);
        }
        scorer(unknown, &mut scores[..misses]).map_err(|e| match e.row() {
            Some(row) => e.with_row(missing[row] as usize),
            None => e,
        })?;
        for ((row, &score), &i) in unknown.chunks_exact(width).zip(&scores).zip(missing) {
            out[i as usize] = score;
            self.put(pairs[i as usize].0 as usize, row, score);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_is_known_to_all_and_only_for_its_row() {
        let known = Known::new(2, 1);
        let row = |i: u32| [f64::from(i), 2.0];
        for i in 0..10 {
            let row = row(i);
            known.put(known.pair::<2>(&row), &row, 3.0 * row[0]);
            let pair = known.pair::<0>(&row);
            assert_eq!(known.find::<0>(pair, known.version(pair), &row), (3.0 * row[0], true));
        }
        // Two pairs hold at most four of the ten, and the last two of each.
        let is_held = |row: &[f64]| {
            let pair = known.pair::<2>(row);
            known.find::<2>(pair, known.version(pair), row).1
        };
        let held = (0..11).filter(|&i| is_held(&row(i))).count();
        assert!((2..=4).contains(&held), "{held}");
    }

    /// Four places, and threads that write and read nine rows in them all the time: whatever counts as known is right.
    #[test]
    fn threads_that_write_at_once_never_make_a_wrong_score() {
        let known = Known::new(3, 2);
        let row = |i: u64| [(i % 9) as f64, (i % 9 * 7) as f64, 0.5];
        let score = |row: &[f64]| row[0] * 1e6 + row[1];
        let found = std::thread::scope(|scope| {
            let worker = |turn: u64| {
                let known = &known;
                move || {
                    let mut found = 0;
                    for i in 0..200_000 {
                        let row = row(i * (turn + 1) + turn);
                        let pair = known.pair::<3>(&row);
                        let (there, sound) = known.find::<3>(pair, known.version(pair), &row);
                        if sound {
                            assert_eq!(there, score(&row));
                            found += 1;
                        } else {
                            known.put(pair, &row, score(&row));
                        }
                    }
                    found
                }
            };
            let threads: Vec<_> = (0..4).map(|turn| scope.spawn(worker(turn))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum::<u32>()
        });
        assert!(found > 0);
    }
}
