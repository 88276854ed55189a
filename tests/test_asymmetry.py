"""The numbers behind notebook 02's explorers, against published values, quadrature and a general search."""

import numpy as np
import pytest
from scipy.optimize import minimize

from klcourse.explorers.asymmetry import bimodal_fit, correlated_fit, two_gaussians
from klcourse.gaussian import kl_gaussian, kl_gaussian_nd, log_gaussian
from klcourse.quadrature import kl_quad

sum_on_grid, fit_humps = two_gaussians().compute, bimodal_fit().compute

BLOG = {"mean_p": 0, "sd_p": 2, "mean_q": 5, "sd_q": 4, "window": 10, "step": 0.001}
RIGHT = {"times_dx": True, "log_densities": True}
PLAIN = {"times_dx": False, "log_densities": False}


@pytest.mark.parametrize("log_densities", [False, True])
@pytest.mark.parametrize(
    ("changed", "published"),
    [({"mean_q": 2, "sd_q": 2, "swap": False}, 500), ({"swap": False}, 1099.402), ({"swap": True}, 2259.921)],
)
def test_published_sums(changed, published, log_densities):
    n = sum_on_grid(**BLOG | changed, times_dx=False, log_densities=log_densities)
    assert n["points"] == 20_000
    assert n["sum"] == pytest.approx(published, abs=6e-4)
    assert "not nats" in n["said"]


@pytest.mark.parametrize("swap", [False, True])
def test_sum_put_right(swap):
    n = sum_on_grid(**BLOG | {"window": 30}, **RIGHT, swap=swap)
    right = kl_gaussian(5, 4, 0, 2) if swap else kl_gaussian(0, 2, 5, 4)
    assert n["sum"] == pytest.approx(right, rel=1e-7)
    assert n["closed"] == right
    assert n["held"] == pytest.approx(100, abs=1e-3)


def test_window_that_cuts():
    assert sum_on_grid(**BLOG, **RIGHT, swap=True)["held"] == pytest.approx(100 - 10.5738, abs=1e-4)


def test_underflow_is_said_in_words():
    wide = BLOG | {"window": 80}
    assert "∞ (P underflows" in sum_on_grid(**wide, **PLAIN, swap=True)["said"]
    assert "not a number (0 · log 0, where P underflows" in sum_on_grid(**wide, **PLAIN, swap=False)["said"]


@pytest.mark.parametrize(("d", "weight"), [(2, 0.5), (2.5, 0.5), (3, 0.3), (5, 0.9)])
def test_fits_to_two_humps(d, weight):
    def log_p(x):
        return np.logaddexp(np.log(weight) + log_gaussian(x, -d, 1), np.log(1 - weight) + log_gaussian(x, d, 1))

    def reverse(fit):
        return kl_quad(lambda x: log_gaussian(x, fit[0], np.exp(fit[1])), log_p)

    n = fit_humps(d, weight)
    mean, sd = n["forward"]
    x = np.linspace(-20, 20, 4001)
    mass = np.exp(log_p(x)) * 0.01
    assert (mean, sd) == pytest.approx((mass @ x, np.sqrt(mass @ (x - mass @ x) ** 2)), abs=1e-9)
    assert n["forward_kl"] == pytest.approx(kl_quad(log_p, lambda x: log_gaussian(x, mean, sd)), abs=1e-9)
    searched = [minimize(reverse, [start, log_sd]).fun for start, log_sd in [(-d, 0), (mean, np.log(sd)), (d, 0)]]
    assert n["reverse_kl"] == pytest.approx(min(searched), abs=1e-8)
    for found in zip(n["means"], n["sds"], n["kls"], strict=True):
        assert reverse([found[0], np.log(found[1])]) == pytest.approx(found[2], abs=1e-9)


def test_reverse_fit_gives_up_one_hump_at_2_8001():
    assert fit_humps(2.8000, 0.5)["best"][1] > 2.6
    assert fit_humps(2.8002, 0.5)["best"][1] < 1.1


@pytest.mark.parametrize("correlation", [0, 0.3, 0.6, 0.9, 0.99])
def test_fits_to_a_correlated_pair(correlation):
    n, zero, one = correlated_fit(correlation).numbers, np.zeros(2), np.eye(2)
    target = np.array([[1, correlation], [correlation, 1]])
    assert n["forward_kl"] == pytest.approx(kl_gaussian_nd(zero, target, zero, one), abs=1e-12)
    assert n["reverse_kl"] == pytest.approx(kl_gaussian_nd(zero, n["reverse"] * one, zero, target), abs=1e-12)
    for name in ("forward", "reverse"):
        assert n[f"{name}_kl"] == pytest.approx(-np.log(1 - correlation**2) / 2, abs=1e-12)
        assert n[f"{name}_kl"] <= n[f"{name}_curve"].min() + 1e-12


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: two_gaussians(9), r"mean_p is 9: it must be a number in \[-8, 8\]"),
        (lambda: two_gaussians(sd_q=0.1), r"sd_q is 0.1: it must be a number in \[0.3, 5\]"),
        (lambda: bimodal_fit(6), r"d is 6: it must be a number in \[0, 5\]"),
        (lambda: bimodal_fit(weight=1), r"weight is 1: it must be a number in \[0.05, 0.95\]"),
        (lambda: correlated_fit(1), r"correlation is 1: it must be a number in \[0, 0.99\]"),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()
