"""Gaussians fitted by gradient descent on KL, step by step. All KL are in nats.

`fit_gaussian` is made of two parts that can be used alone: a function that gives KL and its slopes for each mean and
variance (`forward_slopes`, `reverse_slopes`, `exact_slopes`), and `descend_kl`, which follows them.
"""

import math
from dataclasses import dataclass

import numpy as np

from klcourse.checks import (
    bounded,
    check_flag,
    check_function,
    check_labels,
    check_number,
    check_option,
    check_whole_number,
    vector,
)

__all__ = ["Trace", "descend_kl", "exact_slopes", "fit_gaussian", "forward_slopes", "reverse_slopes"]


@dataclass(frozen=True, eq=False)
class Trace:
    """What `fit_gaussian` went through: arrays of shape (steps + 1,), the start first.

    `mean` and `variance` are the parameters of q. `loss` is what was descended. `kl` is the true divergence, in nats,
    of p and q after each is divided by its sum over the grid.
    """

    mean: np.ndarray
    variance: np.ndarray
    loss: np.ndarray
    kl: np.ndarray


def fit_gaussian(
    x,
    p,
    *,
    mean,
    variance,
    learning_rate,
    steps,
    normalise=True,
    parametrisation="variance",
    direction="forward",
):
    """Fit a Gaussian q to a given p on a grid by gradient descent on KL, and keep every step.

    q is exp(-c² / (2 variance)) with c = x - mean, divided by its sum over the grid. The slopes of KL(p‖q) are
    (E_q[c] - E_p[c]) / variance along the mean and (E_q[c²] - E_p[c²]) / (2 variance²) along the variance.

    Parameters
    ----------
    x : array_like, shape (n,)
        The grid: increasing. Every point counts the same.
    p : array_like, shape (n,)
        The target on the grid: not negative, with a sum S above 0.
    mean, variance : float
        Where q starts. A variance, not a standard deviation.
    learning_rate : float
        Above 0; one for both parameters.
    steps : int
        How many steps to take. 0 gives the start alone.
    normalise : bool
        Divide p by S first. Without it the forward loss is S KL + S log S, and the learning rate on KL is S times as
        large; the reverse loss is KL - log S, with the same steps.
    parametrisation : {"variance", "log_sd", "natural"}
        What is descended in beside the mean: the variance, or the logarithm of the standard deviation. "natural" is
        the natural gradient, taken in the moments: E[x] and E[x²] move against the slopes along the natural parameters
        mean / variance and -1 / (2 variance). Forward and on a grid that cuts off neither p nor q, one step with a
        learning rate of 1 matches the moments of p. In other coordinates the step is the same to first order only.
    direction : {"forward", "reverse"}
        KL(p‖q) or KL(q‖p).

    Returns
    -------
    Trace
        Means, variances, losses and true KL at every step, the start included: ``steps + 1`` of each.

    Raises
    ------
    ValueError, TypeError
        For input that does not fit, and when a step leaves the domain (a variance that is not above 0, or no finite
        number any more): the message says at which step, and what to change.

    Notes
    -----
    The true KL is exact to about 1e-15 nats below 1 nat and to 1e-15 of its value above, and never below 0.

    Source: Amari, "Natural Gradient Works Efficiently in Learning" (1998), for the natural gradient.

    >>> x = np.arange(-10, 10, 0.1)
    >>> trace = fit_gaussian(x, np.exp(-(x**2) / 14), mean=5, variance=1, learning_rate=0.1, steps=1000)
    >>> print(len(trace.mean), trace.mean[0], trace.variance[-1].round(4), trace.kl[-1].round(4))
    1001 5.0 6.42 0.0019
    """
    x, p = _grid(x, p)
    for name, value in (("variance", variance), ("learning_rate", learning_rate)):
        check_number(name, value, above=0)
    check_option("direction", direction, _SLOPES)
    check_flag("normalise", normalise)
    total, forward = float(p.sum()), direction == "forward"
    scale = 1.0 if normalise or not forward else total
    slopes, rate = _SLOPES[direction](x, p / total), float(learning_rate) * scale
    states, outside = descend_kl(slopes, mean, variance, rate, steps, parametrisation)
    if outside:
        raise ValueError(_left_domain(len(states), outside, learning_rate, scale))
    mean, variance, kl = states.T
    offset = 0.0 if normalise else scale * math.log(total) * (1 if forward else -1)
    return Trace(mean, variance, scale * kl + offset, np.maximum(kl, 0))


def descend_kl(slopes, mean, variance, learning_rate, steps, parametrisation="variance"):
    """Follow the slopes of KL downhill, as far as a Gaussian goes.

    Parameters
    ----------
    slopes : callable
        ``slopes(mean, variance)`` gives KL in nats and its slopes along the natural parameters of x - mean, as
        `forward_slopes`, `reverse_slopes` and `exact_slopes` make it.
    mean, variance : float
        Where q starts.
    learning_rate : float
        Above 0.
    steps : int
        How many steps to take. 0 gives the start alone.
    parametrisation : {"variance", "log_sd", "natural"}
        As in `fit_gaussian`.

    Returns
    -------
    states : ndarray, shape (steps + 1, 3)
        Rows of mean, variance and KL, the start first; fewer where a step leaves the domain.
    outside : tuple of float or None
        The mean and the variance of the step that left the domain.

    Raises
    ------
    ValueError, TypeError
        For input that does not fit; a step that leaves the domain is no error here.

    >>> states, outside = descend_kl(exact_slopes(7), mean=5, variance=1, learning_rate=0.1, steps=2)
    >>> states.round(4)
    array([[ 5.    ,  1.    , 14.527 ],
           [ 4.5   ,  2.55  ,  4.3382],
           [ 4.3235,  2.7399,  3.7196]])
    >>> descend_kl(exact_slopes(0.5), mean=0, variance=0.5 + 0.25, learning_rate=9, steps=2)[1]
    (0.0, -1.25)
    """
    check_function("slopes", slopes)
    check_number("mean", mean)
    check_number("variance", variance, above=0)
    check_number("learning_rate", learning_rate, above=0)
    check_whole_number("steps", steps, lowest=0)
    check_option("parametrisation", parametrisation, _MOVES)
    mean, variance, rate, move = float(mean), float(variance), float(learning_rate), _MOVES[parametrisation]
    states = []
    with np.errstate(all="ignore"):  # overflow ends outside the domain
        for _ in range(steps + 1):
            inside = 0 < variance < math.inf and math.isfinite(mean)
            kl, first, second = slopes(mean, variance) if inside else (math.nan,) * 3
            if not math.isfinite(kl):
                return np.array(states).reshape(-1, 3), (mean, variance)
            states.append((mean, variance, kl))
            mean, variance = move(mean, variance, rate * first, rate * second)
    return np.array(states), None


# What a step does, given the slopes times the rate.


def _move_variance(mean, variance, first, second):
    return mean - first / variance, variance - second / variance / variance / 2


def _move_log_sd(mean, variance, first, second):
    return mean - first / variance, variance * float(np.exp(-2 * second / variance))


def _move_moments(mean, variance, first, second):
    return mean - first, variance - second - first * first


_MOVES = {"variance": _move_variance, "log_sd": _move_log_sd, "natural": _move_moments}


def _weighted_sum(weights, values):
    """The sum of the products. Not @, whose threads wait for each other where the grid is long and the machine busy."""
    return float(_add(weights * values))


_add, _largest = np.add.reduce, np.maximum.reduce  # as .sum() and .max(), but a step of 200 points is mostly overhead


def exact_slopes(target):
    """KL(p‖q) of p = N(0, target) and its slopes, as `forward_slopes` has them on a grid, in closed form.

    Parameters
    ----------
    target : float
        The variance of p, above 0.

    Returns
    -------
    callable
        ``slopes(mean, variance)`` gives KL in nats, E_q[c] - E_p[c] = mean and E_q[c²] - E_p[c²], with c = x - mean.

    >>> kl, first, second = exact_slopes(7)(mean=5, variance=1)
    >>> round(kl, 6), first, second
    (14.527045, 5, -31)
    """
    check_number("target", target, above=0)

    def slopes(mean, variance):
        spread = target + mean * mean
        kl = (spread / variance - 1 - math.log(target / variance)) / 2
        return max(round(kl, 15), 0.0), mean, variance - spread  # what is smaller is rounding dust

    return slopes


def forward_slopes(x, p):
    """KL(p‖q) on a grid and its slopes, as a function of the mean and the variance of q.

    Parameters
    ----------
    x, p : ndarray, shape (n,)
        The grid, and p on it with sum 1.

    Returns
    -------
    callable
        ``slopes(mean, variance)`` gives KL in nats, E_q[c] - E_p[c] and E_q[c²] - E_p[c²], with c = x - mean.

    >>> x = np.arange(-20, 20, 0.1)
    >>> p = np.exp(-(x**2) / 14)
    >>> kl, first, second = forward_slopes(x, p / p.sum())(mean=5, variance=1)
    >>> round(kl, 6), round(first, 6), round(second, 6)
    (14.527045, 5.0, -31.0)
    """
    x, p = _grid(x, p)
    p_mean = _weighted_sum(p, x)
    p_variance = _weighted_sum(p, (x - p_mean) ** 2)
    p_log_p = _weighted_sum(p[p > 0], np.log(p[p > 0]))
    shifts, squares, q = np.empty((3, x.size))

    def slopes(mean, variance):
        place = _squares(x, mean, shifts, squares)
        np.multiply(squares, -0.5 / variance, out=q)
        top = float(_largest(q))  # taken out, so that some weight is 1 however narrow q is
        np.exp(np.subtract(q, top, out=q), out=q)
        q_total = float(_add(q))
        p_shift = p_mean - place
        p_squares = p_variance + p_shift * (p_shift + 2 * (place - mean))  # ** would raise where * overflows
        kl = p_log_p + p_squares / variance / 2 + math.log(q_total) + top
        excess = np.subtract(
            np.divide(q, q_total, out=q), p, out=q
        )  # first, or the slopes would cancel near the optimum
        return kl, _weighted_sum(excess, shifts), _weighted_sum(excess, squares)

    return slopes


def _squares(x, mean, shifts, squares):
    """Write c² = (x - mean)² less its value at the place of the grid nearest to the mean, and x less that place.

    Far from the grid all c² are huge and alike, and their differences would have no digits. Sums over q - p are those
    over c and c², because q and p have the same sum. Within the grid the place is the mean itself.
    """
    place = min(max(mean, float(x[0])), float(x[-1]))
    np.subtract(x, place, out=shifts)
    np.add(shifts, 2 * (place - mean), out=squares)
    np.multiply(squares, shifts, out=squares)
    return place


def reverse_slopes(x, p):
    """KL(q‖p) on a grid and its slopes, the covariances under q of c and c² with log(q/p), where c = x - mean.

    Parameters and result are those of `forward_slopes`.

    Raises
    ------
    ValueError
        If p is 0 somewhere on the grid, where KL(q‖p) is infinite.

    >>> x = np.arange(-20, 20, 0.1)
    >>> p = np.exp(-(x**2) / 14)
    >>> kl, first, second = reverse_slopes(x, p / p.sum())(mean=5, variance=1)
    >>> round(kl, 6), round(first, 6), round(second, 6)
    (2.330098, 0.714286, -0.857143)
    """
    x, p = _grid(x, p)
    _check_positive(x, p)
    log_p = np.log(p)

    def slopes(mean, variance):
        shifts, squares = np.empty((2, x.size))
        _squares(x, mean, shifts, squares)
        log_q = squares * (-0.5 / variance)
        log_q -= log_q.max()
        log_q -= math.log(float(np.exp(log_q).sum()))
        q, log_ratio = np.exp(log_q), log_q - log_p
        kl = _weighted_sum(q, log_ratio)
        excess = q * (log_ratio - kl)
        return kl, _weighted_sum(excess, shifts), _weighted_sum(excess, squares)

    return slopes


_SLOPES = {"forward": forward_slopes, "reverse": reverse_slopes}


# --- the input rules --------------------------------------------------------------------------------------------------


def _grid(x, p):
    check_labels(x=x, p=p)
    x, p = bounded("x", vector("x", x)), bounded("p", vector("p", p))
    if x.shape != p.shape:
        raise ValueError(f"x has {x.size} points and p has {p.size}: give p's value at each point of x.")
    if x.size < 2 or not (np.diff(x) > 0).all():
        raise ValueError("x is not increasing: give two or more points in rising order, as np.arange does.")
    if (p < 0).any():
        where = np.argmax(p < 0)
        raise ValueError(f"p[{where}] is {p[where]}: a density is never negative. Did you pass its logarithm?")
    if not 0 < p.sum() < math.inf:
        raise ValueError(f"p sums to {p.sum()}: move the grid to where p's mass lies, or rescale p.")
    return x, p


def _check_positive(x, p):
    if not (p > 0).all():
        raise ValueError(
            f"p is 0 at x = {x[np.argmin(p)]:g}, so KL(q‖p) is infinite for every Gaussian q: "
            'cut the grid to where p is above 0, or use direction="forward".'
        )


def _left_domain(step, outside, learning_rate, scale):
    mean, variance = outside
    if step == 0:
        return f"The start, mean {mean:g} and variance {variance:g}, is too far from the grid for floats: start nearer."
    said = f"Step {step} leaves the domain: it gives the mean {mean:.6g} and the variance {variance:.6g}. "
    said += f"Lower the learning_rate (now {learning_rate:g})"
    if scale != 1:
        said += f". With normalise=False the learning rate on KL is {scale:.6g} times as large"
    return f"{said}."
