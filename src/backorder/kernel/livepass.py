"""The live pass: after an event each waiting line, in live order, gives back its pegs and takes the best it can.

No line takes another's pegs, so no promise gets worse unless a supply it stood on did. Units that a person pinned
stay where they are: their line neither gives them back nor has them to place.
"""

from collections.abc import Iterable

from backorder.kernel import compiled
from backorder.kernel.calendars import NEVER
from backorder.kernel.columns import STOCK, Book, Pegs
from backorder.kernel.pegging import Demand, Held, Out, Supply
from backorder.kernel.promises import (
    Why,
    active_lead_day,
    floor_of,
    lead_time_day,
    line_dates,
    peg_key,
    release_floor_of,
    reread,
)
from backorder.kernel.ranking import live_order

ROUNDS_MAX = 8


def live_pass(book: Book, skus: Iterable[str], why: Why, also: Iterable[int] = (), rounds: int = ROUNDS_MAX) -> None:
    """Re-peg the waiting lines of items joined by complete orders, then re-read their dates.

    `why` stands in the promise ledger where a promise moves; `also` names lines to re-read although they no longer
    wait (a receipt served them).
    """
    members = joined_lines(book, skus)
    moving = [i for i in members if not book.lines.held[i]]  # a held order keeps its pegs and takes no others
    for _ in range(rounds):
        if not _round(book, moving):
            break
    renew_lead_days(book, members)
    reread(book, dict.fromkeys([*members, *with_their_orders(book, also)]), why)


def with_their_orders(book: Book, which: Iterable[int]) -> Iterable[int]:
    """The lines, and beside each line of a complete order the others of its order: they hold one date together."""
    for i in which:
        if book.lines.complete[i]:
            yield from book.lines_of_order[book.lines.order[i]]
        else:
            yield i


def joined_lines(book: Book, skus: Iterable[str]) -> list[int]:
    """The lines that take part in a pass over items: those that wait, and all open lines of their complete orders.

    Items joined by a complete order, directly or through others, belong to the same pass.
    """
    lines = book.lines
    todo, seen = list(skus), set()
    chosen: dict[int, None] = {}
    while todo:
        sku = todo.pop()
        if sku in seen:
            continue
        seen.add(sku)
        book.passed.add(sku)
        for i in book.lines_of_item.get(sku, ()):
            if not lines.waiting[i]:
                continue
            chosen[i] = None
            if lines.complete[i]:
                for j in book.lines_of_order[lines.order[i]]:
                    if lines.open(j):
                        chosen[j] = None
                        todo.append(lines.sku[j])
    return list(chosen)


def _round(book: Book, members: list[int]) -> bool:
    """One pass over the members; whether a unit went from one supply to another, so that another pass may gain."""
    order, turn = _turns(book, members)
    if not order:
        return False
    demand, supply, guarded = _demand(book, order, turn)
    held = _held(book, order)
    room = len(order) + len(supply.free) + len(held.supply)
    while True:
        out = Out([0] * (len(order) + 1), [0] * room, [0] * room, [0] * len(order))
        free = list(supply.free)
        pegs = compiled.serve(supply._replace(free=free), demand, held, guarded, out)
        if pegs >= 0:
            break
        room *= 2
    book.supplies.free[:] = free
    return _apply(book, order, out)


def _turns(book: Book, members: list[int]) -> tuple[list[int], list[int]]:
    """The members in live order with the lines of a complete order brought together, and where each turn begins."""
    lines = book.lines
    ranked = live_order(lines, members)
    together: dict[str, list[int]] = {}
    for i in ranked:
        if lines.complete[i]:
            together.setdefault(lines.order[i], []).append(i)
    order: list[int] = []
    turn: list[int] = []
    for i in ranked:
        if not lines.complete[i]:
            turn.append(len(order))
            order.append(i)
        elif lines.order[i] in together:
            turn.append(len(order))
            order.extend(sorted(together.pop(lines.order[i]), key=lines.position.__getitem__))
    return order, [*turn, len(order)]


def _demand(book: Book, order: list[int], turn: list[int]) -> tuple[Demand, Supply, int]:
    """The engine's columns for lines in the order they are served."""
    lines, supplies = book.lines, book.supplies
    groups: dict[tuple[str, tuple[str, ...]], int] = {}
    first, candidates, group = [0], list[int](), list[int]()
    for i in order:
        key = lines.sku[i], lines.route[i]
        if key not in groups:
            groups[key] = len(groups)
            candidates.extend(book.candidates_of(*key))
            first.append(len(candidates))
        group.append(groups[key])
    demand = Demand(
        turn=turn,
        group=group,
        need=[lines.waiting[i] - sum(units for _, units in _pinned(book, i)) for i in order],
        late=[int(lines.complete[i] or lines.requested_on[i] is not None) for i in order],
        floor=[_floor_with_kept(book, i) for i in order],
        lead=[active_lead_day(book, i) for i in order],
        promise=[lines.promise[i] or 0 for i in order],
        reserve=[int(lines.priority[i] > 0) for i in order],
    )
    supply = Supply(first, candidates, supplies.day, supplies.free, supplies.kept, supplies.stock)
    return demand, supply, int(any(supplies.kept))


def _pinned(book: Book, i: int) -> list[tuple[int, int]]:
    """The inbound supplies on which waiting units of line i are pinned, with the units."""
    pins = book.lines.pins.get(i)
    if pins is None:
        return []
    kinds = book.supplies.kind
    return [(s, units) for s, units in pins.items() if kinds[s] != STOCK]


def _floor_with_kept(book: Book, i: int) -> int:
    """The line's floor, or the day of the units it keeps where that is later: of allocated ones, and of pinned ones."""
    floor = floor_of(book, i)
    if book.lines.allocated[i]:
        kinds = book.supplies.kind
        for s, day in book.lines.pegs[i]:
            if kinds[s] == STOCK and day > floor:
                floor = day
    for s, _ in _pinned(book, i):
        floor = max(floor, min(peg_key(book, i, s)[1], active_lead_day(book, i)))
    return floor


def _held(book: Book, order: list[int]) -> Held:
    """The waiting pegs of the lines, which each gives back in its turn, without what is pinned of them."""
    kinds, pegs, pins = book.supplies.kind, book.lines.pegs, book.lines.pins
    first, supply, units = [0], list[int](), list[int]()
    for i in order:
        for (s, _), q in pegs[i].items():
            if kinds[s] != STOCK:
                supply.append(s)
                units.append(q)
        if i in pins:  # what stands on one supply is one entry then, less the pin
            del supply[first[-1] :], units[first[-1] :]
            for s, q in _of_supplies(pegs[i]).items():
                if kinds[s] != STOCK:
                    supply.append(s)
                    units.append(q - book.lines.pinned(i, s))
        first.append(len(supply))
    return Held(first, supply, units)


def _apply(book: Book, order: list[int], out: Out) -> bool:
    """Give the lines what they took: stock is allocated, the rest are waiting pegs. Whether a unit changed its supply.

    Where none did, the next pass would find before each line what this one found, and take the same.
    """
    lines, kinds, days = book.lines, book.supplies.kind, book.supplies.day
    changed = False
    for n, i in enumerate(order):
        low, high = out.first[n], out.first[n + 1]
        before = lines.pegs[i]
        if low == high and not before:
            continue
        released = release_floor_of(book, lines.sku[i], lines.route[i])
        after: Pegs = {key: units for key, units in before.items() if kinds[key[0]] == STOCK}
        for s, units in _pinned(book, i):
            after[peg_key(book, i, s)] = units
        for p in range(low, high):
            s, units = out.supply[p], out.units[p]
            key = s, max(days[s], released)
            after[key] = after.get(key, 0) + units
            if kinds[s] == STOCK:
                lines.move(i, "allocate", units)
        if after != before:
            lines.pegs[i] = after
            changed = changed or _of_supplies(after) != _of_supplies(before)
    return changed


def _of_supplies(pegs: Pegs) -> dict[int, int]:
    """The units of each supply, on whichever day."""
    units: dict[int, int] = {}
    for (s, _), q in pegs.items():
        units[s] = units.get(s, 0) + q
    return units


def renew_lead_days(book: Book, members: Iterable[int]) -> None:
    """Forget lead-time days that have passed, and give one to a line left without a day whose item has a lead time."""
    lines = book.lines
    for i in members:
        if lines.waiting[i] and active_lead_day(book, i) == NEVER:
            uncovered = line_dates(book, i)[0] == NEVER
            lines.lead_time_day[i] = lead_time_day(book, lines.sku[i], lines.route[i]) if uncovered else None
