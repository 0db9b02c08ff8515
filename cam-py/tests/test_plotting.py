"""Pictures: each is drawn on the axes given, from the numbers it says, and changes no setting."""

import numpy as np
import pytest

import cam
from cam import plotting

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
    "history": lambda f, ax: plotting.plot_history(f("bg"), f("log"), 509, ax=ax),
    "calibration_holdout": lambda f, ax: plotting.plot_calibration_holdout(f("bg"), f("split"), ax=ax),
    "tracking": lambda f, ax: plotting.plot_tracking(f("bg"), f("log"), calibration_end=END, ax=ax),
    "tracking by step": lambda f, ax: plotting.plot_tracking(f("pareto"), f("log"), cumulative=False, ax=ax),
    "frequency": lambda f, ax: plotting.plot_frequency(f("pareto"), f("summary"), ax=ax),
    "spend_density": lambda f, ax: plotting.plot_spend_density(f("gg"), f("summary"), ax=ax),
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


def test_the_density_of_spend_is_one(gg, summary):
    ax = plotting.plot_spend_density(gg, summary)
    z, density = ax.lines[0].get_data()
    assert 0.9 < np.trapezoid(density, z) < 1
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
