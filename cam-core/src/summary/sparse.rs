//! The fast way for a whole log with any keys: scattered integers, or text.
//!
//! Rows are spread over partitions by the hash of their key ([`Partitions`]), so that each partition has a small [`Dictionary`] of its own, in the
//! cache, and threads share nothing. From there on it is as with dense keys ([`reduce`](super::reduce)); in the end the customers are sorted by key.

use super::dense::run_tasks;
use super::dictionary::Dictionary;
use super::emit::{Columns, Frame, Unattributed};
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
pub(super) type Record = [u64; 3];

/// Columns for each of `uptos`; `None` when the log is not of this kind (4 billion rows or more of text).
pub(super) fn columns(
    reader: &Reader<'_>,
    frame: &Frame,
    uptos: &[usize],
    control: &Control<'_>,
) -> Result<Option<(Vec<Columns>, Unattributed)>> {
    let (keys, rows) = (reader.log.keys, reader.log.rows());
    if u32::try_from(rows).is_err() {
        return Ok(None);
    }
    let parts = (rows / PARTITION_ROWS).next_power_of_two();
    let mut partitions = Partitions::default();
    spread(reader, frame.horizon.end, parts, &mut partitions, control)?;
    let (columns, unattributed) =
        run_tasks(parts, frame, uptos, CodeBits::ALL, control, |grouping, worker, p| {
            let rows = partitions.part(p);
            let numbering = Numbering::of(rows, &keys);
            grouping.run(
                rows.len(),
                numbering.firsts.len(),
                |row| numbering.customers[row] as usize,
                |row| [rows[row][1], rows[row][2]],
                control,
                |customer, sorted| {
                    worker.customer(key_of(&keys, rows[numbering.firsts[customer] as usize]), sorted);
                },
            )
        })?;
    drop(partitions);
    let columns = columns.into_iter().map(|c| c.sorted(control)).collect::<Result<_>>()?;
    Ok(Some((columns, unattributed)))
}

/// Spreads the rows that count over `parts` partitions (a power of two), by the upper bits of the hash of their key.
pub(super) fn spread(
    reader: &Reader<'_>,
    end: Option<i64>,
    parts: usize,
    partitions: &mut Partitions<Record>,
    control: &Control<'_>,
) -> Result<()> {
    let keys = reader.log.keys;
    let part = |row: usize| if reader.keeps(row, end) { part_of(hash(keys.get(row)), parts) } else { parts };
    let record = |row: usize| -> Record {
        let found_by = match keys.get(row) {
            Key::Int(key) => key as u64,
            text => hash(text) << 32 | row as u64,
        };
        [found_by, CodeBits::ALL.word(reader.code(row)), reader.amount(row).to_bits()]
    };
    partitions.fill(control, reader.log.rows(), parts, part, record)
}

/// The partition, of a power of two, that the upper half of a hash leads to.
pub(super) fn part_of(hash: u64, parts: usize) -> usize {
    ((hash >> 32) as usize * parts) >> 32
}

/// The key that a record leads to.
#[inline(always)]
pub(super) fn key_of<'k>(keys: &KeysRef<'k>, record: Record) -> Key<'k> {
    if keys.is_int() { Key::Int(record[0] as i64) } else { keys.get((record[0] & 0xffff_ffff) as usize) }
}

/// What a dictionary needs of the hash of the key: its lower half. Of a text it is at hand.
#[inline(always)]
pub(super) fn tag_of(key: Key<'_>, record: Record) -> u64 {
    if let Key::Int(_) = key { hash(key) } else { record[0] >> 32 }
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
            let key = key_of(keys, *row);
            let (customer, new) =
                dictionary.number(tag_of(key, *row), |n| key_of(keys, rows[firsts[n] as usize]) == key);
            if new {
                firsts.push(i as u32);
            }
            customers.push(customer);
        }
        Numbering { customers, firsts }
    }
}
