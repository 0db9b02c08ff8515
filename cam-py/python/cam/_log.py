"""The columns of a transaction log, in the forms that the core reads without a copy.

Keys are integers or texts. Times are dates, timestamps (a time zone is taken off: the clock on the customer's wall
decides the day), texts as ISO 8601 writes them, or numbers.
"""

from __future__ import annotations

import datetime as dt
import importlib.util
import itertools
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt

from cam import _core
from cam._call import warn
from cam._frames import Source, as_floats
from cam.errors import CamError, InvalidDataError, InvalidParameterError, InvalidShapeError, UnitWarning

MISSING_DAY, MISSING_TICK = np.iinfo(np.int32).min, np.iinfo(np.int64).min
# 9999-12-31: a year has four digits in a text.
LAST_DAY = 2_932_896
BLOCK = 1 << 16
# Days since 1970 that nobody means: the year 4707.
LATEST_DAY = 1e6


@dataclass(frozen=True)
class Keys:
    """A key column: ``int64``, ``(offsets, bytes)`` or a list of texts; and the type that it had."""

    values: Any
    dtype: np.dtype[Any] | None


def read_keys(source: Source, name: str) -> Keys:
    """Read the key column of a log."""
    series = source.series(name)
    if not isinstance(series, np.ndarray):
        _refuse_nulls(series, "customer key is missing", "customer")
        series = _plain(series)
        if series.dtype == nw.String:
            return Keys(_texts(series), None)
        series = series.to_numpy()
    if series.dtype.kind == "b":
        raise InvalidShapeError(_no_keys(name), field="customer")
    if series.dtype.kind in "iu":
        if series.dtype == np.uint64 and series.size and series.max() > np.iinfo(np.int64).max:
            row = int(np.argmax(series > np.iinfo(np.int64).max))
            raise InvalidDataError(
                f"row {row}: customer key {series[row]} is beyond 2^63 - 1", row=row, field="customer"
            )
        return Keys(np.ascontiguousarray(series, dtype=np.int64), series.dtype)
    if series.dtype.kind == "f":
        whole = np.isfinite(series) & (np.trunc(series) == series) & (np.abs(series) < 2.0**63)
        if not whole.all():
            row = int(np.argmin(whole))
            missing = bool(np.isnan(series[row]))
            text = "customer key is missing" if missing else f"customer key must be whole, got {series[row]}"
            raise InvalidDataError(f"row {row}: {text}", row=row, field="customer")
        return Keys(series.astype(np.int64), np.dtype(np.int64))
    if series.dtype.kind == "U":
        return Keys(series.tolist(), None)
    if series.dtype.kind == "O":
        if series.size and all(isinstance(value, bool | np.bool_) for value in series):
            raise InvalidShapeError(_no_keys(name), field="customer")
        return _object_keys(series.tolist())
    raise InvalidShapeError(f"column {name!r} must hold integers or texts, got {series.dtype}", field="customer")


def _no_keys(name: str) -> str:
    return f"column {name!r} must hold the integers or texts that tell customers apart, got truth values (bool)"


def _plain(series: Any) -> Any:
    """Replace categories by what they stand for: texts, or numbers that stay numbers."""
    if series.dtype not in (nw.Categorical, nw.Enum):
        return series
    native = series.to_native()
    if hasattr(native, "combine_chunks"):
        return nw.from_native(native.cast(native.type.value_type), series_only=True)
    if hasattr(native, "cat") and hasattr(native.cat, "categories"):
        return nw.from_native(native.astype(native.cat.categories.dtype), series_only=True)
    return series.cast(nw.String)


def _object_keys(values: list[Any]) -> Keys:
    for row, value in enumerate(values):
        if is_missing(value):
            raise InvalidDataError(f"row {row}: customer key is missing", row=row, field="customer")
    if all(isinstance(value, str) for value in values):
        return Keys(values, None)
    if all(isinstance(value, int | np.integer) for value in values):
        for row, value in enumerate(values):
            if not -(2**63) <= value < 2**63:
                raise InvalidDataError(
                    f"row {row}: customer key must lie between -2^63 and 2^63 - 1, got {value}; a text may be longer",
                    row=row,
                    field="customer",
                )
        return Keys(np.array(values, dtype=np.int64), np.dtype(np.int64))
    text = isinstance(values[0], str)
    # Either the first is no key at all, or there is one of another kind.
    row = next((r for r, v in enumerate(values) if not isinstance(v, str if text else int | np.integer)), 0)
    raise InvalidDataError(
        f"row {row}: customer keys must all be integers or all texts, got {values[row]!r}",
        row=row,
        field="customer",
    )


def write_keys(keys: Any, dtype: np.dtype[Any] | None) -> Any:
    """Turn the keys that the core gives back into what they were: integers of their type, or a list of texts."""
    if isinstance(keys, tuple):
        offsets, text = keys[0].tolist(), keys[1].tobytes()
        return [text[a:b].decode() for a, b in itertools.pairwise(offsets)]
    return keys if dtype is None else keys.astype(dtype, copy=False)


def read_times(source: Source, name: str, numbers_in: str | None = None) -> tuple[str, Any]:
    """Read the time column of a log: its kind, and its values. Numbers are taken at their word, but for a warning."""
    series = source.series(name)
    if not isinstance(series, np.ndarray):
        _refuse_nulls(series, "time is missing", "time")
        series = _plain(series)
        dtype = series.dtype
        if dtype == nw.String:
            return "text", _texts(series)
        if dtype == nw.Date and (days := _days(series.to_native())) is not None:
            return "day", np.ascontiguousarray(days)
        if isinstance(dtype, nw.Datetime) and dtype.time_zone is not None:
            series = series.dt.replace_time_zone(None)
        native = series.to_native()
        if type(getattr(native, "dtype", None)).__name__ == "PeriodDtype":
            # A period of pandas, such as a day or a month, is the moment at which it begins.
            series = native.dt.start_time.to_numpy()
        else:
            series = series.to_numpy()
    kind = series.dtype.kind
    if kind == "M":
        return _ticks(series)
    dated = kind in "iu" and _looks_like_dates(series)
    if dated:
        warn(
            f"the times of column {name!r} are read as numbers, {series[0]} as so many units of `numbers_in`; if they are dates "
            "written YYYYMMDD, turn them into dates first",
            UnitWarning,
        )
    if kind in "iuf":
        numbers = np.ascontiguousarray(as_floats(series, "time"))
        if not dated and numbers_in in ("D", "day") and numbers.size and numbers[0] > LATEST_DAY:
            warn(
                f"the times of column {name!r} are read as days since 1970-01-01, {numbers[0]:.0f} of them: "
                'seconds are read with numbers_in="second", milliseconds with numbers_in="millisecond"',
                UnitWarning,
            )
        return "number", numbers
    if kind == "U":
        return "text", series.tolist()
    if kind == "O":
        return _object_times(series.tolist())
    raise InvalidShapeError(
        f"column {name!r} must hold dates, timestamps, texts or numbers, got {series.dtype}", field="time"
    )


def read_days(source: Source, name: str) -> tuple[str, npt.NDArray[np.int64]]:
    """Read the time column of a log: its kind, and the day of each, since 1970. Numbers are days, rounded down."""
    kind, values = read_times(source, name, "D")
    if kind == "text":
        return kind, _days_of_texts(values)
    missing: Any = (
        ~np.isfinite(values) if kind == "number" else values == (MISSING_DAY if kind == "day" else MISSING_TICK)
    )
    if missing.any():
        row = int(np.argmax(missing))
        raise InvalidDataError(f"row {row}: time is missing", row=row, field="time")
    if kind == "number":
        return kind, np.floor(values).astype(np.int64)
    return kind, _since_1970(kind, values)


def read_day(value: Any, name: str) -> tuple[str, int]:
    """Read the day of one moment, as `read_days` reads many."""
    kind, moment = read_moment(value, name)
    if kind == "text":
        try:
            return kind, int(_days_of_texts([moment])[0])
        except InvalidDataError as problem:
            raise InvalidDataError(str(problem).replace("row 0: time", name, 1), field=name) from None
    return kind, math.floor(moment) if kind == "number" else int(_since_1970(kind, np.array([moment]))[0])


def _since_1970(kind: str, ticks: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    days: npt.NDArray[np.int64] = (
        ticks.astype(np.int64)
        .view(f"datetime64[{'D' if kind == 'day' else kind}]")
        .astype("datetime64[D]")
        .view(np.int64)
    )
    return days


def _days_of_texts(texts: Any) -> npt.NDArray[np.int64]:
    """Give the day of each text as the core reads it: the age of a customer who was born then, at the end of all texts."""
    rows = len(texts[0]) - 1 if isinstance(texts, tuple) else len(texts)
    if not rows:
        return np.zeros(0, dtype=np.int64)
    builder = _core.SummaryBuilder(unit="D", period="D", observation_end=("day", LAST_DAY))
    ages = builder.whole(np.arange(rows), "text", texts, None)[0][1]["T"]
    return LAST_DAY - np.rint(ages).astype(np.int64)


def _looks_like_dates(times: npt.NDArray[Any]) -> bool:
    """Whether all numbers are such as 19970131."""
    if times.size == 0 or times.min() < 19_000_101 or times.max() > 21_001_231:
        return False
    months, days = times // 100 % 100, times % 100
    return bool(((months >= 1) & (months <= 12) & (days >= 1) & (days <= 31)).all())


def _days(series: Any) -> npt.NDArray[np.int32] | None:
    """Give dates as polars and Arrow keep them: days since 1970-01-01 in 32 bits, without a copy."""
    if hasattr(series, "to_physical"):
        days = series.to_physical().to_numpy()
    elif hasattr(series, "combine_chunks"):
        days = series.cast("int32").to_numpy()
    else:
        return None
    return days if days.dtype == np.int32 else None


def _ticks(times: npt.NDArray[Any]) -> tuple[str, Any]:
    unit = np.datetime_data(times.dtype)
    if unit in (("D", 1), ("W", 1), ("M", 1), ("Y", 1)):
        narrow = np.empty(times.size, np.int32)
        # In blocks, which stay in a cache, and between which Ctrl-C is heard.
        for start in range(0, times.size, BLOCK):
            block = slice(start, start + BLOCK)
            days = times[block].astype("datetime64[D]").view(np.int64)
            missing = days == np.iinfo(np.int64).min
            if np.abs(np.where(missing, 0, days)).max() > np.iinfo(np.int32).max:
                raise InvalidShapeError("dates must lie within 5,800,000 years of 1970", field="time")
            narrow[block] = np.where(missing, MISSING_DAY, days)
        return "day", narrow
    resolution = unit[0] if unit in (("s", 1), ("ms", 1), ("us", 1), ("ns", 1)) else "s"
    ticks = times.astype(f"datetime64[{resolution}]", copy=False)
    return resolution, np.ascontiguousarray(ticks).view(np.int64)


def _object_times(values: list[Any]) -> tuple[str, Any]:
    for row, value in enumerate(values):
        if is_missing(value):
            raise InvalidDataError(f"row {row}: time is missing", row=row, field="time")
    if all(isinstance(value, str) for value in values):
        return "text", values
    if all(isinstance(value, dt.date) and not isinstance(value, dt.datetime) for value in values):
        return _ticks(np.array(values, dtype="datetime64[D]"))
    if all(isinstance(value, dt.datetime) for value in values):
        return _ticks(np.array([v.replace(tzinfo=None) for v in values], dtype="datetime64[us]"))
    if all(isinstance(value, int | float | np.number) for value in values):
        return "number", np.array(values, dtype=np.float64)
    allowed = (str, dt.date, int, float, np.number)
    row = next((r for r, v in enumerate(values) if type(v) is not type(values[0]) or not isinstance(v, allowed)), 0)
    raise InvalidDataError(
        f"row {row}: times must all be dates, all timestamps, all texts or all numbers, got {values[row]!r}",
        row=row,
        field="time",
    )


def read_amounts(source: Source, name: str) -> npt.NDArray[np.float64]:
    """Read the amounts of a log; the core refuses a missing one and names its row."""
    return np.ascontiguousarray(source.float(name))


def read_moment(value: Any, name: str) -> tuple[str, Any]:
    """Read one moment: a date, a timestamp, a text or a number."""
    if isinstance(value, str):
        return "text", value
    if isinstance(value, dt.datetime):
        if is_missing(value):
            raise InvalidParameterError(f"{name} must be a moment, got {value}", field=name)
        value = np.datetime64(value.replace(tzinfo=None), "us")
    elif isinstance(value, dt.date):
        value = np.datetime64(value, "D")
    if isinstance(value, np.datetime64):
        if np.isnat(value):
            raise InvalidParameterError(f"{name} must be a moment, got NaT", field=name)
        kind, ticks = _ticks(np.array([value]))
        return kind, int(ticks[0])
    if isinstance(value, int | float | np.number) and not isinstance(value, bool):
        if not np.isfinite(value):
            raise InvalidParameterError(f"{name} must be finite, got {value}", field=name)
        return "number", float(value)
    raise InvalidParameterError(f"{name} must be a date, a timestamp, a text or a number, got {value!r}", field=name)


Moments = Iterable[tuple[str, tuple[str, Any]]]


def check_ends(ends: Moments, kind: str, times: Any, column: str) -> None:
    """Refuse a bare number as the end of a log of dates: it would count days since 1970, and most who write one mean a date."""
    for name, (given, value) in ends:
        if given != "number":
            continue
        dated = _looks_like_dates(np.array([value]))
        if kind != "number":
            date = f"{value:.0f}"
            say = f"{date[:4]}-{date[4:6]}-{date[6:]}" if dated and value == int(value) else "1997-09-30"
            such = "" if dated else "such as "
            raise InvalidParameterError(
                f"{name} must be a date, as the times of column {column!r} are, got the number {value:.17g}: "
                f"write {such}{say!r} or a date",
                field=name,
            )
        if dated and not _looks_like_dates(times):
            warn(
                f"{name} is read as a number, {value:.0f} of the units of `numbers_in`, as the times of column {column!r} are; "
                "if it is a date written YYYYMMDD, turn it into a date first",
                UnitWarning,
            )


ROLES = {"customer": r"customer( keys?)?", "time": r"times?", "amount": r"amounts?"}


@contextmanager
def named_columns(columns: Mapping[str, str | None], source: Source | None = None, kind: str = "") -> Iterator[None]:
    """Say of an error about a log which column of the caller's it is about, and how texts become dates."""
    try:
        yield
    except CamError as problem:
        role, message = problem.field or "", str(problem)
        column = columns.get(role)
        if column is None:
            raise
        if column not in (role, "customer_id", "date") and repr(column) not in message:
            message = re.sub(rf"\b{ROLES[role]}\b", rf"\g<0> (column {column!r})", message, count=1)
        if kind == "text" and " must be a date" in message and source is not None:
            message += f"; turn other texts into dates first, as with {to_dates(source.kind, column)}"
        if message == str(problem):
            raise
        raise type(problem)(message, row=problem.row, field=problem.field) from None


def to_dates(kind: str, column: str, frame: str = "log") -> str:
    """Give the call that turns texts into dates."""
    if kind == "polars":
        return f"pl.col({column!r}).str.to_date(…)"
    if kind == "pyarrow":
        return f"pyarrow.compute.strptime({frame}[{column!r}], format=…, unit='s')"
    return f"pd.to_datetime({frame}[{column!r}], format=…)"


def _refuse_nulls(series: Any, message: str, field: str) -> None:
    if series.null_count() > 0:
        row = int(np.argmax(series.is_null().to_numpy()))
        raise InvalidDataError(f"row {row}: {message}", row=row, field=field)


def is_missing(value: Any) -> bool:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float) and value != value


def _texts(series: Any) -> Any:
    """Lay texts out as Arrow does, where pyarrow is there to do it; else a list."""
    if importlib.util.find_spec("pyarrow") is None:
        return series.to_list()
    import pyarrow as pa

    array = series.to_arrow()
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks)
    if not (pa.types.is_string(array.type) or pa.types.is_large_string(array.type)):
        array = array.cast(pa.large_string())
    _, offsets, text = array.buffers()
    dtype = np.int64 if pa.types.is_large_string(array.type) else np.int32
    ends = np.frombuffer(offsets, dtype=dtype)[array.offset : array.offset + len(array) + 1]
    return ends, np.frombuffer(text, dtype=np.uint8) if text is not None else np.empty(0, np.uint8)
