"""Questions asked before the sliders move."""

import html
import inspect
import weakref

import ipywidgets as widgets

from klcourse.checks import shown
from klcourse.lessons import data, record
from klcourse.live import Explorer

__all__ = ["BOX", "predict", "unlock_all"]

ALL_UNLOCKED = False  # whether unlock_all has been called
_PREDICTIONS = weakref.WeakSet()


def unlock_all():
    """Unlock the sliders of every question, those shown and those to come, and hide nothing. For the projector."""
    global ALL_UNLOCKED
    ALL_UNLOCKED = True
    for prediction in _PREDICTIONS:
        prediction.unlock()


def predict(question, explorer):
    """Ask a question before an explorer's sliders can move.

    Parameters
    ----------
    question : str
        The number of the question, such as "1.a".
    explorer : klcourse.live.Explorer
        Its controls are locked, and what its veil names is hidden, until the reader has locked in an answer.

    Returns
    -------
    widget
        The question, its answers, and the explorer below. Without a kernel the answer and the whole picture are folded
        under it.

    Raises
    ------
    ValueError, TypeError
        If there is no question of that number, or the explorer is none.

    >>> from klcourse.explorers.discrete_kl import outcome_bars
    >>> predict("1.a", outcome_bars()).locked
    True
    """
    questions = data.questions()
    if not isinstance(question, str) or question not in questions:
        raise ValueError(f"There is no question {shown(question)}. There are: {', '.join(questions)}.")
    if not isinstance(explorer, Explorer):
        remedy = f"call it, as in {explorer.__name__}()" if inspect.isfunction(explorer) else "give a live.Explorer"
        raise TypeError(f"explorer is {shown(explorer)}, not an explorer: {remedy}.")
    return _Prediction(question, questions[question], explorer)


class _Prediction(widgets.VBox):
    def __init__(self, number, question, explorer):
        self.number, self.question, self.explorer = number, question, explorer
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
        explorer.hide()
        _PREDICTIONS.add(self)
        if ALL_UNLOCKED:
            self.unlock()

    @property
    def locked(self):
        """Whether the explorer still waits for an answer."""
        return self.explorer.reset_button.disabled

    def lock_in(self):
        """Keep the chosen answer, say what is right about it, and unlock the explorer."""
        chosen = next(a for a in self.question["answers"] if a["text"] == self.options.value)
        record.remember_question(self.number, chosen.get("right", False))
        verdict = "Yes." if chosen.get("right") else "Not quite."
        words = f"You said: “{html.escape(chosen['text'])}” <b>{verdict}</b> {html.escape(chosen['feedback'])}"
        self.options.disabled = self.button.disabled = True
        self.feedback.value = f'<div style="{BOX}">{words}</div>'
        self.unlock()

    def unlock(self):
        """Free the explorer's controls, and show what was hidden."""
        self.explorer.enable()
        self.explorer.hide(False)

    def _asked(self):
        return f'<div style="{BOX}"><b>Predict first.</b> {html.escape(self.question["asks"])}</div>'

    def _repr_mimebundle_(self, include=None, exclude=None, **kwargs):
        view = super()._repr_mimebundle_(**kwargs) or {}
        still, metadata = self.explorer.still()
        answers = [answer["text"] for answer in self.question["answers"]]
        listed = "".join(f"<li>{html.escape(answer)}</li>" for answer in answers)
        still["text/html"] = (
            f'<div lang="en">{self._asked()}<ul>{listed}</ul></div>{still["text/html"]}{self._folded_answer()}'
        )
        still["text/plain"] = (
            "\n- ".join([f"Predict first. {self.question['asks']}", *answers]) + f"\n{still['text/plain']}"
        )
        return {**view, **still}, metadata

    def _folded_answer(self):
        """The right answer, its reason and the picture with nothing hidden, for whoever reads without a kernel."""
        right = next(answer for answer in self.question["answers"] if answer.get("right"))
        picture = self.explorer.still_unveiled()[0]["text/html"] if self.explorer.hidden else ""
        return (
            f'<details lang="en" style="margin:8px 0"><summary style="cursor:pointer">Show the answer</summary>'
            f'<div style="{BOX}"><b>{html.escape(right["text"])}</b> {html.escape(right["feedback"])}</div>'
            f"{picture}</details>"
        )


_INDENT = "4px 2px 4px 16px"  # as far as the question's text
BOX = "border-left:4px solid #0173b2;padding:4px 12px;margin:4px 0;font-size:110%;line-height:1.5;white-space:normal"
