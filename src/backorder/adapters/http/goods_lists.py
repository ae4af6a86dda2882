"""The console's lists of supplies and items over HTTP, as pages and as sheets."""

from datetime import date
from functools import partial
from typing import Any, Literal

import msgspec

from backorder.adapters.console import goods_lists as pages
from backorder.adapters.console.goods_lists import ITEMS, OF_ITEMS, OF_SUPPLIES, SUPPLIES, Asked, Goods
from backorder.adapters.http import body
from backorder.adapters.http.desk import Text, answered, last_seen, page_route, shown
from backorder.adapters.http.reads import Cursor, ask, cursor, foreign, token
from backorder.adapters.http.route import Answer, Call, House
from backorder.kernel.calendars import day_number
from backorder.queries import desk, goods_lists
from backorder.queries.goods_lists import NUMBERS, ItemFilters, Page, Place, Sort, SupplyFilters
from backorder.queries.passing import COUNTED_MAX

SHOWN = 50


class SuppliesPage(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Which supplies are wanted, in which order, and where the page begins."""

    view: goods_lists.SupplyPart = "coming"
    sku: Text = ""
    supplier: Text = ""
    site: Text = ""
    document: Text = ""
    sort: Literal[goods_lists.SupplyOrder, ""] = ""
    down: Literal["yes", "no", ""] = ""
    after: Cursor | None = None


class ItemsPage(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Which items are wanted, in which order, and where the page begins."""

    view: goods_lists.ItemPart = "waiting"
    category: Text = ""
    supplier: Text = ""
    sort: Literal[goods_lists.ItemOrder, ""] = ""
    down: Literal["yes", "no", ""] = ""
    after: Cursor | None = None


def _asked(goods: Goods, wanted: SuppliesPage | ItemsPage) -> Asked:
    typed = {name: getattr(wanted, name).strip() for name, _ in goods.fields}
    narrow = {name: text for name, text in typed.items() if text}
    return Asked(goods, wanted.view, narrow, wanted.sort, wanted.down == "yes" and bool(wanted.sort))


def _after(wanted: SuppliesPage | ItemsPage, sort: Sort) -> Sort:
    """The order with the place behind which the page begins. Refuses one that no page gave."""
    place = cursor(wanted.after, 2, number=sort.by in NUMBERS)
    if place is None:
        return sort
    key: str | int = place[0]
    if (most := NUMBERS.get(sort.by)) is not None and (key := int(place[0])) > most:
        raise foreign()
    return Sort(sort.by, sort.down, (key, place[1]))


async def supplies(house: House, call: Call) -> Answer:
    """`GET /console/supplies`: what is to come, and what has come."""
    wanted, seen = body.query(call.request, SuppliesPage), await last_seen(house, call)
    asked, now = _asked(OF_SUPPLIES, wanted), house.clock()
    day, zone = await ask(house, desk.today, house.db, now)
    found = await ask(house, goods_lists.supply_page, house.db, now, _filters(asked, day),
                      _after(wanted, asked.sort()), SHOWN)  # fmt: skip
    lines = call.may("orders.read")
    columns = [one for one in OF_SUPPLIES.columns if lines or one.said != OF_SUPPLIES.columns[-1].said]
    return _shown(
        call, "supplies.html", asked, wanted, found, columns=columns, lines=lines, today=day, zone=zone, seen=seen
    )


def _filters(asked: Asked, day: date) -> SupplyFilters:
    today = day_number(day)
    said = {**asked.fields, "part": asked.view, "today": today, "until": today + desk.WEEK}
    return msgspec.convert(said, SupplyFilters)


async def supplies_csv(house: House, call: Call) -> Answer:
    """`GET /console/supplies.csv`: the same supplies as a sheet, as many as are counted."""
    asked, now = _asked(OF_SUPPLIES, body.query(call.request, SuppliesPage)), house.clock()
    day, _ = await ask(house, desk.today, house.db, now)
    found = await ask(house, goods_lists.supply_page, house.db, now, _filters(asked, day), asked.sort(), COUNTED_MAX)
    text = await ask(house, partial(pages.supplies_sheet, found.rows, lines=call.may("orders.read")))
    return _sheet(f"supplies-{asked.view}", day, text)


async def items(house: House, call: Call) -> Answer:
    """`GET /console/items`: items with what waits for them, what is there and what comes."""
    wanted, seen = body.query(call.request, ItemsPage), await last_seen(house, call)
    asked = _asked(OF_ITEMS, wanted)
    day, zone = await ask(house, desk.today, house.db, house.clock())
    found = await _items(house, asked, _after(wanted, asked.sort()), SHOWN)
    return _shown(
        call, "items.html", asked, wanted, found, columns=OF_ITEMS.columns, lines=call.may("orders.read"), today=day,
        zone=zone, seen=seen,
    )  # fmt: skip


async def _items(house: House, asked: Asked, sort: Sort, limit: int) -> Page[goods_lists.ListedItem]:
    filters = msgspec.convert({**asked.fields, "part": asked.view}, ItemFilters)
    found: Page[goods_lists.ListedItem] = await ask(house, goods_lists.item_page, house.db, filters, sort, limit)
    return found


async def items_csv(house: House, call: Call) -> Answer:
    """`GET /console/items.csv`: the same items as a sheet, as many as are counted."""
    asked = _asked(OF_ITEMS, body.query(call.request, ItemsPage))
    found = await _items(house, asked, asked.sort(), COUNTED_MAX)
    day, _ = await ask(house, desk.today, house.db, house.clock())
    return _sheet(f"items-{asked.view}", day, await ask(house, pages.items_sheet, found.rows))


def _sheet(name: str, day: date, text: bytes) -> Answer:
    headers = {"Content-Disposition": f'attachment; filename="{name}-{day}.csv"'}
    return answered(text, 200, headers, "text/csv; charset=utf-8")


def _shown(
    call: Call, template: str, asked: Asked, wanted: SuppliesPage | ItemsPage, found: Page[Any], **values: Any
) -> Answer:
    """A page of a list. A column sorts where there is more than one order for so many."""
    sorts = found.many <= COUNTED_MAX
    return shown(
        call,
        template,
        asked.goods.path,
        asked=asked,
        rows=found.rows,
        many=found.many,
        sort=found.sort,
        sorts=sorts,
        next=None if found.next is None else _following(asked, found.sort, found.next),
        paged=wanted.after is not None,
        sheet=asked.address(f"{asked.goods.path}.csv"),
        **values,
    )


def _following(asked: Asked, sort: Sort, place: Place) -> str:
    """The address of the next page, which says the order that this one came in."""
    said = asked if sort == asked.sort() else asked._replace(by=sort.by, down=sort.down)
    return said.address(after=token([str(place[0]), place[1]]))


ROUTES = (
    page_route(SUPPLIES, "supply.read", supplies, "Supplies: what comes, what is late, what has come."),
    page_route(f"{SUPPLIES}.csv", "supply.read", supplies_csv, "Supplies as a sheet."),
    page_route(ITEMS, "catalogue.read", items, "Items: what waits for them, what is there and what comes."),
    page_route(f"{ITEMS}.csv", "catalogue.read", items_csv, "Items as a sheet."),
)
