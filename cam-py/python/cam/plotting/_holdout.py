"""What came after the calibration, beside what was expected."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cam._call import whole
from cam._frames import Floats, Frame, Source
from cam._models import PurchaseModel
from cam.errors import InvalidDataError
from cam.plotting import _given as given
from cam.plotting._style import ACTUAL, MODEL, Axes, axes, counts_axis, finish


def plot_calibration_holdout(
    model: PurchaseModel, split: Frame, *, max_frequency: int = 7, unit: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draw actual and expected purchases in the holdout, by the number of repeat purchases in the calibration.

    Parameters
    ----------
    model : PurchaseModel
        A model fitted to the calibration.
    split : frame or dict of arrays
        What `cam.split` gives.
    max_frequency : int
        Customers with this many repeat purchases or more are taken together.
    unit : str, optional
        The unit of the table's times; needed only where the frame does not remember it.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
    """
    given.need_purchases(model)
    source = Source(split)
    group = given.groups(source, max_frequency)
    ax = _by_group(model, source, unit, group, group.astype(np.float64), ax)
    counts_axis(ax, max_frequency)
    ax.set_xlabel("repeat purchases in the calibration")
    return ax


def plot_recency(
    model: PurchaseModel, split: Frame, *, bins: int = 12, unit: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draw actual and expected purchases in the holdout, by the recency in the calibration.

    Who bought last long after the first purchase is likely to be a customer still. Those without a repeat purchase, who have no
    recency, are a group of their own at 0. See `plot_calibration_holdout` for the same by the number of repeat purchases.

    Parameters
    ----------
    model : PurchaseModel
        A model fitted to the calibration.
    split : frame or dict of arrays
        What `cam.split` gives.
    bins : int
        Into how many equal parts the recency is cut, from 0 to the longest; customers within one are taken together, and drawn at
        their mean recency.
    unit : str, optional
        The unit of the table's times; needed only where the frame does not remember it.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes

    References
    ----------
    Fader, P. S., Hardie, B. G. S. and Lee, K. L. (2005), RFM and CLV: using iso-value curves for customer base analysis, Journal
    of Marketing Research 42(4), 415-430.

    Examples
    --------
    >>> import cam
    >>> split = cam.split(cam.datasets.load_cdnow(), calibration_end="1997-09-30", unit="W")
    >>> ax = cam.plotting.plot_recency(cam.ParetoNbd().fit(split), split)
    >>> actual, expected = ax.lines
    >>> [round(float(line.get_ydata()[-1]), 2) for line in (actual, expected)]
    [3.12, 3.82]
    """
    given.need_purchases(model)
    source = Source(split)
    bins = whole("bins", bins, 1)
    frequency, recency = given.column(source, "frequency"), given.column(source, "recency")
    longest = float(recency.max()) or 1.0
    # The upper end belongs to a part, so that whole opportunities fall where they are counted.
    part = np.ceil(recency / longest * bins).clip(1, bins).astype(np.int64)
    ax = _by_group(model, source, unit, np.where(frequency > 0, part, 0), recency, ax)
    ax.set_xlim(left=-0.02 * longest)
    ax.set_xlabel(f"recency in the calibration ({given.units(model.unit_)})")
    return ax


def _by_group(
    model: PurchaseModel,
    source: Source,
    unit: str | None,
    group: npt.NDArray[np.int64],
    place: Floats,
    ax: Axes | None,
) -> Axes:
    """Draw mean purchases in the holdout of each group of customers, where the group is on average."""
    model._state_unit(source, unit)
    lasts = given.column(source, "duration_holdout")
    horizon = float(lasts[0])
    if (other := lasts != horizon).any():
        row = int(other.argmax())
        raise InvalidDataError(
            f"row {row}: duration_holdout must be that of all, {horizon:g}, got {lasts[row]:g}",
            row=row,
            field="duration_holdout",
        )
    actual = given.column(source, "frequency_holdout")
    for name in model._spec.columns:
        given.finite(source.float(name), name)
    expected = model._score(source, "expected_purchases", None, horizon=horizon)
    given.finite(expected, "expected_purchases")
    weight = given.weights(source, group.size)
    size = np.bincount(group, weight)
    there = np.flatnonzero(size)

    def mean(values: Floats) -> Floats:
        found: Floats = np.bincount(group, weight * values)[there] / size[there]
        return found

    ax = axes(ax)
    at = mean(place)
    for values, name, color, marker in ((actual, "actual", ACTUAL, "o"), (expected, model._spec.title, MODEL, "s")):
        ax.plot(at, mean(values), color=color, marker=marker, linewidth=1.8, markersize=6, label=name)
    ax.set_ylim(bottom=0)
    title = f"Purchases in the {given.times(model.unit_, horizon)} of the holdout"
    finish(ax, title, "", "mean purchases in the holdout")
    ax.legend(frameon=False, loc="upper left")
    return ax
