"""The golden file against the peers, and against cam where it is installed.

    python accuracy_peers.py [--libraries lifetimes,pymc_marketing,cam]

For every case of `cam-core/testdata/golden_bg_pareto.csv` (50 digits and more, rounded to doubles)
each library gives the log-likelihood, P(alive) and the purchases expected over 52 at fixed
parameters; nothing is fitted. Printed per parameter set, where there are any: values that are not
finite, values that are wrong (finite, off by more than 1e-6); then the worst error of the finite
ones.

Errors are relative; for log-likelihoods, absolute where the truth is below 1, and of expectations
only those above 1e-6 count as wrong, since nobody needs the digits of less.
"""

from __future__ import annotations

import argparse
import csv
import importlib.metadata
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import table

GOLDEN = Path(__file__).resolve().parents[2] / "cam-core" / "testdata" / "golden_bg_pareto.csv"
QUANTITIES = ("log_likelihood", "probability_alive", "expected_purchases_52")
HORIZON = 52.0
WRONG = 1e-6
NAMES = {"bg": ("r", "alpha", "a", "b"), "pn": ("r", "alpha", "s", "beta")}
TITLES = {"bg": "BG/NBD", "pn": "Pareto/NBD"}


@dataclass(frozen=True)
class Cases:
    """All cases of one model and parameter set."""

    model: str
    name: str
    params: dict[str, float]
    x: np.ndarray
    t_x: np.ndarray
    T: np.ndarray
    truth: dict[str, np.ndarray]


Answers = dict[str, np.ndarray]


def golden() -> list[Cases]:
    """The file, grouped by parameter set, in its order."""
    with GOLDEN.open() as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    groups: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for row in rows:
        groups.setdefault((row["model"], row["set"], row["p1"], row["p2"], row["p3"], row["p4"]), []).append(
            row
        )

    def column(members: list[dict[str, str]], name: str) -> np.ndarray:
        return np.array([float(row[name] or "nan") for row in members])

    return [
        Cases(
            model,
            name,
            dict(zip(NAMES[model], map(float, p), strict=True)),
            column(members, "x"),
            column(members, "t_x"),
            column(members, "T"),
            {quantity: column(members, quantity) for quantity in QUANTITIES},
        )
        for (model, name, *p), members in groups.items()
    ]


def by_lifetimes(cases: Cases) -> Answers:
    """lifetimes: its static log-likelihoods, and its predictions with `params_` set by hand."""
    import lifetimes
    import pandas as pd

    fitter = lifetimes.BetaGeoFitter() if cases.model == "bg" else lifetimes.ParetoNBDFitter()
    fitter.params_ = pd.Series(cases.params)
    x, t_x, T = cases.x, cases.t_x, cases.T
    values = np.array(list(cases.params.values()))
    if cases.model == "bg":
        # Its function gives the mean over rows; a call a row gives the row.
        one = np.ones(1)
        rows = zip(x, t_x, T, strict=True)
        logs = np.log(values)
        log_likelihood = np.array(
            [
                -fitter._negative_log_likelihood(logs, np.array([i]), np.array([j]), np.array([k]), one, 0.0)
                for i, j, k in rows
            ]
        )
    else:
        log_likelihood = fitter._conditional_log_likelihood(values, x, t_x, T)
    return {
        "log_likelihood": log_likelihood,
        "probability_alive": fitter.conditional_probability_alive(x, t_x, T),
        "expected_purchases_52": fitter.conditional_expected_number_of_purchases_up_to_time(
            HORIZON, x, t_x, T
        ),
    }


def by_pymc_marketing(cases: Cases) -> Answers:
    """PyMC-Marketing: the log-density of its distribution, and a model whose posterior is one draw."""
    import pandas as pd
    import pymc as pm
    from pymc_marketing.clv import distributions

    from sides.pymc_side import at_point

    # As 64-bit arrays: a Python float would be taken for a 32-bit constant, and the blame would be ours.
    params = {name: np.asarray(value, dtype=np.float64) for name, value in cases.params.items()}
    law = distributions.BetaGeoNBD if cases.model == "bg" else distributions.ParetoNBD
    density = pm.logp(law.dist(T=cases.T, **params), np.stack([cases.t_x, cases.x], axis=1))
    frame = pd.DataFrame(
        {"customer_id": np.arange(len(cases.x)), "frequency": cases.x, "recency": cases.t_x, "T": cases.T}
    )
    model = at_point("bg" if cases.model == "bg" else "pareto", cases.params, frame)
    return {
        "log_likelihood": density.eval(),
        "probability_alive": model.expected_probability_alive(data=frame).values.ravel(),
        "expected_purchases_52": model.expected_purchases(data=frame, future_t=HORIZON).values.ravel(),
    }


def by_cam(cases: Cases) -> Answers:
    """cam, through its Python door."""
    import cam
    import pandas as pd

    family = cam.BgNbd if cases.model == "bg" else cam.ParetoNbd
    model = family.from_params(**cases.params)
    frame = pd.DataFrame({"frequency": cases.x, "recency": cases.t_x, "T": cases.T})
    return {
        "log_likelihood": np.asarray(model.log_likelihood(frame)),
        "probability_alive": np.asarray(model.probability_alive(frame)),
        "expected_purchases_52": np.asarray(model.expected_purchases(frame, HORIZON)),
    }


LIBRARIES: dict[str, Callable[[Cases], Answers]] = {
    "cam": by_cam,
    "lifetimes": by_lifetimes,
    "pymc_marketing": by_pymc_marketing,
}


def judge(cases: Cases, quantity: str, got: np.ndarray) -> tuple[int, int, int, float, str]:
    """Cases, not finite, wrong, worst error of those finite, and where that was."""
    truth = cases.truth[quantity]
    known = np.isfinite(truth)
    finite = known & np.isfinite(got)
    scale = np.maximum(np.abs(truth), 1.0) if quantity == "log_likelihood" else np.abs(truth)
    with np.errstate(all="ignore"):
        error = np.where(scale > 0, np.abs(got - truth) / scale, np.abs(got - truth))
    error = np.where(finite, error, 0.0)
    counted = finite & (np.abs(truth) > 1e-6)
    wrong = counted & (error > WRONG)
    worst = int(np.argmax(np.where(counted, error, 0.0)))
    at = f"x={cases.x[worst]:g} t_x={cases.t_x[worst]:g} T={cases.T[worst]:g}"
    where = f"{at}: {got[worst]:.6g}, truth {truth[worst]:.6g}"
    return int(known.sum()), int((known & ~finite).sum()), int(wrong.sum()), float(error[worst]), where


def judge_all(library: str, sets: list[Cases]) -> list[tuple[int, int, int, float, str]]:
    """Every parameter set and quantity, in order."""
    found = []
    for cases in sets:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            answers = LIBRARIES[library](cases)
        for quantity in QUANTITIES:
            found.append(judge(cases, quantity, np.asarray(answers[quantity], dtype=np.float64).ravel()))
    return found


def version(library: str) -> str:
    return importlib.metadata.version("cam-py" if library == "cam" else library.replace("_", "-"))


def cell(judged: tuple[int, int, int, float, str]) -> str:
    """Worst error, after how many were not finite or wrong."""
    n, odd, wrong, worst, _ = judged
    if odd == n:
        return f"**all {n} not finite**"
    said = [f"**{odd} not finite**"] if odd else []
    said += [f"**{wrong} wrong**"] if wrong else []
    return ", ".join([*said, f"{worst:.0e}"])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--libraries", default=",".join(LIBRARIES), help="with commas")
    parser.add_argument("--details", action="store_true", help="also where the worst case of each was")
    parser.add_argument("--write", type=Path, help="also put the table between its markers in this file")
    given = parser.parse_args()
    sets = golden()
    judged: dict[str, list[tuple[int, int, int, float, str]]] = {}
    for library in given.libraries.split(","):
        try:
            judged[library] = judge_all(library, sets)
        except ModuleNotFoundError as absent:
            print(f"{library} is left out: {absent}", file=sys.stderr)
    lines = [(cases, quantity) for cases in sets for quantity in QUANTITIES]
    out = [
        "| model | parameters | quantity | cases | " + " | ".join(judged) + " |",
        "|---|---|---|--:|" + "---|" * len(judged),
    ]
    for i, (cases, quantity) in enumerate(lines):
        cells = [TITLES[cases.model], cases.name, quantity, str(len(cases.x))]
        out.append("| " + " | ".join([*cells, *(cell(found[i]) for found in judged.values())]) + " |")
    out += ["", "| library | cases | not finite | wrong |", "|---|--:|--:|--:|"]
    for library, found in judged.items():
        sums = [sum(one[k] for one in found) for k in range(3)]
        out.append(f"| {library} {version(library)} | " + " | ".join(f"{value:,}" for value in sums) + " |")
    text = "\n".join(out)
    print(text)
    if given.details:
        for library, found in judged.items():
            for (cases, quantity), one in zip(lines, found, strict=True):
                print(
                    f"{library:15} {TITLES[cases.model]:10} {cases.name:18} {quantity:22}",
                    f"{one[3]:.1e} at {one[4]}",
                )
    if given.write:
        table.write(given.write, text, "accuracy")


if __name__ == "__main__":
    main()
