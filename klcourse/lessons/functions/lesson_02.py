"""What the reader of lesson 02 writes."""

import math

import numpy as np

from klcourse.lessons.functions import Written

__all__ = ["FUNCTIONS"]


def _log_gauss(x, mean, sd):
    return -(((x - mean) / np.float64(sd)) ** 2) / 2 - np.log(sd * math.sqrt(2 * math.pi))


def _log_humps(x, d):
    return np.logaddexp(_log_gauss(x, -d, 1), _log_gauss(x, d, 1)) - math.log(2)


# --- 2.6: a window that moves -----------------------------------------------------------------------------------------


def kl_to_humps(mean, sd, d):
    """KL from N(mean, sd) to ½N(−d, 1) + ½N(d, 1), in nats, by a sum on a grid that follows the first of them."""
    if not sd > 0:
        raise ValueError("a standard deviation must be above 0")
    return _without_check(mean, sd, d)


def _without_check(mean, sd, d):
    x, step = _grid_of(mean, sd)
    log_q = _log_gauss(x, mean, sd)
    return np.sum(np.exp(log_q) * (log_q - _log_humps(x, d))) * step


def _grid_of(mean, sd):
    return mean + sd * np.arange(-10, 10, 0.01), 0.01 * sd


# Wrong ones, as they are first written: without a check of the sd.


def _on_fixed_window(mean, sd, d):
    x = np.arange(-20, 20, 0.01)
    log_q = _log_gauss(x, mean, sd)
    return np.sum(np.exp(log_q) * (log_q - _log_humps(x, d))) * 0.01


def _with_plain_densities(mean, sd, d):
    x, step = _grid_of(mean, sd)
    q, p = np.exp(_log_gauss(x, mean, sd)), (np.exp(_log_gauss(x, -d, 1)) + np.exp(_log_gauss(x, d, 1))) / 2
    return np.sum(q * np.log(q / p)) * step


def _forward(mean, sd, d):
    total = 0.0
    for hump in (-d, d):
        x, step = _grid_of(hump, 1)
        log_p = _log_humps(x, d)
        total += np.sum(np.exp(_log_gauss(x, hump, 1)) / 2 * (log_p - _log_gauss(x, mean, sd))) * step
    return total


# --- 2.7: the best sds while the mean is held -------------------------------------------------------------------------


def fitted_sds(s, m):
    """The sd of N(m, sd) that makes KL(p‖q) smallest for p = N(0, s), and the one that makes KL(q‖p) smallest."""
    return math.sqrt(s**2 + m**2), s


FUNCTIONS = {
    "2.6": Written(
        right=kl_to_humps,
        calls=[
            (0.0, 2.0, 2.0),
            (-2.5, 1.2, 3.0),
            (1.5, 0.001, 3.0),
            (0.0, 20.0, 4.0),
            (100.0, 1.0, 5.0),
            (0.0, 1.0, 0.0),
            (0.0, 0.0, 3.0),
            (0.0, -1.0, 3.0),
        ],
        mistakes={
            "fixed_window": _on_fixed_window,
            "plain_densities": _with_plain_densities,
            "reversed": _forward,
            "half_of_target": lambda mean, sd, d: _without_check(mean, sd, d) - math.log(2),
            "sd_is_variance": lambda mean, sd, d: _without_check(mean, np.sqrt(sd), d),
        },
    ),
    "2.7": Written(
        right=fitted_sds,
        calls=[(2.0, 3.0), (1.0, 0.0), (0.5, -4.0), (3.0, 1.0), (1.5, 1.5)],
        mistakes={
            "directions_swapped": lambda s, m: fitted_sds(s, m)[::-1],
            "variance_asked_sd": lambda s, m: (s**2 + m**2, s**2),
            "offset_ignored": lambda s, m: (s, s),
            "both_forward": lambda s, m: (math.sqrt(s**2 + m**2),) * 2,
        },
    ),
}
