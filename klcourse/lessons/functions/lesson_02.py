"""What the reader of lesson 02 writes."""

import math
import warnings

import numpy as np
from scipy.integrate import IntegrationWarning, quad

from klcourse.lessons.functions import Written

__all__ = ["FUNCTIONS"]


def _log_gauss(x, mean, sd):
    return -(((x - mean) / np.float64(sd)) ** 2) / 2 - np.log(sd * math.sqrt(2 * math.pi))


def _log_humps(x, d, s):
    return np.logaddexp(_log_gauss(x, -d, s), _log_gauss(x, d, s)) - math.log(2)


# --- 2.6: a window for each hump --------------------------------------------------------------------------------------

_Z, _STEP = np.arange(-10, 10, 0.01), 0.01


def kl_from_humps(mean, sd, d, s):
    """KL from ½N(−d, s) + ½N(d, s) to N(mean, sd), in nats, by a sum over a grid for each of the humps."""
    if not min(sd, s) > 0:
        raise ValueError("a standard deviation must be above 0")
    return _without_check(mean, sd, d, s)


def _without_check(mean, sd, d, s):
    weights, grids = np.exp(_log_gauss(_Z, 0, 1)) / 2, (-d + s * _Z, d + s * _Z)
    return sum(np.sum(weights * (_log_humps(x, d, s) - _log_gauss(x, mean, sd))) * _STEP for x in grids)


# Wrong ones, as they are first written: without a check of the sds.


def _sum_over(x, mean, sd, d, s):
    log_p = _log_humps(x, d, s)
    return np.sum(np.exp(log_p) * (log_p - _log_gauss(x, mean, sd))) * (x[1] - x[0])


def _on_fixed_window(mean, sd, d, s):
    return _sum_over(np.arange(-20, 20, 0.01), mean, sd, d, s)


def _on_one_window(mean, sd, d, s):
    return _sum_over(np.linspace(-d - 10 * s, d + 10 * s, 10_001), mean, sd, d, s)


def _with_plain_densities(mean, sd, d, s):
    weights, total = np.exp(_log_gauss(_Z, 0, 1)) / 2, 0.0
    for x in (-d + s * _Z, d + s * _Z):
        p = (np.exp(_log_gauss(x, -d, s)) + np.exp(_log_gauss(x, d, s))) / 2
        total += np.sum(weights * np.log(p / np.exp(_log_gauss(x, mean, sd)))) * _STEP
    return total


def _counted_twice(mean, sd, d, s):
    """The whole target as the weight on either window: right only while the windows do not overlap."""
    total = 0.0
    for x in (-d + s * _Z, d + s * _Z):
        log_p = _log_humps(x, d, s)
        total += np.sum(np.exp(log_p) * (log_p - _log_gauss(x, mean, sd))) * s * _STEP
    return total


def _by_blind_quadrature(mean, sd, d, s):
    """What `quad` finds from −∞ to ∞: nothing, where the humps are narrow and far out."""

    def integrand(x):
        log_p = _log_humps(x, d, s)
        return np.exp(log_p) * (log_p - _log_gauss(x, mean, sd))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IntegrationWarning)
        return quad(integrand, -np.inf, np.inf)[0]


def _reverse(mean, sd, d, s):
    x = mean + sd * _Z
    return np.sum(np.exp(_log_gauss(_Z, 0, 1)) * (_log_gauss(x, mean, sd) - _log_humps(x, d, s))) * _STEP


# --- 2.7: the best sds while the mean is fixed ------------------------------------------------------------------------


def fitted_sds(s, m):
    """The sd of N(m, sd) that makes KL(p‖q) smallest for p = N(0, s), and the one that makes KL(q‖p) smallest."""
    return np.array([math.sqrt(s**2 + m**2), s])  # not a tuple, so that a list, a tuple or an array will do


FUNCTIONS = {
    "2.6": Written(
        right=kl_from_humps,
        calls=[
            (0.0, 2.0, 2.0, 1.5),
            (-2.5, 1.2, 3.0, 0.5),
            (1.5, 8.0, 100.0, 0.001),
            (0.0, 20.0, 4.0, 20.0),
            (100.0, 1.0, 5.0, 1.5),
            (0.0, 3.0, 0.0, 1.5),
            (-60.0, 0.001, 60.0, 0.002),
            (0.0, 0.0, 3.0, 1.0),
            (0.0, 1.0, 3.0, -1.0),
        ],
        mistakes={
            "fixed_window": _on_fixed_window,
            "one_window": _on_one_window,
            "blind_quad": _by_blind_quadrature,
            "plain_densities": _with_plain_densities,
            "counted_twice": _counted_twice,
            "reversed": _reverse,
            "half_of_target": lambda mean, sd, d, s: 2 * (_without_check(mean, sd, d, s) + math.log(2)),
            "sd_is_variance": lambda mean, sd, d, s: _without_check(mean, np.sqrt(sd), d, np.sqrt(s)),
        },
    ),
    "2.7": Written(
        right=fitted_sds,
        calls=[(2.0, 3.0), (1.0, 0.0), (0.5, -4.0), (3.0, 1.0), (1.5, 1.5)],
        mistakes={
            "directions_swapped": lambda s, m: fitted_sds(s, m)[::-1],
            "variance_asked_sd": lambda s, m: np.array([s**2 + m**2, s**2]),
            "offset_ignored": lambda s, m: np.array([s, s]),
            "both_forward": lambda s, m: np.full(2, math.sqrt(s**2 + m**2)),
        },
    ),
}
