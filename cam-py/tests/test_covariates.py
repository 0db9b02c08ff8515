"""Covariates at the Python door: by column name, texts encoded, the encoding kept with the model."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest

import cam
from cam.errors import InvalidDataError, InvalidParameterError, InvalidShapeError, NotEnoughDataError, UnsupportedError


@pytest.fixture(scope="module")
def customers(summary):
    """The CDNOW sample with made-up covariates that say something: who bought more is on the web more often."""
    rng = np.random.default_rng(5)
    web = rng.random(len(summary)) < np.where(summary["frequency"] > 1, 0.7, 0.3)
    frame = summary.assign(web=web, age=rng.normal(40, 12, len(summary)).round(), channel=np.where(web, "web", "shop"))
    frame.attrs = summary.attrs
    return frame


@pytest.fixture(scope="module")
def fitted(customers):
    return cam.ParetoNbd(purchase_covariates=["channel", "age"], lifetime_covariates=["channel"]).fit(customers)


def test_coefficients_have_names_errors_and_intervals(fitted):
    names = ["purchase:channel=web", "purchase:age", "lifetime:channel=web"]
    assert list(fitted.coefficients_) == names
    assert list(fitted.params_) == ["r", "alpha", "s", "beta", *names]
    assert list(fitted.standard_errors_) == list(fitted.params_)
    assert fitted.coefficients_["purchase:channel=web"] > 4 * fitted.standard_errors_["purchase:channel=web"]
    low, high = fitted.confidence_intervals_()["purchase:age"]
    assert low < fitted.coefficients_["purchase:age"] < high
    assert "purchase:channel=web" in fitted.summary(meanings=True).index
    assert "lifetime:channel=web" in fitted._repr_html_()
    assert "purchase:age" in repr(fitted)


def test_texts_are_zeros_and_ones(customers, fitted):
    by_hand = cam.ParetoNbd(purchase_covariates=["web", "age"], lifetime_covariates=["web"]).fit(customers)
    np.testing.assert_allclose(list(by_hand.params_.values()), list(fitted.params_.values()), rtol=1e-9)
    turned = cam.ParetoNbd(purchase_covariates=["channel"], levels={"channel": ["web", "shop"]}).fit(customers)
    straight = cam.ParetoNbd(purchase_covariates=["channel"]).fit(customers)
    assert turned.coefficients_["purchase:channel=shop"] == pytest.approx(
        -straight.coefficients_["purchase:channel=web"]
    )


def test_the_encoding_goes_with_the_model(customers, fitted):
    for again in (cam.from_json(fitted.to_json()), pickle.loads(pickle.dumps(fitted))):
        assert again == fitted
        scores = again.expected_purchases(customers, 52)
        pd.testing.assert_series_equal(scores, fitted.expected_purchases(customers, 52))
    frame = pl.from_pandas(customers.reset_index())
    assert (
        fitted.expected_purchases(frame, 52, unit="W").to_numpy() == fitted.expected_purchases(customers, 52).to_numpy()
    ).all()
    unfitted = cam.ParetoNbd(purchase_covariates=["age"])
    assert pickle.loads(pickle.dumps(unfitted)) == unfitted != cam.ParetoNbd()


def test_an_unknown_level_and_a_missing_value_are_named(customers, fitted):
    other = customers.copy()
    other.iloc[7, other.columns.get_loc("channel")] = "phone"
    with pytest.raises(InvalidDataError, match="row 7: channel must be one of its levels, 'shop', 'web', got 'phone'"):
        fitted.probability_alive(other)
    other = customers.copy()
    other.loc[other.index[9], "age"] = np.nan
    other.iloc[11, other.columns.get_loc("channel")] = None
    assert np.flatnonzero(fitted.probability_alive(other).isna()).tolist() == [9, 11]
    with pytest.raises(InvalidDataError) as caught:
        cam.ParetoNbd(purchase_covariates=["age"]).fit(other)
    assert (caught.value.row, caught.value.field) == (9, "age")
    with pytest.raises(InvalidShapeError, match="'channel' is missing"):
        fitted.probability_alive(customers.drop(columns="channel"))


def test_new_customers_and_simulation_have_covariates(customers, fitted):
    web, shop = fitted.given(channel="web", age=40), fitted.given(channel="shop", age=40)
    assert web.expected_purchases_new_customer(52) > shop.expected_purchases_new_customer(52)
    assert web.params_["alpha"] < shop.params_["alpha"]
    assert not web.coefficients_
    with pytest.raises(UnsupportedError, match=r"model\.given\(channel=…, age=…\)$"):
        fitted.expected_purchases_new_customer(52)
    with pytest.raises(InvalidParameterError, match="covariate age is missing"):
        fitted.given(channel="web")
    with pytest.raises(InvalidParameterError, match="no covariate named 'color'"):
        fitted.given(color="red")
    with pytest.raises(InvalidDataError, match="phone"):
        fitted.given(channel="phone", age=40)
    drawn = fitted.simulate(T=50.0, n=4000, seed=1, channel=["web", "shop"] * 2000, age=40)
    assert drawn["frequency"][::2].mean() > drawn["frequency"][1::2].mean()


def test_every_family_of_the_doors_takes_them(customers):
    for purchases in (cam.BgNbd, cam.MbgNbd):
        model = purchases(purchase_covariates=["channel"], lifetime_covariates=["age"], penalty={"lifetime": 0.01}).fit(
            customers
        )
        assert list(model.coefficients_) == ["purchase:channel=web", "lifetime.a:age", "lifetime.b:age"]
    spend = cam.GammaGamma(spend_covariates=["channel"]).fit(customers)
    value = cam.customer_lifetime_value(model, spend, customers, 52, 0.001)
    product = model.discounted_expected_purchases(customers, discount_rate=0.001, horizon=52) * spend.expected_spend(
        customers
    )
    np.testing.assert_allclose(value, product, rtol=1e-14)
    assert "customer_lifetime_value" in model.predict(customers, 52, 0.001, spend=spend)
    constrained = cam.ParetoNbd(purchase_covariates=["web"], lifetime_covariates=["web"], constrain=["web"]).fit(
        customers
    )
    assert list(constrained.coefficients_) == ["purchase+lifetime:web"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"purchase_covariates": "age"}, "purchase_covariates must be a list of names"),
        ({"purchase_covariates": [1]}, "must be a list of names"),
        ({"penalty": 1.0}, "name some"),
        ({"purchase_covariates": ["age"], "penalty": "much"}, "penalty must be a number"),
    ],
)
def test_bad_arguments_are_refused(arguments, says):
    with pytest.raises(InvalidParameterError, match=says):
        cam.ParetoNbd(**arguments)


def test_what_cannot_be_told_is_named(customers):
    constant = customers.assign(country="us", twice=2 * customers["age"])
    with pytest.raises(InvalidParameterError, match="country is 'us' for every customer"):
        cam.ParetoNbd(purchase_covariates=["country"]).fit(constant, unit="W")
    with pytest.raises(NotEnoughDataError, match="twice is a linear function of age"):
        cam.ParetoNbd(purchase_covariates=["age", "twice"]).fit(constant, unit="W")
