"""The ten questions before and after the course, where they send a reader, and the map of the lessons."""

import re
from collections import Counter
from pathlib import Path

import class_gain
import nbformat
import numpy as np
import pytest
from test_asked import length_faults
from test_lessons import NUMBER, places_of_right_answers, written_like

from klcourse.divergence import kl_divergence
from klcourse.gaussian import kl_gaussian
from klcourse.lessons import data, pictures, ten_questions
from klcourse.lessons.ten_questions import FORMS, UNKNOWN, Answered, result, right
from klcourse.mixture import log_density

FOLDER = Path(__file__).parents[1] / "notebooks"
IDEAS = data.ideas()
ASKED = [(idea, form) for idea in IDEAS for form in FORMS]
each_form = pytest.mark.parametrize("form", FORMS)
each_question = pytest.mark.parametrize(("idea", "form"), ASKED, ids=[f"{idea['name']}-{form}" for idea, form in ASKED])


# --- the questions ------------------------------------------------------------------------------------------------


def test_each_idea_is_asked_twice_in_the_order_of_the_lessons():
    assert len(IDEAS) == len({idea["name"] for idea in IDEAS}) == 10
    sections = [tuple(map(int, idea["section"].split("."))) for idea in IDEAS]
    assert sections == sorted(sections)


@each_question
def test_every_wrong_answer_says_what_is_mistaken_in_it(idea, form):
    answers = idea[form]["answers"]
    assert len(answers) == len({answer["text"] for answer in answers}) == 4
    assert [answer.get("right", False) for answer in answers].count(True) == 1
    assert all(("mistake" in answer) != answer.get("right", False) for answer in answers)
    assert ("picture" in idea[form]) == ("alt" in idea[form])


@each_form
def test_neither_place_nor_length_gives_an_answer_away(form):
    questions = [idea[form] for idea in IDEAS]
    places = places_of_right_answers(questions)
    assert set(places) == {0, 1, 2, 3}
    assert max(places.values()) <= 3
    assert list(length_faults(questions)) == []


def bells(form, direction):
    """The KL of each bell of a picture, in the order of their letters."""
    x = np.linspace(-12, 16, 28001)
    log_p = log_density(x, *pictures.TARGETS[form])
    found = []
    for _, (mean, sd, _) in sorted(pictures.BELLS[form].items()):
        log_q = log_density(x, [1], [mean], [sd])
        numerator, denominator = (log_p, log_q) if direction == "forward" else (log_q, log_p)
        found.append(np.trapezoid(np.exp(numerator) * (numerator - denominator), x))
    return found


KNOWN = {"np": np, "ln2": np.log(2), "kl_divergence": kl_divergence, "kl_gaussian": kl_gaussian, "bells": bells}


@each_question
def test_every_number_is_given_or_comes_from_an_expression(idea, form):
    asked = idea[form]
    for number, expression in asked.get("from", {}).items():
        plain = number.replace(",", "")
        assert written_like(plain, eval(expression, KNOWN)) == plain
    words = [asked["asks"], asked["why"], *(a["text"] for a in asked["answers"])]
    text = " ".join([*words, *(a.get("mistake", "") for a in asked["answers"])])
    known = {*asked.get("given", []), *asked.get("from", {})}
    assert set(NUMBER.findall(text)) <= known
    assert [number for number in known if number not in text] == []


@each_form
def test_the_right_bells_have_the_smallest_divergences_of_those_drawn(form):
    (asked,) = (idea[form] for idea in IDEAS if idea["name"] == "direction")
    assert asked["picture"] == form
    words = next(answer["text"] for answer in asked["answers"] if answer.get("right"))
    for direction, letter in zip(("forward", "reverse"), re.findall(r"([ABC]) for KL", words), strict=True):
        divergences = bells(form, direction)
        assert "ABC"[np.argmin(divergences)] == letter
        assert np.sort(divergences)[1] > 1.5 * min(divergences), "close calls are no question"


def test_what_is_said_of_a_metric_is_so():
    """The three coins of the texts: the triangle and the symmetry fail."""

    def kl(p, q):
        return kl_divergence([p, 1 - p], [q, 1 - q])

    assert kl(0.5, 0.05) > kl(0.5, 0.25) + kl(0.25, 0.05)
    assert kl(0.5, 0.05) != pytest.approx(kl(0.05, 0.5), rel=0.1)


def test_far_bells_are_lost_to_rounding():
    """Half the squared distance of the means, and a density at 0 that a computer rounds to 0."""
    assert kl_gaussian(0, 1, 50, 1) == pytest.approx(50**2 / 2)
    assert np.exp(-(50**2) / 2) == 0


@each_question
def test_the_section_that_teaches_it_exists(idea, form):
    section = idea[form].get("section", idea["section"])
    notebook = FOLDER / data.course()[data.lesson_of(section)]["notebook"]
    assert f"## {section} " in notebook.read_text("utf-8")
    assert not re.search(rf"## {re.escape(section)} [^\n]*↗", notebook.read_text("utf-8")), "a core section"


def test_no_sample_of_a_result_gives_the_answers_away():
    root = FOLDER.parent
    shown = [
        FOLDER / "00_start_here.ipynb",
        FOLDER / "09_look_back.ipynb",
        root / "TEACHING.md",
        root / "tools/class_gain.py",
    ]
    shown.append(Path(ten_questions.__code__.co_filename))
    samples = [
        found
        for path in shown
        for found in re.findall(r"\b(before|after) ([A-D-]{10})(?![\w-])", path.read_text("utf-8"))
    ]
    assert len(samples) >= 4
    assert [sample for sample in samples if Answered(*sample).score > 2] == []


# --- the widget ---------------------------------------------------------------------------------------------------


def answer_all(asked, letters):
    for choice, letter in zip(asked.choices, letters, strict=True):
        choice.index = "ABCD-".index(letter)


@each_form
def test_nothing_is_said_before_the_tenth_answer(form):
    asked = ten_questions(form)
    everything_right = "".join(right(idea[form]) for idea in IDEAS)
    for number, (choice, letter) in enumerate(zip(asked.choices, everything_right, strict=True)):
        assert asked.button.disabled
        assert f"{number} of 10" in asked.count.value
        assert asked.result.value == ""
        choice.index = "ABCD".index(letter)
    assert not asked.button.disabled
    assert asked.result.value == ""
    asked.button.click()
    assert asked.button.disabled
    assert all(choice.disabled for choice in asked.choices)
    assert "10 of 10" in asked.result.value
    assert f"{form} {everything_right}" in asked.result.value
    assert "Not quite" not in asked.result.value


def test_the_result_says_what_was_said_what_is_true_why_and_where_it_is_learnt():
    asked = ten_questions("before")
    answer_all(asked, "A" + "-" * 9)
    asked.button.click()
    said = re.sub(r"<[^>]+>", "", asked.result.value).replace("&#x27;", "'")
    units = IDEAS[0]["before"]
    assert "0 of 10" in said
    for words in (units["answers"][0]["text"], units["answers"][0]["mistake"], units["answers"][1]["text"][:-1]):
        assert words in said
    assert said.count("You do not know yet.") == 9
    for idea in IDEAS:
        assert idea["before"]["why"].replace("&", "&amp;") in said
        assert f"Learn it in section {idea['section']}." in said


def with_wrong(*names):
    """All answers right but those to the named ideas."""
    return Answered("before", "".join("-" if idea["name"] in names else right(idea["before"]) for idea in IDEAS))


@pytest.mark.parametrize(
    ("names", "lessons"),
    [
        (("units", "gaps"), ["01", "08"]),
        (("direction",), ["02"]),
        (("density", "jensen_shannon", "loss"), ["03", "04", "06"]),
        ((), []),
    ],
)
def test_where_to_begin(names, lessons):
    answered = with_wrong(*names)
    assert answered.score == 10 - len(names)
    assert answered.lessons == lessons
    words = result(answered).split("<ol>")[0]
    if not lessons:
        assert "nothing here seems new to you" in words
        return
    assert f"Begin with {lessons[0]} · {data.course()[lessons[0]]['title']}." in words
    assert ("Read the summaries" in words) == (lessons[0] != "01")
    assert all(f"{lesson} · " in words for lesson in lessons)


def test_after_the_course_the_missing_sections_are_named():
    after = "".join(right(idea["after"]) for idea in IDEAS)
    words = result(Answered("after", "-" + after[1:-1] + "-")).split("<ol>")[0]
    assert "8 of 10" in words
    assert "section 1.2 and section 8.8." in words


@pytest.mark.parametrize(
    ("form", "letters", "words"),
    [
        ("during", "A" * 10, "form"),
        ("before", "A" * 9, "10 letters"),
        ("before", "ABCDEABCDE", "10 letters"),
        ("after", None, "10 letters"),
    ],
)
def test_what_are_no_answers(form, letters, words):
    with pytest.raises(ValueError, match=words):
        Answered(form, letters)
    if form == "during":
        with pytest.raises(ValueError, match=words):
            ten_questions(form)


@each_form
def test_without_a_kernel_the_answers_are_folded(form):
    shown, _ = ten_questions(form)._repr_mimebundle_()
    assert shown["text/html"].count("<details") == 10
    assert shown["text/html"].count("<img") == 2
    folded = re.sub(r"<details.*?</details>", "", shown["text/html"])
    assert not any(idea[form]["why"][:40] in folded for idea in IDEAS)
    assert all(idea[form]["asks"] in shown["text/plain"] for idea in IDEAS)
    assert UNKNOWN not in shown["text/plain"]


# --- the map ------------------------------------------------------------------------------------------------------


def named_before(notebook):
    """The lessons that a notebook's first cell asks for."""
    first = nbformat.read(notebook, as_version=4).cells[0].source
    return sorted(set(re.findall(r"\]\((0\d)_\w+\.ipynb\)", first.split("**Before it:**")[1])))


@pytest.mark.parametrize("lesson", data.course())
def test_a_lesson_builds_on_what_its_first_cell_names(lesson):
    known = data.course()[lesson]
    assert named_before(FOLDER / known["notebook"]) == known["needs"]


def test_the_course_lists_its_notebooks():
    assert [lesson["notebook"] for lesson in data.course().values()] == sorted(
        path.name for path in FOLDER.glob("0[1-8]_*.ipynb")
    )
    assert [*data.course()] == [*data.lessons()]


def test_the_arrows_lead_from_every_lesson_that_is_needed():
    """By arrows alone, whoever comes to a lesson has passed all that it needs."""
    leads = Counter()
    reached = {}
    for lesson in data.course():
        direct = [before for after, before in pictures.arrows() if after == lesson]
        leads[lesson] = len(direct)
        reached[lesson] = set(direct).union(*(reached[before] for before in direct))
    assert all(reached[lesson] >= set(held["needs"]) for lesson, held in data.course().items())
    assert leads == {"01": 0, "02": 1, "03": 1, "04": 1, "05": 2, "06": 1, "07": 2, "08": 1}


def test_the_start_shows_the_minutes_of_each_lesson():
    start = "\n".join(cell.source for cell in nbformat.read(FOLDER / "00_start_here.ipynb", as_version=4).cells)
    rows = re.findall(r"^\| \[(\d\d) · [^\]]+\]\((\S+)\) \| [^|]+ \| (\d+) \| (\d+) \| (\d+) \|$", start, re.M)
    assert [number for number, *_ in rows] == [*data.course()]
    for number, notebook, *minutes in rows:
        assert notebook == data.course()[number]["notebook"]
        first = nbformat.read(FOLDER / notebook, as_version=4).cells[0].source
        assert minutes == re.findall(r"(\d+) for the (?:core|sections|exercises)", first)[:3]


# --- a class ------------------------------------------------------------------------------------------------------


def test_a_class_sees_its_gain(tmp_path, capsys):
    before, after = ("".join(right(idea[form]) for idea in IDEAS) for form in FORMS)
    form = tmp_path / "form.csv"
    form.write_text(
        f"name,line\nA,before {before}\nB,before {'-' * 10}\nA,after {after}\nB,after {after[:5]}{'-' * 5}\n", "utf-8"
    )
    assert class_gain.main([str(form)]) == 0
    printed = capsys.readouterr().out
    rows = [line.split()[-3:] for line in printed.splitlines()[1:12]]
    assert rows == [["50%", "100%", "1.00"]] * 5 + [["50%", "50%", "0.00"]] * 5 + [["50%", "75%", "0.50"]]
    assert "2 sheets before, 2 after, 1 lines without one" in printed


def test_what_a_class_could_not_do_worse_has_no_gain():
    assert class_gain.gain(1, 0.5) is None
    assert class_gain.gain(0.5, 0.25) == -0.5


@pytest.mark.parametrize("text", [None, "", f"before {'A' * 10}", f"before {'A' * 11} after {'A' * 10}"])
def test_a_class_without_both_tests_is_told(tmp_path, capsys, text):
    form = tmp_path / "form.txt"
    if text is not None:
        form.write_text(text, "utf-8")
    assert class_gain.main([str(form)]) == 2
    assert "Traceback" not in capsys.readouterr().err
