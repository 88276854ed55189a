"""What runs in the page: it shows the frames and makes the controls usable for everyone."""

from pathlib import Path

import anywidget
import traitlets

from klcourse.checks import check_flag
from klcourse.live.picture import SHEET_LOCK

__all__ = ["Attendant", "Screen"]

_HERE = Path(__file__).parent


class Attendant(anywidget.AnyWidget):
    """The part of a question that runs in the page: names and states for screen readers, keys that stay where they are.

    >>> Attendant().keys.count("frame")
    0
    """

    _esm = _HERE / "page.js"
    _css = _HERE / "page.css"


class Screen(Attendant):
    """The place of a live picture in the page. What it does there is in `page.js` and `page.css`.

    The page says when the reader begins to move a control, and when all rests again. Between, frames have one pixel for
    each CSS pixel, so that they pass a slow link; the last one is then sent again in full. Without a page all rests.

    Parameters
    ----------
    picture : Picture
        What `show` shows.

    >>> from klcourse.live import Picture
    >>> picture = Picture(lambda figure: (figure.subplots().plot([0, 1]), lambda numbers: None))
    >>> screen = Screen(picture)
    >>> picture.update({})
    >>> screen.show("A line.")
    >>> screen.alt, screen.frame == picture.jpeg()
    ('A line.', True)
    """

    width = traitlets.Int(help="the width in CSS pixels, where there is room").tag(sync=True)
    frame = traitlets.Bytes(help="the present frame as a JPEG").tag(sync=True)
    alt = traitlets.Unicode(help="what it shows, for those who cannot see it").tag(sync=True)
    alarm = traitlets.Unicode(help="an error, shown in the picture's place").tag(sync=True)

    def __init__(self, picture):
        super().__init__(width=picture.width)
        self._picture, self._moving, self._crisp = picture, False, True
        self.on_msg(self._listen)

    def show(self, alt):
        """Show the picture as it is now, with its alt text."""
        self._crisp = not self._moving
        with self.hold_sync():  # one message
            self.frame, self.alt, self.alarm = self._picture.jpeg(self._crisp), alt, ""

    def fail(self, message):
        """Show an error in the picture's place."""
        self._crisp, self.alarm = True, message

    def move(self, moving=True):
        """Take note that the reader begins to move a control, or that all rests."""
        check_flag("moving", moving)
        with SHEET_LOCK:
            self._moving = moving
            if not moving and not self._crisp:
                self._crisp, self.frame = True, self._picture.jpeg()

    def _listen(self, _screen, content, _buffers):
        self.move(content["moving"])
