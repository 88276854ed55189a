"""Web pages of the lessons: without a network, with formulas, folded where they solve, and heard by who cannot see.

And what other readers of a notebook's file make of it.
"""

import itertools
import re
import shutil
from functools import cache
from html import unescape
from pathlib import Path

import editions
import nbformat
import pytest
from browser import axe_faults, picture_faults
from nbconvert import HTMLExporter, MarkdownExporter

from klcourse.lessons import data
from klcourse.lessons.data import questions

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
LESSONS = [path for path in NOTEBOOKS if path.name[:2] in data.course()]
each_notebook = pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
each_lesson = pytest.mark.parametrize("notebook", LESSONS, ids=lambda path: path.stem)


def read(path):
    return nbformat.read(path, as_version=4)


def solutions(notebook):
    return [cell for cell in notebook.cells if "solution" in cell.metadata.get("tags", [])]


# --- web pages ------------------------------------------------------------------------------------------------------


@cache
def page_of(path):
    return editions.html(read(path))


def fetched(page):
    """What a browser would ask a network for."""
    return re.findall(
        r'<(?:script|img|link|iframe)[^>]*(?:src|href)="(?!data:|#)([^"]*)"|(?:@import|url\()["\']?http', page
    )


@each_notebook
def test_a_web_page_asks_nothing_of_a_network(notebook):
    page = page_of(notebook)
    assert fetched(page) == []
    assert fetched(page + '<script src="https://cdn.example.org/mathjax.js">') != []
    assert "<script" not in re.sub(r"<script>[^<]*</script>", "", page)
    assert "MathJax" not in page


def test_a_web_page_leaves_out_the_code_that_is_folded():
    """But for solutions, which stand folded."""
    page = page_of(LESSONS[0].parent / "00_start_here.ipynb")
    assert "ten_questions" in page
    assert "fit_gaussian" not in page
    assert "A map of digits" in page


@each_notebook
def test_links_between_web_pages_lead_to_web_pages(notebook):
    """To one of the lessons, or to the sources, which are a page too."""
    linked = set(re.findall(r'href="(?!https?:|#|data:)([^"#]+)', page_of(notebook)))
    assert linked <= {f"{path.stem}.html" for path in NOTEBOOKS} | {"sources.html", "one_page.html"}
    assert linked


def test_the_sources_are_a_page(tmp_path, monkeypatch):
    monkeypatch.setattr(editions, "NOTEBOOKS", tmp_path / "few")
    (tmp_path / "few").mkdir()
    for name in (*(path.name for path in NOTEBOOKS[:2]), "sources.md"):
        shutil.copy(LESSONS[0].parent / name, tmp_path / "few")
    assert editions.main(["html", str(tmp_path / "pages")]) == 0
    tmp_path /= "pages"
    assert 'href="02_asymmetry.html"' in (tmp_path / "sources.html").read_text("utf-8")
    assert (tmp_path / "01_discrete_kl.html").exists()
    assert (tmp_path / "index.html").read_text("utf-8") == (tmp_path / "00_start_here.html").read_text("utf-8")


@each_lesson
def test_every_formula_of_a_web_page_is_mathml(notebook):
    page = page_of(notebook)
    text = "\n".join(
        re.sub(r"`[^`]*`", "", cell.source) for cell in read(notebook).cells if cell.cell_type == "markdown"
    )
    formulas = re.findall(r"\$\$.+?\$\$|\$[^$\n]+\$", text, re.S)
    assert page.count("<math") == len(formulas) > 0
    shown = re.sub(r"<(style|script|pre|code)\b.*?</\1>|<[^>]*>", "", page, flags=re.S)
    assert not re.search(r"\$[^$\n]{1,200}\$|\\(frac|sum|log|mathrm)", shown), "LaTeX is left in the text"


@each_lesson
def test_a_web_page_folds_all_that_solves_and_says_what_its_reader_can_do(notebook):
    page = page_of(notebook)
    assert page.count("<summary>Solution") == len(solutions(read(notebook)))
    words = unescape(re.sub(r"<(style|script)\b.*?</\1>|<[^>]*>", "", page, flags=re.S))
    assert not re.search("(of the|its) three dots|press Shift|not answered yet", words)
    assert "progress(" not in words.split("Exercises")[-1]
    assert "Run this cell" not in words


@each_lesson
def test_a_web_page_folds_what_is_said_to_each_answer(notebook):
    page = unescape(page_of(notebook))
    asked = re.findall(r'^predict\("([^"]+)"', "\n".join(cell.source for cell in read(notebook).cells), re.M)
    folded = "".join(re.findall(r"<details lang=.*?</details>", page, re.S))
    assert asked
    for answer in (answer for name in asked for answer in questions()[name]["answers"]):
        assert answer["text"] in page
        assert answer["feedback"] in folded


# What lies right of the paper, or is cut off or scrolled inside its own box.
CUT_OFF = """width => [...document.querySelectorAll('main pre, main table, main math, main img, main p, main li')]
    .filter(part => part.checkVisibility() && (part.getBoundingClientRect().right > width + 1
        || getComputedStyle(part).overflowX != 'visible' && part.scrollWidth > part.clientWidth + 1))
    .map(part => part.textContent.slice(0, 60))"""


@each_lesson
def test_nothing_of_a_web_page_is_cut_off_on_paper(notebook, browser, tmp_path):
    """Of A4, with what the printer leaves."""
    (tmp_path / "page.html").write_text(page_of(notebook), "utf-8")
    page = browser.new_page(viewport={"width": 703, "height": 1032})
    page.goto((tmp_path / "page.html").as_uri())
    page.emulate_media(media="print")
    printed = page.evaluate(CUT_OFF, 703)
    page.add_style_tag(content="pre { white-space: pre !important; }")
    broken = page.evaluate(CUT_OFF, 703)
    page.close()
    assert printed == []
    assert broken != [], "long lines of code would be"


# --- for those who cannot see, or not well ----------------------------------------------------------------------------

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
    (tmp_path / "page.html").write_text(page_of(notebook), "utf-8")
    with browser.new_context(offline=True) as context:
        page = context.new_page()
        page.goto((tmp_path / "page.html").as_uri(), wait_until="domcontentloaded")
        assert page.title() == read(notebook).cells[0].source.splitlines()[0].removeprefix("# ")
        assert page_faults(page) == []


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


# --- what others make of the file -----------------------------------------------------------------------------------


def reader_faults(text, notebook):
    """Find what a text made of a notebook has lost (a question, an answer, an alt text), or would fetch."""
    text = unescape(text)  # of several ways to write a quotation mark, each reader has its own
    source = "\n".join(cell.source for cell in notebook.cells)
    for name in re.findall(r'^predict\("([^"]+)"', source, re.M):
        question = questions()[name]
        for words in (question["asks"], *(answer["text"] for answer in question["answers"])):
            if words not in text:
                yield f"{name} lacks {words!r}"
    for output in (output for cell in notebook.cells for output in cell.get("outputs", [])):
        data = output.get("data", {})
        if "image/png" in data and f'alt="{output.metadata["image/png"]["alt"]}"' not in text:
            yield f"no alt text {output.metadata['image/png']['alt']!r}"
        if "image/png" in data and 'lang="en"' not in data["text/html"]:
            yield "a picture whose language is not said"
        if re.search(r"<(script|link|iframe)\b|src=\W*http|widget-view", str(data)):
            yield f"an output that fetches something: {data.get('text/html', '')[:80]}"


def with_pictures(path):
    """A notebook's cells that show something. The others take others' readers most of the time, and lose nothing."""
    notebook = read(path)
    shows = [
        any("text/html" in output.get("data", {}) for output in cell.get("outputs", [])) for cell in notebook.cells
    ]
    notebook.cells = [cell for cell, something in zip(notebook.cells, shows, strict=True) if something]
    assert sum("predict(" in cell.source for cell in notebook.cells) == path.read_text("utf-8").count('"predict(')
    return notebook


@each_notebook
@pytest.mark.parametrize("exporter", [HTMLExporter, MarkdownExporter])
def test_other_readers_of_the_file_lose_nothing(notebook, exporter):
    stored = with_pictures(notebook)
    text, _ = exporter().from_notebook_node(stored)
    assert list(reader_faults(text, stored)) == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (r"<li>.*?</li>", "", "lacks"),
        (r'alt="[^"]*"', 'alt="a picture"', "no alt text"),
        (r'lang="en"', "", "whose language is not said"),
        (r"<img", '<script src="https://example.org/x.js"></script><img', "fetches something"),
    ],
)
def test_what_other_readers_lose_is_reported(old, new, fault):
    spoiled = with_pictures(LESSONS[0])
    del spoiled.cells[2:]
    for output in (output for cell in spoiled.cells for output in cell.get("outputs", [])):
        if "text/html" in output.get("data", {}):
            output.data["text/html"] = re.sub(old, new, output.data["text/html"])
    text, _ = HTMLExporter().from_notebook_node(spoiled)
    assert fault in "\n".join(reader_faults(text, spoiled))
