"""How uncertain an answer is: second moments of purchases and of spend, for the classes of models."""

from __future__ import annotations

from cam._answers import Answers
from cam._call import discounting, number
from cam._frames import Frame, Vector

__all__ = ["PurchaseMoments", "SpendMoments"]


class PurchaseMoments(Answers):
    """Variances that can be asked of models of purchases."""

    def variance_of_purchases(
        self, summary: Frame, horizon: float, *, unit: str | None = None, threads: int | None = None
    ) -> Vector:
        """Give the variance of each customer's number of purchases in the next `horizon` units of time, given the history.

        Parameters
        ----------
        summary : frame or dict of arrays
            Columns `frequency`, `recency` and `T`; see `cam.summarize`.
        horizon : float
            How far to look ahead from the end of observation.
        unit : str, optional
            The unit of the table's times; needed only where the frame does not remember it.
        threads : int, optional
            How many threads to use; all processors by default.

        Returns
        -------
        vector
            Of the kind of `summary`.
        """
        horizon = number("horizon", horizon)
        return self.score("variance_of_purchases", summary, unit=unit, threads=threads, horizon=horizon)

    def variance_of_discounted_purchases(
        self,
        summary: Frame,
        *,
        continuous_discount_rate: float | None = None,
        discount_rate: float | None = None,
        horizon: float | None = None,
        unit: str | None = None,
        threads: int | None = None,
    ) -> Vector:
        """Give the variance of the sum of each customer's purchases to come, each discounted to its present value.

        Parameters
        ----------
        summary : frame or dict of arrays
            Columns `frequency`, `recency` and `T`; see `cam.summarize`.
        continuous_discount_rate : float, optional
            Rate per unit of time: a purchase at time t counts e^(-rate t).
        discount_rate : float, optional
            Rate per unit of time: a purchase within the k-th unit of time counts (1 + rate)^-k. Exactly one rate is given.
        horizon : float, optional
            How far to look ahead; for ever by default.
        unit : str, optional
            The unit of the table's times; needed only where the frame does not remember it.
        threads : int, optional
            How many threads to use; all processors by default.

        Returns
        -------
        vector
            Of the kind of `summary`.
        """
        arguments = discounting(continuous_discount_rate, discount_rate, horizon, self.unit_)
        return self.score("variance_of_discounted_purchases", summary, unit=unit, threads=threads, **arguments)


class SpendMoments(Answers):
    """Variances that can be asked of models of spend."""

    def variance_of_mean_spend(self, summary: Frame, *, threads: int | None = None) -> Vector:
        """Give the variance of what is not known of each customer: of his or her own mean spend per purchase.

        Parameters
        ----------
        summary : frame or dict of arrays
            The columns of the model; see `cam.summarize`.
        threads : int, optional
            How many threads to use; all processors by default.

        Returns
        -------
        vector
            In squared units of money, of the kind of `summary`.
        """
        return self.score("variance_of_mean_spend", summary, threads=threads)

    def expected_spend_variance(self, summary: Frame, *, threads: int | None = None) -> Vector:
        """Give the expected variance of each customer's spend from purchase to purchase about his or her own mean.

        Parameters
        ----------
        summary : frame or dict of arrays
            The columns of the model; see `cam.summarize`.
        threads : int, optional
            How many threads to use; all processors by default.

        Returns
        -------
        vector
            In squared units of money, of the kind of `summary`.
        """
        return self.score("expected_spend_variance", summary, threads=threads)
