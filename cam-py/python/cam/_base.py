"""Models: how each is made, fitted, kept and opened again."""

from __future__ import annotations

import inspect
import json
import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from cam import _core
from cam._answers import Answers
from cam._call import Progress, name_methods, number, observer, one_table, shown, thread_count, warn, whole
from cam._covariates import Covariates, declared
from cam._estimates import Estimates
from cam._files import read_document, write_document
from cam._frames import Floats, Frame, Source, as_floats
from cam._hierarchical import HierarchicalModel, posterior_class
from cam._inference import Inference
from cam._posterior import PosteriorTables
from cam._priors import priors_as_json
from cam._registry import Spec, spec
from cam.errors import (
    AssumptionWarning,
    ConvergenceWarning,
    InvalidDocumentError,
    InvalidParameterError,
    InvalidShapeError,
    UnknownNameError,
)

__all__ = ["Model", "from_json", "load"]

WEIGHT = "weight"


class Model(Inference):
    """Any model of the registry, by its name; classes such as `BgNbd` know their own.

    Parameters
    ----------
    model : str
        The name, one of those that `cam.models` lists.
    purchase_covariates : sequence of str
        Columns of the summary that act on the rate of purchases, which is multiplied by exp(γ'z). A column of texts or categories
        is categorical: each level but the first has a coefficient.
    lifetime_covariates : sequence of str
        Columns that act on leaving: on its rate, or on the odds of leaving at a purchase.
    spend_covariates : sequence of str
        Columns that act on the mean spend, which is multiplied by exp(γ'z).
    levels : dict, optional
        The levels of categorical columns, in order; others are compared with the first. By default those that occur: in the order
        of the column's own categories, where it has one (pandas' categories, a polars Enum, an ordered dictionary of Arrow),
        else by name.
    penalty : float or dict, optional
        For all processes or by process (``{"lifetime": 0.01}``): the *mean* log-likelihood less Σ penalty · (γ s)² is
        maximised, s the standard deviation of the covariate across customers.
    constrain : sequence of str
        Columns whose coefficient is the same in all processes they act on.
    pooled : sequence of str
        Processes that scale two parameters (``"lifetime"`` of BG/NBD and its kin: a and b), with the same coefficients for both.

    Examples
    --------
    >>> import cam
    >>> model = cam.Model.from_params("bg_nbd", r=0.243, alpha=4.414, a=0.793, b=2.426)
    >>> round(model.new_customer("expected_purchases", horizon=52), 3)
    1.446
    """

    _classes: ClassVar[dict[str, type[Model]]] = {}
    _other_processes: ClassVar[tuple[str, ...]] = ()
    __signature__: ClassVar[inspect.Signature]

    def __init__(
        self,
        model: str | None = None,
        *,
        purchase_covariates: Sequence[str] = (),
        lifetime_covariates: Sequence[str] = (),
        spend_covariates: Sequence[str] = (),
        levels: Mapping[str, Sequence[str]] | None = None,
        penalty: float | Mapping[str, float] | None = None,
        constrain: Sequence[str] = (),
        pooled: Sequence[str] = (),
        **parameters: Any,
    ) -> None:
        if parameters:
            if unknown := [name for name in parameters if "covariate" in name]:
                known = [name for name in inspect.signature(type(self)).parameters if "covariates" in name]
                raise TypeError(f"{type(self).__name__} has no {unknown[0]!r}; there are: {', '.join(known)}")
            raise TypeError(_misplaced(type(self), model, list(parameters)))
        name = type(self).model or model
        if name is None or (model is not None and model != name):
            raise InvalidParameterError(f"model must be the name of a model, got {model!r}", field="model")
        self._spec: Spec = spec(name)
        self._asked = Covariates(
            {"purchase": purchase_covariates, "lifetime": lifetime_covariates, "spend": spend_covariates},
            levels,
            penalty,
            constrain,
            pooled,
        )
        if self._asked:
            self._check_covariates()
        self._core: _core.Fitted | None = None
        self._kind: str | None = None

    def _check_covariates(self) -> None:
        """Let the core refuse what this model does not take: it reads the declaration before it looks for columns."""
        with suppress(InvalidShapeError):
            _core.fit(self._spec.id, {}, None, json.dumps({"covariates": self._asked.declared(self._asked.levels)}))

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.model is not None:
            Model._classes.setdefault(cls.model, cls)
            cls._show_signature()

    @classmethod
    def _show_signature(cls) -> None:
        """Let help and editors show what this class takes: it knows its name, and has processes of its own."""
        whole = inspect.signature(cls.__init__)
        aside = {"self", "model", "parameters", *(f"{name}_covariates" for name in cls._other_processes)}
        shown = [parameter for name, parameter in whole.parameters.items() if name not in aside]
        cls.__signature__ = whole.replace(parameters=shown, return_annotation=inspect.Signature.empty)
        doc = cls.__doc__ or ""
        if Model.__doc__ and doc and "    Parameters\n" not in doc:
            told = _parameters(Model.__doc__)
            of_mine = [told[parameter.name] for parameter in shown if parameter.name in told]
            section = "".join(["    Parameters\n    ----------\n", *of_mine, "\n"])
            first, blank, rest = doc.partition("\n\n")
            cls.__doc__ = f"{first}{blank}{section}{rest}"

    # Making one.

    @one_table(lambda model: model._spec.columns)
    def fit(
        self,
        summary: Frame,
        *,
        unit: str | None = None,
        start: Mapping[str, float] | Sequence[float] | None = None,
        fixed: Mapping[str, float] | None = None,
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
        """Estimate the parameters: by maximum likelihood, with priors, or as a posterior distribution.

        A Newton method in a trust region climbs the mean log-likelihood over distinct rows, in the logarithms of the
        parameters; so neither the number of customers nor the unit of time matters to where it ends.

        Parameters
        ----------
        summary : frame or dict of arrays
            One row per customer, with the columns of the model: see `cam.summarize`.
        unit : str, optional
            The unit of its times; needed only where the frame does not remember it: polars frames, plain dicts and what was read
            from CSV carry no unit, and some operations of pandas, such as ``merge``, lose it.
        start : dict or sequence, optional
            Where to start; by default at moment estimates. They are tried, too, where this start leads to no maximum.
        fixed : dict, optional
            Whole-number parameters that are not to be chosen, such as ``{"k": 2}``. Others are tried from 1 on, until the
            likelihood has fallen twice in a row, and the best is taken.
        method : {"mle", "map", "nuts"}, optional
            ``"mle"``: maximum likelihood. ``"map"``: the mode of the posterior density of the parameters themselves, a likelihood
            penalised by the priors; the default where there are priors. ``"nuts"``: draws from the posterior by the no-U-turn
            sampler; the parameters are then the means of the draws, which are in `posterior_`.
        priors : dict, optional
            A `cam.Prior` by parameter, or by the share ``"a/(a+b)"`` or the sum ``"a+b"`` of two. Parameters without one have a
            flat prior.
        draws, warmup, chains : int, optional
            For ``"nuts"``: draws that each chain keeps (1,000) and leaves out before (300), and how many chains (4).
        seed : int, optional
            For ``"nuts"``: the seed of all random numbers; 0. Draws depend on it, not on threads.
        target_accept : float, optional
            For ``"nuts"``: the mean acceptance that steps aim at; 0.8. Nearer to 1 steps are shorter, which helps against
            divergences.
        weights : str or array, optional
            How many customers each row stands for: a column, or numbers. By default the column `weight`, where there is one.
        gradient_tolerance : float, optional
            The largest first derivative of the mean log-likelihood, with respect to a log-parameter, that counts as zero; 1e-11.
            Where the steps shrink so fast that the next would only confirm it, the last is taken without another evaluation.
        max_evaluations : int, optional
            The most evaluations of the likelihood; 500.
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
        AssumptionWarning
            The data contradict an assumption of the model; see `checks_`.

        Raises
        ------
        InvalidDataError
            A row breaks a rule; it is named.
        NotEnoughDataError
            The data are too few or too uniform for a maximum to exist.
        """
        source = Source(summary)
        source.state_unit(unit)
        columns = source.floats(self._spec.columns) | source.floats([n for n in self._spec.logs if n in source])
        columns |= weight_column(source, weights)
        options = self._search(start, gradient_tolerance, max_evaluations)
        if self._asked:
            encoding = self._asked.learn(source)
            columns |= encoding.read(source)
            options["covariates"] = encoding.declared
        if fixed is not None:
            options["fixed"] = {str(name): number(str(name), value) for name, value in fixed.items()}
        options |= bayesian(method, priors, draws, warmup, chains, seed, target_accept)
        with source.named_rows():
            fitted = _core.fit(
                self._spec.id,
                columns,
                source.unit,
                json.dumps(options),
                thread_count(threads),
                observer(progress),
            )
        self._hold(fitted, source, columns)
        return self

    def _search(
        self,
        start: Mapping[str, float] | Sequence[float] | None,
        gradient_tolerance: float | None,
        max_evaluations: int | None,
    ) -> dict[str, Any]:
        """Give where a search begins and where it ends as the core has them."""
        options: dict[str, Any] = {}
        if start is not None:
            options["start"] = self._theta(start)
        if gradient_tolerance is not None:
            options["gradient_tolerance"] = number("gradient_tolerance", gradient_tolerance)
        if max_evaluations is not None:
            options["max_evaluations"] = whole("max_evaluations", max_evaluations, 1)
        return options

    def _hold(self, fitted: _core.Fitted, source: Source, columns: Mapping[str, Floats]) -> None:
        """Take what a fit found, with its data, and warn of what speaks against it."""
        self._core, self._kind, self._data = fitted, source.kind, (columns, source.unit)
        self._told = frozenset()
        status, runaways = fitted.report()[5:]
        if fitted.sampled:
            self._warn_of_draws()
        elif status != "converged":
            which = f": {', '.join(runaways)}" if runaways else ""
            warn(f"the fit of {self._spec.title} ended with status {status!r}{which}", ConvergenceWarning)
        for _, _, _, contradicted, message in fitted.checks():
            if contradicted:
                warn(message, AssumptionWarning)

    @classmethod
    def from_params(cls, model: str | None = None, /, *, unit: str | None = None, **parameters: float) -> Self:
        """Make a model with these parameters.

        Parameters
        ----------
        model : str
            The name of the model; not for classes that know their own.
        unit : str, optional
            The unit of time that the parameters refer to.
        **parameters : float
            All parameters of the model, by name.

        Returns
        -------
        Model
        """
        made = cls() if model is None else cls(model)
        made._core = _core.with_parameters(made._spec.id, made._theta(parameters), unit)
        return made

    def _theta(self, given: Mapping[str, float] | Sequence[float]) -> list[float]:
        names = self._spec.parameters
        if not isinstance(given, Mapping):
            return [number(f"start[{i}]", value) for i, value in enumerate(given)]
        for name in given:
            if name not in names:
                known = ", ".join(names)
                raise InvalidParameterError(
                    f"no parameter of {self._spec.id} named {name!r}; there are: {known}", field=name
                )
        for name in names:
            if name not in given:
                raise InvalidParameterError(f"parameter {name} of {self._spec.id} is missing", field=name)
        return [number(name, given[name]) for name in names]

    # Documents.

    def to_json(self) -> str:
        """Write the model as a JSON document, which opens from every language that cam speaks.

        Returns
        -------
        str
            Numbers have the fewest digits that read back to the same bits.
        """
        return self._fitted.to_json()

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Open a document that any of cam's languages wrote.

        Parameters
        ----------
        text : str
            The document.

        Returns
        -------
        Model
            `cam.Model.from_json` opens whichever model it is; `cam.BgNbd.from_json` only its own.

        Raises
        ------
        InvalidDocumentError
            Not JSON, not a model of cam, of a later version, or another model.
        """
        if not isinstance(text, str):
            raise InvalidDocumentError(f"a document is a str, got {type(text).__name__}; a file is opened with load")
        if text and "{" not in text:
            raise InvalidDocumentError(f"not a JSON document of a model: {text[:80]!r}; a file is opened with load")
        core = _core.from_json(text)
        if core.id in (one._task for one in HierarchicalModel.__subclasses__()):
            raise InvalidDocumentError('format must be "cam.model", got "cam.posterior": cam.from_json opens it')
        if cls.model is not None and core.id != cls.model:
            raise InvalidDocumentError(f"the document holds a {core.id} model, not {cls.model}")
        found = Model._classes.get(core.id, Model) if cls is Model else cls
        model = found() if found.model is not None else found(core.id)
        model._core = core
        if (encoding := model._encoding) is not None:
            # Whoever fits it again asks for the same.
            model._asked = declared(encoding.declared)
        return model  # type: ignore[return-value]

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
        Model
            As for `from_json`.
        """
        return read_document(path, cls.from_json)

    def __reduce__(self) -> tuple[Any, ...]:
        document = None if self._core is None else self.to_json()
        return _restore, (type(self), self._spec.id, document, self._kind, self._asked)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Model):
            return NotImplemented
        mine, theirs = self._core, other._core
        if mine is None or theirs is None:
            return mine is theirs and self._spec.id == other._spec.id and self._asked == other._asked
        return mine.to_json() == theirs.to_json()

    __hash__ = None  # type: ignore[assignment]


name_methods(Model, Estimates, Answers, Inference, PosteriorTables)


def _parameters(doc: str) -> dict[str, str]:
    """Give what a docstring says of each parameter; of several that share a text, the text under each name."""
    section = doc.split("    ----------\n", 1)[1].split("\n\n", 1)[0]
    told: dict[str, str] = {}
    for part in re.split(r"\n(?=    \S)", section):
        head, _, text = part.partition("\n")
        names, _, kind = head.strip().partition(" : ")
        for name in names.split(", "):
            told[name] = f"    {name} : {kind}\n{text}\n"
    return told


def _misplaced(cls: type[Model], model: str | None, given: list[str]) -> str:
    """Say where arguments belong that a model is not made with."""
    own = spec(cls.model or model or "bg_nbd").parameters
    unknown = [name for name in given if name not in own]
    if not unknown:
        values = ", ".join(f"{name}=…" for name in given)
        return (
            f"{cls.__name__} is made without the values of its parameters: make a model of known ones with "
            f"{cls.__name__}.from_params({values}), or estimate them with fit"
        )
    takes = ", ".join(name for name in inspect.signature(cls).parameters if name != "parameters")
    said = f"{cls.__name__} has no argument {unknown[0]!r}; it takes {takes}"
    if "penal" in unknown[0] or "regulari" in unknown[0] or unknown[0].startswith("l2"):
        said += (
            ". Parameters are penalised by priors of a fit, as in "
            f'fit(summary, method="map", priors={{"{own[0]}": cam.Prior("Gamma", alpha=2, beta=1)}}), and coefficients of '
            "covariates by penalty="
        )
    elif unknown[0] in inspect.signature(cls.fit).parameters or unknown[0] in ("data", "df"):
        said += ". The table and how to estimate are given to fit"
    return said


def bayesian(
    method: str | None,
    priors: Mapping[str, Any] | None,
    draws: int | None,
    warmup: int | None,
    chains: int | None,
    seed: int | None,
    target_accept: float | None,
) -> dict[str, Any]:
    """Read the options of a fit with priors or draws as the core has them."""
    options: dict[str, Any] = {}
    if priors is not None:
        options["priors"] = priors_as_json(priors)
    method = method or ("map" if priors else "mle")
    if method not in ("mle", "map", "nuts"):
        raise UnknownNameError(f"no method named {shown(method)}; there are: mle, map, nuts", field="method")
    if method != "mle":
        options["method"] = method
    sampling: dict[str, Any] = {}
    for name, value, least in (("draws", draws, 4), ("warmup", warmup, 0), ("chains", chains, 1), ("seed", seed, 0)):
        if value is not None:
            sampling[name] = whole(name, value, least)
    if target_accept is not None:
        sampling["target_accept"] = number("target_accept", target_accept)
    if sampling and method != "nuts":
        verb = "is" if len(sampling) == 1 else "are"
        raise InvalidParameterError(f'{", ".join(sampling)} {verb} for method="nuts"', field=next(iter(sampling)))
    return options | ({"sampling": sampling} if sampling else {})


def weight_column(source: Source, weights: str | npt.ArrayLike | None) -> dict[str, Floats]:
    """Give the weights of the rows as a column: those that are named or given, else the column `weight`, where there is one."""
    if weights is None:
        return {WEIGHT: source.float(WEIGHT)} if WEIGHT in source else {}
    if isinstance(weights, str):
        return {WEIGHT: source.float(weights)}
    return {WEIGHT: _weights(source.beside(weights, "weights"))}


def _weights(given: npt.ArrayLike) -> Floats:
    try:
        array = np.asarray(given)
    except ValueError:
        # Rows of unequal length make no array.
        array = np.empty(())
    if array.ndim != 1:
        raise InvalidShapeError(
            f"weights must be the name of a column, or one number per row, got {shown(given)}", field=WEIGHT
        )
    return as_floats(array, WEIGHT)


def _restore(
    cls: type[Model], name: str, document: str | None, kind: str | None, asked: Covariates | None = None
) -> Model:
    model = cls() if cls.model is not None else cls(name)
    if asked is not None:
        model._asked = asked
    if document is not None:
        model._core = _core.from_json(document)
    model._kind = kind
    return model


def from_json(text: str) -> Model | HierarchicalModel:
    """Open a document, whichever model it holds.

    Parameters
    ----------
    text : str
        What `to_json` gave, in any of cam's languages.

    Returns
    -------
    Model, ParetoNbdHb or ParetoGgg
        Of the class of that model.

    Examples
    --------
    >>> import cam
    >>> cam.from_json(cam.BgNbd.from_params(r=0.243, alpha=4.414, a=0.793, b=2.426).to_json())
    <BgNbd r=0.243, alpha=4.414, a=0.793, b=2.426>
    """
    try:
        return Model.from_json(text)
    except InvalidDocumentError:
        # Only what is no model is read a second time.
        posterior = posterior_class(text)
        if posterior is None:
            raise
    return posterior.from_json(text)


def load(path: str | os.PathLike[str]) -> Model | HierarchicalModel:
    """Open a document in a file, whichever model it holds.

    Parameters
    ----------
    path : str or path
        Where from: a file that `save` wrote, or any of cam's languages.

    Returns
    -------
    Model, ParetoNbdHb or ParetoGgg
        Of the class of that model.
    """
    return read_document(path, from_json)
