"""KL of Gaussians in closed form, and their density.

All results are in nats. The closed forms add up e^y - 1 - y with y = log(q/p), as `klcourse.quadrature` does for any
two densities: nothing cancels where p and q are close.
"""

import math

import numpy as np
from scipy.linalg import solve_triangular

from klcourse.checks import (
    check_labels,
    check_number,
    check_same_length,
    check_sd,
    check_shapes,
    covariance_root,
    finite,
    vector,
)
from klcourse.divergence import log_ratio
from klcourse.quadrature import exp_above_tangent

__all__ = ["kl_gaussian", "kl_gaussian_nd", "kl_of_independent_pair", "log_gaussian"]


def log_gaussian(x, mean, sd):
    """The logarithm of the density of N(mean, sd): -(x - mean)² / (2 sd²) - log sd - log(2π) / 2.

    Parameters
    ----------
    x, mean, sd : array_like
        Points, mean and standard deviation (not variance); their shapes broadcast.

    Returns
    -------
    float, or ndarray of the broadcast shape
        In nats. Where exp of it would be 0 as a float, the logarithm still is a number.

    Raises
    ------
    ValueError, TypeError
        If a standard deviation is not above 0, an entry is no finite number, or the shapes do not broadcast.

    >>> log_gaussian([0, 100], 0, 1).round(4)
    array([-9.1890000e-01, -5.0009189e+03])
    """
    check_labels(x=x, mean=mean, sd=sd)
    x, mean, sd = finite("x", x), finite("mean", mean), finite("sd", sd)
    check_sd("sd", sd)
    check_shapes(x=x, mean=mean, sd=sd)
    with np.errstate(all="ignore"):  # a square beyond the largest float makes it -inf
        return -0.5 * _shift(x, mean, sd) ** 2 - np.log(sd) - np.log(2 * np.pi) / 2


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
    check_labels(**named)
    mean_p, sd_p, mean_q, sd_q = (finite(name, value) for name, value in named.items())
    check_sd("sd_p", sd_p)
    check_sd("sd_q", sd_q)
    check_shapes(mean_p=mean_p, sd_p=sd_p, mean_q=mean_q, sd_q=sd_q)
    with np.errstate(all="ignore"):  # a result beyond the largest float is inf
        change = (sd_p - sd_q) / sd_q  # exact in the numerator where the two are close
        log_sd_ratio = np.where(np.abs(change) < 0.5, np.log1p(change), log_ratio(sd_p, sd_q))
        shift = _shift(mean_p, mean_q, sd_q)
        kl = exp_above_tangent(2 * log_sd_ratio) / 2 + shift * (shift / 2)
    return float(kl) if kl.ndim == 0 else kl


def _shift(mean_p, mean_q, unit):
    """(mean_p - mean_q) / unit, also where the difference alone is too large for a float."""
    difference = mean_p - mean_q
    return np.where(np.isfinite(difference), difference / unit, mean_p / unit - mean_q / unit)


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
        In nats. Never negative, exactly 0 for identical input; inf only where the value is too large for a float.

    Raises
    ------
    ValueError, TypeError
        If a matrix is no covariance matrix or too nearly singular, the dimensions differ, or an entry is not a finite
        number.

    Notes
    -----
    In coordinates in which q is the standard normal, p has the standard deviations that are the singular values of
    L_q⁻¹ L_p, where cov = L Lᵀ. There the formula is a sum of one-dimensional ones, one a direction.

    Near-singular input costs digits, because the rounding of its entries decides: the relative error is about 1e-16
    times the condition number of the correlation matrix, of p or of q, whichever is larger. (The units of the
    variables do not matter.) Where that leaves fewer than 6 digits, the matrix is refused.

    Source: Rasmussen & Williams, "Gaussian Processes for Machine Learning" (2006), equation A.23.

    >>> kl_gaussian_nd([0, 0], [[1, 0], [0, 1]], [3, 4], [[1, 0], [0, 1]])
    12.5
    >>> round(kl_gaussian_nd([0, 0], [[1, 0.9], [0.9, 1]], [0, 0], [[1, 0], [0, 1]]), 6)
    0.830366
    """
    check_labels(mean_p=mean_p, cov_p=cov_p, mean_q=mean_q, cov_q=cov_q)
    mean_p, mean_q = vector("mean_p", mean_p), vector("mean_q", mean_q)
    root_p, root_q = covariance_root("cov_p", cov_p), covariance_root("cov_q", cov_q)
    check_same_length(mean_p=mean_p, cov_p=root_p, mean_q=mean_q, cov_q=root_q)
    # With the rows of root_q divided by its diagonal, the identity comes out exactly where p and q are the same.
    scale = np.diag(root_q)
    with np.errstate(all="ignore"):  # a result beyond the largest float is inf
        right_sides = np.column_stack([root_p / scale[:, None], _shift(mean_p, mean_q, scale)])
        unit_root_q = root_q / scale[:, None]
        whitened = solve_triangular(unit_root_q, right_sides, lower=True, unit_diagonal=True, check_finite=False)
        if not np.isfinite(whitened).all():
            return math.inf
        root, shift = whitened[:, :-1], whitened[:, -1]
        sds = np.linalg.svd(root, compute_uv=False)
        if sds[-1] > 1e-3 * sds[0]:
            kl = np.sum(exp_above_tangent(2 * np.log(sds)))
        else:  # the smallest have lost digits, but nothing cancels in the trace and the determinant
            kl = np.sum(root**2) - len(root) - 2 * np.sum(log_ratio(np.diag(root_p), scale))
        return float(kl / 2 + shift @ (shift / 2))


def kl_of_independent_pair(correlation, variance):
    """KL(p‖q) and KL(q‖p) of p, a pair with variances 1 and a correlation ρ, and q, two independent N(0, variance v).

    KL(p‖q) = 1/v - 1 + log v - log(1 - ρ²)/2 is least at v = 1, KL(q‖p) = v/(1 - ρ²) - 1 - log v + log(1 - ρ²)/2 at
    v = 1 - ρ²: there both are -log(1 - ρ²)/2.

    Parameters
    ----------
    correlation : float
        ρ, above -1 and below 1.
    variance : array_like, any shape
        v of each part of q, above 0.

    Returns
    -------
    forward, reverse : float, or ndarray of that shape
        In nats.

    Raises
    ------
    ValueError, TypeError
        If an argument lies outside its range.

    Source: `kl_gaussian_nd` with means 0. The inverse of p's covariance has the diagonal 1 / (1 - ρ²).

    >>> forward, reverse = kl_of_independent_pair(0.6, [1, 0.64])
    >>> forward.round(4), reverse.round(4)
    (array([0.2231, 0.3394]), array([0.3394, 0.2231]))
    """
    check_number("correlation", correlation, above=-1, below=1)
    variance = finite("variance", variance)
    if not (variance > 0).all():
        raise ValueError(f"variance is {variance}: a variance must be above 0.")
    determinant = 1 - correlation**2
    forward = 1 / variance - 1 + np.log(variance) - np.log(determinant) / 2
    reverse = variance / determinant - 1 - np.log(variance) + np.log(determinant) / 2
    return forward, reverse
