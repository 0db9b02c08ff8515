"""cam: the same tasks through its Python door, from a pandas frame, or a polars frame for the
library `cam_polars`.

Everything this comparison assumes of the door is in this file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from data import BG, GAMMA_GAMMA, PARETO, Data

from . import DERT_RATE, HORIZON, MONTHLY_DISCOUNT, MONTHS, WEEKS_A_MONTH
from .posteriors import CHAINS, DRAWS, LEVEL, Draws, fitted

Work = Callable[[], Any]
# A discount for a week that comes to that of lifetimes for a month.
WEEKLY_DISCOUNT = (1.0 + MONTHLY_DISCOUNT) ** (1.0 / WEEKS_A_MONTH) - 1.0


def _frame(data: Data, backend: str = "pandas") -> Any:
    if backend == "polars":
        import polars as pl

        return pl.DataFrame(data.columns)
    import pandas as pd

    return pd.DataFrame(data.columns, copy=False)


def _fit(family: str) -> Callable[[Data, int], Work]:
    def prepare(data: Data, threads: int) -> Work:
        import cam

        frame = _frame(data)
        if family == "GammaGamma":
            frame = frame[frame["frequency"] > 0]
        return lambda: getattr(cam, family)().fit(frame, threads=threads).params_

    return prepare


def _fit_time_varying(data: Data, threads: int) -> Work:
    import cam

    frame, names = _frame(data), ["season", "promotion", "price"]
    model = cam.ParetoNbd(purchase_covariates=names, lifetime_covariates=names)
    return lambda: model.fit_time_varying(frame, threads=threads).params_


def _score(
    family: str, params: dict[str, float], method: str, *args: Any, **options: Any
) -> Callable[[Data, int], Work]:
    def prepare(data: Data, threads: int) -> Work:
        import cam

        model, frame = getattr(cam, family).from_params(**params), _frame(data)
        return lambda: getattr(model, method)(frame, *args, threads=threads, **options)

    return prepare


def _clv(family: str, params: dict[str, float]) -> Callable[[Data, int], Work]:
    """Twelve months discounted by the month, as the peers have it: rates and times are turned into their
    months, outside the clock, so that the same number is computed."""

    def prepare(data: Data, threads: int) -> Work:
        import cam

        rates = {"alpha", "beta"} if family == "ParetoNbd" else {"alpha"}
        monthly = {name: value / WEEKS_A_MONTH if name in rates else value for name, value in params.items()}
        frame = _frame(data)
        frame[["recency", "T"]] /= WEEKS_A_MONTH
        model = getattr(cam, family).from_params(**monthly)
        spend = cam.GammaGamma.from_params(**GAMMA_GAMMA)
        return lambda: cam.customer_lifetime_value(
            model, spend, frame, horizon=MONTHS, discount_rate=MONTHLY_DISCOUNT, threads=threads
        )

    return prepare


def _all_scores(data: Data, threads: int) -> Work:
    import cam

    model, frame = cam.ParetoNbd.from_params(**PARETO), _frame(data)
    spend = cam.GammaGamma.from_params(**GAMMA_GAMMA)

    def work() -> dict[str, float]:
        scores = model.predict(
            frame, horizon=HORIZON, discount_rate=WEEKLY_DISCOUNT, spend=spend, threads=threads
        )
        dert = model.discounted_expected_purchases(frame, continuous_discount_rate=DERT_RATE, threads=threads)
        return {"columns": len(scores.columns), "mean dert": dert.mean()}

    return work


def _summary(backend: str) -> Callable[[Data, int], Work]:
    def prepare(data: Data, threads: int) -> Work:
        import cam

        log = _frame(data, backend)
        return lambda: cam.summarize(
            log, customer="customer_id", time="date", amount="amount", unit="D", threads=threads
        )

    return prepare


def _sample(kind: str) -> Callable[[Data, int], Work]:
    def prepare(data: Data, threads: int) -> Work:
        import cam  # noqa: F401  what is imported is outside the clock

        frame = _frame(data)
        if kind == "gg":
            frame = frame[frame["frequency"] > 0]

        def work() -> Draws:
            model = fitted(kind, frame, chains=4, draws=1000, threads=threads)
            return Draws(model.posterior_, divergences=model.sampling_["divergences"])

        return work

    return prepare


def _posterior_predictions(kind: str) -> Callable[[Data, int], Work]:
    """Means and intervals of expected purchases and P(alive) over the draws of a posterior."""

    def prepare(data: Data, threads: int) -> Work:
        frame = _frame(data)
        model = fitted(kind, frame, chains=CHAINS, draws=DRAWS, threads=threads)
        asked = {"level": LEVEL, "draws": CHAINS * DRAWS, "process": False, "threads": threads}

        def work() -> dict[str, float]:
            out = {}
            for name, given in (("expected_purchases", {"horizon": HORIZON}), ("probability_alive", {})):
                found = model.prediction_intervals(frame, name, **asked, **given).customers
                for column, of in (
                    ("mean", "mean"),
                    ("lower", "parameter_lower"),
                    ("upper", "parameter_upper"),
                ):
                    out[f"{name} {column}"] = found[of].mean()
            return out

        return work

    return prepare


TASKS: dict[Any, Callable[[Data, int], Work]] = {
    "nuts_bg": _sample("bg"),
    "nuts_pareto": _sample("pareto"),
    "nuts_gg": _sample("gg"),
    "posterior_bg": _posterior_predictions("bg"),
    "posterior_pareto": _posterior_predictions("pareto"),
    "fit_bg": _fit("BgNbd"),
    "fit_pareto": _fit("ParetoNbd"),
    "fit_gg": _fit("GammaGamma"),
    "fit_time_varying": _fit_time_varying,
    "score_bg_alive": _score("BgNbd", BG, "probability_alive"),
    "score_bg_purchases": _score("BgNbd", BG, "expected_purchases", HORIZON),
    "score_bg_clv": _clv("BgNbd", BG),
    "score_pareto_alive": _score("ParetoNbd", PARETO, "probability_alive"),
    "score_pareto_purchases": _score("ParetoNbd", PARETO, "expected_purchases", HORIZON),
    "score_pareto_clv": _clv("ParetoNbd", PARETO),
    "score_pareto_all": _all_scores,
    ("cam", "summary"): _summary("pandas"),
    ("cam_polars", "summary"): _summary("polars"),
}
