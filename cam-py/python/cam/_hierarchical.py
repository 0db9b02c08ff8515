"""Hierarchical Bayes: every customer's own parameters, and what is uncertain about the population."""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np

from cam._call import Progress, name_methods, number, one_table, shown, warn, whole
from cam._core import Fitted, from_json
from cam._files import read_document, write_document
from cam._frames import Floats, Frame, Source, default_kind, make
from cam._posterior_answers import PosteriorAnswers
from cam._priors import Prior
from cam._registry import Spec
from cam._tasks import run
from cam.errors import (
    ConvergenceWarning,
    InvalidDocumentError,
    InvalidParameterError,
    NotFittedError,
    UnknownNameError,
    UnsupportedError,
)

__all__ = ["ParetoGgg", "ParetoNbdHb"]

# Vehtari et al. (2021) ask for less than 1.01 and 100 draws per chain in the end; this is where means begin to be doubtful.
_LARGEST_R_HAT, _FEWEST_DRAWS = 1.05, 100.0


FORMAT = "cam.posterior"


class HierarchicalModel(PosteriorAnswers):
    """What both samplers share: draws of the population, and what they say of customers."""

    _document: dict[str, Any] | None = None
    _kind: str | None = None

    def _choices(self) -> dict[str, Any]:
        raise NotImplementedError

    @one_table(lambda model: model._needs)
    def fit(
        self,
        summary: Frame,
        *,
        unit: str | None = None,
        method: str = "gibbs",
        seed: int = 1,
        chains: int = 4,
        burn_in: int = 500,
        draws: int = 1000,
        thin: int = 1,
        threads: int | None = None,
        progress: Progress = None,
    ) -> Self:
        """Draw from the posterior of the population.

        Parameters
        ----------
        summary : frame or dict of arrays
            One row per customer: see `cam.summarize`.
        unit : str, optional
            The unit of its times; needed only where the frame does not remember it.
        method : {"gibbs"}
            The only one there is: Markov chains made for this model, which move customers and population in turn or, with gamma
            heterogeneity of `ParetoNbdHb`, the population with customers integrated out.
        seed : int
            The seed of all random numbers. The draws depend on it and on the order of the rows, not on the number of threads.
        chains : int
            Chains that begin apart.
        burn_in : int
            Sweeps at the beginning of each chain that are thrown away.
        draws : int
            Draws kept of each chain.
        thin : int
            Sweeps from one draw that is kept to the next.
        threads : int, optional
            How many threads to use; all processors by default.
        progress : bool or callable, optional
            ``True`` prints; a function gets ``(stage, done, total, value)``.

        Returns
        -------
        self

        Warns
        -----
        ConvergenceWarning
            The chains do not agree (R-hat above 1.05), or are worth fewer than 100 independent draws; the parameters are named.

        Raises
        ------
        InvalidDataError
            A row breaks a rule; it is named.
        NotEnoughDataError
            Nobody has bought again.
        """
        if method != "gibbs":
            raise UnknownNameError(
                f"no method named {shown(method)} of {type(self).__name__}; there is: gibbs", field="method"
            )
        source = Source(summary)
        source.state_unit(unit)
        columns = source.floats([*self._needs, *self._covariates])
        if "weight" in source:
            columns["weight"] = source.float("weight")
        counts = {"chains": (chains, 1), "burn_in": (burn_in, 0), "draws": (draws, 4), "thin": (thin, 1)}
        options = self._choices() | {name: whole(name, value, least) for name, (value, least) in counts.items()}
        options["seed"] = whole("seed", seed, 0)
        with source.named_rows():
            found = run(self._task, columns, options, unit=source.unit, threads=threads, progress=progress).output
        self._document, self._kind = found["posterior"], source.kind
        poor = [name for name, told in self.diagnostics_.items() if not _agree(told["r_hat"], told["ess_bulk"])]
        if poor:
            warn(
                f"the chains do not agree, or move too little, in: {', '.join(poor)}; more draws, or a longer burn-in, may help",
                ConvergenceWarning,
            )
        return self

    @property
    def _posterior(self) -> dict[str, Any]:
        if self._document is None:
            raise NotFittedError(f"this {type(self).__name__} is not fitted: call fit first")
        return self._document

    @property
    def posterior_(self) -> dict[str, Floats]:
        """The draws of the parameters of the population: by name, chains x draws."""
        document = self._posterior
        return {name: np.array(draws) for name, draws in zip(document["parameters"], document["draws"], strict=True)}

    @property
    def params_(self) -> dict[str, float]:
        """The means of the draws, by parameter of the population."""
        return {name: float(draws.mean()) for name, draws in self.posterior_.items()}

    @property
    def converged_(self) -> bool:
        """Whether the chains agree, and are worth enough draws, for every parameter; else `fit` warns."""
        return all(_agree(told["r_hat"], told["ess_bulk"]) for told in self.diagnostics_.values())

    @property
    def unit_(self) -> str | None:
        """The unit of time of the data, where it is known."""
        unit: str | None = self._posterior["unit"]
        return unit

    @property
    def _sampled_model(self) -> str:
        return self._task

    priors: Mapping[str, tuple[float, float] | Prior] | None

    # What functions that take any model of purchases want of it.

    _encoding: ClassVar[None] = None

    @property
    def _spec(self) -> Spec:
        """Who this is, as of a model in the registry."""
        plain = {"domain": "real", "dimension": "none", "meaning": ""}
        columns = [{"name": name, **plain} for name in (*self._needs, *self._covariates)]
        return Spec(
            {
                "id": self._task,
                "title": type(self).__name__,
                "source": "",
                "parameters": [],
                "columns": columns,
                "design": [{"name": name, **plain} for name in ("T", *self._covariates)],
                "quantities": [],
            }
        )

    @property
    def _core(self) -> Fitted | None:
        return None if self._document is None else self._fitted

    @property
    def _fitted(self) -> Fitted:
        return from_json(self.to_json())

    def _need_plain(self) -> None:
        """Refuse a model of whose new customers nothing can be said without their covariates."""
        if self._covariates:
            raise UnsupportedError(
                f"new customers of this model have covariates ({', '.join(self._covariates)}), which are given to "
                "new_customer(quantity, covariates=…): their value is its discounted expected purchases times the expected spend",
                field="covariates",
            )

    def _state_unit(self, source: Source, unit: str | None) -> None:
        source.state_unit(unit)

    @property
    def n_customers_(self) -> float:
        """The customers that were learnt from, each as often as its weight says."""
        return float(self._posterior["customers"])

    @property
    def sampling_(self) -> dict[str, Any]:
        """How was sampled: `seed`, `chains`, `burn_in`, `draws` and `thin`."""
        return dict(self._posterior["sampling"])

    @property
    def diagnostics_(self) -> dict[str, dict[str, float]]:
        """Whether the chains agree, by parameter.

        `r_hat` (rank-normalised, split), `ess_bulk` and `ess_tail` (effective numbers of draws).
        """
        found = run("posterior_summary", {}, {"posterior": self._posterior}).output
        names = ("r_hat", "ess_bulk", "ess_tail")
        # What is not a number in JSON is null: of chains that do not move.
        return {one["parameter"]: {name: np.nan if one[name] is None else one[name] for name in names} for one in found}

    def summary(self, *, backend: str | None = None) -> Frame:
        """Tabulate the posterior of the population.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow", "numpy"}, optional
            The kind of frame; by default that of the data, or the first of them that is installed.

        Returns
        -------
        frame
            Columns `mean`, `sd`, `q05`, `median`, `q95`, `r_hat`, `ess_bulk` and `ess_tail`; pandas has the parameters
            as index,
            others as first column.
        """
        found = run("posterior_summary", {}, {"posterior": self._posterior}).output
        names = [one.pop("parameter") for one in found]
        columns = {name: np.array([one[name] for one in found], dtype=np.float64) for name in found[0]}
        kind = default_kind(backend) if backend is not None or self._kind is None else self._kind
        return make(kind, columns, {}, index=names, index_name="parameter")

    def predict(
        self,
        summary: Frame,
        horizon: float | None = None,
        *,
        continuous_discount_rate: float | None = None,
        discount_rate: float | None = None,
        level: float = 0.9,
        draws: int = 1000,
        seed: int = 1,
        unit: str | None = None,
        threads: int | None = None,
        progress: Progress = None,
    ) -> Frame:
        """Give what the posterior says of customers: those that were learnt from, or any others.

        Parameters
        ----------
        summary : frame or dict of arrays
            The columns that `fit` needs. A row with a NaN gives NaN.
        horizon : float, optional
            How far to look ahead, in the unit of the data; without it nothing is said about the future.
        continuous_discount_rate : float, optional
            Ask for purchases discounted at this rate per unit of time: those until the horizon or, where there is none, for ever.
        discount_rate : float, optional
            The same, where a purchase within the k-th unit of time counts (1 + rate)^-k. At most one of the two.
        level : float
            The probability between the ends of the interval of purchases.
        draws : int
            The most draws of the population that are used.
        seed : int
            The seed; equal customers get equal answers, whoever else is in the table.
        unit : str, optional
            The unit of the table's times; needed only where the frame does not remember it.
        threads : int, optional
            How many threads to use; all processors by default.
        progress : bool or callable, optional
            ``True`` prints; a function gets ``(stage, done, total, value)``.

        Returns
        -------
        frame
            Of the kind of `summary`, with the same index, and first its columns that no model reads, such as the key of
            the customer: see `BgNbd.predict`. Then `purchase_rate`
            and `leaving_rate` (posterior means), for `ParetoGgg` `regularity`, `probability_alive`; with a horizon
            `probability_active` (of at
            least one purchase), `expected_purchases`, `purchases_lower` and `purchases_upper` (quantiles of their number);
            with a rate `discounted_expected_purchases`.
        """
        posterior = self._posterior
        source = Source(summary)
        source.state_unit(unit)
        columns = source.floats([*self._needs, *self._covariates])
        options = {
            "posterior": posterior,
            "horizon": None if horizon is None else number("horizon", horizon),
            "continuous_discount_rate": None
            if continuous_discount_rate is None
            else number("continuous_discount_rate", continuous_discount_rate),
            "discount_rate": None if discount_rate is None else number("discount_rate", discount_rate),
            "level": number("level", level),
            "draws": whole("draws", draws, 1),
            "seed": whole("seed", seed, 0),
        }
        with source.named_rows():
            answer = run("posterior_predict", columns, options, unit=source.unit, threads=threads, progress=progress)
        return source.scores(answer.columns, self._covariates)

    def to_json(self) -> str:
        """Write the draws as a JSON document: all that predictions need.

        Returns
        -------
        str
            As the tasks of C and Java give and take it. Numbers have the fewest digits that read back to the same bits.
        """
        return json.dumps(self._posterior)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Open a document that `to_json` wrote.

        Parameters
        ----------
        text : str
            The document.

        Returns
        -------
        Self

        Raises
        ------
        InvalidDocumentError
            Not JSON, no posterior of cam, or of another model.
        """
        try:
            document = json.loads(text)
        except (TypeError, ValueError) as problem:
            raise InvalidDocumentError(f"not a JSON document: {problem}") from None
        if not isinstance(document, dict) or document.get("format") != FORMAT or document.get("model") != cls._task:
            raise InvalidDocumentError(f"the document holds no posterior of {cls._task}")
        # Whoever reads the numbers checks them.
        try:
            run("posterior_summary", {}, {"posterior": document})
        except InvalidParameterError as problem:
            raise InvalidDocumentError(str(problem)) from None
        made = cls()
        made._document = document
        made._opened()
        return made

    def _opened(self) -> None:
        """Take over what the document chose."""
        # Whoever fits it again goes by the same.
        self.priors = {name: (shape, rate) for name, (shape, rate) in self._posterior.get("priors", {}).items()} or None

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the document to a file.

        Parameters
        ----------
        path : str or path
            Where to. Written as a whole or not at all.
        """
        write_document(path, self.to_json())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Open a document in a file.

        Parameters
        ----------
        path : str or path
            Where from.

        Returns
        -------
        Self
        """
        return read_document(path, cls.from_json)

    def _asked(self) -> list[tuple[str, Any]]:
        """Give what this was made with, where it is not the default."""
        made = inspect.signature(type(self)).parameters
        return [(name, getattr(self, name)) for name in made if getattr(self, name) != made[name].default]

    def __repr__(self) -> str:
        if self._document is None:
            return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self._asked())})"
        means = ", ".join(f"{name}={draws.mean():.6g}" for name, draws in self.posterior_.items())
        sampling, found = self._document["sampling"], self.summary(backend="numpy")
        r_hat, ess = found["r_hat"].max(), np.minimum(found["ess_bulk"], found["ess_tail"]).min()
        return (
            f"<{type(self).__name__} {means}: posterior, {sampling['chains']} x {sampling['draws']} draws, "
            f"largest R-hat {r_hat:.3f}, smallest ESS {ess:.0f}>"
        )


name_methods(HierarchicalModel, PosteriorAnswers)


def _pairs(priors: Mapping[str, tuple[float, float] | Prior] | None) -> dict[str, list[float]]:
    given: dict[str, list[float]] = {}
    for name, pair in (priors or {}).items():
        if isinstance(pair, Prior) and pair.distribution != "gamma":
            raise InvalidParameterError(f"the prior of {name} must be a gamma prior, got {pair!r}", field=name)
        try:
            shape, rate = pair.arguments.values() if isinstance(pair, Prior) else pair
        except (TypeError, ValueError):
            raise InvalidParameterError(
                f"the prior of {name} must be a shape and a rate, got {pair!r}", field=name
            ) from None
        given[str(name)] = [
            number(f"shape of the prior of {name}", shape),
            number(f"rate of the prior of {name}", rate),
        ]
    return given


def _agree(r_hat: float, effective: float) -> bool:
    """Tell whether chains agree; what is not a number says that they do not."""
    return bool(r_hat <= _LARGEST_R_HAT and effective >= _FEWEST_DRAWS)


class ParetoNbdHb(HierarchicalModel):
    r"""Pareto/NBD by hierarchical Bayes.

    Parameters
    ----------
    heterogeneity : {"gamma", "log_normal"}
        How the rates of customers are spread: independent gamma distributions, or a bivariate normal distribution of their
        logarithms, so that they may be correlated.
    covariates : sequence of str
        Columns that the means of the logarithms depend on; for ``"log_normal"``.
    priors : dict, optional
        Shape and rate of the gamma priors of `r`, `alpha`, `s` and `beta`, by name, such as ``{"s": (2, 2)}``, or
        ``cam.Prior("Gamma", alpha=2, beta=2)``; for ``"gamma"``. The default of each is (0.001, 0.001).

    Notes
    -----
    A customer buys at rate λ and leaves at rate μ. With gamma heterogeneity λ ~ Gamma(r, α) and μ ~ Gamma(s, β), and the
    population is drawn from
    its exact marginal posterior, customers integrated out; with log-normal heterogeneity

    .. math:: (\ln λ, \ln μ) \sim \mathrm{Normal}(B'z, Γ).

    References
    ----------
    Ma, S.-H. and Liu, J.-L. (2007), The MCMC approach for solving the Pareto/NBD model and possible extensions, Third
    International
    Conference on Natural Computation 2, 359-363. Abe, M. (2009), "Counting your customers" one by one: a hierarchical
    Bayes extension to the
    Pareto/NBD model, Marketing Science 28(3), 541-553.

    Examples
    --------
    >>> import cam
    >>> log = cam.datasets.load_cdnow()
    >>> summary = cam.summarize(log, unit="W", observation_end="1997-09-30")
    >>> model = cam.ParetoNbdHb().fit(summary, draws=250, burn_in=250)
    >>> {name: draws.shape for name, draws in model.posterior_.items()}
    {'r': (4, 250), 'alpha': (4, 250), 's': (4, 250), 'beta': (4, 250)}
    >>> model.predict(summary, 52, draws=100).columns.tolist()[:3]
    ['purchase_rate', 'leaving_rate', 'probability_alive']
    """

    _task = "pareto_nbd_hb"
    _needs = ("frequency", "recency", "T")

    def __init__(
        self,
        heterogeneity: str = "gamma",
        covariates: Sequence[str] = (),
        *,
        priors: Mapping[str, tuple[float, float] | Prior] | None = None,
    ) -> None:
        if isinstance(covariates, str):
            raise InvalidParameterError(f"covariates must be names of columns, got {covariates!r}", field="covariates")
        if heterogeneity not in ("gamma", "log_normal"):
            raise UnknownNameError(
                f"no heterogeneity named {shown(heterogeneity)}; there are: gamma, log_normal", field="heterogeneity"
            )
        if priors and heterogeneity == "log_normal":
            raise InvalidParameterError(
                "priors are for gamma heterogeneity: log_normal has those of Abe", field="priors"
            )
        self.heterogeneity = heterogeneity
        self.covariates = tuple(covariates)
        self.priors = priors

    def _choices(self) -> dict[str, Any]:
        return {
            "heterogeneity": self.heterogeneity,
            "covariates": list(self.covariates),
            "priors": _pairs(self.priors),
        }

    @property
    def _covariates(self) -> list[str]:
        return list(self.covariates)

    def _opened(self) -> None:
        super()._opened()
        document = self._posterior
        self.heterogeneity = document["heterogeneity"]
        self.covariates = tuple(document["covariates"])


class ParetoGgg(HierarchicalModel):
    r"""Pareto/GGG: customers who buy at more or less regular intervals.

    Parameters
    ----------
    priors : dict, optional
        Shape and rate of the gamma priors of `t`, `gamma`, `r`, `alpha`, `s` and `beta`, by name. The default of each is
        (0.001, 0.001).

    Notes
    -----
    The intervals between the purchases of a customer are Gamma(k, kλ), so that their mean is 1/λ, and the lifetime is
    exponential with rate μ.
    Across customers k ~ Gamma(t, γ), λ ~ Gamma(r, α), μ ~ Gamma(s, β), independent. k = 1 is Pareto/NBD; the larger k,
    the more regular, and the
    sooner a silence says that a customer has left. Needs the column `log_intervals`, which ``cam.summarize(...,
    log_intervals=True)`` gives.

    References
    ----------
    Platzer, M. and Reutterer, T. (2016), Ticking away the moments: timing regularity helps to better predict customer
    activity, Marketing
    Science 35(5), 779-799.

    Examples
    --------
    >>> import cam
    >>> log = cam.datasets.load_cdnow()
    >>> summary = cam.summarize(log, unit="W", observation_end="1997-09-30", log_intervals=True)
    >>> model = cam.ParetoGgg().fit(summary.head(300), draws=200, burn_in=100, chains=2)  # doctest: +SKIP
    >>> model.predict(summary.head(300), 39)["regularity"].mean()  # doctest: +SKIP
    1.1
    """

    _task = "pareto_ggg"
    _needs = ("frequency", "recency", "T", "log_intervals")

    def __init__(self, *, priors: Mapping[str, tuple[float, float] | Prior] | None = None) -> None:
        self.priors = priors

    def _choices(self) -> dict[str, Any]:
        return {"priors": _pairs(self.priors)}


def posterior_class(text: str) -> type[HierarchicalModel] | None:
    """Tell of which model a text is the posterior; None where it is none."""
    try:
        document = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        return None
    return next((cls for cls in (ParetoNbdHb, ParetoGgg) if cls._task == document.get("model")), None)
