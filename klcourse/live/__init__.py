"""A picture that follows a slider, and a picture that stays: both with alt text, both visible without a kernel.

One slider move: control → pure function → `draw` on kept artists → blit → JPEG → a new picture in the page.
Drawing a whole figure takes far longer than moving a few artists over a stored background. No pyplot is used
in a live picture: callbacks run beside a running cell, and pyplot's current figure is shared by both. The look of all
pictures is `style`.
"""

from klcourse.live import style
from klcourse.live.controls import Range, choice, slider, toggle
from klcourse.live.explorer import Explorer
from klcourse.live.picture import Picture
from klcourse.live.still import show
from klcourse.live.veil import Area, Veil

__all__ = ["Area", "Explorer", "Picture", "Range", "Veil", "choice", "show", "slider", "style", "toggle"]
