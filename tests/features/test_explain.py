"""Why a line has its date, in sentences that a person can act on."""

import pytest
from shop import NOW, announce, do, order, shop

from backorder.kernel.calendars import moment_number
from backorder.queries import explain
from backorder.storage.db import Database
from backorder.storage.tables import CAUSES

TODAY = moment_number(NOW)


def explained(db: Database, name: str) -> explain.Explanation:
    found = explain.line(db, name, "1", TODAY)
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
    assert explain.CAUSES.keys() == set(CAUSES)


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
