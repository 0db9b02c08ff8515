"""What a posterior of populations answers: the questions of every model of purchases, draws of customers, comparisons."""

import inspect
import json

import numpy as np
import pytest

import cam

pytestmark = pytest.mark.filterwarnings("ignore::cam.ConvergenceWarning")


def posterior(cls, parameters, **draws):
    """Give a posterior with these draws, each again and again."""
    names = {"gamma": list(draws)}
    document = {
        "format": "cam.posterior",
        "schema": 1,
        "model": cls._task,
        "heterogeneity": "gamma",
        "covariates": [],
        "unit": "week",
        "customers": 100,
        "sampling": {"seed": 1, "chains": 1, "burn_in": 0, "draws": parameters, "thin": 1},
        "parameters": names["gamma"],
        "draws": [[[float(value)] * parameters] for value in draws.values()],
    }
    return cls.from_json(json.dumps(document))


TRUE = {"r": 0.8, "alpha": 8.0, "s": 0.7, "beta": 12.0}


@pytest.fixture(scope="module")
def timed(log):
    summary = cam.summarize(log, amount="amount", unit="W", observation_end="1997-09-30", log_intervals=True)
    return summary[summary["frequency"] > 0].head(12)


@pytest.fixture(scope="module")
def gamma():
    return posterior(cam.ParetoNbdHb, 5, **TRUE)


@pytest.fixture(scope="module")
def regular():
    return posterior(cam.ParetoGgg, 400, t=1e5, gamma=1e5, **TRUE)


@pytest.fixture(scope="module")
def plain():
    return cam.ParetoNbd.from_params(**TRUE, unit="W")


ASKED = [
    ("probability_alive", (), {}),
    ("probability_alive", (10,), {}),
    ("expected_purchases", (26,), {}),
    ("discounted_expected_purchases", (), {"continuous_discount_rate": 0.002, "horizon": 52}),
    ("discounted_expected_purchases", (), {"discount_rate": 0.002}),
    ("variance_of_purchases", (26,), {}),
    ("variance_of_discounted_purchases", (), {"discount_rate": 0.01, "horizon": 52}),
    ("log_likelihood", (), {}),
]


@pytest.mark.parametrize(("method", "arguments", "options"), ASKED)
def test_a_posterior_of_one_population_answers_as_its_model(gamma, regular, plain, timed, method, arguments, options):
    want = getattr(plain, method)(timed, *arguments, **options)
    got = getattr(gamma, method)(timed, *arguments, **options)
    assert got.index.equals(timed.index)
    assert got.name == want.name
    assert np.allclose(got, want, rtol=1e-9)
    if method != "log_likelihood":
        got = getattr(regular, method)(timed, *arguments, **options)
        assert np.allclose(got.sum(), want.sum(), rtol=0.15 if method.startswith("variance") else 0.08)


def test_numbers_of_purchases_have_probabilities(gamma, regular, plain, timed):
    for model, tolerance in ((gamma, 1e-9), (regular, 0.1)):
        for n in (0, 2):
            got = model.purchase_probability(n, 26, timed)
            assert np.allclose(got.sum(), plain.purchase_probability(n, 26, timed).sum(), rtol=tolerance)
            got = model.later_purchase_probability(n, 10, 26, timed)
            assert np.allclose(got.sum(), plain.later_purchase_probability(n, 10, 26, timed).sum(), rtol=2 * tolerance)


def test_a_new_customer_needs_no_history(gamma, regular, plain):
    for model, tolerance in ((gamma, 1e-9), (regular, 0.02)):
        want = plain.expected_purchases_new_customer([26, 52])
        assert np.allclose(model.expected_purchases_new_customer([26, 52]), want, rtol=tolerance)
        want = plain.purchase_probability([0, 1, 2], 26)
        assert np.allclose(model.purchase_probability([0, 1, 2], 26), want, rtol=tolerance)
        assert np.isclose(
            model.later_purchase_probability(0, 5, 26), plain.later_purchase_probability(0, 5, 26), rtol=tolerance
        )
        assert np.isclose(
            model.new_customer("probability_alive", after=9),
            plain.new_customer("probability_alive", after=9),
            rtol=tolerance,
        )


def test_predict_and_the_methods_agree(regular, timed):
    scores = regular.predict(timed, 52, continuous_discount_rate=0.002, draws=50)
    for column, found in {
        "probability_alive": regular.probability_alive(timed, draws=50),
        "expected_purchases": regular.expected_purchases(timed, 52, draws=50),
        "discounted_expected_purchases": regular.discounted_expected_purchases(
            timed, continuous_discount_rate=0.002, horizon=52, draws=50
        ),
    }.items():
        assert np.allclose(scores[column], found, rtol=1e-12)
    assert (scores["discounted_expected_purchases"] < scores["expected_purchases"]).all()
    assert (regular.expected_purchases(timed, 52, threads=1) == regular.expected_purchases(timed, 52, threads=2)).all()


def test_every_customer_has_draws(regular, gamma, timed):
    draws = regular.individual_draws(timed, draws=30)
    assert list(draws) == ["purchase_rate", "leaving_rate", "lifetime", "regularity"]
    assert all(values.shape == (12, 30) for values in draws.values())
    assert (draws["lifetime"] >= timed["recency"].to_numpy()[:, None]).all()
    means = regular.predict(timed, draws=30)
    assert np.allclose(draws["purchase_rate"].mean(axis=1), means["purchase_rate"])
    draws = gamma.individual_draws(timed, draws=30)
    assert draws["lifetime"].shape == (12, 5)
    assert "regularity" not in draws
    hole = timed.copy()
    hole.iloc[3, hole.columns.get_loc("recency")] = np.nan
    assert np.isnan(gamma.individual_draws(hole)["lifetime"][3]).all()


def test_new_customers_are_simulated(regular, gamma):
    for model in (regular, gamma):
        drawn = model.simulate(seed=3, n=500, T=52)
        assert drawn.attrs["cam_unit"] == "week"
        assert (drawn["recency"] <= 52).all()
        assert drawn.equals(model.simulate(seed=3, T=np.full(500, 52.0), threads=1))
        assert model.probability_alive(drawn.head(5), draws=5).between(0, 1).all()
        with pytest.raises(cam.errors.InvalidShapeError, match="starts from T"):
            model.simulate(seed=3, n=5)


def test_draws_are_told_as_of_any_other_posterior(summary):
    model = cam.ParetoNbdHb().fit(summary, method="gibbs", draws=60, burn_in=60, chains=2)
    sampled = cam.ParetoNbd
    for name in ("posterior_frame", "posterior_dict", "to_arviz"):
        assert inspect.signature(getattr(model, name)) == inspect.signature(getattr(sampled(), name))
    frame = model.posterior_frame()
    assert list(frame.columns) == ["chain", "draw", "r", "alpha", "s", "beta"]
    assert len(frame) == 120
    assert (frame["r"].to_numpy() == model.posterior_["r"].ravel()).all()
    made = model.posterior_dict()
    assert made["dims"] == {"chain": 2, "draw": 60}
    assert made["attrs"]["model"] == "pareto_nbd_hb"
    assert set(model.diagnostics_["r"]) == {"r_hat", "ess_bulk", "ess_tail"}
    assert model.sampling_["burn_in"] == 60
    with pytest.raises(cam.errors.UnknownNameError, match="there is: gibbs"):
        cam.ParetoGgg().fit(summary, method="nuts")


def test_weights_count(summary):
    options = {"draws": 10, "burn_in": 10, "chains": 1}
    thrice = summary.assign(weight=3.0)
    assert cam.ParetoNbdHb().fit(thrice, **options).n_customers_ == 7071
    assert cam.ParetoNbdHb().fit(summary, **options).n_customers_ == 2357


def test_covariates_of_a_new_customer_are_given(summary):
    data = summary.assign(spender=(summary["monetary_value"] > 20).astype(float))
    model = cam.ParetoNbdHb("log_normal", ["spender"]).fit(data, draws=20, burn_in=20, chains=1)
    few, many = (model.expected_purchases_new_customer(52, covariates={"spender": z}) for z in (0, 1))
    assert few != many
    with pytest.raises(cam.errors.InvalidParameterError, match="spender"):
        model.expected_purchases_new_customer(52)
    assert list(model.simulate(seed=1, n=3, T=10, spender=[0, 1, 0]).columns) == [
        "frequency",
        "recency",
        "T",
        "spender",
    ]
    assert np.isfinite(model.log_likelihood(data.head(5), draws=10)).all()


def test_a_posterior_is_compared_and_has_a_value(log):
    split = cam.split(log, calibration_end="1997-09-30", amount="amount", unit="W").head(400)
    model = cam.ParetoNbdHb()
    compared = cam.compare([cam.ParetoNbd(), model], split)
    assert list(compared.models) == ["pareto_nbd", "pareto_nbd_hb"]
    scores = compared.frame()
    assert abs(scores["log_score"].diff().iloc[1]) < 0.02
    assert abs(scores["predicted"].iloc[1] / scores["predicted"].iloc[0] - 1) < 0.2
    spend = cam.GammaGamma().fit(split)
    value = cam.customer_lifetime_value(model, spend, split.head(20), 52, 0.002)
    want = model.discounted_expected_purchases(split.head(20), discount_rate=0.002, horizon=52, draws=400)
    assert np.allclose(value, want * spend.expected_spend(split.head(20)), rtol=1e-9)


def test_a_bad_question_is_told(gamma, timed):
    with pytest.raises(cam.errors.UnsupportedError, match="it defines"):
        gamma.score("expected_spend", timed)
    with pytest.raises(cam.errors.InvalidParameterError, match="exactly one"):
        gamma.discounted_expected_purchases(timed)
    with pytest.raises(cam.errors.InvalidParameterError, match="the order is n"):
        gamma.purchase_probability(timed, 26, 2)
    with pytest.raises(TypeError, match="there are: draws, seed"):
        gamma.probability_alive(timed, drawn=3)
    with pytest.raises(cam.errors.InvalidDocumentError, match="from_json opens it"):
        cam.Model.from_json(gamma.to_json())
    assert isinstance(cam.from_json(gamma.to_json()), cam.ParetoNbdHb)
