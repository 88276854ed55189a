"""Every exercise meets every mistake it lists and answers with that mistake's hint; every question is answered."""

import inspect
import itertools
import math
import re
import tomllib
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from functools import cache
from importlib import import_module
from pathlib import Path

import nbformat
import numpy as np
import pytest
from lesson_numbers import IN_HINTS, RULES, evaluate

from klcourse.explorers.discrete_kl import coin_curve
from klcourse.lessons import asking, check, data, grade, predict, unlock_all
from klcourse.lessons.checking import TOLERANCE, agree

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("0[1-8]_*.ipynb"))  # the lessons
ALL, HINTS, QUESTIONS = data.exercises(), data.hints(), data.questions()
FUNCTIONS = {name: data.function(name) for name in ALL if data.function(name)}
EXERCISES = {name: asked for name, asked in ALL.items() if name not in FUNCTIONS}  # whose answer is a number or a word
MISTAKES = [
    pytest.param(name, mistake["answer"], mistake["hint"], id=f"{name}-{mistake['hint']}-{mistake['answer']}")
    for name, asked in EXERCISES.items()
    for mistake in asked.get("mistakes", [])
]
each_exercise = pytest.mark.parametrize("name", EXERCISES)


@each_exercise
def test_right_answer(name):
    answer = EXERCISES[name]["answer"]
    verdict = grade(name, answer)
    assert verdict.correct
    assert verdict.hint is None
    assert verdict.message.startswith(f"✓ {name} is right: {EXERCISES[name]['asks']} = ")
    if not isinstance(answer, str):
        assert grade(name, np.asarray(answer)).correct
        rounded = [float(f"{a:.4g}") for a in np.atleast_1d(answer)]
        assert grade(name, rounded if np.ndim(answer) else rounded[0]).correct, "four significant digits are enough"


@pytest.mark.parametrize(("name", "answer", "hint"), MISTAKES)
def test_each_mistake_gets_its_own_hint(name, answer, hint):
    verdict = grade(name, answer)
    assert (verdict.correct, verdict.hint) == (False, hint)
    assert verdict.message == f"✗ {name} is not right yet: {HINTS[hint]}"


@each_exercise
def test_what_anyone_may_type(name):
    asked = EXERCISES[name]
    for answer, hint in [(..., "unanswered"), (None, "unanswered")]:
        assert grade(name, answer).hint == hint
    if isinstance(asked["answer"], str):
        assert grade(name, 17).hint == grade(name, "no such word").hint == "option"
        return
    assert grade(name, "1.5").hint == "text"
    assert grade(name, object()).hint == "text"
    if np.ndim(asked["answer"]) == 0:
        assert grade(name, [1.0, 2.0]).hint == "one_number"
        assert grade(name, math.nan).hint == "nan"
        if math.isfinite(asked["answer"]):
            known = [m["hint"] for m in asked.get("mistakes", []) if m["answer"] == math.inf]
            assert grade(name, math.inf).hint == (known or ["infinite"])[0]
            slightly_off = asked["answer"] * (1 + 7.1 * asked.get("tolerance", TOLERANCE))
            assert grade(name, slightly_off).hint in ("rounded", *[m["hint"] for m in asked["mistakes"]])
            assert grade(name, asked["answer"] * 173.1 + 0.37).hint in (asked.get("otherwise", "other"), "negative")
    else:
        assert grade(name, 0.5).hint == "several_numbers"


class Hostile:
    def __array__(self, *_args, **_kwargs):
        raise RuntimeError("no")

    __repr__ = __eq__ = __float__ = __array__
    __hash__ = None


right, nested = EXERCISES["1.1a"]["answer"], []
nested.append(nested)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (np.float32(right), None),
        (np.array(right), None),
        (Fraction(right), None),
        (Decimal(right), None),
        ([right], "list_of_one"),
        (np.array([right]), "list_of_one"),
        ((1, 3357), "decimal_comma"),
        ([1, 3357], "one_number"),
        ("1,3357", "text"),
        (str(right), "text"),
        (np.str_(right), "text"),
        (np.array(str(right)), "text"),
        ([str(right)], "text"),
        (str(right).encode(), "text"),
        (np.bytes_(str(right)), "text"),
        (complex(right), "text"),
        (np.ma.array(right, mask=True), "text"),
        (True, "text"),
        (np.datetime64(1, "s"), "text"),
        ({}, "text"),
        ([[1], [2, 3]], "text"),
        (nested, "text"),
        (Hostile(), "text"),
        (10**400, "too_large"),
        (-(10**5000), "too_large"),
        ([10**400], "too_large"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_counts_as_a_number(answer, hint):
    assert grade("1.1a", answer).hint == hint


def test_what_counts_as_a_word():
    name, word = next((name, asked["answer"]) for name, asked in EXERCISES.items() if isinstance(asked["answer"], str))
    for answer in (word, np.str_(word), f" {word.upper()} "):
        assert grade(name, answer).correct
    for answer in (word.encode(), np.array([word]), [word, word], Hostile(), 10**400):
        assert grade(name, answer).hint == "option"
    assert grade(name, [word]).hint == "list_of_one"


def test_an_exercise_may_have_a_hint_of_its_own_for_all_other_answers():
    assert grade("2.1f", [1, 1, 1, 0]).hint == "pair_by_pair"
    assert grade("2.1f", [1, 1, 1]).hint == "several_numbers"


def test_what_is_too_large_is_not_infinite():
    name = next(name for name, asked in EXERCISES.items() if asked["answer"] == math.inf)
    assert grade(name, math.inf).correct
    assert grade(name, 10**400).hint == "too_large"


def test_one_odd_answer_costs_no_other_points():
    answers = {"1.1a": right, "1.1b": 10**400, "1.1c": Hostile(), "1.1d": EXERCISES["1.1d"]["answer"]}
    assert [grade(*answer).correct for answer in answers.items()] == [True, False, False, True]


@pytest.mark.parametrize("exercise", [None, [1], 10**5000, Hostile()], ids=type)
def test_a_number_that_no_exercise_has_is_refused_whatever_it_is(exercise):
    with pytest.raises(ValueError, match="There is no exercise"):
        grade(exercise, 1)


@each_exercise
def test_mistakes_stand_apart(name):
    """No two different hints for nearly the same value, and none so near to the right one that it passes."""
    asked = EXERCISES[name]
    known = [(mistake["answer"], mistake["hint"]) for mistake in asked.get("mistakes", [])]
    for i, (a, hint_a) in enumerate(known):
        assert not agree(a, asked["answer"], 1.5 * asked.get("tolerance", TOLERANCE)), (a, hint_a)
        for b, hint_b in known[:i]:
            assert hint_a == hint_b or not agree(a, b, 2 * TOLERANCE), (a, hint_a, b, hint_b)


# --- where the numbers come from ----------------------------------------------------------------------------------


def stated():
    """Every answer and mistake as (lesson, exercise, hint or "answer", number or word, expression or None)."""
    for lesson, held in data.lessons().items():
        for name, asked in held["exercises"].items():
            if name in FUNCTIONS:
                continue
            yield lesson, name, "answer", asked["answer"], asked.get("from")
            for mistake in asked["mistakes"]:
                hint, answer = mistake["hint"], mistake["answer"]
                yield lesson, name, hint, answer, mistake.get("from", RULES.get(hint))


STATED = [pytest.param(*case, id=f"{case[1]}-{case[2]}-{case[3]}") for case in stated()]


@pytest.mark.parametrize(
    ("lesson", "name", "hint", "number", "expression"), [case for case in STATED if case.values[4]]
)
def test_a_stated_number_is_what_its_expression_gives(lesson, name, hint, number, expression):
    asked = EXERCISES[name]
    value = evaluate(expression, lesson, asked["answer"], asked.get("unit"))
    assert value == (number if isinstance(number, str) else pytest.approx(number, rel=1e-6, abs=0))


@pytest.mark.parametrize("lesson", data.lessons())
def test_every_number_says_where_it_comes_from(lesson):
    """Only a wrong word need not: it is one of the words that the question names."""
    assert [
        f"{name} {hint} {number}"
        for its, name, hint, number, expression in stated()
        if its == lesson and expression is None and (hint == "answer" or not isinstance(number, str))
    ] == []


def test_every_rule_is_used():
    used = {m["hint"] for asked in EXERCISES.values() for m in asked["mistakes"] if "from" not in m}
    assert set(RULES) == used & set(RULES)


NUMBER = re.compile(r"−?\d+\.\d+(?:e-\d+)?")
TOLD = [
    pytest.param(name, number, expression, id=f"{name}-{number}")
    for name, question in QUESTIONS.items()
    for number, expression in question.get("from", {}).items()
]


@pytest.mark.parametrize(("name", "number", "expression"), TOLD)
def test_a_number_in_a_question_is_what_its_expression_gives(name, number, expression):
    assert written_like(number, evaluate(expression, f"{int(name.split('.')[0]):02}")) == number


def written_like(number, value):
    """The value with as many decimals as the number, and with its sign."""
    decimals = len(number.split("e")[0].partition(".")[2])
    sign = "−" if value < 0 else ""
    return f"{sign}{abs(value):.{decimals}{'e' if 'e' in number else 'f'}}"


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_number_in_a_question_is_given_or_says_where_it_comes_from(name):
    question = QUESTIONS[name]
    text = " ".join([question["asks"], *(words for a in question["answers"] for words in (a["text"], a["feedback"]))])
    known = [*question.get("given", []), *question.get("from", {})]
    assert set(NUMBER.findall(text)) == {number for number in known if "." in number}
    assert [number for number in known if number not in text] == []


# What is given is where the explorer starts, or one of these: the slider that the words have the reader move there.
MOVED = {("1.b", "0.001"): "q", ("2.c", "0.9"): "correlation", ("3.b", "0.6"): "w", ("5.b", "5"): "beta"}
MOVED |= {("7.a", "1.7"): "mean_2", ("7.c", "1.7"): "sd", ("7.d", "1.6"): "mean"}
MOVED |= {("2.c", "0.6"): "correlation"}
GIVEN = [(name, number) for name, question in QUESTIONS.items() for number in question.get("given", [])]


@cache
def explorers_shown():
    """The function that makes the explorer behind each question, as the notebooks call it."""
    source = "\n".join(cell.source for path in NOTEBOOKS for cell in nbformat.read(path, as_version=4).cells)
    found = re.findall(r'^predict\("([^"]+)", (\w+)\.(\w+)\(', source, re.M)
    return {name: getattr(import_module(f"klcourse.explorers.{room}"), make) for name, room, make in found}


def given_faults(name, number, make, moved):
    """What is wrong with a number that a question gives, beside the explorer that is shown with it."""
    explorer, value = make(), float(number.replace("−", "-"))
    defaults = [parameter.default for parameter in inspect.signature(make).parameters.values()]
    starts = [*explorer.values.values(), *itertools.chain(*(d for d in defaults if isinstance(d, tuple)))]
    if (name, number) not in moved:
        if value not in [start for start in starts if not isinstance(start, bool)]:
            yield f"{name} gives {number}, its explorer starts with {starts}"
        return
    control = explorer.controls[moved[name, number]]
    if value == control.value:
        yield f"{name} gives {number}: the explorer starts there"
    control.value = value
    if explorer.values[moved[name, number]] != value:
        yield f"{name} has the reader go to {number}, and {moved[name, number]} cannot"


@pytest.mark.parametrize(("name", "number"), GIVEN)
def test_a_given_number_is_one_of_the_explorer_that_is_shown(name, number):
    assert list(given_faults(name, number, explorers_shown()[name], MOVED)) == []


def test_every_move_is_one_that_a_question_tells():
    assert set(MOVED) <= set(GIVEN)


@pytest.mark.parametrize(
    ("number", "moved"), [("0.6", {}), ("0.1", {("1.b", "0.1"): "q"}), ("0.0001", {("1.b", "0.0001"): "q"})]
)
def test_a_given_number_out_of_step_is_reported(number, moved):
    assert len(list(given_faults("1.b", number, coin_curve, moved))) == 1


@pytest.mark.parametrize(("hint", "number", "lesson", "expression"), IN_HINTS)
def test_a_number_in_a_hint_is_what_its_expression_gives(hint, number, lesson, expression):
    assert number in HINTS[hint]
    assert written_like(number, evaluate(expression, lesson)) == number


def test_every_computed_number_in_a_hint_says_where_it_comes_from():
    """Numbers of an exercise's text have two decimals at most."""
    found = {(hint, number) for hint, text in HINTS.items() for number in re.findall(r"\d+\.\d{3,}", text)}
    assert found - {(hint, number) for hint, number, *_ in IN_HINTS} == set()


def test_a_kernel_evaluates_no_expression():
    sources = [path.read_text("utf-8") for path in Path(data.__file__).parent.glob("*.py")]
    assert Path(data.__file__).read_text("utf-8") in sources
    assert not [source for source in sources if re.search(r"eval\(|exec\(|[\"']from[\"']", source)]


def test_infinity_is_right_only_where_it_is_asked():
    assert agree(math.inf, math.inf)
    assert not agree(5.0, math.inf)
    assert not agree(math.inf, 5.0)


def test_no_hint_has_two_texts():
    """One name, one text: of two lessons, the later one would speak to readers of the other."""
    files = {
        path.name: tomllib.loads(path.read_text("utf-8")) for path in sorted(Path(data.__file__).parent.glob("*.toml"))
    }
    held = [*files.pop("hints.toml"), *(name for lesson in files.values() for name in lesson.get("hints", {}))]
    assert [name for name, times in Counter(held).items() if times > 1] == []


def test_every_hint_is_used():
    general = {"unanswered", "one_number", "list_of_one", "several_numbers", "decimal_comma", "text", "option"}
    general |= {"nan", "infinite", "too_large", "negative", "function_asked", "too_slow", "changes_argument"}
    general |= {"raises", "refuses_wrongly", "must_refuse", "wrong_result"}
    used = {mistake["hint"] for asked in EXERCISES.values() for mistake in asked.get("mistakes", [])}
    used |= {hint for wanted in FUNCTIONS.values() for hint in wanted.mistakes}
    used |= {asked["otherwise"] for asked in EXERCISES.values() if "otherwise" in asked}
    assert set(HINTS) == used | general | {"rounded", "other"}


def test_exercises_have_common_mistakes():
    assert all(len(asked.get("mistakes", [])) >= 1 for asked in EXERCISES.values())


def test_check_prints_the_message(capsys):
    check("1.1a", 0.86797)
    assert capsys.readouterr().out == f"✗ 1.1a is not right yet: {HINTS['bits']}\n"


def test_unknown_exercise_names_the_known_ones():
    with pytest.raises(ValueError, match=r"no exercise '1.9z'. There are: 1.1a, 1.1b"):
        check("1.9z", 1)
    with pytest.raises(ValueError, match="no exercise 7"):
        check(7, 1)


# --- what a lesson's file holds -----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_shows_the_objectives_of_its_lesson(path):
    (cell,) = (c for c in nbformat.read(path, as_version=4).cells if c.source.startswith("## Objectives\n"))
    expected = [f"{i}. {each['words']}" for i, each in enumerate(data.objectives(path.name[:2]), 1)]
    assert re.findall(r"^\d.*$", cell.source, re.M) == expected


def test_each_notebook_has_a_lesson_and_each_lesson_keeps_its_number():
    assert list(data.lessons()) == [path.name[:2] for path in NOTEBOOKS]
    for number, lesson in data.lessons().items():
        assert set(lesson) - {"hints"} == {"objectives", "points", "questions", "exercises"}
        names = [*lesson["points"], *lesson["questions"], *lesson["exercises"]]
        assert [name for name in names if not name.startswith(f"{int(number)}.")] == []


# --- questions before the sliders -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def explorer():
    """One for all the questions: each locks it anew."""
    return coin_curve()


@pytest.mark.parametrize("name", QUESTIONS)
def test_each_answer_gets_its_feedback(name, explorer):
    question = QUESTIONS[name]
    answers = question["answers"]
    assert len(answers) >= 3
    assert sum(answer.get("right", False) for answer in answers) == 1
    assert len({answer["feedback"] for answer in answers}) == len(answers)
    for answer in answers:
        asked = predict(name, explorer)
        assert asked.locked
        assert asked.button.disabled
        asked.options.value = answer["text"]
        assert asked.locked, "choosing is not locking in"
        asked.button.click()
        assert not asked.locked
        assert asked.options.disabled
        plain = re.sub(r"<[^>]+>", "", asked.feedback.value)
        assert ("Yes." in plain) == answer.get("right", False)
        assert answer["text"][:20] in plain
        assert len(answer["feedback"]) > 60


def places_of_right_answers(questions):
    return Counter([answer.get("right", False) for answer in asked["answers"]].index(True) for asked in questions)


def test_the_place_of_an_answer_gives_nothing_away():
    """A reader who always takes the first, or never does, fares as one who guesses."""
    for count in {len(asked["answers"]) for asked in QUESTIONS.values()}:
        places = places_of_right_answers(asked for asked in QUESTIONS.values() if len(asked["answers"]) == count)
        if sum(places.values()) > 2 * count:  # of fewer nobody makes a habit
            assert {*places} == {*range(count)}
            assert max(places.values()) - min(places.values()) <= 2


def test_locked_controls_cannot_be_moved_by_hand():
    explorer = coin_curve()
    predict("1.b", explorer)
    for control in explorer.controls.values():
        assert control.bar.disabled
        assert control.box.disabled
    assert explorer.reset_button.disabled
    assert explorer.screen.frame, "the picture shows before the answer"


def test_still_form_holds_question_and_picture():
    data, metadata = predict("1.b", coin_curve())._repr_mimebundle_()
    assert QUESTIONS["1.b"]["asks"] in data["text/plain"]
    assert "<img" in data["text/html"]
    assert metadata["image/png"]["alt"]


def test_teacher_unlocks_all(monkeypatch):
    monkeypatch.setattr(asking, "ALL_UNLOCKED", False)
    before = predict("1.b", coin_curve())
    unlock_all()
    assert not before.locked
    assert not predict("1.b", coin_curve()).locked


@pytest.mark.parametrize(
    ("question", "explorer", "words"),
    [
        ("1.a", coin_curve, r"explorer is <function coin_curve.*: call it, as in coin_curve\(\)"),
        ("1.a", None, "explorer is None, not an explorer: give"),
        ([1], None, r"no question \[1\]"),
    ],
)
def test_predict_wants_a_question_and_an_explorer(question, explorer, words):
    with pytest.raises((ValueError, TypeError), match=words):
        predict(question, explorer)


def test_unknown_question_names_the_known_ones():
    with pytest.raises(ValueError, match=r"no question '1.z'. There are: 1.a"):
        predict("1.z", coin_curve())
