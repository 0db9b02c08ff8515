"""Which of several models of purchases to take, and why."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, TypeAlias

import numpy as np

from cam._base import WEIGHT
from cam._call import Progress, number, shown, whole
from cam._classics import ParetoNbd
from cam._compare_plots import ComparisonPlots
from cam._frames import Floats, Frame, Source, default_kind, make
from cam._hierarchical import HierarchicalModel
from cam._models import PurchaseModel, SpendModel
from cam._tasks import run
from cam._tracking import track
from cam._walks import Walks, beside
from cam.errors import (
    AssumptionWarning,
    CamError,
    ConvergenceWarning,
    InvalidParameterError,
    InvalidShapeError,
    UnsupportedError,
)

__all__ = ["Comparison", "compare"]

Comparable: TypeAlias = PurchaseModel | HierarchicalModel

# What the holdout is, in the table of the core.
HOLDOUT, LENGTH, SPENT = "frequency_holdout", "duration_holdout", "monetary_value_holdout"


class Comparison(ComparisonPlots):
    """Models of purchases, compared on the same customers.

    Attributes
    ----------
    models : dict
        The fitted models by name.
    recommended : str
        The name of the one to take.
    warnings : list of str
        What the data say whatever the model.
    results : list of dict
        Everything that was found for each model, in order: `log_likelihood`, `aic`, `bic`, `frequency`, `holdout`, `warnings`.
    customers : dict
        For each model, by name, `expected`, `log_probability` and `transform` of every customer; empty without a holdout.
    """

    def __init__(
        self,
        models: Mapping[str, Comparable],
        output: Mapping[str, Any],
        columns: Mapping[str, Floats],
        kind: str,
        summary: Frame,
        walks: Walks | None = None,
    ) -> None:
        self.models = dict(models)
        self.results: list[dict[str, Any]] = list(output["models"])
        self.recommended: str = self.results[output["recommended"]]["label"]
        self._reason: str = output["reason"]
        self.warnings: list[str] = list(output["warnings"])
        self.customers: dict[str, dict[str, Floats]] = {}
        self._lorenz: dict[str, tuple[Floats, Floats]] = {}
        for name in self.models:
            if f"expected:{name}" in columns:
                parts = ("expected", "log_probability", "transform")
                self.customers[name] = {part: columns[f"{part}:{name}"] for part in parts}
                self._lorenz[name] = (columns[f"lorenz_x:{name}"], columns[f"lorenz_y:{name}"])
        self._kind = kind
        self._summary = summary
        self._walks = walks

    @property
    def reason(self) -> str:
        """Why the recommended model is to be taken, in a sentence; and whether there are warnings about it."""
        warned = next(bool(result["warnings"]) for result in self.results if result["label"] == self.recommended)
        told = "; but see its warnings"
        # What follows the plot of the whole base is not known to the core.
        return self._reason + told if warned and not self._reason.endswith(told) else self._reason

    @property
    def best(self) -> Comparable:
        """The recommended model."""
        return self.models[self.recommended]

    def frame(self, backend: str | None = None) -> Frame:
        """Give one row per model, with the measures as columns.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow", "numpy"}, optional
            The kind of frame; by default that of the data.

        Returns
        -------
        frame
            `log_likelihood`, `aic`, `bic` and `frequency_p_value` of the calibration; with a holdout `log_score` (the mean of -ln
            of the probability of what happened), its excess over the best and the standard error of that, `predicted` and
            `actual` purchases in all, `aggregate_error`, `mae`, `rmse`, `spearman`, `kendall`, `gini` (relative to the best
            order), `lift_10`, `lift_20`, and `pit_p_value`, that of Kolmogorov's test of the probability integral transform; and
            where spend is known `value_gini` and `value_lift_10`.
        """
        rows = [_row(result) for result in self.results]
        columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
        kind = self._kind if backend is None else default_kind(backend)
        return make(kind, columns, {}, index=[result["label"] for result in self.results], index_name="model")

    def __repr__(self) -> str:
        return f"<Comparison of {', '.join(self.models)}: {self.reason}>"

    def _repr_html_(self) -> str:
        names = list(_row(self.results[0]))
        head = "".join(f"<th>{escape(name.replace('_', ' '))}</th>" for name in names)
        rows = []
        for result in self.results:
            cells = "".join(f"<td>{_shown(value)}</td>" for value in _row(result).values())
            label = escape(result["label"])
            label = f"<b>{label}</b>" if result["label"] == self.recommended else label
            rows.append(f"<tr><th>{label}</th>{cells}</tr>")
        said = [*self.warnings, *(f"{r['label']}: {w}" for r in self.results for w in r["warnings"])]
        told = f"<ul>{''.join(f'<li>{escape(w)}</li>' for w in said)}</ul>" if said else ""
        return f"{escape(self.reason)}<table><tr><th></th>{head}</tr>{''.join(rows)}</table>{told}"


def _row(result: Mapping[str, Any]) -> dict[str, float]:
    row: dict[str, Any] = {
        "parameters": result["parameters"],
        "log_likelihood": result["log_likelihood"],
        "aic": result["aic"],
        "bic": result["bic"],
        "frequency_p_value": result["frequency"]["p_value"],
    }
    holdout = result["holdout"]
    if holdout is not None:
        errors, ranking = holdout["errors"], holdout["ranking"]
        row |= {
            "log_score": holdout["log_score"],
            "log_score_excess": holdout["log_score_excess"],
            "log_score_excess_error": holdout["log_score_excess_error"],
            "predicted": errors["predicted_total"],
            "actual": errors["actual_total"],
            **{name: errors[name] for name in ("aggregate_error", "mae", "rmse")},
            **{name: ranking[name] for name in ("spearman", "kendall")},
            "gini": ranking["gini_normalised"],
            **{name: ranking[name] for name in ("lift_10", "lift_20")},
            "pit_p_value": holdout["transform"]["p_value"],
        }
        if holdout["value_ranking"] is not None:
            row |= {
                "value_gini": holdout["value_ranking"]["gini_normalised"],
                "value_lift_10": holdout["value_ranking"]["lift_10"],
            }
    # What is not a number in JSON is null: infinite scores, and tests without a degree of freedom.
    missing = {"log_score": math.inf, "log_score_excess": math.inf, "log_score_excess_error": math.inf}
    return {name: missing.get(name, math.nan) if value is None else value for name, value in row.items()}


def _shown(value: float) -> str:
    if isinstance(value, int):
        return str(value)
    return "" if math.isnan(value) else f"{value:,.1f}" if abs(value) >= 1000 else f"{value:.4g}"


def compare(
    models: Sequence[Comparable] | Mapping[str, Comparable],
    calibration: Frame,
    holdout: Any = None,
    *,
    horizon: float | None = None,
    spend: SpendModel | None = None,
    log: Frame | None = None,
    log_options: Mapping[str, Any] | None = None,
    steps: Frame | None = None,
    customer: str = "customer_id",
    unit: str | None = None,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress = None,
) -> Comparison:
    """Compare models of purchases on what was known at a cut-off and what came after it.

    Parameters
    ----------
    models : sequence or dict of Model
        Models of purchases; those that are not fitted yet are fitted to `calibration`. A dict names them. `ParetoNbdHb` and
        `ParetoGgg` may be among them, but for covariates: they answer with 400 draws at most, which takes a while, and their
        log-likelihood is that of customers of whom the draws are known.
    calibration : frame or dict of arrays
        What was known: the columns of all models; or what `cam.split` gives, which has the holdout in it.
    holdout : str or array, optional
        Purchases of each customer in the holdout: a column of `calibration`, or numbers. By default the column
        `frequency_holdout`, where there is one.
    horizon : float, optional
        The length of the holdout; by default the column `duration_holdout`.
    spend : SpendModel, optional
        A fitted model of spend: then the customers are also ranked by value, where `monetary_value_holdout` is known.
    log : frame or dict of arrays, optional
        The transaction log behind `calibration`: then repeat purchases are followed week by week, and seasons are told of. Where
        a model has covariates, only customers of `calibration` are followed: it is there that their covariates are found, by key.
    log_options : dict, optional
        How the log is read: `customer`, `time` and `observation_end`, as for `cam.summarize`.
    steps : frame or dict of arrays, optional
        Where covariates change over time: the steps of the customers of `calibration` until its end, with what the covariates
        are after it, as ``cam.covariate_steps(…, observation_end=calibration_end)`` gives them. Pareto/NBD models whose
        covariates are columns of the steps are fitted to them, and judged by them.
    customer : str
        The key by which the steps are found: a column of both, or the index of a pandas frame.
    unit : str, optional
        The unit of the table's times; needed only where the frame does not remember it.
    seed : int
        The seed of the randomised probability integral transform.
    threads : int, optional
        How many threads to use; all processors by default. The result does not depend on it.
    progress : bool or callable, optional
        ``True`` prints; a function gets ``(stage, done, total, value)``.

    Returns
    -------
    Comparison
        With `frame`, `recommended`, `reason`, `warnings` and pictures.

    Notes
    -----
    The recommendation goes by the log score, the mean of -ln of the probability that the model gave to what happened; where
    others are within two standard errors of the best, the one with the fewest parameters is taken. Without a holdout it goes
    by BIC.

    References
    ----------
    Gneiting, T. and Raftery, A. E. (2007), Strictly proper scoring rules, prediction, and estimation, Journal of the American
    Statistical Association 102(477), 359-378. Czado, C., Gneiting, T. and Held, L. (2009), Predictive model assessment for count
    data, Biometrics 65(4), 1254-1261.

    Examples
    --------
    >>> import cam
    >>> split = cam.split(cam.datasets.load_cdnow(), calibration_end="1997-09-30", amount="amount", unit="W")
    >>> compared = cam.compare([cam.BgNbd(), cam.ParetoNbd(), cam.Nbd()], split)
    >>> compared.frame()[["log_likelihood", "predicted", "actual"]].round(1)
            log_likelihood  predicted  actual
    model
    bg_nbd         -9582.4     1653.4  1882.0
    pareto_nbd     -9595.0     1665.5  1882.0
    nbd            -9763.7     2929.8  1882.0
    """
    source = Source(calibration)
    source.state_unit(unit)
    walks = None if steps is None else Walks(source, steps, customer)
    named = _fitted(_named(models), calibration, walks, unit, threads)
    columns = source.floats(dict.fromkeys(name for model in named.values() for name in model._spec.columns))
    extra = dict.fromkeys([name for model in named.values() for name in model._spec.logs])
    columns |= source.floats(
        [name for name in (*extra, "monetary_value", WEIGHT) if name in source and name not in columns]
    )
    encodings = [model._encoding for model in named.values() if model._encoding is not None]
    for encoding in encodings:
        if walks is None or not walks.hold(encoding.columns):
            columns |= encoding.read(source)
    options: dict[str, Any] = {"labels": list(named), "seed": whole("seed", seed, 0)}
    counts = _counts(source, holdout)
    if counts is not None:
        columns["frequency_holdout"] = counts
        options["holdout"] = _length(source, horizon)
        if spend is not None and SPENT in source:
            columns["expected_spend"] = spend._score(source, "expected_spend", threads)
            columns["value_holdout"] = counts * source.float(SPENT)
    elif horizon is not None:
        raise InvalidShapeError(f"a horizon needs a holdout: the column {HOLDOUT!r}, or holdout=…", field="holdout")
    with beside(source, walks):
        answer = run(
            "compare",
            columns if walks is None else walks.columns(columns, encodings),
            options,
            models=[model._fitted for model in named.values()],
            unit=source.unit,
            threads=threads,
            progress=progress,
        )
    compared = Comparison(named, answer.output, answer.columns, source.kind, calibration, walks)
    if log is not None:
        _add_tracking(compared, log, dict(log_options or {}))
    return compared


def _named(models: Sequence[Comparable] | Mapping[str, Comparable]) -> dict[str, Comparable]:
    if isinstance(models, Mapping):
        named = {str(name): model for name, model in models.items()}
    else:
        named = {}
        for model in models:
            if not isinstance(model, PurchaseModel | HierarchicalModel):
                raise InvalidParameterError(f"models must be models of purchases, got {shown(model)}", field="models")
            name, again = model._spec.id, 2
            while name in named:
                name, again = f"{model._spec.id}_{again}", again + 1
            named[name] = model
    for name, model in named.items():
        if not isinstance(model, PurchaseModel | HierarchicalModel):
            raise InvalidParameterError(f"models must be models of purchases, got {shown(model)}", field="models")
        if isinstance(model, HierarchicalModel) and model._covariates:
            raise UnsupportedError(f"{name} has covariates, and is compared without any", field="models")
    if not named:
        raise InvalidShapeError("a comparison needs at least one model", field="models")
    return named


def _fitted(
    named: dict[str, Comparable], calibration: Frame, walks: Walks | None, unit: str | None, threads: int | None
) -> dict[str, Comparable]:
    for name, model in named.items():
        if model._core is None:
            with warnings.catch_warnings():
                # The comparison tells of them itself.
                warnings.simplefilter("ignore", ConvergenceWarning)
                warnings.simplefilter("ignore", AssumptionWarning)
                try:
                    if walks is not None and isinstance(model, ParetoNbd) and walks.hold(model._asked.names()):
                        model.fit_time_varying(walks.steps(), customer=walks.key, unit=unit, threads=threads)
                    else:
                        model.fit(calibration, unit=unit, threads=threads)
                except CamError as problem:
                    told = type(problem)(f"the fit of {name}: {problem}", row=problem.row, field=problem.field)
                    for note in getattr(problem, "__notes__", ()):
                        told.add_note(note)
                    raise told from None
    return named


def _counts(source: Source, holdout: Any) -> Floats | None:
    if holdout is None:
        return source.float(HOLDOUT) if HOLDOUT in source else None
    if isinstance(holdout, str):
        return source.float(holdout)
    counts = np.asarray(source.beside(holdout, "holdout"), dtype=np.float64)
    if counts.ndim != 1:
        raise InvalidShapeError(f"holdout must have one dimension, got {counts.ndim}", field="holdout")
    return counts


def _length(source: Source, horizon: float | None) -> float:
    if horizon is not None:
        return number("horizon", horizon)
    if LENGTH not in source:
        message = f"say how long the holdout is: horizon=…, or a column {LENGTH!r}"
        raise InvalidParameterError(message, field="horizon")
    lengths = np.unique(source.float(LENGTH))
    if lengths.size != 1:
        raise InvalidParameterError(f"{LENGTH!r} must be one length for all customers", field="horizon")
    return float(lengths[0])


def _add_tracking(compared: Comparison, log: Frame, options: dict[str, Any]) -> None:
    """Follow repeat purchases step by step: expected of each model, and actual; and tell of seasons."""
    customers = compared._covariates()
    for name, result in zip(compared.models, compared.results, strict=True):
        model = compared.models[name]
        if model._spec.discrete:
            continue
        try:
            followed = track(model, log, customers=customers, walks=compared._walks, **options)
        except InvalidShapeError as problem:
            if customers is None:
                raise
            result["warnings"].append(f"repeat purchases were not followed: {problem}")
            continue
        # While customers are still being acquired there is little to see.
        settled = followed.end > followed.acquired
        if settled.sum() < 8:
            continue
        expected, actual = (np.diff(values, prepend=0.0)[settled] for values in (followed.expected, followed.actual))
        found = run("track", {"expected": expected, "actual": actual}).output
        result["tracking"] = found
        if found["contradicted"]:
            result["warnings"].append(
                f"repeat purchases rise and fall together over time (deviations {found['dispersion']:.1f} times those of chance, "
                f"autocorrelation {found['autocorrelation']:.2f}): seasons, campaigns or a trend"
            )
