"""Every control of every explorer at its extremes and corners, without a browser and without a kernel."""

import importlib
import io
import itertools
import math
import pkgutil
import re
from functools import cache

import numpy as np
import pytest
from legible import contrast, text_faults
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from PIL import Image

import klcourse.explorers
from klcourse.explorers.vae_kl_coefficient import TrainingView
from klcourse.live import Explorer, Picture, slider, style

MODULES = [
    importlib.import_module(f"klcourse.explorers.{room.name}")
    for room in pkgutil.iter_modules(klcourse.explorers.__path__)
]
EXPLORERS = {
    f"{module.__name__.rsplit('.', 1)[1]}.{name}": getattr(module, name)
    for module in MODULES
    for name in getattr(module, "__all__", [])
}
each_explorer = pytest.mark.parametrize("make", EXPLORERS.values(), ids=EXPLORERS)


built = cache(lambda make: make())


def at_start(make):
    """The explorer that `make` builds, built once for all tests of a process, as it is when it is new."""
    explorer = built(make)
    explorer.reset()
    return explorer


def ends(control):
    """The values of a control to try: both ends of a slider, all options of a choice."""
    if hasattr(control, "bar"):
        return [control.box.min, control.box.max]
    return [option[1] if isinstance(option, tuple) else option for option in getattr(control, "options", [False, True])]


def faults(explorer):
    """What is wrong with what an explorer shows now."""
    if explorer.screen.alarm:
        yield explorer.screen.alarm
        return
    for name, value in explorer.numbers.items():
        if np.issubdtype(np.asarray(value).dtype, np.floating) and np.isnan(value).any():
            yield f"{name} is NaN"
    shown = explorer.text + explorer.alt + explorer.readout.value
    if re.search(r"\bnan\b|\binf\b|None", shown):
        yield f"a number that is none in {shown}"
    if not explorer.readout.value or not explorer.screen.frame:
        yield "readout or picture are missing"
    if len(explorer.alt) < 40 or not re.search(r"\d", explorer.alt):
        yield f"alt text says too little: {explorer.alt!r}"
    # Every number of the readout is one that was computed, or a control's value.
    numbers = [*np.concatenate([np.ravel(v) for v in flat(explorer.numbers)]), *explorer.values.values()]
    known = [float(n) for n in numbers if isinstance(n, int | float | np.number)]
    for text in stated(explorer.text) | stated(explorer.alt):
        if not any(agree(text, value) for value in known):
            yield f"{text} in the readout or alt text is no number that was computed"


def flat(numbers):
    for value in numbers.values():
        array = np.asarray(value, dtype=object)
        yield array.ravel() if array.dtype == object else array


def stated(text):
    """The numbers with a decimal point that a text states."""
    return set(re.findall(r"[−-]?\d+\.\d+(?:e[+-]\d+)?", text))


def agree(text, value):
    number = float(text.replace("−", "-"))
    decimals = len(re.sub(r"e.*", "", text).rsplit(".", 1)[1])
    scale = 10.0 ** int(text.split("e")[1]) if "e" in text else 1.0
    return math.isfinite(value) and abs(abs(number) - abs(value)) <= 0.51 * scale * 10.0**-decimals


def set_values(explorer, values):
    for name, value in values.items():
        control = explorer.controls[name]
        control.value = type(control.value)(value) if hasattr(control, "bar") else value


@each_explorer
def test_each_control_at_both_ends(make):
    explorer = at_start(make)
    start, initial = (explorer.text, explorer.screen.frame), explorer.values
    assert list(faults(explorer)) == []
    for name, control in explorer.controls.items():
        for value in ends(control):
            before = explorer.screen.frame
            set_values(explorer, {name: value})
            assert list(faults(explorer)) == [], (name, value)
            hidden = getattr(control.layout, "display", None) == "none"
            assert hidden or value == initial[name] or explorer.screen.frame != before, (name, value)
        explorer.reset()
    assert (explorer.text, explorer.screen.frame) == start


@each_explorer
def test_corners(make):
    explorer = at_start(make)
    names, choices = list(explorer.controls), [ends(c) for c in explorer.controls.values()]
    corners = list(itertools.product(*choices))
    if len(corners) > 16:  # many controls: all at one end, each alone at the other, and random corners
        rng = np.random.default_rng(0)
        corners = [corners[i] for i in {0, len(corners) - 1, *rng.integers(len(corners), size=8)}]
    for corner in corners:
        set_values(explorer, dict(zip(names, corner, strict=True)))
        assert list(faults(explorer)) == [], corner


def room_faults(figure):
    """Find the texts that the picture cuts off, that reach into another panel, or that cover the name of an axis."""
    for axes in figure.axes:
        names = [axes.xaxis.label, axes.yaxis.label]
        for text in [*names, *axes.texts, *labels_of(axes.xaxis), *labels_of(axes.yaxis)]:
            box = text.get_window_extent()
            if not text.get_text() or not text.get_visible():
                continue
            if not figure.bbox.padded(1).contains(*box.min) or not figure.bbox.padded(1).contains(*box.max):
                yield f"{text.get_text()!r} is cut off"
            if any(box.overlaps(other.get_window_extent()) for other in figure.axes if other is not axes):
                yield f"{text.get_text()!r} reaches into another panel"
            if any(box.overlaps(name.get_window_extent()) for name in names if name is not text and name.get_text()):
                yield f"{text.get_text()!r} covers the name of an axis"


def labels_of(axis):
    """The labels of the ticks that an axis shows."""
    low, high = sorted(axis.get_view_interval())
    return [tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]


@each_explorer
def test_all_labels_find_room_and_boxes_and_sliders_hold_the_same(make):
    explorer = at_start(make)
    assert list(room_faults(explorer.picture.figure)) == []
    for end in (0, -1):
        for name, control in explorer.controls.items():
            value = ends(control)[end]
            if hasattr(control, "bar"):
                assert control.box.description, "a number box carries the label"
                control.box.value = value
                assert control.bar.value == pytest.approx(value, rel=1e-9)
                control.bar.value = control.bar.value
                assert control.box.value == pytest.approx(control.bar.value, rel=1e-2)
            else:
                set_values(explorer, {name: value})
            assert list(room_faults(explorer.picture.figure)) == [], explorer.values


def test_still_picture_has_alt_text():
    """Of one explorer: those of the others, each with its question, are in test_asked.py."""
    explorer = tiny(lambda x: {"y": x})
    data, metadata = explorer._repr_mimebundle_()
    assert data["text/plain"] == explorer.alt == metadata["image/png"]["alt"]
    assert "application/vnd.jupyter.widget-view+json" in data
    assert 'alt="' in data["text/html"]
    assert len(data["image/png"]) > 5000


def test_what_lies_below_all_that_moves_is_drawn_anew_when_it_changes():
    def build(figure):
        axes = figure.subplots()
        axes.set(xlim=(0, 1), ylim=(0, 1))
        label, dot = axes.text(0.2, 0.5, "", zorder=-1), axes.plot([0], [0.5], "o")[0]

        def draw(numbers):
            label.set_text(numbers["word"])
            dot.set_xdata([numbers["x"]])

        return [dot, label], draw

    picture, others, seen = Picture(build), Picture(build), []
    for word, x in [("a", 0.1), ("a", 0.9), ("b", 0.9), ("b", 0.1), ("b", 0.25), ("a", 0.1)]:
        picture.update({"word": word, "x": x})
        seen.append(picture.rgb())
        picture.redraw()
        assert (seen[-1] == picture.rgb()).all(), (word, x)
        others.update({"word": word, "x": x})  # on the same sheet
        assert (seen[-1] == others.rgb()).all(), (word, x)
        picture.update({"word": word, "x": x})
    assert (seen[0] == seen[-1]).all()
    assert len({picture.tobytes() for picture in seen}) == 5


def test_axes_are_drawn_anew_when_anything_in_them_changes():
    """One panel changes its limits, the other its name, and both move an artist: as if drawn for the first time."""

    def build(figure):
        left, right = figure.subplots(1, 2)
        left.set(xlim=(0, 1), ylim=(0, 1), xlabel="left")
        right.set(xlim=(0, 8), ylim=(0, 1), xlabel="right")
        dots = [axes.plot([0], [0.5], "o")[0] for axes in (left, right)]

        def draw(numbers):
            for dot in dots:
                dot.set_xdata([numbers["x"]])
            if right.get_xlim()[1] != numbers["end"]:
                right.set_xlim(0, numbers["end"])
            if left.get_xlabel() != numbers["name"]:
                left.set_xlabel(numbers["name"])

        return dots, draw

    states = [(0.1, 8, "left"), (0.1, 4, "left"), (0.3, 2, "left"), (0.3, 2, "new"), (0.3, 8, "left")]
    states = [dict(zip(("x", "end", "name"), state, strict=True)) for state in states]

    def frames(picture, numbers):
        picture.update(numbers)
        return picture.jpeg(crisp=False), picture.jpeg()

    picture = Picture(build)
    seen = [frames(picture, numbers) for numbers in states]
    assert seen == [frames(Picture(build), numbers) for numbers in states]
    assert len(set(seen)) == 5


def test_what_stays_does_not_hop_when_all_rests():
    picture = Picture(lambda figure: (figure.subplots().plot([], []), lambda numbers: None))
    picture.update({})
    small = np.asarray(Image.open(io.BytesIO(picture.jpeg(crisp=False))), dtype=float)
    crisp = Image.fromarray(picture.rgb()).reduce(2)
    assert np.abs(small - np.asarray(crisp)).max() < 40  # a line of one pixel, one pixel away, differs by over 100


# --- text that can be read: `legible` reads the figures of the notebooks too -----------------------------------------


def faults_of_frame(picture):
    def draw(_figure):
        picture.redraw()
        return picture.rgb()

    return list(text_faults(picture.figure, draw))


@each_explorer
def test_text_in_live_pictures_can_be_read(make):
    explorer = at_start(make)
    assert faults_of_frame(explorer.picture) == []
    set_values(explorer, {name: ends(control)[-1] for name, control in explorer.controls.items()})
    assert faults_of_frame(explorer.picture) == []


def test_text_of_the_training_can_be_read():
    assert faults_of_frame(TrainingView([1], epochs=1).picture) == []


# --- small frames while a control moves -----------------------------------------------------------------------------


def width_of(explorer):
    return Image.open(io.BytesIO(explorer.screen.frame)).width


def say(explorer, moving):
    """What the page does."""
    message = {"method": "custom", "content": {"moving": moving}}
    explorer.screen.comm.handle_msg({"content": {"data": message}, "buffers": []})


def test_frames_are_small_while_a_control_moves_and_crisp_at_rest():
    explorer, other = (tiny(lambda x: {"y": x}) for _ in range(2))
    small = explorer.picture.width
    assert width_of(explorer) == 2 * small
    say(explorer, moving=True)
    explorer.controls["x"].value = 0.9
    assert width_of(explorer) == small
    explorer.controls["x"].value = 0.8
    other.controls["x"].value = 0.1  # draws on the same sheet
    say(explorer, moving=False)
    moved = explorer.screen.frame
    assert width_of(explorer) == 2 * small
    explorer.reset()
    explorer.controls["x"].value = 0.8
    assert explorer.screen.frame == moved


def test_a_rest_without_a_move_sends_nothing():
    explorer = tiny(lambda x: {"y": x} if x < 1 else {}["failed"])
    sent = []
    explorer.screen.observe(sent.append, "frame")
    say(explorer, moving=True)
    say(explorer, moving=False)
    explorer.controls["x"].value = 1.0
    say(explorer, moving=False)
    assert not sent


# --- the checks can fail --------------------------------------------------------------------------------------------


def tiny(compute, draw=None, readout=None):
    def build(figure):
        axes = figure.subplots()
        curve = axes.plot([0, 1], [0, 1])[0]
        return [curve], draw or (lambda n: curve.set_ydata([0, n["y"]]))

    readout = readout or (lambda n: f"y = {n['y']:.3f} nats")
    controls = {"x": slider("x", 0.5, 0, 1, 0.1)}
    return Explorer(compute, Picture(build), controls, readout, lambda n: f"A line of {readout(n)}, drawn from 0 to 1.")


def test_good_explorer_passes():
    test_each_control_at_both_ends(lambda: tiny(lambda x: {"y": x}))


@pytest.mark.parametrize(
    "spoiled",
    [
        lambda: tiny(lambda x: {"y": 0.5}),  # a slider that moves nothing
        lambda: tiny(lambda x: {"y": 1 / (x - 1) if x < 1 else {}["raised"]}),
        lambda: tiny(lambda x: {"y": math.nan if x == 1 else x}),
        lambda: tiny(lambda x: {"y": x}, draw=lambda n: None),
        lambda: tiny(lambda x: {"y": x}, readout=lambda n: f"y = {n['y'] + 0.01:.3f} nats"),
    ],
    ids=["dead slider", "raising", "NaN", "picture stays", "readout off by a hundredth"],
)
def test_the_sweep_can_fail(spoiled):
    with pytest.raises(AssertionError):
        test_each_control_at_both_ends(spoiled)


def test_an_error_is_shown_in_the_place_of_the_picture():
    explorer = tiny(lambda x: {"y": math.log(x)} if x > 0 else {}["no such number"])
    explorer.controls["x"].value = 0.0
    assert "no such number" in explorer.screen.alarm
    explorer.reset()
    assert not explorer.screen.alarm


@pytest.mark.parametrize(
    ("top", "pad", "fault"),
    [
        ("1", 4, None),
        ("one hundred millions of millions of millions of millions", 4, "is cut off"),
        ("one hundred", 4, "reaches into another panel"),
        ("10", -20, "covers the name of an axis"),
    ],
)
def test_labels_without_room_are_reported(top, pad, fault):
    def build(figure):
        axes = figure.subplots(1, 2)[1]

        def draw(numbers):
            axes.set_yticks((0, 0.5), ("0", top))
            axes.set_ylabel("nats", labelpad=pad)

        return [], draw

    picture = Picture(build)
    picture.update({})
    picture.rgb()
    found = " ".join(room_faults(picture.figure))
    assert fault in found if fault else not found


def test_contrast_by_known_values():
    grey = np.array([0x76] * 3) / 255
    assert contrast(np.zeros(3), np.ones(3)) == pytest.approx(21)
    assert contrast(grey, np.ones(3)) == contrast(np.ones(3), grey) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize(
    ("look", "fault"),
    [
        ({}, None),
        ({"fontsize": 11}, "has 11 points"),
        ({"color": style.P["color"]}, None),
        ({"color": style.Q["color"]}, "has a contrast of 2.3"),
        ({"color": style.P["text"], "alpha": 0.6}, "has a contrast of 2."),
        ({"color": (*to_rgba(style.P["text"])[:3], 0.6)}, "has a contrast of 2."),
        ({"x": 2.5}, "has a contrast of 1."),  # on the dark bar
        ({"x": 2.5, "color": "white"}, None),
        ({"x": 2.5, "visible": False}, None),
    ],
)
def test_text_that_cannot_be_read_is_reported(look, fault):
    figure = Figure(facecolor=style.PANEL)
    axes = figure.subplots()
    axes.set_axis_off()
    axes.bar([2.5], [1], width=1, color=style.INK)
    axes.set(xlim=(0, 3), ylim=(0, 1))
    axes.text(**{"x": 0.5, "y": 0.5, "s": "words", "ha": "center", "fontsize": 12, "color": style.INK} | look)
    found = list(text_faults(figure))
    assert len(found) == bool(fault)
    assert not fault or fault in found[0]


def test_live_text_that_cannot_be_read_is_reported():
    def build(figure):
        text = figure.subplots().text(0.5, 0.5, "words", color=style.Q["color"])
        return [text], lambda numbers: None

    picture = Picture(build)
    picture.update({})
    assert faults_of_frame(picture) == ["'words' has a contrast of 2.3"]
