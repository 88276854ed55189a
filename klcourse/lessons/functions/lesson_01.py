"""What the reader of lesson 01 writes."""

import math

import numpy as np

from klcourse.lessons.functions import Written

__all__ = ["FUNCTIONS"]


# --- 1.6: KL that refuses ---------------------------------------------------------------------------------------------


def kl(p, q):
    """In nats, for two distributions over the same outcomes; anything else is refused."""
    p, q = np.array(p, dtype=float), np.array(q, dtype=float)
    if p.shape != q.shape:
        raise ValueError("p and q must have the same length")
    for values in (p, q):
        if not ((values >= 0).all() and abs(values.sum() - 1) <= 1e-8):  # not so for NaN either
            raise ValueError("this is no distribution")
    return _kl_without_checks(p, q)


# Wrong ones are without any checks, as they are first written; this is a part of the right one too.


def _kl_without_checks(p, q):
    p, q = np.array(p, dtype=float), np.array(q, dtype=float)
    seen = p > 0
    with np.errstate(divide="ignore"):  # p / 0 = ∞ is what we want
        return np.sum(p[seen] * np.log(p[seen] / q[seen]))


def _kl_that_lets_nan_through(p, q):
    for values in (np.array(p, dtype=float), np.array(q, dtype=float)):
        if (values < 0).any() or abs(values.sum() - 1) > 1e-8:
            raise ValueError("this is no distribution")
    return _kl_without_checks(p, q)


def _kl_with_nan(p, q):
    p, q = np.array(p, dtype=float), np.array(q, dtype=float)
    return np.sum(p * np.log(p / q))


def _kl_without_zeros(p, q):
    p, q = np.array(p, dtype=float), np.array(q, dtype=float)
    seen = (p > 0) & (q > 0)
    return np.sum(p[seen] * np.log(p[seen] / q[seen]))


# --- 1.7: waiting for heads -------------------------------------------------------------------------------------------


def kl_waiting(a, b):
    """How many tosses until heads, with a coin of a from one of b: each of the 1/a − 1 tails tells the same."""
    return math.log(a / b) + (1 / a - 1) * math.log((1 - a) / (1 - b))


def _one_toss(a, b):
    return a * kl_waiting(a, b)


def _all_tosses_tails(a, b):
    return math.log(a / b) + 1 / a * math.log((1 - a) / (1 - b))


def _mean_under_other(a, b):
    return math.log(a / b) + (1 / b - 1) * math.log((1 - a) / (1 - b))


FUNCTIONS = {
    "1.6": Written(
        right=kl,
        calls=[
            ([0.2, 0.3, 0.5], [0.5, 0.2, 0.3]),
            (np.array([0.5, 0.5]), np.array([0.9, 0.1])),
            ([1, 0, 0, 0], [0.25, 0.25, 0.25, 0.25]),
            ([0.5, 0.5, 0.0], [1.0, 0.0, 0.0]),
            ([0.1, 0.2], [0.5, 0.9]),
            ([0.5, 0.5], [1.5, -0.5]),
            ([math.nan, 0.5, 0.5], [0.2, 0.4, 0.4]),
            ([0.5, 0.5], [0.5, 0.25, 0.25]),
        ],
        mistakes={
            "reversed": lambda p, q: kl(q, p),
            "bits": lambda p, q: kl(p, q) / math.log(2),
            "refuses_nothing": _kl_without_checks,
            "nan_passes": _kl_that_lets_nan_through,
            "zero_times_log": _kl_with_nan,
            "zero_left_out": _kl_without_zeros,
        },
    ),
    "1.7": Written(
        right=kl_waiting,
        calls=[(0.5, 0.25), (0.2, 0.6), (0.9, 0.05), (0.3, 0.3), (0.01, 0.02), (0.75, 0.8)],
        mistakes={
            "reversed": lambda a, b: kl_waiting(b, a),
            "bits": lambda a, b: kl_waiting(a, b) / math.log(2),
            "one_toss": _one_toss,
            "tosses_for_tails": _all_tosses_tails,
            "mean_under_other": _mean_under_other,
        },
    ),
}
