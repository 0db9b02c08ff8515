"""One module a library: each maps the name of a task to a function that prepares it and returns the
work to be timed.

`TASKS[task](data, threads)` imports what it needs, builds frames and models outside the clock, and returns
a callable of no arguments. What that callable returns is described afterwards (`describe`), so that a table
of times can be checked to be a table of equal answers.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

# The scores asked of every library: a year in weeks, and twelve months at 1 % a month, the month being the
# 4.345 weeks of lifetimes and PyMC-Marketing.
HORIZON = 52.0
MONTHS = 12
WEEKS_A_MONTH = 4.345
MONTHLY_DISCOUNT = 0.01
# The continuous rate per week of Fader & Hardie's DERT: 15 % a year.
DERT_RATE = 0.0027

MODULES = {
    "cam": "cam_side",
    "cam_polars": "cam_side",
    "lifetimes": "lifetimes_side",
    "lifetimes_weights": "lifetimes_side",
    "pymc_marketing": "pymc_side",
    "polars": "frames_side",
    "polars_tuned": "frames_side",
    "pandas": "frames_side",
    "numpy": "frames_side",
    "duckdb": "frames_side",
}

# What decides whether a kept figure is still good: the versions of these.
PACKAGES = {
    "cam": ["cam-py"],
    "cam_polars": ["cam-py", "polars"],
    "lifetimes": ["lifetimes", "autograd", "numpy", "scipy", "pandas"],
    "lifetimes_weights": ["lifetimes", "autograd", "numpy", "scipy", "pandas"],
    "pymc_marketing": ["pymc-marketing", "pymc", "pytensor", "numpy", "scipy"],
    "polars": ["polars"],
    "polars_tuned": ["polars"],
    "pandas": ["pandas", "numpy"],
    "numpy": ["numpy"],
    "duckdb": ["duckdb"],
}


def task(library: str, name: str) -> Any:
    """The function that prepares `name` for `library`; KeyError where the library has no such thing."""
    module = importlib.import_module(f"sides.{MODULES[library]}")
    tasks = module.TASKS
    if (library, name) in tasks:
        return tasks[(library, name)]
    return tasks[name]


def describe(result: Any) -> dict[str, float]:
    """A few numbers that tell whether two libraries did the same work."""
    if hasattr(result, "describe") and isinstance(result, dict):
        return result.describe()
    if isinstance(result, dict):
        return {key: float(value) for key, value in result.items()}
    columns = getattr(result, "columns", None)
    if columns is not None and not isinstance(result, np.ndarray):
        names = list(getattr(result, "column_names", columns))
        out = {"rows": float(len(result))}
        for name in names:
            if name not in KEYS:
                values = np.asarray(result[name], dtype=np.float64)
                out[f"mean {name}"] = float(np.mean(values))
        return out
    values = np.asarray(result, dtype=np.float64).ravel()
    finite = np.isfinite(values)
    mean = float(values[finite].mean()) if finite.any() else float("nan")
    return {"rows": float(len(values)), "not finite": float((~finite).sum()), "mean": mean}


KEYS = {"customer_id", "first", "last", "date"}
