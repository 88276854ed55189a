"""What the reader of lesson 05 writes."""

import math

import numpy as np

from klcourse.lessons.functions import Written

__all__ = ["FUNCTIONS"]


# --- the KL of codes --------------------------------------------------------------------------------------------------


def kl_of_codes(mean, log_variance, prior_sd):
    """The mean over the images, the rows, of KL(q(z|x)‖N(0, prior_sd² I)), summed over the latents, the columns."""
    mean, log_variance = np.array(mean, dtype=float), np.array(log_variance, dtype=float)
    _check_codes(mean, log_variance)
    if not 0 < prior_sd < math.inf:
        raise ValueError("prior_sd must be positive and finite")
    return _without_checks(mean, log_variance, prior_sd)


def _check_codes(mean, log_variance):
    mean, log_variance = np.array(mean, dtype=float), np.array(log_variance, dtype=float)
    if mean.ndim != 2 or mean.shape != log_variance.shape:
        raise ValueError("mean and log_variance must have the same shape (n, d)")
    if not (np.isfinite(mean).all() and np.isfinite(log_variance).all()):
        raise ValueError("mean and log_variance must be finite")


# Wrong ones, as they are first written: without any checks.


def _brackets(mean, log_variance, prior_sd):
    mean, log_variance, prior = np.array(mean, dtype=float), np.array(log_variance, dtype=float), prior_sd**2
    return (mean**2 + np.exp(log_variance)) / prior - 1 - log_variance + np.log(prior)


def _without_checks(mean, log_variance, prior_sd):
    return np.mean(np.sum(_brackets(mean, log_variance, prior_sd), axis=1)) / 2


def _averaged_over_latents(mean, log_variance, prior_sd):
    return np.mean(_brackets(mean, log_variance, prior_sd)) / 2


def _summed_over_images(mean, log_variance, prior_sd):
    return np.sum(_brackets(mean, log_variance, prior_sd)) / 2


def _half_missing(mean, log_variance, prior_sd):
    return 2 * _without_checks(mean, log_variance, prior_sd)


def _log_sd_taken(mean, log_variance, prior_sd):
    return _without_checks(mean, 2 * np.array(log_variance), prior_sd)


def _prior_sd_for_variance(mean, log_variance, prior_sd):
    return _without_checks(mean, log_variance, abs(prior_sd) ** 0.5)


def _prior_left_out(mean, log_variance, prior_sd):
    return _without_checks(mean, log_variance, 1)


def _log_of_prior_left_out(mean, log_variance, prior_sd):
    brackets = _brackets(mean, log_variance, prior_sd) - np.log(prior_sd**2)
    return np.mean(np.sum(brackets, axis=1)) / 2


def _log_of_prior_sd(mean, log_variance, prior_sd):
    brackets = _brackets(mean, log_variance, prior_sd) - np.log(prior_sd)
    return np.mean(np.sum(brackets, axis=1)) / 2


def _variance_underflows(mean, log_variance, prior_sd):
    kl_of_codes(mean, log_variance, prior_sd)  # refuses what it should
    with np.errstate(all="ignore"):
        mean, variance, prior = np.array(mean, dtype=float), np.exp(np.array(log_variance, dtype=float)), prior_sd**2
        brackets = (mean**2 + variance) / prior - 1 - np.log(variance / prior)
    return np.mean(np.sum(brackets, axis=1)) / 2


def _prior_sd_checked_by(refuses):
    """One that checks the arrays, and refuses a prior_sd only if `refuses` says so."""

    def wrong(mean, log_variance, prior_sd):
        _check_codes(mean, log_variance)
        if refuses(prior_sd):
            raise ValueError("prior_sd")
        with np.errstate(all="ignore"):
            return _without_checks(mean, log_variance, np.float64(prior_sd))

    return wrong


def _two_latents_only(mean, log_variance, prior_sd):
    brackets = _brackets(mean, log_variance, prior_sd)
    return np.mean(brackets[:, 0] + brackets[:, 1]) / 2


# --- the smallest loss ------------------------------------------------------------------------------------------------


def smallest_loss(x, w, noise_variance, c):
    """Over all Gaussian codes of the pixel x, for the prior N(0, 1) and the decoder N(wz, noise_variance).

    Up to a constant, the loss is c times the -ELBO of a decoder with the noise c noise_variance; the smallest -ELBO
    is -ln p(x).
    """
    noise = c * noise_variance
    constant = math.log(2 * math.pi * noise_variance) / 2 - c * math.log(2 * math.pi * noise) / 2
    return c * _surprise(x, w, noise) + constant


def _surprise(x, w, noise_variance):
    """-ln p(x)."""
    variance = w**2 + noise_variance
    return (math.log(2 * math.pi * variance) + x**2 / variance) / 2


FUNCTIONS = {
    "5.5": Written(
        right=kl_of_codes,
        calls=[
            (np.array([[0.4, -1.2], [2.1, 0.3], [-0.7, 0.0]]), np.array([[-1.1, 0.2], [-2.3, -0.4], [0.6, -3.0]]), 1.7),
            (np.array([[1.3]]), np.array([[-0.8]]), 0.6),
            ([[0.5, -0.5, 1.5, 0.1], [0.2, 0.9, -2.0, 0.0]], [[-1.0, 0.0, -0.5, 1.2], [0.3, -4.0, -0.9, 0.7]], 2.5),
            (np.array([[0.0, 3.0]]), np.array([[-800.0, 2.0]]), 1),
            (np.array([[0.1, 0.2], [0.3, 0.4]]), np.array([[-1.0], [-2.0]]), 1.3),
            (np.array([0.1, 0.2]), np.array([-1.0, -2.0]), 1.3),
            (np.array([[0.1, math.nan]]), np.array([[-1.0, -2.0]]), 1.3),
            (np.array([[0.1, 0.0]]), np.array([[-math.inf, 0.0]]), 1.3),
            (np.array([[0.1, 0.2]]), np.array([[-1.0, -2.0]]), -0.5),
            (np.array([[0.1, 0.2]]), np.array([[-1.0, -2.0]]), math.inf),
            (np.array([[0.1, 0.2]]), np.array([[-1.0, -2.0]]), math.nan),
            (np.array([[0.1, 0.2]]), np.array([[-1.0, -2.0]]), 0),
        ],
        mistakes={
            "averaged_over_latents": _averaged_over_latents,
            "summed_over_images": _summed_over_images,
            "half_of_kl_missing": _half_missing,
            "log_sd_taken": _log_sd_taken,
            "prior_sd_for_variance": _prior_sd_for_variance,
            "prior_left_out": _prior_left_out,
            "log_of_prior_left_out": _log_of_prior_left_out,
            "log_of_prior_sd": _log_of_prior_sd,
            "variance_underflows": _variance_underflows,
            "answers_for_any_shape": _without_checks,
            "two_latents_only": _two_latents_only,
            "prior_sd_unchecked": _prior_sd_checked_by(lambda sd: False),
            "prior_sd_sign_only": _prior_sd_checked_by(lambda sd: sd <= 0),
            "prior_sd_nan_passes": _prior_sd_checked_by(lambda sd: sd <= 0 or sd == math.inf),
            "prior_sd_zero_passes": _prior_sd_checked_by(lambda sd: not 0 <= sd < math.inf),
        },
    ),
    "5.6": Written(
        right=smallest_loss,
        calls=[
            (0.9, 1.7, 0.3, 1.0),
            (0.9, 1.7, 0.3, 3.5),
            (-2.2, 0.6, 0.8, 0.04),
            (0.0, 2.5, 1.6, 7.0),
            (1.4, 0.0, 0.5, 2.0),
            (3.0, -50.0, 1e-8, 0.01),
        ],
        mistakes={
            "other_decoder_alone": lambda x, w, noise_variance, c: _surprise(x, w, c * noise_variance),
            "gaussian_constant_left_out": lambda x, w, noise_variance, c: (
                smallest_loss(x, w, noise_variance, c) - math.log(2 * math.pi * noise_variance) / 2
            ),
            "constants_left_out": lambda x, w, noise_variance, c: c * _surprise(x, w, c * noise_variance),
            "constant_once": lambda x, w, noise_variance, c: c * _surprise(x, w, c * noise_variance) - math.log(c) / 2,
            "same_noise_scaled": lambda x, w, noise_variance, c: c * _surprise(x, w, noise_variance),
            "surprise_for_any_c": lambda x, w, noise_variance, c: _surprise(x, w, noise_variance),
            "noise_squared": lambda x, w, noise_variance, c: smallest_loss(x, w, noise_variance**2, c),
        },
    ),
}
