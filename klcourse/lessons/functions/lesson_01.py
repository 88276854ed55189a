"""What the reader of lesson 01 writes."""

import math

import numpy as np

from klcourse.lessons.functions import Written

__all__ = ["FUNCTIONS"]


# --- 1.6: from counts to KL -------------------------------------------------------------------------------------------


def kl_of_counts(n, m):
    """KL in nats of the shares of the counts n from those of the counts m; what has no shares is refused."""
    n, m = np.array(n, dtype=float), np.array(m, dtype=float)
    if n.shape != m.shape:
        raise ValueError("n and m must have the same length")
    for counts in (n, m):
        if not ((counts >= 0).all() and counts.sum() > 0):  # NaN fails too
            raise ValueError("counts must not be negative, and not all zero")
    return _kl_without_checks(n, m)


# Wrong ones are without any checks, as they are first written; this is a part of the right one too.


def _shares(counts):
    counts = np.array(counts, dtype=float)
    with np.errstate(all="ignore"):  # without checks, 0 / 0 comes this far
        return counts / counts.sum()


def _kl_without_checks(n, m):
    return _kl(_shares(n), _shares(m))


def _kl(p, q):
    p, q = np.array(p, dtype=float), np.array(q, dtype=float)
    seen = p > 0
    with np.errstate(divide="ignore"):  # p / 0 = ∞ is what we want
        return np.sum(p[seen] * np.log(p[seen] / q[seen]))


def _kl_that_lets_nan_through(n, m):
    n, m = np.array(n, dtype=float), np.array(m, dtype=float)
    if n.shape != m.shape or (n < 0).any() or (m < 0).any() or n.sum() == 0 or m.sum() == 0:
        raise ValueError("counts must not be negative, and not all zero")
    return _kl_without_checks(n, m)


def _kl_with_nan(n, m):
    p, q = _shares(n), _shares(m)
    return np.sum(p * np.log(p / q))


def _kl_without_zeros(n, m):
    p, q = _shares(n), _shares(m)
    seen = (p > 0) & (q > 0)
    return np.sum(p[seen] * np.log(p[seen] / q[seen]))


# --- 1.7: waiting for heads -------------------------------------------------------------------------------------------


def kl_waiting(a, b):
    """How many tosses until heads, for a coin of a from one of b: 1/a − 1 tails on average, then one head."""
    return math.log(a / b) + (1 / a - 1) * math.log((1 - a) / (1 - b))


def _one_toss(a, b):
    return a * kl_waiting(a, b)


def _all_tosses_tails(a, b):
    return math.log(a / b) + 1 / a * math.log((1 - a) / (1 - b))


def _mean_under_other(a, b):
    return math.log(a / b) + (1 / b - 1) * math.log((1 - a) / (1 - b))


def _cut_short(a, b):
    k = np.arange(1000)  # tosses before the last
    return np.sum((1 - a) ** k * a * (math.log(a / b) + k * math.log((1 - a) / (1 - b))))


def _endless_sum(a, b):
    return math.inf


FUNCTIONS = {
    "1.6": Written(
        right=kl_of_counts,
        calls=[
            ([2, 3, 5], [10, 4, 6]),
            (np.array([7, 3]), np.array([90, 10])),
            ([4, 0, 0, 0], [1, 1, 1, 1]),
            ([5, 5, 0], [9, 0, 0]),
            ([3, 4], [5, -1]),
            ([-1, 5], [3, 4]),
            ([math.nan, 5, 5], [2, 4, 4]),
            ([2, 4, 4], [math.nan, 5, 5]),
            ([0, 0], [1, 2]),
            ([1, 2], [0, 0]),
            ([5, 5], [5, 2, 3]),
            ([5], [5, 2, 3]),  # NumPy would stretch the shorter one
        ],
        mistakes={
            "reversed": lambda n, m: _kl_without_checks(m, n),
            "bits": lambda n, m: _kl_without_checks(n, m) / math.log(2),
            "counts_not_divided": _kl,
            "refuses_no_counts": _kl_without_checks,
            "nan_passes": _kl_that_lets_nan_through,
            "zero_times_log": _kl_with_nan,
            "zero_left_out": _kl_without_zeros,
        },
    ),
    "1.7": Written(
        right=kl_waiting,
        calls=[(0.5, 0.25), (0.2, 0.6), (0.9, 0.05), (0.3, 0.3), (1e-5, 2e-5), (0.75, 0.8)],
        mistakes={
            "reversed": lambda a, b: kl_waiting(b, a),
            "bits": lambda a, b: kl_waiting(a, b) / math.log(2),
            "one_toss": _one_toss,
            "tosses_for_tails": _all_tosses_tails,
            "mean_under_other": _mean_under_other,
            "cut_short": _cut_short,
            "endless_sum": _endless_sum,
        },
    ),
}
