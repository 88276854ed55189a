"""What the lessons' files hold, by the number of the exercise, the question or the lesson."""

import tomllib
from functools import cache
from importlib import import_module
from importlib.resources import files

__all__ = [
    "course",
    "exercises",
    "function",
    "hints",
    "ideas",
    "lesson_of",
    "lessons",
    "objectives",
    "points",
    "questions",
]


@cache
def lessons():
    """Return what each lesson's file holds, by the lesson's number.

    >>> ", ".join(lessons())
    '01, 02, 03, 04, 05, 06, 07, 08'
    """
    names = sorted(file.name for file in files(__package__).iterdir() if file.name[:2].isdigit())
    return {name.removesuffix(".toml"): _read(name) for name in names}


@cache
def hints():
    """Return what is said about an answer that is not right, by the name of the hint.

    >>> hints()["rounded"]
    'close, but not close enough. Give at least four significant digits.'
    """
    return _read("hints.toml") | _all("hints")


def objectives(lesson):
    """Return what a learner can do after a lesson, each objective with its words, in Markdown, and its exercises.

    An exercise is named whole, such as "1.2", or by one of its parts, such as "1.2c".

    >>> objectives("01")[3]["words"]
    '**Predict** what merging outcomes and repeating an experiment do to KL.'
    """
    return lessons()[lesson]["objectives"]


def exercises():
    """Return every exercise, with what it asks, its answer and unit, and the mistakes with the hint for each.

    >>> exercises()["1.2c"]["answer"], exercises()["1.2c"]["unit"]
    (0.625, 'bits')
    """
    return _all("exercises")


def function(exercise):
    """Return what an exercise wants that asks for a function: a `klcourse.lessons.functions.Written`, or None."""
    return _functions(lesson_of(exercise)).get(exercise)


@cache
def _functions(lesson):
    if not (files(__package__) / "functions" / f"lesson_{lesson}.py").is_file():
        return {}
    return import_module(f"klcourse.lessons.functions.lesson_{lesson}").FUNCTIONS


def questions():
    """Return every question that stands before an explorer, with its answers and the feedback to each.

    >>> [answer["text"] for answer in questions()["1.b"]["answers"] if answer.get("right")]
    ['It rises past every bound.']
    """
    return _all("questions")


def points():
    """Return what each exercise is worth where it is graded. Bonus exercises are not among them.

    >>> points()["1.1"]
    5
    """
    return _all("points")


def ideas():
    """Return the ten ideas of `ten_questions`, in the order of the lessons.

    >>> ideas()[0]["title"], ideas()[0]["section"]
    ('Nats and bits', '1.2')
    """
    return _read("ten_questions.toml")["ideas"]


def lesson_of(number):
    """Return the lesson that a section, a question or an exercise belongs to.

    >>> lesson_of("2.10")
    '02'
    """
    return f"{int(number.partition('.')[0]):02}"


def course():
    """Return the title, the notebook and what each lesson builds on, by the lesson's number.

    >>> course()["05"]["notebook"], course()["05"]["needs"]
    ('05_vae_kl_coefficient.ipynb', ['03', '04'])
    """
    return _read("course.toml")


@cache
def _all(table):
    return {name: entry for lesson in lessons().values() for name, entry in lesson.get(table, {}).items()}


@cache
def _read(name):
    return tomllib.loads((files(__package__) / name).read_text("utf-8"))
