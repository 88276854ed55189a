"""klcourse.quadrature against closed forms of many families, mpmath and malformed input."""

import json
import math
import re
import subprocess
import sys
from pathlib import Path

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import betaln, gammaln

from klcourse.divergence import kl_divergence
from klcourse.gaussian import kl_gaussian
from klcourse.quadrature import exp_above_tangent, kl_quad

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


# --- values -----------------------------------------------------------------------------------------------------------

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


def univariate(case):
    def number(text):
        return math.sqrt(7) if text == "sqrt(7)" else float(text)

    return [number(case[key]) for key in ("mu1", "sigma1", "mu2", "sigma2")]


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
P, Q = normal(0, 1), normal(1, 2)
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
    "t2.049": (student(2.049), normal(0, 1), -INF, INF, kl_student_normal(2.049)),
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
        kl_quad(student(2.0001), normal(0, 1))
    with pytest.raises(ArithmeticError, match=r"too narrow for floats so far from 0\. Shift or rescale x"):
        kl_quad(lambda x: exponential(1e6)(x - 1000), lambda x: exponential(1e5)(x - 1000), lower=1000)


@pytest.mark.parametrize("scale", [1, 1e-8, 1000])
@pytest.mark.parametrize("excess", [0.1, 0.05, 0.049, 0.03, 0.01, 3e-3, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8])
def test_a_slow_tail_gives_the_value_or_a_bound_that_holds(excess, scale):
    """Student t against N(0, scale): the integral of p log(p/q) converges as that of x^-(1 + excess) does."""
    dof = 2 + excess
    exact = kl_student_normal(dof) + math.log(scale) + dof / (dof - 2) / 2 * (scale**-2 - 1)
    assert_within_bound(lambda: kl_quad(student(dof), normal(0, scale)), exact)


@pytest.mark.parametrize("power", [1, 0.1, 0.03, 0.01, 0.003, 0.001])
def test_a_slow_tail_of_p_itself(power):
    """Pareto laws from 1 on, and a log-normal q, for which p log(p/q) rises with log² x before it falls."""

    def pareto(power):
        return lambda x: math.log(power) - (1 + power) * np.log(x)

    assert_within_bound(lambda: kl_quad(pareto(power), pareto(2), lower=1), math.log(power / 2) + 2 / power - 1)
    half_log_normal = lambda x: log_normal(0, 1)(x) + LN2  # noqa: E731
    exact = math.log(power) - 1 + power**-2 + math.log(math.pi / 2) / 2  # E log x = 1/power, E log² x = 2/power²
    assert_within_bound(lambda: kl_quad(pareto(power), half_log_normal, lower=1), exact)


def assert_within_bound(call, exact):
    try:
        assert call() == pytest.approx(exact, rel=1e-9)
    except ArithmeticError as error:
        value, bound = map(float, re.match(r"The integral is (\S+) give or take (\S+),", str(error)).groups())
        assert abs(value - exact) <= 1.1 * bound + 1e-5 * value  # printed with 1 and 6 digits


def gap(p, left, right):
    return lambda x: np.where((left < x) & (x < right), -INF, p(x))


def test_points_show_what_falls_between_the_panels():
    q = gap(uniform(0, 1), 0.3, 0.3001)  # the rest of q's mass may lie beyond 1
    assert kl_quad(uniform(0, 1), q, lower=0, upper=1, points=[0.3, 0.3001]) == INF
    assert kl_quad(uniform(0, 1), q, lower=0, upper=1, points=[0.30005]) == INF
    normalised = lambda x: q(x) - math.log1p(-1e-4)  # noqa: E731
    assert kl_quad(uniform(0, 1), normalised, lower=0, upper=1) == INF  # too much mass calls for the finer search
    peak, rest = normal(0.3, 1e-12), normal(0, 1)
    p = mixture(1e-9, peak, rest)
    with mpmath.workdps(40):  # in units of the peak's width, where q is the constant that it is at 0.3
        height = mpmath.npdf(0.3) * mpmath.mpf("1e-12")
        w = mpmath.mpf("1e-9")
        r = lambda z: w * mpmath.npdf(z) / height + 1 - w  # noqa: E731  p/q
        exact = mpmath.quad(lambda z: height * (r(z) * mpmath.log(r(z)) - r(z) + 1), mpmath.linspace(-20, 20, 41))
    assert kl_quad(p, rest, points=[0.3]) == pytest.approx(float(exact), rel=1e-4)  # 0.3 + 1e-12 has few digits left


def test_points_change_no_value():
    for points in ([0.7], np.linspace(-3, 3, 200), (0,)):
        assert kl_quad(P, Q, points=points) == pytest.approx(kl_gaussian(0, 1, 1, 2), rel=1e-13)


COSTLY = {
    "noise": "lambda x: P(x) + rng.normal(0, 0.1, x.shape), P",
    "little noise": "lambda x: P(x) + rng.normal(0, 1e-8, x.shape), lambda x: P(x - 1)",
    "float32": "lambda x: P(x).astype(np.float32), lambda x: P(x - 1).astype(np.float32)",
    "fast": "lambda x: P(x) + np.sin(1e6 * x), P",
    "fast q": "P, lambda x: P(x) + 0.1 * np.sin(1e4 * x)",
    "periods without end": "lambda x: np.log1p(np.cos(x)) - np.log(np.pi) - np.log1p(x * x), P",
}


@pytest.mark.skipif(sys.platform != "linux", reason="reads the memory from Linux's getrusage")
@pytest.mark.parametrize("densities", COSTLY.values(), ids=COSTLY)
def test_what_cannot_be_integrated_costs_little(densities):
    code = f"""
import resource, time
import numpy as np
from klcourse.quadrature import kl_quad
rng = np.random.default_rng(0)
def P(x): return -x * x / 2 - np.log(2 * np.pi) / 2
before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
try:
    kl_quad({densities})
except ArithmeticError as error:
    assert "good enough" in str(error) or "goes up and down" in str(error)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(time.process_time() - start, (after - before) / 1024)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True)
    seconds, megabytes = map(float, run.stdout.split())
    assert seconds < 2
    assert megabytes < 200


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


@given(st.floats(-1e-3, 1e-3) | st.floats(-50, 50))
def test_the_height_above_the_tangent_keeps_its_digits(y):
    with mpmath.workdps(700):  # as many as cancel next to 0
        exact = mpmath.exp(y) - 1 - mpmath.mpf(y)
    assert float(exp_above_tangent(y)) == pytest.approx(float(exact), rel=1e-14, abs=1e-300)


# --- malformed input --------------------------------------------------------------------------------------------------

MALFORMED = {
    "densities": (lambda: kl_quad(0.5, Q), TypeError, "log_p is 0.5, not a function: give one that returns log"),
    "arrays": (lambda: kl_quad(P, np.zeros(3)), TypeError, "log_q is array([0., 0., 0.]), not a function"),
    "window": (
        lambda: kl_quad(normal(5, 4), normal(0, 2), lower=-10, upper=10),
        ValueError,
        "p integrates to 0.894262 between -10 and 10: KL needs all of p's mass. Widen lower and upper to p's whole "
        "support, or add the missing log normaliser.",
    ),
    "normaliser of p": (
        lambda: kl_quad(lambda x: -(x**2) / 2, Q),
        ValueError,
        "p integrates to 2.50663 between -inf and inf: KL needs all of p's mass. Add the missing log normaliser",
    ),
    "normaliser of q": (lambda: kl_quad(P, lambda x: -(x**2) / 2), ValueError, "q integrates to 2.50663 between"),
    "too much q": (
        lambda: kl_quad(exponential(1), lambda x: -x / 2, lower=0),
        ValueError,
        "q integrates to 2 between 0 and inf",
    ),
    "p, not log p": (lambda: kl_quad(lambda x: np.exp(P(x)), Q), ValueError, "p integrates to inf between"),
    "no mass": (lambda: kl_quad(uniform(7, 8), Q, upper=5), ValueError, "p integrates to 0 between -inf and 5"),
    "hidden peak": (
        lambda: kl_quad(mixture(0.5, P, normal(1e6, 1e-7)), Q),
        ValueError,
        "p integrates to 0.5 between -inf and inf: KL needs all of p's mass. Add the missing log normaliser, "
        "or give the place of a very narrow peak of p as one of the points.",
    ),
    "7 digits": (
        lambda: kl_quad(lambda x: P(x) + 1e-7, Q),
        ValueError,
        "p integrates to 1 + 1e-07 between -inf and inf, and 8 digits are needed: give the normaliser of log_p",
    ),
    "7 digits of q": (lambda: kl_quad(P, lambda x: Q(x) - 1e-7), ValueError, "q integrates to 1 - 1e-07 between"),
    "point outside": (
        lambda: kl_quad(exponential(1), exponential(2), lower=0, points=[0.0, 1.0]),
        ValueError,
        "points is [0. 1.]: give a list of places between lower and upper, 200 at most, or none.",
    ),
    "one point, no list": (lambda: kl_quad(P, Q, points=0.3), ValueError, "points is 0.3: give a list of places"),
    "too many points": (lambda: kl_quad(P, Q, points=np.linspace(0, 1, 201)), ValueError, "200 at most"),
    "point nan": (lambda: kl_quad(P, Q, points=[INF]), ValueError, "points is [inf]: every entry must be a finite"),
    "limits swapped": (
        lambda: kl_quad(P, Q, lower=1, upper=-1),
        ValueError,
        "lower is 1 and upper is -1: lower must be below upper",
    ),
    "limits equal": (
        lambda: kl_quad(P, Q, lower=1, upper=1),
        ValueError,
        "lower must be below upper. Swap them?",
    ),
    "limits too close": (
        lambda: kl_quad(uniform(1, 1 + 1e-13), Q, lower=1, upper=1 + 1e-13),
        ValueError,
        "have too few floats between them: shift x towards 0.",
    ),
    "nothing anywhere": (
        lambda: kl_quad(lambda x: x * 0 - 1e4, lambda x: x * 0 - INF),
        ValueError,
        "p integrates to 0 between",
    ),
    "limit nan": (lambda: kl_quad(P, Q, lower=math.nan), ValueError, "lower is nan and upper is inf"),
    "limit text": (lambda: kl_quad(P, Q, upper="inf"), TypeError, "upper is 'inf', not a number: use -np.inf"),
    "limit None": (lambda: kl_quad(P, Q, lower=None), TypeError, "lower is None, not a number"),
    "nan": (
        lambda: kl_quad(gamma(2, 1), Q),
        ValueError,
        "return -inf where the density is 0, and set lower and upper to where it is defined",
    ),
    "scalars only": (
        lambda: kl_quad(lambda x: -x if x > 0 else -INF, Q),
        TypeError,
        "Write it with NumPy functions, or wrap it: np.vectorize(log_p, otypes=[float]).",
    ),
    "math": (lambda: kl_quad(P, lambda x: -math.log(x)), TypeError, "log_q does not work on an array of points"),
    "a constant": (lambda: kl_quad(lambda x: 0.0, Q), ValueError, "log_p returns shape () for"),
    "too many values": (
        lambda: kl_quad(P, lambda x: np.outer(x, x[:2])),
        ValueError,
        "one value for each point is needed",
    ),
    "complex": (lambda: kl_quad(lambda x: x + 0j, Q), TypeError, "log_p(x) holds complex128 values"),
    "None": (lambda: kl_quad(lambda x: None, Q), TypeError, "log_p does not work on an array of points"),
}


@pytest.mark.parametrize(("call", "exception", "message"), MALFORMED.values(), ids=MALFORMED)
def test_malformed_input(call, exception, message):
    with pytest.raises(exception, match=re.escape(message)):
        call()
