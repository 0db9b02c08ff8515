"""When customers bought: what a log shows before any model."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cam._call import shown, whole
from cam._frames import Floats, Frame, unit_name
from cam._log import read_day, read_days, write_keys
from cam._regularity import regularity
from cam._summary import SummaryBuilder
from cam._tracking import days_in
from cam.errors import InvalidDataError, InvalidParameterError, NotEnoughDataError
from cam.plotting import _given as given
from cam.plotting._style import ACTUAL, INK, MODEL, PALE, Axes, axes, date_axis, finish


@dataclass(frozen=True)
class _Purchases:
    """The days on which customers bought, each day once, by customer and in order of time."""

    keys: npt.NDArray[Any]
    """The customers, in order."""
    customer: npt.NDArray[np.int64]
    """Which of them, of each purchase."""
    day: npt.NDArray[np.int64]
    """Since 1970, or as the log counts."""
    dated: bool
    """Whether times are dates."""

    def intervals(self) -> tuple[npt.NDArray[np.int64], Floats]:
        """Give whose intervals there are, and the days of each, in order of time."""
        same = self.customer[1:] == self.customer[:-1]
        return self.customer[1:][same], np.diff(self.day)[same].astype(np.float64)


def plot_interpurchase_times(
    log: Frame,
    *,
    unit: str = "W",
    bins: int = 50,
    customer: str = "customer_id",
    time: str = "date",
    observation_end: Any = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw how long it takes from one purchase to the next: all intervals, and the mean of each customer.

    The two differ: who buys often has many short intervals, and one mean. Long intervals are missing from both, the more the
    shorter the observation, for an interval that has not ended is not known.

    Parameters
    ----------
    log : frame or dict of arrays
        The transaction log. Several transactions of one customer on one day are one purchase.
    unit : str
        What time is counted in, as for `cam.summarize`.
    bins : int
        About how many bars, up to the 99th percentile of the intervals; each is a whole number of days wide, as intervals are.
    customer, time : str
        The columns of keys and times; times are dates, timestamps, or numbers of days.
    observation_end : date, timestamp, str or number, optional
        The last day that counts; the latest time in the log by default.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes

    Examples
    --------
    >>> import cam
    >>> ax = cam.plotting.plot_interpurchase_times(cam.datasets.load_cdnow())
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['4,339 intervals, mean 10.1 weeks', '1,139 customers, mean of their means 16 weeks']
    """
    name, bins = unit_name(unit), whole("bins", bins, 1)
    length = days_in(name)
    who, gaps = _read(log, customer, time, observation_end).intervals()
    if not gaps.size:
        raise NotEnoughDataError("no customer bought on two days, so there is no time between purchases to draw")
    count = np.bincount(who)
    means = np.bincount(who, gaps)[count > 0] / count[count > 0]
    top = float(np.quantile(gaps, 0.99))
    # Bars of so many days hold as many lengths of interval each; others would hold now more, now fewer, and look like a comb.
    width = max(1, round(top / bins))
    edges = np.arange(0.5, top + width + 0.5, width)
    ax = axes(ax)
    for values, fill, words in (
        (gaps, True, f"{gaps.size:,} intervals, mean"),
        (means, False, f"{means.size:,} customers, mean of their means"),
    ):
        heights = np.histogram(values, bins=edges)[0] / (values.size * width / length)
        look = {"color": ACTUAL, "alpha": 0.55} if fill else {"color": MODEL, "linewidth": 1.6}
        label = f"{words} {_times(name, float(values.mean()) / length)}"
        ax.stairs(heights, edges / length, fill=fill, label=label, **look)
    ax.set_xlim(0, edges[-1] / length)
    ax.set_ylim(bottom=0)
    finish(
        ax,
        "Times between purchases",
        f"{given.units(name)} from one purchase to the next",
        f"density per {given.singular(name)}",
    )
    ax.legend(frameon=False, loc="upper right")
    return ax


def plot_timing(
    log: Frame,
    *,
    n: int = 40,
    keys: Iterable[Any] | None = None,
    seed: int = 0,
    calibration_end: Any = None,
    observation_end: Any = None,
    customer: str = "customer_id",
    time: str = "date",
    ax: Axes | None = None,
) -> Axes:
    """Draw when some customers bought: a line each, from the first purchase to the end of the observation.

    It shows at a glance whether purchases come at random, regularly or in bursts, and how long silences are.

    Parameters
    ----------
    log : frame or dict of arrays
        The transaction log. Several transactions of one customer on one day are one purchase.
    n : int
        How many customers are drawn by lot; all, where there are no more.
    keys : sequence, optional
        These customers instead, by their keys.
    seed : int
        The seed of the lot. It falls on the same customers in whatever order the rows of the log are.
    calibration_end : date, timestamp, str or number, optional
        Where the calibration ends, drawn as a line; purchases after it have another colour.
    observation_end : date, timestamp, str or number, optional
        Where the picture ends; the latest time in the log by default.
    customer, time : str
        The columns of keys and times; times are dates, timestamps, or numbers of days.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes

    Examples
    --------
    >>> import cam
    >>> ax = cam.plotting.plot_timing(cam.datasets.load_cdnow(), n=20, calibration_end="1997-09-30")
    >>> ax.get_title(loc="left")
    'When 20 of 2,357 customers bought'
    """
    n, seed = whole("n", n, 1), whole("seed", seed, 0)
    bought = _read(log, customer, time, observation_end)
    begins = np.flatnonzero(np.diff(bought.customer, prepend=-1))
    everyone = begins.size
    if keys is None:
        chosen = np.sort(np.random.default_rng(seed).permutation(everyone)[:n])
    else:
        chosen = _places(bought.keys, keys, customer)
    # Those who came first are at the bottom.
    chosen = chosen[np.argsort(bought.day[begins[chosen]], kind="stable")]
    end = int(bought.day.max()) if observation_end is None else _day(observation_end, "observation_end", bought.dated)
    cut = end if calibration_end is None else _day(calibration_end, "calibration_end", bought.dated)
    row = np.full(everyone, -1)
    row[chosen] = np.arange(chosen.size)
    at, day = row[bought.customer], bought.day
    first = np.zeros(day.size, dtype=bool)
    first[begins] = True
    drawn = at >= 0
    ax = axes(ax)
    since, until = _moments(bought, day[begins[chosen]]), _moments(bought, end)
    ax.hlines(np.arange(chosen.size), since, until, color=PALE, linewidth=min(1.0, 80.0 / chosen.size))
    size = min(28.0, 900.0 / chosen.size)
    repeat = "repeat purchase" if calibration_end is None else "repeat purchase in the calibration"
    for mask, color, inside, words in (
        (drawn & first, INK, "white", "first purchase"),
        (drawn & ~first & (day <= cut), ACTUAL, ACTUAL, repeat),
        (drawn & ~first & (day > cut), MODEL, MODEL, "in the holdout"),
    ):
        if mask.any():
            look = {"s": size, "edgecolors": color, "facecolors": inside, "linewidths": 0.8, "zorder": 3}
            ax.scatter(_moments(bought, day[mask]), at[mask], label=words, **look)
    if calibration_end is not None:
        ax.vlines(_moments(bought, cut), -1, chosen.size, color=INK, linewidth=1, linestyle=":")
    named = bought.keys[chosen]
    # More names than this lie upon each other.
    ax.set_yticks(
        np.arange(chosen.size) if chosen.size <= 25 else [], [str(key) for key in named] if chosen.size <= 25 else []
    )
    # With room for the legend on top.
    ax.set_ylim(-1, 1.1 * chosen.size + 0.5)
    title = f"When {chosen.size:,} of {everyone:,} customers bought"
    finish(ax, title, "" if bought.dated else "days", "customers, in order of their first purchase", grid=False)
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    ax.legend(frameon=False, loc="upper center", ncols=3, fontsize=9, handletextpad=0.2, columnspacing=1.2, borderpad=0)
    if bought.dated:
        date_axis(ax)
    return ax


def plot_regularity(
    log: Frame,
    *,
    bins: int = 20,
    customer: str = "customer_id",
    time: str = "date",
    observation_end: Any = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw how regularly customers buy: the share M of the first of each customer's last two intervals in both, and its law.

    Whatever the rates of customers, M has the distribution Beta(k, k) where intervals have a gamma distribution of shape k: it is
    level where purchases come at random (k = 1), rises to the middle where they are regular, and to the ends where they come in
    bursts. The k drawn is the estimate of ``cam.regularity(log, method="wheat")``, from the variance of M.

    Parameters
    ----------
    log : frame or dict of arrays
        The transaction log. Several transactions of one customer on one day are one purchase.
    bins : int
        The bars of the histogram, from 0 to 1.
    customer, time : str
        The columns of keys and times; times are dates, timestamps, or numbers of days.
    observation_end : date, timestamp, str or number, optional
        The last day that counts; the latest time in the log by default.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes

    References
    ----------
    Wheat, R. D. and Morrison, D. G. (1990), Estimating purchase regularity with two interpurchase times, Journal of Marketing
    Research 27(1), 87-93.

    Examples
    --------
    >>> import cam
    >>> ax = cam.plotting.plot_regularity(cam.datasets.load_cdnow())
    >>> ax.get_title(loc="left")
    'Regularity of purchases: k = 0.985 ± 0.049, from 736 customers'
    """
    bins = whole("bins", bins, 1)
    found = regularity(log, method="wheat", customer=customer, time=time, observation_end=observation_end)
    who, gaps = _read(log, customer, time, observation_end).intervals()
    # The last interval of a customer, where there is another before it.
    last = np.flatnonzero(np.diff(who, append=-1) != 0)
    last = last[(last > 0) & (who[last] == who[last - 1])]
    share = gaps[last - 1] / (gaps[last - 1] + gaps[last])
    m = np.linspace(0.005, 0.995, 199)
    ax = axes(ax)
    heights, edges = np.histogram(share, bins=bins, range=(0.0, 1.0))
    ax.stairs(heights * bins / share.size, edges, fill=True, color=ACTUAL, alpha=0.55, label="customers")
    for k, color, width, dashes, words in (
        (1.0, INK, 1.0, ":", "k = 1: at random"),
        (2.0, INK, 1.0, (0, (6, 3)), "k = 2: regular"),
        (found.k, MODEL, 2.0, "-", f"k = {found.k:.3g}: estimate"),
    ):
        # ln B(k, k) of Beta(k, k).
        log_beta = 2 * math.lgamma(k) - math.lgamma(2 * k)
        density = np.exp((k - 1) * (np.log(m) + np.log1p(-m)) - log_beta)
        ax.plot(m, density, color=color, linewidth=width, linestyle=dashes, label=words)
    ax.set_xlim(0, 1)
    top = max(1.5, float((heights * bins / share.size).max()))
    ax.set_ylim(0, 1.3 * top)
    error = "" if found.standard_error is None else f" ± {found.standard_error:.3f}"
    title = f"Regularity of purchases: k = {found.k:.3f}{error}, from {found.n_customers:,} customers"
    finish(ax, title, "first of the last two intervals, as a share of both", "density of customers")
    ax.legend(frameon=False, loc="upper center", ncols=2)
    return ax


def _read(log: Frame, customer: str, time: str, observation_end: Any) -> _Purchases:
    """Read the days on which each customer bought, by the rules of a summary."""
    builder = SummaryBuilder(customer=customer, time=time, observation_end=observation_end)
    source, (keys, kind, _, _), dtype = builder._read(log)
    known = np.asarray(write_keys(keys, dtype))
    with builder._named(source, kind):
        day = read_days(source, time)[1]
    dated = kind != "number"
    if not day.size:
        raise NotEnoughDataError("the log has no row")
    if observation_end is not None:
        end = _day(observation_end, "observation_end", dated)
        if end < day.min():
            raise InvalidParameterError(
                f"observation_end {shown(observation_end)} lies before all of the log", field="observation_end"
            )
        known, day = known[day <= end], day[day <= end]
    names, which = np.unique(known, return_inverse=True)
    order = np.lexsort((day, which))
    which, day = which[order].astype(np.int64), day[order]
    new = np.ones(day.size, dtype=bool)
    new[1:] = (which[1:] != which[:-1]) | (day[1:] != day[:-1])
    return _Purchases(names, which[new], day[new], dated)


def _day(moment: Any, name: str, dated: bool) -> int:
    """Read a moment as the log counts time."""
    kind, found = read_day(moment, name)
    if (kind == "number") == dated:
        must = "a date, a timestamp or a text" if dated else "a number, as the times of the log are"
        raise InvalidParameterError(f"{name} must be {must}, got {shown(moment)}", field=name)
    return found


def _moments(bought: _Purchases, day: Any) -> Any:
    """Give days as an axis takes them."""
    return np.asarray(day).astype("datetime64[D]") if bought.dated else day


def _places(known: npt.NDArray[Any], keys: Iterable[Any], customer: str) -> npt.NDArray[np.int64]:
    """Look up customers by their keys."""
    if isinstance(keys, str | bytes) or not isinstance(keys, Iterable):
        raise InvalidParameterError(f"keys must be a list of customers, got {shown(keys)}", field="keys")
    places = {key: place for place, key in enumerate(known.tolist())}
    found = []
    for key in keys:
        if not isinstance(key, Hashable) or key not in places:
            raise InvalidDataError(f"the log has no customer {key!r}", field=customer)
        found.append(places[key])
    if not found:
        raise NotEnoughDataError("keys names no customer to draw")
    return np.unique(np.array(found, dtype=np.int64))


def _times(unit: str, length: float) -> str:
    """Write a mean length of time, in three digits."""
    return f"{length:.3g} {given.units(unit)}"
