"""An explorer: controls, a readout and a picture that show one pure function."""

import html
import traceback

import ipywidgets as widgets

from klcourse.checks import check_flag, check_function, shown
from klcourse.live.controls import Slider
from klcourse.live.picture import SHEET_LOCK, Picture
from klcourse.live.screen import Screen
from klcourse.live.still import bundle
from klcourse.live.veil import HIDDEN, Veil

__all__ = ["Explorer"]

_READOUT = "font-size:115%;line-height:1.5;padding:2px 0;white-space:normal"


class Explorer(widgets.VBox):
    """Controls, a readout and a picture that show one pure function.

    Parameters
    ----------
    compute : callable
        ``compute(**values)`` gets the value of every control by name and returns the numbers to show.
    picture : Picture
    controls : dict of str to control
        Made by `slider`, `toggle` or `choice`.
    readout : callable
        ``readout(numbers)`` returns one line of text with units.
    alt : callable
        ``alt(numbers)`` returns what the picture shows, for those who cannot see it.
    veil : Veil, optional
        What is hidden while `hide` has been called: what would answer a question. Without it, nothing ever is.

    Raises
    ------
    TypeError
        If one of these is something else. The functions are called at once, and what goes wrong in them is raised; what
        goes wrong later, when a control moves, is shown in the place of the picture.

    Attributes
    ----------
    compute, picture, controls
        As given: ``explorer.compute(**explorer.values)`` are the numbers shown, and no picture is needed for others.
    numbers, text, alt
        What is shown now: the numbers, the readout in words, and what the picture shows.
    veil, hidden
        As given, and whether it is on now.
    """

    def __init__(self, compute, picture, controls, readout, alt, veil=None):
        for name, function in {"compute": compute, "readout": readout, "alt": alt}.items():
            check_function(name, function)
        if not isinstance(picture, Picture):
            raise TypeError(f"picture is {shown(picture)}: give a klcourse.live.Picture.")
        if not isinstance(controls, dict) or not all(
            isinstance(control, widgets.Widget) for control in controls.values()
        ):
            raise TypeError(f"controls is {shown(controls)}: give a dict of what slider, toggle and choice make.")
        if not isinstance(veil, Veil | None):
            raise TypeError(f"veil is {shown(veil)}: give a klcourse.live.Veil, or leave it out.")
        for name in ("readout", "alt") if veil else ():
            check_function(f"{name} of the veil", getattr(veil, name))
        self.compute, self.picture, self.controls, self.veil = compute, picture, controls, veil
        self.hidden = False
        self._readout_of, self._alt_of = readout, alt
        self._paused = False
        self._initial = {name: control.value for name, control in controls.items()}
        self.readout = widgets.HTML(layout={"flex": "1 1 0", "min_width": "0"}).add_class("klcourse-status")
        self.screen = Screen(picture)
        self.reset_button = widgets.Button(description="Reset", icon="undo", tooltip="Put every control back")
        self.reset_button.layout.width = "auto"
        self.reset_button.on_click(lambda _: self.reset())
        super().__init__([self._arranged_controls(), self._readout_row(), self.screen])
        self.add_class("klcourse-explorer")
        for control in controls.values():
            control.observe(self._step, "value")
        with SHEET_LOCK:
            self._show(self.compute(**self.values))  # what fails here is an error of the cell, with its own message

    def _arranged_controls(self):
        """Return the controls in columns that are aligned, and together as wide as the picture."""
        sliders = [control for control in self.controls.values() if isinstance(control, Slider)]
        longest = max((len(slider.box.description) for slider in sliders), default=0)
        for slider in sliders:
            slider.make_room_for_label(longest)
        columns = {"grid_template_columns": "repeat(auto-fit, minmax(min(100%, 340px), 1fr))", "grid_gap": "0 24px"}
        layout = {"display": "grid", "align_items": "center", "max_width": f"{self.picture.width}px", **columns}
        return widgets.Box([*self.controls.values()], layout=layout)

    def _readout_row(self):
        layout = {"align_items": "flex-start", "max_width": f"{self.picture.width + 100}px"}  # the button stands beside
        return widgets.HBox([self.readout, self.reset_button], layout=layout)

    @property
    def values(self):
        """The value of every control by name."""
        return {name: control.value for name, control in self.controls.items()}

    def reset(self):
        """Put every control back to where it started, with one redraw."""
        self._paused = True
        try:
            for name, control in self.controls.items():
                control.value = self._initial[name]
        finally:
            self._paused = False
        self._step()

    def enable(self, enabled=True):
        """Lock or unlock all controls."""
        check_flag("enabled", enabled)
        for control in [*self.controls.values(), self.reset_button]:
            control.disabled = not enabled

    def _step(self, _change=None):
        if self._paused:
            return
        with SHEET_LOCK:
            try:
                self._show(self.compute(**self.values))
            except Exception:  # an error in a callback would be invisible in the page
                self._show_error(traceback.format_exc(limit=-1))

    def hide(self, hidden=True):
        """Hide what the veil says, or show all. Without a veil nothing changes."""
        check_flag("hidden", hidden)
        if self.veil is None or hidden == self.hidden:
            return
        with SHEET_LOCK:
            self._put_veil(hidden)
            self._show(self.numbers)

    def _put_veil(self, hidden):
        self.hidden = hidden
        self.picture.cover(self.veil.areas if hidden else ())
        self.picture.update(self.numbers)

    def _show(self, numbers):
        self.picture.update(numbers)
        self.numbers, self.text, self.alt = numbers, self._readout_of(numbers), self._alt_of(numbers)
        if self.hidden:
            self.text, self.alt = (f"{words(numbers)} {HIDDEN}" for words in (self.veil.readout, self.veil.alt))
        self.screen.show(self.alt)
        self.readout.value = f'<div style="{_READOUT}">{html.escape(self.text)}</div>'

    def _show_error(self, message):
        self.text = self.alt = f"This explorer failed. Press Reset, or run the cell again. {message}"
        self.readout.value = ""
        self.screen.fail(self.text)

    def _repr_mimebundle_(self, include=None, exclude=None, **kwargs):
        data = super()._repr_mimebundle_(**kwargs) or {}
        still, metadata = self.still()
        return {**data, **still}, metadata

    def still(self):
        """Return the present picture as display data that need no kernel, with their metadata."""
        with SHEET_LOCK:
            return bundle(self.picture.png(), self.alt, self.picture.width)

    def still_unveiled(self):
        """Return what `still` does, with nothing hidden."""
        with SHEET_LOCK:
            if not self.hidden:
                return self.still()
            self._put_veil(False)
            try:
                return bundle(self.picture.png(), self._alt_of(self.numbers), self.picture.width)
            finally:
                self._put_veil(True)
