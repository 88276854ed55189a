"""Every notebook in a real JupyterLab in a real browser, as a reader without a mouse meets it.

The checks return what is wrong as sentences, so that the last tests can show each of them a broken explorer.
"""

import inspect
import re
from pathlib import Path
from urllib.parse import urlsplit

import editions
import nbformat
import numpy as np
import pytest
from browser import (
    Lab,
    LiveExplorer,
    axe_faults,
    close_notebook,
    kernel_errors,
    open_next,
    open_notebook,
    picture_faults,
    replace_in_cells,
    run_all,
    run_cell,
    show_cell,
    stop_kernel,
    use_theme,
    wait_until_idle,
)
from legible import contrast
from playwright.sync_api import expect

from klcourse.lessons.data import course, exercises, questions
from klcourse.lessons.ten_questions import FORMS
from klcourse.live.veil import HIDDEN

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))
LESSONS = [path for path in NOTEBOOKS if path.name[:2] in course()]
EXERCISES, QUESTIONS = exercises(), questions().values()

every_lesson = pytest.mark.parametrize("notebook", LESSONS, ids=lambda path: path.stem)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The student edition of the notebooks: nbval runs them whole, and here nothing may need a solution."""
    folder = tmp_path_factory.mktemp("notebooks")
    for notebook in NOTEBOOKS:
        nbformat.write(student_edition(notebook), folder / notebook.name)
    nbformat.write(_workshop_notebook(), folder / "workshop.ipynb")
    return folder


def student_edition(path):
    return editions.student(nbformat.read(path, as_version=4))


@pytest.fixture(scope="module")
def lab(browser, folder):
    with Lab(folder / NOTEBOOKS[0].name) as started:
        yield started


@pytest.fixture(scope="module")
def tab(browser):
    """Where one notebook is opened after the other, in one JupyterLab."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    yield page
    page.close()


@pytest.fixture
def page(tab):
    yield tab
    stop_kernel(tab)


@pytest.fixture(scope="module")
def workshop(browser, lab):
    """A page with explorers that are broken on purpose."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    open_notebook(page, lab.url("workshop.ipynb"))
    run_all(page)
    yield page
    close_notebook(page)


# --- what a notebook holds --------------------------------------------------------------------------------------


def explorer_cells(notebook):
    """Return the indices of the cells that show an explorer: each stands behind its question."""
    return [i for i, cell in enumerate(notebook.cells) if re.search(r"^predict\(", cell.source, re.M)]


def picture_cells(notebook):
    """Return the indices of the cells that show a picture."""
    return [
        i
        for i, cell in enumerate(notebook.cells)
        if any("image/png" in output.get("data", {}) for output in cell.get("outputs", []))
    ]


def text_of(path):
    return path.read_text("utf-8").replace('\\"', '"')


def answered_exercise(notebook):
    """Return the index of the first exercise's cell and its source with right answers for the dots."""
    stub = next(i for i, cell in enumerate(notebook.cells) if re.search(r"^\w+ = \.\.\.$", cell.source, re.M))
    source = notebook.cells[stub].source
    for exercise, name in re.findall(r'check\("(.+?)", (\w+)\)', source):
        answer = repr(EXERCISES[exercise]["answer"]).replace("inf", "float('inf')")
        source = source.replace(f"{name} = ...", f"{name} = {answer}")
    return stub, source


# --- checks -----------------------------------------------------------------------------------------------------


def output_faults(page):
    """Find errors and stderr output in the cells, callbacks that failed, and widgets that could not be shown."""
    wait_until_idle(page)
    shown = page.evaluate(
        """() => window.jupyterapp.shell.currentWidget.content.widgets.flatMap((cell, i) =>
            (cell.model.toJSON().outputs ?? []).filter(o => o.output_type === 'error' || o.name === 'stderr')
                .map(o => `cell ${i} shows ${o.evalue ?? o.text}`))"""
    )
    text, alarms = page.evaluate(
        """() => ['', ' [role=alert]'].map(part => [...document.querySelectorAll('.jp-OutputArea-output' + part)]
            .map(output => output.innerText))"""
    )
    broken = "Error displaying widget|model not found|Loading widget|Click to show javascript error"
    return [*shown, *re.findall(broken, "\n".join(text)), *alarms, *kernel_errors(page)]


def lock_faults(explorer, choice):
    """Answer the question before an explorer, and find what the lock, the answer or the feedback gets wrong."""
    faults = picture_faults(explorer.pictures)
    if not all(explorer.disabled()):
        faults.append("a control can be moved before the question is answered")
    question = next(question for question in QUESTIONS if question["asks"] in explorer.output.inner_text())
    hidden, locked = [HIDDEN in words for words in explorer.words()], explorer.ask(explorer.PICTURE)
    if hidden[0] != hidden[1]:
        faults.append("readout and alt text do not hide together")
    feedback = explorer.answer(choice)
    if question["answers"][choice]["feedback"] not in feedback:
        faults.append(f"answer {choice} to {question['asks']!r} gets the feedback {feedback!r}")
    if not explorer.becomes_free():
        faults.append("the controls stay locked after the answer")
    if hidden[0] and not explorer.becomes(f"({explorer.PICTURE})(output)[0] !== arg", locked[0]):
        faults.append("the picture stays hidden after the answer")
    if not explorer.becomes(f"!({explorer.WORDS})(output).join().includes(arg)", HIDDEN):
        faults.append("readout or alt text stay hidden after the answer")
    return faults


def name_faults(explorer):
    """Find the controls that a screen reader cannot name."""
    spoken = explorer.spoken()
    faults = [] if spoken else ["a screen reader finds no control"]
    return faults + [f"a {role} has the name {name!r}" for role, name in spoken if not NAME.fullmatch(name)]


NAME = re.compile(r"[^\ue000-\uf8ff]*\w[^\ue000-\uf8ff]*")  # no private signs: they would be a picture font's


def control_faults(explorer):
    """Move every control, and find those that the picture or the words do not follow, then reset."""
    start, faults = explorer.words(), picture_faults(explorer.pictures) + name_faults(explorer)
    explorer.ask("output => output.querySelectorAll('[role=status]').forEach(part => part.stays = true)")
    faults += explorer.cut_off()
    rows = explorer.rows.element_handles()
    for row in sorted(rows, key=lambda row: not row.is_visible()):  # some show when others have moved
        words, visible = row.evaluate("row => [row.innerText, row.checkVisibility()]")
        name = " ".join(words.split())[:40]
        if not visible:
            faults.append(f"{name}: never shown")
            continue
        controls = row.query_selector_all(explorer.CONTROLS)
        if not controls:
            faults.append(f"{name}: nothing to move")
        for control in reversed(controls):  # a slider before its box
            before = explorer.words()
            if not explorer.follows(control):
                faults.append(f"{name}: {explorer.alarm() or 'the picture does not follow'}")
            elif explorer.words() == before:
                faults.append(f"{name}: neither the readout nor the alt text follows")
            elif not explorer.becomes(f"({explorer.SHOWN})(output).every(([read, shown]) => read === shown)"):
                faults.append(f"{name}: sliders read out and boxes show {explorer.shown()}")
            faults += explorer.cut_off()
    explorer.button("Reset").focus()
    explorer.press("Enter")
    if not explorer.becomes(f"({explorer.WORDS})(output).join() === arg.join()", start):
        faults.append(f"Reset leads to {explorer.words()}, not back to {start}")
    if not explorer.ask("output => [...output.querySelectorAll('[role=status]')].at(-1)?.stays"):
        faults.append("changes of the readout are not read out")
    return faults


# --- the notebooks ----------------------------------------------------------------------------------------------


def test_the_command_that_starts_jupyterlab_opens_the_notebook(lab):
    assert urlsplit(lab.url_opened_at_start()).path == urlsplit(lab.url(NOTEBOOKS[0].name)).path


# Nothing here depends on the numbers that take long to compute: nbval trains, and maps, in full.
LESS = {
    "EPOCHS = 5": "EPOCHS = 1",
    "train_images, c,": "train_images[:2000], c,",
    "for seed in range(5)": "for seed in range(2)",
}


def test_what_is_made_less_is_in_a_notebook():
    text = "".join(path.read_text("utf-8") for path in NOTEBOOKS)
    assert [much for much in LESS if much not in text] == []


@every_lesson
def test_notebook_runs_asks_and_follows_every_control(lab, page, notebook):
    stored = student_edition(notebook)
    open_next(page, lab, notebook.name)
    assert set(explorer_cells(stored)) <= set(picture_cells(stored))
    for cell in picture_cells(stored):  # before anything has run
        assert not picture_faults(show_cell(page, cell).locator("img")), f"cell {cell}"
    assert not output_faults(page)
    for much, less in LESS.items():
        replace_in_cells(page, much, less)
    run_all(page)
    assert not output_faults(page)
    for number, cell in enumerate(explorer_cells(stored)):
        explorer = LiveExplorer(page, cell)
        assert not lock_faults(explorer, choice=number % 3), f"cell {cell}"
        assert not control_faults(explorer), f"cell {cell}"
    cell, source = answered_exercise(stored)
    printed = run_cell(page, cell, source)
    assert printed.count("✓") == source.count("check("), printed
    for cell in range(len(stored.cells)):
        show_cell(page, cell)
    assert not axe_faults(page, ".jp-RenderedMarkdown", ".jp-OutputArea-output")
    assert not output_faults(page)


@pytest.mark.parametrize("form", FORMS)
def test_ten_questions_are_answered_by_keyboard(lab, page, form):
    """One question by mouse; the others by keys, and nothing is said before the last of them."""
    (path,) = (path for path in NOTEBOOKS if f'ten_questions("{form}")' in text_of(path))
    open_next(page, lab, path.name)
    run_all(page)
    cells = student_edition(path).cells
    (index,) = (i for i, cell in enumerate(cells) if cell.source.startswith("ten_questions("))
    cell = show_cell(page, index)
    groups = cell.get_by_role("radiogroup")
    expect(groups).to_have_count(10)
    assert all(name.startswith("Question ") for name in groups.evaluate_all("all => all.map(one => one.ariaLabel)"))
    button = cell.get_by_role("button", name="Show what my answers say")
    groups.first.get_by_role("radio").first.click()
    for number in range(1, 10):
        expect(button).to_be_disabled()
        page.keyboard.press("Tab")
        page.keyboard.press("ArrowDown")
        expect(cell.get_by_text(f"{number + 1} of 10")).to_be_visible()
    page.keyboard.press("Tab")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    expect(cell.get_by_text(f"{form} A")).to_be_visible()
    assert cell.locator("[role=status] li").count() == 10
    for number in range(len(cells)):
        show_cell(page, number)
    assert not axe_faults(page, ".jp-RenderedMarkdown", ".jp-OutputArea-output")
    assert not output_faults(page)


# --- colours ----------------------------------------------------------------------------------------------------

# The colour of every text that asks, answers or reads out, and the one behind it, both as they are painted.
COLOURS = """output => {
    const pixel = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
    const paint = (colour, alpha = 1) => {
        pixel.globalAlpha = alpha;
        pixel.fillStyle = colour;
        pixel.fillRect(0, 0, 1, 1);
        return [...pixel.getImageData(0, 0, 1, 1).data].slice(0, 3).map(value => value / 255);
    };
    const written = part => [...part.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim());
    const texts = [...output.querySelectorAll('.widget-html *, .widget-radio-box label')];
    return texts.filter(part => written(part) && part.checkVisibility()).map(part => {
        const around = [];
        for (let one = part; one; one = one.parentElement) around.unshift(getComputedStyle(one));
        const behind = around.reduce((_, look) => paint(look.backgroundColor), paint('white'));
        const opacity = around.reduce((product, look) => product * look.opacity, 1);
        return [part.innerText, paint(around.at(-1).color, opacity), behind];
    });
}"""


def colour_faults(explorer):
    """Find the questions, answers, feedback and readouts that are pale against what is behind them."""
    for words, colour, behind in explorer.ask(COLOURS):
        if (ratio := contrast(np.array(colour), np.array(behind))) < 4.5:
            yield f"{words!r} has a contrast of {ratio:.1f}"


@pytest.mark.parametrize(("theme", "dark"), [("JupyterLab Light", False), ("JupyterLab Dark", True)])
def test_questions_feedback_and_readout_can_be_read(workshop, theme, dark):
    use_theme(workshop, theme)
    explorer = _explorer(workshop, theme)
    seen = explorer.ask(COLOURS)
    assert len(seen) > 4, "the question, three answers and the readout"
    assert all((sum(behind) < 1) == dark for _, _, behind in seen)
    assert not list(colour_faults(explorer))
    feedback = explorer.answer(1)
    assert feedback in " ".join(words for words, _, _ in explorer.ask(COLOURS))
    assert not list(colour_faults(explorer))
    explorer.ask("output => output.querySelectorAll('[role=status] *').forEach(p => p.style.color = '#777')")
    assert len(list(colour_faults(explorer))) >= 2
    use_theme(workshop, "JupyterLab Light")


# --- the checks can fail ----------------------------------------------------------------------------------------

WORKSHOP = {
    "tools": """
        from klcourse.explorers.discrete_kl import coin_curve
        from klcourse.lessons import predict, unlock_all
        from klcourse.live import Explorer, Picture, slider

        def build(figure):
            (bar,) = figure.subplots().bar([0], [1])
            return [bar], lambda numbers: bar.set_height(numbers["height"])

        def explorer(compute=lambda height: {"height": height}, words=str, label="height", lowest=0):
            controls = {"height": slider(label, 0.5, lowest, 1, 0.01, log=lowest > 0)}
            return Explorer(compute, Picture(build), controls, words, words)

        def film():
            controls = {"frame": slider("frame", 30, 1, 60, 1, play=True)}
            return Explorer(lambda frame: {"height": frame / 60}, Picture(build), controls, str, str)
        """,
    "sound": "explorer()",
    "dead slider": "explorer(compute=lambda height: {'height': 0.5})",
    "deaf choice": """
        from klcourse.live import choice

        controls = {"height": slider("height", 0.5, 0, 1, 0.01), "of": choice("of", ["P", "Q"], "P")}
        Explorer(lambda height, of: {"height": height}, Picture(build), controls, str, str)
        """,
    "raises": "explorer(compute=lambda height: {'height': [0.5][height != 0.5]})",
    "mute": "explorer(words=lambda numbers: 'a bar')",
    "no alt text": "explorer(words=lambda numbers: '')",
    "long label": "explorer(label='WWWWWWWWWW')",
    "no name": """
        nameless = explorer()
        nameless.controls["height"].box.description = " "
        nameless
        """,
    "two lines": "explorer(words=lambda numbers: 'many words ' * (3 if numbers['height'] > 0.5 else 12))",
    "narrow box": """
        narrow = explorer(compute=lambda height: {"height": height}, lowest=0.01)
        narrow.controls["height"].box.layout.width = "7em"
        narrow
        """,
    "mere ipywidgets": """
        from base64 import b64encode
        from ipywidgets import HTML

        def show_frame(change=None):
            frame = b64encode(deaf.screen.frame).decode()
            picture.value = f"<img alt='{deaf.alt}' src='data:image/jpeg;base64,{frame}'>"

        deaf, picture = explorer(words=lambda numbers: f"{numbers['height']}", lowest=0.01), HTML()
        deaf.children = [*deaf.children[:-1], picture]  # without its screen, whose page.js speaks for it
        deaf.screen.observe(show_frame, "frame")
        show_frame()
        deaf
        """,
    "hidden slider": """
        hidden = explorer()
        hidden.controls["height"].layout.display = "none"
        hidden
        """,
    "film": "film()",
    "locked film": """
        locked = film()
        locked.enable(False)
        locked
        """,
    "raises unseen": """
        unseen = explorer()
        unseen.controls["height"].observe(lambda change: 1 / 0, "value")
        unseen
        """,
    "locked": "predict('1.b', coin_curve())",
    "leaky lock": """
        leaky = coin_curve()
        question = predict("1.c", leaky)
        leaky.enable()
        question
        """,
    "veil that stays": """
        stays = coin_curve()
        question = predict("1.b", stays)
        stays.hide = lambda hidden=True: None
        question
        """,
    "JupyterLab Light": "predict('1.b', coin_curve())",
    "JupyterLab Dark": "predict('1.b', coin_curve())",
    "unlock": "",
}


def _workshop_notebook():
    cells = [nbformat.v4.new_code_cell(inspect.cleandoc(source)) for source in WORKSHOP.values()]
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python"}})


def _explorer(page, name, patience=1_000):
    return LiveExplorer(page, list(WORKSHOP).index(name), patience)


def test_a_sound_explorer_has_no_faults(workshop):
    assert not control_faults(_explorer(workshop, "sound"))


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("dead slider", "height: the picture does not follow"),
        ("deaf choice", "of P Q: the picture does not follow"),
        ("raises", "height: This explorer failed"),
        ("mute", "height: neither the readout nor the alt text follows"),
        ("no alt text", "has no alt text"),
        ("no name", "a slider has the name ''"),
        ("hidden slider", "never shown"),
        ("long label", "WWWWWWWWWW: cut off"),
        ("narrow box", "in the box height: cut off"),
    ],
)
def test_a_broken_explorer_is_reported(workshop, name, fault):
    assert fault in "\n".join(control_faults(_explorer(workshop, name)))


def test_what_ipywidgets_does_not_say_is_reported(workshop):
    faults = "\n".join(control_faults(_explorer(workshop, "mere ipywidgets")))
    assert "a slider has the name ''" in faults
    assert r"a button has the name '\uf0e2 Reset'" in faults
    assert "sliders read out and boxes show [['-0." in faults
    assert "changes of the readout are not read out" in faults


def test_a_moving_picture_is_small_and_one_at_rest_crisp(workshop):
    explorer = _explorer(workshop, "sound")
    explorer.ask(
        """output => {
            const scale = () => output.querySelector('img').naturalWidth / output.querySelector('img').clientWidth;
            window.scales = [scale()];
            new MutationObserver(() => window.scales.push(scale())).observe(output, {subtree: true, childList: true});
        }"""
    )
    explorer.rows.locator(".noUi-handle").focus()
    explorer.press("ArrowLeft", "ArrowLeft", "ArrowLeft", "ArrowLeft", "ArrowLeft")
    assert explorer.becomes("window.scales.includes(1) && window.scales.at(-1) === 2")
    scales = workshop.evaluate("() => window.scales")
    assert scales[0] == 2, "before anything has moved"
    assert set(scales) == {1, 2}


def test_a_drag_rests_as_soon_as_it_is_let_go(workshop):
    """A hand that has let go will not move on, so the crisp picture need not wait as after a key."""
    explorer = _explorer(workshop, "sound")
    box = explorer.rows.locator(".noUi-handle").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    explorer.ask(
        """() => {
            const timer = window.timer = window.setTimeout;
            window.setTimeout = (act, wait, ...rest) => timer(act, act.name === 'rest' && wait ? 1e6 : wait, ...rest);
        }"""
    )
    workshop.mouse.move(x, y)
    workshop.mouse.down()
    workshop.mouse.move(x - 30, y, steps=3)
    assert explorer.becomes("output.querySelector('img').naturalWidth === output.querySelector('img').clientWidth")
    workshop.mouse.up()
    assert explorer.becomes("output.querySelector('img').naturalWidth === 2 * output.querySelector('img').clientWidth")
    workshop.evaluate("() => { window.setTimeout = window.timer; }")


def test_the_picture_stays_where_it_is_when_a_readout_becomes_shorter(workshop):
    explorer = _explorer(workshop, "two lines")
    place = "output => output.querySelector('img').getBoundingClientRect().top"
    readout = explorer.output.locator("[role=status]")
    before, words = explorer.ask(place), readout.inner_text()
    explorer.rows.locator(".noUi-handle").focus()
    explorer.press("End")
    expect(readout).not_to_have_text(words)
    assert explorer.ask(place) == before


def test_axe_reports_a_slider_without_a_name(workshop):
    cell = list(WORKSHOP).index
    for name in ("sound", "mere ipywidgets"):
        show_cell(workshop, cell(name))
    assert not axe_faults(workshop, f'.jp-Cell[data-index="{cell("sound")}"] .jp-OutputArea-output')
    (fault,) = axe_faults(workshop, f'.jp-Cell[data-index="{cell("mere ipywidgets")}"] .jp-OutputArea-output')
    assert fault.startswith('aria-input-field-name: <div class="noUi-handle')


def test_an_error_that_shows_nowhere_is_reported(workshop):
    explorer = _explorer(workshop, "raises unseen", patience=10_000)
    assert explorer.follows(explorer.rows.locator(".noUi-handle"))
    assert explorer.becomes("window.heard.length"), "the kernel may say it after the picture has come"
    assert "ZeroDivisionError" in "\n".join(output_faults(workshop))


def test_a_film_plays_from_its_start_to_where_the_slider_stands(workshop):
    explorer = _explorer(workshop, "film", patience=10_000)
    assert not control_faults(explorer)
    at_its_end = explorer.words()
    explorer.ask(
        """output => {
            window.shown = new Set();
            new MutationObserver(() => window.shown.add(output.querySelector('img')?.alt))
                .observe(output, {subtree: true, childList: true});
        }"""
    )
    explorer.button("Play").focus()
    explorer.press("Space")
    expect(explorer.button("Stop")).to_be_visible()
    expect(explorer.button("Play")).to_be_visible(timeout=10_000)
    assert explorer.becomes(f"({explorer.WORDS})(output).join() === arg.join()", at_its_end)
    shown = workshop.evaluate("() => [...window.shown]")
    assert len(shown) > 10, "the film runs frame by frame"
    assert any("0.0166" in alt for alt in shown), "it begins at its start"


def test_a_locked_film_cannot_be_played(workshop):
    assert _explorer(workshop, "locked film").disabled() == [True] * 4  # slider, box, play, reset


def test_an_open_lock_is_reported(workshop):
    assert "a control can be moved before" in "\n".join(lock_faults(_explorer(workshop, "leaky lock"), 0))


def test_what_stays_hidden_is_reported(workshop):
    assert "stay hidden after the answer" in "\n".join(lock_faults(_explorer(workshop, "veil that stays"), 2))


def test_the_teacher_can_unlock_everything_at_once(workshop):
    explorer = _explorer(workshop, "locked")
    assert all(explorer.disabled())
    assert all(HIDDEN in words for words in explorer.words())
    run_cell(workshop, list(WORKSHOP).index("unlock"), "unlock_all()")
    assert explorer.becomes_free()
    assert not any(HIDDEN in words for words in explorer.words())
