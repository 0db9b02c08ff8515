"""Bad input: what each gives. A table to be read; every row is a test.

An exception says which row (counted from 0) and which column, parameter or option is meant, where there is one.
"""

import inspect
import json
import pickle
import uuid
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

import cam
from cam import errors as e

NAN, INF = float("nan"), float("inf")
BG = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}


def history(**columns):
    """Three good customers, with these columns in place of the good ones."""
    good = {
        "frequency": [2.0, 0.0, 1.0],
        "recency": [30.0, 0.0, 5.0],
        "T": [38.0, 38.0, 20.0],
        "monetary_value": [22.0, 0.0, 9.0],
    }
    return {name: values for name, values in {**good, **columns}.items() if values is not None}


def many(frequency, recency, age, money=None, n=50):
    """The same customer n times over."""
    money = [0.0 if frequency == 0 else 10.0] if money is None else money
    return {"frequency": [frequency] * n, "recency": [recency] * n, "T": [age] * n, "monetary_value": (money * n)[:n]}


def spend_of(*money):
    """Three good customers who spent this."""
    return history(frequency=[2, 3, 1], recency=[30, 20, 5], monetary_value=list(money))


TWO = history(frequency=[0, 3], recency=[0, 9], T=[10, 10], monetary_value=None)
TINY = history(recency=[1e-90, 0, 1e-91], T=[1e-89, 1e-90, 1e-90])

# what is wrong, the columns, the exception, its row, its field
FITS = [
    ("a NaN in frequency", history(frequency=[2, NAN, 1]), e.InvalidDataError, 1, "frequency"),
    ("a NaN in recency", history(recency=[30, 0, NAN]), e.InvalidDataError, 2, "recency"),
    ("an infinite T", history(T=[38, INF, 20]), e.InvalidDataError, 1, "T"),
    ("an infinite recency", history(recency=[INF, 0, 5]), e.InvalidDataError, 0, "recency"),
    ("a negative frequency", history(frequency=[-2, 0, 1]), e.InvalidDataError, 0, "frequency"),
    ("a negative recency", history(recency=[-30, 0, 5]), e.InvalidDataError, 0, "recency"),
    ("a negative T", history(T=[38, -1, 20]), e.InvalidDataError, 1, "T"),
    ("a fraction of a purchase", history(frequency=[2.5, 0, 1]), e.InvalidDataError, 0, "frequency"),
    ("T before the last purchase", history(T=[29, 38, 20]), e.InvalidDataError, 0, None),
    ("purchases, but none after the first", history(recency=[30, 0, 0]), e.InvalidDataError, 2, None),
    ("a last purchase, but no repeat", history(recency=[30, 1, 5]), e.InvalidDataError, 1, None),
    ("no rows", history(frequency=[], recency=[], T=[]), e.NotEnoughDataError, None, None),
    ("columns of unequal length", history(T=[38, 38]), e.InvalidShapeError, None, "T"),
    ("a missing column", history(recency=None), e.InvalidShapeError, None, "recency"),
    ("two dimensions", history(T=[[38, 38, 20]]), e.InvalidShapeError, None, "T"),
    ("text for numbers", history(T=["38", "38", "20"]), e.InvalidShapeError, None, "T"),
    ("an object that is no number", history(T=np.array([38, "x", 20], dtype=object)), e.InvalidDataError, 1, "T"),
    ("dates for numbers", history(T=np.array(["2024-01-01"] * 3, dtype="M8[D]")), e.InvalidShapeError, None, "T"),
    ("complex numbers", history(T=np.array([38, 38, 20j])), e.InvalidShapeError, None, "T"),
    ("a negative weight", history(weight=[1, -1, 1]), e.InvalidDataError, 1, "weight"),
    ("a NaN for a weight", history(weight=[1, 1, NAN]), e.InvalidDataError, 2, "weight"),
    ("no weight at all", history(weight=[0, 0, 0]), e.NotEnoughDataError, None, None),
    ("nobody ever came back", many(0, 0, 10), e.NotEnoughDataError, None, None),
    ("ages of 0 only", many(0, 0, 0), e.NotEnoughDataError, None, None),
]

SPEND_FITS = [
    ("a NaN in monetary_value", history(monetary_value=[NAN, 0, 9]), e.InvalidDataError, 0, "monetary_value"),
    ("an infinite spend", history(monetary_value=[INF, 0, 9]), e.InvalidDataError, 0, "monetary_value"),
    ("a negative spend", history(monetary_value=[22, 0, -9]), e.InvalidDataError, 2, "monetary_value"),
    ("purchases for nothing", history(monetary_value=[0, 0, 9]), e.InvalidDataError, 0, None),
    ("spend without a repeat purchase", history(monetary_value=[22, 5, 9]), e.InvalidDataError, 1, None),
    ("no column of money", history(monetary_value=None), e.InvalidShapeError, None, "monetary_value"),
    ("everybody spends the same", many(2, 5, 10), e.NotEnoughDataError, None, None),
    ("one customer", many(2, 5, 10, money=[3.0], n=1), e.NotEnoughDataError, None, None),
    ("nobody ever came back", many(0, 0, 10), e.NotEnoughDataError, None, None),
]


@pytest.fixture
def tell(request):
    """Print what a case gives, as the C and the Java tests do: `.ci/bad-input` makes one table of all."""

    def tell(problem):
        case = request.node.callspec.id
        print(f"  {case:<44} {problem.code:2d} {problem.kind:<18} {problem}")

    return tell


@pytest.mark.parametrize(("columns", "error", "row", "field"), [c[1:] for c in FITS], ids=[c[0] for c in FITS])
@pytest.mark.parametrize("model", [cam.BgNbd, cam.ParetoNbd])
def test_a_purchase_model_refuses(model, columns, error, row, field, tell):
    with pytest.raises(error) as caught:
        model().fit(columns)
    tell(caught.value)
    assert (caught.value.row, caught.value.field) == (row, field)
    assert caught.value.code == error.code
    assert row is None or str(caught.value).startswith(f"row {row}: ")


@pytest.mark.parametrize(
    ("columns", "error", "row", "field"), [c[1:] for c in SPEND_FITS], ids=[c[0] for c in SPEND_FITS]
)
def test_a_spend_model_refuses(columns, error, row, field, tell):
    with pytest.raises(error) as caught:
        cam.GammaGamma().fit(columns)
    tell(caught.value)
    assert (caught.value.row, caught.value.field) == (row, field)


# Well formed, but with no maximum inside, or hardly: how the fit of each model ends, and which parameters it must name. Last
# stands the supremum of the log-likelihood, where it is known: customers who are all alike are Poisson and buy x times in T,
# which makes x ln(x / T) - x each; for two who never left, with 0 and 3 purchases, it is that of NBD, at r = 1.005.
RATE, LEFT = ("r -> infinity", "alpha -> infinity"), ("s -> infinity", "beta -> infinity")
HOPELESS = [
    ("one customer", cam.BgNbd, many(3, 8, 10, n=1), "boundary", RATE, 3 * np.log(0.3) - 3),
    ("one customer", cam.ParetoNbd, many(3, 8, 10, n=1), "boundary", (*RATE, "beta -> infinity"), 3 * np.log(0.3) - 3),
    ("one who came back, one who did not", cam.BgNbd, TWO, "boundary", ("b -> infinity",), -8.481052),
    ("one who came back, one who did not", cam.ParetoNbd, TWO, "boundary", (*RATE, "beta -> 0"), None),
    ("identical customers", cam.BgNbd, many(3, 8, 10), "boundary", RATE, 50 * (3 * np.log(0.3) - 3)),
    ("identical customers", cam.ParetoNbd, many(3, 8, 10), "boundary", (*RATE, *LEFT), 50 * (3 * np.log(0.3) - 3)),
    (
        "all buy at the end",
        cam.BgNbd,
        many(4, 10, 10),
        "boundary",
        (*RATE, "b -> infinity"),
        50 * (4 * np.log(0.4) - 4),
    ),
    ("all buy at the end", cam.ParetoNbd, many(4, 10, 10), "boundary", (*RATE, *LEFT), 50 * (4 * np.log(0.4) - 4)),
    ("a T of 1e90", cam.BgNbd, history(T=[38, 38, 1e90]), "boundary", ("a -> infinity", "b -> infinity"), None),
    ("a T of 1e90", cam.ParetoNbd, history(T=[38, 38, 1e90]), "boundary", (*RATE, *LEFT), None),
    # A heavy buyer and two light ones differ enough: BG/NBD has a maximum.
    ("1e8 purchases", cam.BgNbd, history(frequency=[1e8, 0, 1]), "converged", (), None),
    ("1e8 purchases", cam.ParetoNbd, history(frequency=[1e8, 0, 1]), "boundary", LEFT, None),
    ("times of 1e-90", cam.BgNbd, TINY, "boundary", (*RATE, "a -> infinity", "b -> infinity"), None),
    ("times of 1e-90", cam.ParetoNbd, TINY, "boundary", (*RATE, *LEFT), None),
    ("1e90 in one cell", cam.GammaGamma, spend_of(22, 30, 1e90), "boundary", ("v -> 0",), None),
    (
        "1e-90 in one cell",
        cam.GammaGamma,
        spend_of(22, 30, 1e-90),
        "boundary",
        ("v -> infinity",),
        None,
    ),
    ("two customers", cam.GammaGamma, many(2, 5, 10, [3.0, 4.0], 2), "boundary", ("p -> infinity", "v -> 0"), None),
]


@pytest.mark.parametrize(
    ("model", "columns", "status", "named", "supremum"),
    [c[1:] for c in HOPELESS],
    ids=[f"{c[1].__name__}-{c[0]}" for c in HOPELESS],
)
def test_where_there_is_no_maximum_a_fit_says_so(model, columns, status, named, supremum):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fitted = model().fit(columns)
    assert fitted.status_ == status
    assert [w.category for w in caught] == [cam.ConvergenceWarning] * (status != "converged")
    if status == "converged":
        assert fitted.gradient_norm_ < 1e-9
        assert np.isfinite(list(fitted.standard_errors_.values())).all()
    else:
        said = str(caught[0].message)
        assert f"status {status!r}" in said
        assert set(named) <= set(said.partition("': ")[2].split(", "))
        assert np.isnan(fitted.summary()["standard_error"]).all()
    assert all(np.isfinite(value) and value > 0 for value in fitted.params_.values())
    if supremum is not None:
        assert fitted.log_likelihood_ == pytest.approx(supremum, rel=1e-6)


@pytest.mark.parametrize(
    ("row", "field", "columns"),
    [
        (2, "T", history(T=[38, 38, 1e300])),
        (0, "frequency", history(frequency=[1e300, 0, 1])),
        (0, "recency", history(recency=[1e-300, 0, 1e-301], T=[1e-299, 1e-300, 1e-300])),
    ],
)
def test_numbers_beyond_reason_are_refused_by_row_and_column(row, field, columns):
    for call in (cam.BgNbd().fit, cam.BgNbd.from_params(r=0.2, alpha=4.0, a=0.8, b=2.4).probability_alive):
        with pytest.raises(e.InvalidDataError) as raised:
            call(columns)
        assert (raised.value.row, raised.value.field) == (row, field)


@pytest.mark.parametrize("scale", [1e-90, 1e-12, 1e12, 1e90])
@pytest.mark.parametrize("make", [cam.BgNbd, cam.ParetoNbd])
def test_scores_of_extreme_customers_are_numbers(make, scale):
    theta = dict(zip(cam.Model(make.model)._spec.parameters, (0.5, 5.0, 0.6, 7.0), strict=True))
    scored = make.from_params(**theta)
    rows = {"frequency": [0, 1, 3000, 7], "recency": [0, 0.3 * scale, scale, 1e-3 * scale], "T": [scale] * 4}
    alive = scored.probability_alive(rows)
    assert ((alive >= 0) & (alive <= 1)).all()
    for horizon in (0.0, 1e-90, 52.0, 1e12):
        expected = scored.expected_purchases(rows, horizon)
        assert np.isfinite(expected).all()
        assert (expected >= 0).all()
    assert np.isfinite(scored.log_likelihood(rows)).all()


ID = uuid.UUID(int=7)
DAYS = ["2024-01-01", "2024-02-01", "2024-03-01"]


def log(customer=(1, 2, 1), date=tuple(DAYS), amount=(5.0, 6.0, 7.0)):
    return {"customer_id": np.array(customer), "date": np.array(date), "amount": np.array(amount)}


frame = pd.DataFrame({"customer_id": [1, 2, 1], "date": pd.to_datetime(DAYS), "amount": [5.0, 6.0, 7.0]})

# what is wrong, the log, the options, the exception, its row, its field
LOGS = [
    (
        "a date that no month has",
        log(date=("2024-01-01", "2024-02-30", "2024-03-01")),
        {},
        e.InvalidDataError,
        1,
        "time",
    ),
    ("text that is no date", log(date=("2024-01-01", "soon", "later")), {}, e.InvalidDataError, 1, "time"),
    (
        "a missing time (NaT)",
        frame.assign(date=frame["date"].where(frame["amount"] != 6)),
        {},
        e.InvalidDataError,
        1,
        "time",
    ),
    (
        "a missing time in an array",
        log(date=np.array(["2024-01-01", "NaT", "2024-03-01"], "M8[D]")),
        {},
        e.InvalidDataError,
        1,
        "time",
    ),
    (
        "a missing time among texts",
        log(date=np.array(["2024-01-01", None, "x"], object)),
        {},
        e.InvalidDataError,
        1,
        "time",
    ),
    ("a NaN among times that are numbers", log(date=(1.0, 2.0, NAN)), {}, e.InvalidDataError, 2, "time"),
    ("times of several kinds", log(date=np.array(["2024-01-01", 3, 4.0], object)), {}, e.InvalidDataError, 1, "time"),
    ("times that are true or false", log(date=(True, False, True)), {}, e.InvalidShapeError, None, "time"),
    ("a missing key", frame.assign(customer_id=[1, None, 1]), {}, e.InvalidDataError, 1, "customer"),
    ("a missing text key", frame.assign(customer_id=["a", None, "b"]), {}, e.InvalidDataError, 1, "customer"),
    (
        "a missing key in polars",
        pl.DataFrame(frame.assign(customer_id=[1, 2, 3])).with_columns(pl.Series("customer_id", ["a", None, "b"])),
        {},
        e.InvalidDataError,
        1,
        "customer",
    ),
    ("an empty key", log(customer=("a", "", "b")), {}, e.InvalidDataError, 1, "customer"),
    ("a key of 1.5", log(customer=(1.0, 1.5, 2.0)), {}, e.InvalidDataError, 1, "customer"),
    ("a key beyond 2^63", log(customer=np.array([1, 2**63, 2], np.uint64)), {}, e.InvalidDataError, 1, "customer"),
    ("keys of a type of their own", log(customer=[ID, ID, ID]), {}, e.InvalidDataError, 0, "customer"),
    ("a text and an object", log(customer=np.array(["a", ID, "b"], object)), {}, e.InvalidDataError, 1, "customer"),
    (
        "a Python key beyond 2^63",
        log(customer=np.array([1, 2, 2**63], object)),
        {},
        e.InvalidDataError,
        2,
        "customer",
    ),
    (
        "a Python key below -2^63",
        log(customer=np.array([1, -(2**70), 2], object)),
        {},
        e.InvalidDataError,
        1,
        "customer",
    ),
    ("keys of several kinds", log(customer=np.array([1, "a", 2], object)), {}, e.InvalidDataError, 1, "customer"),
    ("a NaN for an amount", log(amount=(5.0, NAN, 7.0)), {}, e.InvalidDataError, 1, "amount"),
    ("an infinite amount", log(amount=(5.0, 6.0, -INF)), {}, e.InvalidDataError, 2, "amount"),
    ("1e300 for an amount", log(amount=(5.0, 6.0, 1e300)), {}, e.InvalidDataError, 2, "amount"),
    ("an amount in words", log(amount=("5", "6", "7")), {}, e.InvalidShapeError, None, "amount"),
    ("columns of unequal length", log(amount=(5.0, 6.0)), {}, e.InvalidShapeError, None, "amount"),
    ("a missing column", frame, {"time": "when"}, e.InvalidShapeError, None, "when"),
    ("no rows", log((), (), ()), {}, e.NotEnoughDataError, None, None),
    ("refunds only", log(amount=(-5.0, -6.0, -7.0)), {}, e.NotEnoughDataError, None, None),
    ("an end before the log", frame, {"observation_end": "2020-01-01"}, e.NotEnoughDataError, None, None),
    ("an end that is no moment", frame, {"observation_end": "someday"}, e.InvalidDataError, None, "observation_end"),
    ("an end that is missing", frame, {"observation_end": pd.NaT}, e.InvalidParameterError, None, "observation_end"),
    ("an unknown unit", frame, {"unit": "fortnight"}, e.UnknownNameError, None, "unit"),
    ("a unit of no length", frame, {"unit": "0 days"}, e.InvalidParameterError, None, "unit"),
    ("an unknown period", frame, {"period": "moon"}, e.UnknownNameError, None, "period"),
    ("an unknown rule for refunds", frame, {"refunds": "forget"}, e.UnknownNameError, None, "forget"),
    ("not a frame", [1, 2, 3], {}, e.InvalidShapeError, None, None),
]


@pytest.mark.parametrize(("data", "options", "error", "row", "field"), [c[1:] for c in LOGS], ids=[c[0] for c in LOGS])
def test_a_summary_refuses(data, options, error, row, field, tell):
    with pytest.raises(error) as caught:
        cam.summarize(data, amount="amount", **options)
    tell(caught.value)
    assert (caught.value.row, caught.value.field) == (row, field)


model = cam.BgNbd.from_params(**BG, unit="W")
week = cam.summarize(frame, unit="W")
spend = cam.GammaGamma.from_params(p=6.25, q=3.74, v=15.4)
document = json.loads(model.to_json())

# what is wrong, the call, the exception, its field
CALLS = [
    ("a parameter of 0", lambda: cam.BgNbd.from_params(**{**BG, "r": 0.0}), e.InvalidParameterError, "r"),
    ("a negative parameter", lambda: cam.BgNbd.from_params(**{**BG, "b": -1}), e.InvalidParameterError, "b"),
    ("a NaN for a parameter", lambda: cam.BgNbd.from_params(**{**BG, "a": NAN}), e.InvalidParameterError, "a"),
    ("a parameter in words", lambda: cam.BgNbd.from_params(**{**BG, "a": "big"}), e.InvalidParameterError, "a"),
    ("an unknown parameter", lambda: cam.Model.from_params("bg_nbd", **BG, z=1), e.InvalidParameterError, "z"),
    ("a parameter too few", lambda: cam.Model.from_params("bg_nbd", r=1), e.InvalidParameterError, "alpha"),
    ("an unknown model", lambda: cam.Model("crystal_ball"), e.UnknownNameError, "crystal_ball"),
    ("no model", lambda: cam.Model(), e.InvalidParameterError, "model"),
    ("an unknown quantity", lambda: model.score("luck", history()), e.UnknownNameError, "luck"),
    (
        "a quantity of another model",
        lambda: model.score("expected_spend", history()),
        e.UnsupportedError,
        "expected_spend",
    ),
    (
        "a quantity without its argument",
        lambda: model.score("expected_purchases", history()),
        e.InvalidParameterError,
        "horizon",
    ),
    ("a negative horizon", lambda: model.expected_purchases(history(), -1), e.InvalidParameterError, "horizon"),
    ("a NaN for a horizon", lambda: model.expected_purchases(history(), NAN), e.InvalidParameterError, "horizon"),
    ("an infinite horizon", lambda: model.predict(history(), INF), e.InvalidParameterError, "horizon"),
    ("a horizon in words", lambda: model.expected_purchases(history(), "year"), e.InvalidParameterError, "horizon"),
    ("a negative number of purchases", lambda: model.purchase_probability(-1, 5), e.InvalidParameterError, "n"),
    ("half a purchase", lambda: model.purchase_probability(0.5, 5), e.InvalidParameterError, "n"),
    (
        "two discount rates",
        lambda: model.discounted_expected_purchases(history(), discount_rate=0.1, continuous_discount_rate=0.1),
        e.InvalidParameterError,
        None,
    ),
    ("no discount rate", lambda: model.discounted_expected_purchases(history()), e.InvalidParameterError, None),
    (
        "for ever, undiscounted",
        lambda: model.discounted_expected_purchases(history(), discount_rate=0),
        e.InvalidParameterError,
        "discount_rate",
    ),
    (
        "a negative discount rate",
        lambda: model.predict(history(), 5, discount_rate=-0.1),
        e.InvalidParameterError,
        "discount_rate",
    ),
    (
        "a NaN for a margin",
        lambda: cam.customer_lifetime_value(model, spend, history(), 5, 0.1, NAN),
        e.InvalidParameterError,
        "margin",
    ),
    (
        "models in the wrong order",
        lambda: cam.customer_lifetime_value(spend, model, history(), 5, 0.1),
        e.UnsupportedError,
        None,
    ),
    (
        "an infinite expected spend",
        lambda: cam.GammaGamma.from_params(p=1, q=1, v=1).expected_spend_new_customer(),
        e.NumericalError,
        None,
    ),
    ("a score of a broken row", lambda: model.probability_alive(history(T=[29, 38, 20])), e.InvalidDataError, None),
    (
        "another unit of time",
        lambda: model.probability_alive(cam.summarize(frame, unit="D")),
        e.InvalidParameterError,
        "unit",
    ),
    ("no threads", lambda: model.probability_alive(history(), threads=0), e.InvalidParameterError, "threads"),
    ("half a thread", lambda: model.probability_alive(history(), threads=0.5), e.InvalidParameterError, "threads"),
    (
        "a start outside the domain",
        lambda: cam.BgNbd().fit(history(), start=[1, 1, 1, -1]),
        e.InvalidParameterError,
        "b",
    ),
    ("a start that is too short", lambda: cam.BgNbd().fit(history(), start=[1, 1]), e.InvalidShapeError, None),
    (
        "a tolerance of 0",
        lambda: cam.BgNbd().fit(history(), gradient_tolerance=0),
        e.InvalidParameterError,
        "gradient_tolerance",
    ),
    (
        "no evaluations",
        lambda: cam.BgNbd().fit(history(), max_evaluations=0),
        e.InvalidParameterError,
        "max_evaluations",
    ),
    (
        "half an evaluation",
        lambda: cam.BgNbd().fit(history(), max_evaluations=0.5),
        e.InvalidParameterError,
        "max_evaluations",
    ),
    ("one number for all weights", lambda: cam.BgNbd().fit(history(), weights=2), e.InvalidShapeError, "weight"),
    ("ragged weights", lambda: cam.BgNbd().fit(history(), weights=[[1], [1, 2]]), e.InvalidShapeError, "weight"),
    ("a unit against that of the frame", lambda: cam.BgNbd().fit(week, unit="D"), e.InvalidParameterError, "unit"),
    ("a frame for a count", lambda: model.purchase_probability(week, 2, 52), e.InvalidParameterError, "n"),
    ("counts for a frame", lambda: model.purchase_probability([0, 1], 2, week), e.InvalidParameterError, "n"),
    ("no horizon", lambda: model.predict(history(), None), e.InvalidParameterError, "horizon"),
    ("a class for spend", lambda: model.predict(history(), 5, spend=cam.BgNbd), e.InvalidParameterError, "spend"),
    (
        "a class for a model",
        lambda: cam.customer_lifetime_value(cam.BgNbd, spend, history(), 5, 0.1),
        e.InvalidParameterError,
        "purchases",
    ),
    (
        "a word for a flag",
        lambda: cam.summarize(frame, include_first_transaction="no"),
        e.InvalidParameterError,
        "include_first_transaction",
    ),
    (
        "a number for a flag",
        lambda: cam.summarize(frame, drop_zero_amounts=0),
        e.InvalidParameterError,
        "drop_zero_amounts",
    ),
    ("a level of 1", lambda: model.confidence_intervals_(1), e.InvalidParameterError, "level"),
    ("a seed below 0", lambda: model.simulate(T=1, n=1, seed=-1), e.InvalidParameterError, "seed"),
    ("a negative number of customers", lambda: model.simulate(T=1, n=-1, seed=1), e.InvalidParameterError, "n"),
    ("no number of customers", lambda: model.simulate(T=1, seed=1), e.InvalidParameterError, "n"),
    ("a negative age", lambda: model.simulate(T=[3, -1], seed=1), e.InvalidParameterError, "T"),
    ("another design", lambda: model.simulate(frequency=[3], seed=1), e.InvalidShapeError, None),
    ("a model without parameters", lambda: cam.BgNbd().probability_alive(history()), e.NotFittedError, None),
    ("an unknown backend", lambda: cam.datasets.load_cdnow("excel"), e.InvalidParameterError, "backend"),
    (
        "a split without a holdout",
        lambda: cam.split(frame, calibration_end="2024-03-01"),
        e.InvalidParameterError,
        "calibration_end",
    ),
    (
        "a builder merged into itself",
        lambda: (lambda b: b.merge(b))(cam.SummaryBuilder()),
        e.InvalidParameterError,
        None,
    ),
    (
        "builders of two kinds",
        lambda: cam.SummaryBuilder(unit="D").merge(cam.SummaryBuilder(unit="W")),
        e.InvalidParameterError,
        None,
    ),
    (
        "bytes that are no builder",
        lambda: cam.SummaryBuilder.from_bytes(b"cam.part, or not"),
        e.InvalidDocumentError,
        None,
    ),
]


@pytest.mark.parametrize(("call", "error", "field"), [c[1:] for c in CALLS], ids=[c[0] for c in CALLS])
def test_a_call_refuses(call, error, field, tell):
    with pytest.raises(error) as caught:
        call()
    tell(caught.value)
    assert getattr(caught.value, "field", None) == field


DOCUMENTS = {
    "nothing": "",
    "not JSON": "{",
    "a number": "3",
    "another format": json.dumps({**document, "format": "onnx"}),
    "a later version": json.dumps({**document, "schema": 2}),
    "no version": json.dumps({k: v for k, v in document.items() if k != "schema"}),
    "an unknown model": json.dumps({**document, "model": "crystal_ball"}),
    "an unknown field": json.dumps({**document, "colour": "red"}),
    "an unknown parameter": json.dumps({**document, "parameters": {**BG, "z": 1}}),
    "a parameter too few": json.dumps({**document, "parameters": {"r": 1}}),
    "a negative parameter": json.dumps({**document, "parameters": {**BG, "r": -1}}),
    "a parameter in words": json.dumps({**document, "parameters": {**BG, "r": "big"}}),
    "an unknown unit": json.dumps({**document, "unit": "fortnight"}),
    "cut off": model.to_json()[:-5],
    "nested a million deep": "[" * 1_000_000,
    "another model": spend.to_json(),
    "bytes": b"{}",
}


@pytest.mark.parametrize("text", DOCUMENTS.values(), ids=DOCUMENTS)
def test_a_document_is_refused(text, tell):
    with pytest.raises(e.InvalidDocumentError) as caught:
        cam.BgNbd.from_json(text)
    tell(caught.value)


def test_a_moment_that_cannot_be_read_is_named_by_its_argument():
    with pytest.raises(e.InvalidDataError, match=r'observation_end must be a date.*"2024-13-01"'):
        cam.summarize(frame, observation_end="2024-13-01")
    with pytest.raises(e.InvalidDataError, match=r'calibration_end must be a date.*"2024-02-30"'):
        cam.split(frame, calibration_end=["2024-02-01", "2024-02-30"])


def test_a_bad_row_of_a_pandas_frame_is_named_by_its_customer_with_a_way_out():
    log = pd.DataFrame(
        {"customer_id": ["bob", "bob", "ann", "ann"], "date": ["2024-01-01", "2024-01-09"] * 2, "amount": [5, 4, 5, -9]}
    )
    # The refund alone makes no purchase; with one of that day it takes back more than was spent.
    log.loc[4] = ["ann", "2024-01-09", 2]
    summary = cam.summarize(log, amount="amount").iloc[::-1]
    spend = cam.GammaGamma.from_params(p=6, q=4, v=15)
    for call in (lambda: spend.expected_spend(summary), lambda: cam.GammaGamma().fit(summary)):
        with pytest.raises(e.InvalidDataError) as caught:
            call()
        (who,), how = caught.value.__notes__, str(caught.value)
        assert (caught.value.row, who) == (1, "row 1 is customer_id 'ann'")
        assert 'refunds="drop"' in how
        assert "drop_zero_amounts=True" in how


def test_a_missing_spend_is_not_taken_for_a_refund():
    with pytest.raises(e.InvalidDataError, match="NaN") as caught:
        cam.GammaGamma().fit(pd.DataFrame(history(monetary_value=[NAN, 0, 9])))
    assert caught.value.__notes__ == ["row 0 is index 0"]


def test_whole_numbers_of_numpy_are_whole_numbers():
    with pytest.warns(cam.ConvergenceWarning):
        assert cam.BgNbd().fit(history(), max_evaluations=np.int64(5)).n_evaluations_ <= 5


def test_messages_about_calls_say_what_to_write_and_never_print_a_frame():
    with pytest.raises(e.InvalidParameterError, match="got a DataFrame: the order is n, horizon, summary"):
        model.purchase_probability(week, 2, 52)
    with pytest.raises(e.InvalidParameterError, match=r"got \[0, 1\]: several are for a new customer only"):
        model.purchase_probability([0, 1], 2, week)
    with pytest.raises(e.InvalidParameterError, match=r"horizon must be a number, got a DataFrame$"):
        model.expected_purchases(history(), week)
    with pytest.raises(e.InvalidParameterError, match="for ever look discounted_expected_purchases and"):
        model.predict(history(), None)
    with pytest.raises(e.InvalidParameterError, match="got the class GammaGamma"):
        model.predict(history(), 5, spend=cam.GammaGamma)


def test_columns_one_by_one_are_asked_for_in_one_table(bg):
    x, t_x, age = history()["frequency"], history()["recency"], history()["T"]
    table = r'fit\({"frequency": frequency, "recency": recency, "T": T}\)'
    for call in (lambda: bg.fit(x, t_x, age), lambda: bg.fit(frequency=x, recency=t_x, T=age)):
        with pytest.raises(TypeError, match=f"BgNbd.fit takes one table, not its columns: {table}"):
            call()
    with pytest.raises(TypeError, match=r"GammaGamma\.fit takes one table"):
        cam.GammaGamma().fit(x, age)
    with pytest.raises(TypeError, match=r"ParetoNbdHb\.fit takes one table"):
        cam.ParetoNbdHb().fit(x, t_x, age)


def test_a_type_error_names_no_class_that_users_do_not_know(bg, gg):
    known = {*cam.__all__, "PurchaseModel", "SpendModel", "HierarchicalModel"}
    for model in (bg, gg, cam.ParetoNbdHb()):
        methods = [name for name in dir(model) if not name.startswith("_") and inspect.ismethod(vars_of(model, name))]
        assert len(methods) > 5
        for name in methods:
            with pytest.raises(TypeError) as caught:
                getattr(model, name)(*range(30))
            named = str(caught.value).partition("(")[0].partition(".")[0]
            assert named in known, caught.value


def vars_of(model, name):
    """Give an attribute, but not of a property, which may ask for a fit."""
    return None if isinstance(inspect.getattr_static(model, name), property) else getattr(model, name)


def test_an_argument_of_a_quantity_is_one_number_wherever_it_is_asked_for(bg, gg, summary):
    calls = (
        lambda h: bg.expected_purchases(summary, h),
        lambda h: bg.purchase_probability(1, h),
        lambda h: bg.predict(summary, h),
        lambda h: bg.variance_of_purchases(summary, h),
        lambda h: bg.score("expected_purchases", summary, horizon=h),
        lambda h: bg.new_customer("expected_purchases", horizon=h),
        lambda h: bg.prediction_intervals(summary, horizon=h, draws=2),
        lambda h: bg.discounted_expected_purchases(summary, discount_rate=0.1, horizon=h),
        lambda h: cam.customer_lifetime_value(bg, gg, summary, h, 0.1),
        lambda h: cam.new_customer_value(bg, gg, h, 0.1),
    )
    for call in calls:
        for horizon in ([1, 2], np.array([1.0, 2.0]), "5", True):
            with pytest.raises(e.InvalidParameterError, match="horizon must be a number") as caught:
                call(horizon)
            assert caught.value.field == "horizon"
    assert bg.expected_purchases_new_customer([1, 2]).shape == (2,)
    with pytest.raises(e.UnknownNameError, match='no quantity named "alive"; there are: log_likelihood'):
        bg.score("alive", summary)


def test_a_file_that_holds_no_model_is_named(tmp_path):
    for name, content in (("orders.csv", b"customer_id,date\n1,2024-01-01\n"), ("cat.jpg", b"\xff\xd8{")):
        path = tmp_path / name
        path.write_bytes(content)
        for load in (cam.load, cam.ParetoNbdHb.load):
            with pytest.raises(e.InvalidDocumentError, match=f"{name}' holds no model of cam"):
                load(path)
    path = tmp_path / "spend.json"
    spend.save(path)
    with pytest.raises(e.InvalidDocumentError, match=r"spend\.json': the document holds a gamma_gamma model"):
        cam.BgNbd.load(path)


def test_a_class_that_is_given_parameters_points_to_from_params():
    with pytest.raises(TypeError, match=r"ParetoNbd\.from_params\(r=…, alpha=…\)"):
        cam.ParetoNbd(r=1, alpha=2)


def test_a_path_that_is_taken_for_a_document_points_to_load():
    for path in ("p.json", "models/p", Path("p.json")):
        with pytest.raises(e.InvalidDocumentError, match="opened with load"):
            cam.from_json(path)


def test_an_exception_keeps_its_facts_when_it_travels():
    with pytest.raises(e.InvalidDataError) as caught:
        cam.BgNbd().fit(history(T=[29, 38, 20]))
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.row, again.kind, again.code) == (str(caught.value), 0, "invalid_data", 2)
    assert isinstance(again, ValueError)
    assert isinstance(again, cam.CamError)
