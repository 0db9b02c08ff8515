"""Tasks by name: what there is, and what a bad call is told."""

import numpy as np
import pytest

import cam
from cam._tasks import run


def test_tasks_are_listed_with_their_options():
    found = {task["id"]: task for task in cam.tasks()}
    assert {"title", "source", "columns", "models", "options", "answers"} < set(found["spend_independence"])
    for task in found.values():
        assert all({"name", "default", "meaning"} == set(option) for option in task["options"])


def test_a_task_is_done_by_its_name(columns):
    answer = run("spend_independence", columns)
    assert answer.output["pearson"] == pytest.approx(0.114, abs=5e-4)
    assert answer.columns == {}
    found = cam.spend_independence(columns)
    assert found.pearson == answer.output["pearson"]
    assert found.contradicted is False


def test_a_bad_call_is_told_what_there_is(columns, bg):
    with pytest.raises(cam.errors.UnknownNameError, match="there are: spend_independence"):
        run("spend", columns)
    with pytest.raises(cam.errors.UnknownNameError, match="option"):
        run("spend_independence", columns, {"by": 1})
    with pytest.raises(cam.errors.InvalidShapeError, match="frequency"):
        run("spend_independence", {})
    with pytest.raises(cam.errors.InvalidParameterError, match="week"):
        run("spend_independence", columns, models=[bg._core], unit="D")
    with pytest.raises(cam.errors.InvalidDataError, match="row 1"):
        run("spend_independence", {"frequency": np.array([1.0, np.nan]), "monetary_value": np.ones(2)})
