"""Covariates that change over time: from a log and a long frame of covariates to the steps of each customer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from cam import _core
from cam._base import Model, weight_column
from cam._call import Progress, flag, named_arguments, quantity_json, shown
from cam._covariates import Encoding
from cam._frames import UNIT, Floats, Frame, Source, Vector, make, unit_name
from cam._log import check_ends, is_missing, read_amounts, read_day, read_days, to_dates
from cam._tasks import run
from cam._walks import key_of, named_customers
from cam.errors import (
    CamError,
    InvalidDataError,
    InvalidParameterError,
    NotEnoughDataError,
    UnknownNameError,
)

__all__ = ["covariate_steps", "data_of_steps", "fit_steps", "score_steps", "simulate_steps"]

HISTORY = ["start", "purchases", "recency", "T"]
# What the core reads of steps, which no covariate may be called.
RESERVED = frozenset({*HISTORY, "customer", "weight"})
DAYS = {"day": 1.0, "week": 7.0, "month": 30.4375, "year": 365.25}

Days = npt.NDArray[np.int64]


def covariate_steps(
    log: Frame,
    covariates: Frame,
    *,
    customer: str = "customer_id",
    time: str = "date",
    unit: str = "W",
    observation_end: Any = None,
    period: str | int | None = None,
    amount: str | None = None,
    refunds: str = "net",
    drop_zero_amounts: bool = False,
) -> Frame:
    """Put a transaction log and covariates that change over time together: one row for each customer and step.

    Parameters
    ----------
    log : pandas, polars or pyarrow frame, or dict of arrays
        One row per transaction, in any order. All of one customer on one day are one purchase.
    covariates : frame
        One row for each customer and each day on which the customer's covariates change, in any order: from that day on they
        hold, until the next; the last for ever. Rows after the end of observation say what will be. Customers who are not in
        the log are left out.
    customer, time : str
        The columns of both that hold customer keys and days: dates, timestamps, texts as ISO 8601 writes them, or numbers of
        days; read as `cam.summarize` reads them.
    unit : str
        The unit of `start`, `recency` and `T`, as in `cam.summarize`.
    observation_end : date, timestamp, str or number, optional
        The last day observed; by default the latest in the log. A number only where the times are numbers.
    period : str or int, optional
        How long each row of the covariates holds, ``"D"``, ``"W"``, ``"M"`` (calendar months) or a number of days, where a
        customer must have one for every period up to the end of observation: a missing one is then an error.
    amount : str, optional
        The column of amounts paid: rows in which it is negative are refunds, and no purchases. Without it every row is one.
    refunds : {"net", "drop", "error"}
        Whether negative amounts are left out, which is the same for the first two, or refused.
    drop_zero_amounts : bool
        Whether rows with an amount of 0 are left out, too.

    Returns
    -------
    frame
        Of the kind of `log`, sorted by customer and time: the key, `start` (from when on the row holds, since the first
        purchase), `purchases` (repeat purchases until the next row), `recency`, `T`, and the covariates. For
        `ParetoNbd.fit_time_varying` and `ParetoNbd.score_time_varying`.

    Raises
    ------
    InvalidDataError
        A customer of the log has no covariates on the day of the first purchase, or two rows for one day; a key, a day or an
        amount is missing or cannot be read; a period is missing.
    InvalidParameterError
        A covariate has the name of a column of the steps, such as `T`.
    """
    bought, changes = Source(log), Source(covariates)
    for name in changes.names:
        if name in RESERVED and name not in (customer, time):
            raise InvalidParameterError(
                f"the covariates have a column {name!r}, which is the name of a column of the steps themselves: rename it",
                field=name,
            )
    (kind, days), (change_kind, change_days) = _days(bought, time, "log"), _days(changes, time, "covariates")
    if (kind == "number") != (change_kind == "number") and days.size and change_days.size:
        one, other = ("numbers", "dates") if kind == "number" else ("dates", "numbers")
        raise InvalidDataError(f"column {time!r} holds {one} in the log and {other} in the covariates", field=time)
    keys, codes, change_codes = _keys(bought, changes, customer)
    if not days.size:
        raise NotEnoughDataError("the log has no row")
    end = int(days.max())
    if observation_end is not None:
        end_kind, end = read_day(observation_end, "observation_end")
        check_ends([("observation_end", (end_kind, float(end)))], kind, days, time)
    purchase = _purchases(bought, amount, refunds, drop_zero_amounts, days.size)
    unit_name_ = unit_name(unit)
    length = DAYS.get(unit_name_) or _length(unit, unit_name_)

    # Purchases by customer and day, each pair once.
    logged = np.flatnonzero((days <= end) & purchase)
    if not logged.size:
        raise NotEnoughDataError("the log has no purchase up to the end of observation")
    low, high = int(min(days.min(), change_days.min(initial=0))), int(max(days.max(), change_days.max(initial=0)))
    span = high - low + 1
    pairs, at = np.unique(codes[logged] * span + (days[logged] - low), return_index=True)
    codes, days = pairs // span, pairs % span + low
    customers, first = np.unique(codes, return_index=True)
    last = np.append(first[1:], codes.size) - 1
    first_day, last_day = days[first], days[last]
    repeat = np.ones(codes.size, dtype=bool)
    repeat[first] = False

    # Changes of those customers, in order.
    rows = np.flatnonzero(np.isin(change_codes, customers))
    rows = rows[np.lexsort((change_days[rows], change_codes[rows]))]
    owner, day = np.searchsorted(customers, change_codes[rows]), change_days[rows]
    following = np.append(owner[1:] == owner[:-1], False) if owner.size else np.zeros(0, dtype=bool)
    next_day = np.where(following, np.append(day[1:], 0), np.iinfo(np.int64).max)

    def broken(which: Days, rule: Callable[[int], str]) -> None:
        """Name the first of these rows of the covariates."""
        if which.size:
            row, who = int(rows[which[0]]), _shown(keys[customers[owner[which[0]]]])
            raise InvalidDataError(
                f"row {row} of the covariates: customer {who} {rule(int(which[0]))}", row=row, field=time
            )

    broken(np.flatnonzero(next_day == day), lambda i: f"has two rows for one day, {_dated(day[i], kind)}")
    if period is not None:
        due = _after(day, period)
        broken(
            np.flatnonzero(np.where(following, next_day != due, due <= end)),
            lambda i: (
                f"has no row for {_dated(due[i], kind)}, when the period that follows this one begins; "
                f"period is {period!r}"
            ),
        )
    holds = next_day > first_day[owner]
    rows, owner, day = rows[holds], owner[holds], day[holds]
    begins = np.searchsorted(owner, np.arange(customers.size))
    missing = np.ones(customers.size, dtype=bool)
    there = begins < owner.size
    missing[there] = (owner[begins[there]] != np.flatnonzero(there)) | (day[begins[there]] > first_day[there])
    if missing.any():
        absent = int(np.argmax(missing))
        row, who = int(logged[at[first[absent]]]), _shown(keys[customers[absent]])
        raise InvalidDataError(
            f"row {row} of the log: customer {who} has no covariates on the day of the first purchase, "
            f"{_dated(first_day[absent], kind)}",
            row=row,
            field=customer,
        )

    # The step of each repeat purchase: the last change no later than it.
    places = np.searchsorted(
        owner * span + (day - low),
        np.searchsorted(customers, codes[repeat]) * span + (days[repeat] - low),
        side="right",
    )
    purchases = np.bincount(places - 1, minlength=owner.size).astype(np.float64)
    columns: dict[str, Any] = {customer: keys[customers[owner]]}
    columns["start"] = (day - first_day[owner]) / length
    columns["purchases"] = purchases
    columns["recency"] = ((last_day - first_day) / length)[owner]
    columns["T"] = ((end - first_day) / length)[owner]
    for name in changes.names:
        if name not in (customer, time):
            columns[str(name)] = changes.taken(str(name), rows, bought.kind)
    return make(bought.kind, columns, {UNIT: unit_name_})


def fit_steps(
    model: Model,
    steps: Frame,
    customer: str,
    unit: str | None,
    weights: str | npt.ArrayLike | None,
    options: Mapping[str, Any],
    threads: int | None,
    progress: Progress,
) -> None:
    """Fit a model to steps; it then holds what was found, and the steps."""
    source = Source(steps)
    source.state_unit(unit)
    if not model._asked:
        raise InvalidParameterError(
            "name the covariates that change, such as purchase_covariates=[...]", field="covariates"
        )
    encoding = model._asked.learn(source)
    columns, keys = _columns(source, encoding, customer)
    columns |= weight_column(source, weights)
    with _named_keys(keys):
        answer = run(
            "fit_time_varying",
            columns,
            {"covariates": encoding.declared, **options},
            unit=source.unit,
            threads=threads,
            progress=progress,
        )
    model._hold(_core.from_json(answer.output["document"]), source, columns)


def data_of_steps(model: Model, source: Source, customer: str) -> tuple[Mapping[str, Floats], str | None]:
    """Give the columns of steps that a model was fitted to, and their unit."""
    encoding = _encoding(model)
    columns, _ = _columns(source, encoding, key_of(source, encoding, customer))
    return columns | weight_column(source, None), source.unit


def score_steps(
    model: Model,
    quantity: str,
    steps: Frame,
    customer: str,
    unit: str | None,
    threads: int | None,
    arguments: Mapping[str, Any],
) -> Vector:
    """Give a quantity for each customer of the steps."""
    source = Source(steps)
    source.state_unit(unit)
    encoding = _encoding(model)
    columns, keys = _columns(source, encoding, customer)
    asked = json.loads(quantity_json(quantity, **arguments))
    with _named_keys(keys), named_arguments(quantity):
        answer = run(
            "score_time_varying",
            columns,
            {"quantity": asked},
            models=[model._fitted],
            unit=source.unit,
            threads=threads,
        )
    values = answer.columns["score"]
    if source.kind == "pandas":
        return make("pandas", {quantity: values}, {}, index=keys, index_name=customer)[quantity]
    return make(source.kind, {customer: keys, quantity: values}, {})


def simulate_steps(
    model: Model, steps: Frame, seed: int, customer: str, unit: str | None, threads: int | None
) -> Frame:
    """Give the steps with purchases drawn from the model."""
    source = Source(steps)
    source.state_unit(unit)
    encoding = _encoding(model)
    columns, keys = _columns(source, encoding, customer, ["start", "T"])
    with _named_keys(keys):
        answer = run(
            "simulate_time_varying", columns, {"seed": seed}, models=[model._fitted], unit=source.unit, threads=threads
        )
    drawn: dict[str, Any] = {name: answer.columns[name] for name in ("purchases", "recency")}
    rows = np.arange(len(columns["T"]))
    taken = {str(name): source.taken(str(name), rows, source.kind) for name in source.names if name not in drawn}
    return make(source.kind, {**taken, **drawn}, {UNIT: source.unit} if source.unit else {})


@contextmanager
def _named_keys(keys: npt.NDArray[Any]) -> Iterator[None]:
    """Let errors name customers by keys that are no numbers, in the order by which they are numbered."""
    if keys.dtype.kind in "iu":
        yield
    else:
        with named_customers(np.unique(keys).tolist()):
            yield


def _encoding(model: Model) -> Encoding:
    """Give the covariates of a model, which must have some."""
    encoding = model._encoding
    if encoding is None:
        raise InvalidParameterError(
            "this model has no covariates: what it needs are score and simulate", field="covariates"
        )
    return encoding


def _columns(
    source: Source, encoding: Encoding, customer: str, history: Sequence[str] = HISTORY
) -> tuple[dict[str, Floats], npt.NDArray[Any]]:
    """Give the columns of the core, and the keys of the customers in order."""
    series = source.series(customer)
    keys = series if isinstance(series, np.ndarray) else series.to_numpy()
    starts = np.ones(len(keys), dtype=bool)
    starts[1:] = keys[1:] != keys[:-1]
    columns = source.floats(history) | encoding.read(source)
    # A key that comes back later gets its old number, so that the core refuses it; numbers are named in errors as they are.
    if keys.dtype.kind in "iu" and np.abs(keys).max(initial=0) < 2**53:
        columns["customer"] = keys.astype(np.float64)
    else:
        columns["customer"] = np.unique(keys, return_inverse=True)[1].astype(np.float64)
    return columns, keys[starts]


def _shown(key: Any) -> str:
    return repr(key.item() if isinstance(key, np.generic) else key)


@contextmanager
def _told_of(frame: str, source: Source, column: str) -> Iterator[None]:
    """Let errors say which of the two frames they are about, and which column of it."""
    try:
        yield
    except CamError as problem:
        message = re.sub(r"^column ('.*?')", rf"column \1 of the {frame}", str(problem), count=1)
        message = re.sub(r"^(row \d+:) times?\b", rf"\1 {column}", message, count=1)
        message = re.sub(r"^(row \d+):", rf"\1 of the {frame}:", message, count=1)
        if " must be a date such as" in message:
            message += f"; turn other texts into dates first, as with {to_dates(source.kind, column, frame)}"
        raise type(problem)(message, row=problem.row, field=column) from None


def _plain(source: Source, name: str, where: str) -> npt.NDArray[Any]:
    """Give a column without gaps, as NumPy has it."""
    with _told_of(where, source, name):
        series = source.series(name)
    array: npt.NDArray[Any]
    if isinstance(series, np.ndarray):
        array, gaps = series, np.zeros(len(series), dtype=bool)
        if array.dtype.kind == "O":
            gaps = np.array([is_missing(value) for value in array], dtype=bool)
    else:
        array, gaps = series.to_numpy(), series.is_null().to_numpy()
        if array.dtype.kind == "O":
            array = np.asarray(series.to_list())
    if array.dtype.kind == "f":
        gaps = gaps | ~np.isfinite(array)
    elif array.dtype.kind in "mM":
        gaps = gaps | np.isnat(array)
    if gaps.any():
        row = int(np.argmax(gaps))
        raise InvalidDataError(f"row {row} of the {where}: {name} is missing", row=row, field=name)
    return array


def _keys(log: Source, changes: Source, name: str) -> tuple[npt.NDArray[Any], Days, Days]:
    """Give all keys in order, and for each row of both frames the number of its key."""
    first, second = _plain(log, name, "log"), _plain(changes, name, "covariates")
    if (first.dtype.kind in "OUS") != (second.dtype.kind in "OUS"):
        raise InvalidDataError(
            f"column {name!r} holds {first.dtype} in the log and {second.dtype} in the covariates", field=name
        )
    keys, codes = np.unique(np.concatenate([first, second]), return_inverse=True)
    return keys, codes[: first.size].astype(np.int64), codes[first.size :].astype(np.int64)


def _days(source: Source, name: str, where: str) -> tuple[str, Days]:
    """Give a column of times as days, and whether they were numbers or dates."""
    with _told_of(where, source, name):
        kind, days = read_days(source, name)
    return kind, days


def _purchases(
    log: Source, amount: str | None, refunds: str, drop_zero_amounts: bool, rows: int
) -> npt.NDArray[np.bool_]:
    """Tell which rows of the log are purchases: without amounts all of them."""
    if refunds not in ("net", "drop", "error"):
        raise UnknownNameError(
            f"no rule for refunds named {shown(refunds)}; there are: net, drop, error", field="refunds"
        )
    if flag("drop_zero_amounts", drop_zero_amounts) and amount is None:
        raise InvalidParameterError("drop_zero_amounts needs the column of amounts: amount=…", field="amount")
    if amount is None:
        return np.ones(rows, dtype=bool)
    with _told_of("log", log, amount):
        paid = read_amounts(log, amount)
    for bad, rule in ((~np.isfinite(paid), "must be finite"), (paid < 0, "must not be negative")):
        if bad.any() and (refunds == "error" or rule == "must be finite"):
            row = int(np.argmax(bad))
            said = "is missing" if np.isnan(paid[row]) else f"{rule}, got {paid[row]:g}"
            raise InvalidDataError(f"row {row} of the log: {amount} {said}", row=row, field=amount)
    bought: npt.NDArray[np.bool_] = paid > 0 if drop_zero_amounts else paid >= 0
    return bought


def _dated(day: int, kind: str) -> str:
    return str(day) if kind == "number" else str(np.datetime64(int(day), "D"))


def _after(day: Days, period: str | int) -> Days:
    """Give the days one period later."""
    days: Days
    if period == "M":
        dates = day.astype("datetime64[D]")
        months = dates.astype("datetime64[M]")
        days = ((months + 1).astype("datetime64[D]") + (dates - months.astype("datetime64[D]"))).astype(np.int64)
        return days
    length = {"D": 1, "W": 7}.get(period) if isinstance(period, str) else period
    if not isinstance(length, int | np.integer) or length < 1:
        raise InvalidParameterError(f'period must be "D", "W", "M" or a number of days, got {period!r}', field="period")
    days = day + length
    return days


def _length(unit: str, name: str) -> float:
    """Give the number of days of a unit such as ``"10 days"``."""
    found = re.fullmatch(r"([0-9.]+) days?", name)
    if found is None:
        raise InvalidParameterError(
            f"unit must be days, weeks, months, years or a number of days, got {unit!r}", field="unit"
        )
    return float(found[1])
