"""Covariates that change over time, at the Python door: from a log and a long frame."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import cam
from cam.errors import (
    ConvergenceWarning,
    InvalidDataError,
    InvalidParameterError,
    InvalidShapeError,
    NotFittedError,
    UnknownNameError,
    UnsupportedError,
)


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


@pytest.fixture(scope="module")
def few(steps):
    """The first hundreds of customers, for what takes many fits."""
    return steps[steps["customer_id"] <= 600].reset_index(drop=True)


@pytest.fixture(scope="module")
def season(few):
    return cam.ParetoNbd(purchase_covariates=["season"]).fit_time_varying(few)


def test_intervals_are_of_the_steps_and_not_of_the_data_of_an_earlier_fit(few, season, summary):
    few = few[few["customer_id"] <= 300]
    first = few.groupby("customer_id")["season"].first()
    model = cam.ParetoNbd(purchase_covariates=["season"]).fit(summary.loc[first.index].assign(season=first))
    static = model.confidence_intervals_(method="profile")["purchase:season"]
    found = model.fit_time_varying(few).confidence_intervals_(method="profile")
    assert found["purchase:season"] != static
    estimate, error = model.params_["purchase:season"], model.standard_errors_["purchase:season"]
    # A coefficient is nearly normal.
    np.testing.assert_allclose(found["purchase:season"], (estimate - 1.96 * error, estimate + 1.96 * error), atol=0.05)
    opened = cam.from_json(model.to_json())
    with pytest.raises(NotFittedError, match="does not hold the data of its fit"):
        opened.confidence_intervals_(method="profile")
    assert opened.confidence_intervals_(method="profile", summary=few) == found
    with pytest.raises(InvalidDataError, match="these are not the data that"):
        model.confidence_intervals_(method="profile", summary=summary.loc[first.index].assign(season=first))
    again = [model.confidence_intervals_(method="bootstrap", replicates=40, seed=2, threads=n) for n in (1, 2)]
    assert again[0] == again[1]
    drawn = model.confidence_intervals_(method="bootstrap", kind="parametric", replicates=40, seed=2)
    for name, value in model.params_.items():
        assert drawn[name][0] < value < drawn[name][1], name


def test_a_nested_model_is_tested_against_it(few, season, summary):
    plain = cam.ParetoNbd().fit(summary.loc[np.unique(few["customer_id"])])
    test = plain.likelihood_ratio_test(season)
    assert test.degrees_of_freedom == 1
    assert test.statistic == pytest.approx(2 * (season.log_likelihood_ - plain.log_likelihood_), rel=1e-9)


def test_a_weight_counts_a_customer_that_many_times(few):
    ask = {"purchase_covariates": ["season"]}
    again = few.assign(customer_id=few["customer_id"] + 10_000)
    twice = cam.ParetoNbd(**ask).fit_time_varying(pd.concat([few, again], ignore_index=True))
    weighted = cam.ParetoNbd(**ask).fit_time_varying(few.assign(weight=2.0))
    named = cam.ParetoNbd(**ask).fit_time_varying(few.assign(count=2.0), weights="count")
    given = cam.ParetoNbd(**ask).fit_time_varying(few, weights=np.full(len(few), 2.0))
    assert weighted.params_ == named.params_ == given.params_
    assert weighted.log_likelihood_ == pytest.approx(twice.log_likelihood_, rel=1e-12)
    for name, value in twice.params_.items():
        assert weighted.params_[name] == pytest.approx(value, rel=1e-7)
        assert weighted.standard_errors_[name] == pytest.approx(twice.standard_errors_[name], rel=1e-6)
    with pytest.raises(InvalidDataError, match="row 1: weight must be the same in all rows of a customer"):
        cam.ParetoNbd(**ask).fit_time_varying(few.assign(weight=1.0 + np.arange(len(few)) % 2))


def test_every_quantity_of_purchases_is_there(few, season):
    few = few[few["customer_id"] <= 60]
    counts = sum(season.score_time_varying("purchase_probability", few, n=n, horizon=10) for n in range(60))
    np.testing.assert_allclose(counts, 1, rtol=1e-10)
    never = season.score_time_varying("later_purchase_probability", few, n=0, after=0, horizon=10)
    np.testing.assert_array_equal(never, season.score_time_varying("purchase_probability", few, n=0, horizon=10))
    mean = season.score_time_varying("expected_purchases", few, horizon=10)
    variance = season.score_time_varying("variance_of_purchases", few, horizon=10)
    assert (variance > mean).all()
    discounted = season.score_time_varying(
        "variance_of_discounted_purchases", few, horizon=10, continuous_discount_rate=0.1
    )
    assert (discounted < variance).all()
    with pytest.raises(UnsupportedError, match="expected_spend is not defined"):
        season.score_time_varying("expected_spend", few)


def test_priors_draw_coefficients_towards_them_and_posteriors_are_about_the_modes(few, season):
    few = few[few["customer_id"] <= 200]
    # So few customers say little about leaving.
    priors = {
        "purchase:season": cam.Prior("Normal", mu=0, sigma=0.05),
        "r": cam.Prior("Gamma", alpha=2, beta=2),
        "s": cam.Prior("Gamma", alpha=4, beta=5),
        "beta": cam.Prior("Gamma", alpha=4, beta=0.3),
    }
    ask = {"purchase_covariates": ["season"]}
    mode = cam.ParetoNbd(**ask).fit_time_varying(few, priors=priors)
    assert mode.converged_
    assert abs(mode.params_["purchase:season"]) < abs(season.params_["purchase:season"])
    given = {"method": "nuts", "draws": 60, "chains": 2, "warmup": 60}
    with pytest.warns(ConvergenceWarning):
        drawn = cam.ParetoNbd(**ask).fit_time_varying(few, priors=priors, seed=1, **given)
    with pytest.warns(ConvergenceWarning):
        again = cam.ParetoNbd(**ask).fit_time_varying(few, priors=priors, seed=1, threads=1, **given)
    assert drawn.params_ == again.params_
    assert drawn.posterior_["purchase:season"].shape == (2, 60)
    for name, value in mode.params_.items():
        assert abs(drawn.params_[name] - value) < 1.5 * drawn.standard_errors_[name], name
    low, high = drawn.confidence_intervals_()["purchase:season"]
    assert low < drawn.params_["purchase:season"] < high
    with pytest.raises(UnknownNameError, match="parameter of pareto_nbd for a prior"):
        cam.ParetoNbd(**ask).fit_time_varying(few, priors={"purchase:price": priors["r"]})
    with pytest.raises(InvalidParameterError, match="a penalty or a prior, not both"):
        cam.ParetoNbd(**ask, penalty=0.1).fit_time_varying(few, priors=priors)


def test_the_search_can_be_steered(few, season):
    model = cam.ParetoNbd(purchase_covariates=["season"])
    model.fit_time_varying(few, start={"r": 1, "alpha": 5, "s": 1, "beta": 5}, gradient_tolerance=1e-9)
    assert model.log_likelihood_ == pytest.approx(season.log_likelihood_, rel=1e-10)
    model.fit_time_varying(few, start=[*season.params_.values()])
    assert model.log_likelihood_ == pytest.approx(season.log_likelihood_, rel=1e-12)
    with pytest.warns(ConvergenceWarning, match="not_converged"):
        model.fit_time_varying(few, max_evaluations=1)
    with pytest.raises(InvalidShapeError, match="a start has"):
        model.fit_time_varying(few, start=[1, 5, 1, 5, 0, 0])


@pytest.mark.parametrize("kind", ["polars", "pyarrow", "numpy"])
def test_every_kind_of_frame_gives_the_same(kind, log, long, steps):
    if kind == "polars":
        both = pl.from_pandas(log), pl.from_pandas(long).with_columns(pl.col("date").cast(pl.Date))
    elif kind == "pyarrow":
        both = pa.Table.from_pandas(log, preserve_index=False), pa.Table.from_pandas(long, preserve_index=False)
    else:
        both = tuple({name: frame[name].to_numpy() for name in frame} for frame in (log, long))
    given = cam.covariate_steps(*both, unit="W", observation_end="1997-09-30")
    for name in steps:
        np.testing.assert_array_equal(np.asarray(given[name]), steps[name].to_numpy())
    model = cam.ParetoNbd(purchase_covariates=["season", "promotion"])
    unit = "W" if kind == "polars" else None
    there = model.fit_time_varying(given, unit=unit).params_
    alive = model.score_time_varying("probability_alive", given, unit=unit)
    here = cam.ParetoNbd(purchase_covariates=["season", "promotion"]).fit_time_varying(steps)
    assert there == here.params_
    expected = here.score_time_varying("probability_alive", steps)
    np.testing.assert_array_equal(np.asarray(alive["probability_alive"]), expected.to_numpy())
    np.testing.assert_array_equal(np.asarray(alive["customer_id"]), expected.index.to_numpy())
    drawn = model.simulate_time_varying(given, seed=3, unit=unit)
    assert np.asarray(drawn["purchases"]).sum() == here.simulate_time_varying(steps, seed=3)["purchases"].sum()


def test_the_order_of_rows_does_not_matter(log, long, steps):
    mixed = cam.covariate_steps(
        log.sample(frac=1, random_state=1), long.sample(frac=1, random_state=2), unit="W", observation_end="1997-09-30"
    )
    pd.testing.assert_frame_equal(mixed, steps)


def test_drawn_customers_give_the_coefficients_back():
    customers, weeks = 800, 104
    rng = np.random.default_rng(11)
    design = pd.DataFrame(
        {
            "customer_id": np.repeat(np.arange(customers), weeks),
            "start": np.tile(np.arange(weeks, dtype=float), customers),
            "T": float(weeks),
            "season": np.tile(np.sin(2 * np.pi * np.arange(weeks) / 52), customers),
            "mailing": np.where(rng.random(customers * weeks) < 0.3, "yes", "no"),
        }
    )
    asked = {"purchase_covariates": ["season", "mailing"], "lifetime_covariates": ["season"]}
    document = json.loads(cam.ParetoNbd.from_params(r=0.9, alpha=9.0, s=0.8, beta=40.0, unit="W").to_json())
    truth = {"purchase:season": 0.5, "purchase:mailing=yes": 0.7, "lifetime:season": -0.6}
    document["covariates"] = {
        "declared": {
            "columns": {"purchase": ["season", "mailing"], "lifetime": ["season"]},
            "levels": {"mailing": ["no", "yes"]},
        },
        "coefficients": truth,
    }
    model = cam.from_json(json.dumps(document))
    drawn = model.simulate_time_varying(design, seed=4)
    pd.testing.assert_frame_equal(drawn, model.simulate_time_varying(design, seed=4, threads=1))
    fitted = cam.ParetoNbd(**asked).fit_time_varying(drawn)
    for name, value in {"r": 0.9, "alpha": 9.0, "s": 0.8, "beta": 40.0, **truth}.items():
        assert abs(fitted.params_[name] - value) < 3 * fitted.standard_errors_[name], name


def test_numbers_may_be_days():
    log = {"customer_id": [1, 1, 2], "date": [0, 9, 3]}
    changes = {"customer_id": [1, 1, 2, 9], "date": [0, 7, 0, 0], "price": [1.0, 2.0, 1.5, 3.0]}
    steps = cam.covariate_steps(log, changes, unit="D", observation_end=20)
    assert steps["start"].tolist() == [0, 7, -3]
    assert steps["purchases"].tolist() == [0, 1, 0]
    assert steps["recency"].tolist() == [9, 9, 0]
    assert steps["T"].tolist() == [20, 20, 17]
    assert steps["price"].tolist() == [1, 2, 1.5]


def test_what_is_wrong_is_named(log, long, steps):
    def refused(says, log, long, row=None, **options):
        with pytest.raises(InvalidDataError, match=says) as error:
            cam.covariate_steps(log, long, **options)
        assert row is None or error.value.row == row

    refused("row 0 of the log: customer 1 has no covariates on the day", log, long[long["date"] > "1997-06-01"], 0)
    row = int(log.index[log["customer_id"] == 3][0])
    refused(f"row {row} of the log: customer 3 has no cov", log, long[long["customer_id"] != 3], row)
    refused("customer 1 has two rows for one day", log, pd.concat([long, long.iloc[:1]]))
    gap = long.drop(index=2).reset_index(drop=True)
    refused("row 1 of the covariates: customer 1 has no row for 1997-01-13, when the per", log, gap, 1, period="W")
    cam.covariate_steps(log, gap)
    short = long[long["date"] < "1998-01-01"].reset_index(drop=True)
    refused("has no row for 1998-01-05, when the period", log, short, period=7)
    cam.covariate_steps(log, short, period=7, observation_end="1997-09-30")
    months = pd.DataFrame({"customer_id": 1, "date": pd.date_range("1996-12-01", "1998-07-01", freq="MS"), "z": 1.0})
    one = log[log["customer_id"] == 1]
    cam.covariate_steps(one, months, period="M")
    refused("row 4 of the covariates", one, months.drop(index=5).reset_index(drop=True), 4, period="M")
    refused("row 7 of the covariates: date is missing", log, long.assign(date=long["date"].where(long.index != 7)), 7)
    refused(
        "row 7 of the log: customer_id is missing",
        log.assign(customer_id=log["customer_id"].where(log.index != 7)),
        long,
        7,
    )
    refused("holds", log, long.assign(customer_id=long["customer_id"].astype(str)))
    refused('row 0 of the covariates: date must be a date such as .*, got "soon"; ', log, long.assign(date="soon"), 0)
    refused("observation_end must be a date such as .*later", log, long, observation_end="later")
    with pytest.raises(InvalidParameterError, match="period must be"):
        cam.covariate_steps(log, long, period="fortnight")
    with pytest.raises(InvalidParameterError, match="name the covariates"):
        cam.ParetoNbd().fit_time_varying(steps)
    with pytest.raises(InvalidParameterError, match="no covariates"):
        cam.ParetoNbd.from_params(r=1, alpha=1, s=1, beta=1).simulate_time_varying(steps)
    season = cam.ParetoNbd(purchase_covariates=["season"])
    with pytest.raises(InvalidDataError, match="row 1: recency must be the same"):
        season.fit_time_varying(steps.assign(recency=np.arange(len(steps)) % 2))
    with pytest.raises(InvalidDataError, match="row 5: season must be"):
        season.fit_time_varying(steps.assign(season=steps["season"].where(steps.index != 5)))
    with pytest.raises(InvalidDataError, match="the rows of customer 1 must stand together"):
        season.fit_time_varying(pd.concat([steps, steps[steps["customer_id"] == 1]]))
    with pytest.raises(InvalidDataError, match="row 2: start must rise within a customer"):
        season.fit_time_varying(steps.iloc[[0, 2, 1, *range(3, len(steps))]])
