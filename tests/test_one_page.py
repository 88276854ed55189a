"""The page of identities, symbols and mistakes leads to sections and questions that exist, and to what it names."""

import re
from pathlib import Path

import nbformat
import pytest

from klcourse.lessons import data

FOLDER = Path(__file__).parents[1] / "notebooks"
PAGE = (FOLDER / "one_page.md").read_text("utf-8")
COURSE = data.course()


def rows(page, title):
    """The cells of a table, one list a row, without its heading."""
    part = re.split(r"^## ", page.split(f"## {title}", 1)[1], maxsplit=1, flags=re.M)[0]
    lines = [line for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))] for line in lines[2:]]


TABLES = {
    title: rows(PAGE, title)
    for title in (
        "Identities, bounds and approximations",
        "Symbols and terms",
        "Mistakes, and where they are put right",
    )
}


def sections(lesson):
    """The text of each section of a lesson, by its number."""
    cells = nbformat.read(FOLDER / COURSE[lesson]["notebook"], as_version=4).cells
    text = "\n\n".join(cell.source for cell in cells if "solution" not in cell.metadata.get("tags", []))
    parts = re.split(r"^## (\d\.\d+) ", text, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


SECTIONS = {number: text for lesson in COURSE for number, text in sections(lesson).items()}


def link_faults(page):
    """Numbers of sections that do not exist or lead to another notebook, and questions that are not asked."""
    for number, target in re.findall(r"\[(\d\.\d+)\]\(([^)]*)\)", page):
        if number not in SECTIONS or target != COURSE[data.lesson_of(number)]["notebook"]:
            yield f"{number} leads to {target}"
    for question in re.findall(r"question (\d\.[a-z])", page):
        if question not in data.questions():
            yield f"there is no question {question}"
    for target in re.findall(r"\]\(([^)]*)\)", page):
        if not (FOLDER / target.removesuffix("#Pitfalls")).is_file():
            yield f"there is no {target}"


def test_every_section_and_question_exists():
    assert list(link_faults(PAGE)) == []
    assert len(re.findall(r"question \d\.", PAGE)) >= 15


@pytest.mark.parametrize("fault", ["[9.9](08_tsne.ipynb)", "[1.1](08_tsne.ipynb)", "question 1.z", "[a](nowhere.md)"])
def test_a_page_out_of_step_is_reported(fault):
    assert list(link_faults(f"{PAGE}\n{fault}"))


@pytest.mark.parametrize("title", TABLES)
def test_every_lesson_is_in_every_table(title):
    links = [re.findall(r"\[(?:\d\.\d+|0\d, Pitfalls)\]\((\w+\.ipynb)", row[-1]) for row in TABLES[title]]
    assert all(links)
    assert {target for each in links for target in each} == {lesson["notebook"] for lesson in COURSE.values()}


def symbols(cell):
    """The single symbols and terms of a cell: formulas without their dollars, words as they are."""
    formulas = re.findall(r"\$([^$]+)\$", cell)
    return formulas or cell.split(", ")


def plain(text):
    """A text in which the same formula is always written in the same way."""
    text = text.replace(r"\Vert", r"\|").replace(r"\vert", "|").replace(r"\,", "").replace("\\mathrm", "")
    return re.sub(r"[\s{}]", "", text)


def test_every_symbol_stands_once_and_where_it_is_said_to_be_introduced():
    listed = [symbol for row in TABLES["Symbols and terms"] for symbol in symbols(row[0])]
    assert len(listed) == len(set(listed))
    missing = []
    for cell, _, where in TABLES["Symbols and terms"]:
        text = plain("".join(SECTIONS[number] for number in re.findall(r"\[(\d\.\d+)\]", where)))
        missing += [f"{symbol}: {where}" for symbol in symbols(cell) if plain(symbol).lower() not in text.lower()]
    assert missing == []


@pytest.mark.parametrize("lesson", COURSE)
def test_every_lesson_leads_to_the_page(lesson):
    notebook = nbformat.read(FOLDER / COURSE[lesson]["notebook"], as_version=4)
    (references,) = (cell.source for cell in notebook.cells if cell.source.startswith("## References"))
    assert "](one_page.md)" in references
