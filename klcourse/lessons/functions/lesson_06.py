"""What the reader of lesson 06 writes."""

import math

import numpy as np
from scipy.special import xlogy

from klcourse.lessons.functions import Written

__all__ = ["FUNCTIONS"]


# --- entropy and KL of counts -----------------------------------------------------------------------------------------


def split_nll(counts, q):
    """The entropy of the counts and their KL from q, in nats; beyond its end q gives 0."""
    counts = np.array(counts)
    if counts.size == 0 or (counts < 0).any():
        raise ValueError("counts must be at least one whole number, and none below 0")
    p, model = _shares_and_model(counts, q)
    if (model[p > 0] == 0).any():
        return _entropy(p), math.inf
    return _entropy(p), np.sum(p[p > 0] * np.log(p[p > 0] / model[p > 0]))


def _shares_and_model(counts, q):
    """As long as the longer of the two."""
    size = max(len(q), int(np.max(counts)) + 1)
    model = np.zeros(size)
    model[: len(q)] = q
    return np.bincount(counts, minlength=size) / np.size(counts), model


def _entropy(p):
    return abs(xlogy(p, p).sum())


def _with_nan(counts, q):
    split_nll(counts, q)  # refuses what is to be refused
    p, model = _shares_and_model(counts, q)
    return -np.sum(p * np.log(p)), np.sum(p * np.log(p / model))


def _reversed(counts, q):
    entropy, _ = split_nll(counts, q)
    p, model = _shares_and_model(counts, q)
    with np.errstate(divide="ignore"):
        return entropy, np.sum(xlogy(model, model) - xlogy(model, p))


def _sums(counts, q):
    entropy, kl = split_nll(counts, q)
    return len(counts) * entropy, len(counts) * kl


def _mean_nll(counts, q):
    entropy, kl = split_nll(counts, q)
    return entropy, entropy + kl


def _without_checks(counts, q):
    often = {count: list(counts).count(count) for count in counts}  # answers 0 for no counts, and takes q[-1] for −1
    shares = [(count, times / len(counts)) for count, times in often.items()]
    model = [q[count] if count < len(q) else 0 for count, _ in shares]
    kl = sum(p * math.log(p / m) if m > 0 else math.inf for (_, p), m in zip(shares, model, strict=True))
    return -sum(p * math.log(p) for _, p in shares), kl


def _within_q_only(counts, q):
    entropy, kl = split_nll(counts, q)
    if max(counts) >= len(q):
        raise IndexError("the data go beyond the end of q")
    return entropy, kl


# --- geometric laws ---------------------------------------------------------------------------------------------------


def kl_geometric(a, b):
    """KL in nats of the geometric law with mean a from the one with mean b, on the counts 0, 1, 2, ..."""
    return _first_part(a, b) - (1 + a) * math.log((1 + a) / (1 + b))


def _first_part(a, b):
    return a * math.log(a / b)


def _poisson_formula(a, b):
    return _first_part(a, b) - a + b


def _second_part_unweighted(a, b):
    return _first_part(a, b) - math.log((1 + a) / (1 + b))


def _series(a, b, terms):
    """Summed count by count; large powers of a float raise an OverflowError."""
    chances = [(a**k / (1 + a) ** (k + 1), b**k / (1 + b) ** (k + 1)) for k in range(terms)]
    return sum(p * math.log(p / q) for p, q in chances if p > 0)


def _in_bits(a, b):
    return kl_geometric(a, b) / math.log(2)


FUNCTIONS = {
    "6.6": Written(
        right=split_nll,
        calls=[
            ([2, 0, 1, 1, 3, 1, 0, 2], [0.3, 0.3, 0.2, 0.1, 0.1]),
            (np.array([1, 1, 0, 2, 1]), np.array([0.25, 0.5, 0.25])),
            ([2, 2, 2], [0.1, 0.2, 0.7]),
            ([0, 3, 0, 3, 0], [0.5, 0.0, 0.1, 0.3, 0.05, 0.05]),
            ([0, 1, 4], [0.5, 0.5]),
            ([0, 1, 2, 2], [0.4, 0.0, 0.6]),
            ([], [0.5, 0.5]),
            ([1, -1, 0], [0.5, 0.25, 0.25]),
        ],
        mistakes={
            "zero_times_log": _with_nan,
            "reversed": _reversed,
            "sum_for_mean": _sums,
            "cross_entropy": _mean_nll,
            "counts_not_checked": _without_checks,
            "beyond_the_end": _within_q_only,
        },
    ),
    "6.7a": Written(
        right=kl_geometric,
        calls=[(2.0, 5.0), (5.0, 2.0), (0.4, 0.4), (0.9, 1.7), (12.5, 0.3), (0.01, 80.0), (2e5, 1e6)],
        mistakes={
            "reversed": lambda a, b: kl_geometric(b, a),
            "poisson_formula": _poisson_formula,
            "second_part_unweighted": _second_part_unweighted,
            "second_part_missing": _first_part,
            "bits": _in_bits,
            "series_summed": lambda a, b: _series(a, b, 200),
            "longer_series": lambda a, b: _series(a, b, 1000),
        },
    ),
}
