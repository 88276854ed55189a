"""A variational autoencoder of 28 x 28 images with two latent dimensions: NumPy, and its gradient by hand.

An image x goes through 256 hidden units to the mean and the log variance of a Gaussian q(z|x); a sample z of it goes
through 256 more to the probability of ink in each of the 784 pixels. With a weight c on the KL, training lowers

    reconstruction + c KL(q(z|x)‖N(0, I)),

where the reconstruction is the cross-entropy of the pixels. At c = 1 this is -ELBO, an upper bound of -log p(x).
Beside it stand the KL of one latent, its parts and its slopes, and the best linear VAE, which is known in closed form.
"""

import math
import os
import secrets
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from threadpoolctl import threadpool_limits

from klcourse.checks import as_array, check_labels, check_number, check_shapes, check_whole_number, finite, numbers
from klcourse.divergence import log_ratio

__all__ = ["VAE", "kl_parts", "kl_slopes", "rates_and_distortions"]

_SIDE, _PIXELS, _HIDDEN, _LATENT = 28, 784, 256, 2
SHAPES = {
    "encoder_weights": (_PIXELS, _HIDDEN),
    "encoder_bias": (_HIDDEN,),
    "code_weights": (_HIDDEN, 2 * _LATENT),  # columns: means, then log variances
    "code_bias": (2 * _LATENT,),
    "decoder_weights": (_LATENT, _HIDDEN),
    "decoder_bias": (_HIDDEN,),
    "pixel_weights": (_HIDDEN, _PIXELS),
    "pixel_bias": (_PIXELS,),
}
_BATCH = 128


class VAE:
    """A variational autoencoder 784-256-(2 means, 2 log variances)-256-784 with ReLU, for images of 28 x 28 pixels.

    Parameters
    ----------
    seed : int
        Sets the initial weights, the order of the images and the noise: two models of one seed differ only by what
        they are trained with.

    Attributes
    ----------
    parameters : ndarray, shape (404244,)
        All weights and biases in one float32 vector. The weights start uniform (Glorot & Bengio 2010), the biases at 0.

    Notes
    -----
    Images have the shape (n, 28, 28) and hold uint8 from 0 to 255, floats from 0 to 1, or bools. A grey pixel counts as
    a probability of ink, so that the loss is no normalised likelihood; that of black and white, ``images > 127``, is.

    Source: Kingma & Welling, "Auto-Encoding Variational Bayes" (2014), sections 2 and 3 and appendices B and C.

    >>> from klcourse.mnist import load_mnist
    >>> images = load_mnist().train_images[:1280]
    >>> vae = VAE(seed=0)
    >>> before = vae.evaluate(images)
    >>> for reconstruction, kl in vae.train(images, kl_coefficient=1, epochs=2):
    ...     print("an epoch done")
    an epoch done
    an epoch done
    >>> sum(vae.evaluate(images)) < sum(before)  # -ELBO in nats per image
    True
    >>> mean, log_variance = vae.encode(images)
    >>> mean.shape, vae.decode([0, 0]).shape
    ((1280, 2), (28, 28))
    """

    def __init__(self, seed=0):
        check_whole_number("seed", seed, lowest=0)
        self._random = np.random.default_rng(seed)
        self.parameters = np.zeros(sum(map(math.prod, SHAPES.values())), np.float32)
        for weights in vars(named_parts(self.parameters)).values():
            if weights.ndim == 2:
                weights[...] = self._random.uniform(-1, 1, weights.shape) * math.sqrt(6 / sum(weights.shape))
        self._adam = Adam(self.parameters)

    def train(self, images, kl_coefficient, epochs):
        """Lower reconstruction + kl_coefficient * KL with Adam, in batches of 128. An iterator: it works as it is read.

        Parameters
        ----------
        images : array_like, shape (n, 28, 28)
        kl_coefficient : float
            The weight c of the KL: finite, not negative. 1 makes the loss -ELBO.
        epochs : int
            How often to go through all images, in a new order each time.

        Yields
        ------
        reconstruction, kl : float
            After each epoch: the means over it, in nats per image, with the weights as they were at each batch.

        Raises
        ------
        ValueError, TypeError
            At once, before any training, for input that does not fit; the message names the remedy.
        FloatingPointError
            After an epoch that has left the finite numbers, as with a kl_coefficient of 1e39. The model is then as it
            was before that epoch.

        Notes
        -----
        An interrupt leaves a model that works, as far as it has come; calling `train` again goes on from there.

        Source: Kingma & Ba, "Adam: A Method for Stochastic Optimization" (2015), algorithm 1, learning rate 0.001.
        """
        images = _checked_images(images)
        check_number("kl_coefficient", kl_coefficient, lowest=0, remedy="1 gives the ELBO.")
        check_whole_number("epochs", epochs, lowest=1)
        return self._epochs(images, float(kl_coefficient), epochs)

    def encode(self, images):
        """The Gaussian q(z|x) of each image.

        Parameters
        ----------
        images : array_like, shape (n, 28, 28)

        Returns
        -------
        mean, log_variance : ndarray, shape (n, 2)

        Raises
        ------
        ValueError, TypeError
            If these are no such images; the message names the remedy.
        FloatingPointError
            If the weights are so large that the result is no finite number.
        """
        images, weights = _checked_images(images), named_parts(self.parameters)
        with _one_thread(), np.errstate(all="ignore"):
            codes = [_encode(weights, x)[-2:] for x in self._batches(images)]
        mean, log_variance = (np.concatenate(parts) for parts in zip(*codes, strict=True))
        _check_results(mean, log_variance)
        return mean, log_variance

    def decode(self, z):
        """The image for each point of the latent space: the probability of ink in each pixel.

        Parameters
        ----------
        z : array_like, shape (..., 2)

        Returns
        -------
        ndarray, shape (..., 28, 28)
            Between 0 and 1.

        Raises
        ------
        ValueError, TypeError
            If z does not end in an axis of two, or holds what is no finite number below a million.
        FloatingPointError
            If the weights are so large that the result is no finite number.
        """
        z = _checked_codes(z).astype(self.parameters.dtype)
        with np.errstate(all="ignore"):
            _, _, logits = _decode(named_parts(self.parameters), z.reshape(-1, _LATENT))
        _check_results(logits)
        return ((1 + np.tanh(logits / 2)) / 2).reshape(*z.shape[:-1], _SIDE, _SIDE)

    def evaluate(self, images):
        """Reconstruction and KL in nats per image; their sum is -ELBO.

        Parameters
        ----------
        images : array_like, shape (n, 28, 28)

        Returns
        -------
        reconstruction, kl : float
            The reconstruction of one sample z of q(z|x) per image, drawn anew with the same seed in every call, so that
            the same model always gives the same figure. The KL is exact.

        Raises
        ------
        ValueError, TypeError
            If these are no such images; the message names the remedy.
        FloatingPointError
            If the weights are so large that the result is no finite number.
        """
        images, weights, random = _checked_images(images), named_parts(self.parameters), np.random.default_rng(0)
        reconstruction = kl = 0.0
        with _one_thread(), np.errstate(all="ignore"):
            for x in self._batches(images):
                _, _, mean, log_variance = _encode(weights, x)
                z = mean + np.exp(log_variance / 2) * random.standard_normal(mean.shape, x.dtype)
                _, _, logits = _decode(weights, z)
                reconstruction += pixel_cross_entropy(x, logits, np.empty_like(x))
                kl += kl_to_standard_normal(mean, log_variance)
        _check_results(reconstruction, kl)
        return reconstruction / len(images), kl / len(images)

    def save(self, path):
        """Write all weights and biases to `path`, as an npz file of named arrays.

        An older file there is replaced at the end, in one step: an interrupt or a full disk leaves it as it was.

        Parameters
        ----------
        path : str or path

        Raises
        ------
        OSError
            If the file cannot be written.
        ValueError, TypeError
            If this is no path, or something other than a file stands there.
        """
        target = Path(os.path.realpath(_checked_path(path)))  # a link stays a link
        if target.exists() and not target.is_file():
            raise ValueError(f"path is {path}, which is no file: give the name of a file.")
        beside = target.with_name(f".{secrets.token_hex(8)}.part")
        try:
            with open(beside, "xb") as file:
                np.savez(file, **vars(named_parts(self.parameters)))
            os.replace(beside, target)
        finally:
            beside.unlink(missing_ok=True)

    @classmethod
    def load(cls, path):
        """The model that `save` wrote to `path`. When it is trained further, Adam starts anew.

        Raises
        ------
        OSError
            If there is no such file.
        ValueError, TypeError
            If it holds something else, or this is no path.
        """
        vae = cls()
        with open(_checked_path(path), "rb") as file:
            _read_weights(file, vae.parameters, path)
        return vae

    def _epochs(self, images, kl_coefficient, epochs):
        for _ in range(epochs):
            adam, before = self._adam, [array.copy() for array in self._state()]
            steps, draws = adam.steps, self._random.bit_generator.state
            with _one_thread(), np.errstate(all="ignore"):
                losses = self._epoch(images, kl_coefficient)
            if not all(np.isfinite(part).all() for part in (losses, *self._state())):
                for array, old in zip(self._state(), before, strict=True):
                    array[...] = old
                adam.steps, self._random.bit_generator.state = steps, draws
                raise FloatingPointError(
                    f"This epoch left the finite numbers with kl_coefficient = {kl_coefficient:g}: give a smaller one; "
                    "1 gives the ELBO. The model is as it was before the epoch."
                )
            yield losses

    def _state(self):
        """The arrays that an epoch of training changes."""
        return self.parameters, self._adam.sum, self._adam.sum_of_squares

    def _epoch(self, images, kl_coefficient):
        gradient, spare = np.empty_like(self.parameters), spare_memory(self.parameters.dtype)
        weights, slopes = named_parts(self.parameters), named_parts(gradient)
        reconstruction = kl = 0.0
        for x in self._batches(images, self._random.permutation(len(images))):
            noise = self._random.standard_normal((len(x), _LATENT), x.dtype)
            losses = differentiate(weights, x, noise, kl_coefficient, slopes, spare)
            self._adam.step(self.parameters, gradient)
            reconstruction, kl = reconstruction + losses[0], kl + losses[1]
            if not math.isfinite(reconstruction + kl):
                break  # no later batch brings the numbers back
        return reconstruction / len(images), kl / len(images)

    def _batches(self, images, order=None):
        """The images as rows of numbers from 0 to 1, _BATCH at a time, each time in the same memory."""
        images = images.reshape(-1, _PIXELS)
        order = np.arange(len(images)) if order is None else order
        rows = np.empty((_BATCH, _PIXELS), self.parameters.dtype)
        for start in range(0, len(images), _BATCH):
            batch = images[order[start : start + _BATCH]]
            x = rows[: len(batch)]
            x[...] = batch
            if images.dtype == np.uint8:
                x *= 1 / 255
            yield x


def _one_thread():
    """With more threads, each product waits for the slowest: on a machine that others use too, an epoch stalls."""
    return threadpool_limits(limits=1, user_api="blas")


# --- loss and gradient ------------------------------------------------------------------------------------------------
# Large arrays that a step needs are made once and written to by `out=`: fresh memory costs more than the arithmetic.


def differentiate(w, x, noise, kl_coefficient, d, spare):
    """Write the slopes of the loss, in nats per image, along all weights `w` to `d`.

    Returns the reconstruction and the KL, summed over the images x; `d` has the names and shapes of `w`.
    """
    encoder_out, decoder_out, d_hidden_out, logits_out, pixels_out = (memory[: len(x)] for memory in spare)

    # Forwards: image, code, sample, logits.
    encoder, encoder_on, mean, log_variance = _encode(w, x, encoder_out)
    sd = np.exp(log_variance / 2)
    z = mean + sd * noise
    decoder, decoder_on, logits = _decode(w, z, decoder_out, logits_out)
    reconstruction = pixel_cross_entropy(x, logits, pixels_out)
    kl = kl_to_standard_normal(mean, log_variance)

    # Backwards: `pixel_cross_entropy` has left its slopes in place of the logits.
    d_logits = logits
    d_logits *= 1 / len(x)
    c = kl_coefficient / len(x)
    _slopes(decoder, d_logits, d.pixel_weights, d.pixel_bias)
    d_decoder = np.matmul(d_logits, w.pixel_weights.T, out=d_hidden_out)
    d_decoder *= decoder_on
    _slopes(z, d_decoder, d.decoder_weights, d.decoder_bias)
    d_z = d_decoder @ w.decoder_weights.T
    d_mean = d_z + c * mean  # the KL pulls a mean to 0 by the mean itself,
    d_log_variance = d_z * noise * sd / 2 + c * np.expm1(log_variance) / 2  # a log variance s by (e^s - 1) / 2
    d_code = np.concatenate([d_mean, d_log_variance], axis=1)
    _slopes(encoder, d_code, d.code_weights, d.code_bias)
    d_encoder = np.matmul(d_code, w.code_weights.T, out=d_hidden_out)
    d_encoder *= encoder_on
    _slopes(x, d_encoder, d.encoder_weights, d.encoder_bias)
    return reconstruction, kl


def _encode(w, x, out=None):
    hidden, on = _relu(_affine(x, w.encoder_weights, w.encoder_bias, out))
    code = _affine(hidden, w.code_weights, w.code_bias)
    return hidden, on, code[:, :_LATENT], code[:, _LATENT:]


def _decode(w, z, out=None, logits_out=None):
    hidden, on = _relu(_affine(z, w.decoder_weights, w.decoder_bias, out))
    return hidden, on, _affine(hidden, w.pixel_weights, w.pixel_bias, logits_out)


def _affine(inputs, weights, bias, out=None):
    outputs = np.matmul(inputs, weights, out=out)
    outputs += bias
    return outputs


def _relu(values):
    """max(values, 0) in place, and where it let them pass."""
    on = values > 0
    values *= on
    return values, on


def _slopes(inputs, d_outputs, d_weights, d_bias):
    """Backwards through `_affine`, as far as its weights and bias."""
    np.matmul(inputs.T, d_outputs, out=d_weights)
    d_outputs.sum(axis=0, out=d_bias)


def pixel_cross_entropy(x, logits, spare):
    """The sum of log(1 + e^t) - x t over all pixels x and their logits t, which give way to its slopes sigmoid(t) - x.

    With the half logit h = t/2, log(1 + e^t) = h + |h| + log 2 - log(1 + |tanh h|) and sigmoid(t) = (1 + tanh h) / 2:
    no step of it can overflow.
    """
    half = logits
    half *= 0.5
    total = half.size * math.log(2) - 2 * float(np.vdot(x, half))
    positive = np.abs(half, out=spare)
    positive += half
    total += _sum(positive)
    tanh = np.tanh(half, out=half)
    factors = np.abs(tanh, out=spare)
    factors += 1
    # A sum of logarithms is the logarithm of a product: one for 16 factors, none of them above 2.
    total -= _sum(np.log(np.multiply.reduce(factors.reshape(16, -1), keepdims=True)))
    tanh += 1
    tanh *= 0.5
    tanh -= x
    return total


def _sum(values):
    return float(values.sum(axis=0).sum())  # column by column is twice as fast


def kl_of_latents(mean, log_variance):
    """KL(N(mean, e^s)‖N(0, 1)) = (mean² + e^s - 1 - s) / 2 with the log variance s, entry by entry."""
    return (mean * mean + np.expm1(log_variance) - log_variance) / 2


def kl_to_standard_normal(mean, log_variance):
    """KL(q‖N(0, I)) of the codes q of all images: the sum of `kl_of_latents`."""
    return float(np.sum(kl_of_latents(mean, log_variance)))


def named_parts(vector):
    """The parts of a vector of all parameters, by name and in shape: views, no copies."""
    views, start = {}, 0
    for name, shape in SHAPES.items():
        views[name] = vector[start : start + math.prod(shape)].reshape(shape)
        start += math.prod(shape)
    return SimpleNamespace(**views)


def spare_memory(dtype):
    """Memory for one batch."""
    return *np.empty((3, _BATCH, _HIDDEN), dtype), *np.empty((2, _BATCH, _PIXELS), dtype)


class Adam:
    """Adam: a step along the running mean of the gradient over the root of the running mean of its square.

    A running mean is kept as a weighted sum, to be divided by the sum of its weights.
    """

    def __init__(self, parameters, learning_rate=1e-3, decays=(0.9, 0.999), epsilon=1e-8):
        self.learning_rate, self.decays, self.epsilon = learning_rate, decays, epsilon
        self.sum, self.sum_of_squares = np.zeros_like(parameters), np.zeros_like(parameters)
        self.steps = 0

    def step(self, parameters, gradient):
        """Move the parameters; the gradient is used up."""
        self.steps += 1
        self.sum *= self.decays[0]
        self.sum += gradient
        self.sum_of_squares *= self.decays[1]
        gradient *= gradient
        self.sum_of_squares += gradient
        if self.steps % 256 == 0:
            # Where a unit is dead, its sums decay to subnormal numbers, slow to compute with, and would stay there.
            self.sum[np.abs(self.sum) < 1e-25] = 0

        weight, weight_of_squares = ((1 - decay**self.steps) / (1 - decay) for decay in self.decays)
        root = math.sqrt(weight_of_squares)
        step = np.sqrt(self.sum_of_squares, out=gradient)
        step += self.epsilon * root
        np.divide(self.sum, step, out=step)
        step *= self.learning_rate * root / weight
        parameters -= step


# --- one latent -------------------------------------------------------------------------------------------------------


def kl_parts(mean, log_variance):
    """What the mean and what the variance add to KL(N(mean, e^s)‖N(0, 1)): mean²/2 and (e^s - 1 - s)/2.

    Parameters
    ----------
    mean, log_variance : float
        s is the log variance; both below 100 in size.

    Returns
    -------
    by_mean, by_variance : float
        In nats, not negative. Their sum is the KL of one latent.

    Raises
    ------
    ValueError, TypeError
        If an argument is no such number.

    Source: Kingma & Welling, "Auto-Encoding Variational Bayes" (2014), appendix B.

    >>> by_mean, by_variance = kl_parts(1.0, -2.0)
    >>> by_mean, round(by_variance, 6)
    (0.5, 0.567668)
    """
    _check_latent(mean, log_variance)
    return mean**2 / 2, (math.expm1(log_variance) - log_variance) / 2


def kl_slopes(mean, log_variance):
    """The slopes of KL(N(mean, e^s)‖N(0, 1)) along the mean and along the log variance s: the mean, and (e^s - 1)/2.

    Parameters and errors are those of `kl_parts`.

    Returns
    -------
    along_mean, along_log_variance : float
        In nats for each unit of mean and log variance.

    >>> along_mean, along_log_variance = kl_slopes(1.0, -2.0)
    >>> along_mean, round(along_log_variance, 6)
    (1.0, -0.432332)
    """
    _check_latent(mean, log_variance)
    return mean, math.expm1(log_variance) / 2


# --- the linear VAE, in closed form -----------------------------------------------------------------------------------


def rates_and_distortions(level, variances):
    """What the best linear VAE of Gaussian data keeps and loses in each dimension: reverse water-filling.

    A dimension of variance λ above the level t has the rate ½ log(λ/t) and the distortion t; the others have the rate 0
    and the distortion λ.

    Parameters
    ----------
    level : array_like
        t, above 0: the coefficient of the KL times the variance of the decoder's noise. It broadcasts with `variances`.
    variances : array_like, shape (..., d)
        λ of the data along their principal axes, above 0.

    Returns
    -------
    rates, distortions : ndarray of the broadcast shape
        The KL of each latent in nats, and the mean squared error of each dimension.

    Raises
    ------
    ValueError, TypeError
        If a number is not above 0, or the shapes do not broadcast.

    Source: Lucas et al., "Don't Blame the ELBO!" (2019), and Cover & Thomas, "Elements of Information Theory" (2006),
    section 10.3.3.

    >>> rates, distortions = rates_and_distortions(0.5, [4, 1, 0.25])
    >>> rates.round(4), distortions
    (array([1.0397, 0.3466, 0.    ]), array([0.5 , 0.5 , 0.25]))
    """
    check_labels(level=level, variances=variances)
    level, variances = finite("level", level), finite("variances", variances)
    if not ((level > 0).all() and (variances > 0).all()):
        raise ValueError(f"level is {level} and variances are {variances}: all must be above 0.")
    check_shapes(level=level, variances=variances)
    return np.maximum(log_ratio(variances, level), 0) / 2, np.minimum(variances, level)


# --- the input rules --------------------------------------------------------------------------------------------------


def _checked_images(images):
    images = as_array("images", images)
    if images.ndim != 3 or images.shape[1:] != (_SIDE, _SIDE):
        remedy = "give one image as image[np.newaxis]" if images.shape == (_SIDE, _SIDE) else "reshape or crop them"
        raise ValueError(f"images has shape {images.shape}, not (n, 28, 28): {remedy}.")
    if not len(images):
        raise ValueError("images is empty: give one image or more.")
    if images.dtype != np.uint8 and images.dtype.kind not in "fb":
        raise TypeError(f"images holds {images.dtype}: give uint8 from 0 to 255, floats from 0 to 1, or bools.")
    lowest, highest = images.min(), images.max()
    if images.dtype == np.uint8 and highest == 1:
        raise ValueError("images holds uint8 up to 1, of 255: for black and white give images.astype(bool).")
    if images.dtype.kind == "f" and not (lowest >= 0 and highest <= 1):
        found = "NaN" if np.isnan(lowest) else f"pixels from {lowest:g} to {highest:g}"
        raise ValueError(f"images holds {found}: floats must lie between 0 and 1. Divide 0 to 255 by 255.")
    return images


def _check_latent(mean, log_variance):
    for name, value in {"mean": mean, "log_variance": log_variance}.items():
        check_number(name, value, above=-100, below=100)


def _checked_codes(z):
    z = numbers("z", z).astype(float)
    if z.ndim == 0 or z.shape[-1] != _LATENT:
        raise ValueError(f"z has shape {z.shape}: its last axis must hold the two coordinates of a point.")
    if not (np.abs(z) < 1e6).all():
        raise ValueError("z holds NaN, infinity or a million and more: codes lie near 0. Find where it came from.")
    return z


def _checked_path(path):
    if not isinstance(path, str | os.PathLike):  # open() takes a number for a file that is open already
        raise TypeError(f"path is {path!r}: give the name of a file, such as 'model.npz'.")
    return path


def _check_results(*results):
    if not all(np.isfinite(result).all() for result in results):
        raise FloatingPointError("The weights of this model are so large that its numbers overflow: train it anew.")


def _read_weights(file, parameters, path):
    try:
        with zipfile.ZipFile(file) as archive:
            weights = {name: _read_array(archive, name, shape) for name, shape in SHAPES.items()}
    except Exception as error:  # NumPy, zipfile and zlib each raise their own
        raise ValueError(f"{path} is damaged, or is no model that VAE.save wrote: train it anew.") from error
    for name, target in vars(named_parts(parameters)).items():
        array = weights[name]
        if array is None or not np.isfinite(array).all():
            raise ValueError(f"{path} is no model that VAE.save wrote: {name} should be {target.shape} finite floats.")
        target[...] = array


def _read_array(archive, name, shape):
    """The array as float32, or None if it is none of that shape: what is larger is never read into memory."""
    member = archive.getinfo(f"{name}.npy")
    if member.file_size > 16 * math.prod(shape) + 10_000:
        return None
    with archive.open(member) as file:
        if np.lib.format.read_magic(file) != (1, 0):  # NumPy needs a later one only for names and for long headers
            return None
        found, _, dtype = np.lib.format.read_array_header_1_0(file)
    if found != shape or dtype.kind != "f":
        return None
    with archive.open(member) as file, np.errstate(over="ignore"):  # what overflows is refused as infinite
        return np.lib.format.read_array(file, allow_pickle=False).astype(np.float32)
