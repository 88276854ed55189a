"""The explorers of notebook 06: maximum likelihood, and Poisson or normal."""

import math
from functools import lru_cache

import numpy as np
from matplotlib.colors import to_rgba
from matplotlib.patches import Polygon
from scipy.special import chdtr, chdtri

from klcourse.checks import finite
from klcourse.counts import (
    fit_rounded_normal,
    kl_and_mean_nll,
    kls_of_samples,
    log_poisson,
    log_rounded_normal,
    mean_kl_of_samples,
    poisson_and_its_normal,
)
from klcourse.divergence import entropy
from klcourse.explorers.drawing import Scale, ceiling, line
from klcourse.live import Area, Explorer, Picture, Range, Veil, choice, slider, style, toggle

__all__ = ["counts_and_fits", "poisson_and_normal", "sample_bias"]

_NORMAL = {"color": "#7b3f98", "linestyle": "-.", "text": "#7b3f98"}  # the normal, in every picture of this notebook


def _corner(axes, text, colour=style.INK, x=0.0, ha="left"):
    """Write above the axes, so many points and not a share of their height above: the layout then has one answer."""
    place = {"xy": (x, 1), "xycoords": "axes fraction", "xytext": (0, 3), "textcoords": "offset points"}
    axes.annotate(text, color=colour, va="bottom", ha=ha, **place)


def _outline(middles, heights, width):
    """The corners of bars: one polygon is drawn faster than many bars."""
    edges = np.add.outer(middles, width / 2 * np.array([-1, -1, 1, 1]))
    return np.column_stack([edges.ravel(), np.outer(heights, [0, 1, 1, 0]).ravel()])


def _bars(axes):
    """Add bars without data yet."""
    return axes.add_patch(Polygon([(0, 0)], facecolor=style.P["color"], alpha=0.45, linewidth=0))


# --- (a) counts and two models ------------------------------------------------------------------------------------

# Data of 16 observations each; the lesson is about the first.
EGGS = (0, 1, 1, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 8)
OTHERS = {
    "steadier": (2, 3, 4, 4, 4, 4, 4, 5, 5, 5, 5, 5, 5, 6, 6, 7),
    "clumped": (0, 0, 0, 0, 1, 1, 1, 2, 2, 3, 4, 5, 7, 8, 10, 12),
}
_FEWEST_SHOWN, _MOST_SHOWN = 12, 40  # the axis of counts ends between these


def counts_and_fits(counts=EGGS):
    """Fit a Poisson law and a rounded normal to counts by hand: the entropy stays, KL and the mean NLL move together.

    Parameters
    ----------
    counts : array_like of int, shape (n,)
        One count for each observation, each from 0 to 40.

    Returns
    -------
    klcourse.live.Explorer
        The data can be chosen, and edited by adding up to 20 observations of one count.

    Raises
    ------
    ValueError, TypeError
        If there is no count, or one of them is no whole number from 0 to 40.

    >>> print(counts_and_fits().text)
    H(p̂) = 1.9601 nats. Poisson(5.00): KL 0.4568, mean NLL 2.4169 nats. \
Rounded N(5.00, 2.00): KL 0.5019, mean NLL 2.4620 nats.
    """
    observed = finite("counts", counts)
    if observed.ndim != 1 or not observed.size or np.any(observed != np.clip(np.floor(observed), 0, _MOST_SHOWN)):
        raise ValueError(f"counts must be a list of whole numbers from 0 to {_MOST_SHOWN}, one for each observation.")
    top = max(_FEWEST_SHOWN, int(observed.max()))
    seen = {name: np.bincount(np.asarray(data, int), minlength=top + 1) for name, data in OTHERS.items()}
    seen = {"as given": np.bincount(observed.astype(int), minlength=top + 1), **seen}
    controls = {
        "data": choice("data", list(seen), "as given"),
        "rate": slider("λ of the Poisson", 5.0, 0.05, top, 0.05),
        "added": slider("how many added", 0, 0, 20, 1),
        "mean": slider("mean of the normal", 5.0, 0, top, 0.05),
        "count": slider("the count added", 7, 0, top, 1),
        "sd": slider("sd of the normal", 2.0, 0.5, top / 2, 0.05),
        "best": toggle("take the best λ, mean and sd instead"),
    }

    def compute(data, added, count, rate, mean, sd, best):
        often = seen[data].copy()
        often[count] += added
        if best:
            rate = float(often @ np.arange(top + 1) / often.sum())
            mean, sd = _best_normal(tuple(often))
        narrow = best and np.ptp(np.flatnonzero(often)) <= 1  # the smaller the sd, the nearer the normal can come
        return _compare(often, rate, mean, sd) | {"added": added, "count": count, "no_best": narrow}

    return Explorer(compute, Picture(_draw_fits(top)), controls, _fits_readout, _fits_alt)


def _compare(often, rate, mean, sd):
    """The law of the data, the two models, and for each model KL(p̂‖q) and the mean NLL."""
    k, p = np.arange(often.size), often / often.sum()
    numbers = {"p": p, "n": int(often.sum()), "entropy": abs(entropy(p)), "rate": rate, "mean": mean, "sd": sd}
    for name, log_q in (("poisson", log_poisson(k, rate)), ("normal", log_rounded_normal(k, mean, sd))):
        kl, nll = kl_and_mean_nll(p, log_q)
        numbers |= {name: np.exp(log_q), f"{name}_kl": kl, f"{name}_nll": nll}
    return numbers


@lru_cache(maxsize=256)
def _best_normal(often):
    return fit_rounded_normal(often)


def _draw_fits(top):
    def build(figure):
        left, right = figure.subplots(1, 2, width_ratios=(1.1, 1))
        k = np.arange(top + 1)
        left.set(xlim=(-0.7, top + 0.7), xlabel="count", ylabel="probability", xticks=range(0, top + 1, 4 + top // 25))
        left.set_ylim(0, 1.05)
        _corner(left, "data", style.P["text"])
        _corner(left, "Poisson", style.Q["text"], 0.35, "center")
        _corner(left, "rounded normal", _NORMAL["text"], 1, "right")
        bars, blue = _bars(left), _bars(right)
        poisson = line(left, style.Q, marker="o", markersize=6)
        normal = line(left, _NORMAL, marker="s", markersize=5, linewidth=2)
        marker = left.plot([], [], "v", color=style.P["color"], markersize=10, clip_on=False)[0]

        right.set(xlim=(-0.6, 2.6), ylabel="nats", ylim=(0, 1.1))
        likely, nats = Scale(left, (0.3, 0.6, 1)), Scale(right, (3, 8, 40, 400))
        right.set_xticks(range(3), ("H(p̂)", "KL(p̂‖q)", "mean NLL"))
        outlined = []
        for look, shift in ((style.Q, -0.21), (_NORMAL, 0.21)):
            outlined += right.bar(
                [1 + shift, 2 + shift],
                1,
                0.36,
                facecolor=to_rgba(look["color"], 0.25),
                edgecolor=look["color"],
                linestyle=look["linestyle"],
                linewidth=1.8,
            )
        level = right.axhline(1, color=style.P["color"], linewidth=1.5, linestyle=":")
        values = [right.text(x, 0, "", ha="center", va="bottom", fontsize=12) for x in (1, 2)]

        def draw(n):
            likeliest = likely.fit(max(n["p"].max(), n["poisson"].max(), n["normal"].max()))
            bars.set_xy(_outline(k, n["p"] / likeliest, 0.8))
            poisson.set_data(k, n["poisson"] / likeliest)
            normal.set_data(k, n["normal"] / likeliest)
            marker.set_data([n["count"]], [1.02])
            marker.set_alpha(1 if n["added"] else 0.35)

            kls = n["poisson_kl"], n["normal_kl"]
            most = nats.fit(n["entropy"] + max(kls))
            blue.set_xy(_outline([0, 2], [n["entropy"] / most] * 2, 0.8))
            for (alone, stacked), kl in zip((outlined[:2], outlined[2:]), kls, strict=True):
                alone.set_height(kl / most)
                stacked.set(y=n["entropy"] / most, height=kl / most)
            level.set_ydata([n["entropy"] / most] * 2)
            nlls = n["poisson_nll"], n["normal_nll"]
            for value, pair in zip(values, (kls, nlls), strict=True):
                value.set_y(max(pair) / most + 0.01)
                value.set_text("   ".join(f"{x:.2f}" if x < 10 else f"{x:.0f}" for x in pair))

        moving = [bars, poisson, normal, marker, blue, *outlined, level, *values, *likely.labels, *nats.labels]
        return moving, draw

    return build


def _fits_readout(n):
    def costs(name):
        return f"KL {style.amount(n[f'{name}_kl'], '').strip()}, mean NLL {style.amount(n[f'{name}_nll'])}"

    rate, mean, sd = (f"{n[name]:.2f}".replace("-", "−") for name in ("rate", "mean", "sd"))
    no_best = " There is no best normal: the smaller its sd, the nearer it can come." if n["no_best"] else ""
    return (
        f"H(p̂) = {style.amount(n['entropy'])}. Poisson({rate}): {costs('poisson')}. "
        f"Rounded N({mean}, {sd}): {costs('normal')}.{no_best}"
    )


def _fits_alt(n):
    shares = ", ".join(f"{k}: {p:.3f}" for k, p in enumerate(n["p"]) if p > 0)
    return (
        f"Left: the shares of {n['n']} counts ({shares}) as bars, with a Poisson law and a rounded normal as lines. "
        f"Right: bars of the entropy, of KL for both models, and of the mean NLL, the entropy with KL on top. "
        f"{_fits_readout(n)}"
    )


# --- (b) a Poisson law becomes normal -----------------------------------------------------------------------------

_RATES = Range(0.1, 1000, 0.02)


def poisson_and_normal(rate=10.0):
    """Raise λ and watch KL(Poisson(λ)‖rounded normal) fall, the normal having mean λ and variance λ.

    Parameters
    ----------
    rate : float in [0.1, 1000]
        λ at the start.

    Returns
    -------
    klcourse.live.Explorer
        Both laws, with the counts measured in sds from λ, and the KL over λ beside its limit law 1/(12λ).

    Raises
    ------
    ValueError
        If λ lies outside its range.

    >>> poisson_and_normal().text
    'λ = 10: KL(Poisson‖normal) = 0.008820 nats, 1/(12λ) = 0.008333 nats'
    """
    controls = {
        "rate": slider("λ", _RATES.check("rate", rate), *_RATES, log=True),
        "swap": toggle("swap: KL(normal‖Poisson)"),
    }
    return Explorer(_against_its_normal, Picture(_draw_laws), controls, _laws_readout, _laws_alt)


def _against_its_normal(rate, swap):
    """Poisson(λ) and the rounded N(λ, √λ), and the KL of the one from the other."""
    k, log_p, log_q = poisson_and_its_normal(rate)
    p, q = np.exp(log_p), np.exp(log_q)
    kl = float(q @ (log_q - log_p) if swap else p @ (log_p - log_q))
    return {"rate": rate, "k": k, "p": p, "q": q, "kl": kl, "limit": 1 / (12 * rate), "swap": swap}


@lru_cache(maxsize=2)
def _falling(swap):
    rates = np.geomspace(*_RATES[:2], 121)
    return rates, np.array([_against_its_normal(rate, swap)["kl"] for rate in rates])


def _draw_laws(figure):
    left, right = figure.subplots(1, 2, width_ratios=(1.1, 1))
    left.set(
        xlim=(-4, 4.5), ylim=(0, 0.46), xticks=(-4, -2, 0, 2, 4), yticks=(0, 0.2, 0.4), ylabel="probability per sd"
    )
    left.set_xlabel("(count − λ) / √λ")
    _corner(left, "Poisson", style.P["text"])
    _corner(left, "rounded normal", _NORMAL["text"], 1, "right")
    area = _bars(left)
    q = line(left, _NORMAL, linewidth=2)
    right.set(xscale="log", yscale="log", xlim=_RATES[:2], ylim=(3e-5, 1), xlabel="λ", ylabel="KL, nats")
    right.set_xticks((0.1, 1, 10, 100, 1000), ("0.1", "1", "10", "100", "1000"))
    right.set_yticks((1e-4, 1e-3, 1e-2, 0.1, 1), ("0.0001", "0.001", "0.01", "0.1", "1"))
    right.minorticks_off()
    rates = _falling(False)[0]
    right.plot(rates, 1 / (12 * rates), color=style.GREY, linestyle=":", linewidth=2)
    right.text(0.75, 0.17, "1/(12λ)", color=style.GREY)
    curve = right.plot([], [], color=style.INK)[0]
    dot = right.plot([], [], "o", color=style.INK, markersize=11, clip_on=False)[0]

    def draw(n):
        sd = math.sqrt(n["rate"])
        places = (n["k"] - n["rate"]) / sd
        area.set_xy(_outline(places, n["p"] * sd, 1 / sd))
        steps = _outline(places, n["q"] * sd, 1 / sd)
        q.set_data(steps[steps[:, 1] > 0].T)
        curve.set_data(*_falling(n["swap"]))
        dot.set_data([n["rate"]], [n["kl"]])

    return [area, q, curve, dot], draw


def _laws_readout(n):
    direction = "normal‖Poisson" if n["swap"] else "Poisson‖normal"
    kl, limit = style.amount(n["kl"], digits=6), style.amount(n["limit"], digits=6)
    return f"λ = {n['rate']:.4g}: KL({direction}) = {kl}, 1/(12λ) = {limit}"


def _laws_alt(n):
    then = "lies up to 39 % above 1/(12λ) before it comes close to it" if n["swap"] else "falls along 1/(12λ)"
    return (
        "Left: bars of a Poisson law and the outline of the rounded normal with the same mean and variance. Right: KL "
        f"over λ, both axes logarithmic, which wavers up to λ about 4 and then {then}. "
        f"Dot at {_laws_readout(n)}."
    )


# --- (c) the bias of a KL from few data ---------------------------------------------------------------------------

_SAMPLES, _SEED = 2000, 1
_ROLLS, _SIDES = Range(10, 600, 10), Range(2, 12, 1)
_SIZES = np.unique(np.geomspace(10, 600, 14).astype(int))


def sample_bias(n=60, outcomes=6):
    """Draw 2,000 samples and see how far KL(p̂‖p) lies above 0, although p is the law they come from.

    Parameters
    ----------
    n : int in [10, 600]
        Rolls in a sample at the start, a multiple of 10.
    outcomes : int in [2, 12]
        Sides of the die at the start.

    Returns
    -------
    klcourse.live.Explorer
        The simulated distribution of KL(p̂‖p), the one that χ² promises, and the mean over n. The seed is fixed.

    Raises
    ------
    ValueError
        If an argument lies outside its range.

    >>> sample_bias().text
    'Mean of 2,000 samples: 0.0427 nats. (K − 1)/2n = 0.0417 nats, exact mean 0.0426 nats.'
    """
    n, outcomes = _ROLLS.check("n", n), _SIDES.check("outcomes", outcomes)
    if n % _ROLLS.step:
        raise ValueError(f"n is {n}: it must be a multiple of {_ROLLS.step}.")
    controls = {
        "n": slider("n, rolls in a sample", n, *_ROLLS),
        "outcomes": slider("K, sides of the die", outcomes, *_SIDES),
        "loaded": toggle("loaded 1 : 2 : … : K"),
    }
    veil = Veil([Area(1, left=-0.02, right=1.02, top=1.1)], _hidden_bias_readout, _hidden_bias_alt)  # the rule
    return Explorer(_simulate, Picture(_draw_bias), controls, _bias_readout, _bias_alt, veil)


def _die(outcomes, loaded):
    weights = np.arange(1, outcomes + 1) if loaded else np.ones(outcomes)
    return weights / weights.sum()


def _simulate(n, outcomes, loaded):
    kls = kls_of_samples(n, _die(outcomes, loaded), _SAMPLES, _SEED)
    return {
        "kls": kls,
        "mean": float(kls.mean()),
        "rule": (outcomes - 1) / (2 * n),
        "exact": _exact_mean(n, outcomes, loaded),
        "n": n,
        "outcomes": outcomes,
        "loaded": loaded,
    }


@lru_cache(maxsize=2048)
def _exact_mean(n, outcomes, loaded):
    return mean_kl_of_samples(n, _die(outcomes, loaded))


def _draw_bias(figure):
    left, right = figure.subplots(1, 2, width_ratios=(1.15, 1))
    left.set(xlabel="KL(p̂‖p), nats", ylabel="share of samples", ylim=(0, 1.08), yticks=(), xlim=(-0.5, _BINS))
    left.set_xticks((0, _BINS / 2, _BINS), ("0", "", ""))
    _corner(left, "2,000 samples", style.P["text"])
    _corner(left, "χ² / 2n dashed", style.Q["text"], 1, "right")
    bars = _bars(left)
    middles = np.arange(_BINS) + 0.5
    promised = line(left, style.Q, linewidth=2)
    mean = left.axvline(0, color=style.P["text"])
    mean_name = left.text(0, 0.9, "", color=style.P["text"], transform=left.get_xaxis_transform(), va="top")
    left.axvline(0, color=style.INK, linewidth=1)
    under = {"transform": left.get_xaxis_transform(), "ha": "center", "va": "top", "fontsize": 12, "zorder": -1}
    ticks = [left.text(x, -0.03, "0", **under) for x in (_BINS / 2, _BINS)]  # as texts that move: no new background
    right.set(xscale="log", yscale="log", xlim=(10, 600), ylim=(5e-4, 1.2), xlabel="n", ylabel="mean KL(p̂‖p), nats")
    right.set_xticks((10, 60, 600), ("10", "60", "600"))
    right.set_yticks((1e-3, 1e-2, 0.1, 1), ("0.001", "0.01", "0.1", "1"))
    right.minorticks_off()
    _corner(right, "exact", style.P["text"])
    _corner(right, "(K − 1) / 2n dashed", style.Q["text"], 1, "right")
    exact = line(right, style.P)
    rule = line(right, style.Q, linewidth=2)
    dot = right.plot([], [], "o", color=style.P["color"], markersize=11, clip_on=False)[0]

    def draw(n):
        end = ceiling(chdtri(n["outcomes"] - 1, 0.01) / (2 * n["n"]), _ENDS)
        edges = np.linspace(0, end, _BINS + 1)
        shares = np.histogram(n["kls"], edges)[0] / _SAMPLES
        chances = np.diff(chdtr(n["outcomes"] - 1, 2 * n["n"] * edges))
        highest = max(shares.max(), chances.max())
        for tick, value in zip(ticks, (end / 2, end), strict=True):
            tick.set_text(f"{value:g}")
        bars.set_xy(_outline(middles, shares / highest, 1))
        promised.set_data(middles, chances / highest)
        mean.set_xdata([n["mean"] / end * _BINS] * 2)
        mean_name.set(x=n["mean"] / end * _BINS + 0.6, text=f"mean {n['mean']:.4f}")
        exact.set_data(_SIZES, [_exact_mean(int(size), n["outcomes"], n["loaded"]) for size in _SIZES])
        rule.set_data(_SIZES, (n["outcomes"] - 1) / (2 * _SIZES))
        dot.set_data([n["n"]], [n["mean"]])

    return [bars, promised, mean, mean_name, *ticks, exact, rule, dot], draw


_BINS = 40
_ENDS = (0.006, 0.03, 0.15, 0.6, 2.5)


def _bias_readout(n):
    mean, rule, exact = (style.amount(n[name]) for name in ("mean", "rule", "exact"))
    return f"Mean of 2,000 samples: {mean}. (K − 1)/2n = {rule}, exact mean {exact}."


def _hidden_bias_readout(n):
    return f"Mean of 2,000 samples: {style.amount(n['mean'])}."


def _rolled(n):
    die = "loaded" if n["loaded"] else "fair"
    return f"2,000 samples of {n['n']} rolls of a {die} die with {n['outcomes']} sides"


def _hidden_bias_alt(n):
    return (
        f"Left: histogram of KL(p̂‖p) over {_rolled(n)}, none below 0, and a dashed χ² curve. {_hidden_bias_readout(n)}"
    )


def _bias_alt(n):
    return (
        f"Left: histogram of KL(p̂‖p) over {_rolled(n)}, none below 0, and a dashed χ² curve. "
        "Right: the mean KL over n falls beside the straight line (K − 1)/2n. "
        f"{_bias_readout(n)}"
    )
