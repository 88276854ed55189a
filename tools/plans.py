"""Plans for a class: which sections, questions and exercises fit into how many minutes.

    python tools/plans.py

writes the plans and the cuts of plans.toml into TEACHING.md; `editions.py plan NAME FOLDER` makes the notebooks of one.
"""

import ast
import copy
import re
import symtable
import tomllib
from pathlib import Path

import nbformat

__all__ = ["CUTS", "GUIDE", "PLANS", "asked_in", "cut_down", "in_words", "parts", "with_plans"]

PLANS = tomllib.loads((Path(__file__).parent / "plans.toml").read_text("utf-8"))
CUTS = PLANS.pop("cuts")
GUIDE = Path(__file__).resolve().parents[1] / "TEACHING.md"


def parts(plan):
    """Return what each part of a plan keeps of each lesson.

    Parameters
    ----------
    plan : dict
        One of `PLANS`.

    Returns
    -------
    dict of tuple to dict
        By the part's name ("" where the plan has only one) and the lesson, the numbers of the "sections" and of the
        "exercises" in the order of the plan.

    >>> parts({"step": [{"minutes": 5, "lesson": "01", "sections": ["1.1"]}, {"minutes": 5, "what": "questions"}]})
    {('', '01'): {'sections': ['1.1'], 'exercises': []}}
    """
    kept = {}
    for step in plan["step"]:
        if "lesson" in step:
            part = kept.setdefault((step.get("part", ""), step["lesson"]), {"sections": [], "exercises": []})
            part["sections"] += step.get("sections", [])
            part["exercises"] += step.get("exercises", [])
    return kept


# --- the notebook of a plan -----------------------------------------------------------------------------------------


def cut_down(notebook, sections, exercises, title):
    """Return a copy of a lesson that holds only some sections and exercises, with what they need of the others.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
    sections, exercises : sequence of str
        Their numbers, such as "1.2".
    title : str
        The plan's.

    Raises
    ------
    ValueError
        If the lesson has no such section or exercise.
    """
    blocks = _blocks(copy.deepcopy(notebook).cells)
    chosen = [*sections, *(f"exercise {number}" for number in exercises)]
    if missing := [name for name in chosen if name not in {name for name, _ in blocks}]:
        raise ValueError(f"The lesson has no {', '.join(missing)}: correct plans.toml.")
    chosen += ["", "Exercises"] if exercises else [""]
    kept, wanted = [], set()
    for name, cells in reversed(blocks):
        if name in chosen:
            for cell in reversed(cells):
                wanted = _wanted_before(cell, wanted)
            kept = [*cells, *kept]
        else:
            needed, wanted = _needed(cells, wanted)
            if needed:
                kept.insert(0, _hidden("\n".join(needed)))
    kept[0].source = _first_words(kept[0].source, sections, title)
    return nbformat.v4.new_notebook(cells=kept, metadata=notebook.metadata)


def _blocks(cells):
    """The cells by section and exercise. The start has no name, the introduction of the exercises is "Exercises"."""
    blocks = [("", [])]
    for cell in _split_at_headings(cells):
        if cell.cell_type == "markdown" and (found := _BEGINS.match(cell.source)):
            blocks.append((found[1] or found[3] or f"exercise {found[2]}", []))
            if blocks[-1][0] == "Objectives":
                continue
        if len(blocks) == 1 or blocks[-1][0] != "Objectives":
            blocks[-1][1].append(cell)
        else:
            blocks[0][1].append(cell)  # what stands under the objectives belongs to the start: the imports
    return [block for block in blocks if block[0] != "Objectives"]


_BEGINS = re.compile(r"## (\d+\.\d+) |### (?:Exercise|Bonus) (\d+\.\d+) |## (.*)|### What do I know now")


def _split_at_headings(cells):
    """A section or an exercise may begin in the middle of a cell."""
    for cell in cells:
        first, *others = (
            re.split(r"\n(?=## |### (?:Exercise|Bonus) )", cell.source) if cell.cell_type == "markdown" else [""]
        )
        yield cell
        if others:
            cell.source = first.rstrip()
        for number, text in enumerate(others):
            yield nbformat.v4.new_markdown_cell(text, id=f"{cell.id}-{number}", metadata=cell.metadata)


def _first_words(first, sections, title):
    heading = first.split("\n", 1)[0]
    return f"{heading}\n\nFrom the plan **{title}**: {_listed(sections)}. The whole lesson has the rest.\n\n{_HOW}"


_HOW = "In JupyterLab press <kbd>Shift</kbd>+<kbd>Enter</kbd> to run a cell. Grey triangles (▸) open what is folded."


def _listed(sections):
    return f"section {sections[0]}" if len(sections) == 1 else f"sections {', '.join(sections)}"


# What a statement gives a name and what it makes use of. Inside functions, only names from outside count.


def _names(statement):
    table = symtable.symtable(ast.unparse(statement), "cell", "exec")
    given = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    used = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_referenced()}
    for inner in _inside(table):
        used |= {symbol.get_name() for symbol in inner.get_symbols() if symbol.is_global()}
    changed = {
        part.value.id
        for part in ast.walk(statement)
        if isinstance(part, ast.Subscript | ast.Attribute)
        and isinstance(part.ctx, ast.Store)
        and isinstance(part.value, ast.Name)
    }
    return given, used, changed


def _inside(table):
    for inner in table.get_children():
        yield inner
        yield from _inside(inner)


def _statements(cell):
    return ast.parse(cell.source).body if cell.cell_type == "code" else []


def _wanted_before(cell, wanted):
    for statement in reversed(_statements(cell)):
        given, used, _ = _names(statement)
        wanted = (wanted - given) | used
    return wanted


def _needed(cells, wanted):
    """The statements of cells that are left out which give what is wanted, and what these want in turn."""
    needed = []
    for cell in reversed([cell for cell in cells if "solution" not in cell.metadata.get("tags", [])]):
        for statement in reversed(_statements(cell)):
            given, used, changed = _names(statement)
            if wanted & given or wanted & changed:
                needed.insert(0, ast.get_source_segment(cell.source, statement))
                wanted = (wanted - given) | used
    return needed, wanted


def _hidden(source):
    metadata = {"jupyter": {"source_hidden": True}, "slideshow": {"slide_type": "skip"}}
    return nbformat.v4.new_code_cell(f"# From the sections that are left out\n{source}", metadata=metadata)


# --- the plans in the guide -----------------------------------------------------------------------------------------


def in_words(plan, questions):
    """Return a plan as a section of Markdown.

    Parameters
    ----------
    plan : dict
        One of `PLANS`.
    questions : dict of str to list of str
        The questions that stand in each section.
    """
    rows = ["| minutes | what | questions |", "|---|---|---|"]
    for step in plan["step"]:
        if not step["minutes"]:
            continue  # at home
        asked = [name for section in step.get("sections", []) for name in questions.get(section, [])]
        rows.append(f"| {step['minutes']} | {_what(step)} | {', '.join(asked)} |")
    lines = [f"### {plan['title']}", plan.get("about", ""), "\n".join(rows), plan.get("homework", "")]
    return "\n\n".join(line for line in lines if line) + "\n"


def _what(step):
    taken = [*step.get("sections", [])]
    if step.get("exercises"):
        taken.append(f"exercise{'s' * (len(step['exercises']) > 1)} {', '.join(step['exercises'])}")
    words = ": ".join(filter(None, [step.get("part"), ", ".join(taken)]))
    what = step.get("what", "")
    return f"{words} ({what})" if words and what else words or what


def asked_in(notebooks):
    """Return the numbers of the questions that stand in each section of some lessons."""
    asked = {}
    for notebook in notebooks:
        for name, cells in _blocks(copy.deepcopy(notebook).cells):
            found = [re.search(r'^predict\("([^"]+)"', cell.source, re.M) for cell in cells]
            asked[name] = [match[1] for match in found if match]
    return asked


def with_plans(guide, questions):
    """Return the guide with the plans, and with what to cut of each lesson, as they are in the data."""
    for lesson, words in CUTS.items():
        line = rf"(^### {lesson} · (?:(?!^### ).)*?^- \*\*Cut:\*\*) [^\n]*"
        guide = re.sub(line, lambda found, words=words: f"{found[1]} {words}", guide, flags=re.M | re.S)
    plans = "\n".join(in_words(plan, questions) for plan in PLANS.values())
    return re.sub(rf"{_START}.*?{_END}", lambda _: f"{_START}\n\n{plans}\n{_END}", guide, flags=re.S)


_START, _END = "<!-- plans: from tools/plans.toml, by tools/plans.py -->", "<!-- end of the plans -->"


def main():
    """Write the plans into the guide."""
    paths = sorted((GUIDE.parent / "notebooks").glob("*.ipynb"))
    questions = asked_in(nbformat.read(path, as_version=4) for path in paths)
    GUIDE.write_text(with_plans(GUIDE.read_text("utf-8"), questions), "utf-8")


if __name__ == "__main__":
    main()
