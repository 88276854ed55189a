"""What a lesson asks: answers that check themselves, and questions asked before the sliders move.

The texts and numbers are data, one file a lesson (`01.toml` to `08.toml`); the hints of all are in `hints.toml`.
"""

from klcourse.lessons.asking import predict, unlock_all
from klcourse.lessons.checking import Verdict, check, grade

__all__ = ["Verdict", "check", "grade", "predict", "unlock_all"]
