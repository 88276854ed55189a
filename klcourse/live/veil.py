"""What an explorer hides from a reader who has not yet answered the question before it."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from klcourse.checks import check_function, shown

__all__ = ["Area", "Veil"]


class Area(NamedTuple):
    """A part of a picture that is covered: a box beside or over one of its axes.

    Attributes
    ----------
    axes : int
        Which one of ``figure.axes``, in the order in which `build` made them.
    left, bottom, right, top : float
        In shares of the axes' width and height: 0 to 1 covers the axes, more than that also ticks, labels and titles.
    """

    axes: int
    left: float = 0.0
    bottom: float = 0.0
    right: float = 1.0
    top: float = 1.0


class Veil(NamedTuple):
    """What an explorer hides until the question before it is answered: what would answer it, and nothing else.

    Attributes
    ----------
    areas : sequence of Area
        What is covered in the picture.
    readout, alt : callable
        What is said instead, ``readout(numbers)`` and ``alt(numbers)``: what can still be seen. `WORDS` follows.

    >>> veil = Veil([Area(1)], lambda numbers: "q = 0.100.", lambda numbers: "Left: bars of P and Q.")
    >>> veil.words_for(veil.readout, {})
    'q = 0.100. The rest is hidden until you have answered.'
    """

    areas: Sequence[Area]
    readout: Callable
    alt: Callable

    def check(self):
        """Check that the parts are what they should be.

        >>> Veil([0], str, str).check()
        Traceback (most recent call last):
        TypeError: areas is [0]: give a list of klcourse.live.Area.
        """
        if isinstance(self.areas, str) or not all(isinstance(area, Area) for area in self.areas):
            raise TypeError(f"areas is {shown(self.areas)}: give a list of klcourse.live.Area.")
        check_function("readout of the veil", self.readout)
        check_function("alt of the veil", self.alt)

    def words_for(self, words_of, numbers):
        """Return what `readout` or `alt` says, and that something is hidden."""
        return f"{words_of(numbers)} {WORDS}".strip()


WORDS = "The rest is hidden until you have answered."
