"""PyMC-Marketing 0.19.2: maximum a posteriori fits with its default priors, scores at a point, its
summary of a log.

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


TASKS: dict[Any, Callable[[Data, int], Work]] = {
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
