"""Who comes first. Every ranking ends in the line's own id: it is total, and ties never depend on chance."""

from collections.abc import Iterable

from backorder.kernel.calendars import NEVER
from backorder.kernel.columns import Lines


def live_order(lines: Lines, which: Iterable[int]) -> list[int]:
    """The given lines in the live order: promise, priority descending, placed_at, order, line.

    A line that lost its promise comes after every line that has one.
    """
    promise, priority, placed = lines.promise, lines.priority, lines.placed_at
    order, position = lines.order, lines.position

    def key(i: int) -> tuple[int, int, int, str, int]:
        day = promise[i]
        return (NEVER if day is None else day, -priority[i], placed[i], order[i], position[i])

    return sorted(which, key=key)
