"""The routes for webhooks: the endpoints as they fare, and a new secret, which is shown once."""

from functools import partial

import msgspec

from backorder.adapters.http.listings import listing
from backorder.adapters.http.problems import Refusal
from backorder.adapters.http.reads import PRIVATE, Page, ask, one
from backorder.adapters.http.route import Answer, Call, House
from backorder.commands.webhooks import Missing, rotate_secret
from backorder.queries import webhooks


class Webhooks(msgspec.Struct):
    """A page of endpoints."""

    items: list[webhooks.WebhookView]
    next: str | None


class Secret(msgspec.Struct):
    """A new secret. It is shown this once; the one before signs beside it for a day."""

    secret: str


async def rotate(house: House, call: Call) -> Answer:
    """`POST /v1/webhooks/{webhook}/rotate`: the answer has the secret, this once."""
    return Answer(Secret(await drawn(house, call, call.path("webhook"))), 201, PRIVATE)


async def drawn(house: House, call: Call, name: str) -> str:
    """A new secret for an endpoint, drawn for the caller. Raises a refusal where there is no such endpoint."""
    by = call.caller
    asked = partial(rotate_secret, house.db, house.clock(), name, by=by.account, role=by.role, request=call.id)
    try:
        secret: str = await ask(house, asked)
    except Missing as error:
        raise Refusal(404, "unknown_webhook", str(error)) from error
    return secret


WEBHOOKS = listing(Webhooks, webhooks.list_webhooks, Page, "webhook")
WEBHOOK = one(webhooks.webhook, "webhook")
