"""The routes that read: each asks a query in a thread, beside the writer and never behind it."""

import asyncio
import base64
import binascii
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from backorder.adapters.http import body
from backorder.adapters.http.masks import masked
from backorder.adapters.http.problems import Refusal, refusal_of
from backorder.adapters.http.route import PAGE_MAX, Answer, Call, House
from backorder.commands._bound import beyond
from backorder.kernel.access import BOUND_QUOTE
from backorder.kernel.outcomes import Outcome
from backorder.queries import accounts, catalogue, explain, quotes, shipments, show, watches, whatif

Limit = Annotated[int, Meta(ge=1, le=PAGE_MAX)]
Text = Annotated[str, Meta(min_length=1, max_length=200)]
Cursor = Annotated[str, Meta(min_length=1, max_length=1_000)]
PRIVATE = {"Cache-Control": "private, no-store"}
QUOTES_MAX = 500


class Nothing(msgspec.Struct, forbid_unknown_fields=True):
    """No parameters."""


class Page(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Which page of a list: how many, and the `next` of the page before."""

    limit: Limit = 50
    after: Cursor | None = None


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    """By how many days a line is wanted earlier; left out, by the day it was first promised or is wanted for."""

    earlier: Annotated[int, Meta(ge=1, le=3_650)] | None = None


async def ask(house: House, question: Callable[..., Any], *about: Any) -> Any:
    """The answer of a query, asked in a thread."""
    return await asyncio.get_running_loop().run_in_executor(house.readers, question, *about)


def one(
    question: Callable[..., Any], *named: str, now: bool = True, narrowed: bool = False
) -> Callable[[House, Call], Any]:
    """A route for one thing, found by the parts of its address; 404 where there is none.

    A `narrowed` question is told which customer the caller is bound to.
    """

    async def answer(house: House, call: Call) -> Answer:
        body.query(call.request, Nothing)
        about = [call.part(name) for name in named]
        about_it = [*about, *([house.clock()] if now else []), *([call.caller.customer] if narrowed else [])]
        found = await ask(house, question, house.db, *about_it)
        if found is None:
            raise Refusal(404, "not_found", f"there is no {named[-1]} with this id")
        return Answer(masked(found, call.caller.permissions), headers=PRIVATE)

    return answer


async def why(house: House, call: Call) -> Answer:
    """A line's explanation: why it has its date, and what would bring it sooner; 404 where there is no such line."""
    wanted = body.query(call.request, Wanted)
    about = call.part("order"), call.part("line"), house.clock(), call.caller.customer, wanted.earlier
    found = await ask(house, explain.line, house.db, *about)
    if found is None:
        raise Refusal(404, "not_found", "there is no line with this id")
    return Answer(masked(found, call.caller.permissions), headers=PRIVATE)


async def quote(house: House, call: Call) -> Answer:
    """`POST /v1/quotes`: what each would be promised if it were the only order now; nothing is written."""
    asked = body.typed(await body.read(call.request), list[quotes.Quote])
    if len(asked) > QUOTES_MAX:
        raise Refusal(413, "too_large", f"a request has at most {QUOTES_MAX} quotes")
    mine = call.caller.customer
    for question in asked if mine is not None else ():
        foreign = beyond(question, BOUND_QUOTE)
        if foreign is not None:
            raise Refusal(403, "forbidden", f"{foreign} is the shop's to say: leave it out", field=foreign)
        question.customer = question.customer or mine
    answers: list[Outcome] = await ask(house, quotes.quote, house.db, house.clock(), asked, mine) if asked else []
    return Answer(answers, headers=PRIVATE)


async def what_if(house: House, call: Call) -> Answer:
    """`POST /v1/what-if`: what changes, one after another, would do to whoever waits; nothing is written."""
    asked = body.typed(await body.read(call.request), list[whatif.If])
    if not asked:
        raise Refusal(422, "invalid", "say what might happen: a list of changes", field="if")
    if len(asked) > whatif.CHANGES_MAX:
        raise Refusal(413, "too_large", f"a request has at most {whatif.CHANGES_MAX} changes")
    found = await ask(house, whatif.what_if, house.db, house.clock(), asked)
    if isinstance(found, Outcome):
        raise refusal_of(found)
    return Answer(masked(found, call.caller.permissions), headers=PRIVATE)


def page(kind: Any, found: list[Any], limit: int, key: Callable[[Any], list[str]]) -> Answer:
    """The first `limit` of what was found, and where the next page starts if there was more."""
    more = token(key(found[limit - 1])) if len(found) > limit else None
    return Answer(kind(found[:limit], more), headers=PRIVATE)


def token(key: list[str]) -> str:
    """What a page's `next` says of the place where it ended."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def cursor(text: str | None, parts: int, *, number: bool = False) -> tuple[str, ...] | None:
    """The key that a page's `next` stands for; with `number` its first part is one."""
    if text is None:
        return None
    try:
        raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
        found = msgspec.json.decode(raw, type=list[Annotated[str, Meta(max_length=200, pattern="^[^\0]*$")]])
    except (binascii.Error, UnicodeError, msgspec.DecodeError):
        raise foreign() from None
    if len(found) != parts or (number and not (found[0].isascii() and found[0].isdecimal() and len(found[0]) < 16)):
        raise foreign()
    return tuple(found)


def foreign() -> Refusal:
    """The refusal of an `after` that no page of this list gave."""
    return Refusal(400, "invalid_parameter", "take `after` from the `next` of the page before", field="after")


ORDER = one(show.order, "order", narrowed=True)
LINE = one(show.line, "order", "line", narrowed=True)
SHIPMENT = one(shipments.shipment, "shipment", now=False, narrowed=True)
CUSTOMER = one(catalogue.customer, "customer", now=False, narrowed=True)
SITE = one(catalogue.site, "site", now=False)
SUPPLIER = one(catalogue.supplier, "supplier", now=False)
CATEGORY = one(catalogue.category, "category", now=False)
ACCOUNT = one(accounts.account, "account", now=False)
ITEM = one(show.item, "sku", now=False)
SUPPLY = one(show.supply, "supply")
WATCH = one(watches.watch, "sku", "watch", now=False)
DOCUMENT = one(show.document, "document")
