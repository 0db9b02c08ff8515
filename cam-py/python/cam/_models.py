"""What can be asked of a model of purchases, and of a model of spend."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from cam._answers import each
from cam._base import Model
from cam._call import count, discounting, name_methods, number, rate, share, shown
from cam._frames import Floats, Frame, Source, Vector
from cam._hierarchical import HierarchicalModel
from cam._moments import PurchaseMoments, SpendMoments
from cam._walks import Walks
from cam.errors import InvalidParameterError

__all__ = ["OpportunityModel", "PurchaseModel", "SpendModel"]


class PurchaseModel(PurchaseMoments, Model):
    """What can be asked of every model of repeat purchases. Times are in the unit of the model."""

    _other_processes = ("spend",)

    def probability_alive(
        self, summary: Frame, after: float = 0.0, *, unit: str | None = None, threads: int | None = None
    ) -> Vector:
        """Give the probability that each customer is still a customer.

        Parameters
        ----------
        summary : frame or dict of arrays
            Columns `frequency`, `recency` and `T`; see `cam.summarize`. A row with a NaN gives NaN.
        after : float
            How long after the end of observation; 0 is now.
        unit : str, optional
            The unit of the table's times; needed only where the frame does not remember it.
        threads : int, optional
            How many threads to use; all processors by default.

        Returns
        -------
        vector
            Of the kind of `summary`.
        """
        return self.score("probability_alive", summary, unit=unit, threads=threads, after=number("after", after))

    def expected_purchases(
        self, summary: Frame, horizon: float, *, unit: str | None = None, threads: int | None = None
    ) -> Vector:
        """Give the expected number of purchases of each customer in the next `horizon` units of time.

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
        return self.score("expected_purchases", summary, unit=unit, threads=threads, horizon=number("horizon", horizon))

    def expected_purchases_new_customer(self, horizon: npt.ArrayLike) -> Any:
        """Give the expected number of repeat purchases of a new customer in the first `horizon` units of time.

        Parameters
        ----------
        horizon : float or array
            How long after the first purchase.

        Returns
        -------
        float or ndarray
        """
        return each("horizon", horizon, lambda h: self.new_customer("expected_purchases", horizon=h))

    def purchase_probability(
        self,
        n: npt.ArrayLike,
        horizon: float,
        summary: Frame | None = None,
        *,
        unit: str | None = None,
        threads: int | None = None,
    ) -> Any:
        """Give the probability of exactly `n` purchases in the next `horizon` units of time.

        Parameters
        ----------
        n : int, or list or array where there is no `summary`
            The number of purchases.
        horizon : float
            How far to look ahead: from the end of observation, or from the first purchase of a new customer.
        summary : frame or dict of arrays, optional
            The customers; without it, a new customer.
        unit : str, optional
            The unit of the table's times; needed only where the frame does not remember it.
        threads : int, optional
            How many threads to use; all processors by default.

        Returns
        -------
        float, ndarray or vector
            For a new customer a float, or an array for an array of `n`; else a vector of the kind of `summary`.
        """
        return self._count_probability(
            "purchase_probability", n, summary, unit, threads, horizon=number("horizon", horizon)
        )

    def later_purchase_probability(
        self,
        n: npt.ArrayLike,
        after: float,
        horizon: float,
        summary: Frame | None = None,
        *,
        unit: str | None = None,
        threads: int | None = None,
    ) -> Any:
        """Give the probability of exactly `n` purchases in the `horizon` units of time that begin `after` from now.

        Parameters
        ----------
        n : int, or list or array where there is no `summary`
            The number of purchases.
        after : float
            When the period begins: counted from the end of observation, or from the first purchase of a new customer.
        horizon : float
            How long the period is.
        summary : frame or dict of arrays, optional
            The customers; without it, a new customer.
        unit : str, optional
            The unit of the table's times; needed only where the frame does not remember it.
        threads : int, optional
            How many threads to use; all processors by default.

        Returns
        -------
        float, ndarray or vector
            As of `purchase_probability`.
        """
        begins, lasts = number("after", after), number("horizon", horizon)
        return self._count_probability(
            "later_purchase_probability", n, summary, unit, threads, after=begins, horizon=lasts
        )

    def _count_probability(
        self,
        quantity: str,
        n: npt.ArrayLike,
        summary: Frame | None,
        unit: str | None,
        threads: int | None,
        **times: float,
    ) -> Any:
        """Ask for a number of purchases, or for several of a new customer."""
        if isinstance(n, Mapping) or hasattr(n, "columns"):
            raise InvalidParameterError(
                f"n must be a number, got a {type(n).__name__}: the order is n, horizon, summary", field="n"
            )
        if summary is not None and np.ndim(n) > 0:
            raise InvalidParameterError(
                f"n must be one number where there is a summary, got {shown(n)}: several are for a new customer only",
                field="n",
            )
        if summary is None:
            return each("n", n, lambda k: self.new_customer(quantity, n=count(k), **times))
        return self.score(quantity, summary, unit=unit, threads=threads, n=count(n), **times)

    def discounted_expected_purchases(
        self,
        summary: Frame,
        *,
        continuous_discount_rate: float | None = None,
        discount_rate: float | None = None,
        horizon: float | None = None,
        unit: str | None = None,
        threads: int | None = None,
    ) -> Vector:
        """Give the expected number of purchases of each customer from now on, discounted to their present value.

        Over an infinite horizon this is known as DERT, the discounted expected residual transactions.

        Parameters
        ----------
        summary : frame or dict of arrays
            Columns `frequency`, `recency` and `T`; see `cam.summarize`.
        continuous_discount_rate : float, optional
            Rate per unit of time of the model: a purchase at time t counts exp(-rate t). It is not an annual rate: 15 % a year
            is ``math.log(1.15) / 52`` for weeks.
        discount_rate : float, optional
            Rate per unit of time of the model: a purchase within the k-th unit of time counts (1 + rate)^-k. Give exactly
            one of the two.
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
        return self.score(
            "discounted_expected_purchases",
            summary,
            unit=unit,
            threads=threads,
            **discounting(continuous_discount_rate, discount_rate, horizon, self.unit_),
        )

    def predict(
        self,
        summary: Frame,
        horizon: float,
        discount_rate: float | None = None,
        spend: SpendModel | None = None,
        *,
        margin: float | None = None,
        steps: Frame | None = None,
        customer: str = "customer_id",
        unit: str | None = None,
        threads: int | None = None,
    ) -> Frame:
        """Give all scores in one frame.

        Parameters
        ----------
        summary : frame or dict of arrays
            Columns `frequency`, `recency`, `T` and those of the model of spend, such as `monetary_value`.
        horizon : float
            How far to look ahead, in the unit of the model. Not for ever: that is `discounted_expected_purchases` and
            `customer_lifetime_value` with ``horizon=None``, for expected purchases without a discount may have no end.
        discount_rate : float
            Rate per unit of time of the model: a purchase within the k-th unit of time counts (1 + rate)^-k. It is not an
            annual rate: 15 % a year is ``1.15 ** (1 / 52) - 1`` for weeks. Without a rate there are no discounted purchases and
            no lifetime value; with a rate of 0 they are there, and not discounted.
        spend : SpendModel, optional
            A model of spend: `GammaGamma`, `NormalSpend` or `LogNormalSpend`.
        margin : float
            The share of the spend that is profit; 1 by default. For the lifetime value, which needs a rate.
        steps : frame or dict of arrays, optional
            After `ParetoNbd.fit_time_varying`: the steps of the customers of `summary`, as `cam.covariate_steps` gives them.
            Without them covariates are columns of `summary`, and stay as they are.
        customer : str
            The key by which they are found: a column of both, or the index of a pandas frame.
        unit : str, optional
            The unit of the table's times; needed only where the frame does not remember it.
        threads : int, optional
            How many threads to use; all processors by default.

        Returns
        -------
        frame
            Of the kind of `summary`, with the same index. First come all its columns that no model reads, such as the key of
            the customer, in their order: all but those of the models that `cam.models` lists (`frequency`, `recency`, `T`,
            `monetary_value` …), `weight`, and covariates of these models. Then the scores:
            `probability_alive`, `expected_purchases`, with a rate `discounted_expected_purchases`, with a model of spend
            `expected_spend`, and with both `customer_lifetime_value`.
        """
        source = Source(summary)
        self._state_unit(source, unit)
        if horizon is None:
            raise InvalidParameterError(
                "horizon must be a number, got None: for ever look discounted_expected_purchases and "
                "customer_lifetime_value, with horizon=None and a discount rate",
                field="horizon",
            )
        if spend is not None:
            need_model("spend", spend, "spend, such as GammaGamma")
        until = number("horizon", horizon)
        if margin is not None and (spend is None or discount_rate is None):
            raise InvalidParameterError(
                "margin is for the lifetime value, which needs spend=… and discount_rate=…, 0 where nothing is discounted",
                field="margin",
            )
        earns = 1.0 if margin is None else share("margin", margin)
        score: Callable[..., Floats] = functools.partial(self._score, source)
        walks = None if steps is None else Walks(source, steps, customer)
        if walks is not None:
            score = walks.scorer(self._fitted, source.floats(self._spec.columns), self._encoding)
        columns = {
            "probability_alive": score("probability_alive", threads),
            "expected_purchases": score("expected_purchases", threads, horizon=until),
        }
        if discount_rate is not None:
            per_period = rate("discount_rate", discount_rate, self.unit_)
            columns["discounted_expected_purchases"] = score(
                "discounted_expected_purchases", threads, discount_rate=per_period, horizon=until
            )
        if spend is not None:
            columns["expected_spend"] = spend._score(source, "expected_spend", threads)
            if discount_rate is not None:
                # In the order of the core, to the last bit.
                earned = earns * columns["discounted_expected_purchases"]
                columns["customer_lifetime_value"] = earned * columns["expected_spend"]
        encodings = (self._encoding, None if spend is None else spend._encoding)
        return source.scores(columns, [name for encoding in encodings if encoding for name in encoding.columns])


class OpportunityModel(PurchaseModel):
    """A model of purchases at opportunities that can be counted, at each of which a customer may leave."""

    def posterior_dropout_probability(
        self, summary: Frame, *, unit: str | None = None, threads: int | None = None
    ) -> Vector:
        """Give the mean of each customer's own probability of leaving at an opportunity, given the history.

        Parameters
        ----------
        summary : frame or dict of arrays
            The columns of the model, counted in opportunities.
        unit : str, optional
            The time from one opportunity to the next; needed only where the frame does not remember it.
        threads : int, optional
            How many threads to use; all processors by default.

        Returns
        -------
        vector
            Of the kind of `summary`.
        """
        return self.score("posterior_dropout_probability", summary, unit=unit, threads=threads)


class SpendModel(SpendMoments, Model):
    """What can be asked of every model of spend per purchase."""

    _other_processes = ("purchase", "lifetime")

    def expected_spend(self, summary: Frame, *, threads: int | None = None) -> Vector:
        """Give the expected spend per purchase of each customer.

        Parameters
        ----------
        summary : frame or dict of arrays
            Columns `frequency` and `monetary_value` and those of the model; see `cam.summarize`.
        threads : int, optional
            How many threads to use; all processors by default.

        Returns
        -------
        vector
            Of the kind of `summary`.
        """
        return self.score("expected_spend", summary, threads=threads)

    def expected_spend_new_customer(self) -> float:
        """Give the expected spend per purchase of a customer of whom nothing is known.

        Returns
        -------
        float
        """
        return self.new_customer("expected_spend")


name_methods(PurchaseModel, PurchaseMoments)
name_methods(SpendModel, SpendMoments)


def need_model(name: str, given: Any, kind: str) -> None:
    """Refuse what is no model at all, such as the class of one."""
    if not isinstance(given, Model | HierarchicalModel):
        raise InvalidParameterError(f"{name} must be a fitted model of {kind}, got {shown(given)}", field=name)
