//! The transaction log, borrowed, and the rules that each of its rows must keep.

use super::exact::LARGEST_AMOUNT;
use super::keys::KeysRef;
use super::options::{Refunds, SummaryOptions};
use super::time::{Clock, Times};
use crate::error::{Error, Result, brief};
use std::ops::Range;

/// A transaction log: a customer key, a time and perhaps an amount per row, borrowed from the caller, rows in any order.
///
/// ```
/// use cam_core::summary::{Log, Times};
/// let log = Log::new(&[7_i64, 7, 8][..], Times::Days(&[0, 14, 3])).amounts(&[10.0, 12.0, 5.0]);
/// assert_eq!(log.rows(), 3);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Log<'a> {
    /// Whose transaction it is.
    pub keys: KeysRef<'a>,
    /// When it was.
    pub times: Times<'a>,
    /// How much was paid; negative for a refund. Without amounts, every row is a purchase and there is no `monetary_value`.
    pub amounts: Option<&'a [f64]>,
}

impl<'a> Log<'a> {
    /// A log without amounts.
    pub fn new(keys: impl Into<KeysRef<'a>>, times: Times<'a>) -> Self {
        Log { keys: keys.into(), times, amounts: None }
    }

    /// The same log, with these amounts. (Where there may be none, set the field.)
    #[must_use]
    pub fn amounts(mut self, amounts: &'a [f64]) -> Self {
        self.amounts = Some(amounts);
        self
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn slice(&self, rows: Range<usize>) -> Self {
        Log {
            keys: self.keys.slice(rows.clone()),
            times: self.times.slice(rows.clone()),
            amounts: self.amounts.map(|v| &v[rows]),
        }
    }

    /// Equal lengths, or an error that gives them.
    pub(super) fn check_shape(&self) -> Result<()> {
        let rows = self.keys.len();
        let check = |name: &str, len: usize| {
            if len == rows {
                return Ok(());
            }
            Err(Error::shape(format!(
                "columns must have equal lengths: customer has {rows} rows, {name} has {len}"
            ))
            .with_field(name))
        };
        check("time", self.times.len())?;
        self.amounts.map_or(Ok(()), |v| check("amount", v.len()))
    }
}

/// What a row is, once it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowKind {
    Purchase,
    Refund,
    RefundDropped,
    ZeroDropped,
}

/// A log with the rules to read it by.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) log: Log<'a>,
    pub(super) clock: Clock,
    refunds: Refunds,
    drop_zero: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(log: &Log<'a>, options: &SummaryOptions) -> Result<Self> {
        log.check_shape()?;
        Ok(Reader {
            log: *log,
            clock: options.clock()?,
            refunds: options.refunds,
            drop_zero: options.drop_zero_amounts,
        })
    }

    pub(super) fn slice(&self, rows: Range<usize>) -> Self {
        Reader { log: self.log.slice(rows), ..*self }
    }

    /// The amount of a row, 0 where there are none.
    #[inline(always)]
    pub(super) fn amount(&self, row: usize) -> f64 {
        self.log.amounts.map_or(0.0, |v| v[row])
    }

    /// What a row with this (checked) amount is.
    #[inline(always)]
    pub(super) fn kind(&self, amount: f64) -> RowKind {
        if self.log.amounts.is_none() || amount > 0.0 {
            RowKind::Purchase
        } else if amount < 0.0 {
            if self.refunds == Refunds::Net { RowKind::Refund } else { RowKind::RefundDropped }
        } else if self.drop_zero {
            RowKind::ZeroDropped
        } else {
            RowKind::Purchase
        }
    }

    /// Whether a row that passed [`check`](Reader::check) counts: not dropped, and not after the end.
    #[inline(always)]
    pub(super) fn keeps(&self, row: usize, end: Option<i64>) -> bool {
        matches!(self.kind(self.amount(row)), RowKind::Purchase | RowKind::Refund)
            && end.is_none_or(|end| self.code(row) <= end)
    }

    /// The period of a row that passed [`check`](Reader::check).
    #[inline(always)]
    pub(super) fn code(&self, row: usize) -> i64 {
        // A row that was checked has a code; the default is never used.
        self.clock.code(self.log.times.get(row)).unwrap_or_default()
    }

    /// Checks every rule of a row; its period.
    #[inline(always)]
    pub(super) fn check(&self, row: usize) -> Result<i64> {
        self.log.keys.check(row)?;
        let moment = self.log.times.get(row);
        let code = match self.clock.code(moment) {
            Ok(code) => code,
            Err(rule) => return Err(Error::data(row, moment.breaks(rule)).with_field("time")),
        };
        if let Some(amounts) = self.log.amounts {
            let amount = amounts[row];
            if !(amount.abs() <= LARGEST_AMOUNT) || (amount < 0.0 && self.refunds == Refunds::Error) {
                return Err(self.bad_amount(row, amount));
            }
        }
        Ok(code)
    }

    #[cold]
    fn bad_amount(&self, row: usize, amount: f64) -> Error {
        let rule = if amount.is_nan() {
            "amount is missing (NaN)".to_string()
        } else if amount.abs() <= LARGEST_AMOUNT {
            format!("need amount >= 0 (or another rule for refunds), got {}", brief(amount))
        } else {
            format!("need a finite amount of at most 1e290 in size, got {}", brief(amount))
        };
        Error::data(row, rule).with_field("amount")
    }
}

/// Rows between two looks at the cancel flag: about a millisecond of work.
pub(super) const BLOCK: usize = 1 << 16;
