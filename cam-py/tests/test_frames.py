"""What comes in goes out: the kind of frame, the index, the types of keys; and no difference in the last bit."""

import datetime as dt
import sys
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import cam
from conftest import CALIBRATION

FRAMES = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.Table, "numpy": dict}
VECTORS = {"pandas": pd.Series, "polars": pl.Series, "pyarrow": pa.Array, "numpy": np.ndarray}


@pytest.mark.parametrize("kind", FRAMES)
def test_the_kind_that_came_in_goes_out(kind, bg, gg, summary):
    log = cam.datasets.load_cdnow(kind)
    mine = cam.summarize(log, **CALIBRATION)
    assert isinstance(mine, FRAMES[kind])
    for name in summary:
        assert (np.asarray(mine[name]) == summary[name].to_numpy()).all()
    model = cam.BgNbd().fit(mine, unit="W")
    assert model == bg
    alive = model.probability_alive(mine, unit="W")
    assert isinstance(alive, VECTORS[kind])
    assert (np.asarray(alive) == bg.probability_alive(summary).to_numpy()).all()
    scores = model.predict(mine, 52, discount_rate=0.002, spend=gg, unit="W")
    assert isinstance(scores, FRAMES[kind])
    expected = bg.predict(summary, 52, discount_rate=0.002, spend=gg)
    for name in expected:
        assert (np.asarray(scores[name]) == expected[name].to_numpy()).all()
    assert isinstance(model.summary(), FRAMES[kind])
    parts = cam.split(log, amount="amount", calibration_end="1997-09-30")
    assert isinstance(parts, FRAMES[kind])
    assert np.asarray(parts["frequency_holdout"]).sum() == 1882


@pytest.mark.parametrize("kind", ["polars", "pyarrow", "numpy"])
def test_without_an_index_the_customer_is_the_first_column_of_summary_and_scores(kind, bg):
    mine = cam.summarize(cam.datasets.load_cdnow(kind), **CALIBRATION)
    scores = bg.predict(mine, 52, unit="W")
    for frame in (mine, scores):
        names = frame.column_names if kind == "pyarrow" else list(frame) if kind == "numpy" else frame.columns
        assert names[0] == "customer_id"
        assert np.asarray(frame["customer_id"]).tolist() == list(range(1, 2358))


def test_pandas_keeps_the_index_and_names_the_result(bg, summary):
    shuffled = summary.sample(frac=1, random_state=1).rename(index=lambda i: f"c{i}")
    alive = bg.probability_alive(shuffled)
    assert alive.index.equals(shuffled.index)
    assert alive.name == "probability_alive"
    assert bg.predict(shuffled, 10).index.equals(shuffled.index)


def test_frames_remember_the_unit_where_they_can():
    for kind in ("pandas", "pyarrow", "numpy"):
        mine = cam.summarize(cam.datasets.load_cdnow(kind), **CALIBRATION)
        assert cam.BgNbd().fit(mine).unit_ == "week"
    mine = cam.summarize(cam.datasets.load_cdnow("polars"), **CALIBRATION)
    assert cam.BgNbd().fit(mine).unit_ is None
    assert cam.BgNbd().fit(mine, unit="W").unit_ == "week"


def test_a_frame_that_does_not_say_its_unit_is_scored_with_one_warning(bg, gg, summary):
    bare = summary.merge(summary[[]], left_index=True, right_index=True).rename_axis("id")
    bare.attrs.clear()
    calls = (
        lambda bg, **unit: bg.probability_alive(bare, **unit),
        lambda bg, **unit: bg.purchase_probability(0, 52, bare, **unit),
        lambda bg, **unit: bg.discounted_expected_purchases(bare, discount_rate=0.01, **unit),
        lambda bg, **unit: bg.predict(bare, 52, spend=gg, **unit),
        lambda bg, **unit: cam.customer_lifetime_value(bg, gg, bare, 52, 0.01, **unit),
    )
    for call in calls:
        fresh = cam.from_json(bg.to_json())
        with pytest.warns(cam.UnitWarning, match="pass unit='week'") as caught:
            call(fresh)
        assert len(caught) == 1
        assert caught[0].filename == __file__
        # Once said is enough, for this kind of frame.
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            call(fresh)
        call(fresh, unit="W")
        with pytest.raises(cam.errors.InvalidParameterError, match="week"):
            call(fresh, unit="D")
        with pytest.warns(cam.UnitWarning):
            fresh.expected_purchases(pl.from_pandas(bare), 52)


def test_a_model_that_does_not_know_its_unit_says_so_of_a_frame_that_does(summary):
    model = cam.BgNbd.from_params(r=0.243, alpha=4.414, a=0.793, b=2.426)
    with pytest.warns(cam.UnitWarning, match="fit"):
        model.probability_alive(summary)


def test_spend_and_histories_written_by_hand_need_no_unit(bg, gg, columns, summary):
    assert (bg.probability_alive(columns) == bg.probability_alive(summary).to_numpy()).all()
    assert (gg.expected_spend(pl.from_pandas(summary)).to_numpy() == gg.expected_spend(summary).to_numpy()).all()


def test_spend_has_no_time_and_goes_with_frames_in_any_unit(gg, log):
    days = cam.summarize(log, amount="amount", unit="D", observation_end="1997-09-30")
    assert gg.unit_ == "week"
    assert np.isfinite(gg.expected_spend(days)).all()


def test_a_frame_in_days_is_refused_by_a_model_in_weeks(bg, log):
    days = cam.summarize(log, unit="D", observation_end="1997-09-30")
    with pytest.raises(cam.errors.InvalidParameterError, match="week"):
        bg.probability_alive(days)


def test_days_or_years_give_the_same_maximum_and_the_same_probabilities(bg, log, summary):
    for unit, length in (("D", 1), ("M", 30.4375), ("Y", 365.25), ("10 days", 10)):
        other = cam.summarize(log, unit=unit, observation_end="1997-09-30")
        model = cam.BgNbd().fit(other)
        assert model.params_["alpha"] * length == pytest.approx(bg.params_["alpha"] * 7, rel=1e-8)
        assert model.probability_alive(other).to_numpy() == pytest.approx(
            bg.probability_alive(summary).to_numpy(), rel=1e-8
        )


KEYS = {
    "int64": lambda ids: ids,
    "int32": lambda ids: ids.astype(np.int32),
    "uint16": lambda ids: ids.astype(np.uint16),
    "text": lambda ids: np.array([f"c{i:05d}" for i in ids]),
    "objects": lambda ids: np.array([f"c{i:05d}" for i in ids], dtype=object),
    "whole floats": lambda ids: ids.astype(float),
}


@pytest.mark.parametrize("keys", KEYS)
@pytest.mark.parametrize("kind", FRAMES)
def test_keys_come_back_as_they_went_in(kind, keys, log, summary):
    ids = KEYS[keys](log["customer_id"].to_numpy())
    if kind == "polars" and keys == "objects":
        ids = ids.tolist()
    columns = {"customer_id": ids, "date": log["date"].to_numpy(), "amount": log["amount"].to_numpy()}
    make = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.table, "numpy": dict}[kind]
    mine = cam.summarize(make(columns), **CALIBRATION)
    found = mine.index.to_numpy() if kind == "pandas" else np.asarray(mine["customer_id"])
    assert list(found) == sorted(set(np.asarray(ids).tolist()))
    if found.dtype.kind in "iu":
        assert found.dtype == (np.int64 if keys == "whole floats" else ids.dtype)
    assert (np.asarray(mine["frequency"]) == summary["frequency"].to_numpy()).all()


TIMES = {
    "datetime64[s]": lambda dates: dates.astype("datetime64[s]"),
    "datetime64[ms]": lambda dates: dates.astype("datetime64[ms]"),
    "datetime64[ns]": lambda dates: dates.astype("datetime64[ns]"),
    "datetime64[D]": lambda dates: dates.astype("datetime64[D]"),
    "datetime64[h]": lambda dates: dates.astype("datetime64[h]"),
    "text": lambda dates: np.datetime_as_string(dates, unit="D"),
    "text with a time": lambda dates: np.char.add(np.datetime_as_string(dates, unit="D"), "T23:59:59.5"),
    "compact text": lambda dates: np.char.replace(np.datetime_as_string(dates, unit="D"), "-", ""),
    "date objects": lambda dates: np.array(dates.astype("datetime64[D]").tolist(), dtype=object),
    "datetime objects": lambda dates: np.array(dates.astype("datetime64[us]").tolist(), dtype=object),
}


@pytest.mark.parametrize("times", TIMES)
def test_times_may_be_dates_timestamps_or_text(times, log, summary):
    values = TIMES[times](log["date"].to_numpy())
    columns = {"customer_id": log["customer_id"].to_numpy(), "date": values, "amount": log["amount"].to_numpy()}
    assert (cam.summarize(columns, **CALIBRATION)["T"] == summary["T"].to_numpy()).all()
    if values.dtype.str != "<M8[h]":
        frame = cam.summarize(pd.DataFrame(columns), **CALIBRATION)
        assert frame.equals(summary)


def test_other_types_of_columns_of_a_frame_are_read_the_same(log, summary):
    polars = cam.datasets.load_cdnow("polars")
    variants = [
        polars.with_columns(pl.col("customer_id").cast(pl.String).cast(pl.Categorical)),
        polars.with_columns(pl.col("date").cast(pl.Datetime("ms")), pl.col("amount").cast(pl.Decimal(10, 2))),
        polars.lazy(),
        pa.table(
            {"customer_id": log["customer_id"].astype(str).tolist(), "date": log["date"], "amount": log["amount"]}
        ),
        log.astype({"customer_id": "Int64", "amount": "Float64"}),
        log.assign(customer_id=log["customer_id"].astype(str).astype("category")),
        log.assign(date=log["date"].dt.tz_localize("America/New_York")),
        log.convert_dtypes(dtype_backend="pyarrow"),
        log.assign(customer_id=log["customer_id"].astype("category")),
        pa.table({"customer_id": log["customer_id"], "date": log["date"], "amount": log["amount"]}).set_column(
            0, "customer_id", pa.array(log["customer_id"]).dictionary_encode()
        ),
    ]
    for variant in variants:
        mine = cam.summarize(variant, **CALIBRATION)
        assert np.sort(np.asarray(mine["T"])).tolist() == np.sort(summary["T"]).tolist()
        assert np.asarray(mine["monetary_value"]).sum() == pytest.approx(summary["monetary_value"].sum(), rel=1e-12)


def test_the_day_is_that_of_the_clock_in_the_time_zone_of_the_column():
    late = pd.to_datetime(["2024-01-01 23:30", "2024-01-02 00:30"]).tz_localize("America/New_York")
    log = pd.DataFrame({"customer_id": [1, 1], "date": late})
    assert cam.summarize(log)["frequency"].tolist() == [1.0]


def test_moments_may_be_given_in_any_form(log, summary):
    for end in (
        "1997-09-30",
        "19970930",
        dt.date(1997, 9, 30),
        dt.datetime(1997, 9, 30, 12),
        pd.Timestamp("1997-09-30 23:00"),
        np.datetime64("1997-09-30"),
        np.datetime64("1997-09-30T05", "h"),
    ):
        assert cam.summarize(log, amount="amount", observation_end=end).equals(summary)


def test_integers_and_nullable_columns_of_a_summary_are_numbers(bg, summary):
    alive = bg.probability_alive(summary)
    for frame in (
        summary.astype({"frequency": int}),
        summary.astype({"frequency": "Int64", "T": "Float64"}),
        summary.convert_dtypes(dtype_backend="pyarrow"),
    ):
        assert (bg.probability_alive(frame) == alive).all()
    columns = {name: summary[name].tolist() for name in summary}
    assert (bg.probability_alive(columns) == alive.to_numpy()).all()
    table = pl.DataFrame(columns).with_columns(pl.col("frequency").cast(pl.UInt16))
    assert (bg.probability_alive(table, unit="W").to_numpy() == alive.to_numpy()).all()


def test_strided_and_reversed_columns_are_read_where_they_lie(bg, columns):
    block = np.column_stack([columns["frequency"], columns["recency"], columns["T"]])
    views = {"frequency": block[::-1, 0], "recency": block[::-1, 1], "T": block[::-1, 2]}
    assert (bg.probability_alive(views) == bg.probability_alive(columns)[::-1]).all()


def test_a_row_with_a_missing_value_is_scored_as_missing(bg, summary):
    holed = summary.iloc[:3].copy()
    holed.loc[2, "recency"] = np.nan
    assert bg.probability_alive(holed).isna().tolist() == [False, True, False]


def test_columns_are_not_copied_on_their_way_in(summary, columns):
    from cam._frames import Source

    assert np.shares_memory(Source(summary).float("T"), summary["T"].to_numpy())
    assert np.shares_memory(Source(columns).float("T"), columns["T"])
    table = pl.DataFrame(columns)
    assert np.shares_memory(Source(table).float("T"), table["T"].to_numpy())


def test_weights_stand_for_repeated_rows(summary, bg):
    grouped = summary.groupby(["frequency", "recency", "T"]).size().rename("weight").reset_index()
    by_column = cam.BgNbd().fit(grouped, unit="W")
    by_array = cam.BgNbd().fit(grouped.drop(columns="weight"), unit="W", weights=grouped["weight"])
    assert by_column == by_array
    assert by_column.params_ == pytest.approx(bg.params_, rel=1e-9)
    assert by_column.n_customers_ == 2357


def test_a_unit_that_contradicts_the_frame_is_refused(bg, gg, log, summary):
    days = cam.summarize(log, amount="amount", unit="D", observation_end="1997-09-30")
    arrow = cam.summarize(pa.Table.from_pandas(log), amount="amount", unit="W", observation_end="1997-09-30")
    calls = (
        lambda: cam.BgNbd().fit(summary, unit="D"),
        lambda: cam.GammaGamma().fit(summary, unit="D"),
        lambda: cam.BgNbd().fit(arrow, unit="10 days"),
        # What the frame knows is not overruled, even where the caller's word agrees with the model.
        lambda: bg.probability_alive(days, unit="W"),
        lambda: bg.predict(days, 52, spend=gg, unit="W"),
        lambda: bg.purchase_probability(0, 52, days, unit="W"),
        lambda: cam.customer_lifetime_value(bg, gg, days, 52, 0.01, unit="W"),
    )
    for call in calls:
        with pytest.raises(
            cam.errors.InvalidParameterError, match=r"the frame counts time in '(week|day)', but unit="
        ) as caught:
            call()
        assert caught.value.field == "unit"


def test_a_unit_that_says_again_what_the_frame_knows_changes_nothing(bg, summary):
    for unit in ("W", "7 days", "week"):
        assert cam.BgNbd().fit(summary, unit=unit) == bg
        assert bg.probability_alive(summary, unit=unit).equals(bg.probability_alive(summary))


def test_a_kind_of_frame_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match="frames of pyarrow need it: pip install pyarrow"):
        cam.datasets.load_cdnow("pyarrow")


def test_meanings_stand_in_a_summary_where_they_are_asked_for(bg):
    assert list(bg.summary()) == ["estimate", "standard_error", "lower", "upper"]
    assert bg.summary(meanings=True)["meaning"].str.len().min() > 0
