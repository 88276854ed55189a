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
from klcourse import live, style

PACKAGE = Path(klcourse.__file__).parent
FLOORS = {
    "checks": 0,
    "divergence": 1,
    "counts": 1,
    "style": 0,
    "live": 1,
    "mnist": 1,
    "quadrature": 2,
    "gaussian": 3,
    "fitting": 3,
    "lessons": 2,
    "vae": 3,
    "mixture": 4,
    "tsne": 2,
    "explorers": 5,
}

NO_FORMULAS = {"style", "live", "explorers", "lessons"}


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


def private(name):
    return name.startswith("_") and not name.startswith("__")


def private_names_from_elsewhere(source):
    """Names with a leading underscore that come from klcourse: imported, or reached as attributes of its modules."""
    tree, modules = ast.parse(source), {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "klcourse":
            names = {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
            yield from (name for name in names.values() if private(name.split(".")[-1]))
            modules |= {short: name for short, name in names.items() if is_module(name)}
        if isinstance(node, ast.Import):
            names = {alias.asname or alias.name: alias.name for alias in node.names}
            modules |= {short: name for short, name in names.items() if name.split(".")[0] == "klcourse"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and private(node.attr) and (owner := ast.unparse(node.value)) in modules:
            yield f"{modules[owner]}.{node.attr}"


def is_module(name):
    path = PACKAGE.parent.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or path.is_dir()


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_underscore_name_crosses_a_file(path):
    assert [*private_names_from_elsewhere(path.read_text("utf-8"))] == []


@pytest.mark.parametrize("path", sorted(Path(__file__).parent.glob("*.py")), ids=lambda path: path.stem)
def test_tests_reach_no_underscore_name_of_a_formula(path):
    names = private_names_from_elsewhere(path.read_text("utf-8"))
    assert [name for name in names if room(name) not in NO_FORMULAS] == []


@pytest.mark.parametrize(
    "source",
    [
        "from klcourse.gaussian import _hidden",
        "from klcourse.gaussian import kl_gaussian, _hidden as shown",
        "from klcourse import gaussian\ngaussian._hidden(3)",
        "from klcourse import gaussian as g\ndef f():\n    return g._hidden",
        "from klcourse.explorers import tsne\ntsne._hidden",
        "import klcourse.gaussian\nklcourse.gaussian._hidden",
        "import klcourse.gaussian as g\ng._hidden",
        "from klcourse import gaussian\nimport numpy as gauss\ngauss._other, gaussian._hidden",
    ],
)
def test_an_underscore_name_that_crosses_a_file_is_seen(source):
    (name,) = private_names_from_elsewhere(source)
    assert name in ("klcourse.gaussian._hidden", "klcourse.explorers.tsne._hidden")
    assert [*private_names_from_elsewhere(source.replace("_hidden", "__all__"))] == []


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
    assert all(code_lines(path) < 350 for path in PACKAGE.glob("explorers/*.py")), "an explorer room is too large"


# --- the look and the pictures that stay --------------------------------------------------------------------------


def test_amount_of_special_values():
    assert style.amount(0.0) == "0.0000 nats"
    assert style.amount(-np.inf) == "−∞ nats"


def test_show_demands_alt_text():
    with pytest.raises(ValueError, match="say in words what the figure shows"):
        live.show(matplotlib.figure.Figure(), " ")


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
