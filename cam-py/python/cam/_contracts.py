"""Models of contracts, which are renewed or not at opportunities that can be counted."""

from __future__ import annotations

from typing import Self

import numpy as np
import numpy.typing as npt

from cam._models import OpportunityModel

__all__ = ["Bdw", "Sbg"]


class _ContractModel(OpportunityModel):
    """What is asked of contracts, besides what is asked of purchases: a purchase is a renewal here."""

    def survival(self, periods: int) -> npt.NDArray[np.float64]:
        """Give the share of new customers who are still there after 0, 1, ... `periods` opportunities: S(t).

        Parameters
        ----------
        periods : int
            The last opportunity.

        Returns
        -------
        numpy array of length ``periods + 1``
            It begins with 1.
        """
        return np.array([self.new_customer("probability_alive", after=t) for t in range(periods + 1)])

    def retention_rates(self, periods: int) -> npt.NDArray[np.float64]:
        """Give the share of those still there who renew at the opportunities 1, 2, ... `periods`: S(t)/S(t - 1).

        Parameters
        ----------
        periods : int
            The last opportunity.

        Returns
        -------
        numpy array of length `periods`
        """
        survival = self.survival(periods)
        return survival[1:] / survival[:-1]


class Sbg(_ContractModel):
    r"""sBG, shifted-beta-geometric: at each opportunity a customer renews a contract, or leaves.

    Notes
    -----
    A customer leaves at each opportunity with a probability θ of his or her own that never changes; across customers
    θ ~ Beta(α, β). So

    .. math:: S(t) = \frac{B(\alpha, \beta + t)}{B(\alpha, \beta)}, \qquad
              r_t = \frac{S(t)}{S(t-1)} = \frac{\beta + t - 1}{\alpha + \beta + t - 1}:

    the share that renews grows with tenure, for those who leave easily leave first.

    `frequency` counts renewals and `T` the opportunities to renew since the acquisition. With as many renewals as
    opportunities the customer is still there; with fewer he or she left at the next one, and what followed says nothing.
    All horizons are counted in opportunities. Customers with the same history may be one row: a column `weight` says how many
    they are.

    The expected residual lifetime is `discounted_expected_purchases`: the k-th opportunity from now counts
    ``(1 + discount_rate) ** -k``. The DERL of Fader & Hardie (2010) counts the next one in full and is ``1 + discount_rate``
    times that; their retention elasticity is 1 more than it.

    References
    ----------
    Fader, P. S. and Hardie, B. G. S. (2007), How to project customer retention, Journal of Interactive Marketing 21(1),
    76-90. The same (2010), Customer-base valuation in a contractual setting: the perils of ignoring heterogeneity, Marketing
    Science 29(1), 85-93.

    Examples
    --------
    >>> import cam
    >>> import numpy as np
    >>> left = [369, 163, 86, 56, 37, 27, 21]  # of 1,000 customers, at the first to the seventh opportunity
    >>> rows = {"frequency": np.arange(8.0), "T": np.full(8, 7.0), "weight": [*left, 241.0]}
    >>> model = cam.Sbg().fit(rows, unit="Y")
    >>> model
    <Sbg alpha=0.704077, beta=1.18204, unit='year': log-likelihood -1680.26519, converged>
    >>> model.retention_rates(4).round(3)
    array([0.627, 0.756, 0.819, 0.856])
    >>> round(float(model.survival(12)[12]), 3)
    0.17
    """

    model = "sbg"

    @classmethod
    def from_params(  # type: ignore[override]
        cls, *, alpha: float, beta: float, unit: str | None = None
    ) -> Self:
        """Make a model with these parameters.

        Parameters
        ----------
        alpha, beta : float
            First and second shape of the dropout probability across customers.
        unit : str, optional
            The time from one opportunity to the next.
        """
        return super().from_params(unit=unit, alpha=alpha, beta=beta)


class Bdw(_ContractModel):
    r"""BdW, beta-discrete-Weibull: contracts whose renewal depends on how long they have run.

    Notes
    -----
    As `Sbg`, but a customer's own risk of leaving changes with tenure: it grows for c > 1 and falls for c < 1,

    .. math:: S(t) = \frac{B(\alpha, \beta + t^{c})}{B(\alpha, \beta)}.

    θ ~ Beta(α, β) is the probability of leaving at the first opportunity. With c = 1 this is `Sbg`, which
    `likelihood_ratio_test` puts to the test. Columns, horizons and discounting are those of `Sbg`.

    References
    ----------
    Fader, P. S., Hardie, B. G. S., Liu, Y., Davin, J. and Steenburgh, T. (2018), "How to project customer retention" revisited:
    the role of duration dependence, Journal of Interactive Marketing 43, 1-16. Nakagawa, T. and Osaki, S. (1975), The discrete
    Weibull distribution, IEEE Transactions on Reliability 24(5), 300-301.

    Examples
    --------
    >>> import cam
    >>> import numpy as np
    >>> left = [131, 126, 90, 60, 42, 34, 26]  # of 1,000 customers, at the first to the seventh opportunity
    >>> rows = {"frequency": np.arange(8.0), "T": np.full(8, 7.0), "weight": [*left, 491.0]}
    >>> model = cam.Bdw().fit(rows, unit="Y")
    >>> model
    <Bdw alpha=0.214253, beta=1.42657, c=1.72356, unit='year': log-likelihood -1605.31421, converged>
    >>> print(f"{model.likelihood_ratio_test(cam.Sbg().fit(rows, unit='Y')).p_value:.4f}")
    0.0006
    """

    model = "bdw"

    @classmethod
    def from_params(  # type: ignore[override]
        cls, *, alpha: float, beta: float, c: float, unit: str | None = None
    ) -> Self:
        """Make a model with these parameters.

        Parameters
        ----------
        alpha, beta : float
            First and second shape, across customers, of the probability of leaving at the first opportunity.
        c : float
            How a customer's risk changes with tenure: it grows where this is more than 1, and falls where it is less.
        unit : str, optional
            The time from one opportunity to the next.
        """
        return super().from_params(unit=unit, alpha=alpha, beta=beta, c=c)
