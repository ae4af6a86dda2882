"""What the shop says of its items: a product page's words, and feeds of all items for channels."""

import asyncio
import hashlib
import tempfile
from collections.abc import Awaitable, Callable
from datetime import datetime
from email.utils import format_datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from backorder.adapters.feeds import FORMS, Form, encoded
from backorder.adapters.feeds.page import StorePage, page
from backorder.adapters.http import body
from backorder.adapters.http.problems import Refusal
from backorder.adapters.http.reads import Nothing, Text, ask
from backorder.adapters.http.route import Answer, Call, House, Long, Route, digest
from backorder.kernel.calendars import moment_datetime
from backorder.kernel.keys import END
from backorder.kernel.places import is_country
from backorder.languages import language
from backorder.queries.feeds import every
from backorder.queries.storefront import front
from backorder.storage.db import Database

FRESH = 60.0  # seconds that a feed stands: making one looks at every item

_Country = Annotated[str, Meta(pattern="^[A-Z]{2}" + END)]
_Language = Annotated[str, Meta(pattern="^[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8})*" + END, max_length=35)]
_Quantity = Annotated[int, Meta(ge=1, le=10**9)]


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    """For whom: where they are, what they speak, how many units they look for, and the region that sites serve."""

    country: _Country | None = None
    language: _Language | None = None
    quantity: _Quantity = 1
    region: Text | None = None


async def show(house: House, call: Call) -> Answer:
    """`GET /v1/storefront/{sku}`."""
    wanted = body.query(call.request, Wanted)
    if wanted.country is not None and not is_country(wanted.country):
        raise Refusal(400, "invalid_parameter", "name a country by its two letters (ISO 3166)", field="country")
    found: StorePage | None = await ask(house, _page, house.db, house.clock(), call.path("sku"), wanted)
    if found is None:
        raise Refusal(404, "unknown_item", "no item has this SKU", field="sku")
    text = msgspec.json.encode(found)
    tag = f'"{digest(text)[:20]}"'
    headers = {"ETag": tag, "Cache-Control": "private, max-age=1"}
    if call.request.headers.get("if-none-match") == tag:
        return Answer(b"", 304, headers)
    return Answer(text, headers=headers)


def _page(db: Database, now: int, sku: str, wanted: Wanted) -> StorePage | None:
    found = front(db, now, sku, wanted.quantity, wanted.region)
    return None if found is None else page(found, language(wanted.language, wanted.country))


class _Made:
    """A feed that was made: a file without a name, gone when nobody holds it any more."""

    def __init__(self, db: Database, now: int, form: Form) -> None:
        self.file = tempfile.TemporaryFile()  # noqa: SIM115  # it is closed with this object, which answers hold
        self.made_at = moment_datetime(now)
        content = hashlib.sha256()
        for piece in encoded(form, every(db, now)):
            self.file.write(piece)
            content.update(piece)
        self.file.flush()
        self.tag = f'"{content.hexdigest()[:20]}"'
        self.until = 0.0  # in seconds of the event loop

    def __del__(self) -> None:
        self.file.close()


def feed(form: Form) -> Callable[[House, Call], Awaitable[Answer]]:
    """A route for a feed of all items.

    It is made whole before the first byte goes, so that one that cannot be made never looks like one that ended early.
    Its tag is the digest of its content, and its date the moment since when this process has known that content.
    """
    lock = asyncio.Lock()
    kept: dict[Database, _Made] = {}

    async def answer(house: House, call: Call) -> Answer:
        body.query(call.request, Nothing)
        async with lock:
            made = kept.get(house.db)
            if made is None or made.until <= asyncio.get_running_loop().time():
                made = kept[house.db] = await _make(house, form, made)
        headers = {"ETag": made.tag, "Last-Modified": _http_date(made.made_at), "Cache-Control": "private, no-cache"}
        if call.request.headers.get("if-none-match") == made.tag:
            return Answer(b"", 304, headers)
        return Answer(Long(made, made.file.fileno()), headers=headers, content=form.content)

    return answer


async def _make(house: House, form: Form, before: _Made | None) -> _Made:
    made: _Made = await ask(house, _Made, house.db, house.clock(), form)
    if before is not None and before.tag == made.tag:
        made.made_at = before.made_at
    made.until = asyncio.get_running_loop().time() + FRESH
    return made


def _http_date(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)


def _route(form: Form, words: str) -> Route:
    return Route(
        "GET",
        f"/feeds/{form.name}",
        "catalogue.read",
        feed(form),
        f"{words}; as it was at most a minute ago.",
        None,
        parameters=Nothing,
        statuses=(200, 304),
        bound=True,
        also=(form.content.split(";", maxsplit=1)[0],),
    )


_WORDS: dict[str, Any] = {
    "google": "Every item's availability for Google Merchant, separated by tabs",
    "google-xml": "The same in XML",
    "meta": "Every item's availability for Meta's catalogues, separated by commas",
}
ROUTES = (
    Route(
        "GET",
        "/v1/storefront/{sku:str}",
        "catalogue.read",
        show,
        "What a product page says of an item, in a language, and its words for machines.",
        StorePage,
        None,
        Wanted,
        statuses=(200, 304),
        bound=True,
    ),
    *(_route(form, _WORDS[name]) for name, form in FORMS.items()),
)
