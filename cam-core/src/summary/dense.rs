//! The fast way for a whole log whose keys are integers in a dense range (1 … number of customers, for example).
//!
//! The key itself tells where a customer is, so no dictionary is needed. Rows are packed to 16 bytes – key and period in one word, and the
//! amount – and spread over partitions of neighbouring keys, each small enough for the second-level cache ([`Partitions`]). There a counting
//! sort brings the rows of a customer together; a customer has few rows, which are sorted by period and added up. Partitions come out in the order
//! of keys, so nothing is sorted in the end. Memory traffic: the log is read three times, the packed rows are written once and read twice.
//!
//! What is written per customer is the same as in the general way ([`SummaryBuilder`](super::SummaryBuilder)), bit for bit: sums are exact in both.

use super::emit::{Columns, Frame, Unattributed};
use super::horizon::Tally;
use super::keys::{Key, KeysRef};
use super::log::Reader;
use super::partition::Partitions;
use super::reduce::{CodeBits, Grouping, Packed, Worker};
use crate::control::Control;
use crate::error::Result;

/// Rows in a partition, on average: 128 kB of packed rows and as much again to sort them.
const PARTITION_ROWS: usize = 1 << 13;

/// How keys and periods share a word, and keys are cut into partitions.
struct Layout {
    first_key: i64,
    first_code: i64,
    code_bits: u32,
    /// Keys per partition, as a power of two.
    key_shift: u32,
    parts: usize,
}

impl Layout {
    /// The lowest key and how many keys there may be; `None` when they are too thinly spread.
    fn range(keys: &[i64]) -> Option<(i64, u64)> {
        let (low, high) = keys.iter().fold((i64::MAX, i64::MIN), |(l, h), &k| (l.min(k), h.max(k)));
        let range = high.checked_sub(low)?.checked_add(1)? as u64;
        // Beyond four times as many possible keys as rows, the counters cost more than a dictionary.
        (range <= 4 * keys.len() as u64 + 1024).then_some((low, range))
    }

    /// The layout for keys in that range and periods in that span; `None` when they do not fit into a word.
    fn of(keys: &[i64], span: (i64, i64)) -> Option<Layout> {
        let (low, range) = Layout::range(keys)?;
        let code_bits = 64 - (span.1.checked_sub(span.0)? as u64).leading_zeros();
        let key_bits = 64 - (range - 1).leading_zeros();
        if code_bits + key_bits > 63 {
            return None;
        }
        let wanted = (keys.len() / PARTITION_ROWS).max(1) as u64;
        let key_shift = range.div_ceil(wanted).next_power_of_two().trailing_zeros();
        let parts = range.div_ceil(1 << key_shift) as usize;
        Some(Layout { first_key: low, first_code: span.0, code_bits, key_shift, parts })
    }
}

/// Columns for each of `uptos`; `None` when the log is not of this kind.
pub(super) fn columns(
    reader: &Reader<'_>,
    frame: &Frame,
    tally: &Tally,
    uptos: &[usize],
    control: &Control<'_>,
) -> Result<Option<(Vec<Columns>, Unattributed)>> {
    let (KeysRef::Int(keys), Some(span)) = (reader.log.keys, tally.span) else { return Ok(None) };
    let Some(layout) = Layout::of(keys, span) else { return Ok(None) };

    let part = |row: usize| {
        if reader.keeps(row, frame.horizon.end) {
            (keys[row].wrapping_sub(layout.first_key) as u64 >> layout.key_shift) as usize
        } else {
            layout.parts
        }
    };
    let record = |row: usize| -> Packed {
        let key = keys[row].wrapping_sub(layout.first_key) as u64;
        let code = reader.code(row).wrapping_sub(layout.first_code) as u64;
        [key << layout.code_bits | code, reader.amount(row).to_bits()]
    };
    let mut partitions: Partitions<Packed> = Partitions::default();
    partitions.fill(control, keys.len(), layout.parts, part, record)?;

    let bits = CodeBits { first: layout.first_code, mask: (1 << layout.code_bits) - 1 };
    run_tasks(layout.parts, frame, uptos, bits, control, |grouping, worker, p| {
        let rows = partitions.part(p);
        let base = p << layout.key_shift;
        grouping.run(
            rows.len(),
            1 << layout.key_shift,
            |row| (rows[row][0] >> layout.code_bits) as usize - base,
            |row| rows[row],
            control,
            |customer, rows| {
                let key = layout.first_key.wrapping_add((base + customer) as i64);
                worker.customer(Key::Int(key), rows);
            },
        )
    })
    .map(Some)
}

/// Works through all partitions, a few at a time: enough to reuse the scratch space, few enough to share the work evenly.
pub(super) fn run_tasks(
    parts: usize,
    frame: &Frame,
    uptos: &[usize],
    bits: CodeBits,
    control: &Control<'_>,
    work: impl Fn(&mut Grouping, &mut Worker<'_>, usize) -> Result<()> + Sync,
) -> Result<(Vec<Columns>, Unattributed)> {
    let tasks = parts.min(64);
    let results = control.map(tasks, |task| {
        let (mut grouping, mut worker) = (Grouping::default(), Worker::new(bits, frame, uptos));
        for p in parts * task / tasks..parts * (task + 1) / tasks {
            control.check()?;
            work(&mut grouping, &mut worker, p)?;
        }
        Ok((worker.out, worker.unattributed))
    })?;
    let mut by_end: Vec<Vec<Columns>> = uptos.iter().map(|_| Vec::with_capacity(tasks)).collect();
    let mut unattributed = Unattributed::new(frame);
    for (columns, more) in results {
        by_end.iter_mut().zip(columns).for_each(|(all, one)| all.push(one));
        unattributed.add(&more);
    }
    let columns = by_end.into_iter().map(|parts| Columns::concat(frame.int_keys, parts)).collect();
    Ok((columns, unattributed))
}
