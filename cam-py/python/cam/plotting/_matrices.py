"""What a model says of customers of one age, over recency and frequency."""

from __future__ import annotations

import numpy as np

from cam._call import ahead, number, rate, whole
from cam._frames import Floats, Source
from cam._models import PurchaseModel
from cam._tracking import UNIT_DAYS
from cam.errors import InvalidParameterError
from cam.plotting import _given as given
from cam.plotting._style import Axes, axes, finish


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
    grid = _matrix(model, "probability_alive", T, max_frequency)
    title = f"P(alive) at age {given.times(model.unit_, T)}"
    return _heat(model, grid, T, title, "P(alive)", cmap, ax, limits=(0.0, 1.0))


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
    horizon : float
        How far to look ahead, in the unit of the model.
    model, T, max_frequency, cmap, ax
        As for `plot_probability_alive_matrix`.

    Returns
    -------
    Axes
    """
    given.need_purchases(model)
    horizon = number("horizon", horizon)
    grid = _matrix(model, "expected_purchases", T, max_frequency, horizon=horizon)
    span = f"the next {given.times(model.unit_, horizon)}"
    title = f"Expected purchases in {span},\nat age {given.times(model.unit_, T)}"
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
    discount_rate : float
        Per unit of time of the model, as for `BgNbd.discounted_expected_purchases`.
    horizon : float, optional
        How far to look ahead; for ever by default.
    model, T, max_frequency, cmap, ax
        As for `plot_probability_alive_matrix`.

    Returns
    -------
    Axes
    """
    given.need_purchases(model)
    asked = {"discount_rate": rate("discount_rate", discount_rate, model.unit_)}
    if (until := ahead(horizon)) is not None:
        asked["horizon"] = until
    grid = _matrix(model, "discounted_expected_purchases", T, max_frequency, **asked)
    span = "from now on" if until is None else f"in the next {given.times(model.unit_, until)}"
    title = f"Discounted expected purchases {span},\nat age {given.times(model.unit_, T)}"
    return _heat(model, grid, T, title, "discounted expected purchases", cmap, ax)


def _matrix(model: PurchaseModel, quantity: str, T: float, max_frequency: int, **arguments: float) -> Floats:
    given.need_purchases(model, plain=True)
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
    model: PurchaseModel,
    grid: Floats,
    T: float,
    title: str,
    label: str,
    cmap: str,
    ax: Axes | None,
    limits: tuple[float | None, float | None] = (0.0, None),
) -> Axes:
    ax = axes(ax)
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
    finish(ax, title, f"recency: from the first to the last purchase{unit}", "frequency: repeat purchases", grid=False)
    return ax
