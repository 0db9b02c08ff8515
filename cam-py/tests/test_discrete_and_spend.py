"""Discrete time, spend that is not gamma, and whether spend depends on frequency."""

import warnings

import numpy as np
import pandas as pd
import pytest

import cam
from conftest import CALIBRATION


@pytest.fixture(scope="module")
def donors():
    return cam.datasets.load_donations("pandas")


@pytest.fixture(scope="module")
def bg_bb(donors):
    return cam.BgBb().fit(donors)


def test_bg_bb_on_the_donations_is_as_published(bg_bb, donors):
    # Fader, Hardie & Shang (2010).
    assert bg_bb.params_ == pytest.approx({"alpha": 1.204, "beta": 0.750, "gamma": 0.657, "delta": 2.783}, abs=5.1e-4)
    assert bg_bb.log_likelihood_ == pytest.approx(-33225.58, abs=5e-3)
    assert (bg_bb.n_customers_, bg_bb.n_distinct_rows_, bg_bb.unit_) == (11_104, 22, "year")
    gifts = bg_bb.expected_purchases(donors, 5) @ donors["weight"]
    assert gifts == pytest.approx(12_884.2, abs=0.1)


def test_a_row_for_each_donor_gives_the_same_model(bg_bb, donors):
    each = donors.loc[donors.index.repeat(donors["weight"].astype(int)), ["frequency", "recency", "T"]]
    assert len(each) == 11_104
    assert cam.BgBb().fit(each, unit="Y") == bg_bb


@pytest.mark.parametrize("backend", ["polars", "pyarrow", "numpy"])
def test_the_donations_come_in_every_kind_of_frame(backend, bg_bb):
    assert cam.BgBb().fit(cam.datasets.load_donations(backend), unit="Y") == bg_bb


def test_between_two_opportunities_there_is_nothing_to_ask(bg_bb, donors):
    with pytest.raises(cam.errors.InvalidParameterError, match="horizon must be a whole number of opportunities"):
        bg_bb.expected_purchases(donors, 1.5)
    with pytest.raises(cam.errors.InvalidDataError, match="recency must be a whole number"):
        cam.BgBb().fit({"frequency": [1.0], "recency": [1.5], "T": [3.0]})


def test_a_year_is_one_opportunity_however_often_and_when_in_it_one_gives():
    log = pd.DataFrame(
        {
            "customer_id": ["a", "a", "a", "a", "b", "c", "c"],
            "date": ["2019-12-31", "2020-01-01", "2020-11-30", "2023-02-28", "2021-07-01", "2018-06-01", "2018-06-02"],
        }
    )
    found = cam.opportunities(log, period="Y", observation_end="2024-03-01")
    assert found.to_numpy().tolist() == [[2, 4, 5], [0, 0, 3], [0, 0, 6]]
    assert found.attrs["cam_unit"] == "year"
    for period, last in [("M", 62.0), ("D", 2000.0), ("10 days", 200.0)]:
        frame = cam.opportunities(log, period=period, observation_end="2024-03-01")
        assert (frame[["recency", "T"]] % 1 == 0).all(axis=None)
        assert frame["T"].max() >= last


def test_customers_of_a_log_are_scored_by_the_month(log):
    months = cam.opportunities(log, period="M", observation_end="1997-09-30")
    model = cam.BgBb().fit(months)
    assert model.converged_
    scores = model.predict(months, horizon=9)
    assert np.isfinite(scores.to_numpy()).all()


@pytest.mark.parametrize("spread", ["amount", "log"])
def test_the_spread_of_spend_is_that_of_numpy(log, spread):
    some = log[log["amount"] > 0]
    summary = cam.summarize(some, spread=spread, **CALIBRATION)
    seen = some[some["date"] <= "1997-09-30"].groupby(["customer_id", "date"], as_index=False)["amount"].sum()
    repeat = seen[seen.groupby("customer_id").cumcount() > 0].set_index("customer_id")["amount"]
    value = np.log(repeat) if spread == "log" else repeat
    by = value.groupby("customer_id")
    deviation = by.std(ddof=0).reindex(summary.index).fillna(0.0)
    column = "log_deviation" if spread == "log" else "monetary_deviation"
    np.testing.assert_allclose(summary[column], deviation, rtol=1e-11, atol=1e-13)
    if spread == "log":
        geometric = np.exp(by.mean()).reindex(summary.index).fillna(0.0)
        np.testing.assert_allclose(summary["geometric_mean"], geometric, rtol=1e-13)


def test_a_split_has_the_spread_of_its_calibration(log):
    options = {"amount": "amount", "spread": "amount"}
    ends = ["1997-06-30", "1997-09-30"]
    for end, frame in zip(ends, cam.split(log, calibration_end=ends, **options), strict=True):
        alone = cam.summarize(log, observation_end=end, **options)
        pd.testing.assert_frame_equal(frame[alone.columns], alone)
    model = cam.NormalSpend().fit(frame)
    assert model.params_ == cam.NormalSpend().fit(alone).params_


def test_a_purchase_of_nothing_has_no_logarithm(log):
    free = pd.DataFrame({"customer_id": [7, 7], "date": ["2024-01-01", "2024-02-01"], "amount": [5.0, 0.0]})
    with pytest.raises(
        cam.errors.InvalidDataError, match="need spend > 0 at each repeat purchase, got 0 by customer 7"
    ):
        cam.summarize(free, amount="amount", spread="log")
    assert cam.summarize(free, amount="amount", spread="amount")["monetary_deviation"].tolist() == [0.0]
    with pytest.raises(cam.errors.InvalidShapeError, match="needs amounts"):
        cam.summarize(free, spread="log")
    with pytest.raises(cam.errors.InvalidParameterError, match="spread must be 'amount', 'log' or None"):
        cam.summarize(log, spread="both", **CALIBRATION)


# SciPy 1.17.1: the multivariate normal density of all purchases of each customer, by its covariance matrix, and Nelder & Mead.
SPEND = {
    cam.NormalSpend: ({"mu": 36.556449, "sigma": 41.829081, "tau": 21.081846}, -12872.888305),
    cam.LogNormalSpend: ({"median": 26.865627, "sigma": 0.56224625, "tau": 0.46898840}, -10697.275956),
}


@pytest.mark.parametrize("cls", SPEND)
def test_normal_models_of_spend_find_the_maximum_of_the_full_density(cls, log):
    spread = "amount" if cls is cam.NormalSpend else "log"
    some = log if spread == "amount" else log[log["amount"] > 0]
    model = cls().fit(cam.summarize(some, spread=spread, **CALIBRATION))
    estimates, log_likelihood = SPEND[cls]
    assert model.params_ == pytest.approx(estimates, rel=1e-7)
    assert model.log_likelihood_ == pytest.approx(log_likelihood, abs=2e-6)


def test_any_model_of_spend_makes_lifetime_value(log, bg):
    summary = cam.summarize(log, spread="amount", **CALIBRATION)
    spend = cam.NormalSpend().fit(summary)
    scores = bg.predict(summary, horizon=52, discount_rate=0.002, spend=spend)
    value = cam.customer_lifetime_value(bg, spend, summary, 52, 0.002)
    np.testing.assert_allclose(scores["customer_lifetime_value"], value, rtol=1e-14)


def test_the_correlation_of_frequency_and_spend_comes_with_the_fit(gg, summary):
    # SciPy 1.17.1.
    found = cam.spend_independence(summary)
    assert found.pearson == pytest.approx(0.11388791939125478, rel=1e-12)
    assert found.pearson_p_value == pytest.approx(0.0004486849172808684, rel=1e-9)
    assert not found.contradicted
    check = gg.checks_["spend_independence"]
    assert (check["statistic"], check["contradicted"]) == (found.pearson, False)
    assert cam.from_json(gg.to_json()).checks_ == gg.checks_


@pytest.mark.parametrize(("slope", "words"), [(0.2, "spends more"), (-0.06, "spends less")])
def test_a_fit_warns_where_frequent_customers_spend_otherwise(gg, slope, words):
    drawn = gg.simulate(frequency=np.arange(2000) % 10 + 1.0, seed=3)
    assert not cam.spend_independence(drawn).contradicted
    drawn["monetary_value"] *= 1 + slope * drawn["frequency"]
    assert cam.spend_independence(drawn).contradicted
    with warnings.catch_warnings(record=True) as caught:
        # Gamma-Gamma may run to a boundary, too, so far are the data from it.
        warnings.simplefilter("always")
        model = cam.GammaGamma().fit(drawn)
    assert [words in str(w.message) for w in caught if w.category is cam.AssumptionWarning] == [True]
    assert model.checks_["spend_independence"]["contradicted"]
