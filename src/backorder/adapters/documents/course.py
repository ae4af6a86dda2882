"""What happened to an order, in one column of time: its ledgers told together, each entry in a sentence."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from backorder.adapters.documents.words import (
    CAUSES,
    FORMS,
    KINDS,
    MEANS,
    NOTICE_STATES,
    REFUND_CAUSES,
    day,
    many,
    moment,
    money,
    silence,
)
from backorder.queries.evidence import Cancelled, Entry, Evidence, NoticeSent, Promised, RefundOwed, Shipped

ANSWERS = {"agreed", "called", "left", "reduced", "substituted", "parted"}
_NAMED = 3  # records that are named where many say the same
BY = {"customer": "the customer", "merchant": "the merchant", "law": "law"}


class Happened(NamedTuple):
    """An entry of a ledger: when, what, and which it is; of which line, where it is of one alone."""

    at: datetime
    line: str | None
    what: str
    record: str


def rows(found: Evidence) -> list[list[str]]:
    """When, what, and the records that say so; what happened to several lines at once is told once."""
    told: dict[tuple[datetime, str], tuple[list[str], list[str]]] = {}
    for one in sorted(_all(found), key=lambda one: one.at):  # of one moment in the order of the ledgers below
        lines, records = told.setdefault((one.at, one.what), ([], []))
        lines += [] if one.line is None else [one.line]
        records.append(one.record)
    every = len(found.lines)
    return [
        [moment(at), f"{_lines(lines, every)}{what}", _records(records)]
        for (at, what), (lines, records) in told.items()
    ]


def _lines(names: list[str], every: int) -> str:
    if not names:
        return ""
    if len(names) == every > 1:
        return "All lines: "
    return f"Line{'s' if len(names) > 1 else ''} {', '.join(names)}: "


def _records(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _all(found: Evidence) -> Iterator[Happened]:
    yield Happened(found.placed_at, None, "The order was placed.", "order")
    if found.authorised_at is not None:
        yield Happened(found.authorised_at, None, "Its payment was authorised.", "order")
    for promise in found.promises:
        yield Happened(promise.at, promise.line, _promise(promise), f"promise {promise.line}/{promise.n}")
    for change in found.changes:
        what = f"Changed, {change.what.replace('_', ' ')}: from {change.before or 'none'} to {change.after or 'none'}."
        yield Happened(change.at, change.line, what + _said(change.by, change.reason), f"change {change.n}")
    for hold in found.holds:
        what = f"The order was put on hold ({hold.kind})." + _said(None, hold.reason)
        yield Happened(hold.at, None, what, f"hold {hold.kind}/{hold.n}")
        if hold.released_at is not None:
            what = f"The hold ({hold.kind}) was released." + _said(None, hold.release_reason)
            yield Happened(hold.released_at, None, what, f"hold {hold.kind}/{hold.n}")
    for notice in found.notices:
        yield Happened(notice.sent_at or notice.made_at, None, _notice(notice), f"notice {notice.notice}")
    for shipment in found.shipments:
        yield from _shipment(shipment)
    for cancelled in found.cancellations:
        record = f"cancellation {cancelled.line}/{cancelled.n}"
        yield Happened(cancelled.at, cancelled.line, _cancelled(cancelled), record)
    for entry in found.entries:
        yield Happened(entry.at, entry.line, _entry(entry), f"evidence {entry.n}")
    for refund in found.refunds:
        yield from _refund(refund, found.currency)
    if found.addressee is not None and found.addressee.erased_at is not None:
        yield Happened(found.addressee.erased_at, None, "The personal data of the customer were erased.", "erasure")


def _promise(one: Promised) -> str:
    """What it stands on is told with the promises, where each line has its own."""
    if one.n == 1:
        return f"Promised to ship by {day(one.to_day)}."
    before, after = day(one.from_day, "no day"), day(one.to_day, "no day")
    return f"The promise moved from {before} to {after}: {CAUSES.get(one.cause, one.cause)}."


def _notice(one: NoticeSent) -> str:
    named = f"Notice {one.notice} ({KINDS[one.kind]})"
    if one.sent_at is None:
        return f"{named} was made: {NOTICE_STATES[one.state]}.{_said(one.by, one.reason)}"
    asked = "" if one.answer_by is None else f" An answer was awaited until {day(one.answer_by)}."
    means = "" if one.silence == "none" else f" No answer means {silence(one.silence)}."
    return f"{named} was sent {MEANS[one.means or 'email']}.{asked}{means}{_said(one.by, one.reason)}"


def _shipment(one: Shipped) -> Iterator[Happened]:
    record = f"shipment {one.shipment}"
    parts = "; ".join(f"{many(part.quantity, 'unit')} of line {part.line} from {part.site}" for part in one.lines)
    how = ", ".join(word for word in (one.carrier, one.tracking) if word)
    yield Happened(one.at, None, f"Shipment {one.shipment} left: {parts}.{f' Carrier: {how}.' if how else ''}", record)
    if one.delivered_at is not None:
        yield Happened(one.delivered_at, None, f"Shipment {one.shipment} was delivered.", record)
    if one.reversed_at is not None:
        what = f"Shipment {one.shipment} turned out not to have left.{_said(None, one.reversal_reason)}"
        yield Happened(one.reversed_at, None, what, record)


def _cancelled(one: Cancelled) -> str:
    return f"{many(one.quantity, 'unit')} cancelled by {BY[one.by]}.{_said(None, one.reason)}"


def _refund(one: RefundOwed, currency: str | None) -> Iterator[Happened]:
    record = f"refund {one.refund}"
    lines, why = f"line{'s' if len(one.lines) > 1 else ''} {', '.join(one.lines)}", REFUND_CAUSES[one.cause]
    what = f"{money(one.amount, currency)} has to go back by {day(one.refund_by)} for {lines}: {why}."
    yield Happened(one.made_at, None, f"{what} The right to it came to be on {day(one.vested_on)}.", record)
    if one.ended_at is not None:
        how = FORMS[one.form or "same_method"] + (f", reference {one.reference}" if one.reference else "")
        what = f"{money(one.refunded, currency)} went back {how}.{_said(one.by, None)}"
        yield Happened(one.ended_at, None, what, record)


_ENTRIES = {
    "told": "The customer was told that it ships by {day}",
    "bounced": "A notice came back; the day known before it is {day}",
    "delivered": "A notice was delivered",
    "suppressed": "A notice was kept back",
    "agreed": "The customer agreed to wait until {day}",
    "called": "The customer set a last day, {day}",
    "left": "The customer cancelled {units}",
    "declined": "The merchant cancelled {units}",
    "lapsed": "Cancelled by law, {units}: the right to a refund is of {on_day}",
    "reduced": "A part was cancelled, {units}; the rest goes on",
    "substituted": "The customer took another item, with express consent",
    "parted": "The customer asked that what is ready leaves",
    "shipped": "All of it has left; clocks that count that ended",
    "unshipped": "It had not left after all; the clocks go on",
    "arrived": "All of it arrived; clocks that count that ended",
    "refunded": "A refund was recorded; {left} still due",
    "began": "A clock began, by the rule {rule}, with {day} as the day that holds",
    "silent": "No answer came, which agrees to wait until {day}, by the rule {rule}",
}

_WITHOUT_DAY = {
    "told": "The customer was told that no day can be given",
    "bounced": "A notice came back; before it no day was known",
    "agreed": "The customer agreed to wait without a day",
    "began": "A clock began, by the rule {rule}, without a day",
}


def answer(one: Entry) -> str:
    """An answer in a sentence, with its moment."""
    return f"{_entry(one)} ({moment(one.at)})"


def _entry(one: Entry) -> str:
    template = _ENTRIES[one.kind]
    if one.to_day is None:
        template = _WITHOUT_DAY.get(one.kind, template)
    units, left = many(one.quantity or 0, "unit"), one.quantity or "none"
    what = template.format(day=day(one.to_day), units=units, on_day=day(one.on_day), left=left, rule=one.means)
    if one.answer_by is not None:
        what += f", and that it is cancelled without an answer by {day(one.answer_by)}"
    how = MEANS.get(one.means or "") or FORMS.get(one.means or "")
    details: list[Any] = [how, one.by and f"by {BY.get(one.by, one.by)}", one.notice and f"notice {one.notice}"]
    told = ", ".join(word for word in details if word)
    return f"{what}{f' ({told})' if told else ''}.{_said(None, one.note)}"


def _said(by: str | None, why: str | None) -> str:
    return (f" By {by}." if by else "") + (f" Said: {why}" if why else "")
