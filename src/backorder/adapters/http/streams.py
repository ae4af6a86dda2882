"""Events as they happen: two looks at the database a second for all who listen to this process, however many.

What a listener has not seen yet comes from what the last looks found, or from the database where that is longer ago.
The place of a listener is the number of an event, as in `/v1/events`; the listener keeps it (`Last-Event-ID`).
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated

import msgspec
from msgspec import Meta

from backorder.adapters.http import body, callers
from backorder.adapters.http.listeners import either
from backorder.adapters.http.problems import Refusal, busy
from backorder.adapters.http.reads import ask
from backorder.adapters.http.route import Answer, Call, House
from backorder.adapters.http.told import Kind
from backorder.kernel.errors import StorageError
from backorder.queries.outbox import EventView, last_number, list_events

CONTENT = "text/event-stream"
HEARTBEAT = 15.0  # seconds after which a listener is told that there is nothing to tell
BELIEVED = 60.0  # seconds after which it is asked again whether a listener may listen
SLOW = 30.0  # seconds that a listener may take for what it is told at once
STREAMS_MAX = 500  # of one process
PAGE = 200  # events of one look into the database for one listener
AGAIN = b"retry: 2000\n\n"  # milliseconds after which a browser comes back

Say = Callable[[bytes], Awaitable[None]]
_NUMBER = 2**62
_HEADERS = {"Cache-Control": "private, no-store", "X-Accel-Buffering": "no"}  # which nginx heeds


class StreamPage(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Which events are wanted: those from now on, or behind the number `after`; `Last-Event-ID` goes before it."""

    after: Annotated[int, Meta(ge=0, le=_NUMBER)] | None = None
    subject: Annotated[str, Meta(min_length=1, max_length=300)] | None = None
    kind: Kind | None = None


async def stream(house: House, call: Call) -> Answer:
    """`GET /v1/events/stream`: an event each as its number and JSON; in between, where the listener is."""
    listeners = house.listeners
    wanted = body.query(call.request, StreamPage)
    place = _place(call, wanted.after)
    if listeners.over.is_set():
        raise busy("the service is being stopped: come back in a moment")
    if listeners.open >= STREAMS_MAX:
        raise busy(f"{STREAMS_MAX} streams are open, and no more may be: come back later", seconds=30)
    if place is None:
        place = await ask(house, last_number, house.db)
    return Answer(b"", headers=_HEADERS, content=CONTENT, told=partial(_tell, house, call, wanted, place))


async def _news(house: House, after: int, limit: int) -> list[EventView]:
    found: list[EventView] = await ask(house, partial(list_events, house.db, after=after, limit=limit))
    return found


async def _tell(
    house: House, call: Call, wanted: StreamPage, place: int, say: Say, gone: "asyncio.Future[None]"
) -> None:
    """Tell a listener what it wants, until it is gone, may not listen any more, or the service stops."""
    listeners, clock = house.listeners, asyncio.get_running_loop().time
    believed = said = clock()
    listeners.open += 1
    try:
        await listeners.follow(partial(ask, house, last_number, house.db), partial(_news, house))
        await asyncio.wait_for(say(AGAIN), SLOW)
        while not (gone.done() or listeners.over.is_set()):
            if clock() - believed >= BELIEVED:
                await _still(house, call)
                believed = clock()
            news = listeners.news
            found, place, whole = await _behind(house, wanted, place)
            text = b"".join(map(_event, found))
            if not text and clock() - said >= HEARTBEAT:
                text = b"id: %d\n\n" % place
            if text:
                await asyncio.wait_for(say(text), SLOW)
                said = clock()
            if whole:
                await either(max(said + HEARTBEAT - clock(), 0), news, listeners.over, gone=gone)
    except (Refusal, StorageError, TimeoutError):
        return  # it comes back by itself, and then hears what is wrong
    finally:
        listeners.open -= 1


async def _behind(house: House, wanted: StreamPage, place: int) -> tuple[list[EventView], int, bool]:
    """What is wanted of the events behind a place, the place that it leads to, and whether it is the last one."""
    last = house.listeners.last
    if place >= house.listeners.floor:
        found = [event for event in house.listeners.found if event.n > place and _wants(wanted, event)]
        return found, max(place, last), True
    question = partial(list_events, house.db, after=place, limit=PAGE, subject=wanted.subject, kind=wanted.kind)
    found = await ask(house, question)
    if len(found) == PAGE:
        return found, found[-1].n, False
    return found, max(last, found[-1].n if found else 0), True


def _place(call: Call, after: int | None) -> int | None:
    """Where the listener is by its own word. Refuses what no place can be."""
    given = call.request.headers.get("last-event-id")
    if not given:
        return after
    if not (given.isascii() and given.isdecimal() and len(given) < 20 and int(given) <= _NUMBER):
        raise Refusal(400, "invalid_parameter", "the id of an event is a number", field="Last-Event-ID")
    return int(given)


def _wants(wanted: StreamPage, event: EventView) -> bool:
    return wanted.subject in {None, event.subject} and wanted.kind in {None, event.kind}


def _event(event: EventView) -> bytes:
    """An event in the form of server-sent events: JSON has no line breaks of its own."""
    return b"id: %d\ndata: %s\n\n" % (event.n, msgspec.json.encode(event))


async def _still(house: House, call: Call) -> None:
    """Refuse a caller who may not listen any more."""
    found = await callers.caller(house, call.request)
    if call.route.permission not in found.permissions or found.customer is not None:
        raise Refusal(403, "forbidden", "this asks for a permission that is gone")
