"""Units that leave a line: cancelled, shipped, given back; and shipped ones that come back."""

from itertools import product

from backorder.kernel.columns import STOCK, Book
from backorder.kernel.promises import peg_key
from backorder.kernel.receiving import drop, move_stock


def can_cancel(book: Book, i: int) -> int:
    """Units of line i that can still be cancelled: those neither shipped, cancelled nor picked."""
    lines = book.lines
    return lines.waiting[i] + lines.allocated[i] - lines.picked[i]


def cancel(book: Book, i: int, units: int) -> None:
    """Cancel units of line i: uncovered ones first, then waiting pegs, then stock; the latest ship day first.

    Pinned units are given back last, in the same order.
    """
    lines, supplies = book.lines, book.supplies
    pegs = lines.pegs[i]
    assert units <= can_cancel(book, i)
    covered = sum(q for (s, _), q in pegs.items() if supplies.kind[s] != STOCK)
    uncovered = min(units, lines.waiting[i] - covered)
    lines.move(i, "cancel_waiting", uncovered)
    units -= uncovered
    keys = sorted(pegs, key=lambda k: (supplies.kind[k[0]] != STOCK, k[1], supplies.supply[k[0]]), reverse=True)
    for firm, (s, day) in product((False, True), keys):
        stock = supplies.kind[s] == STOCK
        most = pegs.get((s, day), 0) if firm else lines.pegged(i, s) - lines.pinned(i, s)
        gone = min(units, most, pegs.get((s, day), 0), lines.allocated[i] - lines.picked[i] if stock else units)
        if gone:
            drop(pegs, (s, day), gone)
            supplies.free[s] += gone
            units -= gone
            lines.move(i, "cancel_allocated" if stock else "cancel_waiting", gone)
    lines.fit_pins(i)
    assert not units


def ship(book: Book, i: int, units: int, shipment: str) -> list[tuple[int, int]]:
    """Ship allocated units of line i, earliest ship day first; the (stock supply, units) they left from."""
    lines, supplies = book.lines, book.supplies
    pegs = lines.pegs[i]
    assert units <= lines.allocated[i]
    left: list[tuple[int, int]] = []
    todo = units
    for key in sorted((k for k in pegs if supplies.kind[k[0]] == STOCK), key=lambda k: (k[1], supplies.supply[k[0]])):
        s = key[0]
        gone = min(todo, pegs[key])
        if gone:
            drop(pegs, key, gone)
            supplies.free[s] += gone
            move_stock(book, s, -gone, "shipment", shipment)
            left.append((s, gone))
            todo -= gone
    assert not todo
    lines.fit_pins(i)
    lines.move(i, "ship", units)
    lines.picked[i] = max(0, lines.picked[i] - units)
    return left


def unship(book: Book, i: int, s: int, units: int, shipment: str) -> None:
    """Take back units of line i that were said to have left stock s: they are allocated to it again, from there."""
    lines = book.lines
    move_stock(book, s, units, "reversal", shipment)
    book.supplies.free[s] -= units
    key = peg_key(book, i, s)
    lines.pegs[i][key] = lines.pegs[i].get(key, 0) + units
    lines.move(i, "unship", units)


def reroute(book: Book, i: int, route: tuple[str, ...]) -> None:
    """Let line i be served from other sites: what it holds elsewhere, picked units apart, goes back."""
    lines, supplies = book.lines, book.supplies
    lines.route[i] = route
    pegs = lines.pegs[i]
    for key in [key for key in pegs if supplies.site[key[0]] not in route]:
        units = pegs.pop(key)
        supplies.free[key[0]] += units
        if supplies.kind[key[0]] == STOCK:
            lines.move(i, "give_back", units)
    lines.fit_pins(i)


def off_route(book: Book, i: int, route: tuple[str, ...]) -> bool:
    """Whether line i holds stock at a site outside a route."""
    supplies = book.supplies
    return any(supplies.kind[s] == STOCK and supplies.site[s] not in route for s, _ in book.lines.pegs[i])
