"""Functions that a lesson has its reader write: the right ones, what they are tried on, and the wrong ones.

One module a lesson, `lesson_01.py` to `lesson_08.py`, each with a table `FUNCTIONS` of `Written`, by the exercise's
number. The words of these exercises stand in the lesson's data file.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Written"]


@dataclass(frozen=True)
class Written:
    """What an exercise wants that asks for a function.

    Attributes
    ----------
    right : callable
        What the reader's function should do. What it refuses with a ValueError, theirs has to refuse so too.
    calls : sequence of tuple
        The arguments that both are called with: ordinary ones, zeros, edges, arrays where they are promised, and input
        that must be refused.
    mistakes : dict of str to callable
        Wrong functions by the name of the hint for whoever writes them. A reader's function is one of these if it does
        the same in every call. Each has to differ from `right`, and from the others, in some call.
    """

    right: Callable
    calls: Sequence[tuple]
    mistakes: Mapping[str, Callable]
