"""Numbers of each student's own: everybody has others, mistakes get their hints, and only the secret tells them."""

import json
from pathlib import Path

import numpy as np
import pytest
from delivery import Refused
from own_numbers import OWN, draw, read_names, read_secret, tables

from klcourse.lessons import data, grade_own
from klcourse.lessons.own import key
from klcourse.lessons.own import own_numbers as numbers_of

SECRET = "known to the teacher alone"
each_exercise = pytest.mark.parametrize("exercise", OWN)

# Mistakes that give the same whatever the numbers are.
UNMOVED = {
    ("4.4a", "ratio_of_variances"),
    ("5.1d", "whole_loss_slope"),
    ("5.1e", "whole_loss_slope"),
    ("6.8a", "cross_entropy"),
    ("7.2a", "hard_labels"),
    ("8.1a", "all_counted"),
}


def values(parts):
    """What each mistake gives; a hint may have several."""
    return {
        (part, mistake["hint"], number): mistake["answer"]
        for part, asked in parts.items()
        for number, mistake in enumerate(asked["mistakes"])
    }


def test_lessons_01_to_04_have_exercises_with_own_numbers():
    assert {exercise.split(".")[0] for exercise in OWN} >= {"1", "2", "3", "4"}
    assert {exercise for exercise in OWN} <= set(data.points())
    assert all(part in data.exercises() for own in OWN.values() for part in own["parts"])


def test_the_guide_names_them():
    *first, last = OWN
    guide = (Path(__file__).parents[1] / "TEACHING.md").read_text("utf-8")
    assert f"Exercises {', '.join(first)} and {last} then have a second half." in guide


@each_exercise
def test_everything_moves_with_the_numbers(exercise):
    """An expression in a lesson's file that names a printed number instead would stand still, and is reported here."""
    printed = {part: data.exercises()[part] for part in OWN[exercise]["parts"]}
    class_ = [printed, *(draw(name, SECRET, exercise)[1] for name in ("Ada", "Bob", "Cleo"))]
    for part in printed:
        assert len({round(parts[part]["answer"], 9) for parts in class_}) == len(class_)
    given = [{name: round(value, 9) for name, value in values(parts).items()} for parts in class_]
    assert {name[:2] for name in given[0] if len({each[name] for each in given}) == 1} <= UNMOVED


@each_exercise
def test_numbers_come_from_the_name_and_the_secret(exercise):
    assert draw("Ada", SECRET, exercise) == draw(" ada", SECRET, exercise)
    others = [draw("Ada", "another secret, of next year", exercise)[0], draw("Cleo", SECRET, exercise)[0]]
    assert draw("Ada", SECRET, exercise)[0] not in others


@pytest.fixture
def course(tmp_path):
    """A course as nbgrader marks it, with the folder of a student."""
    numbers, answers = tables(["Ada", "Bob"], SECRET, ["3.1", "4.4"])
    (tmp_path / "own_answers.json").write_text(json.dumps(answers), "utf-8")
    for name in ("Ada", "Bob", "Eve"):
        (tmp_path / "autograded" / name / "lesson").mkdir(parents=True)
        (tmp_path / "autograded" / name / "lesson" / "own_numbers.json").write_text(json.dumps(numbers), "utf-8")
    return tmp_path / "autograded"


def test_a_student_gets_own_hints(course, monkeypatch):
    monkeypatch.chdir(course / "Ada" / "lesson")
    _, parts = draw("Ada", SECRET, "4.4")
    for part, asked in parts.items():
        assert grade_own(part, asked["answer"]).correct
        for mistake in asked["mistakes"]:
            assert grade_own(part, mistake["answer"]).hint == mistake["hint"]
        assert not grade_own(part, data.exercises()[part]["answer"]).correct
    monkeypatch.chdir(course / "Bob" / "lesson")
    assert not any(grade_own(part, asked["answer"]).correct for part, asked in parts.items())
    sample = numbers_of("4.4", "Bob")["sample"]
    assert isinstance(sample, np.ndarray)
    assert grade_own("4.4b", sample.mean() + np.sqrt(8 / 7 * sample.var())).message.startswith(
        "✓ 4.4b is right: with your numbers, the eighth observation"
    )


def test_who_is_not_in_the_list_is_told(course, monkeypatch):
    monkeypatch.chdir(course / "Eve" / "lesson")
    assert "cannot be judged: Eve has no numbers of it" in grade_own("4.4a", 1).message
    with pytest.raises(ValueError, match="student is 'Eve': no such name is in the list"):
        numbers_of("4.4", "Eve")
    with pytest.raises(ValueError, match=r"exercise is '1.1': these have numbers of your own: 3.1, 4.4"):
        numbers_of("1.1", "Ada")
    with pytest.raises(TypeError, match="student is Ellipsis: give a text"):
        numbers_of("4.4", ...)


def test_the_file_of_the_numbers_names_nobody(course):
    text = (course / "Ada" / "lesson" / "own_numbers.json").read_text("utf-8")
    assert key("Ada") in text
    assert "Ada" not in text


def test_numbers_that_blur_two_mistakes_are_drawn_anew(monkeypatch):
    monkeypatch.setitem(OWN["2.2"], "given", {"0.7": "0.7", "0.4": "0.4", "0.2": "0.2"})
    with pytest.raises(ValueError, match=r"No numbers keep the mistakes of 2.2a, 2.2b apart"):
        draw("Ada", SECRET, "2.2")


@pytest.mark.parametrize(
    ("read", "text", "words"),
    [
        (read_secret, None, "is not there"),
        (read_secret, "short", "has 5 letters: write 16 or more"),
        (read_names, None, "is not there"),
        (read_names, " \n", "holds no name"),
        (read_names, "Ada\nBob\nada \n", "has ada twice"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_a_sentence(read, text, words, tmp_path):
    if text is not None:
        (tmp_path / "file").write_text(text, "utf-8")
    with pytest.raises(Refused, match=words):
        read(tmp_path / "file")
