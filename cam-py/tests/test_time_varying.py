"""Covariates that change over time, at the Python door: from a log and a long frame."""

import numpy as np
import pandas as pd
import pytest

import cam
from cam.errors import InvalidDataError, InvalidParameterError


@pytest.fixture(scope="module")
def long(log):
    """A season that all customers have in common, and a promotion that comes now and then."""
    rng = np.random.default_rng(3)
    weeks = pd.date_range("1996-12-30", "1998-06-29", freq="7D")
    keys = np.unique(log["customer_id"])
    season = np.sin(2 * np.pi * np.arange(len(weeks)) / 52)
    return pd.DataFrame(
        {
            "customer_id": np.repeat(keys, len(weeks)),
            "date": np.tile(weeks, len(keys)),
            "season": np.tile(season, len(keys)),
            "promotion": np.where(rng.random(len(keys) * len(weeks)) < 0.2, "yes", "no"),
        }
    )


@pytest.fixture(scope="module")
def steps(log, long):
    return cam.covariate_steps(log, long, unit="W", observation_end="1997-09-30")


def test_steps_hold_the_summary(steps, summary):
    by_customer = steps.groupby("customer_id")
    assert (by_customer["purchases"].sum() == summary["frequency"]).all()
    for name in ("recency", "T"):
        np.testing.assert_allclose(by_customer[name].first(), summary[name], rtol=1e-15)
    assert (by_customer["start"].first() <= 0).all()
    assert list(steps)[-2:] == ["season", "promotion"]


def test_a_fit_and_its_scores(steps, summary):
    model = cam.ParetoNbd(purchase_covariates=["season", "promotion"], lifetime_covariates=["season"])
    model.fit_time_varying(steps)
    assert model.converged_
    assert list(model.coefficients_) == ["purchase:season", "purchase:promotion=yes", "lifetime:season"]
    # Made up, it says nothing.
    assert abs(model.coefficients_["purchase:promotion=yes"]) < 4 * model.standard_errors_["purchase:promotion=yes"]
    plain = cam.ParetoNbd().fit(summary)
    assert model.log_likelihood_ > plain.log_likelihood_
    alive = model.score_time_varying("probability_alive", steps)
    assert alive.index.equals(summary.index)
    assert alive.between(0, 1).all()
    expected = model.score_time_varying("expected_purchases", steps, horizon=39)
    total = model.score_time_varying("log_likelihood", steps).sum()
    assert total == pytest.approx(model.log_likelihood_, rel=1e-12)
    assert (expected > 0).all()
    again = cam.from_json(model.to_json())
    pd.testing.assert_series_equal(again.score_time_varying("expected_purchases", steps, horizon=39), expected)


def test_what_is_wrong_is_named(log, long, steps):
    with pytest.raises(InvalidDataError, match="customer 1 has no covariates on the day"):
        cam.covariate_steps(log, long[long["date"] > "1997-06-01"])
    with pytest.raises(InvalidDataError, match="two rows of covariates"):
        cam.covariate_steps(log, pd.concat([long, long.iloc[:1]]))
    with pytest.raises(InvalidParameterError, match="name the covariates"):
        cam.ParetoNbd().fit_time_varying(steps)
    with pytest.raises(InvalidDataError, match="row 1: recency must be the same"):
        cam.ParetoNbd(purchase_covariates=["season"]).fit_time_varying(steps.assign(recency=np.arange(len(steps)) % 2))
