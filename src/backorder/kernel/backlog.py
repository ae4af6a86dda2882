"""The backlog of a reallocation as columns: the open lines, what they hold, and the supplies they may hold.

Columns are lists or int64 arrays throughout: lists are planned by interpreted loops, arrays by compiled ones.
Days are day numbers and a missing day is NEVER; money is minor units; `placed_at` is microseconds since 1970.
"""

from typing import Any, NamedTuple

from backorder.kernel.pegging import Column, Supply

STATES = ("none", "late", "at_risk", "on_time")  # the words of Backlog.state, by their codes


class Words(NamedTuple):
    """A word of each row: row i says `words[code[i]]`. The word '' is having none. No word stands twice."""

    code: Column
    words: list[str]


class Tags(NamedTuple):
    """The tags of each row: row i has `words[c]` for the codes from `first[i]` to `first[i + 1]`."""

    first: Column
    code: Column
    words: list[str]


class Pegs(NamedTuple):
    """Units that rows hold: row i those from `first[i]` to `first[i + 1]`, by supply index; no supply twice."""

    first: Column
    supply: Column
    units: Column


class Allocated(NamedTuple):
    """Allocated units that could be given up: as Pegs, with the ship day (the latest) of when they were allocated."""

    first: Column
    supply: Column
    units: Column
    day: Column


class Backlog(NamedTuple):
    """Every open line of the items concerned: those that wait, and all open lines of their complete orders.

    Rows stand in the order of (order, line position), so that the row number is the last key of every ranking and
    the lines of an order are neighbours. An item comes with all lines and supplies it has, or not at all; items
    joined by a complete order come together.

    Words, for filters and rankings:
    tier, customer, kind, channel, country, region: of the order and its customer; currency: of the order
    sku, category, selling: of the item; order: the order's id; tags: of the order, the line and the customer together

    Numbers, for filters and rankings:
    state: code of STATES, the first that holds: no promise; its due day is after its promise; at risk; on time
    quantity, waiting: ordered units, and those that wait
    priority; value, margin: of the open units (waiting and allocated), minor units of `currency`
    placed_at: moment; placed_on: the day of it; promise, first_promise, requested_on, deadline: days
    wanted: the day a `win` line must have: its requested day moved to a working day, else its first promise

    For the engine:
    group: row of `supply.first`, the candidates it may stand on
    need: units to peg, which are the waiting ones that are not pinned
    late: 1 if it is pegged as late as its day allows (requested_on, or of a complete order)
    floor: day its day never falls below, 0 if none (requested day, release of a preorder)
    firm: latest ship day of the units it keeps whatever happens (picked and pinned ones), 0 if none
    lead: its active lead-time day; lead_anew: the one it would be given if it were left without a day
    together: number of its complete order, -1 if it has none
    reserve: 1 if it may use safety stock freely
    frozen: 1 if the line may not be touched (picked); held: 1 if its order is held
    pegs: the waiting pegs that are not pinned
    allocated: the allocated units that are not picked; `take_allocated` gives them up, else they stay
    supply: as in `pegging`; `free` is what nobody holds, held orders' and frozen lines' units being held
    item: of each supply, its item as a code of `sku`
    """

    today: int
    tier: Words
    customer: Words
    kind: Words
    channel: Words
    country: Words
    region: Words
    sku: Words
    category: Words
    selling: Words
    currency: Words
    order: Words
    tags: Tags
    state: Column
    quantity: Column
    waiting: Column
    priority: Column
    value: Column
    margin: Column
    placed_at: Column
    placed_on: Column
    promise: Column
    first_promise: Column
    requested_on: Column
    deadline: Column
    wanted: Column
    group: Column
    need: Column
    late: Column
    floor: Column
    firm: Column
    lead: Column
    lead_anew: Column
    together: Column
    reserve: Column
    frozen: Column
    held: Column
    pegs: Pegs
    allocated: Allocated
    supply: Supply
    item: Column


def is_arrays(backlog: Backlog) -> bool:
    """Whether the columns are arrays, which the compiled loops take."""
    return not isinstance(backlog.need, list)


def as_arrays(backlog: Backlog) -> Backlog:
    """The same backlog with every column an int64 array. Raises ImportError where NumPy is not installed."""
    return backlog._replace(**{name: _array(part) for name, part in backlog._asdict().items() if name != "today"})


def _array(part: Any) -> Any:
    import numpy as np

    if isinstance(part, (Words, Tags)):
        columns = {name: _array(getattr(part, name)) for name in part._fields if name != "words"}
        return part._replace(**columns)
    if isinstance(part, tuple):
        return type(part)(*map(_array, part))
    return np.array(part, dtype=np.int64)
