"""What customers answer: wait, cancel, take something else, have shipped what is ready, set a last day."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Literal

from msgspec import Meta

from backorder.commands._batch import (
    Amount,
    Command,
    Key,
    Note,
    Number,
    Steps,
    Units,
    date_or_none,
    day_trouble,
    invalid,
    perform_each,
)
from backorder.commands._lines import OrderLine, line_details, money_trouble, new_lines, next_position, take
from backorder.commands._owing import case_of, load_cases
from backorder.kernel.acceptance import Caps
from backorder.kernel.calendars import NEVER, day_date, day_number, local_day
from backorder.kernel.cases import Case, Line, Said
from backorder.kernel.fulfilment import can_cancel, cancel
from backorder.kernel.livepass import live_pass, with_their_orders
from backorder.kernel.outcomes import Outcome, Word, refused
from backorder.kernel.promises import Why, give_day
from backorder.kernel.settling import expired
from backorder.storage import book as books
from backorder.storage import cases as case_storage
from backorder.storage import lines as line_storage
from backorder.storage.changes import load_changes, save_changes, save_heads
from backorder.storage.db import Database, Row, Tx
from backorder.storage.orders import load_caps


class AnswerNotice(Command, tag="answer_notice"):
    """Take down what a customer answers, on a notice or of their own accord, and let it have its effect.

    `wait`: they expressly agree to the day they were last told, or to another (`until`), which is then promised.
    `cancel`: what has not left is cancelled. `substitute`: with express `consent`, one line is cancelled and another
    placed (`sku`). `ship_available`: what is ready leaves. `call`: where the law lets them set a last day, `until`.
    """

    order: Key
    answer: Literal["wait", "cancel", "substitute", "ship_available", "call"]
    by: Key
    means: Literal["link", "email", "phone", "letter", "chat", "in_person"]
    notice: Number | None = None
    lines: Annotated[list[Key], Meta(max_length=1_000)] = []
    until: date | None = None
    sku: Key | None = None
    new_line: Key | None = None
    quantity: Units | None = None
    unit_price: Amount | None = None
    consent: bool = False
    note: Note | None = None


@dataclass(slots=True)
class _Work:
    loaded: books.Loaded
    orders: dict[str, line_storage.Order]
    cases: case_storage.Loaded | None = None
    case: Case | None = None  # the one that is being answered about
    caps: Caps = field(default_factory=Caps)
    cancelled: dict[tuple[str, str], int] = field(default_factory=dict)
    entries: dict[str, int] = field(default_factory=dict)
    cancellations: list[Row] = field(default_factory=list)
    changes: list[Row] = field(default_factory=list)
    heads: list[Row] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)


def answer_notices(db: Database, now: int, batch: Sequence[AnswerNotice]) -> list[Outcome]:
    """Take down answers, each in a transaction of its own."""
    return perform_each(db, now, batch, Steps(_check, _load, _decide, _save))


def _check(command: AnswerNotice) -> Outcome | None:
    if command.answer == "call" and command.until is None:
        return invalid(command, "until", "say which day the customer sets")
    if command.until is not None and command.answer not in {"wait", "call"}:
        return invalid(command, "until", f"a day says nothing with {command.answer}: leave it out")
    if command.answer == "substitute":
        if not command.consent:
            return invalid(command, "consent", "another item is sent only with the customer's express consent: say it")
        if command.sku is None:
            return invalid(command, "sku", "say which item they take instead")
        if len(command.lines) != 1:
            return invalid(command, "lines", "say which one line it takes the place of")
    return day_trouble(command, until=command.until)


def _load(tx: Tx, batch: Sequence[AnswerNotice]) -> _Work:
    names = sorted({command.order for command in batch})
    orders = line_storage.load_orders(tx, names)
    skus = {sku for order in orders.values() for sku in order.skus}
    skus |= {command.sku for command in batch if command.sku is not None}
    work = _Work(books.load(tx, skus, orders=names), orders)
    work.cases = load_cases(tx, names)
    work.caps = load_caps(tx, [item.sku for item in work.loaded.book.items.values() if item.capped])
    work.cancelled = line_storage.load_cancellations(tx, names)
    work.entries = load_changes(tx, names)
    return work


def _decide(work: _Work, command: AnswerNotice, now: int) -> Outcome:
    case = case_of(work.cases, command.order)
    if isinstance(case, Outcome):
        return case
    work.case = case
    refusal = _unknown(case, command)
    if refusal is not None:
        return refusal
    work.loaded.book.set_clock(now)
    lines = [line for line in case.lines if not command.lines or line.line in command.lines]
    still = [line for line in lines if line.open]
    if not still:
        return _over(command, lines)
    today = local_day(now, case.head.zone)
    if any(expired(line, today) for line in still) and command.answer != "cancel":
        return refused(Word.TOO_LATE, command.order, "the last day for an answer has passed: the order is cancelled")
    do = {"wait": _wait, "cancel": _cancel, "substitute": _substitute, "ship_available": _part, "call": _call}
    return do[command.answer](work, command, still, now)


def _unknown(case: Case, command: AnswerNotice) -> Outcome | None:
    if command.notice is not None:
        notice = next((notice for notice in case.notices if notice.n == command.notice), None)
        if notice is None:
            return refused(Word.UNKNOWN_NOTICE, command.order)
        if notice.sent_at is None:
            return refused(Word.NOT_ALLOWED, command.order, "the notice was not sent yet: nobody can have read it")
    for name in command.lines:
        if all(line.line != name for line in case.lines):
            return refused(Word.UNKNOWN_LINE, command.order, f"order {command.order} has no line {name}")
    return None


def _over(command: AnswerNotice, lines: Sequence[Line]) -> Outcome:
    """The answer where nothing is open any more."""
    if any(line.shipped for line in lines):
        return refused(Word.ALREADY_SHIPPED, command.order)
    if command.answer == "cancel":
        return Outcome(Word.EXISTS, subject=command.order)
    law = any(wait.clock.cause in {"silence", "missed"} for line in lines for wait in line.waits)
    if law:
        return refused(Word.TOO_LATE, command.order, "the last day for an answer has passed: the order is cancelled")
    return refused(Word.NOT_ALLOWED, command.order, "it was cancelled before: place a new order")


def _wait(work: _Work, command: AnswerNotice, lines: Sequence[Line], now: int) -> Outcome:
    case, book = work.case, work.loaded.book
    assert case is not None
    if command.until is not None and day_number(command.until) < local_day(now, case.head.zone):
        return invalid(command, "until", "the day has passed")
    until = None if command.until is None else day_number(command.until)
    agreed = [(line, line.told if until is None else until) for line in lines]
    before = [(wait.clock.until, line.later(wait, to)) for line, to in agreed for wait in line.waits]
    if all(right != NEVER and to <= right for right, to in before):
        asked = any(wait.clock.state in {"asked", "renewed"} for line in lines for wait in line.waits)
        if not asked:
            return Outcome(Word.EXISTS, subject=command.order, message="they wait until then as it is")
        if until is not None and all(to < right for right, to in before):
            message = "goods may be sent until a later day as it is: say that day or a later one, or cancel"
            return invalid(command, "until", message)
    moved = [line for line, to in agreed if until is not None and to > line.planned]
    for line in moved:
        i = book.lines.index[command.order, line.line]
        give_day(book, i, until)
        n = work.entries[command.order] = work.entries.get(command.order, 0) + 1
        told = str(day_date(line.planned)), str(command.until)
        work.changes.append((command.order, n, now, line.line, "promise", *told, command.note, command.by))
    if moved:
        mine = [book.lines.index[command.order, line.line] for line in moved]
        live_pass(book, [book.lines.sku[i] for i in mine], Why("person"), also=mine)
    _say(work, command, "agreed", agreed)
    return Outcome(Word.ANSWERED, subject=command.order, message=_beyond(agreed))


def _beyond(agreed: Sequence[tuple[Line, int]]) -> str | None:
    """What is to be said where goods are promised for later than the customer agreed to."""
    later = max((line.planned for line, to in agreed if to < line.planned), default=None)
    if later is None:
        return None
    day = "no day can be promised" if later == NEVER else f"it is promised for {day_date(later)}, which is later"
    return f"{day}: what the law wants told of that is still told"


def _call(work: _Work, command: AnswerNotice, lines: Sequence[Line], now: int) -> Outcome:
    assert work.case is not None
    assert command.until is not None
    called = [line for line in lines if any(wait.pack.leaving.call for wait in line.waits)]
    if not called:
        return refused(Word.NOT_ALLOWED, command.order, "no law that holds for it has the customer set a day")
    if day_number(command.until) < local_day(now, work.case.head.zone) - 1:
        return invalid(command, "until", "the day has passed; where the first day was essential, say yesterday")
    _say(work, command, "called", [(line, day_number(command.until)) for line in called])
    return Outcome(Word.ANSWERED, subject=command.order)


def _say(work: _Work, command: AnswerNotice, kind: str, lines: Sequence[tuple[Line, int | None]]) -> None:
    told = command.notice, command.by, command.means, command.note
    work.said += [Said(kind, line.line, to, *told) for line, to in lines]


def _cancel(work: _Work, command: AnswerNotice, lines: Sequence[Line], now: int) -> Outcome:
    """Cancel what has not left; what was picked goes back, because the customer's word comes first until it leaves."""
    book = work.loaded.book
    mine = [book.lines.index[command.order, line.line] for line in lines]
    units = sum(_give_up(work, command, i, now) for i in mine)
    _say(work, command, "cancelled", [(line, None) for line in lines])
    live_pass(book, [book.lines.sku[i] for i in mine], Why("line_cancelled"), also=with_their_orders(book, mine))
    return Outcome(Word.ANSWERED, subject=command.order, quantity=units)


def _give_up(work: _Work, command: AnswerNotice, i: int, now: int) -> int:
    book = work.loaded.book
    book.lines.picked[i] = 0
    units = can_cancel(book, i)
    cancel(book, i, units)
    key = command.order, book.lines.line[i]
    n = work.cancelled[key] = work.cancelled.get(key, 0) + 1
    work.cancellations.append((*key, n, now, units, command.note, "customer"))
    return units


def _substitute(work: _Work, command: AnswerNotice, lines: Sequence[Line], now: int) -> Outcome:
    """Place the other item as a line of its own, with its own promise; then cancel the one it takes the place of."""
    book, order, old = work.loaded.book, work.orders[command.order], lines[0]
    trouble = money_trouble(command, [("unit_price", command.unit_price)] if command.unit_price else [], order.currency)
    if trouble is not None:
        return trouble
    assert command.sku is not None
    name = command.new_line or f"{old.line}-{command.sku}"[:200]
    if name in order.lines:
        return refused(
            Word.ID_REUSED, command.order, f"order {command.order} has a line {name}: give the new one an id"
        )
    line = OrderLine(name, command.sku, command.quantity or old.open, command.unit_price)
    stands, offers, answer = take(book, work.caps, command.order, order, new_lines([line], next_position(order)), now)
    if not stands:
        return answer
    details = line_details(line, offers[0], order)
    price = old.price if command.unit_price is None else details[0]
    work.loaded.line_details[book.lines.index[command.order, name]] = (price, *details[1:])
    i = book.lines.index[command.order, old.line]
    _give_up(work, command, i, now)
    work.said.append(
        Said("substituted", old.line, None, command.notice, command.by, command.means, f"by {name}: {line.sku}")
    )
    mine = book.lines_of_order[command.order] if order.head.ship == "complete" else [i]
    skus = [book.lines.sku[j] for j in mine]
    live_pass(book, skus, Why("line_cancelled"), also=mine)
    answer.lines[0].promise = date_or_none(book.lines.promise[book.lines.index[command.order, name]])
    answer.outcome = Word.ANSWERED  # what the old line gave back may have served the new one
    return answer


def _part(work: _Work, command: AnswerNotice, lines: Sequence[Line], now: int) -> Outcome:
    """Let what is ready leave by itself, where the order was to ship complete."""
    book, order = work.loaded.book, work.orders[command.order]
    mine = book.lines_of_order[command.order]
    _say(work, command, "parted", [(line, None) for line in lines])
    if order.head.ship == "complete":
        for i in mine:
            book.lines.complete[i] = False
        n = work.entries[command.order] = work.entries.get(command.order, 0) + 1
        told = "complete", "when_ready"
        work.changes.append((command.order, n, now, None, "ship", *told, command.note, command.by))
        work.heads.append((command.order, *order.head._replace(ship="when_ready")))
        live_pass(book, order.skus, Why("order_changed"), also=mine)
    ready = sum(book.lines.allocated[i] for i in mine)
    return Outcome(Word.ANSWERED, subject=command.order, quantity=ready)


def _save(tx: Tx, work: _Work) -> None:
    books.save(tx, work.loaded)
    line_storage.save_cancellations(tx, work.cancellations)
    save_heads(tx, work.heads)
    save_changes(tx, work.changes)
    if work.said and work.case is not None:
        tx.touched.setdefault(work.case.head.order, []).extend(work.said)
