"""What would happen: things done to a book by the functions that the commands use, and the lines it leaves otherwise.

The book is thrown away afterwards. How a line stands before and after says what the change does to it.
"""

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from backorder.kernel.columns import Book, Item
from backorder.kernel.fulfilment import can_cancel, cancel
from backorder.kernel.livepass import live_pass, with_their_orders
from backorder.kernel.promises import Why
from backorder.kernel.receiving import cancel_units, receive
from backorder.kernel.slips import expect

Effect = Literal["later", "cancelled", "earlier", "planned", "repegged"]
EFFECTS: tuple[Effect, ...] = ("later", "cancelled", "earlier", "planned", "repegged")  # the gravest first


class Standing(NamedTuple):
    """How a line stands: its days (None: no date), where its units are, and what it holds by (supply, ship day)."""

    promise: int | None
    planned: int | None
    waiting: int
    allocated: int
    cancelled: int
    pegs: dict[tuple[int, int], int]

    @property
    def open(self) -> int:
        """Units still to be shipped."""
        return self.waiting + self.allocated


class Change(NamedTuple):
    """A line that does not stand as before, and what happened to it."""

    i: int
    before: Standing
    after: Standing
    effect: Effect


def standings(book: Book) -> list[Standing]:
    """How every line of a book stands now."""
    lines = book.lines
    columns = lines.promise, lines.planned, lines.waiting, lines.allocated, lines.cancelled, map(dict, lines.pegs)
    return [Standing(*row) for row in zip(*columns, strict=True)]


def changes(book: Book, before: Sequence[Standing]) -> Iterator[Change]:
    """The lines that stand otherwise than before, in the order of the book."""
    for i, (one, other) in enumerate(zip(before, standings(book), strict=True)):
        if one != other:
            yield Change(i, one, other, _effect(one, other))


def _effect(before: Standing, after: Standing) -> Effect:
    if after.cancelled > before.cancelled:
        return "cancelled"
    if before.promise != after.promise:
        lost = after.promise is None
        return "later" if lost or _later(before.promise, after.promise) else "earlier"
    return "repegged" if before.planned == after.planned else "planned"


def _later(before: int | None, after: int | None) -> bool:
    return before is not None and after is not None and after > before


def move_supply(book: Book, s: int, day: int) -> None:
    """Supply s is expected on another day."""
    expect(book, [s], day)
    live_pass(book, [book.supplies.sku[s]], Why("rescheduled", book.supplies.supply[s]))


def lose_supply(book: Book, s: int, units: int) -> None:
    """Units of supply s do not come."""
    cancel_units(book, s, units)
    live_pass(book, [book.supplies.sku[s]], Why("cancelled_supply", book.supplies.supply[s]))


def arrive_short(book: Book, s: int, units: int) -> None:
    """So many units of supply s arrive now, and none after them."""
    receive(book, s, units, True, book.supplies.supply[s])


def add_supply(book: Book, supply: str, sku: str, site: str, units: int, day: int) -> int:
    """So many more units come to a site; the index of their supply."""
    s = book.add_supply(supply, "purchase", sku, site, units, day, 0)
    expect(book, [s], day)
    live_pass(book, [sku], Why("announced", supply))
    return s


def leave(book: Book, i: int, units: int) -> None:
    """Units of line i are not wanted any more."""
    assert 0 < units <= can_cancel(book, i)
    cancel(book, i, units)
    live_pass(book, [book.lines.sku[i]], Why("line_cancelled"), also=with_their_orders(book, [i]))


def sell_otherwise(book: Book, item: Item) -> None:
    """The item has another policy, on which promises depend."""
    book.items[item.sku] = item
    book.read_days(book.supplies.by_item.get(item.sku, ()))
    live_pass(book, [item.sku], Why("policy"))
