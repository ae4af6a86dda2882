"""Reallocation: what a policy plans is what a commit does, line by line, and what undoing takes back."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from shop import NOW, announce, do, order, shop
from simulation.test_crashes import crashed, crashing
from state import state

from backorder.commands import _committing
from backorder.kernel.calendars import moment_number
from backorder.kernel.outcomes import Word
from backorder.kernel.segments import Policy
from backorder.queries import check
from backorder.queries.lines import Filters, list_lines
from backorder.queries.outbox import list_events
from backorder.queries.reallocation import compare, list_plan_lines, list_runs, preview, show_policy, show_run
from backorder.storage.db import Database
from backorder.worker import Worker

VIPS = [
    {"name": "best", "filter": {"customer": ["vip"]}, "strategy": "redistribute"},
    {"name": "rest", "strategy": "redistribute"},
]


def promised(db: Database) -> dict[str, str | None]:
    """The promise of the first line of each order."""
    return {order: values[5] for (order, line), values in state(db)["lines"].items() if line == "1"}


@pytest.fixture
def waiting(db: Database) -> Database:
    """Two customers wait: the first in line is not the better one."""
    shop(db, ["CHAIR", "LAMP"])
    do(db, "put_customer", customer="vip", tier="gold")
    announce(db, "PO-1", 4, "2026-12-07")
    announce(db, "PO-2", 4, "2026-12-18")
    order(db, "ada", 4)
    order(db, "vip", 4, customer="vip")
    assert do(db, "put_policy", policy="vips", segments=VIPS).outcome is Word.ACCEPTED
    return db


def test_a_run_changes_nothing_until_it_is_committed_and_undoing_takes_it_back(waiting: Database) -> None:
    before = state(waiting)
    made = do(waiting, "reallocate", run="R-1", policy="vips")
    assert made.outcome is Word.ACCEPTED, made
    assert (made.counts["lines"], made.counts["changed"], made.counts["later"], made.counts["sooner"]) == (2, 2, 1, 1)
    assert state(waiting) == before
    done = do(waiting, "commit_plan", run="R-1")
    assert done.outcome is Word.CHANGED, done
    assert (done.counts["applied"], done.counts["refused"]) == (2, 0)
    assert promised(waiting) == {"ada": "2026-12-18", "vip": "2026-12-07"}
    assert check.run(waiting) == []
    assert do(waiting, "commit_plan", run="R-1").outcome is Word.EXISTS
    undone = do(waiting, "undo_plan", run="R-1")
    assert undone.outcome is Word.CHANGED, undone
    after = state(waiting)
    for key, values in before["lines"].items():
        assert after["lines"][key][:9] == values[:9]
    assert after["supplies"] == before["supplies"]
    assert check.run(waiting) == []


def _line(db: Database, run: str, order: str):
    return next(line for line in list_plan_lines(db, run) if line.order == order)


def test_lines_that_changed_since_are_refused_and_the_rest_is_applied(waiting: Database) -> None:
    announce(waiting, "LAMP-1", 1, "2026-12-07", "LAMP")
    announce(waiting, "LAMP-2", 1, "2026-12-18", "LAMP")
    order(waiting, "ben", 1, "LAMP")
    order(waiting, "vip-lamp", 1, "LAMP", customer="vip")
    do(waiting, "reallocate", run="R-1", policy="vips")
    do(
        waiting, "hold_order", order="ada", kind="credit"
    )  # it keeps what it holds, so that the better one cannot have it
    done = do(waiting, "commit_plan", run="R-1")
    assert (done.outcome, done.counts["applied"], done.counts["refused"]) == (Word.CHANGED, 2, 2)
    assert promised(waiting)["vip-lamp"] == "2026-12-07"
    assert promised(waiting)["vip"] == "2026-12-18"
    assert _line(waiting, "R-1", "ada").note == "its order was put on hold"
    assert _line(waiting, "R-1", "vip").note == "PO-1 has fewer units left than it was to get"
    assert check.run(waiting) == []


def test_orders_placed_in_between_keep_what_they_took(waiting: Database) -> None:
    announce(waiting, "PO-0", 2, "2026-12-04")
    do(waiting, "cancel_line", order="ada", line="1", quantity=4)
    order(waiting, "cleo", 8)
    do(waiting, "reallocate", run="R-1", policy="vips")
    new = order(waiting, "new", 1)
    assert new.outcome is Word.ACCEPTED
    before = state(waiting)["lines"]["new", "1"]
    assert do(waiting, "commit_plan", run="R-1").outcome is Word.CHANGED
    assert state(waiting)["lines"]["new", "1"] == before
    assert check.run(waiting) == []


def test_a_plan_is_committed_on_the_day_it_was_made(waiting: Database) -> None:
    do(waiting, "reallocate", run="R-1", policy="vips")
    late = do(waiting, "commit_plan", NOW + timedelta(days=1), run="R-1")
    assert late.outcome is Word.NOT_ALLOWED
    assert "simulate again" in late.message


def test_undoing_ends_with_its_window_and_spares_what_was_shipped(waiting: Database) -> None:
    do(waiting, "count_stock", sku="LAMP", site="MAIN", quantity=1)
    do(waiting, "reallocate", run="R-1", policy="vips", commit=True)
    over = do(waiting, "undo_plan", NOW + timedelta(hours=25), run="R-1")
    assert over.outcome is Word.NOT_ALLOWED
    do(waiting, "receive_supply", supply="PO-1", receipt="R", quantity=4)
    do(waiting, "ship", shipment="S-1", order="vip", lines=[{"line": "1", "quantity": 1}])
    undone = do(waiting, "undo_plan", NOW + timedelta(hours=23), run="R-1")
    assert (undone.outcome, undone.counts["undone"], undone.counts["refused"]) == (Word.CHANGED, 0, 2)
    assert _line(waiting, "R-1", "ada").applied == "undo_refused"
    assert check.run(waiting) == []
    assert do(waiting, "undo_plan", run="R-1").outcome is Word.EXISTS


def many(db: Database, items: int = 7) -> list[str]:
    """Items on each of which somebody waits before a better customer, so that a run has several chunks."""
    skus = [f"I{n}" for n in range(items)]
    shop(db, skus)
    do(db, "put_customer", customer="vip")
    for sku in skus:
        announce(db, f"{sku}-1", 1, "2026-12-07", sku)
        announce(db, f"{sku}-2", 1, "2026-12-18", sku)
        order(db, f"{sku}-ada", 1, sku)
        order(db, f"{sku}-vip", 1, sku, customer="vip")
    do(db, "put_policy", policy="vips", segments=VIPS)
    return skus


def test_who_is_killed_between_chunks_goes_on_where_it_stopped(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    skus = many(db)
    before = state(db)
    monkeypatch.setattr(_committing, "TOGETHER", 2)
    monkeypatch.setattr(_committing, "ON_SQLITE", 2)
    do(db, "reallocate", run="R-1", policy="vips")
    for way, last in (("commit_plan", "2026-12-07"), ("undo_plan", "2026-12-18")):
        for number in range(0, 60, 7):
            if not crashed(db, NOW, {"do": way, "run": "R-1"}, number):
                break
            assert check.run(db) == []
        seen = show_run(db, "R-1")
        assert seen.state in {"committing", "undoing", "committed", "undone"}
        do(db, way, run="R-1")
        assert {promised(db)[f"{sku}-vip"] for sku in skus} == {last}
        assert check.run(db) == []
    after = state(db)
    assert {key: values[:9] for key, values in after["lines"].items()} == {
        key: values[:9] for key, values in before["lines"].items()
    }
    assert [view.applied for view in list_plan_lines(db, "R-1")] == ["undone"] * 14


def test_two_runs_at_once_on_overlapping_items_leave_every_line_to_one(db: Database) -> None:
    skus = many(db)
    other = [{"name": "all", "ranking": ["-id"], "strategy": "redistribute"}]
    do(db, "put_policy", policy="turned", segments=other)
    with ThreadPoolExecutor(2) as threads:
        runs = [("R-1", "vips"), ("R-2", "turned"), ("R-1", "vips")]
        answers = list(threads.map(lambda one: do(db, "reallocate", run=one[0], policy=one[1], commit=True), runs))
    assert {answer.outcome for answer in answers} <= {Word.CHANGED, Word.EXISTS}
    assert check.run(db) == []
    for sku in skus:
        days = sorted((promised(db)[f"{sku}-ada"], promised(db)[f"{sku}-vip"]))
        assert days == ["2026-12-07", "2026-12-18"]


def test_a_scheduled_policy_runs_once_for_each_time(waiting: Database) -> None:
    schedule = {"at": "02:00", "zone": "Europe/Berlin", "commit": True}
    do(waiting, "put_policy", policy="vips", segments=VIPS, schedule=schedule)
    clock = moment_number(datetime(2026, 12, 2, 1, 30, tzinfo=UTC))
    worker = Worker(waiting, lambda: clock)
    for _ in range(2):
        worker.run_once(clock)
    assert [(run.run, run.state) for run in list_runs(waiting)] == [("vips 2026-12-02 02:00", "committed")]
    assert promised(waiting)["vip"] == "2026-12-07"
    assert show_policy(waiting, "vips").next_run == datetime(2026, 12, 3, 1, tzinfo=UTC)
    do(waiting, "put_policy", policy="vips", segments=VIPS)
    assert show_policy(waiting, "vips").next_run is None
    assert check.run(waiting) == []


def test_runs_are_forgotten_after_their_time(waiting: Database) -> None:
    do(waiting, "reallocate", run="R-1", policy="vips", commit=True)
    worker = Worker(waiting, lambda: 0)
    worker.prepare(moment_number(NOW))
    worker.run_once(moment_number(NOW + timedelta(days=29)))
    assert show_run(waiting, "R-1") is not None
    worker.run_once(moment_number(NOW + timedelta(days=31)))
    assert show_run(waiting, "R-1") is None
    assert check.run(waiting) == []


def test_a_preview_counts_what_each_segment_takes_and_what_none_does(waiting: Database) -> None:
    policy = msgspec.convert({"policy": "p", "segments": VIPS[:1]}, Policy)
    found = preview(waiting, moment_number(NOW), policy)
    assert (found.lines, found.unmatched) == (2, 1)
    assert [(one.segment, one.lines, one.orders, one.units) for one in found.segments] == [("best", 1, 1, 4)]


def test_policies_stand_side_by_side_on_one_state(waiting: Database) -> None:
    nothing = msgspec.convert({"policy": "none", "segments": [{"name": "all", "strategy": "skip"}]}, Policy)
    found = compare(waiting, moment_number(NOW), ["vips", nothing])
    assert [(side.policy, side.totals.changed) for side in found.sides] == [("vips", 2), ("none", 0)]
    assert found.differing == 2
    days = {one.order: one.promises for one in found.differences}
    assert days["vip"] == [date(2026, 12, 7), date(2026, 12, 18)]
    assert compare(waiting, moment_number(NOW), ["unheard"]).outcome is Word.UNKNOWN_POLICY


def test_a_run_tells_the_ledger_the_events_and_the_line_of_itself(waiting: Database) -> None:
    do(waiting, "reallocate", run="R-1", policy="vips", commit=True)
    line = list_lines(waiting, moment_number(NOW), Filters(order="vip"))[0]
    assert line.promise == date(2026, 12, 7)
    told = list_events(waiting, limit=100)
    kinds = [event.kind for event in told]
    assert kinds.count("plan_made") == kinds.count("plan_committed") == 1
    moved = [event for event in told if event.kind == "promise_moved" and event.subject == "orders/vip"]
    assert [msgspec.json.decode(moved[0].data)[name] for name in ("cause", "run")] == ["reallocated", "R-1"]


@pytest.mark.parametrize("word", ["reallocate", "commit_plan", "undo_plan"])
def test_the_statements_of_a_run_do_not_depend_on_how_many_lines_there_are(db: Database, word: str) -> None:
    counted = []
    for n, items in enumerate((2, 9)):
        skus = [f"N{n}-{i}" for i in range(items)]
        shop(db, skus)
        for sku in skus:
            announce(db, f"{sku}-1", 1, "2026-12-07", sku)
            announce(db, f"{sku}-2", 1, "2026-12-18", sku)
            order(db, f"{sku}-a", 1, sku)
            order(db, f"{sku}-b", 1, sku)
        segments = [{"name": "turned", "filter": {"sku": skus}, "ranking": ["-id"], "strategy": "redistribute"}]
        do(db, "put_policy", policy=f"P{n}", segments=segments)
        for step in ("reallocate", "commit_plan", "undo_plan"):
            more = {"policy": f"P{n}"} if step == "reallocate" else {}
            with crashing(10**9) as statements:
                do(db, step, run=f"R{n}", **more)
            if step == word:
                counted.append(len(statements))
    assert counted[0] == counted[1]
