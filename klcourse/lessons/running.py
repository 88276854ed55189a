"""A reader's function is tried on copies of everything, within a time limit; whatever it does, there is an outcome."""

import contextvars
import copy
import ctypes
import linecache
import threading
import traceback
from dataclasses import dataclass
from types import CodeType, FunctionType

import numpy as np

__all__ = ["Outcome", "calls_alike", "first_fault", "run", "same", "value_in_words", "written"]

SECONDS = 5.0  # for all calls of an exercise together: each of ours takes less than a millisecond


@dataclass(frozen=True)
class Outcome:
    """What came of one call.

    Attributes
    ----------
    value : object
        What the function returned, or None.
    error : BaseException or None
        What it raised.
    line : tuple of (int, str) or None
        The number and the text of the line of the function that raised it.
    changed : bool
        Whether it changed one of its arguments.
    late : bool
        Whether it was still running when the time was up.
    """

    value: object = None
    error: BaseException | None = None
    line: tuple[int, str] | None = None
    changed: bool = False
    late: bool = False

    @property
    def refused(self):
        """Whether the call was refused as it should be: with a ValueError."""
        return isinstance(self.error, ValueError)


class _TimeIsUp(BaseException):
    """Not an Exception, so that ``except Exception`` in the reader's code does not catch it."""


def run(function, arguments, seconds=SECONDS):
    """Call a function with copies of the arguments, and return the `Outcome`.

    It runs in a thread of its own, so that a loop without end costs `seconds` and no more, and with copies of the
    notebook's variables that it names, so that none of them changes.

    >>> run(lambda x: x / 2, (1,)).value, run(lambda x: x / 0, (1,)).error
    (0.5, ZeroDivisionError('division by zero'))
    """
    given = copy.deepcopy(arguments)
    own, outcome = _apart(function), [Outcome(late=True)]

    def call():
        try:
            with np.errstate(all="ignore"):
                value = own(*given)
            outcome[0] = Outcome(value, changed=not same(given, arguments, 0, 0))
        except _TimeIsUp:
            pass
        except BaseException as error:  # SystemExit too: it must not end the thread without a word
            outcome[0] = Outcome(error=error, line=_line(error, own), changed=not same(given, arguments, 0, 0))

    thread = threading.Thread(target=contextvars.copy_context().run, args=(call,), daemon=True)
    thread.start()
    try:
        thread.join(seconds)
    finally:  # on KeyboardInterrupt too
        if thread.is_alive():
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(_TimeIsUp))
            thread.join(0.2)
    return outcome[0]


def _apart(function):
    """The same function, with copies of the variables of the notebook that it and its helpers name."""
    if not isinstance(function, FunctionType):
        return function
    shared = function.__globals__
    names = _names(function.__code__)
    helpers = {}
    while new := [n for n in names if n not in helpers and isinstance(shared.get(n), FunctionType)]:
        helpers |= {n: shared[n] for n in new}
        names |= {name for n in new if shared[n].__globals__ is shared for name in _names(shared[n].__code__)}
    own = dict(shared)
    for name in names & shared.keys():
        if isinstance(shared[name], np.ndarray | list | dict | set):
            own[name] = copy.deepcopy(shared[name])
        elif isinstance(shared[name], FunctionType) and shared[name].__globals__ is shared:
            own[name] = _with_globals(shared[name], own)
    return _with_globals(function, own)


def _with_globals(function, names):
    new = FunctionType(function.__code__, names, function.__name__, function.__defaults__, function.__closure__)
    new.__kwdefaults__ = function.__kwdefaults__
    return new


def _names(code):
    """The names that a function's code, and the functions inside it, look up in the notebook."""
    inside = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return {*code.co_names}.union(*(_names(each) for each in inside))


def _line(error, function):
    """Where in the reader's code an error was raised: the last line of it that was reached."""
    file = getattr(getattr(function, "__code__", None), "co_filename", None)
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    if not frames:
        return None
    linecache.checkcache(file)
    return frames[-1].lineno, linecache.getline(file, frames[-1].lineno).strip()


def same(found, expected, tolerance=1e-6, floor=1e-9):
    """Return whether two results are the same: the same words, truth or numbers, alone or in lists, tuples and dicts.

    >>> same([0.1, 0.2], np.array([0.1, 0.2])), same((1, [2]), (1, [2, 3])), same(True, 1)
    (True, False, False)
    """
    if isinstance(expected, dict):
        keys = isinstance(found, dict) and found.keys() == expected.keys()
        return keys and all(same(found[key], expected[key], tolerance, floor) for key in expected)
    if isinstance(expected, tuple):
        as_many = isinstance(found, tuple | list) and len(found) == len(expected)
        return as_many and all(same(*pair, tolerance, floor) for pair in zip(found, expected, strict=True))
    if expected is None or isinstance(expected, str | bool | np.bool_):
        return isinstance(found, type(expected) if expected is None else str | bool | np.bool_) and found == expected
    try:
        found, expected = np.asarray(found), np.asarray(expected)
        if found.dtype.kind not in "iuf" or found.shape != expected.shape:
            return False
        return bool(np.allclose(found, expected, rtol=tolerance, atol=floor, equal_nan=True))
    except Exception:  # whatever a reader's object does
        return False


def first_fault(found, expected):
    """Return where a result is wrong, with what is there and what should be: of several arrays, the first wrong one.

    >>> first_fault((1.0, np.zeros(2)), (1.0, np.ones(2)))
    ('[1]', array([0., 0.]), array([1., 1.]))
    >>> first_fault((1.0, 2.0), (1.0, 3.0))
    ('', (1.0, 2.0), (1.0, 3.0))
    """
    several = isinstance(expected, tuple) and any(isinstance(part, np.ndarray) for part in expected)
    if several and isinstance(found, tuple | list) and len(found) == len(expected):
        for i, pair in enumerate(zip(found, expected, strict=True)):
            if not same(*pair):
                return f"[{i}]", *pair
    return "", found, expected


def calls_alike(outcomes, others):
    """Return whether two functions did the same in every call: gave the same, or raised something."""
    return len(outcomes) == len(others) and all(
        bool(a.error) == bool(b.error) and (bool(a.error) or same(a.value, b.value))
        for a, b in zip(outcomes, others, strict=True)
    )


def written(name, arguments):
    """Return a call as a reader would write it.

    >>> written("kl", (np.array([0.5, 0.5]), [1, 0]))
    'kl([0.5, 0.5], [1, 0])'
    """
    return f"{name}({', '.join(value_in_words(argument) for argument in arguments)})"


def value_in_words(value, longest=160):
    """Return a result in a few words, whatever it is.

    >>> value_in_words(np.array([1 / 3, 2])), value_in_words((0.123456789, None))
    ('[0.333333, 2.0]', '(0.123457, None)')
    """
    try:
        words = _in_words(value)
    except Exception:
        words = f"something of type {type(value).__name__}"
    return words if len(words) <= longest else f"{words[: longest - 1]}…"


def _in_words(value):
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, float | np.floating):
        short = f"{value:.6g}"
        return short if not short.lstrip("-").isdigit() else f"{short}.0"
    if isinstance(value, list | tuple):
        inside = ", ".join(map(_in_words, value))
        return f"[{inside}]" if isinstance(value, list) else f"({inside}{',' if len(value) == 1 else ''})"
    return repr(value)
