"""The numbers behind notebook 05's explorers, against closed forms and finite differences."""

import numpy as np
import pytest

from klcourse.explorers.vae_kl_coefficient import (
    TrainingView,
    latent_kl,
    linear_vae,
    trained_gallery,
)
from klcourse.gaussian import kl_gaussian
from klcourse.lessons.data import questions
from klcourse.live.still import bundle
from klcourse.mnist import load_mnist
from klcourse.vae import VAE, rates_and_distortions

VARIANCES = np.array([4, 1, 0.25])

latent, linear = latent_kl().compute, linear_vae(variances=VARIANCES).compute


@pytest.fixture(scope="module")
def models():
    """Two models of the shape that the notebook has, trained for a moment."""
    images = load_mnist().test_images[:256]
    models = {0: VAE(seed=1), 5: VAE(seed=1)}
    for c, vae in models.items():
        list(vae.train(images, c, epochs=2))
    return models


# --- (a) one latent -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mean", [-4.0, 0.0, 1.3])
@pytest.mark.parametrize("log_variance", [-8.0, -0.5, 0.0, 4.0])
def test_latent_is_the_kl_of_two_gaussians_and_its_slopes(mean, log_variance):
    def kl(mean, log_variance):
        return kl_gaussian(mean, np.exp(log_variance / 2), 0, 1)

    n, h = latent(mean, log_variance), 1e-5
    assert n["kl"] == pytest.approx(kl(mean, log_variance), abs=1e-12)
    along_mean = (kl(mean + h, log_variance) - kl(mean - h, log_variance)) / (2 * h)
    along_log_variance = (kl(mean, log_variance + h) - kl(mean, log_variance - h)) / (2 * h)
    assert n["slope_of_mean"] == pytest.approx(along_mean, abs=1e-7)
    assert n["slope_of_log_variance"] == pytest.approx(along_log_variance, abs=1e-7)


def test_slopes_told_in_the_question():
    slopes = [latent(0, s)["slope_of_log_variance"] for s in (-2, 2)]
    assert slopes == pytest.approx([-0.4323, 3.1945], abs=5e-5)
    for answer in questions()["5.a"]["answers"]:
        assert "−0.4323" in answer["feedback"]
        assert "3.1945" in answer["feedback"]


# --- (b) the linear VAE -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("beta", [0.5, 2, 20])
def test_linear_vae_weighs_the_noise_by_the_coefficient(beta):
    n = linear(beta, 0.1)
    rates, distortions = rates_and_distortions(0.1 * beta, VARIANCES)
    assert n["level"] == pytest.approx(0.1 * beta)
    assert (n["rate"], n["distortion"]) == pytest.approx((rates.sum(), distortions.sum()), rel=1e-12)


def test_the_slope_of_the_curve_is_the_price():
    below, above = linear(1.999, 0.1), linear(2.001, 0.1)
    saved = below["reconstruction"] - above["reconstruction"]
    assert saved / (above["rate"] - below["rate"]) == pytest.approx(2, rel=1e-3)


@pytest.mark.parametrize(("beta", "used"), [(2.49, 3), (2.51, 2), (9.9, 2), (10.1, 1), (39.9, 1), (40.1, 0)])
def test_latents_die_at_the_coefficients_told(beta, used):
    assert linear(beta, 0.1)["used"] == used


@pytest.mark.parametrize(("noise_variance", "used"), [(0.04, 3), (0.049, 3), (0.051, 2), (0.1, 2), (0.3, 1), (0.9, 0)])
def test_the_noise_revives_and_drowns_latents_as_told(noise_variance, used):
    assert linear(5, noise_variance)["used"] == used


def test_linear_vae_takes_your_variances():
    explorer = linear_vae(beta=2, variances=[3, 0.5], noise_variance=0.2)
    assert explorer.numbers["rate"] == pytest.approx((np.log(3 / 0.4) + np.log(0.5 / 0.4)) / 2)
    assert "of 2 latents" in explorer.text


# --- (c) trained models -------------------------------------------------------------------------------------------


def test_gallery_shows_the_model_that_is_chosen(models):
    explorer = trained_gallery(models)
    assert explorer.values["coefficient"] == 0
    assert explorer.text.startswith("c = 0: the image decoded at")
    for c in (5, 0):
        explorer.controls["coefficient"].value = c
        assert np.array_equal(explorer.numbers["digit"], models[c].decode(explorer.numbers["z"]))
    assert "Stand-ins" in trained_gallery().text


def test_gallery_shows_changed_models_anew(models):
    before = trained_gallery(models).numbers["digit"]
    changed = {c: VAE(seed=2) for c in models}
    assert not np.array_equal(trained_gallery(changed).numbers["digit"], before)


def test_window_of_the_codes_holds_them_all_and_the_sliders_span_it(models):
    look = trained_gallery(models).compute
    low, high = look(0, "codes", -1, -1), look(0, "codes", 1, 1)
    assert ((low["z"] < low["codes"]) & (low["codes"] < high["z"])).all()
    assert [*look(0, "prior", -1, 0.5)["z"]] == [-3, 1.5]


def test_tiles_stand_where_they_are_decoded(models):
    vae = models[0]
    grid = trained_gallery(models).compute(0, "prior", 0, 0)["grid"]
    top_left = grid[:28, :28]
    assert top_left == pytest.approx(vae.decode([-2.625, 2.625]), abs=0.5 / 6 + 1e-6)
    bottom_right = grid[-28:, -28:]
    assert bottom_right == pytest.approx(vae.decode([2.625, -2.625]), abs=0.5 / 6 + 1e-6)
    assert np.abs(top_left - bottom_right).max() > 0.2


# --- while models train -------------------------------------------------------------------------------------------


def test_training_view_follows_and_stays_visible_without_a_kernel(models):
    view = TrainingView([0, 5], epochs=3)
    start = bundle(view.picture.png(), view.alt, view.picture.width)[0]
    view.show(0, models[0], 2, 151.23, 4.567)
    data, metadata = view._repr_mimebundle_()
    assert view.bars[0].value == 2
    assert view.alt == (
        "Training for 3 epochs each. c = 0: epoch 2: reconstruction 151.2 nats, KL 4.57 nats. c = 5: not yet."
    )
    assert data["text/plain"] == metadata["image/png"]["alt"] == view.alt
    assert data["image/png"] != start["image/png"]
    assert view.screen.frame


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: latent_kl(mean=5), ValueError),
        (lambda: latent_kl(log_variance=-9), ValueError),
        (lambda: linear_vae(beta=0), ValueError),
        (lambda: linear_vae(variances=[]), ValueError),
        (lambda: linear_vae(variances=[1, np.nan]), ValueError),
        (lambda: linear_vae(noise_variance=2), ValueError),
        (lambda: trained_gallery({}), ValueError),
        (lambda: trained_gallery({1: VAE()}, coefficient=3), ValueError),
        (lambda: trained_gallery({1: "a model"}), TypeError),
        (lambda: trained_gallery([VAE()]), TypeError),
        (lambda: trained_gallery({"1": VAE()}), TypeError),
        (lambda: trained_gallery({1: VAE()}, coefficient=[1]), ValueError),
    ],
)
def test_bad_arguments_name_the_remedy(call, error):
    with pytest.raises(error, match=r"must|give|choose"):
        call()
