"""What the reader of lesson 03 writes."""

from itertools import combinations

import numpy as np

from klcourse.divergence import js_divergence
from klcourse.lessons.functions import Written

__all__ = ["FUNCTIONS"]


def best_merged(table):
    """In bits, what the column still tells about the row when the two columns are merged that cost the least.

    Refused is a table with a negative entry, of nothing but zeros, or with a single column.
    """
    return max(_after_each_merger(table))


def _checked(table):
    table = np.array(table, dtype=float)
    if table.shape[1] < 2 or (table < 0).any() or table.sum() == 0:
        raise ValueError("a table has two columns or more, no negative entry, and at least one above 0")
    return table


def _information(table):
    joint = table / table.sum()
    unrelated = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    seen = joint > 0
    return np.sum(joint[seen] * np.log2(joint[seen] / unrelated[seen]))


def _merged(table, i, j):
    return np.column_stack([np.delete(table, [i, j], axis=1), table[:, i] + table[:, j]])


def _after_each_merger(table, information=_information, check=_checked):
    table = check(table)
    return [information(_merged(table, i, j)) for i, j in combinations(range(table.shape[1]), 2)]


def _with_nan(table):
    joint = table / table.sum()
    return np.sum(joint * np.log2(joint / np.outer(joint.sum(axis=1), joint.sum(axis=0))))


def _not_divided(table):
    unrelated = np.outer(table.sum(axis=1), table.sum(axis=0))
    seen = table > 0
    return np.sum(table[seen] * np.log2(table[seen] / unrelated[seen]))


def _rows_equally_weighted(table):
    rows = table[table.sum(axis=1) > 0]
    return _information(rows / rows.sum(axis=1, keepdims=True))


def _rarest(table):
    table = _checked(table)
    return _information(_merged(table, *np.argsort(table.sum(axis=0))[:2]))


def _neighbours(table):
    table = _checked(table)
    return max(_information(_merged(table, i, i + 1)) for i in range(table.shape[1] - 1))


def _unchecked(table):
    return max(_after_each_merger(table, check=lambda table: np.array(table, dtype=float)))


def reached_by_chance(first, second):
    """The share of all ways to deal the words of two texts anew in which JS is at least that of the texts."""
    by_chance, here = _deals(first, second)
    return np.mean(by_chance >= here - _TIE)


_TIE = 1e-9


def _deals(first, second, length=None, slips_alike=False, weights=None):
    """JS of each way to deal `length` words of the bag as the first text, and JS of the two texts."""
    first, second = np.array(first), np.array(second)
    bag = first + second
    slips = np.repeat(np.arange(len(bag)), bag)
    ways = list(combinations(slips.tolist(), length or first.sum()))
    if slips_alike:
        ways = sorted(set(ways))
    dealt = np.array([np.bincount(way, minlength=len(bag)) for way in ways])
    return tuple(
        js_divergence(*map(_shares, pair), weights=weights) for pair in ((dealt, bag - dealt), (first, second))
    )


def _shares(counts):
    return counts / counts.sum(axis=-1, keepdims=True)


def _ties_left_out(first, second):
    by_chance, here = _deals(first, second)
    return np.mean(by_chance > here + _TIE)


def _deals_counted(first, second):
    by_chance, here = _deals(first, second)
    return np.sum(by_chance >= here - _TIE)


def _weighted_alike(first, second):
    by_chance, here = _deals(first, second, slips_alike=True)
    return np.mean(by_chance >= here - _TIE)


def _longer_weighs_more(first, second):
    weights = np.array([sum(first), sum(second)]) / (sum(first) + sum(second))
    by_chance, here = _deals(first, second, weights=weights)
    return np.mean(by_chance >= here - _TIE)


def _halves_dealt(first, second):
    by_chance, here = _deals(first, second, length=(sum(first) + sum(second)) // 2)
    return np.mean(by_chance >= here - _TIE)


FUNCTIONS = {
    "3.4b": Written(
        right=reached_by_chance,
        calls=[
            ([3, 2, 0], [1, 0, 4]),
            (np.array([4, 1, 0]), np.array([1, 1, 3])),
            ([2, 1, 0, 0], [0, 1, 3, 1]),  # of different length
            ([3, 0, 0, 0], [1, 2, 1, 2]),  # weights by length would give another share
            ([4, 0], [0, 4]),
            ([1, 2, 1], [1, 2, 1]),
            ([3, 0, 1], [2, 0, 4]),  # a word that neither has
            ([1], [1]),
        ],
        mistakes={
            "ties_left_out": _ties_left_out,
            "deals_below": lambda first, second: 1 - reached_by_chance(first, second),
            "deals_counted": _deals_counted,
            "deals_weighted_alike": _weighted_alike,
            "halves_dealt": _halves_dealt,
            "longer_weighs_more": _longer_weighs_more,
            "mean_by_chance": lambda first, second: np.mean(_deals(first, second)[0]),
        },
    ),
    "3.6": Written(
        right=best_merged,
        calls=[
            ([[30, 10, 25], [20, 40, 15]],),
            (np.array([[0.2, 0.1, 0.02], [0.1, 0.3, 0.03], [0.05, 0.15, 0.05]]),),
            ([[6, 2, 4], [9, 3, 6]],),
            ([[5, 3, 2, 0], [2, 0, 4, 4]],),
            ([[1, 2, 3, 0], [0, 0, 0, 0], [4, 0, 5, 0]],),
            ([[40, 1, 5, 30], [10, 9, 0, 8]],),
            ([[7, 0], [0, 7]],),
            ([[3, -1, 2], [2, 2, 1]],),
            ([[0, 0, 0], [0, 0, 0]],),
            ([[3], [5]],),
        ],
        mistakes={
            "nats": lambda table: best_merged(table) * np.log(2),
            "columns_not_merged": lambda table: _information(_checked(table)),
            "merging_cost": lambda table: _information(_checked(table)) - best_merged(table),
            "worst_merger": lambda table: min(_after_each_merger(table)),
            "rarest_merged": _rarest,
            "neighbours_merged": _neighbours,
            "zero_times_log": lambda table: np.max(_after_each_merger(table, _with_nan)),
            "table_not_divided": lambda table: max(_after_each_merger(table, _not_divided)),
            "rows_equally_weighted": lambda table: max(_after_each_merger(table, _rows_equally_weighted)),
            "table_unchecked": _unchecked,
        },
    ),
}
