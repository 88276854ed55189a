"""The map of the lessons, and the pictures that some of the ten questions ask about."""

import textwrap
from functools import cache

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from klcourse.lessons import data
from klcourse.live import style
from klcourse.live.still import drawn

__all__ = ["BELLS", "TARGETS", "drawn_as_html", "map_of_lessons"]

# Weights, means and standard deviations of the two humps of p; mean, standard deviation and the place of the name of
# each bell.
TARGETS = {"before": ([0.4, 0.6], [-2, 2], [0.5, 0.5]), "after": ([0.7, 0.3], [0, 4], [0.5, 0.5])}
BELLS = {
    "before": {"A": (0, 0.5, 0), "B": (0.4, 2.02, 4.2), "C": (2, 0.5, 2)},
    "after": {"A": (0, 0.5, 0), "B": (2, 0.5, 2), "C": (1.2, 1.9, -1.9)},
}
# Centres of the same seven groups, well apart in ten dimensions, where three descents from random starts took them,
# with KLs from 0.197 to 0.205 nats. Left without a name: those that no question mentions.
_MIDDLES = [
    {"A": (-1.1, -0.2), "B": (-0.9, 1.1), "C": (1.3, -0.3), "": [(0.9, 1.1), (0.1, 0.4), (0.3, -0.7), (-0.5, -1.4)]},
    {"A": (0.6, 1.1), "B": (-1.2, -0.1), "C": (1.2, 0.0), "": [(-0.6, -1.1), (0.6, -1.0), (-0.7, 1.1), (0.0, 0.1)]},
    {"A": (0.9, -1.0), "B": (-0.1, -1.0), "C": (-1.2, 0.5), "": [(-0.2, 0.9), (0.6, 0.0), (-0.8, -0.4), (0.8, 1.0)]},
]
MAPS = {"one_map": _MIDDLES[2:], "two_maps": _MIDDLES[:2]}


@cache
def drawn_as_html(name, alt):
    """Draw one of the pictures: a target under three bells, or maps with seven groups.

    >>> drawn_as_html("before", "Three bells over a curve with two humps.").startswith("<img")
    True
    """
    with matplotlib.rc_context(style.SETTINGS):
        figure = _bells(name) if name in BELLS else _maps(MAPS[name])
        return drawn(figure, alt)[0]["text/html"]


def _bell(x, mean, sd):
    return np.exp(-(((x - mean) / sd) ** 2) / 2) / (sd * np.sqrt(2 * np.pi))


def _bells(name):
    figure = Figure(figsize=(7, 3))
    axes = figure.subplots()
    x = np.linspace(-6, 8, 561)
    p = sum(weight * _bell(x, mean, sd) for weight, mean, sd in zip(*TARGETS[name], strict=True))
    axes.fill_between(x, p, color=style.P["color"], alpha=0.35, linewidth=0)
    for letter, (mean, sd, at) in BELLS[name].items():
        axes.plot(x, _bell(x, mean, sd), color=style.Q["color"], linewidth=2)
        axes.text(at, _bell(at, mean, sd) + 0.02, letter, color=style.Q["text"], ha="center", va="bottom")
    axes.text(-5.8, 0.85, "filled: p", va="center", color=style.P["text"])
    axes.text(-5.8, 0.73, "lines: q", va="center", color=style.Q["text"])
    axes.set(xlabel="x", ylabel="density", ylim=(0, 0.98), xlim=(x[0], x[-1]))
    return figure


def _maps(maps):
    figure = Figure(figsize=(3.6 * len(maps), 3.2))
    rng = np.random.default_rng(8)
    for axes, groups in zip(np.ravel(figure.subplots(1, len(maps))), maps, strict=True):
        looks = {"A": style.P, "B": style.Q, "C": style.M}
        named = [(letter, look["color"], look["text"], groups[letter]) for letter, look in looks.items()]
        for letter, colour, text, centre in [*named, *(("", style.GREY, style.GREY, centre) for centre in groups[""])]:
            radius, angle = 0.24 * np.sqrt(rng.random(40)), 2 * np.pi * rng.random(40)
            points = np.array(centre) + np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
            axes.scatter(*points.T, s=10, color=colour, linewidths=0)
            axes.text(centre[0] + 0.3, centre[1], letter, color=text, ha="left", va="center", fontsize=15)
        axes.set(xlim=(-1.75, 1.85), ylim=(-1.75, 1.5), xticks=[], yticks=[], aspect="equal")
        axes.spines[["top", "right"]].set_visible(True)
    return figure


# --- the map ------------------------------------------------------------------------------------------------------

_PLACES = {
    "01": (0, 1),
    "02": (1, 1),
    "03": (2, 0),
    "04": (2, 1),
    "05": (3, 0),
    "06": (3, 1),
    "07": (4, 0.5),
    "08": (3, 2),
}
_BOX = {"boxstyle": "round,pad=0.35", "facecolor": "white", "edgecolor": style.P["color"], "linewidth": 1.5}


def map_of_lessons():
    """Draw which lesson builds on which. An arrow that two others make is left out.

    Returns
    -------
    matplotlib.figure.Figure

    >>> len(map_of_lessons().axes[0].texts) - len(_PLACES)  # the arrows
    9
    """
    with matplotlib.rc_context(style.SETTINGS):
        figure = Figure(figsize=(7.4, 3.2))
        axes = figure.subplots()
        boxes = {
            number: axes.text(
                *_PLACES[number], f"{number}\n{textwrap.fill(lesson['title'], 11)}", ha="center", va="center", bbox=_BOX
            )
            for number, lesson in data.course().items()
        }
        for number, before in arrows():
            look = {"arrowstyle": "-|>", "color": style.INK, "shrinkA": 2, "shrinkB": 4, "linewidth": 1.5}
            look |= {"patchA": boxes[before], "patchB": boxes[number]}
            axes.annotate("", _PLACES[number], _PLACES[before], arrowprops=look, zorder=0)
        axes.set(xlim=(-0.5, 4.5), ylim=(2.5, -0.5))
        axes.axis("off")
    return figure


def arrows():
    """Yield (a lesson, one it builds on), without those that follow from others.

    >>> ("03", "02") in arrows(), ("03", "01") in arrows()
    (True, False)
    """
    course = data.course()

    def all_before(number):
        return {found for need in course[number]["needs"] for found in (need, *all_before(need))}

    for number, lesson in course.items():
        implied = {found for need in lesson["needs"] for found in all_before(need)}
        yield from ((number, need) for need in lesson["needs"] if need not in implied)
