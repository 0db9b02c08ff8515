"""Intervals, tests, priors and posteriors at the Python door."""

from __future__ import annotations

import json
import math
import pickle
import warnings

import numpy as np
import pytest

import cam

SUM = {"a+b": cam.Prior("Gamma", alpha=2, beta=0.5)}


@pytest.fixture(scope="module")
def customers():
    truth = cam.BgNbd.from_params(r=0.5, alpha=8.0, a=0.8, b=2.5)
    return dict(truth.simulate(T=40, n=1500, seed=1, backend="numpy"))


@pytest.fixture(scope="module")
def fitted(customers):
    return cam.BgNbd().fit(customers)


@pytest.fixture(scope="module")
def sampled(customers):
    return cam.BgNbd().fit(customers, method="nuts", priors=SUM, seed=3, draws=700, chains=3)


def test_the_three_kinds_of_interval_are_about_the_same(fitted):
    wald = fitted.confidence_intervals_(0.9)
    profile = fitted.confidence_intervals_(0.9, method="profile")
    bootstrap = fitted.confidence_intervals_(0.9, method="bootstrap", replicates=150, seed=2)
    assert list(wald) == list(profile) == list(bootstrap) == ["r", "alpha", "a", "b"]
    for name, (low, high) in wald.items():
        for other in (profile, bootstrap):
            assert low < fitted.params_[name] < high
            assert abs(math.log(other[name][0] / low)) < 0.5 * math.log(high / low)
            assert abs(math.log(other[name][1] / high)) < 0.5 * math.log(high / low)


def test_a_model_that_was_stored_needs_the_data_again(fitted, customers):
    opened = pickle.loads(pickle.dumps(fitted))
    with pytest.raises(cam.errors.NotFittedError, match="summary="):
        opened.confidence_intervals_(method="profile")
    assert opened.confidence_intervals_(method="profile", summary=customers) == fitted.confidence_intervals_(
        method="profile"
    )
    with pytest.raises(cam.errors.InvalidDataError, match="the data must be the same"):
        opened.confidence_intervals_(method="profile", summary={k: v[:-1] for k, v in customers.items()})


def test_likelihood_ratios_take_the_models_in_either_order(fitted, customers):
    small = cam.Nbd().fit(customers)
    found = fitted.likelihood_ratio_test(small, boundary=True)
    assert found == small.likelihood_ratio_test(fitted, boundary=True)
    assert found.degrees_of_freedom == 2
    assert found.statistic == pytest.approx(2 * (fitted.log_likelihood_ - small.log_likelihood_))
    with pytest.raises(cam.errors.UnsupportedError, match="nested"):
        fitted.likelihood_ratio_test(cam.MbgNbd().fit(customers))


def test_priors_are_kept_in_the_document(customers):
    fit = cam.BgNbd().fit(customers, priors={"r": cam.Prior("LogNormal", mu=0, sigma=0.1), **SUM})
    report = json.loads(fit.to_json())["fit"]
    assert report["method"] == "map"
    assert report["priors"]["r"] == {"prior": "log_normal", "mu": 0.0, "sigma": 0.1}
    assert fit.params_["r"] > cam.BgNbd().fit(customers).params_["r"]
    assert cam.from_json(fit.to_json()) == fit


def test_draws_come_as_arrays_frames_and_documents(sampled):
    assert {draws.shape for draws in sampled.posterior_.values()} == {(3, 700)}
    assert sampled.params_["r"] == pytest.approx(sampled.posterior_["r"].mean())
    assert sampled.diagnostics_["r"]["r_hat"] < 1.05
    assert sampled.sampling_["divergences"] == 0
    frame = sampled.posterior_frame(backend="numpy")
    assert list(frame) == ["chain", "draw", "r", "alpha", "a", "b"]
    assert frame["r"][700] == sampled.posterior_["r"][1, 0]
    opened = cam.from_json(sampled.to_json())
    np.testing.assert_array_equal(opened.posterior_["b"], sampled.posterior_["b"])
    low, high = sampled.confidence_intervals_(0.8)["a"]
    assert low == pytest.approx(np.quantile(sampled.posterior_["a"], 0.1))
    assert high > low
    assert sampled.posterior_dict()["data_vars"]["a"]["dims"] == ("chain", "draw")


def test_arrow_holds_the_draws(sampled):
    pyarrow = pytest.importorskip("pyarrow")
    table = sampled.posterior_frame(backend="pyarrow")
    assert isinstance(table, pyarrow.Table)
    assert table.num_rows == 2100


def test_the_same_seed_draws_the_same(customers, sampled):
    again = cam.BgNbd().fit(customers, method="nuts", priors=SUM, seed=3, draws=700, chains=3, threads=1)
    assert again == sampled


def test_predictions_tell_parameters_and_process_apart(fitted, sampled, customers):
    found = fitted.prediction_intervals(customers, horizon=20, draws=50)
    assert found.total["parameter"][0] < found.total["estimate"] < found.total["parameter"][1]
    assert found.total["both"][1] - found.total["both"][0] > found.total["process"][1] - found.total["process"][0]
    np.testing.assert_allclose(found.customers["estimate"], fitted.expected_purchases(customers, 20))
    assert (found.customers["lower"] <= found.customers["upper"]).all()
    alive = sampled.prediction_intervals(customers, "probability_alive", draws=9000)
    assert "process_lower" not in alive.customers
    assert alive.total["draws"] == 2100


def test_bad_arguments_are_named(fitted, customers):
    def field(call):
        with pytest.raises(cam.errors.CamError) as caught:
            call()
        return caught.value.field

    assert field(lambda: cam.Prior("Cauchy")) == "priors"
    assert field(lambda: cam.Prior("Gamma", alpha=1)) == "priors"
    assert field(lambda: cam.BgNbd().fit(customers, priors={"r": 3})) == "priors"
    assert field(lambda: cam.BgNbd().fit(customers, draws=100)) == "draws"
    assert field(lambda: cam.BgNbd().fit(customers, method="vb")) == "method"
    assert field(lambda: cam.BgNbd().fit(customers, method="nuts", chains=0)) == "chains"
    assert field(lambda: fitted.confidence_intervals_(method="delta")) == "method"
    assert field(lambda: fitted.confidence_intervals_(method="bootstrap", replicates=1)) == "replicates"
    assert field(lambda: fitted.confidence_intervals_(method="bootstrap", kind="wild")) == "kind"
    assert field(lambda: fitted.likelihood_ratio_test(3)) == "other"
    with pytest.raises(cam.errors.UnsupportedError, match="nuts"):
        _ = fitted.posterior_


def test_a_sampled_model_says_that_it_is_a_posterior_and_how_far_to_trust_it(customers, sampled, fitted):
    assert sampled.converged_
    worst = max(found["r_hat"] for found in sampled.diagnostics_.values())
    least = min(min(found["ess_bulk"], found["ess_tail"]) for found in sampled.diagnostics_.values())
    said = f"posterior (nuts), 3 x 700 draws, largest R-hat {worst:.3f}, smallest ESS {least:.0f}, converged"
    assert said in repr(sampled)
    assert said in sampled._repr_html_()
    assert "posterior" not in repr(fitted)
    with pytest.warns(cam.ConvergenceWarning, match="independent draws|do not agree") as caught:
        short = cam.BgNbd().fit(customers, method="nuts", priors=SUM, draws=50, chains=2, seed=1)
    assert len(caught) == 1
    assert not short.converged_
    assert repr(short).endswith("not_converged>")
    columns = sampled.summary(backend="numpy")
    assert columns["r_hat"].max() == worst
    assert min(columns["ess_bulk"].min(), columns["ess_tail"].min()) == least
    # What is doubtful is told, not hidden.
    assert np.isfinite(short.summary(backend="numpy")["standard_error"]).all()
    assert "r_hat" not in fitted.summary(backend="numpy")


def test_draws_that_say_too_little_are_warned_of(customers):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        cam.BgNbd().fit(customers, method="nuts", priors=SUM, draws=4, warmup=0, chains=2, seed=1)
    assert any(issubclass(w.category, cam.ConvergenceWarning) for w in caught)
