"""Every plan of TEACHING.md runs, holds what it names and nothing else, and adds up."""

import contextlib
import io
import re
from pathlib import Path
from unittest.mock import MagicMock

import editions
import matplotlib.pyplot as plt
import nbformat
import plans
import pytest
from matplotlib.layout_engine import ConstrainedLayoutEngine

from klcourse import live

NOTEBOOKS = {path.name[:2]: path for path in sorted((Path(__file__).parents[1] / "notebooks").glob("0[1-8]_*.ipynb"))}
EACH = [(name, part, lesson) for name, plan in plans.PLANS.items() for part, lesson in plans.parts(plan)]
each_notebook_of_a_plan = pytest.mark.parametrize(("name", "part", "lesson"), EACH)


def lesson_of(name, part, lesson):
    """A notebook of a plan, and what it keeps."""
    kept = plans.parts(plans.PLANS[name])[part, lesson]
    whole = nbformat.read(NOTEBOOKS[lesson], as_version=4)
    return plans.cut_down(whole, **kept, title=plans.PLANS[name]["title"]), kept


# nbval trains, and maps, in full: a plan is in danger of something else, a name that its sections lack.
LESS = {"EPOCHS = 5": "EPOCHS = 1", "train_images, c,": "train_images[:400], c,", "after(500, ": "after(150, "}


def run(notebook):
    """Run the cells of a notebook here, with little training."""
    namespace = {"__name__": "__main__", "display": MagicMock()}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            source = cell.source
            for much, less in LESS.items():
                source = source.replace(much, less)
            exec(compile(source, "cell", "exec"), namespace)
    return namespace


@each_notebook_of_a_plan
def test_a_plan_runs_from_top_to_bottom(name, part, lesson, monkeypatch):
    plt.switch_backend("agg")
    # What is plotted is not drawn: nbval draws every figure and explorer as it is here.
    monkeypatch.setattr(live, "show", lambda figure, alt: None)
    monkeypatch.setattr(ConstrainedLayoutEngine, "execute", lambda self, figure: None)
    monkeypatch.setattr(live.Picture, "update", lambda self, numbers: None)
    monkeypatch.setattr(live.Picture, "jpeg", lambda self, crisp=True: b"")
    with contextlib.redirect_stdout(io.StringIO()):
        run(lesson_of(name, part, lesson)[0])
    plt.close("all")


def test_what_is_made_less_is_in_a_notebook():
    text = "".join(path.read_text("utf-8") for path in NOTEBOOKS.values())
    assert [much for much in LESS if much not in text] == []


@each_notebook_of_a_plan
def test_a_plan_holds_what_it_names_and_nothing_else(name, part, lesson):
    notebook, kept = lesson_of(name, part, lesson)
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert re.findall(r"^## (\d+\.\d+) ", text, re.M) == kept["sections"]
    assert re.findall(r"^### (?:Exercise|Bonus) (\d+\.\d+) ", text, re.M) == kept["exercises"]
    assert not re.search(r"^## (Objectives|Pitfalls|Summary|References)|progress\(", text, re.M)
    assert plans.PLANS[name]["title"] in notebook.cells[0].source
    assert "press <kbd>Shift</kbd>" in notebook.cells[0].source
    nbformat.validate(notebook)


@pytest.mark.parametrize("name", plans.PLANS)
def test_the_minutes_of_a_plan_add_up(name):
    plan = plans.PLANS[name]
    sums = {}
    for step in plan["step"]:
        sums[step.get("part", "")] = sums.get(step.get("part", ""), 0) + step["minutes"]
    assert set(sums.values()) == {plan["minutes"]}
    assert any("questions" in step.get("what", "") for step in plan["step"]), "time for questions"


def test_the_guide_says_what_the_plans_hold():
    questions = plans.asked_in(nbformat.read(path, as_version=4) for path in NOTEBOOKS.values())
    guide = plans.GUIDE.read_text("utf-8")
    assert plans.with_plans(guide, questions) == guide, "run: python tools/plans.py"
    assert plans.with_plans(guide.replace("**Cut:** ", "**Cut:** what you like, "), questions) == guide
    assert "1.1, 1.2" in plans.in_words(plans.PLANS["45"], questions)
    assert "1.a" in plans.in_words(plans.PLANS["45"], questions)


def test_what_is_to_be_cut_first_is_in_no_plan():
    """The sections marked ↗, which every lesson says to leave out where time is short."""
    text = "\n".join(cell.source for path in NOTEBOOKS.values() for cell in nbformat.read(path, as_version=4).cells)
    further = set(re.findall(r"^## (\d+\.\d+) .*↗$", text, re.M))
    taken = {number for name, part, lesson in EACH for number in lesson_of(name, part, lesson)[1]["sections"]}
    assert further
    assert further & taken == set()
    assert set(plans.CUTS) == set(NOTEBOOKS)
    assert [lesson for lesson, words in plans.CUTS.items() if "↗" not in words] == []


def test_what_a_section_left_out_defines_is_at_hand():
    """And only that: neither what it prints nor what nobody uses."""
    code, text = nbformat.v4.new_code_cell, nbformat.v4.new_markdown_cell
    cells = [text("# 1 · A"), text("## Objectives"), code("import math")]
    cells += [text("## 1.1 Left out"), code("a = math.pi\nb = a + 1\nc = 5\nprint(b)\nlist_ = [0]\nlist_[0] = b")]
    cells += [text("## 1.2 Kept"), code("def f(x):\n    c = list_\n    return c[0] + x"), code("d = f(1)")]
    cut = plans.cut_down(nbformat.v4.new_notebook(cells=cells), ["1.2"], [], "a plan")
    hidden = [cell.source for cell in cut.cells if cell.metadata.get("jupyter", {}).get("source_hidden")]
    assert hidden == ["# From the sections that are left out\na = math.pi\nb = a + 1\nlist_ = [0]\nlist_[0] = b"]
    assert run(cut)["d"] == pytest.approx(5.14159, rel=1e-5)
    with pytest.raises(ValueError, match=r"no 1\.3, exercise 1\.4"):
        plans.cut_down(nbformat.v4.new_notebook(cells=cells), ["1.3"], ["1.4"], "a plan")


def test_one_command_writes_a_plan(tmp_path):
    assert editions.main(["plan", "90", str(tmp_path / "a")]) == 0
    assert editions.main(["plan", "six-weeks", str(tmp_path / "b"), "--without-solutions"]) == 0
    assert sorted(path.name for path in (tmp_path / "a").glob("*.*")) == [
        ".klcourse-edition.json",
        *(NOTEBOOKS[lesson].name for lesson in ("01", "02")),
        "one_page.md",
        "rise.css",
        "sources.md",
    ]
    assert (tmp_path / "b" / "week_3" / NOTEBOOKS["04"].name).is_file()
    assert (tmp_path / "b" / "week_3" / "rise.css").is_file()
    with_solutions = [path for path in (tmp_path / "b").rglob("*.ipynb") if '"solution"' in path.read_text("utf-8")]
    assert with_solutions == []
    assert '"solution"' in (tmp_path / "a" / NOTEBOOKS["01"].name).read_text("utf-8")
