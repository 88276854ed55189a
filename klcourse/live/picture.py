"""A figure whose moving artists are redrawn over a stored background. No kernel and no page is needed for it."""

import io
import threading
from collections.abc import Iterable
from contextlib import contextmanager

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from PIL import Image

from klcourse.checks import check_flag, check_function, check_whole_number, finite, listed, shown
from klcourse.live import style
from klcourse.live.still import CSS_PIXELS_PER_INCH, SCALE, small_png
from klcourse.live.veil import Area

__all__ = ["SHEET_LOCK", "Picture"]

# A sheet of pixels takes 4 MB, and so does a background. A notebook has several pictures, but only one moves at a time.
_SHEETS = {}  # by size
_owner = None  # the picture that is on a sheet now: the only one that has a background
SHEET_LOCK = threading.RLock()


def _checked(built):
    """What `build` returned, if it is a pair of artists and a function."""
    if not isinstance(built, tuple) or len(built) != 2 or not isinstance(built[0], Iterable) or not callable(built[1]):
        raise TypeError(f"build returned {shown(built)}: it must return the list of moving artists, and draw(numbers).")
    moving = [*built[0]]
    if not all(isinstance(artist, Artist) for artist in moving):
        raise TypeError(f"build returned {shown(moving)} as what moves: give a flat list of Matplotlib's artists.")
    return moving, built[1]


@contextmanager
def _unhinted():
    """Draw letters as they are. Hinting bends them onto whole pixels: at two for each CSS pixel no eye sees that.

    Matplotlib 3.11, which renders every letter anew, takes a third less time for a text without it.
    """
    before = matplotlib.rcParams["text.hinting"]
    matplotlib.rcParams["text.hinting"] = "none"
    try:
        yield
    finally:
        matplotlib.rcParams["text.hinting"] = before


class _SharedCanvas(FigureCanvasAgg):
    def get_renderer(self):
        size = (*self.figure.bbox.size, self.figure.dpi)
        if size not in _SHEETS:
            _SHEETS[size] = RendererAgg(*size)
        return _SHEETS[size]


class Picture:
    """A figure whose moving artists are redrawn over a stored background.

    Parameters
    ----------
    build : callable
        ``build(figure)`` draws everything once and returns ``(moving, draw)``: the artists that change, and a function
        ``draw(numbers)`` that sets their new data. The figure is laid out as `build` leaves it, with the widest tick
        labels and the highest texts that it will have, and so it stays. If `draw` changes axis limits, or returns
        another value than before, the background is drawn anew, which takes far longer than a step. What moves with a
        zorder below 0 lies below all else that moves, and is drawn anew only when it has changed: a text takes longer
        than a curve.
    size : tuple of float
        Width and height in inches, 100 CSS pixels each: from 1 to 20.

    Raises
    ------
    ValueError, TypeError
        If `build` is no function that returns such a pair, or `size` no such size.

    >>> Picture(lambda figure: (figure.subplots().plot([0, 1]), lambda numbers: None), size=(7, 4)).width
    700
    """

    def __init__(self, build, size=(7.4, 3.9)):
        check_function("build", build)
        inches = finite("size", size)
        if inches.shape != (2,) or not ((inches >= 1) & (inches <= 20)).all():
            raise ValueError(f"size is {shown(size)}: give width and height in inches, each from 1 to 20.")
        self.build = build
        with SHEET_LOCK, matplotlib.rc_context(style.SETTINGS):
            self.figure = Figure(size, dpi=CSS_PIXELS_PER_INCH * SCALE)
            self._canvas = _SharedCanvas(self.figure)
            moving, self._draw = _checked(build(self.figure))
            for artist in moving:
                artist.set_in_layout(isinstance(artist, Text))  # a curve has no data yet, and moves inside its axes
            self.figure.get_layout_engine().execute(self.figure)
            self.figure.set_layout_engine("none")
        moving = sorted(moving, key=lambda artist: artist.get_zorder())
        for artist in moving:
            artist.set_animated(True)
        self._calm = [artist for artist in moving if artist.get_zorder() < 0]
        self._moving = moving[len(self._calm) :]
        self._covers = []
        self._still = self._background = self._shown = None  # what never moves, and the same with what is calm

    def update(self, numbers):
        """Move the artists to the new numbers."""
        self._numbers = numbers
        self._take_sheet()
        rare = self._draw(numbers)
        shown = rare, *((*axes.get_xlim(), *axes.get_ylim()) for axes in self.figure.axes)
        if shown != self._shown or self._background is None:
            self._store_background()
            self._shown = shown
        elif any(artist.stale for artist in self._calm):
            self._canvas.restore_region(self._still)
            self._store_calm()
        else:
            self._canvas.restore_region(self._background)
        self._draw_over(*self._moving, *self._covers)

    def _draw_over(self, *artists):
        with _unhinted():
            for artist in artists:
                self.figure.draw_artist(artist)

    def cover(self, areas):
        """Cover parts of the picture, with words that say so, or none; `update` shows it.

        Parameters
        ----------
        areas : sequence of klcourse.live.Area

        Raises
        ------
        ValueError, TypeError
            If one is no area, or names axes that the figure does not have.
        """
        count = len(self.figure.axes)
        for area in listed("areas", areas, of="klcourse.live.Area"):
            if not isinstance(area, Area):
                raise TypeError(f"areas holds {shown(area)}: give a list of klcourse.live.Area.")
            check_whole_number("axes of an area in areas", area.axes, lowest=0, highest=count - 1)
        for artist in self._covers:
            artist.remove()
        self._covers = [artist for area in areas for artist in self._cover(area)]
        for artist in self._covers:
            artist.set_animated(True)

    def _cover(self, area):
        axes = self.figure.axes[area.axes]
        width, height = area.right - area.left, area.top - area.bottom
        inches = axes.get_position().width * self.figure.get_figwidth() * width
        words = "hidden until\nyou answer" if inches > 1.3 else "hidden" if inches > 0.6 else ""
        place = {"transform": axes.transAxes, "clip_on": False}
        paper = {"facecolor": style.VEIL, "edgecolor": style.GREY, "linestyle": "--", "linewidth": 1.2}
        ink = {"color": style.INK, "fontsize": style.SETTINGS["font.size"], "rotation": 90 if inches < 0.9 else 0}
        box = Rectangle((area.left, area.bottom), width, height, **place, **paper)
        middle = area.left + width / 2, area.bottom + height / 2
        label = Text(*middle, words, ha="center", va="center", **place, **ink)
        return self.figure.add_artist(box), self.figure.add_artist(label)

    def _take_sheet(self):
        global _owner
        if _owner not in (self, None):
            _owner._still = _owner._background = None
        _owner = self

    def _pixels(self):
        if _owner is not self:
            self.update(self._numbers)
        return self._canvas.buffer_rgba()

    def _store_background(self):
        with matplotlib.rc_context(style.SETTINGS):
            self._canvas.draw()
        self._still = self._canvas.copy_from_bbox(self.figure.bbox)
        self._store_calm()

    def _store_calm(self):
        self._draw_over(*self._calm)
        self._background = self._canvas.copy_from_bbox(self.figure.bbox) if self._calm else self._still

    def redraw(self):
        """Draw the present numbers anew, with all that stands behind them: for whoever has changed the figure."""
        self._background = None
        self.update(self._numbers)

    def jpeg(self, crisp=True):
        """Encode the present frame for a live view: about ten times faster than PNG.

        With `crisp` it has two pixels for each CSS pixel, else one, in less than half of the bytes.
        """
        check_flag("crisp", crisp)
        buffer = io.BytesIO()
        pixels = self._pixels()
        height, width = pixels.shape[:2]
        frame = Image.frombuffer("RGBX", (width, height), pixels, "raw", "RGBX", 0, 1)
        if not crisp:
            frame = frame.reduce(SCALE)
        frame.save(buffer, "jpeg", quality=85, subsampling=2)  # colour at half resolution: at this scale no eye sees it
        return buffer.getvalue()

    def png(self):
        """Encode the present frame for a saved notebook."""
        return small_png(self.rgb())

    def rgb(self):
        """Return a copy of the present frame, shape (height, width, 3), two pixels for each CSS pixel."""
        return np.array(self._pixels())[..., :3]

    @property
    def width(self):
        """The width in CSS pixels."""
        return round(self.figure.get_figwidth() * CSS_PIXELS_PER_INCH)
