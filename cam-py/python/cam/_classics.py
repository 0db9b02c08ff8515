"""BG/NBD and Pareto/NBD, the models that the others are measured by, and BG/BB, their like in discrete time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy.typing as npt

from cam._base import bayesian
from cam._call import Progress
from cam._frames import Floats, Frame, Source, Vector
from cam._models import OpportunityModel, PurchaseModel
from cam._time_varying import data_of_steps, fit_steps, score_steps, simulate_steps

__all__ = ["BgBb", "BgNbd", "ParetoNbd"]


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

    # The column of customer keys of the last fit to steps.
    _customer = "customer_id"

    def fit_time_varying(
        self,
        steps: Frame,
        *,
        customer: str = "customer_id",
        unit: str | None = None,
        start: Mapping[str, float] | Sequence[float] | None = None,
        method: str | None = None,
        priors: Mapping[str, Any] | None = None,
        draws: int | None = None,
        warmup: int | None = None,
        chains: int | None = None,
        seed: int | None = None,
        target_accept: float | None = None,
        weights: str | npt.ArrayLike | None = None,
        gradient_tolerance: float | None = None,
        max_evaluations: int | None = None,
        threads: int | None = None,
        progress: Progress = None,
    ) -> Self:
        """Estimate the parameters where covariates change over time.

        Intervals by profile and bootstrap, and the test of nested models, are then those of these data, as after `fit`.

        Parameters
        ----------
        steps : frame or dict of arrays
            One row for each customer and step of the covariates; see `cam.covariate_steps`.
        customer : str
            The column of customer keys; the rows of one stand together.
        unit : str, optional
            The unit of its times; needed only where the frame does not remember it.
        start : dict or sequence, optional
            Where to start: the parameters, or in a sequence the coefficients after them, too; by default where the model
            without covariates has its maximum.
        method : {"mle", "map", "nuts"}, optional
            Maximum likelihood, the mode of the posterior density, or draws from it, as in `fit`.
        priors : dict, optional
            A `cam.Prior` by parameter, or by coefficient, such as ``"purchase:season"``. Parameters are those of a customer
            whose covariates are 0. What has no prior has a flat one.
        draws, warmup, chains, seed, target_accept : optional
            For ``"nuts"``, as in `fit`.
        weights : str or array, optional
            How many customers each customer of the steps stands for: a column, or numbers, the same in all rows of one. By
            default the column `weight`, where there is one.
        gradient_tolerance, max_evaluations : optional
            Where the search ends, as in `fit`.
        threads : int, optional
            How many threads to use; all processors by default. The result does not depend on it.
        progress : bool or callable, optional
            ``True`` prints; a function gets ``(stage, done, total, value)``.

        Returns
        -------
        self

        Warns
        -----
        ConvergenceWarning
            The fit ended elsewhere than at a maximum; parameters that ran away are named.

        References
        ----------
        Bachmann, P., Meierer, M. and Näf, J. (2021), The role of time-varying contextual factors in latent attrition models for
        customer base analysis, Marketing Science 40(4), 783-809.
        """
        options = self._search(start, gradient_tolerance, max_evaluations)
        options |= bayesian(method, priors, draws, warmup, chains, seed, target_accept)
        fit_steps(self, steps, customer, unit, weights, options, threads, progress)
        self._customer = customer
        return self

    def _data_of(self, summary: Frame | None) -> tuple[Mapping[str, Floats], str | None]:
        if summary is not None:
            source = Source(summary)
            if "start" in source and "frequency" not in source:
                return data_of_steps(self, source, self._customer)
        return super()._data_of(summary)

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
            One of the `quantities` that `cam.models` lists for Pareto/NBD, such as ``"purchase_probability"``.
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


class BgBb(OpportunityModel):
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
