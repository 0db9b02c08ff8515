"""The README tells the same figures as the page on benchmarks."""

from __future__ import annotations

import re

from pages import README, ROOT

PAGE = ROOT / "docs" / "benchmarks.md"


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def test_the_readme_has_figures_of_the_page_on_benchmarks() -> None:
    measured: dict[str, dict[str, tuple[str, str]]] = {}
    work = ""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        row = cells(line)
        if len(row) == 9 and row[2] == "1":
            work = row[0] or work
            measured.setdefault(work, {})[row[1]] = (row[3].split(" / ")[0], row[6])
    table = README.read_text(encoding="utf-8").split("## How it compares")[1]
    rows = [cells(line) for line in table.splitlines() if re.match(r"\| (?!one thread|--)[A-Z]", line)]
    assert len(rows) >= 9
    for work, ours, theirs, ratio in rows:
        name = "lifetimes †" if theirs.endswith("†") else "lifetimes"
        assert measured[work]["cam-py"][0] == ours, work
        assert measured[work][name] == (theirs.removesuffix("†").strip(), ratio), work
