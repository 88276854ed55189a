"""klcourse.checks: masked arrays and labelled ones, by one rule for all formulas."""

import re

import numpy as np
import pandas as pd
import pytest

from klcourse.checks import as_array, check_labels, check_number
from klcourse.counts import fit_rounded_normal, log_poisson, log_rounded_normal, mean_kl_of_samples
from klcourse.divergence import cross_entropy, entropy, js_divergence, kl_divergence, kl_terms
from klcourse.fitting import fit_gaussian
from klcourse.gaussian import kl_gaussian, kl_gaussian_nd, log_gaussian
from klcourse.mixture import log_joint, lower_bound, m_step, responsibilities, reverse_fits
from klcourse.quadrature import kl_quad
from klcourse.tsne import descend, joint_affinities, kl_and_gradient, map_affinities, neighbour_affinities
from klcourse.vae import VAE, rates_and_distortions

EYE, POINTS = np.eye(2), np.random.default_rng(0).normal(size=(6, 2))
P = joint_affinities(POINTS, 3)
LABELS = np.full((2, 2), 0.5)
FIT = {"mean": 0, "variance": 1, "learning_rate": 0.1, "steps": 1}


def log_normal(x):
    return -x * x / 2 - np.log(2 * np.pi) / 2


# Calls of one array each, and an array that they take.
ONE = {
    "entropy": (entropy, [0.5, 0.5]),
    "q of kl_divergence": (lambda q: kl_divergence([0.5, 0.5], q), [0.5, 0.5]),
    "kl_terms": (lambda p: kl_terms(p, [0.5, 0.5]), [0.5, 0.5]),
    "js_divergence": (lambda p: js_divergence(p, [0.5, 0.5]), [0.5, 0.5]),
    "weights of js_divergence": (lambda w: js_divergence([1, 0], [0, 1], weights=w), [0.5, 0.5]),
    "kl_gaussian": (lambda m: kl_gaussian(m, 1, 0, 1), [0.0, 1.0]),
    "kl_gaussian_nd": (lambda cov: kl_gaussian_nd([0, 0], cov, [0, 0], EYE), EYE),
    "log_gaussian": (lambda x: log_gaussian(x, 0, 1), [0.0, 1.0]),
    "log_density": (lambda x: log_joint(x, [1], [0], [1]), [0.0, 1.0]),
    "mixture": (lambda means: responsibilities([0], [0.5, 0.5], means, [1, 1]), [0.0, 1.0]),
    "labels": (lambda q: m_step([0, 1], q), LABELS),
    "grid": (lambda x: fit_gaussian(x, [0.5, 0.5], **FIT), [0.0, 1.0]),
    "counts": (lambda k: log_poisson(k, 1), [0, 1]),
    "often": (fit_rounded_normal, [1, 2, 3]),
    "p of samples": (lambda p: mean_kl_of_samples(3, p), [0.5, 0.5]),
    "points of kl_quad": (lambda points: kl_quad(log_normal, log_normal, points=points), [0.0, 1.0]),
    "distances": (lambda d: neighbour_affinities(d, 1), [1.0, 2.0]),
    "data": (lambda x: joint_affinities(x, 3), POINTS),
    "map": (map_affinities, POINTS),
    "affinities": (lambda p: descend(p, POINTS), P),
    "variances": (lambda v: rates_and_distortions(1, v), [1.0, 2.0]),
    "images": (VAE().encode, np.zeros((2, 28, 28))),
    "images to train with": (lambda images: VAE().train(images, 1, 1), np.zeros((2, 28, 28))),
    "images to evaluate": (VAE().evaluate, np.zeros((2, 28, 28))),
    "codes": (VAE().decode, [0.0, 1.0]),
}


@pytest.mark.parametrize(("call", "array"), ONE.values(), ids=ONE)
def test_a_masked_entry_is_refused_wherever_it_stands(call, array):
    masked = np.ma.masked_array(array)
    call(masked)  # a mask that hides nothing
    masked[(0,) * masked.ndim] = np.ma.masked
    for value in (masked, [*masked]):
        with pytest.raises(ValueError, match=r"has masked entries: fill or remove them first, nothing is dropped here"):
            call(value)


def test_a_log_density_may_not_mask_its_values():
    masked = lambda x: np.ma.masked_array(log_normal(x), x > 1)  # noqa: E731
    with pytest.raises(TypeError, match=r"log_p\(x\) has masked entries"):
        kl_quad(masked, log_normal)


def test_masked_rows_in_a_list_are_seen():
    rows = [np.ma.masked_array([0.5, 0.5], [True, False]), [0.5, 0.5]]
    with pytest.raises(ValueError, match=r"p\[0\] has masked entries"):
        entropy(rows)
    with pytest.raises(ValueError, match=r"p\[1\]\[0\] has masked entries"):
        entropy([[[0.5, 0.5]], rows])


def series(*labels):
    return pd.Series(np.full(len(labels), 1 / len(labels)), labels)


def frame(rows, columns):
    return pd.DataFrame(np.full((len(rows), len(columns)), 1 / len(columns)), rows, columns)


AB, BA = series("a", "b"), series("b", "a")
TWO = {
    "kl_divergence": lambda a, b: kl_divergence(a, b),
    "cross_entropy": lambda a, b: cross_entropy(a, b),
    "kl_terms": lambda a, b: kl_terms(a, b),
    "js_divergence": lambda a, b: js_divergence(a, [1, 0], b),
    "kl_gaussian": lambda a, b: kl_gaussian(a, 1, b, 1),
    "sd of kl_gaussian": lambda a, b: kl_gaussian(0, a, 0, b),
    "kl_gaussian_nd": lambda a, b: kl_gaussian_nd(a, EYE, b, EYE),
    "covariance": lambda a, b: kl_gaussian_nd(a, pd.DataFrame(EYE, b.index, b.index), [0, 0], EYE),
    "log_gaussian": lambda a, b: log_gaussian(a, b, 1),
    "mixture": lambda a, b: log_joint(0, a, b, [1, 1]),
    "labels": lambda a, b: m_step(a, pd.DataFrame(LABELS, b.index)),
    "lower_bound": lambda a, b: lower_bound(a, pd.DataFrame(LABELS, b.index), [0.5, 0.5], [0, 1], [1, 1]),
    "reverse_fits": lambda a, b: reverse_fits(1, 0.5, a, b),
    "log_poisson": lambda a, b: log_poisson(a * 2, b),
    "log_rounded_normal": lambda a, b: log_rounded_normal(a * 2, b, 1),
    "precision": lambda a, b: neighbour_affinities(pd.DataFrame(LABELS, a.index), b),
    "rates": lambda a, b: rates_and_distortions(a, b),
}


@pytest.mark.parametrize("call", TWO.values(), ids=TWO)
def test_labels_in_another_order_are_refused(call):
    for right in (AB, AB.copy()):
        call(AB, right)
    for wrong in (BA, series(0, 1)):
        with pytest.raises(ValueError, match=r"have different labels.*with \.reindex\(\.\.\.\), or .*\.to_numpy\(\)\."):
            call(AB, wrong)


def test_labels_of_a_grid_of_pairs_and_of_a_map():
    x, p = pd.Series([0.0, 1.0], ["a", "b"]), BA
    with pytest.raises(ValueError, match="x and p have different labels"):
        fit_gaussian(x, p, **FIT)
    with pytest.raises(ValueError, match="affinities and y have different labels"):
        kl_and_gradient(pd.DataFrame(P), pd.DataFrame(POINTS, range(1, 7)))
    kl_and_gradient(pd.DataFrame(P), pd.DataFrame(POINTS))


def test_labels_are_compared_along_the_axis_of_the_outcomes():
    table = frame(["x", "y", "z"], ["a", "b"])
    assert kl_divergence(table, AB).tolist() == [0, 0, 0]
    assert kl_divergence(table.T, AB, axis=0).tolist() == [0, 0, 0]
    for wrong in (
        lambda: kl_divergence(table, BA),
        lambda: kl_divergence(table.T, BA, axis=0),
        lambda: kl_divergence(table, frame(["y", "x", "z"], ["a", "b"])),
        lambda: entropy([AB, BA]),
    ):
        with pytest.raises(ValueError, match="have different labels"):
            wrong()
    assert kl_divergence(table, [0.5, 0.5]).tolist() == [0, 0, 0]  # what has no labels is paired by its places
    assert kl_divergence(AB.to_numpy(), BA) == 0
    check_labels(a=series("a", "b", "c"), b=AB)  # other lengths are for the shapes to refuse


def test_how_often_counts_were_seen_is_no_unsorted_value_count():
    counts = pd.Series([2, 2, 2, 0, 0, 3]).value_counts()
    with pytest.raises(ValueError, match=r"often has labels other than 0, 1, 2, .* \.reindex\(range\(highest \+ 1\)"):
        fit_rounded_normal(counts)
    assert fit_rounded_normal(counts.reindex(range(4), fill_value=0)) == fit_rounded_normal([2, 0, 3, 1])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: as_array("rows", [[1, 2], [3]]), "rows has rows of different lengths"),
        (lambda: entropy([10**400, 1]), "p holds a number that is too large for a float"),
        (lambda: check_number("d", 10**5000), "too large for a float: give a number below 1.8e308."),
        (lambda: kl_quad(log_normal, log_normal, upper=10**400), "upper is too large for a float: use -np.inf"),
        (lambda: VAE().encode([np.zeros((28, 28)), np.zeros((28, 27))]), "images has rows of different lengths"),
    ],
)
def test_what_is_no_array_or_no_float(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
