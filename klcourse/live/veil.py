"""What an explorer hides from a reader who has not yet answered the question before it."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

__all__ = ["HIDDEN", "Area", "Veil"]


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
        What is said instead, ``readout(numbers)`` and ``alt(numbers)``: what can still be seen. `HIDDEN` follows.
    """

    areas: Sequence[Area]
    readout: Callable
    alt: Callable


HIDDEN = "The rest is hidden until you have answered."
