"""How the pages are built; `make docs` runs it with warnings as errors."""

import sys
from importlib import metadata
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "cam"
author = "The cam developers"
copyright = "2026, The cam developers"
release = metadata.version("cam-py")

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "mathml",
]
exclude_patterns = ["_build", "tests", "_ext", ".pytest_cache"]
nitpicky = False

myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
suppress_warnings = ["mystnb.unknown_mime_type"]

# The tutorial runs whenever the pages are built, and an error in it is an error of the build.
nb_execution_mode = "force"
nb_execution_timeout = 300
nb_execution_raise_on_error = True
nb_merge_streams = True

autodoc_member_order = "bysource"
autodoc_typehints = "none"
napoleon_google_docstring = False
napoleon_use_rtype = False

html_theme = "furo"
html_title = f"cam {release}"
html_math_renderer = "mathml"
html_static_path = ["_static"]
html_css_files = ["cam.css"]
html_show_sourcelink = False
