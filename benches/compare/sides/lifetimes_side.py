"""lifetimes 0.11.3: fitters, scores, and its summary of a log. It has no threads to set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from data import BG, GAMMA_GAMMA, PARETO, Data

from . import HORIZON, MONTHLY_DISCOUNT, MONTHS

Work = Callable[[], Any]


def _frame(data: Data) -> pd.DataFrame:
    frame = pd.DataFrame(data.columns, copy=False)
    return frame.set_index("customer_id")


def _weighted(frame: pd.DataFrame) -> pd.DataFrame:
    """What a careful user does by hand: one row for each (x, t_x, T), with its number of customers."""
    return frame.groupby(["frequency", "recency", "T"], sort=False).size().rename("weights").reset_index()


def _fit(fitter: str, weighted: bool) -> Callable[[Data, int], Work]:
    def prepare(data: Data, _threads: int) -> Work:
        import lifetimes

        frame = _frame(data)

        def work() -> dict[str, float]:
            model = getattr(lifetimes, fitter)()
            if weighted:
                rows = _weighted(frame)
                model.fit(rows["frequency"], rows["recency"], rows["T"], weights=rows["weights"])
            else:
                model.fit(frame["frequency"], frame["recency"], frame["T"])
            return dict(model.params_)

        return work

    return prepare


def _fit_gg(data: Data, _threads: int) -> Work:
    import lifetimes

    frame = _frame(data)
    frame = frame[frame["frequency"] > 0]

    def work() -> dict[str, float]:
        model = lifetimes.GammaGammaFitter().fit(frame["frequency"], frame["monetary_value"])
        return dict(model.params_)

    return work


def _known(fitter: str, params: dict[str, float]) -> Any:
    import lifetimes

    model = getattr(lifetimes, fitter)()
    model.params_ = pd.Series(params)
    # What `fit` does besides estimating: customer_lifetime_value calls `predict`.
    model.predict = getattr(model, "conditional_expected_number_of_purchases_up_to_time", None)
    return model


def _alive(fitter: str, params: dict[str, float]) -> Callable[[Data, int], Work]:
    def prepare(data: Data, _threads: int) -> Work:
        model, f = _known(fitter, params), _frame(data)
        return lambda: model.conditional_probability_alive(f["frequency"], f["recency"], f["T"])

    return prepare


def _purchases(fitter: str, params: dict[str, float]) -> Callable[[Data, int], Work]:
    def prepare(data: Data, _threads: int) -> Work:
        model, f = _known(fitter, params), _frame(data)
        return lambda: model.predict(HORIZON, f["frequency"], f["recency"], f["T"])

    return prepare


def _clv(fitter: str, params: dict[str, float]) -> Callable[[Data, int], Work]:
    def prepare(data: Data, _threads: int) -> Work:
        model, spend, f = _known(fitter, params), _known("GammaGammaFitter", GAMMA_GAMMA), _frame(data)
        return lambda: spend.customer_lifetime_value(
            model,
            f["frequency"],
            f["recency"],
            f["T"],
            f["monetary_value"],
            time=MONTHS,
            discount_rate=MONTHLY_DISCOUNT,
            freq="W",
        )

    return prepare


def _summary(data: Data, _threads: int) -> Work:
    from lifetimes.utils import summary_data_from_transaction_data

    log = pd.DataFrame(data.columns, copy=False)
    return lambda: summary_data_from_transaction_data(log, "customer_id", "date", "amount", freq="D")


TASKS: dict[Any, Callable[[Data, int], Work]] = {
    ("lifetimes", "fit_bg"): _fit("BetaGeoFitter", weighted=False),
    ("lifetimes_weights", "fit_bg"): _fit("BetaGeoFitter", weighted=True),
    ("lifetimes", "fit_pareto"): _fit("ParetoNBDFitter", weighted=False),
    ("lifetimes_weights", "fit_pareto"): _fit("ParetoNBDFitter", weighted=True),
    "fit_gg": _fit_gg,
    "score_bg_alive": _alive("BetaGeoFitter", BG),
    "score_bg_purchases": _purchases("BetaGeoFitter", BG),
    "score_bg_clv": _clv("BetaGeoFitter", BG),
    "score_pareto_alive": _alive("ParetoNBDFitter", PARETO),
    "score_pareto_purchases": _purchases("ParetoNBDFitter", PARETO),
    "score_pareto_clv": _clv("ParetoNBDFitter", PARETO),
    "summary": _summary,
}
