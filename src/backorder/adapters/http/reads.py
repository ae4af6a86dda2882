"""The routes that read: each asks a query in a thread, beside the writer and never behind it."""

import asyncio
import base64
import binascii
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from backorder.adapters.http import body
from backorder.adapters.http.problems import Refusal
from backorder.adapters.http.route import PAGE_MAX, Answer, Call, House
from backorder.kernel.outcomes import Outcome
from backorder.queries import explain, lists, quotes, show, trail
from backorder.queries.lines import Filters, LineView, list_lines

Limit = Annotated[int, Meta(ge=1, le=PAGE_MAX)]
Text = Annotated[str, Meta(min_length=1, max_length=200)]
Cursor = Annotated[str, Meta(min_length=1, max_length=1_000)]
PRIVATE = {"Cache-Control": "private, no-store"}
QUOTES_MAX = 500


class Page(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Which page of a list: how many, and the `next` of the page before."""

    limit: Limit = 50
    after: Cursor | None = None


class LinesPage(Page):
    """Which lines are wanted; what is left out does not narrow."""

    waiting: bool = False
    ready: bool = False
    late: bool = False
    at_risk: bool = False
    held: bool = False
    sku: Text | None = None
    customer: Text | None = None
    order: Text | None = None
    supply: Text | None = None


class OrdersPage(Page):
    """Which orders are wanted."""

    waiting: bool = False
    customer: Text | None = None


class ItemsPage(Page):
    """Which items are wanted."""

    waiting: bool = False


class SuppliesPage(Page):
    """Which supplies are wanted."""

    sku: Text | None = None
    open: bool = False
    overdue: bool = False


class Lines(msgspec.Struct):
    """A page of lines; `next` asks for the one after, null on the last."""

    items: list[LineView]
    next: str | None


class Orders(msgspec.Struct):
    """A page of orders."""

    items: list[lists.OrderRow]
    next: str | None


class Items(msgspec.Struct):
    """A page of items."""

    items: list[lists.ItemRow]
    next: str | None


class Supplies(msgspec.Struct):
    """A page of supplies."""

    items: list[show.SupplyView]
    next: str | None


class Trail(msgspec.Struct):
    """A page of the audit trail, newest first."""

    items: list[trail.EntryView]
    next: str | None


async def ask(house: House, question: Callable[..., Any], *about: Any) -> Any:
    """The answer of a query, asked in a thread."""
    return await asyncio.get_running_loop().run_in_executor(house.readers, question, *about)


def one(question: Callable[..., Any], *named: str, now: bool = True) -> Callable[[House, Call], Any]:
    """A route for one thing, found by the parts of its address; 404 where there is none."""

    async def answer(house: House, call: Call) -> Answer:
        body.query(call.request, Nothing)
        about = [call.path(name) for name in named]
        found = await ask(house, question, house.db, *about, *([house.clock()] if now else []))
        if found is None:
            raise Refusal(404, "not_found", f"there is no {named[-1]} with this id")
        if isinstance(found, show.DocumentView) and not call.may("money.read"):
            found.costs = {}
        return Answer(found, headers=PRIVATE)

    return answer


class Nothing(msgspec.Struct, forbid_unknown_fields=True):
    """No parameters."""


async def lines(house: House, call: Call) -> Answer:
    """`GET /v1/lines`."""
    wanted = body.query(call.request, LinesPage)
    fields = msgspec.structs.asdict(wanted) | {"limit": wanted.limit + 1, "after": cursor(wanted.after, 2)}
    found = await ask(house, list_lines, house.db, house.clock(), Filters(**fields))
    return page(Lines, found, wanted.limit, lambda line: [line.order, line.line])


async def orders(house: House, call: Call) -> Answer:
    """`GET /v1/orders`."""
    wanted = body.query(call.request, OrdersPage)

    def question() -> list[lists.OrderRow]:
        after = cursor(wanted.after, 1)
        return lists.list_orders(
            house.db,
            waiting=wanted.waiting,
            customer=wanted.customer,
            limit=wanted.limit + 1,
            after=after[0] if after else None,
        )

    return page(Orders, await ask(house, question), wanted.limit, lambda order: [order.order])


async def items(house: House, call: Call) -> Answer:
    """`GET /v1/items`."""
    wanted = body.query(call.request, ItemsPage)

    def question() -> list[lists.ItemRow]:
        after = cursor(wanted.after, 1)
        return lists.list_items(
            house.db, waiting=wanted.waiting, limit=wanted.limit + 1, after=after[0] if after else ""
        )

    return page(Items, await ask(house, question), wanted.limit, lambda item: [item.sku])


async def supplies(house: House, call: Call) -> Answer:
    """`GET /v1/supplies`."""
    wanted = body.query(call.request, SuppliesPage)

    def question() -> list[show.SupplyView]:
        after = cursor(wanted.after, 1)
        return lists.list_supplies(
            house.db,
            house.clock(),
            sku=wanted.sku,
            overdue=wanted.overdue,
            still_open=wanted.open,
            limit=wanted.limit + 1,
            after=after[0] if after else "",
        )

    return page(Supplies, await ask(house, question), wanted.limit, lambda supply: [supply.supply])


async def audit(house: House, call: Call) -> Answer:
    """`GET /v1/audit`."""
    wanted = body.query(call.request, Page)
    before = cursor(wanted.after, 1, number=True)
    at = int(before[0]) if before else None
    found = await ask(house, trail.entries, house.db, at, wanted.limit + 1)
    return page(Trail, found, wanted.limit, lambda entry: [str(entry.n)])


async def quote(house: House, call: Call) -> Answer:
    """`POST /v1/quotes`: what each would be promised if it were the only order now; nothing is written."""
    asked = body.typed(await body.read(call.request), list[quotes.Quote])
    if len(asked) > QUOTES_MAX:
        raise Refusal(413, "too_large", f"a request has at most {QUOTES_MAX} quotes")
    answers: list[Outcome] = await ask(house, quotes.quote, house.db, house.clock(), asked) if asked else []
    return Answer(answers, headers=PRIVATE)


def page(kind: Any, found: list[Any], limit: int, key: Callable[[Any], list[str]]) -> Answer:
    """The first `limit` of what was found, and where the next page starts if there was more."""
    more = _token(key(found[limit - 1])) if len(found) > limit else None
    return Answer(kind(found[:limit], more), headers=PRIVATE)


def _token(key: list[str]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def cursor(text: str | None, parts: int, *, number: bool = False) -> tuple[str, ...] | None:
    """The key that a page's `next` stands for; with `number` its first part is one."""
    if text is None:
        return None
    try:
        raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
        found = msgspec.json.decode(raw, type=list[Annotated[str, Meta(max_length=200, pattern="^[^\0]*$")]])
    except (binascii.Error, UnicodeError, msgspec.DecodeError):
        raise _foreign() from None
    if len(found) != parts or (number and not (found[0].isascii() and found[0].isdecimal() and len(found[0]) < 16)):
        raise _foreign()
    return tuple(found)


def _foreign() -> Refusal:
    return Refusal(400, "invalid_parameter", "take `after` from the `next` of the page before", field="after")


ORDER = one(show.order, "order")
LINE = one(show.line, "order", "line")
WHY = one(explain.line, "order", "line")
ITEM = one(show.item, "sku", now=False)
SUPPLY = one(show.supply, "supply")
DOCUMENT = one(show.document, "document")
