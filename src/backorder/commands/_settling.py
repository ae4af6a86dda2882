"""What time does to what customers are owed, when an order's timer goes off.

Every order on which somebody is owed something has one timer, at the first moment at which time has an effect on it:
the end of a clock, a notice that waited long enough, the end of a promised day, the deadline of a refund.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from backorder.commands._batch import Command, Key, Steps, perform
from backorder.commands._owing import bring
from backorder.kernel.calendars import local_day
from backorder.kernel.cases import Case, Said
from backorder.kernel.columns import Book
from backorder.kernel.fulfilment import can_cancel, cancel
from backorder.kernel.livepass import live_pass, with_their_orders
from backorder.kernel.outcomes import Outcome, Word
from backorder.kernel.promises import Why, give_day, line_dates, reread
from backorder.kernel.settling import closing, expired
from backorder.kernel.slips import OVERDUE_DAYS, pass_time
from backorder.storage import book as books
from backorder.storage import cases as storage
from backorder.storage import lines as line_storage
from backorder.storage.communication import Rules, load_rules
from backorder.storage.db import Database, Row, Tx
from backorder.storage.timers import due_subjects, move_timers

TOGETHER = 500  # orders of one transaction, where nobody has to wait for its end


class _Due(Command, tag="settle"):
    """An order's timer went off. No command of the vocabulary: nobody but time gives it."""

    order: Key


@dataclass(slots=True)
class _Work:
    rules: Rules | None
    now: int = 0
    orders: list[str] = field(default_factory=list)
    cases: dict[str, Case] = field(default_factory=dict)
    loaded: books.Loaded | None = None
    cancellations: dict[tuple[str, str], int] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)


def settle_due(db: Database, now: int, orders: Sequence[str]) -> None:
    """Let time have its effect on orders whose timers went off, in one transaction."""
    commands = [_Due(order=order) for order in orders]
    perform(db, now, commands, Steps(lambda _: None, lambda tx, batch: _load(tx, batch, now), _decide, _save))


def settle_all(db: Database, now: int) -> int:
    """Let time have its effect on all orders whose timers are due, and say on how many. For replays."""
    count = 0
    while True:
        with db.read() as tx:
            found = due_subjects(tx, "settle", now, TOGETHER)
        if not found:
            return count
        settle_due(db, now, found)
        count += len(found)


def _load(tx: Tx, batch: Sequence[_Due], now: int) -> _Work:
    """The orders; and a book of those on which the law cancels, or goods count as late, about now.

    They are looked at before they are locked, because items are locked before clocks.
    """
    work = _Work(load_rules(tx), orders=sorted({command.order for command in batch}))
    near = storage.near(tx, work.orders, local_day(now, "UTC")) if work.rules is not None else []
    if work.rules is None or not near:
        return work
    said: dict[str, list[Said]] = {order: [] for order in near}
    work.cases = storage.load(tx, work.rules, said, telling=False, lock=False).cases
    names = [order for order, case in work.cases.items() if _late(work, case, now)]
    if names:
        skus = [sku for order in line_storage.load_orders(tx, names).values() for sku in order.skus]
        work.loaded = books.load(tx, skus, orders=names, allocated=True)
        work.cancellations = line_storage.load_cancellations(tx, names)
    return work


def _late(work: _Work, case: Case, now: int) -> bool:
    today = local_day(now, case.head.zone)
    return any(expired(line, today) for line in case.lines) or bool(_closing(work, case, now))


def _closing(work: _Work, case: Case, now: int) -> list[str]:
    """The lines whose promised day is about to end, or ended, and that have not left."""
    assert work.rules is not None
    ends = {line.line: closing(case, line, work.rules.policy) for line in case.lines}
    return [line for line, moment in ends.items() if moment is not None and moment <= now]


def _decide(work: _Work, command: _Due, now: int) -> Outcome:
    work.now = now
    case = work.cases.get(command.order)
    if case is None or work.loaded is None:
        return Outcome(Word.CHANGED)
    today = local_day(now, case.head.zone)
    work.loaded.book.set_clock(now)
    for line in case.lines:
        if expired(line, today):
            _cancel(work, command.order, line.line, now)
    late = [line for line in _closing(work, case, now) if not expired(case.find(line), today)]
    if late:
        _slip(work, command.order, late, now)
    return Outcome(Word.CHANGED)


def _cancel(work: _Work, order: str, line: str, now: int) -> None:
    """Cancel what is open of a line by law; units that were picked are put back first."""
    assert work.loaded is not None
    book = work.loaded.book
    i = book.lines.index[order, line]
    if not book.lines.open(i):
        return
    book.lines.picked[i] = 0
    units = can_cancel(book, i)
    cancel(book, i, units)
    n = work.cancellations[order, line] = work.cancellations.get((order, line), 0) + 1
    work.rows.append((order, line, n, now, units, None, "law"))
    live_pass(book, [book.lines.sku[i]], Why("line_cancelled"), also=with_their_orders(book, [i]))


def _slip(work: _Work, order: str, late: Sequence[str], now: int) -> None:
    """Give lines that did not leave on their day another one, before that day is over.

    Supply that has not come by now is overdue, and a person's date that was not kept stands no longer. What is still
    promised for today then leaves on the next working day if all of it is there, else some working days later. The
    promise moves once, to the day that comes of it.
    """
    assert work.loaded is not None
    assert work.rules is not None
    book, lines = work.loaded.book, work.loaded.book.lines
    mine = [i for i in with_their_orders(book, [lines.index[order, line] for line in late]) if lines.open(i)]
    if not mine:
        return
    book.set_clock(now + work.rules.policy.closing)  # what the end of the day brings
    book.now = now  # and it is brought now: that is what the ledger says
    pass_time(book)
    for i in mine:
        day = lines.person_day[i]
        if day is not None and day <= (lines.promise[i] or day):
            give_day(book, i, None)
    book.set_clock(now)
    today = local_day(now, work.cases[order].head.zone)
    for i in _stuck(book, mine, today):
        site = book.sites[lines.route[i][0]]
        days = OVERDUE_DAYS if lines.waiting[i] else 1
        give_day(book, i, site.calendar.add_working(max(today, book.today[site.site]), days))
    reread(book, mine, Why("overdue"))


def _stuck(book: Book, mine: Sequence[int], today: int) -> list[int]:
    """The lines that would still be promised for today; those of an order that ships complete are so together."""
    lines = book.lines
    days = {i: lines.person_day[i] or line_dates(book, i)[0] for i in mine}
    latest = max(days.values())
    return [i for i, day in days.items() if (latest if lines.complete[i] else day) <= today]


def _save(tx: Tx, work: _Work) -> None:
    if work.loaded is not None:
        books.save(tx, work.loaded)
        line_storage.save_cancellations(tx, work.rows)
    if work.rules is None:  # turned off meanwhile: nothing is due any more
        move_timers(tx, "settle", dict.fromkeys(work.orders))
        return
    bring(tx, work.rules, {order: tx.touched.pop(order, []) for order in work.orders}, work.now, due=True)
