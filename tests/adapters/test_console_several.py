"""The console's forms on many lines: one list of commands, what came of each, and what brings them back."""

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from html import unescape
from urllib.parse import quote, urlencode

import pytest
from conftest import new_database
from service import Reply, Service, running
from state import apply

from backorder.kernel.calendars import moment_number
from backorder.queries import check, show
from backorder.queries.lines import LineView
from backorder.queries.show import OrderView
from backorder.storage.db import open_database

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
FORM = {"Content_Type": "application/x-www-form-urlencoded", "Sec_Fetch_Site": "same-origin"}
LINES = "/console/lines"
EVIL = "<img src=x>&'\""
ORDERS = ("A/1", EVIL, "C")


def box(order: str, line: str = "1") -> str:
    return f"{quote(order, safe='')}/{line}"


ALL = [box(order) for order in ORDERS]


class Desk:
    """Planners before three orders of lamps on one supply, of which the last waits for more than it brings."""

    def __init__(self, url: str, service: Service) -> None:
        self.url, self.service = url, service

    def seen(self) -> str:
        """What a page that is made now says that it is of."""
        found = re.search(rb'name="as_of" value="(\d+)"', self.ask("GET", LINES).body)
        assert found is not None
        return found[1].decode()

    def ask(self, method: str, path: str, body: bytes | None = None, role: str = "planner", **more: str) -> Reply:
        with closing(self.service.client(role)) as client:
            return client.ask(method, path, body, **more)

    def give(self, word: str, take: list[str] = ALL, status: int = 200, role: str = "planner", **more: object) -> str:
        """What the page says once a form was sent, from a page that was made just now."""
        said = urlencode({"do": word, "take": take, "as_of": self.seen()} | more, doseq=True).encode()
        reply = self.ask("POST", f"{LINES}?view=all&sort=order", said, role, **FORM)
        assert reply.status == status, reply
        assert b"<img" not in reply.body
        return unescape(reply.body.decode())

    def undo(self, text: str) -> str:
        found = re.search(r'name="back" value="([^"]+)"', text)
        assert found is not None, text
        return self.give("undo", back=found[1])

    def order(self, name: str) -> OrderView:
        db = open_database(self.url)
        found = show.order(db, name, moment_number(NOW))
        db.close()
        assert found is not None
        return found

    def lines(self) -> list[LineView]:
        return [self.order(name).lines[0] for name in ORDERS]

    def pinned(self) -> list[int]:
        return [sum(peg.pinned for peg in line.pegs) for line in self.lines()]

    def change(self, *commands: dict[str, object]) -> None:
        db = open_database(self.url)
        apply(db, NOW - timedelta(minutes=5), commands)
        db.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with new_database(request.param, tmp_path_factory.mktemp("several")) as url:
        db = open_database(url)
        supply = {"do": "announce_supply", "supply": "PO", "sku": "LAMP", "site": "NY", "quantity": 7}
        begun = [
            {"do": "put_site", "site": "NY", "zone": "America/New_York", "country": "US"},
            {"do": "put_item", "sku": "LAMP", "coverage": "lead_time", "lead_time_days": 60},
            {**supply, "expected_on": "2026-11-27"},
            *(
                {"do": "place_order", "order": order, "lines": [{"line": "1", "sku": "LAMP", "quantity": units}]}
                for order, units in zip(ORDERS, (4, 3, 2), strict=True)
            ),
        ]
        assert {one.outcome.value for one in apply(db, NOW - timedelta(days=9), begun)} <= {"accepted", "changed"}
        with running(url, BACKORDER_NOW=NOW.isoformat(), BACKORDER_WORKER="no") as service:
            yield Desk(url, service)
        assert check.run(db) == []
        db.close()


def said(text: str) -> list[str]:
    """What the page says of each line."""
    part = text[text.index('aria-labelledby="came"') :]
    found = re.findall(r'<li class="wrap">(.*?)</li>', part[: part.index("</section>")])
    return [" ".join(re.sub("<[^>]*>", "", re.sub(r'<a class="strong".*?</a>', "", one)).split()) for one in found]


def test_lines_are_pinned_where_they_stand_and_let_go_again(desk: Desk) -> None:
    desk.change({"do": "pin", "order": "A/1", "line": "1", "supply": "PO", "quantity": 1})
    text = desk.give("pin")
    assert "Done: 2 of 3" in text
    assert said(text) == [
        "4 units pinned on PO.",
        "3 units pinned on PO.",
        "refused It stands on nothing that could be pinned.",
    ]
    assert desk.pinned() == [4, 3, 0]
    assert re.findall(r'name="take" value="([^"]+)" checked', text) == [box("C")], "what was refused stays ticked"
    assert "It was so already." in desk.give("pin", [box("A/1")])
    assert "All done" in desk.undo(text)
    assert desk.pinned() == [1, 0, 0], "one unit was pinned before"
    assert said(desk.give("unpin")) == [
        "Pinned on PO no longer.",
        "refused Nothing of it is pinned.",
        "refused Nothing of it is pinned.",
    ]


def test_orders_are_held_and_released_each_once(desk: Desk) -> None:
    desk.change({"do": "hold_order", "order": "C", "kind": "credit"})
    text = desk.give("hold", kind="credit", why_hold="A question", why_priority="Another one")
    assert said(text) == ["On hold.", "On hold.", "It was so already."]
    assert [line.held for line in desk.lines()] == [True] * 3
    desk.undo(text)
    assert [line.held for line in desk.lines()] == [False, False, True], "what was so before stays"
    released = desk.give("release", [box("C")], kind="credit")
    assert said(released) == ["The hold is lifted."]
    desk.undo(released)
    assert desk.order("C").lines[0].held


def test_a_day_is_promised_and_a_priority_given(desk: Desk) -> None:
    assert said(desk.give("promise", day="2026-12-24")) == ["Promised for Thu 24 Dec."] * 3
    assert {str(line.promise) for line in desk.lines()} == {"2026-12-24"}
    early = desk.give("promise", day="2026-11-01")
    assert "Nothing was done" in early
    assert "No date before 2026-11-20 can be kept." in said(early)[0]
    assert "Say which day." in desk.give("promise", status=422)
    text = desk.give("priority", [box("C")], priority="-2")
    assert said(text) == ["It has the priority -2 now."]
    assert desk.order("C").priority == -2
    desk.undo(text)
    assert desk.order("C").priority == 0
    assert "Say which priority" in desk.give("priority", status=422, priority="high")


def test_nothing_is_cancelled_before_it_is_said_how_much(desk: Desk) -> None:
    text = desk.give("cancel", ALL[:2])
    assert "Cancel 7\u00a0units?" in text
    assert "That is 2\u00a0lines, orders: 2." in text
    assert [line.cancelled for line in desk.lines()] == [0, 0, 0]
    sure = re.findall(r'name="sure" value="([^"]+)"', text)
    seen = re.findall(r'name="as_of" value="(\d+)"', text)
    assert len(seen) == 2, "that of the lines, and that of the question"
    desk.change({"do": "cancel_line", "order": "A/1", "line": "1", "quantity": 1})
    assert "The order changed meanwhile." in said(desk.give("cancel_sure", [], sure=sure[:1], as_of=seen[0]))[0]
    done = desk.give("cancel_sure", [], sure=sure, by="customer", reason="Too long")
    assert said(done) == ["refused Only 3 units can be cancelled.", "3 units cancelled."]
    assert "Undo" not in done
    assert [line.cancelled for line in desk.lines()] == [1, 3, 0]
    assert "Nothing of these lines can be cancelled." in desk.give("cancel", [box(EVIL)], status=422)


def test_an_order_that_changed_since_the_page_was_made_is_left_alone_and_said(desk: Desk) -> None:
    before = desk.seen()
    desk.change({"do": "change_order", "order": "C", "priority": 7})
    text = desk.give("priority", priority="2", as_of=before)
    assert "Done: 2 of 3" in text
    assert said(text)[0] == "refused The order changed meanwhile. Look at it as it is now; it is still picked."
    assert [desk.order(name).priority for name in ORDERS] == [2, 2, 7]
    assert re.findall(r'name="take" value="([^"]+)" checked', text) == [box("C")]
    assert said(desk.give("priority", [box("C")], priority="2")) == ["It has the priority 2 now."]
    sure = {"sure": [f"{box('C')}/2"], "by": "customer"}
    assert "Nothing was done" in desk.give("cancel_sure", [], **sure, as_of=before)
    for strange in ("", "x"):
        desk.give("pin", status=422, as_of=strange)


def test_what_is_ready_of_the_picked_orders_is_offered_to_be_shipped(desk: Desk) -> None:
    desk.change({"do": "receive_supply", "supply": "PO", "receipt": "R", "quantity": 7})
    asked = urlencode({"do": "ship", "take": ALL}, doseq=True).encode()
    there = desk.ask("POST", LINES, asked, **FORM).headers["location"]
    text = unescape(desk.ask("GET", there, role="warehouse").body.decode())
    assert "2 of 3 picked orders can leave." in text
    assert text.count('" checked>') == 2, "what can leave is ticked already"
    assert "Ship what is ready" not in desk.ask("GET", LINES, role="viewer").body.decode()


def test_what_is_picked_is_exported_and_listed(desk: Desk) -> None:
    sheet = desk.give("export", [box("C"), box("A/1")])
    assert [row.split(",")[0] for row in sheet.strip().split("\r\n")] == ["order", "C", "A/1"]
    there = desk.ask("POST", LINES, urlencode({"do": "list", "take": ALL[0]}).encode(), **FORM)
    assert (there.status, there.headers["location"]) == (303, "/console/shipments/pick-list?order=A%2F1")
    for word in ("list", "export"):
        assert "Pick the lines that you mean first." in desk.give(word, [box("Z")], status=422)


def test_what_is_gone_or_was_never_there_is_said(desk: Desk) -> None:
    assert said(desk.give("pin", [box("A/1"), box("A/1", "9"), box("Z")])) == [
        "4 units pinned on PO.",
        "refused It is not there any more.",
        "refused It is not there any more.",
    ]
    assert "Pick the lines that you mean first." in desk.give("pin", [], status=422)
    for strange in ("x", "a/b/c", "/1", "%00/1"):
        desk.give("pin", [strange], status=422)
    for strange in ("", "x", "W10", "eyJkbyI6InBpbiJ9"):
        desk.give("undo", [], status=422, back=strange)
    for strange in ("A%2F1/1", "A%2F1/1/0", "A%2F1/1/x"):
        desk.give("cancel_sure", [], status=422, sure=strange)


def test_nobody_does_to_many_what_they_may_not_do_to_one(desk: Desk) -> None:
    words = {"pin": "Pin where they stand", "hold": "Hold their orders", "promise": "Promise it", "cancel": "Cancel…"}
    pages = {role: unescape(desk.ask("GET", LINES, role=role).body.decode()) for role in ("viewer", "finance")}
    assert [said for said in words.values() if said in pages["viewer"]] == []
    assert [said for said in words.values() if said in pages["finance"]] == ["Hold their orders"]
    assert "Export these" in pages["viewer"]
    for word in ("pin", "hold", "release", "promise", "priority"):
        desk.give(word, status=403, role="viewer", kind="credit", day="2026-12-24", priority="1")
    desk.give("cancel", status=422, role="viewer")
    desk.give("cancel_sure", [], status=403, role="viewer", sure=[f"{box('C')}/2"])
    foreign = desk.ask("POST", LINES, urlencode({"do": "pin", "take": ALL}, doseq=True).encode(), "planner",
                       **FORM | {"Sec_Fetch_Site": "cross-site"})  # fmt: skip
    assert foreign.status == 403
    assert desk.pinned() == [0, 0, 0]
