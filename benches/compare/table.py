"""The table: Markdown from measurements, to standard output and between two markers of a page."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from pathlib import Path

from rows import CAM, Row

# A page holds its tables between two lines like these.
BEGIN = "<!-- {name}:begin -->"
END = "<!-- {name}:end -->"

NAMES = {
    "cam": "cam-py",
    "cam_polars": "cam, polars frame",
    "lifetimes": "lifetimes",
    "lifetimes_weights": "lifetimes, weights by hand",
    "pymc_marketing": "PyMC-Marketing",
    "polars": "polars",
    "polars_tuned": "polars, streaming, packed keys",
    "pandas": "pandas",
    "numpy": "numpy",
    "duckdb": "DuckDB",
}


def seconds(value: float) -> str:
    """Three digits, in the unit that reads best."""
    if value < 1e-3:
        return f"{value * 1e6:.0f} µs"
    if value < 1.0:
        return f"{value * 1e3:.3g} ms"
    return f"{value:.3g} s"


HEADINGS = (
    "work",
    "library",
    "threads",
    "CPU, best / median",
    "wall, best / median",
    "extra peak MB",
    "peer ÷ cam",
    "target",
    "agrees to",
)


def _ratio(value: float) -> str:
    return f"{value:,.0f}×" if value >= 10 else f"{value:.2g}×"


def _agreement(theirs: dict[str, float], ours: dict[str, float]) -> str:
    """The largest relative difference of what both report: parameters, or means and counts."""
    both = sorted(set(theirs) & set(ours))
    gaps = [abs(theirs[k] - ours[k]) / max(abs(theirs[k]), abs(ours[k]), 1e-300) for k in both]
    return f"{max(gaps):.0e}" if gaps else "?"


def _line(row: Row, result: dict, ours: dict | None, first: bool) -> str:
    label = row.label if first else ""
    name, threads = NAMES[result["library"]], result["threads"]
    if "error" in result:
        return f"| {label} | {name} | {threads} | – | – | – | – | – | {result['error']} |"
    cells = [label, name + (" †" if result["from"] == "kept" else ""), str(threads)]
    cells += [
        f"{seconds(result[f'{clock}_best'])} / {seconds(result[f'{clock}_median'])}"
        for clock in ("cpu", "wall")
    ]
    cells.append(f"{result['peak_mb']:,.0f}")
    if ours is None or result["library"] in CAM:
        return "| " + " | ".join([*cells, "", "", ""]) + " |"
    # One thread against one thread in CPU seconds; all against all by the clock.
    clock = "cpu_best" if threads == 1 else "wall_best"
    ratio = result[clock] / max(ours[clock], 1e-9)
    target = row.targets.get(result["library"]) if threads == 1 else None
    verdict = "" if target is None else f"{target:g}× {'met' if ratio >= target else '**missed**'}"
    return (
        "| " + " | ".join([*cells, _ratio(ratio), verdict, _agreement(result["check"], ours["check"])]) + " |"
    )


SAMPLED = (
    "posterior",
    "library",
    "threads",
    "CPU",
    "smallest bulk ESS",
    "ESS per CPU second",
    "largest R-hat",
    "divergences",
    "cam ÷ peer",
    "target",
    "means differ by",
)


def _apart(theirs: dict[str, float], ours: dict[str, float]) -> str:
    """The largest difference of posterior means, in Monte Carlo standard errors of both together."""
    names = [key.removeprefix("mean ") for key in theirs if key.startswith("mean ")]
    errors = [
        abs(theirs[f"mean {name}"] - ours[f"mean {name}"])
        / max((theirs[f"error {name}"] ** 2 + ours[f"error {name}"] ** 2) ** 0.5, 1e-300)
        for name in names
    ]
    return f"{max(errors):.1f} standard errors" if errors else "?"


def _sampled_line(row: Row, result: dict, ours: dict | None, first: bool) -> str:
    label = row.label if first else ""
    name, threads = NAMES[result["library"]], result["threads"]
    if "error" in result:
        return f"| {label} | {name} | {threads} |" + " – |" * (len(SAMPLED) - 4) + f" {result['error']} |"
    told, cpu = result["check"], result["cpu_best"]
    rate = told["ess"] / cpu
    cells = [label, name + (" †" if result["from"] == "kept" else ""), str(threads), seconds(cpu)]
    cells += [f"{told['ess']:,.0f}", f"{rate:,.3g}" if rate < 100 else f"{rate:,.0f}"]
    cells += [f"{told['r_hat']:.4f}", f"{told['divergences']:.0f}"]
    if result["library"] in CAM:
        met = row.rate is not None and threads == 1
        verdict = f"{row.rate:,g} a second {'met' if rate >= row.rate else '**missed**'}" if met else ""
        return "| " + " | ".join([*cells, "", verdict, ""]) + " |"
    if ours is None:
        return "| " + " | ".join([*cells, "", "", ""]) + " |"
    ratio = ours["check"]["ess"] / max(ours["cpu_best"], 1e-9) / rate
    return "| " + " | ".join([*cells, _ratio(ratio), "", _apart(told, ours["check"])]) + " |"


def _sampled(rows: list[Row], found: dict[str, list[dict]]) -> list[str]:
    """The table of posteriors: what counts is not the time but the effective draws in it."""
    out = ["", "| " + " | ".join(SAMPLED) + " |", "|---|---|--:|--:|--:|--:|--:|--:|--:|---|---|"]
    for row in rows:
        results = found.get(row.key, [])
        for k, result in enumerate(results):
            out.append(_sampled_line(row, result, _ours(result, results), k == 0))
    return out


def _speedup(results: list[dict]) -> str | None:
    """How much faster we are by the clock with all threads than with one."""
    by_threads = {r["threads"]: r for r in results if r["library"] == "cam" and "error" not in r}
    if len(by_threads) < 2:
        return None
    one, many = by_threads[1], by_threads[max(by_threads)]
    return f"{one['wall_best'] / many['wall_best']:.2f}× on {many['threads']} threads"


def _ours(result: dict, results: list[dict]) -> dict | None:
    """What a peer's result is set against: ours on as many threads; from a polars frame, for polars."""
    ours = {
        r["library"]: r
        for r in results
        if r["library"] in CAM and r["threads"] == result["threads"] and "error" not in r
    }
    first = "cam_polars" if result["library"].startswith("polars") else "cam"
    return ours.get(first) or next(iter(ours.values()), None)


def render(rows: list[Row], found: dict[str, list[dict]], processor: str, *, quick: bool) -> str:
    """The whole table, with what it was measured with above it and the notes below."""
    versions: dict[str, str] = {}
    kept_dates = set()
    for results in found.values():
        for result in results:
            versions |= result.get("versions", {})
            if result["from"] == "kept":
                kept_dates.add(result["date"])
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    out = [f"Measured {today} on {processor}; Python {platform.python_version()}, {platform.system()}."]
    out.append(
        "Versions: " + ", ".join(f"{name} {version}" for name, version in sorted(versions.items())) + "."
    )
    if quick:
        out.append("**Quick run: a hundredth of the sizes named, not a measurement.**")
    sampled = [row for row in rows if row.rate is not None]
    if len(sampled) < len(rows):
        out += ["", "| " + " | ".join(HEADINGS) + " |", "|---|---|--:|--:|--:|--:|--:|---|---|"]
    notes = []
    for row in rows:
        results = found.get(row.key, [])
        shown = row in sampled
        if shown:
            notes += [f"{row.label}: {row.note}"] if row.note else []
            continue
        for result in results:
            out.append(_line(row, result, _ours(result, results), not shown))
            shown = True
        speedup = _speedup(results)
        if speedup:
            notes.append(f"{row.label}: cam is {speedup}.")
        if row.note:
            notes.append(f"{row.label}: {row.note}")
    if sampled:
        out += _sampled(sampled, found)
    out.append("")
    out.append(
        "Ratios are of CPU seconds for one thread and of wall seconds for all threads, best of the runs. "
        "*Agrees to* is the largest relative difference from cam in estimated parameters, or in the means "
        "and counts of what is computed."
    )
    if kept_dates:
        dates = ", ".join(sorted(kept_dates))
        out.append(f"† Kept from an earlier run with the same data, versions and processor ({dates}).")
    out += ["", *(f"- {note}" for note in notes)] if notes else []
    return "\n".join(out)


def write(page: Path, text: str, name: str) -> None:
    """Put `text` between the two marker lines called `name` in `page`, which must be there."""
    first, last = BEGIN.format(name=name), END.format(name=name)
    old = page.read_text()
    head, begin, rest = old.partition(first)
    _, end, tail = rest.partition(last)
    if not begin or not end:
        raise SystemExit(f"{page} has no lines '{first}' and '{last}'")
    page.write_text(f"{head}{first}\n\n{text}\n\n{last}{tail}")
