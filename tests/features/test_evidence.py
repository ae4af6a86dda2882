"""An order's evidence: all that its customer was promised, told, answered and paid back, as it is kept."""

from datetime import UTC, date, datetime, timedelta

import pytest
from owed import owed
from shop import do, order, shop
from sqlalchemy import event, text

from backorder.kernel.calendars import moment_number
from backorder.queries import people
from backorder.queries.evidence import Evidence, of_order
from backorder.storage.cases import load_history
from backorder.storage.db import Database

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)  # four in the morning in New York


@pytest.fixture
def told(db: Database) -> Database:
    """A shop in which one order was told of a delay, cancelled by phone and paid back; see `owed`."""
    owed(db, NOW)
    return db


def found(db: Database, name: str = "owed-1") -> Evidence:
    evidence = of_order(db, name)
    assert evidence is not None
    return evidence


def test_everything_of_the_story_is_there_in_its_order(told: Database) -> None:
    evidence = found(told)
    assert [(one.from_day, one.to_day, one.basis) for one in evidence.promises] == [
        (None, date(2026, 12, 21), "inbound"),
        (date(2026, 12, 21), date(2026, 12, 31), "inbound"),
    ]
    assert [(one.notice, one.kind, one.means, one.sent_to) for one in evidence.notices] == [
        (1, "short", "email", "owed@example.com"),
        (2, "cancelled", "email", "owed@example.com"),
    ]
    assert [(one.kind, one.notice, one.by, one.means) for one in evidence.entries] == [
        ("began", None, None, "us-ftc"),
        ("told", 1, None, "email"),
        ("delivered", 1, None, None),
        ("left", None, "owed", "phone"),
        ("refunded", None, None, "same_method"),
    ]
    assert [(one.amount, one.state, one.form, one.lines) for one in evidence.refunds] == [
        ("5.00", "refunded", "same_method", ["1"])
    ]
    assert [(one.quantity, one.by) for one in evidence.cancellations] == [(1, "customer")]
    assert [(rule.pack, rule.digest_matches) for rule in evidence.rules] == [("us-ftc", True)]
    assert [(clock.pack, clock.state) for clock in evidence.clocks] == [("us-ftc", "refunded")]
    person = evidence.addressee
    assert person is not None
    assert (person.customer, person.email, person.erased_at) == ("owed", "owed@example.com", None)


def test_the_ledger_is_told_whole(told: Database) -> None:
    with told.read() as tx:
        kept = load_history(tx, ["owed-1"])["owed-1"]
    assert [(one.n, one.kind, moment_number(one.at)) for one in found(told).entries] == [
        (n, one.kind, one.at) for n, one in enumerate(kept, 1)
    ]


def test_moments_and_days_are_those_of_the_place_where_it_goes(told: Database) -> None:
    evidence = found(told)
    assert (evidence.zone, evidence.country) == ("America/New_York", "US")
    assert evidence.placed_at.isoformat() == "2026-12-01T04:00:00-05:00"
    assert evidence.latest.isoformat() == "2026-12-01T04:00:00-05:00"


def test_a_text_that_was_changed_is_found_by_its_digest(told: Database) -> None:
    with told.write() as tx:
        tx.fetch(text("UPDATE notices SET text = replace(text, 'full and prompt', 'partial') WHERE n = 1"))
    assert [one.digest_matches for one in found(told).notices] == [False, True]


def test_who_was_erased_is_not_named_and_the_rest_stays(told: Database) -> None:
    for n in (2, 3):
        do(told, "cancel_line", NOW, order=f"owed-{n}", line="1", by="customer")
    before = found(told)
    erased = do(told, "erase_person", NOW + timedelta(days=1), customer="owed")
    assert erased.outcome.value == "changed"
    evidence = found(told)
    person = evidence.addressee
    assert person is not None
    assert (person.customer, person.name, person.email) == ("erased-000001", None, None)
    assert person.erased_at == NOW + timedelta(days=1)
    assert [one.text for one in evidence.notices] == [one.text for one in before.notices]
    assert [one.digest_matches for one in evidence.notices] == [True, True]


def test_an_order_without_rules_has_its_promises_all_the_same(db: Database) -> None:
    shop(db, coverage="lead_time", lead_time_days=5)
    order(db, "A")
    evidence = found(db, "A")
    assert [(one.cause, one.basis) for one in evidence.promises] == [("placed", "lead_time")]
    assert (evidence.rules, evidence.clocks, evidence.entries, evidence.notices) == ([], [], [], [])
    assert evidence.addressee is None
    assert of_order(db, "B") is None


def test_an_order_of_many_lines_is_read_with_as_many_statements_as_one(db: Database) -> None:
    shop(db, coverage="lead_time", lead_time_days=5)
    many = [{"line": str(n), "sku": "CHAIR", "quantity": 1} for n in range(300)]
    do(db, "place_order", order="MANY", lines=many)
    order(db, "ONE")
    counts = []
    for name in ("ONE", "MANY"):
        seen: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_: object, seen: list[str] = seen) -> None:
            seen += [statement] if statement.startswith("SELECT") else []

        event.listen(db.engine, "before_cursor_execute", note)
        evidence = found(db, name)
        event.remove(db.engine, "before_cursor_execute", note)
        assert len(evidence.promises) == len(evidence.lines)
        counts.append(len(seen))
    assert counts == [14, 14]


def test_goods_that_left_and_what_was_changed_are_told(db: Database) -> None:
    shop(db)
    do(db, "count_stock", sku="CHAIR", site="MAIN", quantity=5)
    order(db, "A", 3)
    do(db, "hold_order", order="A", kind="fraud", reason="to be looked at")
    do(db, "release_order", order="A", kind="fraud")
    do(db, "change_line", order="A", line="1", quantity=2, reason="one too many")
    do(db, "ship", shipment="S", order="A", carrier="DHL", tracking="77", lines=[{"line": "1", "quantity": 2}])
    do(db, "record_delivery", shipment="S")
    evidence = found(db, "A")
    assert [(one.what, one.before, one.after, one.reason) for one in evidence.changes] == [
        ("quantity", "3", "2", "one too many")
    ]
    assert [(one.kind, one.reason, one.released_at is not None) for one in evidence.holds] == [
        ("fraud", "to be looked at", True)
    ]
    assert [(one.carrier, one.delivered_at is not None) for one in evidence.shipments] == [("DHL", True)]
    assert [(part.line, part.site, part.quantity) for part in evidence.shipments[0].lines] == [("1", "MAIN", 2)]
    units = [(line.quantity, line.shipped, line.cancelled, line.open) for line in evidence.lines]
    assert units == [(3, 2, 1, 0)]  # fewer units are cancelled ones


def test_a_person_gets_what_they_were_told_with_the_rest_of_their_data(told: Database) -> None:
    kept = people.everything(told, "owed")
    assert kept is not None
    assert {row["order_id"] for row in kept["notices"]} == {"owed-1", "owed-2", "owed-3"}
    assert [row["kind"] for row in kept["evidence"] if row["order_id"] == "owed-2"] == ["began", "suppressed"]
    assert [row["order_id"] for row in kept["refunds"]] == ["owed-1"]
    assert {row["order_id"] for row in kept["clocks"]} == {"owed-1", "owed-2", "owed-3"}
