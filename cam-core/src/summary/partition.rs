//! Spreading rows over partitions, in parallel and without locks: count, cut the buffer into pieces, fill the pieces.
//!
//! Rows of one customer end up in one partition, and a partition fits into the cache; whatever is done next is done there. Each block
//! of rows owns one piece of each partition, so threads never write to the same place, and the compiler sees it.

use super::log::BLOCK;
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};
use std::sync::Mutex;

/// Copies of rows, sorted by partition.
pub(super) struct Partitions<R> {
    buffer: Vec<R>,
    starts: Vec<usize>,
}

impl<R> Default for Partitions<R> {
    fn default() -> Self {
        Partitions { buffer: Vec::new(), starts: vec![0] }
    }
}

/// Something of which many can be had to be written over.
pub(super) trait Blank: Copy + Default + Send {
    /// So many of them. In steps, because hundreds of megabytes take longer than a cancellation may.
    fn blanks(n: usize, control: &Control<'_>) -> Result<Vec<Self>> {
        let mut blanks = Vec::new();
        blanks.reserve_exact(n);
        while blanks.len() < n {
            control.check()?;
            blanks.resize((blanks.len() + 16 * BLOCK).min(n), Self::default());
        }
        Ok(blanks)
    }
}

impl Blank for [u64; 2] {
    /// Zeros, which the system gives at the first touch.
    fn blanks(n: usize, _: &Control<'_>) -> Result<Vec<Self>> {
        Ok(vec![[0; 2]; n])
    }
}

impl Blank for (u128, u32) {}

impl<R: Blank> Partitions<R> {
    /// Spreads `rows` rows over `parts` partitions. `part(row)` tells where a row goes (`parts` or more: nowhere), `record(row)` what is
    /// kept of it. Within a partition, rows keep their order.
    pub(super) fn fill(
        &mut self,
        control: &Control<'_>,
        rows: usize,
        parts: usize,
        part: impl Fn(usize) -> usize + Sync,
        record: impl Fn(usize) -> R + Sync,
    ) -> Result<()> {
        // One block for one thread; a few for more, so that a thread that is held up does not hold up the rest.
        let threads = control.thread_count();
        let blocks = if threads == 1 { 1 } else { (threads * 2).min(rows.div_ceil(BLOCK)).max(1) };
        let rows_of = |block: usize| rows * block / blocks..rows * (block + 1) / blocks;
        let counts = control.map(blocks, |block| {
            let mut count = vec![0_u32; parts];
            for step in steps(rows_of(block)) {
                control.check()?;
                for row in step {
                    if let Some(n) = count.get_mut(part(row)) {
                        *n += 1;
                    }
                }
            }
            Ok(count)
        })?;

        self.starts.clear();
        self.starts.push(0);
        let mut total = 0;
        for p in 0..parts {
            total += counts.iter().map(|count| count[p] as usize).sum::<usize>();
            self.starts.push(total);
        }
        if self.buffer.len() < total {
            // Not `resize`: that would copy the old rows, which nobody wants.
            self.buffer = Vec::new();
            self.buffer = R::blanks(total, control)?;
        }
        let mut pieces: Vec<Vec<&mut [R]>> = (0..blocks).map(|_| Vec::with_capacity(parts)).collect();
        let mut rest = &mut self.buffer[..total];
        for p in 0..parts {
            for (count, piece) in counts.iter().zip(&mut pieces) {
                let (head, tail) = rest.split_at_mut(count[p] as usize);
                piece.push(head);
                rest = tail;
            }
        }
        let pieces: Vec<Mutex<Vec<&mut [R]>>> = pieces.into_iter().map(Mutex::new).collect();
        control.map(blocks, |block| {
            let mut piece = std::mem::take(&mut *pieces[block].lock().unwrap_or_else(|p| p.into_inner()));
            for step in steps(rows_of(block)) {
                control.check()?;
                for row in step {
                    if let Some(place) = piece.get_mut(part(row)) {
                        let Some((head, tail)) = std::mem::take(place).split_first_mut() else {
                            // `part` gave another answer the second time.
                            return Err(Error::new(
                                ErrorKind::Internal,
                                "a partition is fuller than counted",
                            ));
                        };
                        *head = record(row);
                        *place = tail;
                    }
                }
            }
            Ok(())
        })?;
        Ok(())
    }

    /// The rows of a partition.
    pub(super) fn part(&self, p: usize) -> &[R] {
        &self.buffer[self.starts[p]..self.starts[p + 1]]
    }
}

/// A range in steps after which to look at the cancel flag.
fn steps(range: std::ops::Range<usize>) -> impl Iterator<Item = std::ops::Range<usize>> {
    let end = range.end;
    range.step_by(BLOCK).map(move |from| from..(from + BLOCK).min(end))
}
