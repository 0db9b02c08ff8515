"""From a transaction log to what the models need: `frequency, recency, T` and `monetary_value` per customer."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any, Self, cast

import numpy as np

from cam import _core
from cam._call import Progress, flag, observer, thread_count
from cam._frames import REPORT, UNIT, Frame, Source, make, unit_name
from cam._log import check_ends, named_columns, read_amounts, read_keys, read_moment, read_times, write_keys
from cam.errors import InvalidDataError, InvalidDocumentError, InvalidParameterError

__all__ = ["SummaryBuilder", "opportunities", "split", "summarize", "tracking"]


class SummaryBuilder:
    """A summary in the making, fed with batches of rows in any order.

    The whole log need not fit in memory, and the result is the same to the last bit as that of `summarize` on the
    whole log, however it was cut into batches, and whoever merged them.

    Parameters
    ----------
    customer, time, amount : str
        The columns of the batches; no `amount`, no `monetary_value`.
    calibration_ends : iterable of moments, optional
        For splits: `finish` then gives a list of frames, one for each.
    **options
        As for `summarize`: `unit`, `period`, `observation_end`, `include_first_transaction`, `refunds`,
        `drop_zero_amounts`, `numbers_in`, `log_intervals`. (Not `spread`, which takes the whole log at once.)

    Examples
    --------
    >>> import cam
    >>> log = cam.datasets.load_cdnow()
    >>> builder = cam.SummaryBuilder(unit="W", observation_end="1997-09-30")
    >>> for start in range(0, len(log), 1000):
    ...     builder.push(log.iloc[start : start + 1000])
    >>> len(builder.finish())
    2357
    """

    def __init__(
        self,
        *,
        customer: str = "customer_id",
        time: str = "date",
        amount: str | None = None,
        unit: str = "W",
        period: str = "D",
        observation_end: Any = None,
        calibration_ends: Iterable[Any] | None = None,
        include_first_transaction: bool = False,
        refunds: str = "net",
        drop_zero_amounts: bool = False,
        numbers_in: str = "D",
        log_intervals: bool = False,
        _opportunities: bool = False,
        _spread: str | None = None,
    ) -> None:
        self._columns = (customer, time, amount)
        self._numbers_in = str(numbers_in)
        self._unit: str | None = str(unit)
        self._kind: str | None = None
        self._report: dict[str, Any] = {}
        self._dtype: np.dtype[Any] | None = None
        ends = None
        if calibration_ends is not None:
            ends = [read_moment(end, "calibration_end") for end in calibration_ends]
        end = None if observation_end is None else read_moment(observation_end, "observation_end")
        try:
            self._core = _core.SummaryBuilder(
                unit=str(unit),
                period=str(period),
                observation_end=end,
                calibration_ends=ends,
                numbers_in=str(numbers_in),
                include_first_transaction=flag("include_first_transaction", include_first_transaction),
                refunds=str(refunds),
                drop_zero_amounts=flag("drop_zero_amounts", drop_zero_amounts),
                log_intervals=flag("log_intervals", log_intervals),
                opportunities=_opportunities,
                spread=_spread,
            )
        except InvalidDataError as problem:
            # The core reads a text as it reads those of a log, and does not know which argument it was.
            found = str(problem).removeprefix("time ")
            for name, moment in [("observation_end", end), *(("calibration_end", each) for each in ends or ())]:
                if moment is not None and moment[0] == "text" and f'"{moment[1]}"' in found:
                    raise InvalidDataError(f"{name} {found}", field=name) from None
            raise
        self._splits: bool | None = ends is not None
        self._ends = [("calibration_end", each) for each in ends or ()]
        if end is not None:
            self._ends.append(("observation_end", end))

    @classmethod
    def from_bytes(
        cls, data: bytes, *, customer: str = "customer_id", time: str = "date", amount: str | None = None
    ) -> Self:
        """Read a builder that `to_bytes` wrote, in any of cam's languages.

        Parameters
        ----------
        data : bytes
            What `to_bytes` gave. Nothing in it is trusted: whatever is cut off or changed is refused.
        customer, time, amount : str
            The columns of batches to come.

        Returns
        -------
        SummaryBuilder

        Raises
        ------
        InvalidDocumentError
            The bytes are not a partial summary, or one of a later version.
        """
        if not isinstance(data, bytes):
            raise InvalidDocumentError(f"a partial summary is bytes, got {type(data).__name__}")
        builder = cls(customer=customer, time=time, amount=amount)
        builder._core = _core.SummaryBuilder.from_bytes(data)
        builder._splits = builder._unit = None
        return builder

    def to_bytes(self) -> bytes:
        """Write the state as bytes, the same on every machine: to be kept, sent, and merged elsewhere.

        Returns
        -------
        bytes
        """
        return self._core.to_bytes()

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.to_bytes(), self._columns, self._kind, self._dtype, self._splits)

    def push(self, batch: Frame, *, threads: int | None = None, progress: Progress = None) -> None:
        """Take in a batch of rows. A batch with a bad row is refused as a whole.

        Parameters
        ----------
        batch : frame or dict of arrays
            Rows of the log, in any order. A record batch reader of pyarrow is taken in batch by batch.
        threads : int, optional
            How many threads to use; all processors by default. The result does not depend on it.
        progress : bool or callable, optional
            ``True`` prints; a function gets ``(stage, done, total, value)``.
        """
        if hasattr(batch, "read_next_batch"):
            for part in batch:
                self.push(part, threads=threads, progress=progress)
            return
        source, columns, dtype = self._read(batch)
        with self._named(source, columns[1]):
            self._core.push(*columns, thread_count(threads), observer(progress))
        if self._kind is None:
            self._kind, self._dtype = source.kind, dtype
        elif dtype != self._dtype and dtype is not None and self._dtype is not None:
            self._dtype = np.dtype(np.int64)

    def _read(self, batch: Frame) -> tuple[Source, tuple[Any, str, Any, Any], np.dtype[Any] | None]:
        customer, time, amount = self._columns
        source = Source(batch)
        with self._named():
            keys = read_keys(source, customer)
            kind, times = read_times(source, time, self._numbers_in)
            amounts = None if amount is None else read_amounts(source, amount)
        check_ends(self._ends, kind, times, time)
        return source, (keys.values, kind, times, amounts), keys.dtype

    def _named(self, source: Source | None = None, kind: str = "") -> AbstractContextManager[None]:
        """Let errors name the caller's columns."""
        return named_columns(dict(zip(("customer", "time", "amount"), self._columns, strict=True)), source, kind)

    def _whole(
        self,
        log: Frame,
        threads: int | None,
        progress: Progress,
    ) -> list[Frame]:
        """Give what `push` and `finish` would give of a log that is there as a whole, by the core's shortest way."""
        source, columns, self._dtype = self._read(log)
        self._kind = source.kind
        with self._named(source, columns[1]):
            finished = self._core.whole(*columns, thread_count(threads), observer(progress))
        return [self._frame(*parts) for parts in finished]

    def merge(self, other: SummaryBuilder) -> None:
        """Take over everything that another builder with the same options has seen."""
        if not isinstance(other, SummaryBuilder):
            raise InvalidParameterError(f"other must be a SummaryBuilder, got {other!r}", field="other")
        self._core.merge(other._core)
        if self._kind is None:
            self._kind, self._dtype = other._kind, other._dtype

    def finish(self, *, threads: int | None = None, progress: Progress = None) -> Frame | list[Frame]:
        """Give the summary of all rows so far, or the list of splits; more batches may follow.

        Returns
        -------
        frame or list of frames
            Of the kind of the first batch. See `summarize` and `split`.
        """
        finished = self._core.finish(thread_count(threads), observer(progress))
        frames = [self._frame(*parts) for parts in finished]
        splits = "frequency_holdout" in finished[0][1] if self._splits is None and finished else self._splits
        return frames if splits else frames[0]

    def tracking(self, step: str = "W", *, threads: int | None = None, progress: Progress = None) -> Frame:
        """Count repeat purchases of the whole base over time; see `cam.tracking`."""
        columns, origin, complete = self._core.tracking(str(step), thread_count(threads), observer(progress))
        if self._unit is None:
            # Read from bytes: only what is finished tells the unit.
            self._unit = str(self._core.finish(thread_count(threads))[0][2]["unit"])
        facts = {UNIT: unit_name(self._unit), "cam_origin": origin, "cam_complete_steps": complete}
        return make(self._kind or "numpy", columns, facts)

    def _frame(self, keys: Any, columns: dict[str, Any], facts: dict[str, Any]) -> Frame:
        attrs = {UNIT: facts["unit"], REPORT: facts["report"]}
        kind = self._kind or "numpy"
        self._report = json.loads(facts["report"])
        if kind != "pyarrow":
            attrs[REPORT] = json.loads(facts["report"])
        index = write_keys(keys, self._dtype)
        return make(kind, columns, attrs, index=index, index_name=self._columns[0])

    @property
    def report(self) -> dict[str, Any]:
        """The account of every row of the log, as of the last `finish`, whatever the kind of frame; empty before."""
        return dict(self._report)

    @property
    def rows(self) -> int:
        """Rows seen so far."""
        return self._core.size()[0]

    @property
    def customers(self) -> int:
        """Customers seen so far."""
        return self._core.size()[1]

    @property
    def memory_bytes(self) -> int:
        """Bytes of memory that the state takes."""
        return self._core.size()[2]

    def __repr__(self) -> str:
        rows, customers, memory = self._core.size()
        return f"SummaryBuilder({rows:,} rows, {customers:,} customers, {memory / 2**20:,.1f} MiB)"


def summarize(
    log: Frame,
    *,
    customer: str = "customer_id",
    time: str = "date",
    amount: str | None = None,
    unit: str = "W",
    period: str = "D",
    observation_end: Any = None,
    include_first_transaction: bool = False,
    refunds: str = "net",
    drop_zero_amounts: bool = False,
    numbers_in: str = "D",
    log_intervals: bool = False,
    spread: str | None = None,
    threads: int | None = None,
    progress: Progress = None,
) -> Frame:
    """Summarize a transaction log: one row per customer.

    Parameters
    ----------
    log : pandas, polars or pyarrow frame, or dict of arrays
        One row per transaction, in any order. Lazy frames are collected.
    customer : str
        The column of customer keys: integers or texts.
    time : str
        The column of times: dates, timestamps, texts as ISO 8601 writes them, or numbers. A time zone is taken off:
        the day is that of the clock in the column's own zone.
    amount : str, optional
        The column of amounts paid; without it there is no `monetary_value`.
    unit : str
        The unit of `recency` and `T`: ``"D"``, ``"W"``, ``"M"`` (30.4375 days), ``"Y"`` (365.25 days), or a length such
        as ``"10 days"``. Weeks are exactly days / 7.
    period : str
        Rows of one customer within one period are one purchase: ``"D"``, ``"W"`` (from Monday), ``"M"`` and ``"Y"`` (by the
        calendar), a length such as ``"6 days"``, or ``"none"``.
    observation_end : date, timestamp, str or number, optional
        The last period observed, which is included; later rows are ignored. The latest in the log by default.
        A number only where the times are numbers.
    include_first_transaction : bool
        Count the first purchase in `frequency` and `monetary_value`, too; not for models.
    refunds : {"net", "drop", "error"}
        Whether negative amounts lower what was spent, are dropped, or are refused.
    drop_zero_amounts : bool
        Whether rows with an amount of 0 are dropped; by default they are purchases.
    numbers_in : str
        The unit of times that are numbers, such as ``"D"`` or ``"second"``: they count from 1970-01-01.
    log_intervals : bool
        Whether to add the column `log_intervals`, which `BgCnbdK` and `MbgCnbdK` are fitted with.
    spread : {"amount", "log"}, optional
        Whether to add `monetary_deviation`, which `NormalSpend` needs, or `geometric_mean` and `log_deviation`, which
        `LogNormalSpend` needs; for the latter each repeat purchase must be more than 0.
    threads : int, optional
        How many threads to use; all processors by default. The result does not depend on it.
    progress : bool or callable, optional
        ``True`` prints; a function gets ``(stage, done, total, value)``.

    Returns
    -------
    frame
        Of the kind of `log`, sorted by customer (pandas: as index; else as first column), with columns

        - `frequency`: repeat purchases, that is purchase periods less one;
        - `recency`: time from the first purchase to the last, 0 without a repeat purchase;
        - `T`: time from the first purchase to the end of observation;
        - `log_intervals`, where it is asked for: the sum of the natural logarithms of the times between purchases, in the unit;
        - `monetary_value`: mean spend per repeat purchase, 0 without one;
        - `monetary_deviation`, where asked for: standard deviation of the spend per repeat purchase;
        - `geometric_mean` and `log_deviation`, where asked for: e to the mean of the logarithms of the spend, and their
          standard deviation.

        Where the frame can carry facts, `attrs` (pandas, dict) or the metadata of the schema (pyarrow) hold `cam_unit` and
        `cam_report`, an account of every row of the log. polars frames carry neither, nor does a file of CSV: tell the model the
        unit, as in ``fit(summary, unit="W")``, and so for scores.

    Raises
    ------
    InvalidDataError
        A row breaks a rule; it is named.
    NotEnoughDataError
        The log is empty, or no customer has a purchase.

    Examples
    --------
    >>> import cam
    >>> log = cam.datasets.load_cdnow()
    >>> summary = cam.summarize(log, amount="amount", unit="W", observation_end="1997-09-30")
    >>> summary.head(2).round(2)
                 frequency  recency      T  monetary_value
    customer_id
    1                  2.0    30.43  38.86           22.34
    2                  1.0     1.71  38.86           11.77
    >>> summary.attrs["cam_report"]["rows_after_end"]
    1959
    """
    builder = SummaryBuilder(
        customer=customer,
        time=time,
        amount=amount,
        unit=unit,
        period=period,
        observation_end=observation_end,
        include_first_transaction=include_first_transaction,
        refunds=refunds,
        drop_zero_amounts=drop_zero_amounts,
        numbers_in=numbers_in,
        log_intervals=log_intervals,
        _spread=_spread(spread),
    )
    return builder._whole(log, threads, progress)[0]


def _spread(spread: Any) -> str | None:
    if spread not in (None, "amount", "log"):
        raise InvalidParameterError(f"spread must be 'amount', 'log' or None, got {spread!r}", field="spread")
    return cast("str | None", spread)


def opportunities(
    log: Frame,
    *,
    period: str,
    customer: str = "customer_id",
    time: str = "date",
    amount: str | None = None,
    observation_end: Any = None,
    refunds: str = "net",
    drop_zero_amounts: bool = False,
    numbers_in: str = "D",
    threads: int | None = None,
    progress: Progress = None,
) -> Frame:
    """Summarize a transaction log for discrete time, in which each period is one opportunity to buy: for `BgBb`.

    Parameters
    ----------
    log : pandas, polars or pyarrow frame, or dict of arrays
        One row per transaction, in any order.
    period : str
        From one opportunity to the next: ``"Y"`` and ``"M"`` (by the calendar), ``"W"`` (from Monday), ``"D"``, or a
        length such as ``"10 days"``. However often a customer buys within one, it is one purchase.
    observation_end : date, timestamp, str or number, optional
        The last period observed, which is included as a whole. The latest in the log by default; if that one is still going
        on, give the one before.
    customer, time, amount, refunds, drop_zero_amounts, numbers_in, threads, progress
        As for `summarize`.

    Returns
    -------
    frame
        As for `summarize`, with `recency` and `T` in whole periods after the one of the first purchase.

    Examples
    --------
    >>> import cam
    >>> log = cam.datasets.load_cdnow("pandas")
    >>> cam.opportunities(log, period="M", observation_end="1997-09-30").head(2)
                 frequency  recency    T
    customer_id
    1                  1.0      7.0  8.0
    2                  0.0      0.0  8.0
    """
    builder = SummaryBuilder(
        customer=customer,
        time=time,
        amount=amount,
        unit=period,
        period=period,
        observation_end=observation_end,
        refunds=refunds,
        drop_zero_amounts=drop_zero_amounts,
        numbers_in=numbers_in,
        _opportunities=True,
    )
    return builder._whole(log, threads, progress)[0]


def split(
    log: Frame,
    *,
    calibration_end: Any,
    observation_end: Any = None,
    customer: str = "customer_id",
    time: str = "date",
    amount: str | None = None,
    unit: str = "W",
    period: str = "D",
    include_first_transaction: bool = False,
    refunds: str = "net",
    drop_zero_amounts: bool = False,
    numbers_in: str = "D",
    log_intervals: bool = False,
    spread: str | None = None,
    threads: int | None = None,
    progress: Progress = None,
) -> Frame | list[Frame]:
    """Split a transaction log into a calibration and a holdout: what was known, and what came after.

    Parameters
    ----------
    log : pandas, polars or pyarrow frame, or dict of arrays
        One row per transaction, in any order.
    calibration_end : date, timestamp, str or number, or a list of them
        The last period of the calibration, which is included. For a list, the log is read once and a list of frames
        comes back.
    observation_end : date, timestamp, str or number, optional
        The last period of the holdout. The latest in the log by default.
    customer, time, amount, unit, period, include_first_transaction, refunds, drop_zero_amounts, numbers_in, log_intervals, \
    spread, threads, progress
        As for `summarize`.

    Returns
    -------
    frame or list of frames
        As for `summarize` at the end of the calibration, for the customers known by then, and

        - `frequency_holdout`: purchases in the holdout;
        - `monetary_value_holdout`: mean spend per purchase in the holdout, 0 without one;
        - `duration_holdout`: its length, in `unit`.

    Examples
    --------
    >>> import cam
    >>> log = cam.datasets.load_cdnow()
    >>> frame = cam.split(log, amount="amount", calibration_end="1997-09-30", observation_end="1998-06-30")
    >>> float(frame["frequency_holdout"].sum()), float(frame["duration_holdout"].iloc[0])
    (1882.0, 39.0)
    """
    several = isinstance(calibration_end, list | tuple | np.ndarray)
    if several and len(calibration_end) == 0:
        raise InvalidParameterError(
            "calibration_end must be a moment or a list of them, got none", field="calibration_end"
        )
    builder = SummaryBuilder(
        customer=customer,
        time=time,
        amount=amount,
        unit=unit,
        period=period,
        observation_end=observation_end,
        calibration_ends=calibration_end if several else [calibration_end],
        include_first_transaction=include_first_transaction,
        refunds=refunds,
        drop_zero_amounts=drop_zero_amounts,
        numbers_in=numbers_in,
        log_intervals=log_intervals,
        _spread=_spread(spread),
    )
    frames = builder._whole(log, threads, progress)
    return frames if several else frames[0]


def tracking(
    log: Frame,
    *,
    step: str = "W",
    customer: str = "customer_id",
    time: str = "date",
    unit: str = "W",
    period: str = "D",
    observation_end: Any = None,
    numbers_in: str = "D",
    threads: int | None = None,
    progress: Progress = None,
) -> Frame:
    """Count repeat purchases of the whole base over time, from the first purchase of anyone.

    Parameters
    ----------
    log : pandas, polars or pyarrow frame, or dict of arrays
        One row per transaction, in any order.
    step : str
        The length of a step, such as ``"W"``.
    customer, time, unit, period, observation_end, numbers_in, threads, progress
        As for `summarize`.

    Returns
    -------
    frame
        One row per step: `end`, in `unit` since the first purchase of anyone; `incremental` and `cumulative` repeat purchases;
        and `new_customers`, whose first purchase falls into the step.

    Examples
    --------
    >>> import cam
    >>> cam.tracking(cam.datasets.load_cdnow("pandas")).tail(2)
         end  incremental  cumulative  new_customers
    76  77.0         32.0      4311.0            0.0
    77  78.0         28.0      4339.0            0.0
    """
    builder = SummaryBuilder(
        customer=customer,
        time=time,
        unit=unit,
        period=period,
        observation_end=observation_end,
        numbers_in=numbers_in,
    )
    builder.push(log, threads=threads, progress=progress)
    return builder.tracking(step, threads=threads)


def _restore(cls: type[SummaryBuilder], data: bytes, names: Any, kind: Any, dtype: Any, splits: Any) -> SummaryBuilder:
    builder = cls.from_bytes(data, customer=names[0], time=names[1], amount=names[2])
    builder._kind, builder._dtype, builder._splits = kind, dtype, splits
    return builder
