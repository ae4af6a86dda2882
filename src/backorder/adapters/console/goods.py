"""Supplies and items as pages: what there is to know of them, in words."""

from collections.abc import Iterator
from datetime import date

from backorder.adapters.console import words
from backorder.kernel.phrases import Phrase, Said, Value, phrase
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
    "move": phrase("It is expected on another day; the promises on it moved with it."),
    "confirm": phrase("It is confirmed for its day."),
    "again": phrase("This was so already: nothing is booked twice."),
}
_IN_STOCK = phrase("{units} of {sku} on hand at {site}; {free} free.")
_OVER = phrase("{units} of {sku} for {site}: {state}.")
_EXPECTED = phrase("{units} of {sku} for {site}, expected {when}.")
_EXPECTED_LATE = phrase("{units} of {sku} for {site}, expected {when}, which was {ago}.")
_WAITED_FOR = phrase("{lines} wait on it; {free} of its {units} are free.")
_NOT_WAITED_FOR = phrase("Nobody waits on it; {free} of its {units} are free.")


def supply_lead(supply: SupplyView, waits: Tally, today: date) -> list[Said]:
    """A supply in a sentence or two."""
    of: dict[str, Value] = {"units": words.units(supply.quantity), "sku": supply.sku, "site": supply.site}
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


def supply_facts(supply: SupplyView, today: date) -> Iterator[tuple[Phrase, Value]]:
    """What there is to know of a supply."""
    yield phrase("Kind"), Said(_KINDS[supply.kind]) if supply.kind in _KINDS else words.code(supply.kind)
    yield phrase("State"), Said(_STATES[supply.state]) if supply.state in _STATES else supply.state
    if supply.document is not None:
        yield phrase("Document"), supply.document
    if supply.expected_on is not None:
        yield phrase("Expected"), words.weekday(supply.expected_on, today)
        yield phrase("Confirmed"), Said(phrase("yes") if supply.confirmed else phrase("not yet"))
    if supply.available_on is not None:
        yield phrase("Ships from"), words.weekday(supply.available_on, today)
    yield phrase("Units"), supply.quantity
    if supply.received:
        yield phrase("Received"), supply.received
    if supply.cancelled:
        yield phrase("Lost on the way") if supply.from_site else phrase("Cancelled"), supply.cancelled
    yield phrase("Held by lines"), supply.pegged
    if supply.from_site is not None:
        yield phrase("From"), supply.from_site
