"""The lists of supplies and items in the console: views, filters, sorts, pages, sheets, and who may see them."""

import csv
import io
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from conftest import new_database
from service import Reply, Service, running
from state import apply

from backorder.kernel.access import ROLES
from backorder.queries import check
from backorder.storage.db import open_database

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
EVIL = "<img src=x onerror=alert(1)>\"'&{{7*7}}"
MANY = 60  # supplies of one item: more than a page


class Shop:
    """Lamps that wait on a late supply and one that nobody confirmed, stools that nothing covers, and evil ones."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def ask(self, path: str, role: str = "admin") -> Reply:
        with closing(self.service.client(role)) as client:
            return client.ask("GET", path)

    def page(self, path: str, role: str = "admin") -> str:
        reply = self.ask(path, role)
        assert reply.status == 200, reply
        return reply.body.decode()

    def sheet(self, path: str, role: str = "admin") -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self.page(path, role))))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with new_database(request.param, tmp_path_factory.mktemp("goods")) as url:
        db = open_database(url)
        due = date(2026, 12, 7)
        begun: list[dict[str, Any]] = [
            {"do": "put_site", "site": "NY", "zone": "America/New_York"},
            {"do": "put_supplier", "supplier": "FORNO"},
            {"do": "put_category", "category": "seats"},
            {"do": "put_item", "sku": "LAMP", "name": "Brass lamp"},
            {"do": "put_item", "sku": "STOOL", "name": "Stool", "category": "seats", "coverage": "lead_time",
             "lead_time_days": 9},
            {"do": "put_item", "sku": "RUG", "name": "Rug"},
            {"do": "put_item", "sku": EVIL, "name": EVIL},
            {"do": "announce_supply", "supply": "PO-LATE", "sku": "LAMP", "site": "NY", "quantity": 9,
             "expected_on": "2026-11-16", "confirmed": True, "document": "PO-1", "supplier": "FORNO"},
            {"do": "announce_supply", "supply": "PO-SOON", "sku": "LAMP", "site": "NY", "quantity": 5,
             "expected_on": "2026-11-24", "confirmed": False},
            {"do": "announce_supply", "supply": EVIL, "sku": EVIL, "site": "NY", "quantity": 5, "document": EVIL,
             "confirmed": True, "expected_on": "2026-11-30"},
            {"do": "announce_supply", "supply": "PO-GONE", "sku": "RUG", "site": "NY", "quantity": 3, "confirmed": True,
             "expected_on": "2026-11-12"},
            *({"do": "announce_supply", "supply": f"PO-R{n:02}", "sku": "RUG", "site": "NY", "quantity": n + 1,
               "confirmed": True, "expected_on": (due + timedelta(n % 9)).isoformat()} for n in range(MANY)),
            {"do": "place_order", "order": "A", "lines": [{"line": "1", "sku": "LAMP", "quantity": 11}]},
            {"do": "place_order", "order": "B", "lines": [{"line": "1", "sku": "STOOL", "quantity": 4}]},
            {"do": "receive_supply", "supply": "PO-GONE", "receipt": "R", "quantity": 3},
        ]  # fmt: skip
        done = apply(db, NOW - timedelta(days=9), begun)
        assert {one.outcome.value for one in done} <= {"accepted", "received"}, done
        apply(db, NOW, [{"do": "advance", "to": NOW.isoformat()}])
        with running(url, BACKORDER_NOW=NOW.isoformat(), BACKORDER_WORKER="no") as service:
            yield Shop(service)
        assert check.run(db) == []
        db.close()


def _rows(page: str, of: str) -> list[str]:
    return [unescape(name) for name in re.findall(rf'class="strong wrap" href="/console/{of}/[^"]*">([^<]*)<', page)]


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ("?view=overdue", ["PO-LATE"]),
        ("?view=week", ["PO-SOON"]),
        ("?view=unconfirmed", ["PO-SOON"]),
        ("?view=done", ["PO-GONE"]),
        ("?sku=LAMP", ["PO-LATE", "PO-SOON"]),
        ("?sku=LAMP&sort=free", ["PO-SOON", "PO-LATE"]),
        ("?supplier=FORNO", ["PO-LATE"]),
        ("?document=PO-1&site=NY", ["PO-LATE"]),
        ("?site=SF", []),
    ],
)
def test_a_view_and_its_filters_list_their_supplies(shop: Shop, asked: str, wanted: list[str]) -> None:
    assert _rows(shop.page(f"/console/supplies{asked}"), "supplies") == wanted


def test_a_row_says_how_late_a_supply_is_from_whom_and_who_waits(shop: Shop) -> None:
    page = shop.page("/console/supplies?view=overdue")
    for text in ("Mon\u00a016\u00a0Nov", "4 days late", "FORNO", "Brass lamp", "for NY", ">1\u00a0line<", "1 supply."):
        assert text in page, text
    assert "Nothing is like this" in shop.page("/console/supplies?site=SF")


@pytest.mark.parametrize(("of", "asked"), [("supplies", "?sku=RUG"), ("supplies", "?sku=RUG&sort=units&down=yes")])
def test_pages_follow_one_another_and_lose_nothing(shop: Shop, of: str, asked: str) -> None:
    first = shop.page(f"/console/{of}{asked}")
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following is not None
    second = shop.page(unescape(following[1]))
    found = _rows(first, of) + _rows(second, of)
    assert len(_rows(first, of)) == 50
    assert sorted(found) == sorted(f"PO-R{n:02}" for n in range(MANY))
    assert 'rel="next"' not in second
    if "units" in asked:
        assert found == sorted(found, reverse=True)


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ("", ["Brass lamp", "Stool"]),
        ("?sort=waiting", ["Stool", "Brass lamp"]),
        ("?view=uncovered", ["Stool"]),
        ("?view=all", ["Brass lamp", "Rug", "Stool"]),
        ("?category=seats", ["Stool"]),
        ("?view=all&supplier=FORNO", []),
    ],
)
def test_a_view_and_its_filters_list_their_items(shop: Shop, asked: str, wanted: list[str]) -> None:
    assert [name for name in _rows(shop.page(f"/console/items{asked}"), "items") if name != EVIL] == wanted


def test_a_sheet_has_all_rows_of_the_view_not_a_page_of_them(shop: Shop) -> None:
    rows = shop.sheet("/console/supplies.csv?sku=RUG")
    assert len(rows) == MANY
    assert {row["item"] for row in rows} == {"Rug"}
    late = shop.sheet("/console/supplies.csv?view=overdue")[0]
    assert (late["supply"], late["state"], late["free"], late["lines"]) == ("PO-LATE", "overdue", "3", "1")
    stool = shop.sheet("/console/items.csv?view=uncovered")[0]
    assert (stool["sku"], stool["waiting"], stool["uncovered"]) == ("STOOL", "4", "4")


def test_text_of_others_is_shown_as_text(shop: Shop) -> None:
    for path in ("/console/supplies", "/console/items?view=all", "/console/items"):
        assert "<img" not in shop.page(path)
    assert EVIL in _rows(shop.page("/console/supplies"), "supplies")
    assert EVIL in _rows(shop.page("/console/items?view=all"), "items")


def test_what_no_page_gave_is_refused(shop: Shop) -> None:
    for path in ("/console/supplies?after=zzz", "/console/supplies?sort=colour", "/console/items?view=nothing"):
        assert shop.ask(path).status == 400, path


def test_whoever_may_not_read_orders_is_not_told_who_waits(shop: Shop) -> None:
    assert "Who waits" in shop.page("/console/supplies")
    for role in ROLES:
        reads = "supply.read" in ROLES[role]
        reply = shop.ask("/console/supplies", role)
        assert reply.status == (200 if reads else 403), role
        if reads:
            assert ("Who waits" in reply.body.decode()) == ("orders.read" in ROLES[role]), role
            assert ("lines" in shop.sheet("/console/supplies.csv", role)[0]) == ("orders.read" in ROLES[role]), role
