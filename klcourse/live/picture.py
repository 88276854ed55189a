"""A figure whose moving artists are redrawn over a stored background. No kernel and no page is needed for it."""

import io
import threading
from collections.abc import Iterable
from contextlib import contextmanager

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
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


def _as_image(pixels):
    height, width = pixels.shape[:2]
    return Image.frombuffer("RGBX", (width, height), pixels, "raw", "RGBX", 0, 1)


class _SharedCanvas(FigureCanvasAgg):
    def get_renderer(self):
        width, height = (round(inches * CSS_PIXELS_PER_INCH) for inches in self.figure.get_size_inches())
        scale = round(self.figure.dpi / CSS_PIXELS_PER_INCH)
        size = width * scale, height * scale, self.figure.dpi
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
        labels and the highest texts that it will have, and so it stays. If `draw` changes anything else, such as the
        limits of an axis, the axes that hold it are drawn anew, which takes far longer than a step. What moves with a
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
        self._restless, self._covers = [], []  # axes that have been drawn anew
        self._base, self._stills, self._grounds = None, {}, {}  # three layers, each lies on the one before
        self._drawn = None  # the scale of the frame that is on the sheet

    def update(self, numbers):
        """Move the artists to the new numbers. The frame is drawn when it is asked for."""
        self._numbers = numbers
        self._draw(numbers)
        self._drop_what_is_stale()
        self._drawn = None

    def _drop_what_is_stale(self):
        stale = [part for part in self.figure.get_children() if part.stale and part not in self._covers]
        new = [part for part in stale if part not in self._restless]
        if new:
            if self._base is not None:
                self._restless += [part for part in new if isinstance(part, Axes)]
            self._forget()
        elif stale:
            self._stills.clear()
            self._grounds.clear()
        elif any(artist.stale for artist in self._calm):
            self._grounds.clear()

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

    def _forget(self):
        self._base = self._drawn = None
        self._stills.clear()
        self._grounds.clear()

    def _pixels(self, scale=SCALE):
        """Return the pixels of the present frame, which are on the sheet until another is drawn."""
        global _owner
        if _owner is not self:
            if _owner is not None:
                _owner._forget()
            _owner = self
        if self._drawn != scale:
            with _unhinted():
                self._draw_over(self._ground(scale), scale, *self._moving, *self._covers)
            self._drawn = scale
        return self._sheet(scale)

    def _ground(self, scale):
        """Everything but what moves at every step."""
        if scale not in self._grounds:
            still = self._still(scale)
            self._grounds[scale] = self._draw_over(still, scale, *self._calm).copy() if self._calm else still
        return self._grounds[scale]

    def _still(self, scale):
        """The axes without what moves. The small ones are the crisp ones made small: no line hops when all rests."""
        if SCALE not in self._stills:
            with matplotlib.rc_context(style.SETTINGS):
                base = self._drawn_base()
                axes = self._restless
                self._stills[SCALE] = self._draw_over(base, SCALE, *axes).copy() if axes else base
        if scale not in self._stills:
            self._stills[scale] = np.asarray(_as_image(self._stills[SCALE]).reduce(SCALE // scale))
        return self._stills[scale]

    def _drawn_base(self):
        """All that stays, as far as is known."""
        if self._base is None:
            for axes in self._restless:
                axes.set_animated(True)  # else it would be drawn here, too
            sheet = self._sheet(SCALE)
            self._canvas.draw()
            self._base = sheet.copy()
        return self._base

    def _sheet(self, scale):
        self.figure.dpi = CSS_PIXELS_PER_INCH * scale
        return np.asarray(self._canvas.get_renderer().buffer_rgba())

    def _draw_over(self, ground, scale, *artists):
        sheet = self._sheet(scale)
        sheet[:] = ground
        for artist in artists:
            self.figure.draw_artist(artist)
        return sheet

    def redraw(self):
        """Draw the present numbers anew, with all that stands behind them: for whoever has changed the figure."""
        self._forget()
        self.update(self._numbers)

    def jpeg(self, crisp=True):
        """Encode the present frame for a live view: about ten times faster than PNG.

        With `crisp` it has two pixels for each CSS pixel, else one, in less than half of the bytes.
        """
        check_flag("crisp", crisp)
        buffer, frame = io.BytesIO(), _as_image(self._pixels(SCALE if crisp else 1))
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
