"""The settings as tabs: rule packs in force, endpoints for webhooks, accounts and their tokens."""

from typing import NamedTuple
from urllib.parse import urlencode

from backorder.adapters.console import Place
from backorder.kernel.phrases import Phrase, Said, phrase

HERE = "/console/settings"
WEBHOOKS = HERE + "/webhooks"
USERS = HERE + "/users"
TABS = (
    Place(HERE, "Rule packs", "", "catalogue.read"),
    Place(WEBHOOKS, "Webhooks", "", "webhooks.read"),
    Place(USERS, "Users and tokens", "", "accounts.write"),
)
STATES = {
    "well": phrase("well"),
    "failing": phrase("failing"),
    "disabled": phrase("switched off"),
    "without_secret": phrase("has no secret yet"),
}
KINDS = {"person": phrase("person"), "program": phrase("program")}
BUYERS = {"consumer": phrase("consumer"), "business": phrase("business")}
TONES = {"failing": "is-bad", "without_secret": "is-warn"}
DONE = {
    "put_webhook": phrase("The endpoint is put."),
    "disable_webhook": phrase("The endpoint is switched off. What is for it waits."),
    "enable_webhook": phrase("The endpoint is switched on."),
    "test_webhook": phrase("A message of the kind webhook_tested is on its way to it."),
    "replay_webhook": phrase("The messages are on their way again."),
    "put_account": phrase("The account is put."),
    "disable_account": phrase("The account may do nothing any more."),
    "revoke_token": phrase("The token is refused from now on."),
}


class Once(NamedTuple):
    """A secret that is shown once, and what it is."""

    said: Said
    secret: str
    more: Phrase


def address(place: str, **said: str) -> str:
    """Where a part of a tab is."""
    return place + (f"?{urlencode(said)}" if said else "")
