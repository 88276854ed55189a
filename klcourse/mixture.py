"""Mixtures of Gaussians on a line: soft labels, the bound that EM lifts, and a bound of their KL. All in nats.

A mixture is written as three sequences of length K: weights, means and standard deviations (not variances).
"""

import math

import numpy as np
from scipy.special import xlogy

from klcourse.checks import bounded, check_labels, check_number, check_same_length, check_sd, finite, vector
from klcourse.gaussian import kl_gaussian, log_gaussian

__all__ = [
    "em_half_steps",
    "forward_fit",
    "log_density",
    "log_joint",
    "lower_bound",
    "m_step",
    "matched_bound",
    "responsibilities",
    "reverse_fits",
]


def log_joint(x, weights, means, sds):
    """The logarithm of p(x, z = k) = weights[k] · N(x; means[k], sds[k]), for each component k.

    Parameters
    ----------
    x : array_like, any shape
        Points on the line.
    weights, means, sds : array_like, shape (K,)
        Weights above 0 with sum 1, means, and standard deviations above 0.

    Returns
    -------
    ndarray, shape (*x.shape, K)
        In nats.

    Raises
    ------
    ValueError, TypeError
        If these are no mixture, or an entry is not a finite number.

    >>> log_joint([0, 1], [0.5, 0.5], [0, 2], [1, 1]).round(4)
    array([[-1.6121, -3.6121],
           [-2.1121, -2.1121]])
    """
    weights, means, sds = _mixture(weights, means, sds)
    x = finite("x", x)[..., None]
    with np.errstate(over="ignore"):  # so far away that z² is too large for a float, the logarithm is -∞
        z = (x - means) / sds
        return np.log(weights) - np.log(sds) - np.log(2 * np.pi) / 2 - z * z / 2


def log_density(x, weights, means, sds):
    """ln p(x) of a mixture at each point: the logarithm of the sum over its components.

    Parameters and errors are those of `log_joint`.

    Returns
    -------
    ndarray of the shape of x
        In nats. Its sum over observations is their log-likelihood.

    >>> log_density([0, 1], [0.5, 0.5], [0, 2], [1, 1]).round(4)
    array([-1.4852, -1.4189])
    """
    return np.logaddexp.reduce(log_joint(x, weights, means, sds), axis=-1)


def responsibilities(x, weights, means, sds):
    """The E step: p(z = k | x), the probability that component k has made the observation x.

    Parameters and errors are those of `log_joint`; besides, x must not lie 1e150 sds or more from every component.

    Returns
    -------
    ndarray, shape (*x.shape, K)
        Soft labels: they sum to 1 over the last axis, however far x lies from the components.

    Notes
    -----
    Logarithms are taken relative to the likeliest component o, whose z = (x - mean) / sd is z_o. Far out, z_k² - z_o²
    would lose all digits; it is d (2 z_o + d) with d = z_k - z_o = z_k (sd_o - sd_k) / sd_o + (mean_o - mean_k) / sd_o.

    >>> responsibilities([0, 1], [0.5, 0.5], [0, 2], [1, 1]).round(4)
    array([[0.8808, 0.1192],
           [0.5   , 0.5   ]])
    """
    joint = log_joint(x, weights, means, sds)
    if np.isneginf(joint).all(axis=-1).any():
        raise ValueError("x lies too far from every component: rescale x, or widen the sds.")
    x, (weights, means, sds) = finite("x", x)[..., None], _mixture(weights, means, sds)
    likeliest = joint.argmax(axis=-1)[..., None]
    weight, mean, sd = weights[likeliest], means[likeliest], sds[likeliest]
    with np.errstate(all="ignore"):  # what overflows is the logarithm of 0
        d = (x - means) / sds * ((sd - sds) / sd) + (mean - means) / sd
        logs = np.log(weights / weight) - np.log(sds / sd) - d * (2 * ((x - mean) / sd) + d) / 2
        # NaN where sds differ by more than a float can say: there the joint has all the digits that matter.
        logs = np.where(np.isnan(logs), joint - joint.max(axis=-1, keepdims=True), logs)
        labels = np.exp(logs - logs.max(axis=-1, keepdims=True))
    return labels / labels.sum(axis=-1, keepdims=True)


def lower_bound(x, q, weights, means, sds):
    """The bound Σ q(z) ln(p(x, z) / q(z)) of the log-likelihood, for labels q of your choice.

    The log-likelihood is this bound plus Σ KL(q(z)‖p(z|x)) over the observations.

    Parameters
    ----------
    x : array_like, shape (n,)
        Observations.
    q : array_like, shape (n, K)
        Labels: probabilities of the components, in rows that sum to 1.
    weights, means, sds : array_like, shape (K,)
        As in `log_joint`.

    Returns
    -------
    float
        In nats.

    Raises
    ------
    ValueError, TypeError
        If q does not hold labels of x, or the rest is no mixture.

    Source: Neal & Hinton, "A View of the EM Algorithm that Justifies Incremental, Sparse, and Other Variants" (1998).

    >>> round(lower_bound([0, 1], [[0.5, 0.5], [0.5, 0.5]], [0.5, 0.5], [0, 2], [1, 1]), 4)
    -3.3379
    """
    x, q = _labels(x, q)
    joint = log_joint(x, weights, means, sds)
    if q.shape != joint.shape:
        raise ValueError(f"q has {q.shape[1]} columns for {joint.shape[1]} components: give one for each.")
    held = q > 0  # 0 · (−∞) is 0 here: a component far away without labels costs nothing
    return float(np.sum(q[held] * joint[held]) - np.sum(xlogy(q, q)))


def m_step(x, q, smallest_sd=0.0):
    """The M step: the mixture with the highest bound for given labels q.

    Each component gets the share, the mean and the spread of the observations, counted by their labels.

    Parameters
    ----------
    x, q : array_like, shape (n,) and (n, K)
        As in `lower_bound`.
    smallest_sd : float
        A floor: with it the result is the best mixture that has no narrower component.

    Returns
    -------
    weights, means, sds : ndarray, shape (K,)
        A standard deviation is 0 where a component holds one point alone and there is no floor.

    Raises
    ------
    ValueError, TypeError
        If q does not hold labels of x, smallest_sd is negative, a component has none of the observations, or the square
        of one is too large for a float.

    Source: Dempster, Laird & Rubin, "Maximum Likelihood from Incomplete Data via the EM Algorithm" (1977).

    >>> m_step([0, 1, 5], [[1, 0], [0.5, 0.5], [0, 1]])[1].round(4)
    array([0.3333, 3.6667])
    """
    x, q = _labels(x, q)
    smallest_sd = finite("smallest_sd", smallest_sd)
    if smallest_sd.ndim or smallest_sd < 0:
        raise ValueError(f"smallest_sd is {smallest_sd}: give one number that is at least 0.")
    counts = q.sum(axis=0)
    if not (counts > 0).all():
        lost = f"Component {np.argmin(counts) + 1} of {counts.size}"
        raise ValueError(f"{lost} has no observation: start its mean nearer to x, or its sd wider.")
    with np.errstate(over="ignore", invalid="ignore"):
        means = x @ q / counts
        variances = np.sum(q * (x[:, None] - means) ** 2, axis=0) / counts
    if not np.isfinite(variances).all():
        raise ValueError("x holds numbers whose squares are too large for floats: rescale x.")
    return counts / counts.sum(), means, np.maximum(np.sqrt(variances), smallest_sd)


def em_half_steps(x, weights, means, sds, smallest_sd=0.0):
    """EM by half steps: E, M, E, M and so on. An iterator: it works as it is read.

    Parameters
    ----------
    x : array_like, shape (n,)
        Observations.
    weights, means, sds : array_like, shape (K,)
        The mixture to start from. Standard deviations below `smallest_sd` are raised to it.
    smallest_sd : float
        A floor that the M steps keep. Without one, a component may shrink to a single point.

    Yields
    ------
    mixture : tuple of weights, means and sds
    q : ndarray, shape (n, K)
        The labels: equal ones at the start.
    log_likelihood, bound : float
        In nats: first at the start, where no labels have given a bound yet, which is -inf, then after each half step.
        Both are inf after the step in which a standard deviation has become next to 0, and this step is the last.

    Raises
    ------
    ValueError, TypeError
        At once if these are no observations or no mixture; later if a component has no observation any more.

    Source: Dempster, Laird & Rubin, "Maximum Likelihood from Incomplete Data via the EM Algorithm" (1977).

    >>> from itertools import islice
    >>> steps = em_half_steps([0, 1, 4, 6], [0.5, 0.5], [0, 1], [1, 1])
    >>> for mixture, q, log_likelihood, bound in islice(steps, 5):
    ...     print(round(log_likelihood, 4), round(bound, 4))
    -22.4664 -inf
    -22.4664 -22.4664
    -8.3969 -8.7003
    -8.3969 -8.3969
    -7.8922 -8.0363
    """
    x, (weights, means, sds) = vector("x", x), _mixture(weights, means, sds)
    check_number("smallest_sd", smallest_sd, lowest=0)
    return _half_steps(x, (weights, means, np.maximum(sds, smallest_sd)), smallest_sd)


_COLLAPSED = 1e-8


def _half_steps(x, mixture, smallest_sd):
    q, log_likelihood = np.full((len(x), len(mixture[0])), 1 / len(mixture[0])), log_density(x, *mixture).sum()
    yield mixture, q, log_likelihood, -np.inf
    while True:
        q = responsibilities(x, *mixture)
        yield mixture, q, log_likelihood, log_likelihood
        mixture = m_step(x, q, smallest_sd)
        if mixture[2].min() < _COLLAPSED:
            yield mixture, q, np.inf, np.inf
            return
        log_likelihood = log_density(x, *mixture).sum()
        yield mixture, q, log_likelihood, lower_bound(x, q, *mixture)


def matched_bound(f, g):
    """An upper bound of KL(f‖g): Σ weights_f (KL of the components + ln(weights_f / weights_g)), paired in their order.

    It is the KL of the pairs of observation and label: merging the labels can only lower it.

    Parameters
    ----------
    f, g : tuple
        Two mixtures of equally many components: weights, means and standard deviations. Another order of g's
        components gives another bound.

    Returns
    -------
    float
        In nats.

    Raises
    ------
    ValueError, TypeError
        If one is no mixture, or they differ in the number of components.

    Source: Hershey & Olsen, "Approximating the Kullback Leibler Divergence between Gaussian Mixture Models" (2007).

    >>> f, g = ([0.5, 0.5], [-2, 2], [1, 1]), ([0.3, 0.7], [-1, 3], [1, 1.5])
    >>> round(matched_bound(f, g), 6)
    0.512131
    """
    (weights_f, *gaussians_f), (weights_g, *gaussians_g) = _named_mixture("f", f), _named_mixture("g", g)
    if weights_f.shape != weights_g.shape:
        raise ValueError(f"f has {weights_f.size} components and g has {weights_g.size}: they are paired one to one.")
    return float(weights_f @ (kl_gaussian(*gaussians_f, *gaussians_g) + np.log(weights_f / weights_g)))


def forward_fit(d, weight):
    """The Gaussian q with the smallest KL(p‖q) from p = weight · N(-d, 1) + (1 - weight) · N(d, 1).

    KL(p‖q) is least where q has the mean and the variance of p: (1 - 2 weight) d and 1 + 4 weight (1 - weight) d².

    Parameters
    ----------
    d : float
        Half the distance of p's two humps: not negative.
    weight : float
        Of the left hump, above 0 and below 1.

    Returns
    -------
    mean, sd : float

    Raises
    ------
    ValueError, TypeError
        If p is no such mixture.

    Source: Bishop, "Pattern Recognition and Machine Learning" (2006), section 10.7: moment matching.

    >>> mean, sd = forward_fit(3, 0.25)
    >>> mean, round(sd, 6)
    (1.5, 2.783882)
    """
    check_number("d", d, lowest=0)
    check_number("weight", weight, above=0, below=1)
    return (1 - 2 * weight) * d, math.hypot(1, 2 * math.sqrt(weight * (1 - weight)) * d)


def reverse_fits(d, weight, means, sds):
    """The Gaussians q with a locally smallest KL(q‖p) from p = weight · N(-d, 1) + (1 - weight) · N(d, 1).

    Parameters
    ----------
    d : float
        Half the distance of p's two humps, from 0 to 5. Farther apart each is fitted alone, as they do not overlap: the
        KL is -log of its weight, and from a q over both it is off.
    weight : float
        Of the left hump, above 0 and below 1.
    means, sds : array_like, shape (n,)
        Where n searches start.

    Returns
    -------
    means, sds, kls : ndarray, shape (n,)
        Where they end, and KL(q‖p) there in nats. They may end at different optima: the least is the best that is
        found.

    Raises
    ------
    ValueError, TypeError
        If p is no such mixture, or a start no Gaussian.

    Notes
    -----
    With u = d x + log((1 - weight) / weight) / 2 the target is p ∝ exp(-x²/2) cosh u, so KL(q‖p) is the mean of
    -log cosh u under q plus terms without an integral. Newton's method over mean and log sd, all starts at once; where
    the surface bends down, the step follows the gradient.

    >>> means, sds, kls = reverse_fits(3, 0.5, means=[-3, 0, 3], sds=[1, 3, 1])
    >>> kls.round(4)
    array([0.6888, 0.8406, 0.6888])
    """
    check_number("d", d, lowest=0)
    if d > _FARTHEST:
        raise ValueError(
            f"d is {d}: give {_FARTHEST} at most. Farther apart, each hump alone has KL = -log(its weight)."
        )
    check_number("weight", weight, above=0, below=1)
    d, weight = float(d), float(weight)
    check_labels(means=means, sds=sds)
    mean, sd = (bounded(n, vector(n, v), -1e6, 1e6) for n, v in {"means": means, "sds": sds}.items())
    check_sd("sds", sd)
    check_same_length(means=mean, sds=sd)
    offset = 0.5 * np.log((1 - weight) / weight)
    log_sd = np.log(sd)
    for _ in range(60):
        sd = np.exp(log_sd)[:, None]
        tanh = np.tanh(d * (mean[:, None] + sd * _NODES) + offset)
        # t0 and t1 are the means of tanh u and z tanh u under q; s0, s1, s2 those of 1, z, z² times 1 − tanh² u
        (t0, t1, _), (s0, s1, s2) = (tanh @ _MOMENTS).T, ((1 - tanh**2) @ _MOMENTS).T
        sd = sd[:, 0]
        slope = np.array([mean - d * t0, sd**2 - 1 - d * sd * t1])
        # second derivatives [[a, b], [b, c]] by mean and log sd, made positive definite
        a, b, c = 1 - d**2 * s0, -(d**2) * sd * s1, 2 * sd**2 - d * sd * t1 - d**2 * sd**2 * s2
        lowest = (a + c) / 2 - np.hypot((a - c) / 2, b)
        lift = np.maximum(0, 0.1 - lowest)
        a, c = a + lift, c + lift
        step = np.array([b * slope[1] - c * slope[0], b * slope[0] - a * slope[1]]) / (a * c - b * b)
        step *= np.minimum(1, 0.7 / (np.hypot(*step) + 1e-300))
        mean, log_sd = mean + step[0], log_sd + step[1]
        if np.abs(step).max() < 1e-9:
            break
    sd = np.exp(log_sd)
    u = np.abs(d * (mean[:, None] + sd[:, None] * _NODES) + offset)
    log_cosh = (u + np.log1p(np.exp(-2 * u)) - np.log(2)) @ _NORMAL_WEIGHTS
    kl = (mean**2 + sd**2 + d**2 - 1 - np.log(4 * weight * (1 - weight))) / 2 - log_sd - log_cosh
    return mean, sd, np.maximum(np.round(kl, 12), 0)


# Equally spaced nodes: under a normal law the plain sum converges faster than any power of the step. It is off by less
# than 1e-8 nats for d up to 5, while 256 Gauss-Hermite nodes are off by 0.01 where log p bends sharply between far
# humps.
_NODES = np.linspace(-8, 8, 641)
_FARTHEST = 5
_NORMAL_WEIGHTS = np.exp(log_gaussian(_NODES, 0, 1)) * (_NODES[1] - _NODES[0])
_MOMENTS = (_NORMAL_WEIGHTS * _NODES ** np.arange(3)[:, None]).T  # columns: E f, E zf, E z²f


# --- the input rules --------------------------------------------------------------------------------------------------


def _mixture(weights, means, sds):
    check_labels(weights=weights, means=means, sds=sds)
    weights, means, sds = vector("weights", weights), vector("means", means), vector("sds", sds)
    if not weights.shape == means.shape == sds.shape:
        sizes = f"{weights.size} weights, {means.size} means and {sds.size} sds"
        raise ValueError(f"There are {sizes}: give one of each for every component.")
    if not (weights > 0).all() or abs(weights.sum() - 1) > 1e-9:
        raise ValueError(f"weights are {weights}: all must be above 0, and their sum 1. Divide them by their sum.")
    check_sd("sds", sds)
    return weights, means, sds


def _named_mixture(name, mixture):
    if not isinstance(mixture, tuple | list) or len(mixture) != 3:
        raise ValueError(f"{name} is no mixture: give three lists, weights, means and sds.")
    try:
        return _mixture(*mixture)
    except (ValueError, TypeError) as error:
        raise type(error)(f"{name} is no mixture: {error}") from None


def _labels(x, q):
    check_labels(axis=0, x=x, q=q)
    x, q = vector("x", x), finite("q", q)
    if q.ndim != 2 or len(q) != len(x):
        raise ValueError(f"q has shape {q.shape} for {len(x)} observations: give one row for each of them.")
    if (q < 0).any() or (np.abs(q.sum(axis=1) - 1) > 1e-9).any():
        raise ValueError("The rows of q are no probabilities: entries are at least 0, and each row sums to 1.")
    return x, q
