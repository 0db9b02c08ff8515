"""Formulas as MathML, which browsers draw themselves: no script and no network where the pages are read."""

from __future__ import annotations

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx


def inline(translator, node: nodes.math) -> None:
    translator.body.append(convert(node.astext()))
    raise nodes.SkipNode


def block(translator, node: nodes.math_block) -> None:
    # Lines are set below each other where the source breaks them, as with amsmath's `aligned`.
    latex = node.astext().strip()
    if "\\\\" in latex and "\\begin" not in latex:
        latex = r"\begin{aligned}" + latex + r"\end{aligned}"
    translator.body.append(f'<div class="math">{convert(latex, display="block")}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
