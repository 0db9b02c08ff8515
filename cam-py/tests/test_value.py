"""Lifetime value beyond its expectation: margins and costs, variance, draws, new customers."""

from __future__ import annotations

import numpy as np
import pytest

import cam

WEEKLY = 1.15 ** (1 / 52) - 1


@pytest.fixture(scope="module")
def summary():
    log = cam.datasets.load_cdnow("pandas")
    return cam.summarize(log, amount="amount", unit="W", observation_end="1997-09-30")


@pytest.fixture(scope="module")
def models(summary):
    return cam.ParetoNbd().fit(summary), cam.GammaGamma().fit(summary)


def test_margins_by_period_lie_between_their_extremes(models, summary):
    def value(margin, **options):
        return cam.customer_lifetime_value(*models, summary, 52, WEEKLY, margin, **options).to_numpy()

    low, mixed, high = value(0.2), value([0.4, 0.2], margin_period=26), value(0.4)
    assert np.all((low < mixed) & (mixed < high))
    np.testing.assert_allclose(value([0.4, 0.4, 0.4], margin_period=4), high, rtol=1e-12)


def test_costs_are_taken_off(models, summary):
    plain = cam.customer_lifetime_value(*models, summary, 52, WEEKLY)
    bought = models[0].discounted_expected_purchases(summary, discount_rate=WEEKLY, horizon=52)
    dear = cam.customer_lifetime_value(*models, summary, 52, WEEKLY, cost_per_purchase=2.0)
    np.testing.assert_allclose(dear, plain - 2 * bought, rtol=1e-9, atol=1e-12)
    kept = cam.customer_lifetime_value(*models, summary, 52, WEEKLY, cost_per_period=0.01)
    assert (kept < plain).all()
    assert (kept > plain - 0.52).all()


def test_a_continuous_rate_of_the_same_year_is_worth_about_the_same(models, summary):
    per_period = cam.customer_lifetime_value(*models, summary, 52, WEEKLY).sum()
    continuous = cam.customer_lifetime_value(*models, summary, 52, continuous_discount_rate=np.log(1.15) / 52).sum()
    # Paid half a week earlier on average.
    assert 1 < continuous / per_period < 1.002


def test_draws_have_the_mean_and_the_variance_of_the_formulas(models, summary):
    some = summary.iloc[::200]
    mean = cam.customer_lifetime_value(*models, some, 52, WEEKLY, 0.3)
    deviation = cam.lifetime_value_variance(*models, some, 52, WEEKLY, 0.3) ** 0.5
    drawn = cam.simulate_lifetime_value(*models, some, 52, WEEKLY, 0.3, seed=3, draws=4000)
    assert (np.abs(drawn.customers["mean"] - mean) < 5 * deviation / np.sqrt(4000)).all()
    assert drawn.customers.index.equals(some.index)
    assert (drawn.customers["q05"] <= drawn.customers["q95"]).all()
    np.testing.assert_allclose(drawn.totals.mean(), drawn.customers["mean"].sum(), rtol=1e-9)
    again = cam.simulate_lifetime_value(*models, some, 52, WEEKLY, 0.3, seed=3, draws=4000, threads=1)
    np.testing.assert_array_equal(again.totals, drawn.totals)


def test_a_new_customer_has_a_value_and_perhaps_a_variance(models):
    found = cam.new_customer_value(*models, 52, WEEKLY, 0.3)
    assert found.value > 0
    assert found.variance > found.value
    assert np.isnan(cam.new_customer_value(*models, 52, WEEKLY, [0.3, 0.2], margin_period=26).variance)


def test_variances_of_models_are_those_of_their_counts(models, summary):
    some = summary.iloc[::400]
    n = np.arange(80)
    p = np.array([models[0].purchase_probability(int(k), 10, some) for k in n])
    by_count = (p.T * n**2).sum(axis=1) - (p.T * n).sum(axis=1) ** 2
    np.testing.assert_allclose(models[0].variance_of_purchases(some, 10), by_count, rtol=1e-8)
    spend = models[1]
    assert (spend.variance_of_mean_spend(some) < spend.expected_spend_variance(some) * 10).all()


def test_bad_options_are_told_by_name(models, summary):
    for options, field in [
        ({"margin": []}, "margin"),
        ({"margin": [0.1, float("nan")], "margin_period": 26}, "margin"),
        ({"margin_period": 0.0}, "margin_period"),
        ({"cost_per_purchase": "much"}, "cost_per_purchase"),
    ]:
        with pytest.raises(cam.CamError) as told:
            cam.customer_lifetime_value(*models, summary, 52, WEEKLY, **options)
        assert told.value.field == field
    with pytest.raises(cam.CamError, match="exactly one"):
        cam.customer_lifetime_value(*models, summary, 52)
    with pytest.raises(cam.CamError, match="seed"):
        cam.simulate_lifetime_value(*models, summary, 52, WEEKLY, seed=-1)


def test_customers_without_a_repeat_purchase_need_no_mean_spend(models, summary):
    pn, gg = models
    holes = summary.copy()
    holes.loc[holes["frequency"] == 0, "monetary_value"] = np.nan
    expected = gg.expected_spend_new_customer()
    assert (gg.expected_spend(holes)[holes["frequency"] == 0] == expected).all()
    for score in (
        lambda frame: cam.customer_lifetime_value(pn, gg, frame, 52, 0.002),
        lambda frame: pn.predict(frame, 52, 0.002, spend=gg)["customer_lifetime_value"],
        lambda frame: cam.lifetime_value_variance(pn, gg, frame, 52, 0.002),
        lambda frame: cam.simulate_lifetime_value(pn, gg, frame, 52, 0.002, seed=1, draws=3).customers["mean"],
    ):
        np.testing.assert_array_equal(score(holes), score(summary))
    assert cam.GammaGamma().fit(holes).params_ == gg.params_


def test_lifetime_value_knows_how_little_is_known_of_the_parameters(summary):
    few = summary.head(150)
    # So few customers hardly tell how they leave.
    priors = {"a": cam.Prior("Gamma", alpha=2, beta=2), "b": cam.Prior("Gamma", alpha=2, beta=1)}
    purchases, spend = cam.BgNbd().fit(few, priors=priors), cam.GammaGamma().fit(few)
    ask = {"horizon": 52, "discount_rate": 0.002, "seed": 3, "draws": 400, "probabilities": [0.05, 0.95]}
    chance = cam.simulate_lifetime_value(purchases, spend, few, **ask)
    both = cam.simulate_lifetime_value(purchases, spend, few, **ask, parameters=True)
    assert both.totals.std() > 1.1 * chance.totals.std()
    assert both.totals.mean() == pytest.approx(chance.totals.mean(), rel=0.2)


def test_the_next_purchase_is_less_certain_than_its_expectation(summary):
    found = cam.GammaGamma().fit(summary).prediction_intervals(summary.head(5), "expected_spend")
    table = found.customers
    assert (table["upper"] - table["lower"] > 5 * (table["parameter_upper"] - table["parameter_lower"])).all()
