"""Work that is not a model, by its name: what the typed functions and classes are thin covers of."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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
        For each task `id`, `title`, `source`, the `columns` that it needs of the table, in words which `models` it takes, its
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
    columns: Mapping[str, Floats],
    options: Mapping[str, Any] | None = None,
    *,
    models: Sequence[_core.Fitted] = (),
    unit: str | None = None,
    threads: int | None = None,
    progress: Progress = None,
) -> Answer:
    """Do a task. Options that are ``None`` are left to their defaults."""
    given = {name: value for name, value in (options or {}).items() if value is not None}
    output, answered = _core.run(
        task,
        dict(columns),
        json.dumps(given),
        list(models),
        unit,
        thread_count(threads),
        observer(progress),
    )
    return Answer(json.loads(output), answered)
