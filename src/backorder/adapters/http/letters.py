"""Messages as customers would get them, for the settings: of an order, or made up. Nothing is kept or sent."""

from functools import partial

import msgspec

from backorder.adapters.console.letters import DRAWN, MESSAGES, Look
from backorder.adapters.http import body
from backorder.adapters.http.desk import answered, page_route
from backorder.adapters.http.forms import Wrong, at
from backorder.adapters.http.problems import Refusal
from backorder.adapters.http.reads import ask
from backorder.adapters.http.route import Answer, Call, House
from backorder.adapters.mail.preview import PREVIEWS, Preview, previews, to_try
from backorder.commands import decode
from backorder.commands.communication import PutCommunication, unfit
from backorder.kernel.outcomes import Outcome
from backorder.kernel.phrases import Said, phrase
from backorder.languages import known

SAID = ("answers", "contact", "charging", "shop_name", "colour", "signature")  # what of the shop stands in letters
# The page of a message has a style of its own, and nothing else: it stands in a frame of ours, and opens nothing.
_FRAMED = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox"
}


async def letter(house: House, call: Call, look: Look) -> Preview | Wrong:
    """A message as it would go, or what is wrong with what is tried. The customer is named where one may read names."""
    if look.kind not in PREVIEWS:
        return Wrong("kind", Said(phrase("There is no such message.")))
    if look.language not in known():
        return Wrong("language", Said(phrase("Letters are not written in it.")))
    saying = {name: text or None for name in SAID if (text := getattr(look, name)) is not None}
    read = decode(msgspec.json.encode({"do": "put_communication", **saying}))
    wrong = read if isinstance(read, Outcome) else unfit(read) if isinstance(read, PutCommunication) else None
    if wrong is not None:
        return at(wrong.field, wrong.message or wrong.outcome.meaning)
    tried, bad = to_try([look.kind], [look.language], look.opening, look.closing)
    if bad is not None:
        return at(*bad)
    question = partial(previews, tried=tried, saying=saying, named=call.may("customers.read"))
    about = house.db, house.clock(), look.order or None, [look.kind], [look.language]
    found: list[Preview] | None = await ask(house, question, *about)
    return Wrong("order", Said(phrase("There is no order with this id."))) if found is None else found[0]


async def drawn(house: House, call: Call) -> Answer:
    """`GET /console/settings/letter`: a message as it is drawn for its reader, in a frame."""
    found = await letter(house, call, body.query(call.request, Look))
    if isinstance(found, Wrong):
        raise Refusal(422, "invalid", found.said)
    return answered(found.html.encode(), more=_FRAMED)


ROUTES = (page_route(DRAWN, "notices.read", drawn, "A message to customers, drawn for a frame."),)
assert MESSAGES.keys() == set(PREVIEWS), "every message is called something"
