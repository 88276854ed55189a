"""The stored table of trained models: it is whole, and its columns agree. `test_vae.py` trains one of them again."""

import numpy as np
import pytest
from train_vaes import PATH, PLANS, phases, train

from klcourse.mnist import load_mnist
from klcourse.vae import VAE


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
    assert of_a_thousand == pytest.approx(runs["kl"], rel=0.15, abs=0.06)


def test_the_bound_is_above_what_it_bounds(runs):
    known = ~np.isnan(runs["loss_bw"])
    assert known.tolist() == [phases(plan)[-1][0] >= 1 for plan in runs["plan"]]
    assert (runs["loss_bw"] > runs["surprise_bw"])[known].all()
    for gap in (runs["gap_grey"], runs["gap_train"]):
        assert (np.isnan(gap) == ~known).all()
        assert (gap[known] >= 0).all()


def test_a_longer_training_fits_the_training_images_more_than_others(runs):
    def mean(plan, what):
        return what[runs["plan"] == plan].mean()

    excess = runs["reconstruction"] + runs["kl"] - runs["loss_train"]
    for of_others, least in [(excess, 1.5), (runs["gap_grey"] - runs["gap_train"], 0.5)]:
        assert mean("1x40", of_others) > mean("1x5", of_others) + least


def test_a_plan_is_trained_phase_by_phase():
    images = load_mnist().train_images[:256]
    by_hand = VAE(seed=1)
    for c, epochs in [(20, 1), (0.5, 2)]:
        assert len([*by_hand.train(images, c, epochs)]) == epochs
    assert (train("20x1 0.5x2", 1, images).parameters == by_hand.parameters).all()
