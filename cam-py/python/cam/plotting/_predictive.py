"""Whether customers that a model draws look like those of the data."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cam._call import number, thread_count, whole
from cam._frames import Floats, Frame, Source
from cam._models import PurchaseModel
from cam.errors import InvalidDataError, InvalidParameterError
from cam.plotting import _given as given
from cam.plotting._drawn import need_parameters, possible, remade
from cam.plotting._style import ACTUAL, MODEL, Axes, axes, counts_axis, finish


def plot_posterior_predictive(
    model: PurchaseModel,
    summary: Frame,
    *,
    draws: int = 200,
    max_frequency: int = 7,
    level: float = 0.95,
    seed: int = 0,
    unit: str | None = None,
    threads: int | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw how many customers made 0, 1, 2, … repeat purchases, and how many of as many that the model draws.

    Each draw takes other values of the parameters, and lets as many customers of the same ages (and covariates) buy at
    random. So the bars of error hold what is not known of the parameters and what chance does; where the data lie outside of
    them, the model is not theirs. See `plot_frequency` for what is expected at the estimates.

    Parameters
    ----------
    model : PurchaseModel
        A model of purchases. Parameters are drawn from the posterior, where it was fitted with ``method="nuts"``, and from the
        normal approximation of their logarithms elsewhere; those of a model that was made by `from_params` do not vary.
    summary : frame or dict of arrays
        The customers; see `cam.summarize`. A column `weight` must hold whole numbers: so many are drawn for the row.
    draws : int
        How many draws; of a posterior as many as it has, where these are fewer.
    max_frequency : int
        Customers with this many repeat purchases or more are taken together.
    level : float
        The share of the draws that a bar of error holds.
    seed : int
        The seed of parameters and customers.
    unit : str, optional
        The unit of the table's times; needed only where the frame does not remember it.
    threads : int, optional
        How many threads to use; all processors by default. The result does not depend on it.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes

    References
    ----------
    Gelman, A., Meng, X.-L. and Stern, H. (1996), Posterior predictive assessment of model fitness via realized discrepancies,
    Statistica Sinica 6(4), 733-760.

    Examples
    --------
    >>> import cam
    >>> summary = cam.summarize(cam.datasets.load_cdnow(), unit="W", observation_end="1997-09-30")
    >>> ax = cam.plotting.plot_posterior_predictive(cam.ParetoNbd().fit(summary), summary)
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['actual', 'Pareto/NBD: mean and 95 % of 200 draws']
    """
    need_parameters(model)
    given.need_purchases(model)
    draws, seed = whole("draws", draws, 1), whole("seed", seed, 0)
    level = number("level", level)
    if not 0 < level < 1:
        raise InvalidParameterError(f"level must be between 0 and 1, got {level:g}", field="level")
    source = Source(summary)
    model._state_unit(source, unit)
    group = given.groups(source, max_frequency)
    for name in model._spec.columns:
        given.finite(source.float(name), name)
    # Every row is read as a score reads it, which also refuses a frame in another unit than that of the model.
    model._score(source, "probability_alive", None)
    times = _whole_weights(source, group.size)
    columns = {name: source.float(name) for name in model._spec.design}
    if (encoding := model._encoding) is not None:
        columns |= encoding.read(source)
    columns = {name: np.repeat(values, times) for name, values in columns.items()}
    rng = np.random.default_rng(seed)
    drawn = possible(model, draws, rng)
    make, count = remade(model), thread_count(threads)
    counts = np.empty((len(drawn), max_frequency + 1))
    for i, (values, own) in enumerate(zip(drawn, rng.integers(2**63, size=len(drawn)).tolist(), strict=True)):
        frequency = make(values).simulate(columns, own, count)["frequency"]
        counts[i] = np.bincount(np.minimum(frequency, max_frequency).astype(np.int64), minlength=max_frequency + 1)
    mean = counts.mean(axis=0)
    ends: Floats = np.quantile(counts, [0.5 * (1 - level), 0.5 * (1 + level)], axis=0)
    ax = axes(ax)
    at = np.arange(max_frequency + 1)
    ax.bar(at, np.bincount(group, times, max_frequency + 1), 0.7, color=ACTUAL, alpha=0.55, label="actual")
    # A mean may lie outside of what most of the draws are.
    lengths = np.maximum([mean - ends[0], ends[1] - mean], 0.0)
    label = f"{model._spec.title}: mean and {100 * level:g} % of {len(drawn)} draws"
    look = {"color": MODEL, "markersize": 5, "capsize": 4, "linewidth": 1.6}
    ax.errorbar(at, mean, yerr=lengths, fmt="o", label=label, **look)
    counts_axis(ax, max_frequency)
    ax.set_ylim(bottom=0)
    kind = "Posterior predictive check" if model._is_sampled else "Predictive check"
    finish(ax, f"{kind}: customers by repeat purchases", "repeat purchases", "customers")
    # In the order of the picture: the data first.
    handles, labels = ax.get_legend_handles_labels()
    ax.legend(handles, labels, frameon=False, loc="upper right")
    return ax


def _whole_weights(source: Source, rows: int) -> npt.NDArray[np.int64]:
    """Give how many customers each row stands for, which must be whole numbers of them to be drawn."""
    weight = given.weights(source, rows)
    if (wrong := weight != np.floor(weight)).any():
        row = int(wrong.argmax())
        raise InvalidDataError(
            f"row {row}: weight must be a whole number of customers to draw, got {weight[row]:g}",
            row=row,
            field="weight",
        )
    return weight.astype(np.int64)
