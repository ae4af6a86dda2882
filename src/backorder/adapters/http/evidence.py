"""`GET /v1/orders/{order}/evidence`: an order's evidence as one document that is kept."""

import asyncio
from contextlib import nullcontext
from functools import partial
from typing import Literal

import msgspec

from backorder.adapters import documents
from backorder.adapters.http import body
from backorder.adapters.http.masks import masked
from backorder.adapters.http.problems import Refusal
from backorder.adapters.http.reads import PRIVATE, ask
from backorder.adapters.http.route import Answer, Call, House
from backorder.queries import evidence

CONTENTS = tuple(form.content for name, form in documents.FORMS.items() if name != "json")
_BY_TYPE = {form.content.split(";")[0]: name for name, form in documents.FORMS.items()}
# Nothing may be loaded or run by what is handed on, wherever it is opened.
_CLOSED = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"}

_ONE_PDF = asyncio.Lock()


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    """In which form; else as the header Accept says, else JSON."""

    format: Literal["json", "html", "pdf"] | None = None


async def show(house: House, call: Call) -> Answer:
    """The document. Whoever may not read customers gets it without name and address."""
    form = body.query(call.request, Wanted).format or _accepted(call.request.headers.getall("accept"))
    order = call.path("order")
    found = await ask(house, evidence.of_order, house.db, order)
    if found is None:
        raise Refusal(404, "not_found", "there is no order with this id")
    masked(found, call.caller.permissions)
    withheld = not call.may("customers.read")
    try:
        made = await _make(house, form, found, withheld=withheld)
    except documents.NotInstalled as error:
        raise Refusal(409, "not_installed", str(error), field="format") from error
    except documents.TooLong as error:
        raise Refusal(413, "too_large", str(error), field="format") from error
    headers = {
        **PRIVATE,
        **_CLOSED,
        "Content-Disposition": f'attachment; filename="{documents.file_name(order, form)}"',
    }
    return Answer(made, headers=headers, content=documents.FORMS[form].content)


async def _make(house: House, form: str, found: evidence.Evidence, *, withheld: bool) -> bytes:
    """The document, made in a thread; of PDFs one at a time, because they take memory."""
    make = partial(documents.FORMS[form].make, found, withheld=withheld)
    async with _ONE_PDF if form == "pdf" else nullcontext():
        made: bytes = await ask(house, make)
    return made


def _accepted(said: list[str]) -> str:
    """The form that is liked best of those that there are; JSON where none is named."""
    liked: list[tuple[int, str]] = []
    for part in ",".join(said).split(","):
        kind, _, parameters = part.partition(";")
        name = _BY_TYPE.get(kind.strip().lower())
        if name is not None:
            liked.append((body.quality(parameters), name))
    best = max(liked, key=lambda one: one[0], default=(0, "json"))  # of those that are liked alike the first
    return best[1] if best[0] else "json"
