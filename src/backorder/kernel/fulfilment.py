"""Units that leave a line: cancelled, picked or shipped."""

from backorder.kernel.columns import STOCK, Book
from backorder.kernel.receiving import drop, move_stock


def can_cancel(book: Book, i: int) -> int:
    """Units of line i that can still be cancelled: those neither shipped, cancelled nor picked."""
    lines = book.lines
    return lines.waiting[i] + lines.allocated[i] - lines.picked[i]


def cancel(book: Book, i: int, units: int) -> None:
    """Cancel units of line i: uncovered ones first, then waiting pegs, then stock; the latest ship day first."""
    lines, supplies = book.lines, book.supplies
    pegs = lines.pegs[i]
    assert units <= can_cancel(book, i)
    covered = sum(q for (s, _), q in pegs.items() if supplies.kind[s] != STOCK)
    uncovered = min(units, lines.waiting[i] - covered)
    lines.move(i, "cancel_waiting", uncovered)
    units -= uncovered
    for key in sorted(pegs, key=lambda k: (supplies.kind[k[0]] != STOCK, k[1], supplies.supply[k[0]]), reverse=True):
        s = key[0]
        gone = min(units, pegs[key])
        if gone:
            drop(pegs, key, gone)
            supplies.free[s] += gone
            units -= gone
            lines.move(i, "cancel_allocated" if supplies.kind[s] == STOCK else "cancel_waiting", gone)


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
    lines.move(i, "ship", units)
    lines.picked[i] = max(0, lines.picked[i] - units)
    return left
