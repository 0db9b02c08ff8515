"""Formulas as MathML, which browsers draw themselves: no script and no network where the pages are read."""

from __future__ import annotations

import re

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx

# A named function stands apart from its argument, but not from a bracket; browsers leave that to us.
FUNCTION = re.compile(r"(<mi>(?:ln|exp|log)</mi>)(?!<mo|<mrow><mo|</)")


def formula(latex: str, display: str) -> str:
    """One line of LaTeX."""
    return FUNCTION.sub(r'\1<mspace width="0.167em"/>', convert(latex, display=display))


def inline(translator, node: nodes.math) -> None:
    """Write a formula within a line."""
    translator.body.append(formula(node.astext(), "inline"))
    raise nodes.SkipNode


def block(translator, node: nodes.math_block) -> None:
    r"""Write a formula on its own; it breaks where the source says `\\`."""
    lines = [line.strip() for line in node.astext().split("\\\\")]
    shown = "".join(formula(line, "block") for line in lines if line)
    translator.body.append(f'<div class="math">{shown}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer under the name that conf.py gives."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
