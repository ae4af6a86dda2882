"""The console's forms on an order: what they do, what is refused, and that nothing is done to what was not seen."""

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
from backorder.queries.show import OrderView
from backorder.storage.db import open_database

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
EVIL = "<img src=x onerror=alert(1)>\"'&{{7*7}}<script>"
FORM = {"Content_Type": "application/x-www-form-urlencoded", "Sec_Fetch_Site": "same-origin"}
PATH = "/console/orders/A%2F1"


class Phone:
    """An agent with order A/1 before them: four lamps that wait, and two chairs that can leave."""

    def __init__(self, url: str, service: Service) -> None:
        self.url, self.service = url, service

    def ask(self, method: str, path: str, body: bytes | None = None, role: str = "admin", **headers: str) -> Reply:
        with closing(self.service.client(role)) as client:
            return client.ask(method, path, body, **headers)

    def page(self, path: str = PATH, role: str = "service_agent") -> str:
        reply = self.ask("GET", path, role=role)
        assert reply.status == 200, reply
        return unescape(reply.body.decode())

    def seen(self) -> str:
        """The number of the last event, as a page's forms say it."""
        found = re.search(r'name="seen" value="(\d+)"', self.page())
        assert found is not None
        return found[1]

    def give(self, word: str, role: str = "service_agent", seen: str | None = None, **fields: str) -> Reply:
        said = {"do": word, "seen": self.seen() if seen is None else seen, **fields}
        return self.ask("POST", PATH, urlencode(said).encode(), role, **FORM)

    def done(self, word: str, **fields: str) -> str:
        reply = self.give(word, **fields)
        assert reply.status == 303, unescape(reply.body.decode())
        return self.page(reply.headers["location"])

    def change(self, *commands: dict[str, Any]) -> None:
        db = open_database(self.url)
        apply(db, NOW - timedelta(minutes=5), commands)
        db.close()

    def order(self) -> OrderView:
        db = open_database(self.url)
        found = show.order(db, "A/1", moment_number(NOW))
        db.close()
        assert found is not None
        return found


@pytest.fixture(params=["sqlite", "postgresql"])
def phone(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phone]:
    with new_database(request.param, tmp_path_factory.mktemp("changing")) as url:
        db = open_database(url)
        supply = {"do": "announce_supply", "supply": "PO", "sku": "LAMP", "site": "NY", "quantity": 9}
        lamps, chairs = {"line": "1", "sku": "LAMP", "quantity": 4}, {"line": "2", "sku": "CHAIR", "quantity": 2}
        begun = [
            {"do": "put_site", "site": "NY", "zone": "America/New_York", "country": "US"},
            {"do": "put_item", "sku": "LAMP"},
            {"do": "put_item", "sku": "CHAIR"},
            {"do": "count_stock", "sku": "CHAIR", "site": "NY", "quantity": 2},
            {**supply, "expected_on": "2026-11-27"},
            {"do": "place_order", "order": "A/1", "lines": [lamps, chairs]},
        ]
        assert {one.outcome.value for one in apply(db, NOW - timedelta(days=9), begun)} <= {"accepted", "changed"}
        with running(url, BACKORDER_NOW=NOW.isoformat(), BACKORDER_WORKER="no") as service:
            yield Phone(url, service)
        assert check.run(db) == []
        db.close()


def test_a_line_is_changed_cancelled_and_given_a_date(phone: Phone) -> None:
    later = {"line": "1", "requested_on": "2026-12-10", "by": "customer"}
    assert "The line is changed." in phone.done("change_line", quantity="3", **later)
    line = phone.order().lines[0]
    assert (line.waiting, str(line.requested_on)) == (3, "2026-12-10")
    assert "The units are cancelled." in phone.done("cancel_line", line="1", quantity="1", by="merchant")
    assert phone.order().lines[0].waiting == 2
    assert "the date that you gave" in phone.done("promise_line", line="1", day="2026-12-24", reason="She flies")
    promised = phone.order().lines[0]
    assert (str(promised.promise), promised.revisions[-1].basis) == ("2026-12-24", "person")
    nothing = phone.give("change_line", quantity="2", **later)
    assert (nothing.status, b"There is nothing to change" in nothing.body) == (422, True)


def test_an_order_is_held_released_sent_whole_and_cancelled(phone: Phone) -> None:
    held = phone.done("hold_order", kind="credit", reason=EVIL)
    assert "The order is on hold." in held
    assert f"Since Fri\u00a020\u00a0Nov, 10:00: {EVIL}" in held
    assert phone.order().lines[0].held
    assert "The hold is lifted." in phone.done("release_order", kind="credit")
    assert not phone.order().lines[0].held
    assert "The order is changed." in phone.done("change_order", ship="complete", by="customer")
    assert phone.order().ship == "complete"
    phone.change({"do": "pick", "order": "A/1", "lines": [{"line": "2", "quantity": 1}]})
    assert "Cancel 5\u00a0units" in phone.page()
    assert "What has not left is cancelled." in phone.done("cancel_order", by="customer", reason="Too long")
    assert [(one.waiting, one.allocated, one.cancelled) for one in phone.order().lines] == [(0, 0, 4), (0, 1, 1)]


def test_nothing_is_done_to_an_order_that_changed_meanwhile(phone: Phone) -> None:
    seen = phone.seen()
    phone.change({"do": "change_line", "order": "A/1", "line": "1", "quantity": 1})
    stale = phone.give("cancel_line", seen=seen, line="1", quantity="4", by="customer", reason=EVIL)
    text = unescape(stale.body.decode())
    assert stale.status == 409
    assert "Nothing was done" in text
    assert "Fri\u00a020\u00a0Nov, 09:55: A line has another quantity or other days." in text
    assert b"<img" not in stale.body
    assert EVIL in text, "what was typed is kept"
    assert 'name="quantity" value="4"' in text
    assert phone.order().lines[0].waiting == 1
    fresh = re.search(r'name="seen" value="(\d+)"', text)
    assert fresh is not None
    assert phone.give("cancel_line", seen=fresh[1], line="1", quantity="1", by="customer").status == 303


def test_a_conflict_says_who_did_what_and_offers_theirs_or_mine(phone: Phone) -> None:
    seen = phone.seen()
    assert phone.give("change_line", role="planner", seen=seen, line="1", quantity="3", by="merchant").status == 303
    stale = phone.give("cancel_line", seen=seen, line="1", quantity="2", by="customer", reason="Too late")
    text = unescape(stale.body.decode())
    assert stale.status == 409
    assert "planner changed this order meanwhile. Nothing of yours was done." in text
    assert ", planner: A line has another quantity or other days. Now: 3\u00a0units." in text
    assert 'href="/console/orders/A%2F1?line=1">Take theirs' in text
    assert '<button class="btn" form="mine" name="do" value="cancel_line">' in text
    form = text[text.index('id="mine"') :]
    assert 'name="quantity" value="2"' in form[: form.index("</form>")], (
        "what was typed is in the form that is sent again"
    )
    mine = phone.give("hold_order", seen=seen, role="planner", kind="credit")
    assert b"You changed this order yourself" in mine.body


def test_what_cannot_be_done_any_more_is_not_offered_again(phone: Phone) -> None:
    seen = phone.seen()
    phone.change({"do": "cancel_line", "order": "A/1", "line": "1", "reason": "x"})
    text = phone.give("promise_line", seen=seen, line="1", day="2026-12-24").body.decode()
    assert "cannot be done to it any more" in text
    assert 'form="mine"' not in text
    assert "Somebody or something else changed this order meanwhile." in text, "the trail does not tell who"


def test_what_happens_to_other_orders_stands_in_nobodys_way(phone: Phone) -> None:
    seen = phone.seen()
    line = {"line": "1", "sku": "LAMP", "quantity": 2}
    phone.change({"do": "place_order", "order": "A", "lines": [line]}, {"do": "cancel_line", "order": "A", "line": "1"})
    assert phone.give("cancel_line", seen=seen, line="1", quantity="1", by="customer").status == 303


def test_what_is_wrong_is_said_at_its_form(phone: Phone) -> None:
    many = phone.give("cancel_line", line="1", quantity="9", by="customer", reason="He <says>")
    text = unescape(many.body.decode())
    assert many.status == 422
    assert "Only 4 units can be cancelled." in text
    assert 'value="He <says>"' in text
    assert phone.give("cancel_line", line="none", quantity="1", by="customer").status == 422
    assert phone.give("cancel_line", line="1", quantity="all", by="customer").status == 422
    assert phone.give("promise_line", line="1", day="2026-11-01").status == 422
    assert phone.give("hold_order", kind="mood").status == 422
    assert phone.give("cancel_line", seen="", line="1", quantity="1").status == 422
    assert phone.give("erase_person").status == 422
    assert phone.order().lines[0].waiting == 4


def test_each_form_is_for_those_who_may(phone: Phone) -> None:
    def offered(role: str) -> set[str]:
        return set(re.findall(r'name="do" value="(\w+)"', phone.page(role=role)))

    assert offered("viewer") == set()
    assert offered("finance") == {"hold_order"}
    assert offered("service_agent") == {
        "change_line", "cancel_line", "promise_line", "hold_order", "change_order", "cancel_order", "readdress",
    }  # fmt: skip
    assert phone.give("cancel_order", "finance", by="customer").status == 403
    assert phone.give("hold_order", "warehouse", kind="credit").status == 403
    for site in ("cross-site", "same-site"):
        body = urlencode({"do": "cancel_order", "seen": phone.seen(), "by": "customer"}).encode()
        assert phone.ask("POST", PATH, body, **{**FORM, "Sec_Fetch_Site": site}).status == 403
    assert phone.order().lines[0].waiting == 4
