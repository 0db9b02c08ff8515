"""Where things are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    """Give the folder of the clone."""
    return ROOT


@pytest.fixture(scope="session")
def library() -> Path:
    """Give the folder that holds libcam_ffi; `make test` builds it and says where."""
    return Path(os.environ.get("CAM_LIBRARY_PATH", ROOT / "target" / "testrelease"))
