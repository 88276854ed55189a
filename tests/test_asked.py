"""What a lesson asks cannot be copied or guessed, tests every objective, and takes code for an answer."""

import re
import time
from collections import Counter
from html import escape
from itertools import combinations
from pathlib import Path

import editions
import nbformat
import numpy as np
import pytest
from test_lessons import explorers_shown

from klcourse.lessons import asking, check, confirm, data, grade, predict, progress, record, running, unlock_all
from klcourse.lessons.functions import Written
from klcourse.live import picture
from klcourse.live.veil import HIDDEN

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("0[1-8]_*.ipynb"))  # the lessons
EXERCISES, QUESTIONS, HINTS = data.exercises(), data.questions(), data.hints()
FUNCTIONS = {name: data.function(name) for name in EXERCISES if data.function(name)}
NUMBERED = {path.name[:2]: path for path in NOTEBOOKS}
each_lesson = pytest.mark.parametrize("lesson", NUMBERED)
each_question = pytest.mark.parametrize("name", QUESTIONS)
each_function = pytest.mark.parametrize("name", FUNCTIONS)

# --- nothing can be copied ----------------------------------------------------------------------------------------

# Parts that accept a number which the lesson shows, each with the reason.
SHOWN_ON_PURPOSE = {}
DIGITS = re.compile(r"(?<![\w.])[-−+]?\d[\d,]*\.?\d*(?:[eE][-−+]?\d+)?")


def numbers(text):
    """The numbers of three significant digits or more in a text: those with fewer are right by chance."""
    for found in DIGITS.findall(text):
        plain = found.replace("−", "-").replace(",", "")
        if len(re.sub(r"[eE].*|\D", "", plain).strip("0")) >= 3:
            yield float(plain)


def shown_in(cell):
    """Everything that a reader sees of a cell, and hears."""
    yield cell.source
    for output in cell.get("outputs", []):
        yield output.get("text", "")
        page = output.get("data", {}).get("text/html", "")
        yield from re.findall(r'alt="([^"]*)"', page)
        yield re.sub(r"<[^>]*>", " ", page)
        yield output.get("data", {}).get("text/plain", "")


def copied(notebook, questions):
    """The parts that accept a number shown in the student's edition, or in a question or its feedback."""
    notebook = editions.student(notebook)
    parts, seen = [], set()
    for cell in notebook.cells:
        asked = re.findall(r'check\(\s*"([^"]+)"', cell.source)
        parts += asked
        if not asked:
            seen |= {number for text in shown_in(cell) for number in numbers(text)}
    for question in questions:
        texts = [question["asks"], *(answer[key] for answer in question["answers"] for key in ("text", "feedback"))]
        seen |= {number for text in texts for number in numbers(text)}
    return [part for part in parts if part not in FUNCTIONS and any(grade(part, number).correct for number in seen)]


def questions_of(lesson):
    return list(data.lessons()[lesson]["questions"].values())


@each_lesson
def test_no_answer_can_be_copied(lesson):
    notebook = nbformat.read(NUMBERED[lesson], as_version=4)
    assert set(copied(notebook, questions_of(lesson))) - set(SHOWN_ON_PURPOSE) == set()


def test_few_parts_may_be_shown_and_each_has_a_reason():
    assert len(SHOWN_ON_PURPOSE) <= 0.05 * len(EXERCISES)
    assert all(len(reason.split()) > 4 for reason in SHOWN_ON_PURPOSE.values())
    assert set(SHOWN_ON_PURPOSE) <= set(EXERCISES)


def test_a_copied_number_is_reported():
    cells = [nbformat.v4.new_markdown_cell("It is 1.3357 nats."), nbformat.v4.new_code_cell('check("1.1a", ...)')]
    answer = f"It is {EXERCISES['1.1a']['answer']:.5g}."
    assert copied(nbformat.v4.new_notebook(cells=cells[1:]), []) == []
    cells[0].source = answer
    assert copied(nbformat.v4.new_notebook(cells=cells), []) == ["1.1a"]
    question = {"asks": "", "answers": [{"text": "", "feedback": answer}]}
    assert copied(nbformat.v4.new_notebook(cells=cells[1:]), [question]) == ["1.1a"]


# --- nothing gives an answer away -----------------------------------------------------------------------------------


def place_in_length(question):
    """Whether the right answer is the "longest", the "shortest" or "between"."""
    lengths = [len(answer["text"]) for answer in question["answers"]]
    right = next(len(answer["text"]) for answer in question["answers"] if answer.get("right"))
    return {max(lengths): "longest", min(lengths): "shortest"}.get(right, "between")


def length_faults(questions):
    """What the lengths of the answers give away."""
    places = Counter(map(place_in_length, questions))
    for place, times in places.items():
        if times > 0.45 * len(questions):
            yield f"the right answer is {place} {times} times of {len(questions)}"
    for question in questions:
        lengths = [len(answer["text"]) for answer in question["answers"]]
        if max(lengths) > 2 * min(lengths):
            yield f"answers of {lengths} letters to {question['asks'][:50]!r}"


def test_the_length_of_an_answer_gives_nothing_away():
    assert list(length_faults(list(QUESTIONS.values()))) == []


def test_a_telling_length_is_reported():
    right, wrong = {"text": "a long and careful answer", "right": True}, {"text": "a short and bold one"}
    assert len(list(length_faults([{"asks": "", "answers": [right, wrong, wrong]}] * 3))) == 1
    assert len(list(length_faults([{"asks": "", "answers": [right, {"text": "no"}]}]))) == 2


# --- the picture keeps the secret -------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _locked(monkeypatch):
    """As if no test had unlocked everything. Here no one looks at a PNG, which takes longer than its picture."""
    monkeypatch.setattr(asking, "ALL_UNLOCKED", False)
    monkeypatch.setattr(picture, "small_png", lambda pixels: b"PNG")


def pixels(explorer):
    return explorer.picture.rgb().astype(int)


# What the picture begins with, and what the feedback begins its comparison with.
AT_START = {"3.c": {"0.167"}}


def given_away(question, said):
    """The numbers that only the right answer's feedback knows, and that are said before."""
    (feedback,) = (answer["feedback"] for answer in question["answers"] if answer.get("right"))
    asked = " ".join([question["asks"], *(answer["text"] for answer in question["answers"])])
    decimals = re.compile(r"\d+\.\d+")
    return {*decimals.findall(feedback)} & {*decimals.findall(said)} - {*decimals.findall(asked)}


@each_question
def test_what_would_answer_a_question_is_hidden_until_it_is_answered(name):
    explorer, bare = explorers_shown()[name](), explorers_shown()[name]()
    question = predict(name, explorer)
    assert explorer.hidden == (explorer.veil is not None)
    assert not bare.hidden, "without a question nothing is"
    before = pixels(explorer)
    if explorer.hidden:
        assert all(words.endswith(f" {HIDDEN}") for words in (explorer.text, explorer.alt))
        assert (before != pixels(bare)).any()
        assert explorer.text not in bare.text
    else:
        assert (explorer.text, explorer.alt) == (bare.text, bare.alt)
    assert given_away(QUESTIONS[name], explorer.text + explorer.alt) == AT_START.get(name, set())
    assert list(faults_without_a_kernel(question, QUESTIONS[name], bare)) == []
    assert explorer.hidden == (explorer.veil is not None), "and it stays hidden"
    question.options.value = QUESTIONS[name]["answers"][0]["text"]
    assert (pixels(explorer) == before).all(), "choosing is not locking in"
    question.button.click()
    assert (explorer.text, explorer.alt, explorer.hidden) == (bare.text, bare.alt, False)
    assert (pixels(explorer) == pixels(bare)).all()


def faults_without_a_kernel(shown, question, bare):
    """What is wrong with a question in a stored notebook: the answer is folded, below the veiled picture."""
    explorer = shown.explorer
    data, metadata = shown._repr_mimebundle_()
    above, below = data["text/html"].split("<details")
    (right,) = (escape(answer["feedback"]) for answer in question["answers"] if answer.get("right"))
    if right not in below or right in above or right in escape(data["text/plain"]):
        yield "the feedback is not folded"
    if (above.count("<img"), below.count("<img")) != (1, explorer.hidden):
        yield f"{above.count('<img')} pictures above the fold and {below.count('<img')} in it"
    if metadata["image/png"]["alt"] != explorer.alt or f'alt="{escape(explorer.alt)}"' not in above:
        yield "the picture above has not its alt text"
    if f'alt="{escape(bare.alt)}"' not in (below if explorer.hidden else above):
        yield "the whole picture has not its alt text"


def test_an_answer_that_is_not_folded_is_reported(monkeypatch):
    shown, bare = predict("1.b", explorers_shown()["1.b"]()), explorers_shown()["1.b"]()
    wrong = {"answers": [{"feedback": "", "right": True}]}
    assert list(faults_without_a_kernel(shown, wrong, bare)) == ["the feedback is not folded"]
    monkeypatch.setattr(type(shown.explorer), "still_unveiled", type(shown.explorer).still)
    found = list(faults_without_a_kernel(shown, QUESTIONS["1.b"], bare))
    assert found == ["the whole picture has not its alt text"]


def test_the_teacher_hides_nothing():
    before = predict("1.b", explorers_shown()["1.b"]())
    assert before.explorer.hidden
    unlock_all()
    assert not before.explorer.hidden
    assert not predict("1.b", explorers_shown()["1.b"]()).explorer.hidden


def test_a_veil_follows_the_sliders_of_an_explorer_without_a_lock():
    explorer = explorers_shown()["1.b"]()
    explorer.hide()
    explorer.controls["p"].value = 0.3
    assert "0.300" in explorer.text
    assert explorer.text.endswith(HIDDEN)
    explorer.hide(False)
    assert HIDDEN not in explorer.text + explorer.alt


def test_a_picture_that_shows_its_answer_is_reported():
    explorer = explorers_shown()["1.b"]()
    explorer.controls["q"].value = 0.001
    assert given_away(QUESTIONS["1.b"], explorer.text) == {"0.001", "2.7612"}


# --- every objective is tested ----------------------------------------------------------------------------------------


def objective_faults(objectives, exercises):
    """Objectives that no exercise tests, exercises that test nothing, and names that no exercise has."""
    names = {*exercises, *(part.rstrip("abcdefgh") for part in exercises)}
    for objective in objectives:
        if not objective["exercises"]:
            yield f"no exercise tests {objective['words']}"
        yield from (f"there is no exercise {name}" for name in objective["exercises"] if name not in names)
    named = {name for objective in objectives for name in objective["exercises"]}
    yield from (f"{e} tests nothing" for e in exercises if not {e, e.rstrip("abcdefgh")} & named)


@each_lesson
def test_every_objective_has_exercises_and_every_exercise_an_objective(lesson):
    held = data.lessons()[lesson]
    assert list(objective_faults(held["objectives"], held["exercises"])) == []


def test_an_objective_without_exercise_is_reported():
    exercises, sound = ["1.1a", "1.1b", "1.2"], {"words": "**Do** it.", "exercises": ["1.1", "1.2"]}
    assert list(objective_faults([sound], exercises)) == []
    unsound = [{**sound, "exercises": []}, {**sound, "exercises": ["1.1a", "1.3"]}]
    assert list(objective_faults(unsound, exercises)) == [
        "no exercise tests **Do** it.",
        "there is no exercise 1.3",
        "1.1b tests nothing",
        "1.2 tests nothing",
    ]


@each_lesson
def test_a_lesson_wants_code_a_derivation_and_a_judgement(lesson):
    kinds = {asked.get("kind") for asked in data.lessons()[lesson]["exercises"].values()}
    assert kinds >= {"code", "derive", "judge"}


@pytest.mark.parametrize("name", EXERCISES)
def test_an_exercise_is_of_a_known_kind(name):
    asked = EXERCISES[name]
    assert asked.get("kind") in (None, "code", "derive", "judge")
    assert ("answer" in asked) == (name not in FUNCTIONS)
    if asked.get("kind") == "judge":
        assert isinstance(asked["answer"], str)
        assert len({mistake["hint"] for mistake in asked["mistakes"]}) == len(asked["mistakes"]) >= 2
    if asked.get("kind") == "code":
        assert name in FUNCTIONS


# --- functions as answers ---------------------------------------------------------------------------------------------


@each_function
def test_the_right_function_is_right(name):
    verdict = grade(name, FUNCTIONS[name].right)
    assert verdict.correct, verdict.message
    assert verdict.message.startswith(f"✓ {name} is right: {EXERCISES[name]['asks']}, tried on ")


@pytest.mark.parametrize(
    ("name", "hint", "function"),
    [
        pytest.param(name, hint, function, id=f"{name}-{hint}")
        for name, wanted in FUNCTIONS.items()
        for hint, function in wanted.mistakes.items()
    ],
)
def test_each_wrong_function_gets_its_own_hint(name, hint, function):
    verdict = grade(name, function)
    assert (verdict.correct, verdict.hint) == (False, hint)
    assert verdict.message == f"✗ {name} is not right yet: {HINTS[hint]}"


@each_function
def test_inputs_tell_the_functions_apart(name):
    """Some call has to be refused or is an edge, there are enough of them, and no two functions do the same in all."""
    wanted = FUNCTIONS[name]
    assert len(wanted.calls) >= 4
    assert len(wanted.mistakes) >= 2
    functions = [wanted.right, *wanted.mistakes.values()]
    outcomes = [[running.run(function, call) for call in wanted.calls] for function in functions]
    assert not any(running.calls_alike(*pair) for pair in combinations(outcomes, 2))
    assert not any(outcome.late or outcome.changed for outcome in outcomes[0])
    assert all(outcome.refused or not outcome.error for outcome in outcomes[0]), "it refuses with a ValueError"


@each_function
@pytest.mark.parametrize(("answer", "hint"), [(..., "unanswered"), (None, "unanswered"), (0.5, "function_asked")])
def test_what_is_no_function(name, answer, hint):
    assert grade(name, answer).hint == hint


def doubled(x):
    """The right answer of a small exercise."""
    x = np.asarray(x)
    if (x < 0).any():
        raise ValueError("negative")
    return 2 * x


@pytest.fixture
def small(monkeypatch):
    """An exercise that asks for `doubled`."""
    wanted = Written(doubled, [(1.0,), (np.array([1.0, 2.0]),), (-1.0,)], {"reversed": lambda x: doubled(x) / 4})
    monkeypatch.setattr(data, "exercises", lambda: {"9.1": {"asks": "doubled"}})
    monkeypatch.setattr(data, "function", lambda exercise: wanted)
    return lambda answer: grade("9.1", answer)


def changes_its_argument(x):
    if np.ndim(x):
        x *= 2
        return x
    return doubled(x)


def one_number_only(x):
    if x < 0:
        raise ValueError
    return 2 * float(x)


def divides(x):
    helped = x
    return helped / "2"


def never_ends(x):
    while True:
        x = doubled(x)


def sleeps(x):
    time.sleep(60)


def never_ends_nor_gives_up(x):
    while True:
        try:
            time.sleep(0.01)
        except Exception:
            continue


def leaves(x):
    raise SystemExit


@pytest.mark.parametrize(
    ("answer", "hint", "words"),
    [
        (doubled, None, "tried on 3 inputs, of which it had to refuse 1."),
        (lambda x: [2 * float(v) for v in x] if np.ndim(x) else doubled(x), None, "is right"),
        (lambda x: doubled(x) / 4, "reversed", HINTS["reversed"]),
        (lambda x: np.asarray(x) / 2, "reversed", HINTS["reversed"]),
        (changes_its_argument, "changes_argument", "it changes an argument"),
        (one_number_only, "raises", "one_number_only([1.0, 2.0]) raises ValueError: The truth value"),
        (divides, "raises", 'of its cell: return helped / "2".'),
        (lambda x: 2 * np.abs(x), "must_refuse", "(-1.0) gives 2.0, but there is no right answer"),
        (lambda x: doubled(x) if np.min(x) > 0 else 1 / 0, "refuses_wrongly", "(-1.0) has to be refused with a Value"),
        (lambda x: 3 * doubled(x), "wrong_result", "(1.0) gives 6.0, and should give 2.0."),
        (lambda x: str(doubled(x)), "wrong_result", "gives '2.0', and should give 2.0."),
        (lambda x: None, "unanswered", "put your answer in place of the three dots"),
        (lambda x: None if np.ndim(x) else doubled(x), "wrong_result", "gives None, and should give [2.0, 4.0]."),
        (lambda: 2, "raises", "raises TypeError"),
        (leaves, "raises", "leaves(1.0) raises SystemExit"),
        (float, "wrong_result", "float(1.0) gives 1.0"),
    ],
)
def test_what_a_readers_function_is_told(small, answer, hint, words):
    verdict = small(answer)
    assert (verdict.correct, verdict.hint) == (hint is None, hint), verdict.message
    assert words in verdict.message


def doubled_and_squared(x):
    """The right answer of one that wants several arrays."""
    x = np.array([x, 3.0])
    return x.sum(), 2 * x, x**2


@pytest.mark.parametrize(
    ("answer", "hint", "words"),
    [
        (doubled_and_squared, None, "is right"),
        (lambda x: [np.array(part).tolist() for part in doubled_and_squared(x)], None, "is right"),
        (lambda x: doubled_and_squared(x)[0], "reversed", HINTS["reversed"]),
        (lambda x: (x + 3, [2 * x, 6], [x, 9]), "wrong_result", "(2.0)[2] gives [2.0, 9], and should give [4.0, 9.0]."),
        (lambda x: (x + 3, 2 * x, 0), "wrong_result", "(1.0)[1] gives 2.0, and should give [2.0, 6.0]."),
        (lambda x: (x + 3, [2 * x, 6]), "wrong_result", "(1.0) gives (4.0, [2.0, 6]), and should give (4.0, [2.0, 6"),
        (lambda x: (None, None, None), "wrong_result", "(1.0)[0] gives None, and should give 4.0."),
    ],
)
def test_of_several_arrays_the_wrong_one_is_named(monkeypatch, answer, hint, words):
    first = {"reversed": lambda x: doubled_and_squared(x)[0]}
    monkeypatch.setattr(data, "exercises", lambda: {"9.1": {"asks": "doubled and squared"}})
    monkeypatch.setattr(data, "function", lambda exercise: Written(doubled_and_squared, [(1.0,), (2.0,)], first))
    verdict = grade("9.1", answer)
    assert (verdict.correct, verdict.hint) == (hint is None, hint), verdict.message
    assert words in verdict.message


@pytest.mark.parametrize("answer", [never_ends, sleeps, never_ends_nor_gives_up])
def test_a_function_without_end_costs_a_few_seconds(small, monkeypatch, answer):
    monkeypatch.setattr(running, "SECONDS", 0.3)
    monkeypatch.setattr(running.run, "__defaults__", (0.3,))
    start = time.monotonic()
    assert small(answer).hint == "too_slow"
    assert time.monotonic() - start < 3


RATES, COUNT = np.array([1.0, 2.0]), 0


def half(x):
    global COUNT
    COUNT += 1
    RATES[0] = 17
    return spoil(x)


def spoil(x):
    RATES[:] = 0
    return 2 * x + RATES.sum()


def test_a_readers_function_cannot_spoil_the_notebooks_variables():
    assert running.run(half, (1.0,)).value == 2.0
    assert RATES.tolist() == [1.0, 2.0]
    assert COUNT == 0
    half(1.0)
    assert (COUNT, RATES.tolist()) == (1, [0.0, 0.0]), "called by itself it does"


# --- what do I know now? ----------------------------------------------------------------------------------------------


@pytest.fixture
def unanswered():
    record.forget()
    yield
    record.forget()


def test_progress_tells_what_is_solved_tried_and_open(unanswered, capsys):
    (name, *_), lesson = EXERCISES, "01"
    assert f"solved: {name}" not in str(progress(lesson))
    confirm(name, EXERCISES[name]["answer"])
    check(name, ...)
    assert f"open: {name}" in str(progress(lesson)), "neither a solution nor three dots are an answer"
    check(name, -1)
    assert f"tried: {name}, {HINTS['negative']}" in str(progress(lesson))
    check(name, EXERCISES[name]["answer"])
    check(name, -1)
    assert f"solved: {name}" in str(progress(lesson)), "what is solved stays solved"
    record.remember_question("1.a", False)
    record.remember_question("1.a", True)
    assert "1.a wrong at first, 1.b not answered" in str(progress(lesson))
    page = progress(lesson)._repr_mimebundle_()["text/html"]
    assert all(part in page for part in ("<caption", 'scope="row"', 'scope="col"', "wrong at first"))


@each_lesson
def test_all_answers_solve_all_objectives(unanswered, lesson):
    assert ". solved." not in str(progress(lesson))
    for name in data.lessons()[lesson]["exercises"]:
        record.remember(name, grade(name, FUNCTIONS[name].right if name in FUNCTIONS else EXERCISES[name]["answer"]))
    assert len(re.findall(r"solved\.$", str(progress(lesson)), re.M)) == len(data.objectives(lesson))
    assert "open" not in str(progress(lesson))


@each_lesson
def test_a_notebook_ends_with_the_progress_of_nobody(unanswered, lesson):
    cells = nbformat.read(NUMBERED[lesson], as_version=4).cells
    (cell,) = (cell for cell in cells if cell.cell_type == "code" and "progress(" in cell.source)
    assert cell.source == f'progress("{lesson}")'
    assert [output.data["text/plain"] for output in cell.outputs] == [str(progress(lesson))]
    summary = next(i for i, each in enumerate(cells) if each.source.startswith("## Summary"))
    assert cells[summary - 1] is cell


def test_progress_wants_a_lesson():
    with pytest.raises(ValueError, match="lesson"):
        progress("09")
