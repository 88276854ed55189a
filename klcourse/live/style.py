"""One look for the whole course: colours, line styles, and numbers written with their unit."""

import math

import numpy as np

__all__ = ["GREY", "INK", "PANEL", "VEIL", "M", "P", "Q", "amount", "heat_map", "use"]

# Three colours of seaborn's "colorblind" palette. `text` is the same hue, dark enough to read on the panel (4.5:1).
P = {"color": "#0173b2", "linestyle": "-", "text": "#01588a"}
Q = {"color": "#de8f05", "linestyle": "--", "text": "#8a5600"}
M = {"color": "#029e73", "linestyle": ":", "text": "#016a4d"}

PANEL = "#f4f2ec"  # a card of its own: calm beside a white page and on a dark theme
VEIL = "#e2ded2"  # over what a question hides: still paper, and text on it has more than 4.5:1
INK = "#22262b"
GREY = "#5f6368"

SETTINGS = {
    "figure.facecolor": PANEL,
    "axes.facecolor": PANEL,
    "savefig.facecolor": PANEL,
    "figure.figsize": (7.0, 3.8),
    "figure.constrained_layout.use": True,
    "figure.constrained_layout.w_pad": 0.12,
    "figure.constrained_layout.h_pad": 0.12,
    "font.size": 13,
    "axes.labelsize": 13,
    "axes.titlesize": 14,
    "xtick.labelsize": 12,
    "ytick.labelsize": 12,
    "legend.fontsize": 13,
    "legend.frameon": False,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": GREY,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.prop_cycle": f"cycler('color', ['{P['color']}', '{Q['color']}', '{M['color']}'])",
    "lines.linewidth": 2.5,
    "hatch.linewidth": 1.2,
    "svg.fonttype": "none",
}


def use():
    """Give every Matplotlib figure made from here on the look of the course."""
    import matplotlib

    matplotlib.rcParams.update(SETTINGS)


def heat_map(axes, values, rows, columns, texts=None, **colours):
    """Colour a table by its values and write each of them into its cell.

    (seaborn has a `heatmap`, and brings pandas along: 70 MB of every kernel that shares the machine.)

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    values : ndarray, shape (m, n)
    rows, columns : sequence, of length m and n
        The labels of the ticks.
    texts : ndarray of str, shape (m, n), optional
        What to write. Left out, the values with two decimals.
    **colours
        For ``axes.imshow``: cmap, vmin, vmax.

    Returns
    -------
    matplotlib.image.AxesImage
        For a colour bar.

    >>> from matplotlib.figure import Figure
    >>> axes = Figure().subplots()
    >>> _ = heat_map(axes, np.array([[0.0, 1.0]]), ["p"], ["q", "r"], cmap="cividis")
    >>> [text.get_text() for text in axes.texts]
    ['0.00', '1.00']
    """
    _check_table(axes, values, rows, columns, values if texts is None else texts)
    values = np.asarray(values)
    image = axes.imshow(values, aspect="auto", **colours)
    for (i, j), value in np.ndenumerate(values):
        luminance = np.array(image.cmap(image.norm(value))[:3]) ** 2.2 @ np.array([0.2126, 0.7152, 0.0722])
        colour = "white" if luminance < 0.179 else "black"  # either way the contrast is 4.5:1 or more
        text = f"{value:.2f}" if texts is None else texts[i][j]
        axes.text(j, i, text, ha="center", va="center", fontsize=12, color=colour)
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(len(rows)), rows)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return image


def _check_table(axes, values, rows, columns, texts):
    if not hasattr(axes, "imshow"):
        raise TypeError(f"axes is {axes!r}: give the axes to draw in, the second of what plt.subplots() returns.")
    shape = _shape(values)
    if shape is None or len(shape) != 2 or np.ma.is_masked(values) or np.asarray(values).dtype.kind not in "fiu":
        raise ValueError("values must be a table of numbers, in rows and columns.")
    if not np.isfinite(values).all() or not np.size(values):
        raise ValueError("values must be one finite number or more.")
    for name, cells, wanted in (("rows", rows, shape[:1]), ("columns", columns, shape[1:]), ("texts", texts, shape)):
        if _shape(cells) != wanted:
            raise ValueError(f"{name} must have the shape {wanted}, to fit values of the shape {shape}.")


def _shape(cells):
    try:
        return np.shape(cells)
    except ValueError:  # rows of different lengths
        return None


def amount(value, unit="nats", digits=4):
    """Write a number with its unit, the same way everywhere.

    >>> amount(1.33568009), amount(1.92697905, "bits"), amount(math.inf)
    ('1.3357 nats', '1.9270 bits', '∞ nats')
    >>> amount(2e-18), amount(3931852.8), amount(-0.00001)
    ('2.000e-18 nats', '3.932e+06 nats', '-1.000e-05 nats')
    """
    if not isinstance(value, int | float | np.number) or isinstance(value, np.complexfloating) or value != value:
        raise TypeError(f"value is {value!r}: give one number to write.")
    if not isinstance(digits, int) or isinstance(digits, bool) or not 1 <= digits <= 15:
        raise ValueError(f"digits is {digits!r}: give how many decimals to write, from 1 to 15.")
    try:
        value = float(value)  # float16 would not stand the comparisons below
    except OverflowError:
        raise ValueError("value is too large for a float: give a number below 1.8e308.") from None
    if math.isinf(value):
        number = "∞" if value > 0 else "−∞"
    elif value == 0 or 10**-digits <= abs(value) < 1e5:
        number = f"{value:.{digits}f}"
    else:
        number = f"{value:.{digits - 1}e}"
    return f"{number} {unit}"
