"""Pictures of logs and summaries: what is drawn is what is there, reckoned another way."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from cam import errors, plotting

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

END = "1997-09-30"
KINDS = {
    "polars": pl.from_pandas,
    "pyarrow": lambda frame: pa.Table.from_pandas(frame, preserve_index=False),
    "numpy": lambda frame: {name: frame[name].to_numpy() for name in frame},
}


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def days(log):
    """Each customer's days of purchase, by pandas."""
    bought = log[["customer_id", "date"]].drop_duplicates().sort_values(["customer_id", "date"])
    return bought.reset_index(drop=True)


@pytest.fixture(scope="module")
def gaps(days):
    """The days between purchases, by pandas, with the customer as index."""
    found = days.set_index("customer_id").groupby(level=0)["date"].diff().dropna()
    return found.dt.days


def stairs(ax):
    return [patch.get_data() for patch in ax.patches if hasattr(patch, "get_data")]


def drawn(ax):
    """All numbers of a picture."""
    lines = [np.asarray(line.get_xydata(), dtype=float).ravel() for line in ax.lines]
    steps = [part for patch in stairs(ax) for part in (patch.values, patch.edges)]
    dots = [np.asarray(c.get_offsets(), dtype=float).ravel() for c in ax.collections]
    segments = [np.concatenate(c.get_segments()).ravel() for c in ax.collections if hasattr(c, "get_segments")]
    return np.concatenate([*lines, *steps, *dots, *segments])


def test_times_between_purchases_are_those_of_the_log(log, gaps):
    pooled, own = stairs(plotting.plot_interpurchase_times(log, unit="W"))
    means = gaps.groupby(level=0).mean()
    for patch, values in ((pooled, gaps), (own, means)):
        # Bars are whole days wide, and begin between two days.
        edges = patch.edges * 7
        np.testing.assert_allclose(edges - 0.5, np.round(edges - 0.5), atol=1e-9)
        count = np.histogram(values, bins=np.round(edges - 0.5) + 0.5)[0]
        np.testing.assert_allclose(patch.values * np.diff(patch.edges) * len(values), count, atol=1e-9)
    assert (gaps <= pooled.edges[-1] * 7).mean() >= 0.99
    # Days or weeks, the shares are the same.
    by_day = stairs(plotting.plot_interpurchase_times(log, unit="D"))[0]
    np.testing.assert_allclose(by_day.values * 7, pooled.values)


def test_the_legend_tells_the_two_means_of_the_times_between_purchases(log, gaps):
    said = [text.get_text() for text in plotting.plot_interpurchase_times(log, unit="D").get_legend().get_texts()]
    means = gaps.groupby(level=0).mean()
    assert said == [
        f"{len(gaps):,} intervals, mean {gaps.mean():.3g} days",
        f"{len(means):,} customers, mean of their means {means.mean():.3g} days",
    ]


def dots(ax):
    """The purchases drawn: of each kind the rows and the days."""
    found = {c.get_label(): np.asarray(c.get_offsets()) for c in ax.collections if len(c.get_offsets()) > 0}
    return {name: at for name, at in found.items() if not name.startswith("_")}


def test_every_purchase_of_the_customers_drawn_is_a_dot_on_their_line(log, days):
    keys = [509, 3, 1516]
    ax = plotting.plot_timing(log, keys=keys, calibration_end=END)
    rows = [int(label.get_text()) for label in ax.get_yticklabels()]
    first = days.groupby("customer_id")["date"].min()
    assert rows == sorted(keys, key=lambda key: first[key])
    for row, key in enumerate(rows):
        mine = days.loc[days["customer_id"] == key, "date"]
        repeat = mine.iloc[1:]
        for name, expected in (
            ("first purchase", mine.iloc[:1]),
            ("repeat purchase in the calibration", repeat[repeat <= END]),
            ("in the holdout", repeat[repeat > END]),
        ):
            at = dots(ax)[name]
            day = matplotlib.dates.num2date(at[at[:, 1] == row, 0])
            assert [moment.date() for moment in day] == list(expected.dt.date)


def test_the_lot_falls_on_the_same_customers_whatever_the_order_of_the_rows(log):
    one = dots(plotting.plot_timing(log, n=30, seed=5))
    other = dots(plotting.plot_timing(log.sample(frac=1, random_state=1), n=30, seed=5))
    assert one.keys() == other.keys()
    for name, at in one.items():
        np.testing.assert_array_equal(at, other[name])
    again = dots(plotting.plot_timing(log, n=30, seed=6))
    assert not np.array_equal(one["first purchase"], again["first purchase"])
    assert len(one["first purchase"]) == 30


def test_of_fewer_customers_all_are_drawn(log, days):
    few = log[log["customer_id"] <= 12]
    ax = plotting.plot_timing(few, n=40)
    assert sum(map(len, dots(ax).values())) == (days["customer_id"] <= 12).sum()
    assert ax.get_title(loc="left") == "When 12 of 12 customers bought"


def test_regularity_is_drawn_from_the_last_two_intervals_of_each_customer(log, gaps):
    ax = plotting.plot_regularity(log, bins=10)
    last = gaps.groupby(level=0).tail(2)
    last = last[last.groupby(level=0).transform("size") == 2]
    one, two = last.to_numpy(dtype=float).reshape(-1, 2).T
    share = one / (one + two)
    (bars,) = stairs(ax)
    np.testing.assert_allclose(bars.values / 10 * len(share), np.histogram(share, bins=10, range=(0, 1))[0], atol=1e-9)
    # Wheat and Morrison's estimate by their formula, the middle being known to be a half.
    variance = ((share - 0.5) ** 2).mean()
    k = (1 - 4 * variance) / (8 * variance)
    assert f"k = {k:.3f} ±" in ax.get_title(loc="left")
    assert f"from {len(share)} customers" in ax.get_title(loc="left")
    # The law drawn has the variance of the shares.
    m, density = ax.lines[-1].get_data()
    assert np.trapezoid(density, m) == pytest.approx(1, abs=0.02)
    assert np.trapezoid(density * (m - 0.5) ** 2, m) == pytest.approx(variance, rel=0.04)


def test_purchases_every_other_of_which_is_seen_are_drawn_as_regular():
    rng = np.random.default_rng(4)
    rows = [np.cumsum(rng.gamma(2.0, 50.0, size=4)) for _ in range(4000)]
    log = {"customer_id": np.repeat(np.arange(4000), 4), "date": np.floor(np.concatenate(rows))}
    ax = plotting.plot_regularity(log)
    (bars,) = stairs(ax)
    middle = (bars.edges[:-1] + bars.edges[1:]) / 2
    # Beta(2, 2).
    np.testing.assert_allclose(bars.values, 6 * middle * (1 - middle), atol=0.2)


def segments(ax):
    """The lines drawn: until the last purchase, and from there until now; by place from the bottom."""
    silent, active = (np.array(c.get_segments()) for c in ax.collections[:2])
    return active, silent


def test_lines_of_recency_and_age_are_those_of_customers_in_order(summary):
    few = summary.iloc[:50]
    active, silent = segments(plotting.plot_exposure(few, n=50))
    ordered = few.sort_values(["recency", "T"])
    np.testing.assert_array_equal(active[:, :, 0], np.column_stack([np.zeros(50), ordered["recency"]]))
    np.testing.assert_array_equal(silent[:, :, 0], ordered[["recency", "T"]])


def test_fewer_lines_than_customers_are_spread_over_all(summary):
    active, silent = segments(plotting.plot_exposure(summary, n=100))
    assert len(active) == 100
    # The median line is about the median customer, and so elsewhere.
    for share in (0.65, 0.8, 0.95):
        assert active[int(100 * share), 1, 0] == pytest.approx(summary["recency"].quantile(share), abs=0.7)
    assert silent[:, 1, 0].mean() == pytest.approx(summary["T"].mean(), rel=0.01)


def test_a_weight_is_so_many_customers(summary):
    few = summary.iloc[:60]
    twice = pd.concat([few, few.iloc[:20]])
    weighted = few.assign(weight=np.where(np.arange(60) < 20, 2.0, 1.0))
    one, other = plotting.plot_exposure(twice), plotting.plot_exposure(weighted)
    np.testing.assert_array_equal(drawn(one), drawn(other))
    assert one.get_title(loc="left") == other.get_title(loc="left") == "Recency and age of 80 customers"


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_frame_is_drawn_alike(kind, log, summary):
    same, customers = KINDS[kind](log), KINDS[kind](summary.reset_index())
    for draw, mine, theirs in (
        (plotting.plot_interpurchase_times, log, same),
        (plotting.plot_timing, log, same),
        (plotting.plot_regularity, log, same),
        (plotting.plot_exposure, summary, customers),
    ):
        np.testing.assert_array_equal(drawn(draw(mine)), drawn(draw(theirs)))


def test_keys_may_be_texts_and_times_numbers_of_days(log):
    day = (log["date"] - log["date"].min()).dt.days
    other = pd.DataFrame({"who": log["customer_id"].map("c{:04d}".format), "when": day.astype(float) + 0.25})
    columns = {"customer": "who", "time": "when"}
    for draw in (plotting.plot_interpurchase_times, plotting.plot_regularity):
        np.testing.assert_allclose(drawn(draw(other, **columns)), drawn(draw(log)), rtol=1e-12)
    ax = plotting.plot_timing(other, keys=["c0509"], calibration_end=200, **columns)
    assert ax.get_xlabel() == "days"
    assert dots(ax)["first purchase"][0, 0] == day[log["customer_id"] == 509].min()


def test_what_comes_after_the_end_of_observation_is_left_out(log):
    before = log[log["date"] <= END]
    for draw in (plotting.plot_interpurchase_times, plotting.plot_regularity, plotting.plot_timing):
        np.testing.assert_array_equal(drawn(draw(log, observation_end=END)), drawn(draw(before, observation_end=END)))


ONCE = {"customer_id": [1, 2], "date": ["1997-01-01", "1997-01-02"]}
NO_TIME = {"customer_id": [1, 2], "date": ["1997-01-01", "soon"]}
TABLE = {"frequency": [0.0, 1.0], "recency": [0.0, 5.0], "T": [9.0, 9.0]}

# what is wrong, the call, the exception, its row, its field
REFUSED = [
    ("nobody twice", lambda: plotting.plot_interpurchase_times(ONCE), errors.NotEnoughDataError, None, None),
    ("nobody thrice", lambda: plotting.plot_regularity(ONCE), errors.NotEnoughDataError, None, None),
    ("no rows", lambda: plotting.plot_timing({"customer_id": np.zeros(0, int), "date": np.zeros(0, "datetime64[D]")}),
     errors.NotEnoughDataError, None, None),
    ("a time in words", lambda: plotting.plot_timing(NO_TIME), errors.InvalidDataError, 1, "time"),
    ("no column of times", lambda: plotting.plot_timing(ONCE, time="day"), errors.InvalidShapeError, None, "day"),
    ("no bars", lambda: plotting.plot_interpurchase_times(ONCE, bins=0), errors.InvalidParameterError, None, "bins"),
    ("no unit", lambda: plotting.plot_interpurchase_times(ONCE, unit="fortnight"), errors.UnknownNameError, None, "unit"),
    ("half a bar", lambda: plotting.plot_regularity(ONCE, bins=0.5), errors.InvalidParameterError, None, "bins"),
    ("no customers", lambda: plotting.plot_timing(ONCE, n=0), errors.InvalidParameterError, None, "n"),
    ("no seed", lambda: plotting.plot_timing(ONCE, seed=-1), errors.InvalidParameterError, None, "seed"),
    ("a customer who is not there", lambda: plotting.plot_timing(ONCE, keys=[1, 3]),
     errors.InvalidDataError, None, "customer_id"),
    ("a key that is a list", lambda: plotting.plot_timing(ONCE, keys=[[1]]), errors.InvalidDataError, None, "customer_id"),
    ("keys in a word", lambda: plotting.plot_timing(ONCE, keys="1"), errors.InvalidParameterError, None, "keys"),
    ("none of them", lambda: plotting.plot_timing(ONCE, keys=[]), errors.NotEnoughDataError, None, None),
    ("an end before all", lambda: plotting.plot_timing(ONCE, observation_end="1996-01-01"),
     errors.InvalidParameterError, None, "observation_end"),
    ("a number among dates", lambda: plotting.plot_timing(ONCE, calibration_end=3),
     errors.InvalidParameterError, None, "calibration_end"),
    ("no lines", lambda: plotting.plot_exposure(TABLE, n=0), errors.InvalidParameterError, None, "n"),
    ("nobody", lambda: plotting.plot_exposure({name: [] for name in TABLE}), errors.NotEnoughDataError, None, None),
    ("a NaN", lambda: plotting.plot_exposure({**TABLE, "T": [9.0, np.nan]}), errors.InvalidDataError, 1, "T"),
    ("bought after now", lambda: plotting.plot_exposure({**TABLE, "T": [9.0, 4.0]}), errors.InvalidDataError, 1, "recency"),
    ("no age", lambda: plotting.plot_exposure({"recency": [1.0]}), errors.InvalidShapeError, None, "T"),
    ("a negative weight", lambda: plotting.plot_exposure({**TABLE, "weight": [1.0, -1.0]}),
     errors.InvalidDataError, 1, "weight"),
    ("nobody by weight", lambda: plotting.plot_exposure({**TABLE, "weight": [0.0, 0.0]}),
     errors.NotEnoughDataError, None, None),
]  # fmt: skip


@pytest.mark.parametrize(("draw", "error", "row", "field"), [c[1:] for c in REFUSED], ids=[c[0] for c in REFUSED])
def test_what_cannot_be_drawn_is_refused_by_name(draw, error, row, field):
    with pytest.raises(error) as caught:
        draw()
    assert (caught.value.row, caught.value.field) == (row, field)


def test_recency_and_age_are_told_in_their_unit(summary):
    assert plotting.plot_exposure(summary).get_xlabel() == "weeks since the first purchase"
    bare = {name: summary[name].to_numpy() for name in summary}
    assert plotting.plot_exposure(bare).get_xlabel() == "units of time since the first purchase"
    assert plotting.plot_exposure(bare, unit="10 days").get_xlabel() == "units of 10 days since the first purchase"
    with pytest.raises(errors.InvalidParameterError, match="unit"):
        plotting.plot_exposure(summary, unit="D")
