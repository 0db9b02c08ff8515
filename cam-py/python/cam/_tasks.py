"""Work that is not a model, by its name: what the typed functions and classes are thin covers of."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cam import _core
from cam._call import Progress, observer, thread_count
from cam._frames import Floats

__all__ = ["Answer", "run", "tasks"]


@dataclass(frozen=True)
class Answer:
    """What a task gave: what its JSON holds, and columns of numbers by name."""

    output: Any
    columns: dict[str, Floats]


def tasks() -> list[dict[str, Any]]:
    """List the tasks that there are: work that is not a model, and is reached by name from C and Java, too.

    Returns
    -------
    list of dict
        For each task `id`, `title`, `source`, the `columns` that it needs of the table, in words which ``models`` it takes, its
        `options` (each with `name`, `default` as JSON, empty where it must be given, and `meaning`), and in words the
        `answers`: the columns that it gives.

    Examples
    --------
    >>> import cam
    >>> [task["id"] for task in cam.tasks()][:1]
    ['spend_independence']
    """
    specs: list[dict[str, Any]] = json.loads(_core.tasks())
    return specs


def run(
    task: str,
    columns: Mapping[str, Any],
    options: Mapping[str, Any] | None = None,
    *,
    models: Sequence[Any] = (),
    unit: str | None = None,
    threads: int | None = None,
    progress: Progress = None,
) -> Answer:
    """Do a task by its name; see `tasks`. What has a function or a method of its own is more pleasantly reached by that.

    Parameters
    ----------
    task : str
        The name, one of those that `tasks` lists.
    columns : dict of arrays
        The columns that the task needs of its table, by name.
    options : dict, optional
        Options by name; those that are ``None`` are left to their defaults.
    models : sequence of Model
        The fitted models that the task takes.
    unit : str, optional
        The unit of the columns that are times.
    threads : int, optional
        How many threads to use; all processors by default. The result does not depend on it.
    progress : bool or callable, optional
        ``True`` prints; a function gets ``(stage, done, total, value)``.

    Returns
    -------
    Answer
        With the attributes `output`, a dict, and `columns`, a dict of arrays.

    Examples
    --------
    >>> import cam
    >>> columns = {"frequency": [1.0, 2.0, 3.0, 4.0], "monetary_value": [9.0, 11.0, 12.0, 16.0]}
    >>> round(cam.run("spend_independence", columns).output["pearson"], 3)
    0.965
    """
    given = {name: value for name, value in (options or {}).items() if value is not None}
    output, answered = _core.run(
        task,
        {name: np.ascontiguousarray(values, dtype=np.float64) for name, values in columns.items()},
        json.dumps(given),
        [getattr(model, "_fitted", model) for model in models],
        unit,
        thread_count(threads),
        observer(progress),
    )
    return Answer(json.loads(output), answered)
