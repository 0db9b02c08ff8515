"""PyMC-Marketing 0.19.2: maximum a posteriori fits with its default priors, scores at a point, its
summary of a log; posteriors by its default sampler, NUTS, and predictions from their draws.

Scores are asked of a model whose posterior is set to one draw of one chain, which is what its MAP
fit leaves behind.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from data import BG, GAMMA_GAMMA, PARETO, Data

from . import HORIZON, MONTHLY_DISCOUNT, MONTHS
from .posteriors import CHAINS, DRAWS, LEVEL, PARAMETERS, Draws, fitted

Work = Callable[[], Any]
CLASSES = {"bg": "BetaGeoModel", "pareto": "ParetoNBDModel", "gg": "GammaGammaModel"}


def at_point(kind: str, params: dict[str, float], frame: pd.DataFrame) -> Any:
    """A model of `frame` whose posterior is the one point `params`."""
    import arviz as az
    from pymc_marketing import clv

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = getattr(clv, CLASSES[kind])()
        model.build_model(frame)
        draws = {name: np.full((1, 1), value, dtype=np.float64) for name, value in params.items()}
        model.idata = az.from_dict(draws)
    return model


def _frame(data: Data) -> pd.DataFrame:
    return pd.DataFrame(data.columns, copy=False)


def _fit(kind: str) -> Callable[[Data, int], Work]:
    def prepare(data: Data, _threads: int) -> Work:
        from pymc_marketing import clv

        frame = _frame(data)
        if kind == "gg":
            frame = frame[frame["frequency"] > 0]

        def work() -> dict[str, float]:
            model = getattr(clv, CLASSES[kind])()
            model.fit(frame, method="map", progressbar=False)
            return {
                str(k): float(v.values.ravel()[0])
                for k, v in model.fit_result.data_vars.items()
                if v.size == 1
            }

        return work

    return prepare


def _score(kind: str, params: dict[str, float], method: str, **options: Any) -> Callable[[Data, int], Work]:
    def prepare(data: Data, _threads: int) -> Work:
        frame = _frame(data)
        model = at_point(kind, params, frame)
        return lambda: getattr(model, method)(data=frame, **options).values

    return prepare


def _clv(kind: str, params: dict[str, float]) -> Callable[[Data, int], Work]:
    def prepare(data: Data, _threads: int) -> Work:
        frame = _frame(data)
        model = at_point(kind, params, frame)
        spend = at_point("gg", GAMMA_GAMMA, frame[frame["frequency"] > 0])
        return lambda: (
            spend.expected_customer_lifetime_value(
                model, data=frame.copy(), future_t=MONTHS, discount_rate=MONTHLY_DISCOUNT, time_unit="W"
            ).values
        )

    return prepare


def _summary(data: Data, _threads: int) -> Work:
    from pymc_marketing.clv import rfm_summary

    log = pd.DataFrame(data.columns, copy=False)
    return lambda: rfm_summary(log, "customer_id", "date", "amount", time_unit="D")


# Draws to warm up and to keep, of each of two chains; Pareto/NBD has seconds a draw.
SAMPLES = {"bg": (1000, 1000), "gg": (1000, 1000), "pareto": (250, 250)}


def _sample(kind: str) -> Callable[[Data, int], Work]:
    def prepare(data: Data, _threads: int) -> Work:
        from pymc_marketing import clv

        frame = _frame(data)
        if kind == "gg":
            frame = frame[frame["frequency"] > 0]
        tune, draws = SAMPLES[kind]

        def work() -> Draws:
            model = getattr(clv, CLASSES[kind])()
            # NUTS, which it advises against for Pareto/NBD: the same sampler is compared.
            model.fit(
                frame,
                method="mcmc",
                tune=tune,
                draws=draws,
                chains=2,
                cores=1,
                random_seed=1,
                progressbar=False,
            )
            posterior = model.idata.posterior
            divergent = model.idata.sample_stats["diverging"].values.sum()
            return Draws(
                {name: posterior[name].values for name in PARAMETERS[kind]}, divergences=float(divergent)
            )

        return work

    return prepare


def _posterior_predictions(kind: str) -> Callable[[Data, int], Work]:
    """Means and intervals over the draws that cam is given, too: they are made outside the clock."""

    def prepare(data: Data, threads: int) -> Work:
        import arviz as az
        from pymc_marketing import clv

        frame = _frame(data)
        draws = fitted(kind, frame, chains=CHAINS, draws=DRAWS, threads=threads).posterior_
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = getattr(clv, CLASSES[kind])()
            model.build_model(frame)
            model.idata = az.from_dict({name: np.asarray(values) for name, values in draws.items()})
        tails = [0.5 * (1.0 - LEVEL), 0.5 * (1.0 + LEVEL)]

        def work() -> dict[str, float]:
            out = {}
            for name, method, given in (
                ("expected_purchases", "expected_purchases", {"future_t": HORIZON}),
                ("probability_alive", "expected_probability_alive", {}),
            ):
                found = getattr(model, method)(data=frame, **given).transpose("chain", "draw", ...).values
                found = found.reshape(CHAINS * DRAWS, -1)
                lower, upper = np.quantile(found, tails, axis=0, overwrite_input=True)
                values = {"mean": found.mean(axis=0), "lower": lower, "upper": upper}
                out |= {f"{name} {column}": float(value.mean()) for column, value in values.items()}
            return out

        return work

    return prepare


TASKS: dict[Any, Callable[[Data, int], Work]] = {
    "nuts_bg": _sample("bg"),
    "nuts_pareto": _sample("pareto"),
    "nuts_gg": _sample("gg"),
    "posterior_bg": _posterior_predictions("bg"),
    "posterior_pareto": _posterior_predictions("pareto"),
    "fit_bg": _fit("bg"),
    "fit_pareto": _fit("pareto"),
    "fit_gg": _fit("gg"),
    "score_bg_alive": _score("bg", BG, "expected_probability_alive"),
    "score_bg_purchases": _score("bg", BG, "expected_purchases", future_t=HORIZON),
    "score_bg_clv": _clv("bg", BG),
    "score_pareto_alive": _score("pareto", PARETO, "expected_probability_alive"),
    "score_pareto_purchases": _score("pareto", PARETO, "expected_purchases", future_t=HORIZON),
    "score_pareto_clv": _clv("pareto", PARETO),
    "summary": _summary,
}
