"""A model with other values of its parameters: those of a grid, or those that the data leave possible."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np

from cam import _core
from cam._base import Model
from cam._frames import Floats
from cam._models import need_model
from cam.errors import InvalidParameterError, UnsupportedError

Values: TypeAlias = Mapping[str, float]


def need_parameters(model: Any) -> None:
    """Refuse what has no parameters of its own, such as draws of populations."""
    need_model("model", model, "purchases or spend")
    if not isinstance(model, Model):
        raise InvalidParameterError(
            f"model must have parameters that are numbers: {type(model).__name__} has none, but draws of populations",
            field="model",
        )


def remade(model: Model) -> Callable[[Values], _core.Fitted]:
    """Give a function that makes the model anew, with these values of all its parameters and coefficients."""
    spec, unit, coefficients = model._spec, model.unit_, list(model.coefficients_)
    if not coefficients:
        return lambda values: _core.with_parameters(spec.id, [values[name] for name in spec.parameters], unit)
    document = json.loads(model.to_json())
    # Draws take long to read, and nobody asks this model for them.
    document["fit"].pop("posterior", None)

    def make(values: Values) -> _core.Fitted:
        covariates = {**document["covariates"], "coefficients": {name: values[name] for name in coefficients}}
        parameters = {name: values[name] for name in spec.parameters}
        return _core.from_json(json.dumps({**document, "parameters": parameters, "covariates": covariates}))

    return make


def approximation(model: Model) -> tuple[list[str], Floats, Floats]:
    """Give names, centre and covariance of the normal approximation: of logarithms of parameters, of coefficients themselves.

    Raises
    ------
    UnsupportedError
        Nothing was estimated, or not at a maximum, where there is no covariance.
    """
    names, own = model._estimated, set(model._spec.parameters)
    scale = np.array([model.params_[name] if name in own else 1.0 for name in names])
    covariance = model.covariance_ / np.outer(scale, scale)
    if not np.isfinite(covariance).all():
        raise UnsupportedError("the estimates have no covariance: the fit did not end at a maximum", field="model")
    centre = np.array([np.log(model.params_[name]) if name in own else model.params_[name] for name in names])
    return names, centre, covariance


def possible(model: Model, draws: int, rng: np.random.Generator) -> list[Values]:
    """Draw values of all parameters.

    Of a posterior these are draws of it, evenly chosen, or all where there are fewer; elsewhere they are from the normal
    approximation; and where nothing was estimated they are the values that were given.
    """
    if model._is_sampled:
        drawn = {name: values.ravel() for name, values in model.posterior_.items()}
        there = next(iter(drawn.values())).size
        which = np.unique(np.linspace(0, there - 1, min(draws, there)).round().astype(np.int64))
        return [{**model.params_, **{name: float(values[i]) for name, values in drawn.items()}} for i in which]
    if not model._fitted.estimated:
        return [model.params_] * draws
    names, centre, covariance = approximation(model)
    own = set(model._spec.parameters)
    rows = rng.multivariate_normal(centre, covariance, size=draws, method="eigh")
    return [
        {**model.params_, **{n: float(np.exp(v)) if n in own else float(v) for n, v in zip(names, row, strict=True)}}
        for row in rows
    ]
