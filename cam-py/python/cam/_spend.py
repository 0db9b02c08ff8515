"""The models of spend per purchase, one class each."""

from __future__ import annotations

from typing import Self

from cam._models import SpendModel

__all__ = ["GammaGamma", "LogNormalSpend", "NormalSpend"]


class GammaGamma(SpendModel):
    r"""Gamma-Gamma: what a customer spends per purchase, independent of how often he or she buys.

    Notes
    -----
    The spend of each purchase is Gamma(shape p, rate ν); across customers ν ~ Gamma(shape q, rate v). The expected spend
    of a customer whose x purchases had mean z̄ is

    .. math:: \frac{p\,(v + x\bar z)}{p x + q - 1}.

    Customers without a repeat purchase say nothing about the parameters and are left out of a fit; their expected spend is
    that of a new customer, be their `monetary_value` 0 or NaN. It is infinite unless q > 1. The log-likelihood is that of the
    density of z̄.

    That spend does not depend on frequency is an assumption: `fit` warns with `cam.AssumptionWarning` where their
    correlation is at least 0.2 in size and significant at 5 %; see `checks_` and `cam.spend_independence`.

    References
    ----------
    Colombo, R. and Jiang, W. (1999), A stochastic RFM model, Journal of Interactive Marketing 13(4), 2-12. Fader, P. S. and
    Hardie, B. G. S. (2013), The Gamma-Gamma model of monetary value; their γ is `v` here.

    Examples
    --------
    >>> import cam
    >>> log = cam.datasets.load_cdnow()
    >>> summary = cam.summarize(log, amount="amount", unit="W", observation_end="1997-09-30")
    >>> model = cam.GammaGamma().fit(summary)
    >>> model.expected_spend(summary).head(2).round(2)
    customer_id
    1    24.65
    2    18.91
    Name: expected_spend, dtype: float64
    """

    model = "gamma_gamma"

    @classmethod
    def from_params(  # type: ignore[override]
        cls, *, p: float, q: float, v: float, unit: str | None = None
    ) -> Self:
        """Make a model with these parameters.

        Parameters
        ----------
        p : float
            Shape of the spend of one purchase.
        q, v : float
            Shape and rate of the spend rate across customers; `v` in units of money.
        unit : str, optional
            The unit of time of the data; the parameters do not depend on it.
        """
        return super().from_params(unit=unit, p=p, q=q, v=v)


class NormalSpend(SpendModel):
    r"""Normal-normal: spend per purchase that scatters symmetrically, and may be negative.

    Notes
    -----
    Each purchase of a customer is N(μ_i, σ²); across customers μ_i ~ N(μ, τ²). The expected spend of a customer whose x purchases
    had mean z̄ is

    .. math:: \frac{x\bar z/\sigma^2 + \mu/\tau^2}{x/\sigma^2 + 1/\tau^2}.

    The log-likelihood is that of the density of the x purchases, for which their standard deviation must be known, too, the
    column `monetary_deviation`: ask `cam.summarize` for it. Customers without a repeat purchase are left out of a fit.

    References
    ----------
    Schmittlein, D. C. and Peterson, R. A. (1994), Customer base analysis: an industrial purchase process application,
    Marketing Science 13(1), 41-67.

    Examples
    --------
    >>> import cam
    >>> log = cam.datasets.load_cdnow()
    >>> summary = cam.summarize(log, amount="amount", unit="W", observation_end="1997-09-30", spread="amount")
    >>> cam.NormalSpend().fit(summary).expected_spend(summary).head(2).round(2)
    customer_id
    1    31.77
    2    31.54
    Name: expected_spend, dtype: float64
    """

    model = "normal_spend"

    @classmethod
    def from_params(  # type: ignore[override]
        cls, *, mu: float, sigma: float, tau: float, unit: str | None = None
    ) -> Self:
        """Make a model with these parameters.

        Parameters
        ----------
        mu : float
            Mean spend per purchase across customers, in units of money; positive.
        sigma : float
            Standard deviation of one customer's purchases, in units of money.
        tau : float
            Standard deviation of the mean spend across customers, in units of money.
        unit : str, optional
            The unit of time of the summary; spend has none, so that it is only kept.
        """
        return super().from_params(unit=unit, mu=mu, sigma=sigma, tau=tau)


class LogNormalSpend(SpendModel):
    r"""Log-normal spend: a model for amounts with a heavy right tail.

    Notes
    -----
    The logarithm of each purchase of a customer is N(m_i, σ²); across customers m_i ~ N(ln M, τ²). What need be known of a
    customer is the *geometric* mean g of the x purchases and the standard deviation of their logarithms, the columns
    `geometric_mean` and `log_deviation`: ask `cam.summarize` for them. The expected spend is

    .. math:: M \left(\frac{g}{M}\right)^{w} \exp\frac{\tau^2(1-w)+\sigma^2}{2}, \qquad w = \frac{\tau^2}{\tau^2+\sigma^2/x}.

    The log-likelihood is that of the density of the x purchases. Customers without a repeat purchase are left out of a fit.

    References
    ----------
    Schmittlein, D. C. and Peterson, R. A. (1994), Customer base analysis: an industrial purchase process application,
    Marketing Science 13(1), 41-67, on the logarithmic scale. Borle, S., Singh, S. S. and Jain, D. C. (2008), Customer
    lifetime value measurement, Management Science 54(1), 100-112.

    Examples
    --------
    >>> import cam
    >>> log = cam.datasets.load_cdnow()
    >>> log = log[log["amount"] > 0]
    >>> summary = cam.summarize(log, amount="amount", unit="W", observation_end="1997-09-30", spread="log")
    >>> cam.LogNormalSpend().fit(summary).expected_spend(summary).head(2).round(2)
    customer_id
    1    28.62
    2    23.93
    Name: expected_spend, dtype: float64
    """

    model = "log_normal_spend"

    @classmethod
    def from_params(  # type: ignore[override]
        cls, *, median: float, sigma: float, tau: float, unit: str | None = None
    ) -> Self:
        """Make a model with these parameters.

        Parameters
        ----------
        median : float
            Median over customers of their median spend per purchase, in units of money.
        sigma : float
            Standard deviation of the logarithm of one customer's purchases.
        tau : float
            Standard deviation, across customers, of the mean of that logarithm.
        unit : str, optional
            The unit of time of the summary; spend has none, so that it is only kept.
        """
        return super().from_params(unit=unit, median=median, sigma=sigma, tau=tau)
