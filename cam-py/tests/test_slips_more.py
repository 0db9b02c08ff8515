"""More slips of the pen, in what is built upon models: cohorts, comparisons, steps, value, intervals."""

import re
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import cam
from cam import errors as e


@pytest.fixture(scope="module")
def drawn():
    """Customers with covariates, in two cohorts."""
    model = cam.BgNbd.from_params(r=0.8, alpha=6.0, a=0.9, b=2.5, unit="W")
    frame = model.simulate(seed=5, T=np.full(3000, 52.0), backend="pandas")
    rng = np.random.default_rng(1)
    frame["channel"] = rng.choice(["app", "shop", "web"], 3000)
    frame["age"] = rng.normal(40, 10, 3000)
    frame["cohort"] = np.arange(3000) % 2
    return frame


# Cohorts.


def test_every_cohort_is_fitted_as_the_model_was_asked_for(drawn):
    model = cam.ParetoNbd(purchase_covariates=["channel", "age"], lifetime_covariates=["age"], penalty=0.1)
    found = cam.fit_cohorts(model, drawn, "cohort")
    names = ["purchase:channel=shop", "purchase:channel=web", "purchase:age", "lifetime:age"]
    for some in (found.pooled, *found.models.values()):
        assert list(some.coefficients_) == names
    assert set(names) < set(found.table)
    alone = cam.ParetoNbd(purchase_covariates=["channel", "age"], lifetime_covariates=["age"], penalty=0.1)
    alone.fit(drawn[drawn["cohort"] == 1])
    assert found.models[1].params_ == alone.params_
    assert found.degrees_of_freedom == 8
    # No maxima of the likelihood, no test.
    assert np.isnan(found.p_value)
    plain = cam.fit_cohorts(cam.BgNbd(purchase_covariates=["age"]), drawn, "cohort")
    assert plain.degrees_of_freedom == 5
    assert plain.p_value > 0.01
    fitted = cam.BgNbd(purchase_covariates=["age"]).fit(drawn)
    for known in (fitted, cam.from_json(fitted.to_json())):
        assert cam.fit_cohorts(known, drawn, "cohort").table.equals(plain.table)


def test_priors_of_a_fit_are_those_of_its_cohorts(drawn):
    priors = {"r": cam.Prior("Gamma", alpha=200, beta=100)}
    fitted = cam.BgNbd().fit(drawn, priors=priors)
    found = cam.fit_cohorts(fitted, drawn, "cohort")
    assert found.pooled.params_ == fitted.params_
    assert found.models == cam.fit_cohorts(cam.BgNbd(), drawn, "cohort", priors=priors).models
    assert np.isnan(found.p_value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sampled = cam.Nbd().fit(drawn.head(200), method="nuts", draws=20, warmup=20, chains=1)
    with pytest.raises(e.UnsupportedError, match=r"nuts.*cam\.Nbd\(\).*priors=…"):
        cam.fit_cohorts(sampled, drawn, "cohort")


def test_a_whole_number_that_is_given_is_not_counted_as_chosen(drawn):
    table = drawn.assign(log_intervals=drawn["frequency"])
    found = cam.fit_cohorts(cam.MbgCnbdK(), table, "cohort", fixed={"k": 1})
    assert found.degrees_of_freedom == 4
    assert (found.table["k"] == 1).all()


@pytest.mark.parametrize("make", [pd.DataFrame, pl.from_pandas, pa.Table.from_pandas])
def test_a_customer_without_a_cohort_is_named(make, drawn):
    for missing, cohorts in (
        (7, drawn["cohort"].astype(float).where(drawn.index != 7)),
        (7, drawn["cohort"].map({0: "a", 1: "b"}).where(drawn.index != 7, None)),
        (7, pd.Series(pd.date_range("2024-01-01", periods=2).repeat(1500)).where(drawn.index != 7)),
    ):
        with pytest.raises(e.InvalidDataError, match="row 7: cohort is missing") as caught:
            cam.fit_cohorts(cam.BgNbd(), make(drawn.assign(cohort=cohorts)), "cohort", unit="W")
        assert (caught.value.row, caught.value.field) == (missing, "cohort")
    mixed = np.array(["a", 1] * 1500, dtype=object)
    with pytest.raises(e.InvalidShapeError, match="labels of one kind, got int and str"):
        cam.fit_cohorts(cam.BgNbd(), make(drawn), mixed, unit="W")


def test_cohorts_may_be_dates(drawn):
    days = pd.Series(pd.date_range("2024-01-01", periods=2)).repeat(1500).to_numpy()
    found = cam.fit_cohorts(cam.BgNbd(), drawn, days)
    assert [f"{day:%Y-%m-%d}" for day in found.models] == ["2024-01-01", "2024-01-02"]
    assert [model.n_customers_ for model in found.models.values()] == [1500, 1500]


def test_what_is_wrong_with_one_cohort_names_it(drawn):
    one = drawn.assign(channel=np.where(drawn["cohort"] == 0, "web", drawn["channel"]))
    with pytest.raises(e.NotEnoughDataError, match=r"^cohort 0: "):
        cam.fit_cohorts(cam.BgNbd(purchase_covariates=["channel"]), one, "cohort")


# Categories.

ORDER = ["web", "shop", "app", "fax"]


def categorical(values, order, kind):
    """A column whose categories have an order of their own, in a frame of a kind."""
    if kind == "pandas":
        return pd.DataFrame({"c": pd.Categorical(values, categories=order)})
    if kind == "pandas, ordered":
        return pd.DataFrame({"c": pd.Categorical(values, categories=order, ordered=True)})
    if kind == "dict":
        return {"c": pd.Categorical(values, categories=order)}
    if kind == "polars":
        return pl.DataFrame({"c": pl.Series(list(values), dtype=pl.Enum(order))})
    return pa.Table.from_pandas(categorical(values, order, "pandas, ordered"))


def with_history(frame, drawn):
    """The history of the drawn customers beside a column."""
    for name in ("frequency", "recency", "T"):
        values = drawn[name].to_numpy()
        if isinstance(frame, pa.Table):
            frame = frame.append_column(name, pa.array(values))
        elif isinstance(frame, pl.DataFrame):
            frame = frame.with_columns(pl.Series(name, values))
        else:
            frame[name] = values
    return frame


@pytest.mark.parametrize("kind", ["pandas", "pandas, ordered", "dict", "polars", "pyarrow"])
def test_the_order_of_a_categorical_column_is_that_of_its_levels(kind, drawn):
    table = with_history(categorical(drawn["channel"], ORDER, kind), drawn)
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)
        model = cam.BgNbd(purchase_covariates=["c"]).fit(table, unit="W")
    # No customer came by fax.
    assert list(model.coefficients_) == ["purchase:c=shop", "purchase:c=app"]


@pytest.mark.parametrize(
    "table",
    [
        lambda values: pd.DataFrame({"c": values}),
        lambda values: pl.DataFrame({"c": pl.Series(list(values), dtype=pl.Categorical)}),
        lambda values: pa.table({"c": pa.array(list(values)).dictionary_encode()}),
    ],
)
def test_levels_without_an_order_are_taken_by_name(table, drawn):
    values = drawn["channel"].to_numpy()[np.argsort(drawn["channel"] != "web", kind="stable")]
    model = cam.BgNbd(purchase_covariates=["c"]).fit(with_history(table(values), drawn), unit="W")
    assert list(model.coefficients_) == ["purchase:c=shop", "purchase:c=web"]


@pytest.mark.parametrize("kind", ["pandas", "pandas, ordered", "dict", "pyarrow", "unordered pyarrow"])
def test_categories_that_are_numbers_are_categories(kind, drawn):
    values = np.random.default_rng(2).choice([2, 9, 10], len(drawn))
    if kind == "unordered pyarrow":
        frame = pa.table({"c": pa.array(values).dictionary_encode()})
    else:
        frame = categorical(values, [2, 9, 10], kind)
    model = cam.BgNbd(purchase_covariates=["c"]).fit(with_history(frame, drawn), unit="W")
    assert list(model.coefficients_) == ["purchase:c=9", "purchase:c=10"]
    # What comes as plain numbers later is read as the same levels.
    plain = with_history({"c": values}, drawn)
    whole = with_history({"c": values.astype(float)}, drawn)
    scores = model.expected_purchases(plain, 10)
    assert (model.expected_purchases(whole, 10) == scores).all()
    assert model.given(c=9).params_ == model.given(c="9").params_
    named = cam.BgNbd(purchase_covariates=["c"], levels={"c": [2.0, 9, 10]}).fit(plain, unit="W")
    assert named.coefficients_ == model.coefficients_


def test_a_model_is_given_one_value_of_each_covariate(drawn):
    model = cam.BgNbd(purchase_covariates=["channel", "age"]).fit(drawn)
    for given in ({"channel": ["web", "app"], "age": 40}, {"channel": "web", "age": np.array([40.0])}):
        with pytest.raises(e.InvalidParameterError, match=r"must be one value, got .*: ask once for each"):
            model.given(**given)
    lists = drawn.assign(channel=pd.Series([["web"]] * len(drawn)))
    with pytest.raises(e.InvalidDataError, match=r"row 0: channel must be one of its levels, .* got \['web'\]"):
        model.probability_alive(lists)


# Steps of covariates that change.

STEPS_LOG = {"customer_id": [1, 1, 2], "date": ["2024-01-02", "2024-01-20", "2024-01-09"], "paid": [5.0, -5.0, 0.0]}
CHANGES = {"customer_id": [1, 1, 2], "date": ["2024-01-01", "2024-01-15", "2024-01-08"], "price": [1.0, 2.0, 3.0]}


def steps_of(log=STEPS_LOG, changes=CHANGES, **options):
    return cam.covariate_steps(log, changes, unit="D", **{"observation_end": "2024-03-01", **options})


def zoned(dates):
    """Half past eleven in the evening, in New York: in UTC the next day."""
    return pd.to_datetime(pd.Series(dates)).dt.tz_localize("America/New_York") + pd.Timedelta("23:30:00")


@pytest.mark.parametrize(
    "write",
    [
        lambda dates: [date.replace("-", "") for date in dates],
        lambda dates: [f"{date}T23:30:00-05:00" for date in dates],
        zoned,
        lambda dates: pl.from_pandas(zoned(dates)),
        lambda dates: pa.chunked_array([pa.array(zoned(dates))]),
        lambda dates: np.array([f"{date}T23:30" for date in dates], dtype="datetime64[ns]"),
        lambda dates: pd.to_datetime(dates).date,
    ],
)
def test_steps_read_days_as_a_summary_does(write):
    expected = steps_of()
    assert expected["start"].tolist() == [-1, 13, -1]
    log, changes = ({**frame, "date": write(frame["date"])} for frame in (STEPS_LOG, CHANGES))
    frames = (pd.DataFrame(log), pd.DataFrame(changes)) if write is zoned else (log, changes)
    summary = cam.summarize(frames[0], unit="D", observation_end="2024-03-01")
    for end in ("2024-03-01", "20240301", "2024-03-01T23:00:00-08:00", np.datetime64("2024-03-01")):
        found = steps_of(*frames, observation_end=end)
        for name in ("start", "recency", "T", "purchases"):
            assert np.array_equal(found[name], expected[name]), name
        assert sorted(set(found["T"])) == sorted(summary["T"])


def test_steps_name_frame_row_and_value_of_what_cannot_be_read():
    soon = ["2024-01-01", "soon", "2024-01-08"]
    said = r'row 1 of the {}: date must be a date such as .*, got "soon"; .*pd\.to_datetime\({}\[\'date\'\]'
    with pytest.raises(e.InvalidDataError, match=said.format("covariates", "covariates")) as caught:
        steps_of(changes={**CHANGES, "date": soon})
    assert (caught.value.row, caught.value.field) == (1, "date")
    with pytest.raises(e.InvalidDataError, match=said.format("log", "log")):
        steps_of({**STEPS_LOG, "date": soon})
    with pytest.raises(e.InvalidShapeError, match="column 'customer_id' of the covariates is missing; there are: who,"):
        steps_of(changes={"who": [1], "date": ["2024-01-01"]})
    with pytest.raises(e.InvalidShapeError, match="column 'date' of the log is missing"):
        steps_of({"customer_id": [1], "when": ["2024-01-01"]})
    with pytest.raises(e.InvalidDataError, match="holds dates in the log and numbers in the covariates"):
        steps_of(changes={**CHANGES, "date": [0, 14, 7]})
    with pytest.raises(e.InvalidDataError, match=r"observation_end must be a date such as .*32"):
        steps_of(observation_end="2024-01-32")
    with pytest.raises(
        e.InvalidDataError, match="customer 2 has no covariates on the day of the first purchase, 2024-01-09"
    ):
        steps_of(changes={**CHANGES, "date": [*CHANGES["date"][:2], "2024-01-10"]})
    with pytest.raises(e.InvalidDataError, match="has no row for 2024-01-08, when the period that follows"):
        steps_of(period="W")


@pytest.mark.parametrize("name", ["T", "start", "purchases", "recency", "customer", "weight"])
def test_a_covariate_is_not_called_as_a_column_of_the_steps(name):
    with pytest.raises(e.InvalidParameterError, match=f"the covariates have a column '{name}'.*rename it") as caught:
        steps_of(changes={**CHANGES, name: [1.0, 2.0, 3.0]})
    assert caught.value.field == name


def test_refunds_are_no_purchases_in_steps_either():
    assert steps_of()["purchases"].tolist() == [0, 1, 0]
    for rule in ("net", "drop"):
        assert steps_of(amount="paid", refunds=rule)["purchases"].tolist() == [0, 0, 0]
        assert steps_of(amount="paid")["recency"].tolist() == [0, 0, 0]
    assert steps_of(amount="paid", drop_zero_amounts=True)["customer_id"].tolist() == [1, 1]
    with pytest.raises(e.InvalidDataError, match="row 1 of the log: paid must not be negative, got -5"):
        steps_of(amount="paid", refunds="error")
    with pytest.raises(e.InvalidDataError, match="row 2 of the log: paid is missing"):
        steps_of({**STEPS_LOG, "paid": [1.0, 1.0, np.nan]}, amount="paid")
    with pytest.raises(e.InvalidDataError, match="row 0 of the log: paid must be a number, got 'x'"):
        steps_of({**STEPS_LOG, "paid": np.array(["x", 1.0, 2.0], dtype=object)}, amount="paid")
    with pytest.raises(e.UnknownNameError, match="no rule for refunds named 'keep'"):
        steps_of(amount="paid", refunds="keep")
    with pytest.raises(e.InvalidParameterError, match="needs the column of amounts"):
        steps_of(drop_zero_amounts=True)
    with pytest.raises(e.NotEnoughDataError, match="no purchase"):
        steps_of(observation_end="2023-01-01")


# Following a base whose customers have covariates.


@pytest.fixture(scope="module")
def shop(log):
    """CDNOW with a made-up channel, and the models with and without it."""
    split = cam.split(log, amount="amount", calibration_end="1997-09-30")
    z = np.where(np.arange(len(split)) % 3 == 0, "web", "shop")
    split["channel"] = np.where(split["frequency_holdout"] > 1, "web", z)
    split["age"] = np.random.default_rng(4).normal(40, 10, len(split)).round()
    models = [
        cam.BgNbd(),
        cam.ParetoNbd(purchase_covariates=["channel"]),
        cam.ParetoNbd(purchase_covariates=["channel", "age"], lifetime_covariates=["age"]),
    ]
    return split, cam.compare(models, split, log=log)


def test_models_with_covariates_are_compared_and_followed(shop, log):
    _, compared = shop
    assert list(compared.models) == ["bg_nbd", "pareto_nbd", "pareto_nbd_2"]
    assert all("tracking" in result for result in compared.results)


def test_what_is_expected_of_a_base_is_the_sum_over_its_customers(shop, log):
    from cam._tracking import track

    split, compared = shop
    for name in ("pareto_nbd", "pareto_nbd_2"):
        model = compared.models[name]
        followed = track(model, log, customers=split)
        whole = cam.summarize(log)
        assert followed.actual[-1] == whole["frequency"].sum()
        ages = followed.end[-1] - (whole["T"].max() - whole["T"].to_numpy())
        by_hand = 0.0
        rows = split.reset_index().assign(lag=ages.round(9))
        given = ["channel"] if name == "pareto_nbd" else ["channel", "age"]
        for key, mine in rows.iloc[:200].groupby([*given, "lag"]):
            one = model.given(**dict(zip(given, key[:-1], strict=True)))
            by_hand += len(mine) * one.expected_purchases_new_customer(key[-1])
        some = split.iloc[:200]
        few = track(model, log, customers=some)
        assert few.expected[-1] == pytest.approx(by_hand, rel=1e-3 if name == "pareto_nbd_2" else 1e-9)
        assert few.actual[-1] == whole["frequency"].iloc[:200].sum()
    plain = compared.models["bg_nbd"]
    assert track(plain, log, customers=split).expected[-1] == track(plain, log).expected[-1]


@pytest.mark.parametrize("make", [lambda f: f, pl.from_pandas, pa.Table.from_pandas])
def test_customers_are_looked_up_by_their_key_in_any_frame(make, shop, log):
    split, compared = shop
    split = split.rename_axis("who").reset_index()
    mixed = split.sample(frac=1, random_state=1)
    named = log.rename(columns={"customer_id": "who"})
    options = {"log": make(named), "log_options": {"customer": "who"}, "unit": "W"}
    again = cam.compare({"one": compared.models["pareto_nbd"]}, make(mixed), **options)
    assert again.results[0]["tracking"] == compared.results[1]["tracking"]
    keyless = cam.compare({"one": compared.models["pareto_nbd"]}, make(split.drop(columns="who")), **options)
    said = " ".join(keyless.results[0]["warnings"])
    if make(split) is not split:
        assert "not followed: the customers of the log are looked up by 'who'" in said


def test_pictures_of_models_with_covariates(shop, log):
    plt = pytest.importorskip("matplotlib.pyplot")
    from cam import plotting

    split, compared = shop
    model = compared.models["pareto_nbd"]
    for cumulative in (True, False):
        lines = compared.plot_tracking(log, cumulative=cumulative, calibration_end="1997-09-30").lines
        assert [line.get_label() for line in lines[:4]] == ["actual", *compared.models]
        assert len({line.get_color() for line in lines[:4]}) == 4
    ax = plotting.plot_tracking(model, log, summary=split)
    assert ax.lines[1].get_ydata()[-1] == pytest.approx(lines[2].get_ydata().sum(), rel=1e-9)
    with pytest.raises(e.InvalidParameterError, match=r"depends on channel: pass the customers .* summary=…"):
        plotting.plot_tracking(model, log)
    _, expected = ([bar.get_height() for bar in bars] for bars in plotting.plot_frequency(model, split).containers)
    assert sum(expected) == pytest.approx(len(split))
    none = sum(
        model.given(channel=channel).purchase_probability(0, age)
        for channel, age in zip(split["channel"], split["T"], strict=True)
    )
    assert expected[0] == pytest.approx(none, rel=1e-9)
    for draw in (
        lambda: plotting.plot_history(model, log, 1),
        lambda: plotting.plot_probability_alive_matrix(model, 39),
    ):
        with pytest.raises(e.InvalidParameterError, match=r"draw that of model\.given\(channel=…\)"):
            draw()
    plotting.plot_history(model.given(channel="web"), log, 1)
    plt.close("all")


def test_a_new_customer_of_a_model_with_covariates_is_asked_for_in_python(shop):
    model = shop[1].models["pareto_nbd"]
    spend = cam.GammaGamma.from_params(p=6.25, q=3.74, v=15.44)
    for ask in (
        lambda: model.expected_purchases_new_customer(52),
        lambda: model.purchase_probability(0, 52),
        lambda: cam.new_customer_value(model, spend, 52, 0.001),
    ):
        with pytest.raises(e.UnsupportedError, match=r"model\.given\(channel=…\)") as caught:
            ask()
        assert "Rust" not in str(caught.value)


# Scores, value and intervals.


def test_a_missing_argument_of_a_quantity_is_asked_for_in_python(bg, summary):
    for call, name in (
        (lambda: bg.prediction_intervals(summary), "horizon"),
        (lambda: bg.score("expected_purchases", summary), "horizon"),
        (lambda: bg.score("purchase_probability", summary, n=1), "horizon"),
        (lambda: bg.new_customer("purchase_probability", horizon=3), "n"),
    ):
        with pytest.raises(e.InvalidParameterError, match=f"^{name} is missing: '.*' needs {name}=…$") as caught:
            call()
        assert caught.value.field == name


def test_the_model_of_a_comparison_that_cannot_be_fitted_is_named(summary):
    with pytest.raises(
        e.InvalidDataError, match=r"^the fit of bg_bb: row 0: recency .*cam\.opportunities\(log"
    ) as caught:
        cam.compare([cam.BgNbd(), cam.BgBb()], summary)
    assert (caught.value.row, caught.value.field) == (0, "recency")
    assert caught.value.__notes__ == ["row 0 is customer_id 1"]


def test_a_recommendation_points_to_what_speaks_against_it(shop):
    _, compared = shop
    best = next(result for result in compared.results if result["label"] == compared.recommended)
    best["warnings"].append("the transform is not even")
    assert compared.reason.endswith("; but see its warnings")
    assert compared.reason.count("see its warnings") == 1
    assert compared.reason in repr(compared)


def test_what_stands_in_the_index_is_told_how_to_become_a_column(log):
    indexed = log.set_index("customer_id")
    for call in (lambda: cam.summarize(indexed), lambda: cam.covariate_steps(log, indexed)):
        with pytest.raises(e.InvalidShapeError, match=r"'customer_id' is the index: reset_index\(\)"):
            call()


def test_spend_below_zero_has_a_way_out(gg, summary):
    with pytest.raises(e.InvalidDataError, match=r'row 0: monetary_value .* got -3: .*refunds="drop"'):
        gg.expected_spend(summary.assign(monetary_value=-3.0))


def test_one_option_is_and_several_are(summary):
    for options, said in (({"seed": 1}, "^seed is for"), ({"draws": 9, "seed": 1}, "^draws, seed are for")):
        with pytest.raises(e.InvalidParameterError, match=said):
            cam.BgNbd().fit(summary, **options)


def test_without_a_rate_nothing_is_called_discounted(bg, gg, summary):
    plain = bg.predict(summary, 52, spend=gg)
    assert list(plain) == ["probability_alive", "expected_purchases", "expected_spend"]
    none = bg.predict(summary, 52, 0, spend=gg, margin=0.3)
    assert np.allclose(none["discounted_expected_purchases"], none["expected_purchases"], rtol=1e-12)
    assert list(none)[-1] == "customer_lifetime_value"
    with pytest.raises(e.InvalidParameterError, match="needs spend=… and discount_rate=…"):
        bg.predict(summary, 52, spend=gg, margin=0.3)


def test_several_margins_say_how_long_each_of_them_holds(bg, gg, summary):
    for call in (cam.customer_lifetime_value, lambda *a: cam.simulate_lifetime_value(*a, seed=1)):
        with pytest.raises(e.InvalidParameterError, match="margin_period is missing") as caught:
            call(bg, gg, summary, 52, 0.002, [0.3, 0.2])
        assert caught.value.field == "margin_period"
    alone = cam.customer_lifetime_value(bg, gg, summary, 52, 0.002, [0.3])
    assert alone.equals(cam.customer_lifetime_value(bg, gg, summary, 52, 0.002, 0.3))


def test_percentages_are_not_taken_for_shares(bg, gg, summary):
    for call in (
        lambda: cam.customer_lifetime_value(bg, gg, summary, 52, 15),
        lambda: bg.discounted_expected_purchases(summary, discount_rate=15),
        lambda: bg.predict(summary, 52, 15),
        lambda: cam.new_customer_value(bg, gg, 52, 15),
    ):
        with pytest.raises(e.InvalidParameterError, match=r"^discount_rate must be .* got 15: 15 % a week is 0\.15$"):
            call()
    with pytest.raises(e.InvalidParameterError, match=r"^margin must be a share .* got 30: 30 % is 0\.3$"):
        cam.customer_lifetime_value(bg, gg, summary, 52, 0.002, 30)
    # Ten years together may well cost more than everything.
    decades = cam.BgNbd.from_params(r=0.243, alpha=4.4, a=0.793, b=2.426, unit="3652.5 days")
    rows = {"frequency": [1.0], "recency": [1.0], "T": [2.0]}
    assert decades.discounted_expected_purchases(rows, discount_rate=1.15**10 - 1) > 0


def test_for_ever_is_none(bg, gg, summary):
    for call in (
        lambda: cam.customer_lifetime_value(bg, gg, summary, float("inf"), 0.002),
        lambda: bg.discounted_expected_purchases(summary, discount_rate=0.002, horizon=np.inf),
    ):
        with pytest.raises(e.InvalidParameterError, match="horizon=None is for ever"):
            call()


def test_a_bootstrap_has_enough_replicates_for_its_level(bg):
    for level, few, least in ((0.95, 39, 40), (0.9, 19, 20), (0.99, 2, 200)):
        said = f"at least {least} for an interval of level {level}, got {few}"
        with pytest.raises(e.InvalidParameterError, match=said) as caught:
            bg.confidence_intervals_(level, method="bootstrap", replicates=few)
        assert caught.value.field == "replicates"
    low, high = bg.confidence_intervals_(0.5, method="bootstrap", replicates=4)["r"]
    assert low < high


def test_what_a_model_takes_is_told_where_it_is_made():
    for make, said in (
        (lambda: cam.BgBb(purchase_covariates=["z"]), "BG/BB takes no covariates"),
        (lambda: cam.Nbd(lifetime_covariates=["z"]), 'no process of nbd named "lifetime"; there are: purchase'),
        (lambda: cam.BgNbd(purchase_covariates=["z"], penalty={"lifetimes": 1}), 'named "lifetimes"'),
        (lambda: cam.ParetoNbd(purchase_covariates=["z"], constrain=["y"]), 'no covariate named "y"; there are: z'),
        (lambda: cam.ParetoNbd(purchase_covariates=["z"], levels={"y": ["a", "b"]}), 'no covariate named "y"'),
        (lambda: cam.BgNbd(purchase_covariates=["T"]), "T is a column of the history"),
    ):
        with pytest.raises(e.CamError, match=said):
            make()


def test_results_show_themselves_in_a_line(bg, gg, summary):
    found = {
        r"<PredictionIntervals of 2,357 customers: in all .*, parameters .* to .*, with chance .* to .*>": (
            bg.prediction_intervals(summary, horizon=52, draws=20)
        ),
        r"<CohortFits of BG/NBD to 2 cohorts: likelihood ratio .*, 4 degrees of freedom, p-value .*>": cam.fit_cohorts(
            cam.BgNbd(), summary, summary["T"] > 34
        ),
        r"<ValueDistribution of 2,357 customers, 9 draws: in all .*, 5 % .*, 95 % .*>": cam.simulate_lifetime_value(
            bg, gg, summary, 52, 0.002, seed=1, draws=9
        ),
    }
    for said, result in found.items():
        assert re.fullmatch(said, repr(result))
        table = result._repr_html_()
        assert table.count("<tr>") <= 7
        assert "<th>" in table
    for frame in (pl.from_pandas(summary), pa.Table.from_pandas(summary)):
        some = bg.prediction_intervals(frame, horizon=52, draws=3, unit="W")
        assert "<td>… 2,352 more</td>" in some._repr_html_()
