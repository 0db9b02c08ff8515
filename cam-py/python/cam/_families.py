"""Models of purchases near Pareto/NBD: a risk of leaving that grows with age, and rates that depend on each other."""

from __future__ import annotations

import math
from typing import Self

from cam._models import PurchaseModel

__all__ = ["GgomNbd", "ParetoNbdSarmanov"]


class GgomNbd(PurchaseModel):
    r"""GGom/NBD: as Pareto/NBD, but the older a customer is, the more likely he or she leaves.

    Notes
    -----
    A customer buys at rate λ and leaves at the rate η b exp(bt), t after the first purchase: the law of Gompertz. Across
    customers λ ~ Gamma(shape r, rate α) and η ~ Gamma(shape s, rate β), independent, so that a new customer is alive at t with
    probability

    .. math:: S(t) = \left(\frac{\beta}{\beta + e^{bt} - 1}\right)^{s}.

    Whoever is alive at T is, as far as the future goes, a new customer with α + T and with (β + exp(bT) - 1) exp(-bT) for β.
    The conditional expectation printed in the paper lacks the factor exp(-bT), and expects too much; see Adler (2022).

    With b → 0 and β/b held this is Pareto/NBD. Where the risk does not grow, a fit follows that ridge and warns that it ended
    at a boundary, naming `b` and `beta`: then use `ParetoNbd`.

    References
    ----------
    Bemmaor, A. C. and Glady, N. (2012), Modeling purchasing behavior with sudden "death": a flexible customer lifetime model,
    Management Science 58(5), 1012-1021. Adler, J. (2022), Comment on "Modeling purchasing behavior with sudden 'death'",
    Management Science 68(3), 1929-1930.

    Examples
    --------
    >>> import cam
    >>> model = cam.GgomNbd.from_params(r=0.9, alpha=4.0, b=0.1, s=1.2, beta=6.0, unit="W")
    >>> drawn = model.simulate(T=52.0, n=2000, seed=1)
    >>> cam.GgomNbd().fit(drawn, unit="W").status_
    'converged'
    >>> round(model.expected_purchases_new_customer(52), 4)
    4.2763
    """

    model = "ggom_nbd"

    @classmethod
    def from_params(  # type: ignore[override]
        cls, *, r: float, alpha: float, b: float, s: float, beta: float, unit: str | None = None
    ) -> Self:
        """Make a model with these parameters.

        Parameters
        ----------
        r, alpha : float
            Shape and rate of the purchase rate across customers; `alpha` in units of time.
        b : float
            How fast the risk of leaving grows: by the factor exp(b) per unit of time.
        s, beta : float
            Shape and rate of the level of that risk across customers, pure numbers.
        unit : str, optional
            The unit of time that the parameters refer to.
        """
        return super().from_params(unit=unit, r=r, alpha=alpha, b=b, s=s, beta=beta)


class ParetoNbdSarmanov(PurchaseModel):
    r"""Pareto/NBD whose rates depend on each other: who buys often may leave early, or late.

    Notes
    -----
    As Pareto/NBD, with λ ~ Gamma(r, α) and μ ~ Gamma(s, β), but with Sarmanov's joint density

    .. math:: g(\lambda)\, g(\mu) \left(1 + m\,(e^{-\lambda} - L_1)(e^{-\mu} - L_2)\right),
              \quad L_1 = \left(\frac{\alpha}{\alpha+1}\right)^{r}, \; L_2 = \left(\frac{\beta}{\beta+1}\right)^{s}.

    Which m are possible depends on the other parameters. `dependence` is where m lies in its interval: 1 where λ and μ are
    independent, towards 0 and ∞ at its ends. `correlation_` tells the correlation of λ and μ. Where data want more of it than
    there can be, a fit warns that it ended at a boundary.

    In exp(-λ) the rate is per unit of time: in another unit this is another model. Fit it in weeks or months, not in seconds.

    References
    ----------
    Park, Y.-H. and Fader, P. S. (2004), Modeling browsing behavior at multiple websites, Marketing Science 23(3), 280-303.
    Sarmanov, O. V. (1966), Generalized normal correlation and two-dimensional Fréchet classes, Doklady Akademii Nauk SSSR
    168(1), 32-35.

    Examples
    --------
    >>> import cam
    >>> model = cam.ParetoNbdSarmanov.from_params(r=1.2, alpha=1.5, s=1.0, beta=3.0, dependence=6.0, unit="W")
    >>> round(model.correlation_, 3)
    0.09
    >>> round(model.expected_purchases_new_customer(52), 4)
    6.499
    """

    model = "pareto_nbd_sarmanov"

    @classmethod
    def from_params(  # type: ignore[override]
        cls, *, r: float, alpha: float, s: float, beta: float, dependence: float, unit: str | None = None
    ) -> Self:
        """Make a model with these parameters.

        Parameters
        ----------
        r, alpha : float
            Shape and rate of the purchase rate across customers; `alpha` in units of time.
        s, beta : float
            Shape and rate of the rate of leaving across customers; `beta` in units of time.
        dependence : float
            How the two rates depend on each other: 1 when not at all, larger when those who buy often leave early.
        unit : str, optional
            The unit of time that the parameters refer to.
        """
        return super().from_params(unit=unit, r=r, alpha=alpha, s=s, beta=beta, dependence=dependence)

    @property
    def correlation_(self) -> float:
        """The correlation of the purchase rate and the rate of leaving across customers."""
        r, alpha, s, beta, dependence = (self.params_[name] for name in ("r", "alpha", "s", "beta", "dependence"))
        one, two = math.exp(-r * math.log1p(1 / alpha)), math.exp(-s * math.log1p(1 / beta))

        def larger(a: float, b: float) -> float:
            # The corner of the maximum is rounded off, as in the core.
            return 0.5 * (a + b + math.hypot(a - b, 1e-4 * (a + b)))

        upper = larger(one * (1 - two), (1 - one) * two)
        lower = larger(one * two, (1 - one) * (1 - two))
        m = (dependence - 1) / (dependence * upper + lower)
        return m * math.sqrt(r * s) * one * two / ((alpha + 1) * (beta + 1))
