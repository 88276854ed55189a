"""Pictures that need no kernel: those that never move, and the last state of those that do."""

import base64
import html
import io
import sys

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from klcourse.checks import check_text, shown

__all__ = ["CSS_PIXELS_PER_INCH", "SCALE", "bundle", "drawn", "show", "small_png"]

CSS_PIXELS_PER_INCH = 100
SCALE = 2  # device pixels for each CSS pixel: crisp on a good screen and on a projector


def show(figure, alt):
    """Display a figure with its alt text.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    alt : str
        What the picture shows, for those who cannot see it.

    Raises
    ------
    ValueError, TypeError
        If `figure` is no figure, or `alt` no text or empty.
    """
    from IPython.display import display

    data, metadata = drawn(figure, alt)
    display(data, metadata=metadata, raw=True)


def drawn(figure, alt):
    """Return a figure as `show` displays it: its `bundle`."""
    if not isinstance(figure, Figure):
        raise TypeError(f"figure is {shown(figure)}: give the figure, the first of what plt.subplots() returns.")
    check_text("alt", alt, remedy="say in words what the figure shows.")
    canvas = FigureCanvasAgg(figure)
    figure.set_dpi(CSS_PIXELS_PER_INCH * SCALE)
    canvas.draw()
    width = round(figure.get_figwidth() * CSS_PIXELS_PER_INCH)
    if "matplotlib.pyplot" in sys.modules:  # or the notebook would show the figure a second time
        sys.modules["matplotlib.pyplot"].close(figure)
    return bundle(small_png(np.asarray(canvas.buffer_rgba())[..., :3]), alt, width)


def small_png(pixels):
    """Encode a flat drawing with a palette of 128 colours: a third of the size, no visible difference."""
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).quantize(128, dither=Image.Dither.NONE).save(
        buffer, "png", optimize=True
    )
    return buffer.getvalue()


def _img(picture, kind, alt, width):
    data = base64.b64encode(picture).decode()
    look = "border-radius:8px;max-width:100%;height:auto"
    return (
        f'<img lang="en" width="{width}" style="{look}" alt="{html.escape(alt)}" src="data:image/{kind};base64,{data}">'
    )


def bundle(png, alt, width):
    """HTML, because JupyterLab shows a PNG without its alt text; PNG, for readers of the file that take no HTML."""
    data = {"text/plain": alt, "text/html": _img(png, "png", alt, width), "image/png": base64.b64encode(png).decode()}
    return data, {"image/png": {"alt": alt, "width": width}}
