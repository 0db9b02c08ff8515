"""Pictures of how sure a model is and how well it does: what is drawn is what the model says, reckoned another way."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

import cam
from cam import errors, plotting

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

END = "1997-09-30"
# By how much the log-likelihood falls to the end of a region: half of a quantile of χ² with 2 degrees of freedom, by tables.
FALLS = {0.5: 1.3862943611198906 / 2, 0.95: 5.991464547107979 / 2, 0.99: 9.210340371976184 / 2}


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def split(log):
    return cam.split(log, amount="amount", calibration_end=END)


@pytest.fixture(scope="module")
def sampled(summary):
    return cam.BgNbd().fit(summary, method="nuts", draws=400, warmup=300, chains=2, seed=3)


# Contours.


def outline(ax, level):
    """The line around a region: a closed line of points."""
    lines = [c for c in ax.collections if getattr(c, "filled", None) is False]
    (line,) = (c for c in lines if list(c.levels) == [pytest.approx(FALLS[level])])
    (path,) = line.get_paths()
    return path.vertices


@pytest.mark.parametrize(
    ("name", "x", "y"), [("bg", "a", "b"), ("pareto", "s", "beta"), ("pareto", "r", "s"), ("gg", "p", "v")]
)
def test_on_the_line_around_a_region_the_likelihood_has_fallen_by_half_a_quantile(name, x, y, summary, request):
    model = request.getfixturevalue(name)
    ax = plotting.plot_likelihood_contours(model, summary, x, y)
    for level in (0.95, 0.5):
        line = outline(ax, level)
        # Closed: the limits hold all of it.
        np.testing.assert_allclose(line[0], line[-1], rtol=1e-12)
        for a, b in line[:: max(1, len(line) // 12)]:
            there = type(model).from_params(**{**model.params_, x: a, y: b}, unit=model.unit_)
            fall = model.log_likelihood_ - there.log_likelihood(summary).sum()
            assert fall == pytest.approx(FALLS[level], abs=0.02)


def test_the_estimate_is_marked_within_the_regions_and_the_axes_have_units(pareto, summary):
    ax = plotting.plot_likelihood_contours(pareto, summary, "s", "beta")
    cross = ax.lines[-1]
    assert cross.get_label() == "estimate"
    assert cross.get_xydata().tolist() == [[pareto.params_["s"], pareto.params_["beta"]]]
    for level in (0.95, 0.5):
        assert matplotlib.path.Path(outline(ax, level)).contains_point(cross.get_xydata()[0])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("s", "beta (weeks)")
    assert f"{pareto.log_likelihood_:,.1f} at the top" in ax.get_title(loc="left")


def test_a_weight_of_two_is_the_row_twice(bg, summary):
    some = summary.iloc[:300]
    twice = pd.concat([some, some.iloc[:100]])
    weighted = some.assign(weight=np.where(np.arange(300) < 100, 2.0, 1.0))
    lines = [outline(plotting.plot_likelihood_contours(bg, f, "a", "b", unit="W"), 0.95) for f in (twice, weighted)]
    np.testing.assert_allclose(lines[0], lines[1], rtol=1e-9)


def test_limits_and_levels_may_be_given_and_a_model_of_given_parameters_needs_limits(bg, summary):
    limits = {"x_limits": (0.4, 1.6), "y_limits": (1.0, 6.0)}
    ax = plotting.plot_likelihood_contours(bg, summary, "a", "b", levels=[0.99], **limits)
    assert (ax.get_xlim(), ax.get_ylim()) == (pytest.approx((0.4, 1.6)), pytest.approx((1.0, 6.0)))
    a, b = outline(ax, 0.99)[7]
    there = cam.BgNbd.from_params(**{**bg.params_, "a": a, "b": b}).log_likelihood(dict(summary)).sum()
    assert bg.log_likelihood_ - there == pytest.approx(FALLS[0.99], abs=0.02)
    given = cam.BgNbd.from_params(**bg.params_, unit="W")
    again = plotting.plot_likelihood_contours(given, summary, "a", "b", levels=[0.99], **limits)
    np.testing.assert_allclose(outline(again, 0.99), outline(ax, 0.99))
    with pytest.raises(errors.InvalidParameterError, match="pass x_limits and y_limits"):
        plotting.plot_likelihood_contours(given, summary, "a", "b")


def test_coefficients_of_covariates_have_contours(summary):
    told = summary.assign(z=np.arange(len(summary)) % 2, w=np.arange(len(summary)) % 3)
    model = cam.ParetoNbd(purchase_covariates=["z", "w"]).fit(told)
    ax = plotting.plot_likelihood_contours(model, told, "purchase:z", "purchase:w")
    # Of a coefficient that hardly matters the likelihood is a parabola: the region is an ellipse about the estimate.
    line, errors_of = outline(ax, 0.95), model.standard_errors_
    centre = line.min(axis=0) / 2 + line.max(axis=0) / 2
    for i, name in enumerate(("purchase:z", "purchase:w")):
        assert centre[i] == pytest.approx(model.params_[name], abs=0.1 * errors_of[name])
        # As the others are held, it is no wider than it is by their covariance.
        assert np.ptp(line[:, i]) < 1.05 * 2 * np.sqrt(2 * FALLS[0.95]) * errors_of[name]


def test_the_top_of_a_posterior_is_that_of_the_likelihood(sampled, bg, summary):
    ax = plotting.plot_likelihood_contours(sampled, summary, "r", "alpha")
    top = float(ax.get_title(loc="left").split(": ")[1].split(" ")[0].replace(",", ""))
    assert sampled.log_likelihood(summary).sum() - 0.05 <= top <= bg.log_likelihood_ + 0.05


# Holdouts.


def test_purchases_by_recency_are_means_of_the_customers_in_each_part(pareto, split):
    ax = plotting.plot_recency(pareto, split, bins=6)
    longest = split["recency"].max()
    part = pd.cut(split["recency"], np.linspace(0, longest, 7)).cat.codes.where(split["frequency"] > 0, -1)
    expected = pareto.expected_purchases(split, horizon=split["duration_holdout"].iloc[0])
    by_part = split.assign(expected=expected).groupby(part)[["recency", "frequency_holdout", "expected"]].mean()
    for line, name in zip(ax.lines, ("frequency_holdout", "expected"), strict=True):
        np.testing.assert_allclose(line.get_xdata(), by_part["recency"])
        np.testing.assert_allclose(line.get_ydata(), by_part[name])
    assert "(weeks)" in ax.get_xlabel()


def test_opportunities_are_counted_whole():
    donors = cam.datasets.load_donations("pandas")
    split = donors.assign(frequency_holdout=donors["frequency"] % 2, duration_holdout=5.0)
    ax = plotting.plot_recency(cam.BgBb().fit(donors), split, bins=6)
    assert ax.lines[0].get_xdata().tolist() == [0, 1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("draw", ["recency", "posterior_predictive"])
def test_a_weight_of_two_is_drawn_as_the_row_twice(draw, bg, split):
    some = split.iloc[:400]
    twice = pd.concat([some.iloc[:100].loc[lambda f: f.index.repeat(2)], some.iloc[100:]])
    weighted = some.assign(weight=np.where(np.arange(400) < 100, 2.0, 1.0))
    picture = getattr(plotting, f"plot_{draw}")
    one, other = picture(bg, twice, unit="W"), picture(bg, weighted, unit="W")
    for mine, theirs in zip(one.lines, other.lines, strict=True):
        np.testing.assert_allclose(mine.get_xydata(), theirs.get_xydata(), rtol=1e-12)


# Predictive checks.


def checked(ax):
    """The bars, and of the draws the means and both ends."""
    bars = [bar.get_height() for bar in ax.containers[0]]
    means, _, (stems,) = ax.containers[1]
    return np.array(bars), means.get_ydata(), np.array([stem[:, 1] for stem in stems.get_segments()]).T


def test_with_parameters_that_are_given_the_bars_of_error_are_those_of_chance(pareto, summary):
    model = cam.ParetoNbd.from_params(**pareto.params_, unit="W")
    actual, mean, ends = checked(plotting.plot_posterior_predictive(model, summary, draws=1000, max_frequency=4))
    count = summary["frequency"].clip(upper=4).value_counts().sort_index()
    np.testing.assert_array_equal(actual, count)
    ages, born = np.unique(summary["T"], return_counts=True)
    probability = np.array([model.purchase_probability(np.arange(4), age) for age in ages])
    expected = born @ probability
    # Customers are independent of each other: the variance of how many is the sum of p (1 - p).
    error = np.sqrt(born @ (probability * (1 - probability)))
    np.testing.assert_allclose(mean[:4], expected, atol=5 * error.max() / np.sqrt(1000))
    np.testing.assert_allclose((ends[1] - ends[0])[:4], 2 * 1.96 * error, rtol=0.12)
    assert mean.sum() == pytest.approx(len(summary))


def test_what_is_not_known_of_the_parameters_widens_them(bg, sampled, summary):
    given = cam.BgNbd.from_params(**bg.params_, unit="W")
    few, many = {}, {}
    for name, model in (("given", given), ("fitted", bg), ("sampled", sampled)):
        ax = plotting.plot_posterior_predictive(model, summary, draws=400, level=0.9)
        few[name], many[name] = (np.diff(checked(ax)[2], axis=0)[0][i] for i in (0, 1))
    for wide in ("fitted", "sampled"):
        assert few[wide] > 1.15 * few["given"]
        assert many[wide] > 1.15 * many["given"]
    # With so many customers the posterior is the normal approximation, nearly.
    assert few["sampled"] == pytest.approx(few["fitted"], rel=0.2)


def test_draws_depend_on_the_seed_and_not_on_threads(bg, summary):
    first, *others = (
        checked(plotting.plot_posterior_predictive(bg, summary, draws=30, seed=seed, threads=threads))[1]
        for seed, threads in ((1, 1), (1, 2), (2, 1))
    )
    np.testing.assert_array_equal(first, others[0])
    assert not np.array_equal(first, others[1])


def test_a_posterior_is_named_and_gives_no_more_draws_than_it_has(sampled, summary):
    ax = plotting.plot_posterior_predictive(sampled, summary.iloc[:50], draws=1000, unit="W")
    assert ax.get_title(loc="left").startswith("Posterior predictive check")
    assert "of 800 draws" in ax.get_legend().get_texts()[1].get_text()


def test_customers_are_drawn_with_their_covariates():
    model = cam.ParetoNbd(purchase_covariates=["z"])
    rng = np.random.default_rng(0)
    truth = cam.ParetoNbd.from_params(r=0.6, alpha=10.0, s=0.6, beta=12.0, unit="W")
    rare, often = (truth.simulate(seed=1, n=1500, T=40.0, backend="pandas") for _ in range(2))
    often["frequency"] = often["frequency"] + rng.poisson(2.0, 1500) * (often["frequency"] > 0)
    table = pd.concat([rare.assign(z="rare"), often.assign(z="often")], ignore_index=True)
    model.fit(table, unit="W")
    means = []
    for z in ("rare", "often"):
        one = table[table["z"] == z]
        means.append(checked(plotting.plot_posterior_predictive(model, one, draws=60, unit="W"))[1])
    assert means[0][0] > means[1][0] + 50
    assert means[0][-1] < means[1][-1]


def test_frames_of_polars_are_drawn_alike(bg, split):
    same = pl.from_pandas(split.reset_index())
    for draw in (plotting.plot_recency, plotting.plot_posterior_predictive):
        one, other = draw(bg, split), draw(bg, same, unit="W")
        for mine, theirs in zip(one.lines, other.lines, strict=True):
            np.testing.assert_array_equal(mine.get_xydata(), theirs.get_xydata())
    lines = [outline(plotting.plot_likelihood_contours(bg, frame, "a", "b", unit="W"), 0.95) for frame in (split, same)]
    np.testing.assert_array_equal(*lines)


# Comparisons.


def test_no_model_has_the_colour_of_what_happened_nor_looks_like_another(log, split):
    models = {f"{i} {cls.__name__}": cls() for i in range(3) for cls in (cam.BgNbd, cam.ParetoNbd, cam.Nbd)}
    compared = cam.compare(models, split)
    for ax in (compared.plot_tracking(log), compared.plot_tracking(log, cumulative=False)):
        looks = [(line.get_color(), line._dash_pattern) for line in ax.lines]
        assert [line.get_label() for line in ax.lines] == ["actual", *models]
        assert looks[0][0] not in {color for color, _ in looks[1:]}
        assert len({str(look) for look in looks}) == len(looks)
    for color in plotting._style.COLORS:
        parts = matplotlib.colors.to_rgb(color)
        # No model is a grey.
        assert max(parts) - min(parts) > 0.15
        assert color not in (plotting._style.ACTUAL, plotting._style.INK)


# What is refused.

BLANK = {"frequency": [1.0, 0.0], "recency": [5.0, np.nan], "T": [9.0, 9.0]}
LATE = {"frequency": [1.0, 0.0], "recency": [5.0, 0.0], "T": [4.0, 9.0]}


def contours(f, x="a", y="b", summary=None, model="bg", **options):
    plotting.plot_likelihood_contours(f(model), f("summary") if summary is None else summary, x, y, **options)


def check(f, summary=None, model="bg", **options):
    plotting.plot_posterior_predictive(f(model), f("summary") if summary is None else summary, **options)


def recency(f, model="bg", **columns):
    plotting.plot_recency(f(model), f("split").assign(**columns), **({} if columns else {"bins": 0}))


# what is wrong, the call, the exception, its row, its field
REFUSED = [
    ("no such parameter", lambda f: contours(f, "r", "gamma"), errors.UnknownNameError, None, "y"),
    ("one parameter twice", lambda f: contours(f, "r", "r"), errors.InvalidParameterError, None, "y"),
    ("a level of 1", lambda f: contours(f, levels=[1]), errors.InvalidParameterError, None, "levels"),
    ("a level in words", lambda f: contours(f, levels="95"), errors.InvalidParameterError, None, "levels"),
    ("no level", lambda f: contours(f, levels=[]), errors.InvalidParameterError, None, "levels"),
    ("one limit", lambda f: contours(f, x_limits=[1]), errors.InvalidParameterError, None, "x_limits"),
    ("limits about 0", lambda f: contours(f, y_limits=(0, 1)), errors.InvalidParameterError, None, "y_limits"),
    ("limits upside down", lambda f: contours(f, x_limits=(2, 1)), errors.InvalidParameterError, None, "x_limits"),
    ("a NaN for a recency", lambda f: contours(f, summary=BLANK), errors.InvalidDataError, 1, "recency"),
    ("bought after now", lambda f: contours(f, summary=LATE), errors.InvalidDataError, 0, None),
    ("nobody", lambda f: contours(f, summary=f("summary").iloc[:0]), errors.NotEnoughDataError, None, None),
    ("days for weeks", lambda f: contours(f, summary=cam.summarize(f("log"), unit="D")),
     errors.InvalidParameterError, None, "unit"),
    ("a log for a summary", lambda f: contours(f, summary=f("log"), unit="W"), errors.InvalidShapeError, None, "frequency"),
    ("no model", lambda f: plotting.plot_likelihood_contours(cam.BgNbd, {}, "a", "b"),
     errors.InvalidParameterError, None, "model"),
    ("no threads", lambda f: contours(f, threads=0), errors.InvalidParameterError, None, "threads"),
    ("no draws", lambda f: check(f, draws=0), errors.InvalidParameterError, None, "draws"),
    ("a level of 0", lambda f: check(f, level=0), errors.InvalidParameterError, None, "level"),
    ("no bars", lambda f: check(f, max_frequency=0), errors.InvalidParameterError, None, "max_frequency"),
    ("a seed in words", lambda f: check(f, seed="x"), errors.InvalidParameterError, None, "seed"),
    ("a NaN to draw from", lambda f: check(f, BLANK), errors.InvalidDataError, 1, "recency"),
    ("half a customer", lambda f: check(f, f("summary").assign(weight=0.5)), errors.InvalidDataError, 0, "weight"),
    ("a model of spend", lambda f: check(f, model="gg"), errors.InvalidParameterError, None, "model"),
    ("no parts", recency, errors.InvalidParameterError, None, "bins"),
    ("no holdout", lambda f: plotting.plot_recency(f("bg"), f("summary")), errors.InvalidShapeError, None, "duration_holdout"),
    ("spend by recency", lambda f: recency(f, "gg"), errors.InvalidParameterError, None, "model"),
    ("holdouts of two lengths", lambda f: recency(f, duration_holdout=np.arange(2357.0)),
     errors.InvalidDataError, 1, "duration_holdout"),
    ("a NaN in the holdout", lambda f: recency(f, frequency_holdout=np.nan), errors.InvalidDataError, 0, "frequency_holdout"),
]  # fmt: skip


@pytest.mark.parametrize(("draw", "error", "row", "field"), [c[1:] for c in REFUSED], ids=[c[0] for c in REFUSED])
def test_what_cannot_be_drawn_is_refused_by_name(draw, error, row, field, request):
    with pytest.raises(error) as caught:
        draw(request.getfixturevalue)
    assert (caught.value.row, caught.value.field) == (row, field)


def test_draws_of_populations_are_no_parameters(summary):
    with pytest.warns(cam.ConvergenceWarning):
        hierarchical = cam.ParetoNbdHb().fit(summary.iloc[:60], draws=20, burn_in=20, chains=2, unit="W")
    for draw in (
        lambda: plotting.plot_likelihood_contours(hierarchical, summary, "r", "alpha"),
        lambda: plotting.plot_posterior_predictive(hierarchical, summary),
    ):
        with pytest.raises(errors.InvalidParameterError, match="draws of populations"):
            draw()
