"""Markdown whose formulas become MathML, which browsers show by themselves: no MathJax, no network."""

import re

from latex2mathml.converter import convert
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

__all__ = ["to_html"]


class _Renderer(IPythonRenderer):
    def block_math(self, body):
        return _mathml(body, "block")

    def inline_math(self, body):
        return _mathml(body, "inline")


def to_html(markdown):
    """Return the HTML of a Markdown text.

    >>> "<msup>" in to_html("$p^2$")
    True
    """
    return MarkdownWithMath(renderer=_Renderer(escape=False)).render(markdown)


def _mathml(latex, display):
    # HTML needs no namespace, and nbconvert would turn it into a prefix in headings.
    formula = convert(latex, display=display, xmlns="")
    return re.sub(r"<mi>(ln|log|exp|det)</mi>", r'<mo lspace="0.167em" rspace="0.167em">\1</mo>', formula)
