"""Controls of an explorer: each has a `value` to observe and a `disabled` to set."""

from numbers import Real
from typing import NamedTuple

import ipywidgets as widgets
import numpy as np

from klcourse.checks import check_flag, check_number, check_option, check_text, listed, shown

__all__ = ["Range", "Slider", "choice", "slider", "toggle"]


class Range(NamedTuple):
    """Where a slider may stand, for the slider itself, ``slider(label, value, *range)``, and for a value at the start.

    >>> means = Range(-4, 4, 0.05)
    >>> means.check("mean", 1)
    1.0
    >>> means.check("mean", 5)
    Traceback (most recent call last):
    ValueError: mean is 5: it must be a number in [-4, 4].
    """

    lowest: float
    highest: float
    step: float

    def check(self, name, value):
        """Return a value of this range as the slider wants it: whole if the step is.

        Raises
        ------
        ValueError
            If it is no number, lies outside, or is not whole where only whole numbers are, or if the range is none.
        """
        self.check_itself()
        whole = isinstance(self.step, int)
        number = isinstance(value, Real) and not isinstance(value, bool)
        if not (number and self.lowest <= value <= self.highest and not (whole and value % 1)):
            kind = "whole number" if whole else "number"
            raise ValueError(f"{name} is {shown(value)}: it must be a {kind} in [{self.lowest:g}, {self.highest:g}].")
        return int(value) if whole else float(value)

    def check_itself(self, log=False):
        """Check that a slider can run over this range, with `log` over its logarithm.

        >>> Range(1, 0, 0.1).check_itself()
        Traceback (most recent call last):
        ValueError: lowest is 1 and highest is 0: lowest must be below highest. Swap them?
        """
        check_flag("log", log)
        check_number("lowest", self.lowest, **({"above": 0, "remedy": "A log has no 0."} if log else {}))
        check_number("highest", self.highest)
        check_number("step", self.step, above=0)
        if not self.lowest < self.highest:
            ends = f"lowest is {self.lowest} and highest is {self.highest}"
            raise ValueError(f"{ends}: lowest must be below highest. Swap them?")


class Slider(widgets.HBox):
    """A slider and a number box that hold the same value. The box carries the label, for both."""

    def __init__(self, bar, box, shown):
        self.bar, self.box = bar, box
        widgets.link((bar, "value"), (box, "value"), (shown, lambda value: value))
        super().__init__([box, bar], layout={"flex_flow": "row wrap"})  # on a telephone the slider goes below

    def make_room_for_label(self, letters):
        """Make the label as wide as a label of so many letters needs it."""
        label, number = letters * 0.6 + 0.3, 5.6
        self.box.style.description_width = f"{label}em"
        self.box.layout.width = f"{label + number}em"

    def observe(self, handler, names=None, **kwargs):
        """Observe the slider's value; everything else as in any widget."""
        target = self.bar if names == "value" else super()
        target.observe(handler, names, **kwargs)

    value = property(lambda self: self.bar.value, lambda self, value: setattr(self.bar, "value", value))

    @property
    def disabled(self):
        return self.bar.disabled

    @disabled.setter
    def disabled(self, disabled):
        self.bar.disabled = self.box.disabled = disabled


class _Player(Slider):
    """A slider with a button that plays it: from its lowest value up to where it stands."""

    FRAMES = 200  # the longest film; more values than that are shown by leaps

    def __init__(self, bar, box, shown):
        super().__init__(bar, box, shown)
        self.button = widgets.ToggleButton(layout={"width": "5.5em", "flex": "0 0 auto", "margin": "2px 2px 2px 8px"})
        # The page runs this clock. It stays hidden, because its own buttons have no names.
        self.clock = widgets.Play(interval=50, layout={"display": "none"})
        self.children = [box, bar, self.button, self.clock]
        self.layout.grid_area = "auto / 1 / auto / -1"  # all columns; as grid_column the page would ignore it
        self._label_button()
        self.button.observe(self._start_or_stop, "value")
        self.clock.observe(self._follow_clock, "value")
        self.clock.observe(self._end, "playing")
        bar.observe(self._stop_when_moved, "value")

    def _label_button(self):
        playing = self.button.value
        self.button.description, self.button.icon = ("Stop", "stop") if playing else ("Play", "play")

    def _start_or_stop(self, _change):
        self._label_button()
        if self.button.value:
            first, last = self.bar.min, self.bar.value if self.bar.value > self.bar.min else self.bar.max
            self.clock.min, self.clock.max = first, last
            self.clock.step = -(-(last - first) // self.FRAMES)
            self.clock.value = self.bar.value = first
        self.clock.playing = self.button.value

    def _follow_clock(self, _change):
        if self.button.value:
            self.bar.value = self.clock.value

    def _end(self, _change):
        if self.button.value and not self.clock.playing:  # the film is over; a leap may have stopped short of its end
            self.clock.value = self.bar.value = self.clock.max
            self.button.value = False

    def _stop_when_moved(self, _change):
        if self.button.value and self.bar.value != self.clock.value:
            self.button.value = False

    @property
    def disabled(self):
        return self.bar.disabled

    @disabled.setter
    def disabled(self, disabled):
        self.bar.disabled = self.box.disabled = self.button.disabled = disabled


def slider(label, value, lowest, highest, step, *, log=False, play=False):
    """Make a labelled slider with a linked number box.

    With `log`, the slider runs over powers of ten from `lowest` to `highest`, `step` of an exponent at a time.
    With whole numbers for `value` and `step` it holds whole numbers; then `play` adds a button that plays it.

    Raises
    ------
    ValueError, TypeError
        If the range is none, the value lies outside, or what is to be played is not whole. Nothing is clipped.

    >>> slider("mean of Q", 1.0, -4, 4, 0.05).value
    1.0
    """
    check_text("label", label)
    check_flag("log", log)
    check_flag("play", play)
    Range(lowest, highest, step).check_itself(log)
    whole = isinstance(value, int) and isinstance(step, int) and not log
    Range(lowest, highest, step if whole else float(step)).check("value", value)
    if play and not whole:
        raise ValueError("Only whole numbers can be played: give an int for value and step, and no log.")
    box_type = widgets.BoundedIntText if whole else widgets.BoundedFloatText
    box = box_type(value=value, min=lowest, max=highest, step=step if not log else None, description=label)
    box.layout.flex = "0 0 auto"
    common = {"readout": False, "layout": {"flex": "1 1 0", "width": "auto", "margin": "2px 2px 2px 8px"}}
    if whole:
        return (_Player if play else Slider)(widgets.IntSlider(value, lowest, highest, step, **common), box, int)
    if log:
        exponents = {"min": np.log10(lowest), "max": np.log10(highest), "step": step}
        return Slider(widgets.FloatLogSlider(value, **exponents, **common), box, lambda v: float(f"{v:.3g}"))
    decimals = max(0, -int(np.floor(np.log10(step) + 1e-9)) + 1)
    bar = widgets.FloatSlider(value, min=lowest, max=highest, step=step, **common)
    return Slider(bar, box, lambda v: round(v, decimals))


def toggle(label, value=False):
    """Make a labelled check box.

    >>> toggle("swap P and Q").value
    False
    """
    check_text("label", label)
    check_flag("value", value)
    return widgets.Checkbox(
        value=value, description=label, indent=False, layout={"width": "auto", "margin": "2px 18px"}
    )


def choice(label, options, value):
    """Make a labelled choice from a few options, each a value or a pair of a text and a value.

    Raises
    ------
    ValueError, TypeError
        If there are no options, or the value is none of them.

    >>> choice("direction", [("KL(P‖Q)", "forward"), ("KL(Q‖P)", "reverse")], "forward").value
    'forward'
    """
    check_text("label", label)
    options = listed("options", options, of="values, or of pairs (text, value)")
    if not options:
        raise ValueError("options is empty: give one or more.")
    values = [option[1] if isinstance(option, tuple) and len(option) == 2 else option for option in options]
    check_option("value", value, values)
    box = widgets.Dropdown(options=options, value=value, description=label)
    box.style.description_width = "auto"
    box.layout.width = "auto"
    return box
