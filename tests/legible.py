"""Text in pictures that can be read. `conftest.py` at the top has the kernels of nbval `watch` their figures."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba
from matplotlib.text import Text

from klcourse import live

__all__ = ["contrast", "text_faults", "watch"]


def contrast(a, b):
    """Contrast ratio of colours, each with red, green and blue from 0 to 1 last (WCAG 2.2, 1.4.3)."""
    a, b = (np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722] for c in (a, b))
    return (np.maximum(a, b) + 0.05) / (np.minimum(a, b) + 0.05)


def drawn(figure):
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.array(canvas.buffer_rgba())[..., :3]


def text_faults(figure, draw=drawn):
    """Find the texts of a figure that are small, or pale against what is really behind their letters."""
    texts = [text for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible()]
    looks = [(text.get_color(), text.get_alpha()) for text in texts]
    for text in texts:
        text.set(color="magenta", alpha=1)  # to be seen on whatever is behind
    marked = draw(figure)
    for text in texts:
        text.set_alpha(0)
    behind = draw(figure)
    letters = (marked != behind).any(axis=2)
    for text, (colour, alpha) in zip(texts, looks, strict=True):
        text.set(color=colour, alpha=alpha)
        box = _pixels_of(text, figure)
        if letters[box].any():
            yield from _faults_of(text, behind[box][letters[box]] / 255)


def _pixels_of(text, figure):
    left, bottom, right, top = text.get_window_extent().extents
    height = figure.bbox.height
    rows, columns = (height - top, height - bottom), (left, right)
    return tuple(slice(max(0, int(first)), max(0, int(last) + 1)) for first, last in (rows, columns))


def _faults_of(text, behind):
    *colour, alpha = to_rgba(text.get_color(), text.get_alpha())
    ratio = np.quantile(contrast(alpha * np.array(colour) + (1 - alpha) * behind, behind), 0.1)  # a thin line may cross
    if ratio < 4.5:
        yield f"{text.get_text()!r} has a contrast of {ratio:.1f}"
    if text.get_fontsize() < (8 if "mathdefault" in text.get_text() else 12):  # of a power, the exponent is smaller
        yield f"{text.get_text()!r} has {text.get_fontsize():.0f} points"


def watch():
    """From here on an error follows each figure that is shown and cannot be read."""
    show = live.show

    def show_and_read(figure, alt):
        show(figure, alt)
        figure.set_dpi(live.still.CSS_PIXELS_PER_INCH)
        if faults := [*text_faults(figure)]:
            raise AssertionError("; ".join(faults))

    live.show = live.still.show = show_and_read
