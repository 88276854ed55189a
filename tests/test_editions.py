"""What a teacher hands out: no solution in the student's edition, pages without a network, the marks of nbgrader."""

import csv
import json
import os
import re
import subprocess
import sys
import tomllib
from html import unescape
from importlib.util import find_spec
from pathlib import Path

import editions
import hints_given
import nbformat
import plans
import pytest
from delivery import Refused, deliver
from test_pages import fetched

from klcourse.lessons import data
from klcourse.lessons.data import exercises, hints, points, questions
from klcourse.lessons.own import key

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
LESSONS = [path for path in NOTEBOOKS if path.name[:2] in data.course()]
NAMES = [path.name for path in NOTEBOOKS]
each_notebook = pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
each_lesson = pytest.mark.parametrize("notebook", LESSONS, ids=lambda path: path.stem)


def read(path):
    return nbformat.read(path, as_version=4)


def command(*arguments, folder=None):
    """Run Python as a teacher does."""
    ended = subprocess.run([sys.executable, *map(str, arguments)], cwd=folder, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def run_editions(*arguments):
    """Run the command here, where all that it imports is loaded already, and return its exit code."""
    return editions.main([*map(str, arguments)])


# --- student and teacher --------------------------------------------------------------------------------------------


def solutions(notebook):
    return [cell for cell in notebook.cells if "solution" in cell.metadata.get("tags", [])]


def given_away(notebook, whole):
    """The cells of an edition that give an answer away: a solution, its place, or what it printed."""
    hidden = [cell.source for cell in solutions(whole)]
    for cell in notebook.cells:
        printed = "".join(output.get("text", "") for output in cell.get("outputs", []))
        if cell.source in hidden or "olution is folded" in cell.source or "is right: " in printed:
            yield cell.source


@each_lesson
def test_the_student_edition_is_the_notebook_without_its_solutions(notebook):
    whole = read(notebook)
    handed_out = editions.student(whole)
    numbers = {re.sub("[a-z]+$", "", part) for part in exercises() if part.startswith(f"{int(notebook.name[:2])}.")}
    assert len(handed_out.cells) == len(whole.cells) - len(solutions(whole)) <= len(whole.cells) - len(numbers)
    assert list(given_away(handed_out, whole)) == []
    assert len(set(given_away(whole, whole))) > len(solutions(whole)), "the check sees them in the whole notebook"
    nbformat.validate(handed_out)


@each_notebook
def test_the_teacher_edition_hides_nothing_and_frees_the_sliders(notebook):
    shown = editions.teacher(read(notebook))
    first = next(cell for cell in shown.cells if cell.cell_type == "code")
    assert "unlock_all()" in first.source
    assert not any(cell.metadata.get("jupyter") for cell in shown.cells)
    assert len(solutions(shown)) == len(solutions(read(notebook)))
    nbformat.validate(shown)


def files_in(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_the_student_edition_is_a_repository(tmp_path, capsys):
    """With all that installs and starts it, at an address of its own, and no solution in notebooks or page."""
    command(editions.__file__, "student", tmp_path / "class", "--address", "me/kl", folder=tmp_path)
    there = files_in(tmp_path / "class")
    assert {f"notebooks/{name}" for name in (*NAMES, "rise.css", "sources.md")} <= there
    assert {"environment.yml", "pyproject.toml", "LICENSE", "klcourse/data/mnist.npz"} <= there
    assert any(name.startswith("rise/share/") for name in there)
    assert not [name for name in there if re.search(r"\.pyc$|^tools/|TEACHING|CONTRIBUTING|tests/test_", name)]
    readme = (tmp_path / "class" / "README.md").read_text("utf-8")
    assert readme.count("mybinder.org/v2/gh/me/kl/HEAD") == len(NAMES)
    assert "uv run jupyter lab notebooks/00_start_here.ipynb" in readme
    linked = set(re.findall(r'\]\((?!https?:)([^)#]+)|src="(?!https?:)([^"]+)', readme))
    assert {a or b for a, b in linked} <= there
    project = tomllib.loads((tmp_path / "class" / "pyproject.toml").read_text("utf-8"))
    assert project["project"]["urls"]["Repository"] == "https://github.com/me/kl"
    assert set(project["dependency-groups"]) == {"class"} == set(project["tool"]["uv"]["default-groups"])
    named = [project["project"]["readme"], *project["project"]["license-files"]]
    named += project["tool"]["pytest"]["ini_options"]["testpaths"] + [
        project["tool"]["flit"]["external-data"]["directory"]
    ]
    assert [name for name in named if not (tmp_path / "class" / name).exists()] == []
    assert run_editions("student", tmp_path / "other", "--address", "nonsense") == 2
    assert "give OWNER/NAME" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "python tools/editions.py student FOLDER"),
        (["student"], "required: folder"),
        (["pupils", "x"], "invalid choice: 'pupils'"),
        (["plan", "91", "x"], "choose from '45', '90'"),
        (["student", "x", "1.1"], "unrecognized arguments: 1.1"),
        (["html", "x", "--address", "me/kl"], "unrecognized arguments: --address me/kl"),
        (["graded", "x", "1.1", "9.9"], "There are no points for 9.9: choose from 1.1"),
        (["graded", "x", "1.1", "--secret", "s", "--names", "nowhere"], "nowhere is not there"),
        (["graded", "x", "1.1", "--names", "nowhere"], "need both: --secret FILE and --names FILE"),
        (["student", LESSONS[0].parent / "class"], "lies among the sources"),
        (["student", LESSONS[0].parent], "lies among the sources"),
        (["student", LESSONS[0].parents[1]], "holds something else"),
        (["student", LESSONS[0]], "is a file"),
    ],
)
def test_what_cannot_be_written_is_refused_in_a_sentence(arguments, words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = {path: path.read_bytes() for path in NOTEBOOKS}
    if arguments and arguments[-1] == LESSONS[0]:
        arguments = ["teacher", tmp_path / "file"]
        arguments[-1].write_text("", "utf-8")
    assert run_editions(*arguments) == 2
    assert words in capsys.readouterr().err
    assert {path: path.read_bytes() for path in NOTEBOOKS} == before
    assert files_in(tmp_path) <= {"file"}


def test_a_command_away_from_the_notebooks_says_so(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(editions, "NOTEBOOKS", tmp_path / "nowhere")
    assert run_editions("teacher", tmp_path / "class") == 2
    assert "holds no notebooks: run this from a copy of the course's repository" in capsys.readouterr().err
    assert files_in(tmp_path) == set()


# --- nothing is lost ------------------------------------------------------------------------------------------------


def test_an_edition_replaces_only_one_that_nobody_changed(tmp_path):
    folder = tmp_path / "a" / "class"
    deliver({"one.txt": "1", "old/two.txt": "2"}, folder, "edition")
    (folder / ".git").mkdir()
    (folder / "notes.txt").write_text("mine", "utf-8")
    with pytest.raises(Refused, match="already: add --replace"):
        deliver({"one.txt": "new"}, folder, "edition")
    assert (folder / "one.txt").read_text("utf-8") == "1"
    deliver({"one.txt": "new"}, folder, "edition", replace=True)
    assert {"one.txt", "notes.txt"} == {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    assert (folder / "one.txt").read_text("utf-8") == "new"
    with pytest.raises(Refused, match=r"notes\.txt of another origin"):
        deliver({"notes.txt": "theirs"}, folder, "edition", replace=True)
    (folder / "one.txt").write_text("changed", "utf-8")
    with pytest.raises(Refused, match=r"one\.txt has been changed since"):
        deliver({"one.txt": "newer"}, folder, "edition", replace=True)
    assert (folder / "one.txt").read_text("utf-8") == "changed"
    assert (folder / "notes.txt").read_text("utf-8") == "mine"


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(Refused, match=r"file.* cannot be written .*: name another folder"):
        deliver({"one.txt": "1"}, tmp_path / "file" / "class", "edition")


def test_a_second_graded_course_does_not_keep_the_lesson_of_the_first(tmp_path):
    run_editions("graded", tmp_path, "1.1")
    assert run_editions("graded", tmp_path, "6.1") == 2
    assert run_editions("graded", tmp_path, "6.1", "--replace") == 0
    assert [path.name for path in (tmp_path / "source").iterdir()] == ["06_maximum_likelihood"]


def test_a_link_of_nbgitpuller_brings_news_and_keeps_what_the_student_wrote(tmp_path):
    def git(*arguments):
        who = ["-c", "user.name=teacher", "-c", "user.email=teacher@example.org"]
        subprocess.run(["git", *who, *arguments], cwd=tmp_path / "class", check=True, capture_output=True)

    run_editions("student", tmp_path / "class")
    git("init", "--initial-branch=main")
    git("add", ".")
    git("commit", "--message=the student edition")
    pull = ("-m", "nbgitpuller.pull", (tmp_path / "class").as_uri(), "main", "home")
    command(*pull, folder=tmp_path)
    first, second = (tmp_path / "home" / "notebooks" / path.name for path in LESSONS[:2])
    first.write_text(first.read_text("utf-8").replace("kl_ab_nats = ...", "kl_ab_nats = 1.3357"), "utf-8")
    changed = tmp_path / "class" / "notebooks" / second.name
    changed.write_text(changed.read_text("utf-8").replace("# 2 ·", "# 2 (new) ·"), "utf-8")
    git("commit", "--all", "--message=a correction")
    command(*pull, folder=tmp_path)
    assert "kl_ab_nats = 1.3357" in first.read_text("utf-8")
    assert "# 2 (new) ·" in second.read_text("utf-8")


# --- cards ----------------------------------------------------------------------------------------------------------


def test_vote_cards_fit_their_sheets(tmp_path, browser):
    """Of A4, with what the printer leaves: each question on two sheets, and nothing answered on the first."""
    run_editions("cards", tmp_path)
    page = browser.new_page(viewport={"width": 1032, "height": 703})
    page.emulate_media(media="print")
    page.goto((tmp_path / "cards.html").as_uri())
    sheets = page.locator("section").evaluate_all("all => all.map(one => [one.innerText, one.offsetHeight])")
    page.close()
    assert len(sheets) == 2 * len(questions())
    assert max(height for _, height in sheets) <= 703
    for question, (front, _), (back, _) in zip(questions().values(), sheets[::2], sheets[1::2], strict=True):
        for answer in question["answers"]:
            assert answer["text"] in front
            assert answer["feedback"] in back
            assert answer["feedback"] not in front


# --- nbgrader -------------------------------------------------------------------------------------------------------


def test_points_are_data():
    numbers = {re.sub("[a-z]+$", "", part) for part in exercises()}
    headings = "\n".join(cell.source for path in NOTEBOOKS for cell in read(path).cells)
    bonus = set(re.findall(r"^### Bonus (\d+\.\d+) ", headings, re.M))
    assert set(points()) == numbers - bonus
    assert all(worth > 0 for worth in points().values())


@each_lesson
def test_a_graded_exercise_has_its_solution_between_the_marks_and_a_locked_cell(notebook):
    number = f"{int(notebook.name[:2])}.1"
    cells = editions.graded(read(notebook), {number: 6}).cells
    roles = [cell.metadata.nbgrader for cell in cells if "nbgrader" in cell.metadata]
    assert [(role.solution, role.grade, role.locked, role.get("points")) for role in roles] == [
        (True, False, False, None),
        (False, True, True, 6),
    ]
    (answer,) = (cell.source for cell in cells if cell.metadata.get("nbgrader", {}).get("solution"))
    solved = re.search(r"### BEGIN SOLUTION\n(.*)\n### END SOLUTION", answer, re.S)[1]
    for name in re.findall(r"^(\w+) = \.\.\.$", answer, re.M):
        assert re.search(rf"^{name} = ", solved, re.M)
    assert len(solutions(editions.graded(read(notebook), {}))) == 0


@pytest.fixture
def nbgrader():
    if not find_spec("nbgrader"):
        fail = pytest.fail if os.environ.get("KLCOURSE_REQUIRE_NBGRADER") == "1" else pytest.skip
        fail("nbgrader is not installed: uv run --extra grading pytest")
    # nbgrader starts alembic by its name.
    environment = {**os.environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}

    def run(folder, *commands):
        line = [sys.executable, "-c", NBGRADER, *commands]
        ended = subprocess.run(line, cwd=folder, capture_output=True, text=True, env=environment)
        assert (ended.returncode, ended.stdout) == (0, f"done: {', '.join(commands)}\n"), ended.stderr

    return run


# One process for several commands: importing nbgrader takes as long as what some of them do. An error ends it.
NBGRADER = """
import sys
from nbgrader.apps import NbGraderApp
for command in sys.argv[1:]:
    NbGraderApp.clear_instance()
    NbGraderApp.launch_instance(command.split())
print("done:", ", ".join(sys.argv[1:]))
"""


def leave_out_pictures(path):
    """Make a lesson shorter: it is run six times. What it draws, and what takes long to import, earn no marks."""
    notebook = read(path)
    imports = next(cell for cell in notebook.cells if cell.cell_type == "code")
    lines = [line for line in imports.source.splitlines() if re.search("import (numpy|check)", line)]
    imports.source = "\n".join(lines).replace(", predict", "")
    shown = (output for cell in notebook.cells for output in cell.get("outputs", []))
    imports.outputs = [next(output for output in shown if "image/png" in output.get("data", {}))]
    left_out = re.compile(r"plt\.|predict\(|scipy\.(stats|optimize)")
    notebook.cells = [cell for cell in notebook.cells if cell is imports or not left_out.search(cell.source)]
    nbformat.write(notebook, path)


def shorten(path):
    """Make a lesson shorter, which is run six times: what is graded, one picture, and a second for each function."""
    notebook = read(path)
    shown = (output for cell in notebook.cells for output in cell.get("outputs", []))
    picture = next(output for output in shown if "image/png" in output.get("data", {}))
    notebook = plans.cut_down(notebook, ["1.2"], ["1.2", "1.6"], "short")
    imports = next(cell for cell in notebook.cells if cell.cell_type == "code")
    imports.source = "import numpy as np\nfrom klcourse.lessons import check, running\nrunning.SECONDS = 1"
    imports.outputs = [picture]
    notebook.cells = [cell for cell in notebook.cells if "plt." not in cell.source]
    nbformat.write(notebook, path)


def hand_in(course, student, assignment, answers, without=""):
    """Put answers in the place of the dots of the released notebook, delete a cell, and hand it in."""
    released = read(course / "release" / assignment / f"{assignment}.ipynb")
    released.cells = [
        cell for cell in released.cells if cell.metadata.get("nbgrader", {}).get("grade_id", "-") != without
    ]
    for cell in released.cells:
        for stub, answer in answers.items():
            cell.source = cell.source.replace(f"{stub} ...", f"{stub} {answer}")
    place = course / "submitted" / student / assignment
    place.mkdir(parents=True)
    nbformat.write(released, place / f"{assignment}.ipynb")


RIGHT = {
    **{"best_length =": 2.25, "length_with_Q =": 2.875, "extra_length =": 0.625, "extra_mixed_up =": 0.875},
    "def kl_of_counts(n, m):": """
    n, m = np.array(n, float), np.array(m, float)
    if n.shape != m.shape or not all(np.all(counts >= 0) and counts.sum() > 0 for counts in (n, m)):
        raise ValueError
    p, q = n / n.sum(), m / m.sum()
    with np.errstate(divide="ignore"):
        return np.sum(p[p > 0] * np.log(p[p > 0] / q[p > 0]))""",
}


def test_nbgrader_gives_the_marks(tmp_path, nbgrader):
    """Right, wrong and empty hand-ins, functions that raise or never end, from the command to marks and feedback."""
    course, lesson = tmp_path / "course", "01_discrete_kl"
    run_editions("graded", course, "1.2", "1.6")
    shorten(course / "source" / lesson / f"{lesson}.ipynb")
    nbgrader(course, f"generate_assignment {lesson}")
    released = (course / "release" / lesson / f"{lesson}.ipynb").read_text("utf-8")
    assert "SOLUTION" not in released
    assert "image/png" in released
    assert ("image/png" in released) == (
        "image/png" in (course / "source" / lesson / f"{lesson}.ipynb").read_text("utf-8")
    )
    assert "best_length = ..." in released
    assert "def kl_of_counts(n, m): ..." in released
    hand_in(course, "right", lesson, RIGHT)
    wrong = {"extra_length =": "0.625 * np.log(2)", "extra_mixed_up =": 1 / 3}
    hand_in(course, "wrong", lesson, RIGHT | wrong | {"def kl_of_counts(n, m):": "return 0"})
    hand_in(course, "raising", lesson, RIGHT | {"def kl_of_counts(n, m):": "raise RuntimeError('oh')"})
    hand_in(course, "endless", lesson, RIGHT | {"def kl_of_counts(n, m):": "\n    while True: pass"})
    hand_in(course, "empty", lesson, {})
    hand_in(course, "cut", lesson, RIGHT, without="points-1-6")
    nbgrader(course, f"autograde {lesson}", f"generate_feedback {lesson}", "export")
    with (course / "grades.csv").open(newline="") as file:
        marks = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    numbers, function = points()["1.2"], points()["1.6"]
    assert marks == {
        "right": numbers + function,
        "wrong": numbers / 2,
        "raising": numbers,
        "endless": numbers,
        "empty": 0,
        "cut": numbers + function,  # nbgrader puts the cell back
    }
    for student, words in {
        "wrong": "that is the value in nats",
        "raising": "raises RuntimeError: oh, in line",
        "endless": "it did not come to an end",
        "cut": "was missing from the submission",
    }.items():
        page = (course / "feedback" / student / lesson / f"{lesson}.html").read_text("utf-8")
        assert words in page
        assert fetched(page) == []
        assert "<math" in page


def test_each_student_is_marked_with_numbers_of_their_own(tmp_path, nbgrader):
    """Neither what a neighbour found nor what the package knows is right, and mistakes get their hints."""
    course, lesson = tmp_path / "course", "01_discrete_kl"
    (tmp_path / "secret").write_text("known to the teacher alone", "utf-8")
    (tmp_path / "names").write_text("Ada\nBob\n", "utf-8")
    run_editions("graded", course, "1.1", "--secret", tmp_path / "secret", "--names", tmp_path / "names")
    leave_out_pictures(course / "source" / lesson / f"{lesson}.ipynb")
    nbgrader(course, f"generate_assignment {lesson}")
    assert files_in(course / "release") == {f"{lesson}/{lesson}.ipynb", f"{lesson}/own_numbers.json"}
    answers = json.loads((course / "own_answers.json").read_text("utf-8"))
    known = [f"{asked['answer']:.6g}" for held in answers.values() for asked in held.values()]
    handed_out = "".join(path.read_text("utf-8") for path in (course / "release" / lesson).iterdir())
    assert len(known) == 6
    assert [number for number in known if number in handed_out] == []
    own = {
        "own_1_1a =": 'np.sum(mine["A"] * np.log(mine["A"] / mine["B"]))',
        "own_1_1b =": 'np.sum(mine["B"] * np.log(mine["B"] / mine["A"]))',
        "own_1_1c =": "own_1_1a / np.log(2)",
        "kl_cd_nats =": exercises()["1.1d"]["answer"],
    }
    hand_in(course, "Ada", lesson, {"student =": "'ada'"} | own)
    copied = {"student =": "'Ada'", "own_1_1b =": exercises()["1.1b"]["answer"], "kl_cd_nats =": 1}
    hand_in(course, "Bob", lesson, own | copied | {"own_1_1c =": answers[key("Bob")]["1.1a"]["answer"]})
    nbgrader(course, f"autograde {lesson}", f"generate_feedback {lesson}", "export")
    with (course / "grades.csv").open(newline="") as file:
        marks = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    assert marks == {"Ada": points()["1.1"] * 4 / 5, "Bob": 0}
    pages = {
        name: unescape((course / "feedback" / name / lesson / f"{lesson}.html").read_text("utf-8")) for name in marks
    }
    assert (
        f"✓ 1.1a is right: with your numbers, KL(A‖B) = {answers[key('Ada')]['1.1a']['answer']:.5g} nats."
        in pages["Ada"]
    )
    assert f"✗ 1.1c is not right yet: {hints()['nats']}" in pages["Bob"]


# --- which hints a class got ----------------------------------------------------------------------------------------


def handed_in(*printed, solution=False):
    cell = nbformat.v4.new_code_cell(outputs=[nbformat.v4.new_output("stream", text="\n".join(printed))])
    cell.metadata["tags"] = ["solution"] if solution else []
    return nbformat.v4.new_notebook(cells=[cell])


def test_the_hints_of_a_class_are_counted(tmp_path, capsys):
    unit = "✗ 1.10a is not right yet: that is in bits."
    class_ = [handed_in(unit, "✓ 1.2 is right: 3."), handed_in(unit), handed_in("… 1.2 is not answered yet: dots.")]
    class_ += [handed_in("✗ 1.10a is not right yet: no.", unit), handed_in("✓ 1.10a is right: 1.", solution=True)]
    for number, notebook in enumerate(class_):
        (tmp_path / str(number)).mkdir()
        nbformat.write(notebook, tmp_path / str(number) / "01.ipynb")
    assert hints_given.main(tmp_path) == 0
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["1.2", "right", "1", "wrong", "0", "open", "1"],
        ["1.10a", "right", "0", "wrong", "3", "open", "0"],
        ["3", "×", "that", "is", "in", "bits."],
    ]
    assert hints_given.main(tmp_path / "nowhere") == 2
    assert "name one with notebooks that ran" in capsys.readouterr().out
