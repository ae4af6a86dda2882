"""Reallocation in the console: policies written and looked at, simulated, put side by side, committed, undone."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from html import unescape
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from conftest import new_database
from service import Reply, Service, running
from state import apply

from backorder.adapters.console.policy import beyond
from backorder.queries import check, reallocation, show
from backorder.storage.db import open_database

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
EVIL = "<img src=x onerror=alert(1)>\"'&{{7*7}}<script>"
FORM = {"Content_Type": "application/x-www-form-urlencoded", "Sec_Fetch_Site": "same-origin"}
EVERYONE = {"name": "everyone", "strategy": "redistribute", "ranking": ["first_promise", "placed_at"]}
CLINICS = {"name": f"clinics {EVIL}", "filter": {"tier": ["gold"]}, "strategy": "redistribute"}


class Board:
    """A ward ordered last and is promised last; by the policy `clinics` it would get what Ada and Ben were promised."""

    def __init__(self, url: str, service: Service) -> None:
        self.url, self.service = url, service

    def ask(self, method: str, path: str, body: bytes | None = None, role: str = "planner", **headers: str) -> Reply:
        with closing(self.service.client(role)) as client:
            return client.ask(method, path, body, **headers)

    def page(self, path: str = "/console/reallocate", role: str = "planner", status: int = 200) -> str:
        reply = self.ask("GET", path, role=role)
        assert reply.status == status, reply
        return unescape(reply.body.decode()).replace("\u00a0", " ")

    def give(self, path: str, role: str = "planner", **said: str) -> Reply:
        return self.ask("POST", path, urlencode(said).encode(), role, **FORM)

    def simulated(self, policy: str = "clinics", mark: str = "2026-12-01 09:00 00ff") -> str:
        """The address of a run that the form makes."""
        reply = self.give("/console/reallocate", policy=policy, mark=mark)
        assert reply.status == 303, reply
        return reply.headers["location"].partition("?")[0]

    def days(self) -> dict[str, str]:
        """What orders are promised."""
        db = open_database(self.url)
        found = {order: show.order(db, order, 0) for order in ("ada", "ben", "ward-3")}
        db.close()
        return {order: f"{one.lines[0].promise}" for order, one in found.items() if one is not None}

    def runs(self) -> dict[str, str]:
        db = open_database(self.url)
        found = {one.run: one.state for one in reallocation.list_runs(db)}
        db.close()
        return found


BEFORE = {"ada": "2026-12-07", "ben": "2026-12-07", "ward-3": "2026-12-18"}
AFTER = {"ada": "2026-12-18", "ben": "2026-12-18", "ward-3": "2026-12-07"}


@pytest.fixture(params=["sqlite", "postgresql"])
def board(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    with new_database(request.param, tmp_path_factory.mktemp("board")) as url:
        db = open_database(url)
        supply = {"do": "announce_supply", "sku": "CHAIR", "site": "MAIN", "confirmed": True}
        order = {"do": "place_order", "currency": "EUR"}
        line = {"line": "1", "sku": "CHAIR", "unit_price": "49.50"}
        begun: list[dict[str, Any]] = [
            {"do": "put_site", "site": "MAIN"},
            {"do": "put_item", "sku": "CHAIR"},
            {"do": "put_customer", "customer": "clinic", "kind": "business", "tier": "gold"},
            {**supply, "supply": "PO-1", "quantity": 6, "expected_on": "2026-12-07"},
            {**supply, "supply": "PO-2", "quantity": 10, "expected_on": "2026-12-18"},
            {**order, "order": "ada", "lines": [{**line, "quantity": 4}]},
            {**order, "order": "ben", "lines": [{**line, "quantity": 2}]},
            {**order, "order": "ward-3", "customer": "clinic", "lines": [{**line, "quantity": 5}]},
            {"do": "put_policy", "policy": "clinics", "segments": [CLINICS, EVERYONE]},
            {"do": "put_policy", "policy": "gentle", "segments": [CLINICS, {"name": "all", "strategy": "gain"}]},
            {"do": "put_policy", "policy": "all win", "segments": [{"name": "all", "strategy": "win"}]},
        ]
        assert {one.outcome.value for one in apply(db, NOW, begun)} == {"accepted"}
        with running(url, BACKORDER_NOW=NOW.isoformat(), BACKORDER_WORKER="no") as service:
            yield Board(url, service)
        assert check.run(db) == []
        db.close()


def test_a_plan_says_who_gains_and_who_loses_and_changes_nothing(board: Board) -> None:
    there = board.simulated()
    page = board.page(f"{there}?done=reallocate")
    assert "The plan is made. Nothing has changed yet." in page
    assert "It changes 3 lines." in page
    assert "2 later, 1 sooner" in page
    assert "2 lines lose." in page
    for order in BEFORE:
        assert f"/console/orders/{order}?line=1" in page, "each leads to why it has its date"
    lost = board.page(f"{there}?view=lost").partition("Line by line")[2].partition("Lines by segment")[0]
    assert "/console/orders/ada" in lost
    assert "/console/orders/ward-3" not in lost
    assert "1 gained of 1" in page
    assert "2 lost of 2" in page
    assert "simulated" in board.page()
    assert board.days() == BEFORE


def test_a_form_sent_twice_is_planned_once(board: Board) -> None:
    assert board.simulated() == board.simulated()
    assert list(board.runs()) == ["clinics 2026-12-01 09:00 00ff"]
    assert board.simulated("gentle") != board.simulated(), "another policy is another run"
    assert len(board.runs()) == 2


def test_a_plan_is_committed_and_taken_back(board: Board) -> None:
    there = board.simulated()
    unread = board.give(there, do="commit_plan")
    assert unread.status == 422
    assert "Read first who loses" in unescape(unread.body.decode())
    assert board.days() == BEFORE
    done = board.give(there, do="commit_plan", read="yes")
    assert done.status == 303
    assert "The plan holds." in board.page(done.headers["location"])
    assert board.days() == AFTER
    assert "Commit 3 lines" not in board.page(there)
    back = board.give(there, do="undo_plan")
    assert back.status == 303
    page = board.page(back.headers["location"])
    assert "The plan is taken back." in page
    assert "Undo 3 lines" not in page
    assert board.days() == BEFORE
    again = board.give(there, do="undo_plan")
    assert again.status == 303, "it is undone as it was asked to be"


def test_what_cannot_be_done_is_said_where_it_was_asked_for(board: Board) -> None:
    there = board.simulated()
    early = board.give(there, do="undo_plan")
    assert early.status == 422
    assert "there is nothing to undo" in unescape(early.body.decode())
    none = board.give("/console/reallocate", policy="none", mark="1")
    assert none.status == 422
    assert "No reallocation policy has this name" in unescape(none.body.decode())
    assert board.give("/console/reallocate/runs/none", do="commit_plan", read="yes").status == 404
    assert board.give(there, do="erase_person").status == 422
    assert board.give("/console/reallocate", policy="a\0b", mark="\0").status == 422
    board.page("/console/reallocate/runs/none", status=404)
    board.page("/console/reallocate/compare?run=none&run=neither", status=404)
    board.page("/console/reallocate/compare?policy=clinics", status=400)
    board.page("/console/reallocate/policy?policy=none", status=404)


def test_violations_stand_first(board: Board) -> None:
    db = open_database(board.url)
    apply(db, NOW, [{"do": "reschedule_supply", "supply": "PO-1", "expected_on": "2026-12-28"}])
    db.close()
    page = board.page(board.simulated("all win"))
    assert page.index(">Violations<span") < page.index(">Changed<span")
    rows = page.partition("Lines before and after")[2].partition("Lines by segment")[0]
    assert "has to win, and does not" in rows.lower()


def test_two_policies_and_two_runs_stand_side_by_side(board: Board) -> None:
    policies = board.page("/console/reallocate/compare?policy=clinics&policy=gentle")
    assert "3 lines come out differently" in policies
    assert "/console/orders/ward-3?line=1" in policies
    ways = [board.simulated(name).rpartition("/")[2] for name in ("clinics", "gentle")]
    runs = board.page(f"/console/reallocate/compare?run={ways[0]}&run={ways[1]}")
    for page in (policies, runs):
        told = page.partition("Customers to tell")[2][:80]
        assert '<td class="num">2</td><td class="num">0</td>' in told
    assert len(board.runs()) == 2, "the comparison of policies keeps nothing"


def test_a_policy_is_looked_at_before_it_is_put_and_nothing_typed_is_lost(board: Board) -> None:
    editor = "/console/reallocate/policy"
    text = json.dumps(
        {"policy": "new", "segments": [{"name": "gold", "filter": {"tier": ["gold"]}, "strategy": "win"}]}
    )
    looked = board.give(editor, do="preview", text=text)
    assert looked.status == 200
    page = unescape(looked.body.decode()).replace("\u00a0", " ")
    assert text in page
    assert "What it takes now" in page
    assert "Of 3 lines that are open." in page
    board.page(f"{editor}?policy=new", status=404)
    assert board.give(editor, do="put_policy", text=text).status == 303
    assert "Version 1" in board.page(f"{editor}?policy=new&done=put_policy")
    wrongs = {
        "{": "The policy is not JSON",
        "[]": "A policy is an object",
        text.replace("win", "wins"): "segments[0].strategy",
        text.replace("gold", ""): "segments[0].name",
        json.dumps({"policy": "new", "segments": [EVERYONE, EVERYONE]}): "segments[1].name",
        json.dumps({**json.loads(text), "fallback": "none"}): "fallback",
        json.dumps({**json.loads(text), "do": "place_order"}): "do: leave it out",
    }
    for typed, said in wrongs.items():
        for word in ("preview", "put_policy"):
            refused = board.give(editor, do=word, text=typed, version="1")
            if (
                word == "put_policy" or said != "fallback"
            ):  # whether there is one to fall back to is known when it is put
                assert refused.status == 422, (typed, refused)
                assert said in unescape(refused.body.decode()), typed
            assert typed in unescape(refused.body.decode())


def test_a_policy_is_written_in_a_form_and_its_buttons_keep_nothing(board: Board) -> None:
    editor = "/console/reallocate/policy"
    assert "Business customers first" in board.page(f"{editor}?ready=business")
    form = {
        "policy": "formed",
        "rank.0": "first_promise",
        "name.0": EVIL,
        "strategy.0": "gain",
        "what.0.0": "tier",
        "text.0.0": "gold, silver",
        "what.0.1": "quantity.at_least",
        "text.0.1": "2",
        "name.1": "rest",
        "strategy.1": "fill",
        "freeze_days": "7",
    }
    moved = unescape(board.give(editor, do="down.0", **form).body.decode())
    assert moved.index('name="name.0" value="rest"') < moved.index('name="name.1" value="' + EVIL)
    assert 'name="name.2"' in board.give(editor, do="add", **form).body.decode()
    assert board.give(editor, do="up.7", **form).status == 422
    assert "What it takes now" in board.give(editor, do="preview", **form).body.decode()
    board.page(f"{editor}?policy=formed", status=404)
    wrong = unescape(board.give(editor, do="put_policy", **{**form, "text.0.1": "many"}).body.decode())
    assert f"Segment {EVIL}: many is no whole number." in wrong
    assert 'value="many"' in wrong, "what was typed stays"
    assert "Segment 2 has no name." in unescape(
        board.give(editor, do="put_policy", **{**form, "name.1": ""}).body.decode()
    )
    assert board.give(editor, do="put_policy", **form).status == 303
    db = open_database(board.url)
    put = reallocation.show_policy(db, "formed")
    db.close()
    assert put is not None
    assert put.body.segments[0].filter.tier == ("gold", "silver")
    assert put.body.freeze_days == 7
    assert beyond(put.body) == []


def test_what_the_form_cannot_say_stays_json(board: Board) -> None:
    page = board.page("/console/reallocate/policy?policy=clinics")
    assert "says more than the form can: everyone: ranking." in page
    assert '"ranking": [' in page
    assert 'name="name.0"' not in page, "no form that would lose it"


def test_a_line_says_what_it_takes_and_gives(board: Board) -> None:
    page = board.page(f"{board.simulated()}?view=changed")
    rows = page.partition("Lines before and after")[2].partition("Lines by segment")[0]
    assert "Takes 5 of PO-1 from ada line 1 and ben line 1." in rows
    assert "Gives way to ward-3 line 1: 2 of PO-1." in rows
    assert "CHAIR \u00d75" in rows
    assert "clinic" in rows


def test_who_put_a_policy_meanwhile_is_not_overwritten_unseen(board: Board) -> None:
    editor = "/console/reallocate/policy"
    first = json.dumps({"policy": "clinics", "segments": [EVERYONE]})
    second = json.dumps({"policy": "clinics", "segments": [EVERYONE], "keep_days": 9})
    assert board.give(editor, do="put_policy", text=first, version="1").status == 303
    late = board.give(editor, do="put_policy", text=second, version="1")
    assert late.status == 409
    page = unescape(late.body.decode())
    assert "clinics was saved by planner meanwhile, as version 2." in page
    assert second in page
    assert 'name="version" value="2"' in page
    assert board.give(editor, do="put_policy", text=second, version="2").status == 303
    assert board.give(editor, do="put_policy", text=second, version="2").status == 303, "a second click puts the same"
    assert "Version 3" in board.page(f"{editor}?policy=clinics")


def test_who_may_only_look_has_no_forms_and_no_other_site_fills_one_in(board: Board) -> None:
    there = board.simulated()
    for path in ("/console/reallocate", there, "/console/reallocate/policy?policy=clinics"):
        assert 'method="post" action="/console/reallocate' not in board.page(path, "viewer")
        assert 'name="do"' not in board.page(path, "viewer")
        for role in ("viewer", "warehouse", "finance"):
            assert board.give(path.partition("?")[0], role, do="commit_plan", policy="clinics").status == 403
        body = urlencode({"do": "commit_plan", "policy": "clinics"}).encode()
        for site in ("cross-site", "same-site"):
            refused = board.ask("POST", path.partition("?")[0], body, **{**FORM, "Sec_Fetch_Site": site})
            assert refused.status == 403
    assert board.days() == BEFORE
    assert len(board.runs()) == 1


def test_what_strangers_wrote_is_text(board: Board) -> None:
    there = board.simulated()
    for path in (there, "/console/reallocate/policy?policy=clinics", "/console/reallocate", f"{there}?view=gained"):
        reply = board.ask("GET", path)
        assert b"<img" not in reply.body
        assert b"<script>" not in reply.body
    assert EVIL in unescape(board.ask("GET", there).body.decode())
    board.page(f"/console/reallocate/runs/{quote(EVIL, safe='')}", status=404)
