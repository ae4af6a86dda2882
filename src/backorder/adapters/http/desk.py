"""The console's pages over HTTP: each asks the queries that the API asks, as its caller may, and changes nothing."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Annotated, Any, Literal
from urllib.parse import quote

import msgspec
from msgspec import Meta

from backorder.adapters import console as pages
from backorder.adapters.console import Frame, changing, columns, settings
from backorder.adapters.console import backlog as backlogs
from backorder.adapters.console import order as orders
from backorder.adapters.console import today as worklist
from backorder.adapters.console.backlog import Asked, Days, Told
from backorder.adapters.console.several import Came, take
from backorder.adapters.console.undoing import undo
from backorder.adapters.http import body
from backorder.adapters.http.callers import NOBODY
from backorder.adapters.http.forms import NO_DAY
from backorder.adapters.http.forms import day as typed_day
from backorder.adapters.http.masks import masked
from backorder.adapters.http.pages import HTML
from backorder.adapters.http.problems import Refusal
from backorder.adapters.http.reads import Cursor, Nothing, ask, cursor, foreign, token
from backorder.adapters.http.request import Request
from backorder.adapters.http.route import Answer, Call, House, Route
from backorder.adapters.http.spoken import chosen, code_of, liked
from backorder.commands.accounts import Identity
from backorder.kernel.calendars import day_number
from backorder.kernel.events import address
from backorder.kernel.phrases import Phrase, Said, phrase
from backorder.kernel.views import Column
from backorder.languages import SOURCE, Language, language
from backorder.queries import backlog, catalogue, desk, explain, imports, notices, refunds, shipments
from backorder.queries import search as finding
from backorder.queries.backlog import BacklogLine
from backorder.queries.desk import Desk
from backorder.queries.destinations import Destination, destined
from backorder.queries.holds import holds_of
from backorder.queries.outbox import last_number
from backorder.queries.show import OrderView
from backorder.queries.views import SavedView, list_views

Text = Annotated[str, Meta(max_length=200)]
LINES_SHOWN = 50
THEME = "__Host-backorder-theme"
LANGUAGE = "__Host-backorder-language"
SPREAD = "__Host-backorder-columns"
DONE = {"save": phrase("The view is kept."), "put_back": phrase("The view is as it was.")}
# A page loads its style sheet and its script from here, and hears here what is new; nothing comes from anywhere else,
# and it stands in no frame. A page that `frames` shows messages to customers, which are drawn here, in its frames.
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; connect-src 'self'"
)
_CLOSED = {
    "Content-Security-Policy": _POLICY,
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def frame_of(request: Request, caller: Identity, ident: str = "") -> Frame:
    """What stands round a page for this caller."""
    theme = request.cookies.get(THEME, "")
    account = None if caller is NOBODY else caller.account
    theme = theme if theme in pages.THEMES else "system"
    permissions = caller.permissions if caller.customer is None else frozenset()
    return Frame(account, caller.role, permissions, theme, here(request), spoken(request), ident, request.rail)


def spoken(request: Request) -> Language:
    """The language that was chosen, as it is spoken where the browser says; else what the browser likes best."""
    mine, tags = request.cookies.get(LANGUAGE, ""), liked(request)
    return language(chosen([*(tag for tag in tags if code_of(tag) == mine), mine, *tags], pages.SPOKEN) or SOURCE)


def here(request: Request) -> str:
    """The address that was asked for, as it was sent."""
    asked = request.query_text
    return request.raw_path.decode("ascii", "replace") + (f"?{asked}" if asked else "")


def answered(text: bytes, status: int = 200, more: dict[str, str] | None = None, content: str = HTML) -> Answer:
    """What goes back, with what every page of the console says to the browser."""
    return Answer(text, status, _CLOSED | (more or {}), content)


def shown(call: Call, name: str, place: str, *, status: int = 200, frames: bool = False, **values: Any) -> Answer:
    """A page for the caller."""
    more = {"Content-Security-Policy": f"{_POLICY}; frame-src 'self'"} if frames else None
    return answered(pages.page(name, frame_of(call.request, call.caller), place, **values), status, more)


async def today(house: House, call: Call) -> Answer:
    """`GET /console/`: what needs somebody."""
    body.query(call.request, Nothing)
    seen, now, supply = await last_seen(house, call), house.clock(), call.may("supply.read")
    found: Desk = masked(await ask(house, desk.desk, house.db, now), call.caller.permissions)
    waiting = None
    if call.may("notices.read"):
        waiting = await ask(house, partial(notices.queue, house.db, limit=worklist.WAITING_MAX + 1, now=now))
        masked(waiting, call.caller.permissions)
    orders = sorted({one.order for one in waiting or () if one.what == "notice"})
    bands = worklist.bands(found, waiting, await ask(house, desk.moved, house.db, orders), supply=supply)
    day = found.day
    return shown(
        call,
        "today.html",
        pages.HOME,
        desk=found,
        lead=worklist.lead(found, waiting, bands),
        tiles=list(worklist.tiles(found, waiting, supply=supply)),
        bands=bands,
        supply=supply,
        week=worklist.WEEK,
        until=day + timedelta(days=desk.WEEK),
        zone=found.zone,
        seen=seen,
        demo=not found.items and call.may("accounts.write") and await ask(house, imports.is_new, house.db),
    )


async def last_seen(house: House, call: Call) -> int | None:
    """The last event before a page is made, from which on it listens; None for who may not listen."""
    if not call.may("events.read"):
        return None
    found: int = await ask(house, last_number, house.db)
    return found


async def heard(house: House, call: Call, status: int) -> int | None:
    """The same for a page that may say what was wrong with a form: that one stays as it is, with what was typed."""
    return await last_seen(house, call) if status == 200 else None


class LinesPage(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Which lines are wanted, in which order and columns, and where the page begins; what was just done.

    A view that somebody kept says all that, unless `view` is said besides: then it is where one began.
    """

    saved: Text = ""
    view: Literal["", "waiting", "risk", "late", "week", "uncovered", "ready", "held", "all"] = ""
    sku: Text = ""
    customer: Text = ""
    channel: Text = ""
    supply: Text = ""
    since: Text = ""
    until: Text = ""
    sort: backlog.Order = "promise"
    down: Literal["yes", "no", ""] = ""
    columns: Text = ""
    after: Cursor | None = None
    done: Literal["", "save", "put_back"] = ""

    def asked(self, kept: Sequence[SavedView]) -> Asked:
        """The same as it stands in an address; `kept` are the views that there are for the caller."""
        saved, days = next((one for one in kept if one.view == self.saved), None), self.days() or Days()
        if saved is not None and not self.view:
            return Asked.of(saved).within(days)
        typed = {name: getattr(self, name).strip() for name, _, _ in backlogs.FIELDS}
        narrow = {name: text for name, text in typed.items() if text}
        chosen = columns.read(self.columns)
        return Asked(self.view or "waiting", narrow, self.sort, self.down == "yes", saved, chosen).within(days)

    def days(self) -> Days | None:
        """The days that were typed; None where one of them is none."""
        try:
            return Days(typed_day(self.since.strip()), typed_day(self.until.strip()))
        except ValueError:
            return None


async def lines(house: House, call: Call) -> Answer:
    """`GET /console/lines`: the backlog, page by page."""
    wanted = body.query(call.request, LinesPage)
    kept: list[SavedView] = await ask(house, list_views, house.db, call.caller.account)
    gone = bool(wanted.saved) and all(one.view != wanted.saved for one in kept)
    if wanted.days() is None:
        return await lines_shown(house, call, wanted, kept, Told(wrong=NO_DAY), gone=gone, status=422)
    return await lines_shown(house, call, wanted, kept, gone=gone, status=404 if gone else 200)


async def lines_shown(
    house: House,
    call: Call,
    wanted: LinesPage,
    kept: Sequence[SavedView],
    told: Told | None = None,
    *,
    gone: bool = False,
    came: Came | None = None,
    status: int = 200,
) -> Answer:
    """The page of the backlog, with what came of a form."""
    as_of = await ask(house, last_number, house.db)  # before all else: what happens meanwhile was not seen
    asked, now = wanted.asked(kept), house.clock()
    day, zone = await ask(house, desk.today, house.db, now)
    sort = backlog.Sort(asked.sort, asked.down, _after(wanted.after, asked.sort))
    filters = asked.filters(day_number(day) + desk.WEEK)
    found: backlog.Page = await ask(house, backlog.page, house.db, now, filters, sort, LINES_SHOWN + 1)
    rows = masked(found.rows[:LINES_SHOWN], call.caller.permissions)
    asked, following = asked._replace(sort=found.sort.by, down=found.sort.down), None
    if len(found.rows) > LINES_SHOWN:
        place = backlog.place_of(rows[-1].line, found.sort.by)
        following = asked.address(after=token([str(part) for part in place]))
    spread, ways = columns_of(call, asked), await ask(house, backlog.channels, house.db)
    mine = asked.saved is not None and (asked.saved.owner == call.caller.account or call.may("accounts.write"))
    return shown(
        call,
        "lines.html",
        LINES,
        status=status,
        rows=rows,
        tally=found.tally,
        asked=asked,
        views=backlogs.VIEWS,
        kept=sorted(kept, key=lambda one: (one.owner != call.caller.account, one.name.casefold(), one.view)),
        keeps=call.may("views.write"),
        mine=mine,
        gone=gone,
        told=told or Told(done=DONE.get(wanted.done)),
        came=came or Came(),
        take=take,
        holds=changing.HOLDS,
        who=changing.WHO,
        narrowing=list(asked.narrowing(ways if len(ways) <= backlog.CHANNELS_MAX else (), day)),
        columns=columns.headings(spread, found.sorts, value=call.may("money.read")),
        firsts="first" in spread,  # else the first promise stands beside the one that took its place
        choices=columns.choices(spread, value=call.may("money.read")),
        sheet=asked.address("/console/lines.csv", columns=columns.written(spread if spread != columns.USUAL else ())),
        next=following,
        paged=wanted.after is not None,
        items=call.may("catalogue.read"),
        links=call.may("supply.read"),
        today=day,
        zone=zone,
        seen=as_of if call.may("events.read") else None,
        as_of=as_of,
    )


def columns_of(call: Call, asked: Asked) -> tuple[Column, ...]:
    """The columns that are shown: those asked for, else those that this browser is used to."""
    return asked.columns or columns.read(call.request.cookies.get(SPREAD, "")) or columns.USUAL


def _after(after: str | None, sort: str) -> tuple[str | int, str, str] | None:
    """The place behind which a page begins. Refuses one that no page of this order gave."""
    place = cursor(after, 3)
    if place is None:
        return None
    most = backlog.NUMBERS.get(sort)
    if most is None:
        return place[0], place[1], place[2]
    if not (place[0].isascii() and place[0].isdecimal() and len(place[0]) < 20 and int(place[0]) <= most):
        raise foreign()
    return int(place[0]), place[1], place[2]


async def lines_csv(house: House, call: Call) -> Answer:
    """`GET /console/lines.csv`: the same lines as a sheet, as many as are counted."""
    wanted = body.query(call.request, LinesPage)
    kept = await ask(house, list_views, house.db, call.caller.account)
    asked, now = wanted.asked(kept), house.clock()
    day, _ = await ask(house, desk.today, house.db, now)
    sort = backlog.Sort(asked.sort, asked.down)
    filters = asked.filters(day_number(day) + desk.WEEK)
    found: backlog.Page = await ask(house, backlog.page, house.db, now, filters, sort, backlog.COUNTED_MAX)
    text = await ask(house, backlogs.sheet, masked(found.rows, call.caller.permissions), asked.columns)
    headers = {"Content-Disposition": f'attachment; filename="backlog-{asked.view}-{day}.csv"'}
    return answered(text, 200, headers, "text/csv; charset=utf-8")


class OrderPage(msgspec.Struct, forbid_unknown_fields=True):
    """Which line's date is explained; left out, the first at risk, else the first that is open. What was just done."""

    line: Text = ""
    done: Text = ""
    back: Text = ""


async def order(house: House, call: Call) -> Answer:
    """`GET /console/orders/{order}`: an order, its ledger, and why a line has its date."""
    return await order_shown(house, call, body.query(call.request, OrderPage))


async def order_shown(
    house: House,
    call: Call,
    wanted: OrderPage,
    *,
    typed: Mapping[str, str] | None = None,
    wrong: str | Phrase | Said = "",
    changed: changing.Meanwhile | None = None,
    there: Destination | None = None,
    status: int = 200,
) -> Answer:
    """The page of the order that the address names; with what was typed into a form that was not done, and why.

    `there` is where it is to go, once somebody looked at what begins there.
    """
    ref, now = call.path("order"), house.clock()
    # Before all else: what happens meanwhile was not seen.
    seen, acted = await heard(house, call, status), await ask(house, last_number, house.db, address("orders", ref))
    day, zone = await ask(house, desk.today, house.db, now)
    found: tuple[OrderView, list[BacklogLine]] | None = await ask(house, backlog.of_order, house.db, now, ref)
    if found is None:
        raise Refusal(404, "not_found", "there is no order with this id")
    view, rows = found
    masked(rows, call.caller.permissions)
    chosen = next((one for one in rows if one.line.line == wanted.line), None) or _first_open(rows)
    why = None if chosen is None else await ask(house, explain.line, house.db, ref, chosen.line.line, now)
    told, owed = [], []
    if call.may("notices.read"):
        told = masked(await ask(house, notices.of_order, house.db, ref), call.caller.permissions)
        owed = masked(await ask(house, refunds.of_order, house.db, ref, now), call.caller.permissions)
    who = rows[0].customer_name if rows else None
    acts = await _acts(house, view, rows, acted)
    text = pages.page(
        "order.html",
        frame_of(call.request, call.caller),
        LINES,
        order=view,
        who=who or view.customer,
        lead=orders.lead(rows, day),
        held=any(one.line.held for one in rows),
        rows=rows,
        parts=orders.parts,
        leaves=orders.leaves(rows),
        left=await ask(house, shipments.of_order, house.db, ref),
        names={one.line.line: one.item or one.line.sku for one in rows},
        chosen=chosen,
        why=why,
        reasons=None if why is None else orders.why(why, view.ship, day),
        ledger=orders.ledger(rows, told, owed, day),
        notices=told,
        refunds=owed,
        facts=list(orders.facts(view, who, day)),
        value=call.may("money.read"),
        items=call.may("catalogue.read"),
        links=call.may("supply.read"),
        today=day,
        zone=zone,
        acts=acts,
        seen=seen,
        goes=await ask(house, destined, house.db, ref),
        there=there,
        person=await _person(house, call, view.customer),
        mark=settings.mark,
        contact=changing.CONTACT,
        done=changing.DONE.get(wanted.done),
        undo=undo(wanted.done, wanted.back, seen=str(acted)),
        action=f"/console/orders/{quote(ref, safe='')}",
        typed=typed or {},
        wrong=wrong,
        changed=changed,
        again=changed is not None and changing.still(typed or {}, chosen, acts["units"], acts["holds"]),
    )
    return answered(text, status)


async def _acts(house: House, view: OrderView, rows: list[BacklogLine], seen: int) -> dict[str, Any]:
    """What the forms of an order need."""
    return {
        "seen": seen,
        "holds": await ask(house, holds_of, house.db, view.order),
        "units": sum(one.line.waiting + one.line.allocated - one.line.picked for one in rows),
        "kinds": changing.HOLDS,
        "who": changing.WHO,
        "ships": changing.SHIPS,
    }


async def _person(house: House, call: Call, customer: str | None) -> dict[str, str] | None:
    """How the customer is reached, for those who may know."""
    if customer is None or not call.may("customers.read"):
        return None
    found = await ask(house, catalogue.customer, house.db, customer)
    return None if found is None else {name: getattr(found, name) or "" for name in changing.CONTACT}


class SearchPage(msgspec.Struct, forbid_unknown_fields=True):
    """What is looked for."""

    q: Text = ""


_KINDS: tuple[tuple[Phrase, finding.Kind, str], ...] = (  # what each is called, and who may find it
    (phrase("Orders"), "order", "orders.read"),
    (phrase("Items"), "item", "catalogue.read"),
    (phrase("Supplies"), "supply", "supply.read"),
    (phrase("Customers"), "customer", "orders.read"),
)
_LINKS = {
    "order": "/console/orders/",
    "item": "/console/items/",
    "supply": "/console/supplies/",
    "customer": "/console/lines?view=all&customer=",
}


async def search(house: House, call: Call) -> Answer:
    """`GET /console/search`: what begins with a text; the one thing of which it is the whole id opens at once."""
    asked = body.query(call.request, SearchPage).q.strip()
    kinds = [(said, kind) for said, kind, permission in _KINDS if asked and call.may(permission)]
    names = call.may("customers.read")
    # All at once: names are looked through one by one, and a second processor halves that.
    each = await asyncio.gather(*(ask(house, finding.find, house.db, asked, kind, names) for _, kind in kinds))
    hits = [hit for found in each for hit in found.hits]
    more = {kind for (_, kind), found in zip(kinds, each, strict=True) if found.more}
    whole = [hit for hit in hits if hit.id == asked] or [hit for hit in hits if hit.exact]
    if len(whole) == 1:
        return answered(b"", 303, {"Location": _LINKS[whole[0].kind] + quote(whole[0].id, safe="")})
    day, _ = await ask(house, desk.today, house.db, house.clock())
    values = {"hits": hits, "more": more, "most": finding.SHOWN, "today": day}
    return shown(call, "search.html", "", asked=asked, kinds=kinds, links=_LINKS, **values)


def _first_open(rows: list[BacklogLine]) -> BacklogLine | None:
    """The line that is worth a look first: at risk, else one that waits, else one that is ready; None if all left."""
    still = [one for one in rows if one.line.waiting or one.line.allocated]
    return min(still, key=lambda one: (not one.line.at_risk, not one.line.waiting), default=None)


LINES = "/console/lines"


def page_route(path: str, permission: str, answer: Callable[[House, Call], Awaitable[Answer]], summary: str) -> Route:
    """A page that people look at."""
    return Route("GET", path, permission, answer, summary, page=True)


ROUTES = (
    page_route("/console", "orders.read", today, "What needs somebody today."),
    page_route(LINES, "orders.read", lines, "The backlog."),
    page_route("/console/lines.csv", "orders.read", lines_csv, "The backlog as a sheet."),
    page_route("/console/search", "orders.read", search, "One box that finds any order, item, supply, customer."),
    page_route("/console/orders/{order:str}", "orders.read", order, "An order."),
)
