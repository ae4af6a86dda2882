"""Supplies and items as pages: what there is to know of them, in words."""

from collections.abc import Iterator
from datetime import date

from backorder.adapters.console import plain as words
from backorder.queries.backlog import Tally
from backorder.queries.show import ItemView, SupplyView

_STATES = {
    "stock": "on hand",
    "open": "on its way",
    "overdue": "overdue",
    "received": "received",
    "cancelled": "cancelled",
}
_KINDS = {"stock": "Stock", "purchase": "Purchase order", "transfer": "Transfer", "production": "Production batch"}
# What a form was for, once it was done.
DONE = {
    "receive": "The receipt is booked. Who has units now stands below.",
    "move": "It is expected on another day; the promises on it moved with it.",
    "confirm": "It is confirmed for its day.",
    "again": "This was so already: nothing is booked twice.",
}
_POLICY = {
    "selling": "Selling",
    "coverage": "Promised from",
    "safety_stock": "Safety stock",
    "backorder_cap": "Backorders at most",
    "allow_lead_time": "By lead time",
}


def supply_lead(supply: SupplyView, waits: Tally, today: date) -> str:
    """A supply in a sentence or two."""
    if supply.kind == "stock":
        return f"{words.units(supply.quantity)} of {supply.sku} on hand at {supply.site}; {supply.free:,} free."
    to_come = supply.quantity - supply.received - supply.cancelled
    if not to_come:
        return f"{words.units(supply.quantity)} of {supply.sku} for {supply.site}: {_STATES[supply.state]}."
    when = words.weekday(supply.expected_on, today)
    late = ""
    if supply.state == "overdue" and supply.expected_on is not None:
        late = f", which was {words.left((supply.expected_on - today).days)}"
    waiting = f"{words.lines(waits.lines)} wait on it" if waits.lines else "Nobody waits on it"
    free = f"{supply.free:,} of its {words.units(to_come)} are free"
    return f"{words.units(to_come)} of {supply.sku} for {supply.site}, expected {when}{late}. {waiting}; {free}."


def supply_facts(supply: SupplyView, today: date) -> Iterator[tuple[str, str]]:
    """What there is to know of a supply."""
    yield "Kind", _KINDS.get(supply.kind, supply.kind.replace("_", " "))
    yield "State", _STATES.get(supply.state, supply.state)
    if supply.document is not None:
        yield "Document", supply.document
    if supply.expected_on is not None:
        yield "Expected", words.weekday(supply.expected_on, today)
        yield "Confirmed", "yes" if supply.confirmed else "not yet"
    if supply.available_on is not None:
        yield "Ships from", words.weekday(supply.available_on, today)
    yield "Units", f"{supply.quantity:,}"
    if supply.received:
        yield "Received", f"{supply.received:,}"
    if supply.cancelled:
        yield "Lost on the way" if supply.from_site else "Cancelled", f"{supply.cancelled:,}"
    yield "Held by lines", f"{supply.pegged:,}"
    if supply.from_site is not None:
        yield "From", supply.from_site


def policy(item: ItemView) -> Iterator[tuple[str, str, str]]:
    """An item's policy: what each part is called, what it says, and the level that says it."""
    for one in item.policy:
        if one.value is None:
            continue
        name = _POLICY.get(one.field, one.field.replace("_", " ").capitalize())
        source = "" if one.source == "default" else one.source
        yield name, str(one.value).replace("_", " "), source
