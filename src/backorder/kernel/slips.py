"""Supply that did not come when it should have: overdue by itself, and moved on until somebody says more."""

from collections.abc import Iterable

from backorder.kernel.columns import STOCK, Book
from backorder.kernel.livepass import live_pass
from backorder.kernel.promises import Why

OVERDUE_DAYS = 3  # working days of the site after today, on which overdue supply is expected next


def overdue_day(book: Book, s: int, available_on: int) -> int:
    """The day to plan with: the given one, or if that has passed, today and some working days of the site."""
    site = book.supplies.site[s]
    today = book.today[site]
    if available_on >= today:
        return available_on
    return book.sites[site].calendar.add_working(today, OVERDUE_DAYS)


def expect(book: Book, which: Iterable[int], expected: int) -> None:
    """Let supplies be expected on a day; one that has passed is overdue at once. No pass is run."""
    for s in which:
        book.supplies.expected_on[s] = expected
        book.supplies.available_on[s] = overdue_day(book, s, expected)
    book.read_days(which)


def pass_time(book: Book) -> int:
    """What the clock alone changes: overdue supply moves, lead-time days pass; the number of supplies moved.

    All overdue supplies move first, then each item they or a passed lead-time day touch is re-pegged once.
    Running it again at the same moment changes nothing.
    """
    supplies, lines = book.supplies, book.lines
    moved = []
    for s, kind in enumerate(supplies.kind):
        available = supplies.available_on[s]
        if kind == STOCK or available is None or not supplies.to_come(s):
            continue
        day = overdue_day(book, s, available)
        if day != available:
            supplies.available_on[s] = day
            moved.append(s)
    book.read_days(moved)
    expired = {
        i: "lead_time"
        for i, day in enumerate(lines.lead_time_day)
        if day is not None and lines.waiting[i] and day < book.today[lines.route[i][0]]
    }
    skus = dict.fromkeys([*(supplies.sku[s] for s in moved), *(lines.sku[i] for i in expired)])
    if skus:
        live_pass(book, skus, Why("overdue", None, expired))
    return len(moved)
