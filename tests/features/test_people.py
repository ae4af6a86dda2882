"""A person can be erased or exported, while orders, ledgers and sums stay."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from owed import COMMUNICATION
from shop import NOW, announce, do, order, shop
from state import apply, state

from backorder.adapters.cli import cli
from backorder.kernel.calendars import moment_number
from backorder.queries import check, export, people
from backorder.storage.db import Database
from backorder.storage.people import texts

CANARIES = ("ada.canary@example.com", "Ada Canary Lovelace", "TRACK-CANARY-77")

NAMED = {"people.name", "orders.customer", "stock_moves.reference", "replies.outcome", "evidence.by_whom",
         "changes.by_whom", "notices.by_whom", "notices.sent_to", "refunds.by_whom", "refunds.reference"}  # fmt: skip


def run(url: str, *words: str, at: datetime = NOW, input: str | None = None):  # noqa: A002  # click's own name for it
    return CliRunner().invoke(cli, [*words, "--database", url], obj=lambda: moment_number(at), input=input)


@pytest.fixture
def ada(db: Database) -> Database:
    """A customer whose id is her address, whom everything that can name somebody names."""
    customer, name, tracking = CANARIES
    shop(db, ["CHAIR", "LAMP"])
    announce(db, "PO-1", 10, "2026-12-07")
    announce(db, "PO-2", 9, "2026-12-17", "LAMP")
    person = {"do": "put_customer", "id": "C-1", "customer": customer, "name": name, "email": customer, "tags": [name]}
    apply(db, NOW, [{**person, "region": "north", "zone": "Europe/London"}])
    order(db, "A-1", 3, customer=customer, tags=[f"for {name}"])
    do(db, "add_lines", order="A-1", lines=[{"line": "2", "sku": "CHAIR", "quantity": 1, "tags": [name]}], reason=name)
    do(db, "change_line", order="A-1", line="1", quantity=2, reason=f"asked by {name}")
    do(db, "hold_order", order="A-1", kind="customer", reason=f"{name} is away")
    do(db, "release_order", order="A-1", kind="customer", reason=f"{customer} is back")
    do(db, "cancel_line", order="A-1", line="2", reason=f"{name} changed her mind")
    do(db, "receive_supply", supply="PO-1", receipt="R", quantity=10)
    for shipment in ("S-1", "S-2"):
        lines = [{"line": "1", "quantity": 2}]
        do(db, "ship", shipment=shipment, order="A-1", lines=lines, tracking=tracking)
        if shipment == "S-1":
            do(db, "reverse_shipment", shipment=shipment, reason=f"not for {name}")
    do(db, "adjust_stock", sku="CHAIR", site="MAIN", delta=1, reason=f"returned by {name}")
    apply(db, NOW, [COMMUNICATION])
    order(db, "A-7", 1, "LAMP", customer=customer, paid="5.00", currency="EUR")
    do(db, "reschedule_supply", supply="PO-2", expected_on="2027-03-01")
    do(db, "send_notice", order="A-7", means="letter", by=customer, reason=f"{name} asked")
    answer = {"order": "A-7", "by": customer, "means": "email"}
    do(db, "answer_notice", answer="wait", until="2027-04-01", note=f"says {name}", **answer)
    do(db, "answer_notice", answer="cancel", **answer)
    do(db, "record_refund", order="A-7", form="transfer", reference=f"to {name}", by=customer)
    order(db, "B-1", 1)
    assert check.run(db) == []
    return db


def _named(db: Database) -> set[str]:
    with db.read() as tx:
        return {place for word in CANARIES for place in texts(tx, word)}


def test_an_erased_person_is_named_nowhere_and_everything_still_checks(ada: Database, url: str) -> None:
    assert _named(ada) >= NAMED
    before = state(ada)
    result = run(url, "person", "erase", CANARIES[0], "--yes", "--reason", "she asked for it")
    assert result.exit_code == 0, result.output
    assert "Erased: erased-000001 stands in their place." in result.stdout
    assert _named(ada) == set()
    assert state(ada) == before
    assert check.run(ada) == []
    with ada.read() as tx:
        for table in export.TABLES:
            for written in (export.csv_lines, export.json_lines):
                assert not any(word in row for row in written(tx, table) for word in CANARIES)
    if ada.dialect == "sqlite":
        ada.close()
        stored = b"".join(path.read_bytes() for path in Path(url).parent.glob(f"{Path(url).name}*"))
        assert not any(word.encode() in stored for word in CANARIES)


def test_what_is_sent_again_brings_nobody_back(ada: Database) -> None:
    customer = CANARIES[0]
    assert do(ada, "erase_person", customer=customer).outcome.value == "changed"
    person = {"do": "put_customer", "id": "C-1", "customer": customer, "name": CANARIES[1], "email": customer}
    assert apply(ada, NOW, [person])[0].outcome.value == "id_reused"
    assert order(ada, "A-1", 3, customer=customer, tags=[f"for {CANARIES[1]}"]).outcome.value == "exists"
    assert do(ada, "erase_person", customer=customer).outcome.value == "unknown_customer"
    assert _named(ada) == set()


def test_a_person_who_waits_is_not_erased(ada: Database, url: str) -> None:
    order(ada, "A-2", 50, customer=CANARIES[0], sku="CHAIR")
    do(ada, "put_item", sku="CHAIR", coverage="lead_time", lead_time_days=5)
    order(ada, "A-2", 50, customer=CANARIES[0])
    result = run(url, "person", "erase", CANARIES[0], "--yes")
    assert result.exit_code == 3
    assert "still to be shipped or cancelled: 1 of their orders" in result.stderr
    assert _named(ada)


def test_erasing_is_asked_first(ada: Database, url: str) -> None:
    assert run(url, "person", "erase", CANARIES[0], input="n\n").exit_code != 0
    assert _named(ada)
    assert run(url, "person", "erase", "--yes").exit_code == 2


def test_everything_about_a_person_is_exported(ada: Database, url: str, tmp_path: Path) -> None:
    out = tmp_path / "ada.json"
    assert run(url, "person", "export", CANARIES[0], "--out", str(out)).exit_code == 0
    told = json.loads(out.read_text())
    assert told["people"] == [{"customer": CANARIES[0], "name": CANARIES[1], "email": CANARIES[0]}]
    assert [row["order_id"] for row in told["orders"]] == ["A-1", "A-7"]
    assert {row["shipment"] for row in told["shipments"]} == {"S-1", "S-2"}
    assert all(told[table] for table in ("lines", "promises", "cancellations", "changes", "holds", "shipment_lines"))
    assert run(url, "person", "export", "nobody").exit_code == 3


def test_data_go_when_the_shop_no_longer_keeps_them(ada: Database, url: str) -> None:
    assert people.due(ada, moment_number(NOW)) is None
    assert "keep_people_days" in run(url, "person", "due").stdout
    do(ada, "put_shop", keep_people_days=30)
    assert people.due(ada, moment_number(NOW + timedelta(days=30))) == []
    assert people.due(ada, moment_number(NOW + timedelta(days=31))) == [(CANARIES[0], 31)]
    late = datetime(2027, 6, 1, tzinfo=UTC)
    assert run(url, "person", "erase", "--due", "--yes", at=late).exit_code == 0
    assert _named(ada) == set()
    assert "Nobody's data are due." in run(url, "person", "due", at=late).stdout
