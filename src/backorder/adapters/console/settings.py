"""The settings as tabs: rule packs, how customers are told and in which words, webhooks, accounts and their tokens."""

from typing import NamedTuple
from urllib.parse import urlencode

from backorder.adapters.console import Place
from backorder.kernel.phrases import phrase

HERE = "/console/settings"
COMMUNICATION = HERE + "/communication"
WEBHOOKS = HERE + "/webhooks"
USERS = HERE + "/users"
TABS = (
    Place(HERE, "Rule packs", "", "catalogue.read"),
    Place(COMMUNICATION, "Telling customers", "", "catalogue.read"),
    Place(WEBHOOKS, "Webhooks", "", "webhooks.read"),
    Place(USERS, "Users and tokens", "", "accounts.write"),
)
STATES = {"well": "well", "failing": "failing", "disabled": "switched off", "without_secret": "has no secret yet"}
TONES = {"failing": "is-bad", "without_secret": "is-warn"}
DONE = {
    "put_communication": phrase("It is kept. Messages from now on go like this."),
    "put_webhook": "The endpoint is put.",
    "disable_webhook": "The endpoint is switched off. What is for it waits.",
    "enable_webhook": "The endpoint is switched on.",
    "test_webhook": "A message of the kind webhook_tested is on its way to it.",
    "replay_webhook": "The messages are on their way again.",
    "put_account": "The account is put.",
    "disable_account": "The account may do nothing any more.",
    "revoke_token": "The token is refused from now on.",
}


class Once(NamedTuple):
    """A secret that is shown once, and what it is."""

    said: str
    secret: str
    more: str = ""


def address(place: str, **said: str) -> str:
    """Where a part of a tab is."""
    return place + (f"?{urlencode(said)}" if said else "")
