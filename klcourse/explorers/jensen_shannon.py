"""The explorers of notebook 03: Jensen-Shannon."""

import math
from collections.abc import Mapping

import numpy as np

from klcourse.checks import check_text, matching_probabilities, shown
from klcourse.divergence import entropy, js_divergence, js_slope, kl_divergence, kl_terms
from klcourse.explorers.drawing import check_few_outcomes, line, outcome_names
from klcourse.live import Area, Explorer, Picture, Range, Veil, slider, style

__all__ = ["documents", "mixing_weight", "shift"]


# --- (a) two Gaussians move apart -------------------------------------------------------------------------------

_FARTHEST = 10
_SHIFTS = Range(0, _FARTHEST, 0.05)
_X = np.linspace(-8, _FARTHEST + 8, 1041)  # beyond lies less than 1e-15 of either Gaussian
_STEP = _X[1] - _X[0]


def shift(d=4.0):
    """Shift one unit Gaussian away from another and watch which divergences still notice.

    Parameters
    ----------
    d : float in [0, 10]
        The distance of the two means at the start.

    Returns
    -------
    klcourse.live.Explorer
        The Jensen-Shannon divergence and its slope over d, the total variation TV, KL(P‖Q) = d²/2 and the Wasserstein
        distance W₁ = d. The divergences are in nats.

    Raises
    ------
    ValueError
        If d lies outside its range.

    >>> shift().text
    'd = W₁ = 4.00: JS = 0.6327 nats (slope 0.0686), TV = 0.9545, KL(P‖Q) = 8.0000 nats'
    """
    controls = {"d": slider("shift d", _SHIFTS.check("d", d), *_SHIFTS)}

    def compute(d):
        return {"q": _density(d), **_apart(d)}

    def readout(n):
        js, kl, slope = style.amount(n["js"]), style.amount(n["kl"]), style.amount(n["slope"], "").strip()
        return f"d = W₁ = {n['d']:.2f}: JS = {js} (slope {slope}), TV = {n['tv']:.4f}, KL(P‖Q) = {kl}"

    def alt(n):
        return (
            "Above: two unit Gaussians P and Q, and their mixture. Below, over the shift: JS levels off at ln 2 and TV "
            f"at 1, the slope of JS is a hump, while KL and W₁ grow without end. Dots at {readout(n)}."
        )

    def seen(n):
        return f"d = W₁ = {n['d']:.2f}: KL(P‖Q) = {style.amount(n['kl'])}."

    veil = Veil(
        [Area(1, left=-0.16, bottom=-0.05, top=1.04)],  # with its scale: JS, its slope, and TV, over the shift
        seen,
        lambda n: (
            "Above: two unit Gaussians P and Q, and their mixture. Below right, over the shift: KL and W₁ grow without "
            f"end. Dots at {seen(n)}"
        ),
    )
    return Explorer(compute, Picture(_draw_shift, size=(7.6, 4.6)), controls, readout, alt, veil)


def _density(mean):
    return np.exp(-0.5 * (_X - mean) ** 2) / math.sqrt(2 * math.pi)


def _apart(d):
    """What sets P = N(0, 1) and Q = N(d, 1) apart."""
    p, q = _density(0) * _STEP, _density(d) * _STEP
    slope = js_slope(p, q, _X - d)  # for log q has the derivative x - d
    return {"d": d, "js": js_divergence(p, q), "slope": slope, "tv": math.erf(d / math.sqrt(8)), "kl": d * d / 2}


def _curves(rows):
    """Lists of the values under each name, from a list of numbers by name."""
    return {name: [row[name] for row in rows] for name in rows[0]}


def _draw_shift(figure):
    panels = figure.subplot_mosaic([["above", "above"], ["left", "right"]], width_ratios=(1.5, 1))
    above, left, right = (panels[name] for name in ("above", "left", "right"))
    above.set(xlim=(-4, 14), ylim=(0, 0.43), xticks=(0, 5, 10), yticks=(0, 0.4), ylabel="density")
    above.set_xlabel("x", loc="right", labelpad=-14)
    overlap = above.fill_between([0], [0], color=style.INK, alpha=0.2, linewidth=0)
    above.plot(_X, _density(0), color=style.P["color"])
    q, mixture = line(above, style.Q), line(above, style.M)
    for x, name, look in ((0, "P stays", style.P), (0.16, "Q moves", style.Q), (0.33, "mixture M", style.M)):
        above.text(x, 1, name, color=look["text"], transform=above.transAxes, va="bottom")
    above.text(0.55, 1, "grey: overlap, 1 − TV", transform=above.transAxes, va="bottom")

    left.set(xlim=(0, _FARTHEST), ylim=(0, 1.12), xticks=(0, 5, 10), yticks=(0, 0.5, 1), xlabel="shift d")
    left.axhline(math.log(2), color=style.GREY, linewidth=1)
    left.text(_FARTHEST, math.log(2) + 0.02, "ln 2", ha="right", va="bottom")
    left.text(1.6, 0.74, "TV", ha="right")
    left.text(6.5, 0.45, "JS, nats", color=style.M["text"])
    left.text(6.5, 0.09, "slope of JS", color=style.M["text"])
    right.set(xlim=(0, _FARTHEST), ylim=(0, 54), xticks=(0, 5, 10), yticks=(0, 25, 50), xlabel="shift d")
    right.text(1.5, 41, "KL, nats", color=style.P["text"])
    right.text(_FARTHEST, 13, "W₁", ha="right", va="bottom")

    curves, dots = _curves([_apart(d) for d in np.linspace(0, _FARTHEST, 201)]), {}
    left.fill_between(curves["d"], curves["slope"], color=style.M["color"], alpha=0.25, linewidth=0)
    for axes, name, colour, linestyle in (
        (left, "slope", style.M["color"], ""),
        (left, "tv", style.INK, "-"),
        (left, "js", style.M["color"], ":"),
        (right, "kl", style.P["color"], "-"),
        (right, "d", style.INK, "-"),
    ):
        axes.plot(curves["d"], curves[name], color=colour, linestyle=linestyle)
        dots[name] = axes.plot([], [], "o", color=colour, markersize=9, clip_on=False)[0]
    markers = [axes.axvline(0, color=style.INK, linewidth=1) for axes in (left, right)]

    def draw(n):
        q.set_data(_X, n["q"])
        mixture.set_data(_X, (_density(0) + n["q"]) / 2)
        overlap.set_data(_X, np.minimum(_density(0), n["q"]), 0)
        for marker in markers:
            marker.set_xdata([n["d"]] * 2)
        for name, dot in dots.items():
            dot.set_data([n["d"]], [n[name]])

    return [overlap, q, mixture, *markers, *dots.values()], draw


# --- (b) the weight of P in the mixture -------------------------------------------------------------------------

_SHARES = Range(0, 1, 0.005)  # the weight of P


def mixing_weight(p=(1.0, 0.0), q=(0.5, 0.5), names=("red", "green", "blue"), w=0.25):
    """Give P more or less weight in the mixture M = wP + (1-w)Q and look for the largest JS.

    Parameters
    ----------
    p, q : array_like, shape (K,), 2 ≤ K ≤ 6
        The two distributions.
    names : sequence of str, optional
        Names of the outcomes; those without a name get a number.
    w : float in [0, 1]
        The weight of P at the start.

    Returns
    -------
    klcourse.live.Explorer
        JS, the two KLs whose weighted mean it is, and its bound, the entropy H(w). All in bits.

    Raises
    ------
    ValueError, TypeError
        If p or q is not a distribution of 2 to 6 outcomes, a name is not a text, or w lies outside its range.

    >>> mixing_weight().text
    'w = 0.250: JS = 0.204434 bits, from KL(P‖M) = 0.678072 and KL(Q‖M) = 0.046555 bits'
    """
    p, q = matching_probabilities(p=p, q=q)
    check_few_outcomes(p=p, q=q)
    names = outcome_names(names, len(p))
    controls = {"w": slider("w, the weight of P", _SHARES.check("w", w), *_SHARES)}

    def compute(w):
        return _mixed(p, q, min(max(w, 0.0), 1.0))  # a slider's steps may end a rounding error above 1

    def readout(n):
        js, kl_p, kl_q = (style.amount(n[name], "bits", 6) for name in ("js", "kl_p", "kl_q"))
        return f"w = {n['w']:.3f}: JS = {js}, from KL(P‖M) = {kl_p.removesuffix(' bits')} and KL(Q‖M) = {kl_q}"

    def alt(n):
        bars = ", ".join(f"{name} {m:.3f}" for name, m in zip(names, n["m"], strict=True))
        return (
            f"Left: bars of P, Q and their mixture M ({bars}). Right, over w: JS is an arch below the arch of its "
            f"bound H(w), here {style.amount(n['bound'], 'bits')}; KL(P‖M) falls and KL(Q‖M) rises; they cross at "
            f"the top of the arch. Dots at {readout(n)}."
        )

    def seen(n):
        bars = ", ".join(f"{name} {m:.3f}" for name, m in zip(names, n["m"], strict=True))
        return f"Left: bars of P, Q and their mixture M ({bars}), with w = {n['w']:.3f}."

    veil = Veil([Area(1)], lambda n: f"w = {n['w']:.3f}.", seen)
    return Explorer(compute, Picture(_draw_weights(p, q, names)), controls, readout, alt, veil)


def _mixed(p, q, w):
    m = w * p + (1 - w) * q
    return {
        "w": w,
        "m": m,
        "kl_p": kl_divergence(p, m, base=2),
        "kl_q": kl_divergence(q, m, base=2),
        "js": js_divergence(p, q, weights=[w, 1 - w], base=2),
        "bound": entropy([w, 1 - w], base=2),
    }


def _draw_weights(p, q, names):
    curves = _curves([_mixed(p, q, w) for w in np.linspace(0, 1, 201)])

    def build(figure):
        left, right = figure.subplots(1, 2, width_ratios=(1, 1.5))
        places, outline = np.arange(len(p)), {"color": "none", "linewidth": 2.2}
        left.bar(places - 0.28, p, 0.25, color=style.P["color"])
        left.bar(places, q, 0.23, edgecolor=style.Q["color"], linestyle="--", **outline)
        m_bars = left.bar(places + 0.28, p, 0.23, edgecolor=style.M["color"], linestyle=":", **outline)
        left.set(ylim=(0, 1.02), yticks=(0, 0.5, 1), ylabel="probability")
        left.set_xticks(places, names, rotation=0 if len(p) < 4 else 30)
        for x, name, look in ((0, "P filled", style.P), (0.36, "Q dashed", style.Q), (0.8, "M dotted", style.M)):
            left.text(x, 1, name, color=look["text"], transform=left.transAxes, va="bottom", fontsize=12)

        ends = curves["kl_p"][0], curves["kl_q"][-1]  # either may be infinite: then leave room for the way there
        top = 1.05 * min(3, max(1, *(end if math.isfinite(end) else 1.2 for end in ends)))
        starts = np.interp(-0.88 * top, -np.array(curves["kl_p"]), curves["w"])  # where the labels' height is crossed
        stops = np.interp(0.88 * top, curves["kl_q"], curves["w"])
        right.set(xlim=(0, 1), ylim=(0, top), xticks=(0, 0.5, 1), yticks=range(int(top) + 1), ylabel="bits")
        right.axvline(0.5, color=style.GREY, linewidth=1)
        right.set_xlabel("w, the weight of P")
        right.text(starts + 0.03, 0.88 * top, "KL(P‖M)", color=style.P["text"])
        right.text(stops - 0.03, 0.88 * top, "KL(Q‖M)", color=style.Q["text"], ha="right")
        right.text(0.49, 1.01, "H(w)", va="bottom", ha="right")
        right.text(0.52, 0.06, "JS", color=style.M["text"])
        dots = {}
        for name, colour, linestyle, width in (
            ("bound", style.INK, "-", 1.5),
            ("kl_p", style.P["color"], "-", 1.5),
            ("kl_q", style.Q["color"], "--", 1.5),
            ("js", style.M["color"], ":", 3.5),
        ):
            right.plot(curves["w"], curves[name], color=colour, linestyle=linestyle, linewidth=width)
            dots[name] = right.plot([], [], "o", color=colour, markersize=9, clip_on=False)[0]
        marker = right.axvline(0.5, color=style.INK, linewidth=1)

        def draw(n):
            for bar, height in zip(m_bars, n["m"], strict=True):
                bar.set_height(height)
            marker.set_xdata([n["w"]] * 2)
            for name, dot in dots.items():
                dot.set_data([n["w"]], [n[name]])

        return [*m_bars, marker, *dots.values()], draw

    return build


# --- (c) documents ----------------------------------------------------------------------------------------------

_FIRST = {"the": 10, "cat": 5, "sat": 3}
_SECOND = {"the": 8, "dog": 6, "ran": 4}
_MOST_WORDS, _COUNTS = 6, Range(0, 20, 1)


def documents(first=_FIRST, second=_SECOND):
    """Count the words of two short documents and see which of them tell the documents apart.

    Parameters
    ----------
    first, second : dict of str to int
        How often each word occurs, at most 20 times; 2 to 6 different words in all. A word left out counts 0.

    Returns
    -------
    klcourse.live.Explorer
        The contribution of each word to JS in bits, stacked.

    Raises
    ------
    ValueError, TypeError
        If a document is not a dict of words, there are too few or too many of them, or a count is not a whole number
        from 0 to 20.

    >>> documents().text
    'JS = 0.5045 bits, distance 0.7103; KL(A‖B) = ∞ bits, KL(B‖A) = ∞ bits'
    """
    for side, document in {"first": first, "second": second}.items():
        if not isinstance(document, Mapping):
            raise TypeError(f'{side} is {shown(document)}: give a dict such as {{"the": 10, "cat": 5}}.')
        for word in document:
            check_text(f"a word of {side}", word)
    words = list({**first, **second})
    if not 2 <= len(words) <= _MOST_WORDS:
        raise ValueError(f"first and second have {len(words)} different words: give 2 to {_MOST_WORDS}.")
    controls = {}
    for i, word in enumerate(words, start=1):
        for side, name, document in (("A", "first", first), ("B", "second", second)):
            count = _COUNTS.check(f"{name}[{word!r}]", document.get(word, 0))
            controls[f"{side}{i}"] = slider(f"{side} {word}", count, *_COUNTS)

    def compute(**counts):
        a, b = (np.array([counts[f"{side}{i + 1}"] for i in range(len(words))]) for side in "AB")
        shares = {"a": a / max(a.sum(), 1), "b": b / max(b.sum(), 1), "words": len(words)}
        if not (a.any() and b.any()):
            return {**shares, "terms": np.zeros(len(words))}
        return {**shares, **_told_apart(shares["a"], shares["b"])}

    def readout(n):
        if "js" not in n:
            return "An empty document has no distribution: give both A and B at least one word."
        js, there, back = (style.amount(n[key], "bits") for key in ("js", "kl_ab", "kl_ba"))
        return f"JS = {js}, distance {n['distance']:.4f}; KL(A‖B) = {there}, KL(B‖A) = {back}"

    def alt(n):
        rows = zip(words, n["a"], n["b"], n["terms"], strict=True)
        bars = "; ".join(f"{word} A {a:.3f}, B {b:.3f}, contribution {term:.3f} bits" for word, a, b, term in rows)
        return f"Bars of the share of each word in A and B, and what it adds to JS. {bars}. {readout(n)}."

    def seen(n):
        rows = zip(words, n["a"], n["b"], strict=True)
        bars = "; ".join(f"{word} A {a:.3f}, B {b:.3f}" for word, a, b in rows)
        return f"Left: bars of the share of each word in A and B. {bars}."

    def infinite(n):
        there, back = (style.amount(n[key], "bits") if key in n else "none" for key in ("kl_ab", "kl_ba"))
        return f"KL(A‖B) = {there}, KL(B‖A) = {back}."

    veil = Veil([Area(1, left=-0.04, bottom=-0.1)], infinite, seen)  # with its scale
    return Explorer(compute, Picture(_draw_documents(words), size=(7.4, 3.6)), controls, readout, alt, veil)


def _told_apart(a, b):
    m = (a + b) / 2
    js = js_divergence(a, b, base=2)
    return {
        "terms": (kl_terms(a, m, base=2) + kl_terms(b, m, base=2)) / 2,
        "js": js,
        "distance": math.sqrt(js),
        "kl_ab": kl_divergence(a, b, base=2),
        "kl_ba": kl_divergence(b, a, base=2),
    }


def _draw_documents(words):
    def build(figure):
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=(1, 1.3))
        rows = np.arange(len(words))
        a_bars = left.barh(rows - 0.2, 0.5, 0.36, color=style.P["color"])
        b_bars = left.barh(rows + 0.2, 0.5, 0.34, color="none", edgecolor=style.Q["color"], linestyle="--", linewidth=2)
        left.set(xlim=(0, 1.02), xticks=(0, 0.5, 1), xlabel="share of the words")
        left.set_yticks(range(len(words) + 1), [*words, "sum"])
        left.set_ylim(len(words) + 0.5, -0.6)
        for x, name, look in ((0, "A filled", style.P), (0.5, "B dashed", style.Q)):
            left.text(x, 1, name, color=look["text"], transform=left.transAxes, va="bottom")

        right.set(xlim=(0, 1.3), xticks=(0, 0.5, 1), xlabel="contribution to JS, bits (at most 1)")
        right.tick_params(axis="y", length=0)
        right.barh(len(words), 1, 0.7, color="none", edgecolor=style.GREY, linewidth=1)
        terms = right.barh(np.arange(len(words) + 1), 0.1, 0.7, color=[style.M["color"]] * len(words) + [style.INK])
        labels = [right.text(1.03, i, "", va="center") for i in range(len(words) + 1)]

        def draw(n):
            for bars, shares in ((a_bars, n["a"]), (b_bars, n["b"])):
                for bar, share in zip(bars, shares, strict=True):
                    bar.set(width=share, visible=share > 0)
            ends = np.cumsum(n["terms"])
            for bar, label, end, term in zip(terms, labels, ends, n["terms"], strict=False):
                bar.set(x=end - term, width=term)
                label.set(x=end + 0.02, text=f"{term:.3f}" if "js" in n else "")
            terms[-1].set_width(ends[-1])
            labels[-1].set_text(f"{ends[-1]:.3f}" if "js" in n else "")

        return [*a_bars, *b_bars, *terms, *labels], draw

    return build
