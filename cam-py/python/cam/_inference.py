"""How sure one can be: intervals, tests, posteriors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt

from cam._answers import Answers
from cam._call import Progress, flag, named_arguments, number, quantity_of, shown, warn, whole
from cam._estimates import Estimates
from cam._frames import Floats, Frame, Source, first_rows, row_count
from cam._posterior import PosteriorTables
from cam._tasks import run
from cam._walks import Walks, beside
from cam.errors import ConvergenceWarning, InvalidDataError, InvalidParameterError, NotFittedError, UnknownNameError

__all__ = ["Inference", "LikelihoodRatio", "PredictionIntervals"]


@dataclass(frozen=True)
class LikelihoodRatio:
    """What a likelihood-ratio test found."""

    statistic: float
    """Twice the difference of the log-likelihoods."""
    degrees_of_freedom: int
    """How many free parameters the full model has more."""
    p_value: float
    """The probability of a statistic as large, if the restricted model holds."""
    boundary: bool
    """Whether the restricted model has one parameter of the full one at the end of its domain."""


@dataclass(frozen=True, repr=False)
class PredictionIntervals:
    """Intervals for what a model predicts."""

    customers: Frame
    """For each customer `estimate` (at the estimates), `mean` (over the draws of the parameters), `parameter_lower` and
    `parameter_upper`; of what will happen also `process_lower` and `process_upper`, of chance alone, and `lower` and
    `upper`, of both: of the number of purchases, their discounted sum, or what the next one is worth."""
    total: dict[str, Any]
    """The same for the sum over all customers: `estimate`, `mean`, and, each a pair, `parameter`, `process` and `both`; and the
    number of `draws`."""

    def __repr__(self) -> str:
        said = [f"in all {self.total['estimate']:,.6g}"]
        for name, words in (("parameter", "parameters"), ("both", "with chance")):
            if (ends := self.total.get(name)) is not None:
                said.append(f"{words} {ends[0]:,.6g} to {ends[1]:,.6g}")
        return f"<PredictionIntervals of {row_count(self.customers):,} customers: {', '.join(said)}>"

    def _repr_html_(self) -> str:
        return f"{escape(repr(self)[1:-1])}{first_rows(self.customers)}"


class Inference(PosteriorTables, Answers):
    """Intervals, tests and posteriors of a model that was fitted."""

    # The data of the last fit: views of the caller's columns, and their unit. Neither pickled nor in the document.
    _data: tuple[Mapping[str, Floats], str | None] | None = None

    def confidence_intervals_(
        self,
        level: float = 0.95,
        *,
        method: str | None = None,
        summary: Frame | None = None,
        replicates: int | None = None,
        seed: int | None = None,
        kind: str | None = None,
        interval: str | None = None,
        threads: int | None = None,
        progress: Progress = None,
    ) -> dict[str, tuple[float, float]]:
        """Give an interval for each parameter.

        Parameters
        ----------
        level : float
            The probability with which an interval shall cover the parameter.
        method : {"wald", "profile", "bootstrap", "posterior"}, optional
            ``"wald"``: the normal approximation of the logarithm, so that it keeps to the positive numbers.
            ``"profile"``: the values that a likelihood-ratio test does not reject. ``"bootstrap"``: quantiles of fits
            to customers drawn again. ``"posterior"``: quantiles of the draws of a model fitted with
            ``method="nuts"``. By default ``"posterior"`` where there are draws, ``"wald"`` elsewhere.
        summary : frame or dict of arrays, optional
            The data of the fit, for profiles and the bootstrap; by default those of the last call of `fit`. A model
            that was opened from a document has none. Of `ParetoNbd.fit_time_varying` these are the steps.
        replicates : int, optional
            How often the bootstrap fits again, 1,000 by default: at least 2 / (1 - level), which is 40 for 0.95.
        seed : int, optional
            Its seed, 0 by default. Replicates depend on it and on their number, not on threads.
        kind : {"nonparametric", "parametric"}, optional
            Whether the bootstrap draws customers from the data, or from the fitted model.
        interval : {"percentile", "basic"}, optional
            Quantiles of the replicates, or those mirrored at the estimate.
        threads : int, optional
            How many threads to use; all processors by default.
        progress : bool or callable, optional
            ``True`` prints; a function gets ``(stage, done, total, value)``.

        Returns
        -------
        dict
            Lower and upper end by parameter that is estimated. A profile that never falls low enough has 0 or
            infinity for an end.

        Examples
        --------
        >>> import cam
        >>> summary = cam.summarize(cam.datasets.load_cdnow(), unit="W", observation_end="1997-09-30")
        >>> model = cam.BgNbd().fit(summary)
        >>> low, high = model.confidence_intervals_(0.95, method="profile")["r"]
        >>> round(low, 3), round(high, 3)
        (0.219, 0.269)
        """
        sampled = self._core is not None and self._core.sampled
        method = method or ("posterior" if sampled else "wald")
        of_bootstrap = {"replicates": replicates, "seed": seed, "kind": kind, "interval": interval}
        aside = [name for name, value in of_bootstrap.items() if value is not None and method != "bootstrap"]
        if summary is not None and method not in ("profile", "bootstrap"):
            aside.append("summary")
        if aside:
            which = 'method="bootstrap"' if aside != ["summary"] else "profiles and the bootstrap"
            raise InvalidParameterError(f"{aside[0]} is for {which}, and the method is {shown(method)}", field=aside[0])
        if method == "posterior":
            level = _level(level)
            tails = [0.5 * (1 - level), 0.5 * (1 + level)]
            ends = {name: np.quantile(draws, tails) for name, draws in self.posterior_.items()}
            return {name: (float(low), float(high)) for name, (low, high) in ends.items()}
        if method == "wald":
            return Estimates.confidence_intervals_(self, level)
        if method not in ("profile", "bootstrap"):
            raise UnknownNameError(
                f"no method named {shown(method)}; there are: wald, profile, bootstrap, posterior", field="method"
            )
        columns, unit = self._data_of(summary)
        options: dict[str, Any] = {"method": method, "level": _level(level)}
        if method == "bootstrap":
            if replicates is not None:
                options["replicates"] = whole("replicates", replicates, 2)
            options |= {name: value for name, value in (("kind", kind), ("interval", interval)) if value is not None}
            if seed is not None:
                options["seed"] = whole("seed", seed, 0)
        found = run(
            "confidence_intervals",
            columns,
            options,
            models=[self._fitted],
            unit=unit,
            threads=threads,
            progress=progress,
        )
        pairs = zip(found.columns["lower"].tolist(), found.columns["upper"].tolist(), strict=True)
        return dict(zip(found.output["parameters"], pairs, strict=True))

    def _data_of(self, summary: Frame | None) -> tuple[Mapping[str, Floats], str | None]:
        if summary is None:
            if self._data is None:
                raise NotFittedError("this model does not hold the data of its fit: pass them as summary=…")
            return self._data
        source = Source(summary)
        known = (*self._spec.columns, *self._spec.logs, "weight")
        columns = source.floats([name for name in known if name in source])
        if (encoding := self._encoding) is not None:
            columns |= encoding.read(source)
        return columns, source.unit

    def likelihood_ratio_test(self, other: Inference, *, boundary: bool = False) -> LikelihoodRatio:
        """Test whether the larger of two nested models is needed.

        Parameters
        ----------
        other : Model
            Fitted to the same data; one of the two holds the other as a special case, which is for the caller to know.
        boundary : bool
            Whether the smaller model is the larger one with a parameter at the end of its domain, as where nobody
            leaves. The statistic is then half of the time 0, and the p-value that of the mixture.

        Returns
        -------
        LikelihoodRatio

        Raises
        ------
        InvalidDataError
            They were fitted to different data.
        UnsupportedError
            The models have as many free parameters, or the smaller one the higher likelihood: they are not nested,
            and `aic_` or `bic_` compares them.

        References
        ----------
        Self, S. G. and Liang, K.-Y. (1987), Journal of the American Statistical Association 82, 605-610.
        """
        if not isinstance(other, Inference):
            raise InvalidParameterError(f"other must be a model, got {shown(other)}", field="other")
        if self._data is not None and other._data is not None:
            _check_same(self._data[0], other._data[0])
        models = sorted((self._fitted, other._fitted), key=lambda model: model.free)
        found = run("likelihood_ratio_test", {}, {"boundary": flag("boundary", boundary)}, models=models)
        return LikelihoodRatio(**found.output)

    def prediction_intervals(
        self,
        summary: Frame,
        quantity: str = "expected_purchases",
        *,
        level: float = 0.9,
        draws: int = 200,
        seed: int = 0,
        process: bool = True,
        parameters: bool = True,
        steps: Frame | None = None,
        customer: str = "customer_id",
        unit: str | None = None,
        threads: int | None = None,
        progress: Progress = None,
        **arguments: Any,
    ) -> PredictionIntervals:
        """Give intervals for a quantity, of every customer and of all together.

        What is not known of the parameters and what chance will do are told apart. The parameters are drawn from the
        posterior, where the model was fitted with ``method="nuts"``, and from the normal approximation of their
        logarithms elsewhere. The number of purchases to come has an exact distribution where the parameters are
        known, so its quantiles need no simulation; their discounted sum and what the next purchase is worth are drawn, once
        for each draw of the parameters. Of a probability there is only the first part. The total of a number of purchases is
        exact for up to 64 customers, and taken as normal for more.

        Parameters
        ----------
        summary : frame or dict of arrays
            One row per customer. A row with a NaN gives NaN, and is not in the total.
        quantity : str
            One of the `quantities` that `cam.models` lists for the model. With ``"expected_purchases"``,
            ``"discounted_expected_purchases"`` and ``"expected_spend"`` come the intervals of what will happen.
        level : float
            The probability with which an interval shall cover.
        draws : int
            Draws of the parameters.
        seed : int
            Their seed.
        process : bool
            Whether the intervals of what will happen are wanted, too; they take longer.
        parameters : bool
            Whether the parameters are drawn. If not, the estimates are taken as known, and chance alone is left: the way for a
            fit that ended at a boundary, where nothing says how well they are known.
        steps : frame or dict of arrays, optional
            After `ParetoNbd.fit_time_varying`: the steps of the customers of `summary`, as `cam.covariate_steps` gives them.
        customer : str
            The key by which they are found: a column of both, or the index of a pandas frame.
        unit : str, optional
            The unit of the table's times; needed only where the frame does not remember it.
        threads : int, optional
            How many threads to use; all processors by default.
        progress : bool or callable, optional
            ``True`` prints; a function gets ``(stage, done, total, value)``.
        **arguments
            Those of the quantity, such as `horizon`.

        Returns
        -------
        PredictionIntervals
            A frame of the kind of `summary`, with its other columns in front as in `predict`; and the total.
        """
        source = Source(summary)
        self._state_unit(source, unit)
        columns = source.floats(self._spec.columns)
        if "weight" in source:
            columns["weight"] = source.float("weight")
        encoding = self._encoding
        walks = None if steps is None else Walks(source, steps, customer)
        if walks is not None:
            columns = walks.columns(columns, [encoding])
        elif encoding is not None:
            columns |= encoding.read(source)
        options = {
            "quantity": quantity_of(quantity, arguments),
            "level": number("level", level),
            "draws": whole("draws", draws, 2),
            "seed": whole("seed", seed, 0),
            "process": flag("process", process),
            "parameters": flag("parameters", parameters),
        }
        with beside(source, walks), named_arguments(quantity):
            found = run(
                "prediction_intervals",
                columns,
                options,
                models=[self._fitted],
                unit=source.unit,
                threads=threads,
                progress=progress,
            )
        total = {name: tuple(value) if isinstance(value, list) else value for name, value in found.output.items()}
        read = encoding.columns if encoding is not None else ()
        return PredictionIntervals(source.scores(found.columns, read), total)

    # Posteriors.

    def _warn_of_draws(self) -> None:
        """Say what speaks against the draws of the last fit."""
        divergences, (r_hat, ess) = self.sampling_["divergences"], self._worst_mixing()
        chains = self.sampling_["sampling"]["chains"]
        if divergences:
            warn(
                f"{divergences} draws diverged: the sampler cannot follow the posterior everywhere, and parts of it may be "
                "missing. A higher target_accept, or priors that say more, may help",
                ConvergenceWarning,
            )
        if not r_hat <= 1.01:
            warn(
                f"the chains do not agree (R-hat {r_hat:.3f}): take more draws, or priors that say more",
                ConvergenceWarning,
            )
        elif not self.converged_:
            warn(
                f"the chains are worth only {ess:.0f} independent draws, less than {100 * chains}: take more draws",
                ConvergenceWarning,
            )

    @property
    def _sampled_model(self) -> str:
        return self._spec.id

    @property
    def posterior_(self) -> dict[str, npt.NDArray[np.float64]]:
        """The draws from the posterior, by parameter: chains x draws. For models fitted with ``method="nuts"``."""
        return self._fitted.posterior()[0]

    @property
    def sampling_(self) -> dict[str, Any]:
        """What the sampler says.

        `divergences`, `longest` (trajectories cut off), `acceptance` and `step` by chain, `gradients`, `rows` (how many
        trajectories ran over in place of all; None where over all) and `agreed` (how often all of them then accepted, by
        chain), and `sampling`, its options.
        """
        found: dict[str, Any] = json.loads(self._fitted.posterior()[1])
        found.pop("mixing")
        return found

    @property
    def diagnostics_(self) -> dict[str, dict[str, float]]:
        """Whether the chains agree, by parameter.

        `r_hat` (rank-normalised, split), `ess_bulk` and `ess_tail` (effective numbers of draws).
        """
        draws, told = self._fitted.posterior()
        return dict(zip(draws, json.loads(told)["mixing"], strict=True))


def _check_same(one: Mapping[str, Floats], other: Mapping[str, Floats]) -> None:
    """Refuse data of two fits that are not the same customers, in whatever order."""
    both = [_histories(one), _histories(other)]
    if any(columns is None for columns in both):
        return
    mine, theirs = (columns or {} for columns in both)
    for name in mine.keys() & theirs.keys():
        if not np.array_equal(np.sort(mine[name]), np.sort(theirs[name]), equal_nan=True):
            raise InvalidDataError(f"the models were fitted to different data: {name} is not the same", field=name)


def _histories(columns: Mapping[str, Floats]) -> dict[str, Floats] | None:
    """Give one value for each customer, of steps, too; None where rows stand for several customers."""
    if "weight" in columns:
        return None
    if "start" not in columns:
        return dict(columns)
    first = np.flatnonzero(np.diff(columns["customer"], prepend=np.nan) != 0)
    taken = {name: columns[name][first] for name in ("recency", "T")}
    return {**taken, "frequency": np.add.reduceat(columns["purchases"], first)}


def _level(level: Any) -> float:
    found = number("level", level)
    if not 0 < found < 1:
        raise InvalidParameterError(f"level must be between 0 and 1, got {found}", field="level")
    return found
