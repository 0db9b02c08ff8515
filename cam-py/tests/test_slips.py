"""Slips of the pen: what is easily written by mistake, and what cam says to it, in the caller's own names."""

import datetime as dt
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import cam
from cam import errors as e

DAYS = ["2024-01-01", "2024-01-09", "2024-02-01", "2024-03-01"]
LOG = {"customer_id": [1, 1, 2, 2], "date": np.array(DAYS, dtype="M8[D]"), "amount": [5.0, 6.0, 7.0, 8.0]}


@pytest.fixture
def shop():
    """A log with names of its own."""
    return pd.DataFrame({"who": ["a", "a", "b"], "when": DAYS[:3], "total": ["5", "6", "7"]})


@pytest.mark.parametrize("end", [20240201, np.int64(20240201), 20240201.0])
@pytest.mark.parametrize("dates", [LOG["date"], np.array(DAYS), np.array(DAYS, dtype="M8[ns]")])
def test_a_bare_number_is_no_end_of_a_log_of_dates(end, dates):
    log = {**LOG, "date": dates}
    calls = {
        "observation_end": (
            lambda: cam.summarize(log, observation_end=end),
            lambda: cam.tracking(log, observation_end=end),
            lambda: cam.regularity(log, observation_end=end),
            lambda: cam.cohort_table(log, observation_end=end),
            lambda: cam.SummaryBuilder(observation_end=end).push(log),
        ),
        "calibration_end": (
            lambda: cam.split(log, calibration_end=end),
            lambda: cam.split(log, calibration_end=["2024-01-09", end]),
        ),
    }
    for field, some in calls.items():
        for call in some:
            with pytest.raises(
                e.InvalidParameterError,
                match=f"{field} must be a date, .* column 'date' .* 20240201: write '2024-02-01' or a date$",
            ) as caught:
                call()
            assert caught.value.field == field


def test_a_number_that_is_no_date_is_told_of_an_example():
    with pytest.raises(e.InvalidParameterError, match="got the number 39: write such as '1997-09-30' or a date"):
        cam.summarize(LOG, observation_end=39)


def test_a_bare_number_is_no_end_of_covariates_over_time_either():
    covariates = {"customer_id": [1, 2], "date": np.array(DAYS[:1] * 2, dtype="M8[D]"), "promotion": [0.0, 1.0]}
    with pytest.raises(e.InvalidParameterError, match="write '2024-02-01' or a date"):
        cam.covariate_steps(LOG, covariates, period="W", observation_end=20240201)


def test_numbers_are_the_end_of_a_log_of_numbers_and_one_that_looks_like_a_date_is_told_of():
    log = {**LOG, "date": [0, 8, 31, 60]}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert cam.summarize(log, observation_end=70)["T"].tolist() == [10.0, 39 / 7]
    with pytest.warns(cam.UnitWarning, match="observation_end is read as a number, 20240201") as caught:
        cam.summarize(log, observation_end=20240201)
    assert len(caught) == 1


def test_dates_written_as_integers_are_told_of_once():
    log = {**LOG, "date": [20240101, 20240109, 20240201, 20240301]}
    with pytest.warns(cam.UnitWarning, match="written YYYYMMDD") as caught:
        cam.summarize(log, observation_end=20240301)
    assert len(caught) == 1


@pytest.mark.parametrize("make", [pd.DataFrame, pl.from_pandas, pa.Table.from_pandas])
def test_amounts_that_are_text_are_told_how_to_become_numbers(shop, make):
    with pytest.raises(e.CamError, match=r"total.* must .*: the column holds text; .* pd\.to_numeric"):
        cam.summarize(make(shop), customer="who", time="when", amount="total")


@pytest.mark.parametrize(
    ("make", "how"),
    [
        (pd.DataFrame, r"pd\.to_datetime\(log\['when'\]"),
        (pl.from_pandas, r"pl\.col\('when'\)\.str\.to_date"),
        (pa.Table.from_pandas, r"pyarrow\.compute\.strptime\(log\['when'\]"),
    ],
)
def test_dates_in_another_form_are_told_how_to_become_dates(shop, make, how):
    log = make(shop.assign(when=["03/27/2023"] * 3))
    for call in (cam.summarize, cam.cohort_table):
        with pytest.raises(e.InvalidDataError, match=rf"time \(column 'when'\) must be a date .*; .*{how}") as caught:
            call(log, customer="who", time="when")
        assert (caught.value.row, caught.value.field) == (0, "time")


def test_errors_of_a_log_name_the_columns_of_the_caller(shop):
    names = {"customer": "who", "time": "when", "amount": "total"}
    good = shop.assign(total=[5.0, 6.0, 7.0])
    for log, said in (
        (good.assign(total=[5.0, np.nan, 7.0]), r"row 1: amount \(column 'total'\) is missing"),
        (good.assign(who=["a", None, "b"]), r"row 1: customer key \(column 'who'\) is missing"),
        (good.assign(when=[dt.date(2024, 1, 1), None, None]), r"row 1: time \(column 'when'\) is missing"),
    ):
        for make in (pd.DataFrame, pl.from_pandas):
            with pytest.raises(e.InvalidDataError, match=said):
                cam.summarize(make(log), **names)
            with pytest.raises(e.InvalidDataError, match=said):
                cam.SummaryBuilder(**names).push(make(log))


@pytest.fixture
def crm(summary):
    """Customers as they may lie in a shop: the key somewhere, and columns that are nobody's business but the shop's."""
    frame = summary.reset_index().head(50)
    frame["segment"] = pd.Categorical(["new", "old"] * 25)
    return frame[["recency", "frequency", "customer_id", "T", "segment", "monetary_value"]].assign(weight=1.0)


def names(frame):
    return frame.column_names if isinstance(frame, pa.Table) else list(getattr(frame, "columns", frame))


@pytest.mark.parametrize(
    "make", [pd.DataFrame, pl.from_pandas, pa.Table.from_pandas, lambda f: {name: f[name].to_numpy() for name in f}]
)
def test_scores_keep_every_column_that_no_model_reads(make, crm, bg, gg):
    table = make(crm)
    scored = (
        bg.predict(table, 52, spend=gg, unit="W"),
        bg.prediction_intervals(table, horizon=52, draws=2, unit="W").customers,
        cam.simulate_lifetime_value(bg, gg, table, 52, 0.001, seed=1, draws=2, unit="W").customers,
    )
    for scores in scored:
        assert type(scores).__module__ == (type(table).__module__ if type(table) is not dict else "cam._frames")
        assert names(scores)[:2] == ["customer_id", "segment"]
        assert set(crm) & set(names(scores)) == {"customer_id", "segment"}
        for name in ("customer_id", "segment"):
            assert list(np.asarray(scores[name])) == list(np.asarray(table[name]))
    alive = np.asarray(bg.probability_alive(table, unit="W"))
    assert (np.asarray(scored[0]["probability_alive"]) == alive).all()


def test_scores_keep_index_and_types_of_pandas_and_are_not_scored_twice(crm, bg):
    odd = crm.set_index(pd.Index([3, 3] * 25, name="shop"))
    scores = bg.predict(odd, 52, unit="W")
    assert scores.index.equals(odd.index)
    assert scores["segment"].dtype == "category"
    assert scores.attrs == {"cam_unit": "week"}
    again = bg.predict(odd.assign(probability_alive=0.0), 52, unit="W")
    assert again.equals(scores)


def test_covariates_are_columns_of_the_model(crm, bg):
    table = crm.assign(online=np.arange(50) % 2)
    model = cam.BgNbd(purchase_covariates=["online"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scores = model.fit(table, unit="W").predict(table, 10, unit="W")
    assert "online" not in scores
    assert "online" in bg.predict(table, 10, unit="W")


def test_an_argument_that_a_model_does_not_take_is_told_where_it_belongs():
    with pytest.raises(
        TypeError, match=r"no argument 'penalizer_coef'.*priors of a fit.*method=\"map\".*penalty="
    ) as told:
        cam.BgNbd(penalizer_coef=0.1)
    assert "takes no parameters" not in str(told.value)
    with pytest.raises(TypeError, match=r"no argument 'data'; it takes purchase_covariates.* given to fit$"):
        cam.BgNbd(data=LOG)
    with pytest.raises(TypeError, match=r"GammaGamma has no argument 'colour'; it takes spend_covariates, levels"):
        cam.GammaGamma(colour=1)
    with pytest.raises(TypeError, match=r"Model\.from_params\(r=…\)"):
        cam.Model("bg_nbd", r=1)


@pytest.mark.parametrize(
    "model",
    [
        "BgNbd(purchase_covariates=['x'], penalty=1.0)",
        "ParetoNbd(purchase_covariates=['x'], lifetime_covariates=['x', 'y'], penalty={'purchase': 0.5}, constrain=['x'])",
        "Model('bg_nbd', purchase_covariates=['c'], levels={'c': ['a', 'b']})",
        "Model('pareto_nbd')",
        "BgNbd()",
        "ParetoNbdHb(heterogeneity='log_normal', covariates=('x',))",
        "ParetoGgg(priors={'t': (2, 2)})",
        "ParetoGgg()",
    ],
)
def test_a_model_shows_what_it_was_asked_for(model):
    assert repr(eval(f"cam.{model}")) == model


def test_columns_that_must_be_asked_for_say_by_what(summary):
    calls = (
        lambda: cam.BgCnbdK().fit(summary),
        lambda: cam.MbgCnbdK().fit(summary),
        lambda: cam.compare([cam.BgCnbdK()], summary),
        lambda: cam.ParetoGgg().fit(summary),
    )
    for call in calls:
        with pytest.raises(
            e.InvalidShapeError, match=r"log_intervals.* is missing; .* gives it for log_intervals=True"
        ):
            call()


def test_a_log_where_a_summary_belongs_is_to_be_summarized_first(bg):
    for call in (cam.BgNbd().fit, bg.probability_alive, cam.ParetoNbdHb().fit):
        with pytest.raises(e.InvalidShapeError, match=r"'frequency' is missing; .*summarized first, by cam\.summarize"):
            call(LOG)


def test_times_in_weeks_where_opportunities_belong_point_to_opportunities(summary):
    for table in (summary, pl.from_pandas(summary)):
        with pytest.raises(e.InvalidDataError, match="whole number") as caught:
            cam.BgBb().fit(table)
        assert "cam.opportunities(log, period=…)" in str(caught.value)


def test_names_that_there_are_not_are_unknown_names(bg, summary):
    calls = (
        lambda: cam.Prior("gama", alpha=2, beta=1),
        lambda: cam.BgNbd().fit(summary, method="mcmc"),
        lambda: bg.confidence_intervals_(method="guess"),
    )
    for call in calls:
        with pytest.raises(e.UnknownNameError, match="there are: "):
            call()


@pytest.mark.parametrize("kind", [lambda f: f.to_records(index=False), lambda f: np.array(f.to_records(index=False))])
def test_a_structured_array_is_a_table(kind, log, summary, bg):
    mine = cam.summarize(kind(log), amount="amount", observation_end="1997-09-30")
    assert (mine["monetary_value"] == summary["monetary_value"].to_numpy()).all()
    rows = kind(summary.reset_index())
    assert (bg.probability_alive(rows) == bg.probability_alive(summary).to_numpy()).all()
    assert next(iter(bg.predict(rows, 52))) == "customer_id"


def test_a_posterior_opens_as_whichever_model_it_holds(summary, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cam.ConvergenceWarning)
        model = cam.ParetoNbdHb().fit(summary.head(100), draws=4, burn_in=0, chains=2)
    model.save(tmp_path / "posterior.json")
    for again in (cam.load(tmp_path / "posterior.json"), cam.from_json(model.to_json())):
        assert type(again) is cam.ParetoNbdHb
        assert again.to_json() == model.to_json()
    with pytest.raises(e.InvalidDocumentError, match=r'posterior\.json.* got "cam\.posterior"'):
        cam.BgNbd.load(tmp_path / "posterior.json")
    with pytest.raises(e.InvalidDocumentError, match=r"holds no posterior of pareto_ggg"):
        cam.ParetoGgg.load(tmp_path / "posterior.json")
