"""Repeat purchases of the whole base, step by step: what was bought, and what a model expects of the same customers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt

from cam._base import Model
from cam._frames import Floats, Frame, Source
from cam._hierarchical import HierarchicalModel
from cam._log import read_days
from cam._models import PurchaseModel
from cam._summary import SummaryBuilder
from cam._walks import Walks
from cam.errors import InvalidParameterError, InvalidShapeError, NotEnoughDataError

__all__ = ["Tracked", "days_in", "expected_counts", "members", "thinned", "track", "unit_days"]

UNIT_DAYS = {"day": 1.0, "week": 7.0, "month": 30.4375, "year": 365.25}
# Distinct lags beyond this number are read off a grid of as many points.
MANY = 2000
# Of customers with covariates so many expectations are computed at the most, before lags are read off a coarser grid.
MOST = 20_000_000


@dataclass(frozen=True)
class Tracked:
    """Repeat purchases by step since the first purchase of anyone."""

    end: Floats
    """Where each step ends, in the unit of the model."""
    actual: Floats
    """Purchases so far."""
    expected: Floats
    """What the model expects of them."""
    origin: float
    """The first day of all, since 1970."""
    acquired: float
    """When the last customer was acquired."""


def track(
    model: PurchaseModel | HierarchicalModel,
    log: Frame,
    step: str = "W",
    *,
    customers: Frame | None = None,
    walks: Walks | None = None,
    **options: Any,
) -> Tracked:
    """Follow the customers of a log, or of those with covariates the ones in a table of customers.

    Parameters
    ----------
    model : PurchaseModel
        A model of continuous time that knows its unit.
    log : frame or dict of arrays
        The transactions.
    step : str
        The length of a step.
    customers : frame or dict of arrays, optional
        The covariates of each customer, by the same key as in the log: only these customers are followed then.
    walks : Walks, optional
        The steps of these customers, where covariates of the model change over time.
    **options
        How the log is read, as for `cam.summarize`.
    """
    key = options.get("customer", "customer_id")
    if customers is None and model._encoding is not None:
        names = ", ".join(model._encoding.columns)
        raise InvalidParameterError(
            f"what this model expects depends on {names}: pass the customers with their covariates, summary=…",
            field="summary",
        )
    if customers is not None:
        if options.get("observation_end") is None:
            # The log was observed until its end, whoever bought then.
            options = {**options, "observation_end": _end(log, options.get("time", "date"))}
        log = _only(log, key, members(customers, key))
    builder = SummaryBuilder(unit=f"{unit_days(model)} days", **options)
    builder.push(log)
    steps, origin, complete = builder._core.tracking(step)
    born = builder.finish()
    ages = Source(born).float("T")
    births, which = np.unique(ages.max() - ages, return_inverse=True)
    end = steps["end"][:complete]
    # A customer born b after the first has expectation E[X(t - b)] at t; many share their birth and their lag.
    lags = np.maximum(end[:, None] - births[None, :], 0.0)
    if model._encoding is None or customers is None:
        expected = _new_customers(model, lags) @ np.bincount(which).astype(np.float64)
    else:
        places = members(customers, key)
        rows = np.array([places[one] for one in members(born, key)], dtype=np.int64)
        if walks is not None and walks.hold(model._encoding.columns):
            expected = _expected(_walking(model, walks), rows, which, lags)
        else:
            blank, kinds = _newborn(model, Source(customers), rows)
            expected = _expected(_static(model, blank), kinds, which, lags)
    return Tracked(end, steps["cumulative"][:complete], expected, origin, float(births.max()))


def members(customers: Frame, key: str) -> dict[Any, int]:
    """Give the row of each customer by the key: a column of that name, or the index of a pandas frame."""
    try:
        return {value: row for row, value in enumerate(Source(customers).keys(key))}
    except InvalidShapeError as problem:
        raise InvalidShapeError(
            f"the customers of the log are looked up by {key!r} in the table of covariates: {problem}", field=key
        ) from None


def _end(log: Frame, time: str) -> Any:
    """Give the latest moment of a log."""
    source = Source(log)
    kind, days = read_days(source, time)
    if not days.size:
        raise NotEnoughDataError("the log has no row")
    return float(source.float(time).max()) if kind == "number" else days.max().astype("datetime64[D]")


def _only(log: Frame, key: str, known: dict[Any, int]) -> Frame:
    """Leave the purchases of these customers in a log."""
    source = Source(log)
    series = source.series(key)
    values = series.tolist() if isinstance(series, np.ndarray) else series.to_list()
    kept = np.array([value in known for value in values], dtype=bool)
    if kept.all():
        return log
    if not kept.any():
        raise NotEnoughDataError(f"no customer of the log is in the table of covariates, by {key!r}")
    if source.kind == "numpy":
        return {name: np.asarray(values)[kept] for name, values in source.native.items()}
    table: Any = nw.from_native(source.native, eager_only=True)
    return table.filter(kept.tolist()).to_native()


def _new_customers(model: PurchaseModel | HierarchicalModel, lags: Floats) -> Floats:
    """Expect purchases of new customers at many lags: of each distinct one, or of a fine grid and between its points."""
    distinct, where = np.unique(lags, return_inverse=True)
    if distinct.size <= MANY:
        values = model.expected_purchases_new_customer(distinct)
        found: Floats = values[where].reshape(lags.shape)
        return found
    grid = np.linspace(0.0, float(distinct[-1]), MANY)
    between: Floats = np.interp(lags, grid, model.expected_purchases_new_customer(grid))
    return between


def _static(model: PurchaseModel, blank: dict[str, Any]) -> Callable[[float], Floats]:
    """Tell how many purchases are expected of these newly acquired customers in so long a time."""
    return lambda horizon: model._score(Source(blank), "expected_purchases", None, horizon=horizon)


def _walking(model: PurchaseModel, walks: Walks) -> Callable[[float], Floats]:
    """Tell the same of customers whose covariates change over time."""
    score = walks.scorer(model._fitted, {}, model._encoding, new=True)
    return lambda horizon: score("expected_purchases", None, horizon=horizon)


def _expected(
    newly: Callable[[float], Floats], kinds: npt.NDArray[np.int64], born: npt.NDArray[np.int64], lags: Floats
) -> Floats:
    """Expect purchases at each step, of customers of some kinds who were born at some of the births."""
    groups, count = np.unique(np.stack([kinds, born]), axis=1, return_counts=True)
    grid = np.unique(lags)
    most = min(MANY, max(100, MOST // max(1, groups.shape[1])))
    if grid.size > most:
        grid = np.linspace(0.0, float(grid[-1]), most)
    births = lags.shape[1]
    at = np.zeros((grid.size, births))
    for i in np.flatnonzero(grid > 0):
        each = newly(float(grid[i]))
        at[i] = np.bincount(groups[1], count * each[groups[0]], births)
    expected = np.zeros(lags.shape[0])
    for birth in range(births):
        expected += np.interp(lags[:, birth], grid, at[:, birth])
    return expected


def _newborn(
    model: PurchaseModel, source: Source, rows: npt.NDArray[np.int64]
) -> tuple[dict[str, Any], npt.NDArray[np.int64]]:
    """Give histories of nothing for each set of covariates that occurs in these rows, and which of them each row has."""
    encoding = model._encoding
    if encoding is None:
        raise InvalidParameterError("this model has no covariates", field="covariates")
    table = np.column_stack([values[rows] for values in encoding.read(source).values()])
    for name, values in zip(encoding.columns, table.T, strict=True):
        if np.isnan(values).any():
            row = int(rows[int(np.argmax(np.isnan(values)))])
            raise InvalidParameterError(f"row {row} of the customers: covariate {name} is missing", field=name)
    distinct, which = np.unique(table, axis=0, return_inverse=True)
    blank: dict[str, Any] = {name: np.zeros(len(distinct)) for name in model._spec.columns}
    blank |= {
        name: encoding.written(name, values.copy()) for name, values in zip(encoding.columns, distinct.T, strict=True)
    }
    return blank, which.ravel()


def expected_counts(model: PurchaseModel, source: Source, ages: Floats, weight: Floats, most: int) -> Floats:
    """Expect how many customers, newly acquired as long ago as their ages, bought 0, 1, … times; the last is the rest."""
    expected = np.zeros(most + 1)
    distinct, where = np.unique(thinned(ages), return_inverse=True)
    if model._encoding is None:
        for age, customers in zip(distinct, np.bincount(where, weight), strict=True):
            expected[:-1] += customers * model.purchase_probability(np.arange(most), age)
    else:
        blank, which = _newborn(model, source, np.arange(ages.size))
        for i, age in enumerate(distinct):
            mine, group = np.unique(which[where == i], return_inverse=True)
            count = np.bincount(group, weight[where == i])
            some = Source({name: values[mine] for name, values in blank.items()})
            for n in range(most):
                expected[n] += count @ model._score(some, "purchase_probability", None, n=n, horizon=float(age))
    expected[-1] = weight.sum() - expected[:-1].sum()
    return expected


def thinned(ages: Floats) -> Floats:
    """Give ages, or where they are many, the nearest of evenly spaced ones."""
    if np.unique(ages).size <= MANY // 4:
        return ages
    step = float(ages.max()) / (MANY // 4)
    nearest: Floats = np.round(ages / step) * step
    return nearest


def unit_days(model: Model | HierarchicalModel) -> float:
    """Give the length of a model's unit of time in days."""
    unit = model.unit_
    if unit is None:
        raise InvalidParameterError(
            "the model does not know its unit of time: pass unit=… to fit or from_params", field="unit"
        )
    return days_in(unit)


def days_in(unit: str) -> float:
    """Give the length in days of a unit of time, by the name that the core has for it."""
    return UNIT_DAYS.get(unit) or float(unit.removesuffix(" days"))
