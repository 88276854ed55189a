"""t-SNE against reference numbers, finite differences and second ways; and the numbers behind notebook 08."""

import itertools
import math
import re

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from klcourse import tsne
from klcourse.divergence import entropy, kl_divergence
from klcourse.explorers import tsne as explorers
from klcourse.lessons.data import questions
from klcourse.tsne import (
    calibrate,
    descend,
    joint_affinities,
    kl_and_gradient,
    kl_both_ways,
    map_affinities,
    nearest,
    neighbour_affinities,
    pull_and_push,
)

forces = explorers.forces().compute

RNG = np.random.default_rng(0)
POINTS = RNG.normal(size=(12, 4))
P = joint_affinities(POINTS, 4)
Y = RNG.normal(size=(12, 2))


def after(steps, *args, **kwargs):
    return next(itertools.islice(descend(*args, **kwargs), steps, None))


# --- the neighbours of a point ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("perplexity", "precision", "sd"), [(2, 0.385715661, 1.138548056), (3, 0.171350554, 1.708213880)]
)
def test_reference_calibrations(perplexity, precision, sd):
    found = calibrate([1, 4, 9, 16], perplexity)
    assert found == pytest.approx(precision, abs=5e-10)
    assert 1 / math.sqrt(2 * found) == pytest.approx(sd, abs=5e-10)


def test_reference_affinities():
    p = neighbour_affinities([1, 4, 9, 16], calibrate([1, 4, 9, 16], 2))
    assert p == pytest.approx([0.733595, 0.230629, 0.033523, 0.002253], abs=5e-7)


@pytest.mark.parametrize("scale", [1e-30, 1, 1e30])
@pytest.mark.parametrize("perplexity", [1.0001, 1.5, 7, 19, 19.9999])
def test_the_perplexity_is_what_was_asked(perplexity, scale):
    distances = scale * RNG.exponential(size=20)
    p = neighbour_affinities(distances, calibrate(distances, perplexity))
    assert math.exp(entropy(p)) == pytest.approx(perplexity, rel=1e-9)


def test_many_points_at_once_are_each_alone():
    rows = RNG.exponential(size=(3, 5, 9))
    together = calibrate(rows, 4)
    assert together.shape == (3, 5)
    affinities = neighbour_affinities(rows, together)
    for place in np.ndindex(3, 5):
        assert together[place] == pytest.approx(calibrate(rows[place], 4), rel=1e-12)
        assert affinities[place] == pytest.approx(neighbour_affinities(rows[place], together[place]), rel=1e-12)


def test_only_ratios_of_distances_count():
    assert calibrate([4, 16, 36, 64], 2) == pytest.approx(calibrate([1, 4, 9, 16], 2) / 4, rel=1e-12)


def test_far_neighbours_get_zero_and_nothing_warns():
    assert neighbour_affinities([1, 1e6], 10).tolist() == [1, 0]
    assert neighbour_affinities([1, 4, 9], 0) == pytest.approx(np.full(3, 1 / 3))


@pytest.mark.parametrize(
    ("distances", "perplexity", "error", "words"),
    [
        (
            [1, 4, 9, 16],
            4,
            ValueError,
            "above 1, the number of nearest neighbours, and below 4, the number of all: give a smaller one",
        ),
        ([1, 4, 9, 16], 30, ValueError, "give a smaller one, or more points"),
        ([1, 4, 9, 16], 1, ValueError, "above 1, .* give a larger one"),
        ([1, 4, 9, 16], math.nan, ValueError, "below 4"),
        (
            [1, 1, 9, 16],
            1.5,
            ValueError,
            "above 2, the number of nearest neighbours, .* give a larger one, or remove points that occur twice",
        ),
        ([3, 3, 3], 2, ValueError, "All 3 neighbours are equally near"),
        ([0, 1e-320, 1, 1], 1.5, ValueError, "differ by a factor of more than 1e300"),
        ([1, 4], "2", TypeError, "perplexity is '2': give one number"),
        ([1], 1, ValueError, "2 or more neighbours"),
        (4, 2, ValueError, "2 or more neighbours"),
        ([1, -4, 9], 2, ValueError, "squared_distances must hold finite numbers that are not negative"),
        ([1, math.inf, 9], 2, ValueError, "squared_distances must hold finite numbers"),
        (["near", "far"], 2, TypeError, "squared_distances holds .* not real numbers"),
    ],
)
def test_impossible_calibrations_say_what_to_do(distances, perplexity, error, words):
    with pytest.raises(error, match=words):
        calibrate(distances, perplexity)


@pytest.mark.parametrize("near", [1e-20, 1e-250])
def test_almost_equal_distances_are_told_apart(near):
    precision = calibrate([0, near, 1, 1], 1.5)
    weight = math.exp(-precision * near)
    p = [1 / (1 + weight), weight / (1 + weight)]
    assert -sum(x * math.log(x) for x in p) == pytest.approx(math.log(1.5), rel=1e-13)


@pytest.mark.parametrize("far", [1e3, 1e9, 1e15])
def test_an_outlier_does_not_keep_the_others_from_their_perplexity(far):
    x = np.append(np.random.default_rng(0).normal(size=(30, 1)), [[far]], axis=0)
    squared = ((x[:30, None] - x[None, :]) ** 2).sum(axis=-1)[~np.eye(31, dtype=bool)[:30]].reshape(30, 30)
    p = neighbour_affinities(squared, calibrate(squared, 5))
    assert np.exp(entropy(p)) == pytest.approx(5, rel=1e-12)
    if far <= 1e9:  # beyond, the outlier itself sees all others equally far
        assert joint_affinities(x, 5).sum() == pytest.approx(1, rel=1e-12)


def test_a_negative_precision_is_refused():
    with pytest.raises(ValueError, match="precision must hold finite numbers that are not negative"):
        neighbour_affinities([1, 2], -1)


# --- pairs --------------------------------------------------------------------------------------------------------


def test_joint_affinities_are_a_symmetric_distribution():
    assert P.sum() == pytest.approx(1, abs=1e-12)
    assert np.array_equal(P, P.T)
    assert not np.diag(P).any()
    assert (P.sum(axis=1) >= 1 / (2 * len(P))).all()


def test_joint_affinities_point_by_point():
    expected = np.zeros((12, 12))
    for i in range(12):
        others = [j for j in range(12) if j != i]
        squared = [sum((POINTS[j] - POINTS[i]) ** 2) for j in others]
        expected[i, others] = neighbour_affinities(squared, calibrate(squared, 4))
    assert np.allclose((expected + expected.T) / 24, P, rtol=1e-9)


def test_an_outlier_counts_too():
    far = joint_affinities(np.vstack([POINTS, np.full(4, 100.0)]), 4)
    assert far[-1].sum() == pytest.approx(1 / 26, rel=1e-6)


def test_joint_affinities_know_only_distances():
    turn = np.linalg.qr(RNG.normal(size=(4, 4)))[0]
    assert np.allclose(joint_affinities(5 * POINTS @ turn + 7, 4), P, rtol=1e-8)


def test_map_affinities_pair_by_pair():
    weights = [[0 if i == j else 1 / (1 + sum((a - b) ** 2)) for j, b in enumerate(Y)] for i, a in enumerate(Y)]
    assert map_affinities(Y) == pytest.approx(np.array(weights) / np.sum(weights), rel=1e-12)


@pytest.mark.parametrize(
    ("x", "error", "words"),
    [
        ([1, 2, 3], ValueError, r"x has shape \(3,\): give three points or more, one a row"),
        ([[1], [2]], ValueError, "give three points or more"),
        (np.zeros((5, 28, 28)), ValueError, "Reshape images so"),
        ([[1], [math.nan], [2]], ValueError, "x must hold finite numbers, below"),
        ([[0], [0], [0], [1], [3]], ValueError, "remove points that occur twice"),
        ([[0], [1], [1e60], [2]], ValueError, "x must hold finite numbers, below 1e.49"),
    ],
)
def test_points_that_are_none(x, error, words):
    with pytest.raises(error, match=words):
        joint_affinities(x, 1.5)


# --- the slope ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_slopes_are_those_of_finite_differences(dimensions):
    y, h = RNG.normal(size=(12, dimensions)), 1e-5
    _, gradient = kl_and_gradient(P, y)
    for place in np.ndindex(y.shape):
        step = np.zeros(y.shape)
        step[place] = h
        slope = (kl_and_gradient(P, y + step)[0] - kl_and_gradient(P, y - step)[0]) / (2 * h)
        assert gradient[place] == pytest.approx(slope, abs=1e-9)


def test_the_kl_is_that_of_the_pairs():
    for y in (Y, 1e-3 * Y, 1e3 * Y, np.zeros((12, 2))):
        assert kl_and_gradient(P, y)[0] == pytest.approx(kl_divergence(P.ravel(), map_affinities(y).ravel()), rel=1e-9)
    sparse = np.zeros((3, 3))
    sparse[0, 1] = sparse[1, 0] = 0.5
    assert kl_and_gradient(sparse, [[0], [1], [3]])[0] == pytest.approx(math.log(0.5 / 0.3125))


def test_nothing_pulls_the_map_as_a_whole():
    assert kl_and_gradient(P, Y + 100)[1].sum(axis=0) == pytest.approx(0, abs=1e-10)


def test_exaggeration_multiplies_the_pull_only():
    shifts = Y[:, np.newaxis] - Y
    pull = 4 * np.sum((P / (1 + np.sum(shifts**2, axis=2)))[:, :, np.newaxis] * shifts, axis=1)
    (kl, plain), (same_kl, exaggerated) = kl_and_gradient(P, Y), kl_and_gradient(P, Y, 4)
    assert kl == same_kl
    assert exaggerated - plain == pytest.approx(3 * pull, rel=1e-10)


def test_a_map_of_the_same_affinities_rests():
    kl, gradient = kl_and_gradient(map_affinities(Y), Y)
    assert 0 <= kl < 1e-14
    assert gradient == pytest.approx(0, abs=1e-16)


@pytest.mark.parametrize(
    ("affinities", "y", "words"),
    [
        (P, Y[:5], r"affinities has shape \(12, 12\), and y 5 points"),
        (2 * P, Y, "with sum 1, as joint_affinities makes them"),
        (np.full((12, 12), 1 / 144), Y, "0 on the diagonal"),
        (np.triu(P) * 2, Y, "must be symmetric"),
        (P + np.triu(np.full((12, 12), 9e-9), 1) - np.tril(np.full((12, 12), 9e-9), -1), Y, "must be symmetric"),
        (-P, Y, "affinities must hold finite numbers that are not negative"),
        (P, Y * math.inf, "y must hold finite numbers"),
        (P, Y[:, 0], r"y has shape \(12,\)"),
    ],
)
def test_pairs_and_maps_that_do_not_fit(affinities, y, words):
    for use in (kl_and_gradient, descend):
        with pytest.raises(ValueError, match=words):
            use(affinities, y)


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_pull_and_push_are_the_two_parts_of_the_slope(dimensions):
    y = RNG.normal(size=(12, dimensions))
    (_, plain), (_, exaggerated) = kl_and_gradient(P, y), kl_and_gradient(P, y, 4)
    for point in range(12):
        pull, push = pull_and_push(P, y, point)
        assert pull + push == pytest.approx(-plain[point], abs=1e-14)
        assert pull == pytest.approx((plain - exaggerated)[point] / 3, abs=1e-14)


@pytest.mark.parametrize("kernel", ["student", "gauss"])
def test_forces_point_down_the_kl(kernel):
    h = 1e-6
    for point, axis in [(0, 0), (5, 1), (11, 0)]:
        step = np.zeros(Y.shape)
        step[point, axis] = h
        kls, _ = kl_both_ways(P, [Y + step, Y - step], kernel)
        assert sum(pull_and_push(P, Y, point, kernel))[axis] == pytest.approx((kls[1] - kls[0]) / (2 * h), abs=1e-8)


def test_both_kl_are_those_of_the_pairs():
    maps = np.array([[Y, 1e-3 * Y], [30 * Y, Y + 5]])
    squared = ((maps[..., :, np.newaxis, :] - maps[..., np.newaxis, :, :]) ** 2).sum(axis=-1)
    for kernel, weights in (("student", 1 / (1 + squared)), ("gauss", np.exp(-squared))):
        weights = weights * ~np.eye(12, dtype=bool)
        q = (weights / weights.sum(axis=(2, 3), keepdims=True)).reshape(2, 2, -1)
        here = q > 0  # of the Gaussian, q underflows where the map is large
        forward, reverse = kl_both_ways(P, maps, kernel)
        assert (forward.shape, reverse.shape) == ((2, 2), (2, 2))
        for i in np.ndindex(2, 2):
            assert reverse[i] == pytest.approx(kl_divergence(q[i], P.ravel()), rel=1e-9)
            if here[i].sum() == P.size - 12:
                assert forward[i] == pytest.approx(kl_divergence(P.ravel(), q[i]), rel=1e-9)
    assert kl_both_ways(P, Y)[0] == pytest.approx(kl_and_gradient(P, Y)[0], rel=1e-12)


def test_a_map_too_wide_for_a_gaussian_still_has_its_kl():
    y, p = [[0], [1000], [3000]], joint_affinities([[0], [1], [3]], 1.5)
    squared, pairs = np.array([1e6, 9e6, 4e6]), np.array([p[0, 1], p[0, 2], p[1, 2]])
    log_q = -squared + 1e6 - np.log(2)  # the nearest pair has it all
    forward, reverse = kl_both_ways(p, y, "gauss")
    assert forward == pytest.approx(2 * np.sum(pairs * (np.log(pairs) - log_q)), rel=1e-12)
    assert reverse == pytest.approx(-np.log(2 * pairs[0]), rel=1e-12)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: pull_and_push(P, Y, 12), "point is 12: y has 12 points, the last of them is number 11"),
        (lambda: pull_and_push(P, Y, -1), "point is -1: give 0 or more"),
        (lambda: pull_and_push(P, Y, 0, "cauchy"), "kernel is 'cauchy': choose one of 'student', 'gauss'"),
        (lambda: kl_both_ways(P, Y, "cauchy"), "kernel is 'cauchy': choose one of 'student', 'gauss'"),
        (lambda: kl_both_ways(P, [Y[:5]]), r"affinities has shape \(12, 12\), and y 5 points"),
        (lambda: kl_both_ways(P, Y[0]), r"y has shape \(2,\)"),
        (lambda: kl_both_ways([[0, 0.5, 0], [0.5, 0, 0], [0, 0, 0]], [[0], [1], [3]]), r"KL\(Q‖P\) is infinite"),
        (lambda: nearest([0, 1, 2]), r"y has shape \(3,\): give three points or more, one a row"),
    ],
)
def test_forces_and_neighbours_that_cannot_be(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize("dimensions", [1, 2, 5])
def test_nearest_points_by_all_distances(dimensions):
    y = RNG.normal(size=(200, dimensions))
    assert nearest(y).tolist() == (cdist(y, y) + np.diag(np.full(len(y), np.inf))).argmin(axis=1).tolist()


def test_nearest_of_points_that_occur_twice_is_the_other_one():
    assert nearest([[0], [5], [0], [5], [9]]).tolist()[:4] == [2, 3, 0, 1]
    found = nearest([[0], [0], [0], [7]])
    assert (found[:3] < 3).all()
    assert (found != range(4)).all()


# --- the descent --------------------------------------------------------------------------------------------------


def test_the_descent_starts_with_the_map_given_and_leaves_it_alone():
    y = Y.copy()
    kl, first = next(descend(P, y))
    assert kl == kl_and_gradient(P, Y)[0]
    assert np.array_equal(first, Y)
    after(5, P, y)
    assert np.array_equal(y, Y)


def test_the_first_steps_by_hand():
    y, velocity = Y.copy(), 0
    maps = [y]
    for exaggeration, momentum in ((4, 0.5), (4, 0.5), (1, 0.9), (1, 0.9)):
        velocity = momentum * velocity - 12 / 8 * kl_and_gradient(P, y, exaggeration)[1]
        y = y + velocity
        maps.append(y)
    found = itertools.islice(descend(P, Y, exaggerated=2), 5)
    for (kl, place), expected in zip(found, maps, strict=True):
        assert place == pytest.approx(expected, rel=1e-12)
        assert kl == pytest.approx(kl_and_gradient(P, expected)[0])


@pytest.mark.parametrize("kernel", ["student", "gauss"])
@pytest.mark.parametrize("direction", ["forward", "reverse"])
def test_a_step_goes_down_the_kl_that_was_asked_for(kernel, direction):
    """The first step is minus the slope, here by finite differences; its KL is always KL(P‖Q)."""
    h, which = 1e-6, ("forward", "reverse").index(direction)
    steps = descend(P, Y, learning_rate=1, exaggerated=0, kernel=kernel, direction=direction)
    (kl, start), (_, moved) = itertools.islice(steps, 2)
    assert kl == pytest.approx(kl_both_ways(P, Y, kernel)[0], rel=1e-12)
    for place in np.ndindex(Y.shape):
        step = np.zeros(Y.shape)
        step[place] = h
        up, down = kl_both_ways(P, [Y + step, Y - step], kernel)[which]
        assert (moved - start)[place] == pytest.approx(-(up - down) / (2 * h), abs=1e-8)


def test_the_reverse_direction_begins_after_the_exaggerated_steps():
    forward, reverse = (
        [y for _, y in itertools.islice(descend(P, Y, exaggerated=3, direction=direction), 5)]
        for direction in ("forward", "reverse")
    )
    assert [np.array_equal(*maps) for maps in zip(forward, reverse, strict=True)] == [True] * 4 + [False]
    with pytest.raises(ValueError, match="affinities are 0 for some pairs"):
        descend([[0, 0.5, 0], [0.5, 0, 0], [0, 0, 0]], [[0], [1], [3]], direction="reverse")
    with pytest.raises(ValueError, match="direction is 'both': choose one of 'forward', 'reverse'"):
        descend(P, Y, direction="both")


def test_a_descent_that_leaves_the_finite_numbers_says_so():
    for wrong, words in (
        ({"learning_rate": 1e300}, r"learning_rate \(now 1e\+300\) or the exaggeration \(now 4\)\.$"),
        ({"learning_rate": 1e300, "exaggerated": 0}, r"learning_rate \(now 1e\+300\)\.$"),
        ({"exaggeration": 1e308}, r"learning_rate .* or the exaggeration \(now 1e\+308\)\.$"),
    ):
        steps = descend(P, Y, **wrong)
        with pytest.raises(FloatingPointError, match=r"^Step [01] leaves the finite numbers: lower the " + words):
            [*itertools.islice(steps, 3)]
    with pytest.raises(FloatingPointError, match=r"The gradient overflows: lower the exaggeration \(now 1e\+308\)"):
        kl_and_gradient(P, Y + 1e6, 1e308)


def test_two_clouds_part():
    clouds = RNG.normal(size=(40, 5)) + np.repeat([[0.0], [20.0]], 20, axis=0)
    kl, y = after(400, joint_affinities(clouds, 8), RNG.normal(0, 0.01, size=(40, 2)))
    side = (y - y.mean(axis=0)) @ (y[:20].mean(axis=0) - y.mean(axis=0)) > 0
    assert side.tolist() == [True] * 20 + [False] * 20
    assert kl < 0.35


@pytest.mark.parametrize("wrong", [{"learning_rate": 0}, {"learning_rate": math.nan}, {"exaggeration": -1}])
def test_a_descent_that_cannot_be_is_refused_at_once(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} is .*: it must be finite and above 0"):
        descend(P, Y, **wrong)


# --- the explorers ------------------------------------------------------------------------------------------------


def test_neighbours_out_of_reach():
    explorer = explorers.neighbours(perplexity=2, distances=(1, 1, 2, 3))
    assert explorer.text == "Out of reach: 2 neighbours are equally near. With σ → 0, H = 0.6931 nats."
    explorer.controls["perplexity"].value = 2.05
    assert "e^H = 2.05" in explorer.text
    explorer.controls["d2"].value = 1.05
    explorer.controls["perplexity"].value = 1.05
    assert "e^H = 1.05" in explorer.text


@pytest.mark.parametrize("place", [(-3, 3), (6.2, 0), (0, -5), (-6.7, 0.7)])
def test_student_forces_are_the_slopes_of_the_room(place):
    p, y = joint_affinities(explorers.DATA, 2.3), explorers.MAP.copy()
    y[0] = place
    n = forces(*place, "student")
    kl, gradient = kl_and_gradient(p, y)
    q = map_affinities(y).ravel()
    assert n["arrows"][2] == pytest.approx(-gradient[0], rel=1e-10)
    assert n["arrows"][0] + n["arrows"][1] == pytest.approx(n["arrows"][2])
    assert (n["kl"], n["reverse"]) == pytest.approx((kl, kl_divergence(q, p.ravel())), rel=1e-10)


@pytest.mark.parametrize("kernel", ["student", "gauss"])
def test_forces_go_down_the_curve(kernel):
    here, right, up = (forces(*place, kernel) for place in ((1, 2), (1 + 1e-6, 2), (1, 2 + 1e-6)))
    slope = [(there["kl"] - here["kl"]) / 1e-6 for there in (right, up)]
    assert here["arrows"][2] == pytest.approx(-np.array(slope), rel=1e-4)
    assert here["curve"][100] == pytest.approx(here["kl"]), "across = 1 is the 101st place of the curve"


def test_the_map_is_nearly_the_best_for_its_data():
    p = joint_affinities(explorers.DATA, 2.3)
    assert kl_and_gradient(p, explorers.MAP)[0] < 0.004


@pytest.mark.parametrize(("exaggerate", "exaggeration"), [(True, 4), (False, 1)])
def test_the_film_is_the_descent_forwards_and_backwards(exaggerate, exaggeration):
    images, labels = (part[:100] for part in explorers.some_digits())
    explorer = explorers.digit_map((images, labels))
    start = np.random.default_rng(3).normal(0, 0.01, size=(100, 2))
    descent = list(itertools.islice(descend(joint_affinities(images, 5), start, exaggeration=exaggeration), 91))
    explorer.controls["perplexity"].value = 5
    explorer.controls["exaggerate"].value = exaggerate
    explorer.controls["start"].value = 3
    for step in (90, 10, 70):
        explorer.controls["step"].value = step
        assert np.array_equal(explorer.numbers["y"], descent[step][1])
        assert explorer.numbers["kls"].tolist() == [kl for kl, _ in descent[: step + 1]]


def first_map(size, seed):
    return np.random.default_rng(seed).normal(0, 0.01, size=(size, 2))


@pytest.mark.parametrize("call", [1, 2, 20])
def test_after_an_interrupt_a_map_is_computed_anew(monkeypatch, call):
    """The first distances are those of the images, the others those of the map, a step each."""
    images, labels = (part[:100] for part in explorers.some_digits())
    explorer = explorers.digit_map((images, labels))
    before, calls = explorer.numbers["y"], []
    path = list(itertools.islice(descend(joint_affinities(images, 5), first_map(100, 0)), 61))

    def stops(*arguments):
        calls.append(arguments)
        if len(calls) == call:
            raise KeyboardInterrupt
        return cdist(*arguments)

    explorer.controls["step"].value = 60
    monkeypatch.setattr(tsne, "cdist", stops)
    with pytest.raises(KeyboardInterrupt):
        explorer.controls["perplexity"].value = 5
    monkeypatch.undo()
    explorer.controls["step"].value = 59
    assert explorer.numbers["kls"].tolist() == [kl for kl, _ in path[:60]]
    explorer.reset()
    assert np.array_equal(explorer.numbers["y"], before)
    assert "failed" not in explorer.text


def test_digit_map_of_other_digits():
    images, labels = explorers.some_digits()
    explorer = explorers.digit_map((images[:100, ::4], labels[:100]), perplexity=5)
    assert explorer.numbers["y"].shape == (100, 2)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: explorers.digit_map((np.zeros((100, 3)), np.full(100, 7))), "0, 1, 3, 4 or 6"),
        (lambda: explorers.digit_map((np.zeros((50, 3)), np.zeros(50))), "100 to 1000 images"),
        (lambda: explorers.digit_map(perplexity=21), "choose one of 2, 5, 20, 80"),
        (lambda: explorers.digit_map(perplexity="20"), "is '20', a text: choose one .* without quotation marks"),
        (lambda: explorers.neighbours(perplexity=4), "perplexity is 4: it must be a number in"),
        (lambda: explorers.neighbours(distances=(1, 2, 3)), "give four numbers"),
        (lambda: explorers.neighbours(perplexity="2"), "perplexity is '2'"),
        (lambda: explorers.neighbours(distances=5), "distances is 5"),
        (lambda: explorers.neighbours(distances=(1, 2, 3, 9)), r"distances\[3\] is 9: it must be"),
        (lambda: explorers.forces(across="a"), "across is 'a': it must be"),
        (lambda: explorers.digit_map(5), "digits is 5: it must be a pair"),
        (lambda: explorers.digit_map((np.zeros((100, 3, 3)), np.zeros(100))), "one a row"),
        (lambda: explorers.digit_map((np.full((100, 3), np.nan), np.zeros(100))), "images of digits must hold finite"),
        (lambda: explorers.digit_map((np.zeros((100, 3)), np.zeros(100))), "equally near"),
        (lambda: explorers.forces(across=10), "across is 10: it must be"),
        (lambda: explorers.forces(kernel="cauchy"), "kernel is"),
    ],
)
def test_explorers_refuse_what_they_cannot_show(make, words):
    with pytest.raises(ValueError, match=words):
        make()


# --- the numbers told after a question ----------------------------------------------------------------------------


def told(question):
    """All numbers with a decimal point in the feedback to a question."""
    answers = questions()[question]["answers"]
    return {float(n) for answer in answers for n in re.findall(r"\d+\.\d+", answer["feedback"])}


def test_feedback_on_doubled_distances():
    sds = [1 / math.sqrt(2 * calibrate(np.square(d), 2)) for d in ([1, 2, 3, 4], [2, 4, 6, 8])]
    assert told("8.a") == {round(sd, 4) for sd in sds}


def test_feedback_on_the_pull():
    pulls = [
        forces(*place, kernel)["sizes"][0] for kernel in ("student", "gauss") for place in ((-3.0, 3.0), (-1.0, 5.0))
    ]
    assert told("8.b") == {round(pull, 4) for pull in pulls}


@pytest.mark.parametrize("arguments", [{"exaggerated": None}, {"exaggerated": -5}, {"exaggeration": "a"}])
def test_descend_refuses_at_once(arguments):
    with pytest.raises((ValueError, TypeError), match=f"{next(iter(arguments))} is"):
        descend(P, Y, **arguments)


@pytest.mark.parametrize("exaggeration", ["a", math.nan, -1])
def test_a_gradient_wants_a_number_above_zero(exaggeration):
    with pytest.raises((ValueError, TypeError), match="exaggeration is"):
        kl_and_gradient(P, Y, exaggeration)


def test_precision_fits_the_rows():
    with pytest.raises(ValueError, match="one for each row"):
        neighbour_affinities([[1, 2], [3, 4]], [1, 2, 3])
    with pytest.raises(ValueError, match="1 or more neighbours"):
        neighbour_affinities([], 1)
