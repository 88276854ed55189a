"""The explorers of notebook 07: the bound and its gap, EM step by step, one parameter, and KL of two mixtures."""

import math
from functools import lru_cache
from itertools import islice

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.patches import Polygon
from scipy.optimize import brentq

from klcourse.checks import check_option
from klcourse.divergence import kl_divergence
from klcourse.explorers.drawing import Scale, ceiling, line
from klcourse.live import Explorer, Picture, Range, choice, slider, style
from klcourse.mixture import em_half_steps, log_density, lower_bound, matched_bound, responsibilities

__all__ = ["bound_and_gap", "em_steps", "kl_of_mixtures", "touching_bound"]

DATA = np.array([-2.2, -1.9, -1.6, -1.1, 0.8, 1.3, 1.9, 2.4, 2.6])
_START = (0.5, 0.5), (-1.0, 1.0), (1.0, 1.0)
_X = np.linspace(-5, 5, 161)
_HEIGHTS = (0.25, 0.5, 1, 2)
_BOUND = {"color": "#7b3f98", "linestyle": "-."}
_GAP = "#a9a8a4"


def _signed(value, decimals=4):
    return f"{value:z.{decimals}f}".replace("-", "−")


def _heading(axes, text="", colour=style.INK, x=0.0, ha="left"):
    return axes.text(x, 1.01, text, color=colour, transform=axes.transAxes, va="bottom", ha=ha)


def _changes():
    """Return a function that says whether limits differ from the last ones: setting ticks anew costs time."""
    last = []

    def changed(*limits):
        same, last[:] = last == [limits], [limits]
        return not same

    return changed


def _add_mixture(axes, row=-0.07):
    """Add two components, their mixture and a row of points. Returns the artists, and a function that moves them."""
    axes.set(xlim=(_X[0], _X[-1]), ylim=(2 * row, 1.03), yticks=(), ylabel="density")
    parts = line(axes, style.P), line(axes, style.Q)
    whole = line(axes, style.M)
    dots = axes.scatter(DATA, np.full(DATA.size, row), s=70, edgecolor=style.INK, linewidth=1, zorder=3)

    def move(mixture, labels):
        weights, means, sds = (np.asarray(part) for part in mixture)
        sds = np.maximum(sds, 1e-9)
        x = np.sort(np.concatenate([_X, *(means + sds * np.linspace(-4, 4, 33)[:, None])]))
        parts_of = weights / sds / math.sqrt(2 * math.pi) * np.exp(-(((x[:, None] - means) / sds) ** 2) / 2)
        heights = np.c_[parts_of, parts_of.sum(axis=1)]
        heights /= ceiling(min(heights.max(), _HEIGHTS[-1]), _HEIGHTS)
        for curve, height in zip((*parts, whole), heights.T, strict=True):
            curve.set_data(x, height)
        dots.set_facecolor(_colours(labels))

    return [*parts, whole, dots], move


def _colours(labels):
    """A colour for each point, mixed of the components' colours by its soft labels."""
    return np.clip(labels @ np.array([to_rgb(style.P["color"]), to_rgb(style.Q["color"])]), 0, 1)


def _name_components(axes):
    _heading(axes, "component 1", style.P["text"])
    _heading(axes, "2", style.Q["text"], 0.52, "center")
    _heading(axes, "mixture", style.M["text"], 1, "right")


# --- (a) the bound and its gap ------------------------------------------------------------------------------------

_LABELS = {
    "start": "q: p(z|x) of means ±1, sds 1",
    "now": "q: p(z|x) of this mixture",
    "hard": "q: hard labels of this mixture",
    "half": "q: one half each",
}
_BOUND_MEANS = Range(-4, 4, 0.05)
_DEPTHS = (20, 40, 100, 200, 400, 1000, 2000, 4000, 10_000)
_GAPS = (0.1, 0.5, 2, 8, 40, 200, 1000)


def bound_and_gap(mean_1=-1.0, mean_2=1.0, q="start"):
    """Move two components over nine observations, and compare the log-likelihood with its bound for labels q.

    Parameters
    ----------
    mean_1, mean_2 : float in [-4, 4]
        Means of the components at the start. Both have weight 1/2 and standard deviation 1 there.
    q : {"start", "now", "hard", "half"}
        Labels: the responsibilities of means ±1 and standard deviations 1, those of the mixture shown, those made hard,
        or one half each.

    Returns
    -------
    klcourse.live.Explorer
        Mixture and observations, the gap KL(q‖p(z|x)) of each of them, and the sums as bars that hang from 0.

    Raises
    ------
    ValueError
        If an argument lies outside its range.

    >>> bound_and_gap(mean_2=1.7).text
    'Log-likelihood −16.5903 nats = bound −16.7870 + gap 0.1968. The gap is Σ KL(q‖p(z|x)).'
    """
    check_option("q", q, _LABELS)
    controls = {
        "mean_1": slider("mean 1", _BOUND_MEANS.check("mean_1", mean_1), *_BOUND_MEANS),
        "mean_2": slider("mean 2", _BOUND_MEANS.check("mean_2", mean_2), *_BOUND_MEANS),
        "sd_1": slider("sd 1", 1.0, 0.2, 3, 0.05),
        "sd_2": slider("sd 2", 1.0, 0.2, 3, 0.05),
        "weight_1": slider("weight 1", 0.5, 0.02, 0.98, 0.02),
        "q": choice("labels", [(text, name) for name, text in _LABELS.items()], q),
    }
    return Explorer(_bound, Picture(_draw_bound), controls, _bound_readout, _bound_alt)


def _bound(mean_1, mean_2, sd_1, sd_2, weight_1, q):
    mixture = (weight_1, 1 - weight_1), (mean_1, mean_2), (sd_1, sd_2)
    posterior = responsibilities(DATA, *mixture)
    labels = {
        "start": lambda: responsibilities(DATA, *_START),
        "now": lambda: posterior,
        "hard": lambda: np.eye(2)[posterior.argmax(axis=1)],
        "half": lambda: np.full((DATA.size, 2), 0.5),
    }[q]()
    gaps = kl_divergence(labels, posterior)
    return {
        "mixture": mixture,
        "posterior": posterior,
        "labels": labels,
        "gaps": gaps,
        "gap": gaps.sum(),
        "log_likelihood": log_density(DATA, *mixture).sum(),
        "bound": lower_bound(DATA, labels, *mixture),
        "q": q,
    }


def _draw_bound(figure):
    grid = figure.add_gridspec(2, 2, width_ratios=(2.6, 1), height_ratios=(1.6, 1))
    curves, gaps, bars = (figure.add_subplot(place) for place in (grid[0, 0], grid[1, 0], grid[:, 1]))
    artists, move = _add_mixture(curves, row=-0.1)
    curves.set_xticks(())
    curves.text(-4.9, -0.1, "p(z|x)", va="center", fontsize=12)
    _name_components(curves)
    gaps.set(xlim=curves.get_xlim(), ylim=(-0.34, 1.03), xlabel="x", ylabel="gap, nats")
    gaps.axhline(0, color=style.GREY, linewidth=1)
    gaps.text(-4.9, 0.127, "q", va="center", fontsize=12, transform=gaps.get_xaxis_transform())
    stems = gaps.plot([], [], color=_GAP, linewidth=7, solid_capstyle="butt")[0]
    row = np.full(DATA.size, -0.17)
    dots = gaps.scatter(DATA, row, s=70, edgecolor=style.INK, linewidth=1, zorder=3, clip_on=False)
    name = _heading(gaps, _LABELS["now"])
    bars.set(xlim=(-0.6, 1.6), ylim=(-1, 0), ylabel="nats")
    bars.xaxis.tick_top()
    bars.set_xticks((0, 1), ("ln p", "bound"))
    whole = bars.bar((0, 1), (-1, -1), color=style.M["color"], alpha=0.8)
    rest = bars.bar(1, -1, color=_GAP)[0]
    widest, depths = Scale(gaps, _GAPS, ticks=(1,)), Scale(bars, _DEPTHS, ticks=(-1, -0.5))

    def draw(n):
        largest, depth = widest.fit(n["gaps"].max()), depths.fit(-n["bound"])
        high, low = n["log_likelihood"] / depth, n["bound"] / depth
        stretched = n["gaps"] / largest
        move(n["mixture"], n["posterior"])
        stems.set_data(np.repeat(DATA, 3), np.c_[0 * stretched, stretched, np.nan * stretched].ravel())
        dots.set_facecolor(_colours(n["labels"]))
        for bar in whole:
            bar.set_height(high)
        rest.set(y=high, height=low - high)
        name.set_text(_LABELS[n["q"]])
        return n["q"]

    return [*artists, stems, dots, *whole, rest, *widest.labels, *depths.labels], draw


def _bound_readout(n):
    log_likelihood, bound, gap = (_signed(n[part]) for part in ("log_likelihood", "bound", "gap"))
    return f"Log-likelihood {log_likelihood} nats = bound {bound} + gap {gap}. The gap is Σ KL(q‖p(z|x))."


def _bound_alt(n):
    (weight, _), means, sds = n["mixture"]
    return (
        f"Two components, means {_signed(means[0], 2)} and {_signed(means[1], 2)}, sds {sds[0]:.2f} and {sds[1]:.2f}, "
        f"weight of the first {weight:.2f}, over nine observations coloured by their labels. {_LABELS[n['q']]}. "
        f"Below, the gap of each observation, the largest {_signed(n['gaps'].max())}. {_bound_readout(n)}"
    )


# --- (b) EM step by step ------------------------------------------------------------------------------------------

_START_MEANS, _START_SDS = Range(-3, 3, 0.1), Range(0.1, 3, 0.1)
_SPANS = (8, 20, 40, 80)  # half steps that the axis may show


def em_steps(mean_1=-0.1, mean_2=0.1, sd_1=1.0, sd_2=1.0):
    """Run EM from a start of your choice, by half steps: E, M, E, M and so on.

    Parameters
    ----------
    mean_1, mean_2 : float in [-3, 3]
    sd_1, sd_2 : float in [0.1, 3]
        Means and standard deviations at the start, where both weights are 1/2. The slider “smallest sd” raises them.

    Returns
    -------
    klcourse.live.Explorer
        The mixture, nine observations coloured by their labels, and the way of log-likelihood and bound. The half steps
        can be played.

    Raises
    ------
    ValueError
        If an argument lies outside its range.

    >>> em_steps().text
    'Start: log-likelihood −23.5032 nats. Means −0.1000 and 0.1000, sds 1.0000 and 1.0000.'
    """
    controls = {
        "mean_1": slider("start mean 1", _START_MEANS.check("mean_1", mean_1), *_START_MEANS),
        "mean_2": slider("start mean 2", _START_MEANS.check("mean_2", mean_2), *_START_MEANS),
        "sd_1": slider("start sd 1", _START_SDS.check("sd_1", sd_1), *_START_SDS),
        "sd_2": slider("start sd 2", _START_SDS.check("sd_2", sd_2), *_START_SDS),
        "smallest_sd": slider("smallest sd", 0.0, 0, 1, 0.05),
        "half_steps": slider("half steps", 0, 0, _SPANS[-1], 1, play=True),
    }
    return Explorer(_em, Picture(_draw_em), controls, _em_readout, _em_alt)


@lru_cache(maxsize=8)
def _em_path(means, sds, smallest_sd, half_steps):
    """Mixture, labels, log-likelihood and bound after 0, 1, … half steps, up to the last or a component of sd 0."""
    return list(islice(em_half_steps(DATA, (0.5, 0.5), means, sds, smallest_sd), half_steps + 1))


def _em(mean_1, mean_2, sd_1, sd_2, smallest_sd, half_steps):
    span = next(span for span in _SPANS if half_steps <= span)
    path = _em_path((mean_1, mean_2), (sd_1, sd_2), smallest_sd, span)[: half_steps + 1]
    mixture, labels, log_likelihood, bound = path[-1]
    collapsed = math.isinf(log_likelihood)
    return {
        "mixture": mixture,
        "labels": labels,
        "log_likelihoods": np.array([step[2] for step in path]),
        "bounds": np.array([step[3] for step in path]),
        "taken": len(path) - 1,
        "collapsed": int(np.argmin(mixture[2])) + 1 if collapsed else 0,
        "log_likelihood": log_likelihood,
        "gap": 0.0 if collapsed or len(path) == 1 else max(log_likelihood - bound, 0.0),
        "span": span,
        "smallest_sd": smallest_sd,
    }


def _draw_em(figure):
    curves, stairs = figure.subplots(1, 2)
    artists, move = _add_mixture(curves)
    curves.set(xlabel="x", xticks=(-4, -2, 0, 2, 4))
    _name_components(curves)
    changed = _changes()
    stairs.set(ylim=_RANGES[0], xlabel="half steps: E, M, E, M, …", ylabel="nats")
    _heading(stairs, "log-likelihood", style.M["text"])
    _heading(stairs, "bound", _BOUND["color"], 1, "right")
    note = stairs.text(0.97, 0.04, "", transform=stairs.transAxes, ha="right")
    gap = stairs.add_patch(Polygon([(0, 0)], color=_GAP, linewidth=0))
    height = stairs.plot([], [], color=style.M["color"], drawstyle="steps-post", linewidth=5, alpha=0.6)[0]
    bound = stairs.plot([], [], color=_BOUND["color"], drawstyle="steps-post", linewidth=1.5)[0]
    now = stairs.plot([], [], "o", color=style.M["color"], markeredgecolor=style.INK, markersize=9, clip_on=False)[0]

    def draw(n):
        move(n["mixture"], n["labels"])
        finite = n["log_likelihoods"][np.isfinite(n["log_likelihoods"])]
        high = bool(n["collapsed"] or finite.max() > _RANGES[0][1])
        top = 20.0 if high else -10.0
        upper, lower = (np.clip(n[part], -1e3, top) for part in ("log_likelihoods", "bounds"))
        steps = np.arange(n["taken"] + 2)  # each value holds until the next half step
        upper, lower = np.r_[upper, upper[-1]], np.r_[lower, lower[-1]]
        height.set_data(steps, upper)
        bound.set_data(steps[1:], lower[1:])
        x = np.repeat(steps[1:], 2)[1:-1]
        gap.set_xy(np.c_[np.r_[x, x[::-1]], np.r_[np.repeat(upper[1:-1], 2), np.repeat(lower[1:-1], 2)[::-1]]])
        now.set_data([n["taken"]], [max(upper[-1], _RANGES[0][0])])
        floor = f"sds at least {n['smallest_sd']:.2f}" if n["smallest_sd"] else ""
        note.set_text(f"component {n['collapsed']}\nshrinks to a point: → ∞" if n["collapsed"] else floor)
        if changed(n["span"], high):
            stairs.set(xlim=(0, n["span"] + 1), ylim=_RANGES[high])

    return [*artists, note, gap, height, bound, now], draw


_RANGES = (-24.5, -12), (-24.5, 20)


def _em_readout(n):
    if n["collapsed"]:
        name = f"M step {n['taken'] // 2}: component {n['collapsed']}"
        return f"{name} has shrunk to one point, its sd is next to 0. The log-likelihood runs to ∞ nats."
    step = f"{'E' if n['taken'] % 2 else 'M'} step {(n['taken'] + 1) // 2}" if n["taken"] else "Start"
    gap = f", gap {_signed(n['gap'])}" if n["taken"] else ""
    _, means, sds = n["mixture"]
    return (
        f"{step}: log-likelihood {_signed(n['log_likelihood'])} nats{gap}. "
        f"Means {_signed(means[0])} and {_signed(means[1])}, sds {sds[0]:.4f} and {sds[1]:.4f}."
    )


def _em_alt(n):
    floor = f" M steps keep every sd at {n['smallest_sd']:.2f} or above." if n["smallest_sd"] else ""
    return (
        "Left: two components and their mixture over nine observations coloured by their labels. Right: log-likelihood "
        f"and bound over {n['taken']} half steps, which start at {_signed(n['log_likelihoods'][0])}.{floor} "
        f"{_em_readout(n)}"
    )


# --- (c) one parameter: the bound touches from below ---------------------------------------------------------------

_M_START, _M_SDS = Range(-3, 3, 0.05), Range(0.4, 2.5, 0.05)
_M_STEPS = 60
_M_AXES = (10, 20, 40, _M_STEPS)
_M = np.linspace(-3.2, 3.2, 257)
_DROPS = (2, 5, 10, 20, 50, 100, 200, 500, 1000)
_NEAREST = 1e-9  # smaller distances are rounding


def touching_bound(start=0.5, sd=1.0):
    """Run EM in a single parameter: two components with means -m and m, weights 1/2 and the same known sd.

    Parameters
    ----------
    start : float in [-3, 3]
        Where m starts.
    sd : float in [0.4, 2.5]
        The standard deviation of both components.

    Returns
    -------
    klcourse.live.Explorer
        The log-likelihood over m with the bound that touches it at the present m, and the distance to the end after
        each step on a log scale. The steps can be played.

    Raises
    ------
    ValueError
        If an argument lies outside its range.

    >>> touching_bound().text
    'Start: m 0.5000, log-likelihood −21.4481 nats. The bound has its top at 1.2749. The path ends at 1.7337.'
    """
    controls = {
        "start": slider("start m", _M_START.check("start", start), *_M_START),
        "sd": slider("sd of both", _M_SDS.check("sd", sd), *_M_SDS),
        "steps": slider("EM steps", 0, 0, _M_STEPS, 1, play=True),
    }
    return Explorer(_touch, Picture(_draw_touch), controls, _touch_readout, _touch_alt)


def _next_m(m, sd):
    """Where the bound of m has its top: the mean of (q₂ - q₁) x."""
    return float(np.mean(DATA * np.tanh(m * DATA / sd**2)))


def _height(m, sd):
    """The log-likelihood of m, a number or an array."""
    t = np.multiply.outer(m, DATA) / sd**2
    log_cosh = np.logaddexp(t, -t) - math.log(2)
    squares = (DATA**2 + np.square(m)[..., None]) / (2 * sd**2)
    return np.sum(log_cosh - squares, axis=-1) - DATA.size * math.log(sd * math.sqrt(2 * math.pi))


def _end_of(start, sd):
    """Where EM goes from here, and what part of the error each step leaves near there."""
    if start == 0 or sd**2 >= np.mean(DATA**2):
        end = 0.0
    else:
        end = math.copysign(brentq(lambda m: _next_m(m, sd) - m, 1e-4, 4, xtol=1e-15), start)
    return end, float(np.mean((DATA / np.cosh(end * DATA / sd**2)) ** 2)) / sd**2


def _touch(start, sd, steps):
    path = [start]
    for _ in range(_M_STEPS):
        path.append(_next_m(path[-1], sd))
    end, rate = _end_of(start, sd)
    needed = np.sum(np.abs(np.array(path) - end) > _NEAREST)
    path = path[: steps + 1]
    here, top = path[-1], _next_m(path[-1], sd)
    height = float(_height(here, sd))
    bound = height + DATA.size / sd**2 * ((top - here) ** 2 - (_M - top) ** 2) / 2
    return {
        "path": np.array(path),
        "errors": np.abs(np.array(path) - end),
        "end": end,
        "rate": rate,
        "axis": next(steps for steps in _M_AXES if steps >= min(needed, _M_STEPS)),
        "m": here,
        "next": top,
        "log_likelihood": height,
        "heights": _height(_M, sd),
        "bound": bound,
        "top_of_bound": height + DATA.size / sd**2 * (top - here) ** 2 / 2,
        "sd": sd,
        "steps": steps,
    }


def _draw_touch(figure):
    hill, errors = figure.subplots(1, 2, width_ratios=(1.4, 1))
    hill.set(xlim=(_M[0], _M[-1]), ylim=(-1, 0.06), xlabel="m", ylabel="nats below the top", xticks=(-2, 0, 2))
    scale = Scale(hill, _DROPS, ticks=(-1, -0.5))
    _heading(hill, "log-likelihood", style.M["text"])
    _heading(hill, "bound", _BOUND["color"], 1, "right")
    height = hill.plot([], [], color=style.M["color"], linewidth=4, alpha=0.7)[0]
    bound = line(hill, _BOUND, linewidth=2)
    trail = hill.plot([], [], "o", color=style.INK, markersize=4)[0]
    touch = hill.plot([], [], "o", color=style.M["color"], markeredgecolor=style.INK, markersize=11, clip_on=False)[0]
    top = hill.plot([], [], "^", color=_BOUND["color"], markeredgecolor=style.INK, markersize=10, clip_on=False)[0]
    errors.set(yscale="log", ylim=(_NEAREST, 300), xlabel="EM steps", yticks=(1e-8, 1e-4, 1))
    changed = _changes()
    errors.set_yticks((), minor=True)
    _heading(errors, "distance to the end", style.INK)
    dots = errors.plot([], [], "o", color=style.INK, markersize=5)[0]
    forecast = errors.plot([], [], ":", color=style.INK, linewidth=1.5)[0]
    note = errors.text(0.98, 0.98, "", transform=errors.transAxes, ha="right", va="top")

    def draw(n):
        summit = n["heights"].max()
        low = min(n["heights"][_M.size // 2], n["log_likelihood"])
        drop = scale.fit(1.25 * max(summit - low, 1))

        def share(values):
            return np.maximum((values - summit) / drop, -1.5)

        height.set_data(_M, share(n["heights"]))
        bound.set_data(_M, share(n["bound"]))
        trail.set_data(n["path"], share(_height(n["path"], n["sd"])))
        touch.set_data([n["m"]], [share(n["log_likelihood"])])
        top.set_data([n["next"]], [share(n["top_of_bound"])])
        seen = np.flatnonzero(n["errors"] > _NEAREST)
        dots.set_data(seen, n["errors"][seen])
        ahead = np.arange(n["steps"], _M_STEPS + 1)
        moving = n["errors"][-1] > 0
        forecast.set_data(ahead, n["errors"][-1] * n["rate"] ** (ahead - n["steps"]) if moving else np.nan * ahead)
        note.set_text(f"near the end × {n['rate']:.3f}" if moving else "at rest")
        if changed(n["axis"]):
            errors.set(xlim=(-n["axis"] / 30, n["axis"] * 31 / 30), xticks=np.linspace(0, n["axis"], 3))

    return [height, bound, trail, touch, top, dots, forecast, note, *scale.labels], draw


def _touch_readout(n):
    name = f"After {n['steps']} steps" if n["steps"] else "Start"
    here = f"{name}: m {_signed(n['m'])}, log-likelihood {_signed(n['log_likelihood'])} nats."
    if not n["path"][0]:
        return f"{here} The bound has its top here as well: EM stays."
    return f"{here} The bound has its top at {_signed(n['next'])}. The path ends at {_signed(n['end'])}."


def _touch_alt(n):
    speed = f", and near the end each step multiplies it by {n['rate']:.3f}" if n["path"][0] else ""
    return (
        f"Left: the log-likelihood over m, for sds of {n['sd']:.2f}, and below it the bound, a parabola that touches "
        f"it at {_signed(n['m'])}. Right: the distance to the end after each of {n['steps']} steps, on a log "
        f"scale{speed}. {_touch_readout(n)}"
    )


# --- (d) KL of two mixtures ---------------------------------------------------------------------------------------

_LINE = np.linspace(-16, 16, 641)
_F_MEANS, _G_WEIGHTS = Range(0, 4, 0.1), Range(0.02, 0.98, 0.02)
_DRAWS = (10, 10_000)
_DRAW_RANGE = Range(*_DRAWS, 0.05)
_TOPS = (0.5, 1, 2, 4, 8, 16, 32, 64)


def kl_of_mixtures(mean=2.0, weight=0.3, draws=100):
    """Compare three ways to KL(f‖g) of two mixtures: quadrature, Monte Carlo with its error bar, the matched bound.

    Parameters
    ----------
    mean : float in [0, 4]
        f is ½ N(-mean, 1) + ½ N(mean, 1).
    weight : float in [0.02, 0.98]
        g is weight N(-1, 1) + (1 - weight) N(3, 1.5), with standard deviations in the second place.
    draws : int in [10, 10000]
        How many draws from f the last estimate has.

    Returns
    -------
    klcourse.live.Explorer
        The two densities, and the estimates over the number of draws with bars of one standard error.

    Raises
    ------
    ValueError
        If an argument lies outside its range.

    >>> kl_of_mixtures().text
    'KL(f‖g) = 0.4834 nats; from 100 draws 0.5202 ± 0.0901; matched bound 0.5121 nats.'
    """
    if _DRAW_RANGE.check("draws", draws) % 1:
        raise ValueError(f"draws is {draws}: it must be a whole number.")
    controls = {
        "mean": slider("f: means ±", _F_MEANS.check("mean", mean), *_F_MEANS),
        "weight": slider("g: weight, left", _G_WEIGHTS.check("weight", weight), *_G_WEIGHTS),
        "right": slider("g: mean, right", 3.0, -1, 6, 0.1),
        "draws": slider("draws", float(draws), *_DRAW_RANGE, log=True),
        "sample": slider("sample no.", 1, 1, 20, 1),
        "pairs": choice("pairs", [("left with left", "straight"), ("left with right", "crossed")], "straight"),
    }
    return Explorer(_compare, Picture(_draw_compare), controls, _compare_readout, _compare_alt)


@lru_cache(maxsize=20)
def _randomness(sample):
    """Signs and standard normals, from which the draws from every f are made."""
    rng = np.random.default_rng([7, sample])
    return rng.choice([-1, 1], _DRAWS[1]), rng.standard_normal(_DRAWS[1])


def _compare(mean, weight, right, draws, sample, pairs):
    f, g = ((0.5, 0.5), (-mean, mean), (1.0, 1.0)), ((weight, 1 - weight), (-1.0, right), (1.0, 1.5))
    log_f, log_g = log_density(_LINE, *f), log_density(_LINE, *g)
    draws = int(draws)
    signs, noise = (part[:draws] for part in _randomness(sample))
    points = signs * mean + noise
    log_ratios = log_density(points, *f) - log_density(points, *g)
    counts = np.unique(np.r_[np.minimum(np.geomspace(*_DRAWS, 13).astype(int), draws), draws])
    means = np.array([log_ratios[:n].mean() for n in counts])
    errors = np.array([log_ratios[:n].std(ddof=1) / math.sqrt(n) for n in counts])
    return {
        "f": np.exp(log_f),
        "g": np.exp(log_g),
        "kl": float(np.sum(np.exp(log_f) * (log_f - log_g)) * (_LINE[1] - _LINE[0])),
        "bound": matched_bound(f, g if pairs == "straight" else [part[::-1] for part in g]),
        "counts": counts,
        "means": means,
        "errors": errors,
        "last": (means[-1], errors[-1]),
        "mean": mean,
        "weight": weight,
        "right": right,
        "draws": draws,
    }


def _draw_compare(figure):
    curves, right = figure.subplots(1, 2)
    curves.set(xlim=(-8, 10), ylim=(0, 1.03), yticks=(), xlabel="x", ylabel="density")
    _heading(curves, "f", style.P["text"])
    _heading(curves, "g", style.Q["text"], 1, "right")
    right.set(xscale="log", xlim=(8, 13_000), ylim=(-0.4, 1), xlabel="draws from f", ylabel="KL(f‖g), nats")
    right.set_xticks((10, 100, 1000, 10_000), ("10", "100", "1000", "10,000"))
    right.axhline(0, color=style.GREY, linewidth=1)
    scale = Scale(right, _TOPS)
    _heading(right, "quadrature", style.M["text"])
    _heading(right, "draws", style.INK, 0.62, "center")
    _heading(right, "bound", _BOUND["color"], 1, "right")
    f, g = line(curves, style.P), line(curves, style.Q)
    kl, bound = right.plot([], [], color=style.M["color"])[0], line(right, _BOUND, linewidth=2)
    bars = right.plot([], [], color=style.INK, linewidth=1.5)[0]
    dots = right.plot([], [], "o", color=style.INK, markersize=5)[0]
    last = right.plot([], [], "o", color=style.P["color"], markeredgecolor=style.INK, markersize=10)[0]

    def draw(n):
        for curve, density in ((f, n["f"]), (g, n["g"])):
            curve.set_data(_LINE, density / ceiling(max(n["f"].max(), n["g"].max()), _HEIGHTS))
        top = scale.fit(1.6 * n["bound"])
        for curve, value in ((kl, n["kl"]), (bound, n["bound"])):
            curve.set_data(right.get_xlim(), [value / top, value / top])
        means, errors = n["means"] / top, n["errors"] / top
        low, high = means - errors, means + errors
        bars.set_data(np.repeat(n["counts"], 3), np.c_[low, high, np.full(low.size, np.nan)].ravel())
        dots.set_data(n["counts"], means)
        last.set_data(n["counts"][-1:], means[-1:])

    return [f, g, kl, bound, bars, dots, last, *scale.labels], draw


def _compare_readout(n):
    mean, error = n["last"]
    return (
        f"KL(f‖g) = {_signed(n['kl'])} nats; from {n['draws']} draws {_signed(mean)} ± {_signed(error)}; "
        f"matched bound {_signed(n['bound'])} nats."
    )


def _compare_alt(n):
    return (
        f"Left: f with two humps at ±{n['mean']:.1f}, and g with weight {n['weight']:.2f} at −1 and the rest at "
        f"{_signed(n['right'], 1)}. Right: estimates from more and more draws with error bars, and lines for "
        f"quadrature and for the bound. {_compare_readout(n)}"
    )
