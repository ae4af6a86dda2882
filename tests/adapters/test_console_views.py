"""The console's views of the backlog: kept, named, replaced, dropped and brought back; and the columns of each."""

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from html import unescape
from urllib.parse import urlencode

import pytest
from conftest import new_database
from service import Reply, Service, running
from state import apply

from backorder.kernel.views import COLUMNS
from backorder.queries import check
from backorder.queries.views import SavedView, list_views
from backorder.storage.db import open_database

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
EVIL = "<img src=x onerror=alert(1)>\"'&{{7*7}}{x}"
FORM = {"Content_Type": "application/x-www-form-urlencoded", "Sec_Fetch_Site": "same-origin"}
LINES = "/console/lines"


class Desk:
    """Planners before a backlog of lamps and chairs."""

    def __init__(self, url: str, service: Service) -> None:
        self.url, self.service = url, service

    def ask(self, method: str, path: str, body: bytes | None = None, role: str = "planner", **more: str) -> Reply:
        with closing(self.service.client(role)) as client:
            return client.ask(method, path, body, **more)

    def page(self, path: str = LINES, role: str = "planner", status: int = 200, **more: str) -> str:
        reply = self.ask("GET", path, role=role, **more)
        assert reply.status == status, reply
        return unescape(reply.body.decode())

    def give(self, word: str, path: str = LINES, role: str = "planner", **fields: str | list[str]) -> Reply:
        return self.ask("POST", path, urlencode({"do": word, **fields}, doseq=True).encode(), role, **FORM)

    def keep(self, name: str, path: str = LINES, role: str = "planner", **fields: str) -> str:
        """Keep what a page shows; where it is from then on."""
        reply = self.give("save", path, role, name=name, **fields)
        assert reply.status == 303, unescape(reply.body.decode())
        assert reply.headers["location"].endswith("&done=save")
        return reply.headers["location"].removesuffix("&done=save")

    def kept(self, account: str = "planner") -> list[SavedView]:
        db = open_database(self.url)
        found = list_views(db, account)
        db.close()
        return found


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with new_database(request.param, tmp_path_factory.mktemp("views")) as url:
        db = open_database(url)
        supply = {"do": "announce_supply", "supply": "PO", "sku": "LAMP", "site": "NY", "quantity": 9}
        begun = [
            {"do": "put_site", "site": "NY", "zone": "America/New_York", "country": "US"},
            {"do": "put_item", "sku": "LAMP"},
            {"do": "put_item", "sku": "CHAIR", "coverage": "lead_time", "lead_time_days": 9},
            {**supply, "expected_on": "2026-11-27"},
            {"do": "put_customer", "customer": "ada", "tier": "Trade", "country": "US", "region": "NY"},
            {
                "do": "place_order",
                "order": "A/1",
                "lines": [{"line": "1", "sku": "LAMP", "quantity": 4}],
                "ship_to": {"country": "CA", "region": "CA-ON"},
            },
            {
                "do": "place_order",
                "order": "B",
                "lines": [{"line": "1", "sku": "CHAIR", "quantity": 2}],
                "customer": "ada",
            },
        ]
        assert {one.outcome.value for one in apply(db, NOW - timedelta(days=9), begun)} <= {"accepted", "changed"}
        with running(url, BACKORDER_NOW=NOW.isoformat(), BACKORDER_WORKER="no") as service:
            yield Desk(url, service)
        assert check.run(db) == []
        db.close()


def heads(text: str) -> list[str]:
    """What the columns of a page are called, but for that of the boxes."""
    found = re.findall(r"<th role=\"columnheader\"(.*?)</th>", text)
    return [re.sub("<[^>]*>", "", head).strip() for head in found if "c-check" not in head]


def test_what_is_shown_is_kept_under_a_name_and_opens_by_its_address(desk: Desk) -> None:
    there = desk.keep("Lamps", f"{LINES}?view=all&sku=LAMP&sort=units&down=yes")
    text = desk.page(f"{there}&done=save")
    assert "The view is kept." in text
    assert f'<a href="{there}" aria-current="page" class="is-first">Lamps</a>' in text
    assert ">A/1</a>" in text
    assert ">B</a>" not in text
    assert 'aria-sort="descending"' in text
    assert [(one.show, one.sku, one.sort, one.down, one.shared) for one in desk.kept()] == [
        ("all", "LAMP", "units", True, False)
    ]
    assert ">Lamps</a>" not in desk.page(role="buyer"), "it is private"
    assert "There is no such view for you." in desk.page(there, role="buyer", status=404)


def test_a_view_that_is_shared_is_everybody_s_to_see_and_its_owner_s_to_change(desk: Desk) -> None:
    there = desk.keep("Lamps", f"{LINES}?sku=LAMP", shared="yes")
    text = desk.page(there, role="buyer")
    assert "planner shares this view." in text
    assert "Drop this view" not in text
    ident = there.partition("=")[2]
    for word in ("rename", "replace", "drop"):
        assert desk.give(word, f"{there}&view=late", role="buyer", name="Mine", saved=ident).status == 403
    assert "Drop this view" in desk.page(there, role="admin")
    dropped = desk.give("drop", role="admin", saved=ident)
    assert (dropped.status, desk.kept()) == (200, [])


def test_what_was_changed_replaces_the_view_and_can_be_taken_back(desk: Desk) -> None:
    there = desk.keep("Lamps", f"{LINES}?sku=LAMP")
    assert "Changed since" not in desk.page(there)
    other = f"{there}&view=late&sku=CHAIR"
    text = desk.page(other)
    assert "Changed since “Lamps” was kept." in text
    assert "Replace “Lamps”" in text
    replaced = desk.give("replace", other)
    assert "“Lamps” shows this from now on." in unescape(replaced.body.decode())
    assert [(one.show, one.sku) for one in desk.kept()] == [("late", "CHAIR")]
    assert desk.give("put_back", was=was(replaced)).headers["location"] == f"{there}&done=put_back"
    assert [(one.show, one.sku) for one in desk.kept()] == [("waiting", "LAMP")]


def test_days_of_the_promise_narrow_any_view_but_none_keeps_them(desk: Desk) -> None:
    there = desk.keep("Lamps", f"{LINES}?sku=LAMP")
    day = desk.page(there).partition("c-now num strong")[2]
    assert "27\u00a0Nov" in day[:200]
    narrow = f"{there}&since=2026-11-27&until=2026-11-27"
    text = desk.page(narrow)
    assert "Promise: 27\u00a0Nov to 27\u00a0Nov" in text
    assert ">A/1</a>" in text
    assert "Changed since" not in text
    assert "No line is like this" in desk.page(f"{LINES}?since=2026-11-28&sku=LAMP")
    assert ">A/1</a>" not in desk.page(f"{LINES}?until=2026-11-26")
    sheet = desk.ask("GET", f"{LINES}.csv?since=2026-11-28&sku=LAMP").body
    assert sheet.count(b"\r\n") == 1
    assert "Write the days as 2026-11-20" in desk.page(f"{LINES}?until=soon", status=422)
    assert 'name="since"' not in desk.page(f"{LINES}?view=all&since=2026-11-28")  # no index has closed lines by promise


def test_few_channels_can_be_chosen_and_a_filter_says_what_it_says(desk: Desk) -> None:
    db = open_database(desk.url)
    order = {"do": "place_order", "lines": [{"line": "1", "sku": "CHAIR", "quantity": 1}]}
    apply(db, NOW - timedelta(minutes=5), [order | {"order": name, "channel": name} for name in ("web", EVIL)])
    db.close()
    text = desk.page(f"{LINES}?channel=fair")
    assert re.findall(r"<option(?: selected)?>(.*?)</option>", text)[:3] == [EVIL, "fair", "web"]
    assert "<option selected>fair</option>" in text
    assert "Channel: fair" in text
    assert f'class="off" href="{LINES}"' in text
    assert ">web</a>" in desk.page(f"{LINES}?channel=web")
    db = open_database(desk.url)
    apply(db, NOW - timedelta(minutes=4), [order | {"order": f"O-{n}", "channel": f"way {n}"} for n in range(21)])
    db.close()
    assert '<input class="input" name="channel" value="web"' in desk.page(f"{LINES}?channel=web")


def was(reply: Reply) -> str:
    """What the button that brings a view back says."""
    found = re.search(r'name="was" value="([^"]+)"', reply.body.decode())
    assert found is not None
    return found[1]


def test_a_view_that_was_dropped_or_renamed_is_brought_back(desk: Desk) -> None:
    there = desk.keep("Lamps", f"{LINES}?sku=LAMP&columns=item.order")
    before = desk.kept()
    renamed = desk.give("rename", there, name="Lights", shared="yes")
    assert "The view is called “Lights” now." in unescape(renamed.body.decode())
    assert [(one.name, one.shared) for one in desk.kept()] == [("Lights", True)]
    assert desk.give("put_back", was=was(renamed)).status == 303
    assert desk.kept() == before
    dropped = desk.give("drop", saved=there.partition("=")[2])
    assert (dropped.status, desk.kept()) == (200, [])
    assert desk.give("put_back", was=was(dropped)).status == 303
    assert desk.kept() == before
    for strange in ("", "x", "e30"):
        assert desk.give("put_back", was=strange).status == 422


def test_a_name_that_cannot_be_is_told_beside_what_was_typed(desk: Desk) -> None:
    desk.keep("Lamps")
    clash = desk.give("save", f"{LINES}?sku=CHAIR", name="LAMPS", shared="yes")
    text = unescape(clash.body.decode())
    assert clash.status == 422
    assert "A view of this owner is called so already: choose another name, or replace that one." in text
    assert 'value="LAMPS"' in text
    assert desk.give("save", name=" ").status == 422
    assert [one.name for one in desk.kept()] == ["Lamps"]
    assert desk.give("explode").status == 422
    assert desk.give("rename", f"{LINES}?saved=none", name="X").status == 404


def test_names_are_text_and_nothing_else(desk: Desk) -> None:
    there = desk.keep(EVIL[:60], shared="yes")
    for role in ("planner", "viewer"):
        raw = desk.ask("GET", there, role=role).body
        assert b"<img" not in raw
        assert EVIL[:60] in unescape(raw.decode())


def test_columns_are_chosen_and_put_in_order(desk: Desk) -> None:
    each = list(COLUMNS)
    places = [str(len(each) - n) for n in range(len(each))]
    chosen = desk.give("columns", each=each, place=places, column=["item", "planned", "state"])
    assert chosen.headers["location"] == LINES
    cookie = chosen.headers["set-cookie"].partition(";")[0]
    assert cookie == "__Host-backorder-columns=state.planned.item.order"
    text = desk.page(LINES, Cookie=cookie)
    assert [head.rpartition(">")[2] for head in heads(text)] == ["State", "Planned", "Item", "Order"]
    assert ">27\u00a0Nov<" in text
    sheet = re.search(r'href="(/console/lines\.csv[^"]*)"', text)
    assert sheet is not None
    rows = desk.ask("GET", sheet[1]).body.decode().split("\r\n")
    assert rows[0] == "state,planned,sku,item,order,line"
    assert "waiting,2026-11-27,LAMP,,A/1,1" in rows
    usual = desk.give("usual")
    assert "Max-Age=0" in usual.headers["set-cookie"]
    assert len(desk.ask("GET", f"{LINES}.csv").body.decode().split("\r\n")[0].split(",")) == 22


def test_a_line_tells_the_tier_of_its_customer_and_where_it_goes(desk: Desk) -> None:
    asked = f"{LINES}?columns=order.tier.goes_to"
    text = desk.page(asked)
    assert [head.rpartition(">")[2] for head in heads(text)] == ["Order", "Tier", "Goes to"]
    assert re.findall(r'class="c-(?:tier|to) soft">([^<]*)<', text) == ["Trade", "US-NY", "", "CA-ON"]
    rows = desk.ask("GET", asked.replace("lines?", "lines.csv?")).body.decode().split("\r\n")
    assert rows[:3] == ["order,line,tier,goes_to", "B,1,Trade,US-NY", "A/1,1,,CA-ON"]


def test_the_columns_of_a_view_are_its_own(desk: Desk) -> None:
    there = desk.keep("Lamps", f"{LINES}?sku=LAMP")
    chosen = desk.give("columns", there, each=["item", "order"], place=["1", "2"], column=["item"])
    assert "set-cookie" not in chosen.headers
    assert chosen.headers["location"] == f"{there}&view=waiting&sku=LAMP&columns=item.order"
    desk.give("replace", chosen.headers["location"])
    assert [one.columns for one in desk.kept()] == [["item", "order"]]
    assert [head.rpartition(">")[2] for head in heads(desk.page(there))] == ["Item", "Order"]
    assert desk.ask("GET", there.replace("lines", "lines.csv")).body.startswith(b"sku,item,order,line\r\n")


def test_what_things_cost_is_no_column_for_who_may_not_know(desk: Desk) -> None:
    asked = f"{LINES}?columns=order.value"
    assert "Value" not in desk.page(asked, role="planner")
    assert len(heads(desk.page(asked, role="finance"))) == 2
    assert len(heads(desk.page(f"{LINES}?columns=nonsense", role="planner"))) == 8
