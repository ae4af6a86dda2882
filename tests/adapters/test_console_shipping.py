"""The console's shipments: what can leave, in which order, picked, shipped, taken back, refused at its row."""

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from conftest import new_database
from service import Reply, Service, running
from state import apply

from backorder.kernel.calendars import moment_number
from backorder.queries import check, show
from backorder.queries.shipments import list_shipments
from backorder.storage.db import open_database

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
EVIL = "<img src=x onerror=alert(1)>\"'&{{7*7}}<script>"
FORM = {"Content_Type": "application/x-www-form-urlencoded", "Sec_Fetch_Site": "same-origin"}
PATH = "/console/shipments"


def order(name: str, *lines: tuple[str, int], **more: Any) -> dict[str, Any]:
    listed = [{"line": str(n), "sku": sku, "quantity": units} for n, (sku, units) in enumerate(lines, 1)]
    return {"do": "place_order", "order": name, "lines": listed, **more}


class Floor:
    """A warehouse whose supply came: A, B and C can leave, D goes whole and lacks a chair, E is on hold."""

    def __init__(self, url: str, service: Service) -> None:
        self.url, self.service = url, service

    def ask(self, method: str, path: str, body: bytes | None = None, role: str = "warehouse", **headers: str) -> Reply:
        with closing(self.service.client(role)) as client:
            return client.ask(method, path, body, **headers)

    def page(self, path: str = PATH, role: str = "warehouse") -> str:
        reply = self.ask("GET", path, role=role)
        assert reply.status == 200, reply
        return unescape(reply.body.decode())

    def boxes(self) -> dict[str, str]:
        """What the boxes say, by order, in the order of the page."""
        found = re.findall(
            r'Tick ([\w-]+)</span><input type="checkbox" name="take" data-tick="[\w-]+" value="([\w-]+)"', self.page()
        )
        return dict(found)

    def give(self, word: str, *takes: str, role: str = "warehouse", **fields: str) -> Reply:
        said = [("do", word), *(("take", one) for one in takes), *fields.items()]
        return self.ask("POST", PATH, urlencode(said).encode(), role, **FORM)

    def change(self, *commands: dict[str, Any]) -> None:
        db = open_database(self.url)
        assert {one.outcome.value for one in apply(db, NOW, commands)} <= {"accepted", "changed", "shipped"}
        db.close()

    def line(self, name: str, line: str = "1") -> tuple[int, int, int]:
        """Units of a line that can leave, that are picked, and that are shipped."""
        db = open_database(self.url)
        found = show.line(db, name, line, moment_number(NOW))
        db.close()
        assert found is not None
        return found.allocated, found.picked, found.shipped


@pytest.fixture(params=["sqlite", "postgresql"])
def floor(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floor]:
    with new_database(request.param, tmp_path_factory.mktemp("shipping")) as url:
        db = open_database(url)
        begun = [
            {"do": "put_site", "site": "NY", "zone": "America/New_York", "country": "US"},
            {"do": "put_item", "sku": "LAMP", "name": f"Lamp {EVIL}"},
            {"do": "put_item", "sku": "CHAIR", "selling": "backorder"},
            {"do": "put_customer", "customer": "ada", "name": "Ada Byron"},
            {"do": "announce_supply", "supply": "L", "sku": "LAMP", "site": "NY", "quantity": 30,
             "expected_on": "2026-11-20"},
            {"do": "announce_supply", "supply": "C", "sku": "CHAIR", "site": "NY", "quantity": 9,
             "expected_on": "2026-12-20"},
            order("C", ("LAMP", 1), customer="ada"),
            order("A", ("LAMP", 2)),
            order("B", ("LAMP", 3), ("CHAIR", 1)),
            order("D", ("LAMP", 1), ("CHAIR", 1), ship="complete"),
            order("E", ("LAMP", 1)),
            order("F", ("CHAIR", 1)),
        ]  # fmt: skip
        assert {one.outcome.value for one in apply(db, NOW - timedelta(days=9), begun)} <= {"accepted", "changed"}
        came = [
            {"do": "receive_supply", "supply": "L", "receipt": "1", "quantity": 30},
            {"do": "hold_order", "order": "E", "kind": "fraud"},
            {"do": "promise_line", "order": "A", "line": "1", "day": "2026-11-18", "by": "kim"},
        ]
        apply(db, NOW - timedelta(hours=2), came)
        with running(url, BACKORDER_NOW=NOW.isoformat(), BACKORDER_WORKER="no") as service:
            yield Floor(url, service)
        assert check.run(db) == []
        db.close()


def test_what_can_leave_is_listed_the_earliest_promise_first(floor: Floor) -> None:
    page = floor.page()
    assert next(iter(floor.boxes())) == "A", "it was promised first"
    assert sorted(floor.boxes()) == ["A", "B", "C"], "D goes whole, E is on hold, F waits"
    assert "3 orders can leave, the earliest promise first." in page
    assert "Ada Byron" not in page, "a warehouse may not read who customers are"
    assert "Ada Byron" in floor.page(role="admin")


def test_a_pick_list_says_what_to_take_for_the_ticked_orders(floor: Floor) -> None:
    boxes = floor.boxes()
    to = floor.give("list", boxes["A"], boxes["B"])
    assert to.status == 303
    page = floor.page(to.headers["location"])
    assert "5\u00a0units to take for 2 orders, by site and item." in page
    assert page.count('class="square"') == 2
    floor.give("pick", boxes["A"])
    assert "3\u00a0units to take for 2 orders" in floor.page(to.headers["location"])
    other = floor.page(f"{PATH}/pick-list?order=D&order=none")
    assert "of none" in other
    assert floor.ask("GET", f"{PATH}/pick-list").status == 400


def test_the_bar_offers_what_there_is_to_do_and_what_left_has_its_name(floor: Floor) -> None:
    page = floor.page()
    assert 'data-said="Ticked orders: {orders}"' in page
    assert "Tick all orders on this page" in page
    assert "Put back" not in page, "nothing is picked"
    assert "Put back" not in floor.page(f"{PATH}?order=C")
    floor.give("pick", floor.boxes()["A"])
    assert "Put back" in floor.page()
    assert floor.page(f"{PATH}?order=A").count("Put back") == 2, "of the ticked ones, and of this one"
    floor.give("ship", floor.boxes()["C"])
    assert f"Lamp {EVIL} \u00d71" in floor.page().partition("Left last")[2]


def test_several_orders_are_picked_put_back_and_shipped_at_once(floor: Floor) -> None:
    boxes = floor.boxes()
    picked = floor.give("pick", boxes["A"], boxes["B"])
    assert "2 orders are picked." in floor.page(picked.headers["location"])
    assert (floor.line("A"), floor.line("B")) == ((2, 2, 0), (3, 3, 0))
    assert floor.give("unpick", floor.boxes()["A"]).status == 303
    assert floor.line("A") == (2, 0, 0)
    boxes = floor.boxes()
    shipped = floor.give("ship", boxes["A"], boxes["B"])
    assert "2 orders are shipped." in floor.page(shipped.headers["location"])
    assert (floor.line("A"), floor.line("B"), floor.line("B", "2")) == ((0, 0, 2), (0, 0, 3), (0, 0, 0))
    assert list(floor.boxes()) == ["C"]
    again = floor.give("ship", boxes["A"], boxes["B"])
    assert again.status == 303, "sent twice, nothing leaves twice"
    assert floor.line("A") == (0, 0, 2)


def test_what_is_refused_is_said_at_its_row_and_the_rest_is_done(floor: Floor) -> None:
    boxes = floor.boxes()
    assert floor.give("pick", boxes["C"]).status == 303
    wrong = floor.give("pick", boxes["C"], floor.boxes()["B"])
    text = unescape(wrong.body.decode())
    assert wrong.status == 422
    assert "Line 1 has only 0 units allocated and not picked." in text
    assert "1 order is picked." in text
    assert len(re.findall(r"<input[^>]*checked>", text)) == 1, "the one that was refused stays ticked"
    floor.change({"do": "hold_order", "order": "A", "kind": "credit"})
    held = floor.give("ship", boxes["A"])
    assert held.status == 422
    assert re.search(r"<b>A</b> [^<]*hold", held.body.decode()), "it is in no row any more, and is told of all the same"
    assert floor.line("A") == (2, 0, 0)
    nothing = floor.give("ship")
    assert (nothing.status, b"Tick the orders that you mean first." in nothing.body) == (422, True)


def test_nobody_ships_what_they_did_not_see(floor: Floor) -> None:
    box = floor.boxes()["C"]
    floor.change({"do": "ship", "shipment": "other", "order": "C", "lines": [{"line": "1", "quantity": 1}]})
    wrong = floor.give("ship", box)
    assert wrong.status == 422
    assert "has only 0 units to ship" in unescape(wrong.body.decode())


def test_part_of_an_order_leaves_with_its_carrier_and_is_taken_back(floor: Floor) -> None:
    page = floor.page(f"{PATH}?order=B")
    (shipment,) = re.findall(r'name="shipment" value="([^"]+)"', page)
    said = {"order": "B", "shipment": shipment, "line": "1", "units": "2", "carrier": "Royal Mail", "tracking": "RM-1"}
    too_many = floor.give("ship", **{**said, "units": "9"})
    assert too_many.status == 422
    assert 'value="RM-1"' in too_many.body.decode(), "what was typed is kept"
    assert floor.give("ship", **{**said, "units": "soon"}).status == 422
    done = floor.give("ship", **said)
    assert "Royal Mail RM-1" in floor.page(done.headers["location"])
    assert floor.line("B") == (1, 0, 2)
    back = floor.give("reverse", shipment=shipment)
    assert "The shipment is taken back" in floor.page(back.headers["location"])
    assert floor.line("B") == (3, 0, 0)
    other = floor.boxes()["B"]
    assert floor.give("ship", other).status == 303, "under an id that the one taken back does not have"
    db = open_database(floor.url)
    (last,) = [one for one in list_shipments(db, order="B") if one.reversed_at is None]
    db.close()
    assert floor.give("deliver", shipment=last.shipment).status == 303
    late = floor.give("reverse", shipment=last.shipment)
    assert (late.status, b"It was delivered" in late.body) == (422, True)


def test_who_may_only_look_has_no_forms_and_no_other_site_fills_one_in(floor: Floor) -> None:
    box = floor.boxes()["A"]
    looks = floor.page(role="viewer")
    assert 'name="do"' not in looks
    assert 'name="take"' not in looks
    assert floor.give("ship", box, role="viewer").status == 403
    for site in ("cross-site", "same-site"):
        body = urlencode({"do": "ship", "take": box}).encode()
        assert floor.ask("POST", PATH, body, **{**FORM, "Sec_Fetch_Site": site}).status == 403
    for strange in ("!", "e30", "W10", "é"):
        assert floor.give("ship", strange).status == 422
    assert floor.give("erase_person", box).status == 422
    for strange in ("A\0", "A" * 300):
        assert floor.give("ship", order=strange, shipment=strange, line="1", units="1").status == 422
    assert floor.line("A") == (2, 0, 0)


def test_what_strangers_wrote_is_text(floor: Floor) -> None:
    for path in (PATH, f"{PATH}?order=A", f"{PATH}/pick-list?order=A"):
        reply = floor.ask("GET", path)
        assert b"<img" not in reply.body
        assert b"<script>" not in reply.body
        assert EVIL in unescape(reply.body.decode())
