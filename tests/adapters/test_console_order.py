"""The console's page of an order: which line it explains, where units stand, what left, and where it leads on."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from console_house import House, house_with, read

from backorder.queries.status import links
from backorder.storage.db import open_database

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
EVIL = "<img src=x onerror=alert(1)>\"'&{{7*7}}<script>"


def supply(name: str, sku: str, units: int, day: str) -> dict[str, Any]:
    return {"do": "announce_supply", "supply": name, "sku": sku, "site": "NY", "quantity": units,
            "expected_on": day, "confirmed": True}  # fmt: skip


def order(name: str, *lines: tuple[str, int], **more: Any) -> dict[str, Any]:
    listed = [
        {"line": str(n), "sku": sku, "quantity": units, "unit_price": "1500.00"}
        for n, (sku, units) in enumerate(lines, 1)
    ]
    return {"do": "place_order", "order": name, "customer": "ada", "currency": "GBP", "lines": listed, **more}


BEGUN = [
    {"do": "put_site", "site": "NY", "zone": "America/New_York", "country": "US"},
    {"do": "put_item", "sku": "LAMP", "name": f"Lamp {EVIL}", "selling": "backorder"},
    {"do": "put_item", "sku": "CHAIR", "name": "Oak chair"},
    {"do": "put_customer", "customer": "ada", "name": "Ada Byron", "country": "US", "language": "de"},
    {"do": "count_stock", "sku": "LAMP", "site": "NY", "quantity": 9},
    supply("S-1", "CHAIR", 6, "2026-12-07"),
    supply("S-2", "CHAIR", 20, "2026-12-15"),
    order("split", ("CHAIR", 8)),
    order("next", ("CHAIR", 1)),
    order("mixed", ("LAMP", 2), ("LAMP", 3), ("CHAIR", 2)),
    order("whole", ("LAMP", 1), ("CHAIR", 2), ship="complete"),
    order("held", ("LAMP", 1), priority=5),
    {"do": "hold_order", "order": "held", "kind": "fraud"},
    {"do": "ship", "shipment": "mixed/1", "order": "mixed", "carrier": f"Mail {EVIL}", "tracking": "RM-7",
     "lines": [{"line": "1", "quantity": 2}, {"line": "2", "quantity": 1}]},
    order("gone", ("LAMP", 1)),
    {"do": "ship", "shipment": "gone/1", "order": "gone", "lines": [{"line": "1", "quantity": 1}]},
]  # fmt: skip


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house_with(request.param, tmp_path_factory, NOW, BEGUN) as found:
        yield found


def words(page: str) -> str:
    """What a page says, as one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_a_line_on_two_supplies_says_how_much_comes_by_which_day(house: House) -> None:
    text = words(house.page("/console/orders/split"))
    assert re.search(r"S-1 6 of 8 by \d+ Dec S-2 2 by \d+ Dec", text)
    assert re.search(r"6 of the 8 that wait can leave by \w+ \d+ Dec\.", text)
    assert "£12,000.00" in text
    whole = words(house.page("/console/orders/whole"))
    assert "can leave by" not in whole, "what goes whole leaves on one day"


def test_units_are_those_still_to_ship_of_all(house: House) -> None:
    text = words(house.page("/console/orders/mixed"))
    assert "2 of 3" in text, "one of three left"
    assert "Ready to ship" in text


def test_the_page_explains_the_line_that_is_worth_a_look_first(house: House) -> None:
    page = house.page("/console/orders/mixed")
    assert 'href="?line=3#why" aria-current="true"' in page, "one left, one can leave, this one waits"
    gone = words(house.page("/console/orders/gone"))
    for absent in ("Why no date?", "What would change it", "Change it", "Nothing: the line is done"):
        assert absent not in gone
    assert "is done; it was promised for" in words(house.page("/console/orders/gone?line=1"))


def test_who_is_ahead_is_told_once(house: House) -> None:
    text = words(house.page("/console/orders/next"))
    assert "Just before it" in text
    assert "1 line before it in all" in text
    for twice in ("units ahead,", "nobody ahead", "The nearest is", "before it for CHAIR"):
        assert twice not in text
    assert "Nobody is before it" in words(house.page("/console/orders/mixed"))


def test_the_head_leads_on_as_far_as_one_may(house: House) -> None:
    ship, seen = 'href="/console/shipments?order=mixed#one"', 'href="/console/orders/mixed/customers-page"'
    evidence = 'href="/v1/orders/mixed/evidence?format=html"'
    page = house.page("/console/orders/mixed")
    assert ship in page
    assert seen in page
    assert evidence in page
    assert 'href="/console/lines?view=all&customer=ada"' in page
    viewer = house.page("/console/orders/mixed", "viewer")
    assert ship not in viewer
    assert seen not in viewer
    assert ship in house.page("/console/orders/mixed", "warehouse")
    for name in ("held", "whole", "gone"):
        assert "Ship what is ready" not in house.page(f"/console/orders/{name}"), name
    document = house.ask("GET", "/v1/orders/mixed/evidence?format=html")
    assert document.status == 200
    assert document.headers["content-disposition"].startswith("attachment")


def test_what_left_stands_with_its_carrier_and_is_text(house: House) -> None:
    reply = house.ask("GET", "/console/orders/mixed")
    assert b"<img" not in reply.body
    text = words(read(reply).replace(EVIL, "evil"))
    assert "Lamp evil \u00d72, Lamp evil \u00d71" in text
    assert "mixed/1, Mail evil, RM-7" in text
    assert "Mail" not in house.page("/console/orders/split")


def test_a_priority_is_told_where_it_is_not_the_usual(house: House) -> None:
    assert "Priority" not in words(house.page("/console/orders/split"))
    assert "Priority 5" in words(house.page("/console/orders/held"))


def test_people_of_the_shop_read_what_the_customer_reads_without_a_link(house: House) -> None:
    path = "/console/orders/split/customers-page"
    page = house.page(path)
    assert '<html lang="de' in page, "as the customer is spoken to"
    assert "Oak chair" in page
    for absent in ("<form", "<input", "<button", "/s/split"):
        assert absent not in page
    assert "Oak chair" in house.page(f"{path}?lang=fr", "service_agent")
    db = open_database(house.url)
    found = links(db, "split")
    db.close()
    assert found is not None
    assert found.links == [], "no link was made for it"
    assert house.ask("GET", path, role="viewer").status == 403
    assert house.ask("GET", "/console/orders/none/customers-page").status == 404
