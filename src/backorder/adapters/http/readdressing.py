"""Where an order goes to and whom it reaches, from its page: what else the law asks there is shown beforehand."""

from collections.abc import Mapping
from typing import Any

import msgspec

from backorder.adapters.console import settings
from backorder.adapters.console.changing import CONTACT
from backorder.adapters.http.forms import give, refuses, sentence
from backorder.adapters.http.reads import ask
from backorder.adapters.http.route import Call, House
from backorder.commands import decode
from backorder.commands.changes import ChangeOrder, unfit
from backorder.kernel.outcomes import Outcome
from backorder.kernel.phrases import Said, phrase
from backorder.queries import catalogue
from backorder.queries.catalogue import CustomerView
from backorder.queries.destinations import Destination, destined

_MEANWHILE = phrase("Somebody changed this meanwhile: {field} is now {value}. Look at it, and send yours again.")
_NOBODY = phrase("The order has no customer.")


async def readdress(house: House, call: Call, order: str, told: Mapping[str, str]) -> Said | Destination | None:
    """Let an order go elsewhere; what is wrong, or the place whose law would begin and was not looked at yet."""
    place = {name: told[name] for name in ("country", "region", "zone") if name in told}
    more = {name: told[name] for name in ("reason", "by") if name in told}
    command: dict[str, Any] = {"do": "change_order", "order": order, "ship_to": place, **more}
    read = decode(msgspec.json.encode(command))
    wrong = read if isinstance(read, Outcome) else unfit(read) if isinstance(read, ChangeOrder) else None
    if wrong is not None:
        return sentence(wrong)
    there: Destination = await ask(
        house, destined, house.db, order, (place.get("country"), place.get("region"), place.get("zone"))
    )
    if told.get("law", "") != " ".join(there.begins):
        return there
    outcome = await give(house, call, command)
    return sentence(outcome) if refuses(outcome) else None


async def reach(house: House, call: Call, customer: str | None, typed: Mapping[str, str]) -> Said | None:
    """Say by which name, address and language a customer is reached; what is wrong, if anything."""
    there: CustomerView | None = None
    if customer is not None and call.may("customers.read"):
        there = await ask(house, catalogue.customer, house.db, customer)
    if there is None:
        return Said(_NOBODY)
    now = {name: getattr(there, name) or "" for name in CONTACT}
    changed = settings.news(typed.get("was", ""), now, CONTACT)
    if changed:
        return Said(_MEANWHILE, {"field": Said(changed[0].said), "value": changed[0].now})
    said = {name: typed[name].strip() or None for name in CONTACT if name in typed}
    outcome = await give(house, call, {"do": "put_customer", "customer": customer, **said})
    return sentence(outcome) if refuses(outcome) else None
