"""What happened to an order in plain words: the ledgers of its evidence as their customer can read them."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from backorder.adapters.status import words as w
from backorder.kernel.calendars import moment_datetime
from backorder.kernel.money import minor_units
from backorder.kernel.phrases import Money, Phrase, Said, Value
from backorder.queries.evidence import Entry, NoticeSent, Promised, RefundOwed, Shipped
from backorder.queries.status import Status

SHOWN_MAX = 40  # entries: the first and the latest
NAMED_MAX = 3  # goods that are named in one entry

Told = tuple[datetime, tuple[Said, ...]]  # when, and the sentences of it


def entries(found: Status) -> list[Told]:
    """What happened, in order; of a long story its beginning and its end."""
    told: dict[str, Told] = {}
    for at, said in sorted(_all(found), key=lambda one: one[0]):
        told.setdefault(f"{at} {said}", (at, said))  # what happened to several lines in one moment is told once
    every = list(told.values())
    return every if len(every) <= SHOWN_MAX else [every[0], *every[-SHOWN_MAX + 1 :]]


def _all(found: Status) -> Iterator[Told]:
    evidence, today = found.evidence, found.today
    goods = {line.line: line.goods for line in evidence.lines}
    yield evidence.placed_at, (Said(w.YOU_ORDERED),)
    yield from _promises(found, goods)
    for notice in evidence.notices:
        yield from _notice(notice)
    for shipment in evidence.shipments:
        yield from _shipment(shipment, goods)
    for entry in evidence.entries:
        said = _entry(entry, goods, today)
        if said is not None:
            yield entry.at, (said,)
    for refund in evidence.refunds:
        yield from _refund(refund, evidence.currency, today)
    for hold in evidence.holds:
        yield hold.at, (Said(w.PUT_ON_HOLD),)
        if hold.released_at is not None:
            yield hold.released_at, (Said(w.RELEASED),)
    for one in found.choices:
        if one.state in {"withdrawn", "refused"} and one.ended_at is not None:
            at = moment_datetime(one.ended_at).astimezone(evidence.placed_at.tzinfo)
            yield at, (Said(w.TAKEN_BACK if one.state == "withdrawn" else w.NOT_DONE),)


def _promises(found: Status, goods: dict[str, str]) -> Iterator[Told]:
    """Promises as they were given and moved, those that moved alike together."""
    together: dict[tuple[datetime, bool, date | None, date | None, str], list[str]] = {}
    for one in found.evidence.promises:
        key = one.at, one.n == 1, one.from_day, one.to_day, _cause(one)
        together.setdefault(key, []).append(one.line)
    for (at, first, before, after, cause), lines in together.items():
        named = None if len(lines) == len(goods) else names([goods[line] for line in lines])
        yield at, _moved(first, before, after, cause, named, found.today)


def _cause(one: Promised) -> str:
    """Why it moved; what moved it sooner is no reason for a delay."""
    sooner = one.to_day is not None and (one.from_day is None or one.to_day < one.from_day)
    return "sooner" if sooner and one.cause not in {"received", "announced", "released", "rescheduled"} else one.cause


def _moved(
    first: bool, before: date | None, after: date | None, cause: str, goods: str | None, today: int
) -> tuple[Said, ...]:
    values: dict[str, Value] = {} if goods is None else {"goods": goods}
    if first:
        assert after is not None, "a first promise has a day"
        return (Said(w.WE_SAID if goods is None else w.WE_SAID_OF, values | {"day": w.on(after, today)}),)
    why = w.WHY_SOONER if cause == "sooner" else w.WHY.get(cause, w.WHY_OTHERWISE)
    if before is not None:
        values["before"] = w.on(before, today)
    if after is not None:
        values["after"] = w.on(after, today)
    if before is None:
        kinds = w.DATE_FOUND, w.DATE_FOUND_OF
    elif after is None:
        kinds = w.DATE_LOST, w.DATE_LOST_OF
    else:
        kinds = w.MOVED, w.MOVED_OF
    return Said(kinds[goods is not None], values), Said(why)


def names(goods: Sequence[str]) -> str:
    """Goods by their names; of many the first few."""
    more = "" if len(goods) <= NAMED_MAX else f" (+{len(goods) - NAMED_MAX})"
    return ", ".join(w.isolated(one) for one in goods[:NAMED_MAX]) + more


def _notice(one: NoticeSent) -> Iterator[Told]:
    if one.sent_at is not None:
        yield one.sent_at, (Said(w.WE_WROTE.get(one.kind, w.WE_WROTE_LATE)),)


def _shipment(one: Shipped, goods: dict[str, str]) -> Iterator[Told]:
    named = names([goods[part.line] for part in one.lines if part.line in goods])
    how = ", ".join(w.isolated(word) for word in (one.carrier, one.tracking) if word)
    yield one.at, (Said(w.LEFT_BY, {"goods": named, "how": how}) if how else Said(w.LEFT, {"goods": named}),)
    if one.delivered_at is not None:
        yield one.delivered_at, (Said(w.ARRIVED),)
    if one.reversed_at is not None:
        yield one.reversed_at, (Said(w.NOT_LEFT),)


_UNITS: dict[str, Phrase] = {"left": w.YOU_CANCELLED, "declined": w.WE_CANCELLED, "lapsed": w.LAW_CANCELLED}
_BY: dict[str | None, Phrase] = {"merchant": w.WE_CANCELLED, "law": w.LAW_CANCELLED}
_DAYS: dict[str, Phrase] = {"agreed": w.AGREED, "called": w.CALLED, "silent": w.SILENT}
_PLAIN: dict[str, Phrase] = {"bounced": w.CAME_BACK, "parted": w.PARTED}


def _entry(one: Entry, goods: dict[str, str], today: int) -> Said | None:
    """An entry of the evidence; None for what is told elsewhere, or is no news for whoever ordered."""
    if one.kind in _PLAIN:
        return Said(_PLAIN[one.kind])
    if one.kind == "agreed" and one.to_day is None:
        return Said(w.AGREED_WITHOUT)
    if one.kind in _DAYS and one.to_day is not None:
        return Said(_DAYS[one.kind], {"day": w.on(one.to_day, today)})
    if one.kind in _UNITS:
        return Said(_UNITS[one.kind], {"count": one.quantity or 0})
    if one.kind == "reduced":
        return Said(_BY.get(one.by, w.YOU_CANCELLED), {"count": one.quantity or 0})
    if one.kind == "substituted":
        return Said(w.SUBSTITUTED, {"goods": w.isolated(goods.get(one.line or "", one.line or ""))})
    return None


def _refund(one: RefundOwed, currency: str | None, today: int) -> Iterator[Told]:
    by = w.on(one.refund_by, today)
    if one.amount is None or currency is None:
        yield one.made_at, (Said(w.REFUND_UNKNOWN, {"day": by}),)
    elif minor_units(one.amount, currency):
        amount = Money(minor_units(one.amount, currency), currency)
        yield one.made_at, (Said(w.REFUND_DUE, {"amount": amount, "day": by}),)
    if one.ended_at is not None and one.refunded is not None and currency is not None:
        back = minor_units(one.refunded, currency)
        if back:
            yield one.ended_at, (Said(w.REFUNDED, {"amount": Money(back, currency)}),)
