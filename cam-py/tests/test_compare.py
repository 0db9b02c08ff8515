"""Models compared, and cohorts."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest

import cam

mpl.use("Agg")


@pytest.fixture(scope="module")
def log():
    return cam.datasets.load_cdnow("pandas")


@pytest.fixture(scope="module")
def split(log):
    return cam.split(log, calibration_end="1997-09-30", amount="amount", unit="W")


@pytest.fixture(scope="module")
def compared(log, split):
    spend = cam.GammaGamma().fit(split)
    return cam.compare([cam.ParetoNbd(), cam.BgNbd(), cam.Nbd()], split, spend=spend, log=log)


def test_the_table_has_the_published_numbers(compared):
    table = compared.frame()
    assert list(table.index) == ["pareto_nbd", "bg_nbd", "nbd"]
    np.testing.assert_allclose(table["log_likelihood"], [-9594.976, -9582.429, -9763.658], atol=0.01)
    np.testing.assert_allclose(table["predicted"][:2], [1665.513, 1653.408], atol=0.005)
    assert (table["actual"] == 1882).all()
    assert table["log_score_excess"].min() == 0
    assert table["value_lift_10"].between(2, 10).all()


def test_one_is_recommended_and_says_why(compared):
    assert compared.recommended in ("pareto_nbd", "bg_nbd")
    assert compared.recommended in compared.reason
    assert "log score" in compared.reason
    assert compared.best.converged_
    assert compared.reason in repr(compared)
    assert "<table>" in compared._repr_html_()


def test_the_numbers_of_each_customer_are_those_of_the_model(compared, split):
    bg = compared.models["bg_nbd"]
    mine = compared.customers["bg_nbd"]
    np.testing.assert_allclose(mine["expected"], bg.expected_purchases(split, 39), rtol=1e-12)
    n = split["frequency_holdout"].to_numpy()
    p = bg.purchase_probability(2, 39, split).to_numpy()[n == 2]
    np.testing.assert_allclose(mine["log_probability"][n == 2], np.log(p), rtol=1e-9)
    assert ((mine["transform"] >= 0) & (mine["transform"] <= 1)).all()


def test_seasons_and_a_missing_dropout_are_told(compared):
    said = {result["label"]: " ".join(result["warnings"]) for result in compared.results}
    assert "expected" in said["nbd"]
    assert all("tracking" in result for result in compared.results)


def test_every_picture_is_drawn(compared, log):
    import matplotlib.pyplot as plt

    for axes in (
        compared.plot_transform(),
        compared.plot_calibration(),
        compared.plot_lift(),
        compared.plot_frequency(),
        compared.plot_tracking(log, calibration_end="1997-09-30"),
    ):
        assert axes.get_title(loc="left")
        assert len(axes.get_legend().get_texts()) >= 3
        plt.close(axes.figure)


def test_names_kinds_and_a_holdout_by_itself(split):
    import polars as pl

    frame = pl.from_pandas(split.reset_index())
    counts = split["frequency_holdout"].to_numpy()
    named = {"one": cam.BgNbd(), "two": cam.MbgNbd()}
    compared = cam.compare(named, frame.drop("frequency_holdout"), counts, horizon=39, unit="W")
    assert isinstance(compared.frame(), pl.DataFrame)
    assert compared.frame()["model"].to_list() == ["one", "two"]
    without = cam.compare([cam.BgNbd()], frame.drop("frequency_holdout"), unit="W")
    assert "BIC" in without.reason
    assert not without.customers
    with pytest.raises(cam.CamError, match="holdout"):
        without.plot_lift()


def test_bad_calls_are_told(split):
    with pytest.raises(cam.CamError, match="purchases"):
        cam.compare([cam.GammaGamma()], split)
    with pytest.raises(cam.CamError, match="at least one"):
        cam.compare([], split)
    with pytest.raises(cam.CamError, match="horizon"):
        cam.compare([cam.BgNbd()], split.drop(columns="duration_holdout"))


def test_a_cohort_table_accounts_for_every_purchase_and_dollar(log):
    table = cam.cohort_table(log, amount="amount")
    assert table["cohort"].dt.strftime("%Y-%m").unique().tolist() == ["1997-01", "1997-02", "1997-03"]
    assert table.loc[table["period"] == 0, "customers"].sum() == 2357
    np.testing.assert_allclose(table["revenue"].sum(), log["amount"].sum(), rtol=1e-12)
    assert table["purchases"].sum() == log.drop_duplicates(["customer_id", "date"]).shape[0]
    first = table[table["cohort"] == "1997-01-01"]
    pandas = log.assign(month=log["date"].dt.to_period("M"))
    born = pandas.groupby("customer_id")["month"].transform("min")
    active = pandas[born == "1997-01"].groupby("month")["customer_id"].nunique()
    assert first["active"].tolist() == active.astype(float).tolist()


def test_cohorts_of_one_model_are_not_told_apart():
    model = cam.BgNbd.from_params(r=0.8, alpha=6.0, a=0.9, b=2.5)
    drawn = model.simulate(seed=5, T=np.full(6000, 52.0), backend="pandas")
    same = cam.fit_cohorts(cam.BgNbd(), drawn, np.arange(6000) % 3)
    assert same.degrees_of_freedom == 8
    assert same.p_value > 0.01
    other = cam.BgNbd.from_params(r=1.6, alpha=6.0, a=0.9, b=2.5).simulate(
        seed=6, T=np.full(6000, 52.0), backend="pandas"
    )
    import pandas as pd

    both = pd.concat([drawn, other], ignore_index=True)
    apart = cam.fit_cohorts(cam.BgNbd(), both, np.repeat(["a", "b"], 6000))
    assert apart.p_value < 1e-6
    assert list(apart.table.index) == ["a", "b", "all"]
    from cam._cohorts import _chi_square_tail

    # Published quantiles of chi-square.
    for x, freedom in ((3.841459, 1), (5.991465, 2), (7.814728, 3), (11.070498, 5), (15.507313, 8)):
        assert _chi_square_tail(x, freedom) == pytest.approx(0.05, abs=1e-6)
