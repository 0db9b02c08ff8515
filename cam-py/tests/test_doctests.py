"""Every example in a docstring of the installed package."""

import doctest
import importlib
import pkgutil
import sys

import pandas as pd
import pytest

import cam

MODULES = ["cam"] + [m.name for m in pkgutil.walk_packages(cam.__path__, "cam.") if m.name != "cam._core"]


@pytest.fixture(autouse=True)
def _closed():
    """Close what the examples drew: matplotlib warns of many open figures."""
    yield
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")


@pytest.mark.parametrize("name", MODULES)
def test_examples_give_what_they_say(name):
    with pd.option_context("display.width", 120, "display.max_columns", 10):
        result = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.failed == 0


def test_every_public_name_is_documented():
    for name in cam.__all__:
        value = getattr(cam, name)
        assert isinstance(value, str) or value.__doc__, name
        if isinstance(value, type):
            for member in dir(value):
                inherited = hasattr(Exception, member)
                if not (member.startswith("_") or inherited or isinstance(getattr(value, member), str | None)):
                    assert getattr(value, member).__doc__, f"{name}.{member}"
