"""The examples in the reference of events are events that happened: every kind was told by commands, word for word."""

import json
import os
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

from event_examples import EXAMPLES
from simulation import test_crashes as crashes
from simulation.world import World
from state import apply

from backorder.commands.watches import tell_watchers
from backorder.kernel.calendars import moment_number
from backorder.kernel.events import KINDS
from backorder.queries.outbox import list_events
from backorder.storage import backup
from backorder.storage.db import Database, open_database

NOW = World(1).now
BEFORE = {"unpick": "pick", "unpin": "pin"}  # by what is done, what it takes back
Told = tuple[str, str, Any]


def _new(place: Path) -> Database:
    shutil.copyfile(os.environ["BACKORDER_TEST_SQLITE"], place)
    return open_database(str(place))


def _told(db: Database) -> list[Told]:
    """Kind, subject and data of every event."""
    found = [(event.kind, event.subject, json.loads(bytes(event.data))) for event in list_events(db, limit=10_000)]
    db.close()
    return found


def _given_once(place: Path, command: dict) -> list[Told]:
    """What is told when a command is given to a shop where it has an effect."""
    db = _new(place)
    apply(db, NOW, crashes.WATCHED if command in crashes.OWED else crashes.OPENING)
    apply(db, NOW, crashes.HOOKS if "webhook" in command else [])
    apply(db, NOW, [{**command, "do": BEFORE[command["do"]]}] if command["do"] in BEFORE else [])
    apply(db, NOW, [command])
    return _told(db)


def _back(place: Path) -> list[Told]:
    """What is told when there is more of an item that somebody wanted to be told of."""
    db = _new(place)
    apply(db, NOW, crashes.OPENING)
    apply(db, NOW, [{"do": "adjust_stock", "sku": "CHAIR", "site": "MAIN", "delta": 20, "reason": "found"}])
    tell_watchers(db, moment_number(NOW))
    return _told(db)


def _runs(place: Path) -> list[Told]:
    """What is told when a reallocation is planned, committed and taken back."""
    db = _new(place)
    apply(db, NOW, [*crashes.OPENING, *crashes.SCARCE, crashes.TURNED, *crashes.RUNS])
    return _told(db)


def _later(place: Path) -> list[Told]:
    """What is told when time passes over a shop that owes answers."""
    db = _new(place)
    apply(db, NOW, crashes.WATCHED)
    for days in range(0, 120, 2):
        later = NOW + timedelta(days=days)
        apply(db, later, [{"do": "advance", "to": later.isoformat()}])
    return _told(db)


def test_every_kind_has_an_example_that_happened(tmp_path: Path) -> None:
    assert set(EXAMPLES) == set(KINDS)
    happened = _later(tmp_path / "later.db")
    for n, command in enumerate(crashes.EVERY):
        happened += _given_once(tmp_path / f"{n}.db", command)
    happened += _runs(tmp_path / "runs.db")
    happened += _back(tmp_path / "back.db")
    restored = _new(tmp_path / "restored.db")
    backup.tell_restored(restored, moment_number(NOW))
    happened += _told(restored)
    examples = [(kind, about, json.loads(data)) for kind, (about, data) in EXAMPLES.items()]
    assert [example for example in examples if example not in happened] == []
