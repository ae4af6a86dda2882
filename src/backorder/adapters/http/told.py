"""The routes of what is told and what is due: events in their order, the outbox and the timers behind it."""

from typing import Annotated

import msgspec
from msgspec import Meta

from backorder.adapters.http import body
from backorder.adapters.http.reads import PRIVATE, Limit, Nothing, Page, Text, ask, cursor, page
from backorder.adapters.http.route import Answer, Call, House
from backorder.kernel.events import KINDS
from backorder.kernel.keys import END
from backorder.queries import outbox

Kind = Annotated[str, Meta(min_length=1, max_length=50, pattern="^[a-z_]+" + END)]


class EventsPage(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Which events are wanted: those behind the number `after`."""

    limit: Limit = 50
    after: Annotated[int, Meta(ge=0, le=2**62)] = 0
    subject: Annotated[str, Meta(min_length=1, max_length=300)] | None = None
    kind: Kind | None = None


class MessagesPage(Page):
    """Which messages are wanted."""

    state: outbox.State | None = None
    sender: Text | None = None


class TimersPage(Page):
    """Which timers are wanted: all, or those that were given up."""

    dead: bool = False


class Events(msgspec.Struct):
    """A page of events; `last` is the number to ask on from, now or later. Fewer than asked for: there are no more."""

    items: list[outbox.EventView]
    last: int


class Messages(msgspec.Struct):
    """A page of the outbox."""

    items: list[outbox.MessageView]
    next: str | None


class Timers(msgspec.Struct):
    """A page of timers."""

    items: list[outbox.TimerView]
    next: str | None


class EventKinds(msgspec.Struct):
    """Every kind of event, with what it means."""

    kinds: dict[str, str]


async def events(house: House, call: Call) -> Answer:
    """`GET /v1/events`: whoever keeps `last` and asks on from it misses none and gets none twice."""
    wanted = body.query(call.request, EventsPage)

    def question() -> list[outbox.EventView]:
        return outbox.list_events(house.db, **msgspec.structs.asdict(wanted))

    found: list[outbox.EventView] = await ask(house, question)
    return Answer(Events(found, found[-1].n if found else wanted.after), headers=PRIVATE)


async def kinds(_house: House, call: Call) -> Answer:
    """`GET /v1/events/kinds`."""
    body.query(call.request, Nothing)
    return Answer(EventKinds(KINDS))


async def messages(house: House, call: Call) -> Answer:
    """`GET /v1/outbox`."""
    wanted = body.query(call.request, MessagesPage)
    after = cursor(wanted.after, 2, number=True)

    def question() -> list[outbox.MessageView]:
        place = (int(after[0]), after[1]) if after else None
        return outbox.list_messages(
            house.db, state=wanted.state, sender=wanted.sender, limit=wanted.limit + 1, after=place
        )

    return page(Messages, await ask(house, question), wanted.limit, lambda row: [str(row.event), row.sender])


async def timers(house: House, call: Call) -> Answer:
    """`GET /v1/timers`."""
    wanted = body.query(call.request, TimersPage)
    after = cursor(wanted.after, 2)

    def question() -> list[outbox.TimerView]:
        place = (after[0], after[1]) if after else None
        return outbox.list_timers(house.db, dead=wanted.dead, limit=wanted.limit + 1, after=place)

    return page(Timers, await ask(house, question), wanted.limit, lambda row: [row.kind, row.subject])


async def standing(house: House, call: Call) -> Answer:
    """`GET /v1/outbox/standing`."""
    body.query(call.request, Nothing)
    return Answer(await ask(house, outbox.standing, house.db, house.clock()), headers=PRIVATE)
