"""Build the picture at the top of README.md from the explorers' own pictures, one panel a notebook.

uv run python tools/build_overview.py
"""

import sys
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from klcourse.explorers import (
    asymmetry,
    discrete_kl,
    gaussian_fitting,
    jensen_shannon,
    maximum_likelihood,
    mixtures_and_em,
    tsne,
    vae_kl_coefficient,
)
from klcourse.live import style
from klcourse.live.still import small_png

PICTURE = Path(__file__).parents[1] / ".github" / "overview.png"
# The caption, the explorer with the values of its controls, and which of its panels to show.
PANELS = [
    ("01 Discrete KL", discrete_kl.outcome_bars, {}, 0),
    ("02 Asymmetry", asymmetry.bimodal_fit, {}, 1),
    ("03 Jensen-Shannon", jensen_shannon.mixing_weight, {}, 1),
    ("04 Gaussian fitting", gaussian_fitting.descent_path, {}, 0),
    ("05 The KL of a VAE", vae_kl_coefficient.latent_kl, {}, 1),
    ("06 Maximum likelihood", maximum_likelihood.counts_and_fits, {}, 0),
    ("07 Mixtures and EM", mixtures_and_em.em_steps, {"mean_1": -1.0, "mean_2": 1.0, "half_steps": 20}, 0),
    ("08 t-SNE", tsne.digit_map, {}, 0),
]
COLUMNS, WIDTH, HEIGHT, DPI = 4, 840, 860, 200  # pixels of one tile; dots per inch as in the explorers


def panel(explorer, values, index):
    """Cut one pair of axes with its labels out of an explorer's picture."""
    for name, value in values.items():
        explorer.controls[name].value = value
    pixels = explorer.picture.rgb()
    box = explorer.picture.figure.axes[index].get_tightbbox().padded(14)
    top, bottom = len(pixels) - int(box.y1), len(pixels) - int(box.y0)
    return pixels[max(top, 0) : bottom, max(int(box.x0), 0) : int(box.x1)]


def overview():
    """Return the whole picture as an array of pixels."""
    rows = -(-len(PANELS) // COLUMNS)
    with matplotlib.rc_context(style.SETTINGS):
        figure = Figure((COLUMNS * WIDTH / DPI, rows * HEIGHT / DPI), dpi=DPI)
        for i, (caption, explorer, values, index) in enumerate(PANELS):
            left, top = i % COLUMNS * WIDTH, (rows - i // COLUMNS) * HEIGHT
            cut = panel(explorer(), values, index)
            height, width = cut.shape[:2]
            figure.figimage(cut, left + (WIDTH - width) // 2, top - 90 - height, origin="upper")
            place = (left + WIDTH / 2) / (COLUMNS * WIDTH), (top - 30) / (rows * HEIGHT)
            figure.text(*place, caption, ha="center", va="top", fontsize=17, fontweight="bold", color=style.INK)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(__doc__)
    PICTURE.write_bytes(small_png(overview()))
    print(f"{PICTURE.name}: {PICTURE.stat().st_size / 1e3:.0f} kB")
