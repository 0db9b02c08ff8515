"""How purchases went over time: of one customer, and of the whole base."""

from __future__ import annotations

from typing import Any

import numpy as np

from cam._call import number
from cam._frames import Floats, Frame, Source
from cam._log import read_times
from cam._models import PurchaseModel
from cam._tracking import Tracked, track, unit_days
from cam.errors import InvalidDataError, InvalidParameterError
from cam.plotting import _given as given
from cam.plotting._style import ACTUAL, MODEL, Axes, axes, date_axis, ending_line, finish

STEPS = {"D": "day", "W": "week", "M": "month", "Y": "year"}


def plot_history(
    model: PurchaseModel,
    log: Frame,
    key: Any,
    *,
    customer: str = "customer_id",
    time: str = "date",
    observation_end: Any = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw one customer's purchases, and the probability of being alive as it was at each moment.

    Parameters
    ----------
    model : PurchaseModel
        A model of purchases that knows its unit of time.
    log : frame or dict of arrays
        The transaction log.
    key : int or str
        Whose history.
    customer, time : str
        The columns of keys and times; times are dates or timestamps.
    observation_end : date, timestamp or str, optional
        Where the picture ends; the latest time in the log by default.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
    """
    given.need_purchases(model, continuous=True, plain=True)
    source = Source(log)
    keys = np.asarray(source.series(customer))
    days = given.days(source, time)
    mine = np.unique(days[keys == key])
    if not mine.size:
        raise InvalidDataError(f"the log has no customer {key!r}", field=customer)
    end = days.max() if observation_end is None else given.day(observation_end, "observation_end")
    if end < mine[0]:
        raise InvalidParameterError(
            f"observation_end {end} lies before the first purchase of customer {key!r}, {mine[0]}",
            field="observation_end",
        )
    mine = mine[mine <= end]
    unit = unit_days(model)
    # A purchase raises P(alive) at once, so each gap between purchases is a curve of its own.
    since = np.append(mine - mine[0], end - mine[0]).astype(float)
    x: list[Any] = []
    y: list[Any] = []
    for i, last in enumerate(since[:-1]):
        moments = np.linspace(last, since[i + 1], 60)
        rows = {
            "frequency": np.full(moments.size, float(i)),
            "recency": np.full(moments.size, last / unit),
            "T": moments / unit,
        }
        x += [mine[0].astype("datetime64[s]") + np.round(moments * 86400).astype("timedelta64[s]")]
        y += [model.probability_alive(rows)]
    ax = axes(ax)
    ax.vlines(mine, 0, 1, color=ACTUAL, linewidth=1, alpha=0.5, label="purchase")
    ax.plot(np.concatenate(x), np.concatenate(y), color=MODEL, linewidth=2, label="P(alive)")
    ax.set_ylim(0, 1.04)
    count = f"{mine.size} purchase{'' if mine.size == 1 else 's'}"
    finish(ax, f"Customer {key}: {count}", "", "P(alive)")
    ax.legend(frameon=True, framealpha=0.9, edgecolor="none", loc="lower left")
    date_axis(ax)
    return ax


def plot_tracking(
    model: PurchaseModel,
    log: Frame,
    *,
    cumulative: bool = True,
    step: str = "W",
    calibration_end: Any = None,
    observation_end: Any = None,
    customer: str = "customer_id",
    time: str = "date",
    summary: Frame | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw repeat purchases of the whole base over time, actual and expected.

    Parameters
    ----------
    model : PurchaseModel
        A model of purchases that knows its unit of time.
    log : frame or dict of arrays
        The transaction log.
    cumulative : bool
        Whether to draw the total so far, or the purchases of each step.
    step : str
        The length of a step, such as ``"W"``.
    calibration_end : date, timestamp or str, optional
        Where the calibration ends, drawn as a line.
    observation_end : date, timestamp or str, optional
        Where the picture ends; the latest time in the log by default.
    customer, time : str
        The columns of keys and times.
    summary : frame or dict of arrays, optional
        For a model with covariates: the customers with theirs, by the key of the log, such as the summary that the model was
        fitted to. Only these customers are followed.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
    """
    given.need_purchases(model, continuous=True)
    unit = unit_days(model)
    followed = track(model, log, step, customers=summary, customer=customer, time=time, observation_end=observation_end)
    at, dated = moments(followed, log, time, unit)
    actual, expected = by_step(followed, cumulative)
    ax = axes(ax)
    ax.plot(at, actual, color=ACTUAL, linewidth=2, label="actual")
    ax.plot(at, expected, color=MODEL, linewidth=2, linestyle="--", label=model._spec.title)
    finish_tracking(ax, dated, cumulative, step, calibration_end)
    ax.legend(frameon=False, loc="upper left" if cumulative else "upper right")
    return ax


def by_step(followed: Tracked, cumulative: bool) -> tuple[Floats, Floats]:
    """Give actual and expected purchases: the totals so far, or those of each step."""
    if cumulative:
        return followed.actual, followed.expected
    return np.diff(followed.actual, prepend=0.0), np.diff(followed.expected, prepend=0.0)


def moments(followed: Tracked, log: Frame, time: str, unit: float) -> tuple[Any, bool]:
    """Give the ends of the steps as the log counts time, and whether they are dates."""
    if read_times(Source(log), time)[0] == "number":
        return followed.end, False
    seconds = np.round((followed.origin + followed.end * unit) * 86400).astype("timedelta64[s]")
    return np.datetime64("1970-01-01", "s") + seconds, True


def finish_tracking(ax: Axes, dated: bool, cumulative: bool, step: str, calibration_end: Any) -> None:
    if calibration_end is not None:
        line = given.day(calibration_end, "calibration_end") if dated else number("calibration_end", calibration_end)
        ending_line(ax, line)
    ax.set_ylim(bottom=0)
    title = "Repeat purchases so far" if cumulative else f"Repeat purchases per {STEPS.get(step, step)}"
    finish(ax, title, "", "repeat purchases")
    if dated:
        date_axis(ax)
