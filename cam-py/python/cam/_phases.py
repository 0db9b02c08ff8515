"""Models of purchases near BG/NBD: dropout from the first purchase on, regular intervals, no dropout at all."""

from __future__ import annotations

from typing import Self

from cam._models import PurchaseModel

__all__ = ["BgCnbdK", "MbgCnbdK", "MbgNbd", "Nbd"]


class MbgNbd(PurchaseModel):
    r"""MBG/NBD: as BG/NBD, but a customer may leave after the first purchase, too.

    Notes
    -----
    A customer buys at rate λ and, after every purchase, the first included, leaves with probability p. Across customers
    λ ~ Gamma(shape r, rate α) and p ~ Beta(a, b), independent. The likelihood of x repeat purchases, the last at t_x, by T is

    .. math:: \frac{B(a, b+x+1)}{B(a, b)} \frac{\Gamma(r+x)\,\alpha^r}{\Gamma(r)(\alpha+T)^{r+x}}
              + \frac{B(a+1, b+x)}{B(a, b)} \frac{\Gamma(r+x)\,\alpha^r}{\Gamma(r)(\alpha+t_x)^{r+x}}.

    So a customer who never came back may have left, and of those who have just been acquired a share of b/(a + b) has stayed.

    References
    ----------
    Batislam, E. P., Denizel, M. and Filiztekin, A. (2007), Empirical validation and comparison of models for customer base
    analysis, International Journal of Research in Marketing 24(3), 201-209. Hoppe, D. and Wagner, U. (2007), Customer base
    analysis: the case for a central variant of the Betageometric/NBD model, Marketing JRM 3(2), 75-90.

    Examples
    --------
    >>> import cam
    >>> log = cam.datasets.load_cdnow()
    >>> summary = cam.summarize(log, unit="W", observation_end="1997-09-30")
    >>> model = cam.MbgNbd().fit(summary)
    >>> model
    <MbgNbd r=0.524843, alpha=6.18309, a=0.891359, b=1.614, unit='week': log-likelihood -9582.13572, converged>
    """

    model = "mbg_nbd"

    @classmethod
    def from_params(  # type: ignore[override]
        cls, *, r: float, alpha: float, a: float, b: float, unit: str | None = None
    ) -> Self:
        """Make a model with these parameters.

        Parameters
        ----------
        r, alpha : float
            Shape and rate of the purchase rate across customers; `alpha` in units of time.
        a, b : float
            First and second shape of the dropout probability across customers.
        unit : str, optional
            The unit of time that the parameters refer to.
        """
        return super().from_params(unit=unit, r=r, alpha=alpha, a=a, b=b)


class RegularModel(PurchaseModel):
    """A model of purchases with Erlang-k times between them."""

    @classmethod
    def from_params(  # type: ignore[override]
        cls, *, r: float, alpha: float, a: float, b: float, k: int, unit: str | None = None
    ) -> Self:
        """Make a model with these parameters.

        Parameters
        ----------
        r, alpha : float
            Shape and rate of the rate of phases across customers; `alpha` in units of time.
        a, b : float
            First and second shape of the dropout probability across customers.
        k : int
            Phases of an interval between purchases, 1 to 32.
        unit : str, optional
            The unit of time that the parameters refer to.
        """
        return super().from_params(unit=unit, r=r, alpha=alpha, a=a, b=b, k=k)


class BgCnbdK(RegularModel):
    r"""BG/CNBD-k: BG/NBD with intervals between purchases that are more regular than in a Poisson process.

    Notes
    -----
    The times between purchases are Erlang-k with rate λ, so that a purchase is followed by a pause; after every repeat
    purchase the customer leaves with probability p. Across customers λ ~ Gamma(shape r, rate α) and p ~ Beta(a, b),
    independent. The whole number k is chosen by the likelihood, which needs the column `log_intervals` of a summary;
    ``fit(..., fixed={"k": 2})`` sets it. k = 1 is BG/NBD. Scores need no such column, and are exact for every k: a
    customer who is due is told from one who has just bought.

    References
    ----------
    Platzer, M. and Reutterer, T. (2017), Incorporating regularity into models of noncontractual customer-firm relationships.
    Reutterer, T., Platzer, M. and Schröder, N. (2021), Leveraging purchase regularity for predicting customer behavior the
    easy way, International Journal of Research in Marketing 38(1), 194-215.

    Examples
    --------
    >>> import cam
    >>> log = cam.datasets.load_cdnow()
    >>> summary = cam.summarize(log, unit="W", observation_end="1997-09-30", log_intervals=True)
    >>> cam.BgCnbdK().fit(summary).params_["k"]  # CDs are bought irregularly
    1.0
    >>> cam.BgCnbdK().fit(summary, fixed={"k": 2})
    <BgCnbdK r=0.226917, alpha=1.46292, a=0.944002, b=2.07433, k=2, unit='week': log-likelihood -9855.32697, converged>
    """

    model = "bg_cnbd_k"


class MbgCnbdK(RegularModel):
    r"""MBG/CNBD-k: MBG/NBD with intervals between purchases that are more regular than in a Poisson process.

    Notes
    -----
    The times between purchases are Erlang-k with rate λ, so that a purchase is followed by a pause; after every
    purchase, the first included, the customer leaves with probability p. Across customers λ ~ Gamma(shape r, rate α)
    and p ~ Beta(a, b), independent. The whole number k is chosen by the likelihood, which needs the column
    `log_intervals` of a summary; ``fit(..., fixed={"k": 2})`` sets it. k = 1 is MBG/NBD. Scores need no such column,
    and are exact for every k: a customer who is due is told from one who has just bought.

    References
    ----------
    Platzer, M. and Reutterer, T. (2017), Incorporating regularity into models of noncontractual customer-firm relationships.
    Reutterer, T., Platzer, M. and Schröder, N. (2021), Leveraging purchase regularity for predicting customer behavior the
    easy way, International Journal of Research in Marketing 38(1), 194-215.

    Examples
    --------
    >>> import cam
    >>> log = cam.datasets.load_cdnow()
    >>> summary = cam.summarize(log, unit="W", observation_end="1997-09-30", log_intervals=True)
    >>> cam.MbgCnbdK().fit(summary).params_["k"]  # CDs are bought irregularly
    1.0
    """

    model = "mbg_cnbd_k"


class Nbd(PurchaseModel):
    r"""NBD: purchases are Poisson for ever; nobody leaves.

    Notes
    -----
    A customer buys at rate λ; across customers λ ~ Gamma(shape r, rate α). The likelihood of x repeat purchases by T is

    .. math:: \frac{\Gamma(r+x)\,\alpha^r}{\Gamma(r)(\alpha+T)^{r+x}}.

    It is what models with dropout are compared with: `probability_alive` is 1.

    References
    ----------
    Ehrenberg, A. S. C. (1959), The pattern of consumer purchases, Applied Statistics 8(1), 26-41.

    Examples
    --------
    >>> import cam
    >>> log = cam.datasets.load_cdnow()
    >>> summary = cam.summarize(log, unit="W", observation_end="1997-09-30")
    >>> cam.Nbd().fit(summary)
    <Nbd r=0.384766, alpha=12.072, unit='week': log-likelihood -9763.65761, converged>
    """

    model = "nbd"

    @classmethod
    def from_params(  # type: ignore[override]
        cls, *, r: float, alpha: float, unit: str | None = None
    ) -> Self:
        """Make a model with these parameters.

        Parameters
        ----------
        r, alpha : float
            Shape and rate of the purchase rate across customers; `alpha` in units of time.
        unit : str, optional
            The unit of time that the parameters refer to.
        """
        return super().from_params(unit=unit, r=r, alpha=alpha)
