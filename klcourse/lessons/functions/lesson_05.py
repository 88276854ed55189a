"""What the reader of lesson 05 writes."""

import math

import numpy as np

from klcourse.lessons.functions import Written

__all__ = ["FUNCTIONS"]


# --- the KL of codes, and its slopes ----------------------------------------------------------------------------------


def kl_and_slopes(mean, log_variance, prior_sd):
    """The mean over the images, the rows, of KL(q(z|x)‖N(0, prior_sd² I)), summed over the latents, the columns.

    And the slopes of this mean along each entry of `mean`, and along each entry of `log_variance`.
    """
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


def _kl(brackets):
    return np.mean(np.sum(brackets, axis=1)) / 2


def _slopes(mean, log_variance, prior_sd):
    mean, log_variance, prior = np.array(mean, dtype=float), np.array(log_variance, dtype=float), prior_sd**2
    return mean / prior / len(mean), (np.exp(log_variance) / prior - 1) / 2 / len(mean)


def _without_checks(mean, log_variance, prior_sd):
    return _kl(_brackets(mean, log_variance, prior_sd)), *_slopes(mean, log_variance, prior_sd)


def _times(factor):
    """One whose KL is so many times too large, and its slopes with it."""

    def wrong(mean, log_variance, prior_sd):
        times = factor(*np.shape(mean))
        return tuple(times * part for part in _without_checks(mean, log_variance, prior_sd))

    return wrong


def _log_sd_taken(mean, log_variance, prior_sd):
    kl, along_mean, along_log = _without_checks(mean, 2 * np.array(log_variance), prior_sd)
    return kl, along_mean, 2 * along_log


def _prior_sd_for_variance(mean, log_variance, prior_sd):
    return _without_checks(mean, log_variance, abs(prior_sd) ** 0.5)


def _prior_left_out(mean, log_variance, prior_sd):
    return _without_checks(mean, log_variance, 1)


def _log_of_prior_left_out(mean, log_variance, prior_sd):
    brackets = _brackets(mean, log_variance, prior_sd) - np.log(prior_sd**2)
    return _kl(brackets), *_slopes(mean, log_variance, prior_sd)


def _log_of_prior_sd(mean, log_variance, prior_sd):
    brackets = _brackets(mean, log_variance, prior_sd) - np.log(prior_sd)
    return _kl(brackets), *_slopes(mean, log_variance, prior_sd)


def _variance_underflows(mean, log_variance, prior_sd):
    _, *slopes = kl_and_slopes(mean, log_variance, prior_sd)  # refuses what it should
    with np.errstate(all="ignore"):
        mean, variance, prior = np.array(mean, dtype=float), np.exp(np.array(log_variance, dtype=float)), prior_sd**2
        brackets = (mean**2 + variance) / prior - 1 - np.log(variance / prior)
    return _kl(brackets), *slopes


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
    return np.mean(brackets[:, 0] + brackets[:, 1]) / 2, *_slopes(mean, log_variance, prior_sd)


def _with_slopes(slopes):
    """One whose KL is right, with other slopes along the mean and along the log variance s."""

    def wrong(mean, log_variance, prior_sd):
        kl, along_mean, along_log = _without_checks(mean, log_variance, prior_sd)
        with np.errstate(all="ignore"):
            return kl, *slopes(along_mean, along_log, np.array(mean, dtype=float), np.array(log_variance), prior_sd)

    return wrong


# --- the bound under the other decoder --------------------------------------------------------------------------------


def other_bound(loss, pixels, noise_variance, c):
    """The upper bound on -ln p(x) under the decoder with the noise c noise_variance.

    The loss of an image, without its constant, is c times the -ELBO of that decoder, without its own.
    """
    return (loss - _constant(pixels, noise_variance)) / c + _constant(pixels, c * noise_variance)


def _constant(pixels, noise_variance):
    """Of the reconstruction."""
    return pixels / 2 * math.log(2 * math.pi * noise_variance)


FUNCTIONS = {
    "5.5": Written(
        right=kl_and_slopes,
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
            "averaged_over_latents": _times(lambda n, d=1: 1 / d),
            "summed_over_images": _times(lambda n, d=1: n),
            "half_of_kl_missing": _times(lambda n, d=1: 2),
            "log_sd_taken": _log_sd_taken,
            "prior_sd_for_variance": _prior_sd_for_variance,
            "prior_left_out": _prior_left_out,
            "log_of_prior_left_out": _log_of_prior_left_out,
            "log_of_prior_sd": _log_of_prior_sd,
            "variance_underflows": _variance_underflows,
            "slopes_left_out": lambda mean, log_variance, prior_sd: _kl(_brackets(mean, log_variance, prior_sd)),
            "slopes_swapped": _with_slopes(lambda along_mean, along_log, *_: (along_log, along_mean)),
            "slopes_added_up": _with_slopes(
                lambda along_mean, along_log, *_: (along_mean.sum(axis=0), along_log.sum(axis=0))
            ),
            "slopes_of_one_image": _with_slopes(
                lambda along_mean, along_log, mean, *_: (len(mean) * along_mean, len(mean) * along_log)
            ),
            "log_variance_slope_doubled": _with_slopes(lambda along_mean, along_log, *_: (along_mean, 2 * along_log)),
            "mean_slope_halved": _with_slopes(lambda along_mean, along_log, *_: (along_mean / 2, along_log)),
            "slope_along_variance": _with_slopes(
                lambda along_mean, along_log, mean, s, prior_sd: (along_mean, along_log / np.exp(s))
            ),
            "slope_without_one": _with_slopes(
                lambda along_mean, along_log, mean, s, prior_sd: (along_mean, along_log + 1 / 2 / len(mean))
            ),
            "sd_in_slopes": _with_slopes(
                lambda along_mean, along_log, mean, s, prior_sd: _slopes(mean, s, abs(prior_sd) ** 0.5)
            ),
            "prior_not_in_slopes": _with_slopes(lambda along_mean, along_log, mean, s, prior_sd: _slopes(mean, s, 1)),
            "answers_for_any_shape": _without_checks,
            "two_latents_only": _two_latents_only,
            "prior_sd_unchecked": _prior_sd_checked_by(lambda sd: False),
            "prior_sd_sign_only": _prior_sd_checked_by(lambda sd: sd <= 0),
            "prior_sd_nan_passes": _prior_sd_checked_by(lambda sd: sd <= 0 or sd == math.inf),
            "prior_sd_zero_passes": _prior_sd_checked_by(lambda sd: not 0 <= sd < math.inf),
        },
    ),
    "5.6": Written(
        right=other_bound,
        calls=[
            (2.6, 1, 0.3, 1.0),
            (5.1, 1, 0.3, 3.5),
            (161.7, 784, 0.05, 2.0),
            (-31.4, 12, 0.02, 0.04),
            (0.0, 3, 1.6, 7.0),
            (1e6, 50, 1e-8, 0.01),
        ],
        mistakes={
            "constants_left_out": lambda loss, pixels, noise_variance, c: loss / c,
            "old_constant_kept": lambda loss, pixels, noise_variance, c: (
                loss / c + _constant(pixels, c * noise_variance)
            ),
            "new_constant_left_out": lambda loss, pixels, noise_variance, c: (
                (loss - _constant(pixels, noise_variance)) / c
            ),
            "constant_of_one_pixel": lambda loss, pixels, noise_variance, c: other_bound(loss, 1, noise_variance, c),
            "constant_not_divided": lambda loss, pixels, noise_variance, c: loss / c + pixels / 2 * math.log(c),
            "constant_without_half": lambda loss, pixels, noise_variance, c: other_bound(
                loss, 2 * pixels, noise_variance, c
            ),
            "two_pi_left_out": lambda loss, pixels, noise_variance, c: other_bound(
                loss, pixels, noise_variance / 2 / math.pi, c
            ),
            "noise_divided_by_c": lambda loss, pixels, noise_variance, c: (
                (loss - _constant(pixels, noise_variance)) / c + _constant(pixels, noise_variance / c)
            ),
            "noise_unchanged": lambda loss, pixels, noise_variance, c: (
                (loss - _constant(pixels, noise_variance)) / c + _constant(pixels, noise_variance)
            ),
            "loss_not_divided": lambda loss, pixels, noise_variance, c: loss + pixels / 2 * math.log(c),
            "noise_squared": lambda loss, pixels, noise_variance, c: other_bound(loss, pixels, noise_variance**2, c),
        },
    ),
}
