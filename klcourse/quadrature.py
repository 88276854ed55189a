"""KL of any two densities on a line, by quadrature in log space.

What is added up is e^y - 1 - y with y = log(q/p): its mean under p is KL(p‖q) too, because p and q both integrate to 1,
but it is never negative, so nothing cancels where p and q are close.
"""

import math
from numbers import Real

import numpy as np
from numpy.polynomial import legendre
from scipy.special import roots_jacobi

from klcourse.checks import finite, numbers, shown

__all__ = ["exp_above_tangent", "kl_quad"]


def kl_quad(log_p, log_q, *, lower=-math.inf, upper=math.inf, points=()):
    """KL(p‖q) = ∫ p log(p / q) dx of two densities on a line, by quadrature in log space.

    Parameters
    ----------
    log_p, log_q : callable
        The logarithms of the two densities: each takes a 1-d array of points strictly between `lower` and `upper` and
        returns an array of the same shape, -inf where the density is 0.
    lower, upper : float
        The range of integration. It must hold all of p's mass; q may lie partly outside.
    points : array_like, shape (n,)
        Places between `lower` and `upper` to look at closely, 200 at most: known jumps, gaps and narrow peaks, which
        the search may miss. Panels are laid around them as around a peak.

    Returns
    -------
    float
        In nats, never negative. inf where q = 0 < p on an interval (a p below the smallest float counts as 0) and where
        the integral diverges, as for a Cauchy p and a Gaussian q, or comes so close to it that floats cannot tell.

    Raises
    ------
    ValueError
        If p does not integrate to 1 between `lower` and `upper`, to 8 digits, or q integrates to more (on the whole
        line also to less), a log density is NaN or has the wrong shape, `lower` is not below `upper`, or one of
        `points` does not lie between them.
    TypeError
        If log_p or log_q is no function of arrays, or a limit no number.
    ArithmeticError
        If the accuracy would be poor, an error above 1e-9 of the result and 1e-14 nats: a tail that falls too slowly,
        densities narrower than floats can resolve, noise (float32 is enough), or more than 200 peaks of one density.

    Notes
    -----
    Textbook densities come out to about 13 digits, or 10 where one is singular at an end other than 0. Of two that are
    almost equal, the rounding of log p - log q leaves a relative error of about 1e-16 / sqrt(KL). Only log densities
    are evaluated, so that nothing is lost where p or q is too small for a float. A search for the peaks of p and q
    places the panels: their lengths double away from every peak and finite end, and any panel on which the rule
    disagrees with its two halves is halved.

    What no quadrature can see is what lies between the points it tries. Those of the search are 1.6 % of their distance
    from 0 and from a finite end apart where that distance is between 0.001 and 1000, and farther beyond; panels are no
    finer than 2 % of their distance from the nearest peak. A narrower peak, or gap of q, may fall between. Where more
    than 1e-8 of p's mass is missing then, or of q's on the whole line, or q's is above 1 for a gap, a search 100 times
    as fine follows, and an error if it finds nothing. What nothing tells of stays unseen: a peak of less mass, and a
    gap in a q that without it integrates to 1, or to less between finite limits. Give their places as `points`.

    Source: Davis & Rabinowitz, "Methods of Numerical Integration", 2nd ed. (1984), chapter 6 (automatic integration).

    >>> def log_normal(mean, sd):
    ...     return lambda x: -((x - mean) ** 2) / (2 * sd**2) - np.log(sd * np.sqrt(2 * np.pi))
    >>> round(kl_quad(log_normal(5, 4), log_normal(0, 2)), 12)  # kl_gaussian(5, 4, 0, 2)
    3.93185281944
    >>> def log_cauchy(x):
    ...     return -np.log(np.pi) - np.log1p(x**2)
    >>> kl_quad(log_cauchy, log_normal(0, 1)), round(kl_quad(log_normal(0, 1), log_cauchy), 6)
    (inf, 0.259245)
    """
    log_p, log_q = _log_density("log_p", log_p), _log_density("log_q", log_q)
    lower, upper = _limits(lower, upper)
    points = _points(points, lower, upper)
    whole_line = (lower, upper) == (-math.inf, math.inf)
    with np.errstate(all="ignore"):  # overflow and log 0 are limits here, not accidents
        for resolution in (4_000, 400_000):  # the finer search for peaks only if the first has missed some mass
            (p_mass, q_mass, kl), error = _integrals(log_p, log_q, lower, upper, points, resolution)
            if _fits(p_mass, error[0], all_needed=True) and _fits(q_mass, error[1], all_needed=whole_line):
                break
    _check_mass("p", p_mass, error[0], lower, upper, all_needed=True)
    _check_mass("q", q_mass, error[1], lower, upper, all_needed=whole_line)
    if not whole_line and 1 - q_mass > 1e-12:
        kl += 1 - q_mass  # the part of the integral of -p + q that lies outside
    kl = max(float(kl), 0.0)  # in a tail two equal densities may differ by a rounding error
    _check_accuracy(kl, error[2])
    return kl


_SERIES = [1 / math.factorial(k) for k in range(18, 1, -1)]


def exp_above_tangent(y):
    """e^y - 1 - y, with full relative precision near 0 too, where it is y²/2 + y³/6 + ...

    With y = log(q/p), its mean under p is KL(p‖q), and no part of it is negative.

    Parameters
    ----------
    y : array_like, any shape

    Returns
    -------
    ndarray of the shape of y

    >>> exp_above_tangent(np.array([1e-9, 0.0, 1.0]))
    array([5.00000000e-19, 0.00000000e+00, 7.18281828e-01])
    """
    y = numbers("y", y).astype(float)
    near = np.abs(y) < 0.5
    small = np.where(near, y, 0.0)
    with np.errstate(over="ignore"):  # above 709 it is inf
        return np.where(near, small * small * np.polyval(_SERIES, small), np.expm1(y) - np.where(y == np.inf, 0, y))


# --- quadrature in log space ------------------------------------------------------------------------------------------

_FAR = 2.0**511  # the largest power of 2 whose square is a float
_DOUBLINGS = 2.0 ** np.arange(-1000, 512)

# Gauss-Lobatto nodes cut to 8 binary digits: the points of narrow panels far from 0 are then floats without rounding.
# The outermost stay just inside, for a density may be singular on an edge, but no jump can hide beyond them.
# The others are the roots of P₂₀′, a Jacobi polynomial; since NumPy 2.5, Legendre.roots() returns complex numbers.
_INNER = np.round(roots_jacobi(19, 1, 1)[0] * 2**8) / 2**8
_NODES = np.array([2**-30 - 1, *_INNER, 1 - 2**-30])
_WEIGHTS = np.linalg.solve(legendre.legvander(_NODES, 20).T, [2] + [0] * 20)


def _integrands(log_p, log_q, x):
    """p, q and p log(p/q) - p + q at the points x."""
    log_p, log_q = log_p(x), log_q(x)
    nothing_left = _is_nothing(log_p, x)
    p, q, y = np.exp(log_p), np.exp(log_q), log_q - log_p
    p_times_y = np.sign(y) * np.exp(log_p + np.log(np.abs(y)))  # the product may be a float where p is too small
    p_times_y = np.where(nothing_left & ~np.isfinite(y), 0, p_times_y)
    return np.stack([p, q, np.where(np.abs(y) < 0.5, p * exp_above_tangent(y), q - p - p_times_y)])


def _integrals(log_p, log_q, lower, upper, places, resolution):
    """The integrals of p, q and p log(p/q) - p + q, and bounds of their errors."""
    ends = [end for end in (lower, upper) if math.isfinite(end)]
    first, last = max(lower + _reach(lower), -_FAR), min(upper - _reach(upper), _FAR)
    points = _around([0.0, *ends], _search_distances(resolution), first, last)
    peaks = [*_peaks("log_p", log_p, points), *_peaks("log_q", log_q, points), *places]
    edges = _without_overflow(log_p, log_q, _around([*peaks, *ends] or [0.0], _DOUBLINGS, first, last))
    if len(edges) < 2:
        return np.zeros((2, 3))
    middle = _panels(log_p, log_q, _where_it_matters(log_p, log_q, edges))
    return np.sum([middle, _tail(log_p, log_q, edges[0], lower), _tail(log_p, log_q, edges[-1], upper)], axis=0)


def _reach(end):
    """How close to a finite end panels go: 2**10 floats, so that the points are still floats without rounding."""
    return max(2.0**10 * math.ulp(end), _DOUBLINGS[0]) if math.isfinite(end) else 0.0


def _search_distances(resolution):
    """Distances from 2**-511 to 2**511, densest around 1, where scales are mostly found."""
    return 2.0 ** (10 * np.sinh(np.linspace(-1, 1, resolution) * math.asinh(51.1)))


def _around(centres, distances, first, last):
    """Points from first to last, at the given distances on both sides of each centre as far as the next centre."""
    centres = np.unique(centres)
    room = np.diff(centres)
    above = (centres[:, None] + distances)[distances < np.append(room, np.inf)[:, None]]
    below = (centres[:, None] - distances)[distances < np.insert(room, 0, np.inf)[:, None]]
    points = np.unique(np.concatenate([[first, last], centres, above, below]))
    return points[(first <= points) & (points <= last)]


_MOST_PEAKS = 200  # each takes about 100 panels; noise makes thousands


def _peaks(name, function, x):
    """The places of the local maxima, and the middles of gaps. In log space a slope leads to a maximum from afar."""
    y = np.round(function(x), 6)  # so that rounding errors make no peaks
    steps = np.flatnonzero(y[1:] != y[:-1])
    top = np.flatnonzero((y[steps[:-1]] < y[steps[:-1] + 1]) & (y[steps[1:]] > y[steps[1:] + 1]))
    gaps = np.flatnonzero(y[steps[:-1] + 1] == -np.inf)
    if len(top) + len(gaps) > _MOST_PEAKS:
        raise ArithmeticError(
            f"{name} goes up and down {len(top)} times at {len(x)} points, too often for quadrature: is it noisy, or "
            "computed in float32? If it oscillates, integrate a few periods at a time, or use a closed form."
        )
    middles = x[steps[gaps] + 1] + (x[steps[gaps + 1]] - x[steps[gaps] + 1]) / 2
    left, right = x[steps[top]], x[steps[top + 1] + 1]
    for _ in range(18):  # each time to an eighth of the width: down to neighbouring floats
        x = left + (right - left) * np.linspace(0, 1, 17)[:, None]
        best = np.clip(np.argmax(function(x), axis=0), 1, 15)
        left, right = (np.take_along_axis(x, best[None] + side, axis=0)[0] for side in (-1, 1))
    return np.append(middles, left + (right - left) / 2)


def _is_nothing(log_p, x):
    """Whether p is so small that a log q of -inf means no more than that x² or q was too large or small for a float."""
    return np.exp(log_p - 2 * np.log(np.maximum(np.abs(x), 1))) == 0


def _without_overflow(log_p, log_q, x):
    """The points without those where log q has overflowed far from p's mass."""
    log_p, log_q = log_p(x), log_q(x)
    return x[(log_q > -np.inf) | (log_p == -np.inf) | ~_is_nothing(log_p, x)]


def _where_it_matters(log_p, log_q, edges):
    """The edges of the panels that hold more than e^-50 of what the largest one holds."""
    log_p, log_q = log_p(edges), log_q(edges)
    log_kl = np.where(log_p == -np.inf, -np.inf, log_p + np.log(np.abs(log_p - log_q)))
    keep = np.zeros(len(edges), dtype=bool)
    for height in (log_p, log_q, log_kl):
        height = np.where(height == np.inf, -np.inf, height)
        content = np.log(np.diff(edges)) + np.maximum(height[1:], height[:-1])
        matters = content > content.max() - 50
        keep[:-1] |= matters
        keep[1:] |= matters
    return edges[keep]


_MOST_PANELS = 30_000  # halved; what is not settled then will not be
_AT_ONCE = 4_000  # panels, to bound the memory


def _panels(log_p, log_q, edges):
    """The integrals between the first and the last edge, and their errors.

    Panels are evaluated together; SciPy's adaptive integrators take them one by one and need 300 times as long.
    """

    def gauss(left, right):
        if len(left) > _AT_ONCE:
            parts = [slice(start, start + _AT_ONCE) for start in range(0, len(left), _AT_ONCE)]
            return np.concatenate([gauss(left[part], right[part]) for part in parts], axis=1)
        half = (right - left) / 2
        values = _integrands(log_p, log_q, left + half + half * _NODES[:, None])
        return np.where(half > 0, _WEIGHTS @ values * half, 0)

    left, right = edges[:-1], edges[1:]
    whole = gauss(left, right)
    total, error, halved = np.zeros(3), np.zeros(3), 0
    for _ in range(60):
        middle = left + (right - left) / 2
        halves = np.stack([gauss(left, middle), gauss(middle, right)])
        both = halves.sum(axis=0)
        difference = np.where(both == whole, 0, np.abs(both - whole))  # inf - inf is 0 here
        kl = total[2] + both[2].sum()
        tolerance = 1e-14 * np.array([1, 1, max(kl, math.sqrt(kl))])  # rounding goes with sqrt(kl) when that is small
        split = np.any(difference > tolerance[:, None], axis=0)
        total, error = total + both[:, ~split].sum(axis=1), error + difference[:, ~split].sum(axis=1)
        halved += split.sum()
        if not split.any() or halved > _MOST_PANELS:
            break
        left, right = np.append(left[split], middle[split]), np.append(middle[split], right[split])
        whole = np.concatenate(halves[:, :, split], axis=1)
    return total + both[:, split].sum(axis=1), error + difference[:, split].sum(axis=1)


def _tail(log_p, log_q, start, end):
    """The integrals and their errors from start to the end (of the line, or a point where a density may be singular).

    There p and q are continued as powers of the distance, and log(p/q) as linear in its logarithm, or as a power too.
    """
    doublings = np.array([1, 2, 4, 8])
    x = end + (start - end) * doublings if math.isfinite(end) else start / doublings
    log_distance = np.log(np.abs(x - end) if math.isfinite(end) else np.abs(x))
    log_p, log_q = log_p(x) + log_distance, log_q(x) + log_distance
    rounding, q_rounding = 2**-50 * (np.abs([log_p[0], log_q[0]]) + 2 * abs(log_distance[0]))
    p, decay, p_error = _power_tail(log_p, rounding)
    q, _, q_error = _power_tail(log_q, q_rounding)
    ratio = log_p - log_q
    growth, bend, drift = _derivatives(ratio)
    log_terms = log_p + np.log(np.abs(ratio))
    if log_p[0] == -math.inf or (p == 0 and not np.exp(log_terms[0]) > 0):
        return [p, q, q], [0, q_error, q_error]
    if ratio[0] == math.inf:
        return [p, q, math.inf], [p_error, q_error, 0]
    if abs(bend) > 1e-6 * (1 + abs(ratio[0])):  # faster than the logarithm
        kl, _, kl_error = _power_tail(log_terms, rounding)
        kl *= np.sign(ratio[0])
    else:
        kl = p * (ratio[0] + growth / decay)
        kl_error = p * (abs(bend) / decay**2 + (abs(drift) + rounding) / abs(decay)) + p_error * abs(ratio[0])
    return [p, q, kl - p + q], [p_error, q_error, kl_error + p_error + q_error]


def _power_tail(log_terms, rounding):
    """The integral over the logarithm of the distance, the power with which the terms decay, and an error.

    What decays by a power that may be no more than rounding does not end: its integral is inf. Where the power still
    rises with the distance, as in x^-1.001 log² x, nobody knows: the error is inf.
    """
    growth, bend, drift = _derivatives(log_terms)
    last = np.exp(log_terms[0])
    if last == 0:
        return 0, -growth, 0
    if growth >= -10 * rounding:
        undecided = bend < -100 * rounding and growth**2 < -100 * bend
        return (last, -growth, math.inf) if undecided else (math.inf, -growth, 0)
    return last / -growth, -growth, last / -growth * (abs(bend) / growth**2 + (abs(drift) + rounding) / -growth)


def _derivatives(values):
    """First and second derivative by the logarithm of the distance, at the end, and the drift of the first up to there.

    What is proportional to the distance cancels in twice a difference at the start less the same at double distance.
    """
    first = -np.diff(values) / math.log(2)
    second = -np.diff(first) / math.log(2)
    return 2 * first[0] - first[1], 2 * second[0] - second[1], first[0] - first[1]


# --- the input rules --------------------------------------------------------------------------------------------------


def _limits(lower, upper):
    for name, limit in (("lower", lower), ("upper", upper)):
        if not isinstance(limit, Real):
            raise TypeError(f"{name} is {shown(limit)}, not a number: use -np.inf and np.inf for the whole line.")
        try:
            float(limit)
        except OverflowError:  # a whole number or a fraction
            remedy = "use -np.inf and np.inf for the whole line."
            raise ValueError(f"{name} is too large for a float: {remedy}") from None
    lower, upper = float(lower), float(upper)  # float16 would not stand the arithmetic below
    if not lower < upper:
        raise ValueError(f"lower is {lower:g} and upper is {upper:g}: lower must be below upper. Swap them?")
    if upper - lower <= 16 * max(_reach(lower), _reach(upper)):
        raise ValueError(f"lower {lower} and upper {upper} have too few floats between them: shift x towards 0.")
    return (float(lower) if lower > -_FAR else -math.inf), (float(upper) if upper < _FAR else math.inf)


def _points(points, lower, upper):
    points = finite("points", points)
    if points.ndim != 1 or len(points) > _MOST_PEAKS or not ((lower < points) & (points < upper)).all():
        raise ValueError(
            f"points is {points}: give a list of places between lower and upper, {_MOST_PEAKS} at most, or none."
        )
    return points


_BLOCK = 2**16  # points at a time, to bound the memory that a log density takes


def _log_density(name, function):
    """The function with its output checked."""
    if not callable(function):
        raise TypeError(f"{name} is {function!r}, not a function: give one that returns log densities for points x.")

    def checked(points):
        try:
            values = numbers(f"{name}(x)", function(points.copy()))
        except (TypeError, ValueError) as error:
            raise TypeError(
                f"{name} does not work on an array of points ({error}). Write it with NumPy functions, "
                f"or wrap it: np.vectorize({name}, otypes=[float])."
            ) from error
        if values.shape != points.shape:
            raise ValueError(
                f"{name} returns shape {values.shape} for {points.size} points: one value for each point is needed. "
                f"Write it with NumPy functions, or wrap it: np.vectorize({name}, otypes=[float])."
            )
        if np.isnan(values).any():
            raise ValueError(
                f"{name} is NaN at x = {points[np.argmax(np.isnan(values))]}: return -inf where the density is 0, "
                "and set lower and upper to where it is defined."
            )
        return values.astype(float)

    def evaluate(x):
        points = x.ravel()
        starts = range(0, max(points.size, 1), _BLOCK)
        return np.concatenate([checked(points[start : start + _BLOCK]) for start in starts]).reshape(x.shape)

    return evaluate


def _fits(mass, error, *, all_needed):
    return abs(mass - 1) <= 1e-8 + 10 * error or (mass < 1 and not all_needed)


def _check_mass(name, mass, error, lower, upper, *, all_needed):
    if _fits(mass, error, all_needed=all_needed):
        return
    window = f"between {lower:g} and {upper:g}"
    if abs(mass - 1) < 1e-4:
        raise ValueError(
            f"{name} integrates to 1 {'+' if mass > 1 else '-'} {abs(mass - 1):.2g} {window}, and 8 digits are needed: "
            f"give the normaliser of log_{name} to more digits, or, if it is right, the place of a narrow peak or gap "
            "as one of the points."
        )
    if (lower, upper) == (-math.inf, math.inf):
        remedy = (
            f"Add the missing log normaliser, or give the place of a very narrow peak of {name} as one of the points."
        )
    else:
        remedy = f"Widen lower and upper to {name}'s whole support, or add the missing log normaliser."
    raise ValueError(f"{name} integrates to {mass:.6g} {window}: KL needs all of {name}'s mass. {remedy}")


def _check_accuracy(kl, error):
    if not error <= 1e-9 * kl + 1e-14:
        raise ArithmeticError(
            f"The integral is {kl:.6g} give or take {error:.1g}, which is not good enough: a tail falls too slowly, "
            "or a density is noisy, oscillates, or is too narrow for floats so far from 0. Shift or rescale x, "
            "or use a closed form."
        )
