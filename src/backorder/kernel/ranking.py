"""Who comes first. Every ranking ends in the line's own id: it is total, and ties never depend on chance."""

from collections.abc import Callable, Iterable, Sequence

from backorder.kernel.arrays import column_of, gathered, numbers, sorted_by, turned
from backorder.kernel.backlog import Backlog, Words, is_arrays
from backorder.kernel.calendars import NEVER
from backorder.kernel.columns import Lines
from backorder.kernel.pegging import Column


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


def _of(words: Words, place: Sequence[int]) -> Column:
    """The place of each row's word."""
    return gathered(column_of(words.code, place), words.code)


def _tier(backlog: Backlog, tiers: Sequence[str]) -> tuple[Column, ...]:
    place = {tier: n for n, tier in enumerate(tiers)}
    return (_of(backlog.tier, [place.get(word, len(tiers)) for word in backlog.tier.words]),)


def _in_currency(backlog: Backlog, amounts: Column) -> tuple[Column, ...]:
    place = {word: n for n, word in enumerate(sorted(backlog.currency.words))}
    return _of(backlog.currency, [place[word] for word in backlog.currency.words]), turned(amounts)


def _late_already(backlog: Backlog, _: Sequence[str]) -> tuple[Column, ...]:
    if is_arrays(backlog):
        return ((backlog.first_promise >= backlog.today) * 1,)
    return ([int(day >= backlog.today) for day in backlog.first_promise],)


# Each key by its name: the columns by which rows are sorted, the first named first, small before large.
KEYS: dict[str, Callable[[Backlog, Sequence[str]], tuple[Column, ...]]] = {
    "priority": lambda backlog, _: (turned(backlog.priority),),  # high before low
    "tier": _tier,  # as the policy orders its tiers; those it does not name come last
    "promise": lambda backlog, _: (backlog.promise,),  # early before late; a day that is missing comes last
    "first_promise": lambda backlog, _: (backlog.first_promise,),
    "requested_on": lambda backlog, _: (backlog.requested_on,),
    "placed_at": lambda backlog, _: (backlog.placed_at,),
    "deadline": lambda backlog, _: (backlog.deadline,),  # of the nearest legal consequence
    "value": lambda backlog, _: _in_currency(backlog, backlog.value),  # by currency, then high before low
    "margin": lambda backlog, _: _in_currency(backlog, backlog.margin),
    "wait": lambda backlog, _: (backlog.placed_on,),  # long before short, in whole days
    "late_already": _late_already,  # those whose first promise has passed before the others
    "quantity": lambda backlog, _: (backlog.quantity,),  # small before large: more lines are served whole
    "id": lambda backlog, _: (numbers(backlog.need, len(backlog.need)),),  # the row number, by which every ranking ends
}

DEFAULT = ("priority", "first_promise", "placed_at")


def is_key(name: str) -> bool:
    """Whether a ranking can name it: one of KEYS, or `-` and one of KEYS for the reverse."""
    return name.removeprefix("-") in KEYS


def ranked(backlog: Backlog, ranking: Sequence[str], tiers: Sequence[str], rows: Column) -> Column:
    """The rows, given in ascending order, from the first served to the last."""
    columns: list[Column] = []
    for name in ranking:
        key = name.removeprefix("-")
        found = KEYS[key](backlog, tiers)
        columns += map(turned, found) if key != name else found
        if key == "id":
            break  # nothing ties any longer
    return sorted_by(columns, rows)
