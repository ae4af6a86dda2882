"""The random simulation with crashes between any two statements: what was not answered did not happen.

BACKORDER_CRASH_SEEDS sets the number of seeds (6 by default); the first is BACKORDER_SIMULATION_SEED.
"""

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from oracle import Oracle
from owed import CHOICE, COMMUNICATION, PACK
from simulation.world import World
from sqlalchemy import select
from state import apply, state

from backorder.kernel.errors import StorageError
from backorder.queries import check
from backorder.queries.reallocation import list_plan_lines
from backorder.storage import outbox, timers
from backorder.storage.db import Database, Tx
from backorder.storage.tables import metadata

SEEDS = int(os.environ.get("BACKORDER_CRASH_SEEDS", "6"))
FIRST_SEED = int(os.environ.get("BACKORDER_SIMULATION_SEED", "1"))
STEPS = 60
METHODS = ("fetch", "insert", "update", "delete")


class Crash(StorageError):
    """The process is gone: whatever was not committed is given up."""


@contextmanager
def crashing(before: int) -> Iterator[list[str]]:
    """Crash before the statement with this number, from 0; what was run so far stands in the list."""
    plain = {name: getattr(Tx, name) for name in METHODS}
    done: list[str] = []

    def counted(name: str):
        def run(self: Tx, *arguments, **more):
            if len(done) == before and (name == "fetch" or arguments[-1]):
                raise Crash(f"before statement {before}")
            if name == "fetch" or arguments[-1]:
                done.append(name)
            return plain[name](self, *arguments, **more)

        return run

    try:
        for name in METHODS:
            setattr(Tx, name, counted(name))
        yield done
    finally:
        for name in METHODS:
            setattr(Tx, name, plain[name])


def crashed(db: Database, now, command: dict, before: int) -> bool:
    """Run a command and let it crash; whether there was a statement to crash before."""
    with crashing(before):
        try:
            apply(db, now, [command])
        except StorageError:
            return True
    return False


@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + SEEDS))
def test_a_crash_between_any_two_statements_leaves_what_was_before(seed: int, db: Database) -> None:
    world, oracle, chance = World(seed), Oracle(), random.Random(seed)
    for command in world.opening():
        oracle.apply(command, world.now)
        apply(db, world.now, [command])
    for _ in range(STEPS):
        command = world.command()
        now = world.now
        before = state(db)
        if crashed(db, now, command, chance.randrange(14)):
            assert state(db) == before, command
            assert check.run(db) == [], command
            answer = oracle.apply(command, now)
            apply(db, now, [command])
        else:  # it had fewer statements than that, and is done
            answer = oracle.apply(command, now)
        world.heard(command, answer[0] if isinstance(answer, tuple) else answer)
        assert state(db)["lines"] == oracle.state()["lines"], command
    assert check.run(db) == []


OPENING = [
    {"do": "put_site", "site": "MAIN"},
    {"do": "put_site", "site": "OTHER"},
    {"do": "put_customer", "customer": "ada", "name": "Ada"},
    {"do": "put_customer", "customer": "gone", "name": "Gone"},
    {"do": "put_supplier", "supplier": "ACME", "lead_time_days": 4},
    {"do": "put_item", "sku": "CHAIR", "supplier": "ACME", "coverage": "lead_time", "category": "seats"},
    {"do": "count_stock", "sku": "CHAIR", "site": "OTHER", "quantity": 3},
    {"do": "announce_supply", "supply": "P-1", "sku": "CHAIR", "site": "MAIN", "quantity": 9,
     "expected_on": "2026-12-07"},
    {"do": "place_order", "order": "O-1", "customer": "ada", "lines": [{"line": "1", "sku": "CHAIR", "quantity": 6}]},
    {"do": "place_order", "order": "O-2", "lines": [{"line": "1", "sku": "CHAIR", "quantity": 5}]},
    {"do": "place_order", "order": "O-3", "lines": [{"line": "1", "sku": "CHAIR", "quantity": 1}]},
    {"do": "pick", "order": "O-1", "lines": [{"line": "1", "quantity": 1}]},
    {"do": "ship", "shipment": "S-0", "order": "O-1", "lines": [{"line": "1", "quantity": 1}]},
    {"do": "hold_order", "order": "O-3", "kind": "fraud"},
    {"do": "watch_item", "sku": "CHAIR", "customer": "ada"},
    {"do": "put_view", "view": "KEPT", "owner": "ada", "name": "All"},
]  # fmt: skip
SECRET = "whsec_" + "a" * 40
HOOKS = [
    *({"do": "put_webhook", "webhook": name, "url": "https://shop.example.com/", "secret": SECRET}
      for name in ("on", "off")),
    {"do": "disable_webhook", "webhook": "off"},
]  # fmt: skip
# What customers are owed: four orders whose supply slips; one was told, one was cancelled.
WATCHED = [
    *OPENING[:-4],
    {"do": "put_customer", "customer": "ada", "email": "ada@example.com", "country": "US"},
    COMMUNICATION,
    {"do": "put_item", "sku": "DESK"},
    {"do": "announce_supply", "supply": "P-2", "sku": "DESK", "site": "MAIN", "quantity": 9,
     "expected_on": "2026-12-07"},
    *({"do": "place_order", "order": f"N-{n}", "customer": "ada", "currency": "USD", "paid": "5.00",
       "lines": [{"line": "1", "sku": "DESK", "quantity": 1, "unit_price": "5.00"}]} for n in (1, 2, 3)),
    {"do": "reschedule_supply", "supply": "P-2", "expected_on": "2026-12-15"},
    {"do": "send_notice", "order": "N-2"},
    {"do": "cancel_line", "order": "N-3", "line": "1"},
    {"do": "put_status_link", "order": "N-1", "digest": "a" * 64},
    {**CHOICE, "order": "N-2"},
]  # fmt: skip
OWED = [
    {"do": "put_communication", "wait_minutes": 5},
    {"do": "put_pack", "pack": "ours", "text": PACK},
    {"do": "send_notice", "order": "N-1", "means": "phone", "by": "kim"},
    {"do": "suppress_notice", "order": "N-1", "reason": "they called", "by": "kim"},
    {"do": "record_notice", "order": "N-2", "notice": 1, "became": "bounced"},
    {"do": "answer_notice", "order": "N-2", "answer": "wait", "by": "ada", "means": "phone"},
    {"do": "record_refund", "order": "N-3", "form": "same_method", "by": "kim"},
    {"do": "put_status_link", "order": "N-1", "digest": "b" * 64},
    {"do": "revoke_status_link", "order": "N-1"},
    {**CHOICE, "order": "N-1"},
    {"do": "withdraw_answer", "order": "N-2"},
]
LINE = {"order": "O-2", "line": "1"}
EVERY = [
    {"do": "put_item", "sku": "CHAIR", "safety_stock": 1, "sites": {"MAIN": {"safety_stock": 2}}},
    {"do": "put_site", "site": "MAIN", "handling_days": 2},
    {"do": "put_supplier", "supplier": "ACME", "lead_time_days": 9},
    {"do": "put_customer", "customer": "ada", "name": "Ada L.", "tier": "gold"},
    {"do": "put_category", "category": "seats", "safety_stock": 1},
    {"do": "put_shop", "lead_time_days": 3, "safety_stock": 1},
    {"do": "announce_supply", "supply": "T-1", "kind": "transfer", "from_site": "OTHER", "sku": "CHAIR", "site": "MAIN",
     "quantity": 1, "expected_on": "2026-12-03"},
    {"do": "confirm_supply", "supply": "P-1", "quantity": 2, "into": "P-1b"},
    {"do": "reschedule_supply", "supply": "P-1", "expected_on": "2026-12-15"},
    {"do": "receive_supply", "supply": "P-1", "receipt": "R", "quantity": 7, "final": True},
    {"do": "cancel_supply", "supply": "P-1", "quantity": 5},
    {"do": "count_stock", "sku": "CHAIR", "site": "OTHER", "quantity": 2},
    {"do": "adjust_stock", "sku": "CHAIR", "site": "MAIN", "delta": 4, "reason": "found"},
    {"do": "place_order", "order": "O-9", "lines": [{"line": "1", "sku": "CHAIR", "quantity": 2}]},
    {"do": "add_lines", "order": "O-2", "lines": [{"line": "2", "sku": "CHAIR", "quantity": 1}]},
    {"do": "change_line", **LINE, "quantity": 7, "requested_on": "2026-12-20", "reason": "more"},
    {"do": "change_order", "order": "O-2", "ship": "complete", "priority": 2},
    {"do": "cancel_line", **LINE, "quantity": 2},
    {"do": "promise_line", **LINE, "day": "2026-12-24", "by": "kim"},
    {"do": "hold_order", "order": "O-2", "kind": "payment"},
    {"do": "release_order", "order": "O-3", "kind": "fraud"},
    {"do": "pin", **LINE, "supply": "P-1", "quantity": 2},
    {"do": "unpin", **LINE, "supply": "P-1", "quantity": 2},
    {"do": "pick", "order": "O-1", "lines": [{"line": "1", "quantity": 1}]},
    {"do": "unpick", "order": "O-1", "lines": [{"line": "1", "quantity": 1}]},
    {"do": "ship", "shipment": "S-1", "order": "O-1", "lines": [{"line": "1", "quantity": 1}]},
    {"do": "reverse_shipment", "shipment": "S-0"},
    {"do": "record_delivery", "shipment": "S-0"},
    {"do": "watch_item", "sku": "CHAIR", "email": "bob@example.com", "language": "de"},
    {"do": "unwatch_item", "sku": "CHAIR", "customer": "ada"},
    {"do": "erase_person", "customer": "gone"},
    {"do": "advance", "to": "2026-12-12T09:00:00+00:00"},
    {"do": "retry_message", "sender": "sink", "event": 1},
    {"do": "discard_message", "sender": "sink", "event": 1},
    {"do": "retry_timer", "kind": "bell", "subject": "one"},
    {"do": "put_policy", "policy": "turned", "segments": [{"name": "all", "strategy": "gain"}],
     "schedule": {"at": "02:00", "zone": "UTC"}},
    {"do": "put_view", "view": "V", "owner": "ada", "name": "Chairs", "sku": "CHAIR", "columns": ["item", "order"]},
    {"do": "drop_view", "view": "KEPT", "owner": "ada"},
    {"do": "put_webhook", "webhook": "shop", "url": "https://shop.example.com/hooks", "events": ["order_*"]},
    {"do": "enable_webhook", "webhook": "off"},
    {"do": "disable_webhook", "webhook": "on"},
    {"do": "test_webhook", "webhook": "on"},
    {"do": "replay_webhook", "webhook": "on", "event": 1},
    *OWED,
]  # fmt: skip
# These have several transactions each: who crashes in between goes on when asked again.
TURNED = {"do": "put_policy", "policy": "turned",
          "segments": [{"name": "all", "ranking": ["-id"], "strategy": "redistribute"}]}  # fmt: skip
RUNS = [
    {"do": "reallocate", "run": "R-1", "policy": "turned", "commit": True},
    {"do": "commit_plan", "run": "R-1"},
    {"do": "undo_plan", "run": "R-1"},
]
SCARCE = [
    {"do": "announce_supply", "supply": "P-9", "sku": "CHAIR", "site": "MAIN", "quantity": 5,
     "expected_on": "2026-12-20"},
    {"do": "place_order", "order": "O-8", "lines": [{"line": "1", "sku": "CHAIR", "quantity": 5}]},
]  # fmt: skip


def _given_up(db: Database) -> None:
    """A message and a timer that are left to a person."""
    moment = 1_795_500_000_000_000
    with db.write() as tx:
        outbox.add_feed(tx, "sink", 0, moment)
        outbox.spread_to(tx, {"sink": lambda *_: True}, moment, 1)
        timers.put_timers(tx, [("bell", "one", moment)])
        outbox.give_up(tx, [(outbox.claim_messages(tx, "sink", moment, moment, 1)[0], "no")], moment)
        timers.give_up(tx, timers.claim_timers(tx, moment, moment, 1)[0], moment, "no")


def _sent(db: Database) -> None:
    """A message that went to an endpoint."""
    moment = 1_795_500_000_000_000
    with db.write() as tx:
        tx.update(metadata.tables["feeds"], ("sender",), ("after_n",), [("webhook/on", 0)])
        outbox.spread_to(tx, {"webhook/on": lambda *_: True}, moment, 1)
        outbox.mark_sent(tx, outbox.claim_messages(tx, "webhook/on", moment, moment, 1), moment)


def _everything(db: Database) -> dict:
    with db.read() as tx:
        tables = metadata.sorted_tables
        return {table.name: tx.fetch(select(table).order_by(*table.primary_key.columns)) for table in tables}


@pytest.mark.parametrize("command", EVERY, ids=[command["do"] for command in EVERY])
def test_every_command_is_whole_or_not_at_all(command: dict, db: Database) -> None:
    now = World(1).now
    apply(db, now, WATCHED if command in OWED else OPENING)
    _given_up(db)
    if "webhook" in command:
        apply(db, now, HOOKS)
        _sent(db)
    if command["do"] == "unpick":
        apply(db, now, [{**command, "do": "pick"}])
    if command["do"] == "unpin":
        apply(db, now, [{**command, "do": "pin"}])
    before = _everything(db)
    statements = 0
    while crashed(db, now, {**command, "id": "C"}, statements):
        assert _everything(db) == before, f"after a crash before statement {statements}"
        statements += 1
    assert statements >= 3
    assert _everything(db) != before
    assert check.run(db) == []


def test_every_command_is_crashed() -> None:
    from backorder.commands import WORDS

    assert {command["do"] for command in EVERY + RUNS} == set(WORDS)


@pytest.mark.parametrize("command", RUNS, ids=[command["do"] for command in RUNS])
def test_a_run_that_crashes_anywhere_goes_on_when_asked_again(command: dict, db: Database) -> None:
    now = World(1).now
    apply(db, now, [*OPENING, *SCARCE, TURNED])
    before = state(db)
    if command["do"] != "reallocate":
        apply(db, now, [RUNS[0] | {"commit": command["do"] == "undo_plan"}])
    statements = 0
    while crashed(db, now, {**command, "id": "C"}, statements):
        assert check.run(db) == [], f"after a crash before statement {statements}"
        statements += 7
    assert statements >= 14
    assert check.run(db) == []
    after = state(db)
    if command["do"] == "undo_plan":
        assert {key: values[:9] for key, values in after["lines"].items()} == {
            key: values[:9] for key, values in before["lines"].items()
        }
    else:
        assert after["lines"] != before["lines"]
        assert {line.applied for line in list_plan_lines(db, "R-1")} - {None} == {"applied"}
