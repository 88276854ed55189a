"""TEACHING.md says what is so: minutes, sections, exercises, questions, commands, links inside it."""

import re
from pathlib import Path

import editions
import nbformat
import pytest

from klcourse.lessons.data import exercises, questions

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "TEACHING.md").read_text("utf-8")
NOTEBOOKS = sorted((ROOT / "notebooks").glob("0[1-8]_*.ipynb"))  # the lessons


def text_of(path):
    return "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown")


def lessons(guide):
    """{number: (minutes for the core, for what goes further, for the exercises)} as the guide says."""
    found = re.findall(r"^### (\d\d) · .* \((\d+) (?:\+ (\d+) )?\+ (\d+) minutes\)$", guide, re.M)
    return {number: tuple(int(each or 0) for each in minutes) for number, *minutes in found}


MINUTES = re.compile(
    r"\*\*(\d+) minutes\*\* \((\d+) (?:to read and play|for the core)(?:, (\d+) for the sections marked ↗)?"
    r", (\d+) for the exercises"
)


def lessons_as_they_are():
    times = {}
    for path in NOTEBOOKS:
        total, *minutes = (int(each or 0) for each in MINUTES.search(text_of(path)).groups())
        assert total == sum(minutes), path.name
        assert minutes[0] <= 115, path.name  # what readers take, and a class can be given in two halves
        assert bool(minutes[1]) == bool(re.search("^## .* ↗$", text_of(path), re.M)), path.name
        times[path.name[:2]] = tuple(minutes)
    return times


def test_minutes_are_those_of_the_notebooks():
    assert lessons(GUIDE) == lessons_as_they_are()
    assert lessons(GUIDE.replace(" minutes)\n", "0 minutes)\n", 1)) != lessons_as_they_are()


def test_the_readme_says_the_same_minutes():
    rows = re.findall(r"^\| \[(\d\d) · .*?\| (\d+) \|", (ROOT / "README.md").read_text("utf-8"), re.M)
    for number, file in (("00", "00_start_here.ipynb"), ("09", "09_look_back.ipynb")):
        assert f"**{dict(rows)[number]} minutes" in text_of(ROOT / "notebooks" / file)
    assert {number: int(minutes) for number, minutes in rows if number in lessons(GUIDE)} == {
        number: sum(minutes) for number, minutes in lessons_as_they_are().items()
    }


@pytest.mark.parametrize("number", [path.name[:2] for path in NOTEBOOKS])
def test_each_lesson_says_what_goes_wrong_what_to_ask_and_what_to_cut(number):
    section = re.search(rf"^### {number} · .*?(?=^##)", GUIDE, re.M | re.S)[0]
    for words in ("- **They get wrong:**", "- **Ask at the board:**", "- **Cut:**"):
        assert words in section


def unknown_numbers(guide):
    """The sections, exercises and questions that the guide names and no notebook has."""
    known = {re.sub("[a-z]$", "", name) for name in exercises()} | set(questions())
    for path in NOTEBOOKS:
        known |= set(re.findall(r"^## (\d\.\d+) ", text_of(path), re.M))
    plain = re.sub(r"```.*?```|`[^`]*`|\]\([^)]*\)|d = \d\.\d+|Python \d\.\d+", "", guide, flags=re.S)
    plain = plain.split("### How much a class needs")[0]  # measurements
    lesson = "|".join(str(int(path.name[:2])) for path in NOTEBOOKS)
    found = re.findall(rf"(?<![\d.,−])((?:{lesson})\.(?:\d{{1,2}}|[a-z]\b))(?![\d.]*\d)", plain)
    return [name for name in found if name not in known]


def test_what_the_guide_names_exists():
    assert unknown_numbers(GUIDE) == []
    assert unknown_numbers("See 2.99, question 1.z and exercise 3.4.") == ["2.99", "1.z"]


def test_commands_and_files_exist():
    named = set(re.findall(r"tools/editions\.py (\w+)", GUIDE))
    assert named == set(editions.EDITIONS)
    files = re.findall(r"(?:tests|notebooks|klcourse|tools|benchmarks)/[\w/]+\.\w+", GUIDE)
    assert files
    assert [name for name in files if not (ROOT / name).is_file()] == []


def test_links_inside_the_guide_lead_somewhere():
    anchors = {
        re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in re.findall(r"^#+ (.*)$", GUIDE, re.M)
    }
    links = re.findall(r"\]\(#([^)]*)\)", GUIDE)
    assert links
    assert [link for link in links if link not in anchors] == []
