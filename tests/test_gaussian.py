"""klcourse.gaussian against reference values, closed forms of other families, mpmath and malformed input."""

import json
import math
import re
from pathlib import Path

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import betaln, gammaln

from klcourse.divergence import kl_divergence
from klcourse.fitting import fit_gaussian
from klcourse.gaussian import kl_gaussian, kl_gaussian_nd
from klcourse.quadrature import kl_quad

REFERENCE = json.loads((Path(__file__).parent / "reference_values.json").read_text(encoding="utf-8"))
INF = math.inf

settings.register_profile("same for everyone", deadline=None, derandomize=True, database=None)
settings.load_profile("same for everyone")


# --- log densities, written out here once more ------------------------------------------------------------------------


def normal(mean, sd):
    return lambda x: -(((x - mean) / sd) ** 2) / 2 - math.log(sd) - math.log(2 * math.pi) / 2


def laplace(loc, b):
    return lambda x: -np.abs(x - loc) / b - math.log(2 * b)


def exponential(rate):
    return lambda x: math.log(rate) - rate * x


def gamma(shape, rate):
    return lambda x: shape * math.log(rate) + (shape - 1) * np.log(x) - rate * x - gammaln(shape)


def beta(a, b):
    return lambda x: (a - 1) * np.log(x) + (b - 1) * np.log1p(-x) - betaln(a, b)


def cauchy(loc, scale):
    return lambda x: -math.log(math.pi * scale) - np.log1p(((x - loc) / scale) ** 2)


def student(dof):
    norm = gammaln((dof + 1) / 2) - gammaln(dof / 2) - math.log(dof * math.pi) / 2
    return lambda x: norm - (dof + 1) / 2 * np.log1p(x**2 / dof)


def log_normal(mean, sd):
    return lambda x: normal(mean, sd)(np.log(x)) - np.log(x)


def uniform(left, right):
    return lambda x: np.where((x > left) & (x < right), -math.log(right - left), -INF)


def mixture(weight, first, second):
    return lambda x: np.logaddexp(math.log(weight) + first(x), math.log1p(-weight) + second(x))


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


# --- quadrature: values -----------------------------------------------------------------------------------------------

FAMILIES = {
    "Normal||Laplace": lambda v: (normal(v["mu"], v["sigma"]), laplace(v["loc"], v["b"]), -INF, INF),
    "Laplace||Laplace": lambda v: (laplace(v["loc1"], v["b1"]), laplace(v["loc2"], v["b2"]), -INF, INF),
    "Exponential(rate)||Exponential(rate)": lambda v: (exponential(v["rate1"]), exponential(v["rate2"]), 0, INF),
    "Beta||Beta": lambda v: (beta(v["a1"], v["b1"]), beta(v["a2"], v["b2"]), 0, 1),
    "Gamma(shape,rate)||Gamma(shape,rate)": lambda v: (
        gamma(v["shape1"], v["rate1"]),
        gamma(v["shape2"], v["rate2"]),
        0,
        INF,
    ),
    "Cauchy||Cauchy": lambda v: (cauchy(v["x1"], v["gamma1"]), cauchy(v["x2"], v["gamma2"]), -INF, INF),
    "LogNormal(0,2)||LogNormal(2,2)": lambda v: (
        log_normal(v["mu1"], v["sigma1"]),
        log_normal(v["mu2"], v["sigma2"]),
        0,
        INF,
    ),
}
DISCRETE = ("Poisson||Poisson", "Geometric||Geometric", "Bernoulli||Bernoulli")


def family_id(case):
    return case["family"] + " " + ",".join(str(value) for value in case["params"].values())


@pytest.mark.parametrize("case", [c for c in REFERENCE["families"] if c["family"] not in DISCRETE], ids=family_id)
def test_continuous_families(case):
    p, q, lower, upper = FAMILIES[case["family"]]({key: float(value) for key, value in case["params"].items()})
    assert kl_quad(p, q, lower=lower, upper=upper) == pytest.approx(float(case["kl_nats"]), rel=1e-12, abs=0)
    assert kl_quad(q, p, lower=lower, upper=upper) == pytest.approx(float(case["kl_reverse_nats"]), rel=1e-12, abs=0)


def poisson(rate):
    return np.cumprod(np.append(math.exp(-rate), rate / np.arange(1, 61)))


@pytest.mark.parametrize("case", [c for c in REFERENCE["families"] if c["family"] == "Poisson||Poisson"], ids=family_id)
def test_poisson(case):
    p, q = (poisson(float(case["params"][key])) for key in ("lambda1", "lambda2"))
    assert kl_divergence(p, q) == pytest.approx(float(case["kl_nats"]), rel=1e-12, abs=0)
    assert kl_divergence(q, p) == pytest.approx(float(case["kl_reverse_nats"]), rel=1e-12, abs=0)


def geometric(p, size, *, merged=False):
    """The chance of k failures before the first success, for k below size; merged: and of at least `size` of them."""
    chances = p * (1 - p) ** np.arange(size)
    return np.append(chances, (1 - p) ** size) if merged else chances


def test_geometric():
    (case,) = (c for c in REFERENCE["families"] if c["family"] == "Geometric||Geometric")
    p1, p2 = float(case["params"]["p1"]), float(case["params"]["p2"])
    there = kl_divergence(geometric(p1, 5000), geometric(p2, 5000))
    assert there == pytest.approx(float(case["kl_nats"]), rel=1e-12, abs=0)
    # Of the reverse, whose p has a long tail and whose q none that a float can hold, only the start is added up. After
    # 100 failures both processes are as new, so that KL = start + (chance of 100 failures) KL.
    start = kl_divergence(geometric(p2, 100, merged=True), geometric(p1, 100, merged=True))
    assert start / (1 - (1 - p2) ** 100) == pytest.approx(float(case["kl_reverse_nats"]), rel=1e-12, abs=0)


def test_bernoulli():
    (case,) = (c for c in REFERENCE["families"] if c["family"] == "Bernoulli||Bernoulli")
    p, q = ([1 - x, x] for x in (float(case["params"]["p1"]), float(case["params"]["p2"])))
    assert kl_divergence(p, q) == pytest.approx(float(case["kl_nats"]), rel=1e-12, abs=0)
    assert kl_divergence(q, p) == pytest.approx(float(case["kl_reverse_nats"]), rel=1e-12, abs=0)


@pytest.mark.parametrize(
    "case", REFERENCE["js_gaussians_numerical"], ids=lambda case: "N({mu1},{sigma1}) N({mu2},{sigma2})".format(**case)
)
def test_jensen_shannon_of_gaussians(case):
    m1, s1, m2, s2 = univariate(case)
    p, q = normal(m1, s1), normal(m2, s2)
    js = (kl_quad(p, mixture(0.5, p, q)) + kl_quad(q, mixture(0.5, p, q))) / 2
    assert js == pytest.approx(float(case["js_nats"]), rel=1e-12, abs=1e-30)
    assert js / math.log(2) == pytest.approx(float(case["js_bits"]), rel=1e-12, abs=1e-30)
    assert math.sqrt(js / math.log(2)) == pytest.approx(float(case["js_distance_bits"]), rel=1e-12, abs=1e-15)


def kl_student_normal(dof):
    """Cross-entropy of a Student t with N(0, 1), less its entropy."""
    with mpmath.workdps(30):
        v = mpmath.mpf(dof)
        half = (v + 1) / 2
        entropy = half * (mpmath.digamma(half) - mpmath.digamma(v / 2))
        entropy += mpmath.log(mpmath.sqrt(v) * mpmath.beta(v / 2, mpmath.mpf(1) / 2))
        return float(mpmath.log(2 * mpmath.pi) / 2 + v / (v - 2) / 2 - entropy)


def step(heights):
    return lambda x: np.log(np.array(heights))[np.clip(np.floor(x).astype(int), 0, len(heights) - 1)]


LN2 = math.log(2)
PLACES = {
    # narrow or far away
    "narrow and far": (normal(1000, 1e-3), normal(999, 0.1), -INF, INF, kl_gaussian(1000, 1e-3, 999, 0.1)),
    "very far": (normal(-1e6, 1), normal(0, 3), -INF, INF, kl_gaussian(-1e6, 1, 0, 3)),
    "q very far": (normal(0, 3), normal(-1e6, 1), -INF, INF, kl_gaussian(0, 3, -1e6, 1)),
    "narrow beside a binary fraction": (normal(0.3, 1e-9), normal(0.3, 1e-8), -INF, INF, kl_gaussian(0, 1, 0, 10)),
    "billions": (normal(1e9, 1), normal(1e9 + 1, 2), -INF, INF, kl_gaussian(0, 1, 1, 2)),
    "scale 1e-200": (normal(0, 1e-200), normal(0, 2e-200), -INF, INF, kl_gaussian(0, 1, 0, 2)),
    "far narrow components": (
        mixture(0.5, normal(0, 1), normal(1000, 0.01)),
        mixture(0.25, normal(0, 1), normal(1000, 0.01)),
        -INF,
        INF,
        LN2 / 2 - math.log(1.5) / 2,
    ),
    "component that needs the finer search": (
        mixture(0.5, normal(0, 1), normal(777_777, 1e-3)),
        mixture(0.25, normal(0, 1), normal(777_777, 1e-3)),
        -INF,
        INF,
        LN2 / 2 - math.log(1.5) / 2,
    ),
    # underflow: at 60 both densities are 0 as floats, but not their ratio
    "disjoint to floats": (normal(0, 1), normal(120, 1), -INF, INF, 7200),
    "separate modes": (mixture(0.5, normal(-100, 1), normal(100, 1)), normal(100, 1), -INF, INF, 10_000 - LN2),
    # tails
    "t3": (student(3), normal(0, 1), -INF, INF, kl_student_normal(3)),
    "t3, narrow q": (
        student(3),
        normal(0, 1e-8),
        -INF,
        INF,
        kl_student_normal(3) + 1.5 * (1e16 - 1) - 8 * math.log(10),
    ),
    "t2.1": (student(2.1), normal(0, 1), -INF, INF, kl_student_normal(2.1)),
    "Pareto": (lambda x: math.log(0.5) - 1.5 * np.log(x), lambda x: LN2 - 3 * np.log(x), 1, INF, 3 - 2 * LN2),
    "wide against narrow Cauchy": (
        cauchy(3, 100),
        cauchy(0, 1e-8),
        -INF,
        INF,
        math.log((100 + 1e-8) ** 2 + 9) + 6 * math.log(10) - 2 * LN2,
    ),
    # ends
    "q partly outside": (exponential(1), normal(0, 1), 0, INF, math.log(2 * math.pi) / 2),
    "half of a Gaussian": (lambda x: normal(0, 1)(x) + LN2, normal(0, 1), 0, INF, LN2),
    "arcsine": (beta(0.5, 0.5), beta(1, 1), 0, 1, math.log(4 / math.pi)),
    "almost all at 0": (lambda x: math.log(0.01) - 0.99 * np.log(x), beta(1, 1), 0, 1, 99 - math.log(100)),
    "from 1000 on": (lambda x: 1000 - x, lambda x: LN2 + 2 * (1000 - x), 1000, INF, 1 - LN2),
    "window wide enough": (normal(0, 2), normal(5, 4), -80, 80, kl_gaussian(0, 2, 5, 4)),
    # jumps, kinks and zeros
    "uniform pieces": (uniform(2, 3), uniform(1, 5), -INF, INF, math.log(4)),
    "uniform against Gaussian": (uniform(2, 3), normal(0, 1), -INF, INF, math.log(2 * math.pi) / 2 + 19 / 6),
    "steps": (step([0.1, 0.4, 0.5]), step([0.8, 0.15, 0.05]), 0, 3, kl_divergence([0.1, 0.4, 0.5], [0.8, 0.15, 0.05])),
    "kink at no binary fraction": (laplace(0.1, 1), laplace(0.1, 2), -INF, INF, LN2 - 0.5),
    "q is 0 at one point": (
        normal(0, 1),
        lambda x: normal(0, 1)(x) + 2 * np.log(np.abs(x)),
        -INF,
        INF,
        np.euler_gamma + LN2,
    ),
    "identical": (normal(3, 0.1), normal(3, 0.1), -INF, INF, 0),
}


@pytest.mark.parametrize(("p", "q", "lower", "upper", "value"), PLACES.values(), ids=PLACES)
def test_quadrature_finds_all_mass(p, q, lower, upper, value):
    kl = kl_quad(p, q, lower=lower, upper=upper)
    assert kl == pytest.approx(value, rel=1e-12, abs=0)
    assert type(kl) is float


@given(st.floats(-100, 100), st.floats(0.01, 50), st.floats(-100, 100), st.floats(0.01, 50))
def test_quadrature_agrees_with_the_closed_form(m1, s1, m2, s2):
    closed = kl_gaussian(m1, s1, m2, s2)
    # The rounding of log p and log q, near 1e-16, meets their difference, near sqrt(2 KL).
    assert kl_quad(normal(m1, s1), normal(m2, s2)) == pytest.approx(closed, rel=1e-12, abs=1e-14 * math.sqrt(closed))


ENDS = {
    "window": (normal(0, 1), -40, 40),
    "singular": (beta(3, 0.5), 0, 1),
    "from 0 on": (gamma(3, 2), 0, INF),
    "from 1 on": (lambda x: exponential(0.6)(x - 1), 1, INF),
}


@pytest.mark.parametrize(("p", "lower", "upper"), ENDS.values(), ids=ENDS)
def test_densities_equal_but_for_rounding_give_0_and_no_less(p, lower, upper):
    assert 0 <= kl_quad(p, mixture(0.5, p, p), lower=lower, upper=upper) < 1e-28


def test_nearly_equal_densities_do_not_cancel():
    assert kl_quad(normal(0, 1), normal(1e-9, 1)) == pytest.approx(5e-19, rel=1e-6)


def test_a_strong_singularity_at_1_loses_some_digits():
    # Most of p lies beyond the last float before 1.
    (a1, b1), (a2, b2) = (27, 0.01), (1, 4)
    with mpmath.workdps(30):
        exact = mpmath.log(mpmath.beta(a2, b2) / mpmath.beta(a1, b1)) + (a1 - a2) * mpmath.digamma(a1)
        exact += (b1 - b2) * mpmath.digamma(b1) + (a2 - a1 + b2 - b1) * mpmath.digamma(a1 + b1)
    assert kl_quad(beta(a1, b1), beta(a2, b2), lower=0, upper=1) == pytest.approx(float(exact), rel=1e-10, abs=0)


INFINITE = {
    "q = 0 < p": (normal(0, 1), uniform(-1, 1), -INF, INF),
    "q = 0 < p on a short piece": (uniform(0, 1), uniform(0, 1 - 1e-6), -INF, INF),
    "Cauchy": (cauchy(0, 1), normal(0, 1), -INF, INF),
    "t2": (student(2), normal(0, 1), -INF, INF),
    "t2, narrow q": (student(2), normal(0, 1e-8), -INF, INF),
    "t1.5": (student(1.5), normal(3, 5), -INF, INF),
    "at 0": (beta(1, 1), lambda x: -2 * np.log(x) - 1 / x + 1, 0, 1),
    "at 1": (beta(1, 1), lambda x: -2 * np.log1p(-x) - 1 / (1 - x) + 1, 0, 1),
}


@pytest.mark.parametrize(("p", "q", "lower", "upper"), INFINITE.values(), ids=INFINITE)
def test_infinite(p, q, lower, upper):
    assert kl_quad(p, q, lower=lower, upper=upper) == INF


def test_a_p_below_the_smallest_float_counts_as_0():
    assert kl_quad(normal(0.5, 0.001), uniform(0, 1)) == pytest.approx(-0.5 * math.log(2 * math.pi * math.e * 1e-6))


def test_an_unresolved_tail_is_no_number():
    with pytest.raises(ArithmeticError, match=r"The integral is .* not good enough: a tail falls too slowly"):
        kl_quad(student(2.01), normal(0, 1))
    with pytest.raises(ArithmeticError, match=r"too narrow for floats so far from 0\. Shift or rescale x"):
        kl_quad(lambda x: exponential(1e6)(x - 1000), lambda x: exponential(1e5)(x - 1000), lower=1000)


@pytest.mark.parametrize(("lower", "upper"), [(0, 1), (-1, 0), (3, 5), (1e6, 1e6 + 1), (1, 1 + 1e-11)])
def test_points_lie_strictly_between_the_limits(lower, upper):
    def log_p(x):
        assert x.ndim == 1
        assert ((lower < x) & (x < upper)).all()
        return np.full(x.shape, -math.log(upper - lower))

    assert kl_quad(log_p, log_p, lower=lower, upper=upper) == 0


def test_functions_for_single_numbers_work_when_wrapped():
    log_p = np.vectorize(lambda x: -x if x > 0 else -INF, otypes=[float])
    assert kl_quad(log_p, exponential(2), lower=0) == pytest.approx(1 - LN2, rel=1e-12)


def test_a_function_may_change_its_argument():
    def log_p(x):
        x -= 1
        return normal(0, 1)(x)

    assert kl_quad(log_p, normal(0, 1)) == pytest.approx(0.5, rel=1e-12)


def test_a_function_may_return_float32_or_int():
    assert kl_quad(lambda x: 0 * x.astype(np.float32), lambda x: np.zeros(x.shape, int), lower=0, upper=1) == 0


# --- malformed input --------------------------------------------------------------------------------------------------

EYE = np.eye(2)
ZERO = np.zeros(2)
P, Q = normal(0, 1), normal(1, 2)
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
    "nd: negative": (lambda: kl_gaussian_nd(ZERO, -EYE, ZERO, EYE), ValueError, "cov_p is not positive definite"),
    "nd: cov nan": (lambda: kl_gaussian_nd(ZERO, EYE * math.nan, ZERO, EYE), ValueError, "cov_p is [[nan nan]"),
    "nd: cov text": (lambda: kl_gaussian_nd(ZERO, "ab", ZERO, EYE), TypeError, "cov_p holds str"),
    "nd: dimensions": (
        lambda: kl_gaussian_nd(ZERO, EYE, np.zeros(3), np.eye(3)),
        ValueError,
        "The dimensions differ: mean_p has 2, cov_p has 2, mean_q has 3, cov_q has 3. Give all the same d.",
    ),
    "quad: densities": (lambda: kl_quad(0.5, Q), TypeError, "log_p is 0.5, not a function: give one that returns log"),
    "quad: arrays": (lambda: kl_quad(P, np.zeros(3)), TypeError, "log_q is array([0., 0., 0.]), not a function"),
    "quad: window": (
        lambda: kl_quad(normal(5, 4), normal(0, 2), lower=-10, upper=10),
        ValueError,
        "p integrates to 0.894262 between -10 and 10: KL needs all of p's mass. Widen lower and upper to p's whole "
        "support, or add the missing log normaliser.",
    ),
    "quad: normaliser of p": (
        lambda: kl_quad(lambda x: -(x**2) / 2, Q),
        ValueError,
        "p integrates to 2.50663 between -inf and inf: KL needs all of p's mass. Add the missing log normaliser",
    ),
    "quad: normaliser of q": (lambda: kl_quad(P, lambda x: -(x**2) / 2), ValueError, "q integrates to 2.50663 between"),
    "quad: too much q": (
        lambda: kl_quad(exponential(1), lambda x: -x / 2, lower=0),
        ValueError,
        "q integrates to 2 between 0 and inf",
    ),
    "quad: p, not log p": (lambda: kl_quad(lambda x: np.exp(P(x)), Q), ValueError, "p integrates to inf between"),
    "quad: no mass": (lambda: kl_quad(uniform(7, 8), Q, upper=5), ValueError, "p integrates to 0 between -inf and 5"),
    "quad: hidden peak": (
        lambda: kl_quad(mixture(0.5, P, normal(1e6, 1e-7)), Q),
        ValueError,
        "p integrates to 0.5 between -inf and inf: KL needs all of p's mass. Add the missing log normaliser, "
        "or shift x so that a very narrow peak of p lies near 0.",
    ),
    "quad: limits swapped": (
        lambda: kl_quad(P, Q, lower=1, upper=-1),
        ValueError,
        "lower is 1 and upper is -1: lower must be below upper",
    ),
    "quad: limits equal": (
        lambda: kl_quad(P, Q, lower=1, upper=1),
        ValueError,
        "lower must be below upper. Swap them?",
    ),
    "quad: limits too close": (
        lambda: kl_quad(uniform(1, 1 + 1e-13), Q, lower=1, upper=1 + 1e-13),
        ValueError,
        "have too few floats between them: shift x towards 0.",
    ),
    "quad: nothing anywhere": (
        lambda: kl_quad(lambda x: x * 0 - 1e4, lambda x: x * 0 - INF),
        ValueError,
        "p integrates to 0 between",
    ),
    "quad: limit nan": (lambda: kl_quad(P, Q, lower=math.nan), ValueError, "lower is nan and upper is inf"),
    "quad: limit text": (lambda: kl_quad(P, Q, upper="inf"), TypeError, "upper is 'inf', not a number: use -np.inf"),
    "quad: limit None": (lambda: kl_quad(P, Q, lower=None), TypeError, "lower is None, not a number"),
    "quad: nan": (
        lambda: kl_quad(gamma(2, 1), Q),
        ValueError,
        "return -inf where the density is 0, and set lower and upper to where it is defined",
    ),
    "quad: scalars only": (
        lambda: kl_quad(lambda x: -x if x > 0 else -INF, Q),
        TypeError,
        "Write it with NumPy functions, or wrap it: np.vectorize(log_p, otypes=[float]).",
    ),
    "quad: math": (lambda: kl_quad(P, lambda x: -math.log(x)), TypeError, "log_q does not work on an array of points"),
    "quad: a constant": (lambda: kl_quad(lambda x: 0.0, Q), ValueError, "log_p returns shape () for"),
    "quad: too many values": (
        lambda: kl_quad(P, lambda x: np.outer(x, x[:2])),
        ValueError,
        "one value for each point is needed",
    ),
    "quad: complex": (lambda: kl_quad(lambda x: x + 0j, Q), TypeError, "log_p(x) holds complex128 values"),
    "quad: None": (lambda: kl_quad(lambda x: None, Q), TypeError, "log_p does not work on an array of points"),
}


@pytest.mark.parametrize(("call", "exception", "message"), MALFORMED.values(), ids=MALFORMED)
def test_malformed_input(call, exception, message):
    with pytest.raises(exception, match=re.escape(message)):
        call()


# --- fitting ----------------------------------------------------------------------------------------------------------

X = np.arange(-10, 10, 0.1)
TARGET = np.exp(-(X**2) / 14) / math.sqrt(14 * math.pi)
FINE = np.arange(-10, 10, 0.001)
FINE_TARGET = np.exp(-(FINE**2) / 8) / math.sqrt(8 * math.pi)
SKEWED = np.exp(-X) / (1 + np.exp(-X)) ** 3
SETTINGS = {"mean": 5, "variance": 1, "learning_rate": 0.1, "steps": 3}


def fit(x=X, p=TARGET, **changes):
    return fit_gaussian(x, p, **SETTINGS | changes)


def published_rate(rate):
    """TensorFlow 1 keeps a learning rate in 32 bits, whatever the type of the variables."""
    return float(np.float32(rate))


# A notebook's print, from its 10th step on, every 100th: mean and variance after 11, 111, ... steps.
PUBLISHED = [
    (3.240110610816026, 3.5837133740472344),
    (0.335676301228239, 4.877738470788148),
    (0.04580545761442576, 5.254824131297897),
    (0.006973783831366283, 5.528220577818579),
    (0.001086973839682488, 5.740628256124233),
    (0.0001211015300097858, 5.9113519404222705),
    (-4.2682146749652654e-05, 6.051780064376497),
    (-6.734304435137489e-05, 6.169249382073376),
    (-6.694116685784831e-05, 6.2687767527051586),
    (-6.213468983510558e-05, 6.3539493795592),
]


def test_the_ten_published_pairs():
    trace = fit(learning_rate=published_rate(0.01), steps=1000, normalise=False)
    means, variances = np.transpose(PUBLISHED)
    assert trace.variance[11::100] == pytest.approx(variances, rel=1e-14, abs=0)
    assert trace.mean[11::100][:5] == pytest.approx(means[:5], rel=1e-14, abs=0)
    assert trace.mean[11::100][5:] == pytest.approx(means[5:], rel=1e-10, abs=0)
    assert trace.loss[11::100][[0, -1]] == pytest.approx([39.0735496928, 23.0444990572], abs=1e-10)
    assert (trace.loss[0], trace.loss[-1]) == pytest.approx((168.20416419, 23.03961666975), rel=1e-10)
    assert trace.kl[-1] == pytest.approx(0.001896475533, rel=1e-8)
    in_64_bits = fit(learning_rate=0.01, steps=1000, normalise=False)
    assert (in_64_bits.mean[11], in_64_bits.variance[11]) == pytest.approx((3.240110589514338, 3.5837134020097516))
    assert np.abs(in_64_bits.variance[11::100] / variances - 1).min() > 1e-9, "the rate's 32 bits show"


def test_a_rate_of_32_bits_does_not_make_the_fit_one_of_32_bits():
    single, double = np.float32(0.01), published_rate(0.01)
    assert np.array_equal(fit(learning_rate=single).variance, fit(learning_rate=double).variance)


def test_the_other_published_trace():
    settings = {"mean": 0, "learning_rate": published_rate(0.001), "steps": 100, "normalise": False}
    trace = fit(FINE, FINE_TARGET, **settings)
    variances = [2.4999695, 3.2022671, 3.4948268, 3.6610154, 3.7657767, 3.8353583, 3.8830020, 3.9162559, 3.9397618]
    losses = [6972.748669, 6921.089292, 6912.519308, 6909.770074, 6908.679423, 6908.198586, 6907.973215, 6907.863437]
    assert trace.variance[1::10] == pytest.approx([*variances, 3.9565208], abs=5e-8)
    assert trace.loss[1::10] == pytest.approx([*losses, 6907.808590, 6907.780711], abs=5e-7)
    assert np.abs(trace.mean).max() < 1e-8


@pytest.mark.parametrize(
    ("x", "p", "changes", "variance", "kl"),
    [
        (FINE, FINE_TARGET, {"mean": 0, "learning_rate": 0.001, "steps": 100}, 1.129363, 0.638571),
        (FINE, FINE_TARGET, {"mean": 0, "learning_rate": 1, "steps": 100}, 3.9675095, 1.667e-5),
        (X, TARGET, {"learning_rate": 0.1, "steps": 1000}, 6.419965, 0.001895659),
        (X, TARGET, {"learning_rate": 0.01, "steps": 1000}, 4.640698, 0.0637742),
        (X, TARGET, {"learning_rate": 1, "steps": 1000}, 7.0239175, 2.852e-6),
        (X, TARGET, {"learning_rate": 0.02, "steps": 1000, "normalise": False}, 6.8383631, 1.351115e-4),
        (X, TARGET, {"learning_rate": 1, "steps": 1000, "normalise": False}, 157.4017, 0.5258476),
        (X, TARGET, {"learning_rate": 0.1, "steps": 1000, "parametrisation": "log_sd"}, 7.0000014, 2.478e-8),
        (X, TARGET, {"learning_rate": 0.1, "steps": 1000, "direction": "reverse"}, 5.930218, 0.0064491852),
    ],
)
def test_variants(x, p, changes, variance, kl):
    trace = fit(x, p, **changes)
    assert trace.variance[-1] == pytest.approx(variance, rel=1e-6)
    assert trace.kl[-1] == pytest.approx(kl, rel=1e-3)


@pytest.mark.parametrize("steps", [0, 1, 7])
def test_trace_starts_at_the_start_and_has_one_more_entry_than_steps(steps):
    trace = fit(steps=steps)
    assert {len(values) for values in vars(trace).values()} == {steps + 1}
    assert (trace.mean[0], trace.variance[0]) == (5, 1)
    assert trace.kl[0] == pytest.approx(kl_divergence(TARGET / TARGET.sum(), on_grid(5, 1)), rel=1e-12)


def on_grid(mean, variance, x=X):
    q = np.exp(-((x - mean) ** 2) / (2 * variance))
    return q / q.sum()


def losses(p, direction, normalise):
    p = p / p.sum() if normalise else p
    if direction == "forward":
        return lambda mean, variance: np.sum(p * np.log(p / on_grid(mean, variance)))
    return lambda mean, variance: np.sum(on_grid(mean, variance) * np.log(on_grid(mean, variance) / p))


# For each parametrisation: what moves, what it moves against the slopes along, and back to mean and variance.
COORDINATES = {
    "variance": (lambda m, v: (m, v), lambda m, v: (m, v), lambda a, b: (a, b)),
    "log_sd": (lambda m, v: (m, math.log(v) / 2), lambda m, v: (m, math.log(v) / 2), lambda a, b: (a, math.exp(2 * b))),
    "natural": (
        lambda m, v: (m, v + m * m),
        lambda m, v: (m / v, -1 / (2 * v)),
        lambda a, b: (-a / (2 * b), -1 / (2 * b)),
    ),
}


@pytest.mark.parametrize("normalise", [True, False])
@pytest.mark.parametrize("direction", ["forward", "reverse"])
@pytest.mark.parametrize("parametrisation", COORDINATES)
@pytest.mark.parametrize("start", [(5, 1), (-1.5, 3), (0.2, 20)])
def test_gradients_by_finite_differences(start, parametrisation, direction, normalise):
    rate, h = 1e-4, 1e-5
    kinds = {"parametrisation": parametrisation, "direction": direction, "normalise": normalise}
    trace = fit(p=SKEWED, mean=start[0], variance=start[1], learning_rate=rate, steps=1, **kinds)
    moving, along, back = COORDINATES[parametrisation]
    moved = np.subtract(moving(trace.mean[1], trace.variance[1]), moving(*start))
    loss, centre = losses(SKEWED, direction, normalise), np.array(along(*start))
    slopes = [(loss(*back(*(centre + d))) - loss(*back(*(centre - d)))) / (2 * h) for d in h * np.eye(2)]
    assert moved / -rate == pytest.approx(slopes, rel=1e-5, abs=1e-5)
    assert trace.loss[0] == pytest.approx(loss(*start), rel=1e-12)
    assert trace.loss[1] < trace.loss[0]


def test_natural_gradient_matches_the_moments_in_one_step():
    wide = np.arange(-60, 60, 0.1)
    target = np.exp(-np.abs(wide - 3))
    target /= target.sum()
    trace = fit(wide, target, learning_rate=1, steps=1, parametrisation="natural")
    mean = target @ wide
    assert (trace.mean[1], trace.variance[1]) == pytest.approx((mean, target @ (wide - mean) ** 2), rel=1e-12)


@pytest.mark.parametrize("direction", ["forward", "reverse"])
def test_inside_the_family_both_directions_end_at_the_target(direction):
    trace = fit(steps=3000, learning_rate=0.1, parametrisation="natural", direction=direction)
    assert (trace.mean[-1], trace.variance[-1], trace.kl[-1]) == pytest.approx((0, 7, 0), abs=1e-9)
    assert (trace.kl >= 0).all()


def test_reverse_steps_do_not_depend_on_the_sum_of_p():
    assert fit(direction="reverse", normalise=False).mean == pytest.approx(fit(direction="reverse").mean, rel=1e-12)


def test_a_target_that_is_0_in_places_can_be_fitted_forward():
    trace = fit(p=np.where(np.abs(X) < 3, 1.0, 0.0), steps=4000, learning_rate=0.05, parametrisation="natural")
    assert trace.variance[-1] == pytest.approx(np.mean(X[np.abs(X) < 3] ** 2), rel=0.01)
    assert np.isfinite(trace.kl).all()


FITS_MALFORMED = {
    "lengths": (lambda: fit(p=TARGET[1:]), ValueError, "x has 200 points and p has 199: give p's value at each point"),
    "falling": (lambda: fit(X[::-1]), ValueError, "x is not increasing: give two or more points in rising order"),
    "repeated": (lambda: fit(X.round()), ValueError, "x is not increasing"),
    "one point": (lambda: fit([0.0], [1.0]), ValueError, "x is not increasing: give two or more points"),
    "2-d": (lambda: fit(X.reshape(2, 100)), ValueError, "x has shape (2, 100): give a list"),
    "x nan": (lambda: fit(np.where(X > 5, np.nan, X)), ValueError, "every entry must be a finite number"),
    "p nan": (lambda: fit(p=np.where(X > 5, np.nan, TARGET)), ValueError, "every entry must be a finite number"),
    "log p": (lambda: fit(p=np.log(TARGET)), ValueError, "a density is never negative. Did you pass its logarithm?"),
    "p zero": (lambda: fit(p=0 * X), ValueError, "p sums to 0.0: move the grid to where p's mass lies"),
    "p text": (lambda: fit(p="density"), TypeError, "p holds str"),
    "variance 0": (lambda: fit(variance=0), ValueError, "variance is 0: it must be finite and above 0."),
    "variance nan": (lambda: fit(variance=math.nan), ValueError, "variance is nan: it must be finite and above 0."),
    "mean inf": (lambda: fit(mean=INF), ValueError, "mean is inf: it must be finite."),
    "mean list": (lambda: fit(mean=[1, 2]), TypeError, "mean is [1, 2]: give one number."),
    "rate 0": (lambda: fit(learning_rate=0), ValueError, "learning_rate is 0: it must be finite and above 0."),
    "rate negative": (lambda: fit(learning_rate=-0.1), ValueError, "learning_rate is -0.1"),
    "rate None": (lambda: fit(learning_rate=None), TypeError, "learning_rate is None: give one number."),
    "steps negative": (lambda: fit(steps=-1), ValueError, "steps is -1: give 0 or more."),
    "steps not whole": (lambda: fit(steps=2.5), TypeError, "steps is 2.5: give a whole number, such as 10."),
    "steps True": (lambda: fit(steps=True), TypeError, "steps is True: give a whole number"),
    "parametrisation": (
        lambda: fit(parametrisation="sd"),
        ValueError,
        "parametrisation is 'sd': choose one of 'variance', 'log_sd', 'natural'.",
    ),
    "direction": (lambda: fit(direction="up"), ValueError, "direction is 'up': choose one of 'forward', 'reverse'."),
    "reverse with zeros": (
        lambda: fit(p=np.where(X < 3, 1, 0), direction="reverse"),
        ValueError,
        "p is 0 at x = 3.1, so KL(q‖p) is infinite for every Gaussian q: cut the grid to where p is above 0",
    ),
    "negative variance": (
        lambda: fit(mean=0, variance=20, learning_rate=900, steps=9),
        ValueError,
        "Step 2 leaves the domain: it gives the mean -33.5953 and the variance -0.461682. Lower",
    ),
    "remedy": (
        lambda: fit(p=10 * TARGET, mean=0, variance=20, learning_rate=900, steps=9, normalise=False),
        ValueError,
        'Lower the learning_rate (now 900), or use parametrisation="log_sd", whose variance cannot become negative. '
        "With normalise=False every step is 99.9843 times as long.",
    ),
    "natural": (
        lambda: fit(learning_rate=3, steps=9, parametrisation="natural"),
        ValueError,
        "Step 1 leaves the domain: it gives the mean -10.0004 and the variance -131.057.",
    ),
    "overflow": (
        lambda: fit(mean=1e3, learning_rate=1, parametrisation="log_sd"),
        ValueError,
        "Step 1 leaves the domain: it gives the mean 990.1 and the variance inf. Lower the learning_rate (now 1).",
    ),
    "start too far": (lambda: fit(mean=1e200), ValueError, "The start, mean 1e+200 and variance 1, is too far from"),
}


@pytest.mark.parametrize(("call", "exception", "message"), FITS_MALFORMED.values(), ids=FITS_MALFORMED)
def test_malformed_fits(call, exception, message):
    with pytest.raises(exception, match=re.escape(message)):
        call()
