"""Customers by when they were acquired: what each cohort did, and whether one model fits them all."""

from __future__ import annotations

import copy
import json
import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt

from cam import _core
from cam._base import WEIGHT, Model
from cam._call import Progress, flag, observer, shown, thread_count
from cam._frames import Frame, Source, first_rows, make
from cam._log import check_ends, is_missing, named_columns, read_amounts, read_keys, read_moment, read_times
from cam.errors import (
    AssumptionWarning,
    CamError,
    ConvergenceWarning,
    InvalidDataError,
    InvalidParameterError,
    InvalidShapeError,
    UnsupportedError,
)

__all__ = ["CohortFits", "cohort_table", "fit_cohorts"]


def cohort_table(
    log: Frame,
    step: str = "M",
    *,
    customer: str = "customer_id",
    time: str = "date",
    amount: str | None = None,
    period: str = "D",
    observation_end: Any = None,
    numbers_in: str = "D",
    refunds: str = "net",
    drop_zero_amounts: bool = False,
    threads: int | None = None,
    progress: Progress = None,
) -> Frame:
    """Follow customers acquired in the same period from period to period.

    Parameters
    ----------
    log : pandas, polars or pyarrow frame, or dict of arrays
        One row per transaction, in any order.
    step : str
        The length of a period: ``"M"`` and ``"Y"`` by the calendar, ``"W"``, ``"D"``, or a length such as ``"10 days"``.
    customer, time, amount, period, observation_end, numbers_in, refunds, drop_zero_amounts
        As for `cam.summarize`.
    threads, progress
        As there.

    Returns
    -------
    frame
        One row per cohort and period since its acquisition, those in which nothing happened included: `cohort`, the start of its
        period of acquisition (a date; where times are numbers, a number of days); `period` (0 is that of the acquisition);
        `customers` of the cohort; those `active`, who bought; their `purchases` and `revenue`; `retention`, the share of them
        that was active; `repeat_rate`, the share that has bought a second time by then; and `complete`, whether it is all
        observed.

    Examples
    --------
    >>> import cam
    >>> table = cam.cohort_table(cam.datasets.load_cdnow("pandas"), amount="amount")
    >>> table[table.period == 1][["cohort", "customers", "active", "retention"]].round({"retention": 3})
           cohort  customers  active  retention
    1  1997-01-01      781.0   124.0      0.159
    19 1997-02-01      857.0   134.0      0.156
    36 1997-03-01      719.0    87.0      0.121
    """
    source = Source(log)
    roles = {"customer": customer, "time": time, "amount": amount}
    with named_columns(roles):
        keys = read_keys(source, customer)
        kind, times = read_times(source, time)
        amounts = None if amount is None else read_amounts(source, amount)
    end = None if observation_end is None else read_moment(observation_end, "observation_end")
    if end is not None:
        check_ends([("observation_end", end)], kind, times, time)
    with named_columns(roles, source, kind):
        columns: dict[str, Any] = _core.cohort_table(
            keys.values,
            kind,
            times,
            amounts,
            str(step),
            str(period),
            end,
            str(numbers_in),
            str(refunds),
            flag("drop_zero_amounts", drop_zero_amounts),
            thread_count(threads),
            observer(progress),
        )
    if kind != "number":
        columns["cohort"] = np.array(columns["cohort"], dtype="datetime64[D]").astype("datetime64[s]")
    return make(source.kind, columns, {})


@dataclass(frozen=True, repr=False)
class CohortFits:
    """A model fitted to each cohort, and to all of them together."""

    models: dict[Any, Model]
    """The fitted models by cohort."""
    pooled: Model
    """The model fitted to all customers."""
    table: Frame
    """A row per cohort, and one for all: customers, parameters, log-likelihood, status."""
    statistic: float
    """Likelihood ratio: twice what the cohorts' own parameters gain."""
    degrees_of_freedom: int
    """Parameters of all cohorts less those of one model."""
    p_value: float
    """The probability of a ratio as large if one model holds for all; NaN where a fit has no maximum, and with priors or
    penalties."""

    def __repr__(self) -> str:
        return (
            f"<CohortFits of {self.pooled._spec.title} to {len(self.models)} cohorts: likelihood ratio {self.statistic:.6g}, "
            f"{self.degrees_of_freedom} degrees of freedom, p-value {self.p_value:.3g}>"
        )

    def _repr_html_(self) -> str:
        return f"{escape(repr(self)[1:-1])}{first_rows(self.table, 12)}"


def fit_cohorts(
    model: Model,
    summary: Frame,
    cohort: str | npt.ArrayLike,
    *,
    priors: Mapping[str, Any] | None = None,
    fixed: Mapping[str, float] | None = None,
    unit: str | None = None,
    threads: int | None = None,
) -> CohortFits:
    """Fit a model to each cohort and test whether one model holds for all of them.

    Parameters
    ----------
    model : Model
        Such as ``cam.BgNbd()``, with the covariates it is asked for, their levels, penalties and constraints: all fits are of
        copies of it. Of one that is fitted, the priors of its fit are taken over, too, where no others are given.
    summary : frame or dict of arrays
        One row per customer, with the columns of the model.
    cohort : str or array
        The cohort of each customer: a column of `summary`, or an array.
    priors, fixed : dict, optional
        As for `BgNbd.fit`, in every fit.
    unit : str, optional
        The unit of the table's times; needed only where the frame does not remember it.
    threads : int, optional
        How many threads to use; all processors by default.

    Returns
    -------
    CohortFits

    Raises
    ------
    InvalidDataError
        A row breaks a rule, or has no cohort; it is named.
    NotEnoughDataError
        A cohort has too few customers, or all of them have the same covariates; the cohort is named.
    UnsupportedError
        The model was fitted with ``method="nuts"``: draws have no maximum to compare.

    Notes
    -----
    The test is the likelihood-ratio test of nested models (Wilks 1938, Annals of Mathematical Statistics 9(1), 60-62). Parameters
    that are whole numbers are chosen for each cohort by themselves, and count as parameters, but for those that are `fixed`;
    so do coefficients of covariates. With priors or penalties the fits are not at the maximum of the likelihood, and there is no
    p-value. Levels of categorical covariates are those of all customers.

    Examples
    --------
    >>> import cam
    >>> log = cam.datasets.load_cdnow()
    >>> summary = cam.summarize(log, unit="W", observation_end="1997-09-30")
    >>> found = cam.fit_cohorts(cam.BgNbd(), summary, (summary["T"] > 34).map({True: "early", False: "late"}))
    >>> list(found.models), found.degrees_of_freedom
    (['early', 'late'], 4)
    """
    if not isinstance(model, Model):
        raise InvalidParameterError(f"model must be a model, got {shown(model)}", field="model")
    asked = model._asked
    priors = _priors_of(model) if priors is None else priors
    source = Source(summary)
    source.state_unit(unit)
    names = [*model._spec.columns, *(name for name in (*model._spec.logs, WEIGHT) if name in source)]
    columns: dict[str, Any] = dict(source.floats(dict.fromkeys(names)))
    rows = next(iter(columns.values())).shape[0]
    if asked:
        # All cohorts are compared with the same levels, which some cohort may lack.
        asked = copy.copy(asked)
        asked.levels = asked.learn(source).levels
        for name in (name for some in asked.columns.values() for name in some):
            columns[name] = _values(source, name) if name in asked.levels else source.float(name)
    known, which = _labels(source, cohort, rows)

    def fitted(keep: npt.NDArray[np.bool_]) -> Model:
        mine = type(model)(model._spec.id) if type(model).model is None else type(model)()
        mine._asked = asked
        with warnings.catch_warnings():
            # The table tells the status.
            warnings.simplefilter("ignore", ConvergenceWarning)
            warnings.simplefilter("ignore", AssumptionWarning)
            mine.fit(
                {name: values[keep] for name, values in columns.items()},
                unit=source.unit,
                priors=priors,
                fixed=fixed,
                threads=threads,
            )
        # The frames that these models make are of the caller's kind.
        mine._kind = source.kind
        return mine

    # All customers first: what is wrong with a row is told by its place among them.
    with source.named_rows():
        pooled = fitted(np.ones(rows, dtype=bool))
    models: dict[Any, Model] = {}
    for i, label in enumerate(known):
        try:
            models[label] = fitted(which == i)
        except CamError as problem:
            raise type(problem)(f"cohort {label!r}: {problem}", row=problem.row, field=problem.field) from None
    all_models = [*models.values(), pooled]
    table: dict[str, Any] = {"customers": np.array([m.n_customers_ for m in all_models])}
    for name in pooled.params_:
        table[name] = np.array([m.params_[name] for m in all_models])
    table["log_likelihood"] = np.array([m.log_likelihood_ for m in all_models])
    table["status"] = [m.status_ for m in all_models]
    statistic = 2 * (sum(m.log_likelihood_ for m in models.values()) - pooled.log_likelihood_)
    freedom = (len(models) - 1) * (len(pooled.params_) - len(fixed or {}))
    plain = not priors and not any(asked.penalty.values())
    sound = plain and freedom > 0 and all(m.converged_ for m in all_models)
    frame = make(source.kind, table, {}, index=[*map(str, known), "all"], index_name="cohort")
    p_value = _chi_square_tail(statistic, freedom) if sound else float("nan")
    return CohortFits(models, pooled, frame, statistic, freedom, p_value)


def _priors_of(model: Model) -> dict[str, Any] | None:
    """Give the priors of the last fit."""
    if model._core is None or not model._core.estimated:
        return None
    if model._core.sampled:
        raise UnsupportedError(
            'this model was fitted with method="nuts", and cohorts are compared by their maxima: pass one that is not fitted, '
            f"such as cam.{type(model).__name__}(), and its priors=… for their modes",
            field="model",
        )
    found: dict[str, Any] | None = json.loads(model.to_json())["fit"].get("priors")
    return found


def _values(source: Source, name: str) -> npt.NDArray[Any]:
    """Give a column as objects of Python."""
    series = source.series(name)
    return np.array(series.tolist() if isinstance(series, np.ndarray) else series.to_list(), dtype=object)


def _labels(source: Source, cohort: str | npt.ArrayLike, rows: int) -> tuple[list[Any], npt.NDArray[np.int64]]:
    """Give the cohorts in order, and for each customer the number of the cohort."""
    given = source.series(cohort) if isinstance(cohort, str) else source.beside(cohort, "cohort")
    try:
        labels = np.asarray(given)
    except ValueError:
        # Rows of unequal length make no array.
        labels = np.empty(())
    if labels.shape != (rows,):
        raise InvalidShapeError(f"need a cohort for each of {rows} customers, got {labels.shape}", field="cohort")
    if labels.dtype.kind == "M":
        # Nanoseconds are no dates of Python.
        missing, labels = np.isnat(labels), labels.astype("datetime64[us]")
    elif labels.dtype.kind == "O":
        missing = np.array([is_missing(value) for value in labels], dtype=bool)
    else:
        missing = np.isnan(labels) if labels.dtype.kind == "f" else np.zeros(rows, dtype=bool)
    if missing.any():
        row = int(np.argmax(missing))
        raise InvalidDataError(f"row {row}: cohort is missing", row=row, field="cohort")
    try:
        known, which = np.unique(labels, return_inverse=True)
    except TypeError:
        kinds = sorted({type(value).__name__ for value in labels})
        raise InvalidShapeError(
            f"cohorts must be labels of one kind, got {' and '.join(kinds)}", field="cohort"
        ) from None
    return known.tolist(), which


def _chi_square_tail(x: float, freedom: int) -> float:
    """Give P(chi-square > x) by finite sums (Abramowitz & Stegun 1964, 26.4.4 and 26.4.5)."""
    x = max(x, 0.0)
    half = 0.5 * x
    if freedom % 2:
        term, tail = math.sqrt(2 * x / math.pi) * math.exp(-half), math.erfc(math.sqrt(half))
        for k in range(3, freedom + 1, 2):
            tail += term
            term *= x / k
        return tail
    term = tail = math.exp(-half)
    for k in range(1, freedom // 2):
        term *= half / k
        tail += term
    return tail
