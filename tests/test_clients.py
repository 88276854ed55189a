"""Where people are: Firefox, Notebook 7, a tablet, a telephone. JupyterLab in Chromium is tested in `test_browser.py`.

The checks return what is wrong as sentences, so that the last tests can show each of them a broken explorer.
"""

import inspect
import re
from pathlib import Path

import editions
import nbformat
import pytest
from browser import (
    Lab,
    LiveExplorer,
    kernel_errors,
    open_next,
    open_notebook,
    run_all,
    stop_kernel,
)

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
QUESTION = re.compile(r'^predict\("[^"]+", (\w+)\.\w+\(', re.M)
DESK, TABLET, TELEPHONE = ({"width": w, "height": h} for w, h in [(1280, 900), (820, 1180), (390, 844)])
FINGER = 44  # CSS pixels (WCAG 2.2, 2.5.5)


# --- notebooks to try -------------------------------------------------------------------------------------------


def questions():
    """Return the source of a cell for each question of the course, with its explorer as it is without arguments."""
    for path in NOTEBOOKS:
        source = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)
        for question in QUESTION.finditer(source):
            module = question[1]
            yield f"from klcourse.explorers import {module}\nfrom klcourse.lessons import predict\n\n{question[0]}))"


WORKSHOP = {
    "sound": """
        from klcourse.lessons import predict
        from klcourse.live import Explorer, Picture, choice, slider

        def build(figure):
            (bar,) = figure.subplots().bar([0], [1])
            return [bar], lambda numbers: bar.set_height(numbers["height"])

        def explorer():
            controls = {
                "height": slider("height", 0.3, 0.001, 1, 0.05, log=True),
                "of": choice("of", ["P", "Q", "M"], "Q"),
            }
            return Explorer(lambda height, of: {"height": height, "of": of}, Picture(build), controls, str, str)

        predict("1.b", explorer())
        """,
    "without keys of its own": """
        from ipywidgets import HTML

        bare = predict("1.b", explorer())  # without the screen, whose page.js looks after the keys
        bare.explorer.children = [*bare.explorer.children[:-1], HTML("<img alt='a bar'>")]
        bare
        """,
    "hasty": """
        hasty = explorer()
        hasty.screen._esm = hasty.screen._esm.replace("await image.decode()", "0 && await image.decode()")
        hasty
        """,
}


def notebook(sources):
    cells = [nbformat.v4.new_code_cell(inspect.cleandoc(source)) for source in sources]
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python"}})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clients")
    for path in NOTEBOOKS:
        nbformat.write(editions.student(nbformat.read(path, as_version=4)), folder / path.name)
    nbformat.write(notebook([*questions()] * 2), folder / "questions.ipynb")
    nbformat.write(notebook(WORKSHOP.values()), folder / "workshop.ipynb")
    return folder


@pytest.fixture(scope="module")
def lab(folder):
    with Lab(folder / NOTEBOOKS[0].name) as started:
        yield started


def opened(page, url):
    """Open a notebook in a page and run it."""
    open_notebook(page, url)
    run_all(page)
    return page


@pytest.fixture(scope="module")
def window(browser):
    """A page of Chromium for one notebook after the other."""
    with browser.new_context(viewport=DESK) as context:
        yield context.new_page()


@pytest.fixture(scope="module")
def fox(gecko):
    """A page of Firefox for one notebook after the other."""
    with gecko.new_context(viewport=DESK) as context:
        context.add_init_script(NOTE_DECODED)
        yield context.new_page()


def in_workshop(page, name):
    return LiveExplorer(page, list(WORKSHOP).index(name))


# --- keys -------------------------------------------------------------------------------------------------------

CLIENTS = {"JupyterLab": Lab.url, "Notebook 7": Lab.url_in_notebook_7}
every_client = pytest.mark.parametrize("url", CLIENTS.values(), ids=CLIENTS)

PLACE = """() => {
    const notebook = window.jupyterapp.shell.currentWidget.content;
    return [notebook.activeCellIndex, notebook.widgets.length, document.activeElement.type ?? 'handle'];
}"""


def key_faults(explorer):
    """Press the keys that move a control on each kind of it, and find where they act on the notebook instead."""
    for kind in ("input[type=radio]", ".noUi-handle", "select"):
        control = explorer.output.locator(kind).first
        control.click(force=True)  # so that the notebook, too, knows where the reader is
        before = explorer.page.evaluate(PLACE)
        for key in ("ArrowDown", "ArrowDown", "ArrowUp", "b"):
            explorer.press(key)
            if (now := explorer.page.evaluate(PLACE)) != before:
                yield f"{key} on {kind} leads from {before} to {now}"
                break
        if kind == "input[type=radio]":
            explorer.output.locator(kind).nth(1).click(force=True)
            explorer.button("Lock in my answer").click()
            explorer.becomes_free()


@every_client
def test_keys_stay_with_the_control(window, lab, url):
    page = opened(window, url(lab, "workshop.ipynb"))
    explorer = in_workshop(page, "sound")
    value = explorer.output.locator(".noUi-handle").get_attribute("aria-valuetext")
    assert not list(key_faults(explorer))
    assert explorer.becomes("output.querySelector('.noUi-handle').ariaValueText !== arg", value), "but they moved it"
    explorer.output.locator(".noUi-handle").focus()
    explorer.press("ControlOrMeta+s")
    assert explorer.becomes("!window.jupyterapp.shell.currentWidget.context.model.dirty"), "other shortcuts go on"
    faults = "\n".join(key_faults(in_workshop(page, "without keys of its own")))
    assert "on .noUi-handle leads from" in faults
    assert "on input[type=radio] leads from" in faults
    stop_kernel(page)


# --- fingers ----------------------------------------------------------------------------------------------------


TAPPED = ".widget-radio-box label, button, select, input[type=number]"
SMALL = f"""(output, finger) => [...output.querySelectorAll('{TAPPED}')]
    .map(part => [part.getBoundingClientRect().height, part.innerText || part.value])
    .filter(([height]) => 0 < height && height < finger)
    .map(([height, words]) => `${{height}} pixels high: ${{words}}`)"""


def size_faults(explorer):
    """Find what is cut off, what is too wide for the page, and what is too small for a finger."""
    return explorer.cut_off() + explorer.ask(SMALL, FINGER)


def tap(page, part, across, down):
    """Tap a part at a place that is given as parts of its width and in pixels from its top, or if negative its end."""
    left, top, width, height = part.evaluate(PLACED)
    page.touchscreen.tap(left + across * width, top + (down if down > 0 else height + down))


PLACED = """part => {
    part.scrollIntoView({block: 'center'}); // the place of the tap too, which may be below the part
    const {x, y, width, height} = part.getBoundingClientRect();
    return [x, y, width, height];
}"""

SLIDER = """slider => {
    const handle = slider.querySelector('.noUi-handle'), box = slider.getBoundingClientRect();
    return [handle.ariaLabel, handle.ariaValueText, handle.getBoundingClientRect().x > box.x + box.width / 2];
}"""


CHECKED = """async answer => {
    const button = answer.querySelector('input');
    for (let i = 0; i < 20 && !button.checked; i++) await new Promise(resolve => setTimeout(resolve, 25));
    return button.checked;
}"""


def chosen_by_tap(explorer, answer):
    tap(explorer.page, answer, 0.3, -4)  # close to the next
    return answer.evaluate(CHECKED)


def moved_by_tap(explorer, slider):
    before, (_, _, right) = explorer.words(), slider.evaluate(SLIDER)
    tap(explorer.page, slider, 0.13 if right else 0.87, FINGER / 3)  # beside the thin line, as a finger does
    return explorer.becomes(f"({explorer.WORDS})(output).join() !== arg.join()", before)


def twice(attempt, *arguments):
    """Try again once: a picture that comes late moves what is below it away from under the finger."""
    return attempt(*arguments) or attempt(*arguments)


def tap_faults(explorer, all_sliders=True):
    """Answer by tap, then tap on the sliders, and find what does something else."""
    yield from size_faults(explorer)
    for answer in explorer.output.locator(".widget-radio-box label").element_handles():
        if not twice(chosen_by_tap, explorer, answer):
            yield f"a tap on {answer.inner_text()!r} misses it"
    explorer.button("Lock in my answer").tap()
    if not explorer.becomes_free():
        yield "the controls stay locked after the answer"
    sliders = explorer.output.locator(".noUi-target").element_handles()
    sliders = [slider for slider in sliders if slider.is_visible()]
    for slider in sliders if all_sliders else sliders[:1]:
        name, value, _ = slider.evaluate(SLIDER)
        if not twice(moved_by_tap, explorer, slider):
            yield f"{name}: nothing follows a tap, {value} stays"
    yield from size_faults(explorer)


@pytest.fixture(scope="module")
def touched(browser, lab):
    """All explorers in Notebook 7, twice: a question is answered once, and the two screens share one page."""
    with browser.new_context(viewport=TABLET, has_touch=True, is_mobile=True) as context:
        page = opened(context.new_page(), lab.url_in_notebook_7("questions.ipynb"))
        yield page
        stop_kernel(page)


@pytest.mark.parametrize("size", [TABLET, TELEPHONE], ids=["tablet", "telephone"])
def test_every_explorer_can_be_used_with_a_finger(touched, size):
    touched.set_viewport_size(size)
    first = 0 if size == TABLET else len(list(questions()))
    faults = {}
    for cell, source in enumerate(questions(), start=first):
        faults[source.splitlines()[-1]] = list(tap_faults(LiveExplorer(touched, cell), all_sliders=size == TELEPHONE))
    assert {name: found for name, found in faults.items() if found} == {}
    assert not kernel_errors(touched)


# --- Firefox ----------------------------------------------------------------------------------------------------

# Counts the pictures that come, those that come before they are decoded, and the frames in which there is none.
WATCH = """output => {
    const seen = window.seen = {pictures: 0, early: 0, without: 0};
    new MutationObserver(changes => changes.flatMap(change => [...change.addedNodes]).forEach(node => {
        if (node.nodeName !== 'IMG') return;
        seen.pictures++;
        seen.early += !window.decoded.has(node);
    })).observe(output, {subtree: true, childList: true});
    (function watch() {
        const image = output.querySelector('img');
        seen.without += !image?.naturalWidth || image.getBoundingClientRect().height < 100;
        if (window.seen === seen) requestAnimationFrame(watch); // a frame costs, and no one asks any more
    })();
}"""

# Notes the pictures that are decoded, from the start: one may come while another is watched for.
NOTE_DECODED = """
    window.decoded = new WeakSet();
    const {decode} = HTMLImageElement.prototype;
    HTMLImageElement.prototype.decode = async function () {
        await decode.call(this);
        window.decoded.add(this);
    };
"""


def watched(explorer, presses):
    """Press an arrow key many times, and return what was seen."""
    explorer.output.locator("img").first.wait_for()
    explorer.ask(WATCH)
    explorer.output.locator(".noUi-handle").first.focus()
    for key in ["ArrowLeft", "ArrowRight"] * (presses // 2):
        explorer.press(key)
        explorer.page.wait_for_timeout(15)
    return explorer.page.evaluate("() => { const {seen} = window; window.seen = null; return seen; }")


@pytest.mark.parametrize("name", ["01_discrete_kl.ipynb", "04_gaussian_fitting.ipynb"])
def test_a_lesson_in_firefox(fox, lab, folder, name):
    open_next(fox, lab, name)
    run_all(fox)
    cells = nbformat.read(folder / name, as_version=4).cells
    for cell in [i for i, cell in enumerate(cells) if QUESTION.search(cell.source)]:
        explorer = LiveExplorer(fox, cell)
        assert all(explorer.disabled())
        assert len(explorer.answer(1)) > 60
        assert explorer.becomes_free()
        for row in explorer.rows.all():
            control = row.locator(explorer.CONTROLS).last
            assert not control.is_visible() or explorer.follows(control), f"cell {cell}: {row.inner_text()}"
        seen = watched(explorer, 16)
        assert seen["pictures"] > 3
        assert (seen["early"], seen["without"]) == (0, 0), f"cell {cell}: {seen}"
        assert explorer.cut_off() == []
    assert not kernel_errors(fox)
    stop_kernel(fox)


def test_a_picture_shown_too_early_is_seen(fox, lab):
    open_next(fox, lab, "workshop.ipynb")
    run_all(fox)
    assert watched(in_workshop(fox, "hasty"), 16)["early"] > 1
    stop_kernel(fox)
