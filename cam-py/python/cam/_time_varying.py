"""Covariates that change over time: from a log and a long frame of covariates to the steps of each customer."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cam import _core
from cam._call import Progress, quantity_json
from cam._covariates import Encoding
from cam._frames import UNIT, Floats, Frame, Source, Vector, make, unit_name
from cam._tasks import run
from cam.errors import ConvergenceWarning, InvalidDataError, InvalidParameterError

if TYPE_CHECKING:
    from cam._base import Model

__all__ = ["covariate_steps", "fit_steps", "score_steps"]

HISTORY = ["start", "purchases", "recency", "T"]
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
) -> Frame:
    """Put a transaction log and covariates that change over time together: one row for each customer and step.

    Parameters
    ----------
    log : pandas, polars or pyarrow frame, or dict of arrays
        One row per transaction, in any order. All of one customer on one day are one purchase.
    covariates : frame
        One row for each customer and each day on which the customer's covariates change, in any order: from that day on they
        hold, until the next; the last for ever. Rows after the end of observation say what will be.
    customer, time : str
        The columns of both that hold customer keys and days: dates, timestamps, texts as ISO 8601 writes them, or numbers.
    unit : str
        The unit of `start`, `recency` and `T`, as in `cam.summarize`.
    observation_end : date or str, optional
        The last day observed; by default the latest in the log.

    Returns
    -------
    frame
        Of the kind of `log`, sorted by customer and time: the key, `start` (from when on the row holds, since the first
        purchase), `purchases` (repeat purchases until the next row), `recency`, `T`, and the covariates. For
        `ParetoNbd.fit_time_varying` and `ParetoNbd.score_time_varying`.

    Raises
    ------
    InvalidDataError
        A customer of the log has no covariates on the day of the first purchase.
    """
    bought, changes = Source(log), Source(covariates)
    keys, codes, change_codes = _keys(bought, changes, customer)
    days, change_days = _days(bought, time), _days(changes, time)
    end = (
        int(days.max())
        if observation_end is None
        else int(np.datetime64(str(observation_end)[:10], "D").astype(np.int64))
    )
    unit_name_ = unit_name(unit)
    length = DAYS.get(unit_name_) or _length(unit, unit_name_)

    # Purchases by customer and day, each pair once.
    kept = days <= end
    pairs = np.unique(np.stack([codes[kept], days[kept]]), axis=1)
    codes, days = pairs[0], pairs[1]
    customers, first = np.unique(codes, return_index=True)
    last = np.append(first[1:], codes.size) - 1
    first_day, last_day = days[first], days[last]
    repeat = np.ones(codes.size, dtype=bool)
    repeat[first] = False

    # Changes of those customers, in order.
    known = np.isin(change_codes, customers)
    rows = np.flatnonzero(known)
    rows = rows[np.lexsort((change_days[rows], change_codes[rows]))]
    owner, day = np.searchsorted(customers, change_codes[rows]), change_days[rows]
    following = np.append(owner[1:] == owner[:-1], False) if owner.size else np.zeros(0, dtype=bool)
    next_day = np.where(following, np.append(day[1:], 0), np.iinfo(np.int64).max)
    twice = np.flatnonzero(next_day == day)
    if twice.size:
        row = int(rows[twice[0]])
        raise InvalidDataError(
            f"row {row}: customer {keys[customers[owner[twice[0]]]]!r} has two rows of covariates for one day",
            row=row,
            field=time,
        )
    alive = next_day > first_day[owner]
    rows, owner, day = rows[alive], owner[alive], day[alive]
    begins = np.searchsorted(owner, np.arange(customers.size))
    missing = np.ones(customers.size, dtype=bool)
    there = begins < owner.size
    missing[there] = (owner[begins[there]] != np.flatnonzero(there)) | (day[begins[there]] > first_day[there])
    if missing.any():
        who = keys[customers[int(np.argmax(missing))]]
        raise InvalidDataError(f"customer {who!r} has no covariates on the day of the first purchase", field=customer)

    # The step of each repeat purchase: the last change no later than it.
    span = int(max(days.max(), day.max())) - int(min(days.min(), day.min())) + 1
    low = int(min(days.min(), day.min()))
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
            series = changes.series(str(name))
            values = series if isinstance(series, np.ndarray) else series.to_numpy()
            columns[str(name)] = values[rows]
    return make(bought.kind, columns, {UNIT: unit_name_})


def fit_steps(
    model: Model, steps: Frame, customer: str, unit: str | None, threads: int | None, progress: Progress
) -> None:
    """Fit a model to steps; it then holds what was found."""
    source = Source(steps)
    source.state_unit(unit)
    if not model._asked:
        raise InvalidParameterError(
            "name the covariates that change, such as purchase_covariates=[...]", field="covariates"
        )
    encoding = model._asked.learn(source)
    columns, _ = _columns(source, encoding, customer)
    answer = run(
        "fit_time_varying",
        columns,
        {"covariates": encoding.declared},
        unit=source.unit,
        threads=threads,
        progress=progress,
    )
    model._core, model._kind = _core.from_json(answer.output["document"]), source.kind
    status, runaways = model._core.report()[5:]
    if status != "converged":
        which = f": {', '.join(runaways)}" if runaways else ""
        warnings.warn(f"the fit ended with status {status!r}{which}", ConvergenceWarning, stacklevel=3)


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
    encoding = model._encoding
    if encoding is None:
        raise InvalidParameterError("this model has no covariates: score its customers with score", field="covariates")
    columns, keys = _columns(source, encoding, customer)
    asked = json.loads(quantity_json(quantity, **arguments))
    answer = run(
        "score_time_varying", columns, {"quantity": asked}, models=[model._fitted], unit=source.unit, threads=threads
    )
    values = answer.columns["score"]
    if source.kind == "pandas":
        return make("pandas", {quantity: values}, {}, index=keys, index_name=customer)[quantity]
    return make(source.kind, {customer: keys, quantity: values}, {})


def _columns(source: Source, encoding: Encoding, customer: str) -> tuple[dict[str, Floats], npt.NDArray[Any]]:
    """Give the columns of the core, and the keys of the customers in order."""
    series = source.series(customer)
    keys = series if isinstance(series, np.ndarray) else series.to_numpy()
    starts = np.ones(len(keys), dtype=bool)
    starts[1:] = keys[1:] != keys[:-1]
    columns = source.floats(HISTORY) | encoding.read(source)
    # A key that comes back later gets its old number, so that the core refuses it.
    _, numbers = np.unique(keys, return_inverse=True)
    columns["customer"] = numbers.astype(np.float64)
    return columns, keys[starts]


def _keys(log: Source, changes: Source, name: str) -> tuple[npt.NDArray[Any], Days, Days]:
    """Give all keys in order, and for each row of both frames the number of its key."""
    both = [source.series(name) for source in (log, changes)]
    first, second = (np.asarray(series if isinstance(series, np.ndarray) else series.to_list()) for series in both)
    keys, codes = np.unique(np.concatenate([first, second]), return_inverse=True)
    return keys, codes[: first.size].astype(np.int64), codes[first.size :].astype(np.int64)


def _days(source: Source, name: str) -> Days:
    """Give a column of times as days."""
    series = source.series(name)
    array = np.asarray(series if isinstance(series, np.ndarray) else series.to_list())
    if array.dtype.kind in "iuf":
        whole: Days = np.floor(array).astype(np.int64)
        return whole
    try:
        days: Days = np.asarray(array, dtype="datetime64[D]").astype(np.int64)
    except (TypeError, ValueError):
        raise InvalidDataError(f"column {name!r} must hold days", field=name) from None
    if (days == np.iinfo(np.int64).min).any():
        row = int(np.argmin(days))
        raise InvalidDataError(f"row {row}: {name} is missing", row=row, field=name)
    return days


def _length(unit: str, name: str) -> float:
    """Give the number of days of a unit such as ``"10 days"``."""
    found = re.fullmatch(r"([0-9.]+) days?", name)
    if found is None:
        raise InvalidParameterError(
            f"unit must be days, weeks, months, years or a number of days, got {unit!r}", field="unit"
        )
    return float(found[1])
