"""Hierarchical Bayes from Python: classes, frames, documents, warnings, bad input."""

import json
import pickle
import re

import numpy as np
import pytest

import cam

SHORT = {"draws": 40, "burn_in": 60, "chains": 2}


@pytest.fixture(scope="module")
def timed(log):
    return cam.summarize(log, amount="amount", unit="W", observation_end="1997-09-30", log_intervals=True)


@pytest.fixture(scope="module")
def gamma(summary):
    return cam.ParetoNbdHb().fit(summary, draws=250, burn_in=250)


def test_the_posterior_lies_about_the_maximum_of_the_likelihood(gamma, pareto):
    assert gamma.unit_ == "week"
    assert gamma.n_customers_ == 2357
    table = gamma.summary()
    assert list(table.index) == ["r", "alpha", "s", "beta"]
    assert (table["r_hat"] < 1.05).all()
    for name, estimate in pareto.params_.items():
        assert abs(table["mean"][name] - estimate) < 2 * table["sd"][name]
        assert gamma.posterior_[name].shape == (4, 250)


def test_predictions_come_in_the_kind_of_frame_that_was_given(gamma, summary, pareto):
    scores = gamma.predict(summary, 39, continuous_discount_rate=0.0027, draws=100)
    assert list(scores.columns) == [
        "purchase_rate",
        "leaving_rate",
        "probability_alive",
        "probability_active",
        "expected_purchases",
        "purchases_lower",
        "purchases_upper",
        "discounted_expected_purchases",
    ]
    assert scores.index.equals(summary.index)
    assert np.abs(scores["probability_alive"] - pareto.probability_alive(summary)).max() < 0.1
    polars = pytest.importorskip("polars")
    frame = polars.from_pandas(summary.reset_index())
    again = gamma.predict(frame, 39, unit="W", draws=100)
    assert again.columns[0] == "customer_id"
    assert (again["expected_purchases"].to_numpy() == scores["expected_purchases"].to_numpy()).all()


def test_the_document_opens_again_and_predicts_the_same(gamma, summary, tmp_path):
    few = summary.head(20)
    expected = gamma.predict(few, 10, draws=50)
    gamma.save(tmp_path / "posterior.json")
    again = cam.ParetoNbdHb.load(tmp_path / "posterior.json")
    assert again.predict(few, 10, draws=50).equals(expected)
    assert again.to_json() == gamma.to_json()
    assert pickle.loads(pickle.dumps(gamma)).predict(few, 10, draws=50).equals(expected)
    assert re.search(r"posterior, \d x 250 draws, largest R-hat \d\.\d+, smallest ESS \d+", repr(again))
    document = json.loads(gamma.to_json())
    with pytest.raises(cam.errors.InvalidDocumentError, match="pareto_ggg"):
        cam.ParetoGgg.from_json(gamma.to_json())
    for change in ({"schema": 7}, {"draws": []}, {"parameters": ["r"]}):
        with pytest.raises(cam.errors.InvalidDocumentError):
            cam.ParetoNbdHb.from_json(json.dumps(document | change))
    with pytest.raises(cam.errors.InvalidDocumentError):
        cam.ParetoNbdHb.from_json("no document")


@pytest.mark.filterwarnings("ignore::cam.ConvergenceWarning")
def test_rates_may_be_correlated_and_depend_on_covariates(summary):
    data = summary.assign(spender=(summary["monetary_value"] > 20).astype(float))
    model = cam.ParetoNbdHb("log_normal", ["spender"]).fit(data, **SHORT)
    assert list(model.posterior_)[:2] == ["log_lambda_intercept", "log_lambda_spender"]
    scores = model.predict(data.head(50), 26, draws=40)
    assert ((scores["probability_alive"] >= 0) & (scores["probability_alive"] <= 1)).all()
    again = cam.ParetoNbdHb.from_json(model.to_json())
    assert again.covariates == ("spender",)
    assert again.predict(data.head(50), 26, draws=40).equals(scores)
    with pytest.raises(cam.errors.InvalidShapeError, match="spender"):
        model.predict(summary, 26)


@pytest.mark.filterwarnings("ignore::cam.ConvergenceWarning")
def test_regularity_has_a_posterior_mean_for_every_customer(timed):
    model = cam.ParetoGgg().fit(timed.head(400), **SHORT)
    scores = model.predict(timed.head(400), 39, draws=40)
    assert (scores["regularity"] > 0).all()
    found = [
        model.predict(timed.head(30), horizon, draws=20, **rate)["discounted_expected_purchases"]
        for horizon in (39, None)
        for rate in ({"continuous_discount_rate": 0.01}, {"discount_rate": np.expm1(0.01)})
    ]
    assert (found[0] < found[2]).all()
    assert np.allclose(found[0], found[1], rtol=0.02)
    assert np.allclose(found[2], found[3], rtol=0.02)
    with pytest.raises(cam.errors.InvalidShapeError, match="log_intervals"):
        cam.ParetoGgg().fit(timed.drop(columns="log_intervals"), **SHORT)


def test_chains_that_move_too_little_are_told(timed):
    with pytest.warns(cam.ConvergenceWarning, match="chains do not agree"):
        cam.ParetoGgg().fit(timed.head(100), draws=10, burn_in=0, chains=2)


def test_bad_input_is_told(summary):
    with pytest.raises(cam.errors.NotFittedError):
        cam.ParetoNbdHb().predict(summary)
    with pytest.raises(cam.errors.InvalidParameterError, match="draws"):
        cam.ParetoNbdHb().fit(summary, draws=1)
    with pytest.raises(cam.errors.UnknownNameError, match=r"heterogeneity .* gamma"):
        cam.ParetoNbdHb("beta").fit(summary)
    with pytest.raises(cam.errors.UnknownNameError, match="there are: r, alpha, s, beta"):
        cam.ParetoNbdHb(priors={"k": (1, 1)}).fit(summary)
    with pytest.raises(cam.errors.InvalidParameterError, match="shape and a rate"):
        cam.ParetoNbdHb(priors={"r": 1}).fit(summary)
    with pytest.raises(cam.errors.InvalidParameterError, match="names of columns"):
        cam.ParetoNbdHb("log_normal", "spender")
    with pytest.raises(cam.errors.InvalidDataError, match="row 1"):
        cam.ParetoNbdHb().fit({"frequency": [1, np.nan], "recency": [1, 1], "T": [3, 3]})
