"""What models there are: read once from the core, which decides."""

from __future__ import annotations

import functools
import json
from typing import Any

from cam import _core
from cam.errors import UnknownNameError


def models() -> list[dict[str, Any]]:
    """List the models that there are.

    Returns
    -------
    list of dict
        For each model `id`, `title`, `source`, `parameters`, `columns` and `design` (what a simulation starts from), each
        variable with `name`, `domain`, `dimension` and `meaning`; and `quantities`, the names of what can be asked.

    Examples
    --------
    >>> import cam
    >>> [model["id"] for model in cam.models()][:3]
    ['bg_nbd', 'pareto_nbd', 'gamma_gamma']
    """
    specs: list[dict[str, Any]] = json.loads(_core.models())
    for variable in (v for spec in specs for group in ("parameters", "columns", "design") for v in spec[group]):
        variable["meaning"] = variable["meaning"].strip()
    return specs


@functools.cache
def spec(model: str) -> Spec:
    """Look a model up."""
    known = models()
    for entry in known:
        if entry["id"] == model:
            return Spec(entry)
    names = ", ".join(entry["id"] for entry in known)
    raise UnknownNameError(f"no model named {model!r}; there are: {names}", field=str(model))


@functools.cache
def model_columns() -> frozenset[str]:
    """Give the names of all columns that some model reads of a table, `weight` among them."""
    return frozenset({"weight", *(column["name"] for entry in models() for column in entry["columns"])})


class Spec:
    """Who a model is."""

    def __init__(self, entry: dict[str, Any]) -> None:
        self.id: str = entry["id"]
        self.title: str = entry["title"]
        self.source: str = entry["source"]
        self.parameters: list[str] = [p["name"] for p in entry["parameters"]]
        # Whole numbers are chosen, not estimated.
        self.estimated: list[str] = [p["name"] for p in entry["parameters"] if p["domain"] != "whole"]
        self.meanings: list[str] = [p["meaning"] for p in entry["parameters"]]
        # What parameters are counted in: ``time``, ``per_time``, ``money`` or ``none``.
        self.dimensions: dict[str, str] = {p["name"]: p["dimension"] for p in entry["parameters"]}
        # A sum of logarithms only adds to the likelihood; no score needs it.
        self.columns: list[str] = [c["name"] for c in entry["columns"] if c["dimension"] != "log_time"]
        self.logs: list[str] = [c["name"] for c in entry["columns"] if c["dimension"] == "log_time"]
        # Whether time is counted in opportunities, as BG/BB does.
        self.discrete: bool = any(c["name"] == "T" and c["domain"] == "count" for c in entry["columns"])
        self.design: list[str] = [c["name"] for c in entry["design"]]
        self.quantities: list[str] = entry["quantities"]
