"""What every model is and can, whatever it is a model of: fitting, its report, documents, scores, simulation."""

from __future__ import annotations

import json
import math
import os
import warnings
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from cam import _core
from cam._call import Progress, number, observer, quantity_json, thread_count, warn
from cam._frames import UNIT, Floats, Frame, Source, Vector, as_floats, default_kind, make
from cam._registry import Spec, spec
from cam.errors import (
    AssumptionWarning,
    ConvergenceWarning,
    InvalidDocumentError,
    InvalidParameterError,
    InvalidShapeError,
    NotFittedError,
    UnitWarning,
    UnsupportedError,
)

WEIGHT = "weight"


class Model:
    """Any model of the registry, by its name; `BgNbd`, `ParetoNbd` and `GammaGamma` know their own.

    Parameters
    ----------
    model : str
        The name, one of those that `cam.models` lists.

    Examples
    --------
    >>> import cam
    >>> model = cam.Model.from_params("bg_nbd", r=0.243, alpha=4.414, a=0.793, b=2.426)
    >>> round(model.new_customer("expected_purchases", horizon=52), 3)
    1.446
    """

    model: ClassVar[str | None] = None
    _classes: ClassVar[dict[str, type[Model]]] = {}

    def __init__(self, model: str | None = None, **parameters: Any) -> None:
        if parameters:
            given = ", ".join(f"{name}=…" for name in parameters)
            raise TypeError(
                f"{type(self).__name__} takes no parameters: make a model of known ones with "
                f"{type(self).__name__}.from_params({given}), or estimate them with fit"
            )
        name = type(self).model or model
        if name is None or (model is not None and model != name):
            raise InvalidParameterError(f"model must be the name of a model, got {model!r}", field="model")
        self._spec: Spec = spec(name)
        self._core: _core.Fitted | None = None
        self._kind: str | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.model is not None:
            Model._classes.setdefault(cls.model, cls)

    # Making one.

    def fit(
        self,
        summary: Frame,
        *,
        unit: str | None = None,
        start: Mapping[str, float] | Sequence[float] | None = None,
        weights: str | npt.ArrayLike | None = None,
        gradient_tolerance: float | None = None,
        max_evaluations: int | None = None,
        threads: int | None = None,
        progress: Progress = None,
    ) -> Self:
        """Estimate the parameters by maximum likelihood.

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
            Where to start; by default at moment estimates.
        weights : str or array, optional
            How many customers each row stands for: a column, or numbers. By default the column `weight`, where there is one.
        gradient_tolerance : float, optional
            The largest first derivative of the mean log-likelihood, with respect to a log-parameter, that counts as zero; 1e-11.
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
        columns = source.floats(self._spec.columns)
        if weights is not None:
            columns[WEIGHT] = (
                source.float(weights) if isinstance(weights, str) else as_floats(np.asarray(weights), WEIGHT)
            )
        elif WEIGHT in source:
            columns[WEIGHT] = source.float(WEIGHT)
        options: dict[str, Any] = {}
        if start is not None:
            options["start"] = self._theta(start)
        if gradient_tolerance is not None:
            options["gradient_tolerance"] = number("gradient_tolerance", gradient_tolerance)
        if max_evaluations is not None:
            options["max_evaluations"] = max_evaluations
        with source.named_rows():
            fitted = _core.fit(
                self._spec.id,
                columns,
                self._unit_of(source, unit),
                json.dumps(options),
                thread_count(threads),
                observer(progress),
            )
        self._core, self._kind = fitted, source.kind
        status, runaways = fitted.report()[5:]
        if status != "converged":
            which = f": {', '.join(runaways)}" if runaways else ""
            warnings.warn(
                f"the fit of {self._spec.title} ended with status {status!r}{which}",
                ConvergenceWarning,
                stacklevel=2,
            )
        for _, _, _, contradicted, message in fitted.checks():
            if contradicted:
                warn(message, AssumptionWarning)
        return self

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

    @staticmethod
    def _unit_of(source: Source, unit: str | None) -> str | None:
        return source.unit if unit is None else str(unit)

    # What a fit found.

    @property
    def _fitted(self) -> _core.Fitted:
        if self._core is None:
            raise NotFittedError(f"this {self._spec.title} model has no parameters yet: call fit or from_params first")
        return self._core

    @property
    def params_(self) -> dict[str, float]:
        """The parameters by name."""
        return dict(zip(self._spec.parameters, self._fitted.parameters, strict=True))

    @property
    def unit_(self) -> str | None:
        """The unit of time, where it is known."""
        return self._fitted.unit

    @property
    def log_likelihood_(self) -> float:
        """The maximum of the log-likelihood: the sum over customers."""
        return self._fitted.report()[0]

    @property
    def n_customers_(self) -> float:
        """The customers who entered, each as often as its weight says."""
        return self._fitted.report()[1]

    @property
    def n_distinct_rows_(self) -> int:
        """The distinct rows among them."""
        return self._fitted.report()[2]

    @property
    def n_evaluations_(self) -> int:
        """Evaluations of the likelihood over all rows."""
        return self._fitted.report()[3]

    @property
    def gradient_norm_(self) -> float:
        """The largest first derivative of the mean log-likelihood with respect to a log-parameter."""
        return self._fitted.report()[4]

    @property
    def status_(self) -> str:
        """How the fit ended: `converged`, or `boundary`, `not_converged`, `not_maximum`."""
        return self._fitted.report()[5]

    @property
    def converged_(self) -> bool:
        """Whether the fit ended at a maximum: the gradient vanishes and the Hessian is negative definite."""
        return self.status_ == "converged"

    @property
    def checks_(self) -> dict[str, dict[str, Any]]:
        """What the data say to the assumptions of the model, by name: `statistic`, `p_value`, `contradicted` and `message`."""
        fields = ("statistic", "p_value", "contradicted", "message")
        return {name: dict(zip(fields, found, strict=True)) for name, *found in self._fitted.checks()}

    @property
    def covariance_(self) -> Floats:
        """The covariance matrix of the estimates: the inverse of the negative Hessian."""
        return self._fitted.covariance()

    @property
    def standard_errors_(self) -> dict[str, float]:
        """The square roots of the diagonal of the covariance, by parameter."""
        errors = np.sqrt(np.diag(self.covariance_)).tolist()
        return dict(zip(self._spec.parameters, errors, strict=True))

    @property
    def aic_(self) -> float:
        """Akaike's information criterion, 2k - 2 ln L; smaller is better."""
        return self._fitted.information_criteria()[0]

    @property
    def bic_(self) -> float:
        """The Bayesian information criterion, k ln n - 2 ln L; smaller is better."""
        return self._fitted.information_criteria()[1]

    def confidence_intervals(self, level: float = 0.95) -> dict[str, tuple[float, float]]:
        """Give an interval for each parameter: Wald intervals of its logarithm, so that they keep to the positive numbers.

        Parameters
        ----------
        level : float
            The probability with which an interval shall cover the parameter.

        Returns
        -------
        dict
            Lower and upper end by parameter.
        """
        intervals = self._fitted.confidence_intervals(number("level", level))
        return dict(zip(self._spec.parameters, intervals, strict=True))

    def summary(self, *, level: float = 0.95, backend: str | None = None) -> Frame:
        """Tabulate the estimates.

        Parameters
        ----------
        level : float
            The level of the confidence intervals.
        backend : {"pandas", "polars", "pyarrow", "numpy"}, optional
            The kind of frame; by default that of the data, or the first of them that is installed.

        Returns
        -------
        frame
            Columns `estimate`, `standard_error`, `lower`, `upper` and `meaning`; NaN where there was no fit that
            converged. pandas has the parameters as index, others as first column.
        """
        names = self._spec.parameters
        columns: dict[str, Any] = {"estimate": np.array(self._fitted.parameters)}
        errors, ends = np.full(len(names), np.nan), np.full((len(names), 2), np.nan)
        if self._fitted.estimated and self.converged_:
            errors = np.sqrt(np.diag(self.covariance_))
            ends = np.array(list(self.confidence_intervals(level).values()))
        columns |= {"standard_error": errors, "lower": ends[:, 0].copy(), "upper": ends[:, 1].copy()}
        columns["meaning"] = self._spec.meanings
        kind = default_kind(None) if backend is None and self._kind is None else backend or str(self._kind)
        if backend is not None:
            kind = default_kind(backend)
        return make(kind, columns, {}, index=list(names), index_name="parameter")

    # Scores.

    def score(
        self,
        quantity: str,
        summary: Frame,
        *,
        unit: str | None = None,
        threads: int | None = None,
        **arguments: Any,
    ) -> Vector:
        """Give a quantity, by name, for every customer.

        Parameters
        ----------
        quantity : str
            One of the `quantities` that `cam.models` lists for the model.
        summary : frame or dict of arrays
            One row per customer. A row with a NaN gives NaN.
        unit : str, optional
            The unit of the table's times; needed only where the frame does not remember it.
        threads : int, optional
            How many threads to use; all processors by default. The result does not depend on it.
        **arguments
            Those of the quantity, such as `horizon`.

        Returns
        -------
        vector
            Of the kind of `summary`: a Series with the same index (pandas), a Series, an Array, or a NumPy array.

        Warns
        -----
        UnitWarning
            Of the model and the frame, one knows its unit of time and the other does not. A plain dict is taken to be in
            the unit of the model.
        """
        source = Source(summary)
        self._state_unit(source, unit)
        return source.vector(self._score(source, quantity, threads, **arguments), quantity)

    def _score(self, source: Source, quantity: str, threads: int | None, **arguments: Any) -> Floats:
        columns = source.floats(self._spec.columns)
        with source.named_rows():
            return self._fitted.score(quantity_json(quantity, **arguments), columns, source.unit, thread_count(threads))

    def _state_unit(self, source: Source, unit: str | None) -> None:
        """Take the unit that the caller states; say so where nobody can check that model and frame count alike."""
        if unit is not None:
            source.unit = str(unit)
        mine, theirs = self._fitted.unit, source.unit
        if (mine is None) == (theirs is None) or "T" not in self._spec.columns:
            return
        if theirs is not None:
            warn(
                f"the frame counts time in {theirs!r}, but the model does not know its unit: "
                f"state it when fitting, as in fit(..., unit={theirs!r})",
                UnitWarning,
            )
        elif not source.plain:
            warn(
                f"the model counts time in {mine!r}, but the frame does not say its unit: "
                f"if that is the same, pass unit={mine!r}",
                UnitWarning,
            )

    def new_customer(self, quantity: str, **arguments: Any) -> float:
        """Give a quantity, by name, for a customer who has just been acquired.

        Parameters
        ----------
        quantity : str
            One of the `quantities` that `cam.models` lists for the model.
        **arguments
            Those of the quantity, such as `horizon`.

        Returns
        -------
        float
        """
        return self._fitted.new_customer(quantity_json(quantity, **arguments))

    def log_likelihood(self, summary: Frame, *, unit: str | None = None, threads: int | None = None) -> Vector:
        """Give the logarithm of the probability (density) of every customer's row.

        Parameters
        ----------
        summary : frame or dict of arrays
            One row per customer.
        unit : str, optional
            The unit of the table's times; needed only where the frame does not remember it.
        threads : int, optional
            How many threads to use; all processors by default.

        Returns
        -------
        vector
            Of the kind of `summary`.
        """
        return self.score("log_likelihood", summary, unit=unit, threads=threads)

    def simulate(
        self,
        *,
        seed: int,
        n: int | None = None,
        backend: str | None = None,
        threads: int | None = None,
        progress: Progress = None,
        **design: npt.ArrayLike,
    ) -> Frame:
        """Draw customers.

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
        progress : bool or callable, optional
            ``True`` prints; a function gets ``(stage, done, total, value)``.
        **design : number or array
            What a simulation starts from: `T`, the age of each customer, for purchase models; `frequency` for Gamma-Gamma.

        Returns
        -------
        frame
            The columns of the model, one row per customer.
        """
        if set(design) != set(self._spec.design):
            raise InvalidShapeError(
                f"a simulation of {self._spec.id} starts from {', '.join(self._spec.design)}; "
                f"got {', '.join(design) or 'nothing'}"
            )
        if isinstance(seed, bool) or not hasattr(seed, "__index__") or not 0 <= seed < 2**64:
            raise InvalidParameterError(f"seed must be a whole number from 0 to 2^64 - 1, got {seed!r}", field="seed")
        columns = {name: _repeat(name, values, n) for name, values in design.items()}
        drawn = self._fitted.simulate(columns, int(seed), thread_count(threads), observer(progress))
        kind = self._kind if backend is None and self._kind is not None else default_kind(backend)
        return make(kind, drawn, {UNIT: self.unit_} if self.unit_ else {})

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
        if cls.model is not None and core.id != cls.model:
            raise InvalidDocumentError(f"the document holds a {core.id} model, not {cls.model}")
        found = Model._classes.get(core.id, Model) if cls is Model else cls
        model = found() if found.model is not None else found(core.id)
        model._core = core
        return model  # type: ignore[return-value]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the document to a file.

        Parameters
        ----------
        path : str or path
            Where to. Written as a whole or not at all.
        """
        temporary = f"{os.fspath(path)}.part"
        with open(temporary, "w", encoding="utf-8") as file:
            file.write(self.to_json())
        os.replace(temporary, path)

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
        with open(path, encoding="utf-8") as file:
            return cls.from_json(file.read())

    def __reduce__(self) -> tuple[Any, ...]:
        document = None if self._core is None else self.to_json()
        return _restore, (type(self), self._spec.id, document, self._kind)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Model):
            return NotImplemented
        mine, theirs = self._core, other._core
        if mine is None or theirs is None:
            return mine is theirs and self._spec.id == other._spec.id
        return mine.to_json() == theirs.to_json()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        name = type(self).__name__ + (f"({self._spec.id!r})" if type(self).model is None else "")
        if self._core is None:
            return name if name.endswith(")") else f"{name}()"
        values = ", ".join(f"{k}={v:.6g}" for k, v in self.params_.items())
        unit = f", unit={self.unit_!r}" if self.unit_ else ""
        found = f": log-likelihood {self.log_likelihood_:.9g}, {self.status_}" if self._core.estimated else ""
        return f"<{name} {values}{unit}{found}>"

    def _repr_html_(self) -> str:
        title = escape(self._spec.title)
        if self._core is None:
            return f"<b>{title}</b>, not fitted yet"
        fit = self._core.estimated and self.converged_
        errors = self.standard_errors_ if fit else {}
        ends = self.confidence_intervals() if fit else {}
        rows = []
        for name, meaning in zip(self._spec.parameters, self._spec.meanings, strict=True):
            low, high = ends.get(name, (math.nan, math.nan))
            cells = [f"{x:.6g}" if x == x else "" for x in (self.params_[name], errors.get(name, math.nan), low, high)]
            rows.append(
                f"<tr><th>{name}</th>{''.join(f'<td>{c}</td>' for c in cells)}"
                f'<td style="text-align:left">{escape(meaning)}</td></tr>'
            )
        found = ""
        if self._core.estimated:
            found = (
                f"<br>log-likelihood {self.log_likelihood_:,.3f}, {self.n_customers_:,.0f} customers, "
                f"{escape(self.status_)}"
            )
        unit = f", per {escape(self.unit_)}" if self.unit_ else ""
        head = "<tr><th></th><th>estimate</th><th>std. error</th><th>2.5 %</th><th>97.5 %</th><th>meaning</th></tr>"
        return f"<b>{title}</b>{unit}{found}<table>{head}{''.join(rows)}</table>"


def _restore(cls: type[Model], name: str, document: str | None, kind: str | None) -> Model:
    model = cls() if cls.model is not None else cls(name)
    if document is not None:
        model._core = _core.from_json(document)
    model._kind = kind
    return model


def _repeat(name: str, values: npt.ArrayLike, n: int | None) -> Floats:
    array = np.asarray(values)
    if array.ndim == 0:
        if n is None:
            raise InvalidParameterError(f"give n, or an array of {name}", field="n")
        if isinstance(n, bool) or not hasattr(n, "__index__") or n < 0:
            raise InvalidParameterError(f"n must be a whole number, at least 0, got {n!r}", field="n")
        return np.full(n, number(name, values))
    if array.ndim != 1:
        raise InvalidShapeError(f"{name} must have one dimension, got {array.ndim}", field=name)
    if n is not None and n != array.shape[0]:
        raise InvalidShapeError(f"{name} has {array.shape[0]} rows, n is {n}", field=name)
    return as_floats(array, name)


def from_json(text: str) -> Model:
    """Open a document, whichever model it holds.

    Parameters
    ----------
    text : str
        What `to_json` gave, in any of cam's languages.

    Returns
    -------
    Model
        Of the class of that model.

    Examples
    --------
    >>> import cam
    >>> cam.from_json(cam.BgNbd.from_params(r=0.243, alpha=4.414, a=0.793, b=2.426).to_json())
    <BgNbd r=0.243, alpha=4.414, a=0.793, b=2.426>
    """
    return Model.from_json(text)


def load(path: str | os.PathLike[str]) -> Model:
    """Open a document in a file, whichever model it holds.

    Parameters
    ----------
    path : str or path
        Where from: a file that `save` wrote, or any of cam's languages.

    Returns
    -------
    Model
        Of the class of that model.
    """
    return Model.load(path)


def each(name: str, values: npt.ArrayLike, ask: Any) -> Any:
    """Ask once per value: a float for a number, an array for an array."""
    array = np.asarray(values)
    if array.ndim == 0:
        return ask(number(name, values))
    return np.array([ask(number(name, value)) for value in array.ravel()]).reshape(array.shape)


__all__ = ["Model", "UnsupportedError", "each", "from_json", "load"]
