"""Answers that check themselves, and know the mistakes that people make."""

import math
import time
from dataclasses import dataclass
from decimal import Decimal
from numbers import Real

import numpy as np

from klcourse.checks import shown
from klcourse.lessons import data, record, running

__all__ = ["TOLERANCE", "Verdict", "agree", "check", "confirm", "grade", "judge"]

TOLERANCE = 1e-3  # relative: four significant digits are enough


@dataclass(frozen=True)
class Verdict:
    """What `grade` found: whether the answer is right, the name of the hint that fits if not, and the words."""

    correct: bool
    hint: str | None
    message: str


def check(exercise, answer):
    """Say in words whether an answer is right, and if not, which mistake it looks like. `progress` remembers it.

    Parameters
    ----------
    exercise : str
        The number of the exercise, such as "1.3".
    answer : float, str, array_like or function
        The reader's answer; ``...`` means not answered yet. Whatever it is, it gets a verdict.

    Raises
    ------
    ValueError
        If there is no exercise of that number.

    Notes
    -----
    What counts as an answer:

    - Where one number is asked: a real number of Python or NumPy, or an array without axes. A list of one is a list.
    - Where several are asked: a list, tuple or array of as many.
    - Where a word is asked: a text, ``str`` or ``numpy.str_``, in small or capital letters.
    - Text is no number, not even "0.25"; nor are bytes, True, a complex number, or an array with masked entries.
    - A decimal comma makes two numbers, or a text: the hint says to write a point.
    - A whole number too large for a float, such as 10**400, is wrong, and not infinite.
    - Where a function is asked: the function itself. It is called on several inputs, within a few seconds, with copies
      of the arguments and of the notebook's variables. What it should refuse it must refuse with a ValueError.

    >>> check("1.1a", ...)
    … 1.1a is not answered yet: put your answer in place of the three dots and run the cell again.
    >>> check("1.1a", 0.6016)
    ✓ 1.1a is right: KL(A‖B) = 0.60163 nats.
    """
    verdict = grade(exercise, answer)
    record.remember(exercise, verdict)
    print(verdict.message)


def confirm(exercise, answer):
    """Do what `check` does, for a solution: `progress` does not count it as the reader's.

    >>> confirm("1.1a", 0.6016)
    ✓ 1.1a is right: KL(A‖B) = 0.60163 nats.
    """
    print(grade(exercise, answer).message)


def grade(exercise, answer):
    """Judge an answer as `check` does, and return the `Verdict`.

    >>> grade("1.1a", 0.86797).hint
    'bits'
    """
    exercises = data.exercises()
    if not isinstance(exercise, str) or exercise not in exercises:
        near = ", ".join(name for name in exercises if name[0] == shown(exercise).strip("'")[:1]) or ", ".join(
            exercises
        )
        raise ValueError(f"There is no exercise {shown(exercise)}. There are: {near}.")
    asked = exercises[exercise]
    if (wanted := data.function(exercise)) is not None:
        return _grade_function(exercise, asked, wanted, answer)
    return judge(exercise, asked, answer)


def judge(exercise, asked, answer):
    """Judge an answer by what an exercise asks, which may be other than what its lesson's file says.

    >>> judge("1.1a", {"asks": "KL(A‖B)", "answer": 0.5, "unit": "nats"}, 0.5).message
    '✓ 1.1a is right: KL(A‖B) = 0.5 nats.'
    """
    if agree(answer, asked["answer"], asked.get("tolerance", TOLERANCE)):
        return Verdict(True, None, f"✓ {exercise} is right: {asked['asks']} = {_shown(asked)}.")
    return _wrong(exercise, _hint(answer, asked))


def _wrong(exercise, hint, **words):
    start = f"… {exercise} is not answered yet" if hint == "unanswered" else f"✗ {exercise} is not right yet"
    text = data.hints()[hint]
    return Verdict(False, hint, f"{start}: {text.format(**words) if words else text}")


def _grade_function(exercise, asked, wanted, answer):
    """Judge a function by what it does with each of the inputs."""
    if answer is ... or answer is None:
        return _wrong(exercise, "unanswered")
    if not callable(answer):
        return _wrong(exercise, "function_asked")
    expected = [running.run(wanted.right, call) for call in wanted.calls]
    found = _outcomes(answer, wanted.calls)
    if all(outcome.error is None and outcome.value is None and not outcome.late for outcome in found):
        return _wrong(exercise, "unanswered")  # a function that holds three dots
    if found[-1].late:
        return _wrong(exercise, "too_slow")
    if any(outcome.changed for outcome in found):
        return _wrong(exercise, "changes_argument")
    mistakes = {hint: [running.run(wrong, call) for call in wanted.calls] for hint, wrong in wanted.mistakes.items()}
    for hint, theirs in mistakes.items():
        if running.calls_alike(found, theirs):
            return _wrong(exercise, hint)
    for hint, theirs in mistakes.items():
        if _same_slip(found, theirs, expected):
            return _wrong(exercise, hint)
    for call, one, other in zip(wanted.calls, found, expected, strict=True):
        if hint := _fault(one, other):
            return _wrong(exercise, hint, **_words(answer, call, one, other))
    refused = sum(outcome.refused for outcome in expected)
    tried = f"tried on {len(expected)} inputs" + (f", of which it had to refuse {refused}" if refused else "")
    return Verdict(True, None, f"✓ {exercise} is right: {asked['asks']}, {tried}.")


def _same_slip(found, theirs, expected):
    """Whether a function is wrong as a known one is, wherever neither that one nor the right one refuses the input."""
    answered = [i for i, pair in enumerate(zip(theirs, expected, strict=True)) if not any(one.refused for one in pair)]
    found, theirs, expected = ([outcomes[i] for i in answered] for outcomes in (found, theirs, expected))
    return running.calls_alike(found, theirs) and not running.calls_alike(found, expected)


def _outcomes(function, calls):
    """What a function does with each input, up to the one that takes too long, if one does."""
    outcomes, end = [], time.monotonic() + running.SECONDS
    for call in calls:
        outcomes.append(running.run(function, call, max(end - time.monotonic(), 0.1)))
        if outcomes[-1].late:
            break
    return outcomes


def _fault(found, expected):
    """The name of the general hint for a call that went wrong, or None."""
    if expected.refused:
        return None if found.refused else "refuses_wrongly" if found.error else "must_refuse"
    if found.error:
        return "raises"
    return None if running.same(found.value, expected.value) else "wrong_result"


def _words(function, call, found, expected):
    number, code = found.line or (0, "")
    part, value, right = running.first_fault(found.value, expected.value)
    return {
        "call": running.written(getattr(function, "__name__", "your function"), call) + part,
        "found": running.value_in_words(value),
        "expected": running.value_in_words(right),
        "error": f"{type(found.error).__name__}: {found.error}".strip(": "),
        "line": f", in line {number} of its cell: {code}" if found.line else "",
    }


def _hint(answer, asked):
    """The name of the hint that fits a wrong answer."""
    if answer is ... or answer is None:
        return "unanswered"
    expected = asked["answer"]
    for mistake in asked.get("mistakes", []):
        if agree(answer, mistake["answer"]):
            return mistake["hint"]
    kind = _kind_of_mistake(answer, expected, asked.get("tolerance", TOLERANCE))
    return asked.get("otherwise", kind) if kind == "other" else kind


def _kind_of_mistake(answer, expected, tolerance):
    if isinstance(expected, str):
        return "list_of_one" if isinstance(answer, list | tuple) and len(answer) == 1 else "option"
    try:
        value = _floats(answer)
    except OverflowError:
        return "too_large"
    except Exception:  # as in `agree`
        return "text"
    if np.ndim(expected) == 0 and isinstance(answer, tuple) and [*map(type, answer)] == [int, int]:
        return "decimal_comma"
    if value.shape != np.shape(expected):
        return "several_numbers" if np.ndim(expected) else "list_of_one" if value.size == 1 else "one_number"
    if np.isnan(value).any():
        return "nan"
    if np.isinf(value).any() and np.all(np.isfinite(expected)):
        return "infinite"
    if (value < 0).any() and np.all(np.asarray(expected) >= 0):
        return "negative"
    return "rounded" if agree(answer, expected, 20 * tolerance) else "other"


def agree(answer, expected, tolerance=TOLERANCE):
    """Return whether an answer is the expected one: the same word, or the same number or numbers but for rounding.

    >>> agree(0.2501, 0.25), agree(0.251, 0.25), agree([0.25], 0.25), agree("Yes ", "yes")
    (True, False, False, True)
    """
    if isinstance(expected, str) or isinstance(answer, str):
        words = isinstance(expected, str) and isinstance(answer, str)
        return words and answer.strip().casefold() == expected.casefold()
    try:
        value = _floats(answer)
    except Exception:  # whatever a student's object does must not cost the points of the other answers
        return False
    expected = np.asarray(expected, dtype=float)
    return value.shape == expected.shape and bool(np.all(_close(value, expected, tolerance)))


def _floats(answer):
    """Real numbers as an array of floats; an error for everything else, text that looks like a number included."""
    if np.ma.is_masked(answer):
        raise ValueError("masked")
    array = np.asarray(answer)
    if array.dtype.kind not in "iuf" and not all(isinstance(x, Real | Decimal) for x in array.flat):
        raise TypeError("no real numbers")
    with np.errstate(over="ignore"):
        return array.astype(float)


def _close(value, expected, tolerance):
    with np.errstate(invalid="ignore"):
        near = np.abs(value - expected) <= tolerance * np.abs(expected)
    return (value == expected) | (near & np.isfinite(expected))


def _shown(asked):
    answer, unit = asked["answer"], asked.get("unit", "")
    if isinstance(answer, str):
        return answer
    numbers = [f"{a:.5g}" if math.isfinite(a) else "∞" for a in np.atleast_1d(answer)]
    unit = unit.removesuffix("s") if numbers == ["1"] else unit
    return f"{', '.join(numbers)} {unit}".strip()
