"""What a lesson asks: answers that check themselves, and questions asked before the sliders move.

The texts and numbers are data, one file a lesson (`01.toml` to `08.toml`):

- `objectives`, in Markdown, as the notebook shows them;
- `[points]`: what an exercise is worth where it is graded, shared equally among its parts; bonus exercises earn none;
- `[questions]`: what is asked before an explorer's sliders move, the answers to choose from, the feedback to each; the
  numbers in these texts that are `given`, and those that come `from` an expression;
- `[exercises]`: the answer, and the mistakes people make, each with the number it gives and the name of its hint in
  `hints.toml`. A number is right within a relative tolerance of 0.001 unless `tolerance` says otherwise. `from` is the
  expression that a number comes from: `tests/test_lessons.py` evaluates it, a kernel never does.
"""

from klcourse.lessons.asking import predict, unlock_all
from klcourse.lessons.checking import Verdict, check, grade

__all__ = ["Verdict", "check", "grade", "predict", "unlock_all"]
