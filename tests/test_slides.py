"""The notebooks as slides: cut by rules, and each fits on the screen, as RISE shows them.

The checks return what is wrong as sentences, so that the last tests can show each of them a broken notebook.
"""

import copy
import shutil
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect
from slides import assign, level

from klcourse.lessons.data import course, questions

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
LIVE = "03_jensen_shannon.ipynb"  # its explorers are the highest
QUESTIONS = questions().values()
WIDTH, HEIGHT = 1280, 720  # the full screen
FRAMED = 600  # what the browser's frame leaves of the height
LINE = 60  # a slide with one line of text is higher

every_notebook = pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)


# --- how a notebook is cut --------------------------------------------------------------------------------------


def cut_faults(notebook):
    """Find cells that a class would miss, or see too early."""
    kinds = [cell.metadata.get("slideshow", {}).get("slide_type") for cell in notebook.cells]
    if kinds[0] != "slide":
        yield "the first cell begins the first slide"
    for cell, kind in zip(notebook.cells, kinds, strict=True):
        if kind not in ("slide", "subslide", "-", "skip"):
            yield f"{cell.id} has the slide type {kind}"
        if ("solution" in cell.metadata.get("tags", [])) > (kind == "skip"):
            yield f"{cell.id} shows a solution"
        if level(cell) and kind == "-":
            yield f"{cell.id} has a heading and begins no slide"


@every_notebook
def test_the_notebook_is_cut_into_slides(notebook):
    stored = nbformat.read(notebook, as_version=4)
    assert not list(cut_faults(stored))
    recut = copy.deepcopy(stored)
    assign(recut)
    assert recut == stored, "run tools/slides.py"


def _drop(cell):
    del cell.metadata["slideshow"]


def _set(kind):
    return lambda cell: cell.metadata.slideshow.update(slide_type=kind)


@pytest.mark.parametrize(
    ("which", "spoil", "fault"),
    [
        (lambda cell: True, _set("skip"), "the first cell begins the first slide"),
        (lambda cell: level(cell) == 2, _set("-"), "has a heading and begins no slide"),
        (lambda cell: cell.cell_type == "code", _drop, "has the slide type None"),
        (lambda cell: "solution" in cell.metadata.get("tags", []), _set("-"), "shows a solution"),
    ],
)
def test_a_notebook_cut_badly_is_reported(which, spoil, fault):
    notebook = nbformat.read(ROOT / "notebooks" / LIVE, as_version=4)
    spoil(next(filter(which, notebook.cells)))
    assert fault in "\n".join(cut_faults(notebook))


# --- RISE -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lab(browser, tmp_path_factory):
    """JupyterLab on a copy of the notebooks, with the extension that lets sliders move in RISE."""
    from browser import Lab

    folder = tmp_path_factory.mktemp("slides")
    for file in [*NOTEBOOKS, ROOT / "notebooks/rise.css"]:
        shutil.copy(file, folder)
    nbformat.write(_workshop_notebook(), folder / "workshop.ipynb")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(ROOT / "rise/share/jupyter"))
        with Lab(folder / NOTEBOOKS[0].name) as started:
            yield started


@pytest.fixture(scope="module")
def show(browser, lab):
    """Open a notebook as slides, one after the other in the same page: the browser compiles RISE only once."""
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})

    def open_slides(name):
        page.goto(lab.url(name).replace("/lab/tree/", "/rise/"), wait_until="commit")
        page.wait_for_function("() => document.querySelector('section.present > section.present')", polling=50)
        return page

    yield open_slides
    page.close()


# Reveal lays out only the slides near the present one, so all are put on the screen for a moment.
SIZES = """() => [...document.querySelectorAll('section > section')].map(slide => {
    const parts = [slide.parentNode, slide], before = parts.map(part => part.style.display);
    parts.forEach(part => part.style.display = 'block');
    const {left, top} = slide.getBoundingClientRect();
    const shown = [...slide.querySelectorAll('*')].filter(part => part.checkVisibility()); // what is folded is not
    const boxes = shown.map(part => part.getBoundingClientRect());
    const seen = boxes.filter(box => box.width * box.height > 0);
    parts.forEach((part, i) => part.style.display = before[i]);
    const far = (side, start) => Math.max(...seen.map(box => box[side] - start));
    return {id: slide.id, width: far('right', left), height: far('bottom', top)};
})"""


NUMBER = """() => {
    const number = document.querySelector('.slide-number').getBoundingClientRect();
    const slide = document.querySelector('section.present > section.present');
    return number.right - slide.getBoundingClientRect().left - parseFloat(getComputedStyle(slide).paddingLeft);
}"""


def size_faults(page):
    """Find slides with nothing on them, slides that are cut off, and a number that stands outside the margin."""
    height, sizes = page.viewport_size["height"], None
    while sizes != (sizes := page.evaluate(SIZES)):  # until the formulas are there
        page.wait_for_timeout(300)
    for size in sizes:
        if size["width"] > WIDTH or not LINE * height / HEIGHT < size["height"] <= height:
            yield f"{size['id']} is {size['width']:.0f} pixels wide and {size['height']:.0f} high"
    if (beyond := page.evaluate(NUMBER)) > 0:
        yield f"the number of the slide stands {beyond:.0f} pixels outside the margin"


@every_notebook
def test_no_slide_is_cut_off(show, notebook):
    page = show(notebook.name)
    stored = nbformat.read(notebook, as_version=4)
    kinds = [cell.metadata.slideshow.slide_type for cell in stored.cells]
    assert page.locator("section > section").count() == kinds.count("slide") + kinds.count("subslide")
    assert not list(size_faults(page))
    if notebook.name[:2] in course():
        assert page.locator("mjx-container").count() > 10


ALL_HAVE_RUN = """() => ![...document.querySelectorAll('.jp-InputPrompt')]
    .some(prompt => prompt.textContent.includes('*'))"""


def test_sliders_move_in_slides(show):
    page = show(LIVE)
    run_all(page)
    page.wait_for_function("() => document.querySelectorAll('.widget-radio').length === 3")
    page.wait_for_function(ALL_HAVE_RUN, timeout=120_000)  # the cell that ran last takes the focus
    for slide in page.locator("section > section:has(.widget-radio)").all():
        place = f"#/{slide.get_attribute('id')}"
        page.evaluate("place => { location.hash = place }", place)
        slide.locator(".jp-mod-active").wait_for()  # RISE selects the cell, a moment after the slide has come
        lock_in_the_answer_of_the_longest_feedback(page, slide)
        assert page.url.endswith(place), "an arrow key that chooses an answer does not turn over"
        before = slide.locator("img").get_attribute("src")
        slide.locator(".noUi-handle").first.focus()
        for _ in range(3):
            page.keyboard.press("ArrowRight")
        expect(slide.locator("img")).not_to_have_attribute("src", before)
        assert page.url.endswith(place), "an arrow key that moves a slider does not turn over"
    assert page.locator("input[type=radio]:checked").count() == 3, "each question keeps its own answer"
    assert not list(size_faults(page))
    page.set_viewport_size({"width": WIDTH, "height": FRAMED})
    assert not list(size_faults(page))
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})


def run_all(page):
    """Run all cells as one does in RISE, by the command palette; again while the kernel is not ready."""
    while not page.locator(".jp-InputPrompt", has_text="[*]").count():
        page.keyboard.press("ControlOrMeta+Shift+C")
        page.keyboard.type("Run All Cells")
        page.keyboard.press("Enter")
        page.wait_for_timeout(500)


def lock_in_the_answer_of_the_longest_feedback(page, slide):
    question = next(question for question in QUESTIONS if question["asks"] in slide.inner_text())
    lengths = [len(answer["feedback"]) for answer in question["answers"]]
    slide.locator("input[type=radio]").first.focus()
    for key in ["ArrowDown"] * lengths.index(max(lengths)) or ["Space"]:
        page.keyboard.press(key)
    lock = slide.get_by_role("button", name="Lock in my answer")
    expect(lock).to_be_enabled()
    lock.focus()
    page.keyboard.press("Space")
    expect(slide).to_contain_text("You said")


# --- the checks can fail ----------------------------------------------------------------------------------------


def _workshop_notebook():
    texts = {"sound": "A line.", "high": "A line.\n\n" * 20, "wide": "$" + "x" * 200 + "$", "empty": "<!-- nothing -->"}
    slide = {"slideshow": {"slide_type": "slide"}}
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(t, metadata=slide) for t in texts.values()])


def test_slides_that_are_cut_off_are_reported(show):
    faults = list(size_faults(show("workshop.ipynb")))
    assert [fault.split()[0] for fault in faults] == ["slide-1-0", "slide-2-0", "slide-3-0"]
