"""How regularly customers buy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cam._call import Progress, observer, thread_count
from cam._frames import Frame
from cam._summary import SummaryBuilder

__all__ = ["Regularity", "regularity"]


@dataclass(frozen=True)
class Regularity:
    """The shape of the intervals between purchases."""

    k: float
    """1 is buying at random, a large number is clockwork, less than 1 comes in bursts."""
    standard_error: float | None
    """Its standard error; None where there are too few customers to tell."""
    n_customers: int
    """The customers it is from: those with as many intervals as the method needs."""


def regularity(
    log: Frame,
    *,
    method: str = "common",
    customer: str = "customer_id",
    time: str = "date",
    period: str = "D",
    observation_end: Any = None,
    numbers_in: str = "D",
    threads: int | None = None,
    progress: Progress = None,
) -> Regularity:
    """Estimate how regularly customers buy, whatever their rates.

    A guess of the k of `BgCnbdK` and `MbgCnbdK` before a fit, and a check of the models in which purchases are random (k = 1).

    Parameters
    ----------
    log : pandas, polars or pyarrow frame, or dict of arrays
        One row per transaction, in any order. Several of one customer within one period are one purchase.
    method : {"common", "wheat", "mle", "mle-thinned", "cv"}
        ``"common"``: one k for all by maximum likelihood, customers with 2 intervals or more. ``"wheat"``: from the last two
        intervals of each customer. ``"mle"``: the median of each customer's maximum likelihood, for those with 10 intervals or
        more; ``"mle-thinned"``: the same of every second purchase, with 20; ``"cv"``: the median of 1/cv², with 10.
    customer, time, period, observation_end, numbers_in, threads, progress
        As for `summarize`.

    Returns
    -------
    Regularity

    References
    ----------
    Wheat, R. D. and Morrison, D. G. (1990), Estimating purchase regularity with two interpurchase times, Journal of Marketing
    Research 27(1), 87-93. Wu, C. and Chen, H.-L. (2000), A consumer purchasing model with learning and departure behaviour,
    Journal of the Operational Research Society 51(5), 583-591.

    Examples
    --------
    >>> import cam
    >>> found = cam.regularity(cam.datasets.load_cdnow("pandas"), method="wheat")
    >>> found.n_customers, round(found.k, 3)
    (736, 0.985)
    """
    builder = SummaryBuilder(
        customer=customer, time=time, period=period, observation_end=observation_end, numbers_in=numbers_in
    )
    _, columns, _ = builder._read(log)
    found = builder._core.regularity(method, *columns, thread_count(threads), observer(progress))
    return Regularity(*found)
