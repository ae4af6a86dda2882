"""The route that shows messages as customers would get them; nothing is sent or written."""

from functools import partial
from typing import Annotated

import msgspec
from msgspec import Meta

from backorder.adapters.http import body
from backorder.adapters.http.problems import Refusal
from backorder.adapters.http.reads import PRIVATE, Text, ask
from backorder.adapters.http.route import Answer, Call, House, Route
from backorder.adapters.mail.preview import PREVIEWS, Preview, previews, to_try
from backorder.commands.communication import Own
from backorder.languages import known

_Several = Annotated[list[Annotated[str, Meta(min_length=1, max_length=35)]], Meta(max_length=50)]


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    """Which messages: kinds and languages, all where none are named; of an order, or of a made up one.

    `opening` and `closing` are wordings to try: nothing is kept.
    """

    kind: _Several = []
    language: _Several = []
    order: Text | None = None
    opening: Own | None = None
    closing: Own | None = None


async def show(house: House, call: Call) -> Answer:
    """`GET /v1/notices/preview`. The customer's name stands in them only for callers who may read it."""
    wanted = body.query(call.request, Wanted)
    for field, said, there in (("kind", wanted.kind, PREVIEWS), ("language", wanted.language, known())):
        foreign = next((one for one in said if one not in there), None)
        if foreign is not None:
            raise Refusal(400, "invalid_parameter", f"{foreign} is none: use {', '.join(there)}", field=field)
    tried, wrong = to_try(wanted.kind, wanted.language, wanted.opening, wanted.closing)
    if wrong is not None:
        raise Refusal(400, "invalid_parameter", wrong[1], field=wrong[0])
    question = partial(
        previews,
        house.db,
        house.clock(),
        wanted.order,
        list(dict.fromkeys(wanted.kind)),
        list(dict.fromkeys(wanted.language)),
        tried=tried,
        named=call.may("customers.read"),
    )
    found: list[Preview] | None = await ask(house, question)
    if found is None:
        raise Refusal(404, "not_found", "there is no order with this id", field="order")
    return Answer(found, headers=PRIVATE)


ROUTES = (
    Route(
        "GET",
        "/v1/notices/preview",
        "notices.read",
        show,
        "Messages as customers would get them, with an order's data or made up ones; nothing is sent or written.",
        list[Preview],
        None,
        Wanted,
    ),
)
