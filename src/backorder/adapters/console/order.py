"""An order as a page: its state in a sentence, and its ledger of promises, notices and money, newest first."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import NamedTuple

from backorder.adapters.console import words
from backorder.kernel.phrases import Phrase, Said, ShortDay, Value, phrase, phrases
from backorder.queries.backlog import BacklogLine
from backorder.queries.explain import Explanation
from backorder.queries.lines import RevisionView
from backorder.queries.notices import NoticeView
from backorder.queries.reasons import cause, changes, standing_alone
from backorder.queries.refunds import RefundView
from backorder.queries.show import OrderView

_ON = phrase("on {supply}")
_BASES = {
    "stock": phrase("from stock on hand"),
    "lead_time": phrase("by the lead time"),
    "person": phrase("given by a person"),
    "imported": phrase("taken over when the shop went live"),
}
_AS_TOLD = phrase("as it was told")
_DELAY = phrase("delay notice")
NOTICES = {
    "short": _DELAY,
    "long": _DELAY,
    "delay": _DELAY,
    "renewed": phrase("second delay notice"),
    "indefinite": phrase("notice without a date"),
    "better": phrase("notice that it comes sooner"),
    "still": phrase("notice that the date still stands"),
    "cancelled": phrase("notice of a cancellation"),
}
_STATES = {
    "due": phrase("due"),
    "asking": phrase("asking"),
    "bounced": phrase("bounced"),
    "told": phrase("told"),
    "answered": phrase("answered"),
    "lapsed": phrase("lapsed"),
    "replaced": phrase("replaced"),
    "suppressed": phrase("suppressed"),
    "withdrawn": phrase("withdrawn"),
    "overdue": phrase("overdue"),
    "refunded": phrase("refunded"),
}
_TROUBLES = {
    "off": phrase("Does not go by itself: notices are switched off"),
    "no_address": phrase("Does not go by itself: no address"),
    "bounced": phrase("Does not go by itself: bounced"),
}


def name(kind: str) -> Said:
    """What a kind of notice is called."""
    return Said(NOTICES.get(kind, _DELAY))


def state(one: str) -> Value:
    """The state of a notice or a refund."""
    return Said(_STATES[one]) if one in _STATES else words.code(one)


def trouble(one: str) -> Value:
    """Why a notice does not go by itself."""
    return Said(_TROUBLES[one]) if one in _TROUBLES else words.code(one)


class Entry(NamedTuple):
    """An entry of the ledger; `before` and `after` are the days between which a promise moved."""

    at: datetime
    kind: str
    tag: Phrase | Said | None
    head: Value
    before: Value
    after: Value
    text: tuple[Value, ...]


def ledger(
    lines: Sequence[BacklogLine], notices: Sequence[NoticeView], refunds: Sequence[RefundView], today: date
) -> list[Entry]:
    """What was promised, told and paid back, newest first."""
    several = len(lines) > 1
    found = [*_firsts(lines, today)]
    found += [entry for one in lines for entry in _moves(one, today, several=several)]
    found += [entry for notice in notices for entry in _notice(notice, today)]
    found += [entry for refund in refunds for entry in _refund(refund, today)]
    return sorted(found, key=lambda entry: entry.at, reverse=True)


_AND_MORE = phrase("{goods} and {more} more")


def _firsts(lines: Sequence[BacklogLine], today: date) -> Iterator[Entry]:
    """What was promised first: lines that were promised the same at once stand together."""
    groups: dict[tuple[datetime, date | None, str | None, str | None], tuple[Said, list[str]]] = {}
    for one in lines:
        if one.line.revisions:
            first = one.line.revisions[0]
            on = first.supply if first.basis != "stock" else None
            key = (first.at, first.to_day, None if on else first.basis, on)
            groups.setdefault(key, (_basis(first), []))[1].append(one.item or one.line.sku)
    for (at, day, *_), (basis, goods) in groups.items():
        names: Value = ", ".join(goods[:3])
        if len(goods) > 3:
            names = Said(_AND_MORE, {"goods": names, "more": len(goods) - 3})
        yield Entry(at, "is-promise", phrase("First promise"), basis, "", words.weekday(day, today), (names,))


def _moves(one: BacklogLine, today: date, *, several: bool) -> Iterator[Entry]:
    goods = (one.item or one.line.sku) if several else ""
    for revision in one.line.revisions[1:]:
        before, after = words.weekday(revision.from_day, today), words.weekday(revision.to_day, today)
        yield Entry(revision.at, "is-revision", _moved(revision), goods, before, after, (cause(revision),))


def _basis(revision: RevisionView) -> Said:
    if revision.supply is not None and revision.basis != "stock":
        return Said(_ON, {"supply": revision.supply})
    return Said(_BASES.get(revision.basis or "", _AS_TOLD))


_LATER = phrases("{count} day later", "{count} days later")
_SOONER = phrases("{count} day sooner", "{count} days sooner")


def _moved(revision: RevisionView) -> Phrase | Said:
    if revision.to_day is None:
        return phrase("Lost its date")
    if revision.from_day is None:
        return phrase("Has a date again")
    days = (revision.to_day - revision.from_day).days
    return Said(_LATER if days > 0 else _SOONER, {"count": abs(days)})


_MEANS = {
    "email": phrase("By email."),
    "phone": phrase("By phone."),
    "letter": phrase("By letter."),
    "chat": phrase("By chat."),
    "in_person": phrase("In person."),
    "link": phrase("By a link."),
}
_WANTED = phrase("The answer is wanted by {day}.")
_TO_SEND = phrase("To be sent by {moment}.")
_NUMBERED, _IS_DUE = phrase("{notice} {number}"), phrase("{notice} {number} is due")
_IS = phrase("{notice} {number}: {state}")


def _notice(notice: NoticeView, today: date) -> Iterator[Entry]:
    values: dict[str, Value] = {"notice": name(notice.kind), "number": notice.notice}
    if notice.sent_at is not None:
        told: list[Value] = []
        if notice.means:
            told.append(Said(_MEANS[notice.means]) if notice.means in _MEANS else f"{notice.means}.")
        if notice.answer_by:
            told.append(Said(_WANTED, {"day": words.weekday(notice.answer_by, today)}))
        yield Entry(notice.sent_at, "", phrase("Told"), Said(_NUMBERED, values), "", "", tuple(told))
    elif notice.made_at is not None:
        wait = (Said(_TO_SEND, {"moment": words.moment(notice.deadline, today)}),) if notice.deadline else ()
        head = Said(_IS_DUE, values)
        if notice.state != "due":
            head = Said(_IS, values | {"state": state(notice.state)})
        yield Entry(notice.made_at, "is-next", None, head, "", "", wait)


_HAS_TO = phrase("{amount} has to go back")
_UNTIL = phrase("By {day}, because of: {cause}.")
_WENT = phrase("{amount} went back")


def _refund(refund: RefundView, today: date) -> Iterator[Entry]:
    head = Said(phrase("Money has to go back"))
    if refund.amount and refund.currency:
        head = Said(_HAS_TO, {"amount": words.amount(refund.amount, refund.currency)})
    until = Said(_UNTIL, {"day": words.weekday(refund.refund_by, today), "cause": words.cause(refund.cause)})
    yield Entry(refund.made_at, "", phrase("Owed"), head, "", "", (until,))
    if refund.ended_at is not None and refund.refunded is not None:
        amount = words.amount(refund.refunded, refund.currency) if refund.currency else refund.refunded
        paid = Said(_WENT, {"amount": amount})
        yield Entry(refund.ended_at, "", phrase("Paid back"), paid, "", "", (refund.reference or "",))


_ALL_LINES = phrase("{lines}.")
_LAST = phrase("The last of it is promised for {day}.")


_FIRST_PART = phrase("{count} of the {all} that wait can leave by {day}.")


def lead(lines: Sequence[BacklogLine], today: date) -> list[Said]:
    """The state of the order in a sentence or two."""
    parts = (
        (sum(one.line.waiting for one in lines), phrase("{units} waiting.")),
        (sum(one.line.allocated for one in lines), phrase("{units} ready to ship.")),
        (sum(one.line.shipped for one in lines), phrase("{units} shipped.")),
    )
    said = [Said(_ALL_LINES, {"lines": words.lines(len(lines))})]
    said += [Said(part, {"units": words.units(units)}) for units, part in parts if units]
    said += _first_part(lines, today)
    still = [one.line for one in lines if one.line.waiting or one.line.allocated]
    if still and any(line.promise is None for line in still):
        said.append(Said(phrase("Part of it has no date.")))
    elif still:
        last = max(line.promise for line in still if line.promise is not None)
        said.append(Said(_LAST, {"day": words.weekday(last, today)}))
    return said


def _first_part(lines: Sequence[BacklogLine], today: date) -> Iterator[Said]:
    """How much of what waits can leave before the rest, where units stand on supplies of several days."""
    days: dict[date, int] = {}
    for one in lines:
        for peg in one.line.pegs:
            if one.ship != "complete" and not one.line.held and not peg.supply.startswith("stock/"):
                days[peg.ships_on] = days.get(peg.ships_on, 0) + peg.quantity
    if len(days) > 1:
        waiting, day = sum(one.line.waiting for one in lines), min(days)
        yield Said(_FIRST_PART, {"count": days[day], "all": waiting, "day": words.weekday(day, today)})


def leaves(lines: Sequence[BacklogLine]) -> bool:
    """Whether something of the order can leave now: nothing of one on hold, nor of one that goes whole and waits."""
    ready = any(one.line.allocated and not one.line.held for one in lines)
    return ready and not any(one.ship == "complete" and one.line.waiting for one in lines)


class Part(NamedTuple):
    """Units of a line that stand in one place: on a supply, or in stock, where `supply` is None.

    `says` is how many of all that is still to ship, and until when they can leave; a line that goes whole has no day.
    """

    supply: str | None
    says: Said


_READY_OF = phrase("{count} of {all} ready")
_PART_OF, _PART = phrase("{count} of {all} by {day}"), phrase("{count} by {day}")
_WHOLE_OF = phrase("{count} of {all}")


def parts(one: BacklogLine, today: date) -> list[Part]:
    """Where the units of a line stand that is split over several supplies, by day; nothing for any other line."""
    line = one.line
    still = line.waiting + line.allocated
    if len(line.pegs) < 2 and all(peg.quantity == still for peg in line.pegs):
        return []
    found: list[Part] = []
    for peg in line.pegs:
        stock = peg.supply.startswith("stock/")
        values: dict[str, Value] = {"count": peg.quantity, "all": still, "day": words.day(peg.ships_on, today)}
        by_day = _PART if found else _PART_OF
        said = _READY_OF if stock else _WHOLE_OF if one.ship == "complete" else by_day
        found.append(Part(None if stock else peg.supply, Said(said, values)))
    return found


_SHIPS = {"complete": Said(phrase("all at once")), "when_ready": Said(phrase("what is ready"))}


def facts(order: OrderView, who: str | None, today: date) -> Iterator[tuple[Phrase, Value]]:
    """What else there is to know of the order."""
    if order.customer is not None:
        yield phrase("Customer"), f"{who} ({order.customer})" if who else order.customer
    yield phrase("Placed"), words.moment(order.placed_at, today)
    if order.channel is not None:
        yield phrase("Channel"), order.channel
    yield phrase("Ships"), _SHIPS.get(order.ship, order.ship)
    if order.priority:
        yield phrase("Priority"), order.priority
    if order.currency is not None:
        yield phrase("Currency"), order.currency


class Why(NamedTuple):
    """Why a line has its date, and what would change that."""

    state: list[Said]
    would_change: list[Said]


def why(found: Explanation, ship: str, today: date) -> Why:
    """The sentences of an explanation of a line of an order that ships in this way."""
    view, stands = found.line, found.stands_on
    still = view.waiting or view.allocated
    would = changes(view, stands, found.sooner, complete=ship == "complete") if still else ()
    return Why([_short(said, today) for said in standing_alone(view, stands)], [_short(said, today) for said in would])


def _short(said: Said, today: date) -> Said:
    """The same, its days without their year where it is this one."""
    found: dict[str, Value] = {}
    for place, value in said.values.items():
        inner = _short(value, today) if isinstance(value, Said) else value
        found[place] = value._replace(today=today) if isinstance(value, ShortDay) else inner
    return Said(said.phrase, found)
