"""Frames in and out: pandas, polars, pyarrow and plain NumPy, through narwhals.

The kind that came in goes out. A `Source` is a frame that came in: it gives its columns as NumPy arrays, without a
copy where the memory allows, and makes results of its own kind: vectors (pandas: with the same index) and frames.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from html import escape
from typing import Any, TypeAlias

import narwhals as nw
import numpy as np
import numpy.typing as npt

from cam import _core
from cam._call import shown
from cam._registry import model_columns
from cam.errors import InvalidDataError, InvalidParameterError, InvalidShapeError

Frame: TypeAlias = Any
Vector: TypeAlias = Any
Floats: TypeAlias = npt.NDArray[np.float64]

NO_SPEND = (
    "refunds took back all that was spent, or amounts were 0; leave such rows out of a model of spend, or summarize with "
    'refunds="drop" and drop_zero_amounts=True'
)

OPPORTUNITIES = (
    "in discrete time opportunities to buy are counted, one each period; cam.opportunities(log, period=…) makes "
    "such a summary"
)
TEXT = (
    ": the column holds text; turn it into numbers first, with pd.to_numeric in pandas, .cast(pl.Float64) in polars, "
    ".astype(float) in NumPy"
)

# Up to so many rows a copy of all columns costs less than pandas takes to look up one.
SMALL = 20_000

UNIT = "cam_unit"
REPORT = "cam_report"


class Columns(dict[str, Any]):
    """Named NumPy columns: what comes out where NumPy columns came in.

    Attributes
    ----------
    attrs : dict
        Facts about them, such as ``cam_unit``, the unit of time.
    """

    def __init__(self, columns: Mapping[str, Any], attrs: Mapping[str, Any] | None = None) -> None:
        super().__init__(columns)
        self.attrs: dict[str, Any] = dict(attrs or {})


# Columns of a summary that must be asked for, and by what.
MADE_BY = {
    "monetary_value": 'amount="…"',
    "monetary_deviation": 'spread="amount"',
    "geometric_mean": 'spread="log"',
    "log_deviation": 'spread="log"',
    "log_intervals": "log_intervals=True",
}


HISTORY = ("frequency", "recency", "T")


def made_by(name: object) -> str:
    """Say how a summary comes by a column that is not always there."""
    return f" (cam.summarize gives it for {MADE_BY[name]})" if isinstance(name, str) and name in MADE_BY else ""


class Source:
    """A frame that came in."""

    def __init__(self, native: Frame) -> None:
        self.native = native
        self.kind: str
        self.names: Any
        self._table: Any = None
        self._unit: str | None = None
        if isinstance(native, np.ndarray) and native.dtype.names is not None:
            # A structured array holds its columns side by side.
            native = self.native = {name: native[name] for name in native.dtype.names}
        if isinstance(native, Mapping):
            self.kind = "numpy"
            self.names = list(native)
            return
        # The three frames that most people have are read as they are: narwhals takes longer than a small fit does.
        module = type(native).__module__.partition(".")[0]
        if module == "pyarrow" and type(native).__name__ == "RecordBatch":
            # What readers of Parquet files and databases give; the table shares its memory.
            native = self.native = _module("pyarrow").Table.from_batches([native])
        elif module == "pyarrow" and type(native).__name__ == "RecordBatchReader":
            native = self.native = native.read_all()
        names = {"pandas": "columns", "polars": "columns", "pyarrow": "column_names"}.get(module)
        if names is not None and type(native).__name__ in ("DataFrame", "Table"):
            self.kind, self.names = module, getattr(native, names)
            return
        try:
            table = nw.from_native(native)
        except TypeError:
            raise InvalidShapeError(
                "data must be a pandas or polars frame, a table, record batch or reader of pyarrow, or a dict of arrays, "
                f"got {type(native).__module__}.{type(native).__qualname__}"
            ) from None
        if isinstance(table, nw.LazyFrame):
            table = table.collect()
        self.native = table.to_native()
        self.kind = str(table.implementation)
        self._table = table
        self.names = table.columns

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def series(self, name: str) -> Any:
        """Give a column: a narwhals series, or an array where the source holds arrays."""
        if not isinstance(name, Hashable):
            raise InvalidParameterError(f"a column is chosen by its name, got {shown(name)}", field="columns")
        if name not in self.names:
            there = ", ".join(map(str, self.names))
            made = made_by(name)
            if name in HISTORY and not any(other in self.names for other in HISTORY):
                made = " (a transaction log is summarized first, by cam.summarize)"
            if self.kind == "pandas" and name in self.native.index.names:
                made = f" ({name!r} is the index: reset_index() makes a column of it)"
            raise InvalidShapeError(f"column {name!r} is missing; there are: {there}{made}", field=name)
        if self.kind == "numpy":
            values = self.native[name]
            if type(values).__module__.startswith("polars.") or type(values).__name__ == "ChunkedArray":
                # NumPy would turn their timestamps with a zone into those of UTC.
                return nw.from_native(values, series_only=True)
            array = values if isinstance(values, np.ndarray) else np.asarray(values)
            if array.ndim != 1:
                raise InvalidShapeError(f"column {name!r} must have one dimension, got {array.ndim}", field=name)
            return array
        if self._table is None:
            try:
                self._table = nw.from_native(self.native, eager_only=True)
            except (TypeError, ValueError) as problem:
                raise InvalidShapeError(f"the frame cannot be read: {problem}", field=name) from None
        return self._table.get_column(name)

    def keys(self, name: str) -> list[Any]:
        """Give the key of each row: a column of that name, or the index of a pandas frame that has this name or none."""
        if name not in self.names and self.kind == "pandas" and self.native.index.name in (name, None):
            return list(self.native.index.tolist())
        series = self.series(name)
        return list(series.tolist() if isinstance(series, np.ndarray) else series.to_list())

    def beside(self, given: Any, field: str) -> Any:
        """Give what came in beside the frame, one value for each row: a pandas Series by its index, all else by position."""
        if self.kind != "pandas" or type(given).__name__ != "Series" or not hasattr(given, "index"):
            return given
        mine = self.native.index
        if given.index.equals(mine):
            return given.to_numpy()
        if len(given) == len(mine) and mine.is_unique and given.index.is_unique and given.index.isin(mine).all():
            return given.reindex(mine).to_numpy()
        raise InvalidShapeError(
            f"{field} has another index than the table: give it the same one, or {field}.to_numpy() to go by position",
            field=field,
        )

    def taken(self, name: str, rows: npt.NDArray[np.int64], kind: str) -> Any:
        """Give these rows of a column, as a frame of that kind takes them: categories stay categories."""
        series = self.series(name)
        if isinstance(series, np.ndarray):
            return series[rows]
        taken = series[rows.tolist()]
        if kind != self.kind:
            return taken.to_numpy()
        # A pandas series would be put in the order of its index.
        return taken.to_native().array if kind == "pandas" else taken.to_native()

    def rows(self, rows: npt.NDArray[np.int64]) -> Frame:
        """Give a frame of these rows."""
        columns = {str(name): self.taken(str(name), rows, self.kind) for name in self.names}
        return make(self.kind, columns, {UNIT: self.unit} if self.unit else {})

    def floats(self, names: Iterable[str]) -> dict[str, Floats]:
        """Give columns as ``float64`` arrays."""
        if self.kind == "pandas" and UNIT in self.native.attrs and len(self.native) <= SMALL:
            # All columns of a summary are numbers, and pandas gives them all at once faster than it gives a single one.
            block = self.native.to_numpy()
            if block.dtype == np.float64 and self.names.is_unique and all(name in self.names for name in names):
                return {name: block[:, self.names.get_loc(name)] for name in names}
        return {name: self.float(name) for name in names}

    def float(self, name: str) -> Floats:
        """Give a column as a ``float64`` array; missing values become NaN."""
        array = self._plain(name)
        if array is None or array.dtype != np.float64:
            series = self.series(name)
            array = series if isinstance(series, np.ndarray) else series.to_numpy()
        return as_floats(array, name)

    def _plain(self, name: str) -> npt.NDArray[Any] | None:
        """Give a column as NumPy has it, if the frame is one of the three and has it once."""
        if name not in self.names:
            return None
        if self.kind == "pandas" and self.names.is_unique:
            column = self.native[name]
            array: npt.NDArray[Any] | None = column.to_numpy() if column.dtype == np.float64 else None
        elif self.kind == "polars":
            array = self.native.get_column(name).to_numpy()
        elif self.kind == "pyarrow" and self.names.count(name) == 1:
            array = self.native.column(name).to_numpy()
        else:
            array = None
        return array

    @property
    def unit(self) -> str | None:
        """The unit of time: what the caller stated, or what the frame remembers."""
        unit = self._attrs().get(UNIT) if self._unit is None else self._unit
        return unit if isinstance(unit, str) else None

    def state_unit(self, unit: str | None) -> None:
        """Take the unit that the caller states; refuse one that contradicts what the frame remembers."""
        if unit is None:
            return
        known, stated = self.unit, unit_name(unit)
        if known is not None and unit_name(known) != stated:
            raise InvalidParameterError(
                f"the frame counts time in {known!r}, but unit={unit!r} was given", field="unit"
            )
        self._unit = stated

    @property
    def plain(self) -> bool:
        """Whether this is a dict as a reader would write it, not a table that came out of cam."""
        return self.kind == "numpy" and not isinstance(self.native, Columns)

    def _attrs(self) -> Mapping[str, Any]:
        if self.kind == "pyarrow":
            metadata = self.native.schema.metadata or {}
            return {k.decode(): v.decode() for k, v in metadata.items() if k.startswith(b"cam_")}
        attrs = getattr(self.native, "attrs", None)
        return attrs if isinstance(attrs, Mapping) else {}

    @contextmanager
    def named_rows(self) -> Iterator[None]:
        """Say of an error about a row of a summary which customer that is, and what to do about spend that is no spend."""
        try:
            yield
        except InvalidDataError as problem:
            if problem.row is not None and self.kind == "pandas" and problem.row < len(self.native):
                index = self.native.index
                key = index[problem.row]
                key = key.item() if isinstance(key, np.generic) else key
                problem.add_note(f"row {problem.row} is {index.name or 'index'} {key!r}")
            # A NaN is no spend either, but no refund made it.
            spend = self.float("monetary_value") if problem.field == "monetary_value" else None
            way_out = ""
            if spend is not None and problem.row is not None and spend[problem.row] <= 0:
                way_out = NO_SPEND
            if problem.field in HISTORY[1:] and "must be a whole number" in str(problem):
                way_out = OPPORTUNITIES
            if not way_out:
                raise
            told = InvalidDataError(f"{problem}: {way_out}", row=problem.row, field=problem.field)
            for note in getattr(problem, "__notes__", ()):
                told.add_note(note)
            raise told from None
        except InvalidShapeError as problem:
            # The core does not know whence the columns come.
            if " is missing; there are: " not in str(problem) or not made_by(problem.field):
                raise
            raise InvalidShapeError(f"{problem}{made_by(problem.field)}", field=problem.field) from None

    def vector(self, values: Floats, name: str) -> Vector:
        """Make a vector of the kind of this source."""
        if self.kind == "pandas":
            return _module("pandas").Series(values, index=self.native.index, name=name, copy=False)
        if self.kind == "polars":
            return _module("polars").Series(name, values)
        if self.kind == "pyarrow":
            return _module("pyarrow").array(values)
        if self._table is not None:
            return nw.new_series(name, values, backend=self._table.implementation).to_native()
        return values

    def scores(self, columns: Mapping[str, Floats], read: Iterable[str] = ()) -> Frame:
        """Make a frame of scores, and in front of them all columns that came in but those that are read as numbers by models.

        These are the columns of the models of the registry, `weight`, and the covariates in `read`. Scores take the place of
        columns of their name. In pandas the index stays.
        """
        attrs = {UNIT: self.unit} if self.unit else {}
        aside = model_columns() | set(read) | columns.keys()
        kept = [name for name in self.names if name not in aside]
        if self.kind == "pandas":
            made = make("pandas", columns, attrs, index=self.native.index)
            if kept:
                made = _module("pandas").concat([self.native.loc[:, ~self.names.isin(list(aside))], made], axis=1)
                made.attrs = attrs
            return made
        before: dict[str, Any] = {}
        rows = len(next(iter(columns.values())))
        for name in kept:
            if self.kind != "numpy":
                before[name] = self.series(name).to_native()
            elif np.shape(values := np.asarray(self.native[name]))[:1] == (rows,):
                before[name] = values
        return make(self.kind, {**before, **columns}, attrs)


def row_count(frame: Frame) -> int:
    """Give the number of rows of a frame."""
    source = Source(frame)
    return len(source.series(source.names[0])) if len(source.names) else 0


def first_rows(frame: Frame, most: int = 5) -> str:
    """Show the first rows of a frame as a table of HTML."""
    source, rows = Source(frame), row_count(frame)
    shown_rows = range(min(rows, most))
    columns = {str(name): [_cell(source.series(name)[i]) for i in shown_rows] for name in source.names}
    if source.kind == "pandas":
        index = source.native.index
        columns = {str(index.name or ""): [_cell(index[i]) for i in shown_rows], **columns}
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    body = "".join(f"<tr>{''.join(f'<td>{values[i]}</td>' for values in columns.values())}</tr>" for i in shown_rows)
    more = f"<tr><td>… {rows - most:,} more</td></tr>" if rows > most else ""
    return f"<table><tr>{head}</tr>{body}{more}</table>"


def _cell(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float | np.floating) else escape(str(value))


def as_floats(array: npt.NDArray[Any], name: str) -> Floats:
    """Read numbers as ``float64``, without a copy where they are; refuse what is not a number."""
    if array.dtype == np.float64 and array.dtype.isnative:
        return array if array.flags.aligned else array.copy()
    if array.dtype.kind in "fiub":
        return array.astype(np.float64)
    if array.dtype.kind == "O":
        for row, value in enumerate(array):
            if isinstance(value, str | bytes) or not (value is None or hasattr(value, "__float__") or _na(value)):
                text = TEXT if isinstance(value, str) else ""
                raise InvalidDataError(f"row {row}: {name} must be a number, got {value!r}{text}", row=row, field=name)
        return np.array([np.nan if v is None or _na(v) else float(v) for v in array], dtype=np.float64)
    text = TEXT if array.dtype.kind == "U" else ""
    raise InvalidShapeError(f"column {name!r} must hold numbers, got {array.dtype}{text}", field=name)


def _na(value: Any) -> bool:
    return type(value).__name__ in ("NAType", "NaTType")


def unit_name(unit: str) -> str:
    """Give the name that the core has for a unit of time: ``"W"`` and ``"7 days"`` are both ``"week"``."""
    # The core reads units with the model that they belong to; of which model is all the same.
    return str(_core.with_parameters("bg_nbd", [1.0] * 4, str(unit)).unit)


def make(
    kind: str,
    columns: Mapping[str, Any],
    attrs: Mapping[str, Any],
    *,
    index: Any = None,
    index_name: str | None = None,
) -> Frame:
    """Make a frame of this kind. For pandas, ``index`` becomes the index; elsewhere the first column."""
    if kind == "pandas":
        pd = _module("pandas")
        if index is not None and not isinstance(index, pd.Index):
            index = pd.Index(index, name=index_name)
        frame = pd.DataFrame(dict(columns), index=index, copy=False)
        frame.attrs.update(attrs)
        return frame
    columns = dict(columns) if index is None else {str(index_name): index, **columns}
    if kind == "polars":
        return _module("polars").DataFrame(columns)
    if kind == "pyarrow":
        metadata = {k: v if isinstance(v, str) else repr(v) for k, v in attrs.items() if v is not None}
        return _module("pyarrow").table(columns, metadata=metadata or None)
    if kind == "numpy":
        return Columns({k: np.asarray(v) for k, v in columns.items()}, attrs)
    backend: Any = kind
    return nw.from_dict(columns, backend=backend).to_native()


def default_kind(backend: str | None) -> str:
    """Check the name of a kind of frame; ``None`` is the first of pandas, polars and pyarrow that is installed."""
    if backend is None:
        for kind in ("pandas", "polars", "pyarrow"):
            if importlib.util.find_spec(kind) is not None:
                return kind
        return "numpy"
    if backend not in ("pandas", "polars", "pyarrow", "numpy"):
        raise InvalidParameterError(
            f"backend must be pandas, polars, pyarrow or numpy, got {backend!r}", field="backend"
        )
    return backend


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise ImportError(f"frames of {name} need it: pip install {name}") from None
