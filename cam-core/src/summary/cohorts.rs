//! Cohort tables: customers acquired in the same period, followed from period to period.
//!
//! The oldest picture of a customer base: a row for each cohort, a column for each period since. It takes a pass of its own over the whole log, for what
//! was spent in a period is in no summary.

use super::exact::ExactSum;
use super::horizon::Horizon;
use super::log::{Log, Reader, RowKind};
use super::options::SummaryOptions;
use super::time::{Clock, Period};
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};

/// One entry per cohort and period since its acquisition, cohorts in order of time, and periods within them from 0 to the end of the observation; those
/// in which nothing happened are there, too.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CohortTable {
    /// Start of the cohort's period of acquisition, in days since 1970-01-01 (for times that are numbers: in days).
    pub cohort: Vec<f64>,
    /// Periods since the acquisition; 0 is the one in which it was.
    pub period: Vec<f64>,
    /// Customers of the cohort.
    pub customers: Vec<f64>,
    /// Those of them who bought in the period.
    pub active: Vec<f64>,
    /// What they bought: purchases are distinct periods of the options, such as days.
    pub purchases: Vec<f64>,
    /// What they spent, refunds taken off; none without amounts.
    pub revenue: Option<Vec<f64>>,
    /// Active customers, as a share of the cohort.
    pub retention: Vec<f64>,
    /// Share of the cohort that has bought a second time by the end of the period.
    pub repeat_rate: Vec<f64>,
    /// Whether the whole period lies within the observation.
    pub complete: Vec<bool>,
}

/// More entries than this are refused: a wrong unit would fill the memory.
const MOST: i64 = 10_000_000;

/// Sums of one entry.
#[derive(Clone, Default)]
struct Cell {
    active: u64,
    purchases: u64,
    second: u64,
    revenue: ExactSum,
    rest: f64,
}

/// The cohort table of a log, in steps such as [`Period::Month`]; [`Period::Instant`] is no step.
///
/// ```
/// use cam_core::{Control, summary::{Log, Period, SummaryOptions, Times, cohort_table}};
/// let log = Log::new(&["ann", "bob", "ann", "cid"][..], Times::Days(&[0, 7, 35, 40])).amounts(&[20.0, 9.0, 40.0, 10.0]);
/// let table = cohort_table(&log, Period::Month, &SummaryOptions::new(), &Control::new())?;
/// // January, then and in February; February.
/// assert_eq!(table.customers, [2.0, 2.0, 1.0]);
/// assert_eq!(table.retention, [1.0, 0.5, 1.0]);
/// assert_eq!(table.revenue, Some(vec![29.0, 40.0, 10.0]));
/// # Ok::<(), cam_core::Error>(())
/// ```
///
/// # Errors
/// Those of [`summarize`](super::summarize()), and a step so short that there would be more than 10⁷ entries.
pub fn cohort_table(
    log: &Log<'_>,
    step: Period,
    options: &SummaryOptions,
    control: &Control<'_>,
) -> Result<CohortTable> {
    let reader = Reader::new(log, options)?;
    let steps = Clock::new(step, options.numbers_in)?;
    if !steps.mixes() || !reader.clock.mixes() {
        return Err(Error::new(ErrorKind::InvalidParameter, "a cohort table needs periods that last")
            .with_field("step"));
    }
    let numbers = matches!(log.times, super::time::Times::Numbers(_));
    let mut end = Horizon::new(options, &[])?.end;
    let mut rows: Vec<(i64, u32)> = Vec::new();
    let mut latest = None;
    for row in 0..log.rows() {
        if row % super::log::BLOCK == 0 {
            control.check()?;
        }
        let code = reader.check(row)?;
        latest = latest.max(Some(code));
        if reader.keeps(row, end) {
            let row = u32::try_from(row).map_err(|_| Error::shape("at most 4294967295 rows at once"))?;
            rows.push((code, row));
        }
    }
    let nothing = || Error::new(ErrorKind::NotEnoughData, "no customer has a purchase before the end");
    let end = *end.get_or_insert(latest.ok_or_else(nothing)?);
    let key = |row: u32| log.keys.get(row as usize);
    rows.sort_unstable_by(|a, b| key(a.1).cmp(&key(b.1)).then(a.cmp(b)));
    control.check()?;
    // The step that a period of the options begins in.
    let step_of = |code: i64| {
        let start = reader.clock.days(code, numbers);
        let moment = super::time::Moment::Number(start / options.numbers_in.days());
        steps.code(moment).map_err(|rule| Error::new(ErrorKind::InvalidData, rule).with_field("time"))
    };
    let is_purchase = |row: u32| reader.kind(reader.amount(row as usize)) == RowKind::Purchase;
    // First by customer: the step of the acquisition.
    let mut customers = Vec::new();
    for customer in rows.chunk_by(|a, b| key(a.1) == key(b.1)) {
        if let Some(first) = customer.iter().position(|row| is_purchase(row.1)) {
            // A refund in the period of the first purchase belongs to it, wherever it stands.
            let code = customer[first].0;
            let from = customer.partition_point(|row| row.0 < code);
            customers.push((step_of(code)?, &customer[from..]));
        }
    }
    let first = customers.iter().map(|c| c.0).min().ok_or_else(nothing)?;
    let last = step_of(end)?;
    let cohorts = last - first + 1;
    if cohorts.checked_mul(cohorts + 1).is_none_or(|twice| twice / 2 > MOST) {
        return Err(Error::parameter("step", "long enough for at most 1e7 entries", cohorts));
    }
    let mut sizes = vec![0_u64; cohorts as usize];
    let mut cells: Vec<Vec<Cell>> =
        (0..cohorts).map(|cohort| vec![Cell::default(); (cohorts - cohort) as usize]).collect();
    for (acquired, rows) in customers {
        let cohort = (acquired - first) as usize;
        sizes[cohort] += 1;
        let (mut seen, mut bought) = (None, 0);
        for period in rows.chunk_by(|a, b| a.0 == b.0) {
            let place = (step_of(period[0].0)? - acquired) as usize;
            let cell = &mut cells[cohort][place];
            for row in period {
                cell.rest += cell.revenue.add(reader.amount(row.1 as usize));
            }
            if period.iter().any(|row| is_purchase(row.1)) {
                bought += 1;
                cell.purchases += 1;
                cell.second += u64::from(bought == 2);
                cell.active += u64::from(seen.replace(place) != Some(place));
            }
        }
    }
    let starts = |code: i64| steps.days(code, numbers);
    let observed = reader.clock.days(end.saturating_add(1), numbers);
    let mut table = CohortTable { revenue: log.amounts.map(|_| Vec::new()), ..CohortTable::default() };
    for (cohort, (cells, size)) in cells.iter().zip(sizes).enumerate().filter(|(_, (_, size))| *size > 0) {
        let acquired = first + cohort as i64;
        let size = size as f64;
        let mut again = 0;
        for (period, cell) in cells.iter().enumerate() {
            again += cell.second;
            table.cohort.push(starts(acquired));
            table.period.push(period as f64);
            table.customers.push(size);
            table.active.push(cell.active as f64);
            table.purchases.push(cell.purchases as f64);
            table.retention.push(cell.active as f64 / size);
            table.repeat_rate.push(again as f64 / size);
            table.complete.push(observed >= starts(acquired + period as i64 + 1) - 1e-9);
            if let Some(revenue) = &mut table.revenue {
                revenue.push(cell.revenue.round() + cell.rest);
            }
        }
    }
    Ok(table)
}
