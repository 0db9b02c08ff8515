"""How sure two parameters are together."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cam._base import Model
from cam._call import number, quantity_json, shown, thread_count
from cam._frames import Floats, Frame, Source
from cam.errors import InvalidParameterError, NotEnoughDataError, UnknownNameError, UnsupportedError
from cam.plotting import _given as given
from cam.plotting._drawn import approximation, need_parameters, remade
from cam.plotting._style import DASHES, INK, MODEL, PALE, Axes, axes, finish
from cam.plotting._surface import Ends, near_the_top

# Lines at 8, 16, 32 … below the top, outside of the regions.
FALLS = [float(2**i) for i in range(3, 16)]


def plot_likelihood_contours(
    model: Model,
    summary: Frame,
    x: str,
    y: str,
    *,
    x_limits: tuple[float, float] | None = None,
    y_limits: tuple[float, float] | None = None,
    levels: Sequence[float] = (0.5, 0.95),
    unit: str | None = None,
    threads: int | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the log-likelihood over two parameters, with all others held at what they are.

    Where contours are long and oblique the data do not tell the two parameters apart: one makes up for the other. The regions
    hold those pairs that a likelihood-ratio test with 2 degrees of freedom does not reject: twice the log-likelihood has fallen
    by less than a quantile of χ², which is the log-likelihood by less than -ln(1 - level). As the others are held, the regions
    are those of a slice, and narrower than what is known of the two where the others are not known either.

    Parameters
    ----------
    model : Model
        A fitted model, of purchases or of spend.
    summary : frame or dict of arrays
        The data of the fit.
    x, y : str
        Two parameters, or coefficients of covariates, by their names in `params_`; none that is a whole number, which is chosen.
    x_limits, y_limits : pair of float, optional
        From where to where; by default a little farther than the regions reach. A model that was made by `from_params` says
        nothing of where they are, and needs both.
    levels : sequence of float
        The probabilities of the regions.
    unit : str, optional
        The unit of the table's times; needed only where the frame does not remember it.
    threads : int, optional
        How many threads to use; all processors by default.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes

    References
    ----------
    Wilks, S. S. (1938), The large-sample distribution of the likelihood ratio for testing composite hypotheses, Annals of
    Mathematical Statistics 9(1), 60-62.

    Examples
    --------
    >>> import cam
    >>> summary = cam.summarize(cam.datasets.load_cdnow(), unit="W", observation_end="1997-09-30")
    >>> model = cam.ParetoNbd().fit(summary)
    >>> ax = cam.plotting.plot_likelihood_contours(model, summary, "s", "beta")
    >>> ax.get_title(loc="left")
    'Log-likelihood of Pareto/NBD: -9,595.0 at the top'
    """
    need_parameters(model)
    values = model.params_
    for name, parameter in (("x", x), ("y", y)):
        if parameter not in model._estimated:
            there = ", ".join(model._estimated)
            raise UnknownNameError(f"no parameter {shown(parameter)} to draw; there are: {there}", field=name)
    if x == y:
        raise InvalidParameterError(f"x and y must be two parameters, got {shown(x)} twice", field="y")
    regions = _levels(levels)
    within = -math.log1p(-max(regions))
    lines = [_Line.of(model, x, "x_limits", x_limits), _Line.of(model, y, "y_limits", y_limits)]
    searched = any(line.limits is None for line in lines)
    reach = _reach(model, x, y, within) if searched else (0.0, 0.0)
    columns, weight, counts_in = _distinct(model, Source(summary), unit)
    make, asked = remade(model), quantity_json("log_likelihood")

    def likelihood(place: tuple[float, float]) -> float:
        changed = {line.name: line.natural(at) for line, at in zip(lines, place, strict=True)}
        return float(weight @ make({**values, **changed}).score(asked, columns, counts_in, 1))

    # A thread takes a place, not a share of the rows: distinct rows are few, and places many.
    with ThreadPoolExecutor(thread_count(threads) or os.cpu_count()) as pool:
        found = near_the_top(
            lambda places: np.array(list(pool.map(likelihood, places))),
            (lines[0].middle, lines[1].middle),
            reach,
            [line.limits for line in lines],
            within,
        )
    across, up = lines[0].natural(found.across), lines[1].natural(found.up)
    falls = np.maximum(found.top - found.values, 0.0)
    ax = axes(ax)
    _draw(ax, across, up, falls, regions)
    ax.plot(values[x], values[y], "+", color=INK, markersize=11, markeredgewidth=1.6, label="estimate")
    ax.set_xlim(_reaching(across, values[x], x_limits))
    ax.set_ylim(_reaching(up, values[y], y_limits))
    title = f"Log-likelihood of {model._spec.title}: {found.top:,.1f} at the top"
    finish(ax, title, _named(model, x), _named(model, y), grid=False)
    ax.legend(frameon=True, framealpha=0.9, edgecolor="none", loc=_corner(across, up, falls < within))
    return ax


def _reaching(places: Floats, estimate: float, limits: Any) -> Ends:
    """Give the ends of an axis that nobody chose: the estimate is seen, too, where priors drew it away from the top."""
    low, high = float(places[0]), float(places[-1])
    if limits is not None or low <= estimate <= high:
        return low, high
    room = 0.04 * (max(high, estimate) - min(low, estimate))
    return min(low, estimate - room), max(high, estimate + room)


@dataclass(frozen=True)
class _Line:
    """A parameter of the slice as the search has it: the logarithm of what is positive, a coefficient itself."""

    name: str
    positive: bool
    middle: float
    limits: Ends | None

    @classmethod
    def of(cls, model: Model, parameter: str, argument: str, limits: Any) -> _Line:
        positive = parameter in model._spec.parameters
        free = math.log if positive else float
        middle = free(model.params_[parameter])
        if limits is None:
            return cls(parameter, positive, middle, None)
        if isinstance(limits, str | bytes) or not hasattr(limits, "__len__") or len(limits) != 2:
            raise InvalidParameterError(f"{argument} must be two numbers, got {shown(limits)}", field=argument)
        low, high = (number(argument, limit) for limit in limits)
        if not low < high or (positive and low <= 0):
            rule = f"0 < lower < upper, for {parameter} is positive" if positive else "lower < upper"
            raise InvalidParameterError(f"{argument} must be {rule}, got {shown(limits)}", field=argument)
        return cls(parameter, positive, middle, (free(low), free(high)))

    def natural(self, at: Any) -> Any:
        """Give what the model has, of one number or of many."""
        return np.exp(at) if self.positive else at


def _draw(ax: Axes, across: Floats, up: Floats, falls: Floats, regions: list[float]) -> None:
    """Draw lines at how far the likelihood has fallen, where there are such falls, and the regions."""
    low, high = float(falls.min()), float(falls.max())
    if lines := [fall for fall in FALLS if low < fall < high]:
        drawn = ax.contour(across, up, falls, levels=lines, colors=PALE, linewidths=0.8)
        ax.clabel(drawn, fmt=lambda fall: f"-{fall:.0f}", fontsize=8, colors="#777777")
    for level, dashes in zip(sorted(regions, reverse=True), DASHES * len(regions), strict=False):
        within = -math.log1p(-level)
        if low < within:
            ax.contourf(across, up, falls, levels=[-1.0, within], colors=[MODEL], alpha=0.15)
        if low < within < high:
            ax.contour(across, up, falls, levels=[within], colors=[MODEL], linewidths=1.8, linestyles=[dashes])
        label = f"{100 * level:g} % region: to {within:.2f} below"
        ax.plot([], [], color=MODEL, linewidth=1.8, linestyle=dashes, label=label)


def _levels(levels: Any) -> list[float]:
    if isinstance(levels, str | bytes) or not isinstance(levels, Sequence) or not levels:
        raise InvalidParameterError(f"levels must be a list of probabilities, got {shown(levels)}", field="levels")
    found = [number("levels", level) for level in levels]
    for level in found:
        if not 0 < level < 1:
            raise InvalidParameterError(f"levels must be between 0 and 1, got {level:g}", field="levels")
    return found


def _corner(across: Floats, up: Floats, inside: npt.NDArray[np.bool_]) -> str:
    """Choose where the legend hides least of the widest region."""
    half, third = 0.5 * (across[0] + across[-1]), (up[-1] - up[0]) / 3
    sides = {"left": across < half, "right": across >= half}
    heights = {"upper": up > up[-1] - third, "lower": up < up[0] + third}
    hidden = {f"{h} {s}": inside[np.ix_(heights[h], sides[s])].mean() for h in heights for s in sides}
    return min(hidden, key=hidden.__getitem__)


def _reach(model: Model, x: str, y: str, within: float) -> tuple[float, float]:
    """Give how far the widest region would reach if the likelihood were a parabola, and somewhat more."""
    try:
        names, _, covariance = approximation(model)
    except UnsupportedError:
        raise InvalidParameterError(
            "the curvature of the likelihood at these parameters is not known: pass x_limits and y_limits",
            field="x_limits",
        ) from None
    both = [names.index(x), names.index(y)]
    # Not their variances, but those where the others are given.
    held = np.linalg.inv(np.linalg.inv(covariance)[np.ix_(both, both)])
    across, up = (1.3 * math.sqrt(2 * within) * np.sqrt(np.diag(held))).tolist()
    return across, up


def _named(model: Model, parameter: str) -> str:
    """Write a parameter with its unit, where it has one."""
    if model._spec.dimensions.get(parameter) != "time":
        return parameter
    return f"{parameter} ({given.units(model.unit_)})"


def _distinct(model: Model, source: Source, unit: str | None) -> tuple[dict[str, Floats], Floats, str | None]:
    """Give the distinct rows of the data, how many customers each stands for, and the unit that they count time in."""
    model._state_unit(source, unit)
    columns = source.floats(model._spec.columns) | source.floats([name for name in model._spec.logs if name in source])
    if (encoding := model._encoding) is not None:
        columns |= encoding.read(source)
    for name, values in columns.items():
        given.finite(values, name)
    # All rows are scored once as they came, which refuses one that breaks a rule by its own number.
    model._score(source, "log_likelihood", None)
    table = np.column_stack(list(columns.values()))
    if not table.size:
        raise NotEnoughDataError("the frame has no customers to draw")
    weight = given.weights(source, len(table))
    rows, which = np.unique(table, axis=0, return_inverse=True)
    distinct = {name: np.ascontiguousarray(rows[:, i]) for i, name in enumerate(columns)}
    return distinct, np.bincount(which.ravel(), weight).astype(np.float64), source.unit
