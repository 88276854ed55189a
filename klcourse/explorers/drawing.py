"""Small steps that several explorers share."""

from numbers import Real

import numpy as np
from matplotlib.patches import Polygon

from klcourse import style

LINE = ("color", "linestyle")


def line(axes, look, **kwargs):
    """Add an empty line in the look of P, Q or M."""
    return axes.plot([], [], **{key: look[key] for key in LINE}, **kwargs)[0]


def signed_areas(axes, label=None):
    """Add two empty areas, filled for positive values and hatched for negative ones."""
    positive = Polygon([(0, 0)], facecolor=style.P["color"], alpha=0.35, linewidth=0)
    negative = Polygon([(0, 0)], facecolor="none", edgecolor=style.INK, hatch="///", linewidth=0)
    axes.add_patch(positive)
    axes.add_patch(negative)
    return positive, negative


def set_areas(areas, x, y):
    """Move the two areas to the positive and the negative part of the curve y(x)."""
    for area, part in zip(areas, (np.maximum(y, 0), np.minimum(y, 0)), strict=True):
        area.set_xy(outline(x, part))


def outline(x, y):
    """Return the corners of the area under the curve y(x), for a polygon."""
    return np.column_stack([np.r_[x[0], x, x[-1]], np.r_[0, y, 0]])


def ceiling(value, steps=(0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)):
    """Return the first of a few fixed axis limits that holds the value, so that limits change seldom."""
    return next((step for step in steps if value <= step), value)


def within(lowest, highest, *numbers):
    """Return whether all are numbers of the range, both ends counted in."""
    return all(isinstance(number, Real) and lowest <= number <= highest for number in numbers)
