"""The worklist of the day: what happened, by when it has to be seen to, what it is worth, and where to go."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple
from urllib.parse import quote

from backorder.adapters.console import words
from backorder.adapters.console.waiting import address
from backorder.kernel.money import minor_units
from backorder.kernel.money import text as money_text
from backorder.kernel.phrases import Phrase, Said, Value, phrase, phrases
from backorder.queries.backlog import BacklogLine
from backorder.queries.desk import Coming, Desk
from backorder.queries.lines import RevisionView
from backorder.queries.notices import Waiting
from backorder.queries.reasons import cause

WAITING_MAX = 100  # notices and refunds that are counted one by one
SHOWN = 12
_SOON = 2  # days


class Job(NamedTuple):
    """Something that needs somebody: when, how grave, what happened, what it is worth, and the one thing to do.

    `whose` says of what it is the worth, where that is not what happened.
    """

    when: Value
    left: Value
    tone: str
    head: Said
    text: tuple[Value, ...]
    worth: Value
    action: Phrase | Said
    link: str
    whose: Value = ""


class Band(NamedTuple):
    """A part of the worklist; `all` says what there is besides, behind `link`."""

    name: Phrase
    jobs: list[Job]
    all: Phrase | Said | None = None
    link: str = ""


class Tile(NamedTuple):
    """A figure that counts real things, and where they are."""

    name: Phrase | str
    value: Value
    unit: Value
    more: Value
    tone: str
    link: str | None


RISK, READY = "/console/lines?view=risk", "/console/lines?view=ready"
NOTICES = "/console/notices"
WEEK, OVERDUE = "/console/supplies?view=week", "/console/supplies?view=overdue"
_LINES = phrases("line", "lines")
_SUPPLIES = phrases("supply", "supplies")
_OF = phrase("of {number}")
_FIRST = phrase("First deadline {day}")
_NO_DEADLINE = Said(phrase("No deadline"))
_SUMS = phrases("{units} in {count}\u00a0order", "{units} in {count}\u00a0orders")
_UNCOUNTED = Said(phrase("More than {most}, and not counted on"), {"most": words.MANY})


def tiles(desk: Desk, waiting: Sequence[Waiting] | None, *, supply: bool) -> Iterator[Tile]:
    """The figures at the head of the page; `waiting` is None for those who may not read it."""
    every = desk.waiting
    sums = _sums(every.orders, every.units, every.lines)
    yield Tile(phrase("Waiting"), words.count(every.lines), _many(_LINES, every.lines), sums, "", "/console/lines")
    risk, share = desk.at_risk, Said(_OF, {"number": words.count(every.lines)})
    sums = _sums(risk.orders, risk.units, risk.lines)
    yield Tile(phrase("Promises at risk"), words.count(risk.lines), share, sums, "", RISK)
    if waiting is not None:
        deadlines = (one.deadline for one in waiting if one.deadline is not None and not _is_good(one))
        first = next((words.last_day(deadline, desk.zone) for deadline in deadlines), None)
        more = _NO_DEADLINE if first is None else Said(_FIRST, {"day": words.weekday(first, desk.day)})
        more = more if waiting else Said(phrase("Nobody is owed anything"))
        tone = "bad" if first is not None and (first - desk.day).days <= _SOON else ""
        count = words.count(len(waiting), WAITING_MAX)
        yield Tile(phrase("Notices and refunds"), count, Said(phrase("to see to")), more, tone, NOTICES)
    if supply:
        number, units = desk.arriving_supplies, _units(desk.arriving_units, desk.arriving_supplies)
        yield Tile(phrase("Arriving in a week"), words.count(number), _many(_SUPPLIES, number), units, "", WEEK)
    ready, units = desk.ready, _units(desk.ready.units, desk.ready.lines)
    yield Tile(phrase("Ready to ship now"), words.count(ready.lines), _many(_LINES, ready.lines), units, "", READY)


def _many(name: Phrase, count: int) -> Said:
    """What is counted beside a number."""
    return Said(name, {"count": count})


def _sums(orders: int, units: int, lines: int) -> Said:
    return _UNCOUNTED if lines > words.MANY else Said(_SUMS, {"count": orders, "units": words.units(units)})


def _units(units: int, many: int) -> Said:
    return _UNCOUNTED if many > words.MANY else words.units(units)


_ALL_OWED, _ALL_AT_RISK = phrase("All {number} notices and refunds"), phrase("All {lines} at risk")


def bands(
    desk: Desk, waiting: Sequence[Waiting] | None, moved: Mapping[str, RevisionView], *, supply: bool
) -> list[Band]:
    """The worklist in its parts, the most urgent first; parts with nothing in them are left out.

    `moved` says of orders what moved their promises last.
    """
    waits = waiting or ()
    read = waits[:WAITING_MAX]
    owed = _owing([one for one in read if not _is_good(one)], moved, desk, more=len(waits) > len(read))
    good = _owing([one for one in read if _is_good(one)], moved, desk, more=len(waits) > len(read))
    every = Said(_ALL_OWED, {"number": words.count(len(waits), WAITING_MAX)})
    whole = len(waits) == len(read) and max(len(owed), len(good)) <= SHOWN
    risk = Said(_ALL_AT_RISK, {"lines": words.lines(desk.at_risk.lines)})
    late = [_late(one, desk.day) for one in desk.late] if supply else []
    found = [
        Band(phrase("A legal or payment deadline"), owed[:SHOWN], None if whole else every, NOTICES),
        Band(phrase("A promise that may not hold"), _dangers(desk.in_danger, desk.day), risk, RISK),
        Band(phrase("Supply that has not come"), late, phrase("All late supply") if desk.more_late else None, OVERDUE),
        Band(phrase("Good news to tell"), good[:SHOWN]),
    ]
    return [band for band in found if band.jobs]


_AT_RISK = phrase("{lines} at risk.")
_OWED = phrases(
    "{number} notice or refund waits for somebody.",
    "{number} notices or refunds wait for somebody.",
)


def lead(desk: Desk, waiting: Sequence[Waiting] | None, parts: Sequence[Band]) -> list[Said]:
    """The state of the morning in a sentence or two."""
    if not desk.items:
        return [Said(phrase("There is nothing to show yet."))]
    if not parts:
        return [Said(phrase("Nothing needs you."))]
    owed, risk = len(waiting or ()), desk.at_risk.lines
    said = [Said(_AT_RISK, {"lines": words.lines(risk)}) if risk else Said(phrase("No promise is in danger."))]
    if owed:
        said.append(Said(_OWED, {"count": owed, "number": words.count(owed, WAITING_MAX)}))
    return said


def _part(text: str) -> str:
    return quote(text, safe="")


def _when(day: date | None, today: date) -> tuple[Value, Value, str]:
    if day is None:
        return Said(phrase("No date")), "", "bad"
    days = (day - today).days
    return words.weekday(day, today), words.left(days), "bad" if days <= _SOON else "warn"


_MUST_GO = phrases("{number} notice must go out", "{number} notices must go out")
_DELAY = phrases("{number} delay notice must go out", "{number} delay notices must go out")
_KINDS = {
    "short": _DELAY,
    "long": _DELAY,
    "delay": _DELAY,
    "renewed": phrases("{number} second delay notice must go out", "{number} second delay notices must go out"),
    "indefinite": phrases("{number} notice without a date must go out", "{number} notices without a date must go out"),
    "better": phrases(
        "{number} notice that it comes sooner can go out", "{number} notices that it comes sooner can go out"
    ),
}
_STATES = {
    "asking": phrases("{number} customer has not answered yet", "{number} customers have not answered yet"),
    "bounced": phrases("{number} notice came back", "{number} notices came back"),
}
_REFUNDS = {
    "due": phrases("{number} refund is due", "{number} refunds are due"),
    "overdue": phrases("{number} refund is overdue", "{number} refunds are overdue"),
}
_TROUBLE = {
    "off": phrases(
        "It does not go by itself: notices are switched off.",
        "They do not go by themselves: notices are switched off.",
    ),
    "no_address": phrases(
        "It does not go by itself: there is no address to send it to.",
        "They do not go by themselves: there is no address to send them to.",
    ),
    "bounced": phrases(
        "It does not go by itself: it came back.",
        "They do not go by themselves: what was sent came back.",
    ),
}
_TROUBLED = phrases("It does not go by itself: {why}.", "They do not go by themselves: {why}.")
_ORDER, _ORDER_OF = phrase("Order {order}"), phrase("Order {order}, {customer}")
_ORDERS, _ORDERS_MORE = phrase("Orders {orders}"), phrase("Orders {orders} and {more} more")
_MONEY_BACK = phrase("{who}. {amount} goes back because of: {cause}.")
_SOMETHING_BACK = phrase("{who}. Money goes back because of: {cause}.")
_UNSHIPPED = phrase("{who}. {units} not shipped yet.")
_BECAUSE = phrase("{what}: {cause}")
_OPEN_IN = phrases("open in {count} order", "open in {count} orders")
_SEE_NOTICE, _SEE_REFUND, _REVIEW = phrase("See the notice"), phrase("See the refund"), phrase("Review {number}")
_NAMED = 3  # orders of several
_VIEWS = {"due": "due", "asking": "asking", "bounced": "trouble"}


def _is_good(one: Waiting) -> bool:
    """Whether it only has to tell that something comes sooner, or as it was told: no law asks for that."""
    return one.what == "notice" and one.kind in {"better", "still"}


def _cause(one: Waiting, moved: Mapping[str, RevisionView]) -> RevisionView | None:
    """What moved the promise that a notice tells of."""
    return moved.get(one.order) if one.what == "notice" and one.kind != "cancelled" else None


def _owing(found: Sequence[Waiting], moved: Mapping[str, RevisionView], desk: Desk, *, more: bool) -> list[Job]:
    """What is owed; what is of one kind for one cause is one thing to see to. `more`: not all were read."""
    groups: dict[tuple[object, ...], list[Waiting]] = {}
    for one in found:
        why = _cause(one, moved)
        on = one.kind if one.what == "refund" else why and (why.cause, why.supply, why.run)
        groups.setdefault((_head(one), one.state, one.trouble, on), []).append(one)
    return [_owed(group, _cause(group[0], moved), desk, more=more) for group in groups.values()]


def _head(one: Waiting) -> Phrase:
    if one.what == "refund":
        return _REFUNDS.get(one.state, _REFUNDS["due"])
    return _STATES.get(one.state) or _KINDS.get(one.kind, _MUST_GO)


def _owed(group: Sequence[Waiting], why: RevisionView | None, desk: Desk, *, more: bool) -> Job:
    first, count = group[0], len(group)
    deadline = None if first.deadline is None else words.last_day(first.deadline, desk.zone)
    when, left, tone = _when(deadline, desk.day)
    if deadline is None:
        when, tone = _NO_DEADLINE, "warn"
    if _is_good(first):
        tone = ""
    values: dict[str, Value] = {"count": count, "number": f"{count}+" if more else count}
    head = Said(_head(first), values)
    if why is not None:
        head = Said(_BECAUSE, {"what": head, "cause": cause(why)})
    if first.what == "refund":
        worth = _total([(one.amount, one.currency) for one in group])
        told = {"who": _who(group), "amount": worth, "cause": words.cause(first.kind)}
        see = _SEE_REFUND if count == 1 else Said(_REVIEW, values)
        link = f"{address('all', first)}#one" if count == 1 else address("refund")
        text = Said(_MONEY_BACK if worth else _SOMETHING_BACK, told)
        return Job(when, left, tone, head, (text,), worth, see, link)
    units = sum({one.order: one.units for one in group}.values())
    said = [Said(_UNSHIPPED, {"who": _who(group), "units": words.units(units)})]
    if first.trouble is not None and first.state != "bounced":
        known = _TROUBLE.get(first.trouble, _TROUBLED)
        said.append(Said(known, {"count": count, "why": words.code(first.trouble)}))
    worth = _total(list({one.order: (one.at_stake, one.currency) for one in group}.values()))
    link = f"{address('all', first)}#one" if count == 1 else address(_VIEWS[first.state])
    see = _SEE_NOTICE if count == 1 else Said(_REVIEW, values)
    whose = Said(_OPEN_IN, {"count": count}) if worth else ""
    return Job(when, left, tone, head, tuple(said), worth, see, link, whose)


def _who(group: Sequence[Waiting]) -> Said:
    """Whose it is: an order and its customer, or the first of several orders."""
    first, named = group[0], list(dict.fromkeys(one.order for one in group))
    if len(named) == 1 and first.customer:
        return Said(_ORDER_OF, {"order": first.order, "customer": first.customer})
    if len(named) == 1:
        return Said(_ORDER, {"order": first.order})
    orders = ", ".join(named[:_NAMED])
    more = len(named) - _NAMED
    return Said(_ORDERS_MORE, {"orders": orders, "more": more}) if more > 0 else Said(_ORDERS, {"orders": orders})


def _total(found: Sequence[tuple[str | None, str | None]]) -> Value:
    """What amounts come to, each with its currency, where all are known and in one currency."""
    currency = found[0][1]
    if currency is None or any(amount is None or other != currency for amount, other in found):
        return ""
    return words.amount(
        money_text(sum(minor_units(amount or "0", currency) for amount, _ in found), currency), currency
    )


_UNHELD = phrase("No supply holds {number} of {units}.")
_ALL_UNHELD = phrase("No supply holds {units}.")
_LATER = phrases(
    "What it stands on can ship on {day}, {count} day later.",
    "What it stands on can ship on {day}, {count} days later.",
)
_FIRST_LATER = phrases(
    "What the first stands on can ship on {day}, {count} day later.",
    "What the first stands on can ship on {day}, {count} days later.",
)
_SHAKY = phrase("It stands on {supplies}, which is overdue or not confirmed.")
_ALL_SHAKY = phrase("They stand on {supplies}, which is overdue or not confirmed.")


def why_at_risk(one: BacklogLine, today: date, *, several: bool = False) -> Said:
    """Why a promise is in danger, in a sentence; it stands for several that stand on the same."""
    line = one.line
    if line.uncovered:
        return Said(_UNHELD, {"number": line.uncovered, "units": words.units(line.waiting)})
    if line.planned is not None and line.promise is not None and line.planned > line.promise:
        days = (line.planned - line.promise).days
        day = words.weekday(line.planned, today)
        return Said(_FIRST_LATER if several else _LATER, {"day": day, "count": days})
    names = ", ".join(dict.fromkeys(peg.supply for peg in line.pegs[:3]))
    return Said(_ALL_SHAKY if several else _SHAKY, {"supplies": names})


def _dangers(found: Sequence[BacklogLine], today: date) -> list[Job]:
    """Lines in danger; those that wait for one item on the same supply are one thing to see to."""
    groups: dict[tuple[str, bool, tuple[str, ...]], list[BacklogLine]] = {}
    for one in found:
        on = tuple(sorted({peg.supply for peg in one.line.pegs}))
        groups.setdefault((one.line.sku, bool(one.line.uncovered), on), []).append(one)
    jobs = [_danger(group[0], today) if len(group) == 1 else _several(group, today) for group in groups.values()]
    return jobs[:SHOWN]


_WAIT = phrase("{lines} wait for {goods}")
_WAITS = phrase("{who} waits for {units}\u00a0of {goods}")


def _several(group: Sequence[BacklogLine], today: date) -> Job:
    first = group[0]
    when, left, tone = _when(first.line.promise, today)
    units = words.units(sum(one.line.waiting for one in group))
    head = Said(_WAIT, {"lines": words.lines(len(group)), "goods": first.item or first.line.sku})
    text: tuple[Value, ...] = (
        Said(phrase("{sku}, {units}."), {"sku": first.line.sku, "units": units}),
        why_at_risk(first, today, several=True),
    )
    if first.line.uncovered:
        unheld = words.units(sum(one.line.uncovered for one in group))
        text = (f"{first.line.sku}.", Said(_ALL_UNHELD, {"units": unheld}))
    link = f"/console/lines?view=risk&sku={_part(first.line.sku)}"
    worth = _total([(one.value, one.currency) for one in group])
    return Job(when, left, tone, head, text, worth, phrase("See the lines"), link)


def _danger(one: BacklogLine, today: date) -> Job:
    line = one.line
    when, left, tone = _when(line.promise, today)
    who = one.customer_name or line.customer or Said(_ORDER, {"order": line.order})
    head = Said(_WAITS, {"who": who, "units": line.waiting, "goods": one.item or line.sku})
    text = (f"{line.order}, {line.sku}.", why_at_risk(one, today))
    worth = words.amount(one.value, one.currency) if one.value is not None and one.currency else ""
    link = f"/console/orders/{_part(line.order)}?line={_part(line.line)}"
    return Job(when, left, tone, head, text, worth, phrase("See why"), link)


_NOT_COME = phrase("{supply} has not come")
_UNCONFIRMED = phrase("{supply} was never confirmed, and has not come")
_TO_COME = phrase("{units} of {goods} at {site}.")
_WAITING_ON = phrases("{lines} with {units} waits on it.", "{lines} with {units} wait on it.")
_DUE = phrase("due {day}")


def _late(one: Coming, today: date) -> Job:
    supply = one.supply
    expected = supply.expected_on
    assert expected is not None, "what is late was expected on a day"
    to_come = words.units(supply.quantity - supply.received - supply.cancelled)
    head = Said(_NOT_COME if supply.confirmed else _UNCONFIRMED, {"supply": supply.supply})
    waits = Said(phrase("Nobody waits on it."))
    if one.lines:
        values: dict[str, Value] = {"lines": words.lines(one.lines), "units": words.units(one.units)}
        waits = Said(_WAITING_ON, {"count": one.lines, **values})
    text = (Said(_TO_COME, {"units": to_come, "goods": one.item or supply.sku, "site": supply.site}), waits)
    link = f"/console/supplies/{_part(supply.supply)}"
    late, due = words.late((today - expected).days), Said(_DUE, {"day": words.day(expected, today)})
    action = phrase("See who waits") if one.lines else phrase("See the supply")
    return Job(late, due, "warn", head, text, "", action, link)
