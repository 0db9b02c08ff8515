"""What can be asked of a model, whatever it is a model of: scores, new customers, simulation."""

from __future__ import annotations

import copy
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from cam._call import Progress, named_arguments, number, observer, quantity_json, thread_count, warn
from cam._estimates import Estimates
from cam._frames import UNIT, Floats, Frame, Source, Vector, as_floats, default_kind, make
from cam.errors import InvalidParameterError, InvalidShapeError, UnitWarning, UnsupportedError


class Answers(Estimates):
    """The answers of a model, in frames of the kind that the question came in."""

    # The kinds of frame of whose unit this model has warned.
    _told: frozenset[str] = frozenset()

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
            Of the model and the frame, one knows its unit of time and the other does not. A model says so once for each kind
            of frame. A plain dict is taken to be in the unit of the model.

        Raises
        ------
        InvalidParameterError
            Frame, model and `unit` do not count time alike.
        """
        source = Source(summary)
        self._state_unit(source, unit)
        return source.vector(self._score(source, quantity, threads, **arguments), quantity)

    def _score(self, source: Source, quantity: str, threads: int | None, **arguments: Any) -> Floats:
        columns = source.floats(self._spec.columns)
        if quantity == "log_likelihood":
            columns |= source.floats([name for name in self._spec.logs if name in source])
        if (encoding := self._encoding) is not None:
            columns |= encoding.read(source)
        with source.named_rows(), named_arguments(quantity):
            return self._fitted.score(quantity_json(quantity, **arguments), columns, source.unit, thread_count(threads))

    def _state_unit(self, source: Source, unit: str | None) -> None:
        """Take the unit that the caller states; say so where nobody can check that model and frame count alike."""
        source.state_unit(unit)
        mine, theirs = self._fitted.unit, source.unit
        if (mine is None) == (theirs is None) or "T" not in self._spec.columns or source.kind in self._told:
            return
        if theirs is not None or not source.plain:
            self._told |= {source.kind}
        if theirs is not None:
            warn(
                f"the frame counts time in {theirs!r}, but the model does not know its unit: "
                f"state it, as in fit(..., unit={theirs!r}) or from_params(..., unit={theirs!r})",
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

        Raises
        ------
        UnsupportedError
            The model has covariates: it is asked of `given`, which says which customers are meant.
        """
        self._need_plain()
        with named_arguments(quantity):
            return self._fitted.new_customer(quantity_json(quantity, **arguments))

    def _need_plain(self) -> None:
        """Refuse a model of whose new customers nothing can be said without their covariates."""
        if (encoding := self._encoding) is not None:
            values = ", ".join(f"{name}=…" for name in encoding.columns)
            raise UnsupportedError(
                f"new customers of this {self._spec.title} model have covariates: ask that of those who are meant, "
                f"model.given({values})",
                field="covariates",
            )

    def given(self, **covariates: Any) -> Self:
        """Give the plain model of the customers who have these covariates.

        Parameters
        ----------
        **covariates
            A value for each covariate of the model: a number, or the name of a level.

        Returns
        -------
        Model
            With the parameters of these customers. It answers what is asked about a new customer.

        Raises
        ------
        InvalidParameterError
            A covariate is missing, or is none.
        InvalidDataError
            A level is not known.
        """
        encoding = self._encoding
        if encoding is None:
            raise InvalidParameterError(f"this {self._spec.title} model has no covariates", field="covariates")
        plain = copy.copy(self)
        plain._core = self._fitted.given(encoding.one(covariates))
        return plain

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
            What a simulation starts from: `T`, the age of each customer, for purchase models; `frequency` for Gamma-Gamma; and
            the covariates of the model, where it has some.

        Returns
        -------
        frame
            The columns of the model, and those of its covariates, one row per customer.
        """
        encoding = self._encoding
        wanted = self._spec.design + ([] if encoding is None else encoding.columns)
        if set(design) != set(wanted):
            raise InvalidShapeError(
                f"a simulation of {self._spec.id} starts from {', '.join(wanted)}; got {', '.join(design) or 'nothing'}"
            )
        if isinstance(seed, bool) or not hasattr(seed, "__index__") or not 0 <= seed < 2**64:
            raise InvalidParameterError(f"seed must be a whole number from 0 to 2^64 - 1, got {seed!r}", field="seed")
        columns = {name: _repeat(name, design[name], n) for name in self._spec.design}
        if encoding is not None:
            columns |= encoding.repeated(design, len(next(iter(columns.values()))))
        drawn: dict[str, Any] = dict(
            self._fitted.simulate(columns, int(seed), thread_count(threads), observer(progress))
        )
        if encoding is not None:
            # So that what was drawn can be fitted.
            drawn |= {name: encoding.written(name, columns[name]) for name in encoding.columns}
        kind = self._kind if backend is None and self._kind is not None else default_kind(backend)
        return make(kind, drawn, {UNIT: self.unit_} if self.unit_ else {})


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


def each(name: str, values: npt.ArrayLike, ask: Any) -> Any:
    """Ask once per value: a float for a number, an array for an array."""
    array = np.asarray(values)
    if array.ndim == 0:
        return ask(number(name, values))
    return np.array([ask(number(name, value)) for value in array.ravel()]).reshape(array.shape)
