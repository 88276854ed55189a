"""What the reader of lesson 04 writes."""

import numpy as np

from klcourse.lessons.functions import Written

__all__ = ["FUNCTIONS"]

# --- 4.5: a natural step of a Gaussian, given by mean and variance, on data -----------------------------------------


def _refusing(step):
    """The same step as an array, with variances of q of 0 or less refused, given or reached."""

    def refusing(mean, variance, data, rate):
        if variance <= 0:
            raise ValueError("a variance is above 0")
        new = step(mean, variance, data, rate)
        if new[1] <= 0:
            raise ValueError("the step leaves the domain")
        return np.array(new)

    return refusing


def _towards(mean, variance, p_mean, p_second, rate):
    """The share `rate` of the way from q's moments to p's."""
    second = mean**2 + variance
    new_mean = mean + rate * (p_mean - mean)
    return new_mean, second + rate * (p_second - second) - new_mean**2


def _natural_step(mean, variance, data, rate):
    return _towards(mean, variance, np.mean(data), np.mean(data**2), rate)


def _unchecked(*given):
    return np.array(_natural_step(*given))


def _second_moment(mean, variance, data, rate):
    new_mean, new_variance = _natural_step(mean, variance, data, rate)
    return new_mean, new_variance + new_mean**2


def _own_variance(mean, variance, data, rate):
    return mean + rate * (np.mean(data) - mean), variance + rate * (np.var(data) - variance)


def _old_mean(mean, variance, data, rate):
    new_mean, new_variance = _natural_step(mean, variance, data, rate)
    return new_mean, new_variance + new_mean**2 - mean**2


def _squared(mean, variance, data, rate):
    return _natural_step(mean, variance**2, data, rate)


def _n_minus_one(mean, variance, data, rate):
    return _towards(mean, variance, np.mean(data), np.mean(data) ** 2 + np.var(data, ddof=1), rate)


def _square_of_mean(mean, variance, data, rate):
    return _towards(mean, variance, np.mean(data), np.mean(data) ** 2, rate)


def _plain(mean, variance, data, rate):
    spread = np.mean((data - mean) ** 2)
    return mean - rate * (mean - np.mean(data)) / variance, variance - rate * (variance - spread) / (2 * variance**2)


def _straight(mean, variance, data, rate):
    """The natural velocity, followed straight in mean and variance."""
    return mean + rate * (np.mean(data) - mean), variance + rate * (np.mean((data - mean) ** 2) - variance)


# --- 4.6: the slope of KL(p‖q) along the scale b of a Laplace density, where p's mean of |x| is given ---------------


def slope(b, mean_distance):
    return 1 / b - mean_distance / b**2


FUNCTIONS = {
    "4.5": Written(
        right=_refusing(_natural_step),
        calls=[
            (5.0, 1.0, np.array([2.0, -1.0, 0.5, 3.5]), 0.1),
            (-2.0, 0.5, np.array([1.5, 4.0, -0.5]), 0.25),
            (3.0, 2.0, np.array([1.0, 5.0]), 0.5),
            (4.0, 0.2, np.array([-1.0, 0.0, -3.0, 2.0, 0.5]), 1.0),
            (1.0, 4.0, np.array([-3.0, -2.0]), 0.0),
            (5.0, 0.1, np.array([1.0, -4.0, 0.0]), 1.3),
            (1.0, -2.0, np.array([0.0, 3.0]), 0.5),
            (1.0, 2.0, np.array([2.0, 2.0, 2.0]), 1.0),
        ],
        mistakes={
            "own_variance_moved": _refusing(_own_variance),
            "old_mean_taken_away": _refusing(_old_mean),
            "sd_for_variance_in_step": _refusing(_squared),
            "plain_slope_step": _refusing(_plain),
            "straight_in_variance": _refusing(_straight),
            "second_moment_returned": _refusing(_second_moment),
            "data_with_n_minus_one": _refusing(_n_minus_one),
            "data_spread_forgotten": _refusing(_square_of_mean),
            "variance_first": lambda *given: _refusing(_natural_step)(*given)[::-1],
            "step_unchecked": _unchecked,
        },
    ),
    "4.6": Written(
        right=slope,
        calls=[
            (1.0, 1.0),
            (2.0, 0.5),
            (0.5, 3.0),
            (4.0, 4.0),
            (1.5, 0.0),
            (np.array([0.5, 1.0, 3.0]), 2.0),
        ],
        mistakes={
            "slope_turned_function": lambda b, mean_distance: -slope(b, mean_distance),
            "normaliser_forgotten": lambda b, mean_distance: -mean_distance / b**2,
            "laplace_not_squared": lambda b, mean_distance: 1 / b - mean_distance / b,
            "gaussian_slope": lambda b, mean_distance: 1 / b - mean_distance**2 / b**3,
            "normaliser_twice": lambda b, mean_distance: 1 / (2 * b) - mean_distance / b**2,
        },
    ),
}
