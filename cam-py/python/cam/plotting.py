"""Pictures of models and of how well they do.

Every function takes ``ax=None`` and returns the Axes it drew on, so that pictures can be combined and changed. matplotlib is
needed here only (``pip install matplotlib``), and it is imported when a picture is drawn; no setting of it is changed.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from cam._base import Model
from cam._call import ahead, number, rate, shown, whole
from cam._frames import Floats, Frame, Source
from cam._log import read_day, read_days, read_times
from cam._models import PurchaseModel, SpendModel, need_model
from cam._tracking import UNIT_DAYS, Tracked, expected_counts, track, unit_days
from cam.errors import InvalidDataError, InvalidParameterError, NotEnoughDataError, UnknownNameError

__all__ = [
    "plot_calibration_holdout",
    "plot_discounted_purchases_matrix",
    "plot_expected_purchases_matrix",
    "plot_frequency",
    "plot_heterogeneity",
    "plot_history",
    "plot_probability_alive_matrix",
    "plot_spend_density",
    "plot_tracking",
]

Axes: TypeAlias = Any
ACTUAL, MODEL, INK = "#4c78a8", "#d1495b", "#333333"
STEPS = {"D": "day", "W": "week", "M": "month", "Y": "year"}


def plot_probability_alive_matrix(
    model: PurchaseModel, T: float, *, max_frequency: int = 20, cmap: str = "viridis", ax: Axes | None = None
) -> Axes:
    """Draw the probability of being alive over recency and frequency.

    Parameters
    ----------
    model : PurchaseModel
        A model of purchases.
    T : float
        The age of the customers, in the unit of the model.
    max_frequency : int
        The most repeat purchases.
    cmap : str
        A colour map of matplotlib.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
    """
    need_model("model", model, "purchases, such as BgNbd")
    grid = _matrix(model, "probability_alive", T, max_frequency)
    return _heat(model, grid, T, f"P(alive) at age {_times(model, T)}", "P(alive)", cmap, ax, limits=(0.0, 1.0))


def plot_expected_purchases_matrix(
    model: PurchaseModel,
    T: float,
    horizon: float,
    *,
    max_frequency: int = 20,
    cmap: str = "viridis",
    ax: Axes | None = None,
) -> Axes:
    """Draw the expected purchases in the next `horizon` units of time over recency and frequency.

    Parameters
    ----------
    model : PurchaseModel
        A model of purchases.
    T : float
        The age of the customers, in the unit of the model.
    horizon : float
        How far to look ahead.
    max_frequency : int
        The most repeat purchases.
    cmap : str
        A colour map of matplotlib.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
    """
    need_model("model", model, "purchases, such as BgNbd")
    horizon = number("horizon", horizon)
    grid = _matrix(model, "expected_purchases", T, max_frequency, horizon=horizon)
    title = f"Expected purchases in the next {_times(model, horizon)},\nat age {_times(model, T)}"
    return _heat(model, grid, T, title, "expected purchases", cmap, ax)


def plot_discounted_purchases_matrix(
    model: PurchaseModel,
    T: float,
    discount_rate: float,
    *,
    horizon: float | None = None,
    max_frequency: int = 20,
    cmap: str = "viridis",
    ax: Axes | None = None,
) -> Axes:
    """Draw the discounted expected purchases from now on (DERT) over recency and frequency.

    Parameters
    ----------
    model : PurchaseModel
        A model of purchases.
    T : float
        The age of the customers, in the unit of the model.
    discount_rate : float
        Per unit of time of the model, as for `BgNbd.discounted_expected_purchases`.
    horizon : float, optional
        How far to look ahead; for ever by default.
    max_frequency : int
        The most repeat purchases.
    cmap : str
        A colour map of matplotlib.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
    """
    need_model("model", model, "purchases, such as BgNbd")
    asked = {"discount_rate": rate("discount_rate", discount_rate, model.unit_)}
    if (until := ahead(horizon)) is not None:
        asked["horizon"] = until
    grid = _matrix(model, "discounted_expected_purchases", T, max_frequency, **asked)
    span = "from now on" if until is None else f"in the next {_times(model, until)}"
    title = f"Discounted expected purchases {span},\nat age {_times(model, T)}"
    return _heat(model, grid, T, title, "discounted expected purchases", cmap, ax)


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
    need_model("model", model, "purchases, such as BgNbd")
    _check(model, "T", continuous=True)
    _check_plain(model)
    source = Source(log)
    keys = np.asarray(source.series(customer))
    days = _days(source, time)
    mine = np.unique(days[keys == key])
    if not mine.size:
        raise InvalidDataError(f"the log has no customer {key!r}", field=customer)
    end = days.max() if observation_end is None else _day(observation_end, "observation_end")
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
    ax = _axes(ax)
    ax.vlines(mine, 0, 1, color=ACTUAL, linewidth=1, alpha=0.5, label="purchase")
    ax.plot(np.concatenate(x), np.concatenate(y), color=MODEL, linewidth=2, label="P(alive)")
    ax.set_ylim(0, 1.04)
    count = f"{mine.size} purchase{'' if mine.size == 1 else 's'}"
    _finish(ax, f"Customer {key}: {count}", "", "P(alive)")
    ax.legend(frameon=True, framealpha=0.9, edgecolor="none", loc="lower left")
    _date_axis(ax)
    return ax


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
    need_model("model", model, "purchases, such as BgNbd")
    _check(model, "T")
    source = Source(split)
    model._state_unit(source, unit)
    group = _groups(source, max_frequency)
    horizon = float(source.float("duration_holdout")[0])
    expected = model._score(source, "expected_purchases", None, horizon=horizon)
    weight = _weights(source, group.size)
    size = np.bincount(group, weight, max_frequency + 1)
    there = np.flatnonzero(size)
    ax = _axes(ax)
    for values, name, color, marker in (
        (source.float("frequency_holdout"), "actual", ACTUAL, "o"),
        (expected, model._spec.title, MODEL, "s"),
    ):
        mean = np.bincount(group, weight * values, max_frequency + 1)[there] / size[there]
        ax.plot(there, mean, color=color, marker=marker, linewidth=1.8, markersize=6, label=name)
    _counts_axis(ax, max_frequency)
    ax.set_ylim(bottom=0)
    title = f"Purchases in the {_times(model, horizon)} of the holdout"
    _finish(ax, title, "repeat purchases in the calibration", "mean purchases in the holdout")
    ax.legend(frameon=False, loc="upper left")
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
    need_model("model", model, "purchases, such as BgNbd")
    _check(model, "T", continuous=True)
    unit = unit_days(model)
    followed = track(model, log, step, customers=summary, customer=customer, time=time, observation_end=observation_end)
    at, dated = _moments(followed, log, time, unit)
    actual, expected = _by_step(followed, cumulative)
    ax = _axes(ax)
    ax.plot(at, actual, color=ACTUAL, linewidth=2, label="actual")
    ax.plot(at, expected, color=MODEL, linewidth=2, linestyle="--", label=model._spec.title)
    _finish_tracking(ax, dated, cumulative, step, calibration_end)
    ax.legend(frameon=False, loc="upper left" if cumulative else "upper right")
    return ax


def _by_step(followed: Tracked, cumulative: bool) -> tuple[Floats, Floats]:
    """Give actual and expected purchases: the totals so far, or those of each step."""
    if cumulative:
        return followed.actual, followed.expected
    return np.diff(followed.actual, prepend=0.0), np.diff(followed.expected, prepend=0.0)


def _moments(followed: Tracked, log: Frame, time: str, unit: float) -> tuple[Any, bool]:
    """Give the ends of the steps as the log counts time, and whether they are dates."""
    if read_times(Source(log), time)[0] == "number":
        return followed.end, False
    seconds = np.round((followed.origin + followed.end * unit) * 86400).astype("timedelta64[s]")
    return np.datetime64("1970-01-01", "s") + seconds, True


def _finish_tracking(ax: Axes, dated: bool, cumulative: bool, step: str, calibration_end: Any) -> None:
    if calibration_end is not None:
        line = _day(calibration_end, "calibration_end") if dated else number("calibration_end", calibration_end)
        ax.axvline(line, color=INK, linewidth=1, linestyle=":")
        ax.annotate(
            "calibration ends ",
            (line, 0.02),
            xycoords=("data", "axes fraction"),
            ha="right",
            va="bottom",
            color=INK,
            fontsize=9,
        )
    ax.set_ylim(bottom=0)
    title = "Repeat purchases so far" if cumulative else f"Repeat purchases per {STEPS.get(step, step)}"
    _finish(ax, title, "", "repeat purchases")
    if dated:
        _date_axis(ax)


def plot_frequency(
    model: PurchaseModel, summary: Frame, *, max_frequency: int = 7, unit: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draw how many customers made 0, 1, 2, … repeat purchases, actual and expected.

    Parameters
    ----------
    model : PurchaseModel
        A model of purchases.
    summary : frame or dict of arrays
        The customers; see `cam.summarize`.
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
    need_model("model", model, "purchases, such as BgNbd")
    _check(model, "T")
    source = Source(summary)
    model._state_unit(source, unit)
    group = _groups(source, max_frequency)
    # Every row is read as a score reads it, which also refuses a frame in another unit than that of the model.
    _finite(source.float("T"), "T")
    model._score(source, "probability_alive", None)
    weight = _weights(source, group.size)
    actual = np.bincount(group, weight, max_frequency + 1)
    expected = expected_counts(model, source, source.float("T"), weight, max_frequency)
    ax = _axes(ax)
    at = np.arange(max_frequency + 1)
    ax.bar(at - 0.2, actual, 0.4, color=ACTUAL, label="actual")
    ax.bar(at + 0.2, expected, 0.4, color=MODEL, label=model._spec.title)
    _counts_axis(ax, max_frequency)
    _finish(ax, "Customers by repeat purchases", "repeat purchases", "customers")
    ax.legend(frameon=False)
    return ax


def plot_heterogeneity(model: PurchaseModel, process: str = "purchase", *, ax: Axes | None = None) -> Axes:
    """Draw how customers differ: the density of the rate of purchases, or of leaving, across new customers, and its mean.

    Parameters
    ----------
    model : PurchaseModel
        A model of purchases whose rates or probabilities have a gamma or a beta distribution.
    process : {"purchase", "lifetime"}
        Of what: how often customers buy, or how soon they leave.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
    """
    need_model("model", model, "purchases, such as BgNbd")
    _check(model, "T")
    _check_plain(model)
    pairs = {"purchase": (("r", "alpha"),), "lifetime": (("s", "beta"), ("a", "b"))}
    if model._spec.id == "bg_bb":
        pairs = {"purchase": (("alpha", "beta"),), "lifetime": (("gamma", "delta"),)}
    if process not in pairs:
        raise UnknownNameError(f"no process named {shown(process)}; there are: {', '.join(pairs)}", field="process")
    found = next((pair for pair in pairs[process] if set(pair) <= model.params_.keys()), None)
    # Of GGom/NBD this is the level of a risk that grows.
    if found is None or (process == "lifetime" and {"b", "s"} <= model.params_.keys()):
        title = model._spec.title
        raise InvalidParameterError(f"{title} has no gamma or beta distribution for {process}", field="process")
    one, two = (model.params_[name] for name in found)
    per = f" per {model.unit_}" if model.unit_ in UNIT_DAYS else ""
    if found in (("r", "alpha"), ("s", "beta")):
        mean, name = one / two, ("purchases" if process == "purchase" else "rate of leaving") + per
        x = mean * np.linspace(0.002, 5, 800)
        log_norm = one * math.log(two) - math.lgamma(one)
        density = np.exp(log_norm + (one - 1) * np.log(x) - two * x)
    else:
        mean, name = one / (one + two), f"probability of {'buying' if process == 'purchase' else 'leaving'}"
        x = np.linspace(0.002, 0.998, 800)
        log_norm = math.lgamma(one + two) - math.lgamma(one) - math.lgamma(two)
        density = np.exp(log_norm + (one - 1) * np.log(x) + (two - 1) * np.log1p(-x))
    ax = _axes(ax)
    ax.fill_between(x, density, color=MODEL, alpha=0.15, linewidth=0)
    values = ", ".join(f"{key} = {model.params_[key]:.4g}" for key in found)
    ax.plot(x, density, color=MODEL, linewidth=2, label=f"{model._spec.title}: {values}")
    ax.axvline(mean, color=INK, linewidth=1, linestyle=":", label=f"mean {mean:.3g}")
    ax.set_xlim(0, x[-1])
    # Where most are near 0 the density has no end there.
    ax.set_ylim(0, 1.05 * min(float(density.max()), float(4 * np.interp(mean / 4, x, density))))
    _finish(ax, "How customers differ", name, "density of customers")
    ax.legend(frameon=False, loc="upper right")
    return ax


def plot_spend_density(model: SpendModel, summary: Frame, *, bins: int = 60, ax: Axes | None = None) -> Axes:
    """Draw the mean spend of customers: a histogram of the data, and the density that the model expects.

    Parameters
    ----------
    model : GammaGamma
        A model of spend.
    summary : frame or dict of arrays
        The customers; see `cam.summarize`. Those without a repeat purchase are left out.
    bins : int
        The bars of the histogram, up to the 99th percentile.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
    """
    need_model("model", model, "spend, such as GammaGamma")
    _check(model, "monetary_value")
    if set(model._spec.columns) != {"frequency", "monetary_value"}:
        title = model._spec.title
        raise InvalidParameterError(f"{title} has no density of the mean spend to draw beside the data", field="model")
    source = Source(summary)
    frequency, spend = source.float("frequency"), source.float("monetary_value")
    _finite(frequency, "frequency")
    _finite(spend, "monetary_value")
    bins = whole("bins", bins, 1)
    model._score(source, "log_likelihood", None)  # refuses rows that are no spend, by their number
    weight = _weights(source, frequency.size)
    kept = (frequency > 0) & (weight > 0)
    frequency, spend, weight = frequency[kept], spend[kept], weight[kept]
    if not frequency.size:
        raise NotEnoughDataError("no customer has a repeat purchase, so there is no spend to draw")
    by_spend = np.argsort(spend)
    share = np.cumsum(weight[by_spend]) / weight.sum()
    top = float(spend[by_spend[min(int(np.searchsorted(share, 0.99)), spend.size - 1)]])
    z = np.linspace(top / 1000, top, 300)
    # Given x purchases, the likelihood of the model is the density of their mean; the base is a mixture over x.
    counts, which = np.unique(frequency, return_inverse=True)
    customers = np.bincount(which, weight)
    rows = {"frequency": np.repeat(counts, z.size), "monetary_value": np.tile(z, counts.size)}
    density = np.exp(model.log_likelihood(rows)).reshape(counts.size, z.size)
    ax = _axes(ax)
    heights, edges = np.histogram(spend, bins=bins, range=(0, top), weights=weight)
    ax.stairs(heights / (weight.sum() * np.diff(edges)), edges, fill=True, color=ACTUAL, alpha=0.55, label="actual")
    ax.plot(z, customers @ density / weight.sum(), color=MODEL, linewidth=2, label=model._spec.title)
    ax.set_xlim(0, top)
    ax.set_ylim(bottom=0)
    _finish(ax, "Mean spend per repeat purchase", "mean spend", "density of customers")
    ax.legend(frameon=False)
    return ax


def _weights(source: Source, rows: int) -> Floats:
    """How many customers each row stands for."""
    return source.float("weight") if "weight" in source else np.ones(rows)


def _check(model: Model, column: str, *, continuous: bool = False) -> None:
    """Refuse a model of another kind than the picture is of, before anything is read or drawn."""
    if column not in model._spec.columns:
        kind = "purchases, such as BgNbd" if column == "T" else "spend, such as GammaGamma"
        raise InvalidParameterError(f"this picture is of a model of {kind}, got {type(model).__name__}", field="model")
    if continuous and model._spec.discrete:
        title = model._spec.title
        raise InvalidParameterError(f"this picture is of a model of continuous time, not of {title}", field="model")


def _check_plain(model: Model) -> None:
    """Refuse a model with covariates where a picture is of one kind of customer."""
    if (encoding := model._encoding) is not None:
        values = ", ".join(f"{name}=…" for name in encoding.columns)
        raise InvalidParameterError(
            f"this picture is of one kind of customer: draw that of model.given({values})", field="model"
        )


def _matrix(model: PurchaseModel, quantity: str, T: float, max_frequency: int, **arguments: float) -> Floats:
    _check(model, "T")
    _check_plain(model)
    T, max_frequency = number("T", T), whole("max_frequency", max_frequency, 1)
    if T <= 0:
        raise InvalidParameterError(f"T must be positive, got {T:g}", field="T")
    times = np.arange(1.0, T + 1) if model._spec.discrete else np.linspace(T / 200, T, 200)
    frequency, recency = np.meshgrid(np.arange(1.0, max_frequency + 1), times, indexing="ij")
    # At n opportunities there are at most n purchases; what cannot be stays blank.
    known = np.where(frequency > recency, np.nan, frequency) if model._spec.discrete else frequency
    rows = {"frequency": known.ravel(), "recency": recency.ravel(), "T": np.full(frequency.size, float(T))}
    return model._score(Source(rows), quantity, None, **arguments).reshape(frequency.shape)


def _heat(
    model: Model,
    grid: Floats,
    T: float,
    title: str,
    label: str,
    cmap: str,
    ax: Axes | None,
    limits: tuple[float | None, float | None] = (0.0, None),
) -> Axes:
    ax = _axes(ax)
    image = ax.imshow(
        grid,
        origin="lower",
        aspect="auto",
        extent=(0.5, T + 0.5, 0.5, grid.shape[0] + 0.5) if model._spec.discrete else (0, T, 0.5, grid.shape[0] + 0.5),
        cmap=cmap,
        vmin=limits[0],
        vmax=limits[1],
        interpolation="nearest",
    )
    bar = ax.figure.colorbar(image, ax=ax, pad=0.02)
    bar.outline.set_visible(False)
    bar.set_label(label)
    ax.yaxis.get_major_locator().set_params(integer=True)
    unit = f" ({model.unit_}s)" if model.unit_ in UNIT_DAYS else ""
    _finish(ax, title, f"recency: from the first to the last purchase{unit}", "frequency: repeat purchases", grid=False)
    return ax


def _groups(source: Source, max_frequency: int) -> npt.NDArray[np.int64]:
    """Put customers into groups by their repeat purchases: 0, 1, … and the most, which stands for all beyond it."""
    most, frequency = whole("max_frequency", max_frequency, 1), source.float("frequency")
    if not frequency.size:
        raise NotEnoughDataError("the frame has no customers to draw")
    _finite(frequency, "frequency")
    if frequency.min() < 0:
        row = int(frequency.argmin())
        raise InvalidDataError(
            f"row {row}: frequency must be at least 0, got {frequency[row]:g}", row=row, field="frequency"
        )
    groups: npt.NDArray[np.int64] = np.minimum(frequency, most).astype(np.int64)
    return groups


def _finite(values: Floats, name: str) -> None:
    """Refuse a NaN, which a score passes on, but a picture cannot show."""
    bad = ~np.isfinite(values)
    if bad.any():
        row = int(bad.argmax())
        raise InvalidDataError(f"row {row}: {name} must be finite, got {values[row]}", row=row, field=name)


def _times(model: Model, length: float) -> str:
    unit = model.unit_ if model.unit_ in UNIT_DAYS else "unit"
    shown = f"{length:.4g}" if length < 1e4 else f"{length:.0f}"
    return f"{shown} {unit}{'' if length == 1 else 's'}"


def _days(source: Source, name: str) -> npt.NDArray[Any]:
    kind, days = read_days(source, name)
    if kind == "number":
        raise InvalidDataError(f"column {name!r} must hold dates or timestamps", field=name)
    return days.astype("datetime64[D]")


def _day(moment: Any, name: str) -> Any:
    """Give the day of a moment; a time zone is taken off, as everywhere: the day is that of the moment's own clock."""
    kind, day = read_day(moment, name)
    if kind == "number":
        raise InvalidParameterError(f"{name} must be a date, a timestamp or a text, got {moment!r}", field=name)
    return np.datetime64(day, "D")


def _axes(ax: Axes | None) -> Axes:
    if ax is not None:
        return ax
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise ImportError("pictures need matplotlib: pip install matplotlib") from None
    return plt.subplots(figsize=(7, 4.2), layout="constrained")[1]


def _finish(ax: Axes, title: str, x: str, y: str, *, grid: bool = True) -> None:
    ax.set_title(title, loc="left", color=INK, fontsize=12)
    ax.set_xlabel(x, color=INK)
    ax.set_ylabel(y, color=INK)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        ax.spines[side].set_color("#999999")
    ax.tick_params(colors=INK, length=3)
    if grid:
        ax.grid(axis="y", color="#e5e5e5", linewidth=0.8)
        ax.set_axisbelow(True)


def _counts_axis(ax: Axes, most: int) -> None:
    ax.set_xticks(range(most + 1), [*map(str, range(most)), f"{most}+"])


def _date_axis(ax: Axes) -> None:
    from matplotlib import dates as untyped

    dates: Any = untyped
    locator = dates.AutoDateLocator(minticks=4, maxticks=9)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))
