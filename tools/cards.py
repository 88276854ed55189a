"""Vote cards: each question of the lessons on a sheet of A4, with the answers and why on its back."""

import re
from html import escape

from klcourse.lessons import data

__all__ = ["cards"]

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Vote cards</title>
<style>
@page {{ size: A4 landscape; margin: 12mm }}
body {{ font: 18pt/1.35 sans-serif; color: #1a1a1a; margin: 0 auto; max-width: 273mm }}
section {{ break-after: page; break-inside: avoid; position: relative; min-height: 180mm }}
h2 {{ font-size: 22pt; margin: 0 0 4mm }}
img {{ display: block; width: 190mm; max-height: 95mm; object-fit: contain; margin: 4mm 0 }}
ol {{ list-style: upper-alpha; padding-left: 12mm; margin: 0 }}
li {{ margin-bottom: 2mm }}
.back {{ font-size: 14pt }}
.back li {{ margin-bottom: 4mm }}
.right {{ border-left: 2mm solid #0173b2; padding-left: 3mm }}
@media screen {{ section {{ border: 1px solid #888; padding: 8mm; margin: 8mm 0 }} }}
</style>
</head>
<body>
{}
</body>
</html>
"""


def cards(notebooks):
    """Return a page with two sheets for each question: ask, and answer. Printed on both sides, they are cards.

    Parameters
    ----------
    notebooks : sequence of nbformat.NotebookNode
        With their stored outputs, from which the pictures come: what would answer the question is hidden in them.
    """
    return _PAGE.format("\n".join(_card(name, picture) for each in notebooks for name, picture in _asked(each)))


def _asked(notebook):
    """Each question of a notebook with the picture that stands under it."""
    for cell in notebook.cells:
        if found := re.search(r'^predict\("([^"]+)"', cell.source, re.M):
            output = next(output for output in cell.outputs if "image/png" in output.get("data", {}))
            yield found[1], (output.data["image/png"].replace("\n", ""), output.metadata["image/png"]["alt"])


def _card(name, picture):
    question, (png, alt) = data.questions()[name], picture
    image = f'<img alt="{escape(alt)}" src="data:image/png;base64,{png}">'
    front = "".join(f"<li>{escape(answer['text'])}</li>" for answer in question["answers"])
    back = "".join(_reason(answer) for answer in question["answers"])
    return (
        f"<section><h2>{name} · {escape(question['asks'])}</h2>{image}<ol>{front}</ol></section>\n"
        f'<section class="back"><h2>{name} · {escape(question["asks"])}</h2><ol>{back}</ol></section>'
    )


def _reason(answer):
    mark = ' class="right"' if answer.get("right") else ""
    return f"<li{mark}><b>{escape(answer['text'])}</b><br>{escape(answer['feedback'])}</li>"
