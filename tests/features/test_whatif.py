"""What would happen if: who is touched, what that comes to in customers, money and deadlines; what is refused."""

from datetime import date

import pytest
from owed import COMMUNICATION
from shop import NOW, announce, do, shop
from state import state

from backorder.kernel.calendars import moment_number
from backorder.kernel.outcomes import Outcome
from backorder.queries import whatif
from backorder.queries.touched import Sum, WhatIf
from backorder.storage.db import Database

TODAY = moment_number(NOW)


def asked(db: Database, *changes: whatif.If) -> WhatIf:
    before = state(db)
    found = whatif.what_if(db, TODAY, list(changes))
    assert isinstance(found, WhatIf), found
    assert state(db) == before
    return found


def refusal(db: Database, *changes: whatif.If) -> tuple[str, str | None]:
    found = whatif.what_if(db, TODAY, list(changes))
    assert isinstance(found, Outcome)
    assert found.message
    return found.outcome.value, found.field


def order(db: Database, name: str, units: int, **fields: object) -> None:
    lines = [{"line": "1", "sku": "CHAIR", "quantity": units, "unit_price": "49.50"}]
    do(db, "place_order", order=name, lines=lines, currency="EUR", **fields)


@pytest.fixture
def chairs(db: Database) -> Database:
    """Ada 4 and Ben 4 on PO-1, Cleo 2 on PO-1 and 2 on PO-2; Ada and Ben are one customer's."""
    shop(db)
    do(db, "put_customer", customer="C-1", country="US")
    announce(db, "PO-1", 10, "2026-12-07")
    announce(db, "PO-2", 10, "2026-12-18")
    order(db, "ada", 4, customer="C-1")
    order(db, "ben", 4, customer="C-1")
    order(db, "cleo", 4)
    return db


def moves(found: WhatIf) -> list[tuple]:
    return [(line.order, line.effect, line.promise_after, line.promise_days) for line in found.lines]


def test_a_slip_says_whom_it_makes_late_and_what_that_comes_to(chairs: Database) -> None:
    found = asked(chairs, whatif.SupplySlips(supply="PO-1", days=3))
    tenth = date(2026, 12, 10)
    kept = ("cleo", "repegged", date(2026, 12, 18), 0)
    assert moves(found) == [("ada", "later", tenth, 3), ("ben", "later", tenth, 3), kept]
    assert found.totals.later == Sum(2, 2, 1, 8, {"EUR": "396.00"}, 0)
    assert (found.totals.kept, found.totals.earlier.lines, found.totals.deadlines_endangered) == (1, 0, 0)


def test_the_worked_example_of_a_short_delivery(chairs: Database) -> None:
    """Ada 4, Ben 3 are allocated; Ben's last unit and Cleo stand on PO-2."""
    found = asked(chairs, whatif.SupplyShort(supply="PO-1", quantity=7))
    today = date(2026, 12, 1)
    assert [(line.order, line.promise_after, line.effect) for line in found.lines] == [
        ("ben", date(2026, 12, 18), "later"),
        ("ada", today, "earlier"),
        ("cleo", date(2026, 12, 18), "repegged"),
    ]


def test_what_leaves_serves_whoever_waits(chairs: Database) -> None:
    found = asked(chairs, whatif.OrderCancelled(order="ada"))
    assert [(line.order, line.effect, line.units_cancelled) for line in found.lines] == [
        ("ada", "cancelled", 4),
        ("cleo", "earlier", 0),
    ]
    assert found.totals.cancelled == Sum(1, 1, 1, 4, {"EUR": "198.00"}, 0)
    assert asked(chairs, whatif.MoreComes(sku="CHAIR", quantity=2, expected_on=date(2026, 12, 7))).lines[0].order == (
        "cleo"
    )


def test_supply_that_is_lost_leaves_lines_without_a_date(chairs: Database) -> None:
    """Ada and Ben, who come first, take what PO-2 has left when PO-1 is gone; Cleo keeps the two she has there."""
    lost = whatif.SupplyCancelled(supply="PO-1")
    found = asked(chairs, lost)
    late = date(2026, 12, 18)
    assert moves(found) == [("cleo", "later", None, None), ("ada", "later", late, 11), ("ben", "later", late, 11)]
    assert found.totals.later == Sum(3, 3, 2, 12, {"EUR": "594.00"}, 0)
    assert asked(chairs, lost, whatif.SupplyCancelled(supply="PO-2")).totals.later.lines == 3


def test_deadlines_that_the_law_sets_are_counted(chairs: Database) -> None:
    """In the United States goods leave by the day that was stated, or the buyer has a right to say no."""
    do(chairs, **{"name": COMMUNICATION["do"], **{k: v for k, v in COMMUNICATION.items() if k != "do"}})
    order(chairs, "dora", 1, customer="C-1")
    found = asked(chairs, whatif.SupplySlips(supply="PO-2", days=1))
    dora = next(line for line in found.lines if line.order == "dora")
    assert (dora.deadline, dora.endangered, found.totals.deadlines_endangered) == (date(2026, 12, 18), True, 1)
    assert asked(chairs, whatif.SupplySlips(supply="PO-2", days=-1)).totals.deadlines_endangered == 0


def test_a_complete_order_moves_as_one(chairs: Database) -> None:
    do(chairs, "put_item", sku="DESK")
    announce(chairs, "PO-3", 5, "2026-12-09", sku="DESK")
    lines = [{"line": "1", "sku": "CHAIR", "quantity": 1}, {"line": "2", "sku": "DESK", "quantity": 1}]
    do(chairs, "place_order", order="both", ship="complete", lines=lines)
    found = asked(chairs, whatif.SupplySlips(supply="PO-3", to=date(2026, 12, 21)))
    assert {line.line for line in found.lines if line.order == "both"} == {"1", "2"}
    assert (found.totals.complete_orders, found.totals.later.lines) == (1, 2)


def test_a_policy_and_what_caps_do(chairs: Database) -> None:
    found = asked(chairs, whatif.PolicyChanges(sku="CHAIR", coverage="lead_time", lead_time_days=2))
    assert not found.lines  # all of them hold supply; a lead-time day is given where a line is left without a day
    found = asked(chairs, whatif.PolicyChanges(sku="CHAIR", backorder_cap=14))
    assert not found.lines
    assert found.notes[0].endswith("2 more may.")


def test_what_cannot_be_meant_is_named_by_its_field(chairs: Database) -> None:
    day = date(2026, 12, 7)
    slips, cancelled = whatif.SupplySlips, whatif.SupplyCancelled
    for change, word, field in (
        (slips(supply="PO-1", days=0), "invalid", "days"),
        (slips(supply="PO-1"), "invalid", "days"),
        (slips(supply="PO-1", days=1, to=day), "invalid", "days"),
        (slips(supply="PO-1", to=date(2300, 1, 1)), "invalid", "to"),
        (slips(supply="PO-9", days=1), "unknown_supply", "supply"),
        (slips(supply="stock/MAIN/CHAIR", days=1), "unknown_supply", "supply"),
        (cancelled(supply="PO-1", quantity=11), "too_many", "quantity"),
        (whatif.SupplyShort(supply="PO-1", quantity=11), "too_many", "quantity"),
        (whatif.MoreComes(sku="SOFA", quantity=1, expected_on=day), "unknown_item", "sku"),
        (whatif.MoreComes(sku="CHAIR", quantity=1, expected_on=day, site="X"), "unknown_site", "site"),
        (whatif.MoreComes(sku="CHAIR", quantity=1, expected_on=day, supply="PO-1"), "id_reused", "supply"),
        (whatif.MoreComes(sku="CHAIR", quantity=1, expected_on=date(1900, 1, 1)), "invalid", "expected_on"),
        (whatif.OrderCancelled(order="eve"), "unknown_order", "order"),
        (whatif.OrderCancelled(order="ada", line="2"), "unknown_line", "line"),
        (whatif.OrderCancelled(order="ada", quantity=1), "invalid", "line"),
        (whatif.OrderCancelled(order="ada", line="1", quantity=5), "too_many", "quantity"),
        (whatif.PolicyChanges(sku="SOFA", safety_stock=1), "unknown_item", "sku"),
        (whatif.PolicyChanges(sku="CHAIR"), "invalid", "sku"),
        (whatif.PolicyChanges(sku="CHAIR", selling="preorder"), "invalid", "released_on"),
    ):
        assert refusal(chairs, change) == (word, field), change
        assert refusal(chairs, slips(supply="PO-1", days=1), change) == (word, f"[1].{field}")
    do(chairs, "put_site", site="OTHER")
    assert refusal(chairs, whatif.MoreComes(sku="CHAIR", quantity=1, expected_on=day)) == ("invalid", "site")
    do(chairs, "receive_supply", supply="PO-1", receipt="R", quantity=10)
    assert refusal(chairs, slips(supply="PO-1", days=1)) == ("not_allowed", "supply")


def test_the_statements_do_not_grow_with_the_queue(chairs: Database) -> None:
    from sqlalchemy import event

    seen: list[str] = []
    event.listen(chairs.engine, "before_cursor_execute", lambda *told: seen.append(told[2]))
    asked_ = whatif.SupplySlips(supply="PO-1", days=3)
    whatif.what_if(chairs, TODAY, [asked_])
    few = len(seen)
    for n in range(5):
        order(chairs, f"more{n}", 1)
    seen.clear()
    whatif.what_if(chairs, TODAY, [asked_])
    assert len(seen) == few <= 10
