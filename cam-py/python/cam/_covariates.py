"""Covariates: columns that act on a process of a model, and how texts in them become numbers.

A `Covariates` is what a model was asked for: columns by process, penalties, constraints. `Encoding` is what a fitted model
remembers: which columns it wants, and the levels of those that hold texts. It is read from the document, so it is the same
wherever that is opened.
"""

from __future__ import annotations

import json
import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from cam._call import number, shown
from cam._frames import Floats, Source, as_floats
from cam._log import is_missing
from cam.errors import InvalidDataError, InvalidParameterError, InvalidShapeError

__all__ = ["Covariates", "Encoding"]


class Covariates:
    """The covariates that a model is asked for.

    Parameters
    ----------
    columns : dict
        Names of columns by process: `purchase`, `lifetime` or `spend`.
    levels : dict, optional
        Levels by categorical column, in order; others are compared with the first.
    penalty : float or dict, optional
        One for all processes, or by process.
    constrain, pooled : sequence of str
        Columns with one coefficient for all processes; processes with one for all their parameters.
    """

    def __init__(
        self,
        columns: Mapping[str, Sequence[str]],
        levels: Mapping[str, Sequence[str]] | None = None,
        penalty: float | Mapping[str, float] | None = None,
        constrain: Sequence[str] = (),
        pooled: Sequence[str] = (),
    ) -> None:
        given = {process: _names(f"{process}_covariates", names) for process, names in columns.items()}
        self.columns = {process: names for process, names in given.items() if names}
        self.levels = {str(name): [_text(level) for level in some] for name, some in (levels or {}).items()}
        self.constrain = _names("constrain", constrain)
        self.pooled = _names("pooled", pooled)
        if penalty is None:
            self.penalty: dict[str, float] = {}
        elif isinstance(penalty, Mapping):
            self.penalty = {str(process): number(f"penalty[{process!r}]", value) for process, value in penalty.items()}
        else:
            self.penalty = dict.fromkeys(self.columns, number("penalty", penalty))
        for process in self.penalty:
            # The core tells of names that are no process at all.
            if self.columns and process in columns and process not in self.columns:
                raise InvalidParameterError(
                    f"penalty[{process!r}] is of a process without covariates; there are some of: {', '.join(self.columns)}",
                    field="penalty",
                )
        if not self.columns and (self.levels or self.constrain or self.pooled or penalty is not None):
            raise InvalidParameterError(
                "levels, penalty, constrain and pooled are about covariates: name some, such as "
                'purchase_covariates=["age"]',
                field="covariates",
            )

    def __bool__(self) -> bool:
        return bool(self.columns)

    def names(self) -> list[str]:
        """Give the columns, each once."""
        return list(dict.fromkeys(name for names in self.columns.values() for name in names))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Covariates) and self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]

    def shown(self) -> list[str]:
        """Show what was asked for, as it is written in a call; nothing for what was left to its default."""
        penalties = list(self.penalty.values())
        same = self.penalty.keys() == self.columns.keys() and len(set(penalties)) == 1
        given = {
            **{f"{process}_covariates": names for process, names in self.columns.items()},
            "levels": self.levels,
            "penalty": penalties[0] if same else self.penalty,
            "constrain": self.constrain,
            "pooled": self.pooled,
        }
        return [f"{name}={value!r}" for name, value in given.items() if value not in ({}, [])]

    def learn(self, source: Source) -> Encoding:
        """Find the levels of the columns that hold texts."""
        levels = dict(self.levels)
        for name in self.names():
            if name not in levels and (texts := _texts(source, name)) is not None:
                levels[name] = _levels(source, name, texts)
        return Encoding(self.declared(levels))

    def declared(self, levels: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """Give the declaration as the core reads it, with these levels."""
        declared: dict[str, Any] = {
            "columns": self.columns,
            "levels": levels,
            "constrain": self.constrain,
            "pooled": self.pooled,
            "penalty": self.penalty,
        }
        return {key: value for key, value in declared.items() if value}


def declared(told: Mapping[str, Any]) -> Covariates:
    """Give the covariates of a document as they would be asked for."""
    return Covariates(
        told["columns"],
        told.get("levels"),
        told.get("penalty"),
        told.get("constrain", ()),
        told.get("pooled", ()),
    )


class Encoding:
    """Which columns a model wants, and the levels of those that are categorical."""

    def __init__(self, declared: Mapping[str, Any]) -> None:
        self.declared = dict(declared)
        self.levels: dict[str, list[str]] = dict(declared.get("levels", {}))
        self.columns = list(dict.fromkeys(name for names in declared["columns"].values() for name in names))

    @classmethod
    def from_json(cls, text: str | None) -> Encoding | None:
        """Read what a model says of its covariates."""
        return None if text is None else cls(json.loads(text))

    def read(self, source: Source) -> dict[str, Floats]:
        """Give the columns as numbers; a level as its number."""
        for name in self.columns:
            if name not in source:
                there = ", ".join(map(str, source.names))
                raise InvalidShapeError(
                    f"covariate {name!r} is missing; there are: {there} (Pareto/NBD takes covariates that change over time by "
                    "steps=…)",
                    field=name,
                )
        return {name: self._column(name, source) for name in self.columns}

    def _column(self, name: str, source: Source) -> Floats:
        if name not in self.levels:
            if _texts(source, name) is not None:
                raise InvalidShapeError(f"column {name!r} must hold numbers, as it did in the fit", field=name)
            return source.float(name)
        texts = _texts(source, name)
        if texts is None:
            series = source.series(name)
            texts = list(series) if isinstance(series, np.ndarray) else series.to_list()
        return self._coded(name, texts)

    def _coded(self, name: str, texts: Iterable[Any]) -> Floats:
        codes: dict[Any, float] = {level: float(i) for i, level in enumerate(self.levels[name])}
        known: dict[Any, float] = {}
        out = []
        for row, value in enumerate(texts):
            # What cannot be hashed is no level.
            code = known.get(value) if isinstance(value, Hashable) else None
            if code is None:
                code = math.nan if is_missing(value) else codes.get(_text(value))
                if code is None:
                    there = ", ".join(map(repr, self.levels[name]))
                    raise InvalidDataError(
                        f"row {row}: {name} must be one of its levels, {there}, got {shown(value)}", row=row, field=name
                    )
                if isinstance(value, Hashable):
                    known[value] = code
            out.append(code)
        return np.array(out, dtype=np.float64)

    def written(self, name: str, values: Floats) -> npt.NDArray[Any]:
        """Give a column as it was read: levels by their names."""
        levels = self.levels.get(name)
        return values if levels is None else np.array([levels[int(code)] for code in values], dtype=object)

    def one(self, given: Mapping[str, Any]) -> dict[str, Floats]:
        """Give one customer's covariates as columns of one row."""
        for name in given:
            if name not in self.columns:
                known = ", ".join(self.columns)
                raise InvalidParameterError(f"no covariate named {name!r}; there are: {known}", field=name)
        for name in self.columns:
            if name not in given:
                raise InvalidParameterError(f"covariate {name} is missing", field=name)
            if np.ndim(given[name]) > 0:
                raise InvalidParameterError(
                    f"covariate {name} must be one value, got {shown(given[name])}: ask once for each", field=name
                )
        return {
            name: self._coded(name, [given[name]]) if name in self.levels else np.array([number(name, given[name])])
            for name in self.columns
        }

    def repeated(self, given: Mapping[str, Any], rows: int) -> dict[str, Floats]:
        """Give covariates, each one value for all or one for each of so many rows, as columns."""
        columns = {}
        for name in self.columns:
            if name not in given:
                raise InvalidShapeError(f"covariate {name} is missing", field=name)
            array = np.asarray(given[name])
            if array.ndim > 1 or (array.ndim == 1 and array.shape[0] != rows):
                raise InvalidShapeError(f"{name} must be one value, or {rows} of them", field=name)
            values = np.full(rows, array) if array.ndim == 0 else array
            columns[name] = self._coded(name, values.tolist()) if name in self.levels else as_floats(values, name)
        return columns


def _names(what: str, names: Any) -> list[str]:
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise InvalidParameterError(f"{what} must be a list of names, got {shown(names)}", field=what)
    given = list(names)
    for name in given:
        if not isinstance(name, str):
            raise InvalidParameterError(f"{what} must be a list of names, got {shown(given)}", field=what)
    return given


def _texts(source: Source, name: str) -> list[Any] | None:
    """Give the values of a column that holds texts or categories, which may be numbers; None for numbers."""
    series = source.series(name)
    if isinstance(series, np.ndarray):
        array: npt.NDArray[Any] = series
        if _order(source, name) is None and array.dtype.kind not in "OUS":
            return None
        values: list[Any] = array.tolist()
    else:
        if series.dtype.is_numeric() or str(series.dtype) == "Boolean":
            return None
        values = series.to_list()
    return values if _order(source, name) is not None or any(isinstance(value, str) for value in values) else None


def _levels(source: Source, name: str, texts: Sequence[Any]) -> list[str]:
    """Give the levels that occur: in the order that the column itself has, else by name."""
    values = {_text(value): value for value in texts if not is_missing(value)}
    if len(values) < 2:
        raise InvalidParameterError(
            f"covariate {name} is {', '.join(map(repr, values))} for every customer", field=name
        )
    if order := _order(source, name):
        return [level for level in map(_text, order) if level in values]
    # Categories that are numbers: 10 comes after 9.
    numbers = all(isinstance(value, int | float | np.number) for value in values.values())
    return sorted(values, key=values.__getitem__ if numbers else None)


def _order(source: Source, name: str) -> list[Any] | None:
    """Give the categories of a categorical column in their order; none where it has no order, None where it is not categorical.

    pandas has one always, and so does an Enum of polars. The categories of polars' Categorical and of a dictionary of Arrow that
    is not ordered lie as they happened to come.
    """
    series = source.series(name)
    column = source.native[name] if isinstance(series, np.ndarray) else series.to_native()
    arrow: Any = getattr(column, "type", None)
    if hasattr(arrow, "value_type") and hasattr(arrow, "ordered"):
        if not arrow.ordered or not len(column):
            return []
        one = column.unify_dictionaries().chunk(0) if hasattr(column, "chunks") else column
        return list(one.dictionary.to_pylist())
    dtype: Any = getattr(column, "dtype", None)
    if type(dtype).__name__ in ("CategoricalDtype", "Enum"):
        return list(dtype.categories)
    return [] if type(dtype).__name__ == "Categorical" else None


def _text(value: Any) -> str:
    """Write a level as a text; a whole number is the same with and without a point."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
