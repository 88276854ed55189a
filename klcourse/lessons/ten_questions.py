"""Ten ideas, each asked before the course and, in other words, after it: where to begin, and what has been learnt.

`ten_questions.toml` holds the `ideas` in the order of the lessons: the `name`, a `title`, the `section` that teaches
it, and two forms, `before` and `after`. A form has what it `asks`, `why` the right answer is right, and four answers,
each wrong one with what is mistaken in it. `picture` names what `pictures.py` draws, with its `alt` text. Numbers are
`given`, or come `from` an expression that a test evaluates. A form may name a `section` of its own.
"""

import html
import re

import ipywidgets as widgets

from klcourse.checks import check_option
from klcourse.lessons import data, pictures
from klcourse.lessons.asking import BOX
from klcourse.live.screen import Attendant

__all__ = ["FORMS", "Answered", "ten_questions"]

FORMS = ("before", "after")
UNKNOWN = "I do not know yet."
LETTERS = "ABCD"


def ten_questions(form):
    """Ask ten questions. What is said to the answers comes when all ten are given.

    Parameters
    ----------
    form : str
        "before" for the ten that say where to begin; "after" for ten others about the same ideas, after the course.

    Returns
    -------
    widget
        The questions with their answers. Without a kernel the right answers are folded under each.

    Raises
    ------
    ValueError
        If there is no such form.

    >>> asked = ten_questions("before")
    >>> len(asked.choices), asked.button.disabled
    (10, True)
    """
    check_option("form", form, FORMS)
    return _TenQuestions(form)


class Answered:
    """What ten answers show.

    Parameters
    ----------
    form : str
        "before" or "after".
    letters : str
        One letter for each idea, in their order: A to D, or - where the reader does not know.

    Raises
    ------
    ValueError
        If there is no such form, or `letters` has others, too many or too few.

    >>> answered = Answered("before", "AB-ADBACAA")
    >>> answered.first_lesson, answered.line
    ('01', 'before AB-ADBACAA')
    """

    def __init__(self, form, letters):
        check_option("form", form, FORMS)
        ideas = data.ideas()
        if not isinstance(letters, str) or not re.fullmatch(rf"[{LETTERS}-]{{{len(ideas)}}}", letters):
            raise ValueError(f"letters is {letters!r}: give {len(ideas)} letters, each of A, B, C, D or -.")
        self.form, self.letters = form, letters
        self.missed = [idea for idea, letter in zip(ideas, letters, strict=True) if letter != right(idea[form])]
        self.score = len(ideas) - len(self.missed)
        self.lessons = sorted({data.lesson_of(idea["section"]) for idea in self.missed})
        self.first_lesson = self.lessons[0] if self.lessons else None
        self.line = f"{form} {letters}"


def right(asked):
    """The letter of the right answer."""
    return next(letter for letter, answer in zip(LETTERS, asked["answers"], strict=True) if answer.get("right"))


class _TenQuestions(widgets.VBox):
    def __init__(self, form):
        self.form, self.ideas = form, data.ideas()
        self.choices = [self._choice(idea[form]) for idea in self.ideas]
        self.button = widgets.Button(description="Show what my answers say", disabled=True, button_style="primary")
        self.button.layout = {"width": "auto", "align_self": "flex-start", "margin": "8px 2px"}
        self.button.on_click(lambda _: self.show())
        self.count = widgets.HTML().add_class("klcourse-status")  # page.js has it read out
        self.result = widgets.HTML().add_class("klcourse-status")
        questions = [
            widgets.VBox([widgets.HTML(_question(number, idea[form])), choice])
            for number, (idea, choice) in enumerate(zip(self.ideas, self.choices, strict=True), 1)
        ]
        super().__init__([*questions, self.count, self.button, self.result, Attendant()])
        self.add_class("klcourse-question")
        self._count()

    def show(self):
        """Say what is right, why, and where to begin. The answers stay as they are."""
        for part in (*self.choices, self.button):
            part.disabled = True
        self.result.value = result(self.answered())

    def answered(self):
        """What the ten answers show, once all are given."""
        letters = (_letter(choice) for choice in self.choices)
        return Answered(self.form, "".join(letters))

    def _choice(self, asked):
        options = [answer["text"] for answer in asked["answers"]]
        choice = widgets.RadioButtons(options=[*options, UNKNOWN], value=None)
        choice.layout = {"width": "auto", "margin": "0 2px 16px 16px"}
        choice.observe(lambda _: self._count(), "value")
        return choice

    def _count(self):
        given = sum(choice.value is not None for choice in self.choices)
        self.button.disabled = given < len(self.choices)
        self.count.value = f"<b>{given} of {len(self.choices)}</b> answered"

    def _repr_mimebundle_(self, include=None, exclude=None, **kwargs):
        still = "".join(
            f"{_question(number, idea[self.form])}{_folded(idea[self.form])}"
            for number, idea in enumerate(self.ideas, 1)
        )
        lines = [
            f"{number}. {idea[self.form]['asks']}\n"
            + "".join(f"   - {a['text']}\n" for a in idea[self.form]["answers"])
            for number, idea in enumerate(self.ideas, 1)
        ]
        view = super()._repr_mimebundle_(**kwargs) or {}
        return {**view, "text/html": f'<div lang="en">{still}</div>', "text/plain": "".join(lines).strip()}, {}


def _letter(choice):
    return (LETTERS + "-")[choice.index]


def _question(number, asked):
    picture = pictures.drawn_as_html(asked["picture"], asked["alt"]) if "picture" in asked else ""
    return f'<div style="{BOX}"><b>Question {number}.</b> {html.escape(asked["asks"])}{picture}</div>'


def _folded(asked):
    """The answers, and the right one folded below them, for whoever reads without a kernel."""
    listed = "".join(f"<li>{html.escape(answer['text'])}</li>" for answer in asked["answers"])
    text = next(answer["text"] for answer in asked["answers"] if answer.get("right"))
    return (
        f'<ol style="list-style-type:upper-alpha">{listed}</ol><details lang="en" style="margin:8px 0 24px">'
        f'<summary style="cursor:pointer">Show the answer</summary>'
        f"<b>{html.escape(text)}</b> {html.escape(asked['why'])}</details>"
    )


# --- the result ---------------------------------------------------------------------------------------------------


def result(answered):
    """What the reader gets to see after the tenth answer, as HTML."""
    entries = "".join(
        f'<li style="margin:8px 0">{_verdict(idea, answered.form, letter)}</li>'
        for idea, letter in zip(data.ideas(), answered.letters, strict=True)
    )
    return (
        f'<div lang="en" style="{BOX}"><b>{answered.score} of {len(answered.letters)}.</b> {_where_to_begin(answered)}'
        f"<ol>{entries}</ol>Your answers in one line, for your teacher or for later: <code>{answered.line}</code></div>"
    )


def _verdict(idea, form, letter):
    asked = idea[form]
    if letter == "-":
        said = "You do not know yet."
    else:
        answer = asked["answers"][LETTERS.index(letter)]
        verdict = "<b>Yes.</b>" if answer.get("right") else f"<b>Not quite.</b> {html.escape(answer['mistake'])}"
        said = f"You said: “{html.escape(answer['text'])}” {verdict}"
    text = next(answer["text"] for answer in asked["answers"] if answer.get("right"))
    truth = "" if letter == right(asked) else f" The answer is “{html.escape(text.removesuffix('.'))}”."
    learn = f"Learn it in section {asked.get('section', idea['section'])}."
    return f"<b>{idea['title']}.</b> {said}{truth} {html.escape(asked['why'])} {learn}"


def _where_to_begin(answered):
    if not answered.missed:
        return "One question proves little, but nothing here seems new to you. " + _ALL_RIGHT[answered.form]
    if answered.form == "after":
        sections = _listed(f"section {idea['after'].get('section', idea['section'])}" for idea in answered.missed)
        return f"Go back to what the others are about: {sections}."
    begin = answered.first_lesson
    skimmed = "" if begin == "01" else " Read the summaries of the lessons before it first: later ones build on them."
    rest = answered.lessons[1:]
    others = f" What else you missed is taught in {_listed(map(_title, rest))}." if rest else ""
    return f"<b>Begin with {_title(begin)}.</b>{skimmed}{others}"


def _listed(words):
    words = [*words]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _title(lesson):
    return f"{lesson} · {data.course()[lesson]['title']}"


_ALL_RIGHT = {
    "before": "Begin with the sections marked ↗, which go further, or with the exercises at the end of any lesson.",
    "after": "The sections marked ↗ go further.",
}
