"""Why a line has its date, in sentences that a person can act on."""

from datetime import date, timedelta

import msgspec
import pytest
from shop import NOW, announce, do, order, shop

from backorder.kernel.calendars import moment_number
from backorder.queries import explain, reasons
from backorder.queries.spoken import BECAUSE
from backorder.storage.db import Database
from backorder.storage.tables import CAUSES

TODAY = moment_number(NOW)


def explained(db: Database, name: str, earlier: int | None = None) -> explain.Explanation:
    found = explain.line(db, name, "1", TODAY, earlier=earlier)
    assert found is not None
    return found


@pytest.fixture
def chairs(db: Database) -> Database:
    """Ada 4 and Ben 4 on PO-1, Cleo 2 on PO-1 and 2 on PO-2."""
    shop(db)
    announce(db, "PO-1", 10, "2026-12-07")
    announce(db, "PO-2", 10, "2026-12-18")
    for name in ("ada", "ben", "cleo"):
        order(db, name, 4)
    return db


def test_it_says_who_is_ahead_on_each_supply(chairs: Database) -> None:
    stands = [
        (s.supply, s.units, s.ahead, s.units_ahead, s.behind, s.free) for s in explained(chairs, "cleo").stands_on
    ]
    assert stands == [("PO-1", 2, 2, 8, 0, 0), ("PO-2", 2, 0, 0, 0, 8)]
    ben = explained(chairs, "ben").stands_on[0]
    assert (ben.ahead, ben.units_ahead, ben.behind) == (1, 4, 1)


def test_a_higher_priority_and_an_earlier_line_are_ahead(chairs: Database) -> None:
    lines = [{"line": n, "sku": "CHAIR", "quantity": 1} for n in ("1", "2")]
    do(chairs, "place_order", order="dora", priority=5, lines=lines)
    second = explain.line(chairs, "dora", "2", TODAY)
    assert second is not None
    assert (second.stands_on[0].ahead, second.stands_on[0].behind) == (1, 1)
    assert explained(chairs, "cleo").stands_on[1].ahead == 2


def test_it_tells_the_history_in_sentences(chairs: Database) -> None:
    do(chairs, "reschedule_supply", supply="PO-1", expected_on="2026-12-10")
    assert explained(chairs, "ada").history == [
        "2026-12-01 09:00  promised for Mon 7 Dec 2026, on PO-1",
        "2026-12-01 09:00  slipped 3 days to Thu 10 Dec 2026: supply PO-1 was rescheduled",
    ]
    do(chairs, "cancel_supply", supply="PO-1")
    do(chairs, "cancel_supply", supply="PO-2")
    told = explained(chairs, "ada")
    assert told.history[-1].endswith("lost its date: supply PO-2 was cancelled")
    assert "4 units uncovered: no supply holds them." in told.state
    assert "Supply of 4 units of CHAIR or more would cover it." in told.would_change
    announce(chairs, "PO-3", 10, "2026-12-21")
    assert "has a date again, Mon 21 Dec 2026: supply PO-3 was announced" in explained(chairs, "ada").history[-1]


def test_it_says_how_many_units_must_come(chairs: Database) -> None:
    later = [sentence for sentence in explained(chairs, "ben").would_change if sentence.startswith("Later")]
    assert later == ["Later: PO-1 slipping, or bringing less than the 8 units that those ahead and this line need."]


def test_overdue_supply_is_named_by_what_is_known(chairs: Database) -> None:
    do(chairs, "advance", to="2026-12-08T09:00:00Z")
    assert "supply did not come on its day; the line then stood on PO-1" in explained(chairs, "ada").history[-1]


def test_an_allocated_line_and_a_line_that_is_done(chairs: Database) -> None:
    do(chairs, "receive_supply", supply="PO-1", receipt="R", quantity=10)
    told = explained(chairs, "ada")
    assert told.state[1] == "4 units allocated from stock at MAIN, could ship Tue 1 Dec 2026."
    assert "can ship" in told.would_change[0]
    do(chairs, "ship", shipment="S", order="ada", lines=[{"line": "1", "quantity": 4}])
    told = explained(chairs, "ada")
    assert told.state == ["Line 1 of order ada, 4 of CHAIR (4 shipped), is done; it was promised for Tue 1 Dec 2026."]
    assert told.would_change == ["Nothing: the line is done."]


def test_every_cause_has_its_sentence() -> None:
    assert reasons.CAUSES.keys() == set(CAUSES)
    assert BECAUSE.keys() == set(CAUSES) - {"placed"}


def test_it_says_who_comes_first_and_by_which_key(chairs: Database) -> None:
    do(chairs, "place_order", order="dora", priority=5, lines=[{"line": "1", "sku": "CHAIR", "quantity": 1}])
    order(chairs, "eve", 3, now=NOW + timedelta(minutes=1))
    told = explained(chairs, "eve")
    queue = told.queue
    assert (queue.lines_before, queue.units_before, queue.lines_behind) == (4, 13, 0)
    assert [(by.key, by.lines, by.units) for by in queue.by] == [
        ("promise", 2, 8),
        ("priority", 1, 1),
        ("placed_at", 1, 4),
    ]
    assert [(before.order, before.key) for before in queue.nearest] == [
        ("cleo", "placed_at"),
        ("dora", "priority"),
        ("ben", "promise"),
        ("ada", "promise"),
    ]
    assert "4 others who wait for it come before you: most of them were promised an earlier day." in told.spoken


def test_the_smallest_changes_that_bring_a_line_sooner(chairs: Database) -> None:
    """Cleo's last two units stand on PO-2, due on the 18th; Ben, the nearest before her, has four due on the 7th."""
    sooner = explained(chairs, "cleo", earlier=11).sooner
    assert (sooner.by, sooner.reason) == (date(2026, 12, 7), None)
    moved, pulled_in, more = sooner.changes
    giver = moved.from_lines[0]
    assert (giver.order, giver.units, giver.would_ship_on, giver.breaks_promise) == ("ben", 2, date(2026, 12, 18), True)
    assert (pulled_in.supply, pulled_in.days, pulled_in.day) == ("PO-2", 11, date(2026, 12, 7))
    assert (more.units, more.day, more.site) == (2, date(2026, 12, 7), "MAIN")
    assert {change.ships_on for change in sooner.changes} == {date(2026, 12, 7)}


def test_who_would_lose_nothing_gives_first(chairs: Database) -> None:
    """Ada was given a day by which she could ship from PO-2 as well; Ben would be late by it."""
    do(chairs, "promise_line", order="ada", line="1", day="2026-12-24", by="kim")
    moved = explained(chairs, "cleo", earlier=11).sooner.changes[0]
    assert [(giver.order, giver.breaks_promise) for giver in moved.from_lines] == [("ada", False)]


def test_without_a_day_of_ones_own_it_is_the_one_first_promised(chairs: Database) -> None:
    do(chairs, "reschedule_supply", supply="PO-1", expected_on="2026-12-10")
    told = explained(chairs, "ada")
    assert told.sooner.by == date(2026, 12, 7)
    assert [change.kind for change in told.sooner.changes] == ["pulled_in", "more"]
    assert "Sooner, on Mon 7 Dec 2026: PO-1 pulled in by 3 days, to Mon 7 Dec 2026." in told.would_change
    assert told.spoken == [
        "Your 4 units of CHAIR are promised to leave on Thursday 10 December 2026.",
        "That day is not certain.",
        "When you ordered, we promised Monday 7 December 2026.",
        "On 1 December it moved to Thursday 10 December 2026, because our supplier gave us another day.",
        "Nobody who waits for it comes before you.",
        (
            "For it to leave by Monday 7 December 2026, a delivery that we expect would have to come 3 days earlier, "
            "or 4 more units would have to come by Monday 7 December 2026."
        ),
    ]


def test_units_for_those_before_are_counted_with_those_for_the_line(chairs: Database) -> None:
    do(chairs, "reschedule_supply", supply="PO-1", expected_on="2026-12-10")
    more = explained(chairs, "ben").sooner.changes[-1]
    assert (more.kind, more.units) == ("more", 8)


def test_where_nothing_helps_it_says_why(chairs: Database) -> None:
    assert explained(chairs, "ada", earlier=30).sooner.reason == "too_early"
    do(chairs, "hold_order", order="ada", kind="fraud")
    assert explained(chairs, "ada").sooner.reason == "held"
    do(chairs, "put_item", sku="DESK")
    announce(chairs, "PO-3", 5, "2026-12-18", sku="DESK")
    lines = [{"line": "1", "sku": "CHAIR", "quantity": 1}, {"line": "2", "sku": "DESK", "quantity": 1}]
    do(chairs, "place_order", order="both", ship="complete", lines=lines)
    assert explained(chairs, "both").sooner.reason == "complete"
    do(chairs, "reschedule_supply", supply="PO-3", expected_on="2026-12-21")
    sooner = explained(chairs, "both").sooner
    assert (sooner.decides, [change.supply for change in sooner.changes if change.supply]) == ("2", ["PO-3"])
    do(chairs, "receive_supply", supply="PO-1", receipt="R", quantity=10)
    assert explained(chairs, "ben").sooner.reason == "ready"
    do(chairs, "ship", shipment="S", order="ben", lines=[{"line": "1", "quantity": 4}])
    told = explained(chairs, "ben")
    assert (told.sooner.reason, told.spoken) == ("done", ["All that was to be sent of CHAIR has left: 4 units."])


def test_it_says_who_gained_by_what_moved_a_line(chairs: Database) -> None:
    """PO-1 slips, and two more arrive: what makes Ada late at that moment lets nobody gain; a receipt does."""
    do(chairs, "reschedule_supply", supply="PO-1", expected_on="2026-12-10")
    assert [move.gained_lines for move in explained(chairs, "ada").moves] == [0, 0]
    later = NOW + timedelta(hours=1)
    do(chairs, "receive_supply", now=later, supply="PO-1", receipt="R", quantity=3, final=True)
    told = explained(chairs, "ben")
    assert [(move.cause, move.gained_lines) for move in told.moves][-1] == ("short", 0)
    announce(chairs, "PO-3", 12, "2026-12-04")
    told = explained(chairs, "ben")
    assert (told.moves[-1].cause, told.moves[-1].supply) == ("announced", "PO-3")
    assert [gainer.order for gainer in told.moves[-1].gained] == ["ada", "cleo"]
    assert told.history[-1].endswith("; by the same gained ada 1, cleo 1")


def test_a_customer_gets_numbers_and_no_names(chairs: Database) -> None:
    do(chairs, "put_customer", customer="C-1")
    order(chairs, "mine", 4, customer="C-1", now=NOW + timedelta(minutes=1))
    announce(chairs, "PO-0", 2, "2026-12-03")
    told = explain.line(chairs, "mine", "1", TODAY, of="C-1", earlier=11)
    assert told is not None
    assert (told.queue.lines_before, told.queue.nearest) == (3, [])
    assert told.sooner.changes[0].kind == "moved"
    everything = msgspec.json.encode(told).decode()
    assert not any(f'"{name}' in everything or f" {name}" in everything for name in ("ada", "ben", "cleo"))


def test_the_statements_do_not_grow_with_the_queue(chairs: Database) -> None:
    from sqlalchemy import event

    seen: list[str] = []
    event.listen(chairs.engine, "before_cursor_execute", lambda *told: seen.append(told[2]))
    explained(chairs, "cleo")
    few = len(seen)
    for n in range(5):
        order(chairs, f"more{n}")
    seen.clear()
    explained(chairs, "cleo")
    assert len(seen) == few <= 18
