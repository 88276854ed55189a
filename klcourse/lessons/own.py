"""Numbers of a student's own, in a graded course: what the student has, and what the teacher's files say is right.

`tools/editions.py` writes both files. The answers lie in the course's folder and go to nobody.
"""

import hashlib
import json
from pathlib import Path

import numpy as np

from klcourse.checks import check_text, shown
from klcourse.lessons import data
from klcourse.lessons.checking import Verdict, grade, judge

__all__ = ["ANSWERS", "NUMBERS", "grade_own", "key", "own_numbers"]

NUMBERS, ANSWERS = "own_numbers.json", "own_answers.json"


def key(name):
    """Return how a student is called in the files, which tell no names.

    >>> key("Ada") == key(" ada "), "ada" in key("Ada")
    (True, False)
    """
    return hashlib.sha256(name.strip().casefold().encode()).hexdigest()[:16]


def own_numbers(exercise, student):
    """Return a student's own numbers of an exercise, from the file that lies beside the notebook.

    Parameters
    ----------
    exercise : str
        Such as "1.1".
    student : str
        The name, as the teacher has it.

    Returns
    -------
    dict
        By what the exercise calls them, a number, or an array.

    Raises
    ------
    TypeError
        If the name is no text.
    ValueError
        If there is no file, or the student or the exercise is not in it.

    >>> own_numbers("1.1", "Ada")
    Traceback (most recent call last):
    ValueError: student has no numbers here: there is no own_numbers.json beside this notebook. ...
    """
    check_text("student", student, "write your name, as your teacher has it.")
    path = Path(NUMBERS)
    if not path.is_file():
        raise ValueError(
            f"student has no numbers here: there is no {NUMBERS} beside this notebook. Put it there; it comes with it."
        )
    held = json.loads(path.read_text("utf-8")).get(key(student))
    if held is None:
        raise ValueError(f"student is {shown(student)}: no such name is in the list. Write it as your teacher has it.")
    if not isinstance(exercise, str) or exercise not in held:
        raise ValueError(f"exercise is {shown(exercise)}: these have numbers of your own: {', '.join(held)}.")
    return {name: np.array(own) if isinstance(own, list) else own for name, own in held[exercise].items()}


def grade_own(exercise, answer):
    """Judge an answer with numbers of a student's own, as `grade` does.

    Where nbgrader marks, the student is whose folder it is, and the answers lie in the folder of the course. Elsewhere
    there is nothing to judge by.

    >>> grade_own("1.1a", 0.5).message
    '… 1.1a with your own numbers is judged when you have handed it in.'
    """
    here = Path.cwd()
    for course in here.parents[1:]:
        if (course / ANSWERS).is_file():
            own = json.loads((course / ANSWERS).read_text("utf-8")).get(key(here.parent.name), {}).get(exercise)
            if own is None:
                words = f"cannot be judged: {here.parent.name} has no numbers of it in {ANSWERS}."
                return Verdict(False, None, f"… {exercise} {words}")
            asked = data.exercises()[exercise]
            return judge(exercise, asked | own | {"asks": f"with your numbers, {asked['asks']}"}, answer)
    grade(exercise, answer)  # whether there is such an exercise
    return Verdict(False, None, f"… {exercise} with your own numbers is judged when you have handed it in.")
