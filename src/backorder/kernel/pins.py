"""Pins: units of a line that a person holds on one supply, whatever happens around them."""

from backorder.kernel.columns import STOCK, Book
from backorder.kernel.promises import peg_key
from backorder.kernel.receiving import drop


def can_stand(book: Book, i: int, s: int) -> int:
    """Units of line i that can stand on supply s: those that do, and those it could move to what is free there.

    Free stock counts with the safety stock in it: a person may take that. Units pinned elsewhere stay there, and
    allocated ones too.
    """
    lines, supplies = book.lines, book.supplies
    there = lines.pegged(i, s)
    fixed = sum(units for t, units in lines.pins.get(i, {}).items() if supplies.kind[t] != STOCK and t != s)
    movable = lines.waiting[i] - fixed - (0 if supplies.kind[s] == STOCK else there)
    return there + min(movable, supplies.free[s])


def pin(book: Book, i: int, s: int, units: int) -> bool:
    """Pin so many units of line i on supply s, and no more; whether others may gain by it, so that a pass is due.

    Units that do not stand there yet come from the uncovered ones, then from the latest other waiting pegs. Stock is
    allocated by it.
    """
    assert units <= can_stand(book, i, s)
    lines = book.lines
    before = lines.pinned(i, s)
    missing = units - lines.pegged(i, s)
    if missing > 0:
        _release(book, i, s, missing)
        book.supplies.free[s] -= missing
        key = peg_key(book, i, s)
        lines.pegs[i][key] = lines.pegs[i].get(key, 0) + missing
        if book.supplies.kind[s] == STOCK:
            lines.move(i, "allocate", missing)
    lines.pin(i, s, units)
    return missing > 0 or units < before


def _release(book: Book, i: int, s: int, units: int) -> None:
    """Let waiting units of line i stand nowhere: uncovered ones do already, then the latest pegs outside s go."""
    lines, supplies = book.lines, book.supplies
    pegs = lines.pegs[i]
    covered = sum(q for (t, _), q in pegs.items() if supplies.kind[t] != STOCK)
    units -= min(units, lines.waiting[i] - covered)
    elsewhere = [key for key in pegs if key[0] != s and supplies.kind[key[0]] != STOCK]
    for t, day in sorted(elsewhere, key=lambda key: (key[1], supplies.supply[key[0]]), reverse=True):
        gone = min(units, pegs[t, day], lines.pegged(i, t) - lines.pinned(i, t))
        if gone:
            drop(pegs, (t, day), gone)
            supplies.free[t] += gone
            units -= gone
    assert not units


def unpin(book: Book, i: int, s: int, units: int) -> None:
    """Let so many of the pinned units of line i on supply s be like any others."""
    lines = book.lines
    assert units <= lines.pinned(i, s)
    lines.pin(i, s, lines.pinned(i, s) - units)
