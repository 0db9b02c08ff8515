"""What a picture is given: which models it is of, the rows of a table, moments, and how they are named."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cam._base import Model
from cam._call import whole
from cam._frames import Floats, Source
from cam._log import read_day, read_days
from cam._models import need_model
from cam._tracking import UNIT_DAYS
from cam.errors import InvalidDataError, InvalidParameterError, NotEnoughDataError


def need_purchases(model: Model, *, continuous: bool = False, plain: bool = False) -> None:
    """Refuse what is no model of purchases, before anything is read or drawn.

    `continuous` is of continuous time only, and `plain` of one kind of customer, which a model with covariates is not.
    """
    need_model("model", model, "purchases, such as BgNbd")
    _need_column(model, "T", "purchases, such as BgNbd")
    if continuous and model._spec.discrete:
        title = model._spec.title
        raise InvalidParameterError(f"this picture is of a model of continuous time, not of {title}", field="model")
    if plain and (encoding := model._encoding) is not None:
        values = ", ".join(f"{name}=…" for name in encoding.columns)
        raise InvalidParameterError(
            f"this picture is of one kind of customer: draw that of model.given({values})", field="model"
        )


def need_spend(model: Model) -> None:
    """Refuse what is no model of spend."""
    need_model("model", model, "spend, such as GammaGamma")
    _need_column(model, "monetary_value", "spend, such as GammaGamma")


def _need_column(model: Model, column: str, kind: str) -> None:
    if column not in model._spec.columns:
        raise InvalidParameterError(f"this picture is of a model of {kind}, got {type(model).__name__}", field="model")


def weights(source: Source, rows: int) -> Floats:
    """How many customers each row stands for."""
    return column(source, "weight") if "weight" in source else np.ones(rows)


def groups(source: Source, max_frequency: int) -> npt.NDArray[np.int64]:
    """Put customers into groups by their repeat purchases: 0, 1, … and the most, which stands for all beyond it."""
    most, frequency = whole("max_frequency", max_frequency, 1), column(source, "frequency")
    found: npt.NDArray[np.int64] = np.minimum(frequency, most).astype(np.int64)
    return found


def column(source: Source, name: str) -> Floats:
    """Give a column of numbers that are at least 0, and refuse a table without a customer."""
    values = source.float(name)
    if not values.size:
        raise NotEnoughDataError("the frame has no customers to draw")
    finite(values, name)
    if values.min() < 0:
        row = int(values.argmin())
        raise InvalidDataError(f"row {row}: {name} must be at least 0, got {values[row]:g}", row=row, field=name)
    return values


def finite(values: Floats, name: str) -> None:
    """Refuse a NaN, which a score passes on, but a picture cannot show."""
    bad = ~np.isfinite(values)
    if bad.any():
        row = int(bad.argmax())
        raise InvalidDataError(f"row {row}: {name} must be finite, got {values[row]}", row=row, field=name)


def times(unit: str | None, length: float) -> str:
    """Write a length of time with its unit."""
    name = unit if unit in UNIT_DAYS else "unit"
    said = f"{length:.4g}" if length < 1e4 else f"{length:.0f}"
    return f"{said} {name}{'' if length == 1 else 's'}"


def units(unit: str | None) -> str:
    """Write what an axis of time counts: ``weeks``, or ``units of 10 days``."""
    if unit is None:
        return "units of time"
    return f"{unit}s" if unit in UNIT_DAYS else f"units of {unit}"


def singular(unit: str) -> str:
    """Write one of them."""
    return unit if unit in UNIT_DAYS else f"unit of {unit}"


def days(source: Source, name: str) -> npt.NDArray[Any]:
    """Give the days of a log, which must be dates."""
    kind, found = read_days(source, name)
    if kind == "number":
        raise InvalidDataError(f"column {name!r} must hold dates or timestamps", field=name)
    return found.astype("datetime64[D]")


def day(moment: Any, name: str) -> Any:
    """Give the day of a moment; a time zone is taken off, as everywhere: the day is that of the moment's own clock."""
    kind, found = read_day(moment, name)
    if kind == "number":
        raise InvalidParameterError(f"{name} must be a date, a timestamp or a text, got {moment!r}", field=name)
    return np.datetime64(found, "D")
