"""Lists and arrays alike: the few things about columns that the two spell differently."""

from collections.abc import Sequence
from typing import Any

from backorder.kernel.pegging import Column


def filled(like: Column, length: int, value: int = 0) -> Column:
    """A column of one value, of the kind of another column."""
    if isinstance(like, list):
        return [value] * length
    import numpy as np

    return np.full(length, value, dtype=np.int64) if value else np.zeros(length, dtype=np.int64)


def numbers(like: Column, length: int) -> Column:
    """The numbers from 0 on, of the kind of another column."""
    if isinstance(like, list):
        return list(range(length))
    import numpy as np

    return np.arange(length, dtype=np.int64)


def column_of(like: Column, values: Sequence[int]) -> Column:
    """The values as a column of the kind of another."""
    if isinstance(like, list):
        return list(values)
    import numpy as np

    return np.array(values, dtype=np.int64)


def gathered(column: Column, rows: Column) -> Column:
    """The values at the given rows, in their order."""
    if isinstance(column, list):
        return [column[row] for row in rows]
    return column[rows]


def chosen(rows: Column, flags: Column) -> Column:
    """Those of the rows that are flagged, in their order."""
    if isinstance(rows, list):
        return [row for row in rows if flags[row]]
    return rows[flags[rows] != 0]


def joined(column: Column, more: Column) -> Column:
    """One column and then the other."""
    if isinstance(column, list):
        return column + more
    import numpy as np

    return np.concatenate((column, more))


def copied(column: Column) -> Column:
    """A copy that can be changed."""
    return column[:] if isinstance(column, list) else column.copy()


def either(flags: Column, one: Column, other: Column) -> Column:
    """The values of `one` where flagged, of `other` where not."""
    if isinstance(one, list):
        return [a if flag else b for flag, a, b in zip(flags, one, other, strict=True)]
    import numpy as np

    return np.where(flags != 0, one, other)


def turned(column: Column) -> Column:
    """The values with their signs turned, so that what was first is last."""
    return [-value for value in column] if isinstance(column, list) else -column


def total(column: Column) -> int:
    """The sum."""
    return sum(column) if isinstance(column, list) else int(column.sum())


def listed(column: Column) -> list[int]:
    """The values as a list."""
    return column if isinstance(column, list) else column.tolist()


def sorted_by(columns: list[Column], rows: Any) -> Any:
    """The rows in ascending order of the columns, the first of which decides first; rows that tie stay as they are."""
    if isinstance(rows, list):
        keys = list(zip(*columns, strict=True))
        return sorted(rows, key=keys.__getitem__) if keys else rows
    import numpy as np

    arrays: list[Any] = [column[rows] for column in columns]
    telling = [keys for keys in arrays if len(keys) and keys.min() != keys.max()]  # one that is all one decides nothing
    return rows[np.lexsort(telling[::-1])] if telling else rows
