"""Lifetime value: purchases to come, times what each is worth, discounted."""

from __future__ import annotations

import json

import numpy as np

from cam import _core
from cam._call import Progress, number, observer, thread_count
from cam._frames import Frame, Source, Vector
from cam._models import PurchaseModel, SpendModel, need_model
from cam.errors import InvalidParameterError

__all__ = ["customer_lifetime_value"]


def customer_lifetime_value(
    purchases: PurchaseModel,
    spend: SpendModel,
    summary: Frame,
    horizon: float | None,
    discount_rate: float,
    margin: float = 1.0,
    *,
    unit: str | None = None,
    threads: int | None = None,
    progress: Progress = None,
) -> Vector:
    """Give the value of every customer: margin, times expected spend, times discounted expected purchases.

    Parameters
    ----------
    purchases : BgNbd or ParetoNbd
        A model of purchases.
    spend : GammaGamma
        A model of spend, taken to be independent of purchases.
    summary : frame or dict of arrays
        Columns `frequency`, `recency`, `T` and `monetary_value`; see `cam.summarize`.
    horizon : float or None
        How far to look ahead, in the unit of `purchases`; ``None`` is for ever, which needs a rate above 0.
    discount_rate : float
        Rate per unit of time of `purchases`: a purchase within the k-th unit of time counts (1 + rate)^-k. It is not an
        annual rate: 15 % a year is ``1.15 ** (1 / 52) - 1`` for weeks.
    margin : float
        The share of the spend that is profit.
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
    need_model("purchases", purchases, "purchases, such as BgNbd")
    need_model("spend", spend, "spend, such as GammaGamma")
    source = Source(summary)
    purchases._state_unit(source, unit)
    needed = dict.fromkeys(purchases._spec.columns + spend._spec.columns)
    options = {
        "horizon": None if horizon is None else number("horizon", horizon),
        "discount_rate": number("discount_rate", discount_rate),
        "margin": number("margin", margin),
    }
    columns = source.floats(needed)
    for encoding in filter(None, (purchases._encoding, spend._encoding)):
        for name, values in encoding.read(source).items():
            if name in columns and not np.array_equal(columns[name], values, equal_nan=True):
                raise InvalidParameterError(f"the two models number the levels of {name} differently", field=name)
            columns[name] = values
    with source.named_rows():
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
