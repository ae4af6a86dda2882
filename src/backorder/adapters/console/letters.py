"""Messages to customers as the settings show them: what each is called, which is looked at, and where it is drawn."""

from typing import Annotated
from urllib.parse import urlencode

import msgspec
from msgspec import Meta

from backorder.adapters.console.settings import HERE
from backorder.kernel.phrases import Phrase, phrase
from backorder.kernel.wording import KINDS, WORDING_MAX

DRAWN = HERE + "/letter"
_Text = Annotated[str, Meta(max_length=WORDING_MAX)]

# Every message, as `adapters/mail/preview.py` has it, by what it is called.
MESSAGES: dict[str, Phrase] = {
    "confirmation": phrase("Confirmation of an order"),
    "short": phrase("Delay, short"),
    "long": phrase("Delay, long"),
    "indefinite": phrase("Delay without a day"),
    "renewed": phrase("Another delay"),
    "delay": phrase("Delay that asks nothing"),
    "still": phrase("The day still stands"),
    "better": phrase("It comes sooner"),
    "cancelled": phrase("Goods will not come"),
    "ready": phrase("Part of it is ready"),
    "shipped": phrase("It is on its way"),
    "back": phrase("In stock again"),
}


# Kinds of wordings: each message has one of its own but those of a delay, which share one.
WORDED = {kind: MESSAGES[kind] for kind in KINDS} | {"delay": phrase("Notices of a delay")}
PLACES = {
    "customer": phrase("the customer's name"),
    "order": phrase("the order's id"),
    "item": phrase("the goods that it is about"),
    "date": phrase("the latest day that it tells"),
    "shop": phrase("the shop's name"),
    "link": phrase("where the customer sees the order, or the item"),
    "contact": phrase("whom customers ask"),
}
FIELDS = {"opening": phrase("After the greeting"), "closing": phrase("At the end")}


class Look(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which message is looked at, about which order, and what of it is tried and not kept: empty is said by nobody."""

    kind: Annotated[str, Meta(max_length=20)] = "short"
    language: Annotated[str, Meta(max_length=20)] = "en"
    order: Annotated[str, Meta(max_length=200)] = ""
    opening: _Text | None = None
    closing: _Text | None = None
    answers: _Text | None = None
    contact: _Text | None = None
    charging: _Text | None = None
    shop_name: _Text | None = None
    colour: _Text | None = None
    signature: _Text | None = None

    @property
    def drawn(self) -> str:
        """Where the message is drawn as a page, for a frame."""
        return f"{DRAWN}?{urlencode(msgspec.to_builtins(self))}"
