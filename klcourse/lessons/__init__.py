"""What a lesson asks: answers that check themselves, and questions asked before the sliders move.

The texts and numbers are data, one file a lesson (`01.toml` to `08.toml`):

- `objectives`: their words in Markdown, as the notebook shows them, and the `exercises` that test each;
- `[points]`: what an exercise is worth where it is graded, shared equally among its parts; bonus exercises earn none;
- `[questions]`: what is asked before an explorer's sliders move, the answers to choose from, the feedback to each; the
  numbers in these texts that are `given`, and those that come `from` an expression;
- `[exercises]`: the answer, and the mistakes people make, each with the number it gives and the name of its hint in
  `hints.toml`. A number is right within a relative tolerance of 0.001 unless `tolerance` says otherwise. `from` is the
  expression that a number comes from: `tests/test_lessons.py` evaluates it, a kernel never does. An exercise without an
  answer asks for a function, which `functions/lesson_01.py` to `lesson_08.py` hold. `kind` is "code", "derive" or
  "judge" where an exercise is one of these;
- `[hints]`, if there are any that only this lesson gives.

`ten_questions` are asked before and after the course.
"""

from klcourse.lessons.asking import predict, unlock_all
from klcourse.lessons.checking import Verdict, check, confirm, grade
from klcourse.lessons.own import grade_own, own_numbers
from klcourse.lessons.record import progress
from klcourse.lessons.ten_questions import ten_questions

__all__ = [
    "Verdict",
    "check",
    "confirm",
    "grade",
    "grade_own",
    "own_numbers",
    "predict",
    "progress",
    "ten_questions",
    "unlock_all",
]
