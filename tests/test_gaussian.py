"""klcourse.gaussian against reference values, quadrature, mpmath, SciPy and malformed input."""

import json
import math
import re
from pathlib import Path

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from klcourse.gaussian import kl_gaussian, kl_gaussian_nd, log_gaussian
from klcourse.quadrature import kl_quad

REFERENCE = json.loads((Path(__file__).parent / "reference_values.json").read_text(encoding="utf-8"))
INF = math.inf

settings.register_profile("same for everyone", deadline=None, derandomize=True, database=None)
settings.load_profile("same for everyone")


def normal(mean, sd):
    return lambda x: -(((x - mean) / sd) ** 2) / 2 - math.log(sd) - math.log(2 * math.pi) / 2


# --- one Gaussian against another -------------------------------------------------------------------------------------


def univariate(case):
    def number(text):
        return math.sqrt(7) if text == "sqrt(7)" else float(text)

    return [number(case[key]) for key in ("mu1", "sigma1", "mu2", "sigma2")]


@pytest.mark.parametrize(
    "case", REFERENCE["gaussian_univariate"], ids=lambda case: "N({mu1},{sigma1})‖N({mu2},{sigma2})".format(**case)
)
@pytest.mark.parametrize("function", ["closed form", "quadrature", "one dimension of several"])
def test_univariate_reference(case, function):
    kl = {
        "closed form": kl_gaussian,
        "quadrature": lambda m1, s1, m2, s2: kl_quad(normal(m1, s1), normal(m2, s2)),
        "one dimension of several": lambda m1, s1, m2, s2: kl_gaussian_nd([m1], [[s1**2]], [m2], [[s2**2]]),
    }[function]
    m1, s1, m2, s2 = univariate(case)
    assert kl(m1, s1, m2, s2) == pytest.approx(float(case["kl_12_nats"]), rel=1e-12, abs=0)
    assert kl(m2, s2, m1, s1) == pytest.approx(float(case["kl_21_nats"]), rel=1e-12, abs=0)
    assert kl(m1, s1, m2, s2) / math.log(2) == pytest.approx(float(case["kl_12_bits"]), rel=1e-12, abs=0)


def exact_kl_gaussian(m1, s1, m2, s2):
    with mpmath.workdps(1000):
        m1, s1, m2, s2 = map(mpmath.mpf, (m1, s1, m2, s2))
        return mpmath.log(s2 / s1) + (s1**2 + (m1 - m2) ** 2) / (2 * s2**2) - mpmath.mpf(1) / 2


scales = st.floats(-300, 300).map(lambda power: 10**power)
nudges = st.sampled_from([0, 1e-15, 1e-9, 1e-3, 0.4, 0.6, 1, 30])


@settings(max_examples=300)
@given(st.floats(-1e3, 1e3), scales, nudges, scales, nudges)
def test_closed_form_agrees_with_mpmath(mean, sd, shift, other_sd, stretch):
    for sd_q in (other_sd, sd * (1 + stretch), sd / (1 + stretch)):
        parameters = (mean, sd, mean + shift * sd_q, sd_q)
        exact = exact_kl_gaussian(*parameters)
        assert kl_gaussian(*parameters) == (pytest.approx(float(exact), rel=1e-12, abs=0) if exact < 1e308 else INF)


@given(st.floats(-1e300, 1e300), scales)
def test_closed_form_of_identical_gaussians_is_exactly_0(mean, sd):
    assert kl_gaussian(mean, sd, mean, sd) == 0


def test_closed_form_broadcasts_and_returns_floats():
    means, sds = np.array([[0.0], [1.0]]), np.array([0.5, 1.0, 2.0])
    table = kl_gaussian(means, sds, 1, 3)
    assert table.shape == (2, 3)
    assert table.tolist() == [[kl_gaussian(m, s, 1, 3) for s in sds] for m in means[:, 0]]
    assert type(kl_gaussian(0, 1, 1, 1)) is float
    assert kl_gaussian(np.float32(0), np.int64(1), 0.5, 1) == 0.125


@pytest.mark.parametrize("case", REFERENCE["vae_kl_to_standard_normal"], ids=lambda case: case["z_log_var"][0])
def test_vae_reference(case):
    mean, log_variance = np.array(case["z_mean"], float), np.array(case["z_log_var"], float)
    kl = kl_gaussian(mean, np.exp(log_variance / 2), 0, 1).sum()
    assert kl == pytest.approx(float(case["kl_to_standard_normal_nats"]), rel=1e-12, abs=0)


# --- several dimensions -----------------------------------------------------------------------------------------------


def hilbert(size):
    return 1 / (np.arange(size)[:, None] + np.arange(size) + 1)


@pytest.mark.parametrize("case", REFERENCE["gaussian_multivariate"], ids=lambda case: case["id"])
def test_multivariate_reference(case):
    covs = [hilbert(5) if isinstance(case[key], str) else np.array(case[key], float) for key in ("Sigma1", "Sigma2")]
    means = [np.array(case[key], float) for key in ("mu1", "mu2")]
    rel = 1e-10 if "hilbert" in case["id"] else 1e-12
    there = kl_gaussian_nd(means[0], covs[0], means[1], covs[1])
    back = kl_gaussian_nd(means[1], covs[1], means[0], covs[0])
    assert there == pytest.approx(float(case["kl_12_nats"]), rel=rel, abs=0)
    assert back == pytest.approx(float(case["kl_21_nats"]), rel=rel, abs=0)


def random_gaussian(rng, size):
    root = rng.normal(size=(size, size)) * np.exp(rng.normal(size=(size, 1)))
    return rng.normal(size=size), root @ root.T + 1e-3 * np.eye(size)


@pytest.mark.parametrize("size", [1, 2, 3, 8, 40])
def test_several_dimensions_agree_with_the_textbook_formula(size):
    rng = np.random.default_rng(size)
    (mean_p, cov_p), (mean_q, cov_q) = random_gaussian(rng, size), random_gaussian(rng, size)
    shift = mean_p - mean_q
    log_dets = np.linalg.slogdet(cov_q)[1] - np.linalg.slogdet(cov_p)[1]
    trace = np.trace(np.linalg.solve(cov_q, cov_p))
    textbook = (trace - size + log_dets + shift @ np.linalg.solve(cov_q, shift)) / 2
    assert kl_gaussian_nd(mean_p, cov_p, mean_q, cov_q) == pytest.approx(textbook, rel=1e-9)
    assert kl_gaussian_nd(mean_p, cov_p, mean_p, cov_p) == 0
    assert type(kl_gaussian_nd(mean_p, cov_p, mean_q, cov_q)) is float


def test_diagonal_covariances_are_a_sum_over_dimensions():
    means, sds = np.array([0.5, -1, 2]), np.array([1e-6, 1, 1e6])
    several = kl_gaussian_nd(means, np.diag(sds**2), np.zeros(3), np.diag(4 * sds**2))
    assert several == pytest.approx(kl_gaussian(means, sds, 0, 2 * sds).sum(), rel=1e-13)


def test_nearly_equal_covariances_do_not_cancel():
    cov = np.array([[2.0, 0.3], [0.3, 1.0]])
    exact = 2 * exact_kl_gaussian(0, 1, 0, mpmath.sqrt(mpmath.mpf(1 + 1e-7)))
    assert kl_gaussian_nd([0, 0], cov, [0, 0], cov * (1 + 1e-7)) == pytest.approx(float(exact), rel=1e-7)


def exact_kl_gaussian_nd(mean_p, cov_p, mean_q, cov_q):
    with mpmath.workdps(700):
        cov_p, cov_q = (mpmath.matrix(np.asarray(cov, float).tolist()) for cov in (cov_p, cov_q))
        shift = mpmath.matrix([mpmath.mpf(a) - mpmath.mpf(b) for a, b in zip(mean_p, mean_q, strict=True)])
        precision = cov_q**-1
        trace = mpmath.fsum((precision * cov_p)[i, i] for i in range(len(shift)))
        return (
            trace - len(shift) + mpmath.log(mpmath.det(cov_q) / mpmath.det(cov_p)) + (shift.T * precision * shift)[0]
        ) / 2


@pytest.mark.parametrize("narrow", [1e-3, 1e-10, 1e-20, 1e-40, 1e-80, 1e-200])
def test_one_narrow_direction_costs_no_digits(narrow):
    thin, slanted = np.diag([1, narrow]), np.array([[1, 0.5], [0.5, 1]])
    for p, q in ((thin, slanted), (slanted, thin), (thin[::-1, ::-1], slanted), (slanted, thin[::-1, ::-1])):
        exact = exact_kl_gaussian_nd([0, 1], p, [1, 0], q)
        assert kl_gaussian_nd([0, 1], p, [1, 0], q) == pytest.approx(float(exact), rel=1e-13)


@pytest.mark.parametrize("seed", range(20))
def test_near_singular_input_costs_what_the_docstring_says_or_is_refused(seed):
    rng = np.random.default_rng(seed)

    def draw():
        axes, sds = np.linalg.qr(rng.normal(size=(4, 4)))[0], 10.0 ** rng.uniform(-9, 9, 4)
        cov = axes @ np.diag(10.0 ** rng.uniform(-10, 0, 4)) @ axes.T * sds * sds[:, None]
        cov = (cov + cov.T) / 2
        return (rng.normal(size=4), cov), np.linalg.cond(cov / np.sqrt(np.diag(cov)) / np.sqrt(np.diag(cov))[:, None])

    (p, condition_p), (q, condition_q) = draw(), draw()
    condition = max(condition_p, condition_q)
    if condition > 5e9:
        with pytest.raises(ValueError, match="is almost singular: its correlations have the condition number"):
            kl_gaussian_nd(*p, *q)
    else:
        exact = float(exact_kl_gaussian_nd(*p, *q))
        assert kl_gaussian_nd(*p, *q) == pytest.approx(exact, rel=1e-15 * condition)


def test_means_farther_apart_than_the_largest_float():
    assert log_gaussian(-1e308, 1e308, 1e308) == pytest.approx(
        -2 - math.log(1e308) - math.log(2 * math.pi) / 2, rel=1e-15
    )
    assert log_gaussian(1e200, 0, 1) == -INF
    assert kl_gaussian(-1e308, 1e308, 1e308, 1e308) == 2
    assert kl_gaussian(-1e308, 1, 1e308, 1) == INF
    far, cov = [1e308, 0], np.diag([1e308, 1])
    assert kl_gaussian_nd(far, cov, [-1e308, 0], cov) == INF  # 2e308
    near, wide = [9e307, 0], np.diag([1.7e308, 1])
    exact = exact_kl_gaussian_nd(near, cov, [-9.1e307, 0], wide)
    assert kl_gaussian_nd(near, cov, [-9.1e307, 0], wide) == pytest.approx(float(exact), rel=1e-13)
    assert kl_gaussian_nd([0, 0], EYE, far, [[1, 0.5], [0.5, 1]]) == INF
    assert kl_gaussian_nd([0, 0], cov, [0, 0], np.diag([1e-308, 1])) == INF


# --- the density ------------------------------------------------------------------------------------------------------


def test_density_agrees_with_scipy():
    x, mean, sd = np.array([-1e3, -3.2, 0, 1e-5, 40])[:, None], np.array([-1.5, 0, 30]), np.array([1e-3, 1, 200])
    assert log_gaussian(x, mean, sd) == pytest.approx(norm.logpdf(x, mean, sd), rel=1e-14)
    assert log_gaussian(0.5, 0, 2) == pytest.approx(normal(0, 2)(0.5), rel=1e-14)


# --- malformed input --------------------------------------------------------------------------------------------------

EYE = np.eye(2)
ZERO = np.zeros(2)
MALFORMED = {
    "sd_p 0": (lambda: kl_gaussian(0, 0, 0, 1), ValueError, "sd_p is 0.0: a standard deviation must be above 0."),
    "sd_q negative": (
        lambda: kl_gaussian(0, 1, 0, -4),
        ValueError,
        "sd_q is -4.0: a standard deviation must be above 0. If it is a variance, take its square root.",
    ),
    "sd in an array": (lambda: kl_gaussian(0, [1, -1], 0, 1), ValueError, "sd_p is [ 1. -1.]: a standard deviation"),
    "sd nan": (lambda: kl_gaussian(0, math.nan, 0, 1), ValueError, "sd_p is nan: every entry must be a finite number"),
    "mean inf": (lambda: kl_gaussian(INF, 1, 0, 1), ValueError, "mean_p is inf: every entry must be a finite number"),
    "mean_q nan": (lambda: kl_gaussian(0, 1, [0, math.nan], 1), ValueError, "mean_q is [ 0. nan]: every entry"),
    "sd text": (lambda: kl_gaussian(0, "1", 0, 1), TypeError, "sd_p holds str"),
    "mean None": (lambda: kl_gaussian(None, 1, 0, 1), TypeError, "mean_p holds object values, not real numbers"),
    "mean complex": (lambda: kl_gaussian(0, 1, 1j, 1), TypeError, "mean_q holds complex128 values, not real numbers"),
    "ragged": (lambda: kl_gaussian([[0], [1, 2]], 1, 0, 1), ValueError, "mean_p has rows of different lengths"),
    "shapes": (
        lambda: kl_gaussian([0, 0], [1, 1, 1], 0, 1),
        ValueError,
        "These shapes do not broadcast: mean_p (2,), sd_p (3,), mean_q (), sd_q (). Axes must be equal or 1.",
    ),
    "nd: mean a number": (
        lambda: kl_gaussian_nd(0, EYE, ZERO, EYE),
        ValueError,
        "mean_p has shape (): give a list of d",
    ),
    "nd: mean a matrix": (lambda: kl_gaussian_nd(ZERO, EYE, EYE, EYE), ValueError, "mean_q has shape (2, 2): give a"),
    "nd: mean empty": (lambda: kl_gaussian_nd([], EYE, ZERO, EYE), ValueError, "mean_p has shape (0,): give a list"),
    "nd: mean nan": (lambda: kl_gaussian_nd([0, math.nan], EYE, ZERO, EYE), ValueError, "mean_p is [ 0. nan]: every"),
    "nd: variances": (
        lambda: kl_gaussian_nd(ZERO, [1, 1], ZERO, EYE),
        ValueError,
        "cov_p has shape (2,): a covariance matrix is square. For variances alone use np.diag.",
    ),
    "nd: not square": (lambda: kl_gaussian_nd(ZERO, EYE, ZERO, EYE[:1]), ValueError, "cov_q has shape (1, 2): a covar"),
    "nd: not symmetric": (
        lambda: kl_gaussian_nd(ZERO, [[1, 0.5], [0, 1]], ZERO, EYE),
        ValueError,
        "cov_p is not symmetric: entry [i, j] must equal [j, i].",
    ),
    "nd: singular": (
        lambda: kl_gaussian_nd(ZERO, EYE, ZERO, [[1, 1], [1, 1]]),
        ValueError,
        "cov_q is not positive definite: all eigenvalues of a covariance matrix must be above 0. Leave out variables",
    ),
    "nd: not symmetric in small units": (
        lambda: kl_gaussian_nd(ZERO, [[1e12, 1], [0, 1]], ZERO, EYE),
        ValueError,
        "cov_p is not symmetric: entry [i, j] must equal [j, i].",
    ),
    "nd: almost singular": (
        lambda: kl_gaussian_nd(ZERO, EYE, ZERO, [[1, 1 - 1e-14], [1 - 1e-14, 1]]),
        ValueError,
        "cov_q is almost singular: its correlations have the condition number 2e+14, so that its own rounding decides",
    ),
    "nd: asymmetry that decides": (
        lambda: kl_gaussian_nd(ZERO, [[1, 1 - 1e-5], [1 - 1e-5 + 5e-11, 1]], ZERO, EYE),
        ValueError,
        "cov_p is almost singular",
    ),
    "nd: negative": (lambda: kl_gaussian_nd(ZERO, -EYE, ZERO, EYE), ValueError, "cov_p is not positive definite"),
    "nd: cov nan": (lambda: kl_gaussian_nd(ZERO, EYE * math.nan, ZERO, EYE), ValueError, "cov_p is [[nan nan]"),
    "nd: cov text": (lambda: kl_gaussian_nd(ZERO, "ab", ZERO, EYE), TypeError, "cov_p holds str"),
    "nd: dimensions": (
        lambda: kl_gaussian_nd(ZERO, EYE, np.zeros(3), np.eye(3)),
        ValueError,
        "The dimensions differ: mean_p has 2, cov_p has 2, mean_q has 3, cov_q has 3. Give all the same d.",
    ),
    "density: sd 0": (lambda: log_gaussian(0, 0, 0), ValueError, "sd is 0.0: a standard deviation must be above 0."),
    "density: x nan": (lambda: log_gaussian(math.nan, 0, 1), ValueError, "x is nan: every entry must be a finite"),
    "density: shapes": (lambda: log_gaussian([1, 2], [1, 2, 3], 1), ValueError, "x (2,), mean (3,), sd ()"),
}


@pytest.mark.parametrize(("call", "exception", "message"), MALFORMED.values(), ids=MALFORMED)
def test_malformed_input(call, exception, message):
    with pytest.raises(exception, match=re.escape(message)):
        call()
