"""Pictures of a comparison of models, in the style of `cam.plotting`."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np

from cam._tracking import track, unit_days
from cam._walks import Walks
from cam.errors import InvalidParameterError
from cam.plotting._course import by_step, finish_tracking, moments
from cam.plotting._style import ACTUAL, COLORS, DASHES, INK, axes, beside, counts_axis, finish

if TYPE_CHECKING:
    from cam._compare import Comparable
    from cam._frames import Floats, Frame


class ComparisonPlots:
    """The pictures of a comparison; each takes ``ax=None`` and returns the Axes it drew on."""

    models: dict[str, Comparable]
    results: list[dict[str, Any]]
    customers: dict[str, dict[str, Floats]]
    _lorenz: dict[str, tuple[Floats, Floats]]
    _summary: Frame
    _walks: Walks | None

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
        given, ax = ax, axes(ax)
        for color, dashes, (name, holdout) in zip(cycle(COLORS), cycle(DASHES), self._holdouts(), strict=False):
            heights = np.array(holdout["transform"]["histogram"])
            ax.stairs(
                10 * heights / heights.sum(),
                np.linspace(0, 1, 11),
                color=color,
                linestyle=dashes,
                linewidth=1.8,
                label=name,
            )
        ax.axhline(1, color=INK, linewidth=1, linestyle=":")
        ax.set_ylim(bottom=0)
        finish(
            ax, "Probability integral transform", "transform of the purchases in the holdout", "density of customers"
        )
        beside(ax, given)
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
        ax = axes(ax)
        top = 0.0
        for color, dashes, (name, holdout) in zip(cycle(COLORS), cycle(DASHES), self._holdouts(), strict=False):
            x = [tenth["predicted"] for tenth in holdout["calibration"]]
            y = [tenth["actual"] for tenth in holdout["calibration"]]
            ax.plot(x, y, color=color, marker="o", markersize=5, linewidth=1.5, linestyle=dashes, label=name)
            top = max(top, *x, *y)
        ax.plot([0, top], [0, top], color=INK, linewidth=1, linestyle=":")
        finish(ax, "Calibration by tenths", "expected purchases", "actual purchases")
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
        ax = axes(ax)
        for color, dashes, (name, holdout) in zip(cycle(COLORS), cycle(DASHES), self._holdouts(), strict=False):
            x, y = self._lorenz[name]
            gini = holdout["ranking"]["gini_normalised"]
            label = name if gini is None else f"{name} (Gini {gini:.3f})"
            ax.plot(x, y, color=color, linewidth=1.8, linestyle=dashes, label=label)
        ax.plot([0, 1], [0, 1], color=INK, linewidth=1, linestyle=":")
        finish(
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
        ax = axes(ax)
        most = min(8, *(len(result["frequency"]["actual"]) for result in self.results)) - 1

        def joined(values: list[float]) -> list[float]:
            return [*values[:most], sum(values[most:])]

        at = np.arange(most + 1)
        ax.bar(at, joined(self.results[0]["frequency"]["actual"]), 0.8, color=ACTUAL, alpha=0.45, label="actual")
        for color, dashes, result in zip(cycle(COLORS), cycle(DASHES), self.results, strict=False):
            expected = joined(result["frequency"]["expected"])
            ax.plot(
                at,
                expected,
                color=color,
                marker="o",
                markersize=5,
                linewidth=1.2,
                linestyle=dashes,
                label=result["label"],
            )
        counts_axis(ax, most)
        finish(ax, "Customers by repeat purchases", "repeat purchases", "customers")
        ax.legend(frameon=False)
        return ax

    def plot_tracking(
        self,
        log: Frame,
        *,
        cumulative: bool = True,
        step: str = "W",
        calibration_end: Any = None,
        observation_end: Any = None,
        customer: str = "customer_id",
        time: str = "date",
        ax: Any = None,
    ) -> Any:
        """Draw repeat purchases of the whole base over time, actual and as each model expects them.

        Where a model has covariates, only the customers of the calibration are followed, whose covariates are known.

        Parameters
        ----------
        log : frame or dict of arrays
            The transaction log.
        cumulative : bool
            Whether to draw the total so far, or the purchases of each step.
        step, calibration_end, observation_end, customer, time
            As for `cam.plotting.plot_tracking`.
        ax : Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        Axes
        """
        models = {name: model for name, model in self.models.items() if not model._spec.discrete}
        if not models:
            raise InvalidParameterError("this picture is of models of continuous time", field="models")
        customers = self._covariates()
        reading = {"customer": customer, "time": time, "observation_end": observation_end}
        drawn: Any = None
        for (name, model), color, dashes in zip(models.items(), cycle(COLORS), cycle(DASHES), strict=False):
            followed = track(model, log, step, customers=customers, walks=self._walks, **reading)
            at, dated = moments(followed, log, time, unit_days(model))
            actual, expected = by_step(followed, cumulative)
            if drawn is None:
                drawn = axes(ax)
                drawn.plot(at, actual, color=INK, linewidth=2.2, label="actual")
            drawn.plot(at, expected, color=color, linewidth=1.8, linestyle=dashes, label=name)
        finish_tracking(drawn, dated, cumulative, step, calibration_end)
        beside(drawn, ax)
        return drawn

    def _covariates(self) -> Frame | None:
        """Give the customers with their covariates, where some model has covariates."""
        return self._summary if any(model._encoding for model in self.models.values()) else None

    def _holdouts(self) -> list[tuple[str, dict[str, Any]]]:
        found = [(result["label"], result["holdout"]) for result in self.results if result["holdout"] is not None]
        if not found:
            raise InvalidParameterError("this picture needs a holdout", field="holdout")
        return found
