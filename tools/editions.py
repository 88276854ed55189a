"""Editions of the notebooks for a class. All are made from the one set in `notebooks/`; nothing is kept twice.

    python tools/editions.py student FOLDER   without solutions; the exercises still check themselves
    python tools/editions.py teacher FOLDER   solutions unfolded, all sliders free
    python tools/editions.py html FOLDER      web pages that need neither a kernel nor a network
    python tools/editions.py graded FOLDER    a course for nbgrader, of all exercises or of those named: 1.1 1.3 2.2

It needs nbconvert, which comes with JupyterLab; `html` also needs latex2mathml.
"""

import copy
import re
import sys
from pathlib import Path

import nbformat
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbconvert.preprocessors import TagRemovePreprocessor

from klcourse.lessons import data

__all__ = ["graded", "html", "student", "teacher"]

_NOTEBOOKS = Path(__file__).parents[1] / "notebooks"


def student(notebook):
    """Return a copy of a notebook without its solutions and what they printed.

    Parameters
    ----------
    notebook : nbformat.NotebookNode

    >>> cells = [nbformat.v4.new_code_cell("answer = ..."), nbformat.v4.new_code_cell("42", metadata=_SOLUTION)]
    >>> [cell.source for cell in student(nbformat.v4.new_notebook(cells=cells)).cells]
    ['answer = ...']
    """
    remove = TagRemovePreprocessor(enabled=True, remove_cell_tags={"solution"})
    return remove.preprocess(_without_promise(notebook), {})[0]


def _without_promise(notebook):
    """A copy that does not say where the solutions are."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        cell.source = cell.source.replace(_PROMISE, "")
    return notebook


_PROMISE = " The solution is folded directly below each exercise: click its three dots."
_PROMISE_KEPT = " The solution stands directly below each exercise."
_SOLUTION = {"tags": ["solution"], "jupyter": {"source_hidden": True, "outputs_hidden": True}}


def _is_solution(cell):
    return "solution" in cell.metadata.get("tags", [])


def teacher(notebook):
    """Return a copy of a notebook with its solutions unfolded, whose questions leave the sliders free.

    Parameters
    ----------
    notebook : nbformat.NotebookNode

    >>> cells = [nbformat.v4.new_code_cell("import numpy"), nbformat.v4.new_code_cell("42", metadata=_SOLUTION)]
    >>> print(*(cell.source for cell in teacher(nbformat.v4.new_notebook(cells=cells)).cells), sep=" / ")
    from klcourse.lessons import unlock_all; unlock_all() / import numpy / 42
    """
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        cell.source = cell.source.replace(_PROMISE, _PROMISE_KEPT)
        cell.metadata.pop("jupyter", None)
    first = next(i for i, cell in enumerate(notebook.cells) if cell.cell_type == "code")
    unlock = nbformat.v4.new_code_cell("from klcourse.lessons import unlock_all; unlock_all()", id="unlock-all")
    notebook.cells.insert(first, unlock)
    return notebook


# --- web pages --------------------------------------------------------------------------------------------------

# JupyterLab's page, without the programs that it would fetch from a network, with folded solutions, with links that can
# be told by more than their colour, and with prompts and code whose contrast is 4.5:1 or more.
_PAGE = """
{% extends "lab/index.html.j2" %}
{% block html_head_js %}{% endblock %}
{% block html_head_js_mathjax %}{% endblock %}
{% block html_head_js_mermaidjs %}{% endblock %}
{% block jupyter_widgets %}{% endblock %}
{% block html_head_css %}
<style>
:root {
  --jp-cell-prompt-not-active-opacity: 1;
  --jp-mirror-editor-number-color: #007000;
  --jp-mirror-editor-operator-color: #8f1fd6;
  --jp-mirror-editor-comment-color: #356b6b;
}
.jp-RenderedHTMLCommon a:any-link { text-decoration: underline; }
</style>
{% endblock %}
{% block codecell %}
{% if "solution" in cell.metadata.tags %}<details><summary>Solution</summary>{{ super() }}</details>
{% else %}{{ super() }}{% endif %}
{% endblock %}
"""


class _MathMLRenderer(IPythonRenderer):
    """Markdown whose formulas become MathML, which browsers show by themselves: no MathJax, no network."""

    def block_math(self, body):
        return _mathml(body, "block")

    def inline_math(self, body):
        return _mathml(body, "inline")


def _mathml(latex, display):
    from latex2mathml.converter import convert

    # HTML needs no namespace, and nbconvert would turn it into a prefix in headings.
    formula = convert(latex, display=display, xmlns="")
    return re.sub(r"<mi>(ln|log|exp|det)</mi>", r'<mo lspace="0.167em" rspace="0.167em">\1</mo>', formula)


_TO_PAGES = re.compile(r"\]\((\w+)\.(?:ipynb|md)(?=[)#])")  # from one page to another of the same folder


def html(notebook):
    """Return a notebook as one HTML page that holds its formulas and pictures and asks no network for anything.

    Parameters
    ----------
    notebook : nbformat.NotebookNode

    Returns
    -------
    str
        A page in the look of JupyterLab. Explorers show the picture that is stored in the notebook, solutions are
        folded, and formulas are MathML.

    >>> page = html(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("$p^2$")]))
    >>> "<msup>" in page, "https://cdn" in page
    (True, False)
    """
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        cell.source = _TO_PAGES.sub(r"](\1.html", cell.source)
    exporter = HTMLExporter(raw_template=_PAGE)
    render = MarkdownWithMath(renderer=_MathMLRenderer(escape=False)).render
    exporter.register_filter("markdown2html", render)
    title = re.search("^# (.*)", notebook.cells[0].source)
    page, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": title[1]}} if title else None)
    return page


# --- nbgrader ---------------------------------------------------------------------------------------------------

_CONFIG = """\
c = get_config()
c.CourseDirectory.course_id = "kl-divergence"
c.ClearSolutions.code_stub = {"python": "# Compute your answers here, or put them in place of the dots."}
c.ExecutePreprocessor.timeout = 600  # seconds; notebook 05 trains a model
"""


def graded(notebook, points):
    """Return a notebook as the source of an nbgrader assignment.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
    points : dict of str to float
        What each chosen exercise is worth, such as ``{"1.1": 5}``. The others check themselves as ever.

    Returns
    -------
    nbformat.NotebookNode
        A copy in which each chosen exercise holds its solution between nbgrader's marks, and is followed by a locked
        cell that shares its points out among its parts and prints the hint for each wrong one.
    """
    notebook = _without_promise(notebook)
    cells = []
    for cell, following in zip(notebook.cells, [*notebook.cells[1:], None], strict=True):
        exercise = _exercise(cell)
        if exercise in points:
            cells += [_answer_cell(cell, exercise, following), _points_cell(cell, exercise, points[exercise])]
        elif not _is_solution(cell):
            cells.append(cell)
    notebook.cells = cells
    return notebook


def _exercise(cell):
    """The number of the exercise whose stub a cell is, or None."""
    parts = dict(_CHECK.findall(cell.source)) if cell.cell_type == "code" and not _is_solution(cell) else ()
    return min(parts).rstrip("abcdefgh") if parts else None


_CHECK = re.compile(r'^(?:check|confirm)\("([^"]+)", (.*)\)$', re.M)


def _answer_cell(stub, exercise, solution):
    """Put the solution into the stub, between the marks where nbgrader takes it out for students."""
    names = dict(_CHECK.findall(stub.source))
    solved = _CHECK.sub(lambda match: _assignment(names[match[1]], match[2]), solution.source)
    dots, checks = stub.source.split("check(", 1)
    source = f"{dots}### BEGIN SOLUTION\n{solved}\n### END SOLUTION\ncheck({checks}"
    cell = nbformat.v4.new_code_cell(source, id=stub.id)
    return _marked(cell, f"answer-{exercise}", solution=True)


def _assignment(name, value):
    """Where the solution is a function of that name, it is there already."""
    return f"{name} = {value}" if name != value else ""


def _points_cell(stub, exercise, points):
    answers = ", ".join(f'"{part}": {name}' for part, name in _CHECK.findall(stub.source))
    source = f"""\
from klcourse.lessons import grade

verdicts = [grade(part, answer) for part, answer in {{{answers}}}.items()]
print(*(verdict.message for verdict in verdicts), sep="\\n")
{points} * sum(verdict.correct for verdict in verdicts) / len(verdicts)  # points"""
    cell = nbformat.v4.new_code_cell(source, id=f"{stub.id}-points")
    return _marked(cell, f"points-{exercise}", grade=True, locked=True, points=points)


def _marked(cell, name, **marks):
    role = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3}
    cell.metadata["nbgrader"] = {**role, "grade_id": name.replace(".", "-"), "cell_type": "code", **marks}
    return cell


# --- the command ------------------------------------------------------------------------------------------------


def _chosen(exercises):
    """What the named exercises are worth, or all that the data give points to."""
    points = data.points()
    if unknown := [exercise for exercise in exercises if exercise not in points]:
        known = ", ".join(points)
        sys.exit(f"klcourse/lessons/*.toml give no points to {', '.join(unknown)}. They do to {known}.")
    return {exercise: points[exercise] for exercise in exercises or points}


def _write(edition, folder, exercises):
    points = _chosen(exercises)
    folder.mkdir(parents=True, exist_ok=True)
    if edition == "graded":
        (folder / "nbgrader_config.py").write_text(_CONFIG, "utf-8")
    sources = (_NOTEBOOKS / "sources.md").read_text("utf-8")
    if edition == "html":
        cells = [nbformat.v4.new_markdown_cell(sources)]
        (folder / "sources.html").write_text(html(nbformat.v4.new_notebook(cells=cells)), "utf-8")
    elif edition != "graded":
        (folder / "sources.md").write_text(sources, "utf-8")
    for path in sorted(_NOTEBOOKS.glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        if edition == "html":
            (folder / f"{path.stem}.html").write_text(html(notebook), "utf-8")
        elif edition != "graded":
            nbformat.write({"student": student, "teacher": teacher}[edition](notebook), folder / path.name)
        elif any(exercise.startswith(f"{int(path.name[:2])}.") for exercise in points):
            (folder / "source" / path.stem).mkdir(parents=True, exist_ok=True)
            nbformat.write(graded(notebook, points), folder / "source" / path.stem / path.name)


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in __all__ or (sys.argv[3:] and sys.argv[1] != "graded"):
        sys.exit(__doc__)
    _write(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
