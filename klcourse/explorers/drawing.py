"""Small steps that several explorers share."""

import numpy as np
from matplotlib.patches import Polygon

from klcourse.live import style

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


class Scale:
    """The labels of a y axis whose unit changes: they move, so that the axis and all else behind can stay.

    The axis runs in shares of its largest value, one of a few steps. A figure with new limits would have to be drawn
    anew, which takes far longer.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    steps : sequence of float
        The largest values that the axis may have.
    ticks : sequence of float
        Where labels stand, as shares of the largest value; 0 is always labelled.

    >>> from matplotlib.figure import Figure
    >>> scale = Scale(Figure().subplots(), (1, 2, 4))
    >>> scale.fit(1.7), [label.get_text() for label in scale.labels]
    (2, ['1', '2'])
    """

    def __init__(self, axes, steps, ticks=(0.5, 1)):
        self.steps, self.ticks = steps, ticks
        axes.set_yticks((0, *ticks), [""] * (1 + len(ticks)))
        self._label(axes, 0).set_text("0")
        self.labels = [self._label(axes, tick) for tick in ticks]
        widths = []
        for step in steps:
            self.fit(step)
            widths += [label.get_window_extent().width for label in self.labels]
        axes.yaxis.labelpad += max(widths) * 72 / axes.figure.dpi
        self.fit(steps[int(np.argmax(widths)) // len(ticks)])  # the layout finds the widest

    @staticmethod
    def _label(axes, tick):
        place = {"xycoords": axes.get_yaxis_transform(), "textcoords": "offset points", "xytext": (-6.5, 0)}
        return axes.annotate("", (0, tick), **place, ha="right", va="center_baseline", fontsize=12)

    def fit(self, value):
        """Make the axis hold a value, and return its largest one: what is drawn must be divided by it."""
        largest = ceiling(value, self.steps)
        for label, tick in zip(self.labels, self.ticks, strict=True):
            label.set_text(f"{tick * largest:g}".replace("-", "−"))
        return largest
