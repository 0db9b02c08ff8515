//! The fast way for a whole log with any keys: scattered integers, or text.
//!
//! Rows are spread over partitions by the hash of their key ([`Partitions`]), so that each partition has a small [`Dictionary`] of its own, in the
//! cache, and threads share nothing. From there on it is as with dense keys ([`reduce`](super::reduce)); in the end the customers are sorted by key.

use super::dense::run_tasks;
use super::dictionary::Dictionary;
use super::emit::{Columns, Frame, Unattributed};
use super::horizon::Tally;
use super::keys::{Key, KeysRef, hash};
use super::log::Reader;
use super::partition::Partitions;
use super::reduce::CodeBits;
use crate::control::Control;
use crate::error::Result;

/// Rows in a partition, on average: 200 kB of rows.
const PARTITION_ROWS: usize = 1 << 13;

/// A row: what finds the key, the period, the bits of the amount.
///
/// An integer key is there itself. Of a text there are the lower half of its hash and the row, which leads to its bytes.
type Record = [u64; 3];

/// Columns for each of `uptos`; `None` when the log is not of this kind (4 billion rows or more of text).
pub(super) fn columns(
    reader: &Reader<'_>,
    frame: &Frame,
    tally: &Tally,
    uptos: &[usize],
    control: &Control<'_>,
) -> Result<Option<(Vec<Columns>, Unattributed)>> {
    let (keys, rows) = (reader.log.keys, reader.log.rows());
    let Some(span) = tally.span else { return Ok(None) };
    if u32::try_from(rows).is_err() {
        return Ok(None);
    }
    let parts = (rows / PARTITION_ROWS).next_power_of_two();
    let part = |row: usize| {
        // The upper half of the hash, scaled to the number of partitions, a power of two.
        if reader.keeps(row, frame.horizon.end) {
            ((hash(keys.get(row)) >> 32) as usize * parts) >> 32
        } else {
            parts
        }
    };
    let record = |row: usize| -> Record {
        let found_by = match keys.get(row) {
            Key::Int(key) => key as u64,
            text => hash(text) << 32 | row as u64,
        };
        [found_by, reader.code(row).wrapping_sub(span.0) as u64, reader.amount(row).to_bits()]
    };
    let mut partitions: Partitions<Record> = Partitions::default();
    partitions.fill(control, rows, parts, part, record)?;

    let bits = CodeBits { first: span.0, mask: u64::MAX };
    let (columns, unattributed) = run_tasks(parts, frame, uptos, bits, control, |worker, p| {
        let rows = partitions.part(p);
        let numbering = Numbering::of(rows, &keys);
        let found_by = |customer: usize| rows[numbering.firsts[customer] as usize][0];
        worker.run(
            rows.len(),
            numbering.firsts.len(),
            |row| numbering.customers[row] as usize,
            |row| [rows[row][1], rows[row][2]],
            |customer| key_of(&keys, found_by(customer)),
            control,
        )
    })?;
    drop(partitions);
    let columns = columns.into_iter().map(|c| c.sorted(control)).collect::<Result<_>>()?;
    Ok(Some((columns, unattributed)))
}

/// The key that a record leads to.
#[inline(always)]
fn key_of<'k>(keys: &KeysRef<'k>, found_by: u64) -> Key<'k> {
    if keys.is_int() { Key::Int(found_by as i64) } else { keys.get((found_by & 0xffff_ffff) as usize) }
}

/// Which customer of a partition each of its rows belongs to.
struct Numbering {
    customers: Vec<u32>,
    /// The first row of each customer.
    firsts: Vec<u32>,
}

impl Numbering {
    fn of(rows: &[Record], keys: &KeysRef<'_>) -> Self {
        let mut dictionary = Dictionary::default();
        let mut firsts: Vec<u32> = Vec::new();
        let mut customers = Vec::with_capacity(rows.len());
        for (i, row) in rows.iter().enumerate() {
            let key = key_of(keys, row[0]);
            // The lower half is what the dictionary uses; of a text it is at hand.
            let tag = if keys.is_int() { hash(key) } else { row[0] >> 32 };
            let (customer, new) =
                dictionary.number(tag, |n| key_of(keys, rows[firsts[n] as usize][0]) == key);
            if new {
                firsts.push(i as u32);
            }
            customers.push(customer);
        }
        Numbering { customers, firsts }
    }
}
