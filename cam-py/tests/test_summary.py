"""Batches, merges, splits and the account of the rows, through Python."""

import copy
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import cam
from conftest import CALIBRATION, TESTDATA


def test_batches_in_any_order_give_the_same_bits(log, summary):
    builder = cam.SummaryBuilder(**CALIBRATION)
    shuffled = log.sample(frac=1, random_state=3)
    for start in range(0, len(log), 500):
        builder.push(shuffled.iloc[start : start + 500])
    assert builder.finish().equals(summary)
    assert builder.rows == len(log)
    assert builder.customers >= len(summary)
    assert 0 < builder.memory_bytes < 2**22


def test_merged_builders_give_the_same_bits(log, summary):
    parts = []
    for half in (log.iloc[::2], log.iloc[1::2]):
        builder = cam.SummaryBuilder(**CALIBRATION)
        builder.push(half)
        parts.append(builder)
    parts[0].merge(parts[1])
    assert parts[0].finish().equals(summary)


def test_any_number_of_threads_gives_the_same_bits(log, summary):
    for threads in (1, 2, 5):
        assert cam.summarize(log, **CALIBRATION, threads=threads).equals(summary)


def test_several_calibrations_come_from_one_reading(log):
    ends = ["1997-06-30", "1997-09-30", "1997-12-31"]
    together = cam.split(log, amount="amount", calibration_end=ends)
    assert isinstance(together, list)
    for end, frame in zip(ends, together, strict=True):
        assert frame.equals(cam.split(log, amount="amount", calibration_end=end))


def test_a_split_has_the_columns_that_its_users_know(log, summary):
    frame = cam.split(log, amount="amount", calibration_end="1997-09-30", observation_end="1998-06-30")
    assert list(frame) == [
        "frequency",
        "recency",
        "T",
        "monetary_value",
        "frequency_holdout",
        "monetary_value_holdout",
        "duration_holdout",
    ]
    assert frame[list(summary)].equals(summary)
    assert (frame["duration_holdout"] == 39).all()
    spent = log[log["date"] > "1997-09-30"].groupby("customer_id")["amount"].sum()
    total = (frame["frequency_holdout"] * frame["monetary_value_holdout"]).sum()
    assert total == pytest.approx(spent.sum(), rel=1e-12)


def test_every_row_of_the_log_is_accounted_for(log, summary):
    report = summary.attrs["cam_report"]
    assert report["rows"] == len(log)
    assert report["rows_after_end"] == (log["date"] > "1997-09-30").sum()
    assert report["purchase_rows"] - report["purchases_collapsed"] == summary["frequency"].sum() + len(summary)


def test_times_may_be_plain_numbers():
    log = {"customer_id": np.array([1, 1, 2]), "date": np.array([0.0, 2.0, 1.0])}
    frame = cam.summarize(log, unit="W", numbers_in="W", period="none", observation_end=4.0)
    assert frame["T"].tolist() == [4.0, 3.0]
    assert frame["recency"].tolist() == [2.0, 0.0]


def test_refunds_follow_the_rule_that_was_chosen():
    log = {
        "customer_id": np.array([1, 1, 1]),
        "date": np.array(["2024-01-01", "2024-02-01", "2024-03-01"], dtype="datetime64[D]"),
        "amount": np.array([10.0, 20.0, -5.0]),
    }
    assert cam.summarize(log, amount="amount")["monetary_value"].tolist() == [15.0]
    assert cam.summarize(log, amount="amount", refunds="drop")["monetary_value"].tolist() == [20.0]
    with pytest.raises(cam.errors.InvalidDataError) as caught:
        cam.summarize(log, amount="amount", refunds="error")
    assert caught.value.row == 2


def test_a_builder_can_be_kept_as_bytes_and_fed_on(log, summary):
    builder = cam.SummaryBuilder(**CALIBRATION)
    builder.push(log.iloc[:3000])
    for again in (
        cam.SummaryBuilder.from_bytes(builder.to_bytes(), amount="amount"),
        pickle.loads(pickle.dumps(builder)),
        copy.deepcopy(builder),
    ):
        assert again.to_bytes() == builder.to_bytes()
        again.push(log.iloc[3000:])
        assert again.finish().equals(summary)


def test_a_part_from_another_language_is_merged_as_if_it_were_ours(log):
    # The first 500 rows; the tests of Rust, C and Java write the same bytes.
    part = (TESTDATA / "partial_version_1.bin").read_bytes()
    weeks = {"amount": "amount", "unit": "W", "calibration_ends": ["1997-09-30"]}
    ours, rest = cam.SummaryBuilder(**weeks), cam.SummaryBuilder(**weeks)
    ours.push(log.iloc[:500])
    assert ours.to_bytes() == part
    rest.push(log.iloc[500:])
    rest.merge(cam.SummaryBuilder.from_bytes(part))
    (merged,) = rest.finish()
    assert merged.equals(cam.split(log, amount="amount", calibration_end="1997-09-30"))


@pytest.mark.parametrize("batches", ["RecordBatch", "Table", "polars", "pandas"])
def test_batches_of_every_kind_are_pushed(batches, summary):
    table = cam.datasets.load_cdnow("pyarrow")
    builder = cam.SummaryBuilder(**CALIBRATION)
    for batch in table.to_batches(max_chunksize=2000):
        if batches == "RecordBatch":
            builder.push(batch)
        elif batches == "Table":
            builder.push(pa.Table.from_batches([batch]))
        else:
            builder.push(batch.to_pandas() if batches == "pandas" else pl.from_arrow(batch))
    frame = builder.finish()
    assert type(frame).__module__.startswith({"RecordBatch": "pyarrow", "Table": "pyarrow"}.get(batches, batches))
    for name in summary:
        assert (np.asarray(frame[name]) == summary[name].to_numpy()).all()


def test_a_bad_row_of_a_record_batch_is_named():
    batch = pa.record_batch({"customer_id": [1, 2, 3], "date": [1.0, None, 2.0]})
    with pytest.raises(cam.errors.InvalidDataError) as caught:
        cam.SummaryBuilder().push(batch)
    assert (caught.value.row, caught.value.field) == (1, "time")


def test_tracking_counts_every_repeat_purchase_once(log):
    frame = cam.tracking(log, step="W")
    assert frame["incremental"].cumsum().equals(frame["cumulative"])
    assert frame["new_customers"].sum() == 2357
    assert frame["cumulative"].iloc[-1] == cam.summarize(log)["frequency"].sum()


def test_tracking_names_the_unit_as_a_summary_does(log):
    builder = cam.SummaryBuilder(unit="10 days")
    builder.push(log)
    restored = pickle.loads(pickle.dumps(builder))
    assert cam.tracking(log).attrs["cam_unit"] == cam.summarize(log).attrs["cam_unit"] == "week"
    assert builder.tracking().attrs["cam_unit"] == restored.tracking().attrs["cam_unit"] == "10 days"


def test_periods_of_pandas_are_the_moments_at_which_they_begin():
    days = pd.to_datetime(["1997-01-01", "1997-02-14", "1997-01-20", "1997-05-02"])
    log = pd.DataFrame({"customer_id": [1, 1, 2, 2], "date": days.to_period("D")})
    expected = cam.summarize(log.assign(date=days), unit="W")
    pd.testing.assert_frame_equal(cam.summarize(log, unit="W"), expected)
    months = cam.summarize(log.assign(date=days.to_period("M")), unit="D")
    assert months["recency"].tolist() == [31.0, 120.0]


@pytest.mark.parametrize("backend", ["pandas", "polars", "numpy", "object"])
def test_truth_values_are_no_keys_of_customers(backend):
    columns = {"customer_id": np.array([True, False]), "date": np.array([1.0, 2.0])}
    made = {
        "pandas": pd.DataFrame,
        "polars": pl.DataFrame,
        "numpy": dict,
        "object": lambda c: pd.DataFrame(c).astype({"customer_id": object}),
    }
    with pytest.raises(cam.errors.InvalidShapeError, match="truth values") as caught:
        cam.summarize(made[backend](columns), unit="W")
    assert caught.value.field == "customer"
