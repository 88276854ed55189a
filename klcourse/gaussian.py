"""KL of Gaussians in closed form, and Gaussians fitted by gradient descent on KL.

All results are in nats. The closed forms add up e^y - 1 - y with y = log(q/p), as `klcourse.quadrature` does for any
two densities: nothing cancels where p and q are close.
"""

import math
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
from scipy.linalg import solve_triangular

from klcourse.divergence import _log_ratio, _numbers
from klcourse.quadrature import _exp_above_tangent, kl_quad

__all__ = ["fit_gaussian", "kl_gaussian", "kl_gaussian_nd", "kl_quad"]


def kl_gaussian(mean_p, sd_p, mean_q, sd_q):
    """KL(p‖q) of two Gaussians: log(sd_q / sd_p) + (sd_p² + (mean_p - mean_q)²) / (2 sd_q²) - 1/2.

    Parameters
    ----------
    mean_p, sd_p, mean_q, sd_q : array_like
        Means and standard deviations (not variances); their shapes broadcast.

    Returns
    -------
    float, or ndarray of the broadcast shape
        In nats. Never negative, exactly 0 for identical input; inf only where the value is too large for a float.

    Raises
    ------
    ValueError, TypeError
        If a standard deviation is not above 0, an entry is not a finite number, or the shapes do not broadcast.

    Source: Bishop, "Pattern Recognition and Machine Learning" (2006), exercise 1.30.

    >>> kl_gaussian(0, 2, 2, 2)
    0.5
    >>> round(kl_gaussian(5, 4, 0, 2), 6), round(kl_gaussian(0, 2, 5, 4), 6)
    (3.931853, 1.099397)
    >>> kl_gaussian(mean_p=[0, 1, 2], sd_p=1, mean_q=0, sd_q=1)
    array([0. , 0.5, 2. ])
    """
    named = {"mean_p": mean_p, "sd_p": sd_p, "mean_q": mean_q, "sd_q": sd_q}
    mean_p, sd_p, mean_q, sd_q = (_finite(name, value) for name, value in named.items())
    _check_sd("sd_p", sd_p)
    _check_sd("sd_q", sd_q)
    _check_shapes(mean_p=mean_p, sd_p=sd_p, mean_q=mean_q, sd_q=sd_q)
    with np.errstate(all="ignore"):  # a result beyond the largest float is inf
        change = (sd_p - sd_q) / sd_q  # exact in the numerator where the two are close
        log_sd_ratio = np.where(np.abs(change) < 0.5, np.log1p(change), _log_ratio(sd_p, sd_q))
        kl = (_exp_above_tangent(2 * log_sd_ratio) + ((mean_p - mean_q) / sd_q) ** 2) / 2
    return float(kl) if kl.ndim == 0 else kl


def kl_gaussian_nd(mean_p, cov_p, mean_q, cov_q):
    """KL(p‖q) of two Gaussians in d dimensions.

    (tr(cov_q⁻¹ cov_p) - d + log(det cov_q / det cov_p) + (mean_p - mean_q)ᵀ cov_q⁻¹ (mean_p - mean_q)) / 2.

    Parameters
    ----------
    mean_p, mean_q : array_like, shape (d,)
        Means.
    cov_p, cov_q : array_like, shape (d, d)
        Covariance matrices: symmetric and positive definite, with variances (not standard deviations) on the diagonal.

    Returns
    -------
    float
        In nats. Never negative, exactly 0 for identical input.

    Raises
    ------
    ValueError, TypeError
        If a matrix is no covariance matrix, the dimensions differ, or an entry is not a finite number.

    Notes
    -----
    In coordinates in which q is the standard normal, p has the standard deviations that are the singular values of
    L_q⁻¹ L_p, where cov = L Lᵀ. There the formula is a sum of one-dimensional ones, one a direction.

    Source: Rasmussen & Williams, "Gaussian Processes for Machine Learning" (2006), equation A.23.

    >>> kl_gaussian_nd([0, 0], [[1, 0], [0, 1]], [3, 4], [[1, 0], [0, 1]])
    12.5
    >>> round(kl_gaussian_nd([0, 0], [[1, 0.9], [0.9, 1]], [0, 0], [[1, 0], [0, 1]]), 6)
    0.830366
    """
    mean_p, mean_q = _vector("mean_p", mean_p), _vector("mean_q", mean_q)
    root_p, root_q = _cholesky("cov_p", cov_p), _cholesky("cov_q", cov_q)
    _check_dimensions(mean_p=mean_p, cov_p=root_p, mean_q=mean_q, cov_q=root_q)
    # With the rows of root_q divided by its diagonal, the identity comes out exactly where p and q are the same.
    scale = np.diag(root_q)
    right_sides = np.column_stack([root_p, mean_p - mean_q]) / scale[:, None]
    whitened = solve_triangular(root_q / scale[:, None], right_sides, lower=True, unit_diagonal=True)
    sds, shift = np.linalg.svd(whitened[:, :-1], compute_uv=False), whitened[:, -1]
    with np.errstate(all="ignore"):  # a result beyond the largest float is inf
        return float(np.sum(_exp_above_tangent(2 * np.log(sds))) + shift @ shift) / 2


# --- fitting ----------------------------------------------------------------------------------------------------------


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
        Divide p by S first. Without it the forward loss is S KL + S log S, and every step is S times as long; the
        reverse loss is KL - log S, with the same steps.
    parametrisation : {"variance", "log_sd", "natural"}
        What is descended in beside the mean: the variance, or the logarithm of the standard deviation. "natural" is
        the natural gradient: the moments E[x] and E[x²] move against the slopes along the natural parameters
        mean / variance and -1 / (2 variance). Forward, one step with a learning rate of 1 matches the moments of p.
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
    The true KL is exact to about 1e-15 nats, not relatively, and never below 0.

    Source: Amari, "Natural Gradient Works Efficiently in Learning" (1998), for the natural gradient.

    >>> x = np.arange(-10, 10, 0.1)
    >>> trace = fit_gaussian(x, np.exp(-(x**2) / 14), mean=5, variance=1, learning_rate=0.1, steps=1000)
    >>> print(len(trace.mean), trace.mean[0], trace.variance[-1].round(4), trace.kl[-1].round(4))
    1001 5.0 6.42 0.0019
    """
    x, p = _grid(x, p)
    _check_descent(mean, variance, learning_rate, steps)
    _check_option("parametrisation", parametrisation, _MOVES)
    _check_option("direction", direction, _GRADIENTS)
    total, forward = float(p.sum()), direction == "forward"
    scale = 1.0 if normalise or not forward else total
    gradient, move = _GRADIENTS[direction](x, p / total), _MOVES[parametrisation]
    states, outside = _descend(gradient, move, float(mean), float(variance), float(learning_rate) * scale, steps)
    if outside:
        raise ValueError(_left_domain(len(states), outside, learning_rate, scale, parametrisation))
    mean, variance, kl = states.T
    offset = 0.0 if normalise else scale * math.log(total) * (1 if forward else -1)
    return Trace(mean, variance, scale * kl + offset, np.maximum(kl, 0))


def _descend(gradient, move, mean, variance, rate, steps):
    """Take the steps. Returns rows of mean, variance and KL, and what the next row would have been outside the domain.

    `gradient` takes mean and variance and gives KL and its slopes along the natural parameters of x - mean; `move`
    takes both and the slopes times the rate.
    """
    states = []
    with np.errstate(all="ignore"):  # overflow ends outside the domain
        for _ in range(steps + 1):
            inside = 0 < variance < math.inf and math.isfinite(mean)
            kl, first, second = gradient(mean, variance) if inside else (math.nan,) * 3
            if not math.isfinite(kl):
                return np.array(states).reshape(-1, 3), (mean, variance)
            states.append((mean, variance, kl))
            mean, variance = move(mean, variance, rate * first, rate * second)
    return np.array(states), None


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


def _forward_gradient(x, p):
    """KL(p‖q) on the grid with its slopes E_q[c] - E_p[c] and E_q[c²] - E_p[c²], as a function of mean and variance."""
    p_mean = _weighted_sum(p, x)
    p_variance = _weighted_sum(p, (x - p_mean) ** 2)
    p_log_p = _weighted_sum(p[p > 0], np.log(p[p > 0]))
    centred, squares, q = np.empty((3, x.size))

    def gradient(mean, variance):
        np.subtract(x, mean, out=centred)
        np.multiply(centred, centred, out=squares)
        np.multiply(squares, -0.5 / variance, out=q)
        top = float(_largest(q))  # taken out, so that some weight is 1 however far the grid is from the mean
        np.exp(np.subtract(q, top, out=q), out=q)
        q_total = float(_add(q))
        p_spread = p_variance + (mean - p_mean) * (mean - p_mean)  # ** would raise where * overflows
        kl = p_log_p + p_spread / variance / 2 + math.log(q_total) + top
        excess = np.subtract(
            np.divide(q, q_total, out=q), p, out=q
        )  # first, or the slopes would cancel near the optimum
        return kl, _weighted_sum(excess, centred), _weighted_sum(excess, squares)

    return gradient


def _reverse_gradient(x, p):
    """KL(q‖p) on the grid with its slopes, the covariances under q of c and c² with log(q/p)."""
    _check_positive(x, p)
    log_p = np.log(p)

    def gradient(mean, variance):
        centred = x - mean
        squares = centred * centred
        log_q = squares * (-0.5 / variance)
        log_q -= log_q.max()
        log_q -= math.log(float(np.exp(log_q).sum()))
        q, log_ratio = np.exp(log_q), log_q - log_p
        kl = _weighted_sum(q, log_ratio)
        excess = q * (log_ratio - kl)
        return kl, _weighted_sum(excess, centred), _weighted_sum(excess, squares)

    return gradient


_GRADIENTS = {"forward": _forward_gradient, "reverse": _reverse_gradient}


# --- the input rules --------------------------------------------------------------------------------------------------


def _finite(name, value):
    array = _numbers(name, value).astype(float)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} is {array}: every entry must be a finite number. Find where it came from.")
    return array


def _check_sd(name, sd):
    if not (sd > 0).all():
        raise ValueError(
            f"{name} is {sd}: a standard deviation must be above 0. If it is a variance, take its square root."
        )


def _check_shapes(**named):
    try:
        np.broadcast_shapes(*(array.shape for array in named.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in named.items())
        raise ValueError(f"These shapes do not broadcast: {shapes}. Axes must be equal or 1.") from None


def _vector(name, value):
    vector = _finite(name, value)
    if vector.ndim != 1 or vector.size == 0:
        raise ValueError(f"{name} has shape {vector.shape}: give a list of d numbers, as in [0.0, 1.0] for d = 2.")
    return vector


def _cholesky(name, value):
    """L with L Lᵀ = the covariance matrix."""
    cov = _finite(name, value)
    if cov.ndim != 2 or cov.shape[0] != cov.shape[1] or cov.size == 0:
        raise ValueError(
            f"{name} has shape {cov.shape}: a covariance matrix is square. For variances alone use np.diag."
        )
    if not np.allclose(cov, cov.T, rtol=0, atol=1e-10 * np.abs(cov).max()):
        raise ValueError(
            f"{name} is not symmetric: entry [i, j] must equal [j, i]. Use (cov + cov.T) / 2 for rounding."
        )
    try:
        return np.linalg.cholesky(cov)
    except np.linalg.LinAlgError:
        raise ValueError(
            f"{name} is not positive definite: all eigenvalues of a covariance matrix must be above 0. "
            "Leave out variables that follow from the others."
        ) from None


def _check_dimensions(**named):
    if len({len(array) for array in named.values()}) > 1:
        sizes = ", ".join(f"{name} has {len(array)}" for name, array in named.items())
        raise ValueError(f"The dimensions differ: {sizes}. Give all four the same d.")


def _grid(x, p):
    x, p = _vector("x", x), _vector("p", p)
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


def _check_descent(mean, variance, learning_rate, steps):
    for name, value in (("mean", mean), ("variance", variance), ("learning_rate", learning_rate)):
        if not isinstance(value, Real) or isinstance(value, bool):
            raise TypeError(f"{name} is {value!r}: give one number.")
        if not math.isfinite(value) or (value <= 0 and name != "mean"):
            raise ValueError(f"{name} is {value}: it must be finite{'' if name == 'mean' else ' and above 0'}.")
    if not isinstance(steps, Integral) or isinstance(steps, bool):
        raise TypeError(f"steps is {steps!r}: give a whole number, such as 1000.")
    if steps < 0:
        raise ValueError(f"steps is {steps}: give 0 or more.")


def _check_option(name, value, known):
    if value not in known:
        raise ValueError(f"{name} is {value!r}: choose one of {', '.join(map(repr, known))}.")


def _left_domain(step, outside, learning_rate, scale, parametrisation):
    mean, variance = outside
    if step == 0:
        return f"The start, mean {mean:g} and variance {variance:g}, is too far from the grid for floats: start nearer."
    said = f"Step {step} leaves the domain: it gives the mean {mean:.6g} and the variance {variance:.6g}. "
    said += f"Lower the learning_rate (now {learning_rate:g})"
    if parametrisation != "log_sd":
        said += ', or use parametrisation="log_sd", whose variance cannot become negative'
    if scale != 1:
        said += f". With normalise=False every step is {scale:.6g} times as long"
    return f"{said}."
