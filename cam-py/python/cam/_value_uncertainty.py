"""How uncertain lifetime value is: variance, distribution by simulation, and what a new customer is worth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from cam._call import Progress, flag, number, whole
from cam._frames import Floats, Frame, Vector, first_rows, row_count
from cam._models import PurchaseModel, SpendModel, need_model
from cam._tasks import run
from cam._value import value_columns, value_options
from cam._walks import beside

__all__ = [
    "NewCustomerValue",
    "ValueDistribution",
    "lifetime_value_variance",
    "new_customer_value",
    "simulate_lifetime_value",
]


def lifetime_value_variance(
    purchases: PurchaseModel,
    spend: SpendModel,
    summary: Frame,
    horizon: float | None,
    discount_rate: float | None = None,
    margin: float = 1.0,
    *,
    continuous_discount_rate: float | None = None,
    cost_per_purchase: float = 0.0,
    steps: Frame | None = None,
    customer: str = "customer_id",
    unit: str | None = None,
    threads: int | None = None,
    progress: Progress = None,
) -> Vector:
    """Give the variance of every customer's value, whose expectation `cam.customer_lifetime_value` gives.

    Parameters
    ----------
    purchases, spend, summary, horizon, discount_rate, margin, continuous_discount_rate, cost_per_purchase
        As for `cam.customer_lifetime_value`; one margin for all times.
    steps, customer, unit, threads, progress
        As there.

    Returns
    -------
    vector
        In squared units of money, of the kind of `summary`.

    Notes
    -----
    In it are how often the customer will buy, how little is known of his or her own mean spend, and how spend varies from
    purchase to purchase; spend and purchases are taken to be independent. That the parameters are estimates is not in it.

    References
    ----------
    McCarthy, D. M., Fader, P. S. and Hardie, B. G. S. (2016), V(CLV): Examining variance in models of customer lifetime value.

    Examples
    --------
    >>> import cam
    >>> log = cam.datasets.load_cdnow()
    >>> summary = cam.summarize(log, amount="amount", unit="W", observation_end="1997-09-30")
    >>> purchases, spend = cam.BgNbd().fit(summary), cam.GammaGamma().fit(summary)
    >>> variance = cam.lifetime_value_variance(purchases, spend, summary, 52, 0.002)
    >>> (variance**0.5).nlargest(2).round(0)
    customer_id
    509     766.0
    1081    736.0
    Name: lifetime_value_variance, dtype: float64
    """
    options = value_options(
        purchases, horizon, discount_rate, continuous_discount_rate, margin, None, cost_per_purchase, 0.0
    )
    source, columns, walks = value_columns(purchases, spend, summary, unit, steps, customer)
    with beside(source, walks):
        answer = run(
            "lifetime_value_variance",
            columns,
            options,
            models=[purchases._fitted, spend._fitted],
            unit=source.unit,
            threads=threads,
            progress=progress,
        )
    return source.vector(answer.columns["variance"], "lifetime_value_variance")


@dataclass(frozen=True)
class NewCustomerValue:
    """What a customer who has just been acquired is worth."""

    value: float
    """The expected value, the purchase of the acquisition left out."""
    variance: float
    """Its variance; NaN where it is infinite, or has no closed form."""


def new_customer_value(
    purchases: PurchaseModel,
    spend: SpendModel,
    horizon: float | None,
    discount_rate: float | None = None,
    margin: float | Sequence[float] = 1.0,
    *,
    continuous_discount_rate: float | None = None,
    margin_period: float | None = None,
    cost_per_purchase: float = 0.0,
    cost_per_period: float = 0.0,
) -> NewCustomerValue:
    """Give what a customer of whom nothing is known but that he or she has just been acquired is worth from then on.

    Parameters
    ----------
    purchases, spend, horizon, discount_rate, margin, continuous_discount_rate
        As for `cam.customer_lifetime_value`.
    margin_period, cost_per_purchase, cost_per_period
        As there.

    Returns
    -------
    NewCustomerValue

    Examples
    --------
    >>> import cam
    >>> purchases = cam.BgNbd.from_params(r=0.243, alpha=4.414, a=0.793, b=2.426, unit="W")
    >>> spend = cam.GammaGamma.from_params(p=6.25, q=3.74, v=15.44)
    >>> round(cam.new_customer_value(purchases, spend, 52, 0.002, margin=0.3).value, 2)
    14.63
    """
    need_model("purchases", purchases, "purchases, such as BgNbd")
    need_model("spend", spend, "spend, such as GammaGamma")
    options = value_options(
        purchases,
        horizon,
        discount_rate,
        continuous_discount_rate,
        margin,
        margin_period,
        cost_per_purchase,
        cost_per_period,
    )
    for model in (purchases, spend):
        model._need_plain()
    found = run("new_customer_value", {}, options, models=[purchases._fitted, spend._fitted]).output
    variance = found["variance"]
    return NewCustomerValue(found["value"], math.nan if variance is None else variance)


@dataclass(frozen=True, repr=False)
class ValueDistribution:
    """Drawn values of customers."""

    customers: Frame
    """A row per customer: other columns of the summary, as in `BgNbd.predict`; `mean`, `deviation`, and the quantiles, named
    `q05` for the probability 0.05."""
    totals: Floats
    """The value of all customers together, in each draw."""
    probabilities: tuple[float, ...] = ()
    """The probabilities of the quantiles."""

    def __repr__(self) -> str:
        ends = sorted(self.probabilities)
        ends = ends[:1] + ends[1:][-1:]
        said = "".join(f", {100 * p:.6g} % {np.quantile(self.totals, p):,.6g}" for p in ends)
        return (
            f"<ValueDistribution of {row_count(self.customers):,} customers, {len(self.totals):,} draws: "
            f"in all {np.mean(self.totals):,.6g}{said}>"
        )

    def _repr_html_(self) -> str:
        return f"{escape(repr(self)[1:-1])}{first_rows(self.customers)}"


def simulate_lifetime_value(
    purchases: PurchaseModel,
    spend: SpendModel,
    summary: Frame,
    horizon: float | None,
    discount_rate: float | None = None,
    margin: float | Sequence[float] = 1.0,
    *,
    seed: int,
    draws: int = 1000,
    probabilities: Sequence[float] = (0.05, 0.25, 0.5, 0.75, 0.95),
    parameters: bool = False,
    continuous_discount_rate: float | None = None,
    margin_period: float | None = None,
    cost_per_purchase: float = 0.0,
    cost_per_period: float = 0.0,
    steps: Frame | None = None,
    customer: str = "customer_id",
    unit: str | None = None,
    threads: int | None = None,
    progress: Progress = None,
) -> ValueDistribution:
    """Draw what every customer may be worth: the distribution behind `cam.customer_lifetime_value`.

    Parameters
    ----------
    purchases, spend, summary, horizon, discount_rate, margin, continuous_discount_rate
        As for `cam.customer_lifetime_value`.
    seed : int
        The seed. Customer i depends on it and on i alone, never on the number of threads.
    draws : int
        How often each customer's future is drawn.
    probabilities : sequence of float
        Which quantiles are computed.
    parameters : bool
        Whether each draw has other parameters of both models, from the posterior where a model was sampled and from the normal
        approximation elsewhere. Then the quantiles hold what is not known of the parameters, too; without it chance alone.
    margin_period, cost_per_purchase, cost_per_period, steps, customer, unit, threads, progress
        As for `cam.customer_lifetime_value`.

    Returns
    -------
    ValueDistribution

    Examples
    --------
    >>> import cam
    >>> log = cam.datasets.load_cdnow()
    >>> summary = cam.summarize(log, amount="amount", unit="W", observation_end="1997-09-30")
    >>> purchases, spend = cam.BgNbd().fit(summary), cam.GammaGamma().fit(summary)
    >>> drawn = cam.simulate_lifetime_value(purchases, spend, summary, 52, 0.002, seed=1, draws=200)
    >>> list(drawn.customers.columns)
    ['mean', 'deviation', 'q05', 'q25', 'q50', 'q75', 'q95']
    >>> drawn.totals.shape
    (200,)
    """
    value = value_options(
        purchases,
        horizon,
        discount_rate,
        continuous_discount_rate,
        margin,
        margin_period,
        cost_per_purchase,
        cost_per_period,
    )
    source, columns, walks = value_columns(purchases, spend, summary, unit, steps, customer)
    options: dict[str, Any] = {
        "value": value,
        "seed": whole("seed", seed, 0),
        "draws": whole("draws", draws, 2),
        "probabilities": [number("probabilities", p) for p in probabilities],
        "parameters": flag("parameters", parameters),
    }
    with beside(source, walks):
        answer = run(
            "simulate_lifetime_value",
            columns,
            options,
            models=[purchases._fitted, spend._fitted],
            unit=source.unit,
            threads=threads,
            progress=progress,
        )
    named = {"mean": answer.columns["mean"], "deviation": answer.columns["deviation"]}
    for i, p in enumerate(options["probabilities"]):
        percent = f"{100 * p:.6g}"
        named[f"q{percent.zfill(2)}"] = answer.columns[f"quantile_{i}"]
    return ValueDistribution(source.scores(named, columns), answer.columns["totals"], tuple(options["probabilities"]))
