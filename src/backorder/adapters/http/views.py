"""The route that lists views of the backlog: one's own, and those that others share."""

from functools import partial

import msgspec

from backorder.adapters.http import body
from backorder.adapters.http.reads import Page, ask, cursor, page
from backorder.adapters.http.route import Answer, Call, House
from backorder.queries.views import SavedView, list_views


class Views(msgspec.Struct):
    """A page of views."""

    items: list[SavedView]
    next: str | None


async def views(house: House, call: Call) -> Answer:
    """`GET /v1/views`: what the caller may use."""
    wanted = body.query(call.request, Page)
    place = cursor(wanted.after, 1)
    after = "" if place is None else place[0]
    asked = partial(list_views, house.db, call.caller.account, limit=wanted.limit + 1, after=after)
    return page(Views, await ask(house, asked), wanted.limit, lambda one: [one.view])
