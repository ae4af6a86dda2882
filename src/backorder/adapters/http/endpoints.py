"""The console's tab of webhooks over HTTP: endpoints, what came of the last attempts, and the forms to see to them."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import msgspec

from backorder.adapters.console import settings
from backorder.adapters.console.settings import Once
from backorder.adapters.http import body
from backorder.adapters.http.configuring import SHOWN, following, place, tab
from backorder.adapters.http.desk import Text, answered, page_route
from backorder.adapters.http.forms import UNFILLED, Filled, Wrong, give, refused, refuses, sent
from backorder.adapters.http.reads import Cursor, ask
from backorder.adapters.http.route import Answer, Call, House, Route
from backorder.adapters.http.webhooks import drawn
from backorder.kernel.outcomes import Outcome
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
    word, typed = await sent(call, {*_FIELDS, _ROTATE})
    name = typed.get("webhook", "").strip()
    asked = WebhooksPage(webhook=name[:200])
    if word == _ROTATE:
        secret = await drawn(house, call, name)
        once = Once(Said(_NEW, {"endpoint": name}), secret, _BESIDE)
        return await _shown(house, call, asked, Filled(once=once))
    said = _said(word, name, typed)
    trouble: Wrong | Outcome = said if isinstance(said, Wrong) else await give(house, call, said)
    if isinstance(trouble, Wrong) or refuses(trouble):
        return await _shown(house, call, WebhooksPage() if typed.get("new") else asked, refused(typed, trouble))
    return answered(b"", 303, {"Location": settings.address(settings.WEBHOOKS, webhook=name, done=word)})


def _said(word: str, name: str, typed: Mapping[str, str]) -> dict[str, Any] | Wrong:
    """The command that a form means; or what is wrong with it."""
    said: dict[str, Any] = {field: typed[field].strip() for field in _FIELDS[word] if typed.get(field, "").strip()}
    if "events" in said:
        said["events"] = said["events"].replace(",", " ").split()
    for field in _NUMBERS.keys() & said.keys():
        if not (said[field].isascii() and said[field].isdecimal() and len(said[field]) < 19):
            return Wrong(field, _NUMBERS[field])
        said[field] = int(said[field])
    if word == "replay_webhook" and "event" not in said:
        return Wrong("event", _NUMBERS["event"])
    return {**said, "do": word, "webhook": name}


async def _shown(house: House, call: Call, asked: WebhooksPage, filled: Filled = UNFILLED) -> Answer:
    now = house.clock()
    read = partial(webhooks.list_webhooks, house.db, now, limit=SHOWN + 1, after=place(asked.after))
    found = await ask(house, read)
    chosen = await ask(house, webhooks.webhook, house.db, asked.webhook, now) if asked.webhook else None
    return await tab(
        house,
        call,
        settings.WEBHOOKS,
        "webhooks.html",
        filled,
        asked.done,
        asked.webhook,
        subject="webhook",
        rows=found[:SHOWN],
        next=following([one.webhook for one in found]),
        paged=asked.after is not None,
        chosen=chosen,
        writes=call.may("webhooks.write"),
        puts=call.may("webhooks.write") and call.may("events.read"),
    )


ROUTES = (
    page_route(settings.WEBHOOKS, "webhooks.read", listed, "Endpoints for webhooks, and their last attempts."),
    Route("POST", settings.WEBHOOKS, "webhooks.write", see_to, "See to an endpoint for webhooks.", page=True),
)
