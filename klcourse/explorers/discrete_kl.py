"""The explorers of notebook 01: discrete KL."""

import numpy as np

from klcourse.checks import bounded, matching_probabilities
from klcourse.divergence import js_divergence, kl_divergence, kl_terms
from klcourse.explorers.drawing import MOST_OUTCOMES, Scale, check_few_outcomes, line, outcome_names, unit_of
from klcourse.live import Area, Explorer, Picture, Range, Veil, slider, style, toggle

__all__ = ["coin_curve", "outcome_bars", "smoothing"]

_BELOW = 0.35  # how much of the scale the picture of the terms shows below 0


# --- (a) bars ---------------------------------------------------------------------------------------------------


def outcome_bars(p=(0.10, 0.40, 0.50), q=(0.80, 0.15, 0.05), names=("red", "green", "blue"), base=None):
    """Drag the probabilities of two distributions and watch the terms p log(p/q) add up to KL(P‖Q).

    Parameters
    ----------
    p, q : array_like, shape (K,), 2 ≤ K ≤ 6
        The distributions at the start.
    names : sequence of str, optional
        Names of the outcomes.
    base : float, optional
        None for nats, 2 for bits.

    Returns
    -------
    klcourse.live.Explorer
        The sliders hold weights of at least 0.001, which are divided by their sum.

    Raises
    ------
    ValueError, TypeError
        If p or q is not a distribution or has fewer than 2 or more than 6 outcomes, a name is not a text, or base is
        not above 1.

    >>> explorer = outcome_bars()
    >>> explorer.text
    'KL(P‖Q) = 1.3357 nats = −0.2079 (red) + 0.3923 (green) + 1.1513 (blue)'
    """
    unit, names = unit_of(base), outcome_names(names, MOST_OUTCOMES)
    p, q = matching_probabilities(p=p, q=q)
    check_few_outcomes(p=p, q=q)
    weights = {"p": [*p, *[0.1] * (MOST_OUTCOMES - len(p))], "q": [*q, *[0.1] * (MOST_OUTCOMES - len(q))]}
    controls = {}
    for i, name in enumerate(names):
        for side in "pq":
            controls[f"{side}{i + 1}"] = slider(f"{side.upper()} {name}", max(weights[side][i], 0.001), 0.001, 1, 0.001)

    controls["outcomes"] = slider("number of outcomes", len(p), min(3, len(p)), MOST_OUTCOMES, 1)
    controls["swap"] = toggle("swap P and Q")

    def compute(outcomes, swap, **weights):
        sides = "qp" if swap else "pq"
        p, q = (np.array([weights[f"{side}{i + 1}"] for i in range(outcomes)]) for side in sides)
        p, q = p / p.sum(), q / q.sum()
        return {"p": p, "q": q, "terms": kl_terms(p, q, base=base), "kl": kl_divergence(p, q, base=base)}

    def readout(n):
        parts = [f"{_signed(t)} ({name})" for t, name in zip(n["terms"], names, strict=False)]
        return f"KL(P‖Q) = {style.amount(n['kl'], unit)} = {' + '.join(parts)}".replace("+ −", "− ")

    def alt(n):
        rows = zip(names, n["p"], n["q"], n["terms"], strict=False)
        bars = "; ".join(f"{name} P {p:.3f}, Q {q:.3f}, term {_signed(t)}" for name, p, q, t in rows)
        return f"Bars of P and Q, and the terms of KL(P‖Q) stacked to {style.amount(n['kl'], unit)}. {bars}."

    def start(n):
        rows = zip(names, n["p"], n["q"], strict=False)
        return "; ".join(f"{name} P {p:.3f}, Q {q:.3f}" for name, p, q in rows)

    veil = Veil(
        [Area(1, left=-0.14, top=1.04)],  # which terms are negative, and how high they stand beside the sum
        lambda n: f"{start(n)}.",
        lambda n: f"Left: bars of P and Q. {start(n)}. Right: room for the terms p log(p/q) and their sum.",
    )
    explorer = Explorer(compute, Picture(_draw_bars(names, unit)), controls, readout, alt, veil)
    controls["outcomes"].observe(lambda change: _show_rows(controls, change["new"]), "value")
    _show_rows(controls, len(p))
    return explorer


def _signed(value):
    return f"{value:.4f}".replace("-", "−")


def _show_rows(controls, outcomes):
    for i in range(MOST_OUTCOMES):
        for side in "pq":
            controls[f"{side}{i + 1}"].layout.display = None if i < outcomes else "none"


def _draw_bars(names, unit):
    def build(figure):
        left, right = figure.subplots(1, 2, width_ratios=(1, 1.15))
        left.set(ylim=(0, 1.02), ylabel="probability", yticks=(0, 0.5, 1))
        right.set(ylabel=f"p log(p/q), {unit}", ylim=(-_BELOW, 1.03))
        scale = Scale(right, (0.5, 1, 2, 4, 8, 16))
        right.axhline(0, color=style.INK, linewidth=1)
        bars = np.arange(MOST_OUTCOMES)
        p_bars = left.bar(bars - 0.2, 0.1, 0.36, color=style.P["color"])
        q_bars = left.bar(bars + 0.2, 0.1, 0.34, color="none", edgecolor=style.Q["color"], linestyle="--", linewidth=2)
        left.text(0.02, 1.0, "P filled", color=style.P["text"], transform=left.transAxes, va="bottom")
        left.text(0.36, 1.0, "Q dashed", color=style.Q["text"], transform=left.transAxes, va="bottom")
        look = {"color": style.P["color"], "edgecolor": style.INK, "linewidth": 0}
        terms = right.bar(np.arange(MOST_OUTCOMES + 1), 0.1, 0.7, **look)
        steps = right.step([0], [0], where="post", color=style.INK, linewidth=1, zorder=0.5)[0]
        total = right.text(0, 0, "", ha="center", va="bottom", weight="bold")
        named = None

        def name_outcomes(count):
            nonlocal named
            if named != count:
                named = count
                left.set_xlim(-0.6, count - 0.4)
                right.set_xlim(-0.6, count + 0.6)
                left.set_xticks(range(count), names[:count], rotation=0 if count < 5 else 30)
                right.set_xticks(range(count + 1), [*names[:count], "sum"], rotation=0 if count < 4 else 30)

        def draw(n):
            count = len(n["p"])
            name_outcomes(count)
            for shown, values in ((p_bars, n["p"]), (q_bars, n["q"])):
                for i, bar in enumerate(shown):
                    bar.set_height(values[i] if i < count else 0)
            ends = np.cumsum(n["terms"])
            largest = scale.fit(1.15 * max(ends.max(), n["kl"], -ends.min() / _BELOW))
            _set_waterfall(terms, ends / largest, n["terms"] / largest, n["kl"] / largest)
            # Line from each bar's end to the next bar's start.
            steps.set_data(np.arange(count + 1), [*ends / largest, n["kl"] / largest])
            total.set_position((count, n["kl"] / largest))
            total.set_text(f"{n['kl']:.3f}")

        name_outcomes(MOST_OUTCOMES)  # the layout finds the names that need most room
        return [*p_bars, *q_bars, *terms, steps, total, *scale.labels], draw

    return build


def _set_waterfall(bars, ends, terms, kl):
    """Stack the terms from left to right; the last bar is their sum."""
    count = len(terms)
    for i, bar in enumerate(bars):
        height = terms[i] if i < count else kl if i == count else 0
        bar.set(y=ends[i] - terms[i] if i < count else 0, height=height)
        bar.set_hatch("///" if height < 0 else "")
        bar.set_linewidth(1 if height < 0 else 0)
        bar.set_facecolor(style.PANEL if height < 0 else style.INK if i == count else style.P["color"])


# --- (b) a coin -------------------------------------------------------------------------------------------------


_COINS, _BELIEFS = Range(0, 1, 0.01), Range(0.001, 0.999, 0.001)


def coin_curve(p=0.5, q=0.1, base=None):
    """Move a true coin p and a believed coin q, and see KL(p‖q) as a curve over every belief.

    Parameters
    ----------
    p : float in [0, 1]
        True probability of heads.
    q : float in [0.001, 0.999]
        Believed probability of heads.
    base : float, optional
        None for nats, 2 for bits.

    Returns
    -------
    klcourse.live.Explorer

    Raises
    ------
    ValueError, TypeError
        If p or q lies outside its range, or base is not above 1.

    >>> coin_curve().text
    'KL(p‖q) = 0.5108 nats for p = 0.500 and q = 0.100'
    """
    unit = unit_of(base)
    beliefs = np.linspace(*_BELIEFS[:2], 400)
    believed_coins = np.column_stack([beliefs, 1 - beliefs])
    controls = {
        "p": slider("p, the true coin", _COINS.check("p", p), *_COINS),
        "q": slider("q, the believed coin", _BELIEFS.check("q", q), *_BELIEFS),
    }

    def compute(p, q):
        p = min(max(p, 0.0), 1.0)  # a slider's 100 steps of 0.01 end a rounding error above 1
        curve = kl_divergence([p, 1 - p], believed_coins, base=base)
        return {"p": p, "q": q, "curve": curve, "kl": kl_divergence([p, 1 - p], [q, 1 - q], base=base)}

    def build(figure):
        axes = figure.subplots()
        axes.set(xlim=(0, 1), xlabel="q, believed probability of heads", ylabel=f"KL(p‖q), {unit}")
        axes.set(xticks=(0, 0.25, 0.5, 0.75, 1), ylim=(-0.02, 1))
        scale = Scale(axes, (4, 6, 8, 12))
        curve = line(axes, style.P)
        dot = axes.plot([], [], "o", color=style.Q["color"], markersize=11)[0]
        truth = axes.axvline(0.5, color=style.P["color"], linewidth=1, linestyle=":")
        label = axes.text(0, 0, "", va="bottom")
        name = axes.text(0, 0.98, "", color=style.P["text"], va="top", transform=axes.get_xaxis_transform())

        def draw(n):
            top = scale.fit(max(n["curve"]) * 1.1)
            curve.set_data(beliefs, n["curve"] / top)
            dot.set_data([n["q"]], [n["kl"] / top])
            truth.set_xdata([n["p"]] * 2)
            right = n["q"] > 0.5
            label.set(x=n["q"] + (-0.02 if right else 0.02), y=n["kl"] / top + 0.02, ha="right" if right else "left")
            label.set_text(style.amount(n["kl"], unit, 3))
            name.set(x=n["p"] + (-0.015 if n["p"] > 0.5 else 0.015), ha="right" if n["p"] > 0.5 else "left")
            name.set_text(f"q = p = {n['p']:.2f}: KL is 0")

        return [*scale.labels, curve, dot, truth, label, name], draw

    def readout(n):
        return f"KL(p‖q) = {style.amount(n['kl'], unit)} for p = {n['p']:.3f} and q = {n['q']:.3f}"

    def alt(n):
        return (
            f"Curve of KL(p‖q) over q for p = {n['p']:.3f}: 0 at q = p, rising away from it, "
            f"with a dot at q = {n['q']:.3f}, height {style.amount(n['kl'], unit)}."
        )

    veil = Veil(
        [Area(0, left=-0.09, right=1.01, top=1.03)],  # whether it rises, and how high
        lambda n: f"p = {n['p']:.3f} and q = {n['q']:.3f}.",
        lambda n: f"Axes for a curve of KL(p‖q) over q, for p = {n['p']:.3f}.",
    )
    return Explorer(compute, Picture(build), controls, readout, alt, veil)


# --- (c) smoothing ----------------------------------------------------------------------------------------------


def smoothing(counts_p=(5, 3, 2, 0), counts_q=(2, 0, 4, 4)):
    """Add a pseudo-count α to every count and watch which divergences settle as α → 0.

    Parameters
    ----------
    counts_p, counts_q : array_like of float, shape (K,)
        How often each of 2 or more outcomes was seen, up to 1e9 times.

    Returns
    -------
    klcourse.live.Explorer

    Raises
    ------
    ValueError, TypeError
        If the counts are negative, too large, all zero, of different lengths, or not numbers.

    >>> smoothing().text
    'α = 1: KL(P‖Q) = 0.4687 nats, KL(Q‖P) = 0.5097 nats, JS = 0.1136 nats'
    """
    named = {"counts_p": counts_p, "counts_q": counts_q}
    counts = [bounded(name, value, lowest=0, highest=1e9) for name, value in named.items()]
    one_list = counts[0].ndim == 1 and counts[0].size > 1 and counts[0].shape == counts[1].shape
    if not one_list or not all(c.any() for c in counts):
        raise ValueError("counts_p and counts_q need the same length, 2 or more, and at least one count above 0.")
    alphas = np.logspace(-10, 1, 200)
    rows = _smoothed(counts, alphas[:, None])
    curves = [kl_divergence(*rows), kl_divergence(*rows[::-1]), js_divergence(*rows)]
    controls = {"alpha": slider("pseudo-count α", 1.0, 1e-10, 10, 0.05, log=True)}

    def compute(alpha):
        p, q = _smoothed(counts, alpha)
        return {"alpha": alpha, "values": [kl_divergence(p, q), kl_divergence(q, p), js_divergence(p, q)]}

    def build(figure):
        axes = figure.subplots()
        axes.set(xscale="log", xlim=(1e-10, 10), xlabel="pseudo-count α added to every count", ylabel="nats")
        top = max(c.max() for c in curves) * 1.1
        axes.set(ylim=(-0.04 * top, top), xticks=[1e-10, 1e-8, 1e-6, 1e-4, 1e-2, 1])
        dots = []
        for curve, look, name in zip(curves, (style.P, style.Q, style.M), _NAMES, strict=True):
            axes.plot(alphas, curve, color=look["color"], linestyle=look["linestyle"])
            beside = {"xytext": (-6, -4), "ha": "right", "va": "top"} if look is style.P else {"xytext": (6, 4)}
            axes.annotate(name, (alphas[40], curve[40]), textcoords="offset points", color=look["text"], **beside)
            dots.append(axes.plot([], [], "o", color=look["color"], markersize=11)[0])
        marker = axes.axvline(1, color=style.INK, linewidth=1)

        def draw(n):
            marker.set_xdata([n["alpha"]] * 2)
            for dot, value in zip(dots, n["values"], strict=True):
                dot.set_data([n["alpha"]], [value])

        return [marker, *dots], draw

    def readout(n):
        values = ", ".join(f"{name} = {style.amount(v)}" for name, v in zip(_NAMES, n["values"], strict=True))
        return f"α = {n['alpha']:.3g}: {values}"

    def alt(n):
        return f"Three curves over α. As α falls, both KLs climb and JS levels off. Dots at {readout(n)}."

    veil = Veil(
        [Area(0, left=-0.09, top=1.02)],  # the curves, and how high they go
        lambda n: f"α = {n['alpha']:.3g}: {_NAMES[0]} = {style.amount(n['values'][0])}.",
        lambda n: (
            f"Axes for KL(P‖Q), KL(Q‖P) and JS over α, from 1e-10 to 10 on a logarithmic scale. "
            f"At α = {n['alpha']:.3g} KL(P‖Q) is {style.amount(n['values'][0])}."
        ),
    )
    return Explorer(compute, Picture(build), controls, readout, alt, veil)


_NAMES = ("KL(P‖Q)", "KL(Q‖P)", "JS")


def _smoothed(counts, alpha):
    return [(c + alpha) / (c + alpha).sum(axis=-1, keepdims=True) for c in counts]
