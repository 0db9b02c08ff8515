"""How pictures look: colours, axes, legends. matplotlib is imported here, when a picture is drawn."""

from __future__ import annotations

from typing import Any, TypeAlias

Axes: TypeAlias = Any

# What happened, what a model says of it, and what is neither: titles, axes, lines to go by.
ACTUAL, MODEL, INK, PALE = "#4c78a8", "#d1495b", "#333333", "#c3c7cc"
# Of several models side by side. None is a grey, for what happened is drawn beside them in INK, nor the colour it has elsewhere.
COLORS = ("#d1495b", "#00798c", "#edae49", "#8d6a9f", "#66a182", "#b3589a", "#a0522d")
# Models that agree lie upon each other: through the dashes of one the other is seen. 7 colours and 4 dashes make 28 lines.
DASHES: tuple[Any, ...] = ("-", (0, (6, 2)), (0, (4, 2, 1, 2)), (0, (2, 2)))


def axes(ax: Axes | None) -> Axes:
    """Give the axes of the caller, or those of a new figure."""
    if ax is not None:
        return ax
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise ImportError("pictures need matplotlib: pip install matplotlib") from None
    return plt.subplots(figsize=(7, 4.2), layout="constrained")[1]


def finish(ax: Axes, title: str, x: str, y: str, *, grid: bool = True) -> None:
    """Write the title and what the axes count, and take away what says nothing."""
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


def counts_axis(ax: Axes, most: int) -> None:
    """Name numbers of purchases, the last of which stands for all beyond it."""
    ax.set_xticks(range(most + 1), [*map(str, range(most)), f"{most}+"])


def date_axis(ax: Axes) -> None:
    """Write dates as short as they can be told apart."""
    from matplotlib import dates as untyped

    dates: Any = untyped
    locator = dates.AutoDateLocator(minticks=4, maxticks=9)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))


def ending_line(ax: Axes, moment: Any) -> None:
    """Draw where the calibration ends."""
    ax.axvline(moment, color=INK, linewidth=1, linestyle=":")
    ax.annotate(
        "calibration ends ",
        (moment, 0.02),
        xycoords=("data", "axes fraction"),
        ha="right",
        va="bottom",
        color=INK,
        fontsize=9,
    )


def beside(ax: Axes, given: Axes | None) -> None:
    """Write the names of the lines beside them, where they hide nothing; on axes of the caller's, within."""
    place = {"loc": "best"} if given is not None else {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0)}
    ax.legend(frameon=False, **place)
