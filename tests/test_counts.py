"""klcourse.counts against SciPy's laws, mpmath, enumeration and malformed input."""

import itertools
import math
import re

import mpmath
import numpy as np
import pytest
from scipy import stats

from klcourse.counts import (
    fit_rounded_normal,
    kl_and_mean_nll,
    kls_of_samples,
    log_poisson,
    log_rounded_normal,
    mean_kl_of_samples,
    poisson_and_its_normal,
)
from klcourse.divergence import kl_divergence

SEEN = [(0, 1, 1, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 8), (4, 4, 4, 5, 5, 6), (0, 0, 0, 1, 2, 5, 12)]


def log_q_by_cdf(counts, mean, sd):
    """Log-probabilities of a rounded normal by differences of SciPy's cdf."""
    low = np.where(np.asarray(counts) == 0, -np.inf, np.asarray(counts) - 0.5)
    return np.log(stats.norm.cdf(np.asarray(counts) + 0.5, mean, sd) - stats.norm.cdf(low, mean, sd))


@pytest.mark.parametrize("rate", [0.0, 0.05, 3.25, 400.0])
def test_poisson(rate):
    k = np.arange(500)
    assert log_poisson(k, rate) == pytest.approx(stats.poisson.logpmf(k, rate), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(("mean", "sd"), [(3.25, 1.98), (0, 0.5), (12, 0.5), (-2, 3)])
def test_rounded_normal(mean, sd):
    logs = log_rounded_normal(np.arange(60), mean, sd)
    assert np.exp(logs).sum() == pytest.approx(1, abs=1e-12)
    with mpmath.workdps(900):  # plain differences need them in the far tail
        for k in (0, 1, 5, 12, 30):
            low = mpmath.mpf(0) if k == 0 else mpmath.ncdf(k - 0.5, mean, sd)
            assert logs[k] == pytest.approx(float(mpmath.log(mpmath.ncdf(k + 0.5, mean, sd) - low)), rel=1e-10)


@pytest.mark.parametrize(("mean", "sd"), [(3.25, 1e6), (-7, 1e10), (3.25, 1e17), (0, 1e300), (3e9, 0.5), (-1e30, 1e3)])
def test_rounded_normal_so_wide_or_far_that_a_count_is_a_point(mean, sd):
    """Φ is the same float at both ends of a count: its difference would be 0, or have lost its digits."""
    with mpmath.workdps(50):
        for k in (1, 12, 10**9):
            # The density half-way times the width; far out it falls within the width like e^-slope.
            z = (mpmath.mpf(k) - mean) / sd
            slope = abs(z) / sd / 2
            fall = slope and (mpmath.log(mpmath.sinh(slope) / slope) if slope < 1e6 else slope - mpmath.log(2 * slope))
            expected = -z * z / 2 - mpmath.log(sd) - mpmath.log(2 * mpmath.pi) / 2 + fall
            assert log_rounded_normal(k, mean, sd) == pytest.approx(float(expected), rel=1e-9 if sd >= 1 else 1e-7)


def test_counts_that_floats_cannot_tell_apart_are_refused():
    with pytest.raises(ValueError, match=r"k is .*: counts are whole numbers, from 0 to 1e15"):
        log_rounded_normal(2e15, 0, 1)


def test_parameters_broadcast():
    table = log_rounded_normal([[0], [3]], [1, 2, 3], 1.5)
    assert table.tolist() == [[float(log_rounded_normal(k, mean, 1.5)) for mean in (1, 2, 3)] for k in (0, 3)]


@pytest.mark.parametrize("counts", SEEN)
def test_slopes_vanish_at_the_best_normal(counts):
    mean, sd = fit_rounded_normal(np.bincount(counts, minlength=13))
    for shift in np.array([(1e-4, 0), (0, 1e-4)]):
        ends = [log_q_by_cdf(counts, *(np.array([mean, sd]) + side * shift)).mean() for side in (1, -1)]
        assert (ends[0] - ends[1]) / 2e-4 == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("rate", [1e-3, 0.1, 1, 7.5, 250, 1e4])
def test_poisson_and_its_normal_on_all_counts_that_matter(rate):
    k, log_p, log_q = poisson_and_its_normal(rate)
    assert (np.diff(k) == 1).all()
    assert (np.exp(log_p).sum(), np.exp(log_q).sum()) == pytest.approx((1, 1), abs=1e-10)
    assert log_p == pytest.approx(stats.poisson.logpmf(k, rate), rel=1e-9)
    near = np.abs(k - rate) < 5 * math.sqrt(rate)  # further off, a difference of two cdfs has no digits left
    assert log_q[near] == pytest.approx(log_q_by_cdf(k[near], rate, math.sqrt(rate)), rel=1e-8)


@pytest.mark.parametrize("counts", [*SEEN, (3,)])
def test_kl_and_mean_nll_of_data(counts):
    p, log_model = np.bincount(counts, minlength=13) / len(counts), log_poisson(np.arange(13), 2.5)
    kl, nll = kl_and_mean_nll(p, log_model)
    assert nll == pytest.approx(-stats.poisson.logpmf(counts, 2.5).mean(), rel=1e-12)
    assert kl == pytest.approx(nll - stats.entropy(p), rel=1e-12)
    rest = 1 - np.exp(log_model).sum()
    assert kl == pytest.approx(kl_divergence([*p, 0], [*np.exp(log_model), rest]), rel=1e-9)


def test_kl_and_mean_nll_where_floats_end():
    assert kl_and_mean_nll([1, 0], [-2000, 0]) == (2000, 2000)
    assert kl_and_mean_nll([1, 0], [0, -math.inf]) == (0, 0)
    assert kl_and_mean_nll([0.5, 0.5], [0, -math.inf]) == (math.inf, math.inf)


@pytest.mark.parametrize(("n", "p"), [(60, [1 / 6] * 6), (10, [0.1, 0.2, 0.3, 0.4]), (1, [0.5, 0.5])])
def test_kls_of_samples(n, p):
    kls = kls_of_samples(n, p, samples=2000, seed=5)
    samples = np.random.default_rng(5).multinomial(n, p, size=2000)
    assert kls[:50] == pytest.approx([kl_divergence(sample / n, p) for sample in samples[:50]], abs=1e-12)
    assert kls.mean() == pytest.approx(mean_kl_of_samples(n, p), abs=5 * kls.std() / math.sqrt(2000) + 1e-12)
    assert not np.array_equal(kls, kls_of_samples(n, p, samples=2000, seed=6)) or n == 1


@pytest.mark.parametrize(("n", "exact"), [(10, 0.297238634), (60, 0.042563718)])
def test_reference_values_of_the_bias(n, exact):
    assert mean_kl_of_samples(n, np.full(6, 1 / 6)) == pytest.approx(exact, abs=1e-9)


@pytest.mark.parametrize("p", [[0.2, 0.3, 0.5], [1 / 3] * 3, [0.4, 0.6], [0.1, 0.2, 0.3, 0.4], [0, 0.5, 0.5], [1]])
@pytest.mark.parametrize("n", [1, 4, 7])
def test_mean_kl_by_enumeration(n, p):
    mean = 0
    for counts in itertools.product(range(n + 1), repeat=len(p)):
        if sum(counts) == n and not any(count and not chance for count, chance in zip(counts, p, strict=True)):
            mean += stats.multinomial.pmf(counts, n, p) * kl_divergence(np.array(counts) / n, p)
    assert mean_kl_of_samples(n, p) == pytest.approx(mean, rel=1e-9, abs=1e-15)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: log_poisson([0.5], 1), ValueError, "k is [0.5]: counts are whole numbers, from 0 to 1e15."),
        (lambda: log_poisson(3, -1), ValueError, "rate must hold finite numbers that are not negative"),
        (lambda: log_poisson("three", 1), TypeError, "k holds str"),
        (lambda: log_rounded_normal(-1, 0, 1), ValueError, "k is -1.0: counts are whole numbers"),
        (lambda: log_rounded_normal(1, 0, 0), ValueError, "sd is 0.0: a standard deviation must be above 0"),
        (lambda: log_rounded_normal(1, math.nan, 1), ValueError, "mean is nan: every entry must be a finite number"),
        (lambda: log_poisson([1, 2], [1, 2, 3]), ValueError, "These shapes do not broadcast: k (2,), rate (3,)"),
        (lambda: log_rounded_normal([1, 2], [1, 2, 3], 1), ValueError, "k (2,), mean (3,), sd ()"),
        (lambda: fit_rounded_normal([0, 0]), ValueError, "say how often each of the counts 0, 1, ... was seen"),
        (lambda: fit_rounded_normal([3]), ValueError, "say how often each of the counts"),
        (lambda: fit_rounded_normal([3, -1]), ValueError, "say how often each of the counts"),
        (lambda: poisson_and_its_normal(0), ValueError, "rate is 0: it must be finite and above 0"),
        (lambda: poisson_and_its_normal([1, 2]), TypeError, "rate is [1, 2]: give one number"),
        (lambda: kl_and_mean_nll([0.5, 0.6], [-1, -1]), ValueError, "p sums to 1.1"),
        (lambda: kl_and_mean_nll([1], [-1, -1]), ValueError, "p and log_q have the shapes (1,) and (2,)"),
        (lambda: kl_and_mean_nll([1, 0], [0.2, 0.8]), ValueError, "Did you pass q itself?"),
        (lambda: kl_and_mean_nll([1, 0], [-1, math.nan]), ValueError, "logarithms of probabilities are not above 0"),
        (lambda: kl_and_mean_nll([0.5, 0.5], [0, 0]), ValueError, "log_q belongs to probabilities whose sum is 2"),
        (lambda: kls_of_samples(0, [1], 1, 0), ValueError, "n is 0: give 1 or more"),
        (lambda: kls_of_samples(5, [1], 0, 0), ValueError, "samples is 0: give 1 or more"),
        (lambda: kls_of_samples(5, [1], 1, -1), ValueError, "seed is -1: give 0 or more"),
        (lambda: kls_of_samples(5, [0, 1], 1, 0), ValueError, "without what never happens"),
        (lambda: kls_of_samples(5, [[1]], 1, 0), ValueError, "give one distribution as a list"),
        (lambda: mean_kl_of_samples(10**9, [0.5, 0.5]), ValueError, "n is 1000000000: give 100000 at most, or use (K"),
        (lambda: fit_rounded_normal([0, 1e308, 1e308]), ValueError, "often has a sum too large for floats: divide it"),
        (lambda: mean_kl_of_samples(0, [1]), ValueError, "n is 0: give 1 or more."),
        (lambda: mean_kl_of_samples(2.5, [1]), TypeError, "n is 2.5: give a whole number"),
        (lambda: mean_kl_of_samples(2, [0.5, 0.4]), ValueError, "p sums to 0.9"),
        (lambda: mean_kl_of_samples(2, [[0.5, 0.5]]), ValueError, "p has shape (1, 2): give one distribution"),
    ],
)
def test_malformed_input(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call()


def test_far_out_in_a_tail_the_logarithm_is_minus_infinity_and_no_nan():
    found = log_rounded_normal([0, 1, 10**6, 3], [1e300, 1e-300, 0, 3], [1e-300, 1e-310, 1, 1e-310])
    assert found.tolist() == [-np.inf, -np.inf, pytest.approx(-0.5 * (1e6 - 0.5) ** 2, rel=1e-9), 0]


def test_the_largest_sample_has_the_known_mean():
    mean = mean_kl_of_samples(100_000, np.full(1000, 1e-3))  # one column after another: 800 MB at once
    assert mean == pytest.approx(999 / 2e5 + (1e6 - 1) / 12e10, rel=1e-4)
