"""Arrow C streams, as pyarrow exports them, into the C library by ctypes.

    CAM_FFI_LIBRARY=target/release/libcam_ffi.so python -m pytest cam-ffi/tests/test_arrow.py

Needs pyarrow and pytest; nothing of cam's Python package.
"""

import csv
import ctypes
import datetime
import json
import math
import os
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow.cffi import ffi

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = os.environ.get("CAM_FFI_LIBRARY", str(ROOT / "target/release/libcam_ffi.so"))
cam = ctypes.CDLL(LIBRARY)
cam.cam_table_rows.restype = ctypes.c_size_t
cam.cam_table_keys_text_bytes.restype = ctypes.c_size_t
cam.cam_summary_builder_rows.restype = ctypes.c_uint64
cam.cam_error_row.restype = ctypes.c_int64
for name in ("cam_error_message", "cam_string_data"):
    getattr(cam, name).restype = ctypes.c_char_p

OPTIONS = {"unit": "W", "calibration_end": "1997-09-30"}


class CamError(Exception):
    """A status other than 0."""

    def __init__(self, status: int, error: ctypes.c_void_p):
        super().__init__(cam.cam_error_message(error).decode())
        self.status, self.row = status, cam.cam_error_row(error)
        cam.cam_error_free(error)


def call(entry, *arguments):
    """Call a fallible entry; raise what it says."""
    error = ctypes.c_void_p()
    status = entry(*arguments, ctypes.byref(error))
    if status != 0:
        raise CamError(status, error)


class Counted:
    """A pyarrow stream in a struct of our own, with its release wrapped so that calls are counted."""

    def __init__(self, batches, schema):
        self.struct = ffi.new("struct ArrowArrayStream *")
        self.address = int(ffi.cast("uintptr_t", self.struct))
        pa.RecordBatchReader.from_batches(schema, batches)._export_to_c(self.address)
        original = self.struct.release
        self.released = 0

        @ffi.callback("void(struct ArrowArrayStream *)")
        def release(stream):
            self.released += 1
            original(stream)

        self.release, self.struct.release = release, release

    @property
    def moved(self):
        return self.struct.release == ffi.NULL


def stream_of(columns: dict, cuts=()):
    table = pa.table(columns)
    bounds = [0, *cuts, table.num_rows]
    batches = [b for i, j in zip(bounds, bounds[1:]) for b in table.slice(i, j - i).combine_chunks().to_batches()]
    return Counted(batches, table.schema)


class Summary:
    """A summary by way of a builder that is fed with one Arrow stream."""

    def __init__(self, stream, options=None, amount="amount"):
        builder, self.table = ctypes.c_void_p(), ctypes.c_void_p()
        call(cam.cam_summary_builder_new, json.dumps(options or {}).encode(), ctypes.byref(builder))
        try:
            name = amount.encode() if amount else None
            try:
                call(
                    cam.cam_summary_builder_push_arrow,
                    builder, ctypes.c_void_p(stream.address), b"customer", b"time", name, None,
                )  # fmt: skip
            finally:
                assert stream.released == 1 and stream.moved
            self.rows = cam.cam_summary_builder_rows(builder)
            call(cam.cam_summary_builder_finish, builder, None, ctypes.byref(self.table))
        finally:
            cam.cam_summary_builder_free(builder)

    def __del__(self):
        cam.cam_table_free(self.table)

    def __len__(self):
        return cam.cam_table_rows(self.table)

    def column(self, name):
        values = (ctypes.c_double * len(self))()
        call(cam.cam_table_column, self.table, name.encode(), values, ctypes.c_size_t(len(self)))
        return list(values)

    def keys(self):
        if cam.cam_table_keys_kind(self.table) == 1:
            keys = (ctypes.c_int64 * len(self))()
            call(cam.cam_table_keys_int64, self.table, keys, ctypes.c_size_t(len(self)))
            return list(keys)
        size = cam.cam_table_keys_text_bytes(self.table)
        offsets, text = (ctypes.c_int64 * (len(self) + 1))(), ctypes.create_string_buffer(size)
        n = ctypes.c_size_t(len(self) + 1)
        call(cam.cam_table_keys_text, self.table, offsets, n, text, ctypes.c_size_t(size))
        return [text.raw[i:j].decode() for i, j in zip(offsets, offsets[1:])]

    def all(self):
        return [self.keys()] + [self.column(name) for name in ("frequency", "recency", "T")]


def cdnow():
    ids, days, amounts = [], [], []
    for line in (ROOT / "cam-core/testdata/CDNOW_sample.txt").read_text().splitlines():
        fields = line.split()
        if len(fields) >= 5:
            ids.append(int(fields[1]))
            days.append(datetime.datetime.strptime(fields[2], "%Y%m%d").date())
            amounts.append(float(fields[4]))
    return ids, days, amounts


IDS, DAYS, AMOUNTS = cdnow()
DATES = pa.array(DAYS, pa.date32())


@pytest.fixture(scope="module")
def plain():
    columns = {"customer": pa.array(IDS, pa.int64()), "time": DATES, "amount": AMOUNTS}
    return Summary(stream_of(columns), OPTIONS)


def test_the_cdnow_log_comes_in_whole(plain):
    assert (len(plain), plain.rows) == (2357, 6919)
    assert sum(plain.column("frequency")) == 2457
    assert sum(plain.column("frequency_holdout")) == 1882
    assert max(plain.column("T")) == 272 / 7
    assert plain.keys() == sorted(set(IDS))


@pytest.mark.parametrize(
    "time",
    [
        pytest.param(DATES.cast(pa.timestamp("s")), id="timestamp[s]"),
        pytest.param(DATES.cast(pa.timestamp("ms")), id="timestamp[ms]"),
        pytest.param(DATES.cast(pa.timestamp("us", "UTC")), id="timestamp[us, UTC]"),
        pytest.param(DATES.cast(pa.timestamp("ns")), id="timestamp[ns]"),
        pytest.param(DATES.cast(pa.date64()), id="date64"),
        pytest.param(pa.array([d.isoformat() for d in DAYS]), id="utf8"),
        pytest.param(pa.array([d.isoformat() for d in DAYS], pa.large_utf8()), id="large_utf8"),
        pytest.param(pa.array([d.isoformat() for d in DAYS], pa.string_view()), id="utf8_view"),
    ],
)
def test_every_type_of_time_gives_the_same_summary(plain, time):
    columns = {"customer": pa.array(IDS, pa.int32()), "time": time, "amount": pa.array(AMOUNTS)}
    assert Summary(stream_of(columns), OPTIONS).all() == plain.all()


@pytest.mark.parametrize("kind", [pa.int32(), pa.int64()], ids=str)
def test_whole_numbers_are_times_too(plain, kind):
    days = pa.array([(d - datetime.date(1970, 1, 1)).days for d in DAYS], kind)
    ends = {"unit": "W", "calibration_end": (datetime.date(1997, 9, 30) - datetime.date(1970, 1, 1)).days}
    assert Summary(stream_of({"customer": IDS, "time": days, "amount": AMOUNTS}), ends).all() == plain.all()


@pytest.mark.parametrize("kind", [pa.utf8(), pa.large_utf8(), pa.string_view()], ids=str)
def test_text_keys_sort_by_their_bytes(plain, kind):
    # Long ones too, which a view does not hold itself.
    texts = pa.array([f"customer no. {i:06d}" if i % 2 else f"{i:06d}" for i in IDS], kind)
    summary = Summary(stream_of({"customer": texts, "time": DATES, "amount": AMOUNTS}), OPTIONS)
    assert summary.keys() == sorted(set(texts.to_pylist()))
    assert sorted(summary.column("T")) == sorted(plain.column("T"))


def test_batches_and_slices_do_not_matter(plain):
    whole = {"customer": pa.array([9, 9, 9, *IDS]), "time": pa.array([DAYS[0]] * 3 + DAYS), "amount": [1.0] * 3 + AMOUNTS}
    # A slice keeps the buffers and moves the offset; a struct array sliced moves the offset of the parent.
    table = pa.table(whole)
    sliced = [table.slice(3, 1000), table.slice(1003, 1), table.slice(1004)]
    batches = [b for part in sliced for b in part.to_batches()]
    assert batches[1].column(0).offset > 0
    assert Summary(Counted(batches, table.schema), OPTIONS).all() == plain.all()
    assert Summary(stream_of({k: v[3:] for k, v in whole.items()}, cuts=(1, 1, 4000)), OPTIONS).all() == plain.all()


def test_without_amounts_there_is_no_spend():
    summary = Summary(stream_of({"customer": IDS, "time": DATES}), OPTIONS, amount=None)
    assert len(summary) == 2357
    with pytest.raises(CamError, match="monetary_value"):
        summary.column("monetary_value")


GOOD = {"customer": ["ann", "bob", "ann"], "time": [1.0, 2.0, 3.0], "amount": [5.0, 6.0, 7.0]}


@pytest.mark.parametrize(
    ("change", "status", "row", "message"),
    [
        ({"customer": ["ann", None, "ann"]}, 2, 1, "key is missing"),
        ({"customer": pa.array([1, 2, None], pa.int64())}, 2, 2, "key is missing"),
        ({"customer": ["ann", "", "ann"]}, 2, 1, "key is missing"),
        ({"time": [1.0, 2.0, None]}, 2, 2, "time is missing"),
        ({"time": pa.array([1, None, 2], pa.date32())}, 2, 1, "time is missing"),
        ({"time": pa.array([1, None, 2], pa.timestamp("ns"))}, 2, 1, "time is missing"),
        ({"time": ["1997-01-01", "1997-02-30", "1997-03-01"]}, 2, 1, "1997-02-30"),
        ({"time": ["1997-01-01", None, "1997-03-01"]}, 2, 1, "time is missing"),
        ({"amount": [5.0, None, 7.0]}, 2, 1, "amount is missing"),
        ({"amount": pa.array([5, 6, None], pa.int16())}, 2, 2, "amount is missing"),
        ({"amount": ["5", "6", "7"]}, 3, -1, "amount must hold numbers"),
        ({"customer": [1.5, 2.0, 1.5]}, 3, -1, "customer must hold integers or texts"),
        ({"customer": pa.array(["a", "b", "a"]).dictionary_encode()}, 3, -1, "dictionary"),
        ({"time": pa.array([1, 2, 3], pa.duration("s"))}, 3, -1, "time must hold"),
        ({"customer": pa.array([1, 2**63, 1], pa.uint64())}, 2, 1, "below 2\\^63"),
    ],
)
def test_bad_columns_are_named_with_their_row(change, status, row, message):
    for cuts in [(), (1,), (2,)]:
        with pytest.raises(CamError, match=message) as caught:
            Summary(stream_of(GOOD | change, cuts))
        assert (caught.value.status, caught.value.row) == (status, row)


def test_a_missing_column_is_named_beside_those_there():
    stream = stream_of({"client": ["ann"], "time": [1.0], "amount": [1.0]})
    with pytest.raises(CamError, match="customer.*there are: client, time, amount"):
        Summary(stream)


def test_an_error_of_the_producer_is_passed_on():
    schema = pa.schema([("customer", pa.int64()), ("time", pa.float64())])

    def batches():
        yield pa.record_batch({"customer": pa.array([1]), "time": pa.array([1.0])}, schema)
        raise OSError("the disk is gone")

    with pytest.raises(CamError, match="the disk is gone"):
        Summary(Counted(batches(), schema), amount=None)


def table_of(columns, unit=None, cuts=()):
    stream, table = stream_of(columns, cuts), ctypes.c_void_p()
    try:
        call(cam.cam_table_from_arrow, ctypes.c_void_p(stream.address), unit, ctypes.byref(table))
    finally:
        assert stream.released == 1 and stream.moved
    holder = Summary.__new__(Summary)
    holder.table = table
    return holder


def test_a_table_takes_the_numbers_and_leaves_the_rest():
    columns = {
        "frequency": pa.array([2, 0, None], pa.int32()),
        "name": ["ann", "bob", "cyd"],
        "recency": pa.array([30.5, 0, 3], pa.float32()),
        "T": [39.0, 38.0, None],
    }
    for cuts in [(), (1,), (1, 2)]:
        table = table_of(columns, b"W", cuts)
        assert table.column("recency") == [30.5, 0.0, 3.0]
        assert table.column("frequency")[:2] == [2.0, 0.0] and math.isnan(table.column("frequency")[2])
        assert table.column("T")[:2] == [39.0, 38.0] and math.isnan(table.column("T")[2])
        with pytest.raises(CamError, match="there are: frequency, recency, T"):
            table.column("name")


def test_a_table_from_arrow_meets_the_golden_values():
    with open(ROOT / "cam-core/testdata/golden_bg_pareto.csv", newline="") as file:
        lines = (line for line in file if not line.startswith("#"))
        rows = [r for r in csv.DictReader(lines) if (r["model"], r["set"]) == ("pn", "cdnow")]
    model, scores = ctypes.c_void_p(), (ctypes.c_double * len(rows))()
    parameters = (ctypes.c_double * 4)(*(float(rows[0][p]) for p in ("p1", "p2", "p3", "p4")))
    call(cam.cam_model_from_parameters, b"pareto_nbd", parameters, ctypes.c_size_t(4), None, ctypes.byref(model))
    names = {"frequency": "x", "recency": "t_x", "T": "T"}
    table = table_of({ours: [float(r[theirs]) for r in rows] for ours, theirs in names.items()}, cuts=(7, 100))
    call(cam.cam_model_score, model, b"probability_alive", table.table, None, scores, ctypes.c_size_t(len(rows)))
    cam.cam_model_free(model)
    assert list(scores) == pytest.approx([float(r["probability_alive"]) for r in rows], rel=1e-11, abs=1e-300)


def test_a_stream_without_numbers_or_rows_is_no_crash():
    with pytest.raises(CamError, match="no column of numbers"):
        table_of({"name": ["ann"]})
    assert len(table_of({"T": pa.array([], pa.float64())})) == 0
    with pytest.raises(CamError, match="no rows"):
        Summary(stream_of({k: pa.array(v)[:0] for k, v in GOOD.items()}))
