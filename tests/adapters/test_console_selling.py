"""Sell policies in the console: by shop, category and item, each value with its level, and nothing else lost."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from console_house import FORM, House, house_with, read
from state import apply

from backorder.queries import policies
from backorder.queries.policies import ItemLevel
from backorder.storage.catalogue import load_rows
from backorder.storage.db import open_database

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
EVIL = "<img src=x onerror=alert(1)>\"'&{{7*7}}<script>"
TAB = "/console/settings/selling"
ITEM = "/console/items/CHAIR"
SELLS = f"{ITEM}/selling"
BEGUN: list[dict[str, Any]] = [
    {"do": "put_site", "site": "NY", "zone": "America/New_York", "country": "US"},
    {"do": "put_supplier", "supplier": "ACME", "lead_time_days": 9},
    {"do": "put_category", "category": "seats", "max_wait_days": 70},
    {"do": "put_item", "sku": "CHAIR", "name": "Oak chair", "category": "seats", "price": "40.00", "cost": "9.00",
     "currency": "USD", "supplier": "ACME", "pack_size": 4, "substitutes": ["STOOL"],
     "sites": {"NY": {"safety_stock": 3}}},
]  # fmt: skip


@pytest.fixture(params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house_with(request.param, tmp_path_factory, NOW, BEGUN) as found:
        yield found


def do(house: House, **command: Any) -> None:
    db = open_database(house.url)
    apply(db, NOW, [command])
    db.close()


def row(house: House, name: str = "items", key: str = "CHAIR") -> dict[str, Any]:
    db = open_database(house.url)
    with db.read() as tx:
        found = load_rows(tx, name, [key], lock=False)
    db.close()
    return found.get(key, {})


def item(house: House) -> ItemLevel:
    db = open_database(house.url)
    found = policies.item(db, "CHAIR")
    db.close()
    assert found is not None
    return found


def was(page: str) -> str:
    found = re.search(r'name="was" value="([^"]*)"', page)
    assert found is not None
    return found[1]


def test_what_the_shop_says_is_shown_and_changed(house: House) -> None:
    page = house.page(TAB)
    assert "Whole shop" in page
    assert "Left empty: the supplier's" in page
    kept = house.give(TAB, do="put_shop", was=was(page), selling="stock_only", safety_stock="2", max_wait_days="")
    assert kept.status == 303
    assert "It is kept." in house.page(kept.headers["location"])
    shop = row(house, "shop", "shop")
    assert (shop["selling"], shop["safety_stock"], shop["max_wait_days"]) == ("stock_only", 2, None)
    cleared = house.give(TAB, do="put_shop", was=was(house.page(TAB)), selling="", safety_stock="2")
    assert cleared.status == 303
    assert (row(house, "shop", "shop")["selling"], row(house, "shop", "shop")["safety_stock"]) == (None, 2)


def test_a_category_is_added_and_changed_and_says_what_holds_where_it_is_empty(house: House) -> None:
    do(house, do="put_shop", safety_stock=5, keep_people_days=90)
    assert "Left empty: 5, from the shop" in house.page(f"{TAB}?new=yes")
    added = house.give(TAB, do="put_category", new="yes", category=EVIL, backorder_cap="20")
    assert added.status == 303
    page = house.ask("GET", added.headers["location"])
    assert b"<img" not in page.body
    assert EVIL in read(page)
    assert row(house, "categories", EVIL)["backorder_cap"] == 20
    form = was(read(page))
    assert house.give(TAB, do="put_category", category=EVIL, was=form, backorder_cap="").status == 303
    assert row(house, "categories", EVIL)["backorder_cap"] is None
    bare = house.give(TAB, do="put_category", new="yes", category="bare")
    assert bare.status == 303
    assert row(house, "categories", "bare")
    again = house.give(TAB, do="put_category", new="yes", category="seats", max_wait_days="1")
    assert again.status == 422
    assert 'id="category-wrong"' in read(again)
    assert row(house, "categories", "seats")["max_wait_days"] == 70
    for name in ("", "x" * 201, "a\nb"):
        assert house.give(TAB, do="put_category", new="yes", category=name).status == 422
    house.page(f"{TAB}?category=none", status=404)
    assert house.give(TAB, do="put_category", category="none", was="").status == 404
    assert row(house, "shop", "shop")["keep_people_days"] == 90, "what the form does not show stays"


def test_categories_go_on_by_pages(house: House) -> None:
    db = open_database(house.url)
    apply(db, NOW, [{"do": "put_category", "category": f"c{n:02}"} for n in range(60)])
    db.close()
    first = house.page(TAB)
    more = re.search(r'rel="next" href="([^"]+)"', first)
    assert more is not None
    assert "c49" in first
    assert "c50" not in first
    second = house.page(more[1])
    assert "c50" in second
    assert "seats" in second
    assert "&after=" in second, "whoever picks one stays on its page"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("safety_stock", "-1"),
        ("backorder_cap", "1000000001"),
        ("per_customer_cap", "lots"),
        ("max_wait_days", "3651"),
        ("lead_time_days", "1.5"),
        ("selling", "discontinued"),
        ("coverage", "hope"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field_and_nothing_is_done(house: House, name: str, text: str) -> None:
    form = was(house.page(TAB))
    sent = {"safety_stock": "7"} | {name: text}
    refused = house.give(TAB, do="put_shop", was=form, **sent)
    assert refused.status == 422
    page = read(refused)
    assert f'id="{name}-wrong"' in page
    assert "Not saved." in page
    assert name in {"selling", "coverage"} or f'value="{text}"' in page
    assert name == "safety_stock" or 'value="7"' in page
    assert row(house, "shop", "shop").get("safety_stock") is None
    if name != "selling":
        refused = house.give(SELLS, do="put_item", was=was(house.page(SELLS)), **sent)
        assert refused.status == 422
        assert f'id="{name}-wrong"' in read(refused)
        assert item(house).level.own["safety_stock"] is None


def test_an_item_says_where_each_value_comes_from(house: House) -> None:
    do(house, do="put_shop", safety_stock=5)
    page = house.page(SELLS)
    assert "Left empty: 70, from category seats" in page
    assert "Left empty: 5, from the shop" in page
    assert "Different at sites" in page
    assert "NY" in page
    shown = house.page(ITEM)
    for words in ("from category seats", "from the shop", "at site NY", "Change policy", "Stop selling"):
        assert words in shown, words


def test_an_item_is_changed_and_keeps_all_else(house: House) -> None:
    before = row(house)
    form = was(house.page(SELLS))
    kept = house.give(SELLS, do="put_item", was=form, safety_stock="4", category="seats", max_wait_days="")
    assert kept.status == 303
    assert "from now on" in house.page(kept.headers["location"])
    assert row(house) == before | {"safety_stock": 4}
    assert item(house).sites == {"NY": (3, None)}
    moved = house.give(SELLS, do="put_item", was=was(house.page(SELLS)), category="", safety_stock="")
    assert moved.status == 303
    assert row(house) == before | {"category": None}
    astray = house.give(SELLS, do="put_item", was=was(house.page(SELLS)), category="seat")
    assert astray.status == 422
    assert 'id="category-wrong"' in read(astray)


def test_a_preorder_asks_for_its_day(house: House) -> None:
    form = was(house.page(SELLS))
    for day, word in (("", "A preorder needs the day of its release."), ("soon", "Give a day"), ("2500-01-01", "Give")):
        refused = house.give(SELLS, do="put_item", was=form, selling="preorder", released_on=day)
        assert refused.status == 422
        assert 'id="released_on-wrong"' in read(refused)
        assert word in read(refused)
        assert '<option value="preorder" selected>' in read(refused)
    assert house.give(SELLS, do="put_item", was=form, selling="preorder", released_on="2027-01-04").status == 303
    assert item(house).level.own["selling"] == "preorder"
    house.give(ITEM + "/selling", do="stop_item", was=was(house.page(ITEM)))
    house.give(ITEM + "/selling", do="sell_item", was=was(house.page(ITEM)))
    assert item(house).level.own["selling"] == "preorder", "it is not released yet"


def test_selling_stops_and_goes_on_and_both_can_be_undone(house: House) -> None:
    do(house, do="put_item", sku="CHAIR", selling="stock_only")
    page = house.page(ITEM)
    stopped = house.give(SELLS, do="stop_item", was=was(page))
    assert stopped.status == 303
    assert item(house).level.own["selling"] == "discontinued"
    page = house.page(stopped.headers["location"])
    assert "It is not sold any more." in page
    assert "Sell again" in page
    undo = re.search(r'<form method="post" action="([^"]+)">(.*?)<button[^>]* value="sell_item">Undo', page)
    assert undo is not None
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', undo[2]))
    undone = house.give(undo[1], do="sell_item", **fields)
    assert undone.status == 303
    assert item(house).level.own["selling"] == "stock_only", "as it was"
    assert ">Undo<" in house.page(undone.headers["location"])
    house.give(SELLS, do="stop_item", was=was(house.page(ITEM)))
    again = house.give(SELLS, do="sell_item", was=was(house.page(ITEM)))
    assert again.status == 303
    assert item(house).level.own["selling"] is None, "its category and the shop say it"


def test_nobody_overwrites_what_somebody_changed_meanwhile(house: House) -> None:
    shop, category, item_form, button = (was(house.page(path)) for path in (TAB, f"{TAB}?category=seats", SELLS, ITEM))
    do(house, do="put_shop", selling="stock_only", safety_stock=1)
    do(house, do="put_category", category="seats", max_wait_days=7)
    do(house, do="put_item", sku="CHAIR", selling="stock_only", safety_stock=8)
    for path, said in (
        (TAB, {"do": "put_shop", "was": shop}),
        (TAB, {"do": "put_category", "category": "seats", "was": category}),
        (SELLS, {"do": "put_item", "was": item_form}),
    ):
        met = house.give(path, **said, lead_time_days="33")
        assert met.status == 409
        assert "Somebody changed this meanwhile. Nothing was done." in read(met)
        assert 'value="33"' in read(met)
        again = house.give(path, **{**said, "was": was(read(met))}, lead_time_days="33")
        assert again.status == 303, "having seen it"
    assert "stock only" in read(house.give(SELLS, do="put_item", was=item_form))
    assert (item(house).level.own["safety_stock"], item(house).level.own["lead_time_days"]) == (8, 33)
    met = house.give(SELLS, do="stop_item", was=button)
    assert met.status == 409
    assert "Somebody changed how it is sold meanwhile." in read(met)
    assert item(house).level.own["selling"] == "stock_only"


def test_who_may_only_read_sees_values_and_no_form(house: House) -> None:
    for path in (TAB, f"{TAB}?category=seats", f"{TAB}?new=yes", SELLS):
        page = house.page(path, "viewer")
        assert 'name="was"' not in page
        assert "Save policy" not in page
        assert "no limit" in page
    assert "Stop selling" not in house.page(ITEM, "viewer")
    for path, word in ((TAB, "put_shop"), (SELLS, "put_item"), (SELLS, "stop_item")):
        body = urlencode({"do": word, "was": "", "safety_stock": "1"}).encode()
        assert house.ask("POST", path, body, "viewer", **FORM).status == 403
        assert house.ask("POST", path, body, **{**FORM, "Sec_Fetch_Site": "cross-site"}).status == 403
        assert house.give(path, do="erase_person").status == 422
    house.page("/console/items/none/selling", status=404)


def test_what_strangers_wrote_is_shown_as_text(house: House) -> None:
    do(house, do="put_item", sku=EVIL, name=EVIL, category=EVIL)
    do(house, do="put_category", category=EVIL, safety_stock=2)
    path = "/console/items/%3Cimg%20src%3Dx%20onerror%3Dalert%281%29%3E%22%27%26%7B%7B7%2A7%7D%7D%3Cscript%3E"
    for page in (path, f"{path}/selling"):
        reply = house.ask("GET", page)
        assert reply.status == 200
        assert b"<img" not in reply.body
        assert f"from category {EVIL}" in read(reply)
