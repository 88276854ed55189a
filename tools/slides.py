"""Cut the notebooks into slides: `uv run python tools/slides.py`, after a notebook has changed.

Written are `slide_type` of every cell and, for RISE, four settings of the notebook. The look is `notebooks/rise.css`.

- A section (`##`) is a column of slides: a slide, and below it its subslides. A heading always begins a slide.
- In between, the cells are shared out so that no slide is too high, text stays with the code it leads to, and slides
  are about equally full. How high a cell will be is reckoned from its text; a browser measures it in the tests.
- An explorer has a slide to itself. Solutions, the reader's progress and references are skipped.
"""

import base64
import re
import struct
import sys
from functools import cache
from math import ceil
from pathlib import Path

import nbformat

RISE = {"center": False, "controls": False, "margin": 0, "slideNumber": "c/t", "transition": "none"}

# Of a slide of 1280 × 720, in pixels, as rise.css has it
ROOM = 660
TEXT_LINE, TEXT_LETTERS = 37, 90  # the height of a line, and how many letters it holds in a wide font
CODE_LINE, CODE_LETTERS = 28, 97
HEADING, FORMULA, TABLE_ROW, GAP = 60, 110, 47, 12
PICTURE_WIDTH, PICTURE_HEIGHT, EXPLORER = 1000, 500, 680


def assign(notebook):
    """Give every cell its slide type, in place."""
    notebook.metadata["rise"] = dict(RISE)
    for cell in notebook.cells:
        cell.metadata["slideshow"] = {"slide_type": "skip" if is_skipped(cell) else "-"}
    shown = [cell for cell in notebook.cells if not is_skipped(cell)]
    starts = [i for i, cell in enumerate(shown) if level(cell)]
    for start, end in zip(starts, [*starts[1:], len(shown)], strict=True):
        for slide in shared_out(shown[start:end]):
            slide[0].metadata.slideshow.slide_type = "subslide"
        if level(shown[start]) < 3:
            shown[start].metadata.slideshow.slide_type = "slide"


def is_skipped(cell):
    starts = ("## References", "### What do I know now?", "progress(", "ten_questions(")
    return "solution" in cell.metadata.get("tags", []) or cell.source.startswith(starts)


def level(cell):
    """The level of the heading that a cell begins with, or 0."""
    return len(re.match("#*", cell.source)[0]) if cell.cell_type == "markdown" else 0


def shared_out(cells):
    """The best way to share cells out over slides: a list of lists."""

    @cache
    def best(start):
        """The cost of the slides from one cell on, and where each of them ends."""
        if start == len(cells):
            return 0, ()
        ways = []
        for end in range(start + 1, len(cells) + 1):
            height = sum(map(cell_height, cells[start:end]))
            if height > ROOM and end > start + 1:
                break
            cost, ends = best(end)
            parted = end < len(cells) and cells[end - 1].cell_type == "markdown" and cells[end].cell_type == "code"
            ways.append((cost + 1 + 0.5 * parted + 0.3 * max(0, 1 - height / ROOM) ** 2, (end, *ends)))
        return min(ways)

    ends = best(0)[1]
    return [cells[start:end] for start, end in zip((0, *ends), ends, strict=False)]


# --- how high a cell is -----------------------------------------------------------------------------------------


def cell_height(cell):
    if cell.cell_type == "markdown":
        return GAP + sum(block_height(block) for block in re.split(r"\n\s*\n", cell.source))
    if "predict(" in cell.source and pictures(cell):
        return EXPLORER
    if pictures(cell):  # it takes the place of the code
        return GAP + sum(map(picture_height, pictures(cell)))
    texts = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.outputs]
    return 2 * GAP + code_height(cell.source) + sum(map(code_height, texts))


def block_height(block):
    """The height of a paragraph, heading, list, table or formula."""
    lines = block.strip().split("\n")
    if block.startswith("#"):
        return HEADING * ceil(letters(block) / 54)
    if block.startswith("$$"):
        return FORMULA + FORMULA // 2 * block.count("\\\\\n")
    if block.startswith("|"):
        return GAP + TABLE_ROW * (len(lines) - 1)
    if block.startswith("```"):
        return GAP + CODE_LINE * (len(lines) - 1)
    if not re.match(r"[-*] |\d+\. ", block):
        lines = [" ".join(lines)]
    return GAP + TEXT_LINE * sum(ceil(letters(line) / TEXT_LETTERS) for line in lines)


def letters(text):
    """How many letters are seen of a piece of Markdown."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)|<[^>]*>|\*\*|`", r"\1", text)
    text = re.sub(r"\\(mathrm|text|left|right|[,;!])", "", text)
    return len(re.sub(r"\\[a-z]+", "x", text, flags=re.I).translate(dict.fromkeys(map(ord, "${}^_"))))


def code_height(text):
    return CODE_LINE * sum(max(1, ceil(len(line) / CODE_LETTERS)) for line in text.rstrip("\n").split("\n") if text)


def pictures(cell):
    return [output.data["image/png"] for output in cell.outputs if "image/png" in output.get("data", {})]


def picture_height(png):
    width, height = struct.unpack(">II", base64.b64decode(png)[16:24])
    return min(PICTURE_HEIGHT, PICTURE_WIDTH * height / width)


if __name__ == "__main__":
    for name in sys.argv[1:] or sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb")):
        stored = nbformat.read(name, as_version=4)
        assign(stored)
        nbformat.write(stored, name)
        kinds = [cell.metadata.slideshow.slide_type for cell in stored.cells]
        print(f"{Path(name).name}: {kinds.count('slide') + kinds.count('subslide')} slides")
