"""What the reader of lesson 03 writes."""

import numpy as np

from klcourse.lessons.functions import Written

__all__ = ["FUNCTIONS"]


def information(table):
    """In bits, what the column of a table of counts tells about its row; what is no table of counts is refused."""
    joint, unrelated = _joint_and_unrelated(table)
    seen = joint > 0
    return np.sum(joint[seen] * np.log2(joint[seen] / unrelated[seen]))


def _joint_and_unrelated(table):
    table = np.array(table, dtype=float)
    if (table < 0).any() or table.sum() == 0:
        raise ValueError("a table has no negative count, and at least one above 0")
    joint = table / table.sum()
    return joint, np.outer(joint.sum(axis=1), joint.sum(axis=0))


def _with_nan(table):
    joint, unrelated = _joint_and_unrelated(table)
    return np.sum(joint * np.log2(joint / unrelated))


def _reversed(table):
    joint, unrelated = _joint_and_unrelated(table)
    seen = unrelated > 0
    return np.sum(unrelated[seen] * np.log2(unrelated[seen] / joint[seen]))


def _not_divided(table):
    _joint_and_unrelated(table)
    table = np.array(table, dtype=float)
    unrelated = np.outer(table.sum(axis=1), table.sum(axis=0))
    seen = table > 0
    return np.sum(table[seen] * np.log2(table[seen] / unrelated[seen]))


def _rows_equally_weighted(table):
    _joint_and_unrelated(table)
    table = np.array(table, dtype=float)
    rows = table[table.sum(axis=1) > 0]
    return information(rows / rows.sum(axis=1, keepdims=True))


def _unchecked(table):
    table = np.array(table, dtype=float)
    joint = table / table.sum()
    unrelated = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    seen = joint > 0
    return np.sum(joint[seen] * np.log2(joint[seen] / unrelated[seen]))


FUNCTIONS = {
    "3.6": Written(
        right=information,
        calls=[
            ([[30, 10], [20, 40]],),
            (np.array([[0.2, 0.1], [0.1, 0.3], [0.05, 0.25]]),),
            ([[6, 2], [9, 3]],),
            ([[5, 3, 2, 0], [2, 0, 4, 4]],),
            ([[1, 2, 3, 0], [0, 0, 0, 0], [4, 0, 5, 0]],),
            ([[7, 0], [0, 7]],),
            ([[3, -1], [2, 2]],),
            ([[0, 0, 0], [0, 0, 0]],),
        ],
        mistakes={
            "nats": lambda table: information(table) * np.log(2),
            "reversed": _reversed,
            "zero_times_log": _with_nan,
            "table_not_divided": _not_divided,
            "rows_equally_weighted": _rows_equally_weighted,
            "table_unchecked": _unchecked,
        },
    ),
}
