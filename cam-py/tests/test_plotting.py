"""Pictures: each is drawn on the axes given, from the numbers it says, and changes no setting."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

import cam
from cam import errors, plotting

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

END = "1997-09-30"


@pytest.fixture(scope="module")
def split(log):
    return cam.split(log, amount="amount", calibration_end=END)


PICTURES = {
    "probability_alive_matrix": lambda f, ax: plotting.plot_probability_alive_matrix(f("bg"), 39, ax=ax),
    "expected_purchases_matrix": lambda f, ax: plotting.plot_expected_purchases_matrix(f("pareto"), 39, 52, ax=ax),
    "discounted_purchases_matrix": lambda f, ax: plotting.plot_discounted_purchases_matrix(f("bg"), 39, 0.0027, ax=ax),
    "history": lambda f, ax: plotting.plot_history(f("bg"), f("log"), 509, ax=ax),
    "calibration_holdout": lambda f, ax: plotting.plot_calibration_holdout(f("bg"), f("split"), ax=ax),
    "tracking": lambda f, ax: plotting.plot_tracking(f("bg"), f("log"), calibration_end=END, ax=ax),
    "tracking by step": lambda f, ax: plotting.plot_tracking(f("pareto"), f("log"), cumulative=False, ax=ax),
    "frequency": lambda f, ax: plotting.plot_frequency(f("pareto"), f("summary"), ax=ax),
    "heterogeneity": lambda f, ax: plotting.plot_heterogeneity(f("bg"), ax=ax),
    "heterogeneity of leaving": lambda f, ax: plotting.plot_heterogeneity(f("bg"), "lifetime", ax=ax),
    "spend_density": lambda f, ax: plotting.plot_spend_density(f("gg"), f("summary"), ax=ax),
    "recency": lambda f, ax: plotting.plot_recency(f("pareto"), f("split"), ax=ax),
    "interpurchase_times": lambda f, ax: plotting.plot_interpurchase_times(f("log"), ax=ax),
    "timing": lambda f, ax: plotting.plot_timing(f("log"), calibration_end=END, ax=ax),
    "regularity": lambda f, ax: plotting.plot_regularity(f("log"), ax=ax),
    "exposure": lambda f, ax: plotting.plot_exposure(f("summary"), ax=ax),
    "likelihood_contours": lambda f, ax: plotting.plot_likelihood_contours(f("bg"), f("summary"), "a", "b", ax=ax),
    "posterior_predictive": lambda f, ax: plotting.plot_posterior_predictive(f("bg"), f("summary"), draws=20, ax=ax),
}


@pytest.mark.parametrize("draw", PICTURES.values(), ids=PICTURES)
def test_a_picture_is_drawn_on_the_axes_given_and_named(draw, request):
    before = dict(matplotlib.rcParams)
    figure, ax = plt.subplots()
    assert draw(request.getfixturevalue, ax) is ax
    figure.canvas.draw()
    assert ax.get_title(loc="left")
    assert ax.get_ylabel()
    alone = draw(request.getfixturevalue, None)
    assert alone is not ax
    assert dict(matplotlib.rcParams) == before
    plt.close("all")


def test_every_plot_function_is_tried_above():
    tried = {name.split(" ")[0] for name in PICTURES}
    assert {f"plot_{name}" for name in tried} == set(plotting.__all__)


def test_expected_frequencies_add_up_to_the_customers(bg, summary):
    ax = plotting.plot_frequency(bg, summary)
    actual, expected = ([bar.get_height() for bar in bars] for bars in ax.containers)
    assert sum(actual) == 2357
    assert sum(expected) == pytest.approx(2357)
    assert expected[0] == pytest.approx(actual[0], rel=0.02)
    plt.close("all")


def test_the_expected_total_at_the_end_is_that_of_all_customers(bg, log):
    ax = plotting.plot_tracking(bg, log)
    actual, expected = (line.get_ydata()[-1] for line in ax.lines[:2])
    summary = cam.summarize(log, unit="W")
    assert actual == summary["frequency"].sum()
    ages, born = np.unique(summary["T"], return_counts=True)
    # The last step ends with the last day; an age is counted to its start.
    assert expected == pytest.approx(bg.expected_purchases_new_customer(ages) @ born, rel=0.005)
    plt.close("all")


def test_the_density_of_rates_is_one_and_has_their_mean(pareto):
    model = cam.ParetoNbd.from_params(r=3.0, alpha=6.0, s=4.0, beta=40.0, unit="W")
    for process, mean in (("purchase", 0.5), ("lifetime", 0.1)):
        curve, line = plotting.plot_heterogeneity(model, process).lines
        x, density = curve.get_data()
        assert np.trapezoid(density, x) == pytest.approx(1, abs=0.01)
        assert line.get_xdata()[0] == pytest.approx(mean)
    with pytest.raises(errors.UnknownNameError, match="there are: purchase, lifetime"):
        plotting.plot_heterogeneity(pareto, "spend")
    with pytest.raises(errors.InvalidParameterError, match="no gamma or beta distribution for lifetime"):
        plotting.plot_heterogeneity(cam.Nbd.from_params(r=1, alpha=2), "lifetime")
    plt.close("all")


def test_the_density_of_spend_is_one(gg, summary):
    ax = plotting.plot_spend_density(gg, summary)
    z, density = ax.lines[0].get_data()
    assert 0.9 < np.trapezoid(density, z) < 1
    plt.close("all")


@pytest.mark.parametrize("draw", ["calibration_holdout", "frequency", "spend_density"])
def test_a_weight_of_two_is_drawn_as_the_row_twice(draw, bg, gg, split):
    some = split.iloc[:400]
    twice = pd.concat([some, some.iloc[:100]])
    weighted = some.assign(weight=np.where(np.arange(400) < 100, 2.0, 1.0))
    model = gg if draw == "spend_density" else bg
    drawn = []
    for frame in (twice, weighted):
        ax = (
            getattr(plotting, f"plot_{draw}")(model, frame, unit="W")
            if model is bg
            else plotting.plot_spend_density(model, frame)
        )
        heights = [bar.get_height() for bars in ax.containers for bar in bars]
        stairs = [patch.get_data().values for patch in ax.patches if hasattr(patch, "get_data")]
        drawn.append(np.concatenate([heights, *stairs, *(line.get_ydata() for line in ax.lines)]).astype(float))
    np.testing.assert_allclose(drawn[0], drawn[1], rtol=1e-12)
    plt.close("all")


def test_a_model_without_a_unit_cannot_be_set_beside_dates(log):
    model = cam.BgNbd.from_params(r=0.243, alpha=4.414, a=0.793, b=2.426)
    with pytest.raises(cam.errors.InvalidParameterError, match="unit"):
        plotting.plot_history(model, log, 1)


def test_a_model_of_another_kind_is_refused_before_the_data_are_read(bg, gg):
    for draw in (
        lambda: plotting.plot_spend_density(bg, {}),
        lambda: plotting.plot_frequency(gg, {}),
        lambda: plotting.plot_calibration_holdout(gg, {}),
        lambda: plotting.plot_tracking(gg, {}),
        lambda: plotting.plot_history(gg, {}, 1),
        lambda: plotting.plot_probability_alive_matrix(gg, T=39),
    ):
        with pytest.raises(cam.errors.InvalidParameterError, match="this picture is of a model of"):
            draw()


def test_a_customer_who_is_not_there_is_named(bg, log):
    with pytest.raises(cam.errors.InvalidDataError, match="no customer 99999"):
        plotting.plot_history(bg, log, 99999)


DEAD = {"frequency": [0.0, 0.0], "recency": [0.0, 0.0], "T": [38.0, 20.0], "monetary_value": [0.0, 0.0]}
GAPS = {"frequency": [1.0, np.nan], "recency": [5.0, 0.0], "T": [38.0, 20.0], "monetary_value": [9.0, np.nan]}

# what is wrong, the call, the exception, its row, its field
REFUSED = [
    ("an end before the customer", lambda f: plotting.plot_history(f("bg"), f("log"), 509, observation_end="1996-01-01"),
     errors.InvalidParameterError, None, "observation_end"),
    ("an end that is no moment", lambda f: plotting.plot_history(f("bg"), f("log"), 509, observation_end="soon"),
     errors.InvalidDataError, None, "observation_end"),
    ("an end that is a number", lambda f: plotting.plot_history(f("bg"), f("log"), 509, observation_end=3),
     errors.InvalidParameterError, None, "observation_end"),
    ("nobody who spent", lambda f: plotting.plot_spend_density(f("gg"), DEAD), errors.NotEnoughDataError, None, None),
    ("a NaN for a spender", lambda f: plotting.plot_spend_density(f("gg"), GAPS), errors.InvalidDataError, 1, "frequency"),
    ("an empty split", lambda f: plotting.plot_calibration_holdout(f("bg"), f("split").iloc[:0]),
     errors.NotEnoughDataError, None, None),
    ("an empty summary", lambda f: plotting.plot_frequency(f("bg"), f("summary").iloc[:0]),
     errors.NotEnoughDataError, None, None),
    ("a NaN for a frequency", lambda f: plotting.plot_frequency(f("bg"), GAPS), errors.InvalidDataError, 1, "frequency"),
    ("a NaN for an age", lambda f: plotting.plot_frequency(f("bg"), {**DEAD, "T": [38.0, np.nan]}),
     errors.InvalidDataError, 1, "T"),
    ("a negative frequency", lambda f: plotting.plot_frequency(f("bg"), {**DEAD, "frequency": [0, -1]}),
     errors.InvalidDataError, 1, "frequency"),
    ("no bars", lambda f: plotting.plot_frequency(f("bg"), f("summary"), max_frequency=-1),
     errors.InvalidParameterError, None, "max_frequency"),
    ("half a bar", lambda f: plotting.plot_spend_density(f("gg"), f("summary"), bins=0.5),
     errors.InvalidParameterError, None, "bins"),
    ("an age in words", lambda f: plotting.plot_probability_alive_matrix(f("bg"), T="x"),
     errors.InvalidParameterError, None, "T"),
    ("an age of 0", lambda f: plotting.plot_probability_alive_matrix(f("bg"), T=0), errors.InvalidParameterError, None, "T"),
    ("a horizon in words", lambda f: plotting.plot_expected_purchases_matrix(f("bg"), 39, "x"),
     errors.InvalidParameterError, None, "horizon"),
    ("days for weeks", lambda f: plotting.plot_frequency(f("bg"), cam.summarize(f("log"), unit="D")),
     errors.InvalidParameterError, None, "unit"),
    ("a unit against that of the frame", lambda f: plotting.plot_frequency(f("bg"), f("summary"), unit="D"),
     errors.InvalidParameterError, None, "unit"),
]  # fmt: skip


@pytest.mark.parametrize(("draw", "error", "row", "field"), [c[1:] for c in REFUSED], ids=[c[0] for c in REFUSED])
def test_what_cannot_be_drawn_is_refused_by_name(draw, error, row, field, request):
    with pytest.raises(error) as caught:
        draw(request.getfixturevalue)
    assert (caught.value.row, caught.value.field) == (row, field)
    plt.close("all")


def test_a_frame_that_does_not_say_its_unit_is_drawn_with_a_warning_or_with_the_unit(bg, summary):
    bare = summary.copy()
    bare.attrs.clear()
    with pytest.warns(cam.UnitWarning, match="pass unit='week'"):
        plotting.plot_frequency(bg, bare)
    plotting.plot_frequency(bg, bare, unit="W")
    plt.close("all")


def test_a_time_zone_is_taken_off_a_moment_as_it_is_of_a_log(bg, log):
    """Midnight in Auckland is noon of the day before in UTC: the line stands on the day of the clock on the wall."""
    zone = dt.timezone(dt.timedelta(hours=12))
    for moment in (
        dt.datetime(1997, 9, 30, tzinfo=zone),
        pd.Timestamp("1997-09-30", tz=zone),
        "1997-09-30T00:00+12:00",
    ):
        ax = plotting.plot_tracking(bg, log, calibration_end=moment)
        line = ax.lines[2].get_xdata()[0]
        assert line == np.datetime64("1997-09-30")
    plt.close("all")


def test_a_length_is_told_in_four_digits(bg, split):
    uneven = split.assign(duration_holdout=38.714285714)
    assert "38.71 weeks" in plotting.plot_calibration_holdout(bg, uneven).get_title(loc="left")
    plt.close("all")


def test_discrete_time_is_drawn_by_the_opportunity():
    donors = cam.datasets.load_donations("pandas")
    model = cam.BgBb().fit(donors)
    image = plotting.plot_probability_alive_matrix(model, T=6, max_frequency=6).images[0]
    assert image.get_array().shape == (6, 6)
    # Nobody bought thrice at two opportunities.
    assert np.isnan(image.get_array().filled(np.nan)[2, 1])
    bars = plotting.plot_frequency(model, donors, max_frequency=6).patches
    assert [bar.get_height() for bar in bars[:7]] == [3464, 1823, 1430, 1085, 1036, 1063, 1203]
    assert bars[7].get_height() == pytest.approx(3454.9, abs=0.1)
    for draw in (lambda: plotting.plot_tracking(model, {}), lambda: plotting.plot_history(model, {}, 1)):
        with pytest.raises(cam.errors.InvalidParameterError, match="continuous time"):
            draw()
    plt.close("all")
