"""What the reader has answered since the kernel started, and a summary of it. Nothing is stored anywhere."""

import html
from collections.abc import Mapping

from klcourse.checks import check_option
from klcourse.lessons import data

__all__ = ["Progress", "forget", "progress", "remember", "remember_question"]

_verdicts, _questions = {}, {}


def remember(exercise, verdict):
    """Keep the last verdict on an exercise. What is solved stays solved, and three dots are no try."""
    last = _verdicts.get(exercise)
    if verdict.hint != "unanswered" and not (last and last.correct):
        _verdicts[exercise] = verdict


def remember_question(question, right):
    """Keep whether the first answer to a question was the right one."""
    _questions.setdefault(question, right)


def forget():
    """Start anew."""
    _verdicts.clear()
    _questions.clear()


def progress(lesson):
    """Show what the reader can do by now: each objective of a lesson with its exercises, and the questions.

    Parameters
    ----------
    lesson : str
        Its number, such as "03".

    Returns
    -------
    Progress
        A table in a notebook, lines of text elsewhere. It knows what `check` and `predict` were told since the kernel
        started, and nothing of the solutions.

    Raises
    ------
    ValueError
        If there is no such lesson.

    >>> print(str(progress("01")).splitlines()[0])
    What you can do after lesson 01, as far as your answers show it
    """
    check_option("lesson", lesson, [*data.lessons()])
    return Progress(lesson, _verdicts, _questions)


class Progress:
    """The state of a lesson's objectives and questions, at the time of asking."""

    def __init__(self, lesson, verdicts: Mapping, questions: Mapping):
        self.title = f"What you can do after lesson {lesson}, as far as your answers show it"
        parts = data.lessons()[lesson]["exercises"]
        self.rows = [
            (objective["words"].replace("**", ""), *_state([p for p in parts if _belongs(p, objective)], verdicts))
            for objective in data.objectives(lesson)
        ]
        self.questions = {name: questions.get(name) for name in data.lessons()[lesson]["questions"]}

    def __repr__(self):
        lines = [self.title]
        for number, (words, state, details) in enumerate(self.rows, 1):
            lines += [f"{number}. {words} {state}.", *(f"   {line}" for line in details)]
        return "\n".join([*lines, f"Questions before the pictures: {self._asked()}."])

    def _asked(self):
        words = {True: "right at once", False: "wrong at first", None: "not answered"}
        return ", ".join(f"{name} {words[right]}" for name, right in self.questions.items())

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/plain": repr(self), "text/html": self._as_table()}

    def _as_table(self):
        rows = "".join(
            f'<tr><th scope="row" style="{_CELL}">{number}. {html.escape(words)}</th><td style="{_CELL}"><b>{state}</b>'
            + "".join(f"<br>{html.escape(line)}" for line in details)
            + "</td></tr>"
            for number, (words, state, details) in enumerate(self.rows, 1)
        )
        head = f'<tr><th scope="col" style="{_CELL}">objective</th><th scope="col" style="{_CELL}">exercises</th></tr>'
        caption = f'<caption style="text-align:left;padding:4px 0"><b>{self.title}</b></caption>'
        return (
            f'<div lang="en"><table style="font-size:100%">{caption}<thead>{head}</thead><tbody>{rows}</tbody></table>'
            f"<p>Questions before the pictures: {self._asked()}.</p></div>"
        )


_CELL = "text-align:left;vertical-align:top;font-weight:inherit;max-width:32em;white-space:normal"


def _belongs(part, objective):
    """Whether a part such as "1.2c" is one of an objective's exercises, which are named "1.2" or "1.2c"."""
    return part in objective["exercises"] or part.rstrip("abcdefgh") in objective["exercises"]


def _state(parts, verdicts):
    """How far the reader is with these parts: in a word, and in lines with the last hint for each part tried."""
    solved = [part for part in parts if part in verdicts and verdicts[part].correct]
    tried = [part for part in parts if part in verdicts and part not in solved]
    still_open = [part for part in parts if part not in verdicts]
    word = "solved" if len(solved) == len(parts) else f"{len(solved)} of {len(parts)} solved"
    details = [f"solved: {', '.join(solved)}"] if solved and len(solved) < len(parts) else []
    details += [f"tried: {part}, {verdicts[part].message.partition(': ')[2]}" for part in tried]
    return word, details + ([f"open: {', '.join(still_open)}"] if still_open else [])
