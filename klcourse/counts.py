"""Laws of counts: Poisson, the rounded normal and the one that fits best, and the KL that few data feign. In nats."""

import math

import numpy as np
from scipy.optimize import minimize
from scipy.special import erfcx, gammaln, log_ndtr, xlogy

from klcourse.checks import (
    bounded,
    check_counting_index,
    check_labels,
    check_number,
    check_sd,
    check_shapes,
    check_whole_number,
    finite,
    numbers,
    probabilities,
    vector,
)

__all__ = [
    "fit_rounded_normal",
    "kl_and_mean_nll",
    "kls_of_samples",
    "log_poisson",
    "log_rounded_normal",
    "mean_kl_of_samples",
    "poisson_and_its_normal",
]


def log_poisson(k, rate):
    """The logarithm of the Poisson probability of a count: k log(rate) - rate - log k!.

    Parameters
    ----------
    k : array_like, any shape
        Counts: whole numbers from 0 on.
    rate : array_like
        λ, not negative; its shape broadcasts with that of k.

    Returns
    -------
    ndarray of the broadcast shape
        In nats; -inf for a count above 0 where the rate is 0.

    Raises
    ------
    ValueError, TypeError
        If k are no counts, or a rate is negative or no finite number.

    >>> log_poisson([0, 1, 5], 2.0).round(4)
    array([-2.    , -1.3069, -3.3218])
    """
    check_labels(k=k, rate=rate)
    k, rate = _counts("k", k), bounded("rate", rate, lowest=0)
    check_shapes(k=k, rate=rate)
    return xlogy(k, rate) - rate - gammaln(k + 1)


def log_rounded_normal(k, mean, sd):
    """The logarithm of the probability that N(mean, sd), rounded, is k; what would round to less than 0 counts as 0.

    Parameters
    ----------
    k : array_like, any shape
        Counts: whole numbers from 0 on.
    mean, sd : array_like
        Mean and standard deviation of the normal before rounding; their shapes broadcast with that of k.

    Returns
    -------
    ndarray of the broadcast shape
        In nats, with full relative precision in both tails.

    Raises
    ------
    ValueError, TypeError
        If k are no counts, sd is not above 0, or an entry is no finite number.

    >>> log_rounded_normal([0, 1, 40], 1.0, 1.0).round(4)
    array([  -1.1759,   -0.9599, -745.6953])
    """
    check_labels(k=k, mean=mean, sd=sd)
    k, mean, sd = _counts("k", k), finite("mean", mean), finite("sd", sd)
    check_sd("sd", sd)
    check_shapes(k=k, mean=mean, sd=sd)
    return _log_rounded_normal(k, mean, sd)


def _log_rounded_normal(k, mean, sd):
    with np.errstate(all="ignore"):  # too large for a float is ∞ here, and what is not chosen below may be NaN
        low, high = np.where(k == 0, -np.inf, (k - 0.5 - mean) / sd), (k + 0.5 - mean) / sd
        upper = low > 0  # there 1 - Φ keeps the digits that Φ loses
        low, high = np.where(upper, -high, low), np.where(upper, -low, high)
        drop = log_ndtr(low) - log_ndtr(high)
        # Where the two are next to equal, their difference is the width times the slope of log Φ half-way.
        width, middle = 1 / sd, -np.abs(k - mean) / sd
        narrow = (k > 0) & ((width < 1e-5) | (middle < -1e8))
        slope = math.sqrt(2 / math.pi) / erfcx(-middle / math.sqrt(2))
        share = np.where(narrow, np.log(-np.expm1(-width * slope)), np.log1p(-np.exp(drop)))
    return log_ndtr(high) + np.where(k == 0, 0, share)


def fit_rounded_normal(often):
    """The rounded normal with the smallest KL from the data, which is the one of highest likelihood.

    Parameters
    ----------
    often : array_like, shape (K + 1,)
        How often each of the counts 0, 1, ..., K was seen, K being 1 or more.

    Returns
    -------
    mean, sd : float
        Of the normal before rounding. The sd is at least 0.1, and sd and size of the mean are at most 4 K: where all
        observations are 0, for example, the likelihood has no maximum.

    Raises
    ------
    ValueError, TypeError
        If there is no observation, or an entry is negative or no finite number.

    >>> mean, sd = fit_rounded_normal([1, 2, 3, 4, 2, 2, 1, 0, 1])
    >>> round(mean, 3), round(sd, 3)
    (3.218, 2.029)
    """
    check_counting_index("often", often)
    often = vector("often", often)
    if often.size < 2 or (often < 0).any() or not often.any():
        raise ValueError(f"often is {often}: say how often each of the counts 0, 1, ... was seen, as np.bincount does.")
    if often.max() > 1e300 / often.size:
        raise ValueError("often has a sum too large for floats: divide it, for only shares count.")
    k, here = np.arange(often.size), often > 0
    mean = often @ k / often.sum()
    sd = math.sqrt(often @ (k - mean) ** 2 / often.sum())

    def nll(parameters):
        mean, log_sd = parameters
        return -(often[here] @ _log_rounded_normal(k[here], mean, math.exp(log_sd))) / often.sum()

    top = k[-1]
    bounds = [(-4 * top, 4 * top), (math.log(0.1), math.log(4 * top))]
    # Gradient methods call BLAS, whose threads can hold up so small a problem for tens of milliseconds.
    options = {"xatol": 1e-6, "fatol": 1e-12, "maxfev": 2000, "maxiter": 2000}
    start = [mean, math.log(max(sd, 0.1))]
    for _ in range(2):  # the second search starts where the first has got stuck, if it has
        start = minimize(nll, start, method="Nelder-Mead", bounds=bounds, options=options).x
    return float(start[0]), math.exp(start[1])


def poisson_and_its_normal(rate):
    """Poisson(λ) beside the rounded normal of its mean λ and its variance λ, on every count that matters to either.

    Parameters
    ----------
    rate : float
        λ, above 0 and below 1e8.

    Returns
    -------
    k : ndarray of int, shape (n,)
        All counts within 12 sds of λ, and a few more above: beyond lies less than 1e-12 of either law.
    log_p, log_q : ndarray, shape (n,)
        The logarithms of the probabilities of Poisson and normal.

    Raises
    ------
    ValueError, TypeError
        If λ lies outside.

    >>> k, log_p, log_q = poisson_and_its_normal(10)
    >>> k.size, round(float(np.exp(log_p) @ (log_p - log_q)), 6)
    (56, 0.00882)
    """
    check_number("rate", rate, above=0, below=1e8)
    sd = math.sqrt(rate)
    k = np.arange(max(0, math.floor(rate - 12 * sd)), math.ceil(rate + 12 * sd) + 8)
    return k, log_poisson(k, rate), log_rounded_normal(k, rate, sd)


def kl_and_mean_nll(p, log_q):
    """KL(p‖q) = Σ p (log p - log q) and -Σ p log q, the mean negative log-likelihood of data with the shares p.

    Parameters
    ----------
    p : array_like, shape (K,)
        Probabilities, summing to 1: the shares of the counts 0, 1, ... in the data.
    log_q : array_like, shape (K,)
        The logarithms of the model's probabilities, which may be too small for a float: not above 0, and -inf for 0.

    Returns
    -------
    kl, mean_nll : float
        In nats. They differ by the entropy of p.

    Raises
    ------
    ValueError, TypeError
        If p is no distribution, log_q holds not one logarithm for each of its entries, or those of more than 1 in all.

    >>> kl, nll = kl_and_mean_nll([0.25, 0.5, 0.25], log_poisson([0, 1, 2], 1.0))
    >>> round(kl, 6), round(nll, 6)
    (0.133566, 1.173287)
    """
    p, log_q = probabilities("p", p), numbers("log_q", log_q)
    if p.ndim != 1 or p.shape != log_q.shape:
        raise ValueError(f"p and log_q have the shapes {p.shape} and {log_q.shape}: give two lists of one length.")
    if not (log_q <= 1e-12).all():
        raise ValueError(f"log_q is {log_q}: logarithms of probabilities are not above 0. Did you pass q itself?")
    if (total := np.exp(log_q).sum()) > 1 + 1e-8:
        raise ValueError(f"log_q belongs to probabilities whose sum is {total:.6g}: subtract the log of the sum.")
    p, log_q = p[p > 0], log_q[p > 0]  # what never happens costs nothing
    return float(max(p @ (np.log(p) - log_q), 0.0)), float(abs(p @ log_q))  # a KL below 0 is rounding dust


def kls_of_samples(n, p, samples, seed):
    """KL(p̂‖p) of random samples of size n from p, where p̂ are a sample's shares.

    Parameters
    ----------
    n, samples : int
        Observations in a sample, and how many samples: 1 or more.
    p : array_like, shape (K,)
        Probabilities above 0, summing to 1.
    seed : int
        The same seed gives the same samples.

    Returns
    -------
    ndarray, shape (samples,)
        In nats. Their mean is near `mean_kl_of_samples`, and 2n times their law near χ² with K - 1 degrees of freedom.

    Raises
    ------
    ValueError, TypeError
        If p is no such distribution, or n, samples or seed no such number.

    >>> kls = kls_of_samples(60, [1 / 6] * 6, samples=2000, seed=1)
    >>> kls.shape, round(float(kls.mean()), 4)
    ((2000,), 0.0427)
    """
    check_whole_number("n", n, lowest=1)
    check_whole_number("samples", samples, lowest=1)
    check_whole_number("seed", seed, lowest=0)
    p = probabilities("p", p)
    if p.ndim != 1 or not (p > 0).all():
        raise ValueError(f"p is {p}: give one distribution as a list, without what never happens.")
    shares = np.random.default_rng(seed).multinomial(n, p, size=samples) / n
    return xlogy(shares, shares / p).sum(axis=1)


_MOST_SAMPLES = 100_000


def mean_kl_of_samples(n, p):
    """The mean of KL(p̂‖p) over all samples of size n from p, where p̂ are a sample's shares: each count is binomial.

    Parameters
    ----------
    n : int
        Observations in a sample: 1 or more.
    p : array_like, shape (K,)
        Probabilities, summing to 1.

    Returns
    -------
    float
        In nats: above 0, and close to (K - 1) / 2n where n is large.

    Raises
    ------
    ValueError, TypeError
        If p is no distribution, or n no whole number from 1 to 100,000.

    Source: Miller, "Note on the bias of information estimates" (1955), for (K - 1) / 2n.

    >>> round(mean_kl_of_samples(60, [1 / 6] * 6), 6)
    0.042564
    """
    check_whole_number("n", n, lowest=1)
    p = probabilities("p", p)
    if p.ndim != 1:
        raise ValueError(f"p has shape {p.shape}: give one distribution as a list.")
    if n > _MOST_SAMPLES:
        raise ValueError(f"n is {n}: give {_MOST_SAMPLES} at most, or use (K - 1) / 2n, which is as good for so many.")
    k = np.arange(n + 1)
    log_ways = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    total = 0.0
    chances, often = np.unique(p[p > 0], return_counts=True)  # what never happens is never counted
    for chance, times in zip(chances, often, strict=True):
        binomial = np.exp(log_ways + xlogy(k, chance) + xlogy(n - k, 1 - chance))
        total += times * np.sum(binomial * xlogy(k / n, k / n / chance))
    return float(total)


# --- the input rules --------------------------------------------------------------------------------------------------


def _counts(name, value):
    array = finite(name, value)
    if not ((array >= 0) & (array <= 1e15) & (array == np.floor(array))).all():
        raise ValueError(f"{name} is {array}: counts are whole numbers, from 0 to 1e15.")
    return array
