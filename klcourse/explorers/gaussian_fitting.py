"""The explorers of notebook 04: a Gaussian fitted by gradient descent on KL."""

import math
from functools import lru_cache

import numpy as np
from scipy.optimize import brentq

from klcourse.checks import check_option
from klcourse.explorers.drawing import ceiling, line
from klcourse.fitting import descend_kl, exact_slopes, forward_slopes
from klcourse.live import Area, Explorer, Picture, Range, Veil, choice, slider, style, toggle

__all__ = ["descent_path", "grid_and_step", "parametrisations"]


@lru_cache(maxsize=8)
def _exact_descent(target, mean, variance, rate, steps, parametrisation):
    return descend_kl(exact_slopes(target), mean, variance, rate, steps, parametrisation)


def _exact_path(target, mean, variance, rate, steps, parametrisation="variance"):
    """The path without a grid. It is kept somewhat longer than asked, for a film asks for one step more each time."""
    longer = 1 << (steps - 1).bit_length()
    states, outside = _exact_descent(target, mean, variance, rate, longer, parametrisation)
    return _path(states[: steps + 1], outside if len(states) <= steps else None)


def _path(states, outside):
    """Arrays of mean, variance and KL as far as the descent got, and whether it then left the domain."""
    return {
        "mean": states[:, 0],
        "variance": states[:, 1],
        "kl": np.maximum(states[:, 2], 0),
        "taken": len(states) - 1,
        "left": outside is not None,
    }


def _number(value):
    text = style.amount(round(value, 12), "").strip()
    return f"−{text[1:]}" if text[0] == "-" else text


def _steps(number):
    return f"{number} step{'' if number == 1 else 's'}"


def _corner(axes, text="", colour=style.INK, x=0.0, ha="left"):
    """Write above the axes."""
    return axes.text(x, 1.01, text, color=colour, transform=axes.transAxes, va="bottom", ha=ha)


def _log_axis(axes, lowest, highest, ticks):
    axes.set(yscale="log", ylim=(lowest, highest))
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_yticks([], minor=True)


# --- (a) the path -------------------------------------------------------------------------------------------------

_MEANS, _VARIANCES, _RATES = Range(-8, 8, 0.1), Range(0.1, 20, 0.1), Range(1e-3, 10, 0.02)
_X = np.linspace(-12, 12, 241)
_LEVELS = (0.1, 0.5, 1, 2, 4, 8)  # nats
_PEAKS = (0.2, 0.4, 0.8, 1.6, 3.2)


def descent_path(mean=5.0, variance=1.0, target=7.0, learning_rate=0.1):
    """Follow gradient descent on KL(p‖q) from a start of your choice to the target p = N(0, variance).

    Parameters
    ----------
    mean : float in [-8, 8]
        Mean of q at the start.
    variance, target : float in [0.1, 20]
        Variances of q and of the target at the start.
    learning_rate : float in [0.001, 10]

    Returns
    -------
    klcourse.live.Explorer
        A path in the plane of mean and variance, and the curves that belong to its ends. The slope is the exact one of
        two Gaussians, without a grid. The steps can be played.

    Raises
    ------
    ValueError
        If a number lies outside its range.

    >>> descent_path().text
    'After 200 steps: mean 0.0568, variance 5.2243, KL(p‖q) = 0.0240 nats. At the start: 14.5270 nats.'
    """
    controls = {
        "learning_rate": slider("learning rate", _RATES.check("learning_rate", learning_rate), *_RATES, log=True),
        "target": slider("target variance", _VARIANCES.check("target", target), *_VARIANCES),
        "mean": slider("start mean", _MEANS.check("mean", mean), *_MEANS),
        "variance": slider("start variance", _VARIANCES.check("variance", variance), *_VARIANCES),
        "steps": slider("steps", 200, 1, 2000, 1, play=True),
    }
    veil = Veil([Area(0)], _walk_readout, _walk_alt_without_path)
    return Explorer(_walk, Picture(_draw_walk), controls, _walk_readout, _walk_alt, veil)


def _walk(learning_rate, target, mean, variance, steps):
    path = _exact_path(target, mean, variance, learning_rate, steps)
    now = {"now": [path[name][-1] for name in ("mean", "variance", "kl")], "start_kl": path["kl"][0]}
    return path | now | {"target": target, "start": (mean, variance), "learning_rate": learning_rate}


def _contours():
    """The lines of equal KL around a target of mean 0 and variance 1, apart from each other by NaN.

    KL = k where mean² = u (2k + 1 - log u) - 1, with u the variance of q.
    """
    means, variances = [], []
    for k in _LEVELS:
        ends = [brentq(lambda y, k=k: 2 * k + 1 - y - np.exp(-y), *span) for span in ((-50, 0), (0, 2 * k + 2))]
        y = ends[0] + (ends[1] - ends[0]) * (1 - np.cos(np.linspace(0, np.pi, 80))) / 2  # log u, densest at the ends
        half = np.sqrt(np.maximum(np.exp(y) * (2 * k + 1 - y) - 1, 0))
        means += [np.r_[-half, half[::-1], np.nan]]
        variances += [np.exp(np.r_[y, y[::-1], np.nan])]
    return np.concatenate(means), np.concatenate(variances)


def _bell(mean, variance):
    return np.exp(-((_X - mean) ** 2) / (2 * variance)) / math.sqrt(2 * math.pi * variance)


def _draw_walk(figure):
    plane, curves = figure.subplots(1, 2)
    plane.set(xlim=(-10, 10), xticks=(-10, 0, 10), xlabel="mean", ylabel="variance")
    _log_axis(plane, 0.08, 200, (0.1, 1, 10, 100))
    _corner(plane, f"lines: {', '.join(f'{k:g}' for k in _LEVELS)} nats")
    curves.set(xlim=(_X[0], _X[-1]), xticks=(-10, 0, 10), xlabel="x", yticks=(), ylim=(0, 1.03), ylabel="density")
    _corner(curves, "target p", style.P["text"])
    _corner(curves, "q, thin: start", style.Q["text"], 1, "right")
    means, variances = _contours()
    rings = plane.plot([], [], color=style.P["color"], linewidth=1, alpha=0.6)[0]
    aim = plane.plot([], [], "*", color=style.P["color"], markersize=16)[0]
    path = plane.plot([], [], ".-", color=style.Q["color"], linewidth=1.2, markersize=5)[0]
    start = plane.plot([], [], "o", markerfacecolor=style.PANEL, color=style.Q["color"], markersize=9, mew=2)[0]
    end = plane.plot([], [], "o", color=style.Q["color"], markersize=9)[0]
    alarm = curves.text(0.02, 0.98, "", transform=curves.transAxes, va="top")
    bells = line(curves, style.P), line(curves, style.Q, linewidth=1.2), line(curves, style.Q)

    def draw(n):
        rings.set_data(means * math.sqrt(n["target"]), variances * n["target"])
        aim.set_data([0], [n["target"]])
        path.set_data(n["mean"], n["variance"])
        start.set_data(*([value] for value in n["start"]))
        end.set_data(*([value] for value in n["now"][:2]))
        shapes = [_bell(0, n["target"]), _bell(*n["start"]), _bell(*n["now"][:2])]
        highest = ceiling(max(shape.max() for shape in shapes), _PEAKS)
        for bell, shape in zip(bells, shapes, strict=True):
            bell.set_data(_X, shape / highest)
        alarm.set_text(f"step {n['taken'] + 1}\nleaves\nthe domain" if n["left"] else "")

    return [rings, aim, path, start, end, alarm, *bells], draw


def _walk_readout(n):
    mean, variance, kl = n["now"]
    end = f"Step {n['taken'] + 1} leaves the domain. Before it" if n["left"] else f"After {_steps(n['taken'])}"
    return (
        f"{end}: mean {_number(mean)}, variance {_number(variance)}, KL(p‖q) = {style.amount(kl)}. "
        f"At the start: {style.amount(n['start_kl'])}."
    )


def _walk_alt(n):
    mean, variance = map(_number, n["start"])
    return (
        f"Left: contours of KL around a target of mean 0 and variance {n['target']:.1f}, and the path of q from mean "
        f"{mean} and variance {variance}. Right: target, start and present q. {_walk_readout(n)}"
    )


def _walk_alt_without_path(n):
    mean, variance = map(_number, n["start"])
    return (
        f"Left: axes for mean and variance. Right: the target with mean 0 and variance {n['target']:.1f}, "
        f"the start with mean {mean} and variance {variance}, and present q. {_walk_readout(n)}"
    )


def _scale(axes, left):
    """The ticks on the left of a panel, for a veil."""
    return Area(axes, left=left, bottom=-0.03, right=-0.02, top=1.04)


# --- (b) the grid -------------------------------------------------------------------------------------------------

_TARGET, _START, _STEPS = 7.0, (5.0, 1.0), 100


def grid_and_step(dx=0.1, window=10, learning_rate=0.01):
    """Run the loop of the published programs on another grid: the learning rate is multiplied by S, the sum of p.

    Parameters
    ----------
    dx : {0.001, 0.01, 0.1, 1.0}
        Distance of the grid points.
    window : int in [3, 12]
        The grid is ``np.arange(-window, window, dx)``.
    learning_rate : float in [0.001, 1]

    Returns
    -------
    klcourse.live.Explorer
        100 steps from mean 5 and variance 1 towards the target N(0, variance 7).

    Raises
    ------
    ValueError
        If an argument lies outside its range.

    >>> grid_and_step().text
    'S = 9.9984, S · rate = 0.1000. Step 100: variance 4.8244, loss 23.5952, KL(p‖q) = 0.0575 nats.'
    """
    check_option("dx", dx, _GRIDS)
    controls = {
        "dx": choice("spacing dx", _GRIDS, dx),
        "learning_rate": slider(
            "learning rate", _GRID_RATES.check("learning_rate", learning_rate), *_GRID_RATES, log=True
        ),
        "window": slider("window ±", _WINDOWS.check("window", window), *_WINDOWS),
        "normalise": toggle("normalise p"),
    }
    veil = Veil(
        [Area(0), _scale(0, -0.2), Area(1), _scale(1, -0.22)],  # how far it may go; the floor tells S
        _grid_state,
        lambda n: f"Empty axes for the variance of q and for the loss, for dx = {n['dx']:g}. {_grid_state(n)}",
    )
    return Explorer(_run_on_grid, Picture(_draw_grid_run), controls, _grid_readout, _grid_alt, veil)


_GRIDS = (0.001, 0.01, 0.1, 1.0)
_GRID_RATES, _WINDOWS = Range(1e-3, 1, 0.02), Range(3, 12, 1)


def _run_on_grid(dx, learning_rate, window, normalise):
    x = np.arange(-window, window, dx)
    p = np.exp(-(x**2) / (2 * _TARGET)) / math.sqrt(2 * math.pi * _TARGET)
    total = float(p.sum())
    scale = 1.0 if normalise else total
    path = _path(*descend_kl(forward_slopes(x, p / total), *_START, learning_rate * scale, _STEPS))
    loss = scale * path["kl"] + scale * math.log(scale)
    return path | {
        "loss": loss,
        "dx": dx,
        "sum": scale,
        "rate": learning_rate * scale,
        "floor": scale * math.log(scale),
        "now": (path["variance"][-1], loss[-1], path["kl"][-1]),
        "normalise": normalise,
        "window": window,
        "learning_rate": learning_rate,
    }


def _draw_grid_run(figure):
    left, right = figure.subplots(1, 2)
    steps = np.arange(_STEPS + 1)
    for axes in (left, right):
        axes.set(xlim=(0, _STEPS), xticks=(0, 50, 100), xlabel="step")
    left.set_ylabel("variance of q")
    _log_axis(left, 0.5, 1000, (1, 10, 100, 1000))
    _log_axis(right, 1e-6, 1e5, (1e-6, 1e-3, 1, 1e3))
    right.set_yticks((1e-6, 1e-3, 1, 1e3), ("10⁻⁶", "0.001", "1", "1000"))
    left.axhline(_TARGET, color=style.P["color"])
    _corner(left, "target 7", style.P["text"])
    _corner(left, "q dashed", style.Q["text"], 1, "right")
    _corner(right, "loss thin")
    _corner(right, "KL dashed, nats", style.Q["text"], 1, "right")
    variance, kl = line(left, style.Q), line(right, style.Q)
    loss = right.plot([], [], color=style.INK, linewidth=1.5)[0]
    floor = right.plot([], [], color=style.INK, linewidth=1, linestyle=":")[0]
    floor_name = right.text(_STEPS, 1, "", ha="right", va="top")
    alarm = left.text(0.5, 0.9, "", transform=left.transAxes, ha="center", va="top")

    def draw(n):
        reached = steps[: n["taken"] + 1]
        variance.set_data(reached, n["variance"])
        kl.set_data(reached, n["kl"])
        loss.set_data(reached, n["loss"])
        floor.set_data([0, _STEPS], [n["floor"]] * 2)
        floor_name.set_y(max(n["floor"], 1e-6) / 1.3)
        floor_name.set_text(f"S ln S = {n['floor']:.1f}")
        floor_name.set_visible(n["floor"] > 0.01)
        alarm.set_text(f"step {n['taken'] + 1} leaves the domain" if n["left"] else "")

    return [variance, kl, loss, floor, floor_name, alarm], draw


def _grid_state(n):
    return f"Step {n['taken']}: variance {_number(n['now'][0])}."


def _grid_readout(n):
    total, rate, variance, loss, kl = map(_number, (n["sum"], n["rate"], *n["now"]))
    left = f"Step {n['taken'] + 1} leaves the domain. " if n["left"] else ""
    end = f"Step {n['taken']}: variance {variance}, loss {loss}, KL(p‖q) = {kl} nats"
    return f"S = {total}, S · rate = {rate}. {left}{end}."


def _grid_alt(n):
    return f"{_variances_alt(n)} Right: the loss, its floor {_number(n['floor'])}, and KL. {_grid_readout(n)}"


def _variances_alt(n):
    return (
        f"Left: variance of q over {_STEPS} steps, with the target 7 as a line, on the grid with spacing "
        f"dx = {n['dx']:g} in a window of ±{n['window']}."
    )


# --- (c) the parameters -------------------------------------------------------------------------------------------

_RACE_RATES = Range(1e-3, 2, 0.02)
_KINDS = {
    "variance": ("variance", style.INK, "-"),
    "log_sd": ("log sd", "#a84300", "--"),
    "natural": ("natural", "#7b3f98", "-."),
}


def parametrisations(learning_rate=0.1, variance=0.1):
    """Descend the same KL(p‖q) with the same learning rate by three descents.

    Parameters
    ----------
    learning_rate : float in [0.001, 2]
    variance : float in [0.1, 20]
        Variance of q at the start; its mean is 5 there.

    Returns
    -------
    klcourse.live.Explorer
        The target is N(0, variance 7). The slopes are the exact ones of two Gaussians, without a grid.

    Raises
    ------
    ValueError
        If an argument lies outside its range.

    >>> parametrisations().text
    'KL(p‖q) after 100 steps: variance 1.0852 nats, log sd 19.3758 nats, natural 2.439e-09 nats.'
    """
    controls = {
        "learning_rate": slider(
            "learning rate", _RACE_RATES.check("learning_rate", learning_rate), *_RACE_RATES, log=True
        ),
        "variance": slider("start variance", _VARIANCES.check("variance", variance), *_VARIANCES),
        "steps": slider("steps", 100, 1, 1000, 1, play=True),
    }
    covered = [Area(0), _scale(0, -0.26), Area(1), _scale(1, -0.25)]  # the ticks, too, tell how far it goes
    veil = Veil(covered, _race_start, lambda n: f"Empty axes for the variance of q and for KL. {_race_start(n)}")
    return Explorer(_race, Picture(_draw_race), controls, _race_readout, _race_alt, veil)


def _race(learning_rate, variance, steps):
    paths = {kind: _exact_path(_TARGET, _START[0], variance, learning_rate, steps, kind) for kind in _KINDS}
    numbers = {"steps": steps, "learning_rate": learning_rate, "start": variance}
    for kind, path in paths.items():
        numbers |= {f"{kind}_variance": path["variance"], f"{kind}_kl": path["kl"], f"{kind}_left": path["left"]}
    return numbers


def _draw_race(figure):
    left, right = figure.subplots(1, 2)
    for axes in (left, right):
        axes.set(xlim=(0, 1), xlabel="step")
        axes.set_xticks((0, 1), ("0", ""))
    left.set_ylabel("variance of q")
    _log_axis(left, 0.05, 2e4, (0.1, 1, 10, 100, 1000, 10000))
    right.set_ylabel("KL(p‖q), nats")
    _log_axis(right, 1e-8, 1e3, (1e-6, 1e-3, 1, 1000))
    right.set_yticks((1e-6, 1e-3, 1, 1e3), ("10⁻⁶", "0.001", "1", "1000"))
    left.axhline(_TARGET, color=style.P["color"], linewidth=1)
    _corner(left, "thin line: target 7", style.P["text"])
    for (name, colour, _), x, ha in zip(_KINDS.values(), (0, 0.53, 1), ("left", "center", "right"), strict=True):
        _corner(right, name, colour, x, ha)
    lines = {
        (axes, kind): axes.plot([], [], color=colour, linestyle=dash)[0]
        for axes, numbers in ((left, "variance"), (right, "kl"))
        for kind, (_, colour, dash) in _KINDS.items()
    }
    ends = [
        axes.text(1, -0.03, "1000", transform=axes.transAxes, ha="center", va="top", fontsize=12)
        for axes in (left, right)
    ]

    def draw(n):
        for (axes, kind), curve in lines.items():
            values = n[f"{kind}_variance" if axes is left else f"{kind}_kl"]
            curve.set_data(np.arange(len(values)) / n["steps"], values)
        for end in ends:
            end.set_text(f"{n['steps']}")

    return [*lines.values(), *ends], draw


def _race_readout(n):
    parts = []
    for kind, (name, _, _) in _KINDS.items():
        values = n[f"{kind}_kl"]
        end = f"leaves the domain at step {len(values)}" if n[f"{kind}_left"] else style.amount(values[-1])
        parts.append(f"{name} {end}")
    return f"KL(p‖q) after {_steps(n['steps'])}: {', '.join(parts)}."


def _race_alt(n):
    return f"Variance of q and KL over {_race_start(n)} {_race_readout(n)}"


def _race_start(n):
    return (
        f"{_steps(n['steps'])}, from mean 5 and variance {n['start']:.1f}, with learning rate "
        f"{n['learning_rate']:.3g}, by three descents."
    )
