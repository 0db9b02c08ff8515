"""Covariates that change over time, where a summary is asked about: intervals, lifetime value, comparisons."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import polars as pl
import pytest

import cam
from cam.errors import CamError, InvalidDataError, InvalidParameterError, InvalidShapeError

mpl.use("Agg")


@pytest.fixture(scope="module")
def some(log):
    frame = pd.DataFrame({name: np.asarray(log[name]) for name in ("customer_id", "date", "amount")})
    return frame[frame["customer_id"] % 8 == 0].reset_index(drop=True)


@pytest.fixture(scope="module")
def long(some):
    """A season that all have in common, and where each customer lives, which does not change."""
    weeks = pd.date_range("1996-12-30", "1998-06-29", freq="7D")
    keys = np.unique(some["customer_id"])
    season = np.sin(2 * np.pi * np.arange(len(weeks)) / 52)
    return pd.DataFrame(
        {
            "customer_id": np.repeat(keys, len(weeks)),
            "date": np.tile(weeks, len(keys)),
            "season": np.tile(season, len(keys)),
            "north": np.repeat((keys % 3 == 0) * 1.0, len(weeks)),
        }
    )


@pytest.fixture(scope="module")
def steps(some, long):
    return cam.covariate_steps(some, long, unit="W", observation_end="1997-09-30")


@pytest.fixture(scope="module")
def split(some):
    return cam.split(some, calibration_end="1997-09-30", amount="amount", unit="W")


@pytest.fixture(scope="module")
def moving(steps):
    return cam.ParetoNbd(purchase_covariates=["season"]).fit_time_varying(steps)


@pytest.fixture(scope="module")
def spend(log):
    return cam.GammaGamma().fit(cam.summarize(log, amount="amount", unit="W", observation_end="1997-09-30"))


def test_intervals_are_in_the_order_of_the_summary(moving, split, steps):
    found = moving.prediction_intervals(split, horizon=39, steps=steps, draws=12)
    scores = moving.score_time_varying("expected_purchases", steps, horizon=39)
    pd.testing.assert_series_equal(found.customers["estimate"], scores, check_names=False)
    assert found.total["estimate"] == pytest.approx(scores.sum(), rel=1e-12)
    turned = split.iloc[::-1]
    # A customer's draws are by row, but counts are not drawn.
    again = moving.prediction_intervals(
        turned, horizon=39, steps=steps.sample(frac=1, random_state=2).sort_values("start", kind="stable"), draws=12
    )
    np.testing.assert_allclose(again.customers["upper"].iloc[::-1], found.customers["upper"])
    np.testing.assert_allclose(again.customers["estimate"].iloc[::-1], found.customers["estimate"], rtol=1e-12)


def test_all_scores_in_one_frame(moving, split, steps, spend):
    found = moving.predict(split, 39, 0.002, spend, steps=steps)
    for name, arguments in (
        ("probability_alive", {}),
        ("expected_purchases", {"horizon": 39}),
        ("discounted_expected_purchases", {"horizon": 39, "discount_rate": 0.002}),
    ):
        scores = moving.score_time_varying(name, steps, **arguments)
        pd.testing.assert_series_equal(found[name], scores, check_names=False)
    value = cam.customer_lifetime_value(moving, spend, split, 39, 0.002, steps=steps)
    np.testing.assert_allclose(found["customer_lifetime_value"], value, rtol=1e-13)
    error = refused(lambda: cam.BgNbd().fit(split).predict(split, 39, steps=steps))
    assert "Pareto/NBD" in str(error)


def test_frames_of_every_kind_are_asked_about_alike(moving, split, steps, spend):
    expected = cam.customer_lifetime_value(moving, spend, split, 52, 0.002, steps=steps)
    table, walks = pl.from_pandas(split.reset_index()), pl.from_pandas(steps)
    found = cam.customer_lifetime_value(moving, spend, table, 52, 0.002, steps=walks, unit="W")
    np.testing.assert_allclose(found.to_numpy(), expected, rtol=1e-13)
    arrays = {name: table[name].to_numpy() for name in table.columns}
    found = cam.customer_lifetime_value(moving, spend, arrays, 52, 0.002, steps=dict(steps.items()))
    np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_value_is_purchases_times_spend(moving, split, steps, spend):
    value = cam.customer_lifetime_value(moving, spend, split, 52, 0.002, margin=0.3, steps=steps)
    assert value.index.equals(split.index)
    bought = moving.score_time_varying("discounted_expected_purchases", steps, horizon=52, discount_rate=0.002)
    np.testing.assert_allclose(value, 0.3 * bought * spend.expected_spend(split), rtol=1e-12)
    variance = cam.lifetime_value_variance(moving, spend, split, 52, 0.002, steps=steps)
    drawn = cam.simulate_lifetime_value(moving, spend, split, 52, 0.002, seed=1, draws=2000, margin=0.3, steps=steps)
    error = np.sqrt(0.09 * variance.sum() / 2000)
    assert abs(drawn.totals.mean() - value.sum()) < 4 * error
    assert list(drawn.customers.index) == list(split.index)
    wider = cam.simulate_lifetime_value(
        moving, spend, split, 52, 0.002, seed=1, draws=2000, margin=0.3, steps=steps, parameters=True
    )
    assert wider.totals.std() > drawn.totals.std()


def test_covariates_that_do_not_change_are_the_static_model(some, split, steps):
    table = split.assign(north=steps.groupby("customer_id")["north"].first())
    fixed = cam.ParetoNbd(purchase_covariates=["north"]).fit(table)
    walking = cam.ParetoNbd(purchase_covariates=["north"]).fit_time_varying(steps)
    compared = cam.compare({"fixed": fixed, "walking": walking, "bg": cam.BgNbd()}, table, steps=steps, log=some)
    rows = compared.frame()
    np.testing.assert_allclose(rows.loc["fixed"], rows.loc["walking"], rtol=1e-6)
    assert compared.frame().loc["bg", "log_likelihood"] == pytest.approx(cam.BgNbd().fit(split).log_likelihood_)
    followed = [result["tracking"] for result in compared.results]
    assert followed[0]["dispersion"] == pytest.approx(followed[1]["dispersion"], rel=1e-6)


def test_a_comparison_fits_to_the_steps_and_follows_the_seasons(some, split, steps, moving):
    seasonal = cam.ParetoNbd(purchase_covariates=["season"])
    more = pd.concat([split, split.iloc[:1].rename({split.index[0]: 10**9})]).iloc[:-1]
    compared = cam.compare([cam.ParetoNbd(), seasonal], more, steps=steps, log=some)
    assert compared.results[1]["log_likelihood"] == pytest.approx(moving.log_likelihood_, rel=1e-9)
    assert not any("fitted to other data" in warning for warning in compared.results[1]["warnings"])
    ax = compared.plot_tracking(some, cumulative=False)
    plain, walking = (np.asarray(line.get_ydata()) for line in ax.get_lines()[1:3])
    # Nobody new comes after twelve weeks: what is expected then only falls, unless there are seasons.
    assert (np.diff(plain[14:-1]) < 0).all()
    assert (np.diff(walking[14:-1]) > 0).any()
    # Fewer customers than the steps have.
    half = split.iloc[::2]
    again = cam.compare([cam.ParetoNbd(purchase_covariates=["season"])], half, steps=steps)
    assert again.results[0]["log_likelihood"] > compared.results[1]["log_likelihood"]


def test_an_opened_model_finds_the_key_of_the_steps(moving, steps):
    opened = cam.from_json(moving.to_json())
    renamed = steps.rename(columns={"customer_id": "who"}).drop(columns="north")
    renamed.attrs = steps.attrs
    low, high = opened.confidence_intervals_(method="profile", summary=renamed)["r"]
    assert low < opened.params_["r"] < high


def refused(call):
    with pytest.raises(CamError) as caught:
        call()
    return caught.value


def test_what_does_not_fit_together_is_named(moving, split, steps, spend):
    third = split.index[3]
    error = refused(lambda: moving.prediction_intervals(split, horizon=9, steps=steps[steps["customer_id"] != third]))
    assert isinstance(error, InvalidDataError)
    assert (error.row, error.field) == (3, "customer_id")
    error = refused(lambda: moving.prediction_intervals(split.assign(T=80.0), horizon=9, steps=steps))
    assert (type(error), error.row, error.field) == (InvalidDataError, 0, "T")
    error = refused(lambda: moving.prediction_intervals(split.assign(frequency=80.0), horizon=9, steps=steps))
    assert (error.row, error.field) == (0, "frequency")
    error = refused(lambda: moving.prediction_intervals(split, horizon=9))
    assert (type(error), error.field) == (InvalidShapeError, "season")
    broken = steps.copy()
    broken.loc[5, "season"] = np.nan
    error = refused(lambda: moving.prediction_intervals(split, horizon=9, steps=broken))
    assert (error.row, error.field) == (5, "season")
    assert "row 5 of the steps" in str(error)
    paid = split.copy()
    paid.iloc[7, paid.columns.get_loc("monetary_value")] = -2.0
    error = refused(lambda: cam.customer_lifetime_value(moving, spend, paid, 52, 0.002, steps=steps))
    assert (error.row, error.field) == (7, "monetary_value")
    assert str(split.index[7]) in error.__notes__[0]
    texts = steps.assign(customer_id="c" + steps["customer_id"].astype(str)).iloc[::-1]
    error = refused(lambda: moving.score_time_varying("probability_alive", texts))
    assert f"customer 'c{steps['customer_id'].iloc[-1]}'" in str(error)
    assert "sorted by customer and start" in str(error)
    assert "horizon=…" in str(refused(lambda: moving.score_time_varying("expected_purchases", steps)))
    assert "steps=…" in str(refused(lambda: moving.expected_purchases(split, 39)))
    days = steps.copy()
    days.attrs = {"cam_unit": "day"}
    error = refused(lambda: moving.prediction_intervals(split, horizon=9, steps=days))
    assert (type(error), error.field) == (InvalidParameterError, "unit")
