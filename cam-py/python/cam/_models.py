"""What can be asked of a model of purchases and of a model of spend, and the models of purchases, one class each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from cam._answers import each
from cam._base import Model
from cam._call import Progress, number, shown
from cam._frames import Frame, Source, Vector
from cam._moments import PurchaseMoments, SpendMoments
from cam._time_varying import fit_steps, score_steps, simulate_steps
from cam.errors import InvalidParameterError

__all__ = ["BgBb", "BgNbd", "ParetoNbd", "PurchaseModel", "SpendModel"]


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
            return each("n", n, lambda k: self.new_customer(quantity, n=_count(k), **times))
        return self.score(quantity, summary, unit=unit, threads=threads, n=_count(n), **times)

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
            **_discounting(continuous_discount_rate, discount_rate, horizon),
        )

    def predict(
        self,
        summary: Frame,
        horizon: float,
        discount_rate: float = 0.0,
        spend: SpendModel | None = None,
        *,
        margin: float = 1.0,
        unit: str | None = None,
        threads: int | None = None,
    ) -> Frame:
        """Give all scores in one frame.

        Parameters
        ----------
        summary : frame or dict of arrays
            Columns `frequency`, `recency`, `T` and, with a model of spend, `monetary_value`.
        horizon : float
            How far to look ahead, in the unit of the model. Not for ever: that is `discounted_expected_purchases` and
            `customer_lifetime_value` with ``horizon=None``, for expected purchases without a discount may have no end.
        discount_rate : float
            Rate per unit of time of the model: a purchase within the k-th unit of time counts (1 + rate)^-k. It is not an
            annual rate: 15 % a year is ``1.15 ** (1 / 52) - 1`` for weeks. Without a rate nothing is discounted.
        spend : GammaGamma, optional
            A model of spend.
        margin : float
            The share of the spend that is profit.
        unit : str, optional
            The unit of the table's times; needed only where the frame does not remember it.
        threads : int, optional
            How many threads to use; all processors by default.

        Returns
        -------
        frame
            Of the kind of `summary`, with the same index (else its first column, where that is a key), and columns
            `probability_alive`, `expected_purchases`, `discounted_expected_purchases` and, with a model of spend,
            `expected_spend` and `customer_lifetime_value`.
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
        ahead, share = number("horizon", horizon), number("margin", margin)
        rate = number("discount_rate", discount_rate)
        columns = {
            "probability_alive": self._score(source, "probability_alive", threads),
            "expected_purchases": self._score(source, "expected_purchases", threads, horizon=ahead),
            "discounted_expected_purchases": self._score(
                source, "discounted_expected_purchases", threads, discount_rate=rate, horizon=ahead
            ),
        }
        if spend is not None:
            columns["expected_spend"] = spend._score(source, "expected_spend", threads)
            # In the order of the core, to the last bit.
            earned = share * columns["discounted_expected_purchases"]
            columns["customer_lifetime_value"] = earned * columns["expected_spend"]
        return source.scores(columns, (*self._spec.columns, *self._spec.logs, "monetary_value", "weight"))


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


class BgNbd(PurchaseModel):
    r"""BG/NBD: purchases are Poisson while a customer is alive; after each one the customer may leave.

    Notes
    -----
    A customer buys at rate λ and, after every repeat purchase, leaves with probability p. Across customers
    λ ~ Gamma(shape r, rate α) and p ~ Beta(a, b), independent. The likelihood of x repeat purchases, the last at t_x, by T is

    .. math:: \frac{B(a, b+x)}{B(a, b)} \frac{\Gamma(r+x)\,\alpha^r}{\Gamma(r)(\alpha+T)^{r+x}}
              + 1_{x>0}\frac{B(a+1, b+x-1)}{B(a, b)} \frac{\Gamma(r+x)\,\alpha^r}{\Gamma(r)(\alpha+t_x)^{r+x}}.

    A customer without a repeat purchase cannot have left, so `probability_alive` is 1 where `frequency` is 0.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. and Lee, K. L. (2005), "Counting your customers" the easy way: an alternative to the
    Pareto/NBD model, Marketing Science 24(2), 275-284, equations 6, 8, 9 and 10.
    P(alive): the same authors (2008), Computing P(alive) using the BG/NBD model.

    Examples
    --------
    >>> import cam
    >>> log = cam.datasets.load_cdnow()
    >>> summary = cam.summarize(log, unit="W", observation_end="1997-09-30")
    >>> model = cam.BgNbd().fit(summary)
    >>> model
    <BgNbd r=0.242595, alpha=4.4136, a=0.792922, b=2.42591, unit='week': log-likelihood -9582.42921, converged>
    >>> model.expected_purchases(summary, horizon=52).head(2).round(3)
    customer_id
    1    1.559
    2    0.260
    Name: expected_purchases, dtype: float64
    """

    model = "bg_nbd"

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


class ParetoNbd(PurchaseModel):
    r"""Pareto/NBD: purchases are Poisson while a customer is alive, for an exponential time.

    Notes
    -----
    A customer buys at rate λ and leaves at rate μ. Across customers λ ~ Gamma(shape r, rate α) and μ ~ Gamma(shape s,
    rate β), independent. The likelihood of x repeat purchases, the last at t_x, by T is

    .. math:: \frac{\Gamma(r+x)\,\alpha^r\beta^s}{\Gamma(r)} \left\{ \frac{1}{(\alpha+T)^{r+x}(\beta+T)^s}
              + \int_{t_x}^{T} \frac{s\,du}{(\alpha+u)^{r+x}(\beta+u)^{s+1}} \right\},

    whose integral is evaluated as it stands, with no hypergeometric function, so that no argument overflows.

    References
    ----------
    Schmittlein, D. C., Morrison, D. G. and Colombo, R. (1987), Counting your customers: who are they and what will they do
    next?, Management Science 33(1), 1-24. Fader, P. S. and Hardie, B. G. S. (2005), A note on deriving the Pareto/NBD model
    and related expressions.

    Examples
    --------
    >>> import cam
    >>> log = cam.datasets.load_cdnow()
    >>> summary = cam.summarize(log, unit="W", observation_end="1997-09-30")
    >>> model = cam.ParetoNbd().fit(summary)
    >>> model
    <ParetoNbd r=0.553277, alpha=10.5777, s=0.60624, beta=11.6687, unit='week': log-likelihood -9594.97618, converged>
    >>> model.probability_alive(summary).head(2).round(3)
    customer_id
    1    0.869
    2    0.168
    Name: probability_alive, dtype: float64
    """

    model = "pareto_nbd"

    def fit_time_varying(
        self,
        steps: Frame,
        *,
        customer: str = "customer_id",
        unit: str | None = None,
        threads: int | None = None,
        progress: Progress = None,
    ) -> Self:
        """Estimate the parameters where covariates change over time.

        Parameters
        ----------
        steps : frame or dict of arrays
            One row for each customer and step of the covariates; see `cam.covariate_steps`.
        customer : str
            The column of customer keys; the rows of one stand together.
        unit : str, optional
            The unit of its times; needed only where the frame does not remember it.
        threads : int, optional
            How many threads to use; all processors by default. The result does not depend on it.
        progress : bool or callable, optional
            ``True`` prints; a function gets ``(stage, done, total, value)``.

        Returns
        -------
        self

        References
        ----------
        Bachmann, P., Meierer, M. and Näf, J. (2021), The role of time-varying contextual factors in latent attrition models for
        customer base analysis, Marketing Science 40(4), 783-809.
        """
        fit_steps(self, steps, customer, unit, threads, progress)
        return self

    def score_time_varying(
        self,
        quantity: str,
        steps: Frame,
        *,
        customer: str = "customer_id",
        unit: str | None = None,
        threads: int | None = None,
        **arguments: Any,
    ) -> Vector:
        """Give a quantity, by name, for every customer whose covariates change over time.

        Parameters
        ----------
        quantity : str
            `log_likelihood`, `probability_alive`, `expected_purchases` or `discounted_expected_purchases`.
        steps : frame or dict of arrays
            As for `fit_time_varying`. Steps that begin after `T` are what will be; the last holds for ever.
        customer : str
            The column of customer keys.
        unit : str, optional
            The unit of its times; needed only where the frame does not remember it.
        threads : int, optional
            How many threads to use; all processors by default.
        **arguments
            Those of the quantity, such as `horizon`.

        Returns
        -------
        Series (pandas) by customer, or a frame of the kind of `steps` with a row for each customer
        """
        return score_steps(self, quantity, steps, customer, unit, threads, arguments)

    def simulate_time_varying(
        self,
        steps: Frame,
        *,
        seed: int = 0,
        customer: str = "customer_id",
        unit: str | None = None,
        threads: int | None = None,
    ) -> Frame:
        """Draw what customers buy whose covariates change over time.

        Parameters
        ----------
        steps : frame or dict of arrays
            One row for each customer and step: the key, `start`, `T` and the covariates. The rows of a customer stand together.
        seed : int
            Customer i depends on it and on i alone.
        customer : str
            The column of customer keys.
        unit : str, optional
            The unit of its times; needed only where the frame does not remember it.
        threads : int, optional
            How many threads to use; all processors by default. The result does not depend on it.

        Returns
        -------
        frame
            The steps, with `purchases` and `recency` as drawn: for `fit_time_varying`.
        """
        return simulate_steps(self, steps, seed, customer, unit, threads)

    @classmethod
    def from_params(  # type: ignore[override]
        cls, *, r: float, alpha: float, s: float, beta: float, unit: str | None = None
    ) -> Self:
        """Make a model with these parameters.

        Parameters
        ----------
        r, alpha : float
            Shape and rate of the purchase rate across customers; `alpha` in units of time.
        s, beta : float
            Shape and rate of the rate of leaving across customers; `beta` in units of time.
        unit : str, optional
            The unit of time that the parameters refer to.
        """
        return super().from_params(unit=unit, r=r, alpha=alpha, s=s, beta=beta)


class BgBb(PurchaseModel):
    r"""BG/BB: purchases and leaving at discrete opportunities, such as yearly donations.

    Notes
    -----
    At each opportunity a customer who is alive buys with probability p; at the beginning of each he or she leaves with
    probability θ. Across customers p ~ Beta(α, β) and θ ~ Beta(γ, δ), independent. The likelihood of purchases at x of n
    opportunities, the last at the t_x-th, is

    .. math:: \frac{B(\alpha+x, \beta+n-x)}{B(\alpha, \beta)} \frac{B(\gamma, \delta+n)}{B(\gamma, \delta)}
              + \sum_{i=0}^{n-t_x-1} \frac{B(\alpha+x, \beta+t_x-x+i)}{B(\alpha, \beta)}
              \frac{B(\gamma+1, \delta+t_x+i)}{B(\gamma, \delta)}.

    `frequency`, `recency` and `T` are counted in opportunities, and so are `after` and `horizon`: all of them are whole numbers.
    `cam.opportunities` makes such a summary from a log. Customers with the same history are one row: a column `weight` says
    how many they are.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. and Shang, J. (2010), Customer-base analysis in a discrete-time noncontractual setting,
    Marketing Science 29(6), 1086-1108, equations 3, 8, 9, 11, 13 and 14.

    Examples
    --------
    >>> import cam
    >>> donors = cam.datasets.load_donations()
    >>> model = cam.BgBb().fit(donors)
    >>> model
    <BgBb alpha=1.20352, beta=0.749716, gamma=0.656718, delta=2.78344, unit='year': log-likelihood -33225.5813, converged>
    >>> model.probability_alive(donors, after=1).iloc[[0, 9, -1]].round(2).tolist()
    [0.11, 0.59, 0.93]
    """

    model = "bg_bb"

    @classmethod
    def from_params(  # type: ignore[override]
        cls, *, alpha: float, beta: float, gamma: float, delta: float, unit: str | None = None
    ) -> Self:
        """Make a model with these parameters.

        Parameters
        ----------
        alpha, beta : float
            First and second shape of the purchase probability across customers.
        gamma, delta : float
            First and second shape of the dropout probability across customers.
        unit : str, optional
            The time from one opportunity to the next.
        """
        return super().from_params(unit=unit, alpha=alpha, beta=beta, gamma=gamma, delta=delta)

    def posterior_purchase_probability(
        self, summary: Frame, *, unit: str | None = None, threads: int | None = None
    ) -> Vector:
        """Give the mean of each customer's own probability of buying at an opportunity, given the history.

        Parameters
        ----------
        summary : frame or dict of arrays
            Columns `frequency`, `recency` and `T`, counted in opportunities.
        unit : str, optional
            The time from one opportunity to the next; needed only where the frame does not remember it.
        threads : int, optional
            How many threads to use; all processors by default.

        Returns
        -------
        vector
            Of the kind of `summary`.
        """
        return self.score("posterior_purchase_probability", summary, unit=unit, threads=threads)

    def posterior_dropout_probability(
        self, summary: Frame, *, unit: str | None = None, threads: int | None = None
    ) -> Vector:
        """Give the mean of each customer's own probability of leaving at an opportunity, given the history.

        Parameters
        ----------
        summary : frame or dict of arrays
            Columns `frequency`, `recency` and `T`, counted in opportunities.
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


def need_model(name: str, given: Any, kind: str) -> None:
    """Refuse what is no model at all, such as the class of one."""
    if not isinstance(given, Model):
        raise InvalidParameterError(f"{name} must be a fitted model of {kind}, got {shown(given)}", field=name)


def _count(n: Any) -> int:
    value = number("n", n)
    if value < 0 or value != np.floor(value) or value >= 2**32:
        raise InvalidParameterError(f"n must be a whole number from 0 to 4,294,967,295, got {n}", field="n")
    return int(value)


def _discounting(continuous: float | None, per_period: float | None, horizon: float | None) -> dict[str, Any]:
    given = {
        "continuous_discount_rate": continuous,
        "discount_rate": per_period,
        "horizon": horizon,
    }
    return {name: number(name, value) for name, value in given.items() if value is not None}
