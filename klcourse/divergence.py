"""Entropy, cross-entropy, Kullback-Leibler and Jensen-Shannon divergence of discrete distributions.

All functions take probabilities along one axis (the last, unless `axis` says otherwise) and broadcast over the
others. They check their input and change nothing in it: no clipping, no normalising, no dropping of zeros.
Half precision (float16) is too coarse to sum to 1, and refused where it does not: convert it, then divide by the sum.
Zeros follow the limits: 0 log 0 = 0, and an outcome with q = 0 < p makes the divergence infinite.
"""

import math
import sys
from numbers import Number

import numpy as np
from scipy.special import rel_entr, xlogy

from klcourse.checks import bounded, check_shapes, finite, matching_probabilities, probabilities

__all__ = [
    "cross_entropy",
    "entropy",
    "js_distance",
    "js_divergence",
    "js_slope",
    "kl_divergence",
    "kl_terms",
    "log_ratio",
]


def entropy(p, *, base=None, axis=-1):
    """Entropy H(p) = -sum p log p: the mean surprise of p.

    Parameters
    ----------
    p : array_like, shape (..., K)
        Probabilities, summing to 1 along `axis`.
    base : float, optional
        Base of the logarithm: None gives nats, 2 gives bits.
    axis : int
        The axis that runs over the K outcomes.

    Returns
    -------
    float, or ndarray of the remaining axes
        Never negative; 0 for a certain outcome, log K for the uniform distribution.

    Raises
    ------
    ValueError, TypeError
        If p is no probability distribution or base is not above 1; the message names the remedy.

    Source: Shannon, "A Mathematical Theory of Communication" (1948), section 6.

    >>> entropy([0.5, 0.25, 0.125, 0.125], base=2)
    1.75
    """
    (p,) = matching_probabilities(axis, p=p)
    return _total(-_times_log(p, p), base)


def cross_entropy(p, q, *, base=None, axis=-1):
    """Cross-entropy H(p, q) = -sum p log q: the mean surprise under q when p is true.

    It equals entropy(p) + kl_divergence(p, q).

    Parameters
    ----------
    p, q : array_like, shape (..., K)
        Probabilities, summing to 1 along `axis`; their leading axes broadcast.
    base, axis
        As in `entropy`.

    Returns
    -------
    float, or ndarray of the remaining axes
        In nats (or the unit that base names); inf where q = 0 < p.

    Raises
    ------
    ValueError, TypeError
        If p or q is no probability distribution, or their shapes do not fit.

    Source: Cover & Thomas, "Elements of Information Theory", 2nd ed., theorem 5.4.3 (the cost of the wrong code).

    >>> cross_entropy([0.5, 0.25, 0.125, 0.125], [0.25, 0.25, 0.25, 0.25], base=2)
    2.0
    """
    p, q = matching_probabilities(axis, p=p, q=q)
    return _total(-_times_log(p, q), base)


def kl_divergence(p, q, *, base=None, axis=-1):
    """Kullback-Leibler divergence KL(p‖q) = sum p log(p / q), the mean under p of the log-ratio.

    Parameters
    ----------
    p, q : array_like, shape (..., K)
        Probabilities, summing to 1 along `axis`; their leading axes broadcast.
    base : float, optional
        Base of the logarithm: None gives nats, 2 gives bits.
    axis : int
        The axis that runs over the K outcomes.

    Returns
    -------
    float, or ndarray of the remaining axes
        Never negative, never NaN, exactly 0 for identical input, inf where q = 0 < p.

    Raises
    ------
    ValueError, TypeError
        If p or q is no probability distribution, or their shapes do not fit; the message names the remedy.

    Notes
    -----
    The sum is taken over p log(p/q) - p + q. The two added columns sum to zero, but now no term is negative, so nothing
    cancels and the result is right even where rounding eats a plain sum.

    Source: Kullback & Leibler, "On Information and Sufficiency" (1951).

    >>> round(kl_divergence([0.1, 0.4, 0.5], [0.8, 0.15, 0.05]), 6)
    1.33568
    >>> round(kl_divergence([0.1, 0.4, 0.5], [0.8, 0.15, 0.05], base=2), 6)
    1.926979
    >>> kl_divergence([0.5, 0.5, 0], [0.5, 0.25, 0.25]), kl_divergence([0.5, 0.25, 0.25], [0.5, 0.5, 0])
    (0.34657359027997264, inf)
    """
    p, q = matching_probabilities(axis, p=p, q=q)
    return _total(_nonnegative_terms(p, q, p - q), base)


def kl_terms(p, q, *, base=None):
    """The terms p log(p / q) whose sum is KL(p‖q), one an outcome. Single terms may be negative.

    Parameters
    ----------
    p, q : array_like, shape (..., K)
        Probabilities, summing to 1 along the last axis; their leading axes broadcast.
    base : float, optional
        Base of the logarithm: None gives nats, 2 gives bits.

    Returns
    -------
    ndarray, shape (..., K)
        0 where p = 0, inf where q = 0 < p.

    Raises
    ------
    ValueError, TypeError
        If p or q is no probability distribution, or their shapes do not fit.

    Source: the summands in Kullback & Leibler (1951); the same as `scipy.special.rel_entr`.

    >>> kl_terms([0.1, 0.4, 0.5], [0.8, 0.15, 0.05]).round(6)
    array([-0.207944,  0.392332,  1.151293])
    """
    p, q = matching_probabilities(-1, p=p, q=q)
    return rel_entr(p, q) / _unit(base)


def js_divergence(*distributions, weights=None, base=None, axis=-1):
    """Jensen-Shannon divergence: the weighted mean of KL(p_i‖m), m = sum w_i p_i being the mixture.

    Parameters
    ----------
    *distributions : array_like, shape (..., K)
        Two or more distributions, each summing to 1 along `axis`; their leading axes broadcast.
    weights : array_like, shape (number of distributions,), optional
        Non-negative, summing to 1. The default is equal weights.
    base, axis
        As in `kl_divergence`.

    Returns
    -------
    float, or ndarray of the remaining axes
        Between 0 (all equal) and the entropy of the weights (disjoint supports), for two equal weights ln 2 = 1 bit.

    Raises
    ------
    ValueError, TypeError
        If there are fewer than two distributions, one of them is none, or the weights do not fit.

    Source: Lin, "Divergence Measures Based on the Shannon Entropy" (1991), equations (4.1) and (5.1).

    >>> round(js_divergence([0.1, 0.4, 0.5], [0.8, 0.15, 0.05], base=2), 6)
    0.420201
    >>> js_divergence([1, 0], [0, 1], base=2)
    1.0
    """
    if len(distributions) < 2:
        raise ValueError(
            f"js_divergence compares two or more distributions, but got {len(distributions)}: add another."
        )
    named = {f"distribution {i}": p for i, p in enumerate(distributions, start=1)}
    weights = _weights(weights, len(distributions))
    arrays = matching_probabilities(axis, **named)
    # A distribution of weight 0 has no part but in the shape of the result; leaving it in would give 0 * inf.
    parts = [(w, p) for w, p in zip(weights, arrays, strict=True) if w > 0]

    _, main = max(parts, key=lambda part: part[0])
    mixture = sum(w * p for w, p in parts)
    # The mixture of the smallest numbers a float can hold rounds to 0; keep it above 0 wherever a part is.
    mixture = np.maximum(mixture, np.nextafter(0, 1) * (sum(p > 0 for _, p in parts) > 0))
    # p_i - m from differences of the inputs, which are exact when these are close, and not from the rounded mixture.
    # Taken from the distribution of most weight, whose own p - m is small where the other weights are.
    shift = sum(w * (p - main) for w, p in parts)
    terms = sum(w * _nonnegative_terms(p, mixture, (p - main) - shift) for w, p in parts)
    return _total(np.broadcast_to(terms, np.broadcast_shapes(*(p.shape for p in arrays))), base)


def js_slope(p, q, score):
    """The slope of JS(p, q) along a parameter of q: dJS/dθ = ½ Σ (dq/dθ) log(q/m) with m = (p + q)/2.

    The slope of m adds nothing, because probabilities keep their sum.

    Parameters
    ----------
    p, q : array_like, shape (K,)
        Probabilities, summing to 1.
    score : array_like, shape (K,)
        d log q/dθ of each outcome; its mean under q is 0.

    Returns
    -------
    float
        In nats for each unit of θ.

    Raises
    ------
    ValueError, TypeError
        If p or q is no probability distribution, a shape does not fit, or the mean of score is not 0.

    >>> round(js_slope([0.5, 0.5], [0.2, 0.8], score=[1 / 0.2, -1 / 0.8]), 6)  # θ is the first probability of q
    -0.383628
    >>> nearby = [js_divergence([0.5, 0.5], [q, 1 - q]) for q in (0.2 - 1e-6, 0.2 + 1e-6)]
    >>> round((nearby[1] - nearby[0]) / 2e-6, 6)
    -0.383628
    """
    p, q = matching_probabilities(p=p, q=q)
    score = finite("score", score)
    if not p.shape == q.shape == score.shape or p.ndim != 1:
        raise ValueError(f"p, q and score have the shapes {p.shape}, {q.shape} and {score.shape}: give equal lists.")
    if abs(q @ score) > 1e-6 * (q @ np.abs(score)):
        raise ValueError(f"score has the mean {q @ score:.6g} under q, not 0: give d log q/dθ of each outcome.")
    return float(np.sum(score * kl_terms(q, (p + q) / 2)) / 2)


def js_distance(*distributions, weights=None, base=None, axis=-1):
    """Jensen-Shannon distance: the square root of the Jensen-Shannon divergence, and a metric (for equal weights).

    Parameters, result and errors are those of `js_divergence`; the value depends on the base through its square root.

    Source: Endres & Schindelin, "A new metric for probability distributions" (2003).

    >>> round(js_distance([0.1, 0.4, 0.5], [0.8, 0.15, 0.05], base=2), 6)
    0.648229
    """
    return js_divergence(*distributions, weights=weights, base=base, axis=axis) ** 0.5


# --- the arithmetic ---------------------------------------------------------------------------------------------------

# (1 + d) log(1 + d) - d = d² (1/2 - d/6 + d²/12 - ...); twelve terms reach double precision for |d| < 0.1.
_SERIES = [(-1) ** k / (k * (k - 1)) for k in range(13, 1, -1)]
_NEAR = 0.1


def _nonnegative_terms(p, q, p_minus_q):
    """p log(p/q) - p + q, each term with full relative precision, given the exact difference p - q."""
    with np.errstate(all="ignore"):  # p = 0 and q = 0 are set right below
        terms = p * _log_ratio(p, q) - p_minus_q
        terms = np.where(p == 0, q, np.where(q == 0, np.inf, terms))
        near = np.abs(p_minus_q) < _NEAR * q
    q, p_minus_q = (np.broadcast_to(a, near.shape)[near] for a in (q, p_minus_q))
    d = p_minus_q / q
    terms[near] = p_minus_q * d * np.polyval(_SERIES, d)
    return terms


def log_ratio(p, q):
    """log(p / q) of arrays, with full relative precision where p / q is too large or too small for a float.

    Parameters
    ----------
    p, q : array_like
        Not negative; their shapes broadcast.

    Returns
    -------
    ndarray
        inf where q = 0 < p, -inf where p = 0 < q, NaN where both are 0.

    Raises
    ------
    ValueError, TypeError
        If an entry is negative or no finite number, or the shapes do not broadcast.

    >>> log_ratio([1e200, 3.0], [1e-200, 3.0]).round(6)
    array([921.034037,   0.      ])
    """
    p, q = (bounded(name, value, lowest=0, highest=sys.float_info.max) for name, value in {"p": p, "q": q}.items())
    check_shapes(p=p, q=q)
    return _log_ratio(p, q)


def _log_ratio(p, q):
    with np.errstate(all="ignore"):
        ratio = p / q
        extreme = (ratio < 1e-300) | (ratio > 1e300)  # the ratio has lost digits, or is 0 or infinite
        return np.where(extreme, np.log(p) - np.log(q), np.log(ratio)) if extreme.any() else np.log(ratio)


def _times_log(p, q):
    """p log q, with 0 log 0 = 0. Where q is near 1, its log comes from the other outcomes, which rounding spares."""
    large = q > 0.5
    others = np.sum(q, axis=-1, keepdims=True, where=~large)
    return np.where(large, p * np.log1p(-np.minimum(others, 0.5)), xlogy(p, np.where(large, 1, q)))


def _total(terms, base):
    total = np.sum(terms, axis=-1) / _unit(base)
    return float(total) if total.ndim == 0 else total


def _unit(base):
    """Nats in one unit of the given base."""
    if base is None:
        return 1.0
    if not isinstance(base, Number) or isinstance(base, complex):
        raise TypeError(f"base is {base!r}, not a number: use None for nats or 2 for bits.")
    if not 1 < base < math.inf:
        raise ValueError(f"base is {base}: a logarithm's base must be above 1. Use None for nats or 2 for bits.")
    return math.log(base)


def _weights(weights, count):
    if weights is None:
        return np.full(count, 1 / count)
    weights = probabilities("weights", weights)
    if weights.shape != (count,):
        raise ValueError(f"weights has shape {weights.shape} for {count} distributions: give one weight for each.")
    return weights
