"""What the reader of lesson 08 writes."""

import numpy as np
from scipy.special import kl_div, rel_entr

from klcourse.lessons.functions import Written

__all__ = ["FUNCTIONS"]

# --- the bill of a map ------------------------------------------------------------------------------------------------


def bill(p, q):
    """What pairs too far apart on the map add to KL(P‖Q), and what pairs too near do, in nats."""
    p, q = _arrays(p, q)
    _check(p, q)
    return _bill_without_checks(p, q)


def _check(p, q):
    if p.shape != q.shape or (p < 0).any() or (q < 0).any():
        raise ValueError("P and Q must have the same shape and no negative entries")
    if abs(p.sum() - 1) > 1e-9 or abs(q.sum() - 1) > 1e-9:
        raise ValueError("P and Q must sum to 1")


def _refusing(mistake):
    """The same mistake, made by somebody who checks the input."""

    def refusing(p, q):
        _check(*_arrays(p, q))
        return mistake(p, q)

    return refusing


def _arrays(*parts):
    return [np.array(part, dtype=float) for part in parts]


# Wrong ones. In the table below all but the first get the checks, which the exercise asks for.


def _bill_without_checks(p, q):
    p, q = _arrays(p, q)
    return _sums(kl_div(p, q), p, q)


def _sums(parts, p, q):
    return np.array([parts[q < p].sum(), parts[q > p].sum()])  # the reader may return a tuple or a list as well


def _bill_without_room(p, q):
    p, q = _arrays(p, q)
    _check(p, q)
    if max(abs(p.sum() - 1), abs(q.sum() - 1)) > 1e-14:
        raise ValueError("P and Q must sum to 1 to the last digit")
    return _bill_without_checks(p, q)


def _bill_of_terms(p, q):
    p, q = _arrays(p, q)
    return _sums(rel_entr(p, q), p, q)


def _bill_reversed(p, q):
    p, q = _arrays(p, q)
    return _sums(kl_div(q, p), p, q)


def _bill_with_nan(p, q):
    p, q = _arrays(p, q)
    return _sums(p * np.log(p / q) - p + q, p, q)


def _bill_of_half_the_pairs(p, q):
    return _bill_without_checks(p, q) / 2


# --- the slope of KL(Q‖P) ---------------------------------------------------------------------------------------------


def reverse_gradient(p, y):
    """The slopes of KL(Q‖P) along each place of a map with the kernel of t-SNE, in nats per unit of the map."""
    p, q, w, shifts = _pairs_of_map(p, y)
    logs = np.log(q / p)
    return -4 * _total(q * w * (logs - np.sum(q * logs)), shifts)


def _pairs_of_map(p, y):
    """P, Q and weights, with 1 in the place of each diagonal of P and Q, where the weight is 0."""
    p, y = _arrays(p, y)
    itself = np.eye(len(y), dtype=bool)
    shifts = y[:, None] - y
    w = 1 / (1 + np.sum(shifts**2, axis=-1))
    w[itself] = 0
    return np.where(itself, 1, p), np.where(itself, 1, w / w.sum()), w, shifts


def _total(forces, shifts):
    return np.sum(forces[:, :, None] * shifts, axis=1)


def _reverse_with_fixed_z(p, y):
    p, q, w, shifts = _pairs_of_map(p, y)
    return -4 * _total(q * w * (np.log(q / p) + 1), shifts)


def _reverse_with_fixed_z_and_no_one(p, y):
    p, q, w, shifts = _pairs_of_map(p, y)
    return -4 * _total(q * w * np.log(q / p), shifts)


def _reverse_with_logs_of_the_diagonal(_, y):
    return np.full(np.shape(y), np.nan)  # ln(0/0) in one sum, and the sum in all of them


def _reverse_without_w(p, y):
    p, q, _, shifts = _pairs_of_map(p, y)
    logs = np.log(q / p)
    return -4 * _total(q * (logs - np.sum(q * logs)), shifts)


def _forward(p, y):
    p, q, w, shifts = _pairs_of_map(p, y)
    return 4 * _total((p - q) * w, shifts)


def _symmetric(*above):
    """The matrix of pairs with these numbers above its diagonal, row by row, and the same below."""
    size = round((1 + (1 + 8 * len(above)) ** 0.5) / 2)
    pairs = np.zeros((size, size))
    pairs[np.triu_indices(size, 1)] = above
    return pairs + pairs.T


_THREE = _symmetric(0.3, 0.08, 0.12)
_FOUR, _FOUR_ON_MAP = _symmetric(0.2, 0.1, 0.02, 0.1, 0.05, 0.03), _symmetric(0.05, 0.15, 0.1, 0.1, 0.02, 0.08)
_LINE = np.array([[0.0], [1.0], [3.0]])

FUNCTIONS = {
    "8.6": Written(
        right=bill,
        calls=[
            (_THREE.tolist(), _symmetric(0.2, 0.25, 0.05).tolist()),
            (_FOUR, _FOUR_ON_MAP),
            (_FOUR, _FOUR),
            (_symmetric(0.3, 0, 0.2), _symmetric(0.25, 0.15, 0.1)),
            (_symmetric(0.3, 0.1, 0.1), _symmetric(0.35, 0.15, 0)),
            (_THREE, _FOUR),
            (2 * _THREE, _symmetric(0.4, 0.5, 0.1)),
            (_THREE, _symmetric(0.2, 0.25, 0.0505)),  # sum 1.001
            (_symmetric(0.6, -0.2, 0.1), _THREE),
            ((1 + 4e-10) * _THREE, _symmetric(0.2, 0.25, 0.05)),
        ],
        mistakes={
            "bill_not_by_pairs": _refusing(_bill_of_terms),
            "reversed": _refusing(_bill_reversed),
            "bill_other_order": _refusing(lambda p, q: _bill_without_checks(p, q)[::-1]),
            "pairs_once": _refusing(_bill_of_half_the_pairs),
            "zero_times_log": _refusing(_bill_with_nan),
            "refuses_nothing": _bill_without_checks,
            "bill_no_room": _bill_without_room,
        },
    ),
    "8.7": Written(
        right=reverse_gradient,
        calls=[
            (_THREE, np.array([[0.0, 0.0], [2.0, 1.0], [-1.0, 3.0]])),
            (_FOUR.tolist(), [[0, 0], [1, 0], [5, -2], [0.5, 2]]),
            (_FOUR, np.array([[0.0, 0.0], [0.0, 0.0], [4.0, 1.0], [-3.0, 0.0]])),
            (_symmetric(0.3125, 0.0625, 0.125), _LINE),
            (_THREE, _LINE),
        ],
        mistakes={
            "z_held_fixed": _reverse_with_fixed_z,
            "one_dropped_z_fixed": _reverse_with_fixed_z_and_no_one,
            "forward_slope_of_map": _forward,
            "forward_slope_turned": lambda p, y: -_forward(p, y),
            "slope_of_map_turned": lambda p, y: -reverse_gradient(p, y),
            "slope_doubled": lambda p, y: 2 * reverse_gradient(p, y),
            "two_missing": lambda p, y: reverse_gradient(p, y) / 2,
            "four_missing": lambda p, y: reverse_gradient(p, y) / 4,
            "w_missing": _reverse_without_w,
            "log_on_diagonal": _reverse_with_logs_of_the_diagonal,
        },
    ),
}
