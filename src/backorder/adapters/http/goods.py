"""The console's pages of supplies and items over HTTP."""

from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta

from backorder.adapters import console as pages_of
from backorder.adapters.console import charts, selling
from backorder.adapters.console import goods as pages
from backorder.adapters.console.goods_lists import ITEMS, SUPPLIES
from backorder.adapters.console.undoing import undo
from backorder.adapters.feeds.page import page as store_page
from backorder.adapters.http import body
from backorder.adapters.http.desk import Text, answered, frame_of, heard, last_seen, page_route, shown, spoken
from backorder.adapters.http.masks import masked
from backorder.adapters.http.problems import Refusal, refusal_of
from backorder.adapters.http.reads import ask
from backorder.adapters.http.route import Answer, Call, House
from backorder.adapters.http.selling import pressed
from backorder.kernel.calendars import moment_number
from backorder.kernel.events import Ready, address
from backorder.kernel.outcomes import Outcome
from backorder.kernel.phrases import Said
from backorder.queries import arriving, backlog, desk, lists, pegboard, show, slips, storefront, trail, whatif
from backorder.queries.backlog import Sort, Tally
from backorder.queries.lines import Filters
from backorder.queries.outbox import list_events
from backorder.queries.touched import WhatIf

T = TypeVar("T")
SLIPS = (3, 7, 14, 21)  # days later that are offered
WAITS_SHOWN = 100
TRIED_UNASKED = 300  # lines that wait for the item, up to which slips are tried before somebody asks
COMING_SHOWN = 40
RISK_READ = 1  # of the lines at risk, which are only counted
SERVED_SHOWN = 30
EVENTS_READ = 500


class SupplyPage(msgspec.Struct, forbid_unknown_fields=True):
    """By how many days it might slip; what was just done to it, the last event before that, and the day before."""

    slip: Annotated[int, Meta(ge=1, le=365)] | None = None
    done: Literal["receive", "move", "confirm", "again", ""] = ""
    since: Annotated[int, Meta(ge=0, le=2**62)] | None = None
    back: date | None = None


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
    about: arriving.About = await ask(house, arriving.about, house.db, name)
    text = pages_of.page(
        "supply.html",
        frame_of(call.request, call.caller),
        SUPPLIES,
        supply=found,
        title=pages.supply_name(found, about),
        lead=pages.supply_lead(found, about, waits, day),
        facts=list(pages.supply_facts(found, about, day)),
        days=list(pages.supply_days(found, about, day)),
        turns=await _turns(house, found, day),
        rows=rows,
        waits=waits,
        held={(one.order, one.line): one.quantity for one in found.pegs},
        **await _if_it_slips(house, call, now, found, waits, wanted.slip),
        items=call.may("catalogue.read"),
        lines=call.may("orders.read"),
        today=day,
        zone=zone,
        to_come=found.quantity - found.received - found.cancelled if found.kind != "stock" else 0,
        served=served[0],
        just=served[1],
        **await _was_done(house, call, found, wanted, day),
        typed=typed or {},
        wrong=wrong,
        seen=seen,
    )
    return answered(text, status)


async def _turns(house: House, found: show.SupplyView, today: date) -> list[pages.Turned]:
    """What happened to a supply, the newest first, and who did it as far as that is known."""
    if found.kind == "stock":
        return []
    told = await ask(house, arriving.turns, house.db, found.supply, found.document)
    moments = {moment_number(one.at) for one in told}
    who = await ask(house, trail.actors, house.db, found.supply, moments) if told else {}
    return list(pages.history(told, who, today))


async def _was_done(
    house: House, call: Call, found: show.SupplyView, wanted: SupplyPage, today: date
) -> dict[str, Any]:
    """What is said of what was just done: what it did to promises, where to look, and what takes it back."""
    if wanted.done not in {"move", "confirm"} or wanted.since is None:
        return {"done": [Said(pages.DONE[wanted.done])] if wanted.done else [], "ways": [], "undo": None}
    gone = await ask(house, arriving.gone, house.db, found.supply, wanted.since)
    expected = str(found.expected_on or "")
    back = "" if wanted.back is None or str(wanted.back) == expected else str(wanted.back)
    return {
        "done": pages.moved(wanted.done, found, gone, today),
        "ways": [way for way, permission in pages.ways(found, gone) if call.may(permission)],
        "undo": undo(wanted.done, back, seen=expected) if call.may("supply.write") else None,
    }


async def _if_it_slips(
    house: House, call: Call, now: int, found: show.SupplyView, waits: Tally, slip: int | None
) -> dict[str, Any]:
    """The answers to what happens if a supply slips: by some numbers of days, and what one of them does line by line.

    While many lines wait for the item, that is tried only once somebody asks, for the days that they name.
    """
    tried: WhatIf | None = None
    table: list[slips.Slip] = []
    open_ = found.state in {"open", "overdue"} and bool(waits.lines)
    if call.may("orders.read") and open_:
        few = await ask(house, slips.few_wait, house.db, found.sku, TRIED_UNASKED)
        slip = slip or (SLIPS[1] if few else None)
        tried = None if slip is None else await _slipped(house, call, now, found.supply, slip)
        table = _answered(await ask(house, slips.slips, house.db, now, found.supply, SLIPS)) if few else []
    later = () if tried is None else (one for one in tried.lines if one.effect == "later")
    return {
        "tried": tried,
        "after": {(one.order, one.line): one for one in later},
        "table": table,
        "slip": slip,
        "slips": SLIPS,
        "slips_open": open_,
    }


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
    found: WhatIf = _answered(await ask(house, whatif.what_if, house.db, now, [change]))
    return masked(found, call.caller.permissions)


def _answered(found: T | Outcome) -> T:
    if isinstance(found, Outcome):
        raise refusal_of(found)
    return found


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
    coming, board, risk = [], None, None
    if call.may("orders.read"):
        in_danger: backlog.Page = await ask(
            house, backlog.page, house.db, now, Filters(sku=sku, at_risk=True), Sort(), RISK_READ
        )
        risk = in_danger.tally.lines
    if call.may("supply.read"):
        coming = await ask(
            house, partial(lists.list_supplies, house.db, now, sku=sku, still_open=True, limit=COMING_SHOWN)
        )
        if call.may("orders.read"):
            board = await ask(house, pegboard.board, house.db, now, sku)
            masked(board, call.caller.permissions)
    return shown(
        call,
        "item.html",
        ITEMS,
        item=found,
        front=None if front is None else store_page(front, spoken(call.request)),
        policy=list(selling.policy(found)),
        **pressed(found, wanted.done, wanted.back),
        coming=coming,
        chart=charts.projection(found.free - found.waiting, coming, day),
        board=board,
        risk=risk,
        holds=charts.holds,
        overdue=charts.overdue,
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
