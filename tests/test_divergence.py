"""klcourse.divergence against high-precision reference values, mpmath, identities and malformed input."""

import math
import re
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from reference import REFERENCE
from scipy.integrate import quad
from scipy.stats import norm

from klcourse.divergence import cross_entropy, entropy, js_distance, js_divergence, js_slope, kl_divergence, kl_terms

RGB_P, RGB_Q = [0.10, 0.40, 0.50], [0.80, 0.15, 0.05]
SMALLEST = np.nextafter(0, 1)


# --- the reference values ---------------------------------------------------------------------------------------------

# Cases whose reference file gives a rule in place of a list.
GENERATED = {
    "tiny_p": ([1e-300, 1.0], [0.5, 0.5]),
    "tiny_both": ([1e-300, 1.0], [2e-300, 1.0]),
    "zipf10000_vs_uniform": (1 / np.arange(1, 10_001), np.ones(10_000)),
    "geometric1000_vs_uniform": (0.5 ** np.arange(1, 1001), np.ones(1000)),
    "worm_teeth_vs_uniform": ([0.02, 0.03, 0.05, 0.14, 0.16, 0.15, 0.12, 0.08, 0.10, 0.08, 0.07], np.ones(11)),
}

FIELDS = {
    "kl_pq_nats": lambda p, q: kl_divergence(p, q),
    "kl_qp_nats": lambda p, q: kl_divergence(q, p),
    "kl_pq_bits": lambda p, q: kl_divergence(p, q, base=2),
    "kl_qp_bits": lambda p, q: kl_divergence(q, p, base=2),
    "entropy_p_nats": lambda p, q: entropy(p),
    "entropy_q_nats": lambda p, q: entropy(q),
    "cross_entropy_pq_nats": lambda p, q: cross_entropy(p, q),
    "cross_entropy_qp_nats": lambda p, q: cross_entropy(q, p),
    "js_nats": lambda p, q: js_divergence(p, q),
    "js_bits": lambda p, q: js_divergence(p, q, base=2),
    "js_distance_nats": lambda p, q: js_distance(p, q),
    "js_distance_bits": lambda p, q: js_distance(p, q, base=2),
    "jeffreys_nats": lambda p, q: kl_divergence(p, q) + kl_divergence(q, p),
}


def pair(case):
    p, q = (np.asarray(x, dtype=float) for x in GENERATED.get(case["id"]) or (case["p"], case["q"]))
    return (p / p.sum(), q / q.sum()) if case["inputs_need_normalising"] or "generator" in case else (p, q)


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("case", REFERENCE["discrete"], ids=lambda case: case["id"])
def test_discrete_reference(case, field):
    # 0.500000001 is no float: its rounding alone moves this case's tiny divergences by 1e-7.
    limited = case["id"] == "near_identical_1e-9" and "entropy" not in field
    assert FIELDS[field](*pair(case)) == pytest.approx(float(case[field]), rel=1e-6 if limited else 1e-12, abs=0)


@pytest.mark.parametrize("case", REFERENCE["weighted_js"], ids=lambda case: case["id"])
def test_weighted_js_reference(case):
    distributions = np.array(case["distributions"], dtype=float)
    weights = [float(Fraction(w)) for w in case["weights"]]
    nats = js_divergence(*distributions, weights=weights)
    assert nats == pytest.approx(float(case["js_nats"]), rel=1e-12)
    assert js_divergence(*distributions, weights=weights, base=2) == pytest.approx(float(case["js_bits"]), rel=1e-12)
    assert entropy(weights) == pytest.approx(float(case["upper_bound_entropy_of_weights_nats"]), rel=1e-12)
    assert entropy(weights) * (1 + 1e-15) >= nats


def test_terms_of_the_three_colours():
    np.testing.assert_allclose(kl_terms(RGB_P, RGB_Q), [-0.207944154, 0.392331701, 1.151292546], atol=5e-10)
    np.testing.assert_allclose(kl_terms(RGB_Q, RGB_P), [1.663553233, -0.147124388, -0.115129255], atol=5e-10)


def test_values_that_are_exact():
    dyadic, uniform = [0.5, 0.25, 0.125, 0.125], [0.25] * 4
    assert entropy(dyadic, base=2) == 1.75
    assert cross_entropy(dyadic, uniform, base=2) == 2
    assert kl_divergence(dyadic, uniform, base=2) == pytest.approx(0.25, rel=1e-15)
    assert kl_divergence(uniform, dyadic, base=2) == pytest.approx(0.25, rel=1e-15)
    assert js_divergence([1, 0], [0, 1], base=2) == 1
    assert js_distance([1, 0], [0, 1], base=2) == 1


# --- zeros ------------------------------------------------------------------------------------------------------------


def test_zeros_follow_the_limits():
    assert kl_divergence([0.5, 0.5, 0], [0.5, 0.25, 0.25]) == pytest.approx(math.log(2) / 2, rel=1e-15)
    assert kl_divergence([0.5, 0.25, 0.25], [0.5, 0.5, 0]) == math.inf
    assert cross_entropy([0.5, 0.25, 0.25], [0.5, 0.5, 0]) == math.inf
    assert kl_terms([0, 0.5, 0.5], [0, 1, 0]).tolist() == [0, 0.5 * math.log(0.5), math.inf]
    assert kl_divergence([0.5, 0.5, 0], [0.5, 0.5, 0]) == 0
    assert entropy([1, 0]) == 0
    assert math.copysign(1, entropy([1, 0])) == 1  # not -0.0
    assert cross_entropy([1, 0], [1, 0]) == 0


# --- inputs on which a plain sum fails --------------------------------------------------------------------------------


def exact_kl(p, q):
    """KL of the given doubles to 50 digits, as the sum of p log(p/q) - p + q."""
    with mpmath.workdps(50):
        terms = (
            mpmath.mpf(x) * mpmath.log(mpmath.mpf(x) / y) - x + y if x else mpmath.mpf(y)
            for x, y in zip(p, q, strict=True)
        )
        return mpmath.fsum(terms)


def exact_js(distributions, weights):
    with mpmath.workdps(50):
        weights = [mpmath.mpf(w) for w in weights]
        rows = [[mpmath.mpf(x) for x in p] for p in distributions]
        mixture = [sum(w * x for w, x in zip(weights, column, strict=True)) for column in zip(*rows, strict=True)]
        return mpmath.fsum(w * exact_kl(p, mixture) for w, p in zip(weights, rows, strict=True) if w)


def exact_cross_entropy(p, q):
    """An entry of q above 1/2 is taken as 1 less the others: near 1 its own rounding would hide its logarithm."""
    with mpmath.workdps(400):
        q = [mpmath.mpf(y) for y in q]
        others = [sum(q) - y for y in q]
        logs = [mpmath.log(1 - o if y > 0.5 else y) if y else mpmath.ninf for y, o in zip(q, others, strict=True)]
        return -mpmath.fsum(x * log for x, log in zip(p, logs, strict=True) if x)


below_half = np.nextafter(0.5, 0)
NASTY = {
    "adjacent doubles": ([below_half, 1 - below_half], [1 - below_half, below_half]),
    "scipy #20083 (float32)": (
        np.array([0.027501475, 0.055202297], "f4") / np.float32(0.082703772),
        np.array([0.027537677, 0.055334348], "f4") / np.float32(0.082872025),
    ),
    "subnormal against 0": ([0, 1], [SMALLEST, 1]),
    "subnormal against its double": ([SMALLEST, 1], [2 * SMALLEST, 1]),
    "ratio beyond the largest float": ([0.5, 0.5], [1e-320, 1]),
    "ratio below the smallest float": ([1e-320, 1], [0.5, 0.5]),
    "both tiny": ([1e-300, 1], [2e-300, 1]),
    "near one another": ([0.3 + 1e-12, 0.7 - 1e-12], [0.3, 0.7]),
    "at the edge of the series": ([0.55, 0.45], [0.5, 0.5]),
}


@pytest.mark.parametrize(("p", "q"), NASTY.values(), ids=NASTY)
def test_nasty_pairs(p, q):
    for a, b in ((p, q), (q, p)):
        kl = kl_divergence(a, b)
        a, b = [float(x) for x in a], [float(x) for x in b]
        if any(x > 0 == y for x, y in zip(a, b, strict=True)):
            assert kl == math.inf
        else:
            assert kl >= 0
            assert kl == pytest.approx(float(exact_kl(a, b)), rel=1e-12, abs=2 * SMALLEST)
    js = js_divergence(p, q)
    assert 0 <= js <= math.log(2)
    exact = float(exact_js([[float(x) for x in r] for r in (p, q)], [0.5, 0.5]))
    assert js == pytest.approx(exact, rel=1e-12, abs=2 * SMALLEST)
    assert js_distance(p, q) == js**0.5
    assert kl_divergence(p, p) == js_divergence(q, q) == 0


def test_a_plain_sum_has_the_wrong_sign_where_ours_is_right():
    p, q = np.array([0.500000001, 0.499999999]), np.array([0.5, 0.5])
    assert np.sum(p * np.log(p / q)) < 0
    assert kl_divergence(p, q) == pytest.approx(2e-18, rel=1e-6)


# --- properties -------------------------------------------------------------------------------------------------------


@st.composite
def distributions(draw, count, zeros=True):
    """`count` distributions on the same outcomes: zeros, tiny and ordinary entries, or neighbours of the first one."""
    size = draw(st.integers(2, 7))
    entry = st.floats(0.01, 1) | st.floats(-600, 0).map(math.exp) | (st.just(0.0) if zeros else st.nothing())
    rows = [draw(st.lists(entry, min_size=size, max_size=size)) for _ in range(count)]
    if draw(st.booleans()):
        nudge = st.lists(st.floats(-1e-3, 1e-3), min_size=size, max_size=size)
        rows[1:] = [
            [x * (1 + draw(st.sampled_from([1e-12, 1e-6, 1])) * d) for x, d in zip(rows[0], draw(nudge), strict=True)]
            for _ in rows[1:]
        ]
    rows = np.array(rows)
    assume((rows.sum(axis=1) > 0.001).all())
    return rows / rows.sum(axis=1, keepdims=True)


@given(distributions(2))
def test_kl_agrees_with_mpmath(pair):
    p, q = pair
    if ((q == 0) & (p > 0)).any():
        assert kl_divergence(p, q) == math.inf
    else:
        exact = exact_kl(p, q)
        assert exact >= 0
        assert kl_divergence(p, q) == pytest.approx(float(exact), rel=1e-12, abs=0)
        # The columns -p + q that keep the terms positive add no more than the rounding of the input.
        plain = exact + mpmath.fsum(p) - mpmath.fsum(q)
        assert kl_divergence(p, q) == pytest.approx(float(plain), rel=1e-12, abs=1e-14)


@given(distributions(3), st.sampled_from([(0.5, 0.25, 0.25), (0.25, 0, 0.75), (0, 1, 0)]))
def test_js_agrees_with_mpmath(three, weights):
    exact = float(exact_js(three, weights))
    assert js_divergence(*three, weights=weights) == pytest.approx(exact, rel=1e-12, abs=0)


@pytest.mark.parametrize("main", [0, 1, 2])
@pytest.mark.parametrize("small", [1e-3, 1e-6, 1e-9, 1e-12, 1e-15, 1e-18])
def test_js_keeps_its_digits_with_skewed_weights(main, small):
    """The exact value is that of weights and distributions whose sums have been made exactly 1."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        three, weights = rng.dirichlet(np.full(4, rng.choice([0.05, 0.3, 1])), size=3), np.full(3, small)
        weights[main] = 1 - 2 * small
        with mpmath.workdps(50):
            rows = [[mpmath.mpf(x) / mpmath.fsum(row) for x in row] for row in three]
            exact = exact_js(rows, [mpmath.mpf(w) / mpmath.fsum(weights) for w in weights])
        assert js_divergence(*three, weights=weights) == pytest.approx(float(exact), rel=1e-12, abs=0)


def test_a_weight_of_0_leaves_the_shape_alone():
    p, q, many = [0.1, 0.9], [0.5, 0.5], np.full((4, 3, 2), 0.5)
    for weights in ([0.5, 0.5, 0], [1, 0, 0], [0.2, 0.2, 0.6]):
        assert js_divergence(p, q, many, weights=weights).shape == (4, 3)
    js = js_divergence(p, q, many, weights=[0.5, 0.5, 0])
    assert (js == js_divergence(p, q)).all()
    js[0, 0] = 7  # an array of its own
    assert (js == 7).sum() == 1


@given(distributions(2))
def test_entropies_agree_with_mpmath(pair):
    p, q = pair
    assert entropy(p) == pytest.approx(float(exact_cross_entropy(p, p)), rel=1e-12, abs=0)
    assert cross_entropy(p, q) == pytest.approx(float(exact_cross_entropy(p, q)), rel=1e-12, abs=0)


@given(distributions(2))
def test_never_negative_never_nan_and_zero_for_identical(pair):
    p, q = pair
    for value in (entropy(p), cross_entropy(p, q), kl_divergence(p, q), js_divergence(p, q), js_distance(p, q)):
        assert value >= 0  # a NaN is not
        assert isinstance(value, float)
    assert not np.isnan(kl_terms(p, q)).any()
    assert kl_divergence(p, p) == js_divergence(p, p) == js_distance(p, p) == 0
    assert not kl_terms(p, p).any()


@given(distributions(2, zeros=False))
def test_chain(pair):
    p, q = pair
    assert kl_divergence(p, q) == pytest.approx(cross_entropy(p, q) - entropy(p), rel=1e-11, abs=1e-12)
    assert kl_divergence(p, q) == pytest.approx(kl_terms(p, q).sum(), rel=1e-11, abs=1e-12)


@given(distributions(3), st.floats(0.01, 0.99))
def test_js_identities(three, weight):
    weights = np.array([1 - weight, weight / 3, weight * 2 / 3])
    js = js_divergence(*three, weights=weights)
    mixture = weights @ three
    assert js == pytest.approx(entropy(mixture) - weights @ entropy(three), rel=1e-9, abs=1e-12)
    assert js <= entropy(weights) + 1e-15
    assert js_divergence(*three[::-1], weights=weights[::-1]) == pytest.approx(js, rel=1e-9, abs=1e-15)
    assert js_divergence(*three) == pytest.approx(js_divergence(*three, weights=[1 / 3] * 3), rel=1e-12, abs=0)


@given(distributions(3))
def test_js_distance_obeys_the_triangle_inequality(three):
    a, b, c = three
    assert js_distance(a, c) <= (js_distance(a, b) + js_distance(b, c)) * (1 + 1e-12) + 1e-15


FUNCTIONS = {
    "entropy": lambda p, q, **options: entropy(p, **options),
    "cross_entropy": cross_entropy,
    "kl_divergence": kl_divergence,
    "js_divergence": js_divergence,
    "js_distance": js_distance,
}


@pytest.fixture
def grids():
    rng = np.random.default_rng(0)
    p, q = rng.dirichlet(np.ones(5), size=(3, 1)), rng.dirichlet(np.ones(5), size=4)
    p[1, 0, 2] = q[0, 3] = 0
    return p / p.sum(axis=-1, keepdims=True), q / q.sum(axis=-1, keepdims=True)


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_broadcasting_is_a_loop_over_rows(function, grids):
    p, q = grids
    table = np.array([[function(row, column) for column in q] for row in p[:, 0]])
    result = function(p, q)
    np.testing.assert_allclose(np.broadcast_to(result, table.shape), table, rtol=1e-14)


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
@pytest.mark.parametrize("axis", [0, 1, -2])
def test_axis(function, axis, grids):
    p, q = np.broadcast_arrays(*grids)
    moved = function(np.moveaxis(p, -1, axis), np.moveaxis(q, -1, axis), axis=axis)
    np.testing.assert_array_equal(moved, function(p, q))


def test_terms_broadcast(grids):
    p, q = grids
    assert kl_terms(p, q).shape == (3, 4, 5)
    np.testing.assert_allclose(kl_terms(p, q).sum(axis=-1), kl_divergence(p, q), rtol=1e-12)


@pytest.mark.parametrize("base", [2, 10, 1.5, np.float64(math.e)])
def test_change_of_base(base):
    for name, function in FUNCTIONS.items():
        unit = math.log(base) ** (0.5 if name == "js_distance" else 1)
        assert function(RGB_P, RGB_Q, base=base) == pytest.approx(function(RGB_P, RGB_Q) / unit, rel=1e-14)
    np.testing.assert_allclose(kl_terms(RGB_P, RGB_Q, base=base), kl_terms(RGB_P, RGB_Q) / math.log(base), rtol=1e-14)


def test_inputs_are_left_alone():
    p, q, weights = np.array([0.0, 0.4, 0.6]), np.array([0.2, 0.3, 0.5]), np.array([0.25, 0.75])
    for function in (*FUNCTIONS.values(), kl_terms, lambda p, q: js_divergence(p, q, weights=weights)):
        function(p, q)
    assert p.tolist() == [0.0, 0.4, 0.6]
    assert q.tolist() == [0.2, 0.3, 0.5]
    assert weights.tolist() == [0.25, 0.75]


def test_kinds_of_numbers():
    expected = kl_divergence(RGB_P, RGB_Q)
    assert kl_divergence(np.array(RGB_P, "f4"), np.array(RGB_Q, "f4")) == pytest.approx(expected, rel=1e-6)
    fractions = [Fraction(1, 3), Fraction(2, 3)]
    assert entropy(fractions) == pytest.approx(math.log(3) - 2 / 3 * math.log(2), rel=1e-15)
    assert entropy([1]) == 0


# --- the slope of JS --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", [0, 1, 2])
@pytest.mark.parametrize("p", [RGB_P, RGB_Q, [0.3, 0, 0.7]])
def test_js_slope_along_a_softmax(p, outcome):
    def softmax(theta):
        weights = np.array(RGB_Q)
        weights[outcome] *= math.exp(theta)
        return weights / weights.sum()

    score = (np.arange(3) == outcome) - softmax(0)[outcome]
    ends = [js_divergence(p, softmax(theta)) for theta in (1e-5, -1e-5)]
    assert js_slope(p, softmax(0), score) == pytest.approx((ends[0] - ends[1]) / 2e-5, abs=1e-9)


@pytest.mark.parametrize("d", [0, 0.7, 3, 6])
def test_js_slope_along_a_shift_by_quadrature(d):
    x = np.linspace(-9, 15, 2401)
    p, q = (norm.pdf(x, mean) * 0.01 for mean in (0, d))

    def integrand(x):  # log(q/m) = log 2 - log(1 + p/q)
        return (x - d) * norm.pdf(x, d) * (math.log(2) - np.logaddexp(0, d * (d - 2 * x) / 2)) / 2

    assert js_slope(p, q, x - d) == pytest.approx(quad(integrand, d - 9, d + 9, epsabs=1e-12)[0], abs=1e-9)


def test_js_slope_where_an_outcome_is_missing():
    assert js_slope([1, 0], [0, 1], [5, 0]) == 0
    assert js_slope([1, 0, 0], [0, 0.5, 0.5], [0, 1, -1]) == pytest.approx(0, abs=1e-16), "disjoint supports stay so"


def test_half_precision_gets_no_room_of_its_own():
    """A tolerance that fits its three digits would let H be half of what it is, and JS pass 1 bit."""
    exact = np.array([0.5, 0.25, 0.25], "f2")
    assert entropy(exact, base=2) == 1.5
    for call in (
        lambda: entropy(np.array([0.998, 0.00079], "f2")),
        lambda: js_divergence(np.array([1.005, 0], "f2"), np.array([0, 1], "f2"), base=2),
        lambda: kl_divergence(np.array([0.1, 0.2, 0.7], "f2"), exact),
    ):
        with pytest.raises(
            ValueError, match=r"float16 holds three digits, .*: convert with astype\(float\), then divide"
        ):
            call()
    p = np.array([0.1, 0.2, 0.7], "f2").astype(float)
    assert kl_divergence(p / p.sum(), exact) == pytest.approx(kl_divergence([0.1, 0.2, 0.7], exact), rel=2e-3)


def test_a_sum_near_1_is_not_called_a_density():
    """The tail of a Poisson law beyond 40 is missing where λ is 15, as in notebook 06."""
    law = [math.exp(k * math.log(15) - 15 - math.lgamma(k + 1)) for k in range(41)]
    with pytest.raises(
        ValueError, match=r"q sums to 0.99999.*: prob.*If outcomes are left out.*add them.*divide by the"
    ):
        kl_divergence(np.eye(41)[0], law)
    with pytest.raises(ValueError, match=r"p sums to 1.0001: probabilities must sum to 1. If it is rounding, divide"):
        entropy([0.3334, 0.3333, 0.3334])


def test_a_number_too_large_for_a_float_is_refused_by_its_name():
    with pytest.raises(ValueError, match="q holds a number that is too large for a float"):
        kl_divergence([0.5, 0.5], [10**400, 1])


# --- malformed input --------------------------------------------------------------------------------------------------

HALF = [0.5, 0.5]
MALFORMED = {
    "negative": (lambda: entropy([0.5, -0.5, 1]), ValueError, "p[1] is -0.5: a probability cannot be negative"),
    "negative in a row": (lambda: entropy([HALF, [1.5, -0.5]]), ValueError, "p[1, 1] is -0.5"),
    "nan": (lambda: kl_divergence(HALF, [math.nan, 1]), ValueError, "q[0] is nan: every probability must be a finite"),
    "inf": (lambda: kl_divergence([math.inf, 0], HALF), ValueError, "p[0] is inf: every probability must be a finite"),
    "density on a grid": (
        lambda: kl_divergence(np.full(2000, 0.5), np.full(2000, 0.5)),
        ValueError,
        "p sums to 1000.0: probabilities must sum to 1. For a density on a grid multiply by the grid step",
    ),
    "counts": (lambda: kl_divergence([10, 40, 50], RGB_Q), ValueError, "for counts divide by their total"),
    "sum in a row": (lambda: entropy([HALF, [0.5, 0.4]]), ValueError, "p[1] sums to 0.9"),
    "sum of q": (lambda: cross_entropy(HALF, [0.2, 0.2]), ValueError, "q sums to 0.4"),
    "slightly off": (lambda: entropy([0.5, 0.4999999]), ValueError, "p sums to 0.9999999"),
    "all zero": (lambda: entropy([0, 0]), ValueError, "p sums to 0.0"),
    "percentages": (lambda: entropy([20, 80]), ValueError, "p sums to 100.0"),
    "scipy #20083 not normalised": (
        lambda: js_distance(np.array([0.0275, 0.0552], "f4"), np.array([0.0275, 0.0553], "f4")),
        ValueError,
        "distribution 1 sums to 0.08",
    ),
    "different lengths": (
        lambda: kl_divergence(HALF, RGB_Q),
        ValueError,
        "p has 2 outcomes and q has 3: both need one probability for each outcome, 0 where it cannot happen",
    ),
    "one outcome against two": (lambda: kl_divergence([1], HALF), ValueError, "p has 1 outcomes and q has 2"),
    "leading axes": (
        lambda: kl_divergence([HALF] * 2, [HALF] * 3),
        ValueError,
        "These shapes do not broadcast: p (2, 2), q (3, 2). Leading axes must be equal or 1.",
    ),
    "empty": (lambda: entropy([]), ValueError, "p is empty: a distribution needs at least one outcome"),
    "empty rows": (lambda: kl_divergence(np.empty((0, 2)), HALF), ValueError, "p is empty"),
    "a number": (
        lambda: entropy(0.5),
        ValueError,
        "p is the single number 0.5: give the probabilities of all outcomes",
    ),
    "ragged": (lambda: entropy([HALF, [1]]), ValueError, "p has rows of different lengths: make all rows equally long"),
    "masked": (
        lambda: entropy(np.ma.masked_array([0.5, 0.5, 0], [False, False, True])),
        ValueError,
        "p has masked entries: fill or remove them first",
    ),
    "text": (lambda: entropy(["a", "b"]), TypeError, "p holds str"),
    "None": (lambda: kl_divergence(HALF, None), TypeError, "q holds object values, not real numbers: give floats"),
    "complex": (lambda: entropy([0.5 + 0j, 0.5]), TypeError, "p holds complex128 values, not real numbers"),
    "booleans": (lambda: entropy([True, False]), TypeError, "p holds bool values"),
    "axis too large": (lambda: entropy(HALF, axis=1), ValueError, "axis=1 does not fit p, which has 1 axes"),
    "axis no number": (lambda: kl_divergence(HALF, HALF, axis="x"), ValueError, "axis='x' does not fit p"),
    "base 1": (lambda: entropy(HALF, base=1), ValueError, "base is 1: a logarithm's base must be above 1. Use None"),
    "base 0": (lambda: kl_divergence(HALF, HALF, base=0), ValueError, "base is 0: a logarithm's base must be above 1"),
    "base negative": (lambda: js_distance(HALF, HALF, base=-2), ValueError, "base is -2: a logarithm's base"),
    "base nan": (lambda: kl_terms(HALF, HALF, base=math.nan), ValueError, "base is nan: a logarithm's base"),
    "base inf": (lambda: entropy(HALF, base=math.inf), ValueError, "base is inf: a logarithm's base"),
    "base text": (lambda: entropy(HALF, base="2"), TypeError, "base is '2', not a number: use None for nats or 2"),
    "no distribution": (lambda: js_divergence(), ValueError, "two or more distributions, but got 0: add another"),
    "one distribution": (lambda: js_distance(HALF), ValueError, "two or more distributions, but got 1: add another"),
    "second distribution": (lambda: js_divergence(HALF, [1, 1]), ValueError, "distribution 2 sums to 2.0"),
    "third distribution": (
        lambda: js_divergence(HALF, HALF, RGB_P),
        ValueError,
        "distribution 1 has 2 outcomes and distribution 3 has 3",
    ),
    "too few weights": (
        lambda: js_divergence(HALF, HALF, HALF, weights=HALF),
        ValueError,
        "weights has shape (2,) for 3 distributions: give one weight for each",
    ),
    "weights off": (lambda: js_divergence(HALF, HALF, weights=[1, 1]), ValueError, "weights sums to 2.0"),
    "weight negative": (lambda: js_divergence(HALF, HALF, weights=[2, -1]), ValueError, "weights[1] is -1"),
    "weight nan": (lambda: js_divergence(HALF, HALF, weights=[math.nan, 1]), ValueError, "weights[0] is nan"),
    "weights text": (lambda: js_divergence(HALF, HALF, weights="ab"), TypeError, "weights holds str"),
    "slope: shapes": (
        lambda: js_slope(HALF, HALF, [1, 2, 3]),
        ValueError,
        "the shapes (2,), (2,) and (3,): give equal",
    ),
    "slope: rows": (lambda: js_slope([HALF], [HALF], [[0, 0]]), ValueError, "shapes (1, 2), (1, 2) and (1, 2)"),
    "slope: no score": (lambda: js_slope(HALF, HALF, [1, 1]), ValueError, "score has the mean 1 under q, not 0"),
    "slope: nan": (lambda: js_slope(HALF, HALF, [0, math.nan]), ValueError, "score is [ 0. nan]: every entry must be"),
    "slope: no distribution": (lambda: js_slope(HALF, [0.5, 0.6], [0, 0]), ValueError, "q sums to 1.1"),
    "terms": (lambda: kl_terms(HALF, [0.5, 0.6]), ValueError, "q sums to 1.1"),
}


@pytest.mark.parametrize(("call", "exception", "message"), MALFORMED.values(), ids=MALFORMED)
def test_malformed_input(call, exception, message):
    with pytest.raises(exception, match=re.escape(message)):
        call()
