"""The part of an explorer that runs in the page: it shows the frames and makes the controls usable for everyone."""

from pathlib import Path

import anywidget
import traitlets

__all__ = ["Screen"]

_HERE = Path(__file__).parent


class Screen(anywidget.AnyWidget):
    """The place of a live picture in the page. What it does there is in `page.js` and `page.css`.

    >>> screen = Screen(width=740)
    >>> screen.show(b"a JPEG", "A line.")
    >>> screen.alt
    'A line.'
    """

    _esm = _HERE / "page.js"
    _css = _HERE / "page.css"
    width = traitlets.Int(help="the width in CSS pixels, where there is room").tag(sync=True)
    frame = traitlets.Bytes(help="the present frame as a JPEG").tag(sync=True)
    alt = traitlets.Unicode(help="what it shows, for those who cannot see it").tag(sync=True)
    alarm = traitlets.Unicode(help="an error, shown in the picture's place").tag(sync=True)

    def show(self, frame, alt):
        """Show a JPEG with its alt text."""
        with self.hold_sync():  # one message
            self.frame, self.alt, self.alarm = frame, alt, ""

    def fail(self, message):
        """Show an error in the picture's place."""
        self.alarm = message
