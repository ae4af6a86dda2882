"""The worklist of the day: what happened, by when it has to be seen to, what it is worth, and where to go."""

from collections.abc import Iterator, Sequence
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
from backorder.queries.notices import Waiting

WAITING_MAX = 100  # notices and refunds that are counted one by one
SHOWN = 12
_SOON = 2  # days


class Job(NamedTuple):
    """Something that needs somebody: when, how grave, what happened, what it is worth, and the one thing to do."""

    when: Value
    left: Value
    tone: str
    head: Said
    text: tuple[Value, ...]
    worth: Value
    action: Phrase
    link: str


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
        deadlines = (one.deadline for one in waiting if one.deadline is not None)
        first = next((words.last_day(deadline, desk.zone) for deadline in deadlines), None)
        more = _NO_DEADLINE if first is None else Said(_FIRST, {"day": words.weekday(first, desk.day)})
        more = more if waiting else Said(phrase("Nobody is owed anything"))
        tone = "bad" if first is not None and (first - desk.day).days <= _SOON else ""
        count = words.count(len(waiting), WAITING_MAX)
        yield Tile(phrase("Notices and refunds"), count, Said(phrase("to see to")), more, tone, NOTICES)
    if supply:
        count, units = desk.arriving_supplies, words.units(desk.arriving_units)
        yield Tile(phrase("Arriving in a week"), count, _many(_SUPPLIES, count), units, "", None)
    ready, units = desk.ready, words.units(desk.ready.units)
    yield Tile(phrase("Ready to ship now"), words.count(ready.lines), _many(_LINES, ready.lines), units, "", READY)


def _many(name: Phrase, count: int) -> Said:
    """What is counted beside a number."""
    return Said(name, {"count": count})


def _sums(orders: int, units: int, lines: int) -> Said:
    return _UNCOUNTED if lines > words.MANY else Said(_SUMS, {"count": orders, "units": words.units(units)})


def bands(desk: Desk, waiting: Sequence[Waiting] | None, *, supply: bool) -> list[tuple[Phrase, list[Job]]]:
    """The worklist in its parts, the most urgent first; parts with nothing in them are left out."""
    owed = [_owed(one, desk.day, desk.zone) for one in (waiting or ())[:SHOWN]]
    found = [
        (phrase("A legal or payment deadline"), owed),
        (phrase("A promise that may not hold"), _dangers(desk.in_danger, desk.day)),
    ]
    if supply:
        found.append((phrase("Supply that has not come"), [_late(one, desk.day) for one in desk.late]))
    return [(name, jobs) for name, jobs in found if jobs]


_AT_RISK = phrase("{lines} at risk.")
_OWED = phrases(
    "{number} notice or refund waits for somebody.",
    "{number} notices or refunds wait for somebody.",
)


def lead(desk: Desk, waiting: Sequence[Waiting] | None, parts: Sequence[tuple[Phrase, list[Job]]]) -> list[Said]:
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


_KINDS = {
    "renewed": phrase("A second delay notice must go out"),
    "indefinite": phrase("A notice without a date must go out"),
    **dict.fromkeys(("short", "long", "delay"), phrase("A delay notice must go out")),
}
_TROUBLE = {
    "off": phrase("It does not go by itself: notices are switched off."),
    "no_address": phrase("It does not go by itself: there is no address to send it to."),
    "bounced": phrase("It does not go by itself: it came back."),
}
_TROUBLED = phrase("It does not go by itself: {why}.")
_ORDER, _ORDER_OF = phrase("Order {order}"), phrase("Order {order}, {customer}")
_MONEY_BACK = phrase("{who}. {amount} goes back because of: {cause}.")
_SOMETHING_BACK = phrase("{who}. Money goes back because of: {cause}.")
_UNSHIPPED = phrase("{who}. {units} not shipped yet.")


def _owed(one: Waiting, today: date, zone: str) -> Job:
    deadline = None if one.deadline is None else words.last_day(one.deadline, zone)
    when, left, tone = _when(deadline, today)
    if deadline is None:
        when, tone = _NO_DEADLINE, "warn"
    who = Said(_ORDER, {"order": one.order})
    if one.customer:
        who = Said(_ORDER_OF, {"order": one.order, "customer": one.customer})
    link = f"{address('all', one)}#one"
    if one.what == "refund":
        amount = words.amount(one.amount, one.currency) if one.amount and one.currency else ""
        head = phrase("A refund is overdue") if one.state == "overdue" else phrase("A refund is due")
        back = _MONEY_BACK if amount else _SOMETHING_BACK
        text = Said(back, {"who": who, "amount": amount, "cause": words.cause(one.kind)})
        return Job(when, left, tone, Said(head), (text,), amount, phrase("See the refund"), link)
    head = {
        "asking": phrase("A customer has not answered yet"),
        "bounced": phrase("A notice came back"),
    }.get(one.state) or _KINDS.get(one.kind, phrase("A notice must go out"))
    text = Said(_UNSHIPPED, {"who": who, "units": words.units(one.units)})
    why = () if one.trouble is None or one.state == "bounced" else (_why(one.trouble),)
    worth = words.amount(one.at_stake, one.currency) if one.at_stake is not None and one.currency else ""
    return Job(when, left, tone, Said(head), (text, *why), worth, phrase("See the notice"), link)


def _why(trouble: str) -> Said:
    found = _TROUBLE.get(trouble)
    return Said(_TROUBLED, {"why": words.code(trouble)}) if found is None else Said(found)


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
    return Job(when, left, tone, head, text, _worth(group), phrase("See the lines"), link)


def _worth(group: Sequence[BacklogLine]) -> Value:
    """What lines come to, where every value is known and in one currency."""
    currencies = {one.currency for one in group}
    if len(currencies) != 1 or any(one.value is None or one.currency is None for one in group):
        return ""
    currency = group[0].currency or ""
    return words.amount(money_text(sum(minor_units(one.value or "0", currency) for one in group), currency), currency)


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
_TO_COME = phrase("{units} of {sku} at {site}.")
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
    text = (Said(_TO_COME, {"units": to_come, "sku": supply.sku, "site": supply.site}), waits)
    link = f"/console/supplies/{_part(supply.supply)}"
    late, due = words.late((today - expected).days), Said(_DUE, {"day": words.day(expected, today)})
    action = phrase("See who waits") if one.lines else phrase("See the supply")
    return Job(late, due, "warn", head, text, "", action, link)
