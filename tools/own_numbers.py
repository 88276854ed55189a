"""Numbers of each student's own, for the graded edition: drawn from the student's name and a secret of the class.

Which exercises have them stands in own_numbers.toml. Students get the numbers; what is right, and what each of the
mistakes in the lesson's file gives with them, stays with the teacher. Whoever has the package but not the secret can
foretell neither.
"""

import hashlib
import hmac
import math
import random
import re
import tomllib
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
from delivery import Refused
from lesson_numbers import EVERYWHERE, RULES, evaluate, numbers_of

from klcourse.lessons import data
from klcourse.lessons.checking import TOLERANCE, agree
from klcourse.lessons.own import key

__all__ = ["OWN", "draw", "read_names", "read_secret", "tables"]

OWN = tomllib.loads((Path(__file__).parent / "own_numbers.toml").read_text("utf-8"))
_LETTERS = 16  # of a secret, at least


def read_secret(path):
    """Return the secret of a class.

    Raises
    ------
    Refused
        If there is no such file, or it holds fewer than 16 letters.
    """
    secret = _read(path, 'make it with: python -c "import secrets; print(secrets.token_hex())"').strip()
    if len(secret) < _LETTERS:
        raise Refused(f"The secret in {path} has {len(secret)} letters: write {_LETTERS} or more.")
    return secret


def read_names(path):
    """Return the names of a class, one a line of a file.

    Raises
    ------
    Refused
        If there is no such file, or no name in it, or a name twice.
    """
    lines = _read(path, "write the names of your students into it, one a line").splitlines()
    names = [line.strip() for line in lines if line.strip()]
    if not names:
        raise Refused(f"{path} holds no name: write the names of your students into it, one a line.")
    if twice := [name for i, name in enumerate(names) if key(name) in map(key, names[:i])]:
        raise Refused(f"{path} has {twice[0]} twice: give each student a name of their own.")
    return names


def _read(path, remedy):
    try:
        return Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise Refused(f"{path} is not there, or is no text: {remedy}.") from None


def tables(names, secret, exercises):
    """Return what the students get, and what the teacher keeps.

    Parameters
    ----------
    names : sequence of str
    secret : str
    exercises : sequence of str
        Such as "1.1", each one of `OWN`.

    Returns
    -------
    tuple of dict
        By student, the numbers of each exercise; and by student, what is right in each part, with the mistakes.
    """
    drawn = {key(name): {exercise: draw(name, secret, exercise) for exercise in exercises} for name in names}
    numbers = {student: {exercise: own for exercise, (own, _) in held.items()} for student, held in drawn.items()}
    answers = {
        student: {part: asked for _, parts in held.values() for part, asked in parts.items()}
        for student, held in drawn.items()
    }
    return numbers, answers


def draw(name, secret, exercise):
    """Return a student's numbers of an exercise, and what is right and wrong with them.

    Numbers that make a mistake look right, or like another one, are drawn anew.

    >>> numbers, parts = draw("Ada", "a secret of the class", "3.1")
    >>> [*numbers], [*parts]
    (['U', 'V'], ['3.1a', '3.1b', '3.1c', '3.1d'])
    """
    for attempt in range(1000):
        seed = hmac.digest(secret.encode(), f"{key(name)}/{exercise}/{attempt}".encode(), hashlib.sha256)
        numbers = _numbers(exercise, random.Random(seed))
        with np.errstate(all="ignore"):
            parts = {part: _asked(part, exercise, numbers) for part in OWN[exercise]["parts"]}
        blurred = [part for part, asked in parts.items() if not _apart(part, asked)]
        if not blurred:
            return numbers, parts
    raise ValueError(f"No numbers keep the mistakes of {', '.join(blurred)} apart: correct own_numbers.toml.")


# --- drawing ----------------------------------------------------------------------------------------------------------


def _numbers(exercise, chance):
    def number(low, high, step):
        return round(low + step * int(chance.random() * (round((high - low) / step) + 1)), 10)

    def several(n, low, high, step):
        return [number(low, high, step) for _ in range(n)]

    def counts(total, n):
        """Of `total` throws at n places that are about equally probable."""
        weights = [number(0.6, 1.4, 0.1) for _ in range(n)]
        ends = [round(total * sum(weights[:i]) / sum(weights)) for i in range(n + 1)]
        return [b - a for a, b in pairwise(ends)]

    def shares(n):
        cuts = []
        while len(set(cuts)) < n - 1:
            cuts = several(n - 1, 0.05, 0.95, 0.05)
        ends = [0, *sorted(cuts), 1]
        return [round(b - a, 10) for a, b in pairwise(ends)]

    known = {"number": number, "several": several, "counts": counts, "shares": shares}
    return {name: eval(expression, known) for name, expression in OWN[exercise]["given"].items()}


def _asked(part, exercise, numbers):
    """What is right in a part, and what its mistakes give, by the expressions of the lesson's file."""
    asked, lesson = data.exercises()[part], f"{int(exercise.split('.')[0]):02}"
    instead = {name: np.array(held) for name, held in numbers.items() if name.isidentifier()}
    for name, expression in OWN[exercise].get("names", {}).items():
        instead[name] = eval(expression, {**EVERYWHERE, **numbers_of(lesson), **instead, "own": numbers})

    def value(expression, answer=None):
        for written in (name for name in numbers if name[0].isdigit()):
            expression = re.sub(rf"(?<![\w.]){re.escape(written)}(?![\w.])", repr(numbers[written]), expression)
        try:
            return float(evaluate(expression, lesson, answer, asked.get("unit"), instead))
        except (ArithmeticError, ValueError):
            return math.nan

    right = value(asked["from"])
    mistakes = [(each.get("from", RULES.get(each["hint"])), each["hint"]) for each in asked["mistakes"]]
    return {"answer": right, "mistakes": [{"answer": value(how, right), "hint": hint} for how, hint in mistakes]}


def _apart(part, asked):
    """Whether a mistake looks like nothing else, and the answer is not the one that the package knows."""
    right, public = asked["answer"], data.exercises()[part]
    tolerance = 1.5 * public.get("tolerance", TOLERANCE)
    mistakes = [(mistake["answer"], mistake["hint"]) for mistake in asked["mistakes"]]
    values = [right, *(value for value, _ in mistakes)]
    return (
        all(map(math.isfinite, values))
        and not agree(right, public["answer"], tolerance)
        and not any(agree(value, right, tolerance) for value, _ in mistakes)
        and all(x == y or not agree(a, b, 2 * TOLERANCE) for (a, x), (b, y) in combinations(mistakes, 2))
    )
