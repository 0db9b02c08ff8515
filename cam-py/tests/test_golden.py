"""The golden file, 50-digit values of 14 parameter sets over a stress grid, through Python."""

import csv
from itertools import groupby

import numpy as np
import pytest

import cam
from conftest import TESTDATA

CLASSES = {"bg": cam.BgNbd, "pn": cam.ParetoNbd}


def _sets():
    with open(TESTDATA / "golden_bg_pareto.csv", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(line for line in file if not line.startswith("#"))]
    for key, group in groupby(rows, key=lambda row: (row["model"], row["set"])):
        yield pytest.param(key[0], list(group), id="-".join(key))


def _ask(model, quantity, columns):
    if quantity == "log_likelihood":
        return model.log_likelihood(columns)
    if quantity == "probability_alive":
        return model.probability_alive(columns)
    if quantity == "expected_purchases_52":
        return model.expected_purchases(columns, 52)
    return model.discounted_expected_purchases(columns, continuous_discount_rate=float(quantity.removeprefix("dert_")))


@pytest.mark.parametrize(("name", "rows"), list(_sets()))
def test_every_finite_value_is_met_to_eleven_digits(name, rows):
    first = rows[0]
    names = {"bg": ("r", "alpha", "a", "b"), "pn": ("r", "alpha", "s", "beta")}[name]
    values = [float(first[f"p{i}"]) for i in range(1, 5)]
    model = CLASSES[name].from_params(**dict(zip(names, values, strict=True)))
    columns = {
        "frequency": np.array([float(row["x"]) for row in rows]),
        "recency": np.array([0.0 if float(row["x"]) == 0 else float(row["t_x"]) for row in rows]),
        "T": np.array([float(row["T"]) for row in rows]),
    }
    for quantity in ("log_likelihood", "probability_alive", "expected_purchases_52", "dert_0.0027", "dert_0.1"):
        truth = np.array([float(row[quantity] or "nan") for row in rows])
        known = np.isfinite(truth)
        if not known.any():
            continue
        got = _ask(model, quantity, columns)[known]
        truth = truth[known]
        assert np.isfinite(got).all(), quantity
        error = np.abs(got - truth)
        if quantity == "log_likelihood":
            error = np.minimum(error, error / np.maximum(np.abs(truth), 1e-300))
        else:
            error = error / np.maximum(np.abs(truth), 1e-300)
        assert error.max() <= 1e-11, (quantity, {k: float(v[known][error.argmax()]) for k, v in columns.items()})
