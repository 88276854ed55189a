"""The stored table of trained models: it is whole, its columns agree, and a run of it comes out again."""

import numpy as np
import pytest
from train_vaes import PATH, PLANS, measure, phases, train

from klcourse.mnist import load_mnist


@pytest.fixture(scope="module")
def runs():
    return np.genfromtxt(PATH, delimiter=",", names=True, dtype=None, encoding="utf-8")


def test_every_run_is_there_once(runs):
    assert [*zip(runs["plan"].tolist(), runs["seed"].tolist(), strict=True)] == PLANS


def test_a_plan_is_read_as_it_is_written():
    assert phases("20x5 0.02x40") == [(20, 5), (0.02, 40)]


def test_both_latents_and_both_parts_make_up_the_kl(runs):
    assert runs["kl_1"] + runs["kl_2"] == pytest.approx(runs["kl"], rel=1e-5, abs=1e-3)
    of_a_thousand = runs["tells"] + runs["mismatch"]  # samples; the KL is of 10,000 images, and exact
    assert of_a_thousand == pytest.approx(runs["kl"], rel=0.25, abs=0.3)


def test_the_bound_is_above_what_it_bounds(runs):
    known = ~np.isnan(runs["loss_bw"])
    assert known.tolist() == [phases(plan)[-1][0] >= 1 for plan in runs["plan"]]
    assert (runs["loss_bw"] > runs["surprise_bw"])[known].all()


@pytest.mark.parametrize("sample", [("1x5", 0)])
def test_a_run_comes_out_again(runs, sample):
    """Not to the last digits: those depend on the machine."""
    (stored,) = runs[[run in [sample] for run in zip(runs["plan"], runs["seed"], strict=True)]]
    mnist = load_mnist()
    again = measure(train(*sample, mnist.train_images), mnist)
    near = {"reconstruction": 3, "kl": 0.5, "kl_1": 0.5, "kl_2": 0.5, "tells": 0.5, "mismatch": 0.5}
    near |= {"neighbours": 0.08, "loss_bw": 4, "surprise_bw": 4, "lowest": 2.5, "highest": 2.5}
    assert near.keys() == again.keys()
    for name, distance in near.items():
        assert again[name] == pytest.approx(stored[name], abs=distance), name
