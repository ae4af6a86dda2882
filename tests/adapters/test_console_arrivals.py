"""The console's forms on a supply: what came is booked once and served, a day moves only from the day that was seen."""

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
from backorder.queries.show import SupplyView
from backorder.storage.db import open_database

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
EVIL = "<img src=x onerror=alert(1)>\"'&{{7*7}}<script>"
FORM = {"Content_Type": "application/x-www-form-urlencoded", "Sec_Fetch_Site": "same-origin"}
NOTICES = {"do": "put_communication", "rules": [], "answers": "https://shop.example/a", "contact": "help@shop.example"}
NOTICES |= {"charging": "at_order"}
PATH = "/console/supplies/PO%2F1"


class Dock:
    """A supply of nine lamps, on which A, B and C wait with two, three and four."""

    def __init__(self, url: str, service: Service) -> None:
        self.url, self.service = url, service

    def ask(self, method: str, path: str, body: bytes | None = None, role: str = "admin", **headers: str) -> Reply:
        with closing(self.service.client(role)) as client:
            return client.ask(method, path, body, **headers)

    def page(self, path: str = PATH, role: str = "admin") -> str:
        reply = self.ask("GET", path, role=role)
        assert reply.status == 200, reply
        return unescape(reply.body.decode())

    def give(self, word: str, role: str = "admin", path: str = PATH, **fields: str) -> Reply:
        return self.ask("POST", path, urlencode({"do": word, **fields}).encode(), role, **FORM)

    def apply(self, *commands: dict[str, Any]) -> None:
        db = open_database(self.url)
        assert {one.outcome.value for one in apply(db, NOW, commands)} <= {"accepted", "changed"}
        db.close()

    def supply(self) -> SupplyView:
        db = open_database(self.url)
        found = show.supply(db, "PO/1", moment_number(NOW))
        db.close()
        assert found is not None
        return found


@pytest.fixture(params=["sqlite", "postgresql"])
def dock(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dock]:
    with new_database(request.param, tmp_path_factory.mktemp("arrivals")) as url:
        db = open_database(url)
        begun = [
            {"do": "put_site", "site": "NY", "zone": "America/New_York", "country": "US"},
            {"do": "put_item", "sku": "LAMP"},
            {"do": "announce_supply", "supply": "PO/1", "sku": "LAMP", "site": "NY", "quantity": 9,
             "expected_on": "2026-11-27"},
        ]  # fmt: skip
        for n, order in enumerate("ABC", 2):
            line = {"line": "1", "sku": "LAMP", "quantity": n}
            begun.append({"do": "place_order", "order": order, "lines": [line]})
        assert {one.outcome.value for one in apply(db, NOW - timedelta(days=9), begun)} <= {"accepted", "changed"}
        with running(url, BACKORDER_NOW=NOW.isoformat(), BACKORDER_WORKER="no") as service:
            yield Dock(url, service)
        assert check.run(db) == []
        db.close()


def test_what_came_is_booked_once_and_the_page_says_who_has_it(dock: Dock) -> None:
    assert "Who has units" not in dock.page(role="warehouse")
    (mark,) = re.findall(r'name="mark" value="([^"]+)"', dock.page(role="warehouse"))
    note = {"mark": mark, "receipt": ""}  # nobody has one: sent twice, what came is still booked once
    done = dock.give("receive", "warehouse", quantity="6", **note)
    assert done.status == 303
    page = dock.page(done.headers["location"])
    served = page[page.index("Who has units of it now") :]
    assert re.findall(r">(\w)</a>[^<]*<span class=\"tag is-ok\">just now", served) == ["A", "B"], "C has one of four"
    assert '1<span class="muted"> of 4' in served
    again = dock.give("receive", "warehouse", quantity="6", **note)
    assert "nothing is booked twice" in dock.page(again.headers["location"])
    assert dock.supply().received == 6
    other = dock.give("receive", "warehouse", quantity="2", receipt=mark)
    assert (other.status, b"came before with other content" in other.body) == (422, True)
    late = dock.give("receive", "warehouse", quantity="2", receipt="N-2", final="yes")
    assert late.status == 303
    assert (dock.supply().received, dock.supply().cancelled) == (8, 1)
    assert 'value="receive"' not in dock.page(), "nothing of it is still to come"


def test_what_is_wrong_is_said_and_what_was_typed_stays(dock: Dock) -> None:
    many = dock.give("receive", quantity="12", receipt="N<1>")
    text = unescape(many.body.decode())
    assert many.status == 422
    assert "Only 9 units are still to come" in text
    assert 'value="N<1>"' in text
    assert 'value="12"' in text
    assert dock.give("receive", quantity="some", receipt="N").status == 422
    assert dock.give("receive", quantity="2").status == 422
    assert dock.give("receive", path="/console/supplies/none", quantity="2", receipt="1").status in {404, 422}
    assert dock.supply().received == 0
    assert dock.give("receive", quantity="12", receipt="N", surplus="yes").status == 303
    assert dock.supply().received == 12


def test_a_day_moves_only_from_the_day_that_was_seen(dock: Dock) -> None:
    moved = dock.give("move", seen="2026-11-27", expected_on="2026-12-04", reason="The ship is late")
    assert "It is expected on Fri\u00a04\u00a0Dec now." in dock.page(moved.headers["location"])
    assert str(dock.supply().expected_on) == "2026-12-04"
    stale = dock.give("confirm", seen="2026-11-27", expected_on="2026-11-30", reason="He called")
    text = unescape(stale.body.decode())
    assert stale.status == 409
    assert "admin moved it meanwhile (Fri\u00a020\u00a0Nov, 10:00): it is expected on Fri\u00a04\u00a0Dec." in text
    assert 'value="2026-11-30"' in text
    assert 'value="He called"' in text
    assert str(dock.supply().expected_on) == "2026-12-04"
    assert dock.give("confirm", seen="2026-12-04", expected_on="2026-11-30").status == 303
    assert (str(dock.supply().expected_on), dock.supply().confirmed) == ("2026-11-30", True)
    assert dock.give("move", seen="2026-11-30", expected_on="soon").status == 422


def test_what_a_move_did_to_promises_is_said_and_taken_back(dock: Dock) -> None:
    more = {"do": "announce_supply", "supply": "PO-2", "sku": "LAMP", "site": "NY", "quantity": 5}
    dock.apply({**more, "expected_on": "2026-12-02"}, NOTICES)
    moved = dock.give("move", seen="2026-11-27", expected_on="2026-12-04")
    page = dock.page(moved.headers["location"])
    banner = page[page.index('class="banner is-ok"') : page.index('<div id="live"')]
    assert "3 promises are later, the latest to 4\u00a0Dec." in banner
    assert "2 lines stand on other supply now." in banner, "A and B fit into PO-2; C does not"
    assert "3 customers are to be told." in banner
    assert 'href="/console/notices?view=due"' in banner
    assert 'href="/console/lines?sku=LAMP' in banner
    assert re.search(r"Moved from Fri\u00a027\u00a0Nov to Fri\u00a04\u00a0Dec <span[^>]*>[^<]*, admin<", page)
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', banner))
    assert fields == {"expected_on": "2026-11-27", "seen": "2026-12-04", "do": "move"}
    back = dock.give(fields.pop("do"), **fields)
    assert "It is expected on Fri\u00a027\u00a0Nov now." in dock.page(back.headers["location"])
    assert str(dock.supply().expected_on) == "2026-11-27"
    quiet = dock.give("move", seen="2026-11-27", expected_on="2026-11-26")
    assert "No promise moved with it." in dock.page(quiet.headers["location"])
    reader = dock.page(moved.headers["location"], role="warehouse")
    assert "Undo" not in reader
    assert "/console/notices?view=due" not in reader


def test_each_form_is_for_those_who_may(dock: Dock) -> None:
    def offered(role: str) -> set[str]:
        return set(re.findall(r'name="do" value="(\w+)"', dock.page(role=role)))

    assert offered("viewer") == set()
    assert offered("warehouse") == {"receive"}
    assert offered("planner") == {"move", "confirm"}
    assert dock.give("receive", "planner", quantity="1", receipt="1").status == 403
    assert dock.give("move", "warehouse", seen="2026-11-27", expected_on="2026-12-04").status == 403
    for site in ("cross-site", "same-site"):
        body = urlencode({"do": "receive", "quantity": "1", "receipt": "1"}).encode()
        assert dock.ask("POST", PATH, body, **{**FORM, "Sec_Fetch_Site": site}).status == 403
    assert dock.give("cancel_supply").status == 422
    assert dock.supply().received == 0


def test_what_strangers_wrote_is_text(dock: Dock) -> None:
    said = {"seen": EVIL, "expected_on": EVIL, "reason": EVIL, "receipt": EVIL, "quantity": EVIL}
    for word, status in (("move", 409), ("receive", 422)):
        reply = dock.give(word, **said)
        assert reply.status == status
        assert b"<img" not in reply.body
        assert EVIL in unescape(reply.body.decode())
