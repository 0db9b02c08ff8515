"""cam beside its peers: the same data, one run, one machine; times, memory and ratios.

    python compare.py                     everything, at full size (tens of minutes the first time)
    python compare.py --quick             a hundredth of the size, a minute or two: does it run?
    python compare.py --only fit-bg,summary
    python compare.py --fresh             also re-measure the slow peers that are kept from an earlier run
    python compare.py --write docs/benchmarks.md

Every figure is of one fresh process (`measure.py`). Slow peers are measured once and kept under
build/compare/kept, keyed by data, versions, processor and thread count; the table marks them.
Results also go, a JSON line each, to build/compare/results.jsonl.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import data
import sides
import table
from rows import ROWS, THREADED, Row

HERE = Path(__file__).resolve().parent
BUILD = HERE.parents[1] / "build" / "compare"


def processor() -> str:
    """The processor by its name, and how many of them this process may use."""
    name = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    except OSError:
        pass
    return f"{name}, {cores()} cores"


def cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def installed(library: str) -> dict[str, str] | None:
    """The versions a figure of this library depends on; None where it is not installed."""
    try:
        return {name: importlib.metadata.version(name) for name in sides.PACKAGES[library]}
    except importlib.metadata.PackageNotFoundError:
        return None


def kept_file(folder: Path, row: Row, library: str, threads: int, data_hash: str) -> Path:
    key = json.dumps(
        [row.task, library, threads, data_hash, installed(library), processor(), platform.python_version()]
    )
    return (
        folder
        / "kept"
        / f"{row.key}-{library}-{threads}-{hashlib.sha256(key.encode()).hexdigest()[:12]}.json"
    )


def measure(row: Row, library: str, threads: int, given: argparse.Namespace) -> dict:
    """One measurement, from what was kept if it may be; a dict with "error" where it failed."""
    name = row.data(given.quick)
    slow = library in row.slow and not given.quick
    keep = kept_file(given.build, row, library, threads, data.load(name, given.build / "data").hash)
    if slow and keep.exists() and not given.fresh:
        return json.loads(keep.read_text()) | {"from": "kept"}
    if slow and given.skip_slow:
        return {
            "error": "skipped: slow, and nothing kept",
            "library": library,
            "threads": threads,
            "from": "run",
        }
    command = [
        sys.executable,
        str(HERE / "measure.py"),
        "--library",
        library,
        "--task",
        row.task,
        "--data",
        name,
    ]
    command += ["--folder", str(given.build / "data"), "--threads", str(threads)]
    # PyMC compiles C on its first run; the second shows what a warm one takes, whatever the budget.
    least = 2 if library == "pymc_marketing" and not slow else 1
    command += [
        "--least",
        str(least),
        "--runs",
        "1" if slow else str(given.runs),
        "--budget",
        str(given.budget),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        return {"error": last, "library": library, "threads": threads, "row": row.key, "from": "run"}
    found = json.loads(done.stdout.strip().splitlines()[-1])
    found |= {"row": row.key, "date": datetime.now(UTC).strftime("%Y-%m-%d"), "processor": processor()}
    if slow:
        keep.parent.mkdir(parents=True, exist_ok=True)
        keep.write_text(json.dumps(found))
    return found | {"from": "run"}


def plan(row: Row, given: argparse.Namespace) -> list[tuple[str, int]]:
    """Which library with how many threads: one thread for all, then all threads for those that use them."""
    libraries = [*row.ours, *row.peers]
    if given.libraries:
        libraries = [name for name in libraries if name in given.libraries]
    runs = [(library, 1) for library in libraries]
    if cores() > 1 and not given.one_thread:
        runs += [(library, cores()) for library in libraries if library in THREADED]
    return runs


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a hundredth of the size")
    parser.add_argument("--only", help="rows, by key, with commas: " + ", ".join(row.key for row in ROWS))
    parser.add_argument("--libraries", help="libraries, with commas: " + ", ".join(sides.MODULES))
    parser.add_argument("--fresh", action="store_true", help="measure the slow peers again")
    parser.add_argument(
        "--skip-slow", action="store_true", help="leave out slow peers of which nothing is kept"
    )
    parser.add_argument("--one-thread", action="store_true", help="leave out the runs with all threads")
    parser.add_argument("--runs", type=int, default=5, help="at most so many runs of a task")
    parser.add_argument(
        "--budget", type=float, default=20.0, help="no further run once these seconds are spent"
    )
    parser.add_argument("--write", type=Path, help="also put the table between its markers in this file")
    parser.add_argument("--build", type=Path, default=BUILD, help="where data and kept figures live")
    given = parser.parse_args()
    if given.quick:
        given.runs, given.budget = min(given.runs, 2), min(given.budget, 1.0)
    known = {row.key for row in ROWS}
    given.rows = ROWS
    if given.only:
        wanted = set(given.only.split(","))
        if wanted - known:
            parser.error(f"no rows {sorted(wanted - known)}; there are {sorted(known)}")
        given.rows = [row for row in ROWS if row.key in wanted]
    if given.libraries:
        given.libraries = set(given.libraries.split(","))
        if given.libraries - set(sides.MODULES):
            parser.error(f"no libraries {sorted(given.libraries - set(sides.MODULES))}")
    return given


def main() -> None:
    given = arguments()
    given.build.mkdir(parents=True, exist_ok=True)
    absent = [library for library in sides.MODULES if installed(library) is None]
    if absent:
        print(f"not installed, left out: {', '.join(absent)}", file=sys.stderr)
    found: dict[str, list[dict]] = {}
    with (given.build / "results.jsonl").open("a") as log:
        for row in given.rows:
            for library, threads in plan(row, given):
                if library in absent:
                    continue
                result = measure(row, library, threads, given)
                found.setdefault(row.key, []).append(result)
                log.write(json.dumps(result) + "\n")
                log.flush()
                cpu = (
                    f"{result['cpu_best']:9.3f} s CPU, {result['peak_mb']:7.0f} MB"
                    if "error" not in result
                    else result["error"]
                )
                print(
                    f"{row.key:24} {library:18} x{threads} {cpu} ({result['from']})",
                    file=sys.stderr,
                    flush=True,
                )
    text = table.render(given.rows, found, processor(), quick=given.quick)
    print(text)
    if given.write:
        if given.quick:
            raise SystemExit("--quick figures do not go into the docs")
        table.write(given.write, text, "compare")


if __name__ == "__main__":
    main()
