"""The registry decides what models there are. All are reached by name; a class that a model has here keeps to the rules."""

import inspect
import json

import numpy as np
import pytest

import cam

ENTRIES = {entry["id"]: entry for entry in cam.models()}
CLASSES = [c for c in vars(cam).values() if isinstance(c, type) and getattr(c, "model", None) is not None]


def test_a_class_is_of_a_model_of_the_registry_and_the_only_one_of_it():
    ids = [cls.model for cls in CLASSES]
    # Were none found, the tests below would hold nothing to anything.
    assert "bg_nbd" in ids
    assert set(ids) <= set(ENTRIES)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("cls", CLASSES)
def test_a_class_has_the_parameters_of_its_model_references_and_an_example(cls):
    parameters = [p["name"] for p in ENTRIES[cls.model]["parameters"]]
    signature = inspect.signature(cls.from_params).parameters
    assert [name for name in signature if name != "unit"] == parameters
    assert all(parameter.kind is parameter.KEYWORD_ONLY for parameter in signature.values())
    own = inspect.signature(cls).parameters
    assert all(parameter.kind is parameter.KEYWORD_ONLY for parameter in own.values())
    assert {"model", "parameters"}.isdisjoint(own)
    assert "References" in cls.__doc__
    assert ">>>" in cls.__doc__


@pytest.mark.parametrize("cls", CLASSES)
def test_every_quantity_of_a_model_is_a_method_of_its_class(cls):
    for quantity in ENTRIES[cls.model]["quantities"]:
        assert callable(getattr(cls, quantity))


@pytest.mark.parametrize("entry", cam.models(), ids=lambda entry: entry["id"])
def test_every_model_is_reached_by_name_alone(entry, suitable):
    summary = suitable(entry)
    model = cam.Model(entry["id"]).fit(summary)
    again = cam.from_json(model.to_json())
    assert again == model
    assert json.loads(again.to_json())["model"] == entry["id"]
    assert type(again) is {cls.model: cls for cls in CLASSES}.get(entry["id"], cam.Model)
    assert len(model.score(entry["quantities"][0], summary)) == len(summary)


@pytest.mark.parametrize("entry", cam.models(), ids=lambda entry: entry["id"])
def test_what_is_simulated_can_be_fitted_and_is_recovered(entry, suitable):
    truth = cam.Model(entry["id"]).fit(suitable(entry))
    (design,) = (variable["name"] for variable in entry["design"])
    start = {design: 100.0} if design == "T" else {design: np.arange(100_000) % 6 + 1.0}
    drawn = truth.simulate(seed=5, n=100_000, **start)
    found = cam.Model(entry["id"]).fit(drawn)
    for name, (low, high) in found.confidence_intervals_(0.9999).items():
        assert low < truth.params_[name] < high
    first = {design: value if design == "T" else value[:1000] for design, value in start.items()}
    assert truth.simulate(seed=5, n=1000, threads=1, **first).equals(drawn.iloc[:1000])


def test_meanings_are_sentences_without_a_blank_before_or_after():
    for entry in cam.models():
        for variable in (*entry["parameters"], *entry["columns"], *entry["design"]):
            assert variable["meaning"]
            assert variable["meaning"] == variable["meaning"].strip()
