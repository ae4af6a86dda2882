"""The settings as tabs: rule packs, sell policies, telling customers and in what words, shops, webhooks, accounts."""

import hashlib
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlencode

from backorder.adapters.console import Place
from backorder.kernel.phrases import Phrase, Said, Value, phrase

HERE = "/console/settings"
SELLING = HERE + "/selling"
COMMUNICATION = HERE + "/communication"
WORDINGS = HERE + "/wordings"
SHOPS = HERE + "/shops"
WEBHOOKS = HERE + "/webhooks"
USERS = HERE + "/users"
TABS = (
    Place(HERE, phrase("Rule packs"), "", "catalogue.read"),
    Place(SELLING, phrase("Sell policies"), "", "catalogue.read"),
    Place(COMMUNICATION, phrase("Telling customers"), "", "catalogue.read"),
    Place(WORDINGS, phrase("Wordings"), "", "catalogue.read"),
    Place(SHOPS, phrase("Shops"), "", "outbox.read"),
    Place(WEBHOOKS, phrase("Webhooks"), "", "webhooks.read"),
    Place(USERS, phrase("Users and tokens"), "", "accounts.write"),
)
STATES = {
    "well": phrase("well"),
    "failing": phrase("failing"),
    "disabled": phrase("switched off"),
    "without_secret": phrase("has no secret yet"),
}
TONES = {"failing": "is-bad", "without_secret": "is-warn"}
DONE = {
    "put_communication": phrase("It is kept. Messages from now on go like this."),
    "put_shop": phrase("It is kept. It holds where neither an item nor its category says otherwise."),
    "put_category": phrase("It is kept. It holds for its items that do not say otherwise."),
    "put_pack": phrase("The pack is saved. It holds for orders that are placed from now on."),
    "withdraw_pack": phrase("The pack is withdrawn. Orders that began with it go on by it."),
    "put_wording": phrase("Your words are kept. Messages from now on have them."),
    "put_source": phrase("The source is saved."),
    "delete_source": phrase("The source is deleted: nothing that it sends is taken any more."),
    "put_webhook": phrase("The endpoint is saved."),
    "disable_webhook": phrase("The endpoint is switched off. What is for it waits."),
    "enable_webhook": phrase("The endpoint is switched on."),
    "test_webhook": phrase("A message of the kind webhook_tested is on its way to it."),
    "replay_webhook": phrase("The messages are on their way again."),
    "put_account": phrase("The account is saved."),
    "disable_account": phrase("The account may do nothing any more."),
    "revoke_token": phrase("The token is refused from now on."),
}


class Once(NamedTuple):
    """A secret that is shown once, and what it is."""

    said: Said
    secret: str
    more: Phrase


class News(NamedTuple):
    """A field that somebody changed since a form was made, and what it says now."""

    said: Phrase
    now: Value


def mark(shown: Mapping[str, str]) -> str:
    """What a form has to know of what it showed, to see what others changed: a short digest of each field."""
    return " ".join(f"{name}={_digest(text)}" for name, text in shown.items())


def news(was: str, shown: Mapping[str, str], names: Mapping[str, Phrase]) -> list[News]:
    """The fields that are not as they were when the form was made, by its `mark`; `names` is what they are called."""
    before = dict(pair.partition("=")[::2] for pair in was.split())
    return [News(names[name], text or "\u2013") for name, text in shown.items() if before.get(name) != _digest(text)]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12]


def address(place: str, **said: str) -> str:
    """Where a part of a tab is."""
    return place + (f"?{urlencode(said)}" if said else "")
