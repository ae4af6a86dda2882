"""The lists of supplies and items: a page holds what a plain reading of each of them gives, one by one."""

import random
from collections.abc import Callable
from datetime import date, timedelta
from itertools import product
from typing import Any

import pytest
from shop import NOW, do
from state import apply

from backorder.kernel.calendars import day_number, local_day, moment_datetime, moment_number
from backorder.queries import goods_lists, show
from backorder.queries.goods_lists import (
    ITEM_SORTS,
    SUPPLY_SORTS,
    ItemFilters,
    ListedItem,
    ListedSupply,
    Page,
    Sort,
    SupplyFilters,
)
from backorder.queries.lines import Filters, list_lines
from backorder.queries.lists import list_supplies
from backorder.storage.db import Database

MOMENT = moment_number(NOW) + 9 * 86_400 * 10**6 + 15 * 3_600 * 10**6  # it is a day later in Auckland than in Honolulu
ITEMS = "ABCDEFGH"
PARTS = ("coming", "overdue", "week", "unconfirmed", "done")
LIMIT = 4


def _filled(db: Database, seed: int) -> None:
    """Items with and without stock, supply and lines; supply that is late, parted, received, cancelled, unconfirmed."""
    chance = random.Random(seed)
    do(db, "put_site", site="EAST", zone="Pacific/Auckland")
    do(db, "put_site", site="WEST", zone="Pacific/Honolulu")
    for name in ("S1", "S2"):
        do(db, "put_supplier", supplier=name)
    do(db, "put_category", category="lamps", selling="backorder")
    for n, sku in enumerate(ITEMS):
        item = {"sku": sku, "name": f"Item {sku}" if n % 2 else None, "category": "lamps" if n % 3 else None}
        policy = {"selling": "backorder", "coverage": "lead_time", "lead_time_days": 9}
        apply(db, NOW, [{"do": "put_item", "supplier": chance.choice(("S1", "S2")), **item, **policy}])
        if n % 2:
            do(db, "count_stock", sku=sku, site="EAST", quantity=chance.randrange(1, 9))
        for m in range(0 if sku == "H" else 4):
            due = date(2026, 12, 4) + timedelta(chance.randrange(20))
            do(db, "announce_supply", supply=f"PO-{sku}{m}", sku=sku, site=chance.choice(("EAST", "WEST")), quantity=9,
               expected_on=due, confirmed=chance.random() < 0.7, document=f"D{m}",
               supplier=chance.choice(("S1", "S2")))  # fmt: skip
    for n in range(60):
        do(db, "place_order", order=f"SO-{n:02}",
           lines=[{"line": "1", "sku": chance.choice(ITEMS[1:]), "quantity": chance.randrange(1, 5)}])  # fmt: skip
    for sku in "BD":
        do(db, "receive_supply", supply=f"PO-{sku}0", receipt=f"R-{sku}", quantity=9)
        do(db, "receive_supply", supply=f"PO-{sku}1", receipt=f"Q-{sku}", quantity=4)
        do(db, "cancel_supply", supply=f"PO-{sku}2", reason="no more")


def _pages(read: Callable[[Sort], Page[Any]], sort: Sort) -> tuple[list[Any], Page[Any]]:
    """All rows, page behind page, and the first page."""
    page = first = read(sort)
    found = list(page.rows)
    while page.next is not None:
        assert len(page.rows) == LIMIT
        page = read(Sort(page.sort.by, page.sort.down, page.next))
        found += page.rows
    return found, first


@pytest.mark.parametrize("counted", [10_000, 5])
def test_every_page_of_supplies_is_what_a_plain_reading_gives(
    db: Database, monkeypatch: pytest.MonkeyPatch, counted: int
) -> None:
    _count_up_to(monkeypatch, counted)
    _filled(db, seed=3)
    every = {one.supply: one for one in list_supplies(db, MOMENT, limit=1_000, after="") if one.kind != "stock"}
    senders = {row.supply.supply: row.supplier for row in _all(db)}
    waits: dict[str, int] = {}
    for line in list_lines(db, MOMENT, Filters(limit=1_000)):
        for peg in line.pegs:
            waits[peg.supply] = waits.get(peg.supply, 0) + 1
    today = local_day(MOMENT, "UTC")
    narrow: tuple[dict[str, str], ...] = (
        {}, {"sku": "B"}, {"supplier": "S1"}, {"site": "WEST"}, {"document": "D1"}, {"site": "EAST", "supplier": "S2"},
        {"sku": "Z"},
    )  # fmt: skip
    shown = 0
    for part, fields, by, down in product(PARTS, narrow, SUPPLY_SORTS, (False, True)):
        filters = SupplyFilters(part, today, today + 7, **fields)
        found, first = _pages(
            lambda sort, filters=filters: goods_lists.supply_page(db, MOMENT, filters, sort, LIMIT), Sort(by, down)
        )
        wanted = [
            one
            for one in every.values()
            if _passes(one, part) and all(_said(one, senders)[name] == value for name, value in fields.items())
        ]
        _are(found, first, wanted, by, down, counted, lambda one: one.supply.supply, lambda one: one.supply, _of_supply)
        assert all(row.lines == waits.get(row.supply.supply, 0) for row in found)
        assert all(row.item == (None if ITEMS.index(row.supply.sku) % 2 == 0 else f"Item {row.supply.sku}")
                   for row in found)  # fmt: skip
        shown += len(found)
    assert shown > 1_000


def _all(db: Database) -> list[ListedSupply]:
    both = (goods_lists.supply_page(db, MOMENT, SupplyFilters(part, 0, 0), Sort("expected"), 999) for part in
            ("coming", "done"))  # fmt: skip
    return [row for page in both for row in page.rows]


def _passes(one: show.SupplyView, part: str) -> bool:
    to_come = one.quantity > one.received + one.cancelled
    assert one.expected_on is not None
    today = moment_datetime(MOMENT).date()
    return {
        "coming": to_come,
        "overdue": one.state == "overdue",
        "week": to_come and today <= one.expected_on < today + timedelta(7),
        "unconfirmed": to_come and not one.confirmed,
        "done": not to_come,
    }[part]


def _said(one: show.SupplyView, senders: dict[str, str | None]) -> dict[str, str | None]:
    return {"sku": one.sku, "site": one.site, "document": one.document, "supplier": senders[one.supply]}


def _of_supply(one: show.SupplyView, by: str) -> Any:
    left = one.quantity - one.received - one.cancelled
    keys = {"expected": one.expected_on, "supply": one.supply, "item": one.sku, "units": left, "free": one.free}
    return keys[by], one.supply


@pytest.mark.parametrize("counted", [10_000, 3])
def test_every_page_of_items_is_what_a_plain_reading_of_their_lines_and_supplies_gives(
    db: Database, monkeypatch: pytest.MonkeyPatch, counted: int
) -> None:
    _count_up_to(monkeypatch, counted)
    _filled(db, seed=5)
    every = {sku: found for sku in ITEMS if (found := show.item(db, sku)) is not None}
    coming = {
        sku: min((one.expected_on for one in list_supplies(db, MOMENT, sku=sku, still_open=True) if one.expected_on),
                 default=None)
        for sku in ITEMS
    }  # fmt: skip
    uncovered = [sku for sku, one in every.items() if one.uncovered]
    waited = [sku for sku, one in every.items() if one.waiting]
    assert 0 < len(uncovered) < len(waited) < len(ITEMS)
    lamps = {sku for n, sku in enumerate(ITEMS) if n % 3}
    for part, category, by, down in product(("waiting", "uncovered", "all"), (None, "lamps", "none"), ITEM_SORTS,
                                            (False, True)):  # fmt: skip
        wanted = [sku for sku in {"waiting": waited, "uncovered": uncovered, "all": list(every)}[part]
                  if category is None or (category == "lamps" and sku in lamps)]  # fmt: skip
        filters = ItemFilters(part, category=category)
        found, first = _pages(
            lambda sort, filters=filters: goods_lists.item_page(db, filters, sort, LIMIT), Sort(by, down)
        )
        _are(found, first, [_listed(every[sku], coming[sku]) for sku in wanted], by, down, counted,
             lambda one: one.sku, lambda one: one, _of_item)  # fmt: skip


def _listed(one: show.ItemView, coming: date | None) -> ListedItem:
    return ListedItem(
        one.sku, one.name, one.selling, one.on_hand, one.free, one.inbound, one.inbound_free, one.waiting,
        one.uncovered, coming,
    )  # fmt: skip


def _of_item(one: ListedItem, by: str) -> Any:
    keys: dict[str, Any] = {"item": one.sku, "waiting": one.waiting, "uncovered": one.uncovered, "free": one.free,
                            "coming": one.coming or date.max}  # fmt: skip
    return keys[by], one.sku


def _are(
    found: list[Any],
    first: Page[Any],
    wanted: list[Any],
    by: str,
    down: bool,
    counted: int,
    name: Callable[[Any], str],
    told: Callable[[Any], Any],
    key: Callable[[Any, str], Any],
) -> None:
    """The rows are those wanted, in the order that was asked for where they are few enough, else by their index."""
    few = len(wanted) <= counted
    assert first.many == (len(wanted) if few else counted + 1)
    assert (first.sort.by, first.sort.down) == (by, down) or not few
    in_order = sorted(wanted, key=lambda one: key(one, first.sort.by), reverse=first.sort.down)
    assert [told(row) for row in found] == in_order
    assert len({name(row) for row in found}) == len(found)


def _count_up_to(monkeypatch: pytest.MonkeyPatch, counted: int) -> None:
    monkeypatch.setattr(goods_lists, "COUNTED_MAX", counted)
    monkeypatch.setattr(goods_lists, "_MOST", goods_lists.literal_column(str(counted + 1)))


def test_what_arrives_in_a_week_is_what_the_desk_counts(db: Database) -> None:
    from backorder.queries import desk

    _filled(db, seed=9)
    day, _ = desk.today(db, MOMENT)
    filters = SupplyFilters("week", day_number(day), day_number(day) + desk.WEEK)
    page = goods_lists.supply_page(db, MOMENT, filters, Sort("expected"), 50)
    counted = desk.desk(db, MOMENT)
    assert page.many == counted.arriving_supplies > 0
    assert sum(row.supply.quantity - row.supply.received - row.supply.cancelled for row in page.rows) == (
        counted.arriving_units
    )
