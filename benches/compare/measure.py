"""Measure one task of one library in this process, and print one JSON line.

Run by `compare.py`, a fresh process for each measurement, so that the memory of one library is not
counted for another and no cache is warm that its user would find cold. The first run gives the peak
of memory over what was there before it (imports, data and models built); the fastest and the median
of all runs give the time.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import gc
import importlib.metadata
import json
import logging
import os
import resource
import statistics
import sys
import time
import warnings
from pathlib import Path
from typing import NamedTuple

THREAD_VARIABLES = [
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "RAYON_NUM_THREADS",
]


def _status(field: str) -> float | None:
    """A memory field of /proc/self/status in MB, on Linux."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(field):
                return int(line.split()[1]) / 1024.0
    return None


class Peak:
    """The peak of resident memory since it was made, in MB, over the resident memory at that time."""

    def __init__(self) -> None:
        gc.collect()
        with contextlib.suppress(OSError, AttributeError):
            # What earlier work freed goes back first; else a task would be given it for nothing.
            ctypes.CDLL(None).malloc_trim(0)
        self.before = _status("VmRSS")
        try:
            # Linux: forget the peak so far, so that building the data does not hide the peak of the task.
            Path("/proc/self/clear_refs").write_text("5")
        except OSError:
            self.before = None
        self.max_before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0

    def read(self) -> float:
        high = _status("VmHWM")
        if self.before is not None and high is not None:
            return max(high - self.before, 0.0)
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0 - self.max_before


def _cpu() -> float:
    """CPU seconds of this process, all threads, and of the children it has waited for (a C compiler, say)."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


class Limits(NamedTuple):
    """At least `least` runs of a task, then up to `runs` of them while `budget` seconds are not spent."""

    least: int
    runs: int
    budget: float

    def again(self, spent: list[float]) -> bool:
        return len(spent) < self.least or (len(spent) < self.runs and sum(spent) < self.budget)


def measure(library: str, task: str, data_name: str, folder: Path, threads: int, limits: Limits) -> dict:
    import data
    import sides

    held = data.load(data_name, folder)
    work = sides.task(library, task)(held, threads)
    peak = Peak()
    wall: list[float] = []
    cpu: list[float] = []
    memory = 0.0
    described: dict[str, float] = {}
    while limits.again(wall):
        cpu_start, wall_start = _cpu(), time.perf_counter()
        result = work()
        wall.append(time.perf_counter() - wall_start)
        cpu.append(_cpu() - cpu_start)
        if len(wall) == 1:
            memory = peak.read()
            described = sides.describe(result)
        del result
    return {
        "library": library,
        "task": task,
        "data": data_name,
        "data_hash": held.hash,
        "threads": threads,
        "runs": len(wall),
        "cpu_best": min(cpu),
        "cpu_median": statistics.median(cpu),
        "wall_best": min(wall),
        "wall_median": statistics.median(wall),
        "peak_mb": memory,
        "load_average": os.getloadavg()[0],
        "check": described,
        "versions": {name: importlib.metadata.version(name) for name in sides.PACKAGES[library]},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--library", required=True)
    parser.add_argument("--task", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--least", type=int, default=1)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument(
        "--budget", type=float, default=20.0, help="no further run once this many seconds are spent"
    )
    given = parser.parse_args()
    # Before numpy, polars or a BLAS is imported: they read these once.
    for variable in THREAD_VARIABLES:
        os.environ[variable] = str(given.threads)
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    limits = Limits(given.least, given.runs, given.budget)
    with contextlib.redirect_stdout(sys.stderr):
        found = measure(given.library, given.task, given.data, given.folder, given.threads, limits)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
