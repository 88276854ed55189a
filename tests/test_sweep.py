"""Every public function and every explorer against odd values: right, or an error that names an argument, and soon.

The sweep finds the functions through `__all__`, and their arguments in their signatures. A function that is added later
is swept too, if its arguments have names that `SOUND` knows. One argument at a time gets an odd value, the others are
sound. Then the call must

- give a result without NaN and without a warning, the same as for the same numbers in a plain list of floats, or
- raise a ValueError, a TypeError or an ArithmeticError whose message names one of the function's arguments,

within 4 s of processor time (a busy machine has needed 2.1, a quiet one 1.3) and 300 MB.
"""

import dataclasses
import importlib
import inspect
import itertools
import json
import math
import pkgutil
import re
import signal
import sys
import time
import types
import warnings
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

import klcourse
from klcourse.fitting import exact_slopes
from klcourse.lessons import asking, own
from klcourse.live import Area, Explorer, Picture, Range, Veil, slider
from klcourse.mnist import load_mnist
from klcourse.tsne import joint_affinities
from klcourse.vae import VAE

resource = pytest.importorskip("resource", reason="Windows measures neither the memory nor the time of a call")
SECONDS, MEGABYTES = 4, 300


# --- what is swept ----------------------------------------------------------------------------------------------------

# Why these are not: a module or a name of one, and the reason.
LEFT_OUT = {
    "klcourse.checks": "the rules themselves, which see what every function here is given",
}


def modules():
    """Every module that says what is public. In a package that says it for all its files, the files do not count."""
    spoken_for = ()
    for found in pkgutil.walk_packages(klcourse.__path__, "klcourse."):
        module = importlib.import_module(found.name)
        if not hasattr(module, "__all__") or found.name in LEFT_OUT or found.name.startswith(spoken_for):
            continue
        if found.ispkg:
            spoken_for = (*spoken_for, f"{found.name}.")
            # A file that the package names is as public as the package.
            yield from (held for name in module.__all__ if inspect.ismodule(held := getattr(module, name)))
        yield module


def functions():
    """Every public function, class and method by its name, but for records, which hold whatever they are given."""
    for module in modules():
        for name in module.__all__:
            held, place = getattr(module, name), f"{module.__name__}.{name}"
            if inspect.isfunction(held):
                yield place, held
            elif inspect.isclass(held):
                if not (dataclasses.is_dataclass(held) or hasattr(held, "_fields")):
                    yield place, held
                for method, function in vars(held).items():
                    if not method.startswith("_") and isinstance(function, types.FunctionType | classmethod):
                        yield f"{place}.{method}", held


FUNCTIONS = dict(functions())


@cache
def arguments(place):
    """The parameters of a function, a class or a method that can be given."""
    called = bound(place)
    return {name: p for name, p in inspect.signature(called).parameters.items() if p.kind is not p.VAR_KEYWORD}


def bound(place):
    """The function, the class, or the method of a sound object."""
    held, name = FUNCTIONS[place], place.rsplit(".", 1)[1]
    if inspect.isclass(held) and held.__name__ != name:
        return getattr(held if isinstance(vars(held)[name], classmethod) else OBJECTS[held.__name__](), name)
    return held


# --- sound values -----------------------------------------------------------------------------------------------------


def log_normal(x):
    return -(x**2) / 2 - np.log(2 * np.pi) / 2


def build(figure):
    curve = figure.subplots().plot([0, 1], [0, 1])[0]
    return [curve], lambda numbers: None


@cache
def picture():
    drawn = Picture(build)
    drawn.update({})
    return drawn


def explorer():
    controls = {"x": slider("x", 0.5, 0, 1, 0.1)}
    return Explorer(lambda x: {"y": x}, picture(), controls, lambda n: f"y = {n['y']:.1f}", lambda n: "A line.")


def saved():
    """A file of a model, in a folder that the test throws away."""
    VAE().save("model.npz")
    return "model.npz"


def in_the_list():
    """The name of a student who has numbers, in a folder that the test throws away."""
    Path(own.NUMBERS).write_text(json.dumps({own.key("Ada"): {"1.1a": {"A": [0.5, 0.5]}}}), "utf-8")
    return "Ada"


OBJECTS = {"Explorer": explorer, "Picture": picture, "Range": lambda: Range(0, 1, 0.1), "VAE": VAE}
FOUR_POINTS = [[0.0, 0.0], [1.0, 0.0], [0.0, 2.0], [3.0, 3.0]]
COVARIANCE = [[2.0, 0.5], [0.5, 1.0]]
MIXTURE = ([0.25, 0.75], [0.0, 2.0], [1.0, 1.0])

# By the name of the argument, or by function and argument where a name means something else there. What has a default
# needs no entry, unless the default is None. A function makes the value anew for each call.
SOUND = {
    "affinities": joint_affinities(FOUR_POINTS, 2),
    "alt": "A line.",
    "answer": 1.0,
    "axes": lambda: Figure().subplots(),
    "areas": lambda: [Area(0)],
    "base": 2,
    "build": lambda: build,
    "coefficient": 1,
    "columns": ["b", "c"],
    "compute": lambda: lambda **values: {"y": 0.5},
    "controls": lambda: {"x": slider("x", 0.5, 0, 1, 0.1)},
    "correlation": 0.6,
    "cov_p": COVARIANCE,
    "cov_q": COVARIANCE,
    "d": 2.0,
    "digits": (np.random.default_rng(0).normal(size=(100, 3)), np.arange(100) % 2),
    "distributions": [0.1, 0.4, 0.5],
    "epochs": 1,
    "exercise": "1.1a",
    "explorer": explorer,
    "f": MIXTURE,
    "figure": lambda: Figure(),
    "form": "before",
    "g": MIXTURE,
    "highest": 1.0,
    "images": load_mnist().train_images[:3] / 255,
    "k": [0.0, 1.0, 5.0],
    "kl_coefficient": 1.0,
    "label": "x",
    "learning_rate": 0.1,
    "lesson": "01",
    "level": 0.5,
    "log_p": lambda: log_normal,
    "log_q": lambda: log_normal,
    "log_variance": -0.5,
    "lowest": 0.1,
    "mean": 1.0,
    "mean_p": 1.0,
    "mean_q": 0.5,
    "means": [0.0, 2.0],
    "models": lambda: {1: VAE()},
    "n": 5,
    "name": "x",
    "numbers": {"y": 0.5},
    "often": [1.0, 2.0, 3.0, 4.0],
    "options": ["a", "b"],
    "p": [0.1, 0.4, 0.5],
    "path": lambda: saved(),
    "perplexity": 2.0,
    "picture": picture,
    "point": 1,
    "precision": 0.4,
    "q": [0.8, 0.15, 0.05],
    "question": "1.a",
    "rate": 2.0,
    "readout": lambda: lambda numbers: "0.5",
    "rows": ["a"],
    "samples": 5,
    "score": [1.25, -2.5, -12.5],
    "sd": 2.0,
    "sd_p": 2.0,
    "sd_q": 1.5,
    "sds": [1.0, 1.0],
    "seed": 0,
    "slopes": lambda: exact_slopes(7),
    "squared_distances": [1.0, 4.0, 9.0, 16.0],
    "step": 0.1,
    "steps": 3,
    "student": lambda: in_the_list(),
    "target": 7.0,
    "texts": [["1", "2"]],
    "value": 0.5,
    "values": np.array([[0.2, 0.8]]),
    "variance": 2.0,
    "veil": lambda: Veil([Area(0)], lambda numbers: "hidden", lambda numbers: "A line."),
    "variances": [4.0, 1.0, 0.25],
    "weight": 0.3,
    "weights": [0.25, 0.75],
    "x": [0.0, 1.0, 4.0],
    "y": FOUR_POINTS,
    "z": [0.0, 0.0],
    "Explorer.alt": lambda: lambda numbers: "A line.",
    "choice.value": "a",
    "exp_above_tangent.y": [0.2, 1.0],
    "forward_slopes.p": np.array([0.1, 0.4, 0.5]),
    "forward_slopes.x": np.array([0.0, 1.0, 4.0]),
    "joint_affinities.x": FOUR_POINTS,
    "kl_and_mean_nll.log_q": [-2.0, -1.0, -1.0],
    "kl_gaussian_nd.mean_p": [0.0, 1.0],
    "kl_gaussian_nd.mean_q": [0.0, 0.0],
    "lower_bound.q": [[0.5, 0.5]] * 3,
    "log_ratio.p": np.array([0.1, 0.9]),
    "log_ratio.q": np.array([0.8, 0.2]),
    "m_step.q": [[0.5, 0.5]] * 3,
    "reverse_slopes.p": np.array([0.1, 0.4, 0.5]),
    "reverse_slopes.x": np.array([0.0, 1.0, 4.0]),
}


def sound(place, parameter):
    """A sound value of an argument, or a function that makes one."""
    named = f"{place.rsplit('.', 1)[1]}.{parameter.name}"
    if named in SOUND:
        return SOUND[named]
    if parameter.default not in (None, parameter.empty):
        return parameter.default
    return SOUND[parameter.name]


def call(place, odd=()):
    """Call a function with sound values, and with those of the dict `odd` in their places."""
    odd, positional, keywords = dict(odd), [], {}
    for name, parameter in arguments(place).items():
        value = sound(place, parameter)
        value = odd[name] if name in odd else value() if inspect.isfunction(value) or value is picture else value
        if parameter.kind is parameter.VAR_POSITIONAL:
            positional += [SOUND[name], value]
        elif parameter.kind is parameter.KEYWORD_ONLY:
            keywords[name] = value
        else:
            positional.append(value)
    return bound(place)(*positional, **keywords)


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch):
    """`unlock_all` is swept too: what follows in this process is locked again."""
    monkeypatch.setattr(asking, "ALL_UNLOCKED", False)


@pytest.fixture(autouse=True)
def _stop_what_does_not_end():
    before = signal.signal(signal.SIGPROF, stop)
    yield
    signal.signal(signal.SIGPROF, before)


each_function = pytest.mark.parametrize("place", FUNCTIONS)


@each_function
def test_every_argument_has_a_sound_value(place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    unknown = []
    for name, parameter in arguments(place).items():
        try:
            sound(place, parameter)
        except KeyError:
            unknown.append(name)
    assert not unknown, f"Add a sound value for {', '.join(unknown)} of {place} to SOUND in {__file__}."
    assert faults(lambda: call(place), [], None) == []


# --- odd values -------------------------------------------------------------------------------------------------------

ENDLESS = []
ENDLESS.append(ENDLESS)
NUMBERS = {
    "NaN": math.nan,
    "∞": math.inf,
    "−∞": -math.inf,
    "10**400": 10**400,
    "1e308": 1e308,
    "−1e308": -1e308,
    "1e-308": 1e-308,
    "−1": -1,
    "0": 0,
    "True": True,
    "1j": 1j,
    "None": None,
    "a text": "0.5",
    "bytes": b"0.5",
    "an object": object(),
}
VALUES = NUMBERS | {
    "texts": ["a", "b"],
    "a dict": {"a": 1},
    "a set": {0.5},
    "an empty text": "",
    "an empty list": [],
    "an empty array": np.array([]),
    "an empty matrix": np.zeros((0, 3)),
    "rows of different lengths": [[0.5], [0.25, 0.25]],
    "a deep nest": [[[[0.5]]]],
    "a list in itself": ENDLESS,
    "masked": np.ma.array([0.25, 0.25, 0.5], mask=[False, True, False]),
    "all masked": np.ma.masked,
    "a date": np.datetime64("2026-01-01"),
    "float16": np.float16(0.5),
    "an array without axes": np.array(0.5),
    "a million numbers": np.broadcast_to(0.5, (1000, 1000)),
}


def odd_values(value):
    """Odd values by name: those for any argument, and where the sound one holds numbers, the same with an odd one."""
    yield from VALUES.items()
    if callable(value):
        return
    # What a wrong function does, when it is called, is its own affair.
    yield from {"a function": lambda *args, **kwargs: None, "a class": int}.items()
    try:
        array = np.array(value, float)
    except (TypeError, ValueError):
        array = np.array(0)
    if array.ndim == 0 or not array.size:
        return
    for name, number in NUMBERS.items():
        spoiled = array.astype(object)
        spoiled.flat[0] = number
        yield f"{name} among its numbers", spoiled.tolist()
    yield "one of its numbers masked", np.ma.array(array, mask=np.arange(array.size).reshape(array.shape) == 0)
    yield "none of its numbers masked", np.ma.array(array)
    yield "in single precision", array.astype("f4")
    yield "in half precision", array.astype("f2")
    yield "one level deeper", array[None].tolist()
    yield "without its last", array[:-1].tolist()
    yield "turned round", array[::-1]
    yield "ragged", [*array.tolist(), [[1.0], 2.0]]


# --- what may happen --------------------------------------------------------------------------------------------------

# An argument and an odd value that may be answered otherwise, and why.
ALLOWED = {
    ("exp_above_tangent.y", "NaN"): "NaN stays NaN: `kl_quad` sets it where p is 0",
    ("exp_above_tangent.y", "NaN among its numbers"): "NaN stays NaN: `kl_quad` sets it where p is 0",
    ("check.name", "masked"): "a name is only written",
    ("load.path", "a text"): "no file has that name: an OSError of the system, which shows it",
    ("load.path", "an empty text"): "no file has that name: an OSError of the system, which shows it",
}


def megabytes():
    """The most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def faults(attempt, names, plain):
    """What is wrong with a call. `plain` does the same with the same numbers as floats, or is None."""
    memory, start = megabytes(), time.process_time()
    try:
        signal.setitimer(signal.ITIMER_PROF, 2 * SECONDS)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            result = numbers_in(attempt())
        signal.setitimer(signal.ITIMER_PROF, 0)
    except (ValueError, TypeError, ArithmeticError) as error:
        named = any(re.search(rf"\b{name.removesuffix('s')}s?\b", str(error)) for name in names)
        found = [] if named else [f"{type(error).__name__} names no argument: {error}"]
    except Exception as error:
        found = [f"{type(error).__name__}: {error}"]
    else:
        found = ["NaN in the result"] if any(np.isnan(array).any() for array in result) else []
        if plain and not found:
            found = differences(result, plain)
    signal.setitimer(signal.ITIMER_PROF, 0)
    if (seconds := time.process_time() - start) > SECONDS:
        found.append(f"it takes {seconds:.1f} s")
    if (more := megabytes() - memory) > MEGABYTES:
        found.append(f"it takes {more:.0f} MB")
    return found


def stop(*_):
    raise TimeoutError("not done yet")


MASK_DROPPED = object()


def differences(result, plain):
    if plain is MASK_DROPPED:
        return ["the mask is dropped"] if result else []
    try:
        expected = numbers_in(plain())
    except Exception as error:
        return [f"accepted, but not as plain floats: {error}"]
    same = len(result) == len(expected) and all(
        a.shape == b.shape and np.allclose(a, b, rtol=1e-12, atol=0) for a, b in zip(result, expected, strict=True)
    )
    return [] if same else ["another result than for the same numbers as plain floats"]


def numbers_in(result):
    """All arrays of numbers in a result; the first three steps of an iterator."""
    if isinstance(result, Explorer):
        assert not result.screen.alarm, f"an empty picture: {result.screen.alarm}"
        return numbers_in(list(result.numbers.values()))
    if dataclasses.is_dataclass(result):
        return numbers_in(list(vars(result).values()))
    if isinstance(result, types.GeneratorType):
        return numbers_in(list(itertools.islice(result, 3)))
    if isinstance(result, list | tuple):
        return [array for part in result for array in numbers_in(part)]
    array = np.asarray(result) if isinstance(result, int | float | np.generic | np.ndarray) else np.array("")
    return [array] if array.dtype.kind in "fiu" else []


@each_function
def test_odd_values(place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # Layout and background take most of the time of an explorer, and show no number: test_explorers.py has them.
    monkeypatch.setattr(ConstrainedLayoutEngine, "execute", lambda self, figure: None)
    monkeypatch.setattr(FigureCanvasAgg, "draw", lambda self: setattr(self, "renderer", self.get_renderer()))
    found = []
    for name, parameter in arguments(place).items():
        value = sound(place, parameter)
        for odd_name, odd in odd_values(value() if inspect.isfunction(value) else value):
            if (name, odd_name) in ALLOWED or (f"{place.rsplit('.', 1)[1]}.{name}", odd_name) in ALLOWED:
                continue
            now = faults(partial(call, place, {name: odd}), names_in(place), plain_call(place, name, odd))
            found += [f"{name} = {odd_name}: {fault[:160]}" for fault in now]
    assert not found, "\n".join([f"{len(found)} faults", *found])


def names_in(place):
    """What a message may call an argument: by its name, or by the one that it was given to use."""
    names = [*arguments(place)]
    return [*names, SOUND["name"]] if "name" in names else names


def plain_call(place, name, odd):
    """The same call with the numbers of an odd value as plain floats; None where there is nothing to compare.

    Numbers in single precision may sum to 1 less exactly than floats must.
    """
    if getattr(odd, "dtype", None) == np.float32:
        return None
    try:
        if isinstance(odd, str | bytes) or np.asarray(odd).dtype.kind not in "biufO" or not np.asarray(odd).ndim:
            return None
        plain = np.array(odd, float)
    except Exception:
        return None
    return MASK_DROPPED if np.ma.is_masked(odd) else partial(call, place, {name: plain})


# --- the sweep can fail -----------------------------------------------------------------------------------------------


def drop_mask(p):
    return np.asarray(p).sum()


def spin(p):
    while True:
        p = math.sqrt(abs(p))


@pytest.mark.parametrize(
    ("function", "fault"),
    [
        (lambda p: math.log(p), "ValueError names no argument"),
        (lambda p: {}[p], "KeyError"),
        (lambda p: np.array([p, math.nan]), "NaN in the result"),
        (lambda p: np.log(np.array([p])), "RuntimeWarning"),
        (lambda p: iter([p])[0], "TypeError names no argument"),
        (lambda p: np.ones(50_000_000)[:1] * p, r"it takes \d+ MB"),
        (spin, "TimeoutError.*it takes"),
    ],
    ids=range(7),
)
def test_a_fault_is_found(function, fault, monkeypatch):
    monkeypatch.setattr(f"{__name__}.SECONDS", 0.5)
    monkeypatch.setattr(f"{__name__}.MEGABYTES", 100)
    assert re.search(fault, "; ".join(faults(partial(function, -1.0), ["p"], None)))


def test_an_error_that_names_its_argument_is_no_fault():
    def refuse(p):
        raise ValueError(f"p is {p}: give a number above 0.")

    assert faults(partial(refuse, -1), ["p"], None) == []


def test_a_dropped_mask_and_another_result_are_found(monkeypatch):
    monkeypatch.setitem(FUNCTIONS, "a.drop_mask", drop_mask)
    masked = np.ma.array([0.5, 0.5], mask=[True, False])
    assert faults(partial(drop_mask, masked), ["p"], plain_call("a.drop_mask", "p", masked)) == ["the mask is dropped"]
    wrong = faults(lambda: 3.0, ["p"], plain_call("a.drop_mask", "p", [1, 1]))
    assert wrong == ["another result than for the same numbers as plain floats"]


def test_a_new_argument_asks_for_a_sound_value(monkeypatch, tmp_path):
    monkeypatch.setitem(FUNCTIONS, "a.new", lambda temperature: temperature)
    with pytest.raises(AssertionError, match=r"Add a sound value for temperature of a\.new to SOUND"):
        test_every_argument_has_a_sound_value("a.new", tmp_path, monkeypatch)
    assert "klcourse.divergence.entropy" in FUNCTIONS
    assert "klcourse.vae.VAE.train" in FUNCTIONS
    assert "klcourse.explorers.tsne.digit_map" in FUNCTIONS
