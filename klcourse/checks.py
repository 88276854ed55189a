"""The input rules of all formulas and their sentences, written once.

A function called `check_...` only looks; the others return what they have checked. Each raises a ValueError or a
TypeError that names the argument, says what is wrong with it, and what to do.
"""

import math
from numbers import Integral, Number, Real

import numpy as np

__all__ = [
    "as_array",
    "bounded",
    "check_counting_index",
    "check_flag",
    "check_function",
    "check_labels",
    "check_number",
    "check_option",
    "check_same_length",
    "check_sd",
    "check_shapes",
    "check_text",
    "check_whole_number",
    "covariance_root",
    "finite",
    "listed",
    "matching_probabilities",
    "numbers",
    "probabilities",
    "shown",
    "vector",
]


# --- arrays -----------------------------------------------------------------------------------------------------------


def as_array(name, value):
    """The value as an array of whatever type, if no entry is masked and all rows are equally long.

    An array with a mask that hides nothing is taken as it is, and labels of rows must agree (see `check_labels`).

    >>> as_array("p", [0.5, np.ma.masked])
    Traceback (most recent call last):
    ValueError: p[1] has masked entries: fill or remove them first, nothing is dropped here.
    """
    try:
        _check_parts(name, value)
    except RecursionError:
        raise ValueError(f"{name} is a list that holds itself: give numbers.") from None
    try:
        return np.asarray(value)
    except ValueError:
        raise ValueError(f"{name} has rows of different lengths: make all rows equally long.") from None


def _check_parts(name, value):
    if np.ma.is_masked(value):
        raise ValueError(f"{name} has masked entries: fill or remove them first, nothing is dropped here.")
    if isinstance(value, list | tuple):
        rows = {f"{name}[{i}]": row for i, row in enumerate(value) if not isinstance(row, Number)}
        check_labels(**rows)
        for row_name, row in rows.items():
            _check_parts(row_name, row)


def _labels(value):
    """The labels of each axis of a pandas object, and none of anything else; pandas itself is not needed."""
    axes = getattr(value, "axes", None)
    return [*axes] if isinstance(axes, list) and hasattr(value, "to_numpy") else []


def check_labels(axis=-1, **named):
    """Check that pandas objects among the named values have the same labels in the same order: here places count.

    Parameters
    ----------
    axis : int
        The axis that they have in common. Axes beyond it are compared from the last one on, as they broadcast.
    **named : anything

    Raises
    ------
    ValueError
        If labels differ on an axis of the same length.
    """
    first = None
    for name, value in named.items():
        labels = _labels(value)
        if not -len(labels) <= axis < len(labels):
            continue
        labels.append(labels.pop(axis))
        if first is None:
            first, reference = name, labels
        for mine, others in zip(reversed(labels), reversed(reference), strict=False):
            if len(mine) == len(others) and not mine.equals(others):
                raise ValueError(
                    f"{first} and {name} have different labels, and here places count: bring both into one order "
                    "with .reindex(...), or drop the labels with .to_numpy()."
                )


def check_counting_index(name, value):
    """Check that a pandas object, if this is one, has the labels 0, 1, 2, ... that its places stand for."""
    for labels in _labels(value)[:1]:
        if [*labels] != [*range(len(labels))]:
            raise ValueError(
                f"{name} has labels other than 0, 1, 2, ..., and here places count: put it right with "
                ".reindex(range(highest + 1), fill_value=0), or drop the labels with .to_numpy()."
            )


def numbers(name, value):
    """The value as an array of real numbers, infinite ones included.

    Parameters
    ----------
    name : str
        What the argument is called, for the message.
    value : array_like, any shape

    Returns
    -------
    ndarray of floats or integers

    Raises
    ------
    ValueError, TypeError
        If entries are masked, rows differ in length, or an entry is no real number.

    >>> numbers("p", "half")
    Traceback (most recent call last):
    TypeError: p holds str128 values, not real numbers: give floats.
    """
    array = as_array(name, value)
    if array.dtype == object and all(isinstance(x, Number) and not isinstance(x, complex) for x in array.flat):
        try:
            array = array.astype(float)  # fractions and decimals
        except OverflowError:
            raise ValueError(f"{name} holds a number that is too large for a float: rescale it.") from None
    if array.dtype.kind not in "fiu":
        raise TypeError(f"{name} holds {array.dtype.name} values, not real numbers: give floats.")
    return array


def finite(name, value):
    """The value as an array of finite floats, of any shape.

    >>> finite("mean", [0, float("nan")])
    Traceback (most recent call last):
    ValueError: mean is [ 0. nan]: every entry must be a finite number. Find where it came from.
    """
    array = numbers(name, value).astype(float)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} is {array}: every entry must be a finite number. Find where it came from.")
    return array


def bounded(name, value, lowest=-1e100, highest=1e100):
    """The value as an array of floats from `lowest` to `highest`, whose products do not overflow.

    >>> bounded("precision", [1, -1], lowest=0)
    Traceback (most recent call last):
    ValueError: precision must hold finite numbers that are not negative, below 1e+100. Find where the others came from.
    """
    array = numbers(name, value).astype(float)
    if not ((array >= lowest) & (array <= highest)).all():
        allowed = "numbers that are not negative" if lowest == 0 else "numbers"
        raise ValueError(f"{name} must hold finite {allowed}, below {highest:g}. Find where the others came from.")
    return array


def vector(name, value):
    """The value as an array of finite floats, shape (d,) with d of 1 or more.

    >>> vector("mean_p", 0.5)
    Traceback (most recent call last):
    ValueError: mean_p has shape (): give a list of d numbers, as in [0.0, 1.0] for d = 2.
    """
    array = finite(name, value)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"{name} has shape {array.shape}: give a list of d numbers, as in [0.0, 1.0] for d = 2.")
    return array


def check_shapes(rule="Axes must be equal or 1.", **named):
    """Check that the shapes of the named arrays broadcast.

    >>> check_shapes(mean=np.zeros(2), sd=np.ones(3))
    Traceback (most recent call last):
    ValueError: These shapes do not broadcast: mean (2,), sd (3,). Axes must be equal or 1.
    """
    try:
        np.broadcast_shapes(*(array.shape for array in named.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in named.items())
        raise ValueError(f"These shapes do not broadcast: {shapes}. {rule}") from None


def check_same_length(**named):
    """Check that the named means and covariances have one dimension d.

    >>> check_same_length(mean_p=np.zeros(2), mean_q=np.zeros(3))
    Traceback (most recent call last):
    ValueError: The dimensions differ: mean_p has 2, mean_q has 3. Give all the same d.
    """
    if len({len(array) for array in named.values()}) > 1:
        sizes = ", ".join(f"{name} has {len(array)}" for name, array in named.items())
        raise ValueError(f"The dimensions differ: {sizes}. Give all the same d.")


# --- spreads ----------------------------------------------------------------------------------------------------------


def check_sd(name, sd):
    """Check that all standard deviations of an array are above 0.

    >>> check_sd("sd_p", np.array(0.0))
    Traceback (most recent call last):
    ValueError: sd_p is 0.0: a standard deviation must be above 0. If it is a variance, take its square root.
    """
    if not (sd > 0).all():
        raise ValueError(
            f"{name} is {sd}: a standard deviation must be above 0. If it is a variance, take its square root."
        )


_LEAST_DIGITS = 1e-6  # the relative error of a KL that is still given


def covariance_root(name, value):
    """The lower triangular L, shape (d, d), with L Lᵀ = the covariance matrix.

    Parameters
    ----------
    name : str
    value : array_like, shape (d, d)
        Symmetric to 10 digits and positive definite, also to the digits it has.

    >>> covariance_root("cov_p", [[4, 0], [0, 9]])
    array([[2., 0.],
           [0., 3.]])
    """
    cov = finite(name, value)
    if cov.ndim != 2 or cov.shape[0] != cov.shape[1] or cov.size == 0:
        raise ValueError(
            f"{name} has shape {cov.shape}: a covariance matrix is square. For variances alone use np.diag."
        )
    sds = np.sqrt(np.abs(np.diag(cov)))
    with np.errstate(all="ignore"):
        # In units of the standard deviations, so that a small variance hides no difference. 0/0 is none.
        asymmetry = np.nan_to_num(np.abs(cov - cov.T) / sds / sds[:, None], posinf=np.inf).max()
    if asymmetry > 1e-10:
        raise ValueError(
            f"{name} is not symmetric: entry [i, j] must equal [j, i]. Use (cov + cov.T) / 2 for rounding."
        )
    try:
        root = np.linalg.cholesky(cov)
    except np.linalg.LinAlgError:
        raise ValueError(
            f"{name} is not positive definite: all eigenvalues of a covariance matrix must be above 0. "
            "Leave out variables that follow from the others."
        ) from None
    condition = np.linalg.cond(root / sds[:, None]) ** 2
    if condition * max(asymmetry, np.finfo(float).eps) > _LEAST_DIGITS:
        raise ValueError(
            f"{name} is almost singular: its correlations have the condition number {condition:.1g}, so that its own "
            "rounding decides the result. Leave out variables that almost follow from the others."
        )
    return root


# --- probabilities ----------------------------------------------------------------------------------------------------


def matching_probabilities(axis=-1, **named):
    """The named distributions as float arrays with the outcomes on the last axis: equally many, shapes that broadcast.

    >>> matching_probabilities(p=[0.5, 0.5], q=[0.2, 0.3, 0.5])
    Traceback (most recent call last):
    ValueError: p has 2 outcomes and q has 3: both need one probability for each outcome, 0 where it cannot happen.
    """
    arrays = {name: probabilities(name, value, axis) for name, value in named.items()}
    check_labels(axis, **named)
    (first, reference), *others = arrays.items()
    for name, array in others:
        if array.shape[-1] != reference.shape[-1]:
            raise ValueError(
                f"{first} has {reference.shape[-1]} outcomes and {name} has {array.shape[-1]}: "
                "both need one probability for each outcome, 0 where it cannot happen."
            )
    check_shapes("Leading axes must be equal or 1.", **arrays)
    return [*arrays.values()]


def probabilities(name, value, axis=-1):
    """The probabilities as a float array with the outcomes on the last axis.

    Parameters
    ----------
    name : str
    value : array_like, shape (..., K)
        Not negative, with sum 1 along `axis`: to 1e-8, or to 1e-6 in single precision. Half precision gets no more
        room than double: what float16 rounds away, up to 1e-3 of the sum, is more than many a divergence.
    axis : int
        The axis that runs over the K outcomes.

    >>> probabilities("p", [0.5, 0.6])
    Traceback (most recent call last):
    ValueError: p sums to 1.1: probabilities must sum to 1. For a density on a grid multiply by the grid step; \
for counts divide by their total.
    """
    array = numbers(name, value)
    if array.ndim == 0:
        raise ValueError(f"{name} is the single number {array}: give the probabilities of all outcomes as a list.")
    try:
        array = np.moveaxis(array, axis, -1)
    except (ValueError, TypeError, OverflowError):
        raise ValueError(f"axis={shown(axis)} does not fit {name}, which has {array.ndim} axes.") from None
    if array.size == 0:
        raise ValueError(f"{name} is empty: a distribution needs at least one outcome.")
    _check_entries(name, array)
    _check_sums(name, array)
    return array.astype(float, copy=False)


def _check_entries(name, array):
    lowest = array.min()
    if lowest >= 0 and array.max() < np.inf:
        return
    index = np.unravel_index(np.argmax(~np.isfinite(array) | (array < 0)), array.shape)
    where = f"{name}[{', '.join(map(str, index))}] is {array[index]}"
    if np.isfinite(array[index]):
        raise ValueError(f"{where}: a probability cannot be negative.")
    raise ValueError(f"{where}: every probability must be a finite number. Find where it came from (0/0? log 0?).")


def _check_sums(name, array):
    sums = array.sum(axis=-1, dtype=float)
    # Single precision can sum to 1 only to its own digits. Half precision has three: too few to tell a fault by.
    tolerance = 10 * np.finfo(np.float32).eps if array.dtype == np.float32 else 1e-8
    wrong = ~(np.abs(sums - 1) <= tolerance)
    if wrong.any():
        row = np.unravel_index(np.argmax(wrong), wrong.shape)
        at = f"{name}[{', '.join(map(str, row))}]" if row else name
        total = float(sums[row])
        raise ValueError(
            f"{at} sums to {round(total, 12)}: probabilities must sum to 1. {_way_to_sum_1(total, array.dtype)}"
        )


def _way_to_sum_1(total, dtype):
    if abs(total - 1) > 0.01:
        return "For a density on a grid multiply by the grid step; for counts divide by their total."
    if dtype == np.float16:
        return "float16 holds three digits, too few here: convert with astype(float), then divide by the sum."
    missing = "If outcomes are left out, as the tail of an endless range, add them. " if total < 1 else ""
    return f"{missing}If it is rounding, divide by the sum."


# --- settings ---------------------------------------------------------------------------------------------------------


def shown(value):
    """The value as a message shows it: as Python writes it, cut where that is long.

    >>> shown("half"), shown(10**400)
    ("'half'", '100000000000000000000000000000000000000000000000000000000000…')
    """
    try:
        text = " ".join(repr(value).split())
    except Exception:  # an integer of more than 4300 digits, for example
        text = f"a value of type {type(value).__name__}"
    return text if len(text) <= 120 else f"{text[:60]}…"


def check_number(name, value, *, above=None, below=None, lowest=None, remedy=""):
    """Check one finite number: above `above`, below `below`, and at least `lowest`. The remedy is added to the message.

    >>> check_number("learning_rate", 0, above=0)
    Traceback (most recent call last):
    ValueError: learning_rate is 0: it must be finite and above 0.
    >>> check_number("kl_coefficient", -1, lowest=0, remedy="1 gives the ELBO.")
    Traceback (most recent call last):
    ValueError: kl_coefficient is -1: it must be finite and at least 0. 1 gives the ELBO.
    """
    if not isinstance(value, Real) or isinstance(value, bool):
        raise TypeError(f"{name} is {shown(value)}: give one number.")
    try:
        number = float(value)  # what follows would be too much for float16
    except OverflowError:
        raise ValueError(f"{name} is {shown(value)}, too large for a float: give a number below 1.8e308.") from None
    limits = {"above": above, "below": below, "at least": lowest}
    wanted = "".join(f" and {words} {limit}" for words, limit in limits.items() if limit is not None)
    fits = (above is None or number > above) and (below is None or number < below)
    if not (math.isfinite(number) and fits and (lowest is None or number >= lowest)):
        raise ValueError(f"{name} is {value}: it must be finite{wanted}. {remedy}".rstrip())


def check_whole_number(name, value, *, lowest, highest=10**9):
    """Check one whole number, not below `lowest` and not above `highest`.

    >>> check_whole_number("steps", 2.5, lowest=0)
    Traceback (most recent call last):
    TypeError: steps is 2.5: give a whole number, such as 10.
    """
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise TypeError(f"{name} is {shown(value)}: give a whole number, such as 10.")
    if value < lowest:
        raise ValueError(f"{name} is {shown(value)}: give {lowest} or more.")
    if value > highest:
        raise ValueError(f"{name} is {shown(value)}: give {highest} or less.")


def check_option(name, value, known):
    """Check that the value is one of the known ones, all of them words or numbers.

    >>> check_option("direction", "up", ["forward", "reverse"])
    Traceback (most recent call last):
    ValueError: direction is 'up': choose one of 'forward', 'reverse'.
    >>> check_option("perplexity", "20", [2, 5, 20, 80])
    Traceback (most recent call last):
    ValueError: perplexity is '20', a text: choose one of 2, 5, 20, 80, without quotation marks.
    """
    known = list(known)
    # Only of kinds that compare without a surprise: an array would do so entry by entry, and True is no 1 here.
    if isinstance(value, str | Real) and any(
        value == k and isinstance(value, bool) == isinstance(k, bool) for k in known
    ):
        return
    options = ", ".join(map(repr, known))
    if isinstance(value, str) and not any(isinstance(option, str) for option in known):
        raise ValueError(f"{name} is {shown(value)}, a text: choose one of {options}, without quotation marks.")
    raise ValueError(f"{name} is {shown(value)}: choose one of {options}.")


def check_flag(name, value):
    """Check that the value is True or False: "no", 0 and None would count as one of them without a word.

    >>> check_flag("normalise", "no")
    Traceback (most recent call last):
    TypeError: normalise is 'no': give True or False.
    """
    if not isinstance(value, bool | np.bool):
        raise TypeError(f"{name} is {shown(value)}: give True or False.")


def check_text(name, value, remedy="say it in words."):
    """Check that the value is a text that says something.

    >>> check_text("alt", " ")
    Traceback (most recent call last):
    ValueError: alt is empty: say it in words.
    """
    if not isinstance(value, str):
        raise TypeError(f"{name} is {shown(value)}: give a text, in quotation marks.")
    if not value.strip():
        raise ValueError(f"{name} is empty: {remedy}")


def listed(name, value, of="values"):
    """The value as a list, if it is a list, a tuple or an array of one axis.

    >>> listed("names", "ab", of="texts")
    Traceback (most recent call last):
    TypeError: names is 'ab': give a list of texts.
    """
    if not isinstance(value, list | tuple) and not (isinstance(value, np.ndarray) and value.ndim == 1):
        raise TypeError(f"{name} is {shown(value)}: give a list of {of}.")
    return [*value]


def check_function(name, value):
    """Check that the value can be called.

    >>> check_function("compute", 3)
    Traceback (most recent call last):
    TypeError: compute is 3: give a function.
    """
    if not callable(value):
        raise TypeError(f"{name} is {shown(value)}: give a function.")
