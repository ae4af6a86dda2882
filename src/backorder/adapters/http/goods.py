"""The console's pages of supplies and items over HTTP."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from backorder.adapters import console as pages_of
from backorder.adapters.console import charts, selling
from backorder.adapters.console import goods as pages
from backorder.adapters.feeds.page import page as store_page
from backorder.adapters.http import body
from backorder.adapters.http.desk import Text, answered, frame_of, heard, last_seen, page_route, shown, spoken
from backorder.adapters.http.masks import masked
from backorder.adapters.http.problems import Refusal, refusal_of
from backorder.adapters.http.reads import ask
from backorder.adapters.http.route import Answer, Call, House
from backorder.adapters.http.selling import pressed
from backorder.kernel.events import Ready, address
from backorder.kernel.outcomes import Outcome
from backorder.kernel.phrases import Said
from backorder.queries import backlog, desk, lists, pegboard, show, storefront, whatif
from backorder.queries.backlog import Sort, Tally
from backorder.queries.lines import Filters
from backorder.queries.outbox import list_events
from backorder.queries.touched import WhatIf

SLIPS = (3, 7, 14, 21)  # days later that are offered
WAITS_SHOWN = 100
TRIED_UNASKED = 300  # lines up to which a slip is tried before somebody asks
TOUCHED_SHOWN = 200
COMING_SHOWN = 40
SERVED_SHOWN = 30
EVENTS_READ = 500


class SupplyPage(msgspec.Struct, forbid_unknown_fields=True):
    """By how many days it might slip; what was just done to it, and the last event before that."""

    slip: Annotated[int, Meta(ge=1, le=365)] | None = None
    done: Literal["receive", "move", "confirm", "again", ""] = ""
    since: Annotated[int, Meta(ge=0, le=2**62)] | None = None


class ItemPage(msgspec.Struct, forbid_unknown_fields=True):
    """What was just done to it, and how it was before."""

    done: Text = ""
    back: Text = ""


async def supply(house: House, call: Call) -> Answer:
    """`GET /console/supplies/{supply}`: its dates, who waits on it, and what if it slips."""
    return await supply_shown(house, call, body.query(call.request, SupplyPage))


async def supply_shown(
    house: House,
    call: Call,
    wanted: SupplyPage,
    *,
    typed: Mapping[str, str] | None = None,
    wrong: str | Said = "",
    status: int = 200,
) -> Answer:
    """The page of the supply that the address names; with what was typed into a form that was refused."""
    seen, name, now = await heard(house, call, status), call.path("supply"), house.clock()
    day, zone = await ask(house, desk.today, house.db, now)
    found = await ask(house, show.supply, house.db, name, now)
    if found is None:
        raise Refusal(404, "not_found", "there is no supply with this id")
    rows, waits = [], Tally(0, 0, 0)
    served: tuple[list[backlog.BacklogLine], set[tuple[str, str]]] = [], set()
    if call.may("orders.read"):
        filters = Filters(supply=name)
        rows, waits, *_ = await ask(house, backlog.page, house.db, now, filters, Sort(), WAITS_SHOWN)
        masked(rows, call.caller.permissions)
        if found.received:
            served = await _served(house, call, found, now, wanted.since)
    tried, slip = None, wanted.slip
    if call.may("orders.read") and found.state in {"open", "overdue"} and waits.lines:
        slip = slip or (SLIPS[1] if waits.lines <= TRIED_UNASKED else None)
        tried = None if slip is None else await _slipped(house, call, now, name, slip)
    after = {} if tried is None else {(one.order, one.line): one for one in tried.lines if one.effect == "later"}
    text = pages_of.page(
        "supply.html",
        frame_of(call.request, call.caller),
        "",
        supply=found,
        lead=pages.supply_lead(found, waits, day),
        facts=list(pages.supply_facts(found, day)),
        rows=rows,
        waits=waits,
        held={(one.order, one.line): one.quantity for one in found.pegs},
        tried=tried,
        after=after,
        slip=slip,
        slips=SLIPS,
        items=call.may("catalogue.read"),
        lines=call.may("orders.read"),
        today=day,
        zone=zone,
        to_come=found.quantity - found.received - found.cancelled if found.kind != "stock" else 0,
        served=served[0],
        just=served[1],
        done=pages.DONE.get(wanted.done),
        typed=typed or {},
        wrong=wrong,
        seen=seen,
    )
    return answered(text, status)


async def _served(
    house: House, call: Call, found: show.SupplyView, now: int, since: int | None
) -> tuple[list[backlog.BacklogLine], set[tuple[str, str]]]:
    """Lines with units of the item to ship there, and those of them that a receipt behind an event made whole."""
    filters = Filters(sku=found.sku, site=found.site, ready=True)
    rows, *_ = await ask(house, backlog.page, house.db, now, filters, Sort(), SERVED_SHOWN)
    masked(rows, call.caller.permissions)
    if since is None:
        return rows, set()
    news = await ask(house, partial(list_events, house.db, after=since, limit=EVENTS_READ, kind="line_ready"))
    said = [(event.subject, msgspec.json.decode(event.data, type=Ready)) for event in news]
    told = {(subject, one.line) for subject, one in said if one.sku == found.sku}
    return rows, {
        (one.line.order, one.line.line) for one in rows if (address("orders", one.line.order), one.line.line) in told
    }


async def _slipped(house: House, call: Call, now: int, name: str, days: int) -> WhatIf:
    change = whatif.SupplySlips(supply=name, days=days)
    found: WhatIf | Outcome = await ask(house, whatif.what_if, house.db, now, [change])
    if isinstance(found, Outcome):
        raise refusal_of(found)
    return masked(found, call.caller.permissions)


async def item(house: House, call: Call) -> Answer:
    """`GET /console/items/{sku}`: its units, its policy, what the shop says of it, and who waits on which supply."""
    wanted = body.query(call.request, ItemPage)
    seen, sku, now = await last_seen(house, call), call.path("sku"), house.clock()
    day, zone = await ask(house, desk.today, house.db, now)
    found = await ask(house, show.item, house.db, sku)
    if found is None:
        raise Refusal(404, "not_found", "there is no item with this SKU")
    masked(found, call.caller.permissions)
    front = await ask(house, storefront.front, house.db, now, sku, 1)
    coming, board = [], None
    if call.may("supply.read"):
        coming = await ask(
            house, partial(lists.list_supplies, house.db, now, sku=sku, still_open=True, limit=COMING_SHOWN)
        )
        if call.may("orders.read"):
            board = await ask(house, pegboard.board, house.db, now, sku)
    return shown(
        call,
        "item.html",
        "",
        item=found,
        front=None if front is None else store_page(front, spoken(call.request)),
        policy=list(selling.policy(found)),
        **pressed(found, wanted.done, wanted.back),
        coming=coming,
        chart=charts.projection(found.free - found.waiting, coming, day),
        board=board,
        ends={} if board is None else {end.key: end for end in board.ends},
        alone=board is not None and board.lines <= pegboard.LINES_MAX,
        pegs=None if board is None or not board.ribbons else charts.pegs(board, day),
        lines=call.may("orders.read"),
        supplies=call.may("supply.read"),
        today=day,
        zone=zone,
        seen=seen,
    )


ROUTES = (
    page_route("/console/supplies/{supply:str}", "supply.read", supply, "A supply: who waits, and what if it slips."),
    page_route("/console/items/{sku:str}", "catalogue.read", item, "An item: units, policy, and who waits."),
)
