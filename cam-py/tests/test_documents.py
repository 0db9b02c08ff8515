"""The JSON document, and what goes through it: pickle, copy, joblib, files."""

import copy
import json
import pickle

import joblib
import pytest

import cam


@pytest.fixture(params=["bg", "pareto", "gg"])
def model(request):
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize(
    "again",
    [
        lambda m: pickle.loads(pickle.dumps(m)),
        copy.copy,
        copy.deepcopy,
        lambda m: type(m).from_json(m.to_json()),
        lambda m: cam.from_json(m.to_json()),
    ],
    ids=["pickle", "copy", "deepcopy", "from_json of its class", "from_json"],
)
def test_a_copy_is_the_same_model_to_the_last_bit(model, again, summary):
    twin = again(model)
    assert type(twin) is type(model)
    assert twin == model
    assert twin.to_json() == model.to_json()
    assert twin.params_ == model.params_
    assert (twin.covariance_ == model.covariance_).all()
    assert (twin.log_likelihood(summary) == model.log_likelihood(summary)).all()


def test_joblib_and_files_keep_a_model(model, tmp_path):
    joblib.dump(model, tmp_path / "model.joblib")
    assert joblib.load(tmp_path / "model.joblib") == model
    model.save(tmp_path / "model.json")
    assert type(model).load(tmp_path / "model.json") == model
    assert cam.Model.load(tmp_path / "model.json") == model


def test_joblib_workers_score_in_other_processes(bg, summary):
    parts = [summary.iloc[:1000], summary.iloc[1000:]]
    with joblib.Parallel(n_jobs=2) as pool:
        alive = pool(joblib.delayed(bg.probability_alive)(part) for part in parts)
    assert (alive[1] == bg.probability_alive(parts[1])).all()


def test_a_model_without_parameters_is_copied_as_such():
    assert pickle.loads(pickle.dumps(cam.BgNbd())) == cam.BgNbd()
    assert cam.BgNbd() != cam.ParetoNbd()


def test_the_document_says_what_it_is(bg):
    document = json.loads(bg.to_json())
    assert document["format"] == "cam.model"
    assert (document["schema"], document["model"], document["unit"]) == (1, "bg_nbd", "week")
    assert document["parameters"] == bg.params_


def test_given_parameters_have_no_report(bg):
    model = cam.BgNbd.from_params(**bg.params_, unit="W")
    assert model != bg
    assert model.params_ == bg.params_
    with pytest.raises(cam.errors.UnsupportedError, match="given, not estimated"):
        _ = model.log_likelihood_
    assert model.summary()["standard_error"].isna().all()


def test_a_model_shows_itself(bg):
    assert "4.4136" in repr(bg)
    html = bg._repr_html_()
    for text in ("BG/NBD", "alpha", "4.4136", "0.378224", "converged", "week"):
        assert text in html
    assert "not fitted" in cam.BgNbd()._repr_html_()
    assert repr(cam.BgNbd()) == "BgNbd()"


def test_intervals_cover_the_estimate_and_widen_with_the_level(bg):
    narrow, wide = bg.confidence_intervals_(0.5), bg.confidence_intervals_(0.99)
    for name, value in bg.params_.items():
        assert 0 < wide[name][0] < narrow[name][0] < value < narrow[name][1] < wide[name][1]
    table = bg.summary(level=0.5)
    assert table["lower"].tolist() == [low for low, _ in narrow.values()]


@pytest.mark.parametrize("name", ["bg", "gg"])
def test_a_file_opens_whichever_model_it_holds(name, request, tmp_path):
    model = request.getfixturevalue(name)
    model.save(tmp_path / "model.json")
    for again in (cam.load(tmp_path / "model.json"), cam.load(str(tmp_path / "model.json"))):
        assert again == model
        assert type(again) is type(model)
