"""Events: what changed is told in the transaction that changed it, once, in the order of commits; and nothing else."""

import json
import threading
from collections import Counter

import pytest
from shop import NOW, announce, do, order, shop
from state import apply

from backorder import commands
from backorder.commands import WORDS
from backorder.kernel import events as kernel
from backorder.kernel.calendars import moment_number
from backorder.kernel.events import Event
from backorder.queries import show
from backorder.queries.outbox import list_events
from backorder.storage.db import Database
from backorder.storage.events import save_events
from backorder.storage.migrate import upgrade


def told(db: Database, after: int = 0) -> list[tuple[str, str]]:
    """Kinds and subjects in their order."""
    return [(event.kind, event.subject) for event in list_events(db, after=after, limit=1_000)]


def last(db: Database) -> int:
    return list_events(db, limit=1_000)[-1].n


def test_every_command_tells_an_event_or_is_said_to_be_silent() -> None:
    assert set(WORDS) == set(kernel._BY_COMMAND) | kernel.SILENT
    assert not set(kernel._BY_COMMAND) & kernel.SILENT


def test_the_life_of_an_order_is_told_from_beginning_to_end(db: Database) -> None:
    shop(db)
    announce(db, "PO-1", 5, "2026-12-07")
    before = last(db)
    order(db, "ada", 3)
    do(db, "reschedule_supply", supply="PO-1", expected_on="2026-12-10")
    do(db, "receive_supply", supply="PO-1", receipt="R", quantity=5)
    do(db, "pick", order="ada", lines=[{"line": "1", "quantity": 1}])
    do(db, "ship", shipment="S", order="ada", lines=[{"line": "1", "quantity": 3}])
    do(db, "record_delivery", shipment="S")
    assert told(db, before) == [
        ("order_placed", "orders/ada"),
        ("supply_rescheduled", "supplies/PO-1"),
        ("promise_moved", "orders/ada"),
        ("supply_received", "supplies/PO-1"),
        ("promise_moved", "orders/ada"),  # what is in stock can leave today
        ("line_ready", "orders/ada"),
        ("lines_picked", "orders/ada"),
        ("order_shipped", "orders/ada"),
        ("order_delivered", "orders/ada"),
    ]
    slipped = next(event for event in list_events(db, after=before, limit=100) if event.kind == "promise_moved")
    said = json.loads(bytes(slipped.data))
    assert (said["from"], said["to"], said["cause"]) == ("2026-12-07", "2026-12-10", "rescheduled")


def test_a_subject_is_an_address_whatever_the_id(db: Database) -> None:
    shop(db, ["A/B", "50%"])
    assert told(db)[-2:] == [("item_put", "items/A%2FB"), ("item_put", "items/50%25")]


def test_what_changes_nothing_is_not_told(db: Database) -> None:
    shop(db)
    announce(db, "PO-1", 5, "2026-12-07")
    order(db, "ada", 1)
    before = last(db)
    order(db, "ada", 1)  # it is there
    order(db, "ada", 2)  # the same id with other content
    order(db, "ben", 50)  # more than there is
    do(db, "put_customer", customer="c-1", email="somebody@example.com")  # nothing of a person is told
    assert told(db, before) == []


def test_a_command_asked_for_again_is_told_once(db: Database) -> None:
    shop(db)
    before = last(db)
    for _ in range(2):
        do(db, "adjust_stock", id="once", sku="CHAIR", site="MAIN", delta=1, reason="found")
    assert told(db, before) == [("stock_changed", "items/CHAIR")]


def test_a_transaction_that_fails_tells_nothing(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    shop(db)
    before = last(db)

    def fail(*_: object) -> None:
        raise RuntimeError("before the commit")

    with pytest.raises(RuntimeError):
        commands.run(db.closing_with(fail), moment_number(NOW), [_count()])
    assert told(db, before) == []
    assert show.item(db, "CHAIR").on_hand == 0


def _count() -> commands.Command:
    read = commands.decode({"do": "count_stock", "sku": "CHAIR", "site": "MAIN", "quantity": 7})
    assert isinstance(read, commands.Command)
    return read


def test_the_past_that_an_import_tells_is_no_news(db: Database) -> None:
    shop(db)
    before = last(db)
    read = commands.decode(
        {
            "do": "place_order",
            "order": "old",
            "placed_at": "2026-11-01T09:00:00Z",
            "lines": [
                {"line": "1", "sku": "CHAIR", "quantity": 2, "first_promise": "2026-12-01", "promise": "2026-12-20"}
            ],
        },
        importing=True,
    )
    assert commands.run(db, moment_number(NOW), [read])[0].outcome.value == "accepted"
    assert told(db, before) == []


def test_a_batch_tells_what_one_at_a_time_tells(db: Database, tmp_path) -> None:
    upgrade(str(tmp_path / "other.db"))
    from backorder.storage.db import open_database

    other = open_database(str(tmp_path / "other.db"))
    batch = [
        {"do": "put_site", "site": "MAIN"},
        {"do": "put_item", "sku": "CHAIR"},
        *({"do": "announce_supply", "supply": f"P{n}", "sku": "CHAIR", "site": "MAIN", "quantity": 4,
           "expected_on": f"2026-12-{n + 10}"} for n in range(5)),
        *({"do": "place_order", "order": f"o{n}", "lines": [{"line": "1", "sku": "CHAIR", "quantity": 3}]}
          for n in range(6)),
        *({"do": "receive_supply", "supply": f"P{n}", "receipt": "R", "quantity": 4} for n in (4, 0, 2)),
        *({"do": "cancel_line", "order": f"o{n}", "line": "1"} for n in (0, 3)),
    ]  # fmt: skip
    apply(db, NOW, batch)
    for command in batch:
        apply(other, NOW, [command])
    # a promise may move on its way, command by command, where a batch of one kind writes each step of the ledger too
    assert Counter(told(db)) == Counter(told(other))
    other.close()


def test_numbers_are_in_the_order_of_commits(db: Database) -> None:
    """A transaction that was first to write an event and commits late is never overtaken by a higher number."""
    first_wrote, others_wait = threading.Event(), threading.Event()

    def event(subject: str) -> Event:
        return Event(moment_number(NOW), "item_put", f"items/{subject}", "{}")

    def first() -> None:
        with db.write() as tx:
            save_events(tx, [event("first")])
            first_wrote.set()
            others_wait.wait(2)

    def second(n: int) -> None:
        first_wrote.wait(10)
        with db.write() as tx:
            save_events(tx, [event(f"second-{n}")])

    threads = [threading.Thread(target=first), *(threading.Thread(target=second, args=(n,)) for n in range(4))]
    for thread in threads:
        thread.start()
    first_wrote.wait(10)
    seen: list[list[str]] = []
    while any(thread.is_alive() for thread in threads):
        seen.append([entry.subject for entry in list_events(db)])
        if len(seen) == 20:
            others_wait.set()
    for thread in threads:
        thread.join()
    whole = [entry.subject for entry in list_events(db)]
    assert whole[0] == "items/first"
    assert len(whole) == 5
    assert all(part == whole[: len(part)] for part in seen)
    assert [] in seen


def test_the_database_refuses_to_change_what_was_told(db: Database) -> None:
    from sqlalchemy import text

    from backorder.kernel.errors import Conflict, StorageError

    shop(db)
    with pytest.raises((Conflict, StorageError)), db.write() as tx:
        tx.fetch(text("UPDATE events SET data = '{}' RETURNING 1"))
