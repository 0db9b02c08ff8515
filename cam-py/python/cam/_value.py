"""Lifetime value: purchases to come, times what each is worth, discounted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from cam import _core
from cam._call import Progress, ahead, number, observer, rate, share, thread_count
from cam._frames import Frame, Source, Vector
from cam._models import PurchaseModel, SpendModel, need_model
from cam._walks import Walks, beside
from cam.errors import InvalidParameterError

__all__ = ["customer_lifetime_value"]


def customer_lifetime_value(
    purchases: PurchaseModel,
    spend: SpendModel,
    summary: Frame,
    horizon: float | None,
    discount_rate: float | None = None,
    margin: float | Sequence[float] = 1.0,
    *,
    continuous_discount_rate: float | None = None,
    margin_period: float | None = None,
    cost_per_purchase: float = 0.0,
    cost_per_period: float = 0.0,
    steps: Frame | None = None,
    customer: str = "customer_id",
    unit: str | None = None,
    threads: int | None = None,
    progress: Progress = None,
) -> Vector:
    """Give the value of every customer: margin, times expected spend, times discounted expected purchases, less costs.

    Parameters
    ----------
    purchases : PurchaseModel
        A model of purchases, such as `BgNbd` or `ParetoNbd`.
    spend : SpendModel
        A model of spend, such as `GammaGamma`, taken to be independent of purchases.
    summary : frame or dict of arrays
        Columns `frequency`, `recency`, `T` and those of the model of spend, such as `monetary_value`; see `cam.summarize`.
        A mean of no purchases may be NaN: such customers get the expected spend of a new one.
    horizon : float or None
        How far to look ahead, in the unit of `purchases`; ``None`` is for ever, which needs a rate above 0.
    discount_rate : float, optional
        Rate per unit of time of `purchases`: a purchase within the k-th unit of time counts (1 + rate)^-k. It is not an
        annual rate: 15 % a year is ``1.15 ** (1 / 52) - 1`` for weeks. This or `continuous_discount_rate` is given.
    margin : float or sequence of float
        The share of the spend that is profit, at most 1; or one for each period from now on, of which the last holds for ever.
    continuous_discount_rate : float, optional
        Rate per unit of time: a purchase at time t counts e^(-rate t).
    margin_period : float
        The length of the periods of `margin`, in the unit of `purchases`: needed where there are several margins.
    cost_per_purchase : float
        What each purchase costs besides, in money.
    cost_per_period : float
        What a customer who is alive costs at the end of each unit of time, in money: those who have left cost nothing. It
        needs a `horizon`.
    steps : frame or dict of arrays, optional
        Where covariates of `purchases` change over time: the steps of the customers of `summary`, as `cam.covariate_steps`
        gives them.
    customer : str
        The key by which they are found: a column of both, or the index of a pandas frame.
    unit : str, optional
        The unit of the table's times; needed only where the frame does not remember it.
    threads : int, optional
        How many threads to use; all processors by default.
    progress : bool or callable, optional
        ``True`` prints; a function gets ``(stage, done, total, value)``.

    Returns
    -------
    vector
        In units of money, of the kind of `summary`.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. and Lee, K. L. (2005), RFM and CLV: using iso-value curves for customer base analysis,
    Journal of Marketing Research 42(4), 415-430, equation 3.

    Examples
    --------
    >>> import cam
    >>> log = cam.datasets.load_cdnow()
    >>> summary = cam.summarize(log, amount="amount", unit="W", observation_end="1997-09-30")
    >>> purchases, spend = cam.BgNbd().fit(summary), cam.GammaGamma().fit(summary)
    >>> weekly = 1.15 ** (1 / 52) - 1
    >>> cam.customer_lifetime_value(purchases, spend, summary, 52, weekly, margin=0.3).nlargest(2).round(1)
    customer_id
    509     350.0
    1081    298.6
    Name: customer_lifetime_value, dtype: float64
    """
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
    source, columns, walks = value_columns(purchases, spend, summary, unit, steps, customer)
    with beside(source, walks):
        value = _core.customer_lifetime_value(
            purchases._fitted,
            spend._fitted,
            columns,
            json.dumps(options),
            source.unit,
            thread_count(threads),
            observer(progress),
        )
    return source.vector(value, "customer_lifetime_value")


def value_options(
    purchases: PurchaseModel,
    horizon: float | None,
    discount_rate: float | None,
    continuous_discount_rate: float | None,
    margin: float | Sequence[float],
    margin_period: float | None,
    cost_per_purchase: float,
    cost_per_period: float,
) -> dict[str, Any]:
    """Give the options of value as the core reads them."""
    need_model("purchases", purchases, "purchases, such as BgNbd")
    given = np.asarray(margin, dtype=object)
    if given.size > 1 and margin_period is None:
        raise InvalidParameterError(
            "margin_period is missing: how long each of the margins holds, in the unit of the model of purchases, such as "
            "margin_period=52 for years of weeks",
            field="margin_period",
        )
    if given.size == 1 and margin_period is not None:
        raise InvalidParameterError(
            "margin_period says how long each of several margins holds, and there is one: margin", field="margin_period"
        )
    unit = purchases.unit_
    options: dict[str, Any] = {
        "horizon": ahead(horizon),
        "margin_period": 1.0 if margin_period is None else number("margin_period", margin_period),
        "cost_per_purchase": number("cost_per_purchase", cost_per_purchase),
        "cost_per_period": number("cost_per_period", cost_per_period),
    }
    if discount_rate is not None:
        options["discount_rate"] = rate("discount_rate", discount_rate, unit)
    if continuous_discount_rate is not None:
        options["continuous_discount_rate"] = rate("continuous_discount_rate", continuous_discount_rate, unit)
    options["margin"] = share("margin", margin) if given.ndim == 0 else [share("margin", m) for m in given.ravel()]
    return options


def value_columns(
    purchases: PurchaseModel,
    spend: SpendModel,
    summary: Frame,
    unit: str | None,
    steps: Frame | None,
    customer: str,
) -> tuple[Source, dict[str, Any], Walks | None]:
    """Read the columns of both models; where covariates of purchases change over time, beside their steps."""
    need_model("purchases", purchases, "purchases, such as BgNbd")
    need_model("spend", spend, "spend, such as GammaGamma")
    source = Source(summary)
    purchases._state_unit(source, unit)
    columns = source.floats(dict.fromkeys(purchases._spec.columns + spend._spec.columns))
    walks = None if steps is None else Walks(source, steps, customer)
    moving = purchases._encoding
    fixed = None if walks is not None and moving is not None and walks.hold(moving.columns) else moving
    for encoding in filter(None, (fixed, spend._encoding)):
        for name, values in encoding.read(source).items():
            if name in columns and not np.array_equal(columns[name], values, equal_nan=True):
                raise InvalidParameterError(f"the two models number the levels of {name} differently", field=name)
            columns[name] = values
    if walks is not None:
        columns = walks.columns(columns, [moving])
    return source, columns, walks
