"""The explorers of notebook 05: one latent, the exact linear VAE, and a gallery of trained models."""

import math
from collections.abc import Mapping
from functools import lru_cache

import ipywidgets as widgets
import numpy as np

from klcourse.checks import check_number, check_option, finite, shown
from klcourse.explorers.drawing import Scale, ceiling, line
from klcourse.live import Area, Explorer, Picture, Range, Veil, choice, slider, style
from klcourse.live.picture import SHEET_LOCK
from klcourse.live.screen import Screen
from klcourse.live.still import bundle
from klcourse.mnist import load_mnist
from klcourse.vae import VAE, kl_of_latents, kl_parts, kl_slopes, rates_and_distortions

__all__ = ["latent_kl", "linear_vae", "trained_gallery"]


def _signed(value, decimals=4):
    return f"{value:.{decimals}f}".replace("-", "−")


# --- (a) one latent -----------------------------------------------------------------------------------------------

_MEANS, _LOG_VARIANCES = Range(-4, 4, 0.05), Range(-8, 4, 0.05)
_Z = np.linspace(-6, 6, 481)
_KL_LEVELS = (0.1, 0.5, 1, 2, 4, 8)
_HEIGHTS = (0.5, 1, 2, 4, 8, 16, 32)


def latent_kl(mean=1.0, log_variance=-2.0):
    """Show the KL of one latent, KL(N(mean, variance)‖N(0, 1)), and how it pulls the mean and the log variance.

    Parameters
    ----------
    mean : float in [-4, 4]
    log_variance : float in [-8, 4]

    Returns
    -------
    klcourse.live.Explorer
        The two curves, and the plane of mean and log variance. The thick arrows are one step of gradient descent on
        this KL, with a learning rate of 1: their lengths are the slopes. An arrow without a head goes on below.

    Raises
    ------
    ValueError
        If an argument lies outside its range.

    >>> latent_kl().text
    'KL(q‖p) = 1.0677 nats: 0.5000 by the mean, 0.5677 by the variance. Slopes 1.0000 and −0.4323.'
    """
    controls = {
        "mean": slider("mean", _MEANS.check("mean", mean), *_MEANS),
        "log_variance": slider("log variance", _LOG_VARIANCES.check("log_variance", log_variance), *_LOG_VARIANCES),
    }
    veil = Veil([Area(1)], _hidden_latent_readout, _hidden_latent_alt)
    return Explorer(_latent, Picture(_draw_latent), controls, _latent_readout, _latent_alt, veil)


def _latent(mean, log_variance):
    by_mean, by_variance = kl_parts(mean, log_variance)
    slope_of_mean, slope_of_log_variance = kl_slopes(mean, log_variance)
    return {
        "mean": mean,
        "log_variance": log_variance,
        "sd": math.exp(log_variance / 2),
        "by_mean": by_mean,
        "by_variance": by_variance,
        "kl": by_mean + by_variance,
        "slope_of_mean": slope_of_mean,
        "slope_of_log_variance": slope_of_log_variance,
    }


def _draw_latent(figure):
    curves, plane = figure.subplots(1, 2)
    curves.set(xlim=(_Z[0], _Z[-1]), xlabel="z", ylabel="density", yticks=(), ylim=(0, 1.03))
    curves.text(0, 1.01, "p = N(0, 1)", color=style.P["text"], transform=curves.transAxes, va="bottom")
    curves.text(1, 1.01, "q", color=style.Q["text"], transform=curves.transAxes, va="bottom", ha="right")
    plane.set(xlim=_MEANS[:2], ylim=_LOG_VARIANCES[:2], xlabel="mean of q", ylabel="log variance of q")
    plane.set(xticks=(-4, -2, 0, 2, 4), yticks=(-8, -4, 0, 4))
    _draw_field(plane)
    prior, code = line(curves, style.P), line(curves, style.Q)
    arrows = [plane.plot([], [], color=style.Q["color"], linewidth=4, solid_capstyle="butt")[0] for _ in range(2)]
    heads = [plane.plot([], [], marker, color=style.Q["color"], markersize=11)[0] for marker in "<v"]
    point = plane.plot([], [], "o", color=style.Q["color"], markeredgecolor=style.INK, markersize=10)[0]

    def draw(n):
        mean, log_variance = n["mean"], n["log_variance"]
        highest = ceiling(max(0.4, 0.4 / n["sd"]), _HEIGHTS)
        prior.set_data(_Z, np.exp(-(_Z**2) / 2) / math.sqrt(2 * math.pi) / highest)
        z = mean + n["sd"] * _Z  # dense where a narrow q lives
        code.set_data(z, np.exp(-(_Z**2) / 2) / math.sqrt(2 * math.pi) / n["sd"] / highest)
        ends = (mean - n["slope_of_mean"], log_variance), (mean, log_variance - n["slope_of_log_variance"])
        heads[1].set_visible(ends[1][1] > _LOG_VARIANCES[0])  # else the arrow goes on below the picture
        signs = "<" if mean > 0 else ">", "v" if log_variance > 0 else "^"
        for arrow, head, (x, y), sign in zip(arrows, heads, ends, signs, strict=True):
            arrow.set_data([mean, x], [log_variance, y])
            head.set_data([x], [y])
            head.set_marker(sign)
        point.set_data([mean], [log_variance])

    return [prior, code, *arrows, *heads, point], draw


def _draw_field(plane):
    """Lines of equal KL, and the direction downhill."""
    mean, log_variance = np.meshgrid(np.linspace(*_MEANS[:2], 161), np.linspace(*_LOG_VARIANCES[:2], 161))
    kl = kl_of_latents(mean, log_variance)
    lines = plane.contour(mean, log_variance, kl, _KL_LEVELS, colors=style.P["color"], linewidths=1, alpha=0.7)
    spots = [(0, -0.7), (0, -1.85), (0, -2.95), (0, -4.98)]
    for label in plane.clabel(lines, (0.1, 0.5, 1, 2), fmt="%g", fontsize=12, manual=spots):
        label.set_color(style.P["text"])  # as `colors` it would be as pale as the lines
    mean, log_variance = np.meshgrid(np.linspace(-3.4, 3.4, 6), np.linspace(-7.2, 3.2, 8))
    down = np.array([-mean, -np.expm1(log_variance) / 2])
    length = np.hypot(*down)
    plane.quiver(mean, log_variance, *(down / np.sqrt(length)), angles="xy", color=style.GREY, alpha=0.6, width=0.005)


def _latent_readout(n):
    by_mean, by_variance = (style.amount(n[part], "").strip() for part in ("by_mean", "by_variance"))
    slopes = f"{_signed(n['slope_of_mean'])} and {_signed(n['slope_of_log_variance'])}"
    return f"KL(q‖p) = {style.amount(n['kl'])}: {by_mean} by the mean, {by_variance} by the variance. Slopes {slopes}."


def _latent_alt(n):
    return (
        f"Left: the curve of q, mean {_signed(n['mean'], 2)} and sd {n['sd']:.4f}, and of p = N(0, 1). Right: contours "
        f"of KL over mean and log variance, here {_signed(n['log_variance'], 2)}, with two arrows downhill. "
        f"{_latent_readout(n)}"
    )


def _hidden_latent_readout(n):
    return f"q has mean {_signed(n['mean'], 2)} and log variance {_signed(n['log_variance'], 2)}."


def _hidden_latent_alt(n):
    return f"Left: the curve of q, mean {_signed(n['mean'], 2)} and sd {n['sd']:.4f}, and of p = N(0, 1)."


# --- (b) the linear VAE -------------------------------------------------------------------------------------------

_BETAS, _NOISES = Range(0.01, 100, 0.02), Range(0.01, 1, 0.02)
_LOWEST = 0.0009


def linear_vae(beta=1.0, variances=(4, 1, 0.25), noise_variance=0.1):
    """Weight the KL of the best linear VAE, which is known in closed form, and see which axes of the data it keeps.

    Parameters
    ----------
    beta : float in [0.01, 100]
        The coefficient c of the KL.
    variances : array_like, shape (1,) to (5,)
        Variances of the data along their principal axes, each in [0.01, 10].
    noise_variance : float in [0.01, 1]
        Of the decoder's Gaussian.

    Returns
    -------
    klcourse.live.Explorer
        The variance of each axis as a bar, hatched up to what is lost, and reconstruction against rate: a tangent with
        the slope -beta touches the curve at the optimum.

    Raises
    ------
    ValueError
        If an argument lies outside its range.

    Notes
    -----
    With the level t = beta noise_variance, an axis of variance λ > t has rate ½ log(λ/t) and distortion t, the others
    rate 0 and distortion λ. Distortion is the mean squared error; divided by 2 noise_variance it is the reconstruction
    in nats, up to a constant. Source: Lucas et al., "Don't Blame the ELBO!" (2019), and Cover & Thomas, "Elements of
    Information Theory" (2006), section 10.3.3, reverse water-filling.

    >>> linear_vae().text
    'Level 0.1000: 3 of 3 latents are used. Rate 3.4539 nats, distortion 0.3000, reconstruction 1.5000 nats.'
    """
    variances = finite("variances", variances)
    if variances.ndim != 1 or not 1 <= variances.size <= 5 or not ((variances >= 0.01) & (variances <= 10)).all():
        raise ValueError("variances must be one to five numbers in [0.01, 10].")
    controls = {
        "beta": slider("coefficient c", _BETAS.check("beta", beta), *_BETAS, log=True),
        "noise_variance": slider("noise variance", _NOISES.check("noise_variance", noise_variance), *_NOISES, log=True),
    }

    def compute(beta, noise_variance):
        return _linear(beta, noise_variance, variances)

    veil = Veil(
        [Area(0, left=-0.02, right=1.02, top=1.1), Area(1, left=-0.02, right=1.02, top=1.1)],
        _hidden_linear_readout,
        _hidden_linear_alt,
    )
    return Explorer(compute, Picture(_draw_linear(variances)), controls, _linear_readout, _linear_alt, veil)


def _linear(beta, noise_variance, variances):
    level = beta * noise_variance
    rates, distortions = rates_and_distortions(level, variances)
    return {
        "level": level,
        "rates": rates,
        "distortions": distortions,
        "rate": rates.sum(),
        "distortion": distortions.sum(),
        "reconstruction": distortions.sum() / (2 * noise_variance),
        "used": int((variances > level).sum()),
        "variances": variances,
        "beta": beta,
        "noise_variance": noise_variance,
    }


def _draw_linear(variances):
    levels = np.geomspace(1e-4, variances.max(), 400)
    rates, distortions = rates_and_distortions(levels[:, None], variances)
    places = np.arange(variances.size)

    def build(figure):
        bars, curve = figure.subplots(1, 2)
        bars.set(yscale="log", ylim=(_LOWEST, 20), xlim=(-0.6, variances.size - 0.4), ylabel="variance")
        bars.set_xticks(places, [f"{variance:g}" for variance in variances])
        bars.set_yticks((0.001, 0.01, 0.1, 1, 10), ("0.001", "0.01", "0.1", "1", "10"))
        bars.set_yticks([], minor=True)
        bars.set_xlabel("axes of the data, by variance")
        bars.bar(places, variances, 0.6, facecolor=style.P["color"], alpha=0.3)
        bars.text(0, 1.01, "kept", color=style.P["text"], transform=bars.transAxes, va="bottom")
        bars.text(1, 1.01, "hatched: lost", transform=bars.transAxes, va="bottom", ha="right")
        lost = bars.bar(places, 1, 0.6, facecolor=style.PANEL, edgecolor=style.INK, hatch="///", linewidth=1)
        surface = bars.axhline(1, color=style.Q["color"], linestyle="--", linewidth=2)
        most = 1 + math.ceil(rates.sum(axis=1).max())
        highest = 1.05 * variances.sum() / 2
        curve.set(xlim=(0, most), ylim=(0, 1), xlabel="rate, nats", ylabel="reconstruction, nats")
        scale = Scale(curve, [step * power for power in (0.1, 1, 10, 100, 1000) for step in (1, 2, 5)])
        bend = curve.plot([], [], color=style.INK, linewidth=1.5)[0]
        tangent = curve.plot([], [], color=style.Q["color"], linestyle="--", linewidth=1.5)[0]
        point = curve.plot([], [], "o", color=style.Q["color"], markersize=10)[0]
        words = curve.text(1, 0.98, "", transform=curve.transAxes, ha="right", va="top")

        def draw(n):
            for bar, distortion in zip(lost, n["distortions"], strict=True):
                bar.set_height(distortion)
            surface.set_ydata([n["level"]] * 2)
            surface.set_visible(n["level"] < 20)
            top = scale.fit(highest / n["noise_variance"])
            bend.set_data(rates.sum(axis=1), distortions.sum(axis=1) / (2 * n["noise_variance"]) / top)
            x = np.array([0, most])
            tangent.set_data(x, (n["reconstruction"] - n["beta"] * (x - n["rate"])) / top)
            tangent.set_visible(n["used"] > 0)
            point.set_data([n["rate"]], [n["reconstruction"] / top])
            words.set_text(f"{n['used']} of {variances.size} used,\nlevel c σ² = {n['level']:.3g}")

        return [*scale.labels, *lost, surface, bend, tangent, point, words], draw

    return build


def _linear_readout(n):
    return (
        f"Level {n['level']:.4f}: {n['used']} of {len(n['variances'])} latents are used. "
        f"Rate {style.amount(n['rate'])}, distortion {n['distortion']:.4f}, "
        f"reconstruction {style.amount(n['reconstruction'])}."
    )


def _sizes(n):
    return ", ".join(f"{variance:g}" for variance in n["variances"])


def _hidden_linear_readout(n):
    return f"c = {n['beta']:g}, noise variance {n['noise_variance']:g}."


def _hidden_linear_alt(n):
    return f"Two pairs of axes, the left one for the variances {_sizes(n)} along the axes of the data."


def _linear_alt(n):
    dot = "its tangent of slope −c touches it at a dot" if n["used"] else "the dot is at its upper end, at rate 0"
    return (
        f"Left: bars of the variances {_sizes(n)}, hatched with what is lost up to the level c σ². Right: a falling "
        f"curve of reconstruction against rate; {dot}. {_linear_readout(n)}"
    )


# --- (c) trained models -------------------------------------------------------------------------------------------

# Ten colours, dark enough for text on the panel.
_HUES = ("01588a", "c2281d", "007a5a", "6d3fb0", "9a5b00", "5f6368", "b8327f", "5c6b00", "22262b", "007380")
DIGIT_COLOURS = [f"#{hue}" for hue in _HUES]
_SHOWN = 1000  # test images
_TILES = 8
_WINDOWS = {"the prior, ±3": "prior", "the codes": "codes"}


def trained_gallery(models=None, coefficient=None):
    """Walk through the latent space of trained models, one for each coefficient of the KL.

    Parameters
    ----------
    models : dict of float to VAE, optional
        Trained models by their coefficient c. Left out, two stand-ins are trained on 1,000 images for about half a
        second, with c = 1 and c = 40: enough to try the controls, too little to judge the models.
    coefficient : float, optional
        The one shown first: 1 if there is such a model, else the smallest.

    Returns
    -------
    klcourse.live.Explorer
        Samples of the codes of 1,000 test images, the images decoded on a grid, and the one decoded at the point. The
        sliders move the point over the window: ±3, where the prior lives, or the range of the model's own codes.

    Raises
    ------
    ValueError, TypeError
        If there is no model, one is no VAE, or none has the coefficient.

    >>> trained_gallery().text
    'Stand-ins, trained for half a second. c = 1: the image decoded at z = (0.60, −1.20).'
    """
    stand_ins = models is None
    models = _stand_ins() if stand_ins else models
    if not isinstance(models, Mapping):
        raise TypeError(f"models is {shown(models)}: give a dict such as {{1: vae}}, each model by its coefficient.")
    if not models:
        raise ValueError("models is empty: give a dict such as {1: vae}, each model by its coefficient.")
    for c, vae in models.items():
        check_number("a coefficient of models", c, lowest=0)
        if not isinstance(vae, VAE):
            raise TypeError(
                f"models[{c}] is {shown(vae)}: give a klcourse.vae.VAE for each coefficient, as in {{1: vae}}."
            )
    coefficients = sorted(models)
    if coefficient is None:
        coefficient = 1 if 1 in models else coefficients[0]
    check_option("coefficient", coefficient, coefficients)
    controls = {
        "coefficient": choice("coefficient c", [(f"{c:g}", c) for c in coefficients], coefficient),
        "window": choice("window", list(_WINDOWS.items()), "prior"),
        "across": slider("across", 0.2, -1, 1, 0.01),
        "up": slider("up", -0.4, -1, 1, 0.01),
    }
    rooms = {c: _Rooms(vae) for c, vae in models.items()}

    def compute(coefficient, window, across, up):
        return rooms[coefficient].look(window, across, up) | {"coefficient": coefficient, "stand_ins": stand_ins}

    veil = Veil([Area(1), Area(2)], _hidden_gallery_readout, _hidden_gallery_alt)  # c = 0 looks somewhat like c = 1
    return Explorer(compute, Picture(_draw_gallery, (7.4, 3.3)), controls, _gallery_readout, _gallery_alt, veil)


@lru_cache(maxsize=1)
def _stand_ins():
    images = load_mnist().train_images[:1000]
    models = {1: VAE(seed=0), 40: VAE(seed=0)}
    for c, vae in models.items():
        list(vae.train(images, c, epochs=12))
    return models


@lru_cache(maxsize=1)
def _test_digits():
    mnist = load_mnist()
    return mnist.test_images[:_SHOWN].copy(), mnist.test_labels[:_SHOWN].copy()


class _Rooms:
    """What a model shows: a sample of each code, and for each window its limits and a grid of decoded images."""

    def __init__(self, vae):
        self.vae = vae
        self.codes = _codes(vae)
        low, high = self.codes.min(axis=0), self.codes.max(axis=0)
        margin = 0.05 * (high - low)
        self.windows = {"prior": np.array([[-3.0, -3.0], [3.0, 3.0]]), "codes": np.array([low - margin, high + margin])}
        self.grids = {name: _tiles(vae, window) for name, window in self.windows.items()}

    def look(self, window, across, up):
        low, high = self.windows[window]
        z = low + (high - low) * (np.array([across, up]) + 1) / 2
        return {
            "z": z,
            "digit": self.vae.decode(z),
            "codes": self.codes,
            "grid": self.grids[window],
            "window": window,
            "limits": self.windows[window],
        }


def _tiles(vae, window):
    """The images decoded in the middles of 8 x 8 tiles of a window, as one picture."""
    share = (np.arange(_TILES) + 0.5) / _TILES
    z1, z2 = (low + (high - low) * share for low, high in window.T)
    digits = vae.decode(np.stack(np.meshgrid(z1, z2[::-1]), axis=-1))
    sheet = digits.swapaxes(1, 2).reshape(_TILES * 28, _TILES * 28)
    return np.round(6 * sheet) / 6  # seven greys: a third of the size of a saved picture


def _codes(vae):
    """A sample of q(z|x) for each of the images shown."""
    mean, log_variance = vae.encode(_test_digits()[0])
    return mean + np.exp(log_variance / 2) * np.random.default_rng(0).standard_normal(mean.shape)


def _digit_scatter(axes):
    labels = _test_digits()[1]
    axes.set(xlabel="z₁", box_aspect=1)
    axes.set_ylabel("z₂", labelpad=0)
    for number, colour in enumerate(DIGIT_COLOURS):
        place = {"transform": axes.transAxes, "ha": "center", "va": "bottom", "fontweight": "bold"}
        axes.text(0.05 + 0.1 * number, 1.01, str(number), color=colour, **place)
    look = {"s": 6, "linewidths": 0, "antialiased": False}  # hard edges make a saved picture half as large
    return axes.scatter(*np.zeros((2, labels.size)), c=np.array(DIGIT_COLOURS)[labels], **look)


def _draw_gallery(figure):
    scatter, grid, digit = figure.subplots(1, 3)
    # Placed by hand, in inches: an automatic layout would shift with the labels of the ticks.
    places = (0.68, 0.62, 2.4, 2.4), (3.25, 0.62, 2.4, 2.4), (5.85, 1.07, 1.45, 1.45)
    for axes, place in zip((scatter, grid, digit), places, strict=True):
        axes.set_position(np.divide(place, [*figure.get_size_inches()] * 2))
    points = _digit_scatter(scatter)
    points.set_zorder(-1)
    images = {"cmap": "gray_r", "vmin": 0, "vmax": 1, "interpolation": "nearest"}
    tiles = grid.imshow(np.zeros((_TILES * 28,) * 2), extent=(-1, 1, -1, 1), zorder=-1, **images)
    grid.set(xticks=(), yticks=(), xlabel="decoded over the window", box_aspect=1)
    digit.set(xticks=(), yticks=(), xlabel="decoded at +", box_aspect=1)
    shown = digit.imshow(np.zeros((28, 28)), **images)
    crosses = [
        axes.plot([], [], "+", color=colour, markersize=15, markeredgewidth=width, zorder=5)[0]
        for axes in (scatter, grid)
        for colour, width in ((style.PANEL, 6), (style.INK, 2.5))
    ]
    on_show = None

    def draw(n):
        nonlocal on_show
        if on_show != (n["coefficient"], n["window"]):
            on_show = n["coefficient"], n["window"]
            (left, bottom), (right, top) = n["limits"]
            scatter.set(xlim=(left, right), ylim=(bottom, top))
            points.set_offsets(n["codes"])
            tiles.set_data(n["grid"])
        place = 2 * (n["z"] - n["limits"][0]) / (n["limits"][1] - n["limits"][0]) - 1
        for cross, (x, y) in zip(crosses, (n["z"], n["z"], place, place), strict=True):
            cross.set_data([x], [y])
        shown.set_data(n["digit"])

    return [points, tiles, *crosses, shown], draw


def _model_in_words(n):
    warning = "Stand-ins, trained for half a second. " if n["stand_ins"] else ""
    return f"{warning}c = {n['coefficient']:g}"


def _codes_in_words(n):
    (left, bottom), (right, top) = ([_signed(z, 2) for z in corner] for corner in n["limits"])
    return f"Left: samples of the codes of 1,000 digits, z₁ from {left} to {right} and z₂ from {bottom} to {top}."


def _gallery_readout(n):
    z1, z2 = (_signed(z, 2) for z in n["z"])
    return f"{_model_in_words(n)}: the image decoded at z = ({z1}, {z2})."


def _gallery_alt(n):
    images = "Middle: images decoded on an 8 by 8 grid over them. Right: one image."
    return f"{_codes_in_words(n)} {images} {_gallery_readout(n)}"


def _hidden_gallery_readout(n):
    return f"{_model_in_words(n)}."


def _hidden_gallery_alt(n):
    return f"{_codes_in_words(n)} {_hidden_gallery_readout(n)}"


# --- while models train -------------------------------------------------------------------------------------------


class TrainingView(widgets.HBox):
    """A progress bar for each coefficient, and the codes of 1,000 test images as they move.

    Parameters
    ----------
    coefficients : sequence of float
    epochs : int
        How many each model will be trained.

    >>> TrainingView([1, 2], epochs=5).alt
    'Training for 5 epochs each. c = 1: not yet. c = 2: not yet.'
    """

    def __init__(self, coefficients, epochs):
        self.epochs = epochs
        self.bars = {
            c: widgets.IntProgress(max=epochs, description=f"c = {c:g}", layout={"width": "220px"})
            for c in coefficients
        }
        self.words = {c: widgets.Label("not yet") for c in coefficients}
        self.picture = Picture(_draw_codes, (3.8, 3.4))
        self.screen = Screen(self.picture)
        self.picture.update({"codes": np.zeros((_SHOWN, 2)), "title": ""})
        rows = widgets.VBox([widgets.HBox([bar, self.words[c]]) for c, bar in self.bars.items()])
        super().__init__([rows, self.screen], layout={"flex_flow": "row wrap"})

    def show(self, coefficient, vae, epoch, reconstruction, kl):
        """Show one model after one of its epochs."""
        self.bars[coefficient].value = epoch
        self.words[coefficient].value = f"epoch {epoch}: reconstruction {reconstruction:.1f} nats, KL {kl:.2f} nats"
        with SHEET_LOCK:
            self.picture.update({"codes": _codes(vae), "title": f"c = {coefficient:g}, epoch {epoch}"})
            self.screen.show(self.alt)

    @property
    def alt(self):
        """The state of all bars in words."""
        states = " ".join(f"c = {c:g}: {words.value}." for c, words in self.words.items())
        return f"Training for {self.epochs} epochs each. {states}"

    def _repr_mimebundle_(self, include=None, exclude=None, **kwargs):
        still, metadata = bundle(self.picture.png(), self.alt, self.picture.width)
        return {**(super()._repr_mimebundle_(**kwargs) or {}), **still}, metadata


def _draw_codes(figure):
    axes = figure.subplots()
    axes.set(xlim=(-256, 256), ylim=(-256, 256))
    points = _digit_scatter(axes)

    def draw(n):
        points.set_offsets(n["codes"])
        end = ceiling(np.abs(n["codes"]).max(), (4, 8, 16, 32, 64, 128, 256))
        axes.set(xlim=(-end, end), ylim=(-end, end))
        axes.set_xlabel(f"z₁    {n['title']}")

    return [points], draw
