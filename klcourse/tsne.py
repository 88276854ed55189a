"""t-SNE: a map of points whose pair affinities Q come close to those of the data, P, by descending KL(P‖Q).

Source of all formulas: van der Maaten & Hinton, "Visualizing Data using t-SNE" (2008), sections 2 and 3.
"""

import itertools
import math
from numbers import Real

import numpy as np
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist
from scipy.special import entr

from klcourse.checks import bounded, check_labels, check_number, check_option, check_whole_number, shown

__all__ = [
    "calibrate",
    "descend",
    "joint_affinities",
    "kl_and_gradient",
    "kl_both_ways",
    "map_affinities",
    "nearest",
    "neighbour_affinities",
    "pull_and_push",
]


def neighbour_affinities(squared_distances, precision):
    """How probably a point picks each other one as its neighbour: p_j ∝ exp(-precision · d_j²).

    Parameters
    ----------
    squared_distances : array_like, shape (..., K)
        From one point, or from each of several, to K others.
    precision : float or array_like, shape (...)
        β = 1 / (2 sd²) of the Gaussian around each point: not negative. (Half of what is called precision elsewhere.)

    Returns
    -------
    ndarray, shape (..., K)
        Probabilities, summing to 1 along the last axis.

    Raises
    ------
    ValueError, TypeError
        If a distance or a precision is negative or not a finite number.

    >>> neighbour_affinities([1, 4, 9, 16], precision=0.385715661).round(6)
    array([0.733595, 0.230629, 0.033523, 0.002253])
    """
    check_labels(axis=0, squared_distances=squared_distances, precision=precision)
    distances, precision = _distances(squared_distances), bounded("precision", precision, lowest=0)
    if precision.ndim and precision.shape != distances.shape[:-1]:
        raise ValueError(f"precision has shape {precision.shape}: give one number, or one for each row of distances.")
    return _affinities(distances - distances.min(axis=-1, keepdims=True), precision)


def _affinities(excess, precision):
    weights = np.exp(-precision[..., np.newaxis] * excess)
    return weights / weights.sum(axis=-1, keepdims=True)


def calibrate(squared_distances, perplexity):
    """The precision β = 1 / (2 sd²) at which the neighbour affinities of a point have the given perplexity e^H.

    Parameters
    ----------
    squared_distances : array_like, shape (..., K)
        From one point, or from each of several, to K others.
    perplexity : float
        Above 1, or above the number of neighbours that share the smallest distance, and below K.

    Returns
    -------
    float, or ndarray of shape (...)

    Raises
    ------
    ValueError, TypeError
        If no precision gives that perplexity; the message names the remedy.

    Notes
    -----
    H falls as β grows. Bisection of log β, 60 times: as exact as a float.

    >>> round(calibrate([1, 4, 9, 16], perplexity=2), 9)
    0.385715661
    """
    distances = _distances(squared_distances, fewest=2)
    distances = distances - distances.min(axis=-1, keepdims=True)
    _check_perplexity(perplexity, nearest=(distances == 0).sum(axis=-1).max(), neighbours=distances.shape[-1])
    scale = distances.mean(axis=-1)
    # How narrow the Gaussian may have to be: one far outlier makes the mean distance much more than the next one's.
    next_one = np.min(distances, axis=-1, where=distances > 0, initial=np.inf)
    narrowest = np.clip(np.log(scale) - np.log(next_one) + 7, 40, 700)
    low, high = np.full(scale.shape, -40.0), narrowest.copy()
    for _ in range(60):
        middle = (low + high) / 2
        with np.errstate(over="ignore"):  # e^-∞ is 0
            p = _affinities(distances, np.exp(middle) / scale)
        too_wide = entr(p).sum(axis=-1) > math.log(perplexity)
        low, high = np.where(too_wide, middle, low), np.where(too_wide, high, middle)
    if (middle > narrowest - 0.1).any() or (middle < -39.9).any():
        raise ValueError(
            "squared_distances differ by a factor of more than 1e300, too much for a float: rescale them, or remove "
            "points that almost occur twice."
        )
    precision = np.exp(middle) / scale
    return precision if precision.ndim else float(precision)


def joint_affinities(x, perplexity):
    """P of all pairs of data points: p_ij = (p_j|i + p_i|j) / 2n, each point calibrated to the same perplexity.

    Parameters
    ----------
    x : array_like, shape (n, d)
        One point per row.
    perplexity : float
        Above 1 and below n - 1.

    Returns
    -------
    ndarray, shape (n, n)
        Symmetric, 0 on the diagonal, with sum 1.

    Raises
    ------
    ValueError, TypeError
        If these are not points, or no precision gives that perplexity; the message names the remedy.

    >>> joint_affinities([[0], [1], [3], [4]], perplexity=2).round(3)
    array([[0.   , 0.185, 0.028, 0.014],
           [0.185, 0.   , 0.059, 0.028],
           [0.028, 0.059, 0.   , 0.185],
           [0.014, 0.028, 0.185, 0.   ]])
    """
    x = _points("x", x)
    others = ~np.eye(len(x), dtype=bool)
    squared_distances = cdist(x, x, "sqeuclidean")[others].reshape(len(x), -1)
    p = np.zeros(others.shape)
    p[others] = neighbour_affinities(squared_distances, calibrate(squared_distances, perplexity)).ravel()
    return (p + p.T) / (2 * len(x))


def map_affinities(y):
    """Q of all pairs of map points: q_ij ∝ 1 / (1 + d_ij²), the density of Student's t with one degree of freedom.

    Parameters
    ----------
    y : array_like, shape (n, d)

    Returns
    -------
    ndarray, shape (n, n)
        Symmetric, 0 on the diagonal, with sum 1.

    Raises
    ------
    ValueError, TypeError
        If these are not points; the message names the remedy.

    >>> map_affinities([[0], [1], [3]]).round(6)
    array([[0.    , 0.3125, 0.0625],
           [0.3125, 0.    , 0.125 ],
           [0.0625, 0.125 , 0.    ]])
    """
    y = _points("y", y)
    weights = 1 / (1 + cdist(y, y, "sqeuclidean"))
    np.fill_diagonal(weights, 0)
    return weights / weights.sum()


def kl_and_gradient(affinities, y, exaggeration=1.0):
    """KL(P‖Q) of the pair affinities of data and map, and its slopes along all coordinates of the map.

    Along the point y_i it is 4 Σ_j (p_ij - q_ij) (y_i - y_j) / (1 + d_ij²): each p_ij attracts, each q_ij repels.

    Parameters
    ----------
    affinities : array_like, shape (n, n)
        P, as from `joint_affinities`.
    y : array_like, shape (n, d)
        The map.
    exaggeration : float
        Multiplies the attraction, in the gradient only.

    Returns
    -------
    kl : float
        In nats.
    gradient : ndarray, shape (n, d)

    Raises
    ------
    ValueError, TypeError
        If P is not a distribution of pairs, or y has not one point for each of its rows.
    FloatingPointError
        If the exaggeration is so large that the gradient overflows.

    >>> y = [[0], [1], [3]]
    >>> kl, gradient = kl_and_gradient(map_affinities(y), y)
    >>> round(kl, 12), gradient.tolist()
    (0.0, [[0.0], [0.0], [0.0]])
    """
    affinities, y = _checked(affinities, y)
    check_number("exaggeration", exaggeration, above=0)
    with np.errstate(all="ignore"):
        kl, gradient = _kl_and_gradient(affinities, y, exaggeration, entr(affinities).sum())
    if not np.isfinite(gradient).all():
        raise FloatingPointError(f"The gradient overflows: lower the exaggeration (now {exaggeration:g}).")
    return kl, gradient


def pull_and_push(affinities, y, point, kernel="student"):
    """The two forces on one point of a map. Together they are minus the slope of KL(P‖Q) along it: they lower KL.

    The pull on y_i is 4 Σ_j p_ij s_ij (y_j - y_i), the push -4 Σ_j q_ij s_ij (y_j - y_i). With the kernel of t-SNE the
    spring s_ij is the weight of the pair, 1 / (1 + d_ij²); with the Gaussian one of SNE, exp(-d_ij²), it is 1.

    Parameters
    ----------
    affinities : array_like, shape (n, n)
        P, as from `joint_affinities`.
    y : array_like, shape (n, d)
        The map.
    point : int
        Which of the points, from 0 to n - 1.
    kernel : {"student", "gauss"}
        The weight of a pair in Q.

    Returns
    -------
    pull, push : ndarray, shape (d,)

    Raises
    ------
    ValueError, TypeError
        If P is not a distribution of pairs, y has not one point for each of its rows, or there is no such point or
        kernel.

    >>> p = joint_affinities([[0], [1], [3]], perplexity=1.5)
    >>> pull, push = pull_and_push(p, [[0], [1], [9]], point=2)
    >>> pull.round(4), push.round(4)
    (array([-0.1026]), array([0.0123]))
    """
    affinities, y = _checked(affinities, y)
    check_option("kernel", kernel, _KERNELS)
    check_whole_number("point", point, lowest=0)
    if point >= len(y):
        raise ValueError(f"point is {point}: y has {len(y)} points, the last of them is number {len(y) - 1}.")
    q = np.zeros(affinities.shape)
    q[np.triu_indices(len(y), 1)] = np.exp(_log_q_of_pairs(y, kernel))
    p, q = np.delete(affinities[point], point), np.delete((q + q.T)[point], point)
    shifts = np.delete(y, point, axis=0) - y[point]
    weights = np.exp(_KERNELS[kernel]((shifts**2).sum(axis=1)))
    springs = weights if kernel == "student" else np.ones(len(weights))
    return 4 * (springs * p) @ shifts, -4 * (springs * q) @ shifts


def kl_both_ways(affinities, y, kernel="student"):
    """KL(P‖Q) and KL(Q‖P) of the pair affinities of data and map, for one map or for several at once.

    Parameters
    ----------
    affinities : array_like, shape (n, n)
        P, as from `joint_affinities`, with no pair of affinity 0.
    y : array_like, shape (..., n, d)
        The maps.
    kernel : {"student", "gauss"}
        The weight of a pair in Q: 1 / (1 + d²), as in t-SNE, or exp(-d²), as in its forerunner SNE.

    Returns
    -------
    forward, reverse : ndarray, shape (...)
        In nats.

    Raises
    ------
    ValueError, TypeError
        If P is not a distribution of pairs, KL(Q‖P) is infinite, or y has not one point for each of its rows.

    >>> y = [[0], [1], [3]]
    >>> forward, reverse = kl_both_ways(joint_affinities(y, perplexity=1.5), y)
    >>> round(float(forward), 4), round(float(reverse), 4)
    (0.0191, 0.0185)
    """
    y = bounded("y", y, lowest=-1e49, highest=1e49)
    affinities, _ = _checked(affinities, y[(0,) * (y.ndim - 2)])
    check_option("kernel", kernel, _KERNELS)
    _check_no_pair_is_impossible(affinities)
    p = affinities[np.triu_indices(len(affinities), 1)]
    log_p, log_q = np.log(p), _log_q_of_pairs(y, kernel)
    # each pair stands in P and in Q twice
    return 2 * np.sum(p * (log_p - log_q), axis=-1), 2 * np.sum(np.exp(log_q) * (log_q - log_p), axis=-1)


_KERNELS = {"student": lambda squared: -np.log1p(squared), "gauss": lambda squared: -squared}  # log weights


def _log_q_of_pairs(y, kernel):
    """log q_ij for the pairs i < j of one map or several, row by row."""
    first, second = (np.take(y, ends, axis=-2) for ends in np.triu_indices(y.shape[-2], 1))
    log_weights = _KERNELS[kernel](((first - second) ** 2).sum(axis=-1))
    lift = np.minimum(log_weights.max(axis=-1, keepdims=True) + 700, 0)  # not 0 only where all weights would underflow
    return log_weights - lift - np.log(2 * np.exp(log_weights - lift).sum(axis=-1, keepdims=True))


def nearest(y):
    """The nearest other point of each point of a map.

    Parameters
    ----------
    y : array_like, shape (n, d)

    Returns
    -------
    ndarray of int, shape (n,)
        Which point it is; of several equally near ones any.

    Raises
    ------
    ValueError, TypeError
        If these are not points; the message names the remedy.

    >>> nearest([[0], [1], [3], [3.5]])
    array([1, 0, 3, 2])
    """
    y = _points("y", y)
    _, found = cKDTree(y).query(y, k=2)
    itself = found[:, 0] == np.arange(len(y))  # but for points that occur twice
    return np.where(itself, found[:, 1], found[:, 0])


def descend(affinities, y, learning_rate=None, exaggeration=4.0, exaggerated=60, kernel="student", direction="forward"):
    """Lower KL(P‖Q) by gradient descent with momentum. An iterator without end: it works as it is read.

    Parameters
    ----------
    affinities : array_like, shape (n, n)
        P, as from `joint_affinities`.
    y : array_like, shape (n, d)
        The map to start from: small, such as normal numbers of sd 0.01.
    learning_rate : float, optional
        Left out, n / 8.
    exaggeration : float
        Multiplies the attraction during the first `exaggerated` steps, so that neighbours find each other early.
    exaggerated : int
        The momentum is 0.5 for as many steps, then 0.9.
    kernel : {"student", "gauss"}
        The weight of a pair in Q: 1 / (1 + d²), as in t-SNE, or exp(-d²), as in its forerunner SNE.
    direction : {"forward", "reverse"}
        What is lowered after the exaggerated steps: KL(P‖Q), or KL(Q‖P).

    Yields
    ------
    kl : float
        KL(P‖Q) of the map, in nats, without exaggeration, whichever direction is lowered.
    y : ndarray, shape (n, d)
        The map: first the one given, then the one after each step.

    Raises
    ------
    ValueError, TypeError
        At once, for input that does not fit, or if KL(Q‖P) is infinite; the message names the remedy.
    FloatingPointError
        Later, if a step leaves the finite numbers: the learning_rate or the exaggeration is too large.

    >>> from itertools import islice
    >>> data = np.random.default_rng(0).normal(size=(30, 5))
    >>> start = np.random.default_rng(1).normal(0, 0.01, size=(30, 2))
    >>> kls = [kl for kl, y in islice(descend(joint_affinities(data, 5), start), 300)]
    >>> kls[-1] < kls[0] / 2
    True
    """
    affinities, y = _checked(affinities, y)
    learning_rate = len(y) / 8 if learning_rate is None else learning_rate
    check_number("learning_rate", learning_rate, above=0)
    check_number("exaggeration", exaggeration, above=0)
    check_whole_number("exaggerated", exaggerated, lowest=0)
    check_option("kernel", kernel, _KERNELS)
    check_option("direction", direction, ("forward", "reverse"))
    if direction == "reverse":
        _check_no_pair_is_impossible(affinities)
    return _steps(affinities, y, learning_rate, exaggeration, exaggerated, kernel, direction)


def _steps(affinities, y, learning_rate, exaggeration, exaggerated, kernel, direction):
    velocity, entropy = np.zeros_like(y), entr(affinities).sum()
    for step in itertools.count():
        early = step < exaggerated
        with np.errstate(all="ignore"):
            now = "forward" if early else direction
            kl, gradient = _kl_and_gradient(affinities, y, exaggeration if early else 1, entropy, kernel, now)
            velocity = (0.5 if early else 0.9) * velocity - learning_rate * gradient
        if not (math.isfinite(kl) and np.isfinite(gradient).all()):
            raise FloatingPointError(
                f"Step {step} leaves the finite numbers: lower the learning_rate (now {learning_rate:g})"
                f"{f' or the exaggeration (now {exaggeration:g})' if exaggerated else ''}."
            )
        yield kl, y
        with np.errstate(all="ignore"):
            y = y + velocity


def _kl_and_gradient(affinities, y, exaggeration, entropy, kernel="student", direction="forward"):
    """KL(P‖Q), and the slopes of the KL of that direction."""
    squared_distances = cdist(y, y, "sqeuclidean")
    if kernel == "student":
        costs, weights = np.log(1 + squared_distances), 1 / (1 + squared_distances)
    else:
        costs, weights = squared_distances, np.exp(-squared_distances)
    np.fill_diagonal(weights, 0)
    total = weights.sum()
    q, springs = weights / total, weights if kernel == "student" else 1.0
    # -Σ p log q with q = weights / total
    cross_entropy = np.sum(affinities * costs) + np.log(total)
    if direction == "forward":
        forces = (exaggeration * affinities - q) * springs
    else:
        log_ratios = -costs - np.log(total) - np.log(affinities + np.eye(len(y)))  # on the diagonal, q is 0
        forces = q * springs * (np.sum(q * log_ratios) - log_ratios)
    gradient = 4 * (forces.sum(axis=1)[:, np.newaxis] * y - forces @ y)
    return max(float(cross_entropy - entropy), 0.0), gradient


# --- the input rules --------------------------------------------------------------------------------------------------


def _distances(value, fewest=1):
    array = bounded("squared_distances", value, lowest=0)
    if array.ndim == 0 or array.shape[-1] < fewest or not array.size:
        raise ValueError(f"squared_distances must hold the distances to {fewest} or more neighbours.")
    return array


def _points(name, value):
    array = bounded(name, value, lowest=-1e49, highest=1e49)
    if array.ndim != 2 or len(array) < 3:
        raise ValueError(f"{name} has shape {array.shape}: give three points or more, one a row. Reshape images so.")
    return array


def _check_perplexity(perplexity, nearest, neighbours):
    if not isinstance(perplexity, Real):
        raise TypeError(f"perplexity is {shown(perplexity)}: give one number, such as 20.")
    if nearest == neighbours:
        raise ValueError(
            f"All {neighbours} neighbours are equally near: their perplexity is {neighbours} for every precision."
        )
    if not nearest < perplexity < neighbours:
        wrong = f"perplexity is {shown(perplexity)}: it must be above {nearest}, the number of nearest neighbours"
        remedy = "give a smaller one, or more points" if perplexity >= neighbours else "give a larger one"
        if perplexity < neighbours and nearest > 1:
            remedy += ", or remove points that occur twice, if that is why"
        raise ValueError(f"{wrong}, and below {neighbours}, the number of all: {remedy}.")


def _checked(affinities, y):
    check_labels(axis=0, affinities=affinities, y=y)
    affinities, y = bounded("affinities", affinities, lowest=0), _points("y", y)
    if affinities.shape != (len(y), len(y)):
        raise ValueError(f"affinities has shape {affinities.shape}, and y {len(y)} points: give one row for each.")
    symmetric = np.allclose(affinities, affinities.T, rtol=1e-8, atol=0)  # a single pair holds little: no atol
    if abs(affinities.sum() - 1) > 1e-8 or np.diag(affinities).any() or not symmetric:
        raise ValueError("affinities must be symmetric, 0 on the diagonal, with sum 1, as joint_affinities makes them.")
    return affinities, y


def _check_no_pair_is_impossible(affinities):
    if not (affinities > 0)[~np.eye(len(affinities), dtype=bool)].all():
        raise ValueError("affinities are 0 for some pairs, so KL(Q‖P) is infinite: use kl_and_gradient for KL(P‖Q).")
