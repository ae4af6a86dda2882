"""Units that arrive, are counted, or turn out not to come: what that does to stock and to the lines."""

from backorder.kernel.columns import STOCK, Book, StockMove
from backorder.kernel.livepass import live_pass
from backorder.kernel.promises import Why, release_floor_of
from backorder.kernel.ranking import live_order


def receive(book: Book, s: int, units: int, final: bool, reference: str) -> None:
    """Book a receipt of `units` of supply s: its pegs become allocations in live order, a live pass hands out the rest.

    `final` says that nothing more comes: what is missing is cancelled and the lines that stood on it are re-pegged.
    """
    supplies = book.supplies
    stock = book.stock_of(supplies.sku[s], supplies.site[s])
    assert units <= supplies.to_come(s)
    served, left = _allocate(book, s, stock, units)
    supplies.received[s] += units
    supplies.free[s] -= left
    move_stock(book, stock, units, "receipt", reference)
    supplies.free[stock] -= units - left
    why = Why("received", supplies.supply[s])
    if final and supplies.to_come(s):
        cancel_units(book, s, supplies.to_come(s))
        why = Why("short", supplies.supply[s])
    live_pass(book, [supplies.sku[s]], why, also=served)


def _allocate(book: Book, s: int, stock: int, units: int) -> tuple[list[int], int]:
    """Turn up to `units` of the pegs on s into pegs on stock, in live order; the lines served and the units left."""
    lines, served = book.lines, []
    today = book.supplies.day[stock]
    for i in live_order(lines, _holders(book, s)):
        if not units:
            break
        pegs = lines.pegs[i]
        ships_on = max(today, release_floor_of(book, lines.sku[i], lines.route[i]))
        for key in sorted(key for key in pegs if key[0] == s):
            moved = min(units, pegs[key])
            drop(pegs, key, moved)
            pegs[stock, ships_on] = pegs.get((stock, ships_on), 0) + moved
            lines.move(i, "allocate", moved)
            units -= moved
        served.append(i)
    return served, units


def _holders(book: Book, s: int) -> list[int]:
    """The lines with a peg on supply s."""
    pegs = book.lines.pegs
    return [i for i in book.lines_of_item.get(book.supplies.sku[s], ()) if any(key[0] == s for key in pegs[i])]


def drop(pegs: dict[tuple[int, int], int], key: tuple[int, int], units: int) -> None:
    """Take units off a peg; an empty peg goes."""
    pegs[key] -= units
    if not pegs[key]:
        del pegs[key]


def cancel_units(book: Book, s: int, units: int) -> None:
    """Units of supply s will not come: free ones go first, then the pegs of the last in live order. No pass is run."""
    supplies, lines = book.supplies, book.lines
    assert units <= supplies.to_come(s)
    supplies.cancelled[s] += units
    free = min(units, supplies.free[s])
    supplies.free[s] -= free
    missing = units - free
    for i in reversed(live_order(lines, _holders(book, s))):
        for key in sorted((key for key in lines.pegs[i] if key[0] == s), reverse=True):
            lost = min(missing, lines.pegs[i][key])
            if lost:
                drop(lines.pegs[i], key, lost)
                missing -= lost
    assert not missing


def part(book: Book, s: int, t: int) -> None:
    """Let the units of the new supply t be parted from supply s, which falls by them. No pass is run.

    Of the lines that stand on s, the first in live order keep or take the units that can ship earlier.
    """
    supplies, lines = book.supplies, book.lines
    units, pegged = supplies.quantity[t], supplies.pegged(s)
    sooner = supplies.day[t] < supplies.day[s]
    stays = supplies.to_come(s) - units
    holders = live_order(lines, _holders(book, s))
    moving = min(units, pegged) if sooner else max(0, pegged - stays)
    supplies.quantity[s] -= units
    supplies.free[s] += moving - units
    supplies.free[t] -= moving
    for i in holders if sooner else reversed(holders):
        released = release_floor_of(book, lines.sku[i], lines.route[i])
        for key in sorted((key for key in lines.pegs[i] if key[0] == s), reverse=not sooner):
            gone = min(moving, lines.pegs[i][key])
            if gone:
                drop(lines.pegs[i], key, gone)
                new = t, max(supplies.day[t], released)
                lines.pegs[i][new] = lines.pegs[i].get(new, 0) + gone
                moving -= gone
    assert not moving


def move_stock(book: Book, s: int, delta: int, kind: str, reference: str) -> None:
    """Change what is on hand, with its entry in the stock ledger; the free units change by as much."""
    supplies = book.supplies
    assert supplies.kind[s] == STOCK
    before = supplies.quantity[s]
    moves = (supplies.moves[s] or 0) + 1
    book.moves.append(StockMove(s, moves, book.now, delta, before, before + delta, kind, reference))
    supplies.quantity[s] += delta
    supplies.free[s] += delta
    supplies.moves[s] = moves


def can_lose(book: Book, s: int) -> int:
    """Units of stock that a count may take away: free ones, and allocated ones that nobody has picked."""
    lines = book.lines
    unpicked = 0
    for i in _holders(book, s):
        held = sum(units for key, units in lines.pegs[i].items() if key[0] == s)
        unpicked += min(held, lines.allocated[i] - lines.picked[i])
    return book.supplies.free[s] + unpicked


def change_stock(book: Book, s: int, delta: int, kind: str, reference: str) -> None:
    """Add to what is on hand or take from it, then run a pass.

    Units that lines held come off the last in live order, whose revisions say `stock_loss`.
    """
    lines, supplies = book.lines, book.supplies
    losers: dict[int, str] = {}
    missing = max(0, -delta - supplies.free[s])
    if missing:
        for i in reversed(live_order(lines, _holders(book, s))):
            lost = _lose(book, i, s, min(missing, lines.allocated[i] - lines.picked[i]))
            if lost:
                losers[i] = "stock_loss"
                missing -= lost
            if not missing:
                break
    assert not missing
    move_stock(book, s, delta, kind, reference)
    cause = "counted" if kind == "count" else "adjusted"
    live_pass(book, [supplies.sku[s]], Why(cause, None, losers))


def _lose(book: Book, i: int, s: int, units: int) -> int:
    """Let line i give back up to `units` of stock s, those that ship latest first; how many it gave."""
    lines = book.lines
    given = 0
    for key in sorted((key for key in lines.pegs[i] if key[0] == s), reverse=True):
        lost = min(units - given, lines.pegs[i][key])
        if lost:
            drop(lines.pegs[i], key, lost)
            given += lost
    lines.move(i, "give_back", given)
    book.supplies.free[s] += given
    return given
