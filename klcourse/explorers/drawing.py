"""Small steps that several explorers share."""

import numpy as np
from matplotlib.patches import Polygon

from klcourse.checks import check_number, check_text, listed
from klcourse.live import style

LINE = ("color", "linestyle")
MOST_OUTCOMES = 6  # whose bars find room


# --- arguments that several explorers have ------------------------------------------------------------------------


def unit_of(base):
    """Return the name of the unit in which a logarithm of this base counts.

    >>> unit_of(None), unit_of(2), unit_of(10)
    ('nats', 'bits', 'base-10 units')
    """
    if base is None:
        return "nats"
    check_number("base", base, above=1, remedy="Use None for nats or 2 for bits.")
    return "bits" if base == 2 else f"base-{base:g} units"


def outcome_names(names, count):
    """Return the names of so many outcomes; those without a name get a number.

    >>> outcome_names(["red", "green"], 3)
    ['red', 'green', 'no. 3']
    """
    names = listed("names", names, of="texts, one for each outcome")
    if len(names) > MOST_OUTCOMES:
        raise ValueError(f"names has {len(names)} entries: there are at most {MOST_OUTCOMES} outcomes.")
    for i, name in enumerate(names):
        check_text(f"names[{i}]", name)
    return [*names, *(f"no. {i}" for i in range(len(names) + 1, count + 1))][:count]


def check_few_outcomes(**named):
    """Check that each of the named distributions is one list of so many outcomes as an explorer has room for."""
    for name, p in named.items():
        if np.ndim(p) != 1 or not 2 <= len(p) <= MOST_OUTCOMES:
            raise ValueError(f"{name} has shape {np.shape(p)}: give one list of 2 to {MOST_OUTCOMES} probabilities.")


# --- drawing ------------------------------------------------------------------------------------------------------


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
        return axes.annotate("", (0, tick), **place, ha="right", va="center_baseline", fontsize=12, zorder=-1)

    def fit(self, value):
        """Make the axis hold a value, and return its largest one: what is drawn must be divided by it."""
        largest = ceiling(value, self.steps)
        for label, tick in zip(self.labels, self.ticks, strict=True):
            label.set_text(f"{tick * largest:g}".replace("-", "−"))
        return largest
