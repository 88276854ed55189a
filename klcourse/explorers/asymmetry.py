"""The explorers of notebook 02: the two directions of KL."""

import numpy as np
from matplotlib.patches import Ellipse, Polygon
from scipy.special import ndtr

from klcourse.explorers.drawing import ceiling, line, outline, set_areas, signed_areas
from klcourse.gaussian import kl_gaussian, kl_of_independent_pair, log_gaussian
from klcourse.live import Area, Explorer, Picture, Range, Veil, slider, style, toggle
from klcourse.mixture import forward_fit, reverse_fits

__all__ = ["bimodal_fit", "correlated_fit", "two_gaussians"]


def _heading(axes, text, colour=style.INK, right=False):
    """Write above the left or the right end of the axes."""
    return axes.text(
        right, 1, text, color=colour, transform=axes.transAxes, va="bottom", ha="right" if right else "left"
    )


# --- (a) a sum on a grid ------------------------------------------------------------------------------------------

_MEANS, _SDS = Range(-8, 8, 0.1), Range(0.3, 5, 0.1)
_SHOWN = np.linspace(-20, 20, 501)
_SCALES = (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)
_BELOW = 0.35  # how much of the scale the picture of the integrand shows below 0


def two_gaussians(mean_p=0.0, sd_p=2.0, mean_q=5.0, sd_q=4.0):
    """Sum the integrand of KL over a grid, as a program does, and compare with the closed form.

    Parameters
    ----------
    mean_p, mean_q : float in [-8, 8]
        Means of the two normal distributions at the start.
    sd_p, sd_q : float in [0.3, 5]
        Their standard deviations.

    Returns
    -------
    klcourse.live.Explorer
        The grid is ``np.arange(-window, window, dx)``: the window's right end is left out. It begins with a window of
        ±30 and a dx of 0.003.

    Raises
    ------
    ValueError
        If a mean or a standard deviation lies outside its range.

    >>> two_gaussians(0, 2, 2, 2).text
    'Sum over 20,000 points: 0.5000 nats. Closed form: KL(P‖Q) = 0.5000 nats. The window holds 100.00 % of P.'
    """
    controls = {
        "mean_p": slider("mean of P", _MEANS.check("mean_p", mean_p), *_MEANS),
        "sd_p": slider("sd of P", _SDS.check("sd_p", sd_p), *_SDS),
        "mean_q": slider("mean of Q", _MEANS.check("mean_q", mean_q), *_MEANS),
        "sd_q": slider("sd of Q", _SDS.check("sd_q", sd_q), *_SDS),
        "window": slider("window ±", 30, 5, 100, 1),
        "step": slider("step dx", 0.003, 0.001, 1, 0.05, log=True),
        "times_dx": toggle("times dx", True),
        "log_densities": toggle("log densities", True),
        "swap": toggle("swap: KL(Q‖P)"),
    }
    return Explorer(_sum_on_grid, Picture(_draw_sum, size=(7.4, 3.6)), controls, _sum_readout, _sum_alt)


def _sum_on_grid(mean_p, sd_p, mean_q, sd_q, window, step, times_dx, log_densities, swap):
    names, first, second = "PQ", (mean_p, sd_p), (mean_q, sd_q)
    if swap:
        names, first, second = "QP", second, first
    x = np.arange(-window, window, step)
    total = _log_sum(x, first, second) if log_densities else _plain_sum(x, first, second)
    log_first, log_second = log_gaussian(_SHOWN, *first), log_gaussian(_SHOWN, *second)
    numbers = {
        "names": names,
        "p": np.exp(log_gaussian(_SHOWN, mean_p, sd_p)),
        "q": np.exp(log_gaussian(_SHOWN, mean_q, sd_q)),
        "integrand": np.exp(log_first) * (log_first - log_second),
        "grid": x[np.abs(x) <= _SHOWN[-1]] if step >= 0.2 else x[:0],
        "parameters": (mean_p, sd_p, mean_q, sd_q),
        "window": window,
        "points": len(x),
        "held": 100 * np.diff(ndtr((np.array([-window, window]) - first[0]) / first[1]))[0],
        "closed": kl_gaussian(*first, *second),
        "formula": _formula(*names.lower(), log_densities) + ("·dx" if times_dx else ""),
    }
    return numbers | _outcome(total * step if times_dx else total, names, times_dx)


def _formula(p, q, log_densities):
    return f"exp(ln {p})·(ln {p} − ln {q})" if log_densities else f"{p}·ln({p}/{q})"


def _log_sum(x, first, second):
    log_ratio = log_gaussian(x, *first)
    weight = np.exp(log_ratio)
    log_ratio -= log_gaussian(x, *second)
    return np.sum(weight * log_ratio)  # not @, whose threads wait for each other on a busy machine


def _plain_sum(x, first, second):
    """What most programs do. Where a density is too small for a float, it is 0, and the sum ∞ or not a number."""
    with np.errstate(all="ignore"):
        p, q = (np.exp(-0.5 * ((x - mean) / sd) ** 2) / (sd * np.sqrt(2 * np.pi)) for mean, sd in (first, second))
        return np.sum(p * np.log(p / q))


def _outcome(total, names, times_dx):
    if np.isnan(total):
        return {"said": f"not a number (0 · log 0, where {names[0]} underflows to 0)"}
    if np.isinf(total):
        return {"said": f"∞ ({names[1]} underflows to 0 where {names[0]} does not)", "sum": total}
    return {"said": style.amount(total, "nats" if times_dx else "(not nats: dx is missing)"), "sum": total}


def _draw_sum(figure):
    top, bottom = figure.subplots(2, 1, sharex=True)
    top.set(ylabel="density", ylim=(0, 1.03), xlim=(_SHOWN[0], _SHOWN[-1]))
    bottom.set(ylim=(-_BELOW, 1.03), xlabel="x  (grey: outside the window)")
    bottom.set_ylabel("integrand", loc="bottom")
    bottom.axhline(0, color=style.INK, linewidth=1)
    _heading(top, "P solid", style.P["text"])
    _heading(top, "Q dashed", style.Q["text"], right=True)
    curves = line(top, style.P), line(top, style.Q)
    areas = signed_areas(bottom)
    lost = bottom.add_patch(Polygon([(0, 0)], facecolor="#b5b1a6", linewidth=0))
    edge = bottom.plot([], [], color=style.INK, linewidth=1.2)[0]
    grid = bottom.plot([], [], "|", color=style.INK, markersize=11)[0]
    ends = bottom.plot([], [], color=style.INK, linewidth=1.2, linestyle=":")[0]
    formula, points = _heading(bottom, "formula"), _heading(bottom, "", right=True)
    # Both scales change with the sliders. Their labels move, so that the axes can stay.
    scales = [_scale_label(axes) for axes in (top, bottom)]

    def draw(n):
        highest = ceiling(max(n["p"].max(), n["q"].max()), _SCALES)
        for curve, density in zip(curves, (n["p"], n["q"]), strict=True):
            curve.set_data(_SHOWN, density / highest)
        largest = ceiling(max(n["integrand"].max(), -n["integrand"].min() / _BELOW), _SCALES)
        integrand = n["integrand"] / largest
        inside = np.abs(_SHOWN) <= n["window"]
        set_areas(areas, _SHOWN, integrand * inside)
        lost.set_xy(outline(_SHOWN, integrand * ~inside))
        areas[0].set_facecolor((style.P if n["names"] == "PQ" else style.Q)["color"])
        edge.set_data(_SHOWN, integrand)
        grid.set_data(n["grid"], np.zeros(len(n["grid"])))
        ends.set_data(n["window"] * np.array([-1, -1, np.nan, 1, 1]), [-1, 1, 0, -1, 1])
        for label, scale in zip(scales, (highest, largest), strict=True):
            label.set_text(f"{scale:g}")
        points.set_text(f"{n['points']:,} points")
        formula.set_text(f"{n['formula']},  mean under {n['names'][0]}")
        return n["formula"]

    return [*curves, *areas, lost, edge, grid, ends, points, *scales], draw


def _scale_label(axes):
    axes.set_yticks((0, 1), ("0", ""))
    return axes.text(-0.01, 1, "0.05", fontsize=12, ha="right", va="center", transform=axes.get_yaxis_transform())


def _sum_readout(n):
    return (
        f"Sum over {n['points']:,} points: {n['said']}. "
        f"Closed form: KL({'‖'.join(n['names'])}) = {style.amount(n['closed'])}. "
        f"The window holds {n['held']:.2f} % of {n['names'][0]}."
    )


def _sum_alt(n):
    mean_p, sd_p, mean_q, sd_q = n["parameters"]
    return (
        f"Densities of P, mean {mean_p:.1f} and sd {sd_p:.1f}, and Q, mean {mean_q:.1f} and sd {sd_q:.1f}. "
        f"Below, the integrand of KL({'‖'.join(n['names'])}), filled where positive and hatched where negative, "
        f"grey outside the window of ±{n['window']}. {_sum_readout(n)}"
    )


# --- (b) two humps ------------------------------------------------------------------------------------------------


def bimodal_fit(d=3.0, weight=0.5):
    """Fit one normal q to the mixture p of N(−d, 1) and N(d, 1), once by each direction of KL.

    Parameters
    ----------
    d : float in [0, 5]
        The humps' means are −d and d at the start.
    weight : float in [0.05, 0.95]
        Weight of the left hump.

    Returns
    -------
    klcourse.live.Explorer
        The reverse fit is searched from three starts: the left hump, the forward fit and the right hump.

    Raises
    ------
    ValueError
        If d or weight lies outside its range.

    >>> bimodal_fit(2).text
    'KL(p‖q) = 0.1720 nats (mean 0.000, sd 2.236). KL(q‖p) = 0.2265 nats (mean 0.000, sd 2.047).'
    """
    controls = {
        "d": slider("half gap d", _HALF_GAPS.check("d", d), *_HALF_GAPS),
        "weight": slider("left weight", _WEIGHTS.check("weight", weight), *_WEIGHTS),
    }
    veil = Veil([Area(1, top=0.98)], _forward_readout, _forward_alt)  # the reverse fit, and what its rivals cost
    return Explorer(_fit_humps, Picture(_draw_humps), controls, _humps_readout, _humps_alt, veil)


_HALF_GAPS, _WEIGHTS = Range(0, 5, 0.01), Range(0.05, 0.95, 0.01)
_X = np.linspace(-14, 14, 1401)


def _fit_humps(d, weight):
    log_p = np.logaddexp(np.log(weight) + log_gaussian(_X, -d, 1), np.log(1 - weight) + log_gaussian(_X, d, 1))
    p = np.exp(log_p)
    mean, sd = forward_fit(d, weight)
    forward_kl = p @ (log_p - log_gaussian(_X, mean, sd)) * (_X[1] - _X[0])
    means, sds, kls = reverse_fits(d, weight, [-d, mean, d], [1.0, sd, 1.0])
    best = np.argmin(np.round(kls, 9))  # of two equal ones the left, whatever the rounding
    others = kls[kls > kls[best] + 1e-6]
    return {
        "p": p,
        "forward": (mean, sd),
        "forward_kl": max(round(forward_kl, 12), 0.0),
        "means": means,
        "sds": sds,
        "kls": kls,
        "best": (means[best], sds[best]),
        "reverse_kl": kls[best],
        "others": sorted({f"{kl:.4f}" for kl in others}),
        "d": d,
        "weight": weight,
        "weight_right": 1 - weight,
    }


def _draw_humps(figure):
    forward, reverse = figure.subplots(1, 2, sharey=True)
    x = _X[::4]
    curves, humps = [], []
    for axes, title, look in ((forward, "min KL(p‖q)", style.P), (reverse, "min KL(q‖p)", style.Q)):
        axes.set(xlim=(-10, 10), ylim=(0, 0.46), yticks=[], xticks=(-10, -5, 0, 5, 10), xlabel="x")
        _heading(axes, title, look["text"])
        humps.append(axes.add_patch(Polygon([(0, 0)], color=style.P["color"], alpha=0.2, linewidth=0)))
        curves.append(line(axes, style.P, linewidth=1.8))
    forward.set_ylabel("density")
    forward.text(0.98, 0.98, "p solid, q dashed", va="top", ha="right", transform=forward.transAxes)
    fits = line(forward, style.Q), line(reverse, style.Q)
    thin = [reverse.plot([], [], color=style.Q["color"], linewidth=1.2)[0] for _ in range(3)]
    local = reverse.text(0.98, 0.98, "thin: local optima", va="top", ha="right", transform=reverse.transAxes)

    def draw(n):
        p = n["p"][::4]
        for curve, hump in zip(curves, humps, strict=True):
            curve.set_data(x, p)
            hump.set_xy(outline(x, p))
        for fit, (mean, sd) in zip(fits, (n["forward"], n["best"]), strict=True):
            fit.set_data(x, np.exp(log_gaussian(x, mean, sd)))
        for curve, mean, sd, kl in zip(thin, n["means"], n["sds"], n["kls"], strict=True):
            curve.set_data(x, np.exp(log_gaussian(x, mean, sd)))
            curve.set_visible(kl > n["reverse_kl"] + 1e-6)
        local.set_visible(bool(n["others"]))

    return [*humps, *curves, *thin, *fits, local], draw


def _humps_readout(n):
    best = f"{_forward_readout(n)} KL(q‖p) = {style.amount(n['reverse_kl'])} ({_normal_words(*n['best'])})"
    return best + (f", local optima {' and '.join(n['others'])}." if n["others"] else ".")


def _forward_readout(n):
    return f"KL(p‖q) = {style.amount(n['forward_kl'])} ({_normal_words(*n['forward'])})."


def _forward_alt(n):
    return (
        f"Two panels for the same target p, humps at ±{n['d']:.2f} with weights {n['weight']:.2f} and "
        f"{n['weight_right']:.2f}. Left the best normal q of the forward direction, dashed. {_forward_readout(n)}"
    )


def _normal_words(mean, sd):
    return f"mean {round(mean, 3) + 0:.3f}, sd {sd:.3f}".replace("-", "−")  # + 0 turns −0 into 0


def _humps_alt(n):
    return (
        f"Two panels with the same target p, humps at ±{n['d']:.2f} with weights {n['weight']:.2f} and "
        f"{n['weight_right']:.2f}, and the best normal q of each direction dashed, local optima thin. "
        f"{_humps_readout(n)}"
    )


# --- (c) a correlated target --------------------------------------------------------------------------------------


def correlated_fit(correlation=0.0):
    """Fit two independent normals to a pair with variances 1 and a correlation, once by each direction of KL.

    Parameters
    ----------
    correlation : float in [0, 0.99]
        Correlation of the target at the start.

    Returns
    -------
    klcourse.live.Explorer

    Raises
    ------
    ValueError
        If the correlation lies outside its range.

    >>> correlated_fit(0.6).text
    'Variance of each part of q: forward 1.0000, reverse 0.6400. KL(p‖q) = 0.2231 nats, KL(q‖p) = 0.2231 nats.'
    """
    start = _CORRELATIONS.check("correlation", correlation)
    controls = {"correlation": slider("correlation ρ", start, *_CORRELATIONS)}
    return Explorer(_fit_pair, Picture(_draw_pair), controls, _pair_readout, _pair_alt)


_CORRELATIONS = Range(0, 0.99, 0.01)
_VARIANCES = np.logspace(-2, np.log10(4), 200)


def _fit_pair(correlation):
    forward, reverse = 1.0, 1 - correlation**2  # the variances of the best fits
    curves = kl_of_independent_pair(correlation, _VARIANCES)
    return {
        "correlation": correlation,
        "forward": forward,
        "reverse": reverse,
        "forward_kl": kl_of_independent_pair(correlation, forward)[0],
        "reverse_kl": kl_of_independent_pair(correlation, reverse)[1],
        "forward_curve": curves[0],
        "reverse_curve": curves[1],
    }


def _draw_pair(figure):
    left, right = figure.subplots(1, 2)
    left.set(xlim=(-2.7, 2.7), ylim=(-2.7, 2.7), aspect="equal", xticks=(-2, 0, 2), yticks=(-2, 0, 2))
    left.set(xlabel="first", ylabel="second")
    size = {"xy": (0, 0), "width": 1, "height": 1, "linewidth": 2.5}
    blue, orange = style.P["color"], style.Q["color"]
    target = left.add_patch(Ellipse(**size, angle=45, facecolor=blue + "33", edgecolor=blue))
    forward = left.add_patch(Ellipse(**size, facecolor="none", edgecolor=orange, linestyle="--"))
    reverse = left.add_patch(Ellipse(**size, facecolor=orange + "44", edgecolor=orange, linestyle="--"))
    _heading(left, "p solid, q dashed")
    left.text(-2.6, 2.3, "forward")
    left.text(2.6, -2.5, "reverse", ha="right")
    left.plot([-1.9, -np.sqrt(2)], [2.2, np.sqrt(2)], color=style.INK, linewidth=1)
    leader = left.plot([], [], color=style.INK, linewidth=1)[0]
    right.set(xscale="log", xlim=(0.01, 4), ylim=(-0.1, 4), yticks=(0, 1, 2, 3, 4), xlabel="variance of each part of q")
    right.set_xticks((0.01, 0.1, 1), ("0.01", "0.1", "1"))
    right.set_xticks([], minor=True)
    right.set_ylabel("KL, nats")
    _heading(right, "KL(q‖p) dashed", style.Q["text"])
    _heading(right, "KL(p‖q) solid", style.P["text"], right=True)
    curves = line(right, style.P), line(right, style.Q)
    level = right.plot([], [], color=style.INK, linewidth=1, linestyle=":")[0]
    dots = [right.plot([], [], "o", color=colour, markersize=10)[0] for colour in (blue, orange)]

    def draw(n):
        # two standard deviations in every direction
        target.set(width=4 * np.sqrt(1 + n["correlation"]), height=4 * np.sqrt(1 - n["correlation"]))
        for circle, name in ((forward, "forward"), (reverse, "reverse")):
            circle.set(width=4 * np.sqrt(n[name]), height=4 * np.sqrt(n[name]))
        for curve, dot, name in zip(curves, dots, ("forward", "reverse"), strict=True):
            curve.set_data(_VARIANCES, n[f"{name}_curve"])
            dot.set_data([n[name]], [n[f"{name}_kl"]])
        leader.set_data([1.9, np.sqrt(2 * n["reverse"])], [-2.1, -np.sqrt(2 * n["reverse"])])
        level.set_data([n["reverse"], n["forward"]], [n["reverse_kl"], n["forward_kl"]])

    return [target, forward, reverse, leader, level, *curves, *dots], draw


def _pair_readout(n):
    return (
        f"Variance of each part of q: forward {n['forward']:.4f}, reverse {n['reverse']:.4f}. "
        f"KL(p‖q) = {style.amount(n['forward_kl'])}, KL(q‖p) = {style.amount(n['reverse_kl'])}."
    )


def _pair_alt(n):
    fits = "both fits are the same circle"
    if n["correlation"]:
        fits = (
            "the forward fit is a circle as wide as the ellipse's shadow on each axis, the reverse fit a smaller one "
            "through its points on the axes"
        )
    return (
        f"Left: the target's ellipse with correlation {n['correlation']:.2f}; {fits}. "
        f"Right: both KLs against the variance of q, two valleys of equal depth. {_pair_readout(n)}"
    )
