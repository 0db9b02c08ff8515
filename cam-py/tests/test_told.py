"""What is given beside a table, what is taken over from a document, and options that would have no effect."""

import numpy as np
import pandas as pd
import pytest

import cam
from cam.errors import CamError, InvalidParameterError, InvalidShapeError, UnknownNameError, UnsupportedError


@pytest.fixture(scope="module")
def table(summary):
    return summary.assign(north=(np.arange(len(summary)) % 3 == 0) * 1.0)


def refused(call):
    with pytest.raises(CamError) as caught:
        call()
    return type(caught.value), caught.value.field


def test_an_opened_model_is_fitted_again_with_its_covariates(table):
    model = cam.ParetoNbd(purchase_covariates=["north"], penalty=5.0).fit(table)
    again = cam.from_json(model.to_json()).fit(table)
    assert again == model
    assert list(again.coefficients_) == ["purchase:north"]


@pytest.mark.filterwarnings("ignore::cam.errors.ConvergenceWarning")
def test_an_opened_posterior_is_fitted_again_with_its_priors(table):
    short = {"draws": 20, "burn_in": 20, "chains": 1}
    model = cam.ParetoNbdHb(priors={"s": cam.Prior("Gamma", alpha=50, beta=50)}).fit(table, **short)
    assert cam.ParetoNbdHb(priors={"s": (50, 50)}).fit(table, **short).to_json() == model.to_json()
    opened = cam.from_json(model.to_json())
    assert opened.priors == {"s": (50.0, 50.0)}
    assert opened.fit(table, **short).to_json() == model.to_json()


def test_a_series_goes_by_its_index(table):
    weights = pd.Series(np.arange(len(table)) % 3 + 1.0, index=table.index)
    model = cam.BgNbd().fit(table, weights=weights)
    assert cam.BgNbd().fit(table, weights=weights.sample(frac=1, random_state=1)) == model
    assert cam.BgNbd().fit(table, weights=weights.to_numpy()) == model
    foreign = pd.Series("all", index=range(len(table)))
    assert refused(lambda: cam.fit_cohorts(cam.BgNbd(), table, foreign)) == (InvalidShapeError, "cohort")
    assert refused(lambda: cam.BgNbd().fit(table, weights=weights.reset_index(drop=True))) == (
        InvalidShapeError,
        "weights",
    )
    cohort = pd.Series(np.where(np.arange(len(table)) % 2 == 0, "even", "odd"), index=table.index)
    found = cam.fit_cohorts(cam.BgNbd(), table, cohort.sample(frac=1, random_state=2))
    assert found.statistic == cam.fit_cohorts(cam.BgNbd(), table, cohort).statistic
    holdout = pd.Series(np.arange(len(table)) % 4, index=table.index)
    models = [cam.BgNbd().fit(table)]
    one, other = (
        cam.compare(models, table, given, horizon=20).frame()
        for given in (holdout, holdout.sample(frac=1, random_state=3))
    )
    pd.testing.assert_frame_equal(one, other)


def test_what_would_have_no_effect_is_refused(table):
    model = cam.BgNbd().fit(table)
    spend = cam.GammaGamma.from_params(p=6.25, q=3.74, v=15.44)
    for call, field in [
        (lambda: model.confidence_intervals_(replicates=100), "replicates"),
        (lambda: model.confidence_intervals_(method="profile", kind="parametric"), "kind"),
        (lambda: model.confidence_intervals_(summary=table), "summary"),
        (lambda: cam.ParetoNbd(purchase_covariates=["north"], penalty={"lifetime": 1.0}), "penalty"),
        (
            lambda: cam.customer_lifetime_value(
                model, spend, table.assign(monetary_value=1.0), 52, 0.002, margin_period=26
            ),
            "margin_period",
        ),
    ]:
        assert refused(call) == (InvalidParameterError, field)
    assert refused(lambda: cam.ParetoNbdHb("log_normal", priors={"s": (2, 2)})) == (InvalidParameterError, "priors")
    assert refused(lambda: cam.ParetoNbdHb("normal")) == (UnknownNameError, "heterogeneity")


def test_chains_agree_however_much_a_prior_says(table):
    few = table.head(300)
    for shape in (2, 200):
        model = cam.ParetoNbdHb(priors={"s": (shape, shape)}).fit(few, seed=1)
        assert max(told["r_hat"] for told in model.diagnostics_.values()) < 1.01
        assert min(told["ess_bulk"] for told in model.diagnostics_.values()) > 400
        # A prior of so many customers holds the parameter where it is.
        assert abs(model.params_["s"] - 1) < 4 / shape**0.5


def test_the_total_holds_what_is_not_known_of_the_population(table):
    some = table.assign(monetary_value=np.where(table["frequency"] > 0, 30.0, 0.0)).head(400)
    spend = cam.GammaGamma.from_params(p=6.25, q=3.74, v=15.44)
    model = cam.ParetoNbdHb(priors={"s": (2, 2)}).fit(some, seed=1)
    drawn = cam.simulate_lifetime_value(model, spend, some, 52, 0.002, seed=1, draws=2000)
    within = cam.lifetime_value_variance(model, spend, some, 52, 0.002).sum()
    rows = model.posterior_frame().iloc[::80]
    names = ["r", "alpha", "s", "beta"]
    totals = [
        cam.customer_lifetime_value(cam.ParetoNbd.from_params(**row[names], unit="W"), spend, some, 52, 0.002).sum()
        for _, row in rows.iterrows()
    ]
    between = np.var(totals)
    assert between > 0.2 * within
    # Fifty populations give their variance to a fifth of itself.
    assert drawn.totals.var() == pytest.approx(between + within, rel=0.3)


@pytest.mark.filterwarnings("ignore::cam.errors.ConvergenceWarning")
def test_a_posterior_tells_what_a_new_customer_is_worth(table):
    spend = cam.GammaGamma.from_params(p=6.25, q=3.74, v=15.44)
    model = cam.ParetoNbdHb().fit(table, draws=40, burn_in=40, chains=2)
    found = cam.new_customer_value(model, spend, 52, 0.002)
    plain = cam.new_customer_value(cam.ParetoNbd().fit(table), spend, 52, 0.002)
    assert found.value == pytest.approx(plain.value, rel=0.1)
    assert found.value == pytest.approx(
        cam.new_customer_value(cam.ParetoNbd.from_params(**model.params_), spend, 52, 0.002).value, rel=0.1
    )
    moving = cam.ParetoNbdHb("log_normal", ["north"]).fit(table, draws=10, burn_in=10, chains=1)
    assert not moving.converged_
    assert refused(lambda: cam.compare([moving, cam.BgNbd()], table)) == (UnsupportedError, "models")
    assert refused(lambda: cam.new_customer_value(moving, spend, 52, 0.002)) == (UnsupportedError, "covariates")


def test_customers_that_were_drawn_can_be_fitted(table):
    frame = table.assign(channel=np.where(table["north"] == 1, "web", "shop"))
    model = cam.ParetoNbd(purchase_covariates=["channel"]).fit(frame)
    channels = np.where(np.arange(3000) % 2 == 0, "web", "shop")
    drawn = model.simulate(T=np.full(3000, 39.0), seed=2, channel=channels)
    assert list(drawn["channel"]) == list(channels)
    low, high = (
        cam.ParetoNbd(purchase_covariates=["channel"]).fit(drawn).confidence_intervals_(0.999)["purchase:channel=web"]
    )
    assert low < model.coefficients_["purchase:channel=web"] < high


def test_models_of_other_data_are_not_nested(table):
    full = cam.BgNbd().fit(table)
    other = table.assign(recency=2 * table["recency"], T=2 * table["T"])
    assert refused(lambda: cam.Nbd().fit(other).likelihood_ratio_test(full))[0] is cam.errors.InvalidDataError
    assert cam.Nbd().fit(table.iloc[::-1]).likelihood_ratio_test(full, boundary=True).statistic > 100


def test_a_full_model_that_ended_at_the_boundary_is_tested(table):
    full = cam.GgomNbd()
    with pytest.warns(cam.errors.ConvergenceWarning):
        full.fit(table)
    found = full.likelihood_ratio_test(cam.ParetoNbd().fit(table), boundary=True)
    assert (found.degrees_of_freedom, found.boundary) == (1, True)
    assert found.statistic == pytest.approx(0, abs=1e-3)
