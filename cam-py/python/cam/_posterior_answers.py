"""What a posterior of populations says: the questions of every model of purchases, and draws of customers themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from cam._answers import _repeat, each
from cam._call import Progress, count, discounting, number, quantity_of, shown, whole
from cam._frames import UNIT, Floats, Frame, Source, Vector, default_kind, make
from cam._posterior import PosteriorTables
from cam._tasks import run
from cam.errors import InvalidParameterError, InvalidShapeError

__all__ = ["PosteriorAnswers"]


class PosteriorAnswers(PosteriorTables):
    """Answers averaged over draws of the population, and of each customer's own parameters given them.

    Every method takes `draws`, the most draws of the population that are used, and `seed`. A customer's answer depends on
    them and on the history, not on who else is in the table or on threads.
    """

    _task: ClassVar[str]
    _needs: ClassVar[tuple[str, ...]]

    @property
    def _posterior(self) -> dict[str, Any]:
        raise NotImplementedError

    @property
    def unit_(self) -> str | None:
        """The unit of time of the data, where it is known."""
        raise NotImplementedError

    @property
    def _covariates(self) -> list[str]:
        return []

    def score(
        self,
        quantity: str,
        summary: Frame,
        *,
        draws: int = 1000,
        seed: int = 1,
        unit: str | None = None,
        threads: int | None = None,
        progress: Progress = None,
        **arguments: Any,
    ) -> Vector:
        """Give a quantity, by name, for every customer: those that were learnt from, or any others.

        Parameters
        ----------
        quantity : str
            ``"log_likelihood"``, ``"probability_alive"``, ``"expected_purchases"``, ``"purchase_probability"``,
            ``"later_purchase_probability"``, ``"discounted_expected_purchases"``, ``"variance_of_purchases"`` or
            ``"variance_of_discounted_purchases"``.
        summary : frame or dict of arrays
            The columns that `fit` needs. A row with a NaN gives NaN.
        draws : int
            The most draws of the population that are used.
        seed : int
            The seed.
        unit : str, optional
            The unit of the table's times; needed only where the frame does not remember it.
        threads : int, optional
            How many threads to use; all processors by default. The result does not depend on it.
        progress : bool or callable, optional
            ``True`` prints; a function gets ``(stage, done, total, value)``.
        **arguments
            Those of the quantity, such as `horizon`.

        Returns
        -------
        vector
            Of the kind of `summary`. Of a variance, what chance will do and what is not known of customer and population
            together.
        """
        source = Source(summary)
        source.state_unit(unit)
        return source.vector(
            self._score(source, quantity, threads, draws=draws, seed=seed, progress=progress, **arguments), quantity
        )

    def _score(
        self,
        source: Source,
        quantity: str,
        threads: int | None,
        *,
        draws: int = 1000,
        seed: int = 1,
        progress: Progress = None,
        **arguments: Any,
    ) -> Floats:
        options = self._options(quantity, draws, seed, arguments)
        columns = source.floats([*self._needs, *self._covariates])
        with source.named_rows():
            answer = run("posterior_score", columns, options, unit=source.unit, threads=threads, progress=progress)
        return answer.columns["score"]

    def _options(self, quantity: str, draws: int, seed: int, arguments: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "posterior": self._posterior,
            "quantity": quantity_of(quantity, arguments),
            "draws": whole("draws", draws, 1),
            "seed": whole("seed", seed, 0),
        }

    def new_customer(
        self,
        quantity: str,
        *,
        covariates: Mapping[str, float] | None = None,
        draws: int = 1000,
        seed: int = 1,
        **arguments: Any,
    ) -> float:
        """Give a quantity, by name, for a customer who has just been acquired.

        Parameters
        ----------
        quantity : str
            As in `score`, but for the log-likelihood, which needs a history.
        covariates : dict, optional
            The covariates of the customer, by name, where the posterior has some.
        draws : int
            The most draws of the population that are used.
        seed : int
            The seed.
        **arguments
            Those of the quantity, such as `horizon`.

        Returns
        -------
        float
        """
        options = self._options(quantity, draws, seed, arguments)
        given = dict(covariates or {})
        if set(given) != set(self._covariates):
            wanted = ", ".join(self._covariates) or "none"
            raise InvalidParameterError(
                f"covariates must be those of the posterior ({wanted}), got {', '.join(map(str, given)) or 'none'}",
                field="covariates",
            )
        columns = {name: np.array([number(name, given[name])]) for name in self._covariates}
        return float(run("posterior_new_customer", columns, options).output["value"])

    def probability_alive(self, summary: Frame, after: float = 0.0, **options: Any) -> Vector:
        """Give the probability that each customer is still a customer.

        Parameters
        ----------
        summary : frame or dict of arrays
            The columns that `fit` needs.
        after : float
            How long after the end of observation; 0 is now.
        **options
            `draws`, `seed`, `unit`, `threads` and `progress`, as in `score`.

        Returns
        -------
        vector
            Of the kind of `summary`.
        """
        return self.score("probability_alive", summary, after=number("after", after), **_checked(options))

    def expected_purchases(self, summary: Frame, horizon: float, **options: Any) -> Vector:
        """Give the expected number of purchases of each customer in the next `horizon` units of time.

        Parameters
        ----------
        summary : frame or dict of arrays
            The columns that `fit` needs.
        horizon : float
            How far to look ahead from the end of observation.
        **options
            `draws`, `seed`, `unit`, `threads` and `progress`, as in `score`.

        Returns
        -------
        vector
            Of the kind of `summary`.
        """
        return self.score("expected_purchases", summary, horizon=number("horizon", horizon), **_checked(options))

    def expected_purchases_new_customer(
        self, horizon: npt.ArrayLike, *, covariates: Mapping[str, float] | None = None, draws: int = 1000, seed: int = 1
    ) -> Any:
        """Give the expected number of repeat purchases of a new customer in the first `horizon` units of time.

        Parameters
        ----------
        horizon : float or array
            How long after the first purchase.
        covariates : dict, optional
            The covariates of the customer, by name, where the posterior has some.
        draws : int
            The most draws of the population that are used.
        seed : int
            The seed.

        Returns
        -------
        float or ndarray
        """
        known: dict[str, Any] = {"covariates": covariates, "draws": draws, "seed": seed}
        return each("horizon", horizon, lambda h: self.new_customer("expected_purchases", horizon=h, **known))

    def purchase_probability(
        self, n: npt.ArrayLike, horizon: float, summary: Frame | None = None, **options: Any
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
        **options
            `draws`, `seed`, `unit`, `threads` and `progress`, as in `score`; of a new customer `draws`, `seed` and `covariates`.

        Returns
        -------
        float, ndarray or vector
            For a new customer a float, or an array for an array of `n`; else a vector of the kind of `summary`.
        """
        return self._count("purchase_probability", n, summary, options, horizon=number("horizon", horizon))

    def later_purchase_probability(
        self, n: npt.ArrayLike, after: float, horizon: float, summary: Frame | None = None, **options: Any
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
        **options
            As of `purchase_probability`.

        Returns
        -------
        float, ndarray or vector
            As of `purchase_probability`.
        """
        times = {"after": number("after", after), "horizon": number("horizon", horizon)}
        return self._count("later_purchase_probability", n, summary, options, **times)

    def _count(
        self, quantity: str, n: npt.ArrayLike, summary: Frame | None, options: Mapping[str, Any], **times: Any
    ) -> Any:
        if isinstance(n, Mapping) or hasattr(n, "columns"):
            raise InvalidParameterError(
                f"n must be a number, got a {type(n).__name__}: the order is n, horizon, summary", field="n"
            )
        if summary is None:
            known = _checked(options, ("draws", "seed", "covariates"))
            return each("n", n, lambda k: self.new_customer(quantity, n=count(k), **times, **known))
        if np.ndim(n) > 0:
            raise InvalidParameterError(
                f"n must be one number where there is a summary, got {shown(n)}: several are for a new customer only",
                field="n",
            )
        return self.score(quantity, summary, n=count(n), **times, **_checked(options))

    def discounted_expected_purchases(
        self,
        summary: Frame,
        *,
        continuous_discount_rate: float | None = None,
        discount_rate: float | None = None,
        horizon: float | None = None,
        **options: Any,
    ) -> Vector:
        """Give the expected number of purchases of each customer from now on, discounted to their present value.

        Parameters
        ----------
        summary : frame or dict of arrays
            The columns that `fit` needs.
        continuous_discount_rate : float, optional
            Rate per unit of time: a purchase at time t counts exp(-rate t).
        discount_rate : float, optional
            Rate per unit of time: a purchase within the k-th unit of time counts (1 + rate)^-k. Give exactly one of the two.
        horizon : float, optional
            How far to look ahead; for ever by default.
        **options
            `draws`, `seed`, `unit`, `threads` and `progress`, as in `score`.

        Returns
        -------
        vector
            Of the kind of `summary`.
        """
        arguments = discounting(continuous_discount_rate, discount_rate, horizon, self.unit_)
        return self.score("discounted_expected_purchases", summary, **arguments, **_checked(options))

    def variance_of_purchases(self, summary: Frame, horizon: float, **options: Any) -> Vector:
        """Give the variance of each customer's number of purchases in the next `horizon` units of time, given the history.

        Parameters
        ----------
        summary : frame or dict of arrays
            The columns that `fit` needs.
        horizon : float
            How far to look ahead from the end of observation.
        **options
            `draws`, `seed`, `unit`, `threads` and `progress`, as in `score`.

        Returns
        -------
        vector
            What chance will do and what is not known of customer and population together; of the kind of `summary`.
        """
        return self.score("variance_of_purchases", summary, horizon=number("horizon", horizon), **_checked(options))

    def variance_of_discounted_purchases(
        self,
        summary: Frame,
        *,
        continuous_discount_rate: float | None = None,
        discount_rate: float | None = None,
        horizon: float | None = None,
        **options: Any,
    ) -> Vector:
        """Give the variance of the sum of each customer's purchases to come, each discounted to its present value.

        Parameters
        ----------
        summary : frame or dict of arrays
            The columns that `fit` needs.
        continuous_discount_rate : float, optional
            Rate per unit of time: a purchase at time t counts e^(-rate t).
        discount_rate : float, optional
            Rate per unit of time: a purchase within the k-th unit of time counts (1 + rate)^-k. Exactly one rate is given.
        horizon : float, optional
            How far to look ahead; for ever by default.
        **options
            `draws`, `seed`, `unit`, `threads` and `progress`, as in `score`.

        Returns
        -------
        vector
            Of the kind of `summary`.
        """
        arguments = discounting(continuous_discount_rate, discount_rate, horizon, self.unit_)
        return self.score("variance_of_discounted_purchases", summary, **arguments, **_checked(options))

    def log_likelihood(self, summary: Frame, **options: Any) -> Vector:
        """Give the logarithm of the probability (density) of every customer's row, averaged over the draws.

        Parameters
        ----------
        summary : frame or dict of arrays
            The columns that `fit` needs.
        **options
            `draws`, `seed`, `unit`, `threads` and `progress`, as in `score`.

        Returns
        -------
        vector
            ln of the mean of the likelihood over the draws of the population, the customer's own parameters integrated out: in
            closed form with gamma heterogeneity of `ParetoNbdHb`, by a sum over the plane of both rates, good to 1e-6, with
            log-normal; by importance sampling, good to about 0.01, for `ParetoGgg`.
        """
        return self.score("log_likelihood", summary, **_checked(options))

    def individual_draws(
        self,
        summary: Frame,
        *,
        draws: int = 100,
        seed: int = 1,
        unit: str | None = None,
        threads: int | None = None,
        progress: Progress = None,
    ) -> dict[str, Floats]:
        """Draw every customer's own parameters, given the history.

        Parameters
        ----------
        summary : frame or dict of arrays
            The columns that `fit` needs. A row with a NaN gives NaN.
        draws : int
            Draws of each customer, each with another draw of the population, of which there must be as many: fewer are given
            where there are fewer. All take 8 bytes x customers x draws x columns: 24 MB for 10,000 customers and 100 draws.
        seed : int
            The seed; equal customers get equal draws.
        unit : str, optional
            The unit of the table's times; needed only where the frame does not remember it.
        threads : int, optional
            How many threads to use; all processors by default. The result does not depend on it.
        progress : bool or callable, optional
            ``True`` prints; a function gets ``(stage, done, total, value)``.

        Returns
        -------
        dict
            `purchase_rate` (λ), `leaving_rate` (μ), `lifetime` (τ, from the first purchase; beyond `T` where the customer is
            alive), and for `ParetoGgg` `regularity` (k): each customers x draws, in the order of the table.
        """
        source = Source(summary)
        source.state_unit(unit)
        columns = source.floats([*self._needs, *self._covariates])
        options = {
            "posterior": self._posterior,
            "draws": whole("draws", draws, 1),
            "seed": whole("seed", seed, 0),
        }
        with source.named_rows():
            answer = run(
                "posterior_customer_draws", columns, options, unit=source.unit, threads=threads, progress=progress
            )
        return {name: values.reshape(-1, answer.output["draws"]) for name, values in answer.columns.items()}

    def simulate(
        self,
        *,
        seed: int,
        n: int | None = None,
        backend: str | None = None,
        threads: int | None = None,
        **design: npt.ArrayLike,
    ) -> Frame:
        """Draw new customers from the posterior predictive distribution: each of a population that is one of the draws.

        Parameters
        ----------
        seed : int
            The seed. Customer i depends on it and on i alone, never on the number of threads.
        n : int, optional
            How many customers, where the design is one number for all.
        backend : {"pandas", "polars", "pyarrow", "numpy"}, optional
            The kind of frame; by default that of the data, or the first of them that is installed.
        threads : int, optional
            How many threads to use; all processors by default.
        **design : number or array
            `T`, the age of each customer, and the covariates of the posterior, where it has some.

        Returns
        -------
        frame
            `frequency`, `recency` and `T`, for `ParetoGgg` `log_intervals`, and the covariates; one row per customer.
        """
        wanted = ["T", *self._covariates]
        if set(design) != set(wanted):
            raise InvalidShapeError(
                f"a simulation of {self._task} starts from {', '.join(wanted)}; got {', '.join(design) or 'nothing'}"
            )
        columns = {"T": _repeat("T", design["T"], n)}
        rows = len(columns["T"])
        columns |= {name: _repeat(name, design[name], rows) for name in self._covariates}
        document = self._posterior
        options = {"posterior": document, "seed": whole("seed", seed, 0)}
        answer = run("posterior_simulate", columns, options, unit=document["unit"], threads=threads)
        drawn = answer.columns | {name: columns[name] for name in self._covariates}
        kind = self._kind if backend is None and self._kind is not None else default_kind(backend)
        return make(kind, drawn, {UNIT: document["unit"]} if document["unit"] else {})


_OPTIONS = ("draws", "seed", "unit", "threads", "progress")


def _checked(options: Mapping[str, Any], known: tuple[str, ...] = _OPTIONS) -> Mapping[str, Any]:
    """Refuse what would be taken for an argument of the quantity."""
    for name in options:
        if name not in known:
            raise TypeError(f"unexpected argument {name!r}; there are: {', '.join(known)}")
    return options
