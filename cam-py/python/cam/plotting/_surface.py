"""A smooth function of two variables, from few of its values, where it is near its top.

In the logarithms of parameters a log-likelihood is so smooth that a polynomial through some hundred points gives it everywhere
between them. A grid of as many points as a picture has would take a hundred times as long, and a narrow ridge would still fall
between them: its contours would be islands.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.polynomial import chebyshev

from cam._frames import Floats

Ends: TypeAlias = tuple[float, float]
Function: TypeAlias = Callable[[list[tuple[float, float]]], Floats]
"""The values at places, each given by how far across and how far up."""

# Points each way; more of them where a polynomial through the fewer misses.
NODES = (20, 32, 48)
# How often limits are set anew, and how far a region that has no end is followed.
ROUNDS, FARTHEST = 5, 7.0
FINE = 241
# What fills a square evenly, in whatever number (the plastic constant's powers): none of these places is one of the nodes.
LATTICE = (0.7548776662466927, 0.5698402909980532)


@dataclass(frozen=True)
class Surface:
    """The function on a fine grid."""

    across: Floats
    up: Floats
    values: Floats
    """Up by across."""
    top: float
    """The highest value."""


def near_the_top(
    function: Function, middle: tuple[float, float], reach: tuple[float, float], fixed: list[Ends | None], within: float
) -> Surface:
    """Compute the function where it lies less than `within` below its top, and somewhat around.

    Parameters
    ----------
    function : function
        Gives the values at places.
    middle, reach : pair of float
        About where the top is, and how far from it to look first.
    fixed : list
        For each variable limits that hold, or None for those that are to be found.
    within : float
        How far below the top.
    """
    highest = float(function([middle])[0])
    box = [ends or (at - far, at + far) for ends, at, far in zip(fixed, middle, reach, strict=True)]
    for _ in range(ROUNDS):
        found = on_a_grid(function, box[0], box[1])
        highest = max(highest, float(found.values.max()))
        inside = highest - found.values < within
        over = (found.across[np.any(inside, axis=0)], found.up[np.any(inside, axis=1)])
        new = [ends or _around(old, region, at) for ends, old, region, at in zip(fixed, box, over, middle, strict=True)]
        if new == box:
            break
        box = new
    return Surface(found.across, found.up, found.values, highest)


def on_a_grid(function: Function, across: Ends, up: Ends) -> Surface:
    """Compute the function in a box, through the polynomial that agrees with it at Chebyshev's points.

    The polynomial is held to a few other places, and where it misses them one through more points is taken.
    """

    def places(u: Floats, v: Floats) -> list[tuple[float, float]]:
        return list(zip(_between(across, u).tolist(), _between(up, v).tolist(), strict=True))

    tried = [2 * np.modf(np.arange(1, 9) * step)[0] - 1 for step in LATTICE]
    truth = function(places(*tried))
    for nodes in NODES:
        line = chebyshev.chebpts1(nodes)
        u, v = np.meshgrid(line, line)
        values = function(places(u.ravel(), v.ravel())).reshape(nodes, nodes)
        # At these points Chebyshev's polynomials are orthogonal.
        basis = chebyshev.chebvander(line, nodes - 1)
        scale = np.where(np.arange(nodes) == 0, 1.0, 2.0) / nodes
        coefficients = scale[:, None] * (basis.T @ values @ basis) * scale
        missed = np.abs(chebyshev.chebval2d(tried[1], tried[0], coefficients) - truth)
        # Far below the top nobody looks closely.
        if (missed <= 0.005 + 0.005 * (values.max() - truth)).all():
            break
    fine = np.linspace(-1, 1, FINE)
    grid = np.asarray(chebyshev.chebgrid2d(fine, fine, coefficients), dtype=np.float64)
    return Surface(_between(across, fine), _between(up, fine), grid, float(grid.max()))


def _between(ends: Ends, share: Floats) -> Floats:
    """Give the places at shares from -1 to 1 of an interval."""
    return 0.5 * (ends[0] + ends[1]) + 0.5 * (ends[1] - ends[0]) * share


def _around(old: Ends, region: Floats, middle: float) -> Ends:
    """Give limits that hold the region with some room: those that there are, where they do."""
    (low, high), span = old, old[1] - old[0]
    # A region may lie between two points of the grid.
    first, last = (float(region[0]), float(region[-1])) if region.size else (middle, middle)
    before, after = (first - low) / span, (high - last) / span
    if min(before, after) > 0.05 and max(before, after) < 0.3:
        return low, high
    # A region that is cut off reaches farther, nobody knows how far.
    room = max(0.15 * (last - first), 0.01 * span)
    return (
        max(first - (room if before > 0.01 else 0.6 * span), middle - FARTHEST),
        min(last + (room if after > 0.01 else 0.6 * span), middle + FARTHEST),
    )
