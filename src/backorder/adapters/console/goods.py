"""Supplies and items as pages: what there is to know of them, in words."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple
from urllib.parse import urlencode

from backorder.adapters.console import words
from backorder.kernel.calendars import moment_number
from backorder.kernel.phrases import Phrase, Said, Value, phrase, phrases
from backorder.queries.arriving import About, Gone, Turn
from backorder.queries.backlog import Tally
from backorder.queries.show import SupplyView

_STATES = {
    "stock": phrase("on hand"),
    "open": phrase("on its way"),
    "overdue": phrase("overdue"),
    "received": phrase("received"),
    "cancelled": phrase("cancelled"),
}
_KINDS = {
    "stock": phrase("Stock"),
    "purchase": phrase("Purchase order"),
    "transfer": phrase("Transfer"),
    "production": phrase("Production batch"),
}
# What a form was for, once it was done.
DONE = {
    "receive": phrase("The receipt is booked. Who has units now stands below."),
    "move": phrase("It is expected on another day."),
    "confirm": phrase("It is confirmed for its day."),
    "again": phrase("This was so already: nothing is booked twice."),
}
_IN_STOCK = phrase("{units} of {item} on hand at {site}; {free} free.")
_OVER = phrase("{units} of {item} for {site}: {state}.")
_EXPECTED = phrase("{units} of {item} for {site}, expected {when}.")
_EXPECTED_LATE = phrase("{units} of {item} for {site}, expected {when}, which was {ago}.")
_WAITED_FOR = phrase("{lines} wait on it; {free} of its {units} are free.")
_NOT_WAITED_FOR = phrase("Nobody waits on it; {free} of its {units} are free.")
_FROM, _NAMED = phrase("{supply} from {supplier}"), phrase("{name} ({code})")


def _called(name: str | None, code: str) -> Value:
    """What is called by a name, and by a code where people look for that."""
    return code if name is None or name == code else Said(_NAMED, {"name": name, "code": code})


def supply_name(supply: SupplyView, about: About) -> Value:
    """What a supply is called: its id, and whom it comes from."""
    whose = about.supplier_name or about.supplier or supply.from_site
    return supply.supply if whose is None else Said(_FROM, {"supply": supply.supply, "supplier": whose})


def supply_lead(supply: SupplyView, about: About, waits: Tally, today: date) -> list[Said]:
    """A supply in a sentence or two."""
    item = _called(about.item, supply.sku)
    of: dict[str, Value] = {"units": words.units(supply.quantity), "item": item, "site": supply.site}
    if supply.kind == "stock":
        return [Said(_IN_STOCK, of | {"free": supply.free})]
    to_come = supply.quantity - supply.received - supply.cancelled
    if not to_come:
        return [Said(_OVER, of | {"state": Said(_STATES[supply.state])})]
    of |= {"units": words.units(to_come), "when": words.weekday(supply.expected_on, today)}
    expected = Said(_EXPECTED, of)
    if supply.state == "overdue" and supply.expected_on is not None:
        expected = Said(_EXPECTED_LATE, of | {"ago": words.left((supply.expected_on - today).days)})
    free: dict[str, Value] = {"free": supply.free, "units": words.units(to_come)}
    if waits.lines:
        return [expected, Said(_WAITED_FOR, free | {"lines": words.lines(waits.lines)})]
    return [expected, Said(_NOT_WAITED_FOR, free)]


def supply_facts(supply: SupplyView, about: About, today: date) -> Iterator[tuple[Phrase, Value]]:
    """What there is to know of a supply, but for its days while it is to come."""
    yield phrase("Kind"), Said(_KINDS[supply.kind]) if supply.kind in _KINDS else words.code(supply.kind)
    yield phrase("State"), Said(_STATES[supply.state]) if supply.state in _STATES else supply.state
    if about.supplier is not None:
        yield phrase("Supplier"), _called(about.supplier_name, about.supplier)
    if supply.document is not None:
        yield phrase("Document"), supply.document
    if supply.expected_on is not None and supply.state not in _TO_COME:
        yield phrase("Expected"), words.weekday(supply.expected_on, today)
    yield phrase("Units"), supply.quantity
    if supply.received:
        yield phrase("Received"), supply.received
    if supply.cancelled:
        yield phrase("Lost on the way") if supply.from_site else phrase("Cancelled"), supply.cancelled
    yield phrase("Held by lines"), supply.pegged
    if supply.from_site is not None:
        yield phrase("From"), supply.from_site


_TO_COME = {"open", "overdue"}
_LATE, _CONFIRMED_DAY = phrase("{day}, {late}"), phrase("yes, for {day}")
_COUNTED = phrase("{day}, until somebody says more")


def supply_days(supply: SupplyView, about: About, today: date) -> Iterator[tuple[Phrase, Value, str]]:
    """When a supply that is to come will come, as far as that is known: what, the day, and the tone to say it in."""
    if supply.state not in _TO_COME or supply.expected_on is None:
        return
    expected = words.weekday(supply.expected_on, today)
    if about.ordered_on is not None:
        yield phrase("Ordered"), words.weekday(about.ordered_on, today), ""
    late = (today - supply.expected_on).days if supply.state == "overdue" else 0
    said = Said(_LATE, {"day": expected, "late": words.late(late)}) if late > 0 else expected
    yield phrase("Expected"), said, "warn" if late > 0 else ""
    confirmed = Said(_CONFIRMED_DAY, {"day": expected}) if supply.confirmed else Said(phrase("not yet"))
    yield phrase("Confirmed"), confirmed, ""
    if supply.available_on is not None and supply.available_on != supply.expected_on:
        planned = words.weekday(supply.available_on, today)
        yield phrase("Planned with"), Said(_COUNTED, {"day": planned}) if late > 0 else planned, ""


class Turned(NamedTuple):
    """Something that happened to a supply: when, what, and who did it, where that is known."""

    at: datetime
    said: Said
    who: str | None


_TURNS = {
    "supply_announced": phrase("Announced for {day}"),
    "supply_rescheduled": phrase("Moved to {day}"),
    "supply_confirmed": phrase("Confirmed for {day}"),
}
_TURNED_FROM = {
    "supply_rescheduled": phrase("Moved from {before} to {day}"),
    "supply_confirmed": phrase("Confirmed for {day}, instead of {before}"),
}
_RECEIVED, _CANCELLED = phrase("Received: {units}"), phrase("Cancelled")


def history(turns: Sequence[Turn], who: Mapping[int, str], today: date) -> Iterator[Turned]:
    """What was told of a supply, the newest first, each with the day that it had before; `who` by the moment."""
    for n, one in enumerate(turns):
        before = next((earlier.day for earlier in turns[n + 1 :] if earlier.day is not None), None)
        yield Turned(one.at, _turned(one, before, today), who.get(moment_number(one.at)))


def _turned(turn: Turn, before: date | None, today: date) -> Said:
    if turn.kind == "supply_received":
        return Said(_RECEIVED, {"units": words.units(turn.quantity or 0)})
    if turn.day is None or turn.kind not in _TURNS:
        return Said(_CANCELLED)
    days: dict[str, Value] = {"day": words.weekday(turn.day, today)}
    if before is None or before == turn.day or turn.kind not in _TURNED_FROM:
        return Said(_TURNS[turn.kind], days)
    return Said(_TURNED_FROM[turn.kind], days | {"before": words.weekday(before, today)})


_MOVED = {"move": phrase("It is expected on {day} now."), "confirm": phrase("It is confirmed for {day}.")}
_NO_PROMISE = Said(phrase("No promise moved with it."))
_PROMISES_MOVED = phrases("{count} promise moved", "{count} promises moved")
_LATER = phrases("{count} promise is later", "{count} promises are later")
_AT_LEAST = phrase("{promises} at least")
_LATEST, _ONLY_SO_MANY = phrase("{promises}, the latest to {day}."), phrase("{promises}.")
_ELSEWHERE = phrases("{count} line stands on other supply now.", "{count} lines stand on other supply now.")
_NO_DAY_LEFT = phrases("{count} line has no date any more.", "{count} lines have no date any more.")
_TO_TELL = phrases("{count} customer is to be told.", "{count} customers are to be told.")


def moved(word: str, supply: SupplyView, gone: Gone | None, today: date) -> list[Said]:
    """What a change of a supply's day did, in sentences."""
    found = [Said(_MOVED[word], {"day": words.weekday(supply.expected_on, today)})]
    if gone is None or not gone.lines:
        return found if gone is None else [*found, _NO_PROMISE]
    some = _LATER if gone.later == gone.lines else _PROMISES_MOVED
    promises: Value = Said(some, {"count": gone.lines})
    if gone.more:
        promises = Said(_AT_LEAST, {"promises": promises})
    if gone.latest is None:
        found.append(Said(_ONLY_SO_MANY, {"promises": promises}))
    else:
        found.append(Said(_LATEST, {"promises": promises, "day": words.day(gone.latest, today)}))
    counts = (_NO_DAY_LEFT, gone.undated), (_ELSEWHERE, gone.elsewhere), (_TO_TELL, gone.to_tell)
    return [*found, *(Said(said, {"count": count}) for said, count in counts if count)]


def ways(supply: SupplyView, gone: Gone | None) -> Iterator[tuple[tuple[Phrase, str], str]]:
    """Where to look at what a change did: what the link says and where it leads, and the permission that this asks."""
    if gone is not None and gone.lines:
        lines = f"/console/lines?{urlencode({'sku': supply.sku, 'sort': 'promise', 'down': 'yes'})}"
        yield (phrase("See the lines"), lines), "orders.read"
    if gone is not None and gone.to_tell:
        yield (phrase("See the notices"), "/console/notices?view=due"), "notices.read"
