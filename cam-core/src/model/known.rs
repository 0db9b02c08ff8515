//! Rows that have been scored lately, for all threads.
//!
//! A row stands in the one place that its bits tell, with its score, and whoever comes next takes the place over. Threads read and write without
//! waiting for one another: a place has a version, odd while it is written, and what is read counts only if the version was even, and the same
//! before and after (a *sequence lock*; Boehm 2012, Can seqlocks get along with programming language memory models?, MSPC '12). A score depends on
//! its row alone, so it does not matter to the answer which thread found it, or whether anybody did.

use super::scoring::BLOCK;
use crate::error::Result;
use crate::model::Scorer;
use crate::rows::hash;
use crate::table::MAX_COLUMNS;
use std::sync::atomic::{AtomicU64, Ordering, fence};

/// The most rows that are remembered: 10 MB of three columns.
const PLACES: usize = 1 << 18;

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
        let places = rows.next_power_of_two().clamp(2, PLACES);
        let mut known = Known { width, places: Vec::new(), shift: 64 - places.ilog2() };
        known.places.resize_with(places * (width + 2), AtomicU64::default);
        known
    }

    /// The place of a row: where it begins.
    #[inline(always)]
    fn place<const WIDTH: usize>(&self, row: &[f64]) -> usize {
        (hash::<WIDTH>(row) >> self.shift) as usize * (self.width + 2)
    }

    /// What stands there, and whether that is the score of the row.
    #[inline(always)]
    fn read<const WIDTH: usize>(&self, place: usize, row: &[f64]) -> (f64, bool) {
        let width = if WIDTH > 0 { WIDTH } else { self.width };
        let place = &self.places[place..][..width + 2];
        let version = place[0].load(Ordering::Acquire);
        let same = row
            .iter()
            .zip(&place[1..])
            .fold(true, |same, (v, there)| same & (v.to_bits() == there.load(Ordering::Relaxed)));
        let score = f64::from_bits(place[width + 1].load(Ordering::Relaxed));
        fence(Ordering::Acquire);
        let sound = (version == place[0].load(Ordering::Relaxed)) & (version & 1 == 0) & (version > 0);
        (score, same & sound)
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
        let (mut places, mut missing) = ([0u32; BLOCK], [0u32; BLOCK]);
        for (place, row) in places.iter_mut().zip(rows.chunks_exact(width)) {
            *place = self.place::<WIDTH>(row) as u32;
        }
        let mut misses = 0;
        for (i, (row, out)) in rows.chunks_exact(width).zip(out.iter_mut()).enumerate() {
            let (score, known) = self.read::<WIDTH>(places[i] as usize, row);
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
            self.write(places[i as usize] as usize, row, score);
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
        let rows = [[1.0, 2.0], [1.0, 3.0], [4.0, 2.0]];
        for row in rows {
            known.write(known.place::<0>(&row), &row, row[0] * row[1]);
            assert_eq!(known.read::<0>(known.place::<0>(&row), &row), (row[0] * row[1], true));
        }
        let strange = [9.0, 9.0];
        assert!(!known.read::<0>(known.place::<0>(&strange), &strange).1);
        // Two places hold two of the three.
        let kept = rows.iter().filter(|row| known.read::<0>(known.place::<0>(*row), *row).1).count();
        assert!((1..=2).contains(&kept), "{kept}");
    }

    /// Two places, and threads that write and read three rows in them all the time: whatever counts as known is right.
    #[test]
    fn threads_that_write_at_once_never_make_a_wrong_score() {
        let known = Known::new(3, 2);
        let row = |i: u64| [(i % 3) as f64, (i % 3 * 7) as f64, 0.5];
        let score = |row: &[f64]| row[0] * 1e6 + row[1];
        let found = std::thread::scope(|scope| {
            let worker = |turn: u64| {
                let known = &known;
                move || {
                    let mut found = 0;
                    for i in 0..200_000 {
                        let row = row(i * (turn + 1) + turn);
                        let place = known.place::<0>(&row);
                        let (there, sound) = known.read::<0>(place, &row);
                        if sound {
                            assert_eq!(there, score(&row));
                            found += 1;
                        } else {
                            known.write(place, &row, score(&row));
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
