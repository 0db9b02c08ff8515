"""Prior distributions of parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cam._call import number, shown
from cam.errors import InvalidParameterError, UnknownNameError

__all__ = ["Prior", "priors_as_json"]

ARGUMENTS = {
    "flat": (),
    "normal": ("mu", "sigma"),
    "log_normal": ("mu", "sigma"),
    "half_normal": ("sigma",),
    "gamma": ("alpha", "beta"),
    "exponential": ("rate",),
    "weibull": ("alpha", "beta"),
    "pareto": ("alpha", "m"),
    "uniform": ("lower", "upper"),
    "beta": ("alpha", "beta"),
}


class Prior:
    """The distribution of a parameter before the data are seen.

    Parameters
    ----------
    distribution : str
        ``"Flat"``, ``"Normal"`` and ``"LogNormal"`` (mu, sigma), ``"HalfNormal"`` (sigma), ``"Gamma"`` (alpha, beta:
        the rate), ``"Exponential"`` (rate), ``"Weibull"`` (alpha, beta: the scale), ``"Pareto"`` (alpha, m),
        ``"Uniform"`` (lower, upper) or ``"Beta"`` (alpha, beta); or in small letters, ``"half_normal"``.
    **arguments : float
        Its arguments.

    Examples
    --------
    >>> import cam
    >>> cam.Prior("Weibull", alpha=2, beta=10)
    Prior('weibull', alpha=2.0, beta=10.0)
    """

    def __init__(self, distribution: str, **arguments: float) -> None:
        name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", distribution).lower() if isinstance(distribution, str) else ""
        if name not in ARGUMENTS:
            known = ", ".join(ARGUMENTS)
            raise UnknownNameError(f"no prior named {shown(distribution)}; there are: {known}", field="priors")
        wanted = ARGUMENTS[name]
        if set(arguments) != set(wanted):
            takes = " and ".join(wanted) or "no arguments"
            raise InvalidParameterError(f"the prior {name} takes {takes}, got {sorted(arguments)}", field="priors")
        self.distribution = name
        self.arguments = {argument: number(argument, arguments[argument]) for argument in wanted}

    def to_dict(self) -> dict[str, Any]:
        """Give the prior as documents write it.

        Returns
        -------
        dict
            ``{"prior": "gamma", "alpha": 2.0, "beta": 1.0}``.
        """
        return {"prior": self.distribution, **self.arguments}

    def __repr__(self) -> str:
        arguments = "".join(f", {name}={value!r}" for name, value in self.arguments.items())
        return f"Prior({self.distribution!r}{arguments})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Prior) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((self.distribution, *self.arguments.items()))


def priors_as_json(priors: Mapping[str, Any]) -> dict[str, Any]:
    """Read priors as a caller writes them, by parameter: each a `Prior`, or a dict as documents have it."""
    if not isinstance(priors, Mapping):
        raise InvalidParameterError(
            f"priors must be a dict of priors by parameter, got {shown(priors)}", field="priors"
        )
    found = {}
    for name, prior in priors.items():
        if isinstance(prior, Mapping) and "prior" in prior:
            prior = Prior(prior["prior"], **{k: v for k, v in prior.items() if k != "prior"})
        if not isinstance(prior, Prior):
            raise InvalidParameterError(f"the prior of {name} must be a cam.Prior, got {shown(prior)}", field="priors")
        found[str(name)] = prior.to_dict()
    return found
