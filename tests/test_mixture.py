"""Mixtures, EM and the matched bound against reference values, second ways and bad input."""

import math
import re
from itertools import islice

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import approx_fprime
from scipy.stats import norm

from klcourse.divergence import kl_divergence
from klcourse.explorers import mixtures_and_em
from klcourse.lessons.data import questions
from klcourse.mixture import (
    em_half_steps,
    forward_fit,
    log_density,
    log_joint,
    lower_bound,
    m_step,
    matched_bound,
    responsibilities,
    reverse_fits,
)
from klcourse.quadrature import kl_quad

DATA = mixtures_and_em.DATA
START = [0.5, 0.5], [-1, 1], [1, 1]
F, G = ([0.5, 0.5], [-2, 2], [1, 1]), ([0.3, 0.7], [-1, 3], [1, 1.5])
CROSSED_G = tuple(part[::-1] for part in G)


def log_likelihood(x, mixture):
    return log_density(x, *mixture).sum()


def em(x, mixture, steps, smallest_sd=0.0):
    for _ in range(steps):
        mixture = m_step(x, responsibilities(x, *mixture), smallest_sd)
    return mixture


def mixtures(components):
    def of(k):
        def numbers(low, high):
            return st.lists(st.floats(low, high), min_size=k, max_size=k).map(np.array)

        return st.tuples(numbers(0.05, 1).map(lambda w: w / w.sum()), numbers(-4, 4), numbers(0.3, 3))

    return components.flatmap(of)


# --- reference values -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "value"),
    [(0, -18.078040849), (1, -15.017199598), (2, -13.416790094), (5, -13.364090494), (200, -13.364090494)],
)
def test_log_likelihood_after_some_steps(steps, value):
    assert log_likelihood(DATA, em(DATA, START, steps)) == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize(
    ("steps", "weights", "means", "variances"),
    [
        (1, (0.45552492, 0.54447508), (-1.52684857, 1.72636369), (0.65644461, 0.78092776)),
        (200, (0.44442124, 0.55557876), (-1.700031, 1.799879), (0.164990, 0.452334)),
    ],
)
def test_parameters_after_some_steps(steps, weights, means, variances):
    found = em(DATA, START, steps)
    assert np.allclose(found[0], weights, atol=1e-8)
    assert np.allclose(found[1], means, atol=1e-6)
    assert np.allclose(found[2] ** 2, variances, atol=1e-6)


def test_kl_of_two_mixtures():
    def log_f(x):
        return log_density(x, *F)

    def log_g(x):
        return log_density(x, *G)

    assert kl_quad(log_f, log_g) == pytest.approx(0.483428237, abs=1e-9)
    assert kl_quad(log_g, log_f) == pytest.approx(0.692610783, abs=1e-9)
    assert matched_bound(F, G) == pytest.approx(0.512131470, abs=1e-9)
    assert matched_bound(F, CROSSED_G) == pytest.approx(5.178798137, abs=1e-9)


# --- second ways ------------------------------------------------------------------------------------------------------


@settings(max_examples=50)
@given(mixtures(st.integers(1, 4)), st.lists(st.floats(-6, 6), min_size=1, max_size=8))
def test_density_and_responsibilities_by_scipy(mixture, x):
    weights, means, sds = mixture
    joint = weights * norm.pdf(np.array(x)[:, None], means, sds)
    assert np.allclose(np.exp(log_joint(x, *mixture)), joint, rtol=1e-12)
    assert np.allclose(np.exp(log_density(x, *mixture)), joint.sum(axis=1), rtol=1e-12)
    assert np.allclose(responsibilities(x, *mixture), joint / joint.sum(axis=1, keepdims=True), rtol=1e-11)


FAR_MIXTURES = {
    "equal sds": ([0.5, 0.5], [0, 1], [1, 1]),
    "close means": ([0.3, 0.7], [0, 1e-8], [2, 2]),
    "equal": ([0.25, 0.75], [3, 3], [1, 1]),
    "close sds": ([0.5, 0.3, 0.2], [0, 1, 2], [1, 1 + 1e-12, 1 - 1e-9]),
    "different sds": ([0.5, 0.3, 0.2], [0, 1, 2], [1, 3, 0.5]),
    "tiny sd": ([0.5, 0.5], [0, 0], [1, 1e-300]),
    "sds that no ratio holds": ([0.5, 0.5], [0, 0], [1e-310, 100]),
}


@pytest.mark.parametrize("mixture", FAR_MIXTURES.values(), ids=FAR_MIXTURES)
@pytest.mark.parametrize("x", [0, 0.5, 30, 1e3, 1e5, -1e7, 1e9, 1e12, 1e20, -1e100])
def test_responsibilities_are_exact_however_far_out(mixture, x):
    q = responsibilities([x], *mixture)
    assert np.abs(q.sum(axis=1) - 1).max() < 1e-15
    with mpmath.workdps(700):
        joint = [
            mpmath.mpf(w) / mpmath.mpf(s) * mpmath.exp(-(((mpmath.mpf(x) - m) / mpmath.mpf(s)) ** 2) / 2)
            for w, m, s in zip(*mixture, strict=True)
        ]
        exact = [float(j / mpmath.fsum(joint)) for j in joint]
    assert q[0] == pytest.approx(exact, rel=1e-9, abs=1e-300)


def test_an_m_step_accepts_the_labels_of_points_far_out():
    x = np.array([0, 1, 1e5, 1e9])
    weights, _, _ = m_step(x, responsibilities(x, [0.5, 0.5], [0, 1e-9], [1, 1]))
    assert weights.sum() == pytest.approx(1, abs=1e-15)


def test_far_from_every_component():
    assert log_density(100.0, [0.5, 0.5], [0, 1], [1, 1]) == pytest.approx(math.log(0.5) + norm.logpdf(99), rel=1e-14)
    assert responsibilities(100.0, [0.5, 0.5], [0, 1], [1, 1])[0] == pytest.approx(math.exp(-99.5), rel=1e-10)


@settings(max_examples=50)
@given(mixtures(st.just(3)), st.integers(0, 1000))
def test_bound_and_gap_add_up(mixture, seed):
    q = np.random.default_rng(seed).dirichlet([0.3, 0.3, 0.3], DATA.size)
    q[0] = 0, 1, 0  # a hard label
    bound, posterior = lower_bound(DATA, q, *mixture), responsibilities(DATA, *mixture)
    gap = kl_divergence(q, posterior).sum()
    assert bound + gap == pytest.approx(log_likelihood(DATA, mixture), rel=1e-10)
    assert lower_bound(DATA, posterior, *mixture) == pytest.approx(log_likelihood(DATA, mixture), rel=1e-12)


@settings(max_examples=30)
@given(mixtures(st.just(2)), st.sampled_from([0.0, 0.2, 1.0]))
def test_log_likelihood_never_falls(mixture, smallest_sd):
    mixture = mixture[0], mixture[1], np.maximum(mixture[2], smallest_sd)
    for _ in range(15):
        q = responsibilities(DATA, *mixture)
        after = m_step(DATA, q, smallest_sd)
        if after[2].min() < 1e-6:
            return  # on its way to a single point
        before, bound = log_likelihood(DATA, mixture), lower_bound(DATA, q, *after)
        assert before - 1e-9 <= bound <= log_likelihood(DATA, after) + 1e-9
        mixture = after


def test_m_step_is_where_the_slopes_of_the_bound_are_zero():
    q = np.random.default_rng(3).dirichlet([1, 1, 1], DATA.size)
    weights, means, sds = m_step(DATA, q)

    def bound(parameters):
        logits, means, sds = parameters.reshape(3, 3)
        return lower_bound(DATA, q, np.exp(logits) / np.exp(logits).sum(), means, sds)

    best = np.concatenate([np.log(weights), means, sds])
    assert np.allclose(approx_fprime(best, bound, 1e-6), 0, atol=1e-4)
    assert not np.allclose(approx_fprime(best + 0.1, bound, 1e-6), 0, atol=1e-2)


def test_m_step_with_a_floor_is_the_best_above_the_floor():
    q = responsibilities(DATA, *START)
    weights, means, sds = m_step(DATA, q, 0.85)
    assert sds[0] == 0.85 < sds[1]
    best = lower_bound(DATA, q, weights, means, sds)
    assert all(lower_bound(DATA, q, weights, means, [sd, sds[1]]) < best for sd in (0.86, 0.9, 1.5))


def test_matched_bound_is_the_kl_of_the_pairs():
    x, dx = np.linspace(-15, 20, 3501, retstep=True)
    joint_f, joint_g = log_joint(x, *F), log_joint(x, *G)
    assert np.sum(np.exp(joint_f) * (joint_f - joint_g)) * dx == pytest.approx(matched_bound(F, G), rel=1e-10)
    missed = kl_divergence(responsibilities(x, *F), responsibilities(x, *G))
    gap = np.sum(np.exp(log_density(x, *F)) * missed) * dx
    assert matched_bound(F, G) - gap == pytest.approx(0.483428237, abs=1e-8)
    assert matched_bound(F, F) == 0


def test_equal_components_never_part():
    weights, means, sds = em(DATA, ([0.5, 0.5], [0, 0], [1, 1]), 50)
    assert np.allclose([means, sds], [[DATA.mean()] * 2, [DATA.std()] * 2], rtol=1e-12)
    assert np.allclose(weights, 0.5, rtol=1e-12)


# --- EM by half steps, and the best Gaussians ------------------------------------------------------------------------


@pytest.mark.parametrize("smallest_sd", [0.0, 0.7])
def test_half_steps_are_em_written_out(smallest_sd):
    weights, means, sds = (np.array(part, float) for part in START)
    q = np.full((DATA.size, 2), 0.5)
    for i, (mixture, labels, value, bound) in enumerate(islice(em_half_steps(DATA, *START, smallest_sd), 12)):
        joint = weights * norm.pdf(DATA[:, None], means, sds)
        if i % 2:
            q = joint / joint.sum(axis=1, keepdims=True)
        elif i:
            weights, means = q.mean(axis=0), (q * DATA[:, None]).sum(axis=0) / q.sum(axis=0)
            spread = (q * (DATA[:, None] - means) ** 2).sum(axis=0) / q.sum(axis=0)
            sds = np.maximum(np.sqrt(spread), smallest_sd)
            joint = weights * norm.pdf(DATA[:, None], means, sds)
        for found, expected in zip((*mixture, labels), (weights, means, sds, q), strict=True):
            assert found == pytest.approx(expected, rel=1e-12)
        assert value == pytest.approx(np.log(joint.sum(axis=1)).sum(), rel=1e-12)
        assert bound == (pytest.approx(np.sum(q * np.log(joint / q)), rel=1e-12) if i else -math.inf)


def test_half_steps_end_where_a_component_collapses():
    *_, last = em_half_steps([0, 1, 2], [0.5, 0.5], [0, 1.5], [1e-3, 0.5])
    assert (last[0][2].min(), last[2], last[3]) == (0, math.inf, math.inf)


@pytest.mark.parametrize(("d", "weight"), [(0, 0.3), (0.8, 0.5), (2, 0.5), (2.5, 0.6), (3, 0.3), (5, 0.9)])
def test_reverse_fits_lie_in_the_valleys_that_quadrature_finds(d, weight):
    p = [weight, 1 - weight], [-d, d], [1, 1]

    def kl(mean, sd):
        return kl_quad(lambda x: log_density(x, [1], [mean], [sd]), lambda x: log_density(x, *p))

    for mean, sd, value in np.transpose(reverse_fits(d, weight, [-d, (1 - 2 * weight) * d, d], [1, 2, 1])):
        assert kl(mean, sd) == pytest.approx(value, abs=1e-9)
        around = [kl(mean + 1e-3 * math.cos(a), sd + 1e-3 * math.sin(a)) for a in np.arange(8) * math.pi / 4]
        assert min(around) > value


@pytest.mark.parametrize(("d", "weight"), [(0, 0.3), (2, 0.5), (3, 0.3), (5, 0.95)])
def test_forward_fit_has_the_moments_and_the_smallest_kl(d, weight):
    def log_p(x):
        return log_density(np.atleast_1d(x), [weight, 1 - weight], [-d, d], [1, 1]).reshape(np.shape(x))

    def kl(fit):
        return kl_quad(log_p, lambda x: norm.logpdf(x, *fit))

    moments = [quad(lambda x, n=n: x**n * np.exp(log_p(x)), -d - 12, d + 12, points=[-d, d])[0] for n in (1, 2)]
    mean, sd = forward_fit(d, weight)
    assert (mean, sd) == pytest.approx((moments[0], math.sqrt(moments[1] - moments[0] ** 2)), abs=1e-9)
    assert approx_fprime([mean, sd], kl, 1e-6) == pytest.approx([0, 0], abs=1e-5)
    around = [kl((mean + shift, sd * stretch)) for shift, stretch in [(0.1, 1), (-0.1, 1), (0, 1.1), (0, 0.9)]]
    assert min(around) > kl((mean, sd))


# --- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mixture", "message"),
    [
        (([0.5, 0.6], [0, 1], [1, 1]), "their sum 1"),
        (([0.0, 1.0], [0, 1], [1, 1]), "all must be above 0"),
        (([0.5, 0.5], [0, 1], [1, 0]), "standard deviation must be above 0"),
        (([0.5, 0.5], [0, 1, 2], [1, 1]), "2 weights, 3 means and 2 sds"),
        (([0.5, 0.5], [0, math.nan], [1, 1]), "finite number"),
    ],
)
def test_what_is_no_mixture(mixture, message):
    with pytest.raises(ValueError, match=message):
        log_joint(DATA, *mixture)
    with pytest.raises(ValueError, match=message):
        matched_bound(F, mixture)


@pytest.mark.parametrize(
    ("q", "message"),
    [
        (np.full((8, 2), 0.5), "one row for each"),
        (np.full((9, 2), 0.6), "each row sums to 1"),
        (np.tile([1.5, -0.5], (9, 1)), "entries are at least 0"),
        (np.full((9, 3), 1 / 3), "3 columns for 2 components"),
        (np.full(9, 1.0), "has shape"),
    ],
)
def test_what_are_no_labels(q, message):
    with pytest.raises(ValueError, match=message):
        lower_bound(DATA, q, *START)


def test_a_component_without_observations():
    with pytest.raises(ValueError, match="Component 2 of 2 has no observation"):
        m_step([0, 1], [[1, 0], [1, 0]])


@pytest.mark.parametrize(
    ("call", "remedy"),
    [
        (lambda: m_step([0, 1], [[1, 0], [0, 1]], -1), "at least 0"),
        (lambda: m_step([0, 1], [[1, 0], [0, 1]], [0.1, 0.2]), "one number"),
        (lambda: responsibilities([1e200], *F), "too far"),
        (lambda: matched_bound(F[:2], G), "f is no mixture"),
        (lambda: matched_bound(F, 3), "g is no mixture"),
        (lambda: em_half_steps(3, *START), "x has shape ()"),
        (lambda: em_half_steps(DATA, [1], [0, 1], [1, 1]), "1 weights, 2 means and 2 sds"),
        (lambda: em_half_steps(DATA, *START, -0.1), "smallest_sd is -0.1: it must be finite and at least 0"),
        (lambda: forward_fit(-1, 0.5), "d is -1: it must be finite and at least 0"),
        (lambda: forward_fit(1, 0), "weight is 0: it must be finite and above 0 and below 1"),
        (
            lambda: reverse_fits(5.5, 0.5, [0], [1]),
            "d is 5.5: give 5 at most. Farther apart, each hump alone has KL = -log",
        ),
        (
            lambda: m_step([1e200, -1e200], [[1], [1]]),
            "x holds numbers whose squares are too large for floats: rescale",
        ),
        (lambda: reverse_fits(-1, 0.5, [0], [1]), "d is -1: it must be finite and at least 0"),
        (lambda: reverse_fits(1, 1, [0], [1]), "weight is 1: it must be finite and above 0 and below 1"),
        (lambda: reverse_fits(1, 0.5, [0], [0]), "a standard deviation must be above 0"),
        (lambda: reverse_fits(1, 0.5, [0, 1], [1]), "means has 2, sds has 1"),
        (lambda: mixtures_and_em.em_steps(mean_2=math.nan), "it must be a number in"),
        (lambda: mixtures_and_em.em_steps(sd_2="a"), "it must be a number in"),
        (lambda: mixtures_and_em.bound_and_gap(q=[]), "q is []: choose one of"),
        (lambda: mixtures_and_em.kl_of_mixtures(draws=10.7), "whole number"),
    ],
)
def test_bad_input_is_refused_with_the_remedy(call, remedy):
    with pytest.raises(ValueError, match=re.escape(remedy)):
        call()


def test_tiny_sds_and_far_points_keep_their_digits():
    assert log_density([0], [0.5, 0.5], [0, 1], [1e-310, 1])[0] == pytest.approx(712.18, abs=0.01)
    assert lower_bound([0.5], [[0, 1]], [0.5, 0.5], [0, 0.5], [1e-160, 1]) == pytest.approx(-1.612085713764)


def test_the_floor_holds_the_start_too():
    numbers = shows(mixtures_and_em.em_steps(-1.7, 1.8, 0.4, 0.7), smallest_sd=1.0, half_steps=20)
    assert (np.diff(numbers["log_likelihoods"]) >= -1e-12).all()


def test_mixtures_of_different_size_have_no_matched_bound():
    with pytest.raises(ValueError, match="2 components and g has 1"):
        matched_bound(F, ([1.0], [0], [1]))


def test_one_point_alone_has_sd_zero():
    assert m_step([0, 1, 2], [[1, 0], [0, 1], [0, 1]])[2].tolist() == [0.0, 0.5]


# --- the explorers, and what the questions and notes say about them ---------------------------------------------------


def feedback(question):
    return " ".join(answer["feedback"] for answer in questions()[question]["answers"])


def shows(explorer, **values):
    for name, value in values.items():
        explorer.controls[name].value = value
    return explorer.numbers


def agree(text, value, decimals=4):
    return f"{value:.{decimals}f}".replace("-", "−") in text


def test_bound_and_gap_as_the_question_says():
    explorer = mixtures_and_em.bound_and_gap()
    assert explorer.numbers["gap"] == pytest.approx(0, abs=1e-12)
    numbers = shows(explorer, mean_2=1.7)
    for part in ("log_likelihood", "bound", "gap"):
        assert agree(feedback("7.a"), numbers[part]), part
    assert numbers["gaps"].argmax() == DATA.tolist().index(-1.1)
    numbers = shows(explorer, mean_1=-1.55, mean_2=1.75, sd_1=0.8, sd_2=0.9, weight_1=0.46)
    assert -15.97 < numbers["bound"] < -15.953
    assert numbers["log_likelihood"] == pytest.approx(-15.02, abs=0.05)
    gaps = {name: shows(explorer, q=name)["gap"] for name in ("now", "start", "hard", "half")}
    assert gaps["now"] == pytest.approx(0, abs=1e-12)
    assert max(gaps, key=gaps.get) == "half"
    posterior = shows(explorer, q="hard")["posterior"]
    assert gaps["hard"] == pytest.approx(-np.log(posterior.max(axis=1)).sum(), rel=1e-10)
    assert gaps["hard"] > 0.01
    explorer.reset()
    halves = [shows(explorer, q="half", mean_1=-m, mean_2=m)["gap"] for m in (0.0, 1.0, 4.0)]
    assert halves == pytest.approx([0, 10.03, 56.96], abs=0.005), "as the notebook says"


def test_em_steps_as_the_question_says():
    explorer = mixtures_and_em.em_steps()
    values = shows(explorer, half_steps=80)["log_likelihoods"][::2]
    assert (np.diff(values) > -1e-12).all()
    for step in (0, 1, 20, 31):
        assert agree(feedback("7.b"), values[step]), step
    assert values[30] < -13.39
    bounds = explorer.numbers["bounds"]
    assert (bounds[1:] <= explorer.numbers["log_likelihoods"][1:] + 1e-12).all()
    assert np.allclose(bounds[1::2], explorer.numbers["log_likelihoods"][1::2], rtol=1e-12)


@pytest.mark.parametrize(
    ("start", "end"), [((-1, 1, 1, 1), -13.3641), ((1.5, 2.5, 0.5, 0.5), -16.3290), ((0, 0, 1, 1), -18.2096)]
)
def test_ends_of_other_starts(start, end):
    numbers = shows(mixtures_and_em.em_steps(*map(float, start)), half_steps=80)
    assert numbers["log_likelihood"] == pytest.approx(end, abs=1e-4)


def test_a_collapsing_component_is_shown_and_the_floor_holds_it():
    explorer = mixtures_and_em.em_steps(-1.1, 1.0, 0.1, 1.0)
    numbers = shows(explorer, half_steps=80)
    assert (numbers["collapsed"], numbers["log_likelihood"], numbers["taken"]) == (1, math.inf, 4)
    assert "∞" in explorer.text
    numbers = shows(explorer, smallest_sd=0.1)
    assert numbers["log_likelihood"] == pytest.approx(-17.815018, abs=1e-5)


@pytest.mark.parametrize("start", [-3.0, -0.3, 0.05, 0.5, 2.6])
@pytest.mark.parametrize("sd", [0.4, 1.0, 1.7, 2.5])
def test_the_bound_touches_from_below(start, sd):
    explorer = mixtures_and_em.touching_bound(start, sd)
    numbers = shows(explorer, steps=3)
    mixture = [0.5, 0.5], [-numbers["m"], numbers["m"]], [sd, sd]
    assert numbers["log_likelihood"] == pytest.approx(log_density(DATA, *mixture).sum(), rel=1e-12)
    assert (numbers["bound"] <= numbers["heights"] + 1e-9).all()
    q = responsibilities(DATA, *mixture)
    top = [0.5, 0.5], [-numbers["next"], numbers["next"]], [sd, sd]
    assert numbers["top_of_bound"] == pytest.approx(lower_bound(DATA, q, *top), rel=1e-12)
    assert numbers["next"] == pytest.approx(np.mean((q[:, 1] - q[:, 0]) * DATA), abs=1e-12)
    late = shows(explorer, steps=60)
    assert late["errors"][-1] < 1e-6 or late["errors"][-1] / late["errors"][-2] == pytest.approx(late["rate"], rel=1e-3)
    assert (np.diff(late["errors"]) <= 1e-12).all() or start == 0.05


def test_touching_bound_as_the_question_says():
    explorer = mixtures_and_em.touching_bound()
    for sd, steps in [(1.0, 4), (1.7, 23)]:
        errors = shows(explorer, sd=sd, steps=60)["errors"]
        assert np.argmax(errors < 1e-3) == steps
    at_rest = shows(explorer, start=0.0)
    assert (at_rest["path"] == 0).all()
    assert "EM stays" in explorer.text
    assert shows(explorer, start=0.05, sd=1.0)["end"] == pytest.approx(1.7337, abs=1e-4)
    assert shows(explorer, sd=1.85)["end"] == 0
    assert shows(explorer, sd=1.8)["end"] == pytest.approx(0.6064, abs=1e-4)
    assert [shows(explorer, start=0.5, sd=sd)["axis"] for sd in (0.4, 1.0, 1.4, 1.7, 1.85)] == [10, 10, 20, 60, 60]


def test_kl_of_mixtures_as_the_question_says():
    explorer = mixtures_and_em.kl_of_mixtures()
    assert explorer.numbers["kl"] == pytest.approx(0.483428237, abs=1e-9)
    assert explorer.numbers["bound"] == pytest.approx(matched_bound(F, G), rel=1e-12)
    asks = questions()["7.d"]["asks"]
    assert agree(asks, explorer.numbers["kl"])
    assert agree(asks, explorer.numbers["bound"])
    together = shows(explorer, mean=0.0)
    for value in (together["kl"], together["bound"], together["bound"] - together["kl"]):
        assert agree(feedback("7.d"), value), value
    explorer.reset()
    below = [sample for sample in range(1, 21) if shows(explorer, draws=10.0, sample=sample)["last"][0] < 0]
    assert below == [8, 20], "as the notebook says"
    explorer.reset()
    assert shows(explorer, pairs="crossed")["bound"] == pytest.approx(matched_bound(F, CROSSED_G), rel=1e-12)


def test_bars_that_miss():
    explorer = mixtures_and_em.kl_of_mixtures()
    lasts = [shows(explorer, sample=number)["last"] for number in range(1, 21)]
    assert sum(abs(mean - explorer.numbers["kl"]) > error for mean, error in lasts) == 7
    assert any(shows(explorer, sample=number)["means"].min() < 0 for number in range(1, 21)), "a negative estimate"


@pytest.mark.parametrize(("mean", "right", "weight"), [(0.0, -1.0, 0.02), (4.0, 6.0, 0.98), (4.0, -1.0, 0.98)])
def test_the_grid_of_the_explorer_is_fine_enough(mean, right, weight):
    numbers = shows(mixtures_and_em.kl_of_mixtures(), mean=mean, right=right, weight=weight)
    f, g = ([0.5, 0.5], [-mean, mean], [1, 1]), ([weight, 1 - weight], [-1, right], [1, 1.5])
    assert numbers["kl"] == pytest.approx(kl_quad(lambda x: log_density(x, *f), lambda x: log_density(x, *g)), rel=1e-8)


@pytest.mark.parametrize(
    ("make", "arguments"),
    [
        (mixtures_and_em.bound_and_gap, {"mean_1": 5}),
        (mixtures_and_em.bound_and_gap, {"q": "soft"}),
        (mixtures_and_em.em_steps, {"sd_1": 0.0}),
        (mixtures_and_em.em_steps, {"mean_2": 4}),
        (mixtures_and_em.touching_bound, {"sd": 0.1}),
        (mixtures_and_em.touching_bound, {"start": 4}),
        (mixtures_and_em.kl_of_mixtures, {"draws": 5}),
        (mixtures_and_em.kl_of_mixtures, {"weight": 1.0}),
    ],
)
def test_arguments_outside_their_range(make, arguments):
    with pytest.raises(ValueError, match=re.escape(next(iter(arguments)))):
        make(**arguments)
