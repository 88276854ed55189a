"""The numbers behind notebook 06's explorers, against SciPy's laws, enumeration and what the notebook writes out."""

import math
from pathlib import Path

import nbformat
import numpy as np
import pytest
from scipy import special, stats

from klcourse.counts import fit_rounded_normal, log_poisson, log_rounded_normal, mean_kl_of_samples
from klcourse.explorers.maximum_likelihood import (
    EGGS,
    OTHERS,
    counts_and_fits,
    poisson_and_normal,
    sample_bias,
)

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "06_maximum_likelihood.ipynb"
SD = math.sqrt(3.9375)  # of the eggs, whose mean is 3.25
K = np.arange(13)


against_its_normal, simulate = poisson_and_normal().compute, sample_bias().compute


def compare(counts, rate, mean, sd):
    return counts_and_fits(counts).compute("as given", 0, 0, rate, mean, sd, best=False)


def often(counts, top=12):
    return np.bincount(counts, minlength=top + 1)


def log_q(counts, mean, sd):
    """Log-probabilities of a rounded normal by differences of SciPy's cdf."""
    low = np.where(np.asarray(counts) == 0, -np.inf, np.asarray(counts) - 0.5)
    return np.log(stats.norm.cdf(np.asarray(counts) + 0.5, mean, sd) - stats.norm.cdf(low, mean, sd))


# --- counts and two models ----------------------------------------------------------------------------------------


def test_reference_values_of_the_eggs():
    n = compare(EGGS, 3.25, 3.25, SD)
    assert n["entropy"] == pytest.approx(1.960095135, abs=1e-9)
    assert n["poisson_kl"] == pytest.approx(0.106865169, abs=1e-9)
    assert n["normal_kl"] == pytest.approx(0.116862277, abs=1e-9)
    assert -16 * n["poisson_nll"] == pytest.approx(-33.071365, abs=1e-6)
    assert -16 * n["normal_nll"] == pytest.approx(-33.231319, abs=1e-6)
    assert 2 + 32 * n["poisson_nll"] == pytest.approx(68.142730, abs=1e-6)
    assert 4 + 32 * n["normal_nll"] == pytest.approx(70.462637, abs=1e-6)


@pytest.mark.parametrize("counts", [EGGS, *OTHERS.values(), [3], [0, 0]])
@pytest.mark.parametrize(("rate", "mean", "sd"), [(5, 5, 2), (0.3, 9, 4.5), (11, 0, 3)])
def test_bars_are_mean_nll_of_the_observations_and_its_parts(counts, rate, mean, sd):
    n = compare(counts, rate, mean, sd)
    assert n["poisson_nll"] == pytest.approx(-stats.poisson.logpmf(counts, rate).mean(), rel=1e-12)
    assert n["normal_nll"] == pytest.approx(-log_q(counts, mean, sd).mean(), rel=1e-9)
    for name in ("poisson", "normal"):
        assert n[f"{name}_nll"] == pytest.approx(n["entropy"] + n[f"{name}_kl"], abs=1e-12)
    assert n["entropy"] == pytest.approx(stats.entropy(often(counts)), abs=1e-15)


def test_best_normal_of_the_eggs():
    mean, sd = fit_rounded_normal(often(EGGS))
    assert (mean, sd) == pytest.approx((3.217881, 2.029213), abs=2e-5)
    assert compare(EGGS, 3.25, mean, sd)["normal_kl"] == pytest.approx(0.116303344, abs=1e-9)


@pytest.mark.parametrize("counts", [[0] * 5, [4] * 5])
def test_best_normal_of_equal_counts_has_the_smallest_sd(counts):
    n = compare(counts, 1, *fit_rounded_normal(often(counts)))
    assert n["sd"] == pytest.approx(0.1)
    assert n["normal_kl"] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(("counts", "told"), [([0, 0, 0], True), ([2, 3, 3], True), ([3, 0, 2], False), (EGGS, False)])
def test_where_no_normal_is_best_the_readout_says_so(counts, told):
    explorer = counts_and_fits(counts)
    assert "no best normal" not in explorer.text
    explorer.controls["best"].value = True
    assert ("no best normal" in explorer.text) is told


def test_what_the_notebook_tells_of_the_first_explorer():
    explorer = counts_and_fits()
    n = explorer.numbers
    assert n["poisson_kl"] == pytest.approx(0.4568, abs=5e-5)
    explorer.controls["rate"].value = 3.25
    moved = explorer.numbers
    assert moved["poisson_kl"] == pytest.approx(0.1069, abs=5e-5)
    assert n["poisson_nll"] - moved["poisson_nll"] == pytest.approx(n["poisson_kl"] - moved["poisson_kl"])
    assert moved["entropy"] == n["entropy"]
    explorer.controls["best"].value = True
    assert explorer.numbers["normal_kl"] == pytest.approx(0.1163, abs=5e-5)
    explorer.controls["count"].value = 12
    for added, poisson_kl, normal_kl, sd in [(1, 0.3730, 0.3415, 2.91), (5, 1.1393, 0.7390, 4.23)]:
        explorer.controls["added"].value = added
        n = explorer.numbers
        assert (n["poisson_kl"], n["normal_kl"]) == pytest.approx((poisson_kl, normal_kl), abs=5e-5)
        assert n["sd"] == pytest.approx(sd, abs=5e-3)
    explorer.controls["added"].value = 0
    for data, poisson_kl, normal_kl in [("steadier", 0.3298, 0.0614), ("clumped", 1.0673, 0.2873)]:
        explorer.controls["data"].value = data
        n = explorer.numbers
        assert (n["poisson_kl"], n["normal_kl"]) == pytest.approx((poisson_kl, normal_kl), abs=5e-5)
        assert n["rate"] == pytest.approx(np.mean(OTHERS[data]))


def test_data_can_be_edited():
    explorer = counts_and_fits([1, 1, 14])
    assert explorer.controls["count"].box.max == 14
    explorer.controls["added"].value = 5
    explorer.controls["count"].value = 3
    assert explorer.numbers["n"] == 8
    assert explorer.numbers["p"][[1, 3, 14]] == pytest.approx([2 / 8, 5 / 8, 1 / 8])
    explorer.controls["added"].value = 0
    assert explorer.numbers["p"][[1, 3, 14]] == pytest.approx([2 / 3, 0, 1 / 3])


# --- a Poisson law becomes normal ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rate", "kl"), [(1, 0.026118882), (4, 0.018855170), (10, 0.008819950), (30, 0.002828119), (100, 0.000837728)]
)
def test_reference_values_of_poisson_and_normal(rate, kl):
    n = against_its_normal(rate, swap=False)
    assert n["kl"] == pytest.approx(kl, abs=1e-9)
    assert (n["p"].sum(), n["q"].sum()) == pytest.approx((1, 1), abs=1e-12)


@pytest.mark.parametrize("rate", [0.1, 2, 50, 1000])
def test_other_direction_by_scipy(rate):
    k = np.arange(max(0, int(rate - 8 * math.sqrt(rate))), int(rate + 7 * math.sqrt(rate)) + 1)
    high = (k + 0.5 - rate) / math.sqrt(rate)
    low = np.where(k == 0, -np.inf, (k - 0.5 - rate) / math.sqrt(rate))
    q = stats.norm.sf(low) - stats.norm.sf(high)
    swapped = np.sum(q * (np.log(q) - stats.poisson.logpmf(k, rate)))
    assert against_its_normal(rate, swap=True)["kl"] == pytest.approx(swapped, rel=1e-6, abs=1e-9)


def test_limit_law():
    cases = [against_its_normal(rate, swap) for rate in (300, 1000) for swap in (False, True)]
    assert [n["kl"] / n["limit"] for n in cases] == pytest.approx([1] * 4, rel=0.01)
    assert against_its_normal(2, False)["kl"] < against_its_normal(3, False)["kl"], "it wavers for small λ"


# --- the bias of few data -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "outcomes", "loaded"), [(60, 6, False), (240, 6, True), (10, 12, True), (600, 2, False)])
def test_simulation(n, outcomes, loaded):
    found = simulate(n, outcomes, loaded)
    assert found["kls"].shape == (2000,)
    assert found["kls"].min() >= -1e-12
    assert found["mean"] == pytest.approx(found["exact"], abs=5 * found["kls"].std() / math.sqrt(2000))
    assert found["rule"] == (outcomes - 1) / (2 * n)
    assert found["mean"] == simulate(n, outcomes, loaded)["mean"], "the seed is fixed"


def test_simulated_samples_follow_chi_squared():
    found = simulate(600, 6, True)
    assert stats.kstest(2 * 600 * found["kls"], stats.chi2(5).cdf).pvalue > 0.01


def test_what_the_notebook_tells_of_the_bias():
    assert [sample_bias(n).numbers["exact"] for n in (60, 240)] == pytest.approx([0.0426, 0.0105], abs=5e-5)


# --- what the notebook writes out -----------------------------------------------------------------------------------


def in_view(name):
    """The function of that name from the notebook's cell that begins with it."""
    namespace = {"np": np, **{f: getattr(special, f) for f in ("gammaln", "ndtr", "xlogy")}}
    sources = [cell.source for cell in nbformat.read(NOTEBOOK, as_version=4).cells]
    exec(next(source for source in sources if source.startswith(f"def {name}(")), namespace)
    return namespace[name]


def test_notebook_and_explorers_compute_the_same():
    assert in_view("poisson")(K, 3.25) == pytest.approx(np.exp(log_poisson(K, 3.25)), rel=1e-12)
    for mean, sd in [(3.25, SD), (0.5, 1), (-1, 4)]:
        expected = np.exp(log_rounded_normal(K, mean, sd))
        assert in_view("rounded_normal")(K, mean, sd) == pytest.approx(expected, rel=1e-9)
    loaded = [0.1, 0.2, 0.3, 0.4]
    assert in_view("exact_mean")(25, loaded) == pytest.approx(mean_kl_of_samples(25, loaded), rel=1e-12)


@pytest.mark.parametrize(
    "call",
    [
        lambda: counts_and_fits([]),
        lambda: counts_and_fits([1, 2.5]),
        lambda: counts_and_fits([-1, 2]),
        lambda: counts_and_fits([3, 41]),
        lambda: counts_and_fits([3, math.nan]),
        lambda: counts_and_fits([[1, 2]]),
        lambda: counts_and_fits([1, [2]]),
        lambda: counts_and_fits([None]),
        lambda: counts_and_fits([2 + 0j]),
        lambda: poisson_and_normal(None),
        lambda: poisson_and_normal("a"),
        lambda: poisson_and_normal(0),
        lambda: poisson_and_normal(2000),
        lambda: sample_bias(n=65),
        lambda: sample_bias(outcomes=1),
    ],
)
def test_bad_arguments(call):
    with pytest.raises((ValueError, TypeError), match=r"must|counts holds|counts has"):
        call()


def test_the_best_normal_may_lie_far_below_the_data():
    explorer = counts_and_fits([0] * 15 + [12])
    explorer.controls["best"].value = True
    assert explorer.numbers["normal_nll"] == pytest.approx(0.4432, abs=1e-4)
    assert explorer.numbers["mean"] < -30


def test_a_float_that_is_whole_is_taken_as_such():
    assert "failed" not in sample_bias(60.0, 6.0).text
