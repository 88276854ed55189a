"""A picture that follows a slider, and a picture that stays: both with alt text, both visible without a kernel.

One slider move: control → pure function → `draw` on kept artists → blit → JPEG → `<img alt>` in the page.
Drawing a whole figure takes far longer than moving a few artists over a stored background. No pyplot is used
in a live picture: callbacks run beside a running cell, and pyplot's current figure is shared by both.
"""

import base64
import html
import io
import sys
import threading
import traceback

import ipywidgets as widgets
import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from PIL import Image

from klcourse import style

__all__ = ["Explorer", "Picture", "choice", "show", "slider", "toggle"]

_CSS_PIXELS_PER_INCH = 100
_SCALE = 2  # device pixels for each CSS pixel: crisp on a good screen and on a projector


# --- one sheet for all pictures -------------------------------------------------------------------------------

# A sheet of pixels takes 4 MB, and so does a background. A notebook has several pictures, but only one moves at a time.
_SHEETS = {}  # by size
_owner = None  # the picture that is on a sheet now: the only one that has a background
_SHEET_LOCK = threading.RLock()


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
        ``draw(numbers)`` that sets their new data. If `draw` also changes axis limits or ticks, or returns another
        value than before, the background is drawn anew.
    size : tuple of float
        Width and height in inches, 100 CSS pixels each.
    """

    def __init__(self, build, size=(7.4, 3.9)):
        with matplotlib.rc_context(style._SETTINGS):
            self.figure = Figure(size, dpi=_CSS_PIXELS_PER_INCH * _SCALE)
            self._canvas = _SharedCanvas(self.figure)
            self._moving, self._draw = build(self.figure)
        self._moving = sorted(self._moving, key=lambda artist: artist.get_zorder())
        for artist in self._moving:
            artist.set_animated(True)
        self._limits = self._background = None

    def update(self, numbers):
        """Move the artists to the new numbers."""
        self._numbers = numbers
        self._take_sheet()
        rare = self._draw(numbers)
        limits = [rare, *((*axes.get_xlim(), *axes.get_ylim(), *axes.get_xticks()) for axes in self.figure.axes)]
        if limits != self._limits or self._background is None:
            self._store_background(limits)
        self._canvas.restore_region(self._background)
        for artist in self._moving:
            self.figure.draw_artist(artist)

    def _take_sheet(self):
        global _owner
        if _owner not in (self, None):
            _owner._background = None
        _owner = self

    def _pixels(self):
        if _owner is not self:
            self.update(self._numbers)
        return self._canvas.buffer_rgba()

    def _store_background(self, limits):
        with matplotlib.rc_context(style._SETTINGS):
            self.figure.set_layout_engine("constrained")
            for axes in self.figure.axes:  # or the layout would start from the last one and depend on what came before
                if axes.get_in_layout():  # not where the picture has placed it by hand
                    axes.set_subplotspec(axes.get_subplotspec())
            for artist in self._moving:  # labels that move must find room, so they count in the layout
                artist.set_animated(False)
            self.figure.get_layout_engine().execute(self.figure)
            self.figure.set_layout_engine("none")
            for artist in self._moving:
                artist.set_animated(True)
            self._canvas.draw()
        self._background = self._canvas.copy_from_bbox(self.figure.bbox)
        self._limits = limits

    def jpeg(self):
        """Encode the present frame for a live view: about ten times faster than PNG."""
        buffer = io.BytesIO()
        pixels = self._pixels()
        height, width = pixels.shape[:2]
        frame = Image.frombuffer("RGBX", (width, height), pixels, "raw", "RGBX", 0, 1)
        frame.save(buffer, "jpeg", quality=85, subsampling=2)  # colour at half resolution: at this scale no eye sees it
        return buffer.getvalue()

    def png(self):
        """Encode the present frame for a saved notebook."""
        return _small_png(self.rgb())

    def rgb(self):
        """Return a copy of the present frame, shape (height, width, 3), two pixels for each CSS pixel."""
        return np.array(self._pixels())[..., :3]

    @property
    def width(self):
        """The width in CSS pixels."""
        return round(self.figure.get_figwidth() * _CSS_PIXELS_PER_INCH)


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
    """

    def __init__(self, compute, picture, controls, readout, alt):
        self._compute, self.picture, self.controls = compute, picture, controls
        self._readout_of, self._alt_of = readout, alt
        self._paused = False
        self._initial = {name: control.value for name, control in controls.items()}
        self.readout, self.image = widgets.HTML(layout={"flex": "1 1 0", "min_width": "0"}), widgets.HTML()
        self.reset_button = widgets.Button(description="Reset", icon="undo", tooltip="Put every control back")
        self.reset_button.layout.width = "auto"
        self.reset_button.on_click(lambda _: self.reset())
        self.readout.add_class("klcourse-status")  # for `_SPEAK`
        super().__init__([self._arranged_controls(), self._readout_row(), self.image, _speaker()])
        for control in controls.values():
            control.observe(self._step, "value")
        self._step()

    def _arranged_controls(self):
        """Return the controls in columns that are aligned, and together as wide as the picture."""
        sliders = [control for control in self.controls.values() if isinstance(control, _Slider)]
        longest = max((len(slider.box.description) for slider in sliders), default=0)
        for slider in sliders:
            slider.make_room_for_label(longest)
        columns = {"grid_template_columns": "repeat(auto-fit, minmax(min(100%, 340px), 1fr))", "grid_gap": "0 24px"}
        layout = {"display": "grid", "align_items": "center", "max_width": f"{self.picture.width}px", **columns}
        return widgets.Box([*self.controls.values()], layout=layout)

    def _readout_row(self):
        layout = {"align_items": "center", "max_width": f"{self.picture.width + 100}px"}  # the button stands beside
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
        for control in [*self.controls.values(), self.reset_button]:
            control.disabled = not enabled

    def _step(self, _change=None):
        if self._paused:
            return
        with _SHEET_LOCK:
            try:
                self._show(self._compute(**self.values))
            except Exception:  # an error in a callback would be invisible in the page
                self._show_error(traceback.format_exc(limit=-1))

    def _show(self, numbers):
        self.picture.update(numbers)
        self.numbers, self.text, self.alt = numbers, self._readout_of(numbers), self._alt_of(numbers)
        self.image.value = _img(self.picture.jpeg(), "jpeg", self.alt, self.picture.width)
        self.readout.value = f'<div style="{_READOUT}">{html.escape(self.text)}</div>'

    def _show_error(self, message):
        self.text = self.alt = f"This explorer failed. Press Reset, or run the cell again. {message}"
        self.readout.value = ""
        self.image.value = f'<pre role="alert">{html.escape(self.text)}</pre>'

    def _repr_mimebundle_(self, include=None, exclude=None, **kwargs):
        data = super()._repr_mimebundle_(**kwargs) or {}
        still, metadata = self.still()
        return {**data, **still}, metadata

    def still(self):
        """Return the present picture as display data that need no kernel, with their metadata."""
        with _SHEET_LOCK:
            return _bundle(self.picture.png(), self.alt, self.picture.width)


# --- for those who listen -------------------------------------------------------------------------------------

# What a screen reader says comes from attributes that ipywidgets leaves out and Python cannot reach: the name of a
# slider's handle, its value as its box shows it (not 0.04999999999999982, nor an exponent), that it is locked, that a
# text is to be read out when it changes, what a group of answers is for. A script in the page can reach them, and a
# <style> runs one when it gets there.
_SPEAK = """
const near = this.closest('.widget-vbox'), whole = near.parentNode.closest('.widget-vbox') ?? near;
const set = (part, name, value) => part.getAttribute(name) === value || part.setAttribute(name, value);
const speak = () => {
    for (const bar of whole.querySelectorAll('.noUi-target')) {
        const box = bar.closest('.widget-hbox').querySelector('input');
        if (!box) continue;  // not there yet
        const handle = bar.querySelector('.noUi-handle'), value = bar.noUiSlider.get(true);
        set(handle, 'aria-label', box.labels[0].textContent);
        set(handle, 'aria-valuetext', `${box.step === 'any' ? +(10 ** value).toPrecision(3) : +value.toFixed(6)}`);
        set(handle, 'aria-disabled', `${bar.hasAttribute('disabled')}`);
    }
    for (const text of whole.querySelectorAll('.klcourse-status > .widget-html-content')) set(text, 'role', 'status');
    for (const icon of whole.querySelectorAll('button > i')) set(icon, 'aria-hidden', 'true');
    for (const answers of whole.querySelectorAll('.widget-radio-box')) {
        set(answers, 'role', 'radiogroup');
        set(answers, 'aria-label', answers.closest('.widget-vbox').querySelector('.widget-html-content').textContent);
    }
};
const attributeFilter = ['aria-valuetext', 'disabled'];
new MutationObserver(speak).observe(whole, {subtree: true, childList: true, attributeFilter});
this.onload = null;
speak();
"""


def _speaker():
    return widgets.HTML(f'<style onload="{html.escape(_SPEAK)}"></style>', layout={"display": "none"})


# --- controls: each has a `value` to observe and a `disabled` to set ------------------------------------------

_READOUT = "font-size:115%;line-height:1.5;padding:2px 0;white-space:normal"


class _Slider(widgets.HBox):
    """A slider and a number box that hold the same value. The box carries the label, for both."""

    def __init__(self, bar, box, shown):
        self.bar, self.box = bar, box
        widgets.link((bar, "value"), (box, "value"), (shown, lambda value: value))
        super().__init__([box, bar])

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


class _Player(_Slider):
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

    >>> slider("mean of Q", 1.0, -4, 4, 0.05).value
    1.0
    """
    whole = isinstance(value, int) and isinstance(step, int) and not log
    if play and not whole:
        raise ValueError("Only whole numbers can be played: give an int for value and step, and no log.")
    box_type = widgets.BoundedIntText if whole else widgets.BoundedFloatText
    box = box_type(value=value, min=lowest, max=highest, step=step if not log else None, description=label)
    box.layout.flex = "0 0 auto"
    common = {"readout": False, "layout": {"flex": "1 1 0", "width": "auto", "margin": "2px 2px 2px 8px"}}
    if whole:
        return (_Player if play else _Slider)(widgets.IntSlider(value, lowest, highest, step, **common), box, int)
    if log:
        exponents = {"min": np.log10(lowest), "max": np.log10(highest), "step": step}
        return _Slider(widgets.FloatLogSlider(value, **exponents, **common), box, lambda v: float(f"{v:.3g}"))
    decimals = max(0, -int(np.floor(np.log10(step) + 1e-9)) + 1)
    bar = widgets.FloatSlider(value, min=lowest, max=highest, step=step, **common)
    return _Slider(bar, box, lambda v: round(v, decimals))


def toggle(label, value=False):
    """Make a labelled check box."""
    return widgets.Checkbox(
        value=value, description=label, indent=False, layout={"width": "auto", "margin": "2px 18px"}
    )


def choice(label, options, value):
    """Make a labelled choice from a few options."""
    box = widgets.Dropdown(options=options, value=value, description=label)
    box.style.description_width = "auto"
    box.layout.width = "auto"
    return box


# --- pictures that stay ---------------------------------------------------------------------------------------


def show(figure, alt):
    """Display a figure with its alt text.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    alt : str
        What the picture shows, for those who cannot see it.

    Raises
    ------
    ValueError
        If `alt` is empty.
    """
    from IPython.display import display

    if not alt.strip():
        raise ValueError("alt is empty: say in words what the figure shows.")
    canvas = FigureCanvasAgg(figure)
    figure.set_dpi(_CSS_PIXELS_PER_INCH * _SCALE)
    canvas.draw()
    width = round(figure.get_figwidth() * _CSS_PIXELS_PER_INCH)
    bundle, metadata = _bundle(_small_png(np.asarray(canvas.buffer_rgba())[..., :3]), alt, width)
    if "matplotlib.pyplot" in sys.modules:  # or the notebook would show the figure a second time
        sys.modules["matplotlib.pyplot"].close(figure)
    display(bundle, metadata=metadata, raw=True)


def _small_png(pixels):
    """Encode a flat drawing with a palette of 128 colours: a third of the size, no visible difference."""
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).quantize(128, dither=Image.Dither.NONE).save(
        buffer, "png", optimize=True
    )
    return buffer.getvalue()


def _img(picture, kind, alt, width):
    data = base64.b64encode(picture).decode()
    look = "border-radius:8px;max-width:100%;height:auto"
    return f'<img width="{width}" style="{look}" alt="{html.escape(alt)}" src="data:image/{kind};base64,{data}">'


def _bundle(png, alt, width):
    """HTML, because JupyterLab shows a PNG without its alt text; PNG, for readers of the file that take no HTML."""
    data = {"text/plain": alt, "text/html": _img(png, "png", alt, width), "image/png": base64.b64encode(png).decode()}
    return data, {"image/png": {"alt": alt, "width": width}}
