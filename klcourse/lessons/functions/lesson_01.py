"""What the reader of lesson 01 writes."""

import math

import numpy as np

from klcourse.lessons.functions import Written

__all__ = ["FUNCTIONS"]


def kl(p, q):
    """In nats, for two distributions over the same outcomes; anything else is refused."""
    p, q = np.array(p, dtype=float), np.array(q, dtype=float)
    if p.shape != q.shape or (p < 0).any() or (q < 0).any():
        raise ValueError("p and q must have the same shape and no negative entries")
    if abs(p.sum() - 1) > 1e-9 or abs(q.sum() - 1) > 1e-9:
        raise ValueError("p and q must sum to 1")
    if ((p > 0) & (q == 0)).any():
        return math.inf
    seen = p > 0
    return np.sum(p[seen] * np.log(p[seen] / q[seen]))


def _kl_in_bits(p, q):
    return kl(p, q) / math.log(2)


def _kl_without_checks(p, q):
    p, q = np.array(p, dtype=float), np.array(q, dtype=float)
    seen = p > 0
    return np.sum(p[seen] * np.log(p[seen] / q[seen]))


def _kl_with_nan(p, q):
    kl(p, q)
    p, q = np.array(p, dtype=float), np.array(q, dtype=float)
    return np.sum(p * np.log(p / q))


FUNCTIONS = {
    "1.6": Written(
        right=kl,
        calls=[
            ([0.2, 0.3, 0.5], [0.5, 0.3, 0.2]),
            (np.array([0.5, 0.5]), np.array([0.9, 0.1])),
            ([0.25, 0.75], [0.25, 0.75]),
            ([1.0, 0.0], [0.5, 0.5]),
            ([0.5, 0.5], [1.0, 0.0]),
            ([0.1, 0.2], [0.5, 0.9]),
            ([-0.5, 1.5], [0.5, 0.5]),
        ],
        mistakes={
            "reversed": lambda p, q: kl(q, p),
            "bits": _kl_in_bits,
            "refuses_nothing": _kl_without_checks,
            "zero_times_log": _kl_with_nan,
        },
    ),
}
