"""How long customers have been watched, and until when they bought."""

from __future__ import annotations

import numpy as np

from cam._call import whole
from cam._frames import Frame, Source
from cam.errors import InvalidDataError, NotEnoughDataError
from cam.plotting import _given as given
from cam.plotting._style import ACTUAL, PALE, Axes, axes, finish


def plot_exposure(summary: Frame, *, n: int = 100, unit: str | None = None, ax: Axes | None = None) -> Axes:
    """Draw recency and age of customers: a line each, dark until the last purchase and pale in the silence after it.

    The lines are in the order of recency, and those of equal recency in the order of age. Where there are more customers than
    lines, the lines are of every so manieth customer in that order, so that the picture is that of the whole base.

    Parameters
    ----------
    summary : frame or dict of arrays
        The customers: columns `recency` and `T`; see `cam.summarize`. A column `weight` says how many each row stands for.
    n : int
        The most lines.
    unit : str, optional
        The unit of the table's times; needed only where the frame does not remember it.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes

    Examples
    --------
    >>> import cam
    >>> summary = cam.summarize(cam.datasets.load_cdnow(), unit="W", observation_end="1997-09-30")
    >>> cam.plotting.plot_exposure(summary).get_title(loc="left")
    'Recency and age of 2,357 customers'
    """
    n = whole("n", n, 1)
    source = Source(summary)
    source.state_unit(unit)
    recency, age = given.column(source, "recency"), given.column(source, "T")
    if (late := recency > age).any():
        row = int(late.argmax())
        raise InvalidDataError(
            f"row {row}: need recency <= T, got recency = {recency[row]:g}, T = {age[row]:g}",
            row=row,
            field="recency",
        )
    weight = given.weights(source, age.size)
    order = np.lexsort((age, recency))
    upto = np.cumsum(weight[order])
    everyone = float(upto[-1])
    if not everyone > 0:
        raise NotEnoughDataError("the frame has no customers to draw")
    lines = min(n, max(1, int(everyone)))
    place = (np.arange(lines) + 0.5) / lines
    chosen = order[np.searchsorted(upto, place * everyone)]
    # As thick as there is room for, with a gap between two.
    width = min(4.0, 160.0 / lines)
    ax = axes(ax)
    ax.hlines(place, recency[chosen], age[chosen], color=PALE, linewidth=width, label="silent until now (T)")
    ax.hlines(place, 0.0, recency[chosen], color=ACTUAL, linewidth=width, label="first to last purchase (recency)")
    ax.set_xlim(0, 1.02 * float(age.max()) or 1.0)
    # With room for the legend on top.
    ax.set_ylim(0, 1.1)
    ax.set_yticks(np.linspace(0, 1, 6), [f"{share} %" for share in range(0, 101, 20)])
    title = f"Recency and age of {everyone:,.0f} customers"
    since = f"{given.units(source.unit)} since the first purchase"
    finish(ax, title, since, "customers, in order of recency", grid=False)
    ax.legend(frameon=False, loc="upper center", ncols=2, fontsize=9, borderpad=0, reverse=True)
    return ax
