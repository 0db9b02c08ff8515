"""What every call shares: threads, progress, and numbers as JSON writes them."""

from __future__ import annotations

import functools
import inspect
import json
import math
import operator
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeAlias, TypeVar

import numpy as np

from cam.errors import InvalidParameterError

P = ParamSpec("P")
R = TypeVar("R")

Progress: TypeAlias = Callable[[str, int, int | None, float], object] | bool | None
"""``True`` prints a line to standard error; a function gets ``(stage, done, total, value)``, at most 20 times a second."""


def thread_count(threads: int | None) -> int:
    """Check a number of threads; ``None``, all processors, is 0."""
    if threads is None:
        return 0
    if isinstance(threads, bool) or not hasattr(threads, "__index__") or not 1 <= threads <= 4096:
        raise InvalidParameterError(f"threads must be None or from 1 to 4096, got {threads!r}", field="threads")
    return int(threads)


def observer(progress: Progress) -> Callable[[str, int, int | None, float], object] | None:
    """Turn ``progress=True`` into a function that prints."""
    if progress is True:
        return _print
    if progress is None or progress is False:
        return None
    if not callable(progress):
        raise InvalidParameterError(f"progress must be a bool or a function, got {progress!r}", field="progress")
    return progress


def _print(stage: str, done: int, total: int | None, value: float) -> None:
    of = f" of {total:,}" if total is not None else ""
    print(
        f"\r{stage}: {done:,}{of} ({value:.9g})",
        end="\n" if done == total else "",
        file=sys.stderr,
        flush=True,
    )


def one_table(names: Callable[[Any], Sequence[str]]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Tell those who give a method their columns one by one, as other libraries take them, that it takes one table.

    `names` gives the columns of the table from the object whose method it is.
    """

    def of(method: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(method)
        def told(*args: P.args, **kwargs: P.kwargs) -> R:
            needed = list(names(args[0]))
            if len(args) > 2 or not kwargs.keys().isdisjoint(needed):
                columns = ", ".join(f'"{name}": {name}' for name in needed)
                raise TypeError(
                    f"{type(args[0]).__name__}.{method.__name__} takes one table, not its columns: "
                    f"{method.__name__}({{{columns}}}), or a frame that has them"
                )
            return method(*args, **kwargs)

        return told

    return of


def name_methods(cls: type, *bases: type) -> None:
    """Let messages about arguments name this class, which the user knows, and not the bases that its methods are written in."""
    for base in bases:
        for name, method in vars(base).items():
            if inspect.isfunction(method) and not name.startswith("_"):
                method.__qualname__ = f"{cls.__name__}.{name}"


def warn(message: str, category: type[Warning]) -> None:
    """Warn at the line of the caller's program, however deep in cam the reason was found."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "cam":
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


def number(name: str, value: Any) -> float:
    """Check that an argument is one finite number, and not a text or a truth value that only counts as one."""
    try:
        if isinstance(value, str | bytes | bool | np.bool_):
            raise TypeError
        result = float(value)
    except (TypeError, ValueError):
        raise InvalidParameterError(f"{name} must be a number, got {shown(value)}", field=name) from None
    if not math.isfinite(result):
        raise InvalidParameterError(f"{name} must be finite, got {value}", field=name)
    return result


def ahead(horizon: Any) -> float | None:
    """Check a horizon that may be for ever, which is ``None``."""
    if isinstance(horizon, float | np.floating) and horizon == math.inf:
        raise InvalidParameterError("horizon must be finite, got inf: horizon=None is for ever", field="horizon")
    return None if horizon is None else number("horizon", horizon)


def rate(name: str, value: Any, unit: str | None) -> float:
    """Check a rate of discount per unit of time: more than 1, which is 100 %, is meant as a percentage."""
    found = number(name, value)
    # Over some years together it may be as much.
    long = re.fullmatch(r"([0-9.]+) days", unit or "")
    if found > 1 and not (long and float(long[1]) > 366):
        per = f" a {unit}" if unit and not long else ""
        raise InvalidParameterError(
            f"{name} must be a share per unit of time, at most 1, got {found:g}: {found:g} %{per} is {found / 100:g}",
            field=name,
        )
    return found


def share(name: str, value: Any) -> float:
    """Check the share of the spend that is profit."""
    found = number(name, value)
    if found > 1:
        raise InvalidParameterError(
            f"{name} must be a share of the spend, at most 1, got {found:g}: {found:g} % is {found / 100:g}", field=name
        )
    return found


def whole(name: str, value: Any, least: int) -> int:
    """Check that an argument is one whole number, of any type, and not less than this."""
    try:
        result = operator.index(value)
    except TypeError:
        result = least - 1
    if isinstance(value, bool) or result < least:
        raise InvalidParameterError(f"{name} must be a whole number, at least {least}, got {shown(value)}", field=name)
    return result


def count(n: Any) -> int:
    """Check a number of purchases."""
    value = number("n", n)
    if value < 0 or value != np.floor(value) or value >= 2**32:
        raise InvalidParameterError(f"n must be a whole number from 0 to 4,294,967,295, got {n}", field="n")
    return int(value)


def discounting(
    continuous: float | None, per_period: float | None, horizon: float | None, unit: str | None
) -> dict[str, Any]:
    """Give the arguments of a discounted quantity that are given."""
    rates = {"continuous_discount_rate": continuous, "discount_rate": per_period}
    given: dict[str, Any] = {name: rate(name, value, unit) for name, value in rates.items() if value is not None}
    return given if horizon is None else {**given, "horizon": ahead(horizon)}


def flag(name: str, value: Any) -> bool:
    """Check that an argument is true or false, and not a word that only counts as true."""
    if not isinstance(value, bool | np.bool_):
        raise InvalidParameterError(f"{name} must be True or False, got {shown(value)}", field=name)
    return bool(value)


def shown(value: Any) -> str:
    """Show what an argument was: as it is written, or, of what fills more than a line, the type."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    text = repr(value)
    return text if len(text) <= 60 and "\n" not in text else f"a {type(value).__name__}"


def quantity_of(quantity: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Name a quantity as the core reads it: its arguments are one number each, and those that are ``None`` are left out."""
    if not isinstance(quantity, str):
        raise InvalidParameterError(f"a quantity is asked for by its name, got {shown(quantity)}", field="quantity")
    given = {name: value for name, value in arguments.items() if value is not None}
    return {"quantity": quantity} | {
        # Whole numbers stay such.
        name: int(value) if isinstance(value, int | np.integer) and not isinstance(value, bool) else number(name, value)
        for name, value in given.items()
    }


@contextmanager
def named_arguments(quantity: str) -> Iterator[None]:
    """Say which argument a quantity lacks as it is written in Python: the core speaks of fields of JSON."""
    try:
        yield
    except InvalidParameterError as problem:
        lacks = re.search(r"^cannot read .*: missing field `(\w+)`", str(problem))
        if lacks is None:
            raise
        name = lacks[1]
        raise InvalidParameterError(f"{name} is missing: {quantity!r} needs {name}=…", field=name) from None


def quantity_json(quantity: str, **arguments: Any) -> str:
    """Write a quantity as the core reads it; arguments that are ``None`` are left out."""
    return json.dumps(quantity_of(quantity, arguments))
