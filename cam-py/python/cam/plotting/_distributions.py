"""How customers are spread: over numbers of purchases, rates and spend."""

from __future__ import annotations

import math

import numpy as np

from cam._call import shown, whole
from cam._frames import Frame, Source
from cam._models import PurchaseModel, SpendModel
from cam._tracking import UNIT_DAYS, expected_counts
from cam.errors import InvalidParameterError, NotEnoughDataError, UnknownNameError
from cam.plotting import _given as given
from cam.plotting._style import ACTUAL, INK, MODEL, Axes, axes, counts_axis, finish


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
    given.need_purchases(model)
    source = Source(summary)
    model._state_unit(source, unit)
    group = given.groups(source, max_frequency)
    # Every row is read as a score reads it, which also refuses a frame in another unit than that of the model.
    given.finite(source.float("T"), "T")
    model._score(source, "probability_alive", None)
    weight = given.weights(source, group.size)
    actual = np.bincount(group, weight, max_frequency + 1)
    expected = expected_counts(model, source, source.float("T"), weight, max_frequency)
    ax = axes(ax)
    at = np.arange(max_frequency + 1)
    ax.bar(at - 0.2, actual, 0.4, color=ACTUAL, label="actual")
    ax.bar(at + 0.2, expected, 0.4, color=MODEL, label=model._spec.title)
    counts_axis(ax, max_frequency)
    finish(ax, "Customers by repeat purchases", "repeat purchases", "customers")
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
    given.need_purchases(model, plain=True)
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
    ax = axes(ax)
    ax.fill_between(x, density, color=MODEL, alpha=0.15, linewidth=0)
    values = ", ".join(f"{key} = {model.params_[key]:.4g}" for key in found)
    ax.plot(x, density, color=MODEL, linewidth=2, label=f"{model._spec.title}: {values}")
    ax.axvline(mean, color=INK, linewidth=1, linestyle=":", label=f"mean {mean:.3g}")
    ax.set_xlim(0, x[-1])
    # Where most are near 0 the density has no end there.
    ax.set_ylim(0, 1.05 * min(float(density.max()), float(4 * np.interp(mean / 4, x, density))))
    finish(ax, "How customers differ", name, "density of customers")
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
    given.need_spend(model)
    if set(model._spec.columns) != {"frequency", "monetary_value"}:
        title = model._spec.title
        raise InvalidParameterError(f"{title} has no density of the mean spend to draw beside the data", field="model")
    source = Source(summary)
    frequency, spend = source.float("frequency"), source.float("monetary_value")
    given.finite(frequency, "frequency")
    given.finite(spend, "monetary_value")
    bins = whole("bins", bins, 1)
    model._score(source, "log_likelihood", None)  # refuses rows that are no spend, by their number
    weight = given.weights(source, frequency.size)
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
    ax = axes(ax)
    heights, edges = np.histogram(spend, bins=bins, range=(0, top), weights=weight)
    ax.stairs(heights / (weight.sum() * np.diff(edges)), edges, fill=True, color=ACTUAL, alpha=0.55, label="actual")
    ax.plot(z, customers @ density / weight.sum(), color=MODEL, linewidth=2, label=model._spec.title)
    ax.set_xlim(0, top)
    ax.set_ylim(bottom=0)
    finish(ax, "Mean spend per repeat purchase", "mean spend", "density of customers")
    ax.legend(frameon=False)
    return ax
