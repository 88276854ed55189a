"""The numbers behind notebook 04's explorers, against fits on a grid and the closed form."""

import re

import numpy as np
import pytest

from klcourse.explorers.gaussian_fitting import descent_path, grid_and_step, parametrisations
from klcourse.fitting import fit_gaussian
from klcourse.gaussian import kl_gaussian

walk, run_on_grid, race = (make().compute for make in (descent_path, grid_and_step, parametrisations))

START = {"mean": 5.0, "variance": 1.0}
WALK = START | {"learning_rate": 0.1, "target": 7.0, "steps": 200}
RUN = {"dx": 0.1, "learning_rate": 0.01, "window": 10, "normalise": False}
X = np.arange(-100, 100, 0.02)


def normal(variance, x=X):
    return np.exp(-(x**2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)


@pytest.mark.parametrize("changed", [{}, {"learning_rate": 1.0}, {"mean": -3.0, "variance": 15.0, "target": 2.0}])
def test_walk_is_a_fit_on_a_wide_and_fine_grid(changed):
    settings = WALK | changed | {"steps": 50}
    target = settings.pop("target")
    trace = fit_gaussian(X, normal(target), **settings)
    n = walk(**settings, target=target)
    for name in ("mean", "variance", "kl"):
        assert n[name] == pytest.approx(getattr(trace, name), rel=1e-9, abs=1e-10)


@pytest.mark.parametrize(
    ("changed", "step", "mean", "variance"),
    [
        ({}, 1, 4.5, 2.55),
        ({}, 200, 0.0568, 5.2243),
        ({"learning_rate": 1.0}, 1, 0, 16.5),
        ({"learning_rate": 10.0}, 1, -45, 156),
        ({"learning_rate": 10.0, "steps": 2000}, 2000, 0, 81.0096),
    ],
)
def test_walks_told_in_the_notebook(changed, step, mean, variance):
    n = walk(**WALK | changed)
    assert (n["mean"][step], n["variance"][step]) == pytest.approx((mean, variance), abs=5e-5)
    assert n["left"] is False


def test_a_walk_that_leaves_the_domain_ends_there():
    n = walk(mean=0.0, variance=0.8, target=0.5, learning_rate=5.0, steps=200)
    assert (n["left"], n["taken"], len(n["kl"])) == (True, 0, 1)
    explorer = descent_path(mean=0, variance=0.8, target=0.5, learning_rate=5)
    assert explorer.text.startswith("Step 1 leaves the domain. Before it: mean 0.0000, variance 0.8000")


@pytest.mark.parametrize("steps", [46, 47])
def test_a_later_exit_shows_only_when_it_is_reached(steps):
    n = walk(mean=8.0, variance=20.0, target=0.1, learning_rate=10.0, steps=steps)
    assert (n["taken"], n["left"]) == (46, steps == 47)


def test_contours_have_the_kl_they_say():
    plane = descent_path(target=3).picture.figure.axes[0]
    rings = np.array(plane.lines[0].get_data())
    parts = np.split(rings, np.flatnonzero(np.isnan(rings[0])), axis=1)
    levels = [float(number) for number in re.findall(r"[0-9.]+", plane.texts[0].get_text())]
    assert levels == [0.1, 0.5, 1, 2, 4, 8]
    for level, (mean, variance) in zip(levels, parts, strict=False):
        inside = np.isfinite(mean)
        kl = kl_gaussian(0, np.sqrt(3), mean[inside][:-1], np.sqrt(variance[inside][:-1]))
        assert kl == pytest.approx(level, rel=1e-6)


@pytest.mark.parametrize("changed", [{}, {"dx": 0.001}, {"dx": 1.0, "window": 3}, {"normalise": True}])
def test_run_is_the_published_loop(changed):
    n = run_on_grid(**RUN | changed)
    x = np.arange(-n["window"], n["window"], n["dx"])
    settings = START | {"learning_rate": 0.01, "steps": 100, "normalise": n["normalise"]}
    trace = fit_gaussian(x, normal(7, x), **settings)
    assert n["variance"] == pytest.approx(trace.variance)
    assert n["loss"] == pytest.approx(trace.loss)
    assert n["sum"] == pytest.approx(1 if n["normalise"] else normal(7, x).sum())


@pytest.mark.parametrize(
    ("dx", "total", "first", "last"),
    [(0.1, 9.9984, 2.5490, 4.8244), (0.01, 99.9843, 16.4893, 15.0087), (0.001, 999.8429, 155.8923, 160.8062)],
)
def test_runs_told_in_the_notebook(dx, total, first, last):
    n = run_on_grid(**RUN | {"dx": dx})
    assert (n["sum"], n["variance"][1], n["variance"][-1]) == pytest.approx((total, first, last), abs=5e-5)


def test_race_told_in_the_notebook():
    n = race(learning_rate=0.1, variance=0.1, steps=100)
    assert [n[f"{kind}_kl"][-1] for kind in ("variance", "log_sd")] == pytest.approx([1.0852, 19.3758], abs=5e-5)
    assert n["natural_kl"][-1] == pytest.approx(2.439e-9, rel=1e-3)
    assert n["variance_variance"][1] == pytest.approx(159.6)
    assert np.log(n["log_sd_variance"][1] / 0.1) == pytest.approx(63.8)
    one_step = race(learning_rate=1.0, variance=0.1, steps=1)
    assert (one_step["natural_variance"][1], one_step["natural_kl"][1]) == pytest.approx((7, 0), abs=1e-12)
    too_far = race(learning_rate=1.3, variance=0.1, steps=1)
    assert (too_far["natural_left"], too_far["variance_left"]) == (True, False)


@pytest.mark.parametrize(
    "call",
    [
        lambda: descent_path(mean=9),
        lambda: descent_path(variance=0),
        lambda: grid_and_step(dx=0.5),
        lambda: grid_and_step(window=20),
        lambda: parametrisations(learning_rate=5),
    ],
)
def test_what_lies_outside_the_sliders(call):
    with pytest.raises(ValueError, match=r"must|choose one of 0\.001"):
        call()
