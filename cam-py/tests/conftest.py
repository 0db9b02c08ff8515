"""The CDNOW log, its summary and the fitted models, for all tests. They run against the installed package."""

from pathlib import Path

import pytest

import cam

TESTDATA = Path(__file__).parents[2] / "cam-core" / "testdata"
CALIBRATION = {"amount": "amount", "unit": "W", "observation_end": "1997-09-30"}


@pytest.fixture(scope="session")
def log():
    return cam.datasets.load_cdnow("pandas")


@pytest.fixture(scope="session")
def summary(log):
    return cam.summarize(log, **CALIBRATION)


@pytest.fixture(scope="session")
def suitable(log, summary):
    """The summary that a model takes: in opportunities, with the intervals or a geometric mean, where its columns want that."""
    phases = cam.summarize(log, log_intervals=True, **CALIBRATION)
    whole = cam.opportunities(log, period="W", observation_end="1997-09-30")
    geometric = cam.summarize(log[log["amount"] > 0], spread="log", **CALIBRATION)
    plain = cam.summarize(log, spread="amount", **CALIBRATION)

    def choose(entry):
        columns = {column["name"]: column["domain"] for column in entry["columns"]}
        contract = "T" in columns and "recency" not in columns
        if contract or entry["id"] in ("ggom_nbd", "pareto_nbd_sarmanov"):
            # Nobody has a contract there. And CDNOW has no maximum for the other two: its customers do not grow old, and want
            # more correlation than there can be.
            names = [parameter["name"] for parameter in entry["parameters"]]
            ordinary = cam.Model.from_params(entry["id"], **dict(zip(names, entry["example"][0], strict=True)))
            return ordinary.simulate(T=52.0, n=5000, seed=2)
        if columns.get("T") == "count":
            return whole
        if "log_intervals" in columns:
            return phases
        if "monetary_deviation" in columns:
            return plain
        return geometric if "geometric_mean" in columns else summary

    return choose


@pytest.fixture(scope="session")
def columns(summary):
    """The summary as plain NumPy arrays."""
    return {name: summary[name].to_numpy() for name in summary}


@pytest.fixture(scope="session")
def bg(summary):
    return cam.BgNbd().fit(summary)


@pytest.fixture(scope="session")
def pareto(summary):
    return cam.ParetoNbd().fit(summary)


@pytest.fixture(scope="session")
def gg(summary):
    return cam.GammaGamma().fit(summary)
