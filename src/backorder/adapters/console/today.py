"""The worklist of the day: what happened, by when it has to be seen to, what it is worth, and where to go."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple
from urllib.parse import quote

from backorder.adapters.console import plain as words
from backorder.adapters.console.waiting import address
from backorder.kernel.money import minor_units
from backorder.kernel.money import text as money_text
from backorder.queries.backlog import BacklogLine
from backorder.queries.desk import Coming, Desk
from backorder.queries.notices import Waiting

WAITING_MAX = 100  # notices and refunds that are counted one by one
SHOWN = 12
_SOON = 2  # days


class Job(NamedTuple):
    """Something that needs somebody: when, how grave, what happened, what it is worth, and the one thing to do."""

    when: str
    left: str
    tone: str
    head: str
    text: str
    worth: str
    action: str
    link: str


class Tile(NamedTuple):
    """A figure that counts real things, and where they are."""

    name: str
    value: str
    unit: str
    more: str
    tone: str
    link: str | None


def tiles(desk: Desk, waiting: Sequence[Waiting] | None, *, supply: bool) -> Iterator[Tile]:
    """The figures at the head of the page; `waiting` is None for those who may not read it."""
    all_lines = desk.waiting
    yield Tile(
        "Waiting",
        words.count(all_lines.lines),
        "line" if all_lines.lines == 1 else "lines",
        _sums(all_lines.orders, all_lines.units, all_lines.lines),
        "",
        "/console/lines",
    )
    risk = desk.at_risk
    share = f"of {words.count(all_lines.lines)}"
    yield Tile("Promises at risk", words.count(risk.lines), share, _sums(risk.orders, risk.units, risk.lines), "", RISK)
    if waiting is not None:
        count = f"{WAITING_MAX}+" if len(waiting) > WAITING_MAX else str(len(waiting))
        deadlines = (one.deadline for one in waiting if one.deadline is not None)
        first = next((words.last_day(deadline, desk.zone) for deadline in deadlines), None)
        more = "No deadline" if first is None else f"First deadline {words.weekday(first, desk.day)}"
        tone = "bad" if first is not None and (first - desk.day).days <= _SOON else ""
        yield Tile(
            "Notices and refunds", count, "to see to", more if waiting else "Nobody is owed anything", tone, NOTICES
        )
    if supply:
        name = "supply" if desk.arriving_supplies == 1 else "supplies"
        yield Tile(
            "Arriving in a week", f"{desk.arriving_supplies:,}", name, words.units(desk.arriving_units), "", None
        )
    ready = desk.ready
    name = "line" if ready.lines == 1 else "lines"
    yield Tile("Ready to ship now", words.count(ready.lines), name, words.units(ready.units), "", READY)


RISK, READY = "/console/lines?view=risk", "/console/lines?view=ready"
NOTICES = "/console/notices"


def _sums(orders: int, units: int, lines: int) -> str:
    if lines > words.MANY:
        return f"More than {words.MANY:,}, and not counted on"
    return f"{words.units(units)} in {orders:,}\u00a0order{'' if orders == 1 else 's'}"


def bands(desk: Desk, waiting: Sequence[Waiting] | None, *, supply: bool) -> list[tuple[str, list[Job]]]:
    """The worklist in its parts, the most urgent first; parts with nothing in them are left out."""
    found = [("A legal or payment deadline", [_owed(one, desk.day, desk.zone) for one in (waiting or ())[:SHOWN]])]
    found.append(("A promise that may not hold", _dangers(desk.in_danger, desk.day)))
    if supply:
        found.append(("Supply that has not come", [_late(one, desk.day) for one in desk.late]))
    return [(name, jobs) for name, jobs in found if jobs]


def lead(desk: Desk, waiting: Sequence[Waiting] | None, parts: Sequence[tuple[str, list[Job]]]) -> str:
    """The state of the morning in a sentence or two."""
    if not desk.items:
        return "There is nothing to show yet."
    if not parts:
        return "Nothing needs you."
    owed, risk = len(waiting or ()), desk.at_risk.lines
    said = [f"{words.lines(risk)} at risk." if risk else "No promise is in danger."]
    if owed:
        count = f"{WAITING_MAX}+" if owed > WAITING_MAX else str(owed)
        said.append(f"{count} notice{'' if owed == 1 else 's'} or refunds wait for somebody.")
    return " ".join(said)


def _part(text: str) -> str:
    return quote(text, safe="")


def _when(day: date | None, today: date) -> tuple[str, str, str]:
    if day is None:
        return "No date", "", "bad"
    days = (day - today).days
    return words.weekday(day, today), words.left(days), "bad" if days <= _SOON else "warn"


_KINDS = {
    "first": "A delay notice must go out",
    "renewed": "A second delay notice must go out",
    "definite": "A delay notice must go out",
    "indefinite": "A notice without a date must go out",
}
_TROUBLE = {
    "off": "notices are switched off",
    "no_address": "there is no address to send it to",
    "bounced": "it came back",
}


def _owed(one: Waiting, today: date, zone: str) -> Job:
    deadline = None if one.deadline is None else words.last_day(one.deadline, zone)
    when, left, tone = _when(deadline, today)
    if deadline is None:
        when, tone = "No deadline", "warn"
    who = f"Order {one.order}" + (f", {one.customer}" if one.customer else "")
    link = address("all", one)
    if one.what == "refund":
        amount = f"{one.currency} {one.amount}" if one.amount and one.currency else ""
        head = "A refund is overdue" if one.state == "overdue" else "A refund is due"
        text = f"{who}. {amount + ' goes' if amount else 'Money goes'} back because of: {one.kind.replace('_', ' ')}."
        return Job(when, left, tone, head, text, amount, "See the refund", f"{link}#one")
    head = {
        "asking": "A customer has not answered yet",
        "bounced": "A notice came back",
    }.get(one.state, _KINDS.get(one.kind, "A notice must go out"))
    trouble = "" if one.trouble is None or one.state == "bounced" else _why(one.trouble)
    text = f"{who}. {words.units(one.units)} not shipped yet.{trouble}"
    worth = f"{one.currency} {one.at_stake}" if one.at_stake is not None and one.currency else ""
    return Job(when, left, tone, head, text, worth, "See the notice", f"{link}#one")


def _why(trouble: str) -> str:
    said = _TROUBLE.get(trouble, trouble.replace("_", " "))
    return f" It does not go by itself: {said}."


def why_at_risk(one: BacklogLine, today: date) -> str:
    """Why a promise is in danger, in a sentence."""
    line = one.line
    if line.uncovered:
        return f"No supply holds {line.uncovered:,} of {words.units(line.waiting)}."
    if line.planned is not None and line.promise is not None and line.planned > line.promise:
        days = (line.planned - line.promise).days
        later = f"{days} day{'' if days == 1 else 's'} later"
        return f"What it stands on can ship on {words.weekday(line.planned, today)}, {later}."
    names = ", ".join(dict.fromkeys(peg.supply for peg in line.pegs[:3]))
    return f"It stands on {names}, which is overdue or not confirmed."


def _dangers(found: Sequence[BacklogLine], today: date) -> list[Job]:
    """Lines in danger; those that wait for one item on the same supply are one thing to see to."""
    groups: dict[tuple[str, bool, tuple[str, ...]], list[BacklogLine]] = {}
    for one in found:
        on = tuple(sorted({peg.supply for peg in one.line.pegs}))
        groups.setdefault((one.line.sku, bool(one.line.uncovered), on), []).append(one)
    jobs = [_danger(group[0], today) if len(group) == 1 else _several(group, today) for group in groups.values()]
    return jobs[:SHOWN]


def _several(group: Sequence[BacklogLine], today: date) -> Job:
    first = group[0]
    when, left, tone = _when(first.line.promise, today)
    units = sum(one.line.waiting for one in group)
    head = f"{words.lines(len(group))} wait for {first.item or first.line.sku}"
    text = f"{first.line.sku}, {words.units(units)}. {why_at_risk(first, today)}"
    text = text.replace("What it stands on", "What the first stands on").replace("It stands", "They stand")
    if first.line.uncovered:
        text = f"{first.line.sku}. No supply holds {words.units(sum(one.line.uncovered for one in group))}."
    link = f"/console/lines?view=risk&sku={_part(first.line.sku)}"
    return Job(when, left, tone, head, text, _worth(group), "See the lines", link)


def _worth(group: Sequence[BacklogLine]) -> str:
    """What lines come to, where every value is known and in one currency."""
    currencies = {one.currency for one in group}
    if len(currencies) != 1 or any(one.value is None or one.currency is None for one in group):
        return ""
    currency = group[0].currency or ""
    total = sum(minor_units(one.value or "0", currency) for one in group)
    return f"{currency} {money_text(total, currency)}"


def _danger(one: BacklogLine, today: date) -> Job:
    line = one.line
    when, left, tone = _when(line.promise, today)
    who = one.customer_name or line.customer
    goods = one.item or line.sku
    head = f"{who or 'Order ' + line.order} waits for {line.waiting:,}\u00a0of {goods}"
    text = f"{line.order}, {line.sku}. {why_at_risk(one, today)}"
    worth = f"{one.currency} {one.value}" if one.value is not None and one.currency else ""
    return Job(
        when, left, tone, head, text, worth, "See why", f"/console/orders/{_part(line.order)}?line={_part(line.line)}"
    )


def _late(one: Coming, today: date) -> Job:
    supply = one.supply
    expected = supply.expected_on
    assert expected is not None, "what is late was expected on a day"
    to_come = supply.quantity - supply.received - supply.cancelled
    head = (
        f"{supply.supply} has not come"
        if supply.confirmed
        else f"{supply.supply} was never confirmed, and has not come"
    )
    waits = (
        f"{words.lines(one.lines)} with {words.units(one.units)} wait on it." if one.lines else "Nobody waits on it."
    )
    text = f"{words.units(to_come)} of {supply.sku} at {supply.site}. {waits}"
    link = f"/console/supplies/{_part(supply.supply)}"
    late, due = words.late((today - expected).days), f"due {words.day(expected, today)}"
    return Job(late, due, "warn", head, text, "", "See who waits" if one.lines else "See the supply", link)
