"""Editions of the notebooks for a class. All are made from the one set in `notebooks/`; nothing is kept twice.

    python tools/editions.py student FOLDER   a repository without solutions; the exercises still check themselves
    python tools/editions.py teacher FOLDER   solutions unfolded, all sliders free
    python tools/editions.py html FOLDER      web pages that need neither a kernel nor a network
    python tools/editions.py plan 90 FOLDER   what one of the plans in TEACHING.md takes: 45, 90, half-day, six-weeks
    python tools/editions.py cards FOLDER     vote cards to print: each question, with its answers on the back
    python tools/editions.py graded FOLDER    a course for nbgrader, of all exercises or of those named: 1.1 1.3 2.2

    --address OWNER/NAME   where the student edition will stand on GitHub: its badges lead there
    --without-solutions    of a plan, what students get
    --secret FILE --names FILE   of the graded course: numbers of each student's own, where own_numbers.toml has some
    --replace              put the edition in the place of an older one that nobody has changed

It needs nbconvert, which comes with JupyterLab; `html` also needs latex2mathml.
"""

import argparse
import copy
import json
import re
import sys
from html import escape
from pathlib import Path

import mathml
import nbformat
import own_numbers
import plans
from cards import cards
from delivery import Refused, deliver
from nbconvert import HTMLExporter
from nbconvert.preprocessors import TagRemovePreprocessor
from repository import student_repository

from klcourse.lessons import data, own

__all__ = ["EDITIONS", "graded", "html", "main", "student", "teacher"]

_ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = _ROOT / "notebooks"


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
@media print {
  pre, code { white-space: pre-wrap !important; word-break: normal !important; overflow-wrap: anywhere; }
  .jp-RenderedImage, .jp-RenderedHTML, tr { break-inside: avoid; }
  h1, h2, h3, h4 { break-after: avoid; }
  pre { orphans: 3; widows: 3; }
  .jp-MarkdownCell .jp-InputPrompt { display: none; }
  .jp-RenderedHTMLCommon td, .jp-RenderedHTMLCommon th { padding: 0.3em 0.4em; }
}
</style>
{% endblock %}
{% block codecell %}
{% if "solution" in cell.metadata.tags %}<details><summary>Solution</summary>{{ super() }}</details>
{% else %}{{ super() }}{% endif %}
{% endblock %}
{% block markdowncell %}
{% if "solution" in cell.metadata.tags %}<details><summary>Solution in words</summary>{{ super() }}</details>
{% else %}{{ super() }}{% endif %}
{% endblock %}
"""


def _add_reasons(cell, question):
    """Fold what is said to the wrong answers under the right one."""
    wrong = [answer for answer in question["answers"] if not answer.get("right")]
    reasons = "".join(f"<li><b>{escape(each['text'])}</b> {escape(each['feedback'])}</li>" for each in wrong)
    for output in cell.outputs:
        if "text/html" in output.get("data", {}):
            output.data["text/html"] = output.data["text/html"].replace("</details>", f"<ul>{reasons}</ul></details>")


def _for_a_page(source):
    """Say what a reader can do who has no kernel."""
    for words, instead in _WORDS_OF_A_PAGE.items():
        source = re.sub(words, instead, source)
    return source


_WORDS_OF_A_PAGE = {
    r"In JupyterLab press <kbd>Shift</kbd>\+<kbd>Enter</kbd> to run a cell\.( \*Run → Run All Cells\* .*)?": (
        "This page is a notebook to read: its sliders move, and its exercises check themselves, in JupyterLab."
    ),
    r"(Put your answer in place of the three dots|Replace the three dots with your answer) and run the cell\."
    r"( Wrong answers are welcome[^.]*\.)?": "Work them out on paper, or with code of your own.",
    r": click its three dots\.": ".",
    r"Choose an answer, or say that you do not know yet: the score counts for nothing.*": (
        "Choose an answer to each, in your head or on paper, before you look at what is folded under it."
    ),
    r" After the tenth answer the button.*": "",
}
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
    of_a_kernel = ("progress(", "### What do I know now?")
    notebook.cells = [cell for cell in notebook.cells if not cell.source.startswith(of_a_kernel)]
    for cell in notebook.cells:
        cell.source = _TO_PAGES.sub(r"](\1.html", _for_a_page(cell.source))
        if _exercise(cell):
            cell.outputs = []  # "not answered yet"
        if cell.metadata.get("jupyter", {}).get("source_hidden") and not _is_solution(cell):
            cell.metadata["transient"] = {"remove_source": True}  # what nbconvert's templates leave out
        if question := re.search(r'^predict\("([^"]+)"', cell.source, re.M):
            _add_reasons(cell, data.questions()[question[1]])
    exporter = HTMLExporter(raw_template=_PAGE)
    exporter.register_filter("markdown2html", mathml.to_html)
    title = re.search("^# (.*)", notebook.cells[0].source)
    page, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": title[1]}} if title else None)
    return page


# --- nbgrader ---------------------------------------------------------------------------------------------------

_CONFIG = """\
import sys
from pathlib import Path

from nbgrader.converters import GenerateAssignment
from nbgrader.preprocessors import ClearOutput
from nbgrader.server_extensions import formgrader

here = Path(__file__).parent
sys.path.insert(0, str(here / "offline"))
from mathml import to_html

c = get_config()
c.CourseDirectory.course_id = "kl-divergence"
c.ClearSolutions.code_stub = {"python": "# Compute your answers here, or put them in place of the dots."}
c.ExecutePreprocessor.timeout = 600  # seconds; notebook 05 trains a model
c.OverwriteCells.add_missing_cells = True  # whoever deletes the cell with the points is graded all the same
# Pictures stay in what students get.
usual = GenerateAssignment.class_traits()["preprocessors"].default()
c.GenerateAssignment.preprocessors = [step for step in usual if step is not ClearOutput]
# Feedback asks no network for anything: formulas become MathML.
c.HTMLExporter.template_name = "offline"
c.HTMLExporter.extra_template_basedirs = [str(here), str(Path(formgrader.__file__).parent / "templates")]
c.HTMLExporter.filters = {"markdown2html": to_html}
"""
_OFFLINE = {  # a template of nbconvert's that is nbgrader's own, but for MathJax
    "offline/conf.json": '{"base_template": "feedback", "mimetypes": {"text/html": true}}\n',
    "offline/mathjax.html.j2": "{%- macro mathjax(url) -%}{%- endmacro %}\n",
    "offline/mathml.py": Path(mathml.__file__).read_text("utf-8"),
}


def graded(notebook, points, with_own=()):
    """Return a notebook as the source of an nbgrader assignment.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
    points : dict of str to float
        What each chosen exercise is worth, such as ``{"1.1": 5}``. The others check themselves as ever.
    with_own : collection of str
        The exercises in which some parts are marked with numbers of each student's own.

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
            cells.append(_answer_cell(cell, exercise, following))
            cells += _own_cells(cell, exercise) if exercise in with_own else []
            cells.append(_points_cell(cell, exercise, points[exercise], exercise in with_own))
        elif not _is_solution(cell):
            cells.append(cell)
    if with_own:
        first = next(i for i, cell in enumerate(cells) if cell.cell_type == "code")
        cells.insert(first + 1, _marked(nbformat.v4.new_code_cell(_WHO, id="who"), "who", solution=True))
    notebook.cells = cells
    return notebook


_WHO = """\
student = ...  # your name in quotation marks, as your teacher has it
### BEGIN SOLUTION
### END SOLUTION"""


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


def _own_cells(stub, exercise):
    """What stands between the printed numbers, which stay for practice, and the points."""
    parts, words = own_numbers.OWN[exercise]["parts"], own_numbers.OWN[exercise]["words"]
    letters = ", ".join(f"({part.removeprefix(exercise)})" for part in parts)
    told = f"""\
#### {exercise} with numbers of your own

Above you practise: every answer is checked at once. What earns the marks for {letters} is the same question with \
numbers of your own, which is judged when you have handed in. {words} Write your name into the cell below the imports, \
and run that cell before this one."""
    numbers = f"""\
from klcourse.lessons import own_numbers

mine = own_numbers("{exercise}", student)
mine"""
    lines = [f"{_own_name(part)} = ...  # ({part.removeprefix(exercise)}){_unit(part)}" for part in parts]
    answers = "\n".join([*lines, "### BEGIN SOLUTION", "### END SOLUTION"])
    return [
        nbformat.v4.new_markdown_cell(told, id=f"{stub.id}-own"),
        _marked(nbformat.v4.new_code_cell(numbers, id=f"{stub.id}-own-numbers"), f"numbers-{exercise}", locked=True),
        _marked(nbformat.v4.new_code_cell(answers, id=f"{stub.id}-own-answers"), f"own-{exercise}", solution=True),
    ]


def _unit(part):
    unit = data.exercises()[part].get("unit")
    return f", in {unit}" if unit else ""


def _own_name(part):
    return f"own_{part.replace('.', '_')}"


def _points_cell(stub, exercise, points, with_own):
    own_parts = own_numbers.OWN[exercise]["parts"] if with_own else []
    calls = [
        f'grade_own("{part}", {_own_name(part)})' if part in own_parts else f'grade("{part}", {name})'
        for part, name in _CHECK.findall(stub.source)
    ]
    functions = sorted({call.partition("(")[0] for call in calls})
    source = f"""\
from klcourse.lessons import {", ".join(functions)}

verdicts = [{", ".join(calls)}]
print(*(verdict.message for verdict in verdicts), sep="\\n")
{points} * sum(verdict.correct for verdict in verdicts) / len(verdicts)  # points"""
    cell = nbformat.v4.new_code_cell(source, id=f"{stub.id}-points")
    return _marked(cell, f"points-{exercise}", grade=True, locked=True, points=points)


def _marked(cell, name, **marks):
    role = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3}
    cell.metadata["nbgrader"] = {**role, "grade_id": name.replace(".", "-"), "cell_type": "code", **marks}
    return cell


# --- the command ------------------------------------------------------------------------------------------------


def _student_files(options):
    notebooks = {f"notebooks/{path.name}": _text(student(notebook)) for path, notebook in _notebooks()}
    return notebooks | student_repository(_ROOT, options.address)


def _teacher_files(options):
    notebooks = {path.name: _text(teacher(notebook)) for path, notebook in _notebooks()}
    return notebooks | _beside()


def _html_files(options):
    pages = {f"{path.stem}.html": html(notebook) for path, notebook in _notebooks()}
    for path in NOTEBOOKS.glob("*.md"):
        text = nbformat.v4.new_markdown_cell(path.read_text("utf-8"))
        pages[f"{path.stem}.html"] = html(nbformat.v4.new_notebook(cells=[text]))
    return pages | {"index.html": pages["00_start_here.html"]}


def _cards_files(options):
    return {"cards.html": cards([notebook for _, notebook in _notebooks()])}


def _plan_files(options):
    plan, files = plans.PLANS[options.plan], {}
    lessons = {path.name[:2]: (path, notebook) for path, notebook in _notebooks()}
    for (part, lesson), kept in plans.parts(plan).items():
        path, notebook = lessons[lesson]
        cut = plans.cut_down(notebook, **kept, title=plan["title"])
        folder = f"{part.replace(' ', '_')}/" if part else ""
        files[f"{folder}{path.name}"] = _text(student(cut) if options.without_solutions else cut)
        files |= _beside(folder)
    return files


def _graded_files(options):
    points = _points(options.exercises)
    names, secret = _class(options)
    with_own = [exercise for exercise in points if exercise in own_numbers.OWN] if names else []
    if names and not with_own:
        raise Refused(f"None of these has numbers of each student's own: choose from {', '.join(own_numbers.OWN)}.")
    files = {"nbgrader_config.py": _CONFIG} | _OFFLINE
    numbers, answers = own_numbers.tables(names, secret, with_own)
    if with_own:
        files[own.ANSWERS] = _json(answers)
    for path, notebook in _notebooks():
        number = str(int(path.name[:2]))
        if number not in {exercise.split(".")[0] for exercise in points}:
            continue
        its = [exercise for exercise in with_own if exercise.split(".")[0] == number]
        files[f"source/{path.stem}/{path.name}"] = _text(graded(notebook, points, its))
        if its:
            of_lesson = {who: {each: held[each] for each in its} for who, held in numbers.items()}
            files[f"source/{path.stem}/{own.NUMBERS}"] = _json(of_lesson)
    return files


def _class(options):
    """The names and the secret of a class, both or neither."""
    if bool(options.names) != bool(options.secret):
        raise Refused("Numbers of each student's own need both: --secret FILE and --names FILE.")
    if not options.names:
        return [], ""
    return own_numbers.read_names(options.names), own_numbers.read_secret(options.secret)


def _json(table):
    return json.dumps(table, indent=1) + "\n"


def _notebooks():
    paths = sorted(NOTEBOOKS.glob("*.ipynb"))
    if not paths:
        raise Refused(f"{NOTEBOOKS} holds no notebooks: run this from a copy of the course's repository.")
    return [(path, nbformat.read(path, as_version=4)) for path in paths]


def _text(notebook):
    return nbformat.writes(notebook) + "\n"


def _beside(folder=""):
    """What the notebooks of a folder need there: the pages they link to, and the styles of slides."""
    paths = [*NOTEBOOKS.glob("*.md"), *NOTEBOOKS.glob("*.css")]
    return {f"{folder}{path.name}": path.read_text("utf-8") for path in paths}


def _points(exercises):
    """What the named exercises are worth, or all that the data give points to."""
    points = data.points()
    if unknown := [exercise for exercise in exercises if exercise not in points]:
        raise Refused(f"There are no points for {', '.join(unknown)}: choose from {', '.join(points)}.")
    return {exercise: points[exercise] for exercise in exercises or points}


EDITIONS = {
    "student": (_student_files, "put {folder} into a public repository of your own (its README says how to start it)"),
    "teacher": (_teacher_files, "uv run jupyter lab {folder}/00_start_here.ipynb"),
    "html": (_html_files, "open {folder}/index.html in a browser, or copy the folder to a USB stick"),
    "plan": (_plan_files, "uv run jupyter lab {folder}"),
    "cards": (
        _cards_files,
        "open {folder}/cards.html in a browser, and print it on both sides (flip on the short edge)",
    ),
    "graded": (_graded_files, "cd {folder}, then nbgrader generate_assignment, as TEACHING.md says"),
}


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise Refused(f"{message}\n\n{__doc__}")


def _options(arguments):
    parser = _Parser(usage=argparse.SUPPRESS, add_help=False)
    commands = parser.add_subparsers(dest="edition", required=True)
    for edition in EDITIONS:
        command = commands.add_parser(edition, usage=argparse.SUPPRESS, add_help=False)
        if edition == "plan":
            command.add_argument("plan", choices=plans.PLANS)
            command.add_argument("--without-solutions", action="store_true")
        command.add_argument("folder", type=Path)
        if edition == "graded":
            command.add_argument("exercises", nargs="*")
            command.add_argument("--secret", type=Path)
            command.add_argument("--names", type=Path)
        if edition == "student":
            command.add_argument("--address")
        command.add_argument("--replace", action="store_true")
    return parser.parse_args(arguments)


def main(arguments):
    """Write an edition, and say what to do next; return the exit code."""
    try:
        options = _options(arguments)
        make_files, following = EDITIONS[options.edition]
        files = make_files(options)
        deliver(files, options.folder, f"{options.edition} edition", options.replace)
    except Refused as refused:
        print(refused, file=sys.stderr)
        return 2
    print(f"Wrote the {options.edition} edition to {options.folder}: {len(files)} files.")
    print(f"Next: {following.format(folder=options.folder)}.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
