"""Pictures of a comparison of models, in the style of `cam.plotting`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cam.errors import InvalidParameterError

if TYPE_CHECKING:
    from cam._frames import Floats, Frame
    from cam._models import PurchaseModel

COLORS = ("#d1495b", "#4c78a8", "#edae49", "#00798c", "#8d6a9f", "#66a182", "#7f7f7f", "#b07aa1")


class ComparisonPlots:
    """The pictures of a comparison; each takes ``ax=None`` and returns the Axes it drew on."""

    models: dict[str, PurchaseModel]
    results: list[dict[str, Any]]
    customers: dict[str, dict[str, Floats]]
    _lorenz: dict[str, tuple[Floats, Floats]]
    _summary: Frame

    def plot_transform(self, *, ax: Any = None) -> Any:
        """Draw the histogram of the probability integral transform of each model: level, if the model is right.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        Axes
        """
        from cam.plotting import INK, _axes, _finish

        ax = _axes(ax)
        for color, (name, holdout) in zip(COLORS, self._holdouts(), strict=False):
            heights = np.array(holdout["transform"]["histogram"])
            ax.stairs(10 * heights / heights.sum(), np.linspace(0, 1, 11), color=color, linewidth=1.8, label=name)
        ax.axhline(1, color=INK, linewidth=1, linestyle=":")
        ax.set_ylim(bottom=0)
        _finish(
            ax, "Probability integral transform", "transform of the purchases in the holdout", "density of customers"
        )
        ax.legend(frameon=False)
        return ax

    def plot_calibration(self, *, ax: Any = None) -> Any:
        """Draw mean actual purchases in the holdout over mean expected ones, by tenths of the customers.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        Axes
        """
        from cam.plotting import INK, _axes, _finish

        ax = _axes(ax)
        top = 0.0
        for color, (name, holdout) in zip(COLORS, self._holdouts(), strict=False):
            x = [tenth["predicted"] for tenth in holdout["calibration"]]
            y = [tenth["actual"] for tenth in holdout["calibration"]]
            ax.plot(x, y, color=color, marker="o", markersize=5, linewidth=1.5, label=name)
            top = max(top, *x, *y)
        ax.plot([0, top], [0, top], color=INK, linewidth=1, linestyle=":")
        _finish(ax, "Calibration by tenths", "expected purchases", "actual purchases")
        ax.legend(frameon=False, loc="upper left")
        return ax

    def plot_lift(self, *, ax: Any = None) -> Any:
        """Draw which share of the purchases the best customers by prediction made.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        Axes
        """
        from cam.plotting import INK, _axes, _finish

        ax = _axes(ax)
        for color, (name, holdout) in zip(COLORS, self._holdouts(), strict=False):
            x, y = self._lorenz[name]
            gini = holdout["ranking"]["gini_normalised"]
            label = name if gini is None else f"{name} (Gini {gini:.3f})"
            ax.plot(x, y, color=color, linewidth=1.8, label=label)
        ax.plot([0, 1], [0, 1], color=INK, linewidth=1, linestyle=":")
        _finish(
            ax, "Purchases by the best customers", "share of customers, best first", "share of purchases in the holdout"
        )
        ax.legend(frameon=False, loc="lower right")
        return ax

    def plot_frequency(self, *, ax: Any = None) -> Any:
        """Draw how many customers bought again 0, 1, 2, … times in the calibration, and how many each model expects.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        Axes
        """
        from cam.plotting import ACTUAL, _axes, _counts_axis, _finish

        ax = _axes(ax)
        most = min(8, *(len(result["frequency"]["actual"]) for result in self.results)) - 1

        def joined(values: list[float]) -> list[float]:
            return [*values[:most], sum(values[most:])]

        at = np.arange(most + 1)
        ax.bar(at, joined(self.results[0]["frequency"]["actual"]), 0.8, color=ACTUAL, alpha=0.45, label="actual")
        for color, result in zip(COLORS, self.results, strict=False):
            expected = joined(result["frequency"]["expected"])
            ax.plot(at, expected, color=color, marker="o", markersize=5, linewidth=1, label=result["label"])
        _counts_axis(ax, most)
        _finish(ax, "Customers by repeat purchases", "repeat purchases", "customers")
        ax.legend(frameon=False)
        return ax

    def plot_tracking(self, log: Frame, *, cumulative: bool = True, ax: Any = None, **options: Any) -> Any:
        """Draw repeat purchases of the whole base over time, actual and as each model expects them.

        Parameters
        ----------
        log : frame or dict of arrays
            The transaction log.
        cumulative : bool
            Whether to draw the total so far, or the purchases of each step.
        ax : Axes, optional
            Where to draw; a new figure by default.
        **options
            As for `cam.plotting.plot_tracking`.

        Returns
        -------
        Axes
        """
        from cam.plotting import plot_tracking

        drawn = None
        for color, (name, model) in zip(COLORS, self.models.items(), strict=False):
            if model._spec.discrete:
                continue
            before = 0 if drawn is None else len(drawn.lines)
            drawn = plot_tracking(model, log, cumulative=cumulative, ax=ax if drawn is None else drawn, **options)
            lines = drawn.lines[before:]
            lines[1].set_color(color)
            lines[1].set_label(name)
            if before:
                # What happened, and the end of the calibration, are drawn already.
                for line in (lines[0], *lines[2:]):
                    line.remove()
                for text in drawn.texts[1:]:
                    text.remove()
        if drawn is None:
            raise InvalidParameterError("this picture is of models of continuous time", field="models")
        drawn.legend(frameon=False)
        return drawn

    def _holdouts(self) -> list[tuple[str, dict[str, Any]]]:
        found = [(result["label"], result["holdout"]) for result in self.results if result["holdout"] is not None]
        if not found:
            raise InvalidParameterError("this picture needs a holdout", field="holdout")
        return found
