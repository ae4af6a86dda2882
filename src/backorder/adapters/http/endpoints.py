"""The console's tab of webhooks over HTTP: endpoints, what came of the last attempts, and the forms to see to them."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import msgspec

from backorder.adapters.console import settings
from backorder.adapters.console.settings import Once
from backorder.adapters.http import body
from backorder.adapters.http.callers import from_here
from backorder.adapters.http.configuring import SHOWN, following, place, tab
from backorder.adapters.http.desk import Text, answered, page_route
from backorder.adapters.http.forms import fields, give, refuses, sentence, strange
from backorder.adapters.http.reads import Cursor, ask
from backorder.adapters.http.route import Answer, Call, House, Route
from backorder.adapters.http.webhooks import drawn
from backorder.kernel.phrases import Said, phrase
from backorder.queries import webhooks

# The fields of each form, besides the name: what is left empty is not said.
_FIELDS = {
    "put_webhook": ("url", "events"),
    "disable_webhook": ("reason",),
    "enable_webhook": (),
    "test_webhook": (),
    "replay_webhook": ("event", "until"),
}
_ROTATE = "rotate"
_NUMBERS = {
    "event": Said(phrase("Give the first event by its number.")),
    "until": Said(phrase("Give the last event by its number.")),
}
_NEW = phrase("The new secret of {endpoint}.")
_BESIDE = phrase("The one before signs beside it for a day.")


class WebhooksPage(msgspec.Struct, forbid_unknown_fields=True):
    """Which endpoint is looked at, and where the list begins."""

    webhook: Text = ""
    done: Text = ""
    after: Cursor | None = None


async def listed(house: House, call: Call) -> Answer:
    """`GET /console/settings/webhooks`: the endpoints, and what came of the last attempts to reach one."""
    return await _shown(house, call, body.query(call.request, WebhooksPage))


async def see_to(house: House, call: Call) -> Answer:
    """`POST /console/settings/webhooks`: one of the forms; a new secret is shown on the page that answers."""
    from_here(call.request)
    typed = await fields(call)
    word, name = typed.get("do", ""), typed.get("webhook", "").strip()
    asked = WebhooksPage(webhook=name[:200])
    if word == _ROTATE:
        secret = await drawn(house, call, name)
        return await _shown(house, call, asked, once=Once(Said(_NEW, {"endpoint": name}), secret, _BESIDE))
    if word not in _FIELDS:
        raise strange()
    said = _said(word, name, typed)
    wrong = said if isinstance(said, Said) else None
    if not isinstance(said, Said):
        outcome = await give(house, call, said)
        wrong = sentence(outcome) if refuses(outcome) else None
    if wrong is not None:
        asked = WebhooksPage() if typed.get("new") else asked
        return await _shown(house, call, asked, typed=typed, wrong=wrong, status=422)
    return answered(b"", 303, {"Location": settings.address(settings.WEBHOOKS, webhook=name, done=word)})


def _said(word: str, name: str, typed: Mapping[str, str]) -> dict[str, Any] | Said:
    """The command that a form means; or what is wrong with it."""
    said: dict[str, Any] = {field: typed[field].strip() for field in _FIELDS[word] if typed.get(field, "").strip()}
    if "events" in said:
        said["events"] = said["events"].replace(",", " ").split()
    for field in _NUMBERS.keys() & said.keys():
        if not (said[field].isascii() and said[field].isdecimal() and len(said[field]) < 19):
            return _NUMBERS[field]
        said[field] = int(said[field])
    if word == "replay_webhook" and "event" not in said:
        return _NUMBERS["event"]
    return {**said, "do": word, "webhook": name}


async def _shown(
    house: House,
    call: Call,
    asked: WebhooksPage,
    *,
    typed: Mapping[str, str] | None = None,
    wrong: Said | None = None,
    once: Once | None = None,
    status: int = 200,
) -> Answer:
    now = house.clock()
    read = partial(webhooks.list_webhooks, house.db, now, limit=SHOWN + 1, after=place(asked.after))
    found = await ask(house, read)
    chosen = await ask(house, webhooks.webhook, house.db, asked.webhook, now) if asked.webhook else None
    return await tab(
        house,
        call,
        settings.WEBHOOKS,
        "webhooks.html",
        status=status,
        rows=found[:SHOWN],
        next=following([one.webhook for one in found]),
        paged=asked.after is not None,
        chosen=chosen,
        done=settings.DONE.get(asked.done),
        typed=typed or {},
        wrong=wrong,
        once=once,
        writes=call.may("webhooks.write"),
        puts=call.may("webhooks.write") and call.may("events.read"),
    )


ROUTES = (
    page_route(settings.WEBHOOKS, "webhooks.read", listed, "Endpoints for webhooks, and their last attempts."),
    Route("POST", settings.WEBHOOKS, "webhooks.write", see_to, "See to an endpoint for webhooks.", page=True),
)
