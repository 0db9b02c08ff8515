"""Whether spend is independent of how often a customer buys."""

from __future__ import annotations

from dataclasses import dataclass

from cam._base import WEIGHT
from cam._call import Progress
from cam._frames import Frame, Source
from cam._tasks import run

__all__ = ["SpendIndependence", "spend_independence"]


@dataclass(frozen=True)
class SpendIndependence:
    """Correlations of frequency and mean spend across customers with repeat purchases."""

    n_customers: float
    """Customers with repeat purchases."""
    pearson: float
    """Pearson's correlation coefficient."""
    pearson_p_value: float
    """The probability of one as far from 0 under independence (two-sided, Student's t)."""
    spearman: float
    """Spearman's: the correlation of the ranks."""
    spearman_p_value: float
    """The same probability for it."""
    contradicted: bool
    """Whether the data contradict independence: Pearson's correlation is at least 0.2 in size, and significant at 5 %."""


def spend_independence(summary: Frame, *, threads: int | None = None, progress: Progress = None) -> SpendIndependence:
    """Test whether customers who come more often spend more, or less, per purchase.

    Models of spend assume that they do not, and lifetime value, which multiplies the two, is biased where they do.

    Parameters
    ----------
    summary : frame or dict of arrays
        Columns `frequency` and `monetary_value`, and perhaps `weight`; customers without a repeat purchase are left aside.
    threads : int, optional
        How many threads to use; all processors by default.
    progress : bool or callable, optional
        ``True`` prints; a function gets ``(stage, done, total, value)``.

    Returns
    -------
    SpendIndependence

    Notes
    -----
    Under the models the mean spend has the same expectation whatever the frequency, so that Pearson's correlation is the one
    to go by. Means of few purchases are more skewed than those of many: their median is lower, and Spearman's correlation
    somewhat positive even then.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. and Lee, K. L. (2005), RFM and CLV: using iso-value curves for customer base analysis,
    Journal of Marketing Research 42(4), 415-430, section 2.2.

    Examples
    --------
    >>> import cam
    >>> log = cam.datasets.load_cdnow()
    >>> summary = cam.summarize(log, amount="amount", unit="W", observation_end="1997-09-30")
    >>> found = cam.spend_independence(summary)
    >>> round(found.pearson, 3), found.contradicted
    (0.114, False)
    """
    source = Source(summary)
    columns = source.floats(["frequency", "monetary_value"])
    if WEIGHT in source:
        columns[WEIGHT] = source.float(WEIGHT)
    with source.named_rows():
        found = run("spend_independence", columns, threads=threads, progress=progress).output
    return SpendIndependence(n_customers=found.pop("customers"), **found)
