"""klcourse.fitting against published traces, finite differences, the closed form and malformed input."""

import math
import re

import mpmath
import numpy as np
import pytest

from klcourse.divergence import kl_divergence
from klcourse.fitting import descend_kl, exact_slopes, fit_gaussian, forward_slopes, reverse_slopes
from klcourse.gaussian import kl_gaussian

INF = math.inf
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


def exact_kl(mean, variance, direction):
    """KL of p on the grid and the Gaussian, each divided by its sum."""
    with mpmath.workdps(250):
        x, p, mean, variance = map(mpmath.mpf, X), list(map(mpmath.mpf, TARGET)), mpmath.mpf(mean), mpmath.mpf(variance)
        q = [mpmath.exp(-((place - mean) ** 2) / 2 / variance) for place in x]
        p, q = ([value / mpmath.fsum(law) for value in law] for law in (p, q))
        p, q = (p, q) if direction == "forward" else (q, p)
        return float(mpmath.fsum(a * mpmath.log(a / b) for a, b in zip(p, q, strict=True)))


@pytest.mark.parametrize("direction", ["forward", "reverse"])
@pytest.mark.parametrize("mean", [0.3, 9.9, 11, -100, 1e4, -1e8, 1e12, 1e100])
@pytest.mark.parametrize("variance", [1e-3, 1, 1e9])
def test_kl_is_exact_however_far_from_the_grid(mean, variance, direction):
    trace = fit(mean=mean, variance=variance, learning_rate=1, steps=1, direction=direction, parametrisation="natural")
    assert trace.kl[0] == pytest.approx(exact_kl(mean, variance, direction), rel=1e-14, abs=2e-15)


def test_from_far_away_one_natural_step_still_matches_the_moments():
    trace = fit(mean=1e8, variance=1, learning_rate=1, steps=1, parametrisation="natural")
    p = TARGET / TARGET.sum()
    assert trace.mean[1] - p @ X == pytest.approx(1e8 - X[-1], abs=1e-7)  # q stands on the last point of the grid


# --- the parts of a fit -----------------------------------------------------------------------------------------------

STARTS = [(5.0, 1.0), (-1.5, 3.0), (0.2, 20.0)]


@pytest.mark.parametrize(("mean", "variance"), STARTS)
@pytest.mark.parametrize("target", [0.5, 7.0])
def test_exact_slopes_by_finite_differences(mean, variance, target):
    def closed(mean, variance):
        return kl_gaussian(0, math.sqrt(target), mean, math.sqrt(variance))

    kl, first, second = exact_slopes(target)(mean, variance)
    assert kl == pytest.approx(closed(mean, variance), rel=1e-12)
    along_mean = (closed(mean + 1e-5, variance) - closed(mean - 1e-5, variance)) / 2e-5
    along_variance = (closed(mean, variance + 1e-5) - closed(mean, variance - 1e-5)) / 2e-5
    assert (first / variance, second / (2 * variance**2)) == pytest.approx((along_mean, along_variance), abs=1e-7)


@pytest.mark.parametrize(("mean", "variance"), STARTS)
def test_slopes_on_a_wide_grid_are_the_exact_ones(mean, variance):
    x = np.arange(-60, 60, 0.05)
    p = np.exp(-(x**2) / 14)
    found = forward_slopes(x, p / p.sum())(mean, variance)
    assert found == pytest.approx(exact_slopes(7)(mean, variance), rel=1e-9, abs=1e-9)
    assert reverse_slopes(x, p / p.sum())(mean, variance)[0] == pytest.approx(
        kl_gaussian(mean, math.sqrt(variance), 0, math.sqrt(7)), rel=1e-9
    )


@pytest.mark.parametrize("parametrisation", ["variance", "log_sd", "natural"])
def test_a_fit_follows_the_slopes(parametrisation):
    trace = fit(parametrisation=parametrisation)
    slopes = forward_slopes(X, TARGET / TARGET.sum())
    states, outside = descend_kl(slopes, 5, 1, 0.1, 3, parametrisation)
    assert outside is None
    assert states.T[:2].tolist() == [trace.mean.tolist(), trace.variance.tolist()]


def test_a_descent_keeps_what_came_before_it_left_the_domain():
    slopes = exact_slopes(0.1)
    states, outside = descend_kl(slopes, 8, 20, 10, steps=100)
    assert len(states) == 47
    assert not outside[1] > 0
    assert np.array_equal(states, descend_kl(slopes, 8, 20, 10, steps=46)[0])


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
        "Lower the learning_rate (now 900). With normalise=False the learning rate on KL is 99.9843 times as large.",
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
    "descent: slopes of no variance": (
        lambda: exact_slopes(0),
        ValueError,
        "target is 0: it must be finite and above 0.",
    ),
    "descent: rate": (
        lambda: descend_kl(exact_slopes(7), 0, 1, -1, 3),
        ValueError,
        "learning_rate is -1: it must be finite and above 0.",
    ),
    "start too far": (
        lambda: fit(mean=1e300, variance=1e-10),
        ValueError,
        "The start, mean 1e+300 and variance 1e-10, is too far from the grid for floats: start nearer.",
    ),
    "normalise": (lambda: fit(normalise="no"), TypeError, "normalise is 'no': give True or False."),
    "normalise array": (lambda: fit(normalise=np.array([0, 1])), TypeError, "normalise is array([0, 1]): give True or"),
    "normalise None": (lambda: fit(normalise=None), TypeError, "normalise is None: give True or False."),
    "direction unhashable": (lambda: fit(direction=["forward"]), ValueError, "direction is ['forward']: choose one of"),
}


@pytest.mark.parametrize(("call", "exception", "message"), FITS_MALFORMED.values(), ids=FITS_MALFORMED)
def test_malformed_fits(call, exception, message):
    with pytest.raises(exception, match=re.escape(message)):
        call()
