"""Pictures that can be read, and web pages that can be heard. What explorers say in JupyterLab: `test_browser.py`.

The figures of a notebook are read where nbval runs it: see `legible.py`, and `test_nbval.py` for one that is pale.
"""

import itertools
from pathlib import Path

import nbformat
import numpy as np
import pytest
from browser import axe_faults, picture_faults
from editions import html
from legible import contrast, text_faults
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from test_explorers import at_start, each_explorer, ends, set_values

from klcourse import live
from klcourse.explorers.vae_kl_coefficient import TrainingView
from klcourse.live import style

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
each_notebook = pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)


# --- text in pictures ---------------------------------------------------------------------------------------------


def faults_of_frame(picture):
    def draw(_figure):
        picture.redraw()
        return picture.rgb()

    return list(text_faults(picture.figure, draw))


@each_explorer
def test_text_in_live_pictures_can_be_read(make):
    explorer = at_start(make)
    assert faults_of_frame(explorer.picture) == []
    set_values(explorer, {name: ends(control)[-1] for name, control in explorer.controls.items()})
    assert faults_of_frame(explorer.picture) == []


def test_text_of_the_training_can_be_read():
    assert faults_of_frame(TrainingView([1], epochs=1).picture) == []


# --- web pages ----------------------------------------------------------------------------------------------------

LEVELS = "() => [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].map(heading => Number(heading.tagName[1]))"

# Of the colours of code it is enough to see one piece of each kind: axe-core takes a millisecond for each piece.
FEWER = """() => {
    const seen = new Set();
    for (const piece of document.querySelectorAll('.highlight span'))
        seen.has(piece.className) ? piece.replaceWith(piece.textContent) : seen.add(piece.className);
    document.querySelectorAll('details').forEach(part => part.open = true);
}"""


def page_faults(page):
    """Find what keeps those from reading a page who cannot see it or not well."""
    page.evaluate(FEWER)
    levels = page.evaluate(LEVELS)
    jumps = [f"a heading jumps from level {a} to {b}" for a, b in itertools.pairwise([0, *levels]) if b > a + 1]
    return axe_faults(page) + jumps + picture_faults(page.locator("main img"))


@each_notebook
def test_a_web_page_can_be_heard(browser, notebook, tmp_path):
    stored = nbformat.read(notebook, as_version=4)
    (tmp_path / "page.html").write_text(html(stored), "utf-8")
    with browser.new_context(offline=True) as context:
        page = context.new_page()
        page.goto((tmp_path / "page.html").as_uri(), wait_until="domcontentloaded")
        assert page.title() == stored.cells[0].source.splitlines()[0].removeprefix("# ")
        assert page_faults(page) == []


# --- the checks can fail ------------------------------------------------------------------------------------------


def test_contrast_by_known_values():
    grey = np.array([0x76] * 3) / 255
    assert contrast(np.zeros(3), np.ones(3)) == pytest.approx(21)
    assert contrast(grey, np.ones(3)) == contrast(np.ones(3), grey) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize(
    ("look", "fault"),
    [
        ({}, None),
        ({"fontsize": 11}, "has 11 points"),
        ({"color": style.P["color"]}, None),
        ({"color": style.Q["color"]}, "has a contrast of 2.3"),
        ({"color": style.P["text"], "alpha": 0.6}, "has a contrast of 2."),
        ({"color": (*to_rgba(style.P["text"])[:3], 0.6)}, "has a contrast of 2."),
        ({"x": 2.5}, "has a contrast of 1."),  # on the dark bar
        ({"x": 2.5, "color": "white"}, None),
        ({"x": 2.5, "visible": False}, None),
    ],
)
def test_text_that_cannot_be_read_is_reported(look, fault):
    figure = Figure(facecolor=style.PANEL)
    axes = figure.subplots()
    axes.set_axis_off()
    axes.bar([2.5], [1], width=1, color=style.INK)
    axes.set(xlim=(0, 3), ylim=(0, 1))
    axes.text(**{"x": 0.5, "y": 0.5, "s": "words", "ha": "center", "fontsize": 12, "color": style.INK} | look)
    found = list(text_faults(figure))
    assert len(found) == bool(fault)
    assert not fault or fault in found[0]


def test_live_text_that_cannot_be_read_is_reported():
    def build(figure):
        text = figure.subplots().text(0.5, 0.5, "words", color=style.Q["color"])
        return [text], lambda numbers: None

    picture = live.Picture(build)
    picture.update({})
    assert faults_of_frame(picture) == ["'words' has a contrast of 2.3"]


DOT = '<img src="data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7" alt="A dot">'


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ("<p>Sound</p>", []),
        (DOT.replace("alt", "title"), ["a picture 1 pixels wide has no alt text"]),
        (DOT.replace('alt="A dot"', ""), ["image-alt", "a picture 1 pixels wide has no alt text"]),
        ('<p style="color: #aaa">Pale</p>', ["color-contrast"]),
        ('<p class="highlight"><span>fine</span> <span class="n" style="color: #aaa">pale</span></p>', ["color"]),
        ("<h3>Jump</h3>", ["a heading jumps from level 1 to 3"]),
        ('<details><summary>Solution</summary><input type="range"></details>', ["label"]),
    ],
)
def test_a_page_that_cannot_be_heard_is_reported(browser, body, faults):
    page = browser.new_page()
    page.set_content(f'<html lang="en"><title>T</title><main><h1>T</h1>{DOT}{body}</main></html>')
    found = page_faults(page)
    page.close()
    assert len(found) == len(faults)
    assert all(fault in one for fault, one in zip(faults, found, strict=True)), found
