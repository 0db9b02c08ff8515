"""The page on the design names the folders and modules that there are."""

from __future__ import annotations

import subprocess
import sys

from pages import ROOT


def test_the_layout_in_the_design_page_names_what_is_there() -> None:
    done = subprocess.run([sys.executable, str(ROOT / ".ci" / "layout"), "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
