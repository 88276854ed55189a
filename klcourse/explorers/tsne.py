"""The explorers of notebook 08: the perplexity of a point, the forces on a map, and a map of digits as it descends."""

import math
from functools import lru_cache

import numpy as np
from matplotlib.figure import Figure

from klcourse.checks import bounded, check_option, numbers, shown
from klcourse.divergence import entropy
from klcourse.explorers.drawing import Scale, line
from klcourse.live import Area, Explorer, Picture, Range, Veil, choice, slider, style, toggle
from klcourse.mnist import load_mnist
from klcourse.tsne import (
    calibrate,
    descend,
    joint_affinities,
    kl_both_ways,
    nearest,
    neighbour_affinities,
    pull_and_push,
)

__all__ = ["digit_map", "forces", "neighbours"]


def _signed(value, decimals=2):
    return f"{value:.{decimals}f}".replace("-", "−")


# --- (a) the perplexity of one point ------------------------------------------------------------------------------

_PERPLEXITY, _DISTANCE = Range(1.05, 3.95, 0.05), Range(0.5, 8, 0.05)
_DISTANCES = np.linspace(0, _DISTANCE.highest + 0.4, 400)


def neighbours(perplexity=2.0, distances=(1, 2, 3, 4)):
    """Choose a perplexity and move four neighbours: the Gaussian around the point widens until e^H fits.

    Parameters
    ----------
    perplexity : float in [1.05, 3.95]
    distances : array_like, shape (4,)
        From the point to each neighbour, in [0.5, 8].

    Returns
    -------
    klcourse.live.Explorer
        The Gaussian over the distance, and the affinities beside as many equal ones as the perplexity says.

    Raises
    ------
    ValueError
        If an argument lies outside its range.

    >>> neighbours().text
    'σ = 1.1385, that is β = 0.3857. H = 0.6931 nats, and e^H = 2.00 equally likely neighbours.'
    """
    distances = numbers("distances", distances)
    if distances.shape != (4,):
        raise ValueError(f"distances is {shown(distances.tolist())}: give four numbers.")
    controls = {"perplexity": slider("perplexity", _PERPLEXITY.check("perplexity", perplexity), *_PERPLEXITY)}
    for i, distance in enumerate(distances, 1):
        controls[f"d{i}"] = slider(f"distance {i}", _DISTANCE.check(f"distances[{i - 1}]", distance.item()), *_DISTANCE)
    return Explorer(_neighbours, Picture(_draw_neighbours), controls, _neighbours_readout, _neighbours_alt)


def _neighbours(perplexity, **distances):
    distances = np.array([*distances.values()])
    nearest = distances == distances.min()
    reached = perplexity > nearest.sum()
    if reached:
        precision = calibrate(distances**2, perplexity)
        p = neighbour_affinities(distances**2, precision)
        sd, weights = 1 / math.sqrt(2 * precision), np.exp(-precision * distances**2)
    else:  # the limit of a Gaussian without width
        precision, sd, p, weights = math.inf, 0.0, nearest / nearest.sum(), np.zeros(4)
    numbers = {"distances": distances, "precision": precision, "sd": sd, "p": p, "weights": weights}
    return numbers | {"perplexity": perplexity, "entropy": entropy(p), "reached": reached, "nearest": nearest.sum()}


def _draw_neighbours(figure):
    left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
    left.set(xlim=(0, _DISTANCES[-1]), ylim=(0, 1.36), xlabel="distance from the point", yticks=(0, 0.5, 1))
    left.set_ylabel("exp(−β d²)")
    right.set(xlim=(0.4, 4.6), ylim=(0, 1.04), xticks=(1, 2, 3, 4), yticks=(0, 0.5, 1), xlabel="neighbour")
    right.set_ylabel("affinity p")
    curve = line(left, style.P)
    width = left.plot([], [], color=style.INK, linewidth=1.5, marker="|", markersize=9)[0]
    name = left.text(0, 0, "", va="center")
    stems = left.plot([], [], color=style.GREY, linewidth=1.5)[0]
    dots = [left.plot([], [], marker=f"${i}$", color=style.P["text"], markersize=11)[0] for i in range(1, 5)]
    bars = right.bar(range(1, 5), 0.1, 0.8, color=style.P["color"])
    equal = right.bar([0.5], [1], [1], align="edge", color="none", edgecolor=style.Q["color"], linestyle="--")[0]
    equal.set_linewidth(2)
    words = {"color": style.Q["text"], "ha": "right", "va": "top", "transform": right.transAxes}
    number = right.text(1, 1, "", **words)
    right.text(1, 0.91, "equal neighbours", **words)

    def draw(n):
        curve.set_data(_DISTANCES, np.exp(-n["precision"] * _DISTANCES**2) if n["reached"] else 0 * _DISTANCES)
        width.set_data([0, n["sd"]], [math.exp(-0.5)] * 2)
        width.set_visible(n["reached"])
        outside = n["sd"] > 6
        name.set(text=f"σ = {n['sd']:.2f}" if n["reached"] else "σ → 0", ha="right" if outside else "left")
        name.set_position((7.7, 0.54) if outside else (n["sd"] + 0.2, math.exp(-0.5)))
        # One line for all four: from 0 to the weight, and a gap.
        heights = np.column_stack([np.zeros(4), n["weights"], np.full(4, np.nan)])
        stems.set_data(np.repeat(n["distances"], 3), heights.ravel())
        levels = []  # digits that would cover each other stand on different levels
        for i, (d, height) in enumerate(zip(n["distances"], n["weights"], strict=True)):
            taken = {levels[j] for j in range(i) if abs(n["distances"][j] - d) < 0.3}
            levels.append(min({0, 1, 2, 3} - taken))
            dots[i].set_data([d], [height + 0.08 + 0.1 * levels[i]])
        for bar, p in zip(bars, n["p"], strict=True):
            bar.set_height(p)
        effective = math.exp(n["entropy"])
        equal.set(width=effective, height=1 / effective)
        number.set_text(f"dashed: {effective:.2f}")

    return [curve, width, stems, *dots, name, *bars, equal, number], draw


def _neighbours_readout(n):
    h = f"H = {style.amount(n['entropy'])}"
    if not n["reached"]:
        return f"Out of reach: {n['nearest']} neighbours are equally near. With σ → 0, {h}."
    precision = style.amount(n["precision"], "").strip()
    return (
        f"σ = {n['sd']:.4f}, that is β = {precision}. {h}, and e^H = {n['perplexity']:.2f} equally likely neighbours."
    )


def _neighbours_alt(n):
    rows = "; ".join(f"{d:.2f} away, p {p:.4f}" for d, p in zip(n["distances"], n["p"], strict=True))
    return (
        f"A Gaussian over the distance, and bars of the affinities of four neighbours: {rows}. {_neighbours_readout(n)}"
    )


# --- (b) attraction and repulsion ---------------------------------------------------------------------------------

# Two groups of three points, as data and as a map with a small KL.
DATA = [[0, 0], [1, 0], [0.4, 0.9], [4, 0], [5.1, 0], [4.5, 0.8]]
MAP = np.array([[-6.7, 0.7], [-5.3, 0.1], [-6.6, -0.8], [5.3, 0.2], [6.8, 0.6], [6.4, -0.8]])
_PLACES, _HEIGHTS = Range(-9, 9, 0.05), Range(-5, 5, 0.05)
_ACROSS = np.linspace(*_PLACES[:2], 181)
_TOPS = (2.5, 5, 10, 20, 40, 80, 160)


def forces(across=-3.0, up=3.0, kernel="student"):
    """Move one point of a map of six, and see what pulls it, what pushes it, and what KL(P‖Q) says to it.

    Parameters
    ----------
    across : float in [-9, 9]
    up : float in [-5, 5]
        Where the point stands.
    kernel : {"student", "gauss"}
        The weight of a map distance d: 1 / (1 + d²), as in t-SNE, or exp(-d²), as in its forerunner SNE.

    Returns
    -------
    klcourse.live.Explorer
        The map with its arrows, whose lengths grow with the forces, and the KL in both directions along a
        horizontal line through the point.

    Raises
    ------
    ValueError
        If an argument lies outside its range.

    >>> forces().text
    'KL(P‖Q) = 0.2954 nats, KL(Q‖P) = 0.2028 nats. Pull 0.1423, push 0.0326, together 0.1101.'
    """
    check_option("kernel", kernel, ("student", "gauss"))
    controls = {
        "across": slider("across", _PLACES.check("across", across), *_PLACES),
        "up": slider("up", _HEIGHTS.check("up", up), *_HEIGHTS),
        "kernel": choice("kernel", [("Student-t: 1/(1 + d²)", "student"), ("Gaussian: exp(−d²)", "gauss")], kernel),
    }
    p = joint_affinities(DATA, perplexity=2.3)

    def compute(across, up, kernel):
        return _forces(p, np.array([across, up]), kernel)

    # The curves say how the force on A changes with its place.
    veil = Veil([Area(1)], _forces_in_words, lambda n: f"{_map_in_words(n)} {_forces_in_words(n)}")
    return Explorer(compute, Picture(_draw_forces), controls, _forces_readout, _forces_alt, veil)


def _forces(p, point, kernel):
    """The forces on the first point of the map, and both KL with it on each place of a line and where it stands."""
    maps = np.repeat(MAP[np.newaxis], _ACROSS.size + 1, axis=0)
    maps[:, 0] = np.vstack([np.column_stack([_ACROSS, np.full(_ACROSS.size, point[1])]), point])
    kl, reverse = kl_both_ways(p, maps, kernel)
    pull, push = pull_and_push(p, maps[-1], 0, kernel)
    numbers = {"point": point, "kernel": kernel, "arrows": np.array([pull, push, pull + push])}
    numbers["sizes"] = np.hypot(*numbers["arrows"].T)
    return numbers | {"curve": kl[:-1], "reverse_curve": reverse[:-1], "kl": kl[-1], "reverse": reverse[-1]}


def _draw_forces(figure):
    plane, curves = figure.subplots(1, 2)
    # Placed by hand, in inches: the map keeps its proportions, and nothing shifts with the labels of the ticks.
    for axes, place in ((plane, (0.1, 0.45, 4.2, 2.83)), (curves, (5.0, 0.62, 2.25, 2.85))):
        axes.set_position(np.divide(place, [*figure.get_size_inches()] * 2))
    plane.set(xlim=(-9.8, 9.8), ylim=(-6.6, 6.6), xticks=(), yticks=())
    plane.spines[:].set_visible(False)
    for place, name in zip(MAP[1:], "BCDEF", strict=True):
        plane.plot(*place, "o", color=style.PANEL, markeredgecolor=style.GREY, markeredgewidth=1.5, markersize=17)
        plane.text(*place, name, ha="center", va="center_baseline", fontsize=12)
    looks = {"angles": "xy", "scale_units": "xy", "scale": 1, "zorder": 3}
    kinds = (
        {"facecolor": style.P["color"], "width": 0.014},
        {"facecolor": style.PANEL, "edgecolor": style.Q["color"], "linewidth": 1.8, "width": 0.014},
        {"facecolor": style.INK, "width": 0.008},
    )
    arrows = [plane.quiver([0], [0], [1], [0], **looks, **kind) for kind in kinds]
    for x, word, colour in zip((0, 0.16, 0.34), ("pull", "push", "together"), _WORDS, strict=True):
        plane.text(x, 1.01, word, color=colour, va="bottom", weight="bold", transform=plane.transAxes)
    dot = plane.plot(
        [], [], "o", markeredgecolor=style.INK, markeredgewidth=2.5, color=style.PANEL, markersize=17, zorder=4
    )[0]
    name = plane.text(0, 0, "A", ha="center", va="center_baseline", weight="bold", fontsize=12, zorder=5)
    level = plane.axhline(0, color=style.GREY, linewidth=1, linestyle=":")
    curves.set(xlim=(-9, 9), xticks=(-6, 0, 6), ylim=(-0.02, 1.03), xlabel="A across", ylabel="nats")
    scale = Scale(curves, _TOPS)
    curves.text(0, 1.01, "KL(P‖Q)", color=style.P["text"], va="bottom", transform=curves.transAxes)
    curves.text(1, 1.01, "KL(Q‖P)", color=style.Q["text"], va="bottom", ha="right", transform=curves.transAxes)
    forward, backward = line(curves, style.P), line(curves, style.Q)
    dots = [
        curves.plot([], [], "o", color=look["color"], markersize=10, clip_on=False)[0] for look in (style.P, style.Q)
    ]

    def draw(n):
        for arrow, vector, size in zip(arrows, n["arrows"], n["sizes"], strict=True):
            arrow.set_offsets([n["point"]])
            # Long enough to be seen, short enough to fit: the length rises with the force up to 6.
            arrow.set_UVC(*(6 * vector / math.sqrt(max(size + size**2, 1e-12)))[:, np.newaxis])
        dot.set_data(*n["point"][:, np.newaxis])
        name.set_position(n["point"])
        level.set_ydata([n["point"][1]] * 2)
        top = scale.fit(max(n["curve"].max(), n["reverse_curve"].max()))
        forward.set_data(_ACROSS, n["curve"] / top)
        backward.set_data(_ACROSS, n["reverse_curve"] / top)
        for mark, value in zip(dots, (n["kl"], n["reverse"]), strict=True):
            mark.set_data([n["point"][0]], [value / top])

    return [level, *arrows, dot, name, forward, backward, *dots, *scale.labels], draw


_WORDS = style.P["text"], style.Q["text"], style.INK


def _forces_readout(n):
    both = f"KL(P‖Q) = {style.amount(n['kl'])}, KL(Q‖P) = {style.amount(n['reverse'])}"
    return f"{both}. {_forces_in_words(n)}"


def _forces_in_words(n):
    pull, push, together = (f"{size:.4f}" for size in n["sizes"])
    return f"Pull {pull}, push {push}, together {together}."


def _forces_alt(n):
    return f"{_map_in_words(n)} Right: curves of both KL along a line through A. {_forces_readout(n)}"


def _map_in_words(n):
    x, y = (_signed(value) for value in n["point"])
    kernel = {"student": "Student-t", "gauss": "Gaussian"}[n["kernel"]]
    return (
        f"Left: a map of two groups, A, B, C and D, E, F, with A at ({x}, {y}) and arrows for its pull and push under "
        f"the {kernel} kernel."
    )


def both_groups(places, pull, push):
    """The figure of section 8.3: the two groups of a map of six, each enlarged, with the forces on every point.

    Parameters
    ----------
    places, pull, push : ndarray, shape (6, 2)

    Returns
    -------
    matplotlib.figure.Figure

    >>> both_groups(MAP, 0.1 * MAP, -0.1 * MAP).axes[1].texts[-1].get_text()
    'length: root of the force,\\nthe same scale on both sides'
    """
    figure = Figure(figsize=(7, 3.4))
    left, right = figure.subplots(1, 2)
    looks = {"color": style.P["color"]}, {"facecolor": style.PANEL, "edgecolor": style.Q["color"], "linewidth": 1.5}
    shape = {"width": 0.014, "headwidth": 3.5, "headlength": 4, "headaxislength": 4, "minlength": 0}
    for axes, group, (x, up), reach in ((left, range(3), (-4.9, 0.9), 3.4), (right, range(3, 6), (6.15, 0), 2.2)):
        for force, look in zip((pull, push), looks, strict=True):
            for i in group:  # an arrow starts at the rim of its point and is as long as the root of its force
                size = np.hypot(*force[i])
                start, arrow = places[i] + 0.077 * reach * force[i] / size, 0.4 * reach * force[i] / math.sqrt(size)
                axes.quiver(*start, *arrow, angles="xy", scale_units="xy", scale=1, **shape, **look)
        for i in group:
            axes.plot(*places[i], "o", color=style.PANEL, markeredgecolor=style.GREY, markersize=16)
            axes.text(*places[i], "ABCDEF"[i], ha="center", va="center_baseline", fontsize=12)
        axes.set(aspect="equal", xticks=[], yticks=[], xlim=(x - reach, x + reach), ylim=(up - reach, up + reach))
        axes.spines[:].set_visible(False)
    left.text(-4.6, -1.5, "filled: pull (from p)", color=style.P["text"])
    left.text(-4.6, -2.2, "hollow: push (from q)", color=style.Q["text"])
    right.text(6.15, -2.15, "length: root of the force,\nthe same scale on both sides", ha="center", color=style.GREY)
    return figure


# --- (c) a map of digits ------------------------------------------------------------------------------------------

_KINDS = {0: "#01588a", 1: "#c2281d", 3: "#6d3fb0", 4: "#9a5b00", 6: "#007a5a"}  # digits and their colours
_SHOWN, _LAST, _EXAGGERATED = 250, 500, 60  # how many steps `descend` exaggerates
_PERPLEXITIES = (2, 5, 20, 80)


def digit_map(digits=None, perplexity=20):
    """Play the descent of a t-SNE map of 250 digits of five kinds, step by step.

    Parameters
    ----------
    digits : tuple (images, labels), optional
        Images of shape (n, 784), or any data with one point a row, and the digit of each, one of 0, 1, 3, 4, 6.
        Left out, the first 250 such test images of MNIST.
    perplexity : {2, 5, 20, 80}

    Returns
    -------
    klcourse.live.Explorer
        The map, each image drawn as its digit, and KL(P‖Q) over the steps.

    Raises
    ------
    ValueError, TypeError
        If labels and images do not fit, there are fewer than 100 or more than 1000, or the perplexity is none of those.

    >>> digit_map().text
    'Step 500: KL(P‖Q) = 0.416 nats. Nearest on the map: the same digit for 95.2 %. Width 40.'
    """
    images, labels = _images_and_labels(some_digits() if digits is None else digits)
    check_option("perplexity", perplexity, _PERPLEXITIES)
    affinities = lru_cache(lambda perplexity: joint_affinities(images, perplexity))
    affinities(perplexity)  # here it says what is wrong with the images

    @lru_cache(maxsize=8)
    def path(perplexity, exaggerate, start):
        y = np.random.default_rng(start).normal(0, 0.01, size=(len(images), 2))
        return _Path(lambda: descend(affinities(perplexity), y, exaggeration=4 if exaggerate else 1))

    def compute(step, perplexity, exaggerate, start):
        y, kls = path(perplexity, exaggerate, start).up_to(step)
        same = 100 * np.mean(labels[nearest(y)] == labels)
        shape = {"width": float(np.ptp(y, axis=0).max()), "same": same}
        return {"step": step, "y": y, "kl": kls[-1], "kls": kls, "exaggerate": exaggerate, **shape}

    controls = {
        "step": slider("step", _LAST, 0, _LAST, 1, play=True),
        "start": slider("random start", 0, 0, 9, 1),
        "perplexity": choice("perplexity", list(_PERPLEXITIES), perplexity),
        "exaggerate": toggle("4 times the pull, up to step 60", True),
    }
    return Explorer(compute, Picture(_draw_map(labels), (7.4, 4.1)), controls, _map_readout, _map_alt)


def _images_and_labels(digits):
    if not isinstance(digits, tuple | list) or len(digits) != 2:
        raise ValueError(f"digits is {shown(digits)}: it must be a pair: images, one a row, and their labels.")
    images, labels = bounded("images of digits", digits[0]), numbers("labels of digits", digits[1])
    fits = images.ndim == 2 and labels.shape == images.shape[:1] and 100 <= len(images) <= 1000
    if not fits or not np.isin(labels, list(_KINDS)).all():
        raise ValueError("digits must hold 100 to 1000 images, one a row, and for each its label: 0, 1, 3, 4 or 6.")
    return images, labels


@lru_cache(maxsize=1)
def some_digits():
    """The first 250 test images of MNIST that show one of the five kinds, one a row from 0 to 1, and their labels."""
    mnist = load_mnist()
    chosen = np.flatnonzero(np.isin(mnist.test_labels, list(_KINDS)))[:_SHOWN]
    return mnist.test_images[chosen].reshape(_SHOWN, -1) / 255, mnist.test_labels[chosen]


def two_unknown_data():
    """Two arrays of 250 points in ten dimensions, for exercise 8.8, so that its cell does not tell how they were made.

    >>> [data.shape for data in two_unknown_data()]
    [(250, 10), (250, 10)]
    """
    rng = np.random.default_rng(18)  # at perplexity 30, t-SNE tears the first from random start 0, not from 1 to 4
    first = rng.normal(0, 0.3, size=(250, 10))  # evenly along a segment ...
    first[:, 0] += 20 * rng.permutation(250) / 249
    second = rng.normal(size=(250, 10))  # ... and three groups, of 84, 83 and 83
    second[np.arange(250), rng.permutation(np.arange(250) % 3)] += 4
    return first, second


def digit_maps(maps, labels, values=None, unit=""):
    """The figure of one map of digits or more: each point is drawn as its digit, in the colour of its kind or value.

    Parameters
    ----------
    maps : dict of str to ndarray, shape (n, 2)
        By their titles, from left to right.
    labels : ndarray, shape (n,)
        The digit of each point: 0, 1, 3, 4 or 6.
    values : ndarray, shape (n,), optional
        Not negative: the larger, the darker.
    unit : str
        What stands beside the scale of the values.

    Returns
    -------
    matplotlib.figure.Figure

    >>> digit_maps({"one": np.eye(5)[:, :2]}, np.array([0, 1, 3, 4, 6])).axes[0].get_title("left")
    'one'
    """
    figure, panels = _panels(maps)
    for axes, y in zip(panels, maps.values(), strict=True):
        for kind, colour in _KINDS.items():
            chosen = labels == kind
            look = {"color": colour}
            if values is not None:
                look = {"c": values[chosen], "cmap": "copper_r", "vmin": 0, "vmax": values.max()}
            dots = axes.scatter(*y[chosen].T, s=50 if len(maps) == 1 else 26, marker=f"${kind}$", linewidth=0, **look)
        if values is not None:
            figure.colorbar(dots, label=unit)
        axes.spines[:].set_visible(False)
    return figure


def cloud_maps(clouds):
    """The figure of maps of clouds, or of their data, side by side.

    Parameters
    ----------
    clouds : dict of str to tuple (points, counts)
        By their titles: points of shape (n, 2 or more), of which the first two coordinates are drawn, and how many of
        them are in each cloud, for at most three clouds.

    Returns
    -------
    matplotlib.figure.Figure

    >>> len(cloud_maps({"two": (np.eye(4), (3, 1)), "one": (np.eye(4), (4,))}).axes[0].lines)
    2
    """
    figure, panels = _panels(clouds)
    for axes, (points, counts) in zip(panels, clouds.values(), strict=True):
        for part, marker in zip(np.split(points, np.cumsum(counts)[:-1]), "osv", strict=False):
            axes.plot(part[:, 0], part[:, 1], marker, markersize=3)
    return figure


def _panels(maps):
    """A figure with a panel for each title: in one row, or from six on in rows of three."""
    across = len(maps) if len(maps) < 6 else 3
    rows = math.ceil(len(maps) / across)
    figure = Figure(figsize=(5.6 if across == 1 else 8.4, rows * min(3.8, 8.4 / across + 0.5)))
    panels = figure.subplots(rows, across, squeeze=False).ravel()
    for axes, title in zip(panels, maps, strict=True):
        axes.set_aspect("equal", adjustable="datalim")
        axes.set(xticks=[], yticks=[])
        axes.set_title(title, fontsize=12, loc="left")
    return figure, panels


class _Path:
    """A descent that goes on as far as it is asked for, and remembers its way; `begin` makes its iterator."""

    def __init__(self, begin):
        self.begin = begin
        self.restart()

    def restart(self):
        self.steps, self.kls, self.maps = self.begin(), [], []

    def up_to(self, step):
        try:
            while len(self.maps) <= step:
                kl, y = next(self.steps)
                self.kls.append(kl)
                self.maps.append(y)
        except BaseException:  # an interrupt ends an iterator for good
            self.restart()
            raise
        return self.maps[step], np.array(self.kls[: step + 1])


def _draw_map(labels):
    def build(figure):
        plane, curve = figure.subplots(1, 2, width_ratios=(1.45, 1))
        plane.set(xlim=(-1.06, 1.06), ylim=(-1.06, 1.06), xticks=(), yticks=(), box_aspect=1)
        for side in plane.spines.values():
            side.set_visible(False)
        looks = {"linestyle": "none", "markersize": 8, "markeredgewidth": 0}
        kinds = {k: plane.plot([], [], marker=f"${k}$", color=c, **looks)[0] for k, c in _KINDS.items()}
        curve.set(
            xlim=(0, _LAST), ylim=(0, 1), xlabel="step", ylabel="KL(P‖Q), nats", xticks=(0, _EXAGGERATED, 250, _LAST)
        )
        scale = Scale(curve, (2.5, 5, 10))
        path = line(curve, style.P)
        dot = curve.plot([], [], "o", color=style.P["color"], markersize=10, clip_on=False)[0]
        number = curve.text(1, 1, "", color=style.P["text"], ha="right", va="top", transform=curve.transAxes)
        early = curve.axvspan(0, _EXAGGERATED, color=style.GREY, alpha=0.18, linewidth=0)

        def draw(n):
            middle = (n["y"].min(axis=0) + n["y"].max(axis=0)) / 2
            y = 2 * (n["y"] - middle) / n["width"]  # always as large as the picture: a map has no scale
            for kind, marks in kinds.items():
                marks.set_data(*y[labels == kind].T)
            top = scale.fit(1.05 * n["kls"].max())
            path.set_data(np.arange(n["step"] + 1), n["kls"] / top)
            dot.set_data([n["step"]], [n["kl"] / top])
            number.set_text(f"{n['kl']:.3f}")
            early.set_visible(n["exaggerate"])

        return [*scale.labels, early, *kinds.values(), path, dot, number], draw

    return build


def _map_readout(n):
    kl = f"Step {n['step']}: KL(P‖Q) = {style.amount(n['kl'], digits=3)}."
    width = f"{n['width']:.0f}" if n["width"] >= 10 else f"{n['width']:.2f}"
    return f"{kl} Nearest on the map: the same digit for {n['same']:.1f} %. Width {width}."


def _map_alt(n):
    return (
        f"Left: a map of handwritten digits, drawn as 0, 1, 3, 4 or 6. Right: the curve of KL(P‖Q) from "
        f"{n['kls'][0]:.3f} nats at step 0. {_map_readout(n)}"
    )
