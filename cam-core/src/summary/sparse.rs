//! The fast way for a whole log with any keys: scattered integers, or text.
//!
//! Rows are spread over partitions by the hash of their key ([`Partitions`]), so that each partition has a small [`Dictionary`] of its own, in the
//! cache, and threads share nothing. From there on it is as with dense keys ([`reduce`](super::reduce)); in the end the customers are sorted by key.

use super::dense::run_tasks;
use super::dictionary::Dictionary;
use super::emit::{Columns, Frame, Unattributed};
use super::find::{ByInteger, ByRow, ByShortText, Find, SHORT};
use super::keys::{KeysRef, hash};
use super::log::Reader;
use super::partition::{Blank, Partitions};
use super::reduce::{CodeBits, Packed};
use crate::control::Control;
use crate::error::Result;

/// Rows in a partition, on average: 200 to 260 kB of rows.
const PARTITION_ROWS: usize = 1 << 13;

/// A row on its way: what finds the key, the word of the period, the bits of the amount.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Record<I> {
    pub(super) id: I,
    word: u64,
    amount: u64,
}

impl<I: Copy + Default + Send> Blank for Record<I> {}

impl<I> Record<I> {
    #[inline(always)]
    pub(super) fn packed(&self) -> Packed {
        [self.word, self.amount]
    }
}

/// Columns for each of `uptos`; `None` when the log is not of this kind (4 billion rows or more).
pub(super) fn columns(
    reader: &Reader<'_>,
    frame: &Frame,
    uptos: &[usize],
    control: &Control<'_>,
) -> Result<Option<(Vec<Columns>, Unattributed)>> {
    let keys = reader.log.keys;
    if u32::try_from(keys.len()).is_err() {
        return Ok(None);
    }
    let found = match keys {
        KeysRef::Int(keys) => columns_by(ByInteger(keys), reader, frame, uptos, control),
        _ if keys.longest() <= SHORT => columns_by(ByShortText(keys), reader, frame, uptos, control),
        _ => columns_by(ByRow(keys), reader, frame, uptos, control),
    };
    found.map(Some)
}

fn columns_by<F: Find>(
    find: F,
    reader: &Reader<'_>,
    frame: &Frame,
    uptos: &[usize],
    control: &Control<'_>,
) -> Result<(Vec<Columns>, Unattributed)> {
    let parts = (reader.log.rows() / PARTITION_ROWS).next_power_of_two();
    let mut partitions = Partitions::default();
    spread(find, reader, frame.horizon.end, parts, &mut partitions, control)?;
    let (columns, unattributed) =
        run_tasks(parts, frame, uptos, CodeBits::ALL, control, |grouping, worker, p| {
            let rows = partitions.part(p);
            let numbering = Numbering::of(rows, find);
            grouping.run(
                rows.len(),
                numbering.firsts.len(),
                |row| numbering.customers[row] as usize,
                |row| rows[row].packed(),
                control,
                |customer, sorted| {
                    let first = rows[numbering.firsts[customer] as usize];
                    find.with_key(first.id, |key| worker.customer(key, sorted));
                },
            )
        })?;
    drop(partitions);
    let columns = columns.into_iter().map(|c| c.sorted(control)).collect::<Result<_>>()?;
    Ok((columns, unattributed))
}

/// Spreads the rows that count over `parts` partitions (a power of two), by the upper bits of the hash of their key.
pub(super) fn spread<F: Find>(
    find: F,
    reader: &Reader<'_>,
    end: Option<i64>,
    parts: usize,
    partitions: &mut Partitions<Record<F::Id>>,
    control: &Control<'_>,
) -> Result<()> {
    let keys = reader.log.keys;
    let part = |row: usize| if reader.keeps(row, end) { part_of(hash(keys.get(row)), parts) } else { parts };
    let record = |row: usize| Record {
        id: find.id(row),
        word: CodeBits::ALL.word(reader.code(row)),
        amount: reader.amount(row).to_bits(),
    };
    partitions.fill(control, reader.log.rows(), parts, part, record)
}

/// The partition, of a power of two, that the upper half of a hash leads to.
#[inline(always)]
pub(super) fn part_of(hash: u64, parts: usize) -> usize {
    (((hash >> 32) * parts as u64) >> 32) as usize
}

/// Which customer of a partition each of its rows belongs to.
struct Numbering {
    customers: Vec<u32>,
    /// The first row of each customer.
    firsts: Vec<u32>,
}

impl Numbering {
    fn of<F: Find>(rows: &[Record<F::Id>], find: F) -> Self {
        let mut dictionary = Dictionary::default();
        let mut firsts: Vec<u32> = Vec::new();
        let mut customers = Vec::with_capacity(rows.len());
        for (i, row) in rows.iter().enumerate() {
            let same = |n: usize| find.same(rows[firsts[n] as usize].id, row.id);
            let (customer, new) = dictionary.number(find.tag(row.id), same);
            if new {
                firsts.push(i as u32);
            }
            customers.push(customer);
        }
        Numbering { customers, firsts }
    }
}
