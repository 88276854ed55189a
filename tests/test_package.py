"""The house: thin, floors that import only what lies below, nothing heavy loaded, one look."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import matplotlib.figure
import numpy as np
import pytest

import klcourse
from klcourse import live
from klcourse.live import style

PACKAGE = Path(klcourse.__file__).parent
FLOORS = {
    "checks": 0,
    "divergence": 1,
    "counts": 1,
    "live": 1,
    "mnist": 1,
    "quadrature": 2,
    "gaussian": 3,
    "fitting": 3,
    "lessons": 5,
    "vae": 3,
    "mixture": 4,
    "tsne": 2,
    "explorers": 5,
}

NO_FORMULAS = {"live", "explorers", "lessons"}


def room(module):
    return module.split(".")[1]


def floor(module):
    return FLOORS[room(module)]


def imported(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            names = [f"klcourse.{a.name}" for a in node.names] if node.module == "klcourse" else [node.module]
            yield from (name for name in names if name.startswith("klcourse."))


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_each_floor_imports_only_what_lies_below(path):
    own = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    for module in imported(path) if path.parent != PACKAGE or path.stem != "__init__" else ():
        shared = module == "klcourse.explorers.drawing" if room(own) == "explorers" else room(own) == room(module)
        assert floor(module) < floor(own) or shared, f"{own} imports {module}"


OTHER_NAMES = {"_repr_mimebundle_", "_asdict", "_fields"}  # of Jupyter and of named tuples: theirs, and for everyone


def private(name):
    return name.startswith("_") and not name.startswith("__") and name not in OTHER_NAMES


def underscore_names_from_elsewhere(source):
    """Names with a leading underscore that a file imports, or reaches in objects that are not of its own classes."""
    tree, imported = ast.parse(source), set()
    own = {name for node in ast.walk(tree) for name in names_of_a_class(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            imported |= {alias.asname or alias.name for alias in node.names}
            names = [f"{getattr(node, 'module', None) or ''}.{alias.name}" for alias in node.names]
            yield from (name for name in names if any(map(private, name.split("."))))
    for node in ast.walk(tree):
        owner, name = reached(node)
        if private(name) and owner not in ("self", "cls") and (name not in own or owner in imported):
            yield f"{owner}.{name}"


def names_of_a_class(node):
    """What a class defines in its body, and what is set on `self`."""
    if isinstance(node, ast.ClassDef):
        yield from (part.name for part in node.body if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef))
        yield from (name.id for part in node.body for name in ast.walk(part) if isinstance(name, ast.Name))
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and ast.unparse(node.value) == "self":
        yield node.attr


def reached(node):
    """The object and the attribute of `object.attribute` or `getattr(object, "attribute")`, else two empty texts."""
    if isinstance(node, ast.Attribute):
        return ast.unparse(node.value), node.attr
    if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("getattr", "setattr", "delattr"):
        owner, name = [*node.args, None, None][:2]
        if isinstance(name, ast.Constant):
            return ast.unparse(owner), str(name.value)
    return "", ""


ROOT = PACKAGE.parent
FOLDERS = ("klcourse", "tests", "tools", "benchmarks")
FILES = [ROOT / "conftest.py", *(path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py")))]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_underscore_name_crosses_a_file(path):
    assert [*underscore_names_from_elsewhere(path.read_text("utf-8"))] == []


@pytest.mark.parametrize(
    "source",
    [
        "from klcourse.gaussian import _hidden",
        "from klcourse.gaussian import kl_gaussian, _hidden as shown",
        "from klcourse import gaussian\ngaussian._hidden(3)",
        "from klcourse import gaussian as g\ndef f():\n    return g._hidden",
        "from klcourse import gaussian\nclass Own:\n    def _hidden(self): ...\ngaussian._hidden",
        "import klcourse.gaussian\nklcourse.gaussian._hidden",
        "import klcourse.gaussian as g\ng._hidden",
        "import klcourse._hidden",
        "from editions import _hidden",
        "explorer.picture._hidden",
        "coin_curve()._hidden = None",
        "class Own:\n    def other(self): self.picture._hidden()",
        "getattr(explorer, '_hidden')",
        "monkeypatch.setattr(live, '_hidden', None)",
    ],
)
def test_an_underscore_name_that_crosses_a_file_is_seen(source):
    (name,) = underscore_names_from_elsewhere(source)
    assert name.endswith("._hidden")
    assert [*underscore_names_from_elsewhere(source.replace("_hidden", "__all__"))] == []
    assert [*underscore_names_from_elsewhere(source.replace("_hidden", "_asdict"))] == []


@pytest.mark.parametrize(
    "source",
    [
        "class Own:\n    def _hidden(self): ...\nOwn()._hidden()",
        "class Own:\n    def __init__(self): self._hidden, self.shown = 1, 2\nowner._hidden",
        "class Own:\n    _hidden = None\nclass Other:\n    def look(self, own): return own._hidden",
        "class Own(Parent):\n    def look(self): return self._hidden",
        "_hidden = 3\nprint(_hidden)",
        "call(_hidden=3)",
    ],
)
def test_an_underscore_name_that_stays_at_home_is_none(source):
    assert [*underscore_names_from_elsewhere(source)] == []


@cache
def loaded():
    """What the formulas alone load, and what all of the package does, in that order in one new process."""
    rooms = [f"klcourse.{name}" for name in FLOORS if name != "explorers"]
    rooms += [f"klcourse.explorers.{path.stem}" for path in (PACKAGE / "explorers").glob("[a-z]*.py")]
    formulas = [name for name in rooms if room(name) not in NO_FORMULAS]
    program = "\n".join(f"import {', '.join(names)}, sys; print(*sys.modules)" for names in (formulas, rooms))
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    return [set(line.split()) for line in said.splitlines()]


def test_formulas_need_no_picture_and_no_widget():
    assert "klcourse.mixture" in loaded()[0]
    assert loaded()[0] & {"matplotlib", "PIL", "ipywidgets", "anywidget", "IPython"} == set()


def test_importing_everything_loads_nothing_heavy():
    """Each kernel of a class shares one machine; these would cost it about 90 MB."""
    heavy = {"seaborn", "pandas", "sklearn", "scipy.stats", "matplotlib.pyplot", "jupyterlab", "nbval"}
    assert {"klcourse.explorers.tsne", "matplotlib", "ipywidgets"} <= loaded()[1]
    assert loaded()[1] & heavy == set()


def test_thin():
    def code_lines(path):
        tree = ast.parse(path.read_text("utf-8"))
        doc = {
            line
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node)
            for line in range(node.body[0].lineno, node.body[0].end_lineno + 1)
        }
        lines = path.read_text("utf-8").splitlines()
        return sum(bool(t.strip()) and not t.strip().startswith("#") and i not in doc for i, t in enumerate(lines, 1))

    assert sum(code_lines(path) for path in PACKAGE.glob("*.py")) < 1600
    assert all(code_lines(path) < 420 for path in PACKAGE.glob("explorers/*.py")), "an explorer room is too large"


# --- the look and the pictures that stay --------------------------------------------------------------------------


def test_amount_of_special_values():
    assert style.amount(0.0) == "0.0000 nats"
    assert style.amount(-np.inf) == "−∞ nats"


def test_show_demands_alt_text():
    with pytest.raises(ValueError, match="say in words what the figure shows"):
        live.show(matplotlib.figure.Figure(), " ")


FIGURE = matplotlib.figure.Figure()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: live.show(None, "A line."), "figure is None: give the figure"),
        (lambda: live.show(plt_like(), "A line."), "figure is .*: give the figure"),
        (lambda: live.show(FIGURE, None), "alt is None: give a text"),
        (lambda: live.slider("x", 5, 0, 1, 0.1), r"value is 5: it must be a number in \[0, 1\]"),
        (lambda: live.slider("x", 0.5, 1, 0, 0.1), "lowest is 1 and highest is 0: .* Swap them"),
        (lambda: live.slider("x", 0.5, 0, 1, 0), "step is 0: it must be finite and above 0"),
        (lambda: live.slider("x", np.nan, 0, 1, 0.1), "value is nan"),
        (lambda: live.slider("x", 0.5, 0, np.inf, 0.1), "highest is inf"),
        (lambda: live.slider("x", 0.5, 0, 1, 0.1, log=True), "lowest is 0: .* A log has no 0"),
        (lambda: live.slider("x", 10**400, 0, 1, 0.1), "value is 1000.*…: it must be a number"),
        (lambda: live.slider("x", 0.5, 0, 10**400, 0.1), "highest is 1000.*…, too large for a float"),
        (lambda: live.slider(None, 0.5, 0, 1, 0.1), "label is None: give a text"),
        (lambda: live.slider("x", 0.5, 0, 1, 0.1, log="no"), "log is 'no': give True or False"),
        (lambda: live.Range(1, 0, 0.1).check("x", 0.5), "Swap them"),
        (lambda: live.Range(0, 1, 0.1).check("x", True), "x is True: it must be a number"),
        (lambda: live.choice("x", [], 1), "options is empty"),
        (lambda: live.choice("x", None, 1), "options is None: give a list"),
        (lambda: live.choice("x", [1, 2], 3), "value is 3: choose one of 1, 2"),
        (lambda: live.choice("x", [1, 2], [1]), r"value is \[1\]: choose one of 1, 2"),
        (lambda: live.toggle("x", None), "value is None: give True or False"),
        (lambda: live.Picture(None), "build is None: give a function"),
        (lambda: live.Picture(lambda figure: None), "build returned None: it must return"),
        (lambda: live.Picture(lambda figure: ([figure.subplots().plot([0, 1])], print)), "a flat list"),
        (lambda: live.Picture(lambda figure: ([], print), size=(1e9, 1)), "size is .*: give width and height"),
        (lambda: live.Explorer(None, None, {}, str, str), "compute is None: give a function"),
        (lambda: live.Explorer(dict, None, {}, str, str), "picture is None: give a klcourse.live.Picture"),
    ],
)
def test_what_a_picture_and_a_control_refuse(call, words):
    with pytest.raises((ValueError, TypeError), match=words):
        call()


def plt_like():
    """What plt.subplots() returns: the figure and its axes."""
    return FIGURE, FIGURE.subplots()


def test_show_gives_the_picture_once_with_its_alt(capsys, monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, **kwargs: shown.append((data, kwargs["metadata"])))
    figure = matplotlib.figure.Figure()
    figure.subplots().plot([0, 1], [1, 0])
    live.show(figure, 'A line from 1 to 0, called "falling".')
    ((data, metadata),) = shown
    assert 'alt="A line from 1 to 0, called &quot;falling&quot;."' in data["text/html"]
    assert metadata["image/png"]["alt"] == data["text/plain"] == 'A line from 1 to 0, called "falling".'


def test_a_logarithmic_slider_and_its_box():
    control = live.slider("step", 0.001, 1e-3, 10, 0.05, log=True)
    control.box.value = 0.5
    assert control.bar.value == pytest.approx(0.5)
    control.bar.value = 0.123456
    assert control.box.value == 0.123


def test_slider_steps_leave_no_rounding_dust_in_the_box():
    control = live.slider("mean", 0.0, -1, 1, 0.05)
    control.bar.value = 0.04999999999999982
    assert control.box.value == 0.05


@pytest.mark.parametrize(
    ("steps", "value", "message"),
    [
        (0.1, 1.01, r"x is 1.01: it must be a number in \[0, 1\]"),
        (0.1, np.nan, "x is nan"),
        (0.1, "0.5", "x is '0.5'"),
        (1, 0.5, "it must be a whole number in"),
    ],
)
def test_a_range_refuses_what_its_slider_cannot_show(steps, value, message):
    with pytest.raises(ValueError, match=message):
        live.Range(0, 1, steps).check("x", value)


@pytest.mark.parametrize(("steps", "value", "kind"), [(0.1, 1, float), (1, np.int64(1), int), (1, 1.0, int)])
def test_a_range_gives_what_its_slider_holds(steps, value, kind):
    checked = live.Range(0, 1, steps).check("x", value)
    assert type(checked) is kind
    assert type(live.slider("x", checked, 0, 1, steps).value) is kind


# --- a slider that plays ------------------------------------------------------------------------------------------


def player(value, highest=2000):
    control = live.slider("steps", value, 1, highest, 1, play=True)
    seen = []
    control.observe(lambda change: seen.append(change.new), "value")
    return control, seen


def run_clock(control):
    """What the page does with the clock."""
    while control.clock.playing and control.clock.value + control.clock.step <= control.clock.max:
        control.clock.value += control.clock.step
    control.clock.playing = False


def test_play_runs_from_the_lowest_value_to_where_the_slider_stands():
    control, seen = player(100)
    assert control.button.description == "Play"
    control.button.value = True
    assert (control.value, control.button.description) == (1, "Stop")
    run_clock(control)
    assert seen == list(range(1, 101))
    assert (control.box.value, control.button.value, control.button.description) == (100, False, "Play")
    control.button.value = True
    run_clock(control)
    assert control.value == 100, "it can be played again"


@pytest.mark.parametrize("value", [1999, 2000, 1])
def test_a_long_film_leaps_and_still_ends_at_its_end(value):
    control, seen = player(value)
    control.button.value = True
    run_clock(control)
    assert len(seen) <= control.FRAMES + 2
    assert seen[-1] == (value if value > 1 else 2000)


def test_moving_the_slider_stops_the_film():
    control, _ = player(100)
    control.button.value = True
    control.clock.value = 7
    control.value = 50
    assert (control.button.value, control.clock.playing) == (False, False)
    control.clock.value = 8  # a tick that was on its way
    assert control.value == 50


def test_stop_leaves_the_slider_where_it_is():
    control, _ = player(100)
    control.button.value = True
    control.clock.value = 30
    control.button.value = False
    assert (control.value, control.clock.playing) == (30, False)


def test_a_locked_player_is_locked_in_all_its_parts():
    control, _ = player(100)
    control.disabled = True
    assert control.disabled
    assert control.bar.disabled
    assert control.box.disabled
    assert control.button.disabled


def test_only_whole_numbers_can_be_played():
    with pytest.raises(ValueError, match="Only whole numbers can be played"):
        live.slider("mean", 0.5, 0, 1, 0.1, play=True)
