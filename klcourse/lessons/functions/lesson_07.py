"""What the reader of lesson 07 writes."""

import numpy as np
from scipy.integrate import quad
from scipy.special import xlogy

from klcourse.lessons.functions import Written

__all__ = ["FUNCTIONS"]


def _arrays(parts):
    return [np.array(part, dtype=float) for part in parts]


# --- one step of EM for a mixture of Poisson laws -------------------------------------------------------------------


def em_step(counts, weights, rates):
    """One E step and one M step. Returns the new weights and rates."""
    counts, weights, rates = _arrays((counts, weights, rates))
    if (counts < 0).any() or (counts != np.floor(counts)).any():
        raise ValueError("counts must be whole numbers of 0 or more")
    if abs(weights.sum() - 1) > 1e-9:
        raise ValueError("weights must sum to 1")
    return _em_without_checks(counts, weights, rates)


def _labels(counts, weights, rates):
    """Without k!, which all components share."""
    logs = np.log(weights) - rates + xlogy(counts[:, None], rates)
    shares = np.exp(logs - logs.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


def _m_step(counts, labels):
    return labels.mean(axis=0), counts @ labels / labels.sum(axis=0)


def _refusing(step):
    """`step` with the checks of `em_step`."""

    def checked(counts, weights, rates):
        em_step(counts, weights, rates)
        return step(counts, weights, rates)

    return checked


# Wrong ones, as they are first written: without any checks.


def _em_without_checks(counts, weights, rates):
    counts, weights, rates = _arrays((counts, weights, rates))
    return _m_step(counts, _labels(counts, weights, rates))


def _em_without_weights(counts, weights, rates):
    counts, weights, rates = _arrays((counts, weights, rates))
    return _m_step(counts, _labels(counts, np.ones_like(weights), rates))


def _em_with_hard_labels(counts, weights, rates):
    counts, weights, rates = _arrays((counts, weights, rates))
    return _m_step(counts, np.eye(weights.size)[_labels(counts, weights, rates).argmax(axis=1)])


def _em_divided_by_n(counts, weights, rates):
    counts, weights, rates = _arrays((counts, weights, rates))
    labels = _labels(counts, weights, rates)
    return labels.mean(axis=0), counts @ labels / counts.size


def _em_with_probabilities(counts, weights, rates):
    counts, weights, rates = _arrays((counts, weights, rates))
    shares = weights * np.exp(-rates) * rates ** counts[:, None]
    return _m_step(counts, shares / shares.sum(axis=1, keepdims=True))


def _em_without_new_weights(counts, weights, rates):
    return np.array(weights), _em_without_checks(counts, weights, rates)[1]


# --- what an M step adds to the bound, for exponential laws ---------------------------------------------------------


def _kl_exponential(a, b):
    """Of rate a from rate b."""
    return np.log(a / b) - 1 + b / a


def bound_rise(n, old, new):
    """By how much an M step from `old` to `new` lifts the bound of n waiting times, in nats."""
    (v, before), (w, after) = _arrays(old), _arrays(new)
    return n * np.sum(w * (_kl_exponential(after, before) + np.log(w / v)))


def _rise_of_weights(n, old, new):
    v, w = _arrays(old)[0], _arrays(new)[0]
    return n * np.sum(w * np.log(w / v))


def _rise_with_old_weights(n, old, new):
    (v, before), (w, after) = _arrays(old), _arrays(new)
    return n * np.sum(v * (_kl_exponential(after, before) + np.log(w / v)))


def _rise_of_logarithms(n, old, new):
    (v, before), (w, after) = _arrays(old), _arrays(new)
    return n * np.sum(w * (np.log(after / before) + np.log(w / v)))


def _rise_with_rates_as_means(n, old, new):
    (v, before), (w, after) = _arrays(old), _arrays(new)
    return n * np.sum(w * (np.log(after / before) - (after - before) * after + np.log(w / v)))


def _rise_without_labels(n, old, new):
    def part(x):
        log_p, log_q = _of_time(x, new), _of_time(x, old)
        return np.exp(log_p) * (log_p - log_q)

    return n * quad(part, 0, np.inf)[0]


def _of_time(x, mixture):
    """ln p(x)."""
    weights, rates = _arrays(mixture)
    return np.logaddexp.reduce(np.log(weights) + np.log(rates) - rates * x)


_BEFORE, _AFTER = ([0.5, 0.5], [2, 6]), ([0.35, 0.65], [1.4, 7.5])

FUNCTIONS = {
    "7.6": Written(
        right=em_step,
        calls=[
            ([0, 1, 1, 2, 5, 7, 8], [0.5, 0.5], [1, 6]),
            (np.array([0, 0, 1, 3, 4, 4, 9, 12]), [0.2, 0.5, 0.3], [0.5, 3, 10]),
            (np.array([3, 0, 2, 6]), np.array([0.8, 0.2]), np.array([2.5, 4.0])),
            ([0, 3, 1], [0.3, 0.7], [2, 2]),
            ([980, 1010, 1120, 3000], [0.6, 0.4], [1000, 1100]),
            ([2, -1, 4], [0.5, 0.5], [1, 6]),
            ([2, 1.5, 4], [0.5, 0.5], [1, 6]),
            ([2, 1, 4], [0.5, 0.6], [1, 6]),
        ],
        mistakes={
            "weights_forgotten": _em_without_weights,
            "hard_labels": _em_with_hard_labels,
            "divided_by_n": _em_divided_by_n,
            "poisson_underflow": _refusing(_em_with_probabilities),
            "poisson_underflow_unchecked": _em_with_probabilities,
            "poisson_refuses_nothing": _em_without_checks,
            "em_half_only": _em_without_new_weights,
        },
    ),
    "7.7": Written(
        right=bound_rise,
        calls=[
            (9, _BEFORE, _AFTER),
            (40, ([0.2, 0.3, 0.5], [1, 4, 12]), ([0.25, 0.25, 0.5], [1.6, 3.5, 11])),
            (6, ([1], [3]), ([1], [4.5])),
            (25, _AFTER, _AFTER),
            (12, tuple(map(np.array, ([0.5, 0.5], [3.0, 4.0]))), ([0.9, 0.1], [3.2, 9.0])),
        ],
        mistakes={
            "old_for_new": lambda n, old, new: bound_rise(n, new, old),
            "one_observation": lambda n, old, new: bound_rise(1, old, new),
            "label_kl_left_out": lambda n, old, new: bound_rise(n, old, new) - _rise_of_weights(n, old, new),
            "component_kl_left_out": _rise_of_weights,
            "rates_alone": _rise_of_logarithms,
            "rate_for_mean": _rise_with_rates_as_means,
            "old_weights": _rise_with_old_weights,
            "labels_merged": _rise_without_labels,
        },
    ),
}
