"""The routes of what customers are owed: the queue for people, an order's notices and refunds, the rule packs."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from backorder.adapters.http import body
from backorder.adapters.http.listings import listing
from backorder.adapters.http.masks import masked
from backorder.adapters.http.problems import Refusal
from backorder.adapters.http.reads import PRIVATE, Nothing, Page, Text, ask, cursor, foreign, one, page
from backorder.adapters.http.route import Answer, Call, House
from backorder.kernel.calendars import LAST_DAY, day_number
from backorder.kernel.cases import HOUR
from backorder.queries import communication, notices, refunds, rules
from backorder.storage.db import Database

_Moment = Annotated[int, Meta(ge=0, le=day_number(LAST_DAY) * 24 * HOUR)]
_Number = Annotated[int, Meta(ge=1, le=10**6)]


class NoticesPage(Page):
    """What of the queue is wanted: `trouble` narrows it to notices that do not go by themselves or came back."""

    what: notices.What | None = None
    state: notices.State | None = None
    trouble: bool = False
    order: Text | None = None


class Queue(msgspec.Struct):
    """A page of the queue; `next` asks for the one after, null on the last. All pages see the moment of the first."""

    items: list[notices.Waiting]
    next: str | None


class Notices(msgspec.Struct):
    """A page of the notices of an order."""

    items: list[notices.NoticeView]
    next: str | None


class Refunds(msgspec.Struct):
    """A page of the refunds of an order."""

    items: list[refunds.RefundView]
    next: str | None


class Packs(msgspec.Struct):
    """A page of rule packs."""

    items: list[rules.PackView]
    next: str | None


async def queue(house: House, call: Call) -> Answer:
    """`GET /v1/notices`."""
    wanted = body.query(call.request, NoticesPage)
    now, after = house.clock(), None
    place = cursor(wanted.after, 5)
    if place is not None:
        now, after = _place(place)
    asked = msgspec.structs.asdict(wanted) | {"limit": wanted.limit + 1, "after": after}
    found: list[notices.Waiting] = await ask(house, partial(notices.queue, house.db, now=now, **asked))

    def key(one: notices.Waiting) -> list[str]:
        deadline, *where = notices.place_of(one)
        return [str(now), "" if deadline is None else str(deadline), *map(str, where)]

    return page(Queue, masked(found, call.caller.permissions), wanted.limit, key)


class _Place(msgspec.Struct, array_like=True):
    """What the `next` of a page stands for: the moment of the first page, and the place that it begins behind."""

    now: _Moment
    deadline: _Moment | None
    order: str
    what: notices.What
    number: _Number


def _place(said: tuple[str, ...]) -> tuple[int, notices.Place]:
    now, deadline, *rest = said
    try:
        found = msgspec.convert([now, deadline or None, *rest], _Place, strict=False)
    except msgspec.ValidationError:
        raise foreign() from None
    return found.now, notices.Place(found.deadline, found.order, found.what, found.number)


def _of_order(kind: Any, question: Callable[..., list[Any]], number: str) -> Callable[[House, Call], Awaitable[Answer]]:
    """A route for a page of what an order has, by its numbers; 404 where there is no such order."""

    async def answer(house: House, call: Call) -> Answer:
        wanted = body.query(call.request, Page)
        order, place = call.path("order"), cursor(wanted.after, 1, number=True)
        after = 0 if place is None else int(place[0])
        found = await ask(house, partial(question, house.db, order, house.clock(), after=after, limit=wanted.limit + 1))
        if not found and not await ask(house, notices.is_order, house.db, order):
            raise Refusal(404, "not_found", "there is no order with this id")
        return page(kind, masked(found, call.caller.permissions), wanted.limit, lambda row: [str(getattr(row, number))])

    return answer


def _notices(db: Database, order: str, _now: int, **asked: Any) -> list[notices.NoticeView]:
    return notices.of_order(db, order, **asked)


def _packs(db: Database, _now: int, **asked: Any) -> list[rules.PackView]:
    return rules.list_packs(db, **asked)


async def shop(house: House, call: Call) -> Answer:
    """`GET /v1/communication`."""
    body.query(call.request, Nothing)
    return Answer(await ask(house, communication.communication, house.db), headers=PRIVATE)


NOTICES = _of_order(Notices, _notices, "notice")
REFUNDS = _of_order(Refunds, refunds.of_order, "refund")
NOTICE = one(notices.notice, "order", "notice", now=False)
PACKS = listing(Packs, _packs, Page, "pack")
PACK = one(rules.pack, "pack", now=False)
