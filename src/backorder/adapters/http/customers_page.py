"""The status page of an order as its customer reads it, for people of the shop: without a link, so none can leak."""

from typing import Annotated

import msgspec
from msgspec import Meta

from backorder.adapters import status as pages
from backorder.adapters.http import body
from backorder.adapters.http.desk import answered, page_route
from backorder.adapters.http.problems import Refusal
from backorder.adapters.http.reads import ask
from backorder.adapters.http.route import Answer, Call, House
from backorder.adapters.status import Place
from backorder.adapters.status.page import page
from backorder.languages import language
from backorder.queries.status import Opened, Status, status, unlinked


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    """In which language; else in the customer's."""

    lang: Annotated[str, Meta(max_length=35)] = ""


async def shown(house: House, call: Call) -> Answer:
    """`GET /console/orders/{order}/customers-page`: what a link to read opens. Nothing can be chosen on it."""
    wanted, now = body.query(call.request, Wanted), house.clock()
    if not call.may("notices.read"):
        raise Refusal(403, "forbidden", "this asks for the permission notices.read")
    opened: Opened | None = await ask(house, unlinked, house.db, call.path("order"))
    found: Status | None = None if opened is None else await ask(house, status, house.db, now, opened)
    if opened is None or found is None:
        raise Refusal(404, "not_found", "there is no order with this id")
    speaks = language(wanted.lang or opened.language, opened.country)
    said = page(found, speaks, now)
    if said.pending is not None:
        said.pending.undo = None  # which is the customer's to press
    return answered(pages.whole(said, Place(None, speaks)))


ROUTES = (
    page_route(
        "/console/orders/{order:str}/customers-page", "customers.read", shown, "An order as its customer reads of it."
    ),
)
