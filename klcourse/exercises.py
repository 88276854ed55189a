"""Answers that check themselves, and questions asked before the sliders move.

The answers, the known mistakes with their hints, and the questions are data: `data/exercises.toml` and
`data/predictions.toml`.
"""

import html
import math
import tomllib
import weakref
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import ipywidgets as widgets
import numpy as np

__all__ = ["Verdict", "check", "grade", "predict", "unlock_all"]


@dataclass(frozen=True)
class Verdict:
    """What `grade` found: whether the answer is right, the name of the hint that fits if not, and the words."""

    correct: bool
    hint: str | None
    message: str


def check(exercise, answer):
    """Say in words whether an answer is right, and if not, which mistake it looks like.

    Parameters
    ----------
    exercise : str
        The number of the exercise, such as "1.3".
    answer : float, str, bool or array_like
        The reader's answer; ``...`` means not answered yet.

    Raises
    ------
    ValueError
        If there is no exercise of that number.

    >>> check("1.1a", ...)
    … 1.1a is not answered yet: put your answer in place of the three dots and run the cell again.
    >>> check("1.1a", 1.3357)
    ✓ 1.1a is right: KL(P‖Q) of the three colours = 1.3357 nats.
    """
    print(grade(exercise, answer).message)


def grade(exercise, answer):
    """Judge an answer as `check` does, and return the `Verdict`.

    >>> grade("1.1a", 1.926979).hint
    'bits'
    """
    exercises, hints = _data("exercises"), _data("hints")
    if exercise not in exercises:
        near = ", ".join(name for name in exercises if name[0] == str(exercise)[:1]) or ", ".join(exercises)
        raise ValueError(f"There is no exercise {exercise!r}. There are: {near}.")
    asked = exercises[exercise]
    if _same(answer, asked["answer"], asked.get("tolerance", _TOLERANCE)):
        return Verdict(True, None, f"✓ {exercise} is right: {asked['asks']} = {_shown(asked)}.")
    hint = _hint(answer, asked)
    start = f"… {exercise} is not answered yet" if hint == "unanswered" else f"✗ {exercise} is not right yet"
    return Verdict(False, hint, f"{start}: {hints[hint]}")


_TOLERANCE = 1e-3  # relative: four significant digits are enough


def _hint(answer, asked):
    """The name of the hint that fits a wrong answer."""
    if answer is ... or answer is None:
        return "unanswered"
    expected = asked["answer"]
    for mistake in asked.get("mistakes", []):
        if _same(answer, mistake["answer"], _TOLERANCE):
            return mistake["hint"]
    return _kind_of_mistake(answer, expected, asked.get("tolerance", _TOLERANCE))


def _kind_of_mistake(answer, expected, tolerance):
    if isinstance(expected, str):
        return "option"
    try:
        value = np.asarray(answer, dtype=float)
    except (TypeError, ValueError):
        return "text"
    if isinstance(answer, str):
        return "text"
    if value.shape != np.shape(expected):
        return "one_number" if np.ndim(expected) == 0 else "several_numbers"
    if np.isnan(value).any():
        return "nan"
    if np.isinf(value).any() and np.all(np.isfinite(expected)):
        return "infinite"
    if (value < 0).any() and np.all(np.asarray(expected) >= 0):
        return "negative"
    return "rounded" if _same(answer, expected, 20 * tolerance) else "other"


def _same(answer, expected, tolerance):
    if isinstance(expected, str) or isinstance(answer, str):
        return type(expected) is type(answer) is str and answer.strip().casefold() == expected.casefold()
    try:
        value = np.asarray(answer, dtype=float)
    except (TypeError, ValueError):
        return False
    expected = np.asarray(expected, dtype=float)
    return value.shape == expected.shape and bool(np.all(_close(value, expected, tolerance)))


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


# --- predict first ----------------------------------------------------------------------------------------------

_UNLOCKED = False
_PREDICTIONS = weakref.WeakSet()


def unlock_all():
    """Unlock the sliders of every question, those shown already and those to come. For the projector."""
    global _UNLOCKED
    _UNLOCKED = True
    for prediction in _PREDICTIONS:
        prediction.unlock()


def predict(question, explorer):
    """Ask a question before an explorer's sliders can move.

    Parameters
    ----------
    question : str
        The number of the question, such as "1.a".
    explorer : klcourse.live.Explorer
        Its controls are locked until the reader has chosen an answer and locked it in.

    Returns
    -------
    widget
        The question, its answers, and the explorer below. The explorer's picture can be seen at once.

    Raises
    ------
    ValueError
        If there is no question of that number.

    >>> from klcourse.explorers.discrete_kl import outcome_bars
    >>> predict("1.a", outcome_bars()).locked
    True
    """
    questions = _data("predictions")
    if question not in questions:
        raise ValueError(f"There is no question {question!r}. There are: {', '.join(questions)}.")
    return _Prediction(questions[question], explorer)


class _Prediction(widgets.VBox):
    def __init__(self, question, explorer):
        self.question, self.explorer = question, explorer
        answers = [answer["text"] for answer in question["answers"]]
        self.options = widgets.RadioButtons(options=answers, value=None, layout={"width": "auto", "margin": _INDENT})
        self.button = widgets.Button(description="Lock in my answer", disabled=True, button_style="primary")
        self.feedback = widgets.HTML().add_class("klcourse-status")  # page.js has it read out
        self.options.observe(lambda _: setattr(self.button, "disabled", self.options.value is None), "value")
        self.button.on_click(lambda _: self.lock_in())
        self.button.layout = {"width": "auto", "align_self": "flex-start", "margin": _INDENT}
        self._ask = widgets.VBox([widgets.HTML(self._asked()), self.options, self.button])
        super().__init__([self._ask, self.feedback, explorer])
        self.add_class("klcourse-question")
        explorer.enable(False)
        _PREDICTIONS.add(self)
        if _UNLOCKED:
            self.unlock()

    @property
    def locked(self):
        """Whether the explorer still waits for an answer."""
        return self.explorer.reset_button.disabled

    def lock_in(self):
        """Keep the chosen answer, say what is right about it, and unlock the explorer."""
        chosen = next(a for a in self.question["answers"] if a["text"] == self.options.value)
        verdict = "Yes." if chosen.get("right") else "Not quite."
        words = f"You said: “{html.escape(chosen['text'])}” <b>{verdict}</b> {html.escape(chosen['feedback'])}"
        self.options.disabled = self.button.disabled = True
        self.feedback.value = f'<div style="{_BOX}">{words}</div>'
        self.unlock()

    def unlock(self):
        """Free the explorer's controls."""
        self.explorer.enable()

    def _asked(self):
        return f'<div style="{_BOX}"><b>Predict first.</b> {html.escape(self.question["asks"])}</div>'

    def _repr_mimebundle_(self, include=None, exclude=None, **kwargs):
        view = super()._repr_mimebundle_(**kwargs) or {}
        still, metadata = self.explorer.still()
        answers = [answer["text"] for answer in self.question["answers"]]
        listed = "".join(f"<li>{html.escape(answer)}</li>" for answer in answers)
        still["text/html"] = f'<div lang="en">{self._asked()}<ul>{listed}</ul></div>{still["text/html"]}'
        still["text/plain"] = (
            "\n- ".join([f"Predict first. {self.question['asks']}", *answers]) + f"\n{still['text/plain']}"
        )
        return {**view, **still}, metadata


_INDENT = "4px 2px 4px 16px"  # as far as the question's text
_BOX = "border-left:4px solid #0173b2;padding:4px 12px;margin:4px 0;font-size:110%;line-height:1.5;white-space:normal"


@cache
def _data(table):
    """A table of the data files, by its name."""
    file = "predictions" if table == "predictions" else "exercises"
    return tomllib.loads((files("klcourse") / "data" / f"{file}.toml").read_text("utf-8"))[table]
