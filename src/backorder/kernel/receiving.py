"""Units that arrive, are counted, or turn out not to come: what that does to stock and to the lines."""

from itertools import chain

from backorder.kernel.columns import STOCK, Book, StockMove
from backorder.kernel.livepass import live_pass
from backorder.kernel.promises import Why, peg_key
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
    """Turn up to `units` of the pegs on s into pegs on stock; the lines served and the units left.

    Pinned units come first, then the others, each in live order. A pin ends with the units that arrive for it.
    """
    lines, served = book.lines, []
    for i, share in chain(*_shares(book, s)):
        if not units:
            break
        pegs = lines.pegs[i]
        there = peg_key(book, i, stock)
        moving = min(units, share)
        units -= moving
        lines.move(i, "allocate", moving)
        lines.pin(i, s, max(0, lines.pinned(i, s) - moving))
        for key in sorted(key for key in pegs if key[0] == s):
            moved = min(moving, pegs[key])
            if moved:
                drop(pegs, key, moved)
                pegs[there] = pegs.get(there, 0) + moved
                moving -= moved
        served.append(i)
    return served, units


def _holders(book: Book, s: int) -> list[int]:
    """The lines with a peg on supply s."""
    pegs = book.lines.pegs
    return [i for i in book.lines_of_item.get(book.supplies.sku[s], ()) if any(key[0] == s for key in pegs[i])]


def _shares(book: Book, s: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """The lines with units on supply s in live order: with those pinned there, and with the others."""
    lines = book.lines
    holders = live_order(lines, _holders(book, s))
    pinned = [(i, lines.pinned(i, s)) for i in holders]
    others = [(i, lines.pegged(i, s) - units) for i, units in pinned]
    return [share for share in pinned if share[1]], [share for share in others if share[1]]


def drop(pegs: dict[tuple[int, int], int], key: tuple[int, int], units: int) -> None:
    """Take units off a peg; an empty peg goes."""
    pegs[key] -= units
    if not pegs[key]:
        del pegs[key]


def cancel_units(book: Book, s: int, units: int) -> None:
    """Units of supply s will not come: free ones go first, then the pegs of the last in live order. No pass is run.

    Pinned units are the last to go.
    """
    supplies, lines = book.supplies, book.lines
    assert units <= supplies.to_come(s)
    supplies.cancelled[s] += units
    free = min(units, supplies.free[s])
    supplies.free[s] -= free
    missing = units - free
    for i, share in reversed([*chain(*_shares(book, s))]):
        losing = min(missing, share)
        missing -= losing
        for key in sorted((key for key in lines.pegs[i] if key[0] == s), reverse=True):
            lost = min(losing, lines.pegs[i][key])
            if lost:
                drop(lines.pegs[i], key, lost)
                losing -= lost
        lines.fit_pins(i)
    assert not missing


def part(book: Book, s: int, t: int) -> None:
    """Let the units of the new supply t be parted from supply s, which falls by them. No pass is run.

    Of the lines that stand on s, the first in live order keep or take the units that can ship earlier. Pinned units
    stay on s as far as there is room for them; those that have to go are pinned on t.
    """
    supplies, lines = book.supplies, book.lines
    units, pegged = supplies.quantity[t], supplies.pegged(s)
    sooner = supplies.day[t] < supplies.day[s]
    pinned, others = _shares(book, s)
    too_many = max(0, pegged - (supplies.to_come(s) - units))
    moving = max(too_many, min(units, sum(share for _, share in others))) if sooner else too_many
    supplies.quantity[s] -= units
    supplies.free[s] += moving - units
    supplies.free[t] -= moving
    for firm, shares in ((False, others), (True, pinned)):
        for i, share in shares if sooner else reversed(shares):
            gone = min(moving, share)
            if gone:
                _carry(book, i, s, t, gone, latest_first=not sooner)
                lines.pin(i, t, lines.pinned(i, t) + gone * firm)
                lines.fit_pins(i)
                moving -= gone
    assert not moving


def _carry(book: Book, i: int, s: int, t: int, units: int, *, latest_first: bool) -> None:
    """Let units of line i stand on supply t and no longer on s."""
    pegs = book.lines.pegs[i]
    new = peg_key(book, i, t)
    for key in sorted((key for key in pegs if key[0] == s), reverse=latest_first):
        gone = min(units, pegs[key])
        if gone:
            drop(pegs, key, gone)
            pegs[new] = pegs.get(new, 0) + gone
            units -= gone


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

    Units that lines held come off the last in live order, whose revisions say `stock_loss`; pinned units go last.
    """
    lines, supplies = book.lines, book.supplies
    losers: dict[int, str] = {}
    missing = max(0, -delta - supplies.free[s])
    if missing:
        for i, share in reversed([*chain(*_shares(book, s))]):
            lost = _lose(book, i, s, min(missing, share, lines.allocated[i] - lines.picked[i]))
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
    lines.fit_pins(i)
    book.supplies.free[s] += given
    return given
